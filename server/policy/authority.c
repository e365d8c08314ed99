/* A CA from the configuration: certificates, keys, and what every answer needs of them, prepared once. */
#include <stdio.h>

#include "crypto/name.h"
#include "crypto/name_match.h"
#include "server/policy/internal.h"

enum { SETTING = 96 };

static const char *setting(char *out, size_t i, const char *field)
{
    snprintf(out, SETTING, "cas[%zu].%s", i, field);
    return out;
}

static int check_times(struct config_fault *fault, const struct policy *policy, const char *key,
                       const struct certificate *cert, int64_t now)
{
    if (now > cert->not_after)
        return config_fault_at(fault, policy->config, key, "the certificate has expired; renew it");
    if (now < cert->not_before)
        return config_fault_at(fault, policy->config, key,
                               "the certificate is not valid yet; check the clock");
    return 1;
}

/* A node that starts after the end of what it can renew itself starts, and renews it: until then nothing is
 * issued. */
static int check_own_times(struct config_fault *fault, const struct policy *policy, const char *key,
                           const struct certificate *cert, int is_own, int64_t now)
{
    return (is_own && now > cert->not_after) || check_times(fault, policy, key, cert, now);
}

void policy_issuer_id(uint8_t id[STORE_ISSUER_ID], const struct certificate *cert)
{
    uint8_t digest[DIGEST_MAX];

    digest_compute(digest, DIGEST_SHA256, cert->spki);
    memcpy(id, digest, STORE_ISSUER_ID);
}

static int load_issuing(struct config_fault *fault, struct policy *policy, size_t i, int64_t now)
{
    const struct config_ca *config = &policy->config->cas[i];
    struct authority *ca = &policy->authorities[i];
    char key[SETTING], certificate[SETTING];
    struct bytes der;

    if (!policy_read_certificate(fault, policy, setting(key, i, "certificate"), config->certificate, &der))
        return 0;
    certificate_parse(&ca->cmp.cert, der);
    if (!ca->cmp.cert.is_ca ||
        (ca->cmp.cert.has_key_usage && (ca->cmp.cert.key_usage & KEY_USAGE_KEY_CERT_SIGN) == 0))
        return config_fault_at(
            fault, policy->config, key,
            "the certificate is not one of a CA; basicConstraints needs cA, keyUsage keyCertSign");
    if (!check_times(fault, policy, key, &ca->cmp.cert, now))
        return 0;
    ca->key = policy_open_key(fault, policy, setting(key, i, "key"), config->key, ca->cmp.cert.spki,
                              setting(certificate, i, "certificate"));
    if (ca->key == NULL)
        return 0;
    ca->cmp.name = config->name;
    ca->cmp.key = ca->key;
    ca->cmp.algorithm = signature_for_key(private_key_kind(ca->key));
    policy_issuer_id(ca->cmp.id, &ca->cmp.cert);
    return 1;
}

static int load_chain(struct config_fault *fault, struct policy *policy, size_t i, int64_t now)
{
    const struct config_ca *config = &policy->config->cas[i];
    struct authority *ca = &policy->authorities[i];
    struct certificate below = ca->cmp.cert, cert;
    char key[SETTING];

    for (size_t f = 0; f < config->chain.count; f++) {
        snprintf(key, sizeof key, "cas[%zu].chain[%zu]", i, f);
        size_t count = policy_read_pem(fault, policy, key, config->chain.items[f],
                                       &ca->chain[ca->chain_count], BOUND_CHAIN - ca->chain_count);
        if (count == 0)
            return 0;
        for (size_t c = 0; c < count; c++) {
            certificate_parse(&cert, ca->chain[ca->chain_count + c]);
            if (!check_times(fault, policy, key, &cert, now))
                return 0;
            if (!certificate_is_signed_by(&below, &cert))
                return config_fault_at(
                    fault, policy->config, key,
                    "it did not issue the certificate before it; list the chain from the issuer of "
                    "cas[%zu].certificate up to the root",
                    i);
            below = cert;
            if (ca->cmp.chain_not_after == 0 || cert.not_after < ca->cmp.chain_not_after)
                ca->cmp.chain_not_after = cert.not_after;
        }
        ca->chain_count += count;
        if (ca->chain_count == BOUND_CHAIN && f + 1 < config->chain.count)
            return config_fault_at(fault, policy->config, key, "the chain is longer than %d certificates",
                                   BOUND_CHAIN);
    }
    /* RFC 9483 3.4: "it MUST have a private key and the corresponding certificate along with its chain" */
    if (!certificate_is_signed_by(&below, &below))
        return config_fault_at(fault, policy->config, setting(key, i, "chain"),
                               "the chain does not reach a root; list the certificates from the issuer of "
                               "cas[%zu].certificate up to the self-signed one",
                               i);
    ca->cmp.root = below.der;
    return 1;
}

