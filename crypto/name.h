/* name.h: distinguished names, between DER and what a person reads. */
#ifndef CMPD_CRYPTO_NAME_H
#define CMPD_CRYPTO_NAME_H

#include "crypto/der.h"

enum { NAME_TEXT_MAX = 512, NAME_RDNS_MAX = 64 };

/* name_text writes the DER name |name| in the form of RFC 4514 (last RDN first), UTF-8, control characters
 * and what is not UTF-8 escaped as \XX, cut to fit and to the first NAME_RDNS_MAX RDNs; "" for the empty
 * name. Returns |out|. */
const char *name_text(char *out, size_t out_len, struct bytes name);

/* name_is_valid returns 1 if |name| is a well-formed Name within BOUND_SUBJECT octets. */
int name_is_valid(struct bytes name);

/* name_empty returns the NULL-DN, an empty SEQUENCE; name_is_empty returns 1 if |name| is that. */
struct bytes name_empty(void);
int name_is_empty(struct bytes name);

/* name_build writes a name from pairs of short names, as name_text writes them, and values ("CN", "gnb-1",
 * …), most significant first, NULL-terminated: each in the string type that RFC 5280 Appendix A wants.
 * Returns 1, or 0 if an attribute is not known or a value is empty or no text of its type. */
int name_build(struct bytes *out, struct arena *arena, const char *const *pairs);

/* name_attribute_known returns 1 if |attribute| ("CN", "serialNumber", …) is a short name that is known. */
int name_attribute_known(const char *attribute);

/* name_attribute returns the value of the last |attribute| in |name| that is a string, in UTF-8, or an empty
 * view. What is no UTF-8 in |name| is copied to |arena|. */
struct bytes name_attribute(struct arena *arena, struct bytes name, const char *attribute);

/* name_each_attribute calls |each| for every attribute of |name|, with its short name (NULL: it has none) and
 * its value in UTF-8 (empty: it is no string), until it returns 0. What is no UTF-8 in |name| is copied to
 * |arena|. Returns 1, or 0 if |each| did, the name is malformed, or without memory. */
typedef int name_attribute_found(void *arg, const char *attribute, struct bytes value);
int name_each_attribute(struct arena *arena, struct bytes name, name_attribute_found *each, void *arg);

/* name_attribute_once is name_attribute for who compares identities: an empty view if |name| has no
 * |attribute|. Returns 0 if it has several, or one that is no string, or without memory. */
int name_attribute_once(struct bytes *out, struct arena *arena, struct bytes name, const char *attribute);

#endif
