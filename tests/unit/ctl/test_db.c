/* test_db.c: what db migrate, status and check say (server/ctl/db.c), over an embedded store. */
#include <criterion/criterion.h>

#include "tests/support/call.h"
#include "tests/support/demo.h"

/* What a migration does; 0, 0: what the store's does. */
static int migrates_from, migrates_to;
static int watched_migrate(char *fault, const char *url, int *from, int *to);

#define store_migrate watched_migrate
/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/db.c"
#undef store_migrate

static int watched_migrate(char *fault, const char *url, int *from, int *to)
{
    if (migrates_to == 0)
        return store_migrate(fault, url, from, to);
    *from = migrates_from;
    *to = migrates_to;
    return 1;
}

static struct demo demo;

static void set_up(void)
{
    demo_new(&demo);
}

static void tear_down(void)
{
    demo_free(&demo);
}

TestSuite(db, .init = set_up, .fini = tear_down, .timeout = 60);

/* "cmpctl WORDS" with what stands in cmpd.yaml of the demo, or with the URL of its store. */
static int with_config(const char *words)
{
    char text[1024];

    snprintf(text, sizeof text, "%s --config %s", words, demo.config);
    return call(text);
}

static int with_store(const char *words)
{
    char text[1024];

    snprintf(text, sizeof text, "%s --store %s", words, policy_config(demo.policy)->store);
    return call(text);
}

Test(db, a_schema_that_is_of_today_is_told_to_be)
{
    cr_assert_eq(with_config("db migrate"), CTL_OK, "%s", call_err);
    cr_assert_str_eq(call_out, "the schema is of version 2 already\n");
    cr_assert_eq(with_store("db migrate"), CTL_OK, "%s", call_err);
    cr_assert_str_eq(call_out, "the schema is of version 2 already\n");
}

Test(db, a_schema_that_was_older_is_told_both_ways)
{
    migrates_from = 2;
    migrates_to = 5;
    cr_assert_eq(with_config("db migrate"), CTL_OK, "%s", call_err);
    cr_assert_str_eq(call_out, "the schema is of version 5 now; it was of version 2\n");
}

