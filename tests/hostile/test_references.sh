#!/bin/bash
# Does time tell which references exist? A reference with a wrong secret and one that nobody has are sent in random order from many
# addresses, and the times to their answers compared (two-sample Kolmogorov-Smirnov). That is asserted with CMPD_SOAK=1 alone, on a
# machine with nothing else to do; tests/unit/cmp/test_authenticate.c counts the steps of both, always.
. "$(dirname "$0")/../lib.sh"

sources=10
[ -z "${CMPD_SOAK:-}" ] || sources=400
demo ca
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
credentials
new_key "$work/new.key" P-256

# written FILE REFERENCE: a request with a wrong secret as a file; it is refused.
written() {
    refused "a wrong secret" 'badMessageCheck' cmp -cmd ir -ref "$2" -secret pass:wrong -recipient '/CN=x' -subject /CN=gnb-1 \
        -newkey "$work/new.key" -reqout "$work/$1" -certout "$work/none" -trusted "$dir/ca/root.pem"
}
written known "$(cat "$dir/demo/mac-reference")"
written unknown no-such-station

python3 - "$port" "$sources" "$work/known" "$work/unknown" <<'PY' || fail "time tells which references exist"
import bisect, os, random, socket, sys, time
port, sources = int(sys.argv[1]), int(sys.argv[2])
requests = []
for path in sys.argv[3:]:
    body = open(path, "rb").read()
    requests.append(b"POST /.well-known/cmp/p/demo HTTP/1.1\r\nHost: x\r\nContent-Type: application/pkixcmp\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(body) + body)
times, answers = ([], []), set()
for i in range(sources):
    with socket.socket() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((f"127.0.{20 + i // 250}.{i % 250 + 1}", 0))
        sock.connect(("127.0.0.1", port))
        order = [0, 1] * 9  # one guess fewer than one address may make
        random.shuffle(order)
        for which in order:
            begin = time.perf_counter()
            sock.sendall(requests[which])
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += sock.recv(65536)
            head, rest = answer.split(b"\r\n\r\n", 1)
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            while len(rest) < length:
                rest += sock.recv(65536)
            times[which].append(time.perf_counter() - begin)
            answers.add((head.split(b"\r\n")[0], length))
lengths = [length for _, length in answers]
# A signature of ECDSA is an octet or two longer or shorter by chance.
assert len({status for status, _ in answers}) == 1 and max(lengths) - min(lengths) <= 6, f"answers differ: {answers}"
known, unknown = map(sorted, times)
distance = max(abs(bisect.bisect_right(known, t) / len(known) - bisect.bisect_right(unknown, t) / len(unknown))
               for t in known + unknown)
bound = 0.1  # an address may guess ten times: with less than that, ten times tell nothing
print(f"{len(known)} of each: median {known[len(known) // 2] * 1e6:.0f} and {unknown[len(unknown) // 2] * 1e6:.0f} us, "
      f"distance {distance:.3f}")
if os.environ.get("CMPD_SOAK"):
    assert distance < bound
PY
checks=$((checks + 1))
wait_log "$work/cmpd.log" 'detail="no secret has this reference"'
wait_log "$work/cmpd.log" 'detail="the MAC is wrong"'
stop_server
done_testing
