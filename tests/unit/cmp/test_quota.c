/* quota.c, and agents as signer.c finds them: who enrolls for others by a certificate that is no RA's, and
 * how many certificates an agent and a shared secret get. RFC 9483 4.1.2 and 5.1.1: who is no RA does not
 * vouch for the possession of a key. */
#include "server/cmp/internal.h"
#include "storage/row.h"
#include "tests/support/several.h"
#include "tests/unit/cmp/fixture.h"

enum { DAY = 24 * 60 * 60 };

static struct config_agent config;
static struct cmp_agent agent;
static struct trust trust;

static void set_up_agent(void)
{
    set_up();
    config = (struct config_agent){.name = "manager"};
    agent = (struct cmp_agent){&config, world->stranger.cert_der};
    trust = (struct trust){.count = 0};
    cr_assert(trust_add(&trust, agent.certificate, 1));
    world->profile.agents = &agent;
    world->profile.agent_count = 1;
    world->profile.agent_trust = &trust;
    client_sign_by(&client, &world->stranger, NULL, 0);
    client.header.implicit_confirm = mac.header.implicit_confirm = 1;
}

static void tear_down_agent(void)
{
    trust_cleanup(&trust);
    tear_down();
}

TestSuite(quota, .init = set_up_agent, .fini = tear_down_agent);

static struct answer send(struct client *who, int body)
{
    who->transaction_id[0]++;
    return world_send(world, client_request(who, body));
}

static void granted(struct client *who, int body, int response)
{
    struct answer answer = send(who, body);
    expect_certificate(&answer, response);
}

static void refused(struct client *who, enum pki_failure failure, const char *setting)
{
    struct answer answer = send(who, PKI_IR);
    cr_expect_str_eq(answer.result.setting, setting);
    expect_refusal(&answer, PKI_IP, failure);
}

/* ---- who is an agent ---- */

Test(quota, an_agent_enrolls_by_each_request_and_policy_is_told)
{
    granted(&client, PKI_IR, PKI_IP);
    cr_expect_eq(world->asked.agent, &config);
    cr_expect_not(world->asked.by_ra);
    granted(&client, PKI_CR, PKI_CP);
    granted(&client, PKI_P10CR, PKI_CP);
    cr_expect_eq(world->certs[0].row.vendor.len, 0, "no vendor vouches for it");
    granted(&mac, PKI_IR, PKI_IP);
    cr_expect_null(world->asked.agent);
}

Test(quota, another_certificate_is_no_agents)
{
    struct answer answer;

    agent.certificate = world->device.cert_der;
    answer = send(&client, PKI_IR);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    world->profile.agent_count = 0;
    agent.certificate = world->stranger.cert_der;
    answer = send(&client, PKI_IR);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
}

Test(quota, an_agent_updates_and_revokes_nothing)
{
    struct answer answer, got = send(&client, PKI_IR);
    struct bytes serial = arena_copy(world->arena, got.cert.serial);

    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &got.cert, 4));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    answer_free(&got);
    answer = send(&client, PKI_KUR);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    cr_expect_eq(world_cert_of(world, serial)->status, STORE_CERT_VALID);
}

Test(quota, an_agent_is_no_RA_whatever_its_certificate_says)
{
    struct trust ras = {.count = 0};
    struct ctl_identity ra;

    issue_ra(world, &ra, &ras);
    world->profile.ras = &ras;
    client_sign_by(&client, &ra, &world->vendor_ca.cert_der, 1);
    granted(&client, PKI_IR, PKI_IP);
    cr_expect(world->asked.by_ra);
    agent.certificate = ra.cert_der;
    cr_assert(trust_add(&trust, agent.certificate, 1));
    granted(&client, PKI_IR, PKI_IP);
    cr_expect_not(world->asked.by_ra);
    cr_expect_eq(world->asked.agent, &config);
    trust_cleanup(&ras);
    ctl_identity_cleanup(&ra);
}

