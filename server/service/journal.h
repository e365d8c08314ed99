/* journal.h: lines of the log as entries of journald, by its own protocol: a field for each value.
 *
 * MESSAGE is the line without its time and level, in logfmt; PRIORITY is the level, as syslog counts;
 * SYSLOG_IDENTIFIER is cmpd. A value of the line has the field CMPD_ and its key in capitals, such as
 * CMPD_FAILINFO. What the line escapes with \x stays so: no terminal is told anything by who wrote it. */
#ifndef CMPD_SERVICE_JOURNAL_H
#define CMPD_SERVICE_JOURNAL_H

#include <stddef.h>

/* journal_is_there returns 1 if journald takes entries on this machine; else 0 with errno set. */
int journal_is_there(void);

/* journal_take gives each line of |text|, which are whole ones in logfmt, to journald: for log_to. Waits
 * while journald has no room. Returns 0 if one of them could not be given. One thread at a time. */
int journal_take(const char *text, size_t len);

#endif
