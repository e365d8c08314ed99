/* http2.c: requests and answers in frames (RFC 9113), against a server of libnghttp2 in memory. */
#include <criterion/criterion.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/connection.h"

enum { STREAMS = 8, FIELDS = 4096, BODY = 300 * 1024 };

static struct options options;
static struct network network;
static struct connection connection;
static nghttp2_session *server;

/* What the server heard on each stream, in the order in which streams began. */
static struct heard {
    int32_t stream;
    char fields[FIELDS];
    uint8_t *body;
    size_t len;
    int ended;
} heard[STREAMS];
static size_t heard_count;
static nghttp2_settings_entry settings_heard[8];
static size_t settings_count;
static int32_t window_heard;

static struct heard *of_stream(int32_t stream)
{
    for (size_t i = 0; i < heard_count; i++)
        if (heard[i].stream == stream)
            return &heard[i];
    return NULL;
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    (void)session, (void)arg;
    cr_assert_lt(heard_count, STREAMS);
    heard[heard_count++] = (struct heard){.stream = frame->hd.stream_id, .body = malloc(BODY)};
    return 0;
}

static int on_field(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                    size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
    struct heard *of = of_stream(frame->hd.stream_id);
    size_t used = strlen(of->fields);

    (void)session, (void)flags, (void)arg;
    snprintf(of->fields + used, FIELDS - used, "%.*s=%.*s\n", (int)name_len, name, (int)value_len, value);
    return 0;
}

static int on_octets(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t len,
                     void *arg)
{
    struct heard *of = of_stream(stream);

    (void)session, (void)flags, (void)arg;
    cr_assert_leq(of->len + len, BODY);
    memcpy(of->body + of->len, data, len);
    of->len += len;
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    (void)session, (void)arg;
    if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
        settings_count = frame->settings.niv;
        memcpy(settings_heard, frame->settings.iv, frame->settings.niv * sizeof settings_heard[0]);
    }
    if (frame->hd.type == NGHTTP2_WINDOW_UPDATE && frame->hd.stream_id == 0)
        window_heard = frame->window_update.window_size_increment;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM && of_stream(frame->hd.stream_id) != NULL)
        of_stream(frame->hd.stream_id)->ended = 1;
    return 0;
}

static void set_up(void)
{
    nghttp2_session_callbacks *callbacks;

    options =
        (struct options){.target = {.host = "ca.example", .port = "8829", .path = "/pkix/"}, .http2 = 1};
    network = (struct network){.options = &options, .epoll = -1};
    network.finished_end = &network.finished;
    connection_init(&connection, &network);
    cr_assert_eq(nghttp2_session_callbacks_new(&callbacks), 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_field);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_octets);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    cr_assert_eq(nghttp2_session_server_new(&server, callbacks, NULL), 0);
    nghttp2_session_callbacks_del(callbacks);
    cr_assert_eq(nghttp2_submit_settings(server, NGHTTP2_FLAG_NONE, NULL, 0), 0);
    cr_assert(http2.open(&connection));
}

static void tear_down(void)
{
    http2.close(&connection);
    cr_assert_null(connection.http2);
    nghttp2_session_del(server);
    buffer_cleanup(&connection.out);
    for (size_t i = 0; i < heard_count; i++)
        free(heard[i].body);
}

TestSuite(http2, .init = set_up, .fini = tear_down);

/* Until neither has anything to say. 1, or 0 when the client gives the connection up. */
static int talk(void)
{
    const uint8_t *data;
    ssize_t len;
    int quiet;

    do {
        quiet = 1;
        cr_assert(http2.write(&connection));
        if (connection.out.len != 0) {
            quiet = 0;
            cr_assert_eq(nghttp2_session_mem_recv(server, connection.out.data, connection.out.len),
                         (ssize_t)connection.out.len);
            connection.out.len = 0;
        }
        while ((len = nghttp2_session_mem_send(server, &data)) > 0) {
            quiet = 0;
            if (!http2.receive(&connection, bytes_of(data, (size_t)len)))
                return 0;
        }
    } while (!quiet);
    return 1;
}

static int post(struct exchange *exchange)
{
    exchange->next = connection.exchanges;
    connection.exchanges = exchange;
    return http2.post(&connection, exchange);
}

struct page {
    const char *text;
    size_t left;
    int endless; /* 1: then it waits for more */
};

