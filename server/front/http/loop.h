/* loop.h: the event loop of one front thread: all that differs between cmpd and cmpd-epoll.
 *
 * Two implementations, uring/ and epoll/. Everything but loop_wake is for the loop's own thread; loop_new may
 * also be called before that thread exists, by one that does nothing else with the loop. */
#ifndef CMPD_FRONT_LOOP_H
#define CMPD_FRONT_LOOP_H

#include <h2o.h>

struct loop;
struct loop_listener;

/* How long nothing is accepted after a connection could not be for want of descriptors or memory: trying
 * again at once would fail again, and spin. What waits, waits in the kernel. */
enum { LOOP_ACCEPT_PAUSE_MS = 100 };

/* loop_log_accept says that accepting failed by |error|, an errno; sampled. In accept.c, for the loops. */
void loop_log_accept(int error);

/* loop_backend returns "io_uring" or "epoll". */
const char *loop_backend(void);

/* loop_probe does each operation that this implementation needs, once. Returns 1, or 0 with |why| (|len|
 * octets): which operation failed, and what to do about it. */
int loop_probe(char *why, size_t len);

/* loop_new returns a loop. |has_work| is asked just before the thread would sleep: 1 keeps it awake. Returns
 * NULL with errno set. */
struct loop *loop_new(int (*has_work)(void *arg), void *arg);

/* loop_h2o returns what libh2o knows |loop| by. */
h2o_loop_t *loop_h2o(struct loop *loop);

/* loop_run sleeps until something happens, at most |max_wait_ms|, and handles it. The first call, of this or
 * of loop_listen, ties |loop| to the calling thread. Returns 1, or 0 when the loop cannot go on, with errno
 * set. */
int loop_run(struct loop *loop, int32_t max_wait_ms);

/* loop_listen starts to accept from |fd|, which is bound and listening, and stays the caller's. |accepted|
 * gets each connection. Returns NULL with errno set. */
struct loop_listener *loop_listen(struct loop *loop, int fd, void (*accepted)(void *arg, h2o_socket_t *sock),
                                  void *arg);

/* loop_unlisten stops accepting and frees |listener|. No call of |accepted| follows. */
void loop_unlisten(struct loop_listener *listener);

/* loop_wake ends the sleep of |loop|'s thread, if it sleeps. From any thread; what the caller wrote before is
 * seen by |has_work|. Cheap while the thread is awake. */
void loop_wake(struct loop *loop);

/* loop_free frees |loop|, when no connection is left and nobody can call loop_wake any more. On the loop's
 * thread, or before it exists. */
void loop_free(struct loop *loop);

#endif
