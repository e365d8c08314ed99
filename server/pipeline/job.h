/* job.h: one request on its way through the server.
 *
 * A job belongs to one thread at a time: to the front until pipeline_submit takes it, to the pipeline until
 * it calls |on_done|, then to the front again, which frees it. It outlives its connection: the front finds
 * out by the reply slot's generation whether anyone still waits for the answer. */
#ifndef CMPD_PIPELINE_JOB_H
#define CMPD_PIPELINE_JOB_H

#include <stdatomic.h>
#include <stdint.h>

#include "server/base/arena.h"
#include "server/base/bytes.h"
#include "server/base/job_end.h"
#include "server/base/ledger.h"

/* enum job_kind is the protocol of a request. */
enum job_kind { JOB_CMP, JOB_OCSP };

/* enum job_transport is what it came by, as it is counted. */
enum job_transport { JOB_BY_HTTP, JOB_BY_HTTPS, JOB_TRANSPORTS };

/* struct job_validity says for how long caches may keep an answer. */
struct job_validity {
    const char *tag;     /* ETag, with its quotes */
    int64_t modified;    /* Unix seconds */
    int64_t fresh_until; /* Unix seconds: from then on there is a newer one */
    int64_t expires;     /* Unix seconds */
};

struct job {
    struct arena *arena;          /* everything below points into it */
    struct ledger_source *source; /* whose request it is, pinned: set by pipeline_job */

    /* Set by the front. */
    enum job_kind kind;
    enum job_transport transport;
    struct bytes request;             /* the PKIMessage or OCSPRequest as received */
    struct bytes path;                /* of the URL, without query: selects the profile */
    struct bytes peer;                /* its address, readable: for the log */
    struct bytes host;                /* its source, readable: whose lines the log counts together */
    struct bytes trace;               /* its traceparent, for the log; empty: it has none */
    void (*on_done)(struct job *job); /* called once, from a thread of the pipeline: must not block */
    void *front;                      /* the front's own: whom to wake */
    uint32_t slot;                    /* the reply slot … */
    uint32_t generation;              /* … and its generation when the job was made */

    /* Set by the pipeline. */
    enum job_end end;
    struct bytes reply;                  /* DER of the message that answers; empty if the job was abandoned */
    const struct job_validity *validity; /* NULL: no cache may keep it */

    atomic_int abandoned; /* 1: nobody waits for the answer; see pipeline_abandon */

    struct job *next; /* for whoever owns the job */
};

#endif
