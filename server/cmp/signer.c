/* Who signed a message: the certificates of extraCerts that may be the one that protects it, tried one after
 * the other. RFC 9483 3.3 wants additional certificates and any order of them handled: order, duplicates and
 * strangers decide nothing. */
#include "crypto/name.h"
#include "crypto/name_match.h"
#include "crypto/price.h"
#include "crypto/revocation.h"
#include "server/cmp/internal.h"

/* id-kp-cmcRA, RFC 6402 2.10, RFC 9810 4.5 */
static const uint8_t id_kp_cmc_ra[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x1c};

/* How far a certificate came: the refusal of the one that came furthest is told. */
enum stage { STAGE_FITS, STAGE_OWN, STAGE_PATH, STAGE_PROTECTION, STAGE_PATH_SIGNATURES, STAGE_PATH_CHECKS };

/* Of two that came equally far one is told, the same one in whatever order they stand. */
static int is_told_before(const struct cmp_refusal *a, const struct cmp_refusal *b)
{
    int order = strcmp(a->text, b->text);

    return order != 0 ? order < 0
                      : a->detail != NULL && b->detail != NULL && strcmp(a->detail, b->detail) < 0;
}

/* Notes why the certificate at hand is none. Returns CMP_REFUSED. */
static enum cmp_turn pass_over(struct cmp_message *m, enum stage stage)
{
    if (m->signer_fault.text == NULL || (unsigned)stage > m->signer_stage ||
        ((unsigned)stage == m->signer_stage && is_told_before(&m->refusal, &m->signer_fault))) {
        m->signer_fault = m->refusal;
        m->signer_stage = stage;
    }
    return CMP_REFUSED;
}

/* ---- which may it be ---- */

/* A name is prepared once, if at all. Where that takes the tables of Unicode it costs up to a microsecond an
 * octet, and nobody knows yet who wants it: so it has its price, and there is an end to it. */
static void price_name(struct cmp_message *m, struct bytes name, struct name_cache *cache)
{
    if (name_is_plain(name) || name.len > BOUND_NAME_COMPARED)
        return;
    if (name.len > BOUND_NAMES_COMPARED - m->name_octets) {
        cache->printed = 1; /* as one that cannot be prepared */
        return;
    }
    m->name_octets += name.len;
    m->price_us += name.len;
}

/* RFC 9483 3.1: senderKID is the subjectKeyIdentifier, sender the subject. A certificate without the one, or
 * a message without either, excludes nothing. */
static int may_protect(struct cmp_message *m, struct certificate *cert)
{
    const struct pki_header *header = &m->in.header;

    if (header->sender_kid.len != 0 && cert->key_id.len != 0)
        return bytes_equal(cert->key_id, header->sender_kid);
    return header->sender_name.len == 0 || name_is_empty(header->sender_name) ||
           name_equal_cached(header->sender_name, &m->sender_cache, cert->subject, &cert->subject_cache);
}

/* What can be said without the profile's trust, the store, and a signature. */
static enum cmp_turn check_certificate(struct cmp_message *m, struct certificate *cert,
                                       struct public_key **key)
{
    /* A senderKID that is there fits; a profile may want one. */
    if (cmp_check_sender(m, cert->subject, &cert->subject_cache) != CMP_ON ||
        (m->in.header.sender_kid.len == 0 && cmp_check_sender_kid(m, cert->key_id) != CMP_ON))
        return cmp_by(m, m->refusal.detail == cmp_of_rfc9483 ? "accept.header" : NULL, CMP_REFUSED);
    /* RFC 9483 3.5 */
    if (cert->has_key_usage && (cert->key_usage & KEY_USAGE_DIGITAL_SIGNATURE) == 0)
        return cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED,
                          "keyUsage of the protecting certificate lacks digitalSignature", NULL);
    if ((*key = public_key_parse(cert->spki)) == NULL)
        return cmp_refuse(m, PKI_BAD_ALG, "the key of the protecting certificate is not supported", NULL);
    if (signature_fits(m->signature_algorithm, public_key_kind(*key)))
        return CMP_ON;
    public_key_free(*key);
    return cmp_refuse(m, PKI_BAD_ALG, "protectionAlg does not fit the key of the protecting certificate",
                      NULL);
}

