/* Answers: header, protection, extraCerts (RFC 9483 3.1 to 3.3). */
#include "crypto/name.h"
#include "crypto/random.h"
#include "server/cmp/internal.h"

static cmp_step reply_signed;

/* GeneralName directoryName of the NULL-DN */
static const uint8_t null_dn[4] = {0xa4, 0x02, 0x30, 0x00};
static const uint8_t null_element[2] = {0x05, 0x00};

void cmp_out_of_memory(struct cmp_message *m)
{
    m->want_count = 0;
    m->next = NULL;
    m->result.http_status = 503;
    m->result.reply = bytes_of(NULL, 0);
    m->result.event = "request refused";
    m->result.refused = 1;
    m->result.fail_info = PKI_SYSTEM_UNAVAIL;
    m->result.detail = "no memory: of the job, or of the process";
}

/* The sender is echoed as recipient (RFC 9483 3.1), unless it is no DER: then nobody is named. */
static struct bytes recipient_of(const struct pki_header *in)
{
    return der_is_strict(NULL, NULL, in->sender, BOUND_DER_DEPTH) ? in->sender
                                                                  : bytes_of(null_dn, sizeof null_dn);
}

/* With a MAC, sender and senderKID name the shared secret (RFC 9483 3.1); a reference that is no text cannot
 * be a commonName, then the CA's name stands there. */
static int mac_sender(struct cmp_message *m, struct bytes *sender)
{
    struct bytes kid = m->in.header.sender_kid, name;
    char *text = arena_printf(m->arena, "%.*s", (int)kid.len, (const char *)kid.data);
    int printable = text != NULL && strlen(text) == kid.len;

    for (size_t i = 0; printable && i < kid.len; i++)
        printable = kid.data[i] >= 0x20 && kid.data[i] < 0x7f;
    if (!printable) {
        *sender = m->profile->ca->sender;
        return 1;
    }
    return name_build(&name, m->arena, (const char *const[]){"CN", text, NULL}) &&
           pki_directory_name(sender, m->arena, name);
}

/* RFC 9810 section 7: the version of the request; beyond what is supported, the nearest that is. */
static int64_t reply_version(int64_t pvno)
{
    return pvno < PKI_CMP2000 ? PKI_CMP2000 : pvno > PKI_CMP2021 ? PKI_CMP2021 : pvno;
}

static int fill_header(struct cmp_message *m, struct pki_header *header, int is_cert_reply)
{
    const struct cmp_authority *ca = m->profile->ca;
    int is_mac = m->mac_verified;

    *header = (struct pki_header){
        .pvno = reply_version(m->in.header.pvno),
        .recipient = recipient_of(&m->in.header),
        .has_message_time = 1,
        .message_time = m->now,
        .transaction_id = m->transaction_id,
        .sender_nonce = bytes_of(m->nonce, CMP_NONCE),
        .recip_nonce = m->in.header.sender_nonce,
    };
    if (is_mac) {
        header->protection_alg = m->mac.encoded;
        header->sender_kid = m->in.header.sender_kid;
        if (!mac_sender(m, &header->sender))
            return 0;
    } else {
        header->protection_alg = ca->cmp_algorithm->encoded;
        header->sender_kid = ca->cmp_cert.key_id;
        header->sender = ca->cmp_sender;
    }
    if (is_cert_reply) {
        header->implicit_confirm = m->grant_implicit;
        /* RFC 9810 5.1.1.2; prohibited beside implicitConfirm (RFC 9483 3.1) */
        if (!m->grant_implicit)
            header->confirm_wait_time =
                m->has_tx && m->tx.deadline != 0 ? m->tx.deadline : m->now + m->profile->confirm_wait_seconds;
    }
    return 1;
}

static void finish(struct cmp_message *m, struct bytes protection)
{
    if (!pki_encode_message(&m->result.reply, m->arena, m->protected_part, protection, m->extra_certs,
                            m->extra_cert_count)) {
        cmp_out_of_memory(m);
        return;
    }
    m->next = m->after_reply;
}

static void protect(struct cmp_message *m)
{
    const struct cmp_authority *ca = m->profile->ca;
    struct signing *sign;
    uint8_t mac[DIGEST_MAX], *room;
    size_t len;

    if (m->mac_verified) {
        len = mac_apply(mac, &m->mac, m->mac_key, m->protected_part);
        if (len == 0)
            cmp_out_of_memory(m);
        else
            finish(m, bytes_of(mac, len));
        return;
    }
    if ((room = arena_alloc(m->arena, SIGNATURE_MAX)) == NULL) {
        cmp_out_of_memory(m);
        return;
    }
    sign = &cmp_want_add(m, CMP_WANT_SIGN)->u.sign;
    sign->algorithm = ca->cmp_algorithm;
    sign->key = ca->cmp_key;
    sign->message = m->protected_part;
    sign->signature = room;
    m->next = reply_signed;
}

