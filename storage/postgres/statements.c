/* statements.c: what a node executes. Statements are prepared once a connection, and planned once: sessions
 * are told to keep to indexes and nested loops (connect.c), so that the plan is the same for ten rows and for
 * ten million, and rows are locked in the order in which they were sent.
 *
 * Rows come in as arrays, one for each column, look-ups as arrays of keys: so a node names its own columns
 * and no others, and nodes that know more or less of them go on beside it. A statement whose unit must find
 * something calls cmpd.require with what it found.
 *
 * By hand is what is about more than rows of one table: preconditions, revocation, removal, liveness,
 * settling. The rest is made from the tables. */
#include <stdio.h>

#include "internal.h"

/* $1 issuers, $2 keys; k.i counts from 1. */
#define KEYS "unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY k (issuer, key, i)"

/* Octets of a place in the audit log, and of all that a certificate keeps. */
#define PLACE "24"
#define CHANGES_MAX "1536"
_Static_assert(STORE_PLACE == 24 && STORE_CHANGES_MAX * STORE_PLACE == 1536, "as the statement has it");

/* A number for a key, by which who blocks it and who has it certified wait for each other: of a few, so that
 * a large group takes no more locks than a server has. The class keeps it apart from other advisory locks. */
#define BLOCKS                                                                                               \
    "(1668116580, n) FROM (SELECT DISTINCT get_byte(k.key, 0) & 63 AS n FROM " KEYS " ORDER BY n) s"

