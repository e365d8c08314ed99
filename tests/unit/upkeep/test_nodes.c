/* nodes.c: what nodes of one store know of each other, over a file or PostgreSQL (tests/postgres). Time is
 * passed in: nothing waits, but for a notice of the database. */
/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/upkeep/nodes.c"

#include <time.h>

#include "server/base/bounds.h"
#include "tests/support/capture.h"
#include "tests/unit/upkeep/fixture.h"

enum { T = NOW };

/* struct node is a node: a process of its own, as far as the store can tell. */
struct node {
    struct nodes nodes;
    struct policy *policy;
    struct store *store;
};

static struct node first, second;

/* With the demo's configuration as it is now. */
static void node_begin(struct node *node)
{
    nodes_init(&node->nodes);
    node->policy = policy_acquire(demo.policy);
    node->store = must_open(test_url);
}

static void node_end(struct node *node)
{
    store_close(node->store);
    policy_release(node->policy);
    nodes_cleanup(&node->nodes);
    *node = (struct node){.policy = NULL};
}

static void edit(const char *from, const char *to)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, from, to), "%s", fault.text);
}

static void reload(struct node *node)
{
    policy_release(node->policy);
    node->policy = policy_acquire(demo.policy);
}

static int run(struct node *node, int64_t now)
{
    return nodes_run(&node->nodes, node->policy, node->store, now);
}

