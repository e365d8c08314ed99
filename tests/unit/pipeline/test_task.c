/* task.c: where a task goes when it begins, what it is charged for, and that its end lets go of everything.
 */
#include <criterion/criterion.h>

#include "server/pipeline/internal.h"
#include "tests/support/capture.h"
#include "tests/support/must.h"

/* A message that costs and ends as the test says. */
static uint64_t price_us;
static struct cmp_result the_result, inner_result;
static const struct cmp_message *const the_inner = (const struct cmp_message *)&inner_result;
static const struct cmp_want a_want;
static int inner_is_done = 1;
static enum guess_verdict verdict;
static int no_memory, no_route, admits = 1;
static unsigned guesses_refused, ended, judged, admitted, policies_held, guesses_held, answered;
static const char *refused_with;

static struct policy *fake_acquire(struct policy *policy)
{
    policies_held++;
    return policy;
}

static void fake_release(struct policy *policy)
{
    policies_held -= policy != NULL;
}

static int fake_route(const struct policy *policy, struct cmp_route *out, struct bytes path)
{
    (void)policy;
    (void)path;
    *out = (struct cmp_route){0};
    return !no_route;
}

static struct cmp_message *fake_start(void)
{
    return no_memory ? NULL : (struct cmp_message *)&the_result;
}

static void fake_end(struct cmp_message *message)
{
    ended += message != NULL;
}

/* A query of two certificates, which ends as the test says. */
static struct ocsp_kept the_kept;
static unsigned queries_ended;

static struct ocsp_query *fake_query(void)
{
    return no_memory ? NULL : (struct ocsp_query *)&the_kept;
}

static void fake_query_end(struct ocsp_query *query)
{
    queries_ended += query != NULL;
}

static enum guess_verdict fake_admit(struct task *task)
{
    (void)task;
    guesses_held++;
    return verdict;
}

static int fake_slow(struct task *task, const char **why)
{
    (void)task;
    admitted++;
    *why = "too many";
    return admits;
}

static void fake_refuse(struct job *job, enum job_end end, const char *text)
{
    job->end = end;
    refused_with = text;
}

static void on_done(struct job *job)
{
    (void)job;
    answered++;
}

#define policy_acquire fake_acquire
#define policy_release fake_release
#define policy_route fake_route
#define policy_paths(policy, arena) ((void)(policy), (void)(arena), "/here")
#define cmp_start(...) fake_start()
#define cmp_end fake_end
#define ocsp_start(...) fake_query()
#define ocsp_end fake_query_end
#define ocsp_certificates(query) ((void)(query), 2)
#define ocsp_result(query) ((void)(query), &the_kept)
#define cmp_price_us(message) price_us
#define cmp_result(message, out) (*(out) = (message) == the_inner ? inner_result : the_result)
#define cmp_wants(message) ((message) == the_inner && !inner_is_done ? &a_want : NULL)
#define inner_leave(task) ((task)->inner = NULL)
#define cmp_refuse_guess(message) guesses_refused++
#define guess_admit(pipeline, task) fake_admit(task)
#define guess_judge(task, out) ((void)(out), judged++)
#define guess_leave(task) (guesses_held = 0)
#define slow_admit(pipeline, task, why) fake_slow(task, why)
#define pipeline_refuse(job, end, fail_info, text) fake_refuse(job, end, text)
/* NOLINTNEXTLINE(bugprone-suspicious-include): what it calls is the test's */
#include "server/pipeline/task.c"

enum { BOUND = 16, SLOW_US = 1000 };

static struct pipeline pipeline;
static struct worker *worker;
static struct task task;
static atomic_int *debt;

static void set_up(void)
{
    pipeline.limits.jobs = BOUND;
    pipeline.limits.slow_job_us = SLOW_US;
    pipeline.sources = ledger_new(BOUND);
    must(pipeline.sources != NULL && lane_init(&pipeline.fast, &pipeline, 0, BOUND, 1, 1));
    worker = pipeline.fast.workers;
    worker->policy = (struct policy *)&the_result; /* nobody looks into it */
    task.job.source = ledger_pin(pipeline.sources, 1, ledger_now());
    task.job.on_done = on_done;
    task.pipeline = &pipeline;
    debt = &task.job.source->flows[0].debt_us;
    the_result.event = inner_result.event = "test";
}

