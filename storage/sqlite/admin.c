/* admin.c: what an operator asks of the embedded store (admin.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { TEXT_MAX = 512, FACTS_MAX = 8, PIECE_IDS = 1000 };

static int failed(char *fault, const char *path, sqlite3 *db, const char *doing)
{
    store_fault(fault, "%s: %s: %s", path, doing, db != NULL ? sqlite3_errmsg(db) : "out of memory");
    return 0;
}

/* Opens what must be there already. */
static sqlite3 *open_store(char *fault, const char *url, char **path)
{
    sqlite3 *db = NULL;
    *path = sqlite_path(url);
    if (*path == NULL)
        return store_fault(fault, "out of memory");
    int ok = sqlite_check_file(fault, *path);
    if (ok && sqlite_open_plain(&db, *path) == SQLITE_OK)
        return db;
    if (ok)
        failed(fault, *path, db, "opening");
    sqlite3_close(db);
    free(*path);
    return NULL;
}

/* row_found is called for each row; returns 0 to end. */
typedef int row_found(const void *arg, sqlite3_stmt *row);

static int each_row(sqlite3 *db, const char *sql, row_found *found, const void *arg)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW && found(arg, statement))
        continue;
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* ---- status ---- */

static void ask_for_rows(struct sql *out)
{
    *out = (struct sql){.len = 0};
    sql_put(out, "SELECT '%s' AS name, count(*) AS rows FROM %s", store_tables[0].name, store_tables[0].name);
    for (int i = 1; i < STORE_KINDS; i++)
        sql_put(out, " UNION ALL SELECT '%s', count(*) FROM %s", store_tables[i].name, store_tables[i].name);
}

static const char ask_for_nodes[] =
    "SELECT name, version, config AS configuration, CAST(strftime('%s', 'now') AS INTEGER) - seen_at AS "
    "seen_seconds FROM nodes ORDER BY name";

struct saying {
    store_say *say;
    void *arg;
    const char *what;
};

static int say_row(const void *arg, sqlite3_stmt *row)
{
    const struct saying *saying = arg;
    struct store_fact facts[FACTS_MAX];
    size_t n = (size_t)sqlite3_column_count(row);
    for (size_t i = 0; i < n; i++)
        facts[i] = (struct store_fact){
            .name = sqlite3_column_name(row, (int)i),
            .value = bytes_of(sqlite3_column_text(row, (int)i), (size_t)sqlite3_column_bytes(row, (int)i)),
            .is_number = sqlite3_column_type(row, (int)i) == SQLITE_INTEGER};
    saying->say(saying->arg, saying->what, facts, n);
    return 1;
}

int sqlite_status(char *fault, const char *url, store_say *say, void *arg)
{
    char *path;
    struct sql sql = {.len = 0};
    sqlite3 *db = open_store(fault, url, &path);
    if (db == NULL)
        return 0;
    struct saying saying = {say, arg, "store"};
    sql_put(&sql,
            "SELECT 'SQLite ' || sqlite_version() AS kind, user_version AS schema, %d AS schema_known, "
            "page_count * page_size AS octets, journal_mode, 'full' AS synchronous "
            "FROM pragma_user_version, pragma_page_count, pragma_page_size, pragma_journal_mode",
            SQLITE_SCHEMA_VERSION);
    int ok = each_row(db, sql.text, say_row, &saying) == SQLITE_OK;
    if (ok && sqlite_version(path) == SQLITE_SCHEMA_VERSION) {
        ask_for_rows(&sql);
        saying.what = "table";
        ok = each_row(db, sql.text, say_row, &saying) == SQLITE_OK;
        saying.what = "node";
        ok = ok && each_row(db, ask_for_nodes, say_row, &saying) == SQLITE_OK;
    }
    if (!ok)
        failed(fault, path, db, "looking at it");
    sqlite3_close(db);
    free(path);
    return ok;
}

/* ---- check ---- */

#define RESTORE "restore the store from a backup of before that"
#define HALF_BLOCKED "is blocked in the list, or for who issues, and not in both"
#define BLOCK "run cmpctl device block or unblock"

/* A row names what is wrong; a second and third column are profile and time of issuance of a certificate
 * whose transaction retention may have taken. */
