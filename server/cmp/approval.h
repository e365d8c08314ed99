/* approval.h: what an approver signs, and what goes when a request is over. Server and cmpctl use it. */
#ifndef CMPD_CMP_APPROVAL_H
#define CMPD_CMP_APPROVAL_H

#include "server/cmp/cmp.h"

/* cmp_request_id returns the octets that name the request whose SHA-256 is |hash|. */
static inline struct bytes cmp_request_id(struct bytes hash)
{
    return bytes_of(hash.data, STORE_REQUEST);
}

/* cmp_approval_key writes the key of what |approver| says of |request|, and returns it. */
struct bytes cmp_approval_key(uint8_t out[STORE_APPROVAL_KEY], struct bytes request,
                              const struct cmp_approver *approver);

/* cmp_approval_text writes what is signed, into |arena|: SHA-256 of the message and of what is to be issued,
 * the CA |issuer| (STORE_ISSUER_ID octets), the profile, the verdict, when, and why. 1, or 0 without memory.
 */
int cmp_approval_text(struct bytes *out, struct arena *arena, struct bytes issuer,
                      const struct store_request *request, int approved, int64_t at, struct bytes reason);

/* cmp_approval_digest writes SHA-256 over what of |request| is signed whatever is said of it: by it an
 * approver knows again what was shown. */
void cmp_approval_digest(uint8_t out[STORE_HASH], const struct store_request *request);

/* struct cmp_forgotten is what goes with a request that is over. */
struct cmp_forgotten {
    struct store_request request;
    struct store_approval approvals[BOUND_APPROVERS];
    uint8_t keys[BOUND_APPROVERS][STORE_APPROVAL_KEY];
};

/* cmp_forget_request has |unit| remove the request whose SHA-256 is |hash|, and what the approvers of
 * |settings| say of it. |out| lives until the unit is done. */
void cmp_forget_request(struct store_unit *unit, struct cmp_forgotten *out,
                        const struct cmp_settings *settings, struct bytes hash);

/* cmp_approve_names returns what the file calls |rules|, bits of enum config_approve, with commas between;
 * NULL without memory. */
const char *cmp_approve_names(struct arena *arena, unsigned rules);

#endif
