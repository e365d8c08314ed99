# database.sh: PostgreSQL as deploy/postgres has it, its files as they are. Sourced after lib.sh and postgres.sh, whose functions
# start and stop what this makes.
#
#   database_new NAME             a cluster with the settings, rules of access, roles and archive of deploy/postgres; it runs
#   database_start NAME [SETTING…]  starts it again, with settings as "name=value"
#   database_standby NAME OF      a standby of OF, which from now on waits for it at each commit; it runs
#   database_promote NAME         makes a standby a primary
#   database_url ROLE NAME...     the URL for ROLE; of several clusters that of the one that is writable
#   database_sql ROLE NAME SQL    prints what SQL answers
#   database_tool NAME PROGRAM…   runs a program of deploy/postgres or of PostgreSQL as the user who owns the data, with
#                                 libpq's environment for NAME

# Where an operator would have them: readable by the user who owns the data, which the checkout may not be.
database_files=$work/etc
cp -r "${CMPD_SOURCE:?set by ctest}/deploy/postgres" "$database_files"
mkdir "$work/archive" "$work/backups"
export CMPD_POSTGRES=$database_files CMPD_PG_ARCHIVE=$work/archive CMPD_PG_BIN=$postgres_bin
for role in OWNER NODE AUDIT REPLICA REWIND; do
    printf -v "CMPD_${role}_PASSWORD" %s "$(openssl rand -hex 16)"
    export "CMPD_${role}_PASSWORD"
done
# No password in a URL or on a command line. One that everybody reads would not be taken.
(umask 077 && for role in OWNER NODE AUDIT REPLICA REWIND; do
    name=CMPD_${role}_PASSWORD
    echo "*:*:*:cmpd_${role,,}:${!name}"
done >"$work/pgpass" && echo "*:*:*:postgres:$postgres_password" >>"$work/pgpass")
cp -p "$work/pgpass" "$work/pgpass-postgres"
if [ "$(id -u)" -eq 0 ]; then
    as_postgres+=(HOME=/nonexistent) # libpq looks for certificates there, and root's are not for others
    chmod 711 "$work"
    chown postgres "$work/archive" "$work/backups" "$work/pgpass-postgres"
fi
chmod -R a+rX "$database_files"

database_start() {
    # The sizes are for a machine of its own; postgres.sh does without fsync, which is what this is about.
    postgres_start "$1" fsync=on shared_buffers=128MB max_wal_size=1GB min_wal_size=80MB "${@:2}"
}

database_new() {
    postgres_new "$1"
    {
        echo "include '$database_files/cmpd.conf'"
        echo "synchronous_standby_names = ''"
    } >>"$work/$1/data/postgresql.conf"
    cp "$database_files/pg_hba.conf" "$work/$1/data/pg_hba.conf"
    database_start "$1"
    # postgres.sh makes a database of this name for tests of another kind.
    postgres_sql "$1" "drop database cmpd"
    database_roles "$1"
}

database_roles() {
    ok "roles are made" database_tool "$1" psql -X -q -v ON_ERROR_STOP=1 -d postgres -f "$database_files/roles.sql"
}

database_tool() {
    local name=$1
    shift
    "${as_postgres[@]}" env PATH="$database_files:$postgres_bin:$PATH" PGHOST=localhost PGHOSTADDR=127.0.0.1 \
        PGPORT="$(cat "$work/$name/port")" PGUSER="${database_user:-postgres}" PGPASSFILE="$work/pgpass-postgres" \
        PGSSLMODE=verify-full PGSSLROOTCERT="$work/$name/ca.pem" "$@"
}

database_url() {
    local role=$1 name hosts=() addresses=()
    shift
    for name in "$@"; do
        hosts+=("localhost:$(cat "$work/$name/port")")
        addresses+=(127.0.0.1)
    done
    printf 'postgresql://%s@%s/cmpd?hostaddr=%s&target_session_attrs=%s&sslmode=verify-full&sslrootcert=%s&passfile=%s' \
        "$role" "$(IFS=, && echo "${hosts[*]}")" "$(IFS=, && echo "${addresses[*]}")" read-write "$work/$1/ca.pem" \
        "$work/pgpass"
}

database_sql() {
    "$postgres_bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -c "$3" "$(database_url "$1" "$2")"
}

database_standby() {
    local folder=$work/$1 file
    mkdir "$folder"
    for file in ca.pem ca.key server.pem server.key password; do cp -p "$work/$2/$file" "$folder/$file"; done
    if [ "$(id -u)" -eq 0 ]; then
        mkdir "$folder/data"
        chown postgres "$folder/data"
        chmod 700 "$folder/data"
    fi
    database_user=cmpd_replica database_tool "$2" pg_basebackup --no-password --pgdata="$folder/data" --wal-method=stream \
        --checkpoint=fast --write-recovery-conf 2>"$folder/basebackup.out" || fail "$(cat "$folder/basebackup.out")"
    database_start "$1"
    postgres_sql "$2" "alter system set synchronous_standby_names = '*'"
    postgres_sql "$2" "select pg_reload_conf()" >/dev/null
    database_waits "$2" "select count(*) from pg_stat_replication where sync_state = 'sync'" 1
}

# database_waits NAME SQL ANSWER: until it answers so.
database_waits() {
    until_so "$1: '$2' answers '$3'" answers "$@"
}

answers() {
    [ "$(postgres_sql "$1" "$2" 2>/dev/null)" = "$3" ]
}

database_promote() {
    # It has no standby of its own to wait for.
    postgres_sql "$1" "alter system set synchronous_standby_names = ''"
    postgres_sql "$1" "select pg_promote()" >/dev/null
}
