/* What a node is, what it has in hand, and whether it is well. */
#include <string.h>
#include <time.h>

#include "crypto/engine.h"
#include "crypto/remote.h"
#include "server/admin/metrics.h"
#include "server/base/clock.h"
#include "server/policy/policy.h"
#include "server/upkeep/job.h"

enum { NAMES = 2 };

static const struct metric_label version = {.name = "version"}, front = {.name = "front"},
                                 node = {.name = "node"}, hash = {.name = "configuration"},
                                 alarm = {.name = "alarm"}, lane = {.name = "lane"},
                                 ledger = {.name = "ledger"}, engine = {.name = "engine"},
                                 key = {.name = "key"}, role = {.name = "role"};

static const char *const lanes[] = {"fast", "slow"}, *const ledgers[] = {"sources", "references"};

static void tell(struct metrics_text *out, const struct metric *metric, int64_t value)
{
    metrics_text_value(out, metric, NULL, value);
}

/* Two series, with |names|. */
static void tell_two(struct metrics_text *out, const struct metric *metric, const char *const *names,
                     const size_t *values)
{
    for (size_t i = 0; i < NAMES; i++)
        metrics_text_value(out, metric, &names[i], (int64_t)values[i]);
}

/* ---- what it is ---- */

static void tell_build(const struct metric *metric, struct metrics_text *out, void *arg)
{
    const struct metrics_turn *turn = arg;

    metrics_text_value(out, metric, (const char *const[]){turn->of.version, turn->of.front}, 1);
}

struct metric node_build = {
    .name = "cmpd_build_info",
    .help = "Always 1; which version this is, and which front.",
    .type = METRIC_GAUGE,
    .labels = {&version, &front},
    .gather = tell_build,
};

static void tell_started(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell(out, metric, ((const struct metrics_turn *)arg)->of.started);
}

struct metric node_started = {
    .name = "process_start_time_seconds",
    .unit = "seconds",
    .help = "When the process began to serve, in seconds since 1970; its counters begin there.",
    .type = METRIC_GAUGE,
    .gather = tell_started,
};

static void tell_configuration(const struct metric *metric, struct metrics_text *out, void *arg)
{
    const struct policy *policy = ((const struct metrics_turn *)arg)->policy;

    metrics_text_value(out, metric, (const char *const[]){policy_config(policy)->node, policy_hash(policy)},
                       1);
}

struct metric node_configuration = {
    .name = "cmpd_configuration_info",
    .help = "Always 1; the name of the node, and the hash of its configuration.",
    .type = METRIC_GAUGE,
    .labels = {&node, &hash},
    .gather = tell_configuration,
};

/* ---- whether it is well ---- */

static void tell_ready(const struct metric *metric, struct metrics_text *out, void *arg)
{
    static _Thread_local char text[HEALTH_TEXT_MAX];

    tell(out, metric, health_ready(((const struct metrics_turn *)arg)->of.health, text) == 200);
}

struct metric node_ready = {
    .name = "cmpd_ready",
    .help = "1 while /readyz says that this node is ready.",
    .type = METRIC_GAUGE,
    .gather = tell_ready,
};

static void tell_draining(const struct metric *metric, struct metrics_text *out, void *arg)
{
    const struct health *health = ((const struct metrics_turn *)arg)->of.health;

    tell(out, metric, atomic_load_explicit(&health->draining, memory_order_relaxed));
}

struct metric node_draining = {
    .name = "cmpd_draining",
    .help = "1 while this node stops.",
    .type = METRIC_GAUGE,
    .gather = tell_draining,
};

static void tell_alarm(struct metrics_text *out, const struct metric *metric, const char *name, int is_on)
{
    metrics_text_value(out, metric, &name, is_on != 0);
}

static int is_ocsp_late(struct ocsp_service *ocsp)
{
    struct ocsp_told told[BOUND_AUTHORITIES];
    size_t count = ocsp != NULL ? ocsp_list(ocsp, told, time(NULL), clock_steady_ms()) : 0;
    int late = 0;

    for (size_t i = 0; i < count; i++)
        late |= told[i].is_late;
    return late;
}

/* Those of jobs are told for jobs that never have one, too: a rule that waits for one must find it. */
static void tell_alarms(const struct metric *metric, struct metrics_text *out, void *arg)
{
    static _Thread_local char crls[CRL_TEXT_MAX], nodes[NODES_TEXT_MAX];
    const struct health *health = ((const struct metrics_turn *)arg)->of.health;
    int late = 0, differ = 0;

    for (size_t i = 0; health->upkeep != NULL && i < UPKEEP_JOBS; i++)
        tell_alarm(out, metric, upkeep_jobs[i]->name, upkeep_alarm(health->upkeep, i));
    if (health->upkeep != NULL)
        upkeep_nodes(health->upkeep, nodes, &differ);
    if (health->crl != NULL)
        crl_text(health->crl, crls, &late);
    tell_alarm(out, metric, "crl_late", late);
    tell_alarm(out, metric, "crl_not_written", health->crl != NULL && crl_is_unwritten(health->crl));
    tell_alarm(out, metric, "ocsp_late", is_ocsp_late(health->ocsp));
    tell_alarm(out, metric, "configurations_differ", differ);
}

struct metric node_alarms = {
    .name = "cmpd_alarm",
    .help = "1 while somebody has to look: a job of upkeep (by its name), a CRL that is late or cannot be "
            "written "
            "where it is to be, an OCSP responder that is late, or nodes that have different configurations.",
    .type = METRIC_GAUGE,
    .labels = {&alarm},
    .gather = tell_alarms,
};

static void tell_keys(const struct metric *metric, struct metrics_text *out, void *arg)
{
    (void)arg;
    tell(out, metric, remote_lost_count());
}

