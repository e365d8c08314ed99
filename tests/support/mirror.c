/* mirror.c: see mirror.h.
 *
 * The store cannot do what a test does to memory: take a row away, or move a transaction back. So what has
 * changed by itself is not changed in the store. Everything is put there anew, as units can, under an issuer
 * that nothing has been stored under. Rows are compared as text, which is what a difference is told in. */
#include "tests/support/mirror.h"

#include <inttypes.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "tests/support/must.h"

enum { MIRROR_ARENA = 16 * 1024 * 1024, MIRROR_ITEMS = 2 * WORLD_ROWS + WORLD_SECRETS + 2 };

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

static void octets(FILE *out, const char *name, struct bytes value)
{
    fprintf(out, "  %s=", name);
    for (size_t i = 0; i < value.len; i++)
        fprintf(out, "%02x", value.data[i]);
    fputc('\n', out);
}

static void number(FILE *out, const char *name, int64_t value)
{
    fprintf(out, "  %s=%" PRId64 "\n", name, value);
}

#define OCTETS(field) octets(out, #field, row->field)
#define NUMBER(field) number(out, #field, row->field)

static void write_tx(FILE *out, const struct store_tx *row)
{
    fprintf(out, "transaction\n");
    OCTETS(transaction_id);
    OCTETS(profile);
    NUMBER(state);
    NUMBER(body);
    NUMBER(implicit_confirm);
    NUMBER(granted_with_mods);
    OCTETS(credential);
    NUMBER(credential_is_mac);
    OCTETS(credential_key);
    OCTETS(credential_name);
    OCTETS(credential_kid);
    OCTETS(signer_serial);
    OCTETS(sender_nonce);
    OCTETS(peer_nonce);
    OCTETS(serial);
    NUMBER(cert_req_id);
    NUMBER(deadline);
    OCTETS(request_hash);
    OCTETS(last_hash);
}

static void write_cert(FILE *out, const struct store_cert *row)
{
    fprintf(out, "certificate\n");
    OCTETS(serial);
    NUMBER(status);
    NUMBER(reason);
    NUMBER(issued_at);
    NUMBER(not_before);
    NUMBER(not_after);
    NUMBER(revoked_at);
    OCTETS(subject);
    OCTETS(subject_text);
    OCTETS(spki_hash);
    OCTETS(cert_hash);
    OCTETS(transaction_id);
    OCTETS(profile);
    OCTETS(certificate);
}

static void write_secret(FILE *out, const struct store_secret *row)
{
    fprintf(out, "secret\n");
    OCTETS(reference);
    OCTETS(profile);
    OCTETS(sealed);
    OCTETS(seal_key_id);
    NUMBER(reusable);
    NUMBER(expires);
    OCTETS(bound_to);
}

static void write_fetch(FILE *out, const struct store_fetch *fetch)
{
    fprintf(out, "fetch of kind %d: outcome %d\n", fetch->kind, fetch->outcome);
    if (fetch->outcome != STORE_FOUND)
        return;
    if (fetch->kind == STORE_FETCH_TX)
        write_tx(out, &fetch->row.tx);
    else if (fetch->kind == STORE_FETCH_CERT)
        write_cert(out, &fetch->row.cert);
    else
        write_secret(out, &fetch->row.secret);
}

