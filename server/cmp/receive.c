/* The first steps of every message: decode, find the profile, look up what is known of the transaction. */
#include "crypto/secret_memory.h"
#include "server/cmp/internal.h"

/* The path, or certProfile in the header, or both if they agree, name the profile (RFC 9810 5.1.1.4, RFC
 * 9811 3.4). */
static enum cmp_turn choose_profile(struct cmp_message *m)
{
    const struct pki_header *header = &m->in.header;
    const struct cmp_profile *named;

    /* A name for each infoType, or for each CertReqMsg: op_genm.c and several.c have the others. */
    if (header->cert_profile_count > 1 && !cmp_has(m, CMP_ASKS) &&
        (m->operation->of_several == NULL || !cmp_has(m, CMP_ISSUES)))
        return cmp_refuse(m, PKI_BAD_REQUEST, "certProfile names several profiles: name one", NULL);
    /* RFC 9810 5.1.1.4: "An empty string means no certificate profile name" */
    if (header->cert_profile.len == 0)
        return CMP_ON;
    if ((named = cmp_profile_named(m->settings, header->cert_profile)) == NULL)
        return cmp_refuse_name(m, header->cert_profile);
    if (m->route.profile != NULL && m->route.profile != named)
        return cmp_refuse(m, PKI_BAD_REQUEST,
                          "the URL path and certProfile name different profiles: make them agree", NULL);
    m->profile = named;
    m->profile_named = 1;
    return CMP_ON;
}

static enum cmp_turn check_body_type(struct cmp_message *m)
{
    int body = m->in.body_type;

    /* RFC 9483 4.1.3 and 4.2: signed with the certificate that is to be updated or revoked; 5.2.2.1: "apply
     * signature-based protection". */
    if (cmp_has(m, CMP_SIGNED) && mac_is_mac(m->in.header.protection_alg))
        return cmp_refuse(m, PKI_WRONG_INTEGRITY,
                          cmp_has(m, CMP_ANNOUNCES)
                              ? "announcements must be signed, not protected by a shared secret"
                              : "kur, ccr, rr and nested must be signed, not protected by a shared secret",
                          NULL);

    if (m->operation == &cmp_unsupported)
        return cmp_refuse(m, PKI_BAD_REQUEST, "this type of message is not supported",
                          arena_printf(m->arena, "body %s", pki_body_name(body)));
    if (m->route.body >= 0 && cmp_has(m, CMP_BEGINS) && !cmp_has(m, CMP_CARRIES) && body != m->route.body)
        return cmp_refuse(m, PKI_BAD_REQUEST, CMP_WRONG_LABEL, NULL);
    return CMP_ON;
}

/* A transaction at every CA, and a secret or the certificates that may be the signer's. What certifies a key
 * has no transaction elsewhere: the key has its place. */
_Static_assert(sizeof((struct cmp_message *)NULL)->rows / sizeof((struct cmp_message *)NULL)->rows[0] ==
                   BOUND_AUTHORITIES + BOUND_SIGNERS,
               "every row that is wanted has its place");

static struct store_fetch *want_row(struct cmp_message *m, const struct cmp_authority *ca,
                                    enum store_kind kind, struct bytes key)
{
    return m->rows[m->row_count++] = cmp_want_row(m, ca, kind, key);
}

static void want_signers(struct cmp_message *m)
{
    struct store_fetch *sought = NULL;

    if (m->seeks_signer)
        sought = want_row(m, m->profile->ca, STORE_CERTIFICATES, bytes_of(NULL, 0));
    if (sought != NULL) {
        sought->index = STORE_OF_KEY_ID;
        sought->of = m->in.header.sender_kid;
    }
    m->sought = sought;
    for (size_t i = 0; i < m->signer_count; i++)
        if (m->signers[i].is_own && m->signers[i].cert->serial.len == STORE_SERIAL)
            m->signers[i].row = want_row(m, m->profile->ca, STORE_CERTIFICATES, m->signers[i].cert->serial);
}

