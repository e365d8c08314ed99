#!/bin/bash
# Any message of a transaction may reach any node: three nodes behind HAProxy, whose clients notice nothing of it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

cluster_start 3
balancer_start
credentials
port=$balancer_port

# nodes_of TRANSACTION: which nodes logged it, in the order of the nodes.
nodes_of() {
    local i
    for i in 1 2 3; do
        if grep -q "transactionID=$1" "$work/node$i.log"; then echo "node$i"; fi
    done | paste -sd ' '
}

# transaction_of FILE: the transactionID of the message in it.
transaction_of() {
    "$CMPD_BIN/cmpctl" decode "$1" | awk '$1 == "transactionID" {print $2}'
}

# issued_in FILE: the serial number of the certificate that the answer in it brings.
issued_in() {
    "$CMPD_BIN/cmpctl" decode "$1" >"$work/decoded"
    awk '$1 == "certifiedKeyPair" {here = 1} here && $1 == "serialNumber" {print $2; exit}' "$work/decoded"
}

# post FILE URL OUT: a message as it is.
post() {
    curl -sS --fail --http1.1 -H 'Content-Type: application/pkixcmp' --data-binary "@$1" -o "$3" "$2"
}

# ---- openssl cmp: each message over a connection of its own ----

for protection in device secret; do
    declare -n arguments=by_$protection
    for i in 1 2 3 4; do
        name=anywhere-$protection-$i
        new_key "$work/$name.key" P-256
        ok "$name is enrolled" cmp -cmd ir "${arguments[@]}" -keep_alive 0 -newkey "$work/$name.key" -subject "/CN=$name" \
            -certout "$work/$name.pem" -reqout "$work/$name.ir $work/$name.certconf"
        same "$name is in the store" "$(stored_status "$work/$name.pem")" valid
        nodes=$(nodes_of "$(transaction_of "$work/$name.ir")")
        [ "$(wc -w <<<"$nodes")" -eq 2 ] || fail "ir and certConf of $name went to: $nodes"
    done
done

# ---- the same octets again, at every node ----

serial=$(serial_of "$work/$name.pem")
for i in 1 2 3 1; do
    post "$work/$name.ir" "http://127.0.0.1:${node_port[i]}/.well-known/cmp/p/demo" "$work/ip"
    same "ir again at node $i: the same certificate" "$(issued_in "$work/ip")" "$serial"
    post "$work/$name.certconf" "http://127.0.0.1:${node_port[i]}/.well-known/cmp/p/demo" "$work/pkiconf"
    same "certConf again at node $i" "$("$CMPD_BIN/cmpctl" decode "$work/pkiconf" | awk '$1 == "body" {print $2}')" pkiconf
done
# One that no node has seen, at all of them at once.
new_key "$work/race.key" P-256
for round in 1 2 3 4 5; do
    # The client fails: nobody listens there. What it would have sent is written before.
    refused "nobody listens there" 'connect' cmp -cmd ir "${by_device[@]}" -server 127.0.0.1:1 -implicit_confirm \
        -newkey "$work/race.key" -subject "/CN=race-$round" -certout "$work/race.pem" -reqout "$work/race.ir"
    for i in 1 2 3; do
        post "$work/race.ir" "http://127.0.0.1:${node_port[i]}/.well-known/cmp/p/demo" "$work/race$i" &
        posts[i]=$!
    done
    for i in 1 2 3; do wait "${posts[i]}" || fail "node $i refuses a message that others have, too"; done
    serial=$(stored transactionID "$(transaction_of "$work/race.ir")" serial)
    for i in 1 2 3; do same "round $round: the one certificate from node $i" "$(issued_in "$work/race$i")" "$serial"; done
done

# ---- a fleet, over each way in ----

count=300
if [ -n "${CMPD_SOAK:-}" ]; then count=20000; fi
mix=ir=2,ir-confirm=3,cr=1,p10cr=1,kur=1
load_start http1 --count $count --scenario $mix --clients 16
load_end http1
load_start http2 --count $count --scenario $mix --clients 16 --http2
load_end http2
load_start new --count $count --scenario $mix --clients 16 --new-connections --protection pbmac1
load_end new
load_start tls --url "$tls_url" --tls-ca "$work/tls/ca.pem" --count $count --scenario $mix --clients 16 --http2
load_end tls
load_start pass --url "$pass_url" --tls-ca "$work/tls/ca.pem" --count $count --scenario $mix --clients 16 --http2 --streams 2
load_end pass
load_start pass1 --url "$pass_url" --tls-ca "$work/tls/ca.pem" --count $count --scenario $mix --clients 16 --new-connections
load_end pass1
for name in http1 http2 new tls pass pass1; do
    load_is $name "all served" "r['completed'] == $count and r['errors'] == {} and r['retries'] == 0"
done
cluster_is_whole
for i in 1 2 3; do
    [ "$(grep -c 'event="certificate issued"' "$work/node$i.log")" -gt $count ] || fail "node $i had no share"
done

# ---- what the nodes say of each other ----

# ready_says NODE PYTHON: an expression about what its /readyz answers, r; within the seconds that nodes.h names, and a little.
ready_says() {
    local i
    checks=$((checks + 1))
    for ((i = 0; i < 80; i++)); do
        curl -s "http://127.0.0.1:${node_admin_port[$1]}/readyz" >"$work/readyz" &&
            python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
sys.exit(not eval(sys.argv[2]))' "$work/readyz" "$2" && return 0
        sleep 0.1
    done
    fail "node $1: not so: $2: $(cat "$work/readyz")"
}
alike="r['ready'] and not r['configurations_differ'] and [n['node'] for n in r['nodes']] == ['node1', 'node2', 'node3'] and \
    len({n['configuration'] for n in r['nodes']}) == 1 and all(n['seen_seconds'] < 10 for n in r['nodes'])"
for i in 1 2 3; do ready_says "$i" "$alike"; done
sed -i 's/validity_days: 365/validity_days: 364/' "$work/node2/cmpd.yaml"
kill -HUP "${node_pid[2]}"
for i in 1 2 3; do ready_says "$i" "r['ready'] and r['configurations_differ'] and len({n['configuration'] for n in r['nodes']}) == 2"; done
sed -i 's/validity_days: 364/validity_days: 365/' "$work/node2/cmpd.yaml"
kill -HUP "${node_pid[2]}"
for i in 1 2 3; do
    ready_says "$i" "$alike"
    same "node $i logs it once" "$(grep -c 'level=error event="configurations differ"' "$work/node$i.log")" 1
    same "and its end" "$(grep -c 'level=info event="configurations are alike"' "$work/node$i.log")" 1
done

# ---- HTTP/2 over TLS to the nodes ----

balancer_stop
balancer_start CMPD_NODE_CA="$work/tls/ca.pem" CMPD_NODE1="127.0.0.1:${node_tls_port[1]}" \
    CMPD_NODE2="127.0.0.1:${node_tls_port[2]}" CMPD_NODE3="127.0.0.1:${node_tls_port[3]}"
load_start nodes-tls --count $count --scenario $mix --clients 16 --http2
load_end nodes-tls
load_is nodes-tls "all served" "r['completed'] == $count and r['errors'] == {}"
cluster_is_whole
done_testing
