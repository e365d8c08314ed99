/* cache.c: responses that are kept, until they change, end, or make room (RFC 9919 section 7). */
#include "server/ocsp/cache.h"

#include <criterion/criterion.h>

#include "tests/support/must.h"

enum { NOW = 1800000000, PARTS = 64 };

static struct ocsp_cache *cache;
static const uint8_t issuer[STORE_ISSUER_ID] = {1}, other[STORE_ISSUER_ID] = {2};

static void set_up(void)
{
    cache = ocsp_cache_new();
    ocsp_cache_limit(cache, 64 << 20);
}

static void tear_down(void)
{
    ocsp_cache_free(cache);
}

TestSuite(ocsp_cache, .init = set_up, .fini = tear_down);

static struct bytes serial_of(uint8_t out[STORE_SERIAL], uint32_t n)
{
    memset(out, 0, STORE_SERIAL);
    memcpy(out, &n, sizeof n);
    return bytes_of(out, STORE_SERIAL);
}

/* The response about the |n|th certificate of |of|, asked for with |digest|. */
static void put_at(const uint8_t of[STORE_ISSUER_ID], uint32_t n, const char *digest, const char *der,
                   uint64_t epoch)
{
    struct ocsp_entry entry = {.der = bytes_str(der),
                               .tag = "\"tag\"",
                               .times = {.this_update = NOW, .renew_at = NOW + 10, .next_update = NOW + 20}};
    char id[64];

    memcpy(entry.issuer, of, STORE_ISSUER_ID);
    serial_of(entry.serial, n);
    snprintf(id, sizeof id, "%d %u %s", of[0], n, digest);
    entry.cert_id = bytes_str(id);
    ocsp_cache_put(cache, &entry, epoch);
}

static void put(const uint8_t of[STORE_ISSUER_ID], uint32_t n, const char *digest, const char *der)
{
    put_at(of, n, digest, der, ocsp_cache_epoch(cache));
}

static int find_at(const uint8_t of[STORE_ISSUER_ID], uint32_t n, const char *digest, const char *der,
                   int64_t now, int fresh)
{
    uint8_t octets[OCSP_KEPT_MAX], serial[STORE_SERIAL];
    struct ocsp_kept kept;
    char id[64];

    snprintf(id, sizeof id, "%d %u %s", of[0], n, digest);
    if (!ocsp_cache_find(&kept, octets, cache, bytes_str(id), serial_of(serial, n), now, fresh))
        return 0;
    cr_expect(bytes_equal(kept.der, bytes_str(der)));
    cr_expect_str_eq(kept.tag, "\"tag\"");
    cr_expect_eq(kept.times.next_update, NOW + 20);
    return 1;
}

static int find(const uint8_t of[STORE_ISSUER_ID], uint32_t n, const char *digest, const char *der)
{
    return find_at(of, n, digest, der, NOW, 1);
}

Test(ocsp_cache, what_was_put_is_found)
{
    put(issuer, 1, "sha1", "a");
    put(issuer, 1, "sha256", "b");
    put(other, 1, "sha1", "c");
    cr_expect(find(issuer, 1, "sha1", "a"));
    cr_expect(find(issuer, 1, "sha256", "b"));
    cr_expect(find(other, 1, "sha1", "c"));
    cr_expect_not(find(issuer, 2, "sha1", ""));
    put(issuer, 1, "sha1", "d");
    cr_expect(find(issuer, 1, "sha1", "d"), "in its place");
}

Test(ocsp_cache, a_response_is_renewed_before_it_ends)
{
    put(issuer, 1, "sha1", "a");
    cr_expect(find_at(issuer, 1, "sha1", "a", NOW + 9, 1));
    cr_expect_not(find_at(issuer, 1, "sha1", "a", NOW + 10, 1));
    cr_expect(find_at(issuer, 1, "sha1", "a", NOW + 19, 0));
    cr_expect_not(find_at(issuer, 1, "sha1", "a", NOW + 20, 0));
    cr_expect_not(find_at(issuer, 1, "sha1", "a", NOW, 0), "it went when it had ended");
}

Test(ocsp_cache, none_is_given_before_its_time)
{
    put(issuer, 1, "sha1", "a");
    cr_expect_not(find_at(issuer, 1, "sha1", "a", NOW - 1, 0), "a clock that was set back");
}

