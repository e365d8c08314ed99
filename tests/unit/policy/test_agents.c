/* agents.c: what accept.agents says fits together, or its line is named. */
#include "tests/unit/policy/faults.h"

TestSuite(agents, .init = set_up, .fini = tear_down);

#define RAS "      ras: []"
#define AGENTS(entry) RAS "\n      agents:\n        - {name: manager, " entry "}"

Test(agents, which_certificates_are_its_own_is_said_once)
{
    refuse_at(RAS, AGENTS("names: [\"CN=*\"]"), "{name", "write one of certificate and profile");
    refuse_at(RAS, AGENTS("certificate: demo/device.pem, profile: demo, names: [\"CN=*\"]"), "{name",
              "write one of certificate and profile");
    edit(RAS, AGENTS("certificate: demo/device.pem, names: [\"CN=*\"]"));
}

Test(agents, a_certificate_is_one_that_signs_requests)
{
    refuse_at(RAS, AGENTS("certificate: ca/issuing.pem, names: [\"CN=*\"]"), "{name", "is a CA's");
    refuse_at(RAS, AGENTS("certificate: demo/none.pem, names: [\"CN=*\"]"), "{name", "cannot read");
    refuse_at(RAS, AGENTS("certificate: demo/device.key, names: [\"CN=*\"]"), "{name",
              "holds no certificate");
}

Test(agents, a_profile_is_another_one_of_the_same_CA)
{
    refuse_at(RAS, AGENTS("profile: demo, names: [\"CN=*\"]"), "{name", "a profile of their own");
    refuse_at(RAS, AGENTS("profile: none, names: [\"CN=*\"]"), "{name", "there is no profile \"none\"");
}

Test(agents, names_are_patterns)
{
    refuse_at(RAS, AGENTS("certificate: demo/device.pem, names: []"), "{name", "names is empty");
    refuse_at(RAS, AGENTS("certificate: demo/device.pem"), "{name", "lacks \"names\"");
    refuse_at(RAS, AGENTS("certificate: demo/device.pem, names: [\"CN=**\"]"), "{name",
              "'CN=**' is no pattern of a name");
    refuse_at(RAS, AGENTS("certificate: demo/device.pem, names: [\"CN=*\", gnb]"), "{name",
              "'gnb' is no pattern of a name");
}

Test(agents, none_has_the_name_of_another)
{
    static const char two[] =
        AGENTS("certificate: demo/device.pem, names: [\"CN=*\"]") "\n        - {name: manager, "
                                                                  "certificate: demo/device.pem, "
                                                                  "names: [\"CN=b\"]}";

    refuse_at(RAS, two, "names: [\"CN=b\"]", "agents has two entries named \"manager\"");
}

Test(agents, some_request_takes_them)
{
    edit("ir_by: [secret, vendor, own, ra, agent]", "ir_by: [secret]");
    edit("p10cr_by: [secret, vendor, own, ra, agent]", "p10cr_by: [secret]");
    edit("cr_by: [secret, vendor, own, ra, agent]", "cr_by: [secret]");
    refuse_at(RAS, AGENTS("certificate: demo/device.pem, names: [\"CN=*\"]"), "- {name",
              "ir_by, cr_by and p10cr_by leave out agents");
}
