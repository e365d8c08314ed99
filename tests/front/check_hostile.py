"""Peers that mean harm: each of these ended the process, held up its thread, or filled its memory."""
import socket
import struct

from harness import (DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE, Http1, Http2, both_ways, check, frame, h2_headers,
                     main, post)

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


main()
