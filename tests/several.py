#!/usr/bin/env python3
"""What asks for several in one message (RFC 9810 5.3.1, 5.3.9, 5.3.18), in octets, for tests.

several.py ir|cr KEY CERT CHAIN OUT SUBJECT COUNT [PROFILE...]  COUNT requests, for keys in OUT.0, OUT.1, …; each PROFILE is a name
                                                                of certProfile
several.py rr KEY CERT CHAIN OUT ISSUER SERIAL...               each SERIAL in hexadecimal, of the CA whose certificate is ISSUER
several.py certConf KEY CERT CHAIN OUT REQUEST ANSWER [ID...]   accepts those with the certReqId ID; the rest is rejected

KEY is of P-256; KEY, CERT and CHAIN are PEM. SUBJECT is a common name; each request has its number added. The environment may spoil
it: IDS=same, TAG=octets in hexadecimal (transactionID), POP=wrong (of the last request), IMPLICIT=1 asks for implicit confirmation."""
import hashlib
import os
import sys

from der import ECDSA_SHA256, certificates, elements, header_fields, inside, openssl, read, sign, signed_message, tlv, write

TAGS = {"ir": 0xA0, "cr": 0xA2, "rr": 0xAB, "certConf": 0xB8}


def oid(text):
    return tlv(0x06, bytes.fromhex(text))


def name(common_name):
    return tlv(0x30, tlv(0x31, tlv(0x30, oid("550403"), tlv(0x0C, common_name.encode()))))


def general_info(profiles):
    infos = []
    if os.environ.get("IMPLICIT"):
        infos.append(tlv(0x30, oid("2b0601050507040d"), tlv(0x05)))
    if profiles:
        infos.append(tlv(0x30, oid("2b06010505070415"), tlv(0x30, *(tlv(0x0C, text.encode()) for text in profiles))))
    return tlv(0xA8, tlv(0x30, *infos)) if infos else b""


def request(number, count, key, common_name):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    spki = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")
    template = tlv(0x30, tlv(0xA5, name(common_name)), tlv(0xA6, next(elements(spki))[2]))
    cert_req_id = 0 if os.environ.get("IDS") == "same" else number
    cert_req = tlv(0x30, tlv(0x02, bytes([cert_req_id])), template)
    proved = cert_req + b"x" if os.environ.get("POP") == "wrong" and number == count - 1 else cert_req
    return tlv(0x30, cert_req, tlv(0xA1, ECDSA_SHA256, tlv(0x03, b"\0", sign(key, proved))))


def revocation(issuer, serial):
    number = bytes.fromhex(serial)
    return tlv(0x30, tlv(0x30, tlv(0x81, b"\0" + number if number[0] & 0x80 else number), tlv(0xA3, issuer)))


def responses(answer):
    """(certReqId, certificate) of each response with a certificate."""
    body = inside(answer)[1][2]
    for _, _, response in elements([content for tag, _, content in elements(next(elements(body))[2]) if tag == 0x30][0]):
        fields = list(elements(response))
        if len(fields) > 2:
            yield int.from_bytes(fields[0][2], "big"), next(elements(next(elements(fields[2][2]))[2]))[1]


def statuses(answer, accepted):
    return [tlv(0x30, tlv(0x04, hashlib.sha256(certificate).digest()), tlv(0x02, bytes([number])))
            for number, certificate in responses(answer) if number in accepted]


def main(kind, key, certificate, chain, out, *rest):
    transaction_id, nonce, more = bytes.fromhex(os.environ.get("TAG", "")) or os.urandom(16), os.urandom(16), b""
    if kind in ("ir", "cr"):
        common_name, count, profiles = rest[0], int(rest[1]), rest[2:]
        content = [request(i, count, f"{out}.{i}", f"{common_name}-{i}") for i in range(count)]
        more = general_info(profiles)
    elif kind == "rr":
        issuer = inside(inside(certificates(rest[0])[0])[0][1])[5][1]
        content = [revocation(issuer, serial) for serial in rest[1:]]
    else:
        answer = read(rest[1])
        transaction_id = header_fields(read(rest[0]))[0]
        content = statuses(answer, [int(number) for number in rest[2:]])
        more = tlv(0xA6, tlv(0x04, header_fields(answer)[1]))
    write(out, signed_message(key, certificates(certificate)[0], certificates(chain), tlv(TAGS[kind], tlv(0x30, *content)),
                              transaction_id, nonce, more))


main(*sys.argv[1:])