static void add_signer(struct cmp_message *m, struct certificate *cert)
{
    struct name_cache ca = {.printed = 0};
    struct public_key *key = NULL;

    if (!may_protect(m, cert) ||
        (cmp_has(m, CMP_ANNOUNCES) && cmp_upstream_of(m->settings, cert->der) == NULL))
        return;
    if (m->signer_count == BOUND_SIGNERS)
        m->signers_left = 1;
    else if (check_certificate(m, cert, &key) != CMP_ON)
        pass_over(m, STAGE_FITS);
    else
        m->signers[m->signer_count++] = (struct cmp_signer){
            .cert = cert,
            .key = key,
            .is_own = !cmp_has(m, CMP_ANNOUNCES) && name_equal_cached(cert->issuer, &cert->issuer_cache,
                                                                      m->profile->ca->cert.subject, &ca)};
}

static enum cmp_turn refuse_all(struct cmp_message *m)
{
    if (m->signers_left)
        return cmp_refuse(
            m, PKI_SIGNER_NOT_TRUSTED,
            "too many certificates of extraCerts may be the protecting one: send it first, and alone",
            arena_printf(m->arena, "%d were tried", BOUND_SIGNERS));
    if (m->signer_fault.text != NULL) {
        m->refusal = m->signer_fault;
        return CMP_REFUSED;
    }
    if (cmp_has(m, CMP_ANNOUNCES))
        return cmp_refuse(m, PKI_BAD_MESSAGE_CHECK,
                          "extraCerts has no certificate of an upstream that senderKID and sender name",
                          "list it in upstream[].certificates, if it is one");
    const char *beyond =
        !m->in.more_extra_certs
            ? NULL
            : arena_printf(m->arena,
                           "extraCerts lacks, among its first %d, the certificate that senderKID "
                           "and sender name",
                           BOUND_EXTRA_CERTS);
    return cmp_refuse(
        m, PKI_BAD_MESSAGE_CHECK,
        beyond != NULL ? beyond : "extraCerts lacks the certificate that senderKID and sender name", NULL);
}

enum { USUAL_EXTENSION = 256 }; /* octets */

/* Of an extension that a path is held against: what is longer than any usual one costs up to a microsecond an
 * octet. */
static uint64_t extension_us(struct bytes value)
{
    return value.len > USUAL_EXTENSION ? value.len - USUAL_EXTENSION : 0;
}

/* What a path is held against once its signatures stand. */
static uint64_t check_us(const struct cmp_message *m)
{
    uint64_t extensions = 0, names = 0;
    int constrained = 0;

    for (size_t i = 0; i < m->cert_count; i++) {
        const struct certificate *cert = &m->certs[i];
        extensions += extension_us(cert->name_constraints) + extension_us(cert->policies) +
                      extension_us(cert->policy_mappings);
        names += extension_us(cert->san);
        constrained |= cert->name_constraints.len != 0;
    }
    return extensions + (constrained ? names : 0);
}

/* The protection and the certificate itself, of each that is tried; and each link that the peer may put into
 * a path, with what it says of others, as often as paths are tried. */
static void price(struct cmp_message *m)
{
    const struct trust *trust = m->profile->trust, *ras = m->profile->ras;

    /* No path is sought of what is known as it is. */
    if (cmp_has(m, CMP_ANNOUNCES)) {
        m->price_us += m->signer_count * (uint64_t)signature_verify_us(m->signature_algorithm);
        return;
    }
    for (size_t i = 0; i < m->signer_count; i++)
        m->price_us += 2 * (uint64_t)public_key_verify_us(m->signers[i].key);
    for (size_t i = 0; i < m->cert_count; i++)
        if (!(m->signer_count == 1 && &m->certs[i] == m->signers[0].cert) &&
            !trust_holds(trust, m->certs[i].der) && !(ras != NULL && trust_holds(ras, m->certs[i].der)) &&
            !certificate_self_signed(&m->certs[i]))
            m->price_us += m->signer_count * BOUND_PATH_ATTEMPTS * (uint64_t)spki_verify_us(m->certs[i].spki);
    m->price_us += m->signer_count * BOUND_PATH_ATTEMPTS * check_us(m);
}

