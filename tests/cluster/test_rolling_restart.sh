#!/bin/bash
# Nodes are stopped by SIGTERM and started again, one after the other, under load: no enrollment fails for a client that
# tries once more.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

rounds=1
if [ -n "${CMPD_SOAK:-}" ]; then rounds=10; fi

cluster_start 3
balancer_start

seconds=$((30 + rounds * 35)) # at most
declare -A way=(
    [http1]=""
    [http2]="--http2"
    [new]="--new-connections"
    [pass]="--url $pass_url --tls-ca $work/tls/ca.pem --http2 --streams 4"
)
for name in "${!way[@]}"; do
    # shellcheck disable=SC2086
    load_start "$name" --seconds $seconds --rate 100 --count $((seconds * 100)) --clients 16 --retries 1 \
        --scenario ir=1,ir-confirm=1 ${way[$name]}
done
for ((round = 1; round <= rounds; round++)); do
    for i in 1 2 3; do
        load_runs pass 100
        node_kill $i TERM
        load_runs pass 20
        node_start $i
        balancer_waits 3
    done
done
for name in "${!way[@]}"; do load_stop "$name"; done
for name in "${!way[@]}"; do
    load_end "$name"
    # Overdue is what had not begun when the load was told to end.
    load_is "$name" "no enrollment fails" "set(r['errors']) <= {'overdue'}"
done
cluster_is_whole
done_testing
