/* Removes what retention lets go: a pass over each kind of row of each CA, a piece at a time. */
#include "server/upkeep/purge.h"

#include <stdio.h>
#include <time.h>

enum { DAY = 24 * 3600, DETAIL_MAX = STORE_NAME_MAX + 128, DATE_MAX = 32 };
enum { ARENA = STORE_OLD_MAX * 128 * 1024 }; /* bounds a piece; the largest rows fit */

static const struct kind {
    enum store_kind kind;
    enum store_index index;
    const char *rows, *since;
} kinds[] = {
    {STORE_CERTIFICATES, STORE_OLD_CERTIFICATES, "certificates", "expired"},
    {STORE_TRANSACTIONS, STORE_OLD_TRANSACTIONS, "transactions", "begun"},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* struct piece is what one piece is about. */
struct piece {
    const struct policy *policy;
    struct store *store;
    const struct kind *kind;
    struct bytes issuer;
    int64_t now;
};

/* The profiles, and behind them what the certificates of OCSP responders have in the place of one. */
static size_t group_count(const struct piece *piece)
{
    return policy_config(piece->policy)->profile_count + 1;
}

static int is_of_responders(const struct piece *piece, size_t group)
{
    return group == policy_config(piece->policy)->profile_count;
}

static const char *name_of(const struct piece *piece, size_t group)
{
    return is_of_responders(piece, group) ? POLICY_OCSP_RESPONDER
                                          : policy_config(piece->policy)->profiles[group].name;
}

static uint32_t days_of_profile(const struct piece *piece, size_t profile)
{
    const struct config_retain *retain = &policy_config(piece->policy)->profiles[profile].retain;
    const struct cmp_authority *ca = policy_settings(piece->policy)->profiles[profile]->ca;

    if (!bytes_equal(bytes_of(ca->id, STORE_ISSUER_ID), piece->issuer))
        return 0;
    return piece->kind->kind == STORE_CERTIFICATES ? retain->certificates_days : retain->transactions_days;
}

static uint32_t days_of_responders(const struct piece *piece)
{
    return piece->kind->kind == STORE_CERTIFICATES ? policy_config(piece->policy)->ocsp.retain_responder_days
                                                   : 0;
}

/* Before when a row of the group has to be to go; 0: it stays. */
static int64_t limit_of(const struct piece *piece, size_t group)
{
    uint32_t days =
        is_of_responders(piece, group) ? days_of_responders(piece) : days_of_profile(piece, group);

    return days != 0 ? piece->now - (int64_t)days * DAY : 0;
}

/* The last of the limits of all groups. */
static int64_t limit_of_all(const struct piece *piece)
{
    int64_t last = 0;

    for (size_t i = 0; i < group_count(piece); i++)
        if (limit_of(piece, i) > last)
            last = limit_of(piece, i);
    return last;
}

/* Returns 0 if the store did not answer. That a row is gone or in use by now is no fault: what is left then,
 * the next pass finds. */
static int remove_keys(struct purge *job, const struct piece *piece, size_t group, const struct bytes *keys,
                       size_t count)
{
    const char *name = name_of(piece, group);
    char detail[DETAIL_MAX], date[DATE_MAX];
    time_t before = (time_t)limit_of(piece, group);
    struct tm tm;
    const struct store_removal removal = {piece->kind->kind, keys, count, before};
    struct store_audit audit = {.at = piece->now * 1000,
                                .event = "purge",
                                .outcome = "deleted",
                                .who = bytes_str(job->who != NULL ? job->who : "cmpd")};
    struct store_unit unit = {.issuer = piece->issuer, .removal = &removal, .audit = &audit};

    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&before, &tm));
    snprintf(detail, sizeof detail, "profile=%s %s=%zu %s_before=%s", name, piece->kind->rows, count,
             piece->kind->since, date);
    audit.detail = bytes_str(detail);
    if (!store_commit_wait(piece->store, &unit) || unit.outcome == STORE_UNAVAILABLE ||
        unit.outcome == STORE_UNKNOWN)
        return 0;
    if (unit.outcome == STORE_DONE) {
        *(removal.kind == STORE_CERTIFICATES ? &job->certificates : &job->transactions) += count;
        log_line(LOG_INFO, "purge", log_text("profile", name), log_number(piece->kind->rows, count));
    }
    return 1;
}

/* struct old is what matters here of a certificate or of a transaction. */
struct old {
    struct bytes key;     /* serial, or transactionID */
    struct bytes profile; /* name */
    int64_t at;           /* Unix seconds: notAfter, or when it was begun */
    int awaits;           /* 1: certConf is awaited, it may not be removed */
};

/* Of it a message may come still. */
static int is_awaited(const struct store_tx *tx)
{
    return tx->state == STORE_TX_WAIT_CONFIRM || tx->state == STORE_TX_WAITING;
}

static struct old old_transaction(const struct store_tx *tx)
{
    return (struct old){tx->transaction_id, tx->profile, tx->created_at, is_awaited(tx)};
}

static struct old old_certificate(const struct store_cert *cert)
{
    return (struct old){cert->serial, cert->profile, cert->not_after, cert->status == STORE_CERT_UNCONFIRMED};
}

/* A certificate that was revoked meanwhile may have a transaction that awaits certConf all the same: it would
 * find no certificate. Returns 0 if the store did not answer. */
