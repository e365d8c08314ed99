/* shards.c: see shards.h.
 *
 * Whoever reads a certificate takes a CRL only if it names the URL that the certificate names (RFC 5280 6.3.3
 * (b)(2)(i)), octet for octet. So a shard's CRL names all that certificates ever had: the store keeps them.
 */
#include "server/crl/shards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/crl.h"
#include "server/base/log.h"
#include "server/base/shard.h"
#include "server/crl/schedule.h"
#include "storage/row.h"

enum { ARENA = 256 * 1024, POINT_ARENA = 128 * 1024 };

void crl_shards_free(struct crl_shards *shards)
{
    free(shards->of);
    *shards = (struct crl_shards){.count = 0};
}

int crl_shards_grow(struct crl_shards *shards, unsigned shard)
{
    struct crl_scope *of;

    if (shard <= shards->count)
        return 1;
    of = realloc(shards->of, shard * sizeof *of);
    if (of == NULL)
        return 0;
    shards->of = of;
    while (shards->count < shard) {
        crl_scope_shard(&of[shards->count], shards->count + 1);
        shards->count++;
    }
    return 1;
}

static struct bytes issuer_of(const struct crl_turn *turn)
{
    return bytes_of(turn->ca->id, sizeof turn->ca->id);
}

int crl_shards_note(const struct crl_turn *turn, struct bytes url)
{
    const struct store_crl_url row = {.url = url, .shards = (int)turn->shards};
    struct store_unit unit = {.issuer = issuer_of(turn)};

    store_unit_write(&unit, STORE_ONCE, STORE_CRL_URLS, &row);
    return store_commit_wait(turn->store, &unit) && unit.outcome == STORE_DONE;
}

/* What certificates of the CA name, or named. */
struct urls {
    const struct store_crl_url *rows;
    size_t count;
};

