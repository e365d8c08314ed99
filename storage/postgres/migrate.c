/* migrate.c: takes the tables forward, one process at a time, beside nodes that serve. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define LOCK_NOT_AVAILABLE "55P03"

enum {
    LOCK = 0x636d7064, /* "cmpd": the advisory lock of whoever migrates */
    YEARS_AHEAD = 5,   /* for which there are partitions after a migration */
    SQL_MAX = 512,
    NAMEDATA_MAX = 64,
    YEAR_MONTHS = 12,
    QUARTER_MONTHS = 3,
    NUMBER_MAX = 24,
    SERIAL_EPOCH = 1577836800, /* 2020-01-01: what the time in a serial counts from */
};

static int run(char *fault, PGconn *conn, const char *sql, const char *doing)
{
    PGresult *result = PQexec(conn, sql);
    int failed = postgres_failed(fault, conn, result, doing);
    PQclear(result);
    return !failed;
}

/* Nodes go on while tables change: what cannot have its lock at once gives up, rather than have everybody
 * queue up behind it for longer than they wait, and tries again. */
static const char session[] = "SET statement_timeout = 0; SET lock_timeout = '500ms'; "
                              "SET client_min_messages = warning";

int postgres_be_owner(char *fault, PGconn *conn)
{
    return run(fault, conn, session, "setting the session up");
}

int postgres_change(char *fault, PGconn *conn, const char *const *sql, size_t count, const char *doing)
{
    enum { ATTEMPTS = 60, PAUSE_US = 500000 };
    for (int attempt = 0;; attempt++) {
        const char *sqlstate = NULL;
        char last[6] = "";
        int ok = run(fault, conn, "BEGIN", doing);
        for (size_t i = 0; ok && i < count; i++) {
            PGresult *result = PQexec(conn, sql[i]);
            ok = !postgres_failed(fault, conn, result, doing);
            sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
            snprintf(last, sizeof last, "%s", sqlstate != NULL ? sqlstate : "");
            PQclear(result);
        }
        if (ok && run(fault, conn, "COMMIT", doing)) {
            fault[0] = 0;
            return 1;
        }
        PQclear(PQexec(conn, "ROLLBACK"));
        if (strcmp(last, LOCK_NOT_AVAILABLE) != 0 || attempt == ATTEMPTS)
            return 0;
        usleep(PAUSE_US);
    }
}

static int first_step(char *fault, PGconn *conn, const struct postgres_steps *steps)
{
    char insert[SQL_MAX];
    snprintf(insert, sizeof insert, "INSERT INTO cmpd.schema VALUES (1, 0, 1, now(), %lld)",
             (long long)sql_form(steps->steps[0]));
    const char *sql[] = {"CREATE SCHEMA IF NOT EXISTS cmpd",
                         "CREATE TABLE cmpd.schema ("
                         " id smallint PRIMARY KEY CHECK (id = 1),"
                         " version integer NOT NULL,"
                         " oldest_node integer NOT NULL,"
                         " migrated_at timestamptz NOT NULL,"
                         " form bigint NOT NULL)",
                         insert};
    return postgres_change(fault, conn, sql, sizeof sql / sizeof sql[0], "making the schema");
}

static int step(char *fault, PGconn *conn, const struct postgres_steps *steps, int from)
{
    char update[SQL_MAX];
    snprintf(update, sizeof update,
             "UPDATE cmpd.schema SET version = %d, oldest_node = %d, migrated_at = now()", from + 1,
             steps->oldest_nodes[from]);
    const char *sql[] = {steps->steps[from], update};
    return postgres_change(fault, conn, sql, 2, "taking the tables forward");
}

static int64_t month_begin(int months_since_1900)
{
    struct tm tm = {
        .tm_year = months_since_1900 / YEAR_MONTHS, .tm_mon = months_since_1900 % YEAR_MONTHS, .tm_mday = 1};
    return timegm(&tm);
}

/* Whether cmpd.NAME is there. What is there already is not asked for again: that would take the owner's
 * rights, and locks. */
static int exists(char *fault, PGconn *conn, const char *name, int *found)
{
    const char *values[] = {name};
    PGresult *result =
        PQexecParams(conn, "SELECT to_regclass('cmpd.' || $1) IS NOT NULL", 1, NULL, values, NULL, NULL, 0);
    int failed = postgres_failed(fault, conn, result, "looking at the tables");
    *found = !failed && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    return !failed;
}

/* |from| and |to| are what the partition's rows have in |column|. Rows that came before it was made stand in
 * the default partition, and move. */
