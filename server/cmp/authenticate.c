/* Who sent a message: protection by signature or MAC (RFC 9810 5.1.3, RFC 9483 3.2 and 3.5). */
#include "crypto/name.h"
#include "crypto/random.h"
#include "crypto/secret_memory.h"
#include "server/cmp/internal.h"

static cmp_step judge;

/* What an attacker may learn is the same for an unknown reference and for a wrong secret. */
static const char *const mac_text = "reference and secret do not belong together: check both";

static const char *const same_credentials_text =
    "protect every message of a transaction with the same credentials";

/* id-kp-cmcRA, RFC 6402 2.10, RFC 9810 4.5 */
static const uint8_t id_kp_cmc_ra[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x1c};

static int find_mac(struct cmp_message *m)
{
    CBS cbs = cbs_of(m->in.header.protection_alg);

    m->is_mac = 1;
    if (!mac_parse(&m->mac, &cbs)) {
        cmp_refuse(m, PKI_BAD_ALG,
                   "this MAC algorithm is not supported: use PBMAC1 or PasswordBasedMac with SHA-2", NULL);
        return 0;
    }
    /* RFC 9483 4.1.3 and 4.2: signed with the certificate that is to be updated or revoked. */
    if (m->in.body_type == PKI_KUR || m->in.body_type == PKI_RR) {
        cmp_refuse(m, PKI_WRONG_INTEGRITY, "kur and rr must be signed, not protected by a shared secret",
                   NULL);
        return 0;
    }
    if (m->in.header.sender_kid.len == 0) {
        cmp_refuse(m, PKI_BAD_MESSAGE_CHECK, "senderKID must name the shared secret", NULL);
        return 0;
    }
    m->price_us += mac_price_us(&m->mac);
    return 1;
}

/* What the profile says of MACs; of a later message the profile is known only with the transaction's row. */
static int profile_allows_mac(struct cmp_message *m)
{
    if (!m->profile->mac) {
        cmp_refuse(m, PKI_WRONG_INTEGRITY, "this profile takes signatures only, no shared secrets", NULL);
        return 0;
    }
    if (m->mac.owf == DIGEST_SHA1 && !m->profile->sha1_owf) {
        cmp_refuse(m, PKI_BAD_ALG, "SHA-1 must not stretch the secret: use SHA-256", NULL);
        return 0;
    }
    if (m->mac.salt.len < m->profile->mac_salt_min || m->mac.salt.len > m->profile->mac_salt_max) {
        cmp_refuse(m, PKI_BAD_ALG, "the salt is shorter or longer than this profile allows",
                   arena_printf(m->arena, "%zu octets, allowed %u to %u", m->mac.salt.len,
                                m->profile->mac_salt_min, m->profile->mac_salt_max));
        return 0;
    }
    if (m->mac.key_len < m->profile->mac_key_min || m->mac.key_len > m->profile->mac_key_max) {
        cmp_refuse(m, PKI_BAD_ALG, "the key of the MAC is shorter or longer than this profile allows",
                   arena_printf(m->arena, "%zu octets, allowed %u to %u", m->mac.key_len,
                                m->profile->mac_key_min, m->profile->mac_key_max));
        return 0;
    }
    if (m->mac.iterations < m->profile->mac_iterations_min ||
        m->mac.iterations > m->profile->mac_iterations_max) {
        cmp_refuse(m, PKI_BAD_ALG, "iterationCount is out of the bounds of this profile",
                   arena_printf(m->arena, "iterationCount %u, allowed %u to %u", m->mac.iterations,
                                m->profile->mac_iterations_min, m->profile->mac_iterations_max));
        return 0;
    }
    return 1;
}

/* extraCerts may come in any order (RFC 9483 3.3): senderKID tells which one protects, else the sender's
 * name, else the first. */
static const struct certificate *find_signer(const struct cmp_message *m)
{
    const struct pki_header *header = &m->in.header;

    for (size_t i = 0; i < m->cert_count; i++)
        if (header->sender_kid.len != 0 && bytes_equal(m->certs[i].key_id, header->sender_kid))
            return &m->certs[i];
    for (size_t i = 0; i < m->cert_count; i++) {
        if (header->sender_kid.len != 0 && m->certs[i].key_id.len != 0)
            continue; /* senderKID names another key than this one's */
        if (header->sender_name.len == 0 || name_is_empty(header->sender_name) ||
            bytes_equal(header->sender_name, m->certs[i].subject))
            return &m->certs[i];
    }
    return NULL;
}

