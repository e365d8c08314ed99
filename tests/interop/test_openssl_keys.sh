#!/bin/bash
# Keys of every kind, of devices and to be certified, and CAs with keys of every kind, with openssl cmp.
. "$(dirname "$0")/../lib.sh"

kinds="P-256 P-384 P-521 RSA Ed25519"

# vendor_device KIND: a vendor's root of that kind and a device under it, in $work/KIND-*.
vendor_device() {
    local kind=$1
    new_key "$work/$kind-root.key" "$kind"
    new_key "$work/$kind-device.key" "$kind"
    openssl req -x509 -key "$work/$kind-root.key" -subj "/CN=$kind root" -days 30 -out "$work/$kind-root.pem"
    openssl req -new -key "$work/$kind-device.key" -subj "/CN=$kind device" -out "$work/$kind-device.csr"
    printf 'keyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >"$work/ext"
    openssl x509 -req -in "$work/$kind-device.csr" -CA "$work/$kind-root.pem" -CAkey "$work/$kind-root.key" \
        -days 30 -extfile "$work/ext" -CAcreateserial -out "$work/$kind-device.pem" 2>/dev/null
    cp "$work/$kind-root.pem" "$dir/demo/$kind-root.pem"
    sed -i "s|^    anchors: \[|    anchors: [demo/$kind-root.pem, |" "$dir/cmpd.yaml"
}

demo keys
credentials
for kind in $kinds; do
    vendor_device "$kind"
    new_key "$work/new-$kind.key" "$kind"
done
add_profile old "tolerate: [sha1-mac]"
printf 'a secret of old' >"$work/secret"
ok "a secret for it" "$CMPD_BIN/cmpctl" secret add --config "$dir/cmpd.yaml" --reference old --secret-file "$work/secret" \
    --profile old --reusable
start_server cmpd "$dir/cmpd.yaml" "$work/keys.log"

for kind in $kinds; do
    # The earlier client cannot sign CMP messages with Ed25519: "unsupported key type".
    if [ "$kind" = Ed25519 ]; then use_client 3.5; else use_client 3.0; fi
    ok "protected by a $kind device" cmp -cmd ir -newkey "$work/new-P-256.key" -subject "/CN=by-$kind" \
        -cert "$work/$kind-device.pem" -key "$work/$kind-device.key" -trusted "$dir/ca/root.pem" -certout "$work/out.pem"
    ok "a $kind key certified" cmp -cmd cr -newkey "$work/new-$kind.key" -subject "/CN=new-$kind" "${by_device[@]}" \
        -certout "$work/out.pem"
    same "the $kind key" "$(openssl x509 -in "$work/out.pem" -noout -pubkey)" \
        "$(openssl pkey -in "$work/new-$kind.key" -pubout)"
    # The new certificate may protect requests itself (RFC 9483 4.1.2).
    ok "protected by an issued $kind certificate" cmp -cmd cr -newkey "$work/new-P-256.key" -subject "/CN=next" \
        -cert "$work/out.pem" -key "$work/new-$kind.key" -trusted "$dir/ca/root.pem" -certout "$work/next.pem"
done

use_client 3.0
ok "protected by RSA with another digest" cmp -cmd ir -newkey "$work/new-P-256.key" -subject "/CN=sha512" -digest sha512 \
    -cert "$work/RSA-device.pem" -key "$work/RSA-device.key" -trusted "$dir/ca/root.pem" -certout "$work/out.pem"
# RFC 9688: SHA-3, in the protection and in the proof of possession; the device's certificate is signed so, too. The
# earlier client knows no such algorithm.
use_client 3.5
for digest in sha3-224 sha3-256 sha3-384 sha3-512; do
    for kind in P-256 RSA; do
        openssl x509 -req -in "$work/$kind-device.csr" -CA "$work/$kind-root.pem" -CAkey "$work/$kind-root.key" "-$digest" \
            -days 30 -extfile "$work/ext" -CAcreateserial -out "$work/$digest.pem" 2>/dev/null
        ok "protected by $kind with $digest" cmp -cmd ir -newkey "$work/new-$kind.key" -subject "/CN=$digest" -digest "$digest" \
            -cert "$work/$digest.pem" -key "$work/$kind-device.key" -trusted "$dir/ca/root.pem" -certout "$work/out.pem" \
            -reqout "$work/$digest.der"
        ok "it is $digest that signs" grep -Eq "protectionAlg.*(ecdsa-with|v1-5-with)-$digest" \
            <("$CMPD_BIN/cmpctl" decode "$work/$digest.der" | tr '\n' ' ')
    done
