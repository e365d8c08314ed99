#!/bin/bash
# Honest base stations beside one client that means harm, of each kind in turn (attack.py), on both fronts: each of them is
# served, the process lives, and its memory stays bounded. What they notice of it in time is bench/hostile's to tell.
. "$(dirname "$0")/../lib.sh"

seconds=2
[ -z "${CMPD_SOAK:-}" ] || seconds=20
memory=128   # limits.memory_mib
peak_max=208 # MiB, of all trials together: that, and what the process has beside it

# peak: the most memory that the server had so far, in MiB.
peak() {
    awk '/^VmHWM/ {print int($2 / 1024)}' "/proc/$server/status"
}

# honest NAME: a hundred base stations and more, none of which notices anything.
honest() {
    "$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" --from 127.0.1.1 --sources 20 \
        --clients 20 --rate 60 --count $((seconds * 60)) --seconds "$patience" --fleet "$dir/fleet" --check-all --json >"$work/$1.json" \
        2>"$work/$1.load.log" &
    ended "honest ones: $1" $! "0|1"
    ok "honest ones are served: $1" python3 - "$work/$1.json" $((seconds * 60)) <<'PY'
import json, sys
result = json.load(open(sys.argv[1]))
assert result["completed"] == int(sys.argv[2]) and result["errors"] == {}, result
PY
}

trials=$(python3 -B "$CMPD_SOURCE/tests/hostile/attack.py" --list)
[ "$(wc -w <<<"$trials")" -ge 10 ] || fail "there are no trials: $trials"

for front in io_uring epoll; do
    demo "$front"
    serve_ocsp
    crl_every 24
    OCSP_ISSUER=$(openssl ocsp -issuer "$dir/ca/issuing.pem" -serial 1 -req_text | sed -n 's/^ *Issuer [A-Za-z]* Hash: *//p' | paste -sd' ')
    export OCSP_ISSUER
    add_tls
    sed -i "s/^front: auto/front: $front/; s/memory_mib: 512 /memory_mib: $memory /; s/unprotected: false /unprotected: true /" "$dir/cmpd.yaml"
    if ! start_server cmpd "$dir/cmpd.yaml" "$work/$front.log" 2>/dev/null; then fail "no server on $front"; fi
    n=0
    for trial in $trials; do
        # An address of its own: what one trial did is not held against the next.
        n=$((n + 1))
        to=("$port")
        length=$seconds
        [ "$trial" != handshakes ] || to=("$tls_port")
        tls=()
        [ "$trial" != handshakes ] || tls=(--tls)
        nice python3 -B "$CMPD_SOURCE/tests/hostile/attack.py" "$trial" "${to[@]}" "$length" --from "127.0.9.$n" "${tls[@]}" \
            >"$work/attack.out" 2>&1 &
        attacker=$!
        sleep 0.3
        honest "$front-$trial"
        wait "$attacker" || fail "$trial: $(cat "$work/attack.out")"
        kill -0 "$server" || fail "$trial ended the server"
        printf '%s: %s, peak %s MiB\n' "$front" "$(cat "$work/attack.out")" "$(peak)"
    done
    checks=$((checks + 1))
    [ "$(peak)" -lt $peak_max ] || fail "the server had $(peak) MiB"
    stop_server
done
done_testing
