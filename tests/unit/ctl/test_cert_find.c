/* cert_find.c: what is said where a certificate, or a CA's, is not there. */
#include <criterion/criterion.h>

#include "tests/support/capture.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/cert_find.c"
#include "tests/unit/ctl/cert_fixture.h"

static void no_issuer(const char *path, const char *because)
{
    uint8_t id[STORE_ISSUER_ID];
    int ok;

    CAPTURE(ok = cert_issuer(id, path));
    cr_assert_not(ok);
    cr_assert_not_null(strstr(logged, because), "%s", logged);
    cr_assert_not_null(strstr(logged, path), "%s", logged);
}

Test(cert_find, an_issuer_without_a_certificate_is_told)
{
    static const char *const texts[] = {"nothing\n",
                                        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"};
    char path[] = "/tmp/cmpd-cert-XXXXXX";
    uint8_t id[STORE_ISSUER_ID];

    close(mkstemp(path));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_assert(file_write(path, texts[i], strlen(texts[i]), 0600, 0));
        no_issuer(path, "holds no certificate in PEM");
    }
    unlink(path);
    no_issuer(path, "No such file or directory");
    cr_assert(cert_issuer(id, CMPD_TEST_DATA "/cmp/intermediate.pem"));
}

TestSuite(cert_find, .timeout = 60);
TestSuite(cert_find_given, .init = set_up, .fini = tear_down, .timeout = 60);

Test(cert_find_given, what_is_not_there_is_told)
{
    static const char *const commands[] = {"cert export", "cert show"};
    char words[256];

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        snprintf(words, sizeof words, "%s %s", commands[i], serial(1));
        cr_expect_eq(with_config(words), CTL_FAULT);
        snprintf(words, sizeof words, "no certificate has the serial %s\n", serial(1));
        cr_expect_not_null(strstr(call_err, words), "%s", call_err);
        snprintf(words, sizeof words, "%s 1234", commands[i]);
        cr_expect_eq(with_config(words), CTL_FAULT);
        cr_expect_not_null(strstr(call_err, "'1234' is no serial"), "%s", call_err);
        cr_expect_eq(with_config(commands[i]), CTL_USAGE);
        cr_expect_str_empty(call_out);
    }
}

/* A serial is looked for at every CA: the second of the configuration has it. */
Test(cert_find_given, another_CA_may_have_it)
{
    struct enrollment e = make(1);
    struct config config = *policy_config(demo.policy);
    struct config_ca cas[2] = {{.name = "other", .certificate = CMPD_TEST_DATA "/cmp/intermediate.pem"},
                               config.cas[0]};
    const struct ctl_opened opened = {.config = &config, .store = store};
    struct arena *arena = arena_new(CERT_ARENA);
    struct cert_found found;

    add(&e);
    config.cas = cas;
    config.ca_count = 2;
    cr_assert(cert_find(&found, &opened, arena, e.serial));
    cr_assert_not_null(found.cert);
    cr_assert_str_eq(found.ca, config.cas[1].name);
    cr_assert_arr_eq(found.issuer, issuer_octets, STORE_ISSUER_ID);
    config.ca_count = 1;
    cr_assert(cert_find(&found, &opened, arena, e.serial));
    cr_assert_null(found.cert);
    cas[1] = cas[0];
    cas[0] = policy_config(demo.policy)->cas[0];
    config.ca_count = 2;
    cr_assert(cert_find(&found, &opened, arena, e.serial));
    cr_assert_not_null(found.cert, "those after it are not asked");
    cr_assert_str_eq(found.ca, cas[0].name);
    arena_free(arena);
}
