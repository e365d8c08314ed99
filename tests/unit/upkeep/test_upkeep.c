/* upkeep.c: the thread that does it, and what it does each second. */
#include <pthread.h>
#include <stdatomic.h>

/* How often a thread has begun to wait; with |waits_for_ever| only a call ends it, and no second. */
static atomic_uint waits;
static atomic_int waits_for_ever;

static int wait_or_not(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
    atomic_fetch_add(&waits, 1);
    return atomic_load(&waits_for_ever) ? pthread_cond_wait(cond, mutex)
                                        : pthread_cond_timedwait(cond, mutex, until);
}

#define pthread_cond_timedwait wait_or_not
#include "server/upkeep/upkeep.c"
#undef pthread_cond_timedwait

#include "server/upkeep/seal.h"

#include <sys/stat.h>

#include "tests/unit/upkeep/fixture.h"

TestSuite(upkeep, .init = set_up, .fini = tear_down, .timeout = 60);

/* Somebody has served before. */
static void serve_at(int64_t now)
{
    struct store_unit served = {.alive_at = now, .alive_gap = 15};

    cr_assert(store_commit_wait(store, &served));
}

static void begin(uint32_t n, int64_t deadline)
{
    struct enrollment e;

    enrollment_init(&e, 1, n);
    e.tx.deadline = deadline;
    cr_assert(store_commit_wait(store, &e.unit));
    enrollment_cleanup(&e);
}

static enum store_tx_state state_of(uint32_t n)
{
    struct enrollment e;

    enrollment_init(&e, 1, n);
    struct store_fetch f = fetch_row(store, STORE_TRANSACTIONS, e.tx.transaction_id);
    cr_assert_eq(f.outcome, STORE_FOUND);
    enum store_tx_state state = ((const struct store_tx *)f.rows)->state;
    arena_free(f.arena);
    enrollment_cleanup(&e);
    return state;
}

static void a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

Test(upkeep, what_is_overdue_is_ended)
{
    begin(1, time(NULL) - 1);
    begin(2, time(NULL) + 1000);
    struct upkeep *upkeep = upkeep_new(demo.policy, store, NULL);
    cr_assert_not_null(upkeep);
    while (state_of(1) == STORE_TX_WAIT_CONFIRM)
        a_moment();
    cr_assert_eq(state_of(1), STORE_TX_ENDED);
    cr_assert_eq(state_of(2), STORE_TX_WAIT_CONFIRM);
    cr_assert_not(upkeep_has_alarm(upkeep));
    upkeep_free(upkeep);
}

/* After the whole service was away, devices get the time that they could not use. */
Test(upkeep, an_outage_puts_deadlines_off_before_anything_is_ended)
{
    int64_t now = time(NULL);

    serve_at(now - 1000);
    begin(1, now - 500);
    struct upkeep *upkeep = upkeep_new(demo.policy, store, NULL);
    for (int64_t deadline = now - 500; deadline == now - 500;) {
        struct enrollment e;
        enrollment_init(&e, 1, 1);
        struct store_fetch f = fetch_row(store, STORE_TRANSACTIONS, e.tx.transaction_id);
        deadline = ((const struct store_tx *)f.rows)->deadline;
        arena_free(f.arena);
        enrollment_cleanup(&e);
        a_moment();
    }
    cr_assert_eq(state_of(1), STORE_TX_WAIT_CONFIRM);
    upkeep_free(upkeep);
}

Test(upkeep, an_alarm_lasts_until_the_configuration_is_loaded_again)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, "confirm_revoke_max: 60", "confirm_revoke_max: 1"));
    begin(1, time(NULL) - 10);
    begin(2, time(NULL) - 5);
    struct upkeep *upkeep = upkeep_new(demo.policy, store, NULL);
    while (!upkeep_has_alarm(upkeep))
        a_moment();
    cr_assert_eq(state_of(1), STORE_TX_ENDED);
    cr_assert_eq(state_of(2), STORE_TX_WAIT_CONFIRM);
    upkeep_set_policy(upkeep, demo.policy);
    upkeep_resume(upkeep);
    while (state_of(2) == STORE_TX_WAIT_CONFIRM)
        a_moment();
    upkeep_free(upkeep);
    cr_assert_not(upkeep_has_alarm(NULL));
}

