/* lines.h: what a command knows of one thing, for a person: a line for each member of its JSON object. */
#ifndef CMPD_CTL_LINES_H
#define CMPD_CTL_LINES_H

#include "server/ctl/json.h"

/* ctl_put_line prints |label|, then |text|, in which what a terminal would obey becomes "?". */
void ctl_put_line(const char *label, struct bytes text);

/* ctl_put_lines prints a line for each member of |row| that is text and says something, or a number, and for
 * each such entry of a list, and frees |row|. Objects in lists are |object|'s to print; NULL: there is none.
 */
typedef void ctl_put_object(const char *label, const json_t *object);
void ctl_put_lines(json_t *row, ctl_put_object *object);

#endif
