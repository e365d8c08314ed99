"""What one address may have, and whom a proxy speaks for."""
import atexit
import os
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile

from harness import (CANCEL, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, NEWEST, PING, RST_STREAM, Http1, Http2, check, frame,
                     h2_headers, indexed, main, post, read_all, serving, until)

PROXY = "127.0.0.9"  # trusted where a check says so
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def header_for(host, port=4711):
    """A PROXY v2 header of a client over IPv4."""
    return SIGNATURE + b"\x21\x11\0\x0c" + socket.inet_aton(host) + bytes(4) + struct.pack(">HH", port, 0)


LOCAL = SIGNATURE + b"\x20\0\0\0"


def who(sock, extra=""):
    """The client that a request over |sock| is taken for."""
    return Http1(sock).ask(post(b"who", extra=extra)).body.decode().rsplit(":", 1)[0]


def is_served(sock):
    try:
        sock.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
        return read_all(sock).endswith(b"hello\n")
    except (ConnectionResetError, BrokenPipeError):
        return False


@check
def one_address_leaves_connections_to_others(program):
    """6,000 idle connections of one address once took all."""
    with serving(program, connections=200, connections_per_source=20) as server:
        idle = [server.connect(source="127.0.0.2") for _ in range(60)]
        with server.connect(source="127.0.0.3") as sock:
            assert is_served(sock)
        open_ones = 0
        for sock in idle:
            sock.settimeout(0.2)
            try:
                open_ones += sock.recv(1) != b""
            except TimeoutError:
                open_ones += 1
            except ConnectionResetError:
                pass
        assert open_ones == 20, f"{open_ones} of 60 connections stayed"
        for sock in idle:
            sock.close()
        for _ in range(50):  # closing is seen a little later
            with server.connect(source="127.0.0.2") as sock:
                if is_served(sock):
                    return
        raise AssertionError("what was closed is not given back")


@check
def strangers_leave_a_share_to_those_that_are_known(program):
    """However many addresses they have: of 160 connections ten are kept."""
    with serving(program, connections=160, connections_per_source=10) as server:
        idle = [server.connect(source=f"127.0.1.{i + 1}") for i in range(180)]
        with server.connect(source="127.0.0.3") as sock:
            assert not is_served(sock)
        for sock in idle:
            sock.close()


@check
def few_that_have_all_connections_give_way(program):
    """Idle connections of a few addresses once left none for anybody else."""
    with serving(program, connections=160, connections_per_source=60) as server:
        idle = [server.connect(source=f"127.0.1.{i % 3 + 1}") for i in range(180)]
        for i in range(60):
            with server.connect(source=f"127.0.2.{i + 1}") as sock:
                assert is_served(sock), i
        for sock in idle:
            sock.close()


