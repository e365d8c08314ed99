/* tolerance.c, config_tolerances.c: names and last days, as cmpd.yaml writes them. */
#include <criterion/criterion.h>
#include <string.h>

#include "server/base/config.h"
#include "server/base/config_internal.h"

enum { JUNE_30_2027 = 1814313600 }; /* date -ud 2027-06-30 +%s */

static const char *read_into(struct tolerances *set, const char *entry)
{
    enum tolerance tolerance;

    return tolerance_read(set, &tolerance, entry);
}

Test(tolerance, a_name_alone_has_no_end)
{
    struct tolerances set = {.until = {0}};
    enum tolerance tolerance;

    cr_assert_null(tolerance_read(&set, &tolerance, "clock-off"));
    cr_assert_eq(tolerance, TOLERANCE_CLOCK_OFF);
    cr_assert_not(tolerance_holds(&set, TOLERANCE_NAME_ORDER, 0));
    cr_assert(tolerance_holds(&set, TOLERANCE_CLOCK_OFF, INT64_C(1) << 40));
}

Test(tolerance, it_is_off_from_its_day_on)
{
    struct tolerances set = {.until = {0}};

    cr_assert_null(read_into(&set, "nonce-length until 2027-06-30"));
    cr_assert(tolerance_holds(&set, TOLERANCE_NONCE_LENGTH, JUNE_30_2027 - 1));
    cr_assert_not(tolerance_holds(&set, TOLERANCE_NONCE_LENGTH, JUNE_30_2027));
}

Test(tolerance, what_is_no_entry_is_told)
{
    static const char *const wrong[] = {
        "",
        "clock",
        "clock-off ",
        "Clock-off",
        "clock-off until",
        "clock-off until ",
        "clock-off until 2027-02-29",
        "clock-off until 2027-6-30",
        "clock-off until 2027-06-30 ",
        "clock-off until 30.06.2027",
        "clock-off until 2027-13-01",
        "clock-off until 1970-01-01",
        "clock-off  until 2027-06-30",
        "clock-off until 2027-06-30 until 2027-06-30",
    };
    struct tolerances set = {.until = {0}};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not_null(read_into(&set, wrong[i]), "%s", wrong[i]);
    cr_expect_null(read_into(&set, "clock-off until 2028-02-29"));
    cr_expect_not_null(read_into(&set, "clock-off"), "twice");
}

Test(tolerance, all_names_have_room_and_a_sentence_each)
{
    char out[TOLERANCE_NAMES_MAX];

    cr_assert_null(tolerance_names(out, 0));
    cr_assert_str_eq(tolerance_names(out, 1U << TOLERANCE_NONCE_LENGTH | 1U << TOLERANCE_CLOCK_OFF),
                     "nonce-length,clock-off");
    cr_assert_not_null(tolerance_names(out, ~0U));
    cr_assert(strlen(out) < TOLERANCE_NAMES_MAX - 1);
    for (int i = 0; i < TOLERANCE_COUNT; i++)
        cr_expect(strlen(tolerance_says((enum tolerance)i)) > 0);
}

/* ---- in the file ---- */

static const char file[] =
    "listeners: [{address: ':8829'}]\n"
    "cas: [{name: a, certificate: a.pem, key: a.key, cmp_certificate: c.pem, cmp_key: c.key}]\n";

static struct config *load(struct config_fault *fault, const char *rest)
{
    char text[1024];

    snprintf(text, sizeof text, "%s%s", file, rest);
    return config_load_text(fault, "/etc/cmpd/cmpd.yaml", text, strlen(text));
}

