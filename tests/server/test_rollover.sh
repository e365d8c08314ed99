#!/bin/bash
# A CA gets another key, with its root: the steps of deploy/manual/rollover.md, from the first to the last, on one node that serves
# throughout. Stations know one URL and one root, and are led on. What cmpctl ca rollover says is added to cmpd.yaml as it says it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../rollover.sh"

ctl=$CMPD_BIN/cmpctl
demo rollover
serve_ocsp
crl_every 1
credentials
new_key "$work/new.key" P-256
log=$work/server.log
cd "$dir"

# loaded TEXT: the configuration is taken, by a node that goes on.
loaded() {
    ok "$1: checked" "$ctl" check cmpd.yaml
    reload
    ok "$1: loaded" grep -q 'configuration loaded' "$work/outcome"
}

# verified CERT ROOT [INTERMEDIATE...]: so it is for who trusts that root alone.
verified() {
    openssl verify -CAfile "$2" -untrusted <(cat "${@:3}") "$1"
}

# at_url COMMAND ARG...: a station, which has one URL and trusts one root: $trusted.
at_url() {
    cmp -path pkix/ -cmd "$1" -trusted "$trusted" "${@:2}"
}

# enroll NAME, update NAME, revoke NAME: with its certificate in $work/NAME.pem.
enroll() {
    at_url ir -newkey "$work/new.key" -subject "/CN=$1" -cert demo/device.pem -key demo/device.key \
        -extracerts demo/device-chain.pem -certout "$work/$1.pem"
}

by_itself() {
    at_url "$1" -cert "$work/$2.pem" -key "$work/new.key" -extracerts "$work/$2.pem" -oldcert "$work/$2.pem" "${@:3}"
}

update() {
    new_key "$work/newer.key" P-256
    by_itself kur "$1" -newkey "$work/newer.key" -certout "$work/$1-newer.pem"
}

revoke() {
    by_itself rr "$1" -revreason 4
}

# issued_by CERT CA: by that key.
issued_by() {
    openssl verify -partial_chain -trusted "ca/$2.pem" "$work/$1.pem"
}

# listed CERT CA: in the CRL of that CA, which that CA has signed.
listed() {
    curl -s "http://127.0.0.1:$port/crl/$2.crl" | openssl crl -inform DER -CAfile "ca/$2.pem" -noout -text >"$work/crl.text" 2>&1 &&
        grep -q 'verify OK' "$work/crl.text" && grep -qi "$(serial_of "$work/$1.pem")" "$work/crl.text"
}

# says CERT CA STATUS: OCSP.
says() {
    openssl ocsp -issuer "ca/$2.pem" -url "http://127.0.0.1:$port/ocsp" -CAfile "ca/$2.pem" -partial_chain -verify_other "ca/$2.pem" \
        -no_nonce -cert "$work/$1.pem" 2>&1 | grep -q "^$work/$1.pem: $3\$"
}

trusted=ca/root.pem
start_server cmpd "$dir/cmpd.yaml" "$log"
for name in old-1 old-2 old-3; do
    ok "$name enrolls" enroll "$name"
done

# All that is new, where the keys of roots are.
mkdir "$work/offline"
mv ca/root.key "$work/offline/"
cp ca/{root,issuing,cmp}.pem "$work/offline/"
cd "$work/offline"
echo 'a long sentence' >words
ok "the next generation" "$ctl" ca rollover next --root root.pem --root-key root.key --issuing issuing.pem --cmp cmp.pem \
    --next-root --next-root-passphrase-file words --name 'O=Demo Operator' --name 'CN=Issuing CA 2' --profile demo
steps=$work/offline/next/steps.yaml
cd "$dir"

