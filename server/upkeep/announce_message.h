/* announce_message.h: an announcement on its way to one URL. */
#ifndef CMPD_UPKEEP_ANNOUNCE_MESSAGE_H
#define CMPD_UPKEEP_ANNOUNCE_MESSAGE_H

#include "server/upkeep/announce.h"

/* announce_message writes the PKIMessage into |arena| by which |ca| announces |content|, the content of the
 * body of |kind|, at |now| (Unix seconds); signed as its answers are. Waits for a key in a token. 1, or 0
 * with |why|. */
int announce_message(struct bytes *out, struct arena *arena, const struct cmp_authority *ca,
                     enum pki_announcement kind, struct bytes content, int64_t now, const char **why);

/* What became of a delivery. */
enum announce_outcome {
    ANNOUNCE_DELIVERED,
    ANNOUNCE_LATER, /* again, after a while */
    ANNOUNCE_NEVER, /* it would be the same again */
};

/* announce_push posts |message| to |url|. |ends| as struct upkeep_turn has it. But where it was delivered,
 * |why| says why not. */
enum announce_outcome announce_push(const char *url, struct bytes message, const atomic_int *ends,
                                    char why[FETCH_WHY_MAX]);

#endif
