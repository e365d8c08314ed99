/* Finds a certification path (RFC 5280 section 6): candidates for each link first, then the checks that need
 * no signature; the signatures are left to a batch. */
#include "crypto/path.h"

#include <stdlib.h>

const char *path_fault_text(enum path_fault fault)
{
    switch (fault) {
    case PATH_OK:
        return "valid";
    case PATH_NO_ISSUER:
        return "no path to a trusted certificate";
    case PATH_EXPIRED:
        return "a certificate of the path is expired or not yet valid";
    case PATH_NOT_CA:
        return "an issuer in the path is not allowed to issue certificates";
    case PATH_CRITICAL:
        return "a critical extension in the path is not supported";
    case PATH_ALGORITHM:
        return "an algorithm or key in the path is not supported";
    }
    return "?";
}

static enum path_fault check_validity(const struct certificate *cert, int64_t now)
{
    return now < cert->not_before || now > cert->not_after ? PATH_EXPIRED : PATH_OK;
}

/* RFC 5280 6.1.4 (k) to (o); |below| is the number of certificates between the issuer and the target that are
 * not self-issued, |path_len| how many there may be. */
static enum path_fault check_issuer(const struct certificate *issuer, int64_t path_len, int64_t below,
                                    int is_anchor)
{
    /* An anchor is trusted as a name and a key (RFC 5280 6.1.1 (d)); a v1 root has no extensions to check. */
    if (!is_anchor && !issuer->is_ca)
        return PATH_NOT_CA;
    if (issuer->has_key_usage && (issuer->key_usage & KEY_USAGE_KEY_CERT_SIGN) == 0)
        return PATH_NOT_CA;
    if (path_len >= 0 && below > path_len)
        return PATH_NOT_CA;
    return issuer->unknown_critical ? PATH_CRITICAL : PATH_OK;
}

enum { SUPPLIED_MAX = 64 }; /* one bit each in search.used */

struct search {
    struct path *out;
    const struct trust *trust;
    struct certificate *supplied;
    size_t supplied_count;
    int64_t now;
    unsigned attempts_left;
    enum path_fault best;            /* fault of the candidate that came furthest */
    struct bytes spkis[BOUND_CHAIN]; /* of the key that each link is verified with */
    uint64_t used;                   /* supplied certificates on the path: none twice */
    unsigned steps_left;             /* names may be alike in bad faith: the work has a bound */
};

/* RFC 5280 4.2.1.1: the key identifiers help to choose between issuers of one name; absent ones exclude
 * nothing. */
static int key_ids_fit(const struct certificate *issuer, const struct certificate *cert)
{
    return issuer->key_id.len == 0 || cert->issuer_key_id.len == 0 ||
           bytes_equal(issuer->key_id, cert->issuer_key_id);
}

/* RFC 5280 6.1.3 (a) (4), names compared as 7.1 says. */
static int names_chain(struct certificate *issuer, struct certificate *cert)
{
    return name_equal_cached(issuer->subject, &issuer->subject_cache, cert->issuer, &cert->issuer_cache);
}

/* The print of a trusted certificate is there since it was loaded: threads share it. */
static int names_chain_to(const struct trusted *issuer, struct certificate *cert)
{
    struct name_cache cache = issuer->cert.subject_cache;

    return name_equal_cached(issuer->cert.subject, &cache, cert->issuer, &cert->issuer_cache);
}

static void remember(struct search *search, enum path_fault fault)
{
    if (search->best == PATH_NO_ISSUER)
        search->best = fault;
}

static void set_link(struct search *search, size_t depth, const struct certificate *cert,
                     const struct public_key *key, struct bytes spki)
{
    search->out->links[depth] = (struct verification){
        .algorithm = cert->algorithm, .key = key, .message = cert->tbs, .signature = cert->signature};
    search->spkis[depth] = spki;
}

/* Extends the path at |cert|, which has |depth| certificates below it. Returns 1 when the path is complete.
 */
static int extend(struct search *search, struct certificate *cert, size_t depth, int64_t below)
{
    enum path_fault fault = check_validity(cert, search->now);

    if (fault == PATH_OK && cert->unknown_critical)
        fault = PATH_CRITICAL;
    if (fault == PATH_OK && cert->algorithm == NULL)
        fault = PATH_ALGORITHM;
    if (fault != PATH_OK) {
        remember(search, fault);
        return 0;
    }
    for (size_t i = 0; i < search->trust->count; i++) {
        const struct trusted *issuer = &search->trust->items[i];
        if (!key_ids_fit(&issuer->cert, cert) || !names_chain_to(issuer, cert))
            continue;
        if ((fault = check_validity(&issuer->cert, search->now)) != PATH_OK ||
            (fault = check_issuer(&issuer->cert, issuer->path_len, below, issuer->is_anchor)) != PATH_OK) {
            remember(search, fault);
            continue;
        }
        if (search->attempts_left-- > 0)
            continue;
        set_link(search, depth, cert, issuer->key, issuer->cert.spki);
        search->out->end = issuer;
        search->out->count = depth + 1;
        return 1;
    }
    if (depth + 1 >= BOUND_CHAIN)
        return 0;
    for (size_t i = 0; i < search->supplied_count && search->steps_left > 0; i++) {
        struct certificate *issuer = &search->supplied[i];
        if ((search->used >> i & 1) != 0 || !key_ids_fit(issuer, cert) || !names_chain(issuer, cert) ||
            certificate_self_issued(issuer))
            continue;
        if ((fault = check_issuer(issuer, issuer->path_len, below, 0)) != PATH_OK) {
            remember(search, fault);
            continue;
        }
        search->steps_left--;
        struct public_key *key = public_key_parse(issuer->spki);
        if (key == NULL) {
            remember(search, PATH_ALGORITHM);
            continue;
        }
        search->used |= UINT64_C(1) << i;
        set_link(search, depth, cert, key, issuer->spki);
        search->out->keys[depth] = key;
        if (extend(search, issuer, depth + 1, below + 1))
            return 1;
        search->used &= ~(UINT64_C(1) << i);
        search->out->keys[depth] = NULL;
        public_key_free(key);
    }
    return 0;
}

