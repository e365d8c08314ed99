#!/bin/bash
# Requests that wait for approval, and who means harm: a station that fills the list, many that are merely many, strangers who poll for
# what is not theirs, and a hand in the database.
. "$(dirname "$0")/../lib.sh"

demo cmpd
credentials
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/anna.key" -out "$dir/anna.pem" -days 2 \
    -subj /CN=anna 2>/dev/null
sed -i "/^profiles:/i approvers:\\
  - name: anna\\
    certificate: anna.pem\\
" "$dir/cmpd.yaml"
add_profile waits "approve.when: [always]" "approve.check_after_seconds: 1" "approve.open: 2" "approve.per_day: 6"
log=$work/node.log
new_key "$work/new.key" P-256
for i in $(seq 8); do head -c 24 /dev/urandom | base64 >"$work/secret$i"; done
for i in $(seq 8); do
    "$CMPD_BIN/cmpctl" secret add --config "$dir/cmpd.yaml" --reference "installer$i" --secret-file "$work/secret$i" --reusable >/dev/null
done
start_server cmpd "$dir/cmpd.yaml" "$log"

# asks SUBJECT ARGUMENTS...: an ir, which is not polled for.
asks() {
    cmp -cmd ir -newkey "$work/new.key" -subject "/CN=$1" -certout "$work/none.pem" -path .well-known/cmp/p/waits -total_timeout 1 "${@:2}"
}
waiting() {
    "$CMPD_BIN/cmpctl" request list --config "$dir/cmpd.yaml" --json 2>/dev/null | wc -l
}
post() {
    curl -sS --fail --http1.1 -H 'Content-Type: application/pkixcmp' --data-binary "@$1" -o "$work/answer" \
        "http://127.0.0.1:$port/.well-known/cmp/p/waits"
}

# ---- one that wants to fill the list, all at once ----

for i in $(seq 12); do asks "greedy-$i" "${by_device[@]}" >"$work/greedy-$i.out" 2>&1 & done
for job in $(jobs -p); do [ "$job" = "$server" ] || wait "$job" || true; done
burst=$(waiting)
[ "$burst" -ge 1 ] && [ "$burst" -le 2 ] || fail "of twelve at once $burst wait"
for i in 13 14; do asks "greedy-$i" "${by_device[@]}" >"$work/greedy-$i.out" 2>&1 || true; done
same "so many of one wait" "$(waiting)" 2
grep -q 'wait for approval already' "$work/greedy-14.out" || fail "it was not told why: $(cat "$work/greedy-14.out")"

# ---- many that are merely many ----

for i in $(seq 8); do
    asks "many-$i" -ref "installer$i" -secret "pass:$(cat "$work/secret$i")" -recipient "/O=Demo Operator/CN=Issuing CA" >"$work/many-$i.out" 2>&1 || true
done
same "so many of a profile wait in a day" "$(waiting)" 6
grep -q 'too many requests wait for approval today' "$work/many-8.out" || fail "the last was not told why: $(cat "$work/many-8.out")"

# ---- a poll that somebody recorded, and one for what is another's ----

cmp -cmd ir -newkey "$work/new.key" -subject /CN=victim -certout "$work/none.pem" -path .well-known/cmp/p/demo "${by_device[@]}" \
    -reqout "$work/other.ir $work/other.conf" >/dev/null 2>&1
rm -f "$work"/*.poll
stop_server
sed -i 's/\bper_day: 6\b/per_day: 100/; s/\bopen: 2\b/open: 8/' "$dir/cmpd.yaml"
start_server cmpd "$dir/cmpd.yaml" "$log"
asks victim "${by_device[@]}" -reqout "$work/victim.ir $work/victim.poll" -total_timeout 5 >/dev/null 2>&1 || true
before=$(waiting)
for _ in $(seq 50); do
    ok "a recorded poll is answered" post "$work/victim.poll"
    ok "as it was" test "$("$CMPD_BIN/cmpctl" decode "$work/answer" | awk '$1 == "body" {print $2}')" = pollRep
done
same "and nothing comes of it" "$(waiting)" "$before"
# Another senderNonce in it: the signature is wrong then.
python3 - "$work/victim.poll" "$work/forged.poll" <<'PY'
import sys
octets = bytearray(open(sys.argv[1], "rb").read())
at = octets.index(b"\x04\x10", octets.index(b"\x04\x10") + 1)  # transactionID, then senderNonce
octets[at + 2] ^= 1
open(sys.argv[2], "wb").write(octets)
PY
ok "a forged poll is answered" post "$work/forged.poll"
ok "and refused" grep -qa 'signature' "$work/answer"

# ---- a hand in the database approves nothing ----

id=$("$CMPD_BIN/cmpctl" request list --config "$dir/cmpd.yaml" --json | python3 -c '
import json, sys
print([r["request"] for r in map(json.loads, sys.stdin) if r["subject"] == "CN=victim"][0])')
hash=$(openssl x509 -in "$dir/anna.pem" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -c1-64)
python3 - "$dir/store/cmpd.db" "$id" "$hash" <<'PY'
import sqlite3, sys
path, request, key = sys.argv[1:]
db = sqlite3.connect(path, timeout=20)
issuer = db.execute("select issuer from requests limit 1").fetchone()[0]
db.execute("insert into approvals values (?, ?, 1, 1800000000, 'so it is', ?)", (issuer, bytes.fromhex(request + key), b"\x30\x06\x02\x01\x01\x02\x01\x01"))
db.commit()
PY
asks victim "${by_device[@]}" -reqin "$work/victim.ir" >/dev/null 2>&1 || true
ok "shown as what it is" "$CMPD_BIN/cmpctl" request show "$id" --config "$dir/cmpd.yaml"
grep -q 'wrong: it does not count' "$work/last.out" || fail "show: $(cat "$work/last.out")"
grep -q '^state *waiting' "$work/last.out" || fail "state: $(cat "$work/last.out")"
wait_log "$log" "an approver's word has a wrong signature"
same "nothing was issued" "$(stored profile waits serial)" ""
stop_server
done_testing
