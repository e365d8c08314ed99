/* audit_verify.h: finds out whether the audit log is whole.
 *
 * What the log of the nodes tells, then all seals, then all entries are shown to it, each once; it keeps a
 * few octets for each chain and each process that sealed, and nothing else. Found are: an entry or a seal
 * that was changed, one that is missing, one too many, a signature that does not verify, and a chain that
 * ends before the last entry that was signed, or that was purged without a signed anchor. */
#ifndef CMPD_STORAGE_AUDIT_VERIFY_H
#define CMPD_STORAGE_AUDIT_VERIFY_H

#include "store.h"

struct audit_verify;

enum { AUDIT_FAULT_MAX = 512 };

/* audit_verify_new begins. |fault| is called with |arg| and a text for all that is found. NULL without
 * memory.
 */
struct audit_verify *audit_verify_new(void (*fault)(void *arg, const char *text), void *arg);

void audit_verify_free(struct audit_verify *verify);

/* audit_verify_key adds a public key that seals may be signed with that say that they were made from
 * |not_before| to |not_after| (Unix seconds). It may be added again, for another time. Returns 1, or 0 if it
 * cannot be used. */
int audit_verify_key(struct audit_verify *verify, struct bytes spki, int64_t not_before, int64_t not_after);

/* audit_verify_line takes a line of a node's log; |where| names it in faults. To be called before the seals.
 * Returns 1 if the line is that of a seal. */
int audit_verify_line(struct audit_verify *verify, const char *where, struct bytes line);

/* audit_verify_seal takes a struct store_seal, those of an instance in order of number; |arg| is the struct
 * audit_verify. Always returns 1. */
int audit_verify_seal(void *arg, const void *stored);

/* audit_verify_entry takes a struct store_entry after all seals, those of a chain in order of seq. Likewise.
 */
int audit_verify_entry(void *arg, const void *row);

struct audit_summary {
    uint64_t faults;
    uint64_t chains, entries, records, seals;
    uint64_t unsealed; /* entries after the last signed end of their chain: not sealed yet, or never */
};

/* audit_verify_end looks at what is missing, and tells what was seen. */
void audit_verify_end(struct audit_verify *verify, struct audit_summary *out);

#endif
