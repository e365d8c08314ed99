/* test_postgres_serve.c: when the serving thread gives up on a connection, refuses, probes and ends
 * (storage/postgres/postgres.c). Without a database: writers and readers are the test's, and so is time. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "storage/postgres/writer.h"

enum { NOW_MS = 1000000 };

static struct {
    int served[POSTGRES_SLOTS], probed[POSTGRES_SLOTS], gave_up[POSTGRES_SLOTS], lost[POSTGRES_SLOTS];
    int connected[POSTGRES_SLOTS], answered[POSTGRES_SLOTS], looked[POSTGRES_WRITERS];
    int is_patient, is_over, can_serve;
    enum round_end end;
    unsigned told;
} calls;

static struct postgres_store *the_store;

static size_t slot_of_writer(const struct writer *writer)
{
    return (size_t)(writer - the_store->writers);
}

static void fake_serve(struct writer *writer, int probe)
{
    calls.served[slot_of_writer(writer)]++;
    calls.probed[slot_of_writer(writer)] += probe;
}

static void fake_reader_serve(struct reader *reader, int probe)
{
    cr_assert_eq(reader, &the_store->readers[0]);
    calls.served[POSTGRES_WRITERS]++;
    calls.probed[POSTGRES_WRITERS] += probe;
}

static void fake_give_up(struct writer *writer)
{
    calls.gave_up[slot_of_writer(writer)]++;
}

static void fake_reader_give_up(struct reader *reader)
{
    (void)reader;
    calls.gave_up[POSTGRES_WRITERS]++;
}

static void fake_connected(struct writer *writer)
{
    calls.connected[slot_of_writer(writer)]++;
}

static void fake_reader_connected(struct reader *reader)
{
    (void)reader;
    calls.connected[POSTGRES_WRITERS]++;
}

static void fake_answered(struct writer *writer)
{
    calls.answered[slot_of_writer(writer)]++;
}

static void fake_reader_answered(struct reader *reader)
{
    (void)reader;
    calls.answered[POSTGRES_WRITERS]++;
}

static void fake_lost(struct writer *writer)
{
    calls.lost[slot_of_writer(writer)]++;
}

static void fake_reader_lost(struct reader *reader)
{
    (void)reader;
    calls.lost[POSTGRES_WRITERS]++;
}

static void fake_look(struct writer *writer, int64_t now_ms)
{
    cr_assert_eq(now_ms, NOW_MS);
    calls.looked[slot_of_writer(writer)]++;
}

static int fake_patient(const struct writer *writer)
{
    (void)writer;
    return calls.is_patient;
}

static int fake_over(const struct writer *writer)
{
    (void)writer;
    return calls.is_over;
}

static int fake_can_serve(struct writer *writer, int64_t now_ms)
{
    (void)writer, (void)now_ms;
    return calls.can_serve;
}

static enum round_end fake_receive(struct slot *slot)
{
    (void)slot;
    return calls.end;
}

static void fake_clear(struct slot *slot)
{
    slot->round = (struct round){0};
}

#define writer_serve fake_serve
#define reader_serve fake_reader_serve
#define writer_give_up fake_give_up
#define reader_give_up fake_reader_give_up
#define writer_connected fake_connected
#define reader_connected fake_reader_connected
#define writer_answered fake_answered
#define reader_answered fake_reader_answered
#define writer_lost fake_lost
#define reader_lost fake_reader_lost
#define writer_look_at_time fake_look
#define writer_is_patient fake_patient
#define writer_is_over fake_over
#define writer_can_serve fake_can_serve
#define round_receive fake_receive
#define round_clear fake_clear
#define PQerrorMessage(conn) "no reason"
#define PQfinish(conn) (void)(conn)
/* NOLINTNEXTLINE(bugprone-suspicious-include): its writers and readers are the test's */
#include "storage/postgres/postgres.c"
#undef PQfinish

static void all_are(enum slot_state state, int64_t since_ms)
{
    for (int i = 0; i < POSTGRES_SLOTS; i++) {
        atomic_store(&the_store->slots[i].state, state);
        the_store->slots[i].since_ms = since_ms;
    }
}