/* How often |text| is in what /readyz of |node| lists. */
static int lists(struct node *node, const char *text)
{
    static char list[NODES_TEXT_MAX];
    int differ, count = 0;

    nodes_text(&node->nodes, list, &differ);
    for (const char *at = list; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

static int differs(struct node *node)
{
    static char list[NODES_TEXT_MAX];
    int differ;

    nodes_text(&node->nodes, list, &differ);
    return differ;
}

static void begin_two(void)
{
    set_up();
    log_set_level(LOG_INFO);
    edit("node: ", "node: first-");
    node_begin(&first);
    edit("node: first-", "node: second-");
    node_begin(&second);
}

static void end_two(void)
{
    node_end(&first);
    node_end(&second);
    tear_down();
}

TestSuite(nodes, .init = begin_two, .fini = end_two, .timeout = 60);

/* As another node would, but without a notice of it. */
static void write_row(struct node *node, const char *config, int64_t at)
{
    char sql[512];
    const struct store_node row = {.name = bytes_str(policy_config(node->policy)->node),
                                   .version = bytes_str("1"),
                                   .config = bytes_str(config),
                                   .seen_at = at};
    struct store_unit unit = {.alive_at = at, .alive_gap = BOUND_ALIVE_GAP};

    store_unit_write(&unit, STORE_PUT, STORE_NODES, &row);
    if (strncmp(test_url, "sqlite:", 7) == 0) {
        cr_assert(store_commit_wait(node->store, &unit));
        return;
    }
    snprintf(sql, sizeof sql,
             "INSERT INTO cmpd.nodes (name, version, config, guesses, seen_at) VALUES ('%.*s', '1', '%s', "
             "'', %lld)",
             (int)row.name.len, (const char *)row.name.data, config, (long long)at);
    database_run(test_url, sql);
}

Test(nodes, those_that_serve_alike_know_each_other)
{
    char entry[256];

    cr_assert(run(&first, T));
    cr_assert(run(&second, T + 1));
    CAPTURE(run(&first, T + 6));
    cr_assert_str_empty(logged, "%s", logged);
    cr_assert_not(differs(&first));
    cr_assert_eq(lists(&first, "\"node\":"), 2);
    snprintf(entry, sizeof entry, "{\"node\":\"%s\",\"version\":", policy_config(second.policy)->node);
    cr_assert_eq(lists(&first, entry), 1);
    snprintf(entry, sizeof entry, "\"configuration\":\"%s\",\"seen_seconds\":5}", policy_hash(second.policy));
    cr_assert_eq(lists(&first, entry), 1, "the second one, five seconds ago");
}

/* server/base/guesses.h: who guesses at one node is refused at the other. */
Test(nodes, wrong_MACs_are_heard_of)
{
    struct ledger *sources[2], *pairs[2];
    struct node *both[2] = {&first, &second};

    for (int i = 0; i < 2; i++) {
        sources[i] = ledger_new(64);
        pairs[i] = ledger_new(64);
        both[i]->nodes.guesses = guesses_new(sources[i], pairs[i]);
    }
    for (int i = 0; i < BOUND_GUESSES_PAIR; i++)
        guesses_note(first.nodes.guesses, GUESSES_PAIR, 7, ledger_now());
    run(&first, T);
    CAPTURE(run(&second, T + 1));
    cr_assert_not_null(strstr(logged, "event=\"secrets are being guessed\""), "%s", logged);
    CAPTURE(run(&second, T + 6));
    cr_assert_str_empty(logged, "%s", logged);
    guesses_note(first.nodes.guesses, GUESSES_PAIR, 7, ledger_now());
    run(&first, T + 6);
    run(&second, T + 11);
    run(&first, T + 12);
    /* It is not seen for a while, for the store was away, say: what it said before is not heard again. */
    run(&second, T + 60);
    cr_assert_eq(lists(&second, "\"node\":"), 0, "nor itself, yet");
    run(&first, T + 61);
    run(&second, T + 66);
    cr_assert_eq(lists(&second, "\"node\":"), 2);
    for (int i = 0; i < 2; i++) {
        struct ledger_source *source = ledger_pin(pairs[i], 7, ledger_now());
        cr_expect_eq(ledger_lately(&source->failures, BOUND_GUESSES_HALVING, ledger_now()),
                     i == 0 ? 0 : BOUND_GUESSES_PAIR + 1, "a node hears nothing of itself");
        ledger_unpin(source);
        guesses_free(both[i]->nodes.guesses);
        ledger_free(sources[i]);
        ledger_free(pairs[i]);
    }
}

Test(nodes, one_that_serves_otherwise_is_told_of_once_and_again_when_it_is_over)
{
    run(&first, T);
    edit("validity_days: 365", "validity_days: 364");
    reload(&second);
    run(&second, T + 1);
    CAPTURE(run(&first, T + 6));
    cr_assert_not_null(strstr(logged, "level=error event=\"configurations differ\""), "%s", logged);
    cr_assert(differs(&first));
    CAPTURE(run(&first, T + 11));
    cr_assert_str_empty(logged, "%s", logged);

    edit("second-", "first-");
    reload(&first);
    CAPTURE(run(&first, T + 12));
    cr_assert_not_null(strstr(logged, "level=info event=\"configurations are alike\""), "%s", logged);
    cr_assert_not(differs(&first));
}

Test(nodes, one_that_is_gone_differs_from_nobody)
{
    write_row(&second, "another", T);
    run(&first, T + BOUND_ALIVE_GAP);
    cr_assert(differs(&first));
    run(&first, T + 2 * BOUND_ALIVE_GAP);
    cr_assert_not(differs(&first));
    cr_assert_eq(lists(&first, "\"node\":"), 1, "itself");
}

/* In PostgreSQL a node hears its own notices, too, over each of its connections. */
static void hear_notices(struct node *node, int64_t now)
{
    unsigned before;

    do {
        before = store_notices(node->store);
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    } while (store_notices(node->store) != before);
    run(node, now);
}

/* The bound of nodes.h: no copy is older than BOUND_ALIVE_EVERY seconds. */
Test(nodes, what_no_notice_tells_is_seen_five_seconds_later)
{
    run(&first, T);
    hear_notices(&first, T);
    write_row(&second, "another", T + 1);
    run(&first, T + BOUND_ALIVE_EVERY - 1);
    cr_assert_not(differs(&first), "nobody has told it, and it has not looked");
    run(&first, T + BOUND_ALIVE_EVERY);
    cr_assert(differs(&first));
}

/* What embedded stores do not give: store.h, store_notices. */
Test(nodes, what_a_notice_tells_is_seen_at_once)
{
    int is_file = strncmp(test_url, "sqlite:", 7) == 0;

    run(&first, T);
    hear_notices(&first, T);
    unsigned before = store_notices(first.store);
    edit("validity_days: 365", "validity_days: 364");
    reload(&second);
    run(&second, T + 1);
    while (!is_file && store_notices(first.store) == before)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    run(&first, T + 2);
    cr_assert_eq(differs(&first), !is_file);
}

/* Its row of before is still there, also that of the process before it. */
Test(nodes, a_node_does_not_differ_from_itself)
{
    write_row(&first, "of former times", T - 1);
    CAPTURE(run(&first, T));
    cr_assert_str_empty(logged, "%s", logged);
    edit("second-", "first-");
    edit("validity_days: 365", "validity_days: 364");
    reload(&first);
    CAPTURE(run(&first, T + 1));
    cr_assert_str_empty(logged, "%s", logged);
    cr_assert_not(differs(&first));
    cr_assert_eq(lists(&first, policy_hash(first.policy)), 1, "it says at once what it has now");
}

/* Of which there is only one row: whoever writes it last. */
static size_t run_both(int64_t from, int64_t to)
{
    size_t told = 0;

    for (int64_t now = from; now < to; now++) {
        run(&second, now);
        CAPTURE(run(&first, now));
        told += strstr(logged, "level=error event=\"two nodes of one name\"") != NULL;
        cr_assert_null(strstr(logged, "configurations"), "%s", logged);
    }
    return told;
}

static int64_t time_to_end(void)
{
    const struct config *config = policy_config(first.policy);

    return (int64_t)config->limits.drain_seconds + config->limits.stop_seconds;
}

/* Also one with another configuration: whose row it is changes every few seconds, so it is no node that
 * differs, time and again, but one that should not be there. */
Test(nodes, a_second_one_of_the_same_name_is_told_of_once)
{
    edit("second-", "first-");
    edit("validity_days: 365", "validity_days: 364");
    reload(&second);
    run(&second, T);
    run(&first, T + 2);
    cr_assert_eq(run_both(T + 3, T + time_to_end()), 0, "it might be ending");
    cr_assert_eq(run_both(T + time_to_end(), T + 4 * time_to_end()), 1);
}

/* Both write in the same second, one after the other. */
Test(nodes, a_second_one_in_step_is_found_as_well)
{
    edit("second-", "first-");
    reload(&second);
    cr_assert_eq(run_both(T, T + 2 * time_to_end()), 1);
}

Test(nodes, a_restart_is_no_second_one)
{
    edit("second-", "first-");
    reload(&second);
    run(&second, T);
    run(&first, T + 1);
    /* The former one drains for as long as it may. */
    cr_assert_eq(run_both(T + 2, T + time_to_end()), 0);
    for (int64_t now = T + time_to_end(); now < T + 100; now++) {
        CAPTURE(run(&first, now));
        cr_assert_str_empty(logged, "%s", logged);
    }
    /* And so does the next. */
    cr_assert_eq(run_both(T + 100, T + 90 + time_to_end()), 0);
}

/* A node whose word was not taken does not wait five seconds for the next one. */
Test(nodes, a_word_that_was_not_taken_is_said_again_at_once)
{
    char fault[STORE_FAULT_MAX];
    struct store *deaf = store_open_to_read(fault, test_url, "deaf");

    cr_assert_not_null(deaf, "%s", fault);
    cr_assert_not(nodes_run(&first.nodes, first.policy, deaf, T));
    cr_assert(run(&first, T + 1));
    cr_assert_not(nodes_run(&first.nodes, first.policy, deaf, T + 1 + BOUND_ALIVE_EVERY));
    cr_assert_not(nodes_run(&first.nodes, first.policy, deaf, T + 2 + BOUND_ALIVE_EVERY));
    store_close(deaf);
}

/* A list that would be cut is none: it is JSON, whole or not at all. */
Test(nodes, a_list_that_does_not_fit_is_empty)
{
    enum { MANY = 64 };
    static struct store_node many[MANY];
    static char text[NODES_TEXT_MAX];
    char name[STORE_NAME_MAX];
    struct store_fetch fetch = {.outcome = STORE_FOUND, .rows = many};
    size_t whole = 0;

    memset(name, 1, sizeof name); /* six characters each */
    for (size_t i = 0; i < MANY; i++)
        many[i] = (struct store_node){.name = bytes_of(name, sizeof name), .seen_at = T};
    for (fetch.count = 1; fetch.count < MANY; fetch.count++) {
        write_text(text, &fetch, T);
        size_t len = strlen(text);
        if (len == 2)
            break;
        cr_assert(text[0] == '[' && text[len - 1] == ']' && text[len - 2] == '}', "%zu nodes", fetch.count);
        whole = len;
    }
    cr_assert_str_eq(text, "[]");
    cr_assert_gt(whole, NODES_TEXT_MAX / 2);
}
