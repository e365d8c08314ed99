/* issue.h: certificates that world.h does not have. */
#ifndef CMPD_TESTS_SUPPORT_ISSUE_H
#define CMPD_TESTS_SUPPORT_ISSUE_H

#include "crypto/name.h"
#include "tests/support/must.h"
#include "tests/support/world.h"

/* issue makes a certificate of |plan| for |key| (owned by |out| from then on), signed by |issuer|. What the
 * plan leaves empty of serial, algorithm, issuer, times and key is filled in. */
static inline void issue(struct world *world, struct ctl_identity *out, struct private_key *key,
                         struct certificate_plan plan, const struct ctl_identity *issuer)
{
    static const uint8_t serial[] = {0x5a, 1, 2, 3};
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {.signature = signature, .key = issuer->key};
    struct signing *items[] = {&item};
    struct bytes tbs;

    if (plan.serial.len == 0)
        plan.serial = bytes_of(serial, sizeof serial);
    if (plan.not_after == 0) {
        plan.not_before = world->now - 1000;
        plan.not_after = world->now + 1000000;
    }
    plan.algorithm = item.algorithm = signature_for_key(private_key_kind(issuer->key));
    plan.issuer = issuer->cert.subject;
    plan.issuer_key_id = issuer->cert.key_id;
    plan.spki = private_key_spki(key);
    if (!plan.is_ca)
        plan.path_len = -1;
    out->key = key;
    must(certificate_build(&tbs, world->arena, &plan));
    item.message = tbs;
    sign_batch(items, 1);
    must(certificate_assemble(&out->cert_der, world->arena, tbs, plan.algorithm,
                              bytes_of(signature, item.signature_len)));
    must(certificate_parse(&out->cert, out->cert_der));
}

/* issue_ra makes a certificate of the vendor's with id-kp-cmcRA (RFC 9810 4.5), and a trust in that vendor: a
 * profile whose |ras| it becomes has an RA. */
static inline void issue_ra(struct world *world, struct ctl_identity *out, struct trust *trust)
{
    static const struct bytes cmc_ra = {(const uint8_t *)"\x2b\x06\x01\x05\x05\x07\x03\x1c", 8};
    struct certificate_plan plan = {.key_usage = KEY_USAGE_DIGITAL_SIGNATURE,
                                    .extended_key_usage = &cmc_ra,
                                    .extended_key_usage_count = 1};

    must(name_build(&plan.subject, world->arena, (const char *const[]){"CN", "RA", NULL}));
    issue(world, out, private_key_generate(KEY_P256, 0), plan, &world->vendor_ca);
    must(trust_add(trust, world->vendor_root.cert_der, 1));
}

/* issue_own_ra makes one of the CA's own, enrolled under |profile|, with its row, and a trust in the CA.
 * Returns the row. */
static inline struct store_cert *issue_own_ra(struct world *world, struct ctl_identity *out,
                                              struct trust *trust, const char *profile)
{
    static const struct bytes cmc_ra = {(const uint8_t *)"\x2b\x06\x01\x05\x05\x07\x03\x1c", 8};
    struct certificate_plan plan = {.serial = bytes_str("0123456789abcdef"),
                                    .subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE,
                                    .extended_key_usage = &cmc_ra,
                                    .extended_key_usage_count = 1};
    struct world_cert *row = &world->certs[world->cert_count++];
    uint8_t *hash = arena_alloc(world->arena, DIGEST_MAX);

    issue(world, out, private_key_generate(KEY_P256, 0), plan, &world->issuing);
    must(hash != NULL && trust_add(trust, world->issuing.cert_der, 1));
    memcpy(row->issuer, world->ca.id, STORE_ISSUER_ID);
    row->row = (struct store_cert){
        .serial = out->cert.serial,
        .status = STORE_CERT_VALID,
        .issued_at = world->now,
        .not_before = out->cert.not_before,
        .not_after = out->cert.not_after,
        .subject = out->cert.subject,
        .subject_text = bytes_str("an RA"),
        .spki_hash = bytes_of(hash, digest_compute(hash, DIGEST_SHA256, out->cert.spki)),
        .transaction_id = bytes_str("fedcba9876543210"),
        .profile = bytes_str(profile),
        .certificate = out->cert_der,
    };
    return &row->row;
}

#endif