static void write_outcome(FILE *out, const struct store_unit *unit)
{
    fprintf(out, "commit: outcome %d\n", unit->outcome);
    if (unit->outcome == STORE_CONFLICT)
        fprintf(out, "conflict %d\n", unit->conflict);
    if (unit->outcome == STORE_CONFLICT && unit->conflict == STORE_PRE_TX)
        write_tx(out, &unit->row);
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
    for (size_t i = 0; i < world->tx_count; i++) {
        octets(text.out, "issuer", bytes_of(world->txs[i].issuer, STORE_ISSUER_ID));
        write_tx(text.out, &world->txs[i].row);
    }
    for (size_t i = 0; i < world->cert_count; i++) {
        octets(text.out, "issuer", bytes_of(world->certs[i].issuer, STORE_ISSUER_ID));
        write_cert(text.out, &world->certs[i].row);
    }
    for (size_t i = 0; i < world->secret_count; i++) {
        octets(text.out, "issuer", bytes_of(world->secrets[i].issuer, STORE_ISSUER_ID));
        write_secret(text.out, &world->secrets[i].row);
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

static struct bytes salted(const struct mirror *mirror, struct arena *arena, struct bytes issuer)
{
    uint8_t *out = arena_alloc(arena, STORE_ISSUER_ID);

    must(out != NULL && issuer.len == STORE_ISSUER_ID);
    for (size_t i = 0; i < STORE_ISSUER_ID; i++)
        out[i] = issuer.data[i] ^ mirror->salt[i];
    return bytes_of(out, STORE_ISSUER_ID);
}

/* ---- what the memory holds is put into the store ---- */

static void put(struct mirror *mirror, const struct world *world)
{
    struct store_unit units[MIRROR_ITEMS], *items[MIRROR_ITEMS];
    void *args[MIRROR_ITEMS];
    struct arena *arena = arena_new(MIRROR_ARENA);
    size_t n = 0;
    sem_t done;

    random_bytes(mirror->salt, sizeof mirror->salt);
    must(arena != NULL && sem_init(&done, 0, 0) == 0);
    for (size_t i = 0; i < world->tx_count; i++)
        units[n++] = (struct store_unit){.issuer = bytes_of(world->txs[i].issuer, STORE_ISSUER_ID),
                                         .tx = &world->txs[i].row,
                                         .tx_id = world->txs[i].row.transaction_id,
                                         .expect_tx_absent = 1};
    for (size_t i = 0; i < world->cert_count; i++)
        units[n++] = (struct store_unit){.issuer = bytes_of(world->certs[i].issuer, STORE_ISSUER_ID),
                                         .cert = &world->certs[i].row};
    for (size_t i = 0; i < world->secret_count; i++)
        units[n++] = (struct store_unit){.issuer = bytes_of(world->secrets[i].issuer, STORE_ISSUER_ID),
                                         .secret = &world->secrets[i].row};
    for (size_t i = 0; i < n; i++) {
        units[i].issuer = salted(mirror, arena, units[i].issuer);
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
    fetch.outcome = STORE_FETCH_UNAVAILABLE;
    memset(&fetch.row, 0, sizeof fetch.row);
    must(store_fetch_wait(mirror->store, &fetch));
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

    for (size_t i = 0; i < world->tx_count; i++, n++) {
        expected[n] = (struct store_fetch){.kind = STORE_FETCH_TX,
                                           .issuer = bytes_of(world->txs[i].issuer, STORE_ISSUER_ID),
                                           .outcome = STORE_FOUND};
        expected[n].row.tx = world->txs[i].row;
        expected[n].key = world->txs[i].row.transaction_id;
    }
    for (size_t i = 0; i < world->cert_count; i++, n++) {
        expected[n] = (struct store_fetch){.kind = STORE_FETCH_CERT,
                                           .issuer = bytes_of(world->certs[i].issuer, STORE_ISSUER_ID),
                                           .outcome = STORE_FOUND};
        expected[n].row.cert = world->certs[i].row;
        expected[n].key = world->certs[i].row.serial;
    }
    for (size_t i = 0; i < world->secret_count; i++, n++) {
        expected[n] = (struct store_fetch){.kind = STORE_FETCH_SECRET,
                                           .issuer = bytes_of(world->secrets[i].issuer, STORE_ISSUER_ID),
                                           .outcome = STORE_FOUND};
        expected[n].row.secret = world->secrets[i].row;
        expected[n].key = world->secrets[i].row.reference;
    }
    if (unit->tx != NULL && world_tx_of(world, unit->tx_id) == NULL)
        expected[n++] = (struct store_fetch){
            .kind = STORE_FETCH_TX, .issuer = unit->issuer, .outcome = STORE_ABSENT, .key = unit->tx_id};
    if (unit->cert != NULL && world_cert_of(world, unit->cert->serial) == NULL)
        expected[n++] = (struct store_fetch){.kind = STORE_FETCH_CERT,
                                             .issuer = unit->issuer,
                                             .outcome = STORE_ABSENT,
                                             .key = unit->cert->serial};
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
        items[i] = &got[i];
        args[i] = &done;
    }
    must(n == 0 || store_fetch(mirror->store, items, args, n, wake));
    wait_for(&done, n);
    text_begin(&memory);
    text_begin(&store);
    for (size_t i = 0; i < n; i++) {
        write_fetch(memory.out, &expected[i]);
        write_fetch(store.out, &got[i]);
    }
    must_be_same(&memory, &store);
    sem_destroy(&done);
    arena_free(arena);
}

void mirror_commit(struct mirror *mirror, const struct world *world, const struct store_unit *told)
{
    struct store_unit unit = *told;
    struct text memory, store;

    unit.arena = arena_new(MIRROR_ARENA);
    unit.issuer = salted(mirror, unit.arena, told->issuer);
    unit.outcome = STORE_UNKNOWN;
    unit.conflict = STORE_PRE_NONE;
    unit.row = (struct store_tx){0};
    must(store_commit_wait(mirror->store, &unit));
    text_begin(&memory);
    text_begin(&store);
    write_outcome(memory.out, told);
    write_outcome(store.out, &unit);
    must_be_same(&memory, &store);
    arena_free(unit.arena);
    compare_rows(mirror, world, told);
    free(mirror->brought);
    mirror->brought = memory_as_text(world);
    mirror->commits++;
}