static int is_known(const struct cmp_message *m, struct bytes der)
{
    for (size_t i = 0; i < m->cert_count; i++)
        if (bytes_equal(m->certs[i].der, der))
            return 1;
    return 0;
}

static void read_certificates(struct cmp_message *m)
{
    for (size_t i = 0; i < m->in.extra_cert_count; i++) {
        struct certificate *cert = &m->certs[m->cert_count];
        if (m->in.extra_certs[i].len > BOUND_CERTIFICATE || is_known(m, m->in.extra_certs[i]) ||
            !certificate_parse(cert, m->in.extra_certs[i]))
            continue;
        price_name(m, cert->subject, &cert->subject_cache);
        price_name(m, cert->issuer, &cert->issuer_cache);
        m->cert_count++;
    }
}

/* There are clients that send no certificate of their own. Whoever asks costs one look-up by an index, of
 * STORE_OF_KEY_ID_MAX rows at most, in the batch with that of its transaction; who names certificates in
 * extraCerts costs as many. More than a verification or two is done for none that the store does not have.
 */
static int seeks_signer(struct cmp_message *m)
{
    if (!m->profile->config->accept.find_signer || cmp_has(m, CMP_ANNOUNCES) ||
        m->in.header.sender_kid.len == 0 || m->in.header.sender_kid.len > BOUND_SENDER_KID)
        return 0;
    m->price_us += 2 * (uint64_t)signature_verify_us(m->signature_algorithm);
    return m->seeks_signer = 1;
}

/* Where two CAs have one name (RFC 9810 4.4), the key identifiers tell whose certificate it is. */
static int is_issued_by(struct certificate *cert, const struct certificate *ca)
{
    struct name_cache subject = {.printed = 0};

    return name_equal_cached(cert->issuer, &cert->issuer_cache, ca->subject, &subject) &&
           (cert->issuer_key_id.len == 0 || ca->key_id.len == 0 ||
            bytes_equal(cert->issuer_key_id, ca->key_id));
}

/* An RA that revokes for others says by its path whose certificate it is. */
static int speaks_for_others(const struct cmp_message *m, const struct certificate *cert)
{
    return !cmp_has(m, CMP_UPDATES) && cert->extended_key_usage.len != 0 &&
           certificate_has_purpose(cert, bytes_of(id_kp_cmc_ra, sizeof id_kp_cmc_ra));
}

/* The profile of the CA before that has issued what protects the message; NULL: none has, or the present CA
 * has issued a certificate that may be the one, too. */
static const struct cmp_profile *find_former(struct cmp_message *m)
{
    const struct cmp_profile *found = NULL;

    for (size_t i = 0; i < m->cert_count; i++) {
        struct certificate *cert = &m->certs[i];
        if (!may_protect(m, cert))
            continue;
        if (is_issued_by(cert, &m->profile->ca->cert) || speaks_for_others(m, cert))
            return NULL;
        for (const struct cmp_profile *p = m->profile->former; found == NULL && p != NULL; p = p->former)
            if (is_issued_by(cert, &p->ca->cert))
                found = p;
    }
    return found;
}

/* A CA has another key, and stations go on at the URL that they know: what one of them wants of its
 * certificate is for the CA that has issued it. Whose certProfile names a profile means that one; a part of a
 * message, and what was approved, has its profile already. */
static enum cmp_turn follow_former(struct cmp_message *m)
{
    const struct cmp_profile *found;

    if (m->in.header.cert_profile.len != 0 || m->whole != NULL || m->approved != NULL ||
        cmp_has(m, CMP_STANDS_ALONE) || !(cmp_has(m, CMP_UPDATES) || cmp_has(m, CMP_ANY_PROFILE)) ||
        (found = find_former(m)) == NULL)
        return CMP_ON;
    /* Who may approve for one profile may not for another (op_nested.c). */
    if (m->outer != NULL && m->outer->inner->is_approved && found != m->outer->profile)
        return cmp_by(m, "accept.ras", cmp_refuse(m, PKI_NOT_AUTHORIZED, CMP_OF_ANOTHER_PROFILE, NULL));
    m->profile = found;
    return CMP_ON;
}

enum cmp_turn cmp_find_signers(struct cmp_message *m)
{
    struct bytes algorithm = m->in.header.protection_alg;
    int follows;

