#!/bin/bash
# backup, archive and restore of deploy/postgres: a moment between two writes is restored, with what was there then and nothing
# later; and as far as the archive goes, with all of it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"

rows=2000
if [ -n "${CMPD_SOAK:-}" ]; then rows=2000000; fi

database_new db
database_sql cmpd_owner db "create table cmpd.enrolled (n int primary key, at timestamptz not null default clock_timestamp())"

# write FROM: rows from there on, by a node.
write() {
    database_sql cmpd_node db "insert into cmpd.enrolled select n from generate_series($1, $1 + $rows - 1) n"
}

# restored NAME [TIME]: the backup as a cluster of its own, with an archive of its own: each begins a timeline.
restored() {
    local name=$1 file
    shift
    mkdir "$work/$name"
    cp -a "$work/archive/." "$work/archive-$name"
    export CMPD_PG_ARCHIVE=$work/archive-$name
    for file in ca.pem ca.key server.pem server.key password; do cp -p "$work/db/$file" "$work/$name/$file"; done
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$work/$name"; fi
    ok "$name is restored" database_tool db restore "$backup" "$work/$name/data" "$@"
    database_start "$name"
    database_waits "$name" "select pg_is_in_recovery()" f
    refused "nothing is restored over it" 'nothing was done' database_tool db restore "$backup" "$work/$name/data" "$@"
}

write 1
database_user=cmpd_replica ok "a backup" database_tool db backup "$work/backups"
backup=$(tail -n 1 "$work/last.out")
write $((rows + 1))
sleep 0.05
moment=$(database_sql cmpd_node db "select clock_timestamp()")
sleep 0.05
write $((2 * rows + 1))
postgres_sql db "select pg_switch_wal()" >/dev/null
database_waits db "select last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) from pg_stat_archiver" t
# What is written now is lost with the disk: it is not in the archive.
write $((3 * rows + 1))
postgres_stop db QUIT

restored then "$moment"
same "what was there then" "$(database_sql cmpd_node then "select count(*), max(n) from cmpd.enrolled")" "$((2 * rows))|$((2 * rows))"
same "it is of the time before" "$(database_sql cmpd_node then "select count(*) from cmpd.enrolled where at > '$moment'")" 0
ok "and serves" database_sql cmpd_node then "insert into cmpd.enrolled values (0)"
postgres_stop then
restored latest
same "all that was archived" "$(database_sql cmpd_node latest "select count(*), max(n) from cmpd.enrolled")" \
    "$((3 * rows))|$((3 * rows))"

# ---- what cannot be is told ----

refused "no backup there" 'usage' database_tool latest restore "$work/archive" "$work/nothing"
refused "a time that is none" 'invalid date' database_tool latest restore "$backup" "$work/nothing" "the day before"
echo damaged >>"$CMPD_PG_ARCHIVE/damaged"
echo other >"$work/segment"
chmod 644 "$work/segment"
refused "another file of that name in the archive" 'another one' database_tool latest archive "$work/segment" damaged
ok "the same file again" database_tool latest archive "$CMPD_PG_ARCHIVE/damaged" damaged
refused "an archive that is not there" . env CMPD_PG_ARCHIVE="$work/nowhere" "$database_files/archive" "$work/segment" segment

# ---- only so many are kept, and of the archive what they need ----

# Backups are named by the second.
for i in 1 2; do
    sleep 1
    database_user=cmpd_replica ok "backup $i" database_tool latest backup "$work/backups" 2
done
same "backups that are kept" "$(find "$work/backups" -maxdepth 1 -mindepth 1 | wc -l)" 2
[ ! -e "$backup" ] || fail "the oldest backup was kept"
backup=$(find "$work/backups" -maxdepth 1 -name 'base-*' | sort | head -n 1)
cp -a "$CMPD_PG_ARCHIVE/." "$work/archive"
first=$(sed -n 's/^START WAL LOCATION: .* (file \(.*\))$/\1/p' "$backup/backup_label")
same "WAL files from before the oldest" "$(find "$CMPD_PG_ARCHIVE" -regextype egrep -regex '.*/[0-9A-F]{24}' -printf '%f\n' |
    awk -v first="$first" 'substr($0, 9) < substr(first, 9)' | wc -l)" 0
postgres_stop latest
restored kept
same "the oldest that is kept can be restored" "$(database_sql cmpd_node kept "select count(*) from cmpd.enrolled")" $((3 * rows))
done_testing
