#!/bin/bash
# bench/compare drives all servers and tells of each, without an error.
. "$(dirname "$0")/../lib.sh"

"${CMPD_SOURCE:?set by ctest}/bench/compare" --rounds 1 --seconds 1 --loads h2-64,h1-1-new >"$work/table" 2>"$work/compare.log" ||
    fail "$(tail -n 5 "$work/compare.log")"
ok "every server has its figures" python3 - "$work/table" <<'PY'
import sys
rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in open(sys.argv[1]) if line.startswith("|")][2:]
assert [row[1] for row in rows] == ["cmpd, io_uring", "cmpd, epoll", "cmpd, io_uring, without crypto_mb"] * 2 + \
    ["`openssl cmp` mock server *"], rows
for row in rows:
    rate = float(row[2].split()[0].replace(",", ""))
    worth = float(row[5].replace(",", ""))
    assert rate > 0 and worth > 0 and row[9] == "", row
    assert float(row[3]) > 0 and float(row[6]) > 0, row
assert rows[0][3] == rows[0][6] == "1.00", rows[0]
PY
ok "what the mock leaves out is said" grep -q 'stores' "$work/table"

"$CMPD_SOURCE/bench/compare" --rounds 1 --seconds 1 --loads ocsp-1-new,ocsp-kept-h2 >"$work/table" 2>"$work/compare.log" ||
    fail "$(tail -n 5 "$work/compare.log")"
ok "every responder has its figures, and a document is as long as a response" python3 - "$work/table" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.split("\n") if line.startswith("|")][2:]
assert [row[1] for row in rows] == ["cmpd, io_uring", "`openssl ocsp`", "cmpd, io_uring", "cmpd, io_uring: its CRL"], rows
for row in rows:
    assert float(row[2].split()[0].replace(",", "")) > 0 and float(row[5].replace(",", "")) > 0 and row[9] == "", row
response, length = re.search(r"kept \((\d+) octets.* of (\d+) octets", text).groups()
assert abs(int(response) - int(length)) < 64, text
PY
done_testing
