#!/bin/bash
# General messages (RFC 9810 5.3.19, RFC 9483 4.3), as openssl cmp asks and reads them: every infoType that its versions know.
. "$(dirname "$0")/../lib.sh"

# The next root, and what leads to it and back (RFC 9810 4.4): in $dir/ca.
make_next_root() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/next.key" \
        -out "$dir/ca/next.pem" -days 30 -subj "/O=Demo Operator/CN=Root CA 2" 2>/dev/null
    printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n' >"$work/ca.ext"
    openssl req -new -key "$work/next.key" -subj "/O=Demo Operator/CN=Root CA 2" |
        openssl x509 -req -CA "$dir/ca/root.pem" -CAkey "$dir/ca/root.key" -CAcreateserial -days 20 -extfile "$work/ca.ext" \
            -out "$dir/ca/next-by-root.pem" 2>/dev/null
    openssl req -new -key "$dir/ca/root.key" -subj "$(openssl x509 -in "$dir/ca/root.pem" -noout -subject -nameopt compat | sed 's/^subject=//')" |
        openssl x509 -req -CA "$dir/ca/next.pem" -CAkey "$work/next.key" -CAcreateserial -days 20 -extfile "$work/ca.ext" \
            -out "$dir/ca/root-by-next.pem" 2>/dev/null
}

# ask TYPE ARGUMENTS...: a genm by the device.
ask() {
    local type=$1
    shift
    cmp -cmd genm -infotype "$type" "${by_device[@]}" "$@"
}

# answered TYPE NAME ARGUMENTS...: the client shows that the answer has NAME.
answered() {
    local type=$1 name=$2
    shift 2
    ok "$version: $type is answered" ask "$type" "$@"
    cp "$work/last.out" "$work/said"
    ok "$version: $type is answered by $name" grep -qw "id-it-$name" "$work/said"
}

# same_cert TEXT FILE FILE: both hold the same certificate.
same_cert() {
    same "$1" "$(openssl x509 -in "$2" -noout -fingerprint -sha256)" "$(openssl x509 -in "$3" -noout -fingerprint -sha256)"
}

demo general
credentials
make_next_root
crl_every 24
add_profile anybody "general.unprotected: true"
add_profile strict "accept.header: rfc9483"
add_profile naming 'names.subject: [O=Operator, "CN=${CN}"]' "keys.types: [P-256, RSA]"
sed -i 's|^    chain: \[ca/root.pem\].*|&\n    next: {certificate: ca/next.pem, new_with_old: ca/next-by-root.pem, old_with_new: ca/root-by-next.pem}|' \
    "$dir/cmpd.yaml"
log=$work/general.log
start_server cmpd "$dir/cmpd.yaml" "$log"
new_key "$work/new.key" P-256
ok "a certificate" cmp -cmd ir "${by_device[@]}" -newkey "$work/new.key" -subject "/CN=gnb" -certout "$work/own.pem"
until_so "a CRL" curl -sf -o "$work/full.crl" "http://127.0.0.1:$port/crl/issuing.crl"
audits() {
    "$CMPD_BIN/cmpctl" audit list --config "$dir/cmpd.yaml" --json 2>/dev/null | wc -l
}
before=$(audits)

for version in 3.0 3.5; do
    use_client "$version"
    answered signKeyPairTypes signKeyPairTypes
    answered encKeyPairTypes encKeyPairTypes
    answered preferredSymmAlg preferredSymmAlg
    answered caProtEncCert caProtEncCert
    answered currentCRL currentCRL
    answered caKeyUpdateInfo caKeyUpdateInfo
    # What nobody asks for so (RFC 9810 5.3.19.7).
    for type in confirmWaitTime origPKIMessage implicitConfirm; do
        answered $type unsupportedOIDs
    done
    ok "$version: of a message of no infoType all is told (RFC 9810 D.5)" cmp -cmd genm "${by_device[@]}"
    ok "$version: by a shared secret" cmp -cmd genm -infotype signKeyPairTypes "${by_secret[@]}"
    ok "$version: by a certificate of this CA" cmp -cmd genm -infotype signKeyPairTypes -cert "$work/own.pem" -key "$work/new.key" \
        -trusted "$dir/ca/root.pem"
    ok "$version: to the letter of RFC 9483" ask signKeyPairTypes -path .well-known/cmp/p/strict
    refused "$version: without protection" 'badMessageCheck' cmp -cmd genm -infotype signKeyPairTypes -trusted "$dir/ca/root.pem" \
        -unprotected_requests -subject /CN=anybody
    ok "$version: without protection where the profile takes that" cmp -cmd genm -infotype signKeyPairTypes \
        -trusted "$dir/ca/root.pem" -unprotected_requests -subject /CN=anybody -path .well-known/cmp/p/anybody
    refused "$version: a path of another infoType" 'badRequest' ask signKeyPairTypes -path .well-known/cmp/getcrls
