/* test_postgres_faults.c: what an operator is told of what libpq says, and what a session wants of its
 * database (storage/postgres/connect.c). What libpq says is the test's. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "storage/postgres/internal.h"

enum { RESULTS_MAX = 8, COLUMNS_MAX = 3 };

static struct {
    ConnStatusType status;
    const char *message, *sqlstate, *severity, *encoding;
    const char *const *keywords, *const *values; /* of the connection */
    struct {
        ExecStatusType status;
        const char *columns[COLUMNS_MAX]; /* of its one row; NULL: there is no row */
    } results[RESULTS_MAX];
    size_t asked;
    unsigned finished, cleared;
    char sql[RESULTS_MAX][1024];
} libpq;

static PGconn *const the_conn = (PGconn *)&libpq;

static PGconn *fake_connect(const char *const *keywords, const char *const *values, int expand)
{
    static const char *kept[2][100];

    cr_assert_eq(expand, 0, "a name of a database is no URL");
    for (size_t i = 0; i < 100; i++) {
        kept[0][i] = keywords[i];
        kept[1][i] = values[i];
        if (keywords[i] == NULL)
            break;
    }
    libpq.keywords = kept[0];
    libpq.values = kept[1];
    return the_conn;
}

static ConnStatusType fake_status(const PGconn *conn)
{
    (void)conn;
    return libpq.status;
}

static char *fake_message(const PGconn *conn)
{
    (void)conn;
    return (char *)(uintptr_t)libpq.message;
}

static void fake_finish(PGconn *conn)
{
    if (conn == the_conn)
        libpq.finished++;
    else
        PQfinish(conn); /* one that was never to be */
}

static void *fake_receiver(PGconn *conn, PQnoticeReceiver receiver, void *arg)
{
    (void)conn, (void)receiver;
    return arg;
}

static PGresult *fake_exec(PGconn *conn, const char *sql)
{
    cr_assert(conn == the_conn && libpq.asked < RESULTS_MAX);
    snprintf(libpq.sql[libpq.asked], sizeof libpq.sql[0], "%s", sql);
    return (PGresult *)&libpq.results[libpq.asked++];
}

static size_t number_of(const PGresult *result)
{
    for (size_t i = 0; i < RESULTS_MAX; i++)
        if ((const void *)result == (const void *)&libpq.results[i])
            return i;
    return 0;
}

static ExecStatusType fake_result_status(const PGresult *result)
{
    return libpq.results[number_of(result)].status;
}

static char *fake_value(const PGresult *result, int row, int column)
{
    cr_assert_eq(row, 0);
    return (char *)(uintptr_t)libpq.results[number_of(result)].columns[column];
}

static int fake_rows(const PGresult *result)
{
    return libpq.results[number_of(result)].columns[0] != NULL;
}

static char *fake_field(const PGresult *result, int field)
{
    (void)result;
    return (char *)(uintptr_t)(field == PG_DIAG_SEVERITY_NONLOCALIZED ? libpq.severity : libpq.sqlstate);
}

static char *fake_result_message(const PGresult *result)
{
    (void)result;
    return (char *)(uintptr_t)libpq.message;
}

static void fake_clear(PGresult *result)
{
    (void)result;
    libpq.cleared++;
}

static const char *fake_parameter(const PGconn *conn, const char *name)
{
    (void)conn;
    return strcmp(name, "server_encoding") == 0 ? libpq.encoding : NULL;
}

#define PQconnectdbParams fake_connect
#define PQstatus fake_status
#define PQerrorMessage fake_message
#define PQfinish fake_finish
#define PQsetNoticeReceiver fake_receiver
#define PQexec fake_exec
#define PQresultStatus fake_result_status
#define PQgetvalue fake_value
#define PQntuples fake_rows
#define PQresultErrorField fake_field
#define PQresultErrorMessage fake_result_message
#define PQclear fake_clear
#define PQparameterStatus fake_parameter
/* NOLINTNEXTLINE(bugprone-suspicious-include): its libpq is the test's */
#include "storage/postgres/connect.c"

static char fault[STORE_FAULT_MAX];

static void set_up(void)
{
    fault[0] = 0;
    libpq.message = "";
    libpq.encoding = "UTF8";
}

TestSuite(postgres_faults, .init = set_up);

