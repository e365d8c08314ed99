/* Reads certificates (RFC 5280 4.1 and 4.2): the frame first, then the extensions that anybody asks for. */
#include "crypto/certificate.h"
#include "crypto/signed.h"

#include <openssl/sha.h>

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

static const struct bytes id_ce = BYTES("\x55\x1d"); /* 2.5.29: the arc of RFC 5280's extensions */

unsigned key_usage_named(const char *name)
{
    static const char *const names[] = {
        "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
        "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly",
    };

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return 1u << i;
    return 0;
}

static int parse_basic_constraints(struct certificate *out, CBS value)
{
    CBS sequence;
    int is_ca = 0;
    int64_t path_len = -1;

    if (!CBS_get_asn1(&value, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0)
        return 0;
    if (CBS_peek_asn1_tag(&sequence, CBS_ASN1_BOOLEAN) && !CBS_get_asn1_bool(&sequence, &is_ca))
        return 0;
    if (CBS_len(&sequence) != 0 && (!der_get_int64(&sequence, &path_len) || path_len < 0))
        return 0;
    out->is_ca = is_ca;
    out->path_len = path_len;
    return CBS_len(&sequence) == 0;
}

static int parse_authority_key_id(struct certificate *out, CBS value)
{
    CBS sequence, key_id;
    int present;

    if (!CBS_get_asn1(&value, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 ||
        !CBS_get_optional_asn1(&sequence, &key_id, &present, CBS_ASN1_CONTEXT_SPECIFIC | 0))
        return 0;
    if (present)
        out->issuer_key_id = bytes_of_cbs(&key_id);
    return 1;
}

static int parse_extended_key_usage(struct certificate *out, CBS value)
{
    CBS copy = value, list;

    /* SEQUENCE SIZE (1..MAX) OF KeyPurposeId: an empty one must not pass for an absent one. */
    if (!CBS_get_asn1(&copy, &list, CBS_ASN1_SEQUENCE) || CBS_len(&copy) != 0 || CBS_len(&list) == 0)
        return 0;
    while (CBS_len(&list) != 0)
        if (!CBS_get_asn1(&list, NULL, CBS_ASN1_OBJECT))
            return 0;
    out->extended_key_usage = bytes_of_cbs(&value);
    return 1;
}

/* What is there must not pass for absent. */
static int keep_content(struct bytes *out, CBS value)
{
    *out = bytes_of_cbs(&value);
    return out->len != 0;
}

/* |seen| has a bit for each extension of id-ce that was met. */
static int parse_extension(struct certificate *out, uint64_t *seen, CBS *extensions)
{
    CBS extension, oid, value, content;
    int critical = 0;
    uint64_t bits;

    if (!CBS_get_asn1(extensions, &extension, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&extension, &oid, CBS_ASN1_OBJECT) || CBS_len(&oid) == 0)
        return 0;
    if (CBS_peek_asn1_tag(&extension, CBS_ASN1_BOOLEAN) && !CBS_get_asn1_bool(&extension, &critical))
        return 0;
    if (!CBS_get_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) || CBS_len(&extension) != 0)
        return 0;

    struct bytes name = bytes_of_cbs(&oid);
    int last = name.len == 3 && memcmp(name.data, id_ce.data, id_ce.len) == 0 ? name.data[2] : -1;
    /* RFC 5280 4.2: "MUST NOT include more than one instance of a particular extension" */
    if (last >= 0 && last < 64) {
        if ((*seen >> last & 1) != 0)
            return 0;
        *seen |= UINT64_C(1) << last;
    }
    switch (last) {
    case 14: /* subjectKeyIdentifier */
        if (!CBS_get_asn1(&value, &content, CBS_ASN1_OCTETSTRING) || CBS_len(&value) != 0)
            return 0;
        out->key_id = bytes_of_cbs(&content);
        return 1;
    case 15: /* keyUsage */
        if (!der_get_named_bits(&value, &bits) || CBS_len(&value) != 0)
            return 0;
        out->has_key_usage = 1;
        out->key_usage = (unsigned)bits;
        return 1;
    case 17: /* subjectAltName */
        out->san = bytes_of_cbs(&value);
        return 1;
    case 19: /* basicConstraints */
        return parse_basic_constraints(out, value);
    case 30: /* nameConstraints */
        return keep_content(&out->name_constraints, value);
    case 31: /* cRLDistributionPoints: who trusts a vendor without its CRLs does not process it */
        if (critical)
            out->unknown_critical = name;
        return keep_content(&out->crl_points, value);
    case 32: /* certificatePolicies */
        out->policies_critical = critical;
        return keep_content(&out->policies, value);
    case 33: /* policyMappings */
        return keep_content(&out->policy_mappings, value);
    case 35: /* authorityKeyIdentifier */
        return parse_authority_key_id(out, value);
    case 36: /* policyConstraints */
        return keep_content(&out->policy_constraints, value);
    case 37: /* extendedKeyUsage */
        return parse_extended_key_usage(out, value);
    case 54: /* inhibitAnyPolicy */
        return keep_content(&out->inhibit_any_policy, value);
    default:
        /* RFC 5280 4.2: a critical extension that is not processed makes the certificate unusable. */
        if (critical)
            out->unknown_critical = name;
        return 1;
    }
}

static int parse_tbs(struct certificate *out, CBS *outer_algorithm)
{
    const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;
    CBS element = cbs_of(out->tbs), tbs, version, serial, algorithm, name, validity, extensions, list;
    int present;
    int64_t number = 0;
    uint64_t seen = 0;

    if (!CBS_get_asn1(&element, &tbs, CBS_ASN1_SEQUENCE) ||
        !CBS_get_optional_asn1(&tbs, &version, &present, constructed | 0) ||
        (present && (!der_get_int64(&version, &number) || CBS_len(&version) != 0)) || number < 0 ||
        number > 2 || !CBS_get_asn1(&tbs, &serial, CBS_ASN1_INTEGER) ||
        !CBS_get_asn1_element(&tbs, &algorithm, CBS_ASN1_SEQUENCE) ||
        /* RFC 5280 4.1.1.2: the same algorithm in both places */
        !bytes_equal(bytes_of_cbs(&algorithm), bytes_of_cbs(outer_algorithm)) ||
        !CBS_get_asn1_element(&tbs, &name, CBS_ASN1_SEQUENCE))
        return 0;
    out->serial = bytes_of_cbs(&serial);
    out->issuer = bytes_of_cbs(&name);
    if (!CBS_get_asn1(&tbs, &validity, CBS_ASN1_SEQUENCE) || !der_get_time(&validity, &out->not_before) ||
        !der_get_time(&validity, &out->not_after) || CBS_len(&validity) != 0 ||
        !CBS_get_asn1_element(&tbs, &name, CBS_ASN1_SEQUENCE))
        return 0;
    out->subject = bytes_of_cbs(&name);
    if (!CBS_get_asn1_element(&tbs, &name, CBS_ASN1_SEQUENCE))
        return 0;
    out->spki = bytes_of_cbs(&name);
    if (!CBS_get_optional_asn1(&tbs, NULL, NULL, CBS_ASN1_CONTEXT_SPECIFIC | 1) ||
        !CBS_get_optional_asn1(&tbs, NULL, NULL, CBS_ASN1_CONTEXT_SPECIFIC | 2) ||
        !CBS_get_optional_asn1(&tbs, &extensions, &present, constructed | 3) || CBS_len(&tbs) != 0)
        return 0;
    if (!present)
        return 1;
    if (number != 2 || !CBS_get_asn1(&extensions, &list, CBS_ASN1_SEQUENCE) || CBS_len(&extensions) != 0)
        return 0;
    out->extensions = bytes_of_cbs(&list);
    while (CBS_len(&list) != 0)
        if (!parse_extension(out, &seen, &list))
            return 0;
    return 1;
}

int certificate_parse(struct certificate *out, struct bytes der)
{
    struct signed_object whole;
    CBS algorithm;

    *out = (struct certificate){.der = der, .path_len = -1};
    if (!signed_parse(&whole, der))
        return 0;
    out->tbs = whole.tbs;
    out->signature = whole.signature;
    algorithm = cbs_of(whole.algorithm);
    out->algorithm = signature_parse(&algorithm);
    algorithm = cbs_of(whole.algorithm);
    return parse_tbs(out, &algorithm);
}

int certificate_self_issued(struct certificate *cert)
{
    return name_equal_cached(cert->issuer, &cert->issuer_cache, cert->subject, &cert->subject_cache);
}

int certificate_self_signed(struct certificate *cert)
{
    return certificate_self_issued(cert) &&
           (cert->issuer_key_id.len == 0 || bytes_equal(cert->issuer_key_id, cert->key_id));
}

int certificate_is_signed_by(const struct certificate *cert, const struct certificate *issuer)
{
    return verify_signature(issuer->spki, cert->algorithm, cert->tbs, cert->signature) &&
           name_equal(cert->issuer, issuer->subject);
}

/* The content of the extension |oid|. */
static int find_extension(CBS *content, const struct certificate *cert, struct bytes oid)
{
    CBS list = cbs_of(cert->extensions), extension, id;

    while (CBS_get_asn1(&list, &extension, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&extension, &id, CBS_ASN1_OBJECT) &&
           CBS_get_optional_asn1(&extension, NULL, NULL, CBS_ASN1_BOOLEAN) &&
           CBS_get_asn1(&extension, content, CBS_ASN1_OCTETSTRING))
        if (bytes_equal(bytes_of_cbs(&id), oid))
            return 1;
    return 0;
}

int certificate_has_extension(const struct certificate *cert, struct bytes oid, struct bytes value)
{
    CBS content;

    return find_extension(&content, cert, oid) && bytes_equal(bytes_of_cbs(&content), value);
}

struct bytes certificate_ocsp_url(const struct certificate *cert)
{
    static const uint8_t access[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01},
                         ocsp[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01};
    CBS content, list, description, method, url;

    if (!find_extension(&content, cert, bytes_of(access, sizeof access)) ||
        !CBS_get_asn1(&content, &list, CBS_ASN1_SEQUENCE))
        return bytes_of(NULL, 0);
    while (CBS_get_asn1(&list, &description, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&description, &method, CBS_ASN1_OBJECT))
        if (bytes_equal(bytes_of_cbs(&method), bytes_of(ocsp, sizeof ocsp)) &&
            CBS_get_asn1(&description, &url, CBS_ASN1_CONTEXT_SPECIFIC | 6))
            return bytes_of_cbs(&url);
    return bytes_of(NULL, 0);
}

int certificate_has_purpose(const struct certificate *cert, struct bytes oid)
{
    CBS value = cbs_of(cert->extended_key_usage), list, purpose;

    if (cert->extended_key_usage.len == 0)
        return 1;
    if (!CBS_get_asn1(&value, &list, CBS_ASN1_SEQUENCE))
        return 0;
    while (CBS_get_asn1(&list, &purpose, CBS_ASN1_OBJECT))
        if (bytes_equal(bytes_of_cbs(&purpose), oid))
            return 1;
    return 0;
}

int spki_key_id(uint8_t out[20], enum digest_id digest, struct bytes spki)
{
    uint8_t hash[DIGEST_MAX];
    CBS cbs = cbs_of(spki), sequence, key;

    if (!CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, NULL, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, &key, CBS_ASN1_BITSTRING) || CBS_len(&key) < 1)
        return 0;
    digest_compute(hash, digest, bytes_of(CBS_data(&key) + 1, CBS_len(&key) - 1));
    memcpy(out, hash, 20);
    return 1;
}
