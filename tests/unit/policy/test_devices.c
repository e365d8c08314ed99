/* devices.c: what a configuration says of devices fits together, or its line is named. */
#include "tests/unit/policy/faults.h"

TestSuite(devices, .init = set_up, .fini = tear_down);

#define NONE "identity: none"
#define OPEN "devices: open"

Test(devices, a_profile_that_counts_them_needs_an_identity_of_each_vendor)
{
    refuse_at(OPEN, "devices: record", "devices", "devices of vendor \"demo\" cannot be told apart");
    refuse_at(OPEN, "devices: listed", "devices", "devices of vendor \"demo\" cannot be told apart");
    edit(NONE, "identity: CN");
    edit(OPEN, "devices: record");
    edit("devices: record", "devices: listed");
}

Test(devices, a_pattern_has_one_star_and_something_to_be_read_from)
{
    refuse_at(NONE, NONE "\n    identity_pattern: \"a*\"", "identity_pattern", "none is read");
    refuse_at(NONE, "identity: CN\n    identity_pattern: \"a**\"", "identity_pattern", "no * or several");
    refuse_at(NONE, "identity: CN\n    identity_pattern: \"a\"", "identity_pattern", "no * or several");
    edit(NONE, "identity: CN\n    identity_pattern: \"a*b\"");
}

Test(devices, what_gives_way_is_not_kept)
{
    edit(NONE, "identity: CN");
    edit(OPEN, "devices: record");
    refuse_at("unconfirmed: revoke ", "unconfirmed: keep ", "unconfirmed", "");
}
