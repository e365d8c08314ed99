/* ocsp.c: the threads that follow revocations and renew responders. */
#include "server/ocsp/ocsp.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/base/clock.h"
#include "server/ocsp/follower.h"

enum { DAY = 24 * 60 * 60, RETRY_MS = 5000, MIB = 1024 * 1024, TELL_EVERY = 300 };

/* struct issuer is who signs for one CA. */
struct issuer {
    uint8_t id[STORE_ISSUER_ID];
    struct responder *responder; /* NULL: there is none yet, or it was revoked */
    unsigned doubts;             /* times that nobody would have heard of it if it was revoked … */
    unsigned settled;            /* … and up to which of those its certificate was looked up since */
    int64_t tried_ms;            /* when one was asked for last; 0: never */
    int failing;                 /* 1: that failed, and the log says so */
    int told_ended;              /* 1: the log has said that the CA has ended */
    char ca[STORE_NAME_MAX + 1]; /* its name */
    unsigned days;               /* for which a responder is certified */
    int64_t wanted_ms;           /* by the clock that nobody sets: since when one is wanted; 0: none is */
    int64_t told_late;           /* Unix seconds, when the log said so last; 0: it is not late */
};

/* struct followed is one CA whose revocations are followed. */
struct followed {
    uint8_t id[STORE_ISSUER_ID];
    struct follower follower;
};

/* Two threads: a key in a token that hangs must not keep anybody from hearing of a revocation. */
enum { FOLLOWS, RENEWS, THREADS };

struct ocsp_service {
    struct store *store;
    struct ocsp_cache *cache;
    pthread_t threads[THREADS];
    int started;

    /* Of the thread that follows. */
    struct followed followed[BOUND_AUTHORITIES];
    size_t followed_count;

    pthread_mutex_t lock;                     /* over what follows */
    struct issuer issuers[BOUND_AUTHORITIES]; /* the thread that renews adds and removes */
    size_t issuer_count;
    pthread_cond_t wake;
    struct policy *policy;
    int stopping;
};

struct ocsp_cache *ocsp_cache(struct ocsp_service *service)
{
    return service->cache;
}

static struct issuer *find(struct ocsp_service *service, const uint8_t id[STORE_ISSUER_ID])
{
    for (size_t i = 0; i < service->issuer_count; i++)
        if (memcmp(service->issuers[i].id, id, STORE_ISSUER_ID) == 0)
            return &service->issuers[i];
    return NULL;
}

struct responder *ocsp_responder(struct ocsp_service *service, const uint8_t issuer[STORE_ISSUER_ID],
                                 int64_t now)
{
    const struct issuer *found;
    struct responder *responder = NULL;

    pthread_mutex_lock(&service->lock);
    found = find(service, issuer);
    if (found != NULL && found->responder != NULL && now < found->responder->not_after)
        responder = responder_acquire(found->responder);
    pthread_mutex_unlock(&service->lock);
    return responder;
}

/* As of CRLs (server/crl/issuer.c): when half of the time has gone in which another one had to come. */
static int is_late(const struct issuer *issuer, int64_t now, int64_t now_ms)
{
    const struct responder *responder = issuer->responder;

    if (issuer->wanted_ms == 0 || now_ms - issuer->wanted_ms < OCSP_PATIENCE_MS)
        return 0;
    return responder == NULL || responder->not_after - now < (int64_t)issuer->days * DAY / 4;
}

size_t ocsp_list(struct ocsp_service *service, struct ocsp_told out[BOUND_AUTHORITIES], int64_t now,
                 int64_t now_ms)
{
    size_t count;

    pthread_mutex_lock(&service->lock);
    count = service->issuer_count;
    for (size_t i = 0; i < count; i++) {
        const struct issuer *issuer = &service->issuers[i];
        out[i] = (struct ocsp_told){.not_after = issuer->responder != NULL ? issuer->responder->not_after : 0,
                                    .is_late = is_late(issuer, now, now_ms)};
        snprintf(out[i].ca, sizeof out[i].ca, "%s", issuer->ca);
    }
    pthread_mutex_unlock(&service->lock);
    return count;
}

