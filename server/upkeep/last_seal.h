/* last_seal.h: whether a store is as new as what this node has signed last.
 *
 * A store that was restored from a backup, or copied back, lacks certificates and revocations, and nothing in
 * it says so. The node keeps its last seal of the audit log (storage/audit_seal.h) in a file of its own,
 * beside audit_seal_file: a seal is there once what it is about is durable in the store. Who puts back file
 * and store together is not noticed. */
#ifndef CMPD_UPKEEP_LAST_SEAL_H
#define CMPD_UPKEEP_LAST_SEAL_H

#include "storage/store.h"

enum { LAST_SEAL_TEXT = 1024 };

enum last_seal {
    LAST_SEAL_HELD,    /* the store has what was sealed last; or nothing was */
    LAST_SEAL_LOST,    /* it lacks that */
    LAST_SEAL_UNKNOWN, /* the store or the file could not be read */
};

/* last_seal_keep makes |line| (|len| octets, as audit_seal_file has it) the last one of |seal_file|. Durable
 * when it returns 1; 0 with errno set. */
int last_seal_keep(const char *seal_file, const char *line, size_t len);

/* last_seal_check looks for what the last seal of |seal_file| is about in |store|, by key; through all seals
 * only if it was purged. Waits. Unless it is held, |text| says what is wrong and what to do. */
enum last_seal last_seal_check(char text[LAST_SEAL_TEXT], const char *seal_file, struct store *store);

#endif
