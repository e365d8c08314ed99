/* check.c and request.c: what the fleet sends is served, and a server that lies is found out. */
#include <criterion/criterion.h>

#include "bench/check.h"
#include "tests/support/world.h"

static struct world *world;
static struct setup setup;
static struct options options;
static struct device device;

static void set_up(void)
{
    struct device *devices[] = {&device};

    world = world_new(KEY_P256);
    setup = (struct setup){.arena = world->arena,
                           .root = world->root.cert,
                           .ca = world->issuing.cert,
                           .cmp = world->cmp_signer.cert,
                           .vendor = world->vendor_ca.cert,
                           .ca_key = public_key_parse(world->issuing.cert.spki),
                           .cmp_key = public_key_parse(world->cmp_signer.cert.spki),
                           .vendor_key = world->vendor_ca.key,
                           .recipient = world->ca.sender};
    options = (struct options){.mac_iterations = 500, .device_key = KEY_P256, .new_key = KEY_P256};
    device = (struct device){.factory_key = private_key_generate(KEY_P256, 0),
                             .key = private_key_generate(KEY_P256, 0),
                             .next_key = private_key_generate(KEY_P256, 0),
                             .reference = world->reference,
                             .secret = world->secret,
                             .name = "gnb-1"};
    cr_assert(device_certify(devices, 1, world->arena, &setup, world->now));
}

static void tear_down(void)
{
    private_key_free(device.factory_key);
    private_key_free(device.key);
    private_key_free(device.next_key);
    public_key_free(setup.ca_key);
    public_key_free(setup.cmp_key);
    world_free(world);
}

TestSuite(check, .init = set_up, .fini = tear_down);

static struct request make(enum scenario scenario)
{
    struct request request = {.scenario = scenario, .device = &device}, *list[] = {&request};

    cr_assert(request_make(list, 1, world->arena, &setup, &options));
    return request;
}

/* The server's answer to |message|, as it came. */
static struct bytes answer_to(struct bytes message)
{
    struct answer answer = world_send(world, message);
    struct bytes reply = arena_copy(world->arena, answer.result.reply);

    answer_free(&answer);
    return reply;
}

static enum bench_error verdict(struct check *check)
{
    struct verification *items[] = {&check->items[0], &check->items[1]};

    verify_batch(items, check->item_count);
    return check_verdict(check);
}

static enum bench_error judge(struct check *check, const struct request *request, struct bytes reply)
{
    check_first(check, world->arena, &setup, &options, request, reply, 1);
    return verdict(check);
}

static void adopt(const struct check *check)
{
    device.own_cert = arena_copy(world->arena, check->certificate.der);
}

static void serve(enum scenario scenario)
{
    struct request request = make(scenario);
    struct check check;

    cr_assert_eq(judge(&check, &request, answer_to(request.message)), BENCH_OK, "%s: %s",
                 scenario_kind(scenario)->name, bench_error_name(check_verdict(&check)));
    if (scenario == SCENARIO_IR)
        adopt(&check);
}

Test(check, every_scenario_is_served)
{
    serve(SCENARIO_IR);
    serve(SCENARIO_CR);
    serve(SCENARIO_P10CR);
    serve(SCENARIO_KUR);
    serve(SCENARIO_RR);
}

static void enroll_by_mac(enum protection protection)
{
    options.protection = protection;
    serve(SCENARIO_IR);
    serve(SCENARIO_P10CR);
    serve(SCENARIO_KUR); /* signed all the same: with what the secret got */
}

Test(check, password_based_mac)
{
    enroll_by_mac(PROTECTION_PBM);
}

Test(check, pbmac1)
{
    enroll_by_mac(PROTECTION_PBMAC1);
}

static void confirm(enum protection protection)
{
    struct confirmation confirmation;
    struct signing *items[] = {&confirmation.item};
    struct request request;
    struct check check;
    struct bytes message;

    options.protection = protection;
    request = make(SCENARIO_IR_CONFIRM);
    cr_assert_eq(judge(&check, &request, answer_to(request.message)), BENCH_OK);
    cr_assert(confirmation_prepare(&confirmation, world->arena, &request, &check.certificate,
                                   check.message.header.sender_nonce));
    if (confirmation.item.key != NULL)
        sign_batch(items, 1);
    cr_assert(confirmation_finish(&message, world->arena, &confirmation, &request));
    check_confirmed(&check, world->arena, &setup, &request,
                    bytes_of(confirmation.nonce, sizeof confirmation.nonce), answer_to(message), 1);
    cr_assert_eq(verdict(&check), BENCH_OK);
}