    if ((m->signature_algorithm = cmp_read_algorithm(m, algorithm)) == NULL)
        return cmp_refuse(m, PKI_BAD_ALG, cmp_algorithm_text(m, "protectionAlg", algorithm), NULL);
    follows = cmp_has(m, CMP_BEGINS) && m->profile->former != NULL;
    /* Which profile a later message belongs to, its transaction tells; of one that may be for the CA before,
     * its certificates do. */
    if (cmp_has(m, CMP_BEGINS) && !follows && cmp_check_signature(m) != CMP_ON)
        return CMP_REFUSED;
    price_name(m, m->in.header.sender_name, &m->sender_cache);
    /* Later messages are verified by the key that the first one showed: they need no certificates. */
    if (!cmp_has(m, CMP_BEGINS)) {
        m->price_us += signature_verify_us(m->signature_algorithm);
        return CMP_ON;
    }
    read_certificates(m);
    if (follows && (follow_former(m) != CMP_ON || cmp_check_signature(m) != CMP_ON))
        return CMP_REFUSED;
    for (size_t i = 0; i < m->cert_count; i++)
        add_signer(m, &m->certs[i]);
    if (m->signer_count == 0)
        return seeks_signer(m) ? CMP_ON : refuse_all(m);
    price(m);
    return CMP_ON;
}

/* What the store has is judged as if it had stood in extraCerts. */
static void add_sought(struct cmp_message *m)
{
    const struct store_cert *rows = m->sought->rows;

    for (size_t i = 0; m->sought->outcome == STORE_FOUND && i < m->sought->count; i++) {
        struct certificate *cert = &m->certs[m->cert_count];
        struct store_fetch *row = cmp_alloc(m, sizeof *row);
        size_t before = m->signer_count;
        if (row == NULL || is_known(m, rows[i].certificate) || !certificate_parse(cert, rows[i].certificate))
            continue;
        price_name(m, cert->subject, &cert->subject_cache);
        m->cert_count++;
        add_signer(m, cert);
        *row = (struct store_fetch){.outcome = STORE_FOUND, .rows = (void *)(uintptr_t)&rows[i], .count = 1};
        if (m->signer_count != before)
            m->signers[before].row = row;
    }
}

/* ---- is it trusted ---- */

static enum cmp_turn check_own_signer(struct cmp_message *m)
{
    const struct store_cert *stored = m->stored_signer;

    if (!m->signer_is_own)
        return CMP_ON;
    if (stored == NULL || !bytes_equal(stored->certificate, m->signer->der))
        return cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED,
                          "the protecting certificate is not known to the CA that it names", NULL);
    if (stored->status == STORE_CERT_VALID ||
        (stored->status == STORE_CERT_REVOKED && m->operation->takes_revoked != NULL &&
         m->operation->takes_revoked(m)))
        return CMP_ON;
    return cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED,
                      stored->status == STORE_CERT_UNCONFIRMED
                          ? "the protecting certificate was never confirmed"
                      : stored->status == STORE_CERT_HOLD ? "the protecting certificate is on hold"
                                                          : "the protecting certificate is revoked",
                      NULL);
}

int cmp_takes_profile(const struct cmp_message *m, struct bytes profile)
{
    const struct cmp_profile *own = m->profile;

    if (bytes_equal(profile, bytes_str(own->config->name)))
        return 1;
    for (size_t i = 0; i < own->config->accept.own_profiles.count; i++)
        if (bytes_equal(profile, bytes_str(own->config->accept.own_profiles.items[i])))
            return 1;
    return 0;
}

/* A certificate of this CA says that its device was enrolled under its profile, and not under any other. Its
 * revocation may be asked for anywhere. */
static enum cmp_turn check_own_profile(struct cmp_message *m)
{
    if (!m->signer_is_own || m->is_ra || m->agent != NULL || cmp_has(m, CMP_ANY_PROFILE) ||
        cmp_takes_profile(m, m->stored_signer->profile))
        return CMP_ON;
    return cmp_by(m, "accept.own_profiles",
                  cmp_refuse(m, PKI_NOT_AUTHORIZED,
                             "the protecting certificate was issued under another profile", NULL));
}

/* How many days after its end the signer's certificate may count: to update one of this CA, where the profile
 * says so; a station's of a vendor as any of them says. Whose it is tells its path alone. */
