#!/bin/bash
# Nodes that die under load, one after another, and one that hangs: what clients hold is stored, nothing is there twice. How
# long nobody was served is printed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

rounds=1
if [ -n "${CMPD_SOAK:-}" ]; then rounds=20; fi

cluster_start 3
balancer_start

# run NAME ARG...: under a load that goes on meanwhile, each node is killed and started again.
run() {
    local name=$1 round i seconds=$((30 + rounds * 12))
    shift
    load_start "$name" --seconds $seconds --rate 400 --count $((seconds * 400)) --clients 64 --retries 1 \
        --scenario ir=1,ir-confirm=1 "$@"
    for ((round = 1; round <= rounds; round++)); do
        for i in 1 2 3; do
            load_runs "$name" 100
            node_kill $i
            load_runs "$name" 200
            node_start $i
            balancer_waits 3
        done
    done
    load_stop "$name"
    load_end "$name"
    cluster_is_whole
}

run http1
run http2 --http2
run pass --url "$pass_url" --tls-ca "$work/tls/ca.pem" --http2 --streams 4

# A node that hangs keeps its connections, and the requests on them: the balancer gives both up.
load_start hang --seconds 60 --rate 400 --count 24000 --clients 64 --retries 1
load_runs hang 100
kill -STOP "${node_pid[2]}"
load_runs hang 1000
load_stop hang
load_end hang
kill -CONT "${node_pid[2]}"
cluster_is_whole
done_testing
