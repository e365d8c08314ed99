/* ocsp_request.c: requests of OCSP, read and written (RFC 6960 4.1). */
#include "crypto/ocsp_internal.h"

static int read_request(struct ocsp_cert_id *out, CBS *list)
{
    CBS request, extensions;
    int present;

    return CBS_get_asn1(list, &request, CBS_ASN1_SEQUENCE) && ocsp_parse_cert_id(out, &request) &&
           CBS_get_optional_asn1(&request, &extensions, &present, OCSP_CONTEXT | 0) &&
           CBS_len(&request) == 0 && (!present || ocsp_read_extensions(NULL, extensions));
}

static int read_list(struct ocsp_request *out, CBS list)
{
    while (CBS_len(&list) != 0) {
        if (out->count == BOUND_OCSP_REQUESTS || !read_request(&out->ids[out->count], &list))
            return 0;
        out->count++;
    }
    return out->count != 0;
}

/* DER leaves the default out; some write it. */
static int read_version(CBS *tbs)
{
    CBS version;
    int64_t number = 0;
    int present;

    return CBS_get_optional_asn1(tbs, &version, &present, OCSP_CONTEXT | 0) &&
           (!present || (der_get_int64(&version, &number) && CBS_len(&version) == 0 && number == 0));
}

static int read_tbs(struct ocsp_request *out, CBS tbs)
{
    CBS list, extensions;
    int present;

    return read_version(&tbs) && CBS_get_optional_asn1(&tbs, NULL, NULL, OCSP_CONTEXT | 1) &&
           CBS_get_asn1(&tbs, &list, CBS_ASN1_SEQUENCE) &&
           CBS_get_optional_asn1(&tbs, &extensions, &present, OCSP_CONTEXT | 2) && CBS_len(&tbs) == 0 &&
           (!present || ocsp_read_extensions(&out->nonce, extensions)) && read_list(out, list);
}

/* Its form alone. */
static int read_signature(CBS outer)
{
    CBS signature, certs;
    int present;

    return CBS_get_asn1(&outer, &signature, CBS_ASN1_SEQUENCE) && CBS_len(&outer) == 0 &&
           CBS_get_asn1(&signature, NULL, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&signature, NULL, CBS_ASN1_BITSTRING) &&
           CBS_get_optional_asn1(&signature, &certs, &present, OCSP_CONTEXT | 0) &&
           CBS_len(&signature) == 0 &&
           (!present || (CBS_get_asn1(&certs, NULL, CBS_ASN1_SEQUENCE) && CBS_len(&certs) == 0));
}

int ocsp_request_parse(struct ocsp_request *out, struct bytes der)
{
    CBS outer = cbs_of(der), sequence, tbs, signature;
    int present;

    out->count = 0;
    out->nonce = bytes_of(NULL, 0);
    return der.len <= BOUND_OCSP_OCTETS && der_is_strict(NULL, NULL, der, BOUND_DER_DEPTH) &&
           CBS_get_asn1(&outer, &sequence, CBS_ASN1_SEQUENCE) && CBS_len(&outer) == 0 &&
           CBS_get_asn1(&sequence, &tbs, CBS_ASN1_SEQUENCE) &&
           CBS_get_optional_asn1(&sequence, &signature, &present, OCSP_CONTEXT | 0) &&
           CBS_len(&sequence) == 0 && (!present || read_signature(signature)) && read_tbs(out, tbs);
}

/* ---- the plainest ---- */

/* Takes an element of |tag| whose length has one octet off |from|. 1 or 0. */
static int take(struct bytes *content, uint8_t tag, struct bytes *from)
{
    size_t len;

    if (from->len < 2 || from->data[0] != tag || from->data[1] > 127 || from->data[1] > from->len - 2)
        return 0;
    len = from->data[1];
    *content = bytes_of(from->data + 2, len);
    *from = bytes_of(from->data + 2 + len, from->len - 2 - len);
    return 1;
}

int ocsp_request_plain(struct bytes *cert_id, struct bytes *serial, struct bytes der)
{
    enum { SEQUENCE = 0x30, OCTETS = 0x04, INTEGER = 0x02, AROUND = 4 };
    struct bytes rest = der, content, ignored;

    for (int i = 0; i < AROUND; i++) {
        if (!take(&content, SEQUENCE, &rest) || rest.len != 0)
            return 0;
        rest = content;
    }
    *cert_id = rest;
    return take(&content, SEQUENCE, &rest) && rest.len == 0 && take(&ignored, SEQUENCE, &content) &&
           take(&ignored, OCTETS, &content) && take(&ignored, OCTETS, &content) &&
           take(serial, INTEGER, &content) && content.len == 0;
}

/* ---- written ---- */

static int add_digest(CBB *cbb, enum digest_id id, struct bytes data)
{
    uint8_t digest[DIGEST_MAX];
    size_t len = digest_compute(digest, id, data);

    return len != 0 && der_add_octets(cbb, CBS_ASN1_OCTETSTRING, bytes_of(digest, len));
}

static int add_cert_id(CBB *cbb, enum digest_id digest, struct bytes name, struct bytes key,
                       struct bytes serial)
{
    CBB id, algorithm;

    return CBB_add_asn1(cbb, &id, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&id, &algorithm, CBS_ASN1_SEQUENCE) &&
           der_add_oid(&algorithm, digest_algorithm(digest)->oid) && add_digest(&id, digest, name) &&
           add_digest(&id, digest, key) && der_add_uint(&id, serial) && CBB_flush(cbb);
}

static int add_nonce(CBB *tbs, struct bytes nonce)
{
    CBB extensions, list;

    return nonce.len == 0 || (CBB_add_asn1(tbs, &extensions, OCSP_CONTEXT | 2) &&
                              CBB_add_asn1(&extensions, &list, CBS_ASN1_SEQUENCE) &&
                              ocsp_add_nonce(&list, nonce) && CBB_flush(tbs));
}

int ocsp_request_write(struct bytes *out, struct arena *arena, enum digest_id digest, struct bytes name,
                       struct bytes spki, struct bytes serial, struct bytes nonce)
{
    CBB cbb, outer, tbs, list, request;
    int ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &outer, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&outer, &tbs, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&tbs, &list, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&list, &request, CBS_ASN1_SEQUENCE) &&
             add_cert_id(&request, digest, name, ocsp_key_octets(spki), serial) && CBB_flush(&tbs) &&
             add_nonce(&tbs, nonce);

    return der_finish(out, arena, &cbb, ok);
}
