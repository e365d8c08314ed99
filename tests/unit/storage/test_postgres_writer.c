/* test_postgres_writer.c: what becomes of units when a group fails, when its connection is lost, and when
 * that is found out (storage/postgres/writer.c, settle.c). Without a database: the rounds are the test's. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "storage/postgres/writer.h"

/* What was sent, and what is answered. */
static struct {
    int adds_left; /* so many statements are taken */
    enum postgres_statement sent[64];
    size_t count;
    int sends, refuses_send, losses, asked, read, groups, rollbacks;
    int64_t now;
    size_t advanced;
    const struct store_entry *advanced_by;
    int chains;
} net;

static int fake_round_add(struct slot *slot, enum postgres_statement statement, const struct params *params)
{
    (void)slot, (void)params;
    if (net.adds_left == 0)
        return 0;
    net.adds_left--;
    net.sent[net.count++] = statement;
    return 1;
}

static int fake_round_send(struct slot *slot, int64_t now_ms)
{
    slot->since_ms = now_ms;
    net.sends++;
    return !net.refuses_send;
}

static void fake_round_clear(struct slot *slot)
{
    slot->round = (struct round){0};
}

static void fake_lose(struct postgres_store *store, struct slot *slot, const char *why)
{
    cr_assert(store != NULL && why != NULL);
    fake_round_clear(slot);
    net.losses++;
}

static int64_t fake_now(void)
{
    return net.now;
}

static void fake_log_fault(const char *doing, const struct round *round)
{
    cr_assert(doing != NULL && round != NULL);
}

static void fake_questions(struct writer *writer)
{
    writer->doing = WRITER_EXPLAINING;
    net.asked++;
}

static void fake_answers(struct writer *writer)
{
    (void)writer;
    net.read++;
}

static void fake_group(struct writer *writer)
{
    (void)writer;
    net.groups++;
}

static int fake_rollback(struct writer *writer)
{
    (void)writer;
    net.rollbacks++;
    return 1;
}

static void fake_advance(struct audit_chain *chain, const struct store_entry *entry)
{
    (void)chain;
    net.advanced++;
    net.advanced_by = entry;
}

static int fake_begin(struct audit_chain *chain, struct audit_register *chains, struct bytes node)
{
    (void)chain, (void)chains, (void)node;
    net.chains++;
    return 1;
}

static int fake_entry(struct writer *writer, enum postgres_statement statement,
                      const struct store_entry *entry)
{
    cr_assert_neq(entry->seq, 0);
    return fake_round_add(writer->slot, statement, NULL);
}

static int fake_close(struct store_entry *out, const struct audit_chain *chain, int64_t at, const char *why)
{
    (void)chain, (void)why;
    *out = (struct store_entry){.seq = 7, .at = at};
    out->hash[0] = 0xcc;
    return 1;
}

#define round_add fake_round_add
#define round_send fake_round_send
#define round_clear fake_round_clear
#define postgres_lose fake_lose
#define postgres_now_ms fake_now
#define postgres_log_fault fake_log_fault
#define writer_send_questions fake_questions
#define writer_read_answers fake_answers
#define writer_send_group fake_group
#define writer_add_rollback fake_rollback
#define writer_add_entry fake_entry
#define audit_chain_advance fake_advance
#define audit_chain_begin fake_begin
#define audit_entry_close fake_close
/* NOLINTBEGIN(bugprone-suspicious-include): their rounds are the test's */
#include "storage/postgres/settle.c"
#include "storage/postgres/writer.c"
/* NOLINTEND(bugprone-suspicious-include) */

enum { UNITS = 20, NOW_MS = 1000000 };

static struct postgres_store *store;
static struct writer *writer;
static struct slot slot;
static struct store_unit units[UNITS];
static int told[UNITS];

static void tell_unit(void *arg)
{
    ++*(int *)arg;
}

/* A group of |group| of |count| units is on its way. */
static void take(size_t count, size_t group)
{
    for (size_t i = 0; i < count; i++) {
        units[i] = (struct store_unit){.conflict = STORE_PRE_TX, .row = {.state = STORE_TX_ENDED}};
        told[i] = 0;
        writer->entries[i] = (struct queue_entry){.item = &units[i], .arg = &told[i], .done = tell_unit};
    }
    writer->count = count;
    writer->group = group;
    writer->doing = WRITER_COMMITTING;
}

