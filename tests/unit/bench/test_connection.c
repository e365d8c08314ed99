/* connection.c: connections are made when something is posted, kept, lost, and made again. The test itself is
 * the server at the other end. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/connection.h"

#define SECOND INT64_C(1000000000)

enum { LARGE = 900 * 1024 };

static int listener, peer = -1;
static struct options options;
static struct network network;
static struct connection connection;

static void set_up(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(listener, 16), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    options = (struct options){.target = {.host = "127.0.0.1", .path = "/"}, .streams = 1, .sources = 1};
    snprintf(options.target.port, sizeof options.target.port, "%u", ntohs(address.sin_port));
    cr_assert(network_init(&network, &options, NULL));
    connection_init(&connection, &network);
}

static void tear_down(void)
{
    connection_cleanup(&connection);
    network_cleanup(&network);
    if (peer >= 0)
        close(peer);
    close(listener);
}

TestSuite(connection, .init = set_up, .fini = tear_down);

static int ready(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};

    return poll(&wait, 1, 0) == 1;
}

/* Lets the client work until |fd| has something, or, without one, until an exchange is finished. */
static struct exchange *work(int fd)
{
    struct exchange *finished = NULL;

    for (int i = 0; i < 3000 && (fd >= 0 ? !ready(fd) : finished == NULL); i++) {
        network_poll(&network, SECOND / 100);
        if (fd < 0)
            finished = network_finished(&network);
    }
    cr_assert(fd >= 0 ? ready(fd) : finished != NULL, "nothing happened");
    return finished;
}

static void take(void)
{
    if (peer >= 0)
        close(peer);
    work(listener);
    peer = accept(listener, NULL, NULL);
    cr_assert_geq(peer, 0);
}

/* Reads the head of a request and |len| octets of |body| behind it. */
static void hear(const uint8_t *body, size_t len)
{
    static uint8_t data[LARGE + 4096];
    size_t have = 0, head = 0;

    while (head == 0 || have < head + len) {
        work(peer);
        ssize_t got = recv(peer, data + have, sizeof data - have, 0);
        cr_assert_gt(got, 0);
        have += (size_t)got;
        const uint8_t *end = memmem(data, have, "\r\n\r\n", 4);
        head = end != NULL ? (size_t)(end - data) + 4 : 0;
    }
    cr_assert_eq(have, head + len);
    cr_assert_eq(memcmp(data + head, body, len), 0);
}