static const struct check {
    const char *sql, *of, *wrong, *remedy;
} checks[] = {
    {"SELECT lower(hex(serial)), profile, issued_at FROM certificates c WHERE "
     "length(transaction_id) > 0 AND NOT EXISTS (SELECT 1 FROM "
     "transactions t WHERE t.issuer = c.issuer AND t.transaction_id = c.transaction_id)",
     "certificate", "has no transaction", RESTORE},
    {"SELECT lower(hex(transaction_id)) FROM transactions t WHERE length(serial) > 0 AND body <> 11 AND NOT "
     "EXISTS (SELECT 1 FROM certificates c WHERE c.issuer = t.issuer AND c.serial = t.serial AND "
     "c.transaction_id = t.transaction_id)",
     "transaction", "has lost its certificate", RESTORE},
    {"SELECT lower(hex(serial)) FROM certificates c WHERE status IN (3, 4) AND NOT EXISTS (SELECT 1 FROM "
     "revocations r WHERE r.issuer = c.issuer AND r.serial = c.serial AND r.status = c.status AND r.reason = "
     "c.reason AND r.at = c.revoked_at)",
     "certificate", "is revoked or held, and not listed so", RESTORE},
    {"SELECT lower(hex(serial)) FROM revocations r WHERE NOT EXISTS (SELECT 1 FROM certificates c WHERE "
     "c.issuer = r.issuer AND c.serial = r.serial AND c.status = r.status)",
     "certificate", "is listed as revoked, and is not", RESTORE},
    {"SELECT lower(hex(serial)) FROM revocations r JOIN certificates c USING (issuer, serial) WHERE r.shard "
     "<> "
     "c.shard",
     "certificate", "is listed in another shard than its own", RESTORE},
    {"SELECT lower(hex(serial)) FROM revocations r WHERE position > coalesce((SELECT last FROM positions p "
     "WHERE p.issuer = r.issuer), 0)",
     "certificate", "is listed behind the last position", RESTORE},
    {"SELECT vendor || ' ' || identity FROM devices d WHERE (state = 2) <> EXISTS (SELECT 1 FROM "
     "blocked_keys "
     "b WHERE b.spki_hash = d.device)",
     "device", HALF_BLOCKED, BLOCK},
    {"SELECT column1 FROM (VALUES ('certificates_serial'), ('certificates_ending'), ('certificates_key_id'), "
     "('transactions_key'), ('transactions_deadline'), ('revocations_serial'), ('devices_key'), "
     "('audit_place')) "
     "WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = column1)",
     "index", "is missing", RESTORE},
    {"SELECT integrity_check FROM pragma_integrity_check(20) WHERE integrity_check <> 'ok'",
     "file:", "is damage", RESTORE},
};
enum { CHECKS = sizeof checks / sizeof checks[0] };

struct checking {
    const struct store_check *check;
    const struct check *one;
};

static int tell_row(const void *arg, sqlite3_stmt *row)
{
    enum { WHAT, PROFILE, ISSUED_AT };
    const struct checking *checking = arg;
    const struct check *one = checking->one;
    char text[TEXT_MAX];
    if (sqlite3_column_count(row) > ISSUED_AT &&
        checking->check->may_lack_tx(
            checking->check->arg,
            bytes_of(sqlite3_column_text(row, PROFILE), (size_t)sqlite3_column_bytes(row, PROFILE)),
            sqlite3_column_int64(row, ISSUED_AT)))
        return 1;
    snprintf(text, sizeof text, "%s %s %s: %s", one->of, (const char *)sqlite3_column_text(row, WHAT),
             one->wrong, one->remedy);
    checking->check->found(checking->check->arg, text);
    return 1;
}

/* Every statement is prepared: a table or a column that is missing is found so. */
static int check_schema(const char *path, const struct store_check *check)
{
    char text[TEXT_MAX], why[STORE_FAULT_MAX];
    struct sqlite_conn conn;
    if (!sqlite_identify(why, path)) {
        check->found(check->arg, why);
        return 0;
    }
    if (sqlite_version(path) < SQLITE_SCHEMA_VERSION) {
        check->found(check->arg, "the schema is older than this program: run cmpctl db migrate");
        return 0;
    }
    if (sqlite_connect(&conn, why, path, 1) != SQLITE_OK) {
        snprintf(text, sizeof text, "%.*s", (int)sizeof text - 1, why);
        check->found(check->arg, text);
        return 0;
    }
    sqlite_disconnect(&conn);
    return 1;
}

