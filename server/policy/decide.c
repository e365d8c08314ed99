/* The decision: may this certificate be issued, and what is in it. */
#include "crypto/lint.h"
#include "crypto/name_patterns.h"
#include "crypto/random.h"
#include "crypto/secret_memory.h"
#include "server/base/shard.h"
#include "server/policy/internal.h"

/* Bits that a key of its kind cannot live up to are left out (RFC 8813 section 3 for EC, RFC 9295 for
 * Ed25519). */
unsigned policy_usage_for(unsigned usage, enum key_kind kind)
{
    const unsigned encipherment = KEY_USAGE_KEY_ENCIPHERMENT | KEY_USAGE_DATA_ENCIPHERMENT;
    const unsigned agreement = KEY_USAGE_KEY_AGREEMENT | KEY_USAGE_ENCIPHER_ONLY | KEY_USAGE_DECIPHER_ONLY;

    switch (kind) {
    case KEY_RSA:
        return usage & ~agreement;
    case KEY_ED25519:
        return usage & ~(agreement | encipherment);
    case KEY_P256:
    case KEY_P384:
    case KEY_P521:
        return usage & ~encipherment;
    case KEY_NONE:
    case KEY_KIND_COUNT:
        break;
    }
    return 0;
}

static int check_key(struct cmp_decision *decision, const struct profile *profile)
{
    enum key_kind kind = public_key_kind(decision->key);
    unsigned bits = public_key_bits(decision->key);

    if ((profile->key_kinds >> kind & 1) == 0)
        return policy_by(decision, "keys.types",
                         policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                                       "this profile does not certify keys of this type"));
    if (kind == KEY_RSA &&
        (bits < profile->cmp.config->keys.rsa_bits_min || bits > profile->cmp.config->keys.rsa_bits_max))
        return policy_by(decision,
                         bits < profile->cmp.config->keys.rsa_bits_min ? "keys.rsa_bits_min"
                                                                       : "keys.rsa_bits_max",
                         policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                                       "the RSA key is shorter or longer than this profile allows"));
    return 1;
}

void policy_new_serial(uint8_t serial[STORE_SERIAL], int64_t now)
{
    static const int64_t year_2020 = 1577836800;
    uint32_t seconds = (uint32_t)(now - year_2020) & 0x7fffffff;

    for (int i = 0; i < 4; i++)
        serial[i] = (uint8_t)(seconds >> (24 - 8 * i));
    random_bytes(serial + 4, STORE_SERIAL - 4);
}

static int make_serial(struct cmp_decision *decision, unsigned shards)
{
    uint8_t *serial = arena_alloc(decision->arena, STORE_SERIAL);

    if (serial == NULL)
        return 0;
    policy_new_serial(serial, decision->now);
    decision->serial = bytes_of(serial, STORE_SERIAL);
    decision->shard = shards != 0 ? shard_of(serial + STORE_SERIAL - 4, shards) : 0;
    return 1;
}

/* A fleet that was installed on one day comes back on many. */
static int64_t validity_of(const struct config_certificate *config)
{
    enum { DAY = 24 * 60 * 60, PERCENT = 100, PARTS = 1 << 16 };
    int64_t seconds = (int64_t)config->validity_days * DAY;
    uint8_t random[2];

    if (config->validity_jitter_percent == 0)
        return seconds;
    random_bytes(random, sizeof random);
    return seconds -
           seconds * config->validity_jitter_percent / PERCENT * (random[0] << 8 | random[1]) / PARTS;
}

/* No certificate begins before its CA's, or outlasts it. */
static void keep_within(const struct cmp_authority *ca, int64_t *not_before, int64_t *not_after)
{
    if (*not_before < ca->cert.not_before)
        *not_before = ca->cert.not_before;
    if (*not_after > ca->cert.not_after)
        *not_after = ca->cert.not_after;
}

/* What the profile gives by itself, whatever is asked for. */
static int begin(struct cmp_decision *decision, const struct profile *profile, struct policy_certificate *out)
{
    const struct config_profile *config = profile->cmp.config;
    const struct certificate *ca = &profile->cmp.ca->cert;

    if (decision->now > ca->not_after)
        return policy_refuse(decision, PKI_SYSTEM_FAILURE,
                             "the CA's certificate has expired: ask the operator");
    *out = (struct policy_certificate){
        .not_before = decision->now - config->certificate.backdate_seconds,
        .not_after = decision->now + validity_of(&config->certificate) - 1,
        .key_usage = policy_usage_for(profile->key_usage, public_key_kind(decision->key)),
        .purpose_count = profile->purpose_count,
    };
    memcpy(out->purposes, profile->purposes, sizeof out->purposes);
    if (profile->nf_types.oid.len != 0)
        out->others[out->other_count++] = profile->nf_types;
    if (config->cross != NULL) {
        out->key_usage = KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN;
        for (size_t i = 0; i < profile->cross_count; i++)
            out->others[out->other_count++] = profile->cross[i];
    }
    keep_within(profile->cmp.ca, &out->not_before, &out->not_after);
    return 1;
}

