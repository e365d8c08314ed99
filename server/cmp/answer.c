/* Answers: header, protection, extraCerts (RFC 9483 3.1 to 3.3). */
#include "crypto/name.h"
#include "crypto/name_match.h"
#include "crypto/name_rules.h"
#include "crypto/random.h"
#include "server/cmp/internal.h"

/* struct answerer is who signs an answer. */
struct answerer {
    const struct certificate *cert;
    const struct private_key *key;
    const struct signature_algorithm *algorithm;
    struct bytes sender;
    const struct bytes *extra_certs; /* |cert| and what stands between it and the root */
    size_t extra_cert_count;
};

static int is_by_ca(const struct cmp_profile *profile)
{
    return profile->config->answer.signed_by == CONFIG_SIGNED_BY_CA;
}

static struct answerer answerer_of(const struct cmp_profile *profile)
{
    const struct cmp_authority *ca = profile->ca;
    struct answerer answerer = is_by_ca(profile)
                                   ? (struct answerer){&ca->cert,           ca->key,
                                                       ca->algorithm,       ca->sender,
                                                       ca->mac_extra_certs, ca->mac_extra_cert_count}
                                   : (struct answerer){&ca->cmp_cert,          ca->cmp_key,
                                                       ca->cmp_algorithm,      ca->cmp_sender,
                                                       ca->signed_extra_certs, ca->signed_extra_cert_count};

    if (profile->answer_algorithm != NULL)
        answerer.algorithm = profile->answer_algorithm;
    return answerer;
}

/* All answers of a transaction are under one certificate, on whichever node: for stations that keep who
 * answered first. */
static int is_under_former(const struct cmp_message *m)
{
    const struct cmp_authority *ca = m->profile->ca;
    int64_t began = m->has_tx ? m->tx.created_at : m->now;

    return !is_by_ca(m->profile) && ca->former_cmp_cert.der.len != 0 && began < ca->cmp_since &&
           m->now <= ca->former_cmp_cert.not_after;
}

/* The name is the same, and the algorithm goes with both keys. */
static struct answerer answerer_for(const struct cmp_message *m)
{
    const struct cmp_authority *ca = m->profile->ca;
    struct answerer answerer = answerer_of(m->profile);

    if (is_under_former(m)) {
        answerer.cert = &ca->former_cmp_cert;
        answerer.key = ca->former_cmp_key;
        answerer.extra_certs = ca->former_extra_certs;
    }
    return answerer;
}

