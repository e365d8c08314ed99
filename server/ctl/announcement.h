/* announcement.h: what the commands about announcements share. */
#ifndef CMPD_CTL_ANNOUNCEMENT_H
#define CMPD_CTL_ANNOUNCEMENT_H

#include "server/ctl/device.h"

/* announcement_found is called for each, in the order of their kinds. */
typedef void announcement_found(void *arg, const struct store_announcement *row);

/* announcement_each calls |each| for all that the store |at| has. 1, or 0 with a fault printed. */
int announcement_each(const struct device_store *at, announcement_found *each, void *arg);

/* announcement_json returns all of |row| but its message. */
json_t *announcement_json(const struct store_announcement *row);

#endif
