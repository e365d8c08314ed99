/* string_types.h: the string types of ASN.1 that names are made of. */
#ifndef CMPD_CRYPTO_STRING_TYPES_H
#define CMPD_CRYPTO_STRING_TYPES_H

#include "crypto/der.h"

/* string_type_known returns 1 if |tag| is a string type of X.680 that is used in names. */
int string_type_known(CBS_ASN1_TAG tag);

/* string_type_has returns 1 if the octet |c| may stand in a string of type |tag| (X.680 41, tables 9 and 10);
 * of types with larger sets it may always. */
int string_type_has(CBS_ASN1_TAG tag, uint8_t c);

/* string_add_utf8 appends the characters of |value|, of the known type |tag|, to |out| in UTF-8 (RFC
 * 4518 2.1). Returns 0 if its octets are no characters, or without memory. What devices put into a
 * PrintableString, say, that does not have it is taken: string_type_has tells. */
int string_add_utf8(CBB *out, CBS_ASN1_TAG tag, CBS value);

#endif
