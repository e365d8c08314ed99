/* decision.h: a demo CA, a request, and what policy decides about it, for each test anew. Included once by a
 * test, after which TestSuite takes set_up and tear_down. */
#ifndef CMPD_TESTS_UNIT_POLICY_DECISION_H
#define CMPD_TESTS_UNIT_POLICY_DECISION_H

#include <criterion/criterion.h>
#include <time.h>

#include "crypto/name.h"
#include "server/pki/differences.h"
#include "tests/support/demo.h"

static struct demo demo;
static struct arena *arena;
static struct private_key *key;
static struct public_key *public;
static struct cert_request request;
static struct cmp_decision decision;
static const struct certificate *signer, *update; /* for the next decision; NULL: none */
static struct bytes reference;
static const struct cmp_device *listed; /* NULL: it is not known which */
static int by_ra;
static const struct config_agent *agent; /* NULL: the signer is none */
static int64_t at;                       /* the time of the next decision; 0: that of the clock */

static inline void use_key(enum key_kind kind, unsigned bits)
{
    private_key_free(key);
    public_key_free(public);
    key = private_key_generate(kind, bits);
    cr_assert_not_null(key);
    public = public_key_parse(private_key_spki(key));
    request.tmpl.spki = private_key_spki(key);
}

static void set_up(void)
{
    demo_new(&demo);
    arena = arena_new(1024 * 1024);
    use_key(KEY_P256, 0);
    request.tmpl.version = -1;
    cr_assert(name_build(&request.tmpl.subject, arena, (const char *const[]){"O", "Op", "CN", "gnb", NULL}));
}

static void tear_down(void)
{
    private_key_free(key);
    public_key_free(public);
    arena_free(arena);
    demo_free(&demo);
}

static const struct cmp_profile *profile(void)
{
    return policy_settings(demo.policy)->default_profile;
}

static void decide(void)
{
    decision = (struct cmp_decision){.profile = profile(),
                                     .request = &request,
                                     .key = public,
                                     .signer = signer,
                                     .update = update,
                                     .reference = reference,
                                     .device = listed,
                                     .by_ra = by_ra,
                                     .agent = agent,
                                     .now = at != 0 ? at : time(NULL),
                                     .arena = arena};
    policy_decide(&decision);
}

/* The certificate as it would be: the signature is none, which nobody here looks at. */
static inline struct certificate granted(void)
{
    static const uint8_t no_signature[8] = {0};
    struct certificate cert;
    struct bytes der;

    decide();
    cr_assert(decision.granted, "%s", decision.text);
    cr_assert(certificate_assemble(&der, arena, decision.tbs, profile()->ca->algorithm,
                                   bytes_of(no_signature, sizeof no_signature)));
    cr_assert(certificate_parse(&cert, der));
    return cert;
}

/* |what| is what the answer would say, or NULL: nothing. Decides anew.
 */
static inline void is_modified(const char *what)
{
    struct certificate cert = granted();
    const char *told = pki_differences(arena, &request.tmpl, &cert);

    cr_assert(what == NULL ? told == NULL : told != NULL && strcmp(told, what) == 0, "%s instead of %s",
              told != NULL ? told : "nothing", what != NULL ? what : "nothing");
}

static inline void refused(enum pki_failure failure)
{
    decide();
    cr_assert_not(decision.granted);
    cr_assert_eq(decision.fail_info, failure);
    cr_assert_not_null(decision.text);
    cr_assert_eq(decision.tbs.len, 0);
}

static inline void edit(const char *from, const char *to)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, from, to), "%s", fault.text);
}

#endif