Test(check, certificates_are_confirmed)
{
    confirm(PROTECTION_SIGNATURE);
    confirm(PROTECTION_PBM);
}

/* ---- lies ---- */

Test(check, the_answer_to_another_is_a_mismatch)
{
    struct request first = make(SCENARIO_IR), second = make(SCENARIO_IR);
    struct check check;

    cr_assert_eq(judge(&check, &first, answer_to(second.message)), BENCH_MISMATCH);
}

Test(check, another_type_of_answer_is_a_mismatch)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct check check;

    request.scenario = SCENARIO_CR;
    cr_assert_eq(judge(&check, &request, reply), BENCH_MISMATCH);
}

Test(check, a_certificate_for_another_key_is_a_mismatch)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct check check;

    request.spki = private_key_spki(device.next_key);
    cr_assert_eq(judge(&check, &request, reply), BENCH_MISMATCH);
    options.fixed_certificate = 1;
    cr_assert_eq(judge(&check, &request, reply), BENCH_OK);
}

Test(check, no_implicit_confirmation_is_a_mismatch)
{
    struct request request = make(SCENARIO_IR);
    struct check check;

    world->config.confirm.implicit = 0;
    cr_assert_eq(judge(&check, &request, answer_to(request.message)), BENCH_MISMATCH);
}

/* A signature by somebody else, over the same octets. */
Test(check, another_servers_protection_is_wrong)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct check check;

    public_key_free(setup.cmp_key);
    setup.cmp_key = public_key_parse(world->stranger.cert.spki);
    cr_assert_eq(judge(&check, &request, reply), BENCH_PROTECTION);
}

Test(check, another_cas_certificate_is_wrong)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct check check;

    public_key_free(setup.ca_key);
    setup.ca_key = public_key_parse(world->stranger_root.cert.spki);
    cr_assert_eq(judge(&check, &request, reply), BENCH_PROTECTION);
    setup.ca.subject = world->stranger_root.cert.subject;
    cr_assert_eq(judge(&check, &request, reply), BENCH_MISMATCH);
}

Test(check, a_wrong_mac_is_wrong)
{
    struct request request;
    struct bytes reply;
    struct check check;

    options.protection = PROTECTION_PBM;
    request = make(SCENARIO_IR);
    reply = answer_to(request.message);
    request.mac_key->octets[0] ^= 1;
    cr_assert_eq(judge(&check, &request, reply), BENCH_PROTECTION);
}

/* Every octet of an answer, changed: never a success. Signatures of ECDSA have no second form here. */
Test(check, no_changed_octet_passes)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct pki_message whole;
    uint8_t *changed = (uint8_t *)(uintptr_t)arena_copy(world->arena, reply).data;
    size_t end;
    struct check check;

    cr_assert_eq(pki_message_decode(&whole, NULL, reply), PKI_WHOLE);
    end = (size_t)(whole.protection.data + whole.protection.len -
                   reply.data); /* extraCerts are not protected */
    for (size_t i = 0; i < end; i++) {
        changed[i] ^= 0x01;
        cr_expect_neq(judge(&check, &request, bytes_of(changed, reply.len)), BENCH_OK, "octet %zu", i);
        changed[i] ^= 0x01;
    }
}

Test(check, a_refusal_is_one)
{
    struct request request;
    struct check check;

    world->decide_refuses = 1;
    request = make(SCENARIO_IR);
    cr_assert_eq(judge(&check, &request, answer_to(request.message)), BENCH_REJECTED);
    cr_assert(bytes_equal(check.status_text, bytes_str("not today")));
}

/* PKIFailureInfo (RFC 9810 5.2.3) has systemUnavail for what may pass. */
Test(check, a_store_that_is_away_is_told_from_a_refusal)
{
    struct request request = make(SCENARIO_IR);
    struct check check;

    world->fail_commit_at = 1;
    world->commit_fault = STORE_UNAVAILABLE;
    cr_assert_eq(judge(&check, &request, answer_to(request.message)), BENCH_UNAVAILABLE);
    cr_assert_neq(check.status_text.len, 0);
    cr_assert_eq(judge(&check, &request, answer_to(request.message)), BENCH_OK, "the same message, again");
}

Test(check, what_is_no_message_is_malformed)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct check check;

    cr_assert_eq(judge(&check, &request, bytes_of(reply.data, reply.len - 1)), BENCH_MALFORMED);
    cr_assert_eq(judge(&check, &request, bytes_str("hello")), BENCH_MALFORMED);
    cr_assert_eq(judge(&check, &request, bytes_of(NULL, 0)), BENCH_MALFORMED);
}