static void told(const char *text)
{
    cr_expect_not_null(strstr(fault, text), "'%s' expected: %s", text, fault);
}

/* ---- connecting ---- */

static PGconn *connects(const char *url)
{
    PQconninfoOption *target = postgres_target(fault, url);
    PGconn *conn;

    cr_assert_not_null(target, "%s", fault);
    conn = postgres_connect(fault, target, "cmpd/node", NULL);
    PQconninfoFree(target);
    return conn;
}

static const char *value_of(const char *keyword)
{
    const char *value = NULL;

    for (size_t i = 0; libpq.keywords[i] != NULL; i++)
        if (strcmp(libpq.keywords[i], keyword) == 0)
            value = libpq.values[i];
    return value;
}

/* Not kept beyond the call: they are looked at while the URL is there. */
Test(postgres_faults, a_connection_has_the_name_of_its_node)
{
    PQconninfoOption *target =
        postgres_target(fault, "postgres://u@h:7/d?sslmode=require&application_name=x");

    cr_assert_not_null(target, "%s", fault);
    cr_assert_eq(postgres_connect(fault, target, "cmpd/node", NULL), the_conn);
    cr_expect_str_eq(value_of("application_name"), "cmpd/node");
    cr_expect_str_eq(value_of("client_encoding"), "UTF8");
    cr_expect_str_eq(value_of("host"), "h");
    cr_expect_str_eq(value_of("port"), "7");
    cr_expect_str_eq(value_of("dbname"), "d");
    cr_expect_str_eq(value_of("sslmode"), "require");
    cr_expect_null(value_of("password"), "what is empty is not said");
    /* A dead primary is noticed in seconds. */
    cr_expect_str_eq(value_of("keepalives_idle"), "5");
    cr_expect_str_eq(value_of("keepalives_interval"), "2");
    cr_expect_str_eq(value_of("keepalives_count"), "3");
    PQconninfoFree(target);
}

/* libpq keeps no SQLSTATE of an attempt that failed: the texts are those of PostgreSQL's sources. */
Test(postgres_faults, who_cannot_connect_is_told_what_to_do)
{
    static const struct {
        const char *says, *remedy;
    } rows[] = {
        {"FATAL:  password authentication failed for user \"u\"",
         "look at user, password (passfile) and pg_hba.conf; a role that is not there fails alike: as the "
         "superuser, "
         "run psql -X -v ON_ERROR_STOP=1 -f deploy/postgres/roles.sql"},
        {"FATAL:  no pg_hba.conf entry for host", "look at user, password (passfile) and pg_hba.conf"},
        {"FATAL:  database \"d\" does not exist", "make database and roles: as the superuser, run psql -X -v "
                                                  "ON_ERROR_STOP=1 -f deploy/postgres/roles.sql"},
        {"FATAL:  sorry, too many clients already", "raise max_connections: each node needs a handful"},
        {"FATAL:  remaining connection slots are reserved", "raise max_connections"},
        {"FATAL:  the database system is starting up", "it is starting or stopping: wait"},
        {"FATAL:  the database system is shutting down", "it is starting or stopping: wait"},
        {"could not connect to server: Connection refused",
         "look whether it runs, and whether host, port and TLS settings are right"},
    };

    libpq.status = CONNECTION_BAD;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        libpq.message = rows[i].says;
        cr_expect_null(connects("postgres://u@h/d"));
        told("the database cannot be reached: ");
        told(rows[i].remedy);
        cr_expect_eq(libpq.finished, i + 1);
    }
}

/* ---- errors ---- */

static int fails(const char *sqlstate, const char *says)
{
    libpq.results[0].status = PGRES_FATAL_ERROR;
    libpq.sqlstate = sqlstate;
    libpq.message = says;
    return postgres_failed(fault, the_conn, (PGresult *)&libpq.results[0], "doing it");
}

