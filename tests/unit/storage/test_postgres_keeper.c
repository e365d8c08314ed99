/* keeper.c: which server a connection is to, and that another one than before is noticed. */
#include <criterion/criterion.h>

#include "server/base/log.h"
#include "storage/postgres/internal.h"

/* The server that answers next. */
static struct {
    const char *host, *address, *port, *is_standby;
    int refuses, has_other_tables;
    unsigned finished;
} next;

static PGconn *fake_connect(char *fault, const PQconninfoOption *target, const char *name, int *warned)
{
    static int connection;

    (void)target;
    (void)name;
    (void)warned;
    if (next.refuses)
        return store_fault(fault, "no");
    return (PGconn *)&connection;
}

static int fake_begin(char *fault, PGconn *conn, struct postgres_session *session, int to_read)
{
    (void)conn;
    (void)to_read;
    session->durable = 1;
    if (next.has_other_tables)
        store_fault(fault, "of another version");
    return !next.has_other_tables;
}

static const char *fake_parameter(const char *name)
{
    return strcmp(name, "server_version") == 0 ? "16.1" : next.is_standby;
}

#define postgres_connect fake_connect
#define postgres_begin_session fake_begin
#define PQfinish(conn) (next.finished += (conn) != NULL)
#define PQhost(conn) ((void)(conn), next.host)
#define PQhostaddr(conn) ((void)(conn), next.address)
#define PQport(conn) ((void)(conn), next.port)
#define PQparameterStatus(conn, name) ((void)(conn), fake_parameter(name))
/* NOLINTNEXTLINE(bugprone-suspicious-include): its database is the test's */
#include "storage/postgres/keeper.c"

static struct metric *const table[] = {&store_connects, &store_faults};
static struct postgres_store store;

static void begin(void)
{
    metrics_begin(table, sizeof table / sizeof table[0]);
    pthread_mutex_init(&store.server_lock, NULL);
    store.server.role = "";
}

static void end(void)
{
    pthread_mutex_destroy(&store.server_lock);
    metrics_end();
}

TestSuite(postgres_keeper, .init = begin, .fini = end);

static int raise_one(void)
{
    char fault[STORE_FAULT_MAX];

    return postgres_raise(&store, &store.slots[0], fault);
}

static void counted(uint64_t made, uint64_t moved, uint64_t failed)
{
    cr_expect_eq(metric_read(&store_connects, STORE_CONNECT_MADE), made);
    cr_expect_eq(metric_read(&store_connects, STORE_CONNECT_MOVED), moved);
    cr_expect_eq(metric_read(&store_connects, STORE_CONNECT_FAILED), failed);
    cr_expect_eq(metric_read(&store_faults, 0), failed);
}

Test(postgres_keeper, another_server_than_before_is_a_move)
{
    next.host = "db";
    next.address = "10.0.0.1";
    next.port = "5432";
    next.is_standby = "off";
    cr_assert(raise_one());
    cr_assert(raise_one());
    counted(2, 0, 0);
    cr_expect_str_eq(store.server.address, "10.0.0.1");
    cr_expect_str_eq(store.server.version, "16.1");
    cr_expect_str_eq(store.server.role, "primary");
    cr_expect_gt(store.server.since, 0);
    next.address = "10.0.0.2";
    cr_assert(raise_one());
    cr_assert(raise_one());
    counted(4, 1, 0);
    next.port = "5433";
    next.is_standby = "on";
    cr_assert(raise_one());
    counted(5, 2, 0);
    cr_expect_str_eq(store.server.role, "standby");
}

/* libpq has none of them for a pooler, or over a socket. */
Test(postgres_keeper, what_is_not_known_is_left_open)
{
    cr_assert(raise_one());
    cr_assert(raise_one());
    counted(2, 0, 0);
    cr_expect_str_empty(store.server.host);
    cr_expect_str_empty(store.server.role);
}

Test(postgres_keeper, who_cannot_be_used_is_a_fault_and_no_server)
{
    next.refuses = 1;
    cr_assert_not(raise_one());
    counted(0, 0, 1);
    next.refuses = 0;
    next.has_other_tables = 1;
    next.host = "db";
    cr_assert_not(raise_one());
    counted(0, 0, 2);
    cr_expect_eq(next.finished, 1);
    cr_expect_null(store.slots[0].conn);
    cr_expect_eq(store.server.since, 0);
}
