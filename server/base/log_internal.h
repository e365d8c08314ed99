/* log_internal.h: what the parts of the log share. For server/base/log*.c only. */
#ifndef CMPD_BASE_LOG_INTERNAL_H
#define CMPD_BASE_LOG_INTERNAL_H

#include <time.h>

#include "server/base/log.h"

/* struct log_making is a line that is being made: |at| has |room| octets. */
struct log_making {
    char *at;
    size_t room;
};

/* log_making_put writes |text|, log_making_number |number|; both cut to fit. */
void log_making_put(struct log_making *line, const char *text, size_t len);
void log_making_number(struct log_making *line, int64_t number);

/* log_level_name is how lines name |level|; log_time writes the time, as they have it. */
enum { LOG_TIME = sizeof "2026-12-01T00:00:00.000Z" };
const char *log_level_name(enum log_level level);
void log_time(char out[LOG_TIME]);

/* log_make_json is log_make_line, with an object of JSON (RFC 8259). */
size_t log_make_json(char *line, size_t size, enum log_level level, const char *event,
                     const struct log_field *fields);

/* log_make makes the line in the format of log_set_format. */
size_t log_make(char *line, size_t size, enum log_level level, const char *event,
                const struct log_field *fields);

/* log_writer_fd has pieces be written to |fd|, log_writer_take be given to |take|. Before there are threads.
 */
void log_writer_fd(int fd);
void log_writer_take(int (*take)(const char *text, size_t len));

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
