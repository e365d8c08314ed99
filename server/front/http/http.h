/* http.h: CMP over HTTP (RFC 9811), by libh2o.
 *
 * One thread has one event loop, one h2o context and its own SO_REUSEPORT listeners. Two builds of the same
 * sources: cmpd on io_uring, cmpd-epoll on libh2o's own loop. */
#ifndef CMPD_FRONT_HTTP_HTTP_H
#define CMPD_FRONT_HTTP_HTTP_H

#include "server/front/transport.h"

extern const struct transport http_transport;

#endif
