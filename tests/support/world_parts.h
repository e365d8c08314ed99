/* world_parts.h: what the files of a world share. */
#ifndef CMPD_TESTS_SUPPORT_WORLD_PARTS_H
#define CMPD_TESTS_SUPPORT_WORLD_PARTS_H

#include "tests/support/world.h"

/* world_fetch and world_commit serve what the store is wanted for. */
void world_fetch(struct world *world, struct store_fetch *fetch);
void world_commit(struct world *world, struct store_unit *unit);

/* world_take_answer reads what |request| was answered by |answer|->driven, which is done, and holds it
 * against what must hold. It adds to |*decisions| those that are to be on record. */
void world_take_answer(struct world *world, struct answer *answer, struct bytes request, unsigned *decisions);

#endif
