/* log_internal.h: what the parts of the log share. For server/base/log*.c only. */
#ifndef CMPD_BASE_LOG_INTERNAL_H
#define CMPD_BASE_LOG_INTERNAL_H

#include "server/base/log.h"

/* log_put hands |len| octets, at most LOG_HELD_MAX of whole lines, to the thread that writes, or writes them
 * where there is none. Never waits while there is one. */
void log_put(const char *text, size_t len);

/* log_tell_left_out writes a line for each source and kind of which sampling has left lines out, once the
 * while is over; or at once, with |all|. */
void log_tell_left_out(int all);

#endif
