/* extraCerts and whom to trust: RFC 9483 3.3 and 3.5, "the CMP protection certificate MUST be successfully
 * validated, including path validation using a trust anchor, and MUST be authorized according to local
 * policies […] (failInfo bit: badAlg, badMessageCheck, or signerNotTrusted)"; RFC 5280 section 6. */
#include "crypto/name.h"
#include "tests/refusals/refusal.h"

#define FIRST "extraCerts/0/0"
#define SECOND "extraCerts/0/1"

/* ---- who signs ---- */

static struct certificate_plan leaf(const struct scene *scene)
{
    return (struct certificate_plan){.subject = scene->world->device.cert.subject,
                                     .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
}

static struct certificate_plan authority(struct scene *scene, const char *name, int64_t path_len)
{
    struct certificate_plan plan = {.is_ca = 1, .path_len = path_len, .key_usage = KEY_USAGE_KEY_CERT_SIGN};

    must(name_build(&plan.subject, scene->world->arena, (const char *const[]){"CN", name, NULL}));
    return plan;
}

static void sign_by(struct scene *scene, const struct ctl_identity *signer)
{
    client_sign_by(&scene->device, signer, &scene->world->vendor_ca.cert_der, 1);
}

/* A device whose certificate was issued by a CA of |plan| below |above|. */
static void sign_below(struct scene *scene, struct certificate_plan plan, const struct ctl_identity *above)
{
    const struct ctl_identity *ca = scene_make(scene, plan, above);
    const struct bytes chain[] = {ca->cert_der, scene->world->vendor_ca.cert_der};

    client_sign_by(&scene->device, scene_make(scene, leaf(scene), ca), chain, 2);
}

static void stranger(struct scene *scene)
{
    client_sign_by(&scene->device, &scene->world->stranger, &scene->world->stranger_root.cert_der, 1);
}

static void vendor_root_itself(struct scene *scene)
{
    client_sign_by(&scene->device, &scene->world->vendor_root, NULL, 0);
}

static void without_chain(struct scene *scene)
{
    client_sign_by(&scene->device, &scene->world->device, NULL, 0);
}

static void expired(struct scene *scene)
{
    struct certificate_plan plan = leaf(scene);

    plan.not_before = scene->world->now - 1000;
    plan.not_after = scene->world->now - 1;
    sign_by(scene, scene_make(scene, plan, &scene->world->vendor_ca));
}

static void not_yet_valid(struct scene *scene)
{
    struct certificate_plan plan = leaf(scene);

    plan.not_before = scene->world->now + 1;
    plan.not_after = scene->world->now + 1000;
    sign_by(scene, scene_make(scene, plan, &scene->world->vendor_ca));
}

static void without_digital_signature(struct scene *scene)
{
    struct certificate_plan plan = leaf(scene);

    plan.key_usage = KEY_USAGE_KEY_AGREEMENT;
    sign_by(scene, scene_make(scene, plan, &scene->world->vendor_ca));
}

static void critical_extension(struct scene *scene)
{
    static const uint8_t oid[] = {0x2a, 3}, value[] = {5, 0};
    const struct certificate_extension other = {bytes_of(oid, sizeof oid), 1, bytes_of(value, sizeof value)};
    struct certificate_plan plan = leaf(scene);

    plan.others = &other;
    plan.other_count = 1;
    sign_by(scene, scene_make(scene, plan, &scene->world->vendor_ca));
}

static void name_constraints(struct scene *scene)
{
    static const uint8_t oid[] = {0x55, 0x1d, 30}, value[] = {0x30, 0};
    const struct certificate_extension other = {bytes_of(oid, sizeof oid), 1, bytes_of(value, sizeof value)};
    struct certificate_plan plan = authority(scene, "Constrained CA", 0);

    plan.others = &other;
    plan.other_count = 1;
    sign_below(scene, plan, &scene->world->vendor_root);
}

static void issued_by_a_device(struct scene *scene)
{
    const struct ctl_identity *device = &scene->world->device;
    const struct bytes chain[] = {device->cert_der, scene->world->vendor_ca.cert_der};

    client_sign_by(&scene->device, scene_make(scene, leaf(scene), device), chain, 2);
}

static void issued_by_no_ca(struct scene *scene)
{
    struct certificate_plan plan = authority(scene, "No CA", -1);

    plan.is_ca = 0; /* keyCertSign alone makes none: RFC 5280 4.2.1.9 */
    sign_below(scene, plan, &scene->world->vendor_root);
}

static void beyond_path_length(struct scene *scene)
{
    /* The vendor's CA has pathLenConstraint 0. */
    sign_below(scene, authority(scene, "Third CA", -1), &scene->world->vendor_ca);
}

static void issuer_without_cert_sign(struct scene *scene)
{
    struct certificate_plan plan = authority(scene, "CRL signer", 0);

    plan.key_usage = KEY_USAGE_CRL_SIGN;
    sign_below(scene, plan, &scene->world->vendor_root);
}

static void issuer_expired(struct scene *scene)
{
    struct certificate_plan plan = authority(scene, "Old CA", 0);

    plan.not_before = scene->world->now - 1000;
    plan.not_after = scene->world->now - 1;
    sign_below(scene, plan, &scene->world->vendor_root);
}

static void issuer_not_yet_valid(struct scene *scene)
{
    struct certificate_plan plan = authority(scene, "New CA", 0);

    plan.not_before = scene->world->now + 1;
    plan.not_after = scene->world->now + 1000;
    sign_below(scene, plan, &scene->world->vendor_root);
}

/* An identity that has the name of |named| and another's key. */
static struct ctl_identity impostor(const struct scene *scene, const struct ctl_identity *named)
{
    struct ctl_identity out = *named;

