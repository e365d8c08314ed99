/* crl_warnings.c: what will have stations refused is told before it has. */
#include <time.h>

#include "crypto/crl_set.h"
#include "server/policy/internal.h"
#include "tests/unit/policy/faults.h"

TestSuite(crl_warnings, .init = set_up, .fini = tear_down);

enum { DAY = 24 * 3600, YEAR = 365 * DAY };

static const char from[] = "\nprofiles:\n";
#define SECOND(crls)                                                                                         \
    "\n  - name: second\n    anchors: [ca/root.pem]\n    intermediates: [ca/issuing.pem]\n" crls             \
    "\nprofiles:\n"
#define OF_FILE "    crls: [ca/root.crl]\n"
#define OF_URL "    crl_urls: ['http://vendor/root.crl']\nvendor_crl_folder: store\n"

struct told {
    size_t count;
    char key[2][64], text[2][1024];
};

static void keep(void *arg, const char *key, const char *text)
{
    struct told *told = arg;

    if (told->count < 2) {
        snprintf(told->key[told->count], sizeof told->key[0], "%s", key);
        snprintf(told->text[told->count], sizeof told->text[0], "%s", text);
    }
    told->count++;
}

static struct told told_at(int64_t now)
{
    struct told told = {.count = 0};

    policy_warn_of_crls(demo.policy, now, keep, &told);
    return told;
}

#define SAYS(told, i, what)                                                                                  \
    cr_expect_not_null(strstr((told).text[i], what), "'%s' does not say '%s'", (told).text[i], what)

Test(crl_warnings, one_that_is_stale_or_not_valid_yet_is_told)
{
    int64_t now = time(NULL);
    struct told told;

    cr_expect_eq(told_at(now).count, 0);
    edit(from, SECOND(OF_FILE));
    cr_expect_eq(told_at(now).count, 0);
    told = told_at(now + 2 * (int64_t)YEAR);
    cr_expect_eq(told.count, 2);
    cr_expect_str_eq(told.key[0], "vendors[1].crls");
    SAYS(told, 0, "ca/root.crl is stale");
    SAYS(told, 0, "are refused");
    SAYS(told, 1, "Issuing CA");
    told = told_at(now - YEAR);
    cr_expect_eq(told.count, 2);
    SAYS(told, 0, "is not valid before");
}

/* Somebody has to get the next one while the last one still counts. */
Test(crl_warnings, one_that_ends_soon_is_told_in_its_last_quarter)
{
    const struct crl *crl;
    int64_t length;
    struct told told;

    edit(from, SECOND(OF_FILE));
    crl = &demo.policy->vendor_crls[1]->items[0].crl;
    length = crl->next_update - crl->this_update;
    cr_expect_eq(told_at(crl->this_update + length * 3 / 4 - 10).count, 0);
    told = told_at(crl->this_update + length * 3 / 4 + 10);
    cr_expect_eq(told.count, 1);
    SAYS(told, 0, "ca/root.crl will be stale soon");
}

Test(crl_warnings, what_was_not_fetched_yet_is_told)
{
    struct told told;

    edit(from, SECOND(OF_URL));
    told = told_at(time(NULL));
    cr_expect_eq(told.count, 2);
    cr_expect_str_eq(told.key[0], "vendors[1].crl_urls[0]");
    SAYS(told, 0, "nothing of use was fetched from http://vendor/root.crl yet");
    SAYS(told, 1, "no CRL says whether it is revoked");
}

/* RFC 5280 5.2.6: a CRL says where its deltas are; whoever signs it does not choose where cmpd connects to,
 * nor what a terminal does. */
Test(crl_warnings, deltas_that_nobody_names_are_told)
{
    /* [0] fullName [0] of one uniformResourceIdentifier, "http://d/x" */
    static uint8_t freshest[] = {0x30, 0x12, 0x30, 0x10, 0xa0, 0x0e, 0xa0, 0x0c, 0x86, 0x0a,
                                 'h',  't',  't',  'p',  ':',  '/',  '/',  'd',  '/',  'x'};
    struct crl *crl;
    struct told told;

    edit(from, SECOND(OF_FILE));
    crl = &demo.policy->vendor_crls[1]->items[0].crl;
    crl->freshest = bytes_of(freshest, sizeof freshest);
    told = told_at(time(NULL));
    cr_expect_eq(told.count, 1);
    SAYS(told, 0, "its deltas are at http://d/x: name that in crl_urls");
    freshest[sizeof freshest - 1] = 27; /* ESC */
    cr_expect_eq(told_at(time(NULL)).count, 0);
    freshest[sizeof freshest - 1] = 'x';
    freshest[1]--;
    cr_expect_eq(told_at(time(NULL)).count, 0, "malformed");
    freshest[1]++;
    crl->is_delta = 1;
    cr_expect_eq(told_at(time(NULL)).count - 1, 0, "it is there, and speaks of nothing by itself");
}
