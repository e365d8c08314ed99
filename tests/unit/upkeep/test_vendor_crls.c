/* vendor_crls.c: when CRLs of vendors are fetched, and what is told of it. The fetching itself is in
 * fetch/test_fetch.c, all together in server/test_vendor_crl_url.sh. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/fetch/fetch.h"
#include "server/policy/policy.h"

static int fake_fetch(uint8_t **out, size_t *len, const struct fetch *fetch, char why[FETCH_WHY_MAX]);
static const char *fake_keep(struct policy_fetched *fetched, const struct policy *policy, size_t v,
                             const char *url, struct bytes text, int64_t now);

static int64_t fake_clock_ms(void);

#include "server/base/clock.h"
#define clock_steady_ms fake_clock_ms
#define fetch_document fake_fetch
#define policy_keep_crl fake_keep
/* NOLINTNEXTLINE(bugprone-suspicious-include): its servers are the test's */
#include "server/upkeep/vendor_crls.c"
#undef clock_steady_ms
#undef fetch_document
#undef policy_keep_crl

#include "tests/unit/policy/faults.h"

enum { NOW = 1800000000, MINUTES = 60 };

static struct {
    unsigned fetched, kept;
    const char *fault, *refusal; /* NULL: it works */
    int64_t next_update, kept_at;
    atomic_int *ends; /* becomes 1 during the next one */
    int is_kept;      /* 1: what comes is there already */
    int64_t clock_ms, slow_ms;
    const char *slow; /* the server that takes so long */
    char order[16];   /* the servers that were asked, a letter each */
} outside;

static int64_t fake_clock_ms(void)
{
    return outside.clock_ms;
}

static int fake_fetch(uint8_t **out, size_t *len, const struct fetch *fetch, char why[FETCH_WHY_MAX])
{
    cr_expect(fetch->content_type == NULL && fetch->most == BOUND_VENDOR_CRL_OCTETS &&
              fetch->seconds == BOUND_VENDOR_CRL_FETCH);
    outside.order[outside.fetched++ % (sizeof outside.order - 1)] = fetch->url[strlen("http://")];
    if (outside.slow != NULL && strcmp(fetch->url, outside.slow) == 0)
        outside.clock_ms += outside.slow_ms;
    if (outside.ends != NULL)
        atomic_store(outside.ends, 1);
    if (outside.fault != NULL) {
        snprintf(why, FETCH_WHY_MAX, "%s", outside.fault);
        return 0;
    }
    *out = malloc(1);
    *len = 1;
    return 1;
}

static const char *fake_keep(struct policy_fetched *fetched, const struct policy *policy, size_t v,
                             const char *url, struct bytes text, int64_t now)
{
    (void)policy, (void)text;
    outside.kept_at = now;
    cr_expect(v == 1 && strncmp(url, "http://", 7) == 0);
    outside.kept++;
    fetched->next_update = outside.next_update;
    fetched->is_new = !outside.is_kept;
    return outside.refusal;
}

#define ONE "['http://a/']"
#define TWO "['http://a/', 'http://b/']"
static struct vendor_crls job;

static void set_up_vendor(void)
{
    set_up();
    edit("\nprofiles:\n", "\n  - name: second\n    anchors: [ca/root.pem]\n    crl_urls: " ONE
                          "\nvendor_crl_folder: store\nprofiles:\n");
    outside.next_update = NOW + 7 * 24 * 3600;
}

static void tear_down_vendor(void)
{
    vendor_crls_end(&job);
    tear_down();
}

TestSuite(vendor_crls, .init = set_up_vendor, .fini = tear_down_vendor);

static unsigned fetched_at(int64_t now)
{
    unsigned before = outside.fetched;

    vendor_crls_run(&job, demo.policy, now, NULL);
    return outside.fetched - before;
}

Test(vendor_crls, it_is_fetched_at_once_and_then_every_so_many_minutes)
{
    cr_expect_eq(fetched_at(NOW), 1);
    cr_expect_eq(fetched_at(NOW + 1), 0);
    cr_expect_eq(fetched_at(NOW + MINUTES * MINUTE - 1), 0);
    cr_expect_eq(fetched_at(NOW + MINUTES * MINUTE), 1);
    cr_expect_eq(outside.kept, 2);
    edit("crl_urls: " ONE, "crl_urls: " TWO);
    cr_expect_eq(fetched_at(NOW + MINUTES * MINUTE + 1), 1, "the new one alone");
    edit("crl_urls: " TWO, "crl_urls: ['http://b/']");
    cr_expect_eq(fetched_at(NOW + MINUTES * MINUTE + 2), 0);
    cr_expect_eq(job.count, 1, "what the configuration has no longer is forgotten");
    cr_expect_eq(fetched_at(NOW - 1), 1, "a clock that was set back keeps nobody waiting");
}

/* Who waited until the last one has ended would refuse stations until the next one has come. */
Test(vendor_crls, the_next_one_is_looked_for_before_the_last_one_ends)
{
    outside.next_update = NOW + 40 * MINUTE;
    cr_expect_eq(fetched_at(NOW), 1);
    cr_expect_eq(fetched_at(NOW + 30 * MINUTE - 1), 0);
    cr_expect_eq(fetched_at(NOW + 30 * MINUTE), 1);
    cr_expect_eq(fetched_at(NOW + 37 * MINUTE), 0);
    cr_expect_eq(fetched_at(NOW + 38 * MINUTE), 1);
    cr_expect_eq(fetched_at(NOW + 40 * MINUTE), 1);
    cr_expect_not(job.alarm);
    /* It is the same, and stale: not at every second. */
    cr_expect_eq(fetched_at(NOW + 40 * MINUTE + BOUND_VENDOR_CRL_RETRY - 1), 0);
    cr_expect(job.alarm, "no fault, but stations are refused");
    cr_expect_eq(fetched_at(NOW + 40 * MINUTE + BOUND_VENDOR_CRL_RETRY), 1);
    cr_expect(job.alarm);
}