static int read_urls(struct urls *out, struct arena *arena, const struct crl_turn *turn)
{
    struct store_fetch fetch = {
        .kind = STORE_CRL_URLS, .index = STORE_ALL_CRL_URLS, .issuer = issuer_of(turn), .arena = arena};

    if (!store_fetch_wait(turn->store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE)
        return 0;
    *out = (struct urls){.rows = fetch.rows, .count = fetch.outcome == STORE_FOUND ? fetch.count : 0};
    return 1;
}

/* A CRL has to be one that its readers can still take. Said once, while it is so. */
static void leave_out(struct urls *urls, struct crl_shards *shards, const struct crl_turn *turn)
{
    int too_many = urls->count > STORE_CRL_URLS_MAX;

    if (too_many && !shards->told_urls)
        log_line(
            LOG_ERROR, "URLs of shards left out", log_word("ca", turn->ca->name),
            log_octets("url", urls->rows[STORE_CRL_URLS_MAX].url), log_number("most", STORE_CRL_URLS_MAX),
            log_text("text",
                     "the table crl_urls has too many of this CA: certificates that name this one, or one "
                     "behind it in the order of their octets, take no CRL; delete rows that no valid "
                     "certificate names"));
    shards->told_urls = too_many;
    if (too_many)
        urls->count = STORE_CRL_URLS_MAX;
}

static unsigned most(const struct urls *urls, unsigned configured)
{
    unsigned shards = configured;

    for (size_t i = 0; i < urls->count; i++)
        if (urls->rows[i].shards > (int)shards && urls->rows[i].shards <= BOUND_CRL_SHARDS)
            shards = (unsigned)urls->rows[i].shards;
    return shards;
}

/* The store has a CRL of it, or somebody says so. */
static struct crl_attempt has_no_url(unsigned shard)
{
    return (struct crl_attempt){
        .doing = "naming",
        .why = "certificates of this shard, if there are any, take no CRL that does not name its URL, and "
               "none is in "
               "the table crl_urls: put it back there, or delete the shard's row from the table crls",
        .blamed = "shard",
        .number = shard};
}

/* Rows are in the order of their URLs: one that is there for several numbers of shards is named once. */
static struct crl_attempt write_point(struct bytes *out, struct arena *arena, const struct urls *urls,
                                      unsigned shard)
{
    struct bytes named[STORE_CRL_URLS_MAX], last = bytes_of(NULL, 0);
    struct crl_attempt attempt = {.doing = "naming", .why = "there is no memory"};
    size_t count = 0;

    for (size_t i = 0; i < urls->count; i++) {
        const struct store_crl_url *row = &urls->rows[i];
        if (row->shards < (int)shard || bytes_equal(row->url, last))
            continue;
        last = row->url;
        if (!shard_url(&named[count++], arena, last, shard))
            return attempt;
    }
    if (count == 0)
        return has_no_url(shard);
    if (crl_write_point(out, arena, named, count))
        attempt.doing = NULL;
    return attempt;
}

static int is_new(const struct crl_scope *scope, struct bytes point)
{
    uint8_t hash[STORE_HASH];

    digest_compute(hash, DIGEST_SHA256, point);
    return memcmp(hash, scope->published_point, sizeof hash) != 0;
}

static int is_due(const struct crl_scope *scope, const struct revoked *list, const struct crl_turn *turn,
                  int may_answer, struct bytes point)
{
    if (turn->now == scope->published_at)
        return 0;
    return crl_is_scheduled(scope, turn) ||
           (may_answer &&
            (scope->head.number != scope->published || crl_is_overtaken(scope) || is_new(scope, point) ||
             list->shards[scope->shard].position > scope->head.position));
}

static struct crl_attempt make_one(struct crl_scope *scope, const struct revoked *list,
                                   const struct crl_turn *turn, struct bytes point)
{
    struct crl_times times;
    struct shelf_crl crl;

    crl_scope_look_at_folder(scope, turn);
    times = crl_next_times(scope, turn);
    crl_begin(&crl, scope, &times, list->position);
    if (!crl_make_shard(&crl.der, turn->ca, list, &times, scope->shard, point))
        return crl_not_signed();
    return crl_scope_store(&scope, &crl, 1, turn);
}

static struct crl_attempt make_if_due(struct crl_scope *scope, const struct urls *urls,
                                      const struct revoked *list, const struct crl_turn *turn, int may_answer,
                                      unsigned *made)
{
    struct crl_attempt attempt = {.doing = "naming", .why = "there is no memory"};
    struct arena *arena = arena_new(POINT_ARENA);
    struct bytes point;

    if (arena != NULL)
        attempt = write_point(&point, arena, urls, scope->shard);
    if (attempt.doing == NULL && is_due(scope, list, turn, may_answer, point)) {
        attempt = make_one(scope, list, turn, point);
        (*made)++;
    }
    arena_free(arena);
    return attempt;
}

static struct crl_attempt make_due(struct crl_shards *shards, const struct urls *urls,
                                   const struct revoked *list, const struct crl_turn *turn, int may_answer,
                                   unsigned *made)
{
    struct crl_attempt attempt = {.doing = NULL};

    for (unsigned i = 0; attempt.doing == NULL && i < shards->count; i++)
        attempt = make_if_due(&shards->of[i], urls, list, turn, may_answer, made);
    return attempt;
}

struct crl_attempt crl_shards_make(struct crl_shards *shards, const struct revoked *list,
                                   const struct crl_turn *turn, int may_answer, unsigned *made)
{
    struct arena *arena = arena_new(ARENA);
    struct crl_attempt attempt = {.doing = "reading",
                                  .why = "the store does not answer, or there is no memory"};
    struct urls urls;

    *made = 0;
    if (arena != NULL && read_urls(&urls, arena, turn)) {
        leave_out(&urls, shards, turn);
        if (crl_shards_grow(shards, most(&urls, turn->shards)))
            attempt = make_due(shards, &urls, list, turn, may_answer, made);
    }
    arena_free(arena);
    return attempt;
}
