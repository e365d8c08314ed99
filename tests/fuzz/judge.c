/* judge.c: reads both directions of a conversation as frames (RFC 9113), or the answers as HTTP/1.1 (RFC
 * 9112).
 *
 * Where it cannot know what was asked (the method HEAD, an upgrade, more than it has room for) it looks away
 * for the rest of the conversation. All memory is static: what a conversation makes the process hold is
 * measured. */
#include "tests/fuzz/judge.h"

#include <nghttp2/nghttp2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    SENT_MAX = 1 << 22,
    HEARD_MAX = 1 << 18,
    STREAMS_MAX = 1024,
    PARTS_MAX = 8192,
    BLOCK_MAX = 1 << 16,
    BIG = 65536, /* octets of the large page, all zero */
    FRAME_HEAD = 9,
    TABLE_MAX = 1 << 20
};

enum {
    DATA,
    HEADERS,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    PUSH_PROMISE,
    PING,
    GOAWAY,
    WINDOW_UPDATE,
    CONTINUATION
};
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8 };

/* What an answer is, by its status and content type. */
enum kind { KIND_OTHER, KIND_ECHO, KIND_PAGE };

struct stream {
    uint32_t id;
    enum kind kind;
    int status;          /* 0: not yet */
    int asked;           /* 1: the request has ended: what else is sent on it is no part of it */
    int ended;           /* … and the answer */
    long content_length; /* -1: not told */
    size_t got;          /* octets of the body */
};

/* A part of the body that was sent on |stream|, in |sent|. */
struct part {
    uint32_t stream;
    size_t at, len;
};

static struct {
    int blind;
    int http2, chosen;
    uint8_t sent[SENT_MAX], heard[HEARD_MAX], block[BLOCK_MAX];
    size_t sent_len, heard_len;
    size_t sent_at; /* up to where frames were read; of HTTP/1: where the next answer's request may begin */
    struct stream streams[STREAMS_MAX];
    size_t stream_count;
    struct part parts[PARTS_MAX];
    size_t part_count;
    unsigned frames;
    uint32_t block_stream; /* of a header block that goes on; 0: none */
    int block_flags;
    size_t block_len;
    nghttp2_hd_inflater *inflater;
} judge;

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "the front's answer: %s is false\n", #condition);                                \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum { PREFACE = sizeof preface - 1 };

void judge_begin(void)
{
    if (judge.inflater != NULL)
        nghttp2_hd_inflate_del(judge.inflater);
    judge.inflater = NULL;
    judge.blind = judge.http2 = judge.chosen = 0;
    judge.sent_len = judge.heard_len = judge.sent_at = 0;
    judge.stream_count = judge.part_count = judge.frames = 0;
    judge.block_stream = 0;
}

static int was_sent(const char *text)
{
    return memmem(judge.sent, judge.sent_len, text, strlen(text)) != NULL;
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- what was sent, as frames ---- */

static struct stream *stream_of(uint32_t id)
{
    for (size_t i = judge.stream_count; i-- > 0;)
        if (judge.streams[i].id == id)
            return &judge.streams[i];
    return NULL;
}

static void note_headers(uint32_t id, unsigned flags)
{
    struct stream *stream = stream_of(id);

    if (stream == NULL && judge.stream_count == STREAMS_MAX) {
        judge.blind = 1;
        return;
    }
    if (stream == NULL) {
        stream = &judge.streams[judge.stream_count++];
        *stream = (struct stream){.id = id, .content_length = -1};
    }
    stream->asked |= (flags & END_STREAM) != 0;
}

static void note_part(uint32_t id, unsigned flags, size_t at, size_t len)
{
    struct stream *stream = stream_of(id);
    size_t padding = 0;

    if (stream == NULL || stream->asked)
        return;
    stream->asked = (flags & END_STREAM) != 0;
    if ((flags & PADDED) != 0 && len > 0) {
        padding = judge.sent[at++];
        len--;
    }
    if (padding > len)
        return; /* an error of the connection (RFC 9113 6.1) */
    if (judge.part_count == PARTS_MAX) {
        judge.blind = 1;
        return;
    }
    judge.parts[judge.part_count++] = (struct part){id, at, len - padding};
}

static void read_sent_frames(void)
{
    if (judge.sent_len < PREFACE || memcmp(judge.sent, preface, PREFACE) != 0)
        return;
    if (judge.sent_at < PREFACE)
        judge.sent_at = PREFACE;
    while (judge.sent_len - judge.sent_at >= FRAME_HEAD) {
        const uint8_t *head = judge.sent + judge.sent_at;
        size_t len = u32(head) >> 8;
        uint32_t stream = u32(head + 5) & 0x7fffffff;
        if (judge.sent_len - judge.sent_at - FRAME_HEAD < len)
            return;
        if (head[3] == HEADERS)
            note_headers(stream, head[4]);
        if (head[3] == DATA)
            note_part(stream, head[4], judge.sent_at + FRAME_HEAD, len);
        judge.sent_at += FRAME_HEAD + len;
    }
}

void judge_sent(const void *data, size_t len)
{
    if (judge.blind || len > SENT_MAX - judge.sent_len) {
        judge.blind = 1;
        return;
    }
    memcpy(judge.sent + judge.sent_len, data, len);
    judge.sent_len += len;
}

/* ---- answers over HTTP/2 ---- */

static int is_zero(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i] != 0)
            return 0;
    return 1;
}

