/* CertTemplate and controls: RFC 4211 sections 5 and 6, RFC 9483 4.1.1, 4.1.3 and 4.1.4. A fault there is
 * told by ip, cp or kup (RFC 9483 3.6.2). */
#include "crypto/name.h"
#include "tests/refusals/refusal.h"

#define EXTENSION(oid, value) "30{(" oid ") 04{" value "}}"
#define SAN(value) EXTENSION("2.5.29.17", value)
#define ADD_EXTENSIONS(list) "certTemplate + a9{" list "}"
#define FOUR(oid)                                                                                            \
    EXTENSION(oid ".1", "00") EXTENSION(oid ".2", "00") EXTENSION(oid ".3", "00") EXTENSION(oid ".4", "00")
#define OLD_CERT_ID "certReq/2/0/1"

/* A point in uncompressed form whose coordinates are all 1: on no curve that is supported. */
#define ONES32 "01010101010101010101010101010101 01010101010101010101010101010101"
#define EC_KEY(curve, point) "certTemplate/[6] = a6{30{(1.2.840.10045.2.1) (" curve ")} 03{00 " point "}}"
#define P256 "1.2.840.10045.3.1.7"

static struct bytes own_spki(struct scene *scene)
{
    CBS spki = cbs_of(scene->own.cert.spki), content;

    must(CBS_get_asn1(&spki, &content, CBS_ASN1_SEQUENCE));
    return bytes_of_cbs(&content);
}

/* A kur that is signed by somebody else than the holder of the certificate that it names. */
static void sign_as_the_device(struct scene *scene)
{
    client_sign_by(&scene->device, &scene->world->device, &scene->world->vendor_ca.cert_der, 1);
}

