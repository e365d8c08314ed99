/* renewal.c: see renewal.h. */
#include "server/upkeep/renewal.h"

#include <stdio.h>
#include <string.h>

#include "crypto/lint.h"
#include "crypto/name.h"
#include "crypto/random.h"
#include "server/base/bounds.h"
#include "server/base/log.h"
#include "server/policy/expiry.h"
#include "server/policy/own_key.h"

enum { ARENA = 1024 * 1024, LIFE_PARTS = 3, BACKDATE_PARTS = 8 };

static const char lease_name[] = "renewal";

/* ---- one of them ---- */

/* struct making is a certificate that is being renewed. */
struct making {
    char *why;
    struct renewal_call call;
    struct arena *arena;
    int64_t not_before, not_after;
    uint8_t serial[STORE_SERIAL];
    struct bytes key, present_key; /* boxes of its key, and of the present one's; empty: the file's */
    struct bytes spki;             /* of a new key; empty: it is the present one */
    struct bytes certificate;      /* DER */
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* As long as it was; it begins a little earlier, for clocks that are late, but after the present one: so it
 * ends later, also if that is new. */
static void choose_times(struct making *making)
{
    const struct certificate *cert = making->call.item->cert, *ca = &making->call.item->ca->cert;
    int64_t life = cert->not_after - cert->not_before;

    making->not_before = making->call.now - least(BOUND_RENEWAL_BACKDATE, life / BACKDATE_PARTS);
    if (making->not_before <= cert->not_before && making->call.now > cert->not_before)
        making->not_before = cert->not_before + 1;
    if (making->not_before < ca->not_before)
        making->not_before = ca->not_before;
    making->not_after = least(making->not_before + life, ca->not_after);
    if (making->call.item->ca->chain_not_after != 0)
        making->not_after = least(making->not_after, making->call.item->ca->chain_not_after);
}

/* With its key, it has to end later to be of any use; with a new one it must not end sooner, or nobody would
 * take it up (policy_precedes). */
static int is_of_use(const struct making *making)
{
    const struct certificate *cert = making->call.item->cert;

    return making->not_after > cert->not_after ||
           (making->call.new_key && making->not_after == cert->not_after &&
            making->not_before > cert->not_before);
}

int renewal_is_due(const struct policy_renewable *item, int64_t now)
{
    const struct certificate *cert = item->cert;
    struct making making = {.call = {.item = item, .now = now}};

    choose_times(&making);
    return item->why_not == NULL &&
           now >= cert->not_after - (cert->not_after - cert->not_before) / LIFE_PARTS &&
           now <= item->ca->cert.not_after && making.not_after > cert->not_after;
}

static enum renewal_outcome end(const struct making *making, enum renewal_outcome outcome, const char *why)
{
    snprintf(making->why, RENEWAL_WHY_MAX, "%s", why);
    return outcome;
}

static enum store_outcome ask_for_lease(const struct making *making, int gives_up)
{
    const struct store_lease lease = {lease_name, bytes_of(making->call.holder, RENEWAL_HOLDER),
                                      gives_up ? -1 : BOUND_RENEWAL_LEASE, 0};
    struct store_unit unit = {.lease = &lease};

