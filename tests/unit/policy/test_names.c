/* names.c: names as requested, fixed, or by template (RFC 9483 5.1.1, RFC 5280 4.1.2.6 and 4.2.1.6). */
#include "tests/support/hex.h"
#include "tests/support/spelling.h"
#include "tests/unit/policy/decision.h"

TestSuite(names, .init = set_up, .fini = tear_down);

static struct bytes name(const char *attribute, const char *value, const char *attribute2, const char *value2)
{
    struct bytes out;

    cr_assert(name_build(&out, arena, (const char *const[]){attribute, value, attribute2, value2, NULL}));
    return out;
}

Test(names, subject_may_be_fixed)
{
    edit("subject: [] ", "subject: [O=Operator, \"OU=Radio, access\"] ");
    cr_assert(bytes_equal(granted().subject, name("O", "Operator", "OU", "Radio, access")));
    is_modified("subject");
    request.tmpl.subject = bytes_of(NULL, 0);
    granted();
    is_modified(NULL); /* it was not asked for */
    request.tmpl.subject = name("O", "Operator", "OU", "Radio, access");
    granted();
    is_modified(NULL);
}

Test(names, subject_may_be_made_of_parts_of_the_requested_one)
{
    edit("subject: [] ", "subject: [O=Operator, \"CN=gnb-${CN}.ran\"] ");
    request.tmpl.subject = name("O", "Anybody", "CN", "17");
    cr_assert(bytes_equal(granted().subject, name("O", "Operator", "CN", "gnb-17.ran")));
    is_modified("subject");
    request.tmpl.subject = name("O", "Anybody", NULL, NULL);
    refused(PKI_BAD_CERT_TEMPLATE);
}

Test(names, subject_may_be_made_of_who_signs_and_of_the_reference)
{
    struct certificate device = {.subject = name("serialNumber", "A0815", "CN", "device")};

    edit("subject: [] ", "subject: [\"serialNumber=${signer.serialNumber}\"] ");
    refused(PKI_BAD_CERT_TEMPLATE); /* nobody signs */
    signer = &device;
    cr_assert(bytes_equal(granted().subject, name("serialNumber", "A0815", NULL, NULL)));
    signer = NULL;
    edit("subject: [\"serialNumber=${signer.serialNumber}\"] ", "subject: [\"CN=${reference}\"] ");
    refused(PKI_BAD_CERT_TEMPLATE);
    reference = bytes_str("station-1");
    cr_assert(bytes_equal(granted().subject, name("CN", "station-1", NULL, NULL)));
}

/* RFC 4211 4.1: poposkInput names whom the template does not. */
Test(names, the_sender_of_poposkInput_is_the_subject_that_was_left_out)
{
    struct certificate device = {.subject = name("serialNumber", "A0815", "CN", "device")};
    struct bytes other = name("O", "Op", "CN", "other");

    signer = &device;
    request.tmpl.subject = bytes_of(NULL, 0);
    request.pop_input.sender_name = device.subject;
    refused(PKI_BAD_CERT_TEMPLATE); /* it is not there */
    request.pop_input.is_there = 1;
    cr_assert(bytes_equal(granted().subject, device.subject));
    is_modified(NULL);
    edit("subject: [] ", "subject: [O=Operator, \"CN=gnb-${CN}\"] ");
    cr_assert(bytes_equal(granted().subject, name("O", "Operator", "CN", "gnb-device")));
    request.tmpl.subject = other; /* what the template says comes first */
    cr_assert(bytes_equal(granted().subject, name("O", "Operator", "CN", "gnb-other")));
}

/* PrintableString (RFC 5280 Appendix A) does not take every character. */
Test(names, what_is_no_text_of_its_type_is_refused)
{
    edit("subject: [] ", "subject: [\"serialNumber=${CN}\"] ");
    request.tmpl.subject = name("CN", "under_score", NULL, NULL);
    refused(PKI_BAD_CERT_TEMPLATE);
    request.tmpl.subject = name("CN", "A-0815", NULL, NULL);
    cr_assert(bytes_equal(granted().subject, name("serialNumber", "A-0815", NULL, NULL)));
}

