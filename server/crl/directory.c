/* directory.c: see directory.h. What the directory shows is read before anything is written: a CRL is
 * replaced by none with a lower number. What was written is read back. */
#include "server/crl/directory.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/base/bounds.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/crl/entry.h"

enum { RETRY_MS = 10 * 1000, KINDS = 3, NAMES = BOUND_AUTHORITIES };

/* RFC 4523 4: the attributes, and the paths of what is in them. */
static const struct {
    const char *attribute, *path;
} kinds[KINDS] = {
    {"certificateRevocationList;binary", "/crl/%s.crl"},
    {"deltaRevocationList;binary", "/crl/%s-delta.crl"},
    {"cACertificate;binary", "/ca/%s.cer"},
};

/* struct place is a value in the directory. */
struct place {
    char path[PUBLISHED_PATH_MAX];
    const char *attribute;
    char *entry;                 /* DN */
    char tag[PUBLISHED_TAG_MAX]; /* of what was written last; empty: it has not been looked at */
    int64_t number;              /* cRLNumber that was seen there; 0: none */
    int failing;                 /* 1: the last attempt failed, and the log says so … */
    int64_t again_ms;            /* … and when the next one is due, by a clock that nobody sets */
};

struct directory {
    struct publication *publication;
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t wake;
    struct entry_access access; /* malloc'ed texts; url NULL: there is no directory */
    struct place places[NAMES * KINDS];
    size_t count;
    unsigned set; /* how often it was set */
    int leads, stopping;
};

/* ---- what is said to it ---- */

static void forget(struct directory *directory)
{
    entry_access_free(&directory->access);
    for (size_t i = 0; i < directory->count; i++)
        free(directory->places[i].entry);
    directory->count = 0;
}

static int add_places(struct directory *directory, const char *form, const char *name)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct place *place = &directory->places[directory->count];
        *place = (struct place){.attribute = kinds[kind].attribute, .entry = entry_name(form, name)};
        if (place->entry == NULL)
            return 0;
        snprintf(place->path, sizeof place->path, kinds[kind].path, name);
        directory->count++;
    }
    return 1;
}

int directory_set(struct directory *directory, const struct config_ldap *config, const char *const *names,
                  size_t count)
{
    int ok = 1;

    pthread_mutex_lock(&directory->lock);
    forget(directory);
    directory->set++;
    if (config != NULL)
        ok = entry_access_copy(&directory->access, config);
    for (size_t i = 0; config != NULL && ok && i < count && i < NAMES; i++)
        ok = add_places(directory, config->entry, names[i]);
    if (!ok)
        forget(directory);
    pthread_cond_broadcast(&directory->wake);
    pthread_mutex_unlock(&directory->lock);
    return ok;
}

void directory_lead(struct directory *directory, int leads)
{
    pthread_mutex_lock(&directory->lock);
    /* Another node may have written meanwhile. */
    for (size_t i = 0; leads && !directory->leads && i < directory->count; i++)
        directory->places[i].tag[0] = 0;
    directory->leads = leads;
    pthread_cond_broadcast(&directory->wake);
    pthread_mutex_unlock(&directory->lock);
}

int64_t directory_number(struct directory *directory, const char *path)
{
    int64_t number = 0;

    pthread_mutex_lock(&directory->lock);
    for (size_t i = 0; i < directory->count; i++)
        if (strcmp(directory->places[i].path, path) == 0)
            number = directory->places[i].number;
    pthread_mutex_unlock(&directory->lock);
    return number;
}

int directory_is_failing(struct directory *directory)
{
    int failing = 0;

    pthread_mutex_lock(&directory->lock);
    for (size_t i = 0; directory->leads && i < directory->count; i++)
        failing = failing || directory->places[i].failing;
    pthread_mutex_unlock(&directory->lock);
    return failing;
}

/* ---- the thread ---- */

/* struct job is one place to be written, copied: the lock is not held while the directory is waited for. */
struct job {
    struct entry_access access;
    struct place place;
    struct published *document;
    unsigned set;
};

static void job_free(struct job *job)
{
    entry_access_free(&job->access);
    free(job->place.entry);
    published_release(job->document);
}

