/* test_check.c: what check finds beyond the configuration (server/ctl/check.c). */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* NOLINTNEXTLINE(bugprone-suspicious-include): the time of what it warns of is the test's */
#include "server/ctl/check.c"

#include "server/base/file.h"
#include "server/base/log.h"
#include "server/ctl/ctl.h"
#include "tests/support/call.h"

enum { TEXT_LIMIT = 1024 * 1024 };

static char folder[64], config[128];

static int run_at(const char *words)
{
    char text[512];

    snprintf(text, sizeof text, words, folder);
    return call(text);
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/cmpd-check-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(config, sizeof config, "%s/ca/cmpd.yaml", folder);
    log_set_level(LOG_ERROR);
}

static void tear_down(void)
{
    char command[160];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(check, .init = set_up, .fini = tear_down, .timeout = 60);

/* The first |from| in the configuration becomes |to|. */
static void edit(const char *from, const char *to)
{
    uint8_t *data;
    size_t len;
    char *at, *text;
    int size;

    cr_assert(file_read(&data, &len, config, TEXT_LIMIT));
    at = strstr((char *)data, from);
    cr_assert_not_null(at, "%s", from);
    size = asprintf(&text, "%.*s%s%s", (int)(at - (char *)data), (char *)data, to, at + strlen(from));
    cr_assert_gt(size, 0);
    cr_assert(file_write(config, text, (size_t)size, 0600, 0));
    free(text);
    free(data);
}

static void add_secret(void)
{
    char path[96], command[512];

    snprintf(path, sizeof path, "%s/secret", folder);
    cr_assert(file_write(path, "a secret of a station", 21, 0600, 0));
    snprintf(command, sizeof command, "secret add --config %s --reference gnb --secret-file %s", config,
             path);
    cr_assert_eq(call(command), CTL_OK, "%s", call_err);
}

static int said(const char *text)
{
    return strstr(call_err, text) != NULL;
}

Test(check, what_serves_is_right)
{
    cr_assert_eq(run_at("init %s/ca --demo"), CTL_OK, "%s", call_err);
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_assert_str_empty(call_err);
    cr_assert_not_null(
        strstr(call_out, "/ca/cmpd.yaml is right: 2 listeners, 1 CAs, 1 vendors, 1 profiles; hash "));
}

/* It is no fault, and nothing to warn of: most stations do not mind. */
Test(check, who_answers_for_the_CA_is_noted)
{
    cr_assert_eq(run_at("init %s/ca --demo"), CTL_OK, "%s", call_err);
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect_eq(strncmp(call_out, "note: /tmp/cmpd-check-", 22), 0, "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\"CN=CMP server,O=Demo Operator\" signs answers"), "%s", call_out);
    edit("signed_by: cmp", "signed_by: ca");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect_null(strstr(call_out, "signs answers"), "%s", call_out);
    cr_expect(said("lacks digitalSignature"), "%s", call_err);
    /* What is refused by default is what some clients send by default. */
    cr_expect_not_null(strstr(call_out, "note: "), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "HMAC-SHA1 is refused"), "%s", call_out);
    edit("tolerate: []", "tolerate: [sha1-mac]");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect_null(strstr(call_out, "note: "), "%s", call_out);
}

/* init writes every setting, so a kind that is added there decides nothing. */
Test(check, what_a_profile_has_in_place_of_its_kind_is_noted)
{
    cr_assert_eq(run_at("init %s/ca --demo"), CTL_OK, "%s", call_err);
    edit("    # kind: gnb-ipsec ", "    kind: gnb-ipsec ");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out,
                              "profile \"demo\" has names.subject and "
                              "certificate.extended_key_usage of its own in place of those of gnb-ipsec"),
                       "%s", call_out);
    edit("\n      extended_key_usage: [clientAuth, serverAuth]", "\n      extended_key_usage: [ipsecIKE]");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "has names.subject of its own"), "%s", call_out);
    edit("\n      subject: []", "\n      subject: [CN=oam]");
    edit("kind: gnb-ipsec ", "kind: oam ");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "place of those of oam: remove"), "%s", call_out);
    edit("profiles:\n", "operator: {mcc: \"262\", mnc: \"01\"}\n"
                        "profiles:\n  - {name: plain, kind: gnb-ipsec}\n");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect_null(strstr(call_out, "plain"), "%s", call_out);
}

Test(check, a_rule_that_never_applies_is_told)
{
    cr_assert_eq(run_at("init %s/ca --demo"), CTL_OK, "%s", call_err);
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect_not(said("second-certificate"), "%s", call_err);
    edit("      when: []", "      when: [second-certificate]");
    edit("\nvendors:\n", "\napprovers:\n  - {name: anna, certificate: demo/device.pem}\n\nvendors:\n");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect(said("second-certificate never applies"), "%s", call_err);
    edit("    identity: none", "    identity: serialNumber");
    edit("    devices: open", "    devices: record");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect_not(said("second-certificate"), "%s", call_err);
}