Test(tolerance, profiles_and_vendors_have_their_own)
{
    struct config_fault fault;
    struct config *c =
        load(&fault, "vendors: [{name: v, anchors: [x.pem], tolerate: [name-order]}]\n"
                     "profiles: [{name: p, tolerate: [clock-off until 2027-06-30, sha1-owf]}]\n");

    cr_assert_not_null(c, "%s", fault.text);
    cr_expect_eq(c->vendors[0].tolerances.until[TOLERANCE_NAME_ORDER], TOLERANCE_NO_END);
    cr_expect_eq(c->vendors[0].tolerances.until[TOLERANCE_CLOCK_OFF], 0);
    cr_expect_eq(c->profiles[0].tolerances.until[TOLERANCE_CLOCK_OFF], JUNE_30_2027);
    cr_expect_eq(c->profiles[0].tolerances.until[TOLERANCE_SHA1_OWF], TOLERANCE_NO_END);
    cr_expect_eq(c->profiles[0].tolerances.until[TOLERANCE_NAME_ORDER], 0);
    cr_expect_eq(c->profiles[0].of_vendors.until[TOLERANCE_NAME_ORDER], 0);
    config_free(c);
}

Test(tolerance, a_profile_knows_the_last_end_of_its_vendors)
{
    struct config_fault fault;
    struct config *c =
        load(&fault, "vendors:\n- {name: u, anchors: [x.pem], tolerate: [clock-off until 2026-01-01]}\n"
                     "- {name: v, anchors: [x.pem], tolerate: [clock-off until 2027-06-30]}\n"
                     "- {name: w, anchors: [x.pem], tolerate: [name-order]}\n"
                     "- {name: x, anchors: [x.pem], tolerate: [nonce-length]}\n"
                     "profiles: [{name: p, accept: {vendors: [v, u], ras: [w]}}]\n");

    cr_assert_not_null(c, "%s", fault.text);
    cr_expect_eq(c->profiles[0].of_vendors.until[TOLERANCE_CLOCK_OFF], JUNE_30_2027);
    cr_expect_eq(c->profiles[0].of_vendors.until[TOLERANCE_NAME_ORDER], TOLERANCE_NO_END);
    cr_expect_eq(c->profiles[0].of_vendors.until[TOLERANCE_NONCE_LENGTH], 0);
    cr_expect_eq(c->profiles[0].tolerances.until[TOLERANCE_CLOCK_OFF], 0);
    config_free(c);
}

Test(tolerance, a_fault_has_its_line_and_all_names)
{
    struct config_fault fault;

    cr_assert_null(load(&fault, "profiles:\n- name: p\n  tolerate: [clock]\n"));
    cr_expect_not_null(strstr(fault.text, "cmpd.yaml:5: "), "%s", fault.text);
    cr_expect_not_null(strstr(fault.text, "\"clock\""), "%s", fault.text);
    cr_expect_not_null(strstr(fault.text, "name-order"), "%s", fault.text);
    cr_assert_null(load(&fault, "vendors:\n- name: v\n  anchors: [x.pem]\n  tolerate: [clock-off until May]\n"
                                "profiles: [{name: p}]\n"));
    cr_expect_not_null(strstr(fault.text, "cmpd.yaml:6: "), "%s", fault.text);
    cr_expect_not_null(strstr(fault.text, "the day"), "%s", fault.text);
}

/* A recorded message must not find its transaction gone, also after the tolerance has ended. */
Test(tolerance, clock_off_and_retention_exclude_each_other)
{
    static const char *const wrong[] = {
        "profiles:\n- {name: p, tolerate: [clock-off until 2001-01-01], retain: {transactions_days: 99}}\n",
        "vendors: [{name: v, anchors: [x.pem], tolerate: [clock-off]}]\n"
        "profiles:\n- {name: p, accept: {vendors: [v]}, retain: {transactions_days: 99}}\n",
        "vendors: [{name: v, anchors: [x.pem], tolerate: [clock-off]}]\n"
        "profiles:\n- {name: p, accept: {ras: [v]}, retain: {certificates_days: 99}}\n",
    };
    struct config_fault fault;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_expect_null(load(&fault, wrong[i]));
        cr_expect_not_null(strstr(fault.text, "clock-off"), "%s", fault.text);
    }
    struct config *c = load(&fault, "vendors: [{name: v, anchors: [x.pem], tolerate: [clock-off]}]\n"
                                    "profiles:\n- {name: p, retain: {transactions_days: 99}}\n");
    cr_expect_not_null(c, "%s", fault.text);
    config_free(c);
}
