/* revocation.c: whether a certificate is revoked (RFC 5280 6.3.3). What distribution points, reasons,
 * indirect CRLs and deltas come to is in test_pkits.c, too. */
#include "crypto/revocation.h"

#include <criterion/criterion.h>

#include "tests/unit/crypto/crls.h"

TestSuite(revocation, .init = crls_set_up, .fini = crls_tear_down);

static const struct crl_entry station_listed = {.serial = {(const uint8_t *)"\x07", 1},
                                                .revoked_at = CERTS_NOW - 200},
                              factory_listed = {.serial = {(const uint8_t *)"\x21", 1},
                                                .revoked_at = CERTS_NOW - 200};

static struct certificate station(void)
{
    struct certificate cert;

    must(certificate_parse(&cert, cert_of("Station", "Factory", private_key_spki(root_key),
                                          (struct certificate_plan){.path_len = -1}, factory_key)));
    return cert;
}

static struct path_refusal refusal;

static enum path_fault status_at(int64_t now)
{
    struct certificate cert = station();

    refusal = (struct path_refusal){.reason = NULL};
    return revocation_of(&refusal, set, &cert, set->trust.items[0].cert.der, now, arena);
}

/* The root's CRL, then that of the factory with |count| entries. */
static void add_both(const struct crl_entry *entries, size_t count)
{
    must(add(crl_of("Root", root_key, NULL, 0)) == NULL);
    must(add(crl_of("Factory", factory_key, entries, count)) == NULL);
}

Test(revocation, who_is_listed_is_revoked)
{
    add_both(&factory_listed, 1); /* another number, of another issuer */
    cr_expect_eq(status_at(CERTS_NOW), PATH_OK);
    crls_tear_down();
    crls_set_up();
    add_both(&station_listed, 1);
    cr_expect_eq(status_at(CERTS_NOW), PATH_REVOKED);
    cr_expect_str_eq(refusal.reason, "it is revoked");
}

Test(revocation, who_is_spoken_of_by_no_CRL_is_not_known)
{
    cr_expect_eq(status_at(CERTS_NOW), PATH_UNKNOWN);
    must(add(crl_of("Root", root_key, NULL, 0)) == NULL);
    cr_expect_eq(status_at(CERTS_NOW), PATH_UNKNOWN);
    cr_expect_str_eq(refusal.reason, "no CRL says whether it is revoked");
}

/* To the second, and for as long as was agreed. */
Test(revocation, a_CRL_counts_from_thisUpdate_until_after_nextUpdate)
{
    add_both(NULL, 0);
    cr_expect_eq(status_at(CERTS_NOW - 101), PATH_UNKNOWN);
    cr_expect_not_null(strstr(refusal.reason, "thisUpdate is ahead"));
    cr_expect_eq(status_at(CERTS_NOW - 100), PATH_OK);
    cr_expect_eq(status_at(CERTS_NOW + 100), PATH_OK);
    cr_expect_eq(status_at(CERTS_NOW + 100 + STALE_SECONDS), PATH_OK);
    cr_expect_eq(status_at(CERTS_NOW + 101 + STALE_SECONDS), PATH_UNKNOWN);
    cr_expect_not_null(strstr(refusal.reason, "stale"));
}

/* RFC 5280 6.3.3 (f): "Obtain and validate the certification path for the issuer of the complete CRL." */
Test(revocation, a_CRL_of_who_is_revoked_does_not_count)
{
    must(add(crl_of("Root", root_key, &factory_listed, 1)) == NULL);
    must(add(crl_of("Factory", factory_key, NULL, 0)) == NULL);
    cr_expect_eq(status_at(CERTS_NOW), PATH_UNKNOWN);
    cr_expect_not_null(strstr(refusal.reason, "not good"));
}

Test(revocation, a_CRL_of_who_is_not_known_does_not_count)
{
    must(add(crl_of("Factory", factory_key, NULL, 0)) == NULL);
    cr_expect_eq(status_at(CERTS_NOW), PATH_UNKNOWN);
}

/* RFC 5280 6.3.3 (f): "The trust anchor for the certification path MUST be the same as the trust anchor used
 * to validate the target certificate." */
Test(revocation, a_CRL_below_another_anchor_does_not_count)
{
    struct certificate cert = station();

    add_both(NULL, 0);
    cr_expect_eq(revocation_of(&refusal, set, &cert, cert.der, CERTS_NOW, arena), PATH_UNKNOWN);
}

/* Of several the newest says what is so. */
Test(revocation, the_newest_CRL_counts)
{
    struct crl_plan newer = plan_of("Factory", factory_key);

    add_both(&station_listed, 1); /* on hold then … */
    newer.this_update++;
    newer.number++;
    must(add(crl_by(&newer, NULL, 0)) == NULL); /* … and released since */
    cr_expect_eq(status_at(CERTS_NOW), PATH_OK);
    cr_expect_eq(status_at(CERTS_NOW - 100), PATH_REVOKED, "the newer is of the future");
}

/* RFC 5280 5.2.4, 6.3.3 (c), (i) to (k) */
Test(revocation, a_delta_changes_what_its_base_says)
{
    struct crl_plan delta = plan_of("Factory", factory_key);
    struct crl_entry released = station_listed;

    delta.base_number = 1;
    delta.number = 2;
    add_both(NULL, 0);
    must(add(crl_by(&delta, &station_listed, 1)) == NULL);
    cr_expect_eq(status_at(CERTS_NOW), PATH_REVOKED);
    crls_tear_down();
    crls_set_up();
    delta = plan_of("Factory", factory_key);
    delta.base_number = 1;
    delta.number = 2;
    released.reason = CRL_REASON_REMOVE;
    add_both(&station_listed, 1);
    must(add(crl_by(&delta, &released, 1)) == NULL);
    cr_expect_eq(status_at(CERTS_NOW), PATH_OK);
}