Test(check, a_profile_under_which_nobody_can_enroll_is_told)
{
    cr_assert_eq(run_at("init %s/ca"), CTL_OK, "%s", call_err);
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_assert(said("cmpctl: warning: ") && said("/ca/cmpd.yaml:"), "%s", call_err);
    cr_assert(said("nobody can enroll under profile \"base-station\": name vendors"), "%s", call_err);
    cr_assert_null(strstr(call_out, "is right"), "%s", call_out);
    edit("      allowed: false", "      allowed: true");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_assert(said("nobody can enroll under profile \"base-station\" yet: the store has no shared secret"),
              "%s", call_err);
    cr_assert_null(strstr(call_out, "is right"), "%s", call_out);
    add_secret();
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_assert_str_empty(call_err);
    cr_assert_not_null(strstr(call_out, "is right"), "%s", call_out);
}

/* Whoever can come to one profile, and with its certificate to another, can come to that. */
Test(check, profiles_may_lead_to_each_other)
{
    cr_assert_eq(run_at("init %s/ca"), CTL_OK, "%s", call_err);
    edit("profiles:\n", "profiles:\n"
                        "  - {name: a, accept: {own_profiles: [b]}}\n"
                        "  - {name: b, accept: {own_profiles: [c]}}\n"
                        "  - {name: c, accept: {own_profiles: [base-station]}}\n"
                        "  - {name: x, accept: {own_profiles: [y]}}\n"
                        "  - {name: y, accept: {own_profiles: [x]}}\n");
    edit("\n      allowed: false", "\n      allowed: true");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_assert(said("profile \"x\"") && said("profile \"y\""), "%s", call_err);
    cr_assert_not(said("profile \"a\"") || said("profile \"b\"") || said("profile \"c\""), "%s", call_err);
}

/* What is accepted counts only if a first message may be protected by it. */
Test(check, what_no_first_message_may_use_counts_for_nothing)
{
    cr_assert_eq(run_at("init %s/ca"), CTL_OK, "%s", call_err);
    edit("profiles:\n",
         "profiles:\n"
         "  - {name: a, mac: {allowed: true}, accept: {ir_by: [vendor], cr_by: [own], p10cr_by: [ra]}}\n"
         "  - {name: b, mac: {allowed: true}, accept: {ir_by: [vendor], cr_by: [secret], p10cr_by: [ra]}}\n"
         "  - {name: c, accept: {own_profiles: [b], ir_by: [vendor], cr_by: [ra], p10cr_by: [ra]}}\n"
         "  - {name: d, accept: {own_profiles: [b], ir_by: [vendor], cr_by: [ra], p10cr_by: [own]}}\n");
    add_secret();
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_assert(said("profile \"a\"") && said("profile \"c\""), "%s", call_err);
    cr_assert(said("\"a\": ir_by, cr_by and p10cr_by in accept leave out"), "%s", call_err);
    cr_assert_not(said("profile \"b\"") || said("profile \"d\""), "%s", call_err);
}

Test(check, own_profiles_count_for_nothing_without_own_certificates)
{
    cr_assert_eq(run_at("init %s/ca"), CTL_OK, "%s", call_err);
    edit("profiles:\n", "profiles:\n"
                        "  - {name: a, accept: {own_profiles: [base-station], own_certificates: false}}\n"
                        "  - {name: b, accept: {own_profiles: [base-station]}}\n");
    edit("\n      allowed: false", "\n      allowed: true");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_assert(said("profile \"a\""), "%s", call_err);
    cr_assert_not(said("profile \"b\""), "%s", call_err);
}

Test(check, a_store_that_cannot_be_opened_is_a_fault)
{
    char path[128];

    cr_assert_eq(run_at("init %s/ca --demo"), CTL_OK, "%s", call_err);
    snprintf(path, sizeof path, "%s/ca/store/cmpd.db", folder);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_FAULT);
    cr_assert(said("/ca/cmpd.yaml:") && said("store/cmpd.db"), "%s", call_err);
    cr_assert_str_empty(call_out);
    edit("store: sqlite:store/cmpd.db", "store: postgres://127.0.0.1:1/x");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_FAULT);
    cr_assert(said("/ca/cmpd.yaml:") && said("127.0.0.1"), "%s", call_err);
    cr_assert_str_empty(call_out);
}

/* Of whom it is not known which device asks, no name can be made; and two vendors may give out one identity.
 */
