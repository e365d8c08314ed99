/* crl.c: the thread that makes and publishes CRLs, and who leads. */
#include "server/crl/crl.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/random.h"
#include "server/base/bounds.h"
#include "server/base/clock.h"
#include "server/base/shard.h"
#include "server/crl/certificate.h"
#include "server/crl/directory.h"
#include "server/crl/folder.h"
#include "server/crl/given.h"
#include "server/crl/issuer.h"

enum { HOLDER = 16 };

static const char lease_name[] = "crl";

/* Who makes CRLs, as far as this node knows. */
enum maker { MAKER_UNTOLD, MAKER_THIS, MAKER_ANOTHER, MAKER_NOT_THIS, MAKER_UNKNOWN };

static const char *const maker_events[] = {
    [MAKER_THIS] = "this node makes CRLs",
    [MAKER_ANOTHER] = "another node makes CRLs",
    [MAKER_NOT_THIS] = "this node makes no CRLs any more",
    [MAKER_UNKNOWN] = "which node makes CRLs is not known",
};

struct crl_service {
    struct store *store;
    struct publication *publication;
    pthread_t thread;
    uint8_t holder[HOLDER]; /* this process */

    /* Of the thread alone. */
    struct crl_issuer issuers[BOUND_AUTHORITIES];
    size_t issuer_count;
    unsigned configured; /* configurations whose CAs' certificates are published */
    unsigned noted;      /* configurations whose URLs of shards are in the store */
    struct given given;
    struct directory *directory;
    struct folder *folder; /* NULL: the configuration names none */
    enum maker maker;      /* as the log says */
    int leads;
    int64_t asked_ms; /* when the lease was asked for last; 0: never */

    pthread_mutex_t lock; /* over what follows */
    char text[CRL_TEXT_MAX];
    int late, unwritten;
    struct crl_told told[CRL_TOLD_MAX];
    size_t told_count;
    pthread_cond_t wake;
    struct policy *policy;
    unsigned configurations;
    int stopping;
};

/* ---- the lease ---- */

/* Asks for the lease, or gives it up. */
static enum maker ask_for_lease(const struct crl_service *service, int gives_up)
{
    const struct store_lease lease = {lease_name, bytes_of(service->holder, HOLDER),
                                      gives_up ? -1 : BOUND_CRL_LEASE, 0};
    struct store_unit unit = {.lease = &lease};

    if (!store_commit_wait(service->store, &unit) ||
        (unit.outcome != STORE_DONE && unit.outcome != STORE_CONFLICT))
        return MAKER_UNKNOWN;
    if (unit.outcome == STORE_CONFLICT)
        return MAKER_ANOTHER;
    return gives_up ? MAKER_NOT_THIS : MAKER_THIS;
}

/* Three times before it lapses. What has changed is told; a field without a key ends its line. Who does not
 * have it any more loses it here at the latest: what he commits needs it. */
static void lead_or_follow(struct crl_service *service, const struct config_crl *config, int64_t now_ms)
{
    enum maker told = service->maker;
    int led = service->leads;

    if (service->asked_ms != 0 && now_ms - service->asked_ms < 1000 * BOUND_CRL_LEASE / 3)
        return;
    service->asked_ms = now_ms;
    if (config->every_hours == 0 && !led)
        return;
    service->maker = ask_for_lease(service, config->every_hours == 0);
    service->leads = service->maker == MAKER_THIS;
    directory_lead(service->directory, service->leads);
    if (service->maker != told)
        log_line(LOG_INFO, maker_events[service->maker],
                 log_text(service->maker == MAKER_UNKNOWN ? "text" : NULL, "the store does not answer"));
    for (size_t i = 0; led && !service->leads && i < service->issuer_count; i++)
        crl_issuer_forget(&service->issuers[i]);
}

/* ---- the CAs ---- */

static struct crl_issuer *issuer_of(struct crl_service *service, const struct cmp_authority *ca)
{
    for (size_t i = 0; i < service->issuer_count; i++)
        if (memcmp(service->issuers[i].id, ca->id, sizeof ca->id) == 0)
            return &service->issuers[i];
    if (service->issuer_count == BOUND_AUTHORITIES)
        return NULL;
    struct crl_issuer *issuer = &service->issuers[service->issuer_count++];
    crl_issuer_begin(issuer, ca);
    return issuer;
}

