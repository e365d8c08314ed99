/* database.h: a database in PostgreSQL for each test, where tests/postgres.sh has started one. */
#ifndef CMPD_TESTS_SUPPORT_DATABASE_H
#define CMPD_TESTS_SUPPORT_DATABASE_H

enum { DATABASE_URL_MAX = 1024 };

/* database_new writes the URL of a new, empty store in PostgreSQL into |url| and returns 1, or returns 0 if
 * CMPD_POSTGRES_URL does not ask for that: the test takes an embedded store then. The variable is a URL of
 * PostgreSQL with DATABASE in place of a name, for a role that may create databases; database "template" is
 * what a new one is copied from. It may also be that of the
 * database "shared_by_tests": all tests then have that one, and must run one after another (-j1). Its tables
 * are emptied, which is much quicker. Fails the test if none can be made. */
int database_new(char url[DATABASE_URL_MAX]);

/* database_drop removes the one that |url| names, once nobody is connected to it, unless all tests share it.
 * Fails the test if somebody stays. */
void database_drop(const char *url);

/* database_run executes |sql| in it, and returns the first number of the answer, or 0. Fails the test if it
 * fails. */
long long database_run(const char *url, const char *sql);

#endif
