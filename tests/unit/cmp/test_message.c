/* message.c: the machine as a whole. Each call to the store fails in turn: whatever happens, nothing is
 * issued twice, the peer is told, and a retry of the same octets comes through. Prices. */
#include "crypto/price.h"
#include "crypto/secret_memory.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(message, .init = set_up, .fini = tear_down);

enum scenario { IR, MAC_IR, CERTCONF, REPLAYED_IR, REPLAYED_CERTCONF, OWN_CR, SCENARIOS };

struct prepared {
    struct bytes request;
    int good_body;
    struct answer earlier;
};

/* Brings the world to where |scenario|'s message comes. */
static struct prepared prepare(enum scenario scenario, struct client *c)
{
    struct prepared out = {.good_body = PKI_IP};

    if (scenario == IR || scenario == MAC_IR) {
        out.request = client_request(c, PKI_IR);
        return out;
    }
    out.request = client_request(c, PKI_IR);
    out.earlier = world_send(world, out.request);
    cr_assert(out.earlier.has_cert);
    if (scenario == REPLAYED_IR)
        return out;
    out.request = client_confirm(c, &out.earlier, -1);
    out.good_body = PKI_PKICONF;
    if (scenario == CERTCONF)
        return out;
    struct answer confirmed = world_send(world, out.request);
    expect_pkiconf(&confirmed);
    if (scenario == OWN_CR) {
        struct ctl_identity own = {.key = c->key, .cert_der = arena_copy(world->arena, out.earlier.cert.der)};
        cr_assert(certificate_parse(&own.cert, own.cert_der));
        c->transaction_id[15] ^= 0xff;
        struct client next = *c;
        next.header.recip_nonce = bytes_of(NULL, 0);
        next.header.transaction_id = bytes_of(c->transaction_id, 16);
        next.header.sender_nonce = bytes_of(c->nonce, 16);
        client_sign_by(&next, &own, NULL, 0);
        out.request = client_request(&next, PKI_CR);
        out.good_body = PKI_CP;
    }
    return out;
}

static struct client *client_of(enum scenario scenario)
{
    return scenario == MAC_IR ? &mac : &client;
}

static void fresh(enum scenario scenario)
{
    world_forget(world);
    client_of(scenario)->transaction_id[0]++;
    client_of(scenario)->header.recip_nonce = bytes_of(NULL, 0);
}

static void expect_unavailable_then_good(struct prepared *p, enum scenario scenario)
{
    size_t certs = world->cert_count;
    unsigned commits = world->commits;
    struct answer answer = world_send(world, p->request);

    cr_assert_eq(answer.body, PKI_ERROR, "scenario %d: %s", scenario, pki_body_name(answer.body));
    cr_assert_eq(answer.status.fail_info, UINT64_C(1) << PKI_SYSTEM_UNAVAIL);
    cr_assert(answer.message.has_protection);
    cr_assert_eq(answer.result.serial.len, 0);
    answer_free(&answer);
    cr_assert_eq(world->cert_count, certs);
    cr_assert_eq(world->commits, commits);

    world->fail_fetch_at = world->fail_commit_at = 0;
    answer = world_send(world, p->request);
    cr_assert_eq(answer.body, p->good_body, "scenario %d: %s", scenario, pki_body_name(answer.body));
    cr_assert_not(answer.result.refused);
    answer_free(&answer);
}

static unsigned count_calls(enum scenario scenario, unsigned *commits)
{
    fresh(scenario);
    struct prepared p = prepare(scenario, client_of(scenario));

    world->fetches_seen = world->commits_seen = 0;
    struct answer answer = world_send(world, p.request);
    cr_assert_eq(answer.body, p.good_body);
    answer_free(&answer);
    if (p.earlier.arena != NULL)
        answer_free(&p.earlier);
    *commits = world->commits_seen;
    return world->fetches_seen;
}

/* RFC 9483 3.6.4, of failInfo: "systemUnavail: This is sent by a PKI management entity in case a back-end
 * system is not available." */
Test(message, each_fetch_that_fails_ends_in_systemUnavail_and_a_retry_comes_through)
{
    for (enum scenario scenario = IR; scenario < SCENARIOS; scenario++) {
        unsigned commits, fetches = count_calls(scenario, &commits);
        cr_assert_gt(fetches, 0);
        for (unsigned n = 1; n <= fetches; n++) {
            fresh(scenario);
            struct prepared p = prepare(scenario, client_of(scenario));
            world->fetches_seen = 0;
            world->fail_fetch_at = n;
            expect_unavailable_then_good(&p, scenario);
            if (p.earlier.arena != NULL)
                answer_free(&p.earlier);
        }
    }
}