static void want_credentials(struct cmp_message *m)
{
    if (m->is_mac)
        want_row(m, m->profile->ca, STORE_SECRETS, m->in.header.sender_kid);
    else
        want_signers(m);
}

/* Whether the key is blocked is told once it is known who has it. */
static void want_key(struct cmp_message *m)
{
    struct bytes spki;

    if (m->state == NULL || m->operation->certifies == NULL || (spki = m->operation->certifies(m)).len == 0)
        return;
    digest_compute(m->key_hash, DIGEST_SHA256, spki);
    want_row(m, m->profile->ca, STORE_BLOCKED_KEYS, bytes_of(m->key_hash, CMP_HASH));
}

/* Whether |ca| is the CA of a profile that |profile| follows. */
static int is_before(const struct cmp_profile *profile, const struct cmp_authority *ca)
{
    for (profile = profile->former; profile != NULL; profile = profile->former)
        if (profile->ca == ca)
            return 1;
    return 0;
}

/* Whether |ca| came before that of |profile|, or after it: while nodes are told one after the other that a
 * path leads to another CA, a transaction may have begun at any of them. */
static int is_related(const struct cmp_settings *settings, const struct cmp_profile *profile,
                      const struct cmp_authority *ca)
{
    for (size_t i = 0; i < settings->profile_count; i++)
        if (settings->profiles[i]->ca == ca && is_before(settings->profiles[i], profile->ca))
            return 1;
    return is_before(profile, ca);
}

/* certProfile stands in requests for certificates (RFC 9810 5.1.1.4), so a certConf may name no profile: its
 * transaction is then looked for at every CA. Where it names one, so it is at those that are related. */
static void want_transaction(struct cmp_message *m)
{
    const struct cmp_settings *settings = m->settings;

    if (cmp_has(m, CMP_STANDS_ALONE))
        return;
    want_row(m, m->profile->ca, STORE_TRANSACTIONS, m->transaction_id);
    if (cmp_has(m, CMP_BEGINS))
        return;
    for (size_t i = 0; i < settings->profile_count; i++) {
        const struct cmp_authority *ca = settings->profiles[i]->ca;
        int seen = ca == m->profile->ca;
        for (size_t j = 0; j < i; j++)
            seen |= ca == settings->profiles[j]->ca;
        if (!seen && (!m->profile_named || is_related(settings, m->profile, ca)))
            want_row(m, ca, STORE_TRANSACTIONS, m->transaction_id);
    }
}

static enum cmp_turn refuse_unreadable(struct cmp_message *m, const char *why)
{
    static const char none[] = "the content is no PKIMessage in DER";
    const char *text =
        arena_printf(m->arena, "%s: %s at octet %zu: %s", none, m->in.unread, m->in.unread_at, why);

    m->result.end = JOB_UNREADABLE;
    m->result.event = "request unreadable";
    m->result.refused = 1;
    m->result.fail_info = PKI_BAD_DATA_FORMAT;
    m->result.text = text != NULL ? text : none;
    cmp_answer_bare(m, bytes_of(NULL, 0), m->result.text);
    return CMP_END;
}

/* What can be said of a message whoever sent it. */
static enum cmp_turn check_form(struct cmp_message *m)
{
    enum cmp_turn named = choose_profile(m), turn; /* whose secret a refusal is to be protected by */
    const struct cmp_refusal refusal = m->refusal;

    if ((turn = cmp_check_header(m)) != CMP_ON)
        return turn;
    m->refusal = refusal;
    return named == CMP_ON ? check_body_type(m) : named;
}

enum cmp_turn cmp_receive(struct cmp_message *m)
{
    const char *why = NULL;
    enum pki_decoded decoded = pki_message_decode(&m->in, &why, m->in.der);
    enum cmp_turn turn;

