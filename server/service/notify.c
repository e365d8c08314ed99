/* notify.c: see notify.h. The datagrams are libsystemd's. */
#include "server/service/notify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum { US_PER_MS = 1000, NS_PER_US = 1000, US_PER_S = 1000000 };

int notify_is_wanted(void)
{
    const char *socket = getenv("NOTIFY_SOCKET");

    return socket != NULL && socket[0] != 0;
}

int64_t notify_watchdog_ms(void)
{
    uint64_t us = 0;

    if (!notify_is_wanted() || sd_watchdog_enabled(0, &us) <= 0)
        return 0;
    return us < US_PER_MS ? 1 : us / US_PER_MS > INT32_MAX ? INT32_MAX : (int64_t)(us / US_PER_MS);
}

/* Whoever is not told finds out by himself: there is nothing to be done about it here. */
void notify_ready(void)
{
    sd_notify(0, "READY=1");
}

void notify_reloading(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
               (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / NS_PER_US);
}

void notify_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

void notify_alive(void)
{
    sd_notify(0, "WATCHDOG=1");
}

void notify_status(const char *text)
{
    sd_notifyf(0, "STATUS=%s", text);
}