static void set_up(void)
{
    log_set_level(LOG_ERROR);
    store = calloc(1, sizeof *store);
    cr_assert_not_null(store);
    writer = &store->writers[0];
    writer->store = store;
    writer->slot = &slot;
    writer->limit = POSTGRES_GROUP_MAX;
    store->node = strdup("node");
    cr_assert(queue_init(&store->writes));
    atomic_store(&store->write_ok, 1);
    net.adds_left = 64;
    net.now = NOW_MS;
}

static void tear_down(void)
{
    queue_cleanup(&store->writes);
    free(store->node);
    free(store);
}

TestSuite(postgres_writer, .init = set_up, .fini = tear_down);

/* How many of the first |count| were told |outcome|, each once. */
static size_t told_so(size_t count, enum store_outcome outcome)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        cr_expect_leq(told[i], 1);
        n += told[i] == 1 && units[i].outcome == outcome;
    }
    return n;
}

static void fails_with(const char *sqlstate)
{
    writer->doing = WRITER_COMMITTING;
    slot.round = (struct round){.failed = 1};
    snprintf(slot.round.sqlstate, sizeof slot.round.sqlstate, "%s", sqlstate);
    writer_answered(writer);
}

/* ---- errors ---- */

/* PostgreSQL, Appendix A: classes 22 (data), 23 (constraint), 40 (rollback), 54 (limit), 55 (state), 57014
 * (cancelled), P0 (PL/pgSQL) are about what was asked; 08, 53, 57P01 … are about the database. */
Test(postgres_writer, an_error_is_about_some_unit_or_about_the_database)
{
    static const char *const some[] = {"22001", "23502", "54000", "55P03", "57014", "P0001"},
                             *const all[] = {"53100", "57P01", "08006", "42501",
                                             "XX000", "57P03", "25006", ""};

    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        take(10, 10);
        fails_with(some[i]);
        cr_expect_eq(told_so(10, STORE_UNAVAILABLE), 0, "%s", some[i]);
        cr_expect_eq(writer->group, 0);
        cr_expect_lt(writer->limit, 10, "a part is tried: %s", some[i]);
        cr_expect(atomic_load(&store->write_ok));
        writer->waits = 0;
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        take(10, 6);
        atomic_store(&store->write_ok, 1);
        fails_with(all[i]);
        cr_expect_eq(told_so(10, STORE_UNAVAILABLE), 6, "%s", all[i]);
        cr_expect_eq(writer->count, 4, "the rest goes again");
        cr_expect_not(atomic_load(&store->write_ok));
        cr_expect_eq(units[0].conflict, STORE_PRE_NONE);
        cr_expect_eq(units[0].row.state, 0);
        cr_expect_eq(writer->limit, POSTGRES_GROUP_MAX);
        cr_expect_eq(net.losses, strcmp(all[i], "25006") == 0, "of a primary that is none any more");
        net.losses = 0;
    }
}

/* Half of it; of one that waited for a lock, an eighth. */
Test(postgres_writer, of_a_group_that_failed_a_part_goes_again)
{
    take(20, 16);
    fails_with("22001");
    cr_assert_eq(writer->limit, 8);
    take(20, 16);
    fails_with("55P03");
    cr_assert_eq(writer->limit, 2);
    take(20, 8);
    fails_with("57014");
    cr_assert_eq(writer->limit, 1, "as many as it is divided by are no part");
    take(20, 1);
    fails_with("22001");
    cr_assert_eq(told_so(20, STORE_UNAVAILABLE), 1);
    cr_assert_eq(writer->limit, 1, "its neighbours may be alike");
    cr_assert_eq(writer->count, 19);
}

/* So many in a row that waited in vain are about more than a few rows. */
Test(postgres_writer, after_waiting_in_vain_all_are_refused)
{
    for (int i = 0; i < POSTGRES_WAITS - 1; i++) {
        take(20, 16);
        fails_with(i % 2 == 0 ? "55P03" : "57014");
        cr_assert_eq(told_so(20, STORE_UNAVAILABLE), 0);
    }
    take(20, 16);
    fails_with("22001");
    cr_assert_eq(told_so(20, STORE_UNAVAILABLE), 0, "that one did not wait");
    take(20, 16);
    fails_with("55P03");
    cr_assert_eq(told_so(20, STORE_UNAVAILABLE), 20, "those that are not on their way, too");
    cr_assert_not(atomic_load(&store->write_ok));
    cr_assert_eq(writer->waits, 0);
    take(20, 16);
    fails_with("55P03");
    cr_assert_eq(told_so(20, STORE_UNAVAILABLE), 0, "counted anew");
}

