/* cert_act.c: what the operator does to one certificate: one unit, with its record in the audit log. Refused
 * is what an rr is refused (server/cmp/op_revoke.c), and to hold what is unconfirmed. */
#include "server/ctl/cert_act.h"

#include <string.h>

enum { ATTEMPTS = 3, DETAIL_MAX = CERT_COMMENT_MAX + CERT_INCIDENT_MAX + 160 };

int cert_act_read_reason(int *reason, const char *name)
{
    *reason = name != NULL ? cert_reason(name) : CERT_UNSPECIFIED;
    switch (*reason) {
    case -1:
        return !ctl_fault(
            "--reason is unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, "
            "cessationOfOperation or privilegeWithdrawn (RFC 5280 5.3.1), not '%s'",
            name);
    case CERT_ON_HOLD:
        return !ctl_fault("certificateHold is not for ever: use cert hold");
    case CERT_RELEASED:
        return !ctl_fault("removeFromCRL ends a hold: use cert release");
    case CERT_AA_COMPROMISE:
        return !ctl_fault("aACompromise is for attribute certificates, which cmpd does not issue");
    default:
        return 1;
    }
}

/* Whether |cert| may become what |act| makes of it; says why not. */
static int may_become(const struct cert_act *act, const struct store_cert *cert, const char *serial)
{
    char at[CTL_TIME_MAX];

    if (cert->status == STORE_CERT_REVOKED)
        return !ctl_fault("%s is revoked already, since %s for %s", serial, ctl_time(at, cert->revoked_at),
                          cert_reason_name(cert->reason));
    if (cert->not_after < act->now)
        return !ctl_fault("%s has expired, on %s: nobody takes it any more", serial,
                          ctl_time(at, cert->not_after));
    if (act->status == STORE_CERT_VALID && cert->status != STORE_CERT_HOLD)
        return !ctl_fault("%s is not on hold: it is %s", serial, cert_status_name(cert, act->now));
    if (act->status == STORE_CERT_HOLD && cert->status == STORE_CERT_HOLD)
        return !ctl_fault("%s is on hold already, since %s", serial, ctl_time(at, cert->revoked_at));
    /* Released, it would be valid without a certConf. */
    if (act->status == STORE_CERT_HOLD && cert->status == STORE_CERT_UNCONFIRMED)
        return !ctl_fault("%s is unconfirmed: it may be revoked, and not be held", serial);
    return 1;
}

static void put_detail(char detail[DETAIL_MAX], const struct cert_act *act)
{
    char at[CTL_TIME_MAX];

    snprintf(detail, DETAIL_MAX, "reason=%s%s%s%s%s%s%s", cert_reason_name(act->reason),
             act->invalidity_at != 0 ? " invalidityDate=" : "", ctl_time(at, act->invalidity_at),
             act->incident != NULL ? " incident=" : "", act->incident != NULL ? act->incident : "",
             act->comment != NULL ? " comment=" : "", act->comment != NULL ? act->comment : "");
}

int cert_act_blocks(const struct cert_act *act)
{
    return act->status == STORE_CERT_REVOKED && act->reason == CERT_KEY_COMPROMISE;
}

static enum store_outcome commit(struct store *store, const struct cert_act *act,
                                 const struct cert_found *found)
{
    const struct store_cert_change change = {
        .serial = found->cert->serial,
        .only_from = found->cert->status, /* as it was judged */
        .required = 1,
        .status = act->status,
        .reason = act->reason,
        .at = act->now,
        .invalidity_at = act->invalidity_at,
    };
    char who[CTL_WHO_MAX], detail[DETAIL_MAX];
    struct store_audit audit = {
        .at = ctl_now_ms(), .event = act->event, .outcome = act->outcome, .who = bytes_str(ctl_who(who))};
    struct store_unit unit = {
        .issuer = bytes_of(found->issuer, STORE_ISSUER_ID), .change = &change, .audit = &audit};

    struct store_blocked_key blocked = {.spki_hash = found->cert->spki_hash,
                                        .at = act->now,
                                        .reason = act->reason,
                                        .serial = found->cert->serial,
                                        .who = audit.who,
                                        .comment = bytes_str(act->comment != NULL ? act->comment : "")};

    put_detail(detail, act);
    audit.detail = bytes_str(detail);
    if (cert_act_blocks(act))
        store_unit_write(&unit, STORE_ONCE, STORE_BLOCKED_KEYS, &blocked);
    return store_commit_wait(store, &unit) ? unit.outcome : STORE_UNAVAILABLE;
}

static int report(const struct cert_act *act, const struct cert_found *found, const char *serial)
{
    printf("%s %s%s", serial, act->is_dry ? "would be " : "", act->outcome);
    if (act->status == STORE_CERT_REVOKED && act->reason != CERT_UNSPECIFIED)
        printf(" %s", cert_reason_name(act->reason));
    printf(": ");
    cert_put_text(found->cert->subject_text, 0);
    putchar('\n');
    fflush(stdout); /* whoever breaks off knows what was done */
    return 1;
}

/* Judges the certificate, and changes it if it is still so then; else it is judged again. */
int cert_act_on(const struct ctl_opened *opened, struct cert_act *act, struct arena *arena,
                const uint8_t octets[STORE_SERIAL])
{
    char serial[CERT_HEX_MAX];
    struct cert_found found;

    log_hex(serial, sizeof serial, bytes_of(octets, STORE_SERIAL));
    for (int i = 0; i < ATTEMPTS; i++) {
        enum store_outcome outcome;
        if (!cert_find(&found, opened, arena, octets))
            return 0;
        if (found.cert == NULL)
            return !cert_unknown(octets);
        if (!may_become(act, found.cert, serial))
            return 0;
        memcpy(act->key, found.cert->spki_hash.data, sizeof act->key);
        if (act->is_dry)
            return report(act, &found, serial);
        outcome = commit(opened->store, act, &found);
        if (outcome == STORE_DONE)
            return report(act, &found, serial) &&
                   (!act->waits || cert_wait_note(&act->wait, opened->store, arena, &found));
        if (outcome == STORE_UNKNOWN)
            return !ctl_fault(
                "%s: the connection to the store broke, and it is not known whether this was done; "
                "see cert show, and try again",
                serial);
        if (outcome != STORE_CONFLICT)
            return !ctl_fault("%s: the store did not take the change; look at its log", serial);
    }
    return !ctl_fault("%s is being changed by others: try again", serial);
}

int cert_act_count(const struct ctl_opened *opened, struct cert_act *act, const uint8_t octets[STORE_SERIAL])
{
    struct arena *arena = arena_new(CERT_ARENA);
    int done = arena != NULL ? cert_act_on(opened, act, arena, octets) : !ctl_fault("out of memory");

    act->changed += (size_t)done;
    act->refused += (size_t)!done;
    arena_free(arena);
    return done;
}
