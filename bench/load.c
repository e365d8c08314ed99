/* Drives the clients of a run: each begins an enrollment when the loop, closed or open, wants one, and takes
 * its steps until it is done. */
#include "bench/load.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/check.h"
#include "bench/idle.h"
#include "bench/status.h"

enum {
    ARENA = 1024 * 1024,
    CHECK_ONE_IN = 16,
    PAUSE_NS = 100000000, /* a server that is gone, or says that its store is, is not asked again at once */
    EXPIRE_EVERY_NS = 1000000000,
    BATCH = 128, /* answers judged together */
};

/* struct client is one base station at a time, on one stream of one connection. */
struct client {
    struct client *next; /* of those that are free, or pause */
    struct connection *connection;
    struct exchange exchange;
    const struct request *request;
    unsigned index;
    int64_t start_ns, resume_ns;
    struct arena *arena;
    struct check check;
    struct certificate cert;
    struct following confirmation;
    int confirming;     /* the certConf is out, */
    int64_t confirm_ns; /* … since then */
    int retrying;       /* pauses before it sends exchange.body again */
};

struct shared {
    struct run *run;
    atomic_uint next; /* index of the next request */
    int64_t begin_ns, deadline_ns;
    double rate;          /* 0: closed loop */
    pthread_mutex_t lock; /* of run->held and run->first_refusal */
};

struct driver {
    pthread_t thread;
    struct shared *shared;
    struct network network;
    struct connection *connections;
    unsigned connection_count;
    struct client *clients;
    unsigned client_count;
    struct client *free;
    struct client *pausing, **pausing_end; /* in the order in which they go on */
    unsigned busy;
    int exhausted; /* no request is left to start */
    int64_t last_expiry_ns;
    struct status_memory memory;
};

/* ---- the end of an enrollment ---- */

static void release(struct driver *driver, struct client *client)
{
    client->next = driver->free;
    driver->free = client;
}

static void pause_client(struct driver *driver, struct client *client, int64_t now)
{
    client->resume_ns = now + PAUSE_NS;
    client->next = NULL;
    *driver->pausing_end = client;
    driver->pausing_end = &client->next;
}

static void finish(struct driver *driver, struct client *client, enum bench_error error, int64_t now)
{
    struct run *run = driver->shared->run;
    struct outcome *outcome = &run->outcomes[client->index];

    outcome->end_ns = now;
    outcome->latency_ns = now - client->start_ns;
    if (client->confirming)
        outcome->confirm_ns = now - client->confirm_ns;
    else
        outcome->first_ns = outcome->latency_ns;
    outcome->error = (uint8_t)error;
    arena_free(client->arena);
    client->arena = NULL;
    driver->busy--;
    if (run->options->new_connections)
        connection_close(client->connection);
    if (error == BENCH_CONNECT || error == BENCH_UNAVAILABLE)
        pause_client(driver, client, now);
    else
        release(driver, client);
}

/* A failure of the way to the server, or of the server, may pass; what was said on purpose stays. */
static int may_pass(const struct client *client, enum bench_error error)
{
    return error == BENCH_CONNECT || error == BENCH_TIMEOUT || error == BENCH_UNAVAILABLE ||
           (error == BENCH_HTTP && (client->exchange.status < 300 || client->exchange.status >= 500));
}

/* The message that failed goes out again as it was, later. */
static void retry(struct driver *driver, struct client *client, int64_t now)
{
    struct run *run = driver->shared->run;

    run->outcomes[client->index].retries++;
    client->retrying = 1;
    if (run->options->new_connections)
        connection_close(client->connection);
    pause_client(driver, client, now);
}