/* A deadlock, or a serialization failure, is nobody's fault. */
Test(postgres_writer, what_the_database_undid_goes_again_as_it_was)
{
    for (int i = 1; i < POSTGRES_ATTEMPTS; i++) {
        take(10, 10);
        fails_with("40P01");
        cr_assert_eq(writer->attempts, i);
        cr_assert_eq(writer->group, 0);
        cr_assert_eq(writer->limit, POSTGRES_GROUP_MAX);
        cr_assert_eq(told_so(10, STORE_UNAVAILABLE), 0);
    }
    take(10, 10);
    fails_with("40001");
    cr_assert_eq(writer->limit, 1, "then a part: 10 / 8");
}

Test(postgres_writer, what_cannot_be_is_asked_about)
{
    take(10, 10);
    fails_with(POSTGRES_CONFLICT);
    cr_assert_eq(net.asked, 1);
    take(10, 10);
    fails_with("23505");
    cr_assert_eq(net.asked, 2);
    take(1, 1);
    fails_with("23505");
    cr_assert_eq(net.asked, 3, "not of a row that it inserts");
}

/* A row that a lone unit inserts is there already; partitions have the names of their tables and more. */
Test(postgres_writer, a_row_that_is_there_is_a_conflict)
{
    struct store_cert cert = {.status = STORE_CERT_VALID};
    struct store_tx tx = {.state = STORE_TX_ENDED};

    for (int i = 0; i < 3; i++) {
        take(2, 1);
        store_unit_write(&units[0], i == 1 ? STORE_UPDATE : STORE_INSERT, STORE_TRANSACTIONS, &tx);
        if (i != 1)
            store_unit_write(&units[0], STORE_INSERT, STORE_CERTIFICATES, &cert);
        slot.round = (struct round){.failed = 1, .sqlstate = "23505"};
        snprintf(slot.round.table, sizeof slot.round.table, "%s",
                 i == 0 ? "certificates_2026" : "transactions_1");
        writer->doing = WRITER_COMMITTING;
        writer_answered(writer);
        cr_expect_eq(told_so(2, STORE_CONFLICT), i == 0, "of a transaction the outcome tells more");
        cr_expect_eq(net.asked, i);
        if (i == 0)
            cr_expect_eq(units[0].conflict, STORE_PRE_ROW);
    }
}

/* ---- done ---- */

Test(postgres_writer, what_is_done_is_told_and_the_chain_goes_on)
{
    take(10, 6);
    writer->entry.records = bytes_str("records");
    writer->waits = 3;
    writer->attempts = 2;
    writer->limit = 4;
    atomic_store(&store->write_ok, 0);
    writer_answered(writer);
    cr_assert_eq(told_so(10, STORE_DONE), 6);
    cr_assert_eq(writer->count, 4);
    cr_assert_eq(writer->entries[0].item, &units[6]);
    cr_assert_eq(net.advanced, 1);
    cr_assert_eq(net.advanced_by, &writer->entry);
    cr_assert(atomic_load(&store->write_ok));
    cr_assert_eq(writer->waits + writer->attempts, 0);
    cr_assert_eq(writer->limit, 8, "more of the rest is tried at once");
    cr_assert_eq(writer->doing, WRITER_IDLE);
    take(4, 4);
    writer->entry.records = bytes_of(NULL, 0);
    writer->limit = POSTGRES_GROUP_MAX / 2;
    writer_answered(writer);
    cr_assert_eq(net.advanced, 1, "without records there is no entry");
    cr_assert_eq(writer->limit, POSTGRES_GROUP_MAX);
}

/* Somebody ended the wait for the standby. */
Test(postgres_writer, a_commit_with_a_warning_is_no_commit_yet)
{
    take(10, 6);
    writer->entry.records = bytes_str("records");
    slot.round.warned = 1;
    writer_answered(writer);
    cr_assert_eq(net.losses, 1);
    cr_assert(writer->unsettled);
    cr_assert_eq(told_so(10, STORE_DONE), 0);
    cr_assert_eq(writer->group, 6);
}

