#!/bin/bash
# deploy/postgres/patroni.yml: two members and etcd. A switchover, and the death of the primary, under a light load: the node goes
# on at the next primary, and what base stations hold is there. Then all of it is restored to a moment.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

declare -A member_pid=()
members=(one two)

# ---- etcd ----

etcd_port=$(free_port)
etcd --name etcd --data-dir "$work/etcd" --listen-client-urls "http://127.0.0.1:$etcd_port" \
    --advertise-client-urls "http://127.0.0.1:$etcd_port" --listen-peer-urls "http://127.0.0.1:$(free_port)" \
    >"$work/etcd.log" 2>&1 &
servers+=("$!")
for ((i = 0; i < 200; i++)); do
    ETCDCTL_API=3 etcdctl --endpoints "127.0.0.1:$etcd_port" endpoint health >/dev/null 2>&1 && break
    sleep 0.1
done

# ---- members: patroni.yml as it is, and beside it what is a member's own ----

mkdir "$work/one" "$work/two"
postgres_certificate "$work/one"
cp -p "$work/one/ca.pem" "$work/one/server.pem" "$work/one/server.key" "$work/two/"
for name in "${members[@]}"; do
    folder=$work/$name
    free_port >"$folder/port"
    free_port >"$folder/rest"
    mkdir "$folder/patroni"
    cp "$database_files/patroni.yml" "$folder/patroni/"
    cat >"$folder/patroni/site.yml" <<YML
name: $name
restapi: {listen: "127.0.0.1:$(cat "$folder/rest")", connect_address: "127.0.0.1:$(cat "$folder/rest")"}
etcd3: {hosts: "127.0.0.1:$etcd_port"}
postgresql:
  listen: 127.0.0.1:$(cat "$folder/port")
  connect_address: 127.0.0.1:$(cat "$folder/port")
  data_dir: $folder/data
  pgpass: $folder/pgpass
  custom_conf: $database_files/cmpd.conf
  parameters:
    hba_file: $database_files/pg_hba.conf
    ssl_cert_file: $folder/server.pem
    ssl_key_file: $folder/server.key
    unix_socket_directories: ""
    shared_buffers: 128MB
    max_wal_size: 1GB
YML
    if [ "$(id -u)" -eq 0 ]; then chown -R postgres "$folder"; fi
done

member_start() {
    "${as_postgres[@]}" env PATRONI_SUPERUSER_PASSWORD="$postgres_password" \
        PATRONI_REPLICATION_PASSWORD="$CMPD_REPLICA_PASSWORD" PATRONI_REWIND_PASSWORD="$CMPD_REWIND_PASSWORD" \
        patroni "$work/$1/patroni" >>"$work/$1.log" 2>&1 &
    member_pid[$1]=$!
}

# postgres_die NAME: PostgreSQL, without a checkpoint. By SIGKILL, shared memory would stay in the system.
postgres_die() {
    kill -QUIT "$(head -n 1 "$work/$1/data/postmaster.pid")"
}

# member_die NAME: PostgreSQL and its Patroni at once, as when the machine dies.
member_die() {
    kill -KILL "${member_pid[$1]}"
    postgres_die "$1"
    ended "$1" "${member_pid[$1]}" 137
    unset "member_pid[$1]"
}

members_end() {
    local name
    for name in "${!member_pid[@]}"; do kill -TERM "${member_pid[$name]}" && wait "${member_pid[$name]}"; done
    member_pid=()
}
at_end+=(members_end)

# state: "PRIMARY SYNC-STANDBY", empty names for those that are not there.
state() {
    curl -sS "http://127.0.0.1:$(cat "$work/$1/rest")/cluster" 2>/dev/null | python3 -c '
import json, sys
members = json.load(sys.stdin)["members"]
def role(wanted):
    return "".join(m["name"] for m in members if m["role"] in wanted and m["state"] in ("running", "streaming"))
print(role(("leader", "primary", "master")), role(("sync_standby",)))
' 2>/dev/null || true
}

# members_are PRIMARY STANDBY: until they are, as both or the primary alone tell.
members_are() {
    local i
    for ((i = 0; i < 600; i++)); do
        [ "$(state "$1")" = "$1 $2" ] && return 0
        sleep 0.1
    done
    fail "primary and standby are '$(state one)' to one, '$(state two)' to two"
}

member_start one
members_are one ""
member_start two
members_are one two
database_roles one
for name in ssl_min_protocol_version=TLSv1.2 archive_mode=always synchronous_commit=on synchronous_standby_names=two \
    log_parameter_max_length=0 data_checksums=on wal_keep_size=1GB max_connections=100; do
    same "$name" "${name%%=*}=$(postgres_sql one "show ${name%%=*}")" "$name"
