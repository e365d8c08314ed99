/* Tolerances and algorithms that end, told before stations are refused. */
#include <stdio.h>
#include <time.h>

#include "server/policy/internal.h"

enum { SETTING = 96, TEXT = 256, DAY = 24 * 60 * 60 };

/* The day |end| as a text, if it is to be told now; 0: not yet. */
static int is_near(char day[sizeof "YYYY-MM-DD"], int64_t end, int64_t now)
{
    time_t at = (time_t)end;
    struct tm utc;

    return end - now <= (int64_t)BOUND_TOLERANCE_WARNING_DAYS * DAY && gmtime_r(&at, &utc) != NULL &&
           strftime(day, sizeof "YYYY-MM-DD", "%Y-%m-%d", &utc) != 0;
}

static void warn_of(const struct tolerances *set, const char *key, int64_t now, policy_warning *warn,
                    void *arg)
{
    char text[TEXT], day[sizeof "YYYY-MM-DD"];

    for (unsigned i = 0; i < TOLERANCE_COUNT; i++) {
        const int64_t end = set->until[i];
        if (end == 0 || end == TOLERANCE_NO_END || !is_near(day, end, now))
            continue;
        snprintf(text, sizeof text,
                 end > now
                     ? "%s ends on %s: who still needs it is refused from then on (the log names it at each "
                       "message that does)"
                     : "%s has ended on %s: take it away",
                 tolerance_name((enum tolerance)i), day);
        warn(arg, key, text);
    }
}

/* After its day it stays: it is what refuses. */
static void warn_of_algorithms(const struct cmp_algorithms *algorithms, const char *key, int64_t now,
                               policy_warning *warn, void *arg)
{
    char text[TEXT], day[sizeof "YYYY-MM-DD"];

    for (size_t i = 0; i < ALGORITHM_NAMES_MAX; i++) {
        const int64_t end = algorithms->until[i];
        if (end == 0 || end <= now || !is_near(day, end, now))
            continue;
        snprintf(text, sizeof text,
                 "%s is refused from %s on: who still uses it is in the log (deprecated), and counted in "
                 "/tolerances",
                 algorithm_name(i), day);
        warn(arg, key, text);
    }
}

void policy_warn_of_tolerances(const struct policy *policy, int64_t now, policy_warning *warn, void *arg)
{
    const struct config *config = policy->config;
    char key[SETTING];

    for (size_t v = 0; v < config->vendor_count; v++) {
        snprintf(key, sizeof key, "vendors[%zu].tolerate", v);
        warn_of(&config->vendors[v].tolerances, key, now, warn, arg);
    }
    for (size_t p = 0; p < config->profile_count; p++) {
        snprintf(key, sizeof key, "profiles[%zu].tolerate", p);
        warn_of(&config->profiles[p].tolerances, key, now, warn, arg);
        snprintf(key, sizeof key, "profiles[%zu].accept.deprecated", p);
        warn_of_algorithms(&policy->profiles[p].cmp.algorithms, key, now, warn, arg);
    }
}

void policy_note_macs(const struct policy *policy, policy_warning *note, void *arg)
{
    const struct config *config = policy->config;
    char key[SETTING];

    for (size_t p = 0; p < config->profile_count; p++) {
        if (!config->profiles[p].mac.allowed || config->profiles[p].tolerances.until[TOLERANCE_SHA1_MAC] != 0)
            continue;
        snprintf(key, sizeof key, "profiles[%zu].mac", p);
        note(
            arg, key,
            "HMAC-SHA1 is refused: openssl cmp uses it unless it is told -mac hmacWithSHA256, and so do some "
            "stations; for those have sha1-mac tolerated");
    }
}
