/* published.h: what this node hands out over HTTP beside CMP: CRLs and the CA's certificates. One copy of
 * each in memory, for all downloads; a newer one takes its place, and the former goes with the last that
 * reads it. */
#ifndef CMPD_CRL_PUBLISHED_H
#define CMPD_CRL_PUBLISHED_H

#include <stdatomic.h>

#include "server/base/bytes.h"

enum { PUBLISHED_PATH_MAX = 160, PUBLISHED_TAG_MAX = 67 };

/* struct published is a document. It never changes. */
struct published {
    atomic_uint users;
    struct bytes body; /* malloc'ed */
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

/* publication_put makes |body|, malloc'ed and taken over also on failure, the document at |path|. One with
 * the same octets stays as it is. Returns 1, or 0 without memory. Any thread. */
int publication_put(struct publication *publication, const char *path, const char *content_type,
                    struct bytes body, int64_t modified, int64_t expires);

/* publication_find returns the document at |path|, held by the caller until published_release; or NULL. Any
 * thread, without waiting for a download. */
struct published *publication_find(struct publication *publication, struct bytes path);
void published_release(struct published *document);

#endif
