/* responder.h: who signs responses for a CA at this node (RFC 6960 4.2.2.2): a key that never leaves memory,
 * and a certificate of the CA for a few days that says so. */
#ifndef CMPD_OCSP_RESPONDER_H
#define CMPD_OCSP_RESPONDER_H

#include "server/cmp/cmp.h"

/* struct responder never changes. */
struct responder {
    atomic_uint users;
    struct arena *arena;
    struct private_key *key;
    const struct signature_algorithm *algorithm;
    uint8_t issuer[STORE_ISSUER_ID];
    uint8_t serial[STORE_SERIAL];
    struct bytes certificate;      /* DER */
    struct bytes by_key, by_name;  /* ResponderID */
    int64_t not_before, not_after; /* Unix seconds */
};

/* responder_new makes a key, and has |ca| certify it from |now| (Unix seconds) for |days|, but not for longer
 * than the CA's own certificate lasts. The certificate is in the store, audited, before it is returned, held
 * by the caller. Waits for the store, and for a key in a token. Returns NULL with |*why| set. */
struct responder *responder_new(const char **why, const struct cmp_authority *ca, struct store *store,
                                unsigned days, int64_t now);

/* responder_acquire adds a user; responder_release takes one away, and the last one frees it. NULL is
 * allowed. Any thread. */
struct responder *responder_acquire(struct responder *responder);
void responder_release(struct responder *responder);

#endif
