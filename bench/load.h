/* load.h: clients that drive the server, in a closed or an open loop. */
#ifndef CMPD_BENCH_LOAD_H
#define CMPD_BENCH_LOAD_H

#include <stdio.h>

#include "bench/error.h"
#include "bench/request.h"
#include "bench/server.h"

enum { OUTCOME_SERIAL = 20 }; /* RFC 5280 4.1.2.2 */

/* struct outcome is what became of one request. */
struct outcome {
    int64_t end_ns;     /* of the monotonic clock; 0: it never started */
    int64_t latency_ns; /* from its start, which in an open loop is the intended one */
    int64_t first_ns;   /* of that, up to the answer to the first message */
    int64_t confirm_ns; /* of that, from the certConf to its answer; 0: there was none */
    uint8_t step;       /* enum step, of the first message */
    uint8_t error;      /* enum bench_error */
    uint8_t retries;    /* messages that were sent again */
    uint8_t serial_len;
    uint8_t serial[OUTCOME_SERIAL];
};

enum { RUN_TEXT = 160 };

/* struct run is one drive of all |requests|. */
struct run {
    const struct options *options;
    const struct setup *setup;
    struct request *requests; /* those without a message are passed over */
    unsigned count;
    struct outcome *outcomes; /* |count|, zeroed */
    int unclocked; /* 1: a closed loop over all, whatever options say, for the certificates: devices keep them
                    */
    FILE *held;

    /* what load_run tells */
    int64_t start_ns;                /* of what counts: after the warm-up */
    int64_t end_ns;                  /* the last answer */
    unsigned overdue;                /* open loop: were meant to start within the time, and did not */
    unsigned idle_open;              /* idle connections that the server still kept at the end */
    struct server_usage idle_before; /* the server before they were opened */
    struct server_usage before, after;
    char first_refusal[RUN_TEXT]; /* what the server said at the first rejection */
};

/* load_run drives the server. SIGINT or SIGTERM ends it as if its seconds were over. 1, or 0 with a fault
 * printed. */
int load_run(struct run *run);

#endif
