/* test_sandbox.c: a child enters the sandbox and tries what a process that was taken over would try. Each
 * trial works outside, too, or could: that is tried first. */
#define _GNU_SOURCE 1
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/sandbox/sandbox.h"

static char inside[64], written[64], outside[64];

static void make_folder(char *out, const char *name)
{
    char path[96];
    snprintf(out, 64, "/tmp/cmpd-sandbox-%s-XXXXXX", name);
    cr_assert_not_null(mkdtemp(out));
    snprintf(path, sizeof path, "%s/file", out);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs("text\n", file);
    fclose(file);
}

static void make_folders(void)
{
    make_folder(inside, "inside");
    make_folder(written, "written");
    make_folder(outside, "outside");
}

static void remove_folders(void)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf %s %s %s", inside, written, outside);
    cr_assert_eq(system(command), 0);
}

TestSuite(sandbox, .init = make_folders, .fini = remove_folders, .timeout = 60);

static struct sandbox *fill(unsigned parts)
{
    struct sandbox *sandbox = sandbox_new(parts);
    if (sandbox == NULL || !sandbox_add_folder(sandbox, inside, 0) ||
        !sandbox_add_folder(sandbox, written, 1))
        return NULL;
    return sandbox;
}

static int enter(unsigned parts)
{
    char why[256] = "";
    struct sandbox *sandbox = fill(parts);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int ok = sandbox != NULL && sandbox_confine_files(sandbox, why, sizeof why) &&
             sandbox_confine_calls(sandbox, why, sizeof why);
    if (!ok)
        fprintf(stderr, "not entered: %s\n", why);
    return ok;
}

/* ---- trials: 1 if it worked ---- */

