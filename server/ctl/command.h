/* command.h: a command of cmpctl is a row beside its code, listed in commands.c. From the rows come the
 * parsing of arguments, --help at every level, and what a wrong call is told. */
#ifndef CMPD_CTL_COMMAND_H
#define CMPD_CTL_COMMAND_H

#include <stddef.h>
#include <stdio.h>

#include "server/base/config_place.h"

/* struct ctl_option is an option of a command; a table of them ends with a name of NULL. */
/* How often an option may be given. CTL_CONFIG: once; if it is not given, it is where config_place.h finds
 * the configuration. */
enum ctl_how { CTL_ONCE, CTL_REQUIRED, CTL_SEVERAL, CTL_CONFIG };

struct ctl_option {
    const char *name;     /* without its dashes */
    const char *argument; /* "FILE"; NULL: it takes none; "FROM TO": it takes two */
    int how;              /* enum ctl_how */
    const char *says;
};

struct ctl_call;

struct ctl_command {
    const char *name;      /* "cert list" */
    const char *arguments; /* besides options: "SERIAL"; NULL: none */
    size_t least, most;    /* how many of them */
    const struct ctl_option *options;
    const char *says;     /* one line */
    const char *more;     /* what else its --help says; or NULL */
    const char *statuses; /* of its end; NULL: the usual ones */
    int (*run)(const struct ctl_call *call);
};

/* What is told where nothing names the configuration; %s: the command. */
#define CTL_WANTS_CONFIG                                                                                     \
    "%s wants --config FILE: CMPD_CONFIG is not set, and there is no " CONFIG_PLACE_DEFAULT

/* Options of several commands. */
#define CTL_OPTION_CONFIG                                                                                    \
    {                                                                                                        \
        "config", "FILE", CTL_CONFIG,                                                                        \
            "the configuration; else CMPD_CONFIG of the environment, or /etc/cmpd/cmpd.yaml"                 \
    }
#define CTL_OPTION_STORE                                                                                     \
    {                                                                                                        \
        "store", "URL", 0, "another store than the configuration's, such as a standby"                       \
    }
#define CTL_OPTION_JSON                                                                                      \
    {                                                                                                        \
        "json", NULL, 0, "write a JSON object a line"                                                        \
    }

/* struct ctl_given is an option as it was given. */
struct ctl_given {
    const struct ctl_option *option;
    const char *value;
    const char *second; /* of one that takes two */
};

/* struct ctl_call is how a command was called. */
struct ctl_call {
    const struct ctl_command *command;
    char **arguments; /* those that are no options */
    size_t argument_count;
    struct ctl_given *given; /* options, in their order */
    size_t given_count;
};

/* ctl_value returns what was given for the option |name| of the command, the last if several were; "" for one
 * without an argument; or NULL. ctl_nth returns the |n|th, from 0. An option that the row has not is a
 * mistake in the program, and ends it. */
const char *ctl_value(const struct ctl_call *call, const char *name);
const char *ctl_nth(const struct ctl_call *call, const char *name, size_t n);

/* ctl_second returns the second value of the option |name|, which takes two, or NULL if it was not given. */
const char *ctl_second(const struct ctl_call *call, const char *name);

/* ctl_wrong_call tells that the call is wrong, and how the command is called. Returns CTL_USAGE. */
int ctl_wrong_call(const struct ctl_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ctl_put_usage writes |before|, how |command| is called, and the end of the line. */
void ctl_put_usage(FILE *out, const char *before, const struct ctl_command *command);

/* ctl_statuses returns what the exit statuses of |command| mean; NULL: the usual ones. */
const char *ctl_statuses(const struct ctl_command *command);

/* ctl_run runs the command that |argv| names; argv[0] is the program. Changes the order of |argv|. Returns an
 * exit status. */
int ctl_run(int argc, char **argv);

/* ctl_commands returns the rows of all commands, NULL at their end. */
const struct ctl_command *const *ctl_commands(void);

#endif
