/* http1.c: one request at a time, and whole answers only (RFC 9112). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/connection.h"

enum { REPLY_MAX = 64 * 1024 * 1024 };

static struct options options;
static struct network network;
static struct connection connection;
static struct exchange exchange;

static void set_up(void)
{
    options = (struct options){.target = {.host = "ca.example", .port = "8829", .path = "/pkix/"}};
    network = (struct network){.options = &options, .epoll = -1};
    network.finished_end = &network.finished;
    connection_init(&connection, &network);
    exchange = (struct exchange){.body = bytes_str("hello"), .media_type = "application/pkixcmp"};
    connection.exchanges = &exchange;
}

static void tear_down(void)
{
    buffer_cleanup(&connection.in);
    buffer_cleanup(&connection.out);
    buffer_cleanup(&exchange.reply);
}

TestSuite(http1, .init = set_up, .fini = tear_down);

static void posts(const char *text)
{
    connection.out.len = 0;
    cr_assert(http1.post(&connection, &exchange));
    cr_assert_eq(connection.out.len, strlen(text), "%.*s", (int)connection.out.len, connection.out.data);
    cr_assert_eq(memcmp(connection.out.data, text, strlen(text)), 0, "%.*s", (int)connection.out.len,
                 connection.out.data);
}

/* RFC 9811 3.2: the media type is application/pkixcmp; RFC 9112 3.2: Host */
Test(http1, a_message_is_posted_and_a_page_is_got)
{
    posts("POST /pkix/ HTTP/1.1\r\nHost: ca.example:8829\r\nContent-Type: application/pkixcmp\r\n"
          "Content-Length: 5\r\n\r\nhello");
    exchange.path = "/ocsp";
    exchange.media_type = "application/ocsp-request"; /* RFC 6960 A.1 */
    posts("POST /ocsp HTTP/1.1\r\nHost: ca.example:8829\r\nContent-Type: application/ocsp-request\r\n"
          "Content-Length: 5\r\n\r\nhello");
    exchange.path = "/healthz";
    exchange.media_type = "application/pkixcmp";
    posts("POST /healthz HTTP/1.1\r\nHost: ca.example:8829\r\nContent-Type: application/pkixcmp\r\n"
          "Content-Length: 5\r\n\r\nhello");
    exchange.body.len = 0;
    strcpy(options.target.host, "2001:db8::1"); /* RFC 3986 3.2.2: in brackets */
    posts("GET /healthz HTTP/1.1\r\nHost: [2001:db8::1]:8829\r\n\r\n");
    options.persona.http10 = 1; /* RFC 9112 6.1 allows no transfer coding there: there is none */
    posts("GET /healthz HTTP/1.0\r\nHost: [2001:db8::1]:8829\r\n\r\n");
}

/* The head of a request has room for 1024 octets: the last line ends of it, and what ends a text in C. */
Test(http1, a_head_that_does_not_fit_is_not_sent)
{
    char path[1024];
    size_t others = strlen("GET  HTTP/1.1\r\nHost: ca.example:8829\r\n");

    exchange.body.len = 0;
    exchange.path = path;
    memset(path, 'p', sizeof path);
    path[1021 - others] = 0;
    cr_assert(http1.post(&connection, &exchange));
    cr_assert_eq(connection.out.len, 1023);
    path[1021 - others] = 'p';
    path[1022 - others] = 0;
    cr_assert_not(http1.post(&connection, &exchange));
}

/* What |text| makes of the exchange: -1, it waits; else its error. |*kept|: whether the connection goes on.
 */
static int receive_piece(const char *text, size_t len, int *kept)
{
    *kept = http1.receive(&connection, bytes_of(text, len));
    return network.finished == NULL ? -1 : (int)network.finished->error;
}

static int receive(const char *text, int *kept)
{
    network.finished = NULL;
    network.finished_end = &network.finished;
    connection.exchanges = &exchange;
    connection.in.len = 0;
    exchange.reply.len = 0;
    exchange.answered = exchange.status = 0;
    return receive_piece(text, strlen(text), kept);
}

static int reply_is(const char *text)
{
    return exchange.reply.len == strlen(text) &&
           (exchange.reply.len == 0 || memcmp(exchange.reply.data, text, strlen(text)) == 0);
}

