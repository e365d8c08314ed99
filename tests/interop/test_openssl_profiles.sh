#!/bin/bash
# What the settings of a profile do, as openssl cmp meets it.
. "$(dirname "$0")/../lib.sh"

demo profiles
credentials
make_ra
by_ra=(-cert "$work/ra.pem" -key "$work/ra.key" -trusted "$dir/ca/root.pem")
sed -i 's|^vendors:|vendors:\n  - name: registration\n    anchors: [ra-ca.pem]|' "$dir/cmpd.yaml"
add_profile strict "accept.header: rfc9483"
add_profile honouring "request.honour: [subjectAltName, validity, keyUsage]"
add_profile refusing "request.refuse: [validity, other]"
add_profile naming 'names.subject: [O=Operator, "CN=${CN}"]' 'names.san: ["DNS:${CN}.ran.example"]'
add_profile placed 'names.subject: [O=Operator, "L=${device.site}"]'
add_profile linted "certificate.key_usage: [encipherOnly]"
add_profile warning "certificate.key_usage: [encipherOnly]" "lint: warn"
add_profile bound "names.subject_bound: true"
add_profile unique "keys.unique: true"
add_profile keeping "keys.same_in_update: true"
add_profile generous "answer.ca_pubs: always" "answer.extra_certs: [demo/vendor-root.pem]"
add_profile silent "answer.ca_pubs: never"
add_profile ra "accept.ras: [registration]" "accept.vendors: [demo, registration]"
start_server cmpd "$dir/cmpd.yaml" "$work/profiles.log"

new_key "$work/new.key" P-256
new_key "$work/next.key" P-256
printf '[usage]\nkeyUsage=critical,digitalSignature\n' >"$work/usage.cnf"

this_ca=(-issuer "/O=Demo Operator/CN=Issuing CA")

# enroll TEXT PROFILE ARGUMENTS...: an ir, and its certificate in $work/out.pem.
enroll() {
    local text=$1 profile=$2
    shift 2
    rm -f "$work/out.pem"
    ok "$version: $text" cmp -cmd ir -path ".well-known/cmp/p/$profile" -newkey "$work/new.key" -subject "/CN=gnb" \
        -certout "$work/out.pem" "$@"
    cp "$work/last.out" "$work/enroll.out"
    same "$version: $text, its profile" "$(stored serial "$(serial_of "$work/out.pem")" profile)" "$profile"
}

# not_enrolled TEXT PROFILE PATTERN ARGUMENTS...
not_enrolled() {
    local text=$1 profile=$2 pattern=$3
    shift 3
    refused "$version: $text" "$pattern" cmp -cmd ir -path ".well-known/cmp/p/$profile" -newkey "$work/new.key" \
        -subject "/CN=gnb" -certout "$work/none.pem" "$@"
}

# modified, unmodified: the status of the certificate as the client shows it (RFC 9483 4.1.1).
modified() {
    ok "$version: the client shows grantedWithMods and the text" \
        grep -q 'granted with modifications; StatusString: "..*"' "$work/enroll.out"
}
unmodified() {
    if grep -q 'modifications' "$work/enroll.out"; then fail "$version: grantedWithMods: $(cat "$work/enroll.out")"; fi
}

field() {
    openssl x509 -in "$work/out.pem" -noout "$@" | tail -n 1 | sed 's/^ *//'
}

# update ARGUMENTS...: a kur of what was enrolled last.
update() {
    cmp -cmd kur -cert "$work/out.pem" -key "$work/new.key" -trusted "$dir/ca/root.pem" -certout "$work/next.pem" "$@"
}