/* RFC 9483 3.5: sender and senderKID name the certificate that protects, whose subject and
 * subjectKeyIdentifier these are. RFC 9810 5.1.1 lets a sender that does not know its name send the NULL-DN
 * beside senderKID; RFC 9483 3.1 does not, and wants senderKID wherever the certificate has one. */
static int check_sender(struct cmp_message *m, struct bytes subject, struct bytes key_id)
{
    struct bytes sender = m->in.header.sender_name, kid = m->in.header.sender_kid;
    int strict = m->profile->strict_header;
    /* Rows of schema 1 do not hold the name. */
    int name_unknown = subject.len == 0;
    int sender_absent = !strict && kid.len != 0 && sender.len != 0 && name_is_empty(sender);

    if (!bytes_equal(sender, subject) && !sender_absent && !name_unknown) {
        cmp_refuse(m, PKI_BAD_MESSAGE_CHECK, "sender is not the subject of the protecting certificate", NULL);
        return 0;
    }
    if (key_id.len != 0 && (kid.len != 0 || strict) && !bytes_equal(kid, key_id)) {
        cmp_refuse(m, PKI_BAD_MESSAGE_CHECK,
                   "senderKID is not the subjectKeyIdentifier of the protecting certificate", NULL);
        return 0;
    }
    return 1;
}

static int check_signer(struct cmp_message *m)
{
    const struct certificate *signer = m->signer;

    if (!check_sender(m, signer->subject, signer->key_id))
        return 0;
    /* RFC 9483 3.5 */
    if (signer->has_key_usage && (signer->key_usage & KEY_USAGE_DIGITAL_SIGNATURE) == 0) {
        cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED, "keyUsage of the protecting certificate lacks digitalSignature",
                   NULL);
        return 0;
    }
    if ((m->signer_key = public_key_parse(signer->spki)) == NULL) {
        cmp_refuse(m, PKI_BAD_ALG, "the key of the protecting certificate is not supported", NULL);
        return 0;
    }
    if (!signature_fits(m->signature_algorithm, public_key_kind(m->signer_key))) {
        cmp_refuse(m, PKI_BAD_ALG, "protectionAlg does not fit the key of the protecting certificate", NULL);
        return 0;
    }
    return 1;
}

static int find_signature(struct cmp_message *m)
{
    CBS cbs = cbs_of(m->in.header.protection_alg);

    if ((m->signature_algorithm = signature_parse(&cbs)) == NULL) {
        cmp_refuse(m, PKI_BAD_ALG, "protectionAlg is not supported", NULL);
        return 0;
    }
    /* Later messages are verified by the key that the first one showed: they need no certificates. */
    if (!m->starts_transaction) {
        m->price_us += signature_verify_us(m->signature_algorithm);
        return 1;
    }
    for (size_t i = 0; i < m->in.extra_cert_count; i++)
        if (m->in.extra_certs[i].len <= BOUND_CERTIFICATE &&
            certificate_parse(&m->certs[m->cert_count], m->in.extra_certs[i]))
            m->cert_count++;
    if ((m->signer = find_signer(m)) == NULL) {
        cmp_refuse(m, PKI_BAD_MESSAGE_CHECK,
                   "extraCerts lacks the certificate that senderKID and sender name", NULL);
        return 0;
    }
    if (!check_signer(m))
        return 0;
    digest_compute(m->signer_hash, DIGEST_SHA256, m->signer->der);
    m->signer_is_own = bytes_equal(m->signer->issuer, m->profile->ca->cert.subject);
    m->is_ra = m->profile->ras != NULL && m->signer->extended_key_usage.len != 0 &&
               certificate_has_purpose(m->signer, bytes_of(id_kp_cmc_ra, sizeof id_kp_cmc_ra));
    /* The protection, the device's own certificate, and each link that the peer may put into the path, as
     * often as paths are tried. */
    m->price_us += 2 * (uint64_t)public_key_verify_us(m->signer_key);
    for (size_t i = 0; i < m->cert_count; i++)
        if (&m->certs[i] != m->signer && !certificate_self_issued(&m->certs[i]) &&
            !trust_holds(m->is_ra ? m->profile->ras : m->profile->trust, m->certs[i].der))
            m->price_us += BOUND_PATH_ATTEMPTS * (uint64_t)spki_verify_us(m->certs[i].spki);
    return 1;
}

