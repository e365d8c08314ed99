/* Counts certificates, a bounded number at a time, by the index of their serials. */
#include "server/upkeep/inventory.h"

#include <stdio.h>
#include <string.h>

#include "crypto/random.h"
#include "server/base/bounds.h"

enum { DAY = 24 * 3600 };
enum { ARENA = STORE_OLD_MAX * 1024 }; /* bounds a piece: its rows have two short columns of octets */

static const char lease_name[] = "inventory";

void inventory_init(struct inventory *inventory)
{
    pthread_mutex_init(&inventory->lock, NULL);
}

void inventory_cleanup(struct inventory *inventory)
{
    pthread_mutex_destroy(&inventory->lock);
}

/* ---- whether it is this node's to count ---- */

static enum store_outcome ask_for_lease(const struct inventory *inventory, struct store *store, int gives_up)
{
    const struct store_lease lease = {lease_name, bytes_of(inventory->holder, INVENTORY_HOLDER),
                                      gives_up ? -1 : BOUND_INVENTORY_LEASE, 0};
    struct store_unit unit = {.lease = &lease};

    return store_commit_wait(store, &unit) ? unit.outcome : STORE_UNAVAILABLE;
}

/* What this node has counted is no longer to be told: it is another's to count. */
static void follow(struct inventory *inventory)
{
    inventory->is_busy = 0;
    inventory->began = 0;
    pthread_mutex_lock(&inventory->lock);
    inventory->held = 0;
    inventory->told.at = 0;
    pthread_mutex_unlock(&inventory->lock);
}

static int holds(const struct inventory *inventory, int64_t now)
{
    return inventory->held != 0 && now >= inventory->held && now - inventory->held < BOUND_INVENTORY_LEASE;
}

/* Three times before it lapses. While the store does not answer, what was counted stays for as long as nobody
 * else can have the lease. */
static int may_count(struct inventory *inventory, struct store *store, int64_t now)
{
    enum store_outcome outcome;

    if (inventory->asked != 0 && now >= inventory->asked &&
        now - inventory->asked < BOUND_INVENTORY_LEASE / 3)
        return holds(inventory, now);
    if (inventory->asked == 0)
        random_bytes(inventory->holder, INVENTORY_HOLDER);
    inventory->asked = now;
    outcome = ask_for_lease(inventory, store, 0);
    /* Another may have counted since it lapsed, and given it up: what this node had counted is the older one.
     */
    if (outcome == STORE_CONFLICT || (outcome == STORE_DONE && !holds(inventory, now)))
        follow(inventory);
    if (outcome != STORE_DONE)
        return holds(inventory, now);
    pthread_mutex_lock(&inventory->lock);
    inventory->held = now;
    pthread_mutex_unlock(&inventory->lock);
    return 1;
}

/* ---- a round ---- */

static enum inventory_end end_of(int64_t left)
{
    static const int64_t days[] = {
        [INVENTORY_1_DAY] = 1, [INVENTORY_7_DAYS] = 7, [INVENTORY_30_DAYS] = 30, [INVENTORY_90_DAYS] = 90};
    enum inventory_end end = INVENTORY_1_DAY;

    if (left < 0)
        return INVENTORY_ENDED;
    while (end < INVENTORY_LONGER && left >= days[end] * DAY)
        end++;
    return end;
}

static size_t number_of(const struct config *config, struct bytes profile)
{
    for (size_t i = 0; i < config->profile_count; i++)
        if (bytes_equal(bytes_str(config->profiles[i].name), profile))
            return metric_name_number(&cmp_profile_names, config->profiles[i].name);
    return profile.len == 0 ? METRIC_NAME_NONE : METRIC_NAME_OTHER;
}

/* Most have the profile of the one before. */
static void count(struct inventory_counts *counts, const struct config *config,
                  const struct store_cert *certs, size_t n)
{
    size_t number = METRIC_NAME_NONE;

    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !bytes_equal(certs[i].profile, certs[i - 1].profile))
            number = number_of(config, certs[i].profile);
        if ((size_t)certs[i].status < (size_t)INVENTORY_STATES)
            counts->of[number][certs[i].status][end_of(certs[i].not_after - counts->at)]++;
    }
}

static void begin_round(struct inventory *inventory, const struct policy *policy, int64_t now)
{
    inventory->is_busy = 1;
    snprintf(inventory->configuration, sizeof inventory->configuration, "%s", policy_hash(policy));
    inventory->began = now;
    inventory->ca = 0;
    inventory->serial_len = 0;
    inventory->counts = (struct inventory_counts){.at = now};
}

