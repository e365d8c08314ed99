#!/bin/bash
# authorize of a profile: a server is asked before a certificate is issued. It allows, denies, names the device; whatever is no verdict
# is no grant.
. "$(dirname "$0")/../lib.sh"

demo cmpd
credentials
new_key "$work/new.key" P-256
new_key "$work/next.key" P-256
log=$work/node.log

# authorizer KIND: such a server at $work/KIND, with a key of its own; its port, or 0, is in $asked_port.
authorizer() {
    mkdir "$work/$1"
    (umask 077 && openssl rand -hex 32 >"$work/$1/key")
    echo '{"decision":"allow"}' >"$work/$1/answer"
    : >"$work/$1/questions"
    if [ "$1" = tls ]; then
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/tls/server.key" -out "$work/tls/server.pem" \
            -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
    fi
    python3 "$(dirname "$0")/authorizer.py" "$work/$1" "$1" 2>"$work/$1/errors" &
    servers+=($!)
    until_so "the authorizer listens" [ -f "$work/$1/port" ]
    asked_port=$(cat "$work/$1/port")
}
authorizer tls
add_profile https "devices: open"
add_profile wrong "devices: open"
tls_port=$asked_port
authorizer plain
add_profile http "devices: open"
http_port=$asked_port
authorizer unix
add_profile socket "devices: open"
mkdir "$dir/inventory"
cp "$work/tls/server.pem" "$dir/inventory/ca.pem"
for kind in tls plain unix; do cp -p "$work/$kind/key" "$dir/inventory/$kind.key"; done

# asks PROFILE URL KEY MORE: the setting, in that profile.
asks() {
    python3 - "$dir/cmpd.yaml" "$@" <<'PY'
import sys
path, name, url, key, *more = sys.argv[1:]
text = open(path).read()
begin = text.index("  - name: %s\n" % name)
begin = text.index("\n", begin) + 1
lines = ["    authorize:", f"      url: \"{url}\"", f"      key: inventory/{key}.key"] + ["      " + line for line in more]
open(path, "w").write(text[:begin] + "\n".join(lines) + "\n" + text[begin:])
PY
}
asks https "https://127.0.0.1:$tls_port/cmp" tls "ca: inventory/ca.pem" "timeout_ms: 4000"
asks wrong "https://127.0.0.1:$tls_port/cmp" tls "timeout_ms: 4000"
asks http "http://127.0.0.1:$http_port/cmp" plain "timeout_ms: 4000" "parked: 3"
asks socket "unix:$work/unix/socket" unix "timeout_ms: 5000" "parked: 5"
"$CMPD_BIN/cmpctl" demo device "$dir" other >/dev/null
ok "the configuration is right" "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"

# enrolls PROFILE [ARG...]
enrolls() {
    cmp -path ".well-known/cmp/p/$1" -cmd ir -newkey "$work/new.key" -subject /CN=gnb-1 "${by_device[@]}" -certout "$work/$1.pem" "${@:2}"
}
# answers KIND TEXT
answers() {
    echo "$2" >"$work/$1/answer"
}
# asked KIND EXPR: Python, of the last question q.
asked() {
    python3 - "$work/$1/questions" "$2" <<'PY'
import json, sys
q = json.loads(open(sys.argv[1]).readlines()[-1])
assert eval("(" + sys.argv[2] + ")"), q
PY
}
logged() {
    ok "logged: $1" grep -Eq "event=\"?request refused.*$1" "$log"
}
start_server cmpd "$dir/cmpd.yaml" "$log"

# ---- allowed: by HTTPS, HTTP, and a socket ----

for pair in https/tls http/plain socket/unix; do
    ok "${pair%/*} allows" enrolls "${pair%/*}"
    ok "it was asked" asked "${pair#*/}" "q['signature_is_right'] and q['profile'] == '${pair%/*}' and q['body'] == 'ir'"
done
ok "what it was asked" asked tls "q['subject'] == 'CN=gnb-1' and q['device'] is None and q['signer']['subject'] and
    q['said'] == {'regToken': None, 'authenticator': None, 'utf8Pairs': []} and
    q['idempotency_key'] == q['request_sha256'] and len(q['request_sha256']) == len(q['key_sha256']) == 64"
ok "of an update" cmp -path .well-known/cmp/p/https -cmd kur -newkey "$work/next.key" -cert "$work/https.pem" -key "$work/new.key" \
    -trusted "$dir/ca/root.pem" -certout "$work/updated.pem"
ok "it was asked, too" asked tls "q['body'] == 'kur'"
same "a profile without one asks nobody" "$(cat "$work"/*/questions | wc -l)" 4
ok "nobody does" enrolls demo
same "still" "$(cat "$work"/*/questions | wc -l)" 4

# ---- denied ----

answers tls '{"decision":"deny","reason":"site 7 is closed","text":"this site takes no new stations"}'
refused "denied" 'this site takes no new stations' enrolls https
logged 'detail="site 7 is closed" setting=profiles\[[0-9]\]\.authorize'
answers tls '{"decision":"deny"}'
refused "denied without a word" 'does not allow this: ask the operator' enrolls https

# ---- named ----

