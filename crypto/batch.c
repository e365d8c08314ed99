/* Sorts items by kind of key and hands them to the engines that the routes name, as many at once as those
 * take. */
#include "crypto/batch.h"

#include <openssl/mem.h>

#include "crypto/internal.h"
#include "crypto/key_types.h"
#include "crypto/remote.h"
#include "crypto/secret_memory.h"

/* Verifications of one kind, on their way to an engine. */
struct verify_lanes {
    struct engine_verify items[ENGINE_LANES_MAX];
    struct verification *owners[ENGINE_LANES_MAX];
    uint8_t digests[ENGINE_LANES_MAX][DIGEST_MAX];
    size_t count;
};

struct sign_lanes {
    struct engine_sign items[ENGINE_LANES_MAX];
    struct signing *owners[ENGINE_LANES_MAX];
    uint8_t digests[ENGINE_LANES_MAX][DIGEST_MAX];
    size_t count;
};

/* What the signature is computed over: the digest, or the message itself where the algorithm has none. */
static struct bytes input_of(uint8_t *digest, const struct signature_algorithm *algorithm,
                             struct bytes message)
{
    if (algorithm->digest == DIGEST_NONE)
        return message;
    return bytes_of(digest, digest_compute(digest, algorithm->digest, message));
}

static void add_verification(struct verify_lanes *lanes, struct verification *item)
{
    size_t i = lanes->count++;

    lanes->owners[i] = item;
    lanes->items[i] =
        (struct engine_verify){.family = item->algorithm->family,
                               .digest = item->algorithm->digest,
                               .input = input_of(lanes->digests[i], item->algorithm, item->message),
                               .signature = item->signature};
}

static void add_signing(struct sign_lanes *lanes, struct signing *item)
{
    size_t i = lanes->count++;

    lanes->owners[i] = item;
    lanes->items[i] =
        (struct engine_sign){.family = item->algorithm->family,
                             .digest = item->algorithm->digest,
                             .input = input_of(lanes->digests[i], item->algorithm, item->message),
                             .signature = item->signature,
                             .room = private_key_signature_max(item->key)};
}

/* How a batch is to be computed: by the routes, or all by one engine. */
struct plan {
    int is_forced;
    enum engine_id forced;
};

static struct engine_route route_of(const struct plan *plan, enum key_kind kind)
{
    return plan->is_forced ? (struct engine_route){plan->forced, plan->forced, 1, 1} : *engine_route_of(kind);
}

static int verification_fits(const struct plan *plan, const struct verification *item)
{
    return item->key != NULL && item->algorithm != NULL && signature_fits(item->algorithm, item->key->kind) &&
           (!plan->is_forced || item->key->forms[plan->forced] != NULL);
}

static int signing_fits(const struct plan *plan, const struct signing *item)
{
    enum engine_id id = plan->is_forced ? plan->forced : ENGINE_BORINGSSL;

    return signature_fits(item->algorithm, item->key->kind) && item->key->forms[id] != NULL;
}

/* Hands all lanes to the engine |id|; 0 if a key has no form for it. */
static int verify_with(enum engine_id id, struct verify_lanes *lanes, enum key_kind kind)
{
    for (size_t i = 0; i < lanes->count; i++)
        if ((lanes->items[i].key = lanes->owners[i]->key->forms[id]) == NULL)
            return 0;
    engine_of(id)->verify(kind, lanes->items, lanes->count);
    return 1;
}

static int sign_with(enum engine_id id, struct sign_lanes *lanes, enum key_kind kind)
{
    for (size_t i = 0; i < lanes->count; i++)
        if ((lanes->items[i].key = lanes->owners[i]->key->forms[id]) == NULL)
            return 0;
    engine_of(id)->sign(kind, lanes->items, lanes->count);
    return 1;
}

/* The engine |id|, or BoringSSL where the key has no form for it, or whichever else computes |algorithm|;
 * ENGINE_COUNT: none does. */
static enum engine_id one_for(enum engine_id id, void *const *forms, enum key_kind kind,
                              const struct signature_algorithm *algorithm)
{
    const enum engine_id order[] = {id, ENGINE_BORINGSSL, ENGINE_AWS_LC};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (forms[order[i]] != NULL && engine_computes(order[i], kind, algorithm))
            return order[i];
    return ENGINE_COUNT;
}

/* One item; 0 if no engine could look at it. */
static int verify_one(enum engine_id first, struct engine_verify *item, const struct verification *owner)
{
    enum engine_id id = one_for(first, owner->key->forms, owner->key->kind, owner->algorithm);

    item->valid = 0;
    if (id == ENGINE_COUNT)
        return 0;
    item->key = owner->key->forms[id];
    engine_of(id)->verify(owner->key->kind, item, 1);
    return 1;
}

static void sign_one(enum engine_id first, struct engine_sign *item, const struct signing *owner)
{
    enum engine_id id = one_for(first, owner->key->forms, owner->key->kind, owner->algorithm);

    item->signature_len = 0;
    if (id == ENGINE_COUNT)
        return;
    item->key = owner->key->forms[id];
    engine_of(id)->sign(owner->key->kind, item, 1);
}

