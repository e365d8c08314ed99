#!/bin/bash
# cmpctl db over PostgreSQL: what status says, that check finds each fault, and that purge deletes what retention lets go, in
# bounded pieces, and drops what has become empty; as a node without the rights of the owner, and as the owner.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"

postgres_new db
postgres_start db
postgres_demo db ca
sed -i 's/drain_seconds: .*/drain_seconds: 0/' "$dir/cmpd.yaml"
owner=$(sed -n 's/^store: //p' "$dir/cmpd.yaml")
credentials
. "$(dirname "$0")/../operate.sh"

# A role with no more rights than a node needs: rows of the audit log are not its to delete.
postgres_db db "create role node login password '$postgres_password'; grant usage on schema cmpd to node;
    grant select, insert on all tables in schema cmpd to node; grant execute on all functions in schema cmpd to node;
    grant update on cmpd.certificates, cmpd.transactions, cmpd.secrets, cmpd.revocations, cmpd.positions, cmpd.crls,
        cmpd.crl_pieces, cmpd.leases, cmpd.nodes, cmpd.service, cmpd.devices, cmpd.claims,
        cmpd.announcements, cmpd.deliveries, cmpd.renewals to node;
    grant delete on cmpd.certificates, cmpd.transactions, cmpd.public_keys, cmpd.revocations, cmpd.blocked_keys,
        cmpd.devices, cmpd.claims, cmpd.requests, cmpd.approvals to node" >/dev/null
sed -i '/^store: /s|cmpd@|node@|' "$dir/cmpd.yaml"

start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
three_stations

# ---- status ----

# By the name of a service, as libpq's other clients.
(umask 077 && printf '%s\n' '[cmpd]' host=localhost hostaddr=127.0.0.1 "port=$(cat "$work/db/port")" dbname=cmpd user=cmpd \
    "password=$postgres_password" sslmode=verify-full "sslrootcert=$work/db/ca.pem" >"$work/services")
ok "status of a service" env PGSERVICEFILE="$work/services" "$CMPD_BIN/cmpctl" db status --config "$dir/cmpd.yaml" \
    --store 'postgres://?service=cmpd'
refused "a service that there is not" 'no-such' env PGSERVICEFILE="$work/services" "$CMPD_BIN/cmpctl" db status \
    --config "$dir/cmpd.yaml" --store 'postgres://?service=no-such'

node_is_told() {
    [ "$(postgres_db db 'select count(*) from cmpd.nodes')" = 1 ]
}
until_so "the node's row" node_is_told
postgres_db db analyze
db status --json >"$work/status.json"
same "status" "$(python3 - "$work/status.json" <<'PY'
import datetime, json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
store, = [r for r in rows if r["about"] == "store"]
assert store["kind"].startswith("PostgreSQL 15") and store["schema"] == store["schema_known"] == store["schema_needed"] == 2, store
assert (store["oldest_node_level"], store["node_level"]) == (1, 2) and store["octets"] > 1000000, store
assert store["synchronous_commit"] == "on" and store["fsync"] == "off" and store["standby"] == "false", store
node, = [r for r in rows if r["about"] == "node"]
assert node["seen_seconds"] < 30 and len(node["configuration"]) == 64, node
year = datetime.datetime.utcnow().year
until = {r["name"]: r["until"] for r in rows if r["about"] == "partitions until"}
assert until == {"certificates": f"{year + 6}-01-01", "audit": f"{year + 6}-01-01"}, until
partitions = {r["name"]: r for r in rows if r["about"] == "partition"}
assert partitions[f"certificates_{year}"]["rows"] == 3 and len(partitions) == 7 + 1 + 28 + 1, partitions
tables = {r["name"]: r for r in rows if r["about"] == "table"}
assert all(t["octets"] > 0 for t in tables.values()), tables
assert not [r for r in rows if r["about"] == "replica"]
print(" ".join(f"{n}={tables[n]['rows']}" for n in ("certificates", "public_keys", "revocations", "transactions")))
PY
)" "certificates=3 public_keys=3 revocations=1 transactions=4"
ok "readable, too" grep -Eq '^node: name="[^"]+" version="[0-9.]+" configuration="[0-9a-f]{64}" seen_seconds=[0-9]+$' <(db status)
refused "no password in a command line" 'holds a password' "$CMPD_BIN/cmpctl" db status --store "$(postgres_url db)"

# Of the roles of deploy/postgres/roles.sql it tells which are not there, and what they lack; and what makes them.
same "roles that are missing" "$(db status | grep '^missing:' | sort)" "$(for name in audit node owner; do
    echo "missing: kind=\"role\" name=\"cmpd_$name\" command=\"psql -X -v ON_ERROR_STOP=1 -f deploy/postgres/roles.sql\""
