/* revoked.h: what is revoked or on hold of one CA, in memory, as the store lists it: who makes its CRL reads
 * the store's list once, and from then on what has changed. It belongs to one thread. */
#ifndef CMPD_CRL_REVOKED_H
#define CMPD_CRL_REVOKED_H

#include "server/base/bounds.h"
#include "storage/store.h"

/* struct revoked_cert is one certificate, small: there may be millions. Times are Unix seconds, until 2106.
 */
struct revoked_cert {
    uint8_t serial[STORE_SERIAL];
    uint32_t not_after;     /* UINT32_MAX: then, or later */
    uint32_t revoked_at;    /* 0 when it was released */
    uint32_t invalidity_at; /* 0: unknown */
    uint32_t last_change;   /* the low bits of its position */
    uint32_t next;          /* of its shard: the place of another one, and 1; 0: it is the last */
    uint8_t status;         /* enum store_cert_status; VALID: it was released */
    uint8_t reason;         /* CRLReason */
    uint8_t shard;          /* 0: none */
};

/* struct revoked_change is that a certificate has changed. There may be a later one of the same. */
struct revoked_change {
    uint32_t position; /* its low bits */
    uint32_t place;    /* in the list */
};

/* struct revoked_shard is one of the parts into which certificates fall. */
struct revoked_shard {
    size_t count;
    uint32_t first;   /* the place of a certificate, and 1; 0: there is none */
    int64_t position; /* of its last change; 0: none was */
};

/* struct revoked is the list. All zero at first. */
struct revoked {
    struct revoked_cert *certs; /* in no order */
    size_t count, room;
    uint32_t *places; /* a table of places in |certs|, by serial; 0: none, else the place and 1 */
    size_t place_count;
    struct revoked_change *changes; /* since |since|, in the order of their positions */
    size_t change_count, change_room;
    int64_t since;
    struct revoked_shard shards[BOUND_CRL_SHARDS + 1];
    int64_t position; /* of the last change that is known */
    int is_behind;    /* 1: the store has more */
    int64_t unlisted; /* position of the row that revoked_put took last and could not take, for no certificate
                       * of ours is like that; 0: it could */
};

/* revoked_free frees what |list| holds and makes it empty. */
void revoked_free(struct revoked *list);

/* revoked_put takes one row of the store. Returns 1, or 0 without memory, or if the row is |list->unlisted|:
 * then nothing else of |list| has changed. */
int revoked_put(struct revoked *list, const struct store_revocation *row);

/* revoked_keep_since lets the list know changes after |position| one by one, and forget those before. What
 * it has forgotten it does not learn again: to be called before the list is read. */
void revoked_keep_since(struct revoked *list, int64_t position);

/* revoked_changes_since returns how many changes the list knows after |position|, which is not before
 * |list->since|. */
size_t revoked_changes_since(const struct revoked *list, int64_t position);

/* revoked_next_change goes through certificates that have changed since |list->since|: each once, as it is
 * now, in the order of their last changes. |*at| is 0 at first. Returns NULL after the last. */
const struct revoked_cert *revoked_next_change(const struct revoked *list, size_t *at);

/* revoked_find returns the certificate with |serial|, or NULL. */
const struct revoked_cert *revoked_find(const struct revoked *list, struct bytes serial);

/* revoked_read takes the changes of |issuer| since the last that is known: all, or |pages| times
 * STORE_REVOKED_MAX, and says so in |list->is_behind|. Returns 1, or 0 if the store does not answer, there
 * is no memory, or a row is |list->unlisted|: what was read until then is kept. Waits for the store. */
int revoked_read(struct revoked *list, struct store *store, struct bytes issuer, unsigned pages);

#endif
