/* The thread that keeps a token: it has a lost one back, looks for keys that are missing, and notices a token
 * that hangs. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include "crypto/remote.h"
#include "crypto/token_internal.h"
#include "server/base/log.h"

enum {
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 5000,
    STEADY_MS = 10000, /* a token that was usable for so long starts with short waits again */
};

static void nothing(void *arg)
{
    (void)arg;
}

static unsigned longer(unsigned retry_ms)
{
    retry_ms = retry_ms == 0 ? RETRY_FIRST_MS : retry_ms * 2;
    return retry_ms > RETRY_LAST_MS ? RETRY_LAST_MS : retry_ms;
}

static struct token_key *first_key(struct token *token)
{
    struct token_key *first;

    token_free_dropped(token);
    pthread_mutex_lock(&token->mutex);
    first = token->keys;
    pthread_mutex_unlock(&token->mutex);
    return first;
}

/* Whether as many sessions can be had as there are threads to use them. */
static int try_sessions(char *fault, struct token *token)
{
    unsigned long handles[BOUND_TOKEN_SESSIONS];
    const char *why = "";
    unsigned count = 0;

    while (count < token->wanted && pkcs11_open(&why, token->pkcs11, &handles[count]))
        count++;
    for (unsigned i = 0; i < count; i++)
        pkcs11_close(token->pkcs11, handles[i]);
    if (count < token->wanted)
        snprintf(fault, TOKEN_FAULT_MAX,
                 "the token opens %u sessions beside one, not %u: %s; set threads.token to what it can do",
                 count, token->wanted, why);
    return count == token->wanted;
}

static int load(char *fault, struct token *token)
{
    if ((token->pkcs11 = pkcs11_load(fault, token->uri)) == NULL)
        return 0;
    token_registry_wait_at_exit();
    return 1;
}

static int log_in(char *fault, struct token *token)
{
    if (token->is_connected)
        pkcs11_close(token->pkcs11, token->control);
    return token->is_connected = pkcs11_connect(fault, token->pkcs11, &token->control);
}

/* Has the token open, and as many of its keys as prove themselves: the others do not keep these from their
 * work. With none, the token is as good as lost. */
static int reconnect(char *fault, struct token *token)
{
    struct token_key *keys = first_key(token);
    unsigned state = atomic_load(&token->state), good = 0, bad = 0;
    char why[TOKEN_FAULT_MAX];

    if ((token->pkcs11 == NULL && !load(fault, token)) || !log_in(fault, token) ||
        (!token->was_usable && !try_sessions(fault, token)))
        return 0;
    for (struct token_key *key = keys; key != NULL; key = key->next) {
        unsigned long object = 0;
        if (atomic_load(&key->dropped))
            continue;
        enum pkcs11_result result = token_prove(fault, &object, token->control, key);
        /* Whatever it was, it shall not be the next key's fault. */
        if (result == PKCS11_GONE && !log_in(why, token)) {
            snprintf(fault, TOKEN_FAULT_MAX, "%s", why);
            return 0;
        }
        token_conclude(key, state, result, object, fault);
        if (result == PKCS11_DONE)
            good++;
        else
            bad++;
    }
    return good != 0 || bad == 0;
}

/* Sends each key that is of no use to prove itself, when its time has come. Returns in how many ms there is
 * one again, or -1. */
static int64_t look_for_keys(struct token *token)
{
    int64_t now = now_ms(), next = -1, wait;

    for (struct token_key *key = first_key(token); key != NULL; key = key->next) {
        struct entry entry = {.key = key, .done = nothing};
        if (atomic_load(&key->is_usable) || atomic_load(&key->dropped)) {
            key->retry_ms = 0;
            key->look_at_ms = 0;
            continue;
        }
        if (key->look_at_ms <= now && atomic_load(&key->in_use) == 0 && token_enqueue(token, &entry)) {
            key->retry_ms = longer(key->retry_ms);
            key->look_at_ms = now + key->retry_ms;
        }
        wait = key->look_at_ms > now ? key->look_at_ms - now : RETRY_FIRST_MS;
        if (next < 0 || wait < next)
            next = wait;
    }
    return next;
}

/* Sleeps |ms|, or until there is something to look at: 1. */
static int pause_keeper(struct token *token, unsigned ms)
{
    struct timespec until = in_ms(ms);

    while (sem_clockwait(&token->keeper, CLOCK_MONOTONIC, &until) != 0)
        if (errno != EINTR)
            return 0;
    return 1;
}

