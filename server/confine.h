/* confine.h: the sandbox of cmpd: which parts it has, and which files its configuration names. */
#ifndef CMPD_CONFINE_H
#define CMPD_CONFINE_H

#include "server/base/config.h"

struct confine;

/* confine_files enters the first half, before there are threads. With hardening off, in a build with
 * sanitizers, or where the kernel cannot, the log says so, and all goes on. |path| is the configuration's own
 * file. Returns what the others need, freed by confine_free; NULL without memory. */
struct confine *confine_files(const struct config *config, const char *path);

/* confine_calls enters the second half, when all threads and rings exist. */
void confine_calls(struct confine *confine);

/* confine_allows returns 1 if what |config| names can be read, and its tokens' modules loaded; else 0 with
 * |fault| written: that takes a restart. */
int confine_allows(struct config_fault *fault, const struct confine *confine, const struct config *config);

void confine_free(struct confine *confine);

#endif
