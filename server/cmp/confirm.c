/* certConf (RFC 9810 5.3.18, RFC 9483 4.1.1), and an error message from the peer (RFC 9810 5.3.21). */
#include "server/cmp/internal.h"

static cmp_step certificate_found, commit_confirmation;

void cmp_confirm(struct cmp_message *m)
{
    const struct cert_status *status = m->cert_status;

    if (m->body_fault != NULL) {
        cmp_refuse(m, PKI_BAD_DATA_FORMAT, m->body_fault, NULL);
        return;
    }
    if (m->cert_status_count > 1) {
        cmp_refuse(m, PKI_BAD_REQUEST, "send one CertStatus in a certConf", NULL);
        return;
    }
    /* RFC 9810 5.3.18: hashAlg belongs to version 3. */
    if (m->cert_status_count == 1 && status->hash_alg.len != 0 && m->in.header.pvno != PKI_CMP2021) {
        cmp_refuse(m, PKI_BAD_REQUEST, "hashAlg in a certConf needs pvno 3", NULL);
        return;
    }
    /* Of p10cr the answer says -1; clients are known to confirm with 0 all the same. */
    if (m->cert_status_count == 1 && status->cert_req_id != m->tx.cert_req_id &&
        !(m->tx.body == PKI_P10CR && status->cert_req_id == 0)) {
        cmp_refuse(m, PKI_BAD_REQUEST, "certReqId is not that of the request", NULL);
        return;
    }
    /* RFC 9483 4.1.1: "positive values allowed: accepted, negative values allowed: rejection"; what only
     * warns of a change accepts, too. */
    if (m->cert_status_count == 1 && status->has_status && status->status.status != PKI_ACCEPTED &&
        status->status.status != PKI_GRANTED_WITH_MODS && status->status.status != PKI_REJECTION) {
        cmp_refuse(m, PKI_BAD_REQUEST, "status in a certConf must be accepted or rejection", NULL);
        return;
    }
    cmp_want_row(m, m->profile->ca, STORE_FETCH_CERT, m->tx.serial);
    m->next = certificate_found;
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

static void certificate_found(struct cmp_message *m)
{
    const struct store_fetch fetch = m->wants[0].u.fetch;
    const struct cert_status *status = m->cert_status;
    uint8_t hash[DIGEST_MAX];
    enum digest_id digest;
    size_t len;
    int accepted;

    if (fetch.outcome == STORE_FETCH_UNAVAILABLE) {
        cmp_refuse_unavailable(m, NULL);
        return;
    }
    if (fetch.outcome != STORE_FOUND) {
        cmp_refuse(m, PKI_SYSTEM_FAILURE, "the certificate of this transaction is missing: ask the operator",
                   NULL);
        return;
    }
    m->certificate = fetch.row.cert.certificate;
    if (m->cert_status_count == 1) {
        digest = hash_of(status, m->certificate);
        if (digest == DIGEST_NONE) {
            cmp_refuse(m, PKI_BAD_ALG, "hashAlg is not supported", NULL);
            return;
        }
        len = digest_compute(hash, digest, m->certificate);
        if (!bytes_equal(status->cert_hash, bytes_of(hash, len))) {
            cmp_refuse(m, PKI_BAD_CERT_ID, "certHash is not that of the certificate issued", NULL);
            return;
        }
    }
    /* An empty certConf rejects the certificate; no statusInfo accepts it (RFC 9810 5.3.18). */
    accepted = m->cert_status_count == 1 && (!status->has_status || status->status.status != PKI_REJECTION);
    m->change = (struct store_cert_change){
        .serial = m->tx.serial,
        .only_from = accepted ? STORE_CERT_UNCONFIRMED : 0,
        .status = accepted ? STORE_CERT_VALID : STORE_CERT_REVOKED,
        .reason = 0, /* unspecified: the device's reasons are not CRLReasons */
        .at = m->now,
    };
    m->new_tx = m->tx;
    m->new_tx.state = accepted ? STORE_TX_CONFIRMED : STORE_TX_REJECTED;
    m->result.event = accepted ? "certificate confirmed" : "certificate rejected";
    if (!accepted && status->has_status)
        m->result.detail = peer_text(m, status->status.text);
    cmp_reply_pkiconf(m, commit_confirmation);
}

/* Not path-validated again, except for revocation (ARCHITECTURE.md, "Transactions"). */
static void commit_confirmation(struct cmp_message *m)
{
    struct store_unit *unit = cmp_commit(m);

    m->new_tx.sender_nonce = bytes_of(m->nonce, CMP_NONCE);
    m->new_tx.peer_nonce = m->in.header.sender_nonce;
    m->new_tx.last_hash = bytes_of(m->request_hash, CMP_HASH);
    m->new_tx.deadline = 0;
    m->result.serial = m->tx.serial;
    unit->expect_state = STORE_TX_WAIT_CONFIRM;
    unit->tx = &m->new_tx;
    unit->change = &m->change;
    unit->signer_serial = m->tx.signer_serial;
    m->audit.event = m->new_tx.state == STORE_TX_CONFIRMED  ? "confirm"
                     : m->new_tx.state == STORE_TX_REJECTED ? "reject"
                                                            : "peer error";
    m->audit.outcome = m->new_tx.state == STORE_TX_CONFIRMED ? "accepted" : "revoked";
    if (m->result.detail != NULL)
        m->audit.detail = bytes_str(m->result.detail);
}

/* The hash of the last accepted request stays: the refused message, sent again, is refused again. */
void cmp_fail_transaction(struct cmp_message *m)
{
    struct store_unit *unit = cmp_commit(m);

    m->change =
        (struct store_cert_change){.serial = m->tx.serial, .status = STORE_CERT_REVOKED, .at = m->now};
    m->new_tx = m->tx;
    m->new_tx.state = STORE_TX_REJECTED;
    m->new_tx.deadline = 0;
    m->result.serial = m->tx.serial;
    unit->expect_state = STORE_TX_WAIT_CONFIRM;
    unit->tx = &m->new_tx;
    unit->change = &m->change;
    m->audit.event = "reject";
    m->audit.outcome = "revoked";
    m->audit.detail = bytes_str(m->result.text);
}

/* The device gives up: nothing tells that it keeps the certificate, so it is treated as rejected. */
void cmp_received_error(struct cmp_message *m)
{
    if (m->body_fault != NULL) {
        cmp_refuse(m, PKI_BAD_DATA_FORMAT, m->body_fault, NULL);
        return;
    }
    m->change =
        (struct store_cert_change){.serial = m->tx.serial, .status = STORE_CERT_REVOKED, .at = m->now};
    m->new_tx = m->tx;
    m->new_tx.state = STORE_TX_ENDED;
    m->result.event = "transaction ended by the peer";
    cmp_reply_pkiconf(m, commit_confirmation);
}

/* Whoever sent it is not known: it is answered, as RFC 9810 5.3.21 wants, and changes nothing. */
void cmp_received_bare_error(struct cmp_message *m)
{
    if (!cmp_check_recip_nonce(m))
        return;
    if (m->body_fault != NULL) {
        cmp_refuse(m, PKI_BAD_DATA_FORMAT, m->body_fault, NULL);
        return;
    }
    m->result.event = "error without protection, ignored";
    cmp_reply_pkiconf(m, NULL);
}
