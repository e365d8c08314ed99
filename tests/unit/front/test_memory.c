/* test_memory.c: who goes when memory is short, over HTTP/1 (server/front/http/memory.c). Time, and what is
 * held, are what the test says. HTTP/2: tests/front/check_memory.py. */
#include <criterion/criterion.h>
#include <h2o.h>
#include <stdlib.h>

#include "server/front/http/internal.h"

enum { CONNS = 6, NOW_S = 1700000000, MIB = 1024 * 1024, LIMIT_MIB = 64 };
static const uint64_t now_ms = (uint64_t)1 << 40;

static struct front *the_front;
static struct front_thread *the_thread;
static h2o_evloop_t loop;
static struct front_conn *conns;
static h2o_socket_t socks[CONNS];
static h2o_req_t reqs[CONNS];
static int is_in_http1[CONNS];
static size_t held_input[CONNS], job_memory;
static const h2o_socket_t *shut_last;
static unsigned shuts, gave_up, served;
static struct timeval stamped = {.tv_sec = NOW_S, .tv_usec = 500000};

static int fake_shutdown(const h2o_socket_t *sock)
{
    shut_last = sock;
    shuts++;
    return 0;
}

static size_t fake_held_input(const h2o_socket_t *sock)
{
    return held_input[sock - socks];
}

static struct front_conn *fake_conn_of(const h2o_req_t *req)
{
    struct front_conn *conn = &conns[req - reqs];

    return conn->sock != NULL ? conn : NULL;
}

/* As the real one: it is known then that the handshake is over. */
static void fake_serves(struct front_conn *conn)
{
    served++;
    if (conn->tls == FRONT_HANDSHAKE_OCTETS) {
        conn->tls = FRONT_TLS_OCTETS;
        the_thread->account.held -= FRONT_HANDSHAKE_OCTETS - FRONT_TLS_OCTETS;
    }
}

static void fake_gave_up(const struct front_conn *conn, const struct ledger_source *source)
{
    cr_assert_eq(conn->source, source);
    gave_up++;
}

#define shutdown(sock, how) fake_shutdown(sock)
#define h2o_socket_get_fd(sock) (sock)
#define h2o_get_timestamp(ctx, pool, ts) (&stamped)
#define h2o_socket_held_input(sock) fake_held_input(sock)
#define pipeline_memory(pipeline) (job_memory)
#define front_conn_of(req) fake_conn_of(req)
#define front_conn_serves(conn) fake_serves(conn)
#define front_conn_gave_up(conn, source) fake_gave_up(conn, source)
/* NOLINTNEXTLINE(bugprone-suspicious-include): its clocks and sockets are the test's */
#include "server/front/http/memory.c"
#undef shutdown

static int each_of_http1(h2o_context_t *ctx, int (*cb)(h2o_req_t *, void *), void *arg)
{
    cr_assert_eq(ctx, &the_thread->ctx);
    for (size_t i = 0; i < CONNS; i++)
        if (is_in_http1[i])
            cr_assert_eq(cb(&reqs[i], arg), 0, "the others would not be looked at");
    return 0;
}

static void set_up(void)
{
    log_set_level(LOG_ERROR);
    the_front = calloc(1, sizeof *the_front);
    the_front->threads = the_thread = calloc(2, sizeof *the_thread);
    the_front->thread_count = 2;
    conns = calloc(CONNS, sizeof *conns);
    the_front->limits.memory_mib = LIMIT_MIB;
    the_front->global.http1.callbacks.foreach_request = each_of_http1;
    the_thread->front = the_front;
    the_thread->ctx.loop = &loop;
    the_thread->ctx.globalconf = &the_front->global;
    loop._now = now_ms;
    h2o_linklist_init_anchor(&the_thread->conns);
    h2o_linklist_init_anchor(&the_thread->ctx.http2._conns);
    for (size_t i = 0; i < CONNS; i++) {
        conns[i] = (struct front_conn){
            .thread = the_thread, .sock = &socks[i], .idle_since = now_ms, .stalled_since = now_ms};
        h2o_linklist_insert(&the_thread->conns, &conns[i].link);
    }
    h2o_mem_account = &the_thread->account;
}

static void tear_down(void)
{
    h2o_mem_account = NULL;
    free(conns);
    free(the_front->threads);
    free(the_front);
}

TestSuite(memory, .init = set_up, .fini = tear_down);

