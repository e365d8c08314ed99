/* not_carried.h: algorithms and curves that are known by name, and that no library of the server computes, or
 * that nobody should use: so that a refusal can name them. */
#ifndef CMPD_CRYPTO_NOT_CARRIED_H
#define CMPD_CRYPTO_NOT_CARRIED_H

#include <stddef.h>

#include "server/base/bytes.h"

enum not_carried_kind { NOT_CARRIED_SIGNATURE, NOT_CARRIED_MAC, NOT_CARRIED_CURVE };

struct not_carried {
    const char *name;
    struct bytes oid;
    const char *advice; /* "REASON: use WHAT INSTEAD" */
    enum not_carried_kind kind;
    int is_gap; /* 1: RFC 9481, RFC 8692 or RFC 5639 have it, and no library does */
};

/* not_carried returns row |i|, or NULL after the last. */
const struct not_carried *not_carried(size_t i);

/* not_carried_with returns the row whose OID has the content octets |oid|, or NULL. */
const struct not_carried *not_carried_with(struct bytes oid);

#endif
