/* ir, cr, p10cr and kur (RFC 9483 4.1.1 to 4.1.4), and ccr (RFC 9810 5.3.11, D.6). */
#include "crypto/name.h"
#include "crypto/name_match.h"
#include "server/cmp/possession.h"
#include "server/pki/differences.h"
#include "server/pki/several.h"

struct enrollment {
    struct cert_request request;
    struct cmp_possession possession;
    const struct cmp_decision *decision;
    const struct cmp_question *question; /* to an authorizer; NULL: there is none */
    const struct signing *signing;
    struct bytes certificate;
    const char *differences; /* from the request; NULL: none */
    struct store_cert row;
    const struct store_fetch *issued;    /* when the request comes again */
    struct certificate parsed;           /* |certificate| */
    const struct store_fetch *signer;    /* looked at again; NULL: it was not */
    const struct store_fetch *successor; /* of the certificate to be updated; NULL: not asked for, or none */
    int is_again;                        /* 1: that is good, and the answer tells so */
};

static int decode_crmf(struct cmp_message *m)
{
    struct enrollment *own = m->state = arena_alloc(m->arena, sizeof *own);
    const char *why = NULL;
    size_t count;

    if (own == NULL)
        return 0;
    /* Each is read by itself, so that what is wrong with one is not told of all. */
    if (cmp_may_be_several(m) && pki_split(NULL, &count, 0, m->arena, m->in.body) && count > 1)
        return cmp_become_several(m, count);
    if (!pki_decode_cert_requests(&own->request, &count, m->arena, &why, m->in.body))
        cmp_fault(m, PKI_BAD_DATA_FORMAT, why);
    else if (count != 1 || (m->whole != NULL && cmp_to_the_letter(m))) /* RFC 9483 4.1.1 */
        cmp_fault(m, PKI_BAD_REQUEST, "send one CertReqMsg in a message");
    if (m->body_fault == NULL)
        cmp_read_possession(m, &own->possession, &own->request);
    return 1;
}

static int decode_pkcs10(struct cmp_message *m)
{
    struct enrollment *own = m->state = arena_alloc(m->arena, sizeof *own);
    const char *why = NULL;

    if (own == NULL)
        return 0;
    if (!pki_decode_pkcs10(&own->request, m->arena, &why, m->in.body))
        cmp_fault(m, PKI_BAD_DATA_FORMAT, why);
    if (m->body_fault == NULL)
        cmp_read_possession(m, &own->possession, &own->request);
    return 1;
}

/* What answers again is in the store, certReqId in m->tx. In what the certificate differs from the request
 * only that says (tell_differences). */
static int recover(struct cmp_message *m)
{
    m->state = arena_alloc(m->arena, sizeof(struct enrollment));
    return m->state != NULL;
}

static void cleanup(struct cmp_message *m)
{
    struct enrollment *own = m->state;

    cmp_free_possession(&own->possession);
}

static struct bytes names(const struct cmp_message *m)
{
    return ((const struct enrollment *)m->state)->request.old_cert_serial;
}

static struct bytes certifies(const struct cmp_message *m)
{
    return ((const struct enrollment *)m->state)->request.tmpl.spki;
}

static void prove(struct cmp_message *m)
{
    struct enrollment *own = m->state;

    cmp_want_possession(m, &own->possession);
}

/* RFC 4211 section 5: these fields "MUST be omitted"; the serial number is the CA's to choose. */
static enum cmp_turn check_omitted(struct cmp_message *m, const struct cert_template *tmpl)
{
    unsigned ignored = m->profile->config->request.ignore;

    if (tmpl->serial.len != 0 && (ignored & CONFIG_IGNORE_SERIAL_NUMBER) == 0)
        return cmp_by(
            m, "request.ignore",
            cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE,
                            "certTemplate must not choose a serialNumber (request.ignore takes it)"));
    if (tmpl->signing_alg.len != 0 && m->operation != &cmp_ccr && (ignored & CONFIG_IGNORE_SIGNING_ALG) == 0)
        return cmp_by(m, "request.ignore",
                      cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE,
                                      "certTemplate must not have signingAlg (request.ignore takes it)"));
    if (tmpl->has_uid)
        return cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE,
                               "certTemplate must not have issuerUID or subjectUID");
    return CMP_ON;
}

/* RFC 9483 4.1.1, 4.1.3 item 3 and 4.1.4: every request has a subject, the NULL-DN only beside a
 * subjectAltName. By RFC 9810 a template may name nobody. */
static enum cmp_turn check_names(struct cmp_message *m, const struct cert_template *tmpl)
{
    if (!cmp_to_the_letter(m))
        return CMP_ON;
    if (tmpl->subject.len == 0)
        return cmp_by(m, "accept.header",
                      cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE,
                                      "subject is missing: beside a subjectAltName the empty name will do"));
    if (name_is_empty(tmpl->subject) && tmpl->san.len == 0)
        return cmp_by(
            m, "accept.header",
            cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE, "name the device in subject or subjectAltName"));
    return CMP_ON;
}