static void reply_signed(struct cmp_message *m)
{
    const struct signing *sign = &m->wants[0].u.sign;

    if (sign->signature_len == 0) {
        /* Nothing can be protected: the one case beside overload in which an answer goes out bare. */
        m->result.http_status = 503;
        m->result.event = "request refused";
        m->result.refused = 1;
        m->result.fail_info = PKI_SYSTEM_UNAVAIL;
        m->result.text = "the server's key is not available: try again later";
        m->result.reply_body = PKI_ERROR;
        if (!cmp_overload_answer(&m->result.reply, m->arena, m->in.der, PKI_SYSTEM_UNAVAIL, m->result.text))
            cmp_out_of_memory(m);
        return;
    }
    finish(m, bytes_of(sign->signature, sign->signature_len));
}

static int add_profile_certs(struct cmp_message *m)
{
    const struct cmp_profile *profile = m->profile;
    size_t count = m->extra_cert_count + profile->extra_cert_count;
    struct bytes *all;

    if (profile->extra_cert_count == 0)
        return 1;
    if ((all = arena_alloc(m->arena, count * sizeof *all)) == NULL)
        return 0;
    memcpy(all, m->extra_certs, m->extra_cert_count * sizeof *all);
    memcpy(all + m->extra_cert_count, profile->extra_certs, profile->extra_cert_count * sizeof *all);
    m->extra_certs = all;
    m->extra_cert_count = count;
    return 1;
}

static void reply(struct cmp_message *m, int body_type, struct bytes body, int is_cert_reply, cmp_step *then)
{
    const struct cmp_authority *ca = m->profile->ca;
    struct pki_header header;

    m->result.reply_body = body_type;
    m->after_reply = then;
    /* Answered again, the nonce is the one that the next message of the peer will repeat. */
    if (m->answers_again && !m->result.refused && m->tx.sender_nonce.len == CMP_NONCE)
        memcpy(m->nonce, m->tx.sender_nonce.data, CMP_NONCE);
    else
        random_bytes(m->nonce, CMP_NONCE);
    if (!m->mac_verified) {
        m->extra_certs = ca->signed_extra_certs;
        m->extra_cert_count = ca->signed_extra_cert_count;
    } else {
        m->extra_certs = ca->mac_extra_certs;
        m->extra_cert_count = is_cert_reply ? ca->mac_extra_cert_count : 0;
    }
    if ((is_cert_reply && !add_profile_certs(m)) || !fill_header(m, &header, is_cert_reply) ||
        !pki_encode_protected_part(&m->protected_part, m->arena, &header, body_type, body)) {
        cmp_out_of_memory(m);
        return;
    }
    protect(m);
}

void cmp_reply(struct cmp_message *m, int body_type, struct bytes body, cmp_step *then)
{
    reply(m, body_type, body, 0, then);
}

static int response_body(int request_body)
{
    return request_body == PKI_IR ? PKI_IP : request_body == PKI_KUR ? PKI_KUP : PKI_CP;
}

/* caPubs: in ip only (RFC 9483 4.1.2, 4.1.3); by default where a shared secret vouches for it and the device
 * may have no anchor. */
static int sends_ca_pubs(const struct cmp_message *m)
{
    return m->in.body_type == PKI_IR && (m->profile->ca_pubs == CMP_CA_PUBS_ALWAYS ||
                                         (m->profile->ca_pubs == CMP_CA_PUBS_MAC && m->mac_verified));
}

void cmp_reply_certificate(struct cmp_message *m, struct bytes certificate, cmp_step *then)
{
    struct cert_response response = {.cert_req_id = m->request.cert_req_id,
                                     .status = {.status = PKI_ACCEPTED},
                                     .certificate = certificate};
    size_t ca_pubs = sends_ca_pubs(m);
    struct bytes body;

    if (m->granted_with_mods) {
        response.status.status = PKI_GRANTED_WITH_MODS;
        response.status.text = bytes_str("the certificate differs from the request: compare them");
    }

    if (!pki_encode_cert_rep(&body, m->arena, &m->profile->ca->root, ca_pubs, &response)) {
        cmp_out_of_memory(m);
        return;
    }
    reply(m, response_body(m->in.body_type), body, 1, then);
}

