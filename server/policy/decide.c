/* The decision: may this certificate be issued, and what is in it. */
#include "crypto/name.h"
#include "crypto/random.h"
#include "server/policy/internal.h"

static void refuse(struct cmp_decision *decision, enum pki_failure fail_info, const char *text)
{
    decision->granted = 0;
    decision->fail_info = fail_info;
    decision->text = text;
}

/* Bits that a key of its kind cannot live up to are left out (RFC 8813 section 3 for EC, RFC 9295 for
 * Ed25519). */
static unsigned usage_for(unsigned usage, enum key_kind kind)
{
    const unsigned encipherment = KEY_USAGE_KEY_ENCIPHERMENT | KEY_USAGE_DATA_ENCIPHERMENT;
    const unsigned agreement = KEY_USAGE_KEY_AGREEMENT | KEY_USAGE_ENCIPHER_ONLY | KEY_USAGE_DECIPHER_ONLY;

    switch (kind) {
    case KEY_RSA:
        return usage & ~agreement;
    case KEY_ED25519:
        return usage & ~(agreement | encipherment);
    default:
        return usage & ~encipherment;
    }
}

static int check_key(struct cmp_decision *decision, const struct profile *profile)
{
    enum key_kind kind = public_key_kind(decision->key);
    unsigned bits = public_key_bits(decision->key);

    if ((profile->key_kinds >> kind & 1) == 0) {
        refuse(decision, PKI_BAD_CERT_TEMPLATE, "this profile does not certify keys of this type");
        return 0;
    }
    if (kind == KEY_RSA && (bits < profile->config->rsa_bits_min || bits > profile->config->rsa_bits_max)) {
        refuse(decision, PKI_BAD_CERT_TEMPLATE, "the RSA key is shorter or longer than this profile allows");
        return 0;
    }
    return 1;
}

static int check_subject(struct cmp_decision *decision, const struct profile *profile)
{
    const struct cert_request *request = decision->request;
    int has_san = profile->config->san && request->san.len != 0;

    if (request->subject.len == 0 || (name_is_empty(request->subject) && !has_san)) {
        refuse(decision, PKI_BAD_CERT_TEMPLATE, "name the device in subject");
        return 0;
    }
    if (!name_is_valid(request->subject)) {
        refuse(decision, PKI_BAD_CERT_TEMPLATE, "subject is malformed or too long");
        return 0;
    }
    /* Under the CA's own name a device could pass for the signer of CRLs. */
    if (bytes_equal(request->subject, decision->profile->ca->cert.subject)) {
        refuse(decision, PKI_BAD_CERT_TEMPLATE, "subject is the name of the CA");
        return 0;
    }
    return 1;
}

/* Four octets of time, so that serials follow each other and old ones can be dropped by range; twelve of
 * chance. */
static int make_serial(struct cmp_decision *decision)
{
    static const int64_t year_2020 = 1577836800;
    uint32_t seconds = (uint32_t)(decision->now - year_2020) & 0x7fffffff;
    uint8_t *serial = arena_alloc(decision->arena, STORE_SERIAL);

    if (serial == NULL)
        return 0;
    for (int i = 0; i < 4; i++)
        serial[i] = (uint8_t)(seconds >> (24 - 8 * i));
    random_bytes(serial + 4, STORE_SERIAL - 4);
    decision->serial = bytes_of(serial, STORE_SERIAL);
    return 1;
}

void policy_decide(struct cmp_decision *decision)
{
    enum { DAY = 24 * 60 * 60 };
    const struct profile *profile = (const struct profile *)decision->profile;
    const struct config_profile *config = profile->config;
    const struct cmp_authority *ca = profile->cmp.ca;
    struct certificate_plan plan;

    if (!check_key(decision, profile) || !check_subject(decision, profile))
        return;
    if (decision->now > ca->cert.not_after) {
        refuse(decision, PKI_SYSTEM_FAILURE, "the CA's certificate has expired: ask the operator");
        return;
    }
    decision->not_before = decision->now - config->backdate_seconds;
    decision->not_after = decision->now + (int64_t)config->validity_days * DAY - 1;
    if (decision->not_before < ca->cert.not_before)
        decision->not_before = ca->cert.not_before;
    if (decision->not_after > ca->cert.not_after)
        decision->not_after = ca->cert.not_after;
    decision->subject = decision->request->subject;
    if (!make_serial(decision)) {
        refuse(decision, PKI_SYSTEM_FAILURE, "the memory bound of a request is reached");
        return;
    }
    plan = (struct certificate_plan){
        .serial = decision->serial,
        .algorithm = ca->algorithm,
        .issuer = ca->cert.subject,
        .subject = decision->subject,
        .not_before = decision->not_before,
        .not_after = decision->not_after,
        .spki = decision->request->spki,
        .issuer_key_id = ca->cert.key_id,
        .path_len = -1,
        .key_usage = usage_for(profile->key_usage, public_key_kind(decision->key)),
        .extended_key_usage = profile->purposes,
        .extended_key_usage_count = profile->purpose_count,
        .san = config->san ? decision->request->san : bytes_of(NULL, 0),
        .crl_urls = config->crl_urls,
        .crl_url_count = config->crl_url_count,
        .issuer_urls = config->issuer_urls,
        .issuer_url_count = config->issuer_url_count,
        .ocsp_urls = config->ocsp_urls,
        .ocsp_url_count = config->ocsp_url_count,
    };
    decision->granted = certificate_build(&decision->tbs, decision->arena, &plan);
    if (!decision->granted)
        refuse(decision, PKI_SYSTEM_FAILURE, "the memory bound of a request is reached");
}
