/* device_import.c: a list, line by line. */
#include "server/ctl/device.h"
#include "tests/unit/ctl/device_fixture.h"

TestSuite(device_import, .init = set_up, .fini = tear_down, .timeout = 120);

static char path[64];

/* "cmpctl device import FILE OPTIONS", with |text| in the file. */
static int import(const char *text, const char *options)
{
    char words[256];
    FILE *out;
    int status;

    snprintf(path, sizeof path, "/tmp/cmpd-list-XXXXXX");
    close(mkstemp(path));
    out = fopen(path, "w");
    cr_assert_not_null(out);
    fputs(text, out);
    fclose(out);
    snprintf(words, sizeof words, "device import %s %s", path, options);
    status = with_config(words);
    unlink(path);
    return status;
}

static void stored_are(const char *lines)
{
    cr_assert_eq(with_config("device export"), CTL_OK, "%s", call_err);
    cr_expect_str_eq(strchr(call_out, '\n') + 1, lines);
}

/* The header says which column is which. */
Test(device_import, columns_in_any_order)
{
    cr_assert_eq(import("notes,IDENTITY, vendor ,site\nn1,SN-1,demo,s1\n", ""), CTL_OK, "%s", call_err);
    cr_expect_str_eq(call_out, "1 new, 0 changed, 0 unchanged, 0 wrong\n");
    stored_are("demo,SN-1,s1,,,,n1\n");
}

Test(device_import, a_header_that_is_wrong_stores_nothing)
{
    static const struct {
        const char *header, *fault;
    } rows[] = {
        {"", "the list is empty"},
        {"vendor,identity,\"x\n", "line 1: a quote is not closed on this line"},
        {"vendor,identity,colour\n", "line 1: \"colour\" is no column"},
        {"vendor,identity,\n", "line 1: \"\" is no column"},
        {"vendor,identity,state\n", "line 1: \"state\" is no column"},
        {"vendor,identity,Vendor\n", "line 1: the column vendor is there twice"},
        {"vendor,site\n", "line 1: the header lacks vendor or identity"},
        {"identity\n", "line 1: the header lacks vendor or identity"},
    };
    char text[256];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, "%s%s", rows[i].header, rows[i].header[0] != 0 ? "demo,SN-1,x\n" : "");
        cr_expect_eq(import(text, ""), CTL_FAULT, "%s", rows[i].header);
        cr_expect_not_null(strstr(call_err, rows[i].fault), "%s: %s", rows[i].header, call_err);
    }
    stored_are("");
}

Test(device_import, what_is_wrong_is_told_and_the_rest_goes_on)
{
    cr_expect_eq(import("vendor,identity\ndemo,SN-1\ndemo\n\nacme,SN-2\ndemo,SN-3", ""), CTL_FAULT);
    cr_expect_str_eq(call_out, "2 new, 0 changed, 0 unchanged, 2 wrong\n");
    cr_expect_str_eq(call_err, "line 3: it has more or fewer fields than the header\n"
                               "line 5: vendor is none of those in cmpd.yaml\n");
}

Test(device_import, a_line_that_is_too_long_is_one_line)
{
    size_t len = 64 * 1024;
    char *text = malloc(len + 64);

    memset(text, 'x', len);
    memcpy(text, "vendor,identity\ndemo,", 21);
    memcpy(text + len, "\ndemo,SN-1\n", 12);
    cr_expect_eq(import(text, ""), CTL_FAULT);
    cr_expect_str_eq(call_err, "line 2: it is too long\n");
    stored_are("demo,SN-1,,,,,\n");
    free(text);
}

Test(device_import, from_a_line_on)
{
    static const char list[] = "vendor,identity\ndemo,SN-1\nacme,SN-2\ndemo,SN-3\n";

    cr_assert_eq(import(list, "--from 4"), CTL_OK, "%s", call_err);
    stored_are("demo,SN-3,,,,,\n");
    cr_expect_eq(import(list, "--from 0"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "--from wants the number of a line, not '0'"), "%s", call_err);
    cr_expect_eq(import(list, "--from 4x"), CTL_FAULT);
    cr_expect_eq(import(list, "--from -4"), CTL_FAULT);
}

Test(device_import, dry)
{
    cr_assert_eq(import("vendor,identity\ndemo,SN-1\n", "--dry-run"), CTL_OK, "%s", call_err);
    cr_expect_str_eq(call_out, "would be: 1 new, 0 changed, 0 unchanged, 0 wrong\n");
    stored_are("");
}

/* More than are stored at once, the same device at both ends: the later line counts. */
Test(device_import, of_two_lines_about_one_device_the_later_counts)
{
    enum { MANY = 3000, LINE = 32 };
    char *text = malloc((size_t)(MANY + 3) * LINE);
    size_t len = (size_t)sprintf(text, "vendor,identity,site\ndemo,same,first\n");

    for (int i = 0; i < MANY; i++)
        len += (size_t)sprintf(text + len, "demo,SN-%d,\n", i);
    sprintf(text + len, "demo,SAME,last\n");
    cr_assert_eq(import(text, ""), CTL_OK, "%s", call_err);
    cr_expect_str_eq(call_out, "3001 new, 1 changed, 0 unchanged, 0 wrong\n");
    cr_assert_eq(with_config("device list --site last --json"), CTL_OK);
    cr_expect_not_null(strstr(call_out, "\"identity\":\"SAME\""), "%s", call_out);
    free(text);
}
