/* test_calls.c: the filter of system calls as it is made of the table (server/sandbox/calls.c, table.c). What
 * libseccomp loads is the test's, so that builds with sanitizers look at it as well. */
#define _GNU_SOURCE 1
#include <criterion/criterion.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static scmp_filter_ctx fake_init(uint32_t otherwise);
static int fake_attr_set(scmp_filter_ctx filter, enum scmp_filter_attr attr, uint32_t value);
static int fake_rule_add(scmp_filter_ctx filter, uint32_t action, int number, unsigned count, ...);
static int fake_load(scmp_filter_ctx filter);
static void fake_release(scmp_filter_ctx filter);

#define seccomp_init fake_init
#define seccomp_attr_set fake_attr_set
#define seccomp_rule_add fake_rule_add
#define seccomp_load fake_load
#define seccomp_release fake_release
/* NOLINTNEXTLINE(bugprone-suspicious-include): its filter is the test's */
#include "server/sandbox/calls.c"

enum { RULES_MAX = 512 };

static struct {
    uint32_t otherwise, action;
    struct {
        int number, is_narrowed;
        struct scmp_arg_cmp argument;
    } rules[RULES_MAX];
    size_t count, asked, refused; /* the rule of this number is refused */
    unsigned loads, releases;
    uint32_t logs, optimizes, all_threads;
    int starved, refuses_threads, refuses_load;
} filter;

static scmp_filter_ctx fake_init(uint32_t otherwise)
{
    filter.otherwise = otherwise;
    filter.count = filter.asked = filter.loads = filter.releases = 0;
    filter.all_threads = filter.logs = filter.optimizes = 0;
    return filter.starved ? NULL : &filter;
}

static int fake_attr_set(scmp_filter_ctx of, enum scmp_filter_attr attr, uint32_t value)
{
    cr_assert_eq(of, &filter);
    if (attr == SCMP_FLTATR_CTL_LOG)
        filter.logs = value;
    else if (attr == SCMP_FLTATR_CTL_OPTIMIZE)
        filter.optimizes = value;
    else if (attr == SCMP_FLTATR_CTL_TSYNC)
        filter.all_threads = value;
    return attr == SCMP_FLTATR_CTL_TSYNC && filter.refuses_threads ? -EOPNOTSUPP : 0;
}

static int fake_rule_add(scmp_filter_ctx of, uint32_t action, int number, unsigned count, ...)
{
    va_list args;

    cr_assert(of == &filter && count <= 1 && filter.count < RULES_MAX);
    if (filter.asked++ == filter.refused)
        return -ENOMEM;
    filter.action = action;
    filter.rules[filter.count].number = number;
    filter.rules[filter.count].is_narrowed = (int)count;
    va_start(args, count);
    if (count == 1)
        filter.rules[filter.count].argument = va_arg(args, struct scmp_arg_cmp);
    va_end(args);
    filter.count++;
    return 0;
}

static int fake_load(scmp_filter_ctx of)
{
    cr_assert_eq(of, &filter);
    filter.loads++;
    return filter.refuses_load ? -EINVAL : 0;
}

static void fake_release(scmp_filter_ctx of)
{
    cr_assert_eq(of, &filter);
    filter.releases++;
}

static char why[256];

static int enter(unsigned parts)
{
    struct sandbox sandbox = {.parts = parts};

    filter.refused = RULES_MAX;
    return sandbox_confine_calls(&sandbox, why, sizeof why);
}

/* Whether the filter has a rule for |name| with |value| as argument |at|. */
static int has_rule(const char *name, unsigned at, uint64_t value)
{
    int number = seccomp_syscall_resolve_name(name);

    for (size_t i = 0; i < filter.count; i++) {
        const struct scmp_arg_cmp *argument = &filter.rules[i].argument;
        if (filter.rules[i].number != number)
            continue;
        if (!filter.rules[i].is_narrowed)
            return 1;
        cr_expect_eq(argument->op, SCMP_CMP_MASKED_EQ, "%s", name);
        if (argument->arg == at && (value & argument->datum_a) == argument->datum_b)
            return 1;
    }
    return 0;
}

