/* fixture.h: a world (tests/support/world.h) whose CA the tests of bench/ enroll with. Included once by a
 * test. */
#ifndef CMPD_TESTS_UNIT_BENCH_FIXTURE_H
#define CMPD_TESTS_UNIT_BENCH_FIXTURE_H

#include <criterion/criterion.h>

#include "bench/request.h"
#include "tests/support/world.h"

static struct world *world;
static struct setup setup;
static struct options options;

static void new_world(void)
{
    world = world_new(KEY_P256);
    setup = (struct setup){.arena = world->arena,
                           .root = world->root.cert,
                           .ca = world->issuing.cert,
                           .cmp = world->cmp_signer.cert,
                           .vendor = world->vendor_ca.cert,
                           .ca_key = public_key_parse(world->issuing.cert.spki),
                           .cmp_key = public_key_parse(world->cmp_signer.cert.spki),
                           .vendor_key = world->vendor_ca.key,
                           .recipient = world->ca.sender};
    options = (struct options){.mac_iterations = 500, .device_key = KEY_P256, .new_key = KEY_P256};
}

static void end_world(void)
{
    public_key_free(setup.ca_key);
    public_key_free(setup.cmp_key);
    world_free(world);
}

static inline void new_device(struct device *device, const char *name)
{
    struct device *devices[] = {device};

    *device = (struct device){.factory_key = private_key_generate(KEY_P256, 0),
                              .key = private_key_generate(KEY_P256, 0),
                              .next_key = private_key_generate(KEY_P256, 0),
                              .reference = world->reference,
                              .secret = world->secret};
    snprintf(device->name, sizeof device->name, "%s", name);
    cr_assert(device_certify(devices, 1, world->arena, &setup, world->now));
}

static inline void end_device(struct device *device)
{
    private_key_free(device->factory_key);
    private_key_free(device->key);
    private_key_free(device->next_key);
}

static inline struct request make_for(struct device *device, enum scenario scenario)
{
    struct request request = {.scenario = scenario, .device = device}, *list[] = {&request};

    cr_assert(request_make(list, 1, world->arena, &setup, &options));
    return request;
}

/* The server's answer to |message|, as it came. */
static inline struct bytes answer_to(struct bytes message)
{
    struct answer answer = world_send(world, message);
    struct bytes reply = arena_copy(world->arena, answer.result.reply);

    answer_free(&answer);
    return reply;
}

#endif
