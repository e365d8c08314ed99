#!/bin/bash
# deploy/haproxy, as a service manager starts it: HAProxy does not stay root, and sees no files but those of an empty folder.
. "$(dirname "$0")/../lib.sh"

for name in haproxy passthrough; do
    start=(env CMPD_LISTEN="127.0.0.1:$(free_port)" CMPD_LISTEN_PASS="127.0.0.1:$(free_port)"
        CMPD_HAPROXY_SOCKET="$work/$name.sock" CMPD_MAXCONN=100
        haproxy -Ws -f "${CMPD_SOURCE:?set by ctest}/deploy/haproxy/$name.cfg")
    if [ "$(id -u)" -ne 0 ]; then
        refused "$name: who is not root cannot become another" 'annot (change|set)|chroot' "${start[@]}"
        continue
    fi
    "${start[@]}" >"$work/$name.log" 2>&1 &
    servers+=("$!")
    # -Ws: the process that was started looks after the one that serves.
    wait_log "$work/$name.log" 'Loading success'
    worker=$(pgrep -P "$!")
    servers+=("$worker")
    for ((i = 0; i < 100; i++)); do
        [ "$(ps -o user= -p "$worker")" = root ] || break
        sleep 0.05
    done
    same "$name: its user" "$(ps -o user=,group= -p "$worker" | tr -s ' ')" "haproxy haproxy"
    same "$name: what it sees" "$(readlink "/proc/$worker/root")" /var/lib/haproxy
done
done_testing