done)"
postgres_db db "create role cmpd_owner; create role cmpd_audit; create role cmpd_node; grant usage on schema cmpd to cmpd_node, cmpd_audit;
    grant select on all tables in schema cmpd to cmpd_node, cmpd_audit; revoke select on cmpd.secrets from cmpd_audit;
    revoke select on cmpd.nodes from cmpd_node" >/dev/null
same "a grant that is missing" "$(db status | grep '^missing:' | cut -d= -f2-3)" \
    '"grant" name="select on cmpd.nodes to cmpd_node" command'
postgres_db db "grant select on cmpd.nodes to cmpd_node" >/dev/null
same "nothing is missing" "$(db status | sed -n "/^missing:/p")" ""
# Who has no grants at all is told, too.
postgres_db db "create role stranger login password '$postgres_password'" >/dev/null
refused "no grants" 'permission denied for schema cmpd.*; to grant it .*run psql .* deploy/postgres/roles.sql' "$CMPD_BIN/cmpctl" db status \
    --store "$(sed -n 's/^store: //p' "$dir/cmpd.yaml" | sed 's|node@|stranger@|')"
postgres_db db "drop role cmpd_owner; drop owned by cmpd_audit, cmpd_node; drop role cmpd_audit, cmpd_node" >/dev/null

# ---- check ----

ok "all is well while a node serves" db check
stop_server
for table in certificates transactions public_keys revocations; do
    postgres_db db "create table public.$table as table cmpd.$table" >/dev/null
done

# found TEXT PATTERN SQL [UNDO]: after SQL, check says PATTERN.
found() {
    postgres_db db "$3" >/dev/null
    refused "$1" "$2" db check
    told '^NOT WELL, [1-9][0-9]* findings'
    same "$1: each says what to do" "$(lines_of 'restore|run|as the owner|REINDEX' "$work/said.out" -Ev)" 1
    postgres_db db "${4:-truncate cmpd.certificates, cmpd.transactions, cmpd.public_keys, cmpd.revocations;
        insert into cmpd.certificates select * from public.certificates; insert into cmpd.transactions select * from public.transactions;
        insert into cmpd.public_keys select * from public.public_keys; insert into cmpd.revocations select * from public.revocations}" >/dev/null
    ok "$1: and well again" db check
}
one="serial = (select serial from cmpd.certificates order by serial limit 1)"
year=$(date -u +%Y)
found "a transaction is gone" '^certificate [0-9a-f]{32} has no transaction: ' \
    "delete from cmpd.transactions where transaction_id = (select transaction_id from cmpd.certificates where $one)"
found "a certificate is gone" '^transaction [0-9a-f]{32} has lost its certificate: ' "delete from cmpd.certificates where $one"
found "… and its key is listed" '^public key of certificate [0-9a-f]{32} is listed' "delete from cmpd.certificates where $one"
found "a certificate has another transaction" 'has lost its certificate' "update cmpd.certificates set transaction_id = '\\x00' where $one"
found "a revocation is gone" 'is revoked or held, and not listed so' "delete from cmpd.revocations"
found "a revocation says another reason" 'is revoked or held, and not listed so' "update cmpd.revocations set reason = reason + 1"
found "a revocation says another state" 'is revoked or held, and not listed so' "update cmpd.revocations set status = 4"
found "a revocation of another shard" 'is listed in another shard than its own' "update cmpd.revocations set shard = shard + 1"
found "a position that nobody gave" 'is listed behind the last position' "update cmpd.revocations set position = position + 1"
found "a device is blocked in the list alone" '^device demo SN-1 is blocked in the list, or for who issues, and not in both: ' \
    "insert into cmpd.devices (issuer, device, state, vendor, identity, site, fqdn, profiles, expected, notes, added_at, changed_at)
        select issuer, sha256('x'), 2, 'demo', 'SN-1', '', '', '', '', '', 1, 1 from cmpd.certificates where $one" "delete from cmpd.devices"
found "a device is blocked for who issues alone" '^device demo SN-2 is blocked in the list, or for who issues' \
    "insert into cmpd.devices (issuer, device, state, vendor, identity, site, fqdn, profiles, expected, notes, added_at, changed_at)
        select issuer, sha256('y'), 1, 'demo', 'SN-2', '', '', '', '', '', 1, 1 from cmpd.certificates where $one;
     insert into cmpd.blocked_keys (spki_hash, at, reason, serial, who, comment) values (sha256('y'), 1, 0, '', '', '')" \
    "delete from cmpd.devices; delete from cmpd.blocked_keys"
