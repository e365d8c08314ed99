/* path.c: certification paths without their signatures (RFC 5280 section 6). */
#include <criterion/criterion.h>

#include "crypto/path.h"
#include "crypto/remembered.h"
#include "tests/support/hex.h"
#include "tests/unit/crypto/certs.h"

static struct arena *arena;
static struct private_key *key; /* one for all: signatures are not verified here */
static struct trust trust;
static struct path checked;

static void set_up(void)
{
    arena = arena_new(16 * 1024 * 1024);
    key = private_key_generate(KEY_P256, 0);
}

static void tear_down(void)
{
    path_cleanup(&checked);
    trust_cleanup(&trust);
    private_key_free(key);
    arena_free(arena);
}

TestSuite(path, .init = set_up, .fini = tear_down);

static struct certificate cert(const char *subject, const char *issuer, struct certificate_plan plan)
{
    struct certificate out;

    plan.subject = name_of(arena, subject);
    plan.issuer = name_of(arena, issuer);
    plan.spki = private_key_spki(key);
    if (!plan.is_ca)
        plan.path_len = -1;
    must(certificate_parse(&out, sign_plan(arena, plan, key)));
    return out;
}

static struct certificate ca(const char *subject, const char *issuer, int64_t path_len)
{
    return cert(
        subject, issuer,
        (struct certificate_plan){.is_ca = 1, .path_len = path_len, .key_usage = KEY_USAGE_KEY_CERT_SIGN});
}

static struct certificate leaf(const char *subject, const char *issuer)
{
    return cert(subject, issuer, (struct certificate_plan){.key_usage = KEY_USAGE_DIGITAL_SIGNATURE});
}

static void anchor(struct certificate root)
{
    must(trust_add(&trust, root.der, 1));
}

static enum path_fault build(struct certificate *target, struct certificate *supplied, size_t count,
                             unsigned attempt, size_t *links)
{
    struct path path;
    enum path_fault fault = path_build(&path, &trust, target, supplied, count, CERTS_NOW, attempt);

    if (links != NULL)
        *links = path.count;
    if (fault == PATH_OK) {
        cr_assert_not_null(path.end);
        for (size_t i = 0; i < path.count; i++) {
            cr_assert_not_null(path.links[i].key);
            cr_assert_not_null(path.links[i].algorithm);
        }
    }
    path_cleanup(&path);
    return fault;
}

Test(path, a_path_over_supplied_intermediates_is_found_in_any_order)
{
    struct certificate supplied[] = {ca("A", "Root", 1), leaf("other", "B"), ca("B", "A", 0)};
    struct certificate target = leaf("device", "B");
    size_t links;

    anchor(ca("Root", "Root", -1));
    cr_assert_eq(build(&target, supplied, 3, 0, &links), PATH_OK);
    cr_assert_eq(links, 3); /* device, B, A are signed by somebody: three signatures to verify */
    cr_assert_eq(build(&target, supplied, 2, 0, NULL), PATH_NO_ISSUER);
    cr_assert_eq(build(&target, NULL, 0, 0, NULL), PATH_NO_ISSUER);
}

/* A CA that has certified others trusts what it has issued itself, and not what they have. */
Test(path, below_an_anchor_that_is_direct_no_other_ca_stands)
{
    struct certificate root = ca("Root", "Root", -1), a = ca("A", "Root", -1);
    struct certificate direct = leaf("device", "Root"), beyond = leaf("device", "A");

    cr_assert(trust_add_direct(&trust, root.der));
    cr_assert_eq(build(&direct, NULL, 0, 0, NULL), PATH_OK);
    cr_assert_eq(build(&beyond, &a, 1, 0, NULL), PATH_NOT_CA);
    anchor(root);
    cr_assert_eq(build(&beyond, &a, 1, 0, NULL), PATH_OK, "unless it is an anchor besides");
}

static void expect_hash(const uint8_t *got, struct bytes der)
{
    uint8_t hash[DIGEST_MAX];

    cr_assert_eq(digest_compute(hash, DIGEST_SHA256, der), 32);
    cr_expect_arr_eq(got, hash, 32);
}

/* From the issuer of the target up to the anchor, those that were configured included. */
Test(path, what_a_path_goes_over_is_told_by_hashes)
{
    struct certificate root = ca("Root", "Root", -1), middle = ca("M", "Root", -1), a = ca("A", "M", 1);
    struct certificate target = leaf("device", "A"), supplied[] = {a};
    uint8_t hashes[PATH_HASHES_MAX];
    struct path path;

    anchor(root);
    cr_assert(trust_add_issued(&trust, middle.der, &trust.items[0]));
    cr_assert_eq(path_build(&path, &trust, &target, supplied, 1, CERTS_NOW, 0), PATH_OK);
    cr_assert_eq(path_hashes(hashes, &path, &trust), 3 * 32);
    expect_hash(hashes, a.der);
    expect_hash(hashes + 32, middle.der);
    expect_hash(hashes + 64, root.der);
    path_cleanup(&path);
    /* One that is trusted by itself. */
    cr_assert_eq(path_build(&path, &trust, &middle, NULL, 0, CERTS_NOW, 0), PATH_OK);
    cr_assert_eq(path_hashes(hashes, &path, &trust), 32);
    expect_hash(hashes, root.der);
    path_cleanup(&path);
    cr_assert_eq(path_build(&path, &trust, &root, NULL, 0, CERTS_NOW, 0), PATH_OK);
    cr_assert_eq(path_hashes(hashes, &path, &trust), 0);
    path_cleanup(&path);
}

/* RFC 5280 6.1.3 (a) (4), 7.1: the issuer's name is the subject's in another spelling, below an anchor and
 * below a supplied certificate, and where it makes a certificate self-issued. */
