/* PKIMessage and all of its bodies (RFC 9810 Appendix F, EXPLICIT TAGS). */
#include "server/ctl/decode.h"

/* ---- what many bodies share ---- */

const struct decode_type decode_cmp_certificate = CHOICE_TYPE(
    "CMPCertificate", FIELD("x509v3PKCert", decode_certificate, 0, BARE), FIELD("other", decode_any, 0, 0));
const struct decode_type decode_cmp_certificates =
    LIST_TYPE("SEQUENCE OF CMPCertificate", decode_cmp_certificate, FILLED);
const struct decode_type decode_crls = LIST_TYPE("SEQUENCE OF CertificateList", decode_crl, FILLED);
const struct decode_type decode_texts = LIST_TYPE("PKIFreeText", decode_utf8, FILLED | ONE_LINE);
const struct decode_type decode_algorithms =
    LIST_TYPE("SEQUENCE OF AlgorithmIdentifier", decode_algorithm, FILLED);
const struct decode_type decode_oid_list = LIST_TYPE("SEQUENCE OF OBJECT IDENTIFIER", decode_oid, FILLED);
static const struct decode_type cert_ids = LIST_TYPE("SEQUENCE OF CertId", decode_cert_id, FILLED);

static const struct decode_type status =
    NAMED_TYPE("PKIStatus", CBS_ASN1_INTEGER, decode_show_integer, {0, "accepted"}, {1, "grantedWithMods"},
               {2, "rejection"}, {3, "waiting"}, {4, "revocationWarning"}, {5, "revocationNotification"},
               {6, "keyUpdateWarning"});
static const struct decode_type failure = NAMED_TYPE(
    "PKIFailureInfo", CBS_ASN1_BITSTRING, decode_show_bits, {0, "badAlg"}, {1, "badMessageCheck"},
    {2, "badRequest"}, {3, "badTime"}, {4, "badCertId"}, {5, "badDataFormat"}, {6, "wrongAuthority"},
    {7, "incorrectData"}, {8, "missingTimeStamp"}, {9, "badPOP"}, {10, "certRevoked"}, {11, "certConfirmed"},
    {12, "wrongIntegrity"}, {13, "badRecipientNonce"}, {14, "timeNotAvailable"}, {15, "unacceptedPolicy"},
    {16, "unacceptedExtension"}, {17, "addInfoNotAvailable"}, {18, "badSenderNonce"}, {19, "badCertTemplate"},
    {20, "signerNotTrusted"}, {21, "transactionIdInUse"}, {22, "unsupportedVersion"}, {23, "notAuthorized"},
    {24, "systemUnavail"}, {25, "systemFailure"}, {26, "duplicateCertReq"});
static const struct decode_type status_info =
    SEQUENCE_TYPE("PKIStatusInfo", FIELD("status", status, 0, 0),
                  FIELD("statusString", decode_texts, 0, OPTIONAL), FIELD("failInfo", failure, 0, OPTIONAL));
static const struct decode_type status_infos = LIST_TYPE("SEQUENCE OF PKIStatusInfo", status_info, FILLED);

static const struct decode_type info =
    SEQUENCE_TYPE("InfoTypeAndValue", FIELD("infoType", decode_oid, 0, LABEL),
                  FIELD("infoValue", decode_open, 0, OPTIONAL | BARE));
static const struct decode_type infos = LIST_TYPE("SEQUENCE OF InfoTypeAndValue", info, 0);
static const struct decode_type general_info = LIST_TYPE("SEQUENCE OF InfoTypeAndValue", info, FILLED);

/* ---- values of generalInfo, genm and genp (RFC 9810 5.3.19) ---- */

const struct decode_type decode_root_update =
    SEQUENCE_TYPE("RootCaKeyUpdateContent", FIELD("newWithNew", decode_cmp_certificate, 0, 0),
                  FIELD("newWithOld", decode_cmp_certificate, EXPLICIT | 0, OPTIONAL),
                  FIELD("oldWithNew", decode_cmp_certificate, EXPLICIT | 1, OPTIONAL));
const struct decode_type decode_ca_update = SEQUENCE_TYPE(
    "CAKeyUpdAnnContent", FIELD("oldWithNew", decode_cmp_certificate, 0, 0),
    FIELD("newWithOld", decode_cmp_certificate, 0, 0), FIELD("newWithNew", decode_cmp_certificate, 0, 0));
const struct decode_type decode_template_content =
    SEQUENCE_TYPE("CertReqTemplateContent", FIELD("certTemplate", decode_cert_template, 0, 0),
                  FIELD("keySpec", decode_controls, 0, OPTIONAL));
static const struct decode_type crl_source =
    CHOICE_TYPE("CRLSource", FIELD("dpn", decode_distribution_point_name, EXPLICIT | 0, 0),
                FIELD("issuer", decode_general_names, EXPLICIT | 1, 0));
static const struct decode_type crl_status = SEQUENCE_TYPE("CRLStatus", FIELD("source", crl_source, 0, 0),
                                                           FIELD("thisUpdate", decode_time, 0, OPTIONAL));
