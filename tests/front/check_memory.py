"""limits.memory_mib: what strangers can make the front hold is bounded by one number, and others are served meanwhile."""
import os

from harness import (DATA, END_HEADERS, HEADERS, WINDOW_UPDATE, Http1, Http2, both_ways, check, frame, h2_headers, main, post)

SOAK = os.environ.get("CMPD_SOAK") == "1"
SANITIZED = "asan" in os.environ["CMPD_TESTS"]
CONNECTIONS = 10000 if SOAK else 200 if SANITIZED else 500
LIMIT = 64       # MiB
# MiB beside the limit: what the process is before, what the allocator and freed buffers keep, a turn's reading
CONSTANT = 120 if SANITIZED else 24


def quietly(send):
    """A stranger does not care what becomes of its octets, but does not wait for ever."""
    try:
        send()
    except OSError:
        pass


def streams_with_bodies(connect):
    sock = connect()
    opening = b"".join(frame(HEADERS, END_HEADERS, 2 * i + 1, h2_headers()) + frame(DATA, 0, 2 * i + 1, bytes(8000)) for i in range(100))
    quietly(lambda: Http2(sock))
    quietly(lambda: sock.sendall(opening))
    return sock


def bodies_over_http1(connect):
    sock = connect()
    quietly(lambda: sock.sendall(post(bytes(65000))[:-1]))
    return sock


def frames_without_their_end(connect):
    sock = connect()
    quietly(lambda: Http2(sock))
    quietly(lambda: sock.sendall(frame(DATA, 0, 1, bytes(16000))[:-1]))
    return sock


def answers_that_nobody_reads(connect):
    sock = connect(receive_buffer=4096)
    quietly(lambda: Http2(sock))
    quietly(lambda: sock.sendall(frame(WINDOW_UPDATE, 0, 0, b"\x7f\0\0\0")))
    for i in range(8):
        stream = 2 * i + 1
        quietly(lambda: sock.sendall(frame(HEADERS, END_HEADERS, stream, h2_headers()) + b"".join(
            frame(DATA, at == 3, stream, bytes(15000)) for at in range(4))))
    return sock


@check
def strangers_fill_their_own_share(program):
    for behave, count in ((streams_with_bodies, CONNECTIONS), (bodies_over_http1, 4 * CONNECTIONS), (frames_without_their_end, 4 * CONNECTIONS),
                          (answers_that_nobody_reads, CONNECTIONS)):
        for server, connect in both_ways(program, memory_mib=LIMIT, connections=6 * CONNECTIONS,
                                          connections_per_source=6 * CONNECTIONS, jobs=50000, queue_jobs=50000):
            if connect.over_tls and behave is not streams_with_bodies and not SOAK:
                continue  # handshakes are slow; the octets behind them are the same
            before, strangers, served = server.memory(), [], 0
            with connect() as kept:
                http = Http1(kept)
                for i in range(count // 10 if connect.over_tls and not SOAK else count):
                    source = f"127.0.{2 + i % 100}.1"  # each stays below what a source may be made to give up
                    try:
                        strangers.append(behave(lambda **options: connect(timeout=2, source=source, **options)))
                    except OSError:
                        continue  # closed at accept
                    if i % 25 == 0:
                        served += 1
                        assert http.ask(post(b"honest")).body == b"honest"
                        with connect() as new:
                            assert Http1(new).ask(post(b"honest, too")).body == b"honest, too"
                print(f"  {behave.__name__}: {len(strangers)} connections, {before:.0f} MiB before, {server.memory():.0f} at the most, "
                      f"{served} honest requests served")
                for sock in strangers:
                    sock.close()
            assert server.memory() < LIMIT + CONSTANT, server.memory()


@check
def idle_connections_with_TLS_make_room(program):
    """What BoringSSL holds for them counts. A few addresses had it all, and everybody else was refused at accept, without TLS too."""
    for server, connect in both_ways(program, memory_mib=16, connections=5000, connections_per_source=5000):
        if not connect.over_tls:
            plain = connect
            continue
        idle = [server.connect(1, source=f"127.0.2.{i % 3 + 1}") for i in range(300)]  # before their handshakes
        idle += [connect(source=f"127.0.2.{i % 3 + 1}") for i in range(700)]           # after them
        for how in (plain, connect):
            for _ in range(5):
                with how() as sock:
                    assert Http1(sock).ask(post(b"honest")).body == b"honest"
        for sock in idle:
            sock.close()


@check
def who_fills_it_again_and_again_is_not_served(program):
    """What has to go for want of memory counts as given up: a source that never ends its requests is barred for a while, others are not."""
    for server, connect in both_ways(program, memory_mib=LIMIT, connections=20 * CONNECTIONS, connections_per_source=20 * CONNECTIONS):
        if connect.over_tls:
            continue
        strangers, barred = [], False
        with connect() as kept:
            for i in range(10 * CONNECTIONS):
                strangers.append(streams_with_bodies(lambda **options: connect(timeout=2, source="127.0.2.1", **options)))
                if i % 20 == 0:
                    with connect(timeout=0.1, source="127.0.2.1") as sock:
                        try:
                            barred = Http1(sock).closed()
                        except TimeoutError:
                            continue
                if barred:
                    break
            assert barred, "served as if nothing had been"
            assert Http1(kept).ask(post(b"honest")).body == b"honest"
            with connect() as new:
                assert Http1(new).ask(post(b"honest, too")).body == b"honest, too"
        for sock in strangers:
            sock.close()
        with connect(source="127.0.2.1") as sock:
            assert Http1(sock).closed(), "with its connections gone it is served again at once"


main()
