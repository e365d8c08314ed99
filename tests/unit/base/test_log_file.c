/* test_log_file.c: the log in a file: how it is made, and made anew. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/log_internal.h"

enum { PATH_ROOM = 256, TEXT = 4096 };
static char folder[] = "/tmp/cmpd-log.XXXXXX", path[PATH_ROOM], moved[PATH_ROOM];

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/cmpd.log", folder);
    snprintf(moved, sizeof moved, "%s/cmpd.log.1", folder);
    umask(077);
}

static void tear_down(void)
{
    unlink(path);
    unlink(moved);
    cr_expect_eq(rmdir(folder), 0);
}

TestSuite(log_file, .init = set_up, .fini = tear_down);

/* The events that |name| has, parted by blanks. */
static const char *events(const char *name)
{
    static char found[TEXT];
    char line[TEXT], event[64];
    FILE *file = fopen(name, "re");

    found[0] = 0;
    if (file == NULL)
        return "(none)";
    while (fgets(line, sizeof line, file) != NULL) {
        const char *at = strstr(line, " event=");
        cr_assert(at != NULL && sscanf(at, " event=%63s", event) == 1, "%s", line);
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", found[0] != 0 ? " " : "",
                 event);
    }
    fclose(file);
    return found;
}

static unsigned mode_of(const char *name)
{
    struct stat seen;

    cr_assert_eq(stat(name, &seen), 0);
    return seen.st_mode & 07777;
}

static void put(const char *event)
{
    log_put_line(LOG_ERROR, event, LOG_FIELDS(log_number("n", 1)));
}

Test(log_file, lines_are_appended)
{
    cr_assert(log_to_file(path, 0640));
    cr_expect_eq(mode_of(path), 0640); /* whatever the umask is */
    put("a");
    put("b");
    cr_expect_str_eq(events(path), "a b");
}

Test(log_file, one_that_is_there_keeps_what_it_has_and_its_mode)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    cr_assert_eq(write(fd, "x event=before \n", 16), 16);
    close(fd);
    cr_assert(log_to_file(path, 0640));
    put("a");
    cr_expect_str_eq(events(path), "before a");
    cr_expect_eq(mode_of(path), 0600);
}

/* With the thread that writes: what was logged before the call is in the old file, what comes after in the
 * new one. */
Test(log_file, is_opened_anew)
{
    cr_assert(log_to_file(path, 0600));
    cr_assert(log_start());
    put("a");
    cr_assert_eq(rename(path, moved), 0);
    put("b");
    cr_assert(log_reopen());
    put("c");
    log_stop();
    cr_expect_str_eq(events(moved), "a b");
    cr_expect_str_eq(events(path), "c");
    cr_expect_eq(mode_of(path), 0600);
}

Test(log_file, the_old_one_goes_on_where_there_can_be_no_new_one)
{
    cr_assert(log_to_file(path, 0600));
    cr_assert_eq(rename(path, moved), 0);
    cr_assert_eq(mkdir(path, 0700), 0);
    put("a");
    cr_expect_not(log_reopen());
    cr_expect_eq(errno, EISDIR);
    put("b");
    cr_expect_str_eq(events(moved), "a b");
    cr_assert_eq(rmdir(path), 0);
    cr_assert(log_reopen());
    put("c");
    cr_expect_str_eq(events(path), "c");
}

/* A link leads where somebody else wants; a pipe without a reader would be waited for; a device keeps
 * nothing. */
Test(log_file, nothing_else_is_taken_for_a_file)
{
    cr_assert_eq(symlink(moved, path), 0);
    cr_expect_not(log_to_file(path, 0600));
    cr_expect_eq(errno, ELOOP);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_expect_not(log_to_file(path, 0600));
    cr_expect_eq(errno, ENXIO);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    cr_expect_not(log_to_file(path, 0600));
    cr_expect_eq(errno, EINVAL);
    close(reader);
    cr_expect_not(log_to_file("/dev/null", 0600));
    cr_expect_eq(errno, EINVAL);
}

Test(log_file, there_may_be_none)
{
    cr_expect(log_reopen());
}
