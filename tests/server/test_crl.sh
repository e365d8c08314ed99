#!/bin/bash
# CRLs (RFC 5280 section 5): made aside, published over HTTP (RFC 2585) by both fronts, read by OpenSSL and GnuTLS.
. "$(dirname "$0")/../lib.sh"

demo crl
crl_every 24
credentials
. "$(dirname "$0")/../operate.sh"
url=http://127.0.0.1:$port
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"

# fetch PATH [OPTION...]: into $work/got, and prints the HTTP status.
fetch() {
    rm -f "$work/got"
    curl -s -o "$work/got" -D "$work/head" -w '%{http_code}' "${@:2}" "$url$1"
}

# A field of the last answer.
header() {
    sed -n "s/^$1: *//Ip" "$work/head" | tr -d '\r'
}

# In hexadecimal; 0 where there is none: an arithmetic error would end what waits for one.
crl_number() {
    local number
    fetch /crl/issuing.crl >/dev/null
    number=$(openssl crl -inform DER -in "$work/got" -noout -crlnumber 2>/dev/null | sed 's/^crlNumber=0x//') || true
    echo "${number:-0}"
}

is_above() {
    [ "$((16#$(crl_number)))" -gt "$1" ]
}

is_listed() {
    fetch /crl/issuing.crl >/dev/null
    openssl crl -inform DER -in "$work/got" -noout -text | grep -q "Serial Number: $1"
}

is_found() {
    [ "$(fetch "$1")" = 200 ]
}

serial_of() {
    openssl x509 -in "$1" -noout -serial | sed 's/^serial=//'
}

until_so "there is a first one" is_above 0
same "it is there" "$(fetch /crl/issuing.crl)" 200
ok "OpenSSL takes it" openssl crl -inform DER -in "$work/got" -noout -CAfile <(cat "$dir/ca/issuing.pem" "$dir/ca/root.pem")
same "its type" "$(header content-type)" application/pkix-crl
ok "how long it may be kept" grep -Eq '^public, max-age=2[0-9]{5}$' <(header cache-control)
same "octets" "$(header content-length)" "$(stat -c %s "$work/got")"
cp "$work/got" "$work/first.crl"
same "in PEM" "$(fetch /crl/issuing.pem)" 200
ok "the same" command cmp "$work/first.crl" <(openssl crl -in "$work/got" -outform DER)
same "the CA's certificate" "$(fetch /ca/issuing.cer)" 200
ok "it is that" command cmp "$work/got" <(openssl x509 -in "$dir/ca/issuing.pem" -outform DER)

same "readiness tells of it" "$(curl -s "$url/readyz" | python3 -c 'import json, sys
about, = (crl for crl in json.load(sys.stdin)["crls"] if crl["ca"] == "issuing")
assert 71 * 3600 < about.pop("seconds_left") <= 72 * 3600
print(json.dumps(about))')" '{"ca": "issuing", "number": 1, "delta": 1, "shards": 0, "late": false}'

same "its chain" "$(fetch /ca/issuing.p7c)" 200
same "its type" "$(header content-type)" "application/pkcs7-mime; smime-type=certs-only"
same "whose" "$(openssl pkcs7 -inform DER -in "$work/got" -print_certs -noout | sed -n 's/^subject=//p')" \
    "O = Demo Operator, CN = Issuing CA"

# ---- what caches ask (RFC 9110 13) ----

