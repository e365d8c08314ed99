/* serve.c: wants in any number, in bounded rounds. */
#include <criterion/criterion.h>

#include "server/pipeline/internal.h"

/* One message that wants as many things as the test says, and is done when it is resumed. */
static const struct cmp_want *wanted;
static unsigned resumed;

static const struct cmp_want *fake_wants(const struct cmp_message *message)
{
    (void)message;
    return wanted;
}

static void fake_resume(struct cmp_message *message, int64_t now_ms)
{
    (void)message;
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

static unsigned fetched, finished;

static int fake_fetch(struct store *store, struct store_fetch *const *items, void *const *args, size_t n,
                      store_done *done)
{
    (void)store;
    for (size_t i = 0; i < n; i++) {
        items[i]->outcome = STORE_ABSENT;
        done(args[i]);
    }
    fetched += (unsigned)n;
    largest = n > largest ? (unsigned)n : largest;
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

#define cmp_wants fake_wants
#define cmp_resume fake_resume
#define verify_batch fake_verify
#define store_fetch(...) fake_fetch(__VA_ARGS__)
#define task_finish fake_finish
#define worker_return fake_return
#include "server/pipeline/serve.c"

enum { MANY = 10 * ROUND_WANTS + 7 };

static struct pipeline pipeline;
static struct worker worker = {.pipeline = &pipeline};
static struct task task;
static struct cmp_want wants[MANY];
static struct verification verifications[MANY];
static struct store_fetch fetches[MANY];

Test(serve, more_verifications_than_a_round_holds_are_all_served)
{
    for (size_t i = 0; i < MANY; i++)
        wants[i] = (struct cmp_want){.next = i + 1 < MANY ? &wants[i + 1] : NULL,
                                     .kind = CMP_WANT_VERIFY,
                                     .u.verify = &verifications[i]};
    wanted = wants;
    serve(&worker, &task);
    cr_assert_eq(verified, MANY);
    cr_assert_eq(largest, ROUND_WANTS);
    cr_assert_eq(calls, 11);
    cr_assert_eq(worker.tally.verifications, MANY);
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
