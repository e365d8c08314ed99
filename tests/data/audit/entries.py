#!/usr/bin/env python3
"""Prints the hashes that tests/unit/storage/test_audit.c expects, from the encoding that storage/audit.h describes."""
import hashlib
import struct


def entry(chain, seq, at, node, previous, records):
    return hashlib.sha256(
        b"cmpd audit entry 1\0" + chain + struct.pack(">QQI", seq, at, len(node)) + node + previous
        + struct.pack(">Q", len(records)) + records).digest()


def line(event, outcome, at, who, issuer, transaction_id, serial, detail):
    return (f'{{"event":"{event}","outcome":"{outcome}","at":{at},"who":"{who}","issuer":"{issuer.hex()}",'
            f'"transactionID":"{transaction_id.hex()}","serial":"{serial.hex()}","detail":"{detail}"}}\n').encode()


chain = bytes(range(16))
issuer = b"\xaa" * 16
first = line("issue", "granted", 1700000000123, "CN=x", issuer, b"\x01\x02", b"\xbb" * 16, r"CN=\"é\"") \
    + line("confirm", "accepted", 1700000000124, r"a\\b\u0000\ufffd\u202e", issuer, b"\x03", b"", "")
one = entry(chain, 1, 1700000000500, b"node-1", bytes(32), first)
two = entry(chain, 2, 1700000000500, b"node-1", one,
            line("revoke", "revoked", 1, "cmpd", issuer, b"", b"\xcc" * 16, "reasonCode 1"))
three = entry(chain, 3, 1700000000600, b"node-1", two,
              line("chain closed", "nothing stored", 1700000000600, "cmpd", b"", b"", b"", "gone"))
empty = entry(b"\xff" * 16, 1, 0, b"", bytes(32), b"")
for name, value in ("one", one), ("two", two), ("three", three), ("empty", empty):
    print(name, value.hex())
