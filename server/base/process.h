/* process.h: what the kernel keeps this process from, and how many descriptors it allows. */
#ifndef CMPD_BASE_PROCESS_H
#define CMPD_BASE_PROCESS_H

#include <stddef.h>
#include <stdint.h>

/* process_keep_secrets sees to it that no core file is written and no other process of this user looks into
 * this one. To be called before there are secrets. */
void process_keep_secrets(void);

/* process_allow_debuggers takes that back as far as it goes: gdb, perf and strace of the same user may
 * attach. */
void process_allow_debuggers(void);

/* process_no_new_privileges: whatever is executed from now on gains nothing by its file's mode or owner. */
void process_no_new_privileges(void);

/* process_reserve_descriptors sees to it that |connections| descriptors and |others| besides can be open,
 * raising the soft limit as far as the hard one allows. Returns 1, or 0 with |why| (|len| octets) that has
 * the numbers and what to do. */
int process_reserve_descriptors(char *why, size_t len, uint32_t connections, uint32_t others);

#endif