Test(postgres_writer, questions_that_fail_leave_nobody_waiting)
{
    take(10, 6);
    writer->doing = WRITER_EXPLAINING;
    slot.round.failed = 1;
    writer_answered(writer);
    cr_assert_eq(told_so(10, STORE_UNAVAILABLE), 6);
    cr_assert_not(atomic_load(&store->write_ok));
    take(10, 6);
    writer->doing = WRITER_EXPLAINING;
    writer_answered(writer);
    cr_assert_eq(net.read, 1);
    cr_assert_eq(told_so(10, STORE_UNAVAILABLE), 0);
}

Test(postgres_writer, a_probe_tells_whether_the_store_is_well)
{
    writer->doing = WRITER_PROBING;
    slot.round.failed = 1;
    writer_answered(writer);
    cr_assert_not(atomic_load(&store->write_ok));
    writer->doing = WRITER_PROBING;
    writer_answered(writer);
    cr_assert(atomic_load(&store->write_ok));
}

/* Where nothing tells why: a part, then the last one again and again, but not for ever. */
Test(postgres_writer, of_which_nothing_tells_why_a_part_is_tried)
{
    take(10, 10);
    writer_try_less(writer, STORE_PRE_NONE);
    cr_assert_eq(writer->limit, 5);
    take(10, 1);
    writer_try_less(writer, STORE_PRE_OLD);
    cr_assert_eq(told_so(10, STORE_CONFLICT), 1);
    cr_assert_eq(units[0].conflict, STORE_PRE_OLD);
    cr_assert_eq(units[0].row.state, 0);
    for (int i = 1; i <= POSTGRES_ATTEMPTS; i++) {
        writer->attempts = i - 1;
        take(10, 1);
        writer_try_less(writer, STORE_PRE_NONE);
        cr_assert_eq(told_so(10, STORE_UNAVAILABLE), i == POSTGRES_ATTEMPTS, "attempt %d", i);
        cr_assert_eq(writer->group, 0);
    }
}

/* ---- connections that are lost ---- */

Test(postgres_writer, a_commit_whose_connection_is_lost_is_not_known)
{
    take(10, 6);
    writer->entry.records = bytes_str("records");
    writer_lost(writer);
    cr_assert(writer->unsettled);
    cr_assert_eq(writer->doing, WRITER_IDLE);
    cr_assert_eq(writer->unsettled_ms, NOW_MS);
    cr_assert_eq(writer->settle_ms, NOW_MS);
    cr_assert_eq(writer->tell_ms, NOW_MS + POSTGRES_SETTLE_MS);
    cr_assert_eq(told_so(10, STORE_UNKNOWN), 0);
    net.now += 5;
    writer->doing = WRITER_COMMITTING;
    writer_lost(writer);
    cr_assert_eq(writer->tell_ms, NOW_MS + POSTGRES_SETTLE_MS, "it waits since the first time");
    cr_assert_eq(writer->settle_ms, NOW_MS + 5);
    /* Without an entry nothing could find it out. */
    writer->entry.records = bytes_of(NULL, 0);
    writer->doing = WRITER_COMMITTING;
    writer_lost(writer);
    cr_assert_eq(told_so(10, STORE_UNKNOWN), 6);
}

Test(postgres_writer, what_was_not_committed_goes_again)
{
    take(10, 6);
    writer->doing = WRITER_EXPLAINING;
    writer_lost(writer);
    cr_assert_not(writer->unsettled);
    cr_assert_eq(writer->group, 0);
    cr_assert_eq(writer->count, 10);
    take(10, 6);
    writer->unsettled = 1;
    writer->doing = WRITER_SETTLING;
    writer_lost(writer);
    cr_assert_eq(writer->group, 6, "which is still not known");
}

Test(postgres_writer, who_waits_is_told_when_it_takes_too_long)
{
    take(10, 6);
    writer->tell_ms = NOW_MS;
    writer_look_at_time(writer, NOW_MS);
    cr_assert_eq(told_so(10, STORE_UNKNOWN), 0, "it is known that nothing is wrong");
    writer->unsettled = 1;
    writer_look_at_time(writer, NOW_MS - 1);
    cr_assert_eq(told_so(10, STORE_UNKNOWN), 0);
    writer_look_at_time(writer, NOW_MS);
    cr_assert_eq(told_so(10, STORE_UNKNOWN), 6);
    cr_assert_eq(writer->count, 4);
    cr_assert(writer->unsettled, "and nothing else is written");
    writer_look_at_time(writer, NOW_MS);
}

