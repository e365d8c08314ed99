"""Clients that come and go at any moment: in a handshake, in a request, before and in an answer."""
import os
import random
import ssl
import struct
import socket
import tempfile
import threading
import time

from harness import (DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, Http2, check, frame, h2_headers, main, post, self_signed,
                     serving)

SOAK = os.environ.get("CMPD_SOAK") == "1"
CLIENTS, ROUNDS = (8, 400) if SOAK else (4, 60)


def leave(sock, rng):
    """Closes at once, or after a moment; by FIN or by RST."""
    if rng.random() < 0.5:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if rng.random() < 0.5:
        time.sleep(rng.random() * 0.005)
    sock.close()


def http1(sock, rng):
    raw = b"".join(post(rng.randbytes(rng.choice((3, 500, 5000, 50000)))) for _ in range(rng.randrange(1, 4)))
    sock.sendall(raw[:rng.randrange(1, len(raw) + 1)])
    if rng.random() < 0.3:
        sock.recv(rng.randrange(1, 2000))


def big(sock, rng):
    sock.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
    sock.recv(rng.randrange(1, 100000))


def http2(sock, rng):
    h2 = Http2(sock)
    for i in range(rng.randrange(1, 20)):
        stream = 2 * i + 1
        h2.send(frame(HEADERS, END_HEADERS, stream, h2_headers()))
        if rng.random() < 0.9:
            h2.send(frame(DATA, END_STREAM, stream, rng.randbytes(rng.choice((3, 5000)))))
        if rng.random() < 0.3:
            h2.send(frame(RST_STREAM, 0, stream, b"\0\0\0\x08"))
    if rng.random() < 0.3:
        sock.recv(rng.randrange(1, 5000))


def junk(sock, rng):
    sock.sendall(rng.randbytes(rng.randrange(1, 3000)))


def client(server, index, seed, tls):
    rng = random.Random(seed)
    for _ in range(ROUNDS):
        behave = rng.choice((http1, http1, http2, big, junk))
        sock = server.connect(index)
        sock.settimeout(0.1)
        try:
            if tls is not None and rng.random() < 0.8:
                sock = tls.wrap_socket(sock, server_hostname="localhost", do_handshake_on_connect=rng.random() < 0.8)
            behave(sock, rng)
        except (OSError, ValueError):
            pass
        leave(sock, rng)


def churn(server, index, tls, seed):
    threads = [threading.Thread(target=client, args=(server, index, seed + i, tls)) for i in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.process.poll() is None, server.log()
    if tls is None:
        assert server.alive()
    assert server.stop() == 0


@check
def plain(program):
    seed = random.randrange(1 << 30)
    print(f"  seed {seed}")
    with serving(program, threads=2, delay=500, resets=10, jobs=200) as server:
        churn(server, 0, None, seed)


@check
def without_delay(program):
    """The answer is given inside the handler: other orders of events."""
    seed = random.randrange(1 << 30)
    print(f"  seed {seed}")
    with serving(program, threads=1, delay=0, workers=0) as server:
        churn(server, 0, None, seed)


@check
def tls(program):
    seed = random.randrange(1 << 30)
    print(f"  seed {seed}")
    with tempfile.TemporaryDirectory(prefix="front-churn-") as folder:
        cert, key = self_signed(folder)
        made = ssl.create_default_context()
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
        with serving(program, "127.0.0.1:0,tls", threads=2, delay=500, certificate=cert, key=key) as server:
            churn(server, 0, made, seed)


main()
