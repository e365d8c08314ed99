/* two_openssls.c: the front, all engines and libpq in one process, until SIGTERM.
 *
 * Usage: two-openssls CERTIFICATE KEY CONNINFO REFUSED ... <SYMBOLS
 *
 * SYMBOLS are lines "LIBRARY NAME": what a library that calls NAME gets must lie in LIBRARY. The front serves
 * TLS on a free port of loopback. Each of two threads opens connections to PostgreSQL, asks, signs and
 * verifies with every engine in between, and tries each of REFUSED, URLs that must not be connected to for
 * their certificates; it prints a line a round. The first thing that is wrong ends the process with 1. */
#include <dlfcn.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/batch.h"
#include "crypto/engine.h"
#include "server/front/http/http.h"
#include "tests/front/fake_pipeline.h"

enum { THREADS = 2, CONNECTIONS = 3, LONG_ANSWER = 300000 };

/* BoringSSL's own, linked in: by the linker's name, because its headers are not for here. */
extern const char boringssl_ssl_new[] __asm__("SSL_new");
extern const char boringssl_evp_md_ctx_new[] __asm__("EVP_MD_CTX_new");

struct setup {
    const char *conninfo;
    char **refused;
    int refused_count;
};

static atomic_int stopping;

#define FAIL(...)                                                                                            \
    do {                                                                                                     \
        fprintf(stderr, __VA_ARGS__);                                                                        \
        fputc('\n', stderr);                                                                                 \
        _Exit(1);                                                                                            \
    } while (0)

/* ---- who answers to a name ---- */

static void check_symbol(const char *library, const char *name)
{
    const void *found = dlsym(RTLD_DEFAULT, name);
    Dl_info info;

    if (found == NULL || !dladdr(found, &info))
        FAIL("%s is nowhere", name);
    if (strstr(info.dli_fname, library) == NULL)
        FAIL("%s of %s is taken from %s", name, library, info.dli_fname);
}

static void check_symbols(void)
{
    char library[128], name[256];
    unsigned count = 0;

    for (; scanf("%127s %255s", library, name) == 2; count++)
        check_symbol(library, name);
    printf("symbols %u\n", count);
}

/* Both are here: BoringSSL in this program, the other in libraries that are loaded beside it. */
static void check_present(void)
{
    const char *const libraries[] = {"libssl.so.3", "libcrypto.so.3", "libpq.so.5"};
    int seen[3] = {0};
    char line[512];
    Dl_info program, info;
    FILE *maps = fopen("/proc/self/maps", "r");

    if (maps == NULL)
        FAIL("/proc/self/maps cannot be read");
    while (fgets(line, sizeof line, maps) != NULL)
        for (int i = 0; i < 3; i++)
            seen[i] |= strstr(line, libraries[i]) != NULL;
    fclose(maps);
    for (int i = 0; i < 3; i++)
        if (!seen[i])
            FAIL("%s is not loaded", libraries[i]);
    if (!dladdr((const void *)(uintptr_t)check_present, &program))
        FAIL("this program is nowhere");
    if (!dladdr(boringssl_ssl_new, &info) || info.dli_fbase != program.dli_fbase ||
        !dladdr(boringssl_evp_md_ctx_new, &info) || info.dli_fbase != program.dli_fbase)
        FAIL("BoringSSL is not in this program");
}

/* ---- libpq ---- */

static void check_answer(PGresult *result, const char *want, const char *what)
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        FAIL("%s: %s", what, PQresultErrorMessage(result));
    if (strcmp(PQgetvalue(result, 0, 0), want) != 0)
        FAIL("%s: '%s' instead of '%s'", what, PQgetvalue(result, 0, 0), want);
    PQclear(result);
}

static PGconn *open_connection(const struct setup *setup)
{
    PGconn *connection = PQconnectdb(setup->conninfo);

    if (PQstatus(connection) != CONNECTION_OK)
        FAIL("libpq: %s", PQerrorMessage(connection));
    if (!PQsslInUse(connection) || strcmp(PQsslAttribute(connection, "library"), "OpenSSL") != 0 ||
        strcmp(PQsslAttribute(connection, "protocol"), "TLSv1.3") != 0)
        FAIL("libpq: not TLS 1.3 by OpenSSL");
    check_answer(PQexec(connection, "select ssl and version = 'TLSv1.3' from pg_stat_ssl "
                                    "where pid = pg_backend_pid()"),
                 "t", "pg_stat_ssl");
    return connection;
}

static void ask(PGconn *connection)
{
    static const char digest[] = "select md5($1)";
    char *text = malloc(LONG_ANSWER + 1);
    const char *values[] = {text};
    PGresult *result;

    if (text == NULL)
        FAIL("out of memory");
    memset(text, 'x', LONG_ANSWER);
    text[LONG_ANSWER] = 0;
    /* Long enough for many records of TLS, there and back. */
    result = PQexecParams(connection, "select repeat('x', length($1::text))", 1, NULL, values, NULL, NULL, 0);
    check_answer(result, text, "a long answer");
    values[0] = "abc"; /* RFC 1321 A.5 */
    result = PQexecParams(connection, digest, 1, NULL, values, NULL, NULL, 0);
    check_answer(result, "900150983cd24fb0d6963f7d28e17f72", digest);
    free(text);
}

static void check_refused(const char *conninfo)
{
    PGconn *connection = PQconnectdb(conninfo);

    if (PQstatus(connection) == CONNECTION_OK)
        FAIL("connected to %s", conninfo);
    if (strstr(PQerrorMessage(connection), "certificate") == NULL)
        FAIL("not refused for its certificate: %s", PQerrorMessage(connection));
    PQfinish(connection);
}

