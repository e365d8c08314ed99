/* cert_replaced.h: whether the subjects of certificates hold newer ones. */
#ifndef CMPD_CTL_CERT_REPLACED_H
#define CMPD_CTL_CERT_REPLACED_H

#include "server/ctl/cert.h"

struct cert_replaced;

/* cert_replaced_new returns an empty set of subjects, or NULL without memory; cert_replaced_free frees it. */
struct cert_replaced *cert_replaced_new(void);
void cert_replaced_free(struct cert_replaced *set);

/* cert_replaced_ask has the subject of |cert| looked at. Returns 1, or 0 without memory. */
int cert_replaced_ask(struct cert_replaced *set, const struct store_cert *cert);

/* cert_replaced_look goes through the certificates of all CAs that were issued since the oldest that was
 * asked about: of each subject the newest one counts that is confirmed, and good at |now|. Returns 1, or 0
 * with a fault printed. */
int cert_replaced_look(struct cert_replaced *set, const struct ctl_opened *opened, int64_t now);

/* cert_is_replaced returns 1 if there is a newer one than |cert|, of another key. */
int cert_is_replaced(const struct cert_replaced *set, const struct store_cert *cert);

#endif
