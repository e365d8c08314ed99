"""Peers that mean harm: each of these ended the process, held up its thread, or filled its memory."""
import base64
import signal
import struct

from harness import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, HEADERS, NEWEST, PADDED, PING,
                     PROTOCOL_ERROR, RST_STREAM, SETTINGS, WINDOW_UPDATE, Http1, Http2, both_ways, check, frame, h2_headers, indexed,
                     literal, main, post)

INITIAL_WINDOW_SIZE = 4


def window(size):
    return frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, size))


ALL_OF_THE_CONNECTION = frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0x7fffffff - 65535))


def request(stream, body, piece=16000):
    parts = [body[at:at + piece] for at in range(0, len(body), piece)]
    return frame(HEADERS, END_HEADERS, stream, h2_headers()) + b"".join(
        frame(DATA, END_STREAM if i == len(parts) - 1 else 0, stream, part) for i, part in enumerate(parts))


@check
def windows_that_flip_under_answers_nobody_reads(program):
    """Answers wait complete in a buffer that the peer does not read; their windows turn negative, then positive."""
    for server, connect in both_ways(program):
        with connect(receive_buffer=4096) as sock, connect() as bystander:
            h2, http = Http2(sock), Http1(bystander)
            h2.send(ALL_OF_THE_CONNECTION)
            for i in range(100):
                h2.send(request(2 * i + 1, bytes(60000)))
                assert http.ask(post(b"alive")).body == b"alive"
                h2.send(window(0) + window(65535))
        with connect() as other:
            assert Http1(other).ask(post(b"alive")).body == b"alive"


GROWTH = 32  # MiB: what a server of nothing may grow by for any one of these

DIGEST = base64.urlsafe_b64encode(b"\xf8\x3f" + bytes([255]) * 2900).decode().rstrip("=")


@check
def fields_that_cost_more_than_their_octets(program):
    """A large field of the table, again and again, by one octet each; one that libh2o made eight octets of each bit of, too."""
    for name, value in (("cache-digest", DIGEST), ("cookie", 3000 * "x"), ("content-type", 3000 * "x")):
        for server, connect in both_ways(program, header_bytes=16384):
            before = server.memory()
            with connect() as sock:
                h2 = Http2(sock)
                h2.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, h2_headers(kind=None) + indexed(name, value) + 300 * NEWEST))
                assert h2.body_of(1).startswith(b"refused 2: the HTTP header")
                h2.send(request(3, b"next"))
                assert h2.body_of(3) == b"next"
            assert server.memory() - before < GROWTH, (name, before, server.memory())


def until_the_end(h2):
    """The error code of GOAWAY, after which nothing comes."""
    got = h2.until(lambda kind, flags, stream, payload: kind == GOAWAY)
    assert got is not None, "no GOAWAY"
    while h2.frame() is not None:
        pass
    return int.from_bytes(got[3][4:8], "big")


@check
def headers_of_references(program):
    """Streams that stay open, each with many references; then one with as many as a frame takes, which cost 40 times their octets to
    decode: the connection ends, whether its header is read or not."""
    for server, connect in both_ways(program):
        before = server.memory()
        for stream in (101, 1):
            with connect() as sock:
                h2 = Http2(sock)
                h2.send(frame(HEADERS, END_HEADERS, 1, h2_headers() + indexed("x", "")))
                for i in range(1, 41):
                    h2.send(frame(HEADERS, END_HEADERS, 2 * i + 1, h2_headers() + 350 * NEWEST))
                    if i % 10 == 0:
                        got = h2.until(lambda kind, flags, stream, payload: (kind, stream) == (DATA, 2 * i + 1))
                        assert got is not None and got[3].startswith(b"refused 2: the HTTP header"), got
                with connect() as other:
                    assert Http1(other).ask(post(b"alive")).body == b"alive"
                assert server.memory() - before < GROWTH, (before, server.memory())
                h2.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, h2_headers() + 16000 * NEWEST))
                assert until_the_end(h2) == ENHANCE_YOUR_CALM