Test(path, names_chain_in_any_spelling)
{
    struct certificate supplied[] = {ca("a  1", "ROOT", 1), ca("B 1", "b 1", 0)},
                       target = leaf("device", "A 1");
    struct certificate below = leaf("device", "b  1"), direct = leaf("device", "rOOT"),
                       other = leaf("device", "Roots");

    anchor(ca("Root", "Root", -1));
    cr_assert_eq(build(&direct, NULL, 0, 0, NULL), PATH_OK);
    cr_assert_eq(build(&other, NULL, 0, 0, NULL), PATH_NO_ISSUER);
    cr_assert_eq(build(&target, supplied, 2, 0, NULL), PATH_OK);
    cr_assert_eq(build(&below, supplied, 2, 0, NULL), PATH_NO_ISSUER);
    cr_assert(certificate_self_issued(&supplied[1]));
    cr_assert_not(certificate_self_issued(&supplied[0]));
}

/* RFC 9483 3.5: "Note: The requirements for checking certificates given in [RFC5280] MUST be followed for
 * signature-based CMP message protection."
 * RFC 5280 6.1: the signatures are the caller's to verify, each over its certificate with its issuer's
 * key. */
Test(path, the_links_of_a_good_path_verify)
{
    struct certificate supplied[] = {ca("A", "Root", 0)}, target = leaf("device", "A");
    struct verification *items[BOUND_CHAIN];
    struct path path;

    anchor(ca("Root", "Root", -1));
    cr_assert_eq(path_build(&path, &trust, &target, supplied, 1, CERTS_NOW, 0), PATH_OK);
    cr_assert_eq(path.count, 2);
    for (size_t i = 0; i < 2; i++)
        items[i] = &path.links[i];
    verify_batch(items, 2);
    cr_assert(path.links[0].valid && path.links[1].valid);
    cr_assert(bytes_equal(path.links[0].message, target.tbs));
    cr_assert(bytes_equal(path.links[1].message, supplied[0].tbs));
    path_cleanup(&path);
}

/* RFC 9483 3.5: "Note: The requirements for checking certificates given in [RFC5280] MUST be followed for
 * signature-based CMP message protection."
 * RFC 5280 6.1.3 (a)(4): the issuer's name chains */
Test(path, names_must_chain)
{
    struct certificate target = leaf("device", "Rood");

    anchor(ca("Root", "Root", -1));
    cr_assert_eq(build(&target, NULL, 0, 0, NULL), PATH_NO_ISSUER);
}

/* RFC 5280 4.2.1.1: the identifier tells issuers of one name apart */
Test(path, key_identifiers_that_differ_exclude_an_issuer)
{
    struct certificate root = ca("Root", "Root", -1);
    struct certificate_plan plan = {.issuer_key_id = bytes_str("another key's id")};
    struct certificate target = cert("device", "Root", plan);

    anchor(root);
    cr_assert_eq(build(&target, NULL, 0, 0, NULL), PATH_NO_ISSUER);
    plan.issuer_key_id = root.key_id;
    target = cert("device", "Root", plan);
    cr_assert_eq(build(&target, NULL, 0, 0, NULL), PATH_OK);
    /* Where the issuer, or what it issued, says none, none excludes it. */
    struct certificate intermediate = ca("A", "Root", -1);
    plan.issuer_key_id = bytes_str("another key's id");
    target = cert("device", "A", plan);
    cr_assert_eq(build(&target, &intermediate, 1, 0, NULL), PATH_NO_ISSUER);
    intermediate.key_id.len = 0;
    cr_assert_eq(build(&target, &intermediate, 1, 0, NULL), PATH_OK);
    intermediate = ca("A", "Root", -1);
    target = leaf("device", "A");
    cr_assert_eq(build(&target, &intermediate, 1, 0, NULL), PATH_OK);
}

/* RFC 9483 3.5: "Note: The requirements for checking certificates given in [RFC5280] MUST be followed for
 * signature-based CMP message protection."
 * RFC 5280 6.1.4 (l), (m): pathLenConstraint counts the intermediates below, the target not among them. */
Test(path, pathLenConstraint_holds)
{
    struct certificate supplied[] = {ca("A", "Root", -1), ca("B", "A", -1)};
    struct certificate target = leaf("device", "B"), short_target = leaf("device", "A");

    anchor(ca("Root", "Root", 1));
    cr_assert_eq(build(&target, supplied, 2, 0, NULL), PATH_NOT_CA);
    cr_assert_eq(build(&short_target, supplied, 2, 0, NULL), PATH_OK);

    supplied[0] = ca("A", "Root2", 0);
    anchor(ca("Root2", "Root2", -1));
    cr_assert_eq(build(&target, supplied, 2, 0, NULL), PATH_NOT_CA);
    supplied[0] = ca("A", "Root2", 1);
    cr_assert_eq(build(&target, supplied, 2, 0, NULL), PATH_OK);
}

/* RFC 9483 3.5: "Note: The requirements for checking certificates given in [RFC5280] MUST be followed for
 * signature-based CMP message protection."
 * RFC 5280 6.1.4 (k), (n) */
Test(path, an_issuer_is_a_CA_with_keyCertSign)
{
    struct certificate target = leaf("device", "A");
    struct certificate no_ca = leaf("A", "Root");
    struct certificate no_usage = cert(
        "A", "Root", (struct certificate_plan){.is_ca = 1, .path_len = -1, .key_usage = KEY_USAGE_CRL_SIGN});
    struct certificate any_usage = cert("A", "Root", (struct certificate_plan){.is_ca = 1, .path_len = -1});

    anchor(ca("Root", "Root", -1));
    cr_assert_eq(build(&target, &no_ca, 1, 0, NULL), PATH_NOT_CA);
    cr_assert_eq(build(&target, &no_usage, 1, 0, NULL), PATH_NOT_CA);
    cr_assert_eq(build(&target, &any_usage, 1, 0, NULL), PATH_OK);
}

