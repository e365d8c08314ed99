/* terminal.h: how much the terminal shows. */
#ifndef CMPD_CTL_TERMINAL_H
#define CMPD_CTL_TERMINAL_H

#include <stddef.h>

struct terminal {
    size_t width, height; /* characters, lines; 0: standard output is no terminal, nothing is cut */
};

/* terminal_size returns what standard output shows at this moment: its user may change it. */
struct terminal terminal_size(void);

#endif
