/* The table of what MACs are put together from. */
#include "crypto/mac_terms.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }
#define SCHEME(name, oid, scheme, by_choice)                                                                 \
    {                                                                                                        \
        name, oid, scheme, DIGEST_NONE, 0, 0, by_choice                                                      \
    }
#define HMAC_WITH(name, oid, digest, strength)                                                               \
    {                                                                                                        \
        "hmacWith" name, BYTES(oid), MAC_NONE, digest, 0, strength, 0                                        \
    }
#define AES_GMAC(bits, last)                                                                                 \
    {                                                                                                        \
        "aes" #bits "-GMAC", BYTES("\x60\x86\x48\x01\x65\x03\x04\x01" last), MAC_NONE, DIGEST_NONE,          \
            (bits) / 8, bits, 1                                                                              \
    }

/* RFC 9810 5.1.3.1; RFC 8018 A.5; RFC 9481 6.2.1, RFC 9688 section 4; RFC 9481 6.2.2. By choice: HMAC by
 * itself, for it does not stretch a secret; AES-GMAC, for a client that repeats a nonce gives its key away.
 */
static const struct mac_term terms[] = {
    SCHEME("PasswordBasedMac", BYTES("\x2a\x86\x48\x86\xf6\x7d\x07\x42\x0d"), MAC_PBM, 0),
    SCHEME("PBMAC1", BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e"), MAC_PBMAC1, 0),
    SCHEME("HMAC", BYTES(""), MAC_HMAC, 1),
    HMAC_WITH("SHA224", "\x2a\x86\x48\x86\xf7\x0d\x02\x08", DIGEST_SHA224, 112),
    HMAC_WITH("SHA256", "\x2a\x86\x48\x86\xf7\x0d\x02\x09", DIGEST_SHA256, 128),
    HMAC_WITH("SHA384", "\x2a\x86\x48\x86\xf7\x0d\x02\x0a", DIGEST_SHA384, 192),
    HMAC_WITH("SHA512", "\x2a\x86\x48\x86\xf7\x0d\x02\x0b", DIGEST_SHA512, 256),
    HMAC_WITH("SHA3-224", "\x60\x86\x48\x01\x65\x03\x04\x02\x0d", DIGEST_SHA3_224, 112),
    HMAC_WITH("SHA3-256", "\x60\x86\x48\x01\x65\x03\x04\x02\x0e", DIGEST_SHA3_256, 128),
    HMAC_WITH("SHA3-384", "\x60\x86\x48\x01\x65\x03\x04\x02\x0f", DIGEST_SHA3_384, 192),
    HMAC_WITH("SHA3-512", "\x60\x86\x48\x01\x65\x03\x04\x02\x10", DIGEST_SHA3_512, 256),
    AES_GMAC(128, "\x09"),
    AES_GMAC(192, "\x1d"),
    AES_GMAC(256, "\x31"),
};
enum { TERMS = sizeof terms / sizeof terms[0] };

/* RFC 2104 in the IPsec arc: RFC 4210's; RFC 8018 B.1.1. */
static const struct bytes hmac_sha1[] = {
    BYTES("\x2b\x06\x01\x05\x05\x08\x01\x02"),
    BYTES("\x2a\x86\x48\x86\xf7\x0d\x02\x07"),
};

const struct mac_term *mac_term(size_t i)
{
    return i < TERMS ? &terms[i] : NULL;
}

const struct mac_term *mac_term_with(struct bytes oid)
{
    for (size_t i = 0; i < TERMS; i++)
        if (terms[i].oid.len != 0 && bytes_equal(oid, terms[i].oid))
            return &terms[i];
    return NULL;
}

const struct mac_term *mac_term_of_scheme(enum mac_scheme scheme)
{
    for (size_t i = 0; i < TERMS; i++)
        if (scheme != MAC_NONE && terms[i].scheme == scheme)
            return &terms[i];
    return NULL;
}

const struct mac_term *mac_term_of_hmac(enum digest_id digest)
{
    for (size_t i = 0; i < TERMS; i++)
        if (digest != DIGEST_NONE && terms[i].digest == digest)
            return &terms[i];
    return NULL;
}

size_t mac_term_number(const struct mac_term *term)
{
    return (size_t)(term - terms);
}

/* RFC 9688 section 4: those of SHA-3 are absent. */
static int takes_parameters(enum digest_id digest, struct bytes params)
{
    int absent = params.len == 0;

    return absent ||
           (!digest_algorithm(digest)->without_parameters && bytes_equal(params, bytes_of("\x05\x00", 2)));
}

enum digest_id hmac_parse(CBS *cbs)
{
    const struct mac_term *term;
    enum digest_id digest;
    CBS sequence, oid;

    if (!CBS_get_asn1(cbs, &sequence, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT))
        return DIGEST_NONE;
    if (bytes_equal(bytes_of_cbs(&oid), hmac_sha1[0]) || bytes_equal(bytes_of_cbs(&oid), hmac_sha1[1]))
        digest = DIGEST_SHA1;
    else if ((term = mac_term_with(bytes_of_cbs(&oid))) != NULL)
        digest = term->digest;
    else
        return DIGEST_NONE;
    return digest != DIGEST_NONE && takes_parameters(digest, bytes_of_cbs(&sequence)) ? digest : DIGEST_NONE;
}

int hmac_encode(CBB *out, enum digest_id digest)
{
    const struct mac_term *term = mac_term_of_hmac(digest);
    CBB algorithm;

    return (term != NULL || digest == DIGEST_SHA1) && CBB_add_asn1(out, &algorithm, CBS_ASN1_SEQUENCE) &&
           der_add_oid(&algorithm, term != NULL ? term->oid : hmac_sha1[0]) && CBB_flush(out);
}
