/* renewals.c: see renewals.h. */
#include "server/policy/renewals.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/policy/expiry.h"
#include "server/policy/internal.h"

enum {
    ARENA = 1024 * 1024,
    RENEWALS_MAX = BOUND_AUTHORITIES * POLICY_USES,
    SETTLED_BY =
        BOUND_RENEWAL_BACKDATE + 2 * BOUND_RENEWAL_SETTLES, /* seconds from notBefore on: then it is used */
};

static const char *const settings[POLICY_USES] = {"cmp_certificate", "crl_certificate"};

/* struct policy_renewals */
struct renewal {
    uint8_t issuer[STORE_ISSUER_ID];
    const struct store_renewal *row;
};

struct policy_renewals {
    atomic_uint users;
    struct arena *arena;
    struct renewal of[RENEWALS_MAX];
    size_t count;
};

/* ---- which there are ---- */

void policy_renewal_key(uint8_t key[STORE_RENEWAL_KEY], enum policy_use use, struct bytes spki)
{
    uint8_t digest[DIGEST_MAX];

    digest_compute(digest, DIGEST_SHA256, spki);
    key[0] = (uint8_t)use;
    memcpy(key + 1, digest, STORE_HASH);
}

int policy_renewable(struct policy_renewable *out, const struct policy *policy, size_t i, enum policy_use use)
{
    const struct authority *authority = &policy->authorities[i];
    const struct cmp_authority *ca = &authority->cmp;

    *out = (struct policy_renewable){.use = use,
                                     .ca = ca,
                                     .cert = use == POLICY_SIGNS_CRLS ? &ca->crl_cert : &ca->cmp_cert,
                                     .setting = settings[use]};
    if (bytes_equal(out->cert->der, ca->cert.der))
        return 0;
    if (!authority->issues_own[use])
        out->why_not = "another CA has issued it: have that one issue the next, and name it in cmpd.yaml";
    policy_renewal_key(out->key, use, out->cert->spki);
    return 1;
}

/* ---- what the store has ---- */

struct policy_renewals *policy_renewals_acquire(struct policy_renewals *renewals)
{
    if (renewals != NULL)
        atomic_fetch_add(&renewals->users, 1);
    return renewals;
}

void policy_renewals_release(struct policy_renewals *renewals)
{
    if (renewals == NULL || atomic_fetch_sub(&renewals->users, 1) != 1)
        return;
    arena_free(renewals->arena);
    free(renewals);
}

int policy_renewal_holds(struct certificate *cert, const struct store_renewal *row,
                         const struct cmp_authority *ca, const struct certificate *present, int64_t now)
{
    return certificate_parse(cert, row->certificate) && bytes_equal(cert->spki, present->spki) &&
           bytes_equal(cert->subject, present->subject) && cert->not_before <= now &&
           certificate_is_signed_by(cert, &ca->cert);
}

/* Fetches the row of |kind| with |key| into |*row|, NULL if there is none. Returns 0 if the store does not
 * answer. */
static int fetch(const void **row, struct policy_renewals *renewals, const struct cmp_authority *ca,
                 struct store *store, enum store_kind kind, struct bytes key)
{
    struct store_fetch fetch = {
        .kind = kind, .issuer = bytes_of(ca->id, STORE_ISSUER_ID), .key = key, .arena = renewals->arena};

    if (!store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE)
        return 0;
    *row = fetch.outcome == STORE_FOUND ? fetch.rows : NULL;
    return 1;
}

/* Returns 0 if the store does not answer. */
static int read_one(struct policy_renewals *renewals, const struct policy_renewable *item,
                    struct store *store, int64_t now)
{
    struct renewal *renewal = &renewals->of[renewals->count];
    const struct store_renewal *row;
    const struct store_cert *stored;
    struct certificate cert;
    const void *found;

    if (!fetch(&found, renewals, item->ca, store, STORE_RENEWALS, bytes_of(item->key, sizeof item->key)))
        return 0;
    row = found;
    if (row == NULL || !policy_renewal_holds(&cert, row, item->ca, item->cert, now) ||
        cert.serial.len != STORE_SERIAL)
        return 1;
    if (!fetch(&found, renewals, item->ca, store, STORE_CERTIFICATES, cert.serial))
        return 0;
    stored = found;
    if (stored == NULL || stored->status != STORE_CERT_VALID)
        return 1;
    memcpy(renewal->issuer, item->ca->id, STORE_ISSUER_ID);
    renewal->row = row;
    renewals->count++;
    return 1;
}