static void set_up(void)
{
    char fault[STORE_FAULT_MAX];

    log_set_level(LOG_ERROR);
    the_store = make(fault, "postgres://localhost/nothing", "node", 0);
    cr_assert_not_null(the_store, "%s", fault);
    all_are(SLOT_IDLE, NOW_MS);
}

static void tear_down(void)
{
    free_store(the_store);
}

TestSuite(postgres_serve, .init = set_up, .fini = tear_down);

static void tell(void *arg)
{
    (void)arg;
    calls.told++;
}

static struct store_unit units[100];
static struct store_fetch items[100];

/* |writes| units and |reads| look-ups wait. */
static void wait_for(size_t writes, size_t reads)
{
    for (size_t i = 0; i < writes; i++) {
        units[i] = (struct store_unit){.conflict = STORE_PRE_TX, .row = {.state = STORE_TX_ENDED}};
        cr_assert(pg_commit(&the_store->base, &(struct store_unit *){&units[i]}, &(void *){NULL}, 1, tell));
    }
    for (size_t i = 0; i < reads; i++) {
        items[i].outcome = STORE_FOUND;
        cr_assert(pg_fetch(&the_store->base, &(struct store_fetch *){&items[i]}, &(void *){NULL}, 1, tell));
    }
}

static int any_gave_up(void)
{
    return calls.gave_up[0] + calls.gave_up[1] + calls.gave_up[2];
}

/* ---- what is stuck ---- */

/* POSTGRES_SLOW_MS of silence, or of trying to connect, is too long for whoever comes. */
Test(postgres_serve, nobody_waits_for_what_is_stuck)
{
    static const enum slot_state states[] = {SLOT_DOWN, SLOT_BUSY};

    for (size_t i = 0; i < 2; i++) {
        all_are(states[i], NOW_MS - POSTGRES_SLOW_MS);
        wait_for(3, 2);
        give_up(the_store, NOW_MS);
        cr_expect_eq(any_gave_up(), 0);
        cr_expect_eq(calls.told, 0);
        cr_expect(pg_healthy(&the_store->base));
        all_are(states[i], NOW_MS - POSTGRES_SLOW_MS - 1);
        give_up(the_store, NOW_MS);
        cr_expect(calls.gave_up[0] == 1 && calls.gave_up[1] == 1 && calls.gave_up[2] == 1);
        cr_expect_eq(calls.told, 5);
        cr_expect_eq(units[2].outcome, STORE_UNAVAILABLE);
        cr_expect_eq(units[2].conflict, STORE_PRE_NONE);
        cr_expect_eq(units[2].row.state, 0);
        cr_expect_eq(items[1].outcome, STORE_FETCH_UNAVAILABLE);
        cr_expect_not(atomic_load(&the_store->write_ok) || atomic_load(&the_store->read_ok));
        calls.told = 0;
        memset(calls.gave_up, 0, sizeof calls.gave_up);
        atomic_store(&the_store->write_ok, 1);
        atomic_store(&the_store->read_ok, 1);
    }
    cr_expect_eq(calls.looked[0], 4);
    cr_expect_eq(calls.looked[1], 4);
}

Test(postgres_serve, one_that_is_well_is_enough)
{
    all_are(SLOT_DOWN, 0);
    atomic_store(&the_store->slots[1].state, SLOT_IDLE);
    wait_for(3, 2);
    give_up(the_store, NOW_MS);
    cr_assert_eq(units[0].outcome, 0, "the other writer may take it");
    cr_assert_eq(items[0].outcome, STORE_FETCH_UNAVAILABLE);
    cr_assert(calls.gave_up[0] == 1 && calls.gave_up[1] == 0 && calls.gave_up[2] == 1);
    cr_assert(atomic_load(&the_store->write_ok) && !atomic_load(&the_store->read_ok));
    refuse_writes(the_store);
}

