/* follower.h: how the revocations of a CA are followed, by position, whichever node made them. It belongs to
 * one thread. */
#ifndef CMPD_OCSP_FOLLOWER_H
#define CMPD_OCSP_FOLLOWER_H

#include "server/ocsp/cache.h"

/* struct follower is where it is. All zero at first. */
struct follower {
    int64_t position; /* of the last change that was read; 0: of none */
    int is_there;     /* 1: all changes up to |position| are known */
};

/* follower_changed is called for each change that is new. */
typedef void follower_changed(void *arg, const uint8_t issuer[STORE_ISSUER_ID],
                              const struct store_revocation *row);

/* follower_look reads what has changed at |issuer| since the last look, tells |cache|, and calls |changed|
 * for each. The first look only finds out where the list ends, by halves: what was revoked before nobody has
 * kept. When the list has lost its end (the store was restored, or its last certificate was purged), it
 * begins anew. Returns 1, or 0 if the store does not answer. Waits for the store. */
int follower_look(struct follower *follower, struct ocsp_cache *cache, struct store *store,
                  const uint8_t issuer[STORE_ISSUER_ID], follower_changed *changed, void *arg);

#endif
