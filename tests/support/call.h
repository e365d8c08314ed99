/* call.h: a call of cmpctl in the test's own process, and what it says. For Criterion's tests. */
#ifndef CMPD_TESTS_SUPPORT_CALL_H
#define CMPD_TESTS_SUPPORT_CALL_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/ctl/command.h"

static char call_out[65536], call_err[16384]; /* what was said on standard output, and on standard error */

static void read_back(char *text, size_t room, int fd)
{
    ssize_t len = pread(fd, text, room - 1, 0);

    text[len > 0 ? len : 0] = 0;
    close(fd);
}

/* "cmpctl WORDS…", parted by single spaces. Returns its exit status. */
static int call(const char *words)
{
    char text[2048], *argv[24] = {"cmpctl"}, *rest = text;
    char out_name[] = "/tmp/cmpd-out-XXXXXX", err_name[] = "/tmp/cmpd-err-XXXXXX";
    int argc = 1, status, out_fd = mkstemp(out_name), err_fd = mkstemp(err_name);
    int stdout_fd = dup(STDOUT_FILENO), stderr_fd = dup(STDERR_FILENO);

    snprintf(text, sizeof text, "%s", words);
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;)
        argv[argc++] = word;
    fflush(NULL);
    dup2(out_fd, STDOUT_FILENO);
    dup2(err_fd, STDERR_FILENO);
    status = ctl_run(argc, argv);
    fflush(NULL);
    dup2(stdout_fd, STDOUT_FILENO);
    dup2(stderr_fd, STDERR_FILENO);
    close(stdout_fd);
    close(stderr_fd);
    unlink(out_name);
    unlink(err_name);
    read_back(call_out, sizeof call_out, out_fd);
    read_back(call_err, sizeof call_err, err_fd);
    return status;
}

#endif
