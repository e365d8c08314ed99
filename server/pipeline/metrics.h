/* metrics.h: what the pipeline counts (server/base/metrics.h). */
#ifndef CMPD_PIPELINE_METRICS_H
#define CMPD_PIPELINE_METRICS_H

#include "server/base/metrics.h"

/* What a message goes through, as far as it takes time. */
enum pipeline_stage {
    STAGE_QUEUE,   /* waiting in a lane */
    STAGE_LOOK_UP, /* rows from the store */
    STAGE_DERIVE,  /* keys of MACs */
    STAGE_DECIDE,
    STAGE_VERIFY,
    STAGE_ASK, /* an authorizer */
    STAGE_SIGN,
    STAGE_COMMIT,
    STAGE_COUNT
};

/* Why a request is refused that would be served at another time. */
enum pipeline_overload {
    OVERLOAD_SOURCE,      /* limits.requests_per_source */
    OVERLOAD_JOBS,        /* limits.jobs */
    OVERLOAD_QUEUE,       /* limits.queue_jobs, or a share of it */
    OVERLOAD_OCSP,        /* ocsp.jobs */
    OVERLOAD_SLOW_SOURCE, /* limits.slow_jobs_per_peer */
    OVERLOAD_SLOW,        /* limits.slow_queue_jobs, or a share of it */
    OVERLOAD_GUESSES,     /* many at once under a reference that was never right */
    OVERLOAD_GIVEN_UP,    /* too many before it were given up by their source */
    OVERLOAD_MEMORY,
    OVERLOAD_COUNT
};

extern struct metric pipeline_requests;         /* by body and outcome */
extern struct metric pipeline_refusals;         /* by body and failInfo */
extern struct metric pipeline_profile_requests; /* by profile and outcome */
extern struct metric pipeline_profile_refusals; /* by profile and failInfo */
extern struct metric pipeline_transports;       /* by transport and outcome */
extern struct metric pipeline_latency;          /* by body */
extern struct metric pipeline_stages;           /* by stage */
extern struct metric pipeline_batches;          /* by stage */
extern struct metric pipeline_overloads;        /* by reason */

/* pipeline_count_overload counts a refusal. Any thread. */
void pipeline_count_overload(enum pipeline_overload why);

struct task;
struct cmp_result;

/* pipeline_count_stage counts |messages| that have left the stage |in| after |took_us| microseconds;
 * pipeline_count_batch counts those of a stage that a worker has done, or handed over, at once. */
void pipeline_count_stage(enum pipeline_stage in, int64_t took_us, uint64_t messages);
void pipeline_count_batch(enum pipeline_stage in, int64_t took_us, uint64_t messages);

/* pipeline_count_message counts what became of a message; pipeline_count_job of the job of |task|, which is
 * done at |now_us| (metrics_now_us), and whose message, if it has one, has |result|. */
void pipeline_count_message(const struct cmp_result *result);
void pipeline_count_job(const struct task *task, const struct cmp_result *result, int64_t now_us);

/* pipeline_requests_ended returns how many requests have come to their end, however. Any thread. */
uint64_t pipeline_requests_ended(void);

/* pipeline_count_dropped counts a job that nobody waited for. */
void pipeline_count_dropped(const struct task *task);

#endif
