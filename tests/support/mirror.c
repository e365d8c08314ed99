/* mirror.c: see mirror.h.
 *
 * The store cannot do what a test does to memory: take a row away, or move a transaction back. So what has
 * changed by itself is not changed in the store. Everything is put there anew, as units can, under an issuer
 * that nothing has been stored under; blocked keys, which have none, under other hashes. Rows are compared as
 * text, which is what a difference is told in. */
#include "tests/support/mirror.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "tests/support/must.h"
#include "tests/support/rows.h"

enum {
    MIRROR_ARENA = 16 * 1024 * 1024,
    MIRROR_ITEMS = 5 * WORLD_ROWS + WORLD_SECRETS + 3 * WORLD_CRLS + STORE_WRITES_MAX
};

struct mirror {
    struct store *store;
    uint8_t salt[STORE_ISSUER_ID]; /* makes issuers of the world those that its rows stand under */
    char *brought;                 /* the memory that the store is like, as text; NULL: not yet */
    unsigned fetches, commits, brings;
};

struct mirror *mirror_new(void)
{
    const char *url = getenv("CMPD_WORLD_STORE");
    struct mirror *mirror;
    char fault[STORE_FAULT_MAX];

    if (url == NULL)
        return NULL;
    mirror = calloc(1, sizeof *mirror);
    must(mirror != NULL);
    mirror->store = store_create(fault, url) ? store_open(fault, url, "world") : NULL;
    if (mirror->store == NULL)
        fprintf(stderr, "%s\n", fault);
    must(mirror->store != NULL);
    return mirror;
}

void mirror_free(struct mirror *mirror)
{
    const char *path = getenv("CMPD_WORLD_COUNTS");

    if (mirror == NULL)
        return;
    store_close(mirror->store);
    if (path != NULL) {
        FILE *counts = fopen(path, "a");
        must(counts != NULL);
        fprintf(counts, "fetches %u commits %u brought %u\n", mirror->fetches, mirror->commits,
                mirror->brings);
        must(fclose(counts) == 0);
    }
    free(mirror->brought);
    free(mirror);
}

/* ---- rows as text ---- */

static void write_fetch(FILE *out, const struct store_fetch *fetch)
{
    fprintf(out, "fetch of kind %d: outcome %d\n", fetch->kind, fetch->outcome);
    if (fetch->outcome != STORE_FOUND)
        return;
    for (size_t i = 0; i < fetch->count; i++)
        rows_put(out, &store_tables[fetch->kind],
                 (const uint8_t *)fetch->rows + i * store_tables[fetch->kind].row_size);
}

static void write_outcome(FILE *out, const struct store_unit *unit)
{
    fprintf(out, "commit: outcome %d\n", unit->outcome);
    for (enum store_outcome outcome = unit->outcome; outcome == STORE_CONFLICT && unit != NULL;
         unit = unit->with) {
        fprintf(out, "conflict %d\n", unit->conflict);
        if (unit->conflict == STORE_PRE_TX)
            rows_put(out, &store_tables[STORE_TRANSACTIONS], &unit->row);
    }
}

struct text {
    FILE *out;
    char *octets;
    size_t len;
};

static void text_begin(struct text *text)
{
    *text = (struct text){0};
    text->out = open_memstream(&text->octets, &text->len);
    must(text->out != NULL);
}

static char *text_end(struct text *text)
{
    must(fclose(text->out) == 0);
    return text->octets;
}

static void must_be_same(struct text *memory, struct text *store)
{
    char *expected = text_end(memory), *got = text_end(store);

    if (strcmp(expected, got) != 0)
        fprintf(stderr, "---- memory:\n%s---- store:\n%s", expected, got);
    must(strcmp(expected, got) == 0);
    free(expected);
    free(got);
}

static char *memory_as_text(const struct world *world)
{
    struct text text;

    text_begin(&text);
    for (size_t kind = 0; kind < WORLD_KINDS; kind++) {
        struct world_memory memory = world_memory(world, (enum store_kind)kind);
        for (size_t i = 0; i < memory.count; i++) {
            rows_put_octets(text.out, "issuer", bytes_of(world_issuer(&memory, i), STORE_ISSUER_ID));
            rows_put(text.out, &store_tables[kind], world_row(&memory, i));
        }
    }
    return text_end(&text);
}

/* ---- many at once ---- */

static void wake(void *arg)
{
    sem_post(arg);
}

static void wait_for(sem_t *done, size_t n)
{
    for (size_t i = 0; i < n; i++)
        while (sem_wait(done) != 0)
            continue;
}

/* An issuer, or the hash of a key; salted twice it is what it was. */
static struct bytes salted(const struct mirror *mirror, struct arena *arena, struct bytes octets)
{
    uint8_t *out = arena_alloc(arena, octets.len);