static int build(struct cmp_decision *decision, const struct profile *profile,
                 const struct policy_certificate *cert)
{
    const struct cmp_authority *ca = profile->cmp.ca;
    const struct certificate_plan plan = {
        .serial = decision->serial,
        .algorithm = ca->algorithm,
        .issuer = ca->cert.subject,
        .subject = cert->subject,
        .not_before = cert->not_before,
        .not_after = cert->not_after,
        .spki = decision->request->tmpl.spki,
        .key_id_is_sha256 = profile->cmp.config->certificate.key_identifier == CONFIG_KEY_ID_SHA256,
        .issuer_key_id = ca->cert.key_id,
        .is_ca = profile->cmp.config->cross != NULL,
        .path_len =
            profile->cmp.config->cross != NULL ? (int64_t)profile->cmp.config->cross->path_length : -1,
        .criticality = profile->criticality,
        .key_usage = cert->key_usage,
        .extended_key_usage = cert->purposes,
        .extended_key_usage_count = cert->purpose_count,
        .san = cert->san,
        .urls = profile->urls[decision->shard],
        .others = cert->others,
        .other_count = cert->other_count,
    };

    return certificate_build(&decision->tbs, decision->arena, &plan);
}

/* Nothing is signed that RFC 5280 does not let a CA sign. Names were held against it before: those of an
 * update stay as they are. */
static int check_rules(struct cmp_decision *decision, const struct profile *profile)
{
    uint64_t broken = certificate_lint(decision->arena, decision->tbs, LINT_ALL_BUT_NAMES);
    const char *text;

    if (broken == 0)
        return 1;
    text = lint_text(decision->arena, broken);
    decision->detail = text == NULL ? NULL : arena_printf(decision->arena, "the certificate breaks %s", text);
    if (profile->cmp.config->lint == CONFIG_LINT_WARN)
        return 1;
    decision->tbs = bytes_of(NULL, 0);
    return policy_by(
        decision, "lint",
        policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                      arena_printf(decision->arena, "the certificate would break %s: ask for it without that",
                                   lint_rule((size_t)__builtin_ctzll(broken))->section)));
}

static int fits_profile(struct cmp_decision *decision, const struct profile *profile)
{
    struct certificate cert;
    struct bytes der;

    if (certificate_assemble(&der, decision->arena, decision->tbs, profile->cmp.ca->algorithm,
                             bytes_str("unsigned")) &&
        certificate_parse(&cert, der) && policy_fits_profile(profile, &cert))
        return 1;
    return policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                         profile->cmp.config->cross != NULL
                             ? "what was approved is no certificate of a CA as this profile certifies it"
                             : "what was approved is no certificate of a station");
}

/* What somebody has approved is issued as it was: but for its serial, and for when it begins and ends. */
static int judge_approved(struct cmp_decision *decision, const struct profile *profile)
{
    const struct cmp_authority *ca = profile->cmp.ca;
    struct certificate_tbs tbs;

    if (!certificate_read_tbs(&tbs, decision->approved) || !bytes_equal(tbs.issuer, ca->cert.subject) ||
        !bytes_equal(tbs.algorithm, ca->algorithm->encoded) ||
        !bytes_equal(tbs.spki, decision->request->tmpl.spki))
        return policy_refuse(decision, PKI_BAD_REQUEST,
                             "what was approved cannot be issued any more: send the request anew");
    if (decision->now > ca->cert.not_after)
        return policy_refuse(decision, PKI_SYSTEM_FAILURE,
                             "the CA's certificate has expired: ask the operator");
    decision->not_before = decision->now - profile->cmp.config->certificate.backdate_seconds;
    decision->not_after = decision->not_before + (tbs.not_after - tbs.not_before);
    keep_within(ca, &decision->not_before, &decision->not_after);
    decision->subject = tbs.subject;
    if (!make_serial(decision, 0) ||
        !certificate_reissue(&decision->tbs, decision->arena, &tbs, decision->serial, decision->not_before,
                             decision->not_after))
        return policy_refuse(decision, PKI_SYSTEM_FAILURE, NULL);
    decision->shard = decision->approved_shard;
    return fits_profile(decision, profile) && check_rules(decision, profile);
}

static void judge(struct cmp_decision *decision)
{
    const struct profile *profile = (const struct profile *)decision->profile;
    const struct config_list *names = &profile->cmp.config->approve.names;
    struct policy_certificate cert;

    if (decision->is_approved) {
        decision->granted = check_key(decision, profile) && judge_approved(decision, profile);
        return;
    }
    if (!check_key(decision, profile) || !begin(decision, profile, &cert) ||
        !policy_decide_names(decision, profile, &cert) || !policy_decide_requests(decision, profile, &cert))
        return;
    decision->not_before = cert.not_before;
    decision->not_after = cert.not_after;
    decision->subject = cert.subject;
    decision->granted = make_serial(decision, profile->shards) && build(decision, profile, &cert);
    if (!decision->granted)
        policy_refuse(decision, PKI_SYSTEM_FAILURE, NULL);
    else
        decision->granted = check_rules(decision, profile);
    if (decision->granted && names->count != 0)
        decision->stranger =
            name_patterns_stranger(decision->arena, names->items, names->count, cert.subject, cert.san);
}

void policy_decide(struct cmp_decision *decision)
{
    unsigned before = secret_memory_failures();

    judge(decision);
    decision->undecided = !decision->granted && secret_memory_failures() != before;
}
