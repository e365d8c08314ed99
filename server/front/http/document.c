/* document.c: answers that are sent from where they are, piece by piece, with what caches ask for (RFC
 * 9110 8.8 and 13, RFC 9111 5.2). */
#include <string.h>
#include <time.h>

#include "internal.h"

/* What is given to libh2o at a time: a peer who does not read holds no more. TLS makes a copy of it. */
enum { PIECE = 64 * 1024, DATE_MAX = H2O_TIMESTR_RFC1123_LEN + 1 };

/* struct download is a document on its way. It goes with its request. */
struct download {
    h2o_generator_t super;
    h2o_linklist_t link; /* among those of its thread */
    struct front_conn *conn;
    struct front_page page;
    size_t sent;
};

static void on_download_gone(void *arg)
{
    struct download *download = arg;

    if (h2o_linklist_is_linked(&download->link))
        h2o_linklist_unlink(&download->link);
    download->page.release(download->page.held);
}

/* A stream that stands still calls nobody, so this looks. HTTP/2 loses the connection, too. */
void front_end_withdrawn(struct front_thread *thread)
{
    for (h2o_linklist_t *node = thread->downloads.next; node != &thread->downloads; node = node->next) {
        const struct download *download = H2O_STRUCT_FROM_MEMBER(struct download, link, node);
        if (download->page.is_withdrawn(download->page.held))
            front_conn_shut(download->conn);
    }
}

static void send_piece(h2o_generator_t *self, h2o_req_t *req)
{
    struct download *download = (struct download *)self;
    struct bytes body = download->page.body;
    size_t rest = body.len - download->sent, len = rest < PIECE ? rest : PIECE;
    h2o_iovec_t piece = h2o_iovec_init(body.data + download->sent, len);

    download->sent += len;
    /* Who takes a piece after the other does not stand still. */
    if (download->conn != NULL)
        download->conn->stalled_since = h2o_now(download->conn->thread->ctx.loop);
    h2o_send(req, &piece, len != 0,
             download->sent == body.len ? H2O_SEND_STATE_FINAL : H2O_SEND_STATE_IN_PROGRESS);
}

int front_sends_document(const h2o_req_t *req)
{
    return req->_generator != NULL && req->_generator->proceed == send_piece;
}

static const char *date_of(h2o_req_t *req, int64_t at)
{
    char *text = h2o_mem_alloc_pool(&req->pool, DATE_MAX);
    time_t seconds = (time_t)at;
    struct tm tm;

    gmtime_r(&seconds, &tm);
    h2o_time2str_rfc1123(text, &tm);
    text[H2O_TIMESTR_RFC1123_LEN] = 0;
    return text;
}

static void add(h2o_req_t *req, const h2o_token_t *name, const char *value)
{
    h2o_add_header(&req->pool, &req->res.headers, name, NULL, value, strlen(value));
}

static void add_caching(h2o_req_t *req, const struct front_page *page)
{
    int64_t until = page->fresh_until != 0 ? page->fresh_until : page->expires;
    int64_t left = until - (int64_t)time(NULL);
    const char *directives = page->directives != NULL ? page->directives : "";
    size_t room = strlen(directives) + 64;
    char *control = h2o_mem_alloc_pool(&req->pool, room);

    snprintf(control, room, "public, max-age=%lld%s", (long long)(until != 0 && left > 0 ? left : 0),
             directives);
    add(req, H2O_TOKEN_ETAG, page->tag);
    add(req, H2O_TOKEN_LAST_MODIFIED, date_of(req, page->modified));
    add(req, H2O_TOKEN_CACHE_CONTROL, control);
    if (page->expires != 0)
        add(req, H2O_TOKEN_EXPIRES, date_of(req, page->expires));
}

static int names_tag(h2o_iovec_t value, const char *tag)
{
    size_t len = strlen(tag);

    if (value.len == 1 && value.base[0] == '*')
        return 1;
    for (size_t i = 0; i + len <= value.len; i++)
        if (memcmp(value.base + i, tag, len) == 0)
            return 1;
    return 0;
}

/* RFC 9110 13.2.2: If-None-Match, one list in however many lines (5.3), decides, and If-Modified-Since where
 * there is none. */
static int is_known(h2o_req_t *req, const struct front_page *page)
{
    ssize_t at = -1;
    struct tm tm;
    int has_list = 0;

    while ((at = h2o_find_header(&req->headers, H2O_TOKEN_IF_NONE_MATCH, at)) >= 0) {
        has_list = 1;
        if (names_tag(req->headers.entries[at].value, page->tag))
            return 1;
    }
    if (has_list)
        return 0;
    at = h2o_find_header(&req->headers, H2O_TOKEN_IF_MODIFIED_SINCE, -1);
    return at >= 0 &&
           h2o_time_parse_rfc1123(req->headers.entries[at].value.base, req->headers.entries[at].value.len,
                                  &tm) == 0 &&
           (int64_t)timegm(&tm) >= page->modified;
}

int front_begin_kept(h2o_req_t *req, const struct front_page *page)
{
    const struct front_conn *conn = front_conn_of(req);
    int known = page->tag != NULL && is_known(req, page);

    if (conn != NULL && conn->thread->state >= FRONT_DRAINING)
        front_say_goodbye(conn, req);
    req->res.status = known ? 304 : page->status;
    req->res.reason = known ? "Not Modified" : "OK";
    if (page->tag != NULL)
        add_caching(req, page);
    else
        add(req, H2O_TOKEN_CACHE_CONTROL, "no-store");
    if (!known) {
        req->res.content_length = page->body.len;
        add(req, H2O_TOKEN_CONTENT_TYPE, page->content_type);
    }
    return known;
}

void front_send_document(h2o_req_t *req, const struct front_page *page)
{
    struct download *download = h2o_mem_alloc_shared(&req->pool, sizeof *download, on_download_gone);

    *download =
        (struct download){.super = {.proceed = send_piece}, .conn = front_conn_of(req), .page = *page};
    if (download->conn != NULL)
        h2o_linklist_insert(&download->conn->thread->downloads, &download->link);
    if (front_begin_kept(req, page) || h2o_memis(req->method.base, req->method.len, H2O_STRLIT("HEAD")))
        download->sent = page->body.len;
    h2o_start_response(req, &download->super);
    send_piece(&download->super, req);
}
