#!/bin/bash
# 64 clients at once, under ThreadSanitizer: every message type, both confirmations, reloads of the configuration, the
# slow lane, certConf that never comes. Any report is a failure; nothing is suppressed.
. "$(dirname "$0")/../lib.sh"

# Its shadow memory has fixed places, which a kernel that spreads mappings far may take.
export TSAN_OPTIONS="exitcode=66 halt_on_error=0 second_deadlock_stack=1 suppressions= log_path=$work/tsan"

if [ -n "${CMPD_SOAK:-}" ]; then count=4000; else count=400; fi

# load CONFIRMATION COUNT: 64 connections that enroll; all of it must succeed.
load() {
    setarch -R "$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" \
        --clients 64 --count "$2" --seconds 300 --scenario "$1" --json >"$work/bench-$1.json" 2>"$work/bench.log"
}

for program in cmpd cmpd-epoll; do
    demo "$program"
    # P-384 and RSA devices take the slow lane; what is not confirmed in time is revoked.
    sed -i 's/confirm_wait_seconds: 300/confirm_wait_seconds: 6/; s/confirm_revoke_max: 60/confirm_revoke_max: 100000/
            s/^  workers: 0/  workers: 3/; s/^  front: 0/  front: 2/; s/^  slow: 1/  slow: 2/' "$dir/cmpd.yaml"
    credentials
    new_key "$work/new.key" P-256
    start_server "$program" "$dir/cmpd.yaml" "$work/$program.log" setarch -R
    for ((i = 0; i < 5; i++)); do
        sleep 0.5
        kill -HUP "$server"
    done &
    reloads=$!
    load ir "$count" &
    first=$!
    ok "$program: a secret" cmp -cmd ir -newkey "$work/new.key" -subject /CN=mac "${by_secret[@]}" -certout "$work/o.pem"
    ok "$program: own certificate" cmp -cmd ir -newkey "$work/new.key" -subject /CN=own "${by_device[@]}" \
        -certout "$work/own.pem"
    new_key "$work/next.key" P-384
    ok "$program: update" cmp -cmd kur -cert "$work/own.pem" -key "$work/new.key" -newkey "$work/next.key" \
        -extracerts "$dir/ca/issuing.pem" -trusted "$dir/ca/root.pem" -certout "$work/next.pem"
    ok "$program: revocation" cmp -cmd rr -cert "$work/own.pem" -key "$work/new.key" -oldcert "$work/own.pem" \
        -extracerts "$dir/ca/issuing.pem" -trusted "$dir/ca/root.pem"
    # Disconnected, so that nobody confirms: upkeep meets the certConf of others.
    cmp -cmd ir -newkey "$work/new.key" -subject /CN=lost "${by_device[@]}" -certout "$work/o.pem" -disable_confirm \
        >/dev/null 2>&1 || true
    wait "$first" || fail "$program: ir under load: $(cat "$work/bench.log")"
    load ir-confirm "$count" || fail "$program: ir-confirm under load: $(cat "$work/bench.log")"
    wait "$reloads"
    for ((i = 0; i < 200; i++)); do
        grep -q 'event="certificate not confirmed"' "$work/$program.log" && break
        sleep 0.1
    done
    grep -q 'event="certificate not confirmed"' "$work/$program.log" || fail "$program: upkeep did nothing"
    kill -INT "$server"
    wait "$server" || cat "$work"/tsan.* || true
    same "$program: reports" "$(ls "$work" | grep -c '^tsan' || true)" 0
    for scenario in ir ir-confirm; do
        ok "$program $scenario: all served" python3 -c \
            'import json, sys; r = json.load(open(sys.argv[1])); assert r["completed"] >= int(sys.argv[2]) and not any(r["errors"].values()), r' \
            "$work/bench-$scenario.json" "$count"
    done
done
done_testing
