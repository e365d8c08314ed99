/* probe.c: does the kernel, and whoever confines us, let us do what the io_uring loop needs? Each operation
 * is done once, as the only answer that counts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ring.h"

struct probe {
    struct loop *loop; /* only its ring and buffers are used */
    int listener, client, server;
    const char *what;
    int error;
};

static const struct __kernel_timespec patience = {.tv_sec = 2};

/* expect waits for the completion tagged |tag|; returns 1 with |*cqe| copied. */
static int expect(struct probe *probe, uint64_t tag, struct io_uring_cqe *out)
{
    struct io_uring_cqe *cqe;
    for (;;) {
        int ret = io_uring_submit_and_wait_timeout(&probe->loop->ring, &cqe, 1,
                                                   (struct __kernel_timespec *)&patience, NULL);
        if (ret == -EINTR)
            continue;
        if (ret < 0) {
            probe->error = -ret;
            return 0;
        }
        *out = *cqe;
        io_uring_cqe_seen(&probe->loop->ring, cqe);
        if (out->user_data == tag)
            return 1;
    }
}

/* check notes |ok|, or else why not. */
static int check(struct probe *probe, int ok, int32_t res)
{
    if (!ok)
        probe->error = res < 0 ? -res : EPROTO;
    return ok;
}

static int probe_accept(struct probe *probe)
{
    struct io_uring_cqe cqe;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    socklen_t len = sizeof addr;

    probe->what = "accept";
    probe->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    probe->client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* An address of only a family is given a free abstract name. */
    if (probe->listener < 0 || probe->client < 0 ||
        bind(probe->listener, (struct sockaddr *)&addr, sizeof(sa_family_t)) != 0 ||
        listen(probe->listener, 1) != 0 || getsockname(probe->listener, (struct sockaddr *)&addr, &len) != 0)
        return check(probe, 0, -errno);
    struct io_uring_sqe *sqe = io_uring_get_sqe(&probe->loop->ring);
    io_uring_prep_accept(sqe, probe->listener, NULL, NULL, SOCK_CLOEXEC);
    io_uring_sqe_set_data64(sqe, 1);
    io_uring_submit(&probe->loop->ring);
    if (connect(probe->client, (struct sockaddr *)&addr, len) != 0)
        return check(probe, 0, -errno);
    if (!expect(probe, 1, &cqe))
        return 0;
    probe->server = cqe.res;
    return check(probe, cqe.res >= 0, cqe.res);
}

