/* requests.c: what a request asks for is honoured, refused, or ignored, and then told (RFC
 * 9810 5.2.3 grantedWithMods). */
#include "tests/support/hex.h"
#include "tests/unit/policy/decision.h"

TestSuite(requests, .init = set_up, .fini = tear_down);

static const char *const honours = "honour: [subjectAltName]", *const refuses = "refuse: [] ";

static void ask(const char *oid, const char *value)
{
    request.tmpl.extensions[request.tmpl.extension_count++] =
        (struct certificate_extension){hex(arena, oid), 0, hex(arena, value)};
}

static void is_refused(void)
{
    refused(PKI_BAD_CERT_TEMPLATE);
}

#define KEY_USAGE_OID "55 1d 0f"
#define EKU_OID "55 1d 25"
#define POLICIES_OID "55 1d 20"

Test(requests, a_plain_request_is_granted_as_it_is)
{
    granted();
    is_modified(NULL);
}

/* digitalSignature and keyAgreement are the profile's: bits 0 and 4 (RFC 5280 4.2.1.3). */
Test(requests, keyUsage_is_ignored_honoured_or_refused)
{
    ask(KEY_USAGE_OID, "03 02 07 80"); /* digitalSignature */
    cr_assert_eq(granted().key_usage, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_AGREEMENT);
    is_modified("keyUsage");
    edit(honours, "honour: [keyUsage]");
    cr_assert_eq(granted().key_usage, KEY_USAGE_DIGITAL_SIGNATURE);
    is_modified(NULL);
    edit(refuses, "refuse: [keyUsage] ");
    is_refused();
}

Test(requests, keyUsage_is_granted_as_far_as_the_profile_has_it)
{
    edit(honours, "honour: [keyUsage]");
    ask(KEY_USAGE_OID, "03 02 02 84"); /* digitalSignature, keyCertSign */
    cr_assert_eq(granted().key_usage, KEY_USAGE_DIGITAL_SIGNATURE);
    is_modified("keyUsage");
    request.tmpl.extension_count = 0;
    ask(KEY_USAGE_OID, "03 02 02 04"); /* keyCertSign */
    is_refused();
    request.tmpl.extension_count = 0;
    ask(KEY_USAGE_OID, "04 01 80");
    is_refused();
}

/* A request for just what the profile gives is no modification. */
Test(requests, what_is_given_anyway_is_not_modified)
{
    ask(KEY_USAGE_OID, "03 02 03 88"); /* digitalSignature, keyAgreement */
    ask("55 1d 13", "30 00");          /* basicConstraints, no CA */
    ask(EKU_OID, "30 14 06 08 2b 06 01 05 05 07 03 01 06 08 2b 06 01 05 05 07 03 02"); /* server, client */
    granted();
    is_modified(NULL);
    ask(POLICIES_OID, "30 05 30 03 06 01 2a");
    granted();
    is_modified("certificatePolicies");
}

Test(requests, nobody_becomes_a_CA)
{
    ask("55 1d 13", "30 03 01 01 ff");
    cr_assert_not(granted().is_ca);
    is_modified("basicConstraints");
    edit(refuses, "refuse: [basicConstraints] ");
    is_refused();
}

/* RFC 5280 4.2.1.3 and 4.2.1.9 */
Test(requests, who_asks_to_be_a_CA_is_refused_where_the_profile_says_so)
{
    static const struct {
        const char *oid, *value;
        int refused;
    } cases[] = {
        {"55 1d 13", "30 00", 0},                   /* no CA */
        {"55 1d 13", "30 03 02 01 00", 0},          /* a path length alone */
        {"55 1d 13", "30 03 01 01 ff", 1},          /* cA */
        {"55 1d 13", "30 06 01 01 ff 02 01 00", 1}, /* with a path length */
        {KEY_USAGE_OID, "03 02 07 80", 0},          /* digitalSignature */
        {KEY_USAGE_OID, "03 02 02 84", 1},          /* and keyCertSign */
        {KEY_USAGE_OID, "03 02 01 02", 1},          /* cRLSign */
        {EKU_OID, "30 0a 06 08 2b 06 01 05 05 07 03 02", 0},
    };

    edit(refuses, "refuse: [ca] ");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        request.tmpl.extension_count = 0;
        ask(cases[i].oid, cases[i].value);
        if (cases[i].refused)
            is_refused();
        else
            granted();
    }
}

