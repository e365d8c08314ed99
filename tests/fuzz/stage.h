/* stage.h: where the scripts of fuzz_transaction happen: a world, and who sends messages in it. */
#ifndef CMPD_TESTS_FUZZ_STAGE_H
#define CMPD_TESTS_FUZZ_STAGE_H

#include "tests/support/world.h"

/* Who sends. Of the first ones a script may choose. */
enum { WITH_SECRET, WITH_PBMAC1, AS_DEVICE, AS_OWN, AS_RA, SENDERS, AS_UPSTREAM = SENDERS, SESSIONS };

enum { STAGE_HOUR = 3600 }; /* seconds in which what waits has to be approved */

struct session {
    struct client client;
    const struct cmp_profile *profile; /* that the path names; NULL: none */
    struct answer last;                /* that had a certificate, or said to wait; its arena is NULL before */
    struct bytes octets;               /* of the last message */
};

/* struct stage is all there is. */
struct stage {
    struct world *world;
    struct session sessions[SESSIONS];
    struct client ra;            /* that relays what others send */
    struct certificate own_cert; /* that AS_OWN signs with */
    struct bytes crl;            /* to be announced */
    struct private_key *second;  /* to be certified beside another */
};

extern struct stage stage;

/* stage_start makes it, once. */
void stage_start(void);

/* stage_open has nothing in the store but AS_OWN's certificate, and sets what the script says of profiles:
 * |traits| of what is accepted, |approvals| of what waits. */
void stage_open(unsigned traits, unsigned approvals);

/* stage_point has the header of |client| point to its own transactionID and nonce. */
void stage_point(struct client *client);

/* stage_certify_cas: CAs are certified by the profile `other` from now on, by approval alone; |session| asks
 * there. */
void stage_certify_cas(struct session *session);

/* stage_has_certificate returns 1 if |session| was given one, or several. */
static inline int stage_has_certificate(const struct session *session)
{
    const struct answer *last = &session->last;

    return last->arena != NULL && (last->has_cert || (last->part_count > 1 && !last->result.refused));
}

/* stage_begin begins another transaction of |session|. */
void stage_begin(struct session *session);

#endif
