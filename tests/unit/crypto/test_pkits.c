/* path.c and revocation.c against NIST's Public Key Interoperability Test Suite (tests/data/pkits): every row
 * goes through the path code of the server, and its verdict is the suite's, but for what |exceptions| has. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/revocation.h"
#include "tests/support/hex.h"

enum { CERTS_MAX = 8, CRLS_MAX = 8, POLICIES_MAX = 4, LINE_LEN = 1024, FILE_LEN = 128, ROWS = 249 };

/* 2026-01-01: what is meant to be valid is so from 2010 to 2030. */
enum { NOW = 1767225600 };

#define DSA "it has a signature by DSA, which this server does not verify"
/* Whatever is not as the suite has it, and why. */
static const struct {
    const char *test, *why;
} exceptions[] = {
    {"4.1.4", DSA},
    {"4.1.5", DSA},
};

enum { EXCEPTIONS = sizeof exceptions / sizeof exceptions[0] };

struct row {
    const char *test;
    int valid;
    struct certificate certs[CERTS_MAX]; /* the anchor first, the target last */
    size_t cert_count;
    int is_broken; /* 1: the target cannot be read; an issuer that cannot is not supplied */
    struct bytes crls[CRLS_MAX];
    size_t crl_count;
    struct bytes policies[POLICIES_MAX];
    struct policy_settings settings;
};

static struct arena *arena;

/* Returns 0 if |name| is a certificate that cannot be read: of two, the signature has been damaged so. */
static int read_certificate(struct certificate *out, const char *name)
{
    char file[FILE_LEN];

    must(snprintf(file, sizeof file, "%s.crt", name) < FILE_LEN);
    return certificate_parse(out, file_in_tests(arena, CMPD_TEST_DATA "/pkits/certs", file));
}

/* "NIST-test-policy-6": 2.16.840.1.101.3.2.1.48.6 */
static struct bytes policy_named(const char *name)
{
    static const char prefix[] = "NIST-test-policy-";
    char dotted[64];
    uint8_t oid[32];
    size_t len = sizeof oid;

    must(strncmp(name, prefix, sizeof prefix - 1) == 0);
    snprintf(dotted, sizeof dotted, "2.16.840.1.101.3.2.1.48.%s", name + sizeof prefix - 1);
    must(der_oid_parse(oid, &len, dotted));
    return arena_copy(arena, bytes_of(oid, len));
}

/* RFC 5280 6.1.1. SetUserConstrainedPolicySet is an output, which the path code does not tell. */
static void read_settings(struct row *row, char *text)
{
    static const char initial[] = "SetInitialPolicySet=";
    struct policy_settings *settings = &row->settings;

    for (char *left, *word = strtok_r(text, " ", &left); word != NULL; word = strtok_r(NULL, " ", &left)) {
        if (strcmp(word, "SetInitialExplicitPolicy=true") == 0)
            settings->require_explicit = 1;
        else if (strcmp(word, "SetInitialPolicyMappingInhibit=true") == 0)
            settings->inhibit_mapping = 1;
        else if (strcmp(word, "SetInitialInhibitAnyPolicy=true") == 0)
            settings->inhibit_any = 1;
        else if (strncmp(word, initial, sizeof initial - 1) == 0)
            for (char *rest, *name = strtok_r(word + sizeof initial - 1, ",", &rest); name != NULL;
                 name = strtok_r(NULL, ",", &rest))
                row->policies[settings->initial_count++] = policy_named(name);
        else
            must(strncmp(word, "SetUserConstrainedPolicySet=", 28) == 0);
    }
    settings->initial = row->policies;
}

static void read_crl(struct row *row, const char *name)
{
    char file[FILE_LEN];

    must(row->crl_count < CRLS_MAX && snprintf(file, sizeof file, "%s.crl", name) < FILE_LEN);
    row->crls[row->crl_count++] = file_in_tests(arena, CMPD_TEST_DATA "/pkits/crls", file);
}

