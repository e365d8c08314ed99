"""Draining and stopping: what is in flight is answered, and the process ends in time."""
import signal

from harness import DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, WAIT, Http1, Http2, check, frame, h2_headers, main, post, serving, until


@check
def answers_of_a_draining_server_say_goodbye(program):
    with serving(program, delay=1000, threads=2) as server:
        with server.connect() as kept, server.connect() as kept2:
            http, h2 = Http1(kept), Http2(kept2)
            http.ask(post(b"before"))
            h2.send(frame(HEADERS, END_HEADERS, 1, h2_headers()) + frame(DATA, END_STREAM, 1, b"before"))
            assert h2.body_of(1) == b"before"
            server.drain()
            reply = http.ask(post(b"after"))
            assert (reply.body, reply.headers["connection"]) == (b"after", "close") and http.closed()
            assert h2.until(lambda kind, flags, stream, payload: kind == GOAWAY) is not None
        with server.connect() as sock:  # accepting goes on
            reply = Http1(sock).ask(post(b"new"))
            assert (reply.body, reply.headers["connection"]) == (b"new", "close")
        with server.connect() as sock:
            h2 = Http2(sock)
            h2.send(frame(HEADERS, END_HEADERS, 1, h2_headers()) + frame(DATA, END_STREAM, 1, b"new"))
            seen = []
            while (got := h2.frame()) is not None:
                seen.append(got)
            assert any(kind == GOAWAY for kind, *_ in seen), seen
            assert any(kind == DATA and payload == b"new" for kind, _, _, payload in seen), seen


@check
def answer_in_flight_while_draining_begins(program):
    with serving(program) as server, server.connect() as sock:
        sock.sendall(post(b"hold this"))
        server.until_jobs(1)
        server.drain()
        server.release()
        reply = Http1(sock).reply()
        assert (reply.body, reply.headers["connection"]) == (b"hold this", "close")


@check
def stop_answers_what_is_in_flight(program):
    with serving(program, threads=2, stop_seconds=WAIT) as server:
        socks = [server.connect() for _ in range(4)]
        for sock in socks:
            sock.sendall(post(b"hold this"))
        with server.connect() as sock2, server.connect() as idle:
            h2 = Http2(sock2)
            h2.send(frame(HEADERS, END_HEADERS, 1, h2_headers()) + frame(DATA, END_STREAM, 1, b"hold that"))
            server.until_jobs(5)
            server.process.send_signal(signal.SIGTERM)
            assert idle.recv(1) == b""
            server.release()
            assert [Http1(sock).reply().body for sock in socks] == [b"hold this"] * 4
            assert h2.until(lambda kind, flags, stream, payload: kind == DATA)[3] == b"hold that"
            assert server.stop() == 0


@check
def stop_in_time(program):
    """What never gets an answer is told so, counted, and the process ends."""
    with serving(program, stop_seconds=1, threads=2) as server, server.connect() as sock, server.connect() as half:
        http = Http1(sock)
        sock.sendall(post(b"hold this"))
        half.sendall(post(b"never complete")[:-3])
        with server.connect() as sock2:
            h2 = Http2(sock2)
            h2.send(frame(HEADERS, END_HEADERS, 1, h2_headers()) + frame(DATA, END_STREAM, 1, b"hold that"))
            server.until_jobs(2)
            assert server.stop() == 2
            assert http.reply().status == 503


def refuses(server):
    """Whether it takes no connection. What came just before the listener was closed ends without an answer."""
    try:
        with server.connect():
            return False
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:  # closed between the two halves of the handshake: the next one is refused
        return False


@check
def a_stopping_server_takes_no_connection(program):
    """While something in flight is still waited for, a new connection is refused, not left hanging."""
    with serving(program, threads=2, stop_seconds=WAIT) as server, server.connect() as sock:
        sock.sendall(post(b"hold this"))
        server.until_jobs(1)
        server.process.send_signal(signal.SIGTERM)
        until("refusals", lambda: refuses(server))
        server.release()
        assert Http1(sock).reply().body == b"hold this"
        assert server.stop() == 0


@check
def stop_without_connections(program):
    with serving(program, threads=4) as server:
        assert server.stop() == 0


main()
