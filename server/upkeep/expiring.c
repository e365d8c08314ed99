/* expiring.c: see expiring.h. */
#include "server/upkeep/expiring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/name.h"
#include "server/base/bounds.h"
#include "server/base/json.h"
#include "server/base/log.h"

enum { DAY = 24 * 3600 };

/* struct expiring_told is what the log knows of one. */
struct expiring_told {
    uint64_t id;
    enum expiry_level level;
    int64_t at; /* Unix seconds */
};

static const struct expiring_told *find(const struct expiring *job, uint64_t id)
{
    for (size_t i = 0; i < job->count; i++)
        if (job->of[i].id == id)
            return &job->of[i];
    return NULL;
}

static int is_aligned(const struct expiring *job, const struct expiry *expiries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (i >= job->count || job->of[i].id != expiries[i].id)
            return 0;
    return job->count == count;
}

/* A policy was loaded: what was told before of what it still has stays told. Returns 0 without memory. */
static int align(struct expiring *job, const struct expiry *expiries, size_t count)
{
    struct expiring_told *all = calloc(count + 1, sizeof *all);

    if (all == NULL)
        return 0;
    for (size_t i = 0; i < count; i++) {
        const struct expiring_told *former = find(job, expiries[i].id);
        all[i] = former != NULL ? *former : (struct expiring_told){.id = expiries[i].id};
    }
    free(job->of);
    job->of = all;
    job->count = count;
    return 1;
}

static int is_due(const struct expiring_told *told, enum expiry_level level, int64_t now)
{
    return level > told->level || (level >= EXPIRY_SECOND && (now - told->at >= DAY || now < told->at));
}

static void tell(const struct expiry *expiry, enum expiry_level level, int64_t now)
{
    char text[EXPIRY_TEXT_MAX], when[EXPIRY_TIME_MAX], subject[NAME_TEXT_MAX];
    int is_bad = level >= EXPIRY_LAST && expiry->kind->effect != EXPIRY_HARMLESS;

    log_line(is_bad ? LOG_ERROR : LOG_WARN, level == EXPIRY_OVER ? "expired" : "expires soon",
             log_word("alarm", "expiry"), log_word("name", expiry->name), log_text("file", expiry->file),
             log_text("kind", expiry->kind->name),
             log_text("subject", name_text(subject, sizeof subject, expiry->subject)),
             log_word("not_after", expiry_time(when, expiry->not_after)),
             log_number("days", (expiry->not_after - now) / DAY),
             log_text("text", expiry_text(text, expiry, now)));
}

void expiring_run(struct expiring *job, const struct policy *policy, int64_t now)
{
    size_t count;
    const struct expiry *expiries = policy_expiries(policy, &count);

    if (!is_aligned(job, expiries, count) && !align(job, expiries, count))
        return;
    job->alarm = 0;
    for (size_t i = 0; i < count; i++) {
        enum expiry_level level = expiry_level(&expiries[i], now);
        struct expiring_told *told = &job->of[i];
        if (expiries[i].kind->is_followed)
            continue;
        job->alarm |= level >= EXPIRY_LAST && expiries[i].kind->effect != EXPIRY_HARMLESS;
        if (is_due(told, level, now)) {
            tell(&expiries[i], level, now);
            told->at = now;
        }
        told->level = level;
    }
}

void expiring_end(struct expiring *job)
{
    free(job->of);
    *job = (struct expiring){.of = NULL};
}

/* ---- for readiness ---- */

/* As a JSON string, cut to |max| octets before that. Returns its length. */
static size_t quote(char *out, const char *text, size_t max)
{
    struct bytes value = bytes_str(text);

    value.len = value.len < max ? value.len : max;
    return json_quote(out, value);
}

enum {
    NAME_SHOWN = 96,
    FILE_SHOWN = 128, /* its end: there is what tells it from others */
    REASON_SHOWN = 1024,
};
_Static_assert(BOUND_EXPIRY_NEXT *(6 * (NAME_SHOWN + FILE_SHOWN) + 256) < EXPIRING_TEXT_MAX, "they fit");
_Static_assert(6 * REASON_SHOWN + 3 < EXPIRING_REASON_MAX, "it fits");

static size_t put(char *out, const struct expiry *expiry)
{
    char when[EXPIRY_TIME_MAX];
    size_t file_len = strlen(expiry->file), len = (size_t)sprintf(out, "{\"name\":");

    len += quote(out + len, expiry->name, NAME_SHOWN);
    len += (size_t)sprintf(out + len, ",\"kind\":");
    len += quote(out + len, expiry->kind->name, NAME_SHOWN);
    len += (size_t)sprintf(out + len, ",\"file\":");
    len += quote(out + len, expiry->file + (file_len > FILE_SHOWN ? file_len - FILE_SHOWN : 0), FILE_SHOWN);
    return len + (size_t)sprintf(out + len, ",\"not_after\":\"%s\"}", expiry_time(when, expiry->not_after));
}

int expiring_text(char out[EXPIRING_TEXT_MAX], char reason[EXPIRING_REASON_MAX], const struct policy *policy,
                  int64_t now)
{
    const struct expiry *next[BOUND_EXPIRY_NEXT], *stopped = policy_stopped(policy, now);
    size_t count = policy_next_expiries(next, BOUND_EXPIRY_NEXT, policy), len = 0;
    char text[EXPIRY_TEXT_MAX];

    out[len++] = '[';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            out[len++] = ',';
        len += put(out + len, next[i]);
    }
    memcpy(out + len, "]", 2);
    if (stopped == NULL)
        memcpy(reason, "null", sizeof "null");
    else
        reason[quote(reason, expiry_text(text, stopped, now), REASON_SHOWN)] = 0;
    return stopped == NULL;
}

/* ---- the job ---- */

static int run(void *state, const struct upkeep_turn *turn)
{
    expiring_run(state, turn->policy, turn->now_ms / 1000);
    return 1;
}

static int has_alarm(const void *state)
{
    return ((const struct expiring *)state)->alarm;
}

static void end(void *state, const struct upkeep_turn *turn)
{
    (void)turn;
    expiring_end(state);
}

const struct upkeep_job expiring_job = {
    .name = "expiry",
    .every = 1,
    .strand = UPKEEP_LONG,
    .size = sizeof(struct expiring),
    .run = run,
    .alarm = has_alarm,
    .end = end,
};
