"""What openssl cmp cannot send: ccr.py MESSAGE KEY URL OUT makes a ccr of the cr in MESSAGE, which KEY has signed, sends it, and polls
until the answer is there: the certificate goes to OUT, and the ccr, as it was sent first, to OUT.ccr. The proof of possession does not depend on the body, the protection does."""
import os, subprocess, sys, tempfile, time, urllib.request

CR, CCR, CCP, ERROR, POLLREQ, POLLREP = 2, 13, 14, 23, 25, 26


def read(octets, at=0):
    """The element at |at|: its tag, where its content begins, where it ends."""
    tag, length, begin = octets[at], octets[at + 1], at + 2
    if length >= 0x80:
        begin += length & 0x7F
        length = int.from_bytes(octets[at + 2:begin], "big")
    return tag, begin, begin + length


def parts(content):
    """The elements of |content|, whole."""
    at, out = 0, []
    while at < len(content):
        _, _, end = read(content, at)
        out.append(content[at:end])
        at = end
    return out


def inside(element):
    _, begin, end = read(element)
    return element[begin:end]


def tlv(tag, content):
    length = len(content)
    size = b"" if length < 128 else length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, length if not size else 0x80 | len(size)]) + size + content


def sign(part, key):
    with tempfile.NamedTemporaryFile() as file:
        file.write(part)
        file.flush()
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", key, file.name], check=True, capture_output=True).stdout


def message(header, body, content, key, extra):
    part = tlv(0x30, header + tlv(0xA0 | body, content))
    protection = tlv(0xA0, tlv(0x03, b"\0" + sign(part, key)))
    return tlv(0x30, header + tlv(0xA0 | body, content) + protection + extra)


def send(url, der):
    request = urllib.request.Request(url, der, {"Content-Type": "application/pkixcmp"})
    answer = parts(inside(urllib.request.urlopen(request).read()))
    return answer[0], answer[1][0] & 0x1F, inside(answer[1])


def field(header, number):
    return next((inside(inside(e)) for e in parts(inside(header)) if e[0] == 0xA0 | number), b"")


def next_header(header, answer):
    """That of the next message: a new senderNonce, and the answer's as recipNonce."""
    kept = [e for e in parts(inside(header)) if e[0] not in (0xA5, 0xA6, 0xA8)]
    return tlv(0x30, b"".join(kept) + tlv(0xA5, tlv(4, os.urandom(16))) + tlv(0xA6, tlv(4, field(answer, 5))))


path, key, url, out = sys.argv[1:]
header, body, _, extra = parts(inside(open(path, "rb").read()))
assert body[0] & 0x1F == CR, body[0]
request = message(header, CCR, inside(body), key, extra)
open(out + ".ccr", "wb").write(request)
answer, kind, content = send(url, request)
print("answered by", kind, flush=True)
while kind == POLLREP or (kind == CCP and b"\x02\x01\x03" in content[:40]):  # waiting
    time.sleep(1)
    poll = tlv(0x30, tlv(0x30, b"\x02\x01\x00"))
    answer, kind, content = send(url, message(next_header(header, answer), POLLREQ, poll, key, extra))
    print("answered by", kind, flush=True)
if kind == ERROR or b"\x02\x01\x02" in content[:40]:
    sys.exit("refused: " + repr(content))
assert kind == CCP, kind
# CertRepMessage { response { { certReqId, status, certifiedKeyPair { certificate [0] } } } }
response = parts(inside(parts(inside(parts(inside(content))[-1]))[0]))
certificate = inside(parts(inside(response[2]))[0])
open(out, "wb").write(certificate)
