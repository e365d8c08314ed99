/* serve.c: wants in any number, in bounded rounds. */
#include <criterion/criterion.h>

#include "server/pipeline/internal.h"

/* One message that wants as many things as the test says, and is done when it is resumed. */
static const struct cmp_want *wanted;
static unsigned resumed;

static const struct cmp_want *fake_wants(const struct task *task)
{
    (void)task;
    return wanted;
}

static void fake_resume(struct task *task, int64_t now_ms)
{
    (void)task;
    (void)now_ms;
    wanted = NULL;
    resumed++;
}

static unsigned largest, calls, verified;

static void fake_verify(struct verification *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cr_assert_not(items[i]->valid, "verified twice");
        items[i]->valid = 1;
    }
    verified += (unsigned)count;
    calls += count != 0;
    largest = count > largest ? (unsigned)count : largest;
}

static unsigned fetched, committed, finished;
static int refuses_fetches, refuses_commits;

static int fake_fetch(struct store *store, struct store_fetch *const *items, void *const *args, size_t n,
                      store_done *done)
{
    (void)store;
    if (refuses_fetches)
        return 0;
    for (size_t i = 0; i < n; i++) {
        items[i]->outcome = STORE_ABSENT;
        done(args[i]);
    }
    fetched += (unsigned)n;
    largest = n > largest ? (unsigned)n : largest;
    return 1;
}

static int fake_commit(struct store *store, struct store_unit *const *units, void *const *args, size_t n,
                       store_done *done)
{
    (void)store;
    if (refuses_commits)
        return 0;
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(units[i]->outcome, STORE_UNKNOWN, "committed twice");
        units[i]->outcome = STORE_DONE;
        done(args[i]);
    }
    committed += (unsigned)n;
    largest = n > largest ? (unsigned)n : largest;
    return 1;
}

static unsigned sign_batches, sent_elsewhere;
static int refuses_signings;

static void fake_sign(struct signing *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(items[i]->signature_len, 0, "signed twice");
        items[i]->signature_len = 1;
    }
    sign_batches += count != 0;
    largest = count > largest ? (unsigned)count : largest;
}

/* A key that says so is in a token. */
static const struct private_key *const remote_key = (const struct private_key *)&refuses_signings;

static int fake_is_remote(const struct private_key *key)
{
    return key == remote_key;
}

static int fake_elsewhere(struct signing *item, store_done *done, void *arg)
{
    if (refuses_signings)
        return 0;
    item->signature_len = 2;
    sent_elsewhere++;
    done(arg);
    return 1;
}

static void fake_finish(struct task *task)
{
    (void)task;
    finished++;
}

static unsigned returned;

static void fake_return(struct task *task)
{
    (void)task;
    returned++;
}

#define task_wants fake_wants
#define task_resume fake_resume
#define verify_batch fake_verify
#define store_fetch(...) fake_fetch(__VA_ARGS__)
#define store_commit fake_commit
#define sign_batch fake_sign
#define sign_elsewhere fake_elsewhere
#define private_key_is_remote fake_is_remote
#define task_finish fake_finish
#define worker_return fake_return
#define inner_admit(worker, task) 1
#include "server/pipeline/serve.c"

enum { MANY = 10 * ROUND_WANTS + 7 };

static struct pipeline pipeline;
static struct worker worker = {.pipeline = &pipeline};
static struct task task;
static struct cmp_want wants[MANY];
static struct verification verifications[MANY];
static struct store_fetch fetches[MANY];
static struct store_unit units[MANY];
static struct signing signings[MANY];

/* Makes |count| wants of one |kind|, which the test has to fill in. */
static void want(size_t count, enum cmp_want_kind kind)
{
    for (size_t i = 0; i < count; i++)
        wants[i] = (struct cmp_want){.next = i + 1 < count ? &wants[i + 1] : NULL, .kind = kind};
    wanted = wants;
}

/* counted returns how many items of |stage| were counted, and in |*batches| in how many. */
static uint64_t counted(enum pipeline_stage stage, uint64_t *batches)
{
    uint64_t buckets[METRIC_BUCKETS_MAX], sum;

    metric_read_histogram(&pipeline_batches, stage, buckets, &sum);
    *batches = 0;
    for (size_t i = 0; i <= pipeline_batches.buckets->count; i++)
        *batches += buckets[i];
    return sum;
}

static void count(void)
{
    static struct metric *const table[] = {&pipeline_batches, &pipeline_stages};

    metrics_begin(table, 2);
}

TestSuite(serve, .init = count);

Test(serve, more_verifications_than_a_round_holds_are_all_served)
{
    uint64_t batches;

    for (size_t i = 0; i < MANY; i++)
        wants[i] = (struct cmp_want){.next = i + 1 < MANY ? &wants[i + 1] : NULL,
                                     .kind = CMP_WANT_VERIFY,
                                     .u.verify = &verifications[i]};
    wanted = wants;
    serve(&worker, &task);
    cr_assert_eq(verified, MANY);
    cr_assert_eq(largest, ROUND_WANTS);
    cr_assert_eq(calls, 11);
    cr_assert_eq(counted(STAGE_VERIFY, &batches), MANY);
    cr_assert_eq(batches, calls);
    cr_assert_eq(resumed, 1);
    cr_assert_eq(finished, 1);
}

