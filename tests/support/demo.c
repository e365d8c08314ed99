#include "tests/support/demo.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "server/base/file.h"
#include "server/base/log.h"
#include "server/ctl/command.h"
#include "server/ctl/ctl.h"
#include "tests/support/must.h"

void demo_new(struct demo *demo)
{
    char name[] = "/tmp/cmpd-unit.XXXXXX";
    char *arguments[] = {"cmpctl", "init", demo->dir, "--demo", NULL};
    struct config_fault fault;
    int out, quiet;

    must(mkdtemp(name) != NULL);
    snprintf(demo->dir, sizeof demo->dir, "%s", name);
    snprintf(demo->config, sizeof demo->config, "%s/cmpd.yaml", name);
    log_set_level(LOG_ERROR);
    /* What the command says to its user is not for the test's output. */
    fflush(stdout);
    out = dup(STDOUT_FILENO);
    quiet = open("/dev/null", O_WRONLY);
    dup2(quiet, STDOUT_FILENO);
    must(ctl_run(4, arguments) == CTL_OK);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    close(quiet);
    demo->policy = policy_load_file(&fault, demo->config, time(NULL));
    must(demo->policy != NULL);
}

void demo_free(struct demo *demo)
{
    char command[DEMO_PATH_MAX + 16];

    policy_release(demo->policy);
    snprintf(command, sizeof command, "rm -rf '%s'", demo->dir);
    must(system(command) == 0);
}

int demo_edit(struct demo *demo, struct config_fault *fault, const char *from, const char *to)
{
    uint8_t *text;
    size_t len, before;
    struct policy *policy;
    char *found, *edited;

    must(file_read(&text, &len, demo->config, 1024 * 1024));
    found = strstr((char *)text, from);
    must(found != NULL);
    before = (size_t)(found - (char *)text);
    edited = malloc(len + strlen(to) + 1);
    must(edited != NULL);
    memcpy(edited, text, before);
    memcpy(edited + before, to, strlen(to));
    memcpy(edited + before + strlen(to), found + strlen(from), len - before - strlen(from));
    must(file_write(demo->config, edited, len - strlen(from) + strlen(to), 0600, 0));
    free(edited);
    free(text);
    policy = policy_load_file(fault, demo->config, time(NULL));
    if (policy == NULL)
        return 0;
    policy_release(demo->policy);
    demo->policy = policy;
    return 1;
}
