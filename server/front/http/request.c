/* request.c: requests to jobs, jobs to answers.
 *
 * Every body from a CMP path is a PKIMessage, also with 4xx and 5xx (RFC 9811 3.1: an HTTP error alone would
 * leave the client guessing). What libh2o answers by itself gets such a body by a filter. */
#include "internal.h"
#include "server/front/http/proxy.h"
#include "server/front/http/trace.h"

#include <h2o/http1.h>
#include <h2o/http2.h>
#include <h2o/http2_internal.h>
#include <limits.h>
#include <string.h>

#include "server/base/log.h"
#include "server/base/url_path.h"
#include "server/pipeline/metrics.h"

/* Bit numbers of PKIFailureInfo, RFC 9810 5.2.3. */
enum { FAIL_BAD_REQUEST = 2, FAIL_BAD_DATA_FORMAT = 5, FAIL_SYSTEM_UNAVAIL = 24 };

static const char media_type[] = "application/pkixcmp";

struct handler {
    h2o_handler_t super;
    struct front *front;
};

/* Tells our answers from libh2o's. An answer is given at once, so there is nothing to proceed with. */
static h2o_generator_t our_generator;

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        {200, "OK"},
        {201, "Created"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return status < 400 ? "OK" : "Error";
}

int front_is_method(const h2o_req_t *req, const char *method)
{
    return h2o_memis(req->method.base, req->method.len, method, strlen(method));
}

/* ---- answers ---- */

/* front_say_goodbye ends a connection after this answer: HTTP/1 by a header; HTTP/2 by GOAWAY, which
 * connections from before the draining have had already. */
void front_say_goodbye(const struct front_conn *conn, h2o_req_t *req)
{
    if (req->version < 0x200) {
        req->http1_is_persistent = 0;
        return;
    }
    h2o_http2_conn_t *h2 = (h2o_http2_conn_t *)req->conn;
    if (!conn->late || h2->state != H2O_HTTP2_CONN_STATE_OPEN)
        return;
    h2o_http2_encode_goaway_frame(&h2->_write.buf, h2->pull_stream_ids.max_open, H2O_HTTP2_ERROR_NONE,
                                  h2o_iovec_init(H2O_STRLIT("shutting down")));
    h2o_http2_conn_request_write(h2);
    h2->state = H2O_HTTP2_CONN_STATE_HALF_CLOSED;
}

static void add_header(h2o_req_t *req, const h2o_token_t *name, const char *value)
{
    h2o_add_header(&req->pool, &req->res.headers, name, NULL, value, strlen(value));
}

/* A PKIMessage is 200, whatever it says (RFC 9811 3.1). What was announced is 201 when it is stored, "or was
 * already present", and there is a suitable 4xx or 5xx "when a problem occurs" (RFC 9811 3.5). */
static int status_of(enum job_end end)
{
    static const int statuses[] = {[JOB_ANSWERED] = 200,  [JOB_UNREADABLE] = 400, [JOB_NO_ROUTE] = 404,
                                   [JOB_BUSY] = 503,      [JOB_NO_KEY] = 503,     [JOB_STORED] = 201,
                                   [JOB_FORBIDDEN] = 403, [JOB_REFUSED] = 400,    [JOB_NOT_NOW] = 503};

    return statuses[end];
}

void front_answer(h2o_req_t *req, int status, const char *content_type, struct bytes body)
{
    struct front_conn *conn = front_conn_of(req);
    h2o_iovec_t copy =
        body.len > 0 ? h2o_strdup(&req->pool, (const char *)body.data, body.len) : h2o_iovec_init(NULL, 0);

    if (conn != NULL && conn->thread->state >= FRONT_DRAINING)
        front_say_goodbye(conn, req);
    req->res.status = status;
    req->res.reason = reason_phrase(status);
    req->res.content_length = body.len;
    add_header(req, H2O_TOKEN_CACHE_CONTROL, "no-store");
    if (body.len > 0)
        add_header(req, H2O_TOKEN_CONTENT_TYPE, content_type);
    h2o_start_response(req, &our_generator);
    h2o_send(req, &copy, copy.len > 0 && !front_is_method(req, "HEAD") ? 1 : 0, H2O_SEND_STATE_FINAL);
}