fetch /crl/issuing.crl >/dev/null
tag=$(header etag) since=$(header last-modified)
same "who has it gets nothing" "$(fetch /crl/issuing.crl -H "If-None-Match: $tag")" 304
same "no octets" "$(stat -c %s "$work/got" 2>/dev/null || echo 0)" 0
same "among others" "$(fetch /crl/issuing.crl -H "If-None-Match: \"x\", $tag")" 304
same "in a line of its own" "$(fetch /crl/issuing.crl -H 'If-None-Match: "x"' -H "If-None-Match: $tag")" 304
same "a tag that is weak" "$(fetch /crl/issuing.crl -H "If-None-Match: W/$tag")" 304
same "whatever is there" "$(fetch /crl/issuing.crl -H 'If-None-Match: *')" 304
same "the tag decides, and not the date" "$(fetch /crl/issuing.crl -H 'If-None-Match: "x"' -H "If-Modified-Since: $since")" 200
same "over HTTP/2" "$(fetch /crl/issuing.crl --http2-prior-knowledge -H "If-None-Match: $tag")" 304
same "with its tag" "$(header etag)" "$tag"
same "no octets" "$(stat -c %s "$work/got" 2>/dev/null || echo 0)" 0
same "who has another gets it" "$(fetch /crl/issuing.crl -H 'If-None-Match: "x"')" 200
same "since then" "$(fetch /crl/issuing.crl -H "If-Modified-Since: $since")" 304
same "before" "$(fetch /crl/issuing.crl -H 'If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT')" 200
same "a date that is none" "$(fetch /crl/issuing.crl -H 'If-Modified-Since: yesterday')" 200
for version in --http1.1 --http2-prior-knowledge; do
    same "HEAD, $version" "$(fetch /crl/issuing.crl -I $version)" 200
    same "how long it is" "$(header content-length)" "$(stat -c %s "$work/first.crl")"
    same "HEAD of what is known, $version" "$(fetch /crl/issuing.crl -I $version -H "If-None-Match: $tag")" 304
done
same "over HTTP/2" "$(fetch /crl/issuing.crl --http2-prior-knowledge)" 200
ok "the same octets" command cmp "$work/got" "$work/first.crl"
same "nothing there" "$(fetch /crl/other.crl)" 404
same "nor below it" "$(fetch /crl/issuing.crl/x)" 404
same "the folder is none: CMP is by POST" "$(fetch /crl/)" 405
same "by POST" "$(fetch /crl/issuing.crl -X POST -d x)" 405
same "which may be" "$(header allow)" "GET, HEAD"

# ---- a revocation ----

ok "certificates say where it is" grep -q "URI:$url/crl/issuing.crl" <(
    enroll gnb-1 >/dev/null 2>&1
    openssl x509 -in "$work/gnb-1.pem" -noout -ext crlDistributionPoints)
ok "and the CA's certificate" grep -q "CA Issuers - URI:$url/ca/issuing.cer" <(
    openssl x509 -in "$work/gnb-1.pem" -noout -ext authorityInfoAccess)