void cmp_reply_revoked(struct cmp_message *m, cmp_step *then)
{
    const struct pki_status_info status = {.status = PKI_ACCEPTED};
    struct bytes body;

    if (pki_encode_rev_rep(&body, m->arena, &status))
        cmp_reply(m, PKI_RP, body, then);
    else
        cmp_out_of_memory(m);
}

void cmp_reply_pkiconf(struct cmp_message *m, cmp_step *then)
{
    cmp_reply(m, PKI_PKICONF, bytes_of(null_element, sizeof null_element), then);
}

static struct pki_status_info refusal(struct cmp_message *m, enum pki_failure fail_info, const char *text,
                                      const char *detail)
{
    /* Results of the step so far are void: what was wanted for a certificate is not served any more. */
    m->want_count = 0;
    m->result.event = "request refused";
    m->result.refused = 1;
    m->result.fail_info = fail_info;
    m->result.text = text;
    m->result.detail = detail;
    m->result.serial = m->result.subject = bytes_of(NULL, 0);
    return (struct pki_status_info){
        .status = PKI_REJECTION, .text = bytes_str(text), .fail_info = UINT64_C(1) << fail_info};
}

/* RFC 9483 3.6.4: after a negative response "it MUST regard the current PKI management operation as
 * terminated with failure". And whoever proved who it is is on record with what it was refused; of anybody
 * else the log tells, for nobody could say who it was. */
static cmp_step *after_refusal(struct cmp_message *m, enum pki_failure fail_info)
{
    if (!m->authenticated || m->answers_again || fail_info == PKI_SYSTEM_UNAVAIL ||
        fail_info == PKI_SYSTEM_FAILURE)
        return NULL;
    if (m->starts_transaction || !m->has_tx || m->failed || m->tx.state != STORE_TX_WAIT_CONFIRM)
        return cmp_record_refusal;
    m->failed = 1;
    return cmp_fail_transaction;
}

void cmp_refuse(struct cmp_message *m, enum pki_failure fail_info, const char *text, const char *detail)
{
    struct pki_status_info status = refusal(m, fail_info, text, detail);
    struct bytes body;

    if (!pki_encode_error(&body, m->arena, &status)) {
        cmp_out_of_memory(m);
        return;
    }
    cmp_reply(m, PKI_ERROR, body, after_refusal(m, fail_info));
}

void cmp_refuse_unavailable(struct cmp_message *m, const char *detail)
{
    cmp_refuse(m, PKI_SYSTEM_UNAVAIL, "the server's store is not available: try again later", detail);
}

void cmp_refuse_body(struct cmp_message *m, enum pki_failure fail_info, const char *text, const char *detail)
{
    struct cert_response response = {.cert_req_id = m->request.cert_req_id};
    struct bytes body;
    int ok;

    if (!m->starts_transaction) {
        cmp_refuse(m, fail_info, text, detail);
        return;
    }
    response.status = refusal(m, fail_info, text, detail);
    ok = m->requests_cert ? pki_encode_cert_rep(&body, m->arena, NULL, 0, &response)
                          : pki_encode_rev_rep(&body, m->arena, &response.status);
    if (ok)
        cmp_reply(m, m->requests_cert ? response_body(m->in.body_type) : PKI_RP, body,
                  after_refusal(m, fail_info));
    else
        cmp_out_of_memory(m);
}

int cmp_overload_answer(struct bytes *out, struct arena *arena, struct bytes request,
                        enum pki_failure fail_info, const char *text)
{
    struct pki_status_info status = {
        .status = PKI_REJECTION, .text = bytes_str(text), .fail_info = UINT64_C(1) << fail_info};
    struct pki_header header = {.pvno = PKI_CMP2000};
    struct pki_message in;
    struct bytes body, part;

    header.sender = header.recipient = bytes_of(null_dn, sizeof null_dn);
    if (pki_message_decode(&in, NULL, request) != PKI_UNREADABLE) {
        header.pvno = reply_version(in.header.pvno);
        header.recipient = recipient_of(&in.header);
        header.transaction_id = in.header.transaction_id;
        header.recip_nonce = in.header.sender_nonce;
    }
    return pki_encode_error(&body, arena, &status) &&
           pki_encode_protected_part(&part, arena, &header, PKI_ERROR, body) &&
           pki_encode_message(out, arena, part, bytes_of(NULL, 0), NULL, 0);
}