/* answer_kept gives an answer that caches may keep. Its body is copied. */
static void answer_kept(h2o_req_t *req, const struct front_page *page)
{
    h2o_iovec_t copy = h2o_iovec_init(NULL, 0);
    int has_content = !front_begin_kept(req, page) && !front_is_method(req, "HEAD");

    if (has_content)
        copy = h2o_strdup(&req->pool, (const char *)page->body.data, page->body.len);
    h2o_start_response(req, &our_generator);
    h2o_send(req, &copy, copy.len > 0 ? 1 : 0, H2O_SEND_STATE_FINAL);
}

int front_answer_page(h2o_req_t *req, const struct front_page *page)
{
    if (page->release != NULL)
        front_send_document(req, page);
    else if (page->tag != NULL)
        answer_kept(req, page);
    else
        front_answer(req, page->status, page->content_type, page->body);
    return 0;
}

/* build_refusal returns an unprotected CMP error in the pool of |req|; empty without memory. */
static struct bytes build_refusal(h2o_req_t *req, struct bytes request, unsigned fail_info, const char *text)
{
    struct bytes body = {NULL, 0};
    struct job job = {.arena = arena_new(FRONT_REFUSAL_ARENA), .request = request};
    if (job.arena == NULL)
        return body;
    pipeline_refuse(&job, JOB_BUSY, fail_info, text);
    if (job.reply.len > 0) {
        h2o_iovec_t copy = h2o_strdup(&req->pool, (const char *)job.reply.data, job.reply.len);
        body = bytes_of(copy.base, copy.len);
    }
    arena_free(job.arena);
    return body;
}

static int refuse(h2o_req_t *req, struct bytes request, int status, unsigned fail_info, const char *text)
{
    front_answer(req, status, media_type, build_refusal(req, request, fail_info, text));
    return 0;
}

/* ---- the filter for what libh2o answers by itself ---- */

struct replacement {
    h2o_ostream_t super;
    h2o_iovec_t body;
};

static void send_replacement(h2o_ostream_t *self, h2o_req_t *req, h2o_iovec_t *bufs, size_t bufcnt,
                             h2o_send_state_t state)
{
    struct replacement *replacement = (struct replacement *)self;
    (void)bufs;
    (void)bufcnt; /* the text that nobody shall read */
    h2o_ostream_send_next(self, req, &replacement->body, replacement->body.len > 0 ? 1 : 0, state);
}

static const char *text_of(int status)
{
    switch (status) {
    case 413:
        return "the message is too large";
    case 431:
        return "the HTTP header is too large";
    case 503:
        return "the server has no memory left; try again later";
    default:
        return "not a valid HTTP request";
    }
}

/* forgive begins anew what libh2o holds against a connection as a whole (streams that were reset or refused,
 * frames of nothing): one of a proxy carries the requests of many, who must not end it for each other. */
static void forgive(const struct front_conn *conn, h2o_req_t *req)
{
    if (conn == NULL || !conn->is_proxy || req->version < 0x200)
        return;
    h2o_http2_conn_t *h2 = (h2o_http2_conn_t *)req->conn;
    h2->_resets.count = h2->_empty_frames.count = 0;
}

