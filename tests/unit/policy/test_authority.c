/* authority.c: what makes a chain one, and of which of two CAs a fault is told, and where. */
#include <time.h>

#include "crypto/name.h"
#include "server/ctl/ctl.h"
#include "tests/unit/policy/faults.h"

/* It has the same keys as the first: that is nobody's business here. */
static const char from[] = "\nvendors:\n";
#define CERTIFICATE "    certificate: ca/issuing.pem\n"
#define KEY "    key: ca/issuing.key\n"
#define CHAIN "    chain:\n      - ca/root.pem\n"
#define CMP_CERTIFICATE "    cmp_certificate: ca/cmp.pem\n"
#define CMP_KEY "    cmp_key: ca/cmp.key\n"
#define SECOND(certificate, key, chain, cmp_certificate, cmp_key)                                            \
    "\n  - name: second\n" certificate key chain cmp_certificate cmp_key "\nvendors:\n"

TestSuite(authority, .init = set_up, .fini = tear_down);

Test(authority, each_is_found_by_its_name)
{
    edit(from, SECOND(CERTIFICATE, KEY, CHAIN, CMP_CERTIFICATE, CMP_KEY));
    const struct cmp_authority *first = policy_authority(demo.policy, "issuing"),
                               *second = policy_authority(demo.policy, "second");
    cr_assert(first != NULL && second != NULL && first != second);
    cr_assert_str_eq(first->name, "issuing");
    cr_assert_str_eq(second->name, "second");
    cr_assert_eq(policy_authority(demo.policy, NULL), first); /* that of the default profile */
    edit("ca: issuing", "ca: second");
    cr_assert_str_eq(policy_authority(demo.policy, NULL)->name, "second");
    cr_assert_str_eq(policy_settings(demo.policy)->default_profile->ca->name, "second");
}

/* store.h: certificates are found by whose key issued them. */
Test(authority, its_id_is_the_beginning_of_the_hash_of_its_key)
{
    const struct cmp_authority *ca = policy_authority(demo.policy, NULL);
    uint8_t digest[DIGEST_MAX];

    digest_compute(digest, DIGEST_SHA256, ca->cert.spki);
    cr_assert_eq(memcmp(ca->id, digest, STORE_ISSUER_ID), 0);
    cr_assert_eq(ca->algorithm, signature_named("ecdsa-with-SHA256"));
    cr_assert_eq(ca->cmp_algorithm, signature_named("ecdsa-with-SHA256"));
}

Test(authority, a_fault_is_told_in_the_line_of_its_setting)
{
    refuse_at(from, SECOND("    certificate: nowhere.pem\n", KEY, CHAIN, CMP_CERTIFICATE, CMP_KEY),
              "certificate:", "cannot read");
    refuse_at(from, SECOND(CERTIFICATE, "    key: nowhere.key\n", CHAIN, CMP_CERTIFICATE, CMP_KEY),
              "key:", "cannot read");
    refuse_at(from, SECOND(CERTIFICATE, "    key: ca/root.key\n", CHAIN, CMP_CERTIFICATE, CMP_KEY),
              "key:", "does not belong to cas[1].certificate");
    refuse_at(from,
              SECOND(CERTIFICATE, KEY, "    chain:\n      - ca/root.pem\n      - nowhere.pem\n",
                     CMP_CERTIFICATE, CMP_KEY),
              "- nowhere", "cannot read");
    refuse_at(from,
              SECOND(CERTIFICATE, KEY, "    chain:\n      - ca/root.pem\n      - demo/vendor-root.pem\n",
                     CMP_CERTIFICATE, CMP_KEY),
              "- demo/vendor-root", "list the chain from the issuer of cas[1].certificate up to the root");
    refuse_at(from, SECOND(CERTIFICATE, KEY, "    chain: []\n", CMP_CERTIFICATE, CMP_KEY), "chain:",
              "list the certificates from the issuer of cas[1].certificate up to the self-signed one");
    refuse_at(from, SECOND(CERTIFICATE, KEY, CHAIN, "    cmp_certificate: nowhere.pem\n", CMP_KEY),
              "cmp_certificate:", "cannot read");
    refuse_at(from, SECOND(CERTIFICATE, KEY, CHAIN, "    cmp_certificate: demo/device.pem\n", CMP_KEY),
              "cmp_certificate:", "it was not issued by cas[1].certificate or its chain");
    refuse_at(from, SECOND(CERTIFICATE, KEY, CHAIN, CMP_CERTIFICATE, "    cmp_key: nowhere.key\n"),
              "cmp_key:", "cannot read");
    refuse_at(from, SECOND(CERTIFICATE, KEY, CHAIN, CMP_CERTIFICATE, "    cmp_key: ca/root.key\n"),
              "cmp_key:", "does not belong to cas[1].cmp_certificate");
}

