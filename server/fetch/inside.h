/* inside.h: which addresses are of one's own machine or network. */
#ifndef CMPD_FETCH_INSIDE_H
#define CMPD_FETCH_INSIDE_H

#include <sys/socket.h>

/* address_is_inside returns 1 for addresses that nobody reaches from the Internet: of this host, of the link,
 * private ones (RFC 1918, RFC 4193), those behind a provider's NAT (RFC 6598), and none at all; also where an
 * IPv6 address stands for an IPv4 one. Of another family than those: 1. */
int address_is_inside(const struct sockaddr *address);

/* address_text_is_inside does the same for an address as text, without a port; what is none: 1. */
int address_text_is_inside(const char *text);

#endif
