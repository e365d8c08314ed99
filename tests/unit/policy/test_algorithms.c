/* algorithms.c, tolerance_warnings.c: what accept.signatures, macs, min_strength and deprecated say, and
 * answer.signature. */
#include "crypto/algorithm_names.h"
#include "server/policy/internal.h"
#include "tests/unit/policy/faults.h"

TestSuite(algorithms, .init = set_up, .fini = tear_down);

enum { DAY = 24 * 3600, JUNE_30_2027 = 1814313600 }; /* date -ud 2027-06-30 +%s */

static const struct cmp_profile *profile(void)
{
    return &demo.policy->profiles[0].cmp;
}

static uint64_t bits(const char *const *names)
{
    uint64_t all = 0;

    for (; *names != NULL; names++) {
        size_t number = algorithm_numbered(*names, strlen(*names));
        cr_assert_lt(number, ALGORITHM_NAMES_MAX, "%s", *names);
        all |= UINT64_C(1) << number;
    }
    return all;
}

/* RFC 9481: nothing weaker by default; no SHA-1 has a name. */
Test(algorithms, by_default_all_but_what_is_by_choice)
{
    uint64_t by_choice =
        bits((const char *const[]){"HMAC", "aes128-GMAC", "aes192-GMAC", "aes256-GMAC", NULL});

    edit("", "");
    cr_expect_eq(profile()->algorithms.accepted,
                 (algorithms_for(ALGORITHM_SIGNS) | algorithms_for(ALGORITHM_MACS)) & ~by_choice);
    cr_expect_eq(profile()->config->accept.min_strength, 112);
    cr_expect_eq(profile()->algorithms.deprecated, 0);
    cr_expect_null(profile()->answer_algorithm);
    cr_expect_eq(algorithm_numbered("hmacWithSHA1", 12), ALGORITHM_NAMES_MAX);
    cr_expect_eq(algorithm_numbered("sha1WithRSAEncryption", 21), ALGORITHM_NAMES_MAX);
}

Test(algorithms, lists_say_what_is_accepted)
{
    edit("      signatures: []", "      signatures: [ecdsa-with-SHA384, Ed25519]");
    edit("      macs: []", "      macs: [PBMAC1, hmacWithSHA512, aes256-GMAC]");
    cr_expect_eq(profile()->algorithms.accepted,
                 bits((const char *const[]){"ecdsa-with-SHA384", "Ed25519", "PBMAC1", "hmacWithSHA512",
                                            "aes256-GMAC", NULL}));
}

Test(algorithms, what_is_deprecated_has_a_day_or_none)
{
    edit("      deprecated: []", "      deprecated: [PasswordBasedMac, Ed25519 until 2027-06-30]");
    cr_expect_eq(profile()->algorithms.deprecated,
                 bits((const char *const[]){"PasswordBasedMac", "Ed25519", NULL}));
    cr_expect_eq(profile()->algorithms.until[algorithm_numbered("Ed25519", 7)], JUNE_30_2027);
    cr_expect_eq(profile()->algorithms.until[algorithm_numbered("PasswordBasedMac", 16)], 0);
}

static size_t warnings;
static char last_key[64], last_text[512];

static void keep(void *arg, const char *key, const char *text)
{
    (void)arg;
    snprintf(last_key, sizeof last_key, "%s", key);
    snprintf(last_text, sizeof last_text, "%s", text);
    warnings++;
}

static size_t warned_at(int64_t now)
{
    warnings = 0;
    policy_warn_of_tolerances(demo.policy, now, keep, NULL);
    return warnings;
}

/* What has ended goes on being refused: that is what the entry is for. */
Test(algorithms, the_end_is_told_a_month_ahead)
{
    int64_t ahead = (int64_t)BOUND_TOLERANCE_WARNING_DAYS * DAY;

    edit("      deprecated: []", "      deprecated: [PasswordBasedMac, Ed25519 until 2027-06-30]");
    cr_expect_eq(warned_at(JUNE_30_2027 - ahead - 1), 0);
    cr_expect_eq(warned_at(JUNE_30_2027 - ahead), 1);
    cr_expect_str_eq(last_key, "profiles[0].accept.deprecated");
    cr_expect_not_null(strstr(last_text, "Ed25519 is refused from 2027-06-30 on"), "%s", last_text);
    cr_expect_eq(warned_at(JUNE_30_2027), 0);
}

Test(algorithms, answers_are_signed_with_what_fits_the_key)
{
    edit("      # signature: RSASSA-PSS-SHA256 #", "      signature: ecdsa-with-sha3-256 #");
    cr_expect_str_eq(profile()->answer_algorithm->name, "ecdsa-with-sha3-256");
}

Test(algorithms, what_cannot_be_is_told_with_its_line_and_the_remedy)
{
    refuse_at("      signatures: []", "      signatures: [Ed25519, Ed448]", "signatures",
              "'Ed448' is no signature algorithm that this server has; write one of: ecdsa-with-SHA256, ");
    refuse_at("      signatures: []", "      signatures: [sha1WithRSAEncryption]", "signatures",
              "'sha1WithRSAEncryption' is no signature algorithm");
    refuse_at("      signatures: []", "      signatures: [hmacWithSHA256]", "signatures",
              "'hmacWithSHA256' is no signature algorithm");
    refuse_at("      macs: []", "      macs: [PBMAC1, hmacWithSHA1]", "macs",
              "'hmacWithSHA1' is no part of a MAC that this server has; write one of: PasswordBasedMac, ");
    refuse_at("      macs: []", "      macs: [PBMAC1]", "macs", "name a scheme, as PBMAC1, and an HMAC");
    refuse_at("      macs: []", "      macs: [hmacWithSHA256]", "macs", "name a scheme, as PBMAC1");
    /* RFC 8018 5.2: PBKDF2 of PBMAC1 wants an HMAC; PasswordBasedMac does not. */
    refuse_at("      macs: []", "      macs: [PBMAC1, aes256-GMAC]", "macs", "and an HMAC");
    refuse_at("      deprecated: []", "      deprecated: [Ed448]", "deprecated",
              "there is no such algorithm");
    refuse_at("      deprecated: []", "      deprecated: [Ed25519 until 2027-02-30]", "deprecated",
              "the day has to be one of the calendar");
    refuse_at("      deprecated: []", "      deprecated: [Ed25519, Ed25519 until 2027-06-30]", "deprecated",
              "it stands there twice; keep one");
    refuse_at("      deprecated: []", "      deprecated: [aes128-GMAC]", "deprecated",
              "this profile does not accept it in any case");
    refuse_at("      # signature: RSASSA-PSS-SHA256 #", "      signature: Ed25519 #", "signature",
              "'Ed25519' is no algorithm that the key of who signs answers can sign with; write one of: "
              "ecdsa-with-SHA256");
    refuse_at("      # signature: RSASSA-PSS-SHA256 #", "      signature: ecdsa-with-SHA1 #", "signature",
              "'ecdsa-with-SHA1' is no algorithm");
}
