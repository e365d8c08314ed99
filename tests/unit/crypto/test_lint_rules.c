/* lint_rules.c: each rule of RFC 5280, kept and broken. */
#include <criterion/criterion.h>

#include "crypto/lint.h"
#include "tests/support/hex.h"
#include "tests/unit/crypto/certs.h"

static struct arena *arena;
static struct private_key *key;
static struct certificate_plan plan;

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
    key = private_key_generate(KEY_P256, 0);
    plan = (struct certificate_plan){.serial = bytes_str("\x01"),
                                     .algorithm = signature_for_key(KEY_P256),
                                     .issuer = name_of(arena, "CA"),
                                     .subject = name_of(arena, "gnb-1"),
                                     .issuer_key_id = bytes_str("id"),
                                     .not_before = CERTS_NOW,
                                     .not_after = CERTS_NOW + 1,
                                     .spki = private_key_spki(key),
                                     .key_usage = KEY_USAGE_DIGITAL_SIGNATURE,
                                     .path_len = -1};
}

static void tear_down(void)
{
    private_key_free(key);
    arena_free(arena);
}

TestSuite(lint_rules, .init = set_up, .fini = tear_down);

static struct bytes built(void)
{
    struct bytes tbs;

    cr_assert(certificate_build(&tbs, arena, &plan));
    return tbs;
}

/* |tbs| breaks the rules |names|, "a, b", and no others. */
static void breaks_in(struct bytes tbs, const char *names)
{
    uint64_t broken = certificate_lint(arena, tbs, LINT_ALL);
    char found[512] = "";

    for (size_t i = 0; i < lint_count(); i++)
        if ((broken >> i & 1) != 0)
            snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", *found != 0 ? ", " : "",
                     lint_rule(i)->name);
    cr_expect_str_eq(found, names);
}

static void breaks(const char *names)
{
    breaks_in(built(), names);
}

/* With one extension more. */
static void breaks_with(const char *oid, int critical, const char *value, const char *names)
{
    struct certificate_extension other = {hex(arena, oid), critical, hex(arena, value)};

    plan.others = &other;
    plan.other_count = 1;
    breaks(names);
    plan.others = NULL;
    plan.other_count = 0;
}

/* With the octets |from|, which stand there once, changed to as many others. */
static void breaks_changed(const char *from, const char *to, const char *names)
{
    struct bytes tbs = built(), a = hex(arena, from), b = hex(arena, to);
    uint8_t *at = memmem(tbs.data, tbs.len, a.data, a.len);

    cr_assert_not_null(at, "%s", from);
    cr_assert_eq(a.len, b.len);
    memcpy(at, b.data, b.len);
    breaks_in(tbs, names);
}

Test(lint_rules, what_is_right_breaks_none)
{
    breaks("");
    plan.san = hex(arena, "30 03 82 01 61");
    breaks("");
    plan.subject = name_empty();
    breaks("");
    plan.is_ca = 1;
    plan.subject = name_of(arena, "Sub CA");
    plan.key_usage = KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN;
    plan.path_len = 0;
    breaks("");
}

/* 4.1.2.1, 4.1.2.2, 4.1.2.4, 4.1.2.5, 4.1.2.8 */
Test(lint_rules, fields)
{
    breaks_changed("a0 03 02 01 02", "a0 03 02 01 01", "version");
    plan.serial = bytes_of((const uint8_t *)"\0", 1);
    breaks("serialNumber");
    plan.serial = bytes_str("\x01"
                            "0123456789012345678");
    breaks("");
    plan.serial = bytes_str("\x01"
                            "01234567890123456789");
    breaks("serialNumber");
    plan.serial = bytes_str("\x01");
    breaks_changed("02 01 01 30", "02 01 81 30", "serialNumber");
    plan.issuer = name_empty();
    breaks("issuer");
    plan.issuer = name_of(arena, "CA");
    plan.not_after = plan.not_before;
    breaks("");
    plan.not_after = plan.not_before - 1;
    breaks("validity");
    plan.not_after = 2524608000; /* 2050-01-01 */
    breaks("");
    plan.not_after--;
    breaks("");
}