/* RFC 9483 3.5: "Note: The requirements for checking certificates given in [RFC5280] MUST be followed for
 * signature-based CMP message protection."
 * RFC 5280 6.1.3 (a)(2): both ends of the validity belong to it (4.1.2.5). */
Test(path, every_certificate_must_be_valid_at_the_time)
{
    static const struct {
        int64_t not_before, not_after;
        enum path_fault fault;
    } cases[] = {
        {CERTS_NOW, CERTS_NOW, PATH_OK},
        {CERTS_NOW + 1, CERTS_NOW + 9, PATH_EXPIRED},
        {CERTS_NOW - 9, CERTS_NOW - 1, PATH_EXPIRED},
    };

    anchor(ca("Root", "Root", -1));
    for (size_t i = 0; i < 3; i++) {
        struct certificate_plan plan = {.not_before = cases[i].not_before, .not_after = cases[i].not_after};
        struct certificate target = cert("device", "Root", plan), below = leaf("device", "A");
        cr_assert_eq(build(&target, NULL, 0, 0, NULL), cases[i].fault, "case %zu", i);
        plan.is_ca = 1;
        plan.path_len = -1;
        struct certificate intermediate = cert("A", "Root", plan);
        cr_assert_eq(build(&below, &intermediate, 1, 0, NULL), cases[i].fault, "case %zu", i);
        char name[8];
        snprintf(name, sizeof name, "R%zu", i);
        anchor(cert(name, name, plan));
        target = leaf("device", name);
        cr_assert_eq(build(&target, NULL, 0, 0, NULL), cases[i].fault, "case %zu", i);
    }
}

/* RFC 9483 3.5: "Note: The requirements for checking certificates given in [RFC5280] MUST be followed for
 * signature-based CMP message protection."
 * RFC 5280 6.1.4 (o), 6.1.5 (f) */
Test(path, an_unknown_critical_extension_anywhere_is_refused)
{
    struct certificate target = leaf("device", "A"), intermediate = ca("A", "Root", -1);

    anchor(ca("Root", "Root", -1));
    cr_assert_eq(build(&target, &intermediate, 1, 0, NULL), PATH_OK);
    target.unknown_critical = bytes_str("*");
    cr_assert_eq(build(&target, &intermediate, 1, 0, NULL), PATH_CRITICAL);
    target.unknown_critical.len = 0;
    intermediate.unknown_critical = bytes_str("*");
    cr_assert_eq(build(&target, &intermediate, 1, 0, NULL), PATH_CRITICAL);
}

/* ---- issuers that are configured ---- */

/* An issuer comes along with the message, or is configured: as an intermediate that was verified, or as an
 * anchor. */
enum place { SUPPLIED, INTERMEDIATE, ANCHOR, PLACES };

static const struct rule {
    const char *name;
    struct certificate_plan plan; /* of the issuer */
    int critical;                 /* 1: it has a critical extension that is not known, too */
    enum path_fault one, two;     /* by it directly, and with one more issuer in between */
    enum path_fault anchor;       /* the first for an anchor, where it is another */
} rules[] = {
    {"good",
     {.is_ca = 1, .path_len = -1, .key_usage = KEY_USAGE_KEY_CERT_SIGN},
     0,
     PATH_OK,
     PATH_OK,
     PATH_OK},
    {"no keyUsage", {.is_ca = 1, .path_len = -1}, 0, PATH_OK, PATH_OK, PATH_OK},
    /* 6.1.4 (n) */
    {"no keyCertSign",
     {.is_ca = 1, .path_len = -1, .key_usage = KEY_USAGE_CRL_SIGN | KEY_USAGE_DIGITAL_SIGNATURE},
     0,
     PATH_NOT_CA,
     PATH_NOT_CA,
     PATH_NOT_CA},
    /* 6.1.4 (k); 6.1.1 (d): an anchor is a name and a key. */
    {"no CA", {.key_usage = KEY_USAGE_KEY_CERT_SIGN}, 0, PATH_NOT_CA, PATH_NOT_CA, PATH_OK},
    /* 6.1.4 (l), (m) */
    {"pathLen 0",
     {.is_ca = 1, .path_len = 0, .key_usage = KEY_USAGE_KEY_CERT_SIGN},
     0,
     PATH_OK,
     PATH_NOT_CA,
     PATH_OK},
    {"pathLen 1",
     {.is_ca = 1, .path_len = 1, .key_usage = KEY_USAGE_KEY_CERT_SIGN},
     0,
     PATH_OK,
     PATH_OK,
     PATH_OK},
    /* 6.1.3 (a)(2) */
    {"over",
     {.is_ca = 1, .path_len = -1, .not_before = CERTS_NOW - 9, .not_after = CERTS_NOW - 1},
     0,
     PATH_EXPIRED,
     PATH_EXPIRED,
     PATH_EXPIRED},
    {"last second",
     {.is_ca = 1, .path_len = -1, .not_before = CERTS_NOW - 9, .not_after = CERTS_NOW},
     0,
     PATH_OK,
     PATH_OK,
     PATH_OK},
    {"first second",
     {.is_ca = 1, .path_len = -1, .not_before = CERTS_NOW, .not_after = CERTS_NOW + 9},
     0,
     PATH_OK,
     PATH_OK,
     PATH_OK},
    {"not yet",
     {.is_ca = 1, .path_len = -1, .not_before = CERTS_NOW + 1, .not_after = CERTS_NOW + 9},
     0,
     PATH_EXPIRED,
     PATH_EXPIRED,
     PATH_EXPIRED},
    /* 6.1.4 (o) */
    {"critical extension",
     {.is_ca = 1, .path_len = -1, .key_usage = KEY_USAGE_KEY_CERT_SIGN},
     1,
     PATH_CRITICAL,
     PATH_CRITICAL,
     PATH_CRITICAL},
};

