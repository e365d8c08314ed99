/* schema.c: the tables, as a list of steps from each version to the next. A step that was released is never
 * changed: a new one is added, and a column that it adds has a default. Until the first release there is one
 * step, which changes in place; a store that another text of it has made is refused (open.c).
 *
 * Tables with random keys and rows of some hundred octets are rowid tables with a unique index: rows are
 * appended at one edge, and only the narrow index is touched at random. */
#include "internal.h"

static const char version_1[] =
    "CREATE TABLE certificates ("
    " id INTEGER PRIMARY KEY,"
    " issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    " serial BLOB NOT NULL CHECK (length(serial) = 16),"
    " status INTEGER NOT NULL CHECK (status BETWEEN 1 AND 4),"
    " reason INTEGER NOT NULL,"
    " issued_at INTEGER NOT NULL,"
    " not_before INTEGER NOT NULL,"
    " not_after INTEGER NOT NULL,"
    " revoked_at INTEGER NOT NULL,"
    " subject BLOB NOT NULL,"
    " subject_text TEXT NOT NULL,"
    " spki_hash BLOB NOT NULL CHECK (length(spki_hash) = 32),"
    " transaction_id BLOB NOT NULL,"
    " profile TEXT NOT NULL,"
    " shard INTEGER NOT NULL,"
    " successor BLOB NOT NULL CHECK (length(successor) IN (0, 16)),"
    " certificate BLOB NOT NULL CHECK (length(certificate) > 0)"
    ") STRICT;"
    /* A serial begins with its time: inserts stay at the edge of this index. */
    "CREATE UNIQUE INDEX certificates_serial ON certificates (issuer, serial);"
    /* Keys are looked for only where a profile wants them unused. An index that nobody reads costs every
     * enrollment a page at random: it is made when it is asked for first. */

    "CREATE TABLE transactions ("
    " id INTEGER PRIMARY KEY,"
    " issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    " transaction_id BLOB NOT NULL CHECK (length(transaction_id) > 0),"
    " profile TEXT NOT NULL,"
    " state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),"
    " body INTEGER NOT NULL,"
    " implicit_confirm INTEGER NOT NULL,"
    " granted_with_mods INTEGER NOT NULL,"
    " credential BLOB NOT NULL,"
    " credential_is_mac INTEGER NOT NULL,"
    " credential_key BLOB NOT NULL,"
    " credential_name BLOB NOT NULL,"
    " credential_kid BLOB NOT NULL,"
    " signer_serial BLOB NOT NULL CHECK (length(signer_serial) IN (0, 16)),"
    " sender_nonce BLOB NOT NULL,"
    " serial BLOB NOT NULL CHECK (length(serial) IN (0, 16)),"
    " cert_req_id INTEGER NOT NULL,"
    " created_at INTEGER NOT NULL,"
    " deadline INTEGER NOT NULL,"
    " free_at INTEGER NOT NULL,"
    " request_hash BLOB NOT NULL,"
    " last_hash BLOB NOT NULL,"
    " answer BLOB NOT NULL"
    ") STRICT;"
    "CREATE UNIQUE INDEX transactions_key ON transactions (issuer, transaction_id);"
    /* Only those whose certConf is awaited: what looks for overdue ones reads nothing else. */
    "CREATE INDEX transactions_deadline ON transactions (deadline) WHERE state = 1;"

    /* In the order of their changes: what has changed since is at one edge, and all of them are read in one
       go. */
    "CREATE TABLE revocations ("
    " issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    " serial BLOB NOT NULL CHECK (length(serial) = 16),"
    " position INTEGER NOT NULL CHECK (position > 0),"
    " status INTEGER NOT NULL CHECK (status BETWEEN 2 AND 4),"
    " reason INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " invalidity_at INTEGER NOT NULL,"
    " not_after INTEGER NOT NULL,"
    " shard INTEGER NOT NULL,"
    " PRIMARY KEY (issuer, position)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX revocations_serial ON revocations (issuer, serial);"
    /* The last position that was given to a change. */
    "CREATE TABLE positions (issuer BLOB PRIMARY KEY CHECK (length(issuer) = 16), last INTEGER NOT NULL) "
    "STRICT, WITHOUT ROWID;"

    "CREATE TABLE crls ("
    " issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    " scope BLOB NOT NULL,"
    " number INTEGER NOT NULL CHECK (number > 0),"
    " this_update INTEGER NOT NULL,"
    " next_update INTEGER NOT NULL,"
    " position INTEGER NOT NULL,"
    " size INTEGER NOT NULL CHECK (size > 0),"
    " base_number INTEGER NOT NULL,"
    " base_position INTEGER NOT NULL,"
    " base_at INTEGER NOT NULL,"
    " slot INTEGER NOT NULL CHECK (slot BETWEEN 0 AND 1),"
    " hash BLOB NOT NULL CHECK (length(hash) = 32),"
    " PRIMARY KEY (issuer, scope)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE crl_pieces ("
    " id INTEGER PRIMARY KEY,"
    " issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    " key BLOB NOT NULL,"
    " octets BLOB NOT NULL,"
    " UNIQUE (issuer, key)"
    ") STRICT;"
    /* What certificates say of where their CRL is: for good, as they do. */
    "CREATE TABLE crl_urls ("
    " issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    " url TEXT NOT NULL,"
    " shards INTEGER NOT NULL CHECK (shards > 0),"
    " PRIMARY KEY (issuer, url, shards)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE leases ("
    " name TEXT PRIMARY KEY,"
    " holder BLOB NOT NULL,"
    " until INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE secrets ("
    " issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    " reference BLOB NOT NULL CHECK (length(reference) > 0),"
    " profile TEXT NOT NULL,"
    " sealed BLOB NOT NULL,"
    " seal_key_id BLOB NOT NULL,"
    " reusable INTEGER NOT NULL,"
    " expires INTEGER NOT NULL,"
    " bound_to BLOB NOT NULL,"
    " PRIMARY KEY (issuer, reference)"
    ") STRICT, WITHOUT ROWID;"

    /* No index is needed to read the entries of a chain in order: they are inserted in that order. */
    "CREATE TABLE audit ("
    " id INTEGER PRIMARY KEY,"
    " chain BLOB NOT NULL CHECK (length(chain) = 16),"
    " seq INTEGER NOT NULL CHECK (seq > 0),"
    " at INTEGER NOT NULL,"
    " node TEXT NOT NULL,"
    " previous BLOB NOT NULL CHECK (length(previous) = 32),"
    " records TEXT NOT NULL CHECK (length(records) > 0),"
    " hash BLOB NOT NULL CHECK (length(hash) = 32)"
    ") STRICT;"
    "CREATE TABLE audit_seals ("
    " id INTEGER PRIMARY KEY,"
    " instance BLOB NOT NULL CHECK (length(instance) = 16),"
    " number INTEGER NOT NULL CHECK (number > 0),"
    " at INTEGER NOT NULL,"
    " node TEXT NOT NULL,"
    " text TEXT NOT NULL,"
    " signature BLOB NOT NULL,"
    " UNIQUE (instance, number)"
    ") STRICT;"

    /* When a node last served: what puts deadlines off after nobody did. */
    "CREATE TABLE service (id INTEGER PRIMARY KEY CHECK (id = 1), seen_at INTEGER NOT NULL) STRICT;"
    "INSERT INTO service VALUES (1, 0);"
    "CREATE TABLE nodes ("
    " name TEXT PRIMARY KEY,"
    " version TEXT NOT NULL,"
    " config TEXT NOT NULL,"
    " seen_at INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    /* One row that is written to find out whether writing works again. */
    "CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), count INTEGER NOT NULL) STRICT;"
    "INSERT INTO probe VALUES (1, 0);"

    /* Which text made these tables (open.c). */
    "CREATE TABLE form (id INTEGER PRIMARY KEY CHECK (id = 1), form INTEGER NOT NULL) STRICT;";

static const char *const steps[] = {version_1};
_Static_assert(sizeof steps / sizeof steps[0] == SQLITE_SCHEMA_VERSION, "a step for each version");

const struct sqlite_schema sqlite_schema = {steps, SQLITE_SCHEMA_VERSION};
