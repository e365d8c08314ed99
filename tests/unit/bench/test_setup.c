/* setup.c: what cmpctl init --demo made is read, and held against itself. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/setup.h"
#include "server/base/file.h"
#include "server/pki/message.h"
#include "tests/support/demo.h"

static struct demo demo;
static struct setup setup;

static void set_up(void)
{
    demo_new(&demo);
}

static void tear_down(void)
{
    demo_free(&demo);
}

TestSuite(setup, .init = set_up, .fini = tear_down);

Test(setup, all_of_it_is_there)
{
    const struct cmp_authority *ca = policy_authority(demo.policy, NULL);
    char path[DEMO_PATH_MAX + 32];
    struct bytes recipient;
    uint8_t *secret;
    size_t len;

    cr_assert(setup_load(&setup, demo.dir));
    cr_assert(bytes_equal(setup.root.der, ca->root));
    cr_assert(bytes_equal(setup.ca.der, ca->cert.der));
    cr_assert(bytes_equal(setup.cmp.der, ca->cmp_cert.der));
    cr_assert(bytes_equal(setup.vendor.spki, private_key_spki(setup.vendor_key)));
    cr_assert_eq(public_key_kind(setup.ca_key), KEY_P256);
    cr_assert_eq(public_key_kind(setup.cmp_key), KEY_P256);
    cr_assert(pki_directory_name(&recipient, setup.arena, ca->cert.subject));
    cr_assert(bytes_equal(setup.recipient, recipient));
    cr_assert_gt(setup.reference.len, 0);
    snprintf(path, sizeof path, "%s/demo/mac-secret", demo.dir);
    cr_assert(file_read(&secret, &len, path, 4096));
    cr_assert_eq(secret[len - 1], '\n'); /* which is no part of it */
    cr_assert(bytes_equal(setup.secret, bytes_of(secret, len - 1)));
    free(secret);
    setup_cleanup(&setup);
}

static void put(const char *name, const char *text, size_t len)
{
    char path[DEMO_PATH_MAX + 64];

    snprintf(path, sizeof path, "%s/%s", demo.dir, name);
    cr_assert(file_write(path, text, len, 0600, 0));
}

/* Each file by itself: missing, empty, or not what it should be. */
Test(setup, what_is_missing_or_something_else_is_refused)
{
    static const char *const names[] = {"ca/root.pem",
                                        "ca/issuing.pem",
                                        "ca/cmp.pem",
                                        "demo/vendor-intermediate.pem",
                                        "demo/vendor-intermediate.key",
                                        "demo/mac-reference",
                                        "demo/mac-secret"};
    static const char damaged[] = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[DEMO_PATH_MAX + 64];
        uint8_t *was;
        size_t len;
        snprintf(path, sizeof path, "%s/%s", demo.dir, names[i]);
        cr_assert(file_read(&was, &len, path, 1024 * 1024));
        cr_assert_eq(remove(path), 0);
        cr_assert_not(setup_load(&setup, demo.dir), "without %s", names[i]);
        setup_cleanup(&setup);
        put(names[i], "\n", 1);
        cr_assert_not(setup_load(&setup, demo.dir), "with an empty line in %s", names[i]);
        setup_cleanup(&setup);
        if (i < 5) {
            put(names[i], damaged, sizeof damaged - 1);
            cr_assert_not(setup_load(&setup, demo.dir), "with something else in %s", names[i]);
            setup_cleanup(&setup);
        }
        put(names[i], (const char *)was, len);
        free(was);
    }
    cr_assert(setup_load(&setup, demo.dir));
    setup_cleanup(&setup);
}

/* Another CA's certificate is no link, above or below. */
Test(setup, certificates_must_be_a_chain)
{
    static const char *const names[] = {"root", "issuing", "cmp"};
    struct demo other;

    demo_new(&other);
    for (size_t i = 0; i < 3; i++) {
        char path[2][DEMO_PATH_MAX + 64];
        uint8_t *was, *foreign;
        size_t len, foreign_len;
        snprintf(path[0], sizeof path[0], "%s/ca/%s.pem", demo.dir, names[i]);
        snprintf(path[1], sizeof path[1], "%s/ca/%s.pem", other.dir, names[i]);
        cr_assert(file_read(&was, &len, path[0], 4096) && file_read(&foreign, &foreign_len, path[1], 4096));
        cr_assert(file_write(path[0], foreign, foreign_len, 0600, 0));
        cr_assert_not(setup_load(&setup, demo.dir), "%s", names[i]);
        setup_cleanup(&setup);
        cr_assert(file_write(path[0], was, len, 0600, 0));
        free(was);
        free(foreign);
    }
    demo_free(&other);
}