for version in 3.0 3.5; do
    use_client "$version"

    enroll "the header of RFC 9483" strict "${by_device[@]}"
    enroll "the header of RFC 9483, implicit confirmation" strict "${by_device[@]}" -implicit_confirm
    ok "$version: kur with the header of RFC 9483" update -newkey "$work/next.key" -path .well-known/cmp/p/strict
    ok "$version: rr with the header of RFC 9483" cmp -cmd rr -cert "$work/out.pem" -key "$work/new.key" \
        -oldcert "$work/out.pem" -trusted "$dir/ca/root.pem" -path .well-known/cmp/p/strict

    enroll "nothing else asked for" demo "${by_device[@]}" "${this_ca[@]}"
    unmodified
    # Left to itself the client asks for the issuer of the certificate that it signs with.
    enroll "another issuer asked for" demo "${by_device[@]}"
    modified
    enroll "ten days asked for, a year granted" demo "${by_device[@]}" -days 10
    modified
    ok "$version: it is valid for a year" openssl x509 -in "$work/out.pem" -noout -checkend $((364 * 86400))
    enroll "keyUsage asked for, another granted" demo "${by_device[@]}" -config "$work/usage.cnf" -reqexts usage
    modified
    same "$version: the profile's keyUsage" "$(field -ext keyUsage)" "Digital Signature, Key Agreement"

    enroll "ten days honoured" honouring "${by_device[@]}" -days 10 "${this_ca[@]}"
    unmodified
    ok "$version: it is valid for nine days" openssl x509 -in "$work/out.pem" -noout -checkend $((9 * 86400))
    refused "$version: and not for eleven" 'will expire' openssl x509 -in "$work/out.pem" -noout -checkend $((11 * 86400))
    enroll "keyUsage honoured" honouring "${by_device[@]}" -config "$work/usage.cnf" -reqexts usage "${this_ca[@]}"
    unmodified
    same "$version: the keyUsage asked for" "$(field -ext keyUsage)" "Digital Signature"

    not_enrolled "validity refused" refusing badCertTemplate "${by_device[@]}" -days 10
    not_enrolled "keyUsage refused" refusing badCertTemplate "${by_device[@]}" -config "$work/usage.cnf" -reqexts usage
    enroll "nothing to refuse" refusing "${by_device[@]}"

    enroll "names by template" naming "${by_device[@]}"
    modified
    same "$version: subject by template" "$(field -subject)" "subject=O = Operator, CN = gnb"
    same "$version: subjectAltName by template" "$(field -ext subjectAltName)" "DNS:gnb.ran.example"
    ok "$version: an update keeps names that are no more asked for" update -newkey "$work/next.key" \
        -path .well-known/cmp/p/naming
    same "$version: they are kept" "$(openssl x509 -in "$work/next.pem" -noout -subject -ext subjectAltName)" \
        "$(openssl x509 -in "$work/out.pem" -noout -subject -ext subjectAltName)"

    # The station is told the variable, the operator the setting as well.
    not_enrolled "a name of what nobody knows" placed 'this profile makes subject with ..device.site.: ' "${by_device[@]}"
    ok "$version: the log names the setting" \
        grep -q 'detail="profiles\[[0-9]*\].names.subject\[1\]: ${device.site}: .*subject asked for: CN=gnb"' "$work/profiles.log"

    # RFC 5280 4.2.1.3: encipherOnly means nothing without keyAgreement.
    not_enrolled "what breaks RFC 5280" linted 'would break RFC 5280 4.2.1.3' "${by_device[@]}"
    enroll "what breaks RFC 5280, with a warning" warning "${by_device[@]}"
    ok "$version: the log warns" grep -q 'level=warn event="certificate issued".*warning="the certificate breaks RFC 5280 4.2.1.3' \
        "$work/profiles.log"

    enroll "the name of the protecting certificate" bound "${by_device[@]}" -subject "/CN=device"
    not_enrolled "another name" bound 'notAuthorized' "${by_device[@]}" -subject "/CN=another"

    new_key "$work/once-$version.key" P-256
    enroll "a key for the first time" unique "${by_device[@]}" -newkey "$work/once-$version.key"
    not_enrolled "the key again" unique 'badCertTemplate' "${by_device[@]}" -newkey "$work/once-$version.key"

    enroll "to be updated" demo "${by_device[@]}"
    refused "$version: an update with the old key" 'badCertTemplate' update -newkey "$work/new.key"
    enroll "to be updated" keeping "${by_device[@]}"
    refused "$version: an update under another profile" 'notAuthorized' update -newkey "$work/next.key"
    ok "$version: an update may keep its key" update -newkey "$work/new.key" -path .well-known/cmp/p/keeping

    enroll "the root in caPubs, more certificates" generous "${by_device[@]}" -cacertsout "$work/ca-pubs.pem" \
        -extracertsout "$work/extra.pem"
    same "$version: the root in caPubs" "$(openssl x509 -in "$work/ca-pubs.pem" -noout -fingerprint)" \
        "$(openssl x509 -in "$dir/ca/root.pem" -noout -fingerprint)"
    ok "$version: the certificate sent along" test "$(openssl crl2pkcs7 -nocrl -certfile "$work/extra.pem" |
        openssl pkcs7 -print_certs -noout | grep -c '^subject=O = Demo Vendor, CN = Demo Vendor Root CA')" = 1
    enroll "caPubs with a shared secret" demo "${by_secret[@]}" -cacertsout "$work/ca-pubs.pem"
    same "$version: caPubs" "$(openssl x509 -in "$work/ca-pubs.pem" -noout -subject)" "subject=O = Demo Operator, CN = Root CA"
    rm "$work/ca-pubs.pem"
    enroll "no caPubs with a signature" demo "${by_device[@]}" -cacertsout "$work/ca-pubs.pem"
    ok "$version: no caPubs" test ! -s "$work/ca-pubs.pem"

    # RFC 9483 5.2.3.2 and 5.3.2.
    enroll "raVerified of an RA" ra "${by_ra[@]}" -popo 0
    not_enrolled "raVerified of a device" ra 'notAuthorized' "${by_device[@]}" -popo 0
    refused "$version: rr of another's certificate" 'notAuthorized' cmp -cmd rr -oldcert "$work/out.pem" \
        "${by_device[@]}" -path .well-known/cmp/p/ra
    ok "$version: rr of an RA" cmp -cmd rr -oldcert "$work/out.pem" -revreason 4 "${by_ra[@]}" -path .well-known/cmp/p/ra
    same "$version: it is revoked" "$(stored_status "$work/out.pem")" revoked
done

# What the later client alone can do.
enroll "certProfile in the header" honouring "${by_device[@]}" -profile honouring -path .well-known/cmp
not_enrolled "a certProfile that is none" demo 'badRequest' "${by_device[@]}" -profile none -path .well-known/cmp
not_enrolled "a certProfile against the path" demo 'badRequest' "${by_device[@]}" -profile honouring
enroll "without the certificates of an earlier message" demo "${by_device[@]}" -no_cache_extracerts \
    -srvcertout "$work/server.pem"
same "the certificate that protected the answer" "$(openssl x509 -in "$work/server.pem" -noout -fingerprint)" \
    "$(openssl x509 -in "$dir/ca/cmp.pem" -noout -fingerprint)"
ok "rr by issuer and serial number" cmp -cmd rr -issuer "/O=Demo Operator/CN=Issuing CA" \
    -serial "0x$(serial_of "$work/out.pem")" -cert "$work/out.pem" -key "$work/new.key" -trusted "$dir/ca/root.pem"
same "it is revoked" "$(stored_status "$work/out.pem")" revoked
stop_server
done_testing
