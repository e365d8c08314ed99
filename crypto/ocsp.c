/* ocsp.c: what requests and responses of OCSP have in common: CertID, extensions (RFC 6960 4.1.1, 4.4). */
#include "crypto/ocsp_internal.h"

/* { iso(1) identified-organization(3) dod(6) internet(1) security(5) mechanisms(5) pkix(7) ad(48) ocsp(1) }
 */
static const uint8_t id_pkix_ocsp[8] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01};

int ocsp_add_oid(CBB *cbb, uint8_t last)
{
    uint8_t oid[sizeof id_pkix_ocsp + 1];

    memcpy(oid, id_pkix_ocsp, sizeof id_pkix_ocsp);
    oid[sizeof id_pkix_ocsp] = last;
    return der_add_oid(cbb, bytes_of(oid, sizeof oid));
}

int ocsp_is_oid(const CBS *oid, uint8_t last)
{
    return CBS_len(oid) == sizeof id_pkix_ocsp + 1 &&
           memcmp(CBS_data(oid), id_pkix_ocsp, sizeof id_pkix_ocsp) == 0 &&
           CBS_data(oid)[sizeof id_pkix_ocsp] == last;
}

int ocsp_add_nonce(CBB *list, struct bytes nonce)
{
    CBB extension, value;

    return nonce.len == 0 ||
           (CBB_add_asn1(list, &extension, CBS_ASN1_SEQUENCE) && ocsp_add_oid(&extension, OCSP_NONCE) &&
            CBB_add_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) &&
            der_add_octets(&value, CBS_ASN1_OCTETSTRING, nonce) && CBB_flush(list));
}

/* RFC 9654 2.1: "Nonce ::= OCTET STRING(SIZE(1..128))" */
static int read_nonce(struct bytes *out, CBS value)
{
    CBS nonce;

    if (out->len != 0 || !CBS_get_asn1(&value, &nonce, CBS_ASN1_OCTETSTRING) || CBS_len(&value) != 0 ||
        CBS_len(&nonce) == 0 || CBS_len(&nonce) > BOUND_OCSP_NONCE)
        return 0;
    *out = bytes_of_cbs(&nonce);
    return 1;
}

static int read_extension(struct bytes *nonce, CBS *list)
{
    CBS extension, oid, value;
    int critical = 0;

    if (!CBS_get_asn1(list, &extension, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&extension, &oid, CBS_ASN1_OBJECT) ||
        (CBS_peek_asn1_tag(&extension, CBS_ASN1_BOOLEAN) && !CBS_get_asn1_bool(&extension, &critical)) ||
        !CBS_get_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) || CBS_len(&extension) != 0)
        return 0;
    if (nonce != NULL && ocsp_is_oid(&oid, OCSP_NONCE))
        return read_nonce(nonce, value);
    return !critical;
}

int ocsp_read_extensions(struct bytes *nonce, CBS extensions)
{
    CBS list;

    if (!CBS_get_asn1(&extensions, &list, CBS_ASN1_SEQUENCE) || CBS_len(&extensions) != 0 ||
        CBS_len(&list) == 0)
        return 0;
    while (CBS_len(&list) != 0)
        if (!read_extension(nonce, &list))
            return 0;
    return 1;
}

int ocsp_parse_cert_id(struct ocsp_cert_id *out, CBS *cbs)
{
    CBS whole, content, algorithm, name_hash, key_hash, serial;
    const struct digest_algorithm *digest;

    if (!CBS_get_asn1_element(cbs, &whole, CBS_ASN1_SEQUENCE))
        return 0;
    out->der = bytes_of_cbs(&whole);
    if (!CBS_get_asn1(&whole, &content, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1_element(&content, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&content, &name_hash, CBS_ASN1_OCTETSTRING) ||
        !CBS_get_asn1(&content, &key_hash, CBS_ASN1_OCTETSTRING) ||
        !CBS_get_asn1(&content, &serial, CBS_ASN1_INTEGER) || CBS_len(&serial) == 0 || CBS_len(&content) != 0)
        return 0;
    digest = digest_parse(&algorithm);
    out->digest = digest != NULL && CBS_len(&algorithm) == 0 ? digest->id : DIGEST_NONE;
    out->issuer_name_hash = bytes_of_cbs(&name_hash);
    out->issuer_key_hash = bytes_of_cbs(&key_hash);
    out->serial = bytes_of_cbs(&serial);
    return 1;
}

/* The octets of subjectPublicKey "excluding the tag, length, and number of unused bits" (RFC 6960 4.1.1). */
struct bytes ocsp_key_octets(struct bytes spki)
{
    CBS cbs = cbs_of(spki), sequence, key;

    if (!CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, NULL, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, &key, CBS_ASN1_BITSTRING) || CBS_len(&key) < 1)
        return bytes_of(NULL, 0);
    return bytes_of(CBS_data(&key) + 1, CBS_len(&key) - 1);
}

static int is_digest_of(struct bytes hash, enum digest_id digest, struct bytes data)
{
    uint8_t own[DIGEST_MAX];
    size_t len = digest_compute(own, digest, data);

    return len != 0 && bytes_equal(hash, bytes_of(own, len));
}

int ocsp_id_is_of(const struct ocsp_cert_id *id, struct bytes name, struct bytes spki)
{
    return is_digest_of(id->issuer_key_hash, id->digest, ocsp_key_octets(spki)) &&
           is_digest_of(id->issuer_name_hash, id->digest, name);
}
