#!/bin/bash
# A store is closed while it is full of work, under ThreadSanitizer: what was given ends, and the threads part without a
# race; over PostgreSQL and over a file. A thousand times with CMPD_SOAK.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"

export TSAN_OPTIONS="exitcode=66 halt_on_error=0 second_deadlock_stack=1 log_path=$work/tsan"
times=20
if [ -n "${CMPD_SOAK:-}" ]; then times=1000; fi

postgres_new db
postgres_start db
postgres_tables db
"$CMPD_BIN/cmpctl" init "$work/ca" --demo >/dev/null
for store in "$(postgres_url db)" "sqlite:$work/ca/store/cmpd.db"; do
    ok "closed, ${store%%:*}" setarch -R "$CMPD_TESTS/close-store" "$times" "$store"
    same "${store%%:*}: reports" "$(find "$work" -maxdepth 1 -name 'tsan*' -exec cat {} +)" ""
done
done_testing
