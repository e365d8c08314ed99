/* metrics.c: see metrics.h. */
#include "server/pipeline/metrics.h"

#include <sys/sdt.h>

#include "server/pipeline/internal.h"

/* ---- labels ---- */

/* The bodies of CMP, and what is none of them. */
enum { BODY_OCSP = PKI_BODY_COUNT, BODY_UNKNOWN, BODY_COUNT };

static const char *body_value(size_t i)
{
    return i == BODY_OCSP ? "OCSPRequest" : i == BODY_UNKNOWN ? "unknown" : pki_body_name((int)i);
}

/* How a job ends (job_end.h); that there is an answer may mean either. */
enum {
    OUTCOME_REJECTED = JOB_NOT_NOW + 1,
    OUTCOME_ABANDONED,
    OUTCOME_COUNT,
};

static const char *outcome_value(size_t i)
{
    static const char *const values[OUTCOME_COUNT] = {
        [JOB_ANSWERED] = "accepted",       [JOB_UNREADABLE] = "unreadable",
        [JOB_NO_ROUTE] = "no_route",       [JOB_BUSY] = "busy",
        [JOB_NO_KEY] = "no_key",           [JOB_STORED] = "stored",
        [JOB_FORBIDDEN] = "forbidden",     [JOB_REFUSED] = "useless",
        [JOB_NOT_NOW] = "not_now",         [OUTCOME_REJECTED] = "rejected",
        [OUTCOME_ABANDONED] = "abandoned",
    };

    return values[i];
}

static const char *failure_value(size_t i)
{
    return pki_failure_name((unsigned)i);
}

static const char *profile_value(size_t i)
{
    return metric_name_value(&cmp_profile_names, i);
}

static const char *transport_value(size_t i)
{
    static const char *const values[JOB_TRANSPORTS] = {[JOB_BY_HTTP] = "http", [JOB_BY_HTTPS] = "https"};

    return values[i];
}

static const char *stage_value(size_t i)
{
    static const char *const values[STAGE_COUNT] = {
        [STAGE_QUEUE] = "queue",   [STAGE_LOOK_UP] = "look_up", [STAGE_DERIVE] = "derive",
        [STAGE_DECIDE] = "decide", [STAGE_VERIFY] = "verify",   [STAGE_ASK] = "ask",
        [STAGE_SIGN] = "sign",     [STAGE_COMMIT] = "commit",
    };

    return values[i];
}

static const char *overload_value(size_t i)
{
    static const char *const values[OVERLOAD_COUNT] = {
        [OVERLOAD_SOURCE] = "source", [OVERLOAD_JOBS] = "jobs",       [OVERLOAD_QUEUE] = "queue",
        [OVERLOAD_OCSP] = "ocsp",     [OVERLOAD_SLOW] = "slow_queue", [OVERLOAD_SLOW_SOURCE] = "slow_source",
        [OVERLOAD_MEMORY] = "memory", [OVERLOAD_GUESSES] = "guesses", [OVERLOAD_GIVEN_UP] = "given_up",
    };

    return values[i];
}

enum { FAILURES = PKI_DUPLICATE_CERT_REQ + 1 };

static const struct metric_label body = {"body", BODY_COUNT, body_value};
static const struct metric_label outcome = {"outcome", OUTCOME_COUNT, outcome_value};
static const struct metric_label failure = {"fail_info", FAILURES, failure_value};
static const struct metric_label profile = {"profile", METRIC_NAMES_MAX, profile_value};
static const struct metric_label transport = {"transport", JOB_TRANSPORTS, transport_value};
static const struct metric_label stage = {"stage", STAGE_COUNT, stage_value};
static const struct metric_label reason = {"reason", OVERLOAD_COUNT, overload_value};

/* ---- rows ---- */

struct metric pipeline_requests = {
    .name = "cmpd_requests",
    .help = "Requests that came to their end, each message of a nested one too, by body and outcome.",
    .type = METRIC_COUNTER,
    .labels = {&body, &outcome},
};

struct metric pipeline_refusals = {
    .name = "cmpd_refusals",
    .help = "Messages that were rejected, by body and PKIFailureInfo.",
    .type = METRIC_COUNTER,
    .labels = {&body, &failure},
};

struct metric pipeline_profile_requests = {
    .name = "cmpd_profile_requests",
    .help = "Messages that came to their end, by profile and outcome.",
    .type = METRIC_COUNTER,
    .labels = {&profile, &outcome},
};

struct metric pipeline_profile_refusals = {
    .name = "cmpd_profile_refusals",
    .help = "Messages that were rejected, by profile and PKIFailureInfo.",
    .type = METRIC_COUNTER,
    .labels = {&profile, &failure},
};