@check
def who_asks_the_front_itself_too_much_is_not_served_for_a_while(program):
    """Requests that take no worker, in pipelines: they once kept the front's thread from all others for seconds."""
    with serving(program, connections_per_source=200) as server:
        socks = []
        for _ in range(20):
            sock = server.connect(source="127.0.0.2")
            sock.sendall(1000 * b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" + b"GET /nothing HTTP/1.0\r\n\r\n")
            socks.append(sock)
        answers = 0
        for sock in socks:
            answers += read_all(sock).count(b"HTTP/1.1 405")
            sock.close()
        assert answers < 4000, answers
        with server.connect(source="127.0.0.2") as sock:
            assert not is_served(sock)
        with server.connect(source="127.0.0.3") as sock:
            assert is_served(sock)


def is_served_after(server, source, attack, times):
    """Whether |source| and another one are served after |attack| was made over so many connections."""
    for _ in range(times):
        with server.connect(source=source) as sock:
            try:
                attack(Http2(sock))
                while sock.recv(65536):
                    pass
            except (ConnectionResetError, BrokenPipeError):
                pass
    with server.connect(source="127.0.0.3") as sock:
        assert is_served(sock)
    with server.connect(source=source) as sock:
        return is_served(sock)


@check
def who_has_connections_ended_for_floods_is_not_served_for_a_while(program):
    """RFC 9113 10.5: each connection is ended in time, but there were ever new ones."""
    def fields(h2):
        h2.send(frame(HEADERS, END_HEADERS, 1, h2_headers() + indexed("x", "") + 1000 * NEWEST))

    def resets(h2):
        h2.send(b"".join(frame(HEADERS, END_HEADERS, i, h2_headers()) + frame(RST_STREAM, 0, i, struct.pack(">I", CANCEL))
                         for i in range(1, 301, 2)))

    def empty_frames(h2):
        h2.send(frame(HEADERS, END_HEADERS, 1, h2_headers()) + 150 * frame(DATA, 0, 1))

    with serving(program) as server:
        for i, attack in enumerate((fields, resets, empty_frames)):
            assert is_served_after(server, f"127.0.1.{i + 1}", attack, 10), attack
            assert not is_served_after(server, f"127.0.1.{i + 1}", attack, 15), attack


@check
def who_is_answered_by_the_library_too_often_is_not_served_for_a_while(program):
    """What libh2o answers by itself takes the front's thread as its own answers do."""
    def refused(h2):
        h2.send(b"".join(frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, h2_headers() + (indexed("x", "") if i == 0 else b"") +
                               200 * NEWEST) for i in range(45)))
        h2.sock.shutdown(socket.SHUT_WR)

    with serving(program) as server:
        assert is_served_after(server, "127.0.0.2", refused, 10)
        assert not is_served_after(server, "127.0.0.2", refused, 70)


@check
def a_proxy_may_have_any_number_of_connections(program):
    with serving(program, connections=200, connections_per_source=5, trusted_proxy=PROXY) as server:
        socks = [server.connect(source=PROXY) for _ in range(30)]
        for sock in socks:
            assert is_served(sock)
            sock.close()


@check
def a_proxy_says_by_Forwarded_whose_request_it_is(program):
    with serving(program, trusted_proxy="127.0.0.8/30") as server:
        with server.connect(source=PROXY) as sock:
            assert who(sock) == PROXY
            assert who(sock, "Forwarded: for=192.0.2.7\r\n") == "192.0.2.7"
            assert who(sock, 'Forwarded: for=198.51.100.1, for="[2001:db8::7]:99"\r\n') == "[2001:db8::7]"
            assert who(sock, "Forwarded: for=198.51.100.1\r\nForwarded: for=192.0.2.8\r\n") == "192.0.2.8"
            assert who(sock, "Forwarded: for=unknown\r\n") == PROXY
        with server.connect(source="127.0.0.2") as sock:  # from anybody else it is not read
            assert who(sock, "Forwarded: for=192.0.2.7\r\n") == "127.0.0.2"
        with server.connect(source=PROXY) as sock:
            h2 = Http2(sock)
            h2.send(frame(HEADERS, END_HEADERS, 1, h2_headers(extra=[("forwarded", "for=192.0.2.9")])) +
                    frame(DATA, END_STREAM, 1, b"who"))
            assert h2.body_of(1).startswith(b"192.0.2.9")


@check
def a_proxy_says_by_a_PROXY_header_whose_connection_it_is(program):
    with serving(program, "127.0.0.1:0,proxy", trusted_proxy=PROXY) as server:
        with server.connect(source=PROXY) as sock:
            sock.sendall(header_for("192.0.2.7"))
            assert who(sock) == "192.0.2.7"
            assert who(sock, "Forwarded: for=198.51.100.1\r\n") == "192.0.2.7", "its client chose another name"
        with server.connect(source=PROXY) as sock:  # an octet at a time, and the request with the last one
            header = header_for("192.0.2.8")
            for i in range(len(header) - 1):
                sock.sendall(header[i:i + 1])
            sock.sendall(header[-1:] + post(b"who"))
            assert Http1(sock).reply().body.startswith(b"192.0.2.8:")
        with server.connect(source=PROXY) as sock:
            sock.sendall(LOCAL)
            assert who(sock) == PROXY
        with server.connect(source=PROXY) as sock:  # it is mandatory
            sock.sendall(post(b"who"))
            assert read_all(sock) == b""
        with server.connect(source="127.0.0.2") as sock:  # from anybody else it is no HTTP
            sock.sendall(header_for("192.0.2.7") + post(b"who"))
            assert b"192.0.2.7" not in read_all(sock)
        with server.connect(source="127.0.0.2") as sock:
            assert who(sock) == "127.0.0.2"