static void note_refusal(struct driver *driver, const struct check *check)
{
    struct run *run = driver->shared->run;

    pthread_mutex_lock(&driver->shared->lock);
    if (run->first_refusal[0] == 0)
        for (size_t i = 0; i < check->status_text.len && i < RUN_TEXT - 1; i++) {
            uint8_t c = check->status_text.data[i];
            run->first_refusal[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
        }
    pthread_mutex_unlock(&driver->shared->lock);
}

static void write_hex(FILE *file, struct bytes octets)
{
    for (size_t i = 0; i < octets.len; i++)
        fprintf(file, "%02x", octets.data[i]);
}

/* It is written down before the next request goes out: what is in the file, the client holds. */
static void hold(struct driver *driver, const struct client *client, int confirmed)
{
    FILE *held = driver->shared->run->held;

    if (held == NULL)
        return;
    pthread_mutex_lock(&driver->shared->lock);
    write_hex(held, client->cert.serial);
    fputc(' ', held);
    write_hex(held, bytes_of(client->request->transaction_id, REQUEST_NONCE));
    fputs(confirmed ? " confirmed\n" : " unconfirmed\n", held);
    fflush(held);
    pthread_mutex_unlock(&driver->shared->lock);
}

static int keep(struct driver *driver, struct client *client)
{
    struct run *run = driver->shared->run;
    struct outcome *outcome = &run->outcomes[client->index];
    struct device *device = client->request->device;
    uint8_t *copy;

    if (client->cert.serial.len <= OUTCOME_SERIAL) {
        memcpy(outcome->serial, client->cert.serial.data, client->cert.serial.len);
        outcome->serial_len = (uint8_t)client->cert.serial.len;
    }
    hold(driver, client, !scenario_kind(client->request->scenario)->confirms);
    if (!run->unclocked)
        return 1;
    if ((copy = malloc(client->cert.der.len)) == NULL)
        return 0;
    memcpy(copy, client->cert.der.data, client->cert.der.len);
    device->own_cert = bytes_of(copy, client->cert.der.len);
    return 1;
}

/* ---- answers, many at a time ---- */

static int is_deep(const struct run *run, unsigned index)
{
    return run->options->check_all || scenario_sampled(index, CHECK_ONE_IN);
}

static void judge(struct driver *driver, struct client *client)
{
    const struct run *run = driver->shared->run;
    struct bytes reply = bytes_of(client->exchange.reply.data, client->exchange.reply.len);
    int deep = is_deep(run, client->index);

    client->check = (struct check){.error = client->exchange.error};
    if (client->exchange.error != BENCH_OK)
        return;
    if (scenario_kind(client->request->scenario)->protocol != PROTOCOL_CMP) {
        status_check(&client->check, &driver->memory, run->setup, client->request, reply, deep);
        return;
    }
    /* The certificate outlives the exchange that brought it. */
    reply = arena_copy(client->arena, reply);
    if (client->confirming)
        check_confirmed(&client->check, client->arena, run->setup, run->options, client->request,
                        bytes_of(client->confirmation.nonce, REQUEST_NONCE), reply, deep);
    else
        check_first(&client->check, client->arena, run->setup, run->options, client->request, reply, deep);
}

static void verify_all(struct client *const *clients, unsigned n)
{
    struct verification *items[2 * BATCH] = {NULL};
    size_t count = 0;

    for (unsigned i = 0; i < n; i++)
        for (size_t j = 0; clients[i]->check.error == BENCH_OK && j < clients[i]->check.item_count; j++)
            items[count++] = &clients[i]->check.items[j];
    if (count != 0)
        verify_batch(items, count);
}

/* Returns 1 if the client goes on with a certConf. */
static int settle(struct driver *driver, struct client *client)
{
    const unsigned retries = driver->shared->run->options->retries;
    int64_t now = client->exchange.end_ns; /* the answer was there; what we do with it is not latency */
    const struct scenario_kind *kind = scenario_kind(client->request->scenario);
    enum bench_error error = check_verdict(&client->check);

    if (error == BENCH_OK)
        status_remember(&driver->memory, &client->check);
    check_cleanup(&client->check);
    if (error == BENCH_REJECTED || error == BENCH_UNAVAILABLE)
        note_refusal(driver, &client->check);
    if (may_pass(client, error) && driver->shared->run->outcomes[client->index].retries < retries) {
        retry(driver, client, now);
        return 0;
    }
    if (error == BENCH_OK && client->confirming)
        hold(driver, client, 1);
    if (error == BENCH_OK && !client->confirming && kind->certifies) {
        client->cert = client->check.certificate;
        if (!keep(driver, client))
            error = BENCH_CONNECT;
    }
    if (error == BENCH_OK && kind->confirms && !client->confirming) {
        driver->shared->run->outcomes[client->index].first_ns = now - client->start_ns;
        if (confirmation_prepare(&client->confirmation, client->arena, client->request, &client->cert,
                                 client->check.message.header.sender_nonce))
            return 1;
        error = BENCH_MALFORMED;
    }
    finish(driver, client, error, now);
    return 0;
}

static void confirm_all(struct driver *driver, struct client *const *clients, unsigned n)
{
    struct signing *items[BATCH] = {NULL};
    struct bytes message;
    size_t count = 0;

    for (unsigned i = 0; i < n; i++)
        if (clients[i]->confirmation.item.key != NULL)
            items[count++] = &clients[i]->confirmation.item;
    sign_batch(items, count);
    for (unsigned i = 0; i < n; i++) {
        struct client *client = clients[i];
        if (!following_finish(&message, client->arena, &client->confirmation, client->request)) {
            finish(driver, client, BENCH_MALFORMED, network_clock_ns());
            continue;
        }
        client->confirming = 1;
        client->confirm_ns = network_clock_ns();
        client->exchange.body = message;
        connection_post(client->connection, &client->exchange);
    }
}

static void take_answers(struct driver *driver)
{
    struct client *batch[BATCH], *confirming[BATCH];
    struct exchange *exchange;
    unsigned n, confirms;

    do {
        for (n = confirms = 0; n < BATCH && (exchange = network_finished(&driver->network)) != NULL; n++) {
            batch[n] = exchange->owner;
            judge(driver, batch[n]);
        }
        verify_all(batch, n);
        for (unsigned i = 0; i < n; i++)
            if (settle(driver, batch[i]))
                confirming[confirms++] = batch[i];
        confirm_all(driver, confirming, confirms);
    } while (n == BATCH);
}

/* ---- the next enrollments ---- */

/* When the run was told to end; 0: not yet. */
static _Atomic int64_t stopped_ns;

static int64_t deadline_of(const struct shared *shared)
{
    int64_t stopped = atomic_load_explicit(&stopped_ns, memory_order_relaxed);

    return stopped != 0 && stopped < shared->deadline_ns ? stopped : shared->deadline_ns;
}

/* Takes the next request that may start. Returns 1; 0 with |*wait_ns| set if the next is not due yet; -1 if
 * there is none any more. */
static int take_request(struct shared *shared, unsigned *index, int64_t *start_ns, int64_t *wait_ns)
{
    const struct run *run = shared->run;
    unsigned i = atomic_load(&shared->next);
    int64_t now = network_clock_ns(), due;

    for (;;) {
        if (i >= run->count || now >= deadline_of(shared))
            return -1;
        due = shared->rate > 0 ? shared->begin_ns + schedule_due_ns(shared->rate, i) : now;
        if (due > now) {
            *wait_ns = due - now;
            return 0;
        }
        if (atomic_compare_exchange_weak(&shared->next, &i, i + 1)) {
            if (request_is_ready(&run->requests[i])) {
                *index = i;
                *start_ns = due;
                return 1;
            }
            i++;
        }
    }
}

static void begin(struct driver *driver, struct client *client, unsigned index, int64_t start_ns)
{
    const struct scenario_kind *kind = scenario_kind(driver->shared->run->requests[index].scenario);

    client->request = &driver->shared->run->requests[index];
    client->index = index;
    client->start_ns = start_ns;
    client->confirming = 0;
    driver->shared->run->outcomes[index].step = (uint8_t)kind->first;
    client->arena = arena_new(ARENA);
    client->exchange.body = client->request->message;
    client->exchange.path = kind->path;
    client->exchange.media_type = kind->media_type;
    driver->busy++;
    if (client->arena == NULL)
        finish(driver, client, BENCH_CONNECT, network_clock_ns());
    else
        connection_post(client->connection, &client->exchange);
}

/* Starts what can start. Returns how long to wait for more; sets driver->exhausted when only what is under
 * way is left. */
static int64_t start_some(struct driver *driver)
{
    int64_t wait_ns = EXPIRE_EVERY_NS, now = network_clock_ns(), start_ns;
    unsigned index;

    while (driver->pausing != NULL && driver->pausing->resume_ns <= now) {
        struct client *client = driver->pausing;
        driver->pausing = client->next;
        if (driver->pausing == NULL)
            driver->pausing_end = &driver->pausing;
        if (client->retrying) {
            client->retrying = 0;
            connection_post(client->connection, &client->exchange);
        } else {
            release(driver, client);
        }
    }
    if (driver->pausing != NULL)
        wait_ns = driver->pausing->resume_ns - now;
    while (driver->free != NULL) {
        struct client *client = driver->free;
        int64_t due_ns;
        int taken = take_request(driver->shared, &index, &start_ns, &due_ns);
        if (taken < 0) {
            driver->exhausted = 1;
            break;
        }
        if (taken == 0)
            return due_ns < wait_ns ? due_ns : wait_ns;
        driver->free = client->next;
        begin(driver, client, index, start_ns);
    }
    return wait_ns;
}

static void expire(struct driver *driver)
{
    int64_t now = network_clock_ns();

    if (now - driver->last_expiry_ns < EXPIRE_EVERY_NS)
        return;
    driver->last_expiry_ns = now;
    for (unsigned i = 0; i < driver->connection_count; i++)
        connection_expire(&driver->connections[i], now);
}

static void *drive(void *arg)
{
    struct driver *driver = arg;
    const struct shared *shared = driver->shared;

    for (;;) {
        int64_t wait_ns = start_some(driver);
        /* Nothing starts any more, or nothing could: those that pause find out that the time is over. */
        if (driver->busy == 0 && (driver->exhausted || network_clock_ns() >= deadline_of(shared)))
            break;
        network_poll(&driver->network, wait_ns);
        take_answers(driver);
        expire(driver);
    }
    return NULL;
}

/* ---- all of it ---- */

static int driver_init(struct driver *driver, struct shared *shared, struct tls_context *tls,
                       unsigned clients)
{
    const struct options *options = shared->run->options;

    driver->shared = shared;
    driver->client_count = clients;
    driver->pausing_end = &driver->pausing;
    driver->connections = calloc(clients, sizeof *driver->connections);
    driver->clients = calloc(clients, sizeof *driver->clients);
    if (driver->connections == NULL || driver->clients == NULL ||
        !network_init(&driver->network, options, tls))
        return 0;
    for (unsigned i = 0; i < clients; i++) {
        struct client *client = &driver->clients[i];
        if (i % options->streams == 0)
            connection_init(&driver->connections[driver->connection_count++], &driver->network);
        client->connection = &driver->connections[driver->connection_count - 1];
        client->exchange.owner = client;
        release(driver, client);
    }
    return 1;
}

static void driver_cleanup(struct driver *driver)
{
    for (unsigned i = 0; i < driver->connection_count; i++)
        connection_cleanup(&driver->connections[i]);
    for (unsigned i = 0; driver->clients != NULL && i < driver->client_count; i++)
        buffer_cleanup(&driver->clients[i].exchange.reply);
    network_cleanup(&driver->network);
    free(driver->connections);
    free(driver->clients);
}

/* Each connection takes a descriptor. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void sleep_until(int64_t at_ns)
{
    const struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0)
        ;
}

static void on_signal(int signal)
{
    (void)signal;
    atomic_store(&stopped_ns, network_clock_ns());
}

/* The first signal ends the run, a second one the process. */
static void listen_to_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static int run_drivers(struct shared *shared, struct driver *drivers, unsigned threads)
{
    struct run *run = shared->run;
    const struct options *options = run->options;
    unsigned started = 0, due = 0;

    shared->begin_ns = run->start_ns = network_clock_ns();
    shared->deadline_ns = run->unclocked
                              ? INT64_MAX
                              : shared->begin_ns + (int64_t)(options->warmup + options->seconds) * 1000000000;
    if (!run->unclocked)
        listen_to_signals();
    run->before = server_usage(options->server_pid);
    while (started < threads && pthread_create(&drivers[started].thread, NULL, drive, &drivers[started]) == 0)
        started++;
    if (options->warmup != 0 && !run->unclocked) {
        sleep_until(shared->begin_ns + (int64_t)options->warmup * 1000000000);
        run->start_ns = network_clock_ns();
        run->before = server_usage(options->server_pid);
    }
    for (unsigned i = 0; i < started; i++)
        pthread_join(drivers[i].thread, NULL);
    run->end_ns = network_clock_ns();
    run->after = server_usage(options->server_pid);
    while (shared->rate > 0 && due < run->count &&
           shared->begin_ns + schedule_due_ns(shared->rate, due) < deadline_of(shared))
        due++;
    run->overdue = due > atomic_load(&shared->next) ? due - atomic_load(&shared->next) : 0;
    if (started < threads)
        fprintf(stderr, "cmpbench: only %u threads could be started\n", started);
    return started == threads;
}

static int run_all(struct run *run, struct tls_context *tls)
{
    const struct options *options = run->options;
    struct shared shared = {
        .run = run, .rate = run->unclocked ? 0 : options->rate, .lock = PTHREAD_MUTEX_INITIALIZER};
    unsigned threads = options->threads, idle_wanted = run->unclocked ? 0 : options->idle_connections;
    struct driver *drivers = calloc(threads, sizeof *drivers);
    struct network idle_network = {.epoll = -1};
    struct idle idle = {.count = 0};
    int ok = drivers != NULL && network_init(&idle_network, options, tls);

    for (unsigned t = 0; drivers != NULL && t < threads; t++)
        drivers[t].network.epoll = -1;
    for (unsigned t = 0; ok && t < threads; t++)
        ok = driver_init(&drivers[t], &shared, tls,
                         options->clients * (t + 1) / threads - options->clients * t / threads);
    run->idle_before = server_usage(options->server_pid);
    ok = ok && idle_open(&idle, &idle_network, idle_wanted) && run_drivers(&shared, drivers, threads);
    if (ok)
        run->idle_open = idle_alive(&idle, &idle_network);
    idle_close(&idle);
    network_cleanup(&idle_network);
    for (unsigned t = 0; drivers != NULL && t < threads; t++)
        driver_cleanup(&drivers[t]);
    free(drivers);
    return ok;
}

int load_run(struct run *run)
{
    const struct options *options = run->options;
    struct tls_context *tls = NULL;
    int ok;

    raise_descriptors();
    if (options->target.tls && (tls = tls_context_new(options->tls_ca, options->http2)) == NULL)
        return 0;
    ok = run_all(run, tls);
    tls_context_free(tls);
    return ok;
}
