/* read.c: rows by key, a batch in one round trip: a statement for each kind, whatever the number of keys; and
 * one for each that is found by an index. */
#include <string.h>

#include "internal.h"
#include "server/base/log.h"

enum { SINGLES_MAX = 8 }; /* of a batch: look-ups that are none by key, and take a statement each */

static struct store_fetch *item_of(const struct reader *reader, size_t i)
{
    return reader->entries[i].item;
}

static int is_single(const struct store_fetch *item)
{
    return item->index != STORE_BY_KEY;
}

static int is_of(const struct store_fetch *item, enum store_kind kind)
{
    return !is_single(item) && item->kind == kind;
}

static int has_kind(const struct reader *reader, enum store_kind kind)
{
    for (size_t i = 0; i < reader->batch; i++)
        if (is_of(item_of(reader, i), kind))
            return 1;
    return 0;
}

static int add_kind(struct reader *reader, enum store_kind kind)
{
    struct params *params = &reader->params;
    if (!has_kind(reader, kind))
        return 1;
    params_reset(params);
    params_array(params, STORE_OCTETS);
    for (size_t i = 0; i < reader->batch; i++)
        if (is_of(item_of(reader, i), kind))
            params_array_octets(params, item_of(reader, i)->issuer);
    params_array_end(params);
    params_array(params, STORE_OCTETS);
    for (size_t i = 0; i < reader->batch; i++)
        if (is_of(item_of(reader, i), kind))
            params_array_octets(params, item_of(reader, i)->key);
    params_array_end(params);
    return round_add(reader->slot, postgres_get(kind), params);
}

static int add_single(struct reader *reader, const struct store_fetch *item)
{
    struct params *params = &reader->params;
    const struct store_index_of *index = &store_indexes[item->index];
    const struct store_table *table = &store_tables[item->kind];
    const char *column = index->below != NULL  ? index->below
                         : index->from != NULL ? index->from
                                               : index->first;
    uint8_t serial[STORE_SERIAL_TIME];
    params_reset(params);
    if (table->of_issuer)
        params_octets(params, item->issuer);
    if (index->equal != NULL)
        params_octets(params, item->of);
    if (index->is_paged)
        params_octets(params, item->key);
    if (column != NULL && row_is_octets(row_column(table, column)))
        params_octets(params, store_serial_time(serial, item->before));
    else if (column != NULL)
        params_number(params, item->before);
    return round_add(reader->slot, postgres_find(item->index), params);
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
    reader->sent_us = metrics_now_us();
    for (int kind = 0; ok && kind < STORE_KINDS; kind++)
        ok = add_kind(reader, (enum store_kind)kind);
    if (!ok || !add_singles(reader) || !round_send(reader->slot, postgres_now_ms()))
        lose(reader, "sending failed");
}

/* |count| rows from |row| on, of which the columns begin at |column|. Rows that do not fit their job's arena
 * are that job's trouble alone. */
static void fill(struct store_fetch *item, const PGresult *result, int row, int count, int column)
{
    const struct store_table *table = &store_tables[item->kind];
    uint8_t *rows = arena_alloc(item->arena, (size_t)count * table->row_size);
    int ok = rows != NULL;
    for (int i = 0; ok && i < count; i++)
        ok = rows_read(rows + (size_t)i * table->row_size, table, result, row + i, column, item->arena);
    item->rows = rows;
    item->count = (size_t)count;
    item->outcome = ok ? STORE_FOUND : STORE_FETCH_UNAVAILABLE;
}

/* The rows name the place of their key among those of the kind; a key may have been asked for twice. */
static void take_kind(struct reader *reader, enum store_kind kind, const PGresult *result)
{
    static _Thread_local int row_of[POSTGRES_FETCH_MAX];
    size_t place = 0;
    memset(row_of, -1, sizeof row_of);
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t at = rows_number(result, row, 0) - 1;
        if (at >= 0 && at < POSTGRES_FETCH_MAX)
            row_of[at] = row;
    }
    for (size_t i = 0; i < reader->batch; i++) {
        struct store_fetch *item = item_of(reader, i);
        if (!is_of(item, kind))
            continue;
        if (row_of[place] >= 0)
            fill(item, result, row_of[place], 1, 1);
        else
            item->outcome = STORE_ABSENT;
        place++;
    }
}

static void take_answers(struct reader *reader)
{
    PGresult *const *result = reader->slot->round.results;
    for (int kind = 0; kind < STORE_KINDS; kind++)
        if (has_kind(reader, (enum store_kind)kind))
            take_kind(reader, (enum store_kind)kind, *result++);
    for (size_t i = 0; i < reader->batch; i++) {
        struct store_fetch *item = item_of(reader, i);
        if (!is_single(item))
            continue;
        if (PQntuples(*result) > 0)
            fill(item, *result, 0, PQntuples(*result), 0);
        else
            item->outcome = STORE_ABSENT;
        result++;
    }
}

static void tell(struct reader *reader, size_t n)
{
    for (size_t i = 0; i < n; i++)
        store_tell_fetch(&reader->entries[i]);
    memmove(reader->entries, reader->entries + n, (reader->count - n) * sizeof reader->entries[0]);
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
        store_count_batch(reader->sent_us);
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
        store_tell_fetch(&reader->entries[i]);
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
