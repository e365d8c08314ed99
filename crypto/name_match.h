/* name_match.h: which names are one name (RFC 5280 7.1 to 7.5): string types, case, spaces and the forms that
 * Unicode has for one text make no difference. */
#ifndef CMPD_CRYPTO_NAME_MATCH_H
#define CMPD_CRYPTO_NAME_MATCH_H

#include "crypto/der.h"

/* struct name_print is what two names share if they match, and no others do: a SHA-256 of what the string
 * preparation of RFC 4518 makes of them. Without |made| the name cannot be prepared (no Name, a string that
 * is not of its type, characters that nobody may compare or none that count, no memory): it matches the same
 * octets alone. */
struct name_print {
    uint8_t octets[32];
    int made;
};

/* name_print makes that of the DER name |name|. */
struct name_print name_print(struct bytes name);

/* name_add_prepared appends what a name_print is the digest of: that of a name begins with that of another if
 * its first RDNs are all of the other's. Returns 1 or 0, as |made|. */
int name_add_prepared(CBB *out, struct bytes name);

/* name_print_equal returns 1 if both are made and the same. */
int name_print_equal(const struct name_print *a, const struct name_print *b);

/* name_ignores returns 1 if |character| counts for nothing where names are compared (RFC 4518 2.2). */
int name_ignores(uint32_t character);

/* name_is_plain returns 1 if |name| is made of ASCII texts alone, so that preparing it costs next to nothing.
 */
int name_is_plain(struct bytes name);

/* name_equal returns 1 if the DER names |a| and |b| match (RFC 5280 7.1). */
int name_equal(struct bytes a, struct bytes b);

/* name_has_same_rdns (name_order.c) returns 1 if each RDN of the DER name |a| has one in |b| that matches it,
 * and the other way round, in whatever order. Of plain names of up to 16 RDNs alone: of others 0. */
int name_has_same_rdns(struct bytes a, struct bytes b);

/* name_differs returns 1 if they surely do not match; 0 also if one of them cannot be prepared. For whoever
 * must not take one name for another. */
int name_differs(struct bytes a, struct bytes b);

/* struct name_cache keeps the print of one name that is compared several times; zeroed at first. Of one
 * thread. */
struct name_cache {
    int printed;
    struct name_print print;
};

/* name_equal_cached is name_equal; the prints that it makes are kept in |a_cache| and |b_cache|, and taken
 * from there. */
int name_equal_cached(struct bytes a, struct name_cache *a_cache, struct bytes b, struct name_cache *b_cache);

/* name_text_equal compares two UTF-8 texts, values of one attribute, in the same way. */
int name_text_equal(struct bytes a, struct bytes b);

/* general_names_equal returns 1 if each GeneralName of the DER GeneralNames |a| has one in |b| that matches
 * it, and the other way round: directoryName by 7.1 (of those that are not plain the first
 * BOUND_NAMES_COMPARED octets), the host of dNSName, rfc822Name and URI without case
 * (7.2, 7.4, 7.5), others by their octets. Their order makes no difference. */
int general_names_equal(struct bytes a, struct bytes b);

#endif
