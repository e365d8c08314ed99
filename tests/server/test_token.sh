#!/bin/bash
# Signing keys in a PKCS #11 token: what the operator configures, what base stations get while the token is slow, lost,
# and back. On both fronts.
. "$(dirname "$0")/../lib.sh"

enroll() {
    cmp -cmd ir -newkey "$work/new.key" -subject "/CN=gnb" "${by_device[@]}" -certout "$work/out.pem" -implicit_confirm "$@"
}

# load PROFILE CLIENTS COUNT: as JSON. It frees nothing at its end, and is not what is tested here.
load() {
    ASAN_OPTIONS=detect_leaks=0 "$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/$1" \
        --setup "$dir" --clients "$2" --count "$3" --json
}

# use_key SETTING VALUE: in the CA's entry.
use_key() {
    python3 - "$dir/cmpd.yaml" "$1" "$2" <<'PY'
import re, sys
path, setting, value = sys.argv[1:]
text, found = re.subn(rf'(?m)^    {setting}: .*$', lambda _: f'    {setting}: "{value}"', open(path).read(), count=1)
assert found == 1
open(path, "w").write(text)
PY
}

# of_token METRIC [LABEL]: what /metrics says of the token. token_reads VALUE METRIC [LABEL]: is it that?
of_token() {
    curl -sS --fail "http://127.0.0.1:$port/metrics" | sed -n "s/^$1{token=\"pkcs11:token=cmpd%20test\"${2:-}} //p"
}
token_reads() {
    [ "$(of_token "${@:2}")" = "$1" ]
}

new_token
new_key "$work/new.key" P-256

# ---- what is wrong is told with file, line and remedy, and no PIN ever ----

demo faults
cp "$dir/ca/issuing.key" "$work/issuing.key"
into_token "$work/issuing.key" issuing 01
line=$(grep -n '^    key: ' "$dir/cmpd.yaml" | cut -d: -f1)
# faulty TEXT PATTERN URI
faulty() {
    use_key key "$3"
    refused "$1" "cmpd.yaml:$line: .*$2" "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
    refused "$1, as cmpd says it" "cmpd.yaml:$line: .*$2" "$CMPD_BIN/cmpd" --config "$dir/cmpd.yaml"
    ! grep -q sesame "$work/last.out" || fail "$1: the PIN is told"
}
good=$(token_uri issuing)
faulty "a PIN in the configuration" 'pin-value.*pin-source=file:' "pkcs11:token=cmpd%20test;object=issuing?pin-value=open-sesame"
faulty "no module" 'module.*correct module-path' "${good/fragile-token.so/missing.so}"
faulty "no token" 'no such token.*correct token' "${good/cmpd%20test/another}"
faulty "no key" 'no such private key.*correct object' "${good/object=issuing/object=another}"
faulty "the key of another certificate" 'does not belong' "$(new_key "$work/x.key" P-256; into_token "$work/x.key" x 07; token_uri x)"
chmod 640 "$hsm/pin"
faulty "a PIN that others can read" 'run chmod 600' "$good"
chmod 600 "$hsm/pin"
echo 4321 >"$hsm/pin"
faulty "a wrong PIN" 'refuses the PIN in .*/pin: .*correct it' "$good"
echo open-sesame >"$hsm/pin"
use_key key "$good"
ok "what is right" "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
sed -i "/^  - address: /a\\    tls: {certificate: tls/server.pem, key: \"pkcs11:token=x?pin-value=open-sesame\"}" "$dir/cmpd.yaml"
refused "listeners have files" 'only key and cmp_key of a CA' "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
! grep -q sesame "$work/last.out" || fail "the PIN is told"

# ---- the CA's key in the token, the key of the answers in a file ----

id=10
for program in cmpd cmpd-epoll; do
    demo "$program"
    credentials
    log=$work/$program.log
    cp "$dir"/ca/{issuing,cmp}.key "$work"
    into_token "$work/issuing.key" "issuing-$program" "$((++id))"
    into_token "$work/cmp.key" "cmp-$program" "$((++id))"
    # The same certificates three times: with one key in the token, with both, and with both in files.
    python3 - "$dir/cmpd.yaml" "$(token_uri "issuing-$program")" "$(token_uri "cmp-$program")" <<'PY'
