#!/bin/bash
# deploy/postgres/roles.sql and pg_hba.conf: who may do what with the store, also with what is made later, and who gets in at all.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"

database_new db
ok "the tables are made" "$CMPD_BIN/cmpctl" db migrate --store "$(database_url cmpd_owner db)"
mapfile -t tables < <(database_sql cmpd_owner db "select relname from pg_class where relnamespace = 'cmpd'::regnamespace
    and relkind in ('r', 'p') and not relispartition order by relname")
for table in certificates transactions public_keys revocations secrets audit audit_seals nodes schema; do
    [[ " ${tables[*]} " == *" $table "* ]] || fail "there is no table $table"
done
database_sql cmpd_owner db "create function cmpd.enroll() returns int language sql as 'select 1'"
database_sql cmpd_owner db "create sequence cmpd.numbers"

# insert TABLE, update TABLE: statements for which rights are looked at, and that do nothing.
insert() {
    echo "explain insert into cmpd.$1 default values"
}
update() {
    local column
    column=$(database_sql cmpd_owner db "select attname from pg_attribute where attrelid = 'cmpd.$1'::regclass and attnum = 1")
    echo "explain update cmpd.$1 set $column = $column"
}

# may ROLE SQL, may_not ROLE SQL
may() {
    ok "$1 may: $2" database_sql "$1" db "$2"
}
may_not() {
    refused "$1 may not: $2" "${3:-permission denied|must be owner}" database_sql "$1" db "$2"
}

# Before and after roles.sql is run again: what it says about tables that are not there yet has to hold, too.
for time in first again; do
    for table in "${tables[@]}"; do
        may cmpd_node "select from cmpd.$table"
        may_not cmpd_node "drop table cmpd.$table"
        may_not cmpd_node "truncate cmpd.$table"
        may_not cmpd_audit "$(insert "$table")"
        may_not cmpd_audit "$(update "$table")"
    done
    for table in certificates transactions public_keys revocations secrets audit audit_seals nodes; do
        may cmpd_node "$(insert "$table")"
    done
    for table in audit audit_later audit_seals public_keys schema; do
        may_not cmpd_node "$(update "$table")"
    done
    for table in audit audit_later audit_seals secrets nodes service schema; do
        may_not cmpd_node "delete from cmpd.$table"
    done
    may cmpd_node "select cmpd.enroll(), nextval('cmpd.numbers')"
    may_not cmpd_audit "select cmpd.enroll()"
    may_not cmpd_node "create table cmpd.mine (a int)"
    may_not cmpd_node "create table public.mine (a int)"
    may_not cmpd_node "create schema mine"
    may_not cmpd_node "alter function cmpd.enroll() security definer"
    may_not cmpd_node "select pg_read_file('/etc/hostname')"
    may_not cmpd_node "select * from pg_authid"
    for table in certificates transactions audit audit_seals schema nodes revocations; do
        may cmpd_audit "select from cmpd.$table"
    done
    database_roles db
done
for table in certificates transactions secrets revocations nodes; do
    may cmpd_node "$(update "$table")"
done
for table in certificates transactions public_keys revocations; do
    may cmpd_node "explain delete from cmpd.$table"
done
may_not cmpd_node "$(insert schema)"
may_not cmpd_audit "select from cmpd.secrets"
# A later migration brings a table, a partition and a function: nobody has to think of their rights.
database_sql cmpd_owner db "create table cmpd.later (a int); create function cmpd.more() returns int language sql as 'select 2'"
may cmpd_node "insert into cmpd.later values (1)"
may cmpd_node "select cmpd.more()"
may cmpd_audit "select from cmpd.later"
may_not cmpd_audit "select cmpd.more()"
same "a node gives up after" "$(database_sql cmpd_node db "show statement_timeout")" 5s
same "and on a lock after" "$(database_sql cmpd_node db "show lock_timeout")" 2s

# ---- an auditor at a standby ----

port=$(free_port)
dir=$work/node
config=$dir/cmpd.yaml
"$CMPD_BIN/cmpctl" init "$dir" --demo --listen "127.0.0.1:$port" --admin-listen "127.0.0.1:$port" --store "$(database_url cmpd_node db)" >/dev/null
serve_no_ocsp
credentials
new_key "$work/new.key" P-256
start_server cmpd "$config" "$work/node.log"
ok "a certificate" cmp -cmd ir -newkey "$work/new.key" -subject /CN=gnb-1 "${by_device[@]}" -certout "$work/gnb-1.pem"
stop_server
database_standby standby db
standby=$(database_url cmpd_audit standby)
standby=${standby/read-write/any}
audit() {
    "$CMPD_BIN/cmpctl" "$@" --store "$standby" | tee "$work/said"
}
ok "it is a standby" audit db status --json
ok "… that is one" grep -q '"standby":"true"' "$work/said"
ok "cert list" audit cert list --config "$config"
ok "… has it" grep -q "$(serial_of "$work/gnb-1.pem").*CN=gnb-1" "$work/said"
ok "cert export" audit cert export --config "$config" "$(serial_of "$work/gnb-1.pem")"
same "… is it" "$(openssl x509 -in "$work/said" -outform DER | sha256sum)" \
    "$(openssl x509 -in "$work/gnb-1.pem" -outform DER | sha256sum)"
ok "cert show" audit cert show --config "$config" "$(serial_of "$work/gnb-1.pem")"
ok "… says who asked" grep -q '^protected_by  *signature$' "$work/said"
refused "an auditor revokes nothing" 'takes no writes|does not take' "$CMPD_BIN/cmpctl" cert revoke --config "$config" --store "$standby" \
    "$(serial_of "$work/gnb-1.pem")"
same "it is valid" "$(stored_status "$work/gnb-1.pem")" valid
ok "a node's user does" "$CMPD_BIN/cmpctl" cert revoke --config "$config" "$(serial_of "$work/gnb-1.pem")"
same "it is revoked" "$(stored_status "$work/gnb-1.pem")" revoked
ok "audit list" audit audit list --config "$config"
ok "… has it" grep -q 'issue .*CN=gnb-1' "$work/said"
ok "audit verify" audit audit verify --config "$config" --log "$work/node.log"
ok "… finds it whole" grep -q ': whole' "$work/said"
ok "db check" audit db check --config "$config"
sed "s|^store: .*|store: \"${standby//&/\\&}\"|" "$config" >"$dir/standby.yaml"
refused "a node does not begin there" 'takes no writes' "$CMPD_BIN/cmpd" --config "$dir/standby.yaml"
refused "a password" '--store holds a password' "$CMPD_BIN/cmpctl" cert list --config "$config" \
    --store postgresql://user:hidden@localhost/cmpd
refused "a password" '--store holds a password' "$CMPD_BIN/cmpctl" audit list --config "$config" \
    --store postgresql://user:hidden@localhost/cmpd

# ---- who gets in ----

url=$(database_url cmpd_node db)
refused "not without TLS" 'no encryption|no pg_hba' psql -X "${url/sslmode=verify-full/sslmode=disable}" -c 'select 1'
refused "not without the password" 'no password supplied' psql -X -w "${url/passfile=*/passfile=/dev/null}" -c 'select 1'
refused "not into another database" 'no pg_hba.conf entry|permission denied' psql -X "${url/\/cmpd\?//postgres?}" -c 'select 1'
refused "nodes do not replicate" 'no pg_hba.conf entry|must be superuser or replication role' \
    psql -X "$url&replication=database" -c 'IDENTIFY_SYSTEM'
refused "replicas read no tables" 'no pg_hba.conf entry' psql -X "${url/cmpd_node/cmpd_replica}" -c 'select 1'
for name in "$CMPD_NODE_PASSWORD" "$CMPD_OWNER_PASSWORD" "$postgres_password"; do
    same "no password in the log" "$(lines_of "$name" "$work/db.log" -F)" 0
done
done_testing
