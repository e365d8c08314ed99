#!/bin/bash
# CMP over HTTP/2 by curl and h2load, and over HTTP/1.0 and 1.1, on both fronts. A byte-identical request is answered
# again from the same transaction: one ir serves as many requests as are wanted, and one certificate comes of it.
. "$(dirname "$0")/../lib.sh"

# post OUT ARGUMENTS...: sends the ir with curl; prints version, status and type of the answer.
post() {
    local out=$1
    shift
    curl -sS -o "$out" -w '%{http_version} %{http_code} %{content_type}' --data-binary "@$work/ir.der" \
        -H 'Content-Type: application/pkixcmp' "$@"
}

# holds_certificate FILE: the answer is a PKIMessage with the certificate that was issued.
holds_certificate() {
    python3 - "$1" "$work/cert.der" <<'PY'
import sys
answer, cert = (open(name, "rb").read() for name in sys.argv[1:])
assert cert in answer, "the certificate is not in the answer"
PY
}

new_key "$work/new.key" P-256
for program in cmpd cmpd-epoll; do
    demo "$program"
    add_tls
    credentials
    start_server "$program" "$dir/cmpd.yaml" "$work/$program.log"
    ok "$program: the first ir" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=h2" -implicit_confirm "${by_device[@]}" \
        -reqout "$work/ir.der" -certout "$work/cert.pem"
    openssl x509 -in "$work/cert.pem" -outform DER -out "$work/cert.der"
    url=http://127.0.0.1:$port/.well-known/cmp/p/demo
    tls_url=https://localhost:$tls_port/.well-known/cmp/p/demo

    # RFC 9483 6: "PKI management entities SHOULD offer HTTP and MAY offer CoAP where required."
    # RFC 9811 3: "For direct interaction between two entities, where a reliable transport protocol like TCP [RFC9293] is
    # available, HTTP [RFC9110] SHOULD be utilized for conveying CMP messages."
    # RFC 9483 7.2: "HTTP SHOULD be supported and CoAP MAY be supported at all PKI entities for maximizing general
    # interoperability at transfer level."
    # RFC 9483 7.2 HTTP, RA: "[Table 4: HTTP Transfer, Section 6.1] SHOULD"
    # RFC 9483 7.2 HTTP, CA: "[Table 4: HTTP Transfer, Section 6.1] SHOULD"
    # RFC 9483 6: "When conveying CMP messages in HTTP, CoAP, or MIME-based transfer protocols, the Internet media type
    # […] 3.4 of CMP over HTTP [RFC6712] and Section 2.3 of CMP over CoAP [RFC9482]."
    # RFC 9483 6.1: "If HTTP transfer is used, the specifications described in [RFC6712] and updated by CMP Updates
    # [RFC9480] MUST be followed."
    # RFC 9483 6.1: "PKI management operations MUST use a URI path consisting of '/.well-known/cmp' or
    # '/.well-known/cmp/p/<name>' as specified in Section 3.3 of CMP Updates [RFC9480]."
    same "$program: HTTP/1.0" "$(post "$work/a" --http1.0 "$url")" "1.1 200 application/pkixcmp"
    ok "$program: HTTP/1.0, its answer" holds_certificate "$work/a"
    same "$program: HTTP/1.1" "$(post "$work/a" --http1.1 "$url")" "1.1 200 application/pkixcmp"
    ok "$program: HTTP/1.1, its answer" holds_certificate "$work/a"
    same "$program: HTTP/2 by prior knowledge" "$(post "$work/a" --http2-prior-knowledge "$url")" "2 200 application/pkixcmp"
    ok "$program: HTTP/2, its answer" holds_certificate "$work/a"
    # RFC 9810 8.5: "In cases where long-term security is needed, CMP messages SHOULD be transferred over a mechanism that
    # provides pfs, such as TLS with appropriate cipher suites selected."
    for version in 1.2 1.3; do
        same "$program: HTTP/2 by ALPN, TLS $version" \
            "$(post "$work/a" --http2 --tlsv$version --tls-max $version --cacert "$dir/tls/server.pem" "$tls_url")" \
            "2 200 application/pkixcmp"
        ok "$program: HTTP/2 over TLS $version, its answer" holds_certificate "$work/a"
    done
    refused "$program: TLS 1.1" 'error|alert|protocol' openssl s_client -connect "127.0.0.1:$tls_port" -tls1_1 </dev/null

    # Statuses other than 200 only where there is no PKIMessage to answer (RFC 9811 3.1), and then with CMP as body.
    same "$program: a path that is none" "$(post "$work/a" "http://127.0.0.1:$port/nothing")" "1.1 404 application/pkixcmp"
    ok "$program: its body" openssl asn1parse -inform DER -in "$work/a"
    same "$program: not a PKIMessage" "$(curl -sS -o "$work/a" -w '%{http_code} %{content_type}' --data-binary hello \
        -H 'Content-Type: application/pkixcmp' "$url")" "400 application/pkixcmp"
    ok "$program: its body" openssl asn1parse -inform DER -in "$work/a"

    for streams in 1 32; do
        h2load -n 2000 -c 4 -m $streams -d "$work/ir.der" -H 'content-type: application/pkixcmp' "$url" >"$work/h2load.out"
        ok "$program: h2load with $streams streams" grep -q '2000 done, 2000 succeeded, 0 failed' "$work/h2load.out"
    done
    same "$program: one certificate" "$("$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" --json | wc -l)" 1
    stop_server
done
done_testing