/* RFC 4211 7.2: certReq in regInfo is how an RA has another template than the proof of possession was made
 * over; "the certificate template in the request is ignored", but for its key, which was proved. */
static enum cmp_turn check_substitute(struct cmp_message *m)
{
    const struct cert_request *request = &((const struct enrollment *)m->state)->request;

    if (request->substitute == NULL)
        return CMP_ON;
    if (cmp_has(m, CMP_UPDATES))
        return cmp_refuse_body(m, PKI_NOT_AUTHORIZED,
                               "certReq in regInfo is none of a kur: who updates asks for itself");
    if (!m->is_ra)
        return cmp_by(m, "accept.ras",
                      cmp_refuse_body(m, PKI_NOT_AUTHORIZED,
                                      "certReq in regInfo is for RAs: ask for all of it in certTemplate"));
    if (!bytes_equal(request->substitute->spki, request->tmpl.spki))
        return cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE,
                               "publicKey of certReq in regInfo is not that of certTemplate");
    return CMP_ON;
}

/* RFC 9810 D.6: another CA asks for one certificate, of itself. signingAlg, if it is there, must be what this
 * CA signs with; validity is to be "completely specified". */
static enum cmp_turn check_cross_template(struct cmp_message *m, const struct cert_template *tmpl)
{
    if (tmpl->signing_alg.len != 0 && !bytes_equal(tmpl->signing_alg, m->profile->ca->algorithm->encoded))
        return cmp_refuse_body(m, PKI_BAD_ALG,
                               "signingAlg is not what this CA signs with: ask for that, or leave it out");
    if (tmpl->has_validity && (tmpl->not_before == TEMPLATE_NO_TIME || tmpl->not_after == TEMPLATE_NO_TIME))
        return cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE,
                               "validity must have both of its times: give notBefore and notAfter");
    /* RFC 5280 4.1.2.6: a CA has a name. */
    if (tmpl->subject.len == 0 || name_is_empty(tmpl->subject))
        return cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE, "subject is missing: name the CA");
    /* Below one of its own name, what others have issued would look like its own: a path does not count it.
     */
    if (name_equal(tmpl->subject, m->profile->ca->cert.subject))
        return cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE,
                               "subject is the name of the CA that is asked: name the CA that asks");
    return CMP_ON;
}

/* A profile certifies CAs, by ccr, or stations, by all other requests. RFC 9810 5.3.11: "the key pair MUST
 * have been generated by the requesting CA": nobody asks for another. */
static enum cmp_turn check_kind(struct cmp_message *m)
{
    int is_cross = m->operation == &cmp_ccr, certifies_cas = m->profile->config->cross != NULL;

    if (is_cross != certifies_cas)
        return cmp_by(m, "cross",
                      cmp_refuse_body(m, PKI_NOT_AUTHORIZED,
                                      is_cross ? "this profile certifies no CAs: ask for another one"
                                               : "this profile certifies CAs alone: send a ccr, or ask for "
                                                 "another profile"));
    if (is_cross && (m->is_ra || m->agent != NULL))
        return cmp_refuse_body(m, PKI_NOT_AUTHORIZED,
                               "a ccr must be signed by the CA that it is for, and by no RA or agent");
    return CMP_ON;
}

/* The template as far as the protocol rules on it; what the certificate may contain is policy's. */
static enum cmp_turn check_template(struct cmp_message *m)
{
    const struct enrollment *own = m->state;
    const struct cert_template *tmpl =
        own->request.substitute != NULL ? own->request.substitute : &own->request.tmpl;

    if (m->body_fault != NULL)
        return cmp_refuse_body(m, m->body_fail_info, m->body_fault);
    /* RFC 9810 5.1.1.4: no more names "than the number of CertReqMsg" */
    if (m->in.header.cert_profile_count > 1 && m->whole == NULL)
        return cmp_refuse(m, PKI_BAD_REQUEST, CMP_SEVERAL_NAMES, NULL);
    /* RFC 9483 4.1.1: "MUST be 2 if supplied" (v3) */
    if (tmpl->version >= 0 && tmpl->version != 2)
        return cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE, "version in certTemplate must be 2 or absent");
    /* RFC 9483 4.1.1: "MUST be 0"; RFC 9810 leaves it to the client. PKCS #10 has none. */
    if (cmp_to_the_letter(m) && m->operation != &cmp_p10cr && own->request.cert_req_id != 0)
        return cmp_by(m, "accept.header", cmp_refuse_body(m, PKI_BAD_REQUEST, "certReqId must be 0"));
    if (own->request.archives_key)
        return cmp_refuse_body(m, PKI_BAD_REQUEST,
                               "this server keeps no private keys: leave pkiArchiveOptions out");
    if (check_substitute(m) != CMP_ON || check_omitted(m, tmpl) != CMP_ON ||
        cmp_check_extensions(m, tmpl) != CMP_ON || check_names(m, tmpl) != CMP_ON ||
        (m->operation == &cmp_ccr && check_cross_template(m, tmpl) != CMP_ON))
        return CMP_REFUSED;
    if (tmpl->spki.len == 0)
        return cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE, "certTemplate lacks publicKey");
    if (own->possession.key == NULL)
        return cmp_refuse_template(m, "publicKey: %s", spki_fault(m->arena, tmpl->spki));
    return CMP_ON;
}