static int look_at_transactions(struct old *rows, const struct piece *piece, const struct store_cert *certs,
                                size_t n, struct arena *arena)
{
    struct store_fetch fetches[STORE_OLD_MAX];
    struct old *of[STORE_OLD_MAX];
    int64_t limit = limit_of_all(piece);
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        if (rows[i].awaits || rows[i].at >= limit)
            continue;
        of[count] = &rows[i];
        fetches[count++] = (struct store_fetch){.kind = STORE_TRANSACTIONS,
                                                .issuer = piece->issuer,
                                                .key = certs[i].transaction_id,
                                                .arena = arena};
    }
    if (!store_fetch_all_wait(piece->store, fetches, count))
        return 0;
    for (size_t i = 0; i < count; i++) {
        const struct store_tx *tx = fetches[i].rows;
        if (fetches[i].outcome == STORE_FETCH_UNAVAILABLE)
            return 0;
        /* Its transactionID may have begun another since. */
        of[i]->awaits =
            fetches[i].outcome == STORE_FOUND && is_awaited(tx) && bytes_equal(tx->serial, of[i]->key);
    }
    return 1;
}

static int look_at(struct old *out, const struct piece *piece, const struct store_fetch *found,
                   struct arena *arena)
{
    const struct store_cert *certs = found->rows;
    const struct store_tx *txs = found->rows;

    for (size_t i = 0; i < found->count; i++)
        out[i] = found->kind == STORE_TRANSACTIONS ? old_transaction(&txs[i]) : old_certificate(&certs[i]);
    return found->kind == STORE_TRANSACTIONS || look_at_transactions(out, piece, certs, found->count, arena);
}

static int remove_old(struct purge *job, const struct piece *piece, const struct old *rows, size_t n)
{
    struct bytes keys[STORE_OLD_MAX];

    for (size_t group = 0; group < group_count(piece); group++) {
        struct bytes name = bytes_str(name_of(piece, group));
        int64_t limit = limit_of(piece, group);
        size_t count = 0;
        for (size_t i = 0; i < n; i++)
            if (!rows[i].awaits && rows[i].at < limit && bytes_equal(rows[i].profile, name))
                keys[count++] = rows[i].key;
        if (count != 0 && !remove_keys(job, piece, group, keys, count))
            return 0;
    }
    return 1;
}

static void next_step(struct purge *job)
{
    job->step++;
    job->after_len = 0;
}

static enum purge_end do_piece(struct purge *job, const struct piece *piece, struct arena *arena)
{
    struct store_fetch fetch = {.kind = piece->kind->kind,
                                .index = piece->kind->index,
                                .issuer = piece->issuer,
                                .key = bytes_of(job->after, job->after_len),
                                .before = limit_of_all(piece),
                                .arena = arena};
    struct old rows[STORE_OLD_MAX];
    size_t count;

    if (!store_fetch_wait(piece->store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE)
        return PURGE_UNAVAILABLE;
    count = fetch.outcome == STORE_FOUND ? fetch.count : 0;
    if (count != 0 && (!look_at(rows, piece, &fetch, arena) || !remove_old(job, piece, rows, count)))
        return PURGE_UNAVAILABLE;
    if (count == STORE_OLD_MAX && rows[count - 1].key.len <= sizeof job->after) {
        struct bytes last = rows[count - 1].key;
        memcpy(job->after, last.data, last.len);
        job->after_len = last.len;
    } else {
        next_step(job);
    }
    return PURGE_MORE;
}

enum purge_end purge_piece(struct purge *job, const struct policy *policy, struct store *store, int64_t now)
{
    const struct config *config = policy_config(policy);
    struct piece piece = {.policy = policy, .store = store, .now = now};
    enum purge_end end;

    for (; job->step < KINDS * config->ca_count; next_step(job)) {
        const struct cmp_authority *ca = policy_authority(policy, config->cas[job->step / KINDS].name);
        struct arena *arena;
        piece.kind = &kinds[job->step % KINDS];
        piece.issuer = bytes_of(ca->id, STORE_ISSUER_ID);
        if (limit_of_all(&piece) <= 0)
            continue;
        arena = arena_new(ARENA);
        end = arena != NULL ? do_piece(job, &piece, arena) : PURGE_UNAVAILABLE;
        arena_free(arena);
        return end;
    }
    return PURGE_OVER;
}

static void begin_pass(struct purge *job, int64_t now)
{
    *job = (struct purge){.who = job->who, .began = now};
}

/* Returns 1 if the next piece is likely to have something to remove, too. */
static int do_one(struct purge *job, const struct policy *policy, struct store *store, int64_t now)
{
    uint64_t before = job->certificates + job->transactions;
    size_t step = job->step;
    enum purge_end end = purge_piece(job, policy, store, now);

    job->is_over = end == PURGE_OVER;
    return end == PURGE_MORE && job->step == step && job->certificates + job->transactions != before;
}

void purge_run(struct purge *job, const struct policy *policy, struct store *store, int64_t now)
{
    if (job->began == 0 || now < job->did || (job->is_over && now - job->began >= BOUND_PURGE_PASS))
        begin_pass(job, now);
    if (job->is_over || (job->did != 0 && !job->is_busy && now - job->did < BOUND_PURGE_EVERY))
        return;
    job->did = now;
    job->is_busy = 1;
    for (int i = 0; job->is_busy && i < BOUND_PURGE_PIECES; i++)
        job->is_busy = do_one(job, policy, store, now);
}

static int run_job(void *state, const struct upkeep_turn *turn)
{
    purge_run(state, turn->policy, turn->store, turn->now_ms / 1000);
    return 1;
}

static void resume_job(void *state)
{
    *(struct purge *)state = (struct purge){0};
}

const struct upkeep_job purge_job = {
    .name = "purge",
    .every = 1,
    .strand = UPKEEP_LONG,
    .in_service = 1,
    .size = sizeof(struct purge),
    .run = run_job,
    .resume = resume_job,
};
