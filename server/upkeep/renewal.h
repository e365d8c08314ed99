/* renewal.h: a CA renews its own certificates for answers and CRLs, with their key, at the last third of
 * their validity. One node does it, who holds a lease for that moment; all nodes look for what is new, and
 * take it up (server/policy/renewals.h). A new key comes only by command (server/policy/own_key.h). */
#ifndef CMPD_UPKEEP_RENEWAL_H
#define CMPD_UPKEEP_RENEWAL_H

#include <stdatomic.h>

#include "server/policy/renewals.h"
#include "server/upkeep/job.h"

enum { RENEWAL_HOLDER = 16, RENEWAL_WHY_MAX = 512, RENEWAL_ITEMS = BOUND_AUTHORITIES * POLICY_USES };

enum renewal_outcome {
    RENEWAL_DONE,
    RENEWAL_KNOWN,   /* the store has one already that the policy does not know */
    RENEWAL_NO_USE,  /* it would end no later: the CA itself ends then */
    RENEWAL_BUSY,    /* another node is at it, or a former key still goes on */
    RENEWAL_LATER,   /* the store or the key was not to be had */
    RENEWAL_REFUSED, /* it is not to be renewed: somebody has to look */
};

/* renewal_is_due returns 1 if |item| is to be renewed at |now| (Unix seconds), as far as that can be said
 * without the store. */
int renewal_is_due(const struct policy_renewable *item, int64_t now);

/* struct renewal_call is what is to be renewed, for whom. */
struct renewal_call {
    const struct policy *policy;
    const struct policy_renewable *item; /* of |policy|; it can be renewed */
    struct store *store;
    const uint8_t *holder; /* RENEWAL_HOLDER octets: the process */
    const char *who;       /* for the audit log */
    int64_t now;           /* Unix seconds */
    int new_key; /* 1: with a new key: in the token that cmpd.yaml names for it, else sealed in the store */
};

/* renewal_make renews what |call| names: its CA issues the certificate anew with another serial and validity,
 * and by choice another key, all else as it is, and the store takes it, with an audit record. |why| tells of
 * what was not done. Waits for the store, and for the key. */
enum renewal_outcome renewal_make(char why[RENEWAL_WHY_MAX], const struct renewal_call *call);

/* struct renewing is the state of the job. All zero at first. */
struct renewing {
    uint8_t holder[RENEWAL_HOLDER];
    int64_t looked, tried;                     /* Unix seconds; 0: not yet */
    const struct policy *seen;                 /* that it looked for; to compare, not to be read */
    int alarm;                                 /* 1: something is not renewed, or taken up, that should be */
    char told[RENEWAL_ITEMS][RENEWAL_WHY_MAX]; /* what the log knows of each */
    int64_t refused[RENEWAL_ITEMS];            /* when each was, Unix seconds; 0: it was not */
    atomic_int is_new;                         /* 1: the store has what the policy lacks … */
    int64_t new_since;                         /* … since then, Unix seconds; 0: it has not */
};

/* renewing_run looks into |store|, and renews what is due at |now| (Unix seconds). */
void renewing_run(struct renewing *job, const struct policy *policy, struct store *store, int64_t now);

/* renewing_job does so each second (upkeep.c). */
extern const struct upkeep_job renewing_job;

#endif
