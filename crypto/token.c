/* Opens keys in tokens: finds or makes the token, has the key prove itself, and hands it out as one that
 * signs elsewhere. */
#include "crypto/token.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/remote.h"
#include "crypto/token_internal.h"

static int start_thread(pthread_t *thread, void *(*main)(void *arg), void *arg)
{
    sigset_t all, before;
    int ok;

    /* Signals are the main thread's business. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = pthread_create(thread, NULL, main, arg) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

/* A token without threads, not in the registry. */
static struct token *make_token(char *fault, const char *text, unsigned sessions)
{
    struct token *token = aligned_alloc(_Alignof(struct token), sizeof *token);

    snprintf(fault, TOKEN_FAULT_MAX, "out of memory");
    if (token == NULL)
        return NULL;
    memset(token, 0, sizeof *token);
    ck_ring_init(&token->ring, RING);
    sem_init(&token->ready, 0, 0);
    sem_init(&token->keeper, 0, 0);
    pthread_mutex_init(&token->mutex, NULL);
    pthread_cond_init(&token->told, NULL);
    atomic_store(&token->users, 1);
    atomic_store(&token->state, 1);
    token->wanted = sessions;
    token->slots = calloc(RING, sizeof *token->slots);
    token->sessions = calloc(sessions, sizeof *token->sessions);
    for (unsigned i = 0; token->sessions != NULL && i < sessions; i++) {
        token->sessions[i].token = token;
        pthread_mutex_init(&token->sessions[i].mutex, NULL);
    }
    if (token->slots != NULL && token->sessions != NULL &&
        (token->uri = pkcs11_uri_parse(fault, text)) != NULL) {
        token->number = token_metrics_number(token_name(token));
        return token;
    }
    token_free(token);
    return NULL;
}

/* Returns a token that a key more holds. Under the registry's lock. */
static struct token *hold_token(char *fault, const char *text, const struct pkcs11_uri *uri,
                                unsigned sessions)
{
    struct token *token = token_registry_hold(uri);
    pthread_t keeper;

    if (token != NULL)
        return token;
    if ((token = make_token(fault, text, sessions)) == NULL)
        return NULL;
    snprintf(fault, TOKEN_FAULT_MAX, "threads for %u sessions could not be started; write fewer", sessions);
    while (token->started < sessions && start_thread(&token->sessions[token->started].thread,
                                                     token_session_main, &token->sessions[token->started]))
        token->started++;
    if (token->started == sessions && start_thread(&keeper, token_keeper_main, token)) {
        token_registry_add(token);
        return token;
    }
    atomic_store(&token->stopping, 1);
    token_join_sessions(token);
    token_free(token);
    return NULL;
}

/* Has the keeper make |key|, of a token that it holds, prove itself. Waits for that, but not for a module
 * that hangs. */
static int add_key(char *fault, struct token *token, struct token_key *key)
{
    struct timespec limit = in_ms(STALL_MS);
    int is_good;

    pthread_mutex_lock(&token->mutex);
    key->next = token->keys;
    token->keys = key;
    pthread_mutex_unlock(&token->mutex);
    sem_post(&token->keeper);

    pthread_mutex_lock(&token->mutex);
    snprintf(fault, TOKEN_FAULT_MAX,
             "the token has not answered for %d seconds; see what it waits for, then try again",
             BOUND_TOKEN_STALL);
    while (key->first == UNTOLD &&
           pthread_cond_clockwait(&token->told, &token->mutex, CLOCK_MONOTONIC, &limit) == 0)
        ;
    is_good = key->is_open = key->first == GOOD;
    if (key->first == BAD)
        memcpy(fault, key->fault, sizeof key->fault);
    if (is_good && !atomic_load(&key->is_usable))
        remote_lost();
    pthread_mutex_unlock(&token->mutex);
    return is_good;
}

static struct token_key *make_key(char *fault, const char *text, struct bytes spki)
{
    struct token_key *key = calloc(1, sizeof *key);

    snprintf(fault, TOKEN_FAULT_MAX, "out of memory");
    if (key == NULL)
        return NULL;
    if ((key->public = public_key_parse(spki)) == NULL)
        snprintf(fault, TOKEN_FAULT_MAX, "the certificate's key is of no kind that can sign here");
    else if ((key->uri = pkcs11_uri_parse(fault, text)) != NULL &&
             (key->name = strndup(text, strcspn(text, "?"))) != NULL)
        return key;
    token_key_free(key);
    return NULL;
}

static struct token_key *open_key(char *fault, const char *text, struct bytes spki, unsigned sessions)
{
    struct token_key *key = make_key(fault, text, spki);

    if (key == NULL)
        return NULL;
    token_registry_lock();
    key->token = hold_token(fault, text, key->uri, sessions);
    token_registry_unlock();
    if (key->token == NULL)
        token_key_free(key);
    else if (add_key(fault, key->token, key))
        return key;
    else
        token_drop_key(key);
    return NULL;
}

struct private_key *token_open(char *fault, const char *uri, struct bytes spki, unsigned sessions)
{
    static const struct key_remote in_token = {.sign = token_sign, .free = token_drop_key};
    struct token_key *state = open_key(fault, uri, spki, sessions);
    struct private_key *key = NULL;

    if (state != NULL && (key = private_key_of_remote(&in_token, state, spki)) == NULL) {
        snprintf(fault, TOKEN_FAULT_MAX, "out of memory");
        token_drop_key(state);
    }
    return key;
}
