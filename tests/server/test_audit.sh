#!/bin/bash
# The audit log proves itself: whatever is changed in it behind the server's back, cmpctl audit verify finds.
. "$(dirname "$0")/../lib.sh"

demo cmpd
sed -i 's/drain_seconds: .*/drain_seconds: 0/' "$dir/cmpd.yaml"
credentials
. "$(dirname "$0")/../operate.sh"
log=$work/server.log
store=$dir/store/cmpd.db

sql() {
    sqlite3 "$store" "$1"
}

# ---- what an orderly life leaves ----

ok "an empty log is whole" verify
start_server cmpd "$dir/cmpd.yaml" "$log"
three_stations
ok "what the server has not sealed yet is told" verify
told '^7 entries come after the last seal'
stop_server
ok "when it has ended it is whole" verify --log "$log"
untold 'entries come after'
same "one seal in the log" "$(grep -c 'event="audit seal"' "$log")" 1

# Who, what, when, how, on which node.
"$CMPD_BIN/cmpctl" audit list --config "$dir/cmpd.yaml" --json >"$work/list.json"
same "records" "$(python3 - "$work/list.json" "$(serial_of "$work/gnb-3.pem")" <<'PY'
import json, sys, time
rows = [json.loads(line) for line in open(sys.argv[1])]
rows = [row for row in rows if not row["who"].startswith("cmpctl ")]
for row in rows:
    assert row["node"] and row["who"] and len(row["transactionID"]) == 32 and len(row["issuer"]) == 32, row
    assert abs(row["at"] / 1000 - time.time()) < 100 and row["committed_at"] + 1000 >= row["at"], row
assert rows[-1]["serial"] == sys.argv[2], rows[-1]
assert rows[0]["detail"].find("gnb-1") >= 0, rows[0]
print(" ".join(row["event"] + ":" + row["outcome"] for row in rows))
PY
)" "issue:granted confirm:accepted issue:granted confirm:accepted issue:granted confirm:accepted revoke:revoked"
"$CMPD_BIN/cmpctl" audit list --config "$dir/cmpd.yaml" >"$work/list"
ok "readable, too" grep -Eq '^[0-9TZ:-]+  [^ ]+  issue  granted  .*gnb-3' "$work/list"

# A second life, so that there are two chains, and two processes that sealed.
start_server cmpd "$dir/cmpd.yaml" "$log"
ok "enrolled" enroll gnb-4
stop_server
ok "whole" verify --log "$log"
cp "$store" "$work/good.db"
cp "$log" "$work/good.log"
chain=$(sql 'SELECT hex(chain) FROM audit GROUP BY chain HAVING count(*) = 7')
other=$(sql 'SELECT hex(chain) FROM audit ORDER BY id DESC LIMIT 1')
instance=$(sql 'SELECT hex(instance) FROM audit_seals ORDER BY id DESC LIMIT 1')
same "a chain of the first life" "${#chain}" 32

# ---- what a hand in the store leaves ----

# found TEXT PATTERN SQL [ARGUMENTS...]: after SQL the log is not whole, and verify says PATTERN.
found() {
    local text=$1 pattern=$2 statements=$3
    shift 3
    cp "$work/good.db" "$store"
    sqlite3 "$store" "$statements"
    refused "$text" "$pattern" verify "$@"
    told 'NOT WHOLE, [1-9]'
    cp "$work/good.db" "$store"
}

at_3="WHERE chain = x'$chain' AND seq = 3"
found "a record is changed" 'entry 3 of chain .* was changed' \
    "UPDATE audit SET records = replace(records, 'gnb-2', 'gnb-9') $at_3"
found "one character of it" 'entry 3 of chain .* was changed' \
    "UPDATE audit SET records = substr(records, 1, 20) || 'x' || substr(records, 22) $at_3"
found "its time" 'entry 3 of chain .* was changed' "UPDATE audit SET at = at + 1 $at_3"
found "its node" 'entry 3 of chain .* was changed' "UPDATE audit SET node = node || '2' $at_3"
found "its hash" 'entry 3 of chain .* was changed' "UPDATE audit SET hash = zeroblob(32) $at_3"
found "the hash of the one before" 'entry 3 of chain .* was changed' \
    "UPDATE audit SET previous = zeroblob(32) $at_3"
