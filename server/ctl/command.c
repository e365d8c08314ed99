/* command.c: from the arguments of the program to a call of a command, by its row: which command, then its
 * options (argp takes them apart), then what it wants of them. Whoever asks for help gets it on standard
 * output; a wrong call is told which word was meant, and how the one command is called. */
#include "server/ctl/command.h"

#include <argp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/nearest.h"
#include "server/ctl/ctl.h"

enum {
    OPTIONS_MAX = 16,
    COMMANDS_MAX = 128,
    OPTION_KEYS = 1000, /* beyond all characters, so that no option has a short form */
    HELP_KEY = OPTION_KEYS + OPTIONS_MAX,
    NAME_MAX_LEN = 64,
    HELP_MAX = 4096,
};

static const char usual_statuses[] =
    "Exit status: 0 done, 1 a fault, which is told on standard error, 2 a wrong call.";

/* ---- what a call says ---- */

static const struct ctl_option *find_option(const struct ctl_command *command, const char *name, size_t len)
{
    for (const struct ctl_option *option = command->options; option != NULL && option->name != NULL; option++)
        if (strlen(option->name) == len && memcmp(option->name, name, len) == 0)
            return option;
    return NULL;
}

const char *ctl_nth(const struct ctl_call *call, const char *name, size_t n)
{
    const struct ctl_option *option = find_option(call->command, name, strlen(name));

    if (option == NULL)
        abort();
    for (size_t i = 0; i < call->given_count; i++)
        if (call->given[i].option == option && n-- == 0)
            return call->given[i].value;
    return NULL;
}

const char *ctl_second(const struct ctl_call *call, const char *name)
{
    const struct ctl_option *option = find_option(call->command, name, strlen(name));

    for (size_t i = 0; i < call->given_count; i++)
        if (call->given[i].option == option)
            return call->given[i].second;
    return NULL;
}

const char *ctl_value(const struct ctl_call *call, const char *name)
{
    const char *last = NULL, *value;

    for (size_t n = 0; (value = ctl_nth(call, name, n)) != NULL; n++)
        last = value;
    return last;
}

/* ---- usage and help ---- */

const char *ctl_statuses(const struct ctl_command *command)
{
    return command != NULL && command->statuses != NULL ? command->statuses : usual_statuses;
}

void ctl_put_usage(FILE *out, const char *before, const struct ctl_command *command)
{
    fprintf(out, "%scmpctl %s", before, command->name);
    for (const struct ctl_option *option = command->options; option != NULL && option->name != NULL; option++)
        fprintf(out, " %s--%s%s%s%s", option->how == CTL_REQUIRED ? "" : "[", option->name,
                option->argument != NULL ? " " : "", option->argument != NULL ? option->argument : "",
                option->how == CTL_REQUIRED ? "" : "]");
    fprintf(out, "%s%s\n", command->arguments != NULL ? " " : "",
            command->arguments != NULL ? command->arguments : "");
}

int ctl_wrong_call(const struct ctl_command *command, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "cmpctl: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    ctl_put_usage(stderr, "usage: ", command);
    return CTL_USAGE;
}

/* Whether |command| is of the group |name|, as "cert list" is of "cert"; all are of NULL. */
static int is_in_group(const struct ctl_command *command, const char *name)
{
    return name == NULL ||
           (strncmp(command->name, name, strlen(name)) == 0 && command->name[strlen(name)] == ' ');
}

static void put_group(FILE *out, const char *group)
{
    enum { NAMES_AT = 25 };

    fprintf(out, "usage: cmpctl %s%sCOMMAND ...\n\n", group != NULL ? group : "", group != NULL ? " " : "");
    for (const struct ctl_command *const *all = ctl_commands(); *all != NULL; all++)
        if (is_in_group(*all, group))
            fprintf(out, "  %-*s%s\n", NAMES_AT, (*all)->name, (*all)->says);
    if (group == NULL)
        fprintf(out, "\ncmpctl --version tells its version and those of its main libraries.");
    fprintf(out, "\n'cmpctl COMMAND --help' tells more. %s\n", ctl_statuses(NULL));
}

/* argp's table from a row, with --help behind it. */
static void fill_options(struct argp_option out[OPTIONS_MAX + 2], const struct ctl_command *command)
{
    size_t n = 0;

    for (const struct ctl_option *option = command->options;
         option != NULL && option->name != NULL && n < OPTIONS_MAX; option++, n++)
        out[n] = (struct argp_option){
            .name = option->name, .key = OPTION_KEYS + (int)n, .arg = option->argument, .doc = option->says};
    out[n++] = (struct argp_option){.name = "help", .key = HELP_KEY, .doc = "show this", .group = -1};
    out[n] = (struct argp_option){.name = NULL};
}

