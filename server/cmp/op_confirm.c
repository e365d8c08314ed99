/* certConf (RFC 9810 5.3.18, RFC 9483 4.1.1). */
#include "server/cmp/internal.h"
#include "server/pki/confirmation.h"
#include "server/pki/several.h"

struct confirmation {
    struct cert_status status[BOUND_SEVERAL];
    size_t count;
    const struct store_fetch *certificate;
    int accepted;

    /* Of several: each as a body of its own, and how many are about a certificate that was issued. */
    struct bytes bodies[BOUND_SEVERAL];
    size_t used;
};

static const uint8_t null_element[2] = {0x05, 0x00};

static int decode(struct cmp_message *m)
{
    struct confirmation *own = m->state = arena_alloc(m->arena, sizeof *own);

    if (own == NULL)
        return 0;
    if (!pki_decode_cert_conf(own->status, &own->count, m->in.body))
        cmp_fault(m, PKI_BAD_DATA_FORMAT, "CertConfirmContent is malformed");
    return 1;
}

static enum cmp_turn check_status(struct cmp_message *m, const struct cert_status *status)
{
    /* RFC 9810 5.3.18: hashAlg belongs to version 3. */
    if (status->hash_alg.len != 0 && m->in.header.pvno != PKI_CMP2021)
        return cmp_refuse_form(m, "hashAlg in a certConf needs pvno 3: leave it out, or send pvno 3");
    /* Of p10cr the answer says -1; clients are known to confirm with 0 all the same. */
    if (status->cert_req_id != m->tx.cert_req_id && !(m->tx.body == PKI_P10CR && status->cert_req_id == 0))
        return cmp_refuse(m, PKI_BAD_REQUEST, "certReqId is not that of the request", NULL);
    /* RFC 9483 4.1.1: "positive values allowed: accepted, negative values allowed: rejection"; what only
     * warns of a change accepts, too. */
    if (status->has_status && status->status.status != PKI_ACCEPTED &&
        status->status.status != PKI_GRANTED_WITH_MODS && status->status.status != PKI_REJECTION)
        return cmp_refuse(m, PKI_BAD_REQUEST, "status in a certConf must be accepted or rejection", NULL);
    /* RFC 9483 4.1.1, of failInfo: "MUST be absent if status is "accepted"". Which of the two is meant,
     * nobody can say. */
    if (status->has_status && status->status.status != PKI_REJECTION && status->status.fail_info != 0)
        return cmp_refuse_form(m, "failInfo in a certConf needs status rejection: send one or the other");
    return CMP_ON;
}

static enum cmp_turn check(struct cmp_message *m)
{
    struct confirmation *own = m->state;

    if (m->body_fault != NULL)
        return cmp_refuse_body(m, m->body_fail_info, m->body_fault);
    /* RFC 9483 4.1.1: "MUST contain a sequence of one CertStatus"; by RFC 9810 5.3.18 an empty one rejects.
     */
    if (own->count > 1 || (own->count == 0 && cmp_to_the_letter(m)))
        return cmp_refuse(m, PKI_BAD_REQUEST, "send one CertStatus in a certConf", NULL);
    if (own->count == 1 && check_status(m, own->status) != CMP_ON)
        return CMP_REFUSED;
    own->certificate = cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, m->tx.serial);
    return CMP_ON;
}

/* Of which digest certHash is: hashAlg, else the one that belongs to the certificate's signature (RFC
 * 9810 5.3.18). */
static enum digest_id hash_of(const struct cert_status *status, struct bytes der)
{
    struct certificate certificate;
    const struct digest_algorithm *digest;
    CBS cbs = cbs_of(status->hash_alg);

    if (status->hash_alg.len != 0)
        return (digest = digest_parse(&cbs)) != NULL && digest->id != DIGEST_SHA1 ? digest->id : DIGEST_NONE;
    return certificate_parse(&certificate, der) && certificate.algorithm != NULL
               ? certificate.algorithm->cert_hash
               : DIGEST_NONE;
}

