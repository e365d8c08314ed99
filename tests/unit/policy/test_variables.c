/* variables.c: what ${…} in names stands for, and what is told when it stands for nothing. */
#define _GNU_SOURCE 1 /* memmem */
#include "tests/support/hex.h"
#include "tests/unit/policy/decision.h"

TestSuite(variables, .init = set_up, .fini = tear_down);

static struct store_device row;
static struct cmp_device station;

/* A device that is listed, with these fields. */
static void list_device(const char *identity, const char *site, const char *fqdn)
{
    row = (struct store_device){.site = bytes_str(site), .fqdn = bytes_str(fqdn)};
    station = (struct cmp_device){.vendor = bytes_str("acme"), .identity = bytes_str(identity), .row = &row};
    listed = &station;
}

static int has_attribute(const char *attribute, const char *value)
{
    return bytes_equal(name_attribute(arena, granted().subject, attribute), bytes_str(value));
}

/* The next decision is a refusal that says |told| to who asks and |detail| to the operator. */
static void refused_with(const char *told, const char *detail)
{
    refused(PKI_BAD_CERT_TEMPLATE);
    cr_expect_not_null(strstr(decision.text, told), "'%s' does not say '%s'", decision.text, told);
    cr_assert_not_null(decision.detail);
    cr_expect_not_null(strstr(decision.detail, detail), "'%s' does not say '%s'", decision.detail, detail);
    cr_expect_leq(strlen(decision.text), BOUND_STATUS_STRING);
}

Test(variables, a_device_has_an_identity_a_vendor_a_site_and_an_FQDN)
{
    edit("subject: [] ", "subject: [\"O=${vendor}\", \"L=${device.site}\", \"CN=${device.fqdn}\", "
                         "\"serialNumber=${device.identity}\", \"OU=${device.serial}\"] ");
    list_device("A0815", "Berlin, Mitte", "gnb-1.ran.example");
    cr_expect(has_attribute("O", "acme"));
    cr_expect(has_attribute("L", "Berlin, Mitte"));
    cr_expect(has_attribute("CN", "gnb-1.ran.example"));
    cr_expect(has_attribute("serialNumber", "A0815"));
    cr_expect(has_attribute("OU", "A0815"));
}

Test(variables, who_is_refused_for_a_device_is_told_what_to_do)
{
    edit("subject: [] ", "subject: [O=Op, \"L=${device.site}\"] ");
    refused_with("with ${device.site}: protect the request with the certificate of a device",
                 "profiles[0].names.subject[1]: ${device.site}: it is not known which device asks");
    list_device("A0815", "", "");
    refused_with("says nothing of it",
                 "profiles[0].names.subject[1]: ${device.site}: the device has an empty");
    cr_expect_not_null(strstr(decision.detail, "cmpctl device import"));
    station.row = NULL;
    refused_with("has not listed this device", "profiles[0].names.subject[1]: ${device.site}: the device is");
    cr_expect_not_null(strstr(decision.detail, "cmpctl device import"));
    edit("\"L=${device.site}\"] ", "\"CN=${device.identity}\"] ");
    granted(); /* which it has without a list */
}

Test(variables, who_is_refused_for_the_request_is_told_the_variable)
{
    edit("subject: [] ", "subject: [\"L=${L}\"] ");
    refused_with("subject with ${L}: name it in the requested subject", "profiles[0].names.subject[0]: ${L}");
    edit("subject: [\"L=${L}\"] ", "subject: [\"CN=${signer.serialNumber}\"] ");
    refused_with("protect the request with a certificate", "${signer.serialNumber}");
    signer = &(struct certificate){.subject = request.tmpl.subject};
    refused_with("the subject of the protecting certificate lacks it", "${signer.serialNumber}");
    edit("subject: [\"CN=${signer.serialNumber}\"] ", "subject: [\"CN=${reference}\"] ");
    refused_with("protect the request with a shared secret", "${reference}");
}