@check
def a_PROXY_header_comes_before_TLS(program):
    folder = tempfile.mkdtemp(prefix="front-proxy-")
    atexit.register(shutil.rmtree, folder, True)
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    key, "-out", cert, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True,
                   stderr=subprocess.DEVNULL)
    os.chmod(key, 0o600)
    client = ssl.create_default_context(cafile=cert)
    with serving(program, "127.0.0.1:0,tls,proxy", trusted_proxy=PROXY, certificate=cert, key=key) as server:
        for separate in (True, False):
            with server.connect(source=PROXY) as sock:
                if separate:
                    sock.sendall(header_for("192.0.2.7"))
                    with client.wrap_socket(sock, server_hostname="127.0.0.1") as tls:
                        assert who(tls) == "192.0.2.7"
                    continue
                # Header and ClientHello in one segment.
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                tls = client.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
                first = header_for("192.0.2.8")
                while True:
                    try:
                        tls.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        sock.sendall(first + outgoing.read())
                        first = b""
                        incoming.write(sock.recv(65536))
                tls.write(post(b"who"))
                sock.sendall(outgoing.read())
                data = b""
                while b"192.0.2.8" not in data:
                    try:
                        data += tls.read(65536)
                    except ssl.SSLWantReadError:
                        more = sock.recv(65536)
                        assert more, data
                        incoming.write(more)
        with server.connect(source="127.0.0.2") as sock, client.wrap_socket(sock, server_hostname="127.0.0.1") as tls:
            assert who(tls) == "127.0.0.2"


@check
def a_PROXY_header_is_not_waited_for_for_ever(program):
    with serving(program, "127.0.0.1:0,proxy", trusted_proxy=PROXY, read_seconds=1, idle_seconds=60) as server:
        with server.connect(source=PROXY) as sock:
            sock.sendall(SIGNATURE)
            assert read_all(sock) == b""


@check
def connections_behind_a_PROXY_header_are_their_clients(program):
    with serving(program, "127.0.0.1:0,proxy", trusted_proxy=PROXY, connections_per_source=5) as server:
        idle = []
        for _ in range(5):
            sock = server.connect(source=PROXY)
            sock.sendall(header_for("192.0.2.7"))
            assert who(sock) == "192.0.2.7"
            idle.append(sock)
        with server.connect(source=PROXY) as sock:
            sock.sendall(header_for("192.0.2.7"))
            assert not is_served(sock)
        with server.connect(source=PROXY) as sock:
            sock.sendall(header_for("192.0.2.8"))
            assert is_served(sock)
        for sock in idle:
            sock.close()


@check
def health_has_places_of_its_own(program):
    """What one address does where base stations come in takes nothing from the health checks that come from it."""
    with serving(program, "127.0.0.1:0,cmp", "127.0.0.1:0,health", connections_per_source=5) as server:
        idle = [server.connect(0) for _ in range(5)]
        for sock in idle:
            assert who(sock) == "127.0.0.1"
        with server.connect(0) as sock:
            try:
                sock.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
                assert read_all(sock) == b""
            except (ConnectionResetError, BrokenPipeError):
                pass
        with server.connect(1) as sock:
            assert is_served(sock)
        for sock in idle:
            sock.close()


