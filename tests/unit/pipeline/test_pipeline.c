/* pipeline.h: many jobs at once, over threads, with the embedded store and with a store that a test holds
 * back. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "crypto/name.h"
#include "crypto/random.h"
#include "server/pipeline/internal.h"
#include "server/pki/confirmation.h"
#include "server/pki/response.h"
#include "storage/backend.h"
#include "tests/support/demo.h"
#include "tests/support/must.h"
#include "tests/support/world.h"

enum { JOBS = 200, PATIENCE_MS = 180000, HELD = 4096, ANSWERED = 1024 };

static struct demo demo;
static struct pipeline *pipeline;
static struct store *store;
static struct ctl_identity device;
static struct arena *arena;
static struct bytes chain[2];
static atomic_uint done;
static struct job *answered[ANSWERED];

static void sleep_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

static int wait_for(unsigned count)
{
    for (unsigned i = 0; i < PATIENCE_MS && atomic_load(&done) < count; i++)
        sleep_ms(1);
    return atomic_load(&done) == count;
}

static void on_done(struct job *job)
{
    answered[atomic_fetch_add(&done, 1)] = job;
}

/* ---- a store that answers when the test lets it ---- */

struct held {
    void *item, *arg;
    store_done *done;
    int is_fetch;
};

static struct {
    struct store super;
    pthread_mutex_t lock;
    struct held held[HELD];
    size_t count;
    atomic_size_t asked;        /* items that it was given so far, or is being given */
    atomic_int refuses;         /* 1: its queues are full … */
    atomic_int refuses_commits; /* … or that of what is written alone */
} fake;

static int hold(void *const *items, void *const *args, size_t n, store_done *when_done, int is_fetch)
{
    if (fake.refuses || (fake.refuses_commits && !is_fetch))
        return 0;
    atomic_fetch_add(&fake.asked, n);
    pthread_mutex_lock(&fake.lock);
    for (size_t i = 0; i < n; i++)
        fake.held[fake.count++] = (struct held){items[i], args[i], when_done, is_fetch};
    pthread_mutex_unlock(&fake.lock);
    return 1;
}

static int fake_fetch(struct store *s, struct store_fetch *const *items, void *const *args, size_t n,
                      store_done *when_done)
{
    (void)s;
    return hold((void *const *)items, args, n, when_done, 1);
}

static int fake_commit(struct store *s, struct store_unit *const *units, void *const *args, size_t n,
                       store_done *when_done)
{
    (void)s;
    return hold((void *const *)units, args, n, when_done, 0);
}

static int fake_healthy(const struct store *s)
{
    (void)s;
    return 1;
}

static void fake_close(struct store *s)
{
    (void)s;
}

static const struct backend fake_backend = {.scheme = "fake:",
                                            .fetch = fake_fetch,
                                            .commit = fake_commit,
                                            .healthy = fake_healthy,
                                            .close = fake_close};

/* Waits until the store was given so many items since |before|. */
static int wait_asked(size_t before, size_t count)
{
    for (unsigned i = 0; i < PATIENCE_MS && atomic_load(&fake.asked) < before + count; i++)
        sleep_ms(1);
    return atomic_load(&fake.asked) == before + count;
}

/* Lets go what is held: fetches find nothing, units end with |outcome|. Returns how many there were. */
static size_t let_go(enum store_outcome outcome)
{
    static struct held held[HELD];
    size_t count;

    pthread_mutex_lock(&fake.lock);
    count = fake.count;
    memcpy(held, fake.held, count * sizeof *held);
    fake.count = 0;
    pthread_mutex_unlock(&fake.lock);
    for (size_t i = 0; i < count; i++) {
        if (held[i].is_fetch)
            ((struct store_fetch *)held[i].item)->outcome = STORE_ABSENT;
        else
            ((struct store_unit *)held[i].item)->outcome = outcome;
        held[i].done(held[i].arg);
    }
    return count;
}

/* Waits until something is held, and lets it go. */
static int let_go_one(enum store_outcome outcome)
{
    for (unsigned i = 0; i < PATIENCE_MS; i++) {
        if (let_go(outcome) != 0)
            return 1;
        sleep_ms(1);
    }
    return 0;
}

