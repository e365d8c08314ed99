/* bundle.c: see bundle.h. */
#include "crypto/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/der.h"

/* 1.2.840.113549.1.7.1 id-data, .2 id-signedData */
static const uint8_t id_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1};
static const uint8_t id_signed_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2};

static int compare(const void *a, const void *b)
{
    const struct bytes *left = a, *right = b;
    size_t len = left->len < right->len ? left->len : right->len;
    int order = memcmp(left->data, right->data, len);

    return order != 0 ? order : (left->len > right->len) - (left->len < right->len);
}

/* CertificateSet is a SET OF: DER sorts it (X.690 11.6). */
static int add_set(CBB *signed_data, struct arena *arena, const struct bytes *certs, size_t n)
{
    struct bytes *sorted = arena_alloc(arena, n * sizeof *sorted);
    CBB set;

    if (sorted == NULL ||
        !CBB_add_asn1(signed_data, &set, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0))
        return 0;
    memcpy(sorted, certs, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare);
    for (size_t i = 0; i < n; i++)
        if (!der_add_bytes(&set, sorted[i]))
            return 0;
    return CBB_flush(signed_data);
}

/* RFC 5652 5.1: "there are no signers […] the version MUST be 1 […] eContent is omitted, digestAlgorithms and
 * signerInfos are empty". */
int bundle_certificates(struct bytes *out, struct arena *arena, const struct bytes *certs, size_t n)
{
    CBB cbb, info, content, signed_data, digests, encapsulated, signers;
    int ok = CBB_init(&cbb, 4096) && CBB_add_asn1(&cbb, &info, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&info, bytes_of(id_signed_data, sizeof id_signed_data)) &&
             CBB_add_asn1(&info, &content, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0) &&
             CBB_add_asn1(&content, &signed_data, CBS_ASN1_SEQUENCE) && der_add_int64(&signed_data, 1) &&
             CBB_add_asn1(&signed_data, &digests, CBS_ASN1_SET) &&
             CBB_add_asn1(&signed_data, &encapsulated, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&encapsulated, bytes_of(id_data, sizeof id_data)) &&
             add_set(&signed_data, arena, certs, n) && CBB_add_asn1(&signed_data, &signers, CBS_ASN1_SET);

    return der_finish(out, arena, &cbb, ok);
}
