#!/bin/bash
# What few stations send reaches any node, too: several requests in one message, nested messages of an RA, a ccr that people approve, and
# what another CA announces.
# Sent again, to a node that has not seen it, each is answered from the store, and nothing is done twice.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"
. "$(dirname "$0")/../nested.sh"
. "$(dirname "$0")/../several.sh"

# ---- the CA that announces ----
demo upstream
crl_every 24
upstream=$dir upstream_port=$port

# ---- the nodes: an RA, a partner whose CA is certified, and anna, who approves that ----
cluster_start 3
make_ra
mv "$dir/ra-ca.pem" "$work/"
partner=$work/partner
mkdir "$partner"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$partner/ca.key" -out "$partner/ca.pem" -days 365 \
    -subj "/O=Partner/CN=Partner CA" -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$partner/cmp.key" -subj "/O=Partner/CN=CMP" 2>/dev/null |
    openssl x509 -req -CA "$partner/ca.pem" -CAkey "$partner/ca.key" -set_serial 2 -days 30 -out "$partner/cmp.pem" \
        -extfile <(printf 'keyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\n') 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/anna.key" -out "$work/anna.pem" -days 2 \
    -subj /CN=anna 2>/dev/null
# The CA of the demo may have none below it: its key and name, signed by another root.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/root.key" -out "$work/root.pem" -days 3650 \
    -subj "/O=Demo Operator/CN=Wide Root" -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
openssl req -new -key "$dir/ca/issuing.key" -subj "/O=Demo Operator/CN=Issuing CA" |
    openssl x509 -req -CA "$work/root.pem" -CAkey "$work/root.key" -set_serial 3 -days 3000 -out "$work/issuing.pem" -extfile <(printf \
        'basicConstraints=critical,CA:true,pathlen:1\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n') 2>/dev/null
for i in 1 2 3; do
    dir=$work/node$i
    cp "$work/anna.pem" "$work/ra-ca.pem" "$partner/ca.pem" "$dir/"
    cp "$upstream/ca/cmp.pem" "$dir/upstream.pem"
    cp "$work/root.pem" "$work/issuing.pem" "$dir/ca/"
    sed -i "1i upstream: [{name: national, certificates: [upstream.pem]}]
s|^  files: .*|  files: []|
/^vendors:/a\\  - {name: registration, anchors: [ra-ca.pem]}\\n  - {name: partner, anchors: [ca.pem]}
/^profiles:/i approvers: [{name: anna, certificate: anna.pem}]" "$dir/cmpd.yaml"
    add_profile sites "accept.ras: [registration]"
    add_profile cross "accept.vendors: [partner]" "names.subject_bound: false" "approve.when: [always]" "approve.check_after_seconds: 1" \
        "confirm.implicit: true" "answer.poll_nonce: poll" "certificate.key_usage: [digitalSignature]"
    sed -i '/^  - name: cross$/a\    cross: {path_length: 0}' "$dir/cmpd.yaml"
    node_kill "$i" TERM
    node_start "$i"
done
dir=$work/node1
balancer_start
credentials

# post_at NODE PROFILE FILE: the answer is in $work/answer; of an announcement it is a status alone, which is printed.
post_at() {
    curl -sS --http1.1 -H 'Content-Type: application/pkixcmp' --data-binary "@$3" -o "$work/answer" -w '%{http_code}' \
        "http://127.0.0.1:${node_port[$1]}/.well-known/cmp/$2"
}
# issued_in FILE: the serial number of the certificate that the answer in it brings.
issued_in() {
    "$CMPD_BIN/cmpctl" decode "$1" >"$work/decoded"
    awk '$1 == "certifiedKeyPair" {here = 1} here && $1 == "serialNumber" {print $2; exit}' "$work/decoded"
}
# of_transaction FILE FIELD: of the certificates that the message in it has brought about.
of_transaction() {
    stored transactionID "$(field transactionID "$1")" "$2"
}
# at NODE COMMAND...: cmpctl with that node's configuration.
at() {
    "$CMPD_BIN/cmpctl" "${@:2}" --config "$work/node$1/cmpd.yaml"
}
# nodes_of EVENT: at how many nodes it happened.
nodes_of() {
    grep -l "event=\"$1\"" "$work"/node?.log | wc -l
}
# records: how many the audit log has but of CRLs, which come when they are due.
records() {
    at 1 audit list --json | grep -vc '"event": *"crl"'
}

