/* device_batch.h: many devices into the store, some at a time: what is there is read at once, and what is new
 * or other is written by units that are under way together. Memory depends on neither list nor store. */
#ifndef CMPD_CTL_DEVICE_BATCH_H
#define CMPD_CTL_DEVICE_BATCH_H

#include "server/ctl/device.h"

struct device_batch;

/* device_batch_new returns an empty batch for |at|; |is_dry| 1: nothing is written. NULL without memory. */
struct device_batch *device_batch_new(const struct device_store *at, int is_dry);
void device_batch_free(struct device_batch *batch);

/* device_batch_takes returns 1 if there is room for the device |id|, which is not in |batch| yet: of two that
 * are the same, the later one has to find the other stored. */
int device_batch_takes(const struct device_batch *batch, const uint8_t id[STORE_HASH]);

/* device_batch_add adds a copy of |entry|, which was identified and stood in |line|. Returns 1, or 0 with a
 * fault printed. */
int device_batch_add(struct device_batch *batch, const struct device_entry *entry, size_t line);

/* device_batch_store stores what is in |batch|, adds to |counts| what became of it, and empties it. Returns
 * 1, or 0 with a fault printed: then some of it may be stored. */
int device_batch_store(struct device_batch *batch, size_t counts[DEVICE_CHANGES]);

#endif