/* A page is one of two; |whole|: this is all of it. */
static int is_of_page(const uint8_t *data, size_t at, size_t len, int whole)
{
    static const char hello[] = "hello\n";
    int small = at + len < sizeof hello && memcmp(data, hello + at, len) == 0;

    if (small && (!whole || at + len == sizeof hello - 1))
        return 1;
    return at + len <= BIG && is_zero(data, len) && (!whole || at + len == BIG);
}

static size_t sent_on(uint32_t stream)
{
    size_t sum = 0;

    for (size_t i = 0; i < judge.part_count; i++)
        sum += judge.parts[i].stream == stream ? judge.parts[i].len : 0;
    return sum;
}

/* The |len| octets from |at| on of what was sent on |stream|, to be those of |data|. */
static int is_echo(uint32_t stream, size_t at, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < judge.part_count && len > 0; i++) {
        const struct part *part = &judge.parts[i];
        if (part->stream != stream)
            continue;
        if (at >= part->len) {
            at -= part->len;
            continue;
        }
        size_t now = part->len - at < len ? part->len - at : len;
        if (memcmp(judge.sent + part->at + at, data, now) != 0)
            return 0;
        data += now;
        len -= now;
        at = 0;
    }
    return len == 0;
}

static void end_stream(struct stream *stream, int with_body)
{
    MUST(!stream->ended && stream->status >= 200);
    stream->ended = 1;
    if (!with_body)
        return; /* HEAD is answered so, too */
    MUST(stream->content_length < 0 || (size_t)stream->content_length == stream->got);
    if (stream->kind == KIND_ECHO)
        MUST(stream->got == sent_on(stream->id));
    if (stream->kind == KIND_PAGE)
        MUST(stream->got == BIG || stream->got == sizeof "hello\n" - 1);
}

static void hear_data(struct stream *stream, unsigned flags, const uint8_t *data, size_t len)
{
    MUST(stream != NULL && stream->status >= 200 && !stream->ended);
    if ((flags & PADDED) != 0) {
        MUST(len > 0 && data[0] < len);
        len -= 1 + (size_t)data[0];
        data++;
    }
    if (stream->kind == KIND_ECHO)
        MUST(is_echo(stream->id, stream->got, data, len));
    if (stream->kind == KIND_PAGE)
        MUST(is_of_page(data, stream->got, len, 0));
    stream->got += len;
    if ((flags & END_STREAM) != 0)
        end_stream(stream, 1);
}

static int is(const uint8_t *text, size_t len, const char *word)
{
    return len == strlen(word) && strncasecmp((const char *)text, word, len) == 0;
}

static enum kind kind_of(int status, const uint8_t *type, size_t len)
{
    if (status != 200)
        return KIND_OTHER;
    /* "who" is answered by the name of the source. */
    if (is(type, len, "application/pkixcmp"))
        return was_sent("who") ? KIND_OTHER : KIND_ECHO;
    return is(type, len, "text/plain") ? KIND_PAGE : KIND_OTHER;
}

static void hear_field(struct stream *stream, const nghttp2_nv *field, int *status)
{
    if (is(field->name, field->namelen, ":status")) {
        MUST(*status == 0 && field->valuelen == 3);
        *status = atoi((const char *)field->value); // NOLINT(cert-err34-c): checked by its range
        MUST(*status >= 100 && *status < 600 && *status != 101);
        return;
    }
    MUST(field->namelen > 0 && field->name[0] != ':' && *status != 0);
    if (is(field->name, field->namelen, "content-length"))
        stream->content_length = strtol((const char *)field->value, NULL, 10);
    if (is(field->name, field->namelen, "content-type"))
        stream->kind = kind_of(*status, field->value, field->valuelen);
}

