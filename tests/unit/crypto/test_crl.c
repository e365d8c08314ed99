/* crl.c: revocation lists (RFC 5280 section 5). What is written here is also read by OpenSSL and GnuTLS, in
 * tests/server/test_crl.sh. */
#include "crypto/crl.h"

#include <criterion/criterion.h>

#include "tests/support/hex.h"
#include "tests/unit/crypto/certs.h"

static struct arena *arena;
static struct private_key *key;

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
    key = private_key_generate(KEY_P256, 0);
}

static void tear_down(void)
{
    private_key_free(key);
    arena_free(arena);
}

TestSuite(crl, .init = set_up, .fini = tear_down);

struct list {
    const struct crl_entry *entries;
    size_t count, at;
};

static int next(void *arg, struct crl_entry *out)
{
    struct list *list = arg;

    if (list->at == list->count)
        return 0;
    *out = list->entries[list->at++];
    return 1;
}

static struct crl_plan plan_of(void)
{
    return (struct crl_plan){.algorithm = signature_for_key(KEY_P256),
                             .key = key,
                             .issuer = name_of(arena, "CA"),
                             .issuer_key_id = hex(arena, "aa bb"),
                             .this_update = CERTS_NOW,
                             .next_update = CERTS_NOW + 3600,
                             .number = 7};
}

/* The CRL of |plan|, signed. */
static struct bytes signed_list(const struct crl_plan *plan, const struct crl_entry *entries, size_t count)
{
    struct list list = {entries, count, 0};
    struct bytes der, kept;

    cr_assert(crl_write(&der, plan, count, next, &list));
    kept = arena_copy(arena, der);
    free((void *)(uintptr_t)der.data);
    return kept;
}

static int verifies(const struct crl *crl)
{
    struct public_key *public = public_key_parse(private_key_spki(key));
    struct verification item = {
        .algorithm = crl->algorithm, .key = public, .message = crl->tbs, .signature = crl->signature};
    struct verification *items[] = {&item};

    verify_batch(items, 1);
    public_key_free(public);
    return item.valid;
}

static int has_octets(struct bytes in, struct bytes octets)
{
    return memmem(in.data, in.len, octets.data, octets.len) != NULL;
}

Test(crl, what_was_written_is_read_back)
{
    const struct crl_entry entries[] = {
        {.serial = hex(arena, "01 02 03"), .revoked_at = CERTS_NOW - 5},
        {.serial = hex(arena, "80 00"),
         .revoked_at = CERTS_NOW - 4,
         .reason = 1,
         .invalidity_at = CERTS_NOW - 100},
        {.serial = hex(arena, "7f"), .revoked_at = CERTS_NOW - 3, .reason = CRL_REASON_HOLD},
    };
    struct crl_plan plan = plan_of();
    struct bytes der = signed_list(&plan, entries, 3);
    struct crl_entry entry;
    struct crl crl;
    CBS rest;

    cr_assert(der_is_strict(NULL, NULL, der, 16));
    cr_assert(crl_parse(&crl, der));
    cr_assert(verifies(&crl));
    cr_assert(bytes_equal(crl.issuer, plan.issuer));
    cr_assert(bytes_equal(crl.issuer_key_id, plan.issuer_key_id));
    cr_assert_eq(crl.this_update, CERTS_NOW);
    cr_assert_eq(crl.next_update, CERTS_NOW + 3600);
    cr_assert_eq(crl.number, 7);
    cr_assert_eq(crl.unknown_critical.len, 0);
    rest = cbs_of(crl.entries);
    cr_assert(crl_read_entry(&rest, &entry));
    cr_assert(bytes_equal(entry.serial, entries[0].serial));
    cr_assert_eq(entry.revoked_at, CERTS_NOW - 5);
    cr_assert_eq(entry.reason, 0);
    cr_assert_eq(entry.invalidity_at, 0);
    cr_assert(crl_read_entry(&rest, &entry));
    cr_assert(bytes_equal(entry.serial, hex(arena, "00 80 00")), "an INTEGER that is positive");
    cr_assert_eq(entry.reason, 1);
    cr_assert_eq(entry.invalidity_at, CERTS_NOW - 100);
    cr_assert(crl_read_entry(&rest, &entry));
    cr_assert_eq(entry.reason, CRL_REASON_HOLD);
    cr_assert_not(crl_read_entry(&rest, &entry));
    cr_assert_eq(CBS_len(&rest), 0);
}

