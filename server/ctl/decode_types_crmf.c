/* Certificate requests (RFC 4211 Appendix B, IMPLICIT TAGS; a CHOICE is tagged explicitly all the same). */
#include "server/ctl/decode.h"

/* ---- templates ---- */

static const struct decode_type version =
    NAMED_TYPE("Version", CBS_ASN1_INTEGER, decode_show_integer, {0, "v1"}, {1, "v2"}, {2, "v3"});
static const struct decode_type optional_validity =
    SEQUENCE_TYPE("OptionalValidity", FIELD("notBefore", decode_time, EXPLICIT | 0, OPTIONAL),
                  FIELD("notAfter", decode_time, EXPLICIT | 1, OPTIONAL));
const struct decode_type decode_cert_template =
    SEQUENCE_TYPE("CertTemplate", FIELD("version", version, IMPLICIT | 0, OPTIONAL),
                  FIELD("serialNumber", decode_serial, IMPLICIT | 1, OPTIONAL),
                  FIELD("signingAlg", decode_algorithm, IMPLICIT | 2, OPTIONAL),
                  FIELD("issuer", decode_name, EXPLICIT | 3, OPTIONAL),
                  FIELD("validity", optional_validity, IMPLICIT | 4, OPTIONAL),
                  FIELD("subject", decode_name, EXPLICIT | 5, OPTIONAL),
                  FIELD("publicKey", decode_spki, IMPLICIT | 6, OPTIONAL),
                  FIELD("issuerUID", decode_bits, IMPLICIT | 7, OPTIONAL),
                  FIELD("subjectUID", decode_bits, IMPLICIT | 8, OPTIONAL),
                  FIELD("extensions", decode_extensions, IMPLICIT | 9, OPTIONAL));

/* ---- keys in cipher ---- */

static const struct decode_type encrypted_value = SEQUENCE_TYPE(
    "EncryptedValue", FIELD("intendedAlg", decode_algorithm, IMPLICIT | 0, OPTIONAL),
    FIELD("symmAlg", decode_algorithm, IMPLICIT | 1, OPTIONAL),
    FIELD("encSymmKey", decode_bits, IMPLICIT | 2, OPTIONAL),
    FIELD("keyAlg", decode_algorithm, IMPLICIT | 3, OPTIONAL),
    FIELD("valueHint", decode_octets, IMPLICIT | 4, OPTIONAL), FIELD("encValue", decode_bits, 0, 0));
const struct decode_type decode_encrypted_key =
    CHOICE_TYPE("EncryptedKey", FIELD("encryptedValue", encrypted_value, 0, 0),
                FIELD("envelopedData", decode_enveloped_data, IMPLICIT | 0, 0));

/* ---- proof of possession ---- */

static const struct decode_type mac_value =
    SEQUENCE_TYPE("PKMACValue", FIELD("algId", decode_algorithm, 0, 0), FIELD("value", decode_bits, 0, 0));
static const struct decode_type auth_info =
    CHOICE_TYPE("authInfo", FIELD("sender", decode_general_name, EXPLICIT | 0, 0),
                FIELD("publicKeyMAC", mac_value, 0, 0));
static const struct decode_type signing_input = SEQUENCE_TYPE(
    "POPOSigningKeyInput", FIELD("authInfo", auth_info, 0, 0), FIELD("publicKey", decode_spki, 0, 0));
static const struct decode_type signing_key = SEQUENCE_TYPE(
    "POPOSigningKey", FIELD("poposkInput", signing_input, IMPLICIT | 0, OPTIONAL),
    FIELD("algorithmIdentifier", decode_algorithm, 0, 0), FIELD("signature", decode_bits, 0, 0));
static const struct decode_type subsequent = NAMED_TYPE(
    "SubsequentMessage", CBS_ASN1_INTEGER, decode_show_integer, {0, "encrCert"}, {1, "challengeResp"});
static const struct decode_type private_key =
    CHOICE_TYPE("POPOPrivKey", FIELD("thisMessage", decode_bits, IMPLICIT | 0, 0),
                FIELD("subsequentMessage", subsequent, IMPLICIT | 1, 0),
                FIELD("dhMAC", decode_bits, IMPLICIT | 2, 0), FIELD("agreeMAC", mac_value, IMPLICIT | 3, 0),
                FIELD("encryptedKey", decode_enveloped_data, IMPLICIT | 4, 0));
static const struct decode_type popo = CHOICE_TYPE(
    "ProofOfPossession", FIELD("raVerified", decode_null, IMPLICIT | 0, 0),
    FIELD("signature", signing_key, IMPLICIT | 1, 0), FIELD("keyEncipherment", private_key, EXPLICIT | 2, 0),
    FIELD("keyAgreement", private_key, EXPLICIT | 3, 0));

/* ---- controls ---- */

static const struct decode_type control = SEQUENCE_TYPE(
    "AttributeTypeAndValue", FIELD("type", decode_oid, 0, LABEL), FIELD("value", decode_open, 0, BARE));
const struct decode_type decode_controls = LIST_TYPE("Controls", control, FILLED);
const struct decode_type decode_cert_id = SEQUENCE_TYPE("CertId", FIELD("issuer", decode_general_name, 0, 0),
                                                        FIELD("serialNumber", decode_serial, 0, 0));
static const struct decode_type action =
    NAMED_TYPE("action", CBS_ASN1_INTEGER, decode_show_integer, {0, "dontPublish"}, {1, "pleasePublish"});
static const struct decode_type method = NAMED_TYPE("pubMethod", CBS_ASN1_INTEGER, decode_show_integer,
                                                    {0, "dontCare"}, {1, "x500"}, {2, "web"}, {3, "ldap"});
static const struct decode_type single_publication =
    SEQUENCE_TYPE("SinglePubInfo", FIELD("pubMethod", method, 0, 0),
                  FIELD("pubLocation", decode_general_name, 0, OPTIONAL));
static const struct decode_type publications =
    LIST_TYPE("SEQUENCE OF SinglePubInfo", single_publication, FILLED);
const struct decode_type decode_publication = SEQUENCE_TYPE(
    "PKIPublicationInfo", FIELD("action", action, 0, 0), FIELD("pubInfos", publications, 0, OPTIONAL));
const struct decode_type decode_archive_options =
    CHOICE_TYPE("PKIArchiveOptions", FIELD("encryptedPrivKey", decode_encrypted_key, EXPLICIT | 0, 0),
                FIELD("keyGenParameters", decode_octets, IMPLICIT | 1, 0),
                FIELD("archiveRemGenPrivKey", decode_boolean, IMPLICIT | 2, 0));

/* ---- requests ---- */

const struct decode_type decode_cert_request = SEQUENCE_TYPE(
    "CertRequest", FIELD("certReqId", decode_integer, 0, 0),
    FIELD("certTemplate", decode_cert_template, 0, 0), FIELD("controls", decode_controls, 0, OPTIONAL));
static const struct decode_type reg_info = LIST_TYPE("SEQUENCE OF AttributeTypeAndValue", control, FILLED);
static const struct decode_type cert_request_message =
    SEQUENCE_TYPE("CertReqMsg", FIELD("certReq", decode_cert_request, 0, 0), FIELD("popo", popo, 0, OPTIONAL),
                  FIELD("regInfo", reg_info, 0, OPTIONAL));
const struct decode_type decode_cert_requests = LIST_TYPE("CertReqMessages", cert_request_message, FILLED);