/* The keeper has found out that it cannot be reached: nobody waits for a while first. */
Test(postgres_serve, what_cannot_be_reached_is_told_at_once)
{
    all_are(SLOT_DOWN, NOW_MS);
    give_up(the_store, NOW_MS);
    cr_assert_eq(any_gave_up(), 0);
    atomic_store(&the_store->unreachable, 1);
    give_up(the_store, NOW_MS);
    cr_assert_eq(any_gave_up(), 3);
    all_are(SLOT_BUSY, NOW_MS);
    give_up(the_store, NOW_MS);
    cr_assert_eq(any_gave_up(), 3, "of a connection that is there that says nothing");
}

Test(postgres_serve, a_writer_that_finds_out_is_stuck_after_a_while)
{
    the_store->writers[0].unsettled = 1;
    the_store->writers[0].unsettled_ms = NOW_MS - POSTGRES_SLOW_MS;
    cr_assert_not(is_stuck(the_store, 0, NOW_MS));
    cr_assert(is_stuck(the_store, 0, NOW_MS + 1));
    the_store->writers[0].unsettled = 0;
    cr_assert_not(is_stuck(the_store, 0, NOW_MS + 1));
}

/* By the hundred, too. */
Test(postgres_serve, all_that_waits_is_refused)
{
    wait_for(100, 100);
    refuse_writes(the_store);
    cr_assert_eq(calls.told, 100);
    refuse_reads(the_store);
    cr_assert_eq(calls.told, 200);
    cr_assert_eq(units[99].outcome, STORE_UNAVAILABLE);
    cr_assert_eq(items[99].outcome, STORE_FETCH_UNAVAILABLE);
}

/* ---- silence ---- */

Test(postgres_serve, an_answer_that_takes_too_long_loses_the_connection)
{
    all_are(SLOT_BUSY, NOW_MS - POSTGRES_SILENCE_MS);
    check_silence(the_store, NOW_MS);
    cr_assert_eq(calls.lost[0] + calls.lost[1] + calls.lost[2], 0);
    all_are(SLOT_IDLE, 0);
    check_silence(the_store, NOW_MS);
    cr_assert_eq(calls.lost[0] + calls.lost[1] + calls.lost[2], 0, "nothing is asked");
    all_are(SLOT_BUSY, NOW_MS - POSTGRES_SILENCE_MS - 1);
    check_silence(the_store, NOW_MS);
    cr_assert(calls.lost[0] == 1 && calls.lost[1] == 1 && calls.lost[2] == 1);
    for (int i = 0; i < POSTGRES_SLOTS; i++)
        cr_assert_eq(atomic_load(&the_store->slots[i].state), SLOT_DOWN, "the keeper makes another");
}

/* What waits for a standby stays in the database after its connection is gone. */
Test(postgres_serve, who_finds_out_is_waited_for)
{
    calls.is_patient = 1;
    all_are(SLOT_BUSY, NOW_MS - POSTGRES_PATIENCE_MS);
    check_silence(the_store, NOW_MS);
    cr_assert(calls.lost[0] == 0 && calls.lost[1] == 0 && calls.lost[2] == 1, "but no look-up");
    all_are(SLOT_BUSY, NOW_MS - POSTGRES_PATIENCE_MS - 1);
    check_silence(the_store, NOW_MS);
    cr_assert(calls.lost[0] == 1 && calls.lost[1] == 1);
}

/* ---- serving ---- */

Test(postgres_serve, who_is_idle_is_served)
{
    int64_t probed = NOW_MS;

    atomic_store(&the_store->slots[0].state, SLOT_BUSY);
    serve(the_store, NOW_MS, &probed);
    cr_assert(calls.served[0] == 0 && calls.served[1] == 1 && calls.served[2] == 1);
    cr_assert_eq(calls.probed[1] + calls.probed[2], 0);
}

/* A store that is not well is tried once a second; one that is, never. */
Test(postgres_serve, what_is_not_well_is_probed)
{
    int64_t probed = NOW_MS - POSTGRES_PROBE_MS + 1;

    atomic_store(&the_store->write_ok, 0);
    serve(the_store, NOW_MS, &probed);
    cr_assert_eq(calls.probed[0] + calls.probed[1] + calls.probed[2], 0);
    serve(the_store, NOW_MS + 1, &probed);
    cr_assert(calls.probed[0] == 1 && calls.probed[1] == 1 && calls.probed[2] == 0);
    cr_assert_eq(probed, NOW_MS + 1);
    atomic_store(&the_store->write_ok, 1);
    atomic_store(&the_store->read_ok, 0);
    probed = 0;
    serve(the_store, NOW_MS, &probed);
    cr_assert(calls.probed[0] == 1 && calls.probed[1] == 1 && calls.probed[2] == 1);
}

