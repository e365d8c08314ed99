/* handout.c, handout_text.c: what is typed into base stations. */
#include "server/base/file.h"
#include "server/ctl/ctl.h"
#include "server/ctl/handout.h"
#include "tests/unit/ctl/cert_fixture.h"

TestSuite(handout, .init = set_up, .fini = tear_down, .timeout = 60);

Test(handout, a_name_has_three_forms)
{
    struct arena *arena = arena_new(65536);
    struct bytes name;

    cr_assert(name_build(&name, arena, (const char *const[]){"O", "A/B, Inc", "CN", "CA", NULL}));
    cr_expect_str_eq(handout_name(arena, name, HANDOUT_LAST_FIRST), "CN=CA,O=A/B\\, Inc");
    cr_expect_str_eq(handout_name(arena, name, HANDOUT_FIRST_FIRST), "O=A/B\\, Inc,CN=CA");
    cr_expect_str_eq(handout_name(arena, name, HANDOUT_SLASHES), "/O=A\\/B\\, Inc/CN=CA");
    cr_expect_str_eq(handout_name(arena, name_empty(), HANDOUT_SLASHES), "");
    arena_free(arena);
}

/* FIPS 180-2, A.1 and B.1. */
Test(handout, a_fingerprint_is_the_digest_with_colons)
{
    struct arena *arena = arena_new(65536);

    cr_expect_str_eq(handout_fingerprint(arena, DIGEST_SHA1, bytes_str("abc")),
                     "A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D");
    cr_expect_eq(
        strncmp(handout_fingerprint(arena, DIGEST_SHA256, bytes_str("abc")), "BA:78:16:BF:8F:01", 17), 0);
    arena_free(arena);
}

Test(handout, address_names_and_files)
{
    char words[2 * DEMO_PATH_MAX], path[DEMO_PATH_MAX + 32];
    struct certificate cert;
    struct arena *arena = arena_new(65536);

    snprintf(words, sizeof words, "handout demo --out %s/given", demo.dir);
    cr_assert_eq(with_config(words), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "\nurl                   http://127.0.0.1:8829/pkix/\n"), "%s",
                       call_out);
    cr_expect_not_null(strstr(call_out, "\ncert_profile          demo\n"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\nrecipient_slashes     /O=Demo Operator/CN=Issuing CA\n"), "%s",
                       call_out);
    cr_expect_not_null(strstr(call_out, "\nanswers_by            CN=CMP server,O=Demo Operator\n"), "%s",
                       call_out);
    snprintf(path, sizeof path, "%s/given/chain.pem", demo.dir);
    cr_assert(ctl_load_certificate(&cert, arena, path));
    cr_expect(bytes_equal(cert.der, policy_settings(demo.policy)->default_profile->ca->cert.der));
    snprintf(path, sizeof path, "%s/given/root.pem", demo.dir);
    cr_assert(ctl_load_certificate(&cert, arena, path));
    cr_expect_not_null(strstr(call_out, handout_fingerprint(arena, DIGEST_SHA256, cert.der)), "%s", call_out);
    cr_expect(certificate_self_issued(&cert));
    arena_free(arena);
    cr_expect_eq(with_config(words), CTL_FAULT, "what is there is not overwritten");
    cr_expect_eq(*call_out, 0, "%s", call_out);
}

/* One of 128 characters is not. */
Test(handout, a_long_URL_is_warned_of)
{
    char words[512] = "handout demo --url https://";

    memset(words + strlen(words), 'a', 114);
    strcat(words, "//");
    cr_assert_eq(with_config(words), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_err, "has 145 characters, and some stations take no more than 128"), "%s",
                       call_err);
    cr_expect_null(strstr(call_err, "/pkix/ has"), "%s", call_err);
    cr_expect_not_null(strstr(call_out, "aaa/pkix/\n"), "%s", call_out);
}

Test(handout, the_profile_takes_the_vendor)
{
    struct config_fault fault;

    cr_expect_eq(with_config("handout nobody"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "there is no vendor 'nobody'"), "%s", call_err);
    cr_expect_eq(with_config("handout demo --profile demo"), CTL_OK, "%s", call_err);
    cr_assert(demo_edit(&demo, &fault, "      vendors: [demo]", "      vendors: []"), "%s", fault.text);
    cr_expect_eq(with_config("handout demo"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "no profile takes certificates of demo"), "%s", call_err);
    cr_assert(demo_edit(&demo, &fault, "      allowed: true", "      allowed: false"), "%s", fault.text);
    cr_expect_eq(with_config("handout demo --profile demo"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "the profile demo takes no certificates of demo"), "%s", call_err);
}

/* Who enrolls by a shared secret needs no vendor in accept.vendors. */
Test(handout, a_profile_of_secrets_alone_is_for_any_vendor)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, "      vendors: [demo]", "      vendors: []"), "%s", fault.text);
    cr_expect_eq(with_config("handout demo --profile demo"), CTL_OK, "%s", call_err);
    cr_expect_eq(with_config("handout demo"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "--profile which takes shared secrets"), "%s", call_err);
}

Test(handout, the_URL_is_one_of_http)
{
    static const char *const wrong[] = {"ca.example", "ldap://ca.example", "https://", "http://ca.example/?a",
                                        "http://ca.example#a"};
    char words[128];

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(words, sizeof words, "handout demo --url %s", wrong[i]);
        cr_expect_eq(with_config(words), CTL_FAULT, "%s", wrong[i]);
        cr_expect_not_null(strstr(call_err, "begin it with http:// or https://"), "%s", call_err);
    }
    cr_expect_eq(with_config("handout demo --url http://ca.example"), CTL_OK, "%s", call_err);
}

Test(handout, an_address_that_is_every_one_has_the_name_of_this_machine)
{
    struct config_fault fault;
    char url[320], name[256];

    cr_assert(demo_edit(&demo, &fault, "address: \"127.0.0.1:8829\"", "address: \":8829\""), "%s",
              fault.text);
    cr_assert_eq(gethostname(name, sizeof name), 0);
    cr_assert_eq(with_config("handout demo"), CTL_OK, "%s", call_err);
    snprintf(url, sizeof url, "\nurl                   http://%s:8829/pkix/\n", name);
    cr_expect_not_null(strstr(call_out, url), "%s", call_out);
}

/* answer.signed_by: who answers is the CA: there is no other name to type in, and its certificate is the one
 * to pin. */
Test(handout, a_CA_that_answers_itself_has_one_name_and_one_certificate)
{
    const char *ca_at, *signer_at;
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, "signed_by: cmp", "signed_by: ca"), "%s", fault.text);
    cr_assert_eq(with_config("handout demo"), CTL_OK, "%s", call_err);
    cr_expect_null(strstr(call_out, "answers_by"), "%s", call_out);
    ca_at = strstr(call_out, "\nca_sha256 ");
    signer_at = strstr(call_out, "\nsigner_sha256 ");
    cr_assert(ca_at != NULL && signer_at != NULL, "%s", call_out);
    ca_at += strcspn(ca_at, ":") - 2;
    signer_at += strcspn(signer_at, ":") - 2;
    cr_expect_eq(strncmp(ca_at, signer_at, 95), 0, "%s", call_out);
}
