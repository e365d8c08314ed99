#!/bin/bash
# More requests than the bounds allow: what is refused is refused at once with systemUnavail, memory stays flat, and
# afterwards everything is as before. On both fronts.
. "$(dirname "$0")/../lib.sh"

# resident: the server's memory in KiB.
resident() {
    awk '/^VmRSS/ {print $2}' "/proc/$server/status"
}

# load CLIENTS COUNT: a storm; its result is in $work/bench.json.
load() {
    "$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" --clients "$1" \
        --count "$2" --seconds "$patience" --json >"$work/bench.json" 2>"$work/bench.log" &
    ended "a storm, of which some are refused" $! "0|1"
}

for program in cmpd cmpd-epoll; do
    demo "$program"
    sed -i 's/queue_jobs: 4096 /queue_jobs: 16 /; s/^  jobs: 16384 /  jobs: 24 /' "$dir/cmpd.yaml"
    credentials
    new_key "$work/new.key" P-256
    start_server "$program" "$dir/cmpd.yaml" "$work/$program.log"
    # The first storm brings buffers and pools to their size; the later ones must not need more.
    load 300 6000
    before=$(resident)
    for round in 1 2 3; do
        load 300 6000
        ok "$program, storm $round: some served, some refused, nothing wrong" python3 - "$work/bench.json" <<'PY'
import json, sys
result = json.load(open(sys.argv[1]))
assert result["completed"] > 0, result
assert result["errors"].get("http", 0) > 0, f"nothing was refused: {result}"
wrong = {kind: n for kind, n in result["errors"].items() if kind not in ("http", "connect")}
assert not wrong, wrong
PY
    done
    after=$(resident)
    echo "$program: $before KiB before, $after KiB after"
    [ "$after" -lt $((before + before / 4 + 4096)) ] || fail "$program: memory grew from $before to $after KiB"
    # What is refused is CMP, with what a device and its operator need.
    same "$program: ready again" "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/readyz")" 200
    ok "$program: enrolled afterwards" cmp -cmd ir -newkey "$work/new.key" -subject /CN=after "${by_device[@]}" \
        -certout "$work/out.pem"
    stop_server
done
done_testing
