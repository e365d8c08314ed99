#!/bin/bash
# Devices and who means harm to them: strangers who want to use up a device's quota, a device that asks for everything at once, and names
# that are made to break logs and lists.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../devices.sh"

demo cmpd
credentials
sed -i 's/^    identity: none /    identity: CN /' "$dir/cmpd.yaml"
add_profile record "devices: record" "once.per_day: 3" "once.again: []"
log=$work/node.log
for key in station other; do new_key "$work/$key.key" P-256; done
for name in victim greedy; do station "$name"; done
start_server cmpd "$dir/cmpd.yaml" "$log"

# post FILE: the answer is in $work/answer.
post() {
    curl -sS --fail --http1.1 -H 'Content-Type: application/pkixcmp' --data-binary "@$1" -o "$work/answer" \
        "http://127.0.0.1:$port/.well-known/cmp/p/record"
}

# ---- strangers use up nobody's quota ----

ok "an enrollment" enrolls victim record -reqout "$work/request"
python3 - "$work/request" "$work/forged" <<'PY'
import sys
octets = bytearray(open(sys.argv[1], "rb").read())
# transactionID and senderNonce are random octets of 16 (04 10 …): new ones, so that it is no retry; the signature is wrong then.
at = -1
for _ in range(2):
    at = octets.index(b"\x04\x10", at + 1)
    octets[at + 2] ^= 1
open(sys.argv[2], "wb").write(octets)
PY
for _ in $(seq 30); do
    ok "a forged one is answered" post "$work/forged"
    ok "and refused" grep -qa 'signature' "$work/answer"
done
same "it has had one" "$(device show demo victim | grep -c '^claim .* 1 today$')" 1
for n in 2 3; do ok "enrollment $n" enrolls victim record; done
refused "its own fourth" 'has enrolled too often today' enrolls victim record
logged 'once.per_day.*setting=profiles\[[0-9]\]\.once\.per_day'

# ---- all at once, with many keys: it has one certificate in the end ----

for n in $(seq 20); do new_key "$work/greedy-$n.key" P-256; done
pids=()
for n in $(seq 20); do
    (cmp -path .well-known/cmp/p/record -cmd ir -newkey "$work/greedy-$n.key" -subject /CN=greedy -cert "$dir/demo/greedy.pem" \
        -key "$dir/demo/greedy.key" -extracerts "$dir/demo/greedy-chain.pem" -trusted "$dir/ca/root.pem" \
        -certout "$work/greedy-$n.pem" >"$work/greedy-$n.out" 2>&1 && echo yes || echo no) >"$work/greedy-$n.got" &
    pids+=($!)
done
wait "${pids[@]}"
got=$(cat "$work"/greedy-*.got | grep -c yes || true)
[ "$got" -ge 1 ] || fail "none of them enrolled"
same "certificates that are good" "$("$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" --json | grep -c '"status":"valid".*CN=greedy\|CN=greedy.*"status":"valid"')" 1
same "slots" "$(device show demo greedy | grep -c '^claim ')" 1

# ---- names that are made to break something ----

# named NAME: a certificate of the vendor with that CN, as UTF8String, and what its ir comes to.
named() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/named.key" -utf8 -subj "/CN=$1" 2>/dev/null |
        openssl x509 -req -set_serial "$((++count))" -CA "$dir/demo/vendor-intermediate.pem" -CAkey "$dir/demo/vendor-intermediate.key" \
            -days 2 -out "$work/named.pem" -extfile <(printf 'keyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid') \
            2>/dev/null || fail "no certificate for '$1'"
    if cmp -path .well-known/cmp/p/record -cmd ir -newkey "$work/station.key" -subject "/CN=named-$count" -cert "$work/named.pem" \
        -key "$work/named.key" -extracerts "$dir/demo/vendor-intermediate.pem" -trusted "$dir/ca/root.pem" \
        -certout "$work/named-out.pem" >"$work/named.out" 2>&1; then
        enrolled=$((enrolled + 1))
    else
        grep -Eq 'statusString|PKIStatus' "$work/named.out" || fail "no clear answer for '$1': $(cat "$work/named.out")"
    fi
}
count=0 enrolled=0
for name in 'a"b' 'a,b' '=1+1' $'x\ny' $'x\r\ntime=0 level=error event=fake' '%s%n' "'; drop table devices; --" $'\u202eevil' ' blanks ' '\\' \
    '-rf' $'\e[31mred' "$(printf 'é%.0s' {1..30})" "$(printf 'a%.0s' {1..64})"; do
    named "${name//+/\\+}"
done
[ "$enrolled" -ge 8 ] || fail "only $enrolled of $count have enrolled"
device export >"$work/list.csv"
ok "each line of the list is one device" python3 - "$work/list.csv" "$(device list --json | wc -l)" <<'PY'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert len(rows) == int(sys.argv[2]) and all(row["vendor"] == "demo" for row in rows), rows
PY
ok "the list can be read again" device import "$work/list.csv"
same "each line of the log is one" "$(grep -v -c '^time=' "$log" || true)" 0
same "and none is made up" "$(grep -c '^[^"]*event=fake' "$log" || true)" 0
ok "the node serves" enrolls greedy demo
stop_server
ok "the store is whole" "$CMPD_BIN/cmpctl" db check --config "$dir/cmpd.yaml"
done_testing