/* Under the lock. The next place whose document is not the one that was written there. One that failed lately
 * is passed over: an entry that does not take a value keeps nobody from the others. */
static int find_job(struct job *job, struct directory *directory)
{
    int64_t now_ms = clock_steady_ms();

    for (size_t i = 0; directory->leads && directory->access.url != NULL && i < directory->count; i++) {
        struct place *place = &directory->places[i];
        struct published *document = publication_find(directory->publication, bytes_str(place->path));
        if (document == NULL || strcmp(document->tag, place->tag) == 0 ||
            (place->failing && now_ms < place->again_ms)) {
            published_release(document);
            continue;
        }
        *job = (struct job){.place = *place, .document = document, .set = directory->set};
        job->place.entry = strdup(place->entry);
        if (job->place.entry != NULL && entry_access_again(&job->access, &directory->access))
            return 1;
        job_free(job);
        return 0;
    }
    return 0;
}

static void tell(const struct job *job, const char *why)
{
    if (why[0] != 0)
        log_line(LOG_ERROR, "directory not written", log_word("alarm", "crl_not_written"),
                 log_text("url", job->access.url), log_text("entry", job->place.entry),
                 log_text("attribute", job->place.attribute), log_text("reason", why),
                 log_text("text", "what is there grows old; cmpd tries again and again"));
    else
        log_line(LOG_INFO, "directory written again", log_text("url", job->access.url),
                 log_text("entry", job->place.entry), log_text("attribute", job->place.attribute));
}

/* Under the lock. */
static void note(struct directory *directory, const struct job *job, const struct entry_result *result)
{
    int failing = result->why[0] != 0;

    if (directory->set != job->set)
        return;
    for (size_t i = 0; i < directory->count; i++) {
        struct place *place = &directory->places[i];
        if (strcmp(place->path, job->place.path) != 0)
            continue;
        place->number = result->number;
        if (!failing)
            memcpy(place->tag, job->document->tag, sizeof place->tag);
        if (failing != place->failing)
            tell(job, result->why);
        place->failing = failing;
        place->again_ms = clock_steady_ms() + RETRY_MS;
    }
}

/* Under the lock: until something is to be done, or might be. */
static void wait_a_while(struct directory *directory)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_cond_timedwait(&directory->wake, &directory->lock, &until);
}

static void *run(void *arg)
{
    struct directory *directory = arg;

    pthread_setname_np(pthread_self(), "directory"); /* by itself: nobody else may, in the sandbox */
    pthread_mutex_lock(&directory->lock);
    while (!directory->stopping) {
        struct entry_result result = {.why = ""};
        struct job job;
        if (!find_job(&job, directory)) {
            wait_a_while(directory);
            continue;
        }
        pthread_mutex_unlock(&directory->lock);
        entry_write(&result, &job.access, job.place.entry, job.place.attribute, job.document->body);
        pthread_mutex_lock(&directory->lock);
        note(directory, &job, &result);
        job_free(&job);
    }
    pthread_mutex_unlock(&directory->lock);
    return NULL;
}

static int start(struct directory *directory)
{
    sigset_t all, before;
    int ok;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = pthread_create(&directory->thread, NULL, run, directory) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static void dispose(struct directory *directory)
{
    forget(directory);
    pthread_cond_destroy(&directory->wake);
    pthread_mutex_destroy(&directory->lock);
    free(directory);
}

struct directory *directory_new(struct publication *publication)
{
    struct directory *directory = calloc(1, sizeof *directory);
    pthread_condattr_t attributes;

    if (directory == NULL)
        return NULL;
    directory->publication = publication;
    pthread_mutex_init(&directory->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&directory->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (start(directory))
        return directory;
    dispose(directory);
    return NULL;
}

void directory_free(struct directory *directory)
{
    if (directory == NULL)
        return;
    pthread_mutex_lock(&directory->lock);
    directory->stopping = 1;
    pthread_cond_broadcast(&directory->wake);
    pthread_mutex_unlock(&directory->lock);
    pthread_join(directory->thread, NULL);
    dispose(directory);
}
