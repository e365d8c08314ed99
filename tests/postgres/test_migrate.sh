#!/bin/bash
# Tables and nodes of different ages: which node serves over which tables, and what it says if it does not; two migrations
# at once, one that is killed in the middle, and one beside a node under load.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"

postgres_new db
postgres_start db
postgres_demo db ca
url=$(sed -n 's/^store: //p' "$dir/cmpd.yaml")

migrate() {
    "$CMPD_BIN/cmpctl" db migrate --store "$url" 2>&1 | tee "$work/migrate.out"
}

# A node that starts at all would go on: it gets a moment.
node() {
    timeout 10 "$CMPD_BIN/cmpd" --config "$dir/cmpd.yaml"
}

empty() {
    postgres_db db "set client_min_messages = warning; drop schema cmpd cascade" >/dev/null
}

# ---- which tables a node takes ----

postgres_db db "update cmpd.schema set oldest_node = 99"
refused "tables that serve only newer nodes" 'serve nodes from level 99 on, this program is of level 2; install the release' node
postgres_db db "update cmpd.schema set version = 99, oldest_node = 1"
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
credentials
new_key "$work/new.key" P-256
ok "newer tables that serve this node" cmp -cmd ir -newkey "$work/new.key" -subject /CN=gnb-1 "${by_device[@]}" \
    -certout "$work/cert.pem"
stop_server
ok "are left as they are" migrate
ok "and told" grep -q '^the schema is of version 99 already' "$work/migrate.out"
same "as they are" "$(postgres_db db "select version, oldest_node from cmpd.schema")" "99|1"
for change in "update cmpd.schema set form = form + 1" "alter table cmpd.schema rename form to shape"; do
    postgres_db db "create table public.kept as table cmpd.schema; $change" >/dev/null
    refused "tables of before the first release ($change)" 'a form of before the first release.*run cmpctl db migrate' node
    refused "they are not taken forward" 'a form of before the first release' "$CMPD_BIN/cmpctl" db migrate --store "$url"
    [ "$change" = "${change#alter}" ] || postgres_db db "alter table cmpd.schema rename shape to form" >/dev/null
    postgres_db db "delete from cmpd.schema; insert into cmpd.schema select * from public.kept; drop table public.kept" >/dev/null
done
postgres_db db "update cmpd.schema set version = 0"
refused "older tables than it needs" 'are of version 0, this program needs 2; run cmpctl db migrate' node
postgres_db db "delete from cmpd.schema"
refused "tables that tell no version" 'cmpd.schema is empty: the tables are damaged' node
empty
refused "no tables" 'has no tables of cmpd: run cmpctl db migrate as their owner' node
refused "for cmpctl, too" 'has no tables of cmpd: run cmpctl db migrate' "$CMPD_BIN/cmpctl" db status --store "$url"

# ---- two at once ----

for i in 1 2 3 4; do
    "$CMPD_BIN/cmpctl" db migrate --store "$url" >"$work/migrate.$i" 2>&1 &
    migrations[i]=$!
done
for i in 1 2 3 4; do
    wait "${migrations[i]}" || fail "a migration beside others failed: $(cat "$work/migrate.$i")"
done
same "one took the tables forward" "$(cat "$work"/migrate.[1-4] | sort | uniq -c | sed 's/^ *//')" \
    "$(printf '3 the schema is of version 2 already\n1 the schema is of version 2 now; it was of version 0')"
ok "the tables are well; the rows that were there are lost" "$CMPD_BIN/cmpctl" db check --accept-older --config "$dir/cmpd.yaml"

# ---- killed in the middle ----

# The step is stopped where it makes a table in its middle.
empty
postgres_db db "create function public.dawdle() returns event_trigger language plpgsql as \$\$ begin
    if exists (select from pg_event_trigger_ddl_commands() where object_identity = 'cmpd.secrets') then
        perform pg_sleep(60); end if; end \$\$;
    create event trigger dawdle on ddl_command_end execute function public.dawdle()"
