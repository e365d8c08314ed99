/* Prepares all of a run before its clock runs: keys, device certificates, first messages, questions. */
#include "bench/fleet.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/status.h"
#include "server/base/file.h"

enum { RSA_BITS = 2048, FILE_LIMIT = 1 << 30, REFERENCE_MAX = 64, SERIAL_MAX = 21 };

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
    const struct private_key *kept = scenario_kind(sent->scenario)->confirms ? sent->signer : NULL;

    if (device->factory_key != kept)
        forget(&device->factory_key);
    forget(&device->next_key);
    if (device->key != kept)
        forget(&device->key);
}

static int make_requests(void *arg, unsigned worker, unsigned from, unsigned to)
{
    struct fleet *fleet = arg;
    struct arena *arena = arena_of(fleet, worker);
    struct request *batch[REQUEST_BATCH] = {NULL};
    size_t n = 0;

    if (arena == NULL)
        return 0;
    for (unsigned i = from; i < to; i++) {
        const struct scenario_kind *kind = scenario_kind(fleet->requests[i].scenario);
        if (kind->protocol == PROTOCOL_CMP && !kind->by_own)
            batch[n++] = &fleet->requests[i];
    }
    if (!request_make(batch, n, arena, fleet->setup, fleet->options))
        return 0;
    for (size_t i = 0; i < n; i++)
        forget_keys(batch[i]->device, batch[i]);
    return 1;
}

static int make_enrollments(void *arg, unsigned worker, unsigned from, unsigned to)
{
    struct fleet *fleet = arg;
    struct arena *arena = arena_of(fleet, worker);
    struct request *batch[REQUEST_BATCH] = {NULL};
    size_t n = 0;

    for (unsigned i = from; i < to; i++)
        if (fleet->enrollments[i].device != NULL)
            batch[n++] = &fleet->enrollments[i];
    return arena != NULL && request_make(batch, n, arena, fleet->setup, fleet->options);
}

/* Requests of a round of the mix ask about the same certificate, and those of the next about the next. */
static int make_question(struct fleet *fleet, unsigned index, struct arena *arena)
{
    unsigned round = index / fleet->options->mix.length;

    return fleet->serial_count == 0 || status_request_make(&fleet->requests[index], arena, fleet->setup,
                                                           fleet->serials[round % fleet->serial_count]);
}

static int make_rest(void *arg, unsigned worker, unsigned from, unsigned to)
{
    struct fleet *fleet = arg;
    struct arena *arena = arena_of(fleet, worker);
    struct request *batch[REQUEST_BATCH] = {NULL};
    size_t n = 0;

    if (arena == NULL)
        return 0;
    for (unsigned i = from; i < to; i++) {
        struct request *request = &fleet->requests[i];
        const struct scenario_kind *kind = scenario_kind(request->scenario);
        struct device *device = request->device;
        if (kind->protocol == PROTOCOL_OCSP && !make_question(fleet, i, arena))
            return 0;
        if (!kind->by_own || device->own_cert.len == 0)
            continue;
        forget(&device->factory_key);
        if (kind->certifies && request_key(request, fleet->options) == NULL &&
            (device->next_key = private_key_generate(fleet->options->new_key, RSA_BITS)) == NULL)
            return 0;
        batch[n++] = request;
    }
    if (!request_make(batch, n, arena, fleet->setup, fleet->options))
        return 0;
    for (size_t i = 0; i < n; i++)
        forget_keys(batch[i]->device, batch[i]);
    return 1;
}

/* ---- what is in files ---- */

static int read_lines(uint8_t **text, size_t *len, const char *path)
{
    if (file_read(text, len, path, FILE_LIMIT))
        return 1;
    fprintf(stderr, "cmpbench: cannot read %s: %s\n", path, strerror(errno));
    return 0;
}