enum {
    WITH_SQLITE = SANDBOX_ALL | SANDBOX_URING | SANDBOX_SQLITE,
    WITH_POSTGRES = SANDBOX_ALL | SANDBOX_EPOLL | SANDBOX_POSTGRES,
    CONNECTS = SANDBOX_POSTGRES | SANDBOX_DIRECTORY | SANDBOX_FETCH, /* who connects to others */
};

/* Holds every one of |names|, parted by blanks, against |expected|. */
static void each(const char *names, int expected, const char *whose)
{
    char text[1024], *rest = text;

    snprintf(text, sizeof text, "%s", names);
    for (char *name; (name = strtok_r(rest, " ", &rest)) != NULL;) {
        cr_assert_geq(seccomp_syscall_resolve_name(name), 0, "%s", name);
        cr_expect_eq(has_rule(name, 0, 0), expected, "%s: %s", whose, name);
    }
}

/* By man 2 of each, and what needs it. */
static const struct {
    const char *names;
    unsigned parts;
} needs[] = {
    /* reading, writing and finding files; certificates at a reload, seals, the store */
    {"read readv pread64 write writev pwrite64 open openat close fcntl flock lseek stat lstat fstat "
     "newfstatat "
     "statx fstatfs access faccessat faccessat2 readlink readlinkat getdents64 getcwd fsync fdatasync "
     "ftruncate "
     "mkdir mkdirat dup dup3 pipe2 poll ppoll",
     SANDBOX_ALL},
    /* memory, threads, clocks, signals, the end */
    {"munmap mremap madvise brk mlock mlock2 munlock futex futex_waitv membarrier set_robust_list rseq "
     "sched_yield sched_getaffinity getcpu clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday "
     "time "
     "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait sigaltstack restart_syscall exit exit_group "
     "getpid "
     "gettid getppid getuid geteuid getgid getegid getrandom uname sysinfo getrusage getrlimit times "
     "eventfd2",
     SANDBOX_ALL},
    /* connections, of the front and to a database */
    {"shutdown", SANDBOX_URING | SANDBOX_EPOLL},
    {"getpeername getsockname getsockopt setsockopt recvfrom sendto recvmsg sendmsg",
     SANDBOX_URING | SANDBOX_EPOLL | CONNECTS},
    {"io_uring_enter io_uring_register", SANDBOX_URING},
    {"epoll_ctl epoll_wait epoll_pwait epoll_pwait2 accept accept4", SANDBOX_EPOLL},
    /* a file takes the place of another */
    {"rename unlink fchmod", SANDBOX_ALL},
    /* journals come and go */
    {"unlinkat fchown fallocate utimensat", SANDBOX_SQLITE},
    {"connect bind sendmmsg recvmmsg select pselect6 umask", CONNECTS},
    /* names are looked up in a thread */
    {"socketpair", SANDBOX_FETCH},
    /* what nobody needs, and who took a process over would like */
    {"execve execveat fork vfork clone3 ptrace process_vm_readv process_vm_writev io_uring_setup bpf "
     "perf_event_open userfaultfd mount umount2 chroot pivot_root setns unshare kexec_load init_module "
     "symlink "
     "link chmod chown kill tkill listen memfd_create setuid setgid",
     0},
};

Test(calls, each_part_has_what_it_needs)
{
    static const unsigned parts[] = {SANDBOX_ALL,      SANDBOX_URING,     SANDBOX_EPOLL, SANDBOX_SQLITE,
                                     SANDBOX_POSTGRES, SANDBOX_DIRECTORY, SANDBOX_FETCH};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        cr_assert(enter(parts[i]), "%s", why);
        cr_expect_eq(filter.action, SCMP_ACT_ALLOW);
        cr_expect_eq(filter.otherwise, SCMP_ACT_ERRNO(ENOSYS));
        for (size_t j = 0; j < sizeof needs / sizeof needs[0]; j++)
            each(needs[j].names, (needs[j].parts & parts[i]) != 0, "of a part");
    }
}

