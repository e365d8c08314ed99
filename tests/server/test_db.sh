#!/bin/bash
# cmpctl db over the embedded store: what status says, that check finds each fault, and that purge deletes what retention
# lets go, and leaves an audit log that proves itself. Over PostgreSQL: tests/postgres/test_admin.sh, test_migrate.sh.
. "$(dirname "$0")/../lib.sh"

demo cmpd
sed -i 's/drain_seconds: .*/drain_seconds: 0/' "$dir/cmpd.yaml"
credentials
. "$(dirname "$0")/../operate.sh"
store=$dir/store/cmpd.db
log=$work/server.log

sql() {
    sqlite3 -cmd '.timeout 5000' "$store" "$1"
}

start_server cmpd "$dir/cmpd.yaml" "$log"
three_stations

# ---- usage ----

for arguments in "" "drop" "status" "check --store sqlite:$store" "purge" "check --config $dir/cmpd.yaml --json" \
    "status --config $dir/cmpd.yaml more"; do
    # shellcheck disable=SC2086
    refused "db $arguments" '^usage: ' "$CMPD_BIN/cmpctl" db $arguments
done
refused "a store that is not there is not made" 'there is no store' "$CMPD_BIN/cmpctl" db status --store "sqlite:$work/none.db"
ok "it was not made" test ! -e "$work/none.db"

# ---- status ----

node_is_told() {
    [ "$(sql 'SELECT count(*) FROM nodes')" = 1 ]
}
until_so "the node's row" node_is_told
db status --json >"$work/status.json"
same "status" "$(python3 - "$work/status.json" <<'PY'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
store = [r for r in rows if r["about"] == "store"][0]
assert store["kind"].startswith("SQLite 3.") and store["schema"] == store["schema_known"] == 2, store
assert store["octets"] > 50000 and store["journal_mode"] == "wal", store
node, = [r for r in rows if r["about"] == "node"]
assert node["seen_seconds"] < 30 and len(node["configuration"]) == 64 and node["version"], node
print(" ".join(f"{r['name']}={r['rows']}" for r in rows if r["about"] == "table"))
PY
)" "transactions=4 certificates=3 secrets=1 blocked_keys=0 devices=0 claims=0 requests=0 approvals=0 announcements=0 revocations=1 crl_pieces=0 crls=0 crl_urls=0 deliveries=0 renewals=0 nodes=1 audit_seals=1 audit=8"
ok "readable, too" grep -q '^table: name="certificates" rows=3$' <(db status)
ok "by URL" "$CMPD_BIN/cmpctl" db status --store "sqlite:$store"

# ---- check ----

ok "all is well while a node serves" db check
kill -TERM "$server"
ended "by SIGTERM" "$server" 0
ok "and when it has ended" db check
cp "$store" "$work/good.db"

# found TEXT PATTERN SQL: after SQL, check says PATTERN.
found() {
    cp "$work/good.db" "$store"
    sql "$3"
    refused "$1" "$2" db check
    told '^NOT WELL, [1-9][0-9]* findings'
    same "$1: each says what to do" "$(lines_of ': .*(restore|run|as the owner)' "$work/said.out" -Ev)" 1
    cp "$work/good.db" "$store"
}
first="id = (SELECT min(id) FROM certificates)"
found "a transaction is gone" '^certificate [0-9a-f]{32} has no transaction: ' \
    "DELETE FROM transactions WHERE transaction_id = (SELECT transaction_id FROM certificates WHERE $first)"
found "a certificate is gone" '^transaction [0-9a-f]{32} has lost its certificate: ' "DELETE FROM certificates WHERE $first"
found "two certificates changed their transactions" 'has lost its certificate' \
    "UPDATE certificates SET transaction_id = x'00' WHERE $first"
found "a revocation is gone" 'is revoked or held, and not listed so' "DELETE FROM revocations"
found "a revocation says another reason" 'is revoked or held, and not listed so' "UPDATE revocations SET reason = reason + 1"
found "a status is changed" 'is listed as revoked, and is not' "UPDATE certificates SET status = 2 WHERE status = 3"
found "a revocation of nothing" 'is listed as revoked, and is not' \
    "INSERT INTO revocations SELECT issuer, randomblob(16), 9, 3, 1, 1, 0, not_after, 0 FROM certificates WHERE $first"
