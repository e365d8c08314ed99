"""Bounds: connections, times, streams, resets."""
import concurrent.futures
import contextlib
import glob
import resource
import socket
import time

from harness import (CMP, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS,
                     Http1, Http2, check, frame, h2_headers, main, post, serving)


def seconds_until_closed(sock, each=None):
    """Waits for the peer to close; |each| is sent twice a second meanwhile."""
    begin = time.monotonic()
    sock.settimeout(0.5)
    while time.monotonic() - begin < 30:
        try:
            if each is not None:
                sock.sendall(each)
            while sock.recv(65536):
                pass
            return time.monotonic() - begin
        except TimeoutError:
            continue
        except OSError:
            return time.monotonic() - begin
    raise AssertionError("still open after 30 s")


def together(server, *conversations):
    """Each over a connection of its own, all at once."""
    def hold(conversation):
        with server.connect() as sock:
            conversation(sock)
    with concurrent.futures.ThreadPoolExecutor(len(conversations)) as pool:
        for done in [pool.submit(hold, conversation) for conversation in conversations]:
            done.result()


def switches(pid):
    """How often the threads of a process have slept or were made to."""
    count = 0
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path) as status:
            count += sum(int(line.split()[1]) for line in status if "voluntary_ctxt_switches" in line)
    return count


@check
def without_descriptors_it_rests(program):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, before[1]))
    try:
        context = serving(program)
        server = context.__enter__()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    with contextlib.ExitStack() as held:
        for _ in range(80):
            held.enter_context(server.connect())
        deadline = time.monotonic() + 20
        while "connection not accepted" not in server.log():
            assert time.monotonic() < deadline, server.log()
            time.sleep(0.05)
        # A loop that tries at once would turn many thousand times.
        first = switches(server.process.pid)
        time.sleep(0.5)
        assert switches(server.process.pid) - first < 500
    assert "Too many open files" in server.log()
    assert server.alive()
    context.__exit__(None, None, None)


@check
def idle_connections_end(program):
    def connected(sock):
        assert seconds_until_closed(sock) > 0.8

    def answered(sock):
        Http1(sock).ask(post(b"x"))
        assert seconds_until_closed(sock) > 0.8

    def answered_by_http2(sock):
        h2 = Http2(sock)
        h2.send(frame(HEADERS, END_HEADERS, 1, h2_headers()) + frame(DATA, END_STREAM, 1, b"x"))
        h2.body_of(1)
        assert seconds_until_closed(sock) > 0.8

    def pings_are_no_requests(sock):
        Http2(sock)
        assert seconds_until_closed(sock, each=frame(PING, 0, 0, bytes(8))) > 0.8

    with serving(program, idle_seconds=1, read_seconds=30) as server:
        together(server, connected, answered, answered_by_http2, pings_are_no_requests)


