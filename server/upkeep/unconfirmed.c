/* Ends transactions whose certConf is overdue, the longest overdue first, a bounded number at a time. */
#include "server/upkeep/unconfirmed.h"

#include "server/base/bounds.h"
#include "server/cmp/approval.h"
#include "storage/row.h"

enum { MINUTE = 60, REASON_UNSPECIFIED = 0, REASON_HOLD = 6 };

struct action {
    const char *text, *audit;
    enum store_cert_status status;
    int reason;
};

static const struct action actions[] = {
    [CONFIG_UNCONFIRMED_REVOKE] = {"revoked", "no certConf came in time: revoked", STORE_CERT_REVOKED,
                                   REASON_UNSPECIFIED},
    [CONFIG_UNCONFIRMED_KEEP] = {"kept", "no certConf came in time: kept", STORE_CERT_VALID, 0},
    [CONFIG_UNCONFIRMED_HOLD] = {"held", "no certConf came in time: held", STORE_CERT_HOLD, REASON_HOLD},
};

/* Somebody has revoked, held or released the certificate in the meantime: that is no business of ours. */
static const struct action left = {"left", "no certConf came in time: left as it was", STORE_CERT_UNCONFIRMED,
                                   0};
/* It is not in the store any more. Its transaction ends all the same: it would be found again for ever. */
static const struct action missing = {
    "missing", "no certConf came in time: its certificate is not in the store", STORE_CERT_UNCONFIRMED, 0};

/* What became of a transaction. */
enum ending {
    ENDING_LATER,   /* the store did not take it */
    ENDING_FOREIGN, /* the certConf came after all, or another node was faster */
    ENDING_LEFT,    /* it is ended, and its certificate as it was */
    ENDING_DONE,    /* it is ended as its profile says */
};

static enum config_unconfirmed action_of(const struct policy *policy, struct bytes profile)
{
    const struct cmp_settings *settings = policy_settings(policy);

    for (size_t i = 0; i < settings->profile_count; i++)
        if (bytes_equal(bytes_str(settings->profiles[i]->config->name), profile))
            return settings->profiles[i]->config->confirm.unconfirmed;
    return CONFIG_UNCONFIRMED_REVOKE;
}

/* Returns 0 when the limit of the minute is reached. */
static int may_stop_another(struct unconfirmed *job, const struct policy *policy, int64_t now)
{
    unsigned max = policy_config(policy)->confirm_revoke_max;

    if (now - job->minute_begin >= MINUTE || now < job->minute_begin) {
        job->minute_begin = now;
        job->count = 0;
    }
    if (job->count < max) {
        job->count++;
        return 1;
    }
    job->stopped = 1;
    log_line(LOG_ERROR, "unconfirmed certificates are left alone", log_number("confirm_revoke_max", max),
             log_text("text", "more than that would be revoked in a minute: find out why no certConf comes, "
                              "then send SIGHUP to go on"));
    return 0;
}

static void log_end(const struct store_tx *tx, const struct action *action)
{
    log_line(action == &missing ? LOG_ERROR : LOG_WARN, "certificate not confirmed",
             log_hexadecimal("serial", tx->serial), log_octets("profile", tx->profile),
             log_word("action", action->text));
}

/* What |tx| was to update is without a successor again: it is what the station has, and may become overdue.
 * Returns 1 with |*out|, or 0 if there is no such certificate. */
static int find_updated(struct store_cert_change *out, struct store *store, struct bytes issuer,
                        const struct store_tx *tx, int64_t now, struct arena *arena)
{
    struct store_fetch fetch = {
        .kind = STORE_CERTIFICATES, .issuer = issuer, .key = tx->signer_serial, .arena = arena};
    const struct store_cert *cert;

    if (tx->signer_serial.len == 0 || !store_fetch_wait(store, &fetch) || fetch.outcome != STORE_FOUND)
        return 0;
    cert = fetch.rows;
    if (cert->status != STORE_CERT_VALID || !bytes_equal(cert->successor, tx->serial))
        return 0;
    *out = (struct store_cert_change){.serial = cert->serial,
                                      .only_from = STORE_CERT_VALID,
                                      .status = STORE_CERT_VALID,
                                      .at = now,
                                      .successor = cert->serial,
                                      .former = &tx->serial};
    return 1;
}