    out.key = scene->world->stranger.key;
    return out;
}

static void issued_by_an_impostor(struct scene *scene)
{
    const struct ctl_identity ca = impostor(scene, &scene->world->vendor_ca);

    sign_by(scene, scene_make(scene, leaf(scene), &ca));
}

static void issued_below_an_impostor(struct scene *scene)
{
    const struct ctl_identity root = impostor(scene, &scene->world->vendor_root);

    sign_below(scene, authority(scene, "False CA", 0), &root);
}

/* Two CAs that issued each other, and a device below them. */
static void issued_in_a_circle(struct scene *scene)
{
    struct certificate_plan a = authority(scene, "CA A", -1), b = authority(scene, "CA B", -1);
    struct ctl_identity named_a = scene->world->stranger_root, *first, *second;
    struct bytes chain[2];

    must(certificate_parse(&named_a.cert, named_a.cert_der));
    named_a.cert.subject = a.subject;
    named_a.cert.key_id = bytes_of(NULL, 0);
    second = (struct ctl_identity *)(uintptr_t)scene_make(scene, b, &named_a);
    first = (struct ctl_identity *)(uintptr_t)scene_make(scene, a, second);
    chain[0] = second->cert_der;
    chain[1] = first->cert_der;
    client_sign_by(&scene->device, scene_make(scene, leaf(scene), second), chain, 2);
}

static void device_of_another_profile(struct scene *scene)
{
    /* The profile trusts the CA's own certificates alone. */
    must(trust_add(&scene->trust, scene->world->issuing.cert_der, 1));
    scene->world->profile.trust = &scene->trust;
}

/* ---- certificates of the CA itself ---- */

static void set_status(struct scene *scene, enum store_cert_status status)
{
    world_cert_of(scene->world, scene->own.cert.serial)->status = status;
}

static void revoke_own(struct scene *scene)
{
    set_status(scene, STORE_CERT_REVOKED);
}

static void hold_own(struct scene *scene)
{
    set_status(scene, STORE_CERT_HOLD);
}

static void unconfirm_own(struct scene *scene)
{
    set_status(scene, STORE_CERT_UNCONFIRMED);
}

static void forget_own(struct scene *scene)
{
    scene->world->cert_count = 0;
}

static void let_own_expire(struct scene *scene)
{
    scene->world->now += 2 * 86400; /* it was issued for a day */
}

/* ---- what is put into extraCerts ---- */

static struct bytes strangers_certificate(struct scene *scene)
{
    return scene->world->stranger.cert_der;
}

static struct bytes twice_nested(struct scene *scene)
{
    struct bytes out;
    CBB cbb, list;

