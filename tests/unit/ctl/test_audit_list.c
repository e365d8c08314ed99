/* test_audit_list.c: what audit list shows (server/ctl/audit_list.c). */
#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "tests/support/capture.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/audit_list.c"

TestSuite(audit_list, .timeout = 60);

static struct store_entry entry(const char *records)
{
    return (struct store_entry){
        .chain = {0xab}, .seq = 7, .at = 1500, .node = bytes_str("n"), .records = bytes_str(records)};
}

/* Shows |entry| as a call with |option| (NULL: none) does. */
static void show(void (*how)(const struct store_entry *entry, json_t *record),
                 const struct store_entry *entry, const char *option, const char *value)
{
    struct listing listing = {.show = how};
    struct ctl_given given = {.value = value};
    struct ctl_call call = {.command = &ctl_audit_list, .given = &given, .given_count = option != NULL};

    for (given.option = options; option != NULL && strcmp(given.option->name, option) != 0;)
        given.option++;
    cr_assert(read_listing(&listing, &call));
    cr_assert(each_entry(&listing, entry));
}

#define CHAIN "ab000000000000000000000000000000"

/* Each line is an object, whatever somebody has made of the records. */
Test(audit_list, a_damaged_record_is_shown_as_one)
{
    const struct store_entry two = entry("{\"event\":\"x\",\"seq\":1}\n{\"event\n");

    cr_redirect_stdout();
    show(show_json, &two, NULL, NULL);
    fflush(stdout);
    cr_assert_stdout_eq_str(
        "{\"chain\":\"" CHAIN "\",\"seq\":7,\"committed_at\":1500,\"node\":\"n\",\"event\":\"x\"}\n"
        "{\"chain\":\"" CHAIN
        "\",\"seq\":7,\"committed_at\":1500,\"node\":\"n\",\"damaged\":\"{\\\"event\"}\n");
}

Test(audit_list, a_damaged_record_has_a_line_of_its_own)
{
    const struct store_entry two =
        entry("{\"event\":\"x\",\"outcome\":\"y\",\"who\":\"a\\nb\"}\n{\"event\n[1]");

    cr_redirect_stdout();
    show(show_line, &two, NULL, NULL);
    fflush(stdout);
    cr_assert_stdout_eq_str("1970-01-01T00:00:01Z  n  x  y  a\\u000ab  ?  ?\n"
                            "1970-01-01T00:00:01Z  n  ?  ?  ?  ?  ?\n"
                            "1970-01-01T00:00:01Z  n  ?  ?  ?  ?  ?\n");
}

/* Which of three records an option shows: each has its event in its line. */
Test(audit_list, each_option_shows_its_own)
{
#define SERIAL "0d02d6ab5a2283a8a6219a3f5cc14535"
    static const struct {
        const char *option, *value;
        const char *events;
    } rows[] = {
        {NULL, NULL, "abc"},
        {"after", "1970-01-01T00:00:01Z", "abc"},
        {"after", "1970-01-01T00:00:02Z", ""},
        {"before", "1970-01-01T00:00:01Z", ""},
        {"before", "1970-01-02", "abc"},
        {"event", "B", "b"},
        {"event", "?", "abc"},
        {"outcome", "gr*", "ab"},
        {"outcome", "granted", "a"},
        {"who", "*gnb-1", "a"},
        {"who", "gnb", ""},
        {"serial", SERIAL, "c"},
        {"serial", "0D:02:D6:AB:5A:22:83:A8:A6:21:9A:3F:5C:C1:45:35", "c"},
        {"node", "N", "abc"},
        {"node", "m", ""},
    };
    const struct store_entry three =
        entry("{\"event\":\"a\",\"outcome\":\"granted\",\"who\":\"CN=gnb-1\"}\n"
              "{\"event\":\"b\",\"outcome\":\"grantedWithMods\",\"who\":\"CN=gnb-11\"}\n"
              "{\"event\":\"c\",\"outcome\":\"refused\",\"serial\":\"" SERIAL "\"}\n");

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char shown[512] = "", events[8] = {0};
        size_t count = 0;
        FILE *real = stdout;

        stdout = fmemopen(shown, sizeof shown, "w");
        cr_assert_not_null(stdout);
        show(show_line, &three, rows[i].option, rows[i].value);
        fclose(stdout);
        stdout = real;
        for (const char *event = "abc"; *event != 0; event++)
            if (strstr(shown, (char[]){' ', ' ', *event, ' ', ' ', 0}) != NULL)
                events[count++] = *event;
        cr_expect_str_eq(events, rows[i].events, "--%s %s: %s", rows[i].option, rows[i].value, shown);
    }
#undef SERIAL
}

/* What nobody can read is like nothing that is asked for. */
Test(audit_list, a_damaged_record_is_shown_where_nothing_is_asked_for)
{
    const struct store_entry damaged = entry("{\"event\n");

    cr_redirect_stdout();
    show(show_line, &damaged, "event", "*");
    fflush(stdout);
    cr_assert_stdout_eq_str("");
}

Test(audit_list, what_cannot_be_asked_for_is_told)
{
    static const struct {
        const char *option, *value, *says;
    } rows[] = {{"after", "yesterday", "--after wants a date or a time in UTC"},
                {"before", "1", "--before wants a date or a time in UTC"},
                {"serial", "1", "'1' is no serial"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct listing listing = {.show = show_line};
        struct ctl_given given = {.option = options, .value = rows[i].value};
        struct ctl_call call = {.command = &ctl_audit_list, .given = &given, .given_count = 1};

        while (strcmp(given.option->name, rows[i].option) != 0)
            given.option++;
        CAPTURE(cr_expect_not(read_listing(&listing, &call)));
        cr_expect_not_null(strstr(logged, rows[i].says), "%s", logged);
    }
}