Test(postgres_faults, an_error_is_told_with_what_to_do)
{
    static const struct {
        const char *sqlstate, *says;
    } rows[] = {
        {"3F000", "the database has no tables of cmpd: run cmpctl db migrate as their owner"},
        {"42P01", "the database has no tables of cmpd: run cmpctl db migrate as their owner"},
        {"42501", "doing it: ERROR: no; to grant it to cmpd_owner, cmpd_node and cmpd_audit: as the "
                  "superuser, run psql "
                  "-X -v ON_ERROR_STOP=1 -f deploy/postgres/roles.sql"},
        {"28P01", "doing it: ERROR: no; look at user, password (passfile) and pg_hba.conf"},
        {"3D000", "doing it: ERROR: no; make database and roles"},
        {"53300", "doing it: ERROR: no; raise max_connections"},
        {"57P03", "doing it: ERROR: no; it is starting or stopping: wait"},
        {"22001", "doing it: ERROR: no; look at the database's log"},
        {NULL, "doing it: ERROR: no; look whether it runs"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(fails(rows[i].sqlstate, "ERROR:  no\n"), 1);
        told(rows[i].says);
    }
    fault[0] = 0;
    libpq.results[0].status = PGRES_TUPLES_OK;
    cr_expect_eq(postgres_failed(fault, the_conn, (PGresult *)&libpq.results[0], "doing it"), 0);
    libpq.results[0].status = PGRES_COMMAND_OK;
    cr_expect_eq(postgres_failed(fault, the_conn, (PGresult *)&libpq.results[0], "doing it"), 0);
    cr_expect_str_empty(fault);
}

/* After a warning a commit may be on one server alone; a notice says nothing of that. */
Test(postgres_faults, a_warning_is_noticed)
{
    int warned = 0;

    log_set_level(LOG_ERROR);
    libpq.message = "WARNING:  canceling wait";
    libpq.severity = "NOTICE";
    on_notice(&warned, NULL);
    cr_assert_eq(warned, 0);
    libpq.severity = NULL;
    on_notice(&warned, NULL);
    cr_assert_eq(warned, 0);
    libpq.severity = "WARNING";
    on_notice(NULL, NULL);
    on_notice(&warned, NULL);
    cr_assert_eq(warned, 1);
}

/* ---- what a session wants ---- */

static void answers(size_t i, const char *a, const char *b, const char *c)
{
    libpq.results[i].status = PGRES_TUPLES_OK;
    libpq.results[i].columns[0] = a;
    libpq.results[i].columns[1] = b;
    libpq.results[i].columns[2] = c;
    libpq.asked = 0;
    fault[0] = 0;
}

Test(postgres_faults, a_database_is_of_UTF8)
{
    cr_assert(check_encoding(fault, the_conn));
    libpq.encoding = "LATIN1";
    cr_assert_not(check_encoding(fault, the_conn));
    told("the database's encoding is LATIN1; make one with encoding UTF8");
    libpq.encoding = NULL;
    cr_assert_not(check_encoding(fault, the_conn));
    told("the database's encoding is not known");
}

/* Read-only, whether commits wait as they should, fsync. */
Test(postgres_faults, who_writes_wants_a_primary_and_knows_whether_it_lasts)
{
    static const struct {
        const char *waits, *fsync;
        int durable;
    } rows[] = {{"t", "on", 1}, {"f", "on", 0}, {"t", "off", 0}, {"f", "off", 0}};
    struct postgres_session session;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        answers(0, "off", rows[i].waits, rows[i].fsync);
        libpq.results[1].status = PGRES_COMMAND_OK;
        cr_expect(begin_writing(fault, the_conn, &session), "%s", fault);
        cr_expect_eq(session.durable, rows[i].durable, "%zu", i);
        cr_expect_str_eq(libpq.sql[1], "LISTEN cmpd_nodes");
    }
    answers(0, "on", "t", "on");
    cr_expect_not(begin_writing(fault, the_conn, &session));
    told(
        "the database takes no writes (a standby, or default_transaction_read_only is on); name the primary");
    cr_expect_eq(session.durable, 0);
    cr_expect_eq(libpq.asked, 1);
    answers(0, "off", "t", "on");
    libpq.results[1].status = PGRES_FATAL_ERROR;
    cr_expect_not(begin_writing(fault, the_conn, &session));
    told("listening for the other nodes: ");
    libpq.results[0].status = PGRES_FATAL_ERROR;
    libpq.asked = 0;
    cr_expect_not(begin_writing(fault, the_conn, &session));
    told("looking at the database's settings: ");
}

static const char *form(void)
{
    static char text[32];

    snprintf(text, sizeof text, "%lld", (long long)sql_form(postgres_steps.steps[0]));
    return text;
}