static void hear_block(struct stream *stream)
{
    const uint8_t *at = judge.block, *end = judge.block + judge.block_len;
    int status = 0, inflated = 0;

    MUST(stream != NULL && !stream->ended && stream->status < 200);
    if (judge.inflater == NULL) {
        MUST(nghttp2_hd_inflate_new(&judge.inflater) == 0);
        /* What the client allowed is as large as that at most, or the front should not use it. */
        nghttp2_hd_inflate_change_table_size(judge.inflater, TABLE_MAX);
    }
    while ((inflated & NGHTTP2_HD_INFLATE_FINAL) == 0) {
        nghttp2_nv field;
        ssize_t used = nghttp2_hd_inflate_hd2(judge.inflater, &field, &inflated, at, (size_t)(end - at), 1);
        MUST(used >= 0);
        at += used;
        if ((inflated & NGHTTP2_HD_INFLATE_EMIT) != 0)
            hear_field(stream, &field, &status);
    }
    nghttp2_hd_inflate_end_headers(judge.inflater);
    MUST(at == end && status != 0);
    stream->status = status;
    if ((judge.block_flags & END_STREAM) != 0)
        end_stream(stream, 0);
}

static void hear_part_of_block(uint32_t id, unsigned type, unsigned flags, const uint8_t *data, size_t len)
{
    if (type == HEADERS) {
        MUST((flags & PADDED) == 0 && (flags & 0x20) == 0); /* RFC 9113 6.2: allowed, and not what h2o does */
        judge.block_stream = id;
        judge.block_flags = (int)flags;
        judge.block_len = 0;
    }
    MUST(len <= BLOCK_MAX - judge.block_len);
    memcpy(judge.block + judge.block_len, data, len);
    judge.block_len += len;
    if ((flags & END_HEADERS) == 0)
        return;
    judge.block_stream = 0;
    hear_block(stream_of(id));
}

static void hear_frame(unsigned type, unsigned flags, uint32_t id, const uint8_t *data, size_t len)
{
    /* RFC 9113 3.4: first its SETTINGS; 6.10: a header block is not interrupted */
    MUST(judge.frames++ > 0 || (type == SETTINGS && (flags & ACK) == 0));
    MUST(judge.block_stream == 0 || (type == CONTINUATION && id == judge.block_stream));
    switch (type) {
    case DATA:
        hear_data(stream_of(id), flags, data, len);
        break;
    case HEADERS:
        hear_part_of_block(id, type, flags, data, len);
        break;
    case CONTINUATION:
        MUST(judge.block_stream != 0);
        hear_part_of_block(id, type, flags, data, len);
        break;
    case RST_STREAM:
        MUST(id != 0 && len == 4);
        break;
    case SETTINGS:
        MUST(id == 0 && len % 6 == 0 && ((flags & ACK) == 0 || len == 0));
        break;
    case PING:
        MUST(id == 0 && len == 8);
        break;
    case GOAWAY:
        MUST(id == 0 && len >= 8);
        break;
    case WINDOW_UPDATE:
        MUST(len == 4 && (u32(data) & 0x7fffffff) != 0);
        break;
    default: /* no PRIORITY, and nothing is pushed */
        MUST(type == SETTINGS);
    }
}

/* Returns how many octets were a whole frame, or 0. */
static size_t hear_http2(void)
{
    size_t len;

    if (judge.heard_len < FRAME_HEAD)
        return 0;
    len = u32(judge.heard) >> 8;
    MUST(len <= HEARD_MAX / 2);
    if (judge.heard_len - FRAME_HEAD < len)
        return 0;
    read_sent_frames();
    if (!judge.blind)
        hear_frame(judge.heard[3], judge.heard[4], u32(judge.heard + 5) & 0x7fffffff,
                   judge.heard + FRAME_HEAD, len);
    return FRAME_HEAD + len;
}

/* ---- answers over HTTP/1.1 ---- */

