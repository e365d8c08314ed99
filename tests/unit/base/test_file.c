/* test_file.c: all or nothing, and nothing for others' eyes. */
#define _GNU_SOURCE 1 /* mkostemp */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/file.h"

/* What fails next, with this error; 0: nothing. And what was made durable: f a file, d a folder, r a new name
 * before them. */
static struct {
    int read, write, write_is_cut, sync, folder_sync, close, stat, chmod;
    char steps[16];
} disk;

static int fails(int *error)
{
    int failing = *error;

    if (failing == 0)
        return 0;
    *error = 0;
    errno = failing;
    return 1;
}

static void step(char which)
{
    disk.steps[strlen(disk.steps)] = which;
}

static ssize_t disk_read(int fd, void *out, size_t len)
{
    return fails(&disk.read) ? -1 : read(fd, out, len);
}

static ssize_t disk_write(int fd, const void *data, size_t len)
{
    if (fails(&disk.write))
        return -1;
    if (!disk.write_is_cut || len < 2)
        return write(fd, data, len);
    disk.write = disk.write_is_cut;
    disk.write_is_cut = 0;
    return write(fd, data, len / 2);
}

static int disk_sync(int fd)
{
    struct stat st;
    int is_folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);

    step(is_folder ? 'd' : 'f');
    return fails(is_folder ? &disk.folder_sync : &disk.sync) ? -1 : fsync(fd);
}

static int disk_close(int fd)
{
    int ret = close(fd);

    return fails(&disk.close) ? -1 : ret;
}

static int disk_stat(int fd, struct stat *st)
{
    return fails(&disk.stat) ? -1 : fstat(fd, st);
}

static int disk_chmod(int fd, mode_t mode)
{
    return fails(&disk.chmod) ? -1 : fchmod(fd, mode);
}

static int disk_rename(const char *from, const char *to)
{
    step('r');
    return rename(from, to);
}

static int disk_link(const char *from, const char *to)
{
    step('r');
    return link(from, to);
}

#define read disk_read
#define write disk_write
#define fsync disk_sync
#define close disk_close
#define fstat disk_stat
#define fchmod disk_chmod
#define rename disk_rename
#define link disk_link
/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/base/file.c"
#undef read
#undef write
#undef fsync
#undef close
#undef fstat
#undef fchmod
#undef rename
#undef link

static char folder[64], path[128];

static void set_up(void)
{
    memset(&disk, 0, sizeof disk);
    snprintf(folder, sizeof folder, "/tmp/cmpd-file-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/key", folder);
}

static unsigned entries(void)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void tear_down(void)
{
    unlink(path);
    rmdir(folder);
}

TestSuite(file, .init = set_up, .fini = tear_down);

Test(file, what_is_written_is_read)
{
    uint8_t *data;
    size_t len;
    cr_assert(file_write(path, "secret", 6, 0600, 1));
    cr_assert(file_read(&data, &len, path, 6));
    cr_assert_eq(len, 6);
    cr_assert_str_eq((char *)data, "secret");
    file_free(data, len);
    cr_assert_eq(file_is_private(path), 1);
    cr_assert_eq(entries(), 1);
}

Test(file, an_existing_file_is_kept_or_replaced_as_told)
{
    uint8_t *data;
    size_t len;
    cr_assert(file_write(path, "one", 3, 0600, 1));
    cr_assert(!file_write(path, "two", 3, 0600, 1));
    cr_assert_eq(errno, EEXIST);
    cr_assert_eq(entries(), 1, "a temporary file was left");
    cr_assert(file_read(&data, &len, path, 100));
    cr_assert_str_eq((char *)data, "one");
    file_free(data, len);
    cr_assert(file_write(path, "three", 5, 0644, 0));
    cr_assert(file_read(&data, &len, path, 100));
    cr_assert_str_eq((char *)data, "three");
    file_free(data, len);
    cr_assert_eq(file_is_private(path), 0);
    cr_assert_eq(errno, 0);
}

Test(file, the_limit_holds)
{
    uint8_t *data;
    size_t len;
    static char big[20000];
    cr_assert(file_write(path, big, sizeof big, 0600, 0));
    cr_assert(!file_read(&data, &len, path, sizeof big - 1));
    cr_assert_eq(errno, EFBIG);
    cr_assert_null(data);
    cr_assert(file_read(&data, &len, path, sizeof big));
    cr_assert_eq(len, sizeof big);
    file_free(data, len);
    cr_assert(file_write(path, "", 0, 0600, 0));
    cr_assert(file_read(&data, &len, path, 0));
    cr_assert_eq(len, 0);
    file_free(data, len);
    cr_assert(!file_read(&data, &len, "/proc/self/maps", 10)); /* tells a size of 0, holds more */
    cr_assert_eq(errno, EFBIG);
    cr_assert(file_read(&data, &len, "/proc/self/maps", 10000000));
    file_free(data, len);
}

