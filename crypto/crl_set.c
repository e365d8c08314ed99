/* A set of CRLs: each is verified when it is added, and its entries are put in order. */
#include "crypto/crl_set.h"

#include <stdlib.h>

enum { ARENA_LIMIT = 1024 * 1024 };

_Static_assert(BOUND_VENDOR_CRLS_OCTETS == 128 * 1024 * 1024, "as a text says");

struct crl_set *crl_set_new(int64_t stale_seconds)
{
    struct crl_set *set = calloc(1, sizeof *set);

    if (set == NULL)
        return NULL;
    set->stale_seconds = stale_seconds;
    set->arena = arena_new(ARENA_LIMIT);
    if (set->arena == NULL) {
        free(set);
        return NULL;
    }
    return set;
}

static void drop(struct crl_set_item *item)
{
    crl_index_free(&item->index);
    free((void *)(uintptr_t)item->der.data);
}

void crl_set_free(struct crl_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++)
        drop(&set->items[i]);
    trust_cleanup(&set->trust);
    arena_free(set->arena);
    free(set);
}

/* RFC 5280 6.3.3 (f): "If a key usage extension is present in the CRL issuer's certificate, verify that the
 * cRLSign bit is set." */
static int may_sign(const struct trusted *signer, struct crl_set_item *item)
{
    struct name_cache subject = signer->cert.subject_cache;

    return (!signer->cert.has_key_usage || (signer->cert.key_usage & KEY_USAGE_CRL_SIGN) != 0) &&
           (item->crl.issuer_key_id.len == 0 || signer->cert.key_id.len == 0 ||
            bytes_equal(item->crl.issuer_key_id, signer->cert.key_id)) &&
           name_equal_cached(signer->cert.subject, &subject, item->crl.issuer, &item->issuer);
}

static int verifies(const struct crl *crl, const struct public_key *key)
{
    struct verification link = {
        .algorithm = crl->algorithm, .key = key, .message = crl->tbs, .signature = crl->signature};
    struct verification *links[] = {&link};

    verify_batch(links, 1);
    return link.valid;
}

/* Of several certificates of the signer the one that is valid longest. */
static const char *find_signer(const struct crl_set *set, struct crl_set_item *item)
{
    const struct trusted *best = NULL;
    int has_name = 0;

    for (size_t i = 0; i < set->trust.count; i++) {
        const struct trusted *signer = &set->trust.items[i];
        if (!may_sign(signer, item))
            continue;
        has_name = 1;
        if ((best == NULL || signer->cert.not_after > best->cert.not_after) &&
            verifies(&item->crl, signer->key)) {
            best = signer;
            item->signer = i;
        }
    }
    return best != NULL ? NULL
           : has_name   ? "its signature is wrong"
                        : "no anchor and no intermediate has its issuer's name and may sign CRLs";
}

static const char *look_at(struct crl_set *set, struct crl_set_item *item)
{
    const struct crl *crl = &item->crl;
    const char *why;

    if (!crl_parse(&item->crl, item->der))
        return "it is malformed";
    if (crl->algorithm == NULL)
        return "its signature algorithm is not supported";
    item->issuer = (struct name_cache){1, name_print(crl->issuer)};
    if ((why = find_signer(set, item)) != NULL)
        return why;
    /* RFC 5280 5.2: "If a CRL contains a critical extension that the application cannot process, then the
     * application MUST NOT use that CRL to determine the status of certificates." */
    if (crl->unknown_critical.len != 0)
        return "it has a critical extension that is not supported";
    if (crl->next_update == 0)
        return "it has no nextUpdate";
    if (crl->is_delta && (crl->number < 0 || crl->base_number < 0))
        return "it is a delta CRL without numbers that can be compared";
    if (!crl_scope_parse(&item->scope, set->arena, crl->issuing_point, crl->issuer))
        return "its issuingDistributionPoint is malformed";
    return crl_index_make(&item->index, crl, item->scope.is_indirect);
}

static int is_newer(const struct crl *a, const struct crl *b)
{
    return a->this_update != b->this_update ? a->this_update > b->this_update : a->number > b->number;
}

const char *crl_set_try(const struct crl_set *set, struct crl *crl, struct bytes der)
{
    struct crl_set *probe = crl_set_new(0);
    struct crl_set_item item = {.der = der};
    const char *why = "out of memory";

    if (probe == NULL)
        return why;
    probe->trust = set->trust;
    why = look_at(probe, &item);
    crl_index_free(&item.index);
    *crl = item.crl;
    probe->trust = (struct trust){.count = 0}; /* not its own */
    crl_set_free(probe);
    return why;
}

const char *crl_set_add(struct crl_set *set, const char *file, struct bytes der)
{
    struct crl_set_item item = {.file = file, .der = der};
    const char *why = set->count == BOUND_VENDOR_CRLS ? "there are too many"
                      : der.len > BOUND_VENDOR_CRLS_OCTETS - set->octets
                          ? "with it, those of the vendor have more than 128 MiB"
                          : look_at(set, &item);
    size_t place = set->count;

    if (why != NULL) {
        drop(&item);
        return why;
    }
    while (place > 0 && is_newer(&item.crl, &set->items[place - 1].crl)) {
        set->items[place] = set->items[place - 1];
        place--;
    }
    set->items[place] = item;
    set->count++;
    set->octets += der.len;
    return NULL;
}
