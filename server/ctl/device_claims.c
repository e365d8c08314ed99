/* device_claims.c: the claims of a device with their certificates, a page at a time (device.h). Between two
 * pages nothing is held. */
#include "server/ctl/device.h"
#include "storage/row.h"

enum { PAGE_ARENA = STORE_OLD_MAX * 128 * 1024 }; /* the largest rows fit */

struct walk {
    const struct device_store *at;
    struct bytes id;
    int (*each)(void *arg, const struct device_claim *claim);
    void *arg;
    uint8_t last[STORE_CLAIM_KEY_MAX];
};

/* Returns 1, 0 when there was enough, or -1 with a fault printed. */
static int take(struct walk *walk, struct arena *arena, const struct store_claim *row)
{
    struct device_claim claim = {.row = row};
    struct bytes device;
    const void *cert;

    if (!store_claim_of(&device, &claim.slot, &claim.profile, row->claim) || !bytes_equal(device, walk->id))
        return 0;
    claim.slot++;
    if (!cert_fetch(&cert, walk->at->opened.store, arena, STORE_CERTIFICATES, walk->at->issuer, row->serial))
        return -1;
    claim.cert = cert;
    return walk->each(walk->arg, &claim) != 0;
}

/* Likewise; 1: there may be more, after |fetch->key|. */
static int take_page(struct walk *walk, struct store_fetch *fetch)
{
    const struct store_claim *rows;
    int going = 1;

    if (!store_fetch_wait(walk->at->opened.store, fetch) || fetch->outcome == STORE_FETCH_UNAVAILABLE) {
        ctl_fault("the store does not answer");
        return -1;
    }
    if (fetch->outcome != STORE_FOUND)
        return 0;
    rows = fetch->rows;
    for (size_t i = 0; going > 0 && i < fetch->count; i++)
        going = take(walk, fetch->arena, &rows[i]);
    if (going <= 0 || fetch->count < STORE_OLD_MAX || rows[fetch->count - 1].claim.len > sizeof walk->last)
        return going < 0 ? going : 0;
    memcpy(walk->last, rows[fetch->count - 1].claim.data, rows[fetch->count - 1].claim.len);
    fetch->key = bytes_of(walk->last, rows[fetch->count - 1].claim.len);
    return 1;
}

int device_each_claim(const struct device_store *at, const uint8_t id[STORE_HASH],
                      int (*each)(void *arg, const struct device_claim *claim), void *arg)
{
    struct walk walk = {.at = at, .id = bytes_of(id, STORE_HASH), .each = each, .arg = arg};
    struct store_fetch fetch = {.kind = STORE_CLAIMS,
                                .index = STORE_NEXT_CLAIMS,
                                .issuer = bytes_of(at->issuer, STORE_ISSUER_ID),
                                .key = walk.id};
    int going = 1;

    while (going > 0) {
        if ((fetch.arena = arena_new(PAGE_ARENA)) == NULL)
            return !ctl_fault("out of memory");
        going = take_page(&walk, &fetch);
        arena_free(fetch.arena);
    }
    return going == 0;
}

int device_claim_is_good(const struct device_claim *claim, int64_t now)
{
    return claim->cert != NULL && claim->cert->status != STORE_CERT_REVOKED && claim->cert->not_after >= now;
}
