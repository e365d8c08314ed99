/* cmpd: puts the rooms together, and follows signals. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/secret_memory.h"
#include "server/admin/health.h"
#include "server/admin/metrics.h"
#include "server/admin/tolerances.h"
#include "server/authorize/authorize.h"
#include "server/base/bounds.h"
#include "server/base/clock.h"
#include "server/base/config_place.h"
#include "server/base/process.h"
#include "server/confine.h"
#include "server/crl/crl.h"
#include "server/fetch/fetch.h"
#include "server/front/transport.h"
#include "server/ocsp_exchange.h"
#include "server/policy/renewals.h"
#include "server/service/journal.h"
#include "server/service/notify.h"
#include "server/supervise.h"
#include "server/upkeep/last_seal.h"
#include "server/upkeep/seal_file.h"
#include "server/version.h"
#include "storage/store.h"

enum {
    KEPT_MEMORY =
        64 * 1024 * 1024,      /* octets that stay with the process when nobody uses them, a malloc arena */
    MEMORY_STEP = 1024 * 1024, /* octets that are asked of the kernel at a time */
    FOLLOW_MS = BOUND_VENDOR_CRL_EVERY * 1000, /* between two looks at what changes by itself */
};

/* struct retry is of something that did not succeed: it is tried again, at growing intervals. */
struct retry {
    int64_t next_ms;             /* clock_steady_ms; 0: at once */
    int64_t after_ms;            /* the interval before that; 0: it did not fail */
    char told[CONFIG_FAULT_MAX]; /* what the log knows of it */
};

struct server {
    const char *config_path;
    struct policy *policy;
    struct store *store;
    struct pipeline *pipeline;
    struct authorize *authorize;
    void *transports[TRANSPORTS_MAX]; /* of the table, in its order; NULL: not open */
    struct upkeep *upkeep;
    struct publication *publication;
    struct crl_service *crl;
    struct ocsp_service *ocsp; /* NULL: no listener serves it */
    struct metrics_service *metrics;
    struct confine *confine;
    uint64_t crls_seen; /* policy_crls_changed */
    struct health health;
    int64_t started;      /* Unix seconds */
    struct retry crls;    /* of vendors */
    struct retry renewed; /* the certificates that the store has */
    struct retry tls;     /* the TLS files of listeners */
    int64_t follow_ms;    /* clock_steady_ms from which to look again at what changes by itself */
    struct supervise supervise;
};

static int fail(const char *text)
{
    fprintf(stderr, "cmpd: %s\n", text);
    return 1;
}

static void page_of(struct front_page *page, int status, const char *text)
{
    *page =
        (struct front_page){.status = status, .content_type = "application/json", .body = bytes_str(text)};
}

static void live_page(void *arg, const struct front_ask *ask, struct front_page *page)
{
    (void)ask;
    static _Thread_local char text[HEALTH_TEXT_MAX];

    page_of(page, health_live(arg, text), text);
}

static void ready_page(void *arg, const struct front_ask *ask, struct front_page *page)
{
    (void)ask;
    static _Thread_local char text[HEALTH_TEXT_MAX];

    page_of(page, health_ready(arg, text), text);
}

static void tolerances_page(void *arg, const struct front_ask *ask, struct front_page *page)
{
    (void)ask;
    static _Thread_local char text[TOLERANCES_TEXT_MAX];

    tolerances_text(text, *(const int64_t *)arg);
    page_of(page, 200, text);
}

static void metrics_page(void *arg, const struct front_ask *ask, struct front_page *page)
{
    const struct metrics_document *document = metrics_document(arg, ask->accept);

    if (document == NULL) {
        *page = (struct front_page){
            .status = 503,
            .content_type = "text/plain",
            .body = bytes_str(
                "there is no text just now: others read, or memory is short; try again in a second\n")};
        return;
    }
    *page = (struct front_page){.status = 200,
                                .content_type = document->content_type,
                                .body = document->body,
                                .release = metrics_release,
                                .is_withdrawn = metrics_is_withdrawn,
                                .held = (void *)(uintptr_t)document};
}

