#!/bin/bash
# A cluster as a release left it is taken to the programs of today (deploy/UPGRADE.md): tables first, then node by node, under
# load: no enrollment fails for a client that tries once more, and what stations had goes on. With CMPD_SOAK the nodes begin
# with the programs of that release, built from its commit, and the tables are taken forward while these serve. Otherwise they
# are taken forward first, and the nodes begin with the programs of today.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"
. "$(dirname "$0")/../release.sh"

version=0.1.0
today=$CMPD_BIN

# build_release: its programs, in $work/release/build/bin.
build_release() {
    local commit
    commit=$(sed -n "s/^## $version .*commit \([0-9a-f]*\).*/\1/p" "$CMPD_SOURCE/CHANGELOG.md")
    mkdir "$work/release"
    git -C "$CMPD_SOURCE" archive "${commit:?CHANGELOG.md names no commit of $version}" | tar -x -C "$work/release"
    cmake -S "$work/release" -B "$work/release/build" -G Ninja -DCMPD_PREFIX="$("$work/release/deploy/third-party/fetch-and-build")" &&
        ninja -C "$work/release/build"
}

go_forward() {
    ok "the tables are taken forward" "$today/cmpctl" db migrate --store "$(database_url cmpd_owner db)"
    database_roles db
}

cluster_database() {
    database_new db
    cluster_databases=(db)
    gunzip -c "$CMPD_SOURCE/tests/data/$version/cluster/cmpd.sql.gz" >"$work/cmpd.sql"
    postgres_sql db "alter database cmpd set client_min_messages = warning"
    database_user=cmpd_owner ok "its tables" database_tool db psql -X -q -c "drop schema cmpd" -v ON_ERROR_STOP=1\
        -d cmpd -f "$work/cmpd.sql"
    database_roles db
    [ -n "${CMPD_SOAK:-}" ] || go_forward
}

# What that release left has one listener for all; joining nodes want health apart.
cluster_first() {
    release "$version" node1
    node_port[1]=$port
    sed -i "s|^store: .*|store: \"${2//&/\\&}\"|; s|^audit_seal_file: .*|audit_seal_file: audit/cluster.log|
/^listeners:/,/serves:/ s|serves: .*|serves: [cmp, publication]\\n  - address: \"127.0.0.1:${node_admin_port[1]}\"\\n    serves: [health, admin]|" \
        "$dir/cmpd.yaml"
}

if [ -n "${CMPD_SOAK:-}" ]; then
    ok "the programs of $version" build_release
    CMPD_BIN=$work/release/build/bin
fi
cluster_start 3
balancer_start
load_steady upgrade 120
[ -z "${CMPD_SOAK:-}" ] || go_forward
CMPD_BIN=$today
for i in 1 2 3; do
    load_runs upgrade 100
    node_kill $i TERM
    node_start $i
    balancer_waits 3
done
load_runs upgrade 100
load_stop upgrade
load_end upgrade
load_is upgrade "no enrollment fails" "set(r['errors']) <= {'overdue'}"
port=${node_port[1]}
credentials
released cluster
cluster_is_whole
ok "what is new works over the tables" "$CMPD_BIN/cmpctl" certificate renew ca/cmp.pem --new-key --config "$dir/cmpd.yaml"
ok "all that is stored fits together" "$CMPD_BIN/cmpctl" db check --config "$dir/cmpd.yaml"
done_testing
