/* approvers.c, and config_approve.c: what approvers and approve say fits together, or its line is named. */
#include "tests/unit/policy/faults.h"

TestSuite(approvers, .init = set_up, .fini = tear_down);

#define PROFILES "profiles:\n"
#define APPROVERS(entries) "approvers:\n" entries PROFILES
#define ANNA "  - {name: anna, certificate: demo/device.pem}\n"

Test(approvers, they_are_read)
{
    const struct cmp_settings *settings;

    edit(PROFILES, APPROVERS(ANNA "  - {name: bert, certificate: ca/root.pem, profiles: [demo]}\n"));
    settings = policy_settings(demo.policy);
    cr_assert_eq(settings->approver_count, 2);
    cr_expect_str_eq(settings->approvers[1].config->name, "bert");
    cr_expect_eq(public_key_kind(settings->approvers[0].key), KEY_P256);
}

Test(approvers, each_has_a_name_a_key_and_profiles_that_exist)
{
    refuse_at(PROFILES, APPROVERS(ANNA "  - {name: anna, certificate: ca/root.pem}\n"),
              "{name: anna, certificate: ca/root", "approvers has two entries named \"anna\"");
    refuse_at(PROFILES, APPROVERS(ANNA "  - {name: bert, certificate: demo/device.pem}\n"), "{name: bert",
              "approver \"anna\" has the same key; give each approver a key of their own");
    refuse_at(PROFILES, APPROVERS("  - {name: anna, certificate: demo/none.pem}\n"), "{name", "cannot read");
    refuse_at(PROFILES, APPROVERS("  - {name: anna, certificate: demo/device.pem, profiles: [none]}\n"),
              "{name", "there is no profile \"none\"");
}

Test(approvers, there_are_as_many_as_a_profile_wants)
{
    refuse_at("      when: []", "      when: [always]",
              "approvals:", "wants 1 approvals, and approvers has 0");
    edit(PROFILES, APPROVERS(ANNA));
    edit("      when: []", "      when: [always]");
    refuse_at("      approvals: 1", "      approvals: 2", "approvals: 2",
              "wants 2 approvals, and approvers has 1");
}

Test(approvers, names_and_the_rule_about_them_go_together)
{
    edit(PROFILES, APPROVERS(ANNA));
    refuse_at("      when: []", "      when: [names]", "when", "no names are listed that need no approval");
    refuse_at("      when: []", "      when: [always]\n      names: [\"CN=*\"]",
              "names:", "add names to when");
    refuse_at("      when: []", "      when: [names]\n      names: [gnb]", "gnb",
              "'gnb' is no pattern of a name");
    edit("      when: []", "      when: [names]\n      names: [\"CN=*.gnb.example\"]");
}
