/* schema.c: the tables, as a list of steps from each version to the next. A step that was released is
 * never changed: a new one is added.
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
    " cert_hash BLOB NOT NULL CHECK (length(cert_hash) = 32),"
    " transaction_id BLOB NOT NULL,"
    " profile TEXT NOT NULL,"
    " certificate BLOB NOT NULL CHECK (length(certificate) > 0)"
    ") STRICT;"
    /* A serial begins with its time: inserts stay at the edge of this index. */
    "CREATE UNIQUE INDEX certificates_serial ON certificates (issuer, serial);"
    "CREATE INDEX certificates_key ON certificates (issuer, spki_hash);"

    "CREATE TABLE transactions ("
    " id INTEGER PRIMARY KEY,"
    " issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    " transaction_id BLOB NOT NULL CHECK (length(transaction_id) > 0),"
    " profile TEXT NOT NULL,"
    " state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),"
    " body INTEGER NOT NULL,"
    " implicit_confirm INTEGER NOT NULL,"
    " credential BLOB NOT NULL,"
    " credential_is_mac INTEGER NOT NULL,"
    " credential_key BLOB NOT NULL,"
    " sender_nonce BLOB NOT NULL,"
    " peer_nonce BLOB NOT NULL,"
    " serial BLOB NOT NULL CHECK (length(serial) IN (0, 16)),"
    " cert_req_id INTEGER NOT NULL,"
    " deadline INTEGER NOT NULL,"
    " request_hash BLOB NOT NULL,"
    " last_hash BLOB NOT NULL,"
    " signer_serial BLOB NOT NULL CHECK (length(signer_serial) IN (0, 16))"
    ") STRICT;"
    "CREATE UNIQUE INDEX transactions_key ON transactions (issuer, transaction_id);"
    /* Only those whose certConf is awaited: what looks for overdue ones reads nothing else. */
    "CREATE INDEX transactions_deadline ON transactions (deadline) WHERE state = 1;"

    "CREATE TABLE revocations ("
    " issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    " serial BLOB NOT NULL CHECK (length(serial) = 16),"
    " reason INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " PRIMARY KEY (issuer, serial)"
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

    "CREATE TABLE audit ("
    " id INTEGER PRIMARY KEY,"
    " at INTEGER NOT NULL,"
    " node TEXT NOT NULL,"
    " issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    " event TEXT NOT NULL,"
    " transaction_id BLOB NOT NULL,"
    " serial BLOB NOT NULL,"
    " who TEXT NOT NULL,"
    " detail TEXT NOT NULL"
    ") STRICT;"

    /* One row that is written to find out whether writing works again. */
    "CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), count INTEGER NOT NULL) STRICT;"
    "INSERT INTO probe VALUES (1, 0);";

/* The name and key identifier that later messages are held against, what the first answer said, and when a
 * node last served. */
static const char version_2[] =
    "ALTER TABLE transactions ADD COLUMN credential_name BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE transactions ADD COLUMN credential_kid BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE transactions ADD COLUMN granted_with_mods INTEGER NOT NULL DEFAULT 0;"
    "UPDATE transactions SET deadline = CAST(strftime('%s', 'now') AS INTEGER) + 3600 "
    "WHERE state = 1 AND deadline > 0;"
    "CREATE TABLE service (id INTEGER PRIMARY KEY CHECK (id = 1), seen_at INTEGER NOT NULL) STRICT;"
    "INSERT INTO service VALUES (1, 0);";

/* Keys are looked for only where a profile wants them unused. An index that nobody reads costs every
 * enrollment a page at random: it is made when it is asked for first. */
static const char version_3[] = "DROP INDEX certificates_key;";

/* Chains of entries in place of single records (storage/audit.h); what was recorded before stays readable. No
 * index is needed to read the entries of a chain in order: they are inserted in that order. */
static const char version_4[] = "ALTER TABLE audit RENAME TO audit_before;"
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
                                "CREATE TABLE nodes ("
                                " node TEXT PRIMARY KEY,"
                                " version TEXT NOT NULL,"
                                " config TEXT NOT NULL,"
                                " seen_at INTEGER NOT NULL"
                                ") STRICT, WITHOUT ROWID;";

/* When a transaction was begun, for what retention lets go; of those that are there already, when at the
 * latest. */
