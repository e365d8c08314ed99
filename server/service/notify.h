/* notify.h: what a service manager is told (sd_notify(3)), where one has started this process. */
#ifndef CMPD_SERVICE_NOTIFY_H
#define CMPD_SERVICE_NOTIFY_H

#include <stdint.h>

/* notify_is_wanted returns 1 if a service manager waits to be told: NOTIFY_SOCKET is set. Without it all
 * others do nothing. */
int notify_is_wanted(void);

/* notify_watchdog_ms returns the milliseconds within which the manager wants to be told that the process is
 * alive (WATCHDOG_USEC), at least 1; 0: it does not ask. */
int64_t notify_watchdog_ms(void);

/* Each tells one thing: that requests are answered, again after notify_reloading; that the configuration is
 * being loaded anew; that the process is about to end; that it is alive; what it does, in a short sentence.
 * The socket does not block for longer than the manager takes to read. */
void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
void notify_alive(void);
void notify_status(const char *text);

#endif