static int is_configured(const struct crl_issuer *issuer, const struct policy *policy)
{
    const struct config *config = policy_config(policy);

    for (size_t i = 0; i < config->ca_count; i++)
        if (strcmp(config->cas[i].name, issuer->name) == 0)
            return memcmp(policy_authority(policy, issuer->name)->id, issuer->id, sizeof issuer->id) == 0;
    return 0;
}

/* A CA that has gone, or has another name or key: nobody would renew what is published of it. */
static void drop_former(struct crl_service *service, const struct policy *policy)
{
    for (size_t i = 0; i < service->issuer_count;) {
        struct crl_issuer *issuer = &service->issuers[i];
        if (is_configured(issuer, policy)) {
            i++;
            continue;
        }
        crl_issuer_withdraw(issuer, service->publication);
        crl_issuer_end(issuer);
        *issuer = service->issuers[--service->issuer_count];
    }
}

/* RFC 5280 4.2.1.3: cRLSign. */
static int may_sign(const struct cmp_authority *ca)
{
    return !ca->crl_cert.has_key_usage || (ca->crl_cert.key_usage & KEY_USAGE_CRL_SIGN) != 0;
}

static void configure(const struct crl_turn *turn)
{
    crl_certificate_publish(turn->ca, turn->publication);
    if (!may_sign(turn->ca))
        log_line(LOG_WARN, "no CRL", log_word("ca", turn->ca->name),
                 log_text("text", "its certificate does not have the key usage cRLSign"));
}

/* What /readyz says. */
struct said {
    char text[CRL_TEXT_MAX];
    size_t len;
    int late;
    struct crl_told told[CRL_TOLD_MAX];
    size_t told_count;
};

