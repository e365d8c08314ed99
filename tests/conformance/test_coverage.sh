#!/bin/bash
# COVERAGE.md is what the rules and the tests make it, and citations that are wrong are found.
. "$(dirname "$0")/../lib.sh"

ok "COVERAGE.md is up to date" "$CMPD_SOURCE/tests/conformance/coverage" --check

# cite COMMENT CODE: the tests are one file, with COMMENT above CODE; $gen makes their report.
mkdir -p "$work/tests/conformance"
cp -r "$CMPD_SOURCE/tests/conformance/coverage" "$CMPD_SOURCE/tests/conformance/rules" "$work/tests/conformance/"
# Checks are about files, which are not here.
python3 - "$work"/tests/conformance/rules/rfc*.txt <<'PY'
import re, sys
for path in sys.argv[1:]:
    text = open(path).read()
    open(path, "w").write(re.sub(r"(?m)^  check: .*\n(?:    .*\n)*", "", text))
PY
gen=$work/tests/conformance/coverage
cite() {
    printf '/* %s */\n%s\n' "$1" "$2" >"$work/tests/test_x.c"
}
sentence='The senderNonce MUST be present and MUST contain at least 128 bits of data. (failInfo bit: badSenderNonce)'
cite "RFC 9483 3.5: \"$sentence\"" 'Test(x, present)'
ok "a citation" "$gen"
ok "its test is named" grep -q "9483-3.5-07 .*test_x.c: x/present" "$work/tests/COVERAGE.md"
echo >>"$work/tests/COVERAGE.md"
refused "a report that was edited" 'stale' "$gen" --check
ok "made anew" "$gen"
cite 'RFC 9483 3.5: "The senderNonce […] (failInfo bit: badSenderNonce)"' 'Test(x, present)'
ok "a sentence that is cut" "$gen" --check
cite 'RFC 9483 3.5: "The senderNonce MUST be absent."' 'Test(x, present)'
refused "a sentence that is none" 'fits no rule' "$gen"
cite 'RFC 9483 4.1.1 certReqId: "MUST be 0"' 'Test(x, present)'
refused "a citation of several rules" 'fits 9483-4.1.1-20, 9483-4.1.1-56, 9483-4.1.1-84' "$gen"
cite "RFC 9483 3.5: \"$sentence\"" 'static int helper;'
refused "a citation at no test" 'stands at no test' "$gen"
cite 'RFC 9483 4.1.6: "The private key MUST be provided as an AsymmetricKeyPackage structure as defined in [RFC5958]."' \
    'Test(x, key)'
refused "a citation of what is a gap" 'is a gap' "$gen"
# A rule that holds under one reading only says so, and a test that cites it sets that reading, itself or by a function.
strict='RFC 9483 3.1: "If this is the first message of a transaction, MUST be absent"'
body=$'\n{\n    world->config.accept.header = CONFIG_HEADER_RFC9483;\n}'
cite "$strict" $'Test(x, absent)\n{\n}'
refused "a test that does not set the reading" '9483-3.1-29 holds under header: rfc9483, which no test that cites it sets' "$gen"
cite "$strict" "Test(x, absent)$body"
ok "one that does" "$gen"
ok "the reading is in the report" grep -q '^| 9483-3.1-29 .* \*\*Where:\*\* header: rfc9483\. |' "$work/tests/COVERAGE.md"
cite "$strict" $'Test(x, absent)\n{\n    insist();\n}\n\nstatic void insist(void)'"$body"
ok "one that calls a function which does" "$gen"
cite "RFC 9483 3.5: \"$sentence\"" "Test(x, present)$body"
refused "a rule that does not name its reading" '9483-3.5-07: every test that cites it sets header: rfc9483' "$gen"
# A rule is proven where it names its check; the check must be there.
cite "RFC 9483 3.5: \"$sentence\"" 'Test(x, present)'
mkdir "$work/server"
echo 'if (a &&  b)' >"$work/server/x.c"
sed -i '/^9483-3.5-07 /,/^$/s/^$/  check: server\/x.c: a \&\& b => 0\n/' "$work/tests/conformance/rules/rfc9483.txt"
ok "a rule and its check" "$gen"
ok "is proven" grep -Eq '^\| RFC 9483 3.5 \| 19 \| 1 \| 0 \|' "$work/tests/COVERAGE.md"
echo 'if (a && c)' >"$work/server/x.c"
refused "a check that is not there" '9483-3.5-07: its check does not stand in server/x.c once, but 0 times' "$gen"
echo 'if (a && b) return a && b;' >"$work/server/x.c"
refused "nor one of two" 'but 2 times' "$gen"

if [ -n "${CMPD_SOAK:-}" ]; then
    "$CMPD_SOURCE/tests/conformance/prove" || fail "a test passes without the check of the rule that it cites"
fi
done_testing
