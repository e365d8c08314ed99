/* Threads around a token. |state| counts losses and returns: even while the token is usable, odd while it is
 * lost; a session is good for the state that it was opened in. A token begins as one that is lost: its keeper
 * has it for the first time as it has it back later. Only threads of the token enter the module, and with no
 * mutex held. */
#include "crypto/token.h"

#include <ck_ring.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "crypto/internal.h"
#include "crypto/pkcs11.h"
#include "crypto/remote.h"
#include "server/base/bounds.h"
#include "server/base/handover.h"
#include "server/base/log.h"

enum {
    RING = 2 * BOUND_TOKEN_QUEUE, /* slots: one stays free */
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 5000,
    STEADY_MS = 10000, /* a token that was usable for so long starts with short waits again */
    STALL_MS = BOUND_TOKEN_STALL * 1000,
    EXIT_MS = 5000, /* at the end of the process: how long tokens have to be closed */
};

struct entry {
    struct token_key *key;
    struct signing *item; /* NULL: the key has to prove itself */
    void (*done)(void *arg);
    void *arg;
};

/* NOLINTNEXTLINE(bugprone-macro-parentheses,readability-inconsistent-declaration-parameter-name) */
CK_RING_PROTOTYPE(signing, entry)

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
    struct token *next;     /* under registry.mutex */
};

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

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct timespec in_ms(unsigned ms)
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

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0 && errno == EINTR)
        ;
}

/* What the log may know: the query of the URI is about this machine. */
static struct bytes name_of(const struct token *token)
{
    const char *name = pkcs11_uri_token(token->uri);

    return bytes_of(name, strcspn(name, "?"));
}

static int is_lost(unsigned state)
{
    return state % 2 != 0;
}

/* Of all that find the token lost in |state|, one tells so. */
static void lose(struct token *token, unsigned state, const char *why)
{
    if (is_lost(state) || !atomic_compare_exchange_strong(&token->state, &state, state + 1))
        return;
    remote_lost();
    log_line(LOG_ERROR, "token lost", log_octets("token", name_of(token)), log_text("reason", why));
    sem_post(&token->keeper);
}

/* ---- the queue ---- */

static void let_go(const struct entry *entry)
{
    atomic_fetch_sub(&entry->key->in_use, 1);
}

/* Puts |entry| into the ring, unless that is full. */
static int enqueue(struct token *token, struct entry *entry)
{
    if (atomic_fetch_add(&token->taken, 1) >= BOUND_TOKEN_QUEUE) {
        atomic_fetch_sub(&token->taken, 1);
        return 0;
    }
    atomic_fetch_add(&entry->key->in_use, 1);
    if (!atomic_load(&token->watched) && !atomic_exchange(&token->watched, 1))
        sem_post(&token->keeper);
    /* There is room: this fails at most for the moment in which a taker moves its head. */
    while (!ck_ring_enqueue_mpmc_signing(&token->ring, token->slots, entry))
        ck_pr_stall();
    sem_post(&token->ready);
    return 1;
}

/* Each post of |ready| stands for an entry; what is without one is the end. */
static int take(struct token *token, struct entry *entry)
{
    bool taken;

    HANDOVER_GUESS_BEGIN();
    taken = ck_ring_dequeue_mpmc_signing(&token->ring, token->slots, entry);
    HANDOVER_GUESS_END();
    /* Whoever put it in had counted it before: what was written for it until then is here. */
    (void)atomic_load(&token->taken);
    return taken;
}

/* First out of |taken|, then counted: who finds something taken, and later nothing counted since, has seen
 * work that was not done. */
static void answer(struct token *token, const struct entry *entry)
{
    atomic_fetch_sub(&token->taken, 1);
    atomic_fetch_add(&token->answered, 1);
    entry->done(entry->arg);
}

