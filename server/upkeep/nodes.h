/* nodes.h: which nodes serve beside this one, and whether they serve alike.
 *
 * Each node says of itself in the store, every BOUND_ALIVE_EVERY seconds, which configuration it has. What is
 * kept here of the others is a copy: no older than BOUND_ALIVE_EVERY seconds while the store answers, and one
 * second where the store gives notice of changes. */
#ifndef CMPD_UPKEEP_NODES_H
#define CMPD_UPKEEP_NODES_H

#include <pthread.h>

#include "server/base/guesses.h"
#include "server/policy/policy.h"
#include "server/upkeep/job.h"

enum { NODES_TEXT_MAX = 16 * 1024 }; /* room for STORE_NODES_MAX nodes in JSON */

/* struct nodes is the copy; all zero and nodes_init at first. */
struct nodes {
    pthread_mutex_t lock; /* over what follows */
    char text[NODES_TEXT_MAX];
    int differ;

    struct guesses *guesses; /* NULL: none are shared; the upkeep's thread alone, as what follows */
    struct nodes_heard {
        uint8_t name[STORE_NAME_MAX], guesses[GUESSES_ROW];
        size_t name_len, guesses_len;
        int64_t at;           /* 0: nobody's */
    } heard[STORE_NODES_MAX]; /* what the other nodes said last, also those that do not serve just now */

    char config[POLICY_HASH_TEXT]; /* that was said last */
    int64_t said_at, looked_at;    /* Unix seconds */
    int alive;                     /* 1: the store took what was said last */
    unsigned notices;
    int64_t double_since, double_at; /* another process was seen under this name: first, last; 0: none */
    int double_told;                 /* 1: the log says so */
};

void nodes_init(struct nodes *nodes);
void nodes_cleanup(struct nodes *nodes);

/* nodes_run says in |store| that this node serves with |policy|, at |now| (Unix seconds), and takes a new
 * copy of what others say; each if it is time for it. Logs when nodes begin to differ, and when they no
 * longer do; and when a process under the same name is seen for longer than a former one of this node may
 * take to end. To be called every second, by one thread. Returns 1 if the store took what was said last: then
 * certConf can be taken, too, and deadlines count. Waits for the store. */
int nodes_run(struct nodes *nodes, const struct policy *policy, struct store *store, int64_t now);

/* nodes_text writes the copy into |out| as a JSON array, and whether the configurations of the nodes that
 * serve differ into |*differ|. Any thread. */
void nodes_text(struct nodes *nodes, char out[NODES_TEXT_MAX], int *differ);

/* nodes_job says that this node serves, and looks at the others (upkeep.c). */
extern const struct upkeep_job nodes_job;

#endif
