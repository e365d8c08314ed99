/* walk.h: one persona, step by step. */
#ifndef CMPD_BENCH_WALK_H
#define CMPD_BENCH_WALK_H

#include "bench/request.h"

/* walk_run has a client enroll, confirm, renew, and revoke as the persona of |options| does, for another,
 * too, where options->others says so; then another one enrolls that does not hear the first answer, and tries
 * again in the persona's way. Each step is a line on |out|: what was sent, and what came of it. 1 if every
 * step came off; 0 also with a fault printed. */
int walk_run(FILE *out, const struct setup *setup, const struct options *options);

#endif
