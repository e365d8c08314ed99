/* shelf.c: see shelf.h. */
#include "server/crl/shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/algorithms.h"
#include "server/base/bounds.h"
#include "storage/row.h"

enum { PIECE_ARENA = STORE_CRL_PIECE + 16 * 1024 };

enum shelf_outcome shelf_look(const struct store_crl **heads, size_t *count, struct arena *arena,
                              struct store *store, struct bytes issuer)
{
    struct store_fetch fetch = {
        .kind = STORE_CRLS, .index = STORE_ALL_CRLS, .issuer = issuer, .arena = arena};

    if (!store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE)
        return SHELF_UNAVAILABLE;
    *heads = fetch.rows;
    *count = fetch.outcome == STORE_FOUND ? fetch.count : 0;
    return SHELF_DONE;
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
                                .key = store_crl_piece_key(key, head->scope, head->slot, (uint32_t)i),
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
                                    const struct shelf_crl *crl, const struct store_lease *lease)
{
    uint8_t key[STORE_PIECE_KEY_MAX];
    size_t at = i * STORE_CRL_PIECE, rest = crl->der.len - at;
    struct store_crl_piece piece = {
        store_crl_piece_key(key, crl->head.scope, crl->head.slot, (uint32_t)i),
        bytes_of(crl->der.data + at, rest < STORE_CRL_PIECE ? rest : STORE_CRL_PIECE)};
    struct store_unit unit = {.issuer = issuer, .lease = lease};

    store_unit_write(&unit, STORE_PUT, STORE_CRL_PIECES, &piece);
    return commit(store, &unit);
}

static enum shelf_outcome put_pieces(struct shelf_crl *crl, struct store *store, struct bytes issuer,
                                     const struct store_lease *lease)
{
    enum shelf_outcome outcome = SHELF_DONE;

    crl->head.slot = crl->former != NULL ? !crl->former->slot : 0;
    crl->head.size = (int64_t)crl->der.len;
    digest_compute(crl->head.hash, DIGEST_SHA256, crl->der);
    for (size_t i = 0; outcome == SHELF_DONE && i < piece_count(crl->head.size); i++)
        outcome = put_piece(i, store, issuer, crl, lease);
    return outcome;
}

/* From here on they are the newest. */
static enum shelf_outcome put_heads(const struct shelf_crl *crls, size_t count, struct store *store,
                                    struct bytes issuer, const struct store_lease *lease)
{
    char detail[128 * SHELF_PUT_MAX] = "";
    struct store_audit audit = {
        .at = crls[0].head.this_update * 1000, .event = "crl", .outcome = "issued", .who = bytes_str("cmpd")};
    struct store_unit unit = {.issuer = issuer, .lease = lease, .audit = &audit};
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        const struct store_crl *head = &crls[i].head;
        len += (size_t)snprintf(detail + len, sizeof detail - len,
                                "%sscope=%.*s number=%lld position=%lld octets=%lld", i != 0 ? " " : "",
                                (int)head->scope.len, (const char *)head->scope.data, (long long)head->number,
                                (long long)head->position, (long long)head->size);
        store_unit_write(&unit, STORE_PUT, STORE_CRLS, head);
    }
    audit.detail = bytes_str(detail);
    return commit(store, &unit);
}

enum shelf_outcome shelf_put(struct shelf_crl *crls, size_t count, struct store *store, struct bytes issuer,
                             const struct store_lease *lease)
{
    enum shelf_outcome outcome = SHELF_DONE;

    for (size_t i = 0; outcome == SHELF_DONE && i < count; i++)
        outcome = put_pieces(&crls[i], store, issuer, lease);
    return outcome == SHELF_DONE ? put_heads(crls, count, store, issuer, lease) : outcome;
}