Test(requests, extendedKeyUsage_is_ignored_honoured_or_refused)
{
    static const uint8_t client[] = {0x2b, 6, 1, 5, 5, 7, 3, 2}, server[] = {0x2b, 6, 1, 5, 5, 7, 3, 1};
    struct certificate cert;

    ask(EKU_OID, "30 0a 06 08 2b 06 01 05 05 07 03 02"); /* clientAuth */
    cert = granted();
    cr_assert(certificate_has_purpose(&cert, bytes_of(server, sizeof server)));
    is_modified("extendedKeyUsage");
    edit(honours, "honour: [extendedKeyUsage]");
    cert = granted();
    cr_assert(certificate_has_purpose(&cert, bytes_of(client, sizeof client)));
    cr_assert_not(certificate_has_purpose(&cert, bytes_of(server, sizeof server)));
    is_modified(NULL);
    request.tmpl.extension_count = 0;
    ask(EKU_OID, "30 14 06 08 2b 06 01 05 05 07 03 02 06 08 2b 06 01 05 05 07 03 03"); /* and codeSigning */
    granted();
    is_modified("extendedKeyUsage");
    request.tmpl.extension_count = 0;
    ask(EKU_OID, "30 0a 06 08 2b 06 01 05 05 07 03 03");
    is_refused();
    request.tmpl.extension_count = 0;
    ask(EKU_OID, "30 00");
    is_refused();
}

/* The profile's purposes have room for 16, and so has what is kept of those asked for. */
static const char *purposes_setting(unsigned count)
{
    size_t room = 1024;
    char *text = arena_alloc(arena, room);
    size_t used = (size_t)snprintf(text, room, "extended_key_usage: [");

    for (unsigned i = 1; i <= count; i++)
        used += (size_t)snprintf(text + used, room - used, "%s1.2.3.%u", i == 1 ? "" : ", ", i);
    snprintf(text + used, room - used, "]");
    return text;
}

static void ask_for_purposes(unsigned from, unsigned count, int equal)
{
    static const uint8_t oid[] = {0x06, 3, 0x2a, 3};
    uint8_t *value = arena_alloc(arena, 2 + 5 * (size_t)count);

    value[0] = 0x30;
    value[1] = (uint8_t)(5 * count);
    for (unsigned i = 0; i < count; i++) {
        memcpy(value + 2 + 5 * (size_t)i, oid, sizeof oid);
        value[2 + 5 * (size_t)i + 4] = (uint8_t)(equal ? from : from + i);
    }
    request.tmpl.extension_count = 0;
    ask(EKU_OID, "");
    request.tmpl.extensions[0].value = bytes_of(value, 2 + 5 * (size_t)count);
}

Test(requests, as_many_purposes_as_have_room_are_granted_each_once)
{
    const char *before = "extended_key_usage: [clientAuth, serverAuth]", *most = purposes_setting(16);
    struct config_fault fault;

    edit(before, most);
    edit(honours, "honour: [extendedKeyUsage]");
    ask_for_purposes(1, 16, 0);
    cr_assert_eq(granted().extended_key_usage.len, 2 + 16 * 5);
    is_modified(NULL);
    ask_for_purposes(1, 17, 0);
    cr_assert_eq(granted().extended_key_usage.len, 2 + 16 * 5);
    is_modified("extendedKeyUsage");
    for (unsigned count = 15; count <= 20; count++) {
        ask_for_purposes(7, count, 1);
        struct certificate cert = granted();
        cr_assert(bytes_equal(cert.extended_key_usage, hex(arena, "30 05 06 03 2a 03 07")), "%u times",
                  count);
        is_modified("extendedKeyUsage");
    }
    cr_assert_not(demo_edit(&demo, &fault, most, purposes_setting(17)));
    cr_assert_not_null(strstr(fault.text, "at most 16 of them"), "%s", fault.text);
}

