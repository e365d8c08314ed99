/* log_internal.h: what the parts of the log share. For server/base/log*.c only. */
#ifndef CMPD_BASE_LOG_INTERNAL_H
#define CMPD_BASE_LOG_INTERNAL_H

#include "server/base/log.h"

/* log_put hands |len| octets, at most LOG_HELD_MAX of whole lines or a longer one, to the thread that writes,
 * or writes them where there is none. Never waits while there is one. */
void log_put(const char *text, size_t len);

/* log_writer_start starts that thread, which calls |tick| each second, with 1 when it ends; log_writer_stop
 * ends it (log_start and log_stop). */
int log_writer_start(void (*tick)(int all));
void log_writer_stop(void);

/* log_tell_left_out writes a line for each source and kind of which sampling has left lines out, once the
 * while is over; or at once, with |all|. */
void log_tell_left_out(int all);

#endif
