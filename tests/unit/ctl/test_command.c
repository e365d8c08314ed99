/* test_command.c: the rows of all commands, and calls as they are taken apart, right ones and wrong ones. */
#include "server/ctl/command.h"

#include <criterion/criterion.h>

#include "server/ctl/ctl.h"
#include "tests/support/call.h"

/* How the command under test was called. */
static char config[64], files[64], arguments[64], span[64];
static int json, runs;

static int keep(const struct ctl_call *call)
{
    const char *file;

    runs++;
    snprintf(config, sizeof config, "%s", ctl_value(call, "config"));
    json = ctl_value(call, "json") != NULL;
    files[0] = arguments[0] = span[0] = 0;
    if (ctl_value(call, "span") != NULL)
        snprintf(span, sizeof span, "%s;%s", ctl_value(call, "span"), ctl_second(call, "span"));
    cr_assert_eq(ctl_second(call, "span") != NULL, ctl_value(call, "span") != NULL);
    for (size_t i = 0; (file = ctl_nth(call, "file", i)) != NULL; i++)
        strcat(strcat(files, file), ";");
    for (size_t i = 0; i < call->argument_count; i++)
        strcat(strcat(arguments, call->arguments[i]), ";");
    return 7;
}

static const struct ctl_option options[] = {CTL_OPTION_CONFIG,
                                            CTL_OPTION_JSON,
                                            {"file", "FILE", CTL_SEVERAL, "a file"},
                                            {"span", "FROM TO", 0, "two"},
                                            {NULL, NULL, 0, NULL}};
static const struct ctl_command row = {
    .name = "try this",
    .arguments = "ONE TWO",
    .least = 1,
    .most = 2,
    .options = options,
    .says = "a command",
    .run = keep,
};

/* In the place of commands.c, with its rows at hand: the linker takes nothing from there then. */
const struct ctl_command *const *real_commands(void);
#define ctl_commands real_commands
#include "server/ctl/commands.c"
#undef ctl_commands

static int use_real;

const struct ctl_command *const *ctl_commands(void)
{
    static const struct ctl_command *const all[] = {&row, NULL};

    return use_real ? real_commands() : all;
}

Test(command, a_call_is_taken_apart)
{
    cr_assert_eq(call("try this --config c --json --file a one --file=b two"), 7);
    cr_assert_str_eq(config, "c");
    cr_assert_eq(json, 1);
    cr_assert_str_eq(files, "a;b;");
    cr_assert_str_eq(arguments, "one;two;");
    /* One that takes two, wherever it stands. */
    static const char *const spans[] = {"one --span a b two --config c", "--span a b --config c one two",
                                        "one two --config c --span=a b", "one --config c --span a b -- two"};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        char words[128];
        snprintf(words, sizeof words, "try this %s", spans[i]);
        cr_assert_eq(call(words), 7, "%s", spans[i]);
        cr_expect_str_eq(span, "a;b", "%s", spans[i]);
        cr_expect_str_eq(arguments, "one;two;", "%s", spans[i]);
    }
    /* Which of two is meant nobody can know. */
    cr_assert_eq(call("try this --config a --config b x"), CTL_USAGE);
    cr_assert_not_null(strstr(call_err, "try this takes --config once"), "%s", call_err);
    cr_assert_eq(call("try this --config a -- --json"), 7);
    cr_assert_str_eq(arguments, "--json;");
    cr_assert_eq(json, 0);
    cr_assert_eq(call("try this --conf a -"), 7, "no other option begins so");
    cr_assert_str_eq(arguments, "-;");
}

Test(command, the_configuration_is_found_where_the_environment_says)
{
    setenv("CMPD_CONFIG", "/from/environment", 1);
    cr_assert_eq(call("try this one --json"), 7);
    cr_assert_str_eq(config, "/from/environment");
    cr_assert_eq(json, 1);
    cr_assert_eq(call("try this --config given one"), 7);
    cr_assert_str_eq(config, "given");
}

