#!/bin/bash
# What the process is allowed: descriptors for all connections, or a start that says what is missing; no core files, no new
# privileges. And a log that nobody reads, which keeps nobody waiting. (tests/front/check_limits.py has no descriptor left.)
. "$(dirname "$0")/../lib.sh"

limit() {
    awk -v what="$1" -v at="$2" '$0 ~ what {print $at}' "/proc/$server/limits"
}

for program in cmpd cmpd-epoll; do
    log=$work/$program.log
    demo "$program"
    refused "$program: fewer than it may have" '10000 connections.*hard limit.*is 4000.*LimitNOFILE=' \
        bash -c "ulimit -n 4000; exec '$CMPD_BIN/$program' --config '$dir/cmpd.yaml'"
    sed -i 's/^  connections: .*/  connections: 600/' "$dir/cmpd.yaml"
    start_server $program "$dir/cmpd.yaml" "$log" bash -c 'ulimit -Sn 100; exec "$@"' -
    ok "$program: the soft limit is raised" test "$(limit 'Max open files' 4)" -ge 856
    same "$program: core files" "$(limit 'Max core file size' 5)$(limit 'Max core file size' 6)" 00
    same "$program: new privileges" "$(awk '/^NoNewPrivs/ {print $2}' "/proc/$server/status")" 1

    stop_server
done

# Nobody reads what the server says: enrollments go on.
demo mute
credentials
mkfifo "$work/nobody"
exec 7<>"$work/nobody"
touch "$work/said.log"
"$CMPD_BIN/cmpd" --config "$dir/cmpd.yaml" 2>&7 &
server=$!
servers+=("$server")
for ((i = 0; i < 200; i++)); do
    [ "$(ready)" = 200 ] && break
    sleep 0.05
done
bench() {
    "$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" --clients 16 --count 9000 \
        --seconds 60 --fleet "$work/fleet" --json >"$work/bench.json"
}
ok "enrollments" bench
ok "all of them" python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["completed"] == 9000' "$work/bench.json"
cat <&7 >"$work/said.log" 2>/dev/null &
reader=$!
servers+=("$reader")
wait_log "$work/said.log" 'event="log lines lost" left_out=[1-9]'
stop_server
exec 7>&-
kill "$reader"
ok "the seal is in its file" grep -q 'event="audit seal" .* signature=' "$dir/audit/seals.log"
ok "which is private" test "$(stat -c %a "$dir/audit/seals.log")" = 600
ok "and proves the store" "$CMPD_BIN/cmpctl" audit verify --config "$dir/cmpd.yaml" --log "$dir/audit/seals.log"
sqlite3 "$dir/store/cmpd.db" "DELETE FROM audit; DELETE FROM audit_seals"
refused "and what is gone from it" 'NOT WHOLE' "$CMPD_BIN/cmpctl" audit verify --config "$dir/cmpd.yaml" --log "$dir/audit/seals.log"
done_testing