static void parse_request_key(struct cmp_message *m)
{
    CBS cbs;

    if (!m->requests_cert || m->body_fault != NULL)
        return;
    if (m->request.tmpl.spki.len != 0)
        m->request_key = public_key_parse(m->request.tmpl.spki);
    if (m->request.pop == PKI_POP_SIGNATURE) {
        cbs = cbs_of(m->request.pop_algorithm);
        m->pop_algorithm = signature_parse(&cbs);
    }
    if (m->request_key != NULL)
        m->price_us += public_key_verify_us(m->request_key);
}

int cmp_find_credentials(struct cmp_message *m)
{
    int ok = mac_is_mac(m->in.header.protection_alg) ? find_mac(m) : find_signature(m);

    if (!ok || (m->is_mac && m->starts_transaction && !profile_allows_mac(m)))
        return 0;
    parse_request_key(m);
    return 1;
}

/* A box opens for its CA and reference only: a row copied to another reference is worthless. */
static int secret_context(struct bytes *out, struct arena *arena, struct bytes issuer, struct bytes reference)
{
    uint8_t *context = arena_alloc(arena, issuer.len + reference.len);

    if (context == NULL)
        return 0;
    memcpy(context, issuer.data, issuer.len);
    memcpy(context + issuer.len, reference.data, reference.len);
    *out = bytes_of(context, issuer.len + reference.len);
    return 1;
}

int cmp_seal_secret(struct bytes *box, struct arena *arena, const struct seal_key *key, struct bytes issuer,
                    struct bytes reference, struct bytes secret)
{
    struct bytes context;

    return secret_context(&context, arena, issuer, reference) && seal(box, arena, key, secret, context);
}

/* What stands in for a box and a secret where there are none: a message with an unknown reference costs what
 * one with a wrong secret does, so that its time tells nothing. */
static const uint8_t no_box[SEAL_OVERHEAD + 16], no_secret[16];

int cmp_open_secret(struct cmp_message *m, const char **detail)
{
    const struct store_secret *stored = m->stored_secret;
    const struct seal_key *key = m->settings->seal_key;
    struct bytes context, box = stored != NULL ? stored->sealed : bytes_of(no_box, sizeof no_box);
    size_t len = 0;
    int opened;

    secret_free(m->opened_secret);
    *detail = NULL;
    if ((m->opened_secret = secret_alloc(box.len)) == NULL ||
        !secret_context(&context, m->arena, bytes_of(m->profile->ca->id, STORE_ISSUER_ID),
                        m->in.header.sender_kid)) {
        cmp_out_of_memory(m);
        return 0;
    }
    opened = key != NULL && unseal(m->opened_secret, &len, key, box, context);
    if (stored == NULL) {
        *detail = "no secret has this reference";
        return 0;
    }
    if (m->starts_transaction && stored->expires != 0 && m->now >= stored->expires) {
        *detail = "the secret has expired";
        return 0;
    }
    if (stored->profile.len != 0 && !bytes_equal(stored->profile, bytes_str(m->profile->name))) {
        *detail = "the secret is for another profile";
        return 0;
    }
    if (!opened || !bytes_equal(stored->seal_key_id, seal_key_id(key))) {
        *detail = "the secret was sealed under another seal_key than this node has";
        return 0;
    }
    m->secret = bytes_of(m->opened_secret, len);
    return 1;
}

int cmp_want_mac(struct cmp_message *m)
{
    struct cmp_mac *mac;

    if (m->mac_key == NULL && (m->mac_key = secret_alloc(sizeof *m->mac_key)) == NULL) {
        cmp_out_of_memory(m);
        return 0;
    }
    mac = &cmp_want_add(m, CMP_WANT_MAC)->u.mac;
    mac->algorithm = &m->mac;
    mac->secret = m->secret;
    mac->key = m->mac_key;
    return 1;
}

static int want_protection(struct cmp_message *m, const struct public_key *key)
{
    struct verification *verify = &cmp_want_add(m, CMP_WANT_VERIFY)->u.verify;

    verify->algorithm = m->signature_algorithm;
    verify->key = key;
    verify->signature = m->in.protection;
    return pki_protected_part(&verify->message, m->arena, &m->in);
}