static int load_cmp(struct config_fault *fault, struct policy *policy, size_t i, int64_t now)
{
    const struct config_ca *config = &policy->config->cas[i];
    struct authority *ca = &policy->authorities[i];
    struct certificate above;
    char key[SETTING];
    struct bytes der;
    int known;

    if (!policy_read_certificate(fault, policy, setting(key, i, "cmp_certificate"), config->cmp_certificate,
                                 &der))
        return 0;
    certificate_parse(&ca->cmp.cmp_cert, der);
    if (!policy_use_renewed(policy, i, POLICY_SIGNS_ANSWERS))
        return config_fault_at(fault, policy->config, key, "out of memory");
    if (!check_own_times(fault, policy, key, &ca->cmp.cmp_cert, ca->own[POLICY_SIGNS_ANSWERS].is_issued, now))
        return 0;
    /* RFC 9483 3.5: the other side checks for digitalSignature. */
    if (ca->cmp.cmp_cert.has_key_usage && (ca->cmp.cmp_cert.key_usage & KEY_USAGE_DIGITAL_SIGNATURE) == 0)
        return config_fault_at(fault, policy->config, key, "keyUsage lacks digitalSignature; issue another");
    known = bytes_equal(ca->cmp.cmp_cert.der, ca->cmp.cert.der) ||
            certificate_is_signed_by(&ca->cmp.cmp_cert, &ca->cmp.cert);
    for (size_t c = 0; !known && c < ca->chain_count; c++)
        known =
            certificate_parse(&above, ca->chain[c]) && certificate_is_signed_by(&ca->cmp.cmp_cert, &above);
    if (!known)
        return config_fault_at(
            fault, policy->config, key,
            "it was not issued by cas[%zu].certificate or its chain; devices could not verify it", i);
    if ((ca->cmp_key = policy_open_own(fault, policy, i, POLICY_SIGNS_ANSWERS)) == NULL)
        return 0;
    ca->cmp.cmp_key = ca->cmp_key;
    ca->cmp.cmp_algorithm = signature_for_key(private_key_kind(ca->cmp_key));
    policy_take_former(policy, i);
    return 1;
}

/* RFC 5280 5: a CRL that is not indirect has the issuer of the certificates, by name; 6.3.3 (f): the
 * certificate that verifies it has the keyUsage cRLSign, and the same trust anchor. */
static int check_crl_certificate(struct config_fault *fault, const struct policy *policy, const char *key,
                                 const struct authority *ca)
{
    const struct certificate *cert = &ca->cmp.crl_cert;
    struct certificate above;
    int known = certificate_is_signed_by(cert, &ca->cmp.cert);

    if (!name_equal(cert->subject, ca->cmp.cert.subject))
        return config_fault_at(fault, policy->config, key,
                               "its subject is not that of the CA's certificate; readers look for the CRL's "
                               "signer by that name");
    if (!cert->has_key_usage || (cert->key_usage & KEY_USAGE_CRL_SIGN) == 0)
        return config_fault_at(fault, policy->config, key, "keyUsage lacks cRLSign; issue another");
    for (size_t c = 0; !known && c < ca->chain_count; c++)
        known = certificate_parse(&above, ca->chain[c]) && certificate_is_signed_by(cert, &above);
    return known || config_fault_at(fault, policy->config, key,
                                    "it was not issued by this CA or its chain; nobody could verify it");
}