static void expect_rule(const struct rule *rule, enum place place)
{
    static const uint8_t oid[] = {0x2a, 3, 4}, null[] = {0x05, 0x00};
    const struct certificate_extension other = {bytes_of(oid, sizeof oid), 1, bytes_of(null, sizeof null)};
    struct certificate_plan plan = rule->plan;
    struct certificate supplied[2], device = leaf("device", "A"), farther = leaf("farther", "B");

    plan.others = &other;
    plan.other_count = (size_t)rule->critical;
    supplied[0] = ca("B", "A", -1);
    supplied[1] = cert("A", place == ANCHOR ? "A" : "Root", plan);
    anchor(ca("Root", "Root", -1));
    if (place != SUPPLIED)
        must(trust_add(&trust, supplied[1].der, place == ANCHOR));
    cr_assert_eq(build(&device, supplied, place == SUPPLIED ? 2 : 1, 0, NULL),
                 place == ANCHOR ? rule->anchor : rule->one, "%s, place %d", rule->name, place);
    cr_assert_eq(build(&farther, supplied, place == SUPPLIED ? 2 : 1, 0, NULL),
                 place == ANCHOR && rule->anchor != rule->one ? rule->anchor : rule->two, "%s, place %d",
                 rule->name, place);
    trust_cleanup(&trust);
}

/* RFC 9483 3.5: "Note: The requirements for checking certificates given in [RFC5280] MUST be followed for
 * signature-based CMP message protection."
 * RFC 5280 6.1.3, 6.1.4: what is configured is held to the rules as what comes along is. */
Test(path, the_rules_hold_for_issuers_wherever_they_come_from)
{
    for (enum place place = SUPPLIED; place < PLACES; place++)
        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
            expect_rule(&rules[i], place);
}

/* RFC 5280 6.1.4 (l), (m): what an issuer allows below it holds across intermediates that are configured,
 * too. */
Test(path, pathLenConstraint_holds_over_configured_intermediates)
{
    static const struct {
        int64_t root, a, b;           /* pathLenConstraint, or -1 */
        int added;                    /* how many of A and B can be: A was issued by Root, B by A */
        enum path_fault under, below; /* of a device of the last of them, and of one of an issuer below it */
    } cases[] = {
        {-1, -1, -1, 2, PATH_OK, PATH_OK},    {0, -1, -1, 0, PATH_NO_ISSUER, PATH_NO_ISSUER},
        {1, -1, -1, 1, PATH_OK, PATH_NOT_CA}, {2, -1, -1, 2, PATH_OK, PATH_NOT_CA},
        {3, -1, -1, 2, PATH_OK, PATH_OK},     {-1, 0, -1, 1, PATH_OK, PATH_NOT_CA},
        {-1, 1, -1, 2, PATH_OK, PATH_NOT_CA}, {-1, 2, -1, 2, PATH_OK, PATH_OK},
        {-1, -1, 0, 2, PATH_OK, PATH_NOT_CA}, {-1, -1, 1, 2, PATH_OK, PATH_OK},
        {2, 5, 5, 2, PATH_OK, PATH_NOT_CA},   {5, 5, 0, 2, PATH_OK, PATH_NOT_CA},
    };
    static const char *const names[] = {"Root", "A", "B"};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct certificate a = ca("A", "Root", cases[i].a), b = ca("B", "A", cases[i].b);
        int added = 0;
        anchor(ca("Root", "Root", cases[i].root));
        if (trust_add_issued(&trust, a.der, &trust.items[0])) {
            added++;
            added += trust_add_issued(&trust, b.der, &trust.items[1]);
        }
        cr_assert_eq(added, cases[i].added, "case %zu", i);
        cr_assert_eq(trust.count, 1 + (size_t)added);
        if (added != 0) {
            struct certificate device = leaf("device", names[added]), sub = ca("Sub", names[added], -1);
            struct certificate farther = leaf("farther", "Sub");
            cr_assert_eq(build(&device, NULL, 0, 0, NULL), cases[i].under, "case %zu", i);
            cr_assert_eq(build(&farther, &sub, 1, 0, NULL), cases[i].below, "case %zu", i);
        }
        trust_cleanup(&trust);
    }
}

/* RFC 5280 6.1.4 (l): a self-issued certificate, as of a key roll-over, counts for none; nor does one that is
 * there already. */
Test(path, what_is_self_issued_takes_nothing_of_a_pathLenConstraint)
{
    struct certificate root = ca("Root", "Root", 0), next = ca("Root", "Root", -1);
    struct certificate device = leaf("device", "Root");

    anchor(root);
    cr_assert(trust_add_issued(&trust, next.der, &trust.items[0]));
    cr_assert_eq(trust.items[1].path_len, 0);
    cr_assert_eq(build(&device, NULL, 0, 0, NULL), PATH_OK);
    cr_assert(trust_add_issued(&trust, root.der, &trust.items[0]));
    cr_assert_eq(trust.items[2].path_len, 0);
    cr_assert_not(trust_add_issued(&trust, bytes_str("no certificate"), &trust.items[0]));
    cr_assert_eq(trust.count, 3);
}

Test(path, an_algorithm_or_key_that_is_not_supported_is_refused)
{
    struct certificate target = leaf("device", "A"), intermediate = ca("A", "Root", -1);

    anchor(ca("Root", "Root", -1));
    target.algorithm = NULL;
    cr_assert_eq(build(&target, &intermediate, 1, 0, NULL), PATH_ALGORITHM);
    target = leaf("device", "A");
    intermediate.spki = bytes_str("no key");
    cr_assert_eq(build(&target, &intermediate, 1, 0, NULL), PATH_ALGORITHM);
}