    must(octets.len == 0 || out != NULL);
    for (size_t i = 0; i < octets.len; i++)
        out[i] = octets.data[i] ^ mirror->salt[i % STORE_ISSUER_ID];
    return bytes_of(out, octets.len);
}

static void salt_key(const struct mirror *mirror, struct store_fetch *fetch)
{
    if (fetch->kind == STORE_BLOCKED_KEYS)
        fetch->key = salted(mirror, fetch->arena, fetch->key);
}

/* A found row as the memory has it. */
static void unsalt_row(const struct mirror *mirror, struct store_fetch *fetch)
{
    struct store_blocked_key *row = fetch->rows;

    if (fetch->kind == STORE_BLOCKED_KEYS && fetch->outcome == STORE_FOUND)
        row->spki_hash = salted(mirror, fetch->arena, row->spki_hash);
}

static void salt_unit(const struct mirror *mirror, struct arena *arena, struct store_unit *unit)
{
    unit->issuer = salted(mirror, arena, unit->issuer);
    unit->key_unblocked = salted(mirror, arena, unit->key_unblocked);
    unit->signer_unblocked = salted(mirror, arena, unit->signer_unblocked);
    unit->device_unblocked = salted(mirror, arena, unit->device_unblocked);
    for (size_t i = 0; i < unit->write_count; i++) {
        struct store_blocked_key *row = arena_alloc(arena, sizeof *row);
        if (unit->writes[i].kind != STORE_BLOCKED_KEYS)
            continue;
        must(row != NULL);
        *row = *(const struct store_blocked_key *)unit->writes[i].row;
        row->spki_hash = salted(mirror, arena, row->spki_hash);
        unit->writes[i].row = row;
    }
}

/* ---- what the memory holds is put into the store ---- */

/* As a unit can: a secret is put, everything else is new under this issuer. */
static struct store_unit unit_of(enum store_kind kind, const struct world_memory *memory, size_t i)
{
    struct store_unit unit = {.issuer = bytes_of(world_issuer(memory, i), STORE_ISSUER_ID)};

    enum store_how how = kind == STORE_SECRETS         ? STORE_PUT
                         : kind == STORE_DEVICES       ? STORE_PUT
                         : kind == STORE_CLAIMS        ? STORE_SWAP
                         : kind == STORE_CRLS          ? STORE_PUT
                         : kind == STORE_CRL_PIECES    ? STORE_PUT
                         : kind == STORE_CRL_URLS      ? STORE_ONCE
                         : kind == STORE_BLOCKED_KEYS  ? STORE_ONCE
                         : kind == STORE_APPROVALS     ? STORE_ONCE
                         : kind == STORE_ANNOUNCEMENTS ? STORE_NEWER
                                                       : STORE_INSERT;

    store_unit_write(&unit, how, kind, world_row(memory, i));
    if (kind == STORE_TRANSACTIONS)
        unit.tx_id = row_key(world_row(memory, i), &store_tables[kind]);
    return unit;
}

static void put(struct mirror *mirror, const struct world *world)
{
    struct store_unit units[MIRROR_ITEMS], *items[MIRROR_ITEMS];
    void *args[MIRROR_ITEMS];
    struct arena *arena = arena_new(MIRROR_ARENA);
    size_t n = 0;
    sem_t done;

    random_bytes(mirror->salt, sizeof mirror->salt);
    must(arena != NULL && sem_init(&done, 0, 0) == 0);
    for (size_t kind = 0; kind < WORLD_KINDS; kind++) {
        struct world_memory memory = world_memory(world, (enum store_kind)kind);
        for (size_t i = 0; i < memory.count; i++)
            units[n++] = unit_of((enum store_kind)kind, &memory, i);
    }
    for (size_t i = 0; i < n; i++) {
        salt_unit(mirror, arena, &units[i]);
        units[i].arena = arena;
        units[i].now = world->now;
        items[i] = &units[i];
        args[i] = &done;
    }
    must(n == 0 || store_commit(mirror->store, items, args, n, wake));
    wait_for(&done, n);
    for (size_t i = 0; i < n; i++)
        must(units[i].outcome == STORE_DONE);
    sem_destroy(&done);
    arena_free(arena);
}

void mirror_bring(struct mirror *mirror, const struct world *world)
{
    char *memory = memory_as_text(world);

    if (mirror->brought == NULL || strcmp(memory, mirror->brought) != 0) {
        put(mirror, world);
        mirror->brings++;
    }
    free(mirror->brought);
    mirror->brought = memory;
}

/* ---- comparisons ---- */