static void on_setup_ostream(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
    (void)self;
    if (req->_generator != &our_generator && !front_sends_document(req)) {
        struct front_conn *conn = front_conn_of(req);
        forgive(conn, req);
        /* A lack of memory is no fault of the peer. */
        if (conn != NULL && req->res.status != 503 && !front_conn_answered(conn))
            req->http1_is_persistent = 0;
        struct bytes body = {NULL, 0};
        if (!front_is_method(req, "HEAD"))
            body = build_refusal(req, body, req->res.status == 503 ? FAIL_SYSTEM_UNAVAIL : FAIL_BAD_REQUEST,
                                 text_of(req->res.status));
        memset(&req->res.headers, 0, sizeof req->res.headers);
        req->res.content_length = body.len;
        if (body.len > 0)
            add_header(req, H2O_TOKEN_CONTENT_TYPE, media_type);
        if (req->res.status == 503)
            add_header(req, H2O_TOKEN_RETRY_AFTER, "5");
        struct replacement *replacement =
            (struct replacement *)h2o_add_ostream(req, sizeof *replacement, slot);
        replacement->super.do_send = send_replacement;
        replacement->body = h2o_iovec_init(body.data, body.len);
        slot = &replacement->super.next;
    }
    h2o_setup_next_ostream(req, slot);
}

/* client_of tells whose request |req| is: of a trusted proxy, of the client that the last element of its last
 * Forwarded field names, if it names one. */
static struct address client_of(const struct front_conn *conn, const h2o_req_t *req)
{
    struct address client = conn->client;
    ssize_t at = -1, last = -1;

    if (!conn->is_proxy)
        return client;
    while ((at = h2o_find_header_by_str(&req->headers, H2O_STRLIT("forwarded"), at)) >= 0)
        last = at;
    if (last >= 0) {
        h2o_iovec_t value = req->headers.entries[last].value;
        if (!proxy_forwarded(&client, bytes_of(value.base, value.len)))
            client = conn->client;
    }
    return client;
}

/* trace_of returns the trace that |req| belongs to, or nothing: two fields are none (W3C Trace Context 3.2).
 */
static struct bytes trace_of(const h2o_req_t *req)
{
    static const char name[] = "traceparent";
    ssize_t at = h2o_find_header_by_str(&req->headers, name, sizeof name - 1, -1);

    if (at < 0 || h2o_find_header_by_str(&req->headers, name, sizeof name - 1, at) >= 0)
        return bytes_of(NULL, 0);
    return trace_parent(bytes_of(req->headers.entries[at].value.base, req->headers.entries[at].value.len));
}

/* log_lost tells of a request for a path that leads nowhere: most are written wrong in a device's settings.
 */
static void log_lost(struct bytes host, struct bytes peer, struct bytes trace, struct bytes path,
                     const char *text)
{
    if (log_take("path not served", host))
        log_line(LOG_WARN, "path not served", log_octets("path", path), log_text("text", text),
                 log_word_of("peer", peer), log_word_if_any("traceparent", trace));
}

/* ---- requests and their slots ---- */

static void slot_take(struct front_thread *thread, struct front_request *request)
{
    request->slot = thread->free_slot;
    thread->free_slot = thread->slots[request->slot].next_free;
    thread->slots[request->slot].request = request;
    thread->slots_used++;
    request->waiting = 1;
}

static void slot_release(struct front_thread *thread, struct front_request *request)
{
    struct front_slot *slot = &thread->slots[request->slot];
    slot->request = NULL;
    slot->job = NULL;
    slot->generation++;
    slot->next_free = thread->free_slot;
    thread->free_slot = request->slot;
    thread->slots_used--;
    request->waiting = 0;
}

static void on_request_gone(void *arg)
{
    struct front_request *request = arg;
    struct front_conn *conn = request->conn;
    if (request->waiting) {
        struct job *job = conn->thread->slots[request->slot].job;
        pipeline_abandon(job);
        front_conn_gave_up(conn, job->source);
        slot_release(conn->thread, request);
    }
    if (request->answered)
        conn->unsent--;
    conn->requests--;
    conn->idle_since = conn->stalled_since = h2o_now(conn->thread->ctx.loop);
}

void front_note_answer(struct front_request *request)
{
    struct front_conn *conn = request->conn;
    request->answered = 1;
    if (conn->unsent++ == 0)
        conn->stalled_since = h2o_now(conn->thread->ctx.loop);
}

