#!/bin/bash
# The audit log over PostgreSQL: whole after an orderly life, after broken connections and after a kill; and whatever is
# changed in it behind the node's back is found. What all can be done to it: tests/server/test_audit.sh.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"

postgres_new db
postgres_start db
postgres_demo db ca
sed -i 's/drain_seconds: .*/drain_seconds: 0/' "$dir/cmpd.yaml"
credentials
. "$(dirname "$0")/../operate.sh"
log=$work/cmpd.log

# Until it is served; the client is told to try again while connections are made anew.
enroll_at_last() {
    until_so "an enrollment of $1" enroll "$1" >/dev/null 2>&1
}

ok "a log with nothing but the demo's secret is whole" verify
start_server cmpd "$dir/cmpd.yaml" "$log"
for name in gnb-1 gnb-2 gnb-3; do
    ok "enrolled" enroll "$name"
done
# Connections that are lost end their chains; new ones begin.
for name in gnb-4 gnb-5; do
    postgres_sql db "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'cmpd'" >/dev/null
    ok "enrolled over new connections" enroll_at_last "$name"
done
stop_server
ok "whole after SIGTERM" verify --log "$log"
untold 'entries come after'
ok "there were several chains" test \
    "$(postgres_db db "select count(distinct chain) from cmpd.audit")" -ge 3
ok "each certificate is in it, granted" test "$("$CMPD_BIN/cmpctl" audit list --config "$dir/cmpd.yaml" |
    grep -c '  issue  granted  ')" -ge 5

start_server cmpd "$dir/cmpd.yaml" "$log"
ok "enrolled" enroll gnb-6
kill_server
ok "what was not sealed is told" verify --log "$log"
told '^2 entries come after the last seal'

postgres_db db "create table public.entries as table cmpd.audit; create table public.seals as table cmpd.audit_seals" \
    >/dev/null
# found TEXT PATTERN SQL [ARGUMENTS...]
found() {
    local text=$1 pattern=$2 statement=$3
    shift 3
    postgres_db db "$statement" >/dev/null
    refused "$text" "$pattern" verify "$@"
    told 'NOT WHOLE, [1-9]'
    postgres_db db "truncate cmpd.audit, cmpd.audit_seals; insert into cmpd.audit select * from public.entries;
        insert into cmpd.audit_seals select * from public.seals" >/dev/null
}

one="chain = (select chain from cmpd.audit group by chain order by count(*) desc, chain limit 1)"
found "a record is changed" 'entry 2 of chain .* was changed' \
    "update cmpd.audit set records = replace(records, 'CN', 'XN') where $one and seq = 2"
found "an entry is deleted" 'entry 1 of chain .* is missing' "delete from cmpd.audit where $one and seq = 1"
found "a tail is cut off" 'of chain .* (is|are) missing' "delete from cmpd.audit where $one and seq > 1"
found "a chain is deleted" 'entry 1 to [0-9]+ of chain .* are missing' "delete from cmpd.audit where $one"
found "a seal is changed" 'was changed: its columns' "update cmpd.audit_seals set at = at + 1"
found "all seals are deleted" 'seal 1 of process .* is missing' "delete from cmpd.audit_seals" --log "$log"
ok "and all is whole again" verify --log "$log"
done_testing
