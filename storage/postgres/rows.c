/* rows.c: rows to and from PostgreSQL's binary form: column by column, in the order of the composite types in
 * schema.c one way, of the lists of columns in sql.c the other. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { /* of pg_type */
       OID_BOOL = 16,
       OID_BYTEA = 17,
       OID_INT8 = 20,
       OID_INT2 = 21,
       OID_TEXT = 25,
};

enum { FIRST_ROOM = 64 * 1024 };

static uint8_t *room(struct params *params, size_t len)
{
    if (params->failed)
        return NULL;
    if (params->size - params->len < len) {
        size_t size = params->size != 0 ? params->size : FIRST_ROOM;
        while (size - params->len < len)
            size *= 2;
        uint8_t *data = realloc(params->data, size);
        if (data == NULL) {
            params->failed = 1;
            return NULL;
        }
        params->data = data;
        params->size = size;
    }
    params->len += len;
    return params->data + params->len - len;
}

static void put32(struct params *params, uint32_t value)
{
    uint8_t *out = room(params, sizeof(value));
    value = htobe32(value);
    if (out != NULL)
        memcpy(out, &value, sizeof(value));
}

static void put64(struct params *params, int64_t value)
{
    uint8_t *out = room(params, sizeof(value));
    uint64_t big = htobe64((uint64_t)value);
    if (out != NULL)
        memcpy(out, &big, sizeof(big));
}

static void put_octets(struct params *params, struct bytes value)
{
    uint8_t *out = room(params, value.len);
    if (out != NULL && value.len > 0)
        memcpy(out, value.data, value.len);
}

static void set32(struct params *params, size_t at, uint32_t value)
{
    value = htobe32(value);
    if (!params->failed)
        memcpy(params->data + at, &value, sizeof(value));
}

void params_reset(struct params *params)
{
    params->len = 0;
    params->failed = 0;
    params->count = 0;
}

void params_free(struct params *params)
{
    free(params->data);
    *params = (struct params){0};
}

static void begin(struct params *params)
{
    params->at[params->count] = params->len;
}

static void end(struct params *params)
{
    params->end[params->count++] = params->len;
}

void params_number(struct params *params, int64_t value)
{
    begin(params);
    put64(params, value);
    end(params);
}

void params_octets(struct params *params, struct bytes value)
{
    begin(params);
    put_octets(params, value);
    end(params);
}

void params_array(struct params *params, Oid type)
{
    begin(params);
    put32(params, 1); /* dimensions */
    put32(params, 0); /* no NULL in it */
    put32(params, type);
    params->dimension = params->len;
    put32(params, 0);
    put32(params, 1); /* its first index */
    params->elements = 0;
}

void params_array_end(struct params *params)
{
    set32(params, params->dimension, (uint32_t)params->elements);
    end(params);
}

void params_array_octets(struct params *params, struct bytes value)
{
    put32(params, (uint32_t)value.len);
    put_octets(params, value);
    params->elements++;
}

void params_keys(struct params *params)
{
    params_array(params, OID_BYTEA);
}

/* ---- records ---- */

static void record(struct params *params, uint32_t columns)
{
    params->record = params->len;
    put32(params, 0);
    put32(params, columns);
}

static void record_end(struct params *params)
{
    set32(params, params->record, (uint32_t)(params->len - params->record - sizeof(uint32_t)));
    params->elements++;
}

static void column_number(struct params *params, int64_t value)
{
    put32(params, OID_INT8);
    put32(params, 8);
    put64(params, value);
}

