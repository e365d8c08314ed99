/* Looks for certificates that end and were not updated, by the index of their notAfter. */
#include "server/upkeep/overdue.h"

#include <string.h>
#include <time.h>

#include "server/base/log.h"
#include "storage/row.h"

enum { DAY = 24 * 3600, PERCENT = 100, DATE_MAX = 32 };
enum { ARENA = STORE_OLD_MAX * 128 * 1024 }; /* bounds a piece; the largest rows fit */

static const struct config_profile *profile_of(const struct overdue_walk *walk, struct bytes name)
{
    for (size_t i = 0; i < walk->config->profile_count; i++) {
        const struct config_profile *profile = &walk->config->profiles[i];
        if (bytes_equal(bytes_str(profile->name), name) && strcmp(profile->ca, walk->ca->name) == 0)
            return profile;
    }
    return NULL;
}

/* How long before notAfter a certificate of today's profiles is overdue, at most. They may be a little longer
 * than the profile says, for clocks that are late. */
static int64_t longest(const struct overdue_walk *walk)
{
    int64_t all = 0;

    for (size_t i = 0; i < walk->config->profile_count; i++) {
        const struct config_profile *profile = &walk->config->profiles[i];
        int64_t own =
            (int64_t)profile->certificate.validity_days * DAY * profile->update.overdue_percent / PERCENT;
        if (strcmp(profile->ca, walk->ca->name) == 0 && own > all)
            all = own;
    }
    return all != 0 ? all + DAY : 0;
}

static int is_due(const struct config_profile *profile, const struct store_cert *cert, int64_t now)
{
    int64_t validity = cert->not_after - cert->not_before;

    return profile != NULL && profile->update.overdue_percent != 0 && cert->transaction_id.len != 0 &&
           cert->status == STORE_CERT_VALID &&
           now >= cert->not_after - validity * profile->update.overdue_percent / PERCENT;
}

/* struct suspect is a certificate that is due, with what is known of its device. */
struct suspect {
    const struct store_cert *cert;
    const struct config_profile *profile;
    const struct store_fetch *device, *claims; /* NULL: none is known */
};

/* A device that enrolled anew has its slots for other certificates: this one is none of its any more. */
static int was_replaced(const struct suspect *suspect)
{
    const struct store_claim *rows = suspect->claims->rows;
    size_t count = suspect->claims->outcome == STORE_FOUND ? suspect->claims->count : 0, others = 0;

    for (size_t i = 0; i < count; i++) {
        struct bytes device, profile;
        int slot;
        if (!store_claim_of(&device, &slot, &profile, rows[i].claim) ||
            !bytes_equal(device, suspect->cert->device))
            break;
        if (!bytes_equal(profile, suspect->cert->profile))
            continue;
        if (bytes_equal(rows[i].serial, suspect->cert->serial))
            return 0;
        others++;
    }
    return others != 0;
}

static int is_overdue(const struct suspect *suspect, const struct store_device **device)
{
    *device = NULL;
    if (suspect->device == NULL)
        return 1;
    if (suspect->device->outcome == STORE_FOUND)
        *device = suspect->device->rows;
    if (*device == NULL)
        return suspect->profile->devices == CONFIG_DEVICES_OPEN;
    return (*device)->state != STORE_DEVICE_BLOCKED && !was_replaced(suspect);
}

/* Looks up what is asked for of each suspect whose device is known: its row, or its claims. Returns 0 if the
 * store did not answer. */
static int look_up(struct store_fetch fetches[STORE_OLD_MAX], const struct overdue_walk *walk,
                   struct store *store, const struct suspect *suspects, size_t n,
                   const struct store_fetch *what)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        if (suspects[i].cert->device.len == 0)
            continue;
        fetches[count] = *what;
        fetches[count].issuer = bytes_of(walk->issuer, STORE_ISSUER_ID);
        fetches[count++].key = suspects[i].cert->device;
    }
    if (!store_fetch_all_wait(store, fetches, count))
        return 0;
    for (size_t i = 0; i < count; i++)
        if (fetches[i].outcome == STORE_FETCH_UNAVAILABLE)
            return 0;
    return 1;
}

/* Returns 1, 0 when there was enough, or -1 if the store did not answer. */
static int tell(const struct overdue_walk *walk, struct store *store, struct suspect *suspects, size_t n,
                struct arena *arena, overdue_found *found, void *arg)
{
    const struct store_fetch device = {.kind = STORE_DEVICES, .arena = arena};
    const struct store_fetch claims = {.kind = STORE_CLAIMS, .index = STORE_NEXT_CLAIMS, .arena = arena};
    struct store_fetch of_devices[STORE_OLD_MAX], of_claims[STORE_OLD_MAX];
    size_t known = 0;

    if (!look_up(of_devices, walk, store, suspects, n, &device) ||
        !look_up(of_claims, walk, store, suspects, n, &claims))
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct overdue overdue = {.cert = suspects[i].cert};
        if (suspects[i].cert->device.len != 0) {
            suspects[i].device = &of_devices[known];
            suspects[i].claims = &of_claims[known++];
        }
        if (is_overdue(&suspects[i], &overdue.device) && !found(arg, &overdue))
            return 0;
    }
    return 1;
}

/* Of |n| rows; how far they reach beyond |last| is no matter. Returns as tell(). */
static int look_at(const struct overdue_walk *walk, struct store *store, const struct store_cert *certs,
                   size_t n, int64_t now, struct arena *arena, overdue_found *found, void *arg)
{
    struct suspect suspects[STORE_OLD_MAX];
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        const struct config_profile *profile = profile_of(walk, certs[i].profile);
        if (is_due(profile, &certs[i], now))
            suspects[count++] = (struct suspect){.cert = &certs[i], .profile = profile};
    }
    return tell(walk, store, suspects, count, arena, found, arg);
}

