/* page.c: the files are embedded whole, and nothing in them ends the element that they stand in. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/page.h"
#include "server/base/file.h"

static void is_file(const char *text, const char *name)
{
    char path[4096];
    uint8_t *data;
    size_t len;

    snprintf(path, sizeof path, "%s/bench/%s", getenv("CMPD_SOURCE"), name);
    cr_assert(file_read(&data, &len, path, 1024 * 1024));
    cr_assert_eq(strlen(text), len, "%s", name);
    cr_assert_eq(memcmp(text, data, len), 0, "%s", name);
    free(data);
    cr_assert(strcasestr(text, "</script") == NULL && strcasestr(text, "</style") == NULL &&
                  strstr(text, "<!--") == NULL,
              "%s", name);
}

Test(page, files_are_whole_and_end_no_element)
{
    is_file(page_style, "page.css");
    is_file(page_script, "page.js");
    is_file(page_uplot_style, "uplot/uPlot.min.css");
    is_file(page_uplot, "uplot/uPlot.iife.min.js");
}