@check
def header_lists_are_bounded(program):
    """By RFC 9113 6.5.2, in HEADERS as in CONTINUATION; what is refused does not harm the rest of the connection."""
    fields = [(f"x{i}", "y") for i in range(200)]
    for server, connect in both_ways(program, header_bytes=8192):
        with connect() as sock:
            h2, stream = Http2(sock), 1
            settings = h2.until(lambda kind, flags, stream, payload: kind == SETTINGS and not flags & ACK)[3]
            assert struct.pack(">HI", 6, 8192) in settings, settings
            for extra, expected in ((fields[:95], b"ok"), (fields[:96], b"refused 2: the HTTP header"),
                                    ([("x", 126 * "y")] * 49, b"ok"), ([("x", 126 * "y")] * 52, b"refused 2: the HTTP header")):
                block = h2_headers(extra=extra)
                for pieces in (1, 2, 50):
                    size = (len(block) + pieces - 1) // pieces
                    parts = [block[at:at + size] for at in range(0, len(block), size)]
                    h2.send(b"".join(frame(CONTINUATION if i else HEADERS, END_HEADERS if i == len(parts) - 1 else 0, stream, part)
                                     for i, part in enumerate(parts)) + frame(DATA, END_STREAM, stream, b"ok"))
                    body = h2.body_of(stream)
                    assert body.startswith(expected), (stream, pieces, body)
                    stream += 2
        with connect() as sock:
            h2 = Http2(sock)
            h2.send(frame(HEADERS, 0, 1, h2_headers()) + 7 * frame(CONTINUATION, 0, 1, literal("x", 126 * "y") * 10))
            assert until_the_end(h2) == ENHANCE_YOUR_CALM


@check
def frames_of_nothing_end_the_connection(program):
    for server, connect in both_ways(program):
        for start, nothing in ((frame(HEADERS, 0, 1, h2_headers()), frame(CONTINUATION, 0, 1)),
                               (frame(HEADERS, END_HEADERS, 1, h2_headers()), frame(DATA, 0, 1)),
                               (frame(HEADERS, END_HEADERS, 1, h2_headers()), frame(DATA, PADDED, 1, b"\x05" + bytes(5)))):
            with connect() as sock:
                h2 = Http2(sock)
                h2.send(start + 1000 * nothing)
                assert until_the_end(h2) == ENHANCE_YOUR_CALM
        with connect() as sock:  # a few are no harm
            h2 = Http2(sock)
            h2.send(frame(HEADERS, 0, 1, h2_headers()) + 10 * frame(CONTINUATION, 0, 1) + frame(CONTINUATION, END_HEADERS, 1) +
                    10 * frame(DATA, 0, 1) + frame(DATA, END_STREAM, 1, b"fine"))
            assert h2.body_of(1) == b"fine"


@check
def a_continuation_of_another_stream(program):
    for server, connect in both_ways(program):
        with connect() as sock:
            h2 = Http2(sock)
            h2.send(frame(HEADERS, END_HEADERS, 1, h2_headers()) + frame(DATA, 0, 1, b"x") +
                    frame(HEADERS, 0, 3, literal("x", "y")) + frame(CONTINUATION, END_HEADERS, 1))
            assert until_the_end(h2) == PROTOCOL_ERROR


@check
def lengths_that_lie(program):
    """RFC 9113 8.1.1, told by a reset of that stream alone, as soon as it is seen."""
    for server, connect in both_ways(program):
        with connect() as sock:
            h2, long = Http2(sock), [("content-length", "3")]
            for stream, sent in ((1, frame(HEADERS, END_HEADERS, 1, h2_headers(extra=long)) + frame(DATA, 0, 1, b"abcd")),
                                 (3, frame(HEADERS, END_HEADERS, 3, h2_headers(extra=long)) + frame(DATA, END_STREAM, 3, b"ab")),
                                 (5, frame(HEADERS, END_HEADERS | END_STREAM, 5, h2_headers(extra=long))),
                                 (7, frame(HEADERS, END_HEADERS, 7, h2_headers(extra=2 * long)) + frame(DATA, END_STREAM, 7, b"abc")),
                                 (9, frame(HEADERS, END_HEADERS, 9, h2_headers(extra=[("X", "y")]))),
                                 (11, frame(HEADERS, END_HEADERS, 11, h2_headers(extra=[("x", " y")]))),
                                 (13, frame(HEADERS, END_HEADERS, 13, h2_headers(extra=[("connection", "close")])))):
                h2.send(sent)
                got = h2.until(lambda kind, flags, stream, payload: kind in (RST_STREAM, GOAWAY, DATA))
                assert got[0] == RST_STREAM and got[2] == stream and got[3][3] == PROTOCOL_ERROR, (stream, got)
            h2.send(frame(HEADERS, END_HEADERS, 15, h2_headers(extra=long)) + frame(DATA, END_STREAM, 15, b"abc"))
            assert h2.body_of(15) == b"abc"


