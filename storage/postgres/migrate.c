/* migrate.c: takes the tables forward, one process at a time, beside nodes that serve. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "internal.h"

enum {
    LOCK = 0x636d7064, /* "cmpd": the advisory lock of whoever migrates */
    YEARS_AHEAD = 5,   /* for which there are partitions after a migration */
    SQL_MAX = 512,
    NAMEDATA_MAX = 64,
    YEAR_MONTHS = 12,
    QUARTER_MONTHS = 3,
    SERIAL_EPOCH = 1577836800, /* 2020-01-01: what the time in a serial counts from */
};

static int run(char *fault, PGconn *conn, const char *sql, const char *doing)
{
    PGresult *result = PQexec(conn, sql);
    int failed = postgres_failed(fault, conn, result, doing);
    PQclear(result);
    return !failed;
}

/* Nodes go on while tables change: what cannot have its lock soon gives up, rather than have everybody queue
 * up behind it. */
static const char session[] = "SET lock_timeout = '5s'; SET client_min_messages = warning";

static const char first_step[] = "CREATE SCHEMA IF NOT EXISTS cmpd;"
                                 "CREATE TABLE cmpd.schema ("
                                 " id smallint PRIMARY KEY CHECK (id = 1),"
                                 " version integer NOT NULL,"
                                 " oldest_node integer NOT NULL,"
                                 " migrated_at timestamptz NOT NULL);"
                                 "INSERT INTO cmpd.schema VALUES (1, 0, 1, now())";

static int step(char *fault, PGconn *conn, int from)
{
    char update[SQL_MAX];
    snprintf(update, sizeof(update),
             "UPDATE cmpd.schema SET version = %d, oldest_node = %d, migrated_at = now(); COMMIT", from + 1,
             postgres_oldest_nodes[from]);
    if (run(fault, conn, "BEGIN", "beginning a step") &&
        run(fault, conn, postgres_migrations[from], "taking the tables forward") &&
        run(fault, conn, update, "taking the tables forward"))
        return 1;
    PQclear(PQexec(conn, "ROLLBACK"));
    return 0;
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

static int make_partition(char *fault, PGconn *conn, const char *name, const char *sql)
{
    int found;
    return exists(fault, conn, name, &found) &&
           (found || run(fault, conn, sql, "making the partitions of the years to come"));
}

/* Certificates stand by year, entries of the audit log by quarter: that is what a purge drops at once. */
static int make_partitions(char *fault, PGconn *conn)
{
    char sql[SQL_MAX], name[NAMEDATA_MAX];
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    int first = (tm.tm_year - 1) * YEAR_MONTHS, end = (tm.tm_year + 1 + YEARS_AHEAD) * YEAR_MONTHS;
    for (int month = first; month < end; month += QUARTER_MONTHS) {
        int year = 1900 + month / YEAR_MONTHS, quarter = month % YEAR_MONTHS / QUARTER_MONTHS + 1;
        snprintf(name, sizeof(name), "certificates_%d", year);
        snprintf(sql, sizeof(sql),
                 "CREATE TABLE cmpd.%s PARTITION OF cmpd.certificates "
                 "FOR VALUES FROM ('\\x%08llx') TO ('\\x%08llx')",
                 name, (long long)month_begin(month) - SERIAL_EPOCH,
                 (long long)month_begin(month + YEAR_MONTHS) - SERIAL_EPOCH);
        if (quarter == 1 && !make_partition(fault, conn, name, sql))
            return 0;
        snprintf(name, sizeof(name), "audit_%d_%d", year, quarter);
        snprintf(sql, sizeof(sql),
                 "CREATE TABLE cmpd.%s PARTITION OF cmpd.audit FOR VALUES FROM (%lld) TO (%lld)", name,
                 (long long)month_begin(month) * 1000, (long long)month_begin(month + QUARTER_MONTHS) * 1000);
        if (!make_partition(fault, conn, name, sql))
            return 0;
    }
    return 1;
}

static int migrate(char *fault, PGconn *conn, int *from, int *to)
{
    struct postgres_schema schema;
    char lock[SQL_MAX];
    int found;
    snprintf(lock, sizeof(lock), "SELECT pg_advisory_lock(%d)", LOCK);
    if (!run(fault, conn, lock, "waiting for another migration") ||
        !run(fault, conn, session, "setting the session up") || !exists(fault, conn, "schema", &found) ||
        (!found && !run(fault, conn, first_step, "making the schema")) ||
        !postgres_schema(fault, conn, &schema))
        return 0;
    *from = schema.version;
    /* Newer tables serve this program, or not: that is for whoever opens the store. Nothing is taken back. */
    for (*to = schema.version; *to < POSTGRES_SCHEMA_VERSION; ++*to)
        if (!step(fault, conn, *to))
            return 0;
    return make_partitions(fault, conn);
}

int postgres_migrate(char *fault, const char *url, int *from, int *to)
{
    PQconninfoOption *target = postgres_target(fault, url);
    PGconn *conn = target != NULL ? postgres_connect(fault, target, "cmpctl db migrate") : NULL;
    int ok = conn != NULL && migrate(fault, conn, from, to);
    PQfinish(conn);
    PQconninfoFree(target);
    return ok;
}
