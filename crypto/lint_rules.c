/* The rules that a certificate is held against before it is signed, and when the store is walked: what RFC
 * 5280 says with MUST, and of other RFCs what is about extensions that this CA writes. */
#include "crypto/lint_internal.h"
#include "crypto/name.h"
#include "crypto/name_match.h"
#include "crypto/name_rules.h"
#include "crypto/policies.h"

static const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

static int has(const struct lint_view *view, enum extension extension)
{
    return view->known[extension] != NULL;
}

static int is_critical(const struct lint_view *view, enum extension extension)
{
    return has(view, extension) && view->known[extension]->critical;
}

/* The extension of id-ce that ends with |last|, which has no name here, or NULL. */
static const struct certificate_extension *id_ce(const struct lint_view *view, uint8_t last)
{
    const uint8_t oid[] = {0x55, 0x1d, last};

    for (size_t i = 0; i < view->count; i++)
        if (bytes_equal(view->all[i].oid, bytes_of(oid, sizeof oid)))
            return &view->all[i];
    return NULL;
}

/* Opens the SEQUENCE that |extension| is; 0 if it is none, or empty. */
static int open_list(CBS *list, const struct lint_view *view, enum extension extension)
{
    CBS value = cbs_of(view->known[extension]->value);

    return CBS_get_asn1(&value, list, CBS_ASN1_SEQUENCE) && CBS_len(&value) == 0 && CBS_len(list) != 0;
}

/* ---- the fields ---- */

static int version(const struct lint_view *view)
{
    return view->version == 2 || (view->count == 0 && view->version >= 0 && view->version < 2);
}

static int serial(const struct lint_view *view)
{
    enum { OCTETS_MAX = 20 };
    int is_zero = view->serial.len == 1 && view->serial.data[0] == 0;

    return view->serial.len != 0 && view->serial.len <= OCTETS_MAX && view->serial.data[0] < 0x80 && !is_zero;
}

static int issuer(const struct lint_view *view)
{
    return !name_is_empty(view->issuer);
}

static int times(const struct lint_view *view)
{
    static const int64_t year_2050 = 2524608000;

    return (view->time_tags[0] == CBS_ASN1_UTCTIME) == (view->not_before < year_2050) &&
           (view->time_tags[1] == CBS_ASN1_UTCTIME) == (view->not_after < year_2050);
}

static int validity(const struct lint_view *view)
{
    return view->not_before <= view->not_after;
}

static int subject(const struct lint_view *view)
{
    return name_is_valid(view->subject) && name_fault(view->arena, view->subject) == NULL;
}

static int subject_of_ca(const struct lint_view *view)
{
    return !name_is_empty(view->subject) || (!view->is_ca && (view->usage & KEY_USAGE_CRL_SIGN) == 0);
}

static int unique_identifiers(const struct lint_view *view)
{
    return !view->has_unique_id;
}

static int each_extension_once(const struct lint_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        for (size_t j = 0; j < i; j++)
            if (bytes_equal(view->all[i].oid, view->all[j].oid))
                return 0;
    return 1;
}

/* ---- extensions ---- */

static int authority_key_identifier(const struct lint_view *view)
{
    CBS list;

    if (!has(view, EXTENSION_AUTHORITY_KEY_IDENTIFIER))
        return name_equal(view->issuer, view->subject);
    return !is_critical(view, EXTENSION_AUTHORITY_KEY_IDENTIFIER) &&
           open_list(&list, view, EXTENSION_AUTHORITY_KEY_IDENTIFIER) &&
           CBS_peek_asn1_tag(&list, CBS_ASN1_CONTEXT_SPECIFIC | 0);
}

static int subject_key_identifier(const struct lint_view *view)
{
    CBS value, id;

    if (!has(view, EXTENSION_SUBJECT_KEY_IDENTIFIER))
        return !view->is_ca;
    value = cbs_of(view->known[EXTENSION_SUBJECT_KEY_IDENTIFIER]->value);
    return !is_critical(view, EXTENSION_SUBJECT_KEY_IDENTIFIER) &&
           CBS_get_asn1(&value, &id, CBS_ASN1_OCTETSTRING) && CBS_len(&id) != 0 && CBS_len(&value) == 0;
}

