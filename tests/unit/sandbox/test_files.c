/* test_files.c: what is asked of Landlock, by the versions of its interface (server/sandbox/files.c). Its
 * calls are the test's, so that builds with sanitizers look at them as well. */
#define _GNU_SOURCE 1
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long fake_syscall(long number, ...);

#define syscall fake_syscall
/* NOLINTNEXTLINE(bugprone-suspicious-include): its system calls are the test's */
#include "server/sandbox/files.c"
#undef syscall

enum { RULES_MAX = 64, SECONDARY_PORT = 9443, FIRST_PORT = 8829 };

/* The kernel, and what it was asked for. */
static struct {
    long abi, refuses; /* refuses: the number of a call */
    int ruleset_fd;
    struct ruleset rules;
    size_t size;
    struct {
        char path[PATH_MAX];
        uint64_t allowed;
    } folders[RULES_MAX];
    size_t folder_count;
    struct port_rule ports[RULES_MAX];
    size_t port_count;
    unsigned restricted;
} kernel;

static void take_rule(int fd, int kind, const void *rule)
{
    char link[64];
    ssize_t len;

    cr_assert_eq(fd, kernel.ruleset_fd);
    if (kind == LANDLOCK_RULE_PATH_BENEATH) {
        const struct landlock_path_beneath_attr *beneath = rule;
        snprintf(link, sizeof link, "/proc/self/fd/%d", beneath->parent_fd);
        len = readlink(link, kernel.folders[kernel.folder_count].path, PATH_MAX - 1);
        cr_assert_gt(len, 0);
        kernel.folders[kernel.folder_count].path[len] = 0;
        kernel.folders[kernel.folder_count++].allowed = beneath->allowed_access;
    } else {
        cr_assert_eq(kind, 2, "LANDLOCK_RULE_NET_PORT");
        kernel.ports[kernel.port_count++] = *(const struct port_rule *)rule;
    }
}

static long fake_syscall(long number, ...)
{
    va_list args;
    long result = 0;

    if (number == kernel.refuses) {
        errno = EPERM;
        return -1;
    }
    va_start(args, number);
    if (number == SYS_landlock_create_ruleset) {
        const struct ruleset *rules = va_arg(args, const struct ruleset *);
        kernel.size = va_arg(args, size_t);
        if (va_arg(args, unsigned) == LANDLOCK_CREATE_RULESET_VERSION) {
            cr_assert(rules == NULL && kernel.size == 0);
            errno = ENOSYS;
            result = kernel.abi;
        } else {
            memcpy(&kernel.rules, rules, kernel.size);
            result = kernel.ruleset_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        }
    } else if (number == SYS_landlock_add_rule) {
        int fd = va_arg(args, int), kind = va_arg(args, int);
        take_rule(fd, kind, va_arg(args, const void *));
    } else {
        cr_assert_eq(number, SYS_landlock_restrict_self);
        cr_assert_eq(va_arg(args, int), kernel.ruleset_fd);
        kernel.restricted++;
    }
    va_end(args);
    return result;
}

