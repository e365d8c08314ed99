/* make.c: what a full CRL lists (RFC 5280 section 5, 3.3). */
#include "server/crl/make.h"

#include "server/base/bounds.h"
#include "tests/unit/crl/fixture.h"

TestSuite(make, .init = set_up_ca, .fini = tear_down_ca);

static struct revoked list;

static void put(uint8_t n, enum store_cert_status status, int reason, int64_t not_after)
{
    uint8_t serial[STORE_SERIAL] = {n};
    struct store_revocation row = {.serial = bytes_of(serial, sizeof serial),
                                   .position = n,
                                   .status = status,
                                   .reason = reason,
                                   .at = CERTS_NOW - 50,
                                   .not_after = not_after};

    cr_assert(revoked_put(&list, &row));
}

static int keeps_expired;

static size_t made(struct crl *crl)
{
    const struct crl_times times = {3, CERTS_NOW, CERTS_NOW + 100, keeps_expired};
    struct bytes der;
    size_t count;

    cr_assert(crl_make_full(&der, &authority, &list, &times));
    count = entries_of(arena_copy(arena, der), crl);
    free((void *)(uintptr_t)der.data);
    return count;
}

Test(make, what_is_revoked_or_held_is_listed)
{
    struct crl crl;

    cr_assert_eq(made(&crl), 0);
    put(1, STORE_CERT_REVOKED, KEY_COMPROMISE, CERTS_NOW + 1);
    put(2, STORE_CERT_HOLD, CERTIFICATE_HOLD, CERTS_NOW + 1);
    put(3, STORE_CERT_VALID, 0, CERTS_NOW + 1);
    cr_assert_eq(made(&crl), 2);
    cr_assert_eq(crl.number, 3);
    cr_assert_eq(crl.this_update, CERTS_NOW);
    cr_assert_eq(crl.next_update, CERTS_NOW + 100);
    cr_assert(bytes_equal(crl.issuer, authority.cert.subject));
    cr_assert(bytes_equal(crl.issuer_key_id, authority.cert.key_id));
    revoked_free(&list);
}

/* RFC 5280 3.3: "An entry MUST NOT be removed from the CRL until it appears on one regularly scheduled CRL
 * issued beyond the revoked certificate's validity period." No CRL is valid for longer than expired ones
 * stay. */
Test(make, what_has_expired_stays_for_a_while)
{
    struct crl crl;

    put(1, STORE_CERT_REVOKED, 0, CERTS_NOW - 1);
    put(2, STORE_CERT_REVOKED, 0, CERTS_NOW - BOUND_CRL_EXPIRED_FOR);
    put(3, STORE_CERT_REVOKED, 0, CERTS_NOW - BOUND_CRL_EXPIRED_FOR - 1);
    cr_assert_eq(made(&crl), 2);
    keeps_expired = 1;
    cr_assert_eq(made(&crl), 3, "or for good, where the operator wants it");
    revoked_free(&list);
}