found "its number" 'entry 3 to 29 of chain .* are missing' "UPDATE audit SET seq = 30 $at_3"
found "its chain" 'entry 3 of chain .* is missing' "UPDATE audit SET chain = randomblob(16) $at_3"
found "one is deleted" 'entry 3 of chain .* is missing' "DELETE FROM audit $at_3"
found "the first is deleted" 'entry 1 of chain .* is missing' "DELETE FROM audit WHERE chain = x'$chain' AND seq = 1"
found "the last is deleted" 'entry 7 of chain .* is missing' "DELETE FROM audit WHERE chain = x'$chain' AND seq = 7"
found "the tail is cut off" 'entry 4 to 7 of chain .* are missing' "DELETE FROM audit WHERE chain = x'$chain' AND seq > 3"
found "a chain is deleted" 'entry 1 to 7 of chain .* are missing' "DELETE FROM audit WHERE chain = x'$chain'"
found "two change places" 'entry 3 of chain .* is missing' \
    "UPDATE audit SET id = 1000 $at_3; UPDATE audit SET id = id - 1 WHERE id IN (SELECT id FROM audit WHERE chain = x'$chain' AND seq = 4); UPDATE audit SET id = (SELECT id FROM audit WHERE chain = x'$chain' AND seq = 4) + 1 $at_3"
found "one is there twice" 'entry 3 of chain .* comes after' \
    "INSERT INTO audit SELECT NULL, chain, seq, at, node, previous, records, hash FROM audit $at_3"

# Whoever knows the encoding can make a whole chain that is right in itself: it is not the one that was signed.
forge() {
    python3 - "$store" "$chain" <<'PY'
import hashlib, sqlite3, struct, sys
db = sqlite3.connect(sys.argv[1])
chain, previous = bytes.fromhex(sys.argv[2]), bytes(32)
rows = db.execute("SELECT id, seq, at, node, records FROM audit WHERE chain = ? ORDER BY seq", (chain,)).fetchall()
for row, seq, at, node, records in rows:
    records = records.replace("gnb-2", "gnb-9")
    octets, name = records.encode(), node.encode()
    digest = hashlib.sha256(b"cmpd audit entry 1\0" + chain + struct.pack(">QQI", seq, at, len(name)) + name + previous
                            + struct.pack(">Q", len(octets)) + octets).digest()
    db.execute("UPDATE audit SET previous = ?, records = ?, hash = ? WHERE id = ?", (previous, records, digest, row))
    previous = digest
db.commit()
PY
}
cp "$work/good.db" "$store"
forge
refused "a chain is made anew" 'entry 7 of chain .* is not the one that was signed' verify
sql "DELETE FROM audit_seals WHERE text LIKE '%' || lower('$chain') || '%'"
ok "without its seals the store tells that nothing proves it" verify
told '^7 entries come after the last seal'
refused "the log of the node knows better" 'is not the one that was signed' verify --log "$log"

found "a seal's text is changed" 'seal 1 of process .* was changed: its signature' \
    "UPDATE audit_seals SET text = replace(text, ':7:', ':6:') WHERE text LIKE '%:7:%'"
found "it is no seal any more" 'seal 1 of process .* is damaged' "UPDATE audit_seals SET text = 'x' || text WHERE id = 1"
found "a seal's signature is changed" 'its signature does not verify' \
    "UPDATE audit_seals SET signature = zeroblob(length(signature)) WHERE id = 1"
for column in "at = at + 1" "node = 'other'" "number = 7" "instance = randomblob(16)"; do
    found "a seal's column: $column" 'its columns do not say|seal 1 to 6 of process' "UPDATE audit_seals SET $column WHERE id = 1"
done
found "a chain is deleted with its seals" 'entry 1 to 7 of chain .* are missing' \
    "DELETE FROM audit WHERE chain = x'$chain'; DELETE FROM audit_seals WHERE text LIKE '%' || lower('$chain') || '%'" \
    --log "$log"
found "a seal that the log has" 'seal 1 of process .* is missing' \
    "DELETE FROM audit_seals WHERE instance = x'$instance'" --log "$log"

cp "$work/good.db" "$store"
sed 's/ heads=\(.\)/ heads=f\1/' "$work/good.log" >"$work/bad.log"
refused "a seal in the log is changed" 'bad.log, line [0-9]+, (is damaged|was changed)' verify --log "$work/bad.log"
refused "there is no such log" 'cannot read' verify --log "$work/none.log"

# ---- former keys ----

new_key "$dir/ca/cmp-2.key" P-256
printf '[v3]\nkeyUsage = critical, digitalSignature\nextendedKeyUsage = 1.3.6.1.5.5.7.3.27\nsubjectKeyIdentifier = hash\n' >"$work/v3"
openssl req -new -config /dev/null -key "$dir/ca/cmp-2.key" -subj "/O=Demo Operator/CN=CMP 2" |
    openssl x509 -req -CA "$dir/ca/issuing.pem" -CAkey "$dir/ca/issuing.key" -days 30 -extfile "$work/v3" -extensions v3 \
        -out "$dir/ca/cmp-2.pem" 2>/dev/null
