/* sql.c: every statement that a node executes. They are prepared once a connection, and planned once:
 * sessions are told to keep to indexes and nested loops (connect.c), so that the plan is the same for ten
 * rows and for ten million, and rows are locked in the order in which they were sent.
 *
 * Rows come in as arrays of the composite types of schema.c, look-ups as arrays of keys. A statement whose
 * unit must find something calls cmpd.require with what it found. */
#include "internal.h"

#define TX_COLUMNS                                                                                           \
    "t.transaction_id, t.profile, t.state, t.body, t.implicit_confirm, t.credential, t.credential_is_mac, "  \
    "t.credential_key, t.credential_name, t.credential_kid, t.signer_serial, t.sender_nonce, t.peer_nonce, " \
    "t.serial, t.cert_req_id, t.deadline, t.request_hash, t.last_hash, t.granted_with_mods"
#define CERT_COLUMNS                                                                                         \
    "c.serial, c.status, c.reason, c.issued_at, c.not_before, c.not_after, c.revoked_at, c.subject, "        \
    "c.subject_text, c.spki_hash, c.cert_hash, c.transaction_id, c.profile, c.certificate"
#define SECRET_COLUMNS "s.reference, s.profile, s.sealed, s.seal_key_id, s.reusable, s.expires, s.bound_to"

/* $1 issuers, $2 keys; k.i counts from 1. */
#define KEYS "unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY k (issuer, key, i)"