static int let_go_until_done(unsigned count, enum store_outcome outcome)
{
    for (unsigned i = 0; i < PATIENCE_MS && atomic_load(&done) < count; i++) {
        let_go(outcome);
        sleep_ms(1);
    }
    return atomic_load(&done) == count;
}

/* ---- requests ---- */

static struct bytes sign(const struct private_key *key, struct bytes message)
{
    uint8_t *room = arena_alloc(arena, private_key_signature_max(key));
    struct signing item = {.algorithm = signature_for_key(private_key_kind(key)),
                           .key = key,
                           .message = message,
                           .signature = room};
    struct signing *items[] = {&item};

    sign_batch(items, 1);
    return bytes_of(room, item.signature_len);
}

static struct bytes make_ir(void)
{
    struct private_key *key = private_key_generate(KEY_P256, 0);
    struct bytes sender, request, body, part, message;
    uint8_t *id = arena_alloc(arena, 16), *nonce = arena_alloc(arena, 16);

    random_bytes(id, 16);
    random_bytes(nonce, 16);
    must(pki_directory_name(&sender, arena, device.cert.subject));
    struct cert_request asked = {.tmpl = {.version = -1, .spki = private_key_spki(key)}};
    must(name_build(&asked.tmpl.subject, arena, (const char *const[]){"CN", "gnb", NULL}));
    struct pki_header header = {.pvno = 2,
                                .sender = sender,
                                .recipient = sender,
                                .protection_alg = signature_for_key(KEY_P256)->encoded,
                                .sender_kid = device.cert.key_id,
                                .transaction_id = bytes_of(id, 16),
                                .sender_nonce = bytes_of(nonce, 16),
                                .implicit_confirm = 1};
    must(pki_encode_cert_request(&request, arena, &asked));
    must(pki_encode_cert_requests(&body, arena, request, signature_for_key(KEY_P256)->encoded,
                                  sign(key, request)));
    must(pki_encode_protected_part(&part, arena, &header, PKI_IR, body));
    must(pki_encode_message(&message, arena, part, sign(device.key, part), chain, 1));
    private_key_free(key);
    return message;
}

/* An ir protected by PasswordBasedMac with |iterations|: what makes a request costly. The MAC is wrong. */
static struct bytes make_costly(const char *reference, uint32_t iterations)
{
    static const uint8_t salt[16] = {1}, mac[32] = {2};
    struct bytes sender, name, part, message, ir = make_ir();
    uint8_t *id = arena_alloc(arena, 16);
    struct pki_message parsed;

    random_bytes(id, 16);
    must(pki_message_decode(&parsed, NULL, ir) == PKI_WHOLE);
    must(name_build(&name, arena, (const char *const[]){"CN", reference, NULL}) &&
         pki_directory_name(&sender, arena, name));
    parsed.header.sender = sender;
    parsed.header.sender_kid = bytes_str(reference);
    parsed.header.transaction_id = bytes_of(id, 16);
    must(mac_pbm_encode(&parsed.header.protection_alg, arena, bytes_of(salt, sizeof salt), DIGEST_SHA256,
                        DIGEST_SHA256, iterations));
    must(pki_encode_protected_part(&part, arena, &parsed.header, PKI_IR, parsed.body));
    must(pki_encode_message(&message, arena, part, bytes_of(mac, sizeof mac), NULL, 0));
    return message;
}

static struct job *make_job_of(uint64_t source, struct bytes request)
{
    const char *why;
    struct ledger_source *of = ledger_pin(pipeline_ledger(pipeline), source, ledger_now());
    struct job *job = pipeline_job(pipeline, of, &why);

    ledger_unpin(of);
    if (job == NULL)
        return NULL;
    job->request = arena_copy(job->arena, request);
    job->path = bytes_str("/.well-known/cmp/p/demo");
    job->peer = job->host = bytes_str("test");
    job->on_done = on_done;
    return job;
}

