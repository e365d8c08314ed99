#!/bin/bash
# deploy/postgres/patroni.yml: two members and etcd. A switchover, and the death of the primary: whoever writes through the
# nodes' URL goes on at the next primary, and what was acknowledged is there.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"

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
    wait "${member_pid[$1]}" 2>/dev/null || true
    unset "member_pid[$1]"
}

members_end() {
    local name
    for name in "${!member_pid[@]}"; do kill -TERM "${member_pid[$name]}" && wait "${member_pid[$name]}"; done
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
for name in ssl_min_protocol_version=TLSv1.2 archive_mode=on synchronous_commit=on synchronous_standby_names=two \
    log_parameter_max_length=0 data_checksums=on; do
    same "$name" "${name%%=*}=$(postgres_sql one "show ${name%%=*}")" "$name"
done

# ---- who writes through the nodes' URL ----

database_sql cmpd_owner one "create table cmpd.enrolled (n int primary key)"
cat >"$work/write.py" <<'PY'
"""Writes numbers, each in a commit of its own, until told to stop; prints those that were acknowledged, and the longest gap."""
import psycopg2, signal, sys, time
url, log = sys.argv[1], open(sys.argv[2], "w")
running = True
def stop(*_):
    global running
    running = False
signal.signal(signal.SIGTERM, stop)
connection, n, last, gap = None, 0, None, 0
while running:
    n += 1
    try:
        if connection is None:
            connection = psycopg2.connect(url, connect_timeout=2)
            connection.autocommit = True
        connection.cursor().execute("insert into cmpd.enrolled values (%s)", (n,))
        print(n, file=log, flush=True)
        now = time.monotonic()
        gap, last = max(gap, now - last if last else 0), now
        time.sleep(0.005)
    except psycopg2.Error as error:
        print(error, file=sys.stderr)
        if connection:
            connection.close()
        connection = None
        time.sleep(0.1)
print(f"longest gap {gap * 1000:.0f} ms")
PY

writer_start() {
    database_sql cmpd_owner "$primary" "truncate cmpd.enrolled"
    : >"$work/acknowledged"
    # Debian's own, which has Debian's psycopg2.
    /usr/bin/python3 "$work/write.py" "$(database_url cmpd_node one two)" "$work/acknowledged" >"$work/writer.out" 2>"$work/writer.log" &
    writer=$!
    servers+=("$writer")
    writer_runs 100
}

# writer_runs N: until it has written N more.
writer_runs() {
    local i before
    before=$(wc -l <"$work/acknowledged")
    for ((i = 0; i < 600; i++)); do
        [ "$(wc -l <"$work/acknowledged")" -ge $((before + $1)) ] && return 0
        kill -0 "$writer" 2>/dev/null || break
        sleep 0.1
    done
    fail "nobody takes what is written: $(tail -n 3 "$work/writer.log")"
}

# writer_end WHAT: what was acknowledged is there.
writer_end() {
    kill -TERM "$writer"
    wait "$writer"
    echo "$1: $(wc -l <"$work/acknowledged") acknowledged, $(cat "$work/writer.out")"
    database_sql cmpd_node "$primary" "select n from cmpd.enrolled order by n" | sort >"$work/there"
    same "$1: acknowledged and not there" "$(sort "$work/acknowledged" | comm -23 - "$work/there" | wc -l)" 0
}

primary=one
writer_start
ok "a switchover" "${as_postgres[@]}" patronictl -c "$work/one/patroni" switchover cmpd --master one \
    --candidate two --force
primary=two
members_are two one
writer_runs 100
writer_end switchover

# Patroni notices at once, and does not wait for it to come back.
writer_start
postgres_die two
primary=one
members_are one two
writer_runs 100
writer_end "death of the primary's PostgreSQL"

# Nobody notices before ttl is over.
if [ -n "${CMPD_SOAK:-}" ]; then
    writer_start
    member_die one
    primary=two
    members_are two ""
    writer_runs 100
    # The old primary comes back as a standby of the new one.
    member_start one
    members_are two one
    writer_runs 100
    writer_end "death of the primary's machine"
fi
done_testing
