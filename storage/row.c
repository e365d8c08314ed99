/* row.c: see row.h. */
#include "row.h"

#include <stdlib.h>

int row_set_octets(void *row, const struct store_column *column, struct bytes value)
{
    uint8_t *out = (uint8_t *)row + column->offset;
    if (column->type != STORE_FIXED) {
        memcpy(out, &value, sizeof value);
        return 1;
    }
    if (value.len != column->size)
        return 0;
    memcpy(out, value.data, column->size);
    return 1;
}

void row_set_number(void *row, const struct store_column *column, int64_t value)
{
    uint8_t *out = (uint8_t *)row + column->offset;
    int small = (int)value;
    if (column->type == STORE_NUMBER)
        memcpy(out, &value, sizeof value);
    else
        memcpy(out, &small, sizeof small);
}

struct bytes store_crl_piece_key(uint8_t *out, struct bytes scope, int slot, uint32_t index)
{
    uint8_t *at = out;

    *at++ = (uint8_t)slot;
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(index >> shift);
    memcpy(at, scope.data, scope.len);
    return bytes_of(out, (size_t)(at - out) + scope.len);
}

struct bytes store_claim_key(uint8_t out[STORE_CLAIM_KEY_MAX], struct bytes device, int slot,
                             struct bytes profile)
{
    if (device.len != STORE_HASH || profile.len > STORE_NAME_MAX || slot < 0 || slot > UINT8_MAX)
        abort();
    memcpy(out, device.data, device.len);
    out[STORE_HASH] = (uint8_t)slot;
    memcpy(out + STORE_HASH + 1, profile.data, profile.len);
    return bytes_of(out, STORE_HASH + 1 + profile.len);
}

enum { PART_LEN = STORE_WHOLE_ID_MAX, PART_NUMBER, PART_HASH };

struct bytes store_part_id(uint8_t out[STORE_PART_ID], struct bytes whole, size_t n,
                           struct bytes request_hash)
{
    if (whole.len > STORE_WHOLE_ID_MAX || n > UINT8_MAX || request_hash.len < STORE_PART_ID - PART_HASH)
        abort();
    memset(out, 0, STORE_WHOLE_ID_MAX);
    memcpy(out, whole.data, whole.len);
    out[PART_LEN] = (uint8_t)whole.len;
    out[PART_NUMBER] = (uint8_t)n;
    memcpy(out + PART_HASH, request_hash.data, STORE_PART_ID - PART_HASH);
    return bytes_of(out, STORE_PART_ID);
}

struct bytes store_whole_id(struct bytes id)
{
    return id.len == STORE_PART_ID ? bytes_of(id.data, id.data[PART_LEN]) : id;
}

int store_claim_of(struct bytes *device, int *slot, struct bytes *profile, struct bytes claim)
{
    if (claim.len <= STORE_HASH)
        return 0;
    *device = bytes_of(claim.data, STORE_HASH);
    *slot = claim.data[STORE_HASH];
    *profile = bytes_of(claim.data + STORE_HASH + 1, claim.len - STORE_HASH - 1);
    return 1;
}

struct bytes store_place_put(uint8_t out[STORE_PLACE], const uint8_t chain[STORE_CHAIN_ID], int64_t seq)
{
    memcpy(out, chain, STORE_CHAIN_ID);
    for (int i = STORE_PLACE - 1; i >= STORE_CHAIN_ID; i--, seq >>= 8)
        out[i] = (uint8_t)seq;
    return bytes_of(out, STORE_PLACE);
}

int64_t store_place_get(struct bytes *chain, struct bytes places, size_t i)
{
    const uint8_t *place = places.data + i * STORE_PLACE;
    int64_t seq = 0;

    if (places.len / STORE_PLACE <= i)
        return 0;
    *chain = bytes_of(place, STORE_CHAIN_ID);
    for (size_t at = STORE_CHAIN_ID; at < STORE_PLACE; at++)
        seq = (int64_t)((uint64_t)seq << 8 | place[at]);
    return seq;
}

const struct store_column *row_column(const struct store_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    abort();
}
