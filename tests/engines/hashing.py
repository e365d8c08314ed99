#!/usr/bin/env python3
"""Lines for tests/engines/hashing.c: Wycheproof's vectors of HMAC and PBKDF2, and what Python's hashlib makes of random
octets with each digest, of lengths around a block of it. Arguments: a seed, and Wycheproof's files.

    digest NAME MESSAGE OUT
    hmac NAME KEY MESSAGE RESULT OUT
    pbkdf2 NAME SECRET SALT ITERATIONS OUT

All octets in hexadecimal, "-" for none; RESULT is valid or invalid."""
import hashlib
import hmac
import json
import random
import sys

NAMES = {"SHA-1": "sha1", "SHA-224": "sha224", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512",
         "SHA3-224": "sha3_224", "SHA3-256": "sha3_256", "SHA3-384": "sha3_384", "SHA3-512": "sha3_512"}
SHAKES = {"SHAKE128": ("shake_128", 32), "SHAKE256": ("shake_256", 64)}  # RFC 9481 2.2
KEY_MAX = 64  # octets that PBMAC1 may derive here


def out(*words):
    print(*[(word.hex() or "-") if isinstance(word, bytes) else word for word in words])


def of_wycheproof(path):
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    name = "SHA-" + content["algorithm"].partition("HMACSHA")[2]
    count = 0
    for group in content["testGroups"]:
        for test in group["tests"]:
            count += 1
            if "dk" not in test:
                out("hmac", name, bytes.fromhex(test["key"]), bytes.fromhex(test["msg"]), test["result"],
                    bytes.fromhex(test["tag"]))
            elif test["dkLen"] <= KEY_MAX:
                out("pbkdf2", name, bytes.fromhex(test["password"]), bytes.fromhex(test["salt"]), test["iterationCount"],
                    bytes.fromhex(test["dk"]))
    if count != content["numberOfTests"] or name not in NAMES:
        raise SystemExit(path + ": not all of its tests were read")


def of_python(draw):
    for name, function in NAMES.items():
        block = hashlib.new(function).block_size
        for length in [0, 1, *range(block - 10, block + 3), 2 * block, draw.randrange(1000)]:
            message = draw.randbytes(length)
            out("digest", name, message, hashlib.new(function, message).digest())
            key = draw.randbytes(length)
            out("hmac", name, key, message, "valid", hmac.new(key, message, function).digest())
            out("hmac", name, key, message, "invalid", hmac.new(key, message + b"x", function).digest())
            length_out, rounds = draw.randrange(1, KEY_MAX + 1), draw.randrange(1, 20)
            out("pbkdf2", name, key, message, rounds, hashlib.pbkdf2_hmac(function, key, message, rounds, length_out))
    for name, (function, length_out) in SHAKES.items():
        block = hashlib.new(function).block_size
        for length in [0, 1, *range(block - 10, block + 3), 2 * block]:
            message = draw.randbytes(length)
            out("digest", name, message, hashlib.new(function, message).digest(length_out))


of_python(random.Random(int(sys.argv[1])))
for argument in sys.argv[2:]:
    of_wycheproof(argument)