static void release_document(void *held)
{
    published_release(held);
}

static int is_document_withdrawn(const void *held)
{
    return published_is_withdrawn(held);
}

/* What is published below this path: CRLs, certificates of CAs. */
static void document_page(void *arg, const struct front_ask *ask, struct front_page *page)
{
    struct published *document = publication_find(arg, ask->path);

    if (document == NULL) {
        *page = (struct front_page){
            .status = 404, .content_type = "text/plain", .body = bytes_str("nothing is published here\n")};
        return;
    }
    *page = (struct front_page){.status = 200,
                                .content_type = document->content_type,
                                .body = document->body,
                                .release = release_document,
                                .is_withdrawn = is_document_withdrawn,
                                .held = document,
                                .tag = document->tag,
                                .modified = document->modified,
                                .expires = document->expires};
}

/* Becomes the other build of this program, found beside it. Returns only on failure. */
static void become(const char *name, char **argv)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    char *slash;

    if (len <= 0)
        return;
    path[len] = 0;
    slash = strrchr(path, '/');
    if (slash == NULL || (size_t)(slash + 1 - path) + strlen(name) >= sizeof path)
        return;
    memcpy(slash + 1, name, strlen(name) + 1);
    execv(path, argv);
}

static int probe_transports(char *why, size_t len)
{
    for (size_t i = 0; transports[i] != NULL; i++)
        if (!transports[i]->probe(why, len))
            return 0;
    return 1;
}

/* Settles which build serves. Returns 1 if it is this one, 0 with |fault| written otherwise. */
static int choose_front(struct config_fault *fault, const struct config *config, char **argv)
{
    char why[512] = "";
    int is_uring = strcmp(front_backend(), "io_uring") == 0;

    if (config->front == CONFIG_FRONT_IO_URING && !is_uring)
        return config_fault_at(fault, config, "front",
                               "this is cmpd-epoll, but front is io_uring; start cmpd, or write front: auto");
    if (config->front == CONFIG_FRONT_EPOLL && is_uring) {
        become("cmpd-epoll", argv);
        return config_fault_at(fault, config, "front",
                               "cmpd-epoll could not be started: %s; install it beside cmpd",
                               strerror(errno));
    }
    if (probe_transports(why, sizeof why))
        return 1;
    if (config->front == CONFIG_FRONT_AUTO && is_uring) {
        log_line(LOG_WARN, "going on as cmpd-epoll", log_text("why", why));
        become("cmpd-epoll", argv);
        return config_fault_at(fault, config, "front", "%s; and cmpd-epoll could not be started: %s", why,
                               strerror(errno));
    }
    return config_fault_at(fault, config, "front", "%s", why);
}

static void log_demo_profiles(const struct config *config)
{
    for (size_t i = 0; i < config->profile_count; i++)
        if (config->profiles[i].demo)
            log_line(LOG_WARN, "demo profile", log_word("profile", config->profiles[i].name),
                     log_text("text", "for demonstration only: not for real base stations"));
}

/* What may fail here fails before anything is served. */
static int ask_kernel(struct config_fault *fault, const struct config *config)
{
    char why[512];
    uint32_t threads = config->threads.front + config->threads.workers + config->threads.slow +
                       config->threads.token + (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);

    if (config->hardening == CONFIG_HARDENING_OFF) {
        process_allow_debuggers();
        log_line(LOG_WARN, "hardening is off", log_text("text", "for debuggers only"));
    } else {
        process_no_new_privileges();
    }
    return process_reserve_descriptors(why, sizeof why, config->limits.connections,
                                       BOUND_DESCRIPTORS + threads * BOUND_DESCRIPTORS_OF_THREAD) ||
           config_fault_at(fault, config, "limits.connections", "%s", why);
}

static int prepare_seal_file(struct config_fault *fault, const struct config *config)
{
    struct seal_file file = {.fd = -1};
    int ok = seal_file_prepare(&file, config->audit_seal_file);

    if (!ok)
        config_fault_at(fault, config, "audit_seal_file",
                        "%s: %s; name a file in a folder that the user of this program may write",
                        config->audit_seal_file, strerror(errno));
    seal_file_close(&file);
    return ok;
}

