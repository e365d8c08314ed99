/* issuer.h: the CRL of one CA at one node: made where this node leads, and published wherever it was made. It
 * belongs to one thread. */
#ifndef CMPD_CRL_ISSUER_H
#define CMPD_CRL_ISSUER_H

#include "server/base/config.h"
#include "server/cmp/cmp.h"
#include "server/crl/published.h"
#include "server/crl/revoked.h"
#include "server/crl/shelf.h"

/* struct crl_issuer is what is known of one CA. All zero but |id| and |name| at first. */
struct crl_issuer {
    uint8_t id[STORE_ISSUER_ID];
    char name[PUBLISHED_PATH_MAX]; /* by which it is published */
    struct revoked list;           /* of who leads */
    struct store_crl head;         /* the newest in the store; number 0: none is known */
    int64_t lost;                  /* number of the one whose octets were not there; 0: none */
    int64_t published;             /* number of the one that is published here; 0: none */
    int64_t published_at;          /* its thisUpdate, Unix seconds */
    int64_t published_until;       /* its nextUpdate, Unix seconds */
    int64_t made_ms;   /* when this node made the last one, by a clock that nobody sets; 0: never */
    int64_t took_ms;   /* how long that took */
    int failing;       /* 1: the last attempt failed, and the log says so */
    int64_t told_late; /* Unix seconds: when the log said that it is late; 0: it is not */
};

/* struct crl_turn is what a look is given. */
struct crl_turn {
    const struct config_crl *config;
    const struct cmp_authority *ca;
    struct store *store;
    struct publication *publication;
    int64_t now;                     /* Unix seconds */
    int64_t now_ms;                  /* by a clock that nobody sets */
    const struct store_lease *lease; /* to be held by who makes one; NULL: this node does not lead */
};

/* What the store says of its newest CRL counts for no more than that CRL: who leads makes another one if the
 * CA has not signed it, and takes neither its times nor a number that leaves no room above it.
 *
 * crl_issuer_look publishes the newest CRL of the store, if it is newer than the one that is published, and
 * makes the next one if this node leads and it is time: when something was revoked, at most every
 * after_revocation_seconds, and every every_hours in any case. Waits for the store, and for a key in a token.
 */
void crl_issuer_look(struct crl_issuer *issuer, const struct crl_turn *turn);

/* crl_issuer_publish_certificate publishes the CA's certificate, for who follows caIssuers (RFC
 * 5280 4.2.2.1). */
void crl_issuer_publish_certificate(const struct crl_turn *turn);

/* crl_issuer_withdraw ends what is published of the CA. */
void crl_issuer_withdraw(const struct crl_issuer *issuer, struct publication *publication);

/* crl_issuer_forget frees what only a leader needs. */
void crl_issuer_forget(struct crl_issuer *issuer);

#endif
