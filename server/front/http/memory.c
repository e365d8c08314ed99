/* memory.c: what connections hold, and who goes when it is too much.
 *
 * libh2o counts what each thread holds: input, requests, answers that are not sent; the pipeline counts what
 * jobs hold. limits.memory_mib bounds the sum. At each turn a thread may grow by its part of what is left, so
 * that the sum keeps to the bound without anybody waiting; libh2o refuses what would go beyond it.
 *
 * Before it comes to that, something goes: what waits for a peer, be it the rest of a request, or that an
 * answer is taken. Its price is octets times the time that it has waited, so those who hold most for longest
 * go first, and an honest request, small and just begun, last. What waits for us, a complete request, is
 * never shed. A request that goes counts for its source as given up: who fills the memory again and again is
 * barred. An idle connection, whose TLS takes memory, or a handshake counts for nothing. */
#include "internal.h"

#include <h2o/http1.h>
#include <h2o/http2.h>
#include <h2o/http2_internal.h>
#include <sys/socket.h>

#include "server/base/log.h"

enum { PRICES = 64 }; /* powers of two */

/* struct shedding is one pass over what may go: first to sum up |octets| by price, then, with |from| set, to
 * shed what is not cheaper than that, until |wanted| octets are gone. */
struct shedding {
    struct front_thread *thread;
    uint64_t now_ms; /* of the clock that libh2o stamps requests with */
    uint64_t octets[PRICES];
    int from;
    uint64_t wanted, gone;
    unsigned streams, connections;
};