void mirror_fetch(struct mirror *mirror, const struct world *world, const struct store_fetch *told)
{
    struct store_fetch fetch = *told;
    struct text memory, store;

    mirror_bring(mirror, world);
    fetch.arena = arena_new(MIRROR_ARENA);
    fetch.issuer = salted(mirror, fetch.arena, told->issuer);
    salt_key(mirror, &fetch);
    fetch.outcome = STORE_FETCH_UNAVAILABLE;
    fetch.rows = NULL;
    must(store_fetch_wait(mirror->store, &fetch));
    unsalt_row(mirror, &fetch);
    text_begin(&memory);
    text_begin(&store);
    write_fetch(memory.out, told);
    write_fetch(store.out, &fetch);
    must_be_same(&memory, &store);
    arena_free(fetch.arena);
    mirror->fetches++;
}

/* What the store must answer with for every row in memory, and for those of |unit| that are not there. */
static size_t expect(struct store_fetch *expected, const struct world *world, const struct store_unit *unit)
{
    size_t n = 0;

    for (size_t kind = 0; kind < WORLD_KINDS; kind++) {
        struct world_memory memory = world_memory(world, (enum store_kind)kind);
        for (size_t i = 0; store_has_key(&store_tables[kind]) && i < memory.count; i++)
            expected[n++] =
                (struct store_fetch){.kind = (enum store_kind)kind,
                                     .issuer = bytes_of(world_issuer(&memory, i), STORE_ISSUER_ID),
                                     .key = row_key(world_row(&memory, i), &store_tables[kind]),
                                     .outcome = STORE_FOUND,
                                     .rows = world_row(&memory, i),
                                     .count = 1};
    }
    for (size_t i = 0; i < unit->write_count; i++) {
        enum store_kind kind = unit->writes[i].kind;
        struct bytes key = row_key(unit->writes[i].row, &store_tables[kind]);
        if (world_find(world, kind, unit->issuer, key) == NULL)
            expected[n++] = (struct store_fetch){
                .kind = kind, .issuer = unit->issuer, .key = key, .outcome = STORE_ABSENT};
    }
    return n;
}

static void compare_rows(struct mirror *mirror, const struct world *world, const struct store_unit *unit)
{
    struct store_fetch expected[MIRROR_ITEMS], got[MIRROR_ITEMS], *items[MIRROR_ITEMS];
    void *args[MIRROR_ITEMS];
    struct arena *arena = arena_new(MIRROR_ARENA);
    struct text memory, store;
    size_t n = expect(expected, world, unit);
    sem_t done;

    must(arena != NULL && sem_init(&done, 0, 0) == 0);
    for (size_t i = 0; i < n; i++) {
        got[i] = (struct store_fetch){.kind = expected[i].kind, .key = expected[i].key, .arena = arena};
        got[i].issuer = salted(mirror, arena, expected[i].issuer);
        salt_key(mirror, &got[i]);
        items[i] = &got[i];
        args[i] = &done;
    }
    must(n == 0 || store_fetch(mirror->store, items, args, n, wake));
    wait_for(&done, n);
    text_begin(&memory);
    text_begin(&store);
    for (size_t i = 0; i < n; i++) {
        unsalt_row(mirror, &got[i]);
        write_fetch(memory.out, &expected[i]);
        write_fetch(store.out, &got[i]);
    }
    must_be_same(&memory, &store);
    sem_destroy(&done);
    arena_free(arena);
}

static struct store_unit salted_unit(const struct mirror *mirror, struct arena *arena,
                                     const struct store_unit *told)
{
    struct store_unit unit = *told, **tail = &unit.with;

    unit.arena = arena;
    salt_unit(mirror, arena, &unit);
    for (const struct store_unit *at = told->with; at != NULL; at = at->with, tail = &(*tail)->with) {
        must((*tail = arena_alloc(arena, sizeof **tail)) != NULL);
        **tail = *at;
        (*tail)->arena = arena;
        salt_unit(mirror, arena, *tail);
    }
    store_unit_forget(&unit, STORE_UNKNOWN);
    return unit;
}

void mirror_commit(struct mirror *mirror, const struct world *world, const struct store_unit *told)
{
    struct arena *arena = arena_new(MIRROR_ARENA);
    struct store_unit unit = salted_unit(mirror, arena, told);
    struct text memory, store;

    must(store_commit_wait(mirror->store, &unit));
    text_begin(&memory);
    text_begin(&store);
    write_outcome(memory.out, told);
    write_outcome(store.out, &unit);
    must_be_same(&memory, &store);
    arena_free(arena);
    compare_rows(mirror, world, told);
    free(mirror->brought);
    mirror->brought = memory_as_text(world);
    mirror->commits++;
}
