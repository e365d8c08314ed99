/* A byte-identical message is answered again (ARCHITECTURE.md, "Transactions"), from certificate and row,
 * protected anew. */
#include "server/cmp/internal.h"

/* Whoever polls for an answer gets that of the request which began the transaction. */
static enum cmp_turn become_request(struct cmp_message *m)
{
    const struct cmp_operation *begun = cmp_operation_of(m->tx.body);

    if (begun->recover == NULL)
        return cmp_refuse(m, PKI_BAD_REQUEST, "the answer to the request cannot be given again: start again",
                          NULL);
    if (cmp_has_parts(m) && begun->of_several != NULL)
        begun = begun->of_several;
    m->operation = begun;
    cmp_answer_nonce(m, m->tx.request_nonce);
    return begun->recover(m) ? CMP_ON : cmp_out_of_memory(m);
}

enum cmp_turn cmp_recall(struct cmp_message *m)
{
    const char *why = NULL;
    enum cmp_turn turn;

    /* While it waits, a poll that comes again is told so again. */
    if (cmp_has(m, CMP_POLLS) && m->tx.state != STORE_TX_WAITING && (turn = become_request(m)) != CMP_ON)
        return turn;

    m->result.event = "answered again";
    m->result.detail = m->result.text = NULL;
    m->result.refused = 0;
    m->answers_again = 1;
    m->held = 0;
    m->record = NULL;
    m->result.serial = m->tx.serial;
    m->result.subject = bytes_of(NULL, 0); /* of a certificate that lost a race, and is none */
    /* The same octets were accepted before: whoever sends them learns nothing new. If the secret is gone, the
     * answer is signed. */
    if (m->is_mac && m->secret.len == 0)
        cmp_open_secret(m, &why);
    if (m->secret.len != 0)
        cmp_want_protecting_mac(m);
    if (m->operation->recall != NULL)
        m->operation->recall(m);
    return CMP_ON;
}

enum cmp_turn cmp_answer_again(struct cmp_message *m)
{
    if (m->secret.len != 0)
        m->mac_verified = m->mac_key->len != 0;
    return m->operation->again(m);
}
