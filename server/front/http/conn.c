/* conn.c: connections: how many there may be, and how long each may take.
 *
 * libh2o has one time limit for "idle and reading" of HTTP/1 and one that any octet restarts for HTTP/2. Ours
 * are looked at once a second, for every connection: idle without a request; a request that arrives too
 * slowly; an answer that is not taken. Beyond it the socket is shut down, and libh2o finds out by itself. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

#include "crypto/random.h"
#include "server/base/bounds.h"
#include "server/base/log.h"
#include "server/front/http/proxy.h"

enum {
    PROVED_FACTOR = 10,
    GREEDY_LEAST = 8, /* who has no more connections than that never has to give way */
};

void front_conn_shut(const struct front_conn *conn)
{
    shutdown(h2o_socket_get_fd(conn->sock), SHUT_RDWR);
}

struct ledger_source *front_source(struct front *front, const struct address *client)
{
    return ledger_pin(pipeline_ledger(front->pipeline), keyed_hash(front->source_key, address_source(client)),
                      ledger_now());
}

/* Whose connection |conn| is. What one address does at the listeners of base stations takes nothing from its
 * health checks, which come to another: a load balancer that is not trusted is one address with all its
 * stations. */
static struct ledger_source *source_of(const struct front_conn *conn)
{
    static const uint64_t elsewhere = 0x9e3779b97f4a7c15;
    const struct front *front = conn->thread->front;
    uint64_t id = keyed_hash(front->source_key, address_source(&conn->client));

    return ledger_pin(pipeline_ledger(front->pipeline),
                      (conn->accept->serves & CONFIG_SERVE_CMP) != 0 ? id : id ^ elsewhere, ledger_now());
}

static int is_proxy(const struct front *front, const struct address *peer)
{
    for (size_t i = 0; i < front->proxy_count; i++)
        if (address_in(peer, &front->proxies[i]))
            return 1;
    return 0;
}

/* is_within holds what |source| did lately against |bound|; who proved itself may do more. */
static int is_within(const struct ledger_source *source, const struct ledger_recent *recent, uint32_t bound,
                     uint32_t now)
{
    return ledger_lately(recent, FRONT_LATELY_SECONDS, now) <
           bound * (ledger_is_proved(source, now) ? PROVED_FACTOR : 1);
}

static void leave_source(struct front_conn *conn)
{
    if (conn->counted)
        ledger_give(&conn->source->connections);
    conn->counted = 0;
    ledger_unpin(conn->source);
    conn->source = NULL;
}

/* make_room closes idle connections of the sources of this thread that have the most, the oldest first.
 * Returns how many. One look at all connections makes room for many. */
static unsigned make_room(struct front_thread *thread)
{
    unsigned most = 0, closed = 0;

    for (h2o_linklist_t *node = thread->conns.next; node != &thread->conns; node = node->next) {
        const struct front_conn *conn = H2O_STRUCT_FROM_MEMBER(struct front_conn, link, node);
        unsigned has = conn->counted && conn->requests == 0 ? atomic_load(&conn->source->connections) : 0;
        if (has > most)
            most = has;
    }
    for (h2o_linklist_t *node = thread->conns.next;
         node != &thread->conns && most > GREEDY_LEAST && closed < BOUND_GIVE_WAY; node = node->next) {
        struct front_conn *conn = H2O_STRUCT_FROM_MEMBER(struct front_conn, link, node);
        if (!conn->counted || conn->requests != 0 || atomic_load(&conn->source->connections) <= most / 2)
            continue;
        leave_source(conn); /* so that the rest of a source stays when it has no more than others */
        conn->source = source_of(conn);
        front_conn_shut(conn);
        closed++;
    }
    return closed;
}

/* has_place returns 1 if all connections together leave one for |source|, for which others that have many may
 * have to give way. */
static int has_place(struct front_thread *thread, const struct ledger_source *source, uint32_t now)
{
    struct front *front = thread->front;
    unsigned own = atomic_load(&source->connections);

    if (atomic_load(&front->connections) <= ledger_share(source, own, front->limits.connections, now))
        return 1;
    if (own > GREEDY_LEAST)
        return 0;
    if (thread->room == 0)
        thread->room = make_room(thread);
    if (thread->room == 0)
        return 0;
    thread->room--;
    return 1;
}

/* enter_source makes |conn| one of its client's connections; 0 when the client may have no more. With
 * |is_bounded| 0 it only says whose it is: a proxy has as many as it needs, of all its clients. */
