/* der.c: strict DER (X.690 8, 10, 11), integers, times, named bits, OIDs. */
#include <criterion/criterion.h>

#include "crypto/der.h"
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

TestSuite(der, .init = set_up, .fini = tear_down);

Test(der, DER_is_strict)
{
    static const char *const good[] = {
        "05 00",
        "01 01 00",
        "01 01 ff",
        "02 01 00",
        "02 01 80",
        "02 02 00 80",
        "03 01 00",
        "03 02 07 80",
        "04 00",
        "06 03 2a 03 04",
        "30 00",
        "31 00",
        "80 01 aa",
        "bf 1f 00",
        "17 0d 32 37 30 31 31 35 30 38 30 30 30 30 5a",
        "18 0f 32 30 32 37 30 31 31 35 30 38 30 30 30 30 5a",
        "18 11 32 30 32 37 30 31 31 35 30 38 30 30 30 30 2e 35 5a",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert(der_is_strict(NULL, NULL, hex(arena, good[i]), 4), "%s", good[i]);
}

/* X.690 8.2 to 8.19: one element by itself, whatever is in a constructed one */
Test(der, the_content_of_one_element)
{
    CBS wrong = cbs_of(hex(arena, "01")), right = cbs_of(hex(arena, "ff")), nothing = cbs_of(hex(arena, ""));

    cr_assert_null(der_content_fault(CBS_ASN1_BOOLEAN, &right));
    cr_assert_not_null(der_content_fault(CBS_ASN1_BOOLEAN, &wrong));
    cr_assert_null(der_content_fault(CBS_ASN1_SEQUENCE, &wrong));
    cr_assert_null(der_content_fault(CBS_ASN1_CONTEXT_SPECIFIC | 1, &wrong));
    cr_assert_not_null(der_content_fault(CBS_ASN1_SEQUENCE & ~CBS_ASN1_CONSTRUCTED, &nothing));
    cr_assert_not_null(der_content_fault(CBS_ASN1_OCTETSTRING | CBS_ASN1_CONSTRUCTED, &nothing));
}

Test(der, what_is_not_DER_is_found_with_its_place_and_a_reason)
{
    static const struct {
        const char *der;
        size_t where;
    } bad[] = {
        {"", 0},
        {"30", 0},
        {"30 80 00 00", 0}, /* 10.1: indefinite */
        {"30 81 00", 0},    /* 10.1: length not minimal */
        {"04 82 00 01 aa", 0},
        {"30 03 02 01", 0},    /* beyond the end */
        {"30 02 02 01", 2},    /* beyond the parent */
        {"30 03 01 01 01", 2}, /* 11.1: TRUE is FF */
        {"01 02 ff ff", 0},
        {"02 00", 0},       /* 8.3.1 */
        {"02 02 00 7f", 0}, /* 8.3.2 */
        {"02 02 ff 80", 0},
        {"0a 02 00 01", 0}, /* ENUMERATED likewise */
        {"03 00", 0},       /* 8.6.2 */
        {"03 01 01", 0},
        {"03 02 08 00", 0},
        {"03 02 01 01", 0}, /* 11.2.1: unused bits are zero */
        {"05 01 00", 0},    /* 8.8.2 */
        {"06 00", 0},       /* 8.19 */
        {"06 02 2a 80", 0},
        {"06 03 2a 80 01", 0},
        {"24 03 04 01 aa", 0},    /* 10.2: constructed string */
        {"10 00", 0},             /* a primitive SEQUENCE */
        {"22 03 02 01 01", 0},    /* a constructed INTEGER */
        {"3f 88 80 80 00 00", 0}, /* a universal type of a number with 25 bits, constructed */
        {"1f 1e 00", 0},          /* 8.1.2.4: high form of a low tag */
        {"17 0b 32 37 30 31 31 35 30 38 30 30 5a", 0},                      /* 11.8.2: seconds are there */
        {"17 11 32 37 30 31 31 35 30 38 30 30 30 30 2b 30 31 30 30", 0},    /* 11.8.1: Z */
        {"18 12 32 30 32 37 30 31 31 35 30 38 30 30 30 30 2e 35 30 5a", 0}, /* 11.7.3: no trailing 0 */
        {"18 10 32 30 32 37 30 31 31 35 30 38 30 30 30 30 2e 5a", 0},
        {"18 0f 32 30 32 37 30 32 33 30 30 38 30 30 30 30 5a", 0}, /* February 30 */
        {"05 00 05 00", 2},                                        /* octets after the end */
        {"05 00 00", 2},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *why = NULL;
        size_t where = 99;
        cr_assert_not(der_is_strict(&where, &why, hex(arena, bad[i].der), 4), "%s", bad[i].der);
        cr_assert_not_null(why);
        cr_assert_eq(where, bad[i].where, "%s: %zu", bad[i].der, where);
    }
}

Test(der, depth_is_bounded)
{
    struct bytes three = hex(arena, "30 04 a0 02 30 00");

    cr_assert(der_is_strict(NULL, NULL, three, 3));
    cr_assert_not(der_is_strict(NULL, NULL, three, 2));
    cr_assert_not(der_is_strict(NULL, NULL, hex(arena, "30 00"), 0));
    cr_assert(der_is_strict(NULL, NULL, hex(arena, "05 00"), 0));
}

typedef int adder(CBB *cbb);

static struct bytes written(adder *add)
{
    struct bytes out;
    CBB cbb;

    cr_assert(CBB_init(&cbb, 16));
    cr_assert(der_finish(&out, arena, &cbb, add(&cbb)));
    return out;
}

static int add_integers(CBB *cbb)
{
    return der_add_int64(cbb, 0) && der_add_int64(cbb, -1) && der_add_int64(cbb, 128) &&
           der_add_int64(cbb, INT64_MIN) && der_add_uint(cbb, bytes_of("\0\0\x80", 3)) &&
           der_add_uint(cbb, bytes_of("\x7f", 1)) && der_add_uint(cbb, bytes_of("\0\0", 2)) &&
           der_add_uint(cbb, bytes_of(NULL, 0));
}

/* X.690 8.3: two's complement in the fewest octets */
Test(der, integers_are_minimal)
{
    cr_assert(bytes_equal(
        written(add_integers),
        hex(arena, "02 01 00 02 01 ff 02 02 00 80 02 08 80 00 00 00 00 00 00 00 02 02 00 80 02 01 7f "
                   "02 01 00 02 01 00")));
}

Test(der, an_integer_that_does_not_fit_is_refused)
{
    CBS cbs = cbs_of(hex(arena, "02 08 7f ff ff ff ff ff ff ff 02 09 00 80 00 00 00 00 00 00 00"));
    int64_t value;

    cr_assert(der_get_int64(&cbs, &value));
    cr_assert_eq(value, INT64_MAX);
    cr_assert_not(der_get_int64(&cbs, &value));
}

static int add_times(CBB *cbb)
{
    /* 2049-12-31 23:59:59, 2050-01-01, 1950-01-01, 1949-12-31 23:59:59; date -u -d ... +%s */
    return der_add_time(cbb, 2524607999) && der_add_time(cbb, 2524608000) && der_add_time(cbb, -631152000) &&
           der_add_time(cbb, -631152001);
}

/* RFC 5280 4.1.2.5: "dates through the year 2049 as UTCTime; certificate validity dates in 2050 or later MUST
 * be encoded as GeneralizedTime" */
Test(der, times_turn_to_GeneralizedTime_in_2050)
{
    cr_assert(
        bytes_equal(written(add_times), hex(arena, "17 0d 34 39 31 32 33 31 32 33 35 39 35 39 5a "
                                                   "18 0f 32 30 35 30 30 31 30 31 30 30 30 30 30 30 5a "
                                                   "17 0d 35 30 30 31 30 31 30 30 30 30 30 30 5a "
                                                   "18 0f 31 39 34 39 31 32 33 31 32 33 35 39 35 39 5a")));
}

/* RFC 5280 4.1.2.5.1: "Where YY is greater than or equal to 50, the year SHALL be interpreted as 19YY" */
Test(der, times_are_read)
{
    CBS cbs = cbs_of(written(add_times));
    static const int64_t expected[] = {2524607999, 2524608000, -631152000, -631152001};
    int64_t at;

    for (size_t i = 0; i < 4; i++) {
        cr_assert(der_get_time(&cbs, &at));
        cr_assert_eq(at, expected[i]);
    }
    /* RFC 5280 4.1.2.5.2: "GeneralizedTime values MUST NOT include fractional seconds." */
    cbs = cbs_of(hex(arena, "18 11 32 30 32 37 30 31 31 35 30 38 30 30 30 30 2e 35 5a"));
    cr_assert_not(der_get_time(&cbs, &at));
    /* 4.1.2.5.1: "UTCTime values MUST be expressed in Greenwich Mean Time (Zulu) and MUST include seconds";
     * and there is no 13th month. 4.1.2.5.2 has the same of GeneralizedTime. */
    cbs = cbs_of(hex(arena, "17 0b 32 37 30 31 31 35 30 38 30 30 5a"));
    cr_assert_not(der_get_time(&cbs, &at));
    cbs = cbs_of(hex(arena, "17 0d 32 37 31 33 31 35 30 38 30 30 30 30 5a"));
    cr_assert_not(der_get_time(&cbs, &at));
    cbs = cbs_of(hex(arena, "17 11 32 37 30 31 31 35 30 38 30 30 30 30 2b 30 31 30 30"));
    cr_assert_not(der_get_time(&cbs, &at));
    cbs = cbs_of(hex(arena, "18 13 32 30 32 37 30 31 31 35 30 38 30 30 30 30 2b 30 31 30 30"));
    cr_assert_not(der_get_time(&cbs, &at));
    /* 4.1.2.5.3: 99991231235959Z, no well-defined expiration date */
    cbs = cbs_of(hex(arena, "18 0f 39 39 39 39 31 32 33 31 32 33 35 39 35 39 5a"));
    cr_assert(der_get_time(&cbs, &at));
    cr_assert_eq(at, INT64_C(253402300799));
}

/* As the C library has them, at the ends of days, of months and of leap years, and in between. */
Test(der, times_are_those_of_the_calendar)
{
    static const int64_t ends[] = {-2208988800, -1,         0,          951782399,  951868800,
                                   1709164799,  1709251200, 4107542399, 4107542400, INT64_C(253402300799)};
    uint8_t octets[DER_TIME_MAX];
    uint64_t random = 1;

    for (size_t i = 0; i < 20000; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        int64_t at =
            i < sizeof ends / sizeof ends[0] ? ends[i] : (int64_t)(random >> 20) % INT64_C(253402300800);
        time_t t = (time_t)at;
        struct tm tm;
        char text[16];
        cr_assert_not_null(gmtime_r(&t, &tm));
        cr_assert_eq(strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm), 15);
        cr_assert_eq(der_put_generalized_time(octets, at), 17);
        cr_assert(octets[0] == 0x18 && octets[1] == 15 && memcmp(octets + 2, text, 15) == 0, "%lld",
                  (long long)at);
        if (at < -631152000 || at >= 2524608000)
            continue;
        cr_assert_eq(der_put_time(octets, at), 15);
        cr_assert(octets[0] == 0x17 && octets[1] == 13 && memcmp(octets + 2, text + 2, 13) == 0, "%lld",
                  (long long)at);
    }
    cr_assert_eq(der_put_time(octets, -2208988801), 0, "1899");
}

