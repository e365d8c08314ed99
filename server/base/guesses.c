/* guesses.c: a small table under a lock: only who has just judged a wrong MAC waits for it. */
#include "server/base/guesses.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    uint64_t id; /* 0: free */
    enum guesses_of of;
    uint32_t count, began, at; /* wrong MACs since the entry began; ledger_now of that, and of the last */
};

struct guesses {
    struct ledger *ledgers[2]; /* by enum guesses_of */
    pthread_mutex_t lock;      /* over what follows */
    struct entry entries[BOUND_GUESSES_SHARED];
};

static const uint32_t bounds[] = {
    [GUESSES_SOURCE] = BOUND_GUESSES_SOURCE, [GUESSES_PAIR] = BOUND_GUESSES_PAIR};

struct guesses *guesses_new(struct ledger *sources, struct ledger *pairs)
{
    struct guesses *guesses = calloc(1, sizeof *guesses);

    if (guesses == NULL)
        return NULL;
    guesses->ledgers[GUESSES_SOURCE] = sources;
    guesses->ledgers[GUESSES_PAIR] = pairs;
    pthread_mutex_init(&guesses->lock, NULL);
    return guesses;
}

void guesses_free(struct guesses *guesses)
{
    if (guesses != NULL)
        pthread_mutex_destroy(&guesses->lock);
    free(guesses);
}

/* The one of |id|, or else the one that makes room. */
static struct entry *place(struct guesses *guesses, enum guesses_of of, uint64_t id)
{
    struct entry *least = &guesses->entries[0];

    for (size_t i = 0; i < BOUND_GUESSES_SHARED; i++) {
        struct entry *entry = &guesses->entries[i];
        if (entry->id == id && entry->of == of)
            return entry;
        if (entry->count < least->count || (entry->count == least->count && entry->at < least->at))
            least = entry;
    }
    *least = (struct entry){.id = id, .of = of};
    return least;
}

void guesses_note(struct guesses *guesses, enum guesses_of of, uint64_t id, uint32_t now)
{
    struct entry *entry;

    if (id == 0)
        return;
    pthread_mutex_lock(&guesses->lock);
    entry = place(guesses, of, id);
    /* Ledgers forget: what is long past must not come to a node that hears of it for the first time. */
    if (entry->count == 0 || (now > entry->began && now - entry->began > BOUND_GUESSES_HALVING))
        *entry = (struct entry){.id = id, .of = of, .began = now};
    entry->count += entry->count < UINT32_MAX;
    entry->at = now;
    pthread_mutex_unlock(&guesses->lock);
}

static void put(uint8_t *out, uint64_t value, size_t octets)
{
    for (size_t i = 0; i < octets; i++)
        out[i] = (uint8_t)(value >> 8 * (octets - 1 - i));
}

static uint64_t get(const uint8_t *in, size_t octets)
{
    uint64_t value = 0;

    for (size_t i = 0; i < octets; i++)
        value = value << 8 | in[i];
    return value;
}

enum { NAME = 1 + 8 }; /* octets that say which place: entries are in the order of these */

static int by_name(const void *a, const void *b)
{
    return memcmp(a, b, NAME);
}

struct bytes guesses_say(struct guesses *guesses, uint8_t out[GUESSES_ROW], uint32_t now)
{
    size_t count = 0;

    pthread_mutex_lock(&guesses->lock);
    for (size_t i = 0; i < BOUND_GUESSES_SHARED; i++) {
        struct entry *entry = &guesses->entries[i];
        uint8_t *to = out + count * GUESSES_ENTRY;
        if (entry->id != 0 && now > entry->at && now - entry->at > BOUND_GUESSES_HALVING)
            *entry = (struct entry){.id = 0};
        if (entry->id == 0)
            continue;
        to[0] = (uint8_t)entry->of;
        put(to + 1, entry->id, 8);
        put(to + NAME, entry->count, 4);
        count++;
    }
    pthread_mutex_unlock(&guesses->lock);
    qsort(out, count, GUESSES_ENTRY, by_name);
    return bytes_of(out, count * GUESSES_ENTRY);
}

/* Adds |more| wrong MACs. Returns 1 if the place came to its bound by them. */
static size_t add(struct guesses *guesses, const uint8_t *entry, uint32_t more, uint32_t now)
{
    enum guesses_of of = (enum guesses_of)entry[0];
    uint64_t id = get(entry + 1, 8);
    struct ledger_source *source;
    uint32_t count;

    if (id == 0 || more == 0 || (of != GUESSES_SOURCE && of != GUESSES_PAIR))
        return 0;
    source = ledger_pin(guesses->ledgers[of], id, now);
    /* The place that many share is nobody's: whoever is counted there would be all of them. */
    count = atomic_load_explicit(&source->id, memory_order_relaxed) == id
                ? ledger_add(&source->failures, more, BOUND_GUESSES_HALVING, now)
                : 0;
    ledger_unpin(source);
    return count >= bounds[of] && count - more < bounds[of];
}

size_t guesses_hear(struct guesses *guesses, struct bytes before, struct bytes now_said, uint32_t now)
{
    size_t reached = 0, b = 0;

    for (size_t i = 0; i + GUESSES_ENTRY <= now_said.len && i < GUESSES_ROW; i += GUESSES_ENTRY) {
        const uint8_t *entry = now_said.data + i;
        uint32_t count = (uint32_t)get(entry + NAME, 4), was = 0;
        while (b + GUESSES_ENTRY <= before.len && by_name(before.data + b, entry) < 0)
            b += GUESSES_ENTRY;
        if (b + GUESSES_ENTRY <= before.len && by_name(before.data + b, entry) == 0)
            was = (uint32_t)get(before.data + b + NAME, 4);
        /* A smaller one is a new entry: that node has begun anew. */
        reached += add(guesses, entry, count >= was ? count - was : count, now);
    }
    return reached;
}
