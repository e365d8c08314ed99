/* log_sample.c: how many lines of a kind one source may bring about.
 *
 * A table of fixed size, in sets; a hash with a key of this process decides who shares a set, so that nobody
 * outside chooses whom to push out. Each set has a flag that is tried for and never waited for: who does not
 * get it is counted as left out. Where a set is full of others, those that come share a place. */
#define _GNU_SOURCE 1 /* memrchr */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "server/base/bounds.h"
#include "server/base/ledger.h"
#include "server/base/log_internal.h"

enum { SETS = 512, WAYS = 4, EVENT_MAX = 32, WHO_MAX = 48, TRIES = 64 };

/* struct place is one source and kind; |hash| 0: nobody's. */
struct place {
    uint64_t hash;
    uint32_t since; /* seconds */
    uint32_t count;
    uint64_t left_out;
    char event[EVENT_MAX], who[WHO_MAX];
};

static struct set {
    atomic_flag busy;
    atomic_uint_fast64_t missed; /* that came while it was busy */
    struct place places[WAYS];   /* the last is everybody's who finds no other */
} sets[SETS];

static uint64_t key[2];

__attribute__((constructor)) static void make_key(void)
{
    /* Without a key the hash is one that can be foreseen: lines would be counted together, no more. */
    if (getrandom(key, sizeof key, GRND_NONBLOCK) != sizeof key)
        key[0] = key[1] = (uint64_t)time(NULL);
    key[1] |= 1;
}

static uint64_t mix(uint64_t hash, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (uint8_t)text[i]) * key[1];
        hash ^= hash >> 29;
    }
    return hash;
}

static int enter(struct set *set)
{
    for (int i = 0; i < TRIES; i++)
        if (!atomic_flag_test_and_set_explicit(&set->busy, memory_order_acquire))
            return 1;
    return 0;
}

static void leave(struct set *set)
{
    atomic_flag_clear_explicit(&set->busy, memory_order_release);
}

/* Another thread may have begun it after |now| was read. */
static int is_over(const struct place *place, uint32_t now)
{
    return (int32_t)(now - place->since) >= BOUND_LOG_SECONDS;
}

static void begin(struct place *place, uint64_t hash, const char *event, struct bytes who, uint32_t now)
{
    *place = (struct place){.hash = hash, .since = now};
    snprintf(place->event, sizeof place->event, "%s", event);
    snprintf(place->who, sizeof place->who, "%.*s", (int)who.len, (const char *)who.data);
}

/* Those whose while is over, and that nothing is to be told of, make room. */
static struct place *find(struct set *set, uint64_t hash, const char *event, struct bytes who, uint32_t now)
{
    struct place *free = NULL;
    for (int i = 0; i < WAYS - 1; i++) {
        struct place *place = &set->places[i];
        if (place->hash == hash)
            return place;
        if (free == NULL && (place->hash == 0 || (is_over(place, now) && place->left_out == 0)))
            free = place;
    }
    if (free != NULL) {
        begin(free, hash, event, who, now);
        return free;
    }
    free = &set->places[WAYS - 1];
    if (free->hash == 0)
        begin(free, 1, "several", bytes_str("several"), now);
    return free;
}

/* The port, if any, does not count: a source has many. */
static struct bytes without_port(struct bytes who)
{
    const uint8_t *colon = who.len > 0 ? memrchr(who.data, ':', who.len) : NULL;
    const uint8_t *bracket = who.len > 0 ? memrchr(who.data, ']', who.len) : NULL;
    return colon == NULL || (bracket != NULL && bracket > colon)
               ? who
               : bytes_of(who.data, (size_t)(colon - who.data));
}

static void tell(const struct place *place)
{
    char line[LOG_LINE_MAX];
    log_put(line, log_make(line, sizeof line, LOG_WARN, "lines left out",
                           LOG_FIELDS(log_text("of", place->event), log_text("source", place->who),
                                      log_number("left_out", (int64_t)place->left_out))));
}

/* is_within counts a line among those of all sources: many sources are many lines, too. */
static int is_within(uint32_t now)
{
    static _Atomic(uint64_t) lines; /* seconds in which the count began, and the count */
    uint64_t before = atomic_load_explicit(&lines, memory_order_relaxed), after;

    do {
        after = (int32_t)(now - (uint32_t)(before >> 32)) >= BOUND_LOG_SECONDS ? (uint64_t)now << 32 : before;
        if ((uint32_t)after >= BOUND_LOG_ALL_LINES)
            return 0;
        after++;
    } while (!atomic_compare_exchange_weak_explicit(&lines, &before, after, memory_order_relaxed,
                                                    memory_order_relaxed));
    return 1;
}

int log_take(const char *event, struct bytes who)
{
    struct bytes source = without_port(who);
    uint64_t hash = mix(mix(key[0], event, strlen(event)), (const char *)source.data, source.len) | 2;
    struct set *set = &sets[hash / 4 % SETS];
    uint32_t now = ledger_now();
    if (!enter(set)) {
        atomic_fetch_add(&set->missed, 1);
        return 0;
    }
    struct place *place = find(set, hash, event, source, now), told = *place;
    int is_next = is_over(place, now);
    if (is_next) {
        place->since = now;
        place->count = 0;
        place->left_out = 0;
    }
    int taken = place->count < BOUND_LOG_LINES && is_within(now);
    place->count += (uint32_t)taken;
    place->left_out += !taken;
    leave(set);
    if (is_next && told.left_out != 0)
        tell(&told);
    return taken;
}

void log_tell_left_out(int all)
{
    uint32_t now = ledger_now();
    for (size_t i = 0; i < SETS; i++) {
        struct set *set = &sets[i];
        struct place told[WAYS];
        size_t count = 0;
        if (!enter(set))
            continue;
        for (int j = 0; j < WAYS; j++) {
            struct place *place = &set->places[j];
            if (place->hash == 0 || (!all && !is_over(place, now)))
                continue;
            place->left_out += atomic_exchange(&set->missed, 0);
            if (place->left_out != 0)
                told[count++] = *place;
            place->hash = 0;
        }
        leave(set);
        for (size_t j = 0; j < count; j++)
            tell(&told[j]);
    }
}
