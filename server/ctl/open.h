/* open.h: what tools open: the configuration, the policy made of it, the store; one way for all. */
#ifndef CMPD_CTL_OPEN_H
#define CMPD_CTL_OPEN_H

#include "server/ctl/command.h"
#include "server/ctl/ctl.h"

/* ctl_refuse_secret returns 1 if |url|, given on the command line, holds no password, else 0 with a fault
 * printed. */
int ctl_refuse_secret(const char *url);

/* What a command needs besides the configuration. */
enum ctl_needs {
    CTL_NEEDS_POLICY = 1,  /* the policy, and with it the keys of the CAs */
    CTL_NEEDS_TO_READ = 2, /* the store, to look at: a standby will do */
    CTL_NEEDS_TO_CHANGE =
        4, /* the store; one that is older than what this node sealed is refused (last_seal.h) */
    CTL_TAKES_OLDER = 8, /* … but by who says yes to it */
};

/* ctl_refuse_older returns 1 if |store|, that of |config|, is as new as what this node sealed, else 0 with a
 * fault printed: who changes and seals it would have it pass for the newer one. */
int ctl_refuse_older(const struct config *config, struct store *store);

struct ctl_opened {
    const struct config *config; /* NULL: the call names a store and no configuration */
    const char *url;             /* of the store: the one given, else the configuration's */
    struct policy *policy;
    struct store *store;
    struct config *own_config; /* if no policy owns it */
};

/* ctl_open opens what |call| names in its options config and store, as far as |needs| says. Returns CTL_OK,
 * CTL_USAGE if it names neither, or CTL_FAULT with a fault printed; then nothing is open. ctl_close closes
 * it.
 */
int ctl_open(struct ctl_opened *opened, const struct ctl_call *call, unsigned needs);
void ctl_close(struct ctl_opened *opened);

/* ctl_renewed returns the policy of the file |path| with what |store| has that was renewed since, as a node
 * serves it: |policy| itself, or another, and |policy| is released. What cannot be taken up is told. */
struct policy *ctl_renewed(struct policy *policy, const char *path, struct store *store);

#endif
