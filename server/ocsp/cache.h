/* cache.h: responses that are given again until they change (RFC 9919 section 7), in memory, by the CertID
 * that they are about. Any thread may call anything here; a lock is held for a search and a copy. */
#ifndef CMPD_OCSP_CACHE_H
#define CMPD_OCSP_CACHE_H

#include "storage/store.h"

enum { OCSP_TAG_MAX = 67 };

/* struct ocsp_times says how long a response holds, in Unix seconds. */
struct ocsp_times {
    int64_t this_update;
    int64_t renew_at; /* from then on another one is made, if it can be */
    int64_t next_update;
};

/* struct ocsp_kept is what the cache gives out: a copy. */
struct ocsp_kept {
    struct bytes der;
    char tag[OCSP_TAG_MAX]; /* ETag: a hash of it, with its quotes */
    struct ocsp_times times;
};

/* struct ocsp_entry is what is put into it: copied. */
struct ocsp_entry {
    uint8_t issuer[STORE_ISSUER_ID];
    uint8_t serial[STORE_SERIAL];
    struct bytes cert_id; /* DER */
    struct bytes der;     /* at most OCSP_KEPT_MAX octets; a longer one is not kept */
    const char *tag;
    struct ocsp_times times;
};

enum { OCSP_KEPT_MAX = 4096 };

struct ocsp_cache;

/* ocsp_cache_new returns an empty cache; ocsp_cache_limit says how many octets it may hold: beyond it, what
 * was asked for least lately goes. ocsp_cache_new returns NULL without memory. */
struct ocsp_cache *ocsp_cache_new(void);
void ocsp_cache_limit(struct ocsp_cache *cache, size_t octets);
void ocsp_cache_free(struct ocsp_cache *cache);

/* ocsp_cache_epoch returns the number of changes that were told by ocsp_cache_changing. Who reads a status
 * notes it before. */
uint64_t ocsp_cache_epoch(const struct ocsp_cache *cache);

/* ocsp_cache_changing says that something has changed; ocsp_cache_drop then takes away what is known of
 * |serial| of |issuer|, ocsp_cache_drop_issuer what is known of all of them. */
void ocsp_cache_changing(struct ocsp_cache *cache);
void ocsp_cache_drop(struct ocsp_cache *cache, const uint8_t issuer[STORE_ISSUER_ID], struct bytes serial);
void ocsp_cache_drop_issuer(struct ocsp_cache *cache, const uint8_t issuer[STORE_ISSUER_ID]);

/* ocsp_cache_put keeps |entry|, in the place of what there is about its CertID; not if something has changed
 * since |epoch|: the status may have been read before that. */
void ocsp_cache_put(struct ocsp_cache *cache, const struct ocsp_entry *entry, uint64_t epoch);

/* ocsp_cache_find copies the response about |cert_id| of |serial| whose nextUpdate is after |now|, and with
 * |fresh| also its renew_at, into |out|; its octets into |octets|. Returns 1 or 0. */
int ocsp_cache_find(struct ocsp_kept *out, uint8_t octets[OCSP_KEPT_MAX], struct ocsp_cache *cache,
                    struct bytes cert_id, struct bytes serial, int64_t now, int fresh);

/* ocsp_serial writes the |serial| of a CertID, the content of an INTEGER, as the store has serials. Returns 0
 * if none of ours has it: it is negative, or too long. */
int ocsp_serial(uint8_t out[STORE_SERIAL], struct bytes serial);

#endif
