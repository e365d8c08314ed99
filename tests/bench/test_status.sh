#!/bin/bash
# cmpbench asks by OCSP and fetches CRLs: over every transport, beside enrollments, and it believes no wrong answer.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../bench.sh"

questions=ocsp=2,ocsp-nonce=2,crl=1

demo ca
serve_ocsp
crl_every 24
add_tls
sed -i 's/serves: \[cmp, health\]/serves: [cmp, publication, ocsp, health]/' "$dir/cmpd.yaml"
start_server cmpd "$dir/cmpd.yaml" "$work/server.log"
url=http://127.0.0.1:$port/.well-known/cmp/p/demo
tls_url=https://127.0.0.1:$tls_port/.well-known/cmp/p/demo
wait_log "$work/server.log" 'event="CRL published"'
wait_log "$work/server.log" 'event="OCSP responder certified" ca=issuing'

issued() {
    lines_of 'event="certificate issued"' "$work/server.log"
}

# served TEXT COUNT ARGUMENTS...
served() {
    local text=$1 count=$2
    shift 2
    run --count "$count" --check-all "$@"
    holds "$text: all served" "r['completed'] == $count and r['errors'] == {}"
    same "$text: exit status" "$status" 0
}

for transport in "--url $url" "--url $url --http2" "--url $tls_url --tls-ca $dir/tls/server.pem --http2" \
    "--url $tls_url --tls-ca $dir/tls/server.pem --new-connections"; do
    # shellcheck disable=SC2086
    served "questions by ${transport##*/}" 60 --clients 8 --certificates 3 --scenario $questions $transport
done

before=$(issued)
served "questions beside enrollments" 80 --url "$url" --clients 8 --certificates 5 --scenario $questions,ir=2,rr=1
# Of 80 there are 20 of ir and 10 of rr, whose certificates come first, and 5 to be asked about.
same "certificates for that" $(($(issued) - before)) 35

before=$(issued)
served "a run that only asks" 50 --url "$url" --scenario ocsp-nonce --certificates 2 --held "$work/nothing"
holds "what was asked for is told" "r['scenario'] == 'ocsp-nonce' and r['floor_us'] > 0"
same "certificates for that" $(($(issued) - before)) 2
same "certificates that a client holds" "$(wc -c <"$work/nothing")" 0
ends 0 stdout '^5 requests in .* 0 errors' "$bench" run --setup "$dir" --url "$url" --count 5 --scenario crl

# ---- answers that are not what they must be ----

run --url "$url" --count 2 --held "$work/pair"
served "two that are good" 20 --url "$url" --scenario ocsp --serials "$work/pair"
"$CMPD_BIN/cmpctl" cert revoke --config "$dir/cmpd.yaml" "$(head -1 "$work/pair" | cut -d ' ' -f 1)" >/dev/null
run --url "$url" --count 20 --scenario ocsp-nonce --serials "$work/pair"
holds "one of two was revoked" "r['completed'] == 10 and r['errors'] == {'mismatch': 10}"
same "exit status" "$status" 1
echo 00112233 >"$work/strange"
run --url "$url" --count 4 --scenario ocsp --serials "$work/strange"
holds "a certificate that nobody knows" "r['completed'] == 0 and r['errors'] == {'mismatch': 4}"

# Another CA of the same name, with another key, answers than the one that is trusted.
"$CMPD_BIN/cmpctl" init "$work/other" --demo >/dev/null
cp -a "$dir" "$work/deceived"
cp "$work/other/ca/root.pem" "$work/other/ca/issuing.pem" "$work/other/ca/cmp.pem" "$work/deceived/ca/"
tail -1 "$work/pair" >"$work/good"
run --url "$url" --setup "$work/deceived" --count 8 --check-all --scenario crl
holds "a CRL by another key" "r['completed'] == 0 and r['errors'] == {'protection': 8}"
run --url "$url" --setup "$work/deceived" --count 8 --check-all --scenario ocsp --serials "$work/good"
# RFC 6960 2.3: unauthorized
holds "of another CA nothing is said" "r['completed'] == 0 and r['errors'] == {'rejected': 8}"

# ---- a server that serves neither ----

stop_server
serve_no_ocsp
sed -i 's/publication, //' "$dir/cmpd.yaml"
start_server cmpd "$dir/cmpd.yaml" "$work/server.log"
run --url "$url" --count 8 --scenario crl=1,ocsp=1 --serials "$work/good"
holds "nothing there" "r['completed'] == 0 and r['errors'] == {'http': 8}"
stop_server
done_testing
