/* utf8.h: which octets of somebody else's text may be shown as they are. */
#ifndef CMPD_BASE_UTF8_H
#define CMPD_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* utf8_decode reads the UTF-8 character (RFC 3629 section 4) at |p|, of which |left| > 0 octets are there,
 * into
 * |*character|. Returns its length; 0, with |*character| as it was, if it is malformed. */
size_t utf8_decode(uint32_t *character, const uint8_t *p, size_t left);

/* utf8_shown returns the length of the UTF-8 character (RFC 3629 section 4) at |p|, of which |left| > 0
 * octets are there, if a terminal shows it where it stands; 0 for what has to be escaped: malformed octets,
 * control characters, and the invisible ones that make text look like another (directions of writing, zero
 * widths, line separators, tags). */
size_t utf8_shown(const uint8_t *p, size_t left);

#endif