/* A text that ends for one reader and goes on for another is none. */
Test(names, a_part_with_a_NUL_in_it_is_refused)
{
    edit("subject: [] ", "subject: [\"CN=${CN}\"] ");
    request.tmpl.subject = hex(arena, "30 0e 31 0c 30 0a 06 03 55 04 03 0c 03 61 00 62");
    refused(PKI_BAD_CERT_TEMPLATE);
    request.tmpl.subject = hex(arena, "30 0e 31 0c 30 0a 06 03 55 04 03 0c 03 61 62 00");
    refused(PKI_BAD_CERT_TEMPLATE);
    request.tmpl.subject = hex(arena, "30 0e 31 0c 30 0a 06 03 55 04 03 0c 03 61 62 63");
    cr_assert(bytes_equal(granted().subject, request.tmpl.subject));
}

Test(names, subjectAltName_may_be_made_too)
{
    edit("    san: [] ",
         "    san: [\"DNS:${CN}.ran.example\", \"IP:192.0.2.7\", \"IP:2001:db8::1\", \"URI:urn:x\", "
         "\"email:a@b.example\"] ");
    request.tmpl.subject = name("CN", "g", NULL, NULL);
    request.tmpl.san = hex(arena, "30 03 82 01 61");
    cr_assert(bytes_equal(granted().san, hex(arena, "30 3b 82 0d 672e72616e2e6578616d706c65"
                                                    "87 04 c0000207"
                                                    "87 10 20010db8000000000000000000000001"
                                                    "86 05 75726e3a78"
                                                    "81 0b 6140622e6578616d706c65")));
    is_modified("subjectAltName");
    request.tmpl.subject = name("CN", "not a host", NULL, NULL);
    refused(PKI_BAD_CERT_TEMPLATE);
    request.tmpl.subject = name("O", "nobody", NULL, NULL);
    refused(PKI_BAD_CERT_TEMPLATE);
}

/* All that the request names, also what does not come into the certificate. */
Test(names, an_agent_asks_for_names_that_look_like_its_own)
{
    static const char *const patterns[] = {"CN=*.du", "DNS:v*"};
    static const struct config_agent manager = {.name = "manager", .names = {patterns, 2}};
    struct certificate device = {.subject = name("CN", "manager", NULL, NULL)};

    edit("subject_bound: false", "subject_bound: true ");
    signer = &device;
    agent = &manager;
    request.tmpl.subject = name("CN", "a.du", NULL, NULL);
    granted();
    request.tmpl.san = hex(arena, "30 04 82 02 76 61");
    granted();
    request.tmpl.san = hex(arena, "30 03 82 01 76");
    refused(PKI_NOT_AUTHORIZED);
    cr_expect_str_eq(decision.detail, "agent manager: DNS:v looks like none of its names");
    cr_expect_str_eq(decision.setting, "accept.agents");
    edit("honour: [subjectAltName]", "honour: []");
    refused(PKI_NOT_AUTHORIZED);
    request.tmpl.san = bytes_of(NULL, 0);
    request.tmpl.subject = name("CN", "a.du", "O", "Operator");
    refused(PKI_NOT_AUTHORIZED);
    cr_expect_str_eq(decision.detail, "agent manager: O=Operator looks like none of its names");
    request.tmpl.subject = device.subject;
    refused(PKI_NOT_AUTHORIZED);
    /* RFC 4211 4.1: the name that the proof of possession has. */
    request.tmpl.subject = bytes_of(NULL, 0);
    request.pop_input.is_there = 1;
    request.pop_input.sender_name = device.subject;
    refused(PKI_NOT_AUTHORIZED);
}

/* RFC 9483 5.1.1: "If a signature-based proof-of-possession is present, the PKI management entity MUST
 * verify, based on local PKI policy, that the subject name in the certTemplate identifies the same entity
 * as the subject name in the CMP protection certificate or matches the identifier used with MAC-based
 * protection."
 * RFC 9483 5.1.1: "In case this verification fails, the message MUST have been protected by an authorized
 * PKI management entity (failInfo bit: notAuthorized)."
 * RFC 9483 5.1.1: "the subject name in the certTemplate identifies the same entity as the subject name in the
 * CMP protection certificate or matches the identifier used with MAC-based protection [...] (failInfo bit:
 * notAuthorized)" */
