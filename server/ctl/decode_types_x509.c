/* Certificates, revocation lists, requests, and the extensions in them (RFC 5280 Appendix A, RFC 2986 4). */
#include <stdlib.h>

#include "crypto/algorithms.h"
#include "crypto/name.h"
#include "server/ctl/decode.h"

/* ---- names ---- */

static void show_name(struct decode_printer *printer, const struct decode_type *type,
                      const struct decode_element *element)
{
    CBS rdns = cbs_of(element->content);
    size_t room = 4 * element->whole.len + DECODE_TEXT_MAX, count = 0;
    char *text = malloc(room);

    (void)type;
    while (CBS_get_asn1(&rdns, NULL, CBS_ASN1_SET))
        count++;
    if (count > NAME_RDNS_MAX)
        decode_print_value(printer, "(a name of %zu parts: not shown)", count);
    else if (count == 0)
        decode_print_value(printer, "(the empty name)");
    else if (text != NULL)
        decode_print_value(printer, "%s", name_text(text, room, element->whole));
    free(text);
}

static const struct decode_type attribute_value =
    SEQUENCE_TYPE("AttributeTypeAndValue", FIELD("type", decode_oid, 0, 0), FIELD("value", decode_any, 0, 0));
static const struct decode_type rdn = SET_TYPE("RelativeDistinguishedName", attribute_value, FILLED);
const struct decode_type decode_name = {.name = "Name",
                                        .form = FORM_LIST,
                                        .tag = CBS_ASN1_SEQUENCE,
                                        .of = &rdn,
                                        .flags = SUMMED_UP,
                                        .show = show_name};

static const struct decode_type other_name = SEQUENCE_TYPE(
    "AnotherName", FIELD("type-id", decode_oid, 0, BARE), FIELD("value", decode_open, EXPLICIT | 0, BARE));
static const struct decode_type address_parts = LIST_TYPE("ORAddress", decode_any, 0);
static const struct decode_type party_name =
    SEQUENCE_TYPE("EDIPartyName", FIELD("nameAssigner", decode_string, EXPLICIT | 0, OPTIONAL),
                  FIELD("partyName", decode_string, EXPLICIT | 1, 0));
const struct decode_type decode_general_name = CHOICE_TYPE(
    "GeneralName", FIELD("otherName", other_name, IMPLICIT | 0, 0),
    FIELD("rfc822Name", decode_ia5, IMPLICIT | 1, 0), FIELD("dNSName", decode_ia5, IMPLICIT | 2, 0),
    FIELD("x400Address", address_parts, IMPLICIT | 3, 0),
    FIELD("directoryName", decode_name, EXPLICIT | 4, 0), FIELD("ediPartyName", party_name, IMPLICIT | 5, 0),
    FIELD("uniformResourceIdentifier", decode_ia5, IMPLICIT | 6, 0),
    FIELD("iPAddress", decode_address, IMPLICIT | 7, 0), FIELD("registeredID", decode_oid, IMPLICIT | 8, 0));
const struct decode_type decode_general_names =
    LIST_TYPE("GeneralNames", decode_general_name, FILLED | ONE_LINE);

/* ---- algorithms, keys, attributes ---- */

const struct decode_type decode_algorithm =
    SEQUENCE_TYPE("AlgorithmIdentifier", FIELD("algorithm", decode_oid, 0, BARE),
                  FIELD("parameters", decode_open, 0, OPTIONAL | BARE));

static size_t modulus_bits(struct bytes key)
{
    CBS cbs = cbs_of(key), sequence, modulus;
    size_t bits;

    if (!CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, &modulus, CBS_ASN1_INTEGER))
        return 0;
    while (CBS_len(&modulus) != 0 && CBS_data(&modulus)[0] == 0)
        CBS_skip(&modulus, 1);
    bits = 8 * CBS_len(&modulus);
    for (uint8_t mask = 0x80; bits != 0 && (CBS_data(&modulus)[0] & mask) == 0; mask >>= 1)
        bits--;
    return bits;
}

