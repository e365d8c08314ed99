/* test_file.c: all or nothing, and nothing for others' eyes. */
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

static char folder[64], path[128];

static void set_up(void)
{
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
