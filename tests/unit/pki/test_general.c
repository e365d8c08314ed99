/* general.c: GenMsgContent, GenRepContent and the values of infoTypes (RFC 9810 5.3.19, 5.3.20). */
#include "server/pki/general.h"

#include <criterion/criterion.h>

#include "tests/support/hex.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(general, .init = set_up, .fini = tear_down);

#define CA_CERTS "06 08 2b 06 01 05 05 07 04 11 "
#define LANGUAGES "06 08 2b 06 01 05 05 07 04 10 "
#define OTHER "06 03 2a 03 04 "

static int decode(struct general_info out[BOUND_GENERAL_INFO], size_t *count, const char *text)
{
    const char *why = NULL;
    int ok = pki_decode_general(out, count, &why, hex(arena, text));

    cr_assert(ok || why != NULL);
    return ok;
}

/* RFC 9810 5.3.19: InfoTypeAndValue ::= SEQUENCE { infoType, infoValue OPTIONAL } */
Test(general, types_and_values_are_read)
{
    struct general_info infos[BOUND_GENERAL_INFO];
    size_t count;

    cr_assert(decode(infos, &count, "30 00"));
    cr_assert_eq(count, 0);
    cr_assert(decode(infos, &count, "30 23 30 0a " CA_CERTS "30 05 " OTHER "30 0e " LANGUAGES "30 02 0c 00"));
    cr_assert_eq(count, 3);
    cr_assert_eq(infos[0].number, PKI_INFO_CA_CERTS);
    cr_assert_eq(infos[0].value.len, 0);
    cr_assert_eq(infos[1].number, PKI_INFO_OTHER);
    cr_assert(bytes_equal(infos[1].type, hex(arena, "2a 03 04")));
    cr_assert_eq(infos[2].number, PKI_INFO_SUPP_LANG_TAGS);
    cr_assert(bytes_equal(infos[2].value, hex(arena, "30 02 0c 00")));
}

Test(general, what_is_malformed_is_not_read)
{
    static const char *const cases[] = {
        "",
        "31 00",
        "30 00 00",
        "30 02 30 00",
        "30 02 05 00",
        "30 04 30 02 05 00",
        "30 0e 30 0c " CA_CERTS "05",
        "30 10 30 0e " CA_CERTS "05 00 05 00",
    };
    struct general_info infos[BOUND_GENERAL_INFO];
    size_t count;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_not(decode(infos, &count, cases[i]), "case %zu", i);
}

static struct bytes many(size_t n)
{
    struct bytes out;
    CBB cbb, list;
    int ok = CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE);

    for (size_t i = 0; ok && i < n; i++)
        ok = der_add_bytes(&list, hex(arena, "30 05 " OTHER));
    cr_assert(der_finish(&out, arena, &cbb, ok));
    return out;
}

Test(general, there_is_an_end_to_their_number)
{
    struct general_info infos[BOUND_GENERAL_INFO];
    const char *why;
    size_t count;

    cr_assert(pki_decode_general(infos, &count, &why, many(BOUND_GENERAL_INFO)));
    cr_assert_eq(count, BOUND_GENERAL_INFO);
    cr_assert_not(pki_decode_general(infos, &count, &why, many(BOUND_GENERAL_INFO + 1)));
    cr_assert_str_eq(why, "GenMsgContent has too many entries");
}

/* id-it ::= { 1 3 6 1 5 5 7 4 }, and one arc below it. */
Test(general, numbers_under_id_it)
{
    cr_expect_eq(pki_info_of(hex(arena, "2b 06 01 05 05 07 04 11")), 17);
    cr_expect_eq(pki_info_of(hex(arena, "2b 06 01 05 05 07 04 7f")), 127);
    cr_expect_eq(pki_info_of(hex(arena, "2b 06 01 05 05 07 04 81 01")), PKI_INFO_OTHER);
    cr_expect_eq(pki_info_of(hex(arena, "2b 06 01 05 05 07 04 81")), PKI_INFO_OTHER);
    cr_expect_eq(pki_info_of(hex(arena, "2b 06 01 05 05 07 04")), PKI_INFO_OTHER);
    cr_expect_eq(pki_info_of(hex(arena, "2b 06 01 05 05 07 04 11 01")), PKI_INFO_OTHER);
    cr_expect_eq(pki_info_of(hex(arena, "2b 06 01 05 05 07 05 11")), PKI_INFO_OTHER);
    cr_expect_eq(pki_info_of(bytes_of(NULL, 0)), PKI_INFO_OTHER);
}

