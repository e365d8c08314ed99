#!/bin/bash
# backup of an embedded store that is in use, and restore: the copy has all that was acknowledged before it, nothing of it can be taken for whole when it is not,
# and what was there is kept. Over PostgreSQL: tests/cluster/test_backup.sh.
. "$(dirname "$0")/../lib.sh"

ctl=$CMPD_BIN/cmpctl
demo ca
config=$dir/cmpd.yaml
store=$dir/store/cmpd.db

# load NAME COUNT: so many stations enroll; what they hold is in $work/NAME.
load() {
    "$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" --clients 8 --count "$2" \
        --held "$work/$1" >"$work/bench.out" 2>&1
}

# lacks HELD... FILE: how many certificates that are held the store at FILE has not.
lacks() {
    python3 - "$@" <<'PY'
import sqlite3, sys
held = {line.split()[0] for name in sys.argv[1:-1] for line in open(name)}
stored = {row[0] for row in sqlite3.connect(f"file:{sys.argv[-1]}?immutable=1", uri=True).execute("SELECT lower(hex(serial)) FROM certificates")}
assert held
print(len(held - stored))
PY
}

start_server cmpd "$config" "$work/cmpd.log"
ok "enrolled before" load before 200
load beside 400 &
bench=$!
ok "a backup beside enrollments" "$ctl" backup --config "$config" "$work/saved.db"
cp "$work/last.out" "$work/told"
ended "who enrolled beside it" "$bench" 0
same "it is whole" "$(sqlite3 "$work/saved.db" 'PRAGMA integrity_check')" ok
same "it has all that was held before" "$(lacks "$work/before" "$work/saved.db")" 0
same "nobody else may read it" "$(stat -c %a "$work/saved.db")" 600
same "nothing is left beside it" "$(cd "$work" && echo saved.db*)" saved.db
for file in "$config" "$dir/ca/issuing.key" "$dir/ca/cmp.key" "$dir/seal.key"; do
    [ ! -e "$file" ] || ok "it tells of $file" grep -qxF "  $file" "$work/told"
done
ok "it tells of the seal key, wherever it is" grep -q 'seal\.key$' "$work/told"
ok "and what not to keep with it" grep -q 'Do not keep .*seals.log.last' "$work/told"

refused "over a file that is there" 'is there already' "$ctl" backup --config "$config" "$work/saved.db"
refused "into a folder that is not" 'nowhere/x.db cannot be made: No such file' "$ctl" backup --config "$config" "$work/nowhere/x.db"
refused "while a process has the store open" "process $server has .*cmpd.db open: stop it first" "$ctl" restore --config "$config" "$work/saved.db"
sed 's|^store: .*|store: postgresql://h/d|' "$config" >"$dir/database.yaml"
for command in backup restore; do
    refused "a database is not for $command" 'deploy/postgres/backup' "$ctl" $command --config "$dir/database.yaml" "$work/x.db"
done
stop_server

# A disk that is full: nothing is left that could be taken for a backup.
mkdir "$work/small"
if mount -t tmpfs -o size=64k tmpfs "$work/small" 2>/dev/null; then
    refused "a full disk" 'full|No space' "$ctl" backup --config "$config" "$work/small/saved.db"
    same "nothing is left" "$(ls "$work/small")" ""
    umount "$work/small"
else
    echo "no file system may be mounted here: the full disk is not tried"
fi

# What is damaged is not put back, and what is there stays.
sum=$(sha256sum "$store")
cp "$work/saved.db" "$work/damaged.db"
python3 - "$work/damaged.db" <<'PY'
import os, sys
with open(sys.argv[1], "r+b") as f:
    size = os.path.getsize(sys.argv[1])
    for at in range(8192, size, 4096):
        f.seek(at)
        f.write(bytes(64))
PY
refused "a damaged backup" 'damaged|malformed' "$ctl" restore --config "$config" "$work/damaged.db"
echo "no store" >"$work/text"
chmod 600 "$work/text"
refused "what is no backup" 'is not a store|is damaged' "$ctl" restore --config "$config" "$work/text"
refused "a backup that is not there" 'there is no store at .*gone.db' "$ctl" restore --config "$config" "$work/gone.db"
chmod 644 "$work/saved.db"
refused "one that others can read" 'chmod 600' "$ctl" restore --config "$config" "$work/saved.db"
chmod 600 "$work/saved.db"
same "what is there stays" "$(sha256sum "$store")" "$sum"
same "and nothing is left beside it" "$(find "$dir/store" -name '*new*' -o -name '*before*')" ""

ok "restored" "$ctl" restore --config "$config" "$work/saved.db"
cp "$work/last.out" "$work/told"
ok "it tells that it is older" grep -q 'cmpd will not start with it: the store is older' "$work/told"
kept=$(sed -n 's/^What was there before is kept: //p' "$work/told")
same "what was there before is kept" "$(sha256sum <"$kept")" "${sum%% *}  -"
same "it has all that was held before the backup" "$(lacks "$work/before" "$store")" 0
refused "a node does not start with it" 'older than what this node sealed' "$CMPD_BIN/cmpd" --config "$config"
ok "until it is taken" "$ctl" db check --accept-older --config "$config"
start_server cmpd "$config" "$work/cmpd.log"
ok "service goes on" load after 20
stop_server

# Where no store is: a new machine.
rm "$dir"/store/*
ok "restored where nothing was" "$ctl" restore --config "$config" "$work/saved.db"
same "nothing was kept" "$(lines_of 'is kept' "$work/last.out")" 0
same "the store, and nothing besides" "$(ls "$dir/store")" cmpd.db
done_testing