/* A request of connection |i| has been on its way for |seconds|, and holds |octets|. */
static void arrives(size_t i, size_t octets, time_t seconds)
{
    is_in_http1[i] = 1;
    reqs[i].pool.held = octets;
    reqs[i].timestamps.request_begin_at = (struct timeval){NOW_S - seconds, 500000};
}

/* This thread holds |own| MiB, another one |other|. */
static void hold(size_t own, size_t other)
{
    the_front->threads[0].account.held = own * MIB;
    the_front->threads[1].account.held = other * MIB;
}

/* ---- what may be taken ---- */

Test(memory, a_thread_may_grow_by_its_part_of_what_is_left)
{
    hold(10, 20);
    job_memory = 4 * MIB;
    the_thread->lent = 5;
    front_memory_left(the_thread);
    cr_assert_eq(the_thread->account.max, (10 + (64 - 34) / 2) * (size_t)MIB);
    cr_assert_eq(the_thread->lent, 0);
    the_front->thread_count = 1;
    front_memory_left(the_thread);
    cr_assert_eq(the_thread->account.max, (10 + 64 - 14) * (size_t)MIB);
    the_front->thread_count = 2;
    hold(10, 60);
    front_memory_left(the_thread);
    cr_assert_eq(the_thread->account.max, 10 * (size_t)MIB, "nothing is left");
    hold(10, 50);
    front_memory_left(the_thread);
    cr_assert_eq(the_thread->account.max, 10 * (size_t)MIB);
}

Test(memory, what_jobs_have_taken_since_the_turn_is_counted)
{
    struct arena *arena = arena_new(MIB);
    struct job job = {.arena = arena};

    cr_assert_not_null(arena_alloc(arena, 1000));
    hold(1, 0);
    the_thread->account.max = 2 * MIB;
    cr_assert(front_has_room_for_job(the_thread, MIB));
    cr_assert_not(front_has_room_for_job(the_thread, MIB + 1));
    front_job_taken(the_thread, &job);
    cr_assert_eq(the_thread->lent, arena_taken(arena));
    cr_assert_not(front_has_room_for_job(the_thread, MIB));
    cr_assert(front_has_room_for_job(the_thread, MIB - arena_taken(arena)));
    arena_free(arena);
}

/* ---- who goes ---- */

Test(memory, until_seven_eighths_are_held_nobody_goes)
{
    arrives(0, MIB, 1000);
    hold(56, 0);
    front_memory_turn(the_thread);
    cr_assert_eq(shuts, 0);
    cr_assert_eq(served, 0, "nor is anybody looked at");
    the_thread->account.held++;
    front_memory_turn(the_thread);
    cr_assert_eq(shuts, 1);
    cr_assert_eq(the_thread->shed_told_ms, (uint64_t)NOW_S * 1000 + 500);
}

/* Octets times the time that they have waited. */
Test(memory, who_holds_most_for_longest_goes_first)
{
    arrives(0, 4 * MIB, 10);
    arrives(1, 4 * MIB, 100);
    arrives(2, 6 * MIB, 1);
    hold(10, 47);
    front_memory_turn(the_thread); /* (57 - 48) * 10 / 58 MiB: one is enough */
    cr_assert_eq(shuts, 1);
    cr_assert_eq(shut_last, &socks[1]);
    cr_assert_eq(conns[1].shed, 4 * MIB);
    cr_assert_eq(gave_up, 1, "it counts for its source");
    front_memory_turn(the_thread);
    cr_assert_eq(shuts, 1, "until it is gone nobody else goes for it");
    conns[1].shed = 0;
    is_in_http1[1] = 0;
    front_memory_turn(the_thread);
    cr_assert_eq(shuts, 2);
    cr_assert_eq(shut_last, &socks[0]);
}

Test(memory, as_many_go_as_are_needed)
{
    for (size_t i = 0; i < 4; i++)
        arrives(i, 3 * MIB, 10);
    hold(57, 0);
    front_memory_turn(the_thread); /* (57 - 48) * 57 / 58 MiB, by threes */
    cr_assert_eq(shuts, 3);
}

/* What waits for us is never shed; nor is what holds nothing. */
Test(memory, a_request_that_is_complete_stays)
{
    arrives(0, 4 * MIB, 1000);
    reqs[0].processed_at.at.tv_sec = NOW_S;
    conns[0].requests = 1;
    arrives(1, 0, 1000);
    arrives(2, 4 * MIB, 1000);
    conns[2].sock = NULL; /* its socket is gone */
    hold(57, 0);
    front_memory_turn(the_thread);
    cr_assert_eq(shuts, 0);
    conns[0].unsent = 1; /* its answer is not taken */
    conns[0].stalled_since = now_ms - 1000;
    front_memory_turn(the_thread);
    cr_assert_eq(shuts, 1);
    cr_assert_eq(shut_last, &socks[0]);
    cr_assert_eq(gave_up, 1);
}

