/* ir, cr, p10cr and kur (RFC 9483 4.1.1 to 4.1.4). */
#include "crypto/name.h"
#include "server/cmp/internal.h"

static cmp_step decided, certificate_signed, commit_certificate;

static int refuse(struct cmp_message *m, enum pki_failure fail_info, const char *text)
{
    cmp_refuse_body(m, fail_info, text, NULL);
    return 0;
}

/* The template as far as the protocol rules on it; what the certificate may contain is policy's. 1 or 0. */
static int check_template(struct cmp_message *m)
{
    const struct cert_template *tmpl = &m->request.tmpl;

    if (m->body_fault != NULL)
        return refuse(m, m->body_fail_info, m->body_fault);
    /* RFC 9483 4.1.1: "MUST be 2 if supplied" (v3) */
    if (tmpl->version >= 0 && tmpl->version != 2)
        return refuse(m, PKI_BAD_CERT_TEMPLATE, "version in certTemplate must be 2 or absent");
    /* RFC 9483 4.1.1: "MUST be 0"; RFC 9810 leaves it to the client. PKCS #10 has none. */
    if (m->profile->strict_header && m->in.body_type != PKI_P10CR && m->request.cert_req_id != 0)
        return refuse(m, PKI_BAD_REQUEST, "certReqId must be 0");
    /* RFC 4211 section 5: these fields "MUST be omitted"; the serial number is the CA's to choose. */
    if (tmpl->serial.len != 0)
        return refuse(m, PKI_BAD_CERT_TEMPLATE, "certTemplate must not choose a serialNumber");
    if (tmpl->has_omitted)
        return refuse(m, PKI_BAD_CERT_TEMPLATE,
                      "certTemplate must not have signingAlg, issuerUID or subjectUID");
    if (tmpl->spki.len == 0)
        return refuse(m, PKI_BAD_CERT_TEMPLATE, "certTemplate lacks publicKey");
    if (m->request_key == NULL)
        return refuse(m, PKI_BAD_CERT_TEMPLATE, "publicKey is malformed or of an unsupported type");
    return 1;
}

/* RFC 9483 4.1.3: the certificate to be updated protects the kur, oldCertID and the template name it, and the
 * names stay as they are. */
static int check_update(struct cmp_message *m)
{
    const struct cert_request *request = &m->request;
    const struct cert_template *tmpl = &request->tmpl;
    const struct certificate *old = m->signer;
    int named_by_san = tmpl->subject.len != 0 && name_is_empty(tmpl->subject) && tmpl->san.len != 0;

    if (m->in.body_type != PKI_KUR)
        return 1;
    if (!m->signer_is_own)
        return refuse(m, PKI_BAD_CERT_ID, "sign the kur with the certificate to be updated, one of this CA");
    if (request->old_cert_issuer.len != 0 && (!bytes_equal(request->old_cert_issuer, old->issuer) ||
                                              !bytes_equal(request->old_cert_serial, old->serial)))
        return refuse(m, PKI_BAD_CERT_ID, "oldCertID is not the certificate that protects the kur");
    /* RFC 9810 5.3.5 lets the template name no subject. */
    if (tmpl->subject.len != 0 && !named_by_san && !bytes_equal(tmpl->subject, old->subject))
        return refuse(m, PKI_BAD_CERT_TEMPLATE, "subject is not that of the certificate to be updated");
    if (tmpl->san.len != 0 && !bytes_equal(tmpl->san, old->san))
        return refuse(m, PKI_BAD_CERT_TEMPLATE,
                      "subjectAltName is not that of the certificate to be updated");
    if (!m->profile->same_key_update && bytes_equal(tmpl->spki, old->spki))
        return refuse(m, PKI_BAD_CERT_TEMPLATE, "publicKey is the old one: make a new key");
    return 1;
}