Test(postgres_writer, who_waits_for_a_connection_is_refused_when_there_is_none)
{
    take(10, 6);
    writer_give_up(writer);
    cr_assert_eq(told_so(10, STORE_UNAVAILABLE), 4);
    cr_assert_eq(told_so(6, STORE_UNAVAILABLE), 0, "what is on its way is not given up");
    cr_assert_eq(writer->count, 6);
}

/* ---- finding out ---- */

Test(postgres_writer, it_is_asked_when_it_may_be)
{
    writer->unsettled = 1;
    writer->settle_ms = NOW_MS + 1;
    cr_assert_not(writer_can_serve(writer, NOW_MS));
    writer_serve(writer, 0);
    cr_assert_eq(net.sends, 0);
    net.now++;
    cr_assert(writer_can_serve(writer, NOW_MS + 1));
    writer->entry = (struct store_entry){.records = bytes_str("records"), .at = 5};
    writer_serve(writer, 0);
    cr_assert_eq(net.sends, 1);
    cr_assert_eq(net.rollbacks, 1);
    cr_assert_eq(net.count, 2);
    cr_assert_eq(net.sent[0], SQL_PROBE_WRITE);
    cr_assert_eq(net.sent[1], SQL_SETTLE);
    cr_assert_eq(writer->doing, WRITER_SETTLING);
    cr_assert_eq(writer->closing.seq, 7);
    cr_assert_eq(writer->closing.at, 5);
    cr_assert(writer_is_patient(writer));
    /* A group without an entry: whether commits go through. */
    writer->entry.records = bytes_of(NULL, 0);
    writer_serve(writer, 0);
    cr_assert_eq(net.count, 3);
    cr_assert_eq(net.losses, 0);
    net.refuses_send = 1;
    writer_serve(writer, 0);
    cr_assert_eq(net.losses, 1);
    net.refuses_send = 0;
    net.adds_left = 0;
    writer_serve(writer, 0);
    cr_assert_eq(net.losses, 2);
}

/* The answer is the hash of the entry that has the number. */
static void answer(const uint8_t *hash, int len)
{
    PGresAttDesc column = {.name = "hash", .format = 1, .typid = 17, .typlen = -1, .atttypmod = -1};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

    cr_assert(result != NULL && PQsetResultAttrs(result, 1, &column));
    if (hash != NULL)
        cr_assert(PQsetvalue(result, 0, 0, (char *)(uintptr_t)hash, len));
    slot.round = (struct round){.answered = 1, .results = {result}};
    writer->doing = WRITER_SETTLING;
    writer_answered(writer);
    PQclear(result);
}

static void unsettle(size_t count, size_t group)
{
    take(count, group);
    writer->unsettled = 1;
    writer->entry = (struct store_entry){.records = bytes_str("records"), .hash = {0xee}};
    writer->closing = (struct store_entry){.hash = {0xcc}};
    snprintf(writer->settle_fault, sizeof writer->settle_fault, "55P03");
    atomic_store(&store->write_ok, 0);
}

Test(postgres_writer, a_group_whose_entry_is_stored_was_done)
{
    static const uint8_t entry[STORE_HASH] = {0xee};

    unsettle(10, 6);
    answer(entry, sizeof entry);
    cr_assert_eq(told_so(10, STORE_DONE), 6);
    cr_assert_eq(net.advanced_by, &writer->entry);
    cr_assert_not(writer->unsettled);
    cr_assert_eq(writer->settle_fault[0], 0);
    cr_assert(atomic_load(&store->write_ok));
    cr_assert_eq(net.chains, 1, "a chain goes no further than what settled it");
}