Test(names, subject_may_be_bound_to_who_protects_the_request)
{
    struct certificate device = {.subject = name("serialNumber", "A0815", "CN", "device")};

    edit("subject_bound: false", "subject_bound: true ");
    signer = &device;
    refused(PKI_NOT_AUTHORIZED);
    cr_expect(strstr(decision.text, "subject must have the CN or serialNumber of") == decision.text);
    request.tmpl.subject = name("O", "Operator", "CN", "device");
    granted();
    request.tmpl.subject = name("O", "Operator", "serialNumber", "A0815");
    granted();
    request.tmpl.san = hex(arena, "30 03 82 01 76");
    refused(PKI_NOT_AUTHORIZED);
    cr_expect(strstr(decision.text, "subjectAltName must be absent, or") == decision.text);
    request.tmpl.san = bytes_of(NULL, 0);
    request.tmpl.subject = name("O", "Operator", "serialNumber", "A0816");
    refused(PKI_NOT_AUTHORIZED);
    by_ra = 1;
    granted();
    by_ra = 0;
    signer = NULL;
    refused(PKI_NOT_AUTHORIZED);
    reference = bytes_str("station-1");
    refused(PKI_NOT_AUTHORIZED);
    cr_expect(strstr(decision.text, "subject must have the reference") == decision.text);
    request.tmpl.subject = name("O", "Operator", "CN", "station-1");
    granted();
    /* A serialNumber is a device's own: no reference vouches for one, and for one name only. */
    request.tmpl.subject = name("CN", "station-1", "serialNumber", "VICTIM");
    refused(PKI_NOT_AUTHORIZED);
    request.tmpl.subject = name("CN", "station-1", "serialNumber", "station-1");
    refused(PKI_NOT_AUTHORIZED);
    request.tmpl.subject = name("CN", "victim", "CN", "station-1");
    refused(PKI_NOT_AUTHORIZED);
    request.tmpl.subject = name("CN", "station-1", "CN", "station-1");
    refused(PKI_NOT_AUTHORIZED);
    request.tmpl.subject = name("CN", "station-1", NULL, NULL);
    request.tmpl.san = hex(arena, "30 03 82 01 76");
    refused(PKI_NOT_AUTHORIZED);
    cr_expect(strstr(decision.text, "subjectAltName must be absent: a shared secret") == decision.text);
}

/* RFC 5280 7.1: names match without case; a reference is no name, and another one may differ in case alone.
 */
Test(names, a_bound_subject_may_be_spelled_otherwise_and_a_reference_may_not)
{
    struct certificate device = {.subject = name("O", "Vendor", "CN", "Device 1")};

    edit("subject_bound: false", "subject_bound: true ");
    signer = &device;
    request.tmpl.subject = spelled_otherwise(arena, device.subject);
    granted();
    request.tmpl.subject = name("O", "Operator", "CN", "device  1");
    granted();
    request.tmpl.subject = name("O", "Operator", "CN", "device 2");
    refused(PKI_NOT_AUTHORIZED);
    /* What is blank is no attribute that the signer lacks. */
    device.subject = name("O", "Vendor", "OU", "Line 1");
    request.tmpl.subject = name("CN", " ", "OU", "victim");
    refused(PKI_NOT_AUTHORIZED);
    request.tmpl.subject = name("serialNumber", " ", "OU", "victim");
    refused(PKI_NOT_AUTHORIZED);
    signer = NULL;
    reference = bytes_str("station-1");
    request.tmpl.subject = name("O", "Operator", "CN", "Station-1");
    refused(PKI_NOT_AUTHORIZED);
}