Test(postgres_serve, what_a_round_ends_with_is_passed_on)
{
    for (int i = 0; i < POSTGRES_SLOTS; i++) {
        calls.end = ROUND_WAITING;
        receive(the_store, i);
        cr_expect_eq(calls.answered[i] + calls.lost[i], 0);
        calls.end = ROUND_ANSWERED;
        receive(the_store, i);
        cr_expect(calls.answered[i] == 1 && calls.lost[i] == 0);
        calls.end = ROUND_LOST;
        receive(the_store, i);
        cr_expect(calls.answered[i] == 1 && calls.lost[i] == 1);
        cr_expect_eq(atomic_load(&the_store->slots[i].state), SLOT_DOWN);
        connected(the_store, i);
        cr_expect_eq(calls.connected[i], 1);
        cr_expect_eq(atomic_load(&the_store->slots[i].state), SLOT_IDLE);
    }
}

/* ---- whether there is something to do ---- */

Test(postgres_serve, it_does_not_sleep_over_work)
{
    cr_expect_not(has_work(the_store));
    atomic_store(&the_store->slots[1].state, SLOT_READY);
    cr_expect(has_work(the_store), "a connection");
    atomic_store(&the_store->slots[1].state, SLOT_IDLE);
    calls.can_serve = 1;
    cr_expect(has_work(the_store), "units");
    all_are(SLOT_BUSY, postgres_now_ms());
    cr_expect_not(has_work(the_store), "which nobody can take");
    calls.can_serve = 0;
    atomic_store(&the_store->slots[POSTGRES_WRITERS].state, SLOT_IDLE);
    cr_expect_not(has_work(the_store));
    the_store->readers[0].count = 1;
    cr_expect(has_work(the_store), "a look-up that was taken");
    the_store->readers[0].count = 0;
    wait_for(0, 1);
    cr_expect(has_work(the_store), "one that waits");
    atomic_store(&the_store->slots[POSTGRES_WRITERS].state, SLOT_BUSY);
    cr_expect_not(has_work(the_store));
    atomic_store(&the_store->unreachable, 1);
    all_are(SLOT_DOWN, postgres_now_ms());
    cr_expect(has_work(the_store), "to refuse it");
    refuse_reads(the_store);
    cr_expect_not(has_work(the_store));
    wait_for(1, 0);
    cr_expect(has_work(the_store));
    refuse_writes(the_store);
}

Test(postgres_serve, it_ends_when_all_is_done)
{
    calls.is_over = 1;
    cr_expect_not(is_over(the_store), "nobody wants it to");
    atomic_store(&the_store->stopping, 1);
    cr_expect(is_over(the_store));
    calls.is_over = 0;
    cr_expect_not(is_over(the_store));
    calls.is_over = 1;
    the_store->readers[0].count = 1;
    cr_expect_not(is_over(the_store));
    the_store->readers[0].count = 0;
    wait_for(1, 0);
    cr_expect_not(is_over(the_store));
    refuse_writes(the_store);
    wait_for(0, 1);
    cr_expect_not(is_over(the_store));
    refuse_reads(the_store);
    cr_expect(is_over(the_store));
}

/* ---- a store ---- */

Test(postgres_serve, it_is_well_when_it_reads_and_writes)
{
    cr_expect(pg_healthy(&the_store->base));
    atomic_store(&the_store->write_ok, 0);
    cr_expect_not(pg_healthy(&the_store->base));
    atomic_store(&the_store->write_ok, 1);
    atomic_store(&the_store->read_ok, 0);
    cr_expect_not(pg_healthy(&the_store->base));
    cr_expect_str_eq(the_store->name, "cmpd/node");
    cr_expect_str_eq(the_store->node, "node");
    atomic_store(&the_store->notices, 5);
    cr_expect_eq(pg_notices(&the_store->base), 5);
}
