/* pollReq (RFC 9810 5.3.22). Nothing is waited for here, so there is nothing to poll for; but a client that
 * heard no answer to its request may poll for it, and where that is tolerated the answer comes again. */
#include "server/cmp/internal.h"
#include "server/pki/polling.h"

static int decode(struct cmp_message *m)
{
    if (!pki_decode_poll_req(m->in.body))
        cmp_fault(m, PKI_BAD_DATA_FORMAT, "PollReqContent is malformed");
    return 1;
}

/* It changes nothing: the transaction goes on as it would have. */
static enum cmp_turn refuse(struct cmp_message *m, enum pki_failure fail_info, const char *text,
                            const char *detail)
{
    cmp_refuse(m, fail_info, text, detail);
    m->refusal.keeps = 1;
    return CMP_REFUSED;
}

static enum cmp_turn answer_request(struct cmp_message *m)
{
    if (m->body_fault != NULL)
        return refuse(m, m->body_fail_info, m->body_fault, NULL);
    if (!cmp_tolerates(m, TOLERANCE_POLL_WITHOUT_ANSWER))
        return refuse(m, PKI_BAD_REQUEST, CMP_NOTHING_TO_POLL,
                      cmp_would_tolerate(m, TOLERANCE_POLL_WITHOUT_ANSWER));
    /* Nothing tells that it is now that it was made: whoever has recorded it may send it as often as he
     * likes.
     */
    m->authenticated = 0;
    return CMP_REPLAY;
}

/* What was confirmed when it was issued has an answer, too, that may not have arrived. */
static enum cmp_turn late(struct cmp_message *m)
{
    return m->tx.state == STORE_TX_CONFIRMED && m->tx.implicit_confirm
               ? CMP_ON
               : refuse(m, PKI_BAD_REQUEST, "the transaction has ended", NULL);
}

static cmp_step *const run[] = {answer_request, NULL};

const struct cmp_operation cmp_poll = {
    .request = PKI_POLLREQ,
    .response = PKI_POLLREP,
    .flags = CMP_POLLS,
    .audit = "poll",
    .decode = decode,
    .run = run,
    .again = answer_request,
    .late = late,
};
