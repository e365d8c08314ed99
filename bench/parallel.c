/* Does the same work for many items on all processors, with a progress bar. */
#include "bench/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct job {
    int (*work)(void *arg, unsigned worker, unsigned from, unsigned to);
    void *arg;
    unsigned count, step;
    atomic_uint next, done, running;
    atomic_int failed;
};

struct worker {
    pthread_t thread;
    struct job *job;
    unsigned number;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct job *job = worker->job;

    while (!atomic_load(&job->failed)) {
        unsigned from = atomic_fetch_add(&job->next, job->step);
        unsigned to = from < job->count && job->count - from > job->step ? from + job->step : job->count;
        if (from >= job->count)
            break;
        if (!job->work(job->arg, worker->number, from, to))
            atomic_store(&job->failed, 1);
        atomic_fetch_add(&job->done, to - from);
    }
    atomic_fetch_sub(&job->running, 1);
    return NULL;
}

static void draw(const char *what, unsigned done, unsigned count)
{
    enum { WIDTH = 40 };
    static const char full[] = "########################################";
    int filled = (int)((unsigned long long)done * WIDTH / count);

    fprintf(stderr, "\r%s [%.*s%*s] %u of %u", what, filled, full, WIDTH - filled, "", done, count);
}

/* On a terminal a bar that moves; elsewhere a line when it is over. */
static void watch(const struct job *job, const char *what)
{
    static const struct timespec pause = {.tv_nsec = 50000000};
    int terminal = isatty(STDERR_FILENO);

    while (atomic_load(&job->running) != 0) {
        nanosleep(&pause, NULL);
        if (terminal)
            draw(what, atomic_load(&job->done), job->count);
    }
    if (terminal)
        fputc('\n', stderr);
    else
        fprintf(stderr, "%s: %u of %u\n", what, atomic_load(&job->done), job->count);
}

int parallel_run(unsigned count, unsigned step, const char *what,
                 int (*each)(void *arg, unsigned worker, unsigned from, unsigned to), void *arg)
{
    struct job job = {.work = each, .arg = arg, .count = count, .step = step};
    struct worker workers[PARALLEL_WORKERS_MAX];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned wanted = cores > PARALLEL_WORKERS_MAX ? PARALLEL_WORKERS_MAX : cores > 1 ? (unsigned)cores : 1;
    unsigned started = 0;

    for (; started < wanted; started++) {
        workers[started] = (struct worker){.job = &job, .number = started};
        atomic_fetch_add(&job.running, 1);
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0) {
            atomic_fetch_sub(&job.running, 1);
            break;
        }
    }
    watch(&job, what);
    for (unsigned i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    return started != 0 && !atomic_load(&job.failed);
}