    must(CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE));
    must(der_finish(&out, scene->world->arena, &cbb, der_add_bytes(&list, scene->world->device.cert_der)));
    return out;
}

static const struct refusal rows[] = {
    /* "MUST be present for signature-based protection and contain the CMP protection certificate" */
    {"RFC 9483 3.3 and 3.5", "extraCerts absent", PKI_IR, 0, "extraCerts -", PKI_ERROR, PKI_BAD_MESSAGE_CHECK,
     PKI_SIGNER_NOT_TRUSTED},
    {"RFC 9483 3.3 and 3.5", "extraCerts absent in p10cr", PKI_P10CR, 0, "extraCerts -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, PKI_SIGNER_NOT_TRUSTED},
    {"RFC 9483 3.3 and 3.5", "extraCerts absent in kur", PKI_KUR, 0, "extraCerts -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, PKI_SIGNER_NOT_TRUSTED},
    {"RFC 9483 3.3 and 3.5", "extraCerts absent in rr", PKI_RR, 0, "extraCerts -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, PKI_SIGNER_NOT_TRUSTED},
    {"RFC 9483 3.3 and 3.5", "extraCerts without the device's", PKI_IR, 0, FIRST " -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, PKI_SIGNER_NOT_TRUSTED},
    {"RFC 9483 3.3 and 3.5", "extraCerts of another device", PKI_CR, 0, FIRST " = $", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, PKI_SIGNER_NOT_TRUSTED, .with = strangers_certificate},
    {"RFC 9483 3.3 and 3.5", "extraCerts of SEQUENCEs that are no certificate", PKI_IR, 0,
     FIRST " = 30{02{01}}; " SECOND " = 30{}", PKI_ERROR, PKI_BAD_MESSAGE_CHECK, PKI_SIGNER_NOT_TRUSTED},
    {"RFC 9483 3.3 and 3.5", "extraCerts of strings", PKI_IR, 0, FIRST " = 0c{'x'}; " SECOND " = 04{00}",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK, PKI_SIGNER_NOT_TRUSTED},
    {"RFC 9483 3.3 and 3.5", "extraCerts nested once too often", PKI_IR, 0, FIRST " = $", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, PKI_SIGNER_NOT_TRUSTED, .with = twice_nested},
    {"RFC 9483 3.3 and 3.5", "the device's certificate without its signature", PKI_IR, 0, FIRST "/2 -",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK, PKI_SIGNER_NOT_TRUSTED},
    {"RFC 5280 6.1.3 (a)(1)", "the device's certificate with a bit of its signature changed", PKI_IR, 0,
     FIRST "/2 !", PKI_ERROR, PKI_SIGNER_NOT_TRUSTED},
    {"RFC 5280 6.1.3 (a)(1)", "the CA's certificate with a bit of its signature changed", PKI_CR, 0,
     SECOND "/2 !", PKI_ERROR, PKI_SIGNER_NOT_TRUSTED},
    {"RFC 5280 4.1.1.2", "the two algorithms of the device's certificate differ", PKI_IR, 0,
     FIRST "/1 = 30{(1.2.840.10045.4.3.3)}", PKI_ERROR, PKI_SIGNER_NOT_TRUSTED, PKI_BAD_MESSAGE_CHECK},
    /* RFC 9810 5.1: extraCerts [1] SEQUENCE SIZE (1..MAX) OF CMPCertificate */
    {"RFC 9810 5.1", "extraCerts of none", PKI_IR, 0, "extraCerts/0 ~", PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.1", "extraCerts is NULL", PKI_IR, 0, "extraCerts/0 = 05{}", PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.1", "extraCerts is empty", PKI_IR, 0, "extraCerts ~", PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.1", "extraCerts of two lists", PKI_IR, 0, "extraCerts/0 *", PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.1", "extraCerts twice", PKI_IR, 0, "extraCerts *", PKI_ERROR, PKI_BAD_DATA_FORMAT},

    NOT_TRUSTED("RFC 9483 3.5", "a device of a vendor that nobody trusts", PKI_IR, stranger),
    NOT_TRUSTED("RFC 9483 3.5", "a device of a vendor that nobody trusts sends p10cr", PKI_P10CR, stranger),
    NOT_TRUSTED("RFC 9483 3.5", "a device of a vendor that this profile does not trust", PKI_CR,
                device_of_another_profile),
    NOT_TRUSTED("RFC 5280 6.1", "a device whose chain is incomplete", PKI_IR, without_chain),
    NOT_TRUSTED("RFC 5280 6.1.3 (a)(2)", "an expired device", PKI_IR, expired),
    NOT_TRUSTED("RFC 5280 6.1.3 (a)(2)", "a device that is not valid yet", PKI_CR, not_yet_valid),
    /* "If the keyUsage extension is present in the CMP protection certificate, the digitalSignature bit MUST
     * be set." */
    NOT_TRUSTED("RFC 9483 3.5", "a device without digitalSignature", PKI_IR, without_digital_signature),
    NOT_TRUSTED("RFC 9483 3.5", "the vendor's root, which has keyCertSign only", PKI_IR, vendor_root_itself),
    NOT_TRUSTED("RFC 5280 4.2", "a device with a critical extension that is unknown", PKI_IR,
                critical_extension),
    NOT_TRUSTED("RFC 5280 6.1.4 (o)", "a CA with name constraints, which are not processed", PKI_IR,
                name_constraints),
    NOT_TRUSTED("RFC 5280 6.1.4 (k)", "a device that a device issued", PKI_IR, issued_by_a_device),
    NOT_TRUSTED("RFC 5280 6.1.4 (k)", "a device that no CA issued", PKI_IR, issued_by_no_ca),
    NOT_TRUSTED("RFC 5280 6.1.4 (l)", "a device beyond the path length", PKI_IR, beyond_path_length),
    NOT_TRUSTED("RFC 5280 6.1.4 (n)", "a device of a CA without keyCertSign", PKI_IR,
                issuer_without_cert_sign),
    NOT_TRUSTED("RFC 5280 6.1.3 (a)(2)", "a device of an expired CA", PKI_IR, issuer_expired),
    NOT_TRUSTED("RFC 5280 6.1.3 (a)(2)", "a device of a CA that is not valid yet", PKI_P10CR,
                issuer_not_yet_valid),
    NOT_TRUSTED("RFC 5280 6.1.3 (a)(1)", "a device that somebody issued in the CA's name", PKI_IR,
                issued_by_an_impostor),
    NOT_TRUSTED("RFC 5280 6.1.3 (a)(1)", "a device below a CA of somebody in the root's name", PKI_IR,
                issued_below_an_impostor),
    NOT_TRUSTED("RFC 5280 6.1", "a device of CAs that issued each other", PKI_IR, issued_in_a_circle),

    /* RFC 9483 4.1.3: "The certificate the EE wishes to update MUST NOT be expired or revoked and MUST have
     * been issued by the addressed CA." */
    NOT_TRUSTED("RFC 9483 4.1.3", "kur by a revoked certificate", PKI_KUR, revoke_own),
    NOT_TRUSTED("RFC 9483 4.1.3", "kur by an expired certificate", PKI_KUR, let_own_expire),
    NOT_TRUSTED("RFC 9483 3.5", "kur by a certificate on hold", PKI_KUR, hold_own),
    NOT_TRUSTED("RFC 9483 3.5", "kur by a certificate that was never confirmed", PKI_KUR, unconfirm_own),
    NOT_TRUSTED("RFC 9483 3.5", "kur by a certificate that the CA does not know", PKI_KUR, forget_own),
    NOT_TRUSTED("RFC 9483 3.5", "rr by a certificate on hold", PKI_RR, hold_own),
    NOT_TRUSTED("RFC 9483 3.5", "rr by a certificate that was never confirmed", PKI_RR, unconfirm_own),
    NOT_TRUSTED("RFC 9483 3.5", "rr by a certificate that the CA does not know", PKI_RR, forget_own),
};

REFUSALS(refusals_of_extra_certs, rows);
