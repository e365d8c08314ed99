/* test_postgres_admin.c: what an operator asks of the store in PostgreSQL (storage/postgres/admin.c): each
 * question's rows become facts, findings or heads, and what fails is told. What the database says is the
 * test's. */
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "storage/postgres/internal.h"

enum { QUERIES_MAX = 64, ROWS_MAX = 4 };

/* The answers in their order, each of rows one by one, then an end; and what was asked. */
static struct answer {
    ExecStatusType end;
    int rows, columns;
    Oid type;
    const char *values[ROWS_MAX][4];
    int lengths[4]; /* 0: that of the text */
} answers[QUERIES_MAX];

static struct {
    size_t asked, answered;
    int row, refuses_send, refuses_prepare, is_lost;
    char sql[QUERIES_MAX][4096], parameter[QUERIES_MAX][64];
    unsigned finished;
    int refuses_change, is_owner;
    char changed[1024];
} db;

static PGconn *const the_conn = (PGconn *)&db;

static PGconn *fake_connect(char *fault, const PQconninfoOption *target, const char *name, int *warned)
{
    (void)fault, (void)target, (void)warned;
    cr_assert_str_eq(name, "cmpctl db");
    return the_conn;
}

static void note(const char *sql, const char *parameter)
{
    cr_assert_lt(db.asked, QUERIES_MAX);
    snprintf(db.sql[db.asked], sizeof db.sql[0], "%s", sql);
    snprintf(db.parameter[db.asked++], sizeof db.parameter[0], "%s", parameter != NULL ? parameter : "");
}

static int fake_send(PGconn *conn, const char *sql, int n, const Oid *types, const char *const *values,
                     const int *lengths, const int *formats, int binary)
{
    (void)conn, (void)types, (void)lengths, (void)formats, (void)binary;
    note(sql, n > 0 ? values[0] : NULL);
    db.row = 0;
    db.answered = db.asked - 1;
    return !db.refuses_send;
}

static PGresult *row_of(const struct answer *answer, int row, ExecStatusType status)
{
    PGresAttDesc columns[4];
    PGresult *result = PQmakeEmptyPGresult(NULL, status);
    static char names[4][8] = {"a", "b", "c", "d"};

    for (int i = 0; i < answer->columns; i++)
        columns[i] = (PGresAttDesc){.name = names[i], .typid = answer->type, .typlen = -1, .atttypmod = -1};
    cr_assert(PQsetResultAttrs(result, answer->columns, columns));
    for (int i = 0; i < answer->columns; i++) {
        const char *value = answer->values[row][i];
        int len = value == NULL ? -1 : answer->lengths[i] != 0 ? answer->lengths[i] : (int)strlen(value);
        cr_assert(PQsetvalue(result, 0, i, (char *)(uintptr_t)value, len));
    }
    return result;
}

static PGresult *fake_result(PGconn *conn)
{
    (void)conn;
    struct answer *answer = &answers[db.answered];
    if (db.refuses_send)
        return NULL;
    if (db.row < answer->rows)
        return row_of(answer, db.row++, PGRES_SINGLE_TUPLE);
    if (db.row++ == answer->rows)
        return PQmakeEmptyPGresult(NULL, answer->end);
    return NULL;
}

/* Its answer is one row, or none. */
static PGresult *fake_exec(PGconn *conn, const char *sql)
{
    (void)conn;
    note(sql, NULL);
    const struct answer *answer = &answers[db.asked - 1];
    return answer->rows > 0 ? row_of(answer, 0, answer->end) : PQmakeEmptyPGresult(NULL, answer->end);
}

static PGresult *fake_exec_params(PGconn *conn, const char *sql, int n, const Oid *types,
                                  const char *const *values, const int *lengths, const int *formats,
                                  int binary)
{
    (void)conn, (void)types, (void)binary;
    cr_assert_eq(n, 2);
    cr_assert(lengths[0] == STORE_INSTANCE && formats[0] == 1 && formats[1] == 0);
    note(sql, values[1]);
    return PQmakeEmptyPGresult(NULL, answers[db.asked - 1].end);
}

static int fake_failed(char *fault, PGconn *conn, PGresult *result, const char *doing)
{
    (void)conn;
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return 0;
    snprintf(fault, STORE_FAULT_MAX, "%s: no", doing);
    return 1;
}

