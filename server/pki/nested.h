/* nested.h: NestedMessageContent (RFC 9810 5.1.3.5): the messages that came in one. */
#ifndef CMPD_PKI_NESTED_H
#define CMPD_PKI_NESTED_H

#include "crypto/der.h"
#include "server/base/bounds.h"

/* pki_decode_nested finds the messages in |body|, the content of a body, and writes them to |out|, |*count|
 * of them. They are views into |body| that nobody has read yet: whether one is a PKIMessage,
 * pki_message_decode tells. 1, or 0 with |*why| set: it is malformed, empty, or has more than
 * BOUND_NESTED_MESSAGES. */
int pki_decode_nested(struct bytes out[BOUND_NESTED_MESSAGES], size_t *count, const char **why,
                      struct bytes body);

/* pki_encode_nested writes it, of |count| whole messages. 1, or 0 without memory. */
int pki_encode_nested(struct bytes *out, struct arena *arena, const struct bytes *messages, size_t count);

#endif