found "a status is changed" 'is listed as revoked, and is not' "update cmpd.certificates set status = 2 where status = 3"
found "a key is not listed" 'has no row for its public key: as the owner: INSERT' "delete from cmpd.public_keys where $one"
found "rows without a partition" '^default partition cmpd.certificates_later has rows' \
    "insert into cmpd.certificates select issued_at, not_before, not_after, 0, 2, 0, 0, issuer, '\\x7f' || substr(serial, 2), subject,
        subject_text, spki_hash, transaction_id, profile, device, vendor, path, changes, key_id, successor, certificate from cmpd.certificates where $one;
     insert into cmpd.public_keys select issuer, spki_hash, '\\x7f' || substr(serial, 2) from cmpd.public_keys where $one"
found "entries without a partition" '^default partition cmpd.audit_later has rows' \
    "insert into cmpd.audit select 1, 1, sha256('x')::bytea::bytea, 'n', sha256('x'), sha256('x'), 'r' where false;
     insert into cmpd.audit values (1, 1, substr(sha256('x'), 1, 16), 'n', sha256('x'), sha256('x'), 'r')" \
    "delete from cmpd.audit_later"
found "no partition for the year to come" "^partition cmpd.certificates_$((year + 1)) is missing: run cmpctl db migrate" \
    "drop table cmpd.certificates_$((year + 1))" \
    "create table cmpd.certificates_$((year + 1)) partition of cmpd.certificates for values from ('\\x01') to ('\\x02')"
found "no partition for the quarter a year ahead" "^partition cmpd.audit_$((year + 1))_. is missing: run cmpctl db migrate" \
    "drop table cmpd.audit_$((year + 1))_$((($(date -u +%-m) - 1) / 3 + 1))" \
    "create table cmpd.audit_$((year + 1))_$((($(date -u +%-m) - 1) / 3 + 1)) partition of cmpd.audit for values from (1) to (2)"
found "an index is not valid" '^index cmpd.transactions_deadline is not valid: .*REINDEX' \
    "update pg_index set indisvalid = false where indexrelid = 'cmpd.transactions_deadline'::regclass" \
    "update pg_index set indisvalid = true where indexrelid = 'cmpd.transactions_deadline'::regclass"
found "an index is gone" '^table or index cmpd.transactions_deadline is missing' "drop index cmpd.transactions_deadline" \
    "create index transactions_deadline on cmpd.transactions (issuer, deadline) where state = 1"
found "a table is gone" '^table or index cmpd.secrets is missing' "alter table cmpd.secrets rename to others" \
    "alter table cmpd.others rename to secrets"
found "a column is gone" 'a statement of the nodes cannot be executed.*sealed' "alter table cmpd.secrets rename sealed to other" \
    "alter table cmpd.secrets rename other to sealed"
found "a function is gone" 'a statement of the nodes cannot be executed.*require' "alter function cmpd.require rename to other" \
    "alter function cmpd.other rename to require"
found "an older schema" 'older than this program: run cmpctl db migrate' "update cmpd.schema set version = 0" "update cmpd.schema set version = 2"
found "too new a schema" 'too new for this program' "update cmpd.schema set oldest_node = 9" "update cmpd.schema set oldest_node = 1"

# What retention has taken is no fault.
retain transactions_days 1
postgres_db db "delete from cmpd.transactions where transaction_id = (select transaction_id from cmpd.certificates where $one)"
refused "retention has not taken it yet" 'has no transaction' db check
postgres_db db "update cmpd.certificates set issued_at = issued_at - 2 * 86400 where $one"
ok "but it may have taken older ones" db check
retain transactions_days 0
postgres_db db "insert into cmpd.transactions select * from public.transactions on conflict do nothing"

# ---- purge: rows ----

ok "nothing goes by default" db purge
told '^deleted: 0 certificates with their transactions, 0 more transactions'
# Rows of years ago, in a partition of their own, some of which expired: $rows of them.
rows=5000
postgres_db db "create table cmpd.certificates_$((year - 4)) partition of cmpd.certificates for values from ('\\x00') to ('\\x0000ffff');
    alter table cmpd.certificates_$((year - 4)) owner to cmpd" >/dev/null
