/* Proof of possession: RFC 9483 3.6.4, "badPOP: An ir/cr/kur/p10cr contains an invalid proof-of-possession";
 * RFC 4211 section 4, RFC 9483 4.1.1. */
#include "tests/refusals/refusal.h"

#define ECDSA_SHA384 "(1.2.840.10045.4.3.3)"

/* A key other than the one that signs the proof. */
static struct bytes other_spki(struct scene *scene)
{
    CBS spki = cbs_of(scene->world->stranger.cert.spki), content;

    must(CBS_get_asn1(&spki, &content, CBS_ASN1_SEQUENCE));
    return bytes_of_cbs(&content);
}

static const struct refusal rows[] = {
    /* "MUST be present if local key generation is used" */
    {"RFC 9483 4.1.1", "popo absent", PKI_IR, 0, "popo -", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo absent in cr, MAC", PKI_CR, BY_MAC, "popo -", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo absent in kur", PKI_KUR, 0, "popo -", IN_BODY, PKI_BAD_POP},
    /* RFC 9483 5.1.1: "If the special POP value "raVerified" is given, […] (failInfo bit: notAuthorized)" */
    {"RFC 9483 5.1.1", "raVerified of a device", PKI_IR, 0, "popo = 80{}", IN_BODY, PKI_NOT_AUTHORIZED},
    {"RFC 9483 5.1.1", "raVerified, MAC", PKI_CR, BY_MAC, "popo = 80{}", IN_BODY, PKI_NOT_AUTHORIZED},
    {"RFC 9483 5.1.1", "raVerified in kur", PKI_KUR, 0, "popo = 80{}", IN_BODY, PKI_NOT_AUTHORIZED},
    /* "MUST be used by an EE if the key can be used for signing", of signature */
    {"RFC 9483 4.1.1", "keyEncipherment", PKI_IR, 0, "popo = a2{81{00}}", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "keyAgreement", PKI_IR, 0, "popo = a3{81{00}}", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "keyEncipherment, MAC", PKI_CR, BY_MAC, "popo = a2{81{01}}", IN_BODY, PKI_BAD_POP},
    {"RFC 4211 4", "popo with an unknown tag", PKI_IR, 0, "popo = a4{05{}}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 4", "raVerified is constructed", PKI_IR, 0, "popo = a0{}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 4", "raVerified with a value", PKI_IR, 0, "popo = 80{00}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 4.1", "popo is empty", PKI_IR, 0, "popo ~", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 4.1", "popo is primitive", PKI_IR, 0, "popo = 81{00}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 4.1", "popo without a signature", PKI_IR, 0, "popo/1 -", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 4.1", "popo without an algorithm", PKI_IR, 0, "popo/0 -", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 4.1", "popo whose signature is OCTET STRING", PKI_IR, 0, "popo/1 = 04{00}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 4.1", "popo with a trailing element", PKI_IR, 0, "popo + 05{}", IN_BODY, PKI_BAD_DATA_FORMAT},
    {"RFC 4211 4", "popo twice", PKI_IR, 0, "popo *", IN_BODY, PKI_BAD_DATA_FORMAT},
    /* "poposkInput PROHIBITED" */
    {"RFC 9483 4.1.1", "poposkInput", PKI_IR, 0, "popo/0 < a0{a0{a4{30{}}} 30{30{(1.3.101.112)} 03{00aa}}}",
     IN_BODY, PKI_BAD_POP, PKI_BAD_REQUEST},
    {"RFC 9483 4.1.1", "poposkInput, MAC", PKI_IR, BY_MAC,
     "popo/0 < a0{a0{a4{30{}}} 30{30{(1.3.101.112)} 03{00aa}}}", IN_BODY, PKI_BAD_POP, PKI_BAD_REQUEST},
    {"RFC 4211 4.1", "poposkInput without publicKey", PKI_IR, 0, "popo/0 < a0{a0{a4{30{}}}}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
    {"RFC 4211 4.1", "poposkInput without authInfo", PKI_CR, BY_MAC,
     "popo/0 < a0{30{30{(1.3.101.112)} 03{00aa}}}", IN_BODY, PKI_BAD_DATA_FORMAT},
    /* "The signature algorithm MUST be consistent with the publicKey algorithm field of the certTemplate" */
    {"RFC 9483 4.1.1", "popo by RSA for an EC key", PKI_IR, 0, "popo/0 = 30{" RSA_SHA256 "}", IN_BODY,
     PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo by an unknown algorithm", PKI_IR, 0, "popo/0 = 30{(1.2.3.4)}", IN_BODY,
     PKI_BAD_ALG, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo by a digest alone", PKI_CR, 0, "popo/0 = 30{(2.16.840.1.101.3.4.2.1)}", IN_BODY,
     PKI_BAD_ALG, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo with SHA-1", PKI_IR, 0, "popo/0 = 30{(1.2.840.10045.4.1)}", IN_BODY, PKI_BAD_ALG,
     PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo names another digest than it signs", PKI_IR, 0,
     "| popo/0 = 30{" ECDSA_SHA384 "}", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "the algorithm of popo has parameters", PKI_IR, 0, "popo/0 + 05{}", IN_BODY,
     PKI_BAD_ALG, PKI_BAD_POP},
    /* "MUST contain the signature value computed over the DER-encoded certReq" */
    {"RFC 9483 4.1.1", "popo with a bit changed", PKI_IR, 0, "| popo/1 !", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo with a bit changed in cr", PKI_CR, 0, "| popo/1 !", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo with a bit changed in kur", PKI_KUR, 0, "| popo/1 !", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo with a bit changed, MAC", PKI_IR, BY_MAC, "| popo/1 !", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo cut short", PKI_IR, 0, "| popo/1 x", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo of no bits", PKI_IR, 0, "| popo/1 = 03{00}", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo with unused bits", PKI_IR, 0, "| popo/1 = 03{04 f0}", IN_BODY, PKI_BAD_POP,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 4.1.1", "popo over another certReqId", PKI_IR, 0, "| certReq/0 = 02{01}", IN_BODY, PKI_BAD_POP,
     PKI_BAD_REQUEST}, /* to the letter certReqId is 0 */
    {"RFC 9483 4.1.1", "popo over another subject", PKI_CR, 0,
     "| certTemplate/[5] = a5{30{31{30{(2.5.4.3) 0c{'other'}}}}}", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.1", "popo by another key", PKI_IR, 0, "certTemplate/[6] = a6{$}", IN_BODY, PKI_BAD_POP,
     .with = other_spki},
    {"RFC 9483 4.1.1", "popo by another key, MAC", PKI_CR, BY_MAC, "certTemplate/[6] = a6{$}", IN_BODY,
     PKI_BAD_POP, .with = other_spki},
    {"RFC 9483 4.1.1", "popo by another key in kur", PKI_KUR, 0, "certTemplate/[6] = a6{$}", IN_BODY,
     PKI_BAD_POP, .with = other_spki},
    /* RFC 9483 4.1.4: "MUST contain the self-signature for proof-of-possession" */
    {"RFC 9483 4.1.4", "p10cr with a bit changed in its signature", PKI_P10CR, 0, "| content/2 !", IN_BODY,
     PKI_BAD_POP},
    {"RFC 9483 4.1.4", "p10cr signed over another subject", PKI_P10CR, BY_MAC,
     "| content/0/1 = 30{31{30{(2.5.4.3) 0c{'other'}}}}", IN_BODY, PKI_BAD_POP},
    {"RFC 9483 4.1.4", "p10cr signed by another key", PKI_P10CR, 0, "content/0/2 = 30{$}", IN_BODY,
     PKI_BAD_POP, .with = other_spki},
    {"RFC 9483 4.1.4", "p10cr of no signature bits", PKI_P10CR, 0, "| content/2 = 03{00}", IN_BODY,
     PKI_BAD_POP},
    {"RFC 9483 4.1.4", "p10cr by RSA for an EC key", PKI_P10CR, 0, "content/1 = 30{" RSA_SHA256 "}", IN_BODY,
     PKI_BAD_POP},
    {"RFC 9483 4.1.4", "p10cr by an unknown algorithm", PKI_P10CR, 0, "content/1 = 30{(1.2.3.4)}", IN_BODY,
     PKI_BAD_ALG, PKI_BAD_POP},
    {"RFC 9483 4.1.4", "p10cr names another digest than it signs", PKI_P10CR, 0,
     "| content/1 = 30{" ECDSA_SHA384 "}", IN_BODY, PKI_BAD_POP},
    {"RFC 2986 4.2", "p10cr whose signature is OCTET STRING", PKI_P10CR, 0, "content/2 = 04{00}", IN_BODY,
     PKI_BAD_DATA_FORMAT},
};

REFUSALS(refusals_of_popo, rows);
