/* statements.c: what the connections of the embedded store execute. By hand is what is about more than a row:
 * preconditions, revocation, removal, liveness. The rest is made from the tables. */
#include "internal.h"

/* Parameters of what concerns a CA count from ?1, the issuer; then the key. */
static const char *const by_hand[SQL_GET] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_BEGIN_READ] = "BEGIN",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT unit",
    [SQL_ROLLBACK_TO] = "ROLLBACK TO unit",
    [SQL_RELEASE] = "RELEASE unit",
    [SQL_PROBE_READ] = "SELECT count FROM probe",
    [SQL_PROBE_WRITE] = "UPDATE probe SET count = count + 1",

    [SQL_TX_STATE] = "SELECT state, free_at FROM transactions WHERE issuer = ?1 AND transaction_id = ?2",
    [SQL_TX_PUT_OFF] =
        "UPDATE transactions SET deadline = deadline + ?2 WHERE state IN (1, 5) AND deadline > ?1",
    [SQL_TX_REMOVABLE] = "SELECT 1 FROM transactions WHERE issuer = ?1 AND transaction_id = ?2 "
                         "AND created_at < ?3 AND state NOT IN (1, 5)",
    [SQL_TX_REMOVE] = "DELETE FROM transactions WHERE issuer = ?1 AND transaction_id = ?2",
    [SQL_SEEN_GET] = "SELECT seen_at FROM service",
    [SQL_SEEN_SET] = "UPDATE service SET seen_at = ?1 WHERE seen_at < ?1",

    [SQL_KEY_BLOCKED] = "SELECT 1 FROM blocked_keys WHERE spki_hash = ?2",
    [SQL_KEY_UNBLOCK] = "DELETE FROM blocked_keys WHERE spki_hash = ?2",

    [SQL_CLAIM_SERIAL] = "SELECT serial FROM claims WHERE issuer = ?1 AND claim = ?2",
    [SQL_CLAIM_COUNT] = "SELECT day, day_count FROM claims WHERE issuer = ?1 AND claim = ?2",

    [SQL_CERT_STATUS] = "SELECT status, successor FROM certificates WHERE issuer = ?1 AND serial = ?2",
    [SQL_CERT_KEY_INDEX] = "CREATE INDEX IF NOT EXISTS certificates_key ON certificates (issuer, spki_hash)",
    /* The status is not in the index: the few rows that share a key are read. */
    [SQL_CERT_KEY] = "SELECT 1 FROM certificates WHERE issuer = ?1 AND spki_hash = ?2 "
                     "AND status <> 3 LIMIT 1",
    [SQL_CERT_CHANGE] =
        "UPDATE certificates SET status = ?3, reason = ?4, revoked_at = ?5, "
        "successor = CASE WHEN length(?6) = 0 THEN successor WHEN ?6 = ?2 THEN x'' ELSE ?6 END, "
        /* The first place stays, of the others the last ones. */
        "changes = CAST(CASE WHEN length(changes) < ?8 THEN changes ELSE "
        "substr(changes, 1, ?9) || substr(changes, 2 * ?9 + 1) END || ?7 AS BLOB) "
        "WHERE issuer = ?1 AND serial = ?2",
    [SQL_CERT_REMOVABLE] =
        "SELECT 1 FROM certificates c WHERE issuer = ?1 AND serial = ?2 AND not_after < ?3 AND status <> 1 "
        "AND NOT EXISTS (SELECT 1 FROM transactions t WHERE t.issuer = c.issuer "
        "AND t.transaction_id = c.transaction_id AND t.serial = c.serial AND t.state = 1)",
    [SQL_CERT_TX_REMOVE] = "DELETE FROM transactions WHERE issuer = ?1 AND serial = ?2 AND transaction_id = "
                           "(SELECT transaction_id FROM certificates WHERE issuer = ?1 AND serial = ?2)",
    [SQL_CERT_REMOVE] = "DELETE FROM certificates WHERE issuer = ?1 AND serial = ?2",

    [SQL_POSITION] = "INSERT INTO positions (issuer, last) VALUES (?1, 1) "
                     "ON CONFLICT (issuer) DO UPDATE SET last = last + 1",
    [SQL_LIST] =
        "INSERT INTO revocations (issuer, serial, position, status, reason, at, invalidity_at, not_after, "
        "shard) SELECT issuer, serial, (SELECT last FROM positions WHERE issuer = ?1), status, reason, "
        "revoked_at, ?3, not_after, shard FROM certificates WHERE issuer = ?1 AND serial = ?2 "
        "ON CONFLICT (issuer, serial) DO UPDATE SET position = excluded.position, "
        "status = excluded.status, reason = excluded.reason, at = excluded.at, "
        "invalidity_at = excluded.invalidity_at",
    [SQL_UNLIST] = "DELETE FROM revocations WHERE issuer = ?1 AND serial = ?2",

    /* By the clock of the machine, which all processes of an embedded store share. */
    [SQL_LEASE_TAKE] = "INSERT INTO leases (name, holder, until) VALUES (?1, ?2, unixepoch() + ?3) "
                       "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until "
                       "WHERE holder = excluded.holder OR until <= unixepoch() OR until > unixepoch() + 3600",
    [SQL_LEASE_HELD] = "UPDATE leases SET until = max(until, unixepoch() + ?3) WHERE name = ?1 AND holder = "
                       "?2 AND until > unixepoch()",

    [SQL_SECRET_STATE] =
        "SELECT reusable, expires, bound_to FROM secrets WHERE issuer = ?1 AND reference = ?2",
    [SQL_SECRET_BIND] = "UPDATE secrets SET bound_to = ?3 WHERE issuer = ?1 AND reference = ?2",

    [SQL_ENTRY_THERE] = "SELECT 1 FROM audit WHERE id = ?1 AND hash = ?2",
};