static struct job *make_job(struct bytes request)
{
    return make_job_of(1, request);
}

static int body_of(const struct job *job)
{
    struct pki_message message;

    return pki_message_decode(&message, NULL, job->reply) == PKI_WHOLE ? message.body_type : -1;
}

static enum pki_failure failure_of(const struct job *job)
{
    struct pki_message message;
    struct pki_status_info status;

    cr_assert_eq(pki_message_decode(&message, NULL, job->reply), PKI_WHOLE);
    cr_assert_eq(message.body_type, PKI_ERROR);
    cr_assert(pki_decode_error(&status, message.body));
    for (unsigned bit = 0; bit < 27; bit++)
        if (status.fail_info == UINT64_C(1) << bit)
            return (enum pki_failure)bit;
    return (enum pki_failure) - 1;
}

static void free_answered(void)
{
    for (unsigned i = 0; i < atomic_load(&done); i++)
        pipeline_job_free(pipeline, answered[i]);
    atomic_store(&done, 0);
}

static void start(struct store *with)
{
    char fault[CONFIG_FAULT_MAX];
    char demo_dir[DEMO_PATH_MAX + 8];

    snprintf(demo_dir, sizeof demo_dir, "%s/demo", demo.dir);
    arena = arena_new(64 * 1024 * 1024);
    must(ctl_load(&device, arena, demo_dir, "device"));
    chain[0] = device.cert_der;
    pipeline = pipeline_new(fault, policy_config(demo.policy), demo.policy, with);
    must(pipeline != NULL);
}

static void with_sqlite(void)
{
    char fault[STORE_FAULT_MAX];

    demo_new(&demo);
    store = store_open(fault, policy_config(demo.policy)->store, "test");
    must(store != NULL);
    start(store);
}

static void with_fake(void)
{
    struct config_fault fault;

    demo_new(&demo);
    must(demo_edit(&demo, &fault, "queue_jobs: 4096 ", "queue_jobs: 16 "));
    must(demo_edit(&demo, &fault, "jobs: 16384 ", "jobs: 100 "));
    must(demo_edit(&demo, &fault, "workers: 0", "workers: 2"));
    must(demo_edit(&demo, &fault, "slow_jobs_per_peer: 64 ", "slow_jobs_per_peer: 4 "));
    fake.super.backend = &fake_backend;
    pthread_mutex_init(&fake.lock, NULL);
    start(&fake.super);
}

static void tear_down_pipeline(void)
{
    free_answered();
    cr_assert(pipeline_idle(pipeline));
    pipeline_free(pipeline);
    ctl_identity_cleanup(&device);
    arena_free(arena);
}

static void tear_down(void)
{
    tear_down_pipeline();
    store_close(store);
    store = NULL;
    demo_free(&demo);
}

TestSuite(pipeline, .init = with_sqlite, .fini = tear_down);
TestSuite(held_back, .init = with_fake, .fini = tear_down);

static int workers_answer(void)
{
    for (unsigned i = 0; i < PATIENCE_MS && !pipeline_answers(pipeline); i++)
        sleep_ms(1);
    return pipeline_answers(pipeline);
}

static atomic_int blocked; /* 1: a worker is in block; 2: it may go on */

static void block(struct job *job)
{
    atomic_store(&blocked, 1);
    while (atomic_load(&blocked) == 1)
        sleep_ms(1);
    on_done(job);
}

/* Those that sleep come round when they are asked. One that hangs does not, and is missed. */
Test(held_back, workers_are_asked_whether_they_go_on)
{
    struct job *job = make_job(bytes_str("nonsense"));

    cr_assert(pipeline_answers(pipeline), "nobody was asked");
    for (int i = 0; i < 3; i++) {
        pipeline_ask(pipeline);
        cr_assert(workers_answer());
    }
    job->on_done = block;
    cr_assert(pipeline_submit(pipeline, job));
    while (atomic_load(&blocked) == 0)
        sleep_ms(1);
    pipeline_ask(pipeline);
    sleep_ms(50); /* the others come round */
    cr_expect_not(pipeline_answers(pipeline));
    atomic_store(&blocked, 2);
    cr_assert(workers_answer());
    cr_assert(wait_for(1));
}