@check
def a_peer_with_a_small_table(program):
    """Its SETTINGS_HEADER_TABLE_SIZE is kept to: the first header block says so (RFC 7541 4.2), and no entry is larger."""
    for server, connect in both_ways(program):
        with connect() as sock:
            h2 = Http2(sock)
            h2.send(frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 0)))
            for stream in (1, 3):
                h2.send(request(stream, b"x"))
                block = h2.until(lambda kind, flags, stream, payload: kind == HEADERS)[3]
                assert (block[0] == 0x20) == (stream == 1) and 0xbe not in block[:2], block
                assert h2.body_of(stream) == b"x"


@check
def a_continuation_after_goodbye(program):
    """A header block that the end of the connection comes in between."""
    for server, connect in both_ways(program):
        with connect() as sock:
            h2 = Http2(sock)
            h2.send(request(1, b"hold this") + frame(PING, 0, 0, bytes(8)))
            assert h2.until(lambda kind, flags, stream, payload: kind == PING) is not None
            h2.send(frame(HEADERS, 0, 3, h2_headers()))
            with connect() as other:
                assert Http1(other).ask(post(b"alive")).body == b"alive"
            server.process.send_signal(signal.SIGUSR1)
            for _ in range(2):  # that it will go, and a second later that it goes
                assert h2.until(lambda kind, flags, stream, payload: kind == GOAWAY) is not None
            h2.send(frame(CONTINUATION, END_HEADERS, 3) + frame(PING, 0, 0, bytes(8)))
            assert h2.until(lambda kind, flags, stream, payload: kind == PING) is not None
        break  # the server is on its way out


@check
def octets_without_end(program):
    """Whoever sends faster than we handle it gets a share of each turn: nothing of it gathers."""
    for server, connect in both_ways(program):
        before = server.memory()
        with connect() as sock:
            h2 = Http2(sock)
            flood(sock, 64 * frame(0xfa, 0, 0, bytes(16000)), 256 << 20)
            h2.send(request(1, b"done"))
            assert h2.body_of(1) == b"done"
        print(f"  {before:.0f} MiB before, {server.memory():.0f} MiB at the most")
        assert server.memory() - before < 20, (before, server.memory())


def flood(sock, data, octets):
    """Sends |data| over and over, while the peer takes it, and no more than |octets|."""
    sock.settimeout(0.5)
    try:
        for _ in range(octets // len(data)):
            sock.sendall(data)
    except (TimeoutError, OSError):
        pass


@check
def answers_that_pile_up(program):
    """Frames that are answered each, by a peer that reads none of it; and frames after the connection has failed."""
    for server, connect in both_ways(program):
        for each in (frame(PING, 0, 0, bytes(8)), frame(SETTINGS, 0, 0), b"\0\0\0\x05\0\0\0\0\1"):
            before = server.memory()
            with connect(receive_buffer=4096) as sock, connect() as bystander:
                h2, http = Http2(sock), Http1(bystander)
                h2.send(ALL_OF_THE_CONNECTION)
                for i in range(80):  # what has failed cannot go before these are read
                    h2.send(request(2 * i + 1, bytes(60000)))
                    assert http.ask(post(b"alive")).body == b"alive"
                flood(sock, 1000 * each, 128 << 20)
                assert http.ask(post(b"alive")).body == b"alive"
                assert server.memory() - before < GROWTH, (each, before, server.memory())


main()