/* RFC 9483 3.3: "Self-signed certificates should be omitted from extraCerts and MUST NOT be trusted based
 * on their inclusion in any case" */
Test(path, a_supplied_root_is_not_trusted)
{
    struct certificate supplied = ca("Stranger", "Stranger", -1), target = leaf("device", "Stranger");

    anchor(ca("Root", "Root", -1));
    cr_assert_eq(build(&target, &supplied, 1, 0, NULL), PATH_NO_ISSUER);
}

/* RFC 5280 4.2.1.1: a certificate that is self-signed may omit authorityKeyIdentifier, or names its own key:
 * it is on no path. One that is only self-issued names another key, and brings a path to a new key of its
 * name; it takes nothing of a pathLenConstraint (6.1.4 (l)). */
Test(path, what_is_supplied_and_self_issued_is_on_a_path_unless_it_is_self_signed)
{
    struct certificate root = ca("Root", "Root", 0), supplied = ca("Root", "Root", -1), target;
    struct certificate_plan plan = {.issuer_key_id = bytes_str("a new key's")};

    anchor(root);
    supplied.key_id = plan.issuer_key_id;
    target = cert("device", "Root", plan);
    cr_assert_eq(build(&target, &supplied, 1, 0, NULL), PATH_NO_ISSUER);
    supplied.issuer_key_id = supplied.key_id;
    cr_assert_eq(build(&target, &supplied, 1, 0, NULL), PATH_NO_ISSUER);
    supplied.issuer_key_id = root.key_id;
    cr_assert_eq(build(&target, &supplied, 1, 0, NULL), PATH_OK);
    supplied.issuer = name_of(arena, "Root2"); /* issued by another name: it counts */
    supplied.issuer_cache = (struct name_cache){.printed = 0};
    supplied.issuer_key_id.len = 0;
    anchor(ca("Root2", "Root2", 0));
    cr_assert_eq(build(&target, &supplied, 1, 0, NULL), PATH_NOT_CA);
}

Test(path, a_target_that_is_itself_trusted_needs_no_signature)
{
    struct certificate root = ca("Root", "Root", -1);
    size_t links = 9;

    anchor(root);
    cr_assert_eq(build(&root, NULL, 0, 0, &links), PATH_OK);
    cr_assert_eq(links, 0);
    cr_assert_neq(build(&root, NULL, 0, 1, NULL), PATH_OK);
}

/* RFC 5280 6.1.3 (a)(2), 4.1.2.5 */
Test(path, a_target_that_is_itself_trusted_must_be_valid_at_the_time)
{
    for (int64_t late = -1; late <= 1; late++) {
        struct certificate_plan over = {.is_ca = 1, .path_len = -1, .not_before = CERTS_NOW - 9};
        struct certificate_plan early = {.is_ca = 1, .path_len = -1, .not_after = CERTS_NOW + 9};
        over.not_after = CERTS_NOW - late;
        early.not_before = CERTS_NOW + late;
        struct certificate first = cert("Over", "Over", over), second = cert("Early", "Early", early);
        anchor(first);
        anchor(second);
        cr_assert_eq(build(&first, NULL, 0, 0, NULL), late <= 0 ? PATH_OK : PATH_EXPIRED);
        cr_assert_eq(build(&second, NULL, 0, 0, NULL), late <= 0 ? PATH_OK : PATH_EXPIRED);
        trust_cleanup(&trust);
    }
}

/* A issues B issues A …: the search ends. */
Test(path, loops_end)
{
    struct certificate supplied[] = {ca("A", "B", -1), ca("B", "A", -1)}, target = leaf("device", "A");

    anchor(ca("Root", "Root", -1));
    cr_assert_eq(build(&target, supplied, 2, 0, NULL), PATH_NO_ISSUER);
}

Test(path, a_chain_has_a_bound)
{
    struct certificate supplied[BOUND_CHAIN + 1];
    char names[BOUND_CHAIN + 2][8];

    anchor(ca("N0", "N0", -1));
    for (size_t i = 0; i <= BOUND_CHAIN + 1; i++)
        snprintf(names[i], sizeof names[i], "N%zu", i);
    for (size_t i = 0; i <= BOUND_CHAIN; i++)
        supplied[i] = ca(names[i + 1], names[i], -1);
    size_t links;
    struct certificate target = leaf("device", names[BOUND_CHAIN - 1]);
    cr_assert_eq(build(&target, supplied, BOUND_CHAIN + 1, 0, &links), PATH_OK);
    cr_assert_eq(links, BOUND_CHAIN);
    target = leaf("device", names[BOUND_CHAIN]);
    cr_assert_eq(build(&target, supplied, BOUND_CHAIN + 1, 0, NULL), PATH_NO_ISSUER);
}

/* Certificates that all look like issuers, in bad faith: of the many paths a bounded number is tried. What
 * cannot be reached within the bound is not found, although it is there. */
Test(path, look_alikes_are_tried_up_to_a_bound)
{
    enum { LOOK_ALIKES = 2 * 8 };
    struct certificate supplied[LOOK_ALIKES + 1], target = leaf("device", "X");

    anchor(ca("Root", "Root", -1));
    for (size_t i = 0; i < LOOK_ALIKES; i++)
        supplied[i] = i < LOOK_ALIKES / 2 ? ca("X", "Y", -1) : ca("Y", "Z", -1);
    supplied[LOOK_ALIKES] = ca("X", "Root", -1);
    cr_assert_eq(build(&target, supplied, LOOK_ALIKES + 1, 0, NULL), PATH_NO_ISSUER);
    supplied[0] = supplied[LOOK_ALIKES];
    cr_assert_eq(build(&target, supplied, LOOK_ALIKES, 0, NULL), PATH_OK);
}

