/* published.c: see published.h. */
#include "server/crl/published.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/algorithms.h"
#include "server/base/bounds.h"

struct place {
    char path[PUBLISHED_PATH_MAX];
    struct published *document;
};

struct publication {
    pthread_mutex_t lock; /* over what follows; held for a search and a count */
    struct place *places;
    size_t count;
    struct published *former; /* documents that were replaced, the newest first; each has a user here */
};

struct publication *publication_new(void)
{
    struct publication *publication = calloc(1, sizeof *publication);

    if (publication != NULL)
        pthread_mutex_init(&publication->lock, NULL);
    return publication;
}

void published_release(struct published *document)
{
    if (document == NULL || atomic_fetch_sub(&document->users, 1) != 1)
        return;
    free((void *)(uintptr_t)document->body.data);
    free(document);
}

int published_is_withdrawn(const struct published *document)
{
    return atomic_load(&document->is_withdrawn);
}

static struct published *take_former(struct published **at)
{
    struct published *document = *at;

    *at = document->former;
    document->former = NULL;
    return document;
}

void publication_free(struct publication *publication)
{
    if (publication == NULL)
        return;
    while (publication->former != NULL)
        published_release(take_former(&publication->former));
    for (size_t i = 0; i < publication->count; i++)
        published_release(publication->places[i].document);
    pthread_mutex_destroy(&publication->lock);
    free(publication->places);
    free(publication);
}

static void write_tag(char out[PUBLISHED_TAG_MAX], const uint8_t *hash)
{
    enum { OCTETS = (PUBLISHED_TAG_MAX - 3) / 2 };

    out[0] = '"';
    for (size_t i = 0; i < OCTETS; i++)
        snprintf(out + 1 + 2 * i, 3, "%02x", hash[i]);
    out[1 + 2 * OCTETS] = '"';
}

static struct published *new_document(const char *content_type, struct bytes body, int64_t modified,
                                      int64_t expires, const uint8_t *hash)
{
    struct published *document = calloc(1, sizeof *document);
    uint8_t own[DIGEST_MAX];

    if (document == NULL)
        return NULL;
    atomic_init(&document->users, 1);
    document->body = body;
    document->content_type = content_type;
    document->modified = modified;
    document->expires = expires;
    if (hash == NULL)
        digest_compute(own, DIGEST_SHA256, body);
    write_tag(document->tag, hash != NULL ? hash : own);
    return document;
}

static struct place *find(const struct publication *publication, struct bytes path)
{
    for (size_t i = 0; i < publication->count; i++)
        if (bytes_equal(bytes_str(publication->places[i].path), path))
            return &publication->places[i];
    return NULL;
}

static struct place *find_or_add(struct publication *publication, const char *path)
{
    struct place *place = find(publication, bytes_str(path)), *places;

    if (place != NULL)
        return place;
    places = realloc(publication->places, (publication->count + 1) * sizeof *places);
    if (places == NULL)
        return NULL;
    publication->places = places;
    place = &places[publication->count++];
    *place = (struct place){.document = NULL};
    snprintf(place->path, sizeof place->path, "%s", path);
    return place;
}

static int is_same(const struct place *place, const struct published *document)
{
    return place->document != NULL && strcmp(place->document->tag, document->tag) == 0;
}

/* Under the lock. Nobody finds it any more. */
static void replace(struct publication *publication, struct place *place, struct published *document)
{
    if (place->document != NULL) {
        place->document->former = publication->former;
        publication->former = place->document;
    }
    place->document = document;
}

int publication_put(struct publication *publication, const char *path, const char *content_type,
                    struct bytes body, int64_t modified, int64_t expires, const uint8_t *hash)
{
    struct published *document = new_document(content_type, body, modified, expires, hash);
    struct published *unused = document;
    struct place *place;

    if (document == NULL) {
        free((void *)(uintptr_t)body.data);
        return 0;
    }
    pthread_mutex_lock(&publication->lock);
    place = find_or_add(publication, path);
    if (place != NULL && !is_same(place, document)) {
        replace(publication, place, document);
        unused = NULL;
    }
    pthread_mutex_unlock(&publication->lock);
    published_release(unused);
    return place != NULL;
}

void publication_remove(struct publication *publication, const char *path)
{
    struct place *place;

    pthread_mutex_lock(&publication->lock);
    place = find(publication, bytes_str(path));
    if (place != NULL) {
        replace(publication, place, NULL);
        *place = publication->places[--publication->count];
    }
    pthread_mutex_unlock(&publication->lock);
}

/* Who reads slowly keeps what he reads in memory: each CRL that was made meanwhile, if there are many of him.
 */
void publication_tidy(struct publication *publication)
{
    size_t octets = 0;

    pthread_mutex_lock(&publication->lock);
    for (struct published **at = &publication->former; *at != NULL;) {
        struct published *document = *at;
        if (atomic_load(&document->users) == 1) {
            published_release(take_former(at));
            continue;
        }
        if (octets >= BOUND_PUBLISHED_FORMER)
            atomic_store(&document->is_withdrawn, 1);
        octets += document->body.len;
        at = &document->former;
    }
    pthread_mutex_unlock(&publication->lock);
}

struct published *publication_find(struct publication *publication, struct bytes path)
{
    struct published *document = NULL;
    struct place *place;

    pthread_mutex_lock(&publication->lock);
    place = find(publication, path);
    if (place != NULL)
        document = place->document;
    if (document != NULL)
        atomic_fetch_add(&document->users, 1);
    pthread_mutex_unlock(&publication->lock);
    return document;
}

struct published *publication_nth(struct publication *publication, size_t n, char path[PUBLISHED_PATH_MAX])
{
    struct published *document = NULL;

    pthread_mutex_lock(&publication->lock);
    if (n < publication->count) {
        document = publication->places[n].document;
        memcpy(path, publication->places[n].path, PUBLISHED_PATH_MAX);
        atomic_fetch_add(&document->users, 1);
    }
    pthread_mutex_unlock(&publication->lock);
    return document;
}