in_the_middle() {
    [ "$(postgres_sql db "select count(*) from pg_stat_activity where application_name = 'cmpctl db migrate'
        and wait_event = 'PgSleep'")" = 1 ]
}
no_migration() {
    [ "$(postgres_sql db "select count(*) from pg_stat_activity where application_name = 'cmpctl db migrate'")" = 0 ]
}
for how in "its backend" "the program"; do
    "$CMPD_BIN/cmpctl" db migrate --store "$url" >"$work/migrate.out" 2>&1 &
    migration=$!
    until_so "the migration is in its middle" in_the_middle
    if [ "$how" = "its backend" ]; then
        postgres_sql db "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cmpctl db migrate'" >/dev/null
        wait "$migration" && fail "a migration that was ended succeeded"
        grep -q 'taking the tables forward: ' "$work/migrate.out" || fail "it does not tell: $(cat "$work/migrate.out")"
    else
        kill -KILL "$migration"
        ended "killed" "$migration" 137
        # The database notices when it wants to answer: a statement that was begun ends, its transaction does not.
        postgres_sql db "select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'cmpctl db migrate'" >/dev/null
    fi
    until_so "its backend ends" no_migration
    same "killed, $how: the version before" "$(postgres_db db "select version from cmpd.schema")" 0
    same "killed, $how: and none of its tables" \
        "$(postgres_db db "select string_agg(relname, ' ') from pg_class where relnamespace = 'cmpd'::regnamespace and relkind in ('r', 'p')")" schema
done
postgres_db db "drop event trigger dawdle; drop function public.dawdle()"
ok "taken up again" migrate
ok "from there" grep -q '^the schema is of version 2 now; it was of version 0' "$work/migrate.out"
ok "the tables are well; the rows that were there are lost" "$CMPD_BIN/cmpctl" db check --accept-older --config "$dir/cmpd.yaml"

# ---- beside a node under load ----

start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
"$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" --json --rate 200 --count 3000 --clients 8 \
    >"$work/bench.json" 2>"$work/bench.log" &
bench=$!
sleep 1
# All partitions but those in use are made anew, beside somebody who reads for long; twice.
year=$(date -u +%Y)
for round in 1 2; do
    for table in $(postgres_db db "select relname from pg_class where relnamespace = 'cmpd'::regnamespace and relkind = 'r'
        and (relname ~ '^certificates_\\d{4}\$' and relname <> 'certificates_$year' or relname ~ '^audit_\\d{4}_' and relname !~ '^audit_$year')"); do
        postgres_db db "set lock_timeout = '1s'; drop table cmpd.$table" >/dev/null || fail "$table cannot be dropped"
    done
    postgres_db db "begin; select count(*) from cmpd.audit; select count(*) from cmpd.certificates; select pg_sleep(2)" >/dev/null &
    reader=$!
    sleep 0.3
    ok "migrated under load, round $round" "$CMPD_BIN/cmpctl" db migrate --store "$url"
    wait "$reader"
done
wait "$bench" || fail "the load failed: $(tail -n 5 "$work/bench.log")"
same "no enrollment failed" "$(python3 -c "
import json, sys
r = json.load(open(sys.argv[1]))
assert r['completed'] == 3000, r
print(sum(r['errors'].values()))" "$work/bench.json")" 0
stop_server
ok "the tables are well" "$CMPD_BIN/cmpctl" db check --config "$dir/cmpd.yaml"

# ---- rows that came before their partition ----

rows=$(postgres_db db "select count(*) from cmpd.certificates")
postgres_db db "create table public.kept as table cmpd.certificates_$year; drop table cmpd.certificates_$year;
    insert into cmpd.certificates select * from public.kept" >/dev/null
refused "they stand in the default partition" '^default partition cmpd.certificates_later has rows.* run cmpctl db migrate' \
    "$CMPD_BIN/cmpctl" db check --config "$dir/cmpd.yaml"
ok "the partition is made" migrate
ok "and they have moved" "$CMPD_BIN/cmpctl" db check --config "$dir/cmpd.yaml"
same "all of them" "$(postgres_db db "select count(*) from cmpd.certificates_$year")" "$rows"
done_testing
