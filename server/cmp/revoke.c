/* rr (RFC 9810 5.3.9, RFC 9483 4.2, 5.1.3 and 5.3.2). */
#include "server/cmp/internal.h"

static cmp_step certificate_found, commit_revocation;

/* CRLReason (RFC 5280 5.3.1) */
enum { REASON_CA_COMPROMISE = 2, REASON_HOLD = 6, REASON_UNUSED = 7, REASON_REMOVE = 8, REASON_LAST = 9 };

static int refuse(struct cmp_message *m, enum pki_failure fail_info, const char *text)
{
    cmp_refuse_body(m, fail_info, text, NULL);
    return 0;
}

static int check_request(struct cmp_message *m)
{
    const struct rev_details *details = &m->revocation;
    int64_t reason = details->reason;

    if (m->body_fault != NULL)
        return refuse(m, m->body_fail_info, m->body_fault);
    if (details->cert_details.serial.len == 0 || details->cert_details.issuer.len == 0)
        return refuse(m, PKI_BAD_CERT_ID, "certDetails must name the certificate by issuer and serialNumber");
    if (!bytes_equal(details->cert_details.issuer, m->profile->ca->cert.subject))
        return refuse(m, PKI_WRONG_AUTHORITY,
                      "issuer in certDetails is not the CA that this request was sent to");
    if (details->unknown_critical)
        return refuse(m, PKI_UNACCEPTED_EXTENSION,
                      "crlEntryDetails has a critical extension other than reasonCode");
    if (reason == REASON_CA_COMPROMISE || reason == REASON_UNUSED || reason > REASON_LAST)
        return refuse(m, PKI_BAD_REQUEST, "reasonCode is none for which a device's certificate is revoked");
    return 1;
}

static int is_own_certificate(const struct cmp_message *m)
{
    return m->signer_is_own && bytes_equal(m->revocation.cert_details.serial, m->signer->serial);
}

static void judge_certificate(struct cmp_message *m, const struct store_cert *stored)
{
    int64_t reason = m->revocation.reason;

    if (stored->status == STORE_CERT_REVOKED) {
        refuse(m, PKI_CERT_REVOKED, "the certificate is revoked already");
        return;
    }
    if (stored->status == STORE_CERT_HOLD && reason == REASON_HOLD) {
        refuse(m, PKI_CERT_REVOKED, "the certificate is on hold already");
        return;
    }
    if (stored->not_after < m->now) {
        refuse(m, PKI_CERT_REVOKED, "the certificate has expired: it needs no revocation");
        return;
    }
    if (stored->status != STORE_CERT_HOLD && reason == REASON_REMOVE) {
        refuse(m, PKI_BAD_REQUEST, "the certificate is not on hold: there is nothing to remove from the CRL");
        return;
    }
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
    m->result.event = reason == REASON_HOLD     ? "certificate held"
                      : reason == REASON_REMOVE ? "certificate released"
                                                : "certificate revoked";
    m->result.serial = stored->serial;
    m->result.subject = stored->subject;
    cmp_reply_revoked(m, commit_revocation);
}

void cmp_revoke(struct cmp_message *m)
{
    if (!check_request(m))
        return;
    if (is_own_certificate(m)) {
        judge_certificate(m, m->stored_signer);
        return;
    }
    if (!m->is_ra) {
        refuse(m, PKI_NOT_AUTHORIZED,
               "sign the rr with the certificate to be revoked, or as an RA of this profile");
        return;
    }
    cmp_judge_again(m);
}

void cmp_judge_again(struct cmp_message *m)
{
    cmp_want_row(m, m->profile->ca, STORE_FETCH_CERT, m->revocation.cert_details.serial);
    m->next = certificate_found;
}

static void certificate_found(struct cmp_message *m)
{
    const struct store_fetch fetch = m->wants[0].u.fetch;
    struct store_cert *stored;

    if (fetch.outcome == STORE_FETCH_UNAVAILABLE) {
        cmp_refuse_unavailable(m, NULL);
        return;
    }
    if (fetch.outcome != STORE_FOUND) {
        refuse(m, PKI_BAD_CERT_ID, "this CA has issued no certificate with this serialNumber");
        return;
    }
    if ((stored = arena_alloc(m->arena, sizeof *stored)) == NULL) {
        cmp_out_of_memory(m);
        return;
    }
    *stored = fetch.row.cert;
    if (is_own_certificate(m) && stored->status == STORE_CERT_HOLD) /* since it was authenticated */
        cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED, "the protecting certificate is on hold", NULL);
    else if (cmp_takes_profile(m, stored->profile))
        judge_certificate(m, stored);
    else
        refuse(m, PKI_NOT_AUTHORIZED, "the certificate was issued under another profile than this RA's");
}

static void commit_revocation(struct cmp_message *m)
{
    struct store_unit *unit;

    cmp_begin_tx(m, STORE_TX_ENDED);
    m->new_tx.serial = m->change.serial;
    unit = cmp_commit(m);
    unit->expect_tx_absent = 1;
    unit->tx = &m->new_tx;
    unit->change = &m->change;
    /* What the change requires of the certificate is more than what is wanted of a signer. */
    if (m->signer_is_own && !is_own_certificate(m))
        unit->signer_serial = m->signer->serial;
    m->audit.event = m->change.status == STORE_CERT_HOLD    ? "hold"
                     : m->change.status == STORE_CERT_VALID ? "release"
                                                            : "revoke";
    m->audit.outcome = m->change.status == STORE_CERT_HOLD    ? "held"
                       : m->change.status == STORE_CERT_VALID ? "released"
                                                              : "revoked";
    m->audit.detail = bytes_str(arena_printf(m->arena, "reasonCode %d", m->change.reason));
}
