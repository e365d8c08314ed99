/* conn.c: how long a connection may take, and how much its source may do. Time is what the test says. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "server/front/http/internal.h"

/* In the place of the kernel's: the socket that was shut last, and how many were. */
static const h2o_socket_t *shut_last;
static unsigned shuts;

static int fake_shutdown(const h2o_socket_t *sock)
{
    shut_last = sock;
    shuts++;
    return 0;
}

static struct timeval stamped; /* the time of a sweep */

static struct ledger *ledger;

static struct ledger *fake_ledger(void)
{
    return ledger;
}

#define shutdown(sock, how) fake_shutdown(sock)
#define h2o_socket_get_fd(sock) (sock)
#define h2o_get_timestamp(ctx, pool, ts) (&stamped)
#define pipeline_ledger(pipeline) fake_ledger()
/* NOLINTNEXTLINE(bugprone-suspicious-include): its clocks and sockets are the test's */
#include "server/front/http/conn.c"
#undef shutdown

enum { READ_SECONDS = 10, IDLE_SECONDS = 60, NOW_S = 1700000000, CONNS = 12 };
static const uint64_t now_ms = (uint64_t)1 << 40, read_ms = READ_SECONDS * UINT64_C(1000),
                      idle_ms = IDLE_SECONDS * UINT64_C(1000);

static struct front *front;
static struct front_thread *thread;
static h2o_evloop_t loop;
static struct front_accept accepts;
static struct front_conn *conns;
static h2o_socket_t socks[CONNS];

/* What the connection of a request looks like to libh2o. */
static struct fake_conn {
    h2o_conn_t super;
    h2o_socket_t *sock;
} h2o_conns[CONNS];

static h2o_socket_t *get_socket(h2o_conn_t *conn)
{
    return ((struct fake_conn *)conn)->sock;
}

static h2o_req_t reqs[CONNS];
static const h2o_conn_callbacks_t callbacks = {.get_socket = get_socket};

static void set_up(void)
{
    ledger = ledger_new(64);
    front = calloc(1, sizeof *front);
    front->threads = thread = calloc(1, sizeof *thread);
    conns = calloc(CONNS, sizeof *conns);
    cr_assert(ledger != NULL && front != NULL && thread != NULL && conns != NULL);
    front->limits.read_seconds = READ_SECONDS;
    front->limits.idle_seconds = IDLE_SECONDS;
    front->limits.connections = 16;
    front->limits.connections_per_source = 1000;
    thread->front = front;
    thread->ctx.loop = &loop;
    loop._now = now_ms;
    accepts.thread = thread;
    accepts.serves = CONFIG_SERVE_CMP;
    h2o_linklist_init_anchor(&thread->conns);
    h2o_linklist_init_anchor(&thread->downloads);
    for (size_t i = 0; i < CONNS; i++) {
        conns[i] = (struct front_conn){.thread = thread, .accept = &accepts, .sock = &socks[i]};
        conns[i].client = (struct address){.len = 4, .octets = {192, 0, 2, (uint8_t)i}, .port = 1};
        conns[i].idle_since = conns[i].stalled_since = now_ms;
        socks[i].on_close.data = &conns[i];
        h2o_conns[i].super.callbacks = &callbacks;
        h2o_conns[i].sock = &socks[i];
        reqs[i].conn = &h2o_conns[i].super;
    }
}

static void tear_down(void)
{
    for (size_t i = 0; i < CONNS; i++)
        ledger_unpin(conns[i].source);
    free(conns);
    free(thread);
    free(front);
    ledger_free(ledger);
}

TestSuite(conn, .init = set_up, .fini = tear_down);

/* Whether |conn| is shut at |ms|, and nobody else. */
static int is_shut_at(struct front_conn *conn, uint64_t ms, int stopping)
{
    unsigned before = shuts;

    check_conn(conn, ms, stopping);
    if (shuts == before)
        return 0;
    cr_assert_eq(shuts, before + 1);
    cr_assert_eq(shut_last, conn->sock);
    return 1;
}

static int request_is_shut_at(size_t i, time_t seconds)
{
    struct sweep sweep = {thread, seconds};
    unsigned before = shuts;

    cr_assert_eq(check_request(&reqs[i], &sweep), 0, "the others would not be looked at");
    return shuts != before;
}