/* Two anchors of one name and no key identifiers: the second is the second attempt. */
Test(path, each_attempt_gives_another_path)
{
    struct certificate target = leaf("device", "Root");
    const struct trusted *ends[2];
    struct path path;

    anchor(ca("Root", "Root", -1));
    anchor(ca("Root", "Root", 5));
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        cr_assert_eq(path_build(&path, &trust, &target, NULL, 0, CERTS_NOW, attempt), PATH_OK);
        ends[attempt] = path.end;
        path_cleanup(&path);
    }
    cr_assert_neq(ends[0], ends[1]);
    cr_assert_neq(build(&target, NULL, 0, 2, NULL), PATH_OK);
}

/* What a vendor's devices all send along is verified once; a device's own certificate every time. */
Test(path, issuers_that_were_verified_are_remembered)
{
    struct certificate intermediate = ca("A", "Root", 0), first = leaf("first", "A"),
                       second = leaf("second", "A");
    struct certificate other = ca("A", "Root", 0);
    uint8_t signature[SIGNATURE_MAX];
    struct path path;
    size_t links;

    anchor(ca("Root", "Root", -1));
    cr_assert_eq(path_build(&path, &trust, &first, &intermediate, 1, CERTS_NOW, 0), PATH_OK);
    cr_assert_eq(path.count, 2);
    path_cleanup(&path);
    cr_assert_eq(build(&second, &intermediate, 1, 0, &links), PATH_OK);
    cr_assert_eq(links, 2, "nobody has verified it yet");
    path_remember(&path, &trust);
    cr_assert_eq(path_build(&path, &trust, &second, &intermediate, 1, CERTS_NOW, 0), PATH_OK);
    cr_assert_eq(path.count, 1);
    cr_assert(bytes_equal(path.links[0].message, second.tbs), "the device's own is what is left");
    path_cleanup(&path);
    cr_assert_eq(build(&first, &intermediate, 1, 0, &links), PATH_OK);
    cr_assert_eq(links, 1);
    /* One that only looks like it is verified. */
    cr_assert_eq(build(&first, &other, 1, 0, &links), PATH_OK);
    cr_assert_eq(links, 2);
    memcpy(signature, intermediate.signature.data, intermediate.signature.len);
    signature[intermediate.signature.len - 1] ^= 1;
    intermediate.signature = bytes_of(signature, intermediate.signature.len);
    cr_assert_eq(build(&first, &intermediate, 1, 0, &links), PATH_OK);
    cr_assert_eq(links, 2);
}

enum { ISSUERS = 4 };

static int are_held(const struct path *path, unsigned which)
{
    int all = 1;

    for (size_t i = 0; i < ISSUERS; i++)
        if (which >> i & 1)
            all = all && remembered_has(trust.verified, &path->fingerprints[1 + i]);
    return all;
}

/* Of |issuers|, those in |known| are remembered, and then all. Returns 0 if two of them have one place. */
static int leave_out(struct certificate *target, struct certificate issuers[ISSUERS], unsigned known)
{
    struct path path, again;
    size_t next = 1;
    int all;

    remembered_free(trust.verified);
    trust.verified = remembered_new();
    cr_assert_eq(path_build(&path, &trust, target, issuers, ISSUERS, CERTS_NOW, 0), PATH_OK);
    cr_assert_eq(path.count, 1 + ISSUERS);
    for (size_t i = 0; i < ISSUERS; i++)
        if (known >> i & 1)
            remembered_add(trust.verified, &path.fingerprints[1 + i]);
    all = are_held(&path, known);
    cr_assert_eq(path_build(&again, &trust, target, issuers, ISSUERS, CERTS_NOW, 0), PATH_OK);
    cr_assert(bytes_equal(again.links[0].message, target->tbs));
    for (size_t i = 0; all && i < ISSUERS; i++)
        if ((known >> i & 1) == 0)
            cr_assert(bytes_equal(again.links[next++].message, issuers[i].tbs));
    cr_assert(!all || again.count == next);
    path_remember(&again, &trust); /* what is remembered of them is theirs */
    path_cleanup(&again);
    cr_assert_eq(path_build(&again, &trust, target, issuers, ISSUERS, CERTS_NOW, 0), PATH_OK);
    if ((all = all && are_held(&path, (1u << ISSUERS) - 1)))
        cr_assert_eq(again.count, 1);
    path_cleanup(&again);
    path_cleanup(&path);
    return all;
}

/* What stands between two that were not verified yet is left out, and both stay. */
Test(path, what_is_remembered_is_left_out_wherever_it_stands)
{
    struct certificate issuers[ISSUERS] = {ca("A", "B", -1), ca("B", "C", -1), ca("C", "D", -1),
                                           ca("D", "Root", -1)};
    struct certificate target = leaf("device", "A");

    anchor(ca("Root", "Root", -1));
    for (unsigned known = 0; known < 1u << ISSUERS; known++) {
        int tries = 0;
        while (!leave_out(&target, issuers, known))
            cr_assert_lt(++tries, 100, "places are chosen anew for each set, and there are 256");
    }
}

Test(path, what_is_no_certificate_cannot_be_trusted)
{
    cr_assert_not(trust_add(&trust, bytes_str("no certificate"), 1));
    cr_assert_eq(trust.count, 0);
}

/* ---- what certificates say of those below them ---- */

static enum path_fault check(struct certificate target, struct certificate *supplied, size_t count)
{
    static const struct policy_settings defaults;
    static struct certificate kept; /* a refusal refers to it */

    kept = target;
    path_cleanup(&checked);
    cr_assert_eq(path_build(&checked, &trust, &kept, supplied, count, CERTS_NOW, 0), PATH_OK);
    return path_check(&checked, &trust, &defaults, arena);
}