static ssize_t read_page(nghttp2_session *session, int32_t stream, uint8_t *out, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *arg)
{
    struct page *page = source->ptr;
    size_t n = page->left < room ? page->left : room;

    (void)session, (void)stream, (void)arg;
    if (n == 0 && page->endless)
        return NGHTTP2_ERR_DEFERRED;
    memset(out, page->text[0], n);
    page->left -= n;
    if (page->left == 0 && !page->endless)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static void answer(int32_t stream, const char *status, struct page *page)
{
    const nghttp2_nv fields[] = {
        {(uint8_t *)"server", (uint8_t *)"999", 6, 3, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t *)":status", (uint8_t *)(uintptr_t)status, 7, strlen(status), NGHTTP2_NV_FLAG_NONE},
        {(uint8_t *)"xstatus", (uint8_t *)"999", 7, 3, NGHTTP2_NV_FLAG_NONE}};
    const nghttp2_nv ordered[] = {fields[1], fields[0], fields[2]};
    const nghttp2_data_provider body = {.source = {.ptr = page}, .read_callback = read_page};

    cr_assert_eq(nghttp2_submit_response(server, stream, ordered, 3, page != NULL ? &body : NULL), 0);
}

/* RFC 9113 6.5.2, 6.9: nothing is pushed, and an answer of the largest size needs no waiting for windows. */
Test(http2, the_client_says_how_it_wants_it)
{
    cr_assert(talk());
    cr_assert_eq(settings_count, 2);
    cr_assert_eq(settings_heard[0].settings_id, NGHTTP2_SETTINGS_ENABLE_PUSH);
    cr_assert_eq(settings_heard[0].value, 0);
    cr_assert_eq(settings_heard[1].settings_id, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
    cr_assert_eq(settings_heard[1].value, 1024 * 1024);
    cr_assert_eq(window_heard, 1024 * 1024 - 65535);
}

/* RFC 9113 8.3.1; RFC 9811 3.2: application/pkixcmp */
Test(http2, a_message_is_posted_and_a_page_is_got)
{
    struct exchange message = {.body = bytes_str("hello"), .media_type = "application/pkixcmp"},
                    page = {.path = "/healthz"};

    cr_assert(post(&message));
    cr_assert(post(&page));
    cr_assert(talk());
    cr_assert_eq(heard_count, 2);
    cr_assert_str_eq(heard[0].fields, ":method=POST\n:scheme=http\n:authority=ca.example:8829\n:path=/pkix/\n"
                                      "content-type=application/pkixcmp\ncontent-length=5\n");
    cr_assert_eq(heard[0].len, 5);
    cr_assert_eq(memcmp(heard[0].body, "hello", 5), 0);
    cr_assert(heard[0].ended);
    cr_assert_str_eq(heard[1].fields,
                     ":method=GET\n:scheme=http\n:authority=ca.example:8829\n:path=/healthz\n");
    cr_assert(heard[1].ended);
    cr_assert_eq(message.stream, 1);
    cr_assert_eq(page.stream, 3);
    options.target.tls = 1;
    strcpy(options.target.host, "2001:db8::1");
    struct exchange other = {.path = "/x"};
    cr_assert(post(&other));
    cr_assert(talk());
    cr_assert_str_eq(heard[2].fields,
                     ":method=GET\n:scheme=https\n:authority=[2001:db8::1]:8829\n:path=/x\n");
}

/* Larger than a frame and than the window that a server begins with. */
Test(http2, a_large_message_arrives_as_it_was)
{
    uint8_t *octets = malloc(BODY);
    struct exchange message = {.body = bytes_of(octets, BODY), .media_type = "application/pkixcmp"};

    for (size_t i = 0; i < BODY; i++)
        octets[i] = (uint8_t)(i * 7 + i / 256);
    cr_assert(post(&message));
    cr_assert(talk());
    cr_assert_eq(heard[0].len, BODY);
    cr_assert_eq(memcmp(heard[0].body, octets, BODY), 0);
    cr_assert(heard[0].ended);
    free(octets);
}

Test(http2, answers_find_their_requests)
{
    static const struct {
        const char *status;
        int error;
    } cases[] = {{"200", BENCH_OK}, {"503", BENCH_HTTP}, {"201", BENCH_HTTP}};
    struct exchange exchanges[3] = {{.body = bytes_str("a"), .media_type = "application/pkixcmp"},
                                    {.body = bytes_str("b"), .media_type = "application/pkixcmp"},
                                    {.body = bytes_str("c"), .media_type = "application/pkixcmp"}};
    struct page pages[3] = {{"x", 100, 0}, {"y", 100000, 0}, {"z", 3, 0}};

    for (size_t i = 0; i < 3; i++)
        cr_assert(post(&exchanges[i]));
    cr_assert(talk());
    for (size_t i = 3; i-- > 0;)
        answer(heard[i].stream, cases[i].status, &pages[i]);
    cr_assert(talk());
    cr_assert_null(connection.exchanges);
    for (size_t i = 0; i < 3; i++) {
        size_t size = i == 0 ? 100 : i == 1 ? 100000 : 3;
        cr_assert_eq(exchanges[i].error, cases[i].error);
        cr_assert_eq(exchanges[i].status, atoi(cases[i].status));
        cr_assert(exchanges[i].answered);
        cr_assert_eq(exchanges[i].reply.len, size);
        for (size_t n = 0; n < size; n++)
            cr_assert_eq(exchanges[i].reply.data[n], "xyz"[i]);
        buffer_cleanup(&exchanges[i].reply);
    }
}

/* RFC 9113 8.7: a stream that ends with REFUSED_STREAM was not processed at all. */
Test(http2, a_stream_that_is_refused_was_not_looked_at)
{
    static const struct {
        uint32_t code;
        int error;
    } cases[] = {{NGHTTP2_REFUSED_STREAM, BENCH_CONNECT},
                 {NGHTTP2_INTERNAL_ERROR, BENCH_HTTP},
                 {NGHTTP2_NO_ERROR, BENCH_HTTP},
                 {NGHTTP2_CANCEL, BENCH_HTTP}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange message = {.body = bytes_str("hello"), .media_type = "application/pkixcmp"};
        cr_assert(post(&message));
        cr_assert(talk());
        cr_assert_eq(nghttp2_submit_rst_stream(server, NGHTTP2_FLAG_NONE, heard[i].stream, cases[i].code), 0);
        cr_assert(talk());
        cr_assert_null(connection.exchanges);
        cr_assert_eq(message.error, cases[i].error, "code %u", cases[i].code);
        cr_assert_not(message.answered);
        cr_assert_eq(network_finished(&network), &message);
    }
    /* A status that was good, and then no end of the body. */
    struct exchange message = {.body = bytes_str("hello"), .media_type = "application/pkixcmp"};
    struct page page = {"x", 100, 1};
    cr_assert(post(&message));
    cr_assert(talk());
    answer(heard[4].stream, "200", &page);
    cr_assert(talk());
    cr_assert_eq(
        nghttp2_submit_rst_stream(server, NGHTTP2_FLAG_NONE, heard[4].stream, NGHTTP2_INTERNAL_ERROR), 0);
    cr_assert(talk());
    cr_assert_eq(message.status, 200);
    cr_assert(message.answered);
    cr_assert_eq(message.error, BENCH_HTTP);
    buffer_cleanup(&message.reply);
}

/* RFC 9113 6.8: after GOAWAY nothing new begins, and what is under way goes on. */
Test(http2, after_GOAWAY_what_is_under_way_is_answered_still)
{
    struct exchange message = {.body = bytes_str("hello"), .media_type = "application/pkixcmp"},
                    late = {.body = bytes_str("late"), .media_type = "application/pkixcmp"};
    struct page page = {"x", 3, 0};

    cr_assert(post(&message));
    cr_assert(talk());
    cr_assert_eq(nghttp2_submit_goaway(server, NGHTTP2_FLAG_NONE, heard[0].stream, NGHTTP2_NO_ERROR, NULL, 0),
                 0);
    cr_assert(talk());
    cr_assert_not(http2.post(&connection, &late));
    answer(heard[0].stream, "200", &page);
    cr_assert_not(talk()); /* the last is answered: the connection is of no use any more */
    cr_assert_eq(message.error, BENCH_OK);
    cr_assert_eq(message.reply.len, 3);
    buffer_cleanup(&message.reply);
}

Test(http2, what_is_no_HTTP2_ends_the_connection)
{
    cr_assert_not(http2.receive(&connection, bytes_str("HTTP/1.1 400 Bad Request\r\n\r\n")));
}