static int enter_source(struct front_conn *conn, int is_bounded)
{
    struct front *front = conn->thread->front;
    uint32_t now = ledger_now();

    conn->source = source_of(conn);
    if (!is_bounded)
        return atomic_load(&front->connections) <= front->limits.connections;
    if (!ledger_take(&conn->source->connections, front->limits.connections_per_source))
        return 0;
    conn->counted = 1;
    if (!has_place(conn->thread, conn->source, now))
        return 0;
    if (conn->accept->ctx.ssl_ctx != NULL &&
        !is_within(conn->source, &conn->source->handshakes, BOUND_HANDSHAKES, now))
        return 0;
    if (conn->accept->ctx.ssl_ctx != NULL)
        ledger_happened(&conn->source->handshakes, FRONT_LATELY_SECONDS, now);
    return is_within(conn->source, &conn->source->resets, BOUND_GIVEN_UP, now) &&
           is_within(conn->source, &conn->source->floods, BOUND_FLOODS, now) &&
           is_within(conn->source, &conn->source->answers, BOUND_OWN_ANSWERS, now);
}

/* charge adds to what the thread holds, which other threads read. */
static void charge(struct front_thread *thread, size_t octets)
{
    __atomic_store_n(&thread->account.held, thread->account.held + octets, __ATOMIC_RELAXED);
}

static void on_close(void *arg)
{
    struct front_conn *conn = arg;
    h2o_linklist_unlink(&conn->link);
    atomic_fetch_sub(&conn->thread->front->connections, 1);
    charge(conn->thread, -(size_t)conn->tls);
    leave_source(conn);
    front_tls_free(conn->tls_context);
    h2o_mem_free(conn);
}

/* reject closes a connection that is not served, before it has cost anything. */
static void reject(struct front_conn *conn)
{
    char peer[ADDRESS_TEXT_MAX];
    struct address host;

    address_host(&host, &conn->client);
    address_text(peer, &host);
    if (log_take("connection refused", bytes_str(peer)))
        log_line(
            LOG_WARN, "connection refused", log_word("peer", peer),
            log_number("connections", atomic_load(&conn->source->connections)),
            log_number("requests", atomic_load(&conn->source->requests)),
            log_number("refused", ledger_lately(&conn->source->refusals, FRONT_LATELY_SECONDS, ledger_now())),
            log_number("octets", atomic_load(&conn->source->octets)),
            log_text("text", "its source, or this node, has as many as it may"));
    ledger_happened(&conn->source->refusals, FRONT_LATELY_SECONDS, ledger_now());
    h2o_socket_close(conn->sock);
}

static void serve(struct front_conn *conn)
{
    conn->tls = conn->accept->ctx.ssl_ctx != NULL ? FRONT_HANDSHAKE_OCTETS : 0;
    charge(conn->thread, (size_t)conn->tls);
    conn->tls_context = front_tls_hold(conn->accept->ctx.ssl_ctx);
    conn->sock->data = NULL;
    h2o_accept(&conn->accept->ctx, conn->sock);
}

static void on_header(h2o_socket_t *sock, const char *err)
{
    struct front_conn *conn = sock->on_close.data;
    struct address before = conn->client;
    size_t len;
    int got =
        err == NULL ? proxy_header(&conn->client, &len, bytes_of(sock->input->bytes, sock->input->size)) : -1;

    if (got == 0)
        return;
    h2o_socket_read_stop(sock);
    if (got < 0) {
        h2o_socket_close(sock);
        return;
    }
    h2o_buffer_consume(&sock->input, len);
    conn->awaits_header = 0;
    conn->is_proxy = 0; /* it has said all; what comes now is a client's, or the proxy's own */
    if (!address_equal(&before, &conn->client)) {
        /* The connection is its client's, and bounded as such. */
        leave_source(conn);
        if (!enter_source(conn, 1)) {
            reject(conn);
            return;
        }
    }
    serve(conn);
}

void front_accepted(void *arg, h2o_socket_t *sock)
{
    struct front_accept *accept = arg;
    struct front_thread *thread = accept->thread;
    struct sockaddr_storage peer = {0};
    struct front_conn *conn = h2o_mem_alloc(sizeof *conn);

    *conn = (struct front_conn){
        .thread = thread,
        .accept = accept,
        .sock = sock,
        .idle_since = h2o_now(thread->ctx.loop),
        .late = thread->state >= FRONT_DRAINING,
    };
    h2o_socket_getpeername(sock, (struct sockaddr *)&peer);
    address_of_socket(&conn->client, (struct sockaddr *)&peer);
    conn->is_proxy = is_proxy(thread->front, &conn->client);
    atomic_fetch_add(&thread->front->connections, 1);
    h2o_linklist_insert(&thread->conns, &conn->link);
    sock->on_close.cb = on_close;
    sock->on_close.data = conn;
    if (!enter_source(conn, !conn->is_proxy) ||
        !h2o_mem_has_room(accept->ctx.ssl_ctx != NULL ? FRONT_HANDSHAKE_OCTETS : 1)) {
        reject(conn);
    } else if (accept->proxy_protocol && conn->is_proxy) {
        conn->awaits_header = 1;
        h2o_socket_read_start(sock, on_header);
    } else {
        serve(conn);
    }
}

