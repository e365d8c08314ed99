/* Which tokens are in use, and the end of each: it is freed by its own keeper, and nobody else waits for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/remote.h"
#include "crypto/token_internal.h"

enum { EXIT_MS = 5000 }; /* at the end of the process: how long tokens have to be closed */

/* A keeper that nobody has joined yet. */
struct ended {
    int is_set;
    pthread_t keeper;
    struct pkcs11 *pkcs11; /* what it used */
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t gone;
    struct token *tokens; /* each in use, or being closed */
    struct ended ended;   /* the last one; it joins the one before */
    int has_exit;
} registry = {.mutex = PTHREAD_MUTEX_INITIALIZER, .gone = PTHREAD_COND_INITIALIZER};

void token_key_free(struct token_key *key)
{
    pkcs11_uri_free(key->uri);
    public_key_free(key->public);
    free(key->name);
    free(key);
}

void token_free_dropped(struct token *token)
{
    pthread_mutex_lock(&token->mutex);
    for (struct token_key **at = &token->keys, *key; (key = *at) != NULL;) {
        if (!atomic_load(&key->dropped) || atomic_load(&key->in_use) != 0) {
            at = &key->next;
            continue;
        }
        *at = key->next;
        token_key_free(key);
    }
    pthread_mutex_unlock(&token->mutex);
}

void token_free(struct token *token)
{
    token_free_dropped(token);
    if (token->was_usable && token_is_lost(atomic_load(&token->state)))
        remote_found();
    for (unsigned i = 0; token->sessions != NULL && i < token->wanted; i++)
        pthread_mutex_destroy(&token->sessions[i].mutex);
    free(token->sessions);
    sem_destroy(&token->ready);
    sem_destroy(&token->keeper);
    pthread_mutex_destroy(&token->mutex);
    pthread_cond_destroy(&token->told);
    free(token->slots);
    pkcs11_uri_free(token->uri);
    free(token);
}

/* Without threads. The module stays loaded: threads that it knows may still be on their way out. */
static struct pkcs11 *disconnect(struct token *token)
{
    struct pkcs11 *pkcs11 = token->pkcs11;

    if (token->is_connected)
        pkcs11_close(pkcs11, token->control);
    if (pkcs11 != NULL)
        pkcs11_finalize(pkcs11);
    return pkcs11;
}

/* Waits for a keeper that has ended, or is about to, and unloads what it used. */
static void bury(struct ended ended)
{
    if (!ended.is_set)
        return;
    pthread_join(ended.keeper, NULL);
    pkcs11_free(ended.pkcs11);
}

void token_join_sessions(struct token *token)
{
    for (unsigned i = 0; i < token->started; i++)
        sem_post(&token->ready);
    for (unsigned i = 0; i < token->started; i++)
        pthread_join(token->sessions[i].thread, NULL);
}

/* The end of a keeper, which is the end of its token: whoever dropped the last key does not wait for it. The
 * next keeper to end, or the end of the process, waits for this one. */
void token_close(struct token *token)
{
    struct ended before, self = {1, pthread_self(), NULL};

    token_join_sessions(token);
    self.pkcs11 = disconnect(token); /* may take its time: nobody is kept out of the registry meanwhile */
    pthread_mutex_lock(&registry.mutex);
    for (struct token **at = &registry.tokens; *at != NULL; at = &(*at)->next)
        if (*at == token) {
            *at = token->next;
            break;
        }
    token_free(token);
    before = registry.ended;
    registry.ended = self;
    pthread_cond_broadcast(&registry.gone);
    pthread_mutex_unlock(&registry.mutex);
    bury(before);
}

void token_registry_lock(void)
{
    pthread_mutex_lock(&registry.mutex);
}

void token_registry_unlock(void)
{
    pthread_mutex_unlock(&registry.mutex);
}

struct token *token_registry_hold(const struct pkcs11_uri *uri)
{
    for (struct token *token = registry.tokens; token != NULL; token = token->next) {
        unsigned users = atomic_load(&token->users);
        if (strcmp(pkcs11_uri_token(token->uri), pkcs11_uri_token(uri)) != 0)
            continue;
        while (users != 0 && !atomic_compare_exchange_weak(&token->users, &users, users + 1))
            ;
        if (users != 0)
            return token;
    }
    return NULL;
}

void token_registry_add(struct token *token)
{
    token->next = registry.tokens;
    registry.tokens = token;
}

/* |state| is odd while a token is lost, as it begins, and goes on by one with each loss and return. */
void token_states(struct token_state out[TOKENS_TOLD])
{
    memset(out, 0, TOKENS_TOLD * sizeof out[0]);
    token_registry_lock();
    for (struct token *token = registry.tokens; token != NULL; token = token->next) {
        struct token_state *of = &out[token->number];
        unsigned state = atomic_load(&token->state);
        if (atomic_load(&token->users) == 0)
            continue;
        of->tokens++;
        of->usable += !token_is_lost(state);
        of->waiting += atomic_load(&token->taken);
    }
    token_registry_unlock();
}

static void release(struct token *token)
{
    if (atomic_fetch_sub(&token->users, 1) != 1)
        return;
    atomic_store(&token->stopping, 1);
    sem_post(&token->keeper);
    /* The last touch: the keeper waits for it before it lets the token go. */
    atomic_store(&token->is_released, 1);
}

void token_drop_key(void *state)
{
    struct token_key *key = state;
    struct token *token = key->token;

    pthread_mutex_lock(&token->mutex);
    if (key->is_open && !atomic_load(&key->is_usable))
        remote_found();
    atomic_store(&key->dropped, 1);
    pthread_mutex_unlock(&token->mutex);
    release(token);
}

/* exit() takes modules down: not under threads that are still on their way out of them, nor under one that
 * hangs in there and may go on at any time. */
static void wait_for_closing(int status, void *arg)
{
    struct timespec limit = in_ms(EXIT_MS);
    int waits = 1;

    (void)arg;
    pthread_mutex_lock(&registry.mutex);
    while (waits) {
        waits = 0;
        for (const struct token *token = registry.tokens; token != NULL; token = token->next)
            waits |= atomic_load(&token->stopping);
        if (waits && pthread_cond_clockwait(&registry.gone, &registry.mutex, CLOCK_MONOTONIC, &limit) != 0)
            break;
    }
    struct ended ended = registry.ended;
    registry.ended.is_set = 0;
    pthread_mutex_unlock(&registry.mutex);
    if (waits) {
        fflush(stdout);
        _exit(status);
    }
    bury(ended);
}

void token_registry_wait_at_exit(void)
{
    pthread_mutex_lock(&registry.mutex);
    if (!registry.has_exit)
        registry.has_exit = on_exit(wait_for_closing, NULL) == 0;
    pthread_mutex_unlock(&registry.mutex);
}
