/* test_secret.c: shared secrets: which are taken, and their way into the store (server/ctl/secret.c). */
#include "tests/support/capture.h"
#include "tests/support/demo.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/secret.c"

static struct demo demo;

static void set_up(void)
{
    demo_new(&demo);
}

static void tear_down(void)
{
    demo_free(&demo);
}

TestSuite(secret, .init = set_up, .fini = tear_down, .timeout = 60);

static const struct ctl_shared_secret one[] = {{{(const uint8_t *)"ref", 3}, {(const uint8_t *)"secret", 6}}};

static int add_to(const char *profile)
{
    int ok;

    CAPTURE(
        ok = secret_store_all(demo.policy, &(struct secret_plan){.profile = profile, .replaces = 1}, one, 1));
    return ok;
}

static int told(const char *text)
{
    return strstr(logged, text) != NULL;
}

Test(secret, one_is_added_for_any_profile_or_for_one_that_there_is)
{
    cr_assert(add_to(NULL), "%s", logged);
    cr_assert(add_to(policy_settings(demo.policy)->default_profile->config->name), "%s", logged);
    cr_assert_not(add_to("nobody's"));
    cr_assert(told("no profile is named 'nobody's'"), "%s", logged);
}

/* A configuration that takes no MACs may do without one. */
Test(secret, without_a_key_to_seal_them_none_is_stored)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, "allowed: true             # shared", "allowed: false # shared"), "%s",
              fault.text);
    cr_assert(demo_edit(&demo, &fault, "seal_key: ", "# seal_key: "), "%s", fault.text);
    cr_assert_not(add_to(NULL));
    cr_assert(told("the configuration names no seal_key: secrets are stored sealed only"), "%s", logged);
}

Test(secret, a_store_that_is_not_there_is_told)
{
    const char *store = strchr(policy_config(demo.policy)->store, ':') + 1;
    char moved[512];

    snprintf(moved, sizeof moved, "%s.moved", store);
    cr_assert_eq(rename(store, moved), 0);
    cr_assert_not(add_to(NULL));
    cr_assert(told("there is no store at "), "%s", logged);
    cr_assert_eq(rename(moved, store), 0);
    cr_assert(add_to(NULL));
}

/* RFC 5280 A.1: ub-common-name 64 */
Test(secret, a_reference_is_a_common_name)
{
    char text[66];

    memset(text, 'r', sizeof text);
    cr_assert(secret_is_reference(bytes_of(text, 64)));
    cr_assert_not(secret_is_reference(bytes_of(text, 65)));
    cr_assert_not(secret_is_reference(bytes_of(text, 0)));
    cr_assert(secret_is_reference(bytes_str(" ~")));
    cr_assert_not(secret_is_reference(bytes_str("a\x1f")));
    cr_assert_not(secret_is_reference(bytes_str("a\x7f")));
}

Test(secret, how_long_one_is_good_is_a_number_of_seconds)
{
    static const char *const wrong[] = {"", "0", "-1", "1s", " 1", "12345678901", "1e3"};
    int64_t before = time(NULL), expires;

    cr_assert(secret_read_expiry(&expires, NULL));
    cr_assert_eq(expires, 0, "for ever");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CAPTURE(cr_expect_not(secret_read_expiry(&expires, wrong[i]), "'%s'", wrong[i]));
        cr_expect(told("--expires-in wants a number of seconds"), "%s", logged);
    }
    cr_assert(secret_read_expiry(&expires, "9999999999"));
    cr_assert_geq(expires, before + INT64_C(9999999999));
    cr_assert_leq(expires, time(NULL) + INT64_C(9999999999));
}

Test(secret, what_is_soon_guessed_is_weak)
{
    static const struct {
        const char *reference, *secret, *why; /* NULL: nothing tells so */
    } rows[] = {
        {"gnb-1", "VX4DQ744N48BXP5XAFPAJBGEMP", NULL},
        {"gnb-1", "9f86d081884c", NULL},
        {"gnb-1", "correct horse battery staple", NULL},
        {"gnb-1", "9f86d081884", "less than 12"},
        {"gnb-1", "", "less than 12"},
        {"gnb-1", "aaaaaaaaaaaaaaaaaaaaaaaa", "repeat"},
        {"gnb-1", "abababababababababababab", "repeat"},
        {"gnb-1", "0123456789abcdef", "follow each other"},
        {"gnb-1", "abcdefghijklmnopqrstuvwxyz", "follow each other"},
        {"gnb-000123-x", "gnb-000123-x", "reference"},
        {"gnb-000123-x", "GNB-000123-X!", "reference"},
        {"gnb-1", "changeit-k9x2", "manuals"},
        {"gnb-1", "mypassword12", "manuals"},
        {"gnb-1", "9pp8-b35i-Xd3Q-udNR", "manuals"},
        {"gnb-1", "password-of-nobody-9x7q2", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *why = secret_weakness(bytes_str(rows[i].reference), bytes_str(rows[i].secret));
        cr_expect_eq(why == NULL, rows[i].why == NULL, "%s: %s", rows[i].secret,
                     why != NULL ? why : "strong");
        if (why != NULL && rows[i].why != NULL)
            cr_expect_not_null(strstr(why, rows[i].why), "%s: %s", rows[i].secret, why);
    }
}

Test(secret, its_state_is_told)
{
    struct store_secret row = {.sealed = bytes_str("box")};

    cr_expect_str_eq(secret_state(&row, 100), "unused");
    row.reusable = 1;
    cr_expect_str_eq(secret_state(&row, 100), "reusable");
    row.expires = 101;
    cr_expect_str_eq(secret_state(&row, 100), "reusable");
    cr_expect_str_eq(secret_state(&row, 101), "expired");
    row.bound_to = bytes_str("transaction");
    cr_expect_str_eq(secret_state(&row, 101), "used");
    row.sealed.len = 0;
    cr_expect_str_eq(secret_state(&row, 101), "withdrawn");
}

/* A used one is not given a second life in silence. */
Test(secret, a_reference_that_is_taken_is_told)
{
    const struct secret_plan plan = {.profile = NULL};
    int ok;

    cr_assert(secret_store_all(demo.policy, &plan, one, 1));
    CAPTURE(ok = secret_store_all(demo.policy, &plan, one, 1));
    cr_expect_not(ok);
    cr_expect(told("there is a secret for 'ref' already, unused"), "%s", logged);
}