/* After keys were loaded: at a reload, those of both configurations are there. */
static void tell_keys_outside(void)
{
    size_t missed = secret_memory_missed();

    if (missed > 0)
        log_line(LOG_WARN, "keys are not locked in memory", log_text("reason", "the locked memory is full"),
                 log_number("pieces", missed),
                 log_text("text", "they are wiped all the same; use fewer or smaller keys; after a reload, "
                                  "which holds those of both configurations, a restart may do"));
}

/* Faults before this are told on standard error, and so is every one that keeps cmpd from starting. */
static int open_log(struct config_fault *fault, const struct config *config)
{
    log_set_level(config->log);
    log_set_format(config->log_format);
    switch (config->log_to) {
    case CONFIG_LOG_STDERR:
        return 1;
    case CONFIG_LOG_FILE:
        return log_to_file(config->log_file, (mode_t)config->log_file_mode) ||
               config_fault_at(fault, config, "log_file",
                               "%s cannot be written: %s; name a file, and no link to one, in a folder that "
                               "the user of this program may write",
                               config->log_file, strerror(errno));
    case CONFIG_LOG_JOURNALD:
        if (!journal_is_there())
            return config_fault_at(fault, config, "log_to",
                                   "log_to is journald, and its socket cannot be reached: %s; start "
                                   "systemd-journald, or write log_to: stderr",
                                   strerror(errno));
        log_to(journal_take);
        return 1;
    }
    return 0;
}

/* What comes before there are secrets and threads. */
static int prepare(struct config_fault *fault, struct server *server, char **argv)
{
    struct config *config = config_load(fault, server->config_path);
    int ok = config != NULL && open_log(fault, config);

    if (ok && !secret_memory_lock())
        log_line(LOG_WARN, "keys are not locked in memory", log_text("reason", strerror(errno)),
                 log_number("octets", SECRET_MEMORY),
                 log_text("text", "raise the limit of locked memory (LimitMEMLOCK= of the unit, ulimit -l)"));
    ok = ok && choose_front(fault, config, argv) && ask_kernel(fault, config) &&
         prepare_seal_file(fault, config);
    if (ok && (server->confine = confine_files(config, server->config_path)) == NULL)
        ok = config_fault_at(fault, config, "hardening", "no memory");
    config_free(config);
    return ok;
}

static int open_transports(struct config_fault *fault, struct server *server, const struct front_setup *setup)
{
    for (size_t i = 0; transports[i] != NULL; i++)
        if ((server->transports[i] = transports[i]->open(fault, setup)) == NULL) {
            log_line(LOG_ERROR, "transport not opened", log_word("transport", transports[i]->name));
            return 0;
        }
    return 1;
}

static int start_transports(struct server *server)
{
    for (size_t i = 0; transports[i] != NULL; i++)
        if (!transports[i]->start(server->transports[i]))
            return 0;
    return 1;
}

static int reload_transports(struct config_fault *fault, struct server *server, const struct config *config)
{
    for (size_t i = 0; transports[i] != NULL; i++)
        if (!transports[i]->reload(fault, server->transports[i], config))
            return 0;
    return 1;
}

static void drain_transports(struct server *server)
{
    for (size_t i = 0; transports[i] != NULL; i++)
        transports[i]->drain(server->transports[i]);
}

/* All of them have |seconds| together. Returns the number of requests that were cut off. */
static unsigned stop_transports(struct server *server, unsigned seconds)
{
    time_t deadline = time(NULL) + (time_t)seconds, now;
    unsigned cut_off = 0;

    for (size_t i = 0; transports[i] != NULL; i++) {
        now = time(NULL);
        if (server->transports[i] != NULL)
            cut_off +=
                transports[i]->stop(server->transports[i], now < deadline ? (unsigned)(deadline - now) : 0);
        server->transports[i] = NULL;
    }
    return cut_off;
}

