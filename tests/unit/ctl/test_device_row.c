/* device_row.c: what a row of a device may hold, and what is made of it where there is one already. */
#include <criterion/criterion.h>

#include "server/ctl/device.h"

static const struct config_vendor vendors[] = {{.name = "acme"}, {.name = "other"}};
static const struct config_ca cas[] = {{.name = "issuing"}, {.name = "second"}};
static const struct config_profile profiles[] = {
    {.name = "ipsec", .ca = "issuing"}, {.name = "tls"}, {.name = "oam", .ca = "second"}};
static struct config config;
static struct device_entry entry;

static void set_up(void)
{
    config = (struct config){
        .vendors = (struct config_vendor *)(uintptr_t)vendors,
        .vendor_count = 2,
        .profiles = (struct config_profile *)(uintptr_t)profiles,
        .profile_count = 3,
    };
    entry = (struct device_entry){.given = 0};
}

TestSuite(device_row, .init = set_up, .timeout = 60);

static const char *set_octets(enum device_column column, const char *text, size_t len)
{
    return device_set(&entry, column, bytes_of(text, len), &config, &cas[0]);
}

static const char *set(enum device_column column, const char *text)
{
    return set_octets(column, text, strlen(text));
}

static void refused(enum device_column column, const char *text, const char *fault)
{
    const char *said = set(column, text);

    cr_assert_not_null(said, "'%s' was taken", text);
    cr_expect_str_eq(said, fault);
    cr_expect_eq(entry.given & 1U << column, 0);
}

static void taken(enum device_column column, const char *text, const char *value)
{
    const char *said = set(column, text);

    cr_assert_null(said, "'%s': %s", text, said);
    cr_expect(bytes_equal(device_get(&entry.row, column), bytes_str(value)));
    cr_expect_neq(entry.given & 1U << column, 0);
}

Test(device_row, columns_by_their_names)
{
    for (int i = 0; i < DEVICE_COLUMNS; i++)
        cr_expect_eq(device_column_of(bytes_str(device_column_name((enum device_column)i))), i);
    cr_expect_eq(device_column_of(bytes_str("FQDN")), DEVICE_FQDN);
    cr_expect_eq(device_column_of(bytes_str("vendors")), -1);
    cr_expect_eq(device_column_of(bytes_str("vend")), -1);
    cr_expect_eq(device_column_of(bytes_str("")), -1);
}

Test(device_row, vendors_are_those_of_the_configuration)
{
    taken(DEVICE_VENDOR, " acme ", "acme");
    entry.given = 0;
    refused(DEVICE_VENDOR, "ACME", "is none of those in cmpd.yaml");
    refused(DEVICE_VENDOR, "  ", "is missing");
}

Test(device_row, an_identity_is_text_of_one_line)
{
    char text[BOUND_DEVICE_IDENTITY + 2] = "";

    refused(DEVICE_IDENTITY, "", "is missing");
    refused(DEVICE_IDENTITY, "SN\t1", "holds a control character");
    refused(DEVICE_IDENTITY, "SN\x7f", "holds a control character");
    refused(DEVICE_IDENTITY, "SN\xc2\x85", "holds a control character");
    refused(DEVICE_IDENTITY, "SN\xff", "is not UTF-8");
    refused(DEVICE_IDENTITY, "SN\xc3", "is not UTF-8");
    refused(DEVICE_IDENTITY, "\xed\xa0\x80", "is not UTF-8");
    cr_expect_str_eq(set_octets(DEVICE_IDENTITY, "a\0b", 3), "holds a control character");
    memset(text, 'x', BOUND_DEVICE_IDENTITY + 1);
    refused(DEVICE_IDENTITY, text, "is too long");
    text[BOUND_DEVICE_IDENTITY] = 0;
    taken(DEVICE_IDENTITY, text, text);
    taken(DEVICE_IDENTITY, " S N \xc3\xbc ", "S N \xc3\xbc");
}

Test(device_row, other_texts_have_bounds_too)
{
    char text[BOUND_DEVICE_TEXT + 2] = "";

    memset(text, 'x', BOUND_DEVICE_TEXT + 1);
    refused(DEVICE_SITE, text, "is too long");
    refused(DEVICE_NOTES, text, "is too long");
    refused(DEVICE_PROFILES, text, "is too long");
    refused(DEVICE_FQDN, text, "is no name of a host");
    text[BOUND_DEVICE_TEXT] = 0;
    taken(DEVICE_SITE, text, text);
    taken(DEVICE_NOTES, "", "");
    entry.given = 0;
    refused(DEVICE_NOTES, "a\nb", "holds a control character");
}

/* RFC 1034 3.5 */
Test(device_row, an_fqdn_is_a_host)
{
    taken(DEVICE_FQDN, "gnb-1.site7.example.org", "gnb-1.site7.example.org");
    taken(DEVICE_FQDN, "", "");
    entry.given = 0;
    refused(DEVICE_FQDN, "gnb_1.example.org", "is no name of a host");
    refused(DEVICE_FQDN, "*.example.org", "is no name of a host");
    refused(DEVICE_FQDN, "-x.example.org", "is no name of a host");
}

