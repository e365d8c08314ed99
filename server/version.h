/* version.h: which version this is, and of what it is made. */
#ifndef CMPD_VERSION_H
#define CMPD_VERSION_H

#include <stdio.h>

#define CMPD_VERSION "0.1.0"

/* version_print writes |program|'s version and those of all that is linked in. |front| names the front's loop
 * and |front_versions| its libraries; both may be NULL. */
void version_print(FILE *out, const char *program, const char *front, const char *front_versions);

#endif
