#!/bin/bash
# Keys in a token under ThreadSanitizer: 64 clients at once while the token is lost and comes back, sessions break, and
# reloads of the configuration close the token and open it again. Any report is a failure.
. "$(dirname "$0")/../lib.sh"

# SoftHSM and p11-kit are not instrumented: what they do among themselves cannot be seen, and is not looked at.
export TSAN_OPTIONS="exitcode=66 halt_on_error=0 second_deadlock_stack=1 ignore_noninstrumented_modules=1 log_path=$work/tsan"

if [ -n "${CMPD_SOAK:-}" ]; then rounds=20; else rounds=3; fi

# load COUNT: 64 connections that enroll; it says how many succeeded.
load() {
    setarch -R "$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" \
        --clients 64 --count "$1" --seconds 300 --scenario ir-confirm --json
}

new_token
id=10
for program in cmpd cmpd-epoll; do
    demo "$program"
    log=$work/$program.log
    sed -i 's/^  workers: 0/  workers: 3/; s/^  front: 0/  front: 2/' "$dir/cmpd.yaml"
    cp "$dir/cmpd.yaml" "$dir/files.yaml"
    for key in issuing cmp; do
        cp "$dir/ca/$key.key" "$work"
        into_token "$work/$key.key" "$key-$program" "$((++id))"
    done
    sed -i "s!^    key: .*!    key: \"$(token_uri "issuing-$program" | sed 's/&/\\&/g')\"!
            s!^    cmp_key: .*!    cmp_key: \"$(token_uri "cmp-$program" | sed 's/&/\\&/g')\"!" "$dir/cmpd.yaml"
    cp "$dir/cmpd.yaml" "$dir/token.yaml"
    start_server "$program" "$dir/cmpd.yaml" "$log" setarch -R
    echo 2 >"$hsm/delay"
    load $((rounds * 400)) >"$work/bench.json" 2>"$work/bench.log" &
    client=$!
    for ((round = 0; round < rounds; round++)); do
        sleep 0.5
        touch "$hsm/broken"
        reload
        touch "$hsm/lost"
        sleep 0.3
        reload
        rm "$hsm/lost"
        sleep 0.5
        cp "$dir/files.yaml" "$dir/cmpd.yaml"
        reload
        cp "$dir/token.yaml" "$dir/cmpd.yaml"
        reload
    done
    ended "$program: the load; what fell into a loss was refused" "$client" "0|1"
    wait_ready 200
    load 200 >"$work/bench.json" 2>"$work/bench.log" || fail "$program: after all of it: $(cat "$work/bench.log")"
    ok "$program: all served" python3 -c \
        'import json, sys; r = json.load(open(sys.argv[1])); assert r["completed"] >= 200 and not any(r["errors"].values()), r' "$work/bench.json"
    ok "$program: it was lost" grep -q 'event="token lost"' "$log"
    ok "$program: and back" grep -q 'event="token is back"' "$log"
    ended_without_reports "$program"
done
done_testing
