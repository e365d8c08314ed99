"""A datagram socket in the place of journald's: each entry, by the native protocol of the journal, becomes an object a line."""
import json
import socket
import struct
import sys

taker = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
taker.bind(sys.argv[1])
while True:
    rest, entry = taker.recv(1 << 20), {}
    while rest:
        line, rest = rest.split(b"\n", 1)
        if b"=" in line:
            key, value = line.split(b"=", 1)
        else:  # a value with line ends in it has its length in front
            (size,) = struct.unpack("<Q", rest[:8])
            key, value, rest = line, rest[8 : 8 + size], rest[9 + size :]
        assert key.decode() not in entry, key
        entry[key.decode()] = value.decode()
    print(json.dumps(entry), flush=True)
