/* loop.c: the event loop on libh2o's own, which is epoll on Linux. */
#include "server/front/http/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Connections that a listener takes at one turn: who is connected waits for them. */
enum { ACCEPT_BATCH = 16 };

struct loop {
    h2o_evloop_t *h2o;
    int wake_fd;
    h2o_socket_t *wake; /* made by the loop's own thread, as libh2o's buffers belong to a thread */
    h2o_timeout_t pause;
    int (*has_work)(void *arg);
    void *arg;
    atomic_int sleeping;
};

struct loop_listener {
    struct loop *loop;
    h2o_socket_t *sock;
    h2o_timeout_entry_t retry;
    void (*accepted)(void *arg, h2o_socket_t *sock);
    void *arg;
};

const char *loop_backend(void)
{
    return "epoll";
}

int loop_probe(char *why, size_t len)
{
    int ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        ok = ep >= 0 && ev >= 0;
    if (!ok)
        snprintf(why, len, "%s: %s; raise the limit of open files", ep < 0 ? "epoll_create1" : "eventfd",
                 strerror(errno));
    if (ep >= 0)
        close(ep);
    if (ev >= 0)
        close(ev);
    return ok;
}

struct loop *loop_new(int (*has_work)(void *arg), void *arg)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return NULL;
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd < 0) {
        free(loop);
        return NULL;
    }
    loop->h2o = h2o_evloop_create();
    h2o_timeout_init(loop->h2o, &loop->pause, LOOP_ACCEPT_PAUSE_MS);
    loop->has_work = has_work;
    loop->arg = arg;
    return loop;
}

h2o_loop_t *loop_h2o(struct loop *loop)
{
    return loop->h2o;
}

static void on_wake(h2o_socket_t *sock, const char *err)
{
    (void)err; /* what was posted is looked at after each round anyway */
    h2o_buffer_consume(&sock->input, sock->input->size);
}

int loop_run(struct loop *loop, int32_t max_wait_ms)
{
    if (loop->wake == NULL) {
        loop->wake = h2o_evloop_socket_create(loop->h2o, loop->wake_fd, 0);
        h2o_socket_read_start(loop->wake, on_wake);
    }
    /* Whoever posts after this looks at |sleeping|; what was posted before is seen by has_work. */
    atomic_store(&loop->sleeping, 1);
    if (loop->has_work(loop->arg))
        max_wait_ms = 0;
    /* What was written between two rounds left callbacks behind; libh2o runs them after it has slept. */
    if (loop->h2o->_pending_as_client != NULL || loop->h2o->_pending_as_server != NULL)
        max_wait_ms = 0;
    int ret = h2o_evloop_run(loop->h2o, max_wait_ms);
    atomic_store(&loop->sleeping, 0);
    return ret == 0 || errno == EINTR;
}

void loop_wake(struct loop *loop)
{
    uint64_t one = 1;
    /* A full counter (EAGAIN) wakes as well. */
    if (atomic_exchange(&loop->sleeping, 0))
        while (write(loop->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
            ;
}

static void on_acceptable(h2o_socket_t *sock, const char *err);

static void on_retry(h2o_timeout_entry_t *entry)
{
    struct loop_listener *listener = H2O_STRUCT_FROM_MEMBER(struct loop_listener, retry, entry);
    h2o_socket_read_start(listener->sock, on_acceptable);
}

static void on_acceptable(h2o_socket_t *sock, const char *err)
{
    struct loop_listener *listener = sock->data;
    if (err != NULL)
        return;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        h2o_socket_t *connection = h2o_evloop_socket_accept(sock);
        if (connection == NULL) {
            /* Without descriptors or memory the listener stays readable, and the loop would spin. */
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                loop_log_accept(errno);
                h2o_socket_read_stop(sock);
                h2o_timeout_link(listener->loop->h2o, &listener->loop->pause, &listener->retry);
            }
            return;
        }
        listener->accepted(listener->arg, connection);
    }
}

struct loop_listener *loop_listen(struct loop *loop, int fd, void (*accepted)(void *arg, h2o_socket_t *sock),
                                  void *arg)
{
    struct loop_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return NULL;
    /* libh2o closes the descriptor with its socket; the caller keeps his. */
    int own = dup(fd);
    if (own < 0) {
        free(listener);
        return NULL;
    }
    listener->loop = loop;
    listener->retry.cb = on_retry;
    listener->accepted = accepted;
    listener->arg = arg;
    listener->sock = h2o_evloop_socket_create(loop->h2o, own, H2O_SOCKET_FLAG_DONT_READ);
    listener->sock->data = listener;
    h2o_socket_read_start(listener->sock, on_acceptable);
    return listener;
}

void loop_unlisten(struct loop_listener *listener)
{
    h2o_timeout_unlink(&listener->retry);
    h2o_socket_close(listener->sock);
    free(listener);
}

void loop_free(struct loop *loop)
{
    if (loop->wake != NULL)
        h2o_socket_close(loop->wake);
    else
        close(loop->wake_fd);
    h2o_timeout_dispose(loop->h2o, &loop->pause);
    /* Disposed sockets are freed in a round; its epoll descriptor libh2o leaves open. */
    if (loop->wake != NULL)
        h2o_evloop_run(loop->h2o, 0);
    h2o_evloop_destroy(loop->h2o);
    free(loop);
}