/* Test, verdict, certificates, CRLs, settings, with a tab between them; 0 for a line that is no test. */
static int read_row(struct row *row, char *line)
{
    char *fields[5], *left;

    if (line[0] == '#' || strncmp(line, "test\t", 5) == 0)
        return 0;
    *row = (struct row){.valid = 0};
    line[strcspn(line, "\n")] = 0;
    for (size_t i = 0; i < 5; i++)
        must((fields[i] = strsep(&line, "\t")) != NULL);
    row->test = fields[0];
    row->valid = strcmp(fields[1], "1") == 0;
    must(row->valid || strcmp(fields[1], "0") == 0);
    for (char *name = strtok_r(fields[2], " ", &left); name != NULL; name = strtok_r(NULL, " ", &left)) {
        must(row->cert_count < CERTS_MAX);
        row->is_broken = !read_certificate(&row->certs[row->cert_count], name);
        row->cert_count += !row->is_broken;
    }
    must(row->cert_count >= 1);
    for (char *name = strtok_r(fields[3], " ", &left); name != NULL; name = strtok_r(NULL, " ", &left))
        read_crl(row, name);
    read_settings(row, fields[4]);
    return 1;
}

static int signatures_are_valid(struct path *path)
{
    struct verification *links[BOUND_CHAIN];
    int valid = 1;

    for (size_t i = 0; i < path->count; i++)
        links[i] = &path->links[i];
    verify_batch(links, path->count);
    for (size_t i = 0; i < path->count; i++)
        valid &= path->links[i].valid;
    return valid;
}

/* Over the |attempt|th path, as server/cmp/signer.c does it. */
static enum path_fault judge_path(struct row *row, const struct trust *trust, unsigned attempt,
                                  const char **why)
{
    struct path path;
    enum path_fault fault = path_build(&path, trust, &row->certs[row->cert_count - 1], row->certs + 1,
                                       row->cert_count - 2, NOW, attempt);

    if (fault == PATH_OK && !signatures_are_valid(&path)) {
        *why = "a signature is wrong";
        fault = PATH_NO_ISSUER;
    } else if (fault != PATH_OK || (fault = path_check(&path, trust, &row->settings, arena)) != PATH_OK ||
               (fault = revocation_check(&path, trust, NOW, arena)) != PATH_OK) {
        *why = path_refusal_text(arena, &path.refusal);
    }
    path_cleanup(&path);
    return fault;
}

/* Adds |cert| if it was issued by one of |trust|, as server/policy/vendors.c does it. */
static void add_issued(struct trust *trust, struct certificate *cert)
{
    struct path path;

    if (!trust_holds(trust, cert->der) && path_build(&path, trust, cert, NULL, 0, NOW, 0) == PATH_OK) {
        if (signatures_are_valid(&path))
            trust_add_issued(trust, cert->der, path.end);
        path_cleanup(&path);
    }
}

/* The CRLs of |row|, but for those that are of no use by themselves. */
static struct crl_set *read_set(struct row *row)
{
    struct crl_set *set = crl_set_new(0);

    must(set != NULL && trust_add(&set->trust, row->certs[0].der, 1));
    for (size_t round = 0; round < row->cert_count; round++) /* they are in no order */
        for (size_t i = 1; i + 1 < row->cert_count; i++)
            add_issued(&set->trust, &row->certs[i]);
    for (size_t i = 0; i < row->crl_count; i++) {
        uint8_t *octets = malloc(row->crls[i].len);
        must(octets != NULL);
        memcpy(octets, row->crls[i].data, row->crls[i].len);
        const char *why = crl_set_add(set, row->test, bytes_of(octets, row->crls[i].len));
        if (why != NULL)
            cr_log_info("%-8s CRL %zu: %s", row->test, i + 1, why);
    }
    return set;
}

/* Another path is tried where one is not good; what is told is of the first. */
static enum path_fault judge(struct row *row, const char **why)
{
    struct trust trust = {NULL, 0, NULL};
    struct crl_set *set;
    enum path_fault fault, next;
    const char *ignored;

    *why = "a certificate cannot be read";
    if (row->is_broken)
        return PATH_NO_ISSUER;
    set = read_set(row);
    must(trust_add(&trust, row->certs[0].der, 1));
    trust.items[0].crls = set;
    fault = next = judge_path(row, &trust, 0, why);
    for (unsigned attempt = 1; attempt < BOUND_PATH_ATTEMPTS && next != PATH_OK; attempt++)
        next = judge_path(row, &trust, attempt, &ignored);
    trust_cleanup(&trust);
    crl_set_free(set);
    return next == PATH_OK ? PATH_OK : fault;
}