const char *const postgres_sql[SQL_COUNT] = {
    /* Each statement sees what was committed before it, whatever the database's default is. */
    [SQL_BEGIN] = "BEGIN ISOLATION LEVEL READ COMMITTED",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_PROBE_READ] = "SELECT seen_at FROM cmpd.service WHERE id = 1",
    [SQL_PROBE_WRITE] = "UPDATE cmpd.service SET seen_at = seen_at WHERE id = 1",

    [SQL_TX_GET] = "SELECT k.i, " TX_COLUMNS " FROM " KEYS
                   " JOIN cmpd.transactions t ON t.issuer = k.issuer AND t.transaction_id = k.key",
    [SQL_TX_OVERDUE] = "SELECT 1::bigint, " TX_COLUMNS " FROM cmpd.transactions t WHERE t.issuer = $1::bytea "
                       "AND t.state = 1 AND t.deadline > 0 AND t.deadline < $2::bigint "
                       "ORDER BY t.deadline LIMIT 1",
    /* $1 the issuer, $2 the key before, $3 how many, $4 what serials are below. */
    [SQL_TX_OLD] = "SELECT t.transaction_id, t.profile, t.created_at, t.state = 1 FROM cmpd.transactions t "
                   "WHERE t.issuer = $1::bytea AND t.transaction_id > $2::bytea "
                   "ORDER BY t.issuer, t.transaction_id LIMIT $3::bigint",
    [SQL_CERT_OLD] = "SELECT c.serial, c.profile, c.not_after, c.status = 1 OR EXISTS "
                     "(SELECT 1 FROM cmpd.transactions t WHERE t.issuer = c.issuer "
                     "AND t.transaction_id = c.transaction_id AND t.state = 1) FROM cmpd.certificates c "
                     "WHERE c.issuer = $1::bytea AND c.serial > $2::bytea AND c.serial < $4::bytea "
                     "ORDER BY c.issuer, c.serial LIMIT $3::bigint",
    [SQL_CERT_GET] = "SELECT k.i, " CERT_COLUMNS " FROM " KEYS
                     " JOIN cmpd.certificates c ON c.issuer = k.issuer AND c.serial = k.key",
    [SQL_SECRET_GET] = "SELECT k.i, " SECRET_COLUMNS " FROM " KEYS
                       " JOIN cmpd.secrets s ON s.issuer = k.issuer AND s.reference = k.key",
    [SQL_KEYS_IN_USE] =
        "SELECT DISTINCT k.i FROM " KEYS
        " JOIN cmpd.public_keys p ON p.issuer = k.issuer AND p.spki_hash = k.key"
        " JOIN cmpd.certificates c ON c.issuer = p.issuer AND c.serial = p.serial WHERE c.status <> 3",

    [SQL_TX_INSERT] =
        "INSERT INTO cmpd.transactions (created_at, cert_req_id, deadline, state, body, implicit_confirm, "
        "credential_is_mac, granted_with_mods, issuer, transaction_id, profile, credential, credential_key, "
        "credential_name, credential_kid, signer_serial, sender_nonce, peer_nonce, serial, request_hash, "
        "last_hash) SELECT created_at, cert_req_id, deadline, state, body, implicit_confirm, "
        "credential_is_mac, granted_with_mods, issuer, transaction_id, profile, credential, credential_key, "
        "credential_name, credential_kid, signer_serial, sender_nonce, peer_nonce, serial, request_hash, "
        "last_hash FROM unnest($1::cmpd.transaction_1[])",
    [SQL_TX_UPDATE] =
        "WITH w AS (UPDATE cmpd.transactions t SET cert_req_id = u.cert_req_id, deadline = u.deadline, "
        "state = u.state, body = u.body, implicit_confirm = u.implicit_confirm, "
        "credential_is_mac = u.credential_is_mac, granted_with_mods = u.granted_with_mods, "
        "profile = u.profile, credential = u.credential, credential_key = u.credential_key, "
        "credential_name = u.credential_name, credential_kid = u.credential_kid, "
        "signer_serial = u.signer_serial, sender_nonce = u.sender_nonce, peer_nonce = u.peer_nonce, "
        "serial = u.serial, request_hash = u.request_hash, last_hash = u.last_hash "
        "FROM unnest($1::cmpd.transaction_1[]) u WHERE t.issuer = u.issuer "
        "AND t.transaction_id = u.transaction_id AND (u.expect_state = 0 OR t.state = u.expect_state) "
        "RETURNING 1) SELECT cmpd.require((SELECT count(*) FROM w) = cardinality($1))",
    /* A secret that may be used again is only looked at: stations that share it do not wait for each other.
     */
    [SQL_BIND] =
        "WITH u AS MATERIALIZED (SELECT * FROM unnest($1::cmpd.binding_1[])), "
        "w AS (UPDATE cmpd.secrets s SET bound_to = u.transaction_id FROM u WHERE s.issuer = u.issuer "
        "AND s.reference = u.reference AND NOT s.reusable AND (s.expires = 0 OR s.expires > u.now) "
        "AND (s.bound_to = '' OR s.bound_to = u.transaction_id) RETURNING 1), "
        "r AS (SELECT 1 FROM u JOIN cmpd.secrets s ON s.issuer = u.issuer AND s.reference = u.reference "
        "WHERE s.reusable AND (s.expires = 0 OR s.expires > u.now)) "
        "SELECT cmpd.require((SELECT count(*) FROM w) + (SELECT count(*) FROM r) = cardinality($1))",
    /* Locked: a revocation that comes at the same time is before this group or after it. */
    [SQL_SIGNERS] = "WITH l AS (SELECT 1 FROM " KEYS
                    " JOIN cmpd.certificates c ON c.issuer = k.issuer AND c.serial = k.key "
                    "WHERE c.status NOT IN (3, 4) FOR SHARE OF c) "
                    "SELECT cmpd.require((SELECT count(*) FROM l) = cardinality($1))",
    /* The rows that would tell of a key may be on their way in another transaction: who wants a key unused
     * takes its lock first, and looks in a statement of its own, which sees what was committed until then. */
    [SQL_KEYS_LOCK] = "SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashtextextended(encode(k.key, "
                      "'base64'), 0) AS h FROM " KEYS " ORDER BY h) AS hashes",
    [SQL_KEYS_UNUSED] =
        "SELECT cmpd.require(NOT EXISTS (SELECT 1 FROM " KEYS
        " JOIN cmpd.public_keys p ON p.issuer = k.issuer AND p.spki_hash = k.key"
        " JOIN cmpd.certificates c ON c.issuer = p.issuer AND c.serial = p.serial WHERE c.status <> 3) "
        "AND (SELECT count(DISTINCT (k.issuer, k.key)) FROM " KEYS ") = cardinality($1))",
    [SQL_CERT_INSERT] =
        "WITH u AS MATERIALIZED (SELECT * FROM unnest($1::cmpd.certificate_1[])), "
        "k AS (INSERT INTO cmpd.public_keys (issuer, spki_hash, serial) SELECT issuer, spki_hash, serial "
        "FROM u) "
        "INSERT INTO cmpd.certificates (issued_at, not_before, not_after, revoked_at, status, reason, "
        "issuer, "
        "serial, subject, subject_text, spki_hash, cert_hash, transaction_id, profile, certificate) "
        "SELECT issued_at, not_before, not_after, revoked_at, status, reason, issuer, serial, subject, "
        "subject_text, spki_hash, cert_hash, transaction_id, profile, certificate FROM u",
    /* Revocation is final, whoever comes later: a certConf that crosses an operator's revocation changes
     * nothing; nor does it lift a hold. */
    [SQL_CHANGE] =
        "WITH u AS MATERIALIZED (SELECT * FROM unnest($1::cmpd.change_1[])), "
        "w AS (UPDATE cmpd.certificates c SET status = u.status, "
        "reason = CASE WHEN u.status IN (3, 4) THEN u.reason ELSE 0 END, "
        "revoked_at = CASE WHEN u.status IN (3, 4) THEN u.at ELSE 0 END "
        "FROM u WHERE c.issuer = u.issuer AND c.serial = u.serial AND c.status <> 3 "
        "AND (u.only_from = 0 OR c.status = u.only_from) "
        "RETURNING c.issuer, c.serial, c.status, c.reason, c.revoked_at), "
        "l AS (INSERT INTO cmpd.revocations (issuer, serial, reason, at) SELECT issuer, serial, reason, "
        "revoked_at "
        "FROM w WHERE status IN (3, 4) "
        "ON CONFLICT (issuer, serial) DO UPDATE SET reason = excluded.reason, at = excluded.at), "
        "d AS (DELETE FROM cmpd.revocations r USING w WHERE w.status NOT IN (3, 4) AND r.issuer = w.issuer "
        "AND r.serial = w.serial) "
        "SELECT cmpd.require((SELECT count(*) FROM u JOIN cmpd.certificates c ON c.issuer = u.issuer "
        "AND c.serial = u.serial LEFT JOIN w ON w.issuer = u.issuer AND w.serial = u.serial "
        "WHERE u.required = 0 OR w.serial IS NOT NULL) = cardinality($1))",
    [SQL_SECRET_PUT] =
        "INSERT INTO cmpd.secrets (issuer, reference, profile, sealed, seal_key_id, reusable, expires, "
        "bound_to) "
        "VALUES ($1::bytea, $2::bytea, $3::text, $4::bytea, $5::bytea, $6::bigint <> 0, $7::bigint, "
        "$8::bytea) "
        "ON CONFLICT (issuer, reference) DO UPDATE SET profile = excluded.profile, sealed = excluded.sealed, "
        "seal_key_id = excluded.seal_key_id, reusable = excluded.reusable, expires = excluded.expires, "
        "bound_to = excluded.bound_to",
    /* $1 now, $2 the gap after which nobody served. Deadlines that had passed while a node still served stay
     * as they are: their certConf could have come. They are locked in the order in which certConfs are
     * stored. Answers with how many were put off, and by how much. */
    [SQL_ALIVE] =
        "WITH before AS (SELECT seen_at FROM cmpd.service WHERE id = 1 FOR UPDATE), "
        "l AS MATERIALIZED (SELECT t.issuer, t.transaction_id FROM before b, cmpd.transactions t "
        "WHERE t.state = 1 AND b.seen_at <> 0 AND $1::bigint - b.seen_at > $2::bigint "
        "AND t.deadline > b.seen_at ORDER BY t.issuer, t.transaction_id FOR UPDATE OF t), "
        "w AS (UPDATE cmpd.transactions t SET deadline = t.deadline + $1 - b.seen_at FROM before b, l "
        "WHERE t.issuer = l.issuer AND t.transaction_id = l.transaction_id AND t.state = 1 RETURNING 1), "
        "s AS (UPDATE cmpd.service SET seen_at = $1 FROM before b WHERE b.seen_at < $1) "
        "SELECT (SELECT count(*) FROM w), $1 - seen_at FROM before",
    /* Others are told when what it says has changed. */
    [SQL_NODE] =
        "WITH before AS (SELECT config, version FROM cmpd.nodes WHERE node = $1::text), "
        "w AS (INSERT INTO cmpd.nodes (node, version, config, seen_at) "
        "VALUES ($1, $2::text, $3::text, $4::bigint) ON CONFLICT (node) DO UPDATE SET version = "
        "excluded.version, "
        "config = excluded.config, seen_at = excluded.seen_at RETURNING 1) "
        "SELECT pg_notify('cmpd_nodes', $1) FROM w WHERE NOT EXISTS (SELECT 1 FROM before WHERE config = $3 "
        "AND version = $2)",
    [SQL_NODES] = "SELECT node, version, config, seen_at FROM cmpd.nodes WHERE seen_at >= $1::bigint "
                  "ORDER BY node LIMIT $2::bigint",
    [SQL_AUDIT] = "INSERT INTO cmpd.audit (chain, seq, at, node, previous, hash, records) "
                  "VALUES ($1::bytea, $2::bigint, $3::bigint, $4::text, $5::bytea, $6::bytea, $7::text)",
    /* Takes the number of an entry whose fate is not known, and answers with the hash of what has it. A row
     * that came while this waited for it is not seen: then there is no answer, and it is asked again. */
    [SQL_SETTLE] = "WITH w AS (INSERT INTO cmpd.audit (chain, seq, at, node, previous, hash, records) "
                   "VALUES ($1::bytea, $2::bigint, $3::bigint, $4::text, $5::bytea, $6::bytea, $7::text) "
                   "ON CONFLICT DO NOTHING RETURNING hash) SELECT hash FROM w UNION ALL "
                   "SELECT hash FROM cmpd.audit WHERE chain = $1 AND seq = $2 AND at = $3",
    [SQL_SEAL] =
        "INSERT INTO cmpd.audit_seals (instance, number, at, node, text, signature) VALUES ($1::bytea, "
        "$2::bigint, $3::bigint, $4::text, $5::text, $6::bytea) ON CONFLICT DO NOTHING",
    /* $1 issuers, $2 keys, $3 the time. The rows are locked in the order of their keys. */
    [SQL_TX_REMOVE] =
        "WITH d AS (DELETE FROM cmpd.transactions t USING " KEYS " WHERE t.issuer = k.issuer "
        "AND t.transaction_id = k.key AND t.created_at < $3::bigint AND t.state <> 1 RETURNING 1) "
        "SELECT cmpd.require((SELECT count(*) FROM d) = cardinality($2))",
    [SQL_CERT_REMOVE] =
        "WITH c AS MATERIALIZED (SELECT c.issuer, c.serial, c.spki_hash, c.transaction_id FROM " KEYS
        " JOIN cmpd.certificates c ON c.issuer = k.issuer AND c.serial = k.key "
        "WHERE c.not_after < $3::bigint AND c.status <> 1 FOR UPDATE OF c), "
        "t AS (DELETE FROM cmpd.transactions t USING c WHERE t.issuer = c.issuer "
        "AND t.transaction_id = c.transaction_id RETURNING t.state), "
        "p AS (DELETE FROM cmpd.public_keys p USING c WHERE p.issuer = c.issuer "
        "AND p.spki_hash = c.spki_hash AND p.serial = c.serial), "
        "r AS (DELETE FROM cmpd.revocations r USING c WHERE r.issuer = c.issuer AND r.serial = c.serial), "
        "d AS (DELETE FROM cmpd.certificates d USING c WHERE d.issuer = c.issuer AND d.serial = c.serial "
        "RETURNING 1) "
        "SELECT cmpd.require((SELECT count(*) FROM d) = cardinality($2) "
        "AND NOT EXISTS (SELECT 1 FROM t WHERE state = 1))",
};

const char *const postgres_type_names[TYPE_COUNT] = {
    [TYPE_TRANSACTION] = "cmpd.transaction_1",
    [TYPE_CERTIFICATE] = "cmpd.certificate_1",
    [TYPE_CHANGE] = "cmpd.change_1",
    [TYPE_BINDING] = "cmpd.binding_1",
};
