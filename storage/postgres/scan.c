/* scan.c: whole tables, for tools: over a connection of their own, from one point in time, a page at a time.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "server/base/log.h"

enum { PAGE_ARENA = 64 * 1024 * 1024 }; /* bounds one page */

/* take copies row |row| of |result| into |arena| and hands it to the caller's function. Returns what that
 * returned, or -1 when the row could not be read. */
typedef int take_row(const void *scan, const PGresult *result, int row, struct arena *arena);

/* |query| may use $1, the issuer. */
static int scan(const struct postgres_store *store, char *fault, const char *query, struct bytes issuer,
                take_row *take, const void *arg)
{
    char declare[1024], fetch[64];
    PGconn *conn = postgres_connect(fault, store->target, store->name, NULL);
    if (conn == NULL)
        return 0;
    const char *values[] = {issuer.len > 0 ? (const char *)issuer.data : ""};
    int lengths[] = {(int)issuer.len}, formats[] = {1}, going = 1;
    snprintf(declare, sizeof(declare), "DECLARE page BINARY CURSOR FOR %s", query);
    snprintf(fetch, sizeof(fetch), "FETCH %d FROM page", POSTGRES_PAGE_ROWS);
    /* What reads the output may take its time, and sorting a large table does: limits are for nodes. */
    PGresult *result = PQexec(conn, "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0; "
                                    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    int failed = postgres_failed(fault, conn, result, "beginning to read");
    PQclear(result);
    if (!failed) {
        result = PQexecParams(conn, declare, strstr(query, "$1") != NULL, NULL, values, lengths, formats, 1);
        failed = postgres_failed(fault, conn, result, "beginning to read");
        PQclear(result);
    }
    while (!failed && going > 0) {
        struct arena *arena = arena_new(PAGE_ARENA);
        result = PQexecParams(conn, fetch, 0, NULL, NULL, NULL, NULL, 1);
        failed = postgres_failed(fault, conn, result, "reading");
        int rows = failed ? 0 : PQntuples(result);
        for (int row = 0; row < rows && going > 0; row++)
            going = arena != NULL ? take(arg, result, row, arena) : -1;
        PQclear(result);
        arena_free(arena);
        if (rows == 0)
            break;
    }
    if (going < 0) {
        store_fault(fault, "a page of rows does not fit into memory");
        failed = 1;
    }
    PQfinish(conn);
    return !failed;
}

struct each {
    int (*cert)(void *arg, const struct store_cert *cert);
    int (*entry)(void *arg, const struct store_entry *entry);
    int (*seal)(void *arg, const struct store_seal *seal);
    void *arg;
};

static int take_cert(const void *arg, const PGresult *result, int row, struct arena *arena)
{
    const struct each *each = arg;
    struct store_cert cert;
    return rows_cert(&cert, result, row, 0, arena) ? each->cert(each->arg, &cert) != 0 : -1;
}

int postgres_each_cert(struct store *store, char *fault, struct bytes issuer,
                       int (*each)(void *arg, const struct store_cert *cert), void *arg)
{
    return scan(
        (struct postgres_store *)store, fault,
        "SELECT serial, status, reason, issued_at, not_before, not_after, revoked_at, subject, "
        "subject_text, spki_hash, cert_hash, transaction_id, profile, certificate FROM cmpd.certificates "
        "WHERE length($1::bytea) = 0 OR issuer = $1 ORDER BY issuer, serial",
        issuer, take_cert, &(struct each){.cert = each, .arg = arg});
}

static struct bytes octets(const PGresult *result, int row, int column)
{
    return bytes_of(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

static int take_entry(const void *arg, const PGresult *result, int row, struct arena *arena)
{
    const struct each *each = arg;
    struct store_entry entry = {.seq = rows_number(result, row, 1),
                                .at = rows_number(result, row, 2),
                                .node = octets(result, row, 3),
                                .records = octets(result, row, 6)};
    (void)arena;
    if (PQgetlength(result, row, 0) != STORE_CHAIN_ID || PQgetlength(result, row, 4) != STORE_HASH ||
        PQgetlength(result, row, 5) != STORE_HASH)
        return -1;
    memcpy(entry.chain, PQgetvalue(result, row, 0), STORE_CHAIN_ID);
    memcpy(entry.previous, PQgetvalue(result, row, 4), STORE_HASH);
    memcpy(entry.hash, PQgetvalue(result, row, 5), STORE_HASH);
    return each->entry(each->arg, &entry) != 0;
}

int postgres_each_entry(struct store *store, char *fault,
                        int (*each)(void *arg, const struct store_entry *entry), void *arg)
{
    return scan(
        (struct postgres_store *)store, fault,
        "SELECT chain, seq, at, node, previous, hash, records FROM cmpd.audit ORDER BY chain, seq, at",
        bytes_of(NULL, 0), take_entry, &(struct each){.entry = each, .arg = arg});
}

static int take_seal(const void *arg, const PGresult *result, int row, struct arena *arena)
{
    const struct each *each = arg;
    struct store_seal seal = {.number = rows_number(result, row, 1),
                              .at = rows_number(result, row, 2),
                              .node = octets(result, row, 3),
                              .text = octets(result, row, 4),
                              .signature = octets(result, row, 5)};
    (void)arena;
    if (PQgetlength(result, row, 0) != STORE_INSTANCE)
        return -1;
    memcpy(seal.instance, PQgetvalue(result, row, 0), STORE_INSTANCE);
    return each->seal(each->arg, &seal) != 0;
}

int postgres_each_seal(struct store *store, char *fault,
                       int (*each)(void *arg, const struct store_seal *seal), void *arg)
{
    return scan(
        (struct postgres_store *)store, fault,
        "SELECT instance, number, at, node, text, signature FROM cmpd.audit_seals ORDER BY instance, number",
        bytes_of(NULL, 0), take_seal, &(struct each){.seal = each, .arg = arg});
}