static const char *exception(const char *test)
{
    for (size_t i = 0; i < EXCEPTIONS; i++)
        if (strcmp(exceptions[i].test, test) == 0)
            return exceptions[i].why;
    return NULL;
}

/* Rows of which the suite says that a certificate is on a CRL, or that there is none to be had that speaks of
 * it. */
static const char *const revoked[] = {"4.4.2",   "4.4.3",   "4.4.15",  "4.4.18",  "4.4.20",  "4.5.2",
                                      "4.5.5",   "4.5.7",   "4.14.2",  "4.14.6",  "4.14.15", "4.14.16",
                                      "4.14.20", "4.14.21", "4.14.23", "4.14.31", "4.14.32", "4.14.34",
                                      "4.15.3",  "4.15.4",  "4.15.6",  "4.15.9",  NULL};
static const char *const unknown[] = {
    "4.4.1",   "4.4.4",   "4.4.5",   "4.4.6",   "4.4.8",  "4.4.9",   "4.4.10",  "4.4.11",  "4.4.12",
    "4.4.21",  "4.7.4",   "4.7.5",   "4.14.3",  "4.14.8", "4.14.9",  "4.14.11", "4.14.12", "4.14.14",
    "4.14.17", "4.14.26", "4.14.27", "4.14.35", "4.15.1", "4.15.10", NULL};

static int is_in(const char *const *tests, const char *test)
{
    while (*tests != NULL && strcmp(*tests, test) != 0)
        tests++;
    return *tests != NULL;
}

/* What a section of the suite is about is what its rows are refused for. */
static enum path_fault fault_of(const char *test)
{
    static const struct {
        const char *section;
        enum path_fault fault;
    } sections[] = {
        {"4.1.4", PATH_ALGORITHM}, {"4.1.5", PATH_ALGORITHM}, {"4.1.", PATH_NO_ISSUER},
        {"4.2.", PATH_EXPIRED},    {"4.3.", PATH_NO_ISSUER},  {"4.5.", PATH_NOT_CA},
        {"4.6.", PATH_NOT_CA},     {"4.7.", PATH_NOT_CA},     {"4.8.", PATH_POLICIES},
        {"4.9.", PATH_POLICIES},   {"4.10.", PATH_POLICIES},  {"4.11.", PATH_POLICIES},
        {"4.12.", PATH_POLICIES},  {"4.13.", PATH_NAMES},     {"4.16.", PATH_CRITICAL},
    };

    if (is_in(revoked, test) || is_in(unknown, test))
        return is_in(revoked, test) ? PATH_REVOKED : PATH_UNKNOWN;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (strncmp(test, sections[i].section, strlen(sections[i].section)) == 0)
            return sections[i].fault;
    return PATH_OK;
}

static void expect_row(struct row *row)
{
    const char *why, *excuse = exception(row->test);
    enum path_fault fault = judge(row, &why);

    if (fault == PATH_OK)
        why = "valid";
    cr_log_info("%-8s %-7s %s%s%s", row->test, row->valid ? "valid" : "invalid", why,
                excuse != NULL ? "; " : "", excuse != NULL ? excuse : "");
    cr_expect((fault == PATH_OK) == row->valid || excuse != NULL, "%s: %s", row->test, why);
    cr_expect((fault == PATH_OK) != row->valid || excuse == NULL, "%s is no exception: %s", row->test, why);
    cr_expect(fault == PATH_OK || fault == fault_of(row->test), "%s is refused for something else: %s",
              row->test, why);
}

/* RFC 9483 3.5: "Note: The requirements for checking certificates given in [RFC5280] MUST be followed for
 * signature-based CMP message protection."
 * RFC 5280 6.1. --verbose prints the table of all rows. */
Test(pkits, every_row_has_the_verdict_of_the_suite)
{
    FILE *tests = fopen(CMPD_TEST_DATA "/pkits/tests.tsv", "r");
    char line[LINE_LEN];
    struct row row;
    size_t rows = 0, excepted = 0;

    must(tests != NULL);
    while (fgets(line, sizeof line, tests) != NULL) {
        arena = arena_new(1024 * 1024);
        if (read_row(&row, line)) {
            expect_row(&row);
            rows++;
            excepted += exception(row.test) != NULL;
        }
        arena_free(arena);
    }
    fclose(tests);
    cr_expect_eq(rows, ROWS);
    cr_expect_eq(excepted, EXCEPTIONS);
}
