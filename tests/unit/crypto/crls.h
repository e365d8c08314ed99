/* crls.h: a root, a factory below it, their keys, and CRLs of them, for tests of what is made of CRLs.
 * Included once by a test, after which TestSuite takes crls_set_up and crls_tear_down. */
#ifndef CMPD_TESTS_UNIT_CRYPTO_CRLS_H
#define CMPD_TESTS_UNIT_CRYPTO_CRLS_H

#include <stdlib.h>

#include "crypto/crl_set.h"
#include "tests/unit/crypto/certs.h"

enum { STALE_SECONDS = 50 };

static struct arena *arena;
static struct private_key *root_key, *factory_key;
static struct crl_set *set; /* whose trust has both */

static inline struct bytes cert_of(const char *subject, const char *issuer, struct bytes spki,
                                   struct certificate_plan plan, const struct private_key *signer)
{
    plan.subject = name_of(arena, subject);
    plan.issuer = name_of(arena, issuer);
    plan.spki = spki;
    return sign_plan(arena, plan, signer);
}

static void crls_set_up(void)
{
    const struct certificate_plan root = {
        .is_ca = 1, .path_len = -1, .key_usage = KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN};
    struct certificate_plan factory = root;

    factory.path_len = 0;
    factory.serial = bytes_of("\x21", 1);
    arena = arena_new(16 * 1024 * 1024);
    root_key = private_key_generate(KEY_P256, 0);
    factory_key = private_key_generate(KEY_P256, 0);
    must((set = crl_set_new(STALE_SECONDS)) != NULL);
    must(trust_add(&set->trust, cert_of("Root", "Root", private_key_spki(root_key), root, root_key), 1));
    must(trust_add_issued(&set->trust,
                          cert_of("Factory", "Root", private_key_spki(factory_key), factory, root_key),
                          &set->trust.items[0]));
}

static void crls_tear_down(void)
{
    crl_set_free(set);
    private_key_free(root_key);
    private_key_free(factory_key);
    arena_free(arena);
}

static inline struct crl_plan plan_of(const char *issuer, const struct private_key *key)
{
    return (struct crl_plan){.algorithm = signature_for_key(KEY_P256),
                             .key = key,
                             .issuer = name_of(arena, issuer),
                             .this_update = CERTS_NOW - 100,
                             .next_update = CERTS_NOW + 100,
                             .number = 1};
}

struct crls_list {
    const struct crl_entry *entries;
    size_t count;
};

static inline int crls_next(void *arg, struct crl_entry *out)
{
    struct crls_list *list = arg;

    if (list->count == 0)
        return 0;
    list->count--;
    *out = *list->entries++;
    return 1;
}

static inline struct bytes crl_by(const struct crl_plan *plan, const struct crl_entry *entries, size_t count)
{
    struct crls_list list = {entries, count};
    struct bytes der, kept;

    must(crl_write(&der, plan, count, crls_next, &list));
    kept = arena_copy(arena, der);
    free((void *)(uintptr_t)der.data);
    return kept;
}

static inline struct bytes crl_of(const char *issuer, const struct private_key *key,
                                  const struct crl_entry *entries, size_t count)
{
    struct crl_plan plan = plan_of(issuer, key);

    return crl_by(&plan, entries, count);
}

/* Adds a copy of |der| to the set. */
static inline const char *add(struct bytes der)
{
    uint8_t *octets = malloc(der.len + 1);

    must(octets != NULL);
    if (der.len != 0)
        memcpy(octets, der.data, der.len);
    return crl_set_add(set, "a file", bytes_of(octets, der.len));
}

#endif
