/* profile_show.c, vendor_show.c: what a configuration says of its profiles and vendors. */
#include "server/ctl/ctl.h"
#include "tests/unit/ctl/device_fixture.h"

TestSuite(profile_show, .init = set_up, .fini = tear_down, .timeout = 60);

Test(profile_show, profiles_are_listed)
{
    cr_assert_eq(with_config("profile list"), CTL_OK, "%s", call_err);
    cr_expect_str_eq(call_out, "PROFILE               CA                    KIND\n"
                               "demo                  issuing               -  default\n");
    cr_assert_eq(with_config("profile list --json"), CTL_OK, "%s", call_err);
    cr_expect_str_eq(call_out,
                     "{\"name\":\"demo\",\"ca\":\"issuing\",\"paths\":[\"/pkix/\"],\"default\":true}\n");
}

Test(profile_show, one_is_shown_with_what_it_decides)
{
    struct config_fault fault;

    cr_assert_eq(with_config("profile show demo"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "\nvendors               demo\n"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\ndevices               open\n"), "%s", call_out);
    cr_expect_null(strstr(call_out, "\nslots "), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "cmpd.yaml:"), "%s", call_out);
    /* Nothing tells the vendor's devices apart: the server would not start, and it is shown all the same. */
    cr_assert_not(demo_edit(&demo, &fault, "    devices: open", "    devices: listed"));
    cr_assert_eq(with_config("profile show demo"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "\ndevices               listed\nslots                 1\n"), "%s",
                       call_out);
    cr_expect_eq(with_config("profile show nobody"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "there is no profile 'nobody': cmpctl profile list has them"), "%s",
                       call_err);
}

Test(profile_show, agents_are_shown_a_line_each)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, "      ras: []",
                        "      ras: []\n      agents:\n"
                        "        - {name: one, certificate: demo/device.pem, names: [\"CN=*.du\", O=Op]}\n"
                        "        - {name: two, certificate: demo/device.pem, names: [DNS:a], per_day: 0}\n"),
              "%s", fault.text);
    cr_assert_eq(with_config("profile show demo"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "\nagents                one: certificate /"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "/demo/device.pem, 100 a day, for CN=*.du, O=Op\n"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "/demo/device.pem, any number a day, for DNS:a\n"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\nir_by                 agent\n"), "%s", call_out);
}

Test(profile_show, a_vendor_is_shown_with_its_anchors_and_devices)
{
    cr_assert_eq(with_config("vendor list"), CTL_OK, "%s", call_err);
    cr_expect_str_eq(call_out, "VENDOR                IDENTITY\n"
                               "demo                  none\n");
    cr_assert_eq(with_config("device add demo SN-1"), CTL_OK, "%s", call_err);
    cr_assert_eq(with_config("device add demo SN-2"), CTL_OK, "%s", call_err);
    cr_assert_eq(with_config("device block demo SN-2 --comment lost"), CTL_OK, "%s", call_err);
    cr_assert_eq(with_config("vendor show demo"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "\nprofiles              demo\n"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\nanchors               CN=Demo Vendor Root CA,O=Demo Vendor, 20"),
                       "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\nintermediates         CN=Demo Vendor Factory CA,"), "%s",
                       call_out);
    cr_expect_not_null(strstr(call_out, "\ndevices               2\ndevices_blocked       1\n"), "%s",
                       call_out);
    cr_expect_eq(with_config("vendor show nobody"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "there is no vendor 'nobody': cmpctl vendor list has them"), "%s",
                       call_err);
}

Test(profile_show, CRLs_are_shown_with_their_dates_and_what_they_are_good_for)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, "vendors:\n",
                        "vendors:\n  - name: second\n    anchors: [ca/root.pem]\n    crls: [ca/root.crl]\n"),
              "%s", fault.text);
    cr_assert_eq(with_config("vendor show second"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "\ncrls                  /"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "ca/root.crl of CN=Root CA,O=Demo Operator, 20"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "Z: current\n"), "%s", call_out);
    cr_assert_eq(with_config("vendor show second --json"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "\"state\":\"current\"}]"), "%s", call_out);
}

/* How often they were made use of, a node would have to tell. */
Test(profile_show, tolerances_are_shown_also_while_no_node_runs)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, "    tolerate: []", "    tolerate: [clock-off]"), "%s", fault.text);
    cr_assert(
        demo_edit(&demo, &fault, "      deprecated: []", "      deprecated: [Ed25519 until 2030-06-30]"),
        "%s", fault.text);
    cr_assert(demo_edit(&demo, &fault, "health, admin]", "health]"), "%s", fault.text);
    cr_assert_eq(with_config("profile show demo"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "\ntolerate              clock-off\n"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\ndeprecated            Ed25519 until 2030-06-30\n"), "%s",
                       call_out);
    cr_expect_not_null(strstr(call_out, "\nmin_strength          112\n"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\ntolerated_unknown     no listener serves admin\n"), "%s",
                       call_out);
    cr_assert_eq(with_config("vendor show demo --json"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "\"tolerated_unknown\":\"no listener serves admin\""), "%s",
                       call_out);
}