/* extraCerts is not protected: whoever is on the way must not choose which certificate of the key that signed
 * is meant. */
static int has_rivals(const struct cmp_message *m)
{
    size_t good = 0;

    for (size_t i = 0; i < m->signer_count; i++) {
        const struct store_fetch *row = m->signers[i].row;
        good += row != NULL && row->outcome == STORE_FOUND &&
                ((const struct store_cert *)row->rows)->status == STORE_CERT_VALID &&
                bytes_equal(m->signers[i].cert->spki, m->signer->spki);
    }
    return good > 1;
}

static int is_early(const struct cmp_message *m)
{
    enum { PERCENT = 100 };
    const struct certificate *old = m->signer;

    return old->not_after - m->now >
           (old->not_after - old->not_before) * m->profile->config->update.early_percent / PERCENT;
}

/* RFC 9483 4.1.3: the certificate to be updated protects the kur, oldCertID and the template name it, and the
 * names stay as they are. */
static enum cmp_turn check_update(struct cmp_message *m)
{
    const struct enrollment *own = m->state;
    const struct cert_request *request = &own->request;
    const struct cert_template *tmpl = &request->tmpl;
    const struct certificate *old = m->signer;
    int named_by_san = tmpl->subject.len != 0 && name_is_empty(tmpl->subject) && tmpl->san.len != 0;

    if (m->operation != &cmp_kur)
        return CMP_ON;
    if (!m->signer_is_own)
        return cmp_refuse_body(m, PKI_BAD_CERT_ID,
                               "sign the kur with the certificate to be updated, one of this CA");
    if (request->old_cert_issuer.len == 0 && has_rivals(m))
        return cmp_refuse_body(m, PKI_BAD_CERT_ID,
                               "there are several good certificates of this key: name one by oldCertID");
    if (request->old_cert_issuer.len != 0 && (!name_equal(request->old_cert_issuer, old->issuer) ||
                                              !bytes_equal(request->old_cert_serial, old->serial)))
        return cmp_refuse_body(m, PKI_BAD_CERT_ID, "oldCertID is not the certificate that protects the kur");
    if (tmpl->subject.len != 0 && !named_by_san && !name_equal(tmpl->subject, old->subject))
        return cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE,
                               "subject is not that of the certificate to be updated");
    if (tmpl->san.len != 0 && !general_names_equal(tmpl->san, old->san))
        return cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE,
                               "subjectAltName is not that of the certificate to be updated");
    if (is_early(m))
        return cmp_by(
            m, "update.early_percent",
            cmp_refuse_body(m, PKI_BAD_REQUEST,
                            "it is too early to update this certificate: wait until it is nearer to its end "
                            "(update.early_percent)"));
    if (!m->profile->config->keys.same_in_update && bytes_equal(tmpl->spki, old->spki))
        return cmp_by(m, "keys.same_in_update",
                      cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE, "publicKey is the old one: make a new key"));
    return CMP_ON;
}

/* RFC 9483 4.1.1 has an ir protected by what another PKI, or nobody, has issued, and 4.1.2 a cr by this one:
 * what of that holds is the profile's to say. Of a kur check_update says more. */
static enum cmp_turn check_credential(struct cmp_message *m)
{
    const struct config_accept *accept = &m->profile->config->accept;
    unsigned by = m->is_mac          ? CONFIG_BY_SECRET
                  : m->agent != NULL ? CONFIG_BY_AGENT
                  : m->is_ra         ? CONFIG_BY_RA
                  : m->signer_is_own ? CONFIG_BY_OWN
                                     : CONFIG_BY_VENDOR;
    unsigned allowed = m->operation == &cmp_ir      ? accept->ir_by
                       : m->operation == &cmp_cr    ? accept->cr_by
                       : m->operation == &cmp_p10cr ? accept->p10cr_by
                                                    : by;

    if ((allowed & by) != 0)
        return CMP_ON;
    cmp_refuse_body(m, PKI_NOT_AUTHORIZED,
                    by == CONFIG_BY_SECRET  ? "this profile takes no such request by a shared secret"
                    : by == CONFIG_BY_OWN   ? "this profile takes no such request by a certificate of this CA"
                    : by == CONFIG_BY_RA    ? "this profile takes no such request from an RA"
                    : by == CONFIG_BY_AGENT ? "this profile takes no such request from an agent"
                                            : "this profile takes no such request by a vendor's certificate");
    m->refusal.detail = "ir_by, cr_by and p10cr_by in accept of the profile say who may";
    return cmp_by(m,
                  m->operation == &cmp_ir   ? "accept.ir_by"
                  : m->operation == &cmp_cr ? "accept.cr_by"
                                            : "accept.p10cr_by",
                  CMP_REFUSED);
}