/* RFC 5280 5.1.2.6: "When there are no revoked certificates, the revoked certificates list MUST be absent."
 */
Test(crl, without_entries_there_is_no_list)
{
    struct crl_plan plan = plan_of();
    struct crl crl;
    struct bytes der;

    plan.issuer = hex(arena, "30 00");
    plan.issuer_key_id = bytes_of(NULL, 0);
    der = signed_list(&plan, NULL, 0);
    cr_assert(crl_parse(&crl, der));
    cr_assert(verifies(&crl));
    cr_assert_eq(crl.entries.len, 0);
    /* TBSCertList by hand: version, signature, issuer, the two times, and [0] with cRLNumber alone. */
    cr_assert(bytes_equal(crl.tbs, hex(arena, "30 3f 02 01 01 30 0a 06 08 2a 86 48 ce 3d 04 03 02 30 00 "
                                              "17 0d 32 37 30 31 31 35 30 38 30 30 30 30 5a "
                                              "17 0d 32 37 30 31 31 35 30 39 30 30 30 30 5a "
                                              "a0 0e 30 0c 30 0a 06 03 55 1d 14 04 03 02 01 07")));
}

/* RFC 5280 5.2.4: deltaCRLIndicator, critical, with BaseCRLNumber; 5.3.1: removeFromCRL. */
Test(crl, a_delta_names_its_base)
{
    const struct crl_entry entry = {
        .serial = hex(arena, "01"), .revoked_at = CERTS_NOW, .reason = CRL_REASON_REMOVE};
    struct crl_plan plan = plan_of();
    struct crl_entry read;
    struct crl crl;
    CBS rest;

    cr_assert(crl_parse(&crl, signed_list(&plan, NULL, 0)));
    cr_assert_not(crl.is_delta);
    plan.base_number = 5;
    cr_assert(crl_parse(&crl, signed_list(&plan, &entry, 1)));
    cr_assert(crl.is_delta);
    cr_assert_eq(crl.base_number, 5);
    cr_assert_eq(crl.number, 7);
    cr_assert_eq(crl.unknown_critical.len, 0);
    rest = cbs_of(crl.entries);
    cr_assert(crl_read_entry(&rest, &read));
    cr_assert_eq(read.reason, CRL_REASON_REMOVE);
    /* by hand: id-ce 27, TRUE, INTEGER 5 */
    cr_assert(has_octets(crl.tbs, hex(arena, "30 0d 06 03 55 1d 1b 01 01 ff 04 03 02 01 05")));
}

/* RFC 5280 5.2.5: critical; fullName in distributionPoint, as certificates have it. */
Test(crl, a_shard_says_where_it_is)
{
    const struct bytes urls[] = {bytes_str("http://a/1"), bytes_str("ldap://b")};
    struct crl_plan plan = plan_of();
    struct crl crl;

    cr_assert(crl_write_point(&plan.issuing_point, arena, urls, 2));
    cr_assert(crl_parse(&crl, signed_list(&plan, NULL, 0)));
    cr_assert(
        bytes_equal(crl.issuing_point, hex(arena, "30 1a a0 18 a0 16 86 0a 68 74 74 70 3a 2f 2f 61 2f 31 "
                                                  "86 08 6c 64 61 70 3a 2f 2f 62")));
    cr_assert(has_octets(crl.tbs, hex(arena, "06 03 55 1d 1c 01 01 ff 04 1c 30 1a")));
    cr_assert_eq(crl.unknown_critical.len, 0);
}