Test(http1, an_answer_may_come_octet_by_octet)
{
    const char *text = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 4\r\n\r\nbody";
    int kept;

    for (size_t i = 0; i < strlen(text); i++) {
        int last = i + 1 == strlen(text);
        cr_assert_eq(receive_piece(text + i, 1, &kept), last ? BENCH_OK : -1, "%zu", i);
        cr_assert(kept);
        cr_assert(exchange.answered);
    }
    cr_assert(reply_is("body"));
    cr_assert_eq(exchange.status, 200);
    cr_assert_null(connection.exchanges);
    cr_assert_eq(connection.in.len, 0);
    cr_assert_not(http1.receive(&connection, bytes_str("HTTP/1.1 200 OK\r\n"))); /* nobody asked */
}

/* RFC 9112 9.3: HTTP/1.1 keeps connections but for "close", HTTP/1.0 ends them but for "keep-alive". */
Test(http1, who_keeps_the_connection)
{
    static const struct {
        const char *head;
        int error, status, kept;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", BENCH_OK, 200, 1},
        {"HTTP/1.1 200 OK\r\nCONTENT-length: 2\r\nCONNECTION: Close\r\n\r\nab", BENCH_OK, 200, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nab", BENCH_OK, 200, 1},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: closed\r\n\r\nab", BENCH_OK, 200, 1},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnections: close\r\n\r\nab", BENCH_OK, 200, 1},
        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", BENCH_OK, 200, 0},
        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\n\r\nab", BENCH_OK, 200, 1},
        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alives\r\n\r\nab", BENCH_OK, 200, 0},
        {"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nab", BENCH_HTTP, 503, 1},
        {"HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n", BENCH_HTTP, 201, 1},
        /* none of these is a whole answer and nothing else */
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", -1, 200, 0},
        {"HTTP/1.1 200 OK\r\n\r\nab", -1, 200, 0},
        {"HTTP/1.1 200 OK\r\nContent-Lengths: 2\r\n\r\nab", -1, 200, 0},
        {"HTTP/1.1 200 OK\r\nContent-Lengte: 2\r\n\r\nab", -1, 200, 0},
        {"SSH-2.0-x\r\n\r\n", -1, 0, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int kept;
        cr_assert_eq(receive(cases[i].head, &kept), cases[i].error, "%s", cases[i].head);
        cr_assert_eq(kept, cases[i].kept, "%s", cases[i].head);
        cr_assert_eq(exchange.status, cases[i].status, "%s", cases[i].head);
        cr_assert(cases[i].error == -1 || reply_is(cases[i].status == 201 ? "" : "ab"));
    }
}

Test(http1, an_answer_has_bounds)
{
    char head[128], *fill = malloc(REPLY_MAX);
    int kept;

    memset(fill, 'f', REPLY_MAX);
    for (int more = 0; more <= 1; more++) {
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", REPLY_MAX + more);
        cr_assert_eq(receive(head, &kept), -1);
        cr_assert_eq(kept, !more);
    }
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", REPLY_MAX);
    receive(head, &kept);
    cr_assert_eq(receive_piece(fill, REPLY_MAX, &kept), BENCH_OK);
    cr_assert_eq(exchange.reply.len, REPLY_MAX);
    /* A head that does not end. */
    receive("HTTP/1.1 200 OK\r\nX: ", &kept);
    cr_assert_eq(receive_piece(fill, REPLY_MAX - 1 - connection.in.len, &kept), -1);
    cr_assert(kept);
    receive_piece(fill, 1, &kept);
    cr_assert_not(kept);
    free(fill);
}

/* 32 header fields are read, and one more is too much. */
Test(http1, fields_have_a_bound)
{
    for (int count = 31; count <= 33; count++) {
        char text[1024] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
        int kept;
        for (int i = 1; i < count; i++)
            strcat(text, "X: y\r\n");
        strcat(text, "\r\n");
        cr_assert_eq(receive(text, &kept), count <= 32 ? BENCH_OK : -1, "%d", count);
        cr_assert_eq(kept, count <= 32);
    }
}
