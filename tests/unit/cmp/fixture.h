/* fixture.h: a world, a device of its vendor, and a client with the shared secret, for each test anew.
 * Included once by a test, after which TestSuite takes set_up and tear_down. */
#ifndef CMPD_TESTS_UNIT_CMP_FIXTURE_H
#define CMPD_TESTS_UNIT_CMP_FIXTURE_H

#include "tests/unit/cmp/expect.h"

static struct world *world;
static struct client client, mac;

static void set_up(void)
{
    world = world_new(KEY_P256);
    client_init(&client, world, 0);
    client_init(&mac, world, 1);
}

static void tear_down(void)
{
    client_cleanup(&client);
    client_cleanup(&mac);
    world_free(world);
}

#endif
