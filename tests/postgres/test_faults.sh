#!/bin/bash
# What PostgreSQL can do to a node, and what the node makes of it: each fault has its line in the log and a signed answer
# (RFC 9483 3.6.2, systemUnavail), readiness falls where nothing can be served, and the node serves again without a restart.
# Settings and rights are those of deploy/postgres.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"

database_new db
postgres_stop db
database_start db max_connections=20
ok "the tables are made" "$CMPD_BIN/cmpctl" db migrate --store "$(database_url cmpd_owner db)"
database_roles db
demo ca --store "$(database_url cmpd_node db)"
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
credentials
new_key "$work/new.key" P-256
stations=0

enroll() {
    cmp -cmd ir "${by_device[@]}" -newkey "$work/new.key" -subject "/CN=station $((stations += 1))" \
        -certout "$work/cert.pem" "$@"
}

# Until it is served again; the client is told to try again meanwhile, as a station would.
served_again() {
    until_so "$1: an enrollment" served
    same "$1: the certificate is stored" "$(stored_in_database)" 2
    wait_ready 200
}

served() {
    enroll >"$work/last.out" 2>&1
}

stored_in_database() {
    postgres_db db "select status from cmpd.certificates where serial = '\\x$(serial_of "$work/cert.pem")'"
}

# hold STATEMENT: a transaction that executes it, and stays open until let_go.
hold() {
    mkfifo "$work/hold"
    PGPASSWORD=$postgres_password psql -X -q -v ON_ERROR_STOP=1 "host=localhost hostaddr=127.0.0.1 port=$(cat "$work/db/port") \
        user=postgres dbname=cmpd sslmode=verify-full sslrootcert=$work/db/ca.pem" <"$work/hold" >"$work/hold.out" 2>&1 &
    holder=$!
    exec {hold_fd}>"$work/hold"
    printf 'begin;\n%s;\nselect %s;\n' "$1" "'held'" >&"$hold_fd"
    until_so "somebody holds it" grep -q held "$work/hold.out"
}

let_go() {
    echo 'rollback;' >&"$hold_fd"
    exec {hold_fd}>&-
    ended "who held it" "$holder" "0|[23]" # it may have been ended
    rm "$work/hold" "$work/hold.out"
}

# raises STATE [TIMES]: inserting a transaction fails with SQLSTATE so often (0: always).
raises() {
    postgres_db db "
        create sequence public.raised;
        create function public.raises() returns trigger language plpgsql security definer as \$\$ begin
        if ${2:-0} = 0 or nextval('public.raised') <= ${2:-0} then
            raise exception 'this is a test' using errcode = '$1'; end if; return new; end \$\$;
        create trigger raises before insert on cmpd.transactions for each row execute function public.raises()"
}

raises_no_more() {
    postgres_db db "drop trigger raises on cmpd.transactions; drop function public.raises; drop sequence public.raised"
}

# metric SERIES: what /metrics says; it may be a second old. tells SERIES TEST...: is it so?
metric() {
    curl -sS --fail "http://127.0.0.1:$port/metrics" | awk -v series="$1" 'index($0, series " ") == 1 { print substr($0, length(series) + 2) }'
}
tells() {
    test "$(metric "$1")" "${@:2}"
}

ok "without a fault" enroll
same "and it is stored" "$(stored_in_database)" 2
version=$(postgres_db db "show server_version")
until_so "three connections were made" tells 'cmpd_store_connection_events_total{event="made"}' -eq 3
until_so "none is missing" tells 'cmpd_store_connections{state="down"}' -eq 0
same "nor others there" "$(curl -sS --fail "http://127.0.0.1:$port/metrics" | awk '/^cmpd_store_connections\{state="(idle|busy)"/ { sum += $2 } END { print sum }')" 3
same "the server" "$(curl -sS "http://127.0.0.1:$port/metrics" | sed -n 's/^cmpd_store_server_info{host="[^"][^"]*",\(.*\)} 1$/\1/p')" \
    "address=\"127.0.0.1\",port=\"$(cat "$work/db/port")\",version=\"$version\",role=\"primary\""