    return store_commit_wait(making->call.store, &unit) ? unit.outcome : STORE_UNAVAILABLE;
}

/* Fetches the row of |kind| with |key| into |*row|, NULL if there is none. Returns 0 if the store does not
 * answer. */
static int fetch(const void **row, const struct making *making, enum store_kind kind, struct bytes key)
{
    struct store_fetch item = {.kind = kind,
                               .issuer = bytes_of(making->call.item->ca->id, STORE_ISSUER_ID),
                               .key = key,
                               .arena = making->arena};

    if (!store_fetch_wait(making->call.store, &item) || item.outcome == STORE_FETCH_UNAVAILABLE)
        return 0;
    *row = item.outcome == STORE_FOUND ? item.rows : NULL;
    return 1;
}

/* The box of the present key goes on with what is renewed. */
static int take_present_key(struct making *making, const struct store_renewal *row,
                            const struct certificate *newest)
{
    const struct policy_renewable *item = making->call.item;

    if (policy_is_files_key(item))
        return 1;
    if (row == NULL || !bytes_equal(newest->spki, item->cert->spki))
        return 0;
    making->present_key = making->key = row->key;
    return 1;
}

/* Whether the store has the certificate with |serial|, and as one that is no good any more. Returns 0 if the
 * store does not answer. */
static int fetch_stopped(int *is_there, int *is_stopped, const struct making *making, struct bytes serial)
{
    const struct store_cert *stored;
    const void *row = NULL;

    if (serial.len == STORE_SERIAL && !fetch(&row, making, STORE_CERTIFICATES, serial))
        return 0;
    stored = row;
    *is_there = stored != NULL;
    *is_stopped = stored != NULL && stored->status != STORE_CERT_VALID;
    return 1;
}

/* A row has one former key. Until the newest is in use on all nodes no other takes its place; what then is
 * still open of before that is answered under the next former one. */
static enum renewal_outcome check_settled(const struct making *making, const struct store_renewal *newest,
                                          const struct certificate *cert)
{
    int64_t left = policy_renewal_since(newest, cert) - making->call.now;

    if (left <= 0 || (!making->call.new_key && bytes_equal(newest->key, newest->former_key)))
        return RENEWAL_DONE;
    snprintf(making->why, RENEWAL_WHY_MAX, "the last renewal is not in use yet: try again in %lld seconds",
             (long long)left);
    return RENEWAL_BUSY;
}

/* Another node may have been faster. What was revoked is renewed with another key only. */
static enum renewal_outcome check_store(struct making *making)
{
    const struct policy_renewable *item = making->call.item;
    const struct store_renewal *newest;
    int is_there, is_stopped, newest_is_there = 0, newest_is_stopped = 0;
    struct certificate other;
    const void *row;

    if (!fetch(&row, making, STORE_RENEWALS, bytes_of(item->key, sizeof item->key)))
        return end(making, RENEWAL_LATER, "the store does not answer");
    newest = row;
    if (newest != NULL && !policy_renewal_holds(&other, newest, item->ca, item->cert, making->call.now))
        newest = NULL;
    if (!fetch_stopped(&is_there, &is_stopped, making, item->cert->serial) ||
        (newest != NULL && !fetch_stopped(&newest_is_there, &newest_is_stopped, making, other.serial)))
        return end(making, RENEWAL_LATER, "the store does not answer");
    /* Nodes take up nothing that was not issued (policy_renewals_read). */
    if (!newest_is_there)
        newest = NULL;
    if (newest != NULL && !newest_is_stopped && policy_precedes(&other, item->cert))
        return end(making, RENEWAL_KNOWN, "the store has a newer one already");
    if (!take_present_key(making, newest, &other))
        return end(making, RENEWAL_LATER, "the store has not its key any more");
    if ((is_stopped || newest_is_stopped) && !making->call.new_key)
        return end(making, RENEWAL_REFUSED, "it was revoked: renew it with --new-key");
    return newest != NULL && !newest_is_stopped ? check_settled(making, newest, &other) : RENEWAL_DONE;
}

static enum renewal_outcome sign(struct making *making, struct bytes tbs)
{
    const struct cmp_authority *ca = making->call.item->ca;
    const struct signature_algorithm *algorithm = making->call.item->cert->algorithm;
    struct signing item = {.algorithm = algorithm,
                           .key = ca->key,
                           .message = tbs,
                           .signature = arena_alloc(making->arena, private_key_signature_max(ca->key))};
    struct signing *items[] = {&item};

    if (item.signature == NULL)
        return end(making, RENEWAL_LATER, "there is no memory");
    sign_batch(items, 1);
    if (item.signature_len == 0)
        return end(making, RENEWAL_LATER, "the CA's key did not sign");
    if (!certificate_assemble(&making->certificate, making->arena, tbs, algorithm,
                              bytes_of(item.signature, item.signature_len)))
        return end(making, RENEWAL_LATER, "there is no memory");
    return RENEWAL_DONE;
}

static enum renewal_outcome issue(struct making *making)
{
    struct certificate_tbs old;
    struct bytes tbs;
    uint64_t broken;

