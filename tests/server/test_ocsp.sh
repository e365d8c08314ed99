#!/bin/bash
# OCSP (RFC 6960, RFC 9919, RFC 9654): asked by OpenSSL and GnuTLS and by curl, of both fronts.
. "$(dirname "$0")/../lib.sh"

demo ocsp
serve_ocsp
credentials
. "$(dirname "$0")/../operate.sh"
url=http://127.0.0.1:$port/ocsp
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
wait_log "$work/cmpd.log" 'event="OCSP responder certified" ca=issuing'
same "its threads have their names" "$(sort /proc/"$server"/task/*/comm | grep ocsp | paste -sd ' ')" "ocsp ocsp-renew"

# ask OPTION...: OpenSSL asks, and verifies the answer.
ask() {
    openssl ocsp -issuer "$dir/ca/issuing.pem" -url "$url" -CAfile "$dir/ca/root.pem" \
        -verify_other "$dir/ca/issuing.pem" "$@" 2>&1 || true
}

# request NAME OPTION...: writes a request into $work/NAME.
request() {
    openssl ocsp -issuer "$dir/ca/issuing.pem" -reqout "$work/$1" "${@:2}" >/dev/null 2>&1
}

# encoded NAME: as it stands in a URL.
encoded() {
    base64 -w 0 "$work/$1" | sed 's/+/%2B/g; s|/|%2F|g; s/=/%3D/g'
}

# fetch PATH [OPTION...]: into $work/got, and prints the HTTP status.
fetch() {
    rm -f "$work/got"
    curl -s --path-as-is -o "$work/got" -D "$work/head" -w '%{http_code}' "${@:2}" "http://127.0.0.1:$port$1"
}

post() {
    fetch /ocsp -H 'Content-Type: application/ocsp-request' --data-binary "@$work/$1" "${@:2}"
}

header() {
    sed -n "s/^$1: *//Ip" "$work/head" | tr -d '\r'
}

# What the answer in $work/got says: of an OCSPResponse that is none but an error, that.
says() {
    { openssl ocsp -respin "$work/got" -noverify -resp_text 2>&1 || true; } |
        sed -n 's/^ *Cert Status: *//p; s/^Responder Error: *//p; s/^ *OCSP Nonce: *$/nonce/p' | paste -sd' '
}

is_said() {
    ask -no_nonce "${@:2}" | grep -q "$1"
}

cert() {
    "$CMPD_BIN/cmpctl" cert "$1" --config "$dir/cmpd.yaml" "${@:2}"
}

for name in gnb-1 gnb-2 gnb-3; do
    ok "$name enrolls" enroll "$name"
done
one=$work/gnb-1.pem two=$work/gnb-2.pem three=$work/gnb-3.pem

# ---- certificates say where it is, and the responder's what it is ----

ok "where it is" grep -q "OCSP - URI:$url$" <(openssl x509 -in "$one" -noout -ext authorityInfoAccess)
ask -cert "$one" -resp_text | sed -n '/BEGIN CERT/,/END CERT/p' >"$work/responder.pem"
ok "the CA has certified it" openssl verify -untrusted "$dir/ca/issuing.pem" -CAfile "$dir/ca/root.pem" "$work/responder.pem"
ok "for OCSP alone" grep -q '^ *OCSP Signing$' <(openssl x509 -in "$work/responder.pem" -noout -ext extendedKeyUsage)
ok "nobody need check it" grep -q 'OCSP No Check' <(openssl x509 -in "$work/responder.pem" -noout -text)
openssl x509 -in "$work/responder.pem" -noout -text >"$work/text"
same "nor can" "$(lines_of 'Authority Information|CRL Distribution' "$work/text")" 0
same "for three days" "$(openssl x509 -in "$work/responder.pem" -noout -checkend $((3 * 86400 - 600)) >/dev/null && echo so)" so
same "no longer" "$(openssl x509 -in "$work/responder.pem" -noout -checkend $((3 * 86400)) >/dev/null || echo so)" so
same "it is in the store" "$(stored_status "$work/responder.pem")" valid
same "under this profile" "$(stored serial "$(serial_of "$work/responder.pem")" profile)" "OCSP responder"
ok "and in the audit log" grep -q "ocsp  *granted  .*responder serial=$(serial_of "$work/responder.pem")" \
    <("$CMPD_BIN/cmpctl" audit list --config "$dir/cmpd.yaml")