/* An argument that is allowed has |yes| parts; 0: none. */
static const struct {
    const char *name;
    unsigned at;
    uint64_t value;
    int with_sqlite, with_postgres;
} arguments[] = {
    /* a page is never written and executed, and becomes code only where modules are loaded */
    {"mmap", 2, PROT_READ | PROT_WRITE, 1, 1},
    {"mmap", 2, PROT_READ | PROT_EXEC, 0, 1},
    {"mmap", 2, PROT_READ | PROT_WRITE | PROT_EXEC, 0, 0},
    {"mprotect", 2, PROT_READ | PROT_WRITE, 1, 1},
    {"mprotect", 2, PROT_READ | PROT_EXEC, 0, 0},
    {"prctl", 0, PR_SET_NAME, 1, 1},
    {"prctl", 0, PR_SET_DUMPABLE, 0, 0},
    {"prctl", 0, PR_SET_NAME | 1ULL << 32, 0, 0},
    {"ioctl", 1, FIONREAD, 1, 1},
    {"ioctl", 1, FIONBIO, 1, 1},
    {"ioctl", 1, TCGETS, 1, 1},
    {"ioctl", 1, TIOCSTI, 0, 0},
    {"prlimit64", 2, 0, 1, 1},
    {"prlimit64", 2, 4096, 0, 0},
    {"prlimit64", 2, 1, 0, 0},
    {"socket", 0, AF_UNIX, 0, 1},
    {"socket", 0, AF_INET, 0, 1},
    {"socket", 0, AF_INET6, 0, 1},
    {"socket", 0, AF_NETLINK, 0, 1},
    {"socket", 0, AF_PACKET, 0, 0},
    {"socket", 0, AF_ALG, 0, 0},
};

/* Threads, and no process (clone(2)). */
Test(calls, who_fetches_makes_threads_and_nothing_else)
{
    cr_assert(enter(SANDBOX_ALL | SANDBOX_URING | SANDBOX_FETCH), "%s", why);
    cr_expect(has_rule("clone", 0, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD));
    cr_expect_not(has_rule("clone", 0, SIGCHLD));
    cr_expect_not(has_rule("clone", 0, CLONE_VM | CLONE_VFORK | SIGCHLD));
    cr_assert(enter(WITH_POSTGRES), "%s", why);
    cr_expect_not(has_rule("clone", 0, CLONE_VM | CLONE_THREAD));
}

Test(calls, arguments_are_narrowed)
{
    for (int with_postgres = 0; with_postgres < 2; with_postgres++) {
        cr_assert(enter(with_postgres ? WITH_POSTGRES : WITH_SQLITE), "%s", why);
        for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++)
            cr_expect_eq(has_rule(arguments[i].name, arguments[i].at, arguments[i].value),
                         with_postgres ? arguments[i].with_postgres : arguments[i].with_sqlite,
                         "%s %llx, parts %d", arguments[i].name, (unsigned long long)arguments[i].value,
                         with_postgres);
        cr_expect(has_rule("tgkill", 0, (uint64_t)getpid()), "abort()");
        cr_expect_not(has_rule("tgkill", 0, (uint64_t)getppid()));
        cr_expect_not(has_rule("tgkill", 0, (uint64_t)getpid() | 1ULL << 32));
    }
}

Test(calls, a_filter_is_for_all_threads_and_told_in_the_kernels_log)
{
    cr_assert(enter(WITH_SQLITE), "%s", why);
    cr_expect_eq(filter.all_threads, 1);
    cr_expect_eq(filter.logs, 1);
    cr_expect_eq(filter.optimizes, 2);
    cr_expect_eq(filter.loads, 1);
    cr_expect_eq(filter.releases, 1);
}

/* Nobody knows what a module needs: what it has no reason to do is forbidden, the rest allowed. */
Test(calls, beside_a_token_there_is_a_list_of_what_is_forbidden)
{
    cr_assert(enter(WITH_SQLITE | SANDBOX_TOKEN), "%s", why);
    cr_expect_eq(filter.otherwise, SCMP_ACT_ALLOW);
    cr_expect_eq(filter.action, SCMP_ACT_ERRNO(EPERM));
    each("execve execveat ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd io_uring_setup bpf "
         "perf_event_open userfaultfd personality open_by_handle_at mount umount2 pivot_root chroot setns "
         "unshare "
         "add_key request_key keyctl init_module finit_module delete_module kexec_load reboot swapon",
         1, "forbidden");
    each("read write openat mmap socket connect clone kill symlink", 0, "a module's");
    cr_expect_eq(filter.loads, 1);
}