static int key_usage(const struct lint_view *view)
{
    const unsigned only = KEY_USAGE_ENCIPHER_ONLY | KEY_USAGE_DECIPHER_ONLY;

    return !has(view, EXTENSION_KEY_USAGE) ||
           (view->usage != 0 && ((view->usage & only) == 0 || (view->usage & KEY_USAGE_KEY_AGREEMENT) != 0));
}

/* The OID of the key's algorithm. */
static int key_is(const struct lint_view *view, const char *oid, size_t len)
{
    CBS cbs = cbs_of(view->spki), spki, algorithm, id;

    return CBS_get_asn1(&cbs, &spki, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&spki, &algorithm, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&algorithm, &id, CBS_ASN1_OBJECT) &&
           bytes_equal(bytes_of_cbs(&id), bytes_of((const uint8_t *)oid, len));
}

static int key_usage_of_key(const struct lint_view *view)
{
    const unsigned encipherment = KEY_USAGE_KEY_ENCIPHERMENT | KEY_USAGE_DATA_ENCIPHERMENT;
    const unsigned agreement = KEY_USAGE_KEY_AGREEMENT | KEY_USAGE_ENCIPHER_ONLY | KEY_USAGE_DECIPHER_ONLY;

    if ((view->usage & (encipherment | agreement)) == 0)
        return 1;
    if (key_is(view, "\x2a\x86\x48\xce\x3d\x02\x01", 7)) /* id-ecPublicKey */
        return (view->usage & encipherment) == 0;
    if (key_is(view, "\x2b\x65\x70", 3)) /* id-Ed25519 */
        return 0;
    return !key_is(view, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9) || /* rsaEncryption (RFC 3279 2.3.1) */
           (view->usage & agreement) == 0;
}

static int policies(const struct lint_view *view)
{
    return !has(view, EXTENSION_CERTIFICATE_POLICIES) ||
           policies_are_well_formed(view->known[EXTENSION_CERTIFICATE_POLICIES]->value);
}

static int subject_alt_name(const struct lint_view *view)
{
    return !has(view, EXTENSION_SUBJECT_ALT_NAME) ||
           general_names_fault(view->arena, view->known[EXTENSION_SUBJECT_ALT_NAME]->value) == NULL;
}

static int alt_name_of_nobody(const struct lint_view *view)
{
    return !name_is_empty(view->subject) || is_critical(view, EXTENSION_SUBJECT_ALT_NAME);
}

static int directory_attributes(const struct lint_view *view)
{
    const struct certificate_extension *attributes = id_ce(view, 9);

    return attributes == NULL || !attributes->critical;
}

static int basic_constraints(const struct lint_view *view)
{
    if (view->is_ca && !is_critical(view, EXTENSION_BASIC_CONSTRAINTS))
        return 0;
    return view->path_len == -1 ||
           (view->is_ca && view->path_len >= 0 &&
            (!has(view, EXTENSION_KEY_USAGE) || (view->usage & KEY_USAGE_KEY_CERT_SIGN) != 0));
}

static int key_cert_sign(const struct lint_view *view)
{
    int signs = (view->usage & KEY_USAGE_KEY_CERT_SIGN) != 0;

    return signs ? view->is_ca : !view->is_ca;
}

static int of_ca_alone(const struct lint_view *view, enum extension extension, int has_to_be_critical)
{
    return !has(view, extension) || (view->is_ca && (!has_to_be_critical || is_critical(view, extension)));
}

static int name_constraints(const struct lint_view *view)
{
    return of_ca_alone(view, EXTENSION_NAME_CONSTRAINTS, 1);
}

