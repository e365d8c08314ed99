#!/bin/bash
# Synchronous replication, and somebody ends the wait for the standby: PostgreSQL then says that the commit was done, with a
# warning. It is on one machine alone, so nobody is told of a certificate until the standby has it, too; but for nodes that are
# told not to wait, and those say so.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"

database_new db
ok "the tables are made" "$CMPD_BIN/cmpctl" db migrate --store "$(database_url cmpd_owner db)"
database_roles db
database_standby standby db
dir=$work/ca
port=$(free_port)
"$CMPD_BIN/cmpctl" init "$dir" --demo --listen "127.0.0.1:$port" --admin-listen "127.0.0.1:$port" --store "$(database_url cmpd_node db)" >/dev/null
serve_no_ocsp
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
credentials
new_key "$work/new.key" P-256

# As stations do: again when the server says that it cannot.
enroll() {
    until_so "an answer for $1" try_once "$1"
}

try_once() {
    cmp -cmd ir "${by_device[@]}" -newkey "$work/new.key" -subject "/CN=$1" -certout "$work/$1.pem" -implicit_confirm \
        >"$work/$1.out" 2>&1
}

waiting="select count(*) from pg_stat_activity where application_name like 'cmpd/%' and wait_event = 'SyncRep'"
ok "with the standby" enroll first
postgres_stop standby INT
enroll second &
client_pid=$!
waits() {
    [ "$(postgres_sql db "$waiting")" -gt 0 ]
}
until_so "a commit waits for the standby" waits
cancelled=$(postgres_sql db "select count(pg_cancel_backend(pid)) from pg_stat_activity
    where application_name like 'cmpd/%' and wait_event = 'SyncRep'")
[ "$cancelled" -gt 0 ] || fail "no commit waits for the standby"
wait_log "$work/cmpd.log" 'connection lost.*the database warned'
# The node asks what became of it, and that question waits for the standby in its turn: by now, whoever does not wait would
# have been answered.
until_so "the node finds out" waits
[ ! -e "$work/second.pem" ] || fail "the client holds a certificate that is on one machine alone"
same "which knows of the commit" "$(postgres_db db "select count(*) from cmpd.certificates")" 2
database_start standby
wait $client_pid || fail "the client does not get there: $(cat "$work/second.out")"
serial=$(serial_of "$work/second.pem")
same "what the client holds is on the standby" \
    "$(postgres_db standby "select count(*) from cmpd.certificates where serial = '\\x$serial'")" 1
grep -q 'found out what became of a commit.*committed=yes' "$work/cmpd.log" || fail "it was not found out: $(cat "$work/cmpd.log")"
stop_server
ok "the audit log is whole" "$CMPD_BIN/cmpctl" audit verify --config "$dir/cmpd.yaml" --log "$work/cmpd.log"
grep -q 'after the last seal' "$work/last.out" && fail "entries were left unsealed: $(cat "$work/last.out")"

# ---- who does not wait for it is told ----

same "nothing was said of a store that is not durable" "$(lines_of 'not durable' "$work/cmpd.log")" 0
for value in local off; do
    sed -i -E "/^store: /s|(&options=[^\"]*)?(\"?)\$|\&options=-csynchronous_commit%3D$value\2|" "$dir/cmpd.yaml"
    start_server cmpd "$dir/cmpd.yaml" "$work/$value.log"
    wait_log "$work/$value.log" 'store is not durable'
    ok "it serves as it is told to, with synchronous_commit=$value" enroll "$value"
    stop_server
done
done_testing
