/* cert_wait.c: which CRL says what was changed. */
#include "server/ctl/cert.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "server/ctl/steps.h"
#include "tests/unit/storage/suite.h"

TestSuite(cert_wait, .init = set_up, .fini = tear_down, .timeout = 60);

static void revoke_one(struct cert_wait *wait, uint32_t n)
{
    struct arena *arena = arena_new(1024 * 1024);
    struct cert_found found = {.ca = "issuing"};
    struct enrollment e;

    enrollment_init(&e, 1, n);
    memcpy(found.issuer, issuer_octets, sizeof found.issuer);
    found.cert = &e.cert;
    cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    cr_assert_eq(change_status(1, n, STORE_CERT_REVOKED, 1), STORE_DONE);
    cr_assert(cert_wait_note(wait, store, arena, &found));
    enrollment_cleanup(&e);
    arena_free(arena);
}

static void put_scope(const char *scope, int64_t number, int64_t position)
{
    struct store_crl crl = {.scope = bytes_str(scope), .number = number, .position = position, .size = 1};
    struct store_unit unit = {.issuer = test_issuer()};

    store_unit_write(&unit, STORE_PUT, STORE_CRLS, &crl);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
}

static void put_crl(int64_t number, int64_t position)
{
    put_scope("full", number, position);
}

Test(cert_wait, the_last_change_decides)
{
    struct cert_wait wait = {.count = 0};

    revoke_one(&wait, 1);
    revoke_one(&wait, 2);
    cr_assert_eq(wait.count, 1, "of one CA");
    cr_assert_eq(wait.of[0].position, 2);
    cr_assert_neq(wait.since_ms, 0);
    put_crl(7, 2);
    cr_assert(cert_wait(&wait, &(struct ctl_opened){.store = store}));
}

static void *publish_later(void *arg)
{
    (void)arg;
    usleep(300 * 1000);
    put_crl(8, 2);
    return NULL;
}

/* One that knows less is not it. */
Test(cert_wait, it_waits_for_one_that_says_so)
{
    struct cert_wait wait = {.count = 0};
    pthread_t thread;

    put_crl(7, 0);
    revoke_one(&wait, 1);
    cr_assert_eq(pthread_create(&thread, NULL, publish_later, NULL), 0);
    cr_assert(cert_wait(&wait, &(struct ctl_opened){.store = store}));
    struct store_fetch newest = fetch_row(store, STORE_CRLS, bytes_str("full"));
    cr_assert_eq(((const struct store_crl *)newest.rows)->number, 8);
    arena_free(newest.arena);
    pthread_join(thread, NULL);
}

static void *publish_shard_later(void *arg)
{
    (void)arg;
    usleep(300 * 1000);
    put_scope("shard-3", 9, 1);
    return NULL;
}

/* That is what a gateway reads which has the certificate. */
Test(cert_wait, of_a_shard_its_own_CRL_has_to_say_so)
{
    struct cert_wait wait = {.count = 0};
    pthread_t thread;

    put_crl(7, 5);
    put_scope("shard-3", 8, 0);
    revoke_one(&wait, 1);
    cr_assert_eq(wait.of[0].shard, 0);
    wait.of[0].shard = 3;
    cr_assert_eq(pthread_create(&thread, NULL, publish_shard_later, NULL), 0);
    cr_assert(cert_wait(&wait, &(struct ctl_opened){.store = store}));
    struct store_fetch newest = fetch_row(store, STORE_CRLS, bytes_str("shard-3"));
    cr_assert_eq(((const struct store_crl *)newest.rows)->number, 9);
    arena_free(newest.arena);
    pthread_join(thread, NULL);
}

/* It took longer to revoke them all than a CRL is waited for. */
Test(cert_wait, the_last_change_is_what_is_waited_for)
{
    struct cert_wait wait = {.count = 0};
    pthread_t thread;

    put_crl(7, 0);
    revoke_one(&wait, 1);
    wait.since_ms -= INT64_C(1000) * 3600;
    revoke_one(&wait, 2);
    cr_assert_eq(pthread_create(&thread, NULL, publish_later, NULL), 0);
    cr_assert(cert_wait(&wait, &(struct ctl_opened){.store = store}));
    pthread_join(thread, NULL);
}

/* Else it would take two minutes. */
Test(cert_wait, who_breaks_it_off_does_not_wait)
{
    struct cert_wait wait = {.count = 0};
    struct ctl_steps steps;

    put_crl(7, 0);
    revoke_one(&wait, 1);
    ctl_steps_begin(&steps, 0, 1);
    raise(SIGINT);
    cr_assert_not(cert_wait(&wait, &(struct ctl_opened){.store = store}));
}

Test(cert_wait, nothing_is_waited_for_if_nothing_was_changed)
{
    struct cert_wait wait = {.count = 0};

    cr_assert(cert_wait(&wait, &(struct ctl_opened){.store = store}));
}