/* RFC 9483 3.3: where a root issues by itself it is the chain, and is sent along. */
Test(authority, a_root_may_issue_by_itself)
{
    static const char *const pairs[] = {"CN", "signer", NULL};
    const struct ctl_cert_spec spec = {CTL_CMP_SIGNER, pairs, KEY_P256, 0, -1, 10};
    struct arena *arena = arena_new(1024 * 1024);
    struct ctl_identity root, signer;
    char dir[DEMO_PATH_MAX + 8];

    snprintf(dir, sizeof dir, "%s/ca", demo.dir);
    cr_assert(ctl_load(&root, arena, dir, "root"));
    cr_assert(ctl_make(&signer, arena, &spec, &root, time(NULL)));
    cr_assert(ctl_save(&signer, dir, "signer", 1));
    edit(from, SECOND("    certificate: ca/root.pem\n", "    key: ca/root.key\n", "    chain: []\n",
                      "    cmp_certificate: ca/signer.pem\n", "    cmp_key: ca/signer.key\n"));
    const struct cmp_authority *ca = policy_authority(demo.policy, "second");
    cr_assert(bytes_equal(ca->root, ca->cert.der));
    cr_assert_eq(ca->mac_extra_cert_count, 1);
    cr_assert(bytes_equal(ca->mac_extra_certs[0], ca->cert.der));
    cr_assert_eq(ca->signed_extra_cert_count, 2);
    cr_assert(bytes_equal(ca->signed_extra_certs[0], signer.cert.der));
    cr_assert(bytes_equal(ca->signed_extra_certs[1], ca->cert.der));
    ctl_identity_cleanup(&signer);
    ctl_identity_cleanup(&root);
    arena_free(arena);
}

/* Where what issues protects answers, too, it is sent once. */
Test(authority, what_issues_may_protect_answers)
{
    static const uint8_t serial[] = {9};
    struct arena *arena = arena_new(1024 * 1024);
    struct ctl_identity root;
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {.signature = signature};
    struct signing *items[] = {&item};
    char dir[DEMO_PATH_MAX + 8];
    struct bytes der;

    snprintf(dir, sizeof dir, "%s/ca", demo.dir);
    cr_assert(ctl_load(&root, arena, dir, "root"));
    const struct cmp_authority *first = policy_authority(demo.policy, NULL);
    const struct certificate_plan plan = {.serial = bytes_of(serial, 1),
                                          .algorithm = signature_for_key(KEY_P256),
                                          .issuer = root.cert.subject,
                                          .subject = first->cert.subject,
                                          .not_before = time(NULL) - 300,
                                          .not_after = time(NULL) + 1000,
                                          .spki = first->cert.spki,
                                          .is_ca = 1,
                                          .path_len = 0,
                                          .key_usage = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_CERT_SIGN};
    item.key = root.key;
    item.algorithm = plan.algorithm;
    cr_assert(certificate_build(&item.message, arena, &plan));
    sign_batch(items, 1);
    cr_assert(certificate_assemble(&der, arena, item.message, plan.algorithm,
                                   bytes_of(signature, item.signature_len)));
    cr_assert(ctl_write_certs(dir, "both.pem", &der, 1));
    edit(from, SECOND("    certificate: ca/both.pem\n", KEY, CHAIN, "    cmp_certificate: ca/both.pem\n",
                      "    cmp_key: ca/issuing.key\n"));
    const struct cmp_authority *ca = policy_authority(demo.policy, "second");
    cr_assert_eq(ca->signed_extra_cert_count, 1);
    cr_assert(bytes_equal(ca->signed_extra_certs[0], der));
    cr_assert_eq(ca->mac_extra_cert_count, 1);
    ctl_identity_cleanup(&root);
    arena_free(arena);
}

