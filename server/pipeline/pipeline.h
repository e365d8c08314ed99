/* pipeline.h: from a request to its answer, in batches, over threads that never wait for each other. */
#ifndef CMPD_PIPELINE_PIPELINE_H
#define CMPD_PIPELINE_PIPELINE_H

#include "server/base/config.h"
#include "server/pipeline/job.h"

struct pipeline;
struct policy;
struct store;

/* pipeline_new makes the queues and starts the workers that |config| names. |policy| (server/policy/policy.h)
 * is acquired. |store| must outlive the pipeline. Returns NULL with |fault| (CONFIG_FAULT_MAX octets)
 * written. */
struct pipeline *pipeline_new(char *fault, const struct config *config, struct policy *policy,
                              struct store *store);

/* pipeline_serve_ocsp makes jobs of OCSP be answered by |ocsp|, which must outlive the pipeline; without it
 * none may be submitted. Before the first of them. */
struct ocsp_service;
void pipeline_serve_ocsp(struct pipeline *pipeline, struct ocsp_service *ocsp);

/* pipeline_asks has questions of requests be asked by |authorize|, which must outlive the workers; without it
 * none is answered. Before the first request. */
struct authorize;
void pipeline_asks(struct pipeline *pipeline, struct authorize *authorize);

/* pipeline_ledger returns the ledger of sources, which front and pipeline share. It lives as long as the
 * pipeline. */
struct ledger *pipeline_ledger(struct pipeline *pipeline);

/* pipeline_source_key writes the key of the hashes by which sources are known there. Nodes with one seal_key
 * have it in common. */
void pipeline_source_key(const struct pipeline *pipeline, uint64_t key[2]);

/* pipeline_guesses returns what nodes tell each other of wrong MACs. It lives as long as the pipeline. */
struct guesses *pipeline_guesses(struct pipeline *pipeline);

/* pipeline_memory returns the octets that all jobs alive have taken from the system. */
size_t pipeline_memory(const struct pipeline *pipeline);

/* pipeline_job returns a new job of |source|, with an arena, and pins |source|. NULL when the source has
 * limits.requests_per_source in hand, or limits.jobs are alive, of which a share is kept for sources that
 * have authenticated before; |*why| then says so to whoever sent it. */
struct job *pipeline_job(struct pipeline *pipeline, struct ledger_source *source, const char **why);

/* pipeline_job_free frees |job| and its arena. Called by whoever owns it. */
void pipeline_job_free(struct pipeline *pipeline, struct job *job);

/* pipeline_submit hands |job| over; |on_done| follows. Never blocks. When the queue is full, or there are as
 * many jobs of OCSP as may be, it returns 0, the job stays the caller's, and end (JOB_BUSY) and reply (an
 * unprotected CMP error with systemUnavail, or an OCSPResponse with tryLater) are set. */
int pipeline_submit(struct pipeline *pipeline, struct job *job);

/* pipeline_abandon tells that nobody waits for |job|, which was submitted and has not come back: if no worker
 * has begun it, none will. It comes back by |on_done| in any case. */
void pipeline_abandon(struct job *job);

/* pipeline_refuse makes |job| end as |end|, with an unprotected CMP error of |fail_info| (a bit number of
 * PKIFailureInfo) and |text|, or, if it is of OCSP, with tryLater: for what never reaches a worker (overload,
 * no such path, wrong media type). What can be read of the request's header is echoed (transactionID,
 * senderNonce, sender). */
void pipeline_refuse(struct job *job, enum job_end end, unsigned fail_info, const char *text);

/* pipeline_set_policy makes |policy| the one that jobs decoded from now on get (SIGHUP). Acquires it; the old
 * one is released after its last job. */
void pipeline_set_policy(struct pipeline *pipeline, struct policy *policy);

/* pipeline_idle returns 1 when no job is alive. */
int pipeline_idle(const struct pipeline *pipeline);

/* pipeline_ask asks each worker whether it goes on; pipeline_answers returns 1 once all of them have come
 * round since. One that is in a batch has not; one that waits for store, tokens or authorizers sleeps, and
 * comes round. Any thread, before pipeline_stop. */
void pipeline_ask(struct pipeline *pipeline);
int pipeline_answers(const struct pipeline *pipeline);

/* pipeline_has_room returns 1 while the job queue is less than half full: for readiness. */
int pipeline_has_room(const struct pipeline *pipeline);

/* struct pipeline_load is how much is in hand. */
struct pipeline_load {
    size_t jobs, jobs_max;      /* messages alive, those in others too */
    size_t queries;             /* of them, of OCSP */
    size_t memory;              /* octets that jobs have */
    size_t queued[2], bound[2]; /* in each lane: the fast one, the slow one … */
    size_t workers[2];          /* … and the threads that serve it */
    size_t places[2], used[2];  /* of the ledger of sources, and of the one of references … */
    uint64_t crowded[2];        /* … and how often there was none */
};

/* pipeline_load writes it. Any thread. */
void pipeline_load(const struct pipeline *pipeline, struct pipeline_load *out);

/* pipeline_stop stops the workers after their last job; its ledgers and guesses stay. */
void pipeline_stop(struct pipeline *pipeline);

/* pipeline_free does so unless it is done, and frees everything. */
void pipeline_free(struct pipeline *pipeline);

#endif