const struct certificate *cmp_answering_certificate(const struct cmp_profile *profile)
{
    return answerer_of(profile).cert;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t cmp_signs_until(const struct cmp_profile *profile)
{
    const struct cmp_authority *ca = profile->ca;
    int64_t until = earlier(ca->cert.not_after, cmp_answering_certificate(profile)->not_after);

    return ca->chain_not_after != 0 ? earlier(until, ca->chain_not_after) : until;
}

/* RFC 9483 3.6.4 */
enum cmp_turn cmp_check_signers(struct cmp_message *m)
{
    if (m->now <= cmp_signs_until(m->profile) || cmp_has(m, CMP_ANNOUNCES))
        return CMP_ON;
    return cmp_refuse(m, PKI_SYSTEM_UNAVAIL, CMP_SIGNER_ENDED, NULL);
}

/* RFC 9483 3.2 wants one kind of protection throughout; some clients take, or want, a signature. */
int cmp_answers_by_mac(const struct cmp_message *m)
{
    return m->mac_verified && m->profile->config->answer.mac_answers == CONFIG_MAC_ANSWERS_MAC;
}

/* The sender is echoed as recipient (RFC 9483 3.1), unless it is no GeneralName: then nobody is named. */
static struct bytes recipient_of(const struct pki_header *in)
{
    return general_name_is_well_formed(in->sender) ? in->sender : pki_null_dn();
}

/* RFC 9483 3.1 has the reference as commonName of the sender, too. Returns 0 if it is no text, which cannot
 * be one, or without memory. */
static int reference_as_sender(struct cmp_message *m, struct bytes *sender)
{
    struct bytes kid = m->in.header.sender_kid, name;
    char *text = arena_printf(m->arena, "%.*s", (int)kid.len, (const char *)kid.data);
    int printable = text != NULL && strlen(text) == kid.len;

    for (size_t i = 0; printable && i < kid.len; i++)
        printable = kid.data[i] >= 0x20 && kid.data[i] < 0x7f;
    return printable && name_build(&name, m->arena, (const char *const[]){"CN", text, NULL}) &&
           pki_directory_name(sender, m->arena, name);
}

static int is_addressed(const struct pki_header *in, struct bytes name)
{
    CBS recipient = cbs_of(in->recipient), content;

    return CBS_get_asn1(&recipient, &content, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 4) &&
           name_equal(bytes_of_cbs(&content), name);
}

/* RFC 9810 appendix C.4: "CA name". Clients that pin the name to which they wrote compare it with the sender,
 * some of them octet by octet: they get it back as they spelled it. The reference stands in senderKID. */
static struct bytes mac_sender(struct cmp_message *m)
{
    const struct cmp_authority *ca = m->profile->ca;
    const struct pki_header *in = &m->in.header;
    struct bytes sender;

    if (cmp_to_the_letter(m))
        return reference_as_sender(m, &sender) ? sender : ca->sender;
    if (general_name_is_well_formed(in->recipient) &&
        (is_addressed(in, ca->cert.subject) ||
         (!is_by_ca(m->profile) && is_addressed(in, ca->cmp_cert.subject))))
        return in->recipient;
    return ca->sender;
}

/* RFC 9810 section 7: the version of the request; beyond what is supported, the nearest that is. */
static int64_t reply_version(int64_t pvno)
{
    return pvno < PKI_CMP2000 ? PKI_CMP2000 : pvno > PKI_CMP2021 ? PKI_CMP2021 : pvno;
}

/* Only then implicitConfirm, confirmWaitTime and certificates of the CA stand in an answer. */
static int gives_certificate(const struct cmp_message *m)
{
    return cmp_has(m, CMP_ISSUES) && !m->result.refused && !m->held;
}

static void fill_header(struct cmp_message *m, struct pki_header *header)
{
    const struct answerer answerer = answerer_for(m);

    *header = (struct pki_header){
        .pvno = reply_version(m->in.header.pvno),
        .recipient = recipient_of(&m->in.header),
        .has_message_time = 1,
        .message_time = m->now,
        .transaction_id = m->transaction_id,
        .sender_nonce = bytes_of(m->nonce, CMP_NONCE),
        .recip_nonce = m->in.header.sender_nonce,
        .language = m->language_tag,
    };
    if (cmp_answers_by_mac(m)) {
        header->protection_alg = m->answer_mac.encoded;
        header->sender_kid = m->in.header.sender_kid;
        header->sender = mac_sender(m);
    } else {
        header->protection_alg = answerer.algorithm->encoded;
        header->sender_kid = answerer.cert->key_id;
        header->sender = answerer.sender;
    }
    if (gives_certificate(m)) {
        header->implicit_confirm = m->grant_implicit;
        /* RFC 9810 5.1.1.2; prohibited beside implicitConfirm (RFC 9483 3.1) */
        if (!m->grant_implicit)
            header->confirm_wait_time = m->has_tx && m->tx.deadline != 0 && m->approved == NULL
                                            ? m->tx.deadline
                                            : m->now + cmp_confirm_seconds(m);
    }
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

/* Refused, its row stays as it is: the next poll repeats the nonce that stands there. */
static int waits_still(const struct cmp_message *m)
{
    return m->result.refused && m->has_tx && m->tx.state == STORE_TX_WAITING &&
           (m->is_mac ? m->mac_verified : m->protection.valid);
}

static void choose_nonce(struct cmp_message *m)
{
    /* Answered again, the nonce is the one that the next message of the peer will repeat; and whoever may try
     * again repeats the one that he has, or this one. */
    if (((m->answers_again && !m->result.refused) || m->refusal.keeps || waits_still(m)) &&
        m->tx.sender_nonce.len == CMP_NONCE)
        memcpy(m->nonce, m->tx.sender_nonce.data, CMP_NONCE);
    else
        random_bytes(m->nonce, CMP_NONCE);
}

/* RFC 9481 6.2.2: AES-GMAC needs a nonce that the key has not seen. */
static int choose_mac(struct cmp_message *m)
{
    uint8_t fresh[MAC_GMAC_NONCE];

    random_bytes(fresh, sizeof fresh);
    return mac_answer(&m->answer_mac, m->arena, &m->mac, fresh);
}

static int choose_extra_certs(struct cmp_message *m)
{
    const struct cmp_authority *ca = m->profile->ca;
    const struct answerer answerer = answerer_for(m);

    if (!cmp_answers_by_mac(m)) {
        m->extra_certs = answerer.extra_certs;
        m->extra_cert_count = answerer.extra_cert_count;
    } else {
        m->extra_certs = ca->mac_extra_certs;
        m->extra_cert_count = gives_certificate(m) ? ca->mac_extra_cert_count : 0;
    }
    return !gives_certificate(m) || add_profile_certs(m);
}

/* Nothing can be protected: the one case beside overload in which an answer goes out bare. */
static enum cmp_turn answer_without_key(struct cmp_message *m, const char *text)
{
    m->result.end = JOB_NO_KEY;
    m->result.event = "request refused";
    m->result.refused = 1;
    m->result.fail_info = PKI_SYSTEM_UNAVAIL;
    m->result.text = text;
    return cmp_answer_bare(m, m->in.der, m->result.text) ? CMP_END : cmp_out_of_memory(m);
}

enum cmp_turn cmp_protect(struct cmp_message *m)
{
    const struct answerer answerer = answerer_for(m);
    struct pki_header header;

    /* What an expired certificate signs no station takes: bare, it can at least be read. */
    if (m->now > cmp_signs_until(m->profile) && !cmp_answers_by_mac(m))
        return answer_without_key(m, CMP_SIGNER_ENDED);

    m->result.reply_body = m->answer_body;
    m->answer_signing = NULL;
    choose_nonce(m);
    if (cmp_answers_by_mac(m) && !choose_mac(m))
        return cmp_out_of_memory(m);
    fill_header(m, &header);
    if (!choose_extra_certs(m) ||
        !pki_encode_protected_part(&m->protected_part, m->arena, &header, m->answer_body, m->answer))
        return cmp_out_of_memory(m);
    if (!cmp_answers_by_mac(m))
        m->answer_signing = cmp_want_signature(m, answerer.algorithm, answerer.key, m->protected_part);
    return CMP_ON;
}

enum cmp_turn cmp_finish(struct cmp_message *m)
{
    const struct signing *sign = m->answer_signing;
    uint8_t mac[DIGEST_MAX];
    struct bytes protection;

    if (sign != NULL && sign->signature_len == 0)
        return answer_without_key(m, "the server's key is not available: try again later");
    protection = sign != NULL ? bytes_of(sign->signature, sign->signature_len)
                              : bytes_of(mac, mac_apply(mac, &m->answer_mac, m->mac_key, m->protected_part));
    if (protection.len == 0 || !pki_encode_message(&m->result.reply, m->arena, m->protected_part, protection,
                                                   m->extra_certs, m->extra_cert_count))
        return cmp_out_of_memory(m);
    return CMP_ON;
}

int cmp_answer_bare(struct cmp_message *m, struct bytes request, const char *text)
{
    if (!cmp_overload_answer(&m->result.reply, m->arena, request, m->result.fail_info, text))
        return 0;
    m->result.reply_body = cmp_unsupported.response;
    return 1;
}

int cmp_overload_answer(struct bytes *out, struct arena *arena, struct bytes request,
                        enum pki_failure fail_info, const char *text)
{
    struct pki_status_info status = {
        .status = PKI_REJECTION, .text = bytes_str(text), .fail_info = UINT64_C(1) << fail_info};
    struct pki_header header = {.pvno = PKI_CMP2000};
    struct pki_message in;
    struct bytes body, part;

    header.sender = header.recipient = pki_null_dn();
    if (pki_message_decode(&in, NULL, request) != PKI_UNREADABLE) {
        header.pvno = reply_version(in.header.pvno);
        header.recipient = recipient_of(&in.header);
        header.transaction_id = in.header.transaction_id;
        header.recip_nonce = in.header.sender_nonce;
    }
    return pki_encode_error(&body, arena, &status) &&
           pki_encode_protected_part(&part, arena, &header, cmp_unsupported.response, body) &&
           pki_encode_message(out, arena, part, bytes_of(NULL, 0), NULL, 0);
}
