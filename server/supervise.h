/* supervise.h: what a service manager is told of cmpd, and when (server/service/notify.h). Without one
 * nothing is done.
 *
 * That the process is alive (WATCHDOG=1) is said by the thread that follows signals, and only when every
 * thread of the network and every worker has gone round its loop since it was said last. So it is not said if
 * any of them hangs, nor if this thread does. A database or a token that does not answer makes none of them
 * hang. */
#ifndef CMPD_SUPERVISE_H
#define CMPD_SUPERVISE_H

#include <stdint.h>

#include "server/admin/health.h"

enum { SUPERVISE_STATUS_MAX = 160 };

struct supervise {
    struct health *health;
    struct pipeline *pipeline;
    void **transports;   /* of the table, in its order; NULL: not open */
    int64_t watchdog_ms; /* within which the manager wants to hear; 0: it does not */
    int64_t next_ms;     /* clock_steady_ms from which it is to hear */
    int64_t asked_ms;    /* … since when threads have been asked */
    int64_t status_ms;   /* … from which there may be another status */
    int is_late;         /* 1: the log knows that threads do not answer */
    char status[SUPERVISE_STATUS_MAX];
};

/* supervise_begin is called once everything serves: tells that, and asks all threads for the first time. The
 * caller has set |health|, |pipeline| and |transports|. */
void supervise_begin(struct supervise *supervise);

/* supervise_turn is called by the thread that follows signals, after what it had to do. Returns the
 * milliseconds after which it is to be called again, at most |wait_ms|. */
int64_t supervise_turn(struct supervise *supervise, int64_t wait_ms);

#endif