import sys
path, key, cmp_key = sys.argv[1:]
text = open(path).read()
begin = text.index("  - name: issuing\n")
ca = text[begin:text.index("\n\n", begin) + 1]
plain = ca.replace("name: issuing", "name: plain")
one = ca.replace("ca/issuing.key", f'"{key}"')
both = one.replace("name: issuing", "name: both").replace("ca/cmp.key", f'"{cmp_key}"')
text = text[:begin] + one + plain + both + text[begin + len(ca):]
open(path, "w").write(text)
PY
    add_profile plain "ca: plain"
    add_profile both "ca: both"
    add_profile itself "answer.signed_by: ca"
    start_server "$program" "$dir/cmpd.yaml" "$log"

    ok "$program: enrolled" enroll
    ok "$program: the certificate is of this CA" openssl verify -CAfile "$dir/ca/root.pem" -untrusted "$dir/ca/issuing.pem" \
        "$work/out.pem"
    ok "$program: both keys in the token" enroll -path .well-known/cmp/p/both
    ok "$program: the CA answers itself, with its key in the token" enroll -path .well-known/cmp/p/itself \
        -srvcert "$dir/ca/issuing.pem" -ignore_keyusage
    same "$program: ready" "$(ready)" 200

    # 64 at once: the token works on as many as it has sessions. None of these ends before eight are in work.
    echo 8 >"$hsm/meet"
    load demo 64 256 >"$work/many.json" 2>"$work/bench.log" || fail "$program: many at once: $(cat "$work/bench.log")"
    ok "$program: eight were in work at once" test ! -e "$hsm/meet"
    # Who needs no token does not wait for those who do.
    touch "$hsm/hang"
    load demo 16 16 >"$work/slow.json" 2>"$work/bench.log" &
    slow=$!
    until_so "a signature waits" test -e "$hsm/hanging"
    load plain 4 12 >"$work/plain.json" 2>"$work/bench2.log" || fail "$program: without the token: $(cat "$work/bench2.log")"
    rm "$hsm/hang" "$hsm/hanging"
    ended "$program: those who waited" "$slow" 0
    ok "$program: all were served" python3 - "$work/many.json" "$work/slow.json" "$work/plain.json" <<'PY'
import json, sys
for path, count in zip(sys.argv[1:], (256, 16, 12)):
    result = json.load(open(path))
    assert result["completed"] == count and not any(result["errors"].values()), result
