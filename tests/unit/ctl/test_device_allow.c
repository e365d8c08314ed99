/* device_allow.c: a claim makes room once, and its counts stay. */
#include "server/ctl/device.h"
#include "tests/unit/ctl/device_fixture.h"

TestSuite(device_allow, .init = set_up, .fini = tear_down, .timeout = 120);

static struct store_claim claim_in(int slot, const char *profile)
{
    uint8_t key[STORE_CLAIM_KEY_MAX];
    struct store_fetch fetch = {.kind = STORE_CLAIMS,
                                .issuer = test_issuer(),
                                .key = store_claim_key(key, device_id_of("sn-1"), slot, bytes_str(profile)),
                                .arena = arena_new(1024 * 1024)};
    struct store_claim row;

    cr_assert(store_fetch_wait(store, &fetch));
    cr_assert_eq(fetch.outcome, STORE_FOUND);
    row = *(const struct store_claim *)fetch.rows;
    row.serial = row.former = row.claim = bytes_of(NULL, 0);
    arena_free(fetch.arena);
    return row;
}

static void claim_some(void)
{
    claim("sn-1", 0, "demo", 1);
    claim("sn-1", 1, "demo", 2);
    claim("sn-1", 0, "other", 3);
}

Test(device_allow, those_that_are_named)
{
    claim_some();
    cr_assert_eq(with_config("device allow demo SN-1 --profile demo --slot 2"), CTL_OK, "%s", call_err);
    cr_expect_str_eq(call_out, "profile demo, slot 2: demo SN-1 is allowed once more\n");
    cr_expect_not(claim_in(0, "demo").allowed);
    cr_expect(claim_in(1, "demo").allowed);
    cr_expect_not(claim_in(0, "other").allowed);
    cr_assert_eq(with_config("device allow demo SN-1"), CTL_OK, "%s", call_err);
    cr_expect_eq(lines_said(), 3);
    cr_expect(claim_in(0, "demo").allowed && claim_in(0, "other").allowed);
}

Test(device_allow, what_was_counted_stays)
{
    struct store_claim row;

    claim_some();
    cr_assert_eq(with_config("device allow demo SN-1 --profile other"), CTL_OK, "%s", call_err);
    row = claim_in(0, "other");
    cr_expect_eq(row.at, NOW);
    cr_expect_eq(row.day, NOW / DAY);
    cr_expect_eq(row.day_count, 1);
}

Test(device_allow, what_is_not_there)
{
    claim_some();
    cr_expect_eq(with_config("device allow demo SN-1 --slot 3"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "has no such claim"), "%s", call_err);
    cr_expect_eq(with_config("device allow demo SN-2"), CTL_FAULT);
    cr_expect_eq(with_config("device allow demo SN-1 --slot 0"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "--slot wants a number"), "%s", call_err);
    cr_expect_eq(with_config("device allow demo SN-1 --slot 1x"), CTL_FAULT);
    cr_expect_eq(with_config("device allow demo SN-1 --slot 4294967297"), CTL_FAULT);
}
