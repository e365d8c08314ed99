/* rr (RFC 9810 5.3.9, RFC 9483 4.2, 5.1.3 and 5.3.2). */
#include "crypto/name.h"
#include "crypto/name_match.h"
#include "server/cmp/internal.h"
#include "server/pki/differences.h"
#include "server/pki/polling.h"
#include "server/pki/revocation.h"
#include "server/pki/several.h"

struct revocation {
    struct rev_details details;
    const struct store_fetch *certificate; /* NULL: it is the signer's, as it was looked up */
    struct store_blocked_key blocked;      /* its key, if that is lost */
};

/* CRLReason (RFC 5280 5.3.1) */
enum {
    REASON_UNSPECIFIED = 0,
    REASON_KEY_COMPROMISE = 1,
    REASON_CA_COMPROMISE = 2,
    REASON_HOLD = 6,
    REASON_UNUSED = 7,
    REASON_REMOVE = 8,
    REASON_AA_COMPROMISE = 10
};

static int decode(struct cmp_message *m)
{
    struct revocation *own = m->state = arena_alloc(m->arena, sizeof *own);
    const char *why = NULL;
    size_t count;

    if (own == NULL)
        return 0;
    if (cmp_may_be_several(m) && pki_split(NULL, &count, 0, m->arena, m->in.body) && count > 1)
        return cmp_become_several(m, count);
    if (!pki_decode_rev_req(&own->details, &count, m->arena, &why, m->in.body))
        cmp_fault(m, PKI_BAD_DATA_FORMAT, why);
    else if (count != 1) /* RFC 9483 4.2 */
        cmp_fault(m, PKI_BAD_REQUEST, "send one RevDetails in a message");
    return 1;
}

static enum cmp_turn check_request(struct cmp_message *m, const struct rev_details *details)
{
    int64_t reason = details->reason;

    if (m->body_fault != NULL)
        return cmp_refuse_body(m, m->body_fail_info, m->body_fault);
    if (details->cert_details.serial.len == 0 || details->cert_details.issuer.len == 0)
        return cmp_refuse_body(m, PKI_BAD_CERT_ID,
                               "certDetails must name the certificate by issuer and serialNumber");
    if (!name_equal(details->cert_details.issuer, m->profile->ca->cert.subject))
        return cmp_refuse_body(m, PKI_WRONG_AUTHORITY,
                               "issuer in certDetails is not the CA that this request was sent to");
    if (cmp_check_extensions(m, &details->cert_details) != CMP_ON)
        return CMP_REFUSED;
    if (details->unknown_critical)
        return cmp_refuse_body(m, PKI_UNACCEPTED_EXTENSION,
                               "crlEntryDetails has a critical extension other than reasonCode");
    if (reason == REASON_UNUSED || reason > REASON_AA_COMPROMISE)
        return cmp_refuse_body(m, PKI_BAD_REQUEST, "reasonCode is none of RFC 5280: 0 to 6 and 8 to 10 are");
    return CMP_ON;
}

/* Of its answer nothing stands in the request. */
static int recover(struct cmp_message *m)
{
    m->state = arena_alloc(m->arena, sizeof(struct revocation));
    return m->state != NULL;
}

static struct bytes names(const struct cmp_message *m)
{
    return ((const struct revocation *)m->state)->details.cert_details.serial;
}

static int names_signer(const struct cmp_message *m)
{
    const struct revocation *own = m->state;

    return m->signer_is_own && bytes_equal(own->details.cert_details.serial, m->signer->serial);
}

static int refusal(struct cmp_message *m, struct bytes *body, const struct pki_status_info *status)
{
    return pki_encode_rev_rep(body, m->arena, status);
}

static enum cmp_turn answer(struct cmp_message *m)
{
    const struct pki_status_info status = {.status = PKI_ACCEPTED};
    struct bytes body;

    return cmp_answer(m, pki_encode_rev_rep(&body, m->arena, &status), body);
}

static enum cmp_turn answer_again(struct cmp_message *m)
{
    if (m->tx.state == STORE_TX_WAITING)
        return cmp_hold_again(m, &cmp_unsupported);
    return m->tx.serial.len != 0 ? answer(m) : cmp_refuse_body(m, PKI_NOT_AUTHORIZED, CMP_OVER);
}

static enum cmp_turn look(struct cmp_message *m)
{
    struct revocation *own = m->state;

