/* mirror.h: a real store beside the one in memory. The memory of a world is then the model that the store is
 * held against: whatever a test of the protocol asks for or commits, both must answer alike. */
#ifndef CMPD_TESTS_SUPPORT_MIRROR_H
#define CMPD_TESTS_SUPPORT_MIRROR_H

#include "tests/support/world.h"

/* mirror_new opens the store whose URL is in CMPD_WORLD_STORE, or returns NULL if there is no such variable.
 * Worlds may share it, at the same time as well: what each keeps there stands under an issuer of its own.
 * Fails the test if the store cannot be opened. */
struct mirror *mirror_new(void);

/* mirror_free closes it, and appends a line with how often was compared, "fetches N commits N brought N", to
 * the file that CMPD_WORLD_COUNTS names, if it does. NULL is allowed. */
void mirror_free(struct mirror *mirror);

/* mirror_bring makes the store hold what the memory of |world| holds, if that has changed by itself since the
 * last call of any of these: a test has written there. To be called before the memory applies a unit. */
void mirror_bring(struct mirror *mirror, const struct world *world);

/* mirror_fetch asks the store for what the memory has answered with |told|. Fails the test if the outcome or
 * the row differs. */
void mirror_fetch(struct mirror *mirror, const struct world *world, const struct store_fetch *told);

/* mirror_commit commits what the memory has told the outcome of in |told|. Fails the test if the outcome, the
 * conflict or the row that comes with it differs, or if any row of the store is then not as in memory. */
void mirror_commit(struct mirror *mirror, const struct world *world, const struct store_unit *told);

#endif
