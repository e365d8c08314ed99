/* device.c: a device of a vendor has so many certificates of a profile, and who takes one says so in the same
 * commit (3GPP TS 33.310 9: a base station enrolls once with its vendor's certificate). */
#include "crypto/random.h"
#include "storage/row.h"
#include "tests/support/issue.h"
#include "tests/support/several.h"
#include "tests/unit/cmp/fixture.h"

enum { DAY = 24 * 60 * 60 };

static struct config_vendor vendor;
static struct client other; /* the same device, with another key */

static void set_up_vendor(void)
{
    set_up();
    client_init(&other, world, 0);
    vendor = (struct config_vendor){.name = "Example", .identity = CONFIG_IDENTITY_CN};
    world->settings.vendors = &vendor;
    world->settings.vendor_count = 1;
    for (size_t i = 0; i < world->trust.count; i++)
        world->trust.items[i].owner = vendor.name;
    world->config.devices = CONFIG_DEVICES_RECORD;
    world->config.once =
        (struct config_once){.slots = 1,
                             .again = CONFIG_AGAIN_EXPIRED | CONFIG_AGAIN_NEAR_END | CONFIG_AGAIN_SUPERSEDED,
                             .near_end_percent = 20};
    client.header.implicit_confirm = other.header.implicit_confirm = 1;
}

static void tear_down_vendor(void)
{
    client_cleanup(&other);
    tear_down();
}

TestSuite(device, .init = set_up_vendor, .fini = tear_down_vendor);

static struct bytes issuer(void)
{
    return bytes_of(world->ca.id, STORE_ISSUER_ID);
}

static struct bytes device_id(void)
{
    static uint8_t id[STORE_HASH];

    return cmp_device_id(id, issuer(), bytes_str("Example"), bytes_str("DEVICE-1"));
}

/* ---- a factory certificate that has expired ---- */

/* By the operator's choice alone, for so many days; its issuers count as they were then. CRLs and the list of
 * what is blocked count as of now (RFC 5280 6.1.3 (a) (2) would refuse it). */
Test(device, an_expired_certificate_counts_for_as_long_as_its_vendor_says)
{
    static const struct {
        int64_t past; /* seconds after its end */
        uint32_t days;
        int granted;
    } cases[] = {{1, 0, 0}, {1, 1, 1}, {DAY, 1, 1}, {DAY + 1, 1, 0}, {300 * (int64_t)DAY, 36500, 1},
                 {-1, 1, 1}};
    struct ctl_identity expired;
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .not_before = world->now - 1000,
                                    .not_after = world->now - 1,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    int64_t end = plan.not_after;

    issue(world, &expired, private_key_generate(KEY_P256, 0), plan, &world->vendor_ca);
    world->config.devices = CONFIG_DEVICES_OPEN;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        client_cleanup(&other);
        client_init(&other, world, 0);
        client_sign_by(&other, &expired, &world->vendor_ca.cert_der, 1);
        other.header.implicit_confirm = 1;
        vendor.late_days = cases[i].days;
        world->now = end + cases[i].past;

        other.header.message_time = world->now;
        struct answer answer = world_send(world, client_request(&other, PKI_IR));
        cr_expect_eq(answer.has_cert, cases[i].granted, "case %zu: %s", i, answer.result.text);
        cr_expect_eq(answer.result.warning != NULL && strstr(answer.result.warning, "has expired") != NULL,
                     cases[i].granted && cases[i].past > 0, "case %zu", i);
        answer_free(&answer);
    }
    ctl_identity_cleanup(&expired);
}

static struct store_claim *claim_of(int slot)
{
    uint8_t key[STORE_CLAIM_KEY_MAX];

    return world_find(world, STORE_CLAIMS, issuer(),
                      store_claim_key(key, device_id(), slot, bytes_str(world->config.name)));
}

static struct store_device *list_device(enum store_device_state state)
{
    struct world_device *device = &world->devices[world->device_count++];

    memcpy(device->issuer, world->ca.id, STORE_ISSUER_ID);
    device->row = (struct store_device){.device = arena_copy(world->rows, device_id()),
                                        .state = state,
                                        .vendor = bytes_str("Example"),
                                        .identity = bytes_str("device-1")};
    return &device->row;
}

