/* The status of certificates by CRLs (RFC 5280 6.3.3): for each distribution point, each CRL that speaks of
 * it, until all reasons are covered. */
#include "crypto/revocation.h"

#define NO_CRL "no CRL says whether it is revoked"

/* One question, and those after the signers of CRLs that it leads to. */
struct search {
    const struct crl_set *set;
    struct bytes anchor;
    int64_t now;
    struct arena *arena;
    unsigned steps_left;
    uint64_t assumed; /* CRLs whose signers are being asked for, a bit each: they may speak of themselves */
};

_Static_assert(BOUND_VENDOR_CRLS <= 64, "one bit each");

/* What is known of one certificate so far. */
struct status {
    const struct certificate *cert;
    struct name_cache issuer;
    unsigned reasons; /* that are covered */
    const char *why;  /* nothing better is known */
};

static enum path_fault find_status(struct search *search, const struct certificate *cert, const char **why);

/* ---- may a CRL be used ---- */

static int is_valid(const struct certificate *cert, int64_t now)
{
    return now >= cert->not_before && now <= cert->not_after;
}

static const char *fault_of_time(const struct search *search, const struct crl *crl)
{
    return search->now < crl->this_update ? "the CRL of its issuer is not valid yet: its thisUpdate is ahead"
           : search->now > crl->next_update && search->now - crl->next_update > search->set->stale_seconds
               ? "the CRL of its issuer is stale: its nextUpdate has passed"
               : NULL;
}

/* RFC 5280 6.3.3 (f): the path of the CRL's issuer, with its own status. Where that leads back to the CRL,
 * it may speak for its signer: if it says that this one is revoked, it is not used. */
static enum path_fault check_signer(struct search *search, size_t i)
{
    const struct trust *trust = &search->set->trust;
    uint64_t bit = UINT64_C(1) << i;
    enum path_fault fault = PATH_OK;
    const char *why;

    if ((search->assumed & bit) != 0)
        return PATH_OK;
    search->assumed |= bit;
    for (const struct trusted *at = &trust->items[search->set->items[i].signer];;
         at = &trust->items[at->issuer]) {
        fault = !is_valid(&at->cert, search->now) ? PATH_UNKNOWN
                : at->depth == 0                  ? PATH_OK
                                                  : find_status(search, &at->cert, &why);
        if (fault != PATH_OK || at->depth == 0)
            break;
    }
    search->assumed &= ~bit;
    return fault;
}

static int has_anchor(const struct search *search, const struct crl_set_item *item)
{
    const struct trust *trust = &search->set->trust;

    return bytes_equal(trust_anchor_of(trust, &trust->items[item->signer])->cert.der, search->anchor);
}

/* Notes in |status| why not. PATH_OK, PATH_UNKNOWN or PATH_MEMORY. */
static enum path_fault check_usable(struct search *search, struct status *status, size_t i)
{
    const char *why = fault_of_time(search, &search->set->items[i].crl);
    enum path_fault fault = why != NULL ? PATH_UNKNOWN : check_signer(search, i);

    if (fault == PATH_OK || fault == PATH_MEMORY)
        return fault;
    status->why = why != NULL ? why : "the CRL of its issuer was signed by a certificate that is not good";
    return PATH_UNKNOWN;
}

/* ---- of which certificates does it speak ---- */

static int is_issuer(const struct crl_set_item *item, struct bytes name, struct name_cache *cache)
{
    struct name_cache issuer = item->issuer; /* threads share it */

    return name_equal_cached(item->crl.issuer, &issuer, name, cache);
}

/* RFC 5280 6.3.3 (b) */
static int speaks_of(const struct crl_set_item *item, const struct crl_point *point, struct status *status)
{
    if (point->issuer.present ? !item->scope.is_indirect || !crl_names_have(&point->issuer, item->crl.issuer)
                              : !is_issuer(item, status->cert->issuer, &status->issuer))
        return 0;
    return crl_scope_covers(&item->scope, point, status->cert);
}

/* RFC 5280 5.2.4, 6.3.3 (c) */
static int updates(const struct crl_set_item *delta, const struct crl_set_item *complete)
{
    struct name_cache issuer = complete->issuer;

    return delta->crl.is_delta && delta->crl.base_number <= complete->crl.number &&
           delta->crl.number > complete->crl.number &&
           bytes_equal(delta->crl.issuing_point, complete->crl.issuing_point) &&
           bytes_equal(delta->crl.issuer_key_id, complete->crl.issuer_key_id) &&
           is_issuer(delta, complete->crl.issuer, &issuer);
}

/* The newest delta that is current and trusted; without one the complete CRL holds by itself. */
static enum path_fault find_delta(struct search *search, size_t complete, const struct crl_set_item **delta)
{
    const struct crl_set *set = search->set;
    struct status ignored = {.why = NULL};

    *delta = NULL;
    for (size_t i = 0; i < set->count; i++) {
        if (!updates(&set->items[i], &set->items[complete]) || !has_anchor(search, &set->items[i]))
            continue;
        enum path_fault fault = check_usable(search, &ignored, i);
        if (fault == PATH_MEMORY)
            return fault;
        if (fault == PATH_OK) {
            *delta = &set->items[i];
            return PATH_OK;
        }
    }
    return PATH_OK;
}

