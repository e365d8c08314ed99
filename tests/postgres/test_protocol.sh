#!/bin/bash
# Every transaction of the protocol's tests, in PostgreSQL as in the world's memory. All worlds share one database.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../protocol.sh"

postgres_new db
postgres_start db
postgres_tables db
over_store "$(postgres_url db)"
done_testing
