/* profile_try.c: a message through the state machine of the server, by the code that serves it, without a
 * pipeline: what it wants is served one after the other, and what would change something is only looked at.
 */
#include "server/ctl/profile.h"

#include <string.h>

#include "crypto/key.h"
#include "server/policy/policy.h"

/* struct trying is a trial on its way. */
struct trying {
    struct profile_trial *trial;
    struct store *store;
    struct arena *arena;
    int is_over; /* 1: what comes next is done for good */
};

/* ---- what a commit depends on ---- */

static const void *row_of(const struct trying *trying, enum store_kind kind, struct bytes issuer,
                          struct bytes key)
{
    struct store_fetch fetch = {.kind = kind, .issuer = issuer, .key = key, .arena = trying->arena};

    return key.len != 0 && store_fetch_wait(trying->store, &fetch) && fetch.outcome == STORE_FOUND
               ? fetch.rows
               : NULL;
}

static int is_blocked(const struct trying *trying, const struct store_unit *unit, struct bytes hash)
{
    return row_of(trying, STORE_BLOCKED_KEYS, unit->issuer, hash) != NULL;
}

static int secret_serves(const struct trying *trying, const struct store_unit *unit)
{
    const struct store_secret *secret;

    if (unit->secret_reference.len == 0)
        return 1;
    secret = row_of(trying, STORE_SECRETS, unit->issuer, unit->secret_reference);
    return secret != NULL && secret->sealed.len != 0 && (secret->reusable || secret->bound_to.len == 0);
}

static int key_is_used(const struct trying *trying, const struct store_unit *unit)
{
    struct store_fetch fetch = {.kind = STORE_CERTIFICATES,
                                .index = STORE_OF_KEY,
                                .issuer = unit->issuer,
                                .of = unit->key_unused,
                                .arena = trying->arena};
    const struct store_cert *rows;

    if (unit->key_unused.len == 0 || !store_fetch_wait(trying->store, &fetch) || fetch.outcome != STORE_FOUND)
        return 0;
    rows = fetch.rows;
    for (size_t i = 0; i < fetch.count; i++)
        if (rows[i].status != STORE_CERT_REVOKED)
            return 1;
    return 0;
}

/* In the order in which a store looks at them. What the message has looked up itself a moment ago is not
 * among them. */
static enum store_precondition conflict_of(const struct trying *trying, const struct store_unit *unit)
{
    return !secret_serves(trying, unit)                       ? STORE_PRE_SECRET
           : is_blocked(trying, unit, unit->key_unblocked)    ? STORE_PRE_KEY_BLOCKED
           : is_blocked(trying, unit, unit->signer_unblocked) ? STORE_PRE_SIGNER_BLOCKED
           : is_blocked(trying, unit, unit->device_unblocked) ? STORE_PRE_DEVICE_BLOCKED
           : key_is_used(trying, unit)                        ? STORE_PRE_KEY_UNUSED
                                                              : STORE_PRE_NONE;
}

/* ---- wants ---- */

static void look_at_unit(struct trying *trying, struct store_unit *unit)
{
    unit->conflict = conflict_of(trying, unit);
    if (unit->conflict != STORE_PRE_NONE) {
        unit->outcome = STORE_CONFLICT;
        return;
    }
    trying->trial->commits = 1;
    trying->trial->row = store_unit_row(unit, STORE_CERTIFICATES);
    trying->is_over = 1;
}

static void serve(struct trying *trying, const struct cmp_want *want)
{
    switch (want->kind) {
    case CMP_WANT_ADMIT: /* a trial is of one message, up to its commit */
        want->u.admit->why = "a nested message, or one with several requests, cannot be tried: try the "
                             "messages in it, one at a time";
        break;
    case CMP_WANT_FETCH:
        if (!store_fetch_wait(trying->store, want->u.fetch))
            want->u.fetch->outcome = STORE_FETCH_UNAVAILABLE;
        break;
    case CMP_WANT_MAC:
        mac_derive(want->u.mac->key, want->u.mac->algorithm, want->u.mac->secret);
        break;
    case CMP_WANT_VERIFY:
        verify_batch(&(struct verification *){want->u.verify}, 1);
        break;
    case CMP_WANT_DECIDE:
        policy_decide(want->u.decide);
        trying->trial->decision = want->u.decide;
        break;
    case CMP_WANT_ASK: /* nobody is asked for a trial */
        want->u.ask->verdict = CMP_VERDICT_ALLOW;
        trying->trial->asks = 1;
        break;
    case CMP_WANT_SIGN: /* its room is zeros */
        want->u.sign->signature_len = private_key_signature_max(want->u.sign->key);
        break;
    case CMP_WANT_COMMIT:
        look_at_unit(trying, want->u.commit);
        break;
    case CMP_WANT_KINDS:
        break;
    }
}

int profile_try(struct profile_trial *trial, struct arena *arena, struct store *store,
                const struct cmp_settings *settings, const struct cmp_route *route, struct bytes request,
                int64_t now_ms)
{
    struct trying trying = {.trial = trial, .store = store, .arena = arena};

    *trial = (struct profile_trial){.message = cmp_start(arena, settings, route, request, now_ms)};
    if (trial->message == NULL)
        return 0;
    while (!trying.is_over && cmp_wants(trial->message) != NULL) {
        for (const struct cmp_want *want = cmp_wants(trial->message); want != NULL; want = want->next)
            serve(&trying, want);
        if (!trying.is_over)
            cmp_resume(trial->message, now_ms);
    }
    cmp_result(trial->message, &trial->result);
    return 1;
}