static int serves_ocsp(const struct config *config)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if ((config->listeners[i].serves & CONFIG_SERVE_OCSP) != 0)
            return 1;
    return 0;
}

/* A responder's certificate is one more that the CA issues: not where nobody asks for it. */
static int start_ocsp(struct server *server, const struct config *config)
{
    if (!serves_ocsp(config))
        return 1;
    server->ocsp = ocsp_new(server->policy, server->store);
    pipeline_serve_ocsp(server->pipeline, server->ocsp);
    return server->ocsp != NULL;
}

/* Keys in tokens and large CRLs take their time to load: the service manager's clock begins anew. */
static void expect_long(void)
{
    notify_alive();
}

/* The policy is loaded anew for it, so not as often as one could. */
static void put_off(struct retry *retry, const char *event, const char *alarm,
                    const struct config_fault *fault)
{
    const int64_t first = BOUND_VENDOR_CRL_EVERY * INT64_C(1000), most = BOUND_RENEWAL_LOAD * INT64_C(1000);

    if (strcmp(retry->told, fault->text) != 0)
        log_line(LOG_ERROR, event, log_word("alarm", alarm), log_text("text", fault->text));
    snprintf(retry->told, sizeof retry->told, "%s", fault->text);
    retry->after_ms = retry->after_ms == 0 ? first : 2 * retry->after_ms;
    if (retry->after_ms > most)
        retry->after_ms = most;
    retry->next_ms = clock_steady_ms() + retry->after_ms;
}

static void put_off_renewed(struct server *server, const struct config_fault *fault)
{
    put_off(&server->renewed, "renewed certificates refused", "renewal", fault);
}

/* Returns a policy with what the store has that was renewed and the present one lacks, or NULL: nothing is
 * new, or it cannot be known now. */
static struct policy *load_renewed(struct server *server)
{
    struct config_fault fault = {""};
    struct policy_renewals *renewals = policy_renewals_read(server->policy, server->store, time(NULL));
    struct policy *newer = NULL;

    if (renewals != NULL && policy_lacks(server->policy, renewals)) {
        expect_long();
        newer = policy_load_renewed(&fault, server->policy, server->config_path, renewals, time(NULL));
        if (newer == NULL)
            put_off_renewed(server, &fault);
    }
    policy_renewals_release(renewals);
    return newer;
}