Test(ocsp_cache, a_change_takes_away_all_about_a_certificate)
{
    uint8_t serial[STORE_SERIAL];

    put(issuer, 1, "sha1", "a");
    put(issuer, 1, "sha256", "b");
    put(issuer, 2, "sha1", "c");
    put(other, 1, "sha1", "d");
    ocsp_cache_changing(cache);
    ocsp_cache_drop(cache, issuer, serial_of(serial, 1));
    cr_expect_not(find(issuer, 1, "sha1", ""));
    cr_expect_not(find(issuer, 1, "sha256", ""));
    cr_expect(find(issuer, 2, "sha1", "c"));
    cr_expect(find(other, 1, "sha1", "d"));
    ocsp_cache_drop_issuer(cache, issuer);
    cr_expect_not(find(issuer, 2, "sha1", ""));
    cr_expect(find(other, 1, "sha1", "d"));
}

Test(ocsp_cache, what_was_read_before_a_change_is_not_kept)
{
    uint64_t before = ocsp_cache_epoch(cache);

    ocsp_cache_changing(cache);
    put_at(issuer, 1, "sha1", "a", before);
    cr_expect_not(find(issuer, 1, "sha1", ""));
    put(issuer, 1, "sha1", "b");
    cr_expect(find(issuer, 1, "sha1", "b"));
}

static unsigned found_of(unsigned count)
{
    unsigned found = 0;

    for (uint32_t n = 0; n < count; n++)
        found += (unsigned)find(issuer, n, "sha1", "a");
    return found;
}

Test(ocsp_cache, it_holds_no_more_than_it_may)
{
    enum { COUNT = 20000 };
    unsigned found;

    ocsp_cache_limit(cache, 1 << 20);
    for (uint32_t n = 0; n < COUNT; n++)
        put(issuer, n, "sha1", "a");
    found = found_of(COUNT);
    cr_expect_gt(found, (1 << 20) / 512);
    cr_expect_lt(found, (1 << 20) / 128);
    ocsp_cache_limit(cache, 0);
    cr_expect_eq(found_of(COUNT), 0);
    put(issuer, 1, "sha1", "a");
    cr_expect_not(find(issuer, 1, "sha1", ""), "nothing is kept");
}

Test(ocsp_cache, what_is_asked_for_stays)
{
    ocsp_cache_limit(cache, 1 << 20);
    put(issuer, 0, "sha1", "a");
    for (uint32_t n = 1; n < 20000; n++) {
        put(issuer, n, "sha1", "a");
        cr_assert(find(issuer, 0, "sha1", "a"), "%u", n);
    }
}

Test(ocsp_cache, a_long_one_is_not_kept)
{
    static char der[OCSP_KEPT_MAX + 2];

    memset(der, 'a', OCSP_KEPT_MAX + 1);
    put(issuer, 1, "sha1", der);
    cr_expect_not(find(issuer, 1, "sha1", ""));
    der[OCSP_KEPT_MAX] = 0;
    put(issuer, 1, "sha1", der);
    cr_expect(find(issuer, 1, "sha1", der));
}

Test(ocsp_cache, serials_are_as_the_store_has_them)
{
    static const struct {
        const char *octets;
        size_t len;
        int good;
        uint8_t last, first;
    } cases[] = {
        {"\x05", 1, 1, 5, 0},
        {"\0\x85", 2, 1, 0x85, 0},
        {"\0", 1, 1, 0, 0},
        {"\x7f-23456789abcdef", 16, 1, 'f', 0x7f},
        {"\0\x80-23456789abcdef", 17, 1, 'f', 0x80},
        {"\x7f-23456789abcdefg", 17, 0, 0, 0},
        {"\x80", 1, 0, 0, 0},
        {"", 0, 0, 0, 0},
    };
    uint8_t serial[STORE_SERIAL];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(ocsp_serial(serial, bytes_of(cases[i].octets, cases[i].len)), cases[i].good, "%zu", i);
        if (cases[i].good) {
            cr_expect_eq(serial[STORE_SERIAL - 1], cases[i].last, "%zu", i);
            cr_expect_eq(serial[0], cases[i].first, "%zu", i);
        }
    }
}
