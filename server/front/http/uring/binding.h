/* binding.h: libh2o's sockets on io_uring. Part of lib/common/socket.c, see socket.c; never included
 * elsewhere.
 *
 * Completions, not readiness. A socket has one receive that goes on (multishot) into the loop's shared
 * buffers, and at most one send, of octets that were copied for it: libh2o frees its own when it closes, the
 * kernel may still read them. What completes is noted and told after the batch (ring_run_pending), so that no
 * callback runs inside another.
 *
 * Closing ends the receive, lets a send that is under way finish (libh2o expects what it wrote to go out)
 * within LINGER_MS, then closes the descriptor and frees the socket at the last completion.
 *
 * While libh2o does not read, what still arrives is held, up to HELD_MAX; beyond it the receive is ended, the
 * window of TCP closes, and the peer has to wait. So is what arrives at one turn of the loop beyond
 * H2O_SOCKET_MAX_READ_SIZE: it is told after everybody else was. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/front/http/uring/ring.h"

enum {
    HELD_MAX = 64 * 1024,        /* octets that arrived unread, before the receive is ended */
    OUTPUT_KEPT_MAX = 16 * 1024, /* a larger output buffer is freed after its send */
    LINGER_MS = 5000,            /* for the send of a closed socket */
};

struct ring_socket {
    h2o_socket_t super; /* first: libh2o's part */
    struct loop *loop;
    int fd;
    unsigned under_way; /* operations whose last completion is to come */

    struct ring_op read_op;
    uint8_t *held; /* what arrived while nobody read */
    size_t held_len, held_size;
    size_t arrived; /* octets given to libh2o's input and not told yet */
    unsigned read_armed : 1;
    unsigned read_ending : 1; /* its cancellation is submitted */
    unsigned at_end : 1;      /* the peer sent its last octet */
    unsigned read_failed : 1;
    unsigned untold : 1; /* there is input that the read callback was not called for */

    struct ring_op write_op;
    uint8_t *output;
    size_t output_len, output_done, output_size;
    unsigned writing : 1;    /* a send or connect is under way */
    unsigned write_told : 1; /* … or over, and the callback is due */
    unsigned write_failed : 1;
    unsigned write_ending : 1; /* its cancellation is submitted */

    unsigned is_socket : 1; /* 0: a pipe, of which only reading is supported */
    unsigned accepted : 1;
    unsigned disposed : 1;
    unsigned linked : 1; /* in the loop's list of those that have something to tell */
    struct ring_socket *next_pending;
    uint64_t disposed_at;
    h2o_linklist_t lingering;
};

static void read_on(struct ring_socket *sock);
static void on_read_op(struct ring_op *op, int32_t res, uint32_t flags);
static void on_write_op(struct ring_op *op, int32_t res, uint32_t flags);

/* ---- what is to be told ---- */

static void link_pending(struct ring_socket *sock)
{
    if (sock->linked)
        return;
    sock->linked = 1;
    /* A ring of which the loop holds the last: what is noted first is told first. */
    if (sock->loop->pending == NULL) {
        sock->next_pending = sock;
    } else {
        sock->next_pending = sock->loop->pending->next_pending;
        sock->loop->pending->next_pending = sock;
    }
    sock->loop->pending = sock;
}

static struct ring_socket *take_pending(struct loop *loop)
{
    struct ring_socket *last = loop->pending, *first;
    if (last == NULL)
        return NULL;
    first = last->next_pending;
    if (first == last)
        loop->pending = NULL;
    else
        last->next_pending = first->next_pending;
    first->linked = 0;
    return first;
}

/* release frees a disposed socket when nothing refers to it any more. */
static void release(struct ring_socket *sock)
{
    if (!sock->disposed || sock->under_way > 0 || sock->linked)
        return;
    if (h2o_linklist_is_linked(&sock->lingering))
        h2o_linklist_unlink(&sock->lingering);
    if (sock->fd != -1)
        ring_close(sock->loop, sock->fd);
    sock->loop->owners--;
    h2o_mem_free(sock->held);
    h2o_mem_free(sock->output);
    h2o_mem_free(sock);
}