/* With an action that leaves it unconfirmed the change is none; what is recorded has its serial from there.
 */
static struct store_unit try_to_end(struct store *store, struct bytes issuer, const struct store_tx *tx,
                                    const struct action *action, int64_t now, struct arena *arena)
{
    struct store_tx after = *tx;
    struct store_cert_change updated;
    int is_void = action->status == STORE_CERT_REVOKED || action->status == STORE_CERT_HOLD;
    const struct store_cert_change change = {
        .serial = tx->serial,
        .only_from = STORE_CERT_UNCONFIRMED,
        .required = action->status != STORE_CERT_UNCONFIRMED,
        .status = action->status,
        .reason = action->reason,
        .at = now,
        .next = is_void && find_updated(&updated, store, issuer, tx, now, arena) ? &updated : NULL};
    const struct store_audit audit = {.at = now * 1000,
                                      .event = "unconfirmed",
                                      .outcome = action->text,
                                      .who = bytes_str("cmpd"),
                                      .detail = bytes_str(action->audit)};
    struct store_unit unit = {.issuer = issuer,
                              .arena = arena,
                              .tx_id = tx->transaction_id,
                              .expect_state = STORE_TX_WAIT_CONFIRM,
                              .change = action == &missing ? NULL : &change,
                              .audit = &audit};

    store_unit_write(&unit, STORE_UPDATE, STORE_TRANSACTIONS, &after);
    after.state = STORE_TX_ENDED;
    after.deadline = 0;
    if (!store_commit_wait(store, &unit))
        unit.outcome = STORE_UNAVAILABLE;
    return (struct store_unit){.outcome = unit.outcome, .conflict = unit.conflict};
}

/* Why the certificate is not unconfirmed. NULL: the store does not say. */
static const struct action *found_otherwise(struct store *store, struct bytes issuer, struct bytes serial,
                                            struct arena *arena)
{
    struct store_fetch fetch = {.kind = STORE_CERTIFICATES, .issuer = issuer, .key = serial, .arena = arena};

    if (!store_fetch_wait(store, &fetch))
        return NULL;
    return fetch.outcome == STORE_FOUND ? &left : fetch.outcome == STORE_ABSENT ? &missing : NULL;
}

/* It was not granted in time: it goes, and its station is told when it polls. */
static enum ending end_waiting(struct store *store, struct bytes issuer, const struct store_tx *tx,
                               const struct cmp_settings *settings, int64_t now, struct arena *arena)
{
    struct store_tx after = *tx;
    struct cmp_forgotten forgotten;
    const struct store_audit audit = {.at = now * 1000,
                                      .event = "approval",
                                      .outcome = "expired",
                                      .who = bytes_str("cmpd"),
                                      .detail = bytes_str("the time of the request is over")};
    struct store_unit unit = {.issuer = issuer,
                              .arena = arena,
                              .tx_id = tx->transaction_id,
                              .expect_state = STORE_TX_WAITING,
                              .audit = &audit};

    after.state = STORE_TX_ENDED;
    after.deadline = 0;
    store_unit_write(&unit, STORE_UPDATE, STORE_TRANSACTIONS, &after);
    cmp_forget_request(&unit, &forgotten, settings, tx->request_hash);
    if (!store_commit_wait(store, &unit) || (unit.outcome != STORE_DONE && unit.outcome != STORE_CONFLICT))
        return ENDING_LATER;
    if (unit.outcome == STORE_CONFLICT)
        return ENDING_FOREIGN;
    log_line(LOG_WARN, "time of a request is over",
             log_hexadecimal("request", cmp_request_id(tx->request_hash)),
             log_octets("profile", tx->profile));
    return ENDING_LEFT;
}

/* Of several certificates each has a row of its own: that of the whole ends with them. */
static enum ending end_whole(struct store *store, struct bytes issuer, const struct store_tx *tx,
                             struct arena *arena)
{
    struct store_tx after = *tx;
    struct store_unit unit = {
        .issuer = issuer, .arena = arena, .tx_id = tx->transaction_id, .expect_state = STORE_TX_WAIT_CONFIRM};