const struct decode_type decode_crl_statuses = LIST_TYPE("SEQUENCE OF CRLStatus", crl_status, FILLED);
const struct decode_type decode_kem_ciphertext = SEQUENCE_TYPE(
    "KemCiphertextInfo", FIELD("kem", decode_algorithm, 0, 0), FIELD("ct", decode_octets, 0, 0));

/* ---- answers ---- */

static const struct decode_type cert_or_cipher =
    CHOICE_TYPE("CertOrEncCert", FIELD("certificate", decode_cmp_certificate, EXPLICIT | 0, 0),
                FIELD("encryptedCert", decode_encrypted_key, EXPLICIT | 1, 0));
static const struct decode_type key_pair =
    SEQUENCE_TYPE("CertifiedKeyPair", FIELD("certOrEncCert", cert_or_cipher, 0, 0),
                  FIELD("privateKey", decode_encrypted_key, EXPLICIT | 0, OPTIONAL),
                  FIELD("publicationInfo", decode_publication, EXPLICIT | 1, OPTIONAL));
static const struct decode_type key_pairs = LIST_TYPE("SEQUENCE OF CertifiedKeyPair", key_pair, FILLED);
static const struct decode_type response = SEQUENCE_TYPE(
    "CertResponse", FIELD("certReqId", decode_integer, 0, 0), FIELD("status", status_info, 0, BARE),
    FIELD("certifiedKeyPair", key_pair, 0, OPTIONAL), FIELD("rspInfo", decode_octets, 0, OPTIONAL));
static const struct decode_type responses = LIST_TYPE("SEQUENCE OF CertResponse", response, 0);
static const struct decode_type cert_rep =
    SEQUENCE_TYPE("CertRepMessage", FIELD("caPubs", decode_cmp_certificates, EXPLICIT | 1, OPTIONAL),
                  FIELD("response", responses, 0, 0));
static const struct decode_type recovered =
    SEQUENCE_TYPE("KeyRecRepContent", FIELD("status", status_info, 0, BARE),
                  FIELD("newSigCert", decode_cmp_certificate, EXPLICIT | 0, OPTIONAL),
                  FIELD("caCerts", decode_cmp_certificates, EXPLICIT | 1, OPTIONAL),
                  FIELD("keyPairHist", key_pairs, EXPLICIT | 2, OPTIONAL));

/* ---- challenge and response ---- */

static const struct decode_type challenge =
    SEQUENCE_TYPE("Challenge", FIELD("owf", decode_algorithm, 0, OPTIONAL),
                  FIELD("witness", decode_octets, 0, 0), FIELD("challenge", decode_octets, 0, 0),
                  FIELD("encryptedRand", decode_enveloped_data, EXPLICIT | 0, OPTIONAL));
static const struct decode_type challenges = LIST_TYPE("POPODecKeyChallContent", challenge, 0);
static const struct decode_type solutions = LIST_TYPE("POPODecKeyRespContent", decode_integer, 0);

/* ---- revocation ---- */

static const struct decode_type revocation =
    SEQUENCE_TYPE("RevDetails", FIELD("certDetails", decode_cert_template, 0, 0),
                  FIELD("crlEntryDetails", decode_extensions, 0, OPTIONAL));
static const struct decode_type revocations = LIST_TYPE("RevReqContent", revocation, 0);
static const struct decode_type revocation_answer = SEQUENCE_TYPE(
    "RevRepContent", FIELD("status", status_infos, 0, 0), FIELD("revCerts", cert_ids, EXPLICIT | 0, OPTIONAL),
    FIELD("crls", decode_crls, EXPLICIT | 1, OPTIONAL));

/* ---- announcements ---- */

static const struct decode_type ca_announcement =
    CHOICE_TYPE("CAKeyUpdContent", FIELD("cAKeyUpdAnnV2", decode_ca_update, 0, 0),
                FIELD("cAKeyUpdAnnV3", decode_root_update, EXPLICIT | 0, 0));
static const struct decode_type revocation_announcement =
    SEQUENCE_TYPE("RevAnnContent", FIELD("status", status, 0, 0), FIELD("certId", decode_cert_id, 0, 0),
                  FIELD("willBeRevokedAt", decode_generalized_time, 0, 0),
                  FIELD("badSinceDate", decode_generalized_time, 0, 0),
                  FIELD("crlDetails", decode_extensions, 0, OPTIONAL));
static const struct decode_type crl_announcement = LIST_TYPE("CRLAnnContent", decode_crl, 0);

/* ---- errors, confirmation, polling ---- */

static const struct decode_type error = SEQUENCE_TYPE(
    "ErrorMsgContent", FIELD("pKIStatusInfo", status_info, 0, BARE),
    FIELD("errorCode", decode_integer, 0, OPTIONAL), FIELD("errorDetails", decode_texts, 0, OPTIONAL));
