#!/bin/bash
# Every transaction of the protocol's tests, in SQLite as in the world's memory. All worlds share one file.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../protocol.sh"

over_store "sqlite:$work/cmpd.db"
done_testing