/* ---- the steps ---- */

/* |names| as in a decision. */
static enum cmp_turn want_decision(struct cmp_message *m, const struct cmp_names *names)
{
    struct enrollment *own = m->state;
    struct cmp_decision *decide = cmp_want_decision(m);

    if (decide == NULL)
        return CMP_END;
    decide->profile = m->profile;
    decide->request = &own->request;
    decide->key = own->possession.key;
    decide->device = cmp_device_of(m);
    decide->signer = m->signer;
    decide->update = m->operation == &cmp_kur ? m->signer : NULL;
    decide->by_own = m->signer_is_own;
    decide->by_ra = m->is_ra;
    decide->agent = m->agent != NULL ? m->agent->config : NULL;
    if (m->is_mac)
        decide->reference = m->in.header.sender_kid;
    decide->names = names;
    if (m->approved != NULL) {
        decide->is_approved = 1;
        decide->approved = m->approved->tbs;
        decide->approved_shard = (unsigned)m->approved->shard;
    }
    decide->now = m->now;
    decide->arena = m->arena;
    own->decision = decide;
    return CMP_ON;
}

static enum cmp_turn check(struct cmp_message *m)
{
    struct enrollment *own = m->state;
    enum cmp_turn turn;

    if ((turn = check_kind(m)) != CMP_ON || (turn = check_credential(m)) != CMP_ON ||
        (turn = check_template(m)) != CMP_ON || (turn = check_update(m)) != CMP_ON ||
        (turn = cmp_check_possession(m, &own->possession)) != CMP_ON)
        return turn;
    if (m->profile->config->keys.unique && cmp_is_taken(m, bytes_of(m->key_hash, CMP_HASH)))
        return cmp_by(m, "keys.unique",
                      cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE,
                                      "publicKey is that of another request of the message: make a new key"));
    cmp_take(m, bytes_of(m->key_hash, CMP_HASH));
    if (own->request.substitute != NULL)
        own->request.tmpl = *own->request.substitute;
    return m->blocked != NULL ? cmp_refuse_blocked(m) : want_decision(m, NULL);
}

/* What policy says of it, and the name that was asked for: a refusal is often for what stands there, and the
 * log has it nowhere else. */
static const char *asked_for(struct cmp_message *m, const char *detail, struct bytes subject)
{
    char text[NAME_TEXT_MAX];

    name_text(text, sizeof text, subject);
    return arena_printf(m->arena, "%s%ssubject asked for: %s", detail != NULL ? detail : "",
                        detail != NULL ? "; " : "", *text != 0 ? text : "none");
}

static enum cmp_turn judge_decision(struct cmp_message *m)
{
    const struct enrollment *own = m->state;
    const struct cmp_decision *decision = own->decision;

    if (decision->undecided)
        return cmp_out_of_memory(m);
    if (decision->granted)
        return CMP_ON;
    cmp_refuse_body(m, decision->fail_info, decision->text);
    m->refusal.detail = asked_for(m, decision->detail, own->request.tmpl.subject);
    return cmp_by(m, decision->setting, CMP_REFUSED);
}

static enum cmp_turn want_certificate(struct cmp_message *m)
{
    struct enrollment *own = m->state;
    const struct cmp_authority *ca = m->profile->ca;

    own->signing = cmp_want_signature(m, ca->algorithm, ca->key, own->decision->tbs);
    return CMP_ON;
}

/* Whoever is asked is asked of what would be issued; once people have approved that, no more. */
static enum cmp_turn decided(struct cmp_message *m)
{
    struct enrollment *own = m->state;
    enum cmp_turn turn = judge_decision(m);

    if (turn == CMP_ON)
        own->question = m->approved == NULL ? cmp_ask(m, own->decision) : NULL;
    return turn;
}

/* Names that the authorizer gives go the way of any others. */
static enum cmp_turn authorized(struct cmp_message *m)
{
    struct enrollment *own = m->state;
    const struct cmp_names *names;
    enum cmp_turn turn;

    if (own->question == NULL)
        return CMP_ON;
    if ((turn = cmp_judge_verdict(m, own->question)) != CMP_ON)
        return turn;
    names = &own->question->names;
    return names->subject_count != 0 || names->san_count != 0 ? want_decision(m, names) : CMP_ON;
}

static enum cmp_turn named(struct cmp_message *m)
{
    const struct enrollment *own = m->state;

    return own->decision->names == NULL ? CMP_ON : judge_decision(m);
}

/* What was judged before has noted its own rules. */
static enum cmp_turn look_for_rules(struct cmp_message *m)
{
    const struct enrollment *own = m->state;