Test(check, names_of_devices_that_cannot_be_or_are_shared_are_told)
{
    cr_assert_eq(run_at("init %s/ca --demo"), CTL_OK, "%s", call_err);
    edit("\n      subject: []", "\n      subject: [\"CN=${device.identity}\"]");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect(said("write identity there") && !said("several vendors"), "%s", call_err);
    edit("identity: none", "identity: CN");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect_str_empty(call_err);
    edit("vendors: [demo]", "vendors: [demo, other]");
    edit("\nprofiles:\n", "\n  - name: other\n    identity: CN\n    anchors: [ca/root.pem]\nprofiles:\n");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect(said("add ${vendor} to names") && !said("write identity there"), "%s", call_err);
    edit("${device.identity}", "${vendor}-${device.identity}");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect_str_empty(call_err);
}

Test(check, shards_that_no_certificate_names_are_told)
{
    cr_assert_eq(run_at("init %s/ca --demo"), CTL_OK, "%s", call_err);
    edit("\n  shards: 0", "\n  shards: 4");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_assert(said("no profile has ${shard} in urls.crl"), "%s", call_err);
    edit("/crl/issuing.crl\"", "/crl/issuing-${shard}.crl\"");
    edit("delta_crl: [\"", "delta_crl: [] # [\"");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_assert_str_empty(call_err);
}

/* init makes the root's, for a year. */
Test(check, a_CRL_of_a_CA_above_that_has_ended_is_told)
{
    enum { DAY = 86400 };
    struct config_fault fault;
    struct policy *policy;
    int64_t now = time(NULL);

    cr_assert_eq(run_at("init %s/ca --demo"), CTL_OK, "%s", call_err);
    policy = policy_load_file(&fault, config, now);
    cr_assert_not_null(policy, "%s", fault.text);
    cr_expect_eq(warn_of_all(policy, now), 0);
    cr_expect_eq(warn_of_all(policy, now + 334 * (int64_t)DAY), 0);
    cr_expect_eq(warn_of_all(policy, now + 336 * (int64_t)DAY), 1);
    cr_expect_eq(warn_of_all(policy, now + 367 * (int64_t)DAY), 1);
    policy_release(policy);
}

Test(check, a_tolerance_that_has_ended_is_told)
{
    cr_assert_eq(run_at("init %s/ca"), CTL_OK, "%s", call_err);
    edit("\n    tolerate: []", "\n    tolerate: [name-order, clock-off until 2001-01-01]");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_err, "clock-off has ended on 2001-01-01"), "%s", call_err);
    cr_expect_null(strstr(call_err, "name-order"), "%s", call_err);
}

/* An agent of a file lets in; one of another profile does where somebody can enroll there. */
Test(check, agents_are_a_way_in)
{
    cr_assert_eq(run_at("init %s/ca --demo"), CTL_OK, "%s", call_err);
    edit("profiles:\n",
         "profiles:\n"
         "  - {name: a, accept: {agents: [{name: x, certificate: demo/device.pem, names: [\"CN=*\"]}]}}\n"
         "  - {name: b, accept: {agents: [{name: x, profile: a, names: [\"CN=*\"]}]}}\n"
         "  - {name: c, accept: {agents: [{name: x, profile: d, names: [\"CN=*\"]}]}}\n"
         "  - {name: d}\n");
    cr_assert_eq(run_at("check %s/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    cr_assert_not(said("profile \"a\"") || said("profile \"b\""), "%s", call_err);
    cr_assert(said("profile \"c\"") && said("profile \"d\""), "%s", call_err);
}

Test(check, an_agents_certificate_that_has_ended_is_told)
{
    const int64_t late = 100 * INT64_C(366) * 86400;
    struct config_fault fault;
    struct policy *policy;
    int64_t now = time(NULL);
    size_t before;

    cr_assert_eq(run_at("init %s/ca --demo"), CTL_OK, "%s", call_err);
    policy = policy_load_file(&fault, config, now);
    cr_assert_not_null(policy, "%s", fault.text);
    before = warn_of_all(policy, now + late);
    policy_release(policy);
    edit("      ras: []", "      ras: []\n      agents:\n"
                          "        - {name: x, certificate: demo/device.pem, names: [\"CN=*\"]}\n"
                          "        - {name: y, profile: a, names: [\"CN=*\"]}\n");
    edit("profiles:\n", "profiles:\n  - {name: a}\n");
    policy = policy_load_file(&fault, config, now);
    cr_assert_not_null(policy, "%s", fault.text);
    cr_expect_eq(warn_of_all(policy, now), 0);
    cr_expect_eq(warn_of_all(policy, now + late), before + 1);
    policy_release(policy);
}