done

# What only 3.5 has support for.
answered crls unsupportedOIDs
rm -f "$work/got.pem"
ok "caCerts (RFC 9483 4.3.1)" ask caCerts -cacertsout "$work/got.pem" -path .well-known/cmp/getcacerts
same_cert "they are those below the root" "$work/got.pem" "$dir/ca/issuing.pem"
same "and no other" "$(grep -c BEGIN "$work/got.pem")" 1

# The client verifies newWithNew by newWithOld from the root that it trusts.
for asked in "" "-oldwithold $dir/ca/root.pem"; do
    rm -f "$work"/got-*.pem
    # shellcheck disable=SC2086 # two words, or none
    ok "rootCaCert (RFC 9483 4.3.2)" ask rootCaCert $asked -newwithnew "$work/got-next.pem" -newwithold "$work/got-by-root.pem" \
        -oldwithnew "$work/got-by-next.pem" -path .well-known/cmp/getrootupdate
    same_cert "newWithNew" "$work/got-next.pem" "$dir/ca/next.pem"
    same_cert "newWithOld" "$work/got-by-root.pem" "$dir/ca/next-by-root.pem"
    same_cert "oldWithNew" "$work/got-by-next.pem" "$dir/ca/root-by-next.pem"
done
reload
ok "the files of the next root are read again, with what the kernel forbids" grep -q 'event="configuration loaded"' "$work/outcome"
ok "of another root there is no update" ask rootCaCert -oldwithold "$dir/demo/vendor-root.pem" -newwithnew "$work/none.pem"
cp "$work/last.out" "$work/said"
ok "and the client says so" grep -q 'no root CA certificate update available' "$work/said"

ok "certReqTemplate (RFC 9483 4.3.3), of the profile in certProfile" ask certReqTemplate -path .well-known/cmp/getcertreqtemplate \
    -profile naming -template "$work/template.der" -keyspec "$work/keyspec.der"
openssl asn1parse -inform DER -in "$work/template.der" >"$work/template.txt"
ok "the template has a fixed organization" grep -q 'UTF8STRING *:Operator' "$work/template.txt"
same "and a CN to be filled in" "$(grep -A1 ':commonName' "$work/template.txt" | grep -c 'l= *0 prim: UTF8STRING')" 1
openssl asn1parse -inform DER -in "$work/keyspec.der" >"$work/keyspec.txt"
same "one curve" "$(grep -c ':prime256v1' "$work/keyspec.txt")" 1
same "three lengths of RSA" "$(grep -c 'INTEGER *:0[8C]00\|INTEGER *:1000' "$work/keyspec.txt")" 3

rm -f "$work/got.crl"
ok "crlStatusList (RFC 9483 4.3.4), of the certificate's distribution point" ask crlStatusList -crlcert "$work/own.pem" \
    -crlout "$work/got.crl" -path .well-known/cmp/getcrls
openssl crl -inform DER -in "$work/got.crl" -out "$work/got.crl.pem"
ok "it is the CA's" openssl crl -in "$work/got.crl.pem" -noout -CAfile "$dir/ca/issuing.pem"
same "it is the one that is published" "$(openssl crl -in "$work/got.crl.pem" -noout -fingerprint)" \
    "$(openssl crl -inform DER -in "$work/full.crl" -noout -fingerprint)"
rm -f "$work/newer.crl"
ok "there is none that is newer" ask crlStatusList -oldcrl "$work/got.crl" -crlout "$work/newer.crl"
cp "$work/last.out" "$work/said"
ok "and the client says so" grep -q 'no CRL update available' "$work/said"
ok "the CRL of the root" ask crlStatusList -crlcert "$dir/ca/issuing.pem" -crlout "$work/root.crl"
ok "is the root's" openssl crl -inform DER -in "$work/root.crl" -noout -CAfile "$dir/ca/root.pem"

# Nothing was written for any of them but for refusals of known ones: two of a path that is for another infoType.
same "records in the audit log" "$(audits)" $((before + 2))
stop_server
done_testing
