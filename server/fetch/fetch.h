/* fetch.h: a document of another server, by HTTP or HTTPS (libcurl). Whoever calls waits: never on the path
 * of a request. A proxy is taken from the environment, as curl does (http_proxy, https_proxy, no_proxy). */
#ifndef CMPD_FETCH_FETCH_H
#define CMPD_FETCH_FETCH_H

#include <stdatomic.h>

#include "server/base/bytes.h"

enum { FETCH_WHY_MAX = 512 };

/* struct fetch says what is fetched, and what may be spent on it. */
struct fetch {
    const char *url;          /* http: or https:; any other is a fault */
    const char *content_type; /* NULL: by GET; else |body| is posted as that */
    struct bytes body;
    size_t most;            /* octets of the answer; a longer one is a fault */
    unsigned seconds;       /* from the look-up of the name to the last octet */
    int is_near;            /* 1: whoever is asked is on this machine, or beside it: by no proxy */
    const atomic_int *ends; /* given up when it becomes 1, within a second; NULL: never */
};

/* fetch_begin has to be called once in a process, before it has threads. Returns 1, or 0 without memory. */
int fetch_begin(void);

/* fetch_document fetches it into |*out|, malloc'ed, with |*len| octets. Redirections are not followed.
 * Certificates of HTTPS are verified by those that the system trusts. Returns 1, or 0 with |why|: the server
 * did not answer in time, or stalled (BOUND_FETCH_STALL), answered with another status than 200, or with too
 * much. */
int fetch_document(uint8_t **out, size_t *len, const struct fetch *fetch, char why[FETCH_WHY_MAX]);

/* fetch_push posts |fetch->body| and leaves what comes back unread, after |fetch->most| octets on the way.
 * Otherwise as fetch_document. Returns 1 when the server has answered, with |*status| of HTTP whatever it is
 * and however long the answer, or 0 with |why|. */
int fetch_push(long *status, const struct fetch *fetch, char why[FETCH_WHY_MAX]);

#endif