/* What is in the queue of a lost token is answered by its sessions; here, in case they hang. */
static void drain(struct token *token)
{
    struct entry entry;

    while (!atomic_load(&token->stopping) && sem_trywait(&token->ready) == 0)
        if (take(token, &entry)) {
            let_go(&entry);
            answer(token, &entry);
        }
}

static int sign_in_token(void *state, struct signing *item, void (*done)(void *arg), void *arg)
{
    struct token_key *key = state;
    struct token *token = key->token;
    struct entry entry = {key, item, done, arg};

    if (is_lost(atomic_load(&token->state)) || !atomic_load(&key->is_usable) || !enqueue(token, &entry))
        return 0;
    /* Lost in between, with all sessions and the keeper in a module that hangs: nobody else would. */
    if (is_lost(atomic_load(&token->state)))
        drain(token);
    return 1;
}

static void nothing(void *arg)
{
    (void)arg;
}

/* ---- the end of a token ---- */

static void free_key(struct token_key *key)
{
    pkcs11_uri_free(key->uri);
    public_key_free(key->public);
    free(key->name);
    free(key);
}

static void free_dropped(struct token *token)
{
    pthread_mutex_lock(&token->mutex);
    for (struct token_key **at = &token->keys, *key; (key = *at) != NULL;) {
        if (!atomic_load(&key->dropped) || atomic_load(&key->in_use) != 0) {
            at = &key->next;
            continue;
        }
        *at = key->next;
        free_key(key);
    }
    pthread_mutex_unlock(&token->mutex);
}