Test(quota, those_of_the_CA_are_agents_by_the_profile_that_enrolled_them)
{
    struct trust own_trust = {.count = 0};
    struct ctl_identity own;
    struct store_cert *row = issue_own_ra(world, &own, &own_trust, "managers");
    struct answer answer;

    agent.certificate = bytes_of(NULL, 0);
    config.profile = "managers";
    world->profile.agent_trust = &own_trust;
    client_sign_by(&client, &own, NULL, 0);
    granted(&client, PKI_IR, PKI_IP);
    cr_expect_eq(world->asked.agent, &config);
    row->profile = bytes_str("others");
    answer = send(&client, PKI_IR);
    expect_error(&answer, PKI_NOT_AUTHORIZED);
    row->profile = bytes_str("managers");
    row->status = STORE_CERT_REVOKED;
    answer = send(&client, PKI_IR);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    trust_cleanup(&own_trust);
    ctl_identity_cleanup(&own);
}

Test(quota, the_profile_says_for_which_requests)
{
    world->config.accept.ir_by &= ~(unsigned)CONFIG_BY_AGENT;
    refused(&client, PKI_NOT_AUTHORIZED, "profiles[0].accept.ir_by");
    granted(&client, PKI_CR, PKI_CP);
}

Test(quota, a_profile_of_listed_devices_takes_what_an_agent_vouches_for)
{
    world->config.devices = CONFIG_DEVICES_LISTED;
    world->config.once.slots = 1;
    granted(&client, PKI_IR, PKI_IP);
    granted(&client, PKI_IR, PKI_IP);
    cr_expect_eq(world->certs[0].row.device.len, 0);
}

/* ---- how many it gets ---- */

Test(quota, an_agent_gets_so_many_a_day)
{
    config.per_day = 2;
    world->now += DAY - world->now % DAY;
    granted(&client, PKI_IR, PKI_IP);
    granted(&client, PKI_P10CR, PKI_CP);
    refused(&client, PKI_NOT_AUTHORIZED, "profiles[0].accept.agents");
    cr_expect_eq(world->cert_count, 2);
    cr_expect_eq(world->claims[0].row.day_count, 2);
    config.per_day = 3;
    granted(&client, PKI_IR, PKI_IP);
    refused(&client, PKI_NOT_AUTHORIZED, "profiles[0].accept.agents");
    world->now += DAY - 1;
    refused(&client, PKI_NOT_AUTHORIZED, "profiles[0].accept.agents");
    world->now++;
    granted(&client, PKI_IR, PKI_IP);
    cr_expect_eq(world->claims[0].row.day_count, 1);
}

Test(quota, what_is_refused_for_something_else_is_not_counted)
{
    config.per_day = 1;
    world->decide_refuses = 1;
    for (int i = 0; i < 3; i++) {
        struct answer answer = send(&client, PKI_IR);
        cr_assert(answer.result.refused);
        answer_free(&answer);
    }
    world->decide_refuses = 0;
    cr_expect_eq(world->claim_count, 0);
    granted(&client, PKI_IR, PKI_IP);
}

/* Another node issues to the same agent between the look and the commit. */
static void use_up(struct world *who)
{
    who->claims[0].row.day_count = config.per_day;
}

Test(quota, of_two_nodes_one_gives_the_last_one)
{
    config.per_day = 2;
    granted(&client, PKI_IR, PKI_IP);
    world->before_commit = use_up;
    refused(&client, PKI_NOT_AUTHORIZED, "profiles[0].accept.agents");
    cr_expect_eq(world->cert_count, 1);
}

Test(quota, a_store_that_cannot_be_asked_grants_nothing)
{
    struct answer answer;

    config.per_day = 2;
    client.transaction_id[0]++;
    world->fail_fetch_at = 3;
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
    cr_expect_eq(world->cert_count, 0);
}

/* ---- shared secrets ---- */