struct front_conn *front_conn_of(const h2o_req_t *req)
{
    const h2o_socket_t *sock = req->conn->callbacks->get_socket(req->conn);
    return sock != NULL ? sock->on_close.data : NULL;
}

void front_shut_all(struct front_thread *thread)
{
    for (h2o_linklist_t *node = thread->conns.next; node != &thread->conns; node = node->next)
        front_conn_shut(H2O_STRUCT_FROM_MEMBER(struct front_conn, link, node));
}

int front_conn_answered(struct front_conn *conn)
{
    uint32_t now = ledger_now();

    ledger_happened(&conn->source->answers, FRONT_LATELY_SECONDS, now);
    if (conn->is_proxy || is_within(conn->source, &conn->source->answers, BOUND_OWN_ANSWERS, now))
        return 1;
    front_conn_shut(conn);
    return 0;
}

void front_conn_serves(struct front_conn *conn)
{
    if (conn->tls != FRONT_HANDSHAKE_OCTETS)
        return;
    charge(conn->thread, FRONT_TLS_OCTETS - (size_t)conn->tls);
    conn->tls = FRONT_TLS_OCTETS;
}

void front_conn_flooded(h2o_conn_t *h2)
{
    struct front_conn *conn = h2->callbacks->get_socket(h2)->on_close.data;
    char peer[ADDRESS_TEXT_MAX];
    struct address host;

    ledger_happened(&conn->source->floods, FRONT_LATELY_SECONDS, ledger_now());
    address_host(&host, &conn->client);
    address_text(peer, &host);
    if (log_take("connection ended", bytes_str(peer)))
        log_line(
            LOG_WARN, "connection ended", log_word("peer", peer),
            log_text("text", "streams that are reset, frames without content, or hundreds of header fields"));
}

int front_gives_up_too_often(const struct ledger_source *source)
{
    return !is_within(source, &source->resets, BOUND_GIVEN_UP, ledger_now());
}

void front_conn_gave_up(struct front_conn *conn, struct ledger_source *source)
{
    ledger_happened(&source->resets, FRONT_LATELY_SECONDS, ledger_now());
    if (!conn->is_proxy && front_gives_up_too_often(source))
        front_conn_shut(conn);
}

struct sweep {
    struct front_thread *thread;
    time_t now; /* of the clock that libh2o stamps requests with */
};

/* check_request shuts the connection of a request that has begun and is not complete in time. A request that
 * is arriving makes its connection busy: idle time starts anew. */
static int check_request(h2o_req_t *req, void *arg)
{
    const struct sweep *sweep = arg;
    time_t begin = req->timestamps.request_begin_at.tv_sec;
    if (begin == 0 || req->processed_at.at.tv_sec != 0)
        return 0;
    struct front_conn *conn = front_conn_of(req);
    if (conn == NULL)
        return 0;
    if (sweep->now - begin > (time_t)sweep->thread->front->limits.read_seconds)
        front_conn_shut(conn);
    else
        conn->idle_since = h2o_now(sweep->thread->ctx.loop);
    return 0;
}

static void check_conn(const struct front_conn *conn, uint64_t now, int stopping)
{
    uint64_t idle = (uint64_t)conn->thread->front->limits.idle_seconds * 1000;
    if (conn->awaits_header &&
        now - conn->idle_since > (uint64_t)conn->thread->front->limits.read_seconds * 1000)
        front_conn_shut(conn);
    else if (conn->unsent > 0 && now - conn->stalled_since > idle)
        front_conn_shut(conn);
    else if (conn->requests == 0 &&
             now - conn->idle_since > (stopping ? FRONT_STOP_IDLE_MS : idle + FRONT_IDLE_GRACE_MS))
        front_conn_shut(conn);
}

void front_sweep(struct front_thread *thread, int stopping)
{
    struct sweep sweep = {thread, h2o_get_timestamp(&thread->ctx, NULL, NULL)->tv_sec};
    h2o_globalconf_t *global = &thread->front->global;

    global->http1.callbacks.foreach_request(&thread->ctx, check_request, &sweep);
    global->http2.callbacks.foreach_request(&thread->ctx, check_request, &sweep);
    front_end_withdrawn(thread);
    uint64_t now = h2o_now(thread->ctx.loop);
    for (h2o_linklist_t *node = thread->conns.next; node != &thread->conns; node = node->next)
        check_conn(H2O_STRUCT_FROM_MEMBER(struct front_conn, link, node), now, stopping);
}
