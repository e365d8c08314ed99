#!/bin/bash
# cmpctl device over PostgreSQL, with the rights that deploy/postgres gives to a node.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../devices.sh"

database_new db
ok "the tables are made" "$CMPD_BIN/cmpctl" db migrate --store "$(database_url cmpd_owner db)"
database_roles db
demo ca --store "$(database_url cmpd_node db)"
devices_demo
devices_kept
devices_enroll
# Of another CA in the same database.
demo many --store "$(database_url cmpd_node db)"
devices_demo
many=5000
[ -z "${CMPD_SOAK:-}" ] || many=1000000
devices_many "$many"
done_testing
