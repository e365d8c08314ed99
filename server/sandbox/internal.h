/* internal.h: what the parts of the sandbox share. For server/sandbox/ only. */
#ifndef CMPD_SANDBOX_INTERNAL_H
#define CMPD_SANDBOX_INTERNAL_H

#include "server/sandbox/table.h"

struct allowed {
    char *path; /* as realpath returns it */
    int is_written;
};

struct sandbox {
    unsigned parts;
    struct allowed *folders;
    size_t count;
    uint16_t *ports;
    size_t port_count;
    int any_port;
};

#endif
