#!/bin/bash
# The embedded store is deleted, replaced or cut under load. Every certificate that a client holds was in the store when that
# happened, the node says what happened and answers like one whose store is unavailable, and no start makes a new store.
# More ways to lose one with CMPD_SOAK; tests/unit/storage/test_held.c has all.
. "$(dirname "$0")/../lib.sh"

held_more_than() {
    [ "$(wc -l <"$work/held")" -gt "$1" ]
}

# lose PROGRAM NAME COMMAND...: one server, one loss; {} in COMMAND is the store.
lose() {
    local program=$1 name=$2 log=$work/$2-$1.log bench
    shift 2
    touch "$work/held"
    start_server "$program" "$dir/cmpd.yaml" "$log"
    "$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" --scenario ir --clients 16 \
        --count 3000 --seconds 1 --fleet "$work/fleet" --check-all --held "$work/held" --json >"$work/bench.json" 2>/dev/null &
    bench=$!
    until_so "clients hold certificates" held_more_than 200
    # What clients have been told is in the store as it is now, while the server stands still.
    kill -STOP "$server"
    mkdir "$work/then"
    cp -p "$store" "$store-wal" "$work/then/"
    bash -c "${*//\{\}/$store}"
    kill -CONT "$server"
    wait_log "$log" 'event="store lost"'
    ended "$name: the load saw errors" "$bench" 1
    wait_ready 503
    ok "$name: the process lives" curl -sf "http://127.0.0.1:$port/healthz"
    refused "$name: an answer, which says what a station has to know" 'systemUnavail' cmp -cmd ir "${by_device[@]}" \
        -subject /CN=late -newkey "$dir/demo/device.key" -certout "$work/late.pem"
    kill -INT "$server"
    ended "$name: the server" "$server" "[01]" # a seal that could not be written is told by the status
    ok "$name: nothing but what was stored is held" python3 - "$work/held" "$work/then/cmpd.db" <<'PY'
import sqlite3, sys
held = {line.split()[0] for line in open(sys.argv[1])}
stored = {row[0] for row in sqlite3.connect(sys.argv[2]).execute("SELECT lower(hex(serial)) FROM certificates")}
assert len(held) > 200, len(held)
assert not held - stored, f"{len(held - stored)} of {len(held)} certificates that clients hold were never stored"
PY
    if [ ! -s "$store" ]; then
        refused "$name: no store is made by a start" 'restore it from a backup' "$CMPD_BIN/$program" --config "$dir/cmpd.yaml"
        refused "$name: nor by a tool" 'restore it from a backup' "$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml"
    fi
    rm -f "$store" "$store-wal" "$store-shm"
    cp -p "$work/then"/* "$dir/store/"
    start_server "$program" "$dir/cmpd.yaml" "$log"
    wait_ready 200
    ok "$name: service goes on with what was restored" cmp -cmd ir "${by_device[@]}" -subject /CN=later \
        -newkey "$dir/demo/device.key" -certout "$work/later.pem"
    stop_server
    rm -rf "$work/then" "$work/held"
}

demo ca
credentials
store=$dir/store/cmpd.db
lose cmpd deleted 'rm {}*'
lose cmpd copied 'cp -p {} {}.new; mv {}.new {}'
lose cmpd-epoll log-cut 'truncate -s 32 {}-wal'
if [ -n "${CMPD_SOAK:-}" ]; then
    for program in cmpd cmpd-epoll; do
        lose $program renamed 'mv {} {}.old'
        lose $program cut 'truncate -s 0 {}'
        lose $program log-deleted 'rm {}-wal'
        lose $program replaced '"$CMPD_BIN/cmpctl" init {}.ca --store sqlite:{}.other >/dev/null; mv {}.other {}; rm -r {}.ca'
    done
fi

demo none
rm "$dir/store/cmpd.db"
for program in cmpd cmpd-epoll; do
    refused "$program without a store" 'there is no store at .*cmpctl init --empty-store' "$CMPD_BIN/$program" --config "$dir/cmpd.yaml"
done
ok "nothing is left behind" test -z "$(ls "$dir/store")"
ok "one is made" "$CMPD_BIN/cmpctl" init --empty-store "$dir/cmpd.yaml"
ok "and nothing besides" test "$(ls "$dir/store")" = cmpd.db
refused "it lacks what the lost one had" 'older than what this node sealed' "$CMPD_BIN/cmpd" --config "$dir/cmpd.yaml"
ok "which somebody has to say yes to" "$CMPD_BIN/cmpctl" db check --accept-older --config "$dir/cmpd.yaml"
start_server cmpd "$dir/cmpd.yaml" "$work/made.log"
stop_server
done_testing
