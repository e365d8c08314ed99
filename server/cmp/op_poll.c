/* pollReq (RFC 9810 5.3.22, RFC 9483 4.4): what became of a request that waits for approval; and, where
 * nothing waits, the answer once more for a client that did not hear it. */
#include "server/cmp/internal.h"
#include "server/pki/polling.h"

struct poll {
    int64_t cert_req_id;
    size_t count;
};

static int decode(struct cmp_message *m)
{
    struct poll *own = m->state = arena_alloc(m->arena, sizeof *own);

    if (own == NULL)
        return 0;
    if (!pki_decode_poll_req(&own->cert_req_id, &own->count, m->in.body))
        cmp_fault(m, PKI_BAD_DATA_FORMAT, "PollReqContent is malformed");
    return 1;
}

/* It changes nothing: the transaction goes on as it would have. */
static enum cmp_turn refuse(struct cmp_message *m, enum pki_failure fail_info, const char *text)
{
    cmp_refuse(m, fail_info, text, NULL);
    m->refusal.keeps = 1;
    return CMP_REFUSED;
}

/* Of p10cr the answer says -1; clients are known to say 0 all the same. */
static int is_polled_for(const struct cmp_message *m, int64_t cert_req_id)
{
    return cert_req_id == PKI_POLL_WHOLE || cert_req_id == m->tx.cert_req_id || cmp_has_parts(m) ||
           (m->tx.body == PKI_P10CR && cert_req_id == 0);
}

/* RFC 9810 5.3.22: "Its certReqId MUST be either the index of a CertResponse data structure with status
 * "waiting" or -1 referring to the complete response." */
static enum cmp_turn check(struct cmp_message *m)
{
    const struct poll *own = m->state;

    if (m->body_fault != NULL)
        return refuse(m, m->body_fail_info, m->body_fault);
    if (own->count != 1)
        return refuse(m, PKI_BAD_REQUEST, "poll for one certReqId in a pollReq");
    if (!is_polled_for(m, own->cert_req_id))
        return refuse(m, PKI_BAD_REQUEST, "certReqId is not that of the request");
    return CMP_ON;
}

static enum cmp_turn begin(struct cmp_message *m)
{
    if (check(m) != CMP_ON)
        return CMP_REFUSED;
    if (m->tx.state == STORE_TX_WAITING)
        return cmp_ask_approvals(m);
    /* Nothing tells that it is now that it was made: whoever has recorded it may send it as often as he
     * likes. */
    m->authenticated = 0;
    return CMP_REPLAY;
}

static enum cmp_turn answer(struct cmp_message *m)
{
    const struct poll *own = m->state;
    struct bytes body;
    int ok = pki_encode_poll_rep(&body, m->arena, own->cert_req_id,
                                 m->profile->config->approve.check_after_seconds,
                                 bytes_str("the request waits for approval"));

    m->result.event = "request waits for approval still";
    return cmp_answer(m, ok, body);
}

/* Told as the request is answered: RFC 9483 4.4, "the EE can continue the current PKI management operation as
 * usual". */
static enum cmp_turn refuse_request(struct cmp_message *m, enum pki_failure fail_info, const char *text,
                                    const char *detail)
{
    m->approved = cmp_waiting_request(m);
    m->denied = 1;
    cmp_refuse_body(m, fail_info, text);
    m->refusal.detail = detail;
    return CMP_TAKEN_UP;
}

static enum cmp_turn judge(struct cmp_message *m)
{
    enum cmp_approval approval;
    enum cmp_turn turn = cmp_judge_approvals(m, &approval);

    if (turn != CMP_ON)
        return turn;
    switch (approval) {
    case CMP_APPROVAL_GIVEN:
        m->approved = cmp_waiting_request(m);
        return CMP_TAKEN_UP;
    case CMP_APPROVAL_DENIED:
        return refuse_request(m, PKI_NOT_AUTHORIZED, CMP_DENIED, cmp_denial(m));
    case CMP_APPROVAL_EXPIRED:
        return cmp_by(
            m, "approve.expire_hours",
            refuse_request(m, PKI_NOT_AUTHORIZED, CMP_NOT_APPROVED, "approve.expire_hours is over"));
    case CMP_APPROVAL_NONE:
        break;
    }
    return answer(m);
}

/* The next poll repeats the nonce of this answer. */
static void record(struct cmp_message *m, struct store_unit *unit)
{
    m->new_tx = m->tx;
    cmp_accept(m);
    unit->expect_state = STORE_TX_WAITING;
    store_unit_write(unit, STORE_UPDATE, STORE_TRANSACTIONS, &m->new_tx);
    unit->audit = NULL; /* it changes nothing of what is decided */
}

/* What was confirmed when it was issued has an answer that may not have arrived, and so has what waited and
 * is over. */
static enum cmp_turn late(struct cmp_message *m)
{
    int has_answer = m->tx.state == STORE_TX_CONFIRMED
                         ? m->tx.implicit_confirm
                         : m->tx.state == STORE_TX_ENDED && m->tx.request_nonce.len != 0;

    return has_answer ? cmp_check_recip_nonce(m) : refuse(m, PKI_BAD_REQUEST, "the transaction has ended");
}

static cmp_step *const run[] = {begin, cmp_ask_signatures, judge, NULL};

const struct cmp_operation cmp_poll = {
    .request = PKI_POLLREQ,
    .response = PKI_POLLREP,
    .flags = CMP_POLLS,
    .awaited = 1U << STORE_TX_WAIT_CONFIRM | 1U << STORE_TX_WAITING,
    .audit = "poll",
    .decode = decode,
    .run = run,
    .record = record,
    .again = answer,
    .late = late,
};
