/* groups.c: counts by key. */
#include "server/ctl/groups.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(groups, .timeout = 60);

static struct ctl_groups groups;

static void print(void)
{
    ctl_groups_print(&groups, NULL);
    ctl_groups_print(&groups, "site");
}

/* In the order of octets, whatever order they come in; an empty key is one, too. */
Test(groups, sorted_and_counted)
{
    static const char *const keys[] = {"b", "a", "", "b", "ab", "b", "a"};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len), *before = stdout;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        cr_assert(ctl_groups_count(&groups, bytes_str(keys[i])));
    stdout = out;
    print();
    stdout = before;
    fclose(out);
    cr_expect_str_eq(text, "         1 \n"
                           "         2 a\n"
                           "         1 ab\n"
                           "         3 b\n"
                           "{\"site\":\"\",\"count\":1}\n"
                           "{\"site\":\"a\",\"count\":2}\n"
                           "{\"site\":\"ab\",\"count\":1}\n"
                           "{\"site\":\"b\",\"count\":3}\n");
    free(text);
    ctl_groups_free(&groups);
}

/* As many as there are devices: a list that moves what is behind would take minutes. */
Test(groups, many)
{
    for (uint32_t i = 0; i < 300000; i++) {
        uint32_t key = i * 2654435761U;
        cr_assert(ctl_groups_count(&groups, bytes_of(&key, sizeof key)));
    }
    cr_expect_not(groups.failed);
    ctl_groups_free(&groups);
}
