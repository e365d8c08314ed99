#!/bin/bash
# A node as a release left it, with its embedded store, is taken to the programs of today (deploy/UPGRADE.md): what stations
# had goes on, and nothing of store and audit log is lost. What releases left is in tests/data.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../release.sh"

versions=(0.1.0)
for version in "${versions[@]}"; do
    release "$version" "from-$version"
    ctl() { "$CMPD_BIN/cmpctl" "$@" --config "$dir/cmpd.yaml"; }
    schema() { sqlite3 "$dir/store/cmpd.db" 'PRAGMA user_version'; }
    left_behind=$(schema)
    for look in "check $dir/cmpd.yaml" "cert list --config $dir/cmpd.yaml" "certificate list --config $dir/cmpd.yaml" \
        "audit verify --config $dir/cmpd.yaml"; do
        # shellcheck disable=SC2086
        refused "$look, before" "is of version $left_behind, this program needs [0-9]*; run cmpctl db migrate" "$CMPD_BIN/cmpctl" $look
    done
    refused "db check, before" 'the schema is older than this program: run cmpctl db migrate' ctl db check
    same "who only looks takes nothing forward" "$(schema)" "$left_behind"
    ok "the tables are taken forward" ctl db migrate
    ctl cert list --json >"$work/before" || fail "its store cannot be read"
    same "certificates of $version" "$(python3 -c 'import json, sys
print(*sorted(json.loads(line)["status"] for line in open(sys.argv[1]) if "gnb-" in line))' "$work/before")" "revoked unconfirmed valid valid"
    ok "the configuration is one of today" "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
    credentials
    start_server cmpd "$dir/cmpd.yaml" "$work/$version.log"
    wait_ready 200
    released embedded
    # It is sealed in the store.
    ok "by the shared secret" cmp -cmd ir -newkey "$work/new.key" -subject /CN=gnb-7 "${by_secret[@]}" -certout "$work/new.pem"
    stop_server
    ok "all that is stored fits together" ctl db check
    ok "the audit log is whole, with what $version sealed" ctl audit verify --log "$dir/audit/seals.log" --log "$work/$version.log"
done
done_testing
