/* address.h: addresses of peers, and blocks of them. */
#ifndef CMPD_BASE_ADDRESS_H
#define CMPD_BASE_ADDRESS_H

#include <sys/socket.h>

#include "server/base/bytes.h"

enum { ADDRESS_TEXT_MAX = 56 }; /* octets of "[IPv6]:PORT" and its NUL */

/* struct address is an IPv4 or IPv6 address in network order; an IPv4 address in IPv6 (::ffff:0:0/96) is
 * always kept as IPv4. */
struct address {
    uint8_t len; /* 4 or 16; 0: unknown */
    uint8_t octets[16];
    uint16_t port; /* 0: unknown */
};

/* struct address_block is a CIDR block. */
struct address_block {
    struct address base;
    unsigned bits;
};

/* address_set makes |out| of |len| (4 or 16) octets in network order. */
void address_set(struct address *out, const void *octets, size_t len, uint16_t port);

/* address_of_socket makes |out| of |sa|; unknown if that is neither IPv4 nor IPv6. */
void address_of_socket(struct address *out, const struct sockaddr *sa);

/* address_parse reads an IPv4 or IPv6 address without port or brackets. 1 or 0. */
int address_parse(struct address *out, struct bytes text);

/* address_text writes |address| as logs show it, with its port if that is known, and returns |out|
 * (ADDRESS_TEXT_MAX octets). */
const char *address_text(char *out, const struct address *address);

/* address_equal returns 1 if both are the same address and port. */
int address_equal(const struct address *a, const struct address *b);

/* address_source returns the octets that stand for whoever has |address|: all of IPv4, the first half of
 * IPv6, since whoever has one address of a /64 has them all. They live as long as |address|. */
struct bytes address_source(const struct address *address);

/* address_host makes |out| what stands for that source in a log: |address| without its port, of IPv6 its /64.
 */
void address_host(struct address *out, const struct address *address);

/* address_block_parse reads "ADDRESS/BITS" or "ADDRESS"; no bit may be set behind BITS. 1 or 0. */
int address_block_parse(struct address_block *out, const char *text);

/* address_in returns 1 if |address| is in |block|. */
int address_in(const struct address *address, const struct address_block *block);

#endif