ok "the store is well with it" "$CMPD_BIN/cmpctl" db check --config "$dir/cmpd.yaml"

# ---- what is asked ----

ok "it is good" grep -q "$one: good" <(ask -cert "$one")
ok "the answer verifies, and has the nonce" grep -q 'Response verify OK' <(ask -cert "$one" -nonce)
ask -cert "$one" -nonce >"$work/text"
same "no warning about the nonce" "$(lines_of WARNING "$work/text")" 0
for digest in sha1 sha224 sha256 sha384 sha512; do
    ok "by $digest" grep -q "$one: good" <(ask "-$digest" -cert "$one")
    ok "by $digest, kept" grep -q "$one: good" <(ask "-$digest" -no_nonce -cert "$one")
done
ask -cert "$one" -cert "$two" -serial 0x1234 -cert "$three" >"$work/said.out"
same "several in one" "$(grep -c ': good$' "$work/said.out")" 3
ok "of them one that was never issued" grep -q '^0x1234: unknown$' "$work/said.out"
ok "a serial that is too long" grep -q ': unknown$' <(ask -serial 0x0123456789abcdef0123456789abcdef0123)
ok "one that is negative" grep -q ': unknown$' <(ask -serial -5)
openssl ocsp -issuer "$dir/ca/root.pem" -cert "$one" -reqout "$work/foreign" >/dev/null 2>&1
same "of a CA that is not this one" "$(post foreign)" 200
same "it has no records" "$(says)" "unauthorized (6)"
openssl ocsp -issuer "$dir/ca/root.pem" -serial 1 -issuer "$dir/ca/issuing.pem" -cert "$one" -no_nonce -reqout "$work/mixed" >/dev/null 2>&1
same "of both" "$(post mixed)" 200
same "it knows its own" "$(says)" "unknown good"
if command -v ocsptool >/dev/null; then
    for nonce in --nonce --no-nonce; do
        ok "GnuTLS takes the answer, $nonce" grep -q '^Verifying OCSP Response: Success' <(
            ocsptool --ask="$url" --load-cert="$one" --load-issuer="$dir/ca/issuing.pem" \
                --load-trust="$dir/ca/issuing.pem" "$nonce" 2>&1)
    done
fi

# ---- GET and POST, and what caches are told (RFC 9919 section 6 and 7) ----

request one -cert "$one" -no_nonce
for version in --http1.1 --http2-prior-knowledge; do
    same "by GET, $version" "$(fetch "/ocsp/$(encoded one)" "$version")" 200
    same "it is good" "$(says)" good
    same "its type" "$(header content-type)" application/ocsp-response
    cp "$work/got" "$work/by_get"
    same "by POST" "$(post one "$version")" 200
    ok "the same octets" command cmp "$work/got" "$work/by_get"
    same "its type" "$(header content-type)" application/ocsp-response
