/* remote.c: a key that signs elsewhere is asked by whoever signs, and nobody knows where it is. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "crypto/remote.h"

enum { SIGNATURE = 5 };

/* A place that answers at once, from another thread, or not at all. */
static struct place {
    enum { AT_ONCE, LATER, NEVER } answers;
    int asked, freed;
    struct signing *item;
    void (*done)(void *arg);
    void *arg;
    pthread_t thread;
} place;

static void *answer(void *arg)
{
    (void)arg;
    memset(place.item->signature, 's', SIGNATURE);
    place.item->signature_len = SIGNATURE;
    place.done(place.arg);
    return NULL;
}

static int sign_here(void *state, struct signing *item, void (*done)(void *arg), void *arg)
{
    cr_assert_eq(state, &place);
    place.asked++;
    place.item = item;
    place.done = done;
    place.arg = arg;
    if (place.answers == AT_ONCE)
        answer(NULL);
    else if (place.answers == LATER)
        cr_assert_eq(pthread_create(&place.thread, NULL, answer, NULL), 0);
    return place.answers != NEVER;
}

static void free_here(void *state)
{
    cr_assert_eq(state, &place);
    place.freed++;
}

static const struct key_remote remote = {.sign = sign_here, .free = free_here};
static struct private_key *original, *key;
static uint8_t room[SIGNATURE_MAX];
static struct signing item;

static void set_up(void)
{
    original = private_key_generate(KEY_P256, 0);
    cr_assert_not_null(key = private_key_of_remote(&remote, &place, private_key_spki(original)));
    item = (struct signing){.algorithm = signature_for_key(KEY_P256),
                            .key = key,
                            .message = bytes_str("a message"),
                            .signature = room,
                            .signature_len = 9};
}

static void tear_down(void)
{
    private_key_free(key);
    cr_assert_eq(place.freed, 1);
    private_key_free(original);
}

TestSuite(remote, .init = set_up, .fini = tear_down);

Test(remote, a_batch_waits_for_a_key_that_signs_elsewhere)
{
    struct signing here = item, *items[] = {&here, &item};
    uint8_t room_here[SIGNATURE_MAX];

    here.key = original;
    here.signature = room_here;
    place.answers = LATER;
    sign_batch(items, 2);
    pthread_join(place.thread, NULL);
    cr_assert_eq(place.asked, 1);
    cr_assert_eq(item.signature_len, SIGNATURE);
    cr_assert_gt(here.signature_len, SIGNATURE);
}

Test(remote, what_is_not_taken_has_no_signature)
{
    struct signing *items[] = {&item};

    place.answers = NEVER;
    sign_batch(items, 1);
    cr_assert_eq(place.asked, 1);
    cr_assert_eq(item.signature_len, 0);
    item.signature_len = 9;
    cr_assert_not(sign_elsewhere(&item, NULL, NULL));
    cr_assert_eq(item.signature_len, 0);
}

Test(remote, an_algorithm_that_does_not_fit_is_not_asked_for)
{
    struct signing *items[] = {&item};

    item.algorithm = signature_for_key(KEY_RSA);
    sign_batch(items, 1);
    cr_assert_eq(place.asked, 0);
    cr_assert_eq(item.signature_len, 0);
}

Test(remote, an_engine_alone_asks_nobody_else)
{
    struct signing *items[] = {&item};

    sign_batch_with(ENGINE_BORINGSSL, items, 1);
    cr_assert_eq(place.asked, 0);
    cr_assert_eq(item.signature_len, 0);
}

Test(remote, the_key_is_of_its_public_key)
{
    struct bytes spki = private_key_spki(key);
    uint8_t *pem;
    size_t len;

    cr_assert(private_key_is_remote(key));
    cr_assert_not(private_key_is_remote(original));
    cr_assert_eq(private_key_kind(key), KEY_P256);
    cr_assert(bytes_equal(spki, private_key_spki(original)));
    cr_assert_not(private_key_to_pem(&pem, &len, key));
    cr_assert_null(private_key_of_remote(&remote, &place, bytes_of(spki.data, spki.len - 1)));
    cr_assert_eq(place.freed, 0);
}

Test(remote, losses_are_counted)
{
    cr_assert_not(remote_any_lost());
    remote_lost();
    remote_lost();
    remote_found();
    cr_assert(remote_any_lost());
    remote_found();
    cr_assert_not(remote_any_lost());
}
