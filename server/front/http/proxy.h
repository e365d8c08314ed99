/* proxy.h: whom a proxy speaks for: the PROXY protocol, version 2, before a connection's first octet, or the
 * Forwarded field of a request (RFC 7239). Only of proxies that the configuration trusts; of anybody else
 * both are octets like any other. */
#ifndef CMPD_FRONT_PROXY_H
#define CMPD_FRONT_PROXY_H

#include "server/base/address.h"

/* proxy_header reads a PROXY v2 header at the beginning of |in|. Returns 1 with its length in |*len| and the
 * client in |client|, which stays as it is where the header speaks of the proxy itself (LOCAL) or of another
 * family; 0 if |in| ends before the header does; -1 if it is none. */
int proxy_header(struct address *client, size_t *len, struct bytes in);

/* proxy_forwarded reads the client out of the last element of a Forwarded field (RFC 7239 4): what the proxy
 * that is nearest to us added. Returns 1, or 0 if that names no address, or if a quoted string has no end. */
int proxy_forwarded(struct address *client, struct bytes field);

#endif
