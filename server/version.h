/* version.h: which version this is, and of what it is made. */
#ifndef CMPD_VERSION_H
#define CMPD_VERSION_H

#include <stdio.h>

#define CMPD_VERSION "0.2.0"

/* version_print writes |program|'s version and those of the libraries that every program links. |front| names
 * the front's loop and may be NULL; its libraries follow by themselves (server/front/transport.h). */
void version_print(FILE *out, const char *program, const char *front);

#endif
