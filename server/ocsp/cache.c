/* cache.c: see cache.h. A table in parts, each with a lock, a list from the latest asked for to the least
 * lately, and buckets by serial: so that all about a serial is found in one. */
#include "server/ocsp/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "crypto/random.h"

enum { PARTS = 64, BUCKETS = 4096 };

struct place {
    struct place *next;          /* in its bucket */
    struct place *newer, *older; /* in the list of its part */
    struct ocsp_times times;
    size_t octets; /* that it counts for */
    size_t id_len, der_len;
    uint32_t bucket;
    uint8_t issuer[STORE_ISSUER_ID];
    uint8_t serial[STORE_SERIAL];
    char tag[OCSP_TAG_MAX];
    uint8_t data[]; /* CertID, then the response */
};

struct part {
    pthread_mutex_t lock;
    struct place *newest, *oldest;
    size_t octets;
    struct place *buckets[BUCKETS];
};

struct ocsp_cache {
    uint64_t key[2]; /* which serials share a bucket is nobody's to choose */
    atomic_size_t limit;
    _Atomic(uint64_t) epoch;
    struct part parts[PARTS];
};

struct ocsp_cache *ocsp_cache_new(void)
{
    struct ocsp_cache *cache = calloc(1, sizeof *cache);

    if (cache == NULL)
        return NULL;
    random_bytes((uint8_t *)cache->key, sizeof cache->key);
    for (size_t i = 0; i < PARTS; i++)
        pthread_mutex_init(&cache->parts[i].lock, NULL);
    return cache;
}

static void unlist(struct part *part, struct place *place)
{
    if (place->newer != NULL)
        place->newer->older = place->older;
    else
        part->newest = place->older;
    if (place->older != NULL)
        place->older->newer = place->newer;
    else
        part->oldest = place->newer;
}

static void list_first(struct part *part, struct place *place)
{
    place->newer = NULL;
    place->older = part->newest;
    if (part->newest != NULL)
        part->newest->newer = place;
    else
        part->oldest = place;
    part->newest = place;
}

static void take_out(struct part *part, struct place **at)
{
    struct place *place = *at;

    *at = place->next;
    unlist(part, place);
    part->octets -= place->octets;
    free(place);
}

static void drop_oldest(struct part *part)
{
    struct place *oldest = part->oldest, **at = &part->buckets[oldest->bucket];

    while (*at != oldest)
        at = &(*at)->next;
    take_out(part, at);
}

static void shrink(struct part *part, size_t octets)
{
    while (part->octets > octets)
        drop_oldest(part);
}

void ocsp_cache_limit(struct ocsp_cache *cache, size_t octets)
{
    atomic_store(&cache->limit, octets);
    for (size_t i = 0; i < PARTS; i++) {
        pthread_mutex_lock(&cache->parts[i].lock);
        shrink(&cache->parts[i], octets / PARTS);
        pthread_mutex_unlock(&cache->parts[i].lock);
    }
}

void ocsp_cache_free(struct ocsp_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < PARTS; i++) {
        shrink(&cache->parts[i], 0);
        pthread_mutex_destroy(&cache->parts[i].lock);
    }
    free(cache);
}

uint64_t ocsp_cache_epoch(const struct ocsp_cache *cache)
{
    return atomic_load(&cache->epoch);
}

void ocsp_cache_changing(struct ocsp_cache *cache)
{
    atomic_fetch_add(&cache->epoch, 1);
}

static struct part *part_of(struct ocsp_cache *cache, struct bytes serial, uint32_t *bucket)
{
    uint64_t hash = keyed_hash(cache->key, serial);

    *bucket = (uint32_t)(hash / PARTS % BUCKETS);
    return &cache->parts[hash % PARTS];
}

void ocsp_cache_drop(struct ocsp_cache *cache, const uint8_t issuer[STORE_ISSUER_ID], struct bytes serial)
{
    uint32_t bucket;
    struct part *part = part_of(cache, serial, &bucket);

    pthread_mutex_lock(&part->lock);
    for (struct place **at = &part->buckets[bucket]; *at != NULL;)
        if (bytes_equal(bytes_of((*at)->serial, STORE_SERIAL), serial) &&
            memcmp((*at)->issuer, issuer, STORE_ISSUER_ID) == 0)
            take_out(part, at);
        else
            at = &(*at)->next;
    pthread_mutex_unlock(&part->lock);
}