Test(command, a_wrong_call_is_told_what_is_wrong_and_how_it_is_called)
{
    static const struct {
        const char *words, *says;
    } wrong[] = {
        {"try this --config c", "try this wants ONE TWO"},
        {"try this one", "try this wants --config FILE"},
        {"try this --config c 1 2 3", "does not take '3'"},
        {"try this --config c one --jason", "no option --jason; did you mean --json?"},
        {"try this --config c one --xyzzyx", "no option --xyzzyx\n"},
        {"try this --config c one --fiel=3", "no option --fiel; did you mean --file?"},
        {"try this --config c one -x", "no option -x"},
        {"try this --config c one --json=1", "--json takes no value"},
        {"try this one --config", "--config wants FILE"},
        {"try this one --config c --span", "--span wants FROM TO"},
        {"try this one --config c --span a", "--span wants FROM TO"},
        {"try this one --config c --span=a", "--span wants FROM TO"},
        {"try thsi", "there is no command 'try thsi'; did you mean 'try this'?"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (strstr(wrong[i].says, "wants --config") != NULL && config_place(NULL) != NULL)
            continue; /* this machine has one */
        cr_expect_eq(call(wrong[i].words), CTL_USAGE, "%s", wrong[i].words);
        cr_expect_not_null(strstr(call_err, wrong[i].says), "%s: %s", wrong[i].words, call_err);
        cr_expect_not_null(
            strstr(
                call_err,
                "\nusage: cmpctl try this [--config FILE] [--json] [--file FILE] [--span FROM TO] ONE TWO\n"),
            "%s: %s", wrong[i].words, call_err);
        cr_expect_str_empty(call_out);
    }
    cr_assert_eq(runs, 0);
    cr_assert_eq(call("trry this"), CTL_USAGE);
    cr_assert_not_null(strstr(call_err, "there is no command 'trry'; did you mean 'try'?"), "%s", call_err);
    cr_assert_eq(call("quite other"), CTL_USAGE);
    cr_assert_not_null(strstr(call_err, "there is no command 'quite'\n"), "%s", call_err);
    cr_assert_eq(call("try"), CTL_USAGE);
    cr_assert_not_null(strstr(call_err, "usage: cmpctl try this"), "%s", call_err);
    cr_assert_eq(call(""), CTL_USAGE);
    cr_assert_str_empty(call_out);
}

Test(command, help_is_no_fault_at_any_level)
{
    static const char *const levels[] = {"--help", "try --help", "try this --help",
                                         "try this x --json --help"};

    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        cr_expect_eq(call(levels[i]), CTL_OK, "%s", levels[i]);
        cr_expect_str_empty(call_err);
        cr_expect_not_null(strstr(call_out, "usage: cmpctl "), "%s", call_out);
        cr_expect_not_null(strstr(call_out, "a command"), "%s", call_out);
        cr_expect_not_null(strstr(call_out, "Exit status: 0 "), "%s", call_out);
    }
    cr_assert_eq(runs, 0);
}

/* Each row has what its help wants, and no option twice; a call that wants arguments is told so. */
Test(command, the_rows_are_whole)
{
    use_real = 1;
    for (const struct ctl_command *const *all = ctl_commands(); *all != NULL; all++) {
        char words[128];
        cr_expect_not_null((*all)->run);
        cr_expect_leq((*all)->least, (*all)->most);
        cr_expect_eq((*all)->arguments == NULL, (*all)->most == 0, "%s", (*all)->name);
        for (const struct ctl_option *o = (*all)->options; o != NULL && o->name != NULL; o++) {
            cr_expect_not_null(o->says, "%s --%s", (*all)->name, o->name);
            for (const struct ctl_option *other = (*all)->options; other < o; other++)
                cr_expect_str_neq(other->name, o->name, "%s", (*all)->name);
        }
        snprintf(words, sizeof words, "%s --help", (*all)->name);
        cr_expect_eq(call(words), CTL_OK);
        cr_expect_not_null(strstr(call_out, (*all)->says));
        snprintf(words, sizeof words, "%s --no-such-option", (*all)->name);
        cr_expect_eq(call(words), CTL_USAGE, "%s", (*all)->name);
    }
}
