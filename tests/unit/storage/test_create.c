/* test_create.c: a store that is made is there whole and durable, or not at all (storage/sqlite/create.c). */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/file.h"
#include "units.h"

/* The steps that matter, in their order: s a file is synced, l it gets its name, f its folder is synced. */
static struct {
    char steps[16];
    int sync_fails, link_fails, folder_sync_fails; /* with this error; 0: it does not */
} disk;

static int step(char which, int error)
{
    disk.steps[strlen(disk.steps)] = which;
    errno = error != 0 ? error : errno;
    return error == 0;
}

static int disk_sync(int fd)
{
    return step('s', disk.sync_fails) ? fsync(fd) : -1;
}

static int disk_link(const char *from, const char *to)
{
    return step('l', disk.link_fails) ? link(from, to) : -1;
}

static int disk_sync_folder(const char *path)
{
    return step('f', disk.folder_sync_fails) ? file_sync_folder(path) : 0;
}

#define fsync disk_sync
#define link disk_link
#define file_sync_folder disk_sync_folder
/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "storage/sqlite/create.c"
#undef fsync
#undef link
#undef file_sync_folder

static void set_up(void)
{
    make_url();
    memset(&disk, 0, sizeof disk);
}

TestSuite(create, .init = set_up, .fini = remove_folder, .timeout = 60);

static void is_not_made(const char *path, const char *because)
{
    char fault[STORE_FAULT_MAX] = "";
    struct stat st;

    cr_assert_not(sqlite_create(fault, path));
    cr_assert_not_null(strstr(fault, because), "%s", fault);
    cr_assert_not_null(strstr(fault, path), "%s", fault);
    cr_assert_neq(lstat(path, &st), 0);
}

/* Nothing else is left either. */
static void folder_is_empty(void)
{
    cr_assert_eq(rmdir(test_folder), 0, "%s", strerror(errno));
    cr_assert_eq(mkdir(test_folder, 0700), 0);
}

/* After a power failure the name leads to all of it. */
Test(create, it_is_durable_before_it_has_its_name_and_its_name_is_durable)
{
    char fault[STORE_FAULT_MAX] = "";

    cr_assert(sqlite_create(fault, test_path), "%s", fault);
    cr_assert_str_eq(disk.steps, "fslf", "its folder, itself, its name, and its folder again");
}

Test(create, what_is_not_durable_gets_no_name)
{
    disk.sync_fails = EIO;
    is_not_made(test_path, strerror(EIO));
    folder_is_empty();
}

Test(create, what_gets_no_name_leaves_nothing)
{
    disk.link_fails = EPERM;
    is_not_made(test_path, strerror(EPERM));
    folder_is_empty();
}

/* A folder that was made before cannot be told to be durable, and that is no fault of the store; that of the
 * store's name is. */
Test(create, a_name_that_is_not_durable_is_told)
{
    char fault[STORE_FAULT_MAX] = "";

    disk.folder_sync_fails = EIO;
    cr_assert_not(sqlite_create(fault, test_path));
    cr_assert_not_null(strstr(fault, strerror(EIO)), "%s", fault);
    disk.folder_sync_fails = 0;
    cr_assert(sqlite_create(fault, test_path), "it is there, and whole: %s", fault);
}

/* Another process was faster: what it has made is as good. */
Test(create, a_name_that_is_taken_meanwhile_is_no_fault)
{
    char fault[STORE_FAULT_MAX] = "";

    cr_assert(sqlite_create(fault, test_path), "%s", fault);
    cr_assert(make(fault, test_path), "%s", fault);
    cr_assert(sqlite_create(fault, test_path), "%s", fault);
}

/* The name is good, but there is no room for what stands behind it while the file is made. */
Test(create, a_file_that_cannot_be_made_is_told)
{
    enum { LONG = 250 };
    char path[512];
    size_t len = (size_t)snprintf(path, sizeof path, "%s/", test_folder);

    memset(path + len, 'n', LONG);
    path[len + LONG] = 0;
    is_not_made(path, strerror(ENAMETOOLONG));
    folder_is_empty();
}

/* The log of a lost store would be played into a new one; so would a journal. */
Test(create, what_a_lost_store_has_left_is_kept)
{
    static const char *const ends[] = {"-wal", "-journal"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", test_path, ends[i]);
        close(open(name, O_WRONLY | O_CREAT, 0600));
        is_not_made(test_path, ends[i]);
        cr_assert_eq(unlink(name), 0);
    }
    folder_is_empty();
}
