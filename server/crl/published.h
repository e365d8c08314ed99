/* published.h: what this node hands out over HTTP beside CMP: CRLs and the CA's certificates. One copy of
 * each in memory, for all downloads; a newer one takes its place, and the former goes with the last that
 * reads it. Former ones have a bound: beyond it the oldest are withdrawn, and who reads them ends. */
#ifndef CMPD_CRL_PUBLISHED_H
#define CMPD_CRL_PUBLISHED_H

#include <stdatomic.h>

#include "server/base/bytes.h"

enum { PUBLISHED_PATH_MAX = 160, PUBLISHED_TAG_MAX = 67 };

/* struct published is a document. What is read of it never changes. */
struct published {
    atomic_uint users;
    atomic_int is_withdrawn;
    struct published *former; /* of the publication: the next older one */
    struct bytes body;        /* malloc'ed */
    const char *content_type;
    char tag[PUBLISHED_TAG_MAX]; /* ETag: a hash of the body, with its quotes */
    int64_t modified;            /* Unix seconds */
    int64_t expires;             /* Unix seconds until which it may be kept; 0: it does not say */
};

struct publication;

/* publication_new returns a publication without documents, or NULL without memory. publication_free frees it;
 * what is still read stays until it is released. */
struct publication *publication_new(void);
void publication_free(struct publication *publication);

/* publication_put makes |body|, malloc'ed and taken over also on failure, the document at |path|. |hash| is
 * its SHA-256 where that is known already, or NULL. One with the same octets stays as it is. Returns 1, or 0
 * without memory. Any thread. */
int publication_put(struct publication *publication, const char *path, const char *content_type,
                    struct bytes body, int64_t modified, int64_t expires, const uint8_t *hash);

/* publication_nth returns the |n|th document, from 0, held by the caller until published_release, and its
 * path in |path|; NULL after the last. One that is added or removed meanwhile may be missed, or met twice.
 * Any thread. */
struct published *publication_nth(struct publication *publication, size_t n, char path[PUBLISHED_PATH_MAX]);

/* publication_remove ends what is published at |path|, if anything is. Any thread. */
void publication_remove(struct publication *publication, const char *path);

/* publication_tidy frees former documents that nobody reads, and withdraws the oldest of the others if they
 * hold more than BOUND_PUBLISHED_FORMER. To be called again and again. Any thread. */
void publication_tidy(struct publication *publication);

/* publication_find returns the document at |path|, held by the caller until published_release; or NULL. Any
 * thread, without waiting for a download. */
struct published *publication_find(struct publication *publication, struct bytes path);
void published_release(struct published *document);

/* published_is_withdrawn returns 1 if |document| shall not be read any further. */
int published_is_withdrawn(const struct published *document);

#endif