/* RFC 9810 4.3, RFC 9483 4.1.1: a signature by the key to be certified. */
static int check_pop(struct cmp_message *m)
{
    const struct cert_request *request = &m->request;

    if (request->pop == PKI_POP_NONE)
        return refuse(m, PKI_BAD_POP, "popo is missing: sign certReq with the key to be certified");
    /* RFC 9483 5.1.1: only an RA may say that it has verified the possession itself. */
    if (request->pop == PKI_POP_RA_VERIFIED)
        return m->is_ra ? 1 : refuse(m, PKI_NOT_AUTHORIZED, "raVerified is for RAs: sign certReq");
    if (request->pop != PKI_POP_SIGNATURE || request->pop_has_input)
        return refuse(m, PKI_BAD_POP,
                      "this kind of popo is not supported: sign certReq, without poposkInput");
    if (m->pop_algorithm == NULL || !signature_fits(m->pop_algorithm, public_key_kind(m->request_key)))
        return refuse(m, PKI_BAD_POP, "the algorithm of popo is not supported or does not fit publicKey");
    if (!m->pop_valid)
        return refuse(m, PKI_BAD_POP, "the signature of popo is wrong");
    return 1;
}

void cmp_enroll(struct cmp_message *m)
{
    struct cmp_decision *decide;

    if (!check_template(m) || !check_update(m) || !check_pop(m))
        return;
    decide = &cmp_want_add(m, CMP_WANT_DECIDE)->u.decide;
    decide->profile = m->profile;
    decide->request = &m->request;
    decide->key = m->request_key;
    decide->signer = m->signer;
    decide->update = m->in.body_type == PKI_KUR ? m->signer : NULL;
    decide->by_ra = m->is_ra;
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
    m->granted_with_mods = m->decision.modified != NULL;
    m->result.detail = m->decision.modified;
    m->grant_implicit = m->in.header.implicit_confirm && m->profile->implicit_confirm;
    cmp_reply_certificate(m, m->certificate, commit_certificate);
}

static int hash_into_arena(struct bytes *out, struct arena *arena, struct bytes data)
{
    uint8_t *hash = arena_alloc(arena, CMP_HASH);

    *out = bytes_of(hash, CMP_HASH);
    return hash != NULL && digest_compute(hash, DIGEST_SHA256, data) == CMP_HASH;
}

static void commit_certificate(struct cmp_message *m)
{
    enum { TEXT = 512 };
    char *subject_text = arena_alloc(m->arena, TEXT);
    struct store_unit *unit;

    cmp_begin_tx(m, m->grant_implicit ? STORE_TX_CONFIRMED : STORE_TX_WAIT_CONFIRM);
    m->new_tx.implicit_confirm = m->grant_implicit;
    m->new_tx.granted_with_mods = m->granted_with_mods;
    m->new_tx.serial = m->decision.serial;
    m->new_tx.cert_req_id = m->request.cert_req_id;
    m->new_tx.deadline = m->grant_implicit ? 0 : m->now + m->profile->confirm_wait_seconds;
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
    if (subject_text == NULL || !hash_into_arena(&m->new_cert.spki_hash, m->arena, m->request.tmpl.spki) ||
        !hash_into_arena(&m->new_cert.cert_hash, m->arena, m->certificate)) {
        cmp_out_of_memory(m);
        return;
    }
    m->new_cert.subject_text = bytes_str(name_text(subject_text, TEXT, m->decision.subject));
    m->result.event = m->in.body_type == PKI_KUR ? "certificate updated" : "certificate issued";
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
    /* A kur that may keep its key finds that key in the certificate that it updates. */
    if (m->profile->unique_keys &&
        !(m->in.body_type == PKI_KUR && bytes_equal(m->request.tmpl.spki, m->signer->spki)))
        unit->key_unused = m->new_cert.spki_hash;
    m->audit.event = m->in.body_type == PKI_KUR ? "update" : "issue";
    m->audit.outcome = "granted";
    m->audit.detail = m->new_cert.subject_text;
}
