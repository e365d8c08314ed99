#!/bin/bash
# Announcements, and who means harm: strangers who flood the server with their own and with recorded ones, some changed, some huge;
# and a server that takes what is pushed and never answers.
. "$(dirname "$0")/../lib.sh"

# ---- a repository that listens to one CA ----
demo issuing
issuing=$dir
crl_every 24
issuing_port=$port
demo repository
url="http://127.0.0.1:$port/.well-known/cmp"
repository_port=$port
cp "$issuing/ca/cmp.pem" "$dir/upstream.pem"
sed -i '1i upstream: [{name: national, certificates: [upstream.pem]}]' "$dir/cmpd.yaml"
log=$work/repository.log
start_server cmpd "$dir/cmpd.yaml" "$log"
repository_server=$server
credentials
new_key "$work/new.key" P-256

# ---- a sink beside it, which never answers: the one that listens is not kept waiting for it ----
sink_port=$(free_port)
python3 -c '
import socket, sys, time
sock = socket.create_server(("127.0.0.1", int(sys.argv[1])))
held = []
while True:
    held.append(sock.accept()[0])' "$sink_port" &
servers+=("$!")
sed -i "/^  - name: issuing\$/a\\    announce: {urls: [\"http://127.0.0.1:$sink_port/\", \"$url\"]}" "$issuing/cmpd.yaml"
start_server cmpd "$issuing/cmpd.yaml" "$work/issuing.log"
issuing_server=$server

announcements() {
    "$CMPD_BIN/cmpctl" announcement list --config "$work/repository/cmpd.yaml" --json 2>/dev/null
}
has_crl() {
    announcements | grep -q '"crlann"'
}
until_so "the CRL arrives all the same" has_crl
wait_log "$work/issuing.log" "event=\"announcement not delivered\".*url=\"http://127.0.0.1:$sink_port/\""
"$CMPD_BIN/cmpctl" announcement show national crlann --der --config "$dir/cmpd.yaml" >"$work/crlann.der"
records=$("$CMPD_BIN/cmpctl" audit list --config "$dir/cmpd.yaml" --json | wc -l)

# ---- the flood ----
python3 - "$repository_port" "$work/crlann.der" <<'PY' || fail "the flood was not answered as it should"
import random, socket, sys
port, recorded = int(sys.argv[1]), bytearray(open(sys.argv[2], "rb").read())
random.seed(1)

def length(n):
    return bytes([n]) if n < 128 else b"\x82" + n.to_bytes(2, "big") if n < 65536 else b"\x83" + n.to_bytes(3, "big")

def tlv(tag, content):
    return bytes([tag]) + length(len(content)) + content

def changed():
    """The recorded one with an octet of what is signed changed."""
    octets = bytearray(recorded)
    octets[octets.index(b"\x18\x0f") + 15] ^= 1
    return bytes(octets)

def bare(body):
    """One without protection, of the NULL-DN."""
    header = b"\x02\x01\x02\xa4\x02\x30\x00\xa4\x02\x30\x00" + tlv(0xa4, tlv(4, random.randbytes(16))) + tlv(0xa5, tlv(4, random.randbytes(16)))
    return tlv(0x30, tlv(0x30, header) + tlv(body, tlv(0x30, b"")))

def huge():
    """The recorded one among as many certificates as find room."""
    inner = recorded[4:] if recorded[1] == 0x82 else recorded[3:]
    return bytes(recorded[:1]) + length(len(inner) + 60000) + bytes(inner) + bytes(60000)

kinds = {"recorded": (lambda: bytes(recorded), 201), "changed": (changed, 403), "ckuann": (lambda: bare(0xaf), 403),
         "cann": (lambda: bare(0xb0), 403), "rann": (lambda: bare(0xb1), 403), "crlann": (lambda: bare(0xb2), 403),
         "huge": (huge, 403)}
counts = {}
for i in range(4):
    with socket.socket() as sock:
        sock.bind((f"127.0.30.{i + 1}", 0))
        sock.connect(("127.0.0.1", port))
        for kind in random.choices(list(kinds), k=300):
            make, status = kinds[kind]
            body = make()
            sock.sendall(b"POST /.well-known/cmp HTTP/1.1\r\nHost: x\r\nContent-Type: application/pkixcmp\r\n"
                         b"Content-Length: %d\r\n\r\n" % len(body) + body)
            answer = b""
            while b"\r\n\r\n" not in answer:
                got = sock.recv(65536)
                assert got, f"{kind}: the connection ended"
                answer += got
            head, rest = answer.split(b"\r\n\r\n", 1)
            assert int(head.split()[1]) == status, f"{kind}: {head}"
            assert b"content-length: 0" in head.lower() and rest == b"", f"{kind}: {answer}"
            counts[kind] = counts.get(kind, 0) + 1
print(counts)
PY
checks=$((checks + 1))
same "nothing was written" "$("$CMPD_BIN/cmpctl" audit list --config "$work/repository/cmpd.yaml" --json | wc -l)" "$records"
same "one row" "$(announcements | wc -l)" 1
lines=$(lines_of 'event="announcement refused"' "$log")
[ "$lines" -ge 1 ] && [ "$lines" -lt 500 ] || fail "of a thousand that were refused the log has $lines"
checks=$((checks + 1))

# ---- and stations go on ----
dir=$work/repository
port=$repository_port
credentials
ok "a station enrolls" cmp -cmd ir "${by_device[@]}" -subject /CN=gnb-1 -newkey "$work/new.key" -certout "$work/gnb.pem"
kill -INT "$issuing_server"
ended "who announces ends, whoever it waits for" "$issuing_server" 0
server=$repository_server
stop_server
done_testing