    if (m->approved != NULL)
        return CMP_ON;
    /* A configuration that does not say so is refused; a CA is certified by people in any case. */
    if (!cmp_must_wait(m, CONFIG_APPROVE_ALWAYS) && m->operation == &cmp_ccr)
        return cmp_refuse(m, PKI_SYSTEM_FAILURE,
                          "the server certifies no CA without approval: ask the operator", NULL);
    if (own->decision->stranger != NULL)
        cmp_must_wait(m, CONFIG_APPROVE_NAMES);
    return cmp_ask_waiting(m);
}

static enum cmp_turn hold(struct cmp_message *m)
{
    const struct enrollment *own = m->state;
    const struct cmp_held held = {own->decision->tbs, own->decision->subject, own->decision->shard,
                                  own->request.cert_req_id, m->operation};

    return m->rules != 0 ? cmp_hold(m, &held) : CMP_ON;
}

/* caPubs: in ip only (RFC 9483 4.1.2, 4.1.3), and there not to whom this CA has certified before (4.1.2); by
 * default where a shared secret vouches for it and the device may have no anchor. */
static int sends_ca_pubs(const struct cmp_message *m)
{
    int is_known = m->answers_again ? m->tx.signer_serial.len != 0 : m->signer_is_own;

    return cmp_has(m, CMP_CA_PUBS) && !is_known &&
           (m->profile->config->answer.ca_pubs == CONFIG_CA_PUBS_ALWAYS ||
            (m->profile->config->answer.ca_pubs == CONFIG_CA_PUBS_MAC && cmp_answers_by_mac(m)));
}

static enum cmp_turn answer(struct cmp_message *m)
{
    const struct enrollment *own = m->state;
    struct cert_response response = {.cert_req_id = own->request.cert_req_id,
                                     .status = {.status = PKI_ACCEPTED},
                                     .certificate = own->certificate};
    struct bytes body;
    int ok;

    if (own->differences != NULL) {
        const char *text = arena_printf(m->arena, "granted otherwise than asked for: %s", own->differences);
        response.status.status = PKI_GRANTED_WITH_MODS;
        response.status.text = bytes_str(text != NULL ? text : own->differences);
    }
    /* RFC 9810 5.2.3, appendix F: "update already done for the oldCertId specified in CertReqMsg" */
    if (own->is_again) {
        response.status.status = PKI_KEY_UPDATE_WARNING;
        response.status.text = bytes_str(CMP_UPDATED_BEFORE);
    }
    ok = pki_encode_cert_rep(&body, m->arena, &m->profile->ca->root, (size_t)sends_ca_pubs(m), &response);
    return cmp_answer(m, ok, body);
}

/* RFC 9810 5.2.3 grantedWithMods: "the requester is responsible for ascertaining the differences", and is
 * told where they are. 1, or 0 if the certificate is none. */
static int find_differences(struct cmp_message *m)
{
    struct enrollment *own = m->state;

    if (!certificate_parse(&own->parsed, own->certificate))
        return 0;
    own->differences = pki_differences(m->arena, &own->request.tmpl, &own->parsed);
    return 1;
}

static enum cmp_turn certificate_signed(struct cmp_message *m)
{
    struct enrollment *own = m->state;
    const struct signing *sign = own->signing;

    if (sign->signature_len == 0)
        return cmp_refuse(m, PKI_SYSTEM_UNAVAIL, "the CA's key is not available: try again later", NULL);
    if (!certificate_assemble(&own->certificate, m->arena, own->decision->tbs, sign->algorithm,
                              bytes_of(sign->signature, sign->signature_len)))
        return cmp_out_of_memory(m);
    if (!find_differences(m))
        return cmp_refuse(m, PKI_SYSTEM_FAILURE, "the certificate cannot be read", NULL);
    if (own->decision->detail != NULL)
        m->result.warning = own->decision->detail;
    if (own->differences != NULL)
        m->result.detail = arena_printf(m->arena, "differs from the request: %s", own->differences);
    if (own->is_again)
        m->result.warning = CMP_UPDATED_BEFORE;
    m->grant_implicit = m->in.header.implicit_confirm && m->profile->config->confirm.implicit;
    return answer(m);
}

static enum cmp_turn ask_former(struct cmp_message *m)
{
    return cmp_ask_former(m, &((const struct enrollment *)m->state)->parsed);
}

/* Groups of steps that several lists have. */
#define OF_DEVICE cmp_find_device, cmp_ask_holders, cmp_ask_history, cmp_ask_updated, cmp_judge_device
#define OF_QUOTA cmp_ask_quota, cmp_ask_open, cmp_judge_quota
#define OF_CERTIFICATE                                                                                       \
    check, decided, authorized, named, look_for_rules, cmp_ask_slots, cmp_judge_slots, hold,                 \
        want_certificate, certificate_signed
