#!/bin/bash
# Each allocation of a request fails in turn, then each system call, and with some of these another one soon after it
# (tests/hostile/failing.c): the server lives on and serves again, the client has a right answer or none, and nothing that it
# holds is lost. Every few of them; with CMPD_SOAK all, and more requests.
. "$(dirname "$0")/../lib.sh"

stride=13 scenarios="ir-confirm/signature" # and how it is protected
if [ -n "${CMPD_SOAK:-}" ]; then
    stride=1 scenarios="ir-confirm/signature kur/signature rr/signature p10cr/signature ir-confirm/pbm"
fi

start_failing() {
    start_server "$program" "$dir/cmpd.yaml" "$work/$program.log" env LD_PRELOAD="$CMPD_TESTS/failing.so" FAILING="$work/failing"
}

# go_through KIND: what fails in turn, from the place in $work/place on.
go_through() {
    ok "$program: $1, one after the other" python3 - "$work/failing" "$server" "$1" "$stride" "$work/place" \
        "$work/$program.log" "$CMPD_BIN/cmpbench" "http://127.0.0.1:$port/.well-known/cmp/p/demo" "$dir" "$work/held" "$scenarios" <<'PY'
import collections, json, mmap, os, struct, subprocess, sys, time
control, server, kind, stride, place, log, bench, url, setup, held, scenarios = sys.argv[1:]
file = open(control, "r+b")
memory = mmap.mmap(file.fileno(), 80)
AT = {"allocations": 0, "calls": 8, "again": 16, "failed": 24}
scenarios, stride = scenarios.split(), int(stride)

def get(name):
    return struct.unpack_from("q", memory, AT[name])[0]

def put(name, value):
    struct.pack_into("q", memory, AT[name], value)

def last():
    return memory[32:80].split(b"\0")[0].decode() if kind == "calls" else "an allocation"

def enroll(scenario):
    # Twice over, so that what waits for something also goes through; a message that is not answered is sent again.
    what, protection = scenario.split("/")
    done = subprocess.run([bench, "run", "--url", url, "--setup", setup, "--scenario", what, "--protection", protection,
                           "--clients", "1", "--count", "2", "--seconds", "10", "--check-all", "--held", held, "--json",
                           "--fleet", held + ".fleet." + what + protection], capture_output=True, text=True, timeout=60)
    # Who is to update or revoke is enrolled first, and that may be what fails: then nothing was driven.
    if done.returncode == 1 and "not all could be enrolled" in done.stderr:
        return 0
    result = json.loads(done.stdout)
    wrong = {kind: n for kind, n in result["errors"].items() if kind not in ("connect", "http", "timeout", "unavailable", "rejected")}
    assert not wrong, (wrong, last(), done.stderr)
    return result["completed"]

def is_well(scenario):
    for attempt in range(5):
        if enroll(scenario) == 2:
            return True
        time.sleep(0.2)
    return False

completed, told = 0, collections.Counter()
index, n = map(int, open(place).read().split())
if (index, n) == (0, 1):
    put("failed", 0)
while index < len(scenarios):
    scenario, misses = scenarios[index], 0
    enroll(scenario)
    while misses < 2 and n < 3000:
        before = get("failed")
        put("again", n % 41 if n % 2 == 0 else 0)
        put(kind, n)
        done = enroll(scenario)
        put("again", 0)
        put(kind, 0)
        os.kill(int(server), 0)
        state = open(f"/proc/{server}/stat").read().split(") ")[1][0]
        assert state != "Z", f"ended by failure {n}: {last()}"
        failed = get("failed") - before
        misses = 0 if failed else misses + 1
        told[last()] += failed != 0
        n += stride
        completed += done
        if done < 2 and not is_well(scenario):
            # The disk of a store may be damaged for all that two failures in a row tell. One tells nothing.
            assert failed > 1 and "store lost" in open(log).read(), f"not well after failure {n - stride}: {last()}"
            print(f"store lost: {last()}", file=open(place + ".lost", "w"))
            break
    else:
        index, n = index + 1, 1
        continue
    break
print(index, n, file=open(place, "w"))
assert index < len(scenarios) or get("failed") >= 5, get("failed")
print(f"{get('failed')} failures, {completed} enrollments in spite of them: {dict(told)}")
PY
    cat "$work/last.out"
}

for program in cmpd cmpd-epoll; do
    demo "$program"
    # gdb and the like may look; here it is the preloaded library, which asks for the names of threads.
    sed -i 's/^hardening: on/hardening: off/' "$dir/cmpd.yaml"
    head -c 80 /dev/zero >"$work/failing"
    touch "$work/held"
    start_failing
    for kind in allocations calls; do
        echo 0 1 >"$work/place"
        go_through $kind
        while [ -e "$work/place.lost" ]; do
            cat "$work/place.lost"
            rm "$work/place.lost"
            wait_ready 503
            stop_server
            : >"$work/$program.log"
            start_failing
            go_through $kind
        done
    done
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