/* on_done is called by a thread of the pipeline. The front may be stopping: |posting| and |closed| see to it
 * that either the front's thread finds the job in its inbox, or it is freed here. */
static void on_done(struct job *job)
{
    struct front_mail *mail = job->front;
    struct front_thread *thread = mail->thread;
    struct front *front = thread->front;

    atomic_fetch_add(&thread->posting, 1);
    if (atomic_load(&thread->closed)) {
        pipeline_job_free(front->pipeline, job);
    } else {
        mail->next = atomic_load(&thread->inbox);
        while (!atomic_compare_exchange_weak(&thread->inbox, &mail->next, mail))
            ;
        loop_wake(thread->loop);
    }
    atomic_fetch_sub(&thread->posting, 1);
    front_release(front);
}

/* take_mail returns the inbox's jobs, the oldest first. */
static struct front_mail *take_mail(struct front_thread *thread)
{
    struct front_mail *newest = atomic_exchange(&thread->inbox, NULL), *oldest = NULL;
    while (newest != NULL) {
        struct front_mail *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

void front_take_replies(struct front_thread *thread)
{
    struct front_mail *mail = take_mail(thread);
    while (mail != NULL) {
        struct job *job = mail->job;
        struct front_slot *slot = &thread->slots[job->slot];
        mail = mail->next;
        if (slot->generation == job->generation && slot->request != NULL) {
            struct front_request *request = slot->request;
            slot_release(thread, request);
            front_note_answer(request);
            if (job->end == JOB_NO_ROUTE)
                log_lost(job->host, job->peer, job->trace, job->path,
                         "no profile or operation has this path");
            if (request->exchange != NULL)
                front_answer_exchange(request, job);
            else
                front_answer(request->req, status_of(job->end), media_type, job->reply);
        }
        pipeline_job_free(thread->front->pipeline, job);
        front_memory_left(thread); /* answers by the hundred, which somebody may not take */
    }
}

void front_free_replies(struct front_thread *thread)
{
    struct front_mail *mail = take_mail(thread);
    while (mail != NULL) {
        struct job *job = mail->job;
        mail = mail->next;
        pipeline_job_free(thread->front->pipeline, job);
    }
}

unsigned front_cut_off(struct front_thread *thread)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < thread->front->limits.jobs && thread->slots_used > 0; i++) {
        struct front_request *request = thread->slots[i].request;
        if (request == NULL)
            continue;
        slot_release(thread, request);
        front_note_answer(request);
        if (request->exchange != NULL)
            front_answer_last(request, &(struct front_question){.by_get = 0});
        else
            refuse(request->req, bytes_of(NULL, 0), 503, FAIL_SYSTEM_UNAVAIL, "the server is stopping");
        count++;
    }
    return count;
}

/* ---- the handler ---- */

/* path_of returns the path of the URL without its query. A proxy's client sends the whole URL (RFC
 * 9112 3.2.2). */
static struct bytes path_of(const h2o_req_t *req)
{
    const char *path = req->path.base;
    size_t len = req->query_at != SIZE_MAX && req->query_at < req->path.len ? req->query_at : req->path.len;
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t scheme_len = strlen(schemes[i]);
        if (len < scheme_len || strncasecmp(path, schemes[i], scheme_len) != 0)
            continue;
        const char *slash = memchr(path + scheme_len, '/', len - scheme_len);
        if (slash == NULL)
            return bytes_str("/");
        return bytes_of(slash, len - (size_t)(slash - path));
    }
    return bytes_of(path, len);
}

/* normal_path returns the path of |req| in its normal form, by which alone pages and profiles are found;
 * empty with |*why| set if it has none. */
static struct bytes normal_path(h2o_req_t *req, const char **why)
{
    struct bytes path = path_of(req);
    char *normal = h2o_mem_alloc_pool(&req->pool, path.len + 1);

