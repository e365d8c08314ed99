#!/usr/bin/env python3
"""The cases of test_openssl_cmp.sh, one a line: front client command protection confirmation transport.

matrix.py all      every case
matrix.py pairs    a few: any two values of two columns that a case can have together, one of these has
"""
import itertools
import sys

COLUMNS = (
    ("cmpd", "cmpd-epoll"),
    ("3.0", "3.5"),
    ("ir", "cr", "p10cr", "kur", "rr"),
    ("vendor", "own", "mac"),
    ("explicit", "implicit", "none"),
    ("http", "https"),
)


def makes_sense(case):
    _, _, command, protection, confirmation, _ = case
    # An ir is for who has no certificate of this CA yet.
    if command == "ir" and protection == "own":
        return False
    # Nothing is confirmed where no certificate comes: an rr, and a kur that is refused for its protection.
    without_certificate = command == "rr" or (command == "kur" and protection != "own")
    return (confirmation == "none") == without_certificate


def pairs_of(case):
    return set(itertools.combinations(enumerate(case), 2))


def pairwise(cases):
    """Takes the case with the most pairs that no case before it has, the first of equals, until none is left."""
    left = set().union(*map(pairs_of, cases))
    while left:
        best = max(cases, key=lambda case: len(pairs_of(case) & left))
        left -= pairs_of(best)
        yield best


cases = [case for case in itertools.product(*COLUMNS) if makes_sense(case)]
selections = {"all": lambda: cases, "pairs": lambda: sorted(pairwise(cases))}
if len(sys.argv) != 2 or sys.argv[1] not in selections:
    sys.exit(__doc__)
for case in selections[sys.argv[1]]():
    print(*case)