same "without a fault" "$(metric cmpd_store_faults_total)" 0
same "so none was last" "$(metric cmpd_store_last_fault_timestamp_seconds)" ""
ok "look-ups have their time" test "$(metric cmpd_store_fetch_duration_seconds_count)" -gt 0

# ---- a lock held by somebody: lock_timeout ----
hold "lock table cmpd.certificates in share row exclusive mode"
refused "a lock held by somebody" systemUnavail enroll
wait_log "$work/cmpd.log" 'doing="commit" code=55P03'
let_go
served_again "after the lock"

# ---- one row is locked: who wants it is told, and its neighbours in the same commits are served ----
ok "a certificate to be locked" enroll
mv "$work/cert.pem" "$work/locked.pem"
revoke() {
    cmp -cmd rr -oldcert "$work/locked.pem" -cert "$work/locked.pem" -key "$work/new.key" \
        -extracerts "$dir/demo/device-chain.pem" -trusted "$dir/ca/root.pem"
}
hold "select 1 from cmpd.certificates where serial = '\\x$(serial_of "$work/locked.pem")' for update"
"$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" --seconds "$patience" --clients 16 \
    --rate 100 --count 300 --check-all >"$work/neighbours.out" 2>&1 &
neighbours=$!
are_served() {
    [ "$(postgres_db db "select count(*) from cmpd.certificates")" -gt "$1" ]
}
until_so "neighbours are served" are_served "$(postgres_db db "select count(*) + 50 from cmpd.certificates")"
refused "who wants the row" systemUnavail revoke
same "the node stays ready" "$(ready)" 200
wait "$neighbours" || fail "neighbours were not served: $(cat "$work/neighbours.out")"
let_go
ok "and when nobody holds it" revoke

# ---- statement timeout ----
postgres_sql db "alter role cmpd_node set lock_timeout = '60s'; alter role cmpd_node set statement_timeout = '700ms'"
postgres_sql db "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'cmpd_node'" >/dev/null
served_again "with other limits"
until_so "three connections were lost" tells 'cmpd_store_connection_events_total{event="lost"}' -ge 3
until_so "and made again" tells 'cmpd_store_connection_events_total{event="made"}' -ge 6
same "to the same server" "$(metric 'cmpd_store_connection_events_total{event="moved"}')" 0
ok "each a fault" test "$(metric cmpd_store_faults_total)" -ge 3
ok "the last was just now" test "$(metric cmpd_store_last_fault_timestamp_seconds)" -ge "$(($(date +%s) - patience))"
hold "lock table cmpd.certificates in share row exclusive mode"
refused "a statement that takes too long" systemUnavail enroll
wait_log "$work/cmpd.log" 'doing="commit" code=57014'
let_go
database_roles db
served_again "after the timeout"

# ---- the disk is full (the code that PostgreSQL gives when it cannot extend a file) ----
raises disk_full
refused "a full disk" systemUnavail enroll
wait_log "$work/cmpd.log" 'doing="commit" code=53100'
raises_no_more
served_again "with room again"

# ---- serialization failures and deadlocks: the group goes again by itself ----
raises serialization_failure 2
ok "a serialization failure is not seen by the client" enroll
wait_log "$work/cmpd.log" 'doing="commit again" code=40001'
raises_no_more
raises deadlock_detected 1
ok "nor is a deadlock" enroll
wait_log "$work/cmpd.log" 'doing="commit again" code=40P01'
raises_no_more
raises serialization_failure
refused "but it does not go on for ever" systemUnavail enroll
wait_log "$work/cmpd.log" 'doing="commit" code=40001'
raises_no_more
served_again "after them"

