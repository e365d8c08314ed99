#!/bin/bash
# The database under three nodes under load: its backends are killed, it is restarted without a checkpoint, it dies, and its
# standby takes over. What clients hold is stored each time, and nothing is there twice; how long nobody was served is
# printed, and how soon after its return the first one was.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

rounds=1
if [ -n "${CMPD_SOAK:-}" ]; then rounds=20; fi

cluster_standby
cluster_start 3
balancer_start

# first_after SINCE: when the next certificate is held, in seconds since SINCE. To be started before it can be.
first_after() {
    python3 - "$held" "$1" <<'PY'
import os, sys, time
path, since = sys.argv[1], sys.argv[2]
size = os.path.getsize(path)
end = time.monotonic() + 60
while os.path.getsize(path) == size and time.monotonic() < end:
    time.sleep(0.002)
first = time.time()
if os.path.exists(since):
    since = open(since).read()
else: # that PostgreSQL takes connections, says its log
    import datetime
    log = os.path.join(os.path.dirname(path), since + ".log")
    lines = [line for line in open(log) if "ready to accept connections" in line and "read-only" not in line]
    at = datetime.datetime.strptime(lines[-1][:23], "%Y-%m-%d %H:%M:%S.%f")
    since = at.replace(tzinfo=datetime.timezone.utc).timestamp()
print(f"first enrollment {(first - float(since)) * 1000:.0f} ms after")
PY
}

# ---- backends ----

load_steady backends $((60 + rounds * 5))
for ((i = 0; i < rounds * 6; i++)); do
    killed=$(postgres_sql db "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name like 'cmpd/%'")
    [ "$killed" -gt 0 ] || fail "nodes have no connections"
    load_runs backends 50
done
load_stop backends
load_end backends
cluster_is_whole

# ---- the database is gone for a moment ----

for how in QUIT KILL; do
    for ((round = 1; round <= rounds; round++)); do
        load_steady "restart-$how" 60
        postgres_stop db $how
        sleep 1
        first_after db >"$work/first" &
        first=$!
        database_start db
        wait $first
        load_runs "restart-$how" 300
        load_stop "restart-$how"
        load_end "restart-$how"
        load_is "restart-$how" "meanwhile, answers were protected" "not {'http', 'connect', 'timeout'} & set(r['errors'])"
        echo "  $(cat "$work/first") its return"
        cluster_is_whole
    done
done
database_waits db "select count(*) from pg_stat_replication where sync_state = 'sync'" 1
for role in cmpd_owner cmpd_audit; do
    "$CMPD_BIN/cmpctl" db status --json --store "$(database_url $role db)" >"$work/status.json"
    ok "cmpctl db status shows the standby to $role" python3 - "$work/status.json" <<'PY'
import json, sys
replicas = [fact for fact in map(json.loads, open(sys.argv[1])) if fact["about"] == "replica"]
assert [(r["state"], r["sync_state"]) for r in replicas] == [("streaming", "sync")], replicas
PY
done
# Both archive into the same folder.
for name in db standby; do
    same "WAL files that $name could not archive" "$(postgres_sql $name "select failed_count from pg_stat_archiver")" 0
done

# ---- the standby takes over ----

load_steady failover 60
date +%s.%N >"$work/since"
postgres_stop db QUIT
sleep 0.3
first_after "$work/since" >"$work/first" &
first=$!
database_promote standby
wait $first
load_runs failover 300
load_stop failover
load_end failover
echo "  $(cat "$work/first") the death of the primary"
cluster_databases=(standby)
cluster_is_whole
balancer_waits 3
done_testing
