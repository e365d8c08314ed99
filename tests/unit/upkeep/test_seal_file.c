/* test_seal_file.c: lines go into the file that the path leads to, whatever became of the one before. */
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/base/file.h"

/* What was made durable, and what fails next; 0: nothing. */
static struct {
    int syncs, folder_syncs;
    char synced[PATH_MAX]; /* the entry that was, last */
    int write_ends, write_is_cut, sync_fails, cut_fails, folder_sync_fails;
} disk;

static int fail_once(int *error)
{
    errno = *error != 0 ? *error : errno;
    if (*error == 0)
        return 0;
    *error = 0;
    return 1;
}

static ssize_t disk_write(int fd, const void *data, size_t len)
{
    if (fail_once(&disk.write_ends))
        return -1;
    if (!disk.write_is_cut)
        return write(fd, data, len);
    disk.write_ends = disk.write_is_cut;
    disk.write_is_cut = 0;
    return write(fd, data, len / 2);
}

static int disk_sync(int fd)
{
    disk.syncs++;
    return fail_once(&disk.sync_fails) ? -1 : fsync(fd);
}

static int disk_cut(int fd, off_t size)
{
    return fail_once(&disk.cut_fails) ? -1 : ftruncate(fd, size);
}

static int disk_sync_folder(const char *path)
{
    disk.folder_syncs++;
    snprintf(disk.synced, sizeof disk.synced, "%s", path);
    return fail_once(&disk.folder_sync_fails) ? 0 : file_sync_folder(path);
}

#define write disk_write
#define fsync disk_sync
#define ftruncate disk_cut
#define file_sync_folder disk_sync_folder
/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/upkeep/seal_file.c"
#undef write
#undef fsync
#undef ftruncate
#undef file_sync_folder

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
    memset(&disk, 0, sizeof disk);
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

/* A seal that a power failure takes away again is none. */
Test(seal_file, each_line_is_made_durable)
{
    cr_assert(append("one\n"));
    cr_assert_eq(disk.syncs, 1);
    cr_assert(append("two\n"));
    cr_assert_eq(disk.syncs, 2);
}

Test(seal_file, a_new_file_is_made_durable_in_its_folder_once)
{
    cr_assert(append("one\n"));
    cr_assert_eq(disk.folder_syncs, 1);
    cr_assert_str_eq(disk.synced, path);
    cr_assert(append("two\n"));
    cr_assert_eq(disk.folder_syncs, 1);
}

Test(seal_file, a_file_whose_name_is_not_durable_is_not_used)
{
    disk.folder_sync_fails = EIO;
    cr_assert_not(append("one\n"));
    cr_assert_eq(file.fd, -1);
    holds(path, "");
    cr_assert(append("two\n"));
    cr_assert_eq(disk.folder_syncs, 2, "the name that was made before");
    holds(path, "two\n");
}

/* The folder of the default setting is made with the first seal. */
Test(seal_file, a_missing_folder_is_made_and_made_durable)
{
    char below[PATH + 8], inside[2 * PATH];

    snprintf(below, sizeof below, "%s/below", folder);
    snprintf(inside, sizeof inside, "%s/seals.log", below);
    disk.folder_sync_fails = EIO;
    cr_assert_not(seal_file_prepare(&file, inside));
    cr_assert_str_eq(disk.synced, below);
    cr_assert_eq(rmdir(below), 0, "nothing is in it");
    disk.folder_syncs = 0;
    cr_assert(seal_file_prepare(&file, inside));
    cr_assert_eq(disk.folder_syncs, 2, "the folder in its own, and the file in it");
    cr_assert_str_eq(disk.synced, inside);
    unlink(inside);
    rmdir(below);
}

/* Half a line would spoil the next one. */
Test(seal_file, a_line_that_does_not_fit_leaves_nothing)
{
    cr_assert(append("one\n"));
    disk.write_is_cut = ENOSPC;
    errno = 0;
    cr_assert_not(append("two\n"));
    cr_assert_eq(errno, ENOSPC);
    holds(path, "one\n");
    cr_assert(append("three\n"));
    holds(path, "one\nthree\n");
}

Test(seal_file, a_line_that_is_not_durable_leaves_nothing)
{
    cr_assert(append("one\n"));
    disk.sync_fails = EIO;
    cr_assert_not(append("two\n"));
    cr_assert_eq(errno, EIO);
    holds(path, "one\n");
}

Test(seal_file, a_line_is_written_on_after_a_signal)
{
    disk.write_is_cut = EINTR;
    cr_assert(append("one\n"));
    holds(path, "one\n");
}

/* The file is looked at anew, and the fault that is told is the first one. */
Test(seal_file, a_file_that_keeps_half_a_line_is_closed)
{
    cr_assert(append("one\n"));
    disk.write_is_cut = ENOSPC;
    disk.cut_fails = EIO;
    cr_assert_not(append("two\n"));
    cr_assert_eq(errno, ENOSPC);
    cr_assert_eq(file.fd, -1);
}
