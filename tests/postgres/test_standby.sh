#!/bin/bash
# Synchronous replication without a standby. Somebody ends the wait for it: PostgreSQL then says that the commit was done, with
# a warning; it is on one machine alone, so nobody is told of a certificate until the standby has it, too. And when commits do
# not end, the node says that it is not ready, and does not pile them up in the database.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"

database_new db
ok "the tables are made" "$CMPD_BIN/cmpctl" db migrate --store "$(database_url cmpd_owner db)"
database_roles db
database_standby standby db
dir=$work/ca
port=$(free_port)
"$CMPD_BIN/cmpctl" init "$dir" --demo --listen "127.0.0.1:$port" --store "$(database_url cmpd_node db)" >/dev/null
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
credentials
new_key "$work/new.key" P-256

# As stations do: again when the server says that it cannot.
enroll() {
    local try
    for ((try = 0; try < 150; try++)); do
        cmp -cmd ir "${by_device[@]}" -newkey "$work/new.key" -subject "/CN=$1" -certout "$work/$1.pem" -implicit_confirm \
            >"$work/$1.out" 2>&1 && return 0
        sleep 0.3
    done
    return 1
}

waiting="select count(*) from pg_stat_activity where application_name like 'cmpd/%' and wait_event = 'SyncRep'"
ok "with the standby" enroll first
postgres_stop standby INT
enroll second &
client_pid=$!
for ((i = 0; i < 300; i++)); do
    [ "$(postgres_sql db "$waiting")" -gt 0 ] && break
    sleep 0.02
done
cancelled=$(postgres_sql db "select count(pg_cancel_backend(pid)) from pg_stat_activity
    where application_name like 'cmpd/%' and wait_event = 'SyncRep'")
[ "$cancelled" -gt 0 ] || fail "no commit waits for the standby"
wait_log "$work/cmpd.log" 'connection lost.*the database warned'
sleep 0.5
[ ! -e "$work/second.pem" ] || fail "the client holds a certificate that is on one machine alone"
same "which knows of the commit" "$(postgres_db db "select count(*) from cmpd.certificates")" 2
database_start standby
wait $client_pid || fail "the client does not get there: $(cat "$work/second.out")"
serial=$(serial_of "$work/second.pem")
same "what the client holds is on the standby" \
    "$(postgres_db standby "select count(*) from cmpd.certificates where serial = '\\x$serial'")" 1
grep -q 'found out what became of a commit.*committed=yes' "$work/cmpd.log" || fail "it was not found out: $(cat "$work/cmpd.log")"

# ---- commits do not end ----

# Another name than the standby's.
wait_for() {
    postgres_sql db "alter system set synchronous_standby_names = '$1'"
    postgres_sql db "select pg_reload_conf()" >/dev/null
}

wait_ready 200
wait_for nobody
clients=()
for i in 1 2 3 4; do
    enroll "waits$i" &
    clients+=("$!")
    sleep 0.2
done
wait_ready 503
# The one that gave up, and the one that is to find out: of each of the two that write.
wait_log "$work/cmpd.log" 'connection lost.*no answer came'
refused "whoever comes is told at once" systemUnavail \
    cmp -cmd ir "${by_device[@]}" -newkey "$work/new.key" -subject "/CN=late" -certout "$work/late.pem"
sleep 3
left=$(postgres_sql db "$waiting")
[ "$left" -le 4 ] || fail "$left commits wait in the database"
wait_for '*'
wait_ready 200
for i in 1 2 3 4; do
    wait "${clients[i - 1]}" || fail "client $i does not get there: $(cat "$work/waits$i.out")"
    serial=$(serial_of "$work/waits$i.pem")
    same "what client $i holds is stored" "$(postgres_db db "select status from cmpd.certificates where serial = '\\x$serial'")" 2
done
same "commits that wait" "$(postgres_sql db "$waiting")" 0
stop_server
ok "the audit log is whole" "$CMPD_BIN/cmpctl" audit verify --config "$dir/cmpd.yaml" --log "$work/cmpd.log"
grep -q 'after the last seal' "$work/last.out" && fail "entries were left unsealed: $(cat "$work/last.out")"
done_testing