/* In JSON numbers are numbers; for readers texts stand in quotes. */
Test(db, a_status_has_a_line_for_each_thing)
{
    cr_assert_eq(with_store("db status"), CTL_OK, "%s", call_err);
    cr_expect_eq(strncmp(call_out, "store: kind=\"SQLite 3.", 22), 0, "%s", call_out);
    cr_expect_not_null(strstr(call_out, " schema=2 schema_known=2 octets="), "%s", call_out);
    cr_expect_not_null(strstr(call_out, " journal_mode=\"wal\" synchronous=\"full\"\n"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\ntable: name=\"secrets\" rows=1\n"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\ntable: name=\"revocations\" rows=0\n"), "%s", call_out);
    cr_assert_eq(with_config("db status --json"), CTL_OK, "%s", call_err);
    cr_expect_eq(strncmp(call_out, "{\"about\":\"store\",\"kind\":\"SQLite 3.", 34), 0, "%s", call_out);
    cr_expect_not_null(strstr(call_out, ",\"schema\":2,\"schema_known\":2,\"octets\":"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\n{\"about\":\"table\",\"name\":\"secrets\",\"rows\":1}\n"), "%s",
                       call_out);
}

/* What a node says of itself is anybody's who can write to the store. */
Test(db, what_a_store_says_cannot_write_lines_of_its_own)
{
    const struct store_fact facts[] = {{"name", bytes_str("a\n\"b\""), 0}, {"rows", bytes_str("7"), 1}};
    char shown[1024];
    FILE *out = stdout;

    stdout = fmemopen(shown, sizeof shown, "w");
    say_line(NULL, "node", facts, 2);
    say_json(NULL, "node", facts, 2);
    fclose(stdout);
    stdout = out;
    cr_assert_str_eq(shown, "node: name=\"a\\x0a\\\"b\\\"\" rows=7\n"
                            "{\"about\":\"node\",\"name\":\"a\\n\\\"b\\\"\",\"rows\":7}\n");
}

Test(db, a_store_that_is_well_is_told_to_be)
{
    cr_assert_eq(with_config("db check"), CTL_OK, "%s", call_err);
    cr_assert_str_eq(call_out, "all is well\n");
}

static void run_sql(const char *sql)
{
    char command[1024];

    snprintf(command, sizeof command, "sqlite3 '%s' \"%s\"",
             strchr(policy_config(demo.policy)->store, ':') + 1, sql);
    cr_assert_eq(system(command), 0);
}

Test(db, a_store_that_is_not_is_a_fault)
{
    run_sql("DROP INDEX transactions_deadline");
    cr_assert_eq(with_config("db check"), CTL_FAULT);
    cr_assert_not_null(strstr(call_out, "transactions_deadline"), "%s", call_out);
    cr_assert_not_null(strstr(call_out, "NOT WELL, 1 findings\n"), "%s", call_out);
}

/* Nothing is recorded where nothing is to be accepted, and none is accepted of a store that is not the
 * node's. */
Test(db, only_an_older_store_of_this_node_is_accepted)
{
    cr_assert_eq(with_config("db check --accept-older"), CTL_OK, "%s", call_err);
    cr_assert_not_null(strstr(call_out, "nothing to accept"), "%s", call_out);
    cr_assert_eq(with_config("db check --accept-older --store sqlite:/x"), CTL_USAGE);
    cr_assert_not_null(strstr(call_err, "leave out --store"), "%s", call_err);
}

Test(db, a_store_that_cannot_be_looked_at_is_a_fault)
{
    static const char *const commands[] = {"db migrate", "db status", "db check"};
    const char *path = strchr(policy_config(demo.policy)->store, ':') + 1;

    cr_assert_eq(unlink(path), 0);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        cr_expect_eq(with_config(commands[i]), CTL_FAULT, "%s", commands[i]);
        cr_expect_not_null(strstr(call_err, "there is no store"), "%s", call_err);
        cr_expect_str_empty(call_out);
    }
    for (size_t i = 0; i < 2 && config_place(NULL) == NULL; i++) {
        cr_expect_eq(call(commands[i]), CTL_USAGE);
        cr_expect_not_null(strstr(call_err, " wants --config FILE"), "%s", call_err);
        cr_expect_not_null(strstr(call_err, "; or --store URL"), "%s", call_err);
    }
    cr_expect_eq(call("db status --store postgres://h/d?password=hidden"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "--store holds a password"), "%s", call_err);
    cr_expect_eq(call("db status --config /no/such.yaml"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "/no/such.yaml"), "%s", call_err);
}

/* How many lines |count| findings are, and whether the last says that there are more. */
static size_t lines_of(int count, int *says_more)
{
    struct checking checking = {.found = 0};
    char shown[8192];
    FILE *out = stdout;
    size_t lines = 0;

    stdout = fmemopen(shown, sizeof shown, "w");
    for (int i = 0; i < count; i++)
        found(&checking, "a finding");
    fclose(stdout);
    stdout = out;
    for (const char *at = shown; *at != 0; at++)
        lines += *at == '\n';
    *says_more = strstr(shown, "a finding\nmore is counted, and not shown\n") != NULL;
    cr_expect_eq(checking.found, (uint64_t)count);
    return lines;
}

/* Findings may be as many as there are rows. */
Test(db, so_many_findings_are_shown_and_no_more)
{
    int says_more;

    cr_expect_eq(lines_of(100, &says_more), 100);
    cr_expect_not(says_more);
    cr_expect_eq(lines_of(101, &says_more), 101);
    cr_expect(says_more);
    cr_expect_eq(lines_of(150, &says_more), 101);
    cr_expect(says_more);
}

/* retain.transactions_days: of a certificate that was issued before that, its transaction may be gone. */
Test(db, retention_may_have_taken_a_transaction)
{
    static const struct config_profile profiles[] = {{.name = "for-ever"},
                                                     {.name = "ten-days", .retain.transactions_days = 10}};
    static const struct config config = {.profiles = profiles, .profile_count = 2};
    const struct checking checking = {.config = &config, .now = 100 * 86400};

    cr_expect(may_lack_tx((void *)(uintptr_t)&checking, bytes_str("ten-days"), 90 * 86400 - 1));
    cr_expect_not(may_lack_tx((void *)(uintptr_t)&checking, bytes_str("ten-days"), 90 * 86400));
    cr_expect_not(may_lack_tx((void *)(uintptr_t)&checking, bytes_str("for-ever"), 0));
    cr_expect_not(may_lack_tx((void *)(uintptr_t)&checking, bytes_str("nobody's"), 0));
}