static int fake_owner(char *fault, PGconn *conn)
{
    (void)conn;
    if (!db.is_owner)
        snprintf(fault, STORE_FAULT_MAX, "not the owner");
    return db.is_owner;
}

static int fake_change(char *fault, PGconn *conn, const char *const *sql, size_t count, const char *doing)
{
    (void)conn;
    cr_assert_eq(count, 1);
    snprintf(db.changed + strlen(db.changed), sizeof db.changed - strlen(db.changed), "%s\n", sql[0]);
    if (db.refuses_change)
        snprintf(fault, STORE_FAULT_MAX, "%s: no", doing);
    return !db.refuses_change;
}

static PGresult *fake_prepare(PGconn *conn, const char *name, const char *sql, int n, const Oid *types)
{
    (void)conn, (void)types;
    cr_assert(name[0] == 0 && sql != NULL && n == 0);
    return PQmakeEmptyPGresult(NULL, db.refuses_prepare ? PGRES_FATAL_ERROR : PGRES_COMMAND_OK);
}

static struct postgres_schema schema_there;

static int fake_schema(char *fault, PGconn *conn, struct postgres_schema *schema)
{
    (void)fault, (void)conn;
    *schema = schema_there;
    return 1;
}

#define postgres_connect fake_connect
#define postgres_failed fake_failed
#define postgres_be_owner fake_owner
#define postgres_change fake_change
#define postgres_schema(fault, conn, out) fake_schema(fault, conn, out)
#define PQsendQueryParams fake_send
#define PQsetSingleRowMode(conn) 1
#define PQgetResult fake_result
#define PQexec fake_exec
#define PQexecParams fake_exec_params
#define PQprepare fake_prepare
#define PQstatus(conn) (db.is_lost ? CONNECTION_BAD : CONNECTION_OK)
#define PQerrorMessage(conn) "no\n"
#define PQfinish(conn) (db.finished += (conn) != NULL)
/* NOLINTNEXTLINE(bugprone-suspicious-include): its database is the test's */
#include "storage/postgres/admin.c"

static const char url[] = "postgres://h/d";
static char fault[STORE_FAULT_MAX], heard[32768];
static struct postgres_store the_store;

static void set_up(void)
{
    db.is_owner = 1;
    schema_there = (struct postgres_schema){POSTGRES_SCHEMA_VERSION, POSTGRES_NODE_LEVEL};
    for (size_t i = 0; i < QUERIES_MAX; i++)
        answers[i].end = PGRES_TUPLES_OK;
}

TestSuite(postgres_admin, .init = set_up);

/* ---- status ---- */

static void hear_facts(void *arg, const char *what, const struct store_fact *facts, size_t n)
{
    cr_assert_eq(arg, heard);
    snprintf(heard + strlen(heard), 256, "%s:", what);
    for (size_t i = 0; i < n; i++)
        snprintf(heard + strlen(heard), 256, " %s=%.*s%s", facts[i].name, (int)facts[i].value.len,
                 (const char *)facts[i].value.data, facts[i].is_number ? "#" : "");
    strcat(heard, "\n");
}

/* Of the types of pg_type, int8 is 20, int2 21 and int4 23; a NULL is no number. */
Test(postgres_admin, each_row_of_a_status_is_told)
{
    answers[0] =
        (struct answer){.end = PGRES_TUPLES_OK, .rows = 1, .columns = 2, .type = 25, .values = {{"x", "1"}}};
    answers[1] = (struct answer){
        .end = PGRES_TUPLES_OK, .rows = 2, .columns = 1, .type = 20, .values = {{"7"}, {NULL}}};
    answers[2] =
        (struct answer){.end = PGRES_TUPLES_OK, .rows = 1, .columns = 1, .type = 21, .values = {{"2"}}};
    answers[3] =
        (struct answer){.end = PGRES_TUPLES_OK, .rows = 1, .columns = 1, .type = 23, .values = {{"4"}}};
    answers[4] =
        (struct answer){.end = PGRES_TUPLES_OK, .rows = 1, .columns = 1, .type = 22, .values = {{"5"}}};
    answers[5] =
        (struct answer){.end = PGRES_TUPLES_OK, .rows = 1, .columns = 1, .type = 24, .values = {{"6"}}};
    answers[6] =
        (struct answer){.end = PGRES_TUPLES_OK, .rows = 1, .columns = 1, .type = 25, .values = {{"7"}}};
    cr_assert(postgres_status(fault, url, hear_facts, heard), "%s", fault);
    cr_expect_str_eq(heard,
                     "store: a=x b=1\ntable: a=7#\ntable: a=\npartition: a=2#\npartitions until: a=4#\n"
                     "node: a=5\nreplica: a=6\nmissing: a=7\n");
    cr_expect_eq(db.asked, 7);
    cr_expect_eq(atoi(db.parameter[0]), POSTGRES_SCHEMA_VERSION);
    cr_expect_eq(db.finished, 1);
}

