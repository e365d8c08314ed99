"""HTTP/1.0, 1.1 and 2 in plain, and the answers that the front gives by itself."""
import socket
import subprocess
import threading
import time

from harness import (CMP, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, WAIT, Http1, Http2, check, curl, frame,
                     h2_headers, main, post, read_all, serving)


@check
def http10_and_closing(program):
    with serving(program) as server, server.connect() as sock:
        sock.sendall(post(b"one", version="1.0"))
        data = read_all(sock)
        assert data.startswith(b"HTTP/1.1 200 ") and data.endswith(b"\r\n\r\none"), data


# RFC 9483 6: "When conveying CMP messages in HTTP, CoAP, or MIME-based transfer protocols, the Internet media type
# […] 3.4 of CMP over HTTP [RFC6712] and Section 2.3 of CMP over CoAP [RFC9482]."
@check
def keep_alive(program):
    with serving(program) as server, server.connect() as sock:
        http = Http1(sock)
        for i in range(50):
            reply = http.ask(post(b"message %d" % i))
            assert (reply.status, reply.body) == (200, b"message %d" % i)
        assert reply.headers["content-type"] == CMP
        assert reply.headers["cache-control"] == "no-store"
        assert "server" not in reply.headers
        http10 = http.ask(post(b"kept", version="1.0", extra="Connection: keep-alive\r\n"))
        assert http10.headers["connection"] == "keep-alive" and http10.body == b"kept"
        assert http.ask(post(b"last", extra="Connection: close\r\n")).headers["connection"] == "close"
        assert http.closed()


@check
def octet_by_octet(program):
    with serving(program) as server, server.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw = post(b"slowly")
        for i in range(len(raw)):
            sock.sendall(raw[i:i + 1])
        assert Http1(sock).reply().body == b"slowly"


@check
def header_and_body_apart(program):
    """As OpenSSL's client does: two segments, the second held back by Nagle until the first is acknowledged. With
    delayed acknowledgements each request takes 40 ms."""
    with serving(program) as server, server.connect() as sock:
        http = Http1(sock)
        raw = post(b"apart")
        http.ask(raw)
        begin = time.monotonic()
        for _ in range(100):
            sock.sendall(raw[:-5])
            sock.sendall(raw[-5:])
            assert http.reply().body == b"apart"
        took = time.monotonic() - begin
        print(f"  100 requests in two segments each: {took:.3f} s")
        assert took < 3, took


@check
def pipelined(program):
    with serving(program, delay=2000) as server, server.connect() as sock:
        http = Http1(sock)
        sock.sendall(b"".join(post(b"p%d" % i) for i in range(20)))
        assert [http.reply().body for _ in range(20)] == [b"p%d" % i for i in range(20)]


@check
def pipelined_beyond_what_is_held(program):
    """While one request waits for its answer, a lot of data arrives: more than is held, less is read."""
    with serving(program, delay=300000, workers=1) as server, server.connect() as sock:
        http, body = Http1(sock), bytes(60000)
        sender = threading.Thread(target=lambda: sock.sendall(b"".join(post(body) for _ in range(10))))
        sender.start()
        assert all(http.reply().body == body for _ in range(10))
        sender.join()


