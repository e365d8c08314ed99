/* general.c: what a profile answers to general messages (RFC 9810 5.3.19, RFC 9483 4.3.3). */
#include "tests/support/hex.h"
#include "tests/unit/policy/faults.h"

static struct arena *arena;

static void begin(void)
{
    set_up();
    arena = arena_new(1024 * 1024);
}

static void end(void)
{
    arena_free(arena);
    tear_down();
}

TestSuite(general, .init = begin, .fini = end);

#define P256 "30 13 06 07 2a 86 48 ce 3d 02 01 06 08 2a 86 48 ce 3d 03 01 07 "
#define P384 "30 10 06 07 2a 86 48 ce 3d 02 01 06 05 2b 81 04 00 22 "
#define RSA "30 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00 "
#define ED25519 "30 05 06 03 2b 65 70 "

static const char types[] = "types: [P-256, P-384, P-521, RSA, Ed25519]";

static const struct cmp_general *general(void)
{
    return &policy_settings(demo.policy)->default_profile->general;
}

static void expect(struct bytes got, const char *wanted)
{
    char text[2048] = "";

    for (size_t i = 0; i < got.len && i < 600; i++)
        snprintf(text + 3 * i, sizeof text - 3 * i, "%02x ", got.data[i]);
    cr_expect(bytes_equal(got, hex(arena, wanted)), "%s", text);
}

/* ---- keys ---- */

Test(general, keys_that_are_certified)
{
    edit(types, "types: [P-256, RSA, Ed25519, RSA]");
    expect(general()->signing_keys, "30 2b " P256 RSA ED25519);
}

/* RFC 5280 4.2.1.3: keyEncipherment is for RSA, keyAgreement for curves. */
Test(general, keys_to_encrypt_with)
{
    edit(types, "types: [P-384, RSA, Ed25519]");
    edit("key_usage: [digitalSignature, keyAgreement]", "key_usage: [digitalSignature]");
    expect(general()->encryption_keys, "");
    edit("key_usage: [digitalSignature]", "key_usage: [digitalSignature, keyEncipherment]");
    expect(general()->encryption_keys, "30 0f " RSA);
    edit("key_usage: [digitalSignature, keyEncipherment]", "key_usage: [keyEncipherment, keyAgreement]");
    expect(general()->encryption_keys, "30 21 " P384 RSA);
}

/* ---- the template ---- */

#define KEY_SPEC "30 22 30 20 06 09 2b 06 01 05 05 07 05 01 0b " P256
#define USAGE                                                                                                \
    "30 0e 06 03 55 1d 0f 01 01 ff 04 04 03 02 03 88 " /* digitalSignature, keyAgreement; critical */
#define SAN "30 07 06 03 55 1d 11 04 00 "              /* to be filled in */

/* RFC 9483 4.3.3: "The publicKey field […] MUST be omitted."
 * RFC 9483 4.3.3: "In the CertTemplate of the CertReqTemplateValue, the serialNumber, signingAlg, issuerUID,
 * and subjectUID fields MUST be omitted." RFC 9483 4.3.3: "if present, the infoValue of the response MUST be
 * a CertReqTemplateValue containing a CertTemplate structure and an optional keySpec field" RFC 9483 4.3.3
 * infoValue.certTemplate: "REQUIRED" RFC 9483 4.3.3 infoValue.certTemplate: "MUST be present if infoValue is
 * present" RFC 9483 4.3.3 infoValue.certTemplate: "The SubjectPublicKeyInfo field MUST be absent" RFC
 * 9483 4.3.3: "In case the PKI management entity wishes to make a stipulation on algorithms […] this MUST be
 * specified using the keySpec field […]"
 * RFC 9483 4.3.3: "For Elliptic Curve (EC) keys, the curve information MUST be specified […]"
 * RFC 9483 4.3.3 infoValue.keySpec: "MUST be present if the PKI management entity has any requirements on the
 * keys generated" RFC 9810 5.3.19.16: "The algorithm field SHALL identify a cryptographic algorithm." RFC
 * 9810 5.3.19.16: "The publicKey field in the certTemplate MUST NOT be used." RFC 9810 5.3.19.16: "In case
 * the PKI management entity wishes to specify supported public-key algorithms, the keySpec field MUST be
 * used." The NULL-DN is for the station to fill in, as is an extension with an empty value. */
Test(general, a_template_that_leaves_all_to_the_station)
{
    edit(types, "types: [P-256]");
    edit("extended_key_usage: [clientAuth, serverAuth]", "extended_key_usage: []");
    expect(general()->request_template, "30 45 "
                                        "30 1f a5 02 30 00 a9 19 " SAN USAGE KEY_SPEC);
}

/* RFC 9483 4.3.3 infoValue: "MUST be present if the PKI management entity has any requirements on the
 * contents of the certificate template" RFC 9483 4.3.3 infoValue.certTemplate: "MUST contain the required
 * CertTemplate structure elements" A part with an empty value is for the station to fill in. */
