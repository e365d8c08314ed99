/* crl_index.c: entries of a CRL are found by serial and issuer, and no other is (RFC 5280 5.3.3, 6.3.3 (i),
 * (j)).
 */
#include "crypto/crl_index.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/support/hex.h"
#include "tests/unit/crypto/certs.h"

static struct arena *arena;
static struct crl_index crl_index;

static void set_up(void)
{
    arena = arena_new(16 * 1024 * 1024);
}

static void tear_down(void)
{
    crl_index_free(&crl_index);
    arena_free(arena);
}

TestSuite(crl_index, .init = set_up, .fini = tear_down);

#define TIME "17 0d 32 37 30 31 31 35 30 38 30 30 30 30 5a "
/* reasonCode, keyCompromise; certificateIssuer, a directoryName CN=B; an extension 2.5.29.99 that is critical
 */
#define KEY_COMPROMISE "30 0c 30 0a 06 03 55 1d 15 04 03 0a 01 01 "
#define ISSUER_B                                                                                             \
    "30 1f 30 1d 06 03 55 1d 1d 01 01 ff 04 13 30 11 a4 0f 30 0d 31 0b 30 09 06 03 55 04 03 0c 02 42 42 "
#define CRITICAL "30 0f 30 0d 06 03 55 1d 63 01 01 ff 04 03 0a 01 01 "

static const char *make(const char *entries, int is_indirect)
{
    const struct crl crl = {.entries = hex(arena, entries), .issuer = name_of(arena, "A")};

    return crl_index_make(&crl_index, &crl, is_indirect);
}

static int has(const char *serial, const char *issuer)
{
    struct crl_entry entry;

    return crl_index_find(&crl_index, &entry, hex(arena, serial), name_of(arena, issuer));
}

Test(crl_index, an_entry_is_found_by_its_serial)
{
    struct crl_entry entry;

    cr_assert_null(make("30 12 02 01 05 " TIME "30 20 02 01 07 " TIME KEY_COMPROMISE, 0));
    cr_expect(has("05", "A"));
    cr_expect(crl_index_find(&crl_index, &entry, hex(arena, "07"), name_of(arena, "A")));
    cr_expect_eq(entry.reason, 1);
    cr_expect_not(has("06", "A"));
    cr_expect_not(has("05 05", "A"));
    cr_expect_not(has("", "A"));
    cr_expect_not(has("05", "B"), "another issuer's certificate of that number");
}

/* A serial is a number, however it is spelled; a negative one is another. */
Test(crl_index, a_serial_is_a_number)
{
    cr_assert_null(make("30 14 02 03 00 00 85 " TIME "30 12 02 01 81 " TIME "30 14 02 03 ff ff 82 " TIME, 0));
    cr_expect(has("00 85", "A"));
    cr_expect(has("00 00 00 85", "A"));
    cr_expect_not(has("85", "A"));
    cr_expect(has("81", "A"));
    cr_expect_not(has("00 81", "A"));
    cr_expect(has("82", "A"));
}

/* The last eight octets alone do not make a serial. */
Test(crl_index, long_serials_are_told_apart)
{
    cr_assert_null(make(
        "30 1a 02 09 01 00 00 00 00 00 00 00 07 " TIME "30 1b 02 0a 02 01 00 00 00 00 00 00 00 07 " TIME, 0));
    cr_expect(has("01 00 00 00 00 00 00 00 07", "A"));
    cr_expect(has("02 01 00 00 00 00 00 00 00 07", "A"));
    cr_expect_not(has("07", "A"));
    cr_expect_not(has("02 00 00 00 00 00 00 00 07", "A"));
}

/* RFC 5280 5.3.3: "If this extension is not present in subsequent entries, then the certificate issuer is the
 * same as that for the preceding entry"; before the first, it is the CRL's own. */
Test(crl_index, of_an_indirect_one_each_entry_has_its_issuer)
{
    static const char entries[] =
        "30 12 02 01 05 " TIME "30 33 02 01 06 " TIME ISSUER_B "30 12 02 01 07 " TIME;

    cr_assert_null(make(entries, 1));
    cr_expect(has("05", "A"));
    cr_expect_not(has("05", "BB"));
    cr_expect(has("06", "BB"));
    cr_expect_not(has("06", "A"));
    cr_expect(has("07", "BB"));
    cr_expect(has("07", "bb"), "names match as RFC 5280 7.1 says");
    cr_expect_not(has("07", "A"));
    crl_index_free(&crl_index);
    cr_assert_not_null(strstr(make(entries, 0), "is not indirect"));
}

/* RFC 5280 5.3: "If a CRL contains a critical CRL entry extension that the application cannot process, then
 * the application MUST NOT use that CRL to determine the status of any certificates." */
Test(crl_index, what_is_not_understood_is_not_used)
{
    cr_assert_not_null(strstr(make("30 12 02 01 05 " TIME "30 23 02 01 06 " TIME CRITICAL, 0), "critical"));
    cr_assert_not_null(strstr(make("30 12 02 01 05 " TIME "30 01 02", 0), "malformed"));
    cr_assert_not_null(strstr(make("30 12 02 01 05 " TIME "05 00", 0), "malformed"));
    cr_assert_null(crl_index.places);
}

/* Serials that end alike, and thousands of others: each is found, and its neighbours are not. */
Test(crl_index, a_long_list_is_found_whole)
{
    enum { MANY = 50000, ENTRY = 25 };
    struct bytes head = hex(arena, "30 17 02 06"), time = hex(arena, TIME);
    uint8_t *entries = calloc(MANY, ENTRY), serial[6] = {1};
    const struct crl crl = {.entries = bytes_of(entries, (size_t)MANY * ENTRY),
                            .issuer = name_of(arena, "A")};
    struct crl_entry entry;

    for (uint32_t i = 0; i < MANY; i++) {
        uint8_t *at = entries + (size_t)i * ENTRY;
        uint32_t number = (i * 7919 % MANY) * 2; /* in no order; even ones alone */
        memcpy(at, head.data, head.len);
        for (int o = 0; o < 4; o++)
            at[head.len + 2 + (size_t)o] = (uint8_t)(number >> (24 - 8 * o));
        at[head.len] = 1;
        memcpy(at + head.len + 6, time.data, time.len);
    }
    cr_assert_null(crl_index_make(&crl_index, &crl, 0));
    cr_assert_eq(crl_index.count, MANY);
    for (uint32_t number = 0; number < 2 * MANY; number++) {
        for (int o = 0; o < 4; o++)
            serial[2 + o] = (uint8_t)(number >> (24 - 8 * o));
        cr_assert_eq(crl_index_find(&crl_index, &entry, bytes_of(serial, 6), crl.issuer), number % 2 == 0);
    }
    free(entries);
}