    if (!certificate_read_tbs(&old, making->call.item->cert->tbs))
        return end(making, RENEWAL_REFUSED, "it has no version: make another by hand");
    if (making->spki.len != 0 && !certificate_rekey(&old, making->arena, making->spki))
        return end(making, RENEWAL_REFUSED, "its extensions are malformed: make another by hand");
    policy_new_serial(making->serial, making->call.now);
    if (!certificate_reissue(&tbs, making->arena, &old, bytes_of(making->serial, STORE_SERIAL),
                             making->not_before, making->not_after))
        return end(making, RENEWAL_LATER, "there is no memory");
    broken = certificate_lint(making->arena, tbs, LINT_ALL);
    if (broken != 0) {
        const char *text = lint_text(making->arena, broken);
        snprintf(making->why, RENEWAL_WHY_MAX,
                 "a certificate like the present one would break %s: make another by hand",
                 text != NULL ? text : "RFC 5280");
        return RENEWAL_REFUSED;
    }
    return sign(making, tbs);
}

/* It takes over when all nodes know it, or after half of the time that the present one has left, whichever is
 * sooner: what began under the present one has the other half. At once, if that has ended. */
static int64_t since(const struct making *making)
{
    int64_t left = making->call.item->cert->not_after - making->call.now;

    return making->call.now + (left < 0 ? 0 : least(BOUND_RENEWAL_SETTLES, left / 2));
}

static enum renewal_outcome keep(const struct making *making)
{
    const struct policy_renewable *item = making->call.item;
    char text[NAME_TEXT_MAX], detail[256];
    uint8_t spki_hash[DIGEST_MAX];
    const struct bytes hash =
        bytes_of(spki_hash, digest_compute(spki_hash, DIGEST_SHA256,
                                           making->spki.len != 0 ? making->spki : item->cert->spki));
    const struct store_cert row = {.serial = bytes_of(making->serial, STORE_SERIAL),
                                   .status = STORE_CERT_VALID,
                                   .issued_at = making->call.now,
                                   .not_before = making->not_before,
                                   .not_after = making->not_after,
                                   .subject = item->cert->subject,
                                   .subject_text =
                                       bytes_str(name_text(text, sizeof text, item->cert->subject)),
                                   .spki_hash = hash,
                                   .profile = bytes_str(POLICY_OWN),
                                   .certificate = making->certificate};
    const struct store_renewal renewal = {.renewal = bytes_of(item->key, sizeof item->key),
                                          .at = making->call.now,
                                          .since = since(making),
                                          .former = item->cert->der,
                                          .certificate = making->certificate,
                                          .key = making->key,
                                          .former_key = making->present_key};
    const struct store_lease lease = {lease_name, bytes_of(making->call.holder, RENEWAL_HOLDER), 0, 0};
    struct store_audit audit = {.at = making->call.now * 1000,
                                .event = "renew",
                                .outcome = "granted",
                                .who = bytes_str(making->call.who)};
    struct store_unit unit = {.issuer = bytes_of(item->ca->id, STORE_ISSUER_ID),
                              .arena = making->arena,
                              .key_unblocked = hash,
                              .lease = &lease,
                              .audit = &audit};
    int len = snprintf(detail, sizeof detail, "%s of %s%s serial=", item->setting, item->ca->name,
                       making->call.new_key ? " key=new" : "");

