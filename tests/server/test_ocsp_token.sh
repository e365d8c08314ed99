#!/bin/bash
# OCSP of a CA whose key is in a token: only the responder's certificate needs it. While the token hangs, or is lost, requests are
# answered, and a revocation is heard of; when it is back there is a new responder.
. "$(dirname "$0")/../lib.sh"

new_token
demo token
serve_ocsp
credentials
. "$(dirname "$0")/../operate.sh"
into_token "$dir/ca/issuing.key" issuing 01
python3 - "$dir/cmpd.yaml" "$(token_uri issuing)" <<'PY'
import re, sys
path, uri = sys.argv[1:]
text, found = re.subn(r'(?m)^    key: .*$', lambda _: f'    key: "{uri}"', open(path).read(), count=1)
assert found == 1
open(path, "w").write(text)
PY
log=$work/cmpd.log
start_server cmpd "$dir/cmpd.yaml" "$log"
wait_log "$log" 'event="OCSP responder certified" ca=issuing'
# What happens to the server's token does not happen to that of cmpctl.
export FRAGILE_TOKEN=$work

ask() {
    openssl ocsp -issuer "$dir/ca/issuing.pem" -url "http://127.0.0.1:$port/ocsp" -CAfile "$dir/ca/root.pem" \
        -verify_other "$dir/ca/issuing.pem" "$@" 2>&1 || true
}

says() {
    ask "$2" -cert "$3" | grep -q "^$3: $1\$"
}

cert() {
    "$CMPD_BIN/cmpctl" cert "$1" --config "$dir/cmpd.yaml" "${@:2}"
}

for name in gnb-1 gnb-2; do
    ok "$name enrolls" enroll "$name"
done
one=$work/gnb-1.pem two=$work/gnb-2.pem
ok "it is good" says good -no_nonce "$one"

# ---- the token hangs, and a responder is wanted of it ----

touch "$hsm/hang"
ok "what is kept is there" says good -no_nonce "$one"
ok "the responder is revoked" cert revoke "$(stored profile "OCSP responder" serial)"
until_so "the token is asked for another one" test -e "$hsm/hanging"
gone() {
    ask -no_nonce -cert "$one" | grep -q trylater
}
until_so "what a revoked one has signed is not given out" gone
ok "nobody signs what is new" grep -q trylater <(ask -nonce -cert "$two")
ok "the first one is held" cert hold "$(serial_of "$one")"
rm "$hsm/hang" "$hsm/hanging"
until_so "there is a new responder" has_more 1 'event="OCSP responder certified"' "$log"
ok "the first one is on hold" says revoked -nonce "$one"
ok "the second one is good" says good -nonce "$two"

# ---- the token is lost, and no responder is wanted ----

touch "$hsm/lost"
for i in 1 2 3; do
    ok "answers are signed without it" says good -nonce "$two"
done
rm "$hsm/lost"
stop_server
done_testing
