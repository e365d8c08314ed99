"""DER and messages in octets, for the Python of tests (nested.py, several.py)."""
import os
import subprocess
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


ECDSA_SHA256 = tlv(0x30, tlv(0x06, bytes.fromhex("2a8648ce3d040302")))


def sign(key, content):
    return openssl("dgst", "-sha256", "-sign", key, data=content)


def signed_message(key, certificate, chain, body, transaction_id, nonce, more=b""):
    """A PKIMessage that the P-256 |key| of |certificate| signs; |more| is what follows senderNonce in its header. AGE in the
    environment is seconds of messageTime, BREAK=signature spoils it."""
    subject, key_id = subject_and_key_id(certificate)
    at = time.gmtime(time.time() - int(os.environ.get("AGE", "0")))
    sender_kid = tlv(0xA2, tlv(0x04, key_id)) if key_id else b""
    header = tlv(0x30, tlv(0x02, b"\2"), tlv(0xA4, subject), tlv(0xA4, tlv(0x30)),
                 tlv(0xA0, tlv(0x18, time.strftime("%Y%m%d%H%M%SZ", at).encode())), tlv(0xA1, ECDSA_SHA256), sender_kid,
                 tlv(0xA4, tlv(0x04, transaction_id)), tlv(0xA5, tlv(0x04, nonce)), more)
    signature = bytearray(sign(key, tlv(0x30, header, body)))
    if os.environ.get("BREAK") == "signature":
        signature[-1] ^= 1
    return tlv(0x30, header, body, tlv(0xA0, tlv(0x03, b"\0", bytes(signature))),
               tlv(0xA1, tlv(0x30, certificate, *chain)))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, octets):
    with open(path, "wb") as file:
        file.write(octets)