/* A certificate of |key|, issued by |subject| to itself and signed with |signer|, as ca/|stem|.pem. */
static void make_signed(struct arena *arena, const char *stem, const struct private_key *key,
                        const struct private_key *signer, struct bytes subject, int is_ca, unsigned key_usage)
{
    static const uint8_t serial[] = {7};
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {.key = signer, .signature = signature};
    struct signing *items[] = {&item};
    struct certificate_plan plan = {.serial = bytes_of(serial, 1),
                                    .issuer = subject,
                                    .subject = subject,
                                    .not_before = time(NULL) - 300,
                                    .not_after = time(NULL) + 1000,
                                    .spki = private_key_spki(key),
                                    .is_ca = is_ca,
                                    .path_len = -1,
                                    .key_usage = key_usage};
    char dir[DEMO_PATH_MAX + 8], name[32];
    struct bytes der;

    plan.algorithm = item.algorithm = signature_for_key(private_key_kind(signer));
    cr_assert(certificate_build(&item.message, arena, &plan));
    sign_batch(items, 1);
    cr_assert(certificate_assemble(&der, arena, item.message, plan.algorithm,
                                   bytes_of(signature, item.signature_len)));
    snprintf(dir, sizeof dir, "%s/ca", demo.dir);
    snprintf(name, sizeof name, "%s.pem", stem);
    cr_assert(ctl_write_certs(dir, name, &der, 1));
}

static void make_root(struct arena *arena, const char *stem, const struct private_key *key,
                      struct bytes subject, int is_ca, unsigned key_usage)
{
    make_signed(arena, stem, key, key, subject, is_ca, key_usage);
}

/* RFC 9810 5.2.5: "* The certificate MUST be self-signed (i.e., the signature must be verifiable using the
 * SubjectPublicKeyInfo field);"
 * RFC 9810 5.2.5: "* The subject and issuer fields MUST be identical;"
 * A root that another key of the same name has signed, newWithOld say, is what stations verify and none that
 * they may trust. */
Test(authority, the_root_of_a_chain_is_self_signed)
{
    struct arena *arena = arena_new(1024 * 1024);
    struct private_key *former = private_key_generate(KEY_P256, 0);
    struct ctl_identity root;
    char dir[DEMO_PATH_MAX + 8];

    snprintf(dir, sizeof dir, "%s/ca", demo.dir);
    cr_assert(ctl_load(&root, arena, dir, "root"));
    make_signed(arena, "new-with-old", root.key, former, root.cert.subject, 1, 0);
    make_root(arena, "new-with-new", root.key, root.cert.subject, 1, 0);
    refuse_at("chain: [ca/root.pem]", "chain: [ca/new-with-old.pem]", "chain:", "does not reach a root");
    refuse_at("chain: [ca/root.pem]", "chain: []", "chain:", "does not reach a root");
    edit("chain: [ca/root.pem]", "chain: [ca/new-with-new.pem]");
    private_key_free(former);
    ctl_identity_cleanup(&root);
    arena_free(arena);
}

/* RFC 5280 6.1.3 (a): each issuer of a chain signed what is before it, and is named there. */
Test(authority, a_chain_is_one_by_name_and_by_signature)
{
    struct arena *arena = arena_new(1024 * 1024);
    struct private_key *stranger = private_key_generate(KEY_P256, 0);
    struct ctl_identity root;
    struct bytes other;
    char dir[DEMO_PATH_MAX + 8];

    snprintf(dir, sizeof dir, "%s/ca", demo.dir);
    cr_assert(ctl_load(&root, arena, dir, "root"));
    cr_assert(name_build(&other, arena, (const char *const[]){"CN", "Other", NULL}));
    make_root(arena, "same", root.key, root.cert.subject, 1, 0);
    make_root(arena, "key", root.key, other, 1, 0);
    make_root(arena, "name", stranger, root.cert.subject, 1, 0);
    make_root(arena, "no-ca", stranger, other, 0, 0);
    make_root(arena, "no-usage", stranger, other, 1, KEY_USAGE_CRL_SIGN);
    refuse_at(" certificate: ca/issuing.pem", " certificate: ca/no-ca.pem",
              "certificate:", "not one of a CA");
    refuse_at(" certificate: ca/issuing.pem", " certificate: ca/no-usage.pem",
              "certificate:", "not one of a CA");
    refuse_at("chain: [ca/root.pem]", "chain: [ca/key.pem]", "chain:", "did not issue");
    refuse_at("chain: [ca/root.pem]", "chain: [ca/name.pem]", "chain:", "did not issue");
    edit("chain: [ca/root.pem]", "chain: [ca/same.pem]");
    private_key_free(stranger);
    ctl_identity_cleanup(&root);
    arena_free(arena);
}
