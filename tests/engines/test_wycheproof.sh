#!/bin/bash
# Every engine that this machine can run gets every vector of Wycheproof right, alone and in the company of others.
. "$(dirname "$0")/../lib.sh"

python3 "$CMPD_SOURCE/tests/engines/vectors.py" "$CMPD_SOURCE"/tests/data/wycheproof/{ecdsa,ed25519,rsa}_*.json >"$work/vectors"
[ "$(wc -l <"$work/vectors")" -eq 3591 ] || fail "not all vectors are there"
"$CMPD_TESTS/wycheproof" <"$work/vectors" >"$work/out" || fail "$(tail -n 3 "$work/out")"
cat "$work/out"
# An engine that the machine can run was tried with all that it offers; a kind that nobody tried would pass in silence.
for expected in "boringssl P-256: 1038" "boringssl P-384: 976" "boringssl P-521: 542" "boringssl RSA: 884" \
    "boringssl Ed25519: 151" "aws-lc P-256: 1038" "aws-lc P-384: 976" "aws-lc P-521: 542" "aws-lc RSA: 884" \
    "aws-lc Ed25519: 151"; do
    grep -q "^$expected vectors$" "$work/out" || fail "missing: $expected"
done
"$CMPD_BIN/cmpctl" engines >"$work/engines"
! grep -q 'answers to known questions are wrong' "$work/engines" || fail "an engine fails its known answers"
if grep -q '^crypto_mb  usable$' "$work/engines"; then
    for expected in "crypto_mb P-256: 1038" "crypto_mb P-384: 976"; do
        grep -q "^$expected vectors$" "$work/out" || fail "missing: $expected"
    done
fi
