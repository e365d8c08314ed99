/* device_claims.c: the claims of a device, and of no other, however many. */
#include "server/ctl/device.h"
#include "tests/unit/ctl/device_fixture.h"

TestSuite(device_claims, .init = set_up, .fini = tear_down, .timeout = 120);

/* More than a page, each once, and none of the devices before and behind it. */
Test(device_claims, all_of_one_device)
{
    enum { MANY = STORE_OLD_MAX + 44 };
    char profile[32];

    for (int i = 0; i < MANY; i++) {
        snprintf(profile, sizeof profile, "profile-%03d", i);
        claim("sn-1", i % 3, profile, 0);
    }
    for (int i = 0; i < 20; i++) {
        snprintf(profile, sizeof profile, "other-%d", i);
        claim(profile, 0, "demo", 1);
    }
    cr_assert_eq(with_config("device show demo SN-1"), CTL_OK, "%s", call_err);
    for (int i = 0; i < MANY; i++) {
        snprintf(profile, sizeof profile, " profile-%03d slot %d: ", i, i % 3 + 1);
        cr_expect_not_null(strstr(call_out, profile), "%s", profile);
    }
    cr_expect_eq(lines_said(), 3 + MANY, "%s", call_out);
    cr_expect_null(strstr(call_out, " demo slot"));
}

/* What became of the certificate of each: retention may have let it go. */
Test(device_claims, with_their_certificates)
{
    struct enrollment good = make(1), revoked = make(2);
    char text[256];

    revoked.cert.status = STORE_CERT_REVOKED;
    add(&good);
    add(&revoked);
    claim("sn-1", 0, "demo", 1);
    claim("sn-1", 1, "demo", 2);
    claim("sn-1", 2, "demo", 3);
    cr_assert_eq(with_config("device show demo sn-1"), CTL_OK, "%s", call_err);
    snprintf(text, sizeof text, "demo slot 1: %s valid until 2040-01-01T00:00:00Z", serial(1));
    cr_expect_not_null(strstr(call_out, text), "%s", call_out);
    snprintf(text, sizeof text, "demo slot 2: %s revoked until", serial(2));
    cr_expect_not_null(strstr(call_out, text), "%s", call_out);
    snprintf(text, sizeof text, "demo slot 3: %s deleted, enrolled", serial(3));
    cr_expect_not_null(strstr(call_out, text), "%s", call_out);
}

Test(device_claims, which_are_good)
{
    struct store_cert cert = {.status = STORE_CERT_VALID, .not_after = 100};
    struct device_claim item = {.cert = &cert};

    cr_expect(device_claim_is_good(&item, 100));
    cr_expect_not(device_claim_is_good(&item, 101));
    cert.status = STORE_CERT_HOLD;
    cr_expect(device_claim_is_good(&item, 100), "it may be released");
    cert.status = STORE_CERT_UNCONFIRMED;
    cr_expect(device_claim_is_good(&item, 100));
    cert.status = STORE_CERT_REVOKED;
    cr_expect_not(device_claim_is_good(&item, 100));
    item.cert = NULL;
    cr_expect_not(device_claim_is_good(&item, 100));
}
