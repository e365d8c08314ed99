/* completion: what bash offers while a call of cmpctl is typed, from the table of commands. */
#include <string.h>

#include "server/ctl/command.h"
#include "server/ctl/ctl.h"

/* What the script does with the table: it follows the words of the command, then offers its options. Whatever
 * else is wanted, values of options among it, is taken for the name of a file (complete -o default). */
static const char script[] =
    ")\n"
    "\n"
    "_cmpctl() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} name= i row\n"
    "    local -A offered=()\n"
    "    COMPREPLY=()\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        [[ ${COMP_WORDS[i]} != -* ]] || break\n"
    "        name+=${name:+ }${COMP_WORDS[i]}\n"
    "        [[ -z ${_cmpctl_options[$name]+there} ]] || break\n"
    "    done\n"
    "    if [[ -n $name && -n ${_cmpctl_options[$name]+there} ]]; then\n"
    "        [[ \" ${_cmpctl_options[$name]} \" != *\" $before= \"* ]] || return 0\n"
    "        for row in ${_cmpctl_options[$name]}; do offered[${row%=}]=1; done\n"
    "    else\n"
    "        for row in \"${!_cmpctl_options[@]}\"; do\n"
    "            [[ -z $name || $row == \"$name \"* ]] || continue\n"
    "            row=${row#\"${name:+$name }\"}\n"
    "            offered[${row%% *}]=1\n"
    "        done\n"
    "    fi\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"${!offered[*]}\" -- \"$word\" | sort)\n"
    "}\n"
    "complete -o default -F _cmpctl cmpctl\n";

static int run(const struct ctl_call *call)
{
    (void)call;
    printf("# What bash offers for cmpctl. Written by `cmpctl completion`; source it, or lay it where "
           "bash-completion looks.\n"
           "declare -gA _cmpctl_options=(\n");
    for (const struct ctl_command *const *all = ctl_commands(); *all != NULL; all++) {
        printf("    [\"%s\"]=\"", (*all)->name);
        for (const struct ctl_option *option = (*all)->options; option != NULL && option->name != NULL;
             option++)
            printf("--%s%s ", option->name, option->argument != NULL ? "=" : "");
        printf("--help\"\n");
    }
    fputs(script, stdout);
    return ferror(stdout) == 0 ? CTL_OK : ctl_fault("standard output cannot be written");
}

const struct ctl_command ctl_completion = {
    .name = "completion",
    .says = "write what bash needs to complete calls of cmpctl",
    .more =
        "E.g.: cmpctl completion >/etc/bash_completion.d/cmpctl. cmake --install and the packages do this.",
    .run = run,
};
