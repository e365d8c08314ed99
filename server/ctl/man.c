/* man: the pages of man(1) that come from tables: of commands, and of settings. */
#include "server/base/man_page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/command.h"
#include "server/ctl/ctl.h"
#include "server/version.h"

enum { PAGE_NAME_MAX = 128 };

/* "cmpctl-cert-list" */
static const char *page_of(char out[PAGE_NAME_MAX], const struct ctl_command *command)
{
    snprintf(out, PAGE_NAME_MAX, "cmpctl-%s", command->name);
    for (char *c = out; *c != 0; c++)
        if (*c == ' ')
            *c = '-';
    return out;
}

/* How |command| is called. */
static int put_synopsis(FILE *out, const struct ctl_command *command)
{
    char *text = NULL;
    size_t len;
    FILE *line = open_memstream(&text, &len);
    int ok = line != NULL;

    if (ok) {
        ctl_put_usage(line, "", command);
        ok = fclose(line) == 0;
    }
    if (ok)
        man_page_text(out, text);
    free(text);
    return ok;
}

static void put_files(FILE *out)
{
    man_page_heading(out, "ENVIRONMENT");
    man_page_item(out, CONFIG_PLACE_VARIABLE, NULL, "The configuration, where --config names none.\n");
    man_page_heading(out, "FILES");
    man_page_item(out, CONFIG_PLACE_DEFAULT, NULL, "The configuration, where neither names one.\n");
}

static int put_command(FILE *out, const struct ctl_command *command)
{
    char page[PAGE_NAME_MAX];
    int ok;

    man_page_begin(out, page_of(page, command), 1, CMPD_VERSION, command->says);
    man_page_heading(out, "SYNOPSIS");
    ok = put_synopsis(out, command);
    if (command->more != NULL) {
        man_page_heading(out, "DESCRIPTION");
        man_page_text(out, command->more);
        man_page_text(out, "\n");
    }
    man_page_heading(out, "OPTIONS");
    for (const struct ctl_option *option = command->options; option != NULL && option->name != NULL;
         option++) {
        char name[PAGE_NAME_MAX];
        snprintf(name, sizeof name, "--%s", option->name);
        man_page_item(out, name, option->argument, option->says);
    }
    man_page_item(out, "--help", NULL, "show this");
    man_page_heading(out, "EXIT STATUS");
    man_page_text(out, ctl_statuses(command));
    man_page_text(out, "\n");
    put_files(out);
    man_page_heading(out, "SEE ALSO");
    man_page_text(out, "cmpctl(1), cmpd.yaml(5), cmpd(8)\n");
    return ok;
}

static int put_cmpctl(FILE *out, const struct ctl_command *command)
{
    char page[PAGE_NAME_MAX];

    (void)command;

    man_page_begin(out, "cmpctl", 1, CMPD_VERSION,
                   "sets cmpd up, and shows and changes what its store holds");
    man_page_heading(out, "SYNOPSIS");
    man_page_text(out, "cmpctl COMMAND ...\ncmpctl --version\n");
    man_page_heading(out, "DESCRIPTION");
    man_page_text(
        out,
        "cmpctl makes a CA with its configuration, checks it, and works on the store of cmpd, while nodes "
        "serve or not. Each command has a page of its own.\n");
    man_page_heading(out, "COMMANDS");
    for (const struct ctl_command *const *all = ctl_commands(); *all != NULL; all++) {
        char text[256];
        snprintf(text, sizeof text, "%s; see %s(1)\n", (*all)->says, page_of(page, *all));
        man_page_item(out, (*all)->name, NULL, text);
    }
    man_page_heading(out, "EXIT STATUS");
    man_page_text(out, ctl_statuses(NULL));
    man_page_text(out, "\n");
    put_files(out);
    man_page_heading(out, "SEE ALSO");
    man_page_text(out, "cmpd.yaml(5), cmpd(8), cmpbench(1)\n");
    return 1;
}

static int put_yaml(FILE *out, const struct ctl_command *command)
{
    (void)command;
    return config_describe_man(out, CMPD_VERSION);
}

/* Writes a page to DIR/NAME, or says why not. */
static int write_page(const char *dir, const char *name,
                      int (*put)(FILE *out, const struct ctl_command *command),
                      const struct ctl_command *command)
{
    char path[CTL_PATH_MAX];
    FILE *out = ctl_path(path, dir, name) ? fopen(path, "w") : NULL;
    int ok = out != NULL && put(out, command);

    if (out != NULL)
        ok = fclose(out) == 0 && ok;
    return ok || !ctl_fault("%s/%s cannot be written: %s", dir, name, strerror(errno));
}

static int run(const struct ctl_call *call)
{
    const char *dir = call->arguments[0];
    char page[PAGE_NAME_MAX], name[PAGE_NAME_MAX + 4];
    int ok = write_page(dir, "cmpctl.1", put_cmpctl, NULL) && write_page(dir, "cmpd.yaml.5", put_yaml, NULL);

    for (const struct ctl_command *const *all = ctl_commands(); ok && *all != NULL; all++) {
        snprintf(name, sizeof name, "%s.1", page_of(page, *all));
        ok = write_page(dir, name, put_command, *all);
    }
    return ok ? CTL_OK : CTL_FAULT;
}

const struct ctl_command ctl_man = {
    .name = "man",
    .arguments = "DIR",
    .least = 1,
    .most = 1,
    .says = "write the pages for man(1) into a folder",
    .more = "One for cmpctl, one for each command, and cmpd.yaml(5), which has every setting. They are made "
            "from the same "
            "tables as --help and the checks of the configuration. cmake --install and the packages do this.",
    .run = run,
};
