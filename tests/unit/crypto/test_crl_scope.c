/* crl_scope.c: of which certificates a CRL speaks (RFC 5280 4.2.1.13, 5.2.5, 6.3.3 (b)). */
#include "crypto/crl_scope.h"

#include <criterion/criterion.h>

#include "tests/support/hex.h"
#include "tests/unit/crypto/certs.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(crl_scope, .init = set_up, .fini = tear_down);

#define URI "86 03 75 3a 31 "                /* "u:1" */
#define OTHER_URI "86 03 75 3a 32 "          /* "u:2" */
#define RDN "30 08 06 03 55 04 03 0c 01 58 " /* CN=X */

static int scope(struct crl_scope *out, const char *der)
{
    return crl_scope_parse(out, arena, hex(arena, der), name_of(arena, "CA"));
}

/* The first of |points|, of a certificate of CN=CA. */
static int point(struct crl_point *out, const char *points)
{
    struct certificate cert = {.crl_points = hex(arena, points)};
    CBS list = crl_points(cert.crl_points);

    return crl_point_next(out, arena, &list, name_of(arena, "CA"));
}

Test(crl_scope, an_issuingDistributionPoint_is_taken_apart)
{
    struct crl_scope read;

    cr_assert(scope(&read, ""));
    cr_expect(!read.names.present && !read.only_users && !read.is_indirect);
    cr_expect_eq(read.reasons, CRL_REASONS_ALL);
    cr_assert(scope(&read, "30 10 a0 07 a0 05 " URI "81 01 ff 83 02 06 40"));
    cr_expect(read.names.count == 1 && read.only_users && !read.only_cas && !read.only_attributes);
    cr_expect_eq(read.reasons, 1 << 1, "keyCompromise");
    cr_assert(scope(&read, "30 06 82 01 ff 84 01 ff"));
    cr_expect(read.only_cas && read.is_indirect);
    cr_assert(scope(&read, "30 03 85 01 ff"));
    cr_expect(read.only_attributes);
}

/* RFC 5280 5.2.5: of onlyContains… no more than one is TRUE. */
Test(crl_scope, what_is_malformed_is_refused)
{
    static const char *const ders[] = {
        "30 06 81 01 ff 82 01 ff",                   /* for users alone, and for CAs alone */
        "30 06 82 01 ff 85 01 ff",                   /* for CAs alone, and for attributes alone */
        "30 06 82 01 ff 81 01 ff",                   /* in another order */
        "30 03 81 01 ff 00",                         /* more behind it */
        "30 04 81 02 ff ff",                         /* no BOOLEAN */
        "30 04 a0 02 a0 00",                         /* no name */
        "30 05 a0 03 a2 01 00",                      /* no choice */
        "30 02 83 00",                               /* no BIT STRING */
        "30 0c 83 0a 00 01 01 01 01 01 01 01 01 01", /* longer than any */
        "31 00",
    };
    struct crl_scope read;

    for (size_t i = 0; i < sizeof ders / sizeof ders[0]; i++)
        cr_expect_not(scope(&read, ders[i]), "%s", ders[i]);
}

/* RFC 5280 6.3.3 (b) (2) (i) */
Test(crl_scope, one_of_the_names_must_be_the_same)
{
    const struct certificate user = {.is_ca = 0};
    struct crl_scope one, any;
    struct crl_point same, other, nameless;

    cr_assert(scope(&one, "30 09 a0 07 a0 05 " URI));
    cr_assert(scope(&any, ""));
    cr_assert(point(&same, "30 10 30 0e a0 0c a0 0a " OTHER_URI URI));
    cr_assert(point(&other, "30 0b 30 09 a0 07 a0 05 " OTHER_URI));
    cr_assert(point(&nameless, "30 09 30 07 a2 05 " URI));
    cr_expect(crl_scope_covers(&one, &same, &user));
    cr_expect_not(crl_scope_covers(&one, &other, &user));
    cr_expect(crl_scope_covers(&any, &other, &user));
    cr_expect(crl_scope_covers(&one, &nameless, &user), "a name of cRLIssuer stands in for it");
}

/* RFC 5280 4.2.1.13: nameRelativeToCRLIssuer, of the CRL's issuer there, and of cRLIssuer or the
 * certificate's issuer here. */
Test(crl_scope, a_relative_name_is_the_whole_name)
{
    const struct certificate user = {.is_ca = 0};
    struct crl_scope relative;
    struct crl_point of_issuer, of_whole;

    cr_assert(scope(&relative, "30 0e a0 0c a1 0a " RDN));
    cr_assert(point(&of_issuer, "30 10 30 0e a0 0c a1 0a " RDN));
    cr_assert(point(&of_whole,
                    "30 25 30 23 a0 21 a0 1f a4 1d 30 1b 31 0d 30 0b 06 03 55 04 03 0c 04 6e 6f 6e 65 "
                    "31 0a 30 08 06 03 55 04 03 0c 01 58"));
    cr_expect(crl_scope_covers(&relative, &of_issuer, &user));
    cr_expect_not(crl_scope_covers(&relative, &of_whole, &user), "another CA's");
    cr_expect(crl_names_have(&of_issuer.names, name_of(arena, "CA")) == 0);
}

/* RFC 5280 6.3.3 (b) (2) (ii) to (iv) */
Test(crl_scope, kinds_of_certificates_are_told_apart)
{
    const struct certificate user = {.is_ca = 0}, ca = {.is_ca = 1};
    const struct crl_point anywhere = {.reasons = CRL_REASONS_ALL};
    struct crl_scope users, cas, attributes;

    cr_assert(scope(&users, "30 03 81 01 ff") && scope(&cas, "30 03 82 01 ff") &&
              scope(&attributes, "30 03 85 01 ff"));
    cr_expect(crl_scope_covers(&users, &anywhere, &user) && !crl_scope_covers(&users, &anywhere, &ca));
    cr_expect(!crl_scope_covers(&cas, &anywhere, &user) && crl_scope_covers(&cas, &anywhere, &ca));
    cr_expect(!crl_scope_covers(&attributes, &anywhere, &user) &&
              !crl_scope_covers(&attributes, &anywhere, &ca));
}

/* What is beyond the bound is as if it were not there. */
Test(crl_scope, many_names_have_an_end)
{
    uint8_t der[2 + 2 + 2 + 5 * (BOUND_CRL_NAMES + 2)] = {0x30,           sizeof der - 2, 0xa0,
                                                          sizeof der - 4, 0xa0,           sizeof der - 6};
    struct bytes name = hex(arena, URI);
    struct crl_scope read;

    for (size_t i = 0; i < BOUND_CRL_NAMES + 2; i++)
        memcpy(der + 6 + 5 * i, name.data, name.len);
    cr_assert(crl_scope_parse(&read, arena, bytes_of(der, sizeof der), name_of(arena, "CA")));
    cr_assert_eq(read.names.count, BOUND_CRL_NAMES);
}