static int is_configured(const uint8_t id[STORE_ISSUER_ID], const struct policy *policy)
{
    const struct config *config = policy_config(policy);

    for (size_t i = 0; i < config->ca_count; i++)
        if (memcmp(policy_authority(policy, config->cas[i].name)->id, id, STORE_ISSUER_ID) == 0)
            return 1;
    return 0;
}

/* A responder that somebody has revoked signs no more, and what it has signed is not given out any more: who
 * takes it before this has noted the cache's epoch before that (query.c). */
static void stop_using(struct ocsp_service *service, const uint8_t id[STORE_ISSUER_ID], struct bytes serial)
{
    struct responder *revoked = NULL;
    struct issuer *found;

    pthread_mutex_lock(&service->lock);
    found = find(service, id);
    if (found != NULL && found->responder != NULL &&
        bytes_equal(serial, bytes_of(found->responder->serial, STORE_SERIAL))) {
        revoked = found->responder;
        found->responder = NULL;
    }
    pthread_mutex_unlock(&service->lock);
    if (revoked == NULL)
        return;
    log_line(LOG_INFO, "OCSP responder signs no more", log_hexadecimal("serial", serial),
             log_text("text", "its certificate was revoked, or is not in the store"));
    ocsp_cache_changing(service->cache);
    ocsp_cache_drop_issuer(service->cache, id);
    responder_release(revoked);
}

/* ---- the thread that follows ---- */

static void changed(void *arg, const uint8_t issuer[STORE_ISSUER_ID], const struct store_revocation *row)
{
    if (row->status != STORE_CERT_VALID)
        stop_using(arg, issuer, row->serial);
}

/* Between its last look and the beginning of this one the follower may have missed changes. */
static void doubt(struct ocsp_service *service, const uint8_t id[STORE_ISSUER_ID])
{
    struct issuer *found;

    pthread_mutex_lock(&service->lock);
    found = find(service, id);
    if (found != NULL)
        found->doubts++;
    pthread_mutex_unlock(&service->lock);
}

/* The responder of the CA |id|, held, if it is in doubt; |*doubts| is which doubt that is. */
static struct responder *doubted(struct ocsp_service *service, const uint8_t id[STORE_ISSUER_ID],
                                 unsigned *doubts)
{
    struct responder *responder = NULL;
    const struct issuer *found;

    pthread_mutex_lock(&service->lock);
    found = find(service, id);
    if (found != NULL && found->doubts != found->settled) {
        responder = responder_acquire(found->responder);
        *doubts = found->doubts;
    }
    pthread_mutex_unlock(&service->lock);
    return responder;
}

static void settled(struct ocsp_service *service, const uint8_t id[STORE_ISSUER_ID], unsigned doubts)
{
    struct issuer *found;

    pthread_mutex_lock(&service->lock);
    found = find(service, id);
    if (found != NULL)
        found->settled = doubts;
    pthread_mutex_unlock(&service->lock);
}

/* Looks up whether a responder was revoked while nobody would have heard of it. */
static void settle(struct ocsp_service *service, const uint8_t id[STORE_ISSUER_ID])
{
    unsigned doubts;
    struct responder *responder = doubted(service, id, &doubts);
    struct store_fetch fetch = {.kind = STORE_CERTIFICATES, .issuer = bytes_of(id, STORE_ISSUER_ID)};

    if (responder == NULL)
        return;
    fetch.key = bytes_of(responder->serial, STORE_SERIAL);
    fetch.arena = arena_new(BOUND_JOB_ARENA);
    if (fetch.arena != NULL && store_fetch_wait(service->store, &fetch) &&
        fetch.outcome != STORE_FETCH_UNAVAILABLE) {
        const struct store_cert *cert = fetch.rows;
        if (fetch.outcome == STORE_ABSENT || cert->status != STORE_CERT_VALID)
            stop_using(service, id, fetch.key);
        settled(service, id, doubts);
    }
    arena_free(fetch.arena);
    responder_release(responder);
}

