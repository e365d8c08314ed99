/* parallel.h: the same work for many items on all processors, with a progress bar. */
#ifndef CMPD_BENCH_PARALLEL_H
#define CMPD_BENCH_PARALLEL_H

enum { PARALLEL_WORKERS_MAX = 64 };

/* parallel_run calls |each| for runs of at most |step| items until all |count| are done, from several
 * threads; |worker| is below PARALLEL_WORKERS_MAX and tells them apart. |what| names the items on standard
 * error. Returns 1, or 0 as soon as |each| returned 0 or no thread could be started. */
int parallel_run(unsigned count, unsigned step, const char *what,
                 int (*each)(void *arg, unsigned worker, unsigned from, unsigned to), void *arg);

#endif
