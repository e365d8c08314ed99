/* log.h: one line an event, in logfmt (time= level= event= key=value …), to standard error.
 *
 * A line is written by one write(2), so lines of several threads never mix: by the thread that logs it, or,
 * once log_start has been called, by a thread of the log, for which nobody waits. Values are quoted and
 * escaped as needed by the caller's format through log_quote. No secret is ever given to this module. */
#ifndef CMPD_BASE_LOG_H
#define CMPD_BASE_LOG_H

#include "bytes.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* log_set_level drops lines below |level| from now on (default LOG_INFO). Any thread, at any time. */
void log_set_level(enum log_level level);

/* log_level_parse sets |*out| from "debug", "info", "warn", "error"; returns 1, or 0 if |name| is none. */
int log_level_parse(enum log_level *out, const char *name);

/* log_enabled returns 1 if a line of |level| would be written: to skip the cost of its values. */
int log_enabled(enum log_level level);

/* log_event writes one line: |event| is a short fixed name ("certificate issued"), |format| the key=value
 * pairs
 * ("%s", "" where there are none). A line longer than LOG_LINE_MAX is cut. */
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* log_write_line writes the line that log_event would write in |line| (LOG_LINE_MAX octets), for somewhere
 * else; returns its length, the end of the line included. */
size_t log_write_line(char *line, enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* log_hold keeps the lines of this thread until log_release writes them: for a thread that logs many in a
 * row. Not nested. Up to LOG_HELD_MAX octets go in one write, which a pipe (PIPE_BUF of Linux) keeps apart
 * from those of other threads. */
void log_hold(void);
void log_release(void);

/* log_take returns 1 if a line of |event| about |who| (a peer's "ADDRESS:PORT", of which the port does not
 * count; or a name) is to be logged: the first BOUND_LOG_LINES of BOUND_LOG_SECONDS are. The others are
 * counted, and a line ("lines left out") tells how many. For what strangers can bring about as often as they
 * like. Any thread; waits for none. */
int log_take(const char *event, struct bytes who);

/* log_start starts the thread that writes. From then on a standard error that is full or blocked keeps nobody
 * waiting: what finds no room is dropped, and a line ("log lines lost") tells how much when it flows again.
 * Returns 1, or 0 when there is no thread: then all is as before. */
int log_start(void);

/* log_flush waits, for a bounded time, until what was logged is written: before the process ends at once. */
void log_flush(void);

/* log_stop tells what is still to be told, waits like log_flush, and ends the thread. */
void log_stop(void);

enum { LOG_LINE_MAX = 4096, LOG_HELD_MAX = LOG_LINE_MAX, LOG_HEX_MAX = 2 * 64 + 1 };

/* log_quote writes |value| into |out| (size |out_len|), in double quotes, control characters, quotes and
 * backslashes escaped, cut to fit; returns |out|. */
const char *log_quote(char *out, size_t out_len, struct bytes value);

/* log_hex writes |value| in lower-case hexadecimal into |out|, cut to fit; returns |out|. */
const char *log_hex(char *out, size_t out_len, struct bytes value);

#endif
