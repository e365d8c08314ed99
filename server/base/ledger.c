/* ledger.c: a table of sets. The sources of one set compete for its places; see ledger.h for who gives way.
 *
 * A place is taken over by raising its pins from 0 to TAKEN: whoever then finds it there does without, until
 * the new owner has written what it is and lowers them to 1. */
#include "server/base/ledger.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "server/base/bounds.h"

enum { SET = 8, SHARED = 1, KEPT_SHARE = 8, TAKEN = 1 << 30 };

struct set {
    struct ledger_source places[SET + SHARED]; /* the last is for all that find no other */
};

struct ledger {
    size_t sets; /* a power of two */
    struct set *table;
    atomic_size_t used;
    _Atomic(uint64_t) crowded;
};

struct ledger *ledger_new(size_t places)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);

    if (ledger == NULL)
        return NULL;
    for (ledger->sets = 1; ledger->sets * SET < places;)
        ledger->sets *= 2;
    /* Zeroed pages, which cost nothing until somebody touches them. */
    ledger->table = mmap(NULL, ledger->sets * sizeof *ledger->table, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ledger->table == MAP_FAILED) {
        free(ledger);
        return NULL;
    }
    return ledger;
}

void ledger_free(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    munmap(ledger->table, ledger->sets * sizeof *ledger->table);
    free(ledger);
}

size_t ledger_places(const struct ledger *ledger, size_t *used, uint64_t *crowded)
{
    *used = atomic_load_explicit(&ledger->used, memory_order_relaxed);
    *crowded = atomic_load_explicit(&ledger->crowded, memory_order_relaxed);
    return ledger->sets * SET;
}

uint32_t ledger_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    return (uint32_t)ts.tv_sec + 1;
}

/* pin raises the pins of |source| if it stands for |id|; 1 or 0. */
static int pin(struct ledger_source *source, uint64_t id)
{
    unsigned pins = atomic_load_explicit(&source->pins, memory_order_relaxed);

    if (atomic_load_explicit(&source->id, memory_order_relaxed) != id)
        return 0;
    do
        if (pins >= TAKEN)
            return 0;
    while (!atomic_compare_exchange_weak_explicit(&source->pins, &pins, pins + 1, memory_order_acquire,
                                                  memory_order_relaxed));
    /* Pinned, it stays who it is; but it may have become another just before. */
    if (atomic_load_explicit(&source->id, memory_order_relaxed) == id)
        return 1;
    ledger_unpin(source);
    return 0;
}

static struct ledger_source *find(struct set *set, uint64_t id)
{
    for (size_t i = 0; i < SET; i++)
        if (pin(&set->places[i], id))
            return &set->places[i];
    return NULL;
}

/* Who gives way: strangers before those that proved themselves, among equals who was seen least lately. */
static struct ledger_source *find_victim(struct set *set, uint32_t now)
{
    struct ledger_source *victim = NULL;
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < SET; i++) {
        struct ledger_source *source = &set->places[i];
        uint64_t rank = (uint64_t)ledger_is_proved(source, now) << 32 |
                        atomic_load_explicit(&source->seen, memory_order_relaxed);
        if (atomic_load_explicit(&source->pins, memory_order_relaxed) == 0 && rank < least) {
            least = rank;
            victim = source;
        }
    }
    return victim;
}

/* take_over makes |source|, which nobody has pinned, the place of |id|. 1, or 0 when somebody was faster. */
static int take_over(struct ledger_source *source, uint64_t id)
{
    unsigned none = 0;

    if (!atomic_compare_exchange_strong_explicit(&source->pins, &none, TAKEN, memory_order_acquire,
                                                 memory_order_relaxed))
        return 0;
    atomic_store_explicit(&source->id, id, memory_order_relaxed);
    atomic_store_explicit(&source->proved, 0, memory_order_relaxed);
    ledger_forget(&source->handshakes);
    ledger_forget(&source->resets);
    ledger_forget(&source->floods);
    ledger_forget(&source->refusals);
    ledger_forget(&source->answers);
    ledger_forget(&source->failures);
    atomic_store_explicit(&source->octets, 0, memory_order_relaxed);
    for (size_t i = 0; i < LEDGER_FLOWS; i++)
        atomic_store_explicit(&source->flows[i].debt_us, 0, memory_order_relaxed);
    atomic_store_explicit(&source->pins, 1, memory_order_release);
    return 1;
}

/* 0 is the shared place, and the unused ones. */
static uint64_t used(uint64_t id)
{
    return id != 0 ? id : 1;
}

static struct set *set_of(struct ledger *ledger, uint64_t id)
{
    return &ledger->table[(id >> 32) & (ledger->sets - 1)];
}

