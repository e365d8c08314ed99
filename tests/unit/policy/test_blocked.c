/* blocked.c: what vendors' settings block, read and put in order. */
#include "tests/unit/policy/faults.h"

TestSuite(blocked, .init = set_up, .fini = tear_down);

static const char from[] = "\nprofiles:\n";
#define SECOND(settings) "\n  - name: second\n    anchors: [ca/root.pem]\n" settings "\nprofiles:\n"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES "FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF"

static const struct cmp_blocked *item(size_t i)
{
    cr_assert_lt(i, policy_settings(demo.policy)->blocked_count);
    return &policy_settings(demo.policy)->blocked[i];
}

Test(blocked, nothing_by_default)
{
    cr_expect_eq(policy_settings(demo.policy)->blocked_count, 0);
}

/* Of vendors that no profile names, too; in the order of their hashes. */
Test(blocked, files_and_fingerprints_of_all_vendors)
{
    uint8_t root[DIGEST_MAX], zeros[CMP_FINGERPRINT] = {0}, ones[CMP_FINGERPRINT];

    memset(ones, 0xff, sizeof ones);
    edit(from,
         SECOND("    blocked: [ca/root.pem]\n    blocked_fingerprints: [\"" ONES "\", \"" ZEROS "\"]\n"));
    digest_compute(root, DIGEST_SHA256, policy_authority(demo.policy, NULL)->root);
    cr_assert_eq(policy_settings(demo.policy)->blocked_count, 3);
    cr_expect_eq(memcmp(item(0)->hash, zeros, sizeof zeros), 0);
    cr_expect_str_eq(item(0)->setting, "vendors[1].blocked_fingerprints[1]");
    cr_expect_eq(memcmp(item(1)->hash, root, CMP_FINGERPRINT), 0);
    cr_expect_str_eq(item(1)->setting, "vendors[1].blocked[0]");
    cr_expect_eq(memcmp(item(2)->hash, ones, sizeof ones), 0);
    cr_expect_str_eq(item(2)->setting, "vendors[1].blocked_fingerprints[0]");
}

Test(blocked, a_fault_is_told_in_its_line)
{
    static const char *const wrong[] = {
        "abc",       ZEROS "0",
        ZEROS "00",  ":" ZEROS,
        ZEROS ":",   "0:00" ZEROS,
        "g" ZEROS,   "000000000000000000000000000000000000000000000000000000000000000g",
        "00::" ZEROS};
    char text[512];

    refuse_at(from, SECOND("    blocked:\n      - nowhere.pem\n"), "- nowhere", "cannot read");
    refuse_at(from, SECOND("    blocked:\n      - ca/root.key\n"), "- ca/root.key", "holds no certificate");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(text, sizeof text, SECOND("    blocked_fingerprints:\n      - \"%s\"\n"), wrong[i]);
        refuse_at(from, text, "- \"", "is no SHA-256 of a certificate");
    }
}

/* Nodes that block other certificates are not alike. */
Test(blocked, a_file_counts_for_the_hash_of_the_configuration)
{
    char before[POLICY_HASH_TEXT];
    size_t len;
    char *root = take_file("ca/root.pem", &len, 0);

    put_file("lost.pem", root, len, 0644);
    free(root);
    edit(from, SECOND("    blocked: [lost.pem]\n"));
    snprintf(before, sizeof before, "%s", policy_hash(demo.policy));
    root = take_file("ca/issuing.pem", &len, 0);
    put_file("lost.pem", root, len, 0644);
    free(root);
    edit("name: second", "name: second"); /* loaded again */
    cr_expect_str_neq(before, policy_hash(demo.policy));
}

Test(blocked, more_than_there_is_room_for)
{
    size_t len, count = BOUND_BLOCKED_CERTIFICATES;
    char *root = take_file("ca/root.pem", &len, 0), *many = malloc(len * count);

    for (size_t i = 0; i < count; i++)
        memcpy(many + i * len, root, len);
    put_file("many.pem", many, len * count, 0644);
    edit(from, SECOND("    blocked: [many.pem]\n"));
    cr_expect_eq(policy_settings(demo.policy)->blocked_count, count);
    edit("    blocked: [many.pem]\n", "");
    refuse_at("    anchors: [ca/root.pem]\n",
              "    anchors: [ca/root.pem]\n    blocked: [many.pem]\n    blocked_fingerprints: [\"" ZEROS
              "\"]\n",
              "\"000", "more than 1024 certificates");
    free(many);
    free(root);
}
