/* status.c: what OCSP and CRLs say is believed only if it is about what was asked, of now, and signed. */
#include "bench/status.h"
#include "crypto/crl.h"
#include "crypto/ocsp.h"
#include "tests/unit/bench/fixture.h"

static const uint8_t serial_octets[] = {0x5a, 1, 2, 3}, other_octets[] = {0x5a, 1, 2, 4};
static const uint8_t id_ocsp_signing[] = {0x2b, 6, 1, 5, 5, 7, 3, 9},
                     id_client_auth[] = {0x2b, 6, 1, 5, 5, 7, 3, 2};
static struct private_key *responder_key;
static struct status_memory memory;

/* What a responder does, and may do wrong. */
struct responding {
    struct ocsp_single single;
    struct bytes nonce;
    struct bytes certificate; /* comes along */
    const struct private_key *key;
};

static void set_up(void)
{
    new_world();
    responder_key = private_key_generate(KEY_P256, 0);
}

static void tear_down(void)
{
    private_key_free(responder_key);
    end_world();
}

TestSuite(status, .init = set_up, .fini = tear_down);

static struct request asked(enum scenario scenario)
{
    struct request request = {.scenario = scenario};

    cr_assert(
        status_request_make(&request, world->arena, &setup, bytes_of(serial_octets, sizeof serial_octets)));
    return request;
}

static struct bytes signed_by(const struct private_key *key, struct bytes message)
{
    struct signing item = {.algorithm = signature_for_key(private_key_kind(key)),
                           .key = key,
                           .message = message,
                           .signature = arena_alloc(world->arena, private_key_signature_max(key))};
    struct signing *items[] = {&item};

    sign_batch(items, 1);
    return bytes_of(item.signature, item.signature_len);
}

/* The responder's certificate; |purpose| NULL: for any. */
static struct bytes certificate(const struct ctl_identity *issuer, const uint8_t *purpose, int64_t not_after)
{
    const struct bytes oid = bytes_of(purpose, 8);
    const struct certificate_plan plan = {.serial = bytes_of(other_octets, sizeof other_octets),
                                          .algorithm = signature_for_key(KEY_P256),
                                          .issuer = setup.ca.subject,
                                          .subject = setup.vendor.subject,
                                          .not_before = time(NULL) - 600,
                                          .not_after = not_after,
                                          .spki = private_key_spki(responder_key),
                                          .path_len = -1,
                                          .extended_key_usage = purpose != NULL ? &oid : NULL,
                                          .extended_key_usage_count = purpose != NULL};
    struct bytes tbs, der;

    cr_assert(certificate_build(&tbs, world->arena, &plan));
    cr_assert(certificate_assemble(&der, world->arena, tbs, plan.algorithm, signed_by(issuer->key, tbs)));
    return der;
}

static struct responding right(const struct request *request)
{
    int64_t now = time(NULL);

    return (struct responding){.single = {.cert_id = request->cert_id,
                                          .status = OCSP_GOOD,
                                          .this_update = now,
                                          .next_update = now + 3600},
                               .nonce = request->nonce,
                               .certificate = certificate(&world->issuing, id_ocsp_signing, now + 3600),
                               .key = responder_key};
}

static struct bytes response(const struct responding *from)
{
    struct ocsp_plan plan = {
        .produced_at = time(NULL), .singles = &from->single, .count = 1, .nonce = from->nonce};
    struct bytes data, der;

    cr_assert(ocsp_responder_by_key(&plan.responder_id, world->arena, private_key_spki(from->key)));
    cr_assert(ocsp_response_data(&data, world->arena, &plan));
    cr_assert(ocsp_response_assemble(&der, world->arena, data, signature_for_key(private_key_kind(from->key)),
                                     signed_by(from->key, data), from->certificate));
    return der;
}

static size_t verified; /* signatures, of the last one that was judged */

static enum bench_error judge(const struct request *request, struct bytes reply, int deep)
{
    struct check check;
    enum bench_error error;

    status_check(&check, &memory, &setup, request, reply, deep);
    struct verification *items[] = {&check.items[0], &check.items[1]};
    verified = check.item_count;
    verify_batch(items, verified);
    error = check_verdict(&check);
    cr_assert(deep || verified == 0);
    check_cleanup(&check);
    if (error == BENCH_OK)
        status_remember(&memory, &check);
    return error;
}

/* The verdict on an answer by its signatures, and without a look at them. */
static void is(const struct request *request, struct bytes reply, enum bench_error deep,
               enum bench_error shallow)
{
    cr_assert_eq(judge(request, reply, 1), deep);
    cr_assert_eq(judge(request, reply, 0), shallow);
}

/* ---- OCSP ---- */