Test(postgres_admin, what_cannot_be_asked_is_told)
{
    answers[1].end = PGRES_FATAL_ERROR;
    cr_expect_not(postgres_status(fault, url, hear_facts, heard));
    cr_expect_str_eq(fault, "looking at the store: no");
    cr_expect_eq(db.asked, 2, "and nothing else is asked");
    db.refuses_send = 1;
    cr_expect_not(postgres_status(fault, url, hear_facts, heard));
    cr_expect_str_eq(fault, "the connection was lost");
    cr_expect_eq(db.finished, 2);
}

/* ---- check ---- */

static int64_t lacks_before;

static int may_lack(void *arg, struct bytes profile, int64_t issued_at)
{
    cr_assert_eq(arg, heard);
    return bytes_equal(profile, bytes_str("demo")) && issued_at < lacks_before;
}

static void hear(void *arg, const char *text)
{
    cr_assert_eq(arg, heard);
    snprintf(heard + strlen(heard), 1024, "%s\n", text);
}

static const struct store_check check = {.may_lack_tx = may_lack, .found = hear, .arg = heard};

static const char *checked(void)
{
    heard[0] = 0;
    db.asked = 0;
    cr_expect(postgres_check(fault, url, &check), "%s", fault);
    return heard;
}

/* What is missing, then each check. */
enum { MISSING, FIRST_CHECK, OF_TRANSACTIONS = FIRST_CHECK + 3, ALL_QUESTIONS = FIRST_CHECK + 12 };

Test(postgres_admin, what_is_well_has_no_findings)
{
    cr_expect_str_empty(checked());
    cr_expect_eq(db.asked, ALL_QUESTIONS);
    cr_expect_not_null(strstr(db.sql[MISSING], "('certificates_later'), ('transactions_0')"));
    for (int i = 0; i < STORE_KINDS; i++) {
        char both[128];
        snprintf(both, sizeof both, ", ('%s'), ('%s_pkey')", store_tables[i].name, store_tables[i].name);
        cr_expect_not_null(strstr(db.sql[MISSING], both), "%s", both);
    }
    cr_expect_eq(db.finished, 1);
}

Test(postgres_admin, findings_are_told_with_what_to_do)
{
    answers[MISSING] = answers[FIRST_CHECK] =
        (struct answer){.end = PGRES_TUPLES_OK, .rows = 1, .columns = 1, .type = 25, .values = {{"cmpd.x"}}};
    cr_expect_str_eq(checked(),
                     "table or index cmpd.x is missing: restore the database to a point in time before that\n"
                     "index cmpd.x is not valid: make it again with REINDEX INDEX CONCURRENTLY\n");
    schema_there.version = 0;
    schema_there.oldest_node = POSTGRES_NODE_LEVEL + 1;
    cr_expect_not_null(strstr(checked(), "the schema is older than this program: run cmpctl db migrate"));
    cr_expect_not_null(strstr(heard, "the schema is too new for this program: install the release"));
    schema_there = (struct postgres_schema){POSTGRES_SCHEMA_VERSION, POSTGRES_NODE_LEVEL};
    db.refuses_prepare = 1;
    cr_expect_not_null(strstr(checked(),
                              "a statement of the nodes cannot be executed, restore the database's "
                              "schema: no\n"));
}

