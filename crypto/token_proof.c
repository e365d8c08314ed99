/* What a key must show before it is relied on, and who is told how that ended. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/remote.h"
#include "crypto/token_internal.h"
#include "server/base/log.h"

/* |octets| is room for a signature. */
static enum pkcs11_result prove_into(uint8_t *octets, char *fault, unsigned long *object,
                                     unsigned long session, const struct token_key *key)
{
    static const char text[] = "does this key belong to its certificate?";
    struct pkcs11 *pkcs11 = key->token->pkcs11;
    enum key_kind kind = public_key_kind(key->public);
    struct signing item = {
        .algorithm = signature_for_key(kind), .message = bytes_str(text), .signature = octets};
    const char *why;
    enum pkcs11_result result;

    if ((result = pkcs11_find(fault, pkcs11, session, key->uri, kind, object)) != PKCS11_DONE)
        return result;
    result = pkcs11_sign(&why, pkcs11, session, *object, kind, &item, public_key_signature_max(key->public));
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

enum pkcs11_result token_prove(char *fault, unsigned long *object, unsigned long session,
                               const struct token_key *key)
{
    uint8_t *octets = malloc(public_key_signature_max(key->public));
    enum pkcs11_result result = PKCS11_REFUSED;

    if (octets != NULL)
        result = prove_into(octets, fault, object, session, key);
    else
        snprintf(fault, TOKEN_FAULT_MAX, "out of memory");
    free(octets);
    return result;
}

/* Under the token's mutex. */
void token_tell_key(struct token_key *key, int is_good, const char *fault)
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
void token_conclude(struct token_key *key, unsigned state, enum pkcs11_result result, unsigned long object,
                    const char *fault)
{
    struct token *token = key->token;
    int is_usable = result == PKCS11_DONE, is_news;

    pthread_mutex_lock(&token->mutex);
    if (state == atomic_load(&token->state) && !atomic_load(&key->dropped)) {
        if (is_usable)
            atomic_store(&key->object, object);
        is_news = atomic_exchange(&key->is_usable, is_usable) != is_usable && key->is_open;
        if (!is_usable || !token_is_lost(state)) /* the keeper tells it when the token is back as a whole */
            token_tell_key(key, is_usable, is_usable ? "it signs" : fault);
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
