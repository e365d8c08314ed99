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
    free(list->changes);
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

static int has_room_for_change(struct revoked *list)
{
    size_t room = list->change_room != 0 ? 2 * list->change_room : FIRST_ROOM;
    struct revoked_change *changes;

    if (list->change_count < list->change_room)
        return 1;
    changes = realloc(list->changes, room * sizeof *changes);
    if (changes == NULL)
        return 0;
    list->changes = changes;
    list->change_room = room;
    return 1;
}

static uint32_t time_of(int64_t at)
{
    return at < 0 ? 0 : at < UINT32_MAX ? (uint32_t)at : UINT32_MAX;
}

/* A certificate's shard is for good. */
static void add_to_shard(struct revoked *list, struct revoked_cert *cert, uint32_t place)
{
    struct revoked_shard *shard = &list->shards[cert->shard];

    cert->next = shard->first;
    shard->first = place;
    shard->count++;
}

static void put(struct revoked *list, const struct store_revocation *row, uint32_t *place)
{
    struct revoked_cert cert = {.not_after = time_of(row->not_after),
                                .revoked_at = time_of(row->at),
                                .invalidity_at = time_of(row->invalidity_at),
                                .last_change = (uint32_t)row->position,
                                .status = (uint8_t)row->status,
                                .reason = (uint8_t)row->reason,
                                .shard = (uint8_t)row->shard};

    memcpy(cert.serial, row->serial.data, STORE_SERIAL);
    if (*place == 0) {
        *place = (uint32_t)++list->count;
        add_to_shard(list, &cert, *place);
    } else {
        cert.next = list->certs[*place - 1].next;
        cert.shard = list->certs[*place - 1].shard;
    }
    list->certs[*place - 1] = cert;
    if (row->position > list->shards[cert.shard].position)
        list->shards[cert.shard].position = row->position;
    if (row->position > list->position)
        list->position = row->position;
    if (row->position > list->since)
        list->changes[list->change_count++] =
            (struct revoked_change){.position = (uint32_t)row->position, .place = *place - 1};
}

static int can_be(const struct store_revocation *row)
{
    return row->serial.len == STORE_SERIAL && row->shard >= 0 && row->shard <= BOUND_CRL_SHARDS;
}

int revoked_put(struct revoked *list, const struct store_revocation *row)
{
    list->unlisted = can_be(row) ? 0 : row->position;
    if (list->unlisted != 0 || (list->count == list->room && !grow(list)) || !has_room_for_change(list))
        return 0;
    put(list, row, place_of(list, row->serial.data));
    return 1;
}

/* Changes stand in the order of their positions, and no two that are kept are 2^31 of them apart. */
size_t revoked_changes_since(const struct revoked *list, int64_t position)
{
    size_t low = 0, high = list->change_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((int32_t)(list->changes[middle].position - (uint32_t)position) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return list->change_count - low;
}

/* After a start all of the list may be changes, until the next base. */
static void shrink_changes(struct revoked *list)
{
    enum { MUCH = 8 };
    size_t room = list->change_count > FIRST_ROOM ? list->change_count : FIRST_ROOM;
    struct revoked_change *changes;

    if (list->change_room / MUCH < room)
        return;
    changes = realloc(list->changes, room * sizeof *changes);
    if (changes == NULL)
        return;
    list->changes = changes;
    list->change_room = room;
}

void revoked_keep_since(struct revoked *list, int64_t position)
{
    size_t gone;

    list->since = position;
    gone = list->change_count - revoked_changes_since(list, position);
    list->change_count -= gone;
    if (list->change_count != 0)
        memmove(list->changes, list->changes + gone, list->change_count * sizeof *list->changes);
    shrink_changes(list);
}

const struct revoked_cert *revoked_next_change(const struct revoked *list, size_t *at)
{
    while (*at < list->change_count) {
        const struct revoked_change *change = &list->changes[(*at)++];
        const struct revoked_cert *cert = &list->certs[change->place];
        if (cert->last_change == change->position)
            return cert;
    }
    return NULL;
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

    list->unlisted = 0;
    for (; count == STORE_REVOKED_MAX && pages > 0; pages--) {
        struct arena *arena = arena_new(PAGE_ARENA);
        count = arena != NULL ? read_page(list, store, issuer, arena) : -1;
        arena_free(arena);
    }
    list->is_behind = count == STORE_REVOKED_MAX;
    return count >= 0;
}