/* What the device says of its reason, for the log and the audit record: cut, and what is not plain text made
 * so. */
static const char *peer_text(struct cmp_message *m, struct bytes text)
{
    size_t len = text.len < BOUND_STATUS_STRING ? text.len : BOUND_STATUS_STRING;
    char *plain = arena_alloc(m->arena, len + 1);

    if (plain == NULL || len == 0)
        return NULL;
    for (size_t i = 0; i < len; i++)
        plain[i] = text.data[i] >= 0x20 && text.data[i] < 0x7f ? (char)text.data[i] : '?';
    return plain;
}

static enum cmp_turn check_hash(struct cmp_message *m, const struct cert_status *status,
                                struct bytes certificate)
{
    uint8_t hash[DIGEST_MAX];
    enum digest_id digest = hash_of(status, certificate);

    if (digest == DIGEST_NONE)
        return cmp_refuse(m, PKI_BAD_ALG, "hashAlg is not supported", NULL);
    if (!bytes_equal(status->cert_hash, bytes_of(hash, digest_compute(hash, digest, certificate))))
        return cmp_refuse(m, PKI_BAD_CERT_ID, "certHash is not that of the certificate issued", NULL);
    return CMP_ON;
}

static enum cmp_turn answer(struct cmp_message *m)
{
    return cmp_answer(m, 1, bytes_of(null_element, sizeof null_element));
}

/* RFC 9810 appendix F: certConfirmed is "the certificate has already been confirmed", which devices take for
 * success. */
static enum cmp_turn refuse_confirmed(struct cmp_message *m)
{
    return cmp_refuse(m, PKI_CERT_CONFIRMED, CMP_CONFIRMED_ALREADY,
                      m->tx.implicit_confirm ? cmp_would_tolerate(m, TOLERANCE_CONFIRM_AFTER_IMPLICIT)
                                             : NULL);
}

/* A certConf for what was confirmed when it was issued: on record, and nothing else changes. */
static void record_again(struct cmp_message *m, struct store_unit *unit)
{
    (void)unit; /* the audit record alone */
    m->audit.event = "confirm";
    m->audit.outcome = "accepted";
    m->audit.detail = bytes_str("it was confirmed when it was issued");
}

static enum cmp_turn judge(struct cmp_message *m)
{
    struct confirmation *own = m->state;
    const struct store_fetch *fetch = own->certificate;
    const struct store_cert *stored = fetch->rows;
    const struct cert_status *status = own->status;

