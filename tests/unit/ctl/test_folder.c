/* folder.c: a folder that must go again. */
#include "server/ctl/folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/file.h"

TestSuite(folder, .timeout = 60);

/* Another folder in it is not followed: then it stays. */
Test(folder, it_goes_with_its_files_alone)
{
    char dir[] = "/tmp/cmpd-folder-XXXXXX", file[64], inner[64], deep[96];

    cr_assert_not_null(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/.file", dir);
    snprintf(inner, sizeof inner, "%s/inner", dir);
    snprintf(deep, sizeof deep, "%s/deep", inner);
    cr_assert(file_write(file, "x", 1, 0600, 1));
    cr_assert_eq(mkdir(inner, 0700), 0);
    cr_assert(file_write(deep, "x", 1, 0600, 1));
    folder_remove(dir);
    cr_expect_neq(access(file, F_OK), 0);
    cr_expect_eq(access(deep, F_OK), 0);
    folder_remove(deep);
    cr_expect_neq(access(deep, F_OK), 0);
    folder_remove(dir);
    cr_expect_neq(access(dir, F_OK), 0);
    folder_remove(dir);
}
