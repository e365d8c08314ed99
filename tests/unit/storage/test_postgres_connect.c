/* connect.c: what is said of a URL, and that a password in it is never said. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/postgres/internal.h"

static char fault[STORE_FAULT_MAX];

Test(postgres_connect, passwords_are_seen_wherever_they_are)
{
    static const char *const with[] = {
        "postgresql://user:hidden@host/db",
        "postgres://user:hidden@h1,h2:5433/db?target_session_attrs=any",
        "postgresql://host/db?user=u&password=hidden",
        "postgresql://host/db?sslpassword=hidden&sslkey=k",
        "postgresql://user:hid%zzden@host/db", /* libpq cannot read it: it may hold one */
    };
    static const char *const without[] = {
        "postgresql://",
        "postgresql://user@host:5432/db?sslmode=verify-full&passfile=/etc/cmpd/pgpass",
        "postgres://user@h1,h2/db?service=cmpd",
        "sqlite:user:hidden@host",
    };
    for (size_t i = 0; i < sizeof with / sizeof with[0]; i++)
        cr_expect(store_url_has_secret(with[i]), "%s", with[i]);
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++)
        cr_expect_not(store_url_has_secret(without[i]), "%s", without[i]);
}

Test(postgres_connect, a_url_that_cannot_be_read_is_not_repeated)
{
    static const char *const urls[] = {
        "postgresql://user:hidden%zz@host/db", "postgres://user:hidden@host/db?nonsense=1",
        "postgres://user:hidden@[host/db", "postgresql://host/db?password=hidden&x"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        cr_assert_null(store_open(fault, urls[i], "node"), "%s", urls[i]);
        cr_expect_null(strstr(fault, "hidden"), "%s", fault);
        cr_expect_not_null(strstr(fault, "; write postgres://"), "no remedy: %s", fault);
    }
}

static const char *option(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val != NULL ? options->val : "";
    return "?";
}

/* A node that hangs on to a dead primary, or takes the first standby that answers, serves nobody. What is
 * said elsewhere stands. */
Test(postgres_connect, what_nobody_has_said_is_said)
{
    char path[] = "/tmp/cmpd-test-service-XXXXXX";
    int fd = mkstemp(path);
    static const char services[] =
        "[bare]\nhost=h1,h2\n[full]\nconnect_timeout=7\ntarget_session_attrs=primary\n[any]\n"
        "target_session_attrs=any\n";
    static const struct {
        const char *url, *attrs, *timeout;
    } cases[] = {{"postgres://h1,h2/db", "read-write", "2"},
                 {"postgres://h1/db?target_session_attrs=any&connect_timeout=5", "any", "5"},
                 {"postgres://?service=bare", "read-write", "2"},
                 {"postgres://?service=full", "", ""}, /* as the file says */
                 {"postgres://?service=full&connect_timeout=3", "", "3"},
                 {"postgres://?service=any", "read-write", "2"}};

    cr_assert(fd >= 0 && write(fd, services, sizeof services - 1) == sizeof services - 1);
    close(fd);
    setenv("PGSERVICEFILE", path, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        PQconninfoOption *target = postgres_target(fault, cases[i].url);
        cr_assert_not_null(target, "%s", fault);
        cr_expect_str_eq(option(target, "target_session_attrs"), cases[i].attrs, "%s", cases[i].url);
        cr_expect_str_eq(option(target, "connect_timeout"), cases[i].timeout, "%s", cases[i].url);
        cr_expect_str_eq(option(target, "tcp_user_timeout"), "8000", "%s", cases[i].url);
        PQconninfoFree(target);
    }
    setenv("PGCONNECT_TIMEOUT", "4", 1);
    PQconninfoOption *target = postgres_target(fault, "postgres://h1/db");
    cr_expect_str_eq(option(target, "connect_timeout"), "");
    PQconninfoFree(target);
    unlink(path);
}

/* Port 1 of this machine: nobody listens there. */
Test(postgres_connect, who_cannot_be_reached_is_named_and_the_password_is_not)
{
    cr_assert_null(store_open(fault, "postgresql://user:hidden@127.0.0.1:1/db?connect_timeout=2", "node"));
    cr_expect_not_null(strstr(fault, "127.0.0.1"), "%s", fault);
    cr_expect_not_null(strstr(fault, "cannot be reached"), "%s", fault);
    cr_expect_null(strstr(fault, "hidden"), "%s", fault);
    cr_expect_null(strchr(fault, '\n'), "a fault is one line: %s", fault);
    int from, to;
    cr_assert_not(store_migrate(fault, "postgresql://user:hidden@127.0.0.1:1/db", &from, &to));
    cr_expect_null(strstr(fault, "hidden"), "%s", fault);
}

Test(postgres_connect, texts_of_several_lines_become_one)
{
    char out[32];
    cr_assert_str_eq(postgres_text(out, sizeof out, "FATAL:  one\n\tIs the server\n"),
                     "FATAL: one Is the server");
    cr_assert_str_eq(postgres_text(out, 8, "0123456789"), "0123456");
    cr_assert_str_eq(postgres_text(out, sizeof out, "\n"), "");
}