/* More than was told: nothing is written beyond its memory. */
Test(crl, what_does_not_fit_is_refused)
{
    enum { MANY = 2000 };
    uint8_t serial[600];
    struct crl_entry *entries = calloc(MANY, sizeof *entries);
    struct crl_plan plan = plan_of();
    struct list list = {entries, MANY, 0};
    struct bytes der;

    memset(serial, 0x55, sizeof serial);
    for (size_t i = 0; i < MANY; i++)
        entries[i] = (struct crl_entry){.serial = bytes_of(serial, sizeof serial),
                                        .revoked_at = CERTS_NOW,
                                        .reason = 1,
                                        .invalidity_at = CERTS_NOW};
    cr_assert_not(crl_write(&der, &plan, 1, next, &list));
    cr_assert_null(der.data);
    free(entries);
}

/* The longest entry there is, and one octet more; and a serial of nothing, which is 0. */
Test(crl, the_longest_and_the_shortest_entry)
{
    uint8_t serial[33];
    struct crl_entry entry = {
        .serial = bytes_of(serial, 32), .revoked_at = 2524608000, .reason = 10, .invalidity_at = 2524608000};
    struct crl_plan plan = plan_of();
    struct crl_entry found;
    struct crl crl;
    struct list list = {&entry, 1, 0};
    struct bytes der;
    CBS rest;

    memset(serial, 0xff, sizeof serial);
    der = signed_list(&plan, &entry, 1);
    cr_assert(der_is_strict(NULL, NULL, der, 16));
    cr_assert(crl_parse(&crl, der) && verifies(&crl));
    rest = cbs_of(crl.entries);
    cr_assert(crl_read_entry(&rest, &found));
    cr_assert_eq(CBS_len(&rest), 0);
    cr_assert_eq(found.serial.len, 33);
    cr_assert_eq(found.serial.data[0], 0);
    cr_assert(bytes_equal(bytes_of(found.serial.data + 1, 32), entry.serial));
    cr_assert_eq(found.revoked_at, 2524608000);
    cr_assert_eq(found.reason, 10);
    cr_assert_eq(found.invalidity_at, 2524608000);
    entry.serial.len = 33;
    cr_assert_not(crl_write(&der, &plan, 1, next, &list));
    entry = (struct crl_entry){.revoked_at = CERTS_NOW};
    der = signed_list(&plan, &entry, 1);
    cr_assert(der_is_strict(NULL, NULL, der, 16));
    cr_assert(crl_parse(&crl, der));
    rest = cbs_of(crl.entries);
    cr_assert(crl_read_entry(&rest, &found));
    cr_assert(bytes_equal(found.serial, hex(arena, "00")));
    entry.invalidity_at = INT64_MAX; /* no time */
    list.at = 0;
    cr_assert_not(crl_write(&der, &plan, 1, next, &list));
    cr_assert_null(der.data);
}

/* RFC 5280 5.1.2.4: GeneralizedTime from 2050 on; 5.3.2: an invalidityDate always. */
Test(crl, times_have_the_forms_of_RFC_5280)
{
    const struct crl_entry entry = {
        .serial = hex(arena, "01"), .revoked_at = 2524608000, .reason = 1, .invalidity_at = CERTS_NOW};
    struct crl_plan plan = plan_of();
    struct bytes der, generalized = bytes_str("20500101000000Z"), invalidity = bytes_str("20270115080000Z");
    size_t found = 0;

    plan.next_update = 2524608000;
    der = signed_list(&plan, &entry, 1);
    for (size_t i = 0; i + generalized.len <= der.len; i++) {
        struct bytes part = bytes_of(der.data + i, generalized.len);
        found += bytes_equal(part, generalized) + 10u * bytes_equal(part, invalidity);
    }
    cr_assert_eq(found, 12, "twice 2050, once an invalidityDate");
}

