#!/bin/bash
# COVERAGE.md is what the rules and the tests make it, and citations that are wrong are found.
. "$(dirname "$0")/../lib.sh"

ok "COVERAGE.md is up to date" "$CMPD_SOURCE/tests/conformance/coverage" --check

# cite COMMENT CODE: the tests are one file, with COMMENT above CODE; $gen makes their report.
mkdir -p "$work/tests/conformance"
cp -r "$CMPD_SOURCE/tests/conformance/coverage" "$CMPD_SOURCE/tests/conformance/rules" "$work/tests/conformance/"
gen=$work/tests/conformance/coverage
cite() {
    printf '/* %s */\n%s\n' "$1" "$2" >"$work/tests/test_x.c"
}
sentence='The transactionID MUST be present. (failInfo bit: badDataFormat)'
cite "RFC 9483 3.5: \"$sentence\"" 'Test(x, present)'
ok "a citation" "$gen"
ok "its test is named" grep -q "9483-3.5-05 .*test_x.c: x/present" "$work/tests/COVERAGE.md"
echo >>"$work/tests/COVERAGE.md"
refused "a report that was edited" 'stale' "$gen" --check
ok "made anew" "$gen"
cite 'RFC 9483 3.5: "The transactionID […] (failInfo bit: badDataFormat)"' 'Test(x, present)'
ok "a sentence that is cut" "$gen" --check
cite 'RFC 9483 3.5: "The transactionID MUST be absent."' 'Test(x, present)'
refused "a sentence that is none" 'fits no rule' "$gen"
cite 'RFC 9483 4.1.1 certReqId: "MUST be 0"' 'Test(x, present)'
refused "a citation of several rules" 'fits 9483-4.1.1-20, 9483-4.1.1-56, 9483-4.1.1-84' "$gen"
cite "RFC 9483 3.5: \"$sentence\"" 'static int helper;'
refused "a citation at no test" 'stands at no test' "$gen"
cite 'RFC 9483 4.1.6: "The private key MUST be provided as an AsymmetricKeyPackage structure as defined in [RFC5958]."' \
    'Test(x, key)'
refused "a citation of what is a gap" 'is a gap' "$gen"
done_testing
