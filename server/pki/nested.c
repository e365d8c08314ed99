/* nested.c: see nested.h. */
#include "server/pki/nested.h"

#include "server/pki/general.h"

/* RFC 9810 Appendix F: PKIMessages ::= SEQUENCE SIZE (1..MAX) OF PKIMessage */
int pki_decode_nested(struct bytes out[BOUND_NESTED_MESSAGES], size_t *count, const char **why,
                      struct bytes body)
{
    CBS cbs = cbs_of(body), list, element;

    *count = 0;
    *why = "NestedMessageContent is malformed";
    if (!CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0)
        return 0;
    if (CBS_len(&list) == 0) {
        *why = "the nested message carries no message";
        return 0;
    }
    while (CBS_len(&list) != 0) {
        if (!CBS_get_any_asn1_element(&list, &element, NULL, NULL))
            return 0;
        if (*count == BOUND_NESTED_MESSAGES) {
            *why = "the nested message carries too many messages: send fewer at a time";
            return 0;
        }
        out[(*count)++] = bytes_of_cbs(&element);
    }
    return 1;
}

int pki_encode_nested(struct bytes *out, struct arena *arena, const struct bytes *messages, size_t count)
{
    return pki_encode_sequence(out, arena, messages, count);
}
