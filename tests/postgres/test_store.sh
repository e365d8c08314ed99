#!/bin/bash
# The store's own suites with PostgreSQL behind them, in one database whose tables are emptied for each test: in a few
# seconds. With a database for each test, and with more suites: test_suites.sh.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"

postgres_new db
postgres_start db
postgres_sql db "create database shared_by_tests owner cmpd"
postgres_tables db shared_by_tests

CMPD_POSTGRES_URL=$(postgres_url db | sed 's|/cmpd?|/shared_by_tests?|')
export CMPD_POSTGRES_URL
for suite in unit-storage-test_store unit-storage-test_revocations unit-storage-test_leases unit-storage-test_removal; do
    ok "$suite over PostgreSQL" "$CMPD_TESTS/$suite" -j1 --fail-fast
    grep -Eq 'Synthesis: Tested: [1-9][0-9]* \| Passing: [1-9]' "$work/last.out" || fail "$suite ran no test"
done
done_testing
