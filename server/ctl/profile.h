/* profile.h: what the commands about profiles share: a request as the server would treat it, without being
 * answered. */
#ifndef CMPD_CTL_PROFILE_H
#define CMPD_CTL_PROFILE_H

#include "server/cmp/cmp.h"
#include "server/ctl/json.h"
#include "storage/store.h"

/* ---- profile_try.c: a message, driven as the server drives it ---- */

/* struct profile_trial is what became of it. All of it lives in the arena of the trial. */
struct profile_trial {
    struct cmp_message *message;
    struct cmp_result result;
    const struct cmp_decision *decision; /* of policy, or NULL: it was not asked */
    int asks;                     /* 1: the authorizer would be asked first, who was taken to allow it */
    int commits;                  /* 1: the answer would wait for something to be stored */
    const struct store_cert *row; /* of the certificate, or NULL: none would be issued */
};

/* profile_try takes |request| at |now_ms| (Unix milliseconds) through |route| as far as the commit of what it
 * asks for. The store is only read, and no key signs: where a signature belongs are zeros. What a commit
 * depends on is looked up instead. Returns 1, with the message to be ended by cmp_end, or 0 without memory.
 */
int profile_try(struct profile_trial *trial, struct arena *arena, struct store *store,
                const struct cmp_settings *settings, const struct cmp_route *route, struct bytes request,
                int64_t now_ms);

/* ---- profile_find.c ---- */

/* profile_index returns which of the profiles of |config| is called |name|, or -1 with a fault printed.
 * vendor_index likewise. */
int profile_index(const struct config *config, const char *name);
int vendor_index(const struct config *config, const char *name);

/* profile_place returns where in the file the setting |key| stands, "FILE:LINE: KEY", or its nearest parent
 * if the file leaves it to its default. */
json_t *profile_place(const struct config *config, const char *key);

/* profile_list returns the texts of |list| as JSON has them. */
json_t *profile_list(const struct config_list *list);

#endif
