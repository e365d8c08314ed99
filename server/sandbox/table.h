/* table.h: what each part needs. For server/sandbox/ only. */
#ifndef CMPD_SANDBOX_TABLE_H
#define CMPD_SANDBOX_TABLE_H

#include "server/sandbox/sandbox.h"

/* struct sandbox_call is a system call by its name, and which parts need it. Names that a machine does not
 * have are left out there. */
struct sandbox_call {
    const char *name;
    unsigned parts;
};

/* struct sandbox_argument narrows an allowed call: its argument |at| must be one of these. */
struct sandbox_argument {
    const char *name;
    unsigned parts;
    unsigned at;
    uint64_t mask, value; /* (argument & mask) == value */
};

struct sandbox_folder {
    const char *path;
    unsigned parts;
    int is_written;
};

/* Each ends with a NULL name or path. */
extern const struct sandbox_call sandbox_calls[];
extern const struct sandbox_argument sandbox_arguments[];
extern const char *const sandbox_forbidden[];
extern const struct sandbox_folder sandbox_folders[];

#endif