    own->certificate = cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, own->details.cert_details.serial);
    return CMP_ON;
}

static enum cmp_turn check(struct cmp_message *m)
{
    const struct revocation *own = m->state;

    if (check_request(m, &own->details) != CMP_ON)
        return CMP_REFUSED;
    if (names_signer(m))
        return CMP_ON;
    if (!m->is_ra)
        return cmp_by(
            m, "accept.ras",
            cmp_refuse_body(m, PKI_NOT_AUTHORIZED,
                            "sign the rr with the certificate to be revoked, or as an RA of this profile"));
    return look(m);
}

/* What is recorded, and comes into a CRL. RFC 5280 5.3.1 has two reasons for authorities; whoever gives one
 * of them wants the certificate revoked, and it is, without a reason that would be false. */
static int64_t recorded_reason(int64_t asked)
{
    return asked == REASON_CA_COMPROMISE || asked == REASON_AA_COMPROMISE ? REASON_UNSPECIFIED : asked;
}

static int names_another(const struct cert_template *details, const struct certificate *cert)
{
    return (details->subject.len != 0 && !name_is_empty(details->subject) &&
            !name_equal(details->subject, cert->subject)) ||
           (details->spki.len != 0 && !bytes_equal(details->spki, cert->spki));
}

/* certDetails may say more of the certificate than issuer and serialNumber (RFC 9810 5.3.9). Whatever it says
 * has to be so, an RA's word too: else somebody has mistyped a serial, and another station would go out of
 * service. */
static enum cmp_turn check_details(struct cmp_message *m, const struct store_cert *stored)
{
    const struct revocation *own = m->state;
    const struct cert_template *details = &own->details.cert_details;
    const char *differences, *text;
    struct certificate cert;

    if (!certificate_parse(&cert, stored->certificate))
        return cmp_refuse_body(m, PKI_SYSTEM_FAILURE, "the stored certificate cannot be read");
    if ((differences = pki_differences(m->arena, details, &cert)) == NULL)
        return CMP_ON;
    text = arena_printf(m->arena, "certDetails is not the certificate with this serialNumber, in: %s",
                        differences);
    return cmp_refuse_body(m, names_another(details, &cert) ? PKI_BAD_CERT_ID : PKI_BAD_CERT_TEMPLATE,
                           text != NULL ? text : differences);
}

static enum cmp_turn judge_certificate(struct cmp_message *m, const struct store_cert *stored)
{
    struct revocation *own = m->state;
    int64_t reason = recorded_reason(own->details.reason);

    if (check_details(m, stored) != CMP_ON)
        return CMP_REFUSED;
    if (cmp_is_taken(m, stored->serial))
        return cmp_refuse_body(m, PKI_BAD_REQUEST,
                               "another RevDetails of the message names this certificate");
    cmp_take(m, stored->serial);
    if (stored->status == STORE_CERT_REVOKED)
        return cmp_refuse_body(m, PKI_CERT_REVOKED, "the certificate is revoked already");
    if (stored->status == STORE_CERT_HOLD && reason == REASON_HOLD)
        return cmp_refuse_body(m, PKI_CERT_REVOKED, "the certificate is on hold already");
    if (stored->not_after < m->now)
        return cmp_refuse_body(m, PKI_CERT_REVOKED, "the certificate has expired: it needs no revocation");
    if (stored->status != STORE_CERT_HOLD && reason == REASON_REMOVE)
        return cmp_refuse_body(m, PKI_BAD_REQUEST,
                               "the certificate is not on hold: there is nothing to remove from the CRL");
    m->change = (struct store_cert_change){
        .serial = stored->serial,
        /* As it was judged: whatever changes it meanwhile, what is answered has to be what was done. */
        .only_from = stored->status,
        .required = 1,
        .status = reason == REASON_HOLD     ? STORE_CERT_HOLD
                  : reason == REASON_REMOVE ? STORE_CERT_VALID
                                            : STORE_CERT_REVOKED,
        .reason = (int)reason,
        .at = m->now,
    };
    own->blocked = (struct store_blocked_key){
        .spki_hash = stored->spki_hash, .at = m->now, .reason = (int)reason, .serial = stored->serial};
    m->result.event = reason == REASON_HOLD     ? "certificate held"
                      : reason == REASON_REMOVE ? "certificate released"
                                                : "certificate revoked";
    m->result.serial = stored->serial;
    m->result.subject = stored->subject;
    if (m->approved == NULL && cmp_must_wait(m, CONFIG_APPROVE_REVOCATION))
        return cmp_ask_waiting(m);
    return CMP_ON;
}