/* An object identifier of 32 octets, and of 33. */
Test(requests, an_object_identifier_in_a_setting_has_a_bound)
{
    static const char *const befores[] = {"extended_key_usage: [clientAuth, serverAuth]",
                                          "honour: [subjectAltName]"};
    static const char *const afters[] = {"extended_key_usage: [1.2", "honour: [1.2"};
    struct config_fault fault;

    for (size_t i = 0; i < 2; i++)
        for (size_t arcs = 30; arcs <= 32; arcs++) {
            char text[256];
            size_t used = (size_t)snprintf(text, sizeof text, "%s", afters[i]);
            for (size_t arc = 0; arc < arcs; arc++)
                used += (size_t)snprintf(text + used, sizeof text - used, ".7");
            snprintf(text + used, sizeof text - used, "]");
            cr_assert_eq(demo_edit(&demo, &fault, befores[i], text), arcs <= 31, "%zu arcs", arcs);
            if (arcs > 31)
                cr_assert_not_null(strstr(fault.text, "unknown"), "%s", fault.text);
            else
                granted();
            cr_assert(demo_edit(&demo, &fault, text, befores[i]), "%s", fault.text);
        }
}

Test(requests, as_many_rules_as_have_room_are_kept)
{
    static const char *const befores[] = {"honour: [subjectAltName]", "refuse: [] "};
    static const char *const words[] = {"honour: [", "refuse: ["};
    struct config_fault fault;

    for (size_t i = 0; i < 2; i++)
        for (unsigned count = 31; count <= 33; count++) {
            char text[512];
            size_t used = (size_t)snprintf(text, sizeof text, "%s", words[i]);
            for (unsigned n = 1; n <= count; n++)
                used += (size_t)snprintf(text + used, sizeof text - used, "%s1.2.3.%u", n == 1 ? "" : ",", n);
            snprintf(text + used, sizeof text - used, "] ");
            cr_assert_eq(demo_edit(&demo, &fault, befores[i], text), count <= 32, "%u entries", count);
            if (count > 32) {
                cr_assert_not_null(strstr(fault.text, "more than 32 entries"), "%s", fault.text);
                cr_assert(demo_edit(&demo, &fault, text, befores[i]), "%s", fault.text);
                continue;
            }
            request.tmpl.extension_count = 0;
            ask("2a 03 20", "05 00"); /* 1.2.3.32, the last of as many as have room */
            if (count == 32 && i == 1) {
                is_refused();
            } else {
                granted();
                is_modified(count == 32 ? NULL : "1.2.3.32");
            }
            cr_assert(demo_edit(&demo, &fault, text, befores[i]), "%s", fault.text);
        }
}

Test(requests, other_extensions_are_ignored_copied_or_refused)
{
    ask("2a 03 04", "0c 02 68 69");
    struct certificate cert = granted();
    cr_assert_null(memmem(cert.tbs.data, cert.tbs.len, "hi", 2));
    is_modified("1.2.3.4");
    edit(honours, "honour: [1.2.3.4]");
    cert = granted();
    /* Extension { 1.2.3.4, "hi" } (RFC 5280 4.1) */
    struct bytes extension = hex(arena, "30 0b 06 03 2a 03 04 04 04 0c 02 68 69");
    cr_assert_not_null(memmem(cert.tbs.data, cert.tbs.len, extension.data, extension.len));
    is_modified(NULL);
    request.tmpl.extensions[0].value = hex(arena, "0c 81 02 68 69"); /* no DER */
    is_refused();
    edit("honour: [1.2.3.4]", "honour: []");
    edit(refuses, "refuse: [other] ");
    is_refused();
    edit("refuse: [other] ", "refuse: [1.2.3.4] ");
    is_refused();
    edit("refuse: [1.2.3.4] ", "refuse: [1.2.3.5] ");
    granted();
}

/* RFC 5280 4.2.1.4: at least one policy, none twice; of its qualifiers at least one, with its OID and value.
 */
