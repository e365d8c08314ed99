#!/bin/bash
# OCSP of two nodes over one PostgreSQL: each has a responder of its own, and what one revokes, holds or releases the other one
# says, too, though it had kept its answer; without the database what is kept goes on.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

cluster_ocsp=1
cluster_start 2
dir=$work/node1
credentials
new_key "$work/new.key" P-256
for i in 1 2; do
    wait_log "$work/node$i.log" 'event="OCSP responder certified" ca=issuing'
done

# ask I OPTION...: node I.
ask() {
    openssl ocsp -issuer "$dir/ca/issuing.pem" -url "http://127.0.0.1:${node_port[$1]}/ocsp" -CAfile "$dir/ca/root.pem" \
        -verify_other "$dir/ca/issuing.pem" "${@:2}" 2>&1 || true
}

# says I STATUS NAME: node I says so of it, as it is asked by who takes what is kept.
says() {
    ask "$1" -no_nonce -cert "$work/$3.pem" | grep -q "^$work/$3.pem: $2\$"
}

both_say() {
    says 1 "$1" "$2" && says 2 "$1" "$2"
}

# all_say STATUS NAME
all_say() {
    local i
    for i in 1 2; do
        until_so "node $i says that $2 is $1" says "$i" "$1" "$2"
    done
}

cert() {
    "$CMPD_BIN/cmpctl" cert "$1" --config "$work/node$2/cmpd.yaml" "${@:3}"
}

enroll_at() {
    port=${node_port[$1]}
    ok "$2 enrolls" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=$2" "${by_device[@]}" -certout "$work/$2.pem"
}

for i in 1 2; do
    enroll_at "$i" "gnb-$i"
    ok "both say that it is good" both_say good "gnb-$i"
done
for i in 1 2; do
    ask "$i" -cert "$work/gnb-1.pem" -resp_text | openssl x509 -noout -serial >"$work/responder.$i"
done
same "each has a responder of its own" "$(command cmp -s "$work/responder.1" "$work/responder.2" || echo so)" so

ok "held by node 1" cert hold 1 "$(serial_of "$work/gnb-2.pem")"
all_say revoked gnb-2
ok "released by node 2" cert release 2 "$(serial_of "$work/gnb-2.pem")"
all_say good gnb-2
port=${node_port[2]}
ok "gnb-1 revokes itself at node 2" cmp -cmd rr -oldcert "$work/gnb-1.pem" -cert "$work/gnb-1.pem" -key "$work/new.key" \
    -trusted "$dir/ca/root.pem" -revreason 5
all_say revoked gnb-1

# One is revoked; another, asked for before and after, is not touched.
enroll_at 1 gnb-3
ok "both say that it is good" both_say good gnb-3
enroll_at 2 gnb-4
ok "revoked" cert revoke 2 "$(serial_of "$work/gnb-3.pem")" --reason superseded
all_say revoked gnb-3
ok "another is not touched" both_say good gnb-4

# A node that starts later knows what was revoked before.
node_kill 2
node_start 2
wait_log "$work/node2.log" 'event="OCSP responder certified" ca=issuing'
all_say revoked gnb-1
all_say good gnb-4

# While the database is away what is kept is there, with the nextUpdate that it had, and others are told to try later.
ask 1 -no_nonce -cert "$work/gnb-4.pem" | grep 'Next Update' >"$work/before"
enroll_at 1 gnb-5
postgres_stop db
until_so "the node knows" bash -c "! curl -sf http://127.0.0.1:${node_admin_port[1]}/readyz >/dev/null"
ok "what is kept is there" says 1 good gnb-4
ok "until then" command cmp "$work/before" <(ask 1 -no_nonce -cert "$work/gnb-4.pem" | grep 'Next Update')
ok "with a nonce it is not" grep -q 'trylater' <(ask 1 -nonce -cert "$work/gnb-4.pem")
ok "nor what nobody asked for before" grep -q 'trylater' <(ask 1 -no_nonce -cert "$work/gnb-5.pem")
done_testing
