/* Whom the operator has asked before a certificate is issued: what is asked, and what follows from the
 * answer. */
#include "server/cmp/internal.h"
#include "storage/row.h"

/* Parts of a message are different requests: SHA-256 over that of the message, and the number of the part. */
static struct bytes request_hash(struct cmp_message *m)
{
    uint8_t *hash, of[CMP_HASH + STORE_PART_ID];

    if (m->whole == NULL)
        return bytes_of(m->request_hash, CMP_HASH);
    if ((hash = cmp_alloc(m, CMP_HASH)) == NULL)
        return bytes_of(NULL, 0);
    memcpy(of, m->request_hash, CMP_HASH);
    memcpy(of + CMP_HASH, m->transaction_id.data, STORE_PART_ID);
    digest_compute(hash, DIGEST_SHA256, bytes_of(of, sizeof of));
    return bytes_of(hash, CMP_HASH);
}

const struct cmp_question *cmp_ask(struct cmp_message *m, const struct cmp_decision *decision)
{
    const struct cmp_authorizer *authorizer = m->profile->authorizer;
    struct cmp_question *question = authorizer != NULL ? cmp_want_question(m) : NULL;

    if (question == NULL)
        return NULL;
    question->authorizer = authorizer;
    question->decision = decision;
    question->body = pki_body_name(m->in.body_type);
    question->transaction_id = store_whole_id(m->transaction_id);
    question->request_hash = request_hash(m);
    question->key_hash = bytes_of(m->key_hash, CMP_HASH);
    question->asker = m->is_mac ? m->in.header.sender_kid : m->signer->spki;
    question->asks_for_many = m->is_ra || m->agent != NULL || (m->is_mac && m->stored_secret->reusable);
    question->arena = m->arena;
    return question;
}

static enum cmp_turn refuse(struct cmp_message *m, const struct cmp_question *question,
                            enum pki_failure fail_info, const char *text)
{
    cmp_refuse_body(m, fail_info, text);
    m->refusal.detail = question->reason;
    return cmp_by(m, "authorize", CMP_REFUSED);
}

enum cmp_turn cmp_judge_verdict(struct cmp_message *m, const struct cmp_question *question)
{
    int names = question->names.subject_count != 0 || question->names.san_count != 0;

    switch (question->verdict) {
    case CMP_VERDICT_ALLOW:
        /* RFC 9483 4.1.3: an update keeps the names. */
        if (names && question->decision->update != NULL) {
            cmp_refuse_body(m, PKI_SYSTEM_FAILURE,
                            "the operator's system wants other names for an update: ask the operator");
            m->refusal.detail = "an update keeps its names: what is asked may allow or deny it";
            return cmp_by(m, "authorize", CMP_REFUSED);
        }
        return CMP_ON;
    case CMP_VERDICT_DENY:
        return refuse(m, question, PKI_NOT_AUTHORIZED,
                      question->text != NULL ? question->text
                                             : "the operator's system does not allow this: ask the operator");
    case CMP_VERDICT_NONE:
        break;
    }
    return refuse(m, question, PKI_SYSTEM_UNAVAIL,
                  "the operator's system that has to allow this does not answer: try again later");
}
