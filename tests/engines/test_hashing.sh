#!/bin/bash
# Digests, HMAC and PBKDF2 are right: Wycheproof's vectors, and what Python's hashlib makes of the same octets.
. "$(dirname "$0")/../lib.sh"

data=$CMPD_SOURCE/tests/data/wycheproof
python3 "$CMPD_SOURCE/tests/engines/hashing.py" 1 "$data"/{hmac,pbkdf2}_*.json >"$work/lines"
"$CMPD_TESTS/hashing" <"$work/lines" >"$work/out" || fail "$(tail -n 1 "$work/out")"
cat "$work/out"
# Eleven digests and nine HMACs of seventeen lengths or sixteen; 348 vectors of HMAC, and those of PBKDF2 with 64 octets at most.
for expected in "digest: $((9 * 17 + 2 * 16))" "hmac: $((2 * 9 * 17 + 348))"; do
    grep -q "^$expected$" "$work/out" || fail "missing: $expected"
done
[ "$(grep -c '^pbkdf2 SHA-256 ' "$work/lines")" -gt 50 ] || fail "vectors of PBKDF2 are missing"
