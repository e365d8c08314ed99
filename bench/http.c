#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <picohttpparser.h>

#include "bench/bench.h"

enum { HEADERS_MAX = 32 };

int http_init(struct http *http)
{
    http->fd = -1;
    http->buffer = malloc(BENCH_REPLY_MAX);
    return http->buffer != NULL;
}

void http_close(struct http *http)
{
    if (http->fd >= 0)
        close(http->fd);
    http->fd = -1;
}

void http_cleanup(struct http *http)
{
    http_close(http);
    free(http->buffer);
}

static int http_connect(struct http *http, const struct bench_options *options)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found;
    struct timeval timeout = {.tv_sec = BENCH_TIMEOUT_SECONDS};
    int on = 1;

    if (getaddrinfo(options->host, options->port, &hints, &found) != 0)
        return 0;
    http->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (http->fd >= 0) {
        setsockopt(http->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(http->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        setsockopt(http->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
        if (connect(http->fd, found->ai_addr, found->ai_addrlen) != 0)
            http_close(http);
    }
    freeaddrinfo(found);
    return http->fd >= 0;
}

static int send_request(struct http *http, const struct bench_options *options, struct bytes body)
{
    char head[512];
    int head_len = snprintf(head, sizeof head,
                            "POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/pkixcmp\r\n"
                            "Content-Length: %zu\r\n\r\n",
                            options->path, options->host, options->port, body.len);
    struct iovec parts[2] = {{head, (size_t)head_len}, {(void *)(uintptr_t)body.data, body.len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    size_t left = (size_t)head_len + body.len;

    while (left > 0) {
        ssize_t sent = sendmsg(http->fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return 0;
        left -= (size_t)sent;
        for (size_t i = 0; i < 2 && sent > 0; i++) {
            size_t taken = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + taken;
            parts[i].iov_len -= taken;
            sent -= (ssize_t)taken;
        }
    }
    return 1;
}

static int header_is(const struct phr_header *header, const char *name)
{
    return header->name_len == strlen(name) && strncasecmp(header->name, name, header->name_len) == 0;
}

static enum bench_error receive(struct http *http, struct bytes *reply)
{
    struct phr_header headers[HEADERS_MAX];
    const char *text;
    size_t used = 0, previous = 0, text_len, header_count, length = 0;
    int version, status = 0, head = -2, closes = 0;

    while (head == -2 || used < (size_t)head + length) {
        ssize_t got =
            used < BENCH_REPLY_MAX ? recv(http->fd, http->buffer + used, BENCH_REPLY_MAX - used, 0) : 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return used == 0 ? BENCH_CONNECT : BENCH_HTTP;
        used += (size_t)got;
        if (head != -2)
            continue;
        header_count = HEADERS_MAX;
        head = phr_parse_response(http->buffer, used, &version, &status, &text, &text_len, headers,
                                  &header_count, previous);
        previous = used;
        if (head == -1)
            return BENCH_HTTP;
        for (size_t i = 0; head > 0 && i < header_count; i++) {
            if (header_is(&headers[i], "content-length"))
                length = strtoul(headers[i].value, NULL, 10);
            closes |= header_is(&headers[i], "connection") && headers[i].value_len == 5;
        }
    }
    *reply = bytes_of(http->buffer + head, length);
    if (closes)
        http_close(http);
    return status == 200 ? BENCH_OK : BENCH_HTTP;
}

enum bench_error http_post(struct http *http, const struct bench_options *options, struct bytes body,
                           struct bytes *reply)
{
    enum bench_error error;

    if (http->fd < 0 && !http_connect(http, options))
        return BENCH_CONNECT;
    error = send_request(http, options, body) ? receive(http, reply) : BENCH_CONNECT;
    if (error != BENCH_OK)
        http_close(http);
    return error;
}
