/* cmpctl: sets a CA up, checks its configuration, shows what its store holds and what messages say. */
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "server/ctl/command.h"
#include "server/ctl/ctl.h"
#include "server/fetch/fetch.h"
#include "server/version.h"

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        version_print(stdout, "cmpctl", NULL);
        return CTL_OK;
    }
    if (!fetch_begin())
        return ctl_fault("libcurl could not be set up");
    umask(077);
    prctl(PR_SET_DUMPABLE, 0); /* keys stay out of core files */
    log_set_level(LOG_WARN);   /* what a command has to say, it says itself */
    return ctl_run(argc, argv);
}