Test(requests, certificatePolicies_are_copied_only_if_others_can_read_them)
{
    static const struct {
        const char *value;
        int good;
    } cases[] = {
        {"30 05 30 03 06 01 2a", 1},
        {"30 0a 30 03 06 01 2a 30 03 06 01 2b", 1},
        {"30 0f 30 0d 06 01 2a 30 08 30 06 06 01 2b 16 01 61", 1}, /* a qualifier */
        {"30 00", 0},
        {"04 00", 0},
        {"30 02 30 00", 0},
        {"30 05 31 03 06 01 2a", 0},
        {"30 0a 30 03 06 01 2a 30 03 06 01 2a", 0},                /* twice */
        {"30 0f 30 03 06 01 2a 30 03 06 01 2b 30 03 06 01 2a", 0}, /* the first and the last */
        {"30 07 30 05 06 01 2a 30 00", 0},                         /* no qualifier in the list */
        {"30 07 30 05 06 01 2a 05 00", 0},
        {"30 0c 30 0a 06 01 2a 30 05 30 03 06 01 2b", 0},                /* without its value */
        {"30 0e 30 0c 06 01 2a 30 07 30 05 16 01 61 05 00", 0},          /* without its OID */
        {"30 11 30 0f 06 01 2a 30 0a 30 08 06 01 2b 16 01 61 05 00", 0}, /* more behind it */
        {"30 11 30 0f 06 01 2a 30 08 30 06 06 01 2b 16 01 61 05 00", 0},
    };

    edit(honours, "honour: [certificatePolicies]");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        request.tmpl.extension_count = 0;
        ask(POLICIES_OID, cases[i].value);
        if (cases[i].good) {
            struct certificate cert = granted();
            cr_expect(bytes_equal(cert.policies, request.tmpl.extensions[0].value), "case %zu", i);
        } else {
            is_refused();
        }
    }
}

/* "other" is whatever is not honoured. */
Test(requests, what_is_honoured_is_not_refused_as_other)
{
    edit(honours, "honour: [1.2.3.4]");
    edit(refuses, "refuse: [other] ");
    ask("2a 03 04", "0c 02 68 69");
    granted();
    is_modified(NULL);
    ask("2a 03 05", "0c 02 68 69");
    is_refused();
    request.tmpl.extension_count = 0;
    ask(KEY_USAGE_OID, "03 02 03 88");
    is_refused();
}

/* What stands behind the value of an extension makes it none; a key identifier is the CA's to make. */
Test(requests, values_are_taken_whole)
{
    struct bytes id = hex(arena, "04 14 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");

    ask(KEY_USAGE_OID, "03 02 03 88 05 00");
    is_refused();
    request.tmpl.extension_count = 0;
    ask(EKU_OID, "30 0a 06 08 2b 06 01 05 05 07 03 02 05 00");
    is_refused();
    request.tmpl.extension_count = 0;
    ask("55 1d 0e", "");
    request.tmpl.extensions[0].value = id;
    granted();
    is_modified("subjectKeyIdentifier");
    cr_assert(spki_key_id((uint8_t *)(uintptr_t)id.data + 2, DIGEST_SHA1, request.tmpl.spki));
    granted();
    is_modified(NULL);
}

Test(requests, subjectAltName_is_refused_where_the_profile_says_so)
{
    request.tmpl.san = hex(arena, "30 03 82 01 61");
    ask("55 1d 11", "30 03 82 01 61");
    granted();
    is_modified(NULL);
    edit(honours, "honour: []");
    granted();
    is_modified("subjectAltName");
    edit(refuses, "refuse: [subjectAltName] ");
    is_refused();
}

