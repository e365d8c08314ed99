/* supervise.c: see supervise.h. */
#include "server/supervise.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/front/transport.h"
#include "server/pipeline/metrics.h"
#include "server/service/notify.h"

enum {
    STATUS_MS = 5000, /* between two that differ: managers keep it, and nobody reads it faster */
    LATE_MS = 200,    /* between two looks while threads have not answered */
};

static void ask(struct supervise *supervise, int64_t now)
{
    pipeline_ask(supervise->pipeline);
    for (size_t i = 0; transports[i] != NULL; i++)
        transports[i]->ask(supervise->transports[i]);
    supervise->asked_ms = now;
}

/* Returns who has not answered, or NULL. */
static const char *silent(const struct supervise *supervise)
{
    for (size_t i = 0; transports[i] != NULL; i++)
        if (!transports[i]->answers(supervise->transports[i]))
            return transports[i]->name;
    return pipeline_answers(supervise->pipeline) ? NULL : "workers";
}

static void tell_late(struct supervise *supervise, const char *who, int64_t now)
{
    if (who != NULL && !supervise->is_late && now - supervise->asked_ms >= supervise->watchdog_ms / 2) {
        supervise->is_late = 1;
        log_line(LOG_ERROR, "threads do not answer", log_word("threads", who),
                 log_number("ms", now - supervise->asked_ms),
                 log_text("text", "the service manager is not told that cmpd is alive while this lasts"));
    } else if (who == NULL && supervise->is_late) {
        supervise->is_late = 0;
        log_line(LOG_WARN, "threads answer again", log_number("ms", now - supervise->asked_ms));
    }
}

/* Returns the milliseconds until the next look. */
static int64_t watch(struct supervise *supervise, int64_t now)
{
    const char *who;

    if (now < supervise->next_ms)
        return supervise->next_ms - now;
    who = silent(supervise);
    tell_late(supervise, who, now);
    if (who != NULL)
        return LATE_MS;
    notify_alive();
    ask(supervise, now);
    supervise->next_ms = now + supervise->watchdog_ms / 2;
    return supervise->watchdog_ms / 2;
}

static void tell_status(struct supervise *supervise, int64_t now)
{
    static char ready[HEALTH_TEXT_MAX]; /* of the one thread that may call this */
    char text[SUPERVISE_STATUS_MAX];
    struct pipeline_load load;

    if (now < supervise->status_ms)
        return;
    supervise->status_ms = now + STATUS_MS;
    pipeline_load(supervise->pipeline, &load);
    snprintf(text, sizeof text, "%s; %" PRIu64 " requests served, %zu in hand",
             health_ready(supervise->health, ready) == 200 ? "Ready" : "Not ready (see /readyz)",
             pipeline_requests_ended(), load.jobs);
    if (strcmp(text, supervise->status) == 0)
        return;
    snprintf(supervise->status, sizeof supervise->status, "%s", text);
    notify_status(text);
}

void supervise_begin(struct supervise *supervise)
{
    int64_t now = clock_steady_ms();

    if (!notify_is_wanted())
        return;
    supervise->watchdog_ms = notify_watchdog_ms();
    supervise->next_ms = now + supervise->watchdog_ms / 2;
    ask(supervise, now);
    tell_status(supervise, now);
    notify_ready();
}

int64_t supervise_turn(struct supervise *supervise, int64_t wait_ms)
{
    int64_t now = clock_steady_ms(), next;

    if (!notify_is_wanted())
        return wait_ms;
    tell_status(supervise, now);
    if (supervise->watchdog_ms == 0)
        return wait_ms;
    next = watch(supervise, now);
    return next < wait_ms ? next : wait_ms;
}