@check
def who_gives_up_takes_its_jobs_along(program):
    """A stream that is reset, and a connection that is gone."""
    with serving(program) as server, server.connect() as bystander:
        http = Http1(bystander)

        def held():
            """How many wait, and for how many of them nobody waits any more."""
            return http.ask(post(b"held")).body
        with server.connect() as sock:
            h2 = Http2(sock)
            for i in range(10):
                h2.send(frame(HEADERS, END_HEADERS, 2 * i + 1, h2_headers()) + frame(DATA, END_STREAM, 2 * i + 1, b"hold x"))
            until("jobs that are held", lambda: held() == b"10 0")
            for i in range(5):
                h2.send(frame(RST_STREAM, 0, 2 * i + 1, struct.pack(">I", CANCEL)))
            until("jobs of streams that were reset", lambda: held() == b"10 5")
        until("jobs of a connection that is gone", lambda: held() == b"10 10")
        server.release()


@check
def who_gives_up_too_often_is_not_served_for_a_while(program):
    """Resets, with reconnects in between: once they filled the queue with jobs that nobody waited for."""
    with serving(program, delay=1000, workers=1, jobs=5000, queue_jobs=5000, resets=100000) as server:
        for _ in range(25):
            with server.connect(source="127.0.0.2") as sock:
                try:
                    h2 = Http2(sock)
                    h2.send(b"".join(
                        frame(HEADERS, END_HEADERS, 2 * i + 1, h2_headers()) + frame(DATA, END_STREAM, 2 * i + 1, b"x") +
                        frame(RST_STREAM, 0, 2 * i + 1, struct.pack(">I", CANCEL)) for i in range(60)) +
                        frame(PING, 0, 0, bytes(8)))
                    h2.until(lambda kind, flags, stream, payload: kind == PING)  # all of it was read
                except (ConnectionResetError, BrokenPipeError):
                    pass
        with server.connect(source="127.0.0.2") as sock:
            assert not is_served(sock)
        with server.connect(source="127.0.0.3") as sock:
            assert is_served(sock)


@check
def one_client_of_a_proxy_does_not_end_the_connection_of_all(program):
    """Refused requests and resets beyond what one connection may have, and a client in between that is served."""
    many_fields = h2_headers(extra=[(f"x{i}", "y") for i in range(110)])
    with serving(program, trusted_proxy=PROXY, resets=20, workers=0) as server:
        with server.connect(source=PROXY) as sock:
            h2, stream = Http2(sock), 1
            for _ in range(10):
                for _ in range(10):
                    h2.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, many_fields))
                    assert h2.body_of(stream).startswith(b"refused 2: the HTTP header")
                    stream += 2
                h2.send(frame(HEADERS, END_HEADERS, stream, h2_headers()) + frame(DATA, END_STREAM, stream, b"honest"))
                assert h2.body_of(stream) == b"honest"
                stream += 2
        with server.connect(source="127.0.0.2") as sock:  # anybody else's connection ends
            h2 = Http2(sock)
            h2.send(b"".join(frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, many_fields) for i in range(40)))
            assert h2.until(lambda kind, flags, stream, payload: kind == GOAWAY) is not None


@check
def a_client_of_a_proxy_that_gives_up_too_often_is_refused_by_itself(program):
    fields = {name: h2_headers(extra=[("forwarded", f"for={name}")]) for name in ("192.0.2.7", "192.0.2.8")}
    with serving(program, delay=1000, workers=1, jobs=5000, queue_jobs=5000, resets=100, trusted_proxy=PROXY) as server:
        with server.connect(source=PROXY) as sock:
            h2 = Http2(sock)
            for i in range(1100):
                stream = 2 * i + 1
                h2.send(frame(HEADERS, END_HEADERS, stream, fields["192.0.2.7"]) + frame(DATA, END_STREAM, stream, b"x") +
                        frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL)))
            for stream, name in ((2201, "192.0.2.7"), (2203, "192.0.2.8")):
                h2.send(frame(HEADERS, END_HEADERS, stream, fields[name]) + frame(DATA, END_STREAM, stream, b"honest"))
                body = h2.body_of(stream)
                assert body.startswith(b"refused 24") == (name == "192.0.2.7"), body


main()
