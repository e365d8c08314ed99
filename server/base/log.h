/* log.h: one line an event, in logfmt (time= level= event= key=value …) or as an object of JSON, to standard
 * error, a file or whoever else takes lines.
 *
 * A line is written by one write(2), so lines of several threads never mix: by the thread that logs it, or,
 * once log_start has been called, by a thread of the log, for which nobody waits. Values are typed, and
 * quoted and escaped by their type: no caller can forget it. No secret is ever given to this module. */
#ifndef CMPD_BASE_LOG_H
#define CMPD_BASE_LOG_H

#include <sys/types.h>

#include "bytes.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* log_set_level drops lines below |level| from now on (default LOG_INFO). Any thread, at any time. */
void log_set_level(enum log_level level);

/* log_enabled returns 1 if a line of |level| would be written: to skip the cost of its values. */
int log_enabled(enum log_level level);

/* log_set_format says how lines are written from now on (default LOG_LOGFMT). Any thread, at any time. */
enum log_format { LOG_LOGFMT, LOG_JSON };
void log_set_format(enum log_format format);

/* log_to_file has lines appended to |path| from now on, which is made with |mode| if it is not there. What it
 * names must be a file, and no link to one. Before there are threads, and once. Returns 1, or 0 with errno
 * set: lines then go on to where they went. |path| is copied. */
int log_to_file(const char *path, mode_t mode);

/* log_reopen opens the file of log_to_file anew, for whoever moved it away (SIGHUP): lines that are written
 * after it returns are in what |path| names by then. Returns 1, also where lines go to no file; or 0 with
 * errno set: then they go on to the file that was open. Any thread, one at a time. */
int log_reopen(void);

/* log_to has each piece of whole lines be given to |take| instead, which returns 0 if it could not be
 * written. It is called as standard error is written to: by the thread of the log, and before that is there
 * by whoever logs. Before there are threads, and once. */
void log_to(int (*take)(const char *text, size_t len));

/* struct log_field is a key with a value. It lives for the call that it is made in: nothing is copied. */
struct log_field {
    const char *key;
    enum log_kind { LOG_WORD, LOG_TEXT, LOG_HEXADECIMAL, LOG_NUMBER, LOG_REAL, LOG_PAIRS, LOG_NONE } kind;
    union {
        struct bytes octets;
        int64_t number;
        double real;
    } u;
};

/* log_text is a value in quotes, for what a person reads; log_octets the same, of octets that may be
 * anybody's.
 */
static inline struct log_field log_text(const char *key, const char *value)
{
    return (struct log_field){key, LOG_TEXT, {.octets = bytes_str(value)}};
}

static inline struct log_field log_octets(const char *key, struct bytes value)
{
    return (struct log_field){key, LOG_TEXT, {.octets = value}};
}

/* log_word is a value without quotes, for names and the like; with them where it cannot do without. */
static inline struct log_field log_word(const char *key, const char *value)
{
    return (struct log_field){key, LOG_WORD, {.octets = bytes_str(value)}};
}

static inline struct log_field log_word_of(const char *key, struct bytes value)
{
    return (struct log_field){key, LOG_WORD, {.octets = value}};
}

/* log_word_if_any is log_word_of, and is left out where |value| is empty. */
static inline struct log_field log_word_if_any(const char *key, struct bytes value)
{
    return (struct log_field){key, value.len != 0 ? LOG_WORD : LOG_NONE, {.octets = value}};
}

/* log_hexadecimal is octets in lower-case hexadecimal, without quotes. */
static inline struct log_field log_hexadecimal(const char *key, struct bytes value)
{
    return (struct log_field){key, LOG_HEXADECIMAL, {.octets = value}};
}

static inline struct log_field log_number(const char *key, int64_t value)
{
    return (struct log_field){key, LOG_NUMBER, {.number = value}};
}

/* log_real is a number with one digit after its point. */
static inline struct log_field log_real(const char *key, double value)
{
    return (struct log_field){key, LOG_REAL, {.real = value}};
}

/* log_pairs is key=value pairs that are written already, such as the text of a seal. In JSON they are one
 * text, named "pairs". */
static inline struct log_field log_pairs(struct bytes value)
{
    return (struct log_field){"", LOG_PAIRS, {.octets = value}};
}

/* LOG_FIELDS is a list of fields as log_put_line and log_make_line take it. */
#define LOG_FIELDS(...)                                                                                      \
    (const struct log_field[])                                                                               \
    {                                                                                                        \
        __VA_ARGS__ __VA_OPT__(, )                                                                           \
        {                                                                                                    \
            .key = NULL                                                                                      \
        }                                                                                                    \
    }

/* log_line(LEVEL, EVENT, FIELDS...) writes one line: EVENT is a short fixed name ("certificate issued"), then
 * each field. The fields are not looked at if the line is not to be written. A value that is too long is cut,
 * so that each of the others finds some room. */
#define log_line(level, event, ...)                                                                          \
    (log_enabled(level) ? log_put_line(level, event, LOG_FIELDS(__VA_ARGS__)) : (void)0)
void log_put_line(enum log_level level, const char *event, const struct log_field *fields);

/* log_long_line writes a line that may be as long as LOG_LONG_MAX: for rare ones with a value that must be
 * whole. It takes memory for that; without any, the line is cut like others. */
#define log_long_line(level, event, ...)                                                                     \
    (log_enabled(level) ? log_put_long_line(level, event, LOG_FIELDS(__VA_ARGS__)) : (void)0)
void log_put_long_line(enum log_level level, const char *event, const struct log_field *fields);

/* log_make_line writes such a line, in logfmt, into |line|, which has |size| octets (at least LOG_LINE_MAX),
 * for somewhere else; returns its length, the end of the line included. */
size_t log_make_line(char *line, size_t size, enum log_level level, const char *event,
                     const struct log_field *fields);

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

/* log_start starts the thread that writes. From then on a standard error, or what stands in its place, that
 * is full or blocked keeps nobody waiting: what finds no room is dropped, and a line ("log lines lost") tells
 * how much when it flows again. Returns 1, or 0 when there is no thread: then all is as before. */
int log_start(void);

/* log_flush waits, for a bounded time, until what was logged is written: before the process ends at once. */
void log_flush(void);

/* log_stop tells what is still to be told, waits like log_flush, and ends the thread. */
void log_stop(void);

enum {
    LOG_LINE_MAX = 4096,
    LOG_HELD_MAX = LOG_LINE_MAX,
    LOG_LONG_MAX = 136 * 1024, /* a seal with the longest signature, in hexadecimal, fits */
    LOG_HEX_MAX = 2 * 64 + 1,
};

/* log_quote writes |value| into |out| (size |out_len|), in double quotes, control characters, quotes and
 * backslashes escaped, cut to fit; returns |out|. */
const char *log_quote(char *out, size_t out_len, struct bytes value);

/* log_hex writes |value| in lower-case hexadecimal into |out|, cut to fit; returns |out|. */
const char *log_hex(char *out, size_t out_len, struct bytes value);

#endif
