/* ir, cr and p10cr (RFC 9483 4.1.1, 4.1.2, 4.1.4), and the commit that every answer waits for. */
#include "crypto/name.h"
#include "server/cmp/internal.h"

static cmp_step decided, certificate_signed, commit_certificate, find_out;

/* The template as far as the protocol rules on it; what the certificate may contain is policy's. 1 or 0. */
static int check_template(struct cmp_message *m)
{
    const struct cert_request *request = &m->request;

    if (m->body_fault != NULL) {
        cmp_refuse_body(m, PKI_BAD_DATA_FORMAT, m->body_fault, NULL);
        return 0;
    }
    /* RFC 9483 4.1.1: "MUST be 2 if supplied" (v3). RFC 4211 section 5: serialNumber is the CA's to choose.
     */
    if (request->template_version >= 0 && request->template_version != 2) {
        cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE, "version in certTemplate must be 2 or absent", NULL);
        return 0;
    }
    if (request->has_serial) {
        cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE, "certTemplate must not choose a serialNumber", NULL);
        return 0;
    }
    if (request->spki.len == 0) {
        cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE, "certTemplate lacks publicKey", NULL);
        return 0;
    }
    if (m->request_key == NULL) {
        cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE, "publicKey is malformed or of an unsupported type", NULL);
        return 0;
    }
    return 1;
}

/* RFC 9810 4.3, RFC 9483 4.1.1: a signature by the key to be certified. */
static int check_pop(struct cmp_message *m)
{
    const struct cert_request *request = &m->request;

    if (request->pop == PKI_POP_NONE) {
        cmp_refuse_body(m, PKI_BAD_POP, "popo is missing: sign certReq with the key to be certified", NULL);
        return 0;
    }
    if (request->pop != PKI_POP_SIGNATURE || request->pop_has_input) {
        cmp_refuse_body(m, PKI_BAD_POP,
                        "this kind of popo is not supported: sign certReq, without poposkInput", NULL);
        return 0;
    }
    if (m->pop_algorithm == NULL || !signature_fits(m->pop_algorithm, public_key_kind(m->request_key))) {
        cmp_refuse_body(m, PKI_BAD_POP, "the algorithm of popo is not supported or does not fit publicKey",
                        NULL);
        return 0;
    }
    if (!m->pop_valid) {
        cmp_refuse_body(m, PKI_BAD_POP, "the signature of popo is wrong", NULL);
        return 0;
    }
    return 1;
}

void cmp_enroll(struct cmp_message *m)
{
    struct cmp_decision *decide;

    if (!check_template(m) || !check_pop(m))
        return;
    decide = &cmp_want_add(m, CMP_WANT_DECIDE)->u.decide;
    decide->profile = m->profile;
    decide->request = &m->request;
    decide->key = m->request_key;
    decide->signer = m->signer;
    if (m->is_mac)
        decide->reference = m->in.header.sender_kid;
    decide->now = m->now;
    decide->arena = m->arena;
    m->next = decided;
}

static void decided(struct cmp_message *m)
{
    struct signing *sign;
    uint8_t *room;

    m->decision = m->wants[0].u.decide;
    if (!m->decision.granted) {
        cmp_refuse_body(m, m->decision.fail_info, m->decision.text, NULL);
        return;
    }
    if ((room = arena_alloc(m->arena, SIGNATURE_MAX)) == NULL) {
        cmp_out_of_memory(m);
        return;
    }
    sign = &cmp_want_add(m, CMP_WANT_SIGN)->u.sign;
    sign->algorithm = m->profile->ca->algorithm;
    sign->key = m->profile->ca->key;
    sign->message = m->decision.tbs;
    sign->signature = room;
    m->next = certificate_signed;
}

static void certificate_signed(struct cmp_message *m)
{
    const struct signing *sign = &m->wants[0].u.sign;

    if (sign->signature_len == 0) {
        cmp_refuse(m, PKI_SYSTEM_UNAVAIL, "the CA's key is not available: try again later", NULL);
        return;
    }
    if (!certificate_assemble(&m->certificate, m->arena, m->decision.tbs, m->profile->ca->algorithm,
                              bytes_of(sign->signature, sign->signature_len))) {
        cmp_out_of_memory(m);
        return;
    }
    m->grant_implicit = m->in.header.implicit_confirm && m->profile->implicit_confirm;
    cmp_reply_certificate(m, m->certificate, commit_certificate);
}

