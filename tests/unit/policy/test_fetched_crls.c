/* fetched_crls.c: what was fetched is kept if it is the vendor's and not older, and is there again when the
 * configuration is loaded. How it comes is in server/test_vendor_crl_url.sh. */
#include <dirent.h>
#include <time.h>

#include "crypto/crl_set.h"
#include "server/ctl/command.h"
#include "server/ctl/ctl.h"
#include "server/policy/internal.h"
#include "tests/unit/policy/faults.h"

#define URL "http://crl.vendor.example/root.crl"
#define OTHER_URL "http://crl.vendor.example/other.crl"
enum { VENDOR = 1, DAY = 24 * 3600 };

static int64_t now;

/* A vendor whose CAs are the demo's: their keys are there. */
static void set_up_vendor(void)
{
    set_up();
    now = time(NULL) + 60;
    edit("\nprofiles:\n",
         "\n  - name: second\n    anchors: [ca/root.pem]\n    intermediates: [ca/issuing.pem]\n"
         "    crl_urls: ['" URL "', '" OTHER_URL "']\nvendor_crl_folder: store\nprofiles:\n");
}

TestSuite(fetched_crls, .init = set_up_vendor, .fini = tear_down);

/* The next CRL of a CA of the demo, and its octets: to be freed. */
static char *next_crl_of(const char *ca, size_t *len)
{
    char name[64], file[DEMO_PATH_MAX + 64], certificate[DEMO_PATH_MAX + 64], key[DEMO_PATH_MAX + 64];
    char *arguments[] = {"cmpctl", "ca", "crl", file, "--certificate", certificate, "--key", key, NULL};

    snprintf(name, sizeof name, "ca/%s.crl", ca);
    snprintf(file, sizeof file, "%s/%s", demo.dir, name);
    snprintf(certificate, sizeof certificate, "%s/ca/%s.pem", demo.dir, ca);
    snprintf(key, sizeof key, "%s/ca/%s.key", demo.dir, ca);
    cr_assert_eq(ctl_run(8, arguments), CTL_OK);
    return take_file(name, len, 0);
}

static char *next_crl(size_t *len)
{
    return next_crl_of("root", len);
}

static const char *keep(struct policy_fetched *fetched, const char *octets, size_t len)
{
    return policy_keep_crl(fetched, demo.policy, VENDOR, URL, bytes_of((const uint8_t *)octets, len), now);
}

static void load_again(void)
{
    struct config_fault fault;
    struct policy *newer = policy_load_file(&fault, demo.config, now);

    cr_assert_not_null(newer, "%s", fault.text);
    policy_release(demo.policy);
    demo.policy = newer;
}

