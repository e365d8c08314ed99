/* Names whose RDNs stand in another order: some devices write them so (RFC 4514 section 2 reverses them for
 * the eye, and software takes that for DER). */
#include "crypto/name_match.h"

enum { RDNS_MAX = 16 };

/* The prints of |name|'s RDNs, each as a name of its own. Returns how many, 0 if they cannot be told. */
static size_t print_rdns(struct name_print out[RDNS_MAX], struct bytes name)
{
    CBS cbs = cbs_of(name), sequence, rdn;
    size_t count = 0;

    if (!name_is_plain(name) || !CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE))
        return 0;
    while (CBS_len(&sequence) != 0) {
        CBB alone, content;
        if (count == RDNS_MAX || !CBS_get_asn1_element(&sequence, &rdn, CBS_ASN1_SET) ||
            !CBB_init(&alone, 64))
            return 0;
        out[count].made = 0;
        if (CBB_add_asn1(&alone, &content, CBS_ASN1_SEQUENCE) &&
            der_add_bytes(&content, bytes_of_cbs(&rdn)) && CBB_flush(&alone))
            out[count] = name_print(bytes_of(CBB_data(&alone), CBB_len(&alone)));
        CBB_cleanup(&alone);
        count++;
    }
    return count;
}

int name_has_same_rdns(struct bytes a, struct bytes b)
{
    struct name_print of_a[RDNS_MAX], of_b[RDNS_MAX];
    size_t count = print_rdns(of_a, a), j;

    if (count == 0 || print_rdns(of_b, b) != count)
        return 0;
    for (size_t i = 0; i < count; i++) {
        for (j = 0; j < count && !name_print_equal(&of_a[i], &of_b[j]); j++)
            ;
        if (j == count)
            return 0;
        of_b[j].made = 0; /* each stands for one */
    }
    return 1;
}
