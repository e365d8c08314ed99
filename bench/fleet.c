/* Prepares all base stations of a run before its clock runs: keys, device certificates, first messages. */
#include "bench/fleet.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "server/base/file.h"

enum { RSA_BITS = 2048, SECRETS_LIMIT = 1 << 30, REFERENCE_MAX = 64 };

struct preparation {
    struct fleet *fleet;
    unsigned from; /* devices before it are there already */
};

static struct arena *arena_of(struct fleet *fleet, unsigned worker)
{
    if (fleet->arenas[worker] == NULL)
        fleet->arenas[worker] = arena_new(SIZE_MAX / 2);
    return fleet->arenas[worker];
}

static int make_devices(void *arg, unsigned worker, unsigned from, unsigned to)
{
    struct preparation *preparation = arg;
    struct fleet *fleet = preparation->fleet;
    struct device *batch[REQUEST_BATCH];
    struct arena *arena = arena_of(fleet, worker);

    if (arena == NULL)
        return 0;
    for (unsigned i = from; i < to; i++) {
        struct device *device = &fleet->devices[preparation->from + i];
        batch[i - from] = device;
        device->key = private_key_generate(fleet->options->new_key, RSA_BITS);
        if (device->key == NULL)
            return 0;
        if (fleet->options->protection == PROTECTION_SIGNATURE &&
            (device->factory_key = private_key_generate(fleet->options->device_key, RSA_BITS)) == NULL)
            return 0;
    }
    return fleet->options->protection != PROTECTION_SIGNATURE ||
           device_certify(batch, to - from, arena, fleet->setup, time(NULL));
}

static void forget(struct private_key **key)
{
    private_key_free(*key);
    *key = NULL;
}

/* Keys that sign nothing any more would only fill memory: of a million devices, gigabytes. */
static void forget_keys(struct device *device, const struct request *sent)
{
    const struct scenario_kind *kind = scenario_kind(sent->scenario);

    if (!kind->confirms)
        forget(&device->factory_key);
    forget(&device->next_key);
    forget(&device->key);
}

static int make_requests(void *arg, unsigned worker, unsigned from, unsigned to)
{
    struct preparation *preparation = arg;
    struct fleet *fleet = preparation->fleet;
    struct arena *arena = arena_of(fleet, worker);
    struct request *batch[REQUEST_BATCH] = {NULL};

    if (arena == NULL)
        return 0;
    for (unsigned i = from; i < to; i++) {
        struct request *request = &fleet->requests[i];
        *request =
            (struct request){.scenario = mix_at(&fleet->options->mix, i), .device = &fleet->devices[i]};
        batch[i - from] = request;
        if (scenario_kind(request->scenario)->by_own) {
            fleet->enrollments[i] = (struct request){.scenario = SCENARIO_IR, .device = &fleet->devices[i]};
            batch[i - from] = &fleet->enrollments[i];
        }
    }
    if (!request_make(batch, to - from, arena, fleet->setup, fleet->options))
        return 0;
    for (unsigned i = from; i < to; i++)
        if (batch[i - from] == &fleet->requests[i])
            forget_keys(&fleet->devices[i], &fleet->requests[i]);
    return 1;
}

static int make_own_requests(void *arg, unsigned worker, unsigned from, unsigned to)
{
    struct preparation *preparation = arg;
    struct fleet *fleet = preparation->fleet;
    struct arena *arena = arena_of(fleet, worker);
    struct request *batch[REQUEST_BATCH] = {NULL};
    size_t n = 0;

    for (unsigned i = from; i < to; i++) {
        struct request *request = &fleet->requests[i];
        struct device *device = request->device;
        if (!scenario_kind(request->scenario)->by_own || device->own_cert.len == 0)
            continue;
        forget(&device->factory_key);
        if (request->scenario == SCENARIO_KUR &&
            (device->next_key = private_key_generate(fleet->options->new_key, RSA_BITS)) == NULL)
            return 0;
        batch[n++] = request;
    }
    if (arena == NULL || !request_make(batch, n, arena, fleet->setup, fleet->options))
        return 0;
    for (size_t i = 0; i < n; i++)
        forget_keys(batch[i]->device, batch[i]);
    return 1;
}

