/* query.c: what is said of certificates (RFC 6960 2.2), and what is kept of that. The test serves the wants.
 */
#include "tests/unit/ocsp/fixture.h"

#include "crypto/certificate.h"

enum { LATER = NOW + 100, DEADLINE = NOW + 300, DAY = 24 * 60 * 60 };

TestSuite(ocsp_query, .init = set_up_ocsp, .fini = tear_down_ocsp);

static unsigned fetches;
static int store_is_away, key_is_away;
static void (*before_answer)(void); /* once, between the look into the store and what is made of it */

static void serve_want(const struct cmp_want *want)
{
    switch (want->kind) {
    case CMP_WANT_FETCH:
        fetches++;
        if (store_is_away)
            want->u.fetch->outcome = STORE_FETCH_UNAVAILABLE;
        else
            cr_assert(store_fetch_wait(store, want->u.fetch));
        break;
    case CMP_WANT_SIGN:
        if (!key_is_away)
            sign_batch(&(struct signing *){want->u.sign}, 1);
        break;
    default:
        cr_assert_fail("this is no want of OCSP");
    }
}

static struct ocsp_kept ask_at(struct bytes request, int64_t now)
{
    struct ocsp_query *query = ocsp_start(arena, service, demo.policy, request, now);
    struct ocsp_kept kept;
    void (*hook)(void);

    cr_assert_not_null(query);
    while (ocsp_wants(query) != NULL) {
        for (const struct cmp_want *want = ocsp_wants(query); want != NULL; want = want->next)
            serve_want(want);
        hook = before_answer;
        before_answer = NULL;
        if (hook != NULL)
            hook();
        ocsp_resume(query, now);
    }
    kept = *ocsp_result(query);
    ocsp_end(query);
    return kept;
}

/* The response to |request|, held against what all have to be. */
static struct ocsp_response response_at(struct bytes request, int64_t now)
{
    struct ocsp_kept kept = ask_at(request, now);
    struct ocsp_response response;
    struct certificate signer;
    struct public_key *key;
    struct verification item = {.valid = 0};

    cr_assert(ocsp_response_parse(&response, kept.der));
    if (response.status != OCSP_SUCCESSFUL)
        return response;
    cr_assert(certificate_parse(&signer, response.certificate));
    key = public_key_parse(signer.spki);
    item = (struct verification){.algorithm = response.algorithm,
                                 .key = key,
                                 .message = response.data,
                                 .signature = response.signature};
    verify_batch(&(struct verification *){&item}, 1);
    cr_assert(item.valid);
    public_key_free(key);
    cr_expect_leq(response.first.next_update, signer.not_after);
    cr_expect_gt(response.first.next_update, response.first.this_update);
    return response;
}

static struct ocsp_response ask(struct bytes serial)
{
    return response_at(request_for(DIGEST_SHA256, serial, ""), LATER);
}

static void expect(const struct ocsp_response *response, enum ocsp_cert_status status, int64_t at, int reason)
{
    cr_assert_eq(response->status, OCSP_SUCCESSFUL);
    cr_expect_eq(response->first.status, status);
    cr_expect_eq(response->first.revoked_at, at);
    cr_expect_eq(response->first.reason, reason);
}

static void enroll(uint32_t n)
{
    cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
}

/* ---- states ---- */

Test(ocsp_query, a_certificate_from_its_beginning_to_its_end)
{
    struct ocsp_response response;

    response = ask(serial_of(1));
    expect(&response, OCSP_UNKNOWN, 0, 0);
    enroll(1);
    response = ask(serial_of(1));
    expect(&response, OCSP_GOOD, 0, 0);
    cr_expect_eq(response.first.this_update, LATER);
    cr_expect_eq(response.first.next_update, DEADLINE, "it may change then");
    cr_assert_eq(confirm(1, 1, STORE_TX_WAIT_CONFIRM, NULL), STORE_DONE);
    response = ask(serial_of(1));
    expect(&response, OCSP_GOOD, 0, 0);
    cr_expect_eq(response.first.next_update, LATER + 240 * 60);
    cr_assert_eq(change_status(1, 1, STORE_CERT_HOLD, 6), STORE_DONE);
    response = ask(serial_of(1));
    expect(&response, OCSP_REVOKED, NOW + 1, 6);
    cr_assert_eq(change_status(1, 1, STORE_CERT_REVOKED, 1), STORE_DONE);
    response = ask(serial_of(1));
    expect(&response, OCSP_REVOKED, NOW + 1, 1);
}

