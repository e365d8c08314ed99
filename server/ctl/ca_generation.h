/* ca_generation.h: what keys and certificates are called that follow others. */
#ifndef CMPD_CTL_CA_GENERATION_H
#define CMPD_CTL_CA_GENERATION_H

#include "server/base/arena.h"

/* ca_next_name returns what follows |name|: with the next number, behind |between|. So after "root" with "-"
 * comes "root-2", and after "issuing2" with "" "issuing3". In |arena|; or NULL with a fault printed: what
 * follows cannot be a name in the configuration. */
const char *ca_next_name(struct arena *arena, const char *name, const char *between);

/* ca_stem returns the name of the file |path| without its folder and its ending, in |arena|. It stands in
 * paths and configurations: NULL with a fault printed if it is no name for that. */
const char *ca_stem(struct arena *arena, const char *path);

#endif
