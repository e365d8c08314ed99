/* What a message says of who sent it: protectionAlg and extraCerts (RFC 9810 5.1.3, RFC 9483 3.2 and 3.3). */
#include "crypto/name.h"
#include "crypto/name_match.h"
#include "crypto/price.h"
#include "server/cmp/internal.h"

/* id-kp-cmcRA, RFC 6402 2.10, RFC 9810 4.5 */
static const uint8_t id_kp_cmc_ra[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x1c};

static enum cmp_turn find_mac(struct cmp_message *m)
{
    CBS cbs = cbs_of(m->in.header.protection_alg);

    m->is_mac = 1;
    if (!mac_parse(&m->mac, &cbs))
        return cmp_refuse(m, PKI_BAD_ALG,
                          "this MAC algorithm is not supported: use PBMAC1 or PasswordBasedMac with SHA-2",
                          NULL);
    /* RFC 9483 4.1.3 and 4.2: signed with the certificate that is to be updated or revoked. */
    if (cmp_has(m, CMP_SIGNED))
        return cmp_refuse(m, PKI_WRONG_INTEGRITY,
                          "kur and rr must be signed, not protected by a shared secret", NULL);
    if (m->in.header.sender_kid.len == 0)
        return cmp_refuse(m, PKI_BAD_MESSAGE_CHECK, "senderKID must name the shared secret", NULL);
    m->price_us += mac_price_us(&m->mac);
    return CMP_ON;
}

/* What the profile says of MACs; of a later message the profile is known only with the transaction's row. */
enum cmp_turn cmp_check_mac(struct cmp_message *m)
{
    const struct config_mac *bounds = &m->profile->config->mac;

    if (!bounds->allowed)
        return cmp_refuse(m, PKI_WRONG_INTEGRITY, "this profile takes signatures only, no shared secrets",
                          NULL);
    if (m->mac.owf == DIGEST_SHA1 && !bounds->sha1_owf)
        return cmp_refuse(m, PKI_BAD_ALG, "SHA-1 must not stretch the secret: use SHA-256", NULL);
    if (m->mac.salt.len < bounds->salt_min || m->mac.salt.len > bounds->salt_max)
        return cmp_refuse(m, PKI_BAD_ALG, "the salt is shorter or longer than this profile allows",
                          arena_printf(m->arena, "%zu octets, allowed %u to %u", m->mac.salt.len,
                                       bounds->salt_min, bounds->salt_max));
    if (m->mac.key_len < bounds->key_min || m->mac.key_len > bounds->key_max)
        return cmp_refuse(m, PKI_BAD_ALG, "the key of the MAC is shorter or longer than this profile allows",
                          arena_printf(m->arena, "%zu octets, allowed %u to %u", m->mac.key_len,
                                       bounds->key_min, bounds->key_max));
    if (m->mac.iterations < bounds->iterations_min || m->mac.iterations > bounds->iterations_max)
        return cmp_refuse(m, PKI_BAD_ALG, "iterationCount is out of the bounds of this profile",
                          arena_printf(m->arena, "iterationCount %u, allowed %u to %u", m->mac.iterations,
                                       bounds->iterations_min, bounds->iterations_max));
    return CMP_ON;
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
            name_equal(header->sender_name, m->certs[i].subject))
            return &m->certs[i];
    }
    return NULL;
}

static enum cmp_turn check_signer(struct cmp_message *m)
{
    const struct certificate *signer = m->signer;

    if (cmp_check_sender(m, signer->subject, signer->key_id) != CMP_ON)
        return CMP_REFUSED;
    /* RFC 9483 3.5 */
    if (signer->has_key_usage && (signer->key_usage & KEY_USAGE_DIGITAL_SIGNATURE) == 0)
        return cmp_refuse(m, PKI_SIGNER_NOT_TRUSTED,
                          "keyUsage of the protecting certificate lacks digitalSignature", NULL);
    if ((m->signer_key = public_key_parse(signer->spki)) == NULL)
        return cmp_refuse(m, PKI_BAD_ALG, "the key of the protecting certificate is not supported", NULL);
    if (!signature_fits(m->signature_algorithm, public_key_kind(m->signer_key)))
        return cmp_refuse(m, PKI_BAD_ALG, "protectionAlg does not fit the key of the protecting certificate",
                          NULL);
    return CMP_ON;
}

static enum cmp_turn find_signature(struct cmp_message *m)
{
    CBS cbs = cbs_of(m->in.header.protection_alg);

    if ((m->signature_algorithm = signature_parse(&cbs)) == NULL)
        return cmp_refuse(m, PKI_BAD_ALG, "protectionAlg is not supported", NULL);
    /* Later messages are verified by the key that the first one showed: they need no certificates. */
    if (!cmp_has(m, CMP_BEGINS)) {
        m->price_us += signature_verify_us(m->signature_algorithm);
        return CMP_ON;
    }
    for (size_t i = 0; i < m->in.extra_cert_count; i++)
        if (m->in.extra_certs[i].len <= BOUND_CERTIFICATE &&
            certificate_parse(&m->certs[m->cert_count], m->in.extra_certs[i]))
            m->cert_count++;
    if ((m->signer = find_signer(m)) == NULL)
        return cmp_refuse(m, PKI_BAD_MESSAGE_CHECK,
                          "extraCerts lacks the certificate that senderKID and sender name", NULL);
    if (check_signer(m) != CMP_ON)
        return CMP_REFUSED;
    digest_compute(m->signer_hash, DIGEST_SHA256, m->signer->der);
    m->signer_is_own = name_equal(m->signer->issuer, m->profile->ca->cert.subject);
    m->is_ra = m->profile->ras != NULL && m->signer->extended_key_usage.len != 0 &&
               certificate_has_purpose(m->signer, bytes_of(id_kp_cmc_ra, sizeof id_kp_cmc_ra));
    /* The protection, the device's own certificate, and each link that the peer may put into the path, as
     * often as paths are tried. */
    m->price_us += 2 * (uint64_t)public_key_verify_us(m->signer_key);
    for (size_t i = 0; i < m->cert_count; i++)
        if (&m->certs[i] != m->signer &&
            !trust_holds(m->is_ra ? m->profile->ras : m->profile->trust, m->certs[i].der) &&
            !certificate_self_issued(&m->certs[i]))
            m->price_us += BOUND_PATH_ATTEMPTS * (uint64_t)spki_verify_us(m->certs[i].spki);
    return CMP_ON;
}

enum cmp_turn cmp_find_credentials(struct cmp_message *m)
{
    enum cmp_turn turn = mac_is_mac(m->in.header.protection_alg) ? find_mac(m) : find_signature(m);

    if (turn == CMP_ON && m->is_mac && cmp_has(m, CMP_BEGINS))
        turn = cmp_check_mac(m);
    return turn;
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