Test(general, types_and_values_are_written)
{
    const struct general_info infos[] = {
        {.number = PKI_INFO_CA_CERTS},
        {.number = PKI_INFO_OTHER, .type = hex(arena, "2a 03 04")},
        {.number = PKI_INFO_SUPP_LANG_TAGS, .value = hex(arena, "30 02 0c 00")},
    };
    struct bytes der;

    cr_assert(pki_encode_general(&der, arena, infos, 3));
    cr_expect(bytes_equal(
        der, hex(arena, "30 23 30 0a " CA_CERTS "30 05 " OTHER "30 0e " LANGUAGES "30 02 0c 00")));
    cr_assert(pki_encode_general(&der, arena, NULL, 0));
    cr_expect(bytes_equal(der, hex(arena, "30 00")));
}

/* ---- values ---- */

/* RFC 9810 5.3.19.15: newWithOld [0] and oldWithNew [1], EXPLICIT, are OPTIONAL. */
Test(general, an_update_of_a_root)
{
    struct root_update update = {.new_with_new = hex(arena, "30 01 01")};
    struct bytes der;

    cr_assert(pki_encode_root_update(&der, arena, &update));
    cr_expect(bytes_equal(der, hex(arena, "30 03 30 01 01")));
    update.new_with_old = hex(arena, "30 01 02");
    update.old_with_new = hex(arena, "30 01 03");
    cr_assert(pki_encode_root_update(&der, arena, &update));
    cr_expect(bytes_equal(der, hex(arena, "30 0d 30 01 01 a0 03 30 01 02 a1 03 30 01 03")));
    update.new_with_old = bytes_of(NULL, 0);
    cr_assert(pki_encode_root_update(&der, arena, &update));
    cr_expect(bytes_equal(der, hex(arena, "30 08 30 01 01 a1 03 30 01 03")));
}

Test(general, a_sequence_of_elements)
{
    const struct bytes elements[] = {hex(arena, "05 00"), hex(arena, "02 01 07")};
    struct bytes der;

    cr_assert(pki_encode_sequence(&der, arena, elements, 2));
    cr_expect(bytes_equal(der, hex(arena, "30 05 05 00 02 01 07")));
}

/* RFC 5480 2.1.1 and 2.1.1.1, RFC 3279 2.3.1 ("the parameters field MUST have ASN.1 type NULL"), RFC 8410
 * section 3 ("the parameters MUST be absent"). */
Test(general, algorithms_of_keys)
{
    static const struct {
        const char *name, *der;
    } cases[] = {
        {"P-256", "30 13 06 07 2a 86 48 ce 3d 02 01 06 08 2a 86 48 ce 3d 03 01 07"},
        {"P-384", "30 10 06 07 2a 86 48 ce 3d 02 01 06 05 2b 81 04 00 22"},
        {"P-521", "30 10 06 07 2a 86 48 ce 3d 02 01 06 05 2b 81 04 00 23"},
        {"RSA", "30 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00"},
        {"Ed25519", "30 05 06 03 2b 65 70"},
    };
    struct bytes der;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(pki_key_algorithm(&der, arena, key_algorithm_named(cases[i].name)));
        cr_expect(bytes_equal(der, hex(arena, cases[i].der)), "%s", cases[i].name);
    }
}

/* RFC 9483 Appendix A, the keySpec and what of the certTemplate an example can be written with. */
Test(general, the_template_of_the_example)
{
    const struct bytes algorithms[] = {
        hex(arena, "30 13 06 07 2a 86 48 ce 3d 02 01 06 08 2a 86 48 ce 3d 03 01 07")};
    const unsigned rsa_bits[] = {2048};
    const struct key_spec keys = {algorithms, 1, rsa_bits, 1};
    struct cert_template tmpl = {.version = -1,
                                 .not_before = TEMPLATE_NO_TIME,
                                 .not_after = TEMPLATE_NO_TIME,
                                 .issuer = hex(arena, "30 00"),
                                 .subject = hex(arena, "30 0b 31 09 30 07 06 03 55 04 03 0c 00"),
                                 .extension_count = 2};
    struct bytes der;

    tmpl.extensions[0] = (struct certificate_extension){hex(arena, "55 1d 0f"), 1, hex(arena, "03 02 03 88")};
    tmpl.extensions[1] = (struct certificate_extension){hex(arena, "55 1d 25"), 0, hex(arena, "30 00")};
    cr_assert(pki_encode_request_template(&der, arena, &tmpl, &keys));
    cr_expect(bytes_equal(der, hex(arena, "30 67"
                                          "30 30"
                                          "a3 02 30 00"
                                          "a5 0d 30 0b 31 09 30 07 06 03 55 04 03 0c 00"
                                          "a9 1b"
                                          "30 0e 06 03 55 1d 0f 01 01 ff 04 04 03 02 03 88"
                                          "30 09 06 03 55 1d 25 04 02 30 00"
                                          "30 33"
                                          "30 20 06 09 2b 06 01 05 05 07 05 01 0b"
                                          "30 13 06 07 2a 86 48 ce 3d 02 01 06 08 2a 86 48 ce 3d 03 01 07"
                                          "30 0f 06 09 2b 06 01 05 05 07 05 01 0c 02 02 08 00")));
    cr_assert(pki_encode_request_template(&der, arena, &tmpl, &(struct key_spec){.rsa_count = 0}));
    cr_expect(bytes_equal(bytes_of(der.data, 2), hex(arena, "30 32")), "no keySpec");
}