/* Leaves out what was verified before; the target never is. */
static void skip_remembered(struct search *search)
{
    const struct remembered *verified = search->trust->verified;
    struct path *path = search->out;
    size_t kept = 1;

    for (size_t i = 1; i < path->count; i++) {
        struct fingerprint fingerprint = remembered_fingerprint(verified, &path->links[i], search->spkis[i]);
        if (remembered_has(verified, &fingerprint))
            continue;
        path->links[kept] = path->links[i];
        path->fingerprints[kept++] = fingerprint;
    }
    path->count = kept;
}

enum path_fault path_build(struct path *out, const struct trust *trust, struct certificate *target,
                           struct certificate *supplied, size_t supplied_count, int64_t now, unsigned attempt)
{
    struct search search = {.out = out,
                            .trust = trust,
                            .supplied = supplied,
                            .supplied_count = supplied_count < SUPPLIED_MAX ? supplied_count : SUPPLIED_MAX,
                            .now = now,
                            .attempts_left = attempt,
                            .steps_left = BOUND_PATH_STEPS,
                            .best = PATH_NO_ISSUER};

    memset(out, 0, sizeof *out);
    /* A target that is itself trusted needs no signature: it was configured. */
    for (size_t i = 0; i < trust->count; i++) {
        if (!bytes_equal(trust->items[i].cert.der, target->der))
            continue;
        out->end = &trust->items[i];
        return attempt == 0 ? check_validity(target, now) : PATH_NO_ISSUER;
    }
    if (!extend(&search, target, 0, 0))
        return search.best;
    skip_remembered(&search);
    return PATH_OK;
}

void path_remember(const struct path *path, const struct trust *trust)
{
    for (size_t i = 1; i < path->count; i++)
        remembered_add(trust->verified, &path->fingerprints[i]);
}

void path_cleanup(struct path *path)
{
    for (size_t i = 0; i < BOUND_CHAIN; i++) {
        public_key_free(path->keys[i]);
        path->keys[i] = NULL;
    }
}

int trust_add(struct trust *trust, struct bytes der, int is_anchor)
{
    struct trusted *items = realloc(trust->items, (trust->count + 1) * sizeof *items);
    struct trusted *item;

    if (items == NULL)
        return 0;
    trust->items = items;
    if (trust->verified == NULL && (trust->verified = remembered_new()) == NULL)
        return 0;
    item = &items[trust->count];
    item->is_anchor = is_anchor;
    if (!certificate_parse(&item->cert, der) || (item->key = public_key_parse(item->cert.spki)) == NULL)
        return 0;
    item->cert.subject_cache = (struct name_cache){1, name_print(item->cert.subject)};
    item->path_len = item->cert.path_len;
    trust->count++;
    return 1;
}

int trust_add_issued(struct trust *trust, struct bytes der, const struct trusted *issuer)
{
    int64_t room = issuer->path_len;
    int again = bytes_equal(issuer->cert.der, der);
    struct trusted *item;

    if (!trust_add(trust, der, 0)) /* |issuer| may be gone from here on */
        return 0;
    item = &trust->items[trust->count - 1];
    if (room < 0)
        return 1;
    /* RFC 5280 6.1.4 (l), (m) */
    if (!again && !certificate_self_issued(&item->cert) && room-- == 0) {
        public_key_free(item->key);
        trust->count--;
        return 0;
    }
    if (item->path_len < 0 || item->path_len > room)
        item->path_len = room;
    return 1;
}

int trust_holds(const struct trust *trust, struct bytes der)
{
    for (size_t i = 0; i < trust->count; i++)
        if (bytes_equal(trust->items[i].cert.der, der))
            return 1;
    return 0;
}

void trust_cleanup(struct trust *trust)
{
    for (size_t i = 0; i < trust->count; i++)
        public_key_free(trust->items[i].key);
    free(trust->items);
    remembered_free(trust->verified);
    *trust = (struct trust){NULL, 0, NULL};
}
