/* Several of a kind in one body. */
#include "server/pki/several.h"

#include "server/pki/internal.h"

static const CBS_ASN1_TAG ca_pubs_tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 1;

enum { HEADERS = 32 };

/* The next element of |list|, in as many SEQUENCEs as |depth| says. */
static int wrap_next(struct bytes *out, struct arena *arena, CBS *list, int depth)
{
    CBB cbb, sequence, inner, *in = &sequence;
    CBS element;
    int ok;

    if (!CBS_get_asn1_element(list, &element, CBS_ASN1_SEQUENCE))
        return 0;
    ok = CBB_init(&cbb, CBS_len(&element) + HEADERS) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE);
    if (ok && depth > 1) {
        ok = CBB_add_asn1(&sequence, &inner, CBS_ASN1_SEQUENCE);
        in = &inner;
    }
    return der_finish(out, arena, &cbb, ok && der_add_bytes(in, bytes_of_cbs(&element)));
}

static int split(struct bytes *out, size_t *count, size_t max, struct arena *arena, CBS list, int depth)
{
    for (*count = 0; CBS_len(&list) != 0; ++*count)
        if (*count < max ? !wrap_next(&out[*count], arena, &list, depth)
                         : !CBS_get_asn1(&list, NULL, CBS_ASN1_SEQUENCE))
            return 0;
    return 1;
}

int pki_split(struct bytes *out, size_t *count, size_t max, struct arena *arena, struct bytes body)
{
    CBS cbs = cbs_of(body), list;

    return CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) && CBS_len(&cbs) == 0 &&
           split(out, count, max, arena, list, 1);
}

/* |*ca_pubs|, with its tag, is empty without them. */
static int get_cert_rep(CBS *ca_pubs, CBS *responses, struct bytes body)
{
    CBS cbs = cbs_of(body), content;

    CBS_init(ca_pubs, NULL, 0);
    return CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) && CBS_len(&cbs) == 0 &&
           (!CBS_peek_asn1_tag(&content, ca_pubs_tag) ||
            CBS_get_asn1_element(&content, ca_pubs, ca_pubs_tag)) &&
           CBS_get_asn1(&content, responses, CBS_ASN1_SEQUENCE) && CBS_len(&content) == 0;
}

int pki_split_cert_rep(struct bytes *out, size_t *count, size_t max, struct arena *arena, struct bytes body)
{
    CBS ca_pubs, responses;

    return get_cert_rep(&ca_pubs, &responses, body) && split(out, count, max, arena, responses, 2);
}

static size_t octets_of(const struct bytes *bodies, size_t n)
{
    size_t octets = HEADERS;

    for (size_t i = 0; i < n; i++)
        octets += bodies[i].len;
    return octets;
}

int pki_join_cert_reps(struct bytes *out, struct arena *arena, const struct bytes *bodies, size_t n)
{
    CBB cbb, content, list;
    CBS ca_pubs, responses;
    int ok = CBB_init(&cbb, octets_of(bodies, n)) && CBB_add_asn1(&cbb, &content, CBS_ASN1_SEQUENCE);

    for (size_t i = 0, has_them = 0; ok && i < n && !has_them; i++) {
        ok = get_cert_rep(&ca_pubs, &responses, bodies[i]) && der_add_bytes(&content, bytes_of_cbs(&ca_pubs));
        has_them = ok && CBS_len(&ca_pubs) != 0;
    }
    ok = ok && CBB_add_asn1(&content, &list, CBS_ASN1_SEQUENCE);
    for (size_t i = 0; ok && i < n; i++)
        ok = get_cert_rep(&ca_pubs, &responses, bodies[i]) && der_add_bytes(&list, bytes_of_cbs(&responses));
    return der_finish(out, arena, &cbb, ok);
}

int pki_join_rev_reps(struct bytes *out, struct arena *arena, const struct bytes *bodies, size_t n)
{
    CBB cbb, content, list;
    int ok = CBB_init(&cbb, octets_of(bodies, n)) && CBB_add_asn1(&cbb, &content, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&content, &list, CBS_ASN1_SEQUENCE);

    for (size_t i = 0; ok && i < n; i++) {
        CBS cbs = cbs_of(bodies[i]), from, statuses;
        ok = CBS_get_asn1(&cbs, &from, CBS_ASN1_SEQUENCE) && CBS_len(&cbs) == 0 &&
             CBS_get_asn1(&from, &statuses, CBS_ASN1_SEQUENCE) && CBS_len(&from) == 0 &&
             der_add_bytes(&list, bytes_of_cbs(&statuses));
    }
    return der_finish(out, arena, &cbb, ok);
}
