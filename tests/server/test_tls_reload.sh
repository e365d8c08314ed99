#!/bin/bash
# SIGHUP loads the TLS files of listeners anew, or keeps the old ones whole. On both fronts.
. "$(dirname "$0")/../lib.sh"

# fingerprint: of the certificate that a new connection sees.
fingerprint() {
    openssl s_client -connect "127.0.0.1:$tls_port" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256
}

of_file() {
    openssl x509 -in "$1" -noout -fingerprint -sha256
}

make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.pem" -days 2 \
        -subj "/CN=$(basename "$1")" 2>/dev/null
    chmod 600 "$1.key"
}

sees() {
    [ "$(fingerprint)" = "$(of_file "$1")" ]
}

# all_see CERTIFICATE: several connections, so that each thread of the front has some.
all_see() {
    local i
    for i in 1 2 3 4 5 6; do
        sees "$1" || return
    done
}

# silent_client: connects, and says nothing until $work/go is there; then the answer goes to $work/silent.out.
silent_client() {
    python3 - "$tls_port" "$work" <<'PY'
import os, socket, ssl, sys, time
port, work = sys.argv[1:]
connection = socket.create_connection(("127.0.0.1", int(port)))
open(work + "/connected", "w").close()
while not os.path.exists(work + "/go"):
    time.sleep(0.02)
tls = ssl._create_unverified_context().wrap_socket(connection)
tls.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
with open(work + "/silent.out", "wb") as out:
    out.write(tls.recv(4096))
PY
}

# none_waits: the kernel holds no connection that is not accepted yet.
none_waits() {
    awk -v port="$(printf ':%04X' "$tls_port")" \
        '$4 == "0A" && substr($2, 9) == port && $5 !~ /:0+$/ {waits = 1} END {exit waits}' /proc/net/tcp
}

for program in cmpd cmpd-epoll; do
    demo "$program"
    add_tls
    sed -i 's/^  front: 0/  front: 2/' "$dir/cmpd.yaml"
    log=$work/$program.log
    start_server "$program" "$dir/cmpd.yaml" "$log"
    ok "$program: the first certificate" sees "$dir/tls/server.pem"

    # A connection that stands keeps what it has, and is served on.
    mkfifo "$work/$program.in"
    openssl s_client -quiet -connect "127.0.0.1:$tls_port" <"$work/$program.in" >"$work/$program.out" 2>/dev/null &
    client_process=$!
    servers+=("$client_process")
    exec 3>"$work/$program.in"
    printf 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' >&3
    until_so "$program: an answer" has_more 0 '^HTTP/1.1 200' "$work/$program.out"

    # Nor does one that has not begun to speak lose what it was accepted with.
    rm -f "$work/connected" "$work/go"
    silent_client &
    silent=$!
    servers+=("$silent")
    until_so "$program: a silent connection" test -e "$work/connected"
    until_so "$program: it is accepted" none_waits

    make_certificate "$work/newer"
    cp -p "$work/newer.pem" "$dir/tls/server.pem"
    cp -p "$work/newer.key" "$dir/tls/server.key"
    reload
    ok "$program: loaded" grep -q 'configuration loaded' "$work/outcome"
    # Each thread of the front takes them at its next turn.
    until_so "$program: the newer certificate" all_see "$work/newer.pem"
    printf 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3
    until_so "$program: another answer" has_more 1 '^HTTP/1.1 200' "$work/$program.out"
    exec 3>&-
    touch "$work/go"
    ok "$program: the silent one begins" wait "$silent"
    ok "$program: and is answered" grep -q '^HTTP/1.1 200' "$work/silent.out"

    # What is broken changes nothing, and is told with its place.
    make_certificate "$work/other"
    cp -p "$work/other.key" "$dir/tls/server.key"
    reload
    ok "$program: a key of another certificate" grep -Eq 'refused.*cmpd.yaml:[0-9]+.*does not belong' "$work/outcome"
    ok "$program: the newer one still" sees "$work/newer.pem"
    cp -p "$work/newer.key" "$dir/tls/server.key"
    mv "$dir/tls/server.pem" "$work/gone.pem"
    reload
    ok "$program: no certificate" grep -Eq 'refused.*cannot read' "$work/outcome"
    ok "$program: the newer one still" sees "$work/newer.pem"
    mv "$work/gone.pem" "$dir/tls/server.pem"
    stop_server
done
done_testing