    digest_compute(m->request_hash, DIGEST_SHA256, m->in.der);
    if (decoded == PKI_UNREADABLE)
        return refuse_unreadable(m, why);
    m->operation = cmp_operation_of(m->in.body_type);
    /* RFC 9811 3.5: its answer is a status of the transport, and one of several messages has none. */
    if (m->outer != NULL && cmp_has(m, CMP_ANNOUNCES))
        m->operation = &cmp_unsupported;
    cmp_choose_language(m);
    /* RFC 9810 5.1.1: where the peer has set none, the server does; every answer carries one (RFC 9483 3.1).
     * Made from the request, so that its octets, sent again, are the same transaction again. */
    m->transaction_id = m->in.header.transaction_id;
    if (m->transaction_id.len == 0)
        m->transaction_id = bytes_of(m->request_hash, CMP_NONCE);
    if (decoded == PKI_HEADER_ONLY)
        return cmp_refuse(m, PKI_BAD_DATA_FORMAT, "the message is not valid DER of a PKIMessage", why);
    if ((turn = check_form(m)) == CMP_ON && m->in.has_protection)
        turn = cmp_find_credentials(m);
    else if (turn == CMP_REFUSED && cmp_defer_refusal(m))
        turn = CMP_ON;
    if (turn != CMP_ON)
        return turn;
    if (m->deferred.text == NULL && !m->operation->decode(m))
        return cmp_out_of_memory(m);
    if (m->transaction_id.len <= BOUND_TRANSACTION_ID)
        want_transaction(m);
    want_credentials(m);
    want_key(m);
    return CMP_ON;
}

/* Whatever is wrong with it, what asks is read: the answer says which one is meant. */
enum cmp_turn cmp_take_part(struct cmp_message *m)
{
    enum cmp_turn turn = m->in.has_protection ? cmp_find_credentials(m) : CMP_ON;
    const struct cmp_refusal refusal = m->refusal;

    if (!m->operation->decode(m))
        return cmp_out_of_memory(m);
    m->refusal = refusal;
    if (turn != CMP_ON)
        return turn;
    if (!cmp_has(m, CMP_BEGINS))
        want_row(m, m->profile->ca, STORE_TRANSACTIONS, m->transaction_id);
    want_credentials(m);
    want_key(m);
    return CMP_ON;
}

static enum cmp_turn keep_row(struct cmp_message *m, const struct store_fetch *fetch)
{
    if (fetch->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    if (fetch->outcome != STORE_FOUND)
        return CMP_ON;
    if (fetch->kind == STORE_TRANSACTIONS) {
        /* The first stands: that of the CA whom the path or the default names. */
        if (!m->has_tx)
            m->tx = *(const struct store_tx *)fetch->rows;
        m->has_tx = 1;
    } else if (fetch->kind == STORE_SECRETS) {
        m->stored_secret = fetch->rows;
    } else if (fetch->kind == STORE_BLOCKED_KEYS) {
        m->blocked = fetch->rows;
    }
    return CMP_ON;
}

/* RFC 9810 5.1.1 lets a server want transactionIDs unique, and devices that count come back to theirs. One is
 * free again when nothing of its transaction can be taken any more: by the windows that were then, and by
 * those of today. */
static int is_left(const struct cmp_message *m)
{
    int64_t window = cmp_widest_window(m);

    return cmp_has(m, CMP_BEGINS) && m->tx.state != STORE_TX_WAIT_CONFIRM &&
           m->tx.state != STORE_TX_WAITING && m->tx.free_at != 0 && m->tx.free_at <= m->now && window != 0 &&
           m->tx.created_at + 2 * window <= m->now;
}

/* What does not fit the transaction is told after the protection was verified: with it, and to nobody else.
 */
static enum cmp_turn place_in_transaction(struct cmp_message *m)
{
    struct bytes hash = bytes_of(m->request_hash, CMP_HASH);

