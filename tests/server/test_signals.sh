#!/bin/bash
# SIGTERM and SIGHUP, as an operator and a load balancer see them. On both fronts.
. "$(dirname "$0")/../lib.sh"

enroll() {
    cmp -cmd ir -newkey "$work/new.key" -subject "/CN=gnb" "${by_device[@]}" -certout "$work/out.pem" -implicit_confirm
}

# Health has an address of its own, where init is told one; base stations are not told there.
demo apart
admin_port=$(free_port)
rm -r "$dir"
ok "init" "$CMPD_BIN/cmpctl" init "$dir" --demo --listen "127.0.0.1:$port" --admin-listen "127.0.0.1:$admin_port"
start_server cmpd "$dir/cmpd.yaml" "$work/apart.log"
code() {
    curl -s -o /dev/null -w '%{http_code}' "$@"
}
same "ready" "$(code "http://127.0.0.1:$admin_port/readyz")" 200
same "where base stations come in it is not told" "$(code "http://127.0.0.1:$port/readyz")" 405
same "where it is told, no message is taken" \
    "$(code --data-binary x -H 'Content-Type: application/pkixcmp' "http://127.0.0.1:$admin_port/.well-known/cmp")" 404
stop_server

new_key "$work/new.key" P-256
for program in cmpd cmpd-epoll; do
    demo "$program"
    sed -i 's/drain_seconds: .*/drain_seconds: 8/; s/stop_seconds: .*/stop_seconds: 20/' "$dir/cmpd.yaml"
    credentials
    log=$work/$program.log
    start_server "$program" "$dir/cmpd.yaml" "$log"
    same "ready" "$(ready)" 200
    same "alive" "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/healthz")" 200

    # A new configuration is taken as a whole, without dropping a connection …
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    sed -i 's/validity_days: 365/validity_days: 10/' "$dir/cmpd.yaml"
    kill -HUP "$server"
    wait_log "$log" 'event="configuration loaded"'
    ok "$program: the new configuration is in the log" grep -q 'event="configuration loaded"' "$log"
    printf 'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n' >&3
    read -r -t "$patience" line <&3 || fail "$program: the connection was dropped by SIGHUP"
    [[ $line == *" 200 "* ]] || fail "$program: after SIGHUP: $line"
    exec 3>&-
    ok "$program: enrolled under the new configuration" enroll
    days=$((($(date -d "$(openssl x509 -in "$work/out.pem" -noout -enddate | cut -d= -f2)" +%s) - $(date +%s)) / 86400))
    same "$program: validity" "$days" 9

    # … or refused with the reason, and the old one goes on.
    sed -i 's/validity_days: 10/validity_days: none/' "$dir/cmpd.yaml"
    kill -HUP "$server"
    wait_log "$log" 'event="configuration refused"'
    ok "$program: a fault is told with its line" grep -Eq 'configuration refused.*cmpd.yaml:[0-9]+' "$log"
    sed -i "s/validity_days: none/validity_days: 10/; s/^  front: 0/  front: 2/" "$dir/cmpd.yaml"
    kill -HUP "$server"
    wait_log "$log" 'threads have changed'
    ok "$program: what takes a restart is told" grep -q 'threads have changed: restart' "$log"
    ok "$program: the old configuration serves on" enroll

    # SIGTERM: not ready at once, but still serving; then the end, with status 0.
    kill -TERM "$server"
    wait_ready 503
    ok "$program: served while draining" enroll
    # While draining, every answer says that the connection ends.
    ok "$program: Connection: close" sh -c "curl -si http://127.0.0.1:$port/healthz | grep -iq '^connection: close'"
    wait "$server" || fail "$program: ended with status $?"
    refused "$program: gone" 'connect to server' curl -sS "http://127.0.0.1:$port/healthz"
    same "$program: all were answered" "$(grep -c 'cut_off=0' "$log")" 1
done
done_testing
