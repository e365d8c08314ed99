/* test_postgres_read.c: which look-ups make a batch, and what becomes of one that fails or is lost
 * (storage/postgres/read.c). Without a database: the rounds are the test's. What rows become: test_store.c.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "server/base/log.h"
#include "storage/postgres/internal.h"

enum { ITEMS = 12, SENT_MAX = 32 };

static struct {
    enum postgres_statement sent[SENT_MAX];
    int counts[SENT_MAX];
    size_t count, adds_left;
    int sends, refuses_send, losses, cleared, told[ITEMS];
} net;

static int fake_add(struct slot *slot, enum postgres_statement statement, const struct params *params)
{
    (void)slot;
    if (net.adds_left == 0)
        return 0;
    net.adds_left--;
    net.counts[net.count] = params != NULL ? params->count : 0;
    net.sent[net.count++] = statement;
    return 1;
}

static int fake_send(struct slot *slot, int64_t now_ms)
{
    (void)slot, (void)now_ms;
    net.sends++;
    return !net.refuses_send;
}

static void fake_clear(struct slot *slot)
{
    slot->round = (struct round){0};
    net.cleared++;
}

static void fake_lose(struct postgres_store *store, struct slot *slot, const char *why)
{
    (void)store, (void)slot, (void)why;
    net.losses++;
}

#define round_add fake_add
#define round_send fake_send
#define round_clear fake_clear
#define postgres_lose fake_lose
#define postgres_log_fault(doing, round) (void)(round)
/* NOLINTNEXTLINE(bugprone-suspicious-include): its rounds are the test's */
#include "storage/postgres/read.c"

static struct postgres_store *store;
static struct reader *reader;
static struct slot slot;
static struct store_fetch items[ITEMS];

static void tell_one(void *arg)
{
    ++*(int *)arg;
}

static void set_up(void)
{
    log_set_level(LOG_ERROR);
    store = calloc(1, sizeof *store);
    cr_assert_not_null(store);
    cr_assert(queue_init(&store->reads));
    reader = &store->readers[0];
    reader->store = store;
    reader->slot = &slot;
    net.adds_left = SENT_MAX;
    for (int i = 0; i < ITEMS; i++) {
        items[i] = (struct store_fetch){
            .kind = STORE_CERTIFICATES, .issuer = bytes_str("issuer"), .key = bytes_str("key"), .before = 9};
        reader->entries[i] = (struct queue_entry){.item = &items[i], .arg = &net.told[i], .done = tell_one};
    }
}

static void tear_down(void)
{
    params_free(&reader->params);
    queue_cleanup(&store->reads);
    free(store);
}

TestSuite(postgres_read, .init = set_up, .fini = tear_down);

static int told(enum store_fetch_outcome outcome)
{
    int count = 0;

    for (int i = 0; i < ITEMS; i++)
        count += net.told[i] == 1 && items[i].outcome == outcome;
    return count;
}

/* Keys of one kind share a statement; what an index finds has one each, of which eight go at once. */
Test(postgres_read, a_batch_has_a_statement_for_each_kind)
{
    reader->count = 4;
    items[1].kind = STORE_SECRETS;
    items[3].kind = STORE_TRANSACTIONS;
    items[3].index = STORE_OVERDUE;
    reader_serve(reader, 0);
    cr_assert_eq(net.count, 3);
    cr_expect_eq(net.sent[0], postgres_get(STORE_CERTIFICATES));
    cr_expect_eq(net.sent[1], postgres_get(STORE_SECRETS));
    cr_expect_eq(net.sent[2], postgres_find(STORE_OVERDUE));
    cr_expect_eq(net.counts[0], 2, "issuers and keys");
    cr_expect_eq(net.counts[2], 2, "the issuer, and up to when");
    cr_expect_eq(reader->batch, 4);
    cr_expect_eq(net.sends, 1);
    cr_expect_eq(net.losses, 0);
}

Test(postgres_read, so_many_that_are_none_by_key_go_at_once)
{
    reader->count = ITEMS;
    for (int i = 1; i < ITEMS; i++)
        items[i].index = STORE_OLD_CERTIFICATES;
    reader_serve(reader, 0);
    cr_assert_eq(reader->batch, 9);
    cr_assert_eq(net.count, 9);
    cr_expect_eq(net.counts[1], 3, "the issuer, from where on, up to which");
}

Test(postgres_read, what_fails_is_unavailable)
{
    reader->count = ITEMS;
    reader->batch = 5;
    reader->losses = 1;
    atomic_store(&store->read_ok, 1);
    slot.round.failed = 1;
    reader_answered(reader);
    cr_assert_eq(told(STORE_FETCH_UNAVAILABLE), 5);
    cr_assert_eq(reader->count, ITEMS - 5);
    cr_assert_eq(reader->entries[0].item, &items[5]);
    cr_assert_eq(reader->batch, 0);
    cr_assert_eq(reader->losses, 0);
    cr_assert_eq(net.cleared, 1);
    cr_assert_not(atomic_load(&store->read_ok));
    reader_answered(reader); /* of a probe */
    cr_assert(atomic_load(&store->read_ok));
    cr_assert_eq(told(STORE_FETCH_UNAVAILABLE), 5);
    atomic_store(&store->read_ok, 0);
    reader_connected(reader);
    cr_assert(atomic_load(&store->read_ok));
}

/* Looking once more does no harm, but not for ever. */
Test(postgres_read, what_is_lost_is_asked_once_more)
{
    reader->count = 5;
    reader->batch = 3;
    reader_lost(reader);
    cr_assert_eq(reader->batch, 0);
    cr_assert_eq(reader->count, 5);
    cr_assert_eq(told(STORE_FETCH_UNAVAILABLE), 0);
    reader->batch = 3;
    reader_lost(reader);
    cr_assert_eq(told(STORE_FETCH_UNAVAILABLE), 5);
    cr_assert_eq(reader->count, 0);
}

Test(postgres_read, who_waits_in_vain_is_told)
{
    reader->count = 5;
    reader->batch = 3;
    reader_give_up(reader);
    cr_assert_eq(told(STORE_FETCH_UNAVAILABLE), 2, "not what is on its way");
    cr_assert_eq(reader->count, 3);
    cr_assert_eq(net.told[0], 0);
}

Test(postgres_read, what_cannot_be_sent_loses_the_connection)
{
    reader->count = 2;
    items[1].index = STORE_OLD_TRANSACTIONS;
    items[1].kind = STORE_TRANSACTIONS;
    for (size_t adds = 0; adds < 3; adds++) {
        net.adds_left = adds;
        net.refuses_send = adds == 2;
        reader->losses = 0;
        reader_serve(reader, 0);
        cr_expect_eq(net.losses, (int)adds + 1, "%zu", adds);
        cr_expect_eq(reader->losses, 1);
    }
}

Test(postgres_read, a_probe_is_sent_when_nothing_waits)
{
    reader_serve(reader, 0);
    cr_assert_eq(net.sends, 0);
    reader_serve(reader, 1);
    cr_assert_eq(net.sends, 1);
    cr_assert_eq(net.sent[0], SQL_PROBE_READ);
    cr_assert_eq(net.losses, 0);
    net.refuses_send = 1;
    reader_serve(reader, 1);
    cr_assert_eq(net.losses, 1);
    net.adds_left = 0;
    reader_serve(reader, 1);
    cr_assert_eq(net.losses, 2);
    cr_assert_eq(net.sends, 2);
}
