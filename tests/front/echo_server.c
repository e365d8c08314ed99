/* echo_server.c: the front with a pipeline that echoes. For the scripts beside it.
 *
 * Usage: front-echo ADDRESS[,tls][,proxy] ... [name=value ...]
 * Names: those of the limits below, threads, delay (microseconds), workers, certificate, key, client_ca,
 * client_required, trusted_proxy. Prints "ready" when it listens. SIGUSR1 drains; SIGUSR2 answers what is
 * held and holds nothing more, also while the front is stopping; SIGTERM stops, and "cut N" tells the number
 * of requests that were cut off. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_pipeline.h"
#include "server/front/http/http.h"

enum { LISTENERS_MAX = 8 };

struct setup {
    struct config config;
    struct config_tls tls;
    struct config_listener listeners[LISTENERS_MAX];
    const char *trusted_proxy;
    uint32_t delay, workers;
};

static void hello(void *arg, const struct front_ask *ask, struct front_page *page)
{
    (void)ask;
    (void)arg;
    page->status = 200;
    page->content_type = "text/plain";
    page->body = bytes_str("hello\n");
}

static void big(void *arg, const struct front_ask *ask, struct front_page *page)
{
    (void)ask;
    static const char body[4 * 1024 * 1024]; /* of zeros */
    (void)arg;
    page->status = 200;
    page->content_type = "application/octet-stream";
    page->body = bytes_of(body, sizeof body);
}

/* How many jobs there are. */
static void jobs(void *arg, const struct front_ask *ask, struct front_page *page)
{
    (void)ask;
    static _Thread_local char text[16];

    snprintf(text, sizeof text, "%u", fake_pipeline_jobs(arg));
    page->status = 200;
    page->content_type = "text/plain";
    page->body = bytes_str(text);
}

static void *release_on_signal(void *pipeline)
{
    int signal;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR2);
    while (sigwait(&signals, &signal) == 0)
        fake_pipeline_release(pipeline);
    return NULL;
}

static int set_number(struct setup *setup, const char *name, const char *value)
{
    struct config_limits *limits = &setup->config.limits;
    const struct {
        const char *name;
        uint32_t *value;
    } numbers[] = {
        {"message_bytes", &limits->message_bytes},
        {"header_bytes", &limits->header_bytes},
        {"connections", &limits->connections},
        {"connections_per_source", &limits->connections_per_source},
        {"memory_mib", &limits->memory_mib},
        {"idle_seconds", &limits->idle_seconds},
        {"read_seconds", &limits->read_seconds},
        {"streams", &limits->streams},
        {"resets", &limits->resets},
        {"jobs", &limits->jobs},
        {"queue_jobs", &limits->queue_jobs},
        {"stop_seconds", &limits->stop_seconds},
        {"threads", &setup->config.threads.front},
        {"delay", &setup->delay},
        {"workers", &setup->workers},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].value = (uint32_t)strtoul(value, NULL, 10);
            return 1;
        }
    return 0;
}

static void set(struct setup *setup, char *argument)
{
    char *value = strchr(argument, '=');
    *value++ = '\0';
    if (strcmp(argument, "trusted_proxy") == 0) {
        setup->trusted_proxy = value;
        setup->config.trusted_proxies = (struct config_list){&setup->trusted_proxy, 1};
    } else if (strcmp(argument, "certificate") == 0)
        setup->tls.certificate = value;
    else if (strcmp(argument, "key") == 0)
        setup->tls.key = value;
    else if (strcmp(argument, "client_ca") == 0)
        setup->tls.client_ca = value;
    else if (strcmp(argument, "client_required") == 0)
        setup->tls.client_required = value[0] == '1';
    else if (!set_number(setup, argument, value)) {
        fprintf(stderr, "unknown setting: %s\n", argument);
        exit(2);
    }
}

static void add_listener(struct setup *setup, char *argument)
{
    struct config_listener *listener = &setup->listeners[setup->config.listener_count++];
    char *comma = strchr(argument, ',');
    if (setup->config.listener_count == LISTENERS_MAX)
        exit(2);
    if (comma != NULL) {
        *comma = '\0';
        listener->proxy_protocol = strstr(comma + 1, "proxy") != NULL;
        if (strstr(comma + 1, "tls") != NULL)
            listener->tls = &setup->tls;
    }
    /* ",cmp" and ",health": of these services that one alone. */
    listener->serves = comma != NULL && strstr(comma + 1, "cmp") != NULL ? CONFIG_SERVE_CMP
                       : comma != NULL && strstr(comma + 1, "health") != NULL
                           ? CONFIG_SERVE_HEALTH
                           : CONFIG_SERVE_CMP | CONFIG_SERVE_HEALTH;
    listener->address = argument;
}

static int serve(struct setup *setup, const sigset_t *signals)
{
    struct config_fault fault;
    struct pipeline *pipeline = fake_pipeline_new(setup->config.limits.jobs, setup->config.limits.queue_jobs,
                                                  setup->delay, setup->workers);
    const struct front_handler pages[] = {{"/hello", CONFIG_SERVE_HEALTH, hello, NULL},
                                          {"/big", CONFIG_SERVE_HEALTH, big, NULL},
                                          {"/jobs", CONFIG_SERVE_HEALTH, jobs, pipeline}};
    const struct front_setup parts = {.config = &setup->config,
                                      .pipeline = pipeline,
                                      .handlers = pages,
                                      .handler_count = sizeof pages / sizeof pages[0]};
    void *front = http_transport.open(&fault, &parts);
    pthread_t releaser;
    int signal;

    if (front == NULL) {
        fprintf(stderr, "fault: %s\n", fault.text);
        pipeline_free(pipeline);
        return 1;
    }
    if (!http_transport.start(front) || pthread_create(&releaser, NULL, release_on_signal, pipeline) != 0)
        return 1;
    printf("ready %s\n", front_backend());
    fflush(stdout);
    while (sigwait(signals, &signal) == 0 && signal == SIGUSR1)
        http_transport.drain(front);
    printf("cut %u\n", http_transport.stop(front, setup->config.limits.stop_seconds));
    pthread_cancel(releaser);
    pthread_join(releaser, NULL);
    pipeline_free(pipeline);
    printf("stopped\n");
    return 0;
}

int main(int argc, char **argv)
{
    char why[512];
    sigset_t signals;
    struct setup setup = {
        .config.limits = {.message_bytes = 65536,
                          .header_bytes = 8192,
                          .connections = 1000,
                          .connections_per_source = 1000,
                          .memory_mib = 512,
                          .idle_seconds = 60,
                          .read_seconds = 10,
                          .streams = 100,
                          .resets = 100,
                          .queue_jobs = 1000,
                          .jobs = 1000,
                          .stop_seconds = 5},
        .config.threads.front = 1,
        .workers = 2,
    };
    setup.config.listeners = setup.listeners;
    for (int i = 1; i < argc; i++) {
        if (strchr(argv[i], '=') != NULL)
            set(&setup, argv[i]);
        else
            add_listener(&setup, argv[i]);
    }
    if (!http_transport.probe(why, sizeof why)) {
        fprintf(stderr, "refused: %s\n", why);
        return 77;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    sigset_t blocked = signals;
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    return serve(&setup, &signals);
}