/* "REFERENCE SECRET", a line for each device. */
static int read_secrets(struct fleet *fleet, const char *path)
{
    uint8_t *text;
    char *line, *rest;
    size_t len;
    unsigned i = 0;

    if (!file_read(&text, &len, path, SECRETS_LIMIT)) {
        fprintf(stderr, "cmpbench: cannot read %s: %s\n", path, strerror(errno));
        return 0;
    }
    for (line = strtok_r((char *)text, "\n", &rest); line != NULL && i < fleet->count;
         line = strtok_r(NULL, "\n", &rest), i++) {
        struct device *device = &fleet->devices[i];
        size_t reference = strcspn(line, " ");
        if (reference == 0 || reference > REFERENCE_MAX || line[reference] == 0 || line[reference + 1] == 0)
            break;
        device->reference = arena_copy(fleet->shared, bytes_of(line, reference));
        device->secret = arena_copy(fleet->shared, bytes_str(line + reference + 1));
        /* A profile may want the name that is asked for to be the reference. */
        snprintf(device->name, sizeof device->name, "%.*s", (int)reference, line);
    }
    file_free(text, len);
    if (i < fleet->count)
        fprintf(stderr, "cmpbench: %s has %u lines with reference and secret, %u are needed\n", path, i,
                fleet->count);
    return i == fleet->count;
}

static int name_devices(struct fleet *fleet)
{
    for (unsigned i = 0; i < fleet->count; i++) {
        struct device *device = &fleet->devices[i];
        snprintf(device->name, sizeof device->name, "gnb-%08u", i);
        device->reference = fleet->setup->reference;
        device->secret = fleet->setup->secret;
    }
    return fleet->options->secrets == NULL || read_secrets(fleet, fleet->options->secrets);
}

static int prepare_devices(struct fleet *fleet)
{
    const char *file = fleet->options->fleet_file;
    struct preparation preparation = {.fleet = fleet};

    if (!name_devices(fleet) || (file != NULL && !fleet_read(fleet, &preparation.from, file)))
        return 0;
    if (preparation.from == fleet->count)
        return 1;
    return parallel_run(fleet->count - preparation.from, REQUEST_BATCH, "keys and certificates", make_devices,
                        &preparation) &&
           (file == NULL || fleet_write(fleet, file));
}

int fleet_prepare(struct fleet *fleet, const struct setup *setup, const struct options *options)
{
    struct preparation preparation = {.fleet = fleet};

    *fleet = (struct fleet){.setup = setup, .options = options, .count = options->count};
    fleet->devices = calloc(fleet->count, sizeof *fleet->devices);
    fleet->requests = calloc(fleet->count, sizeof *fleet->requests);
    fleet->enrollments = calloc(fleet->count, sizeof *fleet->enrollments);
    fleet->shared = arena_new(SIZE_MAX / 2);
    if (fleet->devices == NULL || fleet->requests == NULL || fleet->enrollments == NULL ||
        fleet->shared == NULL) {
        fprintf(stderr, "cmpbench: out of memory\n");
        return 0;
    }
    if (prepare_devices(fleet) &&
        parallel_run(fleet->count, REQUEST_BATCH, "requests", make_requests, &preparation))
        return 1;
    fprintf(stderr, "cmpbench: the fleet could not be prepared\n");
    return 0;
}

int fleet_prepare_own(struct fleet *fleet)
{
    struct preparation preparation = {.fleet = fleet};

    if (parallel_run(fleet->count, REQUEST_BATCH, "requests by own certificates", make_own_requests,
                     &preparation))
        return 1;
    fprintf(stderr, "cmpbench: kur and rr could not be made\n");
    return 0;
}

void fleet_cleanup(struct fleet *fleet)
{
    for (unsigned i = 0; fleet->devices != NULL && i < fleet->count; i++) {
        forget(&fleet->devices[i].factory_key);
        forget(&fleet->devices[i].key);
        forget(&fleet->devices[i].next_key);
        free((void *)(uintptr_t)fleet->devices[i].own_cert.data);
    }
    for (unsigned i = 0; i < PARALLEL_WORKERS_MAX; i++)
        arena_free(fleet->arenas[i]);
    arena_free(fleet->shared);
    free(fleet->devices);
    free(fleet->requests);
    free(fleet->enrollments);
}