Test(der, a_year_beyond_9999_cannot_be_written)
{
    CBB cbb;

    cr_assert(CBB_init(&cbb, 16));
    cr_assert_not(der_add_time(&cbb, INT64_C(253402300800)));
    cr_assert_not(der_add_generalized_time(&cbb, INT64_MAX));
    CBB_cleanup(&cbb);
}

static int add_bits(CBB *cbb)
{
    return der_add_named_bits(cbb, 0) && der_add_named_bits(cbb, 1) && der_add_named_bits(cbb, 1 << 7) &&
           der_add_named_bits(cbb, 1 << 8) && der_add_named_bits(cbb, UINT64_C(1) << 63 | 1);
}

/* X.690 11.2.2: "the bitstring shall have all trailing 0 bits removed"; an empty one has the octet 00 alone.
 */
Test(der, named_bits_have_no_trailing_zeros)
{
    cr_assert(bytes_equal(written(add_bits), hex(arena, "03 01 00 03 02 07 80 03 02 00 01 03 03 07 00 80 "
                                                        "03 09 00 80 00 00 00 00 00 00 01")));
}

Test(der, named_bits_are_read_back)
{
    static const uint64_t expected[] = {0, 1, 1 << 7, 1 << 8, UINT64_C(1) << 63 | 1};
    CBS cbs = cbs_of(written(add_bits));
    uint64_t bits;

    for (size_t i = 0; i < 5; i++) {
        cr_assert(der_get_named_bits(&cbs, &bits));
        cr_assert_eq(bits, expected[i]);
    }
    cbs = cbs_of(hex(arena, "03 0a 00 00 00 00 00 00 00 00 00 01"));
    cr_assert_not(der_get_named_bits(&cbs, &bits)); /* more than 64 */
}