/* limits.read_seconds: of a request that has begun and is not complete. */
Test(conn, a_request_may_arrive_for_read_seconds_and_no_longer)
{
    reqs[0].timestamps.request_begin_at.tv_sec = NOW_S;
    cr_assert_not(request_is_shut_at(0, NOW_S + READ_SECONDS));
    cr_assert(request_is_shut_at(0, NOW_S + READ_SECONDS + 1));
    cr_assert_eq(shut_last, &socks[0]);
}

Test(conn, a_request_that_has_not_begun_or_is_complete_is_let_be)
{
    cr_assert_not(request_is_shut_at(0, NOW_S));
    reqs[0].timestamps.request_begin_at.tv_sec = NOW_S;
    reqs[0].processed_at.at.tv_sec = NOW_S + 1;
    cr_assert_not(request_is_shut_at(0, NOW_S + 100 * READ_SECONDS));
    cr_assert_eq(conns[0].idle_since, now_ms, "nor does it make its connection busy");
    reqs[1].timestamps.request_begin_at.tv_sec = NOW_S;
    h2o_conns[1].sock = NULL;
    cr_assert_not(request_is_shut_at(1, NOW_S + 100 * READ_SECONDS), "its socket is gone");
}

/* Idle time begins anew with what arrives. */
Test(conn, a_request_that_arrives_makes_its_connection_busy)
{
    reqs[0].timestamps.request_begin_at.tv_sec = NOW_S;
    conns[0].idle_since = now_ms - idle_ms;
    cr_assert_not(request_is_shut_at(0, NOW_S + 1));
    cr_assert_eq(conns[0].idle_since, now_ms);
}

Test(conn, a_PROXY_header_may_take_read_seconds_and_no_longer)
{
    conns[0].awaits_header = 1;
    cr_assert_not(is_shut_at(&conns[0], now_ms + read_ms, 0));
    cr_assert(is_shut_at(&conns[0], now_ms + read_ms + 1, 0));
    conns[0].awaits_header = 0;
    cr_assert_not(is_shut_at(&conns[0], now_ms + read_ms + 1, 0));
}

/* limits.idle_seconds; libh2o says goodbye by itself, and has a moment for it. */
Test(conn, a_connection_may_be_idle_for_idle_seconds_and_no_longer)
{
    uint64_t end = now_ms + idle_ms + FRONT_IDLE_GRACE_MS;

    cr_assert_not(is_shut_at(&conns[0], end, 0));
    cr_assert(is_shut_at(&conns[0], end + 1, 0));
    conns[0].requests = 1;
    cr_assert_not(is_shut_at(&conns[0], end + 1, 0), "it waits for us");
}

/* The same bound for an answer that is not taken, without the moment. */
Test(conn, an_answer_may_be_left_for_idle_seconds_and_no_longer)
{
    conns[0].requests = conns[0].unsent = 1;
    cr_assert_not(is_shut_at(&conns[0], now_ms + idle_ms, 0));
    cr_assert(is_shut_at(&conns[0], now_ms + idle_ms + 1, 0));
    conns[0].stalled_since++;
    cr_assert_not(is_shut_at(&conns[0], now_ms + idle_ms + 1, 0), "it was taken meanwhile");
}

Test(conn, who_does_nothing_while_the_front_stops_is_shut_soon)
{
    cr_assert_not(is_shut_at(&conns[0], now_ms + FRONT_STOP_IDLE_MS, 1));
    cr_assert(is_shut_at(&conns[0], now_ms + FRONT_STOP_IDLE_MS + 1, 1));
    conns[0].requests = 1;
    cr_assert_not(is_shut_at(&conns[0], now_ms + FRONT_STOP_IDLE_MS + 1, 1));
}

static int each_of_http1(h2o_context_t *ctx, int (*cb)(h2o_req_t *, void *), void *arg)
{
    cr_assert_eq(ctx, &thread->ctx);
    return cb(&reqs[0], arg);
}

static int each_of_http2(h2o_context_t *ctx, int (*cb)(h2o_req_t *, void *), void *arg)
{
    cr_assert_eq(ctx, &thread->ctx);
    return cb(&reqs[1], arg);
}

