/* EnvelopedData (RFC 5652 6, IMPLICIT TAGS) and the recipient with a KEM (RFC 9629 3). */
#include "server/ctl/decode.h"

static const struct decode_type issuer_and_serial = SEQUENCE_TYPE(
    "IssuerAndSerialNumber", FIELD("issuer", decode_name, 0, 0), FIELD("serialNumber", decode_serial, 0, 0));
static const struct decode_type recipient_id =
    CHOICE_TYPE("RecipientIdentifier", FIELD("issuerAndSerialNumber", issuer_and_serial, 0, 0),
                FIELD("subjectKeyIdentifier", decode_octets, IMPLICIT | 0, 0));
static const struct decode_type other_key_attribute =
    SEQUENCE_TYPE("OtherKeyAttribute", FIELD("keyAttrId", decode_oid, 0, BARE),
                  FIELD("keyAttr", decode_any, 0, OPTIONAL | BARE));

static const struct decode_type key_transport = SEQUENCE_TYPE(
    "KeyTransRecipientInfo", FIELD("version", decode_integer, 0, 0), FIELD("rid", recipient_id, 0, 0),
    FIELD("keyEncryptionAlgorithm", decode_algorithm, 0, 0), FIELD("encryptedKey", decode_octets, 0, 0));

static const struct decode_type originator_key = SEQUENCE_TYPE(
    "OriginatorPublicKey", FIELD("algorithm", decode_algorithm, 0, 0), FIELD("publicKey", decode_bits, 0, 0));
static const struct decode_type originator =
    CHOICE_TYPE("OriginatorIdentifierOrKey", FIELD("issuerAndSerialNumber", issuer_and_serial, 0, 0),
                FIELD("subjectKeyIdentifier", decode_octets, IMPLICIT | 0, 0),
                FIELD("originatorKey", originator_key, IMPLICIT | 1, 0));
static const struct decode_type recipient_key_id = SEQUENCE_TYPE(
    "RecipientKeyIdentifier", FIELD("subjectKeyIdentifier", decode_octets, 0, 0),
    FIELD("date", decode_generalized_time, 0, OPTIONAL), FIELD("other", other_key_attribute, 0, OPTIONAL));
static const struct decode_type agreement_id =
    CHOICE_TYPE("KeyAgreeRecipientIdentifier", FIELD("issuerAndSerialNumber", issuer_and_serial, 0, 0),
                FIELD("rKeyId", recipient_key_id, IMPLICIT | 0, 0));
static const struct decode_type recipient_key = SEQUENCE_TYPE(
    "RecipientEncryptedKey", FIELD("rid", agreement_id, 0, 0), FIELD("encryptedKey", decode_octets, 0, 0));
static const struct decode_type recipient_keys = LIST_TYPE("RecipientEncryptedKeys", recipient_key, 0);
static const struct decode_type key_agreement = SEQUENCE_TYPE(
    "KeyAgreeRecipientInfo", FIELD("version", decode_integer, 0, 0),
    FIELD("originator", originator, EXPLICIT | 0, 0), FIELD("ukm", decode_octets, EXPLICIT | 1, OPTIONAL),
    FIELD("keyEncryptionAlgorithm", decode_algorithm, 0, 0),
    FIELD("recipientEncryptedKeys", recipient_keys, 0, 0));

static const struct decode_type kek_id = SEQUENCE_TYPE(
    "KEKIdentifier", FIELD("keyIdentifier", decode_octets, 0, 0),
    FIELD("date", decode_generalized_time, 0, OPTIONAL), FIELD("other", other_key_attribute, 0, OPTIONAL));
static const struct decode_type kek = SEQUENCE_TYPE(
    "KEKRecipientInfo", FIELD("version", decode_integer, 0, 0), FIELD("kekid", kek_id, 0, 0),
    FIELD("keyEncryptionAlgorithm", decode_algorithm, 0, 0), FIELD("encryptedKey", decode_octets, 0, 0));

static const struct decode_type password = SEQUENCE_TYPE(
    "PasswordRecipientInfo", FIELD("version", decode_integer, 0, 0),
    FIELD("keyDerivationAlgorithm", decode_algorithm, IMPLICIT | 0, OPTIONAL),
    FIELD("keyEncryptionAlgorithm", decode_algorithm, 0, 0), FIELD("encryptedKey", decode_octets, 0, 0));

const struct decode_type decode_kem_recipient = SEQUENCE_TYPE(
    "KEMRecipientInfo", FIELD("version", decode_integer, 0, 0), FIELD("rid", recipient_id, 0, 0),
    FIELD("kem", decode_algorithm, 0, 0), FIELD("kemct", decode_octets, 0, 0),
    FIELD("kdf", decode_algorithm, 0, 0), FIELD("kekLength", decode_integer, 0, 0),
    FIELD("ukm", decode_octets, EXPLICIT | 0, OPTIONAL), FIELD("wrap", decode_algorithm, 0, 0),
    FIELD("encryptedKey", decode_octets, 0, 0));
static const struct decode_type other_recipient = SEQUENCE_TYPE(
    "OtherRecipientInfo", FIELD("oriType", decode_oid, 0, BARE), FIELD("oriValue", decode_open, 0, BARE));

static const struct decode_type recipient =
    CHOICE_TYPE("RecipientInfo", FIELD("ktri", key_transport, 0, 0),
                FIELD("kari", key_agreement, IMPLICIT | 1, 0), FIELD("kekri", kek, IMPLICIT | 2, 0),
                FIELD("pwri", password, IMPLICIT | 3, 0), FIELD("ori", other_recipient, IMPLICIT | 4, 0));
static const struct decode_type recipients = SET_TYPE("RecipientInfos", recipient, FILLED);
static const struct decode_type encrypted_content =
    SEQUENCE_TYPE("EncryptedContentInfo", FIELD("contentType", decode_oid, 0, 0),
                  FIELD("contentEncryptionAlgorithm", decode_algorithm, 0, 0),
                  FIELD("encryptedContent", decode_octets, IMPLICIT | 0, OPTIONAL));
static const struct decode_type anything_set = SET_TYPE("SET", decode_any, 0);
static const struct decode_type originator_info =
    SEQUENCE_TYPE("OriginatorInfo", FIELD("certs", decode_cmp_certificates, IMPLICIT | 0, OPTIONAL),
                  FIELD("crls", anything_set, IMPLICIT | 1, OPTIONAL));
const struct decode_type decode_enveloped_data = SEQUENCE_TYPE(
    "EnvelopedData", FIELD("version", decode_integer, 0, 0),
    FIELD("originatorInfo", originator_info, IMPLICIT | 0, OPTIONAL),
    FIELD("recipientInfos", recipients, 0, 0), FIELD("encryptedContentInfo", encrypted_content, 0, 0),
    FIELD("unprotectedAttrs", decode_attributes, IMPLICIT | 1, OPTIONAL));