static void tear_down(void)
{
    worker->policy = NULL;
    lane_cleanup(&pipeline.fast);
    ledger_free(pipeline.sources);
}

TestSuite(task, .init = set_up, .fini = tear_down);

/* What a task holds is let go, and its job given back, once. */
static void expect_answered(const char *text)
{
    cr_assert_eq(answered, 1);
    cr_assert_null(task.message);
    cr_assert_null(task.policy);
    cr_assert_eq(policies_held, 0);
    cr_assert_eq(guesses_held, 0);
    cr_assert_eq(refused_with == NULL, text == NULL);
    if (text != NULL)
        cr_assert_not_null(strstr(refused_with, text), "%s", refused_with);
}

/* limits.slow_job_us: what costs more is slow; what costs as much is not. */
Test(task, what_costs_more_than_the_bound_is_slow)
{
    price_us = SLOW_US;
    cr_assert(task_begin(worker, &task));
    cr_assert_eq(admitted, 0);
    cr_assert_eq(atomic_load(debt), BOUND_TASK_US + SLOW_US);
    cr_assert_eq(task.home, worker);
    task.message = NULL;
    atomic_store(debt, 0);
    price_us = SLOW_US + 1;
    cr_assert_not(task_begin(worker, &task));
    cr_assert_eq(admitted, 1);
    cr_assert_eq(atomic_load(debt), BOUND_TASK_US, "what it costs is charged in the other lane");
    cr_assert_eq(answered, 0);
    /* There it is found as it was left. */
    cr_assert(task_begin(worker, &task));
    cr_assert_eq(atomic_load(debt), 2 * BOUND_TASK_US + SLOW_US + 1);
    cr_assert_eq(admitted, 1);
}

Test(task, what_the_slow_lane_does_not_take_is_answered)
{
    price_us = SLOW_US + 1;
    admits = 0;
    cr_assert_not(task_begin(worker, &task));
    cr_assert_eq(task.job.end, JOB_BUSY);
    expect_answered("too many");
    cr_assert_eq(ended, 1);
}

/* Nothing is derived for it, and nothing looked up: it is charged for what it was. */
Test(task, who_guesses_too_often_is_charged_for_a_task)
{
    price_us = SLOW_US + 1;
    verdict = GUESS_REFUSE;
    cr_assert(task_begin(worker, &task));
    cr_assert_eq(guesses_refused, 1);
    cr_assert_eq(admitted, 0);
    cr_assert_eq(atomic_load(debt), BOUND_TASK_US);
    task.message = NULL;
    verdict = GUESS_WAIT;
    cr_assert_not(task_begin(worker, &task));
    cr_assert_eq(atomic_load(debt), 2 * BOUND_TASK_US);
    cr_assert_eq(task.job.end, JOB_BUSY);
}

Test(task, a_path_that_is_none_and_memory_that_is_none_are_answered)
{
    no_route = 1;
    cr_assert_not(task_begin(worker, &task));
    cr_assert_eq(task.job.end, JOB_NO_ROUTE);
    expect_answered("no CMP service");
    cr_expect_null(strstr(refused_with, "/here"), "%s", refused_with);
    no_route = 0;
    no_memory = 1;
    answered = 0;
    cr_assert_not(task_begin(worker, &task));
    cr_assert_eq(task.job.end, JOB_BUSY);
    expect_answered("memory bound");
}

/* Which there are is told while somebody looks for a fault, and to no stranger else. */
Test(task, the_paths_that_there_are_are_told_at_debug)
{
    no_route = 1;
    task.job.arena = arena_new(65536);
    log_set_level(LOG_DEBUG);
    cr_assert_not(task_begin(worker, &task));
    expect_answered("no CMP service at this path: there are /here");
    arena_free(task.job.arena);
}