/* What the store holds back keeps no worker: it is asleep. */
Test(held_back, who_waits_for_the_store_answers)
{
    cr_assert(pipeline_submit(pipeline, make_job(make_ir())));
    while (atomic_load(&fake.asked) == 0)
        sleep_ms(1);
    pipeline_ask(pipeline);
    cr_expect(workers_answer());
    cr_assert(let_go_until_done(1, STORE_UNAVAILABLE));
}

Test(pipeline, every_job_is_answered_once_and_stored)
{
    struct job *job;
    char fault[STORE_FAULT_MAX];

    for (unsigned i = 0; i < JOBS; i++) {
        job = make_job(make_ir());
        cr_assert_not_null(job);
        cr_assert(pipeline_submit(pipeline, job));
    }
    cr_assert(wait_for(JOBS));
    for (unsigned i = 0; i < JOBS; i++) {
        cr_assert_eq(answered[i]->end, JOB_ANSWERED);
        cr_assert_eq(body_of(answered[i]), PKI_IP);
    }
    (void)fault;
}

/* The same octets at once, many times: one transaction, one certificate, the same answer for all. */
Test(pipeline, a_race_of_identical_requests_issues_one_certificate)
{
    struct bytes ir = make_ir(), first = {NULL, 0};
    struct cert_response response;
    struct pki_message message;

    for (unsigned i = 0; i < 64; i++)
        cr_assert(pipeline_submit(pipeline, make_job(ir)));
    cr_assert(wait_for(64));
    for (unsigned i = 0; i < 64; i++) {
        cr_assert_eq(pki_message_decode(&message, NULL, answered[i]->reply), PKI_WHOLE);
        cr_assert_eq(message.body_type, PKI_IP);
        cr_assert(pki_decode_cert_rep(&response, message.body));
        if (i == 0)
            first = response.certificate;
        cr_assert(bytes_equal(response.certificate, first), "two certificates in one transaction");
    }
}

/* RFC 9811 3.1: 4xx where there is no PKIMessage to answer; the body is CMP all the same. */
Test(pipeline, a_path_that_is_none_is_404)
{
    struct job *job = make_job(make_ir());

    job->path = bytes_str("/nothing");
    cr_assert(pipeline_submit(pipeline, job));
    cr_assert(wait_for(1));
    cr_assert_eq(job->end, JOB_NO_ROUTE);
    cr_assert_eq(failure_of(job), PKI_BAD_REQUEST);
}

Test(pipeline, a_new_policy_serves_what_comes_after_it)
{
    struct config_fault fault;
    struct job *job;

    /* 'demo' becomes 'live': a path of the old name is not found any more. */
    must(demo_edit(&demo, &fault, "  - name: demo\n    demo: true", "  - name: live\n    demo: true") == 0);
    must(demo_edit(&demo, &fault, "default_profile: demo", "default_profile: live"));
    pipeline_set_policy(pipeline, demo.policy);
    for (unsigned i = 0; i < PATIENCE_MS; i++) {
        job = make_job(make_ir());
        cr_assert(pipeline_submit(pipeline, job));
        cr_assert(wait_for(1));
        if (job->end == JOB_NO_ROUTE)
            break;
        free_answered();
        sleep_ms(1);
    }
    cr_assert_eq(atomic_load(&done), 1, "the old policy is still in use");
}

/* A worker keeps many batches in flight and waits for none: all jobs reach the store while it answers nobody.
 */
Test(held_back, no_worker_waits_for_the_store)
{
    enum { MANY = 60, LOOK_UPS = 2 }; /* of each: its transaction, and whether its key is blocked */

    for (unsigned i = 0; i < MANY; i++) {
        struct job *job = make_job(make_ir());
        cr_assert_not_null(job);
        while (!pipeline_submit(pipeline, job))
            sleep_ms(1);
    }
    for (unsigned i = 0; i < PATIENCE_MS && fake.count < MANY * LOOK_UPS; i++)
        sleep_ms(1);
    cr_assert_eq(fake.count, MANY * LOOK_UPS);
    cr_assert_eq(atomic_load(&done), 0);
    cr_assert(let_go_until_done(MANY, STORE_DONE));
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(body_of(answered[i]), PKI_IP);
}