done
same "not encoded, with two slashes" "$(fetch "/ocsp//$(base64 -w 0 "$work/one")")" 200
ok "the same octets" command cmp "$work/got" "$work/by_get"
tag=$(header etag)
same "its tag is its hash (RFC 9919 7.2)" "$tag" "\"$(sha256sum <"$work/got" | cut -d' ' -f1)\""
ok "for how long" grep -Eq '^public, max-age=(7200|71[0-9]{2}), no-transform, must-revalidate$' <(header cache-control)
openssl ocsp -respin "$work/got" -noverify -resp_text >"$work/text" 2>/dev/null
field() {
    date -u -d "$(sed -n "s/^ *$1: *//p" "$work/text")" +%s
}
same "since thisUpdate" "$(date -u -d "$(header last-modified)" +%s)" "$(field 'This Update')"
same "until nextUpdate" "$(date -u -d "$(header expires)" +%s)" "$(field 'Next Update')"
same "for four hours" $(($(field 'Next Update') - $(field 'This Update'))) 14400
same "who has it gets nothing" "$(fetch "/ocsp/$(encoded one)" -H "If-None-Match: $tag")" 304
same "nothing" "$(stat -c %s "$work/got" 2>/dev/null || echo 0)" 0
same "who has another gets it" "$(fetch "/ocsp/$(encoded one)" -H 'If-None-Match: "x"')" 200
same "HEAD" "$(fetch "/ocsp/$(encoded one)" -I)" 200
same "how long it is" "$(header content-length)" "$(stat -c %s "$work/by_get")"
request nonce -cert "$one" -nonce
same "with a nonce" "$(post nonce)" 200
same "it is there" "$(says)" "good nonce"
same "no cache may keep it" "$(header cache-control)$(header etag)$(header expires)" no-store
same "by GET, too" "$(fetch "/ocsp/$(encoded nonce)")" 200
same "no cache may keep it" "$(header cache-control)" no-store
cp "$work/got" "$work/first"
fetch "/ocsp/$(encoded nonce)" >/dev/null
same "each one is new" "$(command cmp -s "$work/got" "$work/first" || echo so)" so
request other -serial 0x77 -no_nonce
same "what is not known" "$(fetch "/ocsp/$(encoded other)")" 200
same "is told" "$(says)" unknown

# ---- what is none ----

malformed() {
    same "$1: $2" "$2" 200
    same "$1" "$(says)" "malformedrequest (1)"
    same "$1: no cache may keep it" "$(header cache-control)" no-store
}
echo junk >"$work/junk"
: >"$work/nothing"
head -c 20000 /dev/zero >"$work/large"
malformed "junk" "$(post junk)"
malformed "nothing" "$(post nothing)"
malformed "something large" "$(post large)"
malformed "no base64" "$(fetch /ocsp/not-base64)"
malformed "half a code" "$(fetch "/ocsp/$(encoded one)%2")"
malformed "nothing in the URL" "$(fetch /ocsp/)"
malformed "nor a slash" "$(fetch /ocsp)"
same "another type" "$(fetch /ocsp -H 'Content-Type: text/plain' --data-binary "@$work/one")" 415
same "another method" "$(fetch /ocsp -X PUT --data-binary "@$work/one")" 405
same "which may be" "$(header allow)" "GET, HEAD, POST"
same "POST to what GET takes" "$(fetch /ocsp/x -H 'Content-Type: application/ocsp-request' --data-binary "@$work/one")" 404
same "a path that only begins so" "$(fetch /ocspx)" 405

# ---- what becomes of certificates ----

revoked() {
    ask -no_nonce -cert "$1" >"$work/said.out"
    grep -q ': revoked$' "$work/said.out"
}
ends_valid() {
    [ "$(stored_status "$1")" = valid ]
}
ok "kept: it is good" is_said ': good' -cert "$one"
ok "it revokes itself" cmp -cmd rr -oldcert "$one" -cert "$one" -key "$work/new.key" -trusted "$dir/ca/root.pem" -revreason 5
until_so "it is revoked" revoked "$one"
ok "for that" grep -q 'Reason: cessationOfOperation' "$work/said.out"
ok "kept: the second is good" is_said ': good' -cert "$two"
ok "held" cert hold "$(serial_of "$two")"
until_so "it is on hold" revoked "$two"
ok "as that" grep -q 'Reason: certificateHold' "$work/said.out"
ok "released" cert release "$(serial_of "$two")"
until_so "it is good again" is_said ': good' -cert "$two"

# ---- the operator waits until CRL and OCSP say so ----

log=$work/cmpd.log
crl_every 24
reload
says_so="^OCSP of issuing \\($url\\) says so, after [0-9]+\\.[0-9] s\$"
for act in hold release; do
    ok "$act" eval 'cert "$act" "$(serial_of "$two")" --wait >"$work/waited"'
    ok "$act: the CRL" grep -Eq '^CRL [0-9]+ \((full|delta)\) of issuing says so' "$work/waited"
    ok "$act: OCSP" grep -Eq "$says_so" "$work/waited"
done
ok "it is good" is_said ': good' -cert "$two"
crl_every 0
reload

# ---- unconfirmed: good until its deadline, and what the profile says then, whether upkeep has come to it or not ----