# ---- added protection: at one node, and the same octets at the others ----
SUBJECT=device unsent added 1 "${by_device[@]}" -implicit_confirm
nest add "$work/added" "$work/added1"
same "added protection" "$(post_at 1 p/sites "$work/added")" 200
same "is answered by the answer to the message" "$(body_of "$work/answer")" ip
serial=$(of_transaction "$work/added1" serial)
same "which has the one certificate" "$(issued_in "$work/answer")" "$serial"
before=$(records)
for i in 2 3; do
    for message in "$work/added" "$work/added1"; do # with the protection, and without
        same "again at node $i" "$(post_at "$i" p/sites "$message")" 200
        same "is the same certificate" "$(issued_in "$work/answer")" "$serial"
    done
done
same "nothing was done for it" "$(records)" "$before"

# ---- a batch, that no node has seen, at all of them at once ----
for round in 1 2; do
    messages=()
    for i in 1 2 3; do
        SUBJECT=device unsent "batch$round-" "$i" "${by_device[@]}" -implicit_confirm
        messages+=("$work/batch$round-$i")
    done
    nest batch "$work/batch" "${messages[@]}"
    for i in 1 2 3; do
        curl -sS --fail --http1.1 -H 'Content-Type: application/pkixcmp' --data-binary "@$work/batch" -o "$work/answer$i" \
            "http://127.0.0.1:${node_port[i]}/.well-known/cmp/p/sites" &
        posts[i]=$!
    done
    for i in 1 2 3; do wait "${posts[i]}" || fail "node $i does not take a batch that others have, too"; done
    for i in 1 2 3; do
        same "round $round: node $i answers all" "$("$CMPD_SOURCE/tests/nested.py" split "$work/answer$i" "$work/of")" 3
        for j in 1 2 3; do
            same "round $round: message $j, node $i" "$(issued_in "$work/of$((j - 1))")" "$(of_transaction "$work/batch$round-$j" serial)"
        done
    done
done

# ---- several requests in one message: at one node, again at the others, and confirmed at any ----
for round in 1 2; do
    several ir several device 3
    same "several requests" "$(post_at "$round" p/demo "$work/several")" 200
    same "all are granted" "$(parts "$work/answer")" "accepted accepted accepted"
    cp "$work/answer" "$work/several.first"
    before=$(records)
    for i in 2 3; do
        same "again at node $i" "$(post_at "$i" p/demo "$work/several")" 200
        same "are the same" "$(parts "$work/answer")" "accepted accepted accepted"
    done
    same "there are three" "$(of_transaction "$work/several" serial | wc -l)" 3
    same "nothing was done for it" "$(records)" "$before"
    several certConf several.conf "$work/several" "$work/several.first" 0 2
    for i in $((4 - round)) 1 2; do
        same "confirmed at node $i" "$(post_at "$i" p/demo "$work/several.conf")" 200
        same "is answered" "$(body_of "$work/answer")" pkiconf
    done
    same "two are valid" "$(of_transaction "$work/several" status | sort | tr '\n' ' ')" "revoked valid valid "
    same "three records tell so" "$(records)" $((before + 3))
done

# ---- a ccr: each poll reaches another node, and one word at one of them is enough ----
by_partner=(-cert "$partner/cmp.pem" -key "$partner/cmp.key" -extracerts "$partner/cmp.pem" -trusted "$work/root.pem")
port=1 cmp -cmd cr "${by_partner[@]}" -newkey "$partner/ca.key" -subject "/O=Partner/CN=Partner CA" -days 90 -implicit_confirm \
    -reqout "$work/cr.der" -certout "$work/none.pem" >/dev/null 2>&1 || true
