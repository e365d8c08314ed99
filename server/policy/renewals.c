/* renewals.c: see renewals.h. */
#include "server/policy/renewals.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/policy/expiry.h"
#include "server/policy/internal.h"
#include "server/policy/own_key.h"

enum {
    ARENA = 1024 * 1024,
    RENEWALS_MAX = BOUND_AUTHORITIES * POLICY_USES,
    SETTLED_BY =
        BOUND_RENEWAL_BACKDATE + 2 * BOUND_RENEWAL_SETTLES, /* seconds from notBefore on: then it is used */
};

static const char *const settings[POLICY_USES] = {"cmp_certificate", "crl_certificate"};
static const char *const key_settings[POLICY_USES] = {"cmp_key", "crl_key"};

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

/* The file or the URI of the key that the configuration names. */
static const char *key_place(const struct config_ca *config, enum policy_use use)
{
    return use == POLICY_SIGNS_CRLS ? config->crl_key : config->cmp_key;
}

static const struct certificate *certificate_of(const struct cmp_authority *ca, enum policy_use use)
{
    return use == POLICY_SIGNS_CRLS ? &ca->crl_cert : &ca->cmp_cert;
}

/* Is the row |renewal| of the key in |spki|? */
static int is_of_key(struct bytes renewal, struct bytes spki)
{
    uint8_t key[STORE_RENEWAL_KEY];

    if (renewal.len != sizeof key)
        return 0;
    policy_renewal_key(key, (enum policy_use)renewal.data[0], spki);
    return bytes_equal(renewal, bytes_of(key, sizeof key));
}

int policy_is_files_key(const struct policy_renewable *item)
{
    return is_of_key(bytes_of(item->key, sizeof item->key), item->cert->spki);
}

int policy_renewable(struct policy_renewable *out, const struct policy *policy, size_t i, enum policy_use use)
{
    const struct authority *authority = &policy->authorities[i];
    const struct config_ca *config = &policy->config->cas[i];
    const struct cmp_authority *ca = &authority->cmp;

    *out = (struct policy_renewable){.use = use,
                                     .ca = ca,
                                     .cert = certificate_of(ca, use),
                                     .setting = settings[use],
                                     .key_place = key_place(config, use)};
    if (bytes_equal(out->cert->der, ca->cert.der))
        return 0;
    if (!authority->own[use].is_issued)
        out->why_not = "another CA has issued it: have that one issue the next, and name it in cmpd.yaml";
    memcpy(out->key, authority->own[use].key, sizeof out->key);
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
    return certificate_parse(cert, row->certificate) &&
           (is_of_key(row->renewal, cert->spki) || row->key.len != 0) &&
           bytes_equal(cert->subject, present->subject) && cert->not_before <= now &&
           certificate_is_signed_by(cert, &ca->cert);
}

int policy_precedes(const struct certificate *cert, const struct certificate *present)
{
    return cert->not_after > present->not_after ||
           (cert->not_after == present->not_after && cert->not_before > present->not_before);
}

int64_t policy_renewal_since(const struct store_renewal *row, const struct certificate *cert)
{
    return row->since > 0 && row->since <= cert->not_before + SETTLED_BY ? row->since : 0;
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
                                        const struct cmp_authority *ca, struct bytes key,
                                        const struct certificate *present)
{
    for (size_t i = 0; renewals != NULL && i < renewals->count; i++) {
        const struct store_renewal *row = renewals->of[i].row;
        if (memcmp(renewals->of[i].issuer, ca->id, STORE_ISSUER_ID) == 0 && bytes_equal(row->renewal, key) &&
            policy_renewal_holds(cert, row, ca, present, INT64_MAX) && policy_precedes(cert, present))
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
                find(&cert, renewals, item.ca, bytes_of(item.key, sizeof item.key), item.cert) != NULL)
                return 1;
    return 0;
}

/* ---- in use ---- */

int policy_use_renewed(struct policy *policy, size_t i, enum policy_use use)
{
    struct authority *authority = &policy->authorities[i];
    struct cmp_authority *ca = &authority->cmp;
    struct certificate *cert = use == POLICY_SIGNS_CRLS ? &ca->crl_cert : &ca->cmp_cert, newer;
    struct own_certificate *own = &authority->own[use];
    char name[POLICY_SETTING];

    own->is_issued = !bytes_equal(cert->der, ca->cert.der) && certificate_is_signed_by(cert, &ca->cert);
    policy_renewal_key(own->key, use, cert->spki);
    snprintf(name, sizeof name, "cas[%zu].%s", i, settings[use]);
    if (!own->is_issued)
        return 1;
    policy_note_own(policy, name);
    own->row = find(&newer, policy->renewals, ca, bytes_of(own->key, sizeof own->key), cert);
    if (own->row == NULL)
        return 1;
    if (!certificate_parse(cert, arena_copy(policy->arena, own->row->certificate)))
        return 0;
    policy_note_renewed(policy, name, cert);
    return 1;
}

/* The key in |spki|: the one that the configuration names, or the one in |box|, of the row in use. */
static struct private_key *open_key(struct config_fault *fault, struct policy *policy, size_t i,
                                    enum policy_use use, struct bytes spki, struct bytes box)
{
    const struct config_ca *config = &policy->config->cas[i];
    const struct own_certificate *own = &policy->authorities[i].own[use];
    char certificate[POLICY_SETTING], key[POLICY_SETTING];

    snprintf(certificate, sizeof certificate, "cas[%zu].%s", i, settings[use]);
    snprintf(key, sizeof key, "cas[%zu].%s", i, key_settings[use]);
    if (own->row == NULL || is_of_key(own->row->renewal, spki))
        return policy_open_key(fault, policy, key, key_place(config, use), spki, certificate);
    return policy_open_own_key(fault, policy, certificate, &policy->authorities[i].cmp,
                               bytes_of(own->key, sizeof own->key), box, spki);
}

struct private_key *policy_open_own(struct config_fault *fault, struct policy *policy, size_t i,
                                    enum policy_use use)
{
    const struct authority *authority = &policy->authorities[i];
    const struct store_renewal *row = authority->own[use].row;
    const struct cmp_authority *ca = &authority->cmp;

    return open_key(fault, policy, i, use, certificate_of(ca, use)->spki,
                    row != NULL ? row->key : bytes_of(NULL, 0));
}

/* The former one goes on for as long as nodes need to look; a row that says otherwise, or whose key is not to
 * be had any more, does so for nobody's good. */
void policy_take_former(struct policy *policy, size_t i)
{
    struct authority *authority = &policy->authorities[i];
    const struct store_renewal *row = authority->own[POLICY_SIGNS_ANSWERS].row;
    struct cmp_authority *ca = &authority->cmp;
    const struct private_key *key;
    struct config_fault fault;
    struct certificate former;
    struct bytes der;
    int64_t since = row != NULL ? policy_renewal_since(row, &ca->cmp_cert) : 0;

    if (since == 0 || (der = arena_copy(policy->arena, row->former)).data == NULL ||
        !certificate_parse(&former, der) || !bytes_equal(former.subject, ca->cmp_cert.subject) ||
        !certificate_is_signed_by(&former, &ca->cert))
        return;
    key = ca->cmp_key;
    if (!bytes_equal(former.spki, ca->cmp_cert.spki)) {
        key = authority->former_key =
            open_key(&fault, policy, i, POLICY_SIGNS_ANSWERS, former.spki, row->former_key);
        if (key == NULL || private_key_kind(key) != private_key_kind(ca->cmp_key))
            return;
    }
    ca->former_cmp_key = key;
    ca->former_cmp_cert = former;
    ca->cmp_since = since;
}
