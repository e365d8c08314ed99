#!/bin/bash
# Under load, kill -9 and start again: every certificate that a client holds is in the store, no serial is there twice,
# the store opens clean. 5 rounds, 50 with CMPD_SOAK.
. "$(dirname "$0")/../lib.sh"

rounds=5
if [ -n "${CMPD_SOAK:-}" ]; then rounds=50; fi

demo kill
touch "$work/held"
config=$dir/cmpd.yaml
start_server cmpd "$config" "$work/kill.log"
issued_more_than() {
    [ "$(wc -l <"$work/held")" -gt "$1" ]
}
for ((round = 1; round <= rounds; round++)); do
    scenario=ir
    if ((round % 2 == 0)); then scenario=ir-confirm; fi
    # More requests than are served before the kill; errors are expected, wrong answers are not.
    "$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" --scenario $scenario \
        --clients 32 --count 20000 --seconds 3 --check-all --held "$work/held" --json >"$work/bench.json" 2>/dev/null &
    bench=$!
    # The fleet takes a while to prepare: the kill falls where certificates are being issued.
    before=$(wc -l <"$work/held")
    until_so "certificates are issued" issued_more_than $((before + 50 + round * 7 % 40))
    kill_server
    start_server cmpd "$config" "$work/kill.log"
    ended "round $round: the load saw errors" "$bench" 1
    ok "round $round: answers were right" python3 - "$work/bench.json" <<'PY'
import json, sys
result = json.load(open(sys.argv[1]))
wrong = {kind: n for kind, n in result["errors"].items() if kind not in ("connect", "http")}
assert not wrong, wrong
assert result["completed"] > 0, "nothing was served"
PY
    [ "$(wc -l <"$work/held")" -gt "$before" ] || fail "round $round: nothing was issued"
done
kill_server

# The store as it is on disk, read by another program.
ok "the store is whole" test "$(sqlite3 "$dir/store/cmpd.db" 'PRAGMA integrity_check')" = ok
"$CMPD_BIN/cmpctl" cert list --config "$config" --json >"$work/stored.json"
ok "what clients hold is stored, once" python3 - "$work/held" "$work/stored.json" <<'PY'
import json, sys
held = [line.split()[0] for line in open(sys.argv[1])]
stored = [json.loads(line)["serial"] for line in open(sys.argv[2])]
assert len(held) > 0
assert len(stored) == len(set(stored)), "a serial is there twice"
missing = set(held) - set(stored)
assert not missing, f"{len(missing)} certificates that clients hold are not in the store"
print(len(held), "held,", len(stored), "stored")
PY
cat "$work/last.out"
start_server cmpd "$config" "$work/kill.log"
stop_server
ok "the audit log is whole" "$CMPD_BIN/cmpctl" audit verify --config "$config" --log "$work/kill.log"
tail -n 2 "$work/last.out"
done_testing