Test(message, each_commit_that_fails_ends_in_systemUnavail_and_a_retry_comes_through)
{
    for (enum scenario scenario = IR; scenario < SCENARIOS; scenario++) {
        unsigned commits;
        count_calls(scenario, &commits);
        cr_assert_eq(commits, scenario == REPLAYED_IR || scenario == REPLAYED_CERTCONF ? 0 : 1);
        for (int fault = 0; fault < 2 && commits != 0; fault++) {
            fresh(scenario);
            struct prepared p = prepare(scenario, client_of(scenario));
            world->commits_seen = 0;
            world->fail_commit_at = 1;
            world->commit_fault = fault ? STORE_UNKNOWN : STORE_UNAVAILABLE;
            expect_unavailable_then_good(&p, scenario);
            if (p.earlier.arena != NULL)
                answer_free(&p.earlier);
        }
    }
}

/* The store did it and could not say so: the peer gets its answer, and nothing is done twice. */
Test(message, a_commit_of_unknown_outcome_that_was_done_is_a_success)
{
    static const enum scenario scenarios[] = {IR, MAC_IR, CERTCONF, OWN_CR};

    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        fresh(scenarios[i]);
        struct prepared p = prepare(scenarios[i], client_of(scenarios[i]));
        unsigned commits = world->commits;
        world->commits_seen = 0;
        world->fail_commit_at = 1;
        world->commit_fault = STORE_UNKNOWN;
        world->unknown_was_done = 1;
        struct answer answer = world_send(world, p.request);
        world->fail_commit_at = 0;
        cr_assert_eq(answer.body, p.good_body, "%zu: %s", i, pki_body_name(answer.body));
        cr_assert_eq(world->commits, commits + 1);
        answer_free(&answer);
        answer = world_send(world, p.request);
        cr_assert_eq(answer.body, p.good_body);
        cr_assert_eq(world->commits, commits + 1);
        answer_free(&answer);
        if (p.earlier.arena != NULL)
            answer_free(&p.earlier);
    }
}

/* The outcome is unknown and the store is gone: whether it was done comes out at the retry. */
Test(message, an_unknown_outcome_that_cannot_be_found_out_is_settled_by_the_retry)
{
    unsigned commits, fetches = count_calls(IR, &commits);

    fresh(IR);
    struct prepared p = prepare(IR, &client);
    world->fetches_seen = world->commits_seen = 0;
    world->fail_commit_at = 1;
    world->commit_fault = STORE_UNKNOWN;
    world->unknown_was_done = 1;
    world->fail_fetch_at = fetches + 1;
    struct answer answer = world_send(world, p.request);
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
    cr_assert_eq(world->cert_count, 1);
    world->fail_fetch_at = world->fail_commit_at = 0;
    answer = world_send(world, p.request);
    cr_assert(bytes_equal(answer.cert.der, world->certs[0].row.certificate));
    expect_certificate(&answer, PKI_IP);
    cr_assert_eq(world->cert_count, 1);
}

/* A job has its bound of memory, as small as it may be: the message ends without an answer, not with a crash
 * and not with a certificate. */
Test(message, a_message_that_runs_out_of_memory_ends_without_an_answer)
{
    struct bytes request = client_request(&client, PKI_IR);
    const struct cmp_route route = {.body = -1};
    unsigned refused = 0;

    for (size_t limit = 1024; limit < 40 * 1024; limit += 512) {
        struct arena *arena = arena_new(limit);
        struct cmp_message *m = cmp_start(arena, &world->settings, &route, request, world->now * 1000);
        if (m != NULL) {
            struct cmp_result result;
            const struct cmp_want *wants = cmp_wants(m);
            for (const struct cmp_want *want = wants; want != NULL; want = want->next)
                want->u.fetch->outcome = STORE_ABSENT;
            if (wants != NULL)
                cmp_resume(m, world->now * 1000);
            if (cmp_wants(m) == NULL) {
                cmp_result(m, &result);
                cr_assert(result.refused);
                cr_assert_eq(result.end, JOB_BUSY);
                cr_assert_eq(result.reply.len, 0);
                refused++;
            }
            cmp_end(m);
        }
        arena_free(arena);
    }
    cr_assert_gt(refused, 0);
}

/* Links of a path that were verified before are left out: as at the start, none was. */
static struct remembered *forget_path(struct remembered *before)
{
    remembered_free(before);
    return remembered_new();
}

/* Of what could not be verified for want of memory nobody knows whether it is right: there is no answer, and
 * the same octets are judged again. */
