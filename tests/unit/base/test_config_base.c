/* config_base.c: a profile that names a ready-made one has its settings where it says nothing else. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "server/base/config.h"

#define BEFORE                                                                                               \
    "listeners: [{address: ':8829'}]\n"                                                                      \
    "cas: [{name: a, certificate: a.pem, key: a.key, cmp_certificate: c.pem, cmp_key: c.key}]\n"             \
    "profiles:\n"

static struct config *load(const char *profiles, struct config_fault *fault)
{
    char text[4096];

    snprintf(text, sizeof text, BEFORE "%s", profiles);
    return config_load_text(fault, "/etc/cmpd/cmpd.yaml", text, strlen(text));
}

static void fails(const char *profiles, const char *what)
{
    struct config_fault fault;

    cr_assert_null(load(profiles, &fault), "%s", profiles);
    cr_expect_not_null(strstr(fault.text, what), "'%s' does not say '%s'", fault.text, what);
}

Test(config_base, what_the_profile_says_comes_before_the_kind_and_that_before_the_default)
{
    struct config_fault fault;
    struct config *c = load("- name: p\n"
                            "  certificate: {validity_days: 30, extended_key_usage: [serverAuth]}\n"
                            "  kind: oam\n",
                            &fault);
    cr_assert_not_null(c, "%s", fault.text);
    const struct config_profile *p = &c->profiles[0];
    cr_expect_str_eq(p->kind, "oam");
    cr_expect_eq(p->certificate.validity_days, 30);
    cr_expect_eq(p->certificate.extended_key_usage.count, 1); /* a list is replaced, not added to */
    cr_expect_eq(p->certificate.key_identifier, CONFIG_KEY_ID_SHA256);
    cr_expect_eq(p->certificate.backdate_seconds, 300);
    cr_expect_eq(p->names.subject.count, 1);
    cr_expect_eq(p->request.honour.count, 0);
    cr_expect_eq(p->keys.rsa_bits_min, 2048);
    cr_expect_str_eq(p->ca, "a");
    config_free(c);
}

Test(config_base, several_profiles_may_be_of_one_kind_or_of_none)
{
    struct config_fault fault;
    struct config *c = load("- {name: p, kind: seg}\n- {name: q, kind: seg, answer: {ca_pubs: always}}\n"
                            "- {name: r}\ndefault_profile: p\n",
                            &fault);
    cr_assert_not_null(c, "%s", fault.text);
    cr_expect_str_eq(c->profiles[0].names.san.items[0], "DNS:${device.fqdn}");
    cr_expect_str_eq(c->profiles[1].names.san.items[0], "DNS:${device.fqdn}");
    cr_expect_eq(c->profiles[1].answer.ca_pubs, CONFIG_CA_PUBS_ALWAYS);
    cr_expect_eq(c->profiles[0].answer.ca_pubs, CONFIG_CA_PUBS_MAC);
    cr_expect_null(c->profiles[2].kind);
    cr_expect_eq(c->profiles[2].names.san.count, 0);
    config_free(c);
}

Test(config_base, a_kind_that_is_none_is_a_fault)
{
    fails("- name: p\n  kind: gnb-ipsek\n",
          "cmpd.yaml:5: there is no kind \"gnb-ipsek\"; did you mean \"gnb-ipsec\"?");
    fails("- name: p\n  kind: zzz\n",
          "cmpd.yaml:5: there is no kind \"zzz\"; write one of: gnb-ipsec, gnb-tls,");
    fails("- name: p\n  kind: [oam]\n", "cmpd.yaml:5: kind is a list");
    fails("- name: p\n  kind: oam\n  kind: seg\n", "cmpd.yaml:6: kind is set again");
    fails("- {kind: oam}\n", "lacks \"name\"");
    fails("- name: p\n  kind: oam\n  names: 1\n", "cmpd.yaml:6: names must hold settings");
}

/* Each is a profile by itself, and tells what it follows. */
Test(config_base, every_kind_can_be_read)
{
    size_t count;
    const struct config_ready_made *kinds = config_kinds(&count);

    cr_assert_eq(count, 7);
    for (size_t i = 0; i < count; i++) {
        struct config_fault fault;
        char text[80];
        snprintf(text, sizeof text, "- {name: p, kind: %s}\n", kinds[i].name);
        struct config *c = load(text, &fault);
        cr_assert_not_null(c, "%s", fault.text);
        cr_expect_gt(c->profiles[0].names.subject.count, 0, "%s", kinds[i].name);
        cr_expect_gt(c->profiles[0].certificate.extended_key_usage.count, 0, "%s", kinds[i].name);
        cr_expect_eq(c->profiles[0].request.honour.count, 0, "%s", kinds[i].name);
        cr_expect_gt(strlen(kinds[i].follows), 20);
        config_free(c);
    }
}
