/* nested (RFC 9810 5.1.3.5, RFC 9483 5.2.2): an RA adds its protection to one message, or sends a batch of
 * them. It has no row in the store: each message in it has its own, as if it had come alone, and sent again
 * is answered again from that.
 *
 * Which of both it is, the transactionID says: that of the one message in it (5.2.2.1), or one of its own
 * (5.2.2.2). The first is answered "without wrapping it in a nested message", by the answer to the message in
 * it; a batch by a nested message with all answers, in the order of the requests.
 *
 * Added protection tells that an RA has verified and approved the message, and the audit record tells whose
 * it is. Nothing of the message is taken for proven by it: 5.2.2.1 keeps "the original message
 * authentication", and 5.1.1 takes raVerified from who signed the request itself. */
#include "server/cmp/internal.h"
#include "server/pki/nested.h"

/* Nothing of the messages is read, and none is priced, before it is known whose they are. */
static int decode(struct cmp_message *m)
{
    struct cmp_inner *inner = m->state = cmp_alloc(m, sizeof *inner);
    const char *why;

    if (inner == NULL)
        return 0;
    if (!pki_decode_nested(inner->requests, &inner->count, &why, m->in.body))
        cmp_fault(m, PKI_BAD_DATA_FORMAT, why);
    return 1;
}

/* ---- may it be taken ---- */

/* RFC 9483 5.2.2.1: "MUST validate the additional protection signature on the nested message and check the
 * authorization for the approval it implies." A batch implies none, and counts as many messages: it is taken
 * from the same. */
static enum cmp_turn check_sender(struct cmp_message *m)
{
    if (!m->is_ra)
        return cmp_by(
            m, "accept.ras",
            cmp_refuse(m, PKI_NOT_AUTHORIZED, "only an RA of this profile may send nested messages", NULL));
    if (m->profile->config->accept.nested == 0)
        return cmp_by(m, "accept.nested",
                      cmp_refuse(m, PKI_NOT_AUTHORIZED, "this profile takes no nested messages", NULL));
    return m->body_fault != NULL ? cmp_refuse_body(m, m->body_fail_info, m->body_fault) : CMP_ON;
}

static enum cmp_turn check_bounds(struct cmp_message *m, size_t count)
{
    unsigned depth = 1;

    for (const struct cmp_message *outer = m->outer; outer != NULL; outer = outer->outer)
        depth++;
    if (depth > BOUND_NESTED_DEPTH)
        return cmp_refuse(m, PKI_BAD_REQUEST, "too many nested messages, one in the other", NULL);
    if (cmp_count_inner(m, count) != CMP_ON)
        return CMP_REFUSED;
    if (count > m->profile->config->accept.nested)
        return cmp_by(m, "accept.nested", cmp_refuse(m, PKI_BAD_REQUEST, CMP_TOO_MANY_NESTED, NULL));
    return CMP_ON;
}

/* The profile that a message names, by itself or by the path; NULL: there is none such, which it is told. */
static const struct cmp_profile *profile_of(const struct cmp_message *m, const struct pki_header *header)
{
    if (header->cert_profile.len != 0)
        return cmp_profile_named(m->settings, header->cert_profile);
    return m->route.profile != NULL ? m->route.profile : m->settings->default_profile;
}

/* RFC 9483 5.2.2.1: "MUST copy the values of the senderNonce and transactionID header fields of the original
 * message". RFC 9483 6.1: "the label to use SHALL be the same as for the underlying PKI management
 * operation": so it is held against the path, and this one is not. */
static enum cmp_turn take_one(struct cmp_message *m, struct cmp_inner *inner, const struct pki_header *header)
{
    const struct cmp_profile *profile = profile_of(m, header);

    if (!bytes_equal(header->sender_nonce, m->in.header.sender_nonce))
        return cmp_refuse(m, PKI_BAD_SENDER_NONCE,
                          "a nested message with the transactionID of the message in it must have its "
                          "senderNonce, too",
                          NULL);
    /* Who may approve for one profile may not for another. */
    if (profile != NULL && profile != m->profile)
        return cmp_by(m, "accept.ras", cmp_refuse(m, PKI_NOT_AUTHORIZED, CMP_OF_ANOTHER_PROFILE, NULL));
    inner->is_approved = 1;
    inner->route = m->route;
    return CMP_ON;
}