Test(status, a_right_answer_is_right)
{
    for (enum scenario scenario = SCENARIO_OCSP; scenario <= SCENARIO_OCSP_NONCE; scenario++) {
        struct request request = asked(scenario);
        struct responding from = right(&request);
        is(&request, response(&from), BENCH_OK, BENCH_OK);
        /* RFC 6960 4.2.2.2: the CA itself may sign. */
        from.key = world->issuing.key;
        from.certificate = setup.ca.der;
        is(&request, response(&from), BENCH_OK, BENCH_OK);
    }
}

/* RFC 9654 2.1: the nonce of the request, and none where there was none. */
Test(status, another_nonce_is_a_mismatch)
{
    struct request without = asked(SCENARIO_OCSP), with = asked(SCENARIO_OCSP_NONCE),
                   again = asked(SCENARIO_OCSP_NONCE);
    struct responding from = right(&without);

    from.nonce = with.nonce;
    is(&without, response(&from), BENCH_MISMATCH, BENCH_MISMATCH);
    is(&again, response(&from), BENCH_MISMATCH, BENCH_MISMATCH);
    is(&with, response(&from), BENCH_OK, BENCH_OK);
    from.nonce.len = 0;
    is(&with, response(&from), BENCH_MISMATCH, BENCH_MISMATCH);
}

Test(status, another_certificate_or_status_is_a_mismatch)
{
    struct request request = asked(SCENARIO_OCSP), other = {.scenario = SCENARIO_OCSP};
    struct responding from = right(&request);

    cr_assert(status_request_make(&other, world->arena, &setup, bytes_of(other_octets, sizeof other_octets)));
    is(&other, response(&from), BENCH_MISMATCH, BENCH_MISMATCH);
    from.single.status = OCSP_UNKNOWN;
    is(&request, response(&from), BENCH_MISMATCH, BENCH_MISMATCH);
    from.single.status = OCSP_REVOKED;
    from.single.revoked_at = time(NULL);
    is(&request, response(&from), BENCH_MISMATCH, BENCH_MISMATCH);
}

/* RFC 6960 3.2 (5), (6); clocks may differ by a minute. */
Test(status, an_answer_of_another_time_is_a_mismatch)
{
    struct request request = asked(SCENARIO_OCSP);
    struct responding from = right(&request);
    int64_t now = time(NULL);

    from.single.next_update = now - 120;
    is(&request, response(&from), BENCH_MISMATCH, BENCH_MISMATCH);
    from.single.next_update = now - 30;
    is(&request, response(&from), BENCH_OK, BENCH_OK);
    from.single.next_update = now + 3600;
    from.single.this_update = now + 120;
    is(&request, response(&from), BENCH_MISMATCH, BENCH_MISMATCH);
    from.single.this_update = now + 30;
    is(&request, response(&from), BENCH_OK, BENCH_OK);
}

/* Only signatures tell: those of a response of the wrong key, and of a responder that the CA has not made. */
Test(status, whoever_else_signs_is_found_out)
{
    struct request request = asked(SCENARIO_OCSP);
    struct responding from = right(&request);
    int64_t now = time(NULL);

    from.key = world->stranger.key;
    is(&request, response(&from), BENCH_PROTECTION, BENCH_OK);
    from.certificate = setup.ca.der;
    is(&request, response(&from), BENCH_PROTECTION, BENCH_OK);
    from.key = responder_key;
    from.certificate = certificate(&world->stranger, id_ocsp_signing, now + 3600);
    is(&request, response(&from), BENCH_PROTECTION, BENCH_OK);
    from.certificate = certificate(&world->issuing, id_client_auth, now + 3600);
    is(&request, response(&from), BENCH_PROTECTION, BENCH_OK);
    from.certificate = certificate(&world->issuing, NULL, now + 3600);
    is(&request, response(&from), BENCH_PROTECTION, BENCH_OK);
    from.certificate = certificate(&world->issuing, id_ocsp_signing, now - 300);
    is(&request, response(&from), BENCH_PROTECTION, BENCH_OK);
    from.certificate = bytes_of((const uint8_t *)"\x30\x00", 2);
    is(&request, response(&from), BENCH_MALFORMED, BENCH_OK);
    /* A certificate of the right key by another name than the CA's. */
    from.certificate = certificate(&world->issuing, id_ocsp_signing, now + 3600);
    setup.ca.subject = setup.vendor.subject;
    is(&request, response(&from), BENCH_PROTECTION, BENCH_OK);
}