static uint64_t millis(struct timeval tv)
{
    return (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000;
}

/* goes adds |octets| that have waited for |since_ms| to the sums, or tells whether they are to be shed. */
static int goes(struct shedding *shedding, uint64_t octets, uint64_t waited_ms)
{
    uint64_t price = octets * (waited_ms + 1);
    int class = 63 - __builtin_clzll(price | 1);
    if (shedding->from == 0) {
        shedding->octets[class] += octets;
        return 0;
    }
    if (class < shedding->from || shedding->gone >= shedding->wanted)
        return 0;
    shedding->gone += octets;
    return 1;
}

static int is_arriving(const h2o_req_t *req)
{
    return req->timestamps.request_begin_at.tv_sec != 0 && req->processed_at.at.tv_sec == 0;
}

static size_t capacity(const h2o_buffer_t *buffer)
{
    return buffer != NULL && buffer->bytes != NULL ? buffer->capacity : 0;
}

/* idle_ms returns for how long |conn| has waited for its peer as a whole; 0 if it does not, or has requests
 * in our hands. */
static uint64_t idle_ms(const struct front_conn *conn)
{
    uint64_t now = h2o_now(conn->thread->ctx.loop);
    if (conn->requests > conn->unsent)
        return 0;
    return now - (conn->unsent > 0 ? conn->stalled_since : conn->idle_since) + 1;
}

/* shut_down ends |conn| at one of the next turns; until then it holds |octets|. */
static void shut_down(struct shedding *shedding, struct front_conn *conn, uint64_t octets)
{
    shedding->connections++;
    conn->shed = octets;
    shutdown(h2o_socket_get_fd(conn->sock), SHUT_RDWR);
}

static int look_at_http1(h2o_req_t *req, void *arg)
{
    struct shedding *shedding = arg;
    struct front_conn *conn = front_conn_of(req);
    if (conn == NULL || conn->shed > 0)
        return 0;
    front_conn_serves(conn);
    uint64_t octets = req->pool.held + h2o_socket_held_input(conn->sock) + (uint64_t)conn->tls;
    uint64_t waited = idle_ms(conn);
    if (is_arriving(req))
        waited = shedding->now_ms - millis(req->timestamps.request_begin_at) + 1;
    if (octets > 0 && waited > 0 && goes(shedding, octets, waited)) {
        if (!conn->is_proxy && (is_arriving(req) || conn->unsent > 0))
            front_conn_gave_up(conn, conn->source);
        shut_down(shedding, conn, octets);
    }
    return 0;
}

/* end_http2 ends |h2| at once, but for its last words over TLS. */
static void end_http2(struct shedding *shedding, struct front_conn *conn, h2o_http2_conn_t *h2)
{
    h2o_http2_stream_t *stream;

    kh_foreach_value(h2->streams, stream, {
        if (is_arriving(&stream->req))
            front_request_gave_up(conn, &stream->req);
    });
    if (!conn->is_proxy && conn->unsent > 0)
        front_conn_gave_up(conn, conn->source);
    shedding->connections++;
    conn->shed = (uint64_t)conn->tls;
    h2o_http2_conn_abort(h2);
}

static void look_at_http2(struct shedding *shedding, h2o_http2_conn_t *h2)
{
    struct front_conn *conn = h2->sock->on_close.data;
    front_conn_serves(conn);
    uint64_t whole = h2o_socket_held_input(h2->sock) + capacity(h2->_headers_unparsed) +
                     capacity(h2->_write.buf_in_flight) + (uint64_t)conn->tls;
    uint64_t waited = idle_ms(conn);
    h2o_http2_stream_t *stream;

    kh_foreach_value(h2->streams, stream, {
        uint64_t octets = sizeof *stream + stream->req.pool.held + capacity(stream->_req_body);
        uint64_t age = shedding->now_ms - millis(stream->req.timestamps.request_begin_at);
        if (stream->state >= H2O_HTTP2_STREAM_STATE_SEND_BODY) {
            whole += octets;
        } else if (is_arriving(&stream->req)) {
            /* Who has just begun to ask is not idle. */
            waited = age + 1 < waited ? age + 1 : waited;
            if (goes(shedding, octets, age)) {
                shedding->streams++;
                front_request_gave_up(conn, &stream->req);
                h2o_http2_conn_shed_stream(h2, stream);
            }
        }
    });
    if (whole > 0 && waited > 0 && goes(shedding, whole, waited))
        end_http2(shedding, conn, h2);
}

/* look_at_rest looks at a connection that libh2o has in no list: it was shed, or is in its handshake. */
static void look_at_rest(struct shedding *shedding, struct front_conn *conn)
{
    uint64_t octets = (uint64_t)conn->tls, now = h2o_now(conn->thread->ctx.loop);

    if (conn->shed > 0 && shedding->from == 0)
        shedding->wanted -= conn->shed < shedding->wanted ? conn->shed : shedding->wanted;
    else if (conn->shed == 0 && octets == FRONT_HANDSHAKE_OCTETS &&
             goes(shedding, octets, now - conn->idle_since + 1))
        shut_down(shedding, conn, octets);
}

static void look_at_all(struct shedding *shedding)
{
    h2o_context_t *ctx = &shedding->thread->ctx;
    ctx->globalconf->http1.callbacks.foreach_request(ctx, look_at_http1, shedding);
    for (h2o_linklist_t *node = ctx->http2._conns.next, *next; node != &ctx->http2._conns; node = next) {
        next = node->next;
        look_at_http2(shedding, H2O_STRUCT_FROM_MEMBER(h2o_http2_conn_t, _conns, node));
    }
    /* After the others, of which it is known then that their handshake is over. */
    for (h2o_linklist_t *node = shedding->thread->conns.next; node != &shedding->thread->conns;
         node = node->next)
        look_at_rest(shedding, H2O_STRUCT_FROM_MEMBER(struct front_conn, link, node));
}

static void shed(struct front_thread *thread, uint64_t wanted)
{
    struct shedding shedding = {.thread = thread, .wanted = wanted};
    uint64_t sum = 0, before = thread->account.held;
    int class = PRICES;

    shedding.now_ms = millis(*h2o_get_timestamp(&thread->ctx, NULL, NULL));
    look_at_all(&shedding);
    /* Where a handshake turned out to be over, less is held now. */
    before -= thread->account.held;
    shedding.wanted -= before < shedding.wanted ? before : shedding.wanted;
    while (class > 1 && sum < shedding.wanted)
        sum += shedding.octets[--class];
    shedding.from = class;
    if (shedding.wanted > 0)
        look_at_all(&shedding);
    if (shedding.now_ms - thread->shed_told_ms >= FRONT_SWEEP_MS && shedding.gone > 0) {
        thread->shed_told_ms = shedding.now_ms;
        log_line(
            LOG_WARN, "memory is short", log_number("limits.memory_mib", thread->front->limits.memory_mib),
            log_number("held_mib", thread->account.held >> 20), log_number("shed_streams", shedding.streams),
            log_number("shed_connections", shedding.connections));
    }
}

void front_body_taken(h2o_req_t *req)
{
    if (req->version < 0x200)
        return; /* it lies in the input, with what comes after it */
    h2o_http2_stream_t *stream = H2O_STRUCT_FROM_MEMBER(h2o_http2_stream_t, req, req);
    req->entity = h2o_iovec_init(NULL, 0);
    if (stream->_req_body != NULL)
        h2o_buffer_dispose(&stream->_req_body);
}

static uint64_t limit_of(const struct front *front)
{
    return (uint64_t)front->limits.memory_mib << 20;
}

/* held_by_all returns what all threads and jobs hold. */
static uint64_t held_by_all(const struct front *front)
{
    uint64_t total = pipeline_memory(front->pipeline);

    for (unsigned i = 0; i < front->thread_count; i++)
        total += __atomic_load_n(&front->threads[i].account.held, __ATOMIC_RELAXED);
    return total;
}

void front_memory_left(struct front_thread *thread)
{
    uint64_t limit = limit_of(thread->front), total = held_by_all(thread->front);
    unsigned threads = thread->front->thread_count > 1 ? thread->front->thread_count : 1;

    thread->lent = 0;
    thread->account.max = thread->account.held + (total < limit ? (limit - total) / threads : 0);
}

void front_memory_turn(struct front_thread *thread)
{
    uint64_t limit = limit_of(thread->front), total = held_by_all(thread->front);
    uint64_t own = thread->account.held;

    /* By the MiB: their product fits. */
    if (total > limit / FRONT_SHED_PARTS * (FRONT_SHED_PARTS - 1))
        shed(thread,
             ((total - limit / FRONT_SHED_PARTS * (FRONT_SHED_PARTS - 2)) >> 20) * own / ((total >> 20) + 1));
    front_memory_left(thread);
}

int front_has_room_for_job(struct front_thread *thread, size_t octets)
{
    return h2o_mem_has_room(thread->lent + octets);
}

void front_job_taken(struct front_thread *thread, const struct job *job)
{
    thread->lent += arena_taken(job->arena);
}