    return bytes_of(normal, url_path_normalize(normal, why, path));
}

/* A path that ends in a slash is that of what is below it. */
static int is_at(const struct front_handler *handler, struct bytes path)
{
    size_t len = strlen(handler->path);

    if (handler->path[len - 1] == '/')
        return path.len > len && memcmp(path.data, handler->path, len) == 0;
    return bytes_equal(path, bytes_str(handler->path));
}

static const struct front_handler *find_page(const struct front *front, unsigned serves, struct bytes path)
{
    for (size_t i = 0; i < front->handler_count; i++)
        if ((front->handlers[i].service & serves) != 0 && is_at(&front->handlers[i], path))
            return &front->handlers[i];
    return NULL;
}

int front_has_type(const h2o_req_t *req, const char *const types[])
{
    ssize_t at = h2o_find_header(&req->headers, H2O_TOKEN_CONTENT_TYPE, -1);
    if (at < 0)
        return 0;
    h2o_iovec_t value = req->headers.entries[at].value;
    const char *end = memchr(value.base, ';', value.len);
    size_t len = end != NULL ? (size_t)(end - value.base) : value.len;
    while (len > 0 && (value.base[len - 1] == ' ' || value.base[len - 1] == '\t'))
        len--;
    for (size_t i = 0; types[i] != NULL; i++)
        if (len == strlen(types[i]) && strncasecmp(value.base, types[i], len) == 0)
            return 1;
    return 0;
}

static int has_cmp_type(const h2o_req_t *req)
{
    static const char *const types[] = {"application/pkixcmp", "application/pkixcmp-poll",
                                        "application/x-pkixcmp", NULL};

    return front_has_type(req, types);
}

static int serve_page(h2o_req_t *req, const struct front_handler *page, struct bytes path)
{
    struct front_page out = {.status = 500, .content_type = "text/plain"};
    ssize_t at = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT, -1);
    struct front_ask ask = {.path = path};

    if (at >= 0)
        ask.accept = bytes_of(req->headers.entries[at].value.base, req->headers.entries[at].value.len);
    page->handle(page->arg, &ask, &out);
    return front_answer_page(req, &out);
}

static int refuse_method(h2o_req_t *req, const char *allow)
{
    h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("allow"), 0, NULL, allow, strlen(allow));
    return refuse(req, bytes_of(NULL, 0), 405, FAIL_BAD_REQUEST, "CMP messages are sent by POST");
}

/* refuse_path answers a request whose path leads nowhere, as this thread knows by itself. */
static int refuse_path(h2o_req_t *req, const struct front_conn *conn, const char *text)
{
    struct address client = client_of(conn, req), host;
    char peer[ADDRESS_TEXT_MAX], source[ADDRESS_TEXT_MAX];

    address_host(&host, &client);
    log_lost(bytes_str(address_text(source, &host)), bytes_str(address_text(peer, &client)), trace_of(req),
             path_of(req), text);
    return refuse(req, bytes_of(NULL, 0), 404, FAIL_BAD_REQUEST, text);
}

void front_request_gave_up(struct front_conn *conn, const h2o_req_t *req)
{
    struct address client = client_of(conn, req);

    if (conn->is_proxy && address_equal(&client, &conn->client))
        return;
    struct ledger_source *source = front_source(conn->thread->front, &client);
    front_conn_gave_up(conn, source);
    ledger_unpin(source);
}

/* new_job returns a job of |source| for a message of |octets|, or NULL with |*why| set. */
static struct job *new_job(struct front_thread *thread, struct ledger_source *source, size_t octets,
                           const char **why)
{
    struct job *job = NULL;

    if (!front_has_room_for_job(thread, octets)) {
        pipeline_count_overload(OVERLOAD_MEMORY);
        *why = "the message needs more memory than there is";
    } else if (front_gives_up_too_often(source)) {
        pipeline_count_overload(OVERLOAD_GIVEN_UP);
        *why = "too many requests from this address were given up: try again later";
    } else
        job = pipeline_job(thread->front->pipeline, source, why);
    atomic_fetch_add_explicit(&source->octets, octets, memory_order_relaxed);
    if (job == NULL)
        ledger_happened(&source->refusals, FRONT_LATELY_SECONDS, ledger_now());
    return job;
}

