#!/bin/bash
# The suites that are written over store.h, with PostgreSQL behind it instead of a file. A database for each test.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"

postgres_new db
postgres_start db
postgres_sql db "alter role cmpd createdb"
postgres_sql db "create database template owner cmpd"
pattern=$(postgres_url db | sed 's|/cmpd?|/DATABASE?|')
postgres_tables db template

export CMPD_POSTGRES_URL=$pattern
for suite in unit-storage-test_store unit-storage-test_together unit-storage-test_revocations unit-storage-test_leases unit-storage-test_removal unit-storage-test_blocked_keys unit-storage-test_claims unit-storage-test_announcements unit-storage-test_changes unit-storage-test_postgres_migrate \
    unit-upkeep-test_unconfirmed unit-upkeep-test_upkeep unit-upkeep-test_purge unit-upkeep-test_overdue unit-upkeep-test_inventory unit-upkeep-test_announce unit-upkeep-test_nodes unit-ctl-test_db_purge; do
    ok "$suite over PostgreSQL" "$CMPD_TESTS/$suite"
    grep -Eq 'Synthesis: Tested: [1-9][0-9]* \| Passing: [1-9]' "$work/last.out" || fail "$suite ran no test"
    databases=$(postgres_sql db "select count(*) from pg_database where datname like 'test_%'")
    same "databases that $suite left behind" "$databases" 0
done
done_testing