/* A CA with a critical extension of id-ce, whose content is |value|. */
static struct certificate ca_that_says(const char *subject, const char *issuer, const char *last,
                                       const char *value)
{
    char oid[16];

    snprintf(oid, sizeof oid, "55 1d %s", last);
    return cert(subject, issuer,
                (struct certificate_plan){
                    .is_ca = 1,
                    .path_len = -1,
                    .key_usage = KEY_USAGE_KEY_CERT_SIGN,
                    .others = &(struct certificate_extension){hex(arena, oid), 1, hex(arena, value)},
                    .other_count = 1});
}

#define CONSTRAINTS "1e"
#define POLICIES "20"
#define POLICY_CONSTRAINTS "24"
/* directoryName CN=a; CN=b */
#define ONLY_A "30 14 a0 12 30 10 a4 0e 30 0c 31 0a 30 08 06 03 55 04 03 0c 01 61"
#define NOT_B "30 14 a1 12 30 10 a4 0e 30 0c 31 0a 30 08 06 03 55 04 03 0c 01 62"
#define NO_POLICY_BUT_2_5 "30 06 30 04 06 02 2a 05"
#define REQUIRES_ONE "30 03 80 01 00"

/* RFC 5937: what an anchor's certificate says counts, as it does of any other issuer; a name of its own is
 * not held against it. */
Test(path, what_an_anchor_says_counts)
{
    anchor(ca_that_says("Root", "Root", CONSTRAINTS, ONLY_A));
    cr_expect_eq(check(leaf("a", "Root"), NULL, 0), PATH_OK);
    cr_expect_eq(check(leaf("b", "Root"), NULL, 0), PATH_NAMES);
    anchor(ca_that_says("Root2", "Root2", POLICY_CONSTRAINTS, REQUIRES_ONE));
    cr_expect_eq(check(leaf("b", "Root2"), NULL, 0), PATH_POLICIES);
    anchor(ca_that_says("Root3", "Root3", POLICIES, NO_POLICY_BUT_2_5));
    struct certificate below = ca_that_says("A", "Root3", POLICY_CONSTRAINTS, REQUIRES_ONE);
    cr_expect_eq(check(leaf("b", "Root3"), NULL, 0), PATH_OK);
    cr_expect_eq(check(leaf("b", "A"), &below, 1), PATH_POLICIES);
    anchor(ca_that_says("Root4", "Root4", CONSTRAINTS, "30 00"));
    cr_expect_eq(check(leaf("b", "Root4"), NULL, 0), PATH_NAMES);
    cr_expect(bytes_equal(checked.refusal.cert->subject, name_of(arena, "Root4")));
}

/* RFC 5280 6.1.1 (d): an anchor is a name and a key, and need not have policies where some are required. */
Test(path, an_anchor_without_policies_is_good_for_any)
{
    struct certificate_extension policies = {hex(arena, "55 1d 20"), 1, hex(arena, NO_POLICY_BUT_2_5)};
    struct certificate target =
        cert("device", "Root", (struct certificate_plan){.others = &policies, .other_count = 1});

    anchor(ca_that_says("Root", "Root", POLICY_CONSTRAINTS, REQUIRES_ONE));
    cr_expect_eq(check(target, NULL, 0), PATH_OK);
}

/* What a configured intermediate says, and the anchor above it, whether or not it comes along. */
Test(path, what_configured_intermediates_say_counts)
{
    struct certificate a = ca_that_says("a", "Root", CONSTRAINTS, NOT_B), lower = ca("c", "a", -1);

    for (int again = 0; again <= 1; again++) {
        anchor(ca_that_says("Root", "Root", CONSTRAINTS,
                            "30 14 a1 12 30 10 a4 0e 30 0c 31 0a 30 08 06 03 55 04 03 0c 01 64"));
        cr_assert(trust_add_issued(&trust, a.der, &trust.items[0]));
        cr_assert(trust_add_issued(&trust, lower.der, &trust.items[1]));
        if (again)
            cr_assert(trust_add_issued(&trust, lower.der, &trust.items[2]));
        cr_expect_eq(trust.items[trust.count - 1].depth, 2);
        cr_expect_eq(trust.items[trust.count - 1].issuer, 1);
        cr_expect_eq(check(leaf("device", "c"), NULL, 0), PATH_OK);
        cr_expect_eq(check(leaf("b", "c"), NULL, 0), PATH_NAMES);
        cr_expect(bytes_equal(checked.refusal.cert->subject, name_of(arena, "b")));
        cr_expect_str_eq(checked.refusal.reason, "nameConstraints of CN=a exclude its subject");
        cr_expect_eq(check(leaf("d", "c"), NULL, 0), PATH_NAMES);
        cr_expect_str_eq(checked.refusal.reason, "nameConstraints of CN=Root exclude its subject");
        path_cleanup(&checked);
        trust_cleanup(&trust);
    }
}