#define OF_FORMER ask_former, cmp_ask_holds, cmp_ask_lost, cmp_ask_replaced, cmp_judge_former

static cmp_step *const run[] = {OF_DEVICE, OF_QUOTA, OF_CERTIFICATE, OF_FORMER, NULL};

/* ---- one update at a time, where the profile says so ---- */

static enum cmp_turn look_for_open(struct cmp_message *m)
{
    struct enrollment *own = m->state;

    const struct config_update *update = &m->profile->config->update;

    if ((update->one_open || update->warn_again) && m->signer_is_own && m->stored_signer->successor.len != 0)
        own->successor = cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, m->stored_signer->successor);
    return CMP_ON;
}

static enum cmp_turn judge_open(struct cmp_message *m)
{
    struct enrollment *own = m->state;
    const struct config_update *update = &m->profile->config->update;
    const struct store_cert *stored;

    own->is_again = 0;
    if (own->successor == NULL)
        return CMP_ON;
    if (own->successor->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    stored = own->successor->rows;
    if (own->successor->outcome != STORE_FOUND)
        return CMP_ON;
    own->is_again = update->warn_again && stored->status == STORE_CERT_VALID;
    if (!update->one_open || stored->status != STORE_CERT_UNCONFIRMED)
        return CMP_ON;
    return cmp_by(
        m, "update.one_open",
        cmp_refuse_body(
            m, PKI_BAD_REQUEST,
            "an update of this certificate awaits its certConf: send that, or wait until it is over"));
}

#define OF_OPEN look_for_open, judge_open

/* The certificate that signs may have changed since it was looked at: it was revoked, or another kur was
 * faster. */
static enum cmp_turn look_at_signer(struct cmp_message *m)
{
    struct enrollment *own = m->state;

    own->signer = m->is_mac || !m->signer_is_own
                      ? NULL
                      : cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, m->signer->serial);
    own->successor = NULL;
    return CMP_ON;
}

static enum cmp_turn judge_signer(struct cmp_message *m)
{
    const struct store_fetch *fetch = ((const struct enrollment *)m->state)->signer;

    if (fetch == NULL)
        return CMP_ON;
    if (fetch->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    if (fetch->outcome != STORE_FOUND || ((const struct store_cert *)fetch->rows)->status != STORE_CERT_VALID)
        return cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED, "the protecting certificate is revoked, or on hold",
                          NULL);
    m->stored_signer = fetch->rows;
    return CMP_ON;
}

/* What has to wait now would not have had to a moment ago: nobody has looked for room. */
static enum cmp_turn judge_rules(struct cmp_message *m)
{
    return m->approved == NULL && m->rules != 0
               ? cmp_refuse(m, PKI_SYSTEM_UNAVAIL,
                            "another request was faster, and this one has to be approved now: try again",
                            NULL)
               : CMP_ON;
}

/* Another enrollment of the device, of the agent, or by the secret was faster, or the certificate that was to
 * give way was confirmed. */
static cmp_step *const raced[] = {look_at_signer, judge_signer, OF_DEVICE, OF_QUOTA,
                                  judge_rules,    answer,       OF_FORMER, NULL};

static cmp_step *const raced_update[] = {look_at_signer, judge_signer, OF_OPEN, OF_DEVICE,
                                         judge_rules,    answer,       NULL};

static cmp_step *const run_update[] = {OF_OPEN, OF_DEVICE, OF_CERTIFICATE, NULL};

/* ---- the unit that the answer waits for ---- */

static struct bytes text_of(struct cmp_message *m, struct bytes name)
{
    enum { TEXT = 512 };
    char *text = cmp_alloc(m, TEXT);

    return text != NULL ? bytes_str(name_text(text, TEXT, name)) : bytes_of(NULL, 0);
}

/* Who vouched for the device. A certificate of this CA stands for what vouched for it when it was issued: so
 * it is known of all that came of an intermediate that turns out to be bad. */
static void put_origin(struct cmp_message *m, struct store_cert *row)
{
    uint8_t *hashes;

    if (m->is_mac)
        return;
    if (m->signer_is_own && !m->is_ra && m->agent == NULL) {
        row->vendor = m->stored_signer->vendor;
        row->path = m->stored_signer->path;
        return;
    }
    if ((hashes = cmp_alloc(m, PATH_HASHES_MAX)) == NULL)
        return;
    row->path = bytes_of(hashes, path_hashes(hashes, &m->path, cmp_trust_of(m)));
    if (!m->is_ra && m->path.end->owner != NULL) /* of an agent: nobody's */
        row->vendor = bytes_str(m->path.end->owner);
}

/* One that may keep its key finds that key in the certificate that it updates. */
static int keeps_key(const struct cmp_message *m)
{
    const struct enrollment *own = m->state;
    const struct store_cert *former = cmp_former(m);

    return m->operation == &cmp_kur ? bytes_equal(own->request.tmpl.spki, m->signer->spki)
                                    : former != NULL && m->profile->config->keys.same_in_update &&
                                          bytes_equal(former->spki_hash, own->row.spki_hash);
}

