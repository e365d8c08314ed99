#!/bin/bash
# 64 clients at once, under ThreadSanitizer: every message type, both confirmations, reloads of the configuration, the
# slow lane, certConf that never comes; over a file, and over PostgreSQL, whose connections are lost meanwhile. Any report
# is a failure; nothing is suppressed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"

# Its shadow memory has fixed places, which a kernel that spreads mappings far may take.
export TSAN_OPTIONS="exitcode=66 halt_on_error=0 second_deadlock_stack=1 suppressions= log_path=$work/tsan"

if [ -n "${CMPD_SOAK:-}" ]; then count=4000; else count=400; fi

# load CONFIRMATION COUNT: 64 connections that enroll; all of it must succeed.
load() {
    setarch -R "$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" \
        --clients 64 --count "$2" --seconds 300 --scenario "$1" --json >"$work/bench-$1.json" 2>"$work/bench.log"
}

postgres_new db
postgres_start db

# lose_connections TIMES: of the node to PostgreSQL, all at once.
lose_connections() {
    local i
    for ((i = 0; i < $1; i++)); do
        sleep 0.5
        postgres_sql db "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'cmpd/%'" >/dev/null
    done
}

for variant in cmpd cmpd-epoll postgres; do
    program=$variant
    if [ "$variant" = postgres ]; then
        program=cmpd
        postgres_demo db postgres
    else
        demo "$program"
    fi
    # P-384 and RSA devices take the slow lane; what is not confirmed in time is revoked.
    sed -i 's/ wait_seconds: 300/ wait_seconds: 6/; s/confirm_revoke_max: 60/confirm_revoke_max: 100000/
            s/^  workers: 0/  workers: 3/; s/^  front: 0/  front: 2/; s/^  slow: 1/  slow: 2/' "$dir/cmpd.yaml"
    credentials
    new_key "$work/new.key" P-256
    start_server "$program" "$dir/cmpd.yaml" "$work/$variant.log" setarch -R
    if [ "$variant" = postgres ]; then
        lose_connections 6 &
        losses=$!
    fi
    for ((i = 0; i < 5; i++)); do
        sleep 0.5
        kill -HUP "$server"
    done &
    reloads=$!
    load ir "$count" &
    first=$!
    ok "$variant: a secret" cmp -cmd ir -newkey "$work/new.key" -subject /CN=mac "${by_secret[@]}" -certout "$work/o.pem"
    ok "$variant: own certificate" cmp -cmd ir -newkey "$work/new.key" -subject /CN=own "${by_device[@]}" \
        -certout "$work/own.pem"
    new_key "$work/next.key" P-384
    ok "$variant: update" cmp -cmd kur -cert "$work/own.pem" -key "$work/new.key" -newkey "$work/next.key" \
        -extracerts "$dir/ca/issuing.pem" -trusted "$dir/ca/root.pem" -certout "$work/next.pem"
    ok "$variant: revocation" cmp -cmd rr -cert "$work/own.pem" -key "$work/new.key" -oldcert "$work/own.pem" \
        -extracerts "$dir/ca/issuing.pem" -trusted "$dir/ca/root.pem"
    # Disconnected, so that nobody confirms: upkeep meets the certConf of others.
    ok "$variant: asked for nothing, told nothing" cmp -cmd ir -newkey "$work/new.key" -subject /CN=lost "${by_device[@]}" \
        -certout "$work/o.pem" -disable_confirm
    wait "$first" || fail "$variant: ir under load: $(cat "$work/bench.log")"
    load ir-confirm "$count" || fail "$variant: ir-confirm under load: $(cat "$work/bench.log")"
    wait "$reloads"
    [ "$variant" != postgres ] || wait "$losses"
    wait_log "$work/$variant.log" 'event="certificate not confirmed"'
    ended_without_reports "$variant"
    for scenario in ir ir-confirm; do
        ok "$variant $scenario: all served" python3 -c \
            'import json, sys; r = json.load(open(sys.argv[1])); assert r["completed"] >= int(sys.argv[2]) and not any(r["errors"].values()), r' \
            "$work/bench-$scenario.json" "$count"
    done
done
done_testing
