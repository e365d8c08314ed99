/* revoked.h: what is revoked or on hold of one CA, in memory, as the store lists it: who makes its CRL reads
 * the store's list once, and from then on what has changed. It belongs to one thread. */
#ifndef CMPD_CRL_REVOKED_H
#define CMPD_CRL_REVOKED_H

#include "storage/store.h"

/* struct revoked_cert is one certificate, small: there may be millions. */
struct revoked_cert {
    uint8_t serial[STORE_SERIAL];
    int64_t not_after;                  /* Unix seconds */
    uint32_t revoked_at, invalidity_at; /* Unix seconds, until 2106; invalidity_at 0: unknown */
    uint8_t status;                     /* enum store_cert_status; VALID: it was released */
    uint8_t reason;                     /* CRLReason */
};

/* struct revoked is the list. All zero at first. */
struct revoked {
    struct revoked_cert *certs; /* in no order */
    size_t count, room;
    uint32_t *places; /* a table of places in |certs|, by serial; 0: none, else the place and 1 */
    size_t place_count;
    int64_t position; /* of the last change that is known */
    int is_behind;    /* 1: the store has more */
};

/* revoked_free frees what |list| holds and makes it empty. */
void revoked_free(struct revoked *list);

/* revoked_put takes one row of the store. Returns 1, or 0 without memory: then |list| is as it was. */
int revoked_put(struct revoked *list, const struct store_revocation *row);

/* revoked_find returns the certificate with |serial|, or NULL. */
const struct revoked_cert *revoked_find(const struct revoked *list, struct bytes serial);

/* revoked_read takes the changes of |issuer| since the last that is known: all, or |pages| times
 * STORE_REVOKED_MAX, and says so in |list->is_behind|. Returns 1, or 0 if the store does not answer or there
 * is no memory: what was read until then is kept. Waits for the store. */
int revoked_read(struct revoked *list, struct store *store, struct bytes issuer, unsigned pages);

#endif
