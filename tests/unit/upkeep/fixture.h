/* fixture.h: a demo CA and a store whose rows are that CA's, for each test anew. Included once by a test,
 * after which TestSuite takes set_up and tear_down. */
#ifndef CMPD_TESTS_UNIT_UPKEEP_FIXTURE_H
#define CMPD_TESTS_UNIT_UPKEEP_FIXTURE_H

#include "tests/support/demo.h"
#include "tests/unit/storage/units.h"

static struct demo demo;
static struct store *store;

static void set_up(void)
{
    demo_new(&demo);
    make_url();
    memcpy(issuer_octets, policy_settings(demo.policy)->default_profile->ca->id, sizeof issuer_octets);
    store = must_open(test_url);
}

static void tear_down(void)
{
    store_close(store);
    remove_folder();
    demo_free(&demo);
}

#endif
