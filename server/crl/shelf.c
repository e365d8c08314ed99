/* shelf.c: see shelf.h. */
#include "server/crl/shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/algorithms.h"
#include "server/base/bounds.h"
#include "storage/row.h"

enum { HEAD_ARENA = 16 * 1024, PIECE_ARENA = STORE_CRL_PIECE + 16 * 1024 };

static struct bytes scope(void)
{
    return bytes_str(SHELF_FULL);
}

enum shelf_outcome shelf_look(struct store_crl *head, struct store *store, struct bytes issuer)
{
    struct store_fetch fetch = {
        .kind = STORE_CRLS, .issuer = issuer, .key = scope(), .arena = arena_new(HEAD_ARENA)};
    enum shelf_outcome outcome = SHELF_UNAVAILABLE;

    if (fetch.arena != NULL && store_fetch_wait(store, &fetch) && fetch.outcome != STORE_FETCH_UNAVAILABLE)
        outcome = fetch.outcome == STORE_FOUND ? SHELF_DONE : SHELF_NONE;
    if (outcome == SHELF_DONE) {
        *head = *(const struct store_crl *)fetch.rows;
        head->scope = scope(); /* the other is the arena's */
    }
    arena_free(fetch.arena);
    return outcome;
}

static size_t piece_count(int64_t size)
{
    return ((size_t)size + STORE_CRL_PIECE - 1) / STORE_CRL_PIECE;
}

/* Reads piece |i| to where it belongs. */
static enum shelf_outcome take_piece(uint8_t *octets, size_t i, struct store *store, struct bytes issuer,
                                     const struct store_crl *head)
{
    uint8_t key[STORE_PIECE_KEY_MAX];
    size_t at = i * STORE_CRL_PIECE, rest = (size_t)head->size - at;
    size_t len = rest < STORE_CRL_PIECE ? rest : STORE_CRL_PIECE;
    struct store_fetch fetch = {.kind = STORE_CRL_PIECES,
                                .issuer = issuer,
                                .key = store_crl_piece_key(key, scope(), head->slot, (uint32_t)i),
                                .arena = arena_new(PIECE_ARENA)};
    enum shelf_outcome outcome = SHELF_UNAVAILABLE;

    if (fetch.arena != NULL && store_fetch_wait(store, &fetch) && fetch.outcome != STORE_FETCH_UNAVAILABLE) {
        const struct store_crl_piece *piece = fetch.rows;
        outcome = fetch.outcome == STORE_FOUND && piece->octets.len == len ? SHELF_DONE : SHELF_LOST;
        if (outcome == SHELF_DONE)
            memcpy(octets + at, piece->octets.data, len);
    }
    arena_free(fetch.arena);
    return outcome;
}

static int has_hash(const struct store_crl *head, struct bytes der)
{
    uint8_t hash[STORE_HASH];

    digest_compute(hash, DIGEST_SHA256, der);
    return memcmp(hash, head->hash, sizeof hash) == 0;
}

enum shelf_outcome shelf_take(struct bytes *der, struct store *store, struct bytes issuer,
                              const struct store_crl *head)
{
    uint8_t *octets = head->size <= BOUND_CRL_OCTETS ? malloc((size_t)head->size) : NULL;
    enum shelf_outcome outcome = octets != NULL ? SHELF_DONE : SHELF_UNAVAILABLE;

    for (size_t i = 0; outcome == SHELF_DONE && i < piece_count(head->size); i++)
        outcome = take_piece(octets, i, store, issuer, head);
    if (outcome == SHELF_DONE && !has_hash(head, bytes_of(octets, (size_t)head->size)))
        outcome = SHELF_LOST;
    if (outcome != SHELF_DONE) {
        free(octets);
        return outcome;
    }
    *der = bytes_of(octets, (size_t)head->size);
    return SHELF_DONE;
}

static enum shelf_outcome commit(struct store *store, struct store_unit *unit)
{
    if (!store_commit_wait(store, unit))
        return SHELF_UNAVAILABLE;
    if (unit->outcome == STORE_CONFLICT)
        return SHELF_LOST;
    return unit->outcome == STORE_DONE ? SHELF_DONE : SHELF_UNAVAILABLE;
}

static enum shelf_outcome put_piece(size_t i, struct store *store, struct bytes issuer,
                                    const struct store_crl *head, struct bytes der,
                                    const struct store_lease *lease)
{
    uint8_t key[STORE_PIECE_KEY_MAX];
    size_t at = i * STORE_CRL_PIECE, rest = der.len - at;
    struct store_crl_piece piece = {store_crl_piece_key(key, scope(), head->slot, (uint32_t)i),
                                    bytes_of(der.data + at, rest < STORE_CRL_PIECE ? rest : STORE_CRL_PIECE)};
    struct store_unit unit = {.issuer = issuer, .lease = lease};

    store_unit_write(&unit, STORE_PUT, STORE_CRL_PIECES, &piece);
    return commit(store, &unit);
}

/* From here on it is the newest. */
static enum shelf_outcome put_head(const struct store_crl *head, struct store *store, struct bytes issuer,
                                   const struct store_lease *lease)
{
    char detail[96];
    struct store_audit audit = {
        .at = head->this_update * 1000, .event = "crl", .outcome = "issued", .who = bytes_str("cmpd")};
    struct store_unit unit = {.issuer = issuer, .lease = lease, .audit = &audit};

    snprintf(detail, sizeof detail, "number=%lld position=%lld octets=%lld", (long long)head->number,
             (long long)head->position, (long long)head->size);
    audit.detail = bytes_str(detail);
    store_unit_write(&unit, STORE_PUT, STORE_CRLS, head);
    return commit(store, &unit);
}

enum shelf_outcome shelf_put(struct store_crl *head, struct store *store, struct bytes issuer,
                             const struct store_crl *former, struct bytes der,
                             const struct store_lease *lease)
{
    enum shelf_outcome outcome = SHELF_DONE;

    head->scope = scope();
    head->slot = former != NULL ? !former->slot : 0;
    head->size = (int64_t)der.len;
    digest_compute(head->hash, DIGEST_SHA256, der);
    for (size_t i = 0; outcome == SHELF_DONE && i < piece_count(head->size); i++)
        outcome = put_piece(i, store, issuer, head, der, lease);
    return outcome == SHELF_DONE ? put_head(head, store, issuer, lease) : outcome;
}
