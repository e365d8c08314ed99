/* profile kinds: the ready-made profiles, and what is in one. */
#include <string.h>

#include "server/ctl/command.h"
#include "server/ctl/ctl.h"
#include "server/ctl/json.h"

static void print_line(const struct config_ready_made *kind)
{
    printf("%-10s %s\n", kind->name, kind->follows);
}

static void print_json(const struct config_ready_made *kind)
{
    json_t *row = json_object();

    ctl_json_set(row, "name", ctl_json_text(bytes_str(kind->name)));
    ctl_json_set(row, "follows", ctl_json_text(bytes_str(kind->follows)));
    ctl_json_set(row, "settings", ctl_json_text(bytes_str(kind->text)));
    ctl_json_print(row);
}

static int run(const struct ctl_call *call)
{
    size_t count, shown = 0;
    const struct config_ready_made *kinds = config_kinds(&count);
    const char *name = call->argument_count != 0 ? call->arguments[0] : NULL;

    for (size_t i = 0; i < count; i++) {
        if (name != NULL && strcmp(kinds[i].name, name) != 0)
            continue;
        shown++;
        if (ctl_value(call, "json") != NULL)
            print_json(&kinds[i]);
        else if (name == NULL)
            print_line(&kinds[i]);
        else
            printf("# %s: %s\n%s", kinds[i].name, kinds[i].follows, kinds[i].text);
    }
    return shown != 0 ? CTL_OK : ctl_fault("there is no kind '%s': cmpctl profile kinds lists them", name);
}

static const struct ctl_option options[] = {CTL_OPTION_JSON, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_profile_kinds = {
    .name = "profile kinds",
    .arguments = "NAME",
    .most = 1,
    .options = options,
    .says = "list the ready-made profiles, or show the settings of one",
    .more = "A profile with kind: NAME has these settings where it says nothing else.",
    .run = run,
};