/* The whole name is certified, so all of it that identifies has to be the signer's. */
Test(names, nothing_of_another_device_slips_into_a_bound_name)
{
    static const struct {
        const char *pairs[7];
        int good;
    } cases[] = {
        {{"O", "Operator", "CN", "device", NULL}, 1},
        {{"serialNumber", "A0815", "CN", "device", NULL}, 1},
        {{"CN", "victim", "CN", "device", NULL}, 0},
        {{"CN", "victim", "serialNumber", "A0815", NULL}, 0},
        {{"serialNumber", "VICTIM", "CN", "device", NULL}, 0},
        {{"serialNumber", "A0815", "serialNumber", "VICTIM", NULL}, 0},
        {{"O", "Operator", NULL}, 0},
    };
    struct certificate device = {.subject = name("serialNumber", "A0815", "CN", "device")};

    edit("subject_bound: false", "subject_bound: true ");
    signer = &device;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(name_build(&request.tmpl.subject, arena, cases[i].pairs));
        if (cases[i].good)
            granted();
        else
            refused(PKI_NOT_AUTHORIZED);
    }
    /* CN "device" as UTF8String, and a serialNumber as BMPString */
    request.tmpl.subject = hex(arena, "30 22 31 0f 30 0d 06 03 55 04 03 0c 06 64 65 76 69 63 65"
                                      "31 0f 30 0d 06 03 55 04 05 1e 06 00 56 00 49 00 43");
    refused(PKI_NOT_AUTHORIZED);
    /* CN "device" as UTF8String, and another as BMPString */
    request.tmpl.subject = hex(arena, "30 22 31 0f 30 0d 06 03 55 04 03 0c 06 64 65 76 69 63 65"
                                      "31 0f 30 0d 06 03 55 04 03 1e 06 00 76 00 69 00 63");
    refused(PKI_NOT_AUTHORIZED);
    request.tmpl.subject = device.subject;
    request.tmpl.san = hex(arena, "30 03 82 01 76");
    refused(PKI_NOT_AUTHORIZED);
    device.san = request.tmpl.san;
    granted();
    /* Where the name is made without the request, the request's is nobody's concern. */
    device.san = bytes_of(NULL, 0);
    edit("honour: [subjectAltName]", "honour: []");
    edit("subject: [] ", "subject: [\"CN=${signer.CN}\"] ");
    request.tmpl.subject = bytes_of(NULL, 0);
    cr_assert(bytes_equal(granted().subject, name("CN", "device", NULL, NULL)));
}

/* What a request brings into the name of a host is a part of one, no wildcard. */
Test(names, a_template_lets_no_wildcard_and_no_other_host_in)
{
    static const char *const bad[] = {"*", "a.*", "a..b", ".a", "a.", "a_b", "a/b", "a@b", "a b", "a:b"};

    edit("    san: [] ", "    san: [\"DNS:${CN}.ran.example\"] ");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        request.tmpl.subject = name("CN", bad[i], NULL, NULL);
        refused(PKI_BAD_CERT_TEMPLATE);
    }
    request.tmpl.subject = name("CN", "gnb-1.north", NULL, NULL);
    granted();
}

/* A text of |len| octets. */
static const char *letters(size_t len)
{
    char *text = arena_alloc(arena, len + 1);

    cr_assert_not_null(text);
    memset(text, 'a', len);
    return text;
}

/* A value that a template makes has 255 octets at most, whether its last piece is a variable or not. */
Test(names, what_a_template_makes_has_a_bound)
{
    static const struct {
        const char *from, *to;
        size_t fixed; /* octets beside ${GN}, an attribute whose own bound is far away */
    } cases[] = {{"subject: [] ", "subject: [\"GN=${GN}\"] ", 0},
                 {"subject: [] ", "subject: [\"GN=x${GN}\"] ", 1},
                 {"subject: [] ", "subject: [\"GN=${GN}xy\"] ", 2},
                 {"    san: [] ", "    san: [\"URI:x:${GN}\"] ", 2},
                 {"    san: [] ", "    san: [\"URI:x:${GN}y\"] ", 3}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        edit(cases[i].from, cases[i].to);
        for (size_t len = 254; len <= 258; len++) {
            request.tmpl.subject = name("GN", letters(len - cases[i].fixed), NULL, NULL);
            if (len <= 255)
                granted();
            else
                refused(PKI_BAD_CERT_TEMPLATE);
        }
        edit(cases[i].to, cases[i].from);
    }
}

/* RFC 9483 4.1.3: an update keeps the names, whatever the profile would make of them. */
Test(names, an_update_keeps_the_names)
{
    struct certificate old = {.subject = name("CN", "old", NULL, NULL), .san = hex(arena, "30 03 82 01 61")};

    edit("subject: [] ", "subject: [O=Operator] ");
    edit("subject_bound: false", "subject_bound: true ");
    update = &old;
    request.tmpl.subject = bytes_of(NULL, 0);
    struct certificate cert = granted();
    cr_assert(bytes_equal(cert.subject, old.subject));
    cr_assert(bytes_equal(cert.san, old.san));
    is_modified(NULL);
}

