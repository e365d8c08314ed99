/* csv.h: lines of comma-separated values (RFC 4180), in and out. A field here never holds a line break, so a
 * quote that somebody forgot spoils one line and no more. */
#ifndef CMPD_CTL_CSV_H
#define CMPD_CTL_CSV_H

#include <stdio.h>

#include "server/base/bytes.h"

enum {
    CSV_FIELDS = 16,      /* of a line */
    CSV_LINE = 16 * 1024, /* octets of a line, without its end */
};

/* csv_split takes the |len| octets of |line|, without its end, apart: |*count| of |fields|, views into
 * |line|, in which the quotes of quoted fields are undone. Returns NULL, or what is wrong. */
const char *csv_split(struct bytes fields[CSV_FIELDS], size_t *count, char *line, size_t len);

/* struct csv_reader reads lines, one after the other; |in| is set, all else 0 at first. */
struct csv_reader {
    FILE *in;
    size_t line;           /* number of the last that was read, from 1 */
    char octets[CSV_LINE]; /* its octets … */
    size_t len;            /* … without its end, which is LF or CR LF */
    int is_too_long;       /* 1: it had more, which are gone */
};

/* csv_next reads the next line. Returns 1, or 0 at the end of the file, or when it cannot be read (ferror).
 */
int csv_next(struct csv_reader *reader);

/* csv_put writes |value| as a field, in quotes where it needs them. */
void csv_put(FILE *out, struct bytes value);

#endif