    for (size_t i = 0; i < STORE_SERIAL && (size_t)len + 2 < sizeof detail; i++)
        len += snprintf(detail + len, sizeof detail - (size_t)len, "%02x", making->serial[i]);
    audit.detail = bytes_str(detail);
    store_unit_write(&unit, STORE_INSERT, STORE_CERTIFICATES, &row);
    store_unit_write(&unit, STORE_PUT, STORE_RENEWALS, &renewal);
    if (store_commit_wait(making->call.store, &unit) && unit.outcome == STORE_DONE)
        return RENEWAL_DONE;
    if (unit.outcome == STORE_CONFLICT && unit.conflict == STORE_PRE_KEY_BLOCKED)
        return end(making, RENEWAL_REFUSED, "its key is blocked: renew it with --new-key");
    return end(making, RENEWAL_LATER, "the store did not take it");
}

static enum renewal_outcome make_key(struct making *making)
{
    char why[OWN_KEY_WHY_MAX];

    return policy_make_own_key(why, &making->key, &making->spki, making->arena, making->call.policy,
                               making->call.item)
               ? RENEWAL_DONE
               : end(making, RENEWAL_REFUSED, why);
}

/* A key that was made in a token for what then was not done stays there, of no use to anybody. */
static enum renewal_outcome make_held(struct making *making)
{
    enum renewal_outcome outcome = check_store(making);

    if (outcome == RENEWAL_DONE && making->call.new_key)
        outcome = make_key(making);
    if (outcome == RENEWAL_DONE)
        outcome = issue(making);
    return outcome == RENEWAL_DONE ? keep(making) : outcome;
}

/* With the lease, or not at all. */
static enum renewal_outcome make_alone(struct making *making)
{
    enum renewal_outcome outcome;

    switch (ask_for_lease(making, 0)) {
    case STORE_DONE:
        outcome = make_held(making);
        ask_for_lease(making, 1);
        return outcome;
    case STORE_CONFLICT:
        return end(making, RENEWAL_BUSY, "another node is at it just now: try again in a minute");
    default:
        return end(making, RENEWAL_LATER, "the store does not answer");
    }
}

enum renewal_outcome renewal_make(char why[RENEWAL_WHY_MAX], const struct renewal_call *call)
{
    struct making making = {.why = why, .call = *call};
    enum renewal_outcome outcome;

    why[0] = 0;
    choose_times(&making);
    if (call->now > call->item->ca->cert.not_after)
        return end(&making, RENEWAL_REFUSED, "the CA's certificate has ended");
    if (!is_of_use(&making))
        return end(&making, RENEWAL_NO_USE,
                   call->now <= call->item->cert->not_before
                       ? "it would end no later: the present one has only just begun"
                       : "it would end no later: its CA, or a certificate above that, ends then");
    if ((making.arena = arena_new(ARENA)) == NULL)
        return end(&making, RENEWAL_LATER, "there is no memory");
    /* Most that is not to be renewed is known without the lease, which costs two commits. */
    outcome = check_store(&making);
    if (outcome == RENEWAL_DONE)
        outcome = make_alone(&making);
    arena_free(making.arena);
    return outcome;
}

/* ---- the job ---- */

static void tell(struct renewing *job, size_t at, const struct policy_renewable *item,
                 enum renewal_outcome outcome, const char *why)
{
    char when[EXPIRY_TIME_MAX];