static uint32_t late_days(const struct cmp_message *m)
{
    uint32_t most = 0;

    if (m->signer_is_own)
        return cmp_has(m, CMP_UPDATES) ? m->profile->config->update.late_days : 0;
    for (size_t i = 0; !m->is_ra && m->agent == NULL && i < m->settings->vendor_count; i++)
        if (m->settings->vendors[i].late_days > most)
            most = m->settings->vendors[i].late_days;
    return most;
}

static int is_within(const struct cmp_message *m, uint32_t days)
{
    enum { DAY = 24 * 60 * 60 };

    return m->now - m->signer->not_after <= (int64_t)days * DAY;
}

/* The path of what counts after its end is what it was then. Whether it is revoked is asked as of now. */
static int64_t time_of_path(const struct cmp_message *m)
{
    return m->now > m->signer->not_after && is_within(m, late_days(m)) ? m->signer->not_after : m->now;
}

/* Its path is known: does this vendor say so? */
static enum path_fault check_late(struct cmp_message *m)
{
    const struct config_vendor *vendor = cmp_vendor_of(m);

    if (m->signer_is_own || m->now <= m->signer->not_after)
        return PATH_OK;
    if (vendor == NULL || !is_within(m, vendor->late_days))
        return path_refuse(&m->path.refusal, PATH_EXPIRED, m->signer, "it is expired");
    return PATH_OK;
}

static enum path_fault find_path(struct cmp_message *m)
{
    path_cleanup(&m->path); /* of another certificate, which was refused after its path was found */
    return path_build(&m->path, cmp_trust_of(m), m->signers[m->signers_tried - 1].cert, m->certs,
                      m->cert_count, time_of_path(m), m->path_attempt);
}

/* certRevoked is for who wants revoked what is (RFC 9483 4.2). */
static enum cmp_turn refuse_path(struct cmp_message *m)
{
    enum path_fault fault = m->path.refusal.fault;
    const char *setting = fault == PATH_BLOCKED                            ? m->blocked_by
                          : fault == PATH_REVOKED || fault == PATH_UNKNOWN ? cmp_vendor_setting(m, "crls")
                          : fault == PATH_EXPIRED && m->path.end != NULL ? cmp_vendor_setting(m, "late_days")
                          : m->agent != NULL                             ? "accept.agents"
                          : m->signer_is_own                             ? "accept.own_certificates"
                          : m->is_ra                                     ? "accept.ras"
                                                                         : "accept.vendors";

    return cmp_by(
        m, setting,
        cmp_refuse(
            m, PKI_SIGNER_NOT_TRUSTED,
            fault == PATH_BLOCKED
                ? "the device's certificate, or an issuer of it, is not accepted any more: ask the operator"
            : fault == PATH_REVOKED ? "the protecting certificate, or an issuer of it, is revoked"
            : fault == PATH_UNKNOWN ? "it is not known whether the protecting certificate is revoked"
                                    : "the protecting certificate is not trusted by this profile",
            path_refusal_text(m->arena, &m->path.refusal)));
}

static enum cmp_turn ask(struct cmp_message *m)
{
    enum path_fault fault = find_path(m);

    /* An RA, but none of this profile's: then it may still speak for itself. */
    if (fault != PATH_OK && m->is_ra && m->path_attempt == 0) {
        m->is_ra = 0;
        fault = find_path(m);
    }
    if (fault == PATH_OK)
        fault = check_late(m);
    return fault == PATH_OK ? check_own_profile(m) : refuse_path(m);
}

/* Which agent the signer is. One asks for certificates and for information, and never as an agent for its own
 * certificate: to update that, or to have it revoked, it is as any. */
static const struct cmp_agent *find_agent(const struct cmp_message *m)
{
    const struct cmp_profile *profile = m->profile;

    int may_be = (cmp_has(m, CMP_ISSUES) && !cmp_has(m, CMP_UPDATES)) || cmp_has(m, CMP_ASKS);

    for (size_t i = 0; may_be && i < profile->agent_count; i++) {
        const struct cmp_agent *agent = &profile->agents[i];
        if (agent->certificate.len != 0
                ? bytes_equal(agent->certificate, m->signer->der)
                : m->signer_is_own && m->stored_signer != NULL &&
                      bytes_equal(m->stored_signer->profile, bytes_str(agent->config->profile)))
            return agent;
    }
    return NULL;
}