static void column_small(struct params *params, int value)
{
    put32(params, OID_INT2);
    put32(params, 2);
    put_octets(params, bytes_of((const uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2));
}

static void column_truth(struct params *params, int value)
{
    put32(params, OID_BOOL);
    put32(params, 1);
    put_octets(params, bytes_of((const uint8_t[]){value != 0}, 1));
}

static void column_octets(struct params *params, struct bytes value)
{
    put32(params, OID_BYTEA);
    put32(params, (uint32_t)value.len);
    put_octets(params, value);
}

static void column_words(struct params *params, struct bytes value)
{
    put32(params, OID_TEXT);
    put32(params, (uint32_t)value.len);
    put_octets(params, value);
}

void params_tx(struct params *params, const struct store_unit *unit)
{
    enum { COLUMNS = 22 };
    const struct store_tx *tx = unit->tx;
    record(params, COLUMNS);
    column_number(params, unit->now);
    column_number(params, tx->cert_req_id);
    column_number(params, tx->deadline);
    column_small(params, unit->expect_state);
    column_small(params, tx->state);
    column_small(params, tx->body);
    column_truth(params, tx->implicit_confirm);
    column_truth(params, tx->credential_is_mac);
    column_truth(params, tx->granted_with_mods);
    column_octets(params, unit->issuer);
    column_octets(params, tx->transaction_id);
    column_words(params, tx->profile);
    column_octets(params, tx->credential);
    column_octets(params, tx->credential_key);
    column_octets(params, tx->credential_name);
    column_octets(params, tx->credential_kid);
    column_octets(params, tx->signer_serial);
    column_octets(params, tx->sender_nonce);
    column_octets(params, tx->peer_nonce);
    column_octets(params, tx->serial);
    column_octets(params, tx->request_hash);
    column_octets(params, tx->last_hash);
    record_end(params);
}

void params_cert(struct params *params, const struct store_unit *unit)
{
    enum { COLUMNS = 15 };
    const struct store_cert *cert = unit->cert;
    record(params, COLUMNS);
    column_number(params, cert->issued_at);
    column_number(params, cert->not_before);
    column_number(params, cert->not_after);
    column_number(params, cert->revoked_at);
    column_small(params, cert->status);
    column_small(params, cert->reason);
    column_octets(params, unit->issuer);
    column_octets(params, cert->serial);
    column_octets(params, cert->subject);
    column_words(params, cert->subject_text);
    column_octets(params, cert->spki_hash);
    column_octets(params, cert->cert_hash);
    column_octets(params, cert->transaction_id);
    column_words(params, cert->profile);
    column_octets(params, cert->certificate);
    record_end(params);
}

void params_change(struct params *params, const struct store_unit *unit)
{
    enum { COLUMNS = 7 };
    const struct store_cert_change *change = unit->change;
    record(params, COLUMNS);
    column_number(params, change->at);
    column_small(params, change->only_from);
    column_small(params, change->required);
    column_small(params, change->status);
    column_small(params, change->reason);
    column_octets(params, unit->issuer);
    column_octets(params, change->serial);
    record_end(params);
}

void params_binding(struct params *params, const struct store_unit *unit)
{
    enum { COLUMNS = 4 };
    record(params, COLUMNS);
    column_number(params, unit->now);
    column_octets(params, unit->issuer);
    column_octets(params, unit->secret_reference);
    column_octets(params, unit->tx_id);
    record_end(params);
}

/* ---- answers ---- */

struct reader_at {
    const PGresult *result;
    struct arena *arena;
    int row, column, ok;
};

static struct bytes get_octets(struct reader_at *r)
{
    int column = r->column++, len = PQgetlength(r->result, r->row, column);
    if (len == 0)
        return bytes_of(NULL, 0);
    struct bytes copy = arena_copy(r->arena, bytes_of(PQgetvalue(r->result, r->row, column), (size_t)len));
    if (copy.data == NULL)
        r->ok = 0;
    return copy;
}

int64_t rows_number(const PGresult *result, int row, int column)
{
    const uint8_t *value = (const uint8_t *)PQgetvalue(result, row, column);
    int len = PQgetlength(result, row, column);
    int64_t number = len > 0 && (value[0] & 0x80) != 0 ? -1 : 0;
    for (int i = 0; i < len; i++)
        number = (int64_t)((uint64_t)number << 8 | value[i]);
    return number;
}

static int64_t get_number(struct reader_at *r)
{
    return rows_number(r->result, r->row, r->column++);
}

static struct reader_at at(const PGresult *result, int row, int column, struct arena *arena, int columns)
{
    return (struct reader_at){result, arena, row, column, PQnfields(result) >= column + columns};
}

int rows_tx(struct store_tx *out, const PGresult *result, int row, int column, struct arena *arena)
{
    enum { COLUMNS = 19 };
    struct reader_at r = at(result, row, column, arena, COLUMNS);
    if (!r.ok)
        return 0;
    out->transaction_id = get_octets(&r);
    out->profile = get_octets(&r);
    out->state = (enum store_tx_state)get_number(&r);
    out->body = (int)get_number(&r);
    out->implicit_confirm = (int)get_number(&r);
    out->credential = get_octets(&r);
    out->credential_is_mac = (int)get_number(&r);
    out->credential_key = get_octets(&r);
    out->credential_name = get_octets(&r);
    out->credential_kid = get_octets(&r);
    out->signer_serial = get_octets(&r);
    out->sender_nonce = get_octets(&r);
    out->peer_nonce = get_octets(&r);
    out->serial = get_octets(&r);
    out->cert_req_id = get_number(&r);
    out->deadline = get_number(&r);
    out->request_hash = get_octets(&r);
    out->last_hash = get_octets(&r);
    out->granted_with_mods = (int)get_number(&r);
    return r.ok;
}

int rows_cert(struct store_cert *out, const PGresult *result, int row, int column, struct arena *arena)
{
    enum { COLUMNS = 14 };
    struct reader_at r = at(result, row, column, arena, COLUMNS);
    if (!r.ok)
        return 0;
    out->serial = get_octets(&r);
    out->status = (enum store_cert_status)get_number(&r);
    out->reason = (int)get_number(&r);
    out->issued_at = get_number(&r);
    out->not_before = get_number(&r);
    out->not_after = get_number(&r);
    out->revoked_at = get_number(&r);
    out->subject = get_octets(&r);
    out->subject_text = get_octets(&r);
    out->spki_hash = get_octets(&r);
    out->cert_hash = get_octets(&r);
    out->transaction_id = get_octets(&r);
    out->profile = get_octets(&r);
    out->certificate = get_octets(&r);
    return r.ok;
}

int rows_nodes(struct store_fetch *item, const PGresult *result)
{
    size_t count = (size_t)PQntuples(result);
    struct store_node *list = arena_alloc(item->arena, (count + 1) * sizeof(*list));
    struct reader_at r = at(result, 0, 0, item->arena, 4);
    if (list == NULL || !r.ok)
        return 0;
    for (size_t i = 0; i < count; i++, r.row++) {
        r.column = 0;
        list[i].name = get_octets(&r);
        list[i].version = get_octets(&r);
        list[i].config = get_octets(&r);
        list[i].seen_at = get_number(&r);
    }
    item->row.nodes.list = list;
    item->row.nodes.count = count;
    return r.ok;
}

int rows_old(struct store_fetch *item, const PGresult *result)
{
    size_t count = (size_t)PQntuples(result);
    struct store_old *list = arena_alloc(item->arena, (count + 1) * sizeof(*list));
    struct reader_at r = at(result, 0, 0, item->arena, 4);
    if (list == NULL || !r.ok)
        return 0;
    for (size_t i = 0; i < count; i++, r.row++) {
        r.column = 0;
        list[i].key = get_octets(&r);
        list[i].profile = get_octets(&r);
        list[i].at = get_number(&r);
        list[i].awaits = (int)get_number(&r);
    }
    item->row.old.list = list;
    item->row.old.count = count;
    return r.ok;
}

int rows_secret(struct store_secret *out, const PGresult *result, int row, int column, struct arena *arena)
{
    enum { COLUMNS = 7 };
    struct reader_at r = at(result, row, column, arena, COLUMNS);
    if (!r.ok)
        return 0;
    out->reference = get_octets(&r);
    out->profile = get_octets(&r);
    out->sealed = get_octets(&r);
    out->seal_key_id = get_octets(&r);
    out->reusable = (int)get_number(&r);
    out->expires = get_number(&r);
    out->bound_to = get_octets(&r);
    return r.ok;
}
