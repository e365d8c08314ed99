/* folder.h: what is published, in a folder as well, for other web servers. A file is replaced as a whole, and
 * a CRL by none with a lower number: the folder may be of several nodes, or know more than a store that was
 * restored. */
#ifndef CMPD_CRL_FOLDER_H
#define CMPD_CRL_FOLDER_H

#include "server/crl/published.h"

struct folder;

/* folder_new begins to write into |path|. Returns NULL without memory. */
struct folder *folder_new(const char *path);
void folder_free(struct folder *folder);

/* folder_path returns what folder_new was given. */
const char *folder_path(const struct folder *folder);

/* folder_write writes what |publication| has and the folder has not, and takes away the PEM of a CRL that is
 * published without one. What fails is told once in the log, and
 * tried again at the next call. Blocks. */
void folder_write(struct folder *folder, struct publication *publication);

/* folder_is_failing returns 1 if the last folder_write could not write all. */
int folder_is_failing(const struct folder *folder);

/* folder_number returns the cRLNumber of the CRL that |folder| has for |path|, as in a URL; 0: there is none.
 * Blocks. */
int64_t folder_number(const struct folder *folder, const char *path);

#endif