Test(calls, what_cannot_be_loaded_is_told)
{
    struct sandbox sandbox = {.parts = WITH_SQLITE};

    cr_assert(enter(WITH_POSTGRES));
    for (size_t rules = 0, all = filter.count; rules < all; rules++) {
        sandbox.parts = WITH_POSTGRES;
        filter.refused = rules;
        cr_assert_not(sandbox_confine_calls(&sandbox, why, sizeof why), "of %zu rules %zu", all, rules);
        cr_assert_str_eq(why, "seccomp: Cannot allocate memory");
        cr_assert_eq(filter.loads, 0);
        cr_assert_eq(filter.releases, 1);
    }
    filter.refused = 0;
    sandbox.parts |= SANDBOX_TOKEN;
    cr_assert_not(sandbox_confine_calls(&sandbox, why, sizeof why));
    filter.refuses_load = 1;
    cr_assert_not(enter(WITH_SQLITE));
    cr_assert_str_eq(why, "seccomp: Invalid argument");
    filter.refuses_threads = 1;
    cr_assert_not(enter(WITH_SQLITE));
    cr_assert_str_eq(why, "seccomp: Operation not supported");
    cr_assert_eq(filter.count, 0);
    cr_assert_eq(filter.loads, 0);
    filter.starved = 1;
    cr_assert_not(enter(WITH_SQLITE));
    cr_assert_str_eq(why, "seccomp: out of memory");
}

/* A service manager is told by a socket of this machine, and of no other. */
Test(calls, a_service_manager_is_told)
{
    cr_assert(enter(WITH_SQLITE | SANDBOX_SERVICE), "%s", why);
    cr_expect(has_rule("socket", 0, AF_UNIX));
    cr_expect_not(has_rule("socket", 0, AF_INET));
    cr_expect_not(has_rule("socket", 0, AF_INET6));
    cr_expect_not(has_rule("connect", 0, 0));
    cr_assert(enter(WITH_SQLITE), "%s", why);
    cr_expect_not(has_rule("socket", 0, AF_UNIX));
}

/* ---- folders of the table ---- */

static const struct sandbox_folder *folder_of_table(const char *path)
{
    for (const struct sandbox_folder *row = sandbox_folders; row->path != NULL; row++)
        if (strcmp(row->path, path) == 0)
            return row;
    return NULL;
}

Test(calls, folders_of_the_system_are_read_where_they_are_needed)
{
    static const struct {
        const char *path;
        unsigned parts;
        int is_written;
    } folders[] = {
        {"/dev/null", SANDBOX_ALL, 1},
        {"/dev/urandom", SANDBOX_ALL, 0},
        {"/dev/random", SANDBOX_ALL, 0},
        {"/etc/localtime", SANDBOX_ALL, 0},
        {"/usr/share/zoneinfo", SANDBOX_ALL, 0},
        {"/sys/devices/system/cpu", SANDBOX_ALL, 0},
        /* getaddrinfo, and the certificates of the system */
        {"/etc", CONNECTS, 0},
        {"/usr/lib", CONNECTS, 0},
        {"/usr/share", CONNECTS, 0},
        {"/lib", CONNECTS, 0},
        {"/lib64", CONNECTS, 0},
        {"/run/systemd/resolve", CONNECTS, 0},
        {"/run/resolvconf", CONNECTS, 0},
        {"/run/NetworkManager", CONNECTS, 0},
    };

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        const struct sandbox_folder *row = folder_of_table(folders[i].path);
        cr_assert_not_null(row, "%s", folders[i].path);
        cr_expect_eq(row->parts, folders[i].parts, "%s", row->path);
        cr_expect_eq(row->is_written, folders[i].is_written, "%s", row->path);
    }
}