Test(quota, a_secret_that_may_be_used_again_gets_so_many_a_day)
{
    world->config.mac.per_day = 2;
    granted(&mac, PKI_IR, PKI_IP);
    granted(&mac, PKI_IR, PKI_IP);
    refused(&mac, PKI_NOT_AUTHORIZED, "profiles[0].mac.per_day");
    granted(&client, PKI_IR, PKI_IP);
    world->now += DAY;
    granted(&mac, PKI_IR, PKI_IP);
}

Test(quota, a_wrong_MAC_counts_nothing)
{
    world->config.mac.per_day = 1;
    mac.secret = bytes_str("another one");
    for (int i = 0; i < 3; i++) {
        struct answer answer = send(&mac, PKI_IR);
        expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    }
    cr_expect_eq(world->claim_count, 0);
    mac.secret = world->secret;
    granted(&mac, PKI_IR, PKI_IP);
}

Test(quota, one_that_may_be_used_once_is_not_counted)
{
    world->config.mac.per_day = 1;
    world->config.mac.open = 1;
    world->secrets[0].row.reusable = 0;
    granted(&mac, PKI_IR, PKI_IP);
    cr_expect_eq(world->claim_count, 0);
}

Test(quota, so_many_certificates_of_a_secret_await_their_certConf)
{
    struct answer first, second, answer;

    world->config.mac.open = 2;
    mac.header.implicit_confirm = 0;
    first = send(&mac, PKI_IR);
    cr_assert(first.has_cert);
    second = send(&mac, PKI_IR);
    cr_assert(second.has_cert);
    refused(&mac, PKI_BAD_REQUEST, "profiles[0].mac.open");
    mac.transaction_id[0]--; /* of the second one */
    answer = world_send(world, client_confirm(&mac, &second, -1));
    expect_pkiconf(&answer);
    mac.header.recip_nonce = bytes_of(NULL, 0);
    mac.transaction_id[0]++;
    granted(&mac, PKI_IR, PKI_IP);
    refused(&mac, PKI_BAD_REQUEST, "profiles[0].mac.open");
    /* Those for which no certConf can come any more are not waited for. */
    world->now += world->config.confirm.wait_seconds + 1;
    granted(&mac, PKI_IR, PKI_IP);
    answer_free(&first);
    answer_free(&second);
}

/* Another node takes the slot that was free. */
static void take_slot(struct world *who)
{
    struct world_cert *cert = &who->certs[who->cert_count];

    *cert = who->certs[0];
    cert->row.serial = bytes_str("another one's s.");
    cert->row.transaction_id = bytes_of(NULL, 0);
    cert->row.status = STORE_CERT_UNCONFIRMED;
    cert->row.issued_at = who->now;
    who->cert_count++;
    who->claims[0].row.serial = cert->row.serial;
}

Test(quota, of_two_nodes_one_has_the_slot)
{
    struct answer first, confirmed;

    world->config.mac.open = 1;
    mac.header.implicit_confirm = 0;
    first = send(&mac, PKI_IR);
    confirmed = world_send(world, client_confirm(&mac, &first, -1));
    expect_pkiconf(&confirmed);
    answer_free(&first);
    mac.header.recip_nonce = bytes_of(NULL, 0);
    world->before_commit = take_slot;
    client_cleanup(&client);
    client_init(&client, world, 0); /* no agent from here on */
    refused(&mac, PKI_BAD_REQUEST, "profiles[0].mac.open");
}

Test(quota, both_hold_together)
{
    world->config.mac.open = 2;
    world->config.mac.per_day = 2;
    mac.header.implicit_confirm = 0;
    granted(&mac, PKI_IR, PKI_IP);
    granted(&mac, PKI_IR, PKI_IP);
    refused(&mac, PKI_NOT_AUTHORIZED, "profiles[0].mac.per_day");
    cr_expect_eq(world->claim_count, 3);
}