static const char version_5[] =
    "ALTER TABLE transactions ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;"
    "UPDATE transactions SET created_at = CAST(strftime('%s', 'now') AS INTEGER);";

const char *const sqlite_migrations[] = {version_1, version_2, version_3, version_4, version_5};
_Static_assert(sizeof(sqlite_migrations) / sizeof(sqlite_migrations[0]) == SQLITE_SCHEMA_VERSION,
               "a step for each version");

#define CERT_COLUMNS                                                                                         \
    "serial, status, reason, issued_at, not_before, not_after, revoked_at, subject, subject_text, "          \
    "spki_hash, "                                                                                            \
    "cert_hash, transaction_id, profile, certificate"
#define TX_COLUMNS                                                                                           \
    "transaction_id, profile, state, body, implicit_confirm, credential, credential_is_mac, "                \
    "credential_key, "                                                                                       \
    "sender_nonce, peer_nonce, serial, cert_req_id, deadline, request_hash, last_hash, signer_serial, "      \
    "credential_name, credential_kid, granted_with_mods"
#define SECRET_COLUMNS "reference, profile, sealed, seal_key_id, reusable, expires, bound_to"
#define ENTRY_COLUMNS "chain, seq, at, node, previous, records, hash"
#define SEAL_COLUMNS "instance, number, at, node, text, signature"

/* Parameters of what concerns a CA count from ?1, the issuer; rows are bound from ?2 on in the order of their
 * columns. A page is what follows the id ?1, ?2 rows at most, with the id as the last column. */
