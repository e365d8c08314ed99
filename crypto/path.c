/* Finds a certification path (RFC 5280 section 6): candidates for each link first, then the checks that need
 * no signature; the signatures are left to a batch. What certificates say of those below them comes last. */
#include "crypto/path.h"

#include <stdlib.h>

#include "crypto/name.h"
#include "crypto/name_constraints.h"
#include "crypto/secret_memory.h"

enum path_fault path_refuse(struct path_refusal *refusal, enum path_fault fault,
                            const struct certificate *cert, const char *reason)
{
    *refusal = (struct path_refusal){fault, cert, reason};
    return fault;
}

const char *path_refusal_text(struct arena *arena, const struct path_refusal *refusal)
{
    char subject[NAME_TEXT_MAX], oid[128];

    if (refusal->cert == NULL)
        return refusal->reason;
    return arena_printf(arena, "certificate of %s: %s%s",
                        name_text(subject, sizeof subject, refusal->cert->subject), refusal->reason,
                        refusal->fault != PATH_CRITICAL
                            ? ""
                            : der_oid_text(oid, sizeof oid, refusal->cert->unknown_critical));
}

static enum path_fault check_validity(struct path_refusal *refusal, const struct certificate *cert,
                                      int64_t now)
{
    return now < cert->not_before  ? path_refuse(refusal, PATH_EXPIRED, cert, "it is not valid yet")
           : now > cert->not_after ? path_refuse(refusal, PATH_EXPIRED, cert, "it is expired")
                                   : PATH_OK;
}

static enum path_fault check_extensions(struct path_refusal *refusal, const struct certificate *cert)
{
    return cert->unknown_critical.len == 0
               ? PATH_OK
               : path_refuse(refusal, PATH_CRITICAL, cert,
                             "it has a critical extension that is not supported, ");
}

/* RFC 5280 6.1.4 (k) to (o); |below| is the number of certificates between the issuer and the target that are
 * not self-issued, |path_len| how many there may be. */
static enum path_fault check_issuer(struct path_refusal *refusal, const struct certificate *issuer,
                                    int64_t path_len, int64_t below, int is_anchor)
{
    /* An anchor is trusted as a name and a key (RFC 5280 6.1.1 (d)); a v1 root has no extensions to check. */
    if (!is_anchor && !issuer->is_ca)
        return path_refuse(refusal, PATH_NOT_CA, issuer,
                           "it issued others, and basicConstraints makes it no CA");
    if (issuer->has_key_usage && (issuer->key_usage & KEY_USAGE_KEY_CERT_SIGN) == 0)
        return path_refuse(refusal, PATH_NOT_CA, issuer, "it issued others, and keyUsage lacks keyCertSign");
    if (path_len >= 0 && below > path_len)
        return path_refuse(refusal, PATH_NOT_CA, issuer,
                           "a pathLenConstraint, its own or one above it, allows fewer issuers below it");
    return check_extensions(refusal, issuer);
}

enum { SUPPLIED_MAX = 64 }; /* one bit each in search.used */

