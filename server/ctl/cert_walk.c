/* cert_walk.c: through the certificates of all CAs, a piece at a time (cert.h). Between two pieces nothing is
 * held: nodes serve meanwhile, and what the callee changes keeps nobody waiting. */
#include <string.h>

#include "server/ctl/cert.h"

enum { PIECE_ARENA = STORE_OLD_MAX * 128 * 1024 }; /* the largest rows fit */

static int look(struct store_fetch *fetch, struct store *store)
{
    if (!store_fetch_wait(store, fetch) || fetch->outcome == STORE_FETCH_UNAVAILABLE)
        return !ctl_fault("the store does not answer");
    if (fetch->outcome == STORE_ABSENT)
        fetch->count = 0;
    return 1;
}

/* Goes through the rows of a piece; |last| is the serial of the last one. Returns 0 when it has had enough.
 */
static int take(const struct cert_walk *walk, struct cert_found *found, const struct store_fetch *fetch,
                uint8_t last[STORE_SERIAL])
{
    const struct store_cert *certs = fetch->rows;
    int going = 1;

    for (size_t i = 0; going && i < fetch->count; i++) {
        if (certs[i].serial.len != STORE_SERIAL)
            continue;
        memcpy(last, certs[i].serial.data, STORE_SERIAL);
        found->cert = &certs[i];
        going = walk->each(walk->arg, found);
    }
    return going;
}

/* Returns 1, 0 with a fault printed, or -1 when the callee has had enough. */
static int walk_ca(const struct cert_walk *walk, struct cert_found *found)
{
    uint8_t last[STORE_SERIAL], begin[STORE_SERIAL_TIME];
    struct store_fetch fetch = {.kind = STORE_CERTIFICATES,
                                .index = walk->key != NULL ? STORE_OF_KEY : STORE_OLD_CERTIFICATES,
                                .issuer = bytes_of(found->issuer, STORE_ISSUER_ID),
                                .key = store_serial_time(begin, walk->after),
                                .of = bytes_of(walk->key, walk->key != NULL ? STORE_HASH : 0),
                                .before = walk->before};
    int ok = 1, going = 1;

    do {
        if ((fetch.arena = arena_new(PIECE_ARENA)) == NULL)
            return !ctl_fault("out of memory");
        ok = look(&fetch, walk->opened->store);
        if (ok)
            going = take(walk, found, &fetch, last);
        arena_free(fetch.arena);
        fetch.key = bytes_of(last, STORE_SERIAL);
    } while (ok && going && fetch.count == STORE_OLD_MAX);
    return ok && !going ? -1 : ok;
}

int cert_walk(const struct cert_walk *walk)
{
    const struct config *config = walk->opened->config;
    int ok = 1;

    for (size_t i = 0; ok > 0 && i < config->ca_count; i++) {
        struct cert_found found = {.ca = config->cas[i].name};
        ok = cert_issuer(found.issuer, config->cas[i].certificate) ? walk_ca(walk, &found) : 0;
    }
    return ok != 0;
}