/* RFC 9483 4.1.1: what is confirmed when it is issued awaits no certConf. */
Test(quota, who_is_granted_implicitConfirm_has_nothing_open)
{
    struct answer open;

    world->config.mac.open = 1;
    mac.header.implicit_confirm = 0;
    open = send(&mac, PKI_IR);
    cr_assert(open.has_cert);
    answer_free(&open);
    refused(&mac, PKI_BAD_REQUEST, "profiles[0].mac.open");
    mac.header.implicit_confirm = 1;
    granted(&mac, PKI_IR, PKI_IP);
    world->config.confirm.implicit = 0; /* asked for in vain */
    refused(&mac, PKI_BAD_REQUEST, "profiles[0].mac.open");
}

/* ---- several requests in one message ---- */

Test(quota, several_requests_count_as_many)
{
    struct answer answer;
    uint8_t id[STORE_HASH], key[STORE_CLAIM_KEY_MAX];
    const struct store_claim *count;

    world->config.mac.per_day = 3;
    granted(&mac, PKI_IR, PKI_IP);
    mac.transaction_id[0]++;
    answer = world_send(world, several_requests(&mac, PKI_IR, 3));
    cr_assert_eq(answer.part_count, 3);
    cr_expect(answer.parts[0].has_cert && answer.parts[1].has_cert && !answer.parts[2].has_cert);
    cr_expect_eq(answer.parts[2].status.fail_info, UINT64_C(1) << PKI_NOT_AUTHORIZED);
    cmp_holder_id(id, "reference", world->reference);
    count = world_find(world, STORE_CLAIMS, bytes_of(world->ca.id, STORE_ISSUER_ID),
                       store_claim_key(key, bytes_of(id, STORE_HASH), 0, bytes_str(world->config.name)));
    cr_assert_not_null(count);
    cr_expect_eq(count->day_count, 3);
    answer_free(&answer);
    refused(&mac, PKI_NOT_AUTHORIZED, "profiles[0].mac.per_day");
}

/* More than a whole day's in one message, from who has had none. */
Test(quota, several_requests_are_held_to_a_fresh_quota)
{
    world->config.mac.per_day = 1;
    mac.transaction_id[0]++;
    struct answer answer = world_send(world, several_requests(&mac, PKI_IR, 3));
    cr_assert_eq(answer.part_count, 3);
    cr_expect(answer.parts[0].has_cert && !answer.parts[1].has_cert && !answer.parts[2].has_cert);
    answer_free(&answer);
}

Test(quota, several_requests_have_a_slot_each)
{
    struct answer answer;

    world->config.mac.open = 2;
    mac.header.implicit_confirm = 0;
    mac.transaction_id[0]++;
    answer = world_send(world, several_requests(&mac, PKI_IR, 3));
    cr_assert_eq(answer.part_count, 3);
    cr_expect(answer.parts[0].has_cert && answer.parts[1].has_cert && !answer.parts[2].has_cert);
    cr_expect_eq(answer.parts[2].status.fail_info, UINT64_C(1) << PKI_BAD_REQUEST);
    cr_expect_eq(world->claim_count, 2);
    answer_free(&answer);
}

/* What one of them keeps from being confirmed at once is open. */
Test(quota, several_requests_are_open_if_one_of_them_is)
{
    struct answer answer;
    CBB cbb;

    world->config.mac.open = 1;
    world->other_config.confirm.implicit = 0;
    mac.transaction_id[0]++;
    cr_assert(CBB_init(&cbb, 32));
    cr_assert(der_finish(&mac.header.cert_profiles, world->arena, &cbb,
                         der_add_octets(&cbb, CBS_ASN1_UTF8STRING, bytes_str("test")) &&
                             der_add_octets(&cbb, CBS_ASN1_UTF8STRING, bytes_str("test")) &&
                             der_add_octets(&cbb, CBS_ASN1_UTF8STRING, bytes_str("other"))));
    answer = world_send(world, several_requests(&mac, PKI_IR, 3));
    cr_assert_eq(answer.part_count, 3);
    cr_expect(answer.parts[0].has_cert && !answer.parts[1].has_cert && answer.parts[2].has_cert);
    cr_expect_not(answer.message.header.implicit_confirm);
    answer_free(&answer);
}