/* The proof of possession goes into the same batch as the protection; it is judged after it. */
static void want_pop(struct cmp_message *m)
{
    struct verification *verify;

    if (!m->requests_cert)
        return;
    verify = &cmp_want_add(m, CMP_WANT_VERIFY)->u.verify;
    *verify = (struct verification){.algorithm = m->pop_algorithm,
                                    .key = m->request_key,
                                    .message = m->request.pop_message,
                                    .signature = m->request.pop_signature};
}

static int check_own_signer(struct cmp_message *m)
{
    const struct store_cert *stored = m->stored_signer;

    if (!m->signer_is_own)
        return 1;
    if (stored == NULL || !bytes_equal(stored->certificate, m->signer->der)) {
        cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED,
                   "the protecting certificate is not known to the CA that it names", NULL);
        return 0;
    }
    /* A device that asks again for its certificate to be revoked is told so by rp (RFC 9483 5.1.3). */
    if (stored->status == STORE_CERT_VALID ||
        (stored->status == STORE_CERT_REVOKED && m->in.body_type == PKI_RR &&
         bytes_equal(m->revocation.cert_details.serial, m->signer->serial)))
        return 1;
    cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED,
               stored->status == STORE_CERT_UNCONFIRMED ? "the protecting certificate was never confirmed"
               : stored->status == STORE_CERT_HOLD      ? "the protecting certificate is on hold"
                                                        : "the protecting certificate is revoked",
               NULL);
    return 0;
}

int cmp_takes_profile(const struct cmp_message *m, struct bytes profile)
{
    const struct cmp_profile *own = m->profile;

    if (bytes_equal(profile, bytes_str(own->name)))
        return 1;
    for (size_t i = 0; i < own->own_profile_count; i++)
        if (bytes_equal(profile, bytes_str(own->own_profiles[i])))
            return 1;
    return 0;
}

/* A certificate of this CA says that its device was enrolled under its profile, and not under any other. Its
 * revocation may be asked for anywhere. */
static int check_own_profile(struct cmp_message *m)
{
    if (!m->signer_is_own || m->is_ra || m->in.body_type == PKI_RR ||
        cmp_takes_profile(m, m->stored_signer->profile))
        return 1;
    cmp_refuse(m, PKI_NOT_AUTHORIZED, "the protecting certificate was issued under another profile", NULL);
    return 0;
}

static void authenticate_signature(struct cmp_message *m)
{
    const struct trust *trust = m->is_ra ? m->profile->ras : m->profile->trust;
    enum path_fault fault =
        path_build(&m->path, trust, m->signer, m->certs, m->cert_count, m->now, m->path_attempt);

    /* An RA, but none of this profile's: then it may still speak for itself. */
    if (fault != PATH_OK && m->is_ra && m->path_attempt == 0) {
        m->is_ra = 0;
        path_cleanup(&m->path);
        authenticate_signature(m);
        return;
    }
    if (fault != PATH_OK) {
        cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED, "the protecting certificate is not trusted by this profile",
                   path_fault_text(m->path_attempt == 0 ? fault : PATH_NO_ISSUER));
        return;
    }
    if (!check_own_profile(m))
        return;
    if (!want_protection(m, m->signer_key)) {
        cmp_out_of_memory(m);
        return;
    }
    want_pop(m);
    for (size_t i = 0; i < m->path.count; i++)
        cmp_want_add(m, CMP_WANT_VERIFY)->u.verify = m->path.links[i];
    m->next = judge;
}

/* Later messages carry the credentials of the first; who signed is not path-validated again (ARCHITECTURE.md,
 * "Transactions"). */
static void authenticate_later(struct cmp_message *m)
{
    if (m->is_mac != m->tx.credential_is_mac) {
        cmp_refuse(m, PKI_WRONG_INTEGRITY, same_credentials_text, NULL);
        return;
    }
    if (m->is_mac) {
        if (!cmp_want_mac(m))
            return;
    } else {
        if (!check_sender(m, m->tx.credential_name, m->tx.credential_kid))
            return;
        m->signer_key = public_key_parse(m->tx.credential_key);
        if (!want_protection(m, m->signer_key)) {
            cmp_out_of_memory(m);
            return;
        }
    }
    m->next = judge;
}

