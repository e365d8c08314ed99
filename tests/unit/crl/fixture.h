/* fixture.h: a store with enrollments, and a CA that signs CRLs of it. Included once by a test. */
#ifndef CMPD_TESTS_UNIT_CRL_FIXTURE_H
#define CMPD_TESTS_UNIT_CRL_FIXTURE_H

#include "crypto/crl.h"
#include "server/cmp/cmp.h"
#include "server/crl/shelf.h"
#include "tests/unit/crypto/certs.h"
#include "tests/unit/storage/suite.h"

enum { KEY_COMPROMISE = 1, CERTIFICATE_HOLD = 6 };

static struct arena *arena;
static struct private_key *ca_key;
static struct cmp_authority authority;

static inline void set_up_ca(void)
{
    struct certificate_plan plan = {
        .is_ca = 1, .path_len = -1, .key_usage = KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN};

    arena = arena_new(1024 * 1024);
    ca_key = private_key_generate(KEY_P256, 0);
    plan.issuer = plan.subject = name_of(arena, "CA");
    plan.spki = private_key_spki(ca_key);
    authority =
        (struct cmp_authority){.name = "issuing", .key = ca_key, .algorithm = signature_for_key(KEY_P256)};
    cr_assert(certificate_parse(&authority.cert, sign_plan(arena, plan, ca_key)));
    authority.crl_cert = authority.cert;
    authority.crl_key = authority.key;
    authority.crl_algorithm = authority.algorithm;
    memcpy(authority.id, issuer_octets, sizeof authority.id);
}

static inline void tear_down_ca(void)
{
    private_key_free(ca_key);
    arena_free(arena);
}

static inline void set_up_both(void)
{
    set_up();
    set_up_ca();
}

static inline void tear_down_both(void)
{
    tear_down_ca();
    tear_down();
}

/* enroll stores the |n|th certificate, and revokes it if |reason| is not negative. */
static inline void enroll(uint32_t n, int reason)
{
    cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    if (reason >= 0)
        cr_assert_eq(
            change_status(1, n, reason == CERTIFICATE_HOLD ? STORE_CERT_HOLD : STORE_CERT_REVOKED, reason),
            STORE_DONE);
}

static inline void release(uint32_t n)
{
    struct enrollment e;

    enrollment_init(&e, 1, n);
    struct store_cert_change change = {
        .serial = e.cert.serial, .only_from = STORE_CERT_HOLD, .required = 1, .status = STORE_CERT_VALID};
    struct store_unit unit = {.issuer = test_issuer(), .arena = e.unit.arena, .change = &change};
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
}

/* shelve stores |der| as the newest CRL of |scope|, as |head| says, whose scope, slot, size and hash it sets.
 */
static inline enum shelf_outcome shelve(struct store_crl *head, const char *scope,
                                        const struct store_crl *former, struct bytes der,
                                        const struct store_lease *lease)
{
    struct shelf_crl crl = {.head = *head, .former = former, .der = der};
    enum shelf_outcome outcome;

    crl.head.scope = bytes_str(scope);
    outcome = shelf_put(&crl, 1, store, test_issuer(), lease);
    *head = crl.head;
    return outcome;
}

/* entries_of counts the entries of |der|, which has to be a CRL of the CA. */
static inline size_t entries_of(struct bytes der, struct crl *crl)
{
    struct public_key *key = public_key_parse(private_key_spki(ca_key));
    struct verification item = {.key = key};
    struct verification *items[] = {&item};
    struct crl_entry entry;
    size_t count = 0;
    CBS rest;

    cr_assert(crl_parse(crl, der));
    item.algorithm = crl->algorithm;
    item.message = crl->tbs;
    item.signature = crl->signature;
    verify_batch(items, 1);
    public_key_free(key);
    cr_assert(item.valid, "the CA has signed it");
    rest = cbs_of(crl->entries);
    while (crl_read_entry(&rest, &entry))
        count++;
    cr_assert_eq(CBS_len(&rest), 0);
    return count;
}

#endif
