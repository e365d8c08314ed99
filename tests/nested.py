#!/usr/bin/env python3
"""What an RA does with messages of others (RFC 9483 5.2.2), in octets, for tests.

nested.py add KEY CERT CHAIN OUT MESSAGE       one message, to which protection is added (5.2.2.1)
nested.py batch KEY CERT CHAIN OUT MESSAGE...  a batch (5.2.2.2); a MESSAGE @FILE has names of files, one a line
nested.py split ANSWER PREFIX                  the messages of a nested answer, as PREFIX0, PREFIX1, …; prints how many

KEY is of P-256; KEY, CERT and CHAIN are PEM. The environment may spoil it: BREAK=signature, AGE=seconds (of messageTime),
NONCE=fresh (in spite of add)."""
import os
import subprocess
import sys
import time


def tlv(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def elements(content):
    """The elements one after the other: (tag, whole, content)."""
    at = 0
    while at < len(content):
        begin, tag, size = at, content[at], content[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(content[at:at + count], "big")
            at += count
        yield tag, content[begin:at + size], content[at:at + size]
        at += size


def inside(der):
    return list(elements(next(elements(der))[2]))


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout


def certificates(path):
    with open(path) as file:
        pieces = file.read().split("-----BEGIN CERTIFICATE-----")[1:]
    return [openssl("x509", "-outform", "DER", data=("-----BEGIN CERTIFICATE-----" + piece).encode()) for piece in pieces]


def subject_and_key_id(certificate):
    fields = inside(inside(certificate)[0][1])
    key_id = None
    for tag, _, content in fields:
        if tag != 0xA3:
            continue
        for _, _, extension in elements(next(elements(content))[2]):
            parts = list(elements(extension))
            if parts[0][2] == bytes.fromhex("551d0e"):
                key_id = next(elements(parts[-1][2]))[2]
    return fields[5][1], key_id


def header_fields(message):
    """transactionID and senderNonce of a PKIMessage."""
    fields = {tag: content for tag, _, content in inside(inside(message)[0][1])}
    return next(elements(fields[0xA4]))[2], next(elements(fields[0xA5]))[2]


def nest(key, certificate, chain, messages, transaction_id, nonce):
    subject, key_id = subject_and_key_id(certificate)
    at = time.gmtime(time.time() - int(os.environ.get("AGE", "0")))
    algorithm = tlv(0x30, tlv(0x06, bytes.fromhex("2a8648ce3d040302")))  # ecdsa-with-SHA256
    header = tlv(0x30, tlv(0x02, b"\2"), tlv(0xA4, subject), tlv(0xA4, tlv(0x30)),
                 tlv(0xA0, tlv(0x18, time.strftime("%Y%m%d%H%M%SZ", at).encode())), tlv(0xA1, algorithm),
                 tlv(0xA2, tlv(0x04, key_id)), tlv(0xA4, tlv(0x04, transaction_id)), tlv(0xA5, tlv(0x04, nonce)))
    body = tlv(0xB4, tlv(0x30, *messages))
    signature = bytearray(openssl("dgst", "-sha256", "-sign", key, data=tlv(0x30, header, body)))
    if os.environ.get("BREAK") == "signature":
        signature[-1] ^= 1
    return tlv(0x30, header, body, tlv(0xA0, tlv(0x03, b"\0", bytes(signature))),
               tlv(0xA1, tlv(0x30, certificate, *chain)))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main(command, *arguments):
    if command == "split":
        answer, prefix = arguments
        body = next(content for tag, _, content in inside(read(answer)) if tag == 0xB4)
        answers = [whole for _, whole, _ in elements(next(elements(body))[2])]
        for i, message in enumerate(answers):
            with open(f"{prefix}{i}", "wb") as file:
                file.write(message)
        print(len(answers))
        return
    key, certificate, chain, out, *paths = arguments
    named = [line for path in paths for line in (open(path[1:]).read().split() if path[0] == "@" else [path])]
    messages = [read(path) for path in named]
    transaction_id, nonce = header_fields(messages[0]) if command == "add" else (os.urandom(16), os.urandom(16))
    if os.environ.get("NONCE") == "fresh":
        nonce = os.urandom(16)
    with open(out, "wb") as file:
        file.write(nest(key, certificates(certificate)[0], certificates(chain), messages, transaction_id, nonce))


main(*sys.argv[1:])