static const char *const by_hand[SQL_GET] = {
    /* Each statement sees what was committed before it, whatever the database's default is. */
    [SQL_BEGIN] = "BEGIN ISOLATION LEVEL READ COMMITTED",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_PROBE_READ] = "SELECT seen_at FROM cmpd.service WHERE id = 1",
    [SQL_PROBE_WRITE] = "UPDATE cmpd.service SET seen_at = seen_at WHERE id = 1",

    [SQL_KEYS_IN_USE] =
        "SELECT DISTINCT k.i FROM " KEYS
        " JOIN cmpd.public_keys p ON p.issuer = k.issuer AND p.spki_hash = k.key"
        " JOIN cmpd.certificates c ON c.issuer = p.issuer AND c.serial = p.serial WHERE c.status <> 3",

    /* The row that blocks a key may be on its way in another transaction: who writes it takes the key's
     * number for itself, who depends on it shares the number, and looks in a statement of its own, which sees
     * what was committed until then. These locks come before any other: who waits here holds no row that
     * somebody may wait for. */
    [SQL_BLOCKS_SHARE] = "SELECT pg_advisory_xact_lock_shared" BLOCKS,
    [SQL_BLOCKS_TAKE] = "SELECT pg_advisory_xact_lock" BLOCKS,
    [SQL_KEYS_UNBLOCKED] = "SELECT cmpd.require(NOT EXISTS (SELECT 1 FROM " KEYS
                           " JOIN cmpd.blocked_keys b ON b.spki_hash = k.key))",

    /* A secret that may be used again is only looked at: stations that share it do not wait for each other.
     */
    [SQL_BIND] =
        "WITH u AS MATERIALIZED (SELECT unnest($1::bytea[]) AS issuer, unnest($2::bytea[]) AS reference, "
        "unnest($3::bytea[]) AS transaction_id, unnest($4::bigint[]) AS now), "
        "w AS (UPDATE cmpd.secrets s SET bound_to = u.transaction_id FROM u WHERE s.issuer = u.issuer "
        "AND s.reference = u.reference AND NOT s.reusable AND (s.expires = 0 OR s.expires > u.now) "
        "AND s.bound_to = '' RETURNING 1), "
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
    /* Revocation is final, whoever comes later: a certConf that crosses an operator's revocation changes
     * nothing; nor does it lift a hold. */
    [SQL_CHANGE] =
        "WITH u AS MATERIALIZED (SELECT unnest($1::bytea[]) AS issuer, unnest($2::bytea[]) AS serial, "
        "unnest($3::bigint[]) AS at, unnest($4::smallint[]) AS only_from, unnest($5::boolean[]) AS required, "
        "unnest($6::smallint[]) AS status, unnest($7::smallint[]) AS reason, "
        "unnest($8::bigint[]) AS invalidity_at, unnest($9::bytea[]) AS successor, "
        "unnest($10::boolean[]) AS follows, unnest($11::bytea[]) AS former, unnest($12::bytea[]) AS place), "
        "w AS (UPDATE cmpd.certificates c SET status = u.status, "
        "reason = CASE WHEN u.status IN (3, 4) THEN u.reason ELSE 0 END, "
        "revoked_at = CASE WHEN u.status IN (3, 4) THEN u.at ELSE 0 END, "
        "successor = CASE WHEN u.successor = '' THEN c.successor WHEN u.successor = u.serial THEN '' "
        "ELSE u.successor END, "
        /* The first place stays, of the others the last ones. */
        "changes = CASE WHEN length(c.changes) < " CHANGES_MAX " THEN c.changes ELSE "
        "substr(c.changes, 1, " PLACE ") || substr(c.changes, 2 * " PLACE " + 1) END || u.place "
        "FROM u WHERE c.issuer = u.issuer AND c.serial = u.serial AND c.status <> 3 "
        "AND (u.only_from = 0 OR c.status = u.only_from) AND (NOT u.follows OR c.successor = u.former) "
        "RETURNING c.issuer, c.serial, c.status, c.reason, c.revoked_at, c.not_after, c.shard, "
        "u.invalidity_at, "
        "c.status IN (3, 4) OR u.only_from = 4 AS is_listed), "
        "n AS (SELECT issuer, count(*) AS n FROM w WHERE is_listed GROUP BY issuer), "
        "p AS (INSERT INTO cmpd.positions (issuer, last) SELECT issuer, n FROM n ORDER BY issuer "
        "ON CONFLICT (issuer) DO UPDATE SET last = cmpd.positions.last + excluded.last "
        "RETURNING issuer, last), "
        "l AS (INSERT INTO cmpd.revocations (issuer, serial, position, status, reason, at, invalidity_at, "
        "not_after, shard) SELECT w.issuer, w.serial, p.last - n.n + row_number() OVER (PARTITION BY "
        "w.issuer ORDER "
        "BY w.serial), w.status, w.reason, w.revoked_at, w.invalidity_at, w.not_after, w.shard "
        "FROM w JOIN n ON n.issuer = w.issuer JOIN p ON p.issuer = w.issuer WHERE w.is_listed "
        "ON CONFLICT (issuer, serial) DO UPDATE SET position = excluded.position, status = excluded.status, "
        "reason = excluded.reason, at = excluded.at, invalidity_at = excluded.invalidity_at) "
        "SELECT cmpd.require((SELECT count(*) FROM u JOIN cmpd.certificates c ON c.issuer = u.issuer "
        "AND c.serial = u.serial LEFT JOIN w ON w.issuer = u.issuer AND w.serial = u.serial "
        "WHERE NOT u.required OR w.serial IS NOT NULL) = cardinality($1))",
    /* $1 its name, $2 the holder, $3 seconds from now. Nobody else takes it until this is committed. By the
     * clock of the database, which all nodes share. */
    [SQL_LEASE_TAKE] =
        "WITH w AS (INSERT INTO cmpd.leases (name, holder, until) VALUES ($1::text, $2::bytea, "
        "extract(epoch from clock_timestamp()) + $3::bigint) ON CONFLICT (name) DO UPDATE "
        "SET holder = excluded.holder, until = excluded.until WHERE cmpd.leases.holder = excluded.holder "
        "OR cmpd.leases.until <= extract(epoch from clock_timestamp()) "
        "OR cmpd.leases.until > extract(epoch from clock_timestamp()) + 3600 RETURNING 1) "
        "SELECT cmpd.require((SELECT count(*) FROM w) = 1)",
    [SQL_LEASE_HELD] = "WITH w AS (UPDATE cmpd.leases SET until = greatest(until, "
                       "extract(epoch from clock_timestamp()) + $3::bigint) WHERE name = $1::text "
                       "AND holder = $2::bytea AND until > extract(epoch from clock_timestamp()) "
                       "RETURNING 1) SELECT cmpd.require((SELECT count(*) FROM w) = 1)",
    /* $1 now, $2 the gap after which nobody served. Deadlines that had passed while a node still served stay
     * as they are: their certConf could have come. They are locked in the order in which certConfs are
     * stored. Answers with how many were put off, and by how much. */
    [SQL_ALIVE] =
        "WITH before AS (SELECT seen_at FROM cmpd.service WHERE id = 1 FOR UPDATE), "
        "l AS MATERIALIZED (SELECT t.issuer, t.transaction_id FROM before b, cmpd.transactions t "
        "WHERE t.state IN (1, 5) AND b.seen_at <> 0 AND $1::bigint - b.seen_at > $2::bigint "
        "AND t.deadline > b.seen_at ORDER BY t.issuer, t.transaction_id FOR UPDATE OF t), "
        "w AS (UPDATE cmpd.transactions t SET deadline = t.deadline + $1 - b.seen_at FROM before b, l "
        "WHERE t.issuer = l.issuer AND t.transaction_id = l.transaction_id AND t.state IN (1, 5) RETURNING "
        "1), "
        "s AS (UPDATE cmpd.service SET seen_at = $1 FROM before b WHERE b.seen_at < $1) "
        "SELECT (SELECT count(*) FROM w), $1 - seen_at FROM before",
    /* $1 issuers, $2 keys, $3 the time. The rows are locked in the order of their keys. */
    [SQL_TX_REMOVE] =
        "WITH d AS (DELETE FROM cmpd.transactions t USING " KEYS " WHERE t.issuer = k.issuer "
        "AND t.transaction_id = k.key AND t.created_at < $3::bigint AND t.state NOT IN (1, 5) RETURNING 1) "
        "SELECT cmpd.require((SELECT count(*) FROM d) = cardinality($2))",
    [SQL_CERT_REMOVE] =
        "WITH c AS MATERIALIZED (SELECT c.issuer, c.serial, c.spki_hash, c.transaction_id FROM " KEYS
        " JOIN cmpd.certificates c ON c.issuer = k.issuer AND c.serial = k.key "
        "WHERE c.not_after < $3::bigint AND c.status <> 1 FOR UPDATE OF c), "
        "t AS (DELETE FROM cmpd.transactions t USING c WHERE t.issuer = c.issuer "
        "AND t.transaction_id = c.transaction_id AND t.serial = c.serial RETURNING t.state), "
        "p AS (DELETE FROM cmpd.public_keys p USING c WHERE p.issuer = c.issuer "
        "AND p.spki_hash = c.spki_hash AND p.serial = c.serial), "
        "r AS (DELETE FROM cmpd.revocations r USING c WHERE r.issuer = c.issuer AND r.serial = c.serial), "
        "d AS (DELETE FROM cmpd.certificates d USING c WHERE d.issuer = c.issuer AND d.serial = c.serial "
        "RETURNING 1) "
        "SELECT cmpd.require((SELECT count(*) FROM d) = cardinality($2) "
        "AND NOT EXISTS (SELECT 1 FROM t WHERE state IN (1, 5)))",
    [SQL_KEY_UNBLOCK] =
        "WITH d AS (DELETE FROM cmpd.blocked_keys b USING " KEYS " WHERE b.spki_hash = k.key RETURNING 1) "
        "SELECT cmpd.require((SELECT count(*) FROM d) = cardinality($2))",
};

