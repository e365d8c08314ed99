/* What a message says of who sent it: protectionAlg and extraCerts (RFC 9810 5.1.3, RFC 9483 3.2 and 3.3). */
#include "crypto/name.h"
#include "crypto/price.h"
#include "server/cmp/internal.h"

/* RFC 9483 3.1 has the reference as commonName of sender, too. The MAC is over both: whose secret it takes
 * proves the one as well as the other. */
static void take_sender_for_kid(struct cmp_message *m)
{
    struct pki_header *header = &m->in.header;
    struct bytes name = bytes_of(NULL, 0);

    if (header->sender_name.len != 0)
        name = name_attribute(m->arena, header->sender_name, "CN");
    if (name.len != 0 && name.len <= BOUND_SENDER_KID && cmp_tolerates(m, TOLERANCE_NO_SENDER_KID))
        header->sender_kid = name;
}

static enum cmp_turn find_mac(struct cmp_message *m)
{
    CBS cbs = cbs_of(m->in.header.protection_alg);

    m->is_mac = 1;
    if (!mac_parse(&m->mac, &cbs))
        return cmp_refuse(m, PKI_BAD_ALG, mac_fault(m->arena, m->in.header.protection_alg), NULL);
    if (m->in.header.sender_kid.len == 0)
        take_sender_for_kid(m);
    if (m->in.header.sender_kid.len == 0)
        return cmp_refuse(m, PKI_BAD_MESSAGE_CHECK, CMP_NO_SENDER_KID,
                          cmp_would_tolerate(m, TOLERANCE_NO_SENDER_KID));
    /* For a part the whole has derived it. */
    if (m->whole == NULL)
        m->price_us += mac_price_us(&m->mac);
    return CMP_ON;
}

/* What the profile says of MACs; of a later message the profile is known only with the transaction's row. */
enum cmp_turn cmp_check_mac(struct cmp_message *m, const struct mac_algorithm *mac)
{
    const struct config_mac *bounds = &m->profile->config->mac;

    if (!bounds->allowed)
        return cmp_by(m, "mac.allowed",
                      cmp_refuse(m, PKI_WRONG_INTEGRITY,
                                 "this profile takes signatures only, no shared secrets", NULL));
    if (mac->owf == DIGEST_SHA1 && !cmp_tolerates(m, TOLERANCE_SHA1_OWF))
        return cmp_by(m, "tolerate",
                      cmp_refuse(m, PKI_BAD_ALG,
                                 "SHA-1 must not stretch the secret: use SHA-256, or have sha1-owf tolerated",
                                 NULL));
    if (mac->mac == DIGEST_SHA1 && !cmp_tolerates(m, TOLERANCE_SHA1_MAC))
        return cmp_by(m, "tolerate",
                      cmp_refuse(m, PKI_BAD_ALG,
                                 "HMAC-SHA1 must not protect a message: use hmacWithSHA256, or have sha1-mac "
                                 "tolerated",
                                 NULL));
    if (cmp_check_mac_policy(m, mac) != CMP_ON)
        return CMP_REFUSED;
    /* Its key is the secret itself: there is nothing that the peer could choose. */
    if (mac->scheme == MAC_HMAC)
        return CMP_ON;
    if (mac->salt.len < bounds->salt_min || mac->salt.len > bounds->salt_max)
        return cmp_by(m, mac->salt.len < bounds->salt_min ? "mac.salt_min" : "mac.salt_max",
                      cmp_refuse(m, PKI_BAD_ALG, "the salt is shorter or longer than this profile allows",
                                 arena_printf(m->arena, "%zu octets, allowed %u to %u", mac->salt.len,
                                              bounds->salt_min, bounds->salt_max)));
    if (mac->key_len < bounds->key_min || mac->key_len > bounds->key_max)
        return cmp_by(m, mac->key_len < bounds->key_min ? "mac.key_min" : "mac.key_max",
                      cmp_refuse(m, PKI_BAD_ALG,
                                 "the key of the MAC is shorter or longer than this profile allows",
                                 arena_printf(m->arena, "%zu octets, allowed %u to %u", mac->key_len,
                                              bounds->key_min, bounds->key_max)));
    if (mac->iterations < bounds->iterations_min || mac->iterations > bounds->iterations_max)
        return cmp_by(
            m, mac->iterations < bounds->iterations_min ? "mac.iterations_min" : "mac.iterations_max",
            cmp_refuse(m, PKI_BAD_ALG, "iterationCount is out of the bounds of this profile",
                       arena_printf(m->arena, "iterationCount %u, allowed %u to %u", mac->iterations,
                                    bounds->iterations_min, bounds->iterations_max)));
    return CMP_ON;
}

enum cmp_turn cmp_find_credentials(struct cmp_message *m)
{
    enum cmp_turn turn = mac_is_mac(m->in.header.protection_alg) ? find_mac(m) : cmp_find_signers(m);

    if (turn == CMP_ON && m->is_mac && cmp_has(m, CMP_BEGINS))
        turn = cmp_check_mac(m, &m->mac);
    return turn;
}

enum cmp_turn cmp_refuse_proven(struct cmp_message *m, enum pki_failure fail_info, const char *text)
{
    cmp_refuse(m, fail_info, text, NULL);
    if (!m->is_mac)
        return CMP_REFUSED;
    m->deferred = m->refusal;
    m->deferred.of_tx = 1;
    return CMP_ON;
}

int cmp_defer_refusal(struct cmp_message *m)
{
    const struct pki_header *header = &m->in.header;
    const struct cmp_refusal refusal = m->refusal;

    /* An announcement has no answer that a client would have to read. */
    if (cmp_has(m, CMP_ANNOUNCES) || !m->in.has_protection || !mac_is_mac(header->protection_alg) ||
        header->sender_kid.len > BOUND_SENDER_KID)
        return 0;
    if (cmp_find_credentials(m) == CMP_ON)
        m->deferred = refusal;
    m->refusal = refusal;
    return m->deferred.text != NULL;
}