# 1. The next root, and what leads to it. Stations that ask are told.
cp "$work"/offline/next/ca/root* ca/
next=$(fragment "$steps" 1 cas | grep ' next:')
sed -i "/^    chain: \[ca\/root.pem\]/a\\$next" cmpd.yaml
loaded "the next root"
use_client 3.5
ok "a station asks" at_url genm -infotype rootCaCert -oldwithold ca/root.pem -newwithnew "$work/told.pem" -newwithold "$work/told-link.pem" \
    -cert "$work/old-1.pem" -key "$work/new.key" -extracerts "$work/old-1.pem"
use_client 3.0
same "and is told" "$(openssl x509 -in "$work/told.pem" -outform DER | sha256sum)" "$(openssl x509 -in ca/root-2.pem -outform DER | sha256sum)"

# 2. The new CA below it, of another name, beside the old one; and its profile, at a path of its own.
cp -p "$work"/offline/next/ca/*issuing2.* ca/
add_ca cmpd.yaml "$(fragment "$steps" 2 cas)"
sed -i "s|^  files: \[ca/root.crl\].*|$(fragment "$steps" 2 crl)|" cmpd.yaml
follow cmpd.yaml "$(fragment "$steps" 2 profiles)"
loaded "the new CA"
ok "a pilot" cmp -path .well-known/cmp/p/demo-2 -cmd ir -newkey "$work/new.key" -subject /CN=pilot -cert demo/device.pem -key demo/device.key \
    -extracerts demo/device-chain.pem -trusted ca/root-2.pem -certout "$work/pilot.pem"
ok "is issued by the new CA" issued_by pilot issuing2
ok "for who trusts the new root" verified "$work/pilot.pem" ca/root-2.pem ca/issuing2.pem
ok "and who trusts the old one" verified "$work/pilot.pem" ca/root.pem ca/root-2-by-root.pem ca/issuing2.pem
ok "others go on" enroll old-4
ok "with the old CA" issued_by old-4 issuing
same "the store has both" "$("$ctl" ca show --config cmpd.yaml --json | jq -r 'select(.role == "certificate") | .store' | sort -u | wc -l)" 2

# 3. The URL of the stations leads to the new CA. Those that know the old root alone find to it by the link.
switch_to_new cmpd.yaml
loaded "the switch"
ok "a station enrolls" enroll new-1
ok "with the new CA" issued_by new-1 issuing2
ok "one of before updates" update old-1
ok "with the old CA, which knows it" issued_by old-1-newer issuing
ok "another is revoked" revoke old-2
same "in the store" "$(stored_status "$work/old-2.pem")" revoked
until_so "in the CRL of the old CA" listed old-2 issuing
until_so "OCSP of the old CA says so" says old-2 issuing revoked
ok "others are good" says old-3 issuing good
trusted=ca/root-2.pem
ok "one of the new CA updates" update new-1
ok "with the new CA" issued_by new-1-newer issuing2
ok "and is revoked" revoke new-1
until_so "in the CRL of the new CA" listed new-1 issuing2
until_so "OCSP of the new CA says so" says new-1 issuing2 revoked
ok "others are good" says pilot issuing2 good
ok "an old one comes over by the certificate of its vendor" enroll old-3
ok "to the new CA" issued_by old-3 issuing2

# 4. Nothing of the old CA is valid any more: it goes.
python3 - cmpd.yaml <<'PY'
import re, sys
path = sys.argv[1]
text = open(path).read()
ca, next_ca = text.index("  - name: issuing\n"), text.index("  - name: issuing2\n")
text = text[:ca] + text[next_ca:]
profile = text.index("  - name: demo\n    demo:")
text = text[:profile] + text[text.index("\n\n", profile) + 1:]
text = text.replace("    former: demo\n", "").replace("  files: [ca/root.crl, ", "  files: [")
open(path, "w").write(text)
PY
loaded "the end"
ok "a station enrolls" enroll new-2
ok "with the new CA" issued_by new-2 issuing2
refused "the old CA is gone" 'not trusted|is not known|lacks' update old-1
# Again, under the same root, and by the same name: the key tells whose a certificate is.
cp -p "$work"/offline/next/ca/*.pem "$work/offline/next/root-2.key" "$work/offline/"
cd "$work/offline"
ok "a third CA" "$ctl" ca rollover third --root root-2.pem --root-key root-2.key --root-passphrase-file words \
    --issuing issuing2.pem --cmp cmp-issuing2.pem --profile demo-2
cd "$dir"
cp -p "$work"/offline/third/ca/* ca/
add_ca cmpd.yaml "$(fragment "$work/offline/third/steps.yaml" 2 cas)"
follow cmpd.yaml "$(fragment "$work/offline/third/steps.yaml" 2 profiles)"
python3 - cmpd.yaml <<'PY'
import sys
path = sys.argv[1]
text = open(path).read()
new, old = text.index("  - name: demo-3\n"), text.index("  - name: demo-2\n")
assert new < old
text = text[:new] + text[new:old].replace("    paths: []", "    paths: [/pkix/]") + text[old:].replace("    paths: [/pkix/]", "    paths: []", 1)
open(path, "w").write(text.replace("\ndefault_profile: demo-2", "\ndefault_profile: demo-3"))
PY
loaded "a third CA"
ok "a station enrolls" enroll third-1
ok "with the third CA" issued_by third-1 issuing3
ok "one of the second updates" update new-2
ok "with the second CA" issued_by new-2-newer issuing2
ok "one of the third updates" update third-1
ok "with the third CA" issued_by third-1-newer issuing3
ok "one of the second is revoked" revoke new-2
same "there" "$(stored_status "$work/new-2.pem")" revoked
ok "one of the third is revoked" revoke third-1
same "there" "$(stored_status "$work/third-1.pem")" revoked
same "what the first CA had is published no more" "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/crl/issuing.crl")" 404
stop_server

# The root alone: the CA keeps its key, and so whatever the store has of it.
demo root
crl_every 1
log=$work/root.log
cd "$dir"
trusted=ca/root.pem
start_server cmpd "$dir/cmpd.yaml" "$log"
ok "a station enrolls" enroll kept-1
ok "the next root" "$ctl" ca create ca/root-2.pem --like ca/root.pem --key "$work/next.key"
ok "what leads to it" "$ctl" ca cross --old ca/root.pem --old-key ca/root.key --new ca/root-2.pem --new-key "$work/next.key" \
    --new-with-old ca/root-2-by-root.pem --old-with-new ca/root-by-root-2.pem
openssl x509 -in ca/issuing.pem -noout -pubkey >"$work/issuing.pub"
ok "the same key below it" "$ctl" ca create ca/issuing-by-root-2.pem --like ca/issuing.pem --public-key "$work/issuing.pub" --issuer ca/root-2.pem \
    --issuer-key "$work/next.key"
ok "what the new root has revoked: nothing" "$ctl" ca crl ca/root-2.crl --certificate ca/root-2.pem --key "$work/next.key"
mv ca/root.key "$work"
sed -i 's|^    certificate: ca/issuing.pem .*|    certificate: ca/issuing-by-root-2.pem|
    s|^    chain: \[ca/root.pem\].*|    chain: [ca/root-2.pem]\n    previous: {certificate: ca/root.pem, new_with_old: ca/root-2-by-root.pem, old_with_new: ca/root-by-root-2.pem}|
    s|^  files: \[ca/root.crl\].*|  files: [ca/root-2.crl]|
    s|^      extra_certs: \[\].*|      extra_certs: [ca/root-2-by-root.pem]|' cmpd.yaml
loaded "the root"
ok "a station updates, which knows the old root" update kept-1
ok "it is known to the CA" issued_by kept-1-newer issuing-by-root-2
ok "for who trusts the old root" verified "$work/kept-1-newer.pem" ca/root.pem ca/root-2-by-root.pem ca/issuing-by-root-2.pem
trusted=ca/root-2.pem
ok "a station enrolls, which knows the new root" enroll kept-2
ok "one of before is revoked" revoke kept-1
same "there" "$(stored_status "$work/kept-1.pem")" revoked
stop_server
done_testing