/* Makes the next certificate the signer; 0 if there is none. What the operator has named as an agent is no
 * RA besides. */
static int take_next(struct cmp_message *m)
{
    const struct cmp_signer *signer = &m->signers[m->signers_tried];

    if (m->signers_tried == m->signer_count)
        return 0;
    m->signers_tried++;
    m->signer = signer->cert;
    m->signer_key = signer->key;
    m->signer_is_own = signer->is_own;
    m->stored_signer = signer->row != NULL && signer->row->outcome == STORE_FOUND ? signer->row->rows : NULL;
    digest_compute(m->signer_hash, DIGEST_SHA256, m->signer->der);
    m->agent = find_agent(m);
    m->is_ra = !cmp_has(m, CMP_ANNOUNCES) && m->agent == NULL && m->profile->ras != NULL &&
               m->signer->extended_key_usage.len != 0 &&
               certificate_has_purpose(m->signer, bytes_of(id_kp_cmc_ra, sizeof id_kp_cmc_ra));
    m->path_attempt = 0;
    return 1;
}

void cmp_want_protection(struct cmp_message *m)
{
    m->protection = (struct verification){
        .algorithm = m->signature_algorithm, .key = m->signer_key, .signature = m->in.protection};
    m->starved |= !pki_protected_part(&m->protection.message, m->arena, &m->in);
    cmp_want_verification(m, &m->protection);
}

static void want(struct cmp_message *m)
{
    cmp_want_protection(m);
    for (size_t i = 0; i < m->path.count; i++)
        cmp_want_verification(m, &m->path.links[i]);
}

/* extraCerts is not protected, and the body is: of several certificates of the signer's key it may name one.
 */
static void put_named_first(struct cmp_message *m)
{
    struct bytes serial =
        m->state != NULL && m->operation->names != NULL ? m->operation->names(m) : bytes_of(NULL, 0);

    for (size_t i = 1; serial.len != 0 && i < m->signer_count; i++)
        if (m->signers[i].is_own && bytes_equal(m->signers[i].cert->serial, serial)) {
            const struct cmp_signer named = m->signers[i];
            m->signers[i] = m->signers[0];
            m->signers[0] = named;
            return;
        }
}

enum cmp_turn cmp_ask_signer(struct cmp_message *m)
{
    if (m->signers_tried == 0 && m->sought != NULL)
        add_sought(m);
    if (m->signers_tried == 0)
        put_named_first(m);
    while (take_next(m)) {
        if (check_own_signer(m) != CMP_ON) {
            pass_over(m, STAGE_OWN);
        } else if (ask(m) != CMP_ON) {
            pass_over(m, STAGE_PATH);
        } else {
            want(m);
            return CMP_ON;
        }
    }
    return refuse_all(m);
}

static int is_undecided(const struct cmp_message *m)
{
    int undecided = m->protection.undecided;

    for (size_t i = 0; i < m->path.count; i++)
        undecided |= m->path.links[i].undecided;
    return undecided;
}

static int path_is_valid(const struct cmp_message *m)
{
    int valid = 1;

    for (size_t i = 0; i < m->path.count; i++)
        valid &= m->path.links[i].valid;
    return valid;
}

/* Another path to the same certificate, if there is one. */
static int ask_again(struct cmp_message *m)
{
    if (++m->path_attempt == BOUND_PATH_ATTEMPTS || ask(m) != CMP_ON)
        return 0;
    want(m);
    return 1;
}

static int is_key_of_ours(const struct cmp_message *m, struct bytes spki)
{
    for (size_t i = 0; i < m->settings->profile_count; i++)
        if (bytes_equal(m->settings->profiles[i]->ca->cert.spki, spki))
            return 1;
    return 0;
}

/* A CA that one of ours has certified (ccr) is for others to trust, who trust ours. Here it speaks for
 * nobody, also where an anchor is our CA, or one above it: whom it is to speak for names it as a vendor's,
 * and then it does not come with the message. */
