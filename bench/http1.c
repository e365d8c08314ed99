/* HTTP/1.1 (RFC 9112), and HTTP/1.0 for who knows no other: one request at a time on a connection. */
#include <picohttpparser.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "bench/connection.h"

enum { HEADERS_MAX = 32, HEAD_MAX = 1024, REPLY_MAX = 64 * 1024 * 1024 };

static int http1_open(struct connection *connection)
{
    (void)connection;
    return 1;
}

static void http1_close(struct connection *connection)
{
    (void)connection;
}

static int http1_write(struct connection *connection)
{
    (void)connection; /* post has written it */
    return 1;
}

static int http1_post(struct connection *connection, struct exchange *exchange)
{
    const struct target *target = &connection->network->options->target;
    const char *path = exchange->path != NULL ? exchange->path : target->path;
    int is_v6 = strchr(target->host, ':') != NULL;
    char head[HEAD_MAX];
    int len =
        snprintf(head, sizeof head, "%s %s HTTP/%s\r\nHost: %s%s%s:%s\r\n",
                 exchange->body.len != 0 ? "POST" : "GET", path, options_http(connection->network->options),
                 is_v6 ? "[" : "", target->host, is_v6 ? "]" : "", target->port);

    if (exchange->body.len != 0)
        len += snprintf(head + len, sizeof head - (size_t)len, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                        exchange->media_type, exchange->body.len);
    return len < HEAD_MAX - 2 && buffer_append(&connection->out, head, (size_t)len) &&
           buffer_append(&connection->out, "\r\n", 2) &&
           buffer_append(&connection->out, exchange->body.data, exchange->body.len);
}

static int header_is(const struct phr_header *header, const char *name)
{
    return header->name_len == strlen(name) && strncasecmp(header->name, name, header->name_len) == 0;
}

static int value_is(const struct phr_header *header, const char *value)
{
    return header->value_len == strlen(value) && strncasecmp(header->value, value, header->value_len) == 0;
}

static int http1_receive(struct connection *connection, struct bytes data)
{
    struct exchange *exchange = connection->exchanges;
    struct buffer *in = &connection->in;
    struct phr_header headers[HEADERS_MAX];
    size_t header_count = HEADERS_MAX, text_len, length = 0;
    const char *text;
    int version, status, head, has_length = 0, closes = 0, keeps = 0, ok;

    if (exchange == NULL || !buffer_append(in, data.data, data.len))
        return 0; /* nobody asked */
    exchange->answered = 1;
    head = phr_parse_response((const char *)in->data, in->len, &version, &status, &text, &text_len, headers,
                              &header_count, 0);
    if (head == -2)
        return in->len < REPLY_MAX;
    if (head < 0)
        return 0;
    for (size_t i = 0; i < header_count; i++) {
        if (header_is(&headers[i], "content-length")) {
            length = strtoul(headers[i].value, NULL, 10);
            has_length = 1;
        } else if (header_is(&headers[i], "connection")) {
            closes |= value_is(&headers[i], "close");
            keeps |= value_is(&headers[i], "keep-alive");
        }
    }
    exchange->status = status;
    if (!has_length || length > REPLY_MAX)
        return 0;
    if (in->len < (size_t)head + length)
        return 1;
    ok = in->len == (size_t)head + length && buffer_append(&exchange->reply, in->data + head, length);
    in->len = 0;
    if (!ok)
        return 0;
    connection_finish(connection, exchange, status == 200 ? BENCH_OK : BENCH_HTTP);
    return !closes && (version != 0 || keeps);
}

const struct http http1 = {http1_open, http1_post, http1_write, http1_receive, http1_close};