/* The curve, the length of a modulus, or that of the key tells how strong it is. */
static void show_spki(struct decode_printer *printer, const struct decode_type *type,
                      const struct decode_element *element)
{
    CBS spki = cbs_of(element->content), algorithm, oid, curve, key;
    char name[DECODE_TEXT_MAX];
    size_t bits;

    (void)type;
    if (!CBS_get_asn1(&spki, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&algorithm, &oid, CBS_ASN1_OBJECT) || !CBS_get_asn1(&spki, &key, CBS_ASN1_BITSTRING) ||
        !CBS_skip(&key, 1))
        return;
    decode_print_value(printer, "%s", decode_oid_name(name, bytes_of_cbs(&oid)));
    if (CBS_get_asn1(&algorithm, &curve, CBS_ASN1_OBJECT))
        decode_print_value(printer, "%s", decode_oid_name(name, bytes_of_cbs(&curve)));
    else if ((bits = modulus_bits(bytes_of_cbs(&key))) != 0)
        decode_print_value(printer, "%zu bits", bits);
    else if (CBS_len(&key) == 0)
        decode_print_value(printer, "(no key)"); /* RFC 9483 4.1.6: the CA is to make one */
    else
        decode_print_value(printer, "%zu octets", CBS_len(&key));
}

const struct decode_type decode_spki = {.name = "SubjectPublicKeyInfo",
                                        .form = FORM_SEQUENCE,
                                        .tag = CBS_ASN1_SEQUENCE,
                                        .fields = FIELDS(FIELD("algorithm", decode_algorithm, 0, 0),
                                                         FIELD("subjectPublicKey", decode_bits, 0, 0)),
                                        .flags = SUMMED_UP,
                                        .show = show_spki};

static const struct decode_type attribute_values = SET_TYPE("AttributeValues", decode_open, ONE_LINE);
const struct decode_type decode_attribute = SEQUENCE_TYPE("Attribute", FIELD("type", decode_oid, 0, LABEL),
                                                          FIELD("values", attribute_values, 0, BARE));
const struct decode_type decode_attributes = SET_TYPE("Attributes", decode_attribute, 0);

/* ---- extensions ---- */

static const struct decode_type critical =
    NAMED_TYPE("BOOLEAN", CBS_ASN1_BOOLEAN, decode_show_boolean, {1, "critical"});
static const struct decode_type extension_value = {
    .name = "OCTET STRING", .form = FORM_WRAPPED, .tag = CBS_ASN1_OCTETSTRING, .of = &decode_open};
static const struct decode_type extension = SEQUENCE_TYPE("Extension", FIELD("extnID", decode_oid, 0, LABEL),
                                                          FIELD("critical", critical, 0, OPTIONAL | BARE),
                                                          FIELD("extnValue", extension_value, 0, BARE));
const struct decode_type decode_extensions = LIST_TYPE("Extensions", extension, FILLED);

const struct decode_type decode_key_usage =
    NAMED_TYPE("KeyUsage", CBS_ASN1_BITSTRING, decode_show_bits, {0, "digitalSignature"},
               {1, "nonRepudiation"}, {2, "keyEncipherment"}, {3, "dataEncipherment"}, {4, "keyAgreement"},
               {5, "keyCertSign"}, {6, "cRLSign"}, {7, "encipherOnly"}, {8, "decipherOnly"});
const struct decode_type decode_purposes = LIST_TYPE("ExtKeyUsageSyntax", decode_oid, FILLED | ONE_LINE);
static const struct decode_type is_ca =
    NAMED_TYPE("BOOLEAN", CBS_ASN1_BOOLEAN, decode_show_boolean, {0, "no CA"}, {1, "CA"});
const struct decode_type decode_basic_constraints = {
    .name = "BasicConstraints",
    .form = FORM_SEQUENCE,
    .tag = CBS_ASN1_SEQUENCE,
    .fields = FIELDS(FIELD("cA", is_ca, 0, OPTIONAL | BARE),
                     FIELD("pathLenConstraint", decode_integer, 0, OPTIONAL)),
    .names = (const struct decode_name[]){{0, "no CA"}}};
const struct decode_type decode_authority_key_id = SEQUENCE_TYPE(
    "AuthorityKeyIdentifier", FIELD("keyIdentifier", decode_octets, IMPLICIT | 0, OPTIONAL | BARE),
    FIELD("authorityCertIssuer", decode_general_names, IMPLICIT | 1, OPTIONAL),
    FIELD("authorityCertSerialNumber", decode_serial, IMPLICIT | 2, OPTIONAL));
static const struct decode_type reasons =
    NAMED_TYPE("ReasonFlags", CBS_ASN1_BITSTRING, decode_show_bits, {0, "unused"}, {1, "keyCompromise"},
               {2, "cACompromise"}, {3, "affiliationChanged"}, {4, "superseded"}, {5, "cessationOfOperation"},
               {6, "certificateHold"}, {7, "privilegeWithdrawn"}, {8, "aACompromise"});