/* What stands around a statement that is made, where writing a row is more than that. */
static const struct around {
    enum store_kind kind;
    enum store_how how;
    const char *before, *after;
} arounds[] = {
    {STORE_TRANSACTIONS, STORE_UPDATE, "WITH w AS (",
     " AND (u.expect_state = 0 OR t.state = u.expect_state)"
     " AND (u.expect_free_at = 0 OR t.free_at BETWEEN 1 AND u.expect_free_at) RETURNING 1) "
     "SELECT cmpd.require((SELECT count(*) FROM w) = cardinality($1))"},
    /* Which certificate has a key, across the years. */
    {STORE_CERTIFICATES, STORE_INSERT, "WITH c AS (",
     " RETURNING issuer, spki_hash, serial) "
     "INSERT INTO cmpd.public_keys (issuer, spki_hash, serial) SELECT issuer, spki_hash, serial FROM c"},
    {STORE_CLAIMS, STORE_SWAP, "WITH w AS (",
     " RETURNING 1) SELECT cmpd.require((SELECT count(*) FROM w) = cardinality($1))"},
    {STORE_CLAIMS, STORE_COUNT, "WITH w AS (",
     " RETURNING 1) SELECT cmpd.require((SELECT count(*) FROM w) = cardinality($1))"},
    /* Others are told when what it says has changed. */
    {STORE_NODES, STORE_PUT,
     "WITH before AS (SELECT name, version, config FROM cmpd.nodes WHERE name = ANY ($1::text[])), w AS (",
     " RETURNING name, version, config) SELECT pg_notify('cmpd_nodes', w.name) FROM w WHERE NOT EXISTS "
     "(SELECT 1 FROM before b WHERE b.name = w.name AND b.version = w.version AND b.config = w.config)"},
};

static const struct around *around(enum store_kind kind, enum store_how how)
{
    static const struct around nothing = {.before = "", .after = ""};
    for (size_t i = 0; i < sizeof arounds / sizeof arounds[0]; i++)
        if (arounds[i].kind == kind && arounds[i].how == how)
            return &arounds[i];
    return &nothing;
}

