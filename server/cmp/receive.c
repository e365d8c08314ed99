/* The first step of every message: decode, find the profile, look up what is known of the transaction. */
#include "crypto/random.h"
#include "server/cmp/internal.h"

static cmp_step receive_known, go_on;

static int requests_certificate(int body)
{
    return body == PKI_IR || body == PKI_CR || body == PKI_P10CR || body == PKI_KUR;
}

static const struct cmp_profile *profile_named(const struct cmp_settings *settings, struct bytes name)
{
    for (size_t i = 0; i < settings->profile_count; i++)
        if (bytes_equal(bytes_str(settings->profiles[i]->name), name))
            return settings->profiles[i];
    return NULL;
}

/* The path, or certProfile in the header, or both if they agree, name the profile (RFC 9810 5.1.1.4, RFC
 * 9811 3.4). */
static int choose_profile(struct cmp_message *m)
{
    const struct pki_header *header = &m->in.header;
    const struct cmp_profile *named;

    /* RFC 9810 5.1.1.4: "An empty string means no certificate profile name" */
    if (header->cert_profile_count == 0 || (header->cert_profile_count == 1 && header->cert_profile.len == 0))
        return 1;
    named = profile_named(m->settings, header->cert_profile);
    if (header->cert_profile_count > 1 || named == NULL) {
        cmp_refuse(m, PKI_BAD_REQUEST,
                   header->cert_profile_count > 1 ? "certProfile names several profiles: name one"
                                                  : "certProfile names no profile of this server",
                   NULL);
        return 0;
    }
    if (m->route.profile != NULL && m->route.profile != named) {
        cmp_refuse(m, PKI_BAD_REQUEST,
                   "the URL path and certProfile name different profiles: make them agree", NULL);
        return 0;
    }
    m->profile = named;
    m->profile_named = 1;
    return 1;
}

static int check_body_type(struct cmp_message *m)
{
    int body = m->in.body_type;

    if (!m->starts_transaction && body != PKI_CERTCONF && body != PKI_ERROR) {
        cmp_refuse(m, PKI_BAD_REQUEST, "this type of message is not supported",
                   arena_printf(m->arena, "body %s", pki_body_name(body)));
        return 0;
    }
    if (m->route.body >= 0 && m->starts_transaction && body != m->route.body) {
        cmp_refuse(m, PKI_BAD_REQUEST, "the URL path is for another operation than the message asks for",
                   NULL);
        return 0;
    }
    return 1;
}

/* RFC 9483 4.1.1 and 4.2: one CertReqMsg, one RevDetails. */
static const char *more_than_one(struct cmp_message *m, size_t count, const char *text)
{
    if (count == 1)
        return NULL;
    m->body_fail_info = PKI_BAD_REQUEST;
    return text;
}

static void decode_body(struct cmp_message *m)
{
    const char **fault = &m->body_fault;
    struct pki_status_info ignored;
    size_t count;

    m->body_fail_info = PKI_BAD_DATA_FORMAT;
    switch (m->in.body_type) {
    case PKI_P10CR:
        pki_decode_pkcs10(&m->request, m->arena, fault, m->in.body);
        break;
    case PKI_CERTCONF:
        if (!pki_decode_cert_conf(m->cert_status, &m->cert_status_count, m->in.body))
            *fault = "CertConfirmContent is malformed";
        break;
    case PKI_ERROR:
        if (!pki_decode_error(&ignored, m->in.body))
            *fault = "ErrorMsgContent is malformed";
        break;
    case PKI_RR:
        if (pki_decode_rev_req(&m->revocation, &count, m->arena, fault, m->in.body))
            *fault = more_than_one(m, count, "send one RevDetails in a message");
        break;
    default:
        if (pki_decode_cert_requests(&m->request, &count, m->arena, fault, m->in.body))
            *fault = more_than_one(m, count, "send one CertReqMsg in a message");
    }
}

static void want_row(struct cmp_message *m, enum store_fetch_kind kind, struct bytes key)
{
    cmp_want_row(m, m->profile->ca, kind, key);
}

/* certProfile stands in requests for certificates (RFC 9810 5.1.1.4), so a certConf may name no profile: its
 * transaction is then looked for at every CA. */
_Static_assert(BOUND_AUTHORITIES + 1 <= CMP_WANTS_MAX, "a transaction at every CA, and a secret");

static void want_transaction(struct cmp_message *m)
{
    const struct cmp_settings *settings = m->settings;

    want_row(m, STORE_FETCH_TX, m->transaction_id);
    if (m->starts_transaction || m->profile_named)
        return;
    for (size_t i = 0; i < settings->profile_count; i++) {
        const struct cmp_authority *ca = settings->profiles[i]->ca;
        int seen = ca == m->profile->ca;
        for (size_t j = 0; j < i; j++)
            seen |= ca == settings->profiles[j]->ca;
        if (!seen)
            cmp_want_row(m, ca, STORE_FETCH_TX, m->transaction_id);
    }
}

