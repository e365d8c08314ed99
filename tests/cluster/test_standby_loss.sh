#!/bin/bash
# The synchronous standby is gone, and nobody takes it off (no Patroni): commits wait. Nothing is given out that it has not;
# requests are answered with a signed systemUnavail, nodes say that they are not ready, and all is served again as soon as
# the primary may go without it, or it is back.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

cluster_standby
cluster_start 3
balancer_start

# Certificates that clients hold; once the standby is gone, none is added.
held_now() {
    wc -l <"$held"
}

# Connections of nodes; when all is well, three each.
connections() {
    postgres_sql db "select count(*) from pg_stat_activity where application_name like 'cmpd/%'"
}

# served NAME: after the standby's loss, and all connections that waited for it are gone.
served() {
    load_runs "$1" 300
    load_stop "$1"
    load_end "$1"
    load_is "$1" "meanwhile, answers were protected" "not {'http', 'connect', 'timeout'} & set(r['errors'])"
    balancer_waits 3
    database_waits db "select count(*) from pg_stat_activity where application_name like 'cmpd/%'" 9
    cluster_is_whole
}

# ---- it is gone, and an operator lets the primary go on alone ----

load_steady gone 90
postgres_stop standby QUIT
sleep 1
before=$(held_now)
balancer_waits 0
same "certificates given out meanwhile" "$(held_now)" "$before"
postgres_sql db "alter system set synchronous_standby_names = ''"
postgres_sql db "select pg_reload_conf()" >/dev/null
served gone
load_is gone "base stations were told" "r['errors'].get('unavailable', 0) + r['retries'] > 0"

# ---- it hangs, for longer than nodes wait for an answer, and comes back ----

standby_gets() {
    local pid=${postgres_pid[standby]:-}
    [ -z "$pid" ] || kill -s "$1" "$pid" $(pgrep -P "$pid")
}
standby_wakes() {
    standby_gets CONT
}
at_end=(standby_wakes "${at_end[@]}")

# Each node has two connections that write. Both are given up, and wait in the database; those that are to find out what became
# of it wait, too, and there are no more, however long it takes.
seconds=13
if [ -n "${CMPD_SOAK:-}" ]; then seconds=150; fi
database_start standby
postgres_sql db "alter system set synchronous_standby_names = '*'"
postgres_sql db "select pg_reload_conf()" >/dev/null
database_waits db "select count(*) from pg_stat_replication where sync_state = 'sync'" 1
load_steady hangs $((seconds + 60))
standby_gets STOP
sleep 1
before=$(held_now)
sleep $((seconds - 1))
left=$(connections)
echo "after $seconds s; connections: $left"
[ "$left" -le 15 ] || fail "nodes have left $left connections behind"
same "certificates given out meanwhile" "$(held_now)" "$before"
standby_gets CONT
served hangs
done_testing