static const struct decode_type confirmation =
    SEQUENCE_TYPE("CertStatus", FIELD("certHash", decode_octets, 0, 0),
                  FIELD("certReqId", decode_integer, 0, 0), FIELD("statusInfo", status_info, 0, OPTIONAL),
                  FIELD("hashAlg", decode_algorithm, EXPLICIT | 0, OPTIONAL));
static const struct decode_type confirmations = LIST_TYPE("CertConfirmContent", confirmation, 0);
static const struct decode_type poll_request =
    SEQUENCE_TYPE("PollReqContent element", FIELD("certReqId", decode_integer, 0, 0));
static const struct decode_type poll_requests = LIST_TYPE("PollReqContent", poll_request, 0);
static const struct decode_type poll_answer =
    SEQUENCE_TYPE("PollRepContent element", FIELD("certReqId", decode_integer, 0, 0),
                  FIELD("checkAfter", decode_integer, 0, 0), FIELD("reason", decode_texts, 0, OPTIONAL));
static const struct decode_type poll_answers = LIST_TYPE("PollRepContent", poll_answer, 0);

/* ---- the message ---- */

static const struct decode_type pvno =
    NAMED_TYPE("pvno", CBS_ASN1_INTEGER, decode_show_integer, {1, "cmp1999"}, {2, "cmp2000"}, {3, "cmp2021"});
static const struct decode_type header =
    SEQUENCE_TYPE("PKIHeader", FIELD("pvno", pvno, 0, 0), FIELD("sender", decode_general_name, 0, 0),
                  FIELD("recipient", decode_general_name, 0, 0),
                  FIELD("messageTime", decode_generalized_time, EXPLICIT | 0, OPTIONAL),
                  FIELD("protectionAlg", decode_algorithm, EXPLICIT | 1, OPTIONAL),
                  FIELD("senderKID", decode_octets, EXPLICIT | 2, OPTIONAL),
                  FIELD("recipKID", decode_octets, EXPLICIT | 3, OPTIONAL),
                  FIELD("transactionID", decode_octets, EXPLICIT | 4, OPTIONAL),
                  FIELD("senderNonce", decode_octets, EXPLICIT | 5, OPTIONAL),
                  FIELD("recipNonce", decode_octets, EXPLICIT | 6, OPTIONAL),
                  FIELD("freeText", decode_texts, EXPLICIT | 7, OPTIONAL),
                  FIELD("generalInfo", general_info, EXPLICIT | 8, OPTIONAL));
static const struct decode_type body = CHOICE_TYPE(
    "PKIBody", FIELD("ir", decode_cert_requests, EXPLICIT | 0, 0), FIELD("ip", cert_rep, EXPLICIT | 1, 0),
    FIELD("cr", decode_cert_requests, EXPLICIT | 2, 0), FIELD("cp", cert_rep, EXPLICIT | 3, 0),
    FIELD("p10cr", decode_request, EXPLICIT | 4, 0), FIELD("popdecc", challenges, EXPLICIT | 5, 0),
    FIELD("popdecr", solutions, EXPLICIT | 6, 0), FIELD("kur", decode_cert_requests, EXPLICIT | 7, 0),
    FIELD("kup", cert_rep, EXPLICIT | 8, 0), FIELD("krr", decode_cert_requests, EXPLICIT | 9, 0),
    FIELD("krp", recovered, EXPLICIT | 10, 0), FIELD("rr", revocations, EXPLICIT | 11, 0),
    FIELD("rp", revocation_answer, EXPLICIT | 12, 0), FIELD("ccr", decode_cert_requests, EXPLICIT | 13, 0),
    FIELD("ccp", cert_rep, EXPLICIT | 14, 0), FIELD("ckuann", ca_announcement, EXPLICIT | 15, 0),
    FIELD("cann", decode_cmp_certificate, EXPLICIT | 16, 0),
    FIELD("rann", revocation_announcement, EXPLICIT | 17, 0),
    FIELD("crlann", crl_announcement, EXPLICIT | 18, 0), FIELD("pkiconf", decode_null, EXPLICIT | 19, 0),
    FIELD("nested", decode_pki_messages, EXPLICIT | 20, 0), FIELD("genm", infos, EXPLICIT | 21, 0),
    FIELD("genp", infos, EXPLICIT | 22, 0), FIELD("error", error, EXPLICIT | 23, 0),
    FIELD("certConf", confirmations, EXPLICIT | 24, 0), FIELD("pollReq", poll_requests, EXPLICIT | 25, 0),
    FIELD("pollRep", poll_answers, EXPLICIT | 26, 0));
const struct decode_type decode_pki_message =
    SEQUENCE_TYPE("PKIMessage", FIELD("header", header, 0, 0), FIELD("body", body, 0, 0),
                  FIELD("protection", decode_bits, EXPLICIT | 0, OPTIONAL),
                  FIELD("extraCerts", decode_cmp_certificates, EXPLICIT | 1, OPTIONAL));
const struct decode_type decode_pki_messages = LIST_TYPE("PKIMessages", decode_pki_message, FILLED);