static int start(struct server *server, char **argv)
{
    static struct front_handler handlers[6];
    static struct front_exchange exchange;
    struct config_fault fault = {""};
    char store_fault[STORE_FAULT_MAX] = "", last_seal[LAST_SEAL_TEXT];
    const struct config *config;
    struct front_setup setup;
    struct policy *renewed;

    if (!prepare(&fault, server, argv))
        return fail(fault.text);
    metrics_begin(metrics_table, metrics_table_count);
    if (!fetch_begin())
        return fail("libcurl could not be set up");
    server->policy = policy_load_file(&fault, server->config_path, time(NULL));
    if (server->policy == NULL)
        return fail(fault.text);
    config = policy_config(server->policy);
    server->store = store_open(store_fault, config->store, config->node);
    if (server->store == NULL) {
        config_fault_at(&fault, config, "store", "%s", store_fault);
        return fail(fault.text);
    }
    if (last_seal_check(last_seal, config->audit_seal_file, server->store) != LAST_SEAL_HELD) {
        config_fault_at(&fault, config, "store", "%s", last_seal);
        return fail(fault.text);
    }
    if ((renewed = load_renewed(server)) != NULL) {
        policy_release(server->policy);
        server->policy = renewed;
        config = policy_config(renewed);
        log_line(LOG_INFO, "renewed certificates taken up");
    }
    server->pipeline = pipeline_new(fault.text, config, server->policy, server->store);
    if (server->pipeline == NULL)
        return fail(fault.text);
    server->authorize = authorize_new();
    if (server->authorize == NULL)
        return fail("the thread that asks authorizers could not be started");
    pipeline_asks(server->pipeline, server->authorize);
    server->upkeep = upkeep_new(server->policy, server->store, pipeline_guesses(server->pipeline));
    if (server->upkeep == NULL)
        return fail("the thread for upkeep could not be started");
    server->publication = publication_new();
    server->crl =
        server->publication != NULL ? crl_new(server->policy, server->store, server->publication) : NULL;
    if (server->crl == NULL)
        return fail("the thread for CRLs could not be started");
    if (!start_ocsp(server, config))
        return fail("the thread for OCSP could not be started");
    exchange = ocsp_exchange(server->ocsp);
    server->health.upkeep = server->upkeep;
    server->health.crl = server->crl;
    server->health.ocsp = server->ocsp;
    server->health.pipeline = server->pipeline;
    server->health.store = server->store;
    handlers[0] = (struct front_handler){"/healthz", CONFIG_SERVE_HEALTH, live_page, &server->health};
    handlers[1] = (struct front_handler){"/readyz", CONFIG_SERVE_HEALTH, ready_page, &server->health};
    handlers[2] =
        (struct front_handler){"/crl/", CONFIG_SERVE_PUBLICATION, document_page, server->publication};
    handlers[3] =
        (struct front_handler){"/ca/", CONFIG_SERVE_PUBLICATION, document_page, server->publication};
    server->started = time(NULL);
    handlers[4] =
        (struct front_handler){"/tolerances", CONFIG_SERVE_ADMIN, tolerances_page, &server->started};
    server->metrics = metrics_new(
        &(struct metrics_sources){&server->health, server->started, CMPD_VERSION, front_backend()},
        server->policy);
    if (server->metrics == NULL)
        return fail("out of memory");
    handlers[5] = (struct front_handler){"/metrics", CONFIG_SERVE_ADMIN, metrics_page, server->metrics};
    setup =
        (struct front_setup){config, server->pipeline, handlers, 6, &exchange, server->ocsp != NULL ? 1 : 0};
    if (!open_transports(&fault, server, &setup))
        return fail(fault.text);
    tell_keys_outside();
    if (!log_start())
        log_line(LOG_WARN, "no thread for the log",
                 log_text("text", "a standard error that is blocked keeps requests waiting"));
    if (!start_transports(server))
        return fail("the front's threads could not be started");
    confine_calls(server->confine);
    log_demo_profiles(config);
    log_line(LOG_INFO, "serving", log_word("version", CMPD_VERSION), log_word("front", front_backend()),
             log_word("node", config->node), log_word("config", policy_hash(server->policy)));
    server->supervise = (struct supervise){
        .health = &server->health, .pipeline = server->pipeline, .transports = server->transports};
    supervise_begin(&server->supervise);
    return 0;
}

/* Frees what start made, as far as it came; the transports are gone already, or never were. */
static void tear_down(struct server *server)
{
    if (server->pipeline != NULL)
        pipeline_stop(server->pipeline);
    authorize_free(server->authorize);
    metrics_free(server->metrics);
    crl_stop(server->crl);
    ocsp_stop(server->ocsp);
    publication_free(server->publication);
    upkeep_free(server->upkeep); /* seals what the pipeline committed */
    if (server->pipeline != NULL)
        pipeline_free(server->pipeline);
    store_close(server->store);
    policy_release(server->policy);
    confine_free(server->confine);
}

/* From the next message on. */
static void use_policy(struct server *server, struct policy *newer)
{
    pipeline_set_policy(server->pipeline, newer);
    upkeep_set_policy(server->upkeep, newer);
    crl_set_policy(server->crl, newer);
    metrics_set_policy(server->metrics, newer);
    if (server->ocsp != NULL)
        ocsp_set_policy(server->ocsp, newer);
    policy_release(server->policy);
    server->policy = newer;
    server->crls.next_ms = server->crls.after_ms = 0;
    server->renewed.next_ms = server->renewed.after_ms = 0;
    server->tls.next_ms = server->tls.after_ms = 0;
}

/* A policy that was loaded because of something that changed by itself. Listeners get the TLS files that it
 * has read, if they are others: only then, for clients resume no session of before. 1, or 0 with |fault|
 * written and all as before. */