static int file_in(const char *folder, const char *name, int flags)
{
    char path[96];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int reads_inside(void)
{
    return file_in(inside, "file", O_RDONLY);
}
static int writes_inside(void)
{
    return file_in(inside, "file", O_WRONLY);
}
static int makes_inside(void)
{
    return file_in(inside, "new", O_WRONLY | O_CREAT);
}
static int reads_written(void)
{
    return file_in(written, "file", O_RDONLY);
}
static int writes_written(void)
{
    return file_in(written, "file", O_WRONLY | O_TRUNC);
}
static int reads_outside(void)
{
    return file_in(outside, "file", O_RDONLY);
}
static int writes_outside(void)
{
    return file_in(outside, "file", O_WRONLY);
}
static int reads_passwords(void)
{
    return file_in("/etc", "passwd", O_RDONLY);
}

static int removes_written(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/new", written);
    return file_in(written, "new", O_WRONLY | O_CREAT) && unlink(path) == 0;
}

static int starts_program(void)
{
    /* In a child that is a plain fork where that works; else the call itself. */
    int status;
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int makes_ring(void)
{
    struct io_uring_params params = {0};
    int fd = (int)syscall(SYS_io_uring_setup, 1, &params);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int is_traced(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static int reads_memory(void)
{
    char from[4] = "abc", to[4];
    struct iovec local = {to, sizeof to}, remote = {from, sizeof from};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == sizeof to;
}

static int opens_socket_of(int family, int kind)
{
    int fd = socket(family, kind | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int opens_tcp(void)
{
    return opens_socket_of(AF_INET, SOCK_STREAM);
}
static int opens_packet(void)
{
    return opens_socket_of(AF_PACKET, SOCK_RAW);
}
static int opens_vsock(void)
{
    return opens_socket_of(AF_ALG, SOCK_SEQPACKET);
}

static int looks_up_name(void)
{
    struct addrinfo *infos, hints = {.ai_socktype = SOCK_STREAM};
    int ok = getaddrinfo("localhost", "5432", &hints, &infos) == 0;
    if (ok)
        freeaddrinfo(infos);
    return ok;
}

static int makes_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static int maps_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static int raises_limit(void)
{
    struct rlimit_ {
        uint64_t soft, hard;
    } limit = {1, 1};
    return syscall(SYS_prlimit64, 0, 4 /* core */, &limit, NULL) == 0;
}

static int kills_parent(void)
{
    return kill(getppid(), 0) == 0;
}
static int makes_link(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/link", written);
    unlink(path);
    return symlink("/etc/passwd", path) == 0;
}

static int allocates(void)
{
    void *memory = malloc(64 * 1024 * 1024);
    int ok = memory != NULL;
    free(memory);
    return ok;
}

struct trial {
    const char *name;
    int (*run)(void);
    unsigned allowed; /* to processes with one of these parts */
};

enum {
    EVERY = SANDBOX_SQLITE | SANDBOX_POSTGRES | SANDBOX_TOKEN,
    PG = SANDBOX_POSTGRES,
    TOKEN = SANDBOX_TOKEN
};

static const struct trial trials[] = {
    {"reads inside", reads_inside, EVERY},
    {"reads what it writes", reads_written, EVERY},
    {"writes", writes_written, EVERY},
    {"makes and removes", removes_written, SANDBOX_SQLITE | SANDBOX_POSTGRES | TOKEN},
    {"allocates", allocates, EVERY},
    {"looks up a name", looks_up_name, PG | TOKEN},
    {"opens TCP", opens_tcp, PG | TOKEN},
    {"writes what it may read", writes_inside, TOKEN},
    {"makes a file where it may read", makes_inside, TOKEN},
    {"reads outside", reads_outside, TOKEN},
    {"writes outside", writes_outside, TOKEN},
    {"reads /etc", reads_passwords, PG | TOKEN},
    {"starts a program", starts_program, 0},
    {"makes a ring", makes_ring, 0},
    {"is traced", is_traced, 0},
    {"reads memory of a process", reads_memory, 0},
    {"opens a packet socket", opens_packet, TOKEN},
    {"opens a socket of another family", opens_vsock, TOKEN},
    {"makes code of data", makes_code, TOKEN},
    {"maps code", maps_code, PG | TOKEN},
    {"raises a limit", raises_limit, TOKEN},
    {"signals its parent", kills_parent, TOKEN},
    {"makes a symbolic link", makes_link, TOKEN},
};
enum { TRIALS = sizeof trials / sizeof trials[0] };

/* The results of all trials, one after the other, in a child that may be in the sandbox. */
static void run_all(char results[TRIALS], unsigned parts)
{
    int ends[2], status;
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        char mine[TRIALS];
        if (parts != 0 && !enter(parts))
            _exit(2);
        for (size_t i = 0; i < TRIALS; i++)
            mine[i] = (char)trials[i].run();
        _exit(write(ends[1], mine, sizeof mine) == sizeof mine ? 0 : 1);
    }
    close(ends[1]);
    cr_assert_eq(read(ends[0], results, TRIALS), TRIALS, "the child said nothing");
    close(ends[0]);
    waitpid(child, &status, 0);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

Test(sandbox, each_part_can_do_what_it_needs_and_no_more)
{
    static const unsigned kinds[] = {SANDBOX_SQLITE, SANDBOX_POSTGRES, SANDBOX_SQLITE | SANDBOX_TOKEN};
    char results[TRIALS];
    if (!sandbox_is_possible())
        return;
    run_all(results, 0);
    for (size_t i = 0; i < TRIALS; i++)
        cr_expect(results[i] || trials[i].run == opens_packet || trials[i].run == opens_vsock ||
                      trials[i].run == writes_inside,
                  "outside, this must work, else the trial says nothing: %s", trials[i].name);
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        unsigned judged = (kinds[k] & SANDBOX_TOKEN) != 0 ? SANDBOX_TOKEN : kinds[k];
        char within[TRIALS];
        run_all(within, SANDBOX_ALL | SANDBOX_URING | kinds[k]);
        for (size_t i = 0; i < TRIALS; i++)
            cr_expect_eq(within[i], results[i] && (trials[i].allowed & judged) != 0, "parts %u: %s: %d",
                         kinds[k], trials[i].name, within[i]);
    }
}

static void *try_ring(void *arg)
{
    pthread_barrier_wait(arg);
    pthread_barrier_wait(arg);
    return (void *)(intptr_t)makes_ring();
}

/* Threads that were there before are in the filter of calls as well. */
Test(sandbox, all_threads_are_in_it)
{
    int status;
    if (!sandbox_is_possible())
        return;
    pid_t child = fork();
    if (child == 0) {
        pthread_barrier_t barrier;
        pthread_t thread;
        void *result = NULL;
        pthread_barrier_init(&barrier, NULL, 2);
        pthread_create(&thread, NULL, try_ring, &barrier);
        pthread_barrier_wait(&barrier);
        int ok = enter(SANDBOX_ALL | SANDBOX_SQLITE);
        pthread_barrier_wait(&barrier);
        pthread_join(thread, &result);
        _exit(!ok || result != NULL);
    }
    waitpid(child, &status, 0);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

Test(sandbox, what_is_inside_is_known)
{
    char path[160];
    struct sandbox *sandbox = fill(SANDBOX_ALL | SANDBOX_SQLITE);
    cr_assert_not_null(sandbox);
    snprintf(path, sizeof path, "%s/file", inside);
    cr_expect(sandbox_has_file(sandbox, path));
    snprintf(path, sizeof path, "%s/not-there", inside);
    cr_expect(sandbox_has_file(sandbox, path), "a file that comes later");
    snprintf(path, sizeof path, "%s/file", outside);
    cr_expect_not(sandbox_has_file(sandbox, path));
    snprintf(path, sizeof path, "%s/link", inside);
    char target[200];
    snprintf(target, sizeof target, "%s/file", outside);
    cr_assert_eq(symlink(target, path), 0);
    cr_expect_not(sandbox_has_file(sandbox, path), "a link that leads outside");
    cr_assert(sandbox_add_file(sandbox, path, 0));
    cr_expect(sandbox_has_file(sandbox, path), "one that was there at start");
    snprintf(path, sizeof path, "%sx", inside);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(target, sizeof target, "%s/file", path);
    cr_expect_not(sandbox_has_file(sandbox, target), "a folder whose name only begins alike");
    rmdir(path);
    sandbox_free(sandbox);
}
