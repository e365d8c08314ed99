/* device_fixture.h: a demo CA, devices in its store, and claims that a test makes up. Included once by a
 * test, after which TestSuite takes set_up and tear_down. */
#ifndef CMPD_TESTS_UNIT_CTL_DEVICE_FIXTURE_H
#define CMPD_TESTS_UNIT_CTL_DEVICE_FIXTURE_H

#include "server/cmp/cmp.h"
#include "storage/row.h"
#include "tests/unit/ctl/cert_fixture.h"

/* By what the store knows the device |identity| of the demo's vendor. */
static inline struct bytes device_id_of(const char *identity)
{
    static uint8_t id[STORE_HASH];

    return cmp_device_id(id, test_issuer(), bytes_str("demo"), bytes_str(identity));
}

/* The device |identity| gets the |n|th certificate (cert_fixture.h) into |slot| (from 0) of |profile|. */
static inline void claim(const char *identity, int slot, const char *profile, uint32_t n)
{
    uint8_t key[STORE_CLAIM_KEY_MAX];
    struct enrollment e = make(n);
    struct store_claim row = {.claim = store_claim_key(key, device_id_of(identity), slot, bytes_str(profile)),
                              .serial = bytes_of(e.serial, sizeof e.serial),
                              .at = NOW,
                              .day = NOW / DAY,
                              .day_count = 1};
    struct store_unit unit = {.issuer = test_issuer()};

    store_unit_write(&unit, STORE_SWAP, STORE_CLAIMS, &row);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
}

/* How many claims the store has. */
static inline size_t claims(void)
{
    size_t count = 0;
    struct store_fetch fetch = {.kind = STORE_CLAIMS, .index = STORE_NEXT_CLAIMS, .issuer = test_issuer()};
    uint8_t last[STORE_CLAIM_KEY_MAX];

    do {
        const struct store_claim *rows;
        fetch.arena = arena_new(16 * 1024 * 1024);
        cr_assert(store_fetch_wait(store, &fetch));
        if (fetch.outcome != STORE_FOUND)
            fetch.count = 0;
        rows = fetch.rows;
        count += fetch.count;
        if (fetch.count != 0) {
            memcpy(last, rows[fetch.count - 1].claim.data, rows[fetch.count - 1].claim.len);
            fetch.key = bytes_of(last, rows[fetch.count - 1].claim.len);
        }
        arena_free(fetch.arena);
    } while (fetch.count == STORE_OLD_MAX);
    return count;
}

/* The lines that were said on standard output. */
static inline size_t lines_said(void)
{
    size_t count = 0;

    for (const char *c = call_out; *c != 0; c++)
        count += *c == '\n';
    return count;
}

#endif
