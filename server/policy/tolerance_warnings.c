/* Tolerances that end, told before stations are refused. */
#include <stdio.h>
#include <time.h>

#include "server/policy/internal.h"

enum { SETTING = 96, TEXT = 256, DAY = 24 * 60 * 60 };

static void warn_of(const struct tolerances *set, const char *key, int64_t now, policy_warning *warn,
                    void *arg)
{
    char text[TEXT], day[sizeof "YYYY-MM-DD"];
    struct tm utc;

    for (unsigned i = 0; i < TOLERANCE_COUNT; i++) {
        time_t end = (time_t)set->until[i];
        if (end == 0 || set->until[i] == TOLERANCE_NO_END ||
            end - now > (int64_t)BOUND_TOLERANCE_WARNING_DAYS * DAY || gmtime_r(&end, &utc) == NULL ||
            strftime(day, sizeof day, "%Y-%m-%d", &utc) == 0)
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
    }
}
