/* config_describe.c: the manual has every setting with its bounds and its default, as the rows have them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/config_internal.h"
#include "server/base/file.h"

/* What is there was read by people when it was written: a row that changes has to change it, too. */
Test(config_describe, the_manual_has_what_the_rows_say)
{
    char *text;
    size_t len, manual_len, line = 1;
    uint8_t *manual;
    FILE *out = open_memstream(&text, &len);

    cr_assert(config_describe(out));
    fclose(out);
    cr_assert(
        file_read(&manual, &manual_len, CMPD_TEST_DATA "/../../deploy/manual/settings.md", 1024 * 1024));
    for (size_t i = 0; i < len && i < manual_len; i++) {
        cr_assert_eq((uint8_t)text[i], manual[i],
                     "line %zu of settings.md: write it anew with cmpctl settings >deploy/manual/settings.md",
                     line);
        line += text[i] == '\n';
    }
    cr_assert_eq(len, manual_len);
    file_free(manual, manual_len);
    free(text);
}

Test(config_describe, a_file_that_takes_nothing_is_told)
{
    FILE *full = fopen("/dev/full", "w");

    setvbuf(full, NULL, _IONBF, 0);
    cr_assert_not(config_describe(full));
    fclose(full);
}
