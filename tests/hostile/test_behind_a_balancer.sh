#!/bin/bash
# Whose request it is, with HAProxy in between as deploy/haproxy has it: a node bounds and logs base stations, not the
# balancer, and no base station passes for another one.
. "$(dirname "$0")/../lib.sh"
cluster_store=sqlite
CMPD_CLUSTER_STORE=sqlite
. "$(dirname "$0")/../cluster.sh"

cluster_start 1
balancer_start CMPD_SOURCE_MAXCONN=20
log=$work/node1.log

# peers_of ADDRESS: how many lines of the log tell of a message from it.
peers_of() {
    lines_of "peer=$1\\b" "$log"
}

for where in url pass_url; do
    from=127.0.3.$((${#where} + 1))
    load_start "$where" --url "${!where}" --tls-ca "$work/tls/ca.pem" --from "$from" --count 20 --clients 2 --http2
    load_end "$where"
    load_is "$where" "all served" "r['completed'] == 20 and r['errors'] == {}"
    same "each request is logged with its base station ($where)" "$(peers_of "$from")" 20
done

# A client that claims to be another is not believed: HAProxy throws its Forwarded away, and a node reads none over a
# connection with a PROXY header.
for claim in 'for=203.0.113.5' 'for=203.0.113.5, for=203.0.113.6'; do
    for where in "$url" "$pass_url"; do
        curl -sS -o "$work/answer" --interface 127.0.3.99 --cacert "$work/tls/ca.pem" -H "Forwarded: $claim" \
            -H 'Content-Type: application/pkixcmp' --data-binary nonsense "$where"
    done
done
wait_log "$log" 'peer=127\.0\.3\.99\b'
same "nobody passes for another" "$(peers_of 203.0.113)" 0

# One address has its share of HAProxy's connections, the rest is for others.
python3 - "$balancer_port" "$balancer_pass_port" <<'PY' || fail "one address takes more than its share"
import socket, sys, time
for port in map(int, sys.argv[1:]):
    def connect(source):
        sock = socket.socket()
        sock.bind((source, 0))
        sock.settimeout(1)
        try:
            sock.connect(("127.0.0.1", port))
        except ConnectionResetError:
            pass
        return sock
    socks = [connect("127.0.3.50") for _ in range(60)]
    time.sleep(0.5)
    open_ones = 0
    for sock in socks:
        try:
            sock.setblocking(False)
            open_ones += sock.recv(1) != b""
        except BlockingIOError:
            open_ones += 1
        except OSError:  # closed by then
            pass
    assert open_ones == 20, f"{open_ones} connections of one address at port {port}"
    other = connect("127.0.3.51")
    other.setblocking(False)
    try:
        assert other.recv(1) != b"", "another address has none"
    except BlockingIOError:
        pass
PY
checks=$((checks + 1))
done_testing
