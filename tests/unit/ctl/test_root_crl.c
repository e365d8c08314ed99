/* root_crl.c: the CRL of a CA whose key is in a file (RFC 5280 section 5). */
#include "server/ctl/root_crl.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/crl.h"
#include "server/base/file.h"

enum { NOW = 1800000000 };

static struct arena *arena;
static struct ctl_identity root, other;

static void make_ca(struct ctl_identity *out, const char *name)
{
    const char *const names[] = {"CN", name, NULL};
    const struct ctl_cert_spec spec = {CTL_ROOT, names, KEY_P256, 0, -1, 1000};

    cr_assert(ctl_make(out, arena, &spec, NULL, NOW));
}

static void begin(void)
{
    arena = arena_new(1024 * 1024);
    make_ca(&root, "Root");
    make_ca(&other, "Other");
}

static void end(void)
{
    ctl_identity_cleanup(&root);
    ctl_identity_cleanup(&other);
    arena_free(arena);
}

TestSuite(root_crl, .init = begin, .fini = end);

static struct bytes made(const struct root_crl *plan)
{
    struct bytes der, kept;
    int64_t number;

    cr_assert(root_crl_make(&der, &number, plan));
    kept = arena_copy(arena, der);
    free((void *)(uintptr_t)der.data);
    return kept;
}

Test(root_crl, the_next_one_has_all_of_the_former)
{
    const struct root_crl_revoked revoked = {.cert = other.cert, .reason = 2};
    struct root_crl plan = {.ca = &root, .revoked = &revoked, .revoked_count = 1, .days = 10, .now = NOW};
    struct crl_entry entry;
    struct crl crl;
    CBS rest;

    plan.former = made(&plan);
    plan.revoked_count = 0;
    plan.now = NOW - 5; /* a clock that was set back */
    cr_assert(crl_parse(&crl, made(&plan)));
    cr_assert_eq(crl.number, 2);
    cr_assert_eq(crl.this_update, NOW + 1);
    cr_assert_eq(crl.next_update, NOW - 5 + 10 * 86400);
    rest = cbs_of(crl.entries);
    cr_assert(crl_read_entry(&rest, &entry));
    cr_assert_eq(entry.reason, 2);
    cr_assert_eq(entry.revoked_at, NOW);
    cr_assert_eq(CBS_len(&rest), 0);
}

Test(root_crl, what_another_CA_has_signed_is_no_former_one)
{
    struct root_crl plan = {.ca = &other, .days = 1, .now = NOW};
    struct bytes der;
    int64_t number;

    plan.former = made(&plan);
    plan.ca = &root;
    cr_assert_not(root_crl_make(&der, &number, &plan));
    plan.former = bytes_str("0no CRL");
    cr_assert_not(root_crl_make(&der, &number, &plan));
}

Test(root_crl, the_first_one_lists_nothing)
{
    char path[] = "/tmp/cmpd-crl-XXXXXX";
    struct crl crl;
    uint8_t *der;
    size_t len;
    int fd = mkstemp(path);

    cr_assert_neq(fd, -1);
    close(fd);
    cr_expect_not(root_crl_begin(path, &root, NOW), "it is there");
    unlink(path);
    cr_assert(root_crl_begin(path, &root, NOW));
    cr_assert(file_read(&der, &len, path, 1024));
    cr_assert(crl_parse(&crl, bytes_of(der, len)));
    cr_expect(crl_is_signed_by(&crl, root.cert.spki));
    cr_expect_eq(crl.number, 1);
    cr_expect_eq(crl.entries.len, 0);
    cr_expect_eq(crl.next_update, NOW + ROOT_CRL_DAYS * (int64_t)86400);
    free(der);
    unlink(path);
}
