/* read.c: rows by key, a batch in one round trip: a statement for each kind, whatever the number of keys. */
#include <string.h>

#include "internal.h"
#include "server/base/log.h"

enum { SINGLES_MAX = 8 }; /* of a batch: look-ups that are none by key, and take a statement each */

static struct store_fetch *item_of(const struct reader *reader, size_t i)
{
    return reader->entries[i].item;
}

static const struct kind {
    enum store_fetch_kind kind;
    enum postgres_statement statement;
} kinds[] = {
    {STORE_FETCH_TX, SQL_TX_GET},
    {STORE_FETCH_CERT, SQL_CERT_GET},
    {STORE_FETCH_SECRET, SQL_SECRET_GET},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static int add_kind(struct reader *reader, const struct kind *kind)
{
    struct params *params = &reader->params;
    size_t n = 0;
    params_reset(params);
    params_keys(params);
    for (size_t i = 0; i < reader->batch; i++)
        if (item_of(reader, i)->kind == kind->kind) {
            params_array_octets(params, item_of(reader, i)->issuer);
            n++;
        }
    params_array_end(params);
    params_keys(params);
    for (size_t i = 0; i < reader->batch; i++)
        if (item_of(reader, i)->kind == kind->kind)
            params_array_octets(params, item_of(reader, i)->key);
    params_array_end(params);
    return n == 0 || round_add(reader->slot, kind->statement, params);
}

static int is_single(const struct store_fetch *item)
{
    return item->kind != STORE_FETCH_TX && item->kind != STORE_FETCH_CERT && item->kind != STORE_FETCH_SECRET;
}

static int add_single(struct reader *reader, const struct store_fetch *item)
{
    struct params *params = &reader->params;
    uint8_t until[STORE_SERIAL_TIME];
    params_reset(params);
    if (item->kind == STORE_FETCH_NODES) {
        params_number(params, item->before);
        params_number(params, STORE_NODES_MAX);
        return round_add(reader->slot, SQL_NODES, params);
    }
    params_octets(params, item->issuer);
    if (item->kind == STORE_FETCH_OVERDUE) {
        params_number(params, item->before);
        return round_add(reader->slot, SQL_TX_OVERDUE, params);
    }
    params_octets(params, item->key);
    params_number(params, STORE_OLD_MAX);
    if (item->kind == STORE_FETCH_OLD_TXS)
        return round_add(reader->slot, SQL_TX_OLD, params);
    params_octets(params, store_serial_time(until, item->before));
    return round_add(reader->slot, SQL_CERT_OLD, params);
}

static int add_singles(struct reader *reader)
{
    for (size_t i = 0; i < reader->batch; i++)
        if (is_single(item_of(reader, i)) && !add_single(reader, item_of(reader, i)))
            return 0;
    return 1;
}

static void lose(struct reader *reader, const char *why)
{
    postgres_lose(reader->store, reader->slot, why);
    reader_lost(reader);
}

static size_t batch_size(const struct reader *reader)
{
    size_t n = 0, singles = 0;
    for (; n < reader->count; n++) {
        singles += (size_t)is_single(item_of(reader, n));
        if (singles > SINGLES_MAX)
            break;
    }
    return n;
}

static void send_batch(struct reader *reader)
{
    int ok = 1;
    reader->batch = batch_size(reader);
    for (size_t k = 0; ok && k < KINDS; k++)
        ok = add_kind(reader, &kinds[k]);
    if (!ok || !add_singles(reader) || !round_send(reader->slot, postgres_now_ms()))
        lose(reader, "sending failed");
}

static int read_row(struct store_fetch *item, const PGresult *result, int row)
{
    switch (item->kind) {
    case STORE_FETCH_TX:
    case STORE_FETCH_OVERDUE:
        return rows_tx(&item->row.tx, result, row, 1, item->arena);
    case STORE_FETCH_CERT:
        return rows_cert(&item->row.cert, result, row, 1, item->arena);
    case STORE_FETCH_SECRET:
        return rows_secret(&item->row.secret, result, row, 1, item->arena);
    case STORE_FETCH_NODES:
        return rows_nodes(item, result);
    case STORE_FETCH_OLD_CERTS:
    case STORE_FETCH_OLD_TXS:
        return rows_old(item, result);
    }
    return 0;
}

/* A row that does not fit its job's arena is that job's trouble alone. */
static void fill(struct store_fetch *item, const PGresult *result, int row)
{
    item->outcome = read_row(item, result, row) ? STORE_FOUND : STORE_FETCH_UNAVAILABLE;
}

/* The rows name the place of their key among those of the kind; a key may have been asked for twice. */
static void take_kind(struct reader *reader, const struct kind *kind, const PGresult *result)
{
    static _Thread_local int row_of[POSTGRES_FETCH_MAX];
    size_t place = 0;
    memset(row_of, -1, sizeof(row_of));
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t at = rows_number(result, row, 0) - 1;
        if (at >= 0 && at < POSTGRES_FETCH_MAX)
            row_of[at] = row;
    }
    for (size_t i = 0; i < reader->batch; i++) {
        struct store_fetch *item = item_of(reader, i);
        if (item->kind != kind->kind)
            continue;
        if (row_of[place] >= 0)
            fill(item, result, row_of[place]);
        else
            item->outcome = STORE_ABSENT;
        place++;
    }
}

