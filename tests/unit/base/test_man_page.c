/* test_man_page.c: what is written for man(1), as groff_man(7) and groff_char(7) want it. */
#include "server/base/man_page.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char *page;
static size_t len;

static FILE *begin(void)
{
    return open_memstream(&page, &len);
}

static const char *end(FILE *out)
{
    fclose(out);
    return page;
}

Test(man_page, no_text_is_a_macro_or_an_escape)
{
    FILE *out = begin();

    man_page_text(out, ".TH is text\n'so is this\na\\b --c ^ ~ ` '\n\nanother paragraph\n");
    cr_assert_str_eq(end(out), "\\&.TH is text\n\\&\\(aqso is this\na\\eb \\-\\-c \\(ha \\(ti \\(ga "
                               "\\(aq\n.PP\nanother paragraph\n");
    free(page);
}

Test(man_page, a_title_with_quotes_stays_one_argument)
{
    FILE *out = begin();

    man_page_heading(out, "WHAT \"IT\" IS");
    man_page_part(out, "a-b");
    cr_assert_str_eq(end(out), ".SH \"WHAT \\(dqIT\\(dq IS\"\n.SS \"a\\-b\"\n");
    free(page);
}

Test(man_page, an_item_has_its_argument_behind_it)
{
    FILE *out = begin();

    man_page_item(out, "--file", "FILE", "a file");
    man_page_item(out, "--json", NULL, ".json");
    cr_assert_str_eq(end(out),
                     ".TP\n\\fB\\-\\-file\\fR \\fIFILE\\fR\na file\n.TP\n\\fB\\-\\-json\\fR\n\\&.json\n");
    free(page);
}

Test(man_page, code_keeps_its_lines)
{
    FILE *out = begin();

    man_page_code(out, "one\n\ntwo");
    cr_assert_str_eq(end(out), ".PP\n.nf\n.ft CR\none\n\ntwo\n.ft R\n.fi\n");
    free(page);
}

Test(man_page, a_page_begins_with_its_name_and_what_it_is)
{
    FILE *out = begin();

    man_page_begin(out, "cmpctl-cert-list", 1, "1.2", "show it");
    cr_assert_not_null(strstr(end(out), ".TH \"cmpctl\\-cert\\-list\" 1 \"\" \"cmpd 1.2\" \"cmpd\"\n"), "%s",
                       page);
    cr_assert_not_null(strstr(page, ".SH NAME\ncmpctl\\-cert\\-list \\- show it\n"), "%s", page);
    free(page);
}
