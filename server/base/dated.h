/* dated.h: entries of lists that may end on a day: "NAME" or "NAME until YYYY-MM-DD". */
#ifndef CMPD_BASE_DATED_H
#define CMPD_BASE_DATED_H

#include <stddef.h>
#include <stdint.h>

#define DATED_NO_END INT64_MAX

/* dated_read writes to |*name_len| how many octets of |entry| are its name, and to |*until| the first second
 * (Unix, UTC) of the day that it names, or DATED_NO_END. Returns NULL, or what is wrong with it. */
const char *dated_read(size_t *name_len, int64_t *until, const char *entry);

#endif