Test(requests, validity_is_ignored_honoured_or_refused)
{
    enum { DAY = 86400 };
    int64_t now = time(NULL);

    request.tmpl.has_validity = 1;
    request.tmpl.not_before = TEMPLATE_NO_TIME;
    request.tmpl.not_after = now + 10 * DAY;
    cr_assert_gt(granted().not_after, now + 300 * DAY);
    is_modified("validity");
    edit(honours, "honour: [validity]");
    cr_assert_eq(granted().not_after, now + 10 * DAY);
    is_modified(NULL);
    request.tmpl.not_before = now + DAY;
    cr_assert_eq(granted().not_before, now + DAY);
    is_modified(NULL);
    request.tmpl.not_after = now + 1000 * DAY; /* longer than the profile's 365 days */
    cr_assert_lt(granted().not_after, now + 366 * DAY);
    is_modified("validity");
    request.tmpl.not_before = now - 100 * DAY;
    cr_assert_geq(granted().not_before, now - 400);
    is_modified("validity");
    request.tmpl.not_after = now - 1;
    is_refused();
    request.tmpl.not_after = now + DAY;
    request.tmpl.not_before = now + 2 * DAY;
    is_refused();
    request.tmpl.not_before = TEMPLATE_NO_TIME;
    edit(refuses, "refuse: [validity] ");
    is_refused();
}

/* One second before each bound, at it, and after it. */
Test(requests, validity_is_honoured_to_the_second)
{
    struct validity {
        int64_t from, to;
    };
    const int64_t now = profile()->ca->cert.not_before + 1000, first = now - 300;
    const int64_t last = now + (int64_t)365 * 86400 - 1;
    const struct {
        struct validity asked, given; /* given to 0: refused */
        int modified;
    } cases[] = {
        {{first, last}, {first, last}, 0},
        {{first - 1, last}, {first, last}, 1},
        {{first + 1, last}, {first + 1, last}, 0},
        {{first, last + 1}, {first, last}, 1},
        {{first, last - 1}, {first, last - 1}, 0},
        {{first, now - 1}, {0, 0}, 0},
        {{first, now}, {0, 0}, 0}, /* it would be over when it arrives */
        {{first, now + 1}, {first, now + 1}, 0},
        {{now + 5, now + 5}, {now + 5, now + 5}, 0},
        {{now + 6, now + 5}, {0, 0}, 0},
        {{last, last}, {last, last}, 0},
        {{last + 1, last + 1}, {0, 0}, 0},
        {{TEMPLATE_NO_TIME, last}, {first, last}, 0},
        {{first, TEMPLATE_NO_TIME}, {first, last}, 0},
        {{TEMPLATE_NO_TIME, TEMPLATE_NO_TIME}, {first, last}, 0},
    };

    edit(honours, "honour: [validity]");
    at = now;
    request.tmpl.has_validity = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        request.tmpl.not_before = cases[i].asked.from;
        request.tmpl.not_after = cases[i].asked.to;
        if (cases[i].given.to == 0) {
            is_refused();
            continue;
        }
        struct certificate cert = granted();
        cr_assert_eq(cert.not_before, cases[i].given.from, "case %zu", i);
        cr_assert_eq(cert.not_after, cases[i].given.to, "case %zu", i);
        is_modified(cases[i].modified ? "validity" : NULL);
    }
}

/* RFC 9810 Appendix F: wrongAuthority */
Test(requests, another_issuer_is_ignored_or_refused)
{
    request.tmpl.issuer = request.tmpl.subject;
    granted();
    is_modified("issuer");
    edit(refuses, "refuse: [issuer] ");
    refused(PKI_WRONG_AUTHORITY);
    request.tmpl.issuer = profile()->ca->cert.subject;
    granted();
}

Test(requests, settings_that_are_wrong_are_told)
{
    struct config_fault fault;

    cr_assert_not(demo_edit(&demo, &fault, honours, "honour: [keyusage]"));
    cr_assert_not_null(strstr(fault.text, "unknown 'keyusage'; write validity"), "%s", fault.text);
    cr_assert(demo_edit(&demo, &fault, "honour: [keyusage]", "honour: []"));
    cr_assert_not(demo_edit(&demo, &fault, "honour: []", "honour: [basicConstraints]"));
    cr_assert_not_null(strstr(fault.text, "is for the CA to write"), "%s", fault.text);
    cr_assert(demo_edit(&demo, &fault, "honour: [basicConstraints]", "honour: []"));
    cr_assert_not(demo_edit(&demo, &fault, "honour: []", "honour: [2.5.29.19]"));
    cr_assert(demo_edit(&demo, &fault, "honour: [2.5.29.19]", "honour: []"));
    cr_assert_not(demo_edit(&demo, &fault, "honour: []", "honour: [other]"));
}
