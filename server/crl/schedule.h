/* schedule.h: when the next CRL of a scope is made, and what its number and times are. */
#ifndef CMPD_CRL_SCHEDULE_H
#define CMPD_CRL_SCHEDULE_H

#include "server/crl/make.h"
#include "server/crl/scope.h"

/* crl_is_scheduled returns 1 if the next one has to be made whether or not anything was revoked. */
int crl_is_scheduled(const struct crl_scope *scope, const struct crl_turn *turn);

/* crl_is_overtaken returns 1 if the folder or the directory was seen to have one with a higher number: then
 * the next one is made as soon as one may be made for a revocation, and no sooner. Whoever can write there
 * may do so again and again. */
int crl_is_overtaken(const struct crl_scope *scope);

/* crl_next_times returns the number and the times of the next one. Numbers go up, whatever a restored store
 * says (RFC 5280 5.2.3); and times do, when a clock was set back. */
struct crl_times crl_next_times(const struct crl_scope *scope, const struct crl_turn *turn);

/* crl_begin fills in what the store keeps beside the octets of the next one of |scope|, which is to know
 * changes up to |position|. */
void crl_begin(struct shelf_crl *out, const struct crl_scope *scope, const struct crl_times *times,
               int64_t position);

/* crl_not_signed returns the attempt that failed because crl_make_* did. */
struct crl_attempt crl_not_signed(void);

#endif