static void follow_one(struct ocsp_service *service, struct followed *followed)
{
    int was_there = followed->follower.is_there;

    follower_look(&followed->follower, service->cache, service->store, followed->id, changed, service);
    if (!was_there && followed->follower.is_there)
        doubt(service, followed->id);
    settle(service, followed->id);
}

static struct followed *follow(struct ocsp_service *service, const struct cmp_authority *ca)
{
    struct followed *followed;

    for (size_t i = 0; i < service->followed_count; i++)
        if (memcmp(service->followed[i].id, ca->id, STORE_ISSUER_ID) == 0)
            return &service->followed[i];
    if (service->followed_count == BOUND_AUTHORITIES)
        return NULL;
    followed = &service->followed[service->followed_count++];
    *followed = (struct followed){.follower = {0}};
    memcpy(followed->id, ca->id, sizeof followed->id);
    return followed;
}

/* A CA that has gone, or has another key: nobody would hear of what changes. */
static void unfollow_former(struct ocsp_service *service, const struct policy *policy)
{
    for (size_t i = 0; i < service->followed_count;) {
        struct followed *followed = &service->followed[i];
        if (is_configured(followed->id, policy)) {
            i++;
            continue;
        }
        ocsp_cache_changing(service->cache);
        ocsp_cache_drop_issuer(service->cache, followed->id);
        *followed = service->followed[--service->followed_count];
    }
}

/* Here, for the thread that renews may wait for a token. */
static void tell_if_late(struct ocsp_service *service, int64_t now, int64_t now_ms)
{
    pthread_mutex_lock(&service->lock);
    for (size_t i = 0; i < service->issuer_count; i++) {
        struct issuer *issuer = &service->issuers[i];
        int64_t end = issuer->responder != NULL ? issuer->responder->not_after : 0;
        if (!is_late(issuer, now, now_ms)) {
            issuer->told_late = 0;
            continue;
        }
        if (issuer->told_late != 0 && now >= issuer->told_late && now - issuer->told_late < TELL_EVERY)
            continue;
        issuer->told_late = now;
        log_line(LOG_ERROR, "OCSP responder is late", log_word("alarm", "ocsp_late"),
                 log_word("ca", issuer->ca), log_number("seconds_left", end > now ? end - now : 0),
                 log_text("text", "the CA certifies no other one: see why (not certified), and whether its "
                                  "token answers; when this one has ended, who asks gets tryLater"));
    }
    pthread_mutex_unlock(&service->lock);
}

static void follow_all(struct ocsp_service *service, const struct policy *policy, int is_new)
{
    const struct config *config = policy_config(policy);

    if (is_new) {
        ocsp_cache_limit(service->cache, (size_t)config->ocsp.cache_mib * MIB);
        unfollow_former(service, policy);
    }
    for (size_t i = 0; i < config->ca_count; i++) {
        struct followed *followed = follow(service, policy_authority(policy, config->cas[i].name));
        if (followed != NULL)
            follow_one(service, followed);
    }
    tell_if_late(service, time(NULL), clock_steady_ms());
}

/* ---- the thread that renews ---- */

static struct issuer *find_or_add(struct ocsp_service *service, const struct cmp_authority *ca)
{
    struct issuer *issuer;

    pthread_mutex_lock(&service->lock);
    issuer = find(service, ca->id);
    if (issuer == NULL && service->issuer_count < BOUND_AUTHORITIES) {
        issuer = &service->issuers[service->issuer_count++];
        *issuer = (struct issuer){.failing = 0};
        memcpy(issuer->id, ca->id, sizeof issuer->id);
    }
    pthread_mutex_unlock(&service->lock);
    return issuer;
}

