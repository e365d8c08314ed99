/* One unit a message: what every answer waits for, and what becomes of it when the store says otherwise. */
#include "crypto/name.h"
#include "server/cmp/internal.h"

static cmp_step find_out;

void cmp_begin_tx(struct cmp_message *m, enum store_tx_state state)
{
    const struct certificate *signer = m->is_mac ? NULL : m->signer;
    struct bytes none = bytes_of(NULL, 0);

    m->new_tx = (struct store_tx){
        .transaction_id = m->transaction_id,
        .profile = bytes_str(m->profile->name),
        .state = state,
        .body = m->in.body_type,
        .credential = m->is_mac ? m->in.header.sender_kid : bytes_of(m->signer_hash, CMP_HASH),
        .credential_is_mac = m->is_mac,
        .credential_key = signer != NULL ? signer->spki : none,
        .credential_name = signer != NULL ? signer->subject : none,
        .credential_kid = signer != NULL ? signer->key_id : none,
        .signer_serial = signer != NULL && m->signer_is_own ? signer->serial : none,
        .sender_nonce = bytes_of(m->nonce, CMP_NONCE),
        .peer_nonce = m->in.header.sender_nonce,
        .request_hash = bytes_of(m->request_hash, CMP_HASH),
        .last_hash = bytes_of(m->request_hash, CMP_HASH),
    };
}

struct store_unit *cmp_commit(struct cmp_message *m)
{
    enum { TEXT = 512 };
    struct store_unit *unit = &cmp_want_add(m, CMP_WANT_COMMIT)->u.commit;
    char *who = arena_alloc(m->arena, TEXT);

    unit->issuer = bytes_of(m->profile->ca->id, STORE_ISSUER_ID);
    unit->arena = m->arena;
    unit->tx_id = m->transaction_id;
    unit->now = m->now;
    unit->audit = &m->audit;
    m->audit = (struct store_audit){.at = m->now_ms, .event = "?", .outcome = "?"};
    if (m->is_mac)
        m->audit.who = m->in.header.sender_kid;
    else if (who != NULL)
        m->audit.who = bytes_str(name_text(who, TEXT, m->in.header.sender_name));
    m->next = cmp_commit_outcome;
    return unit;
}

static const char *asked_for(const struct cmp_message *m)
{
    switch (m->in.body_type) {
    case PKI_KUR:
        return "update";
    case PKI_RR:
        return "revoke";
    case PKI_CERTCONF:
        return "confirm";
    case PKI_ERROR:
        return "peer error";
    default:
        return "issue";
    }
}

void cmp_record_refusal(struct cmp_message *m)
{
    cmp_commit(m);
    m->audit.event = asked_for(m);
    m->audit.outcome = "refused";
    m->audit.detail =
        bytes_str(arena_printf(m->arena, "%s: %s", pki_failure_name(m->result.fail_info), m->result.text));
}

static void conflict(struct cmp_message *m, const struct store_unit *unit)
{
    switch (unit->conflict) {
    case STORE_PRE_TX:
        if (unit->row.transaction_id.len == 0) {
            cmp_refuse(m, PKI_BAD_REQUEST, "no transaction has this transactionID: start again", NULL);
            return;
        }
        /* Another node, or another worker, was faster with the same message: answer from its row. */
        m->has_tx = 1;
        m->tx = unit->row;
        if (bytes_equal(m->tx.last_hash, bytes_of(m->request_hash, CMP_HASH)) ||
            bytes_equal(m->tx.request_hash, bytes_of(m->request_hash, CMP_HASH)))
            cmp_replay(m);
        else
            cmp_refuse_other_message(m);
        return;
    case STORE_PRE_SECRET:
        cmp_refuse(m, PKI_NOT_AUTHORIZED, "the shared secret has been used or withdrawn: ask for a new one",
                   NULL);
        return;
    case STORE_PRE_KEY_UNUSED:
        cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE,
                        "publicKey is in use in another certificate: make a new key", NULL);
        return;
    case STORE_PRE_SIGNER:
        cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED, "the protecting certificate is revoked", NULL);
        return;
    case STORE_PRE_CERT:
        cmp_judge_again(m);
        return;
    default:
        cmp_refuse(m, PKI_SYSTEM_FAILURE, "the server could not store the certificate: try again",
                   "serial taken");
    }
}

void cmp_commit_outcome(struct cmp_message *m)
{
    const struct store_unit unit = m->wants[0].u.commit;

    switch (unit.outcome) {
    case STORE_DONE:
        return; /* the reply stands, and may go out */
    case STORE_CONFLICT:
        conflict(m, &unit);
        return;
    case STORE_UNKNOWN:
        cmp_want_row(m, m->profile->ca, STORE_FETCH_TX, unit.tx_id);
        m->next = find_out;
        return;
    default:
        cmp_refuse_unavailable(m, NULL);
    }
}

/* The commit may have been done or not: the row tells. */
static void find_out(struct cmp_message *m)
{
    const struct store_fetch fetch = m->wants[0].u.fetch;

    if (fetch.outcome == STORE_FOUND &&
        bytes_equal(fetch.row.tx.last_hash, bytes_of(m->request_hash, CMP_HASH))) {
        m->has_tx = 1;
        m->tx = fetch.row.tx;
        cmp_replay(m);
        return;
    }
    cmp_refuse_unavailable(m, "outcome unknown");
}