static int policy_rules(const struct lint_view *view)
{
    return of_ca_alone(view, EXTENSION_POLICY_MAPPINGS, 0) &&
           of_ca_alone(view, EXTENSION_POLICY_CONSTRAINTS, 1) &&
           of_ca_alone(view, EXTENSION_INHIBIT_ANY_POLICY, 1);
}

static int purposes(const struct lint_view *view)
{
    CBS list;

    if (!has(view, EXTENSION_EXTENDED_KEY_USAGE))
        return 1;
    if (!open_list(&list, view, EXTENSION_EXTENDED_KEY_USAGE))
        return 0;
    while (CBS_len(&list) != 0)
        if (!CBS_get_asn1(&list, NULL, CBS_ASN1_OBJECT))
            return 0;
    return 1;
}

/* DistributionPoint: "MUST NOT consist of only the reasons field". */
static int are_points(const struct lint_view *view, enum extension extension)
{
    CBS list, point;

    if (!has(view, extension))
        return 1;
    if (!open_list(&list, view, extension))
        return 0;
    while (CBS_len(&list) != 0)
        if (!CBS_get_asn1(&list, &point, CBS_ASN1_SEQUENCE) ||
            !(CBS_peek_asn1_tag(&point, constructed | 0) || CBS_peek_asn1_tag(&point, constructed | 2)))
            return 0;
    return 1;
}

static int crl_points(const struct lint_view *view)
{
    return are_points(view, EXTENSION_CRL_DISTRIBUTION_POINTS);
}

static int freshest_crl(const struct lint_view *view)
{
    return are_points(view, EXTENSION_FRESHEST_CRL) && !is_critical(view, EXTENSION_FRESHEST_CRL);
}

static int authority_info(const struct lint_view *view)
{
    CBS list;

    return !has(view, EXTENSION_AUTHORITY_INFO_ACCESS) ||
           (!is_critical(view, EXTENSION_AUTHORITY_INFO_ACCESS) &&
            open_list(&list, view, EXTENSION_AUTHORITY_INFO_ACCESS));
}

static int subject_info(const struct lint_view *view)
{
    static const uint8_t oid[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x0b};

    for (size_t i = 0; i < view->count; i++)
        if (bytes_equal(view->all[i].oid, bytes_of(oid, sizeof oid)) && view->all[i].critical)
            return 0;
    return 1;
}

static int no_rev_avail(const struct lint_view *view)
{
    return !has(view, EXTENSION_NO_REV_AVAIL) ||
           (!is_critical(view, EXTENSION_NO_REV_AVAIL) && !view->is_ca &&
            !has(view, EXTENSION_CRL_DISTRIBUTION_POINTS) && !has(view, EXTENSION_FRESHEST_CRL));
}

static int nf_types(const struct lint_view *view)
{
    struct bytes before = bytes_of(NULL, 0);
    CBS list, type;

    if (!has(view, EXTENSION_NF_TYPES))
        return 1;
    if (is_critical(view, EXTENSION_NF_TYPES) || !open_list(&list, view, EXTENSION_NF_TYPES))
        return 0;
    while (CBS_len(&list) != 0) {
        if (!CBS_get_asn1(&list, &type, CBS_ASN1_IA5STRING) || CBS_len(&type) == 0 || CBS_len(&type) > 32)
            return 0;
        struct bytes now = bytes_of_cbs(&type);
        int order =
            before.len != 0 ? memcmp(before.data, now.data, before.len < now.len ? before.len : now.len) : -1;
        if (order > 0 || (order == 0 && before.len >= now.len))
            return 0;
        before = now;
    }
    return 1;
}