/* A profile of the CA may be asked by who sends no certificate of its own (accept.find_signer). */
static int may_be_sought(const struct cmp_message *m)
{
    for (size_t i = 0; i < m->settings->profile_count; i++)
        if (m->settings->profiles[i]->ca == m->profile->ca &&
            m->settings->profiles[i]->config->accept.find_signer)
            return 1;
    return 0;
}

static void record(struct cmp_message *m, struct store_unit *unit)
{
    struct enrollment *own = m->state;
    const struct cmp_decision *decision = own->decision;
    int updates = m->operation == &cmp_kur || cmp_former(m) != NULL;

    cmp_begin_tx(m, unit, m->grant_implicit ? STORE_TX_CONFIRMED : STORE_TX_WAIT_CONFIRM);
    m->new_tx.implicit_confirm = m->grant_implicit;
    m->new_tx.granted = own->is_again              ? PKI_KEY_UPDATE_WARNING
                        : own->differences != NULL ? PKI_GRANTED_WITH_MODS
                                                   : PKI_ACCEPTED;
    m->new_tx.serial = decision->serial;
    m->new_tx.cert_req_id = own->request.cert_req_id;
    m->new_tx.deadline = m->grant_implicit ? 0 : m->now + cmp_confirm_seconds(m);
    own->row = (struct store_cert){
        .serial = decision->serial,
        .shard = (int)decision->shard,
        .status = m->grant_implicit ? STORE_CERT_VALID : STORE_CERT_UNCONFIRMED,
        .issued_at = m->now,
        .not_before = decision->not_before,
        .not_after = decision->not_after,
        .subject = decision->subject,
        .subject_text = text_of(m, decision->subject),
        .spki_hash = bytes_of(m->key_hash, CMP_HASH),
        .transaction_id = m->transaction_id,
        .profile = bytes_str(m->profile->config->name),
        .certificate = own->certificate,
    };
    if (may_be_sought(m))
        own->row.key_id = own->parsed.key_id;
    put_origin(m, &own->row);
    if (cmp_device_of(m) != NULL)
        own->row.device = cmp_device_of(m)->id;
    store_unit_write(unit, STORE_INSERT, STORE_CERTIFICATES, &own->row);
    /* It was used when the request came; of parts the whole uses it. */
    if (m->is_mac && m->approved == NULL && m->whole == NULL)
        unit->secret_reference = m->in.header.sender_kid;
    unit->key_unblocked = own->row.spki_hash;
    cmp_want_unblocked(m, unit, m->is_mac ? bytes_of(NULL, 0) : m->signer->spki);
    m->audit.event = updates ? cmp_kur.audit : m->operation->audit;
    m->audit.outcome = "granted";
    m->audit.detail = own->row.subject_text;
    if (m->operation == &cmp_kur) {
        cmp_supersede(m, m->signer->serial,
                      m->grant_implicit &&
                          m->profile->config->update.predecessor == CONFIG_PREDECESSOR_REVOKE);
        /* Of one that was updated before, the certificate of that stays the one that is known: who updates it
         * once more is told so again. */
        if (!own->is_again)
            m->predecessor_change.successor = decision->serial;
        if (m->profile->config->update.one_open)
            m->predecessor_change.former = &m->stored_signer->successor;
        unit->change = &m->predecessor_change;
    } else if (m->signer_is_own) {
        unit->signer_serial = m->signer->serial;
    }
    cmp_claim(m, unit, decision->serial);
    cmp_count(m, unit, decision->serial);
    cmp_renew(m, unit, decision->serial);
    if (m->approved != NULL)
        cmp_tell_approvers(m);
    if (own->is_again)
        cmp_tell(m, CMP_UPDATED_BEFORE);
    if (m->profile->config->keys.unique && !keeps_key(m))
        unit->key_unused = own->row.spki_hash;
    m->result.event = updates ? "certificate updated" : "certificate issued";
    m->result.serial = decision->serial;
    m->result.subject = decision->subject;
}

/* ---- the same request again ---- */

static void recall(struct cmp_message *m)
{
    struct enrollment *own = m->state;

    if (m->tx.serial.len != 0)
        own->issued = cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, m->tx.serial);
}

/* A certificate that was granted with changes differs from what was asked for, which always has a key: of who
 * polls that is not at hand. */
static int tell_differences(struct cmp_message *m)
{
    struct enrollment *own = m->state;

    if (certifies(m).len != 0)
        return find_differences(m);
    own->differences = "compare it with the request";
    return 1;
}

static enum cmp_turn again(struct cmp_message *m)
{
    struct enrollment *own = m->state;
    const struct store_fetch *fetch = own->issued;
    const struct store_cert *stored;

