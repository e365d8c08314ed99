/* trace.h: the traceparent field of a request (W3C Trace Context 3.2): the trace that a proxy counts it to.
 * Anybody may send one, so it says nothing of who sent the request: it only finds lines of several logs that
 * belong together. */
#ifndef CMPD_FRONT_TRACE_H
#define CMPD_FRONT_TRACE_H

#include "server/base/bytes.h"

/* trace_parent returns the first 55 octets of |field|, which are its version, trace-id, parent-id and flags,
 * if they are as section 3.2.2 wants them; else nothing. What a version above 00 adds is not kept. */
struct bytes trace_parent(struct bytes field);

#endif
