/* issuer.c: one CA: what is published, when the next CRLs are made, and whether one is late. */
#include "server/crl/issuer.h"

#include <stdio.h>
#include <string.h>

#include "server/base/bounds.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/crl/certificate.h"

enum {
    HOUR = 3600,
    TELL_EVERY = 300,
    RETRY_MS = 5000,
    PAUSES = 10, /* times what the last one took, between two that are made for revocations */
    PAGES_A_LOOK = 1024
};

void crl_issuer_begin(struct crl_issuer *issuer, const struct cmp_authority *ca)
{
    *issuer = (struct crl_issuer){.has_list = 0};
    memcpy(issuer->id, ca->id, sizeof issuer->id);
    snprintf(issuer->name, sizeof issuer->name, "%s", ca->name);
    crl_scope_full(&issuer->complete.full);
    crl_scope_delta(&issuer->complete.delta);
}

void crl_issuer_forget(struct crl_issuer *issuer)
{
    revoked_free(&issuer->list);
    issuer->has_list = 0;
}

void crl_issuer_end(struct crl_issuer *issuer)
{
    crl_issuer_forget(issuer);
    crl_shards_free(&issuer->shards);
}

void crl_issuer_withdraw(const struct crl_issuer *issuer, struct publication *publication)
{
    crl_certificate_withdraw(issuer->name, publication);
    crl_scope_withdraw(&issuer->complete.full, issuer->name, publication);
    crl_scope_withdraw(&issuer->complete.delta, issuer->name, publication);
    for (unsigned i = 0; i < issuer->shards.count; i++)
        crl_scope_withdraw(&issuer->shards.of[i], issuer->name, publication);
}

/* Said once, until it works again. A field without a key ends the line. Returns 1 if nothing has failed. */
static int note(struct crl_issuer *issuer, const struct crl_turn *turn, struct crl_attempt attempt)
{
    if (attempt.doing != NULL && !issuer->failing)
        log_line(LOG_ERROR, "no CRL", log_word("ca", turn->ca->name), log_text("doing", attempt.doing),
                 log_text("reason", attempt.why), log_number(attempt.blamed, attempt.number));
    if (attempt.doing != NULL)
        issuer->failing = 1;
    return attempt.doing == NULL;
}

/* ---- what the store has ---- */

static struct bytes id_of(const struct crl_issuer *issuer)
{
    return bytes_of(issuer->id, sizeof issuer->id);
}

/* NULL: it is none that is known here, or there is no memory for it. */
static struct crl_scope *scope_called(struct crl_issuer *issuer, struct bytes name)
{
    unsigned shard;

    if (bytes_equal(name, bytes_str(STORE_SCOPE_FULL)))
        return &issuer->complete.full;
    if (bytes_equal(name, bytes_str(STORE_SCOPE_DELTA)))
        return &issuer->complete.delta;
    shard = crl_scope_number_of(name);
    return shard != 0 && crl_shards_grow(&issuer->shards, shard) ? &issuer->shards.of[shard - 1] : NULL;
}

static void forget_heads(struct crl_issuer *issuer)
{
    crl_scope_set_head(&issuer->complete.full, NULL);
    crl_scope_set_head(&issuer->complete.delta, NULL);
    for (unsigned i = 0; i < issuer->shards.count; i++)
        crl_scope_set_head(&issuer->shards.of[i], NULL);
}

static int read_heads(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    struct arena *arena = arena_new(SHELF_ARENA);
    const struct store_crl *heads = NULL;
    size_t count = 0;
    int ok = arena != NULL && shelf_look(&heads, &count, arena, turn->store, id_of(issuer)) == SHELF_DONE;

    if (ok)
        forget_heads(issuer);
    for (size_t i = 0; i < count; i++) {
        struct crl_scope *scope = scope_called(issuer, heads[i].scope);
        if (scope != NULL)
            crl_scope_set_head(scope, &heads[i]);
    }
    arena_free(arena);
    return ok;
}

/* Returns 0 if the store does not say what there is, or this node has no memory for it. One that cannot be
 * published keeps no other from it. */
static int take_one(struct crl_issuer *issuer, struct crl_scope *scope, const struct crl_turn *turn,
                    int *well)
{
    struct crl_attempt attempt = crl_scope_take(scope, turn);

    *well = note(issuer, turn, attempt) && *well;
    return !attempt.is_unavailable;
}

static int take_newest(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    int64_t before = issuer->complete.full.published + issuer->complete.delta.published;
    int well = 1;
    int ok = take_one(issuer, &issuer->complete.full, turn, &well) &&
             take_one(issuer, &issuer->complete.delta, turn, &well);

    for (unsigned i = 0; ok && i < issuer->shards.count; i++)
        ok = take_one(issuer, &issuer->shards.of[i], turn, &well);
    if (ok && well && issuer->complete.full.published + issuer->complete.delta.published != before)
        issuer->failing = 0;
    return ok;
}

/* ---- made ---- */

/* By the clock that nobody sets: who sets the other one forward gets no CRL for each second of it. What takes
 * long is made less often: else a station that revokes itself again and again would keep every node busy with
 * a long list. */
static int may_answer(const struct crl_issuer *issuer, const struct crl_turn *turn)
{
    int64_t pause = 1000 * (int64_t)turn->config->after_revocation_seconds;

    if (pause < PAUSES * issuer->took_ms)
        pause = PAUSES * issuer->took_ms;
    return issuer->made_ms == 0 || turn->now_ms - issuer->made_ms >= pause;
}

