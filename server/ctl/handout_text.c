/* handout_text.c: see handout.h. */
#include <string.h>

#include "crypto/name.h"
#include "server/ctl/handout.h"

/* A name of the RDN |rdn| alone, as text. */
static const char *rdn_text(struct arena *arena, CBS rdn)
{
    char text[NAME_TEXT_MAX];
    struct bytes name;
    CBB cbb, names, set;
    int ok = CBB_init(&cbb, 128) && CBB_add_asn1(&cbb, &names, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&names, &set, CBS_ASN1_SET) && CBB_add_bytes(&set, CBS_data(&rdn), CBS_len(&rdn));

    return der_finish(&name, arena, &cbb, ok) ? arena_printf(arena, "%s", name_text(text, sizeof text, name))
                                              : NULL;
}

static const char *escape_slashes(struct arena *arena, const char *text)
{
    char *out = arena_alloc(arena, 2 * strlen(text) + 1), *at = out;

    for (; out != NULL && *text != 0; text++) {
        if (*text == '/')
            *at++ = '\\';
        *at++ = *text;
    }
    return out;
}

static const char *with_slashes(struct arena *arena, const char *all, const char *text)
{
    const char *escaped = escape_slashes(arena, text);

    return escaped != NULL ? arena_printf(arena, "%s/%s", all, escaped) : NULL;
}

const char *handout_name(struct arena *arena, struct bytes name, enum handout_order order)
{
    CBS cbs = cbs_of(name), names, rdn;
    const char *all = "", *text;

    if (!CBS_get_asn1(&cbs, &names, CBS_ASN1_SEQUENCE))
        return all;
    while (all != NULL && CBS_get_asn1(&names, &rdn, CBS_ASN1_SET)) {
        if ((text = rdn_text(arena, rdn)) == NULL)
            return NULL;
        if (order == HANDOUT_SLASHES)
            all = with_slashes(arena, all, text);
        else if (*all == 0)
            all = text;
        else if (order == HANDOUT_FIRST_FIRST)
            all = arena_printf(arena, "%s,%s", all, text);
        else
            all = arena_printf(arena, "%s,%s", text, all);
    }
    return all;
}

const char *handout_fingerprint(struct arena *arena, enum digest_id id, struct bytes der)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t hash[DIGEST_MAX];
    size_t len = digest_compute(hash, id, der);
    char *text = arena_alloc(arena, 3 * len + 1);

    for (size_t i = 0; text != NULL && i < len; i++) {
        text[3 * i] = digits[hash[i] >> 4];
        text[3 * i + 1] = digits[hash[i] & 15];
        text[3 * i + 2] = i + 1 < len ? ':' : 0;
    }
    return text;
}