/* No certificate leaves before the commit is done. */
Test(held_back, no_answer_without_a_commit)
{
    size_t before;

    tear_down_pipeline();
    must(demo_edit(&demo, &(struct config_fault){0}, "workers: 2", "workers: 1"));
    start(&fake.super);
    before = atomic_load(&fake.asked);
    cr_assert(pipeline_submit(pipeline, make_job(make_ir())));
    for (unsigned i = 0; i < PATIENCE_MS && fake.count < 2; i++)
        sleep_ms(1);
    cr_assert(let_go_one(STORE_DONE)); /* the look-ups, both */
    cr_assert(wait_asked(before, 3));
    /* The one worker has given away the commit, and goes on to what needs no store: had it answered the
     * first, that answer would be there. */
    cr_assert(pipeline_submit(pipeline, make_job(bytes_str("nonsense"))));
    cr_assert(wait_for(1), "answered before the commit");
    cr_assert_eq(answered[0]->request.len, strlen("nonsense"));
    cr_assert(let_go_one(STORE_UNAVAILABLE));
    cr_assert(wait_for(2));
    cr_assert_eq(failure_of(answered[1]), PKI_SYSTEM_UNAVAIL);
}

/* A store whose queue is full is answered for, not waited for. */
Test(held_back, a_full_store_is_unavailable)
{
    fake.refuses = 1;
    cr_assert(pipeline_submit(pipeline, make_job(make_ir())));
    cr_assert(wait_for(1));
    cr_assert_eq(answered[0]->end, JOB_ANSWERED);
    cr_assert_eq(failure_of(answered[0]), PKI_SYSTEM_UNAVAIL);
    fake.refuses = 0;
}

/* What is read is asked for in another queue than what is written. The same octets are a certificate once
 * there is room: nothing of the first attempt counts. */
Test(held_back, a_store_that_takes_no_commit_is_unavailable)
{
    struct bytes ir = make_ir();

    fake.refuses_commits = 1;
    cr_assert(pipeline_submit(pipeline, make_job(ir)));
    cr_assert(let_go_until_done(1, STORE_DONE));
    cr_assert_eq(answered[0]->end, JOB_ANSWERED);
    cr_assert_eq(failure_of(answered[0]), PKI_SYSTEM_UNAVAIL);
    fake.refuses_commits = 0;
    cr_assert(pipeline_submit(pipeline, make_job(ir)));
    cr_assert(let_go_until_done(2, STORE_DONE));
    cr_assert_eq(body_of(answered[1]), PKI_IP);
}

/* limits.jobs: beyond it there is no job to be had, and memory stays flat. An eighth is kept for sources that
 * authenticated before. */
Test(held_back, jobs_are_bounded)
{
    struct ledger *ledger = pipeline_ledger(pipeline);
    struct ledger_source *stranger = ledger_pin(ledger, 1, ledger_now()),
                         *known = ledger_pin(ledger, 2, ledger_now());
    struct job *jobs[100];
    const char *why;

    ledger_prove(known, ledger_now());
    for (unsigned i = 0; i < 88; i++)
        cr_assert_not_null(jobs[i] = pipeline_job(pipeline, stranger, &why));
    cr_assert_null(pipeline_job(pipeline, stranger, &why));
    for (unsigned i = 88; i < 100; i++)
        cr_assert_not_null(jobs[i] = pipeline_job(pipeline, known, &why));
    cr_assert_null(pipeline_job(pipeline, known, &why));
    cr_assert_str_eq(why, "the server is busy: try again later");
    pipeline_job_free(pipeline, jobs[0]);
    cr_assert_not_null(jobs[0] = pipeline_job(pipeline, known, &why));
    cr_assert_not(pipeline_idle(pipeline));
    for (unsigned i = 0; i < 100; i++)
        pipeline_job_free(pipeline, jobs[i]);
    ledger_unpin(stranger);
    ledger_unpin(known);
}

