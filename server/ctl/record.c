/* record.c: what a command that changes something leaves in the audit log: who did it, when, and a seal. */
#include <pwd.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/ctl/ctl.h"
#include "server/upkeep/seal.h"

enum { SEAL_MS = 60 * 1000 };

int64_t ctl_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *ctl_who(char out[CTL_WHO_MAX])
{
    const struct passwd *user = getpwuid(getuid());
    const char *sudo = getenv("SUDO_USER");
    char number[32];

    snprintf(number, sizeof number, "uid %u", (unsigned)getuid());
    snprintf(out, CTL_WHO_MAX, "cmpctl by %s%s%s", user != NULL ? user->pw_name : number,
             sudo != NULL ? ", sudo says for " : "", sudo != NULL ? sudo : "");
    return out;
}

int ctl_seal(struct store *store, const struct policy *policy)
{
    struct seal_job job;
    int ok;

    seal_job_begin(&job);
    ok = seal_heads(&job, policy, store, ctl_now_ms());
    seal_job_end(&job);
    return ok;
}

void ctl_seal_at_times(int64_t *sealed_ms, struct store *store, const struct policy *policy)
{
    int64_t now_ms = clock_steady_ms();

    if (now_ms - *sealed_ms < SEAL_MS)
        return;
    *sealed_ms = now_ms;
    ctl_seal(store, policy);
}
