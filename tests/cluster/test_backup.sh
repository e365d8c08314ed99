#!/bin/bash
# backup, archive and restore of deploy/postgres: a moment between enrollments is restored, with what was there then and nothing
# later; what was restored can be backed up and restored again; and as far as the archive goes, with all of it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

count=300
if [ -n "${CMPD_SOAK:-}" ]; then count=50000; fi

cluster_start 1
url=http://127.0.0.1:${node_port[1]}/.well-known/cmp/p/demo

# enroll NAME: base stations, what they hold is in $work/NAME.
enroll() {
    held=$work/$1
    load_start "load-$1" --count $count --seconds 600 --scenario ir=1,ir-confirm=1
    load_end "load-$1"
    load_is "load-$1" "all are served" "r['completed'] == $count and r['errors'] == {}"
}

# archived NAME [BY]: until all that cluster NAME wrote is in the archive, by itself or by its standby BY.
archived() {
    local last
    last=$(postgres_sql "$1" "select pg_walfile_name(pg_switch_wal())")
    database_waits "${2:-$1}" "select last_archived_wal >= '$last' from pg_stat_archiver" t
}

# restored NAME [TIME]: the backup as a cluster of its own, with a copy of the archive: each begins a timeline.
restored() {
    local name=$1 file
    shift
    mkdir "$work/$name"
    cp -a "$CMPD_PG_ARCHIVE/." "$work/archive-$name"
    export CMPD_PG_ARCHIVE=$work/archive-$name
    for file in ca.pem ca.key server.pem server.key password; do cp -p "$work/db/$file" "$work/$name/$file"; done
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$work/$name"; fi
    ok "$name is restored" database_tool db restore "$backup" "$work/$name/data" "$@"
    database_start "$name"
    database_waits "$name" "select pg_is_in_recovery()" f
    refused "nothing is restored over it" 'nothing was done' database_tool db restore "$backup" "$work/$name/data" "$@"
}

# Blanks in names are an operator's right.
backups="$work/backups/of cmpd"
"${as_postgres[@]}" mkdir "$backups"
enroll before
database_user=cmpd_replica ok "a backup" database_tool db backup "$backups"
backup=$(tail -n 1 "$work/last.out")
enroll between
sleep 0.05
moment=$(postgres_sql db "select clock_timestamp()")
sleep 0.05
enroll after
archived db
# What is written now is lost with the disk: it is not in the archive.
enroll lost
stop_server
postgres_stop db QUIT

restored then "$moment"
same "what was there then" "$(stored_in then)" "$(issued before between)"
# A node goes on with it, once somebody has said that what came since is lost.
refused "the node knows that more was there" 'older than what this node sealed.*cmpctl db check --accept-older' "$CMPD_BIN/cmpd" --config "$dir/then.yaml"
ok "it is taken as it is" "$CMPD_BIN/cmpctl" db check --accept-older --config "$dir/then.yaml"
start_server cmpd "$dir/then.yaml" "$work/node1.log"
enroll on-then
stop_server
same "and what came since" "$(stored_in then)" "$(issued before between on-then)"
# Its own backup knows nothing of that moment any more.
first_backup=$backup
database_user=cmpd_replica ok "a backup of what was restored" database_tool then backup "$work/backups"
backup=$(tail -n 1 "$work/last.out")
start_server cmpd "$dir/then.yaml" "$work/node1.log"
enroll on-later
stop_server
archived then
postgres_stop then
restored later
same "all that came after the moment" "$(stored_in later)" "$(issued before between on-then on-later)"
postgres_stop later
backup=$first_backup

export CMPD_PG_ARCHIVE=$work/archive
restored latest
same "all that was archived" "$(stored_in latest)" "$(issued before between after)"

# ---- what cannot be is told ----

refused "no backup there" 'usage' database_tool latest restore "$work/archive" "$work/nothing"
for keep in 0 -1 all; do
    refused "$keep backups to keep" 'usage' database_tool latest backup "$backups" $keep
done
[ -e "$backup" ] || fail "the backup is gone"
refused "a time that is none" 'invalid date' database_tool latest restore "$backup" "$work/nothing" "the day before"
echo damaged >>"$CMPD_PG_ARCHIVE/damaged"
echo other >"$work/segment"
chmod 644 "$work/segment"
refused "another file of that name in the archive" 'another one' database_tool latest archive "$work/segment" damaged
ok "the same file again" database_tool latest archive "$CMPD_PG_ARCHIVE/damaged" damaged
# Primary and standby come with the same file at the same time.
head -c 16M /dev/zero >"$work/segment"
for i in 1 2 3 4 5; do
    database_tool latest archive "$work/segment" twice$i &
    other=$!
    ok "one of two" database_tool latest archive "$work/segment" twice$i
    ok "the other" wait $other
    command cmp "$work/segment" "$CMPD_PG_ARCHIVE/twice$i"
    rm -f "$CMPD_PG_ARCHIVE/twice$i"
done
same "what is left of it" "$(find "$CMPD_PG_ARCHIVE" -name '*.part' | wc -l)" 0
refused "an archive that is not there" . env CMPD_PG_ARCHIVE="$work/nowhere" "$database_files/archive" "$work/segment" segment

# ---- only so many are kept, and of the archive what they need ----

# Backups are named by the second.
for i in 1 2; do
    sleep 1
    database_user=cmpd_replica ok "backup $i" database_tool latest backup "$backups" 2
done
same "backups that are kept" "$(find "$backups" -maxdepth 1 -mindepth 1 | wc -l)" 2
[ ! -e "$backup" ] || fail "the oldest backup was kept"
backup=$(find "$backups" -maxdepth 1 -name 'base-*' | sort | head -n 1)
first=$(sed -n 's/^START WAL LOCATION: .* (file \(.*\))$/\1/p' "$backup/backup_label")
same "WAL files from before the oldest" "$(find "$CMPD_PG_ARCHIVE" -regextype egrep -regex '.*/[0-9A-F]{24}' -printf '%f\n' |
    awk -v first="$first" 'substr($0, 9) < substr(first, 9)' | wc -l)" 0
postgres_stop latest
restored kept
same "the oldest that is kept can be restored" "$(stored_in kept)" "$(issued before between after)"

# ---- a primary dies that archived nothing: its standby did ----

postgres_stop kept
CMPD_POSTGRES=$work/nowhere database_start kept
postgres_sql kept "select pg_stat_reset_shared('archiver')" >/dev/null
database_standby standby kept
database_user=cmpd_replica ok "a backup of a standby" database_tool standby backup "$work/backups"
backup=$(tail -n 1 "$work/last.out")
ok "it lacks what other histories had, and is taken" "$CMPD_BIN/cmpctl" db check --accept-older --config "$dir/kept.yaml"
start_server cmpd "$dir/kept.yaml" "$work/node1.log"
enroll on-kept
archived kept standby
# Only the promoted standby has these, in a WAL file that it had not received as a whole.
enroll at-last
stop_server
same "WAL files that the primary archived" "$(postgres_sql kept "select archived_count from pg_stat_archiver")" 0
postgres_stop kept QUIT
database_promote standby
database_waits standby "select pg_is_in_recovery()" f
archived standby
same "WAL files that the standby could not archive" \
    "$(postgres_sql standby "select failed_count from pg_stat_archiver")" 0
postgres_stop standby
restored failed-over
same "all of it, over the failover" "$(stored_in failed-over)" "$(issued before between after on-kept at-last)"
done_testing
