#!/bin/bash
# What a service manager hears of cmpd: ready, reloading, stopping, a status; and that it is alive, only while it is. On both fronts.
. "$(dirname "$0")/../lib.sh"

heard=$work/heard
python3 "$(dirname "$0")/manager.py" "$work/manager" >>"$heard" &
servers+=("$!")
until_so "a socket" test -S "$work/manager"
mkdir "$work/hanging"

# alive: how often the manager heard so.
alive() {
    grep -c '^WATCHDOG=1$' "$heard" || true
}

is_alive_again() {
    [ "$(alive)" -gt "$1" ]
}

# is_silent TEXT: three times as long as it may take, nothing is heard.
is_silent() {
    local before
    before=$(alive)
    sleep 1.5
    same "$1" "$(alive)" "$before"
}

# told: what the manager heard last of what the process does.
told() {
    grep -Ev '^(WATCHDOG|STATUS)=' "$heard" | tail -n 1
}

is_told() {
    [[ $(told) =~ $1 ]]
}

for program in cmpd cmpd-epoll; do
    demo "$program"
    credentials
    log=$work/$program.log
    : >"$heard"
    start_server "$program" "$dir/cmpd.yaml" "$log" env NOTIFY_SOCKET="$work/manager" WATCHDOG_USEC=1000000 \
        LD_PRELOAD="$CMPD_TESTS/hanging.so" HANGING="$work/hanging"
    until_so "$program: it is ready" is_told '^READY=1$'
    wait_ready 200
    until_so "$program: a status" grep -Eq '^STATUS=Ready; [0-9]+ requests served, 0 in hand$' "$heard"

    # Alive, and again, with nothing to do; and the status counts what is done.
    until_so "$program: alive" is_alive_again 2
    new_key "$work/new.key" P-256
    ok "$program: enrolled" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=gnb" "${by_device[@]}" -certout "$work/out.pem" \
        -implicit_confirm
    until_so "$program: the status goes on" grep -Eq '^STATUS=Ready; [1-9][0-9]* requests served' "$heard"

    # SIGHUP, taken or refused: reloading, then ready again.
    for fault in "" "nonsense: 1"; do
        echo "$fault" >>"$dir/cmpd.yaml"
        : >"$work/outcome"
        reload
        until_so "$program: ready again" is_told '^READY=1$'
        same "$program: it was reloading before" \
            "$(grep -Ev '^(WATCHDOG|STATUS)=' "$heard" | tail -n 2 | head -n 1 | grep -Ec '^RELOADING=1 MONOTONIC_USEC=[1-9][0-9]+$')" 1
    done
    sed -i '/^nonsense/d' "$dir/cmpd.yaml"

    # A thread hangs: cmpd says no more that it is alive, until it is.
    names=(worker main)
    [ "$program" = cmpd ] || names+=(front) # where a ring sleeps nobody gets between
    for name in "${names[@]}"; do
        before=$(lines_of 'event="threads do not answer"' "$log")
        touch "$work/hanging/$name"
        if [ "$name" = main ]; then
            sleep 1 # it can say nothing of itself
        else
            until_so "$program: $name is missed" has_more "$before" 'event="threads do not answer"' "$log"
        fi
        is_silent "$program: $name hangs"
        rm "$work/hanging/$name"
        until_so "$program: alive again" is_alive_again "$(alive)"
        [ "$name" = main ] || wait_log "$log" 'event="threads answer again"'
    done
    ok "$program: the log names workers" grep -q 'event="threads do not answer" threads=workers ' "$log"
    [ "$program" = cmpd ] || ok "and the front" grep -q 'event="threads do not answer" threads=http ' "$log"

    stop_server
    until_so "$program: it is stopping" is_told '^STOPPING=1$'
    same "$program: in its sandbox" "$(lines_of 'not confined|no sandbox' "$log")" 0
done

# Without a manager, or for another process, there is nobody to tell.
: >"$heard"
start_server cmpd "$dir/cmpd.yaml" "$work/alone.log" env NOTIFY_SOCKET= WATCHDOG_USEC=1000000
wait_ready 200
stop_server
same "nothing is said" "$(cat "$heard")" ""
start_server cmpd "$dir/cmpd.yaml" "$work/other.log" env NOTIFY_SOCKET="$work/manager" WATCHDOG_USEC=1000000 WATCHDOG_PID=1
wait_ready 200
until_so "it is ready" is_told '^READY=1$'
is_silent "the watchdog is another's"
stop_server
same "never" "$(alive)" 0
done_testing
