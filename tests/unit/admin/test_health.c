/* health.c: what a load balancer is told. */
#include <criterion/criterion.h>

#include "server/admin/health.h"
#include "storage/backend.h"
#include "tests/support/demo.h"
#include "tests/support/must.h"

static int store_is_healthy;
static struct demo demo;
static struct health health;
static struct pipeline *pipeline;
static char text[HEALTH_TEXT_MAX];

static int healthy(const struct store *store)
{
    (void)store;
    return store_is_healthy;
}

static const struct backend backend = {.scheme = "fake:", .healthy = healthy};
static struct store store = {.backend = &backend};

static void set_up(void)
{
    char fault[CONFIG_FAULT_MAX];

    demo_new(&demo);
    pipeline = pipeline_new(fault, policy_config(demo.policy), demo.policy, &store);
    must(pipeline != NULL);
    health.pipeline = pipeline;
    health.store = &store;
    store_is_healthy = 1;
}

static void tear_down(void)
{
    pipeline_free(pipeline);
    demo_free(&demo);
}

TestSuite(health, .init = set_up, .fini = tear_down);

Test(health, ready_when_all_is_well)
{
    cr_assert_eq(health_ready(&health, text), 200);
    cr_assert_str_eq(text, "{\"ready\":true,\"store\":true,\"queue_has_room\":true,\"signing_keys\":true,"
                           "\"certificates\":true,\"reason\":null,\"ends\":[],"
                           "\"draining\":false,\"upkeep_alarm\":false,\"crl_late\":false,\"crls\":[],"
                           "\"ocsp_late\":false,\"ocsp\":[],"
                           "\"overdue\":null,\"configurations_differ\":false,\"nodes\":[]}\n");
}

Test(health, not_ready_without_a_store)
{
    store_is_healthy = 0;
    cr_assert_eq(health_ready(&health, text), 503);
    cr_assert_not_null(strstr(text, "\"store\":false"));
}

Test(health, not_ready_while_draining_but_alive)
{
    atomic_store(&health.draining, 1);
    cr_assert_eq(health_ready(&health, text), 503);
    cr_assert_not_null(strstr(text, "\"draining\":true"));
    cr_assert_eq(health_live(&health, text), 200);
}
