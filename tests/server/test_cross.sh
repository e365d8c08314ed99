#!/bin/bash
# Another CA asks for a cross-certificate by ccr (RFC 9810 5.3.11, D.6): people approve it, and OpenSSL takes the chain that it makes.
. "$(dirname "$0")/../lib.sh"

demo home
credentials

# ---- the partner: a CA, what it signs messages with, and a station below it ----
partner=$work/partner
mkdir "$partner"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$partner/ca.key" -out "$partner/ca.pem" -days 365 \
    -subj "/O=Partner/CN=Partner CA" -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
# issue NAME SUBJECT EXTENSIONS
issue() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$partner/$1.key" -subj "$2" -out "$partner/$1.csr" 2>/dev/null
    openssl x509 -req -in "$partner/$1.csr" -CA "$partner/ca.pem" -CAkey "$partner/ca.key" -days 30 -out "$partner/$1.pem" \
        -extfile <(printf '%b' "keyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n$3") 2>/dev/null
}
issue cmp "/O=Partner/CN=Partner CMP" ""
issue station "/O=Partner/CN=gnb-1" "subjectAltName=DNS:gnb-1.partner.example\n"
issue other "/O=Partner/CN=gnb-2" "subjectAltName=DNS:gnb-2.elsewhere.example\n"
mkdir -p "$dir/partner"
cp "$partner/ca.pem" "$dir/partner/"

# ---- this CA: room for another below it, somebody who approves, and a profile ----
refused_by() {
    refused "$1" "$2" "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/anna.key" -out "$dir/anna.pem" -days 2 -subj /CN=anna 2>/dev/null
sed -i "/^vendors:/a\\  - {name: partner, anchors: [partner/ca.pem]}" "$dir/cmpd.yaml"
sed -i "/^profiles:/i approvers:\\
  - name: anna\\
    certificate: anna.pem\\
" "$dir/cmpd.yaml"
add_profile stations "accept.vendors: [partner]"
add_profile cross "accept.vendors: [partner]" "names.subject_bound: false" "approve.check_after_seconds: 1" "confirm.implicit: true" \
    "answer.poll_nonce: poll" "certificate.key_usage: [digitalSignature]"
sed -i '/^  - name: cross$/a\    cross: {path_length: 0, permitted: ["DNS:partner.example", "O=Partner"], policies: [1.3.6.1.4.1.99999.1]}' "$dir/cmpd.yaml"
refused_by "without people" 'certifies CAs, and people have to approve each of them; write when: \[always\]'
python3 - "$dir/cmpd.yaml" <<'PY'
import sys
text = open(sys.argv[1]).read()
at = text.index("  - name: cross\n")
open(sys.argv[1], "w").write(text[:at] + text[at:].replace("      when: []", "      when: [always]", 1))
PY
refused_by "below a CA that may have none" 'pathLenConstraint of ca "issuing" is 0: no CA may stand below it'
# The same key and name, signed by another root, with room for one.
openssl req -new -key "$dir/ca/issuing.key" -subj "/O=Demo Operator/CN=Issuing CA" -out "$work/issuing.csr" 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/ca/root2.key" -out "$dir/ca/root2.pem" -days 3650 \
    -subj "/O=Demo Operator/CN=Wide Root" -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
openssl x509 -req -in "$work/issuing.csr" -CA "$dir/ca/root2.pem" -CAkey "$dir/ca/root2.key" -days 3000 -out "$dir/ca/issuing.pem" \
    -extfile <(printf 'basicConstraints=critical,CA:true,pathlen:1\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n') 2>/dev/null
sed -i 's|ca/root.pem|ca/root2.pem|; s|^  files: .*|  files: []|' "$dir/cmpd.yaml"
log=$work/home.log
start_server cmpd "$dir/cmpd.yaml" "$log"

# ---- stations do not ask there ----
new_key "$work/new.key" P-256
by_partner=(-cert "$partner/cmp.pem" -key "$partner/cmp.key" -extracerts "$partner/cmp.pem" -trusted "$dir/ca/root2.pem")
refused "a cr is none for it" 'this profile certifies CAs alone' cmp -cmd cr "${by_partner[@]}" -path .well-known/cmp/p/cross \
    -newkey "$work/new.key" -subject /CN=x -certout "$work/none.pem"

# ---- the ccr: made of a cr that openssl cmp has written, whose key is that of the partner's CA ----
cmp -cmd cr "${by_partner[@]}" -path .well-known/cmp/p/cross -newkey "$partner/ca.key" -subject "/O=Partner/CN=Partner CA" -days 90 \
    -implicit_confirm -reqout "$work/cr.der" -certout "$work/none.pem" >/dev/null 2>&1 || true
ccr() {
    python3 "$(dirname "$0")/ccr.py" "$work/cr.der" "$partner/cmp.key" "http://127.0.0.1:$port/.well-known/cmp/p/$1" "$work/$2"
}
refused "nor is another profile for a ccr" 'this profile certifies no CAs' ccr stations none.der
cmp -cmd cr "${by_partner[@]}" -path .well-known/cmp/p/cross -newkey "$partner/ca.key" -subject "/O=Partner/CN=Partner CA" -days 90 \
    -implicit_confirm -reqout "$work/cr.der" -certout "$work/none.pem" >/dev/null 2>&1 || true
ccr cross cross.der >"$work/ccr.out" 2>&1 &
asking=$!
waiting() {
    id=$("$CMPD_BIN/cmpctl" request list --config "$dir/cmpd.yaml" --json 2>/dev/null |
        python3 -c 'import json, sys; print(*[r["request"] for r in map(json.loads, sys.stdin) if r["body"] == "ccr"])')
    [ -n "$id" ]
}
until_so "it waits for people" waiting
"$CMPD_BIN/cmpctl" request show "$id" --config "$dir/cmpd.yaml" >"$work/shown"
ok "who approves sees that it is a CA" grep -q 'pathLenConstraint' "$work/shown"
ok "… and the hash of its key, as the manual has it" grep -q "$(openssl x509 -in "$partner/ca.pem" -noout -pubkey | openssl pkey -pubin -outform DER |
    sha256sum | cut -d' ' -f1)" "$work/shown"
