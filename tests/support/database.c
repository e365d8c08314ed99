#include "tests/support/database.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tests/support/must.h"

static void url_of(char url[DATABASE_URL_MAX], const char *name)
{
    const char *pattern = getenv("CMPD_POSTGRES_URL"), *place = strstr(pattern, "DATABASE");
    must(place != NULL);
    must(snprintf(url, DATABASE_URL_MAX, "%.*s%s%s", (int)(place - pattern), pattern, name,
                  place + strlen("DATABASE")) < DATABASE_URL_MAX);
}

long long database_run(const char *url, const char *sql)
{
    PGconn *conn = PQconnectdb(url);
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fprintf(stderr, "%s: %s", sql, PQerrorMessage(conn));
    must(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
    long long number =
        status == PGRES_TUPLES_OK && PQntuples(result) > 0 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    PQfinish(conn);
    return number;
}

/* By its name: no other database is ever emptied. */
static int is_shared(const char *pattern)
{
    return strstr(pattern, "/shared_by_tests?") != NULL;
}

/* Which version the tables have stays. */
static const char empty_tables[] =
    "DO $$ DECLARE name text; BEGIN FOR name IN SELECT oid::regclass::text FROM pg_class WHERE "
    "relnamespace = 'cmpd'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND "
    "relname NOT IN ('schema', 'service') LOOP EXECUTE 'DELETE FROM ' || name; END LOOP; END $$; "
    "UPDATE cmpd.service SET seen_at = 0";

int database_new(char url[DATABASE_URL_MAX])
{
    unsigned long long random;
    char name[32], sql[128], admin[DATABASE_URL_MAX];
    const char *pattern = getenv("CMPD_POSTGRES_URL");
    if (pattern == NULL)
        return 0;
    if (is_shared(pattern)) {
        must(snprintf(url, DATABASE_URL_MAX, "%s", pattern) < DATABASE_URL_MAX);
        database_run(url, empty_tables);
        return 1;
    }
    must(getrandom(&random, sizeof random, 0) == sizeof random);
    snprintf(name, sizeof name, "test_%016llx", random);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE template", name);
    url_of(admin, "postgres");
    database_run(admin, sql);
    url_of(url, name);
    return 1;
}

/* PostgreSQL waits five seconds for the backends of a database to go, then it says "is being accessed by
 * other users". The store has closed its connections by then, but a backend that waits for its disk takes
 * longer. To fail here would crash the teardown of a test that has passed. By WITH (FORCE) it would fail at
 * once, too, where autovacuum is at work in the database: nobody but a superuser may end that by force. */
enum { DROPS_MAX = 36 };

void database_drop(const char *url)
{
    char sql[128], admin[DATABASE_URL_MAX];
    const char *name = strstr(url, "test_");
    if (is_shared(getenv("CMPD_POSTGRES_URL")))
        return;
    must(name != NULL);
    snprintf(sql, sizeof sql, "DROP DATABASE %.*s", 21, name);
    url_of(admin, "postgres");
    PGconn *conn = PQconnectdb(admin);
    int dropped = 0;
    for (int i = 0; !dropped; i++) {
        PGresult *result = PQexec(conn, sql);
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        dropped = PQresultStatus(result) == PGRES_COMMAND_OK;
        if (!dropped)
            fprintf(stderr, "%s: %s", sql, PQerrorMessage(conn));
        must(dropped || (i < DROPS_MAX && state != NULL && strcmp(state, "55006" /* object_in_use */) == 0));
        PQclear(result);
    }
    PQfinish(conn);
}