/* The same key is asked to be certified again, under a profile that wants none twice. */
static void ask_before(struct scene *scene, struct bytes good)
{
    struct answer answer;

    scene->client->transaction_id[0] ^= 1;
    answer = world_send(scene->world, client_request(scene->client, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    scene->client->transaction_id[0] ^= 1;
    scene->world->config.keys.unique = 1;
    (void)good;
}

/* The key that is asked for was lost since. */
static void block_before(struct scene *scene, struct bytes good)
{
    struct world *world = scene->world;
    struct world_blocked_key *key = &world->blocked_keys[world->blocked_key_count++];
    uint8_t *hash = arena_alloc(world->rows, DIGEST_MAX);

    (void)good;
    must(hash != NULL);
    digest_compute(hash, DIGEST_SHA256, private_key_spki(scene->client->key));
    key->row = (struct store_blocked_key){.spki_hash = bytes_of(hash, STORE_HASH), .reason = 1};
}

#define CONTROL(number, value) "certReq + 30{30{(1.3.6.1.5.5.7.5.1." number ") " value "}}"
#define REG_INFO(number, value) "certReqMsg + 30{30{(1.3.6.1.5.5.7.5.2." number ") " value "}}"
#define PAIR "30{(1.3.6.1.5.5.7.5.2.1) 0c{'a?b%'}}"

static const struct refusal rows[] = {
    /* "version […] MUST be 2 if supplied" */
    {"RFC 9483 4.1.1", "version 0", PKI_IR, 0, "certTemplate/0 < 80{00}", IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "version 1", PKI_CR, 0, "certTemplate/0 < 80{01}", IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "version 3", PKI_IR, BY_MAC, "certTemplate/0 < 80{03}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "version -1", PKI_IR, 0, "certTemplate/0 < 80{ff}", IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "version 512 and 2", PKI_IR, 0, "certTemplate/0 < 80{0202}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "version 0 in kur", PKI_KUR, 0, "certTemplate/0 < 80{00}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 4211 5", "version is constructed", PKI_IR, 0, "certTemplate/0 < a0{02{02}}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "version twice", PKI_IR, 0, "certTemplate/0 < 80{02}; certTemplate/0 *", IN_BODY,
     PKI_BAD_DATA_FORMAT},

    /* RFC 4211 5: "This field MUST be omitted. It is assigned by the CA during certificate creation." */
    {"RFC 4211 5", "serialNumber", PKI_IR, 0, "certTemplate/0 < 81{05}", IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"RFC 4211 5", "serialNumber, MAC", PKI_CR, BY_MAC, "certTemplate/0 < 81{05}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 4211 5", "serialNumber in kur", PKI_KUR, 0, "certTemplate/0 < 81{05}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 4211 5", "serialNumber is empty", PKI_IR, 0, "certTemplate/0 < 81{}", IN_BODY, PKI_BAD_DATA_FORMAT},
    /* "signingAlg MUST be omitted", "issuerUID MUST be omitted", "subjectUID MUST be omitted" */
    {"RFC 4211 5", "signingAlg", PKI_IR, 0, "certTemplate/0 < a2{(1.2.840.10045.4.3.2)}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 4211 5", "issuerUID", PKI_IR, 0, "certTemplate/[6] > 87{00ff}", IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"RFC 4211 5", "subjectUID", PKI_CR, 0, "certTemplate/[6] > 88{00ff}", IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"RFC 4211 5", "subjectUID, MAC", PKI_IR, BY_MAC, "certTemplate/[6] > 88{00ff}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},

    {"RFC 4211 5", "issuer is INTEGER", PKI_IR, 0, "certTemplate/0 < a3{02{01}}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "issuer of two Names", PKI_IR, 0, "certTemplate/0 < a3{30{} 30{}}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "issuer is empty", PKI_IR, 0, "certTemplate/0 < a3{}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "issuer is primitive", PKI_IR, 0, "certTemplate/0 < 83{00}", IN_BODY, PKI_BAD_DATA_FORMAT},

    {"RFC 4211 5", "validity of INTEGER", PKI_IR, 0, "certTemplate/0 < a4{a0{02{01}}}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "validity without tags", PKI_IR, 0,
     "certTemplate/0 < a4{17{'270115080000Z'} 17{'280115080000Z'}}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "validity with notAfter first", PKI_CR, 0,
     "certTemplate/0 < a4{a1{17{'280115080000Z'}} a0{17{'270115080000Z'}}}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "validity with notBefore twice", PKI_IR, 0,
     "certTemplate/0 < a4{a0{17{'280115080000Z'}} a0{17{'270115080000Z'}}}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "notBefore of two times", PKI_IR, 0,
     "certTemplate/0 < a4{a0{17{'280115080000Z'} 17{'280115080000Z'}}}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "notBefore is empty", PKI_IR, 0, "certTemplate/0 < a4{a0{}}", IN_BODY,
     PKI_BAD_DATA_FORMAT},

    {"RFC 4211 5", "subject is INTEGER", PKI_IR, 0, "certTemplate/[5] = a5{02{01}}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "subject is empty", PKI_IR, 0, "certTemplate/[5] ~", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "subject of two Names", PKI_CR, 0, "certTemplate/[5]/0 *", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "subject twice", PKI_IR, BY_MAC, "certTemplate/[5] *", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "subject is primitive", PKI_IR, 0, "certTemplate/[5] = 85{00}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "subject after publicKey", PKI_IR, 0, "certTemplate/[5] -; certTemplate/[6] > a5{30{}}",
     IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 2986 4.1", "subject of a p10cr is a string", PKI_P10CR, 0, "content/0/1 = 0c{'x'}", IN_BODY,
     PKI_BAD_DATA_FORMAT},

    /* "The EE's identity MUST be carried in the subject field and/or the subjectAltName extension. If subject
     * name is present only in the subjectAltName extension, then the subject field MUST be NULL-DN" */
    {"RFC 9483 4.1.1", "subject absent", PKI_IR, STRICT, "certTemplate/[5] -", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "subject absent in cr, MAC", PKI_CR, STRICT | BY_MAC, "certTemplate/[5] -", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "subject absent beside a subjectAltName", PKI_IR, STRICT,
     "certTemplate/[5] -; " ADD_EXTENSIONS(SAN("30{82{'x'}}")), IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "the NULL-DN alone", PKI_CR, STRICT, "certTemplate/[5] = a5{30{}}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.4", "the NULL-DN alone in p10cr", PKI_P10CR, STRICT, "content/0/1 = 30{}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.4", "the NULL-DN alone in p10cr, MAC", PKI_P10CR, STRICT | BY_PBMAC1, "content/0/1 = 30{}",
     IN_BODY, PKI_BAD_CERT_TEMPLATE},

    /* "publicKey […] MUST be present if local key generation is used" */
    {"RFC 9483 4.1.1", "publicKey absent", PKI_IR, 0, "certTemplate/[6] -", IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey absent in cr, MAC", PKI_CR, BY_MAC, "certTemplate/[6] -", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey absent in kur", PKI_KUR, 0, "certTemplate/[6] -", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey of no bits, for central key generation", PKI_IR, 0,
     "certTemplate/[6]/1 = 03{00}", IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey without algorithm", PKI_IR, 0, "certTemplate/[6]/0 -", IN_BODY,
     PKI_BAD_CERT_TEMPLATE, PKI_BAD_DATA_FORMAT},
    {"RFC 9483 4.1.1", "publicKey of an unknown algorithm", PKI_IR, 0, "certTemplate/[6]/0 = 30{(1.2.3.4)}",
     IN_BODY, PKI_BAD_ALG, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey on an unknown curve", PKI_IR, 0, EC_KEY("1.3.132.0.10", "04" ONES32 ONES32),
     IN_BODY, PKI_BAD_ALG, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey on the curve of another", PKI_IR, 0,
     EC_KEY("1.3.132.0.34", "04" ONES32 ONES32), IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey off its curve", PKI_IR, 0, EC_KEY(P256, "04" ONES32 ONES32), IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey off its curve by a bit", PKI_CR, 0, "certTemplate/[6]/1 !", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey is the point at infinity", PKI_IR, 0, EC_KEY(P256, "00"), IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey cut short", PKI_IR, 0, "certTemplate/[6]/1 x", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey is an RSA key of 512 bits", PKI_IR, 0,
     "certTemplate/[6] = a6{30{(1.2.840.113549.1.1.1) 05{}} 03{00 30{02{00 c1 010101 01010101 01010101 "
     "01010101 " ONES32 " 01010101 01010101 01010101} 02{010001}}}}",
     IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey is an RSA key without an exponent", PKI_IR, 0,
     "certTemplate/[6] = a6{30{(1.2.840.113549.1.1.1) 05{}} 03{00 30{02{00c1}}}}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.1", "publicKey with a trailing element", PKI_IR, 0, "certTemplate/[6] + 05{}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "publicKey twice", PKI_IR, 0, "certTemplate/[6] *", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 9483 4.1.4", "publicKey of a p10cr off its curve", PKI_P10CR, 0, "content/0/2/1 !", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.4", "publicKey of a p10cr absent", PKI_P10CR, 0, "content/0/2 -", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    /* RFC 9483 3.6.4 badCertTemplate: "the given public key is already in use in some other certificate
     * (depending on policy)" */
    {"RFC 9483 3.6.4", "publicKey is in use", PKI_IR, 0, "", IN_BODY, PKI_BAD_CERT_TEMPLATE,
     .before = ask_before},
    /* Not of an RFC: a key that was revoked for keyCompromise is nobody's any more. */
    {"RFC 5280 5.3.1", "publicKey is blocked, ir", PKI_IR, 0, "", IN_BODY, PKI_BAD_CERT_TEMPLATE,
     .before = block_before},
    {"RFC 5280 5.3.1", "publicKey is blocked, ir by MAC", PKI_IR, BY_MAC, "", IN_BODY, PKI_BAD_CERT_TEMPLATE,
     .before = block_before},
    {"RFC 5280 5.3.1", "publicKey is blocked, p10cr", PKI_P10CR, 0, "", IN_BODY, PKI_BAD_CERT_TEMPLATE,
     .before = block_before},
    {"RFC 5280 5.3.1", "publicKey is blocked, kur", PKI_KUR, 0, "", IN_BODY, PKI_BAD_CERT_TEMPLATE,
     .before = block_before},

    {"RFC 4211 5", "extension is a string", PKI_IR, 0, ADD_EXTENSIONS("0c{'x'}"), IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "extension is empty", PKI_CR, 0, ADD_EXTENSIONS("30{}"), IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "extension without a value", PKI_IR, 0, ADD_EXTENSIONS("30{(2.5.29.17)}"), IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "extension whose value is no OCTET STRING", PKI_IR, 0,
     ADD_EXTENSIONS("30{(2.5.29.17) 30{82{'x'}}}"), IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "extension whose criticality is INTEGER", PKI_IR, 0,
     ADD_EXTENSIONS("30{(2.5.29.17) 02{01} 04{30{82{'x'}}}}"), IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "extension with a trailing element", PKI_IR, BY_MAC,
     ADD_EXTENSIONS("30{(2.5.29.17) 04{30{82{'x'}}} 05{}}"), IN_BODY, PKI_BAD_DATA_FORMAT},
    /* "The subject field and/or the subjectAltName extension of the certTemplate MUST contain the EE subject
     * name of the existing certificate to be updated" */
    {"RFC 9483 4.1.3", "kur without a name", PKI_KUR, STRICT, "certTemplate/[5] -", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    /* RFC 5280 4.2: "A certificate MUST NOT include more than one instance of a particular extension." */
    {"RFC 5280 4.2", "an extension twice", PKI_IR, 0, ADD_EXTENSIONS(SAN("30{82{'x'}}") SAN("30{82{'x'}}")),
     IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"server/base/bounds.h", "17 extensions", PKI_IR, 0,
     ADD_EXTENSIONS(FOUR("1.2.1") FOUR("1.2.2") FOUR("1.2.3") FOUR("1.2.4") EXTENSION("1.2.5", "00")),
     IN_BODY, PKI_BAD_CERT_TEMPLATE},
    /* RFC 5280 4.2.1.6: GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName. The value is within an OCTET
     * STRING: whether it is the message that is malformed, or its template that is not accepted, is open. */
    {"RFC 5280 4.2.1.6", "subjectAltName of no name", PKI_IR, 0, ADD_EXTENSIONS(SAN("30{}")), IN_BODY,
     PKI_BAD_DATA_FORMAT, PKI_BAD_CERT_TEMPLATE},
    {"RFC 5280 4.2.1.6", "subjectAltName of no octet", PKI_IR, 0, ADD_EXTENSIONS(SAN("")), IN_BODY,
     PKI_BAD_DATA_FORMAT, PKI_BAD_CERT_TEMPLATE},
    {"RFC 5280 4.2.1.6", "subjectAltName of an unknown form", PKI_CR, 0, ADD_EXTENSIONS(SAN("30{89{'x'}}")),
     IN_BODY, PKI_BAD_DATA_FORMAT, PKI_BAD_CERT_TEMPLATE},
    {"RFC 5280 4.2.1.6", "subjectAltName of a constructed dNSName", PKI_IR, 0,
     ADD_EXTENSIONS(SAN("30{a2{82{'x'}}}")), IN_BODY, PKI_BAD_DATA_FORMAT, PKI_BAD_CERT_TEMPLATE},
    {"RFC 5280 4.2.1.6", "subjectAltName with a length too long", PKI_IR, 0,
     ADD_EXTENSIONS(SAN("30 06 82 01 78")), IN_BODY, PKI_BAD_DATA_FORMAT, PKI_BAD_CERT_TEMPLATE},
    {"RFC 5280 4.2.1.6", "subjectAltName in BER", PKI_IR, 0, ADD_EXTENSIONS(SAN("30 81 03 82 01 78")),
     IN_BODY, PKI_BAD_DATA_FORMAT, PKI_BAD_CERT_TEMPLATE},
    {"RFC 5280 4.2.1.6", "subjectAltName with octets after it", PKI_IR, 0,
     ADD_EXTENSIONS(SAN("30{82{'x'}} 00")), IN_BODY, PKI_BAD_DATA_FORMAT, PKI_BAD_CERT_TEMPLATE},
    {"RFC 4211 5", "certTemplate with an unknown field", PKI_IR, 0, "certTemplate + aa{05{}}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "certTemplate is a SET", PKI_IR, 0, "certTemplate = 31{}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "certTemplate absent", PKI_IR, 0, "certTemplate -", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "certTemplate is empty", PKI_IR, 0, "certTemplate ~", IN_BODY, PKI_BAD_CERT_TEMPLATE},

    /* PKCS #10: version "MUST be 0 to indicate PKCS #10 v1.7" */
    {"RFC 9483 4.1.4", "version of a p10cr is 1", PKI_P10CR, 0, "content/0/0 = 02{01}", IN_BODY,
     PKI_BAD_DATA_FORMAT, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.4", "version of a p10cr absent", PKI_P10CR, 0, "content/0/0 -", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 2986 4.1", "attribute that is empty", PKI_P10CR, 0, "content/0/3 + 30{}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 2986 4.1", "attribute without values", PKI_P10CR, BY_MAC,
     "content/0/3 + 30{(1.2.840.113549.1.9.14)}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 2985 5.4.2", "extensionRequest of INTEGER", PKI_P10CR, 0,
     "content/0/3 + 30{(1.2.840.113549.1.9.14) 31{02{01}}}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 2985 5.4.2", "extensionRequest of two values", PKI_P10CR, 0,
     "content/0/3 + 30{(1.2.840.113549.1.9.14) 31{30{} 30{}}}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 2985 5.4.2", "extensionRequest with a malformed extension", PKI_P10CR, 0,
     "content/0/3 + 30{(1.2.840.113549.1.9.14) 31{30{30{}}}}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 2986 4.1", "attributes without their tag", PKI_P10CR, 0, "content/0/3 = 31{}", IN_BODY,
     PKI_BAD_DATA_FORMAT},

    /* Controls ::= SEQUENCE SIZE (1..MAX) OF AttributeTypeAndValue (RFC 4211 section 6) */
    {"RFC 4211 6", "controls of none", PKI_IR, 0, "certReq + 30{}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6", "control that is empty", PKI_IR, 0, "certReq + 30{30{}}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6", "control of type INTEGER", PKI_CR, BY_MAC, "certReq + 30{30{02{01} 05{}}}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6", "control that is a string", PKI_IR, 0, "certReq + 30{0c{'x'}}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    /* RFC 4211 6.1 and 6.2: "The encoding of regToken SHALL be UTF8String." "The encoding of authenticator
     * SHALL be UTF8String." */
    {"RFC 4211 6.1", "regToken is a PrintableString", PKI_IR, 0, CONTROL("1", "13{'once'}"), IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.1", "regToken is no UTF-8", PKI_IR, BY_MAC, CONTROL("1", "0c{c3 28}"), IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.1", "regToken without a value", PKI_CR, 0, CONTROL("1", ""), IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.1", "regToken is empty", PKI_IR, BY_PBMAC1, CONTROL("1", "0c{}"), IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.1", "regToken twice", PKI_IR, 0,
     "certReq + 30{30{(1.3.6.1.5.5.7.5.1.1) 0c{'a'}} 30{(1.3.6.1.5.5.7.5.1.1) 0c{'a'}}}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.2", "authenticator is an OCTET STRING", PKI_CR, BY_MAC, CONTROL("2", "04{'x'}"), IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.2", "authenticator of two values", PKI_IR, 0, CONTROL("2", "0c{'x'} 0c{'y'}"), IN_BODY,
     PKI_BAD_DATA_FORMAT},
    /* RFC 4211 6.3: "If dontPublish is used, the pubInfos field MUST be omitted." */
    {"RFC 4211 6.3", "dontPublish with pubInfos", PKI_IR, 0, CONTROL("3", "30{02{00} 30{30{02{00}}}}"),
     IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.3", "pkiPublicationInfo of an unknown action", PKI_CR, 0, CONTROL("3", "30{02{02}}"),
     IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.3", "pubInfos of none", PKI_IR, BY_MAC, CONTROL("3", "30{02{01} 30{}}"), IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.3", "pubMethod that is unknown", PKI_IR, 0, CONTROL("3", "30{02{01} 30{30{02{04}}}}"),
     IN_BODY, PKI_BAD_DATA_FORMAT},
    /* RFC 4211 6.4: a private key in whatever form is nothing for this server */
    {"RFC 4211 6.4", "a private key is to be archived", PKI_IR, 0, CONTROL("4", "a0{a0{}}"), IN_BODY,
     PKI_BAD_REQUEST},
    {"RFC 4211 6.4", "what makes a private key is to be archived", PKI_CR, BY_MAC, CONTROL("4", "81{00}"),
     IN_BODY, PKI_BAD_REQUEST},
    {"RFC 4211 6.4", "a key that the CA makes is to be archived", PKI_IR, 0, CONTROL("4", "82{ff}"), IN_BODY,
     PKI_BAD_REQUEST},
    {"RFC 4211 6.4", "pkiArchiveOptions of an unknown choice", PKI_IR, 0, CONTROL("4", "83{ff}"), IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.4", "pkiArchiveOptions with a BOOLEAN of 1", PKI_IR, 0, CONTROL("4", "82{01}"), IN_BODY,
     PKI_BAD_DATA_FORMAT},
    /* RFC 4211 7.1, 7.2: "If this control exists in the regInfo structure, then the certificate template in
     * the request is ignored." An RA's, that is. */
    {"RFC 4211 7.1", "utf8Pairs are an IA5String", PKI_IR, 0, REG_INFO("1", "16{'a?b%'}"), IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 7.1", "utf8Pairs are no UTF-8", PKI_CR, BY_MAC, REG_INFO("1", "0c{ff}"), IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 7.1", "utf8Pairs five times", PKI_IR, 0, "certReqMsg + 30{" PAIR PAIR PAIR PAIR PAIR "}",
     IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 5", "regInfo of nothing", PKI_IR, 0, "certReqMsg + 30{}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 7", "regInfo that is an empty attribute", PKI_IR, 0, "certReqMsg + 30{30{}}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 7.2", "certReq in regInfo of a device", PKI_IR, 0, REG_INFO("2", "30{02{00} 30{}}"), IN_BODY,
     PKI_NOT_AUTHORIZED},
    {"RFC 4211 7.2", "certReq in regInfo, MAC", PKI_CR, BY_MAC, REG_INFO("2", "30{02{00} 30{}}"), IN_BODY,
     PKI_NOT_AUTHORIZED},
    {"RFC 4211 7.2", "certReq in regInfo of a kur", PKI_KUR, 0, REG_INFO("2", "30{02{00} 30{}}"), IN_BODY,
     PKI_NOT_AUTHORIZED},
    {"RFC 4211 7.2", "certReq in regInfo has another certReqId", PKI_IR, 0, REG_INFO("2", "30{02{01} 30{}}"),
     IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 7.2", "certReq in regInfo twice", PKI_IR, 0,
     "certReqMsg + 30{30{(1.3.6.1.5.5.7.5.2.2) 30{02{00} 30{}}} 30{(1.3.6.1.5.5.7.5.2.2) 30{02{00} 30{}}}}",
     IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 7.2", "certReq in regInfo has no certTemplate", PKI_IR, BY_PBMAC1, REG_INFO("2", "30{02{00}}"),
     IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.5", "oldCertID without a value", PKI_KUR, 0, OLD_CERT_ID " -", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.5", "oldCertID without serialNumber", PKI_KUR, 0, OLD_CERT_ID "/1 -", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.5", "oldCertID without issuer", PKI_KUR, 0, OLD_CERT_ID "/0 -", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 6.5", "oldCertID whose issuer is a URI", PKI_KUR, 0, OLD_CERT_ID "/0 = 86{'http://x'}",
     IN_BODY, PKI_BAD_DATA_FORMAT, PKI_BAD_CERT_ID},
    {"RFC 4211 6.5", "oldCertID twice", PKI_KUR, 0, "certReq/2/0 *", IN_BODY, PKI_BAD_DATA_FORMAT},

    /* RFC 9483 3.6.4 badCertId: "A kur, certConf, or rr message references an unknown certificate."
     * RFC 9483 4.1.3: "MUST contain the issuer and serialNumber of the certificate to be updated" */
    {"RFC 9483 4.1.3", "oldCertID of another serialNumber", PKI_KUR, 0, OLD_CERT_ID "/1 !", IN_BODY,
     PKI_BAD_CERT_ID},
    {"RFC 9483 4.1.3", "oldCertID of another issuer", PKI_KUR, 0,
     OLD_CERT_ID "/0 = a4{30{31{30{(2.5.4.3) 0c{'Other CA'}}}}}", IN_BODY, PKI_BAD_CERT_ID},
    /* "Protection of the kur MUST be performed using the certificate to be updated." */
    {"RFC 9483 4.1.3", "kur signed by the vendor's certificate", PKI_KUR, 0, "", IN_BODY, PKI_BAD_CERT_ID,
     .prepare = sign_as_the_device},
    /* "MUST contain the EE subject name of the existing certificate to be updated, without modifications" */
    {"RFC 9483 4.1.3", "subject of a kur is another", PKI_KUR, 0,
     "certTemplate/[5] = a5{30{31{30{(2.5.4.3) 0c{'other'}}}}}", IN_BODY, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.3", "subject of a kur is the NULL-DN", PKI_KUR, 0, "certTemplate/[5] = a5{30{}}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.1.3", "subjectAltName of a kur is new", PKI_KUR, 0, ADD_EXTENSIONS(SAN("30{82{'x'}}")),
     IN_BODY, PKI_BAD_CERT_TEMPLATE},
    /* "A new public-private key pair should be used." */
    {"RFC 9483 4.1.3", "publicKey of a kur is the old one", PKI_KUR, 0, "certTemplate/[6] = a6{$}", IN_BODY,
     PKI_BAD_CERT_TEMPLATE, .with = own_spki},
};

REFUSALS(refusals_of_template, rows);
