#!/bin/bash
# OCSP under ThreadSanitizer: responses that are kept and made, by two fronts' threads and three workers, while certificates are
# held and released, responders revoked and the configuration reloaded. Any report is a failure; nothing is suppressed.
. "$(dirname "$0")/../lib.sh"

# Its shadow memory has fixed places, which a kernel that spreads mappings far may take.
export TSAN_OPTIONS="exitcode=66 halt_on_error=0 second_deadlock_stack=1 suppressions= log_path=$work/tsan"

if [ -n "${CMPD_SOAK:-}" ]; then count=100000; else count=5000; fi

for program in cmpd cmpd-epoll; do
    demo "$program"
    serve_ocsp
    # So little room that what is kept makes way.
    sed -i 's/^  workers: 0/  workers: 3/; s/^  front: 0/  front: 2/; s/^  cache_mib: .*/  cache_mib: 1/' "$dir/cmpd.yaml"
    credentials
    . "$(dirname "$0")/../operate.sh"
    start_server "$program" "$dir/cmpd.yaml" "$work/$program.log" setarch -R
    log=$work/$program.log
    wait_log "$log" 'event="OCSP responder certified"'
    for name in gnb-1 gnb-2; do
        ok "$program: $name enrolls" enroll "$name"
    done
    clients=()
    for name in gnb-1 gnb-2; do
        for nonce in -nonce -no_nonce; do
            openssl ocsp -issuer "$dir/ca/issuing.pem" -cert "$work/$name.pem" "$nonce" -reqout "$work/$name$nonce" >/dev/null 2>&1
            h2load -n "$count" -c 8 -m 4 -t 1 -d "$work/$name$nonce" -H 'content-type: application/ocsp-request' \
                "http://127.0.0.1:$port/ocsp" >"$work/$name$nonce.load" 2>&1 &
            clients+=("$!")
        done
    done
    for i in 1 2 3 4 5; do
        ok "$program: held" "$CMPD_BIN/cmpctl" cert hold --config "$dir/cmpd.yaml" "$(serial_of "$work/gnb-1.pem")"
        kill -HUP "$server"
        ok "$program: released" "$CMPD_BIN/cmpctl" cert release --config "$dir/cmpd.yaml" "$(serial_of "$work/gnb-1.pem")"
        responder=$(stored profile "OCSP responder" serial | tail -n 1)
        ok "$program: a responder is revoked" "$CMPD_BIN/cmpctl" cert revoke --config "$dir/cmpd.yaml" "$responder"
        until_so "another one" has_more "$i" 'event="OCSP responder certified"' "$log"
    done
    for pid in "${clients[@]}"; do
        ended "$program: who asks" "$pid" 0
    done
    for load in "$work"/gnb-*.load; do
        ok "$program: all are answered" grep -q " $count succeeded, 0 failed" "$load"
    done
    ended_without_reports "$program"
done
done_testing