answers tls '{"decision":"allow","subject":["O=Operator","CN=gnb-7"],"san":["DNS:gnb7.ran.example","IP:192.0.2.7"]}'
ok "named" enrolls https
same "it has the name" "$(openssl x509 -in "$work/https.pem" -noout -subject -nameopt RFC2253)" "subject=CN=gnb-7,O=Operator"
ok "and the others" grep -q 'DNS:gnb7.ran.example, IP Address:192.0.2.7' <(openssl x509 -in "$work/https.pem" -noout -ext subjectAltName)
refused "an update has its names" 'wants other names for an update' cmp -path .well-known/cmp/p/https -cmd kur -newkey "$work/next.key" \
    -cert "$work/https.pem" -key "$work/new.key" -trusted "$dir/ca/root.pem" -certout "$work/updated.pem"
for names in '"subject":["CN="]' '"subject":["X=y"]' '"san":["DNS:a b"]' '"subject":["C=Germany"]'; do
    answers tls "{\"decision\":\"allow\",$names}"
    refused "a name that cannot be: $names" 'gave this device a name that cannot be' enrolls https
done

# ---- no verdict is no grant ----

before=$("$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" --json | wc -l)
for answer in '' 'yes' '{}' '[]' '{"decision":"allow","until":1}' '{"decision":"allow","decision":"allow"}' '{"decision":"perhaps"}' \
    '{"decision":"allow"} {"decision":"allow"}' '{"decision":"allow","subject":[]}' '{"decision":"allow","subject":"CN=x"}' \
    '{"decision":"deny","reason":7}' '{"decision":true}' 'status 500' 'status 302' 'status 204' 'close' 'half' 'long' 'sleep 9' \
    "{\"decision\":\"deny\",\"reason\":\"$(printf 'a%.0s' {1..300})\"}"; do
    answers tls "$answer"
    refused "no verdict: ${answer:0:60}" 'systemUnavail.*does not answer: try again later|does not answer: try again later' enrolls https
done
refused "a server that nobody vouches for" 'does not answer: try again later' enrolls wrong
logged 'no verdict: .*certificate.* setting=profiles\[[0-9]\]\.authorize.* profile=wrong'
same "nothing was issued" "$("$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" --json | wc -l)" "$before"
answers tls '{"decision":"allow"}'
ok "it is there again" enrolls https

# ---- the same request is asked about again under the same key; what was answered is not ----

answers tls 'status 503'
refused "not now" 'try again later' enrolls https -reqout "$work/request"
first=$(tail -n 1 "$work/tls/questions")
answers tls '{"decision":"allow"}'
curl -sS --fail --http1.1 -H 'Content-Type: application/pkixcmp' --data-binary "@$work/request" -o "$work/answer" \
    "http://127.0.0.1:$port/.well-known/cmp/p/https"
ok "again, under the same key" asked tls "q['idempotency_key'] == $(python3 -c 'import json, sys; print(repr(json.loads(sys.argv[1])["idempotency_key"]))' "$first")"
count=$(wc -l <"$work/tls/questions")
curl -sS --fail --http1.1 -H 'Content-Type: application/pkixcmp' --data-binary "@$work/request" -o "$work/answer" \
    "http://127.0.0.1:$port/.well-known/cmp/p/https"
same "a retry gets its answer, and asks nobody" "$(wc -l <"$work/tls/questions")" "$count"

# ---- strangers ask nothing, and no more wait than may ----

cp "$work/request" "$work/forged"
python3 - "$work/forged" <<'PY'
import sys
octets = bytearray(open(sys.argv[1], "rb").read())
at = octets.index(b"\x04\x10")
octets[at + 2] ^= 1
open(sys.argv[1], "wb").write(octets)
PY
curl -sS --fail --http1.1 -H 'Content-Type: application/pkixcmp' --data-binary "@$work/forged" -o "$work/answer" \
    "http://127.0.0.1:$port/.well-known/cmp/p/https"
same "who proves nothing" "$(wc -l <"$work/tls/questions")" "$count"
# ---- one station, however often it asks, leaves room for others: of the five that may wait four are its own ----

answers unix 'sleep 1.5'
pids=()
for n in $(seq 8); do
    (enrolls socket -certout "$work/socket-$n.pem" >"$work/socket-$n.out" 2>&1 || true) &
    pids+=($!)
done
until_so "it waits" grep -q 'too many questions of this one are under way' "$log"
ok "another has room" cmp -path .well-known/cmp/p/socket -cmd ir -newkey "$work/new.key" -subject /CN=gnb-2 -cert "$dir/demo/other.pem" \
    -key "$dir/demo/other.key" -extracerts "$dir/demo/other-chain.pem" -trusted "$dir/ca/root.pem" -certout "$work/other.pem"
wait "${pids[@]}"
same "so many of one waited" "$(find "$work" -name 'socket-*.pem' | wc -l)" 4

answers plain 'sleep 0.8'
pids=()
for n in 1 2 3 4 5 6 7 8; do
    (enrolls http -certout "$work/http-$n.pem" >"$work/http-$n.out" 2>&1 || true) &
    pids+=($!)
done
ok "others are served meanwhile" enrolls demo
wait "${pids[@]}"
same "so many waited" "$(find "$work" -name 'http-*.pem' | wc -l)" 3
logged 'authorize.parked questions are under way'
ok "and may again" enrolls http

# ---- a node that stops waits for those under way ----

answers plain 'sleep 0.5'
count=$(wc -l <"$work/plain/questions")
(enrolls http -certout "$work/last.pem" >"$work/last.out" 2>&1 || true) &
last=$!
until_so "it is asked" has_more "$count" . "$work/plain/questions"
kill -TERM "$server"
wait "$last"
ended "the node ends" "$server" 0
ok "with an answer" test -s "$work/last.pem"
done_testing