Test(ocsp_query, an_unconfirmed_one_whose_deadline_has_passed_is_what_its_profile_says)
{
    struct bytes request;
    struct ocsp_response response;

    enroll(1);
    request = request_for(DIGEST_SHA1, serial_of(1), "");
    response = response_at(request, DEADLINE - 1);
    expect(&response, OCSP_GOOD, 0, 0);
    response = response_at(request, DEADLINE);
    expect(&response, OCSP_REVOKED, DEADLINE, 0);
    cr_expect_leq(response.first.next_update, DEADLINE + 10, "a certConf may come all the same");
    edit("unconfirmed: revoke", "unconfirmed: hold");
    response = response_at(request, DEADLINE);
    expect(&response, OCSP_REVOKED, DEADLINE, 6);
    edit("unconfirmed: hold", "unconfirmed: keep");
    response = response_at(request, DEADLINE);
    expect(&response, OCSP_GOOD, 0, 0);
    cr_expect_eq(response.first.next_update, DEADLINE + 240 * 60);
}

static void confirm_first(void)
{
    cr_assert_eq(confirm(1, 1, STORE_TX_WAIT_CONFIRM, NULL), STORE_DONE);
}

Test(ocsp_query, a_certConf_between_two_looks)
{
    struct ocsp_response response;

    enroll(1);
    before_answer = confirm_first;
    response = response_at(request_for(DIGEST_SHA1, serial_of(1), ""), DEADLINE + 1);
    expect(&response, OCSP_GOOD, 0, 0);
}

Test(ocsp_query, what_was_never_issued_may_be_revoked)
{
    struct ocsp_response response;

    edit("non_issued: unknown", "non_issued: revoked");
    response = ask(serial_of(1));
    expect(&response, OCSP_REVOKED, 0, 6);
    response = ask(bytes_of("a serial that is longer", 23));
    expect(&response, OCSP_REVOKED, 0, 6);
}

/* ---- requests ---- */

Test(ocsp_query, each_digest_names_the_issuer)
{
    static const enum digest_id digests[] = {DIGEST_SHA1, DIGEST_SHA224, DIGEST_SHA256, DIGEST_SHA384,
                                             DIGEST_SHA512};
    struct ocsp_request request;
    struct ocsp_response response;

    enroll(1);
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        struct bytes der = request_for(digests[i], serial_of(1), "nonce");
        response = response_at(der, LATER);
        expect(&response, OCSP_GOOD, 0, 0);
        cr_assert(ocsp_request_parse(&request, der));
        cr_expect(bytes_equal(response.first.cert_id, request.ids[0].der));
        cr_expect(bytes_equal(response.nonce, bytes_str("nonce")));
    }
}

static struct bytes foreign(void)
{
    struct bytes der;

    cr_assert(ocsp_request_write(&der, arena, DIGEST_SHA1, ca->cert.subject, ca->cmp_cert.spki, serial_of(1),
                                 bytes_of(NULL, 0)));
    return der;
}

Test(ocsp_query, another_CA_is_not_known)
{
    struct ocsp_response response;
    struct bytes both[2] = {foreign(), request_for(DIGEST_SHA1, serial_of(1), "")};

    enroll(1);
    response = response_at(both[0], LATER);
    cr_expect_eq(response.status, OCSP_UNAUTHORIZED);
    response = response_at(join(both, 2), LATER);
    expect(&response, OCSP_UNKNOWN, 0, 0);
    response = response_at(join((struct bytes[]){both[1], both[0]}, 2), LATER);
    expect(&response, OCSP_GOOD, 0, 0);
    cr_expect_eq(response_at(bytes_str("junk"), LATER).status, OCSP_MALFORMED_REQUEST);
}

/* RFC 6960 2.3: what tryLater says of would pass. */
Test(ocsp_query, a_CA_that_has_ended_answers_no_more)
{
    struct bytes request = request_for(DIGEST_SHA1, serial_of(1), "");

    enroll(1);
    cr_expect_eq(response_at(request, ca->cert.not_after).status, OCSP_TRY_LATER, "its responder has ended");
    fetches = 0;
    cr_expect_eq(response_at(request, ca->cert.not_after + 1).status, OCSP_UNAUTHORIZED);
    cr_expect_eq(fetches, 0);
}

Test(ocsp_query, several_take_as_many_looks_at_once)
{
    struct bytes requests[BOUND_OCSP_REQUESTS];
    struct ocsp_kept kept;

    for (uint32_t n = 0; n < BOUND_OCSP_REQUESTS; n++) {
        enroll(n);
        requests[n] = request_for(DIGEST_SHA1, serial_of(n), "");
    }
    cr_assert_eq(change_status(1, 3, STORE_CERT_REVOKED, 1), STORE_DONE);
    fetches = 0;
    kept = ask_at(join(requests, BOUND_OCSP_REQUESTS), LATER);
    cr_expect_eq(fetches, 2 * BOUND_OCSP_REQUESTS - 1, "rows, and transactions of the unconfirmed ones");
    cr_expect_neq(kept.tag[0], 0);
    cr_expect_eq(kept.times.next_update, DEADLINE, "of the first that ends");
}