static enum path_fault check_certified(struct cmp_message *m)
{
    for (size_t i = 1; i < m->path.cert_count; i++) {
        struct bytes issuer =
            i + 1 < m->path.cert_count ? m->path.certs[i + 1]->spki : m->path.end->cert.spki;
        if (is_key_of_ours(m, issuer) && !is_key_of_ours(m, m->path.certs[i]->spki))
            return path_refuse(
                &m->path.refusal, PATH_NOT_CA, m->path.certs[i],
                "this server has certified it: to trust it here, name it in anchors of a vendor");
    }
    return PATH_OK;
}

/* The signatures are right. What certificates of the path say of those below them is believed from here on.
 */
static enum path_fault check_path(struct cmp_message *m)
{
    static const struct policy_settings any_policy;
    enum path_fault fault;

    if (m->path.count != 0)
        path_remember(&m->path, cmp_trust_of(m));
    fault = path_check(&m->path, cmp_trust_of(m), &any_policy, m->arena);
    if (fault == PATH_OK)
        fault = check_certified(m);
    if (fault == PATH_OK)
        fault = cmp_check_blocked(m);
    return fault != PATH_OK ? fault : revocation_check(&m->path, cmp_trust_of(m), m->now, m->arena);
}

enum cmp_turn cmp_judge_signer(struct cmp_message *m)
{
    enum path_fault fault = PATH_OK;

    if (is_undecided(m))
        return cmp_out_of_memory(m);
    if (m->protection.valid && path_is_valid(m) && (fault = check_path(m)) == PATH_OK) {
        if (cmp_has(m, CMP_BEGINS) && !m->signer_is_own && m->now > m->signer->not_after)
            m->result.warning =
                "the certificate that asks has expired: late_days of its vendor lets it count";
        return CMP_ON;
    }
    if (fault == PATH_MEMORY)
        return cmp_out_of_memory(m);
    path_cleanup(&m->path);
    if (!m->protection.valid) {
        cmp_refuse(m, PKI_BAD_MESSAGE_CHECK, "the signature that protects the message is wrong", NULL);
        pass_over(m, STAGE_PROTECTION);
    } else {
        if (fault != PATH_OK)
            refuse_path(m);
        else
            cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED, "the protecting certificate is not trusted by this profile",
                       "a signature of its path is wrong");
        pass_over(m, fault != PATH_OK ? STAGE_PATH_CHECKS : STAGE_PATH_SIGNATURES);
        if (ask_again(m))
            return CMP_STAY;
    }
    /* The next certificate is judged by the same step. */
    return cmp_ask_signer(m) == CMP_ON ? CMP_STAY : CMP_REFUSED;
}

/* ---- to the letter ---- */

static int is_issued_by_anchor(const struct cmp_message *m, struct certificate *cert)
{
    const struct trust *trust = cmp_trust_of(m);

    for (size_t i = 0; i < trust->count; i++) {
        struct name_cache cache = trust->items[i].cert.subject_cache;
        if (trust->items[i].is_anchor &&
            name_equal_cached(trust->items[i].cert.subject, &cache, cert->issuer, &cert->issuer_cache))
            return 1;
    }
    return 0;
}

/* RFC 9483 3.3: "The first certificate in this field MUST be the CMP protection certificate followed by its
 * chain, where each element should directly certify the one immediately preceding it." What comes after the
 * chain is as it likes. */
enum cmp_turn cmp_check_chain(struct cmp_message *m)
{
    size_t i = 0;

    if (!cmp_to_the_letter(m) || !cmp_has(m, CMP_BEGINS) || m->is_mac)
        return CMP_ON;
    if (m->cert_count == 0 || &m->certs[0] != m->signer)
        return cmp_refuse(m, PKI_BAD_REQUEST, "the first of extraCerts must be the protecting certificate",
                          cmp_of_rfc9483);
    while (!certificate_self_issued(&m->certs[i]) && !is_issued_by_anchor(m, &m->certs[i])) {
        struct certificate *below = &m->certs[i], *issuer = below + 1;
        if (++i == m->cert_count ||
            !name_equal_cached(issuer->subject, &issuer->subject_cache, below->issuer, &below->issuer_cache))
            return cmp_refuse(m, PKI_BAD_REQUEST,
                              "extraCerts must hold the chain of the protecting certificate, each issuer "
                              "after what it issued",
                              cmp_of_rfc9483);
    }
    return CMP_ON;
}
