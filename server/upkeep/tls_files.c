/* tls_files.c: see tls_files.h. */
#include "server/upkeep/tls_files.h"

#include <stdio.h>
#include <string.h>

#include "server/base/bounds.h"
#include "server/base/log.h"

/* What is there is in use: it was loaded, or the former files are back. */
static void rest(struct tls_files *job)
{
    if (job->alarm)
        log_line(LOG_INFO, "TLS files are in order again");
    job->since = 0;
    job->alarm = 0;
    job->told[0] = 0;
    atomic_store(&job->fit, 0);
}

static void tell(struct tls_files *job, const struct config_fault *fault)
{
    if (strcmp(job->told, fault->text) != 0)
        log_line(LOG_ERROR, "TLS files refused", log_word("alarm", "tls"), log_text("text", fault->text));
    snprintf(job->told, sizeof job->told, "%s", fault->text);
}

void tls_files_run(struct tls_files *job, const struct policy *policy, int64_t now)
{
    const uint64_t stamp = policy_tls_stamp_now(policy);
    const int is_settled = stamp == job->seen;
    struct config_fault fault;
    int fits;

    job->seen = stamp;
    if (stamp == policy_tls_stamp(policy)) {
        rest(job);
        return;
    }
    if (job->since == 0 || now < job->since)
        job->since = now;
    fits = is_settled && policy_check_tls(&fault, policy, now);
    atomic_store(&job->fit, fits ? stamp : 0);
    if (now - job->since <= BOUND_TLS_SETTLES)
        return;
    /* Where they fit, and are still not in use, who loads them has told why. */
    job->alarm = 1;
    if (is_settled && !fits)
        tell(job, &fault);
}

static int run(void *state, const struct upkeep_turn *turn)
{
    tls_files_run(state, turn->policy, turn->now_ms / 1000);
    return 1;
}

static void resume(void *state)
{
    ((struct tls_files *)state)->told[0] = 0;
}

static int has_alarm(const void *state)
{
    return ((const struct tls_files *)state)->alarm;
}

const struct upkeep_job tls_files_job = {
    .name = "tls",
    .every = BOUND_TLS_EVERY,
    .strand = UPKEEP_LONG,
    .size = sizeof(struct tls_files),
    .run = run,
    .resume = resume,
    .alarm = has_alarm,
};