    if (fetch->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    if (fetch->outcome != STORE_FOUND)
        return cmp_refuse(m, PKI_SYSTEM_FAILURE,
                          "the certificate of this transaction is missing: ask the operator", NULL);
    if (own->count == 1 && check_hash(m, status, stored->certificate) != CMP_ON)
        return CMP_REFUSED;
    /* An empty certConf rejects the certificate; no statusInfo accepts it (RFC 9810 5.3.18). */
    own->accepted = own->count == 1 && (!status->has_status || status->status.status != PKI_REJECTION);
    /* Somebody has revoked it meanwhile: a pkiConf would send the device into service with it. */
    if (own->accepted && stored->status == STORE_CERT_REVOKED)
        return cmp_refuse(m, PKI_CERT_REVOKED,
                          "the certificate of this transaction has been revoked since: start again", NULL);
    /* Confirmed when it was issued: there is nothing left to reject. */
    if (m->tx.state == STORE_TX_CONFIRMED && !own->accepted)
        return refuse_confirmed(m);
    m->result.event = own->accepted ? "certificate confirmed" : "certificate rejected";
    if (!own->accepted && status->has_status)
        m->result.detail = peer_text(m, status->status.text);
    enum cmp_turn turn = answer(m);
    if (m->tx.state == STORE_TX_CONFIRMED)
        m->record = record_again;
    return turn;
}

/* Not path-validated again, except for revocation (ARCHITECTURE.md, "Transactions"). */
static void record(struct cmp_message *m, struct store_unit *unit)
{
    const struct confirmation *own = m->state;

    m->change = (struct store_cert_change){
        .serial = m->tx.serial,
        .only_from = own->accepted ? STORE_CERT_UNCONFIRMED : 0,
        .status = own->accepted ? STORE_CERT_VALID : STORE_CERT_REVOKED,
        .reason = 0, /* unspecified: the device's reasons are not CRLReasons */
        .at = m->now,
    };
    cmp_end_tx(m, unit, own->accepted ? STORE_TX_CONFIRMED : STORE_TX_REJECTED);
    cmp_accept(m);
    if (own->accepted && m->tx.body == PKI_KUR &&
        m->profile->config->update.predecessor == CONFIG_PREDECESSOR_REVOKE) {
        cmp_supersede(m, m->tx.signer_serial, 1);
        m->change.next = &m->predecessor_change;
    } else if (own->accepted && m->tx.replaces.len != 0) {
        int is_signer = bytes_equal(m->tx.signer_serial, m->tx.replaces);
        /* Whatever became of it meanwhile, the new one is good: but for who signs. */
        cmp_supersede(m, m->tx.replaces, 1);
        m->predecessor_change.required = is_signer;
        m->change.next = &m->predecessor_change;
        if (!is_signer)
            unit->signer_serial = m->tx.signer_serial;
    } else if (!own->accepted && m->tx.body == PKI_KUR) {
        cmp_give_back(m);
    } else {
        unit->signer_serial = m->tx.signer_serial;
    }
    if (own->accepted) {
        cmp_want_unblocked(m, unit, m->tx.credential_key);
        unit->device_unblocked = ((const struct store_cert *)own->certificate->rows)->device;
    }
    m->audit.event = own->accepted ? "confirm" : "reject";
    m->audit.outcome = own->accepted ? "accepted" : "revoked";
    if (m->result.detail != NULL)
        m->audit.detail = bytes_str(m->result.detail);
}

/* A certificate that was confirmed may have been revoked since. */
static void ask_late(struct cmp_message *m)
{
    if (m->tx.state == STORE_TX_CONFIRMED && cmp_has_parts(m))
        cmp_want_issued(m);
    else if (m->tx.state == STORE_TX_CONFIRMED)
        m->late_certificate = cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, m->tx.serial);
}

static int is_good_still(const struct cmp_message *m)
{
    const struct store_fetch *fetch = m->late_certificate;
    const struct store_cert *stored = fetch != NULL ? fetch->rows : NULL;

    /* Nobody has asked where the confirmation was stored a moment ago. */
    return fetch == NULL || (fetch->outcome == STORE_FOUND && stored->status == STORE_CERT_VALID);
}

/* RFC 9810 appendix F, of certRevoked: "has already been revoked". */
static enum cmp_turn late(struct cmp_message *m)
{
    if (m->late_certificate != NULL && m->late_certificate->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    if (m->tx.state == STORE_TX_CONFIRMED && cmp_has_parts(m) && cmp_check_issued(m, 0) != CMP_ON)
        return CMP_REFUSED;
    /* It is judged as any, and answered by pkiConf if it accepts the certificate. */
    if (m->tx.state == STORE_TX_CONFIRMED && is_good_still(m))
        return m->tx.implicit_confirm && (m->late_certificate != NULL || cmp_has_parts(m)) &&
                       cmp_tolerates(m, TOLERANCE_CONFIRM_AFTER_IMPLICIT)
                   ? CMP_ON
                   : refuse_confirmed(m);
    if (m->tx.state == STORE_TX_CONFIRMED)
        return cmp_refuse(
            m, PKI_CERT_REVOKED,
            "the certificate of this transaction was confirmed, and is revoked or on hold since", NULL);
    if (m->tx.state == STORE_TX_REJECTED)
        return cmp_refuse(m, PKI_CERT_REVOKED,
                          "the certificate of this transaction was rejected, and is revoked: start again",
                          NULL);
    if (m->tx.state == STORE_TX_WAITING) {
        cmp_refuse(m, PKI_BAD_REQUEST,
                   "the request waits for approval: there is nothing to confirm yet, poll for it", NULL);
        m->refusal.keeps = 1;
        return CMP_REFUSED;
    }
    return cmp_refuse(m, PKI_BAD_REQUEST, "the transaction has ended", NULL);
}

static cmp_step *const run[] = {check, judge, NULL};

/* What is the same of one certificate and of several. */
#define A_CERTCONF                                                                                           \
    .request = PKI_CERTCONF, .response = PKI_PKICONF, .awaited = 1U << STORE_TX_WAIT_CONFIRM,                \
    .audit = "confirm", .again = answer, .ask_late = ask_late, .late = late

/* ---- of several certificates ---- */

static const uint8_t nothing[2] = {0x30, 0x00};

/* What is wrong with the certConf as a whole. */
static enum cmp_turn check_whole(struct cmp_message *m)
{
    const struct confirmation *own = m->state;