/* refuse_busy answers a request that no job can be made of now. */
static int refuse_busy(struct front_request *request, const struct front_question *question, const char *why)
{
    front_note_answer(request);
    add_header(request->req, H2O_TOKEN_RETRY_AFTER, "5");
    if (request->exchange != NULL)
        return front_answer_last(request, question);
    return refuse(request->req, question->octets, 503, FAIL_SYSTEM_UNAVAIL, why);
}

static struct job *make_job(struct front_request *request, struct bytes octets, struct bytes path,
                            const char **why)
{
    struct front_thread *thread = request->conn->thread;
    struct address client = client_of(request->conn, request->req), host;
    struct ledger_source *source = front_source(thread->front, &client);
    struct job *job = new_job(thread, source, octets.len, why);
    struct front_mail *mail = job != NULL ? arena_alloc(job->arena, sizeof *mail) : NULL;
    char peer[ADDRESS_TEXT_MAX], source_text[ADDRESS_TEXT_MAX];
    struct bytes trace;

    ledger_unpin(source); /* the job has a pin of its own */
    if (job == NULL)
        return NULL;
    job->transport = request->conn->tls_context != NULL ? JOB_BY_HTTPS : JOB_BY_HTTP;
    job->kind = request->exchange != NULL ? request->exchange->kind : JOB_CMP;
    job->request = arena_copy(job->arena, octets);
    job->path = arena_copy(job->arena, path);
    job->peer = arena_copy(job->arena, bytes_str(address_text(peer, &client)));
    address_host(&host, &client);
    job->host = arena_copy(job->arena, bytes_str(address_text(source_text, &host)));
    trace = trace_of(request->req);
    job->trace = arena_copy(job->arena, trace);
    job->on_done = on_done;
    job->front = mail;
    if (mail == NULL || job->request.data == NULL || (job->path.data == NULL && path.len > 0) ||
        job->peer.data == NULL || job->host.data == NULL || (job->trace.data == NULL && trace.len > 0)) {
        pipeline_job_free(thread->front->pipeline, job);
        *why = "the message needs more memory than there is";
        return NULL;
    }
    *mail = (struct front_mail){.thread = thread, .job = job};
    return job;
}

int front_submit(struct front_request *request, const struct front_question *question, struct bytes octets,
                 struct bytes path)
{
    struct front_thread *thread = request->conn->thread;
    struct front *front = thread->front;
    const char *why = "";
    struct job *job = make_job(request, octets, path, &why);

    if (job == NULL)
        return refuse_busy(request, question, why);
    front_job_taken(thread, job);
    slot_take(thread, request);
    thread->slots[request->slot].job = job;
    job->slot = request->slot;
    job->generation = thread->slots[request->slot].generation;
    atomic_fetch_add(&front->holders, 1);
    if (pipeline_submit(front->pipeline, job)) {
        front_body_taken(request->req);
        return 0;
    }
    front_release(front);
    slot_release(thread, request);
    pipeline_job_free(front->pipeline, job);
    return refuse_busy(request, question, "the server is overloaded: try again later");
}

/* What takes no worker takes this thread, which all share. A pipeline of such requests ends here. */
void front_note_own_answer(struct front_request *request)
{
    front_note_answer(request);
    if (!front_conn_answered(request->conn))
        request->req->http1_is_persistent = 0;
}