/* RFC 9811 3.1: a 503 has a PKIMessage as its body, also where memory was too short to make one. */
Test(task, an_answer_that_could_not_be_made_is_made_from_the_header)
{
    cr_assert(task_begin(worker, &task));
    the_result.end = JOB_BUSY;
    task_finish(&task);
    expect_answered("no memory for this message");
    cr_assert_eq(judged, 1);
    cr_assert_eq(ended, 1);
}

Test(task, an_answer_that_was_made_is_given)
{
    cr_assert(task_begin(worker, &task));
    the_result.end = JOB_BUSY;
    the_result.reply = bytes_str("a reply");
    task_finish(&task);
    expect_answered(NULL);
    cr_assert(bytes_equal(task.job.reply, bytes_str("a reply")));
    cr_assert_eq(task.job.end, JOB_BUSY);
}

Test(task, what_is_dropped_is_let_go_without_an_answer)
{
    cr_assert(task_begin(worker, &task));
    task_drop(&task);
    expect_answered(NULL);
    cr_assert_eq(task.job.reply.len, 0);
    cr_assert_eq(judged, 0);
    cr_assert_eq(ended, 1);
}

static size_t lines_logged(void)
{
    size_t lines = 0;

    for (const char *at = logged; (at = strstr(at, "event=test")) != NULL; at++)
        lines++;
    return lines;
}

/* Each that came to its end is judged and has a line, and the one in which they came has one if it is
 * refused for a reason of its own. */
Test(task, messages_in_a_message_are_told_of)
{
    struct task inner = {.message = (struct cmp_message *)(uintptr_t)the_inner};

    for (int refused = 0; refused <= 2; refused++) /* 2: as all of them were, and for nothing else */
        for (inner_is_done = 0; inner_is_done <= 1; inner_is_done++) {
            judged = 0;
            cr_assert(task_begin(worker, &task));
            task.inner = &inner;
            the_result.refused = refused != 0;
            the_result.text = refused == 1 ? "why" : NULL;
            the_result.carried = 1;
            CAPTURE(task_finish(&task));
            cr_expect_eq(judged, (unsigned)(1 + inner_is_done));
            cr_expect_eq(lines_logged(), (size_t)((refused == 1) + inner_is_done), "%s", logged);
            cr_expect_null(task.inner);
        }
}

/* Each certificate is a look into the store; whoever asks proves nothing, and nothing is said of him. */
Test(task, a_query_of_OCSP_is_charged_by_its_certificates)
{
    task.job.kind = JOB_OCSP;
    no_route = 1; /* nobody asks for one */
    cr_assert(task_begin(worker, &task));
    cr_assert_eq(atomic_load(debt), 3 * BOUND_TASK_US);
    the_kept = (struct ocsp_kept){.der = bytes_str("a response"), .times = {1, 2, 3}};
    task_finish(&task);
    expect_answered(NULL);
    cr_assert_eq(queries_ended, 1);
    cr_assert_eq(judged, 0);
    cr_assert_eq(task.job.end, JOB_ANSWERED);
    cr_assert(bytes_equal(task.job.reply, bytes_str("a response")));
    cr_assert_null(task.job.validity, "no cache may keep it");
}

Test(task, what_caches_may_keep_says_for_how_long)
{
    task.job.kind = JOB_OCSP;
    cr_assert(task_begin(worker, &task));
    the_kept = (struct ocsp_kept){.der = bytes_str("a response"), .tag = "\"tag\"", .times = {1, 2, 3}};
    task_finish(&task);
    cr_assert_not_null(task.job.validity);
    cr_assert_str_eq(task.job.validity->tag, "\"tag\"");
    cr_assert_eq(task.job.validity->modified, 1);
    cr_assert_eq(task.job.validity->fresh_until, 2);
    cr_assert_eq(task.job.validity->expires, 3);
}

Test(task, a_query_without_memory_is_answered)
{
    task.job.kind = JOB_OCSP;
    no_memory = 1;
    cr_assert_not(task_begin(worker, &task));
    cr_assert_eq(task.job.end, JOB_BUSY);
    expect_answered("memory bound");
}