static enum overdue_end do_piece(struct overdue_walk *walk, struct store *store, int64_t now,
                                 struct arena *arena, overdue_found *found, void *arg)
{
    struct store_fetch fetch = {.kind = STORE_CERTIFICATES,
                                .index = STORE_ENDING,
                                .issuer = bytes_of(walk->issuer, STORE_ISSUER_ID),
                                .key = bytes_of(walk->serial, walk->serial_len),
                                .before = walk->after,
                                .arena = arena};
    const struct store_cert *certs;
    int going;

    if (!store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE)
        return OVERDUE_UNAVAILABLE;
    if (fetch.outcome != STORE_FOUND)
        return OVERDUE_OVER;
    certs = fetch.rows;
    going = look_at(walk, store, certs, fetch.count, now, arena, found, arg);
    if (going < 0)
        return OVERDUE_UNAVAILABLE;
    certs += fetch.count - 1;
    if (going == 0 || fetch.count < STORE_OLD_MAX || certs->not_after > now + longest(walk))
        return OVERDUE_OVER;
    walk->after = certs->not_after;
    walk->serial_len = certs->serial.len;
    memcpy(walk->serial, certs->serial.data, certs->serial.len);
    return OVERDUE_MORE;
}

enum overdue_end overdue_piece(struct overdue_walk *walk, struct store *store, int64_t now,
                               overdue_found *found, void *arg)
{
    struct arena *arena;
    enum overdue_end end;

    if (walk->after == 0)
        walk->after = now - BOUND_OVERDUE_EXPIRED;
    arena = arena_new(ARENA);
    end = arena != NULL ? do_piece(walk, store, now, arena, found, arg) : OVERDUE_UNAVAILABLE;
    arena_free(arena);
    return end;
}

/* ---- the job ---- */

/* struct counting is a count that goes on. */
struct counting {
    struct overdue_count *job;
    int64_t now;
};

static int count_one(void *arg, const struct overdue *found)
{
    const struct counting *counting = arg;
    struct overdue_count *job = counting->job;
    int64_t end = found->cert->not_after;

    job->count++;
    if (end < counting->now)
        job->expired++;
    else if (job->next == 0)
        job->next = end; /* they come in this order */
    return 1;
}

static void begin_count(struct overdue_count *job, int64_t now)
{
    job->is_busy = 1;
    job->began = now;
    job->ca = 0;
    job->walk = (struct overdue_walk){.config = NULL};
    job->count = job->expired = job->next = 0;
}

static void end_count(struct overdue_count *job, int64_t now)
{
    char date[DATE_MAX] = "none";
    time_t next = (time_t)job->next;
    struct tm tm;

    job->is_busy = 0;
    atomic_store(&job->counted, job->count);
    atomic_store(&job->counted_expired, job->expired);
    atomic_store(&job->counted_at, now);
    atomic_store(&job->is_counted, 1);
    if (job->count == job->told && (job->count == 0 || now - job->told_at < DAY))
        return;
    job->told = job->count;
    job->told_at = now;
    if (next != 0)
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&next, &tm));
    if (job->count == 0)
        log_line(LOG_INFO, "no certificate is overdue any more");
    else
        log_line(LOG_WARN, "certificates are overdue", log_number("count", job->count),
                 log_number("expired", job->expired), log_word("next_not_after", date),
                 log_text("text", "their stations have not updated them, though they end: cmpctl device "
                                  "overdue lists them"));
}

/* The configuration may have changed since the last piece. */
static void do_next(struct overdue_count *job, const struct policy *policy, struct store *store, int64_t now)
{
    const struct config *config = policy_config(policy);
    struct counting counting = {job, now};
    const struct cmp_authority *ca;
    enum overdue_end end;

    if (job->ca >= config->ca_count) {
        end_count(job, now);
        return;
    }
    ca = policy_authority(policy, config->cas[job->ca].name);
    job->walk.config = config;
    job->walk.ca = &config->cas[job->ca];
    memcpy(job->walk.issuer, ca->id, STORE_ISSUER_ID);
    end = overdue_piece(&job->walk, store, now, count_one, &counting);
    if (end == OVERDUE_OVER) {
        job->ca++;
        job->walk = (struct overdue_walk){.config = NULL};
    } else if (end == OVERDUE_UNAVAILABLE) {
        begin_count(job, now); /* from the first, so that none is counted twice */
    }
}

void overdue_run(struct overdue_count *job, const struct policy *policy, struct store *store, int64_t now)
{
    if (!job->is_busy && job->began != 0 && now >= job->began && now - job->began < BOUND_OVERDUE_EVERY)
        return;
    if (!job->is_busy || now < job->began)
        begin_count(job, now);
    for (int i = 0; job->is_busy && i < BOUND_OVERDUE_PIECES; i++)
        do_next(job, policy, store, now);
}

int overdue_counted(const struct overdue_count *job, int64_t *count, int64_t *expired, int64_t *at)
{
    *at = atomic_load(&job->counted_at);
    *count = atomic_load(&job->counted);
    *expired = atomic_load(&job->counted_expired);
    return atomic_load(&job->is_counted);
}

static int run_job(void *state, const struct upkeep_turn *turn)
{
    overdue_run(state, turn->policy, turn->store, turn->now_ms / 1000);
    return 1;
}

const struct upkeep_job overdue_job = {
    .name = "overdue",
    .every = 1,
    .strand = UPKEEP_LONG,
    .in_service = 1,
    .size = sizeof(struct overdue_count),
    .run = run_job,
};
