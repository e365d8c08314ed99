/* Which engines work, and for whom. Settled once at start (engine_start.c), then only read. */
#include "crypto/engine.h"

#include "crypto/internal.h"

static const struct engine *const engines[ENGINE_COUNT] = {
    [ENGINE_BORINGSSL] = &engine_boringssl,
    [ENGINE_AWS_LC] = &engine_aws_lc,
#ifdef CMPD_CRYPTO_MB
    [ENGINE_CRYPTO_MB] = &engine_crypto_mb,
#endif
};

/* Written by engine_set_unusable and engine_set_route alone. */
static const char *unusable[ENGINE_COUNT] = {
    [ENGINE_AWS_LC] = "not started",
    [ENGINE_CRYPTO_MB] = "not started",
};
static struct engine_route routes[KEY_KIND_COUNT]; /* zero: BoringSSL */

void engine_set_unusable(enum engine_id id, const char *why)
{
    unusable[id] = why;
}

void engine_set_route(enum key_kind kind, struct engine_route route)
{
    routes[kind] = route;
}

const struct engine *engine_of(enum engine_id id)
{
    return engines[id];
}

const char *engine_name(enum engine_id id)
{
    return id == ENGINE_CRYPTO_MB ? "crypto_mb" : engines[id]->name;
}

const char *engine_unusable_why(enum engine_id id)
{
    return unusable[id];
}

int engine_usable(enum engine_id id)
{
    return unusable[id] == NULL;
}

int engine_offers(enum engine_id id, enum key_kind kind)
{
    return engines[id] != NULL && (engines[id]->kinds >> kind & 1) != 0;
}

int engine_computes(enum engine_id id, enum key_kind kind, const struct signature_algorithm *algorithm)
{
    return engine_offers(id, kind) &&
           (kind != KEY_RSA || (engines[id]->digests >> algorithm->digest & 1) != 0);
}

size_t engine_lanes(enum engine_id id)
{
    return engines[id] != NULL ? engines[id]->lanes : 0;
}

const struct engine_route *engine_route_of(enum key_kind kind)
{
    return &routes[kind];
}