static void expect_undecided_then_good(struct prepared *p, enum scenario scenario)
{
    size_t certs = world->cert_count;
    unsigned commits = world->commits;
    struct answer answer = world_send(world, p->request);

    cr_assert_eq(answer.result.end, JOB_BUSY, "scenario %d", scenario);
    cr_assert_not(answer.result.mac_wrong);
    answer_free(&answer);
    cr_assert_eq(world->cert_count, certs);
    cr_assert_eq(world->commits, commits);
    world->undecided_at = 0;
    world->macs_fail = 0;
    answer = world_send(world, p->request);
    cr_assert_eq(answer.body, p->good_body, "scenario %d: %s", scenario, pki_body_name(answer.body));
    cr_assert_not(answer.result.refused);
    answer_free(&answer);
}

Test(message, each_verification_that_finds_no_memory_ends_it_without_an_answer)
{
    static const enum scenario scenarios[] = {IR, CERTCONF, OWN_CR, MAC_IR};
    static const unsigned verifications[] = {4, 1, 2, 1}; /* protection, possession, path of two */

    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        for (unsigned n = 1; n <= verifications[i]; n++) {
            fresh(scenarios[i]);
            world->trust.verified =
                scenarios[i] == IR ? forget_path(world->trust.verified) : world->trust.verified;
            struct prepared p = prepare(scenarios[i], client_of(scenarios[i]));
            world->verifications_seen = 0;
            world->undecided_at = n;
            expect_undecided_then_good(&p, scenarios[i]);
            cr_assert_geq(world->verifications_seen, verifications[i]);
            if (p.earlier.arena != NULL)
                answer_free(&p.earlier);
        }
    fresh(MAC_IR);
    struct prepared p = prepare(MAC_IR, &mac);
    world->macs_fail = 1;
    expect_undecided_then_good(&p, MAC_IR);
}

static struct bytes mac_request(uint32_t iterations)
{
    CBS cbs;

    cr_assert(mac_pbm_encode(&mac.header.protection_alg, world->arena, bytes_str("salt salt"), DIGEST_SHA256,
                             DIGEST_SHA256, iterations));
    cbs = cbs_of(mac.header.protection_alg);
    cr_assert(mac_parse(&mac.mac, &cbs));
    mac.transaction_id[0]++;
    return client_request(&mac, PKI_IR);
}

/* Opened secrets and derived keys are in the locked pool, and are wiped when they are given back. */
Test(message, no_secret_outlives_its_message)
{
    enum scenario of_macs[] = {MAC_IR, REPLAYED_IR, CERTCONF, REPLAYED_CERTCONF};

    secret_memory_lock(); /* without the right to lock, there is a pool all the same */
    size_t before = secret_memory_used();
    for (size_t i = 0; i < sizeof of_macs / sizeof of_macs[0]; i++) {
        world_forget(world);
        mac.transaction_id[0]++;
        mac.header.recip_nonce = bytes_of(NULL, 0);
        struct prepared p = prepare(of_macs[i], &mac);
        struct answer answer = world_send(world, p.request);
        cr_assert(mac_is_mac(answer.message.header.protection_alg));
        answer_free(&answer);
        if (p.earlier.arena != NULL)
            answer_free(&p.earlier);
        cr_assert_eq(secret_memory_used(), before, "scenario %d", of_macs[i]);
    }
}

/* Whoever guesses is refused without a look; what is refused already keeps its reason. */
Test(message, a_guess_that_is_refused_already_stays_as_it_is)
{
    const struct cmp_route route = {.body = -1};
    struct arena *arena = arena_new(BOUND_JOB_ARENA);
    struct cmp_result result;

    for (int wrong = 0; wrong <= 1; wrong++) {
        struct bytes request = mac_request(wrong ? 99 : 1000); /* at least 100 */
        struct cmp_message *m = cmp_start(arena, &world->settings, &route, request, world->now * 1000);
        cmp_refuse_guess(m);
        cmp_result(m, &result);
        cr_assert(result.refused);
        cr_assert_eq(result.fail_info, wrong ? PKI_BAD_ALG : PKI_BAD_MESSAGE_CHECK);
        cmp_end(m);
    }
    arena_free(arena);
}

/* ---- prices ---- */

static uint64_t price_of(struct bytes request)
{
    struct answer answer = world_send(world, request);
    uint64_t price = answer.price_us;

    answer_free(&answer);
    return price;
}

/* Every cost that a peer chooses is in the price, known before anything is computed. */
Test(message, the_price_grows_with_what_the_peer_chose)
{
    uint64_t cheap = price_of(mac_request(100)), dear = price_of(mac_request(10000));

    cr_assert_eq(dear - cheap, 9900 * digest_algorithm(DIGEST_SHA256)->block_ns / 1000);

    uint64_t p256 = price_of(client_request(&client, PKI_IR));
    client.transaction_id[0]++;
    private_key_free(client.key);
    client.key = private_key_generate(KEY_P521, 0);
    uint64_t p521 = price_of(client_request(&client, PKI_IR));
    cr_assert_eq(p521 - p256, key_verify_us(KEY_P521) - key_verify_us(KEY_P256));
}

