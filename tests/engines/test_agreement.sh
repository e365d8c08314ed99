#!/bin/bash
# Whatever is signed and however it is damaged, every engine says the same. CMPD_SOAK makes it half a million of each.
. "$(dirname "$0")/../lib.sh"

count=5000
# A sanitizer sees as much in the small run, and makes the large one no more right.
if [ -n "${CMPD_SOAK:-}" ] && [[ $CMPD_TESTS != */asan/* ]]; then
    count=500000
fi
"$CMPD_TESTS/agreement" "$count" "${CMPD_SEED:-$RANDOM}" >"$work/out" || {
    cat "$work/out"
    fail "engines differ"
}
cat "$work/out"
grep -q '^P-256: whole' "$work/out" && grep -q '^P-384: whole' "$work/out" || fail "not all of it ran"
# An engine that errs takes no part, and would be found right by nobody having asked it.
! grep -q 'answers to known questions are wrong' "$work/out" || fail "an engine fails its known answers"