static void drop_former(struct ocsp_service *service, const struct policy *policy)
{
    pthread_mutex_lock(&service->lock);
    for (size_t i = 0; i < service->issuer_count;) {
        struct issuer *issuer = &service->issuers[i];
        if (is_configured(issuer->id, policy)) {
            i++;
            continue;
        }
        responder_release(issuer->responder);
        *issuer = service->issuers[--service->issuer_count];
    }
    pthread_mutex_unlock(&service->lock);
}

/* When the responder of |issuer| ends, Unix seconds; 0: there is none. */
static int64_t end_of(struct ocsp_service *service, const struct issuer *issuer)
{
    int64_t end;

    pthread_mutex_lock(&service->lock);
    end = issuer->responder != NULL ? issuer->responder->not_after : 0;
    pthread_mutex_unlock(&service->lock);
    return end;
}

static void set_responder(struct ocsp_service *service, struct issuer *issuer, struct responder *responder)
{
    struct responder *former;

    pthread_mutex_lock(&service->lock);
    former = issuer->responder;
    issuer->responder = responder;
    issuer->wanted_ms = 0;
    issuer->doubts++; /* until now nobody would have known it */
    pthread_mutex_unlock(&service->lock);
    responder_release(former);
}

/* Half of its time is left for whatever keeps a new one from being made. Where the CA itself ends sooner, a
 * new one would end with it, too. */
static int is_due(int64_t end, const struct cmp_authority *ca, unsigned days, int64_t now)
{
    if (now >= ca->cert.not_after)
        return 0;
    return end <= now || (end - now < (int64_t)days * DAY / 2 && end < ca->cert.not_after);
}

/* Noted before one is asked for: that may take its time. */
static void note_wanted(struct ocsp_service *service, struct issuer *issuer, const struct cmp_authority *ca,
                        unsigned days, int is_wanted)
{
    pthread_mutex_lock(&service->lock);
    snprintf(issuer->ca, sizeof issuer->ca, "%s", ca->name);
    issuer->days = days;
    if (!is_wanted)
        issuer->wanted_ms = 0;
    else if (issuer->wanted_ms == 0)
        issuer->wanted_ms = clock_steady_ms();
    pthread_mutex_unlock(&service->lock);
}

static void tell_if_ended(struct issuer *issuer, const struct cmp_authority *ca, int64_t now)
{
    int ended = now > ca->cert.not_after;

    if (ended && !issuer->told_ended)
        log_line(LOG_ERROR, "OCSP ended", log_word("ca", ca->name),
                 log_text("reason", "the CA's certificate has ended"),
                 log_text("text", "nobody signs for it any more: who asks gets unauthorized"));
    issuer->told_ended = ended;
}

static void renew(struct ocsp_service *service, struct issuer *issuer, const struct cmp_authority *ca,
                  unsigned days, int64_t now)
{
    int64_t end = end_of(service, issuer);
    int is_wanted = is_due(end, ca, days, now);
    struct responder *responder;
    const char *why;

    note_wanted(service, issuer, ca, days, is_wanted);
    tell_if_ended(issuer, ca, now);
    if (!is_wanted || (issuer->failing && clock_steady_ms() - issuer->tried_ms < RETRY_MS))
        return;
    issuer->tried_ms = clock_steady_ms();
    responder = responder_new(&why, ca, service->store, days, now);
    if (responder == NULL) {
        if (!issuer->failing)
            log_line(LOG_ERROR, "OCSP responder not certified", log_word("ca", ca->name),
                     log_text("text", why), log_number("seconds_left", end > now ? end - now : 0));
        issuer->failing = 1;
        return;
    }
    issuer->failing = 0;
    log_line(LOG_INFO, "OCSP responder certified", log_word("ca", ca->name),
             log_hexadecimal("serial", bytes_of(responder->serial, STORE_SERIAL)), log_number("days", days));
    set_responder(service, issuer, responder);
}