found "a revocation says another state" 'is revoked or held, and not listed so' "UPDATE revocations SET status = 4"
found "a revocation of another shard" 'is listed in another shard than its own' "UPDATE revocations SET shard = shard + 1"
found "a position that nobody gave" 'is listed behind the last position' "UPDATE revocations SET position = position + 1"
found "a device is blocked in the list alone" '^device demo SN-1 is blocked in the list, or for who issues, and not in both: ' \
    "INSERT INTO devices SELECT NULL, issuer, randomblob(32), 2, 'demo', 'SN-1', '', '', '', x'', '', 1, 1 FROM certificates WHERE $first"
found "a device is known in the list alone" '^device demo SN-2 is blocked in the list, or for who issues' \
    "INSERT INTO devices SELECT NULL, issuer, CAST(serial || serial AS BLOB), 1, 'demo', 'SN-2', '', '', '', x'', '', 1, 1 FROM certificates WHERE $first;
     INSERT INTO blocked_keys SELECT NULL, device, 1, 0, x'', '', '' FROM devices"
found "an index is gone" '^index transactions_deadline is missing|no such index' "DROP INDEX transactions_deadline"
found "an index is gone that no statement names" '^index certificates_serial is missing' "DROP INDEX certificates_serial"
found "a table is gone" 'no such table: secrets' "DROP TABLE secrets"
found "tables of another form" 'a form of before the first release, .*: run cmpctl init --empty-store' "UPDATE form SET form = 1"
cp "$work/good.db" "$store"
python3 - "$store" <<'PY' # a page of an index, in its middle
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
page, = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'certificates_serial'").fetchone()
size, = db.execute("PRAGMA page_size").fetchone()
db.close()
with open(sys.argv[1], "r+b") as f:
    f.seek((page - 1) * size + size - 40)
    f.write(b"\0" * 30)
PY
refused "a damaged page" 'is damage|malformed|has no|has lost' db check
cp "$work/good.db" "$store"
ok "and all is well again" db check

# What retention has taken is no fault.
retain transactions_days 1
sql "DELETE FROM transactions WHERE transaction_id = (SELECT transaction_id FROM certificates WHERE $first)"
refused "retention has not taken it yet" 'has no transaction' db check
sql "UPDATE certificates SET issued_at = issued_at - 2 * 86400 WHERE $first"
ok "but it may have taken older ones" db check
retain transactions_days 0
cp "$work/good.db" "$store"

# ---- purge: rows ----

ok "nothing goes by default" db purge
told '^deleted: 0 certificates with their transactions, 0 more transactions'
same "and the store is as it was" "$(sql 'SELECT count(*) FROM certificates; SELECT count(*) FROM audit')" "3
8"
retain certificates_days 30
sql "UPDATE certificates SET not_after = not_after - (365 + 31) * 86400 WHERE subject_text LIKE '%gnb-3%';
    UPDATE certificates SET not_after = not_after - (365 + 29) * 86400 WHERE subject_text LIKE '%gnb-2%'"
# A serial begins with the time of issuance: certificates of today are not looked at.
ok "purged" db purge
same "certificates of today are not looked for" "$(sql 'SELECT count(*) FROM certificates')" 3
sql "UPDATE transactions SET serial = CAST(x'00000001' || substr(serial, 5) AS BLOB) WHERE length(serial) > 0;
    UPDATE revocations SET serial = CAST(x'00000001' || substr(serial, 5) AS BLOB);
    UPDATE certificates SET serial = CAST(x'00000001' || substr(serial, 5) AS BLOB)"
ok "well, with old serials" db check
ok "purged" db purge
told '^deleted: 1 certificates with their transactions, 0 more transactions'
same "the one that had expired is gone, with its revocation" \
    "$(sql "SELECT subject_text FROM certificates; SELECT count(*) FROM revocations")" "$(printf 'CN=gnb-1\nCN=gnb-2\n0')"
