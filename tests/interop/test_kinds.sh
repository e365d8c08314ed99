#!/bin/bash
# A certificate of every ready-made profile, held against what OpenSSL, GnuTLS and strongSwan ask of one.
. "$(dirname "$0")/../lib.sh"

command -v certtool >/dev/null || skip "no certtool (gnutls-bin)"
command -v pki >/dev/null || skip "no pki (strongswan-pki)"

made=$work/made
mkdir "$made"
ok "a certificate of each kind" "$CMPD_TESTS/kinds" "$made"
kinds=$(cat "$work/last.out")
same "kinds" "$(wc -l <<<"$kinds")" 7

# field FILE NAME: an extension, in one line.
field() {
    openssl x509 -in "$1" -noout -ext "$2" 2>/dev/null | xargs
}

for kind in $kinds; do
    for type in P-256 RSA; do
        leaf=$made/$kind-$type.pem
        ok "$kind, $type: OpenSSL" openssl verify -x509_strict -CAfile "$made/root.pem" -untrusted "$made/issuing.pem" "$leaf"
        cat "$leaf" "$made/issuing.pem" >"$work/chain.pem"
        ok "$kind, $type: GnuTLS" certtool --verify --load-ca-certificate "$made/root.pem" --infile "$work/chain.pem"
        ok "$kind, $type: strongSwan" pki --verify --in "$leaf" --cacert "$made/issuing.pem" --cacert "$made/root.pem"
    done
done

# What each is for.
gnb=A0815.gnb.mnc001.mcc262.3gppnetwork.org
same "gnb-ipsec: subject" "$(openssl x509 -in "$made/gnb-ipsec-P-256.pem" -noout -subject)" "subject=CN = $gnb"
same "gnb-ipsec: name" "$(field "$made/gnb-ipsec-P-256.pem" subjectAltName)" "X509v3 Subject Alternative Name: DNS:$gnb"
same "gnb-ipsec: purpose" "$(field "$made/gnb-ipsec-P-256.pem" extendedKeyUsage)" "X509v3 Extended Key Usage: ipsec Internet Key Exchange"
same "gnb-ipsec: usage" "$(field "$made/gnb-ipsec-RSA.pem" keyUsage)" "X509v3 Key Usage: critical Digital Signature"
same "enb-ipsec: purposes" "$(field "$made/enb-ipsec-P-256.pem" extendedKeyUsage)" \
    "X509v3 Extended Key Usage: ipsec Internet Key Exchange, 1.3.6.1.5.5.8.2.2"
same "seg: usage of RSA" "$(field "$made/seg-RSA.pem" keyUsage)" "X509v3 Key Usage: critical Digital Signature, Key Encipherment"
same "seg: usage of EC" "$(field "$made/seg-P-256.pem" keyUsage)" "X509v3 Key Usage: critical Digital Signature"
same "seg: name" "$(field "$made/seg-P-256.pem" subjectAltName)" "X509v3 Subject Alternative Name: DNS:a1.ran.example"
same "nf-tls: names" "$(field "$made/nf-tls-P-256.pem" subjectAltName)" \
    "X509v3 Subject Alternative Name: critical DNS:a1.ran.example, URI:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
same "nf-oauth: purposes" "$(field "$made/nf-oauth-P-256.pem" extendedKeyUsage)" \
    "X509v3 Extended Key Usage: 1.3.6.1.5.5.7.3.37, 1.3.6.1.5.5.7.3.39"
same "oam: user" "$(field "$made/oam-P-256.pem" subjectAltName)" \
    "X509v3 Subject Alternative Name: email:A0815@oam.mnc001.mcc262.3gppnetwork.org"
ok "nf-tls: NFTypes in order" sh -c "openssl x509 -in '$made/nf-tls-P-256.pem' -outform DER | openssl asn1parse -inform DER -strparse \$(openssl x509 -in '$made/nf-tls-P-256.pem' -outform DER | openssl asn1parse -inform DER | sed -n '/1.3.6.1.5.5.7.1.34/{n;s/^ *\([0-9]*\):.*/\1/p}') | sed -n 's/.*IA5STRING *://p' | xargs | grep -x 'AMF SMF'"

# What a reader does not take is told: the test must be able to fail.
sed '3s/./A/' "$made/seg-RSA.pem" >"$work/damaged.pem"
not_ok() { ! "$@" >/dev/null 2>&1; }
ok "a damaged one is refused" not_ok openssl verify -x509_strict -CAfile "$made/root.pem" -untrusted "$made/issuing.pem" "$work/damaged.pem"
done_testing
