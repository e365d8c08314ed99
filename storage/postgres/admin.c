/* admin.c: what an operator asks of the store in PostgreSQL (storage/admin.h): the database's own catalogs,
 * and whole tables, row by row, over a connection of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "internal.h"

enum { TEXT_MAX = 512, FACTS_MAX = 12, NAME_MAX_TEXT = 64 };

static PGconn *connect_to(char *fault, const char *url)
{
    PQconninfoOption *target = postgres_target(fault, url);
    PGconn *conn = target != NULL ? postgres_connect(fault, target, "cmpctl db", NULL) : NULL;
    PQconninfoFree(target);
    return conn;
}

/* row_found is called for each row; returns 0 to end. */
typedef int row_found(const void *arg, const PGresult *result, int row);

/* Row by row, as they come: nothing is kept. Returns 1, or 0 with |fault| written. */
static int each_row(char *fault, PGconn *conn, const char *sql, const char *const *values, int n, int binary,
                    row_found *found, const void *arg)
{
    int ok = PQsendQueryParams(conn, sql, n, NULL, values, NULL, NULL, binary) && PQsetSingleRowMode(conn);
    int going = 1;
    PGresult *result;
    if (!ok)
        store_fault(fault, "the connection was lost");
    while ((result = PQgetResult(conn)) != NULL) {
        ExecStatusType status = PQresultStatus(result);
        if (ok && status != PGRES_SINGLE_TUPLE)
            ok = !postgres_failed(fault, conn, result, "looking at the store");
        for (int row = 0; ok && going && row < PQntuples(result); row++)
            going = found(arg, result, row);
        PQclear(result);
    }
    return ok;
}

