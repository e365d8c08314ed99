/* reseal.h: proof of possession and protection of a message made anew after it was changed, so that the
 * change gets past them. */
#ifndef CMPD_TESTS_SUPPORT_RESEAL_H
#define CMPD_TESTS_SUPPORT_RESEAL_H

#include "tests/support/der_tree.h"
#include "tests/support/world.h"

/* reseal_pop signs anew, with client->key, what the proof of possession in a CRMF or PKCS #10 body covers. A
 * message that has none is left as it is. */
void reseal_pop(struct client *client, struct der_node *message);

/* reseal_protection protects |message| anew with the credentials of |client|: by the algorithm that the
 * header names where the client's key can do it, else by the client's own. Iterations beyond what a server
 * would take are not made. A message without header and body is left as it is. */
void reseal_protection(struct client *client, struct der_node *message);

#endif