/* ---- CRLStatus (RFC 9810 5.3.19.17) ---- */

#define URI "86 03 61 3a 62 "                                /* [6] "a:b" */
#define POINT "a0 07 a0 05 " URI                             /* dpn: fullName */
#define ISSUER "a1 06 30 04 a4 02 30 00 "                    /* issuer: directoryName, the NULL-DN */
#define TIME "17 0d 32 36 31 31 33 30 31 32 30 30 30 30 5a " /* 2026-11-30 12:00:00 */

Test(general, sources_of_CRLs_are_read)
{
    struct crl_status statuses[BOUND_CRL_SOURCES];
    size_t count;

    cr_assert(pki_decode_crl_statuses(statuses, &count,
                                      hex(arena, "30 2f 30 09 " POINT "30 08 " ISSUER "30 18 " POINT TIME)));
    cr_assert_eq(count, 3);
    cr_expect(statuses[0].is_point && statuses[0].this_update == CRL_STATUS_NO_TIME);
    cr_expect(bytes_equal(statuses[0].names, hex(arena, URI)));
    cr_expect(!statuses[1].is_point && statuses[1].this_update == CRL_STATUS_NO_TIME);
    cr_expect(bytes_equal(statuses[1].names, hex(arena, "a4 02 30 00")));
    cr_expect(statuses[2].is_point);
    cr_expect_eq(statuses[2].this_update, 1796040000);
    /* nameRelativeToCRLIssuer */
    cr_assert(pki_decode_crl_statuses(statuses, &count, hex(arena, "30 06 30 04 a0 02 a1 00")));
    cr_expect(statuses[0].is_point && statuses[0].names.len == 0);
}

Test(general, sources_beyond_the_bound_are_counted)
{
    struct crl_status statuses[BOUND_CRL_SOURCES];
    size_t count;

    cr_assert(pki_decode_crl_statuses(
        statuses, &count,
        hex(arena, "30 37 30 09 " POINT "30 09 " POINT "30 09 " POINT "30 09 " POINT "30 09 " POINT)));
    cr_expect_eq(count, 5);
}

Test(general, what_is_no_source_is_not_read)
{
    static const char *const cases[] = {
        "",
        "30 00",
        "30 02 30 00",
        "30 04 30 02 a0 00",
        "30 06 30 04 a0 02 a0 00", /* GeneralNames is SIZE (1..MAX) */
        "30 06 30 04 a1 02 30 00",
        "30 0a 30 08 a2 06 30 04 a4 02 30 00",
        "30 0b 30 09 a0 07 30 05 " URI, /* without the tag of fullName */
        "30 0b 30 09 a0 07 a2 05 " URI,
        "30 0d 30 0b " POINT "05 00",
        "30 1c 30 1a " POINT TIME "05 00",
        "30 0b 31 09 " POINT,
        "31 0b 30 09 " POINT,
        "30 0b 30 09 " POINT "00",
        "30 0d 30 09 " POINT "05 00",
    };
    struct crl_status statuses[BOUND_CRL_SOURCES];
    size_t count;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_not(pki_decode_crl_statuses(statuses, &count, hex(arena, cases[i])), "case %zu", i);
}

/* ---- lists of texts: suppLangTags (5.3.19.13), certProfile (5.1.1.4) ---- */

Test(general, texts)
{
    CBS list;
    size_t count;

    cr_assert(pki_decode_texts(&list, &count, hex(arena, "30 08 0c 02 64 65 0c 02 65 6e")));
    cr_expect_eq(count, 2);
    cr_expect(bytes_equal(pki_nth_text(list, 0), bytes_str("de")));
    cr_expect(bytes_equal(pki_nth_text(list, 1), bytes_str("en")));
    cr_expect_eq(pki_nth_text(list, 2).len, 0);

    cr_expect_not(pki_decode_texts(&list, &count, hex(arena, "30 00")), "SIZE (1..MAX)");
    cr_expect_not(pki_decode_texts(&list, &count, hex(arena, "30 04 13 02 64 65")), "PrintableString");
    cr_expect_not(pki_decode_texts(&list, &count, hex(arena, "0c 02 64 65")));
    cr_expect_not(pki_decode_texts(&list, &count, hex(arena, "30 04 0c 02 64 65 00")));
    cr_expect_not(pki_decode_texts(&list, &count, bytes_of(NULL, 0)));

    struct bytes der;
    cr_assert(pki_encode_text(&der, arena, bytes_str("de")));
    cr_expect(bytes_equal(der, hex(arena, "30 04 0c 02 64 65")));
}