/* The same device begins anew, with a key of its own. */
static void begin_anew(struct client *who)
{
    client_cleanup(who);
    client_init(who, world, 0);
    who->header.implicit_confirm = 1;
}

static struct store_cert *enroll(struct client *who)
{
    struct answer answer = world_send(world, client_request(who, PKI_IR));
    struct store_cert *cert = world_cert_of(world, answer.cert.serial);

    expect_certificate(&answer, PKI_IP);
    return cert;
}

static void refused(struct client *who, enum pki_failure failure, const char *detail)
{
    struct answer answer = world_send(world, client_request(who, PKI_IR));

    cr_assert_not_null(answer.result.detail);
    cr_expect_not_null(strstr(answer.result.detail, detail), "%s", answer.result.detail);
    cr_expect_not_null(strstr(answer.result.detail, "device Example device-1: "), "%s", answer.result.detail);
    expect_refusal(&answer, PKI_IP, failure);
}

Test(device, a_new_one_is_recorded_and_has_its_claim)
{
    struct store_cert *cert = enroll(&client);
    const struct store_device *row = world_find(world, STORE_DEVICES, issuer(), device_id());

    cr_assert_not_null(row);
    cr_expect_eq(row->state, STORE_DEVICE_KNOWN);
    cr_expect(bytes_equal(row->identity, bytes_str("device-1")));
    cr_expect(bytes_equal(row->vendor, bytes_str("Example")));
    cr_expect_eq(row->added_at, world->now);
    cr_assert_not_null(claim_of(0));
    cr_expect(bytes_equal(claim_of(0)->serial, cert->serial));
    cr_expect_eq(claim_of(0)->former.len, 0);
    cr_expect_eq(claim_of(0)->day_count, 1);
    cr_expect(bytes_equal(cert->device, device_id()));
}

Test(device, a_second_key_is_refused_while_the_first_certificate_is_good)
{
    struct store_cert *cert = enroll(&client);

    refused(&other, PKI_DUPLICATE_CERT_REQ, "cmpctl device allow");
    cr_expect(bytes_equal(claim_of(0)->serial, cert->serial));
    cr_expect_eq(world->cert_count, 1);
    cr_expect_str_eq(world->audit.outcome, "refused", "who copied a certificate is on record");
}

/* Each would be a row of the audit log, for as long as there is one: whoever is refused, or has recorded a
 * request that was, would fill the store. */
Test(device, who_is_refused_all_the_time_is_on_record_so_often)
{
    struct bytes request;

    world->settings.recorded = cmp_recorded_new();
    cr_assert_not_null(world->settings.recorded);
    enroll(&client);
    request = client_request(&other, PKI_IR);
    for (unsigned i = 0; i < BOUND_REFUSALS_RECORDED + 1; i++) {
        struct answer answer;
        world->audits = world->commits = 0;
        answer = world_send(world, request);
        cr_assert_eq(world->audits, i < BOUND_REFUSALS_RECORDED, "%u", i);
        answer_free(&answer);
    }
    cmp_recorded_free(world->settings.recorded);
    world->settings.recorded = NULL;
}

Test(device, the_same_request_again_is_no_second_enrollment)
{
    struct bytes request = client_request(&client, PKI_IR);
    struct answer answer = world_send(world, request);

    expect_certificate(&answer, PKI_IP);
    answer = world_send(world, request);
    expect_certificate(&answer, PKI_IP);
    cr_expect_eq(world->cert_count, 1);
    cr_expect_eq(claim_of(0)->day_count, 1);
}

/* A station that lost power between ip and certConf makes a new key and begins again. */
Test(device, what_was_never_confirmed_gives_way_and_is_revoked)
{
    client.header.implicit_confirm = other.header.implicit_confirm = 0;
    struct store_cert *lost = enroll(&client), *cert = enroll(&other);

    cr_expect_eq(lost->status, STORE_CERT_REVOKED);
    cr_expect_eq(lost->reason, 4, "superseded, RFC 5280 5.3.1");
    cr_expect_eq(cert->status, STORE_CERT_UNCONFIRMED);
    cr_expect(bytes_equal(claim_of(0)->serial, cert->serial));
    cr_expect(bytes_equal(claim_of(0)->former, lost->serial));
    cr_expect_eq(claim_of(0)->day_count, 2);
    cr_expect_not_null(strstr((const char *)world->audit.detail.data, "superseded"));
}