static const char *type_name(enum store_type type)
{
    static const char *const names[] = {
        [STORE_OCTETS] = "bytea", [STORE_WORDS] = "text",    [STORE_FIXED] = "bytea",
        [STORE_PLACES] = "bytea", [STORE_NUMBER] = "bigint", [STORE_SMALL] = "smallint",
        [STORE_TRUTH] = "boolean"};
    return names[type];
}

int postgres_expects(enum store_kind kind, enum store_how how)
{
    return kind == STORE_TRANSACTIONS && how == STORE_UPDATE;
}

/* The rows as they are sent: $1 their issuers, if they have one, then an array for each column; then, for an
 * update, what is expected of the row. In the list of what is selected, and not behind FROM: there PostgreSQL
 * would store each column by itself before it takes the first row. */
static void put_rows(struct sql *out, enum store_kind kind, enum store_how how)
{
    const struct store_table *table = &store_tables[kind];
    size_t n = 0;
    sql_put(out, "SELECT ");
    if (table->of_issuer)
        sql_put(out, "unnest($%zu::bytea[]) AS issuer", ++n);
    for (size_t i = 0; i < table->count; i++, n++)
        sql_put(out, "%sunnest($%zu::%s[]) AS %s", n != 0 ? ", " : "", n + 1,
                type_name(table->columns[i].type), table->columns[i].name);
    if (postgres_expects(kind, how))
        sql_put(out, ", unnest($%zu::smallint[]) AS expect_state, unnest($%zu::bigint[]) AS expect_free_at",
                n + 1, n + 2);
}

static void put_insert(struct sql *out, enum store_kind kind, enum store_how how)
{
    const struct store_table *table = &store_tables[kind];
    sql_put(out, "INSERT INTO cmpd.%s (", table->name);
    sql_columns(out, table, "", 1);
    sql_put(out, ") ");
    put_rows(out, kind, how);
    if (how == STORE_ONCE)
        sql_put(out, " ON CONFLICT DO NOTHING");
    if (how != STORE_PUT && how != STORE_SWAP && how != STORE_COUNT && how != STORE_NEWER)
        return;
    sql_put(out, " ON CONFLICT (");
    sql_keys(out, table);
    sql_put(out, ") DO UPDATE SET ");
    if (how == STORE_COUNT)
        sql_counts(out, table);
    else
        sql_sets(out, table, "excluded.");
    if (how == STORE_SWAP)
        sql_put(out, " WHERE %s.serial = excluded.former", table->name);
    if (how == STORE_NEWER)
        sql_put(out, " WHERE %s.announced_at <= excluded.announced_at", table->name);
}

static void put_remove(struct sql *out, enum store_kind kind)
{
    const struct store_table *table = &store_tables[kind];
    sql_put(out, "DELETE FROM cmpd.%s t USING (", table->name);
    put_rows(out, kind, STORE_REMOVE);
    sql_put(out, ") u WHERE t.issuer = u.issuer AND t.%s = u.%s", table->columns[0].name,
            table->columns[0].name);
}

static void put_update(struct sql *out, enum store_kind kind)
{
    const struct store_table *table = &store_tables[kind];
    sql_put(out, "UPDATE cmpd.%s t SET ", table->name);
    sql_sets(out, table, "u.");
    sql_put(out, " FROM (");
    put_rows(out, kind, STORE_UPDATE);
    sql_put(out, ") u WHERE ");
    if (table->of_issuer)
        sql_put(out, "t.issuer = u.issuer AND ");
    for (size_t i = 0; i < table->keys; i++)
        sql_put(out, "%st.%s = u.%s", i != 0 ? " AND " : "", table->columns[i].name, table->columns[i].name);
}

static void put_write(struct sql *out, enum store_kind kind, enum store_how how)
{
    if ((store_tables[kind].hows & 1u << how) == 0)
        return;
    sql_put(out, "%s", around(kind, how)->before);
    if (how == STORE_UPDATE)
        put_update(out, kind);
    else if (how == STORE_REMOVE)
        put_remove(out, kind);
    else
        put_insert(out, kind, how);
    sql_put(out, "%s", around(kind, how)->after);
}

/* Takes the number of an entry whose fate is not known, and answers with the hash of what has it. A row that
 * came while this waited for it is not seen: then there is no answer, and it is asked again. */
static void put_settle(struct sql *out)
{
    sql_put(out, "WITH w AS (");
    put_insert(out, STORE_ENTRIES, STORE_ONCE);
    sql_put(out, " RETURNING hash) SELECT hash FROM w UNION ALL SELECT hash FROM cmpd.audit "
                 "WHERE chain = ($1::bytea[])[1] AND seq = ($2::bigint[])[1] AND at = ($3::bigint[])[1]");
}