# ---- the primary takes no writes any more ----
postgres_sql db "alter system set default_transaction_read_only = on"
postgres_sql db "select pg_reload_conf()" >/dev/null
refused "a primary that takes no writes" systemUnavail enroll
wait_log "$work/cmpd.log" 'doing="commit" code=25006'
wait_log "$work/cmpd.log" 'doing=connect .*session is read-only'
wait_ready 503
refused "and it is told at once from then on" systemUnavail enroll
PGOPTIONS='-c default_transaction_read_only=off' postgres_sql db "alter system reset default_transaction_read_only"
postgres_sql db "select pg_reload_conf()" >/dev/null
served_again "when it takes writes again"

# ---- too many connections ----
PGPASSWORD=$CMPD_NODE_PASSWORD python3 - "$(cat "$work/db/port")" "$work/db/ca.pem" "$work/full" <<'PY' &
import os, sys, time
import subprocess
port, ca, flag = sys.argv[1:]
dsn = f"host=localhost hostaddr=127.0.0.1 port={port} user=cmpd_node dbname=cmpd sslmode=verify-full sslrootcert={ca}"
os.environ["PGCONNECT_TIMEOUT"] = "5"
held = []
while not os.path.exists(flag + ".end"):
    held = [p for p in held if p.poll() is None]
    if len(held) < 20:
        held.append(subprocess.Popen(["psql", "-X", "-q", dsn], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL))
    time.sleep(0.005)
for p in held:
    p.kill()
PY
hog=$!
servers+=("$hog")
are_taken() {
    [ "$(postgres_sql db "select count(*) >= 17 from pg_stat_activity where backend_type = 'client backend' and usename = 'cmpd_node'")" = t ]
}
until_so "all connections are taken" are_taken
# Who has not yet said his name may hold even a place that is kept for the superuser.
# A node may be faster than those who take all places: then its connections are ended again.
finds_no_place() {
    postgres_sql db "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'cmpd/%'" >/dev/null 2>"$work/last.out" || true
    grep -Eq 'doing=connect .*(remaining connection slots|too many (clients|connections))' "$work/cmpd.log"
}
until_so "the node finds no place" finds_no_place
wait_ready 503
refused "no connection is left for the node" systemUnavail enroll
touch "$work/full.end"
ended "who took the connections" "$hog" 0
served_again "when there are connections again"

# ---- backends are killed, and the database restarts at once, without a goodbye ----
postgres_sql db "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'cmpd/%'" >/dev/null
served_again "after its backends were killed"
postgres_stop db QUIT
database_start db max_connections=20
served_again "after an immediate restart"

# ---- gone ----
last_words='doing=connect.*Connection refused'
before=$(lines_of "$last_words" "$work/cmpd.log")
postgres_stop db INT
wait_ready 503
begin=$EPOCHREALTIME
# Without protection the client would say that there is none, and not what was answered.
refused "the database is gone, says a signed answer" systemUnavail enroll
echo "gone: told after $(python3 -c "print(round($EPOCHREALTIME - $begin, 2))") s"
"$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" >"$work/last.out" 2>&1 && fail "cmpctl works without a database"
grep -q 'cannot be reached' "$work/last.out" || fail "cmpctl does not tell why: $(cat "$work/last.out")"
# A database that ends says so first, which is another fault.
until_so "nobody listens any more" has_more "$before" "$last_words" "$work/cmpd.log"
attempts=$(lines_of 'doing=connect' "$work/cmpd.log")
# Each of these is answered from what the last attempt found; the node tries on meanwhile, several times a second.
for try in 1 2 3 4 5; do
    refused "still gone, $try" systemUnavail enroll
done
same "the same fault is not logged again and again" "$(lines_of 'doing=connect' "$work/cmpd.log")" "$attempts"
database_start db max_connections=20
begin=$EPOCHREALTIME
served_again "when it is back"
echo "back: first enrollment after $(python3 -c "print(round($EPOCHREALTIME - $begin, 2))") s"

# ---- nothing of it tells a secret ----
same "no password in the log" "$(lines_of "$CMPD_NODE_PASSWORD" "$work/cmpd.log")" 0
same "nor in the list of processes" "$(lines_of "$CMPD_NODE_PASSWORD" "/proc/$server/cmdline" -aF)" 0
stop_server
done_testing
