/* query.h: a request of OCSP that needs store and signature, as a state machine without I/O like a message of
 * CMP (server/cmp/cmp.h): each step ends with wants, and is resumed when they have been served. */
#ifndef CMPD_OCSP_QUERY_H
#define CMPD_OCSP_QUERY_H

#include "server/ocsp/ocsp.h"

struct ocsp_query;

/* ocsp_start decodes |request| and takes the first step. |now| is Unix seconds. The query lives in |arena|;
 * |policy| has to be held until ocsp_end. Returns NULL when the arena is used up. */
struct ocsp_query *ocsp_start(struct arena *arena, struct ocsp_service *service, const struct policy *policy,
                              struct bytes request, int64_t now);

/* ocsp_certificates returns how many certificates it asks for: what it costs. */
size_t ocsp_certificates(const struct ocsp_query *query);

/* ocsp_wants returns the wants of the step that was taken. NULL: the query is done. */
const struct cmp_want *ocsp_wants(const struct ocsp_query *query);

/* ocsp_resume takes the next step, after every want has been served. */
void ocsp_resume(struct ocsp_query *query, int64_t now);

/* ocsp_result returns the answer of a query that is done, an OCSPResponse; it lives as long as the arena.
 * Without a tag, no cache may keep it. */
const struct ocsp_kept *ocsp_result(const struct ocsp_query *query);

/* ocsp_end lets go of what does not live in the arena. NULL is allowed. */
void ocsp_end(struct ocsp_query *query);

#endif
