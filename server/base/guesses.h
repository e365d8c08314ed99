/* guesses.h: wrong MACs, as nodes tell each other of them.
 *
 * A node refuses who guesses secrets by its own ledgers (server/pipeline/guess.c). Who guesses at several
 * nodes at once would have as many guesses at each. So each node says which places of its ledgers had wrong
 * MACs lately, and how many, in the row by which it says that it serves; the others add what is new there to
 * theirs. Nothing of this is on the path of a request that is right.
 *
 * Places are named by their keyed hashes, whose key nodes have in common if they have the same seal_key:
 * whoever reads the row learns neither address nor reference. */
#ifndef CMPD_BASE_GUESSES_H
#define CMPD_BASE_GUESSES_H

#include "server/base/bounds.h"
#include "server/base/bytes.h"
#include "server/base/ledger.h"

/* Which ledger a place is in. */
enum guesses_of { GUESSES_SOURCE, GUESSES_PAIR };

enum {
    GUESSES_ENTRY = 1 + 8 + 4, /* ledger, keyed hash, count */
    GUESSES_ROW = BOUND_GUESSES_SHARED * GUESSES_ENTRY,
};

struct guesses;

/* guesses_new returns none, about the places of two ledgers, which must outlive it. NULL without memory. */
struct guesses *guesses_new(struct ledger *sources, struct ledger *pairs);

/* guesses_free frees it. NULL is allowed. */
void guesses_free(struct guesses *guesses);

/* guesses_note notes a wrong MAC of the place |id|, which this node's ledger has counted already; 0, the
 * place that many share, is none. Where all BOUND_GUESSES_SHARED entries are in use, the one with the fewest
 * makes room. Any thread. */
void guesses_note(struct guesses *guesses, enum guesses_of of, uint64_t id, uint32_t now);

/* guesses_say writes what this node counted of places with a wrong MAC in the last BOUND_GUESSES_HALVING
 * seconds, and returns it. A place is counted from nothing again after as long. Any thread. */
struct bytes guesses_say(struct guesses *guesses, uint8_t out[GUESSES_ROW], uint32_t now);

/* guesses_hear adds to this node's ledgers what another one says |now_said| beyond what it said |before|
 * (empty: nothing yet). Returns how many places came to their bound by it. Octets that guesses_say did not
 * write do no harm. */
size_t guesses_hear(struct guesses *guesses, struct bytes before, struct bytes now_said, uint32_t now);

#endif
