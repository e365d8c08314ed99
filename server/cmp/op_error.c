/* error: from the peer (RFC 9810 5.3.21), and to it where an operation has no response to refuse with. */
#include "server/cmp/internal.h"

static const uint8_t null_element[2] = {0x05, 0x00};

static int decode(struct cmp_message *m)
{
    struct pki_status_info ignored;

    if (!pki_decode_error(&ignored, m->in.body))
        cmp_fault(m, PKI_BAD_DATA_FORMAT, "ErrorMsgContent is malformed");
    return 1;
}

static enum cmp_turn answer(struct cmp_message *m)
{
    return cmp_answer(m, 1, bytes_of(null_element, sizeof null_element));
}

/* Whoever sent it without protection is not known: it is answered, as RFC 9810 5.3.21 wants, and changes
 * nothing. */
static enum cmp_turn receive(struct cmp_message *m)
{
    if (m->body_fault != NULL)
        return cmp_refuse_body(m, m->body_fail_info, m->body_fault);
    m->result.event =
        m->authenticated ? "transaction ended by the peer" : "error without protection, ignored";
    return answer(m);
}

/* The device gives up: nothing tells that it keeps the certificate, so it is treated as rejected; and what
 * waits for approval is over. */
static void record(struct cmp_message *m, struct store_unit *unit)
{
    m->audit.event = m->operation->audit;
    if (m->tx.state == STORE_TX_WAITING) {
        cmp_end_waiting(m, unit);
        m->audit.outcome = "ended";
        return;
    }
    m->change =
        (struct store_cert_change){.serial = m->tx.serial, .status = STORE_CERT_REVOKED, .at = m->now};
    cmp_end_tx(m, unit, STORE_TX_ENDED);
    cmp_accept(m);
    if (m->tx.body == PKI_KUR)
        cmp_give_back(m);
    else
        unit->signer_serial = m->tx.signer_serial;
    m->audit.outcome = "revoked";
}

static cmp_step *const run[] = {receive, NULL};

const struct cmp_operation cmp_error = {
    .request = PKI_ERROR,
    .response = PKI_PKICONF,
    .flags = CMP_MAY_BE_BARE,
    .awaited = 1U << STORE_TX_WAIT_CONFIRM | 1U << STORE_TX_WAITING,
    .audit = "peer error",
    .decode = decode,
    .run = run,
    .record = record,
    .again = answer,
};

static int refusal(struct cmp_message *m, struct bytes *body, const struct pki_status_info *status)
{
    return pki_encode_error(body, m->arena, status);
}

const struct cmp_operation cmp_unsupported = {
    .request = -1, .response = PKI_ERROR, .audit = "?", .refusal = refusal};