static void put_get(struct sql *out, const struct store_table *table)
{
    if (!store_has_key(table))
        return;
    sql_put(out, "SELECT ");
    sql_columns(out, table, "", 0);
    sql_put(out, " FROM %s WHERE %s%s = ?2", table->name, table->of_issuer ? "issuer = ?1 AND " : "",
            table->columns[0].name);
}

/* What follows the id ?1, ?2 rows at most, with the id as the last column; of the issuer ?3, if that is not
 * empty. */
static void put_page(struct sql *out, const struct store_table *table)
{
    if (!table->has_ids)
        return;
    sql_put(out, "SELECT ");
    sql_columns(out, table, "", 0);
    sql_put(out, ", id FROM %s WHERE id > ?1%s ORDER BY id LIMIT ?2", table->name,
            table->of_issuer ? " AND (length(?3) = 0 OR issuer = ?3)" : "");
}

/* Adds a condition, if there is one; returns what stands before the next. */
static const char *put_where(struct sql *out, const char *before, const char *what, const char *compare)
{
    if (what == NULL)
        return before;
    sql_put(out, "%s%s%s", before, what, compare);
    return " AND ";
}

/* What is not read is a constant in its place, so that rows have one form. */
static void put_found(struct sql *out, const struct store_index_of *index)
{
    const struct store_table *table = &store_tables[index->kind];
    for (size_t i = 0; i < table->count; i++) {
        const struct store_column *column = &table->columns[i];
        sql_put(out, "%s%s", i != 0 ? ", " : "",
                store_index_reads(index, column) ? column->name
                : row_is_octets(column)          ? "x''"
                                                 : "0");
    }
}

/* ?1 the issuer, ?2 the key before, ?3 |before|, ?4 |of|. Left to itself, SQLite takes an index that begins
 * with the issuer, and reads and sorts every row of it: so one that is meant is named. */
static void put_find(struct sql *out, const struct store_index_of *index)
{
    const struct store_table *table = &store_tables[index->kind];
    const char *and = " WHERE ";
    if (index->limit == 0)
        return;
    sql_put(out, "SELECT ");
    put_found(out, index);
    sql_put(out, " FROM %s", table->name);
    if (index->name != NULL)
        sql_put(out, " INDEXED BY %s", index->name);
    if (table->of_issuer) {
        sql_put(out, "%sissuer = ?1", and);
        and = " AND ";
    }
    and = put_where(out, and, index->only, "");
    and = put_where(out, and, index->equal, " = ?4");
    if (index->first != NULL)
        sql_put(out, "%s(%s, %s) > (?3, ?2)", and, index->first, index->order);
    else
        and = put_where(out, and, index->is_paged ? index->order : NULL, " > ?2");
    and = put_where(out, and, index->below, " < ?3");
    put_where(out, and, index->from, " >= ?3");
    sql_put(out, " ORDER BY %s%s%s%s LIMIT %zu", index->first != NULL ? index->first : "",
            index->first != NULL ? ", " : "", index->order, index->is_last_first ? " DESC" : "",
            index->limit);
}

static void put_update(struct sql *out, const struct store_table *table)
{
    size_t at = table->of_issuer ? 2 : 1; /* of the first column */
    sql_put(out, "UPDATE %s SET ", table->name);
    for (size_t i = table->keys; i < table->count; i++)
        sql_put(out, "%s%s = ?%zu", i != table->keys ? ", " : "", table->columns[i].name, at + i);
    sql_put(out, " WHERE ");
    if (table->of_issuer)
        sql_put(out, "issuer = ?1 AND ");
    for (size_t i = 0; i < table->keys; i++)
        sql_put(out, "%s%s = ?%zu", i != 0 ? " AND " : "", table->columns[i].name, at + i);
}

static void put_write(struct sql *out, const struct store_table *table, enum store_how how)
{
    if ((table->hows & 1u << how) == 0)
        return;
    if (how == STORE_UPDATE) {
        put_update(out, table);
        return;
    }
    if (how == STORE_REMOVE) {
        sql_put(out, "DELETE FROM %s WHERE issuer = ?1 AND %s = ?2", table->name, table->columns[0].name);
        return;
    }
    sql_put(out, "INSERT INTO %s (", table->name);
    sql_columns(out, table, "", 1);
    sql_put(out, ") VALUES (");
    for (size_t i = 1; i <= sql_width(table); i++)
        sql_put(out, "%s?%zu", i != 1 ? ", " : "", i);
    sql_put(out, ")");
    if (how == STORE_INSERT)
        return;
    sql_put(out, " ON CONFLICT (");
    sql_keys(out, table);
    if (how == STORE_ONCE) {
        sql_put(out, ") DO NOTHING");
        return;
    }
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

void sqlite_text(struct sql *out, enum sqlite_statement statement)
{
    int which = (int)statement;
    out->len = 0;
    out->text[0] = 0;
    if (which < (int)SQL_GET)
        sql_put(out, "%s", by_hand[which]);
    else if (which < (int)SQL_PAGE)
        put_get(out, &store_tables[which - (int)SQL_GET]);
    else if (which < (int)SQL_FIND)
        put_page(out, &store_tables[which - (int)SQL_PAGE]);
    else if (which < (int)SQL_WRITE)
        put_find(out, &store_indexes[which - (int)SQL_FIND]);
    else
        put_write(out, &store_tables[(which - (int)SQL_WRITE) / STORE_HOWS],
                  (enum store_how)((which - (int)SQL_WRITE) % STORE_HOWS));
}