struct metric node_keys_lost = {
    .name = "cmpd_token_lost",
    .help = "Tokens that are lost, and signing keys that are missing from their token.",
    .type = METRIC_GAUGE,
    .gather = tell_keys,
};

/* ---- what it has in hand ---- */

static struct pipeline_load load_of(const void *arg)
{
    struct pipeline_load load;

    pipeline_load(((const struct metrics_turn *)arg)->of.health->pipeline, &load);
    return load;
}

static void tell_jobs(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell(out, metric, (int64_t)load_of(arg).jobs);
}

struct metric node_jobs = {
    .name = "cmpd_jobs",
    .help = "Messages in hand.",
    .type = METRIC_GAUGE,
    .gather = tell_jobs,
};

static void tell_jobs_limit(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell(out, metric, (int64_t)load_of(arg).jobs_max);
}

struct metric node_jobs_limit = {
    .name = "cmpd_jobs_limit",
    .help = "Messages that may be in hand (limits.jobs).",
    .type = METRIC_GAUGE,
    .gather = tell_jobs_limit,
};

static void tell_memory(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell(out, metric, (int64_t)load_of(arg).memory);
}

struct metric node_memory = {
    .name = "cmpd_jobs_memory_bytes",
    .unit = "bytes",
    .help = "Memory that the messages in hand have taken.",
    .type = METRIC_GAUGE,
    .gather = tell_memory,
};

static void tell_lanes(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_two(out, metric, lanes, load_of(arg).queued);
}

struct metric node_lane = {
    .name = "cmpd_lane_jobs",
    .help = "Messages that wait in a lane.",
    .type = METRIC_GAUGE,
    .labels = {&lane},
    .gather = tell_lanes,
};

static void tell_lane_limits(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_two(out, metric, lanes, load_of(arg).bound);
}

struct metric node_lane_limit = {
    .name = "cmpd_lane_jobs_limit",
    .help = "Messages that may wait in a lane (limits.queue_jobs, limits.slow_queue_jobs).",
    .type = METRIC_GAUGE,
    .labels = {&lane},
    .gather = tell_lane_limits,
};

static void tell_workers(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_two(out, metric, lanes, load_of(arg).workers);
}

struct metric node_workers = {
    .name = "cmpd_lane_workers",
    .help = "Threads that serve a lane.",
    .type = METRIC_GAUGE,
    .labels = {&lane},
    .gather = tell_workers,
};

static void tell_ledger(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_two(out, metric, ledgers, load_of(arg).used);
}

struct metric node_ledger = {
    .name = "cmpd_ledger_places",
    .help = "Places of a ledger that were ever given to somebody.",
    .type = METRIC_GAUGE,
    .labels = {&ledger},
    .gather = tell_ledger,
};

static void tell_ledger_limit(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_two(out, metric, ledgers, load_of(arg).places);
}

struct metric node_ledger_limit = {
    .name = "cmpd_ledger_places_limit",
    .help = "Places of a ledger.",
    .type = METRIC_GAUGE,
    .labels = {&ledger},
    .gather = tell_ledger_limit,
};

static void tell_crowded(const struct metric *metric, struct metrics_text *out, void *arg)
{
    struct pipeline_load load = load_of(arg);

    tell_two(out, metric, ledgers, (const size_t[]){load.crowded[0], load.crowded[1]});
}

struct metric node_crowded = {
    .name = "cmpd_ledger_crowded",
    .help = "Times that a ledger had no place for somebody, who was counted together with others.",
    .type = METRIC_COUNTER,
    .labels = {&ledger},
    .gather = tell_crowded,
};

/* ---- engines ---- */

static void tell_engines(const struct metric *metric, struct metrics_text *out, void *arg)
{
    (void)arg;
    for (int i = 0; i < ENGINE_COUNT; i++)
        metrics_text_value(out, metric, (const char *const[]){engine_name((enum engine_id)i)},
                           engine_usable((enum engine_id)i));
}

struct metric node_engines = {
    .name = "cmpd_engine_usable",
    .help = "1 if this machine can run the engine, and its answers were right at the start.",
    .type = METRIC_GAUGE,
    .labels = {&engine},
    .gather = tell_engines,
};

static void tell_engine_lanes(const struct metric *metric, struct metrics_text *out, void *arg)
{
    (void)arg;
    for (int i = 0; i < ENGINE_COUNT; i++)
        metrics_text_value(out, metric, (const char *const[]){engine_name((enum engine_id)i)},
                           (int64_t)engine_lanes((enum engine_id)i));
}

struct metric node_engine_lanes = {
    .name = "cmpd_engine_lanes",
    .help = "Signatures that the engine computes at once.",
    .type = METRIC_GAUGE,
    .labels = {&engine},
    .gather = tell_engine_lanes,
};

static void tell_routes(const struct metric *metric, struct metrics_text *out, void *arg)
{
    const struct key_algorithm *keys;

    (void)arg;
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++) {
        const struct engine_route *route = engine_route_of((enum key_kind)kind);
        if ((keys = key_algorithm((enum key_kind)kind)) == NULL)
            continue;
        metrics_text_value(out, metric, (const char *const[]){keys->name, engine_name(route->wide), "wide"},
                           1);
        metrics_text_value(out, metric,
                           (const char *const[]){keys->name, engine_name(route->narrow), "narrow"}, 1);
    }
}

struct metric node_routes = {
    .name = "cmpd_engine_route_info",
    .help =
        "Always 1; which engine computes with keys of a kind: many at once (wide), and the rest (narrow).",
    .type = METRIC_GAUGE,
    .labels = {&key, &engine, &role},
    .gather = tell_routes,
};
