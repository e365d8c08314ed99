/* ocsp.c: the thread that renews responders and follows revocations. */
#include "server/ocsp/ocsp.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "server/base/clock.h"
#include "server/ocsp/follower.h"

enum { DAY = 24 * 60 * 60, RETRY_MS = 5000, MIB = 1024 * 1024 };

/* struct issuer is one CA. */
struct issuer {
    uint8_t id[STORE_ISSUER_ID];
    struct follower follower;
    struct responder *responder; /* written under the service's lock; NULL: there is none yet */
    int64_t tried_ms;            /* when one was asked for last; 0: never */
    int failing;                 /* 1: that failed, and the log says so */
};

struct ocsp_service {
    struct store *store;
    struct ocsp_cache *cache;
    pthread_t thread;

    /* Written by the thread, under the lock. */
    struct issuer issuers[BOUND_AUTHORITIES];
    size_t issuer_count;

    pthread_mutex_t lock; /* over what follows, too */
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

/* ---- on the thread ---- */

static struct issuer *find_or_add(struct ocsp_service *service, const struct cmp_authority *ca)
{
    struct issuer *issuer = find(service, ca->id);

    if (issuer != NULL || service->issuer_count == BOUND_AUTHORITIES)
        return issuer;
    pthread_mutex_lock(&service->lock);
    issuer = &service->issuers[service->issuer_count++];
    *issuer = (struct issuer){.failing = 0};
    memcpy(issuer->id, ca->id, sizeof issuer->id);
    pthread_mutex_unlock(&service->lock);
    return issuer;
}

static int is_configured(const struct issuer *issuer, const struct policy *policy)
{
    const struct config *config = policy_config(policy);

    for (size_t i = 0; i < config->ca_count; i++)
        if (memcmp(policy_authority(policy, config->cas[i].name)->id, issuer->id, sizeof issuer->id) == 0)
            return 1;
    return 0;
}

/* A CA that has gone, or has another key. */
static void drop_former(struct ocsp_service *service, const struct policy *policy)
{
    for (size_t i = 0; i < service->issuer_count;) {
        struct issuer *issuer = &service->issuers[i];
        if (is_configured(issuer, policy)) {
            i++;
            continue;
        }
        ocsp_cache_changing(service->cache);
        ocsp_cache_drop_issuer(service->cache, issuer->id);
        pthread_mutex_lock(&service->lock);
        responder_release(issuer->responder);
        *issuer = service->issuers[--service->issuer_count];
        pthread_mutex_unlock(&service->lock);
    }
}

/* Half of its time is left for whatever keeps a new one from being made. Where the CA itself ends sooner, a
 * new one would end with it, too. */
static int is_due(const struct issuer *issuer, const struct cmp_authority *ca, unsigned days, int64_t now)
{
    const struct responder *responder = issuer->responder;
    int64_t left = responder != NULL ? responder->not_after - now : 0;

    if (now > ca->cert.not_after)
        return 0;
    return left <= 0 || (left < (int64_t)days * DAY / 2 && responder->not_after < ca->cert.not_after);
}

static void set_responder(struct ocsp_service *service, struct issuer *issuer, struct responder *responder)
{
    struct responder *former = issuer->responder;

    pthread_mutex_lock(&service->lock);
    issuer->responder = responder;
    pthread_mutex_unlock(&service->lock);
    responder_release(former);
}

static void renew(struct ocsp_service *service, struct issuer *issuer, const struct cmp_authority *ca,
                  unsigned days, int64_t now)
{
    struct responder *responder;
    const char *why;

    if (issuer->failing && clock_steady_ms() - issuer->tried_ms < RETRY_MS)
        return;
    issuer->tried_ms = clock_steady_ms();
    responder = responder_new(&why, ca, service->store, days, now);
    if (responder != NULL) {
        issuer->failing = 0;
        set_responder(service, issuer, responder);
        log_line(LOG_INFO, "OCSP responder certified", log_word("ca", ca->name),
                 log_hexadecimal("serial", bytes_of(responder->serial, STORE_SERIAL)),
                 log_number("days", days));
        return;
    }
    if (!issuer->failing)
        log_line(LOG_ERROR, "OCSP responder not certified", log_word("ca", ca->name), log_text("text", why),
                 log_number("seconds_left", issuer->responder != NULL && issuer->responder->not_after > now
                                                ? issuer->responder->not_after - now
                                                : 0));
    issuer->failing = 1;
}

struct change {
    struct ocsp_service *service;
    struct issuer *issuer;
};

/* A responder that somebody has revoked signs no more. */
static void changed(void *arg, const struct store_revocation *row)
{
    const struct change *change = arg;
    const struct responder *responder = change->issuer->responder;

    if (responder != NULL && row->status != STORE_CERT_VALID &&
        bytes_equal(row->serial, bytes_of(responder->serial, STORE_SERIAL)))
        set_responder(change->service, change->issuer, NULL);
}

static void look_at_all(struct ocsp_service *service, const struct policy *policy)
{
    const struct config *config = policy_config(policy);

    for (size_t i = 0; i < config->ca_count; i++) {
        const struct cmp_authority *ca = policy_authority(policy, config->cas[i].name);
        struct issuer *issuer = find_or_add(service, ca);
        struct change change = {service, issuer};
        int64_t now = time(NULL);
        if (issuer == NULL)
            continue;
        follower_look(&issuer->follower, service->cache, service->store, issuer->id, changed, &change);
        if (is_due(issuer, ca, config->ocsp.responder_days, now))
            renew(service, issuer, ca, config->ocsp.responder_days, now);
    }
}

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

static void *run(void *arg)
{
    struct ocsp_service *service = arg;
    struct policy *last = NULL, *policy;

    while ((policy = next_policy(service, last)) != NULL) {
        if (policy != last) {
            ocsp_cache_limit(service->cache, (size_t)policy_config(policy)->ocsp.cache_mib * MIB);
            drop_former(service, policy);
        }
        policy_release(last);
        last = policy; /* held: no other one can have its address */
        look_at_all(service, policy);
    }
    policy_release(last);
    return NULL;
}

static int start(struct ocsp_service *service)
{
    sigset_t all, before;
    int ok;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = pthread_create(&service->thread, NULL, run, service) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ok)
        pthread_setname_np(service->thread, "ocsp");
    return ok;
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
    pthread_mutex_lock(&service->lock);
    service->stopping = 1;
    pthread_cond_broadcast(&service->wake);
    pthread_mutex_unlock(&service->lock);
    pthread_join(service->thread, NULL);
    dispose(service);
}