static void renew_all(struct ocsp_service *service, const struct policy *policy, int is_new)
{
    const struct config *config = policy_config(policy);

    if (is_new)
        drop_former(service, policy);
    for (size_t i = 0; i < config->ca_count; i++) {
        const struct cmp_authority *ca = policy_authority(policy, config->cas[i].name);
        struct issuer *issuer = find_or_add(service, ca);
        if (issuer != NULL)
            renew(service, issuer, ca, config->ocsp.responder_days, time(NULL));
    }
}

/* ---- both ---- */

/* Waits for a while, or until there is another policy than |last|. Returns the policy to use, acquired, or
 * NULL to stop. */
static struct policy *next_policy(struct ocsp_service *service, const struct policy *last)
{
    struct policy *policy = NULL;
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += BOUND_OCSP_EVERY_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&service->lock);
    if (!service->stopping && service->policy == last)
        pthread_cond_timedwait(&service->wake, &service->lock, &until);
    if (!service->stopping)
        policy = policy_acquire(service->policy);
    pthread_mutex_unlock(&service->lock);
    return policy;
}

static void go_on(struct ocsp_service *service,
                  void (*turn)(struct ocsp_service *service, const struct policy *policy, int is_new))
{
    struct policy *last = NULL, *policy;

    while ((policy = next_policy(service, last)) != NULL) {
        turn(service, policy, policy != last);
        policy_release(last);
        last = policy; /* held: no other one can have its address */
    }
    policy_release(last);
}

/* Threads name themselves: nobody else may, in the sandbox. */
static void *run_follow(void *arg)
{
    pthread_setname_np(pthread_self(), "ocsp");
    go_on(arg, follow_all);
    return NULL;
}

static void *run_renew(void *arg)
{
    pthread_setname_np(pthread_self(), "ocsp-renew");
    go_on(arg, renew_all);
    return NULL;
}

static int start(struct ocsp_service *service)
{
    static void *(*const runs[THREADS])(void *) = {[FOLLOWS] = run_follow, [RENEWS] = run_renew};
    sigset_t all, before;
    int ok = 1;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (ok && service->started < THREADS) {
        ok = pthread_create(&service->threads[service->started], NULL, runs[service->started], service) == 0;
        service->started += ok;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static void join(struct ocsp_service *service)
{
    pthread_mutex_lock(&service->lock);
    service->stopping = 1;
    pthread_cond_broadcast(&service->wake);
    pthread_mutex_unlock(&service->lock);
    while (service->started > 0)
        pthread_join(service->threads[--service->started], NULL);
}

static void dispose(struct ocsp_service *service)
{
    for (size_t i = 0; i < service->issuer_count; i++)
        responder_release(service->issuers[i].responder);
    pthread_cond_destroy(&service->wake);
    pthread_mutex_destroy(&service->lock);
    policy_release(service->policy);
    ocsp_cache_free(service->cache);
    free(service);
}

struct ocsp_service *ocsp_new(struct policy *policy, struct store *store)
{
    struct ocsp_service *service = calloc(1, sizeof *service);
    pthread_condattr_t attributes;

    if (service == NULL)
        return NULL;
    service->store = store;
    service->policy = policy_acquire(policy);
    service->cache = ocsp_cache_new();
    pthread_mutex_init(&service->lock, NULL);
    /* Not the clock that an operator may set. */
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&service->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (service->cache != NULL && start(service))
        return service;
    join(service);
    dispose(service);
    return NULL;
}

void ocsp_set_policy(struct ocsp_service *service, struct policy *policy)
{
    struct policy *old;

    policy_acquire(policy);
    pthread_mutex_lock(&service->lock);
    old = service->policy;
    service->policy = policy;
    pthread_cond_broadcast(&service->wake);
    pthread_mutex_unlock(&service->lock);
    policy_release(old);
}

void ocsp_stop(struct ocsp_service *service)
{
    if (service == NULL)
        return;
    join(service);
    dispose(service);
}
