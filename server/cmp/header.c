/* Checks of PKIHeader: RFC 9483 3.5, and 3.1 to the letter where a profile wants that. */
#include "crypto/name.h"
#include "server/cmp/internal.h"

static int refuse(struct cmp_message *m, enum pki_failure fail_info, const char *text)
{
    cmp_refuse(m, fail_info, text, NULL);
    return 0;
}

int cmp_check_header(struct cmp_message *m)
{
    const struct pki_header *header = &m->in.header;
    int is_bare = !m->in.has_protection && header->protection_alg.len == 0;

    if (header->pvno != PKI_CMP2000 && header->pvno != PKI_CMP2021)
        return refuse(m, PKI_UNSUPPORTED_VERSION, "pvno must be 2 or 3");
    if (header->transaction_id.len > BOUND_TRANSACTION_ID || header->sender_nonce.len > BOUND_NONCE ||
        header->recip_nonce.len > BOUND_NONCE || header->sender_kid.len > BOUND_SENDER_KID)
        return refuse(m, PKI_BAD_DATA_FORMAT, "transactionID, a nonce or senderKID is too long");
    /* RFC 9810 5.1.1 lets the first message go without; the answer then says which one the server has set. */
    if (header->transaction_id.len == 0 && !m->starts_transaction)
        return refuse(m, PKI_BAD_DATA_FORMAT, "transactionID is missing");
    if (header->sender_nonce.len < CMP_NONCE)
        return refuse(m, PKI_BAD_SENDER_NONCE, "senderNonce must have at least 128 bits");
    /* RFC 9483 3.5: "Messages without protection MUST be rejected except for error messages" */
    if ((!m->in.has_protection || header->protection_alg.len == 0) &&
        !(is_bare && m->in.body_type == PKI_ERROR))
        return refuse(m, PKI_BAD_MESSAGE_CHECK, "the message is not protected");
    return 1;
}

/* RFC 9483 3.1, sender and senderKID: the subject and the key identifier of the protecting certificate are
 * compared where it is known (authenticate.c). */
static int check_sender(struct cmp_message *m)
{
    const struct pki_header *header = &m->in.header;

    if (!m->is_mac || (header->sender_name.len != 0 && header->sender_kid.len != 0 &&
                       bytes_equal(name_attribute(header->sender_name, "CN"), header->sender_kid)))
        return 1;
    return refuse(m, PKI_BAD_MESSAGE_CHECK, "sender must be a directoryName whose commonName is senderKID");
}

static int check_general_info(struct cmp_message *m)
{
    const struct pki_header *header = &m->in.header;

    if (header->implicit_confirm && !m->requests_cert)
        return refuse(m, PKI_BAD_REQUEST, "implicitConfirm belongs in ir, cr, kur and p10cr only");
    if (header->implicit_confirm_bare)
        return refuse(m, PKI_BAD_DATA_FORMAT, "the value of implicitConfirm must be NULL");
    if (header->confirm_wait_time != 0 && header->implicit_confirm)
        return refuse(m, PKI_BAD_REQUEST, "confirmWaitTime must not stand beside implicitConfirm");
    if (header->confirm_wait_time != 0 && !header->has_message_time)
        return refuse(m, PKI_BAD_REQUEST, "confirmWaitTime needs messageTime");
    if (header->cert_profile_count != 0 && !m->requests_cert)
        return refuse(m, PKI_BAD_REQUEST, "certProfile belongs in requests for certificates only");
    return 1;
}

int cmp_check_recip_nonce(struct cmp_message *m)
{
    return bytes_equal(m->in.header.recip_nonce, m->tx.sender_nonce) ||
           refuse(m, PKI_BAD_RECIPIENT_NONCE,
                  "recipNonce is not the senderNonce of the server's last answer");
}

int cmp_check_profile_header(struct cmp_message *m)
{
    const struct pki_header *header = &m->in.header;

    if (!m->profile->strict_header)
        return 1;
    if (m->starts_transaction && header->transaction_id.len != CMP_NONCE)
        return refuse(m, PKI_BAD_DATA_FORMAT, "transactionID must have 128 bits");
    if (header->sender_nonce.len != CMP_NONCE)
        return refuse(m, PKI_BAD_SENDER_NONCE, "senderNonce must have 128 bits");
    if (m->starts_transaction && header->recip_nonce.len != 0)
        return refuse(m, PKI_BAD_RECIPIENT_NONCE, "recipNonce must be absent in the first message");
    return check_sender(m) && check_general_info(m);
}