static int take_up(struct config_fault *fault, struct server *server, struct policy *newer)
{
    tell_keys_outside();
    if (newer == NULL)
        return 0;
    if (policy_tls_stamp(newer) != policy_tls_stamp(server->policy) &&
        !reload_transports(fault, server, policy_config(newer))) {
        policy_release(newer);
        return 0;
    }
    use_policy(server, newer);
    return 1;
}

/* The configuration stays what it was: what its operator writes meanwhile waits for SIGHUP. */
static void follow_crls(struct server *server)
{
    struct config_fault fault;

    /* Those that were refused may be right by now, though they are the same: it may have been something else.
     */
    if (server->crls.after_ms != 0 && clock_steady_ms() >= server->crls.next_ms)
        server->crls_seen = 0;
    if (!policy_crls_changed(server->policy, &server->crls_seen))
        return;
    expect_long();
    if (!take_up(&fault, server,
                 policy_load_again(&fault, server->policy, server->config_path, time(NULL)))) {
        put_off(&server->crls, "CRLs of vendors refused", "vendor_crls", &fault);
        return;
    }
    server->crls.told[0] = 0;
    log_line(LOG_INFO, "CRLs of vendors loaded");
}

static void follow_renewed(struct server *server)
{
    struct config_fault fault;
    struct policy *renewed;

    if (!upkeep_has_renewed(server->upkeep) || clock_steady_ms() < server->renewed.next_ms ||
        (renewed = load_renewed(server)) == NULL)
        return;
    if (!take_up(&fault, server, renewed)) {
        put_off_renewed(server, &fault);
        return;
    }
    server->renewed.told[0] = 0;
    log_line(LOG_INFO, "renewed certificates taken up");
}

static void follow_tls(struct server *server)
{
    const uint64_t fit = upkeep_new_tls(server->upkeep);
    struct config_fault fault;

    /* Upkeep looks only every other second: by now they may be in use, or somebody may write them again. */
    if (fit == 0 || clock_steady_ms() < server->tls.next_ms || fit == policy_tls_stamp(server->policy) ||
        fit != policy_tls_stamp_now(server->policy))
        return;
    expect_long();
    if (!take_up(&fault, server, policy_load_tls(&fault, server->policy, server->config_path, time(NULL)))) {
        put_off(&server->tls, "TLS files refused", "tls", &fault);
        return;
    }
    server->tls.told[0] = 0;
    log_line(LOG_INFO, "TLS files taken up");
}

/* Whatever becomes of the configuration: who moved the file away waits for another. */
static void reopen_log(struct server *server)
{
    if (log_reopen())
        return;
    log_line(LOG_ERROR, "log file not opened", log_text("file", policy_config(server->policy)->log_file),
             log_text("reason", strerror(errno)),
             log_text("text", "lines go on to the file that was open; let the user of this program write it, "
                              "and send SIGHUP again"));
}

/* SIGHUP: all of the new configuration, or none of it. */
static void reload(struct server *server)
{
    struct config_fault fault;
    struct config *named = config_load(&fault, server->config_path);
    struct policy *newer = NULL;

    reopen_log(server);
    expect_long();
    if (named != NULL && confine_allows(&fault, server->confine, named))
        newer = policy_load_next(&fault, server->policy, server->config_path, time(NULL));
    config_free(named);
    tell_keys_outside();
    if (newer == NULL ||
        !config_reload_allowed(&fault, policy_config(server->policy), policy_config(newer)) ||
        !reload_transports(&fault, server, policy_config(newer))) {
        log_line(LOG_ERROR, "configuration refused", log_text("text", fault.text));
        policy_release(newer);
        return;
    }
    log_set_level(policy_config(newer)->log);
    use_policy(server, newer);
    upkeep_resume(server->upkeep);
    server->crls.told[0] = server->renewed.told[0] = server->tls.told[0] = 0;
    log_demo_profiles(policy_config(newer));
    log_line(LOG_INFO, "configuration loaded", log_word("config", policy_hash(newer)));
}