const struct decode_type decode_distribution_point_name =
    CHOICE_TYPE("DistributionPointName", FIELD("fullName", decode_general_names, IMPLICIT | 0, 0),
                FIELD("nameRelativeToCRLIssuer", rdn, IMPLICIT | 1, 0));
static const struct decode_type distribution_point =
    SEQUENCE_TYPE("DistributionPoint",
                  FIELD("distributionPoint", decode_distribution_point_name, EXPLICIT | 0, OPTIONAL | BARE),
                  FIELD("reasons", reasons, IMPLICIT | 1, OPTIONAL),
                  FIELD("cRLIssuer", decode_general_names, IMPLICIT | 2, OPTIONAL));
const struct decode_type decode_distribution_points =
    LIST_TYPE("CRLDistributionPoints", distribution_point, FILLED | ONE_LINE);
static const struct decode_type qualifier =
    SEQUENCE_TYPE("PolicyQualifierInfo", FIELD("policyQualifierId", decode_oid, 0, LABEL),
                  FIELD("qualifier", decode_any, 0, BARE));
static const struct decode_type qualifiers = LIST_TYPE("SEQUENCE OF PolicyQualifierInfo", qualifier, FILLED);
static const struct decode_type policy =
    SEQUENCE_TYPE("PolicyInformation", FIELD("policyIdentifier", decode_oid, 0, BARE),
                  FIELD("policyQualifiers", qualifiers, 0, OPTIONAL | BARE));
const struct decode_type decode_policies = LIST_TYPE("CertificatePolicies", policy, FILLED | ONE_LINE);
static const struct decode_type access_description =
    SEQUENCE_TYPE("AccessDescription", FIELD("accessMethod", decode_oid, 0, LABEL),
                  FIELD("accessLocation", decode_general_name, 0, BARE));
const struct decode_type decode_access = LIST_TYPE("AuthorityInfoAccessSyntax", access_description, FILLED);
const struct decode_type decode_reason = NAMED_TYPE(
    "CRLReason", CBS_ASN1_ENUMERATED, decode_show_integer, {0, "unspecified"}, {1, "keyCompromise"},
    {2, "cACompromise"}, {3, "affiliationChanged"}, {4, "superseded"}, {5, "cessationOfOperation"},
    {6, "certificateHold"}, {8, "removeFromCRL"}, {9, "privilegeWithdrawn"}, {10, "aACompromise"});
static const struct decode_type subtree =
    SEQUENCE_TYPE("GeneralSubtree", FIELD("base", decode_general_name, 0, BARE),
                  FIELD("minimum", decode_integer, IMPLICIT | 0, OPTIONAL),
                  FIELD("maximum", decode_integer, IMPLICIT | 1, OPTIONAL));
static const struct decode_type subtrees = LIST_TYPE("GeneralSubtrees", subtree, FILLED | ONE_LINE);
const struct decode_type decode_name_constraints =
    SEQUENCE_TYPE("NameConstraints", FIELD("permittedSubtrees", subtrees, IMPLICIT | 0, OPTIONAL),
                  FIELD("excludedSubtrees", subtrees, IMPLICIT | 1, OPTIONAL));
const struct decode_type decode_policy_constraints =
    SEQUENCE_TYPE("PolicyConstraints", FIELD("requireExplicitPolicy", decode_integer, IMPLICIT | 0, OPTIONAL),
                  FIELD("inhibitPolicyMapping", decode_integer, IMPLICIT | 1, OPTIONAL));
const struct decode_type decode_issuing_point =
    SEQUENCE_TYPE("IssuingDistributionPoint",
                  FIELD("distributionPoint", decode_distribution_point_name, EXPLICIT | 0, OPTIONAL),
                  FIELD("onlyContainsUserCerts", decode_boolean, IMPLICIT | 1, OPTIONAL),
                  FIELD("onlyContainsCACerts", decode_boolean, IMPLICIT | 2, OPTIONAL),
                  FIELD("onlySomeReasons", reasons, IMPLICIT | 3, OPTIONAL),
                  FIELD("indirectCRL", decode_boolean, IMPLICIT | 4, OPTIONAL),
                  FIELD("onlyContainsAttributeCerts", decode_boolean, IMPLICIT | 5, OPTIONAL));
