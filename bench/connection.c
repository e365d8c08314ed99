/* Connections of one thread on one epoll: posted, opened, driven until their exchanges are done, closed. */
#include "bench/connection.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { SCRATCH = 64 * 1024, EVENTS = 256 };

int64_t network_clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static const struct http *http_of(const struct connection *connection)
{
    return connection->network->options->http2 ? &http2 : &http1;
}

int network_init(struct network *network, const struct options *options, struct tls_context *tls)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found;
    const struct target *target = &options->target;
    int error = getaddrinfo(target->host, target->port, &hints, &found);

    *network = (struct network){.options = options, .tls = tls, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    network->finished_end = &network->finished;
    network->scratch = malloc(SCRATCH);
    if (error != 0) {
        fprintf(stderr, "cmpbench: %s: %s\n", target->host, gai_strerror(error));
        return 0;
    }
    memcpy(&network->address, found->ai_addr, found->ai_addrlen);
    network->address_len = found->ai_addrlen;
    freeaddrinfo(found);
    if (network->epoll < 0 || network->scratch == NULL)
        fprintf(stderr, "cmpbench: no epoll, or no memory\n");
    return network->epoll >= 0 && network->scratch != NULL;
}

void network_cleanup(struct network *network)
{
    if (network->epoll >= 0)
        close(network->epoll);
    free(network->scratch);
}

struct exchange *network_finished(struct network *network)
{
    struct exchange *exchange = network->finished;

    if (exchange != NULL) {
        network->finished = exchange->next;
        if (network->finished == NULL)
            network->finished_end = &network->finished;
    }
    return exchange;
}

void connection_init(struct connection *connection, struct network *network)
{
    *connection = (struct connection){.network = network, .fd = -1};
}

void connection_cleanup(struct connection *connection)
{
    connection_close(connection);
    buffer_cleanup(&connection->in);
    buffer_cleanup(&connection->out);
}

void connection_close(struct connection *connection)
{
    if (connection->fd < 0)
        return;
    http_of(connection)->close(connection);
    tls_free(connection->tls);
    connection->tls = NULL;
    close(connection->fd);
    connection->fd = -1;
    connection->in.len = connection->out.len = 0;
}

void connection_finish(struct connection *connection, struct exchange *exchange, enum bench_error error)
{
    struct network *network = connection->network;
    struct exchange **link = &connection->exchanges;

    while (*link != exchange)
        link = &(*link)->next;
    *link = exchange->next;
    exchange->error = error;
    exchange->end_ns = network_clock_ns();
    exchange->next = NULL;
    *network->finished_end = exchange;
    network->finished_end = &exchange->next;
}

/* Of what is in flight, that of which a part has come is no whole answer; the rest got none. */
static void lose(struct connection *connection)
{
    connection_close(connection);
    while (connection->exchanges != NULL)
        connection_finish(connection, connection->exchanges,
                          connection->exchanges->answered ? BENCH_HTTP : BENCH_CONNECT);
}

/* ---- writing ---- */

static void watch(struct connection *connection)
{
    int writes = connection->state == CONNECTION_CONNECTING ||
                 (connection->state == CONNECTION_HANDSHAKE && connection->handshake_writes) ||
                 (connection->state == CONNECTION_OPEN && connection->out.len != 0);
    uint32_t wanted = EPOLLIN | (writes ? EPOLLOUT : 0);
    struct epoll_event event = {.events = wanted, .data.ptr = connection};

    if (connection->fd >= 0 && wanted != connection->watched &&
        epoll_ctl(connection->network->epoll, EPOLL_CTL_MOD, connection->fd, &event) == 0)
        connection->watched = wanted;
}

/* Octets written; 0 when the socket takes no more; -1 when it is broken. */
static ssize_t write_some(struct connection *connection)
{
    struct buffer *out = &connection->out;
    ssize_t sent;

    if (connection->tls != NULL) {
        sent = tls_write(connection->tls, out->data, out->len);
        return sent > 0 ? sent : sent == TLS_WANTS_WRITE || sent == TLS_WANTS_READ ? 0 : -1;
    }
    sent = send(connection->fd, out->data, out->len, MSG_NOSIGNAL);
    return sent >= 0 ? sent : errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static void flush(struct connection *connection)
{
    ssize_t sent = 1;

    if (connection->fd < 0 || connection->state != CONNECTION_OPEN)
        return;
    if (!http_of(connection)->write(connection)) {
        lose(connection);
        return;
    }
    while (connection->out.len != 0 && sent > 0) {
        sent = write_some(connection);
        if (sent > 0)
            buffer_take(&connection->out, (size_t)sent);
    }
    if (sent < 0)
        lose(connection);
    else
        watch(connection);
}

static void mark_dirty(struct connection *connection)
{
    struct network *network = connection->network;

    if (connection->is_dirty)
        return;
    connection->is_dirty = 1;
    connection->next_dirty = network->dirty;
    network->dirty = connection;
}

/* ---- the states of a connection ---- */

/* bind_source lets the connection come from the next of the addresses that were asked for. */
static int bind_source(struct network *network, int fd)
{
    const struct options *options = network->options;
    struct sockaddr_in from = {.sin_family = AF_INET};
    int on = 1;

    if (options->from.s_addr == 0)
        return 1;
    from.sin_addr.s_addr = htonl(ntohl(options->from.s_addr) + network->source++ % options->sources);
    /* A port is chosen when it connects: one for each peer, not one for each connection of the machine. */
    return setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) == 0 &&
           bind(fd, (const struct sockaddr *)&from, sizeof from) == 0;
}