static struct bytes text_of(const PGresult *result, int row, int column)
{
    return bytes_of(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

/* ---- status ---- */

#define YEAR_OF(name) "substring(" name " from '_(\\d{4})')::integer"
#define QUARTER_OF(name) "substring(" name " from '_([1-4])$')::integer"

static const struct question {
    const char *what, *sql;
} questions[] = {
    {"table",
     "SELECT c.relname AS name, (SELECT sum(greatest(p.reltuples, 0))::bigint FROM "
     "pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid WHERE t.isleaf) AS rows, "
     "(SELECT sum(pg_total_relation_size(t.relid))::bigint FROM pg_partition_tree(c.oid) t) AS octets "
     "FROM pg_class c WHERE c.relnamespace = 'cmpd'::regnamespace AND c.relkind = 'p' UNION ALL "
     "SELECT relname, greatest(reltuples, 0)::bigint, pg_total_relation_size(oid) FROM pg_class "
     "WHERE relnamespace = 'cmpd'::regnamespace AND relkind = 'r' AND NOT relispartition ORDER BY 1"},
    {"partition", "SELECT p.relname AS name, greatest(p.reltuples, 0)::bigint AS rows, "
                  "pg_total_relation_size(p.oid) AS octets FROM pg_inherits i JOIN pg_class p ON p.oid = "
                  "i.inhrelid WHERE i.inhparent IN ('cmpd.certificates'::regclass, 'cmpd.audit'::regclass) "
                  "ORDER BY 1"},
    {"partitions until",
     "SELECT 'certificates' AS name, make_date(max(" YEAR_OF(
         "relname") ") + 1, 1, 1)::text AS until "
                    "FROM pg_class WHERE relnamespace = 'cmpd'::regnamespace AND relname ~ "
                    "'^certificates_\\d{4}$' "
                    "AND relkind = 'r' UNION ALL SELECT 'audit', (max(make_date(" YEAR_OF(
                        "relname") ", 3 * " QUARTER_OF("relname") " - 2, 1)) + interval '3 "
                                                                  "months')::date::text FROM pg_class WHERE "
                                                                  "relnamespace = "
                                                                  "'cmpd'::regnamespace AND relname ~ "
                                                                  "'^audit_\\d{4}_[1-4]$' AND relkind = 'r'"},
    {"node", "SELECT name, version, config AS configuration, extract(epoch from now())::bigint - "
             "seen_at AS seen_seconds FROM cmpd.nodes ORDER BY name"},
    {"replica", "SELECT application_name AS name, client_addr::text AS address, state, sync_state, "
                "extract(epoch from replay_lag)::bigint AS lag_seconds FROM pg_stat_replication ORDER BY 1"},
    /* Who has roles of his own finds those of roles.sql missing, and knows why. */
    {"missing",
     "SELECT 'role' AS kind, name, '" POSTGRES_ROLES
     "' AS command FROM unnest(array['cmpd_owner', 'cmpd_node', "
     "'cmpd_audit']) name WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) UNION ALL "
     "SELECT 'grant', 'select on cmpd.' || relname || ' to ' || rolname, '" POSTGRES_ROLES "' FROM pg_roles, "
     "pg_class WHERE rolname IN ('cmpd_node', 'cmpd_audit') AND relnamespace = 'cmpd'::regnamespace AND "
     "relkind "
     "IN ('r', 'p') AND NOT relispartition AND NOT (rolname = 'cmpd_audit' AND relname = 'secrets') AND NOT "
     "(has_schema_privilege(rolname, relnamespace, 'USAGE') AND has_table_privilege(rolname, pg_class.oid, "
     "'SELECT')) UNION ALL "
     "SELECT 'grant', 'pg_read_all_stats to ' || current_user || ', to see the replicas', 'grant "
     "pg_read_all_stats to ' || quote_ident(current_user) WHERE NOT pg_has_role('pg_read_all_stats', "
     "'USAGE') "
     "AND EXISTS (SELECT FROM pg_stat_replication) ORDER BY 1, 2"},
};
enum { QUESTIONS = sizeof questions / sizeof questions[0] };

struct saying {
    store_say *say;
    void *arg;
    const char *what;
};

static int is_number(Oid type)
{
    enum { INT8 = 20, INT2 = 21, INT4 = 23 };
    return type == INT8 || type == INT2 || type == INT4;
}

static int say_row(const void *arg, const PGresult *result, int row)
{
    const struct saying *saying = arg;
    struct store_fact facts[FACTS_MAX];
    int n = PQnfields(result);
    for (int i = 0; i < n; i++)
        facts[i] =
            (struct store_fact){.name = PQfname(result, i),
                                .value = text_of(result, row, i),
                                .is_number = is_number(PQftype(result, i)) && !PQgetisnull(result, row, i)};
    saying->say(saying->arg, saying->what, facts, (size_t)n);
    return 1;
}

int postgres_status(char *fault, const char *url, store_say *say, void *arg)
{
    struct saying saying = {say, arg, "store"};
    char known[NAME_MAX_TEXT], needed[NAME_MAX_TEXT], level[NAME_MAX_TEXT];
    const char *values[] = {known, needed, level};
    PGconn *conn = connect_to(fault, url);
    if (conn == NULL)
        return 0;
    snprintf(known, sizeof known, "%d", POSTGRES_SCHEMA_VERSION);
    snprintf(needed, sizeof needed, "%d", POSTGRES_SCHEMA_NEEDED);
    snprintf(level, sizeof level, "%d", POSTGRES_NODE_LEVEL);
    int ok =
        each_row(fault, conn,
                 "SELECT 'PostgreSQL ' || current_setting('server_version') AS kind, version AS schema, "
                 "$1::integer AS schema_known, $2::integer AS schema_needed, oldest_node AS "
                 "oldest_node_level, $3::integer AS node_level, current_setting('synchronous_commit') AS "
                 "synchronous_commit, current_setting('fsync') AS fsync, pg_is_in_recovery()::text AS "
                 "standby, pg_database_size(current_database()) AS octets FROM cmpd.schema",
                 values, 3, 0, say_row, &saying);
    for (size_t i = 0; ok && i < QUESTIONS; i++) {
        saying.what = questions[i].what;
        ok = each_row(fault, conn, questions[i].sql, NULL, 0, 0, say_row, &saying);
    }
    PQfinish(conn);
    return ok;
}

/* ---- check ---- */

#define RESTORE "restore the database to a point in time before that"
#define MIGRATE "run cmpctl db migrate as the tables' owner"
#define HALF_BLOCKED "is blocked in the list, or for who issues, and not in both"
#define BLOCK "run cmpctl device block or unblock"

/* A row names what is wrong; a second and third column are profile and time of issuance of a certificate
 * whose transaction retention may have taken. */
static const struct check {
    const char *sql, *of, *wrong, *remedy;
} checks[] = {
    {"SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relnamespace = "
     "'cmpd'::regnamespace AND NOT indisvalid",
     "index", "is not valid", "make it again with REINDEX INDEX CONCURRENTLY"},
    {"SELECT 'cmpd.certificates_' || year FROM generate_series(extract(year from now() AT TIME ZONE "
     "'UTC')::integer, extract(year from now() AT TIME ZONE 'UTC')::integer + 1) year WHERE "
     "to_regclass('cmpd.certificates_' || year) IS NULL UNION ALL SELECT 'cmpd.audit_' || to_char(quarter, "
     "'YYYY_Q') FROM generate_series(date_trunc('quarter', now() AT TIME ZONE 'UTC'), now() AT TIME ZONE "
     "'UTC' + interval '1 year', interval '3 months') quarter WHERE to_regclass('cmpd.audit_' || "
     "to_char(quarter, 'YYYY_Q')) IS NULL",
     "partition", "is missing", MIGRATE},
    {"SELECT 'cmpd.certificates_later' WHERE EXISTS (SELECT FROM cmpd.certificates_later) UNION ALL "
     "SELECT 'cmpd.audit_later' WHERE EXISTS (SELECT FROM cmpd.audit_later)",
     "default partition", "has rows, which have no partition of their own",
     MIGRATE ", which moves those of the years around this one; of others the node's clock was wrong"},
    {"SELECT encode(c.serial, 'hex'), c.profile, c.issued_at FROM cmpd.certificates c WHERE "
     "c.transaction_id <> '' AND NOT EXISTS (SELECT "
     "FROM cmpd.transactions t WHERE t.issuer = c.issuer AND t.transaction_id = c.transaction_id)",
     "certificate", "has no transaction", RESTORE},
    {"SELECT encode(t.transaction_id, 'hex') FROM cmpd.transactions t WHERE t.serial <> '' AND t.body <> 11 "
     "AND "
     "NOT EXISTS (SELECT FROM cmpd.certificates c WHERE c.issuer = t.issuer AND c.serial = t.serial AND "
     "c.transaction_id = t.transaction_id)",
     "transaction", "has lost its certificate", RESTORE},
    {"SELECT encode(c.serial, 'hex') FROM cmpd.certificates c WHERE c.status IN (3, 4) AND NOT EXISTS "
     "(SELECT "
     "FROM cmpd.revocations r WHERE r.issuer = c.issuer AND r.serial = c.serial AND r.status = c.status "
     "AND r.reason = c.reason AND r.at = c.revoked_at)",
     "certificate", "is revoked or held, and not listed so", RESTORE},
    {"SELECT encode(r.serial, 'hex') FROM cmpd.revocations r WHERE NOT EXISTS (SELECT FROM cmpd.certificates "
     "c "
     "WHERE c.issuer = r.issuer AND c.serial = r.serial AND c.status = r.status)",
     "certificate", "is listed as revoked, and is not", RESTORE},
    {"SELECT encode(r.serial, 'hex') FROM cmpd.revocations r JOIN cmpd.certificates c USING (issuer, serial) "
     "WHERE r.shard <> c.shard",
     "certificate", "is listed in another shard than its own", RESTORE},
    {"SELECT encode(r.serial, 'hex') FROM cmpd.revocations r WHERE r.position > coalesce((SELECT last FROM "
     "cmpd.positions p WHERE p.issuer = r.issuer), 0)",
     "certificate", "is listed behind the last position", RESTORE},
    {"SELECT d.vendor || ' ' || d.identity FROM cmpd.devices d WHERE (d.state = 2) <> EXISTS (SELECT FROM "
     "cmpd.blocked_keys b WHERE b.spki_hash = d.device)",
     "device", HALF_BLOCKED, BLOCK},
    {"SELECT encode(c.serial, 'hex') FROM cmpd.certificates c WHERE NOT EXISTS (SELECT FROM cmpd.public_keys "
     "p "
     "WHERE p.issuer = c.issuer AND p.spki_hash = c.spki_hash AND p.serial = c.serial)",
     "certificate", "has no row for its public key",
     "as the owner: INSERT INTO cmpd.public_keys SELECT issuer, spki_hash, serial FROM cmpd.certificates ON "
     "CONFLICT DO NOTHING"},
    {"SELECT encode(p.serial, 'hex') FROM cmpd.public_keys p WHERE NOT EXISTS (SELECT FROM cmpd.certificates "
     "c "
     "WHERE c.issuer = p.issuer AND c.serial = p.serial AND c.spki_hash = p.spki_hash)",
     "public key of certificate", "is listed, and there is no such certificate", RESTORE},
};
enum { CHECKS = sizeof checks / sizeof checks[0] };

struct checking {
    const struct store_check *check;
    const struct check *one;
};

static int tell_row(const void *arg, const PGresult *result, int row)
{
    enum { WHAT, PROFILE, ISSUED_AT };
    const struct checking *checking = arg;
    const struct check *one = checking->one;
    char text[TEXT_MAX];
    if (PQnfields(result) > ISSUED_AT &&
        checking->check->may_lack_tx(checking->check->arg, text_of(result, row, PROFILE),
                                     strtoll(PQgetvalue(result, row, ISSUED_AT), NULL, 10)))
        return 1;
    snprintf(text, sizeof text, "%s %s %s: %s", one->of, PQgetvalue(result, row, WHAT), one->wrong,
             one->remedy);
    checking->check->found(checking->check->arg, text);
    return 1;
}

static void tell(const struct store_check *check, const char *what, const char *why)
{
    char text[TEXT_MAX + STORE_FAULT_MAX];
    snprintf(text, sizeof text, "%s: %s", what, why);
    check->found(check->arg, text);
}

/* Whether all that a node executes would find its tables, columns and functions. */
static int check_statements(PGconn *conn, const struct store_check *check)
{
    char text[TEXT_MAX];
    int well = 1;
    for (int i = 0; i < SQL_COUNT; i++) {
        struct sql sql;
        postgres_text_of(&sql, (enum postgres_statement)i);
        PGresult *result = PQprepare(conn, "", sql.text, 0, NULL);
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            tell(check, "a statement of the nodes cannot be executed, restore the database's schema",
                 postgres_text(text, sizeof text, PQerrorMessage(conn)));
            well = 0;
        }
        PQclear(result);
    }
    return well;
}

/* By hand: what no descriptor names. */
static const char *const other_names[] = {
    "certificates_later",   "transactions_0",     "transactions_1",   "transactions_2",
    "transactions_3",       "public_keys",        "public_keys_0",    "public_keys_1",
    "public_keys_2",        "public_keys_3",      "public_keys_pkey", "transactions_deadline",
    "revocations_position", "positions",          "positions_pkey",   "leases",
    "leases_pkey",          "audit_later",        "service",          "service_pkey",
    "certificates_ending",  "certificates_key_id"};

static void ask_for_missing(struct sql *out)
{
    sql_put(out, "SELECT 'cmpd.' || name FROM (VALUES ('%s')", other_names[0]);
    for (size_t i = 1; i < sizeof other_names / sizeof other_names[0]; i++)
        sql_put(out, ", ('%s')", other_names[i]);
    for (int i = 0; i < STORE_KINDS; i++)
        sql_put(out, ", ('%s'), ('%s_pkey')", store_tables[i].name, store_tables[i].name);
    sql_put(out, ") v (name) WHERE to_regclass('cmpd.' || name) IS NULL ORDER BY name");
}

static int check_version(char *fault, PGconn *conn, const struct store_check *check)
{
    struct postgres_schema schema;
    if (!postgres_schema(fault, conn, &schema))
        return 0;
    if (schema.version < POSTGRES_SCHEMA_VERSION)
        check->found(check->arg, "the schema is older than this program: " MIGRATE);
    if (schema.oldest_node > POSTGRES_NODE_LEVEL)
        check->found(check->arg, "the schema is too new for this program: install the release that the nodes "
                                 "run");
    return 1;
}

/* What is missing makes later checks fail, and that is a finding, too. */
static int check_rows(char *fault, PGconn *conn, const struct store_check *check, const struct check *one)
{
    char why[STORE_FAULT_MAX] = "";
    if (each_row(why, conn, one->sql, NULL, 0, 0, tell_row, &(struct checking){check, one}))
        return 1;
    if (PQstatus(conn) == CONNECTION_OK) {
        tell(check, "this could not be looked at", why);
        return 1;
    }
    store_fault(fault, "%s", why);
    return 0;
}

int postgres_check(char *fault, const char *url, const struct store_check *check)
{
    PGconn *conn = connect_to(fault, url);
    struct sql sql = {.len = 0};
    if (conn == NULL)
        return 0;
    int ok = postgres_be_owner(fault, conn) && check_version(fault, conn, check);
    if (ok)
        check_statements(conn, check);
    ask_for_missing(&sql);
    ok = ok &&
         check_rows(fault, conn, check, &(struct check){sql.text, "table or index", "is missing", RESTORE});
    for (size_t i = 0; ok && i < CHECKS; i++)
        ok = check_rows(fault, conn, check, &checks[i]);
    PQfinish(conn);
    return ok;
}

/* ---- the audit log ---- */

int64_t postgres_audit_boundary(int64_t before)
{
    enum { QUARTER_MONTHS = 3 };
    time_t seconds = (time_t)(before / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    struct tm begin = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon - tm.tm_mon % QUARTER_MONTHS, .tm_mday = 1};
    return (int64_t)timegm(&begin) * 1000;
}

static PGconn *connect_as_owner(struct store *store, char *fault)
{
    PGconn *conn = postgres_connect(fault, ((struct postgres_store *)store)->target, "cmpctl db", NULL);
    if (conn == NULL || postgres_be_owner(fault, conn))
        return conn;
    PQfinish(conn);
    return NULL;
}

struct heads {
    int (*each)(void *arg, const struct store_head *head);
    void *arg;
};

static int take_head(const void *arg, const PGresult *result, int row)
{
    enum { CHAIN, SEQ, AT, HASH };
    const struct heads *heads = arg;
    struct store_head head = {.seq = rows_number(result, row, SEQ), .at = rows_number(result, row, AT)};
    memcpy(head.chain, PQgetvalue(result, row, CHAIN), sizeof head.chain);
    memcpy(head.hash, PQgetvalue(result, row, HASH), sizeof head.hash);
    return heads->each(heads->arg, &head);
}

/* The lengths of chain and hash are checked by the table. */
int postgres_each_head(struct store *store, char *fault, int64_t before,
                       int (*each)(void *arg, const struct store_head *head), void *arg)
{
    char limit[NAME_MAX_TEXT];
    const char *values[] = {limit};
    PGconn *conn = connect_as_owner(store, fault);
    snprintf(limit, sizeof limit, "%lld", (long long)before);
    int ok =
        conn != NULL && each_row(fault, conn,
                                 "SELECT DISTINCT ON (chain) chain, seq, at, hash FROM cmpd.audit WHERE at "
                                 "< $1::bigint ORDER BY chain, seq DESC",
                                 values, 1, 1, take_head, &(struct heads){each, arg});
    PQfinish(conn);
    return ok;
}

static int ask(char *fault, PGconn *conn, const char *sql, int64_t *number)
{
    PGresult *result = PQexec(conn, sql);
    int ok = !postgres_failed(fault, conn, result, "looking at the tables");
    *number = ok && PQntuples(result) > 0 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return ok;
}

/* struct names is a list of partitions that may go. */
struct names {
    char (*list)[NAME_MAX_TEXT];
    size_t count;
    int failed;
};

static int take_name(const void *arg, const PGresult *result, int row)
{
    struct names *names = *(struct names *const *)arg;
    char(*list)[NAME_MAX_TEXT] = realloc(names->list, (names->count + 1) * sizeof *list);
    names->failed = list == NULL;
    if (list == NULL)
        return 0;
    names->list = list;
    snprintf(list[names->count++], NAME_MAX_TEXT, "%s", PQgetvalue(result, row, 0));
    return 1;
}

static int list_names(char *fault, PGconn *conn, const char *sql, struct names *out)
{
    *out = (struct names){.list = NULL};
    if (!each_row(fault, conn, sql, NULL, 0, 0, take_name, &out))
        return 0;
    if (out->failed)
        store_fault(fault, "out of memory");
    return !out->failed;
}

/* Counted before it is dropped: nothing is written into a former quarter any more. */
static int drop_quarter(char *fault, PGconn *conn, const char *name, uint64_t *entries)
{
    char sql[TEXT_MAX];
    int64_t count;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM cmpd.%s", name);
    if (!ask(fault, conn, sql, &count))
        return 0;
    snprintf(sql, sizeof sql, "DROP TABLE cmpd.%s", name);
    if (!postgres_change(fault, conn, &(const char *){sql}, 1, "dropping a quarter of the audit log"))
        return 0;
    *entries += (uint64_t)count;
    return 1;
}

static int delete_seals(char *fault, PGconn *conn, const struct store_head *seals, size_t count)
{
    int ok = 1;
    for (size_t i = 0; ok && i < count; i++) {
        char number[NAME_MAX_TEXT];
        const char *values[] = {(const char *)seals[i].chain, number};
        const int lengths[] = {STORE_INSTANCE, 0}, formats[] = {1, 0};
        snprintf(number, sizeof number, "%lld", (long long)seals[i].seq);
        PGresult *result = PQexecParams(
            conn, "DELETE FROM cmpd.audit_seals WHERE instance = $1::bytea AND number <= $2::bigint", 2, NULL,
            values, lengths, formats, 0);
        ok = !postgres_failed(fault, conn, result, "deleting seals of the audit log");
        PQclear(result);
    }
    return ok;
}

int postgres_audit_purge(struct store *store, char *fault, int64_t before, const struct store_head *seals,
                         size_t count, uint64_t *entries)
{
    char sql[2 * TEXT_MAX];
    struct names names = {.list = NULL};
    PGconn *conn = connect_as_owner(store, fault);
    if (conn == NULL)
        return 0;
    snprintf(sql, sizeof sql,
             "SELECT relname FROM pg_class WHERE relnamespace = 'cmpd'::regnamespace AND relkind = 'r' AND "
             "relname ~ '^audit_\\d{4}_[1-4]$' AND extract(epoch from make_date(" YEAR_OF(
                 "relname") ", 3 * " QUARTER_OF("relname") " - 2, 1)::timestamp + interval '3 "
                                                           "months')::bigint * 1000 <= %lld "
                                                           "ORDER BY 1",
             (long long)before);
    int ok = list_names(fault, conn, sql, &names);
    for (size_t i = 0; ok && i < names.count; i++)
        ok = drop_quarter(fault, conn, names.list[i], entries);
    free(names.list);
    /* What stands in no quarter. */
    snprintf(sql, sizeof sql,
             "WITH d AS (DELETE FROM cmpd.audit_later WHERE at < %lld RETURNING 1) SELECT "
             "count(*) FROM d",
             (long long)before);
    int64_t more = 0;
    ok = ok && ask(fault, conn, sql, &more) && delete_seals(fault, conn, seals, count);
    *entries += (uint64_t)more;
    PQfinish(conn);
    return ok;
}

/* ---- emptied partitions ---- */

/* Looked at again when nobody can write into it. */
static int drop_if_empty(char *fault, PGconn *conn, const char *name, unsigned *dropped)
{
    char look[TEXT_MAX], sql[TEXT_MAX];
    int64_t is_empty;
    snprintf(look, sizeof look, "SELECT (NOT EXISTS (SELECT FROM cmpd.%s))::integer", name);
    if (!ask(fault, conn, look, &is_empty))
        return 0;
    snprintf(sql, sizeof sql,
             "DO $$ BEGIN LOCK TABLE cmpd.certificates IN ACCESS EXCLUSIVE MODE; "
             "IF NOT EXISTS (SELECT FROM cmpd.%s) THEN DROP TABLE cmpd.%s; END IF; END $$",
             name, name);
    if (is_empty && !postgres_change(fault, conn, &(const char *){sql}, 1, "dropping an empty partition"))
        return 0;
    *dropped += (unsigned)is_empty;
    return 1;
}

/* Of what others own nothing is asked. Last year's stays: `cmpctl db migrate` would make it again. */
int postgres_drop_empty(struct store *store, char *fault, unsigned *dropped)
{
    struct names names = {.list = NULL};
    PGconn *conn = connect_as_owner(store, fault);
    if (conn == NULL)
        return 0;
    int ok = list_names(
        fault, conn,
        "SELECT relname FROM pg_class WHERE relnamespace = 'cmpd'::regnamespace AND relkind = "
        "'r' AND pg_has_role(relowner, 'MEMBER') AND relname ~ '^certificates_\\d{4}$' AND " YEAR_OF(
            "relname") " < extract(year from now() AT TIME ZONE 'UTC') - 1 ORDER BY 1",
        &names);
    for (size_t i = 0; ok && i < names.count; i++)
        ok = drop_if_empty(fault, conn, names.list[i], dropped);
    free(names.list);
    PQfinish(conn);
    return ok;
}
