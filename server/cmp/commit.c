/* One unit a message: what every answer waits for, and what becomes of it when the store says otherwise. */
#include "server/cmp/internal.h"

enum cmp_turn cmp_store(struct cmp_message *m)
{
    struct store_unit *unit;

    m->unit = NULL;
    if (m->record == NULL)
        return CMP_ON;
    if ((unit = cmp_want_unit(m)) == NULL)
        return CMP_END;
    cmp_fill_unit(m, unit);
    m->unit = unit;
    return CMP_ON;
}

/* Another node, or another worker, was faster: the answer is that of its row, if it had the same message. */
static enum cmp_turn transaction_taken(struct cmp_message *m, const struct store_tx *row)
{
    struct bytes hash = bytes_of(m->request_hash, CMP_HASH);
    int overtaken;

    if (row->transaction_id.len == 0 && m->takes_over)
        return cmp_refuse_unavailable(m, "the transaction that had this transactionID was purged meanwhile");
    if (row->transaction_id.len == 0)
        return cmp_refuse(m, PKI_BAD_REQUEST, "no transaction has this transactionID: start again", NULL);
    overtaken = m->has_tx && bytes_equal(m->tx.request_hash, row->request_hash) &&
                row->state != STORE_TX_WAITING && (m->approved != NULL || cmp_has(m, CMP_POLLS));
    m->has_tx = 1;
    m->tx = *row;
    /* Another poll was faster: what it did is the answer to this one as well. */
    if (overtaken)
        return CMP_REPLAY;
    if (bytes_equal(m->tx.last_hash, hash) || bytes_equal(m->tx.request_hash, hash))
        return CMP_REPLAY;
    return cmp_refuse_late(m);
}

static enum cmp_turn refuse_signer(struct cmp_message *m)
{
    return cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED, "the protecting certificate is revoked", NULL);
}

static enum cmp_turn conflict(struct cmp_message *m, const struct store_unit *unit)
{
    switch (unit->conflict) {
    case STORE_PRE_TX:
        return transaction_taken(m, &unit->row);
    case STORE_PRE_SECRET:
        return cmp_refuse(m, PKI_NOT_AUTHORIZED,
                          "the shared secret has been used or withdrawn: ask for a new one", NULL);
    case STORE_PRE_KEY_UNUSED:
        return cmp_by(m, "keys.unique",
                      cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE,
                                      "publicKey is in use in another certificate: make a new key"));
    case STORE_PRE_KEY_BLOCKED:
        return cmp_refuse_blocked(m);
    case STORE_PRE_SIGNER_BLOCKED:
        return cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED,
                          "the key of the protecting certificate is not taken any more",
                          "it is blocked: see cmpctl key list");
    case STORE_PRE_DEVICE_BLOCKED:
        return cmp_refuse_blocked_device(m);
    case STORE_PRE_CLAIM:
        if (m->held)
            return cmp_refuse(m, PKI_SYSTEM_UNAVAIL,
                              "other requests of this sender came at the same time: try again", NULL);
        return CMP_RACED; /* whoever claims has these steps */
    case STORE_PRE_SIGNER:
        return refuse_signer(m);
    case STORE_PRE_CERT:
        /* A predecessor that is no more valid (cmp_supersede), where nothing can be judged again. */
        return m->operation->raced != NULL ? CMP_RACED : refuse_signer(m);
    default:
        break;
    }
    return cmp_refuse(m, PKI_SYSTEM_FAILURE, "the server could not store the certificate: try again",
                      "serial taken");
}

/* What the store says of a part is told of that alone, and the rest goes without it; what may change by
 * itself, or came too late, is told of all. */
static enum cmp_turn conflict_of_part(struct cmp_message *m, struct store_unit *failed)
{
    struct cmp_message *part = NULL;
    enum cmp_turn turn;

    for (size_t i = 0; i < m->inner->started; i++)
        if (m->inner->messages[i]->unit == failed)
            part = m->inner->messages[i];
    turn = part != NULL ? conflict(part, failed) : CMP_END;
    if (turn == CMP_RACED || turn == CMP_REPLAY)
        return cmp_refuse(m, PKI_SYSTEM_UNAVAIL,
                          "other requests of this sender came at the same time: try again", NULL);
    if (turn != CMP_REFUSED)
        return cmp_out_of_memory(m);
    if (m->operation->raced == NULL) {
        m->refusal = part->refusal;
        m->refusal.in_body = 0;
        return CMP_REFUSED;
    }
    return cmp_begin_refusal(part) == CMP_ON ? CMP_RACED : cmp_out_of_memory(m);
}

enum cmp_turn cmp_judge_store(struct cmp_message *m)
{
    struct store_unit *unit = m->unit, *failed;

    m->lookup = NULL;
    if (unit == NULL)
        return CMP_ON;
    switch (unit->outcome) {
    case STORE_DONE:
        return CMP_ON; /* the reply stands, and may go out */
    case STORE_CONFLICT:
        failed = store_unit_failed(unit);
        return failed == unit ? conflict(m, unit) : conflict_of_part(m, failed);
    case STORE_UNKNOWN:
        m->lookup = cmp_want_row(m, m->profile->ca, STORE_TRANSACTIONS, unit->tx_id);
        return CMP_ON;
    default:
        return cmp_refuse_unavailable(m, NULL);
    }
}

/* The commit may have been done or not: the row tells. */
enum cmp_turn cmp_find_out(struct cmp_message *m)
{
    const struct store_fetch *lookup = m->lookup;
    const struct store_tx *tx;

    if (lookup == NULL)
        return CMP_ON;
    tx = lookup->rows;
    if (lookup->outcome != STORE_FOUND || !bytes_equal(tx->last_hash, bytes_of(m->request_hash, CMP_HASH)))
        return cmp_refuse_unavailable(m, "outcome unknown");
    m->has_tx = 1;
    m->tx = *tx;
    return CMP_REPLAY;
}