static int make_partition(char *fault, PGconn *conn, const char *parent, const char *name, const char *column,
                          const char *from, const char *to)
{
    char lock[SQL_MAX], keep[SQL_MAX], clear[SQL_MAX], create[SQL_MAX], back[SQL_MAX];
    int found;
    if (!exists(fault, conn, name, &found))
        return 0;
    snprintf(lock, sizeof lock, "LOCK TABLE cmpd.%s IN ACCESS EXCLUSIVE MODE", parent);
    snprintf(keep, sizeof keep,
             "CREATE TABLE cmpd.moving AS SELECT * FROM cmpd.%s_later WHERE %s >= '%s' AND %s < '%s'", parent,
             column, from, column, to);
    snprintf(clear, sizeof clear, "DELETE FROM cmpd.%s_later WHERE %s >= '%s' AND %s < '%s'", parent, column,
             from, column, to);
    snprintf(create, sizeof create,
             "CREATE TABLE cmpd.%s PARTITION OF cmpd.%s FOR VALUES FROM ('%s') TO ('%s')", name, parent, from,
             to);
    snprintf(back, sizeof back, "INSERT INTO cmpd.%s SELECT * FROM cmpd.moving; DROP TABLE cmpd.moving",
             name);
    const char *sql[] = {lock, keep, clear, create, back};
    return found || postgres_change(fault, conn, sql, sizeof sql / sizeof sql[0],
                                    "making the partitions of the years to come");
}

/* Certificates stand by year, entries of the audit log by quarter: that is what a purge drops at once. */
static int make_partitions(char *fault, PGconn *conn)
{
    char name[NAMEDATA_MAX], from[NUMBER_MAX], to[NUMBER_MAX];
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    int first = (tm.tm_year - 1) * YEAR_MONTHS, end = (tm.tm_year + 1 + YEARS_AHEAD) * YEAR_MONTHS;
    for (int month = first; month < end; month += QUARTER_MONTHS) {
        int year = 1900 + month / YEAR_MONTHS, quarter = month % YEAR_MONTHS / QUARTER_MONTHS + 1;
        snprintf(name, sizeof name, "certificates_%d", year);
        snprintf(from, sizeof from, "\\x%08llx", (long long)month_begin(month) - SERIAL_EPOCH);
        snprintf(to, sizeof to, "\\x%08llx", (long long)month_begin(month + YEAR_MONTHS) - SERIAL_EPOCH);
        if (quarter == 1 && !make_partition(fault, conn, "certificates", name, "serial", from, to))
            return 0;
        snprintf(name, sizeof name, "audit_%d_%d", year, quarter);
        snprintf(from, sizeof from, "%lld", (long long)month_begin(month) * 1000);
        snprintf(to, sizeof to, "%lld", (long long)month_begin(month + QUARTER_MONTHS) * 1000);
        if (!make_partition(fault, conn, "audit", name, "at", from, to))
            return 0;
    }
    return 1;
}

static int migrate(char *fault, PGconn *conn, int *from, int *to, const struct postgres_steps *steps)
{
    struct postgres_schema schema;
    char lock[SQL_MAX];
    int found;
    snprintf(lock, sizeof lock, "SELECT pg_advisory_lock(%d)", LOCK);
    /* A migration may take as long as it takes, and so may the wait for it. */
    if (!run(fault, conn, "SET lock_timeout = 0; SET statement_timeout = 0", "setting the session up") ||
        !run(fault, conn, lock, "waiting for another migration") || !postgres_be_owner(fault, conn) ||
        !exists(fault, conn, "schema", &found) || (!found && !first_step(fault, conn, steps)) ||
        !postgres_schema(fault, conn, &schema))
        return 0;
    *from = schema.version;
    /* Newer tables serve this program, or not: that is for whoever opens the store. Nothing is taken back. */
    for (*to = schema.version; *to < steps->version; ++*to)
        if (!step(fault, conn, steps, *to))
            return 0;
    return make_partitions(fault, conn);
}

int postgres_take_forward(char *fault, const char *url, int *from, int *to,
                          const struct postgres_steps *steps)
{
    PQconninfoOption *target = postgres_target(fault, url);
    PGconn *conn = target != NULL ? postgres_connect(fault, target, "cmpctl db migrate", NULL) : NULL;
    int ok = conn != NULL && migrate(fault, conn, from, to, steps);
    PQfinish(conn);
    PQconninfoFree(target);
    return ok;
}

int postgres_migrate(char *fault, const char *url, int *from, int *to)
{
    return postgres_take_forward(fault, url, from, to, &postgres_steps);
}
