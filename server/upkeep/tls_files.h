/* tls_files.h: whether the TLS files of listeners have changed, and can be taken up. Whoever renews them
 * writes one after the other, so what does not fit is waited for before it is an alarm. */
#ifndef CMPD_UPKEEP_TLS_FILES_H
#define CMPD_UPKEEP_TLS_FILES_H

#include <stdatomic.h>

#include "server/upkeep/job.h"

/* struct tls_files is the state of the job. All zero at first. */
struct tls_files {
    uint64_t seen; /* policy_tls_stamp_now of the last look */
    int64_t since; /* Unix seconds for which they are other ones than those in use; 0: they are not */
    int alarm;     /* 1: for too long */
    char told[CONFIG_FAULT_MAX]; /* what the log knows of them */
    _Atomic uint64_t fit; /* the stamp of other ones that nobody writes any more, and that can be used */
};

/* tls_files_run looks at the files of |policy| at |now| (Unix seconds). */
void tls_files_run(struct tls_files *job, const struct policy *policy, int64_t now);

/* tls_files_job does so every BOUND_TLS_EVERY seconds (upkeep.c). */
extern const struct upkeep_job tls_files_job;

#endif
