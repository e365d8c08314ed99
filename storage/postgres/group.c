/* group.c: units become the statements of a group.
 *
 * Every statement of a group takes the rows of all its units, sorted by key, so that two nodes that want the
 * same rows wait for each other and never in a circle. */
#include <stdlib.h>
#include <string.h>

#include "server/base/log.h"
#include "writer.h"

/* ---- what a group is ---- */

/* A fingerprint of each row that the units of a group touch, in a table without removal. Two that are alike
 * by chance only make the group smaller. */
static int touch(uint64_t touched[POSTGRES_TOUCHED], uint8_t kind, struct bytes issuer, struct bytes key)
{
    uint64_t hash = 14695981039346656037u ^ kind; /* FNV-1a */
    for (size_t i = 0; i < issuer.len; i++)
        hash = (hash ^ issuer.data[i]) * 1099511628211u;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ key.data[i]) * 1099511628211u;
    hash |= hash == 0;
    for (size_t at = hash % POSTGRES_TOUCHED;; at = (at + 1) % POSTGRES_TOUCHED) {
        if (touched[at] == hash)
            return 0;
        if (touched[at] == 0) {
            touched[at] = hash;
            return 1;
        }
    }
}

/* What is put in the place of something, or once, is the business of upkeep and of tools. It, and what may
 * lock many rows in an order of its own, goes alone. */
static int is_administrative(const struct store_unit *unit)
{
    for (size_t i = 0; i < unit->write_count; i++) {
        const struct store_write *write = &unit->writes[i];
        int is_put = write->how == STORE_PUT || write->how == STORE_ONCE || write->how == STORE_NEWER;
        if ((is_put && !store_tables[write->kind].in_groups) || write->how == STORE_REMOVE)
            return 1;
    }
    return unit->alive_at != 0 || unit->removal != NULL || unit->lease != NULL;
}

static int is_administration(const struct store_unit *unit)
{
    while (unit != NULL && !is_administrative(unit))
        unit = unit->with;
    return unit != NULL;
}

enum { KEYS_OF_UNIT = 5, TOUCHED_KEY = STORE_KINDS, TOUCHED_CHANGE }; /* besides the kinds of rows */

static int touches_no_other(uint64_t touched[POSTGRES_TOUCHED], const struct store_unit *unit)
{
    for (size_t i = 0; i < unit->write_count; i++) {
        const struct store_write *write = &unit->writes[i];
        if (!touch(touched, (uint8_t)write->kind, unit->issuer,
                   row_key(write->row, &store_tables[write->kind])))
            return 0;
    }
    for (const struct store_cert_change *change = unit->change; change != NULL; change = change->next)
        if (!touch(touched, TOUCHED_CHANGE, unit->issuer, change->serial))
            return 0;
    return unit->key_unused.len == 0 || touch(touched, TOUCHED_KEY, unit->issuer, unit->key_unused);
}

static int touches_nothing_twice(uint64_t touched[POSTGRES_TOUCHED], const struct store_unit *unit)
{
    int is_apart = 1;
    for (; unit != NULL; unit = unit->with)
        is_apart &= touches_no_other(touched, unit);
    return is_apart;
}

/* A change is one of the keys of its unit; those after it are more. */
static size_t changes_besides(const struct store_unit *unit)
{
    const struct store_cert_change *change = unit->change;
    size_t n = 0;
    for (; change != NULL && change->next != NULL; change = change->next)
        n++;
    return n;
}

static size_t rows_of(const struct store_unit *unit)
{
    size_t n = 0;
    for (; unit != NULL; unit = unit->with)
        n += unit->write_count + KEYS_OF_UNIT + changes_besides(unit);
    return n;
}

/* The group is what comes before the first unit that touches a row of one before it: that one has to see the
 * other's work. */
