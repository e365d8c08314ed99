#!/bin/bash
# cmpbench tells the truth: every scenario, protection and transport is served and counted as the store has it; a server
# that lies or stalls is found out.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../bench.sh"

all=ir=1,ir-confirm=1,cr=1,p10cr=1,kur=1,rr=1

demo ca
add_tls
add_profile bound 'names.subject_bound: true'
start_server cmpd "$dir/cmpd.yaml" "$work/server.log"
url=http://127.0.0.1:$port/.well-known/cmp/p/demo
tls_url=https://127.0.0.1:$tls_port/.well-known/cmp/p/demo

# served TEXT COUNT ARGUMENTS...: all of COUNT, and the figures agree with each other.
served() {
    local text=$1 count=$2
    shift 2
    run --count "$count" --check-all "$@"
    holds "$text: all served" "r['completed'] == $count and r['errors'] == {}"
    same "$text: exit status" "$status" 0
    holds "$text: percentiles rise" "0 < r['p50_us'] <= r['p90_us'] <= r['p99_us'] <= r['p999_us'] <= r['p9999_us'] <= r['max_us']"
    holds "$text: rate" "abs(r['rate'] * r['seconds'] - $count) <= 0.01 * r['rate'] + 1"
}

# count_of STATUS: certificates in the store.
count_of() {
    "$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" --json >"$work/list"
    lines_of "\"status\":\"$1\"" "$work/list"
}

# ---- every scenario by every protection over every transport, and what the store has of it ----

runs=0
for protection in signature pbm pbmac1; do
    for transport in "--url $url" "--url $url --http2" "--url $tls_url --tls-ca $dir/tls/server.pem" \
        "--url $tls_url --tls-ca $dir/tls/server.pem --http2"; do
        for connections in "" --new-connections; do
            if [ -n "$connections" ] && [ $protection != signature ]; then continue; fi
            # shellcheck disable=SC2086
            served "$protection ${transport##*/} $connections" 30 --clients 8 --scenario $all --protection $protection \
                $transport $connections
            runs=$((runs + 1))
        done
    done
done
# Of 30 there are 5 of each scenario; those of kur and rr were enrolled before, and rr revokes.
same "certificates in the store" "$(count_of valid)" $((runs * (4 * 5 + 2 * 5 + 5 - 5)))
same "revoked" "$(count_of revoked)" $((runs * 5))

run --url "$url" --count 200 --clients 20 --http2 --streams 7 --threads 2 --server-pid "$server" --held "$work/held"
holds "keys that machines read" "set(r) >= {'rate', 'completed', 'errors', 'p50_us', 'p90_us', 'p99_us', 'p999_us', 'p9999_us',
 'max_us', 'server_cpu_us', 'floor_us', 'server_rss_kib'}"
holds "what was asked for" "r['scenario'] == 'ir' and r['clients'] == 20 and r['http'] == '2' and r['streams'] == 7 and
 r['threads'] == 2 and r['protection'] == 'signature' and r['tls'] is False"
holds "the server's CPU time is above the floor" "r['server_cpu_us'] > r['floor_us'] > 0 and r['server_rss_kib'] > 1000"
same "certificates held" "$(grep -cE '^[0-9a-f]{2,40} [0-9a-f]{32} confirmed$' "$work/held")" "$(wc -l <"$work/held")"
same "serials held" "$(cut -d ' ' -f 1 "$work/held" | sort -u | wc -l)" 200
same "transactions held" "$(cut -d ' ' -f 2 "$work/held" | sort -u | wc -l)" 200
"$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" --json 2>/dev/null | grep -o '"serial":"[0-9a-f]*"' |
    sed 's/.*:"//; s/"//' | sort >"$work/stored"
same "held, but not stored" "$(cut -d ' ' -f 1 "$work/held" | sort | comm -23 - "$work/stored" | wc -l)" 0

run --url "$url" --count 10 --scenario ir-confirm --held "$work/held-twice"
same "held, and later confirmed" "$(cut -d ' ' -f 3 "$work/held-twice" | sort | uniq -c | tr -s ' \n' ' ')" ' 10 confirmed 10 unconfirmed '
same "by the same names" "$(cut -d ' ' -f 1,2 "$work/held-twice" | sort -u | wc -l)" 10

