/* test_postgres_migrate.c: a step of the tests' own behind the last one: the tables go forward while a node
 * of the version before serves. Over PostgreSQL alone (tests/postgres/test_suites.sh). */
#include "storage/postgres/internal.h"
#include "units.h"

TestSuite(postgres_migrate, .init = make_url, .fini = remove_folder, .timeout = 120);

static int over_postgres(void)
{
    return strncmp(test_url, "sqlite:", 7) != 0;
}

static enum store_outcome confirm_one(struct store *store, uint32_t group, uint32_t n)
{
    struct enrollment e;
    enrollment_init(&e, group, n);
    e.tx.state = STORE_TX_CONFIRMED;
    enrollment_go_on(&e, STORE_TX_WAIT_CONFIRM);
    cr_assert(store_commit_wait(store, &e.unit));
    enrollment_cleanup(&e);
    return e.unit.outcome;
}

enum { LAST = POSTGRES_SCHEMA_VERSION, STEPS = LAST + 1 };

/* The way that leads through |step|, after which nodes from |oldest_node| on go on. */
static int forward(char *fault, const char *step, int oldest_node, int *from, int *to)
{
    const char *steps[STEPS];
    int oldest_nodes[STEPS];

    memcpy(steps, postgres_steps.steps, LAST * sizeof *steps);
    memcpy(oldest_nodes, postgres_steps.oldest_nodes, LAST * sizeof *oldest_nodes);
    steps[LAST] = step;
    oldest_nodes[LAST] = oldest_node;
    return postgres_take_forward(fault, test_url, from, to,
                                 &(struct postgres_steps){steps, oldest_nodes, STEPS});
}

Test(postgres_migrate, nodes_of_two_ages_go_on_side_by_side)
{
    char fault[STORE_FAULT_MAX] = "";
    int from, to;

    if (!over_postgres())
        return;
    struct store *store = must_open(test_url);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert(forward(fault,
                      "ALTER TABLE cmpd.transactions ADD COLUMN more bigint NOT NULL DEFAULT 7;"
                      "ALTER TABLE cmpd.certificates ADD COLUMN word text NOT NULL DEFAULT 'none';"
                      "CREATE TABLE cmpd.others (id bigint PRIMARY KEY)",
                      1, &from, &to),
              "%s", fault);
    cr_assert_eq(from, LAST);
    cr_assert_eq(to, STEPS);
    /* One that was connected before, and one that comes now. */
    cr_assert_eq(commit_one(store, 1, 2), STORE_DONE);
    cr_assert_eq(confirm_one(store, 1, 1), STORE_DONE);
    struct store *later = must_open(test_url);
    cr_assert_eq(commit_one(later, 1, 3), STORE_DONE);
    for (uint32_t n = 1; n <= 3; n++)
        cr_assert(is_whole(later, 1, n) && is_whole(store, 1, n));
    store_close(later);
    store_close(store);
    cr_assert_eq(database_run(test_url, "SELECT sum(more) FROM cmpd.transactions"), 21);
    cr_assert(forward(fault, "SELECT no_such_function()", 1, &from, &to), "once is enough: %s", fault);
    cr_assert_eq(from, STEPS);
}

Test(postgres_migrate, a_step_that_fails_changes_nothing)
{
    char fault[STORE_FAULT_MAX] = "";
    int from, to;

    if (!over_postgres())
        return;
    cr_assert_not(
        forward(fault, "CREATE TABLE cmpd.others (id bigint); SELECT no_such_function()", 1, &from, &to));
    cr_assert_not_null(strstr(fault, "taking the tables forward"), "%s", fault);
    cr_assert_eq(database_run(test_url, "SELECT version FROM cmpd.schema"), LAST);
    cr_assert_eq(database_run(test_url, "SELECT count(*) FROM pg_class WHERE relname = 'others'"), 0);
}

/* A step after which older nodes cannot go on keeps them from starting. */
Test(postgres_migrate, a_step_may_raise_the_oldest_node)
{
    char fault[STORE_FAULT_MAX] = "";
    int from, to;

    if (!over_postgres())
        return;
    cr_assert(
        forward(fault, "ALTER TABLE cmpd.nodes ADD COLUMN more text NOT NULL DEFAULT ''", STEPS, &from, &to),
        "%s", fault);
    cr_assert_null(store_open(fault, test_url, "node-1"));
    cr_assert_not_null(strstr(fault, "serve nodes from level 3 on"), "%s", fault);
}
