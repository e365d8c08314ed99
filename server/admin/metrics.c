/* metrics.c: texts for /metrics, one a second at most for each format. Who reads slowly has a text that
 * others do not wait for; of those texts there is a bound. */
#include "server/admin/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "server/base/bounds.h"
#include "server/base/clock.h"
#include "server/policy/policy.h"

struct text {
    struct metrics_document document; /* first: a document of ours is converted back */
    struct metrics_service *service;
    atomic_uint users;
    atomic_int is_withdrawn;
    int64_t made_ms;
    int is_current; /* 1: of its format */
};

struct metrics_service {
    struct metrics_sources sources;
    pthread_mutex_t lock; /* over the policy */
    struct policy *policy;
    pthread_mutex_t texts;                  /* over what follows; no text is made under it */
    int is_made[METRICS_FORMATS];           /* 1: some thread is making one */
    struct text *current[METRICS_FORMATS];  /* has one user: this */
    struct text *read[BOUND_METRICS_TEXTS]; /* that may still be read; the oldest first; NULL: free */
};

struct metrics_service *metrics_new(const struct metrics_sources *sources, struct policy *policy)
{
    struct metrics_service *service = calloc(1, sizeof *service);

    if (service == NULL)
        return NULL;
    service->sources = *sources;
    service->policy = policy_acquire(policy);
    pthread_mutex_init(&service->lock, NULL);
    pthread_mutex_init(&service->texts, NULL);
    return service;
}

void metrics_set_policy(struct metrics_service *service, struct policy *policy)
{
    struct policy *old;

    policy_acquire(policy);
    pthread_mutex_lock(&service->lock);
    old = service->policy;
    service->policy = policy;
    pthread_mutex_unlock(&service->lock);
    policy_release(old);
}

static struct policy *hold_policy(struct metrics_service *service)
{
    struct policy *policy;

    pthread_mutex_lock(&service->lock);
    policy = policy_acquire(service->policy);
    pthread_mutex_unlock(&service->lock);
    return policy;
}

/* ---- texts ---- */

static void text_free(struct text *text)
{
    if (text == NULL)
        return;
    free((void *)(uintptr_t)text->document.body.data);
    free(text);
}

static struct text *text_new(struct metrics_service *service, enum metrics_format format)
{
    struct text *text = calloc(1, sizeof *text);
    char *body = malloc(BOUND_METRICS_OCTETS), *smaller;
    struct policy *policy = hold_policy(service);
    struct metrics_turn turn = {service->sources, policy, time(NULL)};
    size_t len = 0;

    if (text != NULL && body != NULL)
        len = metrics_write(body, BOUND_METRICS_OCTETS, format, metrics_table, metrics_table_count, &turn);
    policy_release(policy);
    smaller = len != 0 ? realloc(body, len) : NULL;
    if (smaller == NULL) {
        free(body);
        free(text);
        return NULL;
    }
    text->document = (struct metrics_document){bytes_of(smaller, len), metrics_content_type(format)};
    text->service = service;
    text->made_ms = clock_steady_ms();
    return text;
}

void metrics_free(struct metrics_service *service)
{
    if (service == NULL)
        return;
    for (size_t i = 0; i < BOUND_METRICS_TEXTS; i++)
        text_free(service->read[i]);
    policy_release(service->policy);
    pthread_mutex_destroy(&service->lock);
    pthread_mutex_destroy(&service->texts);
    free(service);
}

/* Frees what nobody reads, but the current ones; returns a free place, or NULL. The oldest comes first. */
static struct text **make_place(struct metrics_service *service)
{
    size_t left = 0;

    for (size_t i = 0; i < BOUND_METRICS_TEXTS; i++) {
        struct text *text = service->read[i];
        service->read[i] = NULL;
        if (text == NULL)
            continue;
        if (!text->is_current && atomic_load(&text->users) == 0)
            text_free(text);
        else
            service->read[left++] = text;
    }
    return left < BOUND_METRICS_TEXTS ? &service->read[left] : NULL;
}

static void withdraw_oldest(struct metrics_service *service)
{
    for (size_t i = 0; i < BOUND_METRICS_TEXTS; i++)
        if (service->read[i] != NULL && !service->read[i]->is_current) {
            atomic_store(&service->read[i]->is_withdrawn, 1);
            return;
        }
}

/* Under the lock. Returns 1 if the caller shall make a text, as there is none of the last second and nobody
 * else makes one; there is a place for it then, unless another format takes that meanwhile. */
static int shall_make(struct metrics_service *service, enum metrics_format format)
{
    const struct text *former = service->current[format];

    if (service->is_made[format] ||
        (former != NULL && clock_steady_ms() - former->made_ms < BOUND_METRICS_EVERY_MS))
        return 0;
    /* A former one that nobody reads gives its place to the next. */
    if (make_place(service) != NULL || (former != NULL && atomic_load(&former->users) == 0))
        return service->is_made[format] = 1;
    withdraw_oldest(service);
    return 0;
}

/* Under the lock. Makes |newer| the current text of |format|. Returns 0 if there is no place for it. */
static int put_in_place(struct metrics_service *service, enum metrics_format format, struct text *newer)
{
    struct text **place;

    if (service->current[format] != NULL)
        service->current[format]->is_current = 0;
    service->current[format] = NULL;
    if ((place = make_place(service)) == NULL) {
        withdraw_oldest(service);
        return 0;
    }
    newer->is_current = 1;
    service->current[format] = *place = newer;
    return 1;
}

/* Under the lock, which it lets go while it makes a text. */
static void renew(struct metrics_service *service, enum metrics_format format)
{
    struct text *newer;

    pthread_mutex_unlock(&service->texts);
    newer = text_new(service, format);
    pthread_mutex_lock(&service->texts);
    service->is_made[format] = 0;
    if (newer != NULL && !put_in_place(service, format, newer))
        text_free(newer);
}

/* Under the lock. One that is older than it should be is given while the next is made, and never else. */
static struct text *hold_current(struct metrics_service *service, enum metrics_format format)
{
    struct text *text = service->current[format];

    if (text == NULL ||
        (!service->is_made[format] && clock_steady_ms() - text->made_ms >= BOUND_METRICS_EVERY_MS))
        return NULL;
    atomic_fetch_add(&text->users, 1);
    return text;
}

const struct metrics_document *metrics_document(struct metrics_service *service, struct bytes accept)
{
    enum metrics_format format = metrics_format_of(accept);
    struct text *text;

    pthread_mutex_lock(&service->texts);
    if (shall_make(service, format))
        renew(service, format);
    text = hold_current(service, format);
    pthread_mutex_unlock(&service->texts);
    return text != NULL ? &text->document : NULL;
}

void metrics_release(void *document)
{
    atomic_fetch_sub(&((struct text *)document)->users, 1);
}

int metrics_is_withdrawn(const void *document)
{
    return atomic_load(&((const struct text *)document)->is_withdrawn);
}
