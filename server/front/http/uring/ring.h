/* ring.h: what the files of the io_uring loop know of each other.
 *
 * One rule holds everywhere: what a submission names stays until its last completion. An operation is
 * therefore part of what it belongs to (a socket, a listener), and that is freed only when no operation of it
 * is under way. */
#ifndef CMPD_FRONT_URING_RING_H
#define CMPD_FRONT_URING_RING_H

#include <liburing.h>
#include <stdatomic.h>

#include "server/front/http/loop.h"

enum {
    RING_ENTRIES = 1024,      /* submissions that are gathered for one system call */
    RING_COMPLETIONS = 16384, /* more than that wait in the kernel */
    RING_TURN = 128,          /* completions that are taken at one turn of the loop */
    RING_ACCEPTS = 16,        /* connections that a listener takes at one turn */
    RING_BUFFERS = 1024,      /* of the receive ring, a power of two */
    RING_BUFFER_SIZE = 4096,  /* a request fits into one or two */
    RING_BUFFER_GROUP = 1,
    RING_OPERATIONS_MAX = 16, /* that one ring may be allowed */
};

/* struct ring_op is one operation under way. Its address is the submission's user_data; a submission without
 * one has 0 there, and its completion is ignored. |done| is called for each completion. */
struct ring_op {
    void (*done)(struct ring_op *op, int32_t res, uint32_t flags);
};

struct loop {
    h2o_evloop_t h2o; /* first: libh2o reads its time and its list of timeouts */
    struct io_uring ring;
    int ring_fd;                       /* what MSG_RING is sent to */
    int enabled;                       /* 1: tied to its thread */
    struct io_uring_buf_ring *buffers; /* the receive ring: where the kernel takes buffers from … */
    uint8_t *buffer_memory;            /* … and what they are made of */
    size_t buffers_len;
    int (*has_work)(void *arg);
    void *arg;
    atomic_int sleeping; /* 1: the thread sleeps, or is about to: posts must wake it */

    struct ring_op timer;
    struct __kernel_timespec timer_spec;
    uint64_t timer_at; /* when the armed timer fires, in the loop's time; 0: none is armed */

    struct ring_socket *pending; /* have something to tell; a ring through |next_pending|, this is the last */
    h2o_linklist_t lingering;    /* closed with a send under way; see binding.h */
    uint64_t lingering_swept;
    size_t owners; /* sockets and listeners that are not freed yet */
    uint64_t clock_base;
};

/* ring_sqe returns a free submission, after passing on what was gathered if there is none. Never NULL: a ring
 * that takes no submissions any more ends the process. */
struct io_uring_sqe *ring_sqe(struct loop *loop);

/* ring_submit_op ties |sqe| to |op|. */
static inline void ring_submit_op(struct io_uring_sqe *sqe, struct ring_op *op)
{
    io_uring_sqe_set_data(sqe, op);
}

/* ring_cancel asks for the end of |op|; its last completion follows in any case. */
void ring_cancel(struct loop *loop, struct ring_op *op);

/* ring_close closes |fd| by a submission. */
void ring_close(struct loop *loop, int fd);

/* ring_buffer returns the octets of the buffer that a completion's |flags| name. */
uint8_t *ring_buffer(struct loop *loop, uint32_t flags);

/* ring_buffer_return gives that buffer back to the kernel. */
void ring_buffer_return(struct loop *loop, uint32_t flags);

/* ring_setup fills |loop| with a ring (flags as the kernel allows, disabled until its thread enables it) and
 * its receive ring. Returns 0, or a negative errno with |*what| naming the step that failed. */
int ring_setup(struct loop *loop, const char **what);

/* ring_restrict_and_enable lets the disabled ring |fd| take submissions, of |operations| alone, and no more
 * registrations: a filter of system calls does not see what a ring does. Returns 0 or a negative errno. */
int ring_restrict_and_enable(int fd, const uint8_t *operations, size_t count);

/* ring_enable ties the ring to the calling thread: from now on it takes the front's submissions. Returns 0 or
 * a negative errno. */
int ring_enable(struct loop *loop);

/* ring_teardown undoes ring_setup. */
void ring_teardown(struct loop *loop);

/* ring_wake posts a message to the ring |fd| from the calling thread's own small ring. */
void ring_wake(int fd);

/* waker_prepare makes those rings, as none can be made later. Called at start, more than once. */
void waker_prepare(void);

/* ring_run_pending calls what the sockets of |loop| have to tell. In socket.c. */
void ring_run_pending(struct loop *loop);

/* ring_sweep_lingering ends sends of closed sockets that take too long. In socket.c. */
void ring_sweep_lingering(struct loop *loop);

/* ring_socket_accepted returns a socket for the accepted connection |fd|. In socket.c. */
h2o_socket_t *ring_socket_accepted(struct loop *loop, int fd);

#endif