static int put_help(const struct ctl_command *command)
{
    struct argp_option options[OPTIONS_MAX + 2];
    char doc[HELP_MAX], name[NAME_MAX_LEN];
    const struct argp argp = {.options = options, .args_doc = command->arguments, .doc = doc};

    fill_options(options, command);
    snprintf(name, sizeof name, "cmpctl %s", command->name);
    snprintf(doc, sizeof doc, "%s\v%s%s%s", command->says, command->more != NULL ? command->more : "",
             command->more != NULL ? "\n\n" : "", ctl_statuses(command));
    ctl_put_usage(stdout, "usage: ", command);
    argp_help(&argp, stdout, ARGP_HELP_LONG | ARGP_HELP_DOC, name);
    return CTL_OK;
}

/* ---- options ---- */

struct parsing {
    struct ctl_call *call;
    int help;
};

/* "FROM TO" */
static int takes_two(const struct ctl_option *option)
{
    return option->argument != NULL && strchr(option->argument, ' ') != NULL;
}

static error_t take(int key, char *value, struct argp_state *state)
{
    struct parsing *parsing = state->input;
    struct ctl_call *call = parsing->call;

    if (key == ARGP_KEY_ARG) {
        call->arguments[call->argument_count++] = value;
    } else if (key == HELP_KEY) {
        parsing->help = 1;
    } else if (key >= OPTION_KEYS && key < HELP_KEY) {
        const struct ctl_option *option = &call->command->options[key - OPTION_KEYS];
        const char *second = NULL;
        if (takes_two(option) && state->next < state->argc)
            second = state->argv[state->next++];
        if (takes_two(option) && second == NULL)
            return ARGP_ERR_UNKNOWN;
        call->given[call->given_count++] = (struct ctl_given){option, value != NULL ? value : "", second};
    } else {
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* argp has refused an option: says which, and what is wrong with it. */
static int tell_option(const struct ctl_command *command, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *word = argv[i];
        size_t len = strcspn(word + (word[0] == '-') + (word[0] == '-' && word[1] == '-'), "=");
        const struct ctl_option *option;
        if (word[0] != '-' || word[1] == 0)
            continue;
        if (word[1] != '-')
            return ctl_wrong_call(command, "%s has no option %s", command->name, word);
        word += 2;
        option = find_option(command, word, len);
        if (option == NULL && strncmp(word, "help", len) != 0) {
            char given[NAME_MAX_LEN];
            snprintf(given, sizeof given, "%.*s", (int)len, word);
            struct nearest nearest = nearest_to(given);
            for (option = command->options; option != NULL && option->name != NULL; option++)
                nearest_offer(&nearest, option->name);
            return ctl_wrong_call(command, "%s has no option --%s%s%s%s", command->name, given,
                                  nearest.best != NULL ? "; did you mean --" : "",
                                  nearest.best != NULL ? nearest.best : "", nearest.best != NULL ? "?" : "");
        }
        if (option != NULL && option->argument == NULL && word[len] == '=')
            return ctl_wrong_call(command, "--%s takes no value", option->name);
        if (option != NULL && option->argument != NULL &&
            (i += (word[len] != '=') + takes_two(option)) >= argc)
            return ctl_wrong_call(command, "--%s wants %s", option->name, option->argument);
    }
    return ctl_wrong_call(command, "%s cannot be called like that", command->name);
}

/* The configuration, where its option was not given. */
static int find_config(struct ctl_call *call)
{
    const struct ctl_option *option = find_option(call->command, "config", strlen("config"));
    const char *path;

    if (option == NULL || option->how != CTL_CONFIG || ctl_value(call, "config") != NULL)
        return CTL_OK;
    if ((path = config_place(NULL)) == NULL)
        return ctl_wrong_call(call->command, CTL_WANTS_CONFIG, call->command->name);
    call->given[call->given_count++] = (struct ctl_given){option, path, NULL};
    return CTL_OK;
}

/* What the row wants, and argp does not know. */
static int check_call(struct ctl_call *call)
{
    const struct ctl_command *command = call->command;

    for (const struct ctl_option *option = command->options; option != NULL && option->name != NULL; option++)
        if (option->how != CTL_SEVERAL && ctl_nth(call, option->name, 1) != NULL)
            return ctl_wrong_call(command, "%s takes --%s once", command->name, option->name);
        else if (option->how == CTL_REQUIRED && ctl_value(call, option->name) == NULL)
            return ctl_wrong_call(command, "%s wants --%s %s", command->name, option->name, option->argument);
    if (call->argument_count < command->least)
        return ctl_wrong_call(command, "%s wants %s", command->name, command->arguments);
    if (call->argument_count > command->most)
        return ctl_wrong_call(command, "%s does not take '%s'", command->name,
                              call->arguments[command->most]);
    return find_config(call);
}

/* |argv|[0] is the last word of the command's name. */
static int run_command(const struct ctl_command *command, int argc, char **argv)
{
    struct argp_option options[OPTIONS_MAX + 2];
    const struct argp argp = {.options = options, .parser = take};
    struct ctl_call call = {.command = command,
                            .arguments = calloc((size_t)argc, sizeof *call.arguments),
                            .given = calloc((size_t)argc + 1, sizeof *call.given)}; /* one may be found */
    struct parsing parsing = {.call = &call};
    int status;

    fill_options(options, command);
    if (call.arguments == NULL || call.given == NULL)
        status = ctl_fault("out of memory");
    else if (argp_parse(&argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP, NULL, &parsing) != 0)
        status = tell_option(command, argc, argv);
    else if (parsing.help)
        status = put_help(command);
    else if ((status = check_call(&call)) == CTL_OK)
        status = command->run(&call);
    free(call.arguments);
    free(call.given);
    return status;
}

/* ---- commands ---- */

/* Nothing is called |word| here: says what may have been meant. */
static int tell_command(const char *group, const char *word)
{
    struct nearest nearest = nearest_to(word);
    const struct ctl_command *meant = NULL;
    char firsts[COMMANDS_MAX][NAME_MAX_LEN];
    size_t n = 0;

    for (const struct ctl_command *const *all = ctl_commands(); *all != NULL && n < COMMANDS_MAX; all++) {
        const char *name = (*all)->name;
        if (!is_in_group(*all, group))
            continue;
        if (group != NULL)
            name += strlen(group) + 1;
        snprintf(firsts[n], sizeof firsts[n], "%.*s", (int)strcspn(name, " "), name);
        if (nearest_offer(&nearest, firsts[n++]))
            meant = *all;
    }
    ctl_fault("there is no command '%s%s%s'%s%s%s%s%s", group != NULL ? group : "", group != NULL ? " " : "",
              word, meant != NULL ? "; did you mean '" : "", meant != NULL && group != NULL ? group : "",
              meant != NULL && group != NULL ? " " : "", meant != NULL ? nearest.best : "",
              meant != NULL ? "'?" : "");
    if (meant != NULL && (group != NULL || strcmp(meant->name, nearest.best) == 0))
        ctl_put_usage(stderr, "usage: ", meant);
    else
        fprintf(stderr, "usage: cmpctl %s%sCOMMAND ..., see cmpctl --help\n", group != NULL ? group : "",
                group != NULL ? " " : "");
    return CTL_USAGE;
}

/* The command of the group |name| that the rest of |argv| names. */
static int run_group(const char *name, int argc, char **argv)
{
    char full[NAME_MAX_LEN];

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        put_group(stdout, name);
        return CTL_OK;
    }
    if (argc < 2) {
        const char *before = "usage: ";
        for (const struct ctl_command *const *all = ctl_commands(); *all != NULL; all++)
            if (is_in_group(*all, name)) {
                ctl_put_usage(stderr, before, *all);
                before = "       ";
            }
        return CTL_USAGE;
    }
    snprintf(full, sizeof full, "%s %s", name, argv[1]);
    for (const struct ctl_command *const *all = ctl_commands(); *all != NULL; all++)
        if (strcmp((*all)->name, full) == 0)
            return run_command(*all, argc - 1, argv + 1);
    return tell_command(name, argv[1]);
}

int ctl_run(int argc, char **argv)
{
    if (argc < 2) {
        put_group(stderr, NULL);
        return CTL_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0) {
        put_group(stdout, NULL);
        return CTL_OK;
    }
    for (const struct ctl_command *const *all = ctl_commands(); *all != NULL; all++) {
        if (strcmp((*all)->name, argv[1]) == 0)
            return run_command(*all, argc - 1, argv + 1);
        if (is_in_group(*all, argv[1]))
            return run_group(argv[1], argc - 1, argv + 1);
    }
    return tell_command(NULL, argv[1]);
}
