#!/bin/bash
# A CA gets another key while two nodes serve, over one PostgreSQL: nodes are told one after the other, and a transaction that
# began at one ends at the other, whichever of the two CAs the URL leads to there. The new CA is made by one command after the other.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"
. "$(dirname "$0")/../rollover.sh"

cluster_start 2
balancer_start
credentials
port=$balancer_port
ctl=$CMPD_BIN/cmpctl

# at_url COMMAND ARG...: each message over a connection of its own, so to another node.
at_url() {
    cmp -path pkix/ -keep_alive 0 -cmd "$@"
}

enroll() {
    new_key "$work/$1.key" P-256
    ok "$1 enrolls" at_url ir "${by_device[@]}" -newkey "$work/$1.key" -subject "/CN=$1" -certout "$work/$1.pem"
    same "$1 is in the store" "$(stored_status "$work/$1.pem")" valid
}

update() {
    new_key "$work/$1-newer.key" P-256
    ok "$1 updates" at_url kur -cert "$work/$1.pem" -key "$work/$1.key" -extracerts "$work/$1.pem" -oldcert "$work/$1.pem" \
        -trusted "$dir/ca/root.pem" -newkey "$work/$1-newer.key" -certout "$work/$1-newer.pem"
    same "it is in the store" "$(stored_status "$work/$1-newer.pem")" valid
}

# issued_by NAME...: how many of these certificates each CA has issued.
issued_by() {
    local name
    for name in "$@"; do
        openssl x509 -in "$work/$name.pem" -noout -issuer | sed 's/.*CN = //'
    done | sort | uniq -c | awk '{print $1 " by " $2 " " $3 " " $4}' | xargs
}

# turn: a message, so that what begins next does so at the other node.
turn() {
    curl -s -o /dev/null -H 'Content-Type: application/pkixcmp' --data-binary x "http://127.0.0.1:$port/pkix/"
}

# told I: node I takes its configuration; that the nodes differ for a while, they tell.
told() {
    local before
    ok "node $1: checked" "$ctl" check "$work/node$1/cmpd.yaml"
    before=$(lines_of 'event="configuration loaded"' "$work/node$1.log")
    kill -HUP "${node_pid[$1]}"
    until_so "node $1: loaded" has_more "$before" 'event="configuration loaded"' "$work/node$1.log"
}

for i in 1 2 3 4; do enroll "old-$i"; done

# The new CA below the same root, on both nodes, at a path that nobody knows yet.
cd "$work/node1"
ok "the new CA" "$ctl" ca create ca/issuing2.pem --like ca/issuing.pem --name 'O=Demo Operator' --name 'CN=Issuing CA 2' --key ca/issuing2.key \
    --issuer ca/root.pem --issuer-key ca/root.key
ok "who answers for it" "$ctl" ca create ca/cmp-2.pem --like ca/cmp.pem --key ca/cmp-2.key --issuer ca/issuing2.pem --issuer-key ca/issuing2.key
cd "$work"
cp -p node1/ca/{issuing2,cmp-2}.{pem,key} node2/ca
for i in 1 2; do
    dir=$work/node$i
    add_ca "$dir/cmpd.yaml" '  - {name: issuing2, certificate: ca/issuing2.pem, key: ca/issuing2.key, chain: [ca/root.pem], cmp_certificate: ca/cmp-2.pem, cmp_key: ca/cmp-2.key}'
    follow "$dir/cmpd.yaml" $'  - name: demo-2\n    ca: issuing2\n    former: demo\n    paths: []'
    told "$i"
done
dir=$work/node1

# One node is told of the switch: of each pair of messages one is begun here, and ended there.
switch_to_new "$work/node1/cmpd.yaml"
told 1
for i in 1 2; do enroll "between-$i"; done
turn
for i in 3 4; do enroll "between-$i"; done
same "each node issues by its own CA" "$(issued_by between-{1,2,3,4})" "2 by Issuing CA 2 by Issuing CA 2"
update old-1
turn
update old-2
same "what the old CA knows it updates" "$(issued_by old-{1,2}-newer)" "2 by Issuing CA"

# The other one, too.
switch_to_new "$work/node2/cmpd.yaml"
told 2
for i in 1 2; do enroll "new-$i"; done
same "all by the new CA" "$(issued_by new-{1,2})" "2 by Issuing CA 2"
for i in 3 4; do update "old-$i"; done
update new-1
same "each by its own" "$(issued_by old-{3,4}-newer new-1-newer)" "2 by Issuing CA 1 by Issuing CA 2"
logs=()
for i in 1 2; do logs+=(--log "$work/node$i.log"); done
ok "the audit log is whole" "$ctl" audit verify --config "$dir/cmpd.yaml" "${logs[@]}"
done_testing
