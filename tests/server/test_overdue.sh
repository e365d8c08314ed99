#!/bin/bash
# Stations that do not update their certificates: cmpctl device overdue, the log and readiness tell of them.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../devices.sh"

demo cmpd
devices_demo
log=$work/node.log
for key in station next; do new_key "$work/$key.key" P-256; done
for name in gnb-a gnb-b gnb-c; do station "$name"; done
start_server cmpd "$dir/cmpd.yaml" "$log"
for name in gnb-a gnb-b gnb-c; do ok "$name enrolls" enrolls "$name" record; done
device add demo gnb-a --site north >/dev/null
device add demo gnb-b --site south >/dev/null
same "none is overdue" "$(device overdue | wc -l)" 1
stop_server

# ends NAME SECONDS: to the store, the certificate of NAME began long ago and ends in so many seconds.
ends() {
    python3 - "$dir/store/cmpd.db" "$(serial_of "$work/$1.pem")" "$2" <<'PY'
import sqlite3, sys, time
with sqlite3.connect(sys.argv[1]) as db:
    changed = db.execute("UPDATE certificates SET not_before = ?, not_after = ? WHERE serial = ?",
                         (int(time.time()) - 300 * 86400, int(time.time()) + int(sys.argv[3]), bytes.fromhex(sys.argv[2])))
    assert changed.rowcount == 1
PY
}
ends gnb-a 86400
ends gnb-b -86400
ends gnb-c $((100 * 86400))

device overdue >"$work/list"
same "two are, the one that ended first" "$(awk 'NR > 1 { print $1, $3 }' "$work/list")" \
    "expired $(serial_of "$work/gnb-b.pem")
ends $(serial_of "$work/gnb-a.pem")"
same "of a site" "$(device overdue --site north --json | python3 -c 'import json, sys
for line in sys.stdin: row = json.loads(line); print(row["vendor"], row["identity"], row["site"], row["profile"], row["subject"])')" \
    "demo gnb-a north record CN=gnb-a.example"
same "by site" "$(device overdue --by site | tr -s ' ')" " 1 north
 1 south"
same "by profile" "$(device overdue --by profile --json)" '{"profile":"record","count":2}'
same "none of another vendor" "$(device overdue --vendor acme | wc -l)" 1
refused "by what" '--by is vendor, site or profile' device overdue --by subject

start_server cmpd "$dir/cmpd.yaml" "$log"
until_so "the log tells" grep -q 'event="certificates are overdue" count=2 expired=1 next_not_after=20' "$log"
ok "readiness, too" grep -q '"overdue":{"count":2,"expired":1}' <(curl -s "http://127.0.0.1:$port/readyz")
ok "one is updated" cmp -path .well-known/cmp/p/record -cmd kur -newkey "$work/next.key" -cert "$work/gnb-a.pem" -key "$work/station.key" \
    -trusted "$dir/ca/root.pem" -certout "$work/next.pem"
same "it is overdue no more" "$(device overdue --by site | tr -s ' ')" " 1 south"
device block demo gnb-b >/dev/null
same "nor is one that is blocked" "$(device overdue --by site)" ""
done_testing
