/* test_postgres_round.c: statements that go out together, and their answers (storage/postgres/round.c). What
 * libpq says is the test's. */
#include <criterion/criterion.h>
#include <string.h>

#include "storage/postgres/internal.h"

enum { RESULTS_MAX = 16 };

/* In the order in which they come; NULL stands between two statements. */
static struct {
    ExecStatusType coming[RESULTS_MAX]; /* 0 (PGRES_EMPTY_QUERY): NULL */
    size_t at, count;
    const char *sqlstate, *table, *message;
    int is_bad, is_lost, refuses, refuses_sync, refuses_flush;
    unsigned cleared, sent, synced;
    struct {
        char name[16];
        int count, lengths[PARAMS_MAX], formats[PARAMS_MAX];
        char first[8];
    } last;
} libpq;

static int fake_send(PGconn *conn, const char *name, int count, const char *const *values, const int *lengths,
                     const int *formats, int binary)
{
    (void)conn;
    cr_assert_eq(binary, 1);
    snprintf(libpq.last.name, sizeof libpq.last.name, "%s", name);
    libpq.last.count = count;
    for (int i = 0; i < count; i++) {
        libpq.last.lengths[i] = lengths[i];
        libpq.last.formats[i] = formats[i];
    }
    if (count > 0)
        memcpy(libpq.last.first, values[0], sizeof libpq.last.first);
    libpq.sent++;
    return !libpq.refuses;
}

static PGresult *fake_result(PGconn *conn)
{
    (void)conn;
    cr_assert_lt(libpq.at, libpq.count, "nothing comes any more");
    ExecStatusType status = libpq.coming[libpq.at++];
    return status == PGRES_EMPTY_QUERY ? NULL : PQmakeEmptyPGresult(NULL, status);
}

static char *fake_field(const PGresult *result, int field)
{
    (void)result;
    return (char *)(uintptr_t)(field == PG_DIAG_SQLSTATE     ? libpq.sqlstate
                               : field == PG_DIAG_TABLE_NAME ? libpq.table
                                                             : libpq.message);
}

static void fake_clear(PGresult *result)
{
    PQclear(result);
    libpq.cleared++;
}

#define PQsendQueryPrepared fake_send
#define PQgetResult fake_result
#define PQresultErrorField fake_field
#define PQclear fake_clear
#define PQconsumeInput(conn) (!libpq.is_lost)
#define PQflush(conn) (libpq.refuses_flush ? -1 : 0)
#define PQpipelineSync(conn) (libpq.synced++, !libpq.refuses_sync)
#define PQisBusy(conn) (libpq.at == libpq.count)
#define PQstatus(conn) (libpq.is_bad ? CONNECTION_BAD : CONNECTION_OK)
/* NOLINTNEXTLINE(bugprone-suspicious-include): its libpq is the test's */
#include "storage/postgres/round.c"

static struct slot slot;

TestSuite(postgres_round);

/* What is received of |count| results, after |sent| statements. */
static enum round_end receive(int sent, const ExecStatusType *results, size_t count)
{
    slot.round.sent = sent;
    memcpy(libpq.coming, results, count * sizeof *results);
    libpq.count = count;
    libpq.at = 0;
    return round_receive(&slot);
}

#define RECEIVE(sent, ...)                                                                                   \
    receive(sent, (const ExecStatusType[]){__VA_ARGS__},                                                     \
            sizeof(ExecStatusType[]){__VA_ARGS__} / sizeof(ExecStatusType))
#define NEXT PGRES_EMPTY_QUERY

Test(postgres_round, all_that_was_asked_is_answered)
{
    cr_assert_eq(RECEIVE(2, PGRES_COMMAND_OK, NEXT, PGRES_TUPLES_OK, NEXT, PGRES_PIPELINE_SYNC),
                 ROUND_ANSWERED);
    cr_expect_eq(slot.round.answered, 2);
    cr_expect_eq(PQresultStatus(slot.round.results[1]), PGRES_TUPLES_OK);
    cr_expect_not(slot.round.failed);
    cr_expect_eq(libpq.cleared, 1, "that of the end alone");
    round_clear(&slot);
    cr_expect_eq(libpq.cleared, 3);
    cr_expect_eq(slot.round.answered + slot.round.sent, 0);
    cr_expect_eq(atomic_load(&slot.state), SLOT_IDLE);
}

Test(postgres_round, what_has_not_come_is_waited_for)
{
    cr_assert_eq(RECEIVE(2, PGRES_COMMAND_OK, NEXT), ROUND_WAITING);
    cr_expect_eq(slot.round.answered, 1);
    cr_assert_eq(RECEIVE(2, PGRES_COMMAND_OK, NEXT, PGRES_PIPELINE_SYNC), ROUND_ANSWERED);
    cr_expect_eq(slot.round.answered, 2);
    round_clear(&slot);
}