static void say(const char *text)
{
    cr_assert_eq(send(peer, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static const struct bytes hello = {(const uint8_t *)"hello", 5};
static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static void exchanged(struct exchange *exchange)
{
    connection_post(&connection, exchange);
    if (peer < 0)
        take();
    hear(hello.data, hello.len);
    say(good);
    cr_assert_eq(work(-1), exchange);
    cr_assert_eq(exchange->error, BENCH_OK);
    cr_assert_eq(exchange->reply.len, 2);
    cr_assert_null(network_finished(&network));
}

Test(connection, a_connection_is_kept)
{
    struct exchange exchange = {.body = hello, .media_type = "application/pkixcmp"};
    int64_t before = network_clock_ns();

    cr_assert_eq(connection.fd, -1);
    exchanged(&exchange);
    int fd = connection.fd;
    exchanged(&exchange); /* what an earlier answer left in it is gone */
    cr_assert_eq(connection.fd, fd);
    cr_assert_not(ready(listener));
    cr_assert(exchange.end_ns > before && exchange.end_ns <= network_clock_ns());
    connection_close(&connection);
    cr_assert_eq(connection.fd, -1);
    connection_close(&connection);
    work(peer);
    cr_assert_eq(recv(peer, &before, 1, 0), 0);
    peer = -1;
    exchanged(&exchange);
    buffer_cleanup(&exchange.reply);
}

/* RFC 9112 9.3: after "close" another connection is made. */
Test(connection, a_server_that_closes_gets_a_new_connection)
{
    struct exchange exchange = {.body = hello, .media_type = "application/pkixcmp"};

    connection_post(&connection, &exchange);
    take();
    hear(hello.data, hello.len);
    say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    cr_assert_eq(work(-1), &exchange);
    cr_assert_eq(exchange.error, BENCH_OK);
    cr_assert_eq(connection.fd, -1);
    peer = -1;
    exchanged(&exchange);
    buffer_cleanup(&exchange.reply);
}

/* error.h: broke before an answer; no whole answer */
Test(connection, what_is_lost_is_told_by_how_much_of_an_answer_came)
{
    static const struct {
        const char *said;
        int error;
    } cases[] = {{"", BENCH_CONNECT}, {"HTTP/1.1 2", BENCH_HTTP}, {"SSH-2.0-x\r\n\r\n", BENCH_HTTP}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange exchange = {.body = hello, .media_type = "application/pkixcmp"};
        connection_post(&connection, &exchange);
        take();
        hear(hello.data, hello.len);
        say(cases[i].said);
        shutdown(peer, SHUT_WR);
        cr_assert_eq(work(-1), &exchange);
        cr_assert_eq(exchange.error, cases[i].error, "%s", cases[i].said);
        cr_assert_eq(connection.fd, -1);
        cr_assert_null(connection.exchanges);
    }
}

Test(connection, nobody_there)
{
    struct exchange exchange = {.body = hello, .media_type = "application/pkixcmp"};

    close(listener);
    connection_post(&connection, &exchange);
    cr_assert_eq(work(-1), &exchange);
    cr_assert_eq(exchange.error, BENCH_CONNECT);
    cr_assert_eq(exchange.status, 0);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    /* An address that is none of this machine's (RFC 5737): it fails at once. */
    inet_pton(AF_INET, "192.0.2.1", &options.from);
    connection_post(&connection, &exchange);
    cr_assert_eq(network_finished(&network), &exchange);
    cr_assert_eq(exchange.error, BENCH_CONNECT);
    cr_assert_eq(connection.fd, -1);
}

Test(connection, a_target_that_is_none_is_told)
{
    struct network none;

    strcpy(options.target.port, "x");
    cr_assert_not(network_init(&none, &options, NULL));
    network_cleanup(&none);
}

/* error.h: BENCH_TIMEOUT_SECONDS, 30 */
Test(connection, an_answer_is_waited_for_thirty_seconds)
{
    struct exchange exchange = {.body = hello, .media_type = "application/pkixcmp"};
    int64_t before = network_clock_ns();

    connection_expire(&connection, INT64_MAX); /* nothing waits */
    connection_post(&connection, &exchange);
    cr_assert(exchange.deadline_ns >= before + 30 * SECOND &&
              exchange.deadline_ns <= network_clock_ns() + 30 * SECOND);
    connection_expire(&connection, exchange.deadline_ns - 1);
    cr_assert_null(network_finished(&network));
    connection_expire(&connection, exchange.deadline_ns);
    cr_assert_eq(network_finished(&network), &exchange);
    cr_assert_eq(exchange.error, BENCH_TIMEOUT);
    cr_assert_eq(connection.fd, -1);
    take(); /* the one that was given up */
    close(peer);
    peer = -1;
    exchanged(&exchange);
    buffer_cleanup(&exchange.reply);
}

Test(connection, large_messages_and_answers_pass)
{
    uint8_t *octets = malloc(LARGE);
    struct exchange exchange = {.body = bytes_of(octets, LARGE), .media_type = "application/pkixcmp"};
    char head[64];
    int small = 4096;

    for (size_t i = 0; i < LARGE; i++)
        octets[i] = (uint8_t)(i * 7 + i / 256);
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    connection_post(&connection, &exchange);
    take();
    hear(octets, LARGE);
    cr_assert_eq(connection.out.len, 0);
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", LARGE);
    say(head);
    for (size_t sent = 0; sent < LARGE;) {
        ssize_t n = send(peer, octets + sent, LARGE - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 0;
        network_poll(&network, 0);
    }
    cr_assert_eq(work(-1), &exchange);
    cr_assert_eq(exchange.error, BENCH_OK);
    cr_assert_eq(exchange.reply.len, LARGE);
    cr_assert_eq(memcmp(exchange.reply.data, octets, LARGE), 0);
    buffer_cleanup(&exchange.reply);
    free(octets);
}

/* options.h: from an address, and from the next ones, in turn */
Test(connection, connections_come_from_where_it_was_asked_for)
{
    static const char *const expected[] = {"127.0.1.255", "127.0.2.0", "127.0.2.1", "127.0.1.255"};
    struct connection connections[4];
    struct exchange exchanges[4];

    inet_pton(AF_INET, "127.0.1.255", &options.from);
    options.sources = 3;
    for (size_t i = 0; i < 4; i++) {
        struct sockaddr_in from;
        socklen_t len = sizeof from;
        char text[INET_ADDRSTRLEN];
        exchanges[i] = (struct exchange){.body = hello, .media_type = "application/pkixcmp"};
        connection_init(&connections[i], &network);
        connection_post(&connections[i], &exchanges[i]);
        take();
        cr_assert_eq(getpeername(peer, (struct sockaddr *)&from, &len), 0);
        cr_assert_str_eq(inet_ntop(AF_INET, &from.sin_addr, text, sizeof text), expected[i]);
    }
    for (size_t i = 0; i < 4; i++)
        connection_cleanup(&connections[i]);
}

/* Several connections at once, each with its own answer, in the order of the answers. */
Test(connection, each_connection_has_its_own_exchange)
{
    struct connection other;
    struct exchange one = {.body = hello, .media_type = "application/pkixcmp"}, two = {.body = hello};
    int first;

    connection_init(&other, &network);
    connection_post(&connection, &one);
    take();
    hear(hello.data, hello.len);
    first = peer;
    peer = -1;
    connection_post(&other, &two);
    take();
    hear(hello.data, hello.len);
    say(good);
    cr_assert_eq(work(-1), &two);
    close(peer);
    peer = first;
    say("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
    cr_assert_eq(work(-1), &one);
    cr_assert_eq(one.error, BENCH_HTTP);
    cr_assert_eq(one.status, 500);
    cr_assert_eq(two.error, BENCH_OK);
    connection_cleanup(&other);
    buffer_cleanup(&two.reply);
}
