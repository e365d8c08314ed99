#!/bin/bash
# What a node costs does not grow with what is stored: no statement of it reads a table from its beginning to its end,
# whatever is enrolled, updated, revoked and left unconfirmed; and start-up and an enrollment are measured with no rows and
# with many (--soak: five million certificates).
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"

rows=100000
if [ -n "${CMPD_SOAK:-}" ]; then rows=5000000; fi

postgres_new db
settings=(fsync=on max_wal_size=8GB shared_buffers=512MB checkpoint_timeout=15min autovacuum=off)
postgres_start db "${settings[@]}"
postgres_demo db ca
# One profile wants keys that no other certificate has.
add_profile unique 'keys.unique: true'
add_profile late 'confirm.wait_seconds: 1'
# One is asked by who sends no certificate of its own.
add_profile finding 'accept.find_signer: true'
proxy_port=$(free_port)
python3 "$(dirname "$0")/../server/without_extra_certs.py" "$proxy_port" "$port" &
servers+=("$!")
credentials
new_key "$work/new.key" P-256

postgres_cpu() {
    # Processes end while they are read.
    python3 -c 'import glob
for path in glob.glob("/proc/[0-9]*/stat"):
    try:
        print(open(path).read().replace("\n", " "))
    except OSError:
        pass' | awk -F'[()]' '$2 == "postgres" { split($3, f, " "); t += f[12] + f[13] + f[14] + f[15] }
        END { print t * 10000 }'
}

bench() {
    "$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/$1" --setup "$dir" --json "${@:2}" \
        >"$work/bench.json" 2>"$work/bench.log" || {
        cat "$work/bench.log" "$work/bench.json"
        fail "the load failed"
    }
}

# measured ROWS: how long a start takes, and what an enrollment costs.
measured() {
    local begin before
    begin=$EPOCHREALTIME
    start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.out"
    local start
    start=$(python3 -c "print(round($EPOCHREALTIME - $begin, 2))")
    # The first touch of a page after a checkpoint is written to the log whole: that is not what is looked for.
    bench demo --count "$warm_up" --clients 64
    before=$(postgres_cpu)
    bench demo --count "$enrollments" --clients 64 --server-pid "$server"
    python3 - "$work/bench.json" "$(($(postgres_cpu) - before))" "$1" "$start" "$enrollments" <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
print(f"{sys.argv[3]} rows: start {sys.argv[4]} s, {r['rate']:.0f} enrollments/s, "
      f"PostgreSQL {int(sys.argv[2]) / int(sys.argv[5]):.0f} us, cmpd {r['server_cpu_us']:.0f} us of CPU an enrollment")
PY
    stop_server
}
enrollments=3000 warm_up=3000
if [ -n "${CMPD_SOAK:-}" ]; then enrollments=60000 warm_up=200000; fi

measured 0
issuer=$(postgres_db db "select encode(issuer, 'hex') from cmpd.transactions limit 1")
begin=$SECONDS
(echo "\\set rows $rows" && echo "\\set issuer $issuer" && cat "$(dirname "$0")/fill.sql") >"$work/fill.sql"
PGPASSWORD=$postgres_password "$postgres_bin/psql" -X -q -v ON_ERROR_STOP=1 -f "$work/fill.sql" "host=localhost \
    hostaddr=127.0.0.1 port=$(cat "$work/db/port") user=postgres dbname=cmpd sslmode=verify-full sslrootcert=$work/db/ca.pem"
same "certificates that were made" "$(postgres_db db "select count(*) from cmpd.certificates where issued_at < extract(epoch
    from now()) - 10 and subject_text like 'CN=station %'")" "$rows"
echo "filled in $((SECONDS - begin)) s"
postgres_sql db "checkpoint"
measured $rows

# Everything that a node does, and then what was read for it.
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.out"
postgres_db db "select pg_stat_reset()" >/dev/null
bench demo --count 400 --clients 16 --scenario ir=2,ir-confirm=2,cr=1,p10cr=1,kur=1,rr=1
bench demo --count 50 --clients 4 --protection pbm
bench unique --count 100 --clients 4
ok "one that is never confirmed" cmp -cmd ir -newkey "$work/new.key" -subject /CN=late "${by_device[@]}" \
    -certout "$work/late.pem" -disable_confirm -path .well-known/cmp/p/late
wait_log "$work/cmpd.out" 'event="certificate not confirmed"'
new_key "$work/next.key" P-256
ok "one that can be looked for" cmp -cmd ir -newkey "$work/new.key" -subject /CN=found "${by_device[@]}" \
    -certout "$work/found.pem" -path .well-known/cmp/p/finding
ok "it is looked for" cmp -server "127.0.0.1:$proxy_port" -cmd kur -cert "$work/found.pem" -key "$work/new.key" \
    -newkey "$work/next.key" -trusted "$dir/ca/root.pem" -certout "$work/next.pem" -path .well-known/cmp/p/finding
stop_server # its counters are told at the end of its sessions
read=$(postgres_db db "select coalesce(string_agg(relname || ' ' || seq_tup_read, ', '), '') from pg_stat_user_tables
    where schemaname = 'cmpd' and seq_tup_read > 0 and relname !~ '^(schema|service|nodes)\$'")
same "rows of large tables that were read from the beginning" "$read" ""
used=$(postgres_db db "select count(*) from pg_stat_user_tables where schemaname = 'cmpd' and idx_scan > 0")
[ "$used" -ge 6 ] || fail "only $used tables were looked up by index: the counters say nothing"
done_testing