/* What was verified is not verified again, and nothing else is taken for it. */
Test(status, the_same_octets_are_verified_once)
{
    struct request request = asked(SCENARIO_OCSP), fresh = asked(SCENARIO_OCSP_NONCE);
    struct responding from = right(&request);
    struct bytes first = response(&from), second;

    cr_assert_eq(judge(&request, first, 0), BENCH_OK);
    cr_assert_eq(judge(&request, first, 1), BENCH_OK);
    cr_assert_eq(verified, 2, "what was only looked at counts for nothing");
    cr_assert_eq(judge(&request, first, 1), BENCH_OK);
    cr_assert_eq(verified, 0);
    cr_assert_eq(judge(&fresh, first, 1), BENCH_MISMATCH, "not the answer to another");
    from.nonce = fresh.nonce;
    from.single.cert_id = fresh.cert_id;
    second = response(&from);
    cr_assert_eq(judge(&fresh, second, 1), BENCH_OK);
    cr_assert_eq(verified, 1, "the responder's certificate is known");
    from.key = world->stranger.key;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(judge(&fresh, response(&from), 1), BENCH_PROTECTION);
        cr_assert_eq(verified, 1, "what is wrong is not remembered");
    }
}

/* RFC 6960 4.2.1 */
Test(status, an_error_of_ocsp_is_a_rejection)
{
    static const struct {
        enum ocsp_status status;
        enum bench_error error;
    } cases[] = {{OCSP_MALFORMED_REQUEST, BENCH_REJECTED},
                 {OCSP_INTERNAL_ERROR, BENCH_UNAVAILABLE},
                 {OCSP_TRY_LATER, BENCH_UNAVAILABLE},
                 {OCSP_SIG_REQUIRED, BENCH_REJECTED},
                 {OCSP_UNAUTHORIZED, BENCH_REJECTED}};
    struct request request = asked(SCENARIO_OCSP);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        is(&request, ocsp_error(cases[i].status), cases[i].error, cases[i].error);
}

/* Every octet of an answer, changed: never a success. */
Test(status, no_changed_octet_passes)
{
    struct request request = asked(SCENARIO_OCSP_NONCE);
    struct responding from = right(&request);
    struct bytes der = response(&from), copy = arena_copy(world->arena, der);

    for (size_t i = 0; i < der.len; i++) {
        ((uint8_t *)(uintptr_t)copy.data)[i] ^= 0x01;
        cr_assert_neq(judge(&request, copy, 1), BENCH_OK, "octet %zu", i);
        ((uint8_t *)(uintptr_t)copy.data)[i] ^= 0x01;
    }
    cr_assert_eq(judge(&request, bytes_of(der.data, der.len - 1), 1), BENCH_MALFORMED);
    cr_assert_eq(judge(&request, bytes_of(NULL, 0), 1), BENCH_MALFORMED);
}

/* ---- CRLs ---- */

static int no_entry(void *arg, struct crl_entry *out)
{
    (void)arg, (void)out;
    return 0;
}

static struct crl_plan full(void)
{
    int64_t now = time(NULL);

    return (struct crl_plan){.algorithm = signature_for_key(private_key_kind(world->issuing.key)),
                             .key = world->issuing.key,
                             .issuer = setup.ca.subject,
                             .this_update = now,
                             .next_update = now + 3600,
                             .number = 7};
}

static void crl_is(const struct crl_plan *plan, enum bench_error deep, enum bench_error shallow)
{
    const struct request request = {.scenario = SCENARIO_CRL};
    struct bytes der;

    cr_assert(crl_write(&der, plan, 0, no_entry, NULL));
    is(&request, der, deep, shallow);
    free((void *)(uintptr_t)der.data);
}

Test(status, a_crl_is_the_cas_complete_and_of_now)
{
    struct crl_plan plan = full();
    int64_t now = time(NULL);

    crl_is(&plan, BENCH_OK, BENCH_OK);
    plan.base_number = 6;
    crl_is(&plan, BENCH_MISMATCH, BENCH_MISMATCH);
    plan = full();
    plan.issuer = setup.vendor.subject;
    crl_is(&plan, BENCH_MISMATCH, BENCH_MISMATCH);
    plan = full();
    plan.next_update = now - 120;
    plan.this_update = now - 240;
    crl_is(&plan, BENCH_MISMATCH, BENCH_MISMATCH);
    plan = full();
    plan.this_update = now + 120;
    crl_is(&plan, BENCH_MISMATCH, BENCH_MISMATCH);
    plan = full();
    plan.key = world->stranger.key;
    crl_is(&plan, BENCH_PROTECTION, BENCH_OK);
}

Test(status, what_is_no_crl_is_malformed)
{
    const struct request request = {.scenario = SCENARIO_CRL};

    is(&request, setup.ca.der, BENCH_MALFORMED, BENCH_MALFORMED);
    is(&request, bytes_of(NULL, 0), BENCH_MALFORMED, BENCH_MALFORMED);
}
