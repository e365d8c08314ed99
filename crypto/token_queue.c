/* The queue of a token, from those who want signatures to its sessions, and how a token is found lost. */
#include <errno.h>

#include "crypto/remote.h"
#include "crypto/token_internal.h"
#include "server/base/handover.h"
#include "server/base/log.h"

/* NOLINTNEXTLINE(bugprone-macro-parentheses,readability-inconsistent-declaration-parameter-name) */
CK_RING_PROTOTYPE(signing, entry)

void token_wait(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0 && errno == EINTR)
        ;
}

/* What the log may know: the query of the URI is about this machine. */
struct bytes token_name(const struct token *token)
{
    const char *name = pkcs11_uri_token(token->uri);

    return bytes_of(name, strcspn(name, "?"));
}

/* Of all that find the token lost in |state|, one tells so. */
void token_lose(struct token *token, unsigned state, const char *why)
{
    if (token_is_lost(state) || !atomic_compare_exchange_strong(&token->state, &state, state + 1))
        return;
    remote_lost();
    log_line(LOG_ERROR, "token lost", log_octets("token", token_name(token)), log_text("reason", why));
    sem_post(&token->keeper);
}

void token_let_go(const struct entry *entry)
{
    atomic_fetch_sub(&entry->key->in_use, 1);
}

int token_enqueue(struct token *token, struct entry *entry)
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
int token_take(struct token *token, struct entry *entry)
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
static void settle(struct token *token)
{
    atomic_fetch_sub(&token->taken, 1);
    atomic_fetch_add(&token->answered, 1);
}

void token_answer(struct token *token, const struct entry *entry)
{
    settle(token);
    if (entry->item != NULL)
        token_count_answer(token->number, entry->item->signature_len != 0, entry->since_us);
    entry->done(entry->arg);
}

/* What is in the queue of a lost token is answered by its sessions; here, in case they hang. */
void token_drain(struct token *token)
{
    struct entry entry;

    while (!atomic_load(&token->stopping) && sem_trywait(&token->ready) == 0)
        if (token_take(token, &entry)) {
            token_let_go(&entry);
            settle(token);
            if (entry.item != NULL) /* it was never tried */
                token_count_refusal(token->number);
            entry.done(entry.arg);
        }
}

int token_sign(void *state, struct signing *item, void (*done)(void *arg), void *arg)
{
    struct token_key *key = state;
    struct token *token = key->token;
    struct entry entry = {key, item, done, arg, metrics_now_us()};

    if (token_is_lost(atomic_load(&token->state)) || !atomic_load(&key->is_usable) ||
        !token_enqueue(token, &entry)) {
        token_count_refusal(token->number);
        return 0;
    }
    /* Lost in between, with all sessions and the keeper in a module that hangs: nobody else would. */
    if (token_is_lost(atomic_load(&token->state)))
        token_drain(token);
    return 1;
}
