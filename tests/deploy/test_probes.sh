#!/bin/bash
# The probes that deploy/manual/tracing.md names are there, and each of its lines shows what it says, of a node under load.
. "$(dirname "$0")/../lib.sh"

manual=${CMPD_SOURCE:?set by ctest}/deploy/manual/tracing.md
for program in cmpd cmpd-epoll; do
    readelf -n "$CMPD_BIN/$program" | sed -n '/Provider: /{N; s/^ *//; s/\n */, /; p}' >"$work/probes"
    for name in $(sed -n 's/^| `cmpd:\([a-z]*\)` .*/\1/p' "$manual"); do
        ok "the probe $name of $program" grep -q "Provider: cmpd, Name: $name\$" "$work/probes"
    done
done
[ "$(id -u)" = 0 ] || skip "only root may trace"
timeout 60 bpftrace -e 'BEGIN { exit(); }' >"$work/bpftrace.log" 2>&1 || skip "bpftrace cannot trace here: $(tail -n 1 "$work/bpftrace.log")"

mapfile -t lines < <(sed -n '/^```$/,/^```$/p' "$manual" | grep '^bpftrace -e ')
same "lines of the manual" "${#lines[@]}" 3
demo cmpd
start_server cmpd "$dir/cmpd.yaml" "$work/node.log"
program=$(readlink "/proc/$server/exe")
pids=()
for i in 0 1 2; do
    # This node alone. Fast machines trace slow requests, too.
    line=$(sed "s|/usr/bin/cmpd|$program|; s|arg2 > 20000|arg2 > 0|; s|^bpftrace |exec bpftrace -p $server |" <<<"${lines[i]}")
    bash -c "$line" >"$work/traced.$i" 2>&1 &
    pids+=("$!")
    servers+=("$!")
    until_so "it is about to be attached" grep -q Attaching "$work/traced.$i"
done
enrolls() {
    "$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" --count 200 --clients 8 >"$work/bench.out" 2>&1
}
traced() {
    enrolls
    grep -q '^[0-9:]* ir accepted [0-9]* us' "$work/traced.2"
}
until_so "requests are seen" traced
sleep 2 # those that began before are attached by now, too
ok "more of them" enrolls
for pid in "${pids[@]}"; do kill -INT "$pid"; done
for pid in "${pids[@]}"; do ended "bpftrace" "$pid" 0; done
for stage in queue look_up decide verify sign commit; do
    ok "time of $stage" grep -q "^@us\[$stage\]" "$work/traced.0"
done
same "batches of two stages" "$(grep -c '^@messages\[\(verify\|sign\)\]' "$work/traced.1")" 2
done_testing
