/* fake_pipeline.h: a pipeline that echoes, so that the front can be tested alone.
 *
 * It implements server/pipeline/pipeline.h. A job's answer is its request, after a delay, from a thread of
 * its own. A request that begins with "end=N" ends so (enum job_end). One that begins with "hold " waits for
 * a request "let go " with the same words, which is answered by how many there were, or until the pipeline
 * is told to release what it holds, or freed. "held" is answered by how many wait, and for how many of them
 * nobody does any more. Refusals are the text "refused BIT: text". */
#ifndef CMPD_TESTS_FRONT_FAKE_PIPELINE_H
#define CMPD_TESTS_FRONT_FAKE_PIPELINE_H

#include "server/pipeline/pipeline.h"

/* fake_pipeline_new returns a pipeline for |jobs| jobs, whose queue takes |queue| of them, and that answers
 * after |delay_us| with |threads| threads. With 0 threads it answers inside pipeline_submit. */
struct pipeline *fake_pipeline_new(unsigned jobs, unsigned queue, unsigned delay_us, unsigned threads);

/* fake_pipeline_jobs returns how many jobs there are. fake_pipeline_release answers all that are held; from
 * then on none is. */
unsigned fake_pipeline_jobs(const struct pipeline *pipeline);
void fake_pipeline_release(struct pipeline *pipeline);

#endif
