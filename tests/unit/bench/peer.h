/* peer.h: a server of HTTP/1.1 on a thread of its own, for what waits until it has its answers. What it says,
 * the test decides. Included once by a test. */
#ifndef CMPD_TESTS_UNIT_BENCH_PEER_H
#define CMPD_TESTS_UNIT_BENCH_PEER_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bench/options.h"
#include "server/base/bytes.h"
#include "tests/support/must.h"

enum { PEER_CONNECTIONS = 700 };

/* Answers on |fd|. Returns 1, or 0 to close the connection. */
typedef int (*peer_answer)(int fd, const char *head, struct bytes body);

static struct peer {
    pthread_t thread;
    int listener, stop[2];
    peer_answer answer;
    unsigned accepted; /* connections; to be read when it has stopped */
    struct {
        int fd;
        uint8_t *data;
        size_t len;
    } connections[PEER_CONNECTIONS];
    unsigned count;
} peer;

static void peer_say(int fd, int status, struct bytes body)
{
    char head[128];
    int len =
        snprintf(head, sizeof head, "HTTP/1.1 %d Status\r\nContent-Length: %zu\r\n\r\n", status, body.len);

    must(send(fd, head, (size_t)len, MSG_NOSIGNAL) == len);
    must(body.len == 0 || send(fd, body.data, body.len, MSG_NOSIGNAL) == (ssize_t)body.len);
}

static void peer_drop(unsigned i)
{
    close(peer.connections[i].fd);
    free(peer.connections[i].data);
    peer.connections[i] = peer.connections[--peer.count];
}

/* Takes whole requests off what has come. 1, or 0 when the connection is to be closed. */
static int peer_take(unsigned i)
{
    for (;;) {
        uint8_t *data = peer.connections[i].data;
        size_t have = peer.connections[i].len, length = 0;
        char *end = have != 0 ? memmem(data, have, "\r\n\r\n", 4) : NULL, *found;
        if (end == NULL)
            return 1;
        *end = 0;
        if ((found = strcasestr((char *)data, "\r\ncontent-length: ")) != NULL)
            length = strtoul(found + strlen("\r\ncontent-length: "), NULL, 10);
        size_t whole = (size_t)((uint8_t *)end - data) + 4 + length;
        if (have < whole) {
            *end = '\r';
            return 1;
        }
        if (!peer.answer(peer.connections[i].fd, (const char *)data, bytes_of((uint8_t *)end + 4, length)))
            return 0;
        memmove(data, data + whole, have - whole);
        peer.connections[i].len -= whole;
    }
}

static void *peer_run(void *arg)
{
    struct pollfd fds[PEER_CONNECTIONS + 2];

    for (;;) {
        fds[0] = (struct pollfd){.fd = peer.stop[0], .events = POLLIN};
        fds[1] = (struct pollfd){.fd = peer.listener, .events = POLLIN};
        unsigned count = peer.count;
        for (unsigned i = 0; i < count; i++)
            fds[2 + i] = (struct pollfd){.fd = peer.connections[i].fd, .events = POLLIN};
        poll(fds, 2 + count, -1);
        if (fds[0].revents != 0)
            return arg;
        for (unsigned i = count; i-- > 0;) {
            uint8_t part[65536];
            if (fds[2 + i].revents == 0)
                continue;
            ssize_t got = recv(peer.connections[i].fd, part, sizeof part, 0);
            if (got <= 0) {
                peer_drop(i);
                continue;
            }
            size_t have = peer.connections[i].len;
            peer.connections[i].data = realloc(peer.connections[i].data, have + (size_t)got);
            must(peer.connections[i].data != NULL);
            memcpy(peer.connections[i].data + have, part, (size_t)got);
            peer.connections[i].len += (size_t)got;
            if (!peer_take(i))
                peer_drop(i);
        }
        if (fds[1].revents != 0) {
            must(peer.count < PEER_CONNECTIONS);
            peer.connections[peer.count].fd = accept(peer.listener, NULL, NULL);
            peer.connections[peer.count].data = NULL;
            peer.connections[peer.count++].len = 0;
            peer.accepted++;
        }
    }
}

/* Starts it, and makes it the target of |options|. */
static void peer_start(struct options *target, peer_answer answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    peer.answer = answer;
    peer.accepted = peer.count = 0;
    peer.listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(peer.listener, (const struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(peer.listener, 512), 0);
    cr_assert_eq(getsockname(peer.listener, (struct sockaddr *)&address, &len), 0);
    strcpy(target->target.host, "127.0.0.1");
    strcpy(target->target.path, "/pkix/");
    snprintf(target->target.port, sizeof target->target.port, "%u", ntohs(address.sin_port));
    cr_assert_eq(pipe(peer.stop), 0);
    cr_assert_eq(pthread_create(&peer.thread, NULL, peer_run, NULL), 0);
}

static void peer_stop(void)
{
    cr_assert_eq(write(peer.stop[1], "", 1), 1);
    pthread_join(peer.thread, NULL);
    while (peer.count != 0)
        peer_drop(peer.count - 1);
    close(peer.listener);
    close(peer.stop[0]);
    close(peer.stop[1]);
}

#endif
