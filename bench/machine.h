/* machine.h: which processor a run was made on. */
#ifndef CMPD_BENCH_MACHINE_H
#define CMPD_BENCH_MACHINE_H

#include <stdio.h>

enum { MACHINE_MODEL_MAX = 128 };

struct machine {
    char model[MACHINE_MODEL_MAX]; /* as the system names it; empty: it does not */
    unsigned threads, cores;       /* that the system has; 0: not known */
};

/* machine_read reads |cpuinfo|, of the form of /proc/cpuinfo (proc(5)); NULL: nothing is known. */
void machine_read(struct machine *out, FILE *cpuinfo);

#endif