/* ---- what does it say ---- */

/* RFC 5280 6.3.3 (i) to (k) */
static int is_listed(const struct crl_set_item *complete, const struct crl_set_item *delta,
                     const struct certificate *cert)
{
    struct crl_entry entry;

    if (delta != NULL && crl_index_find(&delta->index, &entry, cert->serial, cert->issuer))
        return entry.reason != CRL_REASON_REMOVE;
    return crl_index_find(&complete->index, &entry, cert->serial, cert->issuer);
}

/* PATH_OK: it is not revoked as far as this point leads. */
static enum path_fault follow_point(struct search *search, struct status *status,
                                    const struct crl_point *point)
{
    const struct crl_set *set = search->set;
    const struct crl_set_item *delta;
    enum path_fault fault;

    for (size_t i = 0; i < set->count && status->reasons != CRL_REASONS_ALL; i++) {
        const struct crl_set_item *item = &set->items[i];
        unsigned reasons = item->scope.reasons & point->reasons; /* (d) */
        if (item->crl.is_delta || (reasons & ~status->reasons) == 0 || !speaks_of(item, point, status) ||
            !has_anchor(search, item))
            continue;
        if ((fault = check_usable(search, status, i)) == PATH_UNKNOWN)
            continue;
        if (fault != PATH_OK || (fault = find_delta(search, i, &delta)) != PATH_OK)
            return fault;
        if (is_listed(item, delta, status->cert))
            return PATH_REVOKED;
        status->reasons |= reasons;
    }
    return PATH_OK;
}

static enum path_fault follow_points(struct search *search, struct status *status)
{
    struct crl_point point;
    enum path_fault fault = PATH_OK;
    CBS points = crl_points(status->cert->crl_points);

    for (size_t i = 0; i < BOUND_CRL_POINTS && fault == PATH_OK && status->reasons != CRL_REASONS_ALL &&
                       crl_point_next(&point, search->arena, &points, status->cert->issuer);
         i++)
        fault = follow_point(search, status, &point);
    if (fault != PATH_OK || status->reasons == CRL_REASONS_ALL)
        return fault;
    /* "repeat the process above with any available CRLs not specified in a distribution point but issued by
     * the certificate issuer" */
    return crl_point_implied(&point, search->arena, status->cert) ? follow_point(search, status, &point)
                                                                  : PATH_MEMORY;
}

static enum path_fault find_status(struct search *search, const struct certificate *cert, const char **why)
{
    struct status status = {.cert = cert, .issuer = cert->issuer_cache, .why = NO_CRL};
    enum path_fault fault;

    *why = NO_CRL;
    if (search->steps_left == 0)
        return PATH_UNKNOWN;
    search->steps_left--;
    fault = follow_points(search, &status);
    *why = fault == PATH_REVOKED ? "it is revoked" : fault == PATH_MEMORY ? "out of memory" : status.why;
    return fault == PATH_OK && status.reasons != CRL_REASONS_ALL ? PATH_UNKNOWN : fault;
}

enum path_fault revocation_of(struct path_refusal *refusal, const struct crl_set *set,
                              const struct certificate *cert, struct bytes anchor, int64_t now,
                              struct arena *arena)
{
    struct search search = {
        .set = set, .anchor = anchor, .now = now, .arena = arena, .steps_left = BOUND_CRL_STEPS};
    const char *why;
    enum path_fault fault = find_status(&search, cert, &why);

    return fault == PATH_OK ? PATH_OK : path_refuse(refusal, fault, cert, why);
}

/* Those above first: of a station below a CA that is revoked, the CA is told. */
static enum path_fault check_trusted(struct path *path, const struct trust *trust, const struct trusted *at,
                                     const struct trusted *anchor, int64_t now, struct arena *arena)
{
    const struct trusted *chain[BOUND_CHAIN];
    enum path_fault fault = PATH_OK;
    size_t count = 0;

    for (; at->depth != 0 && count < BOUND_CHAIN; at = &trust->items[at->issuer])
        chain[count++] = at;
    while (count-- > 0 && fault == PATH_OK)
        fault =
            revocation_of(&path->refusal, anchor->crls, &chain[count]->cert, anchor->cert.der, now, arena);
    return fault;
}

enum path_fault revocation_check(struct path *path, const struct trust *trust, int64_t now,
                                 struct arena *arena)
{
    const struct trusted *anchor = path->end != NULL ? trust_anchor_of(trust, path->end) : NULL;
    enum path_fault fault;

    if (anchor == NULL || anchor->crls == NULL)
        return PATH_OK;
    fault = check_trusted(path, trust, path->end, anchor, now, arena);
    for (size_t i = path->cert_count; i-- > 0 && fault == PATH_OK;)
        fault = revocation_of(&path->refusal, anchor->crls, path->certs[i], anchor->cert.der, now, arena);
    return fault;
}
