/* row.h: what can be done to a row of any kind, by the descriptor of its table. */
#ifndef CMPD_STORAGE_ROW_H
#define CMPD_STORAGE_ROW_H

#include "server/base/arena.h"
#include "tables.h"

/* row_is_octets returns 1 if |column| holds octets or words, 0 if it holds a number. */
static inline int row_is_octets(const struct store_column *column)
{
    return column->type <= STORE_FIXED;
}

/* row_octets and row_number return what |row| has in |column|. */
static inline struct bytes row_octets(const void *row, const struct store_column *column)
{
    const uint8_t *field = (const uint8_t *)row + column->offset;
    struct bytes value;
    if (column->type == STORE_FIXED)
        return bytes_of(field, column->size);
    memcpy(&value, field, sizeof value);
    return value;
}

static inline int64_t row_number(const void *row, const struct store_column *column)
{
    const uint8_t *field = (const uint8_t *)row + column->offset;
    int64_t number;
    int small;
    if (column->type == STORE_NUMBER) {
        memcpy(&number, field, sizeof number);
        return number;
    }
    memcpy(&small, field, sizeof small);
    return small;
}

/* row_set_octets makes |column| of |row| a view of |value|, or a copy if the column has its octets in the
 * row. Returns 1, or 0 when they are not as many as the column has. */
int row_set_octets(void *row, const struct store_column *column, struct bytes value);

/* row_set_number sets a number. */
void row_set_number(void *row, const struct store_column *column, int64_t value);

/* row_key returns the first column of the key, which is octets in every table. */
static inline struct bytes row_key(const void *row, const struct store_table *table)
{
    return row_octets(row, &table->columns[0]);
}

/* store_crl_piece_key writes the key of piece |index| of a CRL of |scope| in |slot| into |out|
 * (STORE_PIECE_KEY_MAX octets). */
struct bytes store_crl_piece_key(uint8_t *out, struct bytes scope, int slot, uint32_t index);

/* store_claim_key writes the key of the claim to |slot| of |device| (STORE_HASH octets) in |profile|, a name
 * of at most STORE_NAME_MAX octets, into |out|. store_claim_of reads it; returns 1, or 0 if it is none. */
struct bytes store_claim_key(uint8_t out[STORE_CLAIM_KEY_MAX], struct bytes device, int slot,
                             struct bytes profile);
int store_claim_of(struct bytes *device, int *slot, struct bytes *profile, struct bytes claim);

/* store_part_id writes what stands for the transactionID in the row of part |n| (below 256) of the
 * transaction |whole| (STORE_WHOLE_ID_MAX octets at most) that began with the request of |request_hash|, and
 * returns it: no transactionID of a peer is so long. store_whole_id returns the transactionID that |id|
 * stands for: |whole|, or |id| itself. */
struct bytes store_part_id(uint8_t out[STORE_PART_ID], struct bytes whole, size_t n,
                           struct bytes request_hash);
struct bytes store_whole_id(struct bytes id);

/* store_tx_has_parts returns 1 if |tx| is the row of a whole: it has the answer, and no certificate. */
static inline int store_tx_has_parts(const struct store_tx *tx)
{
    return tx->answer.len != 0;
}

/* store_place_put writes the place of entry |seq| of |chain| into |out|. store_place_get reads place |i| of
 * |places|; returns its seq, with |*chain| a view, or 0 if there are no so many. */
struct bytes store_place_put(uint8_t out[STORE_PLACE], const uint8_t chain[STORE_CHAIN_ID], int64_t seq);
int64_t store_place_get(struct bytes *chain, struct bytes places, size_t i);

/* row_column returns the column with |name|, which must be one. */
const struct store_column *row_column(const struct store_table *table, const char *name);

#endif