python3 "$(dirname "$0")/../server/ccr.py" "$work/cr.der" "$partner/cmp.key" "http://127.0.0.1:$balancer_port/.well-known/cmp/p/cross" \
    "$work/cross.der" >"$work/ccr.out" 2>&1 &
asking=$!
waiting() {
    id=$(at 3 request list --json 2>/dev/null |
        python3 -c 'import json, sys; print(*[r["request"] for r in map(json.loads, sys.stdin) if r["body"] == "ccr"])')
    [ -n "$id" ]
}
polled() {
    [ "$(nodes_of 'request waits for approval still')" -ge 2 ]
}
until_so "it waits for people" waiting
until_so "two nodes are polled" polled
digest=$(at 2 request show "$id" --json | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["digest"])')
ok "approved" at 2 request approve "$id" --as anna --key "$work/anna.key" --digest "$digest" --reason "contract 7"
wait "$asking" || {
    cat "$work/ccr.out"
    fail "the ccr was not granted"
}
serial=$(serial_of "$work/cross.der")
before=$(records)
for i in 1 2 3; do
    same "the ccr again at node $i" "$(post_at "$i" p/cross "$work/cross.der.ccr")" 200
    same "is answered" "$(body_of "$work/answer")" ccp
    same "by the same certificate" "$(issued_in "$work/answer")" "$serial"
done
same "nothing was done for it" "$(records)" "$before"
same "there is one" "$(stored profile cross serial)" "$serial"

# ---- announcements: pushed through the balancer, shown by any node, and sent again to each of them ----
announced() {
    at "$1" announcement list --json 2>/dev/null | python3 -c '
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    if row["body"] == sys.argv[1]: print(row["about"])' "$2"
}
has_announced() {
    announced "$1" "$2" | grep -q -- "$3"
}
# messageTime has seconds, and the newest is known by it.
is_later_than() {
    [ "$(date +%s)" -gt "$(date +%s -r "$1")" ]
}
follows() {
    "$CMPD_BIN/cmpctl" announcement deliveries --config "$upstream/cmpd.yaml" --json | grep -q '"body": *"rann"'
}
sed -i "/^  - name: issuing\$/a\\    announce: {urls: [\"http://127.0.0.1:$balancer_port/.well-known/cmp\"]}" "$upstream/cmpd.yaml"
start_server cmpd "$upstream/cmpd.yaml" "$work/upstream.log"
until_so "revocations are followed" follows
for i in 1 2; do
    new_key "$work/revoked.key" P-256
    dir=$upstream port=$upstream_port
    credentials
    ok "gnb-$i enrolls" cmp -cmd ir "${by_device[@]}" -subject "/CN=gnb-$i" -newkey "$work/revoked.key" -certout "$work/revoked.pem"
    serial=$(serial_of "$work/revoked.pem")
    ok "gnb-$i is revoked" "$CMPD_BIN/cmpctl" cert revoke "$serial" --reason superseded --config "$upstream/cmpd.yaml"
    dir=$work/node1
    for j in 1 2 3; do until_so "node $j shows the revocation" has_announced "$j" rann "^certificate $serial of "; done
    at "$i" announcement show national rann --der >"$work/rann$i"
    until_so "another second" is_later_than "$work/rann$i"
done
stop_server
before=$(records)
for i in 1 2 3; do
    same "again at node $i: there already" "$(post_at "$i" "" "$work/rann2") $(stat -c %s "$work/answer" 2>/dev/null || echo 0)" "201 0"
    wait_log "$work/node$i.log" 'event="announcement (known|stored)".*body=rann'
done
same "nothing was done for it" "$(records)" "$before"
# An older one is on record, for it may not have come before; what is shown is the newest.
same "an older one at node 3" "$(post_at 3 "" "$work/rann1")" 201
for i in 1 2 3; do same "node $i shows the newest" "$(announced "$i" rann)" "$(announced 1 rann)"; done
ok "which is the second" has_announced 1 rann "^certificate $serial of "
ok "the audit log verifies" at 1 audit verify
done_testing
