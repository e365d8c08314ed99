/* seal.h: signs where the chains of the audit log end (storage/audit_seal.h), so that nobody can make them
 * anew or cut them off.
 *
 * Signed with the key of the CMP certificate of the first CA in the configuration. A seal is stored first,
 * then written into the configuration's audit_seal_file and into the log, as a line of level info; one that
 * could not be written into the file is stored and written again. */
#ifndef CMPD_UPKEEP_SEAL_H
#define CMPD_UPKEEP_SEAL_H

#include "server/policy/policy.h"
#include "server/upkeep/job.h"
#include "server/upkeep/seal_file.h"
#include "storage/audit_seal.h"

/* struct seal_job is a process's seals. It belongs to one thread. */
struct seal_job {
    struct audit_sealer sealer;
    struct arena *arena;       /* of |pending|; NULL: nothing is pending */
    struct store_seal pending; /* signed, and not known to be stored: to be stored before anything else */
    struct store_head heads[AUDIT_SEAL_ENDS]; /* that it is about */
    size_t head_count;
    int is_appended; /* 1: what is pending is in the file */
    struct seal_file file;
    int failing; /* 1: the store did not take it, or there is no memory, and the log says so */
    int stuck;   /* 1: file or key cannot be used, and the log says so: an alarm */
};

/* seal_job_begin makes |job| that of a new process. seal_job_end frees what it holds. */
void seal_job_begin(struct seal_job *job);
void seal_job_end(struct seal_job *job);

/* seal_heads seals every end of |store|'s chains that has moved since it was sealed last. Waits for the store
 * and for the key's token. |now| in Unix milliseconds. Returns 1, or 0 if something is left to be sealed the
 * next time, as the log says. */
int seal_heads(struct seal_job *job, const struct policy *policy, struct store *store, int64_t now);

/* seal_anchor stores a signed anchor: up to |heads|, their entries included, |head_count| chains, and up to
 * |seals| the seals of |seal_count| instances, are about to be purged. Of both the hash is that of the last
 * one purged; of a seal, chain is its instance and seq its number. To be called before anything is deleted;
 * what an anchor is about may go at any time afterwards. Seals may be purged once all that they are about is.
 * Returns 1 when all are stored, else 0: then nothing may be deleted. */
int seal_anchor(struct seal_job *job, const struct policy *policy, struct store *store,
                const struct store_head *heads, size_t head_count, const struct store_head *seals,
                size_t seal_count, int64_t now);

/* seal_heads_job seals the ends of chains once a minute, and when the process ends (upkeep.c). */
extern const struct upkeep_job seal_heads_job;

#endif