PY

    # Every signature of the token is counted, under its name.
    until_so "$program: nothing waits" token_reads 0 cmpd_token_waiting
    sleep 1 # a page is given again for so long
    signed=$(of_token cmpd_token_signatures_total ',outcome="signed"')
    ok "$program: many have signed" test "$signed" -ge 272
    same "$program: each has its time" "$(of_token cmpd_token_signing_duration_seconds_count)" "$signed"
    ok "$program: one more" enroll
    until_so "$program: which is counted" token_reads "$((signed + 1))" cmpd_token_signatures_total ',outcome="signed"'
    same "$program: the token answers" "$(of_token cmpd_token_usable)" 1
    same "$program: as ever" "$(of_token cmpd_token_reconnects_total)" 0

    # Lost: an answer that says so, protected as long as the key for that is there; and back, without a restart.
    touch "$hsm/lost"
    refused "$program: systemUnavail, protected" 'systemUnavail' enroll
    refused "$program: bare, where the other key is lost, too" '503|Service Unavailable' enroll -path .well-known/cmp/p/both
    refused "$program: bare, where the CA answers itself" '503|Service Unavailable' enroll -path .well-known/cmp/p/itself
    ok "$program: another CA is not concerned" enroll -path .well-known/cmp/p/plain
    wait_log "$log" 'level=error event="token lost" token="pkcs11:token=cmpd%20test" reason='
    same "$program: not ready" "$(ready)" 503
    ok "$program: with the reason" grep -q '"signing_keys":false' "$work/ready.json"
    until_so "$program: the page says so" token_reads 0 cmpd_token_usable
    kill -HUP "$server"
    wait_log "$log" 'configuration refused.*the token is lost at the moment'
    # Many that want what is lost are told so, and nothing is left behind.
    load demo 64 640 >"$work/lost.json" 2>"$work/bench.log" &
    ended "$program: many that want what is lost" $! 1
    ok "$program: none is served, each is answered" python3 -c \
        'import json, sys; r = json.load(open(sys.argv[1])); assert r["completed"] == 0 and r["errors"] == {"unavailable": 640}, r' \
        "$work/lost.json"
    rm "$hsm/lost"
    wait_log "$log" 'event="token is back" token="pkcs11:token=cmpd%20test" lost_ms='
    same "$program: ready again" "$(ready)" 200
    until_so "$program: it came back" token_reads 1 cmpd_token_reconnects_total
    same "$program: and answers" "$(of_token cmpd_token_usable)" 1
    ok "$program: some were refused" test "$(of_token cmpd_token_signatures_total ',outcome="refused"')" -gt 0
    ok "$program: enrolled again" enroll
    ok "$program: with both keys in the token, too" enroll -path .well-known/cmp/p/both

    # A session that breaks is nobody's concern; a reload keeps the token.
    touch "$hsm/broken"
    ok "$program: over a broken session" enroll
    kill -HUP "$server"
    wait_log "$log" 'event="configuration loaded"'
    ok "$program: after a reload" enroll
    same "$program: one line for each loss" "$(grep -c 'event="token lost"' "$log")" 1
    same "$program: one line for each return" "$(grep -c 'event="token is back"' "$log")" 1
    ! grep -Eq 'sesame|pin-source' "$log" || fail "$program: the log knows the PIN or where it is"

    # A key that is gone is its own CA's concern; a reload that does without it is as good as any, and it is found again.
    echo -n "cmp-$program" >"$hsm/delete"
    refused "$program: a key is gone" 'systemUnavail|503|Service Unavailable' enroll -path .well-known/cmp/p/both
    wait_log "$log" "level=error event=\"signing key lost\" key=\"pkcs11:token=cmpd%20test;object=cmp-$program;type=private\""
    ok "$program: the other keys sign" enroll
    same "$program: a key is missing, not ready" "$(ready)" 503
    ok "$program: with this reason" grep -q '"signing_keys":false' "$work/ready.json"
    cp "$dir/cmpd.yaml" "$work/both.yaml"
    sed -i "s!\"$(token_uri "cmp-$program" | sed 's/&/\\&/g')\"!ca/cmp.key!" "$dir/cmpd.yaml"
    reload
    ok "$program: loaded without the key that is gone" grep -q 'configuration loaded' "$work/outcome"
    same "$program: ready without it" "$(ready)" 200
    ok "$program: the CA of which it was" enroll -path .well-known/cmp/p/both
    cp "$work/both.yaml" "$dir/cmpd.yaml"
    reload
    ok "$program: what is gone is refused" grep -q 'configuration refused.*no such private key' "$work/outcome"
    cp "$dir/ca/cmp.key" "$work/again.key"
    into_token "$work/again.key" "cmp-$program" "$((++id))"
    reload
    ok "$program: and taken when it is there again" grep -q 'configuration loaded' "$work/outcome"
    ok "$program: with both keys in the token again" enroll -path .well-known/cmp/p/both

    # A token that nobody names any more is closed while its last jobs are answered.
    cp "$dir/cmpd.yaml" "$work/token.yaml"
    sed -i -E 's!^    key: .*!    key: ca/issuing.key!; s!^    cmp_key: .*!    cmp_key: ca/cmp.key!' "$dir/cmpd.yaml"
    reload
    touch "$hsm/lost"
    ok "$program: without the token" enroll
    rm "$hsm/lost"

    # A token that hangs is not waited for: not by a reload, and not by the end.
    cp "$work/token.yaml" "$dir/cmpd.yaml"
    reload
    touch "$hsm/hang"
    reload
    ok "$program: a reload is refused" grep -q 'configuration refused.*has not answered for 10 seconds' "$work/outcome"
    kill -TERM "$server"
    kill -TERM "$server"
    until_so "$program: it stops, with a thread in the module" is_gone "$server"
    ended "$program" "$server" 0
    rm "$hsm/hang" "$hsm/hanging"
done

# ---- a new key, made in the token ----

demo anew
credentials
log=$work/anew.log
into_token "$dir/ca/cmp.key" cmp-anew "$((++id))"
use_key cmp_key "$(token_uri cmp-anew)"
signs_answers() {
    cmp -cmd ir -newkey "$work/new.key" -subject /CN=gnb "${by_device[@]}" -certout "$work/out.pem" -extracertsout "$work/extra.pem" -implicit_confirm
}
renew() {
    "$CMPD_BIN/cmpctl" certificate renew ca/cmp.pem --new-key --config "$dir/cmpd.yaml"
}
touch "$hsm/lost"
refused "not while the token is lost" 'cmpd.yaml:[0-9]*: ' renew
rm "$hsm/lost"
ok "a certificate with a new key" renew
# Two minutes later.
sqlite3 "$dir/store/cmpd.db" 'UPDATE renewals SET since = at - 1'
start_server cmpd "$dir/cmpd.yaml" "$log"
ok "a station enrolls" signs_answers
[ "$(openssl x509 -in "$work/extra.pem" -noout -pubkey)" != "$(openssl x509 -in "$dir/ca/cmp.pem" -noout -pubkey)" ] ||
    fail "answers are under the key of before"
touch "$hsm/lost"
refused "no answer without the token" 'transfer error' signs_answers
wait_log "$log" "text=\"the server's key is not available"
rm "$hsm/lost"
until_so "it is back" signs_answers
stop_server
done_testing
