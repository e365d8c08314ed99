/* admin_url.h: where the running node of a configuration tells about itself. */
#ifndef CMPD_CTL_ADMIN_URL_H
#define CMPD_CTL_ADMIN_URL_H

#include "server/base/config.h"

enum { ADMIN_URL_MAX = 512 };

/* admin_url writes the URL of |path| ("/metrics") at a listener of |config| that serves admin. Returns 1, or
 * 0 if there is none that can be asked from here. */
int admin_url(char out[ADMIN_URL_MAX], const struct config *config, const char *path);

#endif