static int has_kind(const struct reader *reader, enum store_fetch_kind kind)
{
    for (size_t i = 0; i < reader->batch; i++)
        if (item_of(reader, i)->kind == kind)
            return 1;
    return 0;
}

static void take_answers(struct reader *reader)
{
    PGresult *const *result = reader->slot->round.results;
    for (size_t k = 0; k < KINDS; k++)
        if (has_kind(reader, kinds[k].kind))
            take_kind(reader, &kinds[k], *result++);
    for (size_t i = 0; i < reader->batch; i++) {
        struct store_fetch *item = item_of(reader, i);
        if (!is_single(item))
            continue;
        if (PQntuples(*result) > 0)
            fill(item, *result, 0);
        else
            item->outcome = STORE_ABSENT;
        result++;
    }
}

static void tell(struct reader *reader, size_t n)
{
    for (size_t i = 0; i < n; i++)
        reader->entries[i].done(reader->entries[i].arg);
    memmove(reader->entries, reader->entries + n, (reader->count - n) * sizeof(reader->entries[0]));
    reader->count -= n;
    reader->batch = 0;
}

static void tell_unavailable(struct reader *reader, size_t n)
{
    for (size_t i = 0; i < n; i++)
        item_of(reader, i)->outcome = STORE_FETCH_UNAVAILABLE;
    tell(reader, n);
}

void reader_connected(struct reader *reader)
{
    atomic_store(&reader->store->read_ok, 1);
}

void reader_answered(struct reader *reader)
{
    struct round *round = &reader->slot->round;
    reader->losses = 0;
    atomic_store(&reader->store->read_ok, !round->failed);
    if (round->failed) {
        postgres_log_fault("fetch", round);
        tell_unavailable(reader, reader->batch);
    } else if (reader->batch > 0) {
        take_answers(reader);
        tell(reader, reader->batch);
    }
    round_clear(reader->slot);
}

/* Looking once more does no harm: what was asked waits for the next connection, unless that was lost, too. */
void reader_lost(struct reader *reader)
{
    reader->batch = 0;
    if (++reader->losses > 1)
        tell_unavailable(reader, reader->count);
}

void reader_give_up(struct reader *reader)
{
    for (size_t i = reader->batch; i < reader->count; i++) {
        item_of(reader, i)->outcome = STORE_FETCH_UNAVAILABLE;
        reader->entries[i].done(reader->entries[i].arg);
    }
    reader->count = reader->batch;
}

void reader_serve(struct reader *reader, int probe)
{
    int stopped;
    if (reader->count == 0)
        reader->count = queue_take(&reader->store->reads, reader->entries, POSTGRES_FETCH_MAX, 0, &stopped);
    if (reader->count > 0)
        send_batch(reader);
    else if (probe &&
             (!round_add(reader->slot, SQL_PROBE_READ, NULL) || !round_send(reader->slot, postgres_now_ms())))
        lose(reader, "sending failed");
}
