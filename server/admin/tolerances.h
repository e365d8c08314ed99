/* tolerances.h: /tolerances: who makes use of what is taken against the RFCs. */
#ifndef CMPD_ADMIN_TOLERANCES_H
#define CMPD_ADMIN_TOLERANCES_H

#include <stdint.h>

enum { TOLERANCES_TEXT_MAX = 64 * 1024 };

/* tolerances_text writes one JSON object: |since| (Unix seconds: when counting began), and the numbers above
 * 0 of each profile and vendor, {"since":1,"profiles":{"NAME":{"clock-off":3}},"vendors":{…}}. What finds no
 * room is left out whole, and "left_out" says so. */
void tolerances_text(char text[TOLERANCES_TEXT_MAX], int64_t since);

#endif
