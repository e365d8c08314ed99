/* possession.h: the proof that a request comes from who has the private key (RFC 9810 4.3 and 5.2.8). */
#ifndef CMPD_CMP_POSSESSION_H
#define CMPD_CMP_POSSESSION_H

#include "server/cmp/internal.h"

struct cmp_possession {
    const struct cert_request *request;
    struct public_key *key;    /* to be certified, freed by cmp_free_possession; NULL: none that can be */
    struct verification proof; /* a signature by it */
    struct mac_algorithm mac;  /* of publicKeyMAC */
    struct mac_key *mac_key;   /* NULL: there is no publicKeyMAC that could be verified */
};

/* cmp_read_possession takes from |request|, which was decoded well, what is to be verified, and prices it. */
void cmp_read_possession(struct cmp_message *m, struct cmp_possession *own,
                         const struct cert_request *request);

/* cmp_want_possession wants that verified, once the secret of the message is known. */
void cmp_want_possession(struct cmp_message *m, struct cmp_possession *own);

/* cmp_check_possession judges it. CMP_ON, CMP_REFUSED, or CMP_END. */
enum cmp_turn cmp_check_possession(struct cmp_message *m, struct cmp_possession *own);

void cmp_free_possession(struct cmp_possession *own);

#endif
