#!/bin/bash
# Errors that tests/mutate makes are those that it says, accepted ones are about today's code; and with CMPD_SOAK nine in ten
# of 60 errors are seen by the tests.
. "$(dirname "$0")/../lib.sh"

mutate=${CMPD_SOURCE:?set by ctest}/tests/mutate
ok "tests/mutate.accepted is about the code as it is" "$mutate" --check
ok "the errors are what they are called" python3 -B - "$CMPD_SOURCE/tests" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
from mutation import operators
source = """
enum step { STEP_ONE, STEP_TWO };
int f(int a, int b)
{
    char room[12];
    if (a < b && b != 0)
        g(a, b);
    lock(&room); /* if (a) */
    return 1;
}
int same(const char *p, const char *q)
{
    return strncmp(p, q, n) == 0;
}
"""
siblings = operators.siblings_of([source])
assert siblings == {"STEP_ONE": ["STEP_TWO"], "STEP_TWO": ["STEP_ONE"]}, siblings
made = {(line, mutant.operator, source[mutant.begin:mutant.end], mutant.text) for line, mutant in operators.mutants_of(source, siblings)}
wanted = {
    (6, "condition inverted", "(a < b && b != 0)", "(!(a < b && b != 0))"),
    (6, "condition dropped", "a < b &&", ""),
    (6, "condition dropped", "&& b != 0", ""),
    (6, "off by one", "<", "<="),
    (6, "condition inverted", "!=", "=="),
    (6, "constant changed", "0", "1"),
    (7, "statement left out", "g(a, b)", ""),
    (7, "arguments swapped", "a, b", "b, a"),
    (8, "wake, lock or wipe left out", "lock(&room)", ""),
    (9, "outcome confused", "1", "0"),
    (9, "constant changed", "1", "2"),
    # p and q may be swapped: they are the same, or not.
    (13, "arguments swapped", "q, n", "n, q"),
    (13, "condition inverted", "==", "!="),
    (13, "constant changed", "0", "1"),
}
assert made == wanted, made ^ wanted
PY
if [ -n "${CMPD_SOAK:-}" ]; then
    # The tests that it runs are of the usual size.
    env -u CMPD_SOAK "$mutate" server crypto storage bench --count 60 --seed 1 --at-least 90 || fail "less is seen than should be"
fi
done_testing