/* … or it rejected the certificate, or came back after its certConf was awaited no more, whatever becomes of
 * such a certificate then. */
Test(device, what_was_rejected_or_ended_gives_way_later_too)
{
    static const enum store_cert_status statuses[] = {STORE_CERT_REVOKED, STORE_CERT_REVOKED,
                                                      STORE_CERT_HOLD};
    static const enum store_tx_state states[] = {STORE_TX_REJECTED, STORE_TX_ENDED, STORE_TX_ENDED};

    client.header.implicit_confirm = 0;
    for (size_t i = 0; i < 3; i++) {
        struct store_cert *lost = enroll(&client);
        lost->status = statuses[i];
        world_tx_of(world, lost->transaction_id)->state = STORE_TX_CONFIRMED;
        begin_anew(&other);
        refused(&other, PKI_DUPLICATE_CERT_REQ, "once.slots");
        world_tx_of(world, lost->transaction_id)->state = states[i];
        begin_anew(&other);
        enroll(&other);
        cr_expect_eq(lost->status, STORE_CERT_REVOKED, "one on hold as well");
        world_forget(world);
        begin_anew(&client);
        client.header.implicit_confirm = 0;
    }
}

Test(device, one_that_is_blocked_before_its_certConf_has_nothing)
{
    client.header.implicit_confirm = 0;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    struct store_cert *cert = world_cert_of(world, answer.cert.serial);

    world->blocked_keys[world->blocked_key_count++].row =
        (struct store_blocked_key){.spki_hash = arena_copy(world->rows, device_id())};
    client_next(&client, &answer);
    struct answer confirmed = world_send(world, client_confirm(&client, &answer, PKI_ACCEPTED));
    expect_error(&confirmed, PKI_NOT_AUTHORIZED);
    cr_expect_eq(cert->status, STORE_CERT_REVOKED);
    answer_free(&answer);
}

Test(device, one_that_is_listed_no_more_updates_nothing)
{
    struct ctl_identity own;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    client_adopt(&client, &answer, &own);
    answer_free(&answer);
    world->device_count = 0;
    world->config.devices = CONFIG_DEVICES_LISTED;
    answer = world_send(world, client_request(&client, PKI_KUR));
    cr_expect_not_null(strstr(answer.result.detail, "devices: listed"));
    cr_expect_str_eq(answer.result.setting, "profiles[0].devices");
    expect_refusal(&answer, PKI_KUP, PKI_NOT_AUTHORIZED);
    ctl_identity_cleanup(&own);
}

static struct answer *first;

static void confirm_first(struct world *in)
{
    struct answer answer = world_send(in, client_confirm(&client, first, PKI_ACCEPTED));

    expect_pkiconf(&answer);
}

/* Its certConf comes while the new one is issued: then it is in service, and nothing has given way. */
Test(device, what_is_confirmed_meanwhile_does_not_give_way)
{
    client.header.implicit_confirm = other.header.implicit_confirm = 0;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    first = &answer;
    client_next(&client, &answer);
    world->before_commit = confirm_first;
    refused(&other, PKI_DUPLICATE_CERT_REQ, "once.slots");
    cr_expect_eq(world_cert_of(world, answer.cert.serial)->status, STORE_CERT_VALID);
    cr_expect_eq(world->cert_count, 1);
    answer_free(&answer);
}

static void enroll_meanwhile(struct world *in)
{
    (void)in;
    enroll(&client);
}

/* Two nodes judge two requests at the same time. */
Test(device, of_two_at_once_one_is_granted)
{
    world->before_commit = enroll_meanwhile;
    refused(&other, PKI_DUPLICATE_CERT_REQ, "once.slots");
    cr_expect_eq(world->cert_count, 1);
    cr_expect(bytes_equal(claim_of(0)->serial, world->certs[0].row.serial));
}