Test(postgres_writer, a_group_whose_chain_is_closed_was_not)
{
    static const uint8_t closing[STORE_HASH] = {0xcc};

    unsettle(10, 6);
    answer(closing, sizeof closing);
    cr_assert_eq(told_so(10, STORE_DONE) + told_so(10, STORE_UNAVAILABLE), 0);
    cr_assert_eq(net.advanced_by, &writer->closing);
    cr_assert_not(writer->unsettled);
    cr_assert_eq(writer->limit, 3, "half of it goes again");
    cr_assert_eq(writer->attempts, 1);
    unsettle(10, 6);
    writer->attempts = POSTGRES_ATTEMPTS - 1;
    answer(closing, sizeof closing);
    cr_assert_eq(told_so(10, STORE_UNAVAILABLE), 6, "but not for ever");
}

static void is_asked_again(void)
{
    cr_expect(writer->unsettled);
    cr_expect_eq(writer->settle_ms, NOW_MS + POSTGRES_SETTLE_PAUSE_MS);
    cr_expect_eq(told_so(10, STORE_DONE) + told_so(10, STORE_UNAVAILABLE), 0);
    cr_expect_eq(net.advanced, 0);
    cr_expect_eq(net.chains, 0);
    cr_expect_not(atomic_load(&store->write_ok));
}

Test(postgres_writer, what_tells_nothing_is_asked_again)
{
    static const uint8_t other[STORE_HASH] = {0xaa}, entry[STORE_HASH] = {0xee};

    unsettle(10, 6);
    answer(NULL, 0);
    is_asked_again();
    answer(other, sizeof other);
    is_asked_again();
    answer(entry, sizeof entry - 1);
    is_asked_again();
    slot.round = (struct round){.failed = 1, .sqlstate = "40001"};
    writer->doing = WRITER_SETTLING;
    writer_answered(writer);
    is_asked_again();
    cr_assert_str_eq(writer->settle_fault, "40001");
    slot.round = (struct round){.warned = 1};
    writer->doing = WRITER_SETTLING;
    writer_answered(writer);
    is_asked_again();
    cr_assert_str_eq(writer->settle_fault, "01000", "a warning is no commit");
}

/* Its units were told UNKNOWN at once; it is enough that commits go through again. */
Test(postgres_writer, without_an_entry_an_answer_is_enough)
{
    take(4, 0);
    writer->unsettled = 1;
    answer(NULL, 0);
    cr_assert_not(writer->unsettled);
    cr_assert_eq(net.advanced, 0);
    cr_assert_eq(net.chains, 1);
}

/* ---- called by the serving thread ---- */

Test(postgres_writer, a_connection_begins_a_chain_unless_one_is_to_be_settled)
{
    writer_connected(writer);
    cr_assert_eq(net.chains, 1);
    writer->unsettled = 1;
    writer_connected(writer);
    cr_assert_eq(net.chains, 1);
}

Test(postgres_writer, it_serves_what_waits_and_probes_else)
{
    struct store_unit *item = &units[0];

    cr_assert_not(writer_can_serve(writer, NOW_MS));
    cr_assert(writer_is_over(writer));
    writer_serve(writer, 0);
    cr_assert_eq(net.groups + net.sends, 0);
    writer_serve(writer, 1);
    cr_assert_eq(writer->doing, WRITER_PROBING);
    cr_assert(writer_is_patient(writer) && writer_is_over(writer));
    cr_assert_eq(net.sent[0], SQL_PROBE_WRITE);
    cr_assert_eq(net.sends, 1);
    cr_assert_eq(net.losses, 0);
    net.refuses_send = 1;
    writer_serve(writer, 1);
    cr_assert_eq(net.losses, 1);
    net.adds_left = 0;
    writer_serve(writer, 1);
    cr_assert_eq(net.losses, 2);
    writer->attempts = 3;
    writer->limit = 1;
    writer->doing = WRITER_IDLE;
    cr_assert(queue_put(&store->writes, &item, &(void *){&told[0]}, 1, tell_unit));
    cr_assert(writer_can_serve(writer, NOW_MS));
    writer_serve(writer, 1);
    cr_assert_eq(net.groups, 1);
    cr_assert_eq(writer->count, 1);
    cr_assert_eq(writer->attempts, 0);
    cr_assert_eq(writer->limit, POSTGRES_GROUP_MAX);
    cr_assert_not(writer_is_over(writer));
    cr_assert(writer_can_serve(writer, NOW_MS), "what was taken is not in the queue");
    writer->doing = WRITER_COMMITTING;
    cr_assert_not(writer_is_patient(writer));
    writer->count = 0;
    cr_assert_not(writer_is_over(writer));
}
