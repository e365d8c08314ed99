/* nf_types.c: RFC 9310 section 3. */
#include "tests/support/hex.h"
#include "tests/unit/policy/decision.h"

TestSuite(nf_types, .init = set_up, .fini = tear_down);

static const char none[] = "nf_types: []";

static void fails(const char *to, const char *what)
{
    struct config_fault fault;

    cr_assert_not(demo_edit(&demo, &fault, none, to), "%s", to);
    cr_expect_not_null(strstr(fault.text, what), "'%s' does not say '%s'", fault.text, what);
    cr_assert(demo_edit(&demo, &fault, to, none), "%s", fault.text);
}

/* "in ascending lexicographic order using the ASCII values"; not critical; RFC 9310 appendix B has AMF alone
 * as 30 05 16 03 41 4d 46. */
Test(nf_types, they_stand_in_order)
{
    const struct bytes oid = hex(arena, "2b 06 01 05 05 07 01 22");
    struct certificate cert = granted();

    cr_assert_not(certificate_has_extension(&cert, oid, hex(arena, "30 05 16 03 41 4d 46")));
    edit(none, "nf_types: [AMF]");
    cert = granted();
    cr_assert(certificate_has_extension(&cert, oid, hex(arena, "30 05 16 03 41 4d 46")));
    cr_assert_eq(cert.unknown_critical.len, 0);
    edit("nf_types: [AMF]", "nf_types: [SMF, AMF, 5G_EIR]");
    cert = granted();
    cr_assert(certificate_has_extension(&cert, oid,
                                        hex(arena, "30 12 16 06 35475f454952 16 03 414d46 16 03 534d46")));
}

Test(nf_types, what_is_none_is_a_fault)
{
    fails("nf_types: [AMF, AMF]", "'AMF' stands there twice");
    fails("nf_types: [\"A MF\"]", "'A MF' is no NFType");
    fails("nf_types: [\"\xc3\xa4\"]", "is no NFType");
    fails("nf_types: [x23456789012345678901234567890123]", "is no NFType");
    edit(none, "nf_types: [x2345678901234567890123456789012]");
    edit("nf_types: [x2345678901234567890123456789012]",
         "nf_types: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]");
    edit("nf_types: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]", none);
    fails("nf_types: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]", "at most 16");
}

/* The role of a network function is not its own to choose. */
Test(nf_types, no_request_has_a_say)
{
    struct config_fault fault;

    cr_assert_not(demo_edit(&demo, &fault, "honour: [subjectAltName]", "honour: [1.3.6.1.5.5.7.1.34]"));
    cr_expect_not_null(strstr(fault.text, "is for the CA to write"), "%s", fault.text);
}

/* A template may have as many extensions as there is room for, and the profile's own besides. */
Test(nf_types, there_is_room_beside_all_that_is_asked_for)
{
    struct certificate_extension *asked = request.tmpl.extensions;
    static uint8_t oids[BOUND_EXTENSIONS][3];
    char honour[600] = "honour: [";

    edit(none, "nf_types: [AMF]");
    for (int i = 0; i < BOUND_EXTENSIONS; i++) {
        memcpy(oids[i], "\x2a\x03", 2);
        oids[i][2] = (uint8_t)(i + 1);
        asked[i] = (struct certificate_extension){.oid = bytes_of(oids[i], 3), .value = hex(arena, "05 00")};
        snprintf(honour + strlen(honour), sizeof honour - strlen(honour), "%s1.2.3.%d", i > 0 ? ", " : "",
                 i + 1);
    }
    strcat(honour, "]");
    edit("honour: [subjectAltName]", honour);
    request.tmpl.extension_count = BOUND_EXTENSIONS;
    struct certificate cert = granted();
    cr_assert(certificate_has_extension(&cert, bytes_of(oids[BOUND_EXTENSIONS - 1], 3), asked[0].value));
    cr_assert(certificate_has_extension(&cert, hex(arena, "2b 06 01 05 05 07 01 22"),
                                        hex(arena, "30 05 16 03 41 4d 46")));
}