const char *const sqlite_sql[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_BEGIN_READ] = "BEGIN",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT unit",
    [SQL_ROLLBACK_TO] = "ROLLBACK TO unit",
    [SQL_RELEASE] = "RELEASE unit",
    [SQL_PROBE_READ] = "SELECT count FROM probe",
    [SQL_PROBE_WRITE] = "UPDATE probe SET count = count + 1",

    [SQL_TX_GET] = "SELECT " TX_COLUMNS " FROM transactions WHERE issuer = ?1 AND transaction_id = ?2",
    [SQL_TX_INSERT] = "INSERT INTO transactions (issuer, " TX_COLUMNS
                      ", created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
                      "?15, ?16, ?17, ?18, ?19, ?20, ?21)",
    [SQL_TX_UPDATE] =
        "UPDATE transactions SET profile = ?3, state = ?4, body = ?5, implicit_confirm = ?6, "
        "credential = ?7, credential_is_mac = ?8, credential_key = ?9, sender_nonce = ?10, "
        "peer_nonce = ?11, serial = ?12, cert_req_id = ?13, deadline = ?14, request_hash = ?15, "
        "last_hash = ?16, signer_serial = ?17, credential_name = ?18, credential_kid = ?19, "
        "granted_with_mods = ?20 WHERE issuer = ?1 AND transaction_id = ?2",

    /* Left to itself, SQLite takes the index that begins with the issuer, and reads and sorts every
       transaction. */
    [SQL_TX_OVERDUE] = "SELECT " TX_COLUMNS
                       " FROM transactions INDEXED BY transactions_deadline WHERE issuer = ?1 AND state = 1 "
                       "AND deadline > 0 AND deadline < ?2 ORDER BY deadline LIMIT 1",
    [SQL_TX_PUT_OFF] = "UPDATE transactions SET deadline = deadline + ?2 WHERE state = 1 AND deadline > ?1",
    [SQL_TX_OLD] = "SELECT transaction_id, profile, created_at, state = 1 FROM transactions "
                   "WHERE issuer = ?1 AND transaction_id > ?2 ORDER BY transaction_id LIMIT ?3",
    [SQL_TX_REMOVABLE] = "SELECT 1 FROM transactions WHERE issuer = ?1 AND transaction_id = ?2 "
                         "AND created_at < ?3 AND state <> 1",
    [SQL_TX_REMOVE] = "DELETE FROM transactions WHERE issuer = ?1 AND transaction_id = ?2",
    [SQL_NODE] = "INSERT OR REPLACE INTO nodes (node, version, config, seen_at) VALUES (?1, ?2, ?3, ?4)",
    [SQL_NODES] = "SELECT node, version, config, seen_at FROM nodes WHERE length(?1) >= 0 AND seen_at >= ?2 "
                  "ORDER BY node",
    [SQL_SEEN_GET] = "SELECT seen_at FROM service",
    [SQL_SEEN_SET] = "UPDATE service SET seen_at = ?1 WHERE seen_at < ?1",

    [SQL_CERT_GET] = "SELECT " CERT_COLUMNS " FROM certificates WHERE issuer = ?1 AND serial = ?2",
    [SQL_CERT_STATUS] = "SELECT status FROM certificates WHERE issuer = ?1 AND serial = ?2",
    [SQL_CERT_KEY_INDEX] = "CREATE INDEX IF NOT EXISTS certificates_key ON certificates (issuer, spki_hash)",
    /* The status is not in the index: the few rows that share a key are read. */
    [SQL_CERT_KEY] =
        "SELECT 1 FROM certificates WHERE issuer = ?1 AND spki_hash = ?2 AND status <> 3 LIMIT 1",
    [SQL_CERT_INSERT] = "INSERT INTO certificates (issuer, " CERT_COLUMNS
                        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    [SQL_CERT_CHANGE] = "UPDATE certificates SET status = ?3, reason = ?4, revoked_at = ?5 "
                        "WHERE issuer = ?1 AND serial = ?2",
    [SQL_CERT_PAGE] = "SELECT " CERT_COLUMNS ", id FROM certificates "
                      "WHERE id > ?1 AND (length(?3) = 0 OR issuer = ?3) ORDER BY id LIMIT ?2",

    [SQL_CERT_OLD] =
        "SELECT serial, profile, not_after, status = 1 OR EXISTS (SELECT 1 FROM transactions t "
        "WHERE t.issuer = c.issuer AND t.transaction_id = c.transaction_id AND t.state = 1) "
        "FROM certificates c WHERE issuer = ?1 AND serial > ?2 AND serial < ?4 ORDER BY serial LIMIT ?3",
    [SQL_CERT_REMOVABLE] =
        "SELECT 1 FROM certificates c WHERE issuer = ?1 AND serial = ?2 AND not_after < ?3 AND status <> 1 "
        "AND NOT EXISTS (SELECT 1 FROM transactions t WHERE t.issuer = c.issuer "
        "AND t.transaction_id = c.transaction_id AND t.state = 1)",
    [SQL_CERT_TX_REMOVE] =
        "DELETE FROM transactions WHERE issuer = ?1 AND transaction_id = (SELECT transaction_id "
        "FROM certificates WHERE issuer = ?1 AND serial = ?2)",
    [SQL_CERT_REMOVE] = "DELETE FROM certificates WHERE issuer = ?1 AND serial = ?2",

    [SQL_REVOKE] = "INSERT INTO revocations (issuer, serial, reason, at) VALUES (?1, ?2, ?3, ?4) "
                   "ON CONFLICT (issuer, serial) DO UPDATE SET reason = excluded.reason, at = excluded.at",
    [SQL_UNREVOKE] = "DELETE FROM revocations WHERE issuer = ?1 AND serial = ?2",

    [SQL_SECRET_GET] = "SELECT " SECRET_COLUMNS " FROM secrets WHERE issuer = ?1 AND reference = ?2",
    [SQL_SECRET_STATE] =
        "SELECT reusable, expires, bound_to FROM secrets WHERE issuer = ?1 AND reference = ?2",
    [SQL_SECRET_BIND] = "UPDATE secrets SET bound_to = ?3 WHERE issuer = ?1 AND reference = ?2",
    [SQL_SECRET_PUT] =
        "INSERT OR REPLACE INTO secrets (issuer, " SECRET_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",

    [SQL_ENTRY_INSERT] = "INSERT INTO audit (" ENTRY_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_ENTRY_THERE] = "SELECT 1 FROM audit WHERE id = ?1 AND hash = ?2",
    [SQL_ENTRY_PAGE] = "SELECT " ENTRY_COLUMNS ", id FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2",
    [SQL_BEFORE_PAGE] = "SELECT at, node, issuer, event, transaction_id, serial, who, detail, id "
                        "FROM audit_before WHERE id > ?1 ORDER BY id LIMIT ?2",
    /* A seal is sent again when it is not known whether it was stored. */
    [SQL_SEAL_INSERT] = "INSERT INTO audit_seals (" SEAL_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
                        "ON CONFLICT (instance, number) DO NOTHING",
    [SQL_SEAL_PAGE] = "SELECT " SEAL_COLUMNS ", id FROM audit_seals WHERE id > ?1 ORDER BY id LIMIT ?2",
};