static void free_token(struct token *token)
{
    free_dropped(token);
    if (token->was_usable && is_lost(atomic_load(&token->state)))
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

static void join_sessions(struct token *token)
{
    for (unsigned i = 0; i < token->started; i++)
        sem_post(&token->ready);
    for (unsigned i = 0; i < token->started; i++)
        pthread_join(token->sessions[i].thread, NULL);
}

/* The end of a keeper, which is the end of its token: whoever dropped the last key does not wait for it. The
 * next keeper to end, or the end of the process, waits for this one. */
static void close_token(struct token *token)
{
    struct ended before, self = {1, pthread_self(), NULL};

    join_sessions(token);
    self.pkcs11 = disconnect(token); /* may take its time: nobody is kept out of the registry meanwhile */
    pthread_mutex_lock(&registry.mutex);
    for (struct token **at = &registry.tokens; *at != NULL; at = &(*at)->next)
        if (*at == token) {
            *at = token->next;
            break;
        }
    free_token(token);
    before = registry.ended;
    registry.ended = self;
    pthread_cond_broadcast(&registry.gone);
    pthread_mutex_unlock(&registry.mutex);
    bury(before);
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

/* Never waits; the last key's token is closed behind its back. */
static void drop_key(void *state)
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

/* ---- keys ---- */

/* Makes |key| sign, and verifies what comes: it is there, it works, and it is the right one. */
static enum pkcs11_result prove(char *fault, unsigned long *object, unsigned long session,
                                const struct token_key *key)
{
    static const char text[] = "does this key belong to its certificate?";
    struct pkcs11 *pkcs11 = key->token->pkcs11;
    uint8_t octets[SIGNATURE_MAX];
    enum key_kind kind = public_key_kind(key->public);
    struct signing item = {
        .algorithm = signature_for_key(kind), .message = bytes_str(text), .signature = octets};
    const char *why;
    enum pkcs11_result result;

    if ((result = pkcs11_find(fault, pkcs11, session, key->uri, kind, object)) != PKCS11_DONE)
        return result;
    result = pkcs11_sign(&why, pkcs11, session, *object, kind, &item);
    if (result == PKCS11_GONE) {
        snprintf(fault, TOKEN_FAULT_MAX, "the token does not sign: %s", why);
        return result;
    }
    struct verification check = {.algorithm = item.algorithm,
                                 .key = key->public,
                                 .message = item.message,
                                 .signature = bytes_of(octets, item.signature_len)};
    struct verification *checks[] = {&check};
    verify_batch(checks, 1);
    if (!check.valid) {
        snprintf(
            fault, TOKEN_FAULT_MAX,
            "the key in the token does not belong to the certificate%s%s; correct object and id, or name "
            "the certificate of this key",
            result == PKCS11_REFUSED ? ", or may not sign: " : "", result == PKCS11_REFUSED ? why : "");
        return PKCS11_REFUSED;
    }
    return PKCS11_DONE;
}

/* Under the token's mutex. */
static void tell_key(struct token_key *key, int is_good, const char *fault)
{
    snprintf(key->fault, sizeof key->fault, "%s", fault);
    if (key->first == UNTOLD)
        key->first = is_good ? GOOD : BAD;
    pthread_cond_broadcast(&key->token->told);
}

static void log_key(enum log_level level, const char *event, const struct token_key *key)
{
    log_line(level, event, log_text("key", key->name), log_text("text", key->fault));
}

/* The outcome of a proof that was made in |state|: it counts as long as that lasts. */
static void conclude(struct token_key *key, unsigned state, enum pkcs11_result result, unsigned long object,
                     const char *fault)
{
    struct token *token = key->token;
    int is_usable = result == PKCS11_DONE, is_news;

    pthread_mutex_lock(&token->mutex);
    if (state == atomic_load(&token->state) && !atomic_load(&key->dropped)) {
        if (is_usable)
            atomic_store(&key->object, object);
        is_news = atomic_exchange(&key->is_usable, is_usable) != is_usable && key->is_open;
        if (!is_usable || !is_lost(state)) /* the keeper tells it when the token is back as a whole */
            tell_key(key, is_usable, is_usable ? "it signs" : fault);
        if (is_news && is_usable)
            remote_found();
        else if (is_news)
            remote_lost();
        if (is_news)
            log_key(is_usable ? LOG_WARN : LOG_ERROR, is_usable ? "signing key is back" : "signing key lost",
                    key);
    }
    pthread_mutex_unlock(&token->mutex);
}

/* ---- sessions ---- */

/* What a session has in hands: all that the module gets to see is its own, since the entry may be answered,
 * and its memory gone, while the module has not returned. */
struct work {
    struct entry entry;
    struct signing own;
    uint8_t signature[SIGNATURE_MAX];
    uint8_t *message;
    unsigned long object; /* found by a proof … */
    enum pkcs11_result result;
    char fault[TOKEN_FAULT_MAX]; /* … or why not */
};

static int begin_work(struct work *work)
{
    struct bytes message;

    work->message = NULL;
    work->result = PKCS11_GONE;
    work->object = 0;
    work->fault[0] = 0;
    if (work->entry.item == NULL)
        return 1;
    message = work->entry.item->message;
    work->own = *work->entry.item;
    work->own.signature = work->signature;
    work->own.signature_len = 0;
    if ((work->message = malloc(message.len + 1)) == NULL)
        return 0;
    if (message.len != 0)
        memcpy(work->message, message.data, message.len);
    work->own.message = bytes_of(work->message, message.len);
    return 1;
}

static void set_out(struct session *session, const struct entry *entry)
{
    pthread_mutex_lock(&session->mutex);
    session->entry = *entry;
    session->since_ms = now_ms();
    session->is_out = 1;
    pthread_mutex_unlock(&session->mutex);
}

/* Whether the entry is still the session's to answer. */
static int come_home(struct session *session)
{
    int is_out;

    pthread_mutex_lock(&session->mutex);
    is_out = session->is_out;
    session->is_out = 0;
    pthread_mutex_unlock(&session->mutex);
    return is_out;
}

/* Answers, without a signature, what sessions have had in the module for |ms| or longer. */
static void abandon(struct token *token, int64_t ms)
{
    for (unsigned i = 0; i < token->started; i++) {
        struct session *session = &token->sessions[i];
        struct entry entry;
        int is_ours;

        pthread_mutex_lock(&session->mutex);
        is_ours = session->is_out && now_ms() - session->since_ms >= ms;
        entry = session->entry;
        if (is_ours)
            session->is_out = 0;
        pthread_mutex_unlock(&session->mutex);
        if (is_ours)
            answer(token, &entry);
    }
}

static void close_session(struct session *session)
{
    if (session->is_open && session->loads == atomic_load(&session->token->loads))
        pkcs11_close(session->token->pkcs11, session->handle);
    session->is_open = 0;
}

static enum pkcs11_result do_work(const char **why, struct session *session, struct work *work)
{
    struct token_key *key = work->entry.key;

    if (work->entry.item == NULL)
        return prove(work->fault, &work->object, session->handle, key);
    if (!atomic_load(&key->is_usable))
        return PKCS11_REFUSED;
    return pkcs11_sign(why, session->token->pkcs11, session->handle, atomic_load(&key->object),
                       public_key_kind(key->public), &work->own);
}

/* Does |work|, on a fresh session if the one at hand has just broken. Returns 0 with |*why| if that was of no
 * use in |*state|. */
static int try_work(const char **why, unsigned *state, struct session *session, struct work *work)
{
    struct token *token = session->token;

    for (int attempt = 0; attempt < 2; attempt++) {
        *state = atomic_load(&token->state);
        if (is_lost(*state))
            return 1;
        if (session->state != *state)
            close_session(session);
        session->state = *state;
        session->loads = session->is_open ? session->loads : atomic_load(&token->loads);
        if (!session->is_open)
            session->is_open = pkcs11_open(why, token->pkcs11, &session->handle);
        if (session->is_open && (work->result = do_work(why, session, work)) != PKCS11_GONE)
            return 1;
        close_session(session);
    }
    return 0;
}

static void work_on(struct session *session, struct work *work)
{
    struct token *token = session->token;
    unsigned state;
    const char *why = "";
    int ok;

    /* Before the look at the state: while it is lost, the keeper knows that nobody comes in any more. */
    atomic_fetch_add(&token->inside, 1);
    ok = try_work(&why, &state, session, work);
    atomic_fetch_sub(&token->inside, 1);
    if (work->entry.item == NULL && !is_lost(state))
        conclude(work->entry.key, state, work->result, work->object,
                 work->fault[0] != 0 ? work->fault : "the token opens no session");
    else if (!ok)
        lose(token, state, why);
}

static void serve_entry(struct session *session, struct work *work)
{
    struct signing *item = work->entry.item;
    int is_ready = begin_work(work);

    set_out(session, &work->entry);
    if (is_ready)
        work_on(session, work);
    if (come_home(session)) {
        if (item != NULL && is_ready) {
            memcpy(item->signature, work->signature, work->own.signature_len);
            item->signature_len = work->own.signature_len;
        }
        answer(session->token, &work->entry);
    }
    let_go(&work->entry);
    free(work->message);
}

static void *session_main(void *arg)
{
    struct session *session = arg;
    struct token *token = session->token;
    struct work work;

    for (;;) {
        wait_for(&token->ready);
        if (take(token, &work.entry))
            serve_entry(session, &work);
        else if (atomic_load(&token->stopping))
            break;
    }
    close_session(session);
    return NULL;
}

/* ---- the keeper ---- */

static unsigned longer(unsigned retry_ms)
{
    retry_ms = retry_ms == 0 ? RETRY_FIRST_MS : retry_ms * 2;
    return retry_ms > RETRY_LAST_MS ? RETRY_LAST_MS : retry_ms;
}

static struct token_key *first_key(struct token *token)
{
    struct token_key *first;

    free_dropped(token);
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
    /* Later than what the module has for the end of the process, and so before it. */
    pthread_mutex_lock(&registry.mutex);
    if (!registry.has_exit)
        registry.has_exit = on_exit(wait_for_closing, NULL) == 0;
    pthread_mutex_unlock(&registry.mutex);
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
        enum pkcs11_result result = prove(fault, &object, token->control, key);
        /* Whatever it was, it shall not be the next key's fault. */
        if (result == PKCS11_GONE && !log_in(why, token)) {
            snprintf(fault, TOKEN_FAULT_MAX, "%s", why);
            return 0;
        }
        conclude(key, state, result, object, fault);
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
        if (key->look_at_ms <= now && atomic_load(&key->in_use) == 0 && enqueue(token, &entry)) {
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
            tell_key(key, fault == NULL, fault != NULL ? fault : "it signs");
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
    log_line(LOG_WARN, "token still lost", log_octets("token", name_of(token)), log_text("text", fault));
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
    if (token->was_usable)
        log_line(LOG_WARN, "token is back", log_octets("token", name_of(token)),
                 log_number("lost_ms", token->usable_since_ms - lost_at));
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
        drain(token);
        abandon(token, STALL_MS);
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
        lose(token, state, "it has stopped to answer");
        abandon(token, 0);
    }
}

static void *keeper_main(void *arg)
{
    struct token *token = arg;
    int64_t next;

    while (!atomic_load(&token->stopping)) {
        if (is_lost(atomic_load(&token->state)))
            have_back(token);
        else if (atomic_load(&token->watched))
            watch(token);
        else if ((next = look_for_keys(token)) >= 0)
            pause_keeper(token, (unsigned)next);
        else
            wait_for(&token->keeper);
    }
    while (!atomic_load(&token->is_released))
        sched_yield();
    close_token(token);
    return NULL;
}

/* ---- opening ---- */

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
        (token->uri = pkcs11_uri_parse(fault, text)) != NULL)
        return token;
    free_token(token);
    return NULL;
}