static void block_meanwhile(struct world *in)
{
    struct world_blocked_key *key = &in->blocked_keys[in->blocked_key_count++];

    key->row = (struct store_blocked_key){.spki_hash = arena_copy(in->rows, device_id())};
}

Test(device, one_that_is_blocked_meanwhile_gets_nothing)
{
    world->before_commit = block_meanwhile;
    refused(&client, PKI_NOT_AUTHORIZED, "unblock");
    cr_expect_eq(world->cert_count, 0);
    cr_expect_null(claim_of(0));
}

Test(device, a_blocked_one_is_refused_whatever_the_profile_admits)
{
    static const enum config_devices modes[] = {CONFIG_DEVICES_OPEN, CONFIG_DEVICES_RECORD,
                                                CONFIG_DEVICES_LISTED};

    list_device(STORE_DEVICE_BLOCKED);
    for (size_t i = 0; i < 3; i++) {
        world->config.devices = modes[i];
        refused(&client, PKI_NOT_AUTHORIZED, "unblock");
    }
    cr_expect_eq(world->cert_count, 0);
}

/* A CA got another key, so devices are listed anew: who was blocked stays out. */
Test(device, one_that_is_blocked_at_the_CA_before_does_not_come_in_at_this_one)
{
    struct cmp_authority before = world->ca;
    struct store_device *row = list_device(STORE_DEVICE_BLOCKED);
    uint8_t id[STORE_HASH];

    memset(before.id, 0x77, sizeof before.id);
    memcpy(world->devices[0].issuer, before.id, sizeof before.id);
    row->device = arena_copy(world->rows, cmp_device_id(id, bytes_of(before.id, STORE_ISSUER_ID),
                                                        bytes_str("Example"), bytes_str("DEVICE-1")));
    world->other_profile.ca = &before;
    world->profile.former = &world->other_profile;
    world->config.devices = CONFIG_DEVICES_OPEN;
    refused(&client, PKI_NOT_AUTHORIZED, "unblock --ca");
    cr_expect_eq(world->cert_count, 0);
    row->state = STORE_DEVICE_KNOWN;
    enroll(&client);
}

Test(device, in_a_listed_profile_only_listed_ones_enroll)
{
    world->config.devices = CONFIG_DEVICES_LISTED;
    refused(&client, PKI_NOT_AUTHORIZED, "devices: listed");
    list_device(STORE_DEVICE_KNOWN);
    enroll(&client);
    cr_expect_eq(world->device_count, 1);
}

Test(device, an_open_profile_counts_nothing)
{
    world->config.devices = CONFIG_DEVICES_OPEN;
    enroll(&client);
    struct store_cert *cert = enroll(&other);
    cr_expect_eq(world->claim_count + world->device_count, 0);
    cr_expect(bytes_equal(cert->device, device_id()), "but it is known whose it is");
}

Test(device, profiles_and_hash_of_the_list_hold)
{
    struct store_device *row = list_device(STORE_DEVICE_KNOWN);
    uint8_t hash[DIGEST_MAX];

    row->profiles = bytes_str("oam other");
    refused(&client, PKI_NOT_AUTHORIZED, "its profiles are others");
    char names[STORE_NAME_MAX + 8];
    snprintf(names, sizeof names, "oam %s", world->config.name);
    row->profiles = bytes_str(names);
    memset(hash, 7, sizeof hash);
    row->expected = bytes_of(hash, STORE_HASH);
    refused(&client, PKI_NOT_AUTHORIZED, "expected");
    digest_compute(hash, DIGEST_SHA256, world->device.cert_der);
    enroll(&client);
    world->claim_count = 0;
    digest_compute(hash, DIGEST_SHA256, world->device.cert.spki);
    enroll(&other);
}

Test(device, whose_certificate_says_nothing_is_refused_where_it_counts)
{
    vendor.identity_pattern = "ENB-*";
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_expect_not_null(strstr(answer.result.detail, "identity_pattern"));
    cr_expect_str_eq(answer.result.setting, "vendors[0].identity");
    expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
    world->config.devices = CONFIG_DEVICES_OPEN;
    cr_expect_eq(enroll(&client)->device.len, 0);
}