static char folder[64], read_only[128], written[128], one_file[128];
static struct sandbox *sandbox;
static char why[256];

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/cmpd-files-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(read_only, sizeof read_only, "%s/read", folder);
    snprintf(written, sizeof written, "%s/written", folder);
    snprintf(one_file, sizeof one_file, "%s/file", folder);
    cr_assert(mkdir(read_only, 0700) == 0 && mkdir(written, 0700) == 0);
    close(open(one_file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    kernel.refuses = -1;
}

static void tear_down(void)
{
    char command[96];

    sandbox_free(sandbox);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(files, .init = set_up, .fini = tear_down, .timeout = 60);

/* Enters the sandbox of |parts| under a kernel whose interface is |abi|. */
static int enter(unsigned parts, int abi)
{
    sandbox_free(sandbox);
    sandbox = sandbox_new(parts);
    cr_assert_not_null(sandbox);
    cr_assert(sandbox_add_folder(sandbox, read_only, 0) && sandbox_add_folder(sandbox, written, 1) &&
              sandbox_add_folder(sandbox, one_file, 1));
    cr_assert(sandbox_add_port(sandbox, FIRST_PORT) && sandbox_add_port(sandbox, SECONDARY_PORT));
    kernel.folder_count = kernel.port_count = kernel.restricted = 0;
    kernel.rules = (struct ruleset){0, 0, 0};
    kernel.abi = abi;
    return sandbox_confine_files(sandbox, why, sizeof why);
}

static uint64_t allowed_in(const char *path)
{
    for (size_t i = 0; i < kernel.folder_count; i++)
        if (strcmp(kernel.folders[i].path, path) == 0)
            return kernel.folders[i].allowed;
    return 0;
}

/* Documentation/userspace-api/landlock.rst: EXECUTE is bit 0, WRITE_FILE 1, READ_FILE 2, READ_DIR 3,
 * REMOVE_DIR 4, REMOVE_FILE 5, MAKE_CHAR 6, MAKE_DIR 7, MAKE_REG 8, MAKE_SOCK 9, MAKE_FIFO 10, MAKE_BLOCK 11,
 * MAKE_SYM 12; REFER 13 came with version 2, TRUNCATE 14 with 3, ports with 4, scopes with 6. */
enum {
    FIRST = 0x1fff,
    REFER = 0x2000,
    TRUNCATE = 0x4000,
    READING = 0x000c,
    WRITING = 0x01b2,
    OF_A_FILE = 0x0006,
    DEVICES_AND_PROGRAMS = 0x0841,
    BIND = 1,
    CONNECT = 2,
    BOTH_SCOPES = 3,
};

Test(files, a_kernel_is_asked_for_what_it_knows)
{
    static const struct {
        uint64_t files, ports, scoped;
        size_t size;
    } versions[] = {
        {FIRST, 0, 0, 8},
        {FIRST | REFER, 0, 0, 8},
        {FIRST | REFER | TRUNCATE, 0, 0, 8},
        {FIRST | REFER | TRUNCATE, BIND | CONNECT, 0, 16},
        {FIRST | REFER | TRUNCATE, BIND | CONNECT, 0, 16},
        {FIRST | REFER | TRUNCATE, BIND | CONNECT, BOTH_SCOPES, 24},
        {FIRST | REFER | TRUNCATE, BIND | CONNECT, BOTH_SCOPES, 24},
    };

    for (int abi = 1; abi <= 7; abi++) {
        int lowest = dup(STDERR_FILENO), next = dup(STDERR_FILENO);
        close(lowest);
        close(next);
        uint64_t truncate = abi >= 3 ? TRUNCATE : 0;
        cr_assert(enter(SANDBOX_ALL | SANDBOX_SQLITE, abi), "%s", why);
        cr_expect_eq(kernel.rules.files, versions[abi - 1].files, "version %d", abi);
        cr_expect_eq(kernel.rules.ports, versions[abi - 1].ports, "version %d", abi);
        cr_expect_eq(kernel.rules.scoped, versions[abi - 1].scoped, "version %d", abi);
        cr_expect_eq(kernel.size, versions[abi - 1].size, "version %d", abi);
        cr_expect_eq(kernel.restricted, 1);
        cr_expect_eq(allowed_in(read_only), READING, "version %d", abi);
        cr_expect_eq(allowed_in(written), READING | WRITING | truncate, "version %d", abi);
        cr_expect_eq(allowed_in(one_file), OF_A_FILE | truncate, "version %d", abi);
        cr_expect_eq(kernel.port_count, abi >= 4 ? 2 : 0, "version %d", abi);
        cr_expect(dup(STDERR_FILENO) == lowest && dup(STDERR_FILENO) == next, "all is closed");
        close(lowest);
        close(next);
    }
    cr_expect_eq(kernel.ports[0].port, FIRST_PORT);
    cr_expect_eq(kernel.ports[1].port, SECONDARY_PORT);
    cr_expect_eq(kernel.ports[0].allowed, BIND);
}

Test(files, a_database_is_connected_to)
{
    cr_assert(enter(SANDBOX_ALL | SANDBOX_POSTGRES, 6), "%s", why);
    cr_expect_eq(kernel.rules.ports, BIND);
}

/* limits nobody's ports: one of them is chosen by the kernel, or none is listened on. */
Test(files, ports_that_are_not_known_are_all_allowed)
{
    sandbox = sandbox_new(SANDBOX_ALL | SANDBOX_SQLITE);
    cr_assert(sandbox_add_port(sandbox, FIRST_PORT) && sandbox_add_port(sandbox, 0));
    kernel.abi = 6;
    cr_assert(sandbox_confine_files(sandbox, why, sizeof why), "%s", why);
    cr_expect_eq(kernel.rules.ports, CONNECT);
    cr_expect_eq(kernel.port_count, 0);
    sandbox_free(sandbox);
    sandbox = sandbox_new(SANDBOX_ALL | SANDBOX_SQLITE);
    cr_assert(sandbox_confine_files(sandbox, why, sizeof why), "%s", why);
    cr_expect_eq(kernel.rules.ports, CONNECT);
}

/* What a module of a token reads and writes nobody knows. */
Test(files, beside_a_token_only_programs_and_devices_are_kept_out)
{
    cr_assert(enter(SANDBOX_ALL | SANDBOX_SQLITE | SANDBOX_TOKEN, 6), "%s", why);
    cr_expect_eq(kernel.rules.files, DEVICES_AND_PROGRAMS);
    cr_expect_eq(kernel.rules.ports, 0);
    cr_expect_eq(kernel.rules.scoped, 0);
    cr_expect_eq(kernel.folder_count, 0);
    cr_expect_eq(kernel.port_count, 0);
    cr_expect_eq(kernel.restricted, 1);
}

Test(files, a_kernel_that_cannot_is_told)
{
    static const long calls[] = {SYS_landlock_create_ruleset, SYS_landlock_add_rule,
                                 SYS_landlock_restrict_self};

    for (int abi = -1; abi <= 0; abi++) {
        cr_expect_not(enter(SANDBOX_ALL | SANDBOX_SQLITE, abi));
        cr_expect_str_eq(why, "this kernel has no Landlock: Function not implemented");
    }
    for (size_t i = 1; i < sizeof calls / sizeof calls[0]; i++) {
        kernel.refuses = calls[i];
        cr_expect_not(enter(SANDBOX_ALL | SANDBOX_SQLITE, 6));
        cr_expect_str_eq(why, "Landlock: Operation not permitted");
        cr_expect_eq(kernel.restricted, 0);
        cr_expect_eq(fcntl(kernel.ruleset_fd, F_GETFD), -1, "it is closed");
    }
    kernel.refuses = calls[0];
    cr_expect_not(enter(SANDBOX_ALL | SANDBOX_SQLITE, 6));
}

/* A folder may go between start and this; then nothing is to be allowed there. */
Test(files, a_folder_that_is_gone_is_left_out)
{
    cr_assert(enter(SANDBOX_ALL | SANDBOX_SQLITE, 3));
    size_t count = kernel.folder_count;
    cr_assert_eq(rmdir(read_only), 0);
    kernel.folder_count = 0;
    cr_assert(sandbox_confine_files(sandbox, why, sizeof why), "%s", why);
    cr_expect_eq(kernel.folder_count, count - 1);
    cr_expect_eq(allowed_in(read_only), 0);
}

/* ---- what is in it ---- */

Test(files, a_folder_is_there_once_and_written_if_anybody_writes_it)
{
    sandbox = sandbox_new(SANDBOX_ALL);
    size_t before = sandbox->count;
    cr_assert(sandbox_add_folder(sandbox, read_only, 0) && sandbox_add_folder(sandbox, read_only, 1) &&
              sandbox_add_folder(sandbox, read_only, 0));
    cr_assert_eq(sandbox->count, before + 1);
    cr_assert_eq(sandbox->folders[before].is_written, 1);
    cr_assert(sandbox_add_folder(sandbox, "/no/such/folder", 0), "is left out");
    cr_assert_eq(sandbox->count, before + 1);
}

/* In the folder of a file it may be replaced; where a link leads it is read. */
Test(files, of_a_file_its_folder_and_that_of_what_it_is_a_link_to)
{
    char link[160];

    snprintf(link, sizeof link, "%s/link", read_only);
    cr_assert_eq(symlink("../written/target", link), 0);
    snprintf(link, sizeof link, "%s/target", written);
    close(open(link, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    snprintf(link, sizeof link, "%s/link", read_only);
    sandbox = sandbox_new(SANDBOX_ALL);
    size_t before = sandbox->count;
    cr_assert(sandbox_add_file(sandbox, link, 1));
    cr_assert_eq(sandbox->count, before + 2);
    cr_assert_str_eq(sandbox->folders[before].path, read_only);
    cr_assert_str_eq(sandbox->folders[before + 1].path, written);
    cr_assert(sandbox->folders[before].is_written && sandbox->folders[before + 1].is_written);
    cr_assert(sandbox_add_file(sandbox, "/no-such-file", 0));
    cr_assert_str_eq(sandbox->folders[before + 2].path, "/");
    cr_assert_eq(chdir(folder), 0);
    cr_assert(sandbox_add_file(sandbox, "file", 0));
    cr_assert_str_eq(sandbox->folders[before + 3].path, folder, "a name alone is in the working folder");
}

Test(files, what_cannot_be_looked_at_is_not_inside)
{
    char loop[160];

    sandbox = sandbox_new(SANDBOX_ALL);
    cr_assert(sandbox_add_folder(sandbox, read_only, 0));
    cr_assert(sandbox_has_file(sandbox, "/no/such/folder/file"), "whoever reads it will tell");
    snprintf(loop, sizeof loop, "%s/file/below", folder);
    cr_assert_not(sandbox_has_file(sandbox, loop), "not a folder");
    cr_assert_not(sandbox_has_file(sandbox, written));
    cr_assert(sandbox_has_file(sandbox, read_only));
    sandbox->parts |= SANDBOX_TOKEN;
    cr_assert(sandbox_has_file(sandbox, written), "files are not confined then");
    sandbox->parts = SANDBOX_ALL;
    cr_assert(sandbox_add_folder(sandbox, "/", 0));
    cr_assert(sandbox_has_file(sandbox, written), "all is below the root");
}