Test(postgres_faults, a_schema_is_one_that_this_program_can_read)
{
    struct postgres_schema schema;

    answers(0, "1", "1", form());
    cr_assert(postgres_schema(fault, the_conn, &schema), "%s", fault);
    cr_expect_eq(schema.version, 1);
    cr_expect_eq(schema.oldest_node, 1);
    answers(0, "3", "2", form());
    cr_assert(postgres_schema(fault, the_conn, &schema), "%s", fault);
    cr_expect_eq(schema.version, 3);
    cr_expect_eq(schema.oldest_node, 2);
    answers(0, "1", "1", "12345");
    cr_expect_not(postgres_schema(fault, the_conn, &schema));
    told("a form of before the first release, which this program cannot read");
    answers(0, NULL, NULL, NULL);
    cr_expect_not(postgres_schema(fault, the_conn, &schema));
    told("cmpd.schema is empty: the tables are damaged; restore them from a backup");
    answers(0, NULL, NULL, NULL);
    libpq.results[0].status = PGRES_FATAL_ERROR;
    libpq.sqlstate = "42703"; /* undefined_column */
    cr_expect_not(postgres_schema(fault, the_conn, &schema));
    told("a form of before the first release");
    libpq.sqlstate = "22001";
    libpq.asked = 0;
    fault[0] = 0;
    cr_expect_not(postgres_schema(fault, the_conn, &schema));
    told("reading the schema's version: ");
}

Test(postgres_faults, a_schema_is_neither_too_old_nor_too_new)
{
    answers(0, "2", "1", form());
    cr_assert(check_schema(fault, the_conn), "%s", fault);
    answers(0, "7", "1", form());
    cr_assert(check_schema(fault, the_conn), "older nodes may go on: %s", fault);
    answers(0, "7", "3", form());
    cr_assert_not(check_schema(fault, the_conn));
    told("the tables (version 7) serve nodes from level 3 on, this program is of level 2; install the "
         "release");
    answers(0, "0", "1", form());
    cr_assert_not(check_schema(fault, the_conn));
    told("the tables are of version 0, this program needs 2; run cmpctl db migrate as their owner");
}

/* ---- files ---- */

static char files[1024];

static int note_file(void *arg, const char *path, enum store_file_use use)
{
    size_t *left = arg;

    snprintf(files + strlen(files), sizeof files - strlen(files), "%s%s;", path,
             use == STORE_FILE_READ_FOLDER ? "/.." : "");
    return left == NULL || --*left > 0;
}

static const char *files_of(const char *url)
{
    files[0] = 0;
    cr_assert(postgres_each_file(url, note_file, NULL));
    return files;
}

/* What libpq opens by itself is read; what a setting names may be replaced in its folder. */
Test(postgres_faults, the_files_of_a_URL_are_known)
{
    size_t left = 2;

    unsetenv("PGSERVICEFILE");
    setenv("HOME", "/home/u", 1);
    cr_expect_str_eq(files_of("postgres://h/d"),
                     "/home/u/.pgpass;/home/u/.pg_service.conf;/home/u/.postgresql/root.crt/..;");
    cr_expect_str_eq(
        files_of("postgres:///d?host=/run/pg&passfile=/etc/p&sslrootcert=/etc/ca&sslcert=relative"),
        "/home/u/.pgpass;/home/u/.pg_service.conf;/home/u/.postgresql/root.crt/..;/etc/p/..;/etc/ca/..;");
    cr_expect_str_eq(files_of("postgres://h/d?passfile=/home/u/.pgpass"),
                     "/home/u/.pgpass;/home/u/.pg_service.conf;/home/u/.postgresql/root.crt/..;");
    setenv("PGSERVICEFILE", "/etc/services", 1);
    unsetenv("HOME");
    cr_expect_str_eq(files_of("postgres://h/d?passfile=/home/u/.pgpass"),
                     "/etc/services/..;/home/u/.pgpass/..;");
    setenv("HOME", "/home/u", 1);
    files[0] = 0;
    cr_expect_not(postgres_each_file("postgres://h/d", note_file, &left));
    cr_expect_str_eq(files, "/etc/services/..;/home/u/.pgpass;", "until one is not taken");
}
