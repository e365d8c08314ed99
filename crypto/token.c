/* Threads around a token. |state| counts losses and returns: even while the token is usable, odd while it is
 * lost; a session is good for the state that it was opened in. */
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

#include "crypto/internal.h"
#include "crypto/pkcs11.h"
#include "server/base/bounds.h"
#include "server/base/handover.h"
#include "server/base/log.h"

enum {
    RING = 2 * BOUND_TOKEN_QUEUE, /* slots: one stays free */
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 5000,
    STEADY_MS = 10000, /* a token that was usable for so long starts with short waits again */
    EXIT_MS = 5000,    /* at the end of the process: how long tokens have to be closed */
    NAME_QUOTED = 256,
};

struct entry {
    struct signing *item;
    void (*done)(void *arg);
    void *arg;
};

/* NOLINTNEXTLINE(bugprone-macro-parentheses,readability-inconsistent-declaration-parameter-name) */
CK_RING_PROTOTYPE(signing, entry)

struct token_key {
    struct token *token;
    struct pkcs11_uri *uri;
    struct public_key *public;
    atomic_ulong object; /* of the state that is usable now */
    atomic_int dropped;  /* 1: nobody's; freed when somebody passes */
    struct token_key *next;
};

struct token {
    _Alignas(64) ck_ring_t ring;
    struct entry *slots;
    struct pkcs11 *pkcs11;
    char *name;           /* its part of the URI: who has the same, has this token */
    unsigned sessions;    /* threads that take from the ring */
    atomic_uint users;    /* keys; with the last, it closes */
    pthread_t *threads;   /* … and they themselves */
    atomic_uint inside;   /* of them, how many are with the module */
    atomic_uint loads;    /* of the module: sessions of before the last one are no one's */
    atomic_uint state;    /* see above */
    atomic_uint taken;    /* signings that were taken and not answered: bounds the ring */
    atomic_uint answered; /* counts on: whether it moves tells whether the token does */
    atomic_int watched, stopping, is_released;
    sem_t ready;           /* an entry in the ring each, and at the end one each session */
    sem_t keeper;          /* something for keeper_main to look at */
    pthread_mutex_t mutex; /* what follows: for the keeper and who opens keys */
    unsigned long control; /* the session that holds the login */
    int is_connected;
    int64_t usable_since_ms;
    unsigned retry_ms;
    struct token_key *keys;
    struct token *next; /* under registry.mutex */
};