/* The serial number in hex that |line| begins with. 1 or 0. */
static int read_serial(struct bytes *out, struct arena *arena, const char *line)
{
    size_t digits = strspn(line, "0123456789abcdefABCDEF");
    uint8_t octets[SERIAL_MAX];

    if (digits == 0 || digits % 2 != 0 || digits / 2 > sizeof octets ||
        (line[digits] != 0 && line[digits] != ' '))
        return 0;
    for (size_t i = 0; i < digits / 2; i++) {
        const char pair[3] = {line[2 * i], line[2 * i + 1], 0};
        octets[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    *out = arena_copy(arena, bytes_of(octets, digits / 2));
    return out->data != NULL;
}

static int read_serials(struct fleet *fleet, const char *path)
{
    uint8_t *text;
    char *line, *rest;
    size_t len;

    if (!read_lines(&text, &len, path))
        return 0;
    fleet->serials = calloc(len / 2 + 1, sizeof *fleet->serials);
    for (line = strtok_r((char *)text, "\n", &rest); fleet->serials != NULL && line != NULL;
         line = strtok_r(NULL, "\n", &rest), fleet->serial_count++)
        if (!read_serial(&fleet->serials[fleet->serial_count], fleet->shared, line))
            break;
    file_free(text, len);
    if (line != NULL || fleet->serial_count == 0)
        fprintf(stderr, "cmpbench: line %u of %s begins with no serial number\n", fleet->serial_count + 1,
                path);
    return line == NULL && fleet->serial_count != 0;
}

/* "REFERENCE SECRET", a line for each device. */
static int read_secrets(struct fleet *fleet, const char *path)
{
    uint8_t *text;
    char *line, *rest;
    size_t len;
    unsigned i = 0;

    if (!read_lines(&text, &len, path))
        return 0;
    for (line = strtok_r((char *)text, "\n", &rest); line != NULL && i < fleet->device_count;
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
    if (i < fleet->device_count)
        fprintf(stderr, "cmpbench: %s has %u lines with reference and secret, %u are needed\n", path, i,
                fleet->device_count);
    return i == fleet->device_count;
}

/* ---- all of it ---- */

static int name_devices(struct fleet *fleet)
{
    for (unsigned i = 0; i < fleet->device_count; i++) {
        struct device *device = &fleet->devices[i];
        snprintf(device->name, sizeof device->name, "gnb-%08u", i);
        device->reference = fleet->setup->reference;
        device->secret = fleet->setup->secret;
    }
    return fleet->options->secrets == NULL || read_secrets(fleet, fleet->options->secrets);
}

static int make_all_devices(struct fleet *fleet)
{
    const char *file = fleet->options->fleet_file;
    struct preparation preparation = {.fleet = fleet};

    if (!name_devices(fleet) || (file != NULL && !fleet_read(fleet, &preparation.from, file)))
        return 0;
    if (preparation.from == fleet->device_count)
        return 1;
    return parallel_run(fleet->device_count - preparation.from, REQUEST_BATCH, "keys and certificates",
                        make_devices, &preparation) &&
           (file == NULL || fleet_write(fleet, file));
}

int fleet_prepare_devices(struct fleet *fleet, const struct setup *setup, const struct options *options,
                          unsigned count)
{
    *fleet = (struct fleet){.setup = setup, .options = options, .device_count = count};
    fleet->devices = calloc(count + 1u, sizeof *fleet->devices);
    fleet->shared = arena_new(SIZE_MAX / 2);
    if (fleet->devices == NULL || fleet->shared == NULL) {
        fprintf(stderr, "cmpbench: out of memory\n");
        return 0;
    }
    if (make_all_devices(fleet))
        return 1;
    fprintf(stderr, "cmpbench: the devices could not be made\n");
    return 0;
}

/* Certificates that are enrolled so that OCSP can be asked about them. */
static unsigned to_be_asked(const struct options *options)
{
    return mix_holds(&options->mix, PROTOCOL_OCSP) && options->serials == NULL ? options->certificates : 0;
}

/* Gives each request of CMP its device, and devices that need a certificate first an enrollment. */
static void assign(struct fleet *fleet)
{
    unsigned next = 0;

    for (unsigned i = 0; i < fleet->count; i++) {
        struct request *request = &fleet->requests[i];
        const struct scenario_kind *kind = scenario_kind(mix_at(&fleet->options->mix, i));
        *request = (struct request){.scenario = mix_at(&fleet->options->mix, i)};
        if (kind->protocol != PROTOCOL_CMP)
            continue;
        request->device = &fleet->devices[next++];
        if (kind->by_own)
            fleet->enrollments[next - 1] =
                (struct request){.scenario = fleet->options->persona.enrolls, .device = request->device};
    }
    for (; next < fleet->device_count; next++)
        fleet->enrollments[next] =
            (struct request){.scenario = fleet->options->persona.enrolls, .device = &fleet->devices[next]};
    for (unsigned i = 0; i < fleet->device_count; i++)
        fleet->enrolls_first |= fleet->enrollments[i].device != NULL;
}

int fleet_prepare(struct fleet *fleet, const struct setup *setup, const struct options *options)
{
    unsigned devices = to_be_asked(options);

    for (unsigned i = 0; i < options->count; i++)
        devices += scenario_kind(mix_at(&options->mix, i))->protocol == PROTOCOL_CMP;
    if (!fleet_prepare_devices(fleet, setup, options, devices))
        return 0;
    fleet->count = options->count;
    fleet->requests = calloc(fleet->count + 1u, sizeof *fleet->requests);
    fleet->enrollments = calloc(fleet->device_count + 1u, sizeof *fleet->enrollments);
    if (fleet->requests == NULL || fleet->enrollments == NULL) {
        fprintf(stderr, "cmpbench: out of memory\n");
        return 0;
    }
    assign(fleet);
    if ((options->serials == NULL || read_serials(fleet, options->serials)) &&
        parallel_run(fleet->count, REQUEST_BATCH, "requests", make_requests, fleet) &&
        (!fleet->enrolls_first ||
         parallel_run(fleet->device_count, REQUEST_BATCH, "enrollments", make_enrollments, fleet)))
        return 1;
    fprintf(stderr, "cmpbench: the fleet could not be prepared\n");
    return 0;
}

/* The serial numbers of what was enrolled to be asked about. */
static int take_serials(struct fleet *fleet)
{
    unsigned asked = to_be_asked(fleet->options);
    struct certificate cert;

    if (asked == 0)
        return 1;
    fleet->serials = calloc(asked, sizeof *fleet->serials);
    for (unsigned i = fleet->device_count - asked; fleet->serials != NULL && i < fleet->device_count; i++)
        if (certificate_parse(&cert, fleet->devices[i].own_cert))
            fleet->serials[fleet->serial_count++] = cert.serial;
    return fleet->serials != NULL;
}

int fleet_prepare_rest(struct fleet *fleet)
{
    if (!fleet->enrolls_first && !mix_holds(&fleet->options->mix, PROTOCOL_OCSP))
        return 1;
    if (take_serials(fleet) &&
        parallel_run(fleet->count, REQUEST_BATCH, "requests of those enrolled", make_rest, fleet))
        return 1;
    fprintf(stderr, "cmpbench: requests by or about what was enrolled could not be made\n");
    return 0;
}

void fleet_cleanup(struct fleet *fleet)
{
    for (unsigned i = 0; fleet->devices != NULL && i < fleet->device_count; i++) {
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
    free(fleet->serials);
}
