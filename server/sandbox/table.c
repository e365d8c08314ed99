/* table.c: what each part of the server needs of the kernel, after start. Whoever adds a part adds its rows.
 */
#include "server/sandbox/table.h"

#include <linux/sched.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum {
    ALL = SANDBOX_ALL,
    URING = SANDBOX_URING,
    EPOLL = SANDBOX_EPOLL,
    FRONT = URING | EPOLL,
    SQLITE = SANDBOX_SQLITE,
    FETCH = SANDBOX_FETCH,
    OUT = SANDBOX_OUT,
    SERVICE = SANDBOX_SERVICE,
};

/* clang-format off */
const struct sandbox_call sandbox_calls[] = {
    /* files */
    {"read", ALL}, {"readv", ALL}, {"pread64", ALL}, {"write", ALL}, {"writev", ALL}, {"pwrite64", ALL},
    {"open", ALL}, {"openat", ALL}, {"close", ALL}, {"fcntl", ALL}, {"flock", ALL}, {"lseek", ALL},
    {"stat", ALL}, {"lstat", ALL}, {"fstat", ALL}, {"newfstatat", ALL}, {"statx", ALL}, {"fstatfs", ALL},
    {"access", ALL}, {"faccessat", ALL}, {"faccessat2", ALL}, {"readlink", ALL}, {"readlinkat", ALL},
    {"getdents64", ALL}, {"getcwd", ALL}, {"fsync", ALL}, {"fdatasync", ALL}, {"ftruncate", ALL},
    {"mkdir", ALL}, {"mkdirat", ALL}, {"dup", ALL}, {"dup3", ALL}, {"pipe2", ALL}, {"poll", ALL}, {"ppoll", ALL},
    /* memory, threads that there are, time, itself */
    {"munmap", ALL}, {"mremap", ALL}, {"madvise", ALL}, {"brk", ALL},
    {"mlock", ALL}, {"mlock2", ALL}, {"munlock", ALL}, {"futex", ALL}, {"futex_waitv", ALL}, {"membarrier", ALL},
    {"set_robust_list", ALL}, {"rseq", ALL}, {"sched_yield", ALL}, {"sched_getaffinity", ALL}, {"getcpu", ALL},
    {"clock_gettime", ALL}, {"clock_getres", ALL}, {"clock_nanosleep", ALL}, {"nanosleep", ALL},
    {"gettimeofday", ALL}, {"time", ALL}, {"rt_sigaction", ALL}, {"rt_sigprocmask", ALL}, {"rt_sigreturn", ALL},
    {"rt_sigtimedwait", ALL}, {"sigaltstack", ALL}, {"restart_syscall", ALL}, {"exit", ALL},
    {"exit_group", ALL}, {"getpid", ALL}, {"gettid", ALL}, {"getppid", ALL}, {"getuid", ALL}, {"geteuid", ALL},
    {"getgid", ALL}, {"getegid", ALL}, {"getrandom", ALL}, {"uname", ALL}, {"sysinfo", ALL}, {"getrusage", ALL},
    {"getrlimit", ALL}, {"times", ALL}, {"eventfd2", ALL},
    /* connections that were accepted */
    {"shutdown", FRONT}, {"getpeername", FRONT | OUT}, {"getsockname", FRONT | OUT}, {"getsockopt", FRONT | OUT},
    {"setsockopt", FRONT | OUT}, {"recvfrom", FRONT | OUT}, {"sendto", FRONT | OUT}, {"recvmsg", FRONT | OUT},
    {"sendmsg", FRONT | OUT},
    {"io_uring_enter", URING}, {"io_uring_register", URING},
    {"epoll_ctl", EPOLL}, {"epoll_wait", EPOLL}, {"epoll_pwait", EPOLL}, {"epoll_pwait2", EPOLL},
    {"accept", EPOLL}, {"accept4", EPOLL},
    /* the embedded store: its log and index come and go */
    {"unlinkat", SQLITE}, {"fchown", SQLITE}, {"fallocate", SQLITE}, {"utimensat", SQLITE},
    /* files that are replaced, in folders that are written: the last seal, CRLs */
    {"rename", ALL}, {"unlink", ALL}, {"fchmod", ALL},
    /* a database, a directory: names are looked up, connections made anew */
    {"connect", OUT}, {"bind", OUT}, {"sendmmsg", OUT}, {"recvmmsg", OUT}, {"select", OUT},
    {"pselect6", OUT}, {"umask", OUT},
    /* libcurl looks names up in a thread, which tells by a pair of sockets that it is done */
    {"socketpair", FETCH},
    {0},
};

const struct sandbox_argument sandbox_arguments[] = {
    /* Nothing that was written becomes code. Names of others may be looked up by modules of the C library. */
    {"mmap", ALL, 2, PROT_EXEC, 0},
    {"mmap", OUT, 2, PROT_EXEC | PROT_WRITE, PROT_EXEC},
    {"mprotect", ALL, 2, PROT_EXEC, 0},
    {"prctl", ALL, 0, ~0ULL, PR_SET_NAME},
    {"ioctl", ALL, 1, ~0ULL, FIONREAD}, {"ioctl", ALL, 1, ~0ULL, FIONBIO}, {"ioctl", ALL, 1, ~0ULL, TCGETS},
    {"prlimit64", ALL, 2, ~0ULL, 0}, /* to ask, not to set */
    {"socket", OUT | SERVICE, 0, ~0ULL, AF_UNIX}, {"socket", OUT, 0, ~0ULL, AF_INET}, {"socket", OUT, 0, ~0ULL, AF_INET6},
    {"clone", FETCH, 0, CLONE_THREAD, CLONE_THREAD}, /* a thread, and no process; clone3 falls back to it */
    {"socket", OUT, 0, ~0ULL, AF_NETLINK}, /* which addresses this machine has: getaddrinfo sorts by it */
    {0},
};

/* With a token's module: what no module has a reason to do. */
const char *const sandbox_forbidden[] = {
    "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd",
    "io_uring_setup", "bpf", "perf_event_open", "userfaultfd", "personality", "open_by_handle_at",
    "name_to_handle_at", "mount", "umount2", "move_mount", "open_tree", "fsopen", "fsmount", "fsconfig", "fspick",
    "mount_setattr", "pivot_root", "chroot", "setns", "unshare", "add_key", "request_key", "keyctl",
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "acct", "quotactl", "syslog", "iopl", "ioperm",
    "modify_ldt", "uselib", "vhangup", "sethostname", "setdomainname", "lookup_dcookie", "mbind", "migrate_pages",
    "move_pages", NULL,
};

const struct sandbox_folder sandbox_folders[] = {
    {"/dev/null", ALL, 1}, {"/dev/urandom", ALL, 0}, {"/dev/random", ALL, 0},
    {"/etc/localtime", ALL, 0}, {"/usr/share/zoneinfo", ALL, 0},
    {"/sys/devices/system/cpu", ALL, 0}, /* how many processors there are */
    /* names, their order, the C library's modules for them, its texts; certificates of the system */
    {"/etc", OUT, 0}, {"/usr/lib", OUT, 0}, {"/usr/share", OUT, 0}, {"/lib", OUT, 0}, {"/lib64", OUT, 0},
    {"/run/systemd/resolve", OUT, 0}, {"/run/resolvconf", OUT, 0}, {"/run/NetworkManager", OUT, 0},
    {0},
};
/* clang-format on */