struct session {
    unsigned long handle;
    int is_open;
    unsigned state, loads; /* in which it was opened */
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

static atomic_uint lost_tokens;

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
static const char *name_text(char *out, const struct token *token)
{
    return log_quote(out, NAME_QUOTED, bytes_of((const uint8_t *)token->name, strcspn(token->name, "?")));
}

static int is_lost(unsigned state)
{
    return state % 2 != 0;
}

/* Of all that find the token lost in |state|, one tells so. */
static void lose(struct token *token, unsigned state, const char *why)
{
    char name[NAME_QUOTED], reason[PKCS11_FAULT_MAX];

    if (is_lost(state) || !atomic_compare_exchange_strong(&token->state, &state, state + 1))
        return;
    atomic_fetch_add(&lost_tokens, 1);
    log_event(LOG_ERROR, "token lost", "token=%s reason=%s", name_text(name, token),
              log_quote(reason, sizeof reason, bytes_str(why)));
    sem_post(&token->keeper);
}

/* ---- the queue ---- */

int token_sign(struct signing *item, void (*done)(void *arg), void *arg)
{
    struct token *token = item->key->token->token;
    struct entry entry = {item, done, arg};

    item->signature_len = 0;
    if (is_lost(atomic_load(&token->state)))
        return 0;
    if (atomic_fetch_add(&token->taken, 1) >= BOUND_TOKEN_QUEUE) {
        atomic_fetch_sub(&token->taken, 1);
        return 0;
    }
    if (!atomic_load(&token->watched) && !atomic_exchange(&token->watched, 1))
        sem_post(&token->keeper);
    /* There is room: this fails at most for the moment in which a taker moves its head. */
    while (!ck_ring_enqueue_mpmc_signing(&token->ring, token->slots, &entry))
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

static void answer(struct token *token, const struct entry *entry)
{
    atomic_fetch_add(&token->answered, 1);
    atomic_fetch_sub(&token->taken, 1);
    entry->done(entry->arg);
}

static void wake_waiting(void *arg)
{
    sem_post(arg);
}

size_t token_sign_and_wait(struct signing *item)
{
    sem_t signed_or_not;

    sem_init(&signed_or_not, 0, 0);
    if (token_sign(item, wake_waiting, &signed_or_not))
        wait_for(&signed_or_not);
    sem_destroy(&signed_or_not);
    return item->signature_len;
}

int token_any_lost(void)
{
    return atomic_load(&lost_tokens) != 0;
}

/* ---- the end of a token ---- */

static void free_dropped(struct token *token)
{
    for (struct token_key **at = &token->keys, *key; (key = *at) != NULL;) {
        if (!atomic_load(&key->dropped)) {
            at = &key->next;
            continue;
        }
        *at = key->next;
        pkcs11_uri_free(key->uri);
        public_key_free(key->public);
        free(key);
    }
}

static void free_token(struct token *token)
{
    free_dropped(token);
    if (is_lost(atomic_load(&token->state)))
        atomic_fetch_sub(&lost_tokens, 1);
    free(token->threads);
    sem_destroy(&token->ready);
    sem_destroy(&token->keeper);
    pthread_mutex_destroy(&token->mutex);
    free(token->slots);
    free(token->name);
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

/* Takes a token down that no thread has come to know. */
static void give_up(struct token *token)
{
    pkcs11_free(disconnect(token));
    free_token(token);
}

/* Waits for a keeper that has ended, or is about to, and unloads what it used. */
static void bury(struct ended ended)
{
    if (!ended.is_set)
        return;
    pthread_join(ended.keeper, NULL);
    pkcs11_free(ended.pkcs11);
}

/* The end of a keeper, which is the end of its token: whoever dropped the last key does not wait for it. The
 * next keeper to end, or the end of the process, waits for this one. */
static void close_token(struct token *token)
{
    struct ended before, self = {1, pthread_self(), NULL};

    for (unsigned i = 0; i < token->sessions; i++)
        sem_post(&token->ready);
    for (unsigned i = 0; i < token->sessions; i++)
        pthread_join(token->threads[i], NULL);
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

void token_key_free(struct token_key *key)
{
    if (key != NULL) {
        struct token *token = key->token;

        atomic_store(&key->dropped, 1);
        release(token);
    }
}

/* exit() takes modules down: not under threads that are still on their way out of them. */
static void wait_for_closing(void)
{
    struct timespec limit = in_ms(EXIT_MS);
    int waits = 1;

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
    if (!waits)
        bury(ended);
}

/* ---- sessions ---- */

static void close_session(struct token *token, struct session *session)
{
    if (session->is_open && session->loads == atomic_load(&token->loads))
        pkcs11_close(token->pkcs11, session->handle);
    session->is_open = 0;
}

/* Signs |item|, on a fresh session if the one at hand has just broken. Returns 0 with |*why| if that was of
 * no use in
 * |*state|. */
static int try_to_sign(const char **why, unsigned *state, struct token *token, struct session *session,
                       struct signing *item)
{
    const struct token_key *key = item->key->token;

    for (int attempt = 0; attempt < 2; attempt++) {
        *state = atomic_load(&token->state);
        if (is_lost(*state))
            return 1;
        if (session->state != *state)
            close_session(token, session);
        session->state = *state;
        session->loads = session->is_open ? session->loads : atomic_load(&token->loads);
        if (!session->is_open)
            session->is_open = pkcs11_open(why, token->pkcs11, &session->handle);
        if (session->is_open && pkcs11_sign(why, token->pkcs11, session->handle, atomic_load(&key->object),
                                            item->key->kind, item) != PKCS11_GONE)
            return 1;
        close_session(token, session);
    }
    return 0;
}

static void sign(struct token *token, struct session *session, struct signing *item)
{
    unsigned state;
    const char *why = "";
    int ok;

    /* Before the look at the state: while it is lost, the keeper knows that nobody comes in any more. */
    atomic_fetch_add(&token->inside, 1);
    ok = try_to_sign(&why, &state, token, session, item);
    atomic_fetch_sub(&token->inside, 1);
    if (!ok)
        lose(token, state, why);
}

static void *session_main(void *arg)
{
    struct token *token = arg;
    struct session session = {.is_open = 0};
    struct entry entry;

    for (;;) {
        wait_for(&token->ready);
        if (!take(token, &entry)) {
            if (atomic_load(&token->stopping))
                break;
            continue;
        }
        sign(token, &session, entry.item);
        answer(token, &entry);
    }
    close_session(token, &session);
    return NULL;
}

/* ---- the keeper ---- */

/* Makes |key| sign, and verifies what comes: it is there, it works, and it is the right one. */
static enum pkcs11_result prove(char *fault, struct token *token, unsigned long session,
                                struct token_key *key)
{
    static const char text[] = "does this key belong to its certificate?";
    uint8_t octets[SIGNATURE_MAX];
    enum key_kind kind = public_key_kind(key->public);
    struct signing item = {
        .algorithm = signature_for_key(kind), .message = bytes_str(text), .signature = octets};
    unsigned long object;
    const char *why;
    enum pkcs11_result result;

    if ((result = pkcs11_find(fault, token->pkcs11, session, key->uri, kind, &object)) != PKCS11_DONE)
        return result;
    result = pkcs11_sign(&why, token->pkcs11, session, object, kind, &item);
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
    atomic_store(&key->object, object);
    return PKCS11_DONE;
}

/* Under the token's mutex. */
static int reconnect(char *fault, struct token *token)
{
    int ok;

    free_dropped(token);
    if (token->is_connected)
        pkcs11_close(token->pkcs11, token->control);
    ok = token->is_connected = pkcs11_connect(fault, token->pkcs11, &token->control);
    for (struct token_key *key = token->keys; ok && key != NULL; key = key->next)
        ok = prove(fault, token, token->control, key) == PKCS11_DONE;
    return ok;
}

/* What is in the queue of a lost token is answered by its sessions; here, in case they hang. */
static void drain(struct token *token)
{
    struct entry entry;

    while (!atomic_load(&token->stopping) && sem_trywait(&token->ready) == 0)
        if (take(token, &entry))
            answer(token, &entry);
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
    if (atomic_load(&token->inside) != 0)
        return; /* one hangs in there */
    token->is_connected = 0;
    atomic_fetch_add(&token->loads, 1);
    pkcs11_finalize(token->pkcs11);
    pkcs11_initialize(token->pkcs11);
}

static void have_back(struct token *token)
{
    char name[NAME_QUOTED], fault[TOKEN_FAULT_MAX] = "", told[TOKEN_FAULT_MAX] = "", quoted[TOKEN_FAULT_MAX];
    int64_t lost_at = now_ms();
    int ok = 0, tries = 0;

    if (lost_at - token->usable_since_ms > STEADY_MS)
        token->retry_ms = 0;
    while (!ok) {
        drain(token);
        if (pause_keeper(token, token->retry_ms) && atomic_load(&token->stopping))
            return;
        pthread_mutex_lock(&token->mutex);
        if (tries++ > 0)
            load_again(token);
        ok = reconnect(fault, token);
        pthread_mutex_unlock(&token->mutex);
        token->retry_ms = token->retry_ms == 0 ? RETRY_FIRST_MS : token->retry_ms * 2;
        if (token->retry_ms > RETRY_LAST_MS)
            token->retry_ms = RETRY_LAST_MS;
        if (!ok && strcmp(fault, told) != 0) {
            log_event(LOG_WARN, "token still lost", "token=%s text=%s", name_text(name, token),
                      log_quote(quoted, sizeof quoted, bytes_str(fault)));
            memcpy(told, fault, sizeof told);
        }
    }
    token->usable_since_ms = now_ms();
    atomic_fetch_sub(&lost_tokens, 1);
    atomic_fetch_add(&token->state, 1);
    log_event(LOG_WARN, "token is back", "token=%s lost_ms=%lld", name_text(name, token),
              (long long)(token->usable_since_ms - lost_at));
}

/* As long as signings are out, the token has to get on with them. */
static void watch(struct token *token)
{
    unsigned before = atomic_load(&token->answered), state = atomic_load(&token->state);
    int is_at_work = atomic_load(&token->taken) != 0;

    if (pause_keeper(token, BOUND_TOKEN_STALL * 1000))
        return;
    if (atomic_load(&token->taken) == 0)
        atomic_store(&token->watched, 0);
    if (atomic_load(&token->taken) == 0) /* looked at again: who came in between has relied on this watch */
        return;
    atomic_store(&token->watched, 1);
    /* What came in meanwhile has its time yet. */
    if (is_at_work && atomic_load(&token->answered) == before)
        lose(token, state, "it has stopped to answer");
}

static void *keeper_main(void *arg)
{
    struct token *token = arg;

    while (!atomic_load(&token->stopping)) {
        if (is_lost(atomic_load(&token->state)))
            have_back(token);
        else if (atomic_load(&token->watched))
            watch(token);
        else
            wait_for(&token->keeper);
    }
    while (!atomic_load(&token->is_released))
        sched_yield();
    close_token(token);
    return NULL;
}

/* ---- opening ---- */

static int start_thread(pthread_t *thread, void *(*main)(void *arg), struct token *token)
{
    sigset_t all, before;
    int ok;

    /* Signals are the main thread's business. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = pthread_create(thread, NULL, main, token) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

/* A token that is connected and has no threads yet; not in the registry. */
static struct token *connect_token(char *fault, const struct pkcs11_uri *uri, unsigned sessions)
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
    atomic_store(&token->users, 1);
    token->slots = calloc(RING, sizeof *token->slots);
    token->threads = calloc(sessions, sizeof *token->threads);
    token->name = strdup(pkcs11_uri_token(uri));
    if (token->slots != NULL && token->threads != NULL && token->name != NULL &&
        (token->pkcs11 = pkcs11_load(fault, uri)) != NULL && reconnect(fault, token))
        return token;
    give_up(token);
    return NULL;
}

/* Whether as many sessions can be had as there are threads to use them. */
static int try_sessions(char *fault, struct token *token, unsigned sessions)
{
    unsigned long handles[BOUND_TOKEN_SESSIONS];
    const char *why = "";
    unsigned count = 0;

    while (count < sessions && pkcs11_open(&why, token->pkcs11, &handles[count]))
        count++;
    for (unsigned i = 0; i < count; i++)
        pkcs11_close(token->pkcs11, handles[i]);
    if (count < sessions)
        snprintf(fault, TOKEN_FAULT_MAX,
                 "the token opens %u sessions beside one, not %u: %s; set threads.token to what it can do",
                 count, sessions, why);
    return count == sessions;
}

/* Returns a token that a key more holds. */
static struct token *hold_token(char *fault, const struct pkcs11_uri *uri, unsigned sessions)
{
    struct token *token;
    pthread_t keeper;

    for (token = registry.tokens; token != NULL; token = token->next) {
        unsigned users = atomic_load(&token->users);
        if (strcmp(token->name, pkcs11_uri_token(uri)) != 0)
            continue;
        while (users != 0 && !atomic_compare_exchange_weak(&token->users, &users, users + 1))
            ;
        if (users != 0)
            return token;
    }
    if ((token = connect_token(fault, uri, sessions)) == NULL)
        return NULL;
    if (!try_sessions(fault, token, sessions)) {
        give_up(token);
        return NULL;
    }
    snprintf(fault, TOKEN_FAULT_MAX, "threads for %u sessions could not be started; write fewer", sessions);
    if (!start_thread(&keeper, keeper_main, token)) {
        give_up(token);
        return NULL;
    }
    token->next = registry.tokens;
    registry.tokens = token;
    if (!registry.has_exit)
        registry.has_exit = atexit(wait_for_closing) == 0;
    while (token->sessions < sessions && start_thread(&token->threads[token->sessions], session_main, token))
        token->sessions++;
    if (token->sessions == sessions)
        return token;
    release(token);
    return NULL;
}

/* Finds |key| in |token|, which it holds already, and adds it to those that come back with it. */
static int add_key(char *fault, struct token *token, struct token_key *key)
{
    enum pkcs11_result result;
    unsigned state;

    snprintf(fault, TOKEN_FAULT_MAX,
             "the token is lost at the moment; see that it comes back, then try again");
    /* Whoever has the mutex for long is busy having the token back. */
    if (pthread_mutex_trylock(&token->mutex) != 0)
        return 0;
    if (is_lost(state = atomic_load(&token->state))) {
        pthread_mutex_unlock(&token->mutex);
        return 0;
    }
    free_dropped(token);
    result = prove(fault, token, token->control, key);
    /* Nobody has used this session for long: that it has broken may be news. */
    if (result == PKCS11_GONE) {
        if (reconnect(fault, token))
            result = prove(fault, token, token->control, key);
        else
            lose(token, state, fault);
    }
    if (result == PKCS11_DONE) {
        key->token = token;
        key->next = token->keys;
        token->keys = key;
    }
    pthread_mutex_unlock(&token->mutex);
    return result == PKCS11_DONE;
}

static struct token_key *open_key(char *fault, const char *text, struct bytes spki, unsigned sessions)
{
    struct token_key *key = calloc(1, sizeof *key);
    struct token *token = NULL;

    snprintf(fault, TOKEN_FAULT_MAX, "out of memory");
    if (key == NULL)
        return NULL;
    if ((key->public = public_key_parse(spki)) == NULL)
        snprintf(fault, TOKEN_FAULT_MAX, "the certificate's key is of no kind that can sign here");
    else if ((key->uri = pkcs11_uri_parse(fault, text)) != NULL) {
        pthread_mutex_lock(&registry.mutex);
        token = hold_token(fault, key->uri, sessions);
        pthread_mutex_unlock(&registry.mutex);
        if (token != NULL && add_key(fault, token, key))
            return key;
    }
    if (token != NULL)
        release(token);
    public_key_free(key->public);
    pkcs11_uri_free(key->uri);
    free(key);
    return NULL;
}

struct private_key *token_open(char *fault, const char *uri, struct bytes spki, unsigned sessions)
{
    struct private_key *key;
    struct token_key *in_token = open_key(fault, uri, spki, sessions);

    if (in_token == NULL)
        return NULL;
    key = private_key_of_token(in_token, in_token->public, spki);
    if (key == NULL)
        token_key_free(in_token);
    return key;
}
