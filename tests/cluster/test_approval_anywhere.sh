#!/bin/bash
# A request waits, is polled for, approved and granted at whichever node its messages reach, and the database has what was done once.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

cluster_start 3
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/anna.key" -out "$work/anna.pem" \
    -days 2 -subj /CN=anna 2>/dev/null
for i in 1 2 3; do
    dir=$work/node$i
    cp "$work/anna.pem" "$dir/"
    sed -i "/^profiles:/i approvers:\\
  - name: anna\\
    certificate: anna.pem\\
" "$dir/cmpd.yaml"
    # OpenSSL 3.0 wants the nonce of its last poll in the final answer.
    add_profile waits "approve.when: [always]" "approve.check_after_seconds: 1" "approve.open: 8" "answer.poll_nonce: poll"
    before=$(lines_of 'event="configuration loaded"' "$work/node$i.log")
    kill -HUP "${node_pid[$i]}"
    until_so "node $i loads its configuration" has_more "$before" 'event="configuration loaded"' "$work/node$i.log"
done
dir=$work/node1
balancer_start
credentials
port=$balancer_port
new_key "$work/new.key" P-256

request() {
    "$CMPD_BIN/cmpctl" request "$1" --config "$work/node$2/cmpd.yaml" "${@:3}"
}
waits() {
    request list 1 --json | python3 -c '
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    if row["subject"] == sys.argv[1]:
        print(row["request"])' "$1"
}
digest_of() {
    request show 1 "$1" --json | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["digest"])'
}
has_one() {
    [ -n "$(waits "$1")" ]
}
# nodes_of EVENT: at which nodes it happened.
nodes_of() {
    grep -l "event=\"$1\"" "$work"/node?.log | wc -l
}

for i in 1 2 3; do
    name=waits-$i
    cmp -cmd ir "${by_device[@]}" -keep_alive 0 -newkey "$work/new.key" -subject "/CN=$name" -certout "$work/$name.pem" \
        -path .well-known/cmp/p/waits -total_timeout 60 >"$work/$name.out" 2>&1 &
    station=$!
    until_so "$name waits" has_one "CN=$name"
    until_so "it was polled for" grep -q 'event="request waits for approval still"' "$work"/node?.log
    id=$(waits "CN=$name")
    ok "approved at node $i" request approve "$i" "$id" --as anna --key "$work/anna.key" --digest "$(digest_of "$id")" --reason "seen"
    wait "$station" || {
        cat "$work/$name.out"
        fail "$name"
    }
    same "$name" "$(stored_status "$work/$name.pem")" valid
done
polled=$(nodes_of 'request waits for approval still')
[ "$polled" -ge 2 ] || fail "only $polled node was polled"
same "nothing waits any more" "$(database_sql cmpd_node db "select count(*) from cmpd.requests")" 0
same "no word is left" "$(database_sql cmpd_node db "select count(*) from cmpd.approvals")" 0
same "each has one certificate" "$(database_sql cmpd_node db "select count(*) from cmpd.certificates where profile = 'waits'")" 3
ok "the audit log verifies" "$CMPD_BIN/cmpctl" audit verify --config "$dir/cmpd.yaml"
done_testing
