/* idle.c: connections that are opened, used once and kept. */
#include <stdatomic.h>

#include "bench/idle.h"
#include "tests/unit/bench/peer.h"

static struct options options;
static struct network network;
static struct idle idle;
static atomic_int wanted, answered;

static void set_up(void)
{
    options = (struct options){.streams = 1, .sources = 1};
}

TestSuite(idle, .init = set_up);

/* Answers |wanted| of them; the others are told that the page is not there. */
static int serve(int fd, const char *head, struct bytes body)
{
    must(strncmp(head, "GET /healthz HTTP/1.1\r\n", 23) == 0 && body.len == 0);
    peer_say(fd, atomic_fetch_add(&answered, 1) < atomic_load(&wanted) ? 200 : 404, bytes_str("ok"));
    return 1;
}

static void open_all(unsigned count, int served)
{
    atomic_store(&wanted, served);
    atomic_store(&answered, 0);
    peer_start(&options, serve);
    cr_assert(network_init(&network, &options, NULL));
    cr_assert_eq(idle_open(&idle, &network, count), served >= (int)count);
}

static void close_all(void)
{
    idle_close(&idle);
    network_cleanup(&network);
    peer_stop();
}

/* One, as many as are begun at once, and more. */
Test(idle, all_are_there_and_used_once)
{
    static const unsigned counts[] = {0, 1, 255, 256, 257, 600};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        open_all(counts[i], (int)counts[i]);
        cr_assert_eq(idle.count, counts[i]);
        cr_assert_eq(idle_alive(&idle, &network), counts[i]);
        close_all();
        cr_assert_eq(atomic_load(&answered), (int)counts[i]);
        cr_assert_eq(peer.accepted, counts[i]);
    }
}

/* What the server has closed by the end is not alive: of all of them, more than one look brings. */
Test(idle, what_the_server_closed_is_not_counted)
{
    open_all(600, 600);
    peer_stop();
    cr_assert_eq(idle_alive(&idle, &network), 0);
    idle_close(&idle);
    network_cleanup(&network);
}

Test(idle, a_server_that_takes_fewer_is_told_of)
{
    open_all(20, 19);
    close_all();
}