/* A sweep looks at the requests of both versions, then at every connection. */
Test(conn, a_sweep_looks_at_everything)
{
    front->global.http1.callbacks.foreach_request = each_of_http1;
    front->global.http2.callbacks.foreach_request = each_of_http2;
    stamped.tv_sec = NOW_S + READ_SECONDS + 1;
    for (size_t i = 0; i < 4; i++)
        h2o_linklist_insert(&thread->conns, &conns[i].link);
    for (size_t i = 0; i < 2; i++)
        reqs[i].timestamps.request_begin_at.tv_sec = NOW_S;
    conns[0].requests = conns[1].requests = 1;
    front_sweep(thread, 0);
    cr_assert_eq(shuts, 2, "a request of HTTP/1 and one of HTTP/2");
    cr_assert_eq(shut_last, &socks[1]);
    stamped.tv_sec = NOW_S;
    conns[2].idle_since = conns[3].idle_since = now_ms - FRONT_STOP_IDLE_MS - 1;
    front_sweep(thread, 0);
    cr_assert_eq(shuts, 2);
    front_sweep(thread, 1);
    cr_assert_eq(shuts, 4);
    cr_assert_eq(shut_last, &socks[3]);
    front_shut_all(thread);
    cr_assert_eq(shuts, 8);
}

/* ---- what a source may do ---- */

static void enter_many(struct front_conn *conn, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        cr_assert(enter_source(conn, 1));
}

static void happen(struct ledger_recent *recent, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ledger_happened(recent, FRONT_LATELY_SECONDS, ledger_now());
}

/* How often |bound| of |recent| lets |conn| in, before and after its source proved itself. It counts with
 * every entry, or from outside. */
static void expect_bound(struct front_conn *conn, struct ledger_recent *recent, uint32_t bound)
{
    happen(recent, bound - 1 - ledger_lately(recent, FRONT_LATELY_SECONDS, ledger_now()));
    cr_assert(enter_source(conn, 1), "below its bound");
    leave_source(conn);
    happen(recent, bound - ledger_lately(recent, FRONT_LATELY_SECONDS, ledger_now()));
    cr_assert_not(enter_source(conn, 1), "at its bound");
    ledger_prove(conn->source, ledger_now());
    leave_source(conn);
    cr_assert(enter_source(conn, 1), "who proved himself may do more");
    happen(recent, PROVED_FACTOR * bound - ledger_lately(recent, FRONT_LATELY_SECONDS, ledger_now()));
    leave_source(conn);
    cr_assert_not(enter_source(conn, 1), "but not everything");
    leave_source(conn);
}

Test(conn, what_a_source_did_lately_has_bounds)
{
    struct front_conn *conn;
    struct ledger_source *sources[4];

    for (size_t i = 0; i < 3; i++)
        sources[i] = front_source(front, &conns[i].client);
    expect_bound(&conns[0], &sources[0]->resets, BOUND_GIVEN_UP);
    expect_bound(&conns[1], &sources[1]->floods, BOUND_FLOODS);
    expect_bound(&conns[2], &sources[2]->answers, BOUND_OWN_ANSWERS);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(atomic_load(&sources[i]->connections), 0, "what was refused is not counted");
        ledger_unpin(sources[i]);
    }
    accepts.ctx.ssl_ctx = (SSL_CTX *)&accepts;
    conn = &conns[3];
    sources[3] = front_source(front, &conn->client);
    expect_bound(conn, &sources[3]->handshakes, BOUND_HANDSHAKES);
    ledger_unpin(sources[3]);
}

/* limits.connections_per_source. */
Test(conn, connections_of_a_source_have_a_bound)
{
    struct ledger_source *source = front_source(front, &conns[0].client);

    front->limits.connections_per_source = 2;
    for (size_t i = 1; i < 4; i++)
        conns[i].client = conns[0].client;
    enter_many(&conns[0], 1);
    enter_many(&conns[1], 1);
    cr_assert_not(enter_source(&conns[2], 1));
    cr_assert_eq(atomic_load(&source->connections), 2);
    leave_source(&conns[2]);
    cr_assert_eq(atomic_load(&source->connections), 2, "who was not counted gives nothing back");
    leave_source(&conns[0]);
    cr_assert_eq(atomic_load(&source->connections), 1);
    cr_assert(enter_source(&conns[3], 1));
    leave_source(&conns[1]);
    leave_source(&conns[3]);
    cr_assert_eq(atomic_load(&source->connections), 0);
    ledger_unpin(source);
}

/* What one address does where base stations come in takes nothing from its health checks. */
Test(conn, health_checks_are_another_source)
{
    static struct front_accept health;

    health = accepts;
    health.serves = CONFIG_SERVE_HEALTH;
    conns[1].client = conns[0].client;
    conns[1].accept = &health;
    conns[0].source = source_of(&conns[0]);
    conns[1].source = source_of(&conns[1]);
    cr_assert_neq(conns[0].source, conns[1].source);
    health.serves |= CONFIG_SERVE_CMP;
    ledger_unpin(conns[1].source);
    conns[1].source = source_of(&conns[1]);
    cr_assert_eq(conns[0].source, conns[1].source);
}