Test(device, allowed_once_is_once)
{
    struct store_cert *before = enroll(&client);
    claim_of(0)->allowed = 1;
    struct store_cert *after = enroll(&other);
    cr_expect(bytes_equal(claim_of(0)->serial, after->serial));
    cr_expect_eq(claim_of(0)->allowed, 0);
    cr_expect_eq(before->status, STORE_CERT_VALID, "once.former: keep");
    begin_anew(&client);
    refused(&client, PKI_DUPLICATE_CERT_REQ, "once.slots");
}

Test(device, what_the_profile_names_makes_room)
{
    struct store_cert *cert = enroll(&client);
    int64_t life = cert->not_after - cert->not_before;
    unsigned count = 1;

    for (int reason = 0; reason < 6; reason++) {
        struct store_cert *held = world_cert_of(world, claim_of(0)->serial);
        int makes_room = reason == 4 || reason == 5;
        held->status = STORE_CERT_REVOKED;
        held->reason = reason;
        world->config.once.again = reason == 5 ? CONFIG_AGAIN_REVOKED : CONFIG_AGAIN_SUPERSEDED;
        struct answer answer = world_send(world, client_request(&other, PKI_IR));
        cr_expect_eq(answer.has_cert, makes_room, "reason %d", reason);
        count += (unsigned)makes_room;
        answer_free(&answer);
        cr_assert_eq(world->cert_count, count);
        begin_anew(&other);
    }
    cert = world_cert_of(world, claim_of(0)->serial);
    cert->status = STORE_CERT_HOLD;
    cert->reason = 6;
    refused(&other, PKI_DUPLICATE_CERT_REQ, "once.slots");
    cert->status = STORE_CERT_VALID;
    cert->not_after = world->now + life / 4;
    cert->not_before = cert->not_after - life;
    world->config.once.again = CONFIG_AGAIN_NEAR_END;
    refused(&other, PKI_DUPLICATE_CERT_REQ, "once.slots");
    begin_anew(&other);
    cert->not_after = world->now + life / 6;
    cert->not_before = cert->not_after - life;
    enroll(&other);
    cert = world_cert_of(world, claim_of(0)->serial);
    cert->not_after = world->now - 1;
    world->config.once.again = CONFIG_AGAIN_NEAR_END;
    begin_anew(&client);
    refused(&client, PKI_DUPLICATE_CERT_REQ, "once.slots");
    world->config.once.again = CONFIG_AGAIN_EXPIRED;
    enroll(&client);
}

Test(device, a_good_one_that_gave_way_is_revoked_when_the_new_one_is_confirmed)
{
    struct store_cert *before = enroll(&client);

    world->config.once.former = CONFIG_PREDECESSOR_REVOKE;
    claim_of(0)->allowed = 1;
    other.header.implicit_confirm = 0;
    struct answer answer = world_send(world, client_request(&other, PKI_IR));
    cr_expect_eq(before->status, STORE_CERT_VALID);
    client_next(&other, &answer);
    struct answer confirmed = world_send(world, client_confirm(&other, &answer, PKI_ACCEPTED));
    expect_pkiconf(&confirmed);
    answer_free(&answer);
    cr_expect_eq(before->status, STORE_CERT_REVOKED);
    cr_expect_eq(before->reason, 4);
}

/* The operator revoked it himself meanwhile: the new one is good all the same. */
Test(device, what_gave_way_may_be_gone_when_the_new_one_is_confirmed)
{
    struct store_cert *before = enroll(&client);

    world->config.once.former = CONFIG_PREDECESSOR_REVOKE;
    claim_of(0)->allowed = 1;
    other.header.implicit_confirm = 0;
    struct answer answer = world_send(world, client_request(&other, PKI_IR));
    before->status = STORE_CERT_REVOKED;
    before->reason = 1;
    client_next(&other, &answer);
    struct answer confirmed = world_send(world, client_confirm(&other, &answer, PKI_ACCEPTED));
    expect_pkiconf(&confirmed);
    answer_free(&answer);
    cr_expect_eq(before->reason, 1);
}