struct metric pipeline_transports = {
    .name = "cmpd_transport_requests",
    .help = "Requests that came to their end, a nested one as one, by transport and outcome.",
    .type = METRIC_COUNTER,
    .labels = {&transport, &outcome},
};

struct metric pipeline_latency = {
    .name = "cmpd_request_duration_seconds",
    .unit = "seconds",
    .help = "From when a request was whole until its answer was made, by body.",
    .type = METRIC_HISTOGRAM,
    .in_micro = 1,
    .labels = {&body},
    .buckets = &metric_latency,
};

struct metric pipeline_stages = {
    .name = "cmpd_stage_duration_seconds",
    .unit = "seconds",
    .help = "How long messages were in a stage; what is done in batches takes each as long as its batch.",
    .type = METRIC_HISTOGRAM,
    .in_micro = 1,
    .labels = {&stage},
    .buckets = &metric_latency,
};

struct metric pipeline_batches = {
    .name = "cmpd_batch_items",
    .help = "Items that a worker did, or handed over, at once, by stage.",
    .type = METRIC_HISTOGRAM,
    .labels = {&stage},
    .buckets = &metric_sizes,
};

struct metric pipeline_overloads = {
    .name = "cmpd_overload_refusals",
    .help = "Requests that were refused for want of room, by reason.",
    .type = METRIC_COUNTER,
    .labels = {&reason},
};

/* ---- counting ---- */

/* Probes (deploy/manual/tracing.md) cost a no-op where nobody traces; their names and arguments are for
 * others to rely on. */

void pipeline_count_stage(enum pipeline_stage in, int64_t took_us, uint64_t messages)
{
    uint64_t us = took_us > 0 ? (uint64_t)took_us : 0;

    metric_observe(&pipeline_stages, in, us, messages);
    STAP_PROBE3(cmpd, stage, stage_value(in), us, messages);
}

void pipeline_count_batch(enum pipeline_stage in, int64_t took_us, uint64_t messages)
{
    metric_observe(&pipeline_batches, in, messages, 1);
    pipeline_count_stage(in, took_us, messages);
}

void pipeline_count_overload(enum pipeline_overload why)
{
    metric_add(&pipeline_overloads, why, 1);
}

static size_t body_of(const struct cmp_result *result)
{
    return result->request_body >= 0 && result->request_body < PKI_BODY_COUNT ? (size_t)result->request_body
                                                                              : BODY_UNKNOWN;
}

static size_t outcome_of(const struct cmp_result *result)
{
    return result->end == JOB_ANSWERED && result->refused ? (size_t)OUTCOME_REJECTED : (size_t)result->end;
}

static void count(const struct metric *metric, size_t i, size_t j)
{
    metric_add(metric, metric_series(metric, i, j), 1);
}

void pipeline_count_message(const struct cmp_result *result)
{
    size_t of = body_of(result), how = outcome_of(result);

    count(&pipeline_requests, of, how);
    count(&pipeline_profile_requests, result->profile_number, how);
    if (!result->refused || (size_t)result->fail_info >= FAILURES)
        return;
    count(&pipeline_refusals, of, result->fail_info);
    count(&pipeline_profile_refusals, result->profile_number, result->fail_info);
}

void pipeline_count_job(const struct task *task, const struct cmp_result *result, int64_t now_us)
{
    size_t of = result != NULL ? body_of(result) : task->query != NULL ? BODY_OCSP : BODY_UNKNOWN;
    size_t how = result != NULL ? outcome_of(result) : (size_t)task->job.end;
    int64_t took = now_us - task->came_us;

    /* Of a message its result tells. */
    if (result == NULL)
        count(&pipeline_requests, of, how);
    count(&pipeline_transports, task->job.transport, how);
    took = took > 0 ? took : 0;
    metric_observe(&pipeline_latency, of, (uint64_t)took, 1);
    STAP_PROBE3(cmpd, request, body_value(of), outcome_value(how), took);
}

uint64_t pipeline_requests_ended(void)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < JOB_TRANSPORTS; i++)
        for (size_t j = 0; j < OUTCOME_COUNT; j++)
            sum += metric_read(&pipeline_transports, metric_series(&pipeline_transports, i, j));
    return sum;
}

void pipeline_count_dropped(const struct task *task)
{
    count(&pipeline_requests, task->job.kind == JOB_OCSP ? BODY_OCSP : BODY_UNKNOWN, OUTCOME_ABANDONED);
    count(&pipeline_transports, task->job.transport, OUTCOME_ABANDONED);
}