    after.state = STORE_TX_ENDED;
    after.deadline = 0;
    store_unit_write(&unit, STORE_UPDATE, STORE_TRANSACTIONS, &after);
    if (!store_commit_wait(store, &unit) || (unit.outcome != STORE_DONE && unit.outcome != STORE_CONFLICT))
        return ENDING_LATER;
    return unit.outcome == STORE_DONE ? ENDING_LEFT : ENDING_FOREIGN;
}

static enum ending end_transaction(struct store *store, struct bytes issuer, const struct store_tx *tx,
                                   const struct action *action, int64_t now, struct arena *arena)
{
    struct store_unit unit = try_to_end(store, issuer, tx, action, now, arena);

    /* What is recorded must be what was done. */
    if (unit.outcome == STORE_CONFLICT && unit.conflict == STORE_PRE_CERT) {
        action = found_otherwise(store, issuer, tx->serial, arena);
        if (action == NULL)
            return ENDING_LATER;
        unit = try_to_end(store, issuer, tx, action, now, arena);
    }
    if (unit.outcome == STORE_CONFLICT)
        return ENDING_FOREIGN;
    if (unit.outcome != STORE_DONE)
        return ENDING_LATER;
    log_end(tx, action);
    return action->status == STORE_CERT_UNCONFIRMED ? ENDING_LEFT : ENDING_DONE;
}

/* Returns 0 when there is nothing more to do now. */
static int end_next(struct unconfirmed *job, const struct policy *policy, struct store *store,
                    const struct cmp_authority *ca, int64_t now, struct arena *arena, unsigned *count)
{
    struct store_fetch fetch = {.kind = STORE_TRANSACTIONS,
                                .index = STORE_OVERDUE,
                                .issuer = bytes_of(ca->id, STORE_ISSUER_ID),
                                .before = now,
                                .arena = arena};
    const struct store_tx *tx;
    enum config_unconfirmed action;
    enum ending ending;

    if (!store_fetch_wait(store, &fetch) || fetch.outcome != STORE_FOUND)
        return 0;
    tx = fetch.rows;
    if (tx->state == STORE_TX_WAITING) {
        ending = end_waiting(store, fetch.issuer, tx, policy_settings(policy), now, arena);
        *count += ending == ENDING_LEFT;
        return ending != ENDING_LATER;
    }
    if (store_tx_has_parts(tx)) {
        ending = end_whole(store, fetch.issuer, tx, arena);
        *count += ending == ENDING_LEFT;
        return ending != ENDING_LATER;
    }
    action = action_of(policy, tx->profile);
    if (action != CONFIG_UNCONFIRMED_KEEP && !may_stop_another(job, policy, now))
        return 0;
    ending = end_transaction(store, fetch.issuer, tx, &actions[action], now, arena);
    *count += ending == ENDING_LEFT || ending == ENDING_DONE;
    if (ending != ENDING_DONE && action != CONFIG_UNCONFIRMED_KEEP)
        job->count--; /* nothing was revoked */
    return ending != ENDING_LATER;
}

unsigned unconfirmed_run(struct unconfirmed *job, const struct policy *policy, struct store *store,
                         int64_t now)
{
    const struct cmp_settings *settings = policy_settings(policy);
    unsigned count = 0;

    for (size_t i = 0; i < settings->profile_count; i++) {
        /* CAs that several profiles share are looked at again, and found done. */
        for (int more = 1; more && !job->stopped && count < BOUND_UNCONFIRMED;) {
            struct arena *arena = arena_new(BOUND_JOB_ARENA);
            more =
                arena != NULL && end_next(job, policy, store, settings->profiles[i]->ca, now, arena, &count);
            arena_free(arena);
        }
    }
    return count;
}

static int run_job(void *state, const struct upkeep_turn *turn)
{
    unconfirmed_run(state, turn->policy, turn->store, turn->now_ms / 1000);
    return 1;
}

static void resume_job(void *state)
{
    *(struct unconfirmed *)state = (struct unconfirmed){0};
}

static int has_alarm(const void *state)
{
    return ((const struct unconfirmed *)state)->stopped;
}

const struct upkeep_job unconfirmed_job = {
    .name = "unconfirmed",
    .every = 1,
    .strand = UPKEEP_LONG,
    .in_service = 1,
    .size = sizeof(struct unconfirmed),
    .run = run_job,
    .resume = resume_job,
    .alarm = has_alarm,
};