const struct decode_type decode_usage_period = SEQUENCE_TYPE(
    "PrivateKeyUsagePeriod", FIELD("notBefore", decode_generalized_time, IMPLICIT | 0, OPTIONAL),
    FIELD("notAfter", decode_generalized_time, IMPLICIT | 1, OPTIONAL));

/* ---- certificates ---- */

/* What a certificate is known by in logs and other tools. */
static void show_fingerprint(struct decode_printer *printer, const struct decode_type *type,
                             const struct decode_element *element)
{
    uint8_t digest[DIGEST_MAX];
    size_t len = digest_compute(digest, DIGEST_SHA256, element->whole);

    (void)type;
    decode_print_begin(printer, printer->depth, "sha256");
    decode_print_octets(printer, bytes_of(digest, len));
    decode_print_end(printer);
}

static const struct decode_type validity =
    SEQUENCE_TYPE("Validity", FIELD("notBefore", decode_time, 0, 0), FIELD("notAfter", decode_time, 0, 0));
const struct decode_type decode_tbs_certificate =
    SEQUENCE_TYPE("TBSCertificate", FIELD("version", decode_integer, EXPLICIT | 0, OPTIONAL | HIDDEN),
                  FIELD("serialNumber", decode_serial, 0, 0), FIELD("signature", decode_algorithm, 0, HIDDEN),
                  FIELD("issuer", decode_name, 0, 0), FIELD("validity", validity, 0, BARE),
                  FIELD("subject", decode_name, 0, 0), FIELD("subjectPublicKeyInfo", decode_spki, 0, 0),
                  FIELD("issuerUniqueID", decode_bits, IMPLICIT | 1, OPTIONAL),
                  FIELD("subjectUniqueID", decode_bits, IMPLICIT | 2, OPTIONAL),
                  FIELD("extensions", decode_extensions, EXPLICIT | 3, OPTIONAL | BARE));
const struct decode_type decode_certificate = {
    .name = "Certificate",
    .form = FORM_SEQUENCE,
    .tag = CBS_ASN1_SEQUENCE,
    .fields = FIELDS(FIELD("tbsCertificate", decode_tbs_certificate, 0, BARE),
                     FIELD("signatureAlgorithm", decode_algorithm, 0, 0),
                     FIELD("signature", decode_bits, 0, HIDDEN)),
    .flags = ADDED_TO,
    .show = show_fingerprint};

static const struct decode_type revoked = SEQUENCE_TYPE(
    "TBSCertList.revokedCertificates", FIELD("userCertificate", decode_serial, 0, 0),
    FIELD("revocationDate", decode_time, 0, 0), FIELD("crlEntryExtensions", decode_extensions, 0, OPTIONAL));
static const struct decode_type revoked_list = LIST_TYPE("revokedCertificates", revoked, FILLED | COUNTED);
static const struct decode_type tbs_crl =
    SEQUENCE_TYPE("TBSCertList", FIELD("version", decode_integer, 0, OPTIONAL | HIDDEN),
                  FIELD("signature", decode_algorithm, 0, HIDDEN), FIELD("issuer", decode_name, 0, 0),
                  FIELD("thisUpdate", decode_time, 0, 0), FIELD("nextUpdate", decode_time, 0, OPTIONAL),
                  FIELD("revokedCertificates", revoked_list, 0, OPTIONAL),
                  FIELD("crlExtensions", decode_extensions, EXPLICIT | 0, OPTIONAL | BARE));
const struct decode_type decode_crl = SEQUENCE_TYPE("CertificateList", FIELD("tbsCertList", tbs_crl, 0, BARE),
                                                    FIELD("signatureAlgorithm", decode_algorithm, 0, 0),
                                                    FIELD("signature", decode_bits, 0, HIDDEN));

static const struct decode_type request_info = SEQUENCE_TYPE(
    "CertificationRequestInfo", FIELD("version", decode_integer, 0, 0), FIELD("subject", decode_name, 0, 0),
    FIELD("subjectPKInfo", decode_spki, 0, 0), FIELD("attributes", decode_attributes, IMPLICIT | 0, 0));
const struct decode_type decode_request =
    SEQUENCE_TYPE("CertificationRequest", FIELD("certificationRequestInfo", request_info, 0, BARE),
                  FIELD("signatureAlgorithm", decode_algorithm, 0, 0), FIELD("signature", decode_bits, 0, 0));