void cmp_receive(struct cmp_message *m)
{
    const char *why = NULL;
    enum pki_decoded decoded = pki_message_decode(&m->in, &why, m->in.der);

    digest_compute(m->request_hash, DIGEST_SHA256, m->in.der);
    m->requests_cert = requests_certificate(m->in.body_type);
    m->starts_transaction = m->requests_cert || m->in.body_type == PKI_RR;
    m->transaction_id = m->in.header.transaction_id;
    if (decoded == PKI_UNREADABLE) {
        m->result.http_status = 400;
        if (cmp_overload_answer(&m->result.reply, m->arena, bytes_of(NULL, 0), PKI_BAD_DATA_FORMAT,
                                "the content is no PKIMessage in DER"))
            m->result.reply_body = PKI_ERROR;
        m->result.event = "request unreadable";
        m->result.refused = 1;
        m->result.fail_info = PKI_BAD_DATA_FORMAT;
        return;
    }
    /* RFC 9810 5.1.1: where the peer has set none, the server does; every answer carries one (RFC 9483 3.1).
     * Made from the request, so that its octets, sent again, are the same transaction again. */
    if (m->transaction_id.len == 0)
        m->transaction_id = bytes_of(m->request_hash, CMP_NONCE);
    if (decoded == PKI_HEADER_ONLY) {
        cmp_refuse(m, PKI_BAD_DATA_FORMAT, "the message is not valid DER of a PKIMessage", why);
        return;
    }
    if (!cmp_check_header(m) || !choose_profile(m) || !check_body_type(m))
        return;
    decode_body(m);
    if (m->in.has_protection && !cmp_find_credentials(m))
        return;

    want_transaction(m);
    if (m->is_mac)
        want_row(m, STORE_FETCH_SECRET, m->in.header.sender_kid);
    else if (m->signer_is_own && m->signer->serial.len == STORE_SERIAL)
        want_row(m, STORE_FETCH_CERT, m->signer->serial);
    m->next = receive_known;
}

/* A different message under a transactionID that is taken (ARCHITECTURE.md, "Transactions"). */
void cmp_refuse_other_message(struct cmp_message *m)
{
    if (m->starts_transaction)
        cmp_refuse(m, PKI_TRANSACTION_ID_IN_USE, "this transactionID is in use: start again with a new one",
                   NULL);
    else if (m->in.body_type == PKI_CERTCONF &&
             (m->tx.state == STORE_TX_CONFIRMED || m->tx.state == STORE_TX_REJECTED))
        cmp_refuse(m, PKI_CERT_CONFIRMED,
                   "the certificate of this transaction was confirmed or rejected already", NULL);
    else
        cmp_refuse(m, PKI_BAD_REQUEST, "the transaction has ended", NULL);
}

static int keep_row(struct cmp_message *m, const struct store_fetch *fetch)
{
    if (fetch->outcome == STORE_FETCH_UNAVAILABLE) {
        cmp_refuse_unavailable(m, NULL);
        return 0;
    }
    if (fetch->outcome != STORE_FOUND)
        return 1;
    if (fetch->kind == STORE_FETCH_TX) {
        /* The first stands: that of the CA whom the path or the default names. */
        if (!m->has_tx)
            m->tx = fetch->row.tx;
        m->has_tx = 1;
    } else if (fetch->kind == STORE_FETCH_SECRET) {
        struct store_secret *secret = arena_alloc(m->arena, sizeof *secret);
        if (secret == NULL) {
            cmp_out_of_memory(m);
            return 0;
        }
        *secret = fetch->row.secret;
        m->stored_secret = secret;
    } else {
        struct store_cert *signer = arena_alloc(m->arena, sizeof *signer);
        if (signer == NULL) {
            cmp_out_of_memory(m);
            return 0;
        }
        *signer = fetch->row.cert;
        m->stored_signer = signer;
    }
    return 1;
}

static void secret_known(struct cmp_message *m)
{
    if (keep_row(m, &m->wants[0].u.fetch))
        go_on(m);
}

static void receive_known(struct cmp_message *m)
{
    const struct cmp_authority *ca = m->profile->ca;
    const struct cmp_profile *begun;

    for (size_t i = 0; i < m->served_count; i++)
        if (!keep_row(m, &m->wants[i].u.fetch))
            return;
    /* The profile of the first message holds for the whole transaction. */
    if (m->has_tx && !m->starts_transaction && !m->profile_named &&
        (begun = profile_named(m->settings, m->tx.profile)) != NULL)
        m->profile = begun;
    if (m->is_mac && m->profile->ca != ca) {
        m->stored_secret = NULL;
        want_row(m, STORE_FETCH_SECRET, m->in.header.sender_kid);
        m->next = secret_known;
        return;
    }
    go_on(m);
}

static void go_on(struct cmp_message *m)
{
    struct bytes hash = bytes_of(m->request_hash, CMP_HASH);
    cmp_step *then = cmp_enroll;

    if (m->has_tx && (bytes_equal(m->tx.request_hash, hash) || bytes_equal(m->tx.last_hash, hash))) {
        cmp_replay(m);
        return;
    }
    if (!m->has_tx && !m->starts_transaction) {
        cmp_refuse(m, PKI_BAD_REQUEST, "no transaction has this transactionID: start again", NULL);
        return;
    }
    /* What does not fit the transaction is told after the protection was verified: with it, and to nobody
     * else. */
    if (m->has_tx && (m->starts_transaction || m->tx.state != STORE_TX_WAIT_CONFIRM))
        then = cmp_refuse_other_message;
    else if (m->in.body_type == PKI_RR)
        then = cmp_revoke;
    else if (m->in.body_type == PKI_CERTCONF)
        then = cmp_confirm;
    else if (m->in.body_type == PKI_ERROR)
        then = cmp_received_error;
    if (m->in.has_protection)
        cmp_authenticate(m, then);
    else if (then == cmp_received_error)
        cmp_received_bare_error(m);
    else
        cmp_refuse_other_message(m);
}
