/* issuer.h: the CRLs of one CA at one node: made where this node leads, and published wherever they were
 * made. It belongs to one thread. */
#ifndef CMPD_CRL_ISSUER_H
#define CMPD_CRL_ISSUER_H

#include "server/crl/complete.h"
#include "server/crl/shards.h"

/* struct crl_issuer is what is known of one CA. */
struct crl_issuer {
    uint8_t id[STORE_ISSUER_ID];
    char name[PUBLISHED_PATH_MAX]; /* by which it is published */
    struct crl_complete complete;
    struct crl_shards shards;
    struct revoked list; /* of who leads */
    int has_list;        /* 1: |list| is read, or being read */
    int64_t made_ms;     /* when this node made the last one, by a clock that nobody sets; 0: never */
    int64_t took_ms;     /* how long that took */
    int failing;         /* 1: the last attempt failed, and the log says so */
    int64_t told_late;   /* Unix seconds: when the log said that one is late; 0: none is */
    int told_ended;      /* 1: the log has said that no more are made, for what signs them has ended */
};

/* crl_issuer_begin begins one of which nothing is known. */
void crl_issuer_begin(struct crl_issuer *issuer, const struct cmp_authority *ca);

/* What the store says of its newest CRLs counts for no more than those CRLs: who leads makes another one if
 * the CA has not signed it, and takes neither its times nor a number that leaves no room above it.
 *
 * crl_issuer_look publishes the newest CRLs of the store, where they are newer than what is published, and
 * makes the next ones if this node leads and it is time: when something was revoked, at most every
 * after_revocation_seconds, and every every_hours in any case. Waits for the store, and for a key in a token.
 *
 * After the notAfter of the CA's certificate, or of the one that signs its CRLs, none is made. RFC 5280
 * 6.3.3 (f) and 6.1.3 (a)(2): nobody finds a path to who signed it; and 4.1.2.5: with its validity the CA's
 * warrant ends that there is word of its certificates, none of which outlives it. The last one stays
 * published. */
void crl_issuer_look(struct crl_issuer *issuer, const struct crl_turn *turn);

/* crl_issuer_until returns when the first of the CRLs ends that are published, or known; 0: none is. */
int64_t crl_issuer_until(const struct crl_issuer *issuer);

/* crl_issuer_withdraw ends what is published of the CA. */
void crl_issuer_withdraw(const struct crl_issuer *issuer, struct publication *publication);

/* crl_issuer_forget frees what only a leader needs. crl_issuer_end frees all. */
void crl_issuer_forget(struct crl_issuer *issuer);
void crl_issuer_end(struct crl_issuer *issuer);

#endif