for unconfirmed in keep hold revoke; do
    add_profile "slow-$unconfirmed" "confirm.wait_seconds: 3" "confirm.unconfirmed: $unconfirmed"
done
sed -i 's/^confirm_revoke_max: .*/confirm_revoke_max: 1/' "$dir/cmpd.yaml"
log=$work/cmpd.log
reload
ok "reloaded" grep -q 'event="configuration loaded"' "$work/outcome"
for unconfirmed in keep hold revoke; do
    ok "$unconfirmed: enrolled, and not confirmed" cmp -path ".well-known/cmp/p/slow-$unconfirmed" -cmd ir \
        -newkey "$work/new.key" -subject "/CN=$unconfirmed" "${by_device[@]}" -certout "$work/$unconfirmed.pem" -disable_confirm
    ok "$unconfirmed: it is good" is_said ': good' -cert "$work/$unconfirmed.pem"
done
for unconfirmed in hold revoke; do
    until_so "$unconfirmed: it is not good any more" revoked "$work/$unconfirmed.pem"
done
wait_log "$log" 'event="unconfirmed certificates are left alone"'
same "one a minute, so upkeep has not come to one of them" \
    "$(for unconfirmed in hold revoke; do stored_status "$work/$unconfirmed.pem"; done | grep -c unconfirmed)" 1
ok "hold: it is on hold" revoked "$work/hold.pem"
ok "as that" grep -q 'Reason: certificateHold' "$work/said.out"
until_so "keep: upkeep is over" ends_valid "$work/keep.pem"
ok "keep: it is good" is_said ': good' -cert "$work/keep.pem"

# ---- renewed: another responder, which says so by its name ----

sed -i 's/^  responder_id: .*/  responder_id: name/; s/^  non_issued: .*/  non_issued: revoked/; s/^  archive_cutoff: .*/  archive_cutoff: true/' "$dir/cmpd.yaml"
reload
ok "reloaded" grep -q 'event="configuration loaded"' "$work/outcome"
responder=$(serial_of "$work/responder.pem")
ok "its certificate is revoked" cert revoke "$responder"
until_so "there is another one" has_more 1 'event="OCSP responder certified" ca=issuing' "$work/cmpd.log"
ok "and it answers" grep -q "$three: good" <(ask -cert "$three")
ok "by its name" grep -q 'Responder Id: CN = OCSP responder of issuing' <(ask -cert "$three" -resp_text)
ok "it tells since when it knows" grep -q 'OCSP Archive Cutoff' <(ask -cert "$three" -resp_text)
ask -serial 0x1234 -resp_text >"$work/said.out"
ok "what was never issued is revoked (RFC 6960 4.4.8)" grep -q '^0x1234: revoked$' "$work/said.out"
ok "since then" grep -q 'Revocation Time: Jan  1 00:00:00 1970 GMT' "$work/said.out"
ok "as on hold" grep -q 'Reason: certificateHold' "$work/said.out"
ok "which it says: to OpenSSL the OID of that is named valid" grep -q '^ *valid: *$' "$work/said.out"

# ---- two fronts ----

stop_server
start_server cmpd-epoll "$dir/cmpd.yaml" "$work/epoll.log"
wait_log "$work/epoll.log" 'event="OCSP responder certified" ca=issuing'
ok "the other front" grep -q "$three: good" <(ask -cert "$three")
ok "it has a responder of its own" test "$(ask -cert "$three" -resp_text | openssl x509 -noout -serial | sed 's/^serial=//' | tr A-F a-f)" != "$responder"
same "by GET" "$(fetch "/ocsp/$(encoded one)")" 200

# ---- a listener that does not serve it ----

stop_server
sed -i '/^ *serves: /s/, ocsp//' "$dir/cmpd.yaml"
start_server cmpd "$dir/cmpd.yaml" "$work/without.log"
same "it is not there" "$(post one)" 415
same "and nobody is certified for it" "$(lines_of 'OCSP responder' "$work/without.log")" 0
stop_server
# Certificates of responders are the CA's own, and no profile's.
ok "none of them breaks RFC 5280" "$CMPD_BIN/cmpctl" cert lint --config "$dir/cmpd.yaml"
done_testing