digest=$("$CMPD_BIN/cmpctl" request show "$id" --config "$dir/cmpd.yaml" --json | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["digest"])')
ok "approved" "$CMPD_BIN/cmpctl" request approve "$id" --as anna --key "$work/anna.key" --digest "$digest" --reason "contract 7" --config "$dir/cmpd.yaml"
wait "$asking" || {
    cat "$work/ccr.out"
    fail "the ccr was not granted"
}
ok "it had to wait, and polled" test "$(lines_of 'answered by' "$work/ccr.out")" -ge 2

# ---- what came of it ----
openssl x509 -inform DER -in "$work/cross.der" -out "$work/cross.pem"
openssl x509 -in "$work/cross.pem" -noout -text >"$work/text"
for line in 'CA:TRUE, pathlen:0' 'Certificate Sign, CRL Sign' 'Permitted:' 'DNS:partner.example' 'Policy: 1.3.6.1.4.1.99999.1' \
    'Subject: O = Partner, CN = Partner CA'; do
    ok "in the cross-certificate: $line" grep -q -- "$line" "$work/text"
done
same "it stands for the partner's key" "$(openssl x509 -in "$work/cross.pem" -noout -pubkey)" "$(openssl x509 -in "$partner/ca.pem" -noout -pubkey)"
cat "$dir/ca/issuing.pem" "$work/cross.pem" >"$work/chain.pem"
ok "the chain over it" openssl verify -x509_strict -CAfile "$dir/ca/root2.pem" -untrusted "$work/chain.pem" "$partner/station.pem"
refused "not for names beyond" 'permitted subtree violation' openssl verify -CAfile "$dir/ca/root2.pem" -untrusted "$work/chain.pem" "$partner/other.pem"

# ---- whom it makes others trust: nobody's stations become ours by it ----
cat "$partner/station.pem" "$work/cross.pem" "$dir/ca/issuing.pem" >"$work/station-chain.pem"
refused "a station of the partner does not enroll where certificates of this CA do" 'not trusted by this profile' \
    cmp -cmd ir -cert "$partner/station.pem" -key "$partner/station.key" -extracerts "$work/station-chain.pem" \
    -trusted "$dir/ca/root2.pem" -path .well-known/cmp/p/demo -newkey "$work/new.key" -subject "/O=Partner/CN=gnb-1" -certout "$work/none.pem"

# Not where the CA of an RA or a vendor is this one, or the root above, either: an RA of the partner would speak for any name.
issue ra "/O=Partner/CN=RA" "extendedKeyUsage=1.3.6.1.5.5.7.3.28\n"
cat "$partner/ra.pem" "$work/cross.pem" "$dir/ca/issuing.pem" >"$work/ra-chain.pem"
for anchor in ca/issuing.pem ca/root2.pem; do
    sed -i '/name: home-grown,/d' "$dir/cmpd.yaml"
    sed -i "/^vendors:/a\\  - {name: home-grown, anchors: [$anchor]}" "$dir/cmpd.yaml"
    sed -i -E '/^  - name: stations$/,/^  - name: /s/^( +)(vendors|ras): .*/\1\2: [home-grown]/' "$dir/cmpd.yaml"
    reload
    ok "the configuration with $anchor is taken" grep -q 'configuration loaded' "$work/outcome"
    for who in station ra; do
        refused "$who of the partner, $anchor" 'not trusted by this profile' cmp -cmd ir -cert "$partner/$who.pem" -key "$partner/$who.key" \
            -extracerts "$work/$who-chain.pem" -trusted "$dir/ca/root2.pem" -path .well-known/cmp/p/stations -newkey "$work/new.key" \
            -subject "/O=Demo Operator/CN=core" -certout "$work/none.pem"
    done
    ok "the log says why, with $anchor" grep -q 'this server has certified it: to trust it here, name it in anchors of a vendor' "$log"
done
ok "in the audit log" grep -q '"cross-certify"' <("$CMPD_BIN/cmpctl" audit list --config "$dir/cmpd.yaml" --json)
stop_server
done_testing
