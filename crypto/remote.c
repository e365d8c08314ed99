/* Hands signings to where their keys are, and counts what is lost of that. */
#include "crypto/remote.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "crypto/internal.h"

static atomic_uint lost;

int sign_elsewhere(struct signing *item, void (*done)(void *arg), void *arg)
{
    item->signature_len = 0;
    return item->key->remote->sign(item->key->remote_state, item, done, arg);
}

static void wake_waiting(void *arg)
{
    sem_post(arg);
}

size_t sign_elsewhere_and_wait(struct signing *item)
{
    sem_t signed_or_not;

    sem_init(&signed_or_not, 0, 0);
    if (sign_elsewhere(item, wake_waiting, &signed_or_not))
        while (sem_wait(&signed_or_not) != 0 && errno == EINTR)
            ;
    sem_destroy(&signed_or_not);
    return item->signature_len;
}

void remote_lost(void)
{
    atomic_fetch_add(&lost, 1);
}

void remote_found(void)
{
    atomic_fetch_sub(&lost, 1);
}

unsigned remote_lost_count(void)
{
    return atomic_load(&lost);
}

int remote_any_lost(void)
{
    return remote_lost_count() != 0;
}