void ocsp_cache_drop_issuer(struct ocsp_cache *cache, const uint8_t issuer[STORE_ISSUER_ID])
{
    for (size_t i = 0; i < PARTS; i++) {
        struct part *part = &cache->parts[i];
        pthread_mutex_lock(&part->lock);
        for (size_t b = 0; b < BUCKETS; b++)
            for (struct place **at = &part->buckets[b]; *at != NULL;)
                if (memcmp((*at)->issuer, issuer, STORE_ISSUER_ID) == 0)
                    take_out(part, at);
                else
                    at = &(*at)->next;
        pthread_mutex_unlock(&part->lock);
    }
}

/* The place of |cert_id| in its bucket, or the end of that. */
static struct place **find(struct part *part, uint32_t bucket, struct bytes cert_id)
{
    struct place **at = &part->buckets[bucket];

    while (*at != NULL && !bytes_equal(bytes_of((*at)->data, (*at)->id_len), cert_id))
        at = &(*at)->next;
    return at;
}

static struct place *new_place(const struct ocsp_entry *entry, uint32_t bucket)
{
    size_t size = sizeof(struct place) + entry->cert_id.len + entry->der.len;
    struct place *place = malloc(size);

    if (place == NULL)
        return NULL;
    memset(place, 0, sizeof *place);
    place->times = entry->times;
    place->octets = size;
    place->id_len = entry->cert_id.len;
    place->der_len = entry->der.len;
    place->bucket = bucket;
    memcpy(place->issuer, entry->issuer, sizeof place->issuer);
    memcpy(place->serial, entry->serial, sizeof place->serial);
    memcpy(place->tag, entry->tag, strnlen(entry->tag, OCSP_TAG_MAX - 1));
    memcpy(place->data, entry->cert_id.data, entry->cert_id.len);
    memcpy(place->data + entry->cert_id.len, entry->der.data, entry->der.len);
    return place;
}

void ocsp_cache_put(struct ocsp_cache *cache, const struct ocsp_entry *entry, uint64_t epoch)
{
    uint32_t bucket;
    struct part *part = part_of(cache, bytes_of(entry->serial, STORE_SERIAL), &bucket);
    size_t limit = atomic_load_explicit(&cache->limit, memory_order_relaxed) / PARTS;
    struct place *place = entry->der.len <= OCSP_KEPT_MAX ? new_place(entry, bucket) : NULL, **at;

    if (place == NULL)
        return;
    pthread_mutex_lock(&part->lock);
    /* Looked at under the lock: who tells of a change counts first, and takes the lock then. */
    if (place->octets <= limit && ocsp_cache_epoch(cache) == epoch) {
        at = find(part, bucket, entry->cert_id);
        if (*at != NULL)
            take_out(part, at);
        shrink(part, limit - place->octets);
        place->next = part->buckets[bucket];
        part->buckets[bucket] = place;
        list_first(part, place);
        part->octets += place->octets;
        place = NULL;
    }
    pthread_mutex_unlock(&part->lock);
    free(place);
}

int ocsp_cache_find(struct ocsp_kept *out, uint8_t octets[OCSP_KEPT_MAX], struct ocsp_cache *cache,
                    struct bytes cert_id, struct bytes serial, int64_t now, int fresh)
{
    uint32_t bucket;
    struct part *part = part_of(cache, serial, &bucket);
    struct place *place, **at;
    int found;

    pthread_mutex_lock(&part->lock);
    at = find(part, bucket, cert_id);
    place = *at;
    found = place != NULL && now < (fresh ? place->times.renew_at : place->times.next_update) &&
            now >= place->times.this_update;
    if (found) {
        memcpy(octets, place->data + place->id_len, place->der_len);
        *out = (struct ocsp_kept){.der = bytes_of(octets, place->der_len), .times = place->times};
        memcpy(out->tag, place->tag, sizeof out->tag);
        unlist(part, place);
        list_first(part, place);
    } else if (place != NULL && now >= place->times.next_update) {
        take_out(part, at);
    }
    pthread_mutex_unlock(&part->lock);
    return found;
}

int ocsp_serial(uint8_t out[STORE_SERIAL], struct bytes serial)
{
    if (serial.len == 0 || (serial.data[0] & 0x80) != 0)
        return 0;
    while (serial.len > 1 && serial.data[0] == 0)
        serial = bytes_of(serial.data + 1, serial.len - 1);
    if (serial.len > STORE_SERIAL)
        return 0;
    memset(out, 0, STORE_SERIAL);
    memcpy(out + STORE_SERIAL - serial.len, serial.data, serial.len);
    return 1;
}