/* limits.requests_per_source: one address has its share, whatever the process has left. */
Test(held_back, jobs_of_a_source_are_bounded)
{
    struct config_fault fault;
    struct ledger_source *one, *other;
    struct job *jobs[5];
    const char *why;

    tear_down_pipeline();
    must(demo_edit(&demo, &fault, "requests_per_source: 1024", "requests_per_source: 4"));
    start(&fake.super);
    one = ledger_pin(pipeline_ledger(pipeline), 1, ledger_now());
    other = ledger_pin(pipeline_ledger(pipeline), 2, ledger_now());
    for (unsigned i = 0; i < 4; i++)
        cr_assert_not_null(jobs[i] = pipeline_job(pipeline, one, &why));
    cr_assert_null(pipeline_job(pipeline, one, &why));
    cr_assert_str_eq(why, "too many requests at once from this address: try again later");
    cr_assert_not_null(jobs[4] = pipeline_job(pipeline, other, &why));
    pipeline_job_free(pipeline, jobs[0]);
    cr_assert_not_null(jobs[0] = pipeline_job(pipeline, one, &why));
    for (unsigned i = 0; i < 5; i++)
        pipeline_job_free(pipeline, jobs[i]);
    cr_assert_eq(atomic_load(&one->requests), 0);
    ledger_unpin(one);
    ledger_unpin(other);
}

/* Nobody waits for it: no worker begins it, and it comes back empty. */
Test(held_back, an_abandoned_job_is_not_begun)
{
    struct job *job = make_job(make_ir());

    pipeline_abandon(job);
    cr_assert(pipeline_submit(pipeline, job));
    cr_assert(wait_for(1));
    cr_assert_eq(job->reply.len, 0);
    cr_assert_eq(fake.count, 0);
}

/* Above slow_job_us a job goes to the slow lane, of which no source may have more than its share
 * (slow_jobs_per_peer is 4): the next is refused at once, unprotected, with systemUnavail and 503. */
Test(held_back, the_slow_lane_has_a_quota_per_source)
{
    unsigned refused = 0;
    char reference[] = "greedy0";

    for (unsigned i = 0; i < 6; i++) {
        reference[6] = (char)('0' + i);
        cr_assert(pipeline_submit(pipeline, make_job(make_costly(reference, 10000))));
    }
    cr_assert(wait_for(2));
    for (unsigned i = 0; i < 2; i++) {
        refused += answered[i]->end == JOB_BUSY;
        cr_assert_eq(failure_of(answered[i]), PKI_SYSTEM_UNAVAIL);
    }
    cr_assert_eq(refused, 2);

    /* A cheap request of the same peer is served meanwhile. */
    cr_assert(pipeline_submit(pipeline, make_job(make_ir())));
    cr_assert(let_go_until_done(7, STORE_DONE));

    /* The share is given back with the answers. */
    cr_assert(pipeline_submit(pipeline, make_job(make_costly("greedy", 10000))));
    cr_assert(let_go_until_done(8, STORE_DONE));
    cr_assert_eq(answered[7]->end, JOB_ANSWERED);
}

/* One reference from many sources has a share, too, beyond which each source may have one message: nobody can
 * fill the lane with a reference, and nobody lock it out for who it belongs to. */
Test(held_back, the_slow_lane_has_a_quota_per_reference)
{
    enum { LOOK_UPS = 3 }; /* of each: its transaction, its secret, and whether its key is blocked */
    size_t before = atomic_load(&fake.asked);

    for (unsigned i = 0; i < 4; i++)
        cr_assert(pipeline_submit(pipeline, make_job_of(10 + i, make_costly("known", 10000))));
    cr_assert(wait_asked(before, 4 * LOOK_UPS));
    cr_assert(pipeline_submit(pipeline, make_job_of(20, make_costly("known", 10000))));
    cr_assert(wait_asked(before, 5 * LOOK_UPS), "whose reference it is may be locked out by others");
    cr_assert_eq(atomic_load(&done), 0);
    cr_assert(pipeline_submit(pipeline, make_job_of(20, make_costly("known", 10000))));
    cr_assert(wait_for(1));
    cr_assert_eq(answered[0]->end, JOB_BUSY);
    cr_assert(let_go_until_done(6, STORE_DONE));
}