static void end_round(struct inventory *inventory)
{
    inventory->is_busy = 0;
    pthread_mutex_lock(&inventory->lock);
    inventory->told = inventory->counts;
    pthread_mutex_unlock(&inventory->lock);
}

/* Two CAs of a configuration may have the same key: their certificates are the same rows. */
static int is_counted(const struct policy *policy, size_t i)
{
    const struct config *config = policy_config(policy);
    const struct cmp_authority *ca = policy_authority(policy, config->cas[i].name);

    for (size_t j = 0; j < i; j++)
        if (memcmp(policy_authority(policy, config->cas[j].name)->id, ca->id, sizeof ca->id) == 0)
            return 1;
    return 0;
}

/* Returns 0 if the store did not answer: then the piece is to be done again. */
static int do_piece(struct inventory *inventory, const struct policy *policy, struct store *store,
                    struct arena *arena)
{
    const struct config *config = policy_config(policy);
    const struct cmp_authority *ca = policy_authority(policy, config->cas[inventory->ca].name);
    struct store_fetch fetch = {.kind = STORE_CERTIFICATES,
                                .index = STORE_STATES,
                                .issuer = bytes_of(ca->id, STORE_ISSUER_ID),
                                .key = bytes_of(inventory->serial, inventory->serial_len),
                                .arena = arena};
    const struct store_cert *certs;

    if (!store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE)
        return 0;
    certs = fetch.rows;
    if (fetch.outcome == STORE_FOUND)
        count(&inventory->counts, config, certs, fetch.count);
    if (fetch.outcome != STORE_FOUND || fetch.count < STORE_OLD_MAX) {
        inventory->ca++;
        inventory->serial_len = 0;
        return 1;
    }
    inventory->serial_len = certs[fetch.count - 1].serial.len;
    memcpy(inventory->serial, certs[fetch.count - 1].serial.data, inventory->serial_len);
    return 1;
}

/* Returns 0 if the store did not answer. */
static int do_next(struct inventory *inventory, const struct policy *policy, struct store *store)
{
    struct arena *arena;
    int done;

    while (inventory->ca < policy_config(policy)->ca_count && is_counted(policy, inventory->ca))
        inventory->ca++;
    if (inventory->ca >= policy_config(policy)->ca_count) {
        end_round(inventory);
        return 1;
    }
    if ((arena = arena_new(ARENA)) == NULL)
        return 0;
    done = do_piece(inventory, policy, store, arena);
    arena_free(arena);
    return done;
}

/* Whether a round is to begin: another configuration has other CAs and profiles. */
static int is_time(const struct inventory *inventory, const struct policy *policy, int64_t now)
{
    if (now < inventory->began || strcmp(inventory->configuration, policy_hash(policy)) != 0)
        return 1;
    return !inventory->is_busy && (inventory->began == 0 || now - inventory->began >= BOUND_INVENTORY_EVERY);
}

void inventory_run(struct inventory *inventory, const struct policy *policy, struct store *store, int64_t now)
{
    int going = 1;

    if (!may_count(inventory, store, now))
        return;
    if (is_time(inventory, policy, now))
        begin_round(inventory, policy, now);
    for (int i = 0; going && inventory->is_busy && i < BOUND_INVENTORY_PIECES; i++)
        going = do_next(inventory, policy, store);
}

int inventory_told(struct inventory *inventory, struct inventory_counts *out, int64_t now)
{
    int is_told;

    pthread_mutex_lock(&inventory->lock);
    is_told = inventory->told.at != 0 && holds(inventory, now);
    if (is_told)
        *out = inventory->told;
    pthread_mutex_unlock(&inventory->lock);
    return is_told;
}

void inventory_end(struct inventory *inventory, struct store *store)
{
    if (inventory->held != 0 && store != NULL)
        ask_for_lease(inventory, store, 1);
    follow(inventory);
}

/* ---- the job ---- */

static void begin(void *state)
{
    inventory_init(state);
}

static int run(void *state, const struct upkeep_turn *turn)
{
    inventory_run(state, turn->policy, turn->store, turn->now_ms / 1000);
    return 1;
}

static void end(void *state, const struct upkeep_turn *turn)
{
    inventory_end(state, turn->store);
    inventory_cleanup(state);
}

const struct upkeep_job inventory_job = {
    .name = "inventory",
    .every = 1,
    .strand = UPKEEP_LONG,
    .in_service = 1,
    .size = sizeof(struct inventory),
    .begin = begin,
    .run = run,
    .end = end,
};