struct search {
    struct path *out;
    const struct trust *trust;
    struct certificate *supplied;
    size_t supplied_count;
    int64_t now;
    unsigned attempts_left;
    struct path_refusal fault;       /* of the candidate at hand */
    struct path_refusal best;        /* of the one that came furthest */
    size_t farthest;                 /* how far any certificate is from the target that nobody issued */
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

static void remember(struct search *search)
{
    if (search->best.fault == PATH_NO_ISSUER)
        search->best = search->fault;
}

static void refuse_key(struct search *search, const struct certificate *cert)
{
    path_refuse(&search->fault, PATH_ALGORITHM, cert, "its key is not supported");
    remember(search);
}

static void set_link(struct search *search, size_t depth, struct certificate *cert,
                     const struct public_key *key, struct bytes spki)
{
    search->out->certs[depth] = cert;
    search->out->links[depth] = (struct verification){
        .algorithm = cert->algorithm, .key = key, .message = cert->tbs, .signature = cert->signature};
    search->spkis[depth] = spki;
}

/* Extends the path at |cert|, which has |depth| certificates below it. Returns 1 when the path is complete.
 */
static int extend(struct search *search, struct certificate *cert, size_t depth, int64_t below)
{
    struct path_refusal *fault = &search->fault;

    if (check_validity(fault, cert, search->now) != PATH_OK || check_extensions(fault, cert) != PATH_OK ||
        (cert->algorithm == NULL &&
         path_refuse(fault, PATH_ALGORITHM, cert, "its signature algorithm is not supported"))) {
        remember(search);
        return 0;
    }
    for (size_t i = 0; i < search->trust->count; i++) {
        const struct trusted *issuer = &search->trust->items[i];
        if (!key_ids_fit(&issuer->cert, cert) || !names_chain_to(issuer, cert))
            continue;
        if (check_validity(fault, &issuer->cert, search->now) != PATH_OK ||
            check_issuer(fault, &issuer->cert, issuer->path_len, below, issuer->is_anchor) != PATH_OK) {
            remember(search);
            continue;
        }
        if (search->attempts_left-- > 0)
            continue;
        set_link(search, depth, cert, issuer->key, issuer->cert.spki);
        search->out->end = issuer;
        search->out->count = search->out->cert_count = depth + 1;
        return 1;
    }
    if (depth + 1 >= BOUND_CHAIN)
        return 0;
    for (size_t i = 0; i < search->supplied_count && search->steps_left > 0; i++) {
        struct certificate *issuer = &search->supplied[i];
        if ((search->used >> i & 1) != 0 || !key_ids_fit(issuer, cert) || !names_chain(issuer, cert) ||
            certificate_self_signed(issuer))
            continue;
        if (check_issuer(fault, issuer, issuer->path_len, below, 0) != PATH_OK) {
            remember(search);
            continue;
        }
        search->steps_left--;
        struct public_key *key = public_key_parse(issuer->spki);
        if (key == NULL) {
            refuse_key(search, issuer);
            continue;
        }
        search->used |= UINT64_C(1) << i;
        set_link(search, depth, cert, key, issuer->spki);
        search->out->keys[depth] = key;
        if (extend(search, issuer, depth + 1, below + !certificate_self_issued(issuer)))
            return 1;
        search->used &= ~(UINT64_C(1) << i);
        search->out->keys[depth] = NULL;
        public_key_free(key);
    }
    if (search->best.fault == PATH_NO_ISSUER && depth >= search->farthest) {
        search->farthest = depth;
        search->best.cert = cert;
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
    struct search search = {
        .out = out,
        .trust = trust,
        .supplied = supplied,
        .supplied_count = supplied_count < SUPPLIED_MAX ? supplied_count : SUPPLIED_MAX,
        .now = now,
        .attempts_left = attempt,
        .steps_left = BOUND_PATH_STEPS,
        .best = {PATH_NO_ISSUER, target, "no path leads from it to a trusted certificate"}};

    memset(out, 0, sizeof *out);
    /* A target that is itself trusted needs no signature: it was configured. */
    for (size_t i = 0; i < trust->count; i++) {
        if (!bytes_equal(trust->items[i].cert.der, target->der))
            continue;
        out->end = &trust->items[i];
        return attempt == 0 ? check_validity(&out->refusal, target, now) : PATH_NO_ISSUER;
    }
    if (!extend(&search, target, 0, 0)) {
        out->refusal = search.best;
        return search.best.fault;
    }
    skip_remembered(&search);
    return PATH_OK;
}

/* ---- what certificates say of those below them ---- */

struct link {
    const struct certificate *cert;
    int self_issued;
};

/* Each of |chain|, which begins with an anchor, in its turn; the last one is the target, or one more issuer.
 */
static enum path_fault process(struct path_refusal *refusal, const struct link *chain, size_t count,
                               int has_target, const struct policy_settings *settings, struct arena *arena)
{
    struct name_constraints names;
    struct policies policies;
    const char *fault;

    name_constraints_begin(&names, arena);
    policies_begin(&policies, settings, count - 1);
    for (size_t i = 0; i < count; i++) {
        const struct certificate *cert = chain[i].cert;
        int is_target = has_target && i == count - 1, is_anchor = i == 0;
        int skips = chain[i].self_issued && !is_target;
        if (!skips && (fault = name_constraints_fault(&names, cert)) != NULL)
            return path_refuse(refusal, names.starved ? PATH_MEMORY : PATH_NAMES, cert, fault);
        /* An anchor without policies is good for any. */
        if (!(is_anchor && cert->policies.len == 0) &&
            (fault = policies_check(&policies, cert, skips)) != NULL)
            return path_refuse(refusal, PATH_POLICIES, cert, fault);
        if (is_target && (fault = policies_end(&policies, cert)) != NULL)
            return path_refuse(refusal, PATH_POLICIES, cert, fault);
        if (is_target)
            break;
        if ((fault = policies_prepare(&policies, cert, chain[i].self_issued || is_anchor)) != NULL)
            return path_refuse(refusal, PATH_POLICIES, cert, fault);
        if ((fault = name_constraints_add(&names, cert)) != NULL)
            return path_refuse(refusal, names.starved ? PATH_MEMORY : PATH_NAMES, cert, fault);
    }
    return PATH_OK;
}

/* Writes |end| and those above it, as they were when they were loaded. Returns how many. */
static size_t trusted_links(struct link *chain, const struct trust *trust, const struct trusted *end)
{
    for (const struct trusted *at = end;; at = &trust->items[at->issuer]) {
        chain[at->depth] = (struct link){&at->cert, at->is_self_issued};
        if (at->depth == 0)
            return end->depth + 1;
    }
}

enum path_fault path_check(struct path *path, const struct trust *trust,
                           const struct policy_settings *settings, struct arena *arena)
{
    struct link chain[2 * BOUND_CHAIN];
    unsigned failures = secret_memory_failures();
    size_t count;
    enum path_fault fault;

    if (path->cert_count == 0) /* the target is trusted by itself */
        return PATH_OK;
    count = trusted_links(chain, trust, path->end);
    for (size_t i = path->cert_count; i-- > 0;)
        chain[count++] = (struct link){path->certs[i], certificate_self_issued(path->certs[i])};
    fault = process(&path->refusal, chain, count, 1, settings, arena);
    return fault != PATH_OK && secret_memory_failures() != failures ? PATH_MEMORY : fault;
}

static size_t put_hash(uint8_t *out, size_t len, const struct trusted *at)
{
    memcpy(out + len, at->hash, sizeof at->hash);
    return len + sizeof at->hash;
}

size_t path_hashes(uint8_t *out, const struct path *path, const struct trust *trust)
{
    const struct trusted *at = path->end;
    size_t len = 0;

    for (size_t i = 1; i < path->cert_count; i++)
        len += digest_compute(out + len, DIGEST_SHA256, path->certs[i]->der);
    if (path->cert_count != 0) /* else the target is trusted by itself */
        len = put_hash(out, len, at);
    for (size_t left = at->depth; left > 0; left--) {
        at = &trust->items[at->issuer];
        len = put_hash(out, len, at);
    }
    return len;
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
    item->owner = NULL;
    if (!certificate_parse(&item->cert, der) || (item->key = public_key_parse(item->cert.spki)) == NULL)
        return 0;
    item->cert.subject_cache = (struct name_cache){1, name_print(item->cert.subject)};
    digest_compute(item->hash, DIGEST_SHA256, der);
    item->path_len = item->cert.path_len;
    item->is_self_issued = certificate_self_issued(&item->cert);
    item->issuer = trust->count;
    item->depth = 0;
    item->crls = NULL;
    trust->count++;
    return 1;
}

int trust_add_direct(struct trust *trust, struct bytes der)
{
    if (!trust_add(trust, der, 1))
        return 0;
    trust->items[trust->count - 1].path_len = 0;
    return 1;
}

/* The last one of |trust| has an issuer there that may stand above it. */
static int is_allowed_by_those_above(const struct trust *trust)
{
    struct link chain[BOUND_CHAIN];
    struct path_refusal refusal;
    struct arena *arena = arena_new(BOUND_JOB_ARENA);
    int ok = arena != NULL;

    if (ok)
        ok = process(&refusal, chain, trusted_links(chain, trust, &trust->items[trust->count - 1]), 0,
                     &(struct policy_settings){.initial_count = 0}, arena) == PATH_OK;
    arena_free(arena);
    return ok;
}

static void drop_last(struct trust *trust)
{
    public_key_free(trust->items[--trust->count].key);
}

int trust_add_issued(struct trust *trust, struct bytes der, const struct trusted *issuer)
{
    size_t above = (size_t)(issuer - trust->items);
    int64_t room = issuer->path_len;
    int again = bytes_equal(issuer->cert.der, der);
    struct trusted *item;

    if (!trust_add(trust, der, 0)) /* |issuer| may be gone from here on */
        return 0;
    item = &trust->items[trust->count - 1];
    if (!again) {
        item->issuer = above;
        item->depth = trust->items[above].depth + 1;
    } else if (trust->items[above].depth != 0) { /* below the same ones */
        item->issuer = trust->items[above].issuer;
        item->depth = trust->items[above].depth;
    }
    if (item->depth == BOUND_CHAIN || (!again && !is_allowed_by_those_above(trust))) {
        drop_last(trust);
        return 0;
    }
    if (room < 0)
        return 1;
    /* RFC 5280 6.1.4 (l), (m) */
    if (!again && item->cert.is_ca && !item->is_self_issued && room-- == 0) {
        drop_last(trust);
        return 0;
    }
    if (item->path_len < 0 || item->path_len > room)
        item->path_len = room;
    return 1;
}

const struct trusted *trust_anchor_of(const struct trust *trust, const struct trusted *item)
{
    while (item->depth != 0)
        item = &trust->items[item->issuer];
    return item;
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