Test(conn, who_gives_up_too_often_is_shut)
{
    struct front_conn *conn = &conns[0];

    enter_many(conn, 1);
    happen(&conn->source->resets, BOUND_GIVEN_UP - 2);
    front_conn_gave_up(conn, conn->source);
    cr_assert_eq(shuts, 0);
    cr_assert_not(front_gives_up_too_often(conn->source));
    conn->is_proxy = 1;
    front_conn_gave_up(conn, conn->source);
    cr_assert_eq(shuts, 0, "a proxy is not its clients");
    cr_assert(front_gives_up_too_often(conn->source));
    conn->is_proxy = 0;
    front_conn_gave_up(conn, conn->source);
    cr_assert_eq(shuts, 1);
}

Test(conn, who_has_too_many_answers_of_ours_is_shut)
{
    struct front_conn *conn = &conns[0];

    enter_many(conn, 1);
    happen(&conn->source->answers, BOUND_OWN_ANSWERS - 2);
    cr_assert(front_conn_answered(conn));
    cr_assert_eq(shuts, 0);
    conn->is_proxy = 1;
    cr_assert(front_conn_answered(conn));
    conn->is_proxy = 0;
    cr_assert_not(front_conn_answered(conn));
    cr_assert_eq(shuts, 1);
}

/* For who comes with nothing in hand, those that have most give way, the oldest of their idle connections
 * first, until they have half of it; who has no more than GREEDY_LEAST keeps them. */
Test(conn, who_has_most_gives_way)
{
    struct front_conn *last = &conns[CONNS - 1];
    struct ledger_source *greedy = front_source(front, &conns[0].client);

    front->limits.connections = 0;
    for (size_t i = 0; i < GREEDY_LEAST + 1; i++) {
        conns[i].client = conns[0].client;
        conns[i].source = source_of(&conns[i]);
        conns[i].counted = ledger_take(&conns[i].source->connections, UINT32_MAX);
        h2o_linklist_insert(&thread->conns, &conns[i].link);
    }
    atomic_store(&front->connections, 100);
    conns[0].requests = 1; /* it waits for an answer */
    cr_assert(enter_source(last, 1));
    cr_assert_eq(shuts, GREEDY_LEAST + 1 - (GREEDY_LEAST + 1) / 2);
    cr_assert_eq(atomic_load(&greedy->connections), (GREEDY_LEAST + 1) / 2);
    cr_assert(conns[0].counted && !conns[1].counted, "not the oldest that is idle");
    cr_assert_eq(thread->room, shuts - 1, "the others that are closed are room for those who come next");
    leave_source(last);
    thread->room = 0;
    cr_assert_not(enter_source(last, 1), "nobody has more than others");
    cr_assert_eq(shuts, GREEDY_LEAST + 1 - (GREEDY_LEAST + 1) / 2);
    ledger_unpin(greedy);
}

Test(conn, who_has_many_makes_nobody_give_way)
{
    struct front_conn *last = &conns[CONNS - 1];
    struct ledger_source *source = front_source(front, &last->client);

    front->limits.connections = 1;
    atomic_store(&front->connections, 100);
    thread->room = 1;
    atomic_store(&source->connections, GREEDY_LEAST);
    cr_assert_not(enter_source(last, 1));
    cr_assert_eq(thread->room, 1);
    leave_source(last);
    atomic_store(&source->connections, GREEDY_LEAST - 1);
    cr_assert(enter_source(last, 1));
    cr_assert_eq(thread->room, 0);
    ledger_unpin(source);
}

/* What BoringSSL holds for a connection is charged when it comes, less after its first request, and given
 * back. */
Test(conn, what_TLS_holds_is_charged_once)
{
    struct front_conn *conn = &conns[0];

    conn->tls = FRONT_HANDSHAKE_OCTETS;
    thread->account.held = FRONT_HANDSHAKE_OCTETS;
    front_conn_serves(conn);
    cr_assert_eq(thread->account.held, FRONT_TLS_OCTETS);
    front_conn_serves(conn);
    cr_assert_eq(thread->account.held, FRONT_TLS_OCTETS);
}