/* There is room for every CA (CRL_TEXT_MAX): one that found none would be one that nobody watches. */
static void say(struct said *said, int late, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void say(struct said *said, int late, const char *format, ...)
{
    char *at = said->text + said->len;
    int begun = said->len > 1, len;
    va_list args;

    va_start(args, format);
    len = vsnprintf(at + begun, CRL_TEXT_OF_ONE, format, args);
    va_end(args);
    if (len < 0 || len + begun >= CRL_TEXT_OF_ONE || said->len + CRL_TEXT_OF_ONE > sizeof said->text - 2)
        return; /* not with the bounds that names and numbers have */
    if (begun)
        *at = ',';
    said->len += (size_t)(len + begun);
    said->late |= late;
}

static const char *truth(int value)
{
    return value ? "true" : "false";
}

/* What /metrics says. */
static struct crl_told *begin_told(struct said *said, const char *ca, const char *scope)
{
    struct crl_told *told = &said->told[said->told_count];

    if (said->told_count == CRL_TOLD_MAX)
        return NULL;
    said->told_count++;
    *told = (struct crl_told){.scope = scope};
    snprintf(told->ca, sizeof told->ca, "%s", ca);
    return told;
}

static void add_told(struct crl_told *told, const struct crl_scope *scope)
{
    if (told->this_update == 0 || scope->published_at < told->this_update)
        told->this_update = scope->published_at;
    if (told->next_update == 0 || scope->published_until < told->next_update)
        told->next_update = scope->published_until;
    told->octets += scope->published_octets;
}

static void tell_scope(struct said *said, const char *ca, const struct crl_scope *scope)
{
    struct crl_told *told =
        scope->published != 0 ? begin_told(said, ca, scope->is_delta ? "delta" : "full") : NULL;

    if (told == NULL)
        return;
    told->number = scope->published;
    add_told(told, scope);
}

static void tell_shards(struct said *said, const char *ca, const struct crl_shards *shards)
{
    struct crl_told *told = shards->count != 0 ? begin_told(said, ca, "shards") : NULL;

    for (unsigned i = 0; told != NULL && i < shards->count; i++)
        if (shards->of[i].published != 0) {
            told->number++;
            add_told(told, &shards->of[i]);
        }
}

static void tell_given(struct said *said, const struct cmp_crl *crl)
{
    struct crl_told *told = begin_told(said, crl->name, "given");

    if (told == NULL)
        return;
    told->number = crl->number;
    told->this_update = crl->this_update;
    told->next_update = crl->next_update;
    told->octets = (int64_t)crl->der.len;
}

static void say_own(struct said *said, const struct crl_turn *turn, const struct crl_issuer *issuer)
{
    const struct crl_complete *complete = &issuer->complete;
    int64_t until = crl_issuer_until(issuer);
    int late = issuer->told_late != 0;

    say(said, late,
        "{\"ca\":\"%s\",\"number\":%lld,\"delta\":%lld,\"shards\":%u,\"seconds_left\":%lld,\"late\":%s}",
        turn->ca->name, (long long)complete->full.published, (long long)complete->delta.published,
        issuer->shards.count, (long long)(until != 0 ? until - turn->now : 0), truth(late));
    tell_scope(said, turn->ca->name, &complete->full);
    tell_scope(said, turn->ca->name, &complete->delta);
    tell_shards(said, turn->ca->name, &issuer->shards);
}

static void say_given(struct said *said, const struct cmp_crl *crl, int64_t now)
{
    int late = given_ends_soon(crl, now);

    say(said, late, "{\"ca\":\"%s\",\"number\":%lld,\"seconds_left\":%lld,\"late\":%s}", crl->name,
        (long long)crl->number, (long long)(crl->next_update - now), truth(late));
    tell_given(said, crl);
}

static void say_all_given(struct said *said, const struct policy *policy, int64_t now)
{
    size_t count;
    const struct cmp_crl *crls = policy_crls(policy, &count);

    for (size_t i = 0; i < count; i++)
        say_given(said, &crls[i], now);
}

static void keep_said(struct crl_service *service, struct said *said)
{
    memcpy(said->text + said->len, "]", 2);
    pthread_mutex_lock(&service->lock);
    memcpy(service->text, said->text, said->len + 2);
    service->late = said->late;
    memcpy(service->told, said->told, sizeof service->told);
    service->told_count = said->told_count;
    pthread_mutex_unlock(&service->lock);
}

void crl_text(struct crl_service *service, char out[CRL_TEXT_MAX], int *late)
{
    pthread_mutex_lock(&service->lock);
    memcpy(out, service->text, sizeof service->text);
    *late = service->late;
    pthread_mutex_unlock(&service->lock);
}

int crl_is_unwritten(struct crl_service *service)
{
    int unwritten;

    pthread_mutex_lock(&service->lock);
    unwritten = service->unwritten;
    pthread_mutex_unlock(&service->lock);
    return unwritten;
}

size_t crl_list(struct crl_service *service, struct crl_told out[CRL_TOLD_MAX])
{
    size_t count;

    pthread_mutex_lock(&service->lock);
    count = service->told_count;
    memcpy(out, service->told, count * sizeof *out);
    pthread_mutex_unlock(&service->lock);
    return count;
}

/* Says in the store which URLs certificates of |turn->ca| carry, and how many shards there are. Returns 0 if
 * the store does not answer: then it is to be asked again. */
static int note_shards(struct crl_turn *turn, const struct config *config, int is_new)
{
    int ok = 1;

    turn->shards = 0;
    for (size_t i = 0; i < config->profile_count; i++) {
        const struct config_list *urls = &config->profiles[i].urls.crl;
        if (strcmp(config->profiles[i].ca, turn->ca->name) != 0 || urls->count == 0 ||
            !shard_is_named(urls->items[0]))
            continue;
        turn->shards = config->crl.shards;
        for (size_t j = 0; is_new && j < urls->count; j++)
            ok = crl_shards_note(turn, bytes_str(urls->items[j])) && ok;
    }
    return ok;
}

/* The folder of the configuration, begun anew where that names another one. */
static struct folder *folder_of(struct crl_service *service, const struct config_crl *config)
{
    if (service->folder != NULL &&
        (config->folder == NULL || strcmp(config->folder, folder_path(service->folder)) != 0)) {
        folder_free(service->folder);
        service->folder = NULL;
    }
    if (service->folder == NULL && config->folder != NULL)
        service->folder = folder_new(config->folder);
    return service->folder;
}

static void set_directory(struct crl_service *service, const struct config *config)
{
    const char *names[BOUND_AUTHORITIES];

    for (size_t i = 0; i < config->ca_count; i++)
        names[i] = config->cas[i].name;
    if (!directory_set(service->directory, config->crl.ldap, names, config->ca_count))
        log_line(LOG_ERROR, "directory not written", log_text("reason", "out of memory"));
}

static void note_unwritten(struct crl_service *service)
{
    int unwritten = (service->folder != NULL && folder_is_failing(service->folder)) ||
                    directory_is_failing(service->directory);

    pthread_mutex_lock(&service->lock);
    service->unwritten = unwritten;
    pthread_mutex_unlock(&service->lock);
}

static void look_at_all(struct crl_service *service, const struct policy *policy, unsigned configurations)
{
    const struct config *config = policy_config(policy);
    const struct store_lease lease = {lease_name, bytes_of(service->holder, HOLDER), 0, BOUND_CRL_LEASE};
    struct crl_turn turn = {.config = &config->crl,
                            .store = service->store,
                            .publication = service->publication,
                            .directory = service->directory,
                            .now = time(NULL),
                            .now_ms = clock_steady_ms(),
                            .lease = service->leads ? &lease : NULL};
    struct said said = {.text = "[", .len = 1};
    int is_new = service->noted != configurations, noted = 1;

    turn.folder = folder_of(service, &config->crl);
    if (service->configured != configurations) {
        drop_former(service, policy);
        given_publish(&service->given, policy, service->publication);
        set_directory(service, config);
    }
    for (size_t i = 0; i < config->ca_count; i++) {
        struct crl_issuer *issuer;
        turn.ca = policy_authority(policy, config->cas[i].name);
        issuer = issuer_of(service, turn.ca);
        noted = note_shards(&turn, config, is_new) && noted;
        if (service->configured != configurations)
            configure(&turn);
        if (issuer == NULL || !may_sign(turn.ca))
            continue;
        crl_issuer_look(issuer, &turn);
        say_own(&said, &turn, issuer);
    }
    say_all_given(&said, policy, turn.now);
    given_tell(&service->given, policy, turn.now);
    keep_said(service, &said);
    if (service->folder != NULL)
        folder_write(service->folder, service->publication);
    note_unwritten(service);
    service->configured = configurations;
    if (noted)
        service->noted = configurations;
    publication_tidy(service->publication);
}

/* ---- the thread ---- */

/* Waits for a while, or until something has changed. Returns the policy to use, acquired, or NULL to stop. */
static struct policy *wait_a_while(struct crl_service *service, unsigned *configurations)
{
    struct policy *policy = NULL;
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += BOUND_CRL_EVERY_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&service->lock);
    if (!service->stopping && service->configured == service->configurations)
        pthread_cond_timedwait(&service->wake, &service->lock, &until);
    if (!service->stopping)
        policy = policy_acquire(service->policy);
    *configurations = service->configurations;
    pthread_mutex_unlock(&service->lock);
    return policy;
}