Test(postgres_admin, what_retention_may_have_taken_is_no_finding)
{
    answers[OF_TRANSACTIONS] =
        (struct answer){.end = PGRES_TUPLES_OK,
                        .rows = 3,
                        .columns = 3,
                        .type = 25,
                        .values = {{"aa", "demo", "99"}, {"bb", "demo", "100"}, {"cc", "live", "1"}}};
    lacks_before = 100;
    checked();
    cr_expect_null(strstr(heard, "aa"));
    cr_expect_not_null(strstr(heard, "certificate bb has no transaction: restore"), "%s", heard);
    cr_expect_not_null(strstr(heard, "certificate cc has no transaction: restore"), "%s", heard);
}

/* What is missing makes later checks fail, and that is a finding, too; but not that the connection is lost.
 */
Test(postgres_admin, a_check_that_fails_is_a_finding)
{
    answers[FIRST_CHECK].end = PGRES_FATAL_ERROR;
    cr_expect_str_eq(checked(), "this could not be looked at: looking at the store: no\n");
    cr_expect_eq(db.asked, ALL_QUESTIONS);
    db.is_lost = 1;
    db.asked = 0;
    cr_expect_not(postgres_check(fault, url, &check));
    cr_expect_str_eq(fault, "looking at the store: no");
    db.is_owner = 0;
    db.asked = 0;
    cr_expect_not(postgres_check(fault, url, &check));
    cr_expect_str_eq(fault, "not the owner");
    cr_expect_eq(db.asked, 0);
    cr_expect_eq(db.finished, 3);
}

/* ---- the audit log ---- */

/* Whole quarters go: partitions are of that length. */
Test(postgres_admin, the_audit_log_is_cut_at_a_quarter)
{
    /* 2026-01-01, -04-01, -07-01, -10-01 and 2027-01-01, at midnight of UTC */
    static const int64_t quarters[] = {1767225600, 1775001600, 1782864000, 1790812800, 1798761600};

    for (int i = 0; i < 4; i++) {
        cr_expect_eq(postgres_audit_boundary(quarters[i] * 1000), quarters[i] * 1000);
        cr_expect_eq(postgres_audit_boundary(quarters[i + 1] * 1000 - 1), quarters[i] * 1000);
        cr_expect_eq(postgres_audit_boundary(quarters[i] * 1000 + 45LL * 86400 * 1000), quarters[i] * 1000);
    }
}

static struct store_head head_found;

static int find_head(void *arg, const struct store_head *head)
{
    int *left = arg;

    head_found = *head;
    return --*left > 0;
}

Test(postgres_admin, heads_are_found_until_it_is_enough)
{
    static const char chain[STORE_CHAIN_ID + 1] = "0123456789abcdef",
                                             hash[STORE_HASH + 1] = "0123456789abcdef0123456789ABCDEF";
    int left = 2;

    answers[0] = (struct answer){
        .end = PGRES_TUPLES_OK,
        .rows = 3,
        .columns = 4,
        .type = 17,
        .values = {{chain, "\1", "\3", hash}, {chain, "\2", "\4", hash}, {chain, "\5", "\6", hash}}};
    cr_assert(postgres_each_head(&the_store.base, fault, 12345, find_head, &left), "%s", fault);
    cr_expect_eq(left, 0, "the third was not asked for");
    cr_expect_eq(head_found.seq, 2);
    cr_expect_eq(head_found.at, 4);
    cr_expect_eq(memcmp(head_found.chain, chain, STORE_CHAIN_ID), 0);
    cr_expect_eq(memcmp(head_found.hash, hash, STORE_HASH), 0);
    cr_expect_str_eq(db.parameter[0], "12345");
    db.is_owner = 0;
    cr_expect_not(postgres_each_head(&the_store.base, fault, 12345, find_head, &left));
    cr_expect_str_eq(fault, "not the owner");
    cr_expect_eq(db.finished, 2);
}