struct policy_renewals *policy_renewals_read(const struct policy *policy, struct store *store, int64_t now)
{
    struct policy_renewals *renewals = calloc(1, sizeof *renewals);
    struct policy_renewable item;
    int ok = renewals != NULL && (renewals->arena = arena_new(ARENA)) != NULL;

    if (renewals == NULL)
        return NULL;
    atomic_init(&renewals->users, 1);
    for (size_t i = 0; ok && i < policy->config->ca_count; i++)
        for (int use = 0; ok && use < POLICY_USES; use++)
            if (policy_renewable(&item, policy, i, (enum policy_use)use) && item.why_not == NULL)
                ok = read_one(renewals, &item, store, now);
    if (ok)
        return renewals;
    policy_renewals_release(renewals);
    return NULL;
}

/* What was read holds; the file may have another one since. */
static const struct store_renewal *find(struct certificate *cert, const struct policy_renewals *renewals,
                                        const struct cmp_authority *ca, enum policy_use use,
                                        const struct certificate *present)
{
    uint8_t key[STORE_RENEWAL_KEY];

    policy_renewal_key(key, use, present->spki);
    for (size_t i = 0; renewals != NULL && i < renewals->count; i++) {
        const struct store_renewal *row = renewals->of[i].row;
        if (memcmp(renewals->of[i].issuer, ca->id, STORE_ISSUER_ID) == 0 &&
            bytes_equal(row->renewal, bytes_of(key, sizeof key)) &&
            policy_renewal_holds(cert, row, ca, present, INT64_MAX) && cert->not_after > present->not_after)
            return row;
    }
    return NULL;
}

int policy_lacks(const struct policy *policy, const struct policy_renewals *renewals)
{
    struct policy_renewable item;
    struct certificate cert;

    for (size_t i = 0; i < policy->config->ca_count; i++)
        for (int use = 0; use < POLICY_USES; use++)
            if (policy_renewable(&item, policy, i, (enum policy_use)use) &&
                find(&cert, renewals, item.ca, item.use, item.cert) != NULL)
                return 1;
    return 0;
}

/* ---- in use ---- */

/* The former one goes on for as long as nodes need to look; a row that says otherwise does so for nobody's
 * good. */
static void take_former(struct policy *policy, struct cmp_authority *ca, const struct store_renewal *row)
{
    struct certificate former;
    struct bytes der = arena_copy(policy->arena, row->former);

    if (der.data == NULL || !certificate_parse(&former, der) ||
        !bytes_equal(former.spki, ca->cmp_cert.spki) || !bytes_equal(former.subject, ca->cmp_cert.subject) ||
        !certificate_is_signed_by(&former, &ca->cert) || row->since > ca->cmp_cert.not_before + SETTLED_BY)
        return;
    ca->former_cmp_cert = der;
    ca->former_not_after = former.not_after;
    ca->cmp_since = row->since;
}

int policy_use_renewed(struct policy *policy, size_t i, enum policy_use use)
{
    struct authority *authority = &policy->authorities[i];
    struct cmp_authority *ca = &authority->cmp;
    struct certificate *cert = use == POLICY_SIGNS_CRLS ? &ca->crl_cert : &ca->cmp_cert, newer;
    const struct store_renewal *row;
    char name[POLICY_SETTING];

    authority->issues_own[use] =
        !bytes_equal(cert->der, ca->cert.der) && certificate_is_signed_by(cert, &ca->cert);
    snprintf(name, sizeof name, "cas[%zu].%s", i, settings[use]);
    if (authority->issues_own[use])
        policy_note_own(policy, name);
    if (!authority->issues_own[use] || (row = find(&newer, policy->renewals, ca, use, cert)) == NULL)
        return 1;
    if (!certificate_parse(cert, arena_copy(policy->arena, row->certificate)))
        return 0;
    policy_note_renewed(policy, name, cert);
    if (use == POLICY_SIGNS_ANSWERS)
        take_former(policy, ca, row);
    return 1;
}