/* The value of field |name| in the head that ends at |end|, or NULL. */
static const char *field_of(const char *end, const char *name, size_t *len)
{
    const char *line = memchr(judge.heard, '\n', judge.heard_len);

    for (line++; line < end; line = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1) {
        const char *colon = memchr(line, ':', (size_t)(end - line)),
                   *stop = memchr(line, '\r', (size_t)(end - line));
        MUST(colon != NULL && stop != NULL && colon < stop && stop[1] == '\n');
        if ((size_t)(colon - line) != strlen(name) || strncasecmp(line, name, strlen(name)) != 0)
            continue;
        for (colon++; *colon == ' ';)
            colon++;
        *len = (size_t)(stop - colon);
        return colon;
    }
    return NULL;
}

/* Answers come in the order of their requests, so each body is looked for behind the one before. */
static void judge_body(enum kind kind, const uint8_t *body, size_t len)
{
    const uint8_t *found;

    if (kind == KIND_PAGE)
        MUST(is_of_page(body, 0, len, 1));
    /* What came in chunks does not stand in one piece. ("hunked": the c may be of either case.) */
    if (kind != KIND_ECHO || was_sent("hunked"))
        return;
    found = memmem(judge.sent + judge.sent_at, judge.sent_len - judge.sent_at, body, len);
    MUST(len > 0 && found != NULL);
    judge.sent_at = (size_t)(found - judge.sent) + len;
}

/* Whole chunks (RFC 9112 7.1): returns their octets with all that is between them, or 0 if more are to come.
 */
static size_t chunks(const uint8_t *data, size_t len)
{
    size_t at = 0;

    for (;;) {
        const uint8_t *line = memchr(data + at, '\n', len - at);
        char *rest;
        if (line == NULL)
            return 0;
        size_t size = strtoul((const char *)data + at, &rest, 16);
        MUST(rest > (const char *)data + at && *rest == '\r');
        at = (size_t)(line + 1 - data);
        if (size > len - at || len - at - size < 2)
            return 0;
        MUST(data[at + size] == '\r' && data[at + size + 1] == '\n');
        at += size + 2;
        if (size == 0)
            return at;
    }
}

/* Returns how many octets were a whole answer, or 0. */
static size_t hear_http1(void)
{
    const char *head = (const char *)judge.heard, *end = memmem(head, judge.heard_len, "\r\n\r\n", 4), *value;
    size_t head_len, len = 0;
    enum kind kind = KIND_OTHER;
    int status;

    if (end == NULL)
        return 0;
    end += 2; /* the empty line */
    head_len = (size_t)(end - head) + 2;
    MUST(memcmp(head, "HTTP/1.1 ", 9) == 0 && head[12] == ' ');
    status = atoi(head + 9); // NOLINT(cert-err34-c): checked by its range
    MUST(status >= 100 && status < 600);
    judge.blind |= status == 101 || was_sent("HEAD");
    if (judge.blind || status < 200 || status == 204 || status == 304)
        return head_len;
    if ((value = field_of(end, "content-type", &len)) != NULL)
        kind = kind_of(status, (const uint8_t *)value, len);
    if ((value = field_of(end, "content-length", &len)) != NULL) {
        len = strtoul(value, NULL, 10);
        MUST(len < HEARD_MAX - head_len);
        if (judge.heard_len - head_len < len)
            return 0;
        judge_body(kind, judge.heard + head_len, len);
        return head_len + len;
    }
    if ((value = field_of(end, "transfer-encoding", &len)) != NULL) {
        MUST(is((const uint8_t *)value, len, "chunked"));
        len = chunks(judge.heard + head_len, judge.heard_len - head_len);
        return len == 0 ? 0 : head_len + len;
    }
    judge.blind = 1; /* up to the end of the connection */
    return head_len;
}

void judge_heard(const void *data, size_t len)
{
    size_t used;

    if (judge.blind)
        return;
    if (len > HEARD_MAX - judge.heard_len) {
        judge.blind = 1;
        return;
    }
    memcpy(judge.heard + judge.heard_len, data, len);
    judge.heard_len += len;
    if (!judge.chosen && judge.heard_len >= FRAME_HEAD) {
        judge.chosen = 1;
        judge.http2 = memcmp(judge.heard, "HTTP/1.1 ", 9) != 0;
    }
    while (judge.chosen && !judge.blind && (used = judge.http2 ? hear_http2() : hear_http1()) > 0) {
        memmove(judge.heard, judge.heard + used, judge.heard_len - used);
        judge.heard_len -= used;
    }
}