Test(der, a_failed_write_finishes_as_failure)
{
    struct bytes out;
    struct arena *small = arena_new(8);
    CBB cbb;

    cr_assert(CBB_init(&cbb, 16));
    cr_assert_not(der_finish(&out, arena, &cbb, 0));
    cr_assert(CBB_init(&cbb, 16));
    cr_assert_not(
        der_finish(&out, small, &cbb, der_add_octets(&cbb, CBS_ASN1_UTF8STRING, bytes_str("twelve octets"))));
    arena_free(small);
}

Test(der, OIDs_are_read_and_written_as_text)
{
    uint8_t oid[16];
    size_t len = sizeof oid;
    char text[64], tiny[4];

    cr_assert(der_oid_parse(oid, &len, "1.2.840.10045.4.3.2")); /* ecdsa-with-SHA256, RFC 5758 3.2 */
    cr_assert(bytes_equal(bytes_of(oid, len), hex(arena, "2a 86 48 ce 3d 04 03 02")));
    cr_assert_str_eq(der_oid_text(text, sizeof text, bytes_of(oid, len)), "1.2.840.10045.4.3.2");
    cr_assert_str_eq(der_oid_text(tiny, sizeof tiny, bytes_of(oid, len)), "?");
    cr_assert_str_eq(der_oid_text(text, sizeof text, hex(arena, "2a 80")), "?");
    len = sizeof oid;
    cr_assert_not(der_oid_parse(oid, &len, "1.2.x"));
    len = sizeof oid;
    cr_assert_not(der_oid_parse(oid, &len, "3.1"));
    len = 3;
    cr_assert_not(der_oid_parse(oid, &len, "1.2.840.10045"));
}
