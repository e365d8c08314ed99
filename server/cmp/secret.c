/* Shared secrets: sealed for the store, and opened for the message that names one. */
#include "crypto/secret_memory.h"
#include "server/cmp/internal.h"

/* A box opens for its CA and reference only: a row copied to another reference is worthless. */
static int secret_context(struct bytes *out, struct arena *arena, struct bytes issuer, struct bytes reference)
{
    uint8_t *context = arena_alloc(arena, issuer.len + reference.len);

    if (context == NULL)
        return 0;
    memcpy(context, issuer.data, issuer.len);
    memcpy(context + issuer.len, reference.data, reference.len);
    *out = bytes_of(context, issuer.len + reference.len);
    return 1;
}

int cmp_seal_secret(struct bytes *box, struct arena *arena, const struct seal_key *key, struct bytes issuer,
                    struct bytes reference, struct bytes secret)
{
    struct bytes context;

    return secret_context(&context, arena, issuer, reference) && seal(box, arena, key, secret, context);
}

/* What stands in for a box where there is none: a message with an unknown reference costs what one with a
 * wrong secret does, so that its time tells nothing. */
static const uint8_t no_box[SEAL_OVERHEAD + 16];

int cmp_open_secret(struct cmp_message *m, const char **detail)
{
    const struct store_secret *stored = m->stored_secret;
    const struct seal_key *key = m->settings->seal_key;
    struct bytes context, box = bytes_of(no_box, sizeof no_box);
    size_t len = 0;
    int opened;

    if (stored != NULL && stored->sealed.len != 0)
        box = stored->sealed;
    secret_free(m->opened_secret);
    *detail = NULL;
    if ((m->opened_secret = secret_alloc(box.len)) == NULL ||
        !secret_context(&context, m->arena, bytes_of(m->profile->ca->id, STORE_ISSUER_ID),
                        m->in.header.sender_kid)) {
        m->starved = 1;
        return 0;
    }
    opened = key != NULL && unseal(m->opened_secret, &len, key, box, context);
    if (stored == NULL) {
        *detail = "no secret has this reference";
        return 0;
    }
    if (stored->sealed.len == 0) {
        *detail = "the secret was withdrawn";
        return 0;
    }
    /* What was approved was begun when it came. */
    if (cmp_has(m, CMP_BEGINS) && m->approved == NULL && stored->expires != 0 && m->now >= stored->expires) {
        *detail = "the secret has expired";
        return 0;
    }
    if (stored->profile.len != 0 && !bytes_equal(stored->profile, bytes_str(m->profile->config->name))) {
        *detail = "the secret is for another profile";
        return 0;
    }
    if (!opened || !bytes_equal(stored->seal_key_id, seal_key_id(key))) {
        *detail = "the secret was sealed under another seal_key than this node has";
        return 0;
    }
    m->secret = bytes_of(m->opened_secret, len);
    return 1;
}