Test(message, the_price_has_what_the_peer_makes_us_verify_in_it)
{
    /* Protection, device certificate, proof of possession; and the vendor's CA, which the device supplies, as
     * often as paths are tried. Our own signatures are the operator's choice: a CA with a slow key does not
     * make every request a costly one. */
    cr_assert_eq(price_of(client_request(&client, PKI_IR)),
                 (3 + BOUND_PATH_ATTEMPTS) * key_verify_us(KEY_P256));
}

/* The key of a later message is known from the store only: the dearest that its algorithm can mean is
 * assumed. */
Test(message, a_later_message_has_its_price_too)
{
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    struct answer confirmed = world_send(world, client_confirm(&client, &answer, -1));

    cr_assert_eq(confirmed.body, PKI_PKICONF);
    cr_assert_eq(confirmed.price_us, key_verify_us(KEY_P256));
    answer_free(&confirmed);
    answer_free(&answer);
}

/* Each certificate in extraCerts may become a link that has to be verified; one that is trusted already does
 * not. */
Test(message, every_supplied_certificate_is_in_the_price)
{
    uint64_t one = price_of(client_request(&client, PKI_IR));

    client.transaction_id[0]++;
    client.extra_certs[client.extra_cert_count++] = world->stranger.cert_der;
    cr_assert_eq(price_of(client_request(&client, PKI_IR)),
                 one + (uint64_t)BOUND_PATH_ATTEMPTS * key_verify_us(KEY_P256));
    client.transaction_id[0]++;
    client.extra_certs[client.extra_cert_count - 1] = world->issuing.cert_der;
    cr_assert_eq(price_of(client_request(&client, PKI_IR)), one);
    client.transaction_id[0]++;
    client.extra_certs[client.extra_cert_count - 1] = world->stranger_root.cert_der; /* never on a path */
    cr_assert_eq(price_of(client_request(&client, PKI_IR)), one);
}

/* What certificates say of those below them is in the price from a length on that no usual one has, as often
 * as paths are tried; names only where somebody constrains them. */
Test(message, long_extensions_that_a_path_is_held_against_are_in_the_price)
{
    enum { USUAL = 256, MORE = 100 };
    static const uint8_t zeros[USUAL + MORE];
    static const char *const lasts[] = {"55 1d 20", "55 1d 21", "55 1d 1e"};
    const struct bytes value = bytes_of(zeros, sizeof zeros);
    struct certificate_plan plan = {.subject = world->stranger.cert.subject};
    struct ctl_identity stranger;
    uint64_t price[2];

    for (size_t i = 0; i < sizeof lasts / sizeof lasts[0]; i++)
        for (int san = 0; san <= 1; san++) {
            for (int longer = 0; longer <= 1; longer++) {
                struct certificate_extension other = {hex(world->arena, lasts[i]), 0,
                                                      bytes_of(zeros, USUAL + (longer ? MORE : 0))};
                plan.others = &other;
                plan.other_count = 1;
                plan.san = longer && san ? value : bytes_of(NULL, 0);
                issue(world, &stranger, private_key_generate(KEY_P256, 0), plan, &world->stranger_root);
                client.transaction_id[0]++;
                client.extra_certs[2] = stranger.cert_der;
                client.extra_cert_count = 3;
                price[longer] = price_of(client_request(&client, PKI_IR));
                ctl_identity_cleanup(&stranger);
            }
            cr_expect_eq(price[1] - price[0], BOUND_PATH_ATTEMPTS * (MORE + (san && i == 2 ? MORE : 0)),
                         "%s, %d", lasts[i], san);
        }
}

/* What an RA's path may end at is in the trust in RAs. */
Test(message, an_issuer_that_RAs_are_trusted_by_costs_an_RA_nothing)
{
    uint64_t one = price_of(client_request(&client, PKI_IR));
    struct ctl_identity ra;
    struct trust trust = {.count = 0};

    issue_ra(world, &ra, &trust);
    cr_assert(trust_add(&trust, world->vendor_ca.cert_der, 0));
    world->profile.ras = &trust;
    client_sign_by(&client, &ra, &world->vendor_ca.cert_der, 1);
    client.transaction_id[0]++;
    cr_assert_eq(price_of(client_request(&client, PKI_IR)),
                 one - (uint64_t)BOUND_PATH_ATTEMPTS * key_verify_us(KEY_P256));
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

/* Whom a quota counts. */
Test(message, the_reference_is_told_of_MAC_protected_requests_only)
{
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));
    cr_assert(bytes_equal(answer.result.reference, world->reference));
    answer_free(&answer);
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert_eq(answer.result.reference.len, 0);
    answer_free(&answer);
}
