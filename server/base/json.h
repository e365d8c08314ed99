/* json.h: text as JSON strings (RFC 8259 section 7). */
#ifndef CMPD_BASE_JSON_H
#define CMPD_BASE_JSON_H

#include "bytes.h"

/* json_string_room returns how many octets json_string may write for |value|. */
static inline size_t json_string_room(struct bytes value)
{
    enum { QUOTES = 2, LONGEST = 6 }; /* "\u" and four digits for one octet */
    return QUOTES + LONGEST * value.len;
}

/* json_string writes |value| into |out| as a JSON string, with its quotes and without a NUL; returns its
 * length. The result is valid UTF-8 whatever |value| is: what utf8_shown does not let through is escaped, and
 * an octet that belongs to no character becomes U+FFFD. */
size_t json_string(char *out, struct bytes value);

#endif
