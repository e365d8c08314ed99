/* test_start.c: an embedded store whose threads or file are not to be had is no store, and leaves nothing
 * behind (storage/sqlite/sqlite.c). */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>

#include "storage/backend.h"
#include "units.h"

enum { MOST = 8 };

/* A thread of the store, and whether it has ended. */
static struct thread {
    void *(*loop)(void *);
    void *arg;
    _Atomic int ended;
} threads[MOST];

static int threads_left, wanted, started, joined, file_is_gone;

static void *run_thread(void *arg)
{
    struct thread *thread = arg;
    void *result = thread->loop(thread->arg);

    atomic_store(&thread->ended, 1);
    return result;
}

static int thread_or_none(pthread_t *thread, void *(*loop)(void *), void *arg, const char *name)
{
    struct thread *one = &threads[started];

    wanted++;
    if (threads_left-- <= 0)
        return 0;
    cr_assert_lt(started++, MOST);
    one->loop = loop;
    one->arg = arg;
    return store_thread(thread, run_thread, one, name);
}

static int join_and_count(pthread_t thread, void **result)
{
    joined++;
    return pthread_join(thread, result);
}

static int open_or_not(const char *path, int how)
{
    if (!file_is_gone)
        return open(path, how);
    errno = ENOENT;
    return -1;
}

#define store_thread thread_or_none
#define pthread_join join_and_count
#define open(path, how) open_or_not(path, how)
/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "storage/sqlite/sqlite.c"
#undef store_thread
#undef pthread_join
#undef open

TestSuite(start, .init = make_url, .fini = remove_folder, .timeout = 60);

static void opens(void)
{
    struct store *store;

    threads_left = 2;
    file_is_gone = 0;
    store = must_open(test_url);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert(is_whole(store, 1, 1));
    store_close(store);
}

/* With |some| threads to be had. The log goes with the last connection: none is left open. */
static void is_refused(int some, const char *because)
{
    char fault[STORE_FAULT_MAX] = "", wal[128];

    cr_assert(sqlite_create(fault, test_path), "%s", fault);
    threads_left = some;
    cr_assert_null(lite_open(fault, test_url, "node"));
    cr_assert_not_null(strstr(fault, because), "%s", fault);
    cr_assert_eq(wanted, some < 2 ? some + 1 : 0);
    snprintf(wal, sizeof wal, "%s-wal", test_path);
    cr_assert_neq(access(wal, F_OK), 0);
    cr_assert_eq(joined, started);
    for (int i = 0; i < started; i++)
        cr_assert(atomic_load(&threads[i].ended), "one goes on");
    opens();
}

Test(start, without_a_thread_that_writes_there_is_no_store)
{
    is_refused(0, "the store's threads cannot be started; raise the limit of threads");
}

/* The one that writes has ended by then. */
Test(start, without_a_thread_that_reads_there_is_no_store)
{
    is_refused(1, "the store's threads cannot be started; raise the limit of threads");
}

Test(start, a_file_that_is_taken_away_meanwhile_is_no_store)
{
    file_is_gone = 1;
    is_refused(2, "was taken away while it was opened; start again");
}

Test(start, a_store_without_a_name_is_told)
{
    char fault[STORE_FAULT_MAX] = "";

    cr_assert_null(lite_open(fault, "sqlite:", "node"));
    cr_assert_str_eq(fault, "store names no file; write sqlite:PATH");
}