    if (m->body_fault != NULL)
        return cmp_refuse(m, m->body_fail_info, m->body_fault, NULL);
    for (size_t i = 0; i < own->count; i++)
        for (size_t j = 0; j < i; j++)
            if (own->status[i].cert_req_id == own->status[j].cert_req_id)
                return cmp_refuse(m, PKI_BAD_REQUEST, "a certReqId stands twice in the certConf", NULL);
    return own->used == own->count
               ? CMP_ON
               : cmp_refuse(m, PKI_BAD_REQUEST, "certReqId is that of no certificate of the answer", NULL);
}

/* RFC 9810 5.3.18: "omission of a CertStatus structure corresponding to a certificate supplied in the
 * previous response message indicates rejection of the certificate." */
static struct bytes status_for(const struct cmp_message *m, int64_t cert_req_id)
{
    struct confirmation *own = m->state;
    struct bytes body = bytes_of(nothing, sizeof nothing);

    for (size_t i = 0; i < own->count; i++)
        if (own->status[i].cert_req_id == cert_req_id) {
            body = own->bodies[i];
            own->used++;
        }
    return body;
}

/* Each is looked at whatever is wrong with the certConf: a refusal ends all of them. */
static enum cmp_turn give_out(struct cmp_message *m)
{
    struct confirmation *own = m->state;
    size_t count;

    if (m->body_fault == NULL && !pki_split(own->bodies, &count, BOUND_SEVERAL, m->arena, m->in.body))
        return cmp_out_of_memory(m);
    if (m->body_fault != NULL)
        own->count = 0;
    return cmp_give_to_parts(m, status_for);
}

static enum cmp_turn answer_for_all(struct cmp_message *m)
{
    enum cmp_turn turn = cmp_refuse_with_parts(m);

    /* What fails for now comes before what is wrong. */
    if (turn == CMP_END || (turn == CMP_REFUSED && m->refusal.fail_info == PKI_SYSTEM_UNAVAIL))
        return turn;
    if (check_whole(m) != CMP_ON || turn == CMP_REFUSED)
        return CMP_REFUSED;
    m->result.event = "several certificates confirmed or rejected";
    return answer(m);
}

static void record_all(struct cmp_message *m, struct store_unit *unit)
{
    enum store_tx_state state = STORE_TX_REJECTED;

    for (size_t i = 0; i < m->inner->started; i++)
        if (((const struct confirmation *)m->inner->messages[i]->state)->accepted)
            state = STORE_TX_CONFIRMED;
    cmp_end_whole(m, unit, state);
}

static cmp_step *const run_several[] = {
    give_out, cmp_ask_room, cmp_start_inner, cmp_ask_admission, cmp_carry, answer_for_all, NULL};

static const struct cmp_operation of_several = {
    A_CERTCONF,
    .run = run_several,
    .record = record_all,
};

const struct cmp_operation cmp_certconf = {
    A_CERTCONF, .decode = decode, .run = run, .record = record, .of_several = &of_several,
};
