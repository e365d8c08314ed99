/* upstreams.c: whose announcements are taken, or the line where the configuration is wrong. */
#include "tests/unit/policy/faults.h"

TestSuite(upstreams, .init = set_up, .fini = tear_down);

#define PROFILES "profiles:\n"
#define UPSTREAM(entries) "upstream:\n" entries PROFILES
#define NATIONAL "  - {name: national, certificates: [demo/device.pem]}\n"

Test(upstreams, they_are_read)
{
    const struct cmp_settings *settings;

    cr_expect_eq(policy_settings(demo.policy)->upstream_count, 0);
    edit(PROFILES, UPSTREAM("  - {name: national, certificates: [demo/device.pem, ca/cmp.pem]}\n"));
    settings = policy_settings(demo.policy);
    cr_assert_eq(settings->upstream_count, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_str_eq(settings->upstreams[i].name, "national");
        cr_expect(trust_holds(settings->upstream_trust, settings->upstreams[i].certificate));
    }
}

Test(upstreams, what_is_wrong_is_named)
{
    refuse_at(PROFILES, UPSTREAM(NATIONAL "  - {name: national, certificates: [ca/cmp.pem]}\n"),
              "{name: national, certificates: [ca/cmp", "upstream has two entries named \"national\"");
    refuse_at(PROFILES, UPSTREAM(NATIONAL "  - {name: b, certificates: [demo/device.pem]}\n"), "{name: b",
              "holds a certificate that upstream has already");
    refuse_at(PROFILES, UPSTREAM("  - {name: national, certificates: [demo/none.pem]}\n"), "{name",
              "cannot read");
    refuse_at(PROFILES, UPSTREAM("  - {name: national, certificates: []}\n"), "{name", "certificates");
    refuse_at(PROFILES, UPSTREAM("  - {name: national, certificates: [ca/root.pem]}\n"), "{name",
              "lacks digitalSignature; name the one that signs the messages of this CA");
}

/* config_urls.c */
#define CA "  - name: issuing\n"
#define ANNOUNCE(urls) CA "    announce: {urls: " urls "}\n"

Test(upstreams, urls_of_announce_can_be_posted_to)
{
    const struct config_announce *announce;

    edit(CA, ANNOUNCE("['http://a.example/cmp', 'https://b.example']"));
    announce = policy_config(demo.policy)->cas[0].announce;
    cr_assert_not_null(announce);
    cr_expect(announce->urls.count == 2 && announce->revocations && announce->crls && announce->roots);
    edit(ANNOUNCE("['http://a.example/cmp', 'https://b.example']"), CA);
    cr_expect_null(policy_config(demo.policy)->cas[0].announce);
    refuse_at(CA, ANNOUNCE("['ftp://a.example']"), "['ftp", "urls holds \"ftp://a.example\"; write a URL");
    refuse_at(CA, ANNOUNCE("['http://user@a.example']"), "['http", "without a user's name");
    refuse_at(CA, ANNOUNCE("['http://a/', 'http://a/']"), "['http", "stands in urls twice");
    refuse_at(CA,
              ANNOUNCE("['http://1/','http://2/','http://3/','http://4/','http://5/','http://6/','http://7/',"
                       "'http://8/','http://9/']"),
              "{urls", "urls");
}