done
use_client 3.0
# RFC 4055 3.1: RSASSA-PSS with each of SHA-2, in a certificate.
for bits in 224 256 384 512; do
    openssl x509 -req -in "$work/RSA-device.csr" -CA "$work/RSA-root.pem" -CAkey "$work/RSA-root.key" "-sha$bits" \
        -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -days 30 -extfile "$work/ext" -CAcreateserial \
        -out "$work/pss.pem" 2>/dev/null
    ok "protected by a certificate of RSASSA-PSS with SHA-$bits" cmp -cmd ir -newkey "$work/new-P-256.key" -subject "/CN=pss" \
        -cert "$work/pss.pem" -key "$work/RSA-device.key" -trusted "$dir/ca/root.pem" -certout "$work/out.pem"
done
# What no library has is named.
openssl genpkey -algorithm ed448 -out "$work/ed448.key"
openssl ecparam -name brainpoolP256r1 -genkey -noout -out "$work/brainpool.key"
refused "an Ed448 key" 'keys of type Ed448 are not supported: .* use Ed25519' cmp -cmd ir -newkey "$work/ed448.key" -popo -1 \
    -subject /CN=ed448 "${by_device[@]}" -certout "$work/none.pem"
refused "a brainpool key" 'curve brainpoolP256r1 is not supported: .* use P-256' cmp -cmd ir -newkey "$work/brainpool.key" \
    -subject /CN=brainpool "${by_device[@]}" -certout "$work/none.pem"
for mac in hmacWithSHA224 hmacWithSHA256 hmacWithSHA384 hmacWithSHA512; do
    ok "PasswordBasedMac with $mac" cmp -cmd ir -newkey "$work/new-P-256.key" -subject "/CN=$mac" -mac "$mac" \
        "${by_secret[@]}" -certout "$work/out.pem"
done
for mac in hmacWithSHA1 hmac-sha1; do
    refused "PasswordBasedMac with $mac" 'badAlg.*HMAC-SHA1 must not protect a message' cmp -cmd ir \
        -newkey "$work/new-P-256.key" -subject "/CN=$mac" -mac "$mac" "${by_secret[@]}" -certout "$work/out.pem" \
        -unprotected_errors -trusted "$dir/ca/root.pem"
    ok "PasswordBasedMac with $mac, tolerated" cmp -cmd ir -newkey "$work/new-P-256.key" -subject "/CN=$mac" -mac "$mac" \
        -ref old -secret "file:$work/secret" -recipient /CN=x -path .well-known/cmp/p/old -certout "$work/out.pem"
done
# RFC 9688 section 2, RFC 9810 5.1.3.1
for digest in sha3-256 sha3-512; do
    ok "$digest as one-way function" cmp -cmd ir -newkey "$work/new-RSA.key" -subject "/CN=$digest" -digest "$digest" \
        "${by_secret[@]}" -certout "$work/out.pem"
done
refused "SHA-1 as one-way function" 'badAlg' cmp -cmd ir -newkey "$work/new-P-256.key" -subject "/CN=sha1" -digest sha1 \
    "${by_secret[@]}" -certout "$work/out.pem" -unprotected_errors -trusted "$dir/ca/root.pem"
ok "a subjectAltName" cmp -cmd ir -newkey "$work/new-P-256.key" -subject "/CN=san" -sans "127.0.0.1 gnb.example" \
    "${by_device[@]}" -certout "$work/out.pem"
openssl x509 -in "$work/out.pem" -noout -ext subjectAltName | grep -q 'DNS:gnb.example' || fail "subjectAltName is lost"
stop_server

# The operator's own keys of every kind.
for kind in $kinds; do
    dir=$work/ca-$kind
    port=$(free_port)
    ok "init with $kind" "$CMPD_BIN/cmpctl" init "$dir" --demo --key-type "$kind" --listen "127.0.0.1:$port" --admin-listen "127.0.0.1:$port"
    credentials
    start_server cmpd "$dir/cmpd.yaml" "$work/ca-$kind.log"
    ok "enrolled at a CA with $kind" cmp -cmd ir -newkey "$work/new-P-256.key" -subject "/CN=gnb" "${by_device[@]}" \
        -certout "$work/out.pem"
    ok "the chain of $kind" openssl verify -CAfile "$dir/ca/root.pem" -untrusted "$dir/ca/issuing.pem" "$work/out.pem"
    stop_server
done
done_testing