static struct ledger_source *see(struct ledger_source *source, uint32_t now)
{
    if (source != NULL && atomic_load_explicit(&source->seen, memory_order_relaxed) != now)
        atomic_store_explicit(&source->seen, now, memory_order_relaxed);
    return source;
}

struct ledger_source *ledger_pin_known(struct ledger *ledger, uint64_t id, uint32_t now)
{
    return see(find(set_of(ledger, id), used(id)), now);
}

struct ledger_source *ledger_pin(struct ledger *ledger, uint64_t id, uint32_t now)
{
    struct set *set = set_of(ledger, id);
    struct ledger_source *source, *victim;
    size_t is_new;

    while ((source = find(set, used(id))) == NULL) {
        if ((victim = find_victim(set, now)) == NULL) {
            source = &set->places[SET];
            atomic_fetch_add_explicit(&ledger->crowded, 1, memory_order_relaxed);
            atomic_fetch_add_explicit(&source->pins, 1, memory_order_relaxed);
            break;
        }
        is_new = atomic_load_explicit(&victim->id, memory_order_relaxed) == 0;
        if (take_over(victim, used(id))) {
            atomic_fetch_add_explicit(&ledger->used, is_new, memory_order_relaxed);
            source = victim;
            break;
        }
    }
    return see(source, now);
}

void ledger_pin_again(struct ledger_source *source)
{
    atomic_fetch_add_explicit(&source->pins, 1, memory_order_relaxed);
}

void ledger_unpin(struct ledger_source *source)
{
    if (source != NULL)
        atomic_fetch_sub_explicit(&source->pins, 1, memory_order_release);
}

void ledger_prove(struct ledger_source *source, uint32_t now)
{
    /* In the shared place nobody is known from anybody else. */
    if (atomic_load_explicit(&source->id, memory_order_relaxed) != 0 &&
        atomic_load_explicit(&source->proved, memory_order_relaxed) != now)
        atomic_store_explicit(&source->proved, now, memory_order_relaxed);
}

int ledger_is_proved(const struct ledger_source *source, uint32_t now)
{
    uint32_t proved = atomic_load_explicit(&source->proved, memory_order_relaxed);

    /* Another thread's clock may be a second ahead. */
    return proved != 0 && (int32_t)(now - proved) < BOUND_LEDGER_PROVED;
}

uint32_t ledger_share(const struct ledger_source *source, uint32_t in_hand, uint32_t bound, uint32_t now)
{
    uint32_t kept = ledger_is_proved(source, now) ? 0 : bound / KEPT_SHARE / (in_hand <= 1 ? 2 : 1);

    return bound - kept > 0 ? bound - kept : 1;
}

int ledger_take(atomic_uint *gauge, uint32_t bound)
{
    if (atomic_fetch_add_explicit(gauge, 1, memory_order_relaxed) < bound)
        return 1;
    atomic_fetch_sub_explicit(gauge, 1, memory_order_relaxed);
    return 0;
}

void ledger_give(atomic_uint *gauge)
{
    atomic_fetch_sub_explicit(gauge, 1, memory_order_relaxed);
}

/* halve brings |word| to |now|. */
static uint64_t halve(uint64_t word, uint32_t halving, uint32_t now)
{
    uint32_t since = (uint32_t)(word >> 32), count = (uint32_t)word;
    uint32_t times = now > since ? (now - since) / halving : 0;

    if (count == 0 || times >= 32)
        return (uint64_t)now << 32;
    return (uint64_t)(since + times * halving) << 32 | count >> times;
}

uint32_t ledger_happened(struct ledger_recent *recent, uint32_t halving, uint32_t now)
{
    return ledger_add(recent, 1, halving, now);
}

uint32_t ledger_add(struct ledger_recent *recent, uint32_t more, uint32_t halving, uint32_t now)
{
    uint64_t before = atomic_load_explicit(&recent->word, memory_order_relaxed), after;

    do {
        uint32_t room;
        after = halve(before, halving, now);
        room = UINT32_MAX - (uint32_t)after;
        after += more < room ? more : room;
    } while (!atomic_compare_exchange_weak_explicit(&recent->word, &before, after, memory_order_relaxed,
                                                    memory_order_relaxed));
    return (uint32_t)after;
}

uint32_t ledger_lately(const struct ledger_recent *recent, uint32_t halving, uint32_t now)
{
    return (uint32_t)halve(atomic_load_explicit(&recent->word, memory_order_relaxed), halving, now);
}

void ledger_forget(struct ledger_recent *recent)
{
    atomic_store_explicit(&recent->word, 0, memory_order_relaxed);
}
