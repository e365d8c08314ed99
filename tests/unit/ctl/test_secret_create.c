/* secret_create.c: what is made is in the file and in the store, and cannot be guessed. */
#include <sys/stat.h>

#include "server/base/file.h"
#include "server/ctl/secret.h"
#include "tests/support/call.h"
#include "tests/support/demo.h"

static struct demo demo;
static char file[DEMO_PATH_MAX + 16];

static void set_up(void)
{
    demo_new(&demo);
    snprintf(file, sizeof file, "%s/made", demo.dir);
}

static void tear_down(void)
{
    demo_free(&demo);
}

TestSuite(secret_create, .init = set_up, .fini = tear_down, .timeout = 60);

static int create(const char *more)
{
    char words[1024];

    snprintf(words, sizeof words, "secret create --config %s --out %s %s", demo.config, file, more);
    return call(words);
}

static int says(const char *text)
{
    return strstr(call_err, text) != NULL;
}

Test(secret_create, each_line_is_a_reference_and_a_secret_that_the_store_has)
{
    struct store_fetch fetch = {.kind = STORE_SECRETS, .arena = arena_new(1024 * 1024)};
    char fault[STORE_FAULT_MAX], *line, *rest, *last = NULL;
    struct store *store;
    struct stat st;
    uint8_t *text;
    size_t len, count = 0;

    cr_assert_eq(create("--count 3 --prefix site-7- --profile demo --expires-in 1000"), CTL_OK, "%s",
                 call_err);
    cr_assert(stat(file, &st) == 0 && (st.st_mode & 0777) == 0600);
    cr_assert(file_read(&text, &len, file, 4096));
    store = store_open(fault, policy_config(demo.policy)->store, "test");
    cr_assert_not_null(store, "%s", fault);
    fetch.issuer = bytes_of(policy_settings(demo.policy)->default_profile->ca->id, STORE_ISSUER_ID);
    rest = (char *)text;
    while ((line = strtok_r(rest, "\n", &rest)) != NULL) {
        char *secret = strchr(line, ' ');
        cr_assert_not_null(secret);
        *secret++ = 0;
        cr_expect(strncmp(line, "site-7-", 7) == 0 && strlen(line) == 7 + 12, "%s", line);
        cr_expect_eq(strlen(secret), 26);
        cr_expect_null(secret_weakness(bytes_str(line), bytes_str(secret)));
        cr_expect(last == NULL || (strcmp(last, line) != 0), "each has its own");
        fetch.key = bytes_str(line);
        cr_assert(store_fetch_wait(store, &fetch) && fetch.outcome == STORE_FOUND, "%s", line);
        const struct store_secret *row = fetch.rows;
        cr_expect(bytes_equal(row->profile, bytes_str("demo")) && row->expires != 0 && !row->reusable);
        cr_expect(memmem(row->sealed.data, row->sealed.len, secret, 26) == NULL);
        last = line;
        count++;
    }
    cr_expect_eq(count, 3);
    store_close(store);
    arena_free(fetch.arena);
    free(text);
}

Test(secret_create, a_file_that_is_there_stays_and_nothing_is_stored)
{
    uint8_t *text;
    size_t len;

    cr_assert(file_write(file, "in use", 6, 0600, 1));
    cr_expect_eq(create(""), CTL_FAULT);
    cr_expect(says("what is in it may be in use"), "%s", call_err);
    cr_assert(file_read(&text, &len, file, 4096) && len == 6);
    free(text);
}

Test(secret_create, a_wrong_call_is_told)
{
    cr_expect_eq(create("--count 0"), CTL_FAULT);
    cr_expect(says("--count wants a number of 1 to"), "%s", call_err);
    cr_expect_eq(create("--count 1000001"), CTL_FAULT);
    cr_expect_eq(create("--count -1"), CTL_FAULT);
    cr_expect_eq(create("--prefix 01234567890123456789012345678901234567890"), CTL_FAULT);
    cr_expect(says("--prefix wants up to 40"), "%s", call_err);
    cr_expect_eq(create("--profile nobody"), CTL_FAULT);
    cr_expect(says("no profile is named 'nobody'"), "%s", call_err);
    cr_expect_neq(access(file, F_OK), 0, "no file with secrets that nobody has stored");
}

Test(secret_create, not_for_who_takes_none)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, "      allowed: true", "      allowed: false"), "%s", fault.text);
    cr_expect_eq(create(""), CTL_FAULT);
    cr_expect(says("takes no shared secrets; write allowed: true"), "%s", call_err);
    cr_expect_neq(access(file, F_OK), 0);
}