static size_t group_size(struct writer *writer)
{
    size_t n = 0, rows = 0;
    if (is_administration(writer_unit(writer, 0)))
        return 1;
    memset(writer->touched, 0, sizeof writer->touched);
    for (; n < writer->count && n < writer->limit; n++) {
        const struct store_unit *unit = writer_unit(writer, n);
        rows += rows_of(unit);
        int is_apart = touches_nothing_twice(writer->touched, unit);
        /* The first is taken in any case: it may touch a row of its own twice. */
        if (n > 0 && (rows > POSTGRES_ROWS_MAX || is_administration(unit) || !is_apart))
            break;
    }
    return n;
}
enum { ROWS_TOGETHER = (1 + STORE_WITH_MAX) * (STORE_WRITES_MAX + (int)KEYS_OF_UNIT) };
_Static_assert((int)ROWS_TOGETHER <= (int)POSTGRES_ROWS_MAX, "units that are done together are a group");
_Static_assert((int)POSTGRES_TOUCHED > (int)POSTGRES_ROWS_MAX + (int)ROWS_TOGETHER, "touch finds a place");

/* ---- its statements ---- */

/* What a statement takes of a unit: the key that it is sorted by; empty if the unit has no part in it. */
typedef struct bytes key_of(const struct store_unit *unit);

static struct bytes secret_key(const struct store_unit *unit)
{
    return unit->secret_reference;
}

static struct bytes signer_key(const struct store_unit *unit)
{
    return unit->signer_serial;
}

static struct bytes unused_key(const struct store_unit *unit)
{
    return unit->key_unused;
}