/* tell_read calls the read callback. As libh2o's own loop does, it is also called when a TLS record is
 * incomplete. */
static void tell_read(struct ring_socket *sock, const char *err)
{
    size_t before = sock->super.input->size;
    if (err == NULL && sock->super.ssl != NULL && sock->super.ssl->handshake.cb == NULL) {
        err = decode_ssl_input(&sock->super);
        sock->super.bytes_read = sock->super.input->size - before;
    } else {
        sock->super.bytes_read = sock->arrived;
    }
    sock->arrived = 0;
    sock->super._cb.read(&sock->super, err);
}

/* acknowledge makes the kernel acknowledge at once. OpenSSL's CMP client sends header and body of later
 * requests on a kept connection apart, the body only when the header is acknowledged. The kernel forgets the
 * setting, so it is repeated; not when the request is complete (then libh2o has stopped reading), as our
 * answer acknowledges it. */
static void acknowledge(struct ring_socket *sock)
{
    int on = 1;
    if (sock->accepted && h2o_socket_is_reading(&sock->super))
        setsockopt(sock->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

static void tell_socket(struct ring_socket *sock)
{
    if (h2o_socket_is_reading(&sock->super)) {
        if (sock->untold) {
            sock->untold = 0;
            tell_read(sock, NULL);
            if (!sock->disposed) {
                acknowledge(sock);
                if (h2o_socket_is_reading(&sock->super))
                    read_on(sock);
            }
        } else if (sock->at_end || sock->read_failed) {
            tell_read(sock, sock->at_end ? h2o_socket_error_closed : h2o_socket_error_io);
        }
    }
    if (!sock->disposed && sock->write_told) {
        sock->write_told = 0;
        on_write_complete(&sock->super, sock->write_failed ? h2o_socket_error_io : NULL);
    }
}

void ring_run_pending(struct loop *loop)
{
    struct ring_socket *sock;
    while ((sock = take_pending(loop)) != NULL) {
        /* Its callbacks may dispose of it; this keeps it until they are back. */
        sock->under_way++;
        if (!sock->disposed)
            tell_socket(sock);
        sock->under_way--;
        release(sock);
    }
}

/* ---- reading ---- */

static void arm_read(struct ring_socket *sock)
{
    if (sock->read_armed || sock->at_end || sock->read_failed || sock->disposed)
        return;
    struct io_uring_sqe *sqe = ring_sqe(sock->loop);
    if (sock->is_socket) {
        io_uring_prep_recv_multishot(sqe, sock->fd, NULL, 0, 0);
        sqe->flags |= IOSQE_BUFFER_SELECT;
        sqe->buf_group = RING_BUFFER_GROUP;
    } else {
        io_uring_prep_poll_add(sqe, sock->fd, POLLIN);
    }
    ring_submit_op(sqe, &sock->read_op);
    sock->read_armed = 1;
    sock->read_ending = 0;
    sock->under_way++;
}

static void end_read(struct ring_socket *sock)
{
    if (!sock->read_armed || sock->read_ending)
        return;
    sock->read_ending = 1;
    ring_cancel(sock->loop, &sock->read_op);
}

static void give(struct ring_socket *sock, const uint8_t *data, size_t len)
{
    h2o_buffer_t **input = sock->super.ssl == NULL ? &sock->super.input : &sock->super.ssl->input.encrypted;
    h2o_iovec_t room = h2o_buffer_reserve(input, len);
    if (room.base == NULL) {
        sock->read_failed = 1;
        return;
    }
    memcpy(room.base, data, len);
    (*input)->size += len;
    sock->arrived += len;
    sock->untold = 1;
}

static void hold(struct ring_socket *sock, const uint8_t *data, size_t len)
{
    if (sock->held_size - sock->held_len < len) {
        size_t size = sock->held_len + len < RING_BUFFER_SIZE ? RING_BUFFER_SIZE : 2 * (sock->held_len + len);
        sock->held = h2o_mem_realloc(sock->held, size);
        sock->held_size = size;
    }
    memcpy(sock->held + sock->held_len, data, len);
    sock->held_len += len;
    if (sock->held_len > HELD_MAX)
        end_read(sock);
}

/* read_on gives what was held, and goes on to receive. */
void read_on(struct ring_socket *sock)
{
    if (sock->held_len > 0) {
        give(sock, sock->held, sock->held_len);
        h2o_mem_free(sock->held);
        sock->held = NULL;
        sock->held_len = sock->held_size = 0;
    }
    arm_read(sock);
    if (sock->untold || sock->at_end || sock->read_failed)
        link_pending(sock);
}

static void take(struct ring_socket *sock, const uint8_t *data, size_t len)
{
    if (h2o_socket_is_reading(&sock->super) && sock->held_len == 0 &&
        sock->arrived < H2O_SOCKET_MAX_READ_SIZE)
        give(sock, data, len);
    else
        hold(sock, data, len);
}

/* read_pipe reads what a poll announced: libh2o's queue between threads is a pipe. */
static void read_pipe(struct ring_socket *sock)
{
    uint8_t data[512];
    ssize_t len = read(sock->fd, data, sizeof data);
    if (len > 0)
        take(sock, data, (size_t)len);
    else if (len == 0)
        sock->at_end = 1;
    else if (errno != EAGAIN && errno != EINTR)
        sock->read_failed = 1;
}

void on_read_op(struct ring_op *op, int32_t res, uint32_t flags)
{
    struct ring_socket *sock = H2O_STRUCT_FROM_MEMBER(struct ring_socket, read_op, op);
    if (!(flags & IORING_CQE_F_MORE)) {
        sock->read_armed = 0;
        sock->under_way--;
    }
    if (flags & IORING_CQE_F_BUFFER) {
        if (res > 0 && !sock->disposed)
            take(sock, ring_buffer(sock->loop, flags), (size_t)res);
        ring_buffer_return(sock->loop, flags);
    }
    if (!sock->disposed) {
        if (!sock->is_socket && res > 0)
            read_pipe(sock);
        else if (res == 0)
            sock->at_end = 1;
        else if (res < 0 && res != -ENOBUFS && res != -ECANCELED && res != -EINTR && res != -EAGAIN)
            sock->read_failed = 1;
        if (h2o_socket_is_reading(&sock->super)) {
            /* Without buffers it ends (ENOBUFS); by now, those of this batch are back. */
            if (sock->held_len <= HELD_MAX)
                arm_read(sock);
            if (sock->untold || sock->at_end || sock->read_failed)
                link_pending(sock);
        }
    }
    release(sock);
}

void do_read_start(h2o_socket_t *_sock)
{
    read_on((struct ring_socket *)_sock);
}

void do_read_stop(h2o_socket_t *_sock)
{
    (void)_sock; /* the receive goes on; what arrives is held */
}

/* ---- writing ---- */

static void submit_send(struct ring_socket *sock)
{
    struct io_uring_sqe *sqe = ring_sqe(sock->loop);
    io_uring_prep_send(sqe, sock->fd, sock->output + sock->output_done, sock->output_len - sock->output_done,
                       MSG_NOSIGNAL | MSG_WAITALL);
    ring_submit_op(sqe, &sock->write_op);
    sock->writing = 1;
    sock->under_way++;
}

static void write_over(struct ring_socket *sock, int failed)
{
    sock->write_failed = failed != 0;
    sock->write_told = 1;
    if (sock->output_size > OUTPUT_KEPT_MAX) {
        h2o_mem_free(sock->output);
        sock->output = NULL;
        sock->output_size = 0;
    }
    sock->output_len = sock->output_done = 0;
    if (!sock->disposed)
        link_pending(sock);
}

void on_write_op(struct ring_op *op, int32_t res, uint32_t flags)
{
    struct ring_socket *sock = H2O_STRUCT_FROM_MEMBER(struct ring_socket, write_op, op);
    (void)flags;
    sock->writing = 0;
    sock->under_way--;
    if (sock->write_ending) {
        write_over(sock, 1);
    } else if (sock->output_len == 0) {
        write_over(sock, res < 0); /* it was a connect */
    } else if (res > 0 || res == -EINTR || res == -EAGAIN) {
        sock->output_done += res > 0 ? (size_t)res : 0;
        if (sock->output_done < sock->output_len)
            submit_send(sock);
        else
            write_over(sock, 0);
    } else {
        write_over(sock, 1);
    }
    release(sock);
}

void do_write(h2o_socket_t *_sock, h2o_iovec_t *bufs, size_t bufcnt, h2o_socket_cb cb)
{
    struct ring_socket *sock = (struct ring_socket *)_sock;
    size_t len = 0;

    assert(sock->super._cb.write == NULL && !sock->writing);
    sock->super._cb.write = cb;
    for (size_t i = 0; i < bufcnt; i++)
        len += bufs[i].len;
    if (len == 0) {
        write_over(sock, 0);
        return;
    }
    if (sock->output_size < len) {
        h2o_mem_free(sock->output);
        sock->output_size = len < RING_BUFFER_SIZE ? RING_BUFFER_SIZE : len;
        sock->output = h2o_mem_alloc(sock->output_size);
    }
    for (size_t i = 0; i < bufcnt; i++) {
        h2o_memcpy(sock->output + sock->output_len, bufs[i].base, bufs[i].len);
        sock->output_len += bufs[i].len;
    }
    submit_send(sock);
}

void h2o_socket_notify_write(h2o_socket_t *_sock, h2o_socket_cb cb)
{
    struct ring_socket *sock = (struct ring_socket *)_sock;
    assert(sock->super._cb.write == NULL && !sock->writing);
    sock->super._cb.write = cb;
    /* Readiness to write means nothing here: whatever is written waits in its submission. */
    write_over(sock, 0);
}

/* ---- beginning and end ---- */

static struct ring_socket *create_socket(struct loop *loop, int fd, int is_socket)
{
    struct ring_socket *sock = h2o_mem_alloc(sizeof *sock);
    memset(sock, 0, sizeof *sock);
    h2o_buffer_init(&sock->super.input, &h2o_socket_buffer_prototype);
    sock->loop = loop;
    sock->fd = fd;
    sock->read_op.done = on_read_op;
    sock->write_op.done = on_write_op;
    sock->is_socket = is_socket != 0;
    loop->owners++;
    return sock;
}

h2o_socket_t *ring_socket_accepted(struct loop *loop, int fd)
{
    struct ring_socket *sock = create_socket(loop, fd, 1);
    sock->accepted = 1;
    return &sock->super;
}

h2o_socket_t *h2o_evloop_socket_create(h2o_evloop_t *loop, int fd, int flags)
{
    struct stat st;
    (void)flags;
    return &create_socket((struct loop *)loop, fd, fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))->super;
}

h2o_socket_t *h2o_socket_connect(h2o_loop_t *loop, struct sockaddr *addr, socklen_t addrlen, h2o_socket_cb cb)
{
    int on = 1, fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return NULL;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct ring_socket *sock = create_socket((struct loop *)loop, fd, 1);
    sock->super._cb.write = cb;
    /* The address must outlive this call: it lies where the output will. */
    sock->output_size = RING_BUFFER_SIZE;
    sock->output = h2o_mem_alloc(sock->output_size);
    memcpy(sock->output, addr, addrlen);
    struct io_uring_sqe *sqe = ring_sqe(sock->loop);
    io_uring_prep_connect(sqe, fd, (struct sockaddr *)sock->output, addrlen);
    ring_submit_op(sqe, &sock->write_op);
    sock->writing = 1;
    sock->under_way++;
    return &sock->super;
}

void do_dispose_socket(h2o_socket_t *_sock)
{
    struct ring_socket *sock = (struct ring_socket *)_sock;
    sock->disposed = 1;
    sock->super._cb.read = NULL;
    sock->super._cb.write = NULL;
    end_read(sock);
    if (sock->writing) {
        sock->disposed_at = h2o_now(&sock->loop->h2o);
        h2o_linklist_insert(&sock->loop->lingering, &sock->lingering);
    }
    release(sock);
}

void ring_sweep_lingering(struct loop *loop)
{
    uint64_t now = h2o_now(&loop->h2o);
    while (!h2o_linklist_is_empty(&loop->lingering)) {
        struct ring_socket *sock =
            H2O_STRUCT_FROM_MEMBER(struct ring_socket, lingering, loop->lingering.next);
        if (now - sock->disposed_at < LINGER_MS)
            break; /* in the order of their closing */
        h2o_linklist_unlink(&sock->lingering);
        sock->write_ending = 1;
        ring_cancel(loop, &sock->write_op);
    }
}

int h2o_socket_get_fd(h2o_socket_t *_sock)
{
    return ((struct ring_socket *)_sock)->fd;
}

h2o_loop_t *h2o_socket_get_loop(h2o_socket_t *_sock)
{
    return &((struct ring_socket *)_sock)->loop->h2o;
}

socklen_t h2o_socket_getsockname(h2o_socket_t *_sock, struct sockaddr *sa)
{
    socklen_t len = sizeof(struct sockaddr_storage);
    return getsockname(((struct ring_socket *)_sock)->fd, sa, &len) == 0 ? len : 0;
}

socklen_t get_peername_uncached(h2o_socket_t *_sock, struct sockaddr *sa)
{
    socklen_t len = sizeof(struct sockaddr_storage);
    return getpeername(((struct ring_socket *)_sock)->fd, sa, &len) == 0 ? len : 0;
}

/* ---- timeouts: the loop looks at libh2o's lists itself ---- */

void h2o_timeout__do_init(h2o_evloop_t *loop, h2o_timeout_t *timeout)
{
    h2o_linklist_insert(&loop->_timeouts, &timeout->_link);
}

void h2o_timeout__do_dispose(h2o_evloop_t *loop, h2o_timeout_t *timeout)
{
    (void)loop;
    h2o_linklist_unlink(&timeout->_link);
}

void h2o_timeout__do_link(h2o_evloop_t *loop, h2o_timeout_t *timeout, h2o_timeout_entry_t *entry)
{
    (void)loop;
    (void)timeout;
    (void)entry;
}

void h2o_timeout__do_post_callback(h2o_evloop_t *loop)
{
    ring_run_pending((struct loop *)loop);
}

/* ---- what libh2o's server side never calls; here so that the library's own socket.o is not needed ---- */

static void unsupported(const char *what)
{
    fprintf(stderr, "cmpd: libh2o called %s, which the io_uring loop does not have\n", what);
    abort();
}

int do_export(h2o_socket_t *_sock, h2o_socket_export_t *info)
{
    (void)_sock;
    (void)info;
    unsupported("h2o_socket_export");
    return -1;
}

h2o_socket_t *do_import(h2o_loop_t *loop, h2o_socket_export_t *info)
{
    (void)loop;
    (void)info;
    unsupported("h2o_socket_import");
    return NULL;
}

void h2o_socket_dont_read(h2o_socket_t *_sock, int dont_read)
{
    (void)_sock;
    (void)dont_read;
    unsupported("h2o_socket_dont_read");
}

h2o_evloop_t *h2o_evloop_create(void)
{
    unsupported("h2o_evloop_create");
    return NULL;
}

void h2o_evloop_destroy(h2o_evloop_t *loop)
{
    (void)loop;
    unsupported("h2o_evloop_destroy");
}

int h2o_evloop_run(h2o_evloop_t *loop, int32_t max_wait)
{
    (void)loop;
    (void)max_wait;
    unsupported("h2o_evloop_run");
    return -1;
}

h2o_socket_t *h2o_evloop_socket_accept(h2o_socket_t *listener)
{
    (void)listener;
    unsupported("h2o_evloop_socket_accept");
    return NULL;
}