static int probe_receive(struct probe *probe)
{
    struct io_uring_cqe cqe;
    probe->what = "multishot receive into provided buffers";
    struct io_uring_sqe *sqe = io_uring_get_sqe(&probe->loop->ring);
    io_uring_prep_recv_multishot(sqe, probe->server, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = RING_BUFFER_GROUP;
    io_uring_sqe_set_data64(sqe, 2);
    io_uring_submit(&probe->loop->ring);
    if (send(probe->client, "x", 1, MSG_NOSIGNAL) != 1)
        return check(probe, 0, -errno);
    if (!expect(probe, 2, &cqe))
        return 0;
    if (!check(probe, cqe.res == 1 && (cqe.flags & IORING_CQE_F_MORE) && (cqe.flags & IORING_CQE_F_BUFFER),
               cqe.res))
        return 0;
    return check(probe, *ring_buffer(probe->loop, cqe.flags) == 'x', 0);
}

static int probe_send(struct probe *probe)
{
    struct io_uring_cqe cqe;
    char octet = 0;
    probe->what = "send";
    struct io_uring_sqe *sqe = io_uring_get_sqe(&probe->loop->ring);
    io_uring_prep_send(sqe, probe->server, "y", 1, MSG_NOSIGNAL | MSG_WAITALL);
    io_uring_sqe_set_data64(sqe, 3);
    if (!expect(probe, 3, &cqe))
        return 0;
    return check(probe, cqe.res == 1 && recv(probe->client, &octet, 1, MSG_DONTWAIT) == 1 && octet == 'y',
                 cqe.res);
}

static int probe_timeout(struct probe *probe)
{
    struct io_uring_cqe cqe;
    struct __kernel_timespec ts = {.tv_nsec = 1000000};
    probe->what = "timeout";
    struct io_uring_sqe *sqe = io_uring_get_sqe(&probe->loop->ring);
    io_uring_prep_timeout(sqe, &ts, 0, 0);
    io_uring_sqe_set_data64(sqe, 4);
    return expect(probe, 4, &cqe) && check(probe, cqe.res == -ETIME, cqe.res);
}

static int probe_cancel(struct probe *probe)
{
    struct io_uring_cqe cqe;
    probe->what = "cancellation";
    struct io_uring_sqe *sqe = io_uring_get_sqe(&probe->loop->ring);
    io_uring_prep_cancel64(sqe, 2, 0);
    io_uring_sqe_set_data64(sqe, 0);
    return expect(probe, 2, &cqe) &&
           check(probe, cqe.res == -ECANCELED && !(cqe.flags & IORING_CQE_F_MORE), cqe.res);
}

static int probe_message(struct probe *probe)
{
    struct io_uring_cqe cqe;
    struct io_uring other;
    probe->what = "message between rings (MSG_RING)";
    int ret = io_uring_queue_init(2, &other, 0);
    if (ret < 0)
        return check(probe, 0, ret);
    struct io_uring_sqe *sqe = io_uring_get_sqe(&other);
    io_uring_prep_msg_ring(sqe, probe->loop->ring_fd, 0, 6, 0);
    ret = io_uring_submit(&other);
    int ok = check(probe, ret == 1, ret) && expect(probe, 6, &cqe);
    io_uring_queue_exit(&other);
    return ok;
}

static int read_disabled(void)
{
    int value = 0;
    FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%d", &value) != 1) // NOLINT(cert-err34-c): written by the kernel
        value = 0;
    fclose(file);
    return value;
}

static void explain(const struct probe *probe, char *why, size_t len)
{
    const char *remedy;
    struct utsname name;
    int disabled = read_disabled();
    memset(&name, 0, sizeof name);
    uname(&name);
    if (disabled > 0 && (probe->error == EPERM || probe->error == EACCES))
        remedy =
            disabled == 1
                ? "set kernel.io_uring_disabled=0 by sysctl, or run in the group of kernel.io_uring_group"
                : "set kernel.io_uring_disabled=0 by sysctl";
    else if (probe->error == EPERM || probe->error == EACCES || probe->error == ENOSYS)
        remedy = "a container's seccomp profile or a security module forbids io_uring: allow io_uring_setup, "
                 "io_uring_enter and io_uring_register";
    else if (probe->error == ENOMEM)
        remedy = "raise the limit of locked memory (LimitMEMLOCK= of the unit, ulimit -l)";
    else if (probe->error == EMFILE || probe->error == ENFILE)
        remedy = "raise the limit of open files";
    else
        remedy = "Linux 6.1 or later is needed";
    snprintf(why, len, "io_uring: %s: %s (Linux %s); %s", probe->what, strerror(probe->error), name.release,
             remedy);
}

int loop_probe(char *why, size_t len)
{
    struct probe probe = {.listener = -1, .client = -1, .server = -1};
    int ok = 0, ret;
    probe.loop = calloc(1, sizeof *probe.loop);
    if (probe.loop == NULL) {
        snprintf(why, len, "no memory");
        return 0;
    }
    ret = ring_setup(probe.loop, &probe.what);
    if (ret == 0) {
        ret = ring_enable(probe.loop);
        ok = check(&probe, ret == 0, ret) && probe_accept(&probe) && probe_receive(&probe) &&
             probe_send(&probe) && probe_timeout(&probe) && probe_cancel(&probe) && probe_message(&probe);
        ring_teardown(probe.loop);
    } else {
        probe.error = -ret;
    }
    if (!ok)
        explain(&probe, why, len);
    free(probe.loop);
    if (probe.listener >= 0)
        close(probe.listener);
    if (probe.client >= 0)
        close(probe.client);
    if (probe.server >= 0)
        close(probe.server);
    return ok;
}