/* ---- what is kept ---- */

static int is_kept(struct bytes request, int64_t now, int fresh)
{
    uint8_t octets[OCSP_KEPT_MAX];
    struct ocsp_kept kept;

    return ocsp_look(service, &kept, octets, request, now, fresh);
}

Test(ocsp_query, a_response_about_one_certificate_is_kept)
{
    struct bytes request = request_for(DIGEST_SHA1, serial_of(1), "");
    uint8_t octets[OCSP_KEPT_MAX];
    struct ocsp_kept made, kept;

    enroll(1);
    cr_assert_eq(confirm(1, 1, STORE_TX_WAIT_CONFIRM, NULL), STORE_DONE);
    cr_expect_not(is_kept(request, LATER, 1));
    made = ask_at(request, LATER);
    cr_assert(ocsp_look(service, &kept, octets, request, LATER, 1));
    cr_expect(bytes_equal(made.der, kept.der));
    cr_expect_str_eq(made.tag, kept.tag);
    cr_expect_eq(kept.times.renew_at, LATER + 120 * 60);
    cr_expect_not(is_kept(request_for(DIGEST_SHA256, serial_of(1), ""), LATER, 1));
    cr_expect_not(is_kept(request_for(DIGEST_SHA1, serial_of(1), "nonce"), LATER, 1));
}

Test(ocsp_query, what_anybody_may_ask_for_any_number_of_is_not_kept)
{
    struct bytes request = request_for(DIGEST_SHA1, serial_of(1), "");

    cr_expect_neq(ask_at(request, LATER).tag[0], 0, "caches may keep it");
    cr_expect_not(is_kept(request, LATER, 1));
}

Test(ocsp_query, nor_is_what_may_change_without_a_revocation)
{
    struct bytes request = request_for(DIGEST_SHA1, serial_of(1), "");

    enroll(1);
    ask_at(request, DEADLINE + 1);
    cr_expect_not(is_kept(request, DEADLINE + 1, 1));
}

static void something_changes(void)
{
    ocsp_cache_changing(ocsp_cache(service));
}

Test(ocsp_query, nor_what_was_read_before_a_change)
{
    struct bytes request = request_for(DIGEST_SHA1, serial_of(1), "");

    enroll(1);
    before_answer = something_changes;
    ask_at(request, LATER);
    cr_expect_not(is_kept(request, LATER, 1));
    ask_at(request, LATER);
    cr_expect(is_kept(request, LATER, 1));
}

/* The service follows by itself: within a second, as far as a test may say so. */
Test(ocsp_query, a_revocation_takes_away_what_is_kept)
{
    struct bytes request = request_for(DIGEST_SHA1, serial_of(1), "");

    enroll(1);
    ask_at(request, LATER);
    cr_assert(is_kept(request, LATER, 1));
    cr_assert_eq(change_status(1, 1, STORE_CERT_REVOKED, 1), STORE_DONE);
    while (is_kept(request, LATER, 0))
        usleep(1000);
}

/* ---- when something is missing ---- */

Test(ocsp_query, without_a_store_what_is_kept_goes_on_until_its_end)
{
    struct bytes request = request_for(DIGEST_SHA1, serial_of(1), "");
    struct ocsp_response response;

    enroll(1);
    cr_assert_eq(confirm(1, 1, STORE_TX_WAIT_CONFIRM, NULL), STORE_DONE);
    ask_at(request, LATER);
    store_is_away = 1;
    cr_expect_not(is_kept(request, LATER + 120 * 60, 1), "it would be made anew");
    response = response_at(request, LATER + 239 * 60);
    expect(&response, OCSP_GOOD, 0, 0);
    cr_expect_eq(response.first.next_update, LATER + 240 * 60, "which it had before");
    cr_expect_eq(response_at(request, LATER + 240 * 60).status, OCSP_TRY_LATER);
    cr_expect_eq(response_at(request_for(DIGEST_SHA1, serial_of(1), "nonce"), LATER).status, OCSP_TRY_LATER);
    cr_expect_eq(response_at(request_for(DIGEST_SHA1, serial_of(2), ""), LATER).status, OCSP_TRY_LATER);
}

Test(ocsp_query, a_key_that_does_not_sign)
{
    enroll(1);
    key_is_away = 1;
    cr_expect_eq(ask(serial_of(1)).status, OCSP_TRY_LATER);
}