static void flush_verifications(const struct plan *plan, struct verify_lanes *lanes, enum key_kind kind)
{
    const struct engine_route route = route_of(plan, kind);
    const unsigned failures = secret_memory_failures();
    int done = engine_lanes(route.wide) > 1 && lanes->count >= route.verify_from &&
               verify_with(route.wide, lanes, kind);

    for (size_t i = 0; i < lanes->count; i++) {
        /* What many lanes refuse, one confirms: a right signature is never refused for its company's sake. */
        int looked = 1;
        if (!done || (!lanes->items[i].valid && route.wide != route.narrow))
            looked = verify_one(route.narrow, &lanes->items[i], lanes->owners[i]);
        lanes->owners[i]->valid = lanes->items[i].valid;
        lanes->owners[i]->undecided =
            !lanes->items[i].valid && (!looked || secret_memory_failures() != failures);
    }
    lanes->count = 0;
}

static void flush_signings(const struct plan *plan, struct sign_lanes *lanes, enum key_kind kind)
{
    const struct engine_route route = route_of(plan, kind);
    int done =
        engine_lanes(route.wide) > 1 && lanes->count >= route.sign_from && sign_with(route.wide, lanes, kind);

    for (size_t i = 0; i < lanes->count; i++) {
        if (!done || (lanes->items[i].signature_len == 0 && route.wide != route.narrow))
            sign_one(route.narrow, &lanes->items[i], lanes->owners[i]);
        lanes->owners[i]->signature_len = lanes->items[i].signature_len;
    }
    lanes->count = 0;
}

static void verify_planned(const struct plan *plan, struct verification *const *items, size_t n)
{
    struct verify_lanes lanes;
    unsigned kinds = 0;

    lanes.count = 0;
    for (size_t i = 0; i < n; i++) {
        items[i]->valid = 0;
        if (verification_fits(plan, items[i]))
            kinds |= 1U << items[i]->key->kind;
    }
    for (int number = KEY_NONE + 1; number < KEY_KIND_COUNT; number++) {
        enum key_kind kind = (enum key_kind)number;
        size_t room = engine_lanes(route_of(plan, kind).wide);
        if ((kinds >> kind & 1) == 0)
            continue;
        for (size_t i = 0; i < n; i++) {
            if (!verification_fits(plan, items[i]) || items[i]->key->kind != kind)
                continue;
            add_verification(&lanes, items[i]);
            if (lanes.count == room)
                flush_verifications(plan, &lanes, kind);
        }
        flush_verifications(plan, &lanes, kind);
    }
}

static void sign_planned(const struct plan *plan, struct signing *const *items, size_t n)
{
    struct sign_lanes lanes;
    unsigned kinds = 0;

    lanes.count = 0;
    for (size_t i = 0; i < n; i++) {
        items[i]->signature_len = 0;
        if (private_key_is_remote(items[i]->key)) {
            if (!plan->is_forced && signature_fits(items[i]->algorithm, items[i]->key->kind))
                items[i]->signature_len = sign_elsewhere_and_wait(items[i]);
        } else if (signing_fits(plan, items[i]))
            kinds |= 1U << items[i]->key->kind;
    }
    for (int number = KEY_NONE + 1; number < KEY_KIND_COUNT; number++) {
        enum key_kind kind = (enum key_kind)number;
        size_t room = engine_lanes(route_of(plan, kind).wide);
        if ((kinds >> kind & 1) == 0)
            continue;
        for (size_t i = 0; i < n; i++) {
            if (!signing_fits(plan, items[i]) || items[i]->key->kind != kind)
                continue;
            add_signing(&lanes, items[i]);
            if (lanes.count == room)
                flush_signings(plan, &lanes, kind);
        }
        flush_signings(plan, &lanes, kind);
    }
}

void verify_batch(struct verification *const *items, size_t n)
{
    verify_planned(&(struct plan){0}, items, n);
}

int verify_signature(struct bytes spki, const struct signature_algorithm *algorithm, struct bytes message,
                     struct bytes signature)
{
    struct public_key *key = public_key_parse(spki);
    struct verification item = {
        .algorithm = algorithm, .key = key, .message = message, .signature = signature};
    struct verification *items[] = {&item};

    if (algorithm != NULL)
        verify_batch(items, 1);
    public_key_free(key);
    return item.valid;
}

void sign_batch(struct signing *const *items, size_t n)
{
    sign_planned(&(struct plan){0}, items, n);
}

static void add_public_form(enum engine_id id, struct public_key *key)
{
    uint8_t *spki = NULL;
    size_t len = 0;
    CBB cbb;

    if (!CBB_init(&cbb, 0))
        return;
    if (key_type_of(key->kind)->write_public(&cbb, key->forms[ENGINE_BORINGSSL]) &&
        CBB_finish(&cbb, &spki, &len))
        public_key_add_form(key, id, bytes_of(spki, len));
    else
        CBB_cleanup(&cbb);
    OPENSSL_free(spki);
}

void verify_batch_with(enum engine_id id, struct verification *const *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (items[i]->key != NULL && items[i]->key->forms[id] == NULL)
            add_public_form(id, (struct public_key *)items[i]->key);
    verify_planned(&(struct plan){1, id}, items, n);
}

void sign_batch_with(enum engine_id id, struct signing *const *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        private_key_add_form((struct private_key *)items[i]->key, id);
    sign_planned(&(struct plan){1, id}, items, n);
}
