#!/bin/bash
# deploy/quickstart, as its reader runs it: once, and until Ctrl-C, from another folder, twice in a row. It works in the
# clone's own build/, so that what is built there is used.
. "$(dirname "$0")/../lib.sh"

quickstart=${CMPD_SOURCE:?set by ctest}/deploy/quickstart
port=$(free_port)
cd /

ok "quickstart --once" "$quickstart" --once --port "$port"
"$quickstart" --once --port "$port" >"$work/once.out" 2>&1 || fail "the second run: $(cat "$work/once.out")"
for text in 'enrolling a gNB.* s$' 'subject=.*CN = device.gnb.mnc001.mcc001.3gppnetwork.org' 'DNS:device.gnb.mnc001.mcc001.3gppnetwork.org' \
    'ipsec Internet Key Exchange' 'issuer=.*CN = Issuing CA' 'stopping cmpd'; do
    ok "it shows: $text" grep -q "$text" "$work/once.out"
done
refused "nothing is left running" 'connect to server' curl -sS "http://127.0.0.1:$port/healthz"

# Until Ctrl-C; the line that it shows enrolls another base station.
setsid "$quickstart" --port "$port" >"$work/serve.out" 2>&1 &
serving=$!
serves_or_ended() {
    grep -q '^Serving on' "$work/serve.out" || is_gone "$serving"
}
until_so "quickstart serves" serves_or_ended
is_gone "$serving" && fail "it ended: $(cat "$work/serve.out")"
# A fresh name each time: a second run of this test meets the files of the first.
name=station-$$
sed -n '/^To enroll another/,/^What the store/p' "$work/serve.out" | grep -v '^To enroll\|^What the store' |
    sed "s/station-2/$name/g" >"$work/another.sh"
ok "the lines that it shows enroll another" bash -e "$work/another.sh"
ok "it has a certificate" openssl x509 -noout -in "$(dirname "$quickstart")/../build/quickstart/demo/$name.operator.pem"
kill -INT -- "-$serving"
ended "by Ctrl-C" "$serving" "0|130"
refused "nothing is left running after Ctrl-C" 'connect to server' curl -sS "http://127.0.0.1:$port/healthz"
done_testing