/* The first error is the one that counts: those after it were skipped. */
Test(postgres_round, an_error_ends_a_round)
{
    libpq.sqlstate = "23505";
    libpq.table = "certificates_2026";
    libpq.message = "duplicate key";
    cr_assert_eq(RECEIVE(4, PGRES_COMMAND_OK, NEXT, PGRES_FATAL_ERROR, NEXT), ROUND_WAITING);
    libpq.sqlstate = "XX000";
    cr_assert_eq(RECEIVE(4, PGRES_PIPELINE_ABORTED, NEXT, PGRES_FATAL_ERROR, NEXT, PGRES_PIPELINE_SYNC),
                 ROUND_ANSWERED);
    cr_expect(slot.round.failed);
    cr_expect_str_eq(slot.round.sqlstate, "23505");
    cr_expect_str_eq(slot.round.table, "certificates_2026");
    cr_expect_str_eq(slot.round.message, "duplicate key");
    cr_expect_eq(slot.round.answered, 1);
    cr_expect_eq(libpq.cleared, 4);
    round_clear(&slot);
    libpq.sqlstate = libpq.table = libpq.message = NULL;
    cr_assert_eq(RECEIVE(1, PGRES_FATAL_ERROR, NEXT, PGRES_PIPELINE_SYNC), ROUND_ANSWERED);
    cr_expect(slot.round.failed);
    cr_expect_str_empty(slot.round.sqlstate);
    cr_expect_str_empty(slot.round.table);
    cr_expect_str_empty(slot.round.message);
}

Test(postgres_round, a_connection_that_ends_is_lost)
{
    libpq.is_lost = 1;
    cr_expect_eq(round_receive(&slot), ROUND_LOST);
    libpq.is_lost = 0;
    libpq.refuses_flush = 1;
    cr_expect_eq(round_receive(&slot), ROUND_LOST);
    libpq.refuses_flush = 0;
    cr_expect_eq(RECEIVE(1, NEXT, NEXT), ROUND_LOST, "twice nothing: nothing is left to come");
    cr_expect_eq(RECEIVE(1, NEXT, PGRES_COMMAND_OK, NEXT, PGRES_PIPELINE_SYNC), ROUND_ANSWERED);
    round_clear(&slot);
    cr_expect_eq(RECEIVE(2, PGRES_COMMAND_OK, NEXT, PGRES_PIPELINE_SYNC), ROUND_LOST, "an answer is missing");
    round_clear(&slot);
    cr_expect_eq(RECEIVE(1, PGRES_COMMAND_OK, PGRES_COMMAND_OK, NEXT, PGRES_PIPELINE_SYNC), ROUND_ANSWERED,
                 "one too many is dropped");
    round_clear(&slot);
    libpq.is_bad = 1;
    cr_expect_eq(RECEIVE(1, NEXT), ROUND_LOST);
    cr_expect_eq(RECEIVE(1, PGRES_FATAL_ERROR), ROUND_LOST);
}

Test(postgres_round, so_many_statements_and_no_more)
{
    for (int i = 0; i < ROUND_STATEMENTS; i++)
        cr_assert(round_add(&slot, SQL_BEGIN, NULL));
    cr_assert_not(round_add(&slot, SQL_BEGIN, NULL));
    cr_assert_eq(libpq.sent, ROUND_STATEMENTS);
    cr_assert_eq(slot.round.sent, ROUND_STATEMENTS);
}

Test(postgres_round, parameters_go_as_they_are)
{
    struct params params = {.data = NULL};
    char name[16];

    params_reset(&params);
    params_number(&params, 0x0102030405060708);
    params_octets(&params, bytes_str("abc"));
    slot.round.warned = 1;
    cr_assert(round_add(&slot, SQL_ALIVE, &params));
    cr_expect_eq(slot.round.warned, 0, "a warning is of the round before");
    cr_expect_str_eq(libpq.last.name, postgres_name(name, SQL_ALIVE));
    cr_expect_eq(libpq.last.count, 2);
    cr_expect(libpq.last.lengths[0] == 8 && libpq.last.lengths[1] == 3);
    cr_expect(libpq.last.formats[0] == 1 && libpq.last.formats[1] == 1, "binary");
    cr_expect_arr_eq(libpq.last.first, "\1\2\3\4\5\6\7\x08", 8);
    slot.round.warned = 1;
    cr_assert(round_add(&slot, SQL_BEGIN, NULL));
    cr_expect_eq(slot.round.warned, 1);
    cr_expect_eq(libpq.last.count, 0);
    libpq.refuses = 1;
    cr_expect_not(round_add(&slot, SQL_BEGIN, NULL));
    cr_expect_eq(slot.round.sent, 2);
    libpq.refuses = 0;
    params.failed = 1;
    cr_expect_not(round_add(&slot, SQL_ALIVE, &params), "there was no memory");
    cr_expect_eq(libpq.sent, 3);
    params_free(&params);
}

Test(postgres_round, a_round_that_is_sent_makes_its_slot_busy)
{
    cr_assert(round_send(&slot, 77));
    cr_expect_eq(slot.since_ms, 77);
    cr_expect_eq(atomic_load(&slot.state), SLOT_BUSY);
    cr_expect_eq(libpq.synced, 1);
    libpq.refuses_sync = 1;
    cr_expect_not(round_send(&slot, 77));
    libpq.refuses_sync = 0;
    libpq.refuses_flush = 1;
    cr_expect_not(round_send(&slot, 77));
}
