#!/bin/bash
# What clients of the field do with names, by openssl cmp: pin the CA's name for MAC-protected answers, leave the subject
# out, ask for an update under another string type; and the habits of two clients for Kubernetes and ONAP.
. "$(dirname "$0")/../lib.sh"

demo pinned
credentials
# Usages and a validity of its own, under HMAC-SHA1: ONAP's certificate service. (The client would sign with SHA-1, too, if told to
# stretch the secret by it.)
add_profile onap "tolerate: [sha1-mac]" "request.honour: [subjectAltName, keyUsage, extendedKeyUsage, validity]" \
    "request.ignore: [serialNumber, signingAlg]"
# The CA answers itself (FortiOS pins its certificate, Huawei wants its name), and signs what came with a MAC (cert-manager,
# Oracle). The CA's certificate does not have the keyUsage that a client looks for, unless it is told not to.
add_profile itself "answer.signed_by: ca"
add_profile old "tolerate: [sha1-signatures]"
add_profile signing "answer.mac_answers: signature"
add_profile both "answer.signed_by: ca" "answer.mac_answers: signature"
printf 'a secret of ONAP' >"$work/secret"
ok "a secret for it" "$CMPD_BIN/cmpctl" secret add --config "$dir/cmpd.yaml" --reference onap --secret-file "$work/secret" \
    --profile onap --reusable
for profile in itself signing both; do
    ok "a secret for $profile" "$CMPD_BIN/cmpctl" secret add --config "$dir/cmpd.yaml" --reference "$profile" \
        --secret-file "$work/secret" --profile "$profile" --reusable
done
start_server cmpd "$dir/cmpd.yaml" "$work/pinned.log"
ca="/O=Demo Operator/CN=Issuing CA"
new_key "$work/new.key" P-256
new_key "$work/next.key" P-256
new_key "$work/rsa.key" RSA

enrolled() {
    ok "$version: $1" cmp -certout "$work/out.pem" "${@:2}"
}

