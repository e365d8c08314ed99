/* What an operation's last step returns, and what any step returns instead of going on. */
#include "server/cmp/internal.h"

enum cmp_turn cmp_answer(struct cmp_message *m, int ok, struct bytes body)
{
    m->answer = body;
    m->answer_body = m->operation->response;
    /* Answered again, there is nothing to write. */
    m->record = m->answers_again || !m->authenticated ? NULL : m->operation->record;
    return ok ? CMP_ON : cmp_out_of_memory(m);
}

void cmp_answer_nonce(struct cmp_message *m, struct bytes request_nonce)
{
    if (m->profile->config->answer.poll_nonce == CONFIG_POLL_NONCE_REQUEST && request_nonce.len != 0)
        m->in.header.sender_nonce = request_nonce;
}

enum cmp_turn cmp_refuse(struct cmp_message *m, enum pki_failure fail_info, const char *text,
                         const char *detail)
{
    m->refusal = (struct cmp_refusal){.fail_info = fail_info, .text = text, .detail = detail};
    return CMP_REFUSED;
}

enum cmp_turn cmp_refuse_body(struct cmp_message *m, enum pki_failure fail_info, const char *text)
{
    cmp_refuse(m, fail_info, text, NULL);
    m->refusal.in_body = 1;
    return CMP_REFUSED;
}

enum cmp_turn cmp_by(struct cmp_message *m, const char *setting, enum cmp_turn turn)
{
    m->refusal.setting = setting;
    return turn;
}

enum cmp_turn cmp_refuse_form(struct cmp_message *m, const char *text)
{
    cmp_refuse(m, PKI_BAD_REQUEST, text, NULL);
    m->refusal.keeps = !cmp_to_the_letter(m);
    return CMP_REFUSED;
}

enum cmp_turn cmp_refuse_unavailable(struct cmp_message *m, const char *detail)
{
    return cmp_refuse(m, PKI_SYSTEM_UNAVAIL, "the server's store is not available: try again later", detail);
}

enum cmp_turn cmp_out_of_memory(struct cmp_message *m)
{
    m->result.end = JOB_BUSY;
    m->result.reply = bytes_of(NULL, 0);
    m->result.event = "request refused";
    m->result.refused = 1;
    m->result.fail_info = PKI_SYSTEM_UNAVAIL;
    m->result.detail = "no memory: of the job, or of the process";
    m->result.setting = NULL;
    return CMP_END;
}

void cmp_fault(struct cmp_message *m, enum pki_failure fail_info, const char *text)
{
    m->body_fail_info = fail_info;
    m->body_fault = text;
}

/* What an attacker may learn is the same for an unknown reference and for a wrong secret. */
enum cmp_turn cmp_refuse_mac(struct cmp_message *m, const char *detail)
{
    return cmp_refuse(m, PKI_BAD_MESSAGE_CHECK, "reference and secret do not belong together: check both",
                      detail);
}