static int count_seal(void *arg, const void *row)
{
    (void)row;
    ++*(size_t *)arg;
    return 1;
}

static size_t seals(void)
{
    char fault[STORE_FAULT_MAX];
    size_t count = 0;

    cr_assert(store_each(store, fault, STORE_SEALS, bytes_of(NULL, 0), count_seal, &count), "%s", fault);
    return count;
}

static void long_jobs(struct upkeep *upkeep, int64_t now_ms)
{
    atomic_store(&upkeep->served, now_ms / 1000);
    run_jobs(upkeep, UPKEEP_LONG, &(struct upkeep_turn){demo.policy, store, now_ms, NULL, NULL});
}

/* Without their last act: that of seal_heads_job is to seal once more. */
static void end_long_jobs(struct upkeep *upkeep)
{
    seal_job_end(duty_of(upkeep, &seal_heads_job)->state);
    expiring_end(duty_of(upkeep, &expiring_job)->state);
    for (size_t i = 0; i < UPKEEP_JOBS; i++)
        free(upkeep->duties[i].state);
}

/* A vendor's new CRL brings a new policy about, and takes back no alarm. */
Test(upkeep, a_new_policy_alone_lets_no_job_go_on)
{
    struct config_fault fault;
    struct upkeep upkeep = {.store = store, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct strand strand = {.upkeep = &upkeep, .of = UPKEEP_LONG};

    cr_assert(demo_edit(&demo, &fault, "confirm_revoke_max: 60", "confirm_revoke_max: 1"));
    begin(1, NOW - 10);
    begin(2, NOW - 5);
    upkeep.policy = policy_acquire(demo.policy);
    serve_at(NOW);
    cr_assert(begin_jobs(&upkeep, NOW));
    long_jobs(&upkeep, NOW * 1000LL);
    cr_assert(upkeep_has_alarm(&upkeep));
    upkeep_set_policy(&upkeep, demo.policy);
    resume_jobs(&strand, upkeep.resumed);
    long_jobs(&upkeep, NOW * 1000LL + 1000);
    cr_expect(upkeep_has_alarm(&upkeep));
    cr_expect_eq(state_of(2), STORE_TX_WAIT_CONFIRM);
    upkeep_resume(&upkeep);
    resume_jobs(&strand, upkeep.resumed);
    long_jobs(&upkeep, NOW * 1000LL + 2000);
    cr_expect_not(upkeep_has_alarm(&upkeep));
    cr_expect_eq(state_of(2), STORE_TX_ENDED);
    end_long_jobs(&upkeep);
    policy_release(upkeep.policy);
}

/* deploy/manual/audit.md: "Every minute, and when it ends". Time is passed in. */
Test(upkeep, the_audit_log_is_sealed_every_minute)
{
    enum { SECOND = 1000, MINUTE = 60 * SECOND };
    struct upkeep upkeep = {.store = store};
    int64_t begin = NOW * 1000LL;

    cr_assert(begin_jobs(&upkeep, NOW));
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    for (int64_t at = SECOND; at < MINUTE; at += SECOND)
        long_jobs(&upkeep, begin + at);
    cr_assert_eq(seals(), 0);
    long_jobs(&upkeep, begin + MINUTE);
    cr_assert_eq(seals(), 1);

    cr_assert_eq(commit_one(store, 1, 2), STORE_DONE);
    long_jobs(&upkeep, begin + 2 * MINUTE - SECOND);
    cr_assert_eq(seals(), 1);
    long_jobs(&upkeep, begin + 2 * MINUTE);
    cr_assert_eq(seals(), 2);

    /* An operator has set the clock: nobody waits until it has caught up. */
    cr_assert_eq(commit_one(store, 1, 3), STORE_DONE);
    long_jobs(&upkeep, begin);
    cr_assert_eq(seals(), 3);
    end_long_jobs(&upkeep);
}

/* What may end transactions runs only just after this node was known to serve: a process that slept does not
 * end what it could not have confirmed. */
Test(upkeep, long_jobs_wait_until_the_node_serves)
{
    struct upkeep upkeep = {.store = store};
    const struct upkeep_turn turn = {demo.policy, store, NOW * 1000LL, NULL, NULL};

    cr_assert(begin_jobs(&upkeep, NOW));
    serve_at(NOW);
    begin(1, NOW - 1);
    run_jobs(&upkeep, UPKEEP_LONG, &turn);
    cr_assert_eq(state_of(1), STORE_TX_WAIT_CONFIRM, "before it said that it serves");
    atomic_store(&upkeep.served, NOW - SERVICE_AGE - 1);
    run_jobs(&upkeep, UPKEEP_LONG, &turn);
    cr_assert_eq(state_of(1), STORE_TX_WAIT_CONFIRM, "it said so too long ago");
    atomic_store(&upkeep.served, NOW + 1);
    run_jobs(&upkeep, UPKEEP_LONG, &turn);
    cr_assert_eq(state_of(1), STORE_TX_WAIT_CONFIRM, "the clock was set back since");
    atomic_store(&upkeep.served, NOW - SERVICE_AGE);
    run_jobs(&upkeep, UPKEEP_LONG, &turn);
    cr_assert_eq(state_of(1), STORE_TX_ENDED);
    end_long_jobs(&upkeep);
}

/* A store that takes nothing serves nobody: nothing is ended on its word. */
Test(upkeep, a_node_that_cannot_say_so_does_not_serve)
{
    struct upkeep upkeep = {.store = store};

    cr_assert(begin_jobs(&upkeep, NOW));
    run_job(&upkeep, &nodes_job, &(struct upkeep_turn){demo.policy, store, NOW * 1000LL, NULL, NULL});
    cr_assert(serves(&upkeep, NOW));
    cr_assert_not(serves(&upkeep, NOW + SERVICE_AGE + 1));
    /* A store that is opened to be read takes nothing. */
    char fault[STORE_FAULT_MAX];
    struct store *deaf = store_open_to_read(fault, policy_config(demo.policy)->store, "deaf");
    cr_assert_not_null(deaf, "%s", fault);
    run_job(&upkeep, &nodes_job,
            &(struct upkeep_turn){demo.policy, deaf, (NOW + BOUND_ALIVE_EVERY) * 1000LL, NULL, NULL});
    cr_assert_not(serves(&upkeep, NOW + BOUND_ALIVE_EVERY));
    store_close(deaf);
    nodes_cleanup(duty_of(&upkeep, &nodes_job)->state);
    end_long_jobs(&upkeep);
}

/* A configuration is in use at once, in all threads. */
Test(upkeep, a_new_configuration_waits_for_no_second)
{
    atomic_store(&waits_for_ever, 1);
    struct upkeep *upkeep = upkeep_new(demo.policy, store, NULL);
    cr_assert_not_null(upkeep);
    while (atomic_load(&waits) < UPKEEP_STRANDS)
        a_moment();
    upkeep_set_policy(upkeep, demo.policy); /* under the lock: all of them wait by now */
    while (atomic_load(&waits) < 2 * UPKEEP_STRANDS)
        a_moment();
    cr_assert_neq(atomic_load(&upkeep->served), 0, "the jobs were run");
    upkeep_free(upkeep);
}

/* A job that failed is tried again the second after, whatever its turn is. */
Test(upkeep, a_job_that_failed_is_tried_again_at_once)
{
    enum { SECOND = 1000, MINUTE = 60 * SECOND };
    struct upkeep upkeep = {.store = store};
    const char *path = policy_config(demo.policy)->audit_seal_file;
    int64_t begin = NOW * 1000LL;
    struct stat st;

    cr_assert(begin_jobs(&upkeep, NOW));
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    unlink(path);
    cr_assert_eq(mkdir(path, 0700), 0, "what cannot be written");
    long_jobs(&upkeep, begin + MINUTE);
    cr_assert_eq(rmdir(path), 0);
    long_jobs(&upkeep, begin + MINUTE + SECOND);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_gt(st.st_size, 0);
    cr_assert_eq(seals(), 1);
    end_long_jobs(&upkeep);
}

/* Whoever tells of alarms tells them by it. */
Test(upkeep, every_job_has_a_name_of_its_own)
{
    for (size_t i = 0; i < UPKEEP_JOBS; i++) {
        cr_assert_not_null(upkeep_jobs[i]->name, "job %zu", i);
        for (size_t j = 0; j < i; j++)
            cr_expect_str_neq(upkeep_jobs[i]->name, upkeep_jobs[j]->name);
    }
}