static size_t files(void)
{
    char path[DEMO_PATH_MAX + 16];
    size_t count = 0;
    DIR *folder;

    snprintf(path, sizeof path, "%s/store", demo.dir);
    folder = opendir(path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += strncmp(entry->d_name, "second-", 7) == 0;
    closedir(folder);
    return count;
}

Test(fetched_crls, what_was_kept_is_there_when_the_policy_is_loaded_again)
{
    struct policy_fetched fetched;
    uint64_t seen = 0;
    size_t len;
    char *crl = next_crl(&len);

    cr_assert_eq(demo.policy->vendor_crls[VENDOR]->count, 0);
    cr_expect_null(demo.policy->vendor_crls[0], "a vendor without URLs and files");
    cr_expect_eq(policy_fetched_next_update(demo.policy, VENDOR, URL), 0);
    cr_expect_not(policy_crls_changed(demo.policy, &seen));
    cr_expect_null(keep(&fetched, crl, len));
    cr_expect(fetched.is_new && fetched.next_update > now);
    cr_expect_eq(files(), 1);
    cr_expect(policy_crls_changed(demo.policy, &seen));
    load_again();
    cr_assert_eq(demo.policy->vendor_crls[VENDOR]->count, 1);
    cr_expect_eq(policy_fetched_next_update(demo.policy, VENDOR, URL), fetched.next_update);
    cr_expect_eq(policy_fetched_next_update(demo.policy, VENDOR, OTHER_URL), 0, "each URL has its own");
    cr_expect_null(keep(&fetched, crl, len));
    cr_expect(!fetched.is_new && fetched.next_update > now, "the same again");
    free(crl);
}

/* Who stands between may repeat what was true once. */
Test(fetched_crls, an_older_one_does_not_replace_a_newer_one)
{
    struct policy_fetched fetched;
    size_t len, newer_len;
    char *older = next_crl(&len), *newer = next_crl(&newer_len);

    cr_expect_null(keep(&fetched, older, len));
    cr_expect_null(keep(&fetched, newer, newer_len));
    cr_expect(fetched.is_new);
    const char *why = keep(&fetched, older, len);
    cr_assert_not_null(why);
    cr_expect_not_null(strstr(why, "older"), "%s", why);
    cr_expect(!fetched.is_new && fetched.next_update > now, "what is there is told");
    now -= DAY; /* a clock that was set back is no way either */
    cr_expect_not_null(keep(&fetched, older, len));
    cr_expect_not(fetched.is_new);
    free(older);
    free(newer);
}

/* It would count for nothing, and what it took the place of does. */
Test(fetched_crls, one_that_is_not_valid_yet_is_not_kept)
{
    struct policy_fetched fetched;
    size_t len;
    char *crl = next_crl(&len);

    struct crl read;

    cr_assert(crl_parse(&read, bytes_of((uint8_t *)crl, len)));
    now = read.this_update - BOUND_VENDOR_CRL_AHEAD - 1;
    const char *why = keep(&fetched, crl, len);
    cr_assert_not_null(why);
    cr_expect_not_null(strstr(why, "not valid yet"), "%s", why);
    cr_expect(!fetched.is_new && fetched.next_update == 0);
    cr_expect_eq(files(), 0);
    now++; /* clocks differ */
    cr_expect_null(keep(&fetched, crl, len));
    free(crl);
}

/* By it who stands between could have the vendor's forgotten, and then repeat an older one; or one that was
 * made today would keep out one that is made once a year. */
Test(fetched_crls, another_crl_of_the_vendor_takes_no_place_of_one_that_counts)
{
    struct policy_fetched fetched;
    size_t len, other_len;
    char *crl = next_crl(&len), *other = next_crl_of("issuing", &other_len);
    int64_t ends;

    cr_expect_null(keep(&fetched, crl, len));
    ends = fetched.next_update;
    const char *why = keep(&fetched, other, other_len);
    cr_assert_not_null(why);
    cr_expect_not_null(strstr(why, "another issuer or scope"), "%s", why);
    cr_expect(!fetched.is_new && fetched.next_update == ends);
    cr_expect_null(keep(&fetched, crl, len));
    cr_expect_not(fetched.is_new, "it is still there");
    /* A vendor whose CRL has changed is not kept out for ever. */
    now = ends;
    cr_expect_not_null(keep(&fetched, other, other_len));
    now = ends + 1;
    cr_expect_null(keep(&fetched, other, other_len));
    cr_expect(fetched.is_new);
    free(crl);
    free(other);
}

Test(fetched_crls, what_is_not_of_the_vendor_is_not_kept)
{
    struct policy_fetched fetched;
    size_t len;
    char *crl = next_crl(&len);

    crl[len - 1] ^= 1;
    cr_expect_not_null(keep(&fetched, crl, len));
    cr_expect_not_null(keep(&fetched, crl, len / 2));
    cr_expect_not_null(keep(&fetched, crl, 0));
    cr_expect_not_null(keep(&fetched, "nonsense", 8));
    cr_expect(!fetched.is_new && fetched.next_update == 0);
    cr_expect_eq(files(), 0);
    crl[len - 1] ^= 1;
    cr_assert_null(keep(&fetched, crl, len));
    cr_expect_not_null(keep(&fetched, "nonsense", 8));
    cr_expect(!fetched.is_new && fetched.next_update > now, "what is there is told");
    free(crl);
}

/* It is fetched anew; a node that did not start for it would strand every station. */
Test(fetched_crls, a_file_that_is_of_no_use_is_as_if_it_were_not_there)
{
    struct policy_fetched fetched;
    size_t len;
    char *crl = next_crl(&len), *path = policy_fetched_file(policy_config(demo.policy), VENDOR, URL);

    cr_assert_null(keep(&fetched, crl, len));
    crl[len - 1] ^= 1;
    cr_assert(file_write(path, crl, len, 0644, 0));
    load_again();
    cr_expect_eq(demo.policy->vendor_crls[VENDOR]->count, 0);
    crl[len - 1] ^= 1;
    cr_expect_null(keep(&fetched, crl, len));
    cr_expect(fetched.is_new);
    load_again();
    cr_expect_eq(demo.policy->vendor_crls[VENDOR]->count, 1);
    free(path);
    free(crl);
}

Test(fetched_crls, a_fault_of_the_configuration_is_told_in_its_line)
{
    refuse_at("'" URL "'", "'ftp://vendor/x.crl'", "ftp://", "write a URL");
    refuse_at("'" URL "'", "'http://me:secret@vendor/x.crl'", "http://me", "without a user's name");
    /* One more than a vendor's set has room for would be fetched, and never used. */
    char urls[BOUND_VENDOR_CRLS * 32] = "crls: []\n    crl_urls: [";
    for (size_t i = 0; i < BOUND_VENDOR_CRLS; i++)
        snprintf(urls + strlen(urls), sizeof urls - strlen(urls), "'http://vendor/%zu', ", i);
    snprintf(urls + strlen(urls), sizeof urls - strlen(urls), "]");
    edit("crl_urls: ['" URL "', '" OTHER_URL "']", urls);
    refuse_at("crls: []", "crls: [ca/root.pem]", "crl_urls", "more than 64 together");
    edit(urls, "crl_urls: ['" URL "', '" OTHER_URL "']");
    refuse_at("vendor_crl_folder: store", "vendor_crl_folder: nowhere", "vendor_crl_folder", "make it");
}

/* What could not be loaded is not kept. */
Test(fetched_crls, one_that_has_no_room_beside_the_others_is_not_kept)
{
    struct policy_fetched fetched;
    size_t len;
    char *crl = next_crl(&len);

    demo.policy->vendor_crls[VENDOR]->octets = BOUND_VENDOR_CRLS_OCTETS;
    const char *why = keep(&fetched, crl, len);
    cr_assert_not_null(why);
    cr_expect_not_null(strstr(why, "more than 128 MiB"), "%s", why);
    cr_expect_eq(files(), 0);
    demo.policy->vendor_crls[VENDOR]->octets = 0;
    cr_expect_null(keep(&fetched, crl, len));
    free(crl);
}