/* 4.1.2.5: "MUST always encode certificate validity dates through the year 2049 as UTCTime" */
Test(lint_rules, times_of_the_wrong_type)
{
    /* 2027-01-15T08:00:00Z and the second after, with the lengths of all around them */
    breaks_changed("30 1e 17 0d 32 37 30 31 31 35", "30 1e 18 0d 32 37 30 31 31 35", "encoding");
    plan.not_after = 2524608000;
    struct bytes tbs = built();
    uint8_t *at = memmem(tbs.data, tbs.len, "20500101000000Z", 15);
    cr_assert_not_null(at);
    memcpy(at, "20490101000000Z", 15);
    breaks_in(tbs, "times");
}

/* 4.1.2.6, 4.2.1.6 */
Test(lint_rules, names)
{
    char long_name[66] = "";

    memset(long_name, 'a', 65);
    plan.subject = name_of(arena, long_name);
    breaks("subject");
    cr_expect_eq(certificate_lint(arena, built(), LINT_ALL_BUT_NAMES), 0);
    plan.subject = name_of(arena, "gnb-1");
    plan.san = hex(arena, "30 00");
    breaks("subjectAltName");
    plan.san = hex(arena, "30 03 82 01 5f");
    breaks("subjectAltName");
    cr_expect_eq(certificate_lint(arena, built(), LINT_ALL_BUT_NAMES), 0);
    plan.subject = name_empty();
    plan.san = bytes_of(NULL, 0);
    breaks("subjectAltNameAlone");
    breaks_with("55 1d 11", 0, "30 03 82 01 61", "subjectAltNameAlone");
    breaks_with("55 1d 11", 1, "30 03 82 01 61", "");
    plan.key_usage = KEY_USAGE_CRL_SIGN;
    breaks_with("55 1d 11", 1, "30 03 82 01 61", "subjectOfCA");
}

/* 4.2: "A certificate MUST NOT include more than one instance of a particular extension." */
Test(lint_rules, extensions_that_stand_twice)
{
    breaks_with("55 1d 0f", 1, "03 02 07 80", "extensionTwice");
    breaks_with("2a 03 04", 0, "05 00", "");
}

/* 4.2.1.1, 4.2.1.2 */
Test(lint_rules, key_identifiers)
{
    plan.issuer_key_id = bytes_of(NULL, 0);
    breaks("authorityKeyIdentifier");
    breaks_with("55 1d 23", 1, "30 03 80 01 61", "authorityKeyIdentifier");
    breaks_with("55 1d 23", 0, "30 03 80 01 61", "");
    breaks_with("55 1d 23", 0, "30 03 82 01 61", "authorityKeyIdentifier"); /* a serial alone */
    plan.issuer = plan.subject;
    breaks("");
    breaks_changed("55 1d 0e 04", "55 1e 0e 04", "");
    plan.is_ca = 1;
    plan.key_usage = KEY_USAGE_KEY_CERT_SIGN;
    breaks_changed("55 1d 0e 04", "55 1e 0e 04", "subjectKeyIdentifier");
}

/* 4.2.1.3; RFC 8813 section 3, RFC 9295 section 3 */
Test(lint_rules, key_usage)
{
    plan.key_usage = KEY_USAGE_ENCIPHER_ONLY;
    breaks("keyUsage");
    plan.key_usage = KEY_USAGE_ENCIPHER_ONLY | KEY_USAGE_KEY_AGREEMENT;
    breaks("");
    plan.key_usage = KEY_USAGE_KEY_ENCIPHERMENT;
    breaks("keyUsageOfKey");
    private_key_free(key);
    key = private_key_generate(KEY_ED25519, 0);
    plan.spki = private_key_spki(key);
    plan.key_usage = KEY_USAGE_KEY_AGREEMENT;
    breaks("keyUsageOfKey");
    private_key_free(key);
    key = private_key_generate(KEY_RSA, 2048);
    plan.spki = private_key_spki(key);
    breaks("keyUsageOfKey");
    plan.key_usage = KEY_USAGE_KEY_ENCIPHERMENT;
    breaks("");
    plan.key_usage = 0;
    breaks_with("55 1d 0f", 1, "03 01 00", "keyUsage");
}

/* 4.2.1.4 */
Test(lint_rules, policies)
{
    breaks_with("55 1d 20", 0, "30 06 30 04 06 02 2a 03", "");
    breaks_with("55 1d 20", 1, "30 06 30 04 06 02 2a 03", "");
    breaks_with("55 1d 20", 0, "30 0c 30 04 06 02 2a 03 30 04 06 02 2a 03", "certificatePolicies");
    breaks_with("55 1d 20", 0, "30 00", "certificatePolicies");
    breaks_with("55 1d 20", 0, "30 08 30 06 06 02 2a 03 30 00", "certificatePolicies");
}

