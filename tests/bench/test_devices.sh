#!/bin/bash
# bench/devices lists devices, drives both profiles, and tells of each store.
. "$(dirname "$0")/../lib.sh"

"${CMPD_SOURCE:?set by ctest}/bench/devices" --rows 2000 --rounds 1 --count 1000 >"$work/table" 2>"$work/devices.log" ||
    fail "$(tail -n 5 "$work/devices.log")"
ok "both stores have their figures" python3 - "$work/table" <<'PY'
import sys
rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in open(sys.argv[1]) if line.startswith("|")][2:]
assert [row[0] for row in rows] == ["sqlite", "postgres"], rows
for row in rows:
    assert row[1] == "2,000" and all(float(cell.split()[0]) > 0 for cell in row[2:]), row
PY
done_testing