@check
def chunked_and_continued(program):
    with serving(program) as server, server.connect() as sock:
        http = Http1(sock)
        head = f"POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: {CMP}\r\n"
        reply = http.ask((head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n").encode())
        assert reply.body == b"abcde"
        assert http.ask((head + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n").encode()).status == 100
        assert http.ask(b"xyz").body == b"xyz"


@check
def absolute_form(program):
    with serving(program) as server, server.connect() as sock:
        reply = Http1(sock).ask(b"GET http://example/hello?a=b HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (reply.status, reply.body) == (200, b"hello\n")


@check
def ipv6_and_every_address(program):
    with serving(program, "[::1]:0", ":0") as server:
        with server.connect(0, socket.AF_INET6) as sock:
            assert Http1(sock).ask(post(b"six")).body == b"six"
        # ":0" takes two ports, one for each family.
        assert len(server.ports) == 3
        for index in (1, 2):
            try:
                sock = server.connect(index, socket.AF_INET)
            except ConnectionRefusedError:
                sock = server.connect(index, socket.AF_INET6)
            with sock:
                assert Http1(sock).ask(post(b"any")).body == b"any"


@check
def pages(program):
    with serving(program) as server, server.connect() as sock:
        http = Http1(sock)
        reply = http.ask(b"GET /hello?x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"hello\n", "text/plain")
        reply = http.ask(b"HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n", head=True)
        assert (reply.status, reply.headers["content-length"]) == (200, "6")
        assert http.ask(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").body == b"hello\n"  # nothing follows a HEAD
        assert http.ask(post(b"x", path="/hello")).headers["allow"] == "GET, HEAD"
    with serving(program) as server:
        for version in ("--http1.1", "--http2-prior-knowledge"):
            assert len(curl(version, f"http://127.0.0.1:{server.port}/big")) == 4 * 1024 * 1024


# RFC 9483 6.1: "If HTTP transfer is used, the specifications described in [RFC6712] and updated by CMP Updates
# [RFC9480] MUST be followed."
# RFC 9483 6: "When conveying CMP messages in HTTP, CoAP, or MIME-based transfer protocols, the Internet media type
# […] 3.4 of CMP over HTTP [RFC6712] and Section 2.3 of CMP over CoAP [RFC9482]."
@check
def refusals(program):
    """RFC 9811 3.1: no answer without a PKIMessage; never an HTML page."""
    with serving(program) as server, server.connect() as sock:
        http = Http1(sock)

        def refused(raw, status, fail_info):
            reply = http.ask(raw)
            assert reply.status == status, (raw[:80], reply.status)
            assert reply.headers["content-type"] == CMP, reply.headers
            assert reply.body.startswith(b"refused %d: " % fail_info), reply.body
            return reply

        for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH", "SPURIOUS"):
            reply = refused(f"{method} /x HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 405, 2)
            assert reply.headers["allow"] == "POST"
        for kind in (None, "text/html", "application/pkixcmpx", "application/pkixcm", ""):
            refused(post(b"abc", kind=kind), 415, 2)
        for kind in (CMP, "Application/PKIXCMP", CMP + "; charset=x", CMP + " ;x", "application/pkixcmp-poll",
                     "application/x-pkixcmp"):
            assert http.ask(post(b"abc", kind=kind)).status == 200, kind
        refused(post(b""), 400, 5)
        refused(post(bytes(65537)), 413, 2)
        assert http.ask(post(bytes(65536))).status == 200
        # How a job ends, in the words of HTTP: answered, unreadable, no route, busy, no key; announcements: stored,
        # forbidden, refused, not now (RFC 9811 3.5).
        for end, status in enumerate((200, 400, 404, 503, 503, 201, 403, 400, 503)):
            assert http.ask(post(b"end=%d x" % end)).status == status


# What the pipeline is told of a path, and what gets 404. RFC 3986 6.2.2 and server/base/url_path.h; the rest is in
# tests/unit/base/test_url_path.c.
NORMAL = {"/": "/", "/a%3ab": "/a%3Ab", "/%2Ewell-known/%63mp": "/.well-known/cmp", "/x/../../.well-known/./cmp": "/.well-known/cmp",
          "/../..": "/", "//.well-known//cmp/": "/.well-known/cmp", "/a/%2e%2E/b": "/b", "/%252e%252e/b": "/%252e%252e/b",
          "/a%3Fb?c=%2f%00%": "/a%3Fb", "/a?b/../..": "/a"}
LOST = ("/a%2Fb", "/%2f", "/a%00", "/%", "/a%2", "/a%zz", "/hello%00", "/..%2fhello")


@check
def paths(program):
    with serving(program) as server, server.connect() as sock, server.connect() as other:
        http, h2, stream = Http1(sock), Http2(other), 1
        for path, normal in NORMAL.items():
            assert http.ask(post(b"where", path=path)).body == normal.encode(), path
            h2.send(frame(HEADERS, END_HEADERS, stream, h2_headers(path=path)) + frame(DATA, END_STREAM, stream, b"where"))
            assert h2.body_of(stream) == normal.encode(), path
            stream += 2
        assert http.ask(post(b"where", path="http://x/a/./b/")).body == b"/a/b"
        for path in ("/hello", "//hello/", "/%68ello", "/x/../hello"):
            assert http.ask(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).body == b"hello\n", path
        for path in LOST:
            reply = http.ask(post(b"where", path=path))
            assert (reply.status, reply.headers["content-type"]) == (404, CMP), (path, reply.status)
            assert reply.body.startswith(b"refused 2: the path has "), reply.body
            assert http.ask(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).status == 405, path
            h2.send(frame(HEADERS, END_HEADERS, stream, h2_headers(path=path)) + frame(DATA, END_STREAM, stream, b"where"))
            assert h2.body_of(stream).startswith(b"refused 2: the path has "), path
            stream += 2
        h2.send(frame(HEADERS, END_HEADERS, stream, h2_headers(path="a/b")) + frame(DATA, END_STREAM, stream, b"where"))
        assert h2.body_of(stream).startswith(b"refused 2: the path does not begin with /")


@check
def a_path_that_leads_nowhere_is_logged(program):
    """Printably, and not more often than others of its kind."""
    with serving(program) as server, server.connect() as sock:
        http = Http1(sock)
        assert http.ask(post(b"x", path="/a%2Fb")).status == 404
        assert http.ask(post(b"end=2", path='/"\x80')).status == 404
        assert 'event="path not served" path="/a%2Fb" text="the path has %2F' in server.log()
        assert 'path="/\\"\\xc2\\x80"' in server.log() and "peer=127.0.0.1:" in server.log()
    with serving(program) as server, server.connect() as sock:
        http = Http1(sock)
        for i in range(200):
            assert http.ask(post(b"end=2", path=f"/no{i}")).status == 404
        assert 'path="/no0"' in server.log() and "no profile or operation" in server.log()
        assert server.log().count("path=\"/no") == 100  # BOUND_LOG_LINES


@check
def listeners_serve_what_they_are_for(program):
    """A page is found where its service is served, messages where cmp is: elsewhere both are told so."""
    with serving(program, "127.0.0.1:0,cmp", "127.0.0.1:0,health") as server:
        with server.connect(0) as sock:
            http = Http1(sock)
            assert http.ask(post(b"abc")).status == 200
            reply = http.ask(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            assert reply.status == 405 and reply.headers["allow"] == "POST"
        with server.connect(1) as sock:
            http = Http1(sock)
            reply = http.ask(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (reply.status, reply.body) == (200, b"hello\n"), reply.body
            reply = http.ask(post(b"abc"))
            assert reply.status == 404 and reply.body.startswith(b"refused 2: this address does not serve that")
            assert http.ask(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n").status == 404


@check
def refusals_by_libh2o(program):
    head = f"POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: {CMP}\r\n"
    with serving(program, header_bytes=2000) as server:
        for raw, status in ((head + "Content-Length: 1000000\r\n\r\n", 413),
                            (head + "Content-Length: x\r\n\r\n", 400),
                            (head + "Transfer-Encoding: gzip\r\n\r\n", 400),
                            (head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
                            (head + "Content-Length: 1\r\nExpect: magic\r\n\r\n", 417),
                            (head + "X: " + 2100 * "x", 431),
                            (head + 100 * "X: y\r\n" + "Content-Length: 1\r\n\r\nx", 431)):
            with server.connect() as sock:
                http = Http1(sock)
                reply = http.ask(raw.encode())
                assert reply.status == status, (raw, reply.status)
                assert reply.headers["content-type"] == CMP and reply.body.startswith(b"refused 2: ")
                assert reply.headers["connection"] == "close" and http.closed()
        # RFC 9112 6.3: of two lengths a proxy may have read the other
        two_lengths = (head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                       head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef")
        for raw in (*(text.encode() for text in two_lengths), b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"):
            with server.connect() as sock:
                http = Http1(sock)
                reply = http.ask(raw)
                assert (reply.status, reply.body) == (400, b"") and http.closed()
        with server.connect() as sock:
            http = Http1(sock)
            assert http.ask(post(b"fits", extra="X: " + 1700 * "x" + "\r\n")).body == b"fits"
            assert http.ask(post(b"fits", extra=97 * "X: y\r\n")).body == b"fits"


@check
def http1_that_can_be_read_in_two_ways(program):
    """What a proxy in front of us may read otherwise is refused, and what stands behind it is never served."""
    smuggled = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"

    def head(version="1.1", host="Host: x\r\n", extra="", kind=f"Content-Type: {CMP}\r\n"):
        return f"POST /x HTTP/{version}\r\n{host}{kind}{extra}"

    chunked = head(extra="Transfer-Encoding: chunked\r\n") + "\r\n"
    one = head(extra="Content-Length: 1\r\n") + "\r\nx"
    bad = {
        400: [chunked + chunks for chunks in (
            "3xyz\r\nabc\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "+3\r\nabc\r\n0\r\n\r\n", "-3\r\nabc\r\n0\r\n\r\n", " 3\r\nabc\r\n0\r\n\r\n",
            "3 \r\nabc\r\n0\r\n\r\n", "3 x\r\nabc\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n", "3;x\nabc\r\n0\r\n\r\n", "3\r\r\nabc\r\n0\r\n\r\n",
            "3\r\nabc\n0\r\n\r\n", "3\r\nabc\r\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "3\r\nabc\r\n0\n\r\n", "3\r\nabc\r\n0\r\n\n", "3\r\nabc\r\n0\r\n\r\r\n",
            "3\r\nabc\r\n0\r\nA: b\n\r\n", "3\r\nabc\r\n0\r\n folded\r\n\r\n", "3\r\nabc\r\n\r\n", "10000000000000003\r\nabc\r\n0\r\n\r\n",
            "3;" + 9000 * "x" + "\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\nA: " + 9000 * "x" + "\r\n\r\n")] + [
            head(extra="X: a\r\n b\r\nContent-Length: 1\r\n") + "\r\nx", head(extra="X: a\r\n\tb\r\nContent-Length: 1\r\n") + "\r\nx",
            head(host="", extra="Content-Length: 1\r\n") + "\r\nx", head(host="Host: x\r\nhost: x\r\n", extra="Content-Length: 1\r\n") + "\r\nx",
            head("1.0", host="Host: x\r\nHost: y\r\n", extra="Content-Length: 1\r\n") + "\r\nx",
            head("1.0", extra="Transfer-Encoding: chunked\r\n") + "\r\n1\r\nx\r\n0\r\n\r\n", head(extra="Content-Length : 1\r\n") + "\r\nx",
            head(extra="Content-Length: +1\r\n") + "\r\nx", head(extra="Content-Length: 1, 1\r\n") + "\r\nx", head("1.x") + "\r\n"],
        505: [head("2.0") + "\r\n", head("2.1") + "\r\n", head("3.0") + "\r\n", "GET /hello HTTP/0.9\r\n\r\n"],
    }
    with serving(program) as server:
        for status, requests in bad.items():
            for text in requests:
                with server.connect() as sock:
                    http = Http1(sock)
                    try:
                        sock.sendall(text.encode() + smuggled)
                    except ConnectionError:
                        pass
                    assert http.reply().status == status, text
                    assert http.closed(), text
        with server.connect() as sock:
            http = Http1(sock)
            for text, body in ((one, b"x"), (chunked + "3\r\nabc\r\n00000\r\n\r\n", b"abc"), (chunked + "A;x=y;z\r\n0123456789\r\n0;x\r\n\r\n", b"0123456789"),
                               (chunked + "3 ;x\r\nabc\r\n1\t ;y\r\nd\r\n0\r\nA: b\r\nC:\r\n\r\n", b"abcd"), (head("1.7", extra="Content-Length: 1\r\n") + "\r\nx", b"x")):
                raw = text.encode()
                assert http.ask(raw).body == body, text
                for at in range(len(raw) - 30, len(raw)):  # split where it is hardest
                    sock.sendall(raw[:at])
                    time.sleep(0.001)
                    assert http.ask(raw[at:]).body == body, (text, at)
            assert http.ask(head("1.0", host="", extra="Content-Length: 1\r\n").encode() + b"\r\nx").body == b"x"


@check
def busy(program):
    """limits.jobs and the pipeline's queue: refused at once, and served again afterwards."""
    with serving(program, jobs=16, queue_jobs=1000, workers=1, delay=1000, stop_seconds=1) as server:
        with server.connect() as sock:
            h2 = Http2(sock)
            for i in range(16):
                h2.send(frame(HEADERS, END_HEADERS, 2 * i + 1, h2_headers()) + frame(DATA, END_STREAM, 2 * i + 1, b"hold x"))
            server.until_jobs(16)
            with server.connect() as other:
                reply = Http1(other).ask(post(b"no room"))
                assert reply.status == 503 and reply.body.startswith(b"refused 24: "), reply.body
                assert "retry-after" in reply.headers
            assert server.stop() == 16
    with serving(program, jobs=1000, queue_jobs=2, workers=1, delay=200000) as server, server.connect() as sock:
        h2 = Http2(sock)
        h2.send(b"".join(frame(HEADERS, END_HEADERS, 2 * i + 1, h2_headers()) + frame(DATA, END_STREAM, 2 * i + 1, b"q")
                         for i in range(10)))
        got = h2.until(lambda kind, flags, stream, payload: kind == DATA and payload.startswith(b"refused 24"))
        assert got is not None
        assert server.alive()


@check
def http2_by_prior_knowledge(program):
    with serving(program, threads=2) as server:
        url = f"http://127.0.0.1:{server.port}/.well-known/cmp"
        out = curl("--http2-prior-knowledge", "-w", "%{http_version}", "-H", f"Content-Type: {CMP}", "-d", "abc", url)
        assert out == b"abc2", out
        # an upgrade is offered, and may be ignored (RFC 9110 7.8)
        out = curl("--http2", "-w", "%{http_version}", "-H", f"Content-Type: {CMP}", "-d", "abc", url)
        assert out == b"abc1.1", out
        load = subprocess.run(["h2load", "-n", "3000", "-c", "10", "-m", "10", "-d", __file__, "-H", f"content-type: {CMP}",
                               url], stdout=subprocess.PIPE, check=True, timeout=60).stdout.decode()
        assert "3000 succeeded, 0 failed, 0 errored" in load, load
        with server.connect() as sock:
            h2, body = Http2(sock), bytes(range(256)) * 200
            h2.send(frame(HEADERS, END_HEADERS, 1, h2_headers()))
            for at in range(0, len(body), 10000):
                h2.send(frame(DATA, 0, 1, body[at:at + 10000]))
            h2.send(frame(DATA, END_STREAM, 1))
            assert h2.body_of(1) == body


@check
def http2_refusals(program):
    with serving(program) as server, server.connect() as sock:
        h2 = Http2(sock)
        h2.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, h2_headers(method="PUT")))
        assert h2.body_of(1).startswith(b"refused 2: CMP messages are sent by POST")
        h2.send(frame(HEADERS, END_HEADERS, 3, h2_headers(kind="text/html")) + frame(DATA, END_STREAM, 3, b"x"))
        assert h2.body_of(3).startswith(b"refused 2: the content type")
        h2.send(frame(HEADERS, END_HEADERS, 5, h2_headers()))
        for _ in range(7):
            h2.send(frame(DATA, 0, 5, bytes(10000)))
        h2.send(frame(DATA, END_STREAM, 5))
        assert h2.body_of(5).startswith(b"refused 2: the message is too large")
        h2.send(frame(0xfa, 0, 0, b"ignored"))  # RFC 9113 5.5
        h2.send(frame(HEADERS, END_HEADERS, 7, h2_headers()))
        for _ in range(16):
            h2.send(frame(DATA, 0, 7, bytes(10000)))
        got = h2.until(lambda kind, flags, stream, payload: kind in (RST_STREAM, GOAWAY))
        assert got is not None and got[0] == RST_STREAM and got[2] == 7, got
        h2.send(frame(HEADERS, END_HEADERS, 9, h2_headers()) + frame(DATA, END_STREAM, 9, b"still here"))
        assert h2.until(lambda kind, flags, stream, payload: kind == DATA and stream == 9)[3] == b"still here"
        assert "skipping" not in server.log()


def until_held(control, state):
    """Waits until the pipeline holds |state|: how many jobs, and for how many of them nobody waits any more."""
    deadline = time.monotonic() + WAIT
    while (got := control.ask(post(b"held")).body) != state:
        assert time.monotonic() < deadline, got
        time.sleep(0.01)


def h2_request(stream, body):
    return frame(HEADERS, END_HEADERS, stream, h2_headers()) + frame(DATA, END_STREAM, stream, body)


@check
def an_answer_is_for_whom_it_was_made(program):
    """A client leaves, others take the place of its request, and then its job comes back: nobody gets its answer. Over
    HTTP/1 a request keeps its place until it is answered: nothing is read meanwhile."""
    new = [b"new %d" % i for i in range(4)]
    with serving(program) as server, server.connect() as sock:
        control = Http1(sock)
        with server.connect() as old:
            Http2(old).send(h2_request(1, b"hold old"))
            until_held(control, b"1 0")
        until_held(control, b"1 1")
        clients = [Http1(server.connect()) for _ in new]
        for client, words in zip(clients, new):
            client.sock.sendall(post(b"hold " + words))
        until_held(control, b"5 1")
        assert control.ask(post(b"let go old")).body == b"1"
        for client, words in reversed(list(zip(clients, new))):
            assert control.ask(post(b"let go " + words)).body == b"1"
            assert client.reply().body == b"hold " + words
            client.sock.close()


@check
def an_answer_is_for_the_stream_that_it_was_made_for(program):
    """The same on one connection of HTTP/2, where the first stream is reset."""
    new = {2 * i + 3: b"new %d" % i for i in range(4)}
    with serving(program) as server, server.connect() as sock, server.connect() as other:
        control, h2 = Http1(sock), Http2(other)
        h2.send(h2_request(1, b"hold old"))
        until_held(control, b"1 0")
        h2.send(frame(RST_STREAM, 0, 1, (8).to_bytes(4, "big")))
        until_held(control, b"1 1")
        for stream, words in new.items():
            h2.send(h2_request(stream, b"hold " + words))
        until_held(control, b"5 1")
        assert control.ask(post(b"let go old")).body == b"1"
        for stream, words in reversed(new.items()):
            assert control.ask(post(b"let go " + words)).body == b"1"
            got = h2.until(lambda kind, flags, stream, payload: kind == DATA)
            assert got is not None and (got[2], got[3]) == (stream, b"hold " + words), got


@check
def occupied_port(program):
    with serving(program) as server:
        done = subprocess.run([server.process.args[0], f"127.0.0.1:{server.port}"], stderr=subprocess.PIPE, timeout=WAIT,
                              check=False)
        assert done.returncode == 1 and b"Address already in use" in done.stderr, done.stderr
    for wrong in ("127.0.0.1", "127.0.0.1:", "::1:80", "[::1:80", "nohost.invalid:80"):
        done = subprocess.run([server.process.args[0], wrong], stderr=subprocess.PIPE, timeout=60, check=False)
        assert done.returncode == 1 and b"fault: " in done.stderr, (wrong, done.stderr)


main()
