#!/bin/bash
# Of two nodes one announces; when it is killed the other goes on, and what was revoked meanwhile is announced, none of it never.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

# ---- who listens: it writes down what came, and says that it is stored ----
sink_port=$(free_port)
python3 - "$sink_port" "$work/came" <<'PY' &
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[2], "a") as file:
            file.write(body.hex() + "\n")
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
PY
servers+=("$!")
touch "$work/came"

cluster_start 2
new_key "$work/new.key" P-256
for i in 1 2; do
    sed -i "/^  - name: issuing\$/a\\    announce: {urls: [\"http://127.0.0.1:$sink_port/\"], crls: false}" "$work/node$i/cmpd.yaml"
    node_kill "$i" TERM
    node_start "$i"
done
dir=$work/node1
credentials

leads() {
    grep -q 'event="this node announces"' "$work/node$1.log"
}
one_leads() {
    leads 1 || leads 2
}
until_so "one announces" one_leads
has_row() {
    [ "$(database_sql cmpd_node db "select count(*) from cmpd.deliveries where body = 17")" = 1 ]
}
until_so "revocations are followed" has_row

# revoke NAME I: enrolls at node I, and revokes there; the serial is in $serial.
revoke() {
    port=${node_port[$2]}
    ok "$1 enrolls" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=$1" "${by_device[@]}" -certout "$work/$1.pem"
    ok "$1 is revoked" cmp -cmd rr -oldcert "$work/$1.pem" -cert "$work/$1.pem" -key "$work/new.key" \
        -trusted "$dir/ca/root.pem" -revreason 5
    serial=$(openssl x509 -in "$work/$1.pem" -noout -serial | sed 's/^serial=//' | tr A-F a-f)
}
# As an INTEGER of 16 octets.
came() {
    grep -q "0210$1" "$work/came"
}

for i in 1 2; do
    revoke "gnb-$i" "$i"
    until_so "it is announced, at whichever node it was revoked" came "$serial"
done
same "each once" "$(wc -l <"$work/came")" 2
first=1
leads 1 || first=2
other=$((3 - first))
same "one node alone" "$(leads "$other" && echo both)" ""

node_kill "$first"
revoke gnb-3 "$other"
until_so "the other one goes on" came "$serial"
ok "as its log says" leads "$other"
node_start "$first"
revoke gnb-4 "$first"
until_so "and still does" came "$serial"
same "as many as there were" "$(database_sql cmpd_node db "select delivered || ' ' || lost from cmpd.deliveries where body = 17")" "4 0"
done_testing
