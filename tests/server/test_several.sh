#!/bin/bash
# Several requests in one message (RFC 9810 5.3.1, 5.3.9, 5.3.18), over HTTP: what deploy/manual/several.md says.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../nested.sh"
. "$(dirname "$0")/../several.sh"

demo several
credentials
config=$dir/cmpd.yaml
log=$work/several.log
make_ra
sed -i 's|^vendors:|vendors:\n  - name: registration\n    anchors: [ra-ca.pem]|' "$config"
add_profile ipsec "names.subject_bound: false"
add_profile oam "names.subject_bound: false" "confirm.implicit: true"
add_profile people "names.subject_bound: false" "approve.when: [always]"
add_profile letter "names.subject_bound: false" "accept.header: rfc9483"
add_profile sites "accept.ras: [registration]" "names.subject_bound: false"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/anna.key" -out "$dir/anna.pem" -days 2 \
    -subj /CN=anna 2>/dev/null
sed -i "/^profiles:/i approvers: [{name: anna, certificate: anna.pem}]" "$config"
start_server cmpd "$config" "$log"

# send FILE [PATH]: posts it; the answer is in $work/answer.
send() {
    curl -sS --fail --http1.1 -H 'Content-Type: application/pkixcmp' --data-binary "@$work/$1" -o "$work/answer" \
        "http://127.0.0.1:$port/.well-known/cmp${2:-}"
}
statuses() {
    stored transactionID "$(field transactionID "$work/$1")" status | tr '\n' ' ' | sed 's/ $//'
}

# ---- each by its own profile ----

several ir three gnb 3 ipsec oam ipsec
ok "three requests" send three
same "are answered by one message" "$(body_of "$work/answer")" ip
same "that grants all" "$(parts "$work/answer")" "accepted accepted accepted"
same "each under its profile" "$(stored transactionID "$(field transactionID "$work/three")" profile | tr '\n' ' ')" "ipsec oam ipsec "
same "and awaits its certConf" "$(statuses three)" "unconfirmed unconfirmed unconfirmed"
cp "$work/answer" "$work/first"
ok "the same again" send three
same "the same certificates" "$(stored transactionID "$(field transactionID "$work/three")" serial | wc -l)" 3
several certConf conf "$work/three" "$work/first" 0 2
ok "a certConf that leaves one out" send conf
same "is answered" "$(body_of "$work/answer")" pkiconf
same "and rejects that one" "$(statuses three)" "valid revoked valid"
same "three lines tell of it" "$(grep -c 'event="certificate \(confirmed\|rejected\)"' "$log")" 3
same "and six records" "$("$CMPD_BIN/cmpctl" audit list --config "$config" --json | grep -c "$(field transactionID "$work/three")")" 6

# ---- some fail ----

POP=wrong several ir wrong gnb 3 ipsec
ok "the last without proof" send wrong
same "is refused alone" "$(parts "$work/answer")" "accepted accepted rejection"
ok "and told why" grep -q badPOP <("$CMPD_BIN/cmpctl" decode "$work/answer")
several ir people gnb 2 ipsec people
ok "one that has to be approved" send people
same "is refused alone" "$(parts "$work/answer")" "accepted rejection"
same "nothing waits" "$("$CMPD_BIN/cmpctl" request list --config "$config" --json 2>/dev/null | wc -l)" 0
IMPLICIT=1 several ir implicit gnb 2 oam oam
ok "implicitConfirm" send implicit
same "is for all of them" "$(statuses implicit)" "valid valid"
IMPLICIT=1 several ir mixed gnb 2 oam people
ok "beside one that is refused" send mixed
same "it is for what was granted" "$(statuses mixed)" "valid"

# ---- what is not taken ----

for case in "more than eight:9" "a certReqId twice:2 IDS=same"; do
    set -- ${case#*:}
    env ${2:-A=B} CMPD_SOURCE="$CMPD_SOURCE" "$CMPD_SOURCE/tests/several.py" ir "$dir/demo/device.key" "$work/device-only.pem" \
        "$dir/demo/device-chain.pem" "$work/bad" gnb "$1"
    ok "${case%%:*}" send bad /p/ipsec
    ok "${case%%:*}: all are refused" grep -q 'rejection' <(parts "$work/answer")
    same "${case%%:*}: nothing is issued" "$(statuses bad)" ""
done
several ir letter gnb 2
ok "two where RFC 9483 holds" send letter /p/letter
same "two where RFC 9483 holds: refused" "$(parts "$work/answer")" rejection
several ir names gnb 2 ipsec oam ipsec
ok "more names than requests" send names
same "more names than requests: refused" "$(body_of "$work/answer")" error
several ir path gnb 2 ipsec oam
ok "another name than the path's" send path /p/ipsec
same "another name than the path's: refused" "$(body_of "$work/answer")" error

# ---- rr: an RA's list; a station's own alone ----

mapfile -t serials < <(stored transactionID "$(field transactionID "$work/implicit")" serial)
"$CMPD_SOURCE/tests/several.py" rr "$work/ra.key" "$work/ra.pem" "$dir/ra-ca.pem" "$work/list" "$dir/ca/issuing.pem" "${serials[@]}" \
    "$(stored transactionID "$(field transactionID "$work/mixed")" serial)" 00112233445566778899aabbccddeeff
ok "a list of an RA" send list /p/sites
same "is answered one by one" "$(parts "$work/answer")" "rejection rejection rejection rejection"
# Its profile may revoke what it enrolled; oam is another one.
add_to_sites() {
    sed -i '/^  - name: sites$/,/^  - name: demo$/s/^      own_profiles: .*/      own_profiles: [sites, oam, demo]/' "$config"
}
add_to_sites
reload
"$CMPD_SOURCE/tests/several.py" rr "$work/ra.key" "$work/ra.pem" "$dir/ra-ca.pem" "$work/list" "$dir/ca/issuing.pem" "${serials[@]}" \
    "${serials[0]}" 00112233445566778899aabbccddeeff
ok "a list of what it may" send list /p/sites
same "revokes each once, and knows no other" "$(parts "$work/answer")" "accepted accepted rejection rejection"
same "in the store" "$(statuses implicit)" "revoked revoked"

ok "the store fits together" "$CMPD_BIN/cmpctl" db check --config "$config"
ok "the audit log verifies" "$CMPD_BIN/cmpctl" audit verify --config "$config"
stop_server
done_testing
