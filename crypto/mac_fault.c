/* What an operator is told of a MAC that is refused. */
#include "crypto/mac.h"
#include "crypto/not_carried.h"

#define USE "use PBMAC1 or PasswordBasedMac with hmacWithSHA256 or better"

static const char *told(const char *text)
{
    return text != NULL ? text : "this MAC algorithm is not supported: " USE;
}

static const char *not_supported(struct arena *arena, struct bytes oid, const char *advice)
{
    const struct not_carried *row = not_carried_with(oid);
    char dotted[128];

    if (row != NULL)
        return told(arena_printf(arena, "%s is not supported: %s", row->name, row->advice));
    return told(arena_printf(arena, "MAC algorithm %s is not supported: %s",
                             der_oid_text(dotted, sizeof dotted, oid), advice));
}

/* What stands in the place of an AlgorithmIdentifier within the parameters; |*oid| is empty if nothing does.
 */
static void next_algorithm(struct bytes *oid, CBS *params)
{
    CBS sequence, content;

    *oid = bytes_of(NULL, 0);
    if (CBS_get_asn1(params, &sequence, CBS_ASN1_SEQUENCE) &&
        CBS_get_asn1(&sequence, &content, CBS_ASN1_OBJECT))
        *oid = bytes_of_cbs(&content);
}

/* The first of the functions in the parameters that has no row anywhere, or NULL: then it is not the name
 * that is to blame. */
static const char *function_fault(struct arena *arena, enum mac_scheme scheme, CBS params)
{
    CBS owf, element;
    struct bytes oid;

    if (scheme == MAC_PBM) {
        if (!CBS_get_asn1(&params, NULL, CBS_ASN1_OCTETSTRING))
            return NULL;
        owf = params;
        next_algorithm(&oid, &params);
        if (oid.len != 0 && digest_parse(&owf) == NULL)
            return not_supported(arena, oid, "stretch the secret with SHA-256 or better, parameters absent");
        if (!CBS_get_asn1(&params, NULL, CBS_ASN1_INTEGER))
            return NULL;
    } else if (!CBS_get_asn1(&params, NULL, CBS_ASN1_SEQUENCE)) {
        return NULL;
    }
    element = params;
    next_algorithm(&oid, &params);
    if (oid.len == 0 || hmac_parse(&element) != DIGEST_NONE)
        return NULL;
    if (mac_term_with(oid) != NULL && mac_term_with(oid)->gmac_key != 0)
        return "parameters of AES-GMAC: a nonce of 12 octets and the length 16, and a derived key as long as "
               "that of AES";
    return not_supported(arena, oid, "use hmacWithSHA256 or better");
}

const char *mac_fault(struct arena *arena, struct bytes encoded)
{
    CBS cbs = cbs_of(encoded), sequence, oid, params;
    const struct mac_term *term;
    const char *fault = NULL;

    if (!CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT))
        return "AlgorithmIdentifier is malformed";
    if ((term = mac_term_with(bytes_of_cbs(&oid))) == NULL)
        return not_supported(arena, bytes_of_cbs(&oid), USE);
    if (term->gmac_key != 0)
        return told(arena_printf(arena, "%s by itself is not supported: put it into PBMAC1", term->name));
    if (term->scheme != MAC_NONE && CBS_get_asn1(&sequence, &params, CBS_ASN1_SEQUENCE))
        fault = function_fault(arena, term->scheme, params);
    if (fault != NULL)
        return fault;
    return told(arena_printf(arena, "parameters of %s are malformed, or not supported: " USE, term->name));
}