Test(crl, thousands_of_entries_are_written)
{
    enum { MANY = 20000 };
    struct crl_entry *entries = calloc(MANY, sizeof *entries);
    uint8_t *serials = calloc(MANY, 4);
    struct crl_plan plan = plan_of();
    struct list list = {entries, MANY, 0};
    struct crl_entry entry;
    struct bytes der;
    struct crl crl;
    CBS rest;
    size_t count = 0;

    for (uint32_t i = 0; i < MANY; i++) {
        uint8_t octets[4] = {1, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        memcpy(serials + 4 * i, octets, 4);
        entries[i] = (struct crl_entry){.serial = bytes_of(serials + 4 * i, 4), .revoked_at = CERTS_NOW};
    }
    cr_assert(crl_write(&der, &plan, MANY, next, &list));
    cr_assert(crl_parse(&crl, der));
    cr_assert(verifies(&crl));
    rest = cbs_of(crl.entries);
    while (crl_read_entry(&rest, &entry))
        cr_assert(bytes_equal(entry.serial, entries[count++].serial));
    cr_assert_eq(count, MANY);
    free((void *)(uintptr_t)der.data);
    free(entries);
    free(serials);
}

/* ---- what others write ---- */

#define ALGORITHM "30 0a 06 08 2a 86 48 ce 3d 04 03 02"
#define THIS_UPDATE "17 0d 32 37 30 31 31 35 30 38 30 30 30 30 5a"
#define SIGNATURE "03 02 00 01"

/* Version 1 of the list, without nextUpdate: RFC 5280 5.1.2.5 wants one, others do without. */
Test(crl, a_list_of_version_1_is_read)
{
    struct crl crl;

    cr_assert(crl_parse(
        &crl, hex(arena, "30 2f 30 1d " ALGORITHM " 30 00 " THIS_UPDATE " " ALGORITHM " " SIGNATURE)));
    cr_assert_eq(crl.next_update, 0);
    cr_assert_eq(crl.number, -1);
}

Test(crl, what_is_none_is_refused)
{
    static const char *const rows[] = {
        "",
        "30 00",
        "05 00",
        /* another algorithm outside */
        "30 2f 30 1d " ALGORITHM " 30 00 " THIS_UPDATE " 30 0a 06 08 2a 86 48 ce 3d 04 03 03 " SIGNATURE,
        /* octets behind it, and behind the signature */
        "30 2f 30 1d " ALGORITHM " 30 00 " THIS_UPDATE " " ALGORITHM " " SIGNATURE " 00",
        "30 31 30 1d " ALGORITHM " 30 00 " THIS_UPDATE " " ALGORITHM " " SIGNATURE " 05 00",
        /* version 3 */
        "30 32 30 20 02 01 02 " ALGORITHM " 30 00 " THIS_UPDATE " " ALGORITHM " " SIGNATURE,
        /* unused bits */
        "30 2f 30 1d " ALGORITHM " 30 00 " THIS_UPDATE " " ALGORITHM " 03 02 01 02",
        /* extensions in version 1 */
        "30 33 30 21 " ALGORITHM " 30 00 " THIS_UPDATE " a0 02 30 00 " ALGORITHM " " SIGNATURE,
    };
    struct crl crl;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_not(crl_parse(&crl, hex(arena, rows[i])), "row %zu", i);
}

/* RFC 5280 5.2: who meets a critical extension that he does not process "MUST NOT use the CRL to determine
 * the status of certificates". */
Test(crl, a_critical_extension_that_is_not_known_is_told)
{
    struct crl crl;

    cr_assert(
        crl_parse(&crl, hex(arena, "30 45 30 33 02 01 01 " ALGORITHM " 30 00 " THIS_UPDATE
                                   " a0 11 30 0f 30 0d 06 03 55 1d 63 01 01 ff 04 03 02 01 05 " ALGORITHM
                                   " " SIGNATURE)));
    cr_assert(bytes_equal(crl.unknown_critical, hex(arena, "55 1d 63")));
}

Test(crl, entries_that_are_none_are_told_from_the_end)
{
    static const char *const rows[] = {
        "30 00",
        "30 03 02 01 01",
        "30 16 02 01 01 " THIS_UPDATE " 30 00 05 00",
        /* a reason of two octets */
        "30 24 02 01 01 " THIS_UPDATE " 30 0f 30 0d 06 03 55 1d 15 04 06 0a 02 00 01 05 00",
    };
    struct crl_entry entry;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CBS rest = cbs_of(hex(arena, rows[i]));
        cr_expect_not(crl_read_entry(&rest, &entry), "row %zu", i);
        cr_expect_neq(CBS_len(&rest), 0, "row %zu", i);
    }
}