/* Some modules know what is there from when they were initialized on. Of a token that is lost, no session is
 * left that anybody would use. */
static void load_again(struct token *token)
{
    if (token->pkcs11 == NULL || atomic_load(&token->inside) != 0)
        return; /* one hangs in there */
    token->is_connected = 0;
    atomic_fetch_add(&token->loads, 1);
    pkcs11_finalize(token->pkcs11);
    pkcs11_initialize(token->pkcs11);
}

/* Who opens a key learns what became of the token: |fault|, or NULL if it is there. */
static void tell_openers(struct token *token, const char *fault)
{
    pthread_mutex_lock(&token->mutex);
    for (struct token_key *key = token->keys; key != NULL; key = key->next)
        if (key->first == UNTOLD && (fault != NULL || atomic_load(&key->is_usable)))
            token_tell_key(key, fault == NULL, fault != NULL ? fault : "it signs");
    pthread_mutex_unlock(&token->mutex);
}

static void stay_lost(struct token *token, const char *fault, char told[TOKEN_FAULT_MAX])
{
    char text[TOKEN_FAULT_MAX];

    snprintf(text, sizeof text,
             "the token is lost at the moment (%.400s); see that it comes back, then try again", fault);
    tell_openers(token, token->was_usable ? text : fault);
    if (!token->was_usable || strcmp(fault, told) == 0)
        return;
    log_line(LOG_WARN, "token still lost", log_octets("token", token_name(token)), log_text("text", fault));
    snprintf(told, TOKEN_FAULT_MAX, "%s", fault);
}

static void be_usable(struct token *token, int64_t lost_at)
{
    token->usable_since_ms = now_ms();
    /* First out of the count: whoever sees that the token signs finds none lost. */
    if (token->was_usable)
        remote_found();
    atomic_fetch_add(&token->state, 1);
    tell_openers(token, NULL);
    if (token->was_usable) {
        token_count_reconnect(token->number);
        log_line(LOG_WARN, "token is back", log_octets("token", token_name(token)),
                 log_number("lost_ms", token->usable_since_ms - lost_at));
    }
    token->was_usable = 1;
}

static void have_back(struct token *token)
{
    char fault[TOKEN_FAULT_MAX] = "", told[TOKEN_FAULT_MAX] = "";
    int64_t lost_at = now_ms();
    int ok = 0, tries = 0, is_woken;

    if (lost_at - token->usable_since_ms > STEADY_MS)
        token->retry_ms = 0;
    while (!ok) {
        token_drain(token);
        token_abandon(token, STALL_MS);
        is_woken = pause_keeper(token, token->retry_ms);
        if (is_woken && atomic_load(&token->stopping))
            return;
        if (tries++ > 0)
            load_again(token);
        ok = reconnect(fault, token);
        if (!is_woken || token->retry_ms == 0) /* a reload does not make it wait longer */
            token->retry_ms = longer(token->retry_ms);
        if (!ok)
            stay_lost(token, fault, told);
    }
    be_usable(token, lost_at);
}

/* As long as entries are out, the token has to get on with them. */
static void watch(struct token *token)
{
    unsigned before = atomic_load(&token->answered), state = atomic_load(&token->state);
    int is_at_work = atomic_load(&token->taken) != 0;
    int64_t until = now_ms() + STALL_MS, left, next;

    while ((left = until - now_ms()) > 0) {
        next = look_for_keys(token);
        if (pause_keeper(token, (unsigned)(next >= 0 && next < left ? next : left)))
            return;
    }
    if (atomic_load(&token->taken) == 0)
        atomic_store(&token->watched, 0);
    if (atomic_load(&token->taken) == 0) /* looked at again: who came in between has relied on this watch */
        return;
    atomic_store(&token->watched, 1);
    /* What came in meanwhile has its time yet. */
    if (is_at_work && atomic_load(&token->answered) == before) {
        token_lose(token, state, "it has stopped to answer");
        token_abandon(token, 0);
    }
}

void *token_keeper_main(void *arg)
{
    struct token *token = arg;
    int64_t next;

    while (!atomic_load(&token->stopping)) {
        if (token_is_lost(atomic_load(&token->state)))
            have_back(token);
        else if (atomic_load(&token->watched))
            watch(token);
        else if ((next = look_for_keys(token)) >= 0)
            pause_keeper(token, (unsigned)next);
        else
            token_wait(&token->keeper);
    }
    while (!atomic_load(&token->is_released))
        sched_yield();
    token_close(token);
    return NULL;
}