Test(ocsp_query, without_memory_it_is_tried_later)
{
    struct bytes request = request_for(DIGEST_SHA1, serial_of(1), "");
    struct arena *whole = arena;

    enroll(1);
    for (size_t octets = 64; octets < 12000; octets += 128) {
        struct ocsp_query *query;
        arena = arena_new(octets);
        query = ocsp_start(arena, service, demo.policy, request, LATER);
        while (query != NULL && ocsp_wants(query) != NULL) {
            for (const struct cmp_want *want = ocsp_wants(query); want != NULL; want = want->next)
                serve_want(want);
            ocsp_resume(query, LATER);
        }
        if (query != NULL)
            cr_expect_neq(ocsp_result(query)->der.len, 0, "%zu", octets);
        ocsp_end(query);
        arena_free(arena);
    }
    arena = whole;
}

/* ---- the responder (RFC 6960 4.2.2.2) ---- */

Test(ocsp_query, the_responder_is_certified_for_that_alone)
{
    static const uint8_t purpose[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09};
    static const uint8_t no_check[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05};
    struct responder *responder = wait_for_responder();
    struct store_fetch row = fetch_row(store, STORE_CERTIFICATES, bytes_of(responder->serial, STORE_SERIAL));
    struct certificate cert;

    cr_assert(certificate_parse(&cert, responder->certificate));
    cr_expect_not(cert.is_ca);
    cr_expect_eq(cert.key_usage, KEY_USAGE_DIGITAL_SIGNATURE);
    cr_expect_neq(cert.extended_key_usage.len, 0);
    cr_expect(certificate_has_purpose(&cert, bytes_of(purpose, sizeof purpose)));
    cr_expect(certificate_has_extension(&cert, bytes_of(no_check, sizeof no_check), bytes_of("\5\0", 2)));
    cr_expect(bytes_equal(cert.issuer, ca->cert.subject));
    cr_assert_eq(row.outcome, STORE_FOUND);
    cr_expect(bytes_equal(((const struct store_cert *)row.rows)->certificate, cert.der));
    cr_expect(bytes_equal(((const struct store_cert *)row.rows)->profile, bytes_str("OCSP responder")));
    arena_free(row.arena);
    cr_expect_null(ocsp_responder(service, ca_id, responder->not_after), "its time is over");
    responder_release(responder);
}

Test(ocsp_query, a_responder_ends_with_its_CA)
{
    struct cmp_authority short_lived = *ca;
    struct responder *responder;
    const char *why;

    short_lived.cert.not_after = time(NULL) + 60;
    responder = responder_new(&why, &short_lived, store, 3, time(NULL));
    cr_assert_not_null(responder, "%s", why);
    cr_expect_eq(responder->not_after, short_lived.cert.not_after);
    responder_release(responder);
}

/* Revokes the one who signs, and returns the next one, held. */
static struct responder *revoke_responder(void)
{
    struct responder *responder = wait_for_responder(), *next;
    struct store_cert_change change = {
        .serial = bytes_of(responder->serial, STORE_SERIAL), .status = STORE_CERT_REVOKED, .at = NOW};
    struct store_unit unit = {.issuer = test_issuer(), .arena = arena, .change = &change};

    cr_assert(store_commit_wait(store, &unit) && unit.outcome == STORE_DONE);
    while ((next = wait_for_responder()) == responder) {
        responder_release(next);
        usleep(1000);
    }
    responder_release(responder);
    return next;
}

Test(ocsp_query, a_responder_that_is_revoked_gets_another_one)
{
    responder_release(revoke_responder());
}

static struct responder *next_responder;

static void confirm_and_revoke_responder(void)
{
    confirm_first();
    next_responder = revoke_responder();
}

/* What is read after the revocation is signed by another one: it may be kept. */
Test(ocsp_query, a_responder_that_is_revoked_between_two_looks_does_not_sign)
{
    struct ocsp_response response;

    enroll(1);
    before_answer = confirm_and_revoke_responder;
    response = response_at(request_for(DIGEST_SHA1, serial_of(1), ""), LATER);
    cr_expect(bytes_equal(response.certificate, next_responder->certificate));
    responder_release(next_responder);
}

/* ---- configurations ---- */

Test(ocsp_query, a_cache_that_may_keep_nothing)
{
    struct bytes request = request_for(DIGEST_SHA1, serial_of(1), "");

    enroll(1);
    ask_at(request, LATER);
    cr_assert(is_kept(request, LATER, 0));
    edit("cache_mib: 64", "cache_mib: 0");
    ocsp_set_policy(service, demo.policy);
    while (is_kept(request, LATER, 0))
        usleep(1000);
}
