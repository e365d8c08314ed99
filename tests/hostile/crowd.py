"""crowd.py PORT TLS_PORT: does to a server what tests/front/check_hostile.py does to the front alone, and leaves."""
import os
import socket
import ssl
import struct
import sys

sys.path.insert(0, os.path.join(os.environ["CMPD_SOURCE"], "tests", "front"))
from harness import (CMP, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, NEWEST, PING, RST_STREAM, SETTINGS,  # pylint: disable=C0413
                     WINDOW_UPDATE, frame, h2_headers, indexed, post)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0)
PATH = "/.well-known/cmp/p/demo"


def window(size):
    return frame(SETTINGS, 0, 0, struct.pack(">HI", 4, size))


def headers(stream, flags=END_HEADERS, extra=b""):
    return frame(HEADERS, flags, stream, h2_headers(path=PATH) + extra)


def request(stream, body):
    return headers(stream) + frame(DATA, END_STREAM, stream, body)


def flips():
    return PREFACE + window(0) + b"".join(request(2 * i + 1, bytes(500)) for i in range(90)) + 100 * (window(65535) + window(0) + window(1))


def references():
    return PREFACE + headers(1, extra=indexed("x", "")) + b"".join(headers(2 * i + 1, extra=16000 * NEWEST) for i in range(1, 90))


def digests():
    return PREFACE + headers(1, END_HEADERS | END_STREAM, indexed("cache-digest", "-D_" + 3000 * "_") + 1000 * NEWEST)


def resets():
    return PREFACE + b"".join(request(2 * i + 1, b"x") + frame(RST_STREAM, 0, 2 * i + 1, b"\0\0\0\x08") for i in range(500))


def nothing():
    return PREFACE + headers(1, 0) + 500 * frame(CONTINUATION, 0, 1)


def pings():
    return PREFACE + 20000 * frame(PING, 0, 0, bytes(8))


def windows_that_overflow():
    return PREFACE + headers(1) + frame(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff") + frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff")


def bodies():
    return PREFACE + b"".join(headers(2 * i + 1) + frame(DATA, 0, 2 * i + 1, bytes(8000)) for i in range(100))


def half_http1():
    return post(bytes(60000), path=PATH)[:-1]


def smuggled():
    return (f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {CMP}\r\nTransfer-Encoding: chunked\r\n\r\n3xyz\r\nabc\r\n0\r\n\r\n").encode() + \
        b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"


def main():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    left = []
    for port, wrap in ((int(sys.argv[1]), None), (int(sys.argv[2]), context.wrap_socket)):
        for attack, times in ((flips, 10), (references, 10), (digests, 10), (resets, 5), (nothing, 5), (pings, 5), (windows_that_overflow, 5),
                              (bodies, 100), (half_http1, 100), (smuggled, 5)):
            octets = attack()
            for _ in range(times if wrap is None else times // 5):
                sock = socket.socket()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.settimeout(2)
                try:
                    sock.connect(("127.0.0.1", port))
                    if wrap is not None:
                        sock = wrap(sock)
                    sock.sendall(octets)
                except OSError:
                    pass
                left.append(sock)  # none is read, and none is closed
    print("ready", flush=True)
    sys.stdin.read()


main()
