/* ca_link.h: the certificates that lead from one root to another (RFC 9810 4.4.1). */
#ifndef CMPD_CTL_CA_LINK_H
#define CMPD_CTL_CA_LINK_H

#include "server/ctl/ctl.h"

/* ca_read_root reads the certificate of a root from the PEM file |path|. 1, or 0 with a fault printed. */
int ca_read_root(struct certificate *out, struct arena *arena, const char *path);

/* ca_are_in_order returns 1 if something can lead from |older| to |newer|: another key, which began later. 0
 * with a fault printed. */
int ca_are_in_order(const struct certificate *older, const struct certificate *newer);

/* ca_link makes one: the key of the root |subject|, signed by the root |issuer|. |path| names it where it
 * cannot be: where one of them has ended at |now| (Unix seconds). 1 with |der| in |arena|, or 0 with a fault
 * printed. */
int ca_link(struct bytes *der, struct arena *arena, const struct certificate *subject,
            const struct ctl_identity *issuer, const char *path, int64_t now);

#endif