ok "well" db check
ok "recorded" grep -Eq "purge  deleted  cmpctl by $(id -nr -u)(, sudo says for [a-z]+)?  .* profile=demo certificates=1 expired_before=20" \
    <("$CMPD_BIN/cmpctl" audit list --config "$dir/cmpd.yaml")
retain transactions_days 10
sql "UPDATE transactions SET created_at = created_at - 11 * 86400 WHERE body = 11;
    UPDATE transactions SET created_at = created_at - 11 * 86400, state = 1 WHERE serial = (SELECT serial FROM certificates WHERE subject_text = 'CN=gnb-1');
    UPDATE certificates SET issued_at = issued_at - 11 * 86400 WHERE subject_text = 'CN=gnb-1'"
ok "purged" db purge
told '^deleted: 0 certificates with their transactions, 1 more transactions'
same "and the one that awaits certConf did not" "$(sql 'SELECT count(*) FROM transactions WHERE state = 1')" 1
sql "UPDATE transactions SET state = 2"
ok "the audit log is whole, sealed to its end" verify --log "$log"
untold 'entries come after'

# ---- purge: the audit log ----

retain retain_audit_days 30
ok "purged" db purge
told '^deleted: audit entries=0 chains=0 seals=0 '

# The entries of the first life become 60 days older, with hashes that are right; the seals of it are not, and go.
python3 - "$store" <<'PY'
import hashlib, sqlite3, struct, sys
db = sqlite3.connect(sys.argv[1])
chain, = db.execute("SELECT chain FROM audit GROUP BY chain ORDER BY count(*) DESC LIMIT 1").fetchone()
previous = bytes(32)
for row, seq, at, node, records in db.execute("SELECT id, seq, at, node, records FROM audit WHERE chain = ? ORDER BY seq",
                                              (chain,)).fetchall():
    at -= 60 * 86400000
    octets, name = records.encode(), node.encode()
    digest = hashlib.sha256(b"cmpd audit entry 1\0" + chain + struct.pack(">QQI", seq, at, len(name)) + name + previous
                            + struct.pack(">Q", len(octets)) + octets).digest()
    db.execute("UPDATE audit SET at = ?, previous = ?, hash = ? WHERE id = ?", (at, previous, digest, row))
    previous = digest
db.execute("DELETE FROM audit_seals WHERE text LIKE '%' || lower(?) || '%'", (chain.hex(),))
db.commit()
PY
ok "an old chain that nobody sealed" verify
all=$(sql "SELECT count(*) FROM audit")
old=$(sql "SELECT count(*) FROM audit WHERE at < (strftime('%s', 'now') - 30 * 86400) * 1000")
same "it is old" "$old" 7
cp "$store" "$work/good.db"
ok "purged" db purge
told "^deleted: audit entries=$old chains=1 seals=0 before=20"
same "the rest is there, and the record of it" "$(sql "SELECT count(*) FROM audit")" $((all - old + 1))
ok "verify is content" verify
untold 'entries come after'
same "by an anchor" "$(sql "SELECT count(*) FROM audit_seals WHERE text LIKE 'audit=1 kind=anchor %'")" 1
sql "DELETE FROM audit WHERE id = (SELECT min(id) FROM audit)"
refused "but not when more is deleted than that" 'is missing|are missing' verify
cp "$work/good.db" "$store"
mv "$dir/ca/cmp.key" "$work/cmp.key"
refused "without the key" 'cmp.key' db purge
mv "$work/cmp.key" "$dir/ca/cmp.key"
same "nothing is deleted" "$(sql "SELECT count(*) FROM audit")" "$all"
# What was put back is older than the seal of the purge.
ok "the older store is taken" db check --accept-older

# ---- migrate ----

ok "already there" db migrate
told '^the schema is of version 2 already$'
cp "$store" "$work/good.db"
sql "DROP TABLE form; PRAGMA user_version = 5"
refused "not one of before the first release" 'a form of before the first release, .*: run cmpctl init --empty-store' db migrate
cp "$work/good.db" "$store"
refused "none is made" 'there is no store at .*cmpctl init --empty-store' "$CMPD_BIN/cmpctl" db migrate --store "sqlite:$work/none.db"
ok "not by half either" test ! -e "$work/none.db"
ok "well" db check
done_testing