static int on_request(h2o_handler_t *handler, h2o_req_t *req)
{
    struct front *front = ((struct handler *)handler)->front;
    const char *lost = NULL;
    struct bytes path = normal_path(req, &lost), body = bytes_of(req->entity.base, req->entity.len);
    struct front_request *request = h2o_mem_alloc_shared(&req->pool, sizeof *request, on_request_gone);
    *request = (struct front_request){.req = req, .conn = front_conn_of(req)};
    request->conn->requests++;
    forgive(request->conn, req);
    front_conn_serves(request->conn);

    unsigned serves = request->conn->accept->serves;
    struct bytes rest;
    const struct front_exchange *exchange = front_find_exchange(front, serves, path_of(req), &rest);
    if (exchange != NULL)
        return front_serve_exchange(request, exchange, rest);
    int takes_cmp = (serves & CONFIG_SERVE_CMP) != 0;
    const struct front_handler *page = find_page(front, serves, path);
    if (takes_cmp && lost == NULL && front_is_method(req, "POST") && page == NULL && has_cmp_type(req) &&
        body.len > 0 && body.len <= front->limits.message_bytes)
        return front_submit(request, &(struct front_question){.octets = body}, body, path);

    front_note_own_answer(request);
    if (page != NULL && (front_is_method(req, "GET") || front_is_method(req, "HEAD")))
        return serve_page(req, page, path);
    if (!takes_cmp && page == NULL)
        return refuse_path(req, request->conn, "this address does not serve that");
    if (!front_is_method(req, "POST") || page != NULL)
        return refuse_method(req, page != NULL ? "GET, HEAD" : "POST");
    if (lost != NULL)
        return refuse_path(req, request->conn, lost);
    if (!has_cmp_type(req))
        return refuse(req, body, 415, FAIL_BAD_REQUEST,
                      "the content type of a CMP message is application/pkixcmp");
    if (body.len == 0)
        return refuse(req, body, 400, FAIL_BAD_DATA_FORMAT, "the request has no body");
    return refuse(req, body, 413, FAIL_BAD_REQUEST, "the message is too large");
}

static void on_violation(const char *what)
{
    log_line(LOG_ERROR, "a connection is in a state that must not be, and ends",
             log_text("libh2o_http2", what));
}

void front_http_init(struct front *front)
{
    const struct config_limits *limits = &front->limits;
    h2o_globalconf_t *global = &front->global;

    h2o_on_violation = on_violation;
    h2o_config_init(global);
    global->server_name = h2o_iovec_init("", 0);
    /* A little more than allowed is read, so that HTTP/2, too, gets an answer to it instead of a reset. */
    global->max_request_entity_size = (size_t)limits->message_bytes + limits->message_bytes / 4;
    global->max_request_header_size = limits->header_bytes;
    global->max_request_header_fields = FRONT_FIELDS_MAX;
    global->handshake_timeout = (uint64_t)limits->read_seconds * 1000;
    global->http1.req_timeout =
        ((uint64_t)limits->idle_seconds + limits->read_seconds) * 1000 + FRONT_IDLE_GRACE_MS;
    global->http1.upgrade_to_http2 = 1; /* what makes libh2o recognise HTTP/2 by prior knowledge */
    global->http2.idle_timeout = (uint64_t)limits->idle_seconds * 1000;
    global->http2.max_concurrent_requests_per_connection = limits->streams;
    global->http2.max_resets_per_minute = limits->resets;
    global->http2.max_empty_frames_per_minute = FRONT_EMPTIES_MAX;
    global->http2.on_flood = front_conn_flooded;
    /* Pacing by readiness to write; the io_uring loop has no such thing. */
    global->http2.latency_optimization.min_rtt = UINT_MAX;

    h2o_hostconf_t *host = h2o_config_register_host(global, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    struct handler *handler = (struct handler *)h2o_create_handler(&host->fallback_path, sizeof *handler);
    handler->super.on_req = on_request;
    handler->front = front;
    h2o_filter_t *filter = h2o_create_filter(&host->fallback_path, sizeof *filter);
    filter->on_setup_ostream = on_setup_ostream;
}

void front_http_cleanup(struct front *front)
{
    h2o_config_dispose(&front->global);
}