/* The transactionID that the server makes where there is none says nothing of what it is. */
static enum cmp_turn take_batch(struct cmp_message *m, struct cmp_inner *inner)
{
    if (m->in.header.transaction_id.len == 0)
        return cmp_refuse(m, PKI_BAD_DATA_FORMAT, "transactionID is missing", NULL);
    if (m->route.body >= 0 && m->route.body != m->operation->request)
        return cmp_refuse(m, PKI_BAD_REQUEST, CMP_WRONG_LABEL, NULL);
    inner->route = (struct cmp_route){.profile = m->route.profile, .body = -1};
    return CMP_ON;
}

/* RFC 9483 5.2.2.2: "a fresh transactionID and a fresh senderNonce MUST be used in the header of the nested
 * message". */
static enum cmp_turn choose_form(struct cmp_message *m, struct cmp_inner *inner)
{
    for (size_t i = 0; i < inner->count; i++) {
        struct pki_message in;
        if (pki_message_decode(&in, NULL, inner->requests[i]) == PKI_UNREADABLE ||
            !bytes_equal(in.header.transaction_id, m->transaction_id))
            continue;
        return inner->count == 1
                   ? take_one(m, inner, &in.header)
                   : cmp_refuse(m, PKI_BAD_REQUEST,
                                "the transactionID of a batch must be none of the messages in it", NULL);
    }
    return take_batch(m, inner);
}

static enum cmp_turn check(struct cmp_message *m)
{
    struct cmp_inner *inner = m->state;

    if (check_sender(m) != CMP_ON || check_bounds(m, inner->count) != CMP_ON ||
        choose_form(m, inner) != CMP_ON)
        return CMP_REFUSED;
    m->inner = inner;
    return CMP_ON;
}

/* ---- the answer ---- */

/* What an answer takes besides what is in it: a header, a protection, certificates of the CA. */
enum { ROOM = 4096 };

/* RFC 9483 5.2.2.1: "sends the response message as described in Section 5.1, without wrapping it in a nested
 * message". It lives in the arena of what it answers. */
static enum cmp_turn answer_one(struct cmp_message *m)
{
    const struct cmp_result *of = &m->inner->messages[0]->result;

    arena_allow(m->arena, of->reply.len + ROOM);
    m->result.end = of->end;
    m->result.reply_body = of->reply_body;
    m->result.reply = arena_copy(m->arena, of->reply);
    return m->result.reply.data != NULL ? CMP_END : cmp_out_of_memory(m);
}

/* RFC 9483 5.2.2.2: "MUST bundle all available individual response messages". What found no memory for its
 * own answer is told so as it would be alone. The answers were within the bounds of their own arenas: the
 * copies that are made of them until all are one message come on top. */
static enum cmp_turn answer_batch(struct cmp_message *m)
{
    enum { COPIES = 4 };
    const struct cmp_inner *inner = m->inner;
    struct bytes answers[BOUND_NESTED_MESSAGES], body = bytes_of(NULL, 0);
    size_t octets = 0;
    int ok = 1;

    for (size_t i = 0; i < inner->count; i++) {
        answers[i] = inner->messages[i]->result.reply;
        octets += answers[i].len + ROOM;
    }
    arena_allow(m->arena, COPIES * octets);
    for (size_t i = 0; i < inner->count; i++)
        if (answers[i].len == 0)
            ok &= cmp_overload_answer(&answers[i], m->arena, inner->requests[i], PKI_SYSTEM_UNAVAIL,
                                      "no memory for this message: try again later");
    return cmp_answer(m, ok && pki_encode_nested(&body, m->arena, answers, inner->count), body);
}

static enum cmp_turn answer(struct cmp_message *m)
{
    m->result.event = "nested message answered";
    return m->inner->is_approved ? answer_one(m) : answer_batch(m);
}

/* RFC 9483 5.2.2.2: "MUST handle each of the included request messages as usual". */
static cmp_step *const run[] = {check,  cmp_ask_room, cmp_start_inner, cmp_ask_admission, cmp_carry,
                                answer, NULL};

const struct cmp_operation cmp_nested = {
    .request = PKI_NESTED,
    .response = PKI_NESTED,
    .flags = CMP_BEGINS | CMP_STANDS_ALONE | CMP_SIGNED | CMP_CARRIES,
    .audit = "nested",
    .decode = decode,
    .run = run,
};
