/* Puts every engine through the vectors that vectors.py writes, read from standard input: each alone, each in
 * every lane of batches that are full of others, and each by the routes that cmpd would take. Prints one line
 * an engine and kind of key; ends with 1 at the first verdict that is not the vector's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/batch.h"
#include "crypto/engine.h"
#include "crypto/engine_internal.h"

enum { LINE = 256 * 1024, FIELDS = 7, ARENA = 64 * 1024 * 1024 };

struct vector {
    char *name;
    int valid, acceptable;
    enum key_kind kind;
    struct public_key *key;
    struct verification item;
};

static struct arena *arena; /* what the vectors point to */
static struct vector *vectors;
static size_t vector_count;

static struct bytes octets_of(const char *hex)
{
    size_t len = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
    uint8_t *out = arena_alloc(arena, len + 1);

    if (out == NULL)
        abort();

    for (size_t i = 0; i < len; i++) {
        unsigned octet;
        if (sscanf(hex + 2 * i, "%2x", &octet) != 1)
            abort();
        out[i] = (uint8_t)octet;
    }
    return bytes_of(out, len);
}

static void add(char **field)
{
    struct vector *vector;
    CBS cbs = cbs_of(octets_of(field[4]));
    char name[256];

    vectors = realloc(vectors, (vector_count + 1) * sizeof *vectors);
    vector = &vectors[vector_count++];
    memset(vector, 0, sizeof *vector);
    snprintf(name, sizeof name, "%s tcId %s", field[0], field[1]);
    vector->name = arena_printf(arena, "%s", name);
    vector->valid = strcmp(field[2], "valid") == 0;
    vector->acceptable = strcmp(field[2], "acceptable") == 0;
    vector->key = public_key_parse(octets_of(field[3]));
    vector->item.algorithm = signature_parse(&cbs);
    vector->item.key = vector->key;
    vector->item.message = octets_of(field[5]);
    vector->item.signature = octets_of(field[6]);
    if (vector->key == NULL || vector->item.algorithm == NULL) {
        printf("%s: key or algorithm is not read\n", name);
        exit(1);
    }
    vector->kind = public_key_kind(vector->key);
}

static void read_vectors(void)
{
    char *line = malloc(LINE);

    while (fgets(line, LINE, stdin) != NULL) {
        char *field[FIELDS];
        size_t count = 0;
        for (char *word = strtok(line, " \n"); word != NULL && count < FIELDS; word = strtok(NULL, " \n"))
            field[count++] = word;
        if (count != FIELDS)
            abort();
        add(field);
    }
    free(line);
}

static void expect(const struct vector *vector, int verdict, const char *engine, const char *how)
{
    if (vector->acceptable || verdict == vector->valid)
        return;
    printf("%s: %s, %s: %s\n", vector->name, engine, how, verdict ? "accepted" : "refused");
    exit(1);
}

/* Vectors of one kind. */
struct run {
    struct vector **vectors;
    size_t count;
};

static struct run of_kind(enum key_kind kind)
{
    struct run run = {calloc(vector_count, sizeof *run.vectors), 0};

    for (size_t i = 0; i < vector_count; i++)
        if (vectors[i].kind == kind)
            run.vectors[run.count++] = &vectors[i];
    return run;
}

static void alone(const struct run *run, enum engine_id id)
{
    for (size_t i = 0; i < run->count; i++) {
        struct verification *list[] = {&run->vectors[i]->item};
        verify_batch_with(id, list, 1);
        expect(run->vectors[i], list[0]->valid, engine_name(id), "alone");
    }
}

/* A window slides over the vectors: each has been in every lane, beside others, at the end. */
static void together(const struct run *run, enum engine_id id, size_t lanes)
{
    for (size_t first = 0; first < run->count; first++) {
        struct verification items[ENGINE_LANES_MAX], *list[ENGINE_LANES_MAX];
        for (size_t lane = 0; lane < lanes; lane++) {
            items[lane] = run->vectors[(first + lane) % run->count]->item;
            list[lane] = &items[lane];
        }
        verify_batch_with(id, list, lanes);
        for (size_t lane = 0; lane < lanes; lane++)
            expect(run->vectors[(first + lane) % run->count], items[lane].valid, engine_name(id),
                   "in a batch");
    }
}

static void by_routes(void)
{
    struct verification **list = calloc(vector_count, sizeof *list);

    for (size_t i = 0; i < vector_count; i++)
        list[i] = &vectors[i].item;
    verify_batch(list, vector_count);
    for (size_t i = 0; i < vector_count; i++)
        expect(&vectors[i], vectors[i].item.valid, "routes", "all at once");
    free(list);
}

int main(void)
{
    char fault[ENGINE_FAULT_MAX];

    if (!engines_start(fault, NULL, 0)) {
        printf("%s\n", fault);
        return 1;
    }
    arena = arena_new(ARENA);
    read_vectors();
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++) {
        struct run run = of_kind((enum key_kind)kind);
        for (int id = 0; id < ENGINE_COUNT; id++) {
            if (!engine_usable((enum engine_id)id) || !engine_offers((enum engine_id)id, (enum key_kind)kind))
                continue;
            alone(&run, (enum engine_id)id);
            if (engine_lanes((enum engine_id)id) > 1)
                together(&run, (enum engine_id)id, engine_lanes((enum engine_id)id));
            printf("%s %s: %zu vectors\n", engine_name((enum engine_id)id),
                   key_algorithm((enum key_kind)kind)->name, run.count);
        }
        free(run.vectors);
    }
    by_routes();
    for (size_t i = 0; i < vector_count; i++)
        public_key_free(vectors[i].key);
    free(vectors);
    arena_free(arena);
    return 0;
}