issuer=$(postgres_db db "select encode(issuer, 'hex') from cmpd.transactions limit 1")
postgres_db db "insert into cmpd.certificates (issued_at, not_before, not_after, revoked_at, status, reason, shard, issuer, serial, subject,
    subject_text, spki_hash, transaction_id, profile, device, vendor, path, changes, key_id, successor, certificate)
  select 1577836800 + n, 1577836800, case when n <= $rows / 2 then 1600000000 else 4000000000 end, 0, 2, 0, 0, decode('$issuer', 'hex'),
    '\\x0000' || decode(lpad(to_hex(n), 4, '0'), 'hex') || substr(sha256(('s' || n)::bytea), 1, 12), '\\x00', 'CN=' || n, sha256(('k' || n)::bytea),
    substr(sha256(('t' || n)::bytea), 1, 16), 'demo', '', '', '', '', '', '', '\\x00' from generate_series(1, $rows) n;
  insert into cmpd.public_keys select issuer, spki_hash, serial from cmpd.certificates where serial < '\\x0000ffff';
  insert into cmpd.transactions (created_at, cert_req_id, deadline, free_at, state, body, implicit_confirm, credential_is_mac, granted,
    issuer, transaction_id, profile, credential, credential_key, credential_name, credential_kid, signer_serial, sender_nonce, serial, replaces,
    request_hash, request_nonce, last_hash, answer)
  select issued_at, 0, 0, 0, 2, 0, true, false, 0, issuer, transaction_id, profile, '', '', '', '', '', '', serial, '', '', '', '', ''
    from cmpd.certificates where serial < '\\x0000ffff'; analyze" >/dev/null
ok "well, with old rows" db check
retain certificates_days 30
postgres_db db "select pg_stat_reset()" >/dev/null
ok "purged, as a node may" db purge
told "^deleted: $((rows / 2)) certificates with their transactions, 0 more transactions"
same "nothing was read from the beginning" "$(postgres_db db "select coalesce(string_agg(relname || ' ' || seq_tup_read, ', '), '') from
    pg_stat_user_tables where schemaname = 'cmpd' and seq_tup_read > 0 and relname !~ '^(schema|service|nodes)\$'")" ""
same "the other half is there" "$(postgres_db db "select count(*) from cmpd.certificates where serial < '\\x0000ffff'")" $((rows / 2))
ok "well" db check
same "a record for each piece" "$(postgres_db db "select count(*) > 5 and count(*) < 25 from cmpd.audit where records like '%\"event\":\"purge\"%'")" t

# A node does it by itself, beside serving.
postgres_db db "update cmpd.certificates set not_after = 1600000000 where serial < '\\x0000ffff' and serial in
    (select serial from cmpd.certificates where serial < '\\x0000ffff' order by serial limit 100)"
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
wait_log "$work/cmpd.log" 'event=purge profile="?demo"? certificates=100'
stop_server
ok "well" db check

# Empty partitions of former years are the owner's to drop.
postgres_db db "update cmpd.certificates set not_after = 1600000000 where serial < '\\x0000ffff'"
ok "a node does not" db purge
told "^deleted: $((rows / 2 - 100)) certificates"
ok "the owner does" db purge --store "$owner"
told '^dropped: 1 partitions of former years'
same "it is gone" "$(postgres_db db "select to_regclass('cmpd.certificates_$((year - 4))') is null")" t
ok "well" db check

# ---- purge: the audit log ----

ok "whole" verify --log "$work/cmpd.log"
quarter=$(date -u -d '-200 days' +%Y)_$((($(date -u -d '-200 days' +%-m) - 1) / 3 + 1))
# An old chain of one entry, as a node of then that was killed left it.
python3 - >"$work/old.sql" <<'PY'
import hashlib, struct, time
chain, at, name, records = bytes(16), (int(time.time()) - 200 * 86400) * 1000, b"old", b'{"event":"issue"}\n'
digest = hashlib.sha256(b"cmpd audit entry 1\0" + chain + struct.pack(">QQI", 1, at, len(name)) + name + bytes(32)
                        + struct.pack(">Q", len(records)) + records).digest()
print(f"insert into cmpd.audit (chain, seq, at, node, previous, hash, records) values ('\\x{chain.hex()}', 1, {at}, 'old', "
      f"'\\x{bytes(32).hex()}', '\\x{digest.hex()}', '{records.decode()}')")
PY
ok "there is a partition for it" test "$(postgres_db db "select to_regclass('cmpd.audit_$quarter') is not null")" = t
postgres_db db "$(cat "$work/old.sql")"
ok "whole" verify --log "$work/cmpd.log"
retain retain_audit_days 91
refused "not the node's to delete" 'must be owner' db purge
ok "whole, with an anchor and all entries" verify --log "$work/cmpd.log"
ok "the owner's" db purge --store "$owner"
told '^deleted: audit entries=1 chains=1 seals=0 before='
same "the quarter is dropped" "$(postgres_db db "select to_regclass('cmpd.audit_$quarter') is null")" t
ok "whole" verify --log "$work/cmpd.log"
postgres_db db "delete from cmpd.audit where (chain, seq) in (select chain, seq from cmpd.audit order by at limit 1)"
refused "but not when more is deleted than that" 'NOT WHOLE' verify --log "$work/cmpd.log"
ok "well" db check
done_testing
