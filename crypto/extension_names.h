/* extension_names.h: the extensions of RFC 5280 4.2, RFC 9608 and RFC 9310, and what they are called there.
 */
#ifndef CMPD_CRYPTO_EXTENSION_NAMES_H
#define CMPD_CRYPTO_EXTENSION_NAMES_H

#include "server/base/arena.h"
#include "server/base/bytes.h"

enum extension {
    EXTENSION_SUBJECT_ALT_NAME,
    EXTENSION_KEY_USAGE,
    EXTENSION_EXTENDED_KEY_USAGE,
    EXTENSION_CERTIFICATE_POLICIES,
    EXTENSION_BASIC_CONSTRAINTS,
    EXTENSION_NAME_CONSTRAINTS,
    EXTENSION_POLICY_CONSTRAINTS,
    EXTENSION_POLICY_MAPPINGS,
    EXTENSION_INHIBIT_ANY_POLICY,
    EXTENSION_SUBJECT_KEY_IDENTIFIER,
    EXTENSION_AUTHORITY_KEY_IDENTIFIER,
    EXTENSION_CRL_DISTRIBUTION_POINTS,
    EXTENSION_AUTHORITY_INFO_ACCESS,
    EXTENSION_FRESHEST_CRL,
    EXTENSION_NO_REV_AVAIL,
    EXTENSION_NF_TYPES,
    EXTENSION_OTHER
};

/* extension_of returns which one has the OID with the content octets |oid|, or EXTENSION_OTHER. */
enum extension extension_of(struct bytes oid);

/* extension_named returns which one is called |name| ("keyUsage"), or EXTENSION_OTHER. */
enum extension extension_named(const char *name);

/* extension_oid returns the content octets of the OID of |extension|, which is none but EXTENSION_OTHER's. */
struct bytes extension_oid(enum extension extension);

/* extension_name returns what |oid| is called, or its dotted form, in |arena|; "?" without memory. */
const char *extension_name(struct arena *arena, struct bytes oid);

#endif