/* Nor does a slow one have the policy kept that was there when it began. */
Test(vendor_crls, a_slow_server_keeps_no_quick_one_waiting)
{
    edit("crl_urls: " ONE, "crl_urls: ['http://slow/', 'http://b/', 'http://c/']");
    outside.slow = "http://slow/";
    outside.slow_ms = 45 * 1000;
    cr_expect_eq(fetched_at(NOW), 1, "it is not known yet");
    cr_expect_eq(outside.kept_at, NOW + 45, "the time when it has come");
    cr_expect_eq(fetched_at(NOW + 45), 2);
    cr_expect_eq(fetched_at(NOW + 45 + MINUTES * MINUTE), 3);
    cr_expect_str_eq(outside.order, "sbcbcs");
}

Test(vendor_crls, slow_servers_take_turns)
{
    edit("crl_urls: " ONE, "crl_urls: ['http://b/', 'http://c/']");
    outside.fault = "no server";
    outside.slow = "http://b/";
    outside.slow_ms = 100 * 1000;
    cr_expect_eq(fetched_at(NOW), 1);
    outside.slow = "http://c/";
    cr_expect_eq(fetched_at(NOW + 100), 1);
    outside.slow = "http://b/";
    cr_expect_eq(fetched_at(NOW + 200), 1);
    cr_expect_eq(fetched_at(NOW + 300), 1);
    cr_expect_str_eq(outside.order, "bcbc");
}

Test(vendor_crls, what_was_kept_just_now_is_not_told_to_be_missing)
{
    cr_expect_eq(fetched_at(NOW), 1);
    cr_expect_eq(job.reminded, 0, "it is not loaded yet");
    cr_expect_eq(fetched_at(NOW + BOUND_VENDOR_CRL_LOADED - 1), 0);
    cr_expect_eq(job.reminded, 0);
    cr_expect_eq(fetched_at(NOW + BOUND_VENDOR_CRL_LOADED), 0);
    cr_expect_eq(job.reminded, NOW + BOUND_VENDOR_CRL_LOADED);
    vendor_crls_end(&job);
    outside.is_kept = 1;
    cr_expect_eq(fetched_at(NOW), 1);
    cr_expect_eq(job.reminded, NOW);
}

Test(vendor_crls, after_a_fault_it_is_tried_again_soon_or_when_somebody_says_so)
{
    outside.fault = "no server";
    cr_expect_eq(fetched_at(NOW), 1);
    cr_expect(job.alarm, "there is none at all");
    cr_expect_eq(outside.kept, 0);
    cr_expect_eq(fetched_at(NOW + BOUND_VENDOR_CRL_RETRY - 1), 0);
    cr_expect(job.alarm);
    cr_expect_eq(fetched_at(NOW + BOUND_VENDOR_CRL_RETRY), 1);
    resume(&job);
    outside.fault = NULL;
    cr_expect_eq(fetched_at(NOW + BOUND_VENDOR_CRL_RETRY + 1), 1);
    cr_expect_not(job.alarm);
    resume(&job);
    cr_expect_eq(fetched_at(NOW + BOUND_VENDOR_CRL_RETRY + 2), 0, "nothing was wrong");
}

Test(vendor_crls, what_is_there_counts_while_the_server_is_away)
{
    cr_expect_eq(fetched_at(NOW), 1);
    outside.fault = "no server";
    cr_expect_eq(fetched_at(NOW + MINUTES * MINUTE), 1);
    cr_expect_not(job.alarm);
    cr_expect_eq(fetched_at(outside.next_update + 1), 1);
    cr_expect(job.alarm, "now it has ended");
    outside.fault = NULL;
    outside.refusal = "its signature is wrong";
    cr_expect_eq(fetched_at(outside.next_update + 1 + BOUND_VENDOR_CRL_RETRY), 1);
    cr_expect(job.alarm, "what was not taken is no help");
}

Test(vendor_crls, a_server_that_has_only_one_that_has_ended_is_no_help)
{
    outside.next_update = NOW - 1;
    cr_expect_eq(fetched_at(NOW), 1);
    cr_expect(job.alarm, "it was fetched, and stations are refused");
    cr_expect_eq(fetched_at(NOW + 1), 0);
    outside.next_update = NOW + 5 * MINUTE;
    resume(&job);
    cr_expect_eq(fetched_at(NOW + 2), 1, "the vendor has made another: that is said by SIGHUP");
    cr_expect_not(job.alarm);
    resume(&job);
    cr_expect_eq(fetched_at(NOW + 3), 0);
}

Test(vendor_crls, a_node_that_stops_fetches_nothing_more)
{
    atomic_int ends = 0;

    edit("crl_urls: " ONE, "crl_urls: " TWO);
    outside.ends = &ends;
    outside.fault = "given up";
    vendor_crls_run(&job, demo.policy, NOW, &ends);
    cr_expect_eq(outside.fetched, 1);
    cr_expect_not(job.alarm, "that was no fault");
}
