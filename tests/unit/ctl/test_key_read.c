/* key_read.c: keys and certificates as somebody names them, and what is none. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/pem.h"
#include "server/base/file.h"
#include "server/ctl/cert.h"
#include "server/ctl/key_read.h"
#include "tests/support/capture.h"
#include "tests/support/must.h"

static char path[] = "/tmp/cmpd-key-XXXXXX";
static struct ctl_identity root;
static struct arena *arena;

static void set_up(void)
{
    static const char *const name[] = {"CN", "root", NULL};
    const struct ctl_cert_spec spec = {CTL_ROOT, name, KEY_P256, 2048, 1, 1};

    arena = arena_new(1024 * 1024);
    must(ctl_make(&root, arena, &spec, NULL, 1700000000));
    close(mkstemp(path));
}

static void tear_down(void)
{
    unlink(path);
    ctl_identity_cleanup(&root);
    arena_free(arena);
}

TestSuite(key_read, .init = set_up, .fini = tear_down, .timeout = 60);

static void write_file(struct bytes octets)
{
    cr_assert(file_write(path, octets.data, octets.len, 0600, 0));
}

static void expect_key(void)
{
    uint8_t hash[STORE_HASH], expected[DIGEST_MAX];

    digest_compute(expected, DIGEST_SHA256, root.cert.spki);
    cr_assert(ctl_read_key(hash, path));
    cr_assert_arr_eq(hash, expected, STORE_HASH);
    cr_assert(ctl_read_key_or_hash(hash, path));
    cr_assert_arr_eq(hash, expected, STORE_HASH);
}

Test(key_read, a_key_is_read_in_every_form)
{
    char *pem;
    size_t len;

    write_file(root.cert_der);
    expect_key();
    write_file(root.cert.spki);
    expect_key();
    cr_assert(pem_certificate(&pem, &len, root.cert_der));
    write_file(bytes_of(pem, len));
    expect_key();
    free(pem);
}

Test(key_read, a_certificate_is_read_in_both_forms)
{
    uint8_t hash[STORE_HASH], expected[DIGEST_MAX];
    char *pem;
    size_t len;

    digest_compute(expected, DIGEST_SHA256, root.cert_der);
    write_file(root.cert_der);
    cr_assert(ctl_read_certificate(hash, path));
    cr_assert_arr_eq(hash, expected, STORE_HASH);
    cr_assert(pem_certificate(&pem, &len, root.cert_der));
    write_file(bytes_of(pem, len));
    cr_assert(ctl_read_certificate(hash, path));
    cr_assert_arr_eq(hash, expected, STORE_HASH);
    free(pem);
}

Test(key_read, a_hash_is_taken_as_it_is_printed)
{
    uint8_t hash[STORE_HASH];

    cr_assert(ctl_read_key_or_hash(hash, "000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f"));
    for (uint8_t i = 0; i < STORE_HASH; i++)
        cr_assert_eq(hash[i], i);
    /* Not as many digits: the name of a file. */
    CAPTURE(cr_expect_not(ctl_read_key_or_hash(hash, "0001")));
    cr_expect_not_null(strstr(logged, "cannot read 0001"), "%s", logged);
}

Test(key_read, what_is_none_is_told)
{
    uint8_t hash[STORE_HASH], *damaged;

    static const char *const texts[] = {"", "nothing\n", "0",
                                        "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n",
                                        "-----BEGIN CERTIFICATE-----\nMAA=\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_file(bytes_str(texts[i]));
        CAPTURE(cr_expect_not(ctl_read_key(hash, path)));
        cr_expect_not_null(strstr(logged, "holds no certificate, public key or PKCS #10 request"), "%s",
                           logged);
    }
    for (size_t len = 0; len < root.cert_der.len; len++) {
        write_file(bytes_of(root.cert_der.data, len));
        CAPTURE(cr_expect_not(ctl_read_key(hash, path)));
    }
    /* A key that is no point of its curve. */
    damaged = malloc(root.cert.spki.len);
    cr_assert_not_null(damaged);
    memcpy(damaged, root.cert.spki.data, root.cert.spki.len);
    damaged[root.cert.spki.len - 1] ^= 1;
    write_file(bytes_of(damaged, root.cert.spki.len));
    CAPTURE(cr_expect_not(ctl_read_key(hash, path)));
    write_file(root.cert.spki);
    CAPTURE(cr_expect_not(ctl_read_certificate(hash, path)));
    cr_expect_not_null(strstr(logged, "holds no certificate, in PEM or DER"), "%s", logged);
    free(damaged);
}