static void guess(uint64_t source, const char *reference, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned before = atomic_load(&done);
        cr_assert(pipeline_submit(pipeline, make_job_of(source, make_costly(reference, 100))));
        cr_assert(let_go_until_done(before + 1, STORE_DONE));
        cr_assert_eq(failure_of(answered[before]), PKI_BAD_MESSAGE_CHECK);
        cr_assert_eq(answered[before]->end, JOB_ANSWERED);
    }
}

/* is_looked_at returns 1 if the store was asked about a message. */
static int is_looked_at(uint64_t source, const char *reference)
{
    unsigned before = atomic_load(&done);
    int asked;

    cr_assert(pipeline_submit(pipeline, make_job_of(source, make_costly(reference, 100))));
    for (unsigned i = 0; i < PATIENCE_MS && fake.count == 0 && atomic_load(&done) == before; i++)
        sleep_ms(1);
    asked = fake.count != 0;
    cr_assert(let_go_until_done(before + 1, STORE_DONE));
    cr_assert_eq(failure_of(answered[before]), PKI_BAD_MESSAGE_CHECK);
    return asked;
}

/* RFC 9810 8.6 (guessing of shared secrets): a reference that was wrong BOUND_GUESSES_PAIR times from one
 * source is not looked at any more when it comes from there, in words that do not tell so. From elsewhere it
 * is. */
Test(held_back, guessing_one_secret_ends)
{
    struct pki_message message;
    struct pki_status_info looked, refused;

    guess(5, "victim", BOUND_GUESSES_PAIR);
    cr_assert_not(is_looked_at(5, "victim"), "one more guess was looked at");
    cr_assert(is_looked_at(6, "victim"), "the reference is locked out for others");
    cr_assert(is_looked_at(5, "another"));
    cr_assert_eq(pki_message_decode(&message, NULL, answered[0]->reply), PKI_WHOLE);
    cr_assert(message.has_protection);
    cr_assert(pki_decode_error(&looked, message.body));
    cr_assert_eq(pki_message_decode(&message, NULL, answered[BOUND_GUESSES_PAIR]->reply), PKI_WHOLE);
    cr_assert(message.has_protection);
    cr_assert(pki_decode_error(&refused, message.body));
    cr_assert(bytes_equal(looked.text, refused.text));
}

/* What is in hand is not counted yet: so it has a bound of its own, until the secret was right once. */
Test(held_back, guesses_at_once_are_bounded)
{
    struct ledger_source *pair = guess_place(pipeline, bytes_str("victim"), 5);

    atomic_store(&pair->undecided, BOUND_GUESSES_AT_ONCE);
    cr_assert(pipeline_submit(pipeline, make_job_of(5, make_costly("victim", 100))));
    cr_assert(wait_for(1));
    cr_assert_eq(answered[0]->end, JOB_BUSY);
    cr_assert_eq(fake.count, 0, "it was looked at");
    cr_assert(is_looked_at(6, "victim"), "others are not concerned");
    ledger_prove(pair, ledger_now());
    cr_assert(is_looked_at(5, "victim"));
    atomic_store(&pair->undecided, 1);
    ledger_unpin(pair);
    guess(7, "another", 1);
    pair = guess_place(pipeline, bytes_str("another"), 7);
    cr_assert_eq(atomic_load(&pair->undecided), 0, "what is judged is not in hand any more");
    ledger_unpin(pair);
}

/* A source that tries many references is bounded, too; whoever was right from there before is not concerned.
 */