static int compare(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len != 0 ? memcmp(a.data, b.data, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_key(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    int order = compare(left->issuer, right->issuer);
    return order != 0 ? order : compare(left->key, right->key);
}

static size_t members_of(struct writer *writer, key_of *key)
{
    size_t n = 0, at = 0;
    for (const struct store_unit *unit = NULL; (unit = writer_next(writer, &at, unit)) != NULL;) {
        if (key(unit).len > 0)
            writer->members[n++] = (struct member){unit->issuer, key(unit), unit, NULL};
    }
    qsort(writer->members, n, sizeof writer->members[0], by_key);
    return n;
}

/* The arrays with which every statement begins: issuers, and keys. */
static void put_keys(struct params *params, const struct member *members, size_t n)
{
    params_reset(params);
    params_array(params, STORE_OCTETS);
    for (size_t i = 0; i < n; i++)
        params_array_octets(params, members[i].issuer);
    params_array_end(params);
    params_array(params, STORE_OCTETS);
    for (size_t i = 0; i < n; i++)
        params_array_octets(params, members[i].key);
    params_array_end(params);
}

static int add_keys(struct writer *writer, enum postgres_statement statement, key_of *key)
{
    size_t n = members_of(writer, key);
    if (n == 0)
        return 1;
    put_keys(&writer->params, writer->members, n);
    return round_add(writer->slot, statement, &writer->params);
}

/* What of each unit must not be blocked: both keys, and the device. */
static int add_unblocked(struct writer *writer)
{
    struct params *params = &writer->params;
    size_t n = 0, at = 0;
    for (const struct store_unit *unit = NULL; (unit = writer_next(writer, &at, unit)) != NULL;) {
        if (unit->key_unblocked.len > 0)
            writer->members[n++] = (struct member){unit->issuer, unit->key_unblocked, unit, NULL};
        if (unit->signer_unblocked.len > 0)
            writer->members[n++] = (struct member){unit->issuer, unit->signer_unblocked, unit, NULL};
        if (unit->device_unblocked.len > 0)
            writer->members[n++] = (struct member){unit->issuer, unit->device_unblocked, unit, NULL};
    }
    if (n == 0)
        return 1;
    put_keys(params, writer->members, n);
    return round_add(writer->slot, SQL_BLOCKS_SHARE, params) &&
           round_add(writer->slot, SQL_KEYS_UNBLOCKED, params);
}

/* Whoever blocks a key takes its number, and the one of the key that signs, at once: else two of them could
 * wait for each other. */
static int add_blocks(struct writer *writer)
{
    size_t n = 0, at = 0, blocks = 0;
    if (!is_administration(writer_unit(writer, 0))) /* who blocks one is */
        return 1;
    for (const struct store_unit *unit = NULL; (unit = writer_next(writer, &at, unit)) != NULL;) {
        const struct store_blocked_key *row = store_unit_row(unit, STORE_BLOCKED_KEYS);
        blocks += row != NULL;
        if (row != NULL)
            writer->members[n++] = (struct member){unit->issuer, row->spki_hash, unit, NULL};
        if (unit->signer_unblocked.len > 0)
            writer->members[n++] = (struct member){unit->issuer, unit->signer_unblocked, unit, NULL};
    }
    if (blocks == 0)
        return 1;
    put_keys(&writer->params, writer->members, n);
    return round_add(writer->slot, SQL_BLOCKS_TAKE, &writer->params);
}

static int add_bindings(struct writer *writer)
{
    struct params *params = &writer->params;
    const struct member *members = writer->members;
    size_t n = members_of(writer, secret_key);
    if (n == 0)
        return 1;
    put_keys(params, members, n);
    params_array(params, STORE_OCTETS);
    for (size_t i = 0; i < n; i++)
        params_array_octets(params, members[i].unit->tx_id);
    params_array_end(params);
    params_array(params, STORE_NUMBER);
    for (size_t i = 0; i < n; i++)
        params_array_number(params, STORE_NUMBER, members[i].unit->now);
    params_array_end(params);
    return round_add(writer->slot, SQL_BIND, params);
}

/* What of a change is sent after its key. */
enum {
    CHANGE_AT,
    CHANGE_FROM,
    CHANGE_REQUIRED,
    CHANGE_STATUS,
    CHANGE_REASON,
    CHANGE_INVALIDITY,
    CHANGE_COLUMNS
};

static int64_t of_change(const struct store_cert_change *change, int column)
{
    const int64_t columns[CHANGE_COLUMNS] = {change->at,     change->only_from, change->required,
                                             change->status, change->reason,    change->invalidity_at};
    return columns[column];
}

/* Where the audit log has what |unit| does; empty if it records nothing. */
static struct bytes place_of(const struct writer *writer, const struct store_unit *unit,
                             uint8_t out[STORE_PLACE])
{
    return unit != NULL && unit->audit != NULL ? store_place_put(out, writer->entry.chain, writer->entry.seq)
                                               : bytes_of(out, 0);
}

static size_t members_of_changes(struct writer *writer)
{
    size_t n = 0, at = 0;
    for (const struct store_unit *unit = NULL; (unit = writer_next(writer, &at, unit)) != NULL;) {
        for (const struct store_cert_change *change = unit->change; change != NULL; change = change->next)
            writer->members[n++] = (struct member){unit->issuer, change->serial, unit, change};
    }
    qsort(writer->members, n, sizeof writer->members[0], by_key);
    return n;
}

static void put_successors(struct params *params, const struct member *members, size_t n)
{
    static const struct bytes none;
    params_array(params, STORE_OCTETS);
    for (size_t i = 0; i < n; i++)
        params_array_octets(params, ((const struct store_cert_change *)members[i].row)->successor);
    params_array_end(params);
    params_array(params, STORE_TRUTH);
    for (size_t i = 0; i < n; i++)
        params_array_number(params, STORE_TRUTH,
                            ((const struct store_cert_change *)members[i].row)->former != NULL);
    params_array_end(params);
    params_array(params, STORE_OCTETS);
    for (size_t i = 0; i < n; i++) {
        const struct bytes *former = ((const struct store_cert_change *)members[i].row)->former;
        params_array_octets(params, former != NULL ? *former : none);
    }
    params_array_end(params);
}

static int add_changes(struct writer *writer)
{
    static const enum store_type types[CHANGE_COLUMNS] = {STORE_NUMBER, STORE_SMALL, STORE_TRUTH,
                                                          STORE_SMALL,  STORE_SMALL, STORE_NUMBER};
    struct params *params = &writer->params;
    const struct member *members = writer->members;
    uint8_t place[STORE_PLACE];
    size_t n = members_of_changes(writer);
    if (n == 0)
        return 1;
    put_keys(params, members, n);
    for (int column = 0; column < CHANGE_COLUMNS; column++) {
        params_array(params, types[column]);
        for (size_t i = 0; i < n; i++)
            params_array_number(params, types[column], of_change(members[i].row, column));
        params_array_end(params);
    }
    put_successors(params, members, n);
    params_array(params, STORE_PLACES);
    for (size_t i = 0; i < n; i++)
        params_array_octets(params, place_of(writer, members[i].unit, place));
    params_array_end(params);
    return round_add(writer->slot, SQL_CHANGE, params);
}

/* The rows of the first |n| members, an array for each column. */
static void put_rows(struct writer *writer, const struct store_table *table, const struct member *members,
                     size_t n)
{
    struct params *params = &writer->params;
    uint8_t place[STORE_PLACE];
    params_reset(params);
    if (table->of_issuer) {
        params_array(params, STORE_OCTETS);
        for (size_t i = 0; i < n; i++)
            params_array_octets(params, members[i].issuer);
        params_array_end(params);
    }
    for (size_t at = 0; at < table->count; at++) {
        const struct store_column *column = &table->columns[at];
        params_array(params, column->type);
        for (size_t i = 0; i < n; i++)
            if (column->type == STORE_PLACES)
                params_array_octets(params, place_of(writer, members[i].unit, place));
            else
                params_array_column(params, column, members[i].row);
        params_array_end(params);
    }
}

static int add_rows(struct writer *writer, enum store_kind kind, enum store_how how)
{
    struct member *members = writer->members;
    struct params *params = &writer->params;
    size_t n = 0, at = 0;
    for (const struct store_unit *unit = NULL; (unit = writer_next(writer, &at, unit)) != NULL;) {
        for (size_t w = 0; w < unit->write_count; w++)
            if (unit->writes[w].kind == kind && unit->writes[w].how == how)
                members[n++] =
                    (struct member){unit->issuer, row_key(unit->writes[w].row, &store_tables[kind]), unit,
                                    unit->writes[w].row};
    }
    if (n == 0)
        return 1;
    qsort(members, n, sizeof members[0], by_key);
    put_rows(writer, &store_tables[kind], members, n);
    if (postgres_expects(kind, how)) {
        params_array(params, STORE_SMALL);
        for (size_t i = 0; i < n; i++)
            params_array_number(params, STORE_SMALL, members[i].unit->expect_state);
        params_array_end(params);
        params_array(params, STORE_NUMBER);
        for (size_t i = 0; i < n; i++)
            params_array_number(params, STORE_NUMBER, members[i].unit->expect_free_at);
        params_array_end(params);
    }
    return round_add(writer->slot, postgres_write(kind, how), params);
}

static int add_kind(struct writer *writer, enum store_kind kind)
{
    for (int how = 0; how < STORE_HOWS; how++)
        if (!add_rows(writer, kind, (enum store_how)how))
            return 0;
    return 1;
}

/* All nodes lock tables in the same order, too. */
static int add_units(struct writer *writer)
{
    int ok = add_blocks(writer) && add_unblocked(writer) && add_kind(writer, STORE_TRANSACTIONS) &&
             add_bindings(writer) && add_keys(writer, SQL_SIGNERS, signer_key) &&
             add_keys(writer, SQL_KEYS_LOCK, unused_key) && add_keys(writer, SQL_KEYS_UNUSED, unused_key);
    for (int kind = STORE_TRANSACTIONS + 1; ok && kind < STORE_KINDS; kind++)
        ok = add_kind(writer, (enum store_kind)kind);
    return ok && add_changes(writer);
}

static int add_alive(struct writer *writer, const struct store_unit *unit)
{
    params_reset(&writer->params);
    params_number(&writer->params, unit->alive_at);
    params_number(&writer->params, unit->alive_gap);
    return round_add(writer->slot, SQL_ALIVE, &writer->params);
}

static int add_removal(struct writer *writer, const struct store_unit *unit)
{
    const struct store_removal *removal = unit->removal;
    for (size_t i = 0; i < removal->count; i++)
        writer->members[i] = (struct member){unit->issuer, removal->keys[i], unit, NULL};
    put_keys(&writer->params, writer->members, removal->count);
    if (removal->kind == STORE_BLOCKED_KEYS)
        return round_add(writer->slot, SQL_KEY_UNBLOCK, &writer->params);
    params_number(&writer->params, removal->before);
    return round_add(writer->slot, removal->kind == STORE_CERTIFICATES ? SQL_CERT_REMOVE : SQL_TX_REMOVE,
                     &writer->params);
}
_Static_assert((int)STORE_OLD_MAX <= (int)POSTGRES_ROWS_MAX, "what is removed at once fits");

static int add_lease(struct writer *writer, const struct store_lease *lease)
{
    params_reset(&writer->params);
    params_octets(&writer->params, bytes_str(lease->name));
    params_octets(&writer->params, lease->holder);
    params_number(&writer->params, lease->seconds != 0 ? lease->seconds : lease->longer);
    return round_add(writer->slot, lease->seconds != 0 ? SQL_LEASE_TAKE : SQL_LEASE_HELD, &writer->params);
}

static int add_administration(struct writer *writer)
{
    const struct store_unit *unit = writer_unit(writer, 0);
    return (unit->lease == NULL || add_lease(writer, unit->lease)) &&
           (unit->alive_at == 0 || add_alive(writer, unit)) &&
           (unit->removal == NULL || add_removal(writer, unit));
}

int writer_add_entry(struct writer *writer, enum postgres_statement statement,
                     const struct store_entry *entry)
{
    put_rows(writer, &store_tables[STORE_ENTRIES], &(struct member){.row = entry}, 1);
    return round_add(writer->slot, statement, &writer->params);
}

static int make_entry(struct writer *writer)
{
    struct store_unit *units[POSTGRES_GROUP_MAX];
    for (size_t i = 0; i < writer->group; i++)
        units[i] = writer_unit(writer, i);
    return audit_entry_make(&writer->entry, &writer->chain, units, writer->group, postgres_clock_ms());
}

/* After a round that failed, the transaction that it began has to be ended first. */
int writer_add_rollback(struct writer *writer)
{
    return PQtransactionStatus(writer->slot->conn) != PQTRANS_INERROR ||
           round_add(writer->slot, SQL_ROLLBACK, NULL);
}

void writer_send_group(struct writer *writer)
{
    struct slot *slot = writer->slot;
    writer->group = group_size(writer);
    if (!make_entry(writer)) {
        store_count_fault();
        log_line(LOG_ERROR, "store", log_word("doing", "commit"), log_text("reason", "out of memory"));
        writer_tell_group(writer, STORE_UNAVAILABLE);
        return;
    }
    writer->doing = WRITER_COMMITTING;
    writer->sent_us = metrics_now_us();
    int ok = writer_add_rollback(writer) && round_add(slot, SQL_BEGIN, NULL);
    ok = ok && add_units(writer) && add_administration(writer);
    if (ok && writer_has_entry(writer))
        ok = writer_add_entry(writer, postgres_write(STORE_ENTRIES, STORE_INSERT), &writer->entry);
    if (!ok || !round_add(slot, SQL_COMMIT, NULL) || !round_send(slot, postgres_now_ms()))
        writer_lose(writer, "sending failed");
}
