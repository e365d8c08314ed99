/* mac_terms.c: what MACs are put together from (RFC 9481 section 6, RFC 9688 section 4). */
#include <criterion/criterion.h>

#include "crypto/mac_terms.h"
#include "tests/support/hex.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(65536);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(mac_terms, .init = set_up, .fini = tear_down);

/* RFC 9045 4.4: "All implementations MUST support HMAC-SHA256 [HMAC]."
 * RFC 9045 4.4: "When present, the parameters MUST contain a type of NULL as specified in [RFC4231]."
 * RFC 9481 6.2.1, RFC 9688 section 4 (parameters absent) and, for HMAC-SHA1, RFC 8018 B.1.1 too */
Test(mac_terms, HMACs_are_told_by_their_OID)
{
    static const struct {
        const char *der;
        enum digest_id id;
    } cases[] = {
        {"30 0a 06 08 2b 06 01 05 05 08 01 02", DIGEST_SHA1},
        {"30 0c 06 08 2a 86 48 86 f7 0d 02 07 05 00", DIGEST_SHA1},
        {"30 0a 06 08 2a 86 48 86 f7 0d 02 08", DIGEST_SHA224},
        {"30 0a 06 08 2a 86 48 86 f7 0d 02 09", DIGEST_SHA256},
        {"30 0a 06 08 2a 86 48 86 f7 0d 02 0a", DIGEST_SHA384},
        {"30 0c 06 08 2a 86 48 86 f7 0d 02 0b 05 00", DIGEST_SHA512},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 0d", DIGEST_SHA3_224},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 0e", DIGEST_SHA3_256},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 0f", DIGEST_SHA3_384},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 10", DIGEST_SHA3_512},
        {"30 0d 06 09 60 86 48 01 65 03 04 02 0e 05 00", DIGEST_NONE},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 13", DIGEST_NONE}, /* KMAC */
        {"30 0b 06 09 60 86 48 01 65 03 04 01 09", DIGEST_NONE}, /* AES-GMAC */
        {"30 0b 06 09 2a 86 48 86 f7 0d 01 05 0e", DIGEST_NONE}, /* PBMAC1 */
        {"30 0a 06 08 2b 06 01 05 05 08 01 01", DIGEST_NONE},    /* HMAC-MD5 */
        {"30 0c 06 08 2a 86 48 86 f7 0d 02 09 30 00", DIGEST_NONE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CBS cbs = cbs_of(hex(arena, cases[i].der));
        cr_assert_eq(hmac_parse(&cbs), cases[i].id, "case %zu", i);
    }
}

/* RFC 9481 section 7, table 2; by choice alone is what does not stretch a secret, and AES-GMAC. */
Test(mac_terms, rows_are_by_the_table_of_the_RFC)
{
    static const struct {
        const char *name;
        unsigned strength;
        int by_choice;
    } cases[] = {
        {"PasswordBasedMac", 0, 0},
        {"PBMAC1", 0, 0},
        {"HMAC", 0, 1},
        {"hmacWithSHA224", 112, 0},
        {"hmacWithSHA256", 128, 0},
        {"hmacWithSHA384", 192, 0},
        {"hmacWithSHA512", 256, 0},
        {"hmacWithSHA3-224", 112, 0},
        {"hmacWithSHA3-256", 128, 0},
        {"hmacWithSHA3-384", 192, 0},
        {"hmacWithSHA3-512", 256, 0},
        {"aes128-GMAC", 128, 1},
        {"aes192-GMAC", 192, 1},
        {"aes256-GMAC", 256, 1},
    };
    size_t i = 0;

    for (const struct mac_term *term; (term = mac_term(i)) != NULL; i++) {
        cr_assert_lt(i, sizeof cases / sizeof cases[0]);
        cr_expect_eq(mac_term_number(term), i);
        cr_expect_str_eq(term->name, cases[i].name);
        cr_expect_eq(term->strength, cases[i].strength, "%s", term->name);
        cr_expect_eq(term->by_choice, cases[i].by_choice, "%s", term->name);
    }
    cr_expect_eq(i, sizeof cases / sizeof cases[0]);
    cr_expect_null(mac_term_of_hmac(DIGEST_SHA1));
    cr_expect_null(mac_term_of_hmac(DIGEST_NONE));
    cr_expect_null(mac_term_of_scheme(MAC_NONE));
}
