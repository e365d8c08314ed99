/* cmpbench: see bench.h and README.md. */
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"

static const char *const error_names[BENCH_ERRORS] = {"ok",       "connect",    "http",    "malformed",
                                                      "rejected", "protection", "mismatch"};

static int usage(FILE *out, int status)
{
    fprintf(out,
            "usage: cmpbench run --url http://HOST:PORT/PATH --setup DIR [--scenario ir|ir-confirm]\n"
            "         [--clients C] [--count N] [--seconds S] [--new-connections] [--check-all]\n"
            "         [--server-pid PID] [--held FILE] [--json]\n"
            "DIR is what cmpctl init --demo made. C clients make N enrollments, for at most S seconds.\n");
    return status;
}

/* http://HOST:PORT/PATH, cut into pieces in place; called once. */
static int parse_url(struct bench_options *options, char *url)
{
    static char path[512];
    char *colon, *slash;

    if (strncmp(url, "http://", 7) != 0)
        return 0;
    url += 7;
    slash = strchr(url, '/');
    if (slash == NULL || (size_t)snprintf(path, sizeof path, "%s", slash) >= sizeof path)
        return 0;
    options->path = path;
    *slash = 0;
    colon = strrchr(url, ':');
    if (colon == NULL)
        return 0;
    *colon = 0;
    options->port = colon + 1;
    if (url[0] == '[' && colon > url && colon[-1] == ']') {
        colon[-1] = 0;
        url++;
    }
    options->host = url;
    return 1;
}

static int parse_number(unsigned *out, const char *text, unsigned max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *out = (unsigned)value;
    return *end == 0 && value >= 1 && value <= max;
}