Test(held_back, guessing_many_references_ends)
{
    struct ledger_source *source, *pair;
    char reference[16];

    for (unsigned i = 0; i < BOUND_GUESSES_SOURCE; i++) {
        snprintf(reference, sizeof reference, "ref-%u", i);
        guess(5, reference, 1);
        free_answered();
    }
    cr_assert_not(is_looked_at(5, "one more"));
    cr_assert(is_looked_at(6, "one more"));
    source = ledger_pin(pipeline_ledger(pipeline), 5, ledger_now());
    pair = guess_place(pipeline, bytes_str("proved"), 5);
    ledger_prove(pair, ledger_now());
    cr_assert(is_looked_at(5, "proved"));
    ledger_unpin(pair);
    ledger_unpin(source);
}

/* What may cost too much is refused by the profile before it costs anything (iterations_max is 10000).
 */
Test(held_back, iterations_beyond_the_profiles_bound_are_refused_at_once)
{
    cr_assert(pipeline_submit(pipeline, make_job(make_costly("greedy", 10001))));
    cr_assert(wait_for(1));
    cr_assert_eq(failure_of(answered[0]), PKI_BAD_ALG);
    cr_assert_eq(fake.count, 0);
}

/* A certConf whose path names no profile is looked for at every CA: a full batch of them fits all the same.
 */
Test(held_back, a_full_batch_may_look_at_every_CA)
{
    enum { CAS = BOUND_AUTHORITIES };
    struct config_fault fault;
    char text[4096], *at = text, cas[8192], *ca = cas;
    struct bytes body, certconf, part, ir;
    struct pki_message parsed;
    uint8_t hash[32] = {0};
    struct cert_status status = {.cert_hash = bytes_of(hash, sizeof hash)};

    /* The same CA under other names, each with a profile of its own. */
    for (int i = 1; i < CAS; i++)
        ca += sprintf(ca,
                      "  - name: ca%d\n    certificate: ca/issuing.pem\n    key: ca/issuing.key\n    chain: "
                      "[ca/root.pem]\n    cmp_certificate: ca/cmp.pem\n    cmp_key: ca/cmp.key\n",
                      i);
    sprintf(ca, "\n# Vendors whose");
    cr_assert(demo_edit(&demo, &fault, "\n# Vendors whose", cas), "%s", fault.text);
    for (int i = 1; i < CAS; i++)
        at += sprintf(at, "  - {name: p%d, ca: ca%d, accept: {vendors: [demo]}}\n", i, i);
    sprintf(at, "\ndefault_profile: demo\n");
    cr_assert(demo_edit(&demo, &fault, "\ndefault_profile: demo\n", text), "%s", fault.text);
    tear_down_pipeline();
    must(demo_edit(&demo, &fault, "queue_jobs: 16 ", "queue_jobs: 1000 "));
    must(demo_edit(&demo, &fault, "jobs: 100 ", "jobs: 1000 "));
    must(demo_edit(&demo, &fault, "workers: 2", "workers: 1"));
    start(&fake.super);

    ir = make_ir();
    must(pki_message_decode(&parsed, NULL, ir) == PKI_WHOLE);
    must(pki_encode_cert_conf(&body, arena, &status));
    must(pki_encode_protected_part(&part, arena, &parsed.header, PKI_CERTCONF, body));
    must(pki_encode_message(&certconf, arena, part, sign(device.key, part), NULL, 0));

    /* The one worker is held in the store while a full batch gathers behind it. */
    size_t before = atomic_load(&fake.asked);
    pthread_mutex_lock(&fake.lock);
    for (int i = 0; i < BOUND_BATCH + 1; i++) {
        struct job *job = make_job(certconf);
        cr_assert_not_null(job);
        job->path = bytes_str("/.well-known/cmp");
        cr_assert(pipeline_submit(pipeline, job));
        for (unsigned ms = 0; i == 0 && ms < PATIENCE_MS && atomic_load(&fake.asked) == before; ms++)
            sleep_ms(1);
    }
    pthread_mutex_unlock(&fake.lock);
    cr_assert(let_go_until_done(BOUND_BATCH + 1, STORE_DONE));
    for (int i = 0; i < BOUND_BATCH + 1; i++)
        cr_assert_eq(failure_of(answered[i]), PKI_BAD_REQUEST);
}
