/* Checks of PKIHeader: RFC 9483 3.5, and 3.1 to the letter where a profile wants that. */
#include "crypto/name.h"
#include "crypto/name_match.h"
#include "server/cmp/internal.h"

const char cmp_of_rfc9483[] = "the profile has header: rfc9483, which wants this";

static enum cmp_turn refuse(struct cmp_message *m, enum pki_failure fail_info, const char *text)
{
    return cmp_refuse(m, fail_info, text, NULL);
}

/* What changes nothing may come from anybody where the profile says so. */
static int may_be_bare(const struct cmp_message *m)
{
    return cmp_has(m, CMP_MAY_BE_BARE) || (cmp_has(m, CMP_ASKS) && m->profile->config->general.unprotected);
}

enum cmp_turn cmp_check_header(struct cmp_message *m)
{
    const struct pki_header *header = &m->in.header;
    int is_bare = !m->in.has_protection && header->protection_alg.len == 0;

    if (header->pvno != PKI_CMP2000 && header->pvno != PKI_CMP2021)
        return refuse(m, PKI_UNSUPPORTED_VERSION, "pvno must be 2 or 3");
    if (header->transaction_id.len > BOUND_TRANSACTION_ID || header->sender_nonce.len > BOUND_NONCE ||
        header->recip_nonce.len > BOUND_NONCE || header->sender_kid.len > BOUND_SENDER_KID)
        return refuse(m, PKI_BAD_DATA_FORMAT, "transactionID, a nonce or senderKID is too long");
    /* RFC 9810 5.1.1 lets the first message go without; the answer then says which one the server has set. */
    if (header->transaction_id.len == 0 && !cmp_has(m, CMP_BEGINS))
        return refuse(m, PKI_BAD_DATA_FORMAT, "transactionID is missing");
    /* It is the peer's own freshness, not ours; with less than 64 bits answers of others would fit. */
    if (header->sender_nonce.len < CMP_NONCE &&
        (header->sender_nonce.len < BOUND_NONCE_TOLERATED || !cmp_tolerates(m, TOLERANCE_NONCE_LENGTH)))
        return cmp_refuse(m, PKI_BAD_SENDER_NONCE, CMP_SHORT_NONCE,
                          header->sender_nonce.len < BOUND_NONCE_TOLERATED
                              ? NULL
                              : cmp_would_tolerate(m, TOLERANCE_NONCE_LENGTH));
    if (header->general_info_fault != NULL)
        return refuse(m, PKI_BAD_DATA_FORMAT, header->general_info_fault);
    /* RFC 9483 3.5: "Messages without protection MUST be rejected except for error messages" */
    if ((!m->in.has_protection || header->protection_alg.len == 0) && !(is_bare && may_be_bare(m)))
        return cmp_by(m, is_bare && cmp_has(m, CMP_ASKS) ? "general.unprotected" : NULL,
                      refuse(m, PKI_BAD_MESSAGE_CHECK, "the message is not protected"));
    return CMP_ON;
}

/* RFC 9483 3.1, sender and senderKID: the subject and the key identifier of the protecting certificate are
 * compared where it is known. */
static enum cmp_turn check_mac_sender(struct cmp_message *m)
{
    const struct pki_header *header = &m->in.header;

    if (!m->is_mac || (header->sender_name.len != 0 && header->sender_kid.len != 0 &&
                       bytes_equal(name_attribute(m->arena, header->sender_name, "CN"), header->sender_kid)))
        return CMP_ON;
    return refuse(m, PKI_BAD_MESSAGE_CHECK, "sender must be a directoryName whose commonName is senderKID");
}

static enum cmp_turn check_general_info(struct cmp_message *m)
{
    const struct pki_header *header = &m->in.header;

    if (header->implicit_confirm && !cmp_has(m, CMP_ISSUES))
        return refuse(m, PKI_BAD_REQUEST, "implicitConfirm belongs in ir, cr, kur and p10cr only");
    if (header->implicit_confirm_bare)
        return refuse(m, PKI_BAD_DATA_FORMAT, "the value of implicitConfirm must be NULL");
    if (header->confirm_wait_time != 0 && header->implicit_confirm)
        return refuse(m, PKI_BAD_REQUEST, "confirmWaitTime must not stand beside implicitConfirm");
    if (header->confirm_wait_time != 0 && !header->has_message_time)
        return refuse(m, PKI_BAD_REQUEST, "confirmWaitTime needs messageTime");
    if (header->cert_profile_count != 0 && !cmp_has(m, CMP_ISSUES) && !cmp_has(m, CMP_STANDS_ALONE))
        return refuse(m, PKI_BAD_REQUEST, "certProfile belongs in requests for certificates only");
    if (header->cert_profile_count == 1 && header->cert_profile.len == 0)
        return refuse(m, PKI_BAD_REQUEST, "certProfile must name a profile: leave it out, or name one");
    return CMP_ON;
}

/* Who polls for an answer that he did not get has no nonce to repeat. Where nothing waits, nothing is changed
 * by it: which of the nonces it has does not matter. While the request waits, each poll is told another one
 * (RFC 9483 3.5); some stations repeat the first. */