/* 4.2.1.9 to 4.2.1.14 */
Test(lint_rules, what_is_of_CAs_alone)
{
    breaks_with("55 1d 1e", 1, "30 00", "nameConstraints");
    breaks_with("55 1d 24", 1, "30 00", "policyConstraints");
    breaks_with("55 1d 21", 0, "30 00", "policyConstraints");
    breaks_with("55 1d 36", 1, "02 01 00", "policyConstraints");
    plan.key_usage = KEY_USAGE_KEY_CERT_SIGN;
    breaks("keyCertSign");
    plan.is_ca = 1;
    breaks("");
    breaks_with("55 1d 1e", 1, "30 00", "");
    breaks_with("55 1d 1e", 0, "30 00", "nameConstraints");
    breaks_with("55 1d 24", 0, "30 00", "policyConstraints");
    breaks_with("55 1d 21", 0, "30 00", "");
    plan.key_usage = KEY_USAGE_CRL_SIGN;
    breaks("keyCertSign");
    plan.path_len = 1;
    breaks("basicConstraints, keyCertSign");
    plan.path_len = -1;
    plan.key_usage = KEY_USAGE_KEY_CERT_SIGN;
    plan.criticality = 1 << EXTENSION_BASIC_CONSTRAINTS;
    breaks("basicConstraints");
}

/* 4.2.1.8, 4.2.1.12, 4.2.1.13, 4.2.1.15, 4.2.2.1, 4.2.2.2 */
Test(lint_rules, other_extensions)
{
    breaks_with("55 1d 09", 0, "30 00", "");
    breaks_with("55 1d 09", 1, "30 00", "subjectDirectoryAttributes");
    breaks_with("55 1d 25", 1, "30 04 06 02 2a 03", "");
    breaks_with("55 1d 25", 0, "30 00", "extendedKeyUsage");
    breaks_with("55 1d 1f", 0, "30 00", "cRLDistributionPoints");
    breaks_with("55 1d 1f", 0, "30 06 30 04 81 02 07 80", "cRLDistributionPoints"); /* reasons alone */
    breaks_with("55 1d 1f", 0, "30 09 30 07 a0 05 a0 03 86 01 61", "");
    breaks_with("55 1d 2e", 0, "30 09 30 07 a0 05 a0 03 86 01 61", "");
    breaks_with("55 1d 2e", 1, "30 09 30 07 a0 05 a0 03 86 01 61", "freshestCRL");
    breaks_with("2b 06 01 05 05 07 01 01", 0, "30 00", "authorityInfoAccess");
    breaks_with("2b 06 01 05 05 07 01 01", 1, "30 05 30 03 06 01 2a", "authorityInfoAccess");
    breaks_with("2b 06 01 05 05 07 01 0b", 1, "30 00", "subjectInfoAccess");
    breaks_with("2b 06 01 05 05 07 01 0b", 0, "30 00", "");
}

/* RFC 9608 section 2 and 3, RFC 9310 section 3 */
Test(lint_rules, extensions_of_other_RFCs)
{
    breaks_with("55 1d 38", 0, "05 00", "");
    breaks_with("55 1d 38", 1, "05 00", "noRevAvail");
    plan.urls = hex(arena, "30 12 06 03 55 1d 1f 04 0b 30 09 30 07 a0 05 a0 03 86 01 61");
    breaks_with("55 1d 38", 0, "05 00", "noRevAvail");
    plan.urls = bytes_of(NULL, 0);
    breaks_with("2b 06 01 05 05 07 01 22", 0, "30 08 16 02 41 41 16 02 41 42", "");
    breaks_with("2b 06 01 05 05 07 01 22", 0, "30 07 16 01 41 16 02 41 42", "");
    breaks_with("2b 06 01 05 05 07 01 22", 0, "30 08 16 02 41 42 16 02 41 41", "nfTypes");
    breaks_with("2b 06 01 05 05 07 01 22", 0, "30 06 16 01 41 16 01 41", "nfTypes");
    breaks_with("2b 06 01 05 05 07 01 22", 0, "30 00", "nfTypes");
    breaks_with("2b 06 01 05 05 07 01 22", 0, "30 02 16 00", "nfTypes");
    breaks_with("2b 06 01 05 05 07 01 22", 1, "30 03 16 01 41", "nfTypes");
}