/* RFC 9483 3.5 messageTime */
static int check_time(struct cmp_message *m)
{
    uint32_t window = m->profile->message_time_seconds;
    int64_t difference = m->in.header.message_time - m->now;

    if (window == 0 || !m->in.header.has_message_time ||
        (difference <= window && difference >= -(int64_t)window))
        return 1;
    cmp_refuse(m, PKI_BAD_TIME, "messageTime is too far from the server's clock: set the device's clock",
               arena_printf(m->arena, "%lld s off", (long long)difference));
    return 0;
}

void cmp_authenticate(struct cmp_message *m, cmp_step *then)
{
    m->after_authentication = then;
    if (m->is_mac && !m->starts_transaction && !profile_allows_mac(m))
        return;
    /* Without its secret a message goes the same way, to be refused where a wrong MAC is. */
    if (m->is_mac && !cmp_open_secret(m, &m->mac_fault)) {
        if (m->mac_fault == NULL)
            return;
        m->secret = bytes_of(no_secret, sizeof no_secret);
    }
    if (!m->starts_transaction) {
        authenticate_later(m);
    } else if (m->is_mac) {
        if (!cmp_want_mac(m))
            return;
        want_pop(m);
        m->next = judge;
    } else if (check_own_signer(m)) {
        authenticate_signature(m);
    }
}

void cmp_refuse_guess(struct cmp_message *m)
{
    if (!m->result.refused)
        cmp_refuse(m, PKI_BAD_MESSAGE_CHECK, mac_text, "too many wrong MACs from there: not looked at");
}

/* 1 or 0, or -1 when memory was too short to tell. */
static int mac_is_right(struct cmp_message *m)
{
    uint8_t expected[DIGEST_MAX];
    struct bytes part;
    size_t len;
    int right;

    if (m->mac_key->len == 0 || !pki_protected_part(&part, m->arena, &m->in) ||
        (len = mac_apply(expected, &m->mac, m->mac_key, part)) == 0)
        return -1;
    right = len == m->in.protection.len && secret_equal(expected, m->in.protection.data, len);
    secret_wipe(expected, sizeof expected);
    return right;
}

static int is_undecided(const struct cmp_message *m)
{
    for (size_t i = 0; i < m->served_count; i++)
        if (m->wants[i].kind == CMP_WANT_VERIFY && m->wants[i].u.verify.undecided)
            return 1;
    return 0;
}

/* wants[0] is the protection, wants[1] of a request for a certificate the proof of possession, the rest the
 * path. */
static void judge(struct cmp_message *m)
{
    size_t path_begin = m->requests_cert ? 2 : 1;
    int path_valid = 1, right = m->is_mac ? mac_is_right(m) : 1;

    if (right < 0 || is_undecided(m)) {
        cmp_out_of_memory(m);
        return;
    }
    if (m->is_mac) {
        if (!right || m->mac_fault != NULL) {
            m->mac_wrong = 1;
            cmp_refuse(m, PKI_BAD_MESSAGE_CHECK, mac_text,
                       m->mac_fault != NULL ? m->mac_fault : "the MAC is wrong");
            return;
        }
        m->mac_verified = 1;
        /* Told only now: else the answer would tell which references exist. */
        if (!m->starts_transaction && !bytes_equal(m->tx.credential, m->in.header.sender_kid)) {
            cmp_refuse(m, PKI_WRONG_INTEGRITY, same_credentials_text, NULL);
            return;
        }
    } else if (!m->wants[0].u.verify.valid) {
        cmp_refuse(m, PKI_BAD_MESSAGE_CHECK, "the signature that protects the message is wrong", NULL);
        return;
    }
    if (m->requests_cert)
        m->pop_valid = m->wants[1].u.verify.valid;
    for (size_t i = path_begin; i < m->served_count; i++)
        path_valid &= m->wants[i].u.verify.valid;
    if (!path_valid) {
        path_cleanup(&m->path);
        if (++m->path_attempt < BOUND_PATH_ATTEMPTS)
            authenticate_signature(m);
        else
            cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED, "the protecting certificate is not trusted by this profile",
                       "a signature of its path is wrong");
        return;
    }
    if (m->path.count != 0)
        path_remember(&m->path, m->is_ra ? m->profile->ras : m->profile->trust);
    if (!check_time(m))
        return;
    /* What has ended awaits no nonce: another certConf is told that it comes too late. */
    if (m->has_tx && m->after_authentication != cmp_refuse_other_message && !cmp_check_recip_nonce(m))
        return;
    m->authenticated = 1;
    if (cmp_check_profile_header(m))
        m->next = m->after_authentication;
}