/* Each attempt costs as much as the list is long. */
static int is_pausing(const struct crl_issuer *issuer, const struct crl_turn *turn)
{
    return turn->config->every_hours == 0 ||
           (issuer->failing && issuer->made_ms != 0 && turn->now_ms - issuer->made_ms < RETRY_MS);
}

static void make_due(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    int64_t begun_ms = clock_steady_ms();
    int may = may_answer(issuer, turn), well = 1;
    unsigned made = 0;
    int complete = crl_complete_is_due(&issuer->complete, &issuer->list, turn, may);

    if (complete)
        well = note(issuer, turn, crl_complete_make(&issuer->complete, &issuer->list, turn));
    well = note(issuer, turn, crl_shards_make(&issuer->shards, &issuer->list, turn, may, &made)) && well;
    if (well && (complete || made != 0))
        issuer->failing = 0;
    if (!well || complete || made != 0) {
        issuer->made_ms = turn->now_ms;
        issuer->took_ms = clock_steady_ms() - begun_ms;
    }
}

/* A store that was restored knows less than who has fetched (RFC 5280 5.2.3). Each one that is made is above
 * the folder's, too: else none would be written there any more. */
static void look_at_folder(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    crl_scope_look_at_folder(&issuer->complete.full, turn);
    crl_scope_look_at_folder(&issuer->complete.delta, turn);
    for (unsigned i = 0; i < issuer->shards.count; i++)
        crl_scope_look_at_folder(&issuer->shards.of[i], turn);
}

/* What cannot be listed stops all: it may be that a certificate is revoked and in no CRL. */
static struct crl_attempt not_read(const struct revoked *list)
{
    struct crl_attempt attempt = {
        .doing = "reading", .why = "the store does not say what is revoked, or there is no memory for it"};

    if (list->unlisted == 0)
        return attempt;
    attempt.why = "a row of the table revocations has a serial or a shard that no certificate has: give it "
                  "those of its row in certificates, or restore the store (see cmpctl db check)";
    attempt.blamed = "position";
    attempt.number = list->unlisted;
    return attempt;
}

/* Returns 1 if all of the list is there. What would take longer than the lease lasts is read at several
 * looks. */
static int has_list(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    if (!issuer->has_list) {
        revoked_keep_since(&issuer->list, crl_complete_since(&issuer->complete));
        look_at_folder(issuer, turn);
    }
    issuer->has_list = 1;
    crl_scope_look_at_directory(&issuer->complete.full, turn);
    crl_scope_look_at_directory(&issuer->complete.delta, turn);
    if (!revoked_read(&issuer->list, turn->store, id_of(issuer), PAGES_A_LOOK)) {
        note(issuer, turn, not_read(&issuer->list));
        return 0;
    }
    return !issuer->list.is_behind;
}

/* ---- ended ---- */

static int has_ended(const struct certificate *cert, const struct crl_turn *turn)
{
    return turn->now > cert->not_after;
}

/* Who leads says it once. */
static int may_make(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    int is_ca = has_ended(&turn->ca->cert, turn);
    int ended = is_ca || has_ended(&turn->ca->crl_cert, turn);

    if (ended && !issuer->told_ended && turn->config->every_hours != 0)
        log_line(LOG_ERROR, "no more CRLs", log_word("ca", turn->ca->name),
                 log_text("reason", is_ca ? "the CA's certificate has ended"
                                          : "the certificate that signs its CRLs has ended"),
                 log_text("text", "nobody would take a new one; the last one stays published"));
    issuer->told_ended = ended;
    return !ended;
}

/* ---- late ---- */

static void sooner(int64_t *until, const struct crl_scope *scope)
{
    int64_t ends = scope->published != 0 ? scope->published_until : scope->head.next_update;

    if (ends != 0 && (*until == 0 || ends < *until))
        *until = ends;
}

int64_t crl_issuer_until(const struct crl_issuer *issuer)
{
    int64_t until = 0;

    sooner(&until, &issuer->complete.full);
    sooner(&until, &issuer->complete.delta);
    for (unsigned i = 0; i < issuer->shards.count; i++)
        sooner(&until, &issuer->shards.of[i]);
    return until;
}

/* The next one is late when half of the time has gone that lies between when it is made and when the last one
 * ends. */
static void tell_if_late(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    int64_t margin = HOUR * ((int64_t)turn->config->validity_hours - turn->config->every_hours) / 2;
    int64_t until = crl_issuer_until(issuer);
    int64_t left = until - turn->now;

    /* A CA that has ended needs none, and its end is told. Where only the signer of its CRLs has ended, its
     * certificates go on, and their readers wait for the next one. */
    if (until == 0 || left > margin || turn->config->every_hours == 0 || has_ended(&turn->ca->cert, turn)) {
        issuer->told_late = 0;
        return;
    }
    if (issuer->told_late != 0 && turn->now - issuer->told_late < TELL_EVERY)
        return;
    issuer->told_late = turn->now;
    log_line(LOG_ERROR, "CRL is late", log_word("ca", turn->ca->name), log_number("seconds_left", left),
             log_text("text", "no node has made a new one: see what they log of it; when this one has ended, "
                              "whoever checks it refuses every certificate"));
}

void crl_issuer_look(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    if (read_heads(issuer, turn) && take_newest(issuer, turn) && turn->lease != NULL &&
        may_make(issuer, turn) && has_list(issuer, turn) && !is_pausing(issuer, turn))
        make_due(issuer, turn);
    tell_if_late(issuer, turn);
}
