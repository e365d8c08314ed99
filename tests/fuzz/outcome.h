/* outcome.h: what must hold of the store and of the answer after each message of a script, and how far the
 * messages of each body came in each state of a transaction. */
#ifndef CMPD_TESTS_FUZZ_OUTCOME_H
#define CMPD_TESTS_FUZZ_OUTCOME_H

#include "tests/support/world.h"

/* Where a transaction was brought to before the message came. */
enum state { AS_IT_IS, WAITING, APPROVED, DENIED, UNCONFIRMED, CONFIRMED, LATE, STATES };

/* struct before is the store before a message. */
struct before {
    size_t txs, certs, announcements;
    enum store_tx_state tx[WORLD_ROWS];
    int may_go[WORLD_ROWS];    /* 1: its transactionID is free for another one */
    int may_issue[WORLD_ROWS]; /* 1: it waits, and enough approvers have said yes, in time, and none no */
    enum store_cert_status cert[WORLD_ROWS];
};

/* outcome_look returns what |world| has. */
struct before outcome_look(const struct world *world);

/* outcome_check fails the test unless |answer| and what has become of |before| go together; |disturbed|: the
 * store failed meanwhile. */
void outcome_check(const struct world *world, const struct before *before, const struct answer *answer,
                   int disturbed);

/* outcome_count counts the message |octets| in the row of its body. */
void outcome_count(const struct world *world, const struct before *before, const struct answer *answer,
                   struct bytes octets, enum state state);

/* outcome_tell writes the tables to standard error, under how many scripts were |executions|. */
void outcome_tell(unsigned long executions);

/* outcome_is_covered returns 1 if each body that a client may send got past its protection in each state;
 * else it says which did not. */
int outcome_is_covered(void);

#endif
