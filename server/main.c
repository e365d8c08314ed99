/* cmpd: puts the rooms together, and follows signals. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/secret_memory.h"
#include "server/admin/health.h"
#include "server/admin/tolerances.h"
#include "server/authorize/authorize.h"
#include "server/base/bounds.h"
#include "server/base/process.h"
#include "server/confine.h"
#include "server/crl/crl.h"
#include "server/fetch/fetch.h"
#include "server/front/transport.h"
#include "server/ocsp_exchange.h"
#include "server/policy/policy.h"
#include "server/upkeep/seal_file.h"
#include "server/version.h"
#include "storage/store.h"

enum {
    KEPT_MEMORY =
        64 * 1024 * 1024,      /* octets that stay with the process when nobody uses them, a malloc arena */
    MEMORY_STEP = 1024 * 1024, /* octets that are asked of the kernel at a time */
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
    struct confine *confine;
    uint64_t crls_seen; /* policy_crls_changed */
    struct health health;
    int64_t started; /* Unix seconds */
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

static void live_page(void *arg, struct bytes path, struct front_page *page)
{
    (void)path;
    static _Thread_local char text[HEALTH_TEXT_MAX];

    page_of(page, health_live(arg, text), text);
}

static void ready_page(void *arg, struct bytes path, struct front_page *page)
{
    (void)path;
    static _Thread_local char text[HEALTH_TEXT_MAX];

    page_of(page, health_ready(arg, text), text);
}

static void tolerances_page(void *arg, struct bytes path, struct front_page *page)
{
    (void)path;
    static _Thread_local char text[TOLERANCES_TEXT_MAX];

    tolerances_text(text, *(const int64_t *)arg);
    page_of(page, 200, text);
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
static void document_page(void *arg, struct bytes path, struct front_page *page)
{
    struct published *document = publication_find(arg, path);

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

/* What comes before there are secrets and threads. */
static int prepare(struct config_fault *fault, struct server *server, char **argv)
{
    struct config *config = config_load(fault, server->config_path);
    int ok = config != NULL;

    if (ok)
        log_set_level(config->log);
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

static int start(struct server *server, char **argv)
{
    static struct front_handler handlers[5];
    static struct front_exchange exchange;
    struct config_fault fault = {""};
    char store_fault[STORE_FAULT_MAX] = "";
    const struct config *config;
    struct front_setup setup;

    if (!prepare(&fault, server, argv))
        return fail(fault.text);
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
    setup =
        (struct front_setup){config, server->pipeline, handlers, 5, &exchange, server->ocsp != NULL ? 1 : 0};
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
    return 0;
}

/* Frees what start made, as far as it came; the transports are gone already, or never were. */
static void tear_down(struct server *server)
{
    if (server->pipeline != NULL)
        pipeline_stop(server->pipeline);
    authorize_free(server->authorize);
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
    if (server->ocsp != NULL)
        ocsp_set_policy(server->ocsp, newer);
    policy_release(server->policy);
    server->policy = newer;
}

/* The configuration stays what it was: what its operator writes meanwhile waits for SIGHUP. */
static void follow_crls(struct server *server)
{
    struct config_fault fault;
    struct policy *newer;

    if (!policy_crls_changed(server->policy, &server->crls_seen))
        return;
    newer = policy_load_again(&fault, server->policy, server->config_path, time(NULL));
    tell_keys_outside();
    if (newer == NULL) {
        log_line(LOG_ERROR, "CRLs of vendors refused", log_text("text", fault.text));
        return;
    }
    use_policy(server, newer);
    log_line(LOG_INFO, "CRLs of vendors loaded");
}

/* SIGHUP: all of the new configuration, or none of it. */
static void reload(struct server *server)
{
    struct config_fault fault;
    struct config *named = config_load(&fault, server->config_path);
    struct policy *newer = NULL;

    if (named != NULL && confine_allows(&fault, server->confine, named))
        newer = policy_load_file(&fault, server->config_path, time(NULL));
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

static int run(struct server *server, char **argv)
{
    sigset_t signals;
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
        signal = sigtimedwait(&signals, NULL, &(struct timespec){.tv_sec = BOUND_VENDOR_CRL_EVERY});
        if (signal == SIGHUP)
            reload(server);
        else if (signal > 0)
            return stop(server, &signals, signal);
        else
            follow_crls(server);
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
    fprintf(out, "usage: cmpd --config FILE\n"
                 "       cmpd --version\n"
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
    if (server.config_path == NULL || optind != argc)
        return usage(stderr, 2);
    process_keep_secrets();
    umask(077); /* files that are made here are nobody else's */
    /* Jobs come and go many thousand times a second: memory that is given back to the kernel in between would
     * be fetched, and cleared, again. */
    mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY);
    mallopt(M_TOP_PAD, MEMORY_STEP);
    signal(SIGPIPE, SIG_IGN);
    return run(&server, argv);
}
