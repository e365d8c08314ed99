#!/bin/bash
# Strangers who do to both servers, in plain and over TLS, what HTTP lets them do: the process stays, keeps to its memory, and
# base stations enroll beside them and after them.
. "$(dirname "$0")/../lib.sh"

memory_mib=64
constant_mib=96 # what the process is without connections: tables, threads, the store's cache; and a turn's reading
case $CMPD_BIN in
*/asan/*) constant_mib=600 ;; # its shadow and its redzones
esac
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:quarantine_size_mb=4"

peak_mib() {
    awk '/^VmHWM/ {print int($2 / 1024)}' "/proc/$server/status"
}

for program in cmpd cmpd-epoll; do
    demo "$program"
    add_tls
    sed -i "s/^  memory_mib: .*/  memory_mib: $memory_mib/" "$dir/cmpd.yaml"
    credentials
    new_key "$work/new.key" P-256
    start_server "$program" "$dir/cmpd.yaml" "$work/$program.log"
    mkfifo "$work/$program.in"
    python3 -B "$CMPD_SOURCE/tests/hostile/crowd.py" "$port" "$tls_port" <"$work/$program.in" >"$work/$program.out" &
    exec 5>"$work/$program.in"
    for i in 1 2 3; do
        ok "$program: an enrollment beside them" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=beside-$i" \
            "${by_device[@]}" -certout "$work/o.pem" -implicit_confirm
    done
    for ((i = 0; i < 1200; i++)); do
        grep -q ready "$work/$program.out" && break
        sleep 0.05
    done
    ok "$program: all attacks were made" grep -q ready "$work/$program.out"
    ok "$program: an enrollment while they stay" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=among" \
        "${by_device[@]}" -certout "$work/o.pem" -implicit_confirm
    exec 5>&-
    wait_ready 200
    peak=$(peak_mib)
    echo "$program: at most $peak MiB resident"
    ok "$program: memory" test "$peak" -lt $((memory_mib + constant_mib))
    ok "$program: no state that must not be" bash -c "! grep -q 'must not be' '$work/$program.log'"
    stop_server
done
done_testing
