/* HTTP/2 (RFC 9113) by libnghttp2: with prior knowledge, or chosen by ALPN. */
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/connection.h"

enum { WINDOW = 1024 * 1024 };

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *out, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *arg)
{
    struct exchange *exchange = source->ptr;
    size_t left = exchange->body.len - exchange->sent, n = left < room ? left : room;

    (void)session, (void)stream, (void)arg;
    memcpy(out, exchange->body.data + exchange->sent, n);
    exchange->sent += n;
    if (n == left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
    struct exchange *exchange = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)value_len, (void)flags, (void)arg;
    if (exchange == NULL)
        return 0;
    exchange->answered = 1;
    /* nghttp2 ends values with a NUL. */
    if (name_len == 7 && memcmp(name, ":status", 7) == 0)
        exchange->status = (int)strtol((const char *)value, NULL, 10);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t len,
                   void *arg)
{
    struct exchange *exchange = nghttp2_session_get_stream_user_data(session, stream);

    (void)flags, (void)arg;
    return exchange == NULL || buffer_append(&exchange->reply, data, len) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t code, void *arg)
{
    struct exchange *exchange = nghttp2_session_get_stream_user_data(session, stream);
    struct connection *connection = arg;

    if (exchange == NULL)
        return 0;
    nghttp2_session_set_stream_user_data(session, stream, NULL);
    /* RFC 9113 8.7: of a refused stream nothing was looked at; it is as if there had been no connection. */
    connection_finish(connection, exchange,
                      code == NGHTTP2_REFUSED_STREAM                        ? BENCH_CONNECT
                      : code == NGHTTP2_NO_ERROR && exchange->status == 200 ? BENCH_OK
                                                                            : BENCH_HTTP);
    return 0;
}

static int http2_open(struct connection *connection)
{
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW}};
    nghttp2_session_callbacks *callbacks;
    int ok;

    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return 0;
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    ok = nghttp2_session_client_new(&connection->http2, callbacks, connection) == 0 &&
         nghttp2_submit_settings(connection->http2, NGHTTP2_FLAG_NONE, settings, 2) == 0 &&
         nghttp2_session_set_local_window_size(connection->http2, NGHTTP2_FLAG_NONE, 0, WINDOW) == 0;
    nghttp2_session_callbacks_del(callbacks);
    return ok;
}

static void http2_close(struct connection *connection)
{
    nghttp2_session_del(connection->http2);
    connection->http2 = NULL;
}

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

static int http2_post(struct connection *connection, struct exchange *exchange)
{
    const struct target *target = &connection->network->options->target;
    int is_v6 = strchr(target->host, ':') != NULL, has_body = exchange->body.len != 0;
    const nghttp2_data_provider body = {.source = {.ptr = exchange}, .read_callback = read_body};
    char authority[sizeof target->host + sizeof target->port + 4], length[24];

    snprintf(authority, sizeof authority, "%s%s%s:%s", is_v6 ? "[" : "", target->host, is_v6 ? "]" : "",
             target->port);
    snprintf(length, sizeof length, "%zu", exchange->body.len);
    const nghttp2_nv fields[] = {field(":method", has_body ? "POST" : "GET"),
                                 field(":scheme", target->tls ? "https" : "http"),
                                 field(":authority", authority),
                                 field(":path", exchange->path != NULL ? exchange->path : target->path),
                                 field("content-type", has_body ? exchange->media_type : ""),
                                 field("content-length", length)};
    if (!nghttp2_session_check_request_allowed(connection->http2))
        return 0;
    exchange->stream = nghttp2_submit_request(connection->http2, NULL, fields, has_body ? 6 : 4,
                                              has_body ? &body : NULL, exchange);
    return exchange->stream > 0;
}

static int http2_write(struct connection *connection)
{
    const uint8_t *data;
    ssize_t len;

    while ((len = nghttp2_session_mem_send(connection->http2, &data)) > 0)
        if (!buffer_append(&connection->out, data, (size_t)len))
            return 0;
    return len == 0;
}

static int http2_receive(struct connection *connection, struct bytes data)
{
    ssize_t used = nghttp2_session_mem_recv(connection->http2, data.data, data.len);

    /* After GOAWAY what is under way goes on; then a new connection is needed. */
    return used == (ssize_t)data.len &&
           (connection->exchanges != NULL || nghttp2_session_check_request_allowed(connection->http2) != 0);
}

const struct http http2 = {http2_open, http2_post, http2_write, http2_receive, http2_close};
