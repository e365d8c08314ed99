#!/usr/bin/env python3
"""What an RA does with messages of others (RFC 9483 5.2.2), in octets, for tests.

nested.py add KEY CERT CHAIN OUT MESSAGE       one message, to which protection is added (5.2.2.1)
nested.py batch KEY CERT CHAIN OUT MESSAGE...  a batch (5.2.2.2); a MESSAGE @FILE has names of files, one a line
nested.py split ANSWER PREFIX                  the messages of a nested answer, as PREFIX0, PREFIX1, …; prints how many

KEY is of P-256; KEY, CERT and CHAIN are PEM. The environment may spoil it: BREAK=signature, AGE=seconds (of messageTime),
NONCE=fresh (in spite of add)."""
import os
import sys

from der import certificates, elements, header_fields, inside, read, signed_message, tlv, write


def main(command, *arguments):
    if command == "split":
        answer, prefix = arguments
        body = next(content for tag, _, content in inside(read(answer)) if tag == 0xB4)
        answers = [whole for _, whole, _ in elements(next(elements(body))[2])]
        for i, message in enumerate(answers):
            write(f"{prefix}{i}", message)
        print(len(answers))
        return
    key, certificate, chain, out, *paths = arguments
    named = [line for path in paths for line in (open(path[1:]).read().split() if path[0] == "@" else [path])]
    messages = [read(path) for path in named]
    transaction_id, nonce = header_fields(messages[0]) if command == "add" else (os.urandom(16), os.urandom(16))
    if os.environ.get("NONCE") == "fresh":
        nonce = os.urandom(16)
    write(out, signed_message(key, certificates(certificate)[0], certificates(chain), tlv(0xB4, tlv(0x30, *messages)),
                              transaction_id, nonce))


main(*sys.argv[1:])