static enum cmp_turn check_poll_nonce(struct cmp_message *m)
{
    if (m->in.header.recip_nonce.len == 0)
        return cmp_tolerates(m, TOLERANCE_POLL_WITHOUT_ANSWER)
                   ? CMP_ON
                   : cmp_refuse(m, PKI_BAD_REQUEST, CMP_NOTHING_TO_POLL,
                                cmp_would_tolerate(m, TOLERANCE_POLL_WITHOUT_ANSWER));
    return m->tx.state != STORE_TX_WAITING || cmp_tolerates(m, TOLERANCE_POLL_NONCE)
               ? CMP_ON
               : cmp_refuse(m, PKI_BAD_RECIPIENT_NONCE, CMP_WRONG_RECIP_NONCE,
                            cmp_would_tolerate(m, TOLERANCE_POLL_NONCE));
}

enum cmp_turn cmp_check_recip_nonce(struct cmp_message *m)
{
    int is_absent = m->in.has_protection && m->in.header.recip_nonce.len == 0;

    /* Without it the transactionID, which is ours to keep unique, and the hash of the certificate say what is
     * answered. A wrong one stays wrong, and whoever proves nothing needs it. */
    if (bytes_equal(m->in.header.recip_nonce, m->tx.sender_nonce))
        return CMP_ON;
    if (cmp_has(m, CMP_POLLS))
        return check_poll_nonce(m);
    if (is_absent && cmp_tolerates(m, TOLERANCE_NO_RECIP_NONCE))
        return CMP_ON;
    return cmp_refuse(m, PKI_BAD_RECIPIENT_NONCE, CMP_WRONG_RECIP_NONCE,
                      is_absent ? cmp_would_tolerate(m, TOLERANCE_NO_RECIP_NONCE) : NULL);
}

/* RFC 9483 3.5 messageTime. RFC 9810 appendix F, missingTimeStamp: "when the timestamp is missing but should
 * be there (by policy)" */
enum cmp_turn cmp_check_time(struct cmp_message *m)
{
    uint32_t window = m->profile->config->accept.message_time_seconds;
    int64_t difference = m->in.header.message_time - m->now;

    if (!m->in.header.has_message_time && m->profile->config->accept.message_time_required)
        return refuse(m, PKI_MISSING_TIME_STAMP, "messageTime is missing, and this profile wants it");
    if (window == 0 || !m->in.header.has_message_time ||
        (difference <= window && difference >= -(int64_t)window) || cmp_tolerates(m, TOLERANCE_CLOCK_OFF))
        return CMP_ON;
    return cmp_refuse(m, PKI_BAD_TIME, CMP_WRONG_TIME,
                      arena_printf(m->arena, "%lld s off; %s", (long long)difference,
                                   cmp_would_tolerate(m, TOLERANCE_CLOCK_OFF)));
}

/* RFC 9483 3.5: sender and senderKID name the certificate that protects. RFC 9810 5.1.1 lets a sender that
 * does not know its name send the NULL-DN beside senderKID; RFC 9483 3.1 does not, and wants senderKID
 * wherever the certificate has one. */
enum cmp_turn cmp_check_sender(struct cmp_message *m, struct bytes subject, struct name_cache *cache)
{
    struct bytes sender = m->in.header.sender_name, kid = m->in.header.sender_kid;
    int is_absent = kid.len != 0 && sender.len != 0 && name_is_empty(sender), is_permuted;

    if ((is_absent && !cmp_to_the_letter(m)) || name_equal_cached(sender, &m->sender_cache, subject, cache))
        return CMP_ON;
    /* Beside senderKID, which says by the key whose certificate it is. */
    is_permuted = kid.len != 0 && !is_absent && name_has_same_rdns(sender, subject);
    if (is_permuted && cmp_may_tolerate(m, m->profile, TOLERANCE_NAME_ORDER))
        return CMP_ON;
    return cmp_refuse(m, PKI_BAD_MESSAGE_CHECK, CMP_WRONG_SENDER,
                      is_absent     ? cmp_of_rfc9483
                      : is_permuted ? cmp_would_tolerate(m, TOLERANCE_NAME_ORDER)
                                    : NULL);
}

enum cmp_turn cmp_check_sender_kid(struct cmp_message *m, struct bytes key_id)
{
    struct bytes kid = m->in.header.sender_kid;

    if (key_id.len != 0 && (kid.len != 0 || cmp_to_the_letter(m)) && !bytes_equal(kid, key_id))
        return cmp_refuse(m, PKI_BAD_MESSAGE_CHECK,
                          "senderKID is not the subjectKeyIdentifier of the protecting certificate",
                          kid.len == 0 ? cmp_of_rfc9483 : NULL);
    return CMP_ON;
}

static enum cmp_turn check_strictly(struct cmp_message *m)
{
    const struct pki_header *header = &m->in.header;

    if (cmp_has(m, CMP_BEGINS) && header->transaction_id.len != CMP_NONCE)
        return refuse(m, PKI_BAD_DATA_FORMAT, "transactionID must have 128 bits");
    if (header->sender_nonce.len > CMP_NONCE)
        return refuse(m, PKI_BAD_SENDER_NONCE, "senderNonce must have 128 bits");
    /* Of a nested message it may be copied from the one in it: "other fields […] can be ignored" (5.2.2.1).
     */
    if (cmp_has(m, CMP_BEGINS) && !cmp_has(m, CMP_CARRIES) && header->recip_nonce.len != 0)
        return refuse(m, PKI_BAD_RECIPIENT_NONCE, "recipNonce must be absent in the first message");
    return check_mac_sender(m) == CMP_ON ? check_general_info(m) : CMP_REFUSED;
}

enum cmp_turn cmp_check_profile_header(struct cmp_message *m)
{
    if (!cmp_to_the_letter(m) || check_strictly(m) == CMP_ON)
        return CMP_ON;
    m->refusal.detail = cmp_of_rfc9483;
    return CMP_REFUSED;
}
