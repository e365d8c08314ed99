/* remote.h: private keys that sign elsewhere, in a token for one: signing with them takes its time, and may
 * fail while the place is lost. Such a key is a row of functions; who signs knows no more of the place. */
#ifndef CMPD_CRYPTO_REMOTE_H
#define CMPD_CRYPTO_REMOTE_H

#include "crypto/batch.h"

/* struct key_remote is what a place that has keys can do. |state| is the place's own form of one key. */
struct key_remote {
    /* sign begins to sign |item| by the rules of sign_elsewhere. */
    int (*sign)(void *state, struct signing *item, void (*done)(void *arg), void *arg);

    /* free gives the key up. It never waits. */
    void (*free)(void *state);
};

/* private_key_of_remote makes a key of |state|, whose SubjectPublicKeyInfo is |spki|, and takes |state| over.
 * |remote| must live as long as the key. Returns NULL, and leaves |state| alone, if |spki| is no public key
 * that is supported, or without memory. */
struct private_key *private_key_of_remote(const struct key_remote *remote, void *state, struct bytes spki);

/* sign_elsewhere has |item|, whose key is remote (private_key_is_remote), signed, and never blocks. |done| is
 * called once with |arg| when |item| has its result: it must not block. A thread of the place calls it or,
 * when the place has just been lost, one that is in sign_elsewhere itself. Nothing of |item| is touched
 * afterwards, even if the place still has it. Returns 1; or 0, with an empty signature and without |done|,
 * when the place is lost, the key missing, or the queue full. The key must live until |done| was called and
 * sign_elsewhere has returned. Any thread. */
int sign_elsewhere(struct signing *item, void (*done)(void *arg), void *arg);

/* sign_elsewhere_and_wait signs |item| and waits for it: for callers that have nothing else to do. Returns
 * |item|'s signature_len. */
size_t sign_elsewhere_and_wait(struct signing *item);

/* remote_lost counts a place that is lost, or a key that is missing from its place: one more, or one less. */
void remote_lost(void);
void remote_found(void);

/* remote_lost_count returns how many are; remote_any_lost returns 1 while a place that is in use is lost, or
 * a key that is in use is missing from its place. */
unsigned remote_lost_count(void);
int remote_any_lost(void);

#endif
