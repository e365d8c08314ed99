/* ring.c: setting up a ring with its receive buffers, and the submissions that everybody needs. */
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "server/base/log.h"

/* Best first. All of them exist in Linux 6.1; a kernel that knows fewer still works, with more wake-ups. */
static const unsigned setup_flags[] = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN,
    IORING_SETUP_COOP_TASKRUN,
    0,
};

static int setup_ring(struct loop *loop)
{
    int ret = -EINVAL;
    for (size_t i = 0; i < sizeof setup_flags / sizeof setup_flags[0] && ret == -EINVAL; i++) {
        struct io_uring_params params = {
            .flags = setup_flags[i] | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL,
            .cq_entries = RING_COMPLETIONS,
        };
        ret = io_uring_queue_init_params(RING_ENTRIES, &loop->ring, &params);
    }
    return ret;
}

static int setup_buffers(struct loop *loop)
{
    size_t head = RING_BUFFERS * sizeof(struct io_uring_buf);
    loop->buffers_len = head + (size_t)RING_BUFFERS * RING_BUFFER_SIZE;
    void *memory = mmap(NULL, loop->buffers_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    loop->buffers = memory;
    loop->buffer_memory = (uint8_t *)memory + head;
    struct io_uring_buf_reg reg = {
        .ring_addr = (uint64_t)(uintptr_t)memory,
        .ring_entries = RING_BUFFERS,
        .bgid = RING_BUFFER_GROUP,
    };
    int ret = io_uring_register_buf_ring(&loop->ring, &reg, 0);
    if (ret < 0) {
        munmap(memory, loop->buffers_len);
        loop->buffers = NULL;
        return ret;
    }
    io_uring_buf_ring_init(loop->buffers);
    for (unsigned i = 0; i < RING_BUFFERS; i++)
        io_uring_buf_ring_add(loop->buffers, loop->buffer_memory + (size_t)i * RING_BUFFER_SIZE,
                              RING_BUFFER_SIZE, (unsigned short)i, io_uring_buf_ring_mask(RING_BUFFERS),
                              (int)i);
    io_uring_buf_ring_advance(loop->buffers, RING_BUFFERS);
    return 0;
}

int ring_setup(struct loop *loop, const char **what)
{
    *what = "io_uring_setup";
    int ret = setup_ring(loop);
    if (ret < 0)
        return ret;
    *what = "IORING_REGISTER_PBUF_RING";
    ret = setup_buffers(loop);
    if (ret < 0) {
        io_uring_queue_exit(&loop->ring);
        return ret;
    }
    loop->ring_fd = loop->ring.ring_fd;
    return 0;
}

int ring_restrict_and_enable(int fd, const uint8_t *operations, size_t count)
{
    struct io_uring_restriction allowed[RING_OPERATIONS_MAX + 2] = {
        {.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED, .sqe_flags = IOSQE_BUFFER_SELECT},
        {.opcode = IORING_RESTRICTION_REGISTER_OP, .register_op = IORING_UNREGISTER_PBUF_RING},
    };
    unsigned n = 2;
    for (size_t i = 0; i < count && n < RING_OPERATIONS_MAX + 2; i++)
        allowed[n++] =
            (struct io_uring_restriction){.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = operations[i]};
    int ret = io_uring_register((unsigned)fd, IORING_REGISTER_RESTRICTIONS, allowed, n);
    /* io_uring_enable_rings is missing from the shared library of liburing 2.3. */
    return ret < 0 ? ret : io_uring_register((unsigned)fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

int ring_enable(struct loop *loop)
{
    static const uint8_t operations[] = {IORING_OP_ACCEPT,       IORING_OP_RECV,    IORING_OP_SEND,
                                         IORING_OP_POLL_ADD,     IORING_OP_TIMEOUT, IORING_OP_TIMEOUT_REMOVE,
                                         IORING_OP_ASYNC_CANCEL, IORING_OP_CLOSE};
    return ring_restrict_and_enable(loop->ring.ring_fd, operations, sizeof operations);
}

void ring_teardown(struct loop *loop)
{
    io_uring_unregister_buf_ring(&loop->ring, RING_BUFFER_GROUP);
    io_uring_queue_exit(&loop->ring);
    munmap(loop->buffers, loop->buffers_len);
}

struct io_uring_sqe *ring_sqe(struct loop *loop)
{
    struct io_uring_sqe *sqe;
    while ((sqe = io_uring_get_sqe(&loop->ring)) == NULL) {
        int ret = io_uring_submit(&loop->ring);
        if (ret < 0 && ret != -EINTR && ret != -EAGAIN && ret != -EBUSY) {
            /* Without submissions no connection can be served or closed any more. */
            log_line(LOG_ERROR, "io_uring takes no submissions", log_number("errno", -ret));
            log_flush();
            abort();
        }
    }
    return sqe;
}

void ring_cancel(struct loop *loop, struct ring_op *op)
{
    struct io_uring_sqe *sqe = ring_sqe(loop);
    io_uring_prep_cancel64(sqe, (uint64_t)(uintptr_t)op, 0);
    io_uring_sqe_set_data64(sqe, 0);
}

void ring_close(struct loop *loop, int fd)
{
    struct io_uring_sqe *sqe = ring_sqe(loop);
    io_uring_prep_close(sqe, fd);
    io_uring_sqe_set_data64(sqe, 0);
}

uint8_t *ring_buffer(struct loop *loop, uint32_t flags)
{
    return loop->buffer_memory + (size_t)(flags >> IORING_CQE_BUFFER_SHIFT) * RING_BUFFER_SIZE;
}

void ring_buffer_return(struct loop *loop, uint32_t flags)
{
    unsigned id = flags >> IORING_CQE_BUFFER_SHIFT;
    io_uring_buf_ring_add(loop->buffers, loop->buffer_memory + (size_t)id * RING_BUFFER_SIZE,
                          RING_BUFFER_SIZE, (unsigned short)id, io_uring_buf_ring_mask(RING_BUFFERS), 0);
    io_uring_buf_ring_advance(loop->buffers, 1);
}
