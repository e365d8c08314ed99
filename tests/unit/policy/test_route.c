/* route.c: URL paths (RFC 9811 3.4, RFC 9483 6.1). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/demo.h"

static struct demo demo;
static struct cmp_route route;

static void set_up(void)
{
    demo_new(&demo);
}

static void tear_down(void)
{
    demo_free(&demo);
}

TestSuite(route, .init = set_up, .fini = tear_down);

static int found(const char *path)
{
    return policy_route(demo.policy, &route, bytes_str(path));
}

/* RFC 9811 3.4: "Each CMP server on a PKI management entity supporting HTTP or HTTPS transfer MUST
 * support the use of the path prefix '/.well-known/' as defined in [RFC8615] and the registered name
 * 'cmp' to ease interworking in a multi-vendor environment."
 * RFC 9483 6.1: "PKI management operations MUST use a URI path consisting of '/.well-known/cmp' or
 * '/.well-known/cmp/p/<name>' as specified in Section 3.3 of CMP Updates [RFC9480]." */
Test(route, the_registered_name_alone_names_no_profile)
{
    cr_assert(found("/.well-known/cmp"));
    cr_assert_null(route.profile);
    cr_assert_eq(route.body, -1);
    cr_assert(found("/.well-known/cmp/"));
}

/* RFC 9483 6.1: "PKI management operations MUST use a URI path consisting of '/.well-known/cmp' or
 * '/.well-known/cmp/p/<name>' as specified in Section 3.3 of CMP Updates [RFC9480]." */
Test(route, the_segment_p_is_followed_by_a_profile)
{
    cr_assert(found("/.well-known/cmp/p/demo"));
    cr_assert_str_eq(route.profile->config->name, "demo");
    cr_assert_not(found("/.well-known/cmp/p/nobody"));
    cr_assert_not(found("/.well-known/cmp/p/"));
    cr_assert_not(found("/.well-known/cmp/p"));
    cr_assert_not(found("/.well-known/cmp/p/demo2"));
}

/* RFC 9483 6.1, of devices: "It SHOULD be followed by an operation label depending on the type of PKI
 * management operation."
 * RFC 9811 3.4: "/.well-known/cmp/<operation>" */
Test(route, an_operation_label_stands_for_a_body)
{
    static const struct {
        const char *label;
        int body, info; /* RFC 9483 4.3.1 to 4.3.4: the number of infoType under id-it */
    } labels[] = {{"initialization", PKI_IR, 0},   {"certification", PKI_CR, 0},
                  {"keyupdate", PKI_KUR, 0},       {"pkcs10", PKI_P10CR, 0},
                  {"revocation", PKI_RR, 0},       {"getcacerts", PKI_GENM, 17},
                  {"getrootupdate", PKI_GENM, 20}, {"getcertreqtemplate", PKI_GENM, 19},
                  {"getcrls", PKI_GENM, 22},       {"nested", PKI_NESTED, 0}};
    char path[128];

    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        snprintf(path, sizeof path, "/.well-known/cmp/%s", labels[i].label);
        cr_assert(found(path));
        cr_assert_eq(route.body, labels[i].body);
        cr_assert_eq(route.info, labels[i].info);
        cr_assert_null(route.profile);
        snprintf(path, sizeof path, "/.well-known/cmp/p/demo/%s", labels[i].label);
        cr_assert(found(path));
        cr_assert_eq(route.body, labels[i].body);
        cr_assert_eq(route.info, labels[i].info);
        cr_assert_str_eq(route.profile->config->name, "demo");
    }
}

Test(route, what_is_none_of_these_is_not_found)
{
    static const char *const paths[] = {
        "",
        "/",
        "/cmp",
        "/.well-known/cmpx",
        "/.well-known/cmp/unknown",
        "/.well-known/cmp/initialization/more",
        "/.well-known/cmp/p/demo/initialization/more",
        "/.well-known/cmp//",
        ".well-known/cmp",
        "/.WELL-KNOWN/cmp",
    };

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        cr_assert_not(found(paths[i]), "%s", paths[i]);
}

Test(route, a_legacy_path_of_the_configuration_names_its_profile)
{
    cr_assert(found("/pkix"));
    cr_assert_str_eq(route.profile->config->name, "demo");
    cr_assert_not(found("/pki"));
    cr_assert_not(found("/pkix/more"));
}

/* They are told in a statusString: not longer than one may be. */
Test(route, the_paths_are_told_as_far_as_there_is_room)
{
    struct arena *arena = arena_new(65536);
    struct config_fault fault;
    char long_path[400] = "paths: [/pkix/, /", many[600];
    const char *text = policy_paths(demo.policy, arena);

    cr_expect_eq(strncmp(text, "/.well-known/cmp, /.well-known/cmp/p/demo", 41), 0, "%s", text);
    memset(long_path + strlen(long_path), 'a', 150);
    snprintf(many, sizeof many, "%s]", long_path);
    cr_assert(demo_edit(&demo, &fault, "paths: [/pkix/]", many), "%s", fault.text);
    text = policy_paths(demo.policy, arena);
    cr_expect_str_eq(text, "/.well-known/cmp, /.well-known/cmp/p/demo, /pkix/, …");
    arena_free(arena);
}