@check
def slow_requests_end(program):
    def line_by_line(sock):
        sock.sendall(b"POST /x HTTP/1.1\r\n")
        assert seconds_until_closed(sock, each=b"X: y\r\n") > 0.8

    def octet_by_octet(sock):
        sock.sendall(post(bytes(60000))[:200])
        assert seconds_until_closed(sock, each=b"x") > 0.8

    def chunk_by_chunk(sock):
        sock.sendall(f"POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: {CMP}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        assert seconds_until_closed(sock, each=b"1\r\nx\r\n") > 0.8

    def frame_by_frame(sock):
        Http2(sock).send(frame(HEADERS, END_HEADERS, 1, h2_headers()))
        assert seconds_until_closed(sock, each=frame(DATA, 0, 1, b"x")) > 0.8

    def half_a_header(sock):
        Http2(sock).send(frame(HEADERS, 0, 1, h2_headers()))
        assert seconds_until_closed(sock) > 0.8

    def in_time_and_then_idle(sock):  # idle does not count as reading
        raw = post(b"in time")
        for at in range(0, len(raw), 40):
            sock.sendall(raw[at:at + 40])
            time.sleep(0.05)
        assert Http1(sock).reply().body == b"in time"
        time.sleep(2.5)
        assert Http1(sock).ask(post(b"later")).body == b"later"

    with serving(program, idle_seconds=60, read_seconds=1) as server:
        together(server, line_by_line, octet_by_octet, chunk_by_chunk, frame_by_frame, half_a_header, in_time_and_then_idle)


@check
def answers_that_nobody_takes_end(program):
    with serving(program, idle_seconds=1, connections=1) as server, server.connect() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        sock.recv(1)
        assert not served(server)
        deadline = time.monotonic() + 25
        while not served(server):
            assert time.monotonic() < deadline, "it keeps its place"
            time.sleep(0.2)


def served(server):
    """1 if there is room for another connection."""
    try:
        return server.alive()
    except OSError:
        return False


@check
def waiting_for_an_answer_is_not_idle(program):
    with serving(program, idle_seconds=1, read_seconds=1, delay=4000000) as server, server.connect() as sock:
        assert Http1(sock).ask(post(b"patience")).body == b"patience"


@check
def connections_are_bounded(program):
    with serving(program, connections=5, threads=2) as server:
        socks = [server.connect() for _ in range(5)]
        assert all(Http1(sock).ask(post(b"in")).body == b"in" for sock in socks)
        for _ in range(3):
            with server.connect() as sock:
                try:
                    sock.sendall(post(b"one too many"))
                    assert sock.recv(1) == b""
                except ConnectionError:
                    pass
        assert Http1(socks[0]).ask(post(b"still in")).body == b"still in"
        for sock in socks:
            sock.close()
        deadline = time.monotonic() + 20
        while not served(server):
            assert time.monotonic() < deadline, "the places of closed connections are not free again"
            time.sleep(0.1)


@check
def streams_are_bounded(program):
    with serving(program, streams=3) as server, server.connect() as sock:
        h2 = Http2(sock)
        settings = h2.until(lambda kind, flags, stream, payload: kind == SETTINGS and not flags & 1)[3]
        assert b"\x00\x03\x00\x00\x00\x03" in settings, settings
        for i in range(5):
            h2.send(frame(HEADERS, END_HEADERS, 2 * i + 1, h2_headers()) + frame(DATA, END_STREAM, 2 * i + 1, b"hold x"))
        refused, served = set(), set()
        while len(refused) + len(served) < 5:
            kind, flags, stream, payload = h2.frame()
            if kind == RST_STREAM:
                refused.add(stream)
                if len(refused) == 2:
                    server.until_jobs(3)
                    server.release()
            if kind == DATA and flags & END_STREAM:
                served.add(stream)
        assert (served, refused) == ({1, 3, 5}, {7, 9}), (served, refused)


def reset_until_goaway(h2, limit, reset):
    """Opens and ends streams; returns how many were sent when GOAWAY came, and its error code."""
    for i in range(limit):
        try:
            h2.send(reset(2 * i + 1))
        except OSError:
            break
    got = h2.until(lambda kind, flags, stream, payload: kind == GOAWAY)
    assert got is not None, "no GOAWAY"
    return int.from_bytes(got[3][4:8], "big")


@check
def rapid_reset(program):
    """CVE-2023-44487: streams that are opened and reset at once."""
    opening = {
        "with a request under way": lambda stream: frame(HEADERS, END_HEADERS, stream, h2_headers()) +
        frame(DATA, END_STREAM, stream, b"work") + frame(RST_STREAM, 0, stream, b"\0\0\0\x08"),
        "before the body": lambda stream: frame(HEADERS, END_HEADERS, stream, h2_headers()) +
        frame(RST_STREAM, 0, stream, b"\0\0\0\x08"),
        "reset by us, for a fault": lambda stream: frame(HEADERS, END_HEADERS, stream, h2_headers()) +
        frame(8, 0, stream, b"\0\0\0\0"),
    }
    with serving(program, resets=20, delay=1000, jobs=50) as server, server.connect() as bystander:
        for name, reset in opening.items():
            with server.connect() as sock:
                assert reset_until_goaway(Http2(sock), 500, reset) == ENHANCE_YOUR_CALM, name
            assert Http1(bystander).ask(post(b"undisturbed")).body == b"undisturbed"
        with server.connect() as sock:  # within the bound nothing happens
            h2 = Http2(sock)
            for i in range(20):
                h2.send(opening["before the body"](2 * i + 1))
            h2.send(frame(HEADERS, END_HEADERS, 101, h2_headers()) + frame(DATA, END_STREAM, 101, b"fine"))
            assert h2.body_of(101) == b"fine"


main()