/* ---- engines ---- */

struct key_pair {
    struct private_key *private;
    struct public_key *public;
};

static int sign_and_verify(enum engine_id id, enum key_kind kind, const struct key_pair *pair, char last)
{
    uint8_t signature[SIGNATURE_MAX], message[] = {'c', 'm', 'p', 'd', (uint8_t)last};
    struct signing signing = {.algorithm = signature_for_key(kind),
                              .key = pair->private,
                              .message = bytes_of(message, sizeof message),
                              .signature = signature};
    struct signing *signings[] = {&signing};
    struct verification item = {
        .algorithm = signing.algorithm, .key = pair->public, .message = signing.message};
    struct verification *items[] = {&item};

    sign_batch_with(id, signings, 1);
    item.signature = bytes_of(signature, signing.signature_len);
    verify_batch_with(id, items, 1);
    if (!item.valid)
        return 0;
    message[0] ^= 1;
    verify_batch_with(id, items, 1);
    return !item.valid;
}

static void use_engines(const struct key_pair *keys, char last)
{
    for (int id = 0; id < ENGINE_COUNT; id++)
        for (int kind = KEY_P256; kind < KEY_KIND_COUNT; kind++)
            if (engine_usable((enum engine_id)id) && engine_offers((enum engine_id)id, (enum key_kind)kind) &&
                !sign_and_verify((enum engine_id)id, (enum key_kind)kind, &keys[kind], last))
                FAIL("%s: a signature by %s is wrong", engine_name((enum engine_id)id),
                     key_algorithm((enum key_kind)kind)->name);
}

/* ---- together ---- */

static void *run(void *arg)
{
    const struct setup *setup = arg;
    struct key_pair keys[KEY_KIND_COUNT];

    for (int kind = KEY_P256; kind < KEY_KIND_COUNT; kind++) {
        keys[kind].private = private_key_generate((enum key_kind)kind, 2048);
        keys[kind].public = public_key_parse(private_key_spki(keys[kind].private));
    }
    for (unsigned round = 0; !atomic_load(&stopping); round++) {
        PGconn *connections[CONNECTIONS];
        for (int i = 0; i < CONNECTIONS; i++) {
            connections[i] = open_connection(setup);
            use_engines(keys, (char)round);
        }
        for (int i = 0; i < CONNECTIONS; i++) {
            ask(connections[i]);
            use_engines(keys, (char)i);
        }
        for (int i = 0; i < setup->refused_count; i++)
            check_refused(setup->refused[i]);
        for (int i = 0; i < CONNECTIONS; i++)
            PQfinish(connections[i]);
        printf("round\n");
    }
    for (int kind = KEY_P256; kind < KEY_KIND_COUNT; kind++) {
        private_key_free(keys[kind].private);
        public_key_free(keys[kind].public);
    }
    return NULL;
}

static void hello(void *arg, const struct front_ask *ask, struct front_page *page)
{
    (void)ask;
    (void)arg;
    page->status = 200;
    page->content_type = "text/plain";
    page->body = bytes_str("hello\n");
}

static void serve(struct setup *setup, const struct config *config, const sigset_t *signals)
{
    static const struct front_handler page = {"/hello", CONFIG_SERVE_HEALTH, hello, NULL};
    struct config_fault fault;
    struct pipeline *pipeline = fake_pipeline_new(config->limits.jobs, config->limits.queue_jobs, 0, 1);
    const struct front_setup parts = {config, pipeline, &page, 1, NULL, 0};
    void *front = http_transport.open(&fault, &parts);
    pthread_t threads[THREADS];
    int signal;

    if (front == NULL)
        FAIL("fault: %s", fault.text);
    if (!http_transport.start(front))
        FAIL("the front did not start");
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, run, setup) != 0)
            FAIL("a thread did not start");
    printf("ready\n");
    sigwait(signals, &signal);
    atomic_store(&stopping, 1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    if (http_transport.stop(front, config->limits.stop_seconds) != 0)
        FAIL("requests were cut off");
    pipeline_free(pipeline);
}

int main(int argc, char **argv)
{
    char fault[ENGINE_FAULT_MAX];
    sigset_t signals;
    struct config_tls tls;
    struct config_listener listener = {
        .address = "127.0.0.1:0", .serves = CONFIG_SERVE_CMP | CONFIG_SERVE_HEALTH, .tls = &tls};
    const struct config config = {
        .listeners = &listener,
        .listener_count = 1,
        .threads.front = 1,
        .limits = {.message_bytes = 65536,
                   .header_bytes = 8192,
                   .connections = 100,
                   .connections_per_source = 100,
                   .memory_mib = 64,
                   .idle_seconds = 60,
                   .read_seconds = 10,
                   .streams = 100,
                   .resets = 100,
                   .queue_jobs = 100,
                   .jobs = 100,
                   .stop_seconds = 5},
    };
    struct setup setup;

    if (argc < 4)
        return 2;
    tls = (struct config_tls){.certificate = argv[1], .key = argv[2]};
    setup = (struct setup){.conninfo = argv[3], .refused = argv + 4, .refused_count = argc - 4};
    setvbuf(stdout, NULL, _IOLBF, 0);
    check_symbols();
    check_present();
    if (!engines_start(fault, NULL, 0))
        FAIL("%s", fault);
    for (int id = 0; id < ENGINE_COUNT; id++)
        printf("engine %s: %s\n", engine_name((enum engine_id)id),
               engine_usable((enum engine_id)id) ? "takes part" : engine_unusable_why((enum engine_id)id));
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    serve(&setup, &config, &signals);
    printf("stopped\n");
    return 0;
}