/* "The CRL number of the complete CRL is equal to or greater than the BaseCRLNumber specified in the delta
 * CRL", and less than the delta's own; a delta that is stale adds nothing. */
Test(revocation, a_delta_of_another_base_changes_nothing)
{
    static const struct {
        int64_t base_number, number, next_update;
    } deltas[] = {{2, 3, CERTS_NOW + 100}, {1, 1, CERTS_NOW + 100}, {1, 2, CERTS_NOW - 90}};

    add_both(NULL, 0);
    for (size_t i = 0; i < 3; i++) {
        struct crl_plan delta = plan_of("Factory", factory_key);
        delta.base_number = deltas[i].base_number;
        delta.number = deltas[i].number;
        delta.next_update = deltas[i].next_update;
        must(add(crl_by(&delta, &station_listed, 1)) == NULL);
        cr_expect_eq(status_at(CERTS_NOW), PATH_OK, "%zu", i);
    }
}

Test(revocation, a_delta_alone_says_nothing)
{
    struct crl_plan delta = plan_of("Factory", factory_key);

    delta.base_number = 1;
    delta.number = 2;
    must(add(crl_of("Root", root_key, NULL, 0)) == NULL);
    must(add(crl_by(&delta, NULL, 0)) == NULL);
    cr_expect_eq(status_at(CERTS_NOW), PATH_UNKNOWN);
}

/* Whose certificate only the CRL that it signs speaks of, that one may speak for it, and against it. */
Test(revocation, a_CRL_may_speak_of_its_signer)
{
    static const struct crl_entry signer_listed = {.serial = {(const uint8_t *)"\x33", 1},
                                                   .revoked_at = CERTS_NOW - 200};
    struct bytes signer =
        cert_of("Factory", "Factory", private_key_spki(root_key),
                (struct certificate_plan){
                    .path_len = -1, .key_usage = KEY_USAGE_CRL_SIGN, .serial = bytes_of("\x33", 1)},
                factory_key);
    struct crl_plan newer = plan_of("Factory", root_key);

    must(trust_add_issued(&set->trust, signer, &set->trust.items[1]));
    must(add(crl_of("Root", root_key, NULL, 0)) == NULL);
    must(add(crl_of("Factory", root_key, NULL, 0)) == NULL);
    cr_expect_eq(status_at(CERTS_NOW), PATH_OK);
    crls_tear_down();
    crls_set_up();
    newer = plan_of("Factory", root_key);
    signer = cert_of("Factory", "Factory", private_key_spki(root_key),
                     (struct certificate_plan){
                         .path_len = -1, .key_usage = KEY_USAGE_CRL_SIGN, .serial = bytes_of("\x33", 1)},
                     factory_key);
    must(trust_add_issued(&set->trust, signer, &set->trust.items[1]));
    must(add(crl_of("Root", root_key, NULL, 0)) == NULL);
    must(add(crl_by(&newer, &signer_listed, 1)) == NULL);
    cr_expect_eq(status_at(CERTS_NOW), PATH_UNKNOWN);
}

/* Each certificate of a path but its anchor is asked for; without CRLs at the anchor none is. */
Test(revocation, all_of_a_path_is_asked_for)
{
    struct trust trust = {NULL, 0, NULL};
    struct certificate target = station();
    struct path path;

    must(trust_add(&trust, set->trust.items[0].cert.der, 1));
    must(trust_add_issued(&trust, set->trust.items[1].cert.der, &trust.items[0]));
    must(path_build(&path, &trust, &target, NULL, 0, CERTS_NOW, 0) == PATH_OK);
    cr_expect_eq(revocation_check(&path, &trust, CERTS_NOW, arena), PATH_OK);
    trust.items[0].crls = set;
    cr_expect_eq(revocation_check(&path, &trust, CERTS_NOW, arena), PATH_UNKNOWN);
    must(add(crl_of("Root", root_key, &factory_listed, 1)) == NULL);
    cr_expect_eq(revocation_check(&path, &trust, CERTS_NOW, arena), PATH_REVOKED);
    cr_expect(bytes_equal(path.refusal.cert->der, set->trust.items[1].cert.der), "the factory is told");
    path_cleanup(&path);
    path = (struct path){.count = 0};
    cr_expect_eq(revocation_check(&path, &trust, CERTS_NOW, arena), PATH_OK, "there is no path");
    trust_cleanup(&trust);
}

/* A certificate names points that nobody publishes: the list of its issuer still speaks of it (RFC
 * 5280 6.3.3: "repeat the process above with any available CRLs not specified in a distribution point but
 * issued by the certificate issuer"); and points that cannot be read lead nowhere. */
Test(revocation, points_that_lead_nowhere_do_no_harm)
{
    struct certificate cert = station();
    static const uint8_t points[] = {0x30, 0x0b, 0x30, 0x09, 0xa0, 0x07, 0xa0,
                                     0x05, 0x86, 0x03, 'u',  ':',  '1'};

    add_both(&station_listed, 1);
    for (size_t len = 1; len <= sizeof points; len++) {
        cert.crl_points = bytes_of(points, len);
        cr_expect_eq(revocation_of(&refusal, set, &cert, set->trust.items[0].cert.der, CERTS_NOW, arena),
                     PATH_REVOKED, "%zu", len);
    }
}

Test(revocation, without_memory_there_is_no_verdict)
{
    struct arena *none = arena_new(1);
    struct certificate cert = station();

    add_both(NULL, 0);
    cr_expect_eq(revocation_of(&refusal, set, &cert, set->trust.items[0].cert.der, CERTS_NOW, none),
                 PATH_MEMORY);
    arena_free(none);
}
