/* cmpbench: a fleet of simulated base stations; see README.md. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bench/fleet.h"
#include "bench/operations.h"
#include "bench/report.h"
#include "bench/walk.h"
#include "crypto/version.h"
#include "server/version.h"

static int drive(struct run *run, struct fleet *fleet)
{
    run->requests = fleet->requests;
    run->count = fleet->count;
    run->outcomes = calloc(fleet->count, sizeof *run->outcomes);
    if (run->outcomes != NULL)
        return load_run(run);
    fprintf(stderr, "cmpbench: out of memory\n");
    return 0;
}

/* kur, rr and ocsp begin with a certificate: what gets it is not clocked. */
static int enroll_first(struct fleet *fleet)
{
    struct run run = {.options = fleet->options, .setup = fleet->setup, .unclocked = 1};
    unsigned wanted = 0, enrolled = 0;
    int ok;

    run.requests = fleet->enrollments;
    run.count = fleet->device_count;
    run.outcomes = calloc(fleet->device_count, sizeof *run.outcomes);
    ok = run.outcomes != NULL && load_run(&run);
    free(run.outcomes);
    for (unsigned i = 0; i < fleet->device_count; i++) {
        wanted += fleet->enrollments[i].message.len != 0;
        enrolled += fleet->devices[i].own_cert.len != 0;
    }
    fprintf(stderr, "enrolled first: %u of %u\n", enrolled, wanted);
    if (ok && enrolled < wanted) {
        fprintf(stderr, "cmpbench: not all could be enrolled; the first rejection said: %s\n",
                run.first_refusal);
        ok = 0;
    }
    return ok;
}

/* 0 if all is well, 1 if an enrollment failed, none counts, or a report could not be written. */
static int tell(struct run *run, double floor_us)
{
    struct result result;
    const struct report report = {.run = run, .result = &result, .floor_us = floor_us};
    const char *page = run->options->report;
    int failed = !result_make(&result, run);

    if (failed) {
        fprintf(stderr, "cmpbench: out of memory\n");
    } else {
        (run->options->json ? report_json : report_text)(stdout, &report);
        failed = (page != NULL && !report_html(page, &report)) || result.completed == 0;
        for (int e = BENCH_OK + 1; e < BENCH_ERRORS; e++)
            failed |= result.errors[e] != 0;
    }
    result_cleanup(&result);
    return failed;
}

static double floor_of(const struct setup *setup, const struct options *options)
{
    const struct floor_keys keys = {.vendor = private_key_kind(setup->vendor_key),
                                    .device = options->device_key,
                                    .asked = options->new_key,
                                    .ca = public_key_kind(setup->ca_key),
                                    .cmp = public_key_kind(setup->cmp_key),
                                    .protection = options->protection,
                                    .mac_iterations = options->mac_iterations};

    return floor_us(&options->mix, &keys);
}

static int bench(const struct options *options)
{
    struct setup setup;
    struct fleet fleet = {.count = 0};
    struct run run = {.options = options, .setup = &setup};
    double floor = -1;
    int status = 1, ok;

    if (options->held != NULL && (run.held = fopen(options->held, "a")) == NULL) {
        fprintf(stderr, "cmpbench: cannot write %s: %s\n", options->held, strerror(errno));
        return 1;
    }
    ok = setup_load(&setup, options->setup);
    if (ok)
        floor = floor_of(&setup, options);
    if (ok && fleet_prepare(&fleet, &setup, options) && (!fleet.enrolls_first || enroll_first(&fleet)) &&
        fleet_prepare_rest(&fleet) && drive(&run, &fleet))
        status = tell(&run, floor);
    free(run.outcomes);
    fleet_cleanup(&fleet);
    setup_cleanup(&setup);
    if (run.held != NULL)
        fclose(run.held);
    return status;
}

static int walk(const struct options *options)
{
    struct setup setup;
    int ok = setup_load(&setup, options->setup) && walk_run(stdout, &setup, options);

    setup_cleanup(&setup);
    return !ok;
}

int main(int argc, char **argv)
{
    struct options options;
    char fault[ENGINE_FAULT_MAX];

    signal(SIGPIPE, SIG_IGN); /* a broken connection is an error of its kind */
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        options_print_usage(stdout);
        return 0;
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("cmpbench %s\n%s\n", CMPD_VERSION, crypto_versions());
        return 0;
    }
    if (argc >= 2 && strcmp(argv[1], "--man") == 0) {
        options_print_man(stdout);
        return 0;
    }
    if (argc < 2 ||
        (strcmp(argv[1], "run") != 0 && strcmp(argv[1], "walk") != 0 && strcmp(argv[1], "crypto") != 0)) {
        options_print_usage(stderr);
        return 2;
    }
    /* Keys that are made before it know the slowest engine only. */
    if (!engines_start(fault, NULL, 0)) {
        fprintf(stderr, "cmpbench: %s\n", fault);
        return 1;
    }
    if (strcmp(argv[1], "crypto") == 0)
        return crypto_command(argc - 1, argv + 1);
    if (!options_parse(&options, fault, argc - 1, argv + 1)) {
        fprintf(stderr, "cmpbench: %s\n", fault);
        options_print_usage(stderr);
        return 2;
    }
    return strcmp(argv[1], "walk") == 0 ? walk(&options) : bench(&options);
}
