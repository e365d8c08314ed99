/* device_remove.c: a device leaves the list with all of its claims, and with none of another's. */
#include "server/ctl/device.h"
#include "tests/unit/ctl/device_fixture.h"

TestSuite(device_remove, .init = set_up, .fini = tear_down, .timeout = 120);

/* More claims than a unit writes, to the last. */
Test(device_remove, with_all_its_claims)
{
    static const int counts[] = {
        0, 1, STORE_WRITES_MAX - 1, STORE_WRITES_MAX, STORE_WRITES_MAX + 1, STORE_OLD_MAX + 1};
    char profile[32];

    claim("sn-2", 0, "demo", 1);
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        cr_assert_eq(with_config("device add demo SN-1"), CTL_OK, "%s", call_err);
        for (int i = 0; i < counts[c]; i++) {
            snprintf(profile, sizeof profile, "profile-%03d", i);
            claim("sn-1", 0, profile, 1);
        }
        cr_assert_eq(claims(), (size_t)counts[c] + 1);
        cr_assert_eq(with_config("device remove demo sn-1"), CTL_OK, "%s", call_err);
        cr_expect_str_eq(call_out, "demo sn-1 removed\n");
        cr_expect_eq(claims(), 1, "of %d", counts[c]);
        cr_expect_eq(with_config("device show demo sn-1"), CTL_FAULT);
    }
}

Test(device_remove, not_while_a_certificate_may_be_in_service)
{
    struct enrollment good = make(1);

    add(&good);
    cr_assert_eq(with_config("device add demo SN-1"), CTL_OK);
    claim("sn-1", 0, "demo", 1);
    cr_assert_eq(with_config("device remove demo SN-1"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, serial(1)), "%s", call_err);
    cr_expect_not_null(strstr(call_err, "revoke it, or remove with --force"), "%s", call_err);
    cr_assert_eq(with_config("device remove demo SN-1 --force"), CTL_OK, "%s", call_err);
    cr_expect_eq(claims(), 0);
}

/* Its claims may outlive it, when somebody has been at the store. */
Test(device_remove, what_is_not_listed)
{
    cr_assert_eq(with_config("device remove demo SN-1"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "demo SN-1 is not listed"), "%s", call_err);
    claim("sn-1", 0, "demo", 1);
    cr_assert_eq(with_config("device remove demo SN-1"), CTL_OK, "%s", call_err);
    cr_expect_eq(claims(), 0);
}

/* By either of what blocks it. */
Test(device_remove, not_while_it_is_blocked)
{
    uint8_t id[STORE_HASH];
    struct store_blocked_key key = {.spki_hash = bytes_of(id, sizeof id), .at = NOW};
    struct store_unit unit = {.issuer = test_issuer()};

    memcpy(id, device_id_of("sn-1").data, sizeof id);
    cr_assert_eq(with_config("device add demo SN-1"), CTL_OK);
    store_unit_write(&unit, STORE_ONCE, STORE_BLOCKED_KEYS, &key);
    cr_assert(store_commit_wait(store, &unit) && unit.outcome == STORE_DONE);
    cr_assert_eq(with_config("device remove demo SN-1 --force"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "device unblock first"), "%s", call_err);
    cr_assert_eq(with_config("device show demo SN-1 --json"), CTL_OK);
    cr_expect_not_null(strstr(call_out, "\"state\":\"blocked\""), "%s", call_out);
    cr_assert_eq(with_config("device unblock demo SN-1"), CTL_OK, "%s", call_err);
    cr_assert_eq(with_config("device remove demo SN-1"), CTL_OK, "%s", call_err);
}