/* An idle connection counts for nothing, a proxy for none of its clients. */
Test(memory, who_gives_up_is_who_had_begun)
{
    arrives(0, MIB, 0);
    reqs[0].timestamps.request_begin_at.tv_sec = 0;
    held_input[0] = 5 * MIB;
    conns[0].tls = FRONT_TLS_OCTETS;
    conns[0].idle_since = now_ms - 5000;
    hold(57, 0);
    front_memory_turn(the_thread);
    cr_assert_eq(shuts, 1);
    cr_assert_eq(conns[0].shed, 6 * MIB + FRONT_TLS_OCTETS, "its request, its input, its TLS");
    cr_assert_eq(gave_up, 0);
    arrives(1, 9 * MIB, 1000);
    conns[1].is_proxy = 1;
    front_memory_turn(the_thread);
    cr_assert_eq(shuts, 2);
    cr_assert_eq(gave_up, 0);
}

/* In their handshake connections are in no list of libh2o. */
Test(memory, handshakes_go_too)
{
    conns[0].tls = FRONT_HANDSHAKE_OCTETS;
    conns[0].idle_since = now_ms - 5000;
    conns[1].tls = FRONT_TLS_OCTETS;
    conns[1].idle_since = now_ms - 5000;
    conns[2].idle_since = now_ms - 5000;
    hold(57, 0);
    front_memory_turn(the_thread);
    cr_assert_eq(shuts, 1);
    cr_assert_eq(shut_last, &socks[0]);
    cr_assert_eq(conns[0].shed, FRONT_HANDSHAKE_OCTETS);
    cr_assert_eq(gave_up, 0);
}

/* Where a handshake turns out to be over, less is held, and nobody has to go for that. */
Test(memory, what_is_found_to_be_over_is_enough)
{
    for (size_t i = 0; i < CONNS; i++) {
        arrives(i, 1, 10);
        conns[i].tls = FRONT_HANDSHAKE_OCTETS;
    }
    the_front->limits.memory_mib = 8;
    hold(1, 6);
    the_thread->account.held += MIB / 16;
    the_front->threads[1].account.held += MIB / 16; /* (7.1 - 6) >> 20 = 1; 1 * 1.06 / 8 MiB = 136 KiB */
    front_memory_turn(the_thread);
    cr_assert_eq(shuts, 0);
    cr_assert_eq(the_thread->account.held, MIB + MIB / 16 - CONNS * 32768);
}

/* ---- prices ---- */

Test(memory, prices_are_powers_of_two)
{
    struct shedding shedding = {.from = 0};

    cr_assert_not(goes(&shedding, 1024, 0));
    cr_assert_eq(shedding.octets[10], 1024);
    cr_assert_not(goes(&shedding, 1024, 1023));
    cr_assert_eq(shedding.octets[20], 1024);
    cr_assert_not(goes(&shedding, 2047, 0));
    cr_assert_eq(shedding.octets[10], 1024 + 2047);
    shedding.from = 10;
    shedding.wanted = 2048;
    cr_assert_not(goes(&shedding, 1023, 0));
    cr_assert(goes(&shedding, 1024, 0));
    cr_assert(goes(&shedding, 1024, 0));
    cr_assert_not(goes(&shedding, 1024, 0), "it is enough");
    cr_assert_eq(shedding.gone, 2048);
}

/* What is told once a second would else fill the log. */
Test(memory, it_is_told_once_a_second)
{
    hold(57, 0);
    front_memory_turn(the_thread);
    cr_assert_eq(the_thread->shed_told_ms, 0, "nobody went");
    arrives(0, 30 * MIB, 10);
    front_memory_turn(the_thread);
    cr_assert_eq(the_thread->shed_told_ms, (uint64_t)NOW_S * 1000 + 500);
    stamped.tv_usec += 499000;
    arrives(1, 30 * MIB, 10);
    conns[0].shed = 0;
    front_memory_turn(the_thread);
    cr_assert_eq(the_thread->shed_told_ms, (uint64_t)NOW_S * 1000 + 500);
    stamped.tv_sec += 1;
    stamped.tv_usec = 500000;
    conns[0].shed = conns[1].shed = 0;
    front_memory_turn(the_thread);
    cr_assert_eq(the_thread->shed_told_ms, (uint64_t)NOW_S * 1000 + 1500);
}