static void put_get(struct sql *out, const struct store_table *table)
{
    if (!store_has_key(table))
        return;
    sql_put(out, "SELECT k.i, ");
    sql_columns(out, table, "t.", 0);
    sql_put(out, " FROM " KEYS " JOIN cmpd.%s t ON %st.%s = k.key", table->name,
            table->of_issuer ? "t.issuer = k.issuer AND " : "", table->columns[0].name);
}

/* A condition on a column, with the next parameter. */
static void put_where(struct sql *out, const struct store_table *table, const char *column,
                      const char *compare, int *n)
{
    if (column != NULL)
        sql_put(out, "%s%s %s $%d::%s", *n != 0 ? " AND " : "", column, compare, *n + 1,
                type_name(row_column(table, column)->type));
    *n += column != NULL;
}

/* Certificates of a key: which they are, another table knows across the years. */
static void put_of_key(struct sql *out)
{
    sql_put(out, "SELECT ");
    sql_columns(out, &store_tables[STORE_CERTIFICATES], "", 0);
    sql_put(
        out,
        " FROM cmpd.certificates WHERE issuer = $1::bytea AND serial = ANY (ARRAY(SELECT p.serial "
        "FROM cmpd.public_keys p WHERE p.issuer = $1 AND p.spki_hash = $2::bytea AND p.serial > $3::bytea "
        "ORDER BY p.issuer, p.spki_hash, p.serial LIMIT %zu)) ORDER BY issuer, serial",
        store_indexes[STORE_OF_KEY].limit);
}

/* What is not read is a constant in its place, so that rows have one form. */
static void put_found(struct sql *out, const struct store_index_of *index)
{
    const struct store_table *table = &store_tables[index->kind];
    for (size_t i = 0; i < table->count; i++) {
        const struct store_column *column = &table->columns[i];
        if (store_index_reads(index, column))
            sql_put(out, "%s%s", i != 0 ? ", " : "", column->name);
        else
            sql_put(out, "%s'%s'::%s", i != 0 ? ", " : "", row_is_octets(column) ? "" : "0",
                    type_name(column->type));
    }
}

/* $1 the issuer, if there is one, then |of|, the key before, |before|. */
static void put_find(struct sql *out, enum store_index which)
{
    const struct store_index_of *index = &store_indexes[which];
    const struct store_table *table = &store_tables[index->kind];
    int n = 0;
    if (index->limit == 0)
        return;
    if (which == STORE_OF_KEY) {
        put_of_key(out);
        return;
    }
    sql_put(out, "SELECT ");
    put_found(out, index);
    sql_put(out, " FROM cmpd.%s WHERE ", table->name);
    if (table->of_issuer)
        sql_put(out, "issuer = $%d::bytea", ++n);
    put_where(out, table, index->equal, "=", &n);
    if (index->first != NULL) {
        sql_put(out, " AND (%s, %s) > ($%d::bigint, $%d::bytea)", index->first, index->order, n + 2, n + 1);
        n += 2;
    } else {
        put_where(out, table, index->is_paged ? index->order : NULL, ">", &n);
    }
    put_where(out, table, index->below, "<", &n);
    put_where(out, table, index->from, ">=", &n);
    if (index->only != NULL)
        sql_put(out, " AND %s", index->only);
    sql_put(out, " ORDER BY ");
    if (table->of_issuer)
        sql_put(out, "issuer%s, ", index->is_last_first ? " DESC" : "");
    if (index->first != NULL)
        sql_put(out, "%s, ", index->first);
    sql_put(out, "%s%s LIMIT %zu", index->order, index->is_last_first ? " DESC" : "", index->limit);
}

void postgres_text_of(struct sql *out, enum postgres_statement statement)
{
    int which = (int)statement;
    out->len = 0;
    out->text[0] = 0;
    if (statement == SQL_SETTLE)
        put_settle(out);
    else if (which < (int)SQL_GET)
        sql_put(out, "%s", by_hand[which]);
    else if (which < (int)SQL_FIND)
        put_get(out, &store_tables[which - (int)SQL_GET]);
    else if (which < (int)SQL_WRITE)
        put_find(out, (enum store_index)(which - (int)SQL_FIND));
    else
        put_write(out, (enum store_kind)((which - (int)SQL_WRITE) / STORE_HOWS),
                  (enum store_how)((which - (int)SQL_WRITE) % STORE_HOWS));
}

const char *postgres_name(char out[16], enum postgres_statement statement)
{
    snprintf(out, 16, "s%d", (int)statement);
    return out;
}
