/* The threads that enter the module: each has a session, takes an entry, has it signed, answers it. */
#include <stdlib.h>

#include "crypto/token_internal.h"

/* What a session has in hands: all that the module gets to see is its own, since the entry may be answered,
 * and its memory gone, while the module has not returned. */
struct work {
    struct entry entry;
    struct signing own;
    uint8_t *message;   /* allocated … */
    uint8_t *signature; /* … behind the message, with |room| octets */
    size_t room;
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
    work->own.signature_len = 0;
    work->room = public_key_signature_max(work->entry.key->public);
    if ((work->message = malloc(message.len + work->room)) == NULL)
        return 0;
    work->own.signature = work->signature = work->message + message.len;
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
void token_abandon(struct token *token, int64_t ms)
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
            token_answer(token, &entry);
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
        return token_prove(work->fault, &work->object, session->handle, key);
    if (!atomic_load(&key->is_usable))
        return PKCS11_REFUSED;
    return pkcs11_sign(why, session->token->pkcs11, session->handle, atomic_load(&key->object),
                       public_key_kind(key->public), &work->own, work->room);
}

/* Does |work|, on a fresh session if the one at hand has just broken. Returns 0 with |*why| if that was of no
 * use in |*state|. */
static int try_work(const char **why, unsigned *state, struct session *session, struct work *work)
{
    struct token *token = session->token;

    for (int attempt = 0; attempt < 2; attempt++) {
        *state = atomic_load(&token->state);
        if (token_is_lost(*state))
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
    if (work->entry.item == NULL && !token_is_lost(state))
        token_conclude(work->entry.key, state, work->result, work->object,
                       work->fault[0] != 0 ? work->fault : "the token opens no session");
    else if (!ok)
        token_lose(token, state, why);
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
        token_answer(session->token, &work->entry);
    }
    token_let_go(&work->entry);
    free(work->message);
}

void *token_session_main(void *arg)
{
    struct session *session = arg;
    struct token *token = session->token;
    struct work work;

    for (;;) {
        token_wait(&token->ready);
        if (token_take(token, &work.entry))
            serve_entry(session, &work);
        else if (atomic_load(&token->stopping))
            break;
    }
    close_session(session);
    return NULL;
}