/* Quarters are counted and dropped; of what stands in none, rows are deleted; then seals. */
static int purge(uint64_t *entries)
{
    static const struct store_head seals[] = {{.seq = 5}, {.seq = 6}};
    static const struct answer rows[] = {
        {.end = PGRES_TUPLES_OK,
         .rows = 2,
         .columns = 1,
         .type = 25,
         .values = {{"audit_2020_1"}, {"audit_2020_2"}}},
        {.end = PGRES_TUPLES_OK, .rows = 1, .columns = 1, .type = 20, .values = {{"10"}}},
        {.end = PGRES_TUPLES_OK, .rows = 1, .columns = 1, .type = 20, .values = {{"20"}}},
        {.end = PGRES_TUPLES_OK, .rows = 1, .columns = 1, .type = 20, .values = {{"3"}}},
    };

    for (size_t i = 0; i < 4; i++)
        if (answers[i].end != PGRES_FATAL_ERROR)
            answers[i] = rows[i];
    db.asked = 0;
    db.changed[0] = 0;
    *entries = 0;
    return postgres_audit_purge(&the_store.base, fault, 12345, seals, 2, entries);
}

Test(postgres_admin, what_an_anchor_tells_of_is_purged)
{
    uint64_t entries;

    cr_assert(purge(&entries), "%s", fault);
    cr_expect_eq(entries, 33);
    cr_expect_str_eq(db.changed, "DROP TABLE cmpd.audit_2020_1\nDROP TABLE cmpd.audit_2020_2\n");
    cr_expect_not_null(strstr(db.sql[0], "<= 12345 "));
    cr_expect_str_eq(db.sql[1], "SELECT count(*) FROM cmpd.audit_2020_1");
    cr_expect_not_null(strstr(db.sql[3], "DELETE FROM cmpd.audit_later WHERE at < 12345 "));
    cr_expect_str_eq(db.parameter[4], "5");
    cr_expect_str_eq(db.parameter[5], "6");
    cr_expect_eq(db.asked, 6);
    cr_expect_eq(db.finished, 1);
}

/* Nothing is done after what failed, and what is gone is counted. */
Test(postgres_admin, a_purge_stops_where_it_fails)
{
    static const uint64_t counted[] = {0, 0, 10, 30, 33, 33};
    uint64_t entries;

    for (size_t i = 0; i < 6; i++) {
        answers[i].end = PGRES_FATAL_ERROR;
        cr_expect_not(purge(&entries), "%zu", i);
        cr_expect_eq(entries, counted[i], "%zu: %d", i, (int)entries);
        cr_expect_eq(db.asked, i + 1, "%zu", i);
        answers[i].end = PGRES_TUPLES_OK;
    }
    db.refuses_change = 1;
    cr_expect_not(purge(&entries));
    cr_expect_str_eq(fault, "dropping a quarter of the audit log: no");
    cr_expect_eq(entries, 0);
}

/* ---- emptied partitions ---- */

Test(postgres_admin, only_what_is_empty_is_dropped)
{
    unsigned dropped = 0;

    answers[0] = (struct answer){.end = PGRES_TUPLES_OK,
                                 .rows = 2,
                                 .columns = 1,
                                 .type = 25,
                                 .values = {{"certificates_2019"}, {"certificates_2020"}}};
    answers[1] =
        (struct answer){.end = PGRES_TUPLES_OK, .rows = 1, .columns = 1, .type = 23, .values = {{"1"}}};
    answers[2] =
        (struct answer){.end = PGRES_TUPLES_OK, .rows = 1, .columns = 1, .type = 23, .values = {{"0"}}};
    cr_assert(postgres_drop_empty(&the_store.base, fault, &dropped), "%s", fault);
    cr_expect_eq(dropped, 1);
    cr_expect_not_null(strstr(db.changed,
                              "IF NOT EXISTS (SELECT FROM cmpd.certificates_2019) THEN DROP TABLE "
                              "cmpd.certificates_2019;"));
    cr_expect_null(strstr(db.changed, "certificates_2020"));
    db.asked = 0;
    db.refuses_change = 1;
    cr_expect_not(postgres_drop_empty(&the_store.base, fault, &dropped));
    cr_expect_str_eq(fault, "dropping an empty partition: no");
    cr_expect_eq(dropped, 1);
    db.asked = 0;
    answers[1].end = PGRES_FATAL_ERROR;
    cr_expect_not(postgres_drop_empty(&the_store.base, fault, &dropped));
    cr_expect_str_eq(fault, "looking at the tables: no");
    cr_expect_eq(db.asked, 2);
    cr_expect_eq(db.finished, 3);
}
