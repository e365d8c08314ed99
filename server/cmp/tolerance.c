/* What is taken against the RFCs because the profile, or the vendor of who signs, has it in `tolerate:`.
 * Which vendor that is, is known once the protection was judged: until then any vendor's of the profile is
 * enough, and what was made use of is noted, to be judged then. */
#include "crypto/name.h"
#include "crypto/name_match.h"
#include "server/cmp/internal.h"

/* What is told when it turns out that the vendor of who signs does not have it. */
static const struct {
    enum pki_failure fail_info;
    const char *text;
} refused[TOLERANCE_COUNT] = {
    [TOLERANCE_SHA1_OWF] = {PKI_BAD_ALG, "SHA-1 must not stretch the secret: use SHA-256"},
    [TOLERANCE_NO_SENDER_KID] = {PKI_BAD_MESSAGE_CHECK, CMP_NO_SENDER_KID},
    [TOLERANCE_ECDSA_NULL_PARAMETERS] = {PKI_BAD_ALG,
                                         "parameters of ECDSA and Ed25519 must be absent, and are NULL"},
    [TOLERANCE_NONCE_LENGTH] = {PKI_BAD_SENDER_NONCE, CMP_SHORT_NONCE},
    [TOLERANCE_NO_RECIP_NONCE] = {PKI_BAD_RECIPIENT_NONCE, CMP_WRONG_RECIP_NONCE},
    [TOLERANCE_CLOCK_OFF] = {PKI_BAD_TIME, CMP_WRONG_TIME},
    [TOLERANCE_CONFIRM_AFTER_IMPLICIT] = {PKI_CERT_CONFIRMED, CMP_CONFIRMED_ALREADY},
    [TOLERANCE_NAME_ORDER] = {PKI_BAD_MESSAGE_CHECK, CMP_WRONG_SENDER},
    [TOLERANCE_SHA1_SIGNATURES] = {PKI_BAD_ALG, "SHA-1 must not sign: use SHA-256"},
    [TOLERANCE_POLL_WITHOUT_ANSWER] = {PKI_BAD_REQUEST, CMP_NOTHING_TO_POLL},
    [TOLERANCE_SHA1_MAC] = {PKI_BAD_ALG, "HMAC-SHA1 must not protect a message: use hmacWithSHA256"},
    [TOLERANCE_POLL_NONCE] = {PKI_BAD_RECIPIENT_NONCE, CMP_WRONG_RECIP_NONCE},
};

static int names_vendor(const struct config_list *names, struct bytes vendor)
{
    for (size_t i = 0; i < names->count; i++)
        if (bytes_equal(bytes_str(names->items[i]), vendor))
            return 1;
    return 0;
}

static int vendor_has(const struct cmp_message *m, struct bytes vendor, enum tolerance tolerance)
{
    const struct config_accept *accept = &m->profile->config->accept;
    const struct config_vendor *found =
        config_vendor_named(m->settings->vendors, m->settings->vendor_count, vendor);

    return found != NULL && (names_vendor(&accept->vendors, vendor) || names_vendor(&accept->ras, vendor)) &&
           tolerance_holds(&found->tolerances, tolerance, m->now);
}

int cmp_may_tolerate(const struct cmp_message *m, const struct cmp_profile *profile, enum tolerance tolerance)
{
    return tolerance_holds(&profile->config->tolerances, tolerance, m->now) ||
           tolerance_holds(&profile->config->of_vendors, tolerance, m->now);
}

int cmp_tolerates(struct cmp_message *m, enum tolerance tolerance)
{
    int signs = m->in.has_protection && !mac_is_mac(m->in.header.protection_alg);

    if (signs ? !cmp_may_tolerate(m, m->profile, tolerance)
              : !tolerance_holds(&m->profile->config->tolerances, tolerance, m->now))
        return 0;
    m->tolerated |= 1U << tolerance;
    return 1;
}

/* The vendor whose certificate signs, or to whose device the CA issued the one that does; empty: nobody's. */
static struct bytes vendor_of(const struct cmp_message *m)
{
    const char *owner = m->path.end != NULL ? m->path.end->owner : NULL;

    if (m->signer_is_own && !m->is_ra)
        return m->stored_signer->vendor;
    return bytes_str(owner != NULL ? owner : "");
}

static int holds(const struct cmp_message *m, enum tolerance tolerance)
{
    if (tolerance_holds(&m->profile->config->tolerances, tolerance, m->now))
        return 1;
    if (m->is_mac)
        return 0;
    /* The row of a transaction does not tell the vendor; that its sender is who began it, the key does. */
    return cmp_has(m, CMP_BEGINS) ? vendor_has(m, vendor_of(m), tolerance)
                                  : cmp_may_tolerate(m, m->profile, tolerance);
}

/* Of several certificates that might have been the protecting one, it is said of the one that is. */
static void note_name_order(struct cmp_message *m)
{
    struct bytes sender = m->in.header.sender_name;
    struct bytes subject = m->signer != NULL ? m->signer->subject : m->tx.credential_name;

    if (!m->is_mac && cmp_may_tolerate(m, m->profile, TOLERANCE_NAME_ORDER) && !name_is_empty(sender) &&
        !name_equal(sender, subject))
        m->tolerated |= 1U << TOLERANCE_NAME_ORDER;
}

enum cmp_turn cmp_judge_tolerated(struct cmp_message *m)
{
    note_name_order(m);
    for (unsigned i = 0; i < TOLERANCE_COUNT; i++)
        if ((m->tolerated & 1U << i) != 0 && !holds(m, (enum tolerance)i))
            return cmp_refuse(m, refused[i].fail_info, refused[i].text,
                              cmp_would_tolerate(m, (enum tolerance)i));
    return CMP_ON;
}

static int has_ended(const struct cmp_message *m, enum tolerance tolerance)
{
    const struct config_profile *config = m->profile->config;

    return (config->tolerances.until[tolerance] != 0 || config->of_vendors.until[tolerance] != 0) &&
           !cmp_may_tolerate(m, m->profile, tolerance);
}

const char *cmp_would_tolerate(struct cmp_message *m, enum tolerance tolerance)
{
    if (has_ended(m, tolerance))
        return arena_printf(m->arena, "tolerate: [%s] took it until its date: give it a later one, or none",
                            tolerance_name(tolerance));
    return arena_printf(m->arena, "tolerate: [%s] would take it", tolerance_name(tolerance));
}

void cmp_find_counts(const struct cmp_message *m, struct tolerance_counts *counts[2])
{
    const struct cmp_settings *settings = m->settings;
    const struct config_vendor *vendor;

    /* What is answered again was counted when it came first; a poll comes first when it is. Of who proved
     * nothing neither certificate nor path say anything. */
    if (!m->authenticated && (m->tolerated & 1U << TOLERANCE_POLL_WITHOUT_ANSWER) == 0)
        return;
    vendor = config_vendor_named(settings->vendors, settings->vendor_count, vendor_of(m));
    counts[0] = m->profile->counts;
    counts[1] = vendor != NULL && settings->vendor_counts != NULL
                    ? settings->vendor_counts[vendor - settings->vendors]
                    : NULL;
}
