#!/bin/bash
# Each allocation of a request fails in turn (tests/hostile/failing.c): the server lives on, the
# client has a right answer or none, and nothing that it holds is lost. Every few of them; with CMPD_SOAK all, and more requests.
. "$(dirname "$0")/../lib.sh"

stride=13 scenarios="ir-confirm"
if [ -n "${CMPD_SOAK:-}" ]; then stride=1 scenarios="ir-confirm kur rr p10cr"; fi

for program in cmpd cmpd-epoll; do
    demo "$program"
    # gdb and the like may look; here it is the preloaded library, which asks for the names of threads.
    sed -i 's/^hardening: on/hardening: off/' "$dir/cmpd.yaml"
    head -c 16 /dev/zero >"$work/failing"
    touch "$work/held"
    start_server $program "$dir/cmpd.yaml" "$work/$program.log" env LD_PRELOAD="$CMPD_TESTS/failing.so" FAILING="$work/failing"
    ok "$program: one after the other" python3 - "$work/failing" "$server" "$stride" "$CMPD_BIN/cmpbench" \
        "http://127.0.0.1:$port/.well-known/cmp/p/demo" "$dir" "$work/held" "$scenarios" <<'PY'
import json, mmap, os, struct, subprocess, sys
control, server, stride, bench, url, setup, held, scenarios = sys.argv[1:]
with open(control, "r+b") as file:
    memory = mmap.mmap(file.fileno(), 16)

def enroll(scenario):
    # Twice over, so that what waits for something also goes through; a message that is not answered is sent again.
    done = subprocess.run([bench, "run", "--url", url, "--setup", setup, "--scenario", scenario, "--protection", "signature",
                           "--clients", "1", "--count", "2", "--seconds", "10", "--check-all", "--held", held, "--json",
                           "--fleet", held + ".fleet." + scenario], capture_output=True, text=True, timeout=60)
    result = json.loads(done.stdout)
    wrong = {kind: n for kind, n in result["errors"].items() if kind not in ("connect", "http", "timeout", "unavailable", "rejected")}
    assert not wrong, (wrong, done.stderr)
    return result["completed"]

total = completed = 0
for scenario in scenarios.split():
    enroll(scenario)
    n, misses = 1, 0
    while misses < 2 and n < 3000:
        before = struct.unpack_from("q", memory, 8)[0]
        struct.pack_into("q", memory, 0, n)
        completed += enroll(scenario)
        struct.pack_into("q", memory, 0, 0)
        os.kill(int(server), 0)
        state = open(f"/proc/{server}/stat").read().split(") ")[1][0]
        assert state != "Z", f"ended by failure {n}"
        failed = struct.unpack_from("q", memory, 8)[0] - before
        misses = 0 if failed else misses + 1
        total += failed
        n += int(stride)
    assert enroll(scenario) == 2, "not well afterwards"
assert total >= 5, total
print(f"{total} failures, {completed} enrollments in spite of them")
PY
    cat "$work/last.out"
    wait_ready 200
    stop_server
    "$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" --json >"$work/stored.json"
    ok "$program: what is held is stored" python3 - "$work/held" "$work/stored.json" <<'PY'
import json, sys
held = {line.split()[0] for line in open(sys.argv[1])}
stored = {json.loads(line)["serial"] for line in open(sys.argv[2])}
assert held and not held - stored, held - stored
PY
    ok "$program: the store is whole" "$CMPD_BIN/cmpctl" db check --config "$dir/cmpd.yaml"
    ok "$program: and so is the audit log" "$CMPD_BIN/cmpctl" audit verify --config "$dir/cmpd.yaml" --log "$dir/audit/seals.log"
    rm -f "$work/held"*
done
done_testing
