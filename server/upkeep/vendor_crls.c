/* Fetches the CRLs of vendors, each when it is due, and reminds of those that will have stations refused. */
#include "server/upkeep/vendor_crls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/bounds.h"
#include "server/base/log.h"
#include "server/fetch/fetch.h"

enum { MINUTE = 60 };

/* struct vendor_crl is one URL. */
struct vendor_crl {
    char *url, *vendor;
    int64_t looked, due; /* when it was fetched last, and when the next look is due; Unix seconds */
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
    for (size_t i = 0; i < kept; i++)
        job->of[i].is_named = 0;
}

/* ---- one of them ---- */

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
        log_line(
            has_ended(crl, now) ? LOG_ERROR : LOG_INFO, "CRL fetched", log_word("vendor", crl->vendor),
            log_text("url", crl->url), log_number("next_update", crl->next_update),
            log_text(has_ended(crl, now) ? "text" : NULL, "it has ended: the vendor has to make another; "
                                                          "without crl_stale_hours stations are refused"));
    crl->failing = why != NULL;
}

/* A vendor's next CRL is looked for when the last one ends, if not before. */
static int64_t next_look(const struct vendor_crl *crl, unsigned minutes, int64_t now)
{
    int64_t soonest = now + BOUND_VENDOR_CRL_RETRY, due = now + (int64_t)minutes * MINUTE;

    if (crl->failing)
        return soonest;
    if (crl->next_update != 0 && crl->next_update < due)
        due = crl->next_update;
    return due > soonest ? due : soonest;
}

static void fetch_one(struct vendor_crl *crl, const struct policy *policy, size_t v, int64_t now,
                      const atomic_int *ends)
{
    const struct fetch fetch = {
        .url = crl->url, .most = BOUND_VENDOR_CRL_OCTETS, .seconds = BOUND_VENDOR_CRL_FETCH, .ends = ends};
    struct policy_fetched fetched = {.next_update = crl->next_update != 0
                                                        ? crl->next_update
                                                        : policy_fetched_next_update(policy, v, crl->url)};
    char text[FETCH_WHY_MAX];
    const char *why = text;
    uint8_t *octets;
    size_t len;

    if (fetch_document(&octets, &len, &fetch, text)) {
        why = policy_keep_crl(&fetched, policy, v, crl->url, bytes_of(octets, len), now);
        free(octets);
    }
    if (ends != NULL && atomic_load(ends))
        return;
    crl->next_update = fetched.next_update;
    tell(crl, why, fetched.is_new, now);
    crl->looked = now;
    crl->due = next_look(crl, policy_config(policy)->vendors[v].crl_fetch_minutes, now);
}

/* A clock that was set back makes nobody wait until it has caught up. */
static int is_due(const struct vendor_crl *crl, int64_t now)
{
    return now >= crl->due || now < crl->looked;
}

/* ---- all of them ---- */

static void fetch_due(struct vendor_crls *job, const struct policy *policy, int64_t now,
                      const atomic_int *ends)
{
    const struct config *config = policy_config(policy);

    for (size_t v = 0; v < config->vendor_count; v++)
        for (size_t i = 0; i < config->vendors[v].crl_urls.count; i++) {
            struct vendor_crl *crl =
                find_or_add(job, config->vendors[v].name, config->vendors[v].crl_urls.items[i]);
            if (crl == NULL || (ends != NULL && atomic_load(ends)))
                return;
            crl->is_named = 1;
            if (is_due(crl, now))
                fetch_one(crl, policy, v, now, ends);
            job->alarm |= crl->looked != 0 && has_ended(crl, now);
        }
    keep_named(job);
}

static void remind(void *arg, const char *key, const char *text)
{
    (void)arg;
    log_line(LOG_WARN, "CRL of a vendor", log_text("setting", key), log_text("text", text));
}

void vendor_crls_run(struct vendor_crls *job, const struct policy *policy, int64_t now,
                     const atomic_int *ends)
{
    job->alarm = 0;
    fetch_due(job, policy, now, ends);
    if (now - job->reminded < BOUND_VENDOR_CRL_REMIND && now >= job->reminded)
        return;
    policy_warn_of_crls(policy, now, remind, NULL);
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
    .every = 1,
    .strand = UPKEEP_OUTSIDE,
    .size = sizeof(struct vendor_crls),
    .run = run,
    .resume = resume,
    .alarm = has_alarm,
    .end = end,
};
