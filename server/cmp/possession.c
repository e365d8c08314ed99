/* Proof of possession, of each kind that is supported. */
#include "server/cmp/possession.h"

#include "crypto/name.h"
#include "crypto/name_match.h"
#include "crypto/price.h"
#include "crypto/random.h"
#include "crypto/secret_memory.h"

static enum cmp_turn refuse(struct cmp_message *m, const char *text)
{
    return cmp_refuse_body(m, PKI_BAD_POP, text);
}

/* RFC 4211 4.1: publicKeyMAC is made with the secret that a message by MAC names. */
static void read_key_mac(struct cmp_message *m, struct cmp_possession *own)
{
    CBS cbs = cbs_of(own->request->pop_input.mac_alg);

    /* RFC 9481 6.2.2: AES-GMAC would have the nonce of the message a second time. */
    if (!m->is_mac || !mac_parse(&own->mac, &cbs) || own->mac.nonce.len != 0 ||
        cmp_check_mac(m, &own->mac) != CMP_ON)
        return;
    m->price_us += mac_price_us(&own->mac);
    m->starved |= (own->mac_key = secret_alloc(sizeof *own->mac_key)) == NULL;
}

void cmp_read_possession(struct cmp_message *m, struct cmp_possession *own,
                         const struct cert_request *request)
{
    own->request = request;
    if (request->tmpl.spki.len != 0)
        own->key = public_key_parse(request->tmpl.spki);
    if (request->pop == PKI_POP_SIGNATURE)
        own->proof.algorithm = cmp_read_algorithm(m, request->pop_algorithm);
    own->proof.key = own->key;
    own->proof.message = request->pop_message;
    own->proof.signature = request->pop_signature;
    if (own->key != NULL)
        m->price_us += public_key_verify_us(own->key);
    if (request->pop_input.mac_alg.len != 0)
        read_key_mac(m, own);
}

void cmp_want_possession(struct cmp_message *m, struct cmp_possession *own)
{
    cmp_want_verification(m, &own->proof);
    if (own->mac_key != NULL)
        cmp_want_mac(m, &own->mac, own->mac_key);
}

/* RFC 4211 4.1: "used only if an authenticated identity has been established for the sender": that of the
 * certificate that protects the message, or the reference of the secret, whatever the header says; with an
 * RA's protection anybody's. Else the proof of somebody else would do. */
static int sender_is_authenticated(const struct cmp_message *m, struct bytes sender)
{
    if (m->is_mac)
        return bytes_equal(name_attribute(m->arena, sender, "CN"), m->in.header.sender_kid);
    return m->is_ra || name_equal(sender, m->signer->subject);
}

static enum cmp_turn check_key_mac(struct cmp_message *m, const struct cmp_possession *own)
{
    const struct pop_input *input = &own->request->pop_input;
    uint8_t expected[DIGEST_MAX];
    size_t len;
    int right;

    if (!m->is_mac)
        return refuse(m, "publicKeyMAC needs a request that is protected by the secret: use sender");
    if (own->mac_key == NULL)
        return refuse(m, "publicKeyMAC: use the algorithm and parameters of protectionAlg, but not AES-GMAC");
    if (own->mac_key->len == 0 || (len = mac_apply(expected, &own->mac, own->mac_key, input->spki)) == 0)
        return cmp_out_of_memory(m);
    right = len == input->mac.len && secret_equal(expected, input->mac.data, len);
    secret_wipe(expected, sizeof expected);
    return right ? CMP_ON : refuse(m, "publicKeyMAC is wrong");
}

/* RFC 9810 5.2.8.2: poposkInput "MUST be present" without a subject and "MUST be omitted" beside one. That
 * the signature is over certReq all the same is taken where the request has no subject. RFC 9483 4.1.1
 * prohibits it, and has a subject in every request. */
static enum cmp_turn check_input(struct cmp_message *m, const struct cmp_possession *own)
{
    const struct pop_input *input = &own->request->pop_input;

    if (!input->is_there)
        return CMP_ON;
    if (own->request->tmpl.subject.len != 0)
        return refuse(m, "poposkInput is for requests without a subject: leave it out, and sign certReq");
    if (!bytes_equal(input->spki, own->request->tmpl.spki))
        return refuse(m, "publicKey in poposkInput is not that of certTemplate");
    if (input->mac_alg.len != 0)
        return check_key_mac(m, own);
    if (input->sender_name.len == 0 || !sender_is_authenticated(m, input->sender_name))
        return refuse(m, "sender in poposkInput is not the name of who protects the request");
    return CMP_ON;
}

enum cmp_turn cmp_check_possession(struct cmp_message *m, struct cmp_possession *own)
{
    const char *text, *setting;
    enum cmp_turn turn;

    switch (own->request->pop) {
    case PKI_POP_NONE:
        return refuse(m, "popo is missing: sign certReq with the key to be certified");
    case PKI_POP_RA_VERIFIED:
        /* RFC 9483 5.1.1: only an RA may say that it has verified the possession itself. */
        return m->is_ra
                   ? CMP_ON
                   : cmp_by(m, "accept.ras",
                            cmp_refuse_body(m, PKI_NOT_AUTHORIZED, "raVerified is for RAs: sign certReq"));
    case PKI_POP_OTHER:
        return refuse(m, "keyEncipherment and keyAgreement in popo are not supported: sign certReq");
    case PKI_POP_SIGNATURE:
        break;
    }
    if ((turn = check_input(m, own)) != CMP_ON)
        return turn;
    if (own->proof.algorithm == NULL)
        return cmp_refuse_body(m, PKI_BAD_ALG,
                               cmp_algorithm_text(m, "proof of possession", own->request->pop_algorithm));
    if ((text = cmp_signature_policy(m, "proof of possession", own->proof.algorithm, &setting)) != NULL)
        return cmp_by(m, setting, cmp_refuse_body(m, PKI_BAD_ALG, text));
    if (!signature_fits(own->proof.algorithm, public_key_kind(own->key)))
        return refuse(m, "the algorithm of popo does not fit publicKey");
    if (own->proof.undecided)
        return cmp_out_of_memory(m);
    return own->proof.valid ? CMP_ON : refuse(m, "the signature of popo is wrong");
}

void cmp_free_possession(struct cmp_possession *own)
{
    public_key_free(own->key);
    secret_free(own->mac_key);
    own->key = NULL;
    own->mac_key = NULL;
}