    if (m->deferred.text != NULL)
        return CMP_ON;
    if (m->has_tx && (bytes_equal(m->tx.request_hash, hash) || bytes_equal(m->tx.last_hash, hash)))
        return CMP_REPLAY;
    if (m->has_tx && is_left(m)) {
        m->former = m->tx;
        m->takes_over = 1;
        m->has_tx = 0;
    }
    if (cmp_has_parts(m) && !cmp_has(m, CMP_BEGINS) && m->operation->of_several != NULL)
        m->operation = m->operation->of_several;
    if (!m->has_tx && !cmp_has(m, CMP_BEGINS))
        return cmp_refuse_proven(m, PKI_BAD_REQUEST, "no transaction has this transactionID: start again");
    m->is_late = m->has_tx && (m->operation->awaited & 1U << m->tx.state) == 0;
    if (m->is_late && m->operation->ask_late != NULL)
        m->operation->ask_late(m);
    return CMP_ON;
}

enum cmp_turn cmp_take_rows(struct cmp_message *m)
{
    const struct cmp_authority *ca = m->profile->ca;
    const struct cmp_profile *begun;
    enum cmp_turn turn;

    for (size_t i = 0; i < m->row_count; i++)
        if ((turn = keep_row(m, m->rows[i])) != CMP_ON)
            return turn;
    m->row_count = 0;
    /* The profile of the first message holds for the whole transaction, whatever the path says. */
    if (m->has_tx && !cmp_has(m, CMP_BEGINS) &&
        (begun = cmp_profile_named(m->settings, m->tx.profile)) != NULL)
        m->profile = begun;
    if ((turn = cmp_check_signers(m)) != CMP_ON)
        return turn;
    /* Its CA may know another secret by the same reference. */
    if (m->is_mac && m->profile->ca != ca) {
        m->stored_secret = NULL;
        want_row(m, m->profile->ca, STORE_SECRETS, m->in.header.sender_kid);
        return CMP_STAY;
    }
    /* Of what was approved, and of parts, the place is known. */
    if (m->approved != NULL || (m->whole != NULL && cmp_has(m, CMP_BEGINS)))
        return CMP_ON;
    return place_in_transaction(m);
}

/* What is known of who polls is of no use: the request says itself who sent it. */
static void forget_sender(struct cmp_message *m)
{
    for (size_t i = 0; i < m->signer_count; i++)
        public_key_free(m->signers[i].key);
    path_cleanup(&m->path);
    m->signer_count = m->signers_tried = m->cert_count = 0;
    m->signer = NULL;
    m->signer_key = NULL;
    secret_free(m->opened_secret);
    m->opened_secret = NULL;
    m->is_mac = m->mac_verified = m->authenticated = 0;
    m->stored_secret = NULL;
    m->secret = bytes_of(NULL, 0);
    m->sender_cache = (struct name_cache){.printed = 0};
    m->tolerated = 0;
}

enum cmp_turn cmp_take_up(struct cmp_message *m)
{
    struct bytes poll_nonce = m->in.header.sender_nonce, request_nonce, kid = m->in.header.sender_kid;
    const struct cmp_refusal refusal = m->refusal;
    const char *why = NULL;
    int64_t pvno = m->in.header.pvno;
    enum cmp_turn turn;

    if (!m->denied)
        forget_sender(m);
    if (pki_message_decode(&m->in, &why, m->approved->message) != PKI_WHOLE)
        return cmp_refuse(m, PKI_SYSTEM_FAILURE, "the request cannot be read any more: start again", why);
    m->state = NULL; /* the poll's: it is of another operation */
    m->operation = cmp_operation_of(m->in.body_type);
    if (m->is_mac && m->in.header.sender_kid.len == 0)
        m->in.header.sender_kid = kid;
    request_nonce = m->in.header.sender_nonce;
    m->in.header.sender_nonce = poll_nonce;
    m->in.header.pvno = pvno; /* RFC 9810 section 7: the answer is to the poll */
    cmp_answer_nonce(m, request_nonce);
    if (!m->denied && (turn = cmp_find_credentials(m)) != CMP_ON)
        return turn;
    if (!m->operation->decode(m))
        return cmp_out_of_memory(m);
    m->refusal = refusal;
    if (m->denied)
        return CMP_REFUSED;
    want_credentials(m);
    want_key(m);
    return CMP_ON;
}
