/* Fetches the CRLs of vendors, each when it is due, and reminds of those that will have stations refused. */
#include "server/upkeep/vendor_crls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/bounds.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/fetch/fetch.h"

enum { MINUTE = 60, QUARTER = 4, SECOND_MS = 1000 };

/* struct vendor_crl is one URL. */
struct vendor_crl {
    char *url, *vendor;
    size_t v;            /* the vendor's place in the policy of this run */
    int64_t looked, due; /* when it was fetched last, and when the next look is due; Unix seconds */
    int is_slow;         /* 1: its server kept others waiting then, for seconds */
    int64_t next_update; /* of what there is of it; 0: nothing */
    int failing;
    char why[FETCH_WHY_MAX]; /* that the log told last */
    int is_named;            /* 1: the configuration still has it */
};

static void drop(struct vendor_crl *crl)
{
    free(crl->url);
    free(crl->vendor);
}

/* ---- the URLs of the configuration ---- */

static struct vendor_crl *find(struct vendor_crls *job, const char *vendor, const char *url)
{
    for (size_t i = 0; i < job->count; i++)
        if (strcmp(job->of[i].url, url) == 0 && strcmp(job->of[i].vendor, vendor) == 0)
            return &job->of[i];
    return NULL;
}

static struct vendor_crl *find_or_add(struct vendor_crls *job, const char *vendor, const char *url)
{
    struct vendor_crl *crl = find(job, vendor, url), *grown;

    if (crl != NULL)
        return crl;
    grown = realloc(job->of, (job->count + 1) * sizeof *grown);
    if (grown == NULL)
        return NULL;
    job->of = grown;
    crl = &grown[job->count];
    *crl = (struct vendor_crl){.url = strdup(url), .vendor = strdup(vendor)};
    if (crl->url != NULL && crl->vendor != NULL) {
        job->count++;
        return crl;
    }
    drop(crl);
    return NULL;
}

/* Those that the configuration has no longer are forgotten. */
static void keep_named(struct vendor_crls *job)
{
    size_t kept = 0;

    for (size_t i = 0; i < job->count; i++)
        if (job->of[i].is_named)
            job->of[kept++] = job->of[i];
        else
            drop(&job->of[i]);
    job->count = kept;
}

/* Returns 0 without memory. */
static int name_all(struct vendor_crls *job, const struct config *config)
{
    for (size_t i = 0; i < job->count; i++)
        job->of[i].is_named = 0;
    for (size_t v = 0; v < config->vendor_count; v++)
        for (size_t i = 0; i < config->vendors[v].crl_urls.count; i++) {
            struct vendor_crl *crl =
                find_or_add(job, config->vendors[v].name, config->vendors[v].crl_urls.items[i]);
            if (crl == NULL)
                return 0;
            crl->is_named = 1;
            crl->v = v;
        }
    keep_named(job);
    return 1;
}

/* ---- one of them ---- */

static int is_stopping(const atomic_int *ends)
{
    return ends != NULL && atomic_load(ends);
}

static int has_ended(const struct vendor_crl *crl, int64_t now)
{
    return crl->next_update < now;
}

static void tell(struct vendor_crl *crl, const char *why, int is_new, int64_t now)
{
    if (why != NULL && (!crl->failing || strcmp(why, crl->why) != 0)) {
        snprintf(crl->why, sizeof crl->why, "%s", why);
        log_line(
            LOG_ERROR, "CRL not fetched", log_word("vendor", crl->vendor), log_text("url", crl->url),
            log_text("reason", why),
            log_text("text", "cmpd tries again and again; once what it has is stale, stations are refused"));
    }
    if (why == NULL && (is_new || crl->failing))
        log_line(has_ended(crl, now) ? LOG_ERROR : LOG_INFO, "CRL fetched", log_word("vendor", crl->vendor),
                 log_text("url", crl->url), log_number("next_update", crl->next_update),
                 log_text(has_ended(crl, now) ? "text" : NULL,
                          "it has ended: the vendor has to make another; "
                          "without crl_stale_hours stations are refused"));
    crl->failing = why != NULL;
}

/* A vendor's next CRL is looked for before the last one ends, the sooner the nearer that is: who waited until
 * then would refuse its stations in between. */
static int64_t next_look(const struct vendor_crl *crl, unsigned minutes, int64_t now)
{
    int64_t soonest = now + BOUND_VENDOR_CRL_RETRY, due = now + (int64_t)minutes * MINUTE, look = due;

    if (crl->failing)
        return soonest;
    if (crl->next_update != 0)
        look = crl->next_update - (crl->next_update - now) / QUARTER;
    if (look < due)
        due = look;
    return due > soonest ? due : soonest;
}

