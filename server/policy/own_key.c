/* own_key.c: see own_key.h. */
#include "server/policy/own_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/random.h"
#include "crypto/seal.h"
#include "crypto/secret_memory.h"
#include "crypto/token.h"
#include "server/policy/internal.h"

enum { LABEL_MAX = 160 };

static int fail(char *why, const char *text)
{
    snprintf(why, OWN_KEY_WHY_MAX, "%s", text);
    return 0;
}

/* It opens in the row of this CA and this certificate alone, and never as a shared secret. */
static int context_of(struct bytes *out, struct arena *arena, const struct cmp_authority *ca,
                      struct bytes renewal)
{
    static const char purpose[] = "key of a CA's own certificate";
    uint8_t *context = arena_alloc(arena, sizeof purpose + STORE_ISSUER_ID + renewal.len);

    if (context == NULL)
        return 0;
    memcpy(context, purpose, sizeof purpose);
    memcpy(context + sizeof purpose, ca->id, STORE_ISSUER_ID);
    memcpy(context + sizeof purpose + STORE_ISSUER_ID, renewal.data, renewal.len);
    *out = bytes_of(context, sizeof purpose + STORE_ISSUER_ID + renewal.len);
    return 1;
}

/* ---- one is made ---- */

static int seal_text(char *why, struct bytes *box, struct arena *arena, const struct policy *policy,
                     const struct policy_renewable *item, struct bytes text)
{
    struct bytes context;

    return (context_of(&context, arena, item->ca, bytes_of(item->key, sizeof item->key)) &&
            seal(box, arena, policy->seal_key, text, context)) ||
           fail(why, "out of memory");
}

static int make_sealed(char *why, struct bytes *box, struct bytes *spki, struct arena *arena,
                       const struct policy *policy, const struct policy_renewable *item, enum key_kind kind,
                       unsigned bits)
{
    struct private_key *key = private_key_generate(kind, bits);
    uint8_t *pem = NULL;
    size_t len = 0;
    int ok = (key != NULL && private_key_to_pem(&pem, &len, key)) || fail(why, "out of memory");

    ok = ok && seal_text(why, box, arena, policy, item, bytes_of(pem, len));
    if (ok) {
        *spki = arena_copy(arena, private_key_spki(key));
        ok = spki->data != NULL || fail(why, "out of memory");
    }
    if (pem != NULL)
        secret_wipe(pem, len);
    free(pem);
    private_key_free(key);
    return ok;
}

static int make_in_token(char *why, struct bytes *box, struct bytes *spki, struct arena *arena,
                         const struct policy *policy, const struct policy_renewable *item, const char *uri,
                         enum key_kind kind, unsigned bits)
{
    char label[LABEL_MAX], fault[TOKEN_FAULT_MAX];
    struct token_pair pair = {.kind = kind, .rsa_bits = bits, .label = label, .arena = arena};

    snprintf(label, sizeof label, "%s of %s, %lld", item->setting, item->ca->name, (long long)time(NULL));
    if (!token_generate(fault, uri, &pair))
        return fail(why, fault);
    *spki = pair.spki;
    return seal_text(why, box, arena, policy, item, bytes_str(pair.uri));
}

int policy_make_own_key(char *why, struct bytes *box, struct bytes *spki, struct arena *arena,
                        const struct policy *policy, const struct policy_renewable *item)
{
    struct public_key *present = public_key_parse(item->cert->spki);
    enum key_kind kind = present != NULL ? public_key_kind(present) : KEY_NONE;
    unsigned bits = present != NULL ? public_key_bits(present) : 0;

    public_key_free(present);
    if (policy->seal_key == NULL)
        return fail(why, "the configuration names no seal_key: a new key is stored sealed only");
    if (kind == KEY_NONE)
        return fail(why, "out of memory");
    return config_is_token(item->key_place)
               ? make_in_token(why, box, spki, arena, policy, item, item->key_place, kind, bits)
               : make_sealed(why, box, spki, arena, policy, item, kind, bits);
}

/* ---- one is opened ---- */

static struct private_key *read_text(struct config_fault *fault, const struct policy *policy,
                                     const char *setting, const char *text, size_t len, struct bytes spki)
{
    struct private_key *key;
    char why[TOKEN_FAULT_MAX];

    if (config_is_token(text)) {
        key = token_open(why, text, spki, policy->config->threads.token);
        if (key == NULL)
            config_fault_at(fault, policy->config, setting, "the key of the renewed certificate: %s", why);
        return key;
    }
    key = private_key_from_pem(bytes_of(text, len));
    if (key != NULL && bytes_equal(private_key_spki(key), spki))
        return key;
    private_key_free(key);
    config_fault_at(
        fault, policy->config, setting,
        "the key in the store does not belong to the renewed certificate; name files with another "
        "certificate and key");
    return NULL;
}

struct private_key *policy_open_own_key(struct config_fault *fault, const struct policy *policy,
                                        const char *setting, const struct cmp_authority *ca,
                                        struct bytes renewal, struct bytes box, struct bytes spki)
{
    struct private_key *key = NULL;
    struct bytes context;
    char *plain;
    size_t len;

    if (policy->seal_key == NULL) {
        config_fault_at(fault, policy->config, setting,
                        "the key of the renewed certificate is sealed in the store; name the file that "
                        "opens it: seal_key");
        return NULL;
    }
    plain = secret_alloc(box.len + 1);
    if (plain == NULL || !context_of(&context, policy->arena, ca, renewal))
        config_fault_at(fault, policy->config, setting, "out of memory");
    else if (!unseal((uint8_t *)plain, &len, policy->seal_key, box, context))
        config_fault_at(fault, policy->config, setting,
                        "the key of the renewed certificate was sealed under another seal_key than this node "
                        "has; all nodes need the same");
    else {
        plain[len] = 0;
        key = read_text(fault, policy, setting, plain, len, spki);
    }
    secret_free(plain);
    return key;
}