/* RFC 9483 4.4: it is polled for as a whole. */
static enum cmp_turn hold_or_answer(struct cmp_message *m)
{
    const struct cmp_held held = {
        .subject = m->result.subject, .cert_req_id = PKI_POLL_WHOLE, .tells = &cmp_unsupported};

    return m->rules != 0 ? cmp_hold(m, &held) : answer(m);
}

static enum cmp_turn judge(struct cmp_message *m)
{
    const struct revocation *own = m->state;
    const struct store_fetch *fetch = own->certificate;
    const struct store_cert *stored;

    if (fetch == NULL)
        return judge_certificate(m, m->stored_signer);
    if (fetch->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    if (fetch->outcome != STORE_FOUND)
        return cmp_refuse_body(m, PKI_BAD_CERT_ID,
                               "this CA has issued no certificate with this serialNumber");
    stored = fetch->rows;
    if (names_signer(m) && stored->status == STORE_CERT_HOLD) /* since it was authenticated */
        return cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED, "the protecting certificate is on hold", NULL);
    if (!cmp_takes_profile(m, stored->profile))
        return cmp_by(m, "accept.own_profiles",
                      cmp_refuse_body(m, PKI_NOT_AUTHORIZED,
                                      "the certificate was issued under another profile than this RA's"));
    return judge_certificate(m, stored);
}

/* Whoever signs by the key itself can have that key blocked, and no other; an RA that of whom it speaks for.
 * A device may give its certificate up whether its key is blocked or not. */
static void record(struct cmp_message *m, struct store_unit *unit)
{
    struct revocation *own = m->state;
    int blocks = m->change.reason == REASON_KEY_COMPROMISE;

    cmp_begin_tx(m, unit, STORE_TX_ENDED);
    m->new_tx.serial = m->change.serial;
    unit->change = &m->change;
    /* What the change requires of the certificate is more than what is wanted of a signer. */
    if (m->signer_is_own && !names_signer(m))
        unit->signer_serial = m->signer->serial;
    if (!names_signer(m))
        cmp_want_unblocked(m, unit, m->signer->spki);
    if (blocks) {
        own->blocked.who = m->audit.who;
        store_unit_write(unit, STORE_ONCE, STORE_BLOCKED_KEYS, &own->blocked);
    }
    m->audit.event = m->change.status == STORE_CERT_HOLD    ? "hold"
                     : m->change.status == STORE_CERT_VALID ? "release"
                                                            : "revoke";
    m->audit.outcome = m->change.status == STORE_CERT_HOLD    ? "held"
                       : m->change.status == STORE_CERT_VALID ? "released"
                                                              : "revoked";
    m->audit.detail = bytes_str(
        arena_printf(m->arena, "reasonCode %d%s", m->change.reason, blocks ? "; its key is blocked" : ""));
    if (m->approved != NULL)
        cmp_tell_approvers(m);
}

static cmp_step *const run[] = {check, judge, cmp_ask_slots, cmp_judge_slots, hold_or_answer, NULL};

/* The certificate has changed since it was judged. */
static cmp_step *const raced[] = {look, judge, cmp_ask_slots, cmp_judge_slots, hold_or_answer, NULL};

/* What is the same of one RevDetails and of several. */
#define AN_RR                                                                                                \
    .request = PKI_RR, .response = PKI_RP, .flags = CMP_BEGINS | CMP_SIGNED | CMP_ANY_PROFILE,               \
    .audit = "revoke"

static const struct cmp_operation rrs = {
    AN_RR,
    .run = cmp_several_run,
    .raced = cmp_several_raced,
    .record = cmp_several_record,
    .recover = cmp_several_recover,
    .again = cmp_several_again,
    .refusal = refusal,
    .join = pki_join_rev_reps,
};

const struct cmp_operation cmp_rr = {
    .of_several = &rrs,
    AN_RR,
    .decode = decode,
    .names = names,
    /* A device that asks again for its certificate to be revoked is told so by rp (RFC 9483 5.1.3). */
    .takes_revoked = names_signer,
    .run = run,
    .raced = raced,
    .record = record,
    .again = answer_again,
    .recover = recover,
    .refusal = refusal,
};
