/* test_notify.c: what a service manager hears, on a socket of the test's. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "server/service/notify.h"

static int manager = -1;
static char folder[] = "/tmp/cmpd-notify.XXXXXX", heard[1024];

static void begin(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    cr_assert_not_null(mkdtemp(folder));
    snprintf(at.sun_path, sizeof at.sun_path, "%s/socket", folder);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    cr_assert_eq(bind(manager, (struct sockaddr *)&at, sizeof at), 0);
    setenv("NOTIFY_SOCKET", at.sun_path, 1);
}

static void end(void)
{
    unlink(getenv("NOTIFY_SOCKET"));
    rmdir(folder);
    close(manager);
}

TestSuite(notify, .init = begin, .fini = end);

static const char *hear(void)
{
    ssize_t len = recv(manager, heard, sizeof heard - 1, 0);

    heard[len > 0 ? len : 0] = 0;
    return len >= 0 ? heard : strerror(errno);
}

Test(notify, each_thing_is_one_datagram)
{
    cr_assert(notify_is_wanted());
    notify_ready();
    cr_expect_str_eq(hear(), "READY=1");
    notify_stopping();
    cr_expect_str_eq(hear(), "STOPPING=1");
    notify_alive();
    cr_expect_str_eq(hear(), "WATCHDOG=1");
    notify_status("Ready; 3 requests");
    cr_expect_str_eq(hear(), "STATUS=Ready; 3 requests");
    cr_expect_str_eq(hear(), strerror(EAGAIN));
}

/* sd_notify(3): with the time by CLOCK_MONOTONIC, so that the manager knows which READY=1 is the one after.
 */
Test(notify, reloading_has_its_time)
{
    struct timespec now;
    unsigned long long us;
    int len = 0;

    notify_reloading();
    clock_gettime(CLOCK_MONOTONIC, &now);
    cr_assert_eq(sscanf(hear(), "RELOADING=1\nMONOTONIC_USEC=%llu%n", &us, &len), 1, "%s", heard);
    cr_expect_eq(heard[len], 0);
    cr_expect_leq(us, (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000);
    cr_expect_geq(us, (unsigned long long)(now.tv_sec - 600) * 1000000);
}

Test(notify, without_a_manager_nothing_is_said)
{
    char path[sizeof folder + 16];

    snprintf(path, sizeof path, "%s", getenv("NOTIFY_SOCKET"));
    setenv("NOTIFY_SOCKET", "", 1);
    setenv("WATCHDOG_USEC", "1000000", 1);
    cr_expect_not(notify_is_wanted());
    cr_expect_eq(notify_watchdog_ms(), 0);
    unsetenv("NOTIFY_SOCKET");
    cr_expect_not(notify_is_wanted());
    notify_ready();
    notify_status("x");
    setenv("NOTIFY_SOCKET", path, 1);
    cr_expect_str_eq(hear(), strerror(EAGAIN));
}

/* It is for the process that it names, and for a time that is a number. */
Test(notify, when_the_watchdog_wants_to_hear)
{
    char pid[24];

    cr_expect_eq(notify_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    cr_expect_eq(notify_watchdog_ms(), 30000);
    setenv("WATCHDOG_USEC", "999", 1);
    cr_expect_eq(notify_watchdog_ms(), 1);
    setenv("WATCHDOG_USEC", "soon", 1);
    cr_expect_eq(notify_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "2000000", 1);
    snprintf(pid, sizeof pid, "%d", getpid());
    setenv("WATCHDOG_PID", pid, 1);
    cr_expect_eq(notify_watchdog_ms(), 2000);
    setenv("WATCHDOG_PID", "1", 1);
    cr_expect_eq(notify_watchdog_ms(), 0);
}
