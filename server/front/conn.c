/* conn.c: connections: how many there may be, and how long each may take.
 *
 * libh2o has one time limit for "idle and reading" of HTTP/1 and one that any octet restarts for HTTP/2. Ours
 * are looked at once a second, for every connection: idle without a request; a request that arrives too
 * slowly; an answer that is not taken. Beyond it the socket is shut down, and libh2o finds out by itself. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

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
    if (conn->tls)
        charge(conn->thread, -(size_t)FRONT_TLS_OCTETS);
    h2o_mem_free(conn);
}

void front_accepted(void *arg, h2o_socket_t *sock)
{
    struct front_accept *accept = arg;
    struct front_thread *thread = accept->thread;
    struct front *front = thread->front;

    if (atomic_fetch_add(&front->connections, 1) >= front->limits.connections ||
        !h2o_mem_has_room(FRONT_TLS_OCTETS)) {
        atomic_fetch_sub(&front->connections, 1);
        h2o_socket_close(sock);
        return;
    }
    struct front_conn *conn = h2o_mem_alloc(sizeof(*conn));
    *conn = (struct front_conn){
        .thread = thread,
        .sock = sock,
        .idle_since = h2o_now(thread->ctx.loop),
        .late = thread->state >= FRONT_DRAINING,
        .tls = accept->ctx.ssl_ctx != NULL,
    };
    if (conn->tls)
        charge(thread, FRONT_TLS_OCTETS);
    h2o_linklist_insert(&thread->conns, &conn->link);
    sock->on_close.cb = on_close;
    sock->on_close.data = conn;
    h2o_accept(&accept->ctx, sock);
}

struct front_conn *front_conn_of(const h2o_req_t *req)
{
    const h2o_socket_t *sock = req->conn->callbacks->get_socket(req->conn);
    return sock != NULL ? sock->on_close.data : NULL;
}

/* FNV-1a: the number only spreads peers over quotas. */
static uint64_t hash(uint64_t h, const void *data, size_t len)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 0x100000001b3;
    return h;
}

void front_conn_peer(struct front_conn *conn)
{
    struct sockaddr_storage ss;
    struct sockaddr *sa = (struct sockaddr *)&ss;
    char host[NI_MAXHOST];

    if (conn->peer[0] != '\0')
        return;
    socklen_t len = h2o_socket_getpeername(conn->sock, sa);
    conn->source = 0xcbf29ce484222325;
    if (len > 0 && sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
        conn->source = hash(conn->source, &in->sin_addr, sizeof(in->sin_addr));
    } else if (len > 0 && sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
        /* Whoever has one address of a /64 has them all. */
        conn->source = hash(conn->source, &in6->sin6_addr, sizeof(in6->sin6_addr) / 2);
    }
    size_t host_len = len > 0 ? h2o_socket_getnumerichost(sa, len, host) : SIZE_MAX;
    if (host_len == SIZE_MAX)
        snprintf(conn->peer, sizeof(conn->peer), "unknown");
    else
        snprintf(conn->peer, sizeof(conn->peer), sa->sa_family == AF_INET6 ? "[%.40s]:%d" : "%.40s:%d", host,
                 (int)h2o_socket_getport(sa));
}

/* shut ends a connection in either direction; the loop then sees its end and libh2o closes it. */
static void shut(const struct front_conn *conn)
{
    shutdown(h2o_socket_get_fd(conn->sock), SHUT_RDWR);
}

void front_shut_all(struct front_thread *thread)
{
    for (h2o_linklist_t *node = thread->conns.next; node != &thread->conns; node = node->next)
        shut(H2O_STRUCT_FROM_MEMBER(struct front_conn, link, node));
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
        shut(conn);
    else
        conn->idle_since = h2o_now(sweep->thread->ctx.loop);
    return 0;
}

static void check_conn(const struct front_conn *conn, uint64_t now, int stopping)
{
    uint64_t idle = (uint64_t)conn->thread->front->limits.idle_seconds * 1000;
    if (conn->unsent > 0 && now - conn->stalled_since > idle)
        shut(conn);
    else if (conn->requests == 0 &&
             now - conn->idle_since > (stopping ? FRONT_STOP_IDLE_MS : idle + FRONT_IDLE_GRACE_MS))
        shut(conn);
}

void front_sweep(struct front_thread *thread, int stopping)
{
    struct sweep sweep = {thread, h2o_get_timestamp(&thread->ctx, NULL, NULL)->tv_sec};
    h2o_globalconf_t *global = &thread->front->global;

    global->http1.callbacks.foreach_request(&thread->ctx, check_request, &sweep);
    global->http2.callbacks.foreach_request(&thread->ctx, check_request, &sweep);
    uint64_t now = h2o_now(thread->ctx.loop);
    for (h2o_linklist_t *node = thread->conns.next; node != &thread->conns; node = node->next)
        check_conn(H2O_STRUCT_FROM_MEMBER(struct front_conn, link, node), now, stopping);
}