static void *run(void *arg)
{
    struct crl_service *service = arg;
    struct policy *policy;
    unsigned configurations;

    pthread_setname_np(pthread_self(), "crl"); /* by itself: nobody else may, in the sandbox */
    while ((policy = wait_a_while(service, &configurations)) != NULL) {
        lead_or_follow(service, &policy_config(policy)->crl, clock_steady_ms());
        look_at_all(service, policy, configurations);
        policy_release(policy);
    }
    /* The next one need not wait until it lapses. */
    if (service->leads)
        ask_for_lease(service, 1);
    return NULL;
}

static int start(struct crl_service *service)
{
    sigset_t all, before;
    int ok;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = pthread_create(&service->thread, NULL, run, service) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static void dispose(struct crl_service *service)
{
    for (size_t i = 0; i < service->issuer_count; i++)
        crl_issuer_end(&service->issuers[i]);
    folder_free(service->folder);
    directory_free(service->directory);
    pthread_cond_destroy(&service->wake);
    pthread_mutex_destroy(&service->lock);
    policy_release(service->policy);
    free(service);
}

struct crl_service *crl_new(struct policy *policy, struct store *store, struct publication *publication)
{
    struct crl_service *service = calloc(1, sizeof *service);
    pthread_condattr_t attributes;

    if (service == NULL)
        return NULL;
    service->store = store;
    service->publication = publication;
    service->policy = policy_acquire(policy);
    service->configurations = 1;
    memcpy(service->text, "[]", 3);
    random_bytes(service->holder, sizeof service->holder);
    pthread_mutex_init(&service->lock, NULL);
    /* Not the clock that an operator may set. */
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&service->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    service->directory = directory_new(publication);
    if (service->directory != NULL && start(service))
        return service;
    dispose(service);
    return NULL;
}

void crl_set_policy(struct crl_service *service, struct policy *policy)
{
    struct policy *old;

    policy_acquire(policy);
    pthread_mutex_lock(&service->lock);
    old = service->policy;
    service->policy = policy;
    service->configurations++;
    pthread_cond_broadcast(&service->wake);
    pthread_mutex_unlock(&service->lock);
    policy_release(old);
}

void crl_stop(struct crl_service *service)
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
