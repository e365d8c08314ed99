/* The list is an array, and a table of places in it with open addressing. Serials have twelve random octets,
 * chosen by us: eight of them, mixed once more, are the hash. Nothing is taken out: a certificate that was
 * released, or has expired, is passed over by who reads, and gone at the next start. */
#include "server/crl/revoked.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256, PAGE_ARENA = 256 * 1024 };

void revoked_free(struct revoked *list)
{
    free(list->certs);
    free(list->places);
    *list = (struct revoked){0};
}

static size_t hash_of(const uint8_t serial[STORE_SERIAL])
{
    uint64_t hash;

    memcpy(&hash, serial + STORE_SERIAL - sizeof hash, sizeof hash);
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash ^ hash >> 32);
}

/* The place of |serial| in the table: its own, or a free one. The table is never full. */
static uint32_t *place_of(const struct revoked *list, const uint8_t serial[STORE_SERIAL])
{
    size_t at = hash_of(serial) & (list->place_count - 1);

    while (list->places[at] != 0 &&
           memcmp(list->certs[list->places[at] - 1].serial, serial, STORE_SERIAL) != 0)
        at = (at + 1) & (list->place_count - 1);
    return &list->places[at];
}

static int grow(struct revoked *list)
{
    size_t room = list->room != 0 ? 2 * list->room : FIRST_ROOM;
    uint32_t *places = calloc(2 * room, sizeof *places);
    struct revoked_cert *certs = places != NULL ? realloc(list->certs, room * sizeof *certs) : NULL;

    if (certs == NULL) {
        free(places);
        return 0;
    }
    free(list->places);
    list->certs = certs;
    list->room = room;
    list->places = places;
    list->place_count = 2 * room;
    for (size_t i = 0; i < list->count; i++)
        *place_of(list, certs[i].serial) = (uint32_t)i + 1;
    return 1;
}

int revoked_put(struct revoked *list, const struct store_revocation *row)
{
    struct revoked_cert cert = {.not_after = row->not_after,
                                .revoked_at = (uint32_t)row->at,
                                .invalidity_at = (uint32_t)row->invalidity_at,
                                .status = (uint8_t)row->status,
                                .reason = (uint8_t)row->reason};
    uint32_t *place;

    if (row->serial.len != STORE_SERIAL || (list->count == list->room && !grow(list)))
        return 0;
    memcpy(cert.serial, row->serial.data, STORE_SERIAL);
    place = place_of(list, cert.serial);
    if (*place == 0)
        *place = (uint32_t)++list->count;
    list->certs[*place - 1] = cert;
    if (row->position > list->position)
        list->position = row->position;
    return 1;
}

const struct revoked_cert *revoked_find(const struct revoked *list, struct bytes serial)
{
    uint32_t place = 0;

    if (list->place_count != 0 && serial.len == STORE_SERIAL)
        place = *place_of(list, serial.data);
    return place != 0 ? &list->certs[place - 1] : NULL;
}

/* Returns how many rows it took, or -1. */
static int read_page(struct revoked *list, struct store *store, struct bytes issuer, struct arena *arena)
{
    struct store_fetch fetch = {.kind = STORE_REVOCATIONS,
                                .index = STORE_REVOKED_SINCE,
                                .issuer = issuer,
                                .before = list->position < INT64_MAX ? list->position + 1 : INT64_MAX,
                                .arena = arena};
    const struct store_revocation *rows;

    if (!store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE)
        return -1;
    rows = fetch.rows;
    for (size_t i = 0; fetch.outcome == STORE_FOUND && i < fetch.count; i++)
        if (!revoked_put(list, &rows[i]))
            return -1;
    return fetch.outcome == STORE_FOUND ? (int)fetch.count : 0;
}

int revoked_read(struct revoked *list, struct store *store, struct bytes issuer, unsigned pages)
{
    int count = STORE_REVOKED_MAX;

    for (; count == STORE_REVOKED_MAX && pages > 0; pages--) {
        struct arena *arena = arena_new(PAGE_ARENA);
        count = arena != NULL ? read_page(list, store, issuer, arena) : -1;
        arena_free(arena);
    }
    list->is_behind = count == STORE_REVOKED_MAX;
    return count >= 0;
}
