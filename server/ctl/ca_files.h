/* ca_files.h: the files of certificates that a CA of the configuration names, and what each is for. */
#ifndef CMPD_CTL_CA_FILES_H
#define CMPD_CTL_CA_FILES_H

#include "server/base/config.h"

/* What somebody wants of them, a bit each. */
enum ca_files {
    CA_FILES_CHAIN = 1, /* the CA's own, and those from its issuer up to the root */
    CA_FILES_ROOTS = 2, /* the roots before and after that */
    CA_FILES_LINKS = 4, /* what leads from one root to the next */
    CA_FILES_OWN = 8,   /* what signs answers and CRLs */
    CA_FILES_ALL = 15,
};

/* ca_each_file calls |each| with the name of |ca|, what the file is for, and its path, for all of |wanted|,
 * until it returns 0. Returns 1, or 0 if |each| did. */
int ca_each_file(const struct config_ca *ca, unsigned wanted,
                 int (*each)(void *arg, const char *ca, const char *role, const char *file), void *arg);

#endif
