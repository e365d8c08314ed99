/* error, from the peer (RFC 9810 5.3.21). */
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

/* What is the same of one certificate and of several. */
#define AN_ERROR                                                                                             \
    .request = PKI_ERROR, .response = PKI_PKICONF, .flags = CMP_MAY_BE_BARE, .audit = "peer error",          \
    .again = answer

/* ---- of a transaction with several certificates: each of them is given up ---- */

static struct bytes the_same(const struct cmp_message *m, int64_t cert_req_id)
{
    (void)cert_req_id;
    return m->in.body;
}

static enum cmp_turn give_out(struct cmp_message *m)
{
    enum cmp_turn turn;

    if (m->body_fault == NULL && m->authenticated)
        return cmp_give_to_parts(m, the_same);
    return (turn = receive(m)) == CMP_ON ? CMP_ANSWERED : turn;
}

static enum cmp_turn answer_for_all(struct cmp_message *m)
{
    enum cmp_turn turn = cmp_refuse_with_parts(m);

    return turn == CMP_ON ? receive(m) : turn;
}

static void record_all(struct cmp_message *m, struct store_unit *unit)
{
    cmp_end_whole(m, unit, STORE_TX_ENDED);
}

static cmp_step *const run_several[] = {
    give_out, cmp_ask_room, cmp_start_inner, cmp_ask_admission, cmp_carry, answer_for_all, NULL};

static const struct cmp_operation of_several = {
    AN_ERROR,
    .awaited = 1U << STORE_TX_WAIT_CONFIRM,
    .run = run_several,
    .record = record_all,
};

const struct cmp_operation cmp_error = {
    AN_ERROR,         .awaited = 1U << STORE_TX_WAIT_CONFIRM | 1U << STORE_TX_WAITING,
    .decode = decode, .run = run,
    .record = record, .of_several = &of_several,
};
