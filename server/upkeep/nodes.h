/* nodes.h: which nodes serve beside this one, and whether they serve alike.
 *
 * Each node says of itself in the store, every BOUND_ALIVE_EVERY seconds, which configuration it has. What is
 * kept here of the others is a copy: no older than BOUND_ALIVE_EVERY seconds while the store answers, and one
 * second where the store gives notice of changes. */
#ifndef CMPD_UPKEEP_NODES_H
#define CMPD_UPKEEP_NODES_H

#include <pthread.h>

#include "server/policy/policy.h"

enum { NODES_TEXT_MAX = 16 * 1024 }; /* room for STORE_NODES_MAX nodes in JSON */

/* struct nodes is the copy; all zero and nodes_init at first. */
struct nodes {
    pthread_mutex_t lock; /* over what follows */
    char text[NODES_TEXT_MAX];
    int differ;

    int64_t looked_at; /* the upkeep's thread alone */
    unsigned notices;
};

void nodes_init(struct nodes *nodes);
void nodes_cleanup(struct nodes *nodes);

/* nodes_say notes in |store| that this node serves with |policy|, at |now| (Unix seconds). Returns 1 if the
 * store took it: then certConf can be taken, too, and deadlines count. Waits for the store. */
int nodes_say(const struct policy *policy, struct store *store, int64_t now);

/* nodes_look takes a new copy if it is time for one. Logs when nodes begin to differ, and when they no longer
 * do. Waits for the store. */
void nodes_look(struct nodes *nodes, const struct policy *policy, struct store *store, int64_t now);

/* nodes_text writes the copy into |out| as a JSON array, and whether the configurations of the nodes that
 * serve differ into |*differ|. Any thread. */
void nodes_text(struct nodes *nodes, char out[NODES_TEXT_MAX], int *differ);

#endif