served "confirmed, of every kind" 8 --url "$url" --clients 4 --scenario cr-confirm=1,p10cr-confirm=1,kur-confirm=1,p10cr-own-confirm=1

# ---- keys ----

for type in P-384 P-521 Ed25519; do
    served "keys of type $type" 12 --url "$url" --clients 4 --scenario ir-confirm=1,kur=1 --device-key $type --key $type
    holds "$type is told" "r['device_key'] == '$type' and r['key'] == '$type'"
done
served "a fleet that is kept" 2 --url "$url" --device-key RSA --key RSA --fleet "$work/fleet"
same "its file is private" "$(stat -c %a "$work/fleet")" 600
before=$(sha256sum "$work/fleet")
served "a fleet that was kept" 2 --url "$url" --device-key RSA --key RSA --fleet "$work/fleet"
same "it is taken as it is" "$(sha256sum "$work/fleet")" "$before"
refused "a fleet of other keys" 'other keys' "$bench" run --setup "$dir" --url "$url" --count 2 --fleet "$work/fleet"

# ---- names that are bound, and a secret for each ----

for i in 0 1 2 3 4 5 6 7; do echo "station-$i secret of station $i"; done >"$work/secrets"
"$CMPD_BIN/cmpctl" secret add --config "$dir/cmpd.yaml" --list "$work/secrets" --profile bound
served "bound names by certificates" 8 --url "${url%demo}bound"
served "bound names by secrets" 8 --url "${url%demo}bound" --protection pbmac1 --secrets "$work/secrets"
run --url "${url%demo}bound" --count 8 --protection pbmac1 --secrets "$work/secrets"
holds "secrets serve once" "r['completed'] == 0 and r['errors'] == {'rejected': 8}"
same "exit status of errors" "$status" 1
refused "too few secrets" '8 lines.* 9 are needed' "$bench" run --setup "$dir" --url "$url" --count 9 --protection pbm \
    --secrets "$work/secrets"

# ---- a server that lies: another CA answers than the one that is trusted ----

"$CMPD_BIN/cmpctl" init "$work/other" --demo >/dev/null
cp -a "$dir" "$work/deceived"
cp "$work/other/ca/root.pem" "$work/other/ca/issuing.pem" "$work/other/ca/cmp.pem" "$work/deceived/ca/"
for scenario in ir ir-confirm p10cr; do
    run --url "$url" --setup "$work/deceived" --count 32 --check-all --scenario $scenario
    holds "another CA, $scenario" "r['completed'] == 0 and r['errors'] == {'protection': 32}"
done
run --url "$url" --setup "$work/deceived" --count 320 --clients 1
holds "another CA, about one answer in 16 looked at" "10 <= r['errors']['protection'] <= 32 and r['completed'] + r['errors']['protection'] == 320"
same "exit status" "$status" 1
run --url "$url" --setup "$work/other" --count 8
holds "another vendor" "r['errors'] == {'rejected': 8}"
ok "and why is told" sh -c "'$bench' run --setup '$work/other' --url '$url' --count 8 2>/dev/null | grep -q 'the first rejection said: .'"
run --url "$tls_url" --tls-ca "$dir/ca/root.pem" --count 4
holds "another TLS server" "r['completed'] == 0 and r['errors'] == {'connect': 4}"
run --url "http://127.0.0.1:$port/nothing" --count 4
holds "no CMP there" "r['completed'] == 0 and r['errors'] == {'http': 4}"

# openssl's mock gives everybody the same certificate, of another key.
mock_port=$(free_port)
OPENSSL_CONF=/dev/null openssl cmp -config "" -port "$mock_port" -srv_cert "$dir/ca/cmp.pem" -srv_key "$dir/ca/cmp.key" \
    -srv_untrusted "$dir/ca/issuing.pem" -srv_trusted "$dir/demo/vendor-root.pem" -rsp_cert "$dir/demo/device.pem" \
    -grant_implicitconf >"$work/mock.log" 2>&1 &
