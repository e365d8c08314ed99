/* waker.c: a wake that fails is known to have failed, whatever became of those before it. */
#include <criterion/criterion.h>
#include <dlfcn.h>

#include "server/front/http/uring/waker.c"

/* How many submissions the kernel has no memory for; they stay in the ring, and go with the next one. */
static int refused;

/* In the place of liburing's. */
int io_uring_submit_and_wait(struct io_uring *ring, unsigned wait)
{
    if (refused > 0) {
        refused--;
        return -EAGAIN;
    }
    return ((__typeof__(&io_uring_submit_and_wait))dlsym(RTLD_NEXT, "io_uring_submit_and_wait"))(ring, wait);
}

Test(waker, what_an_earlier_wake_left_behind_does_not_stand_for_a_later_one)
{
    struct io_uring front, ring;
    cr_assert_eq(io_uring_queue_init(WAKER_ENTRIES, &front, 0), 0);
    cr_assert(make_ring(&ring));
    cr_expect_eq(post(&ring, front.ring_fd), 0);
    refused = 1;
    cr_expect_eq(post(&ring, front.ring_fd), -EAGAIN);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(post(&ring, front.ring_fd), 0);
        cr_expect_lt(post(&ring, STDIN_FILENO), 0, "this is no ring");
    }
    refused = WAKER_ENTRIES; /* as many as the ring holds */
    for (int i = 0; i < WAKER_ENTRIES; i++)
        cr_expect_eq(post(&ring, front.ring_fd), -EAGAIN);
    cr_expect_eq(post(&ring, front.ring_fd), 0);
    io_uring_queue_exit(&ring);
    io_uring_queue_exit(&front);
}
