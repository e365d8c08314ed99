#!/bin/bash
# cmpctl top: what nodes do, and which of them do not answer; on a terminal, too.
. "$(dirname "$0")/../lib.sh"

demo top
new_key "$work/new.key" P-256
start_server cmpd "$dir/cmpd.yaml" "$work/top.log"
dead=$(free_port)

# Somebody tries secrets all the while (RFC 9483 3.6.4: badMessageCheck).
tries() {
    while [ ! -e "$work/enough" ]; do
        cmp -cmd ir -newkey "$work/new.key" -subject /CN=gnb -secret pass:wrong -ref nobody -trusted "$dir/ca/root.pem" \
            -certout "$work/none.pem" -unprotected_errors >/dev/null 2>&1 || true
    done
}
tries &
trying=$!
servers+=("$trying")
ok "the node of the configuration, and a dead one" "$CMPD_BIN/cmpctl" top --every 4 "127.0.0.1:$port" "http://127.0.0.1:$dead"
cp "$work/last.out" "$work/shown"
: >"$work/enough"
ended "who tried" "$trying" 0
ok "one of two answers" grep -Eq '^cmpd at 20[0-9-]+T[0-9:]+Z: 1 of 2 nodes answer, 1 ready; what came in [0-9.]+ s$' "$work/shown"
ok "it is ready, has its store, and rejects" grep -Eq "^127.0.0.1:$port +yes +yes +[0-9.]*[1-9][0-9.]* +[0-9.]*[1-9]" "$work/shown"
ok "the other says why not" grep -Eiq "^http://127.0.0.1:$dead +.*(refused|connect)" "$work/shown"
ok "messages by body" grep -Eq '^ir +[0-9.]*[1-9][0-9.]* +[0-9.]+ (us|ms|s) ' "$work/shown"
ok "stages" grep -Eq '^look_up +[0-9.]*[1-9]' "$work/shown"
ok "why they are refused" grep -Eq '^refusals +badMessageCheck [0-9.]*[1-9]' "$work/shown"
ok "what ends" eval 'sed -n "/^ENDS NEXT/,\$p" "$work/shown" | grep -Eq "^[0-9]+ days +certificate  CMP server  cas\[0\].cmp_certificate"'

ok "without a name: that of the configuration" "$CMPD_BIN/cmpctl" top --every 1 --config "$dir/cmpd.yaml"
cp "$work/last.out" "$work/shown"
ok "it is found" grep -q ": 1 of 1 nodes answer" "$work/shown"
refused "nobody is there" "no node answers: 127.0.0.1:$dead: " "$CMPD_BIN/cmpctl" top --every 1 "127.0.0.1:$dead"
refused "no node of this program" 'no node of this program' "$CMPD_BIN/cmpctl" top --every 1 "http://127.0.0.1:$port/healthz"
# What somebody else answers there is shown, and not obeyed.
rogue=$(free_port)
python3 - "$rogue" 2>/dev/null <<'PY' &
import http.server, sys
class Rogue(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", "http://x/\033]0;owned\a\033[31mRED")
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Rogue).serve_forever()
PY
servers+=($!)
until_so "the other server answers" curl -s -o /dev/null "http://127.0.0.1:$rogue/"
refused "a redirection" 'HTTP status 302, and with http://x/' "$CMPD_BIN/cmpctl" top --every 1 "127.0.0.1:$rogue"
same "nothing that a terminal obeys" "$(tr -d '\n\40-\176\200-\377' <"$work/last.out" | wc -c)" 0
same "a wrong number" "$(status_of "$CMPD_BIN/cmpctl" top --every 0 "127.0.0.1:$port")" 2

# On a terminal of 60 characters and 12 lines nothing is wider, and it begins at the top each time.
ok "on a terminal" script -qec "stty cols 60 rows 12; '$CMPD_BIN/cmpctl' top --every 1 --count 2 127.0.0.1:$port" "$work/typescript"
same "twice from the top" "$(grep -ao $'\033\[H' "$work/typescript" | wc -l)" 2
LC_ALL=C.UTF-8 python3 - "$work/typescript" <<'PY' || fail "it does not fit the terminal"
import re, sys
text = open(sys.argv[1], encoding="utf-8", newline="").read()
frames = text.split("\033[H")[1:]
assert len(frames) == 2, frames
for frame in frames:
    lines = re.sub("\033\\[[KJ]", "", frame.split("\033[J")[0]).split("\r\n")[:-1]
    assert 5 < len(lines) < 12 and max(map(len, lines)) <= 60, lines
PY
# Somebody ends it: it goes on for ever there, also where the terminal does not tell its size.
script -qec "'$CMPD_BIN/cmpctl' top --every 1 127.0.0.1:$port; echo ended \$?" "$work/endless" >/dev/null 2>&1 &
terminal=$!
servers+=("$terminal")
is_shown() {
    [ "$(grep -ao $'\033\[H' "$work/endless" | wc -l)" -ge 3 ]
}
until_so "it goes on" is_shown
pkill -INT -f "^$CMPD_BIN/cmpctl top --every 1 127.0.0.1:$port\$"
ended "the terminal" "$terminal" 0
ok "well" grep -q 'ended 0' "$work/endless"
stop_server
done_testing