servers+=("$!")
wait_log "$work/mock.log" ACCEPT
run --url "http://127.0.0.1:$mock_port/pkix/" --count 4 --clients 1 --new-connections
holds "a certificate of somebody else's key" "r['completed'] == 0 and r['errors'] == {'mismatch': 4}"
run --url "http://127.0.0.1:$mock_port/pkix/" --count 4 --clients 1 --new-connections --check-all --expect-fixed-certificate
holds "… that is expected" "r['completed'] == 4 and r['errors'] == {} and r['fixed_certificate']"

# ---- open loop ----

run --url "$url" --rate 200 --count 200
holds "the rate is kept" "r['completed'] == 200 and r['seconds'] >= 0.9 and r['rate_asked'] == 200"
# The server stands still for a second of three: a third of those meant to start find it so, however few clients there
# are to notice. Counted from when they were sent, it would be four of 300.
rm -f "$work/held"
run --url "$url" --rate 100 --count 300 --clients 4 --held "$work/held" &
running=$!
until_so "certificates are held" test -s "$work/held"
kill -STOP "$server"
sleep 1
kill -CONT "$server"
wait "$running"
holds "a second that stands still is in the latency of all who waited" "r['completed'] == 300 and r['p90_us'] > 500000 and
 r['max_us'] > 900000 and r['longest_gap_ms'] > 900"
run --url "$url" --rate 20000 --count 40000 --clients 1 --seconds 1
holds "what was meant to start and did not is an error" "r['completed'] > 0 and r['errors'].get('overdue', 0) > 1000 and
 list(r['errors']) == ['overdue']"
same "exit status" "$status" 1
# Three seconds at this rate, of which two are not counted; a busy machine is late with some.
run --url "$url" --rate 100 --count 300 --warmup 2
holds "warm-up is left out" "50 <= r['completed'] <= 200 and r['errors'] == {}"

rm -f "$work/held"
run --url "$url" --rate 100 --count 5000 --held "$work/held" &
running=$!
until_so "certificates are held" test -s "$work/held"
pkill -TERM -P $running cmpbench
wait "$running"
holds "a run that is told to end tells what it did" "0 < r['completed'] < 4000 and not set(r['errors']) - {'overdue'}"
same "all of it" "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["completed"])' "$work/result")" \
    "$(wc -l <"$work/held")"

# ---- again, when the server was gone ----

for transport in "" --http2 --new-connections; do
    rm -f "$work/held"
    # shellcheck disable=SC2086
    run --url "$url" $transport --rate 200 --count 400 --scenario ir=1,ir-confirm=1 --retries 100 --held "$work/held" &
    running=$!
    until_so "certificates are held" test -s "$work/held"
    kill_server
    start_server cmpd "$dir/cmpd.yaml" "$work/server.log"
    wait "$running"
    holds "nobody fails who tries again $transport" "r['completed'] == 400 and r['errors'] == {} and r['retries'] > 0"
    same "each holds one certificate $transport" "$(cut -d ' ' -f 1,2 "$work/held" | sort -u | wc -l)" 400
    same "… of its own $transport" "$(cut -d ' ' -f 1 "$work/held" | sort -u | wc -l)" 400
    same "… confirmed $transport" "$(grep -c ' confirmed' "$work/held")" 400
done

# ---- connections that idle ----

run --url "$url" --count 100 --idle-connections 300 --server-pid "$server"
holds "idle connections are kept" "r['idle_open'] == 300 and r['server_rss_before_kib'] >= r['server_rss_before_idle_kib'] > 0"

# ---- a vendor and a CA with other keys ----

stop_server
"$CMPD_BIN/cmpctl" init "$work/p384" --demo --listen "127.0.0.1:$port" --admin-listen "127.0.0.1:$port" --key-type P-384 --vendor-key P-384 >/dev/null
start_server cmpd "$work/p384/cmpd.yaml" "$work/p384.log"
dir=$work/p384
served "all of P-384" 24 --url "$url" --clients 8 --scenario $all --device-key P-384 --key P-384
stop_server
done_testing