/* SIGTERM: readiness fails at once, accepting goes on for a while, then what is in flight is finished. A
 * second signal, or SIGINT from a terminal, skips the while. */
static int stop(struct server *server, const sigset_t *signals, int signal)
{
    const struct config *config = policy_config(server->policy);
    struct timespec drain = {.tv_sec = config->limits.drain_seconds};
    unsigned cut_off;

    notify_stopping();
    atomic_store(&server->health.draining, 1);
    drain_transports(server);
    log_line(LOG_INFO, "stopping", log_number("signal", signal),
             log_number("drain_seconds", signal == SIGTERM ? config->limits.drain_seconds : 0));
    if (signal == SIGTERM)
        sigtimedwait(signals, NULL, &drain);
    cut_off = stop_transports(server, config->limits.stop_seconds);
    if (cut_off != 0) {
        /* Jobs are still with the pipeline and will not be waited for: the process ends without tidying up
         * under them. What the store has not committed was not answered either. */
        log_line(LOG_ERROR, "stopped", log_number("cut_off", cut_off));
        log_stop();
        _exit(1);
    }
    tear_down(server);
    log_line(LOG_INFO, "stopped", log_number("cut_off", 0));
    log_stop();
    return 0;
}

/* What changes by itself. */
static void follow(struct server *server)
{
    if (clock_steady_ms() < server->follow_ms)
        return;
    server->follow_ms = clock_steady_ms() + FOLLOW_MS;
    follow_crls(server);
    follow_renewed(server);
    follow_tls(server);
}

static int run(struct server *server, char **argv)
{
    sigset_t signals;
    int64_t wait_ms;
    int signal;

    /* Blocked before any thread is made, so that every thread has them blocked and this one alone takes them.
     */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (start(server, argv) != 0) {
        stop_transports(server, 0);
        tear_down(server);
        log_stop();
        return 1;
    }
    for (;;) {
        wait_ms = supervise_turn(&server->supervise, FOLLOW_MS);
        signal = sigtimedwait(
            &signals, NULL,
            &(struct timespec){.tv_sec = wait_ms / 1000, .tv_nsec = (long)(wait_ms % 1000) * 1000000});
        if (signal == SIGHUP) {
            notify_reloading();
            reload(server);
            notify_ready();
        } else if (signal > 0)
            return stop(server, &signals, signal);
        else
            follow(server);
    }
}

static void print_version(void)
{
    version_print(stdout, "cmpd", front_backend());
    for (size_t i = 0; transports[i] != NULL; i++)
        printf("%s\n", transports[i]->versions());
}

static int usage(FILE *out, int status)
{
    fprintf(out, "usage: cmpd [--config FILE]\n"
                 "       cmpd --version\n"
                 "Without FILE it is what CMPD_CONFIG names, or " CONFIG_PLACE_DEFAULT ".\n"
                 "SIGTERM drains and stops, SIGINT stops, SIGHUP loads the configuration again.\n");
    return status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct server server = {.config_path = NULL};
    int option;

    while ((option = getopt_long(argc, argv, "c:vh", options, NULL)) != -1)
        switch (option) {
        case 'c':
            server.config_path = optarg;
            break;
        case 'v':
            print_version();
            return 0;
        case 'h':
            return usage(stdout, 0);
        default:
            return usage(stderr, 2);
        }
    if (optind != argc)
        return usage(stderr, 2);
    if ((server.config_path = config_place(server.config_path)) == NULL) {
        fprintf(stderr,
                "cmpd: no configuration: CMPD_CONFIG is not set, and there is no " CONFIG_PLACE_DEFAULT
                "; name one with --config\n");
        return usage(stderr, 2);
    }
    process_keep_secrets();
    umask(077); /* files that are made here are nobody else's */
    /* Jobs come and go many thousand times a second: memory that is given back to the kernel in between would
     * be fetched, and cleared, again. */
    mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY);
    mallopt(M_TOP_PAD, MEMORY_STEP);
    signal(SIGPIPE, SIG_IGN);
    return run(&server, argv);
}