/* Data of a list goes through the same rule as data of a request. */
Test(variables, data_of_a_device_is_a_part_of_a_host_and_nothing_else)
{
    static const char *const bad[] = {"a b", "a/b", "a@b", "*.a", "a..b", ".a", "a.", "b\xc3\xbcro", "a_b"};

    edit("    san: [] ", "    san: [\"DNS:${device.fqdn}\"] ");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        list_device("A0815", "", bad[i]);
        refused_with("${device.fqdn}: it is no part of a host's name",
                     "profiles[0].names.san[0]: ${device.fqdn}");
    }
    list_device("A0815", "", "gnb-1.ran.example");
    cr_assert(bytes_equal(granted().san, hex(arena, "30 13 82 11 676e622d312e72616e2e6578616d706c65")));
}

Test(variables, mail_addresses_and_UUIDs_are_made_of_devices)
{
    edit("    san: [] ",
         "    san: [\"email:${device.identity}@oam.example\", \"URI:urn:uuid:${device.identity}\"] ");
    list_device("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "", "");
    struct bytes san = granted().san;
    cr_expect_not_null(memmem(san.data, san.len, "f6@oam.example", 14));
    cr_expect_not_null(memmem(san.data, san.len, "urn:uuid:f81d4fae-7dec", 22));
    list_device("A0815", "", "");
    refused_with("subjectAltName, which this profile makes: uniformResourceIdentifier",
                 "profiles[0].names.san[1]: uniformResourceIdentifier");
}

/* RFC 5280 appendix A.1: ub-common-name is 64. */
Test(variables, what_is_above_its_upper_bound_is_refused_with_its_place)
{
    char identity[66] = "";

    edit("subject: [] ", "subject: [O=Op, \"CN=${device.identity}\"] ");
    memset(identity, 'a', 64);
    list_device(identity, "", "");
    granted();
    identity[64] = 'a';
    list_device(identity, "", "");
    refused_with("subject, which this profile makes: commonName is too long",
                 "profiles[0].names.subject[1]: commonName is too long");
    cr_expect_null(strstr(decision.text, "profiles"));
}

Test(variables, no_value_is_longer_than_its_room)
{
    char site[300] = "";

    edit("subject: [] ", "subject: [\"L=${device.site}\"] ");
    memset(site, 'a', sizeof site - 1);
    list_device("A0815", site, "");
    refused_with("is too long", "profiles[0].names.subject[0]: the value is too long");
}

Test(variables, the_operators_numbers_have_three_digits)
{
    edit("\ncrl:", "\noperator: {mcc: \"262\", mnc: \"01\"}\ncrl:");
    edit("subject: [] ", "subject: [\"CN=a.mnc${mnc}.mcc${mcc}.b\"] ");
    cr_expect(has_attribute("CN", "a.mnc001.mcc262.b"));
    edit("mnc: \"01\"", "mnc: \"410\"");
    cr_expect(has_attribute("CN", "a.mnc410.mcc262.b"));
}

Test(variables, a_number_that_nobody_gave_is_a_fault)
{
    static const char *const bad[] = {"\"2\"", "\"2623\"", "\"26a\"", "\"+26\"", "\" 26\""};
    struct config_fault fault;
    char to[80];

    cr_assert_not(demo_edit(&demo, &fault, "subject: [] ", "subject: [\"CN=${mcc}\"] "));
    cr_expect_not_null(strstr(fault.text, "it holds ${mcc}"), "%s", fault.text);
    cr_assert(demo_edit(&demo, &fault, "subject: [\"CN=${mcc}\"] ", "subject: [] "));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(to, sizeof to, "\noperator: {mcc: %s}\ncrl:", bad[i]);
        cr_assert_not(demo_edit(&demo, &fault, "\ncrl:", to), "%s", to);
        cr_expect_not_null(strstr(fault.text, "mcc is"), "%s", fault.text);
        cr_assert(demo_edit(&demo, &fault, to, "\ncrl:"));
        snprintf(to, sizeof to, "\noperator: {mnc: %s}\ncrl:", bad[i]);
        cr_assert_not(demo_edit(&demo, &fault, "\ncrl:", to), "%s", to);
        cr_expect_not_null(strstr(fault.text, "mnc is"), "%s", fault.text);
        cr_assert(demo_edit(&demo, &fault, to, "\ncrl:"));
    }
    edit("\ncrl:", "\noperator: {mcc: 262}\ncrl:");
    edit("\noperator: {mcc: 262}\ncrl:", "\noperator: {mnc: 10}\ncrl:");
}
