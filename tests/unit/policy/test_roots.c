/* roots.c: previous and next of a CA (RFC 9810 4.4): which certificates lead from one root to the next. */
#include <time.h>

#include "crypto/name.h"
#include "server/ctl/ctl.h"
#include "tests/unit/policy/faults.h"

static struct arena *arena;
static struct ctl_identity root, other;

/* The key of |subject|, signed by that of |issuer|, as ca/|stem|.pem. */
static void link_roots(const char *stem, const struct ctl_identity *subject,
                       const struct ctl_identity *issuer, int is_ca)
{
    static const uint8_t serial[] = {7};
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {.key = issuer->key, .signature = signature};
    struct signing *items[] = {&item};
    struct certificate_plan plan = {.serial = bytes_of(serial, 1),
                                    .issuer = issuer->cert.subject,
                                    .subject = subject->cert.subject,
                                    .not_before = time(NULL) - 1000,
                                    .not_after = time(NULL) - 10, /* it has expired: for stations to say */
                                    .spki = subject->cert.spki,
                                    .is_ca = is_ca,
                                    .path_len = -1,
                                    .key_usage =
                                        is_ca ? KEY_USAGE_KEY_CERT_SIGN : KEY_USAGE_DIGITAL_SIGNATURE};
    char dir[DEMO_PATH_MAX + 8], name[32];
    struct bytes der;

    plan.algorithm = item.algorithm = signature_for_key(private_key_kind(issuer->key));
    cr_assert(certificate_build(&item.message, arena, &plan));
    sign_batch(items, 1);
    cr_assert(certificate_assemble(&der, arena, item.message, plan.algorithm,
                                   bytes_of(signature, item.signature_len)));
    snprintf(dir, sizeof dir, "%s/ca", demo.dir);
    snprintf(name, sizeof name, "%s.pem", stem);
    cr_assert(ctl_write_certs(dir, name, &der, 1));
}

static void begin(void)
{
    static const char *const pairs[] = {"O", "Demo", "CN", "Another Root", NULL};
    const struct ctl_cert_spec spec = {CTL_ROOT, pairs, KEY_P384, 0, -1, 10};
    char dir[DEMO_PATH_MAX + 8];

    set_up();
    arena = arena_new(1024 * 1024);
    snprintf(dir, sizeof dir, "%s/ca", demo.dir);
    cr_assert(ctl_load(&root, arena, dir, "root"));
    cr_assert(ctl_make(&other, arena, &spec, NULL, time(NULL)));
    cr_assert(ctl_save(&other, dir, "other", 0));
    link_roots("other-by-root", &other, &root, 1);
    link_roots("root-by-other", &root, &other, 1);
    link_roots("no-ca", &other, &root, 0);
}

static void end(void)
{
    ctl_identity_cleanup(&root);
    ctl_identity_cleanup(&other);
    arena_free(arena);
    tear_down();
}

TestSuite(roots, .init = begin, .fini = end);

static const char from[] = "    chain: [ca/root.pem]";
#define WITH(key, certificate, new_with_old, old_with_new)                                                   \
    "    chain: [ca/root.pem]\n    " key ":\n      certificate: " certificate                                \
    "\n      new_with_old: " new_with_old "\n" old_with_new "    #"

static const struct cmp_authority *ca(void)
{
    return policy_authority(demo.policy, NULL);
}

Test(roots, there_need_be_none)
{
    cr_expect_eq(ca()->former.new_with_new.len, 0);
    cr_expect_eq(ca()->coming.new_with_new.len, 0);
    cr_expect_eq(ca()->former_root.len, 0);
}

/* RFC 9483 4.3.2 newWithNew: "MUST contain the new root CA certificate" */
Test(roots, the_next_one)
{
    edit(from,
         WITH("next", "ca/other.pem", "ca/other-by-root.pem", "      old_with_new: ca/root-by-other.pem\n"));
    cr_expect(bytes_equal(ca()->coming.new_with_new, other.cert_der));
    struct certificate link;
    cr_assert(certificate_parse(&link, ca()->coming.new_with_old));
    cr_expect(bytes_equal(link.spki, other.cert.spki) && name_equal(link.issuer, root.cert.subject));
    cr_assert(certificate_parse(&link, ca()->coming.old_with_new));
    cr_expect(bytes_equal(link.spki, root.cert.spki) && name_equal(link.issuer, other.cert.subject));
    cr_expect_eq(ca()->former.new_with_new.len, 0);
}

Test(roots, the_previous_one)
{
    edit(from, WITH("previous", "ca/other.pem", "ca/root-by-other.pem", ""));
    cr_expect(bytes_equal(ca()->former_root, other.cert_der));
    cr_expect(bytes_equal(ca()->former.new_with_new, root.cert_der));
    struct certificate link;
    cr_assert(certificate_parse(&link, ca()->former.new_with_old));
    cr_expect(bytes_equal(link.spki, root.cert.spki) && name_equal(link.issuer, other.cert.subject));
    cr_expect_eq(ca()->former.old_with_new.len, 0);
    cr_expect_eq(ca()->coming.new_with_new.len, 0);
}

/* RFC 9810 D.3: "a "self-signed" certificate; the contained public key MUST be usable to verify the
 * signature (though this provides only integrity and no authentication whatsoever)"
 * RFC 9483 4.3.2 newWithOld: "MUST contain a certificate containing the new public root CA key signed with
 * the old private root CA key" RFC 9483 4.3.2 oldWithNew: "MUST contain a certificate containing the old
 * public root CA key signed with the new private root CA key" */
Test(roots, a_fault_is_told_where_it_is)
{
    refuse_at(from, WITH("next", "nowhere.pem", "ca/other-by-root.pem", ""), "certificate:", "cannot read");
    refuse_at(from, WITH("next", "ca/issuing.pem", "ca/other-by-root.pem", ""),
              "certificate:", "it is no self-signed certificate of a CA");
    refuse_at(from, WITH("next", "demo/device.pem", "ca/other-by-root.pem", ""),
              "certificate:", "it is no self-signed certificate of a CA");
    refuse_at(from, WITH("next", "ca/other.pem", "nowhere.pem", ""), "new_with_old:", "cannot read");
    refuse_at(from, WITH("next", "ca/other.pem", "ca/root-by-other.pem", ""),
              "new_with_old:", "it does not hold the key of the newer root");
    refuse_at(from, WITH("next", "ca/other.pem", "ca/other.pem", ""),
              "new_with_old:", "the older root has not signed it");
    refuse_at(from, WITH("next", "ca/other.pem", "ca/no-ca.pem", ""), "new_with_old:", "or not for a CA");
    refuse_at(
        from,
        WITH("next", "ca/other.pem", "ca/other-by-root.pem", "      old_with_new: ca/other-by-root.pem\n"),
        "old_with_new:", "it does not hold the key of the older root");
    refuse_at(from, WITH("next", "ca/other.pem", "ca/other-by-root.pem", "      old_with_new: ca/root.pem\n"),
              "old_with_new:", "the newer root has not signed it");
    refuse_at(from, WITH("previous", "ca/other.pem", "ca/other-by-root.pem", ""),
              "new_with_old:", "it does not hold the key of the newer root");
}