chain=$work/chain.pem
cat "$dir/ca/issuing.pem" "$dir/ca/root.pem" >"$chain"
valid() {
    fetch /crl/issuing.crl >/dev/null
    openssl crl -inform DER -in "$work/got" -out "$work/got.pem"
    openssl verify -crl_check -CRLfile "$work/got.pem" -untrusted "$dir/ca/issuing.pem" -CAfile "$dir/ca/root.pem" "$1"
}
ok "it is good" valid "$work/gnb-1.pem"
before=$((16#$(crl_number)))
ok "it revokes itself" cmp -cmd rr -oldcert "$work/gnb-1.pem" -cert "$work/gnb-1.pem" -key "$work/new.key" \
    -trusted "$dir/ca/root.pem" -revreason 5
until_so "the CRL lists it" is_listed "$(serial_of "$work/gnb-1.pem")"
ok "the next number" is_above "$before"
ok "with its reason" grep -q 'Cessation Of Operation' <(openssl crl -inform DER -in "$work/got" -noout -text)
refused "it is revoked" 'certificate revoked' valid "$work/gnb-1.pem"
if command -v certtool >/dev/null; then
    ok "GnuTLS reads it" grep -q "Revoked certificates (1)" <(certtool --crl-info --inder --infile "$work/got")
fi
ok "the log" grep -q 'event="CRL published" ca=issuing scope=full number=2 ' "$work/cmpd.log"
ok "the audit log" grep -q 'crl  issued  .*scope=full number=2' <("$CMPD_BIN/cmpctl" audit list --config "$dir/cmpd.yaml")

# ---- the operator's hand ----

cert() {
    "$CMPD_BIN/cmpctl" cert "$1" --config "$dir/cmpd.yaml" "${@:2}"
}
enroll gnb-3 >/dev/null 2>&1
three=$(serial_of "$work/gnb-3.pem")
ok "it is held, and waited for" grep -Eq '^CRL [0-9]+ \((full|delta)\) of issuing says so, after [0-9]+\.[0-9] s$' <(cert hold "$three" --wait)
ok "the CRL lists it" is_listed "$three"
ok "as on hold" grep -q 'Certificate Hold' <(openssl crl -inform DER -in "$work/got" -noout -text)
ok "it is released" cert release "$three" --wait
same "the CRL lists it no more" "$(status_of is_listed "$three")" 1
ok "it is good again" valid "$work/gnb-3.pem"
ok "revoked, with a date" cert revoke "$three" --reason privilegeWithdrawn --invalidity-date 2026-01-02 --wait
ok "the CRL lists it" is_listed "$three"
ok "with the date" grep -q 'Jan  2 00:00:00 2026' <(openssl crl -inform DER -in "$work/got" -noout -text | grep -A 1 'Invalidity Date')

# ---- SIGHUP, and a store that was restored ----

sed -i 's/^  number_min: .*/  number_min: 1000/' "$dir/cmpd.yaml"
kill -HUP "$server"
until_so "loaded" grep -q 'configuration loaded' "$work/cmpd.log"
until_so "it has the number that was wanted, at once" is_above 999
enroll gnb-2 >/dev/null 2>&1
ok "another revocation" cmp -cmd rr -oldcert "$work/gnb-2.pem" -cert "$work/gnb-2.pem" -key "$work/new.key" \
    -trusted "$dir/ca/root.pem"
until_so "and is followed" is_above 1000
number=$((16#$(crl_number)))

# ---- deltas (RFC 5280 5.2.4) ----

is_loaded() {
    [ "$(grep -c 'configuration loaded' "$work/cmpd.log")" = "$1" ]
}
delta_number() {
    fetch /crl/issuing-delta.crl >/dev/null
    openssl crl -inform DER -in "$work/got" -noout -crlnumber | sed 's/^crlNumber=0x//'
}
is_delta_above() {
    [ "$((16#$(delta_number)))" -gt "$1" ]
}
# Full CRLs are too large from now on.
sed -i 's/^  full_bytes: .*/  full_bytes: 0/' "$dir/cmpd.yaml"
kill -HUP "$server"
until_so "loaded" is_loaded 2
same "both are of one moment" "$((16#$(delta_number)))" "$number"
for n in 5 6; do enroll gnb-$n >/dev/null 2>&1; done
ok "certificates say where the delta is" grep -q "URI:$url/crl/issuing-delta.crl" <(
    openssl x509 -in "$work/gnb-5.pem" -noout -ext freshestCRL)
five=$(serial_of "$work/gnb-5.pem") six=$(serial_of "$work/gnb-6.pem")
ok "the delta says so" grep -Eq '^CRL [0-9]+ \(delta\) of issuing says so' <(cert hold "$five" --wait)
ok "and of another" grep -Eq '\(delta\)' <(cert revoke "$six" --wait)
is_delta_listed() {
    fetch /crl/issuing-delta.crl >/dev/null
    openssl crl -inform DER -in "$work/got" -noout -text | grep -A 4 "Serial Number: $1" | grep -q "$2"
}
until_so "it is published" is_delta_listed "$five" 'Certificate Hold'
ok "and names its base" grep -q 'X509v3 Delta CRL Indicator: critical' <(openssl crl -inform DER -in "$work/got" -noout -text)
same "the full one is the former" "$((16#$(crl_number)))" "$number"
same "and does not know" "$(status_of is_listed "$six")" 1
with_delta() {
    fetch /crl/issuing.crl >/dev/null
    openssl crl -inform DER -in "$work/got" -out "$work/full.pem"
    fetch /crl/issuing-delta.crl >/dev/null
    openssl crl -inform DER -in "$work/got" | cat "$work/full.pem" - >"$work/both.pem"
    openssl verify -crl_check -extended_crl -use_deltas -CRLfile "$work/both.pem" -untrusted "$dir/ca/issuing.pem" \
        -CAfile "$dir/ca/root.pem" "$1"
}
refused "OpenSSL puts both together" 'certificate revoked' with_delta "$work/gnb-6.pem"
refused "and for one on hold" 'certificate revoked' with_delta "$work/gnb-5.pem"
if command -v certtool >/dev/null; then
    ok "GnuTLS reads it" grep -q "Revoked certificates (5)" <(certtool --crl-info --inder --infile "$work/got")
fi
ok "who takes no delta does not know yet" valid "$work/gnb-6.pem"
ok "it is released" cert release "$five" --wait
until_so "the delta takes it off" is_delta_listed "$five" 'Remove From CRL'
ok "it is good again" with_delta "$work/gnb-5.pem"

# ---- shards (RFC 5280 5.2.5) ----

sed -i -e 's/^  shards: .*/  shards: 3/' -e '/delta_crl: /d' -e 's|/crl/issuing.crl|/crl/issuing-${shard}.crl|' \
    -e 's/^  full_bytes: .*/  full_bytes: 1048576/' "$dir/cmpd.yaml"
kill -HUP "$server"
until_so "loaded" is_loaded 3
for shard in 1 2 3; do
    until_so "there is one" is_found "/crl/issuing-$shard.crl"
    cp "$work/got" "$work/shard-$shard.crl"
    same "it says where it is" "$(openssl crl -inform DER -in "$work/got" -noout -text |
        sed -n '/X509v3 Issuing Distribution Point: critical/,/URI/s/.*URI://p')" "$url/crl/issuing-$shard.crl"
done
same "of another there is none" "$(fetch /crl/issuing-4.crl)" 404
enroll gnb-7 >/dev/null 2>&1
seven=$(serial_of "$work/gnb-7.pem")
shard=$(openssl x509 -in "$work/gnb-7.pem" -noout -ext crlDistributionPoints | sed -n 's|.*/crl/issuing-\([123]\).crl|\1|p')
ok "a certificate names its shard" [ -n "$shard" ]
same "the store knows it" "$(cert show "$seven" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["shard"])')" "$shard"
in_shard() {
    fetch "/crl/issuing-$shard.crl" >/dev/null
    openssl crl -inform DER -in "$work/got" -out "$work/shard.pem"
    openssl verify -crl_check -extended_crl -CRLfile "$work/shard.pem" -untrusted "$dir/ca/issuing.pem" \
        -CAfile "$dir/ca/root.pem" "$1"
}
ok "OpenSSL takes the shard for it" in_shard "$work/gnb-7.pem"
other=$((shard % 3 + 1))
refused "and no other" 'unable to get certificate CRL|different CRL scope' openssl verify -crl_check -extended_crl \
    -CRLfile <(openssl crl -inform DER -in "$work/shard-$other.crl") -untrusted "$dir/ca/issuing.pem" -CAfile "$dir/ca/root.pem" "$work/gnb-7.pem"
ok "it is revoked" cert revoke "$seven" --wait
is_revoked_in_shard() {
    in_shard "$work/gnb-7.pem" >"$work/verdict" 2>&1 || grep -q 'certificate revoked' "$work/verdict"
}
until_so "its shard says so" is_revoked_in_shard
ok "the full one, too" is_listed "$seven"
same "the other shards stay as they are" "$(fetch "/crl/issuing-$other.crl"; command cmp "$work/got" "$work/shard-$other.crl" && echo same)" 200same
# Certificates of former URLs and shards stay where they are.
sed -i -e 's/^  shards: .*/  shards: 1/' -e 's|http://\(.*\)/crl/issuing-|http://moved.example/crl/issuing-|' "$dir/cmpd.yaml"
kill -HUP "$server"
until_so "loaded" is_loaded 4
names_both() {
    fetch /crl/issuing-1.crl >/dev/null
    openssl crl -inform DER -in "$work/got" -noout -text | grep -A 6 'Issuing Distribution' | tr -d ' \n' | grep -q "$url/.*http://moved.example/\|http://moved.example/.*$url/"
}
until_so "both URLs are named" names_both
same "shard 3 is still there" "$(fetch /crl/issuing-3.crl)" 200
sed 's/^  shards: .*/  shards: 0/' "$dir/cmpd.yaml" >"$dir/none.yaml"
refused "a shard without shards" 'none.yaml:[0-9]+: .*there are no shards' "$CMPD_BIN/cmpctl" check "$dir/none.yaml"
number=$((16#$(crl_number)))
stop_server
sed -i -e 's/^  shards: .*/  shards: 0/' -e 's|/crl/issuing-${shard}.crl|/crl/issuing.crl|' -e 's/^  full_bytes: .*/  full_bytes: 268435456/' "$dir/cmpd.yaml"

# ---- a large one ----

# Rows as they would be there after a catastrophe: many certificates, all of them revoked.
many=$((${CMPD_SOAK:-0} == 1 ? 1000000 : 20000))
python3 - "$dir/store/cmpd.db" "$many" <<'PY'
import os, sqlite3, sys, time
db, many, now = sqlite3.connect(sys.argv[1], timeout=30), int(sys.argv[2]), int(time.time())
columns = [c[1] for c in db.execute("PRAGMA table_info(certificates)") if c[1] != "id"]
row = dict(zip(columns, db.execute(f"SELECT {', '.join(columns)} FROM certificates LIMIT 1").fetchone()))
serials = [row["serial"][:4] + os.urandom(12) for _ in range(many)]
row.update(status=3, reason=1, revoked_at=now)
last, = db.execute("SELECT last FROM positions").fetchone()
with db:
    db.executemany(f"INSERT INTO certificates ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                   ([dict(row, serial=s)[c] for c in columns] for s in serials))
    db.executemany("INSERT INTO revocations (issuer, serial, position, status, reason, at, invalidity_at, not_after, "
                   "shard) VALUES (?, ?, ?, 3, 1, ?, 0, ?, 0)",
                   ((row["issuer"], s, last + i, now, row["not_after"]) for i, s in enumerate(serials, 1)))
    db.execute("UPDATE positions SET last = ?", (last + many,))
PY
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
until_so "the large one is there" is_above "$number"
number=$((16#$(crl_number)))
entries() {
    openssl crl -inform DER -in "$1" -noout -text | grep -c 'Serial Number:'
}
cp "$work/got" "$work/large.crl"
same "all of them" "$(entries "$work/large.crl")" $((many + 5))
ok "OpenSSL takes it" openssl crl -inform DER -in "$work/large.crl" -noout -CAfile "$chain"
same "over HTTP/2" "$(fetch /crl/issuing.crl --http2-prior-knowledge)" 200
ok "the same octets" command cmp "$work/got" "$work/large.crl"

# Who reads slowly gets the one that he asked for, whatever is published meanwhile; who goes away harms nobody.
curl -s -o "$work/slow.crl" --limit-rate 200k "$url/crl/issuing.crl" &
slow=$!
curl -s -o "$work/slow2.crl" --http2-prior-knowledge --limit-rate 200k "$url/crl/issuing.crl" &
slow2=$!
curl -s -o /dev/null --limit-rate 1k -m 1 "$url/crl/issuing.crl" || true
enroll gnb-4 >/dev/null 2>&1
ok "one more revocation" cmp -cmd rr -oldcert "$work/gnb-4.pem" -cert "$work/gnb-4.pem" -key "$work/new.key" \
    -trusted "$dir/ca/root.pem"
until_so "the next one is there" is_above "$number"
ended "a slow one" "$slow" 0
ended "a slow one over HTTP/2" "$slow2" 0
ok "it is whole" command cmp "$work/slow.crl" "$work/large.crl"
ok "and the other" command cmp "$work/slow2.crl" "$work/large.crl"
same "one more" "$(entries "$work/got")" $((many + 6))
number=$((16#$(crl_number)))
stop_server

# A node that comes back publishes what it finds, on the other front, too.
start_server cmpd-epoll "$dir/cmpd.yaml" "$work/epoll.log"
until_so "published again" is_above 0
same "the same one" "$((16#$(crl_number)))" "$number"
same "what caches ask, there too" "$(fetch /crl/issuing.crl -H "If-None-Match: $(header etag)")" 304

# ---- a CA that is called otherwise: nothing of the old name stays, to grow old ----

fetch /crl/issuing.crl >/dev/null
cp "$work/got" "$work/before.crl"
sed -i -E 's/^( +-? *(name|ca)): issuing\b/\1: second/' "$dir/cmpd.yaml"
kill -HUP "$server"
until_so "it is there by its new name" is_found /crl/second.crl
ok "the same one" command cmp "$work/got" "$work/before.crl"
for path in crl/issuing.crl crl/issuing.pem crl/issuing-delta.crl crl/issuing-2.crl ca/issuing.cer ca/issuing.pem ca/issuing.p7c; do
    same "no more: $path" "$(fetch "/$path")" 404
done
stop_server

sed -i 's/^  every_hours: .*/  every_hours: 72/' "$dir/cmpd.yaml"
refused "every as long as valid" 'cmpd.yaml:[0-9]+: every_hours \(72\) is not below validity_hours' \
    "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
done_testing