/* Returns a token that a key more holds. Under registry.mutex. */
static struct token *hold_token(char *fault, const char *text, const struct pkcs11_uri *uri,
                                unsigned sessions)
{
    struct token *token;
    pthread_t keeper;

    for (token = registry.tokens; token != NULL; token = token->next) {
        unsigned users = atomic_load(&token->users);
        if (strcmp(pkcs11_uri_token(token->uri), pkcs11_uri_token(uri)) != 0)
            continue;
        while (users != 0 && !atomic_compare_exchange_weak(&token->users, &users, users + 1))
            ;
        if (users != 0)
            return token;
    }
    if ((token = make_token(fault, text, sessions)) == NULL)
        return NULL;
    snprintf(fault, TOKEN_FAULT_MAX, "threads for %u sessions could not be started; write fewer", sessions);
    while (token->started < sessions && start_thread(&token->sessions[token->started].thread, session_main,
                                                     &token->sessions[token->started]))
        token->started++;
    if (token->started == sessions && start_thread(&keeper, keeper_main, token)) {
        token->next = registry.tokens;
        registry.tokens = token;
        return token;
    }
    atomic_store(&token->stopping, 1);
    join_sessions(token);
    free_token(token);
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
    free_key(key);
    return NULL;
}

static struct token_key *open_key(char *fault, const char *text, struct bytes spki, unsigned sessions)
{
    struct token_key *key = make_key(fault, text, spki);

    if (key == NULL)
        return NULL;
    pthread_mutex_lock(&registry.mutex);
    key->token = hold_token(fault, text, key->uri, sessions);
    pthread_mutex_unlock(&registry.mutex);
    if (key->token == NULL)
        free_key(key);
    else if (add_key(fault, key->token, key))
        return key;
    else
        drop_key(key);
    return NULL;
}

struct private_key *token_open(char *fault, const char *uri, struct bytes spki, unsigned sessions)
{
    static const struct key_remote in_token = {.sign = sign_in_token, .free = drop_key};
    struct token_key *state = open_key(fault, uri, spki, sessions);
    struct private_key *key = NULL;

    if (state != NULL && (key = private_key_of_remote(&in_token, state, spki)) == NULL) {
        snprintf(fault, TOKEN_FAULT_MAX, "out of memory");
        drop_key(state);
    }
    return key;
}
