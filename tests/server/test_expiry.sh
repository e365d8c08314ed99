#!/bin/bash
# What ends: cmpctl check, log and readiness tell ahead; after the end of what signs answers nothing is issued, and it is
# said why.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../short_lived.sh"

demo cmpd
log=$work/node.log
cp "$dir/ca/cmp.pem" "$work/good.pem"
enrolls() {
    cmp -path pkix/ -cmd ir -ref demo-base-station -secret "file:$dir/demo/mac-secret" -newkey "$work/station.key" -subject /CN=gnb-1 \
        -certout "$work/station.pem" "$@"
}

new_key "$work/station.key" P-256
day=86400

# ---- ahead ----
ok "nothing ends" "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
same "no warning" "$(lines_of warning "$work/last.out")" 0
short_lived root $((-40 * day)) $((5 * day)) # nobody here can renew what the root has issued
"$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml" >"$work/check.out" 2>&1
ok "with a warning that has the setting and the days" grep -Eq 'cmpd.yaml:[0-9]+: .*ca/cmp.pem: the CMP certificate ends on .*, in [45] days' "$work/check.out"
start_server cmpd "$dir/cmpd.yaml" "$log"
wait_log "$log" 'level=warn event="expires soon" alarm=expiry name=cas\[0\].cmp_certificate .*days=[45] '
wait_ready 200
same "it ends next" "$(python3 -c 'import json, sys; ready = json.load(sys.stdin); print(ready["certificates"], ready["reason"], ready["ends"][0]["name"])' \
    <"$work/ready.json")" "True None cas[0].cmp_certificate"

# ---- after the end, in a running node ----
short_lived root $((-40 * day)) 4
reload
wait_ready 503
ok "readiness says why" grep -q '"certificates":false,"reason":".*ca/cmp.pem: the CMP certificate has ended on ' "$work/ready.json"
wait_log "$log" 'level=error event=expired alarm=expiry name=cas\[0\].cmp_certificate '
wait_ready 503
ok "somebody has to look" grep -q '"upkeep_alarm":true' "$work/ready.json"
before=$("$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" | wc -l)
refused "nobody gets a certificate" '503|systemUnavail' enrolls
wait_log "$log" 'event="request refused" .*systemUnavail'
same "nothing is in the store" "$("$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" | wc -l)" "$before"

# ---- mended ----
cp "$work/good.pem" "$dir/ca/cmp.pem"
reload
wait_ready 200
ok "a station enrolls" enrolls
stop_server

# ---- the end of a CA: its last CRL stays, and nobody answers for it ----
demo ends
serve_ocsp
crl_every 24
log=$work/ends.log
short_lived_ca -600 12
start_server cmpd "$dir/cmpd.yaml" "$log"
is_there() { curl -sS --fail "http://127.0.0.1:$port/crl/issuing.crl" -o "$work/crl"; }
until_so "there is a CRL" is_there
ok "a station enrolls" enrolls
status() {
    openssl ocsp -issuer "$dir/ca/issuing.pem" -cert "$work/station.pem" -no_nonce -noverify -url "http://127.0.0.1:$port/ocsp" 2>&1 || true
}
wait_log "$log" 'event="OCSP responder certified" ca=issuing'
ok "OCSP says that it is good" grep -q ': good' <(status)
wait_ready 503
ok "readiness says why" grep -q '"reason":".*ca/issuing.pem: the CA certificate has ended on ' "$work/ready.json"
wait_log "$log" 'event="no more CRLs" ca=issuing reason="the CA.s certificate has ended"'
wait_log "$log" 'event="OCSP ended" ca=issuing'
cp "$work/crl" "$work/last.crl"
ok "the CRL stays" is_there
same "it is the last one" "$(cksum <"$work/crl")" "$(cksum <"$work/last.crl")"
ok "OCSP answers for nobody" grep -q unauthorized <(status)
done_testing
