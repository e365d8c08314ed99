/* authorize.c: whom a profile asks before it issues, as the configuration says it. */
#include "tests/unit/policy/faults.h"

#define PLACE "    devices: open"
#define ASKS(text) "    authorize: {" text "}\n" PLACE

TestSuite(authorize, .init = set_up, .fini = tear_down);

static const struct cmp_authorizer *authorizer(void)
{
    return policy_settings(demo.policy)->default_profile->authorizer;
}

Test(authorize, nobody_is_asked_unless_somebody_is_named)
{
    cr_assert_null(authorizer());
    edit(PLACE, ASKS("url: 'https://inventory.example/cmp', key: ca/seal.key"));
    cr_assert_not_null(authorizer());
    cr_expect_str_eq(authorizer()->config->url, "https://inventory.example/cmp");
    cr_expect_eq(authorizer()->config->timeout_ms, 2000);
    cr_expect_eq(authorizer()->config->parked, 1000);
}

Test(authorize, who_is_asked_is_near_or_by_https)
{
    static const char *const good[] = {"http://127.0.0.1:80/cmp", "http://localhost/", "http://[::1]:1/x",
                                       "https://inventory", "unix:/run/inventory.sock"};
    static const char *const bad[] = {"http://inventory.example/cmp",
                                      "http://127.0.0.1.example/",
                                      "http://localhost.example/",
                                      "https://user@inventory/",
                                      "https:///",
                                      "unix:inventory.sock",
                                      "unix:",
                                      "ftp://127.0.0.1/",
                                      "inventory"};
    char text[256];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(text, sizeof text, ASKS("url: '%s', key: ca/seal.key"), good[i]);
        edit(PLACE, text);
        cr_expect_str_eq(authorizer()->config->url, good[i]);
        edit(text, PLACE);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, ASKS("url: '%s', key: ca/seal.key"), bad[i]);
        refuse_at(PLACE, text, "authorize", "write ");
    }
}

Test(authorize, its_files_are_read_when_it_is_loaded)
{
    refuse_at(PLACE, ASKS("url: 'https://inventory/', key: ca/issuing.key"), "authorize",
              "64 hexadecimal digits");
    refuse_at(PLACE, ASKS("url: 'https://inventory/', key: ca/none.key"), "authorize", "cannot read");
    refuse_at(PLACE, ASKS("url: 'https://inventory/', key: ca/seal.key, ca: ca/seal.key"), "authorize",
              "holds no certificate");
    refuse_at(PLACE, ASKS("url: 'https://inventory/'"), "authorize", "key");
    edit(PLACE, ASKS("url: 'https://inventory/', key: ca/seal.key, ca: ca/root.pem"));
    cr_assert_not_null(authorizer());
}
