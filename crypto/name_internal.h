/* name_internal.h: the attributes that names are made of, for the files that read and judge them. */
#ifndef CMPD_CRYPTO_NAME_INTERNAL_H
#define CMPD_CRYPTO_NAME_INTERNAL_H

#include "crypto/der.h"

struct name_attribute_type {
    const char *name; /* as RFC 4514 writes it */
    const char *long_name;
    struct bytes oid;
    CBS_ASN1_TAG string; /* that a value is written as; UTF8String: any DirectoryString is read */
    unsigned max;        /* characters of a value (RFC 5280 appendix A.1); 0: it sets no bound */
};

/* name_attribute_type_of returns the type whose OID has the content octets |oid|, or NULL. */
const struct name_attribute_type *name_attribute_type_of(struct bytes oid);

#endif