/* CPU time of |pid| in microseconds, all threads, and its resident memory in KiB; 0 if it cannot be read. */
static uint64_t read_server(int pid, long *rss_kib)
{
    /* Fields of proc(5) /proc/PID/stat, counted from 1; the second, in parentheses, may hold anything. */
    enum { STATE = 3, UTIME = 14, STIME = 15, RSS = 24 };
    char path[64], line[1024], *field, *rest;
    unsigned long ticks = 0, pages = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (pid == 0 || (file = fopen(path, "r")) == NULL)
        return 0;
    field = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
    fclose(file);
    if (field == NULL)
        return 0;
    field = strtok_r(field + 1, " ", &rest);
    for (int number = STATE; field != NULL && number <= RSS; number++, field = strtok_r(NULL, " ", &rest)) {
        if (number == UTIME || number == STIME)
            ticks += strtoul(field, NULL, 10);
        if (number == RSS)
            pages = strtoul(field, NULL, 10);
    }
    *rss_kib = (long)pages * (sysconf(_SC_PAGESIZE) / 1024);
    return (uint64_t)ticks * (1000000u / (unsigned)sysconf(_SC_CLK_TCK));
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static uint32_t percentile(const uint32_t *sorted, unsigned count, double share)
{
    return count == 0 ? 0 : sorted[(unsigned)((double)(count - 1) * share)];
}

static void report(struct bench_run *run, double seconds, uint64_t cpu_us, long rss_kib)
{
    unsigned n = run->completed, failed = 0;
    double rate = seconds > 0 ? n / seconds : 0, cpu = n != 0 ? (double)cpu_us / n : 0;
    const uint32_t *l = run->latency_us;

    qsort(run->latency_us, n, sizeof *run->latency_us, compare);
    for (int e = BENCH_OK + 1; e < BENCH_ERRORS; e++)
        failed += run->errors[e];
    if (run->options->json) {
        printf("{\"rate\":%.1f,\"completed\":%u,\"errors\":{", rate, n);
        for (int e = BENCH_OK + 1, first = 1; e < BENCH_ERRORS; e++)
            if (run->errors[e] != 0) {
                printf("%s\"%s\":%u", first ? "" : ",", error_names[e], run->errors[e]);
                first = 0;
            }
        printf(
            "},\"p50_us\":%u,\"p90_us\":%u,\"p99_us\":%u,\"p999_us\":%u,\"max_us\":%u,\"server_cpu_us\":%.1f,"
            "\"server_rss_kib\":%ld,\"clients\":%u,\"seconds\":%.2f}\n",
            percentile(l, n, 0.5), percentile(l, n, 0.9), percentile(l, n, 0.99), percentile(l, n, 0.999),
            percentile(l, n, 1), cpu, rss_kib, run->options->clients, seconds);
        return;
    }
    printf("%u enrollments in %.2f s: %.1f a second, %u clients, %u errors\n", n, seconds, rate,
           run->options->clients, failed);
    for (int e = BENCH_OK + 1; e < BENCH_ERRORS; e++)
        if (run->errors[e] != 0)
            printf("  %s: %u\n", error_names[e], run->errors[e]);
    printf("latency: p50 %u us, p90 %u us, p99 %u us, p99.9 %u us, longest %u us\n", percentile(l, n, 0.5),
           percentile(l, n, 0.9), percentile(l, n, 0.99), percentile(l, n, 0.999), percentile(l, n, 1));
    if (cpu_us != 0)
        printf("server: %.1f us of CPU time an enrollment, %ld KiB resident\n", cpu, rss_kib);
}

static int run_clients(struct bench_run *run)
{
    pthread_t *threads = calloc(run->options->clients, sizeof *threads);
    uint64_t cpu_before, cpu_after;
    long rss = 0;
    int64_t start;
    double seconds;
    unsigned started = 0;

    if (threads == NULL)
        return 1;
    cpu_before = read_server(run->options->server_pid, &rss);
    start = bench_now_ns();
    run->deadline_ns = start + (int64_t)run->options->seconds * 1000000000;
    while (started < run->options->clients && pthread_create(&threads[started], NULL, client_main, run) == 0)
        started++;
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    seconds = (double)(bench_now_ns() - start) / 1e9;
    cpu_after = read_server(run->options->server_pid, &rss);
    free(threads);
    if (started < run->options->clients) {
        fprintf(stderr, "cmpbench: only %u clients could be started\n", started);
        return 1;
    }
    report(run, seconds, cpu_after - cpu_before, rss);
    return 0;
}

static int bench(struct bench_options *options)
{
    struct fleet fleet;
    struct bench_run run = {.options = options, .fleet = &fleet};
    int status = 1;

    pthread_mutex_init(&run.held_lock, NULL);
    if (fleet_prepare(&fleet, options)) {
        run.latency_us = calloc(options->count, sizeof *run.latency_us);
        run.held = options->held != NULL ? fopen(options->held, "a") : NULL;
        if (run.latency_us == NULL || (options->held != NULL && run.held == NULL))
            fprintf(stderr, "cmpbench: out of memory, or %s cannot be written\n", options->held);
        else
            status = run_clients(&run);
        if (run.held != NULL)
            fclose(run.held);
        free(run.latency_us);
    }
    fleet_cleanup(&fleet);
    if (status == 0)
        for (int e = BENCH_OK + 1; e < BENCH_ERRORS; e++)
            status |= run.errors[e] != 0;
    return status;
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {{"url", required_argument, NULL, 'u'},
                                                 {"setup", required_argument, NULL, 's'},
                                                 {"scenario", required_argument, NULL, 'x'},
                                                 {"clients", required_argument, NULL, 'c'},
                                                 {"count", required_argument, NULL, 'n'},
                                                 {"seconds", required_argument, NULL, 't'},
                                                 {"new-connections", no_argument, NULL, 'w'},
                                                 {"check-all", no_argument, NULL, 'a'},
                                                 {"server-pid", required_argument, NULL, 'p'},
                                                 {"held", required_argument, NULL, 'h'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {NULL, 0, NULL, 0}};
    struct bench_options options = {.clients = 64, .count = 10000, .seconds = 60};
    unsigned pid = 0;
    int option, ok = 1;

    if (argc < 2 || strcmp(argv[1], "run") != 0)
        return usage(argc > 1 && strcmp(argv[1], "--help") == 0 ? stdout : stderr, 2);
    argc--, argv++;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        switch (option) {
        case 'u':
            ok &= parse_url(&options, optarg);
            break;
        case 's':
            options.setup = optarg;
            break;
        case 'x':
            options.scenario = strcmp(optarg, "ir-confirm") == 0 ? BENCH_IR_CONFIRM : BENCH_IR;
            ok &= options.scenario == BENCH_IR_CONFIRM || strcmp(optarg, "ir") == 0;
            break;
        case 'c':
            ok &= parse_number(&options.clients, optarg, BENCH_CLIENTS_MAX);
            break;
        case 'n':
            ok &= parse_number(&options.count, optarg, 10000000);
            break;
        case 't':
            ok &= parse_number(&options.seconds, optarg, 86400);
            break;
        case 'w':
            options.new_connections = 1;
            break;
        case 'a':
            options.check_all = 1;
            break;
        case 'p':
            ok &= parse_number(&pid, optarg, 1u << 30);
            options.server_pid = (int)pid;
            break;
        case 'h':
            options.held = optarg;
            break;
        case 'j':
            options.json = 1;
            break;
        default:
            ok = 0;
        }
    if (!ok || options.host == NULL || options.setup == NULL || optind != argc)
        return usage(stderr, 2);
    return bench(&options);
}
