/* handout.h: names and fingerprints in the forms that base stations and their manuals have. */
#ifndef CMPD_CTL_HANDOUT_H
#define CMPD_CTL_HANDOUT_H

#include "crypto/algorithms.h"
#include "server/base/arena.h"

/* How a name is written. */
enum handout_order {
    HANDOUT_LAST_FIRST,  /* "CN=Issuing CA,O=Operator": RFC 4514 */
    HANDOUT_FIRST_FIRST, /* "O=Operator,CN=Issuing CA": as in the certificate */
    HANDOUT_SLASHES,     /* "/O=Operator/CN=Issuing CA": as openssl takes it */
};

/* handout_name writes the DER |name| in |order|. NULL without memory. Values are escaped as in RFC 4514, with
 * slashes a slash as well. */
const char *handout_name(struct arena *arena, struct bytes name, enum handout_order order);

/* handout_fingerprint writes the digest |id| over |der| as "1A:2B:…". NULL without memory. */
const char *handout_fingerprint(struct arena *arena, enum digest_id id, struct bytes der);

#endif