/* What could not be given up at the end was no fault. |now| is when it begins. */
static void fetch_one(struct vendor_crls *job, struct vendor_crl *crl, const struct policy *policy,
                      int64_t now, const atomic_int *ends)
{
    const struct fetch fetch = {
        .url = crl->url, .most = BOUND_VENDOR_CRL_OCTETS, .seconds = BOUND_VENDOR_CRL_FETCH, .ends = ends};
    struct policy_fetched fetched = {
        .next_update =
            crl->next_update != 0 ? crl->next_update : policy_fetched_next_update(policy, crl->v, crl->url)};
    int64_t begun_ms = clock_steady_ms(), took;
    char text[FETCH_WHY_MAX];
    const char *why = text;
    uint8_t *octets = NULL;
    size_t len;
    int is_there = fetch_document(&octets, &len, &fetch, text);

    took = (clock_steady_ms() - begun_ms) / SECOND_MS;
    if (is_there)
        why = policy_keep_crl(&fetched, policy, crl->v, crl->url, bytes_of(octets, len), now + took);
    free(octets);
    if (is_stopping(ends))
        return;
    crl->is_slow = took != 0;
    crl->next_update = fetched.next_update;
    crl->looked = now + took;
    tell(crl, why, fetched.is_new, crl->looked);
    crl->due = next_look(crl, policy_config(policy)->vendors[crl->v].crl_fetch_minutes, crl->looked);
    if (fetched.is_new)
        job->kept = crl->looked;
}

/* A clock that was set back makes nobody wait until it has caught up. */
static int is_due(const struct vendor_crl *crl, int64_t now)
{
    return now >= crl->due || now < crl->looked;
}

/* ---- all of them ---- */

/* Whose server was quick last time goes first: the slow ones keep each other waiting, each in its turn. */
static int goes_before(const struct vendor_crl *a, const struct vendor_crl *b)
{
    return a->is_slow != b->is_slow ? b->is_slow : a->due < b->due;
}

static struct vendor_crl *next_due(const struct vendor_crls *job, int64_t now)
{
    struct vendor_crl *next = NULL;

    for (size_t i = 0; i < job->count; i++)
        if (is_due(&job->of[i], now) && (next == NULL || goes_before(&job->of[i], next)))
            next = &job->of[i];
    return next;
}

/* After a second others may be due, and the policy another. */
static void fetch_due(struct vendor_crls *job, const struct policy *policy, int64_t now,
                      const atomic_int *ends)
{
    int64_t begun_ms = clock_steady_ms();
    struct vendor_crl *crl;

    while (!is_stopping(ends) && clock_steady_ms() - begun_ms < SECOND_MS &&
           (crl = next_due(job, now)) != NULL)
        fetch_one(job, crl, policy, now, ends);
}

/* Also of one that its server gives again and again. */
static int has_ended_one(const struct vendor_crls *job, int64_t now)
{
    int ended = 0;

    for (size_t i = 0; i < job->count; i++)
        ended |= job->of[i].looked != 0 && has_ended(&job->of[i], now);
    return ended;
}

static void remind(void *arg, const char *key, const char *text)
{
    log_line(LOG_WARN, arg, log_text("setting", key), log_text("text", text));
}

/* What was kept just now is not in |policy| yet, which would tell that it is missing. */
static int may_remind(const struct vendor_crls *job, int64_t now)
{
    return (now - job->reminded >= BOUND_VENDOR_CRL_REMIND || now < job->reminded) &&
           (now - job->kept >= BOUND_VENDOR_CRL_LOADED || now < job->kept);
}

void vendor_crls_run(struct vendor_crls *job, const struct policy *policy, int64_t now,
                     const atomic_int *ends)
{
    if (name_all(job, policy_config(policy)))
        fetch_due(job, policy, now, ends);
    job->alarm = has_ended_one(job, now);
    if (!may_remind(job, now))
        return;
    policy_warn_of_crls(policy, now, remind, "CRL of a vendor");
    policy_warn_of_tolerances(policy, now, remind, "tolerance ends");
    job->reminded = now;
}

void vendor_crls_end(struct vendor_crls *job)
{
    for (size_t i = 0; i < job->count; i++)
        drop(&job->of[i]);
    free(job->of);
    *job = (struct vendor_crls){.of = NULL};
}

/* ---- the job ---- */

static int run(void *state, const struct upkeep_turn *turn)
{
    vendor_crls_run(state, turn->policy, turn->now_ms / 1000, turn->ends);
    return 1;
}

/* Whoever has mended what was wrong says so by SIGHUP, and need not wait. */
static void resume(void *state)
{
    struct vendor_crls *job = state;

    for (size_t i = 0; i < job->count; i++)
        if (job->of[i].failing || has_ended(&job->of[i], job->of[i].looked))
            job->of[i].due = 0;
}

static int has_alarm(const void *state)
{
    return ((const struct vendor_crls *)state)->alarm;
}

static void end(void *state, const struct upkeep_turn *turn)
{
    (void)turn;
    vendor_crls_end(state);
}

const struct upkeep_job vendor_crls_job = {
    .name = "vendor_crls",
    .every = 1,
    .strand = UPKEEP_OUTSIDE,
    .size = sizeof(struct vendor_crls),
    .run = run,
    .resume = resume,
    .alarm = has_alarm,
    .end = end,
};