Test(file, what_is_no_file_is_refused_at_once)
{
    uint8_t *data;
    size_t len;
    cr_assert(!file_read(&data, &len, folder, 10));
    cr_assert_eq(errno, EISDIR);
    cr_assert(!file_read(&data, &len, path, 10));
    cr_assert_eq(errno, ENOENT);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert(!file_read(&data, &len, path, 10));
    cr_assert_eq(errno, EINVAL);
    unlink(path);
    cr_assert_eq(file_is_private(path), 0);
    cr_assert_eq(errno, ENOENT);
    cr_assert(!file_write("/nonexistent/folder/key", "x", 1, 0600, 0));
    cr_assert_eq(errno, ENOENT);
}

/* After a power failure the name leads to the old content or to the new. */
Test(file, what_is_written_is_durable_before_it_has_its_name_and_its_name_is_durable)
{
    cr_assert(file_write(path, "one", 3, 0600, 1));
    cr_assert_str_eq(disk.steps, "frd");
    memset(disk.steps, 0, sizeof disk.steps);
    cr_assert(file_write(path, "two", 3, 0600, 0));
    cr_assert_str_eq(disk.steps, "frd");
}

/* Whatever fails, the old content is there, nothing else is left, and the fault is told. */
Test(file, a_write_that_fails_leaves_the_old_content)
{
    int *const faults[] = {&disk.write, &disk.write_is_cut, &disk.chmod, &disk.sync, &disk.close};
    uint8_t *data;
    size_t len;

    cr_assert(file_write(path, "one", 3, 0600, 1));
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        *faults[i] = ENOSPC;
        errno = 0;
        cr_expect_not(file_write(path, "three", 5, 0600, 0), "fault %zu", i);
        cr_expect_eq(errno, ENOSPC, "fault %zu: %s", i, strerror(errno));
        cr_expect_eq(entries(), 1, "fault %zu", i);
        cr_assert(file_read(&data, &len, path, 10));
        cr_expect_str_eq((char *)data, "one", "fault %zu", i);
        file_free(data, len);
    }
}

Test(file, a_name_that_is_not_durable_is_a_fault)
{
    disk.folder_sync = EIO;
    errno = 0;
    cr_assert_not(file_write(path, "one", 3, 0600, 1));
    cr_assert_eq(errno, EIO);
    cr_assert_not(file_sync_folder("/nonexistent/folder/key"));
    cr_assert_eq(errno, ENOENT);
}

Test(file, a_signal_ends_nothing)
{
    uint8_t *data;
    size_t len;

    disk.write_is_cut = EINTR;
    cr_assert(file_write(path, "secret", 6, 0600, 1));
    disk.read = EINTR;
    cr_assert(file_read(&data, &len, path, 6));
    cr_assert_str_eq((char *)data, "secret");
    file_free(data, len);
}

Test(file, what_cannot_be_read_is_told)
{
    int *const faults[] = {&disk.read, &disk.stat};
    uint8_t *data;
    size_t len;

    cr_assert(file_write(path, "secret", 6, 0600, 1));
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        *faults[i] = EIO;
        errno = 0;
        cr_expect_not(file_read(&data, &len, path, 6), "fault %zu", i);
        cr_expect_eq(errno, EIO, "fault %zu", i);
        cr_expect_null(data);
        cr_expect_eq(len, 0);
    }
}

/* The arithmetic of growing has room. */
Test(file, without_a_limit_a_file_is_read_whole)
{
    uint8_t *data;
    size_t len;

    cr_assert(file_write(path, "secret", 6, 0600, 1));
    cr_assert(file_read(&data, &len, path, SIZE_MAX));
    cr_assert_eq(len, 6);
    file_free(data, len);
    cr_assert(file_read(&data, &len, "/proc/self/maps", SIZE_MAX));
    cr_assert_gt(len, 100);
    file_free(data, len);
}

Test(file, a_stamp_is_another_once_the_file_behind_a_link_is)
{
    char link[sizeof path + 8];
    uint64_t absent, first, second;

    snprintf(link, sizeof link, "%s.link", path);
    cr_assert_eq(symlink(path, link), 0);
    absent = file_stamp(FILE_STAMP, link);
    cr_assert(file_write(path, "secret", 6, 0600, 1));
    first = file_stamp(FILE_STAMP, link);
    cr_expect_neq(first, absent);
    cr_expect_eq(file_stamp(FILE_STAMP, link), first);
    cr_assert(file_write(path, "public", 6, 0600, 0));
    second = file_stamp(FILE_STAMP, link);
    cr_expect_neq(second, first);
    cr_assert_eq(unlink(path), 0);
    cr_expect_eq(file_stamp(FILE_STAMP, link), absent);
    cr_assert_eq(unlink(link), 0);
}