Test(names, settings_that_are_wrong_are_told)
{
    static const char *const bad[] = {"CN",
                                      "CN=",
                                      "X=1",
                                      "CN=${CN",
                                      "CN=${X}",
                                      "CN=${signer.X}",
                                      "aVeryLongAttributeName=1",
                                      "serialNumber=a_b",
                                      "C=Germany"};
    struct config_fault fault;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char to[128];
        snprintf(to, sizeof to, "subject: [\"%s\"] ", bad[i]);
        cr_assert_not(demo_edit(&demo, &fault, "subject: [] ", to), "%s", bad[i]);
        cr_assert_not_null(strstr(fault.text, "write ATTRIBUTE=VALUE"), "%s", fault.text);
        cr_assert(demo_edit(&demo, &fault, to, "subject: [] "), "%s", fault.text);
    }
    /* Of the longest type that has room, and one more; of variables likewise. */
    for (int len = 14; len <= 17; len++) {
        char to[128];
        snprintf(to, sizeof to, "subject: [\"%s=1\"] ", letters((size_t)len));
        cr_assert_not(demo_edit(&demo, &fault, "subject: [] ", to));
        cr_assert_not_null(strstr(fault.text, "write ATTRIBUTE=VALUE"), "%s", fault.text);
        cr_assert(demo_edit(&demo, &fault, to, "subject: [] "), "%s", fault.text);
    }
    for (int len = 30; len <= 33; len++) {
        char to[128];
        snprintf(to, sizeof to, "subject: [\"CN=${%s}\"] ", letters((size_t)len));
        cr_assert_not(demo_edit(&demo, &fault, "subject: [] ", to));
        cr_assert_not_null(strstr(fault.text, "write ATTRIBUTE=VALUE"), "%s", fault.text);
        cr_assert(demo_edit(&demo, &fault, to, "subject: [] "), "%s", fault.text);
    }
    cr_assert_not(demo_edit(&demo, &fault, "    san: [] ", "    san: [\"X400:a\"] "));
    cr_assert_not_null(strstr(fault.text, "write DNS:VALUE"), "%s", fault.text);
    cr_assert(demo_edit(&demo, &fault, "    san: [\"X400:a\"] ", "    san: [] "), "%s", fault.text);
    static const char *const bad_names[] = {"DNS:a b", "DNS:a/b",     "DNS:a,b",     "email:a b",
                                            "URI:u x", "DNS:a\\x7Fb", "DNS:a\\x1Fb", "DNS:\\u00e4"};
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        char to[128];
        snprintf(to, sizeof to, "    san: [\"%s\"] ", bad_names[i]);
        cr_assert_not(demo_edit(&demo, &fault, "    san: [] ", to), "%s", bad_names[i]);
        cr_assert(demo_edit(&demo, &fault, to, "    san: [] "), "%s", fault.text);
    }
    cr_assert_not(demo_edit(&demo, &fault, "    san: [] ", "    san: [\"IP:notanip\"] "));
    cr_assert_not_null(strstr(fault.text, "write DNS:VALUE"), "%s", fault.text);
}

/* A list |setting| of |count| times |entry|. */
static const char *list_of(const char *setting, const char *entry, size_t count)
{
    size_t room = strlen(setting) + count * (strlen(entry) + 1) + 8;
    char *text = arena_alloc(arena, room);
    size_t used = (size_t)snprintf(text, room, "%s[", setting);

    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", i == 0 ? "" : ",", entry);
    snprintf(text + used, room - used, "] ");
    return text;
}

Test(names, as_many_entries_as_have_room_are_taken)
{
    static const char *const settings[][2] = {{"subject: ", "OU=unit"}, {"    san: ", "DNS:a"}};
    struct config_fault fault;

    for (size_t i = 0; i < 2; i++) {
        const char *none = list_of(settings[i][0], "", 0);
        const char *most = list_of(settings[i][0], settings[i][1], 16);
        const char *more = list_of(settings[i][0], settings[i][1], 17);
        edit(none, most);
        struct certificate cert = granted();
        cr_assert_eq(i == 0 ? cert.subject.len : cert.san.len,
                     i == 0 ? 4 + 16 * 15 /* 30 81 f0, each 31 0d 30 0b 06 03 55 04 0b 0c 04 … */ - 1
                            : 2 + 16 * 3);
        cr_assert_not(demo_edit(&demo, &fault, most, more));
        cr_assert_not_null(strstr(fault.text, "more than 16 entries"), "%s", fault.text);
        cr_assert(demo_edit(&demo, &fault, more, none), "%s", fault.text);
    }
}