static const struct lint_check checks[] = {
    {{"encoding", "RFC 5280 4.1", "it is a TBSCertificate in DER, and its extensions can be read"}, NULL, 0},
    {{"version", "RFC 5280 4.1.2.1", "with extensions it is version 3"}, version, 0},
    {{"serialNumber", "RFC 5280 4.1.2.2", "it is positive, of 20 octets at most"}, serial, 0},
    {{"issuer", "RFC 5280 4.1.2.4", "it is not empty"}, issuer, 0},
    {{"times", "RFC 5280 4.1.2.5", "until 2049 they are UTCTime, from 2050 on GeneralizedTime"}, times, 0},
    {{"validity", "RFC 5280 4.1.2.5", "notBefore is not after notAfter"}, validity, 0},
    {{"subject", "RFC 5280 4.1.2.6", "its values are of their types and within their bounds"}, subject, 1},
    {{"subjectOfCA", "RFC 5280 4.1.2.6", "a CA and who signs CRLs have a subject"}, subject_of_ca, 0},
    {{"uniqueIdentifiers", "RFC 5280 4.1.2.8", "there are none"}, unique_identifiers, 0},
    {{"extensionTwice", "RFC 5280 4.2", "no extension stands twice"}, each_extension_once, 0},
    {{"authorityKeyIdentifier", "RFC 5280 4.2.1.1",
      "the certificate of another has it, with keyIdentifier, not critical"},
     authority_key_identifier,
     0},
    {{"subjectKeyIdentifier", "RFC 5280 4.2.1.2", "a CA has it; it is not critical"},
     subject_key_identifier,
     0},
    {{"keyUsage", "RFC 5280 4.2.1.3",
      "some bit is set; encipherOnly and decipherOnly with keyAgreement alone"},
     key_usage,
     0},
    {{"keyUsageOfKey", "RFC 8813 3, RFC 9295 3, RFC 3279 2.3.1", "the key can do what it says"},
     key_usage_of_key,
     0},
    {{"certificatePolicies", "RFC 5280 4.2.1.4", "it is not empty, and no policy stands twice"}, policies, 0},
    {{"subjectAltName", "RFC 5280 4.2.1.6", "there is a name, and each is of its form"}, subject_alt_name, 1},
    {{"subjectAltNameAlone", "RFC 5280 4.2.1.6", "beside an empty subject it is there, and critical"},
     alt_name_of_nobody,
     0},
    {{"subjectDirectoryAttributes", "RFC 5280 4.2.1.8", "it is not critical"}, directory_attributes, 0},
    {{"basicConstraints", "RFC 5280 4.2.1.9",
      "of a CA it is critical; pathLenConstraint is of CAs that sign certificates"},
     basic_constraints,
     0},
    {{"keyCertSign", "RFC 5280 4.2.1.9", "a CA has it, and nobody else"}, key_cert_sign, 0},
    {{"nameConstraints", "RFC 5280 4.2.1.10", "it is of CAs alone, and critical"}, name_constraints, 0},
    {{"policyConstraints", "RFC 5280 4.2.1.5, 4.2.1.11, 4.2.1.14",
      "what is about policies of a path is of CAs alone, and critical"},
     policy_rules,
     0},
    {{"extendedKeyUsage", "RFC 5280 4.2.1.12", "it is a list of purposes, and not empty"}, purposes, 0},
    {{"cRLDistributionPoints", "RFC 5280 4.2.1.13", "each has a name or cRLIssuer"}, crl_points, 0},
    {{"freshestCRL", "RFC 5280 4.2.1.15", "the same; it is not critical"}, freshest_crl, 0},
    {{"authorityInfoAccess", "RFC 5280 4.2.2.1", "it is not empty and not critical"}, authority_info, 0},
    {{"subjectInfoAccess", "RFC 5280 4.2.2.2", "it is not critical"}, subject_info, 0},
    {{"noRevAvail", "RFC 9608 2", "it is of no CA, not critical, and without where CRLs are"},
     no_rev_avail,
     0},
    {{"nfTypes", "RFC 9310 3", "they are in order, each once and of 1 to 32 octets; not critical"},
     nf_types,
     0},
};

_Static_assert(sizeof checks / sizeof checks[0] <= LINT_RULES_MAX, "each rule has a bit");

const struct lint_check *lint_checks(size_t *count)
{
    *count = sizeof checks / sizeof checks[0];
    return checks;
}