    if (outcome == RENEWAL_DONE)
        log_line(LOG_INFO, "certificate renewed", log_word("ca", item->ca->name),
                 log_word("certificate", item->setting),
                 log_text("text", "all nodes take it up; the file stays as it is"));
    if (outcome == RENEWAL_LATER || outcome == RENEWAL_REFUSED) {
        if (strcmp(job->told[at], why) != 0)
            log_line(outcome == RENEWAL_LATER ? LOG_WARN : LOG_ERROR, "certificate not renewed",
                     log_word("alarm", "renewal"), log_word("ca", item->ca->name),
                     log_word("certificate", item->setting),
                     log_word("not_after", expiry_time(when, item->cert->not_after)),
                     log_text("reason", why));
        snprintf(job->told[at], RENEWAL_WHY_MAX, "%s", why);
    } else {
        job->told[at][0] = 0;
    }
}

static int is_time(int64_t last, int64_t every, int64_t now)
{
    return last == 0 || now - last >= every || now < last;
}

static void renew_item(struct renewing *job, size_t at, const struct renewal_call *call)
{
    char why[RENEWAL_WHY_MAX];
    enum renewal_outcome outcome;

    if (!is_time(job->refused[at], BOUND_RENEWAL_REFUSED, call->now))
        return;
    outcome = renewal_make(why, call);
    tell(job, at, call->item, outcome, why);
    job->refused[at] = outcome == RENEWAL_REFUSED ? call->now : 0;
    if (outcome == RENEWAL_DONE || outcome == RENEWAL_KNOWN)
        job->looked = 0;
}

static void renew_due(struct renewing *job, const struct policy *policy, struct store *store, int64_t now)
{
    struct policy_renewable item;
    const struct renewal_call call = {
        .policy = policy, .item = &item, .store = store, .holder = job->holder, .who = "cmpd", .now = now};

    for (size_t i = 0; i < policy_config(policy)->ca_count; i++)
        for (int use = 0; use < POLICY_USES; use++) {
            size_t at = i * POLICY_USES + (size_t)use;
            if (policy_renewable(&item, policy, i, (enum policy_use)use) && renewal_is_due(&item, now))
                renew_item(job, at, &call);
            else
                job->refused[at] = 0;
        }
}

/* Somebody is about to renew it, and this node may have to answer under it soon. */
static int is_any_due(const struct policy *policy, int64_t now)
{
    struct policy_renewable item;

    for (size_t i = 0; i < policy_config(policy)->ca_count; i++)
        for (int use = 0; use < POLICY_USES; use++)
            if (policy_renewable(&item, policy, i, (enum policy_use)use) && renewal_is_due(&item, now))
                return 1;
    return 0;
}

/* Whether the store has what |policy| lacks; if it does not answer, that stays as it was. */
static void look(struct renewing *job, const struct policy *policy, struct store *store, int64_t now)
{
    struct policy_renewals *renewals = policy_renewals_read(policy, store, now);

    job->seen = policy;
    job->looked = now;
    if (renewals == NULL)
        return;
    atomic_store(&job->is_new, policy_lacks(policy, renewals));
    if (!atomic_load(&job->is_new))
        job->new_since = 0;
    else if (job->new_since == 0)
        job->new_since = now;
    policy_renewals_release(renewals);
}

static int needs_somebody(const struct renewing *job, int64_t now)
{
    int alarm = job->new_since != 0 && now - job->new_since > BOUND_RENEWAL_SETTLES;

    for (size_t i = 0; i < RENEWAL_ITEMS; i++)
        alarm |= job->refused[i] != 0;
    return alarm;
}

void renewing_run(struct renewing *job, const struct policy *policy, struct store *store, int64_t now)
{
    if (job->looked == 0 && job->tried == 0)
        random_bytes(job->holder, sizeof job->holder);
    if (job->seen != policy ||
        is_time(job->looked, is_any_due(policy, now) ? BOUND_RENEWAL_EVERY : BOUND_RENEWAL_LOOK, now))
        look(job, policy, store, now);
    if (is_time(job->tried, BOUND_RENEWAL_EVERY, now)) {
        job->tried = now;
        renew_due(job, policy, store, now);
    }
    job->alarm = needs_somebody(job, now);
}

static int run(void *state, const struct upkeep_turn *turn)
{
    renewing_run(state, turn->policy, turn->store, turn->now_ms / 1000);
    return 1;
}

static void resume(void *state)
{
    struct renewing *job = state;

    job->tried = 0;
    for (size_t i = 0; i < RENEWAL_ITEMS; i++) {
        job->told[i][0] = 0;
        job->refused[i] = 0;
    }
}

static int has_alarm(const void *state)
{
    return ((const struct renewing *)state)->alarm;
}

const struct upkeep_job renewing_job = {
    .name = "renewal",
    .every = 1,
    .strand = UPKEEP_LONG,
    .size = sizeof(struct renewing),
    .run = run,
    .resume = resume,
    .alarm = has_alarm,
};