for version in 3.0 3.5; do
    use_client "$version"

    # RFC 9810 C.4 has "CA name" as the sender of what a MAC protects: who pins it has spent a secret for nothing else.
    enrolled "by MAC, the CA's certificate pinned" -cmd ir -newkey "$work/new.key" -subject /CN=gnb "${by_secret[@]}" \
        -srvcert "$dir/ca/issuing.pem"
    enrolled "by MAC, the CA's name expected" -cmd ir -newkey "$work/new.key" -subject /CN=gnb "${by_secret[@]}" \
        -expect_sender "$ca"
    refused "$version: by MAC, another name expected" 'does not match expected sender = /CN=another' cmp -cmd ir -newkey "$work/new.key" \
        -subject /CN=gnb "${by_secret[@]}" -expect_sender /CN=another -certout "$work/none.pem"
    enrolled "by signature, the server's certificate pinned" -cmd ir -newkey "$work/new.key" -subject /CN=gnb \
        "${by_device[@]}" -srvcert "$dir/ca/cmp.pem"

    # FortiOS: the CA's certificate pinned, by MAC and then by the certificate that it got; the sender is the CA either way.
    enrolled "by MAC of a CA that answers itself, its certificate pinned" -cmd ir -newkey "$work/new.key" -subject /CN=gnb \
        -ref itself -secret "file:$work/secret" -path .well-known/cmp/p/itself -srvcert "$dir/ca/issuing.pem"
    ok "$version: its update, the CA's certificate pinned" cmp -cmd kur -cert "$work/out.pem" -key "$work/new.key" \
        -newkey "$work/next.key" -path .well-known/cmp/p/itself -srvcert "$dir/ca/issuing.pem" -ignore_keyusage \
        -certout "$work/next.pem"
    refused "$version: without leave to ignore keyUsage" 'missing key usage digitalsignature' cmp -cmd ir -newkey "$work/new.key" \
        -subject /CN=gnb "${by_device[@]}" -path .well-known/cmp/p/itself -srvcert "$dir/ca/issuing.pem" -certout "$work/none.pem"
    refused "$version: another answers for the CA" 'does not match expected sender = .*CN=Issuing CA' cmp -cmd ir \
        -newkey "$work/new.key" -subject /CN=gnb "${by_device[@]}" -srvcert "$dir/ca/issuing.pem" -ignore_keyusage \
        -certout "$work/none.pem"
    for path in signing both; do
        signer=$dir/ca/cmp.pem
        [ "$path" = signing ] || signer=$dir/ca/issuing.pem
        enrolled "by MAC, answered by a signature ($path)" -cmd ir -newkey "$work/new.key" -subject /CN=gnb -ref "$path" \
            -secret "file:$work/secret" -recipient "$ca" -path ".well-known/cmp/p/$path" -trusted "$dir/ca/root.pem" -ignore_keyusage -extracertsout "$work/extra.pem"
        same "$version: who signed ($path)" "$(openssl x509 -in "$work/extra.pem" -noout -fingerprint)" \
            "$(openssl x509 -in "$signer" -noout -fingerprint)"
    done

    # RFC 9483 4.1.1: the NULL-DN beside a subjectAltName that names the device.
    enrolled "no subject, and a subjectAltName" -cmd ir -newkey "$work/new.key" -subject / -sans gnb.example "${by_device[@]}"
    same "$version: it has no subject" "$(openssl x509 -in "$work/out.pem" -noout -subject)" "subject="
    same "$version: but a name" "$(openssl x509 -in "$work/out.pem" -noout -ext subjectAltName | tail -n 1 | sed 's/^ *//')" \
        "DNS:gnb.example"

    # RFC 5280 7.1: the client writes UTF8String, the certificate to be updated has PrintableString.
    printf '[req]\nstring_mask=default\ndistinguished_name=dn\n[dn]\n' >"$work/printable.cnf"
    openssl req -new -key "$work/new.key" -subj "/O=Operator/CN=gnb" -config "$work/printable.cnf" -out "$work/printable.csr"
    enrolled "p10cr with PrintableString" -cmd p10cr -csr "$work/printable.csr" "${by_device[@]}"
    ok "$version: it is issued so" grep -q 'PRINTABLESTRING  *:gnb' <(openssl asn1parse -in "$work/out.pem")
    ok "$version: kur under UTF8String" cmp -cmd kur -cert "$work/out.pem" -key "$work/new.key" -newkey "$work/next.key" \
        -subject "/O=Operator/CN=gnb" -trusted "$dir/ca/root.pem" -certout "$work/next.pem"
    ok "$version: the name stays as it was" grep -q 'PRINTABLESTRING  *:gnb' <(openssl asn1parse -in "$work/next.pem")

    # cert-manager: p10cr alone, by MAC or signature, and a renewal is another one, of the same key or a new one.
    for key in new new next; do
        openssl req -new -key "$work/$key.key" -subj "/CN=manager" -addext "subjectAltName=DNS:manager.example" \
            -out "$work/manager.csr"
        enrolled "p10cr by MAC, of the $key key" -cmd p10cr -csr "$work/manager.csr" "${by_secret[@]}" -expect_sender "$ca"
        enrolled "p10cr by signature, of the $key key" -cmd p10cr -csr "$work/manager.csr" "${by_device[@]}"
    done

    # StarOS 17 and SR OS 21: messages that RSA signs with SHA-1. The certificate has SHA-256 all the same.
    old=(-newkey "$work/rsa.key" -digest sha1 -path .well-known/cmp/p/old)
    enrolled "signed with SHA-1, a proof of possession too" -cmd cr -subject /CN=old "${by_device[@]}" "${old[@]}"
    cp "$work/out.pem" "$work/old.pem"
    enrolled "its update" -cmd kur -cert "$work/old.pem" -key "$work/rsa.key" -trusted "$dir/ca/root.pem" "${old[@]}" \
        -newkey "$work/next.key"
    ok "$version: not what the CA signs" grep -q 'Signature Algorithm: ecdsa-with-SHA256' <(openssl x509 -in "$work/out.pem" -noout -text)
    refused "$version: without leave" 'sha1WithRSAEncryption is not supported: .* or have sha1-signatures tolerated' cmp -cmd kur \
        -cert "$work/old.pem" -key "$work/rsa.key" -trusted "$dir/ca/root.pem" -newkey "$work/next.key" -digest sha1 \
        -certout "$work/none.pem"

    # ONAP: an ir that is confirmed implicitly, an update of the same kind, and a revocation.
    printf '[usage]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n' >"$work/usage.cnf"
    enrolled "HMAC-SHA1, implicit confirmation, usages and days" -cmd ir -newkey "$work/rsa.key" -subject "/CN=onap" \
        -ref onap -secret "file:$work/secret" -recipient "$ca" -path .well-known/cmp/p/onap -mac hmac-sha1 -implicit_confirm -days 100 \
        -config "$work/usage.cnf" -reqexts usage -expect_sender "$ca"
    same "$version: the usage that it asked for" \
        "$(openssl x509 -in "$work/out.pem" -noout -ext keyUsage | tail -n 1 | sed 's/^ *//')" "Digital Signature"
    refused "$version: no longer than asked for" 'will expire' openssl x509 -in "$work/out.pem" -noout -checkend $((101 * 86400))
    cp "$work/out.pem" "$work/onap.pem"
    ok "$version: its update" cmp -cmd kur -cert "$work/onap.pem" -key "$work/rsa.key" -newkey "$work/next.key" \
        -trusted "$dir/ca/root.pem" -path .well-known/cmp/p/onap -implicit_confirm -certout "$work/next.pem"
    ok "$version: its revocation" cmp -cmd rr -cert "$work/next.pem" -key "$work/next.key" -oldcert "$work/next.pem" \
        -trusted "$dir/ca/root.pem" -path .well-known/cmp/p/onap
done
done_testing
