#!/usr/bin/env python3
"""Turns Wycheproof's files into lines for tests/engines/wycheproof.c:

    FILE TCID RESULT SPKI ALGORITHM MESSAGE SIGNATURE

The last four in hexadecimal, "-" for nothing. ALGORITHM is the AlgorithmIdentifier that a certificate would have."""
import json
import os
import sys

SHA = {"SHA-256": ("02", "0b", "01"), "SHA-384": ("03", "0c", "02"), "SHA-512": ("04", "0d", "03")}


def ecdsa(sha):  # RFC 5758 3.2
    return "300a06082a8648ce3d0403" + SHA[sha][0]


def rsa(sha):  # RFC 4055 section 5
    return "300d06092a864886f70d0101" + SHA[sha][1] + "0500"


def pss(sha, salt):  # RFC 4055 3.1
    digest = "300d06096086480165030402" + SHA[sha][2] + "0500"
    return ("304106092a864886f70d01010a3034a00f" + digest + "a11c301a06092a864886f70d010108" + digest +
            "a2030201%02x" % salt)


def algorithm(group):
    kind = group["type"]
    if kind == "EcdsaVerify":
        return ecdsa(group["sha"])
    if kind == "RsassaPkcs1Verify":
        return rsa(group["sha"])
    if kind == "RsassaPssVerify":
        return pss(group["sha"], group["sLen"])
    if kind == "EddsaVerify":
        return "300506032b6570"  # RFC 8410 section 3
    raise SystemExit("unknown type of test: " + kind)


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    count = 0
    for group in content["testGroups"]:
        for test in group["tests"]:
            print(os.path.basename(path), test["tcId"], test["result"], group["publicKeyDer"],
                  algorithm(group), test["msg"] or "-", test["sig"] or "-")
            count += 1
    if count != content["numberOfTests"]:
        raise SystemExit(path + ": not all of its tests were read")