/* A thief with a copy of the factory certificate may wait for that: who reads the log sees it. */
Test(device, a_good_certificate_that_gives_way_to_another_key_is_told)
{
    enroll(&client);
    claim_of(0)->allowed = 1;
    struct answer answer = world_send(world, client_request(&other, PKI_IR));
    cr_assert(answer.has_cert);
    cr_assert_not_null(answer.result.warning);
    cr_expect_not_null(strstr(answer.result.warning, "gives way to another key"));
    answer_free(&answer);
    begin_anew(&client);
    claim_of(0)->allowed = 1;
    world_cert_of(world, claim_of(0)->serial)->status = STORE_CERT_REVOKED;
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.has_cert);
    cr_expect_null(answer.result.warning, "nothing good gives way");
    answer_free(&answer);
}

/* It may sign with the certificate that gives way: a unit that revokes it must not hold it shared besides. */
Test(device, the_certificate_that_signs_may_give_way)
{
    struct ctl_identity own;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    world->config.once.former = CONFIG_PREDECESSOR_REVOKE;
    claim_of(0)->allowed = 1;
    client_adopt(&client, &answer, &own);
    struct store_cert *before = world_cert_of(world, own.cert.serial);
    answer_free(&answer);
    client.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&client, PKI_CR));
    cr_assert(answer.has_cert);
    cr_expect_eq(before->status, STORE_CERT_REVOKED);
    answer_free(&answer);
    private_key_free(own.key);
}

/* Power fails between ip and certConf: what the lost one was to replace, the next one does. */
Test(device, what_was_never_confirmed_hands_on_what_it_was_to_replace)
{
    for (int implicit = 0; implicit < 2; implicit++) {
        begin_anew(&client);
        struct store_cert *before = enroll(&client);
        world->config.once.former = CONFIG_PREDECESSOR_REVOKE;
        claim_of(0)->allowed = 1;
        begin_anew(&other);
        other.header.implicit_confirm = 0;
        struct answer answer = world_send(world, client_request(&other, PKI_IR));
        struct store_cert *lost = world_cert_of(world, answer.cert.serial);
        answer_free(&answer);
        cr_expect_eq(lost->status, STORE_CERT_UNCONFIRMED);
        begin_anew(&other);
        other.header.implicit_confirm = implicit;
        answer = world_send(world, client_request(&other, PKI_IR));
        cr_assert(answer.has_cert);
        cr_expect_eq(lost->status, STORE_CERT_REVOKED);
        cr_expect_eq(before->status, implicit ? STORE_CERT_REVOKED : STORE_CERT_VALID);
        if (!implicit) {
            client_next(&other, &answer);
            struct answer confirmed = world_send(world, client_confirm(&other, &answer, PKI_ACCEPTED));
            expect_pkiconf(&confirmed);
        }
        answer_free(&answer);
        cr_expect_eq(before->status, STORE_CERT_REVOKED);
        cr_expect_eq(before->reason, 4);
        claim_of(0)->allowed = 1;
        world->config.once.former = CONFIG_PREDECESSOR_KEEP;
    }
}

/* It began anew in vain, and updates the certificate that it has after all: that is superseded once. */
Test(device, what_was_to_be_replaced_may_be_what_is_updated)
{
    for (int keep = 0; keep < 2; keep++) {
        struct ctl_identity own;
        struct answer answer;
        begin_anew(&client);
        answer = world_send(world, client_request(&client, PKI_IR));
        struct store_cert *before = world_cert_of(world, answer.cert.serial), *lost;
        cr_assert(answer.has_cert);
        client_adopt(&client, &answer, &own);
        answer_free(&answer);
        world->config.once.former = CONFIG_PREDECESSOR_REVOKE;
        world->config.update.predecessor = keep ? CONFIG_PREDECESSOR_KEEP : CONFIG_PREDECESSOR_REVOKE;
        claim_of(0)->allowed = 1;
        begin_anew(&other);
        other.header.implicit_confirm = 0;
        answer = world_send(world, client_request(&other, PKI_IR));
        lost = world_cert_of(world, answer.cert.serial);
        answer_free(&answer);
        answer = world_send(world, client_request(&client, PKI_KUR));
        cr_assert(answer.has_cert, "%s", answer.result.text);
        cr_expect_eq(lost->status, STORE_CERT_REVOKED);
        cr_expect_eq(before->status, keep ? STORE_CERT_VALID : STORE_CERT_REVOKED);
        cr_expect(bytes_equal(before->successor, answer.cert.serial));
        answer_free(&answer);
        claim_of(0)->allowed = 1;
        ctl_identity_cleanup(&own);
        client_sign_by(&client, &world->device, NULL, 0);
    }
}

