/* What CRLs of vendors will have stations refused, told before it happens. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/revocation.h"
#include "server/policy/internal.h"

enum { SETTING = 96, TEXT = 1536, TIME_TEXT = 32, QUARTER = 4 };

static const char *time_text(char out[TIME_TEXT], int64_t at)
{
    time_t seconds = (time_t)at;
    struct tm utc;

    if (gmtime_r(&seconds, &utc) == NULL || strftime(out, TIME_TEXT, "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
        out[0] = 0;
    return out;
}

/* What is fetched again and again needs nobody's hand before it is stale. */
static int ends_soon(const struct policy *policy, size_t v, const struct crl_set_item *item, int64_t now)
{
    const struct config_list *files = &policy->config->vendors[v].crls;

    for (size_t i = 0; i < files->count; i++)
        if (item->file == files->items[i])
            return item->crl.next_update - now < (item->crl.next_update - item->crl.this_update) / QUARTER;
    return 0;
}

static void warn_of_times(const struct policy *policy, size_t v, int64_t now, const char *key,
                          policy_warning *warn, void *arg)
{
    const struct crl_set *set = policy->vendor_crls[v];
    char text[TEXT], when[TIME_TEXT];

    for (size_t i = 0; i < set->count; i++) {
        const struct crl_set_item *item = &set->items[i];
        if (item->crl.this_update > now)
            snprintf(text, sizeof text, "%s is not valid before %s: until then it counts for nothing",
                     item->file, time_text(when, item->crl.this_update));
        else if (item->crl.next_update < now)
            snprintf(text, sizeof text, "%s is stale, its nextUpdate was %s: %s", item->file,
                     time_text(when, item->crl.next_update),
                     now - item->crl.next_update > set->stale_seconds
                         ? "stations that it speaks of are refused; get a newer one"
                         : "it counts for as long as crl_stale_hours allows; get a newer one");
        else if (ends_soon(policy, v, item, now))
            snprintf(text, sizeof text, "%s will be stale soon, its nextUpdate is %s: get a newer one",
                     item->file, time_text(when, item->crl.next_update));
        else
            continue;
        warn(arg, key, text);
    }
}

static void warn_of_fetched(const struct policy *policy, size_t v, policy_warning *warn, void *arg)
{
    const struct config_list *urls = &policy->config->vendors[v].crl_urls;
    char key[SETTING], text[TEXT];

    for (size_t i = 0; i < urls->count; i++) {
        if (policy_fetched_item(policy, v, urls->items[i]) != NULL)
            continue;
        snprintf(key, sizeof key, "vendors[%zu].crl_urls[%zu]", v, i);
        snprintf(text, sizeof text, "nothing of use was fetched from %s yet: a node tries again and again",
                 urls->items[i]);
        warn(arg, key, text);
    }
}

static int has_delta(const struct crl_set *set, const struct crl *complete)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].crl.is_delta && bytes_equal(set->items[i].crl.issuer, complete->issuer))
            return 1;
    return 0;
}

/* Where |crl| says that its deltas are, to be shown; empty if nowhere, or with what a terminal would obey. */
static struct bytes delta_url(struct arena *arena, const struct crl *crl)
{
    CBS points = crl_points(crl->freshest);
    struct crl_point point;
    struct bytes url = {.len = 0};

    if (crl_point_next(&point, arena, &points, crl->issuer))
        url = crl_point_url(&point);
    for (size_t i = 0; i < url.len; i++)
        if (url.data[i] <= ' ' || url.data[i] > '~' || url.len > BOUND_VENDOR_CRL_URL)
            return bytes_of(NULL, 0);
    return url;
}

/* RFC 5280 5.2.6. Only what the configuration names is fetched: who signs CRLs does not choose where this
 * process connects to. */
static void warn_of_deltas(const struct crl_set *set, const char *key, policy_warning *warn, void *arg)
{
    char text[TEXT];

    for (size_t i = 0; i < set->count; i++) {
        const struct crl_set_item *item = &set->items[i];
        struct arena *arena = has_delta(set, &item->crl) ? NULL : arena_new(BOUND_JOB_ARENA);
        struct bytes url = arena != NULL ? delta_url(arena, &item->crl) : bytes_of(NULL, 0);
        if (url.len != 0) {
            snprintf(
                text, sizeof text,
                "%s says that its deltas are at %.*s: name that in crl_urls to hear of revocations sooner",
                item->file, (int)url.len, (const char *)url.data);
            warn(arg, key, text);
        }
        arena_free(arena);
    }
}

static void warn_of_intermediates(const struct crl_set *set, int64_t now, const char *key,
                                  policy_warning *warn, void *arg)
{
    for (size_t i = 0; i < set->trust.count; i++) {
        const struct trusted *item = &set->trust.items[i], *anchor = trust_anchor_of(&set->trust, item);
        struct arena *arena = arena_new(BOUND_JOB_ARENA);
        struct path_refusal refusal;
        char text[TEXT];
        if (arena != NULL && item->depth != 0 &&
            revocation_of(&refusal, set, &item->cert, anchor->cert.der, now, arena) != PATH_OK) {
            snprintf(text, sizeof text, "%s: stations below it are refused",
                     path_refusal_text(arena, &refusal));
            warn(arg, key, text);
        }
        arena_free(arena);
    }
}

void policy_warn_of_crls(const struct policy *policy, int64_t now, policy_warning *warn, void *arg)
{
    char key[SETTING];

    for (size_t v = 0; v < policy->config->vendor_count; v++) {
        if (policy->vendor_crls[v] == NULL)
            continue;
        snprintf(key, sizeof key, "vendors[%zu].crls", v);
        warn_of_fetched(policy, v, warn, arg);
        warn_of_times(policy, v, now, key, warn, arg);
        warn_of_deltas(policy->vendor_crls[v], key, warn, arg);
        warn_of_intermediates(policy->vendor_crls[v], now, key, warn, arg);
    }
}