static int start_connecting(struct connection *connection)
{
    struct network *network = connection->network;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = connection};
    int on = 1;

    connection->fd = socket(network->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connection->fd < 0)
        return 0;
    connection->state = CONNECTION_CONNECTING;
    connection->watched = event.events;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!bind_source(network, connection->fd) ||
        (connect(connection->fd, (const struct sockaddr *)&network->address, network->address_len) != 0 &&
         errno != EINPROGRESS) ||
        epoll_ctl(network->epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0) {
        close(connection->fd);
        connection->fd = -1;
        return 0;
    }
    return 1;
}

static int now_open(struct connection *connection)
{
    const struct http *http = http_of(connection);

    connection->state = CONNECTION_OPEN;
    if (!http->open(connection))
        return 0;
    for (struct exchange *exchange = connection->exchanges; exchange != NULL; exchange = exchange->next)
        if (!http->post(connection, exchange))
            return 0;
    mark_dirty(connection);
    return 1;
}

static int shake_hands(struct connection *connection)
{
    int result = tls_handshake(connection->tls);

    if (result == 1)
        return now_open(connection);
    connection->handshake_writes = result == TLS_WANTS_WRITE;
    return result != TLS_FAILED;
}

static int connected(struct connection *connection)
{
    struct network *network = connection->network;
    socklen_t len = sizeof(int);
    int error = 0;

    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)
        return 0;
    if (network->tls == NULL)
        return now_open(connection);
    connection->tls = tls_new(network->tls, connection->fd, network->options->target.host);
    connection->state = CONNECTION_HANDSHAKE;
    return connection->tls != NULL && shake_hands(connection);
}

/* Octets read; 0 when there are no more yet; -1 at the end, or when it is broken. */
static ssize_t read_some(struct connection *connection)
{
    uint8_t *scratch = connection->network->scratch;
    ssize_t got;

    if (connection->tls != NULL) {
        got = tls_read(connection->tls, scratch, SCRATCH);
        return got > 0 ? got : got == TLS_WANTS_READ || got == TLS_WANTS_WRITE ? 0 : -1;
    }
    got = recv(connection->fd, scratch, SCRATCH, 0);
    if (got == 0)
        return -1;
    return got > 0 ? got : errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static int readable(struct connection *connection)
{
    ssize_t got;

    do {
        got = read_some(connection);
        if (got > 0 &&
            !http_of(connection)->receive(connection, bytes_of(connection->network->scratch, (size_t)got)))
            return 0;
        /* A plain socket that gave less than there was room for is empty; TLS may hold more records. */
    } while (got > 0 && (connection->tls != NULL || got == SCRATCH));
    if (got >= 0)
        mark_dirty(connection);
    return got >= 0;
}

static void handle(struct connection *connection, uint32_t events)
{
    int ok = 1;

    switch (connection->state) {
    case CONNECTION_CONNECTING:
        ok = connected(connection);
        break;
    case CONNECTION_HANDSHAKE:
        ok = shake_hands(connection);
        break;
    case CONNECTION_OPEN:
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            ok = readable(connection);
        else
            mark_dirty(connection);
        break;
    }
    if (ok)
        watch(connection);
    else
        lose(connection);
}

void connection_post(struct connection *connection, struct exchange *exchange)
{
    struct exchange **link = &connection->exchanges;

    exchange->deadline_ns = network_clock_ns() + (int64_t)BENCH_TIMEOUT_SECONDS * 1000000000;
    exchange->reply.len = 0;
    exchange->sent = 0;
    exchange->stream = 0;
    exchange->status = exchange->answered = 0;
    exchange->next = NULL;
    while (*link != NULL)
        link = &(*link)->next;
    *link = exchange;
    if (connection->fd < 0) {
        if (!start_connecting(connection))
            lose(connection);
    } else if (connection->state == CONNECTION_OPEN) {
        if (http_of(connection)->post(connection, exchange))
            mark_dirty(connection);
        else /* after GOAWAY, for one: what is in flight may still be answered */
            connection_finish(connection, exchange, BENCH_CONNECT);
    }
}

void connection_expire(struct connection *connection, int64_t now)
{
    /* The oldest has waited longest; what else is under way on it waits for the same server. */
    if (connection->exchanges == NULL || connection->exchanges->deadline_ns > now)
        return;
    connection_close(connection);
    while (connection->exchanges != NULL)
        connection_finish(connection, connection->exchanges, BENCH_TIMEOUT);
}

void network_poll(struct network *network, int64_t timeout_ns)
{
    struct epoll_event events[EVENTS];
    struct timespec timeout;
    int n;

    while (network->dirty != NULL) {
        struct connection *connection = network->dirty;
        network->dirty = connection->next_dirty;
        connection->is_dirty = 0;
        flush(connection);
    }
    if (network->finished != NULL || timeout_ns < 0)
        timeout_ns = 0;
    timeout = (struct timespec){timeout_ns / 1000000000, timeout_ns % 1000000000};
    n = epoll_pwait2(network->epoll, events, EVENTS, &timeout, NULL);
    for (int i = 0; i < n; i++)
        handle(events[i].data.ptr, events[i].events);
}
