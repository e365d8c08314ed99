/* name_rules.h: what RFC 5280 lets a name in a certificate hold, so that whoever reads the certificate can
 * read the name. */
#ifndef CMPD_CRYPTO_NAME_RULES_H
#define CMPD_CRYPTO_NAME_RULES_H

#include "server/base/arena.h"
#include "server/base/bytes.h"

/* name_fault returns NULL if the DER name |name| may stand in a certificate (RFC 5280 4.1.2.4, 4.1.2.6,
 * appendix A.1: string types, upper bounds, two letters for a country), else what is wrong with it, in
 * |arena|: "commonName holds a control character", "countryName is not two letters", … Without memory it says
 * so. */
const char *name_fault(struct arena *arena, struct bytes name);

/* general_names_fault does the same for the DER GeneralNames |names| of a subjectAltName (RFC 5280 4.2.1.6):
 * "dNSName is no name of a host", … */
const char *general_names_fault(struct arena *arena, struct bytes names);

/* general_name_is_well_formed returns 1 if |element|, strict DER, is one GeneralName by its type (RFC
 * 5280 4.2.1.6), whatever it says: what a peer sent of that type may be sent back. */
int general_name_is_well_formed(struct bytes element);

/* name_is_host returns 1 if |name| is a host by the "preferred name syntax" (RFC 5280 4.2.1.6, RFC 1034 3.5),
 * name_is_dns_name if it is one, or one with "*" for its first label, name_is_mailbox if it is a mail address
 * whose local part is no quoted string (RFC 5321 4.1.2). */
int name_is_host(struct bytes name);
int name_is_dns_name(struct bytes name);
int name_is_mailbox(struct bytes name);

#endif