int sqlite_check(char *fault, const char *url, const struct store_check *check)
{
    char *path;
    sqlite3 *db = open_store(fault, url, &path);
    int ok = 1;
    if (db == NULL)
        return 0;
    int usable = check_schema(path, check);
    for (size_t i = 0; ok && usable && i < CHECKS; i++)
        ok = each_row(db, checks[i].sql, tell_row, &(struct checking){check, &checks[i]}) == SQLITE_OK;
    if (!ok)
        failed(fault, path, db, "looking at it");
    sqlite3_close(db);
    free(path);
    return ok;
}

/* ---- the audit log ---- */

int sqlite_each_head(struct store *store, char *fault, int64_t before,
                     int (*each)(void *arg, const struct store_head *head), void *arg)
{
    /* SQLite takes the other columns from the row that has the largest seq. */
    static const char sql[] = "SELECT chain, max(seq), at, hash FROM audit WHERE at < ?1 GROUP BY chain";
    enum { CHAIN, SEQ, AT, HASH };
    const char *path = ((const struct sqlite_store *)store)->path;
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    int going = 1, rc = sqlite_open_plain(&db, path);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, sql, -1, &row, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(row, 1, before);
    while (rc == SQLITE_OK && going && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct store_head head = {.seq = sqlite3_column_int64(row, SEQ), .at = sqlite3_column_int64(row, AT)};
        rc = SQLITE_OK;
        if (sqlite3_column_bytes(row, CHAIN) != STORE_CHAIN_ID ||
            sqlite3_column_bytes(row, HASH) != STORE_HASH) {
            rc = SQLITE_CORRUPT;
            break;
        }
        memcpy(head.chain, sqlite3_column_blob(row, CHAIN), STORE_CHAIN_ID);
        memcpy(head.hash, sqlite3_column_blob(row, HASH), STORE_HASH);
        going = each(arg, &head);
    }
    sqlite3_finalize(row);
    if (rc != SQLITE_OK && rc != SQLITE_DONE)
        failed(fault, path, db, "reading the audit log");
    sqlite3_close(db);
    return rc == SQLITE_OK || rc == SQLITE_DONE;
}

/* A piece of the table is a commit of its own, so that a node that serves waits for no more than that. */
static int delete_entries(sqlite3 *db, const char *table, int64_t before, uint64_t *entries)
{
    enum { AFTER = 1, TO, BEFORE };
    char last[TEXT_MAX], sql[TEXT_MAX];
    sqlite3_stmt *query = NULL, *statement = NULL;
    int64_t end = 0;
    snprintf(last, sizeof last, "SELECT max(id) FROM %s", table);
    snprintf(sql, sizeof sql, "DELETE FROM %s WHERE id > ?1 AND id <= ?2 AND at < ?3", table);
    int rc = sqlite3_prepare_v2(db, last, -1, &query, NULL);
    if (rc == SQLITE_OK && sqlite3_step(query) == SQLITE_ROW)
        end = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    for (int64_t id = 0; rc == SQLITE_OK && id < end; id += PIECE_IDS) {
        sqlite3_bind_int64(statement, AFTER, id);
        sqlite3_bind_int64(statement, TO, id + PIECE_IDS);
        sqlite3_bind_int64(statement, BEFORE, before);
        rc = sqlite3_step(statement) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
        sqlite3_reset(statement);
        *entries += rc == SQLITE_OK ? (uint64_t)sqlite3_changes(db) : 0;
    }
    sqlite3_finalize(statement);
    return rc;
}

static int delete_seals(sqlite3 *db, const struct store_head *seals, size_t count)
{
    static const char sql[] = "DELETE FROM audit_seals WHERE instance = ?1 AND number <= ?2";
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    for (size_t i = 0; rc == SQLITE_OK && i < count; i++) {
        sqlite_bind(statement, 1, bytes_of(seals[i].chain, STORE_INSTANCE));
        sqlite3_bind_int64(statement, 2, seals[i].seq);
        rc = sqlite3_step(statement) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    return rc;
}

int sqlite_audit_purge(struct store *store, char *fault, int64_t before, const struct store_head *seals,
                       size_t count, uint64_t *entries)
{
    const char *path = ((const struct sqlite_store *)store)->path;
    sqlite3 *db = NULL;
    int rc = sqlite_open_plain(&db, path);
    if (rc == SQLITE_OK)
        rc = delete_entries(db, "audit", before, entries);
    if (rc == SQLITE_OK)
        rc = delete_seals(db, seals, count);
    if (rc != SQLITE_OK)
        failed(fault, path, db, "deleting entries of the audit log");
    sqlite3_close(db);
    return rc == SQLITE_OK;
}