Test(device, slots_are_taken_one_after_the_other)
{
    world->config.once.slots = 2;
    struct store_cert *one = enroll(&client), *two = enroll(&other);
    cr_expect(bytes_equal(claim_of(0)->serial, one->serial));
    cr_expect(bytes_equal(claim_of(1)->serial, two->serial));
    begin_anew(&other);
    refused(&other, PKI_DUPLICATE_CERT_REQ, "once.slots");
}

/* The old station goes on updating until the new one is there, for which that was allowed. */
Test(device, an_update_does_not_use_up_what_was_allowed)
{
    struct ctl_identity own;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    client_adopt(&client, &answer, &own);
    answer_free(&answer);
    claim_of(0)->allowed = 1;
    answer = world_send(world, client_request(&client, PKI_KUR));
    cr_assert(answer.has_cert);
    answer_free(&answer);
    cr_expect_eq(claim_of(0)->allowed, 1);
    enroll(&other);
    cr_expect_eq(claim_of(0)->allowed, 0);
    begin_anew(&other);
    refused(&other, PKI_DUPLICATE_CERT_REQ, "once.slots");
    ctl_identity_cleanup(&own);
}

Test(device, an_update_keeps_its_slot_and_a_blocked_device_gets_none)
{
    struct ctl_identity own;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    client_adopt(&client, &answer, &own);
    answer_free(&answer);
    answer = world_send(world, client_request(&client, PKI_KUR));
    cr_assert(answer.has_cert);
    cr_expect(bytes_equal(claim_of(0)->serial, answer.cert.serial));
    cr_expect(bytes_equal(world_cert_of(world, answer.cert.serial)->device, device_id()));
    cr_expect_eq(world->claim_count, 1);
    answer_free(&answer);
    ((struct store_device *)world_find(world, STORE_DEVICES, issuer(), device_id()))->state =
        STORE_DEVICE_BLOCKED;
    random_bytes(client.transaction_id, sizeof client.transaction_id);
    answer = world_send(world, client_request(&client, PKI_KUR));
    cr_expect_not_null(strstr(answer.result.detail, "unblock"));
    expect_refusal(&answer, PKI_KUP, PKI_NOT_AUTHORIZED);
    ctl_identity_cleanup(&own);
}

/* A good certificate that is being updated holds its slot until the new one is confirmed: else whoever copied
 * the factory certificate enrolls whenever a certConf is lost, and the station is left out. */
Test(device, an_update_that_was_never_confirmed_makes_no_room_for_another_key)
{
    static const enum store_tx_state states[] = {STORE_TX_WAIT_CONFIRM, STORE_TX_REJECTED, STORE_TX_ENDED};

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct ctl_identity own;
        world_forget(world);
        begin_anew(&client);
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        struct store_cert *good = world_cert_of(world, answer.cert.serial);
        client_adopt(&client, &answer, &own);
        answer_free(&answer);
        client.header.implicit_confirm = 0;
        answer = world_send(world, client_request(&client, PKI_KUR));
        cr_assert(answer.has_cert);
        struct store_cert *lost = world_cert_of(world, answer.cert.serial);
        answer_free(&answer);
        if (states[i] != STORE_TX_WAIT_CONFIRM) {
            lost->status = STORE_CERT_REVOKED;
            world_tx_of(world, lost->transaction_id)->state = states[i];
        }
        begin_anew(&other);
        refused(&other, PKI_DUPLICATE_CERT_REQ, "once.slots");
        cr_expect_eq(good->status, STORE_CERT_VALID);
        /* The station itself tries again. */
        random_bytes(client.transaction_id, sizeof client.transaction_id);
        client.header.implicit_confirm = 1;
        answer = world_send(world, client_request(&client, PKI_KUR));
        cr_expect(answer.has_cert);
        cr_expect(bytes_equal(claim_of(0)->serial, answer.cert.serial));
        answer_free(&answer);
        ctl_identity_cleanup(&own);
    }
}