static int load_crl(struct config_fault *fault, struct policy *policy, size_t i, int64_t now)
{
    const struct config_ca *config = &policy->config->cas[i];
    struct authority *ca = &policy->authorities[i];
    char key[SETTING];
    struct bytes der;

    ca->cmp.crl_cert = ca->cmp.cert;
    ca->cmp.crl_key = ca->cmp.key;
    ca->cmp.crl_algorithm = ca->cmp.algorithm;
    if (config->crl_certificate == NULL && config->crl_key == NULL)
        return 1;
    if (config->crl_certificate == NULL || config->crl_key == NULL)
        return config_fault_at(fault, policy->config,
                               setting(key, i, config->crl_key == NULL ? "crl_certificate" : "crl_key"),
                               "crl_certificate and crl_key belong together; write both or none");
    if (!policy_read_certificate(fault, policy, setting(key, i, "crl_certificate"), config->crl_certificate,
                                 &der))
        return 0;
    certificate_parse(&ca->cmp.crl_cert, der);
    if (!policy_use_renewed(policy, i, POLICY_SIGNS_CRLS))
        return config_fault_at(fault, policy->config, key, "out of memory");
    if (!check_own_times(fault, policy, key, &ca->cmp.crl_cert, ca->own[POLICY_SIGNS_CRLS].is_issued, now) ||
        !check_crl_certificate(fault, policy, key, ca))
        return 0;
    if ((ca->crl_key = policy_open_own(fault, policy, i, POLICY_SIGNS_CRLS)) == NULL)
        return 0;
    ca->cmp.crl_key = ca->crl_key;
    ca->cmp.crl_algorithm = signature_for_key(private_key_kind(ca->crl_key));
    return 1;
}

/* extraCerts of answers (RFC 9483 3.3): the protecting certificate first, then the issuing chain; no root,
 * but where the root itself issues: then it is the chain. */
static int prepare_answers(struct policy *policy, struct authority *ca)
{
    struct cmp_authority *cmp = &ca->cmp;
    struct certificate cert;

    cmp->signed_extra_certs[cmp->signed_extra_cert_count++] = cmp->cmp_cert.der;
    cmp->mac_extra_certs[cmp->mac_extra_cert_count++] = cmp->cert.der;
    for (size_t c = 0; c < ca->chain_count; c++)
        if (certificate_parse(&cert, ca->chain[c]) && !certificate_self_issued(&cert))
            cmp->mac_extra_certs[cmp->mac_extra_cert_count++] = cert.der;
    for (size_t c = 0; c < cmp->mac_extra_cert_count; c++)
        if (!bytes_equal(cmp->mac_extra_certs[c], cmp->cmp_cert.der))
            cmp->signed_extra_certs[cmp->signed_extra_cert_count++] = cmp->mac_extra_certs[c];
    memcpy(cmp->former_extra_certs, cmp->signed_extra_certs, sizeof cmp->signed_extra_certs);
    cmp->former_extra_certs[0] = cmp->former_cmp_cert.der;
    return pki_directory_name(&cmp->cmp_sender, policy->arena, cmp->cmp_cert.subject) &&
           pki_directory_name(&cmp->sender, policy->arena, cmp->cert.subject);
}

int policy_load_authority(struct config_fault *fault, struct policy *policy, size_t i, int64_t now)
{
    return load_issuing(fault, policy, i, now) && load_chain(fault, policy, i, now) &&
           load_cmp(fault, policy, i, now) && load_crl(fault, policy, i, now) &&
           policy_load_roots(fault, policy, i) && prepare_answers(policy, &policy->authorities[i]);
}

const struct cmp_authority *policy_authority(const struct policy *policy, const char *name)
{
    if (name == NULL)
        return policy->settings.default_profile->ca;
    for (size_t i = 0; i < policy->config->ca_count; i++)
        if (strcmp(policy->config->cas[i].name, name) == 0)
            return &policy->authorities[i].cmp;
    return NULL;
}