/* The task is handed back once, after the last of them, though the first were answered before the last were
 * asked. */
Test(serve, more_look_ups_than_a_round_holds_bring_the_task_back_once)
{
    for (size_t i = 0; i < MANY; i++)
        wants[i] = (struct cmp_want){
            .next = i + 1 < MANY ? &wants[i + 1] : NULL, .kind = CMP_WANT_FETCH, .u.fetch = &fetches[i]};
    wanted = wants;
    serve(&worker, &task);
    cr_assert_eq(fetched, MANY);
    cr_assert_eq(largest, ROUND_WANTS);
    cr_assert_eq(returned, 1);
    cr_assert_eq(resumed, 0);
    for (size_t i = 0; i < MANY; i++)
        cr_assert_eq(fetches[i].outcome, STORE_ABSENT);
}

Test(serve, more_units_than_a_round_holds_are_all_committed)
{
    want(MANY, CMP_WANT_COMMIT);
    for (size_t i = 0; i < MANY; i++) {
        units[i].outcome = STORE_UNKNOWN;
        wants[i].u.commit = &units[i];
    }
    serve(&worker, &task);
    cr_assert_eq(committed, MANY);
    cr_assert_eq(largest, BOUND_BATCH);
    cr_assert_eq(returned, 1);
    cr_assert_eq(resumed, 0);
}

Test(serve, more_signatures_than_a_round_holds_are_all_made)
{
    uint64_t batches;

    want(MANY, CMP_WANT_SIGN);
    for (size_t i = 0; i < MANY; i++)
        wants[i].u.sign = &signings[i];
    serve(&worker, &task);
    for (size_t i = 0; i < MANY; i++)
        cr_assert_eq(signings[i].signature_len, 1);
    cr_assert_eq(largest, BOUND_BATCH);
    cr_assert_eq(counted(STAGE_SIGN, &batches), MANY);
    cr_assert_eq(batches, sign_batches);
    cr_assert_eq(resumed, 1);
    cr_assert_eq(returned, 0);
}

/* A queue that is full is as good as no store: each want says so, and the task goes on, once. */
Test(serve, what_the_store_does_not_take_is_unavailable)
{
    enum { FEW = 3 };

    refuses_fetches = 1;
    want(FEW, CMP_WANT_FETCH);
    for (size_t i = 0; i < FEW; i++)
        wants[i].u.fetch = &fetches[i];
    serve(&worker, &task);
    for (size_t i = 0; i < FEW; i++)
        cr_assert_eq(fetches[i].outcome, STORE_FETCH_UNAVAILABLE);
    cr_assert_eq(returned, 1);

    refuses_commits = 1;
    want(FEW, CMP_WANT_COMMIT);
    for (size_t i = 0; i < FEW; i++) {
        units[i].outcome = STORE_DONE;
        wants[i].u.commit = &units[i];
    }
    serve(&worker, &task);
    for (size_t i = 0; i < FEW; i++)
        cr_assert_eq(units[i].outcome, STORE_UNAVAILABLE, "unit %zu counts as done", i);
    cr_assert_eq(returned, 2);
    cr_assert_eq(resumed, 0);
}

/* The list that was refused is not offered again with the next one. */
Test(serve, what_the_store_does_not_take_is_not_kept)
{
    refuses_fetches = 1;
    want(ROUND_WANTS + 1, CMP_WANT_FETCH);
    for (size_t i = 0; i <= ROUND_WANTS; i++)
        wants[i].u.fetch = &fetches[i];
    serve(&worker, &task);
    cr_assert_eq(fetches[ROUND_WANTS].outcome, STORE_FETCH_UNAVAILABLE);
    cr_assert_eq(returned, 1);
}

/* What a token does not take has no signature; the task goes on all the same. */
Test(serve, signatures_of_tokens_bring_the_task_back_once)
{
    want(3, CMP_WANT_SIGN);
    for (size_t i = 0; i < 3; i++) {
        signings[i].key = i != 1 ? remote_key : NULL;
        wants[i].u.sign = &signings[i];
    }
    serve(&worker, &task);
    cr_assert_eq(sent_elsewhere, 2);
    cr_assert_eq(signings[0].signature_len, 2);
    cr_assert_eq(signings[1].signature_len, 1, "one of a key in a file goes along");
    cr_assert_eq(returned, 1);
    cr_assert_eq(resumed, 0);

    refuses_signings = 1;
    signings[0].signature_len = 0;
    want(1, CMP_WANT_SIGN);
    wants[0].u.sign = &signings[0];
    serve(&worker, &task);
    cr_assert_eq(signings[0].signature_len, 0);
    cr_assert_eq(returned, 2);
}