sed -i 's#ca/cmp\.#ca/cmp-2.#' "$dir/cmpd.yaml"
refused "the key has changed" 'is in no CMP certificate given .*--certificate' verify
ok "and the former certificate is given" verify --certificate "$dir/ca/cmp.pem" --log "$log"
refused "one that is none" 'holds no certificate' verify --certificate "$dir/cmpd.yaml"

# ---- a node that dies ----

start_server cmpd "$dir/cmpd.yaml" "$log"
ok "enrolled" enroll gnb-5
kill_server
ok "what it did not seal is told" verify --certificate "$dir/ca/cmp.pem" --log "$log"
told '^2 entries come after the last seal'

# ---- former CMP certificates that the CA has issued itself ----

# use NAME: ca/NAME.pem is the CMP certificate from now on.
use() { sed -i -E "s#ca/(cmp[0-9-]*|station)\.(pem|key)#ca/$1.\2#" "$dir/cmpd.yaml"; }
use cmp
ok "renewed" "$CMPD_BIN/cmpctl" certificate renew ca/cmp.pem --config "$dir/cmpd.yaml"
# Two minutes later.
sqlite3 "$store" 'UPDATE renewals SET since = at - 1'
ok "with a new key, which the store has" "$CMPD_BIN/cmpctl" certificate renew ca/cmp.pem --new-key --config "$dir/cmpd.yaml"
start_server cmpd "$dir/cmpd.yaml" "$log"
stop_server # it seals under the new key
ok "another key, of the same name" "$CMPD_BIN/cmpctl" ca create "$dir/ca/cmp-3.pem" --like "$dir/ca/cmp.pem" --key "$dir/ca/cmp-3.key" \
    --issuer "$dir/ca/issuing.pem" --issuer-key "$dir/ca/issuing.key"
use cmp-3
mv "$dir/ca/cmp.pem" "$work/former.pem"
ok "what was sealed under the former one, and under the renewed one, counts without a hint" verify --log "$log"
mv "$work/former.pem" "$dir/ca/cmp.pem"

# Whoever can write rows has the certificates of all stations. A station may even have the name.
new_key "$dir/ca/station.key" P-256
number=0$(openssl rand -hex 16 | cut -c2-)
# station NAME PURPOSE: a certificate for its key and that, in ca/NAME.pem.
station() {
    printf '[v3]\nkeyUsage = critical, digitalSignature\nextendedKeyUsage = %s\n' "$2" >"$work/v3"
    openssl req -new -config /dev/null -key "$dir/ca/station.key" -subj "/O=Demo Operator/CN=CMP server" |
        openssl x509 -req -CA "$dir/ca/issuing.pem" -CAkey "$dir/ca/issuing.key" -days 30 -set_serial "0x$number" -extfile "$work/v3" \
            -extensions v3 -out "$dir/ca/$1.pem" 2>/dev/null
}
# row NAME: puts it among the certificates as the CA's own.
row() {
    openssl x509 -in "$dir/ca/$1.pem" -outform DER -out "$work/station.der"
    python3 - "$store" "$number" "$work/station.der" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.row_factory = sqlite3.Row
serial = bytes.fromhex(sys.argv[2])
row = dict(db.execute("SELECT * FROM certificates WHERE profile = 'own certificate'").fetchone())
row.pop("id", None)
row.update(serial=serial, certificate=open(sys.argv[3], "rb").read())
db.execute("DELETE FROM certificates WHERE serial = ?", (serial,))
db.execute(f"INSERT INTO certificates ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
db.commit()
PY
}
same "the name is that of the CMP certificate" "$(openssl x509 -in "$dir/ca/cmp-3.pem" -noout -subject)" "subject=O = Demo Operator, CN = CMP server"
station station clientAuth
station for-cmp 1.3.6.1.5.5.7.3.27 # before it seals: it has to be valid by then
use station
ok "a seal of the station's" "$CMPD_BIN/cmpctl" cert hold "$(serial_of "$work/gnb-1.pem")" --config "$dir/cmpd.yaml"
use cmp-3
refused "it is none of the CA's" 'in no CMP certificate given' verify
row station
refused "nor with a row that says so" 'in no CMP certificate given' verify
row for-cmp
ok "what the CA has signed for CMP counts" verify
sql "UPDATE certificates SET status = 3, reason = 1 WHERE serial = x'$number'"
refused "but not when it was revoked" 'in no CMP certificate given' verify
ok "unless somebody says so" verify --certificate "$dir/ca/station.pem"

refused "a wrong call" 'usage: cmpctl audit' "$CMPD_BIN/cmpctl" audit
refused "a wrong call" 'usage: cmpctl audit' "$CMPD_BIN/cmpctl" audit list --config "$dir/cmpd.yaml" --log "$log"
done_testing
