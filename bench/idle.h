/* idle.h: connections that are kept, and do nothing. */
#ifndef CMPD_BENCH_IDLE_H
#define CMPD_BENCH_IDLE_H

#include "bench/connection.h"

struct idle {
    unsigned count;
    struct connection *connections;
    struct exchange *exchanges;
};

/* idle_open makes |count| connections, each of which fetches /healthz once, so that the server has seen HTTP
 * on it. They live on |network|, to itself. 1, or 0 with a fault printed; idle_close ends them either way. */
int idle_open(struct idle *idle, struct network *network, unsigned count);

/* idle_alive says how many of them the server still keeps. */
unsigned idle_alive(struct idle *idle, struct network *network);

void idle_close(struct idle *idle);

#endif
