/* token_internal.h: what the files of a token share: token.c opens keys, token_registry.c knows the tokens
 * and ends them, token_queue.c has the queue, token_session.c the threads that take from it, token_keeper.c
 * the thread that has a lost token back, token_proof.c what a key must show. For crypto/token*.c only.
 *
 * |state| counts losses and returns: even while the token is usable, odd while it is lost; a session is good
 * for the state that it was opened in. A token begins as one that is lost: its keeper has it for the first
 * time as it has it back later. Only threads of the token enter the module, and with no mutex held. */
#ifndef CMPD_CRYPTO_TOKEN_INTERNAL_H
#define CMPD_CRYPTO_TOKEN_INTERNAL_H

#include <ck_ring.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "crypto/internal.h"
#include "crypto/pkcs11.h"
#include "server/base/bounds.h"

enum {
    RING = 2 * BOUND_TOKEN_QUEUE, /* slots: one stays free */
    STALL_MS = BOUND_TOKEN_STALL * 1000,
};

struct entry {
    struct token_key *key;
    struct signing *item; /* NULL: the key has to prove itself */
    void (*done)(void *arg);
    void *arg;
    int64_t since_us; /* metrics_now_us, when the signature was wanted */
};

struct token_key {
    struct token *token;
    struct pkcs11_uri *uri;
    struct public_key *public;
    char *name;           /* its URI without the query, for the log */
    atomic_ulong object;  /* of the state that is usable now */
    atomic_int is_usable; /* it has proved itself: else signings fail at once, and it is looked for */
    atomic_uint in_use;   /* entries that name it, in the ring or with a session */
    atomic_int dropped;   /* 1: nobody's; freed when the keeper passes */
    unsigned retry_ms;    /* the keeper's: how long until … */
    int64_t look_at_ms;   /* … it is looked for again */
    struct token_key *next;
    enum { UNTOLD, GOOD, BAD } first; /* under the token's mutex: how its first proof ended … */
    char fault[TOKEN_FAULT_MAX];      /* … and what the last one had to say */
    int is_open;                      /* somebody has it who relies on it */
};

/* A thread with a session of the module. What it works on can be taken from it while it is in the module. */
struct session {
    struct token *token;
    pthread_t thread;
    unsigned long handle;
    int is_open;
    unsigned state, loads; /* in which it was opened */
    pthread_mutex_t mutex; /* what follows */
    int is_out;            /* |entry| is not answered */
    struct entry entry;
    int64_t since_ms;
};

struct token {
    _Alignas(64) ck_ring_t ring;
    struct entry *slots;
    struct pkcs11 *pkcs11;
    struct pkcs11_uri *uri; /* its part of the URI is its name: who has the same, has this token */
    unsigned wanted;        /* sessions */
    size_t number;          /* in metrics */
    unsigned started;       /* threads that take from the ring */
    struct session *sessions;
    atomic_uint users;    /* keys; with the last, it closes */
    atomic_uint inside;   /* sessions that are with the module */
    atomic_uint loads;    /* of the module: sessions of before the last one are no one's */
    atomic_uint state;    /* see above */
    atomic_uint taken;    /* entries that were taken and not answered: bounds the ring */
    atomic_uint answered; /* counts on: whether it moves tells whether the token does */
    atomic_int watched, stopping, is_released;
    sem_t ready;           /* an entry in the ring each, and at the end one each session */
    sem_t keeper;          /* something for keeper_main to look at */
    unsigned long control; /* from here on the keeper's: the session that holds the login */
    int is_connected, was_usable;
    int64_t usable_since_ms;
    unsigned retry_ms;
    pthread_mutex_t mutex; /* what follows, and what keys say; never held for long */
    pthread_cond_t told;
    struct token_key *keys; /* who opens one puts it in front, the keeper alone takes any out */
    struct token *next;     /* under the registry's lock */
};

static inline int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline struct timespec in_ms(unsigned ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000L;
    }
    return at;
}

/* token_is_lost returns 1 if |state| is one of a lost token. */
static inline int token_is_lost(unsigned state)
{
    return state % 2 != 0;
}

/* ---- token_queue.c ---- */

/* token_wait waits for |semaphore|, whatever signals come. */
void token_wait(sem_t *semaphore);

/* token_name returns what the log may know of |token|: the query of its URI is about this machine. */
struct bytes token_name(const struct token *token);

/* token_lose tells that |token| was found lost in |state|. Of all that find it so, one says it in the log. */
void token_lose(struct token *token, unsigned state, const char *why);

/* token_enqueue puts |entry| into the ring: 1, or 0 if that is full. */
int token_enqueue(struct token *token, struct entry *entry);

/* token_take takes an entry out for each post of |ready|. 0: there is none, which is the end. */
int token_take(struct token *token, struct entry *entry);

/* token_answer tells the owner of |entry| that it has its result, and counts it. token_let_go ends the
 * entry's use of its key. */
void token_answer(struct token *token, const struct entry *entry);
void token_let_go(const struct entry *entry);

/* token_drain answers, without a signature, what is in the queue of a lost token: in case its sessions hang.
 */
void token_drain(struct token *token);

/* token_sign is the sign of struct key_remote; |state| is a struct token_key. */
int token_sign(void *state, struct signing *item, void (*done)(void *arg), void *arg);

/* ---- token_registry.c ---- */

/* token_registry_lock and _unlock enclose a look at the tokens in use, and what is done about it. */
void token_registry_lock(void);
void token_registry_unlock(void);

/* token_registry_hold returns the token that |uri| names, held by a key more, or NULL. Under the lock. */
struct token *token_registry_hold(const struct pkcs11_uri *uri);

/* token_registry_add adds |token|, whose keeper runs. Under the lock. */
void token_registry_add(struct token *token);

/* token_registry_wait_at_exit has the end of the process wait until tokens are closed. Called when a module
 * is loaded: what it has for the end of the process is then older, and so comes later. */
void token_registry_wait_at_exit(void);

/* token_key_free frees a key that no token has. token_free_dropped frees those of |token| that are nobody's.
 */
void token_key_free(struct token_key *key);
void token_free_dropped(struct token *token);

/* token_free frees a token that is in no registry, and has no threads. */
void token_free(struct token *token);

/* token_join_sessions waits for the sessions' threads of a token that is stopping. */
void token_join_sessions(struct token *token);

/* token_close is the end of a keeper, which calls it last, and of its token. */
void token_close(struct token *token);

/* token_drop_key is the free of struct key_remote: it never waits; the last key's token is closed behind its
 * back. */
void token_drop_key(void *state);

/* ---- token_proof.c ---- */

/* token_prove makes |key| sign, and verifies what comes: it is there, it works, and it is the right one. */
enum pkcs11_result token_prove(char *fault, unsigned long *object, unsigned long session,
                               const struct token_key *key);

/* token_conclude takes the outcome of a proof that was made in |state|: it counts as long as that lasts. */
void token_conclude(struct token_key *key, unsigned state, enum pkcs11_result result, unsigned long object,
                    const char *fault);

/* token_tell_key tells who opens |key| how its proof ended. Under the token's mutex. */
void token_tell_key(struct token_key *key, int is_good, const char *fault);

/* ---- token_session.c ---- */

/* token_session_main is the thread of |arg|, a struct session. */
void *token_session_main(void *arg);

/* token_abandon answers, without a signature, what sessions have had in the module for |ms| or longer. */
void token_abandon(struct token *token, int64_t ms);

/* ---- token_keeper.c ---- */

/* token_keeper_main is the thread that keeps |arg|, a struct token; it closes it at the end. */
void *token_keeper_main(void *arg);

#endif
