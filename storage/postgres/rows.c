/* rows.c: rows to and from PostgreSQL's binary form: as arrays, one for each column of their table, one way,
 * column by column the other. */
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
    uint8_t *out = room(params, sizeof value);
    value = htobe32(value);
    if (out != NULL)
        memcpy(out, &value, sizeof value);
}

static void put64(struct params *params, int64_t value)
{
    uint8_t *out = room(params, sizeof value);
    uint64_t big = htobe64((uint64_t)value);
    if (out != NULL)
        memcpy(out, &big, sizeof big);
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
        memcpy(params->data + at, &value, sizeof value);
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

/* More parameters than there is room for fail like memory that is used up. */
static void begin(struct params *params)
{
    if (params->count == PARAMS_MAX)
        params->failed = 1;
    else
        params->at[params->count] = params->len;
}

static void end(struct params *params)
{
    if (!params->failed)
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

static Oid oid_of(enum store_type type)
{
    static const Oid oids[] = {
        [STORE_OCTETS] = OID_BYTEA, [STORE_WORDS] = OID_TEXT,  [STORE_FIXED] = OID_BYTEA,
        [STORE_PLACES] = OID_BYTEA, [STORE_NUMBER] = OID_INT8, [STORE_SMALL] = OID_INT2,
        [STORE_TRUTH] = OID_BOOL};
    return oids[type];
}

void params_array(struct params *params, enum store_type type)
{
    begin(params);
    put32(params, 1); /* dimensions */
    put32(params, 0); /* no NULL in it */
    put32(params, oid_of(type));
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

void params_array_number(struct params *params, enum store_type type, int64_t value)
{
    enum { TRUTH = 1, SMALL = 2, NUMBER = 8 };
    params->elements++;
    if (type == STORE_NUMBER) {
        put32(params, NUMBER);
        put64(params, value);
    } else if (type == STORE_SMALL) {
        put32(params, SMALL);
        put_octets(params,
                   bytes_of((const uint8_t[]){(uint8_t)((uint64_t)value >> 8), (uint8_t)value}, SMALL));
    } else {
        put32(params, TRUTH);
        put_octets(params, bytes_of((const uint8_t[]){value != 0}, TRUTH));
    }
}

void params_array_column(struct params *params, const struct store_column *column, const void *row)
{
    if (row_is_octets(column))
        params_array_octets(params, row_octets(row, column));
    else
        params_array_number(params, column->type, row_number(row, column));
}

/* ---- answers ---- */

int64_t rows_number(const PGresult *result, int row, int column)
{
    const uint8_t *value = (const uint8_t *)PQgetvalue(result, row, column);
    int len = PQgetlength(result, row, column);
    int64_t number = len > 0 && (value[0] & 0x80) != 0 ? -1 : 0;
    for (int i = 0; i < len; i++)
        number = (int64_t)((uint64_t)number << 8 | value[i]);
    return number;
}

static int read_octets(void *out, const struct store_column *column, struct bytes value, struct arena *arena)
{
    if (value.len == 0)
        value = bytes_of(NULL, 0);
    if (column->type != STORE_FIXED && value.len != 0) {
        value = arena_copy(arena, value);
        if (value.data == NULL)
            return 0;
    }
    return row_set_octets(out, column, value);
}

int rows_read(void *out, const struct store_table *table, const PGresult *result, int row, int column,
              struct arena *arena)
{
    int ok = PQnfields(result) >= column + (int)table->count;
    for (size_t i = 0; ok && i < table->count; i++, column++) {
        if (row_is_octets(&table->columns[i]))
            ok = read_octets(
                out, &table->columns[i],
                bytes_of(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column)), arena);
        else
            row_set_number(out, &table->columns[i], rows_number(result, row, column));
    }
    return ok;
}