Test(device_row, profiles_are_of_the_same_ca)
{
    taken(DEVICE_PROFILES, "ipsec tls", "ipsec tls");
    taken(DEVICE_PROFILES, " tls ", "tls");
    taken(DEVICE_PROFILES, "", "");
    entry.given = 0;
    refused(DEVICE_PROFILES, "ipsec oam", "names a profile that cmpd.yaml does not have for this CA");
    refused(DEVICE_PROFILES, "ipse", "names a profile that cmpd.yaml does not have for this CA");
    refused(DEVICE_PROFILES, "ipsec,tls", "names a profile that cmpd.yaml does not have for this CA");
    refused(DEVICE_PROFILES, "ipsec  tls", "has more than one blank between two names");
}

Test(device_row, a_hash_in_hexadecimal)
{
    static const char wrong[] = "is no SHA-256 in hexadecimal, which is 64 digits";
    char text[2 * STORE_HASH + 1] = "";

    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = "0123456789abcdefABCDEF"[i % 22];
    cr_assert_null(set(DEVICE_EXPECTED, text));
    cr_assert_eq(entry.row.expected.len, STORE_HASH);
    cr_expect_eq(memcmp(entry.row.expected.data, "\x01\x23\x45\x67\x89\xab\xcd\xef\xab\xcd\xef\x01", 12), 0);
    entry.given = 0;
    text[7] = 'g';
    refused(DEVICE_EXPECTED, text, wrong);
    text[7] = 'A';
    text[63] = 0;
    refused(DEVICE_EXPECTED, text, wrong);
    refused(DEVICE_EXPECTED, "0x", wrong);
    taken(DEVICE_EXPECTED, "", "");
}

Test(device_row, a_new_row)
{
    taken(DEVICE_VENDOR, "acme", "acme");
    taken(DEVICE_IDENTITY, "SN-1", "SN-1");
    cr_expect_eq(device_merge(&entry, NULL, 7), DEVICE_NEW);
    cr_expect_eq(entry.row.state, STORE_DEVICE_KNOWN);
    cr_expect_eq(entry.row.added_at, 7);
    cr_expect_eq(entry.row.changed_at, 7);
}

static const struct store_device there = {.state = STORE_DEVICE_BLOCKED, .added_at = 3, .changed_at = 4};

static struct store_device known(void)
{
    struct store_device row = there;

    row.vendor = bytes_str("acme");
    row.identity = bytes_str("SN-1");
    row.site = bytes_str("7");
    row.notes = bytes_str("old");
    return row;
}

/* Who is blocked stays so, whatever a list says. */
Test(device_row, what_is_not_given_stays)
{
    struct store_device row = known();

    taken(DEVICE_VENDOR, "acme", "acme");
    taken(DEVICE_IDENTITY, "sn-1", "sn-1");
    taken(DEVICE_NOTES, "", "");
    cr_expect_eq(device_merge(&entry, &row, 9), DEVICE_CHANGED);
    cr_expect_eq(entry.row.state, STORE_DEVICE_BLOCKED);
    cr_expect_eq(entry.row.added_at, 3);
    cr_expect_eq(entry.row.changed_at, 9);
    cr_expect(bytes_equal(entry.row.site, bytes_str("7")));
    cr_expect_eq(entry.row.notes.len, 0);
    cr_expect(bytes_equal(entry.row.identity, bytes_str("sn-1")));
}

Test(device_row, the_same_is_no_change)
{
    struct store_device row = known();

    taken(DEVICE_VENDOR, "acme", "acme");
    taken(DEVICE_IDENTITY, "SN-1", "SN-1");
    taken(DEVICE_SITE, "7", "7");
    cr_expect_eq(device_merge(&entry, &row, 9), DEVICE_UNCHANGED);
}

/* By vendor and identity, capitals not counted, at each CA another. */
Test(device_row, by_what_the_store_knows_it)
{
    static const uint8_t issuers[2][STORE_ISSUER_ID] = {{1}, {2}};
    uint8_t id[STORE_HASH];

    taken(DEVICE_VENDOR, "acme", "acme");
    taken(DEVICE_IDENTITY, "SN-1", "SN-1");
    device_identify(&entry, issuers[0]);
    cr_assert_eq(entry.row.device.len, STORE_HASH);
    memcpy(id, entry.id, sizeof id);
    taken(DEVICE_IDENTITY, "sn-1", "sn-1");
    device_identify(&entry, issuers[0]);
    cr_expect_eq(memcmp(id, entry.id, sizeof id), 0);
    device_identify(&entry, issuers[1]);
    cr_expect_neq(memcmp(id, entry.id, sizeof id), 0);
}
