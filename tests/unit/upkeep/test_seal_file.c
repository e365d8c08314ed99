/* test_seal_file.c: lines go into the file that the path leads to, whatever became of the one before. */
#include "server/upkeep/seal_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 64, TEXT = 64 };

static char folder[PATH], path[2 * PATH], moved[2 * PATH];
static struct seal_file file;

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/cmpd-seals-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/seals.log", folder);
    snprintf(moved, sizeof moved, "%s/seals.1", folder);
    file.fd = -1;
}

static void tear_down(void)
{
    seal_file_close(&file);
    unlink(path);
    unlink(moved);
    rmdir(folder);
}

TestSuite(seal_file, .init = set_up, .fini = tear_down, .timeout = 60);

static int append(const char *line)
{
    return seal_file_append(&file, path, line, strlen(line));
}

static void holds(const char *name, const char *expected)
{
    char text[TEXT] = "";
    FILE *stream = fopen(name, "r");

    cr_assert_not_null(stream, "%s", name);
    cr_expect_lt(fread(text, 1, sizeof text - 1, stream), sizeof text - 1);
    fclose(stream);
    cr_expect_str_eq(text, expected);
}

Test(seal_file, lines_follow_each_other)
{
    cr_assert(append("one\n"));
    cr_assert(append("two\n"));
    holds(path, "one\ntwo\n");
}

Test(seal_file, one_that_was_deleted_is_made_anew)
{
    cr_assert(append("one\n"));
    cr_assert_eq(unlink(path), 0);
    cr_assert(append("two\n"));
    holds(path, "two\n");
}

Test(seal_file, one_that_was_moved_away_is_made_anew)
{
    cr_assert(append("one\n"));
    cr_assert_eq(rename(path, moved), 0);
    cr_assert(append("two\n"));
    holds(moved, "one\n");
    holds(path, "two\n");
}

Test(seal_file, one_that_took_its_place_is_written)
{
    FILE *other = fopen(moved, "w");

    cr_assert(append("one\n"));
    cr_assert_not_null(other);
    fputs("other\n", other);
    fclose(other);
    cr_assert_eq(rename(moved, path), 0);
    cr_assert(append("two\n"));
    holds(path, "other\ntwo\n");
}

/* A link could lead anywhere. */
Test(seal_file, a_link_that_took_its_place_is_refused)
{
    cr_assert(append("one\n"));
    cr_assert_eq(rename(path, moved), 0);
    cr_assert_eq(symlink(moved, path), 0);
    cr_assert_not(append("two\n"));
    holds(moved, "one\n");
}
