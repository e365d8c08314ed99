/* server.h: what a process has used, from proc(5). */
#ifndef CMPD_BENCH_SERVER_H
#define CMPD_BENCH_SERVER_H

#include <stdint.h>

struct server_usage {
    int64_t cpu_us;  /* of all threads, user and system, to the clock tick; -1: not known */
    int64_t rss_kib; /* resident memory; -1: not known */
};

/* server_usage reads that of |pid|; with 0 nothing is known. */
struct server_usage server_usage(int pid);

#endif