/* An intermediate that those above it do not allow is none that a configuration may have. */
Test(path, an_intermediate_must_be_allowed_by_those_above_it)
{
    struct certificate b = ca("b", "Root", -1), d = ca("d", "Root", -1), below = ca("b", "d", -1);
    struct certificate poor = ca("d", "Root2", -1),
                       rich = ca_that_says("d", "Root2", POLICIES, NO_POLICY_BUT_2_5);
    struct certificate rolled = ca("b", "b", -1), broken = ca_that_says("c", "Root", CONSTRAINTS, "30 00");

    anchor(ca_that_says("Root", "Root", CONSTRAINTS, NOT_B));
    anchor(ca_that_says("Root2", "Root2", POLICY_CONSTRAINTS, REQUIRES_ONE));
    cr_expect_not(trust_add_issued(&trust, b.der, &trust.items[0]));
    cr_expect_not(trust_add_issued(&trust, broken.der, &trust.items[0]));
    cr_expect_not(trust_add_issued(&trust, poor.der, &trust.items[1]));
    cr_expect_eq(trust.count, 2);
    cr_expect(trust_add_issued(&trust, rich.der, &trust.items[1]));
    cr_expect(trust_add_issued(&trust, d.der, &trust.items[0]));
    cr_expect_not(trust_add_issued(&trust, below.der, &trust.items[3]));
    /* 4.2.1.10: "Name constraints are not applied to self-issued certificates" */
    cr_expect(trust_add_issued(&trust, rolled.der, &trust.items[0]));
    cr_expect_eq(trust.count, 5);
}

/* Of configured intermediates, too, no more stand above each other than a path may have. */
Test(path, configured_intermediates_have_a_bound)
{
    char names[BOUND_CHAIN + 1][8];

    anchor(ca("N0", "N0", -1));
    for (size_t i = 0; i <= BOUND_CHAIN; i++)
        snprintf(names[i], sizeof names[i], "N%zu", i);
    for (size_t i = 1; i <= BOUND_CHAIN; i++) {
        struct certificate next = ca(names[i], names[i - 1], -1);
        cr_assert_eq(trust_add_issued(&trust, next.der, &trust.items[i - 1]), i < BOUND_CHAIN);
    }
    struct certificate supplied[BOUND_CHAIN - 1];
    char below[BOUND_CHAIN - 1][8];
    for (size_t i = 0; i < BOUND_CHAIN - 1; i++) {
        snprintf(below[i], sizeof below[i], "S%zu", i);
        supplied[i] = ca(below[i], i == 0 ? names[BOUND_CHAIN - 1] : below[i - 1], -1);
    }
    cr_expect_eq(check(leaf("device", below[BOUND_CHAIN - 2]), supplied, BOUND_CHAIN - 1), PATH_OK);
    cr_expect_eq(checked.cert_count, BOUND_CHAIN);
}

/* A signature that was verified before is not verified again; what its certificate says is looked at each
 * time. */
Test(path, what_a_remembered_issuer_says_counts)
{
    struct certificate a = ca_that_says("A", "Root", CONSTRAINTS, NOT_B);

    anchor(ca("Root", "Root", -1));
    cr_assert_eq(check(leaf("device", "A"), &a, 1), PATH_OK);
    cr_assert_eq(checked.count, 2);
    path_remember(&checked, &trust);
    cr_assert_eq(check(leaf("b", "A"), &a, 1), PATH_NAMES);
    cr_assert_eq(checked.count, 1);
    cr_assert_eq(checked.cert_count, 2);
}

/* RFC 5280 6.1.5: of the last certificate of a path nobody is below. */
Test(path, what_a_target_says_of_those_below_it_is_nobodys)
{
    static const char *const said[][2] = {{CONSTRAINTS, "30 00"}, {"21", "30 00"}, {"36", "30 00"}};

    anchor(ca("Root", "Root", -1));
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        struct certificate issuer = ca_that_says("A", "Root", said[i][0], said[i][1]);
        cr_expect_eq(check(issuer, NULL, 0), PATH_OK, "%s", said[i][0]);
        cr_expect_neq(check(leaf("device", "A"), &issuer, 1), PATH_OK, "%s", said[i][0]);
    }
}

Test(path, a_check_without_memory_is_no_verdict)
{
    static const struct policy_settings defaults;
    struct certificate a = ca_that_says("A", "Root", CONSTRAINTS, NOT_B), target = leaf("device", "A");
    struct arena *none = arena_new(8);

    anchor(ca("Root", "Root", -1));
    cr_assert_eq(path_build(&checked, &trust, &target, &a, 1, CERTS_NOW, 0), PATH_OK);
    cr_assert_eq(path_check(&checked, &trust, &defaults, none), PATH_MEMORY);
    arena_free(none);
}

Test(path, a_target_that_is_itself_trusted_is_held_against_nothing)
{
    struct certificate b = ca("b", "b", -1);

    anchor(ca_that_says("Root", "Root", CONSTRAINTS, NOT_B));
    anchor(b);
    cr_assert_eq(check(b, NULL, 0), PATH_OK);
}

/* A refusal says which certificate it is about, and what of it. */
Test(path, a_refusal_names_the_certificate_and_what_is_wrong_with_it)
{
    struct certificate target = leaf("device", "A"), intermediate = ca("A", "Root", -1);
    struct path path;

    anchor(ca("Root", "Root", -1));
    intermediate.unknown_critical = bytes_str("*\x03");
    cr_assert_eq(path_build(&path, &trust, &target, &intermediate, 1, CERTS_NOW, 0), PATH_CRITICAL);
    cr_assert_str_eq(path_refusal_text(arena, &path.refusal),
                     "certificate of CN=A: it has a critical extension that is not supported, 1.2.3");
    path_cleanup(&path);
    intermediate = ca("A", "Nobody", -1);
    cr_assert_eq(path_build(&path, &trust, &target, &intermediate, 1, CERTS_NOW, 0), PATH_NO_ISSUER);
    cr_assert_str_eq(path_refusal_text(arena, &path.refusal),
                     "certificate of CN=A: no path leads from it to a trusted certificate");
    path_cleanup(&path);
    intermediate = leaf("A", "Root");
    cr_assert_eq(path_build(&path, &trust, &target, &intermediate, 1, CERTS_NOW, 0), PATH_NOT_CA);
    cr_assert_str_eq(path_refusal_text(arena, &path.refusal),
                     "certificate of CN=A: it issued others, and basicConstraints makes it no CA");
    path_cleanup(&path);
}