Test(device, a_day_has_so_many)
{
    world->config.once.per_day = 2;
    client.header.implicit_confirm = 0;
    for (int i = 0; i < 2; i++) {
        enroll(&client);
        begin_anew(&client);
        client.header.implicit_confirm = 0;
    }
    refused(&client, PKI_NOT_AUTHORIZED, "once.per_day");
    world->now += DAY;
    begin_anew(&client);
    enroll(&client);
    cr_expect_eq(claim_of(0)->day_count, 1);
}

/* What the store cannot tell is not taken for an absence. */
Test(device, without_the_store_nothing_is_granted)
{
    for (unsigned at = 1; at < 8; at++) {
        world->fetches_seen = 0;
        world->fail_fetch_at = at;
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        unsigned failed = world->fetches_seen >= at;
        cr_expect_eq(answer.has_cert, !failed);
        answer_free(&answer);
        world_forget(world);
        if (!failed)
            return;
    }
    cr_assert_fail("no number of fetches was enough");
}

Test(device, secrets_vouch_for_no_device)
{
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));

    expect_certificate(&answer, PKI_IP);
    cr_expect_eq(world->device_count + world->claim_count, 0);
}

/* ---- several requests in one message ---- */

/* Each has a slot of its own, as far as there are any. */
Test(device, several_requests_take_a_slot_each)
{
    struct answer answer;

    world->config.once.slots = 3;
    enroll(&other);
    answer = world_send(world, several_requests(&client, PKI_IR, 3));
    cr_assert_eq(answer.part_count, 3);
    cr_expect(answer.parts[0].has_cert && answer.parts[1].has_cert && !answer.parts[2].has_cert);
    cr_expect_eq(answer.parts[2].status.fail_info, UINT64_C(1) << PKI_DUPLICATE_CERT_REQ);
    for (int i = 0; i < 2; i++)
        cr_expect(bytes_equal(claim_of(i + 1)->serial, answer.parts[i].cert.serial), "slot %d", i + 1);
    cr_expect_eq(world->claim_count, 3);
    answer_free(&answer);
}

/* What nobody confirmed gives way, and to one of them. */
Test(device, several_requests_do_not_take_the_same_place)
{
    struct answer answer, unconfirmed;

    world->config.once.slots = 2;
    other.header.implicit_confirm = 0;
    unconfirmed = world_send(world, client_request(&other, PKI_IR));
    cr_assert(unconfirmed.has_cert);
    answer = world_send(world, several_requests(&client, PKI_IR, 3));
    cr_assert_eq(answer.part_count, 3);
    cr_expect(answer.parts[0].has_cert && answer.parts[1].has_cert && !answer.parts[2].has_cert);
    cr_expect_eq(world_cert_of(world, unconfirmed.cert.serial)->status, STORE_CERT_REVOKED);
    cr_expect(bytes_equal(claim_of(1)->serial, answer.parts[0].cert.serial));
    cr_expect(bytes_equal(claim_of(0)->serial, answer.parts[1].cert.serial));
    answer_free(&answer);
    answer_free(&unconfirmed);
    world_check(world);
}

/* Another node was faster: the message is good as it is, and may come again. */
static void enroll_elsewhere(struct world *where)
{
    struct answer answer = world_send(where, client_request(&other, PKI_IR));
    must(answer.has_cert);
    answer_free(&answer);
}

Test(device, several_requests_of_two_nodes)
{
    struct bytes request = several_requests(&client, PKI_IR, 2);
    struct answer answer;

    world->config.once.slots = 3;
    world->before_commit = enroll_elsewhere;
    answer = world_send(world, request);
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
    cr_expect_eq(world->cert_count, 1);
    answer = world_send(world, request);
    cr_assert_eq(answer.part_count, 2);
    cr_expect(answer.parts[0].has_cert && answer.parts[1].has_cert);
    answer_free(&answer);
}
