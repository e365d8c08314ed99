/* json.h: text as JSON strings (RFC 8259 section 7), into memory that the caller has: for records of the
 * audit log, one a decision, which are made of nothing but strings. What reads JSON, or writes more of it,
 * uses jansson (server/ctl/json.h), which takes memory for each value. */
#ifndef CMPD_BASE_JSON_H
#define CMPD_BASE_JSON_H

#include "bytes.h"

/* json_quote_room returns how many octets json_quote may write for |value|. */
static inline size_t json_quote_room(struct bytes value)
{
    enum { QUOTES = 2, LONGEST = 6 }; /* "\u" and four digits for one octet */
    return QUOTES + LONGEST * value.len;
}

/* json_quote writes |value| into |out| as a JSON string, with its quotes and without a NUL; returns its
 * length. The result is valid UTF-8 whatever |value| is: what utf8_shown does not let through is escaped, and
 * an octet that belongs to no character becomes U+FFFD. */
size_t json_quote(char *out, struct bytes value);

#endif
