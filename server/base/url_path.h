/* url_path.h: the normal form of a URL path. Who compares paths compares these. */
#ifndef CMPD_BASE_URL_PATH_H
#define CMPD_BASE_URL_PATH_H

#include "bytes.h"

/* url_path_normalize writes the normal form of |path|, which has no query, into |out|, which has room for as
 * many octets. RFC 3986 6.2.2: percent codes of unreserved characters are decoded, once, the digits of others
 * become upper case, dot segments go, and none of them leads above the root. Beyond it, so that a path that
 * was put together of two is found: empty segments go, also a last one ("/pkix/" is "/pkix"). Returns the
 * length, or 0 with |*why| set: |path| does not begin with "/", a code is broken, or it is that of "/" or
 * NUL, which one reader takes for the character and another does not. */
size_t url_path_normalize(char *out, const char **why, struct bytes path);

#endif
