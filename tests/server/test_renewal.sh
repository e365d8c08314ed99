#!/bin/bash
# A CA renews its CMP certificate by itself, before it ends, while stations enroll; every node takes it up; a node starts
# with it though the file's has ended. By command, too, and then by choice with a new key, sealed in the store or in a token.
# What another CA has issued, nobody renews.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../short_lived.sh"

demo cmpd
log=$work/node.log
ctl() { "$CMPD_BIN/cmpctl" "$@" --config "$dir/cmpd.yaml"; }
of_cmp() { ctl certificate list --json | python3 -c 'import json, sys
for row in map(json.loads, sys.stdin):
    if row["name"] == "cas[0].cmp_certificate": print(row[sys.argv[1]])' "$1"; }
enrolls() {
    cmp -path pkix/ -cmd ir -ref demo-base-station -secret "file:$dir/demo/mac-secret" -newkey "$work/station.key" -subject /CN=gnb-1 \
        -certout "$work/station.pem" "$@"
}
# by_signature: a request that is signed has a signed answer; who signed it is in $work/extra.pem.
by_signature() {
    cmp -path .well-known/cmp/p/demo -cmd cr -cert "$dir/demo/device.pem" -key "$dir/demo/device.key" -extracerts "$dir/demo/device.pem" -newkey "$work/station.key" \
        -subject /CN=gnb-2 -trusted "$dir/ca/root.pem" -certout "$work/two.pem" -extracertsout "$work/extra.pem"
}
signer_serial() { openssl x509 -in "$work/extra.pem" -noout -serial | cut -d= -f2; }

new_key "$work/station.key" P-256
same "the one of init is the file's" "$(of_cmp in_use) $(of_cmp renewed_by)" "file cmpd"

# ---- by itself: it ends in eight seconds, and began ten minutes ago ----
short_lived issuing -600 8
first=$(openssl x509 -in "$dir/ca/cmp.pem" -noout -serial | cut -d= -f2)
ended=$(($(date +%s) + 9))
start_server cmpd "$dir/cmpd.yaml" "$log"
first_node=$server first_port=$port
ok "a second node" "$CMPD_BIN/cmpctl" init "$work/second" --join "$dir" --listen "127.0.0.1:$(free_port | tee "$work/second.port")"
start_server cmpd "$work/second/cmpd.yaml" "$work/second.log"
second_node=$server second_port=$(cat "$work/second.port")
until_so "a node has it renewed" grep -q 'event="certificate renewed" ca=issuing certificate=cmp_certificate' "$log" "$work/second.log"
wait_log "$log" 'event="renewed certificates taken up"'
wait_log "$work/second.log" 'event="renewed certificates taken up"'
same "one of them alone" "$(cat "$log" "$work/second.log" | lines_of 'event="certificate renewed"' /dev/stdin)" 1
same "the list says so" "$(of_cmp in_use)" store
while [ "$(date +%s)" -le "$ended" ]; do
    ok "a station enrolls throughout" by_signature
done
ok "after the end of the old one" by_signature
newer=$(signer_serial)
[ "$newer" != "$first" ] || fail "answers are still under the old certificate"
port=$second_port
ok "by the other node" by_signature
same "under the same certificate" "$(signer_serial)" "$newer"
port=$first_port
is_ready 200 || fail "the node is not ready: $(cat "$work/ready.json")"
same "key, name and extensions are the same" \
    "$(openssl x509 -in "$work/extra.pem" -noout -pubkey -subject -ext keyUsage,extendedKeyUsage,subjectKeyIdentifier,authorityKeyIdentifier)" \
    "$(openssl x509 -in "$dir/ca/cmp.pem" -noout -pubkey -subject -ext keyUsage,extendedKeyUsage,subjectKeyIdentifier,authorityKeyIdentifier)"
python3 -c 'import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT records FROM audit"): print(row[0])' "$dir/store/cmpd.db" >"$work/records"
ok "the audit log has it" grep -q '"event":"renew".*cmp_certificate of issuing serial=' "$work/records"

# ---- a restart: the file's has ended ----
kill -INT "$second_node"; wait "$second_node" || true
server=$first_node
stop_server
start_server cmpd "$dir/cmpd.yaml" "$log"
wait_ready 200
ok "after a restart" by_signature
same "under the one in the store" "$(signer_serial)" "$newer"
ok "SIGHUP changes nothing" reload
grep -q 'event="configuration loaded"' "$work/outcome" || fail "$(cat "$work/outcome")"
ok "after it" by_signature
same "under the same one" "$(signer_serial)" "$newer"

# ---- by command ----
# serials: those of all CMP certificates that the store has, which it has made.
serials() {
    python3 -c 'import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT records FROM audit"): print(row[0])' "$dir/store/cmpd.db" |
        grep -o '"event":"renew"[^}]*serial=[0-9a-f]*' | sed 's/.*serial=//' | sort -u
}
before=$(of_cmp not_after)
serials >"$work/before"
ok "by its file" ctl certificate renew ca/cmp.pem
serials >"$work/after"
same "one more was made" "$(comm -13 "$work/before" "$work/after" | wc -l)" 1
same "the list says so" "$(of_cmp in_use)" store
[[ $(of_cmp not_after) > $before ]] || fail "what is in use ends no later: $(of_cmp not_after), before: $before"
ok "and again at once" ctl certificate renew ca/cmp.pem

# ---- with a new key: what begins before it is in use ends under the former ----
public_key() { openssl x509 -in "$1" -noout -pubkey; }
first_node=$server
# nodes: both begin anew, and know what the store has.
nodes() {
    for node in "$first_node" "$second_node"; do
        kill -INT "$node" 2>/dev/null || true
        wait "$node" || true
    done
    start_server cmpd "$dir/cmpd.yaml" "$log"
    first_node=$server
    start_server cmpd "$work/second/cmpd.yaml" "$work/second.log"
    second_node=$server
    server=$first_node port=$first_port
}
# settle: two minutes later. A renewed certificate is in use from that moment on.
settle() {
    sqlite3 "$dir/store/cmpd.db" 'UPDATE renewals SET since = at - 1'
}
refused "not while the last renewal settles" 'the last renewal is not in use yet: try again in [0-9]* seconds' ctl certificate renew ca/cmp.pem --new-key
settle
ok "with a new key" ctl certificate renew ca/cmp.pem --new-key
nodes
ok "a station enrolls" by_signature
same "under the former key still" "$(public_key "$work/extra.pem")" "$(public_key "$dir/ca/cmp.pem")"
settle
nodes
ok "later" by_signature
cp "$work/extra.pem" "$work/rekeyed.pem"
[ "$(public_key "$work/rekeyed.pem")" != "$(public_key "$dir/ca/cmp.pem")" ] || fail "the key is the one of before"
port=$second_port
ok "by the other node" by_signature
same "under the same one" "$(public_key "$work/extra.pem")" "$(public_key "$work/rekeyed.pem")"
port=$first_port
wait_ready 200
ok "it is renewed like any other" ctl certificate renew ca/cmp.pem
settle
nodes
ok "and a station enrolls" by_signature
same "under the new key" "$(public_key "$work/extra.pem")" "$(public_key "$work/rekeyed.pem")"
[ "$(signer_serial)" != "$(openssl x509 -in "$work/rekeyed.pem" -noout -serial | cut -d= -f2)" ] || fail "it was not renewed"
ok "all that is stored fits together" ctl db check
kill -INT "$second_node"; wait "$second_node" || true

# ---- who has another seal_key goes on with what it has, and says so ----
cp "$dir/ca/seal.key" "$work/seal.key"
openssl rand -hex 32 >"$dir/ca/seal.key"
reload
wait_log "$log" 'sealed under another seal_key than this node has'
ok "a station enrolls all the same" by_signature
refused "the command says it, too, and puts nothing in its place" 'sealed under another seal_key' ctl certificate renew ca/cmp.pem --new-key
cp "$work/seal.key" "$dir/ca/seal.key"
reload

refused "the root is not ours to renew" 'no CA of this configuration renews it' ctl certificate renew "cas[0].chain[0]"
refused "nor is there this" "has no certificate 'nothing.pem'" ctl certificate renew nothing.pem
short_lived root -60 600
refused "what the root has issued" 'another CA has issued it' ctl certificate renew "cas[0].cmp_certificate"

# ---- what cannot be taken up, for a file of a vendor is gone: told once, and taken up when the file is back ----
stop_server
demo gone
log=$work/gone.log
short_lived issuing -600 60
start_server cmpd "$dir/cmpd.yaml" "$log"
mv "$dir/demo/vendor-root.pem" "$dir/demo/away.pem"
wait_log "$log" 'event="renewed certificates refused" alarm=renewal .*cannot read .*vendor-root.pem'
mv "$dir/demo/away.pem" "$dir/demo/vendor-root.pem"
wait_log "$log" 'event="renewed certificates taken up"'
same "it was told once" "$(lines_of 'event="renewed certificates refused"' "$log")" 1
done_testing
