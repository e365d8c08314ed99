/* follower.c: see follower.h. */
#include "server/ocsp/follower.h"

#include "server/base/bounds.h"

struct page {
    struct arena *arena;
    struct store_fetch fetch;
};

/* Reads changes from |position| on; 0 if the store does not answer. */
static int read_page(struct page *page, struct store *store, const uint8_t issuer[STORE_ISSUER_ID],
                     int64_t position)
{
    page->arena = arena_new(BOUND_JOB_ARENA);
    page->fetch = (struct store_fetch){.kind = STORE_REVOCATIONS,
                                       .index = STORE_REVOKED_SINCE,
                                       .issuer = bytes_of(issuer, STORE_ISSUER_ID),
                                       .before = position,
                                       .arena = page->arena};
    if (page->arena != NULL && store_fetch_wait(store, &page->fetch) &&
        page->fetch.outcome != STORE_FETCH_UNAVAILABLE)
        return 1;
    arena_free(page->arena);
    return 0;
}

/* There is no change at |beyond| or after it, and none between |known| and it is known: by halves, a page at
 * a time. */
static int find_end(int64_t *known, struct store *store, const uint8_t issuer[STORE_ISSUER_ID])
{
    int64_t from = 1, beyond = INT64_MAX, step = STORE_REVOKED_MAX, half;
    struct page page;
    size_t count;

    *known = 0;
    while (*known + 1 < beyond) {
        if (!read_page(&page, store, issuer, from))
            return 0;
        count = page.fetch.outcome == STORE_FOUND ? page.fetch.count : 0;
        if (count == 0)
            beyond = from;
        else
            *known = ((const struct store_revocation *)page.fetch.rows)[count - 1].position;
        arena_free(page.arena);
        if (count != 0 && count < STORE_REVOKED_MAX)
            return 1;
        half = (beyond - *known) / 2;
        from = *known + (beyond == INT64_MAX && step < half ? step : half);
        step *= step < half ? 2 : 1;
    }
    return 1;
}

/* What was kept until now goes: before the end was found, nobody told of changes. Who has read a status
 * before that keeps nothing, either. */
static int begin(struct follower *follower, struct ocsp_cache *cache, struct store *store,
                 const uint8_t issuer[STORE_ISSUER_ID])
{
    follower->is_there = find_end(&follower->position, store, issuer);
    ocsp_cache_changing(cache);
    ocsp_cache_drop_issuer(cache, issuer);
    return follower->is_there;
}

int follower_look(struct follower *follower, struct ocsp_cache *cache, struct store *store,
                  const uint8_t issuer[STORE_ISSUER_ID], follower_changed *changed, void *arg)
{
    struct page page;
    size_t count;

    if (!follower->is_there && !begin(follower, cache, store, issuer))
        return 0;
    do {
        /* From the last one on, which is there if the list is the same. */
        if (!read_page(&page, store, issuer, follower->position))
            return 0;
        count = page.fetch.outcome == STORE_FOUND ? page.fetch.count : 0;
        const struct store_revocation *rows = page.fetch.rows;
        if (count != 0 && rows[count - 1].position > follower->position)
            ocsp_cache_changing(cache);
        for (size_t i = 0; i < count; i++) {
            if (rows[i].position <= follower->position)
                continue;
            ocsp_cache_drop(cache, issuer, rows[i].serial);
            changed(arg, issuer, &rows[i]);
            follower->position = rows[i].position;
        }
        arena_free(page.arena);
    } while (count == STORE_REVOKED_MAX);
    if (count == 0 && follower->position != 0)
        follower->is_there = 0; /* and the next look begins anew */
    return 1;
}