    own->request.cert_req_id = m->tx.cert_req_id;
    if (m->tx.state == STORE_TX_WAITING)
        return cmp_hold_again(m, m->operation);
    if (fetch == NULL)
        return cmp_refuse_body(m, PKI_NOT_AUTHORIZED, CMP_OVER);
    stored = fetch->rows;
    if (fetch->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    if (fetch->outcome != STORE_FOUND)
        return cmp_refuse(m, PKI_SYSTEM_FAILURE,
                          "the certificate of this transaction is missing: ask the operator", NULL);
    if (stored->status == STORE_CERT_REVOKED || stored->status == STORE_CERT_HOLD)
        return cmp_refuse_body(m, PKI_CERT_REVOKED,
                               "the certificate of this transaction has been revoked since: start again");
    own->certificate = stored->certificate;
    own->is_again = m->tx.granted == PKI_KEY_UPDATE_WARNING;
    if (m->tx.granted == PKI_GRANTED_WITH_MODS && !tell_differences(m))
        return cmp_refuse(m, PKI_SYSTEM_FAILURE,
                          "the certificate of this transaction cannot be read: ask the operator", NULL);
    m->grant_implicit = m->tx.implicit_confirm;
    return answer(m);
}

static int refusal(struct cmp_message *m, struct bytes *body, const struct pki_status_info *status)
{
    const struct enrollment *own = m->state;
    const struct cert_response response = {.cert_req_id = own->request.cert_req_id, .status = *status};

    return pki_encode_cert_rep(body, m->arena, NULL, 0, &response);
}

/* ---- the rows ---- */

#define ENROLLMENT(steps)                                                                                    \
    .certifies = certifies, .prove = prove, .run = (steps), .record = record, .recall = recall,              \
    .recover = recover, .again = again, .refusal = refusal, .cleanup = cleanup

/* What is the same of one request and of several. */
#define AN_IR                                                                                                \
    .request = PKI_IR, .response = PKI_IP, .flags = CMP_BEGINS | CMP_ISSUES | CMP_CA_PUBS, .audit = "issue"
#define AN_CR                                                                                                \
    .request = PKI_CR, .response = PKI_CP, .flags = CMP_BEGINS | CMP_ISSUES | CMP_MAY_UPDATE, .audit = "issue"

/* What is wrong with all of them is told of each, as far as they can be told apart. */
static int refuse_each(struct cmp_message *m, struct bytes *body, const struct pki_status_info *status)
{
    const struct cmp_inner *inner = m->inner;
    int is_split = inner != NULL && inner->count != 0;
    const struct bytes *requests = is_split ? inner->requests : &m->in.body;
    size_t count = is_split ? inner->count : 1;
    struct bytes bodies[BOUND_SEVERAL];
    int ok = 1;

    for (size_t i = 0; ok && i < count; i++) {
        struct cert_response response = {.status = *status};
        pki_peek_cert_req_id(&response.cert_req_id, requests[i]);
        ok = pki_encode_cert_rep(&bodies[i], m->arena, NULL, 0, &response);
    }
    return ok && pki_join_cert_reps(body, m->arena, bodies, count);
}

#define SEVERAL                                                                                              \
    .run = cmp_several_run, .raced = cmp_several_raced, .record = cmp_several_record,                        \
    .recover = cmp_several_recover, .recall = cmp_several_recall, .again = cmp_several_again,                \
    .refusal = refuse_each, .join = pki_join_cert_reps

static const struct cmp_operation irs = {
    AN_IR,
    SEVERAL,
};

static const struct cmp_operation crs = {
    AN_CR,
    SEVERAL,
};

const struct cmp_operation cmp_ir = {
    AN_IR, .decode = decode_crmf, .raced = raced, .of_several = &irs, ENROLLMENT(run),
};

const struct cmp_operation cmp_cr = {
    AN_CR, .decode = decode_crmf, .raced = raced, .of_several = &crs, ENROLLMENT(run),
};

const struct cmp_operation cmp_p10cr = {
    .request = PKI_P10CR,
    .response = PKI_CP,
    .flags = CMP_BEGINS | CMP_ISSUES | CMP_MAY_UPDATE,
    .audit = "issue",
    .decode = decode_pkcs10,
    .raced = raced,
    ENROLLMENT(run),
};

/* RFC 9810 D.6: "only signature protection is allowed for this request". */
const struct cmp_operation cmp_ccr = {
    .request = PKI_CCR,
    .response = PKI_CCP,
    .flags = CMP_BEGINS | CMP_ISSUES | CMP_SIGNED,
    .audit = "cross-certify",
    .decode = decode_crmf,
    .raced = raced,
    ENROLLMENT(run),
};

const struct cmp_operation cmp_kur = {
    .request = PKI_KUR,
    .response = PKI_KUP,
    .flags = CMP_BEGINS | CMP_ISSUES | CMP_SIGNED | CMP_UPDATES,
    .audit = "update",
    .decode = decode_crmf,
    .names = names,
    .raced = raced_update,
    ENROLLMENT(run_update),
};