done

# ---- a node that knows both members, under a load ----

ok "the tables are made" "$CMPD_BIN/cmpctl" db migrate --store "$(database_url cmpd_owner one two)"
database_roles one
cluster_databases=(one two)
cluster_start 1
url=http://127.0.0.1:${node_port[1]}/.well-known/cmp/p/demo

# load NAME, at most two minutes of it.
load() {
    load_start "$1" --seconds 120 --rate 60 --count 7200 --clients 16 --retries 1 --scenario ir=1,ir-confirm=1
    load_runs "$1" 50
}

# served NAME: it goes on at the new primary.
served() {
    load_runs "$1" 50
    load_stop "$1"
    load_end "$1"
    cluster_is_whole
}

load switchover
ok "a switchover" "${as_postgres[@]}" patronictl -c "$work/one/patroni" switchover cmpd --master one --candidate two --force
members_are two one
served switchover

# Patroni notices at once, and does not wait for it to come back.
load database-dies
postgres_die two
members_are one two
served database-dies

# Nobody notices before ttl is over.
if [ -n "${CMPD_SOAK:-}" ]; then
    load machine-dies
    member_die one
    members_are two ""
    # The old primary comes back as a standby of the new one.
    member_start one
    members_are two one
    served machine-dies

    # A standby is away for so long that the primary has forgotten it, and removed what it lacks: it takes that from the archive.
    ok "few WAL files are kept" "${as_postgres[@]}" patronictl -c "$work/two/patroni" edit-config cmpd --force --quiet \
        -p wal_keep_size=16MB
    database_waits two "show wal_keep_size" 16MB
    load standby-away
    member_die one
    wal=$(postgres_sql two "select pg_walfile_name(pg_current_wal_lsn())")
    members_are two ""
    database_waits two "select count(*) from pg_replication_slots" 0
    for ((i = 0; i < 8; i++)); do
        postgres_sql two "select pg_switch_wal()" >/dev/null
        load_runs standby-away 50
    done
    for ((i = 0; i < 10; i++)); do
        postgres_sql two checkpoint
        [ "$(postgres_sql two "select count(*) from pg_ls_waldir() where name = '$wal'")" = 1 ] || break
        postgres_sql two "select pg_switch_wal()" >/dev/null
        load_runs standby-away 20
    done
    same "WAL that it lacks" "$(postgres_sql two "select count(*) from pg_ls_waldir() where name = '$wal'")" 0
    lines=$(wc -l <"$work/one.log")
    member_start one
    members_are two one
    tail -n "+$lines" "$work/one.log" >"$work/back"
    ok "it came from the archive" grep -F 'restored log file' "$work/back"
    same "times that it was made anew" "$(lines_of 'replica has been created' "$work/back" -F)" 0
    served standby-away
fi

# ---- back to a moment: a cluster that begins with a backup, as restore tells ----

primary=one
[ "$(state one)" = "one two" ] || primary=two
database_user=cmpd_replica ok "a backup" database_tool $primary backup "$work/backups"
backup=$(tail -n 1 "$work/last.out")
load before
served before
moment=$(postgres_sql $primary "select clock_timestamp()")
kept=$held held=$work/undone
touch "$held"
load undone
load_stop undone
load_end undone
held=$kept
stop_server
members_end
for name in "${members[@]}"; do rm -r "$work/$name/data"; done
ok "the cluster is forgotten" "${as_postgres[@]}" patronictl -c "$work/one/patroni" remove cmpd < <(printf 'cmpd\nYes I am aware\n')
cat >"$work/one/patroni/restore.yml" <<YML
bootstrap:
  method: restore
  restore:
    command: $database_files/restore $backup $work/one/data "$moment"
    no_params: true
    keep_existing_recovery_conf: true
YML
member_start one
members_are one ""
rm "$work/one/patroni/restore.yml"
same "what was there then" "$(stored_in one)" "$(issued held)"
member_start two
members_are one two
same "archive_mode" "$(postgres_sql one "show archive_mode")" always
refused "the node knows that more was there" 'older than what this node sealed.*cmpctl db check --accept-older' \
    "$CMPD_BIN/cmpd" --config "$work/node1/cmpd.yaml"
ok "it is taken as it is" "$CMPD_BIN/cmpctl" db check --accept-older --config "$work/node1/cmpd.yaml"
node_start 1
load after-restore
load_runs after-restore 50
load_stop after-restore
load_end after-restore
same "and what came since" "$(stored_in one two)" "$(issued held)"
stop_server
done_testing