static int hash_into_arena(struct bytes *out, struct arena *arena, struct bytes data)
{
    uint8_t *hash = arena_alloc(arena, CMP_HASH);

    *out = bytes_of(hash, CMP_HASH);
    return hash != NULL && digest_compute(hash, DIGEST_SHA256, data) == CMP_HASH;
}

static void fill_tx(struct cmp_message *m)
{
    m->new_tx = (struct store_tx){
        .transaction_id = m->transaction_id,
        .profile = bytes_str(m->profile->name),
        .state = m->grant_implicit ? STORE_TX_CONFIRMED : STORE_TX_WAIT_CONFIRM,
        .body = m->in.body_type,
        .implicit_confirm = m->grant_implicit,
        .credential = m->is_mac ? m->in.header.sender_kid : bytes_of(m->signer_hash, CMP_HASH),
        .credential_is_mac = m->is_mac,
        .credential_key = m->is_mac ? bytes_of(NULL, 0) : m->signer->spki,
        .signer_serial = m->signer_is_own ? m->signer->serial : bytes_of(NULL, 0),
        .sender_nonce = bytes_of(m->nonce, CMP_NONCE),
        .peer_nonce = m->in.header.sender_nonce,
        .serial = m->decision.serial,
        .cert_req_id = m->request.cert_req_id,
        .deadline = m->grant_implicit ? 0 : m->now + m->profile->confirm_wait_seconds,
        .request_hash = bytes_of(m->request_hash, CMP_HASH),
        .last_hash = bytes_of(m->request_hash, CMP_HASH),
    };
}

static void commit_certificate(struct cmp_message *m)
{
    enum { TEXT = 512 };
    char *subject_text = arena_alloc(m->arena, TEXT);
    struct store_unit *unit;

    fill_tx(m);
    m->new_cert = (struct store_cert){
        .serial = m->decision.serial,
        .status = m->grant_implicit ? STORE_CERT_VALID : STORE_CERT_UNCONFIRMED,
        .issued_at = m->now,
        .not_before = m->decision.not_before,
        .not_after = m->decision.not_after,
        .subject = m->decision.subject,
        .transaction_id = m->transaction_id,
        .profile = bytes_str(m->profile->name),
        .certificate = m->certificate,
    };
    if (subject_text == NULL || !hash_into_arena(&m->new_cert.spki_hash, m->arena, m->request.spki) ||
        !hash_into_arena(&m->new_cert.cert_hash, m->arena, m->certificate)) {
        cmp_out_of_memory(m);
        return;
    }
    m->new_cert.subject_text = bytes_str(name_text(subject_text, TEXT, m->decision.subject));
    m->result.event = "certificate issued";
    m->result.serial = m->decision.serial;
    m->result.subject = m->decision.subject;

    unit = cmp_commit(m);
    unit->expect_tx_absent = 1;
    unit->tx = &m->new_tx;
    unit->cert = &m->new_cert;
    if (m->is_mac)
        unit->secret_reference = m->in.header.sender_kid;
    if (m->signer_is_own)
        unit->signer_serial = m->signer->serial;
    m->audit.event = "issue";
    m->audit.detail = m->new_cert.subject_text;
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
    m->audit = (struct store_audit){.at = m->now_ms, .event = "?"};
    if (m->is_mac)
        m->audit.who = m->in.header.sender_kid;
    else if (who != NULL)
        m->audit.who = bytes_str(name_text(who, TEXT, m->in.header.sender_name));
    m->next = cmp_commit_outcome;
    return unit;
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
    default:
        cmp_refuse(m, PKI_SYSTEM_FAILURE, "the server could not store the certificate: try again",
                   "serial taken");
    }
}

void cmp_commit_outcome(struct cmp_message *m)
{
    const struct store_unit unit = m->wants[0].u.commit;
    struct store_fetch *fetch;

    switch (unit.outcome) {
    case STORE_DONE:
        return; /* the reply stands, and may go out */
    case STORE_CONFLICT:
        conflict(m, &unit);
        return;
    case STORE_UNKNOWN:
        fetch = &cmp_want_add(m, CMP_WANT_FETCH)->u.fetch;
        fetch->kind = STORE_FETCH_TX;
        fetch->issuer = unit.issuer;
        fetch->key = unit.tx_id;
        fetch->arena = m->arena;
        m->next = find_out;
        return;
    default:
        cmp_refuse(m, PKI_SYSTEM_UNAVAIL, "the server's store is not available: try again later", NULL);
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
    cmp_refuse(m, PKI_SYSTEM_UNAVAIL, "the server's store is not available: try again later",
               "outcome unknown");
}