Test(general, names_that_are_made_of_parts)
{
    edit(types, "types: [P-256]");
    edit("extended_key_usage: [clientAuth, serverAuth]", "extended_key_usage: []");
    edit("subject: [] ", "subject: [O=Op, \"CN=${CN}-${serialNumber}\", \"OU=${signer.CN}\"] ");
    edit("san: [] ", "san: [\"DNS:${CN}.${OU}.example\"] ");
    expect(general()->request_template,
           "30 6a "
           "30 44 a5 30 30 2e "
           "31 0b 30 09 06 03 55 04 0a 0c 02 4f 70 " /* O=Op */
           "31 09 30 07 06 03 55 04 03 0c 00 "       /* CN= */
           "31 09 30 07 06 03 55 04 05 13 00 "       /* serialNumber=, PrintableString */
           "31 09 30 07 06 03 55 04 0b 0c 00 "       /* OU=, for the subjectAltName */
           "a9 10 " USAGE KEY_SPEC);
}

/* A name that the server makes alone is not asked for. */
Test(general, names_that_are_the_server_s)
{
    edit(types, "types: [P-256]");
    edit("extended_key_usage: [clientAuth, serverAuth]", "extended_key_usage: []");
    edit("subject: [] ", "subject: [\"CN=${signer.CN}\"] ");
    expect(general()->request_template, "30 41 30 1b a9 19 " SAN USAGE KEY_SPEC);
}

/* What a request would be refused for, or what is ignored, stands in no template. */
Test(general, extensions_that_a_request_may_have)
{
    edit(types, "types: [P-256]");
    edit("honour: [subjectAltName]", "honour: []");
    edit("refuse: [] ", "refuse: [keyUsage] ");
    expect(general()->request_template, "30 4b 30 25 a5 02 30 00 a9 1f "
                                        /* clientAuth, serverAuth */
                                        "30 1d 06 03 55 1d 25 04 16 30 14 06 08 2b 06 01 05 05 07 03 02 "
                                        "06 08 2b 06 01 05 05 07 03 01 " KEY_SPEC);
    edit("refuse: [keyUsage] ", "refuse: [other] ");
    expect(general()->request_template, "30 2a 30 04 a5 02 30 00 " KEY_SPEC);
}

/* RFC 9483 4.3.3: "The value of a keySpec element with the OID id-regCtrl-rsaKeyLen, […] MUST be a positive
 * integer value and give an RSA key length." RFC 9483 4.3.3: "The value of a keySpec element with the OID
 * id-regCtrl-algId, […] MUST be of type AlgorithmIdentifier and give an algorithm other than RSA." RFC
 * 9483 4.3.3 infoValue.keySpec: "MUST contain a sequence of one AttributeTypeAndValue per supported algorithm
 * with attribute id-regCtrl-algId or id-regCtrl-rsaKeyLen"
 * RFC 9810 5.3.19.16: "The id-regCtrl-rsaKeyLen control SHALL be used for algorithm rsaEncryption and SHALL
 * contain the intended modulus bit length of the RSA key." RFC 9810 5.3.19.16: "One AttributeTypeAndValue per
 * supported algorithm or RSA key length MUST be used." */
Test(general, lengths_of_rsa_keys)
{
#define BITS(hi, lo) "30 0f 06 09 2b 06 01 05 05 07 05 01 0c 02 02 " hi " " lo " "
    edit(types, "types: [RSA]");
    edit("honour: [subjectAltName]", "honour: []");
    edit("refuse: [] ", "refuse: [other] ");
    expect(general()->request_template,
           "30 3b 30 04 a5 02 30 00 30 33 " BITS("08", "00") BITS("0c", "00") BITS("10", "00"));
    edit("rsa_bits_min: 2048", "rsa_bits_min: 3072");
    edit("rsa_bits_max: 4096", "rsa_bits_max: 3072");
    expect(general()->request_template, "30 19 30 04 a5 02 30 00 30 11 " BITS("0c", "00"));
    edit("rsa_bits_max: 3072", "rsa_bits_max: 3500");
    edit("rsa_bits_min: 3072", "rsa_bits_min: 3200");
    expect(general()->request_template, "30 19 30 04 a5 02 30 00 30 11 " BITS("0c", "80"));
}

/* ---- the certificate to encrypt with ---- */

static const char from[] = "      unprotected: false";
#define WITH(path) "      encryption_certificate: " path "\n      unprotected: false"

Test(general, encryption_certificate)
{
    cr_expect_eq(general()->encryption_certificate.len, 0);
    cr_expect_not(policy_settings(demo.policy)->default_profile->config->general.unprotected);
    refuse_at(from, WITH("nowhere.pem"), "encryption_certificate:", "cannot read");
    refuse_at(from, WITH("ca/root.pem"),
              "encryption_certificate:", "keyUsage has neither keyEncipherment nor keyAgreement");
}
