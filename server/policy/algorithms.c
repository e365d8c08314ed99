/* Which algorithms may protect requests of a profile, and which one its answers are signed with. */
#include <stdio.h>

#include "crypto/algorithm_names.h"
#include "server/base/dated.h"
#include "server/policy/internal.h"

enum { SETTING = 96 };

/* Adds those of |names|, which are for |use|, to |*bits|. */
static int read_list(struct config_fault *fault, const struct policy *policy, uint64_t *bits, size_t i,
                     const char *key, const struct config_list *names, enum algorithm_use use)
{
    char setting[SETTING], known[ALGORITHM_LIST_MAX];

    for (size_t n = 0; n < names->count; n++) {
        size_t number = algorithm_numbered(names->items[n], strlen(names->items[n]));
        uint64_t bit = number < ALGORITHM_NAMES_MAX ? UINT64_C(1) << number : 0;
        snprintf(setting, sizeof setting, "profiles[%zu].accept.%s[%zu]", i, key, n);
        if ((bit & algorithms_for(use)) == 0)
            return config_fault_at(fault, policy->config, setting,
                                   "'%s' is no %s that this server has; write one of: %s", names->items[n],
                                   use == ALGORITHM_SIGNS ? "signature algorithm" : "part of a MAC",
                                   algorithms_list(known, algorithms_for(use), ", ", ALGORITHM_NAMES_MAX));
        *bits |= bit;
    }
    return 1;
}

static int read_deprecated(struct config_fault *fault, const struct policy *policy,
                           struct cmp_algorithms *out, size_t i, const struct config_list *names)
{
    char setting[SETTING];

    for (size_t n = 0; n < names->count; n++) {
        int64_t until;
        size_t len;
        const char *entry = names->items[n], *why = dated_read(&len, &until, entry);
        size_t number = algorithm_numbered(entry, len);
        uint64_t bit = number < ALGORITHM_NAMES_MAX ? UINT64_C(1) << number : 0;
        if (bit == 0)
            why = "there is no such algorithm";
        else if (why == NULL && (out->accepted & bit) == 0)
            why = "this profile does not accept it in any case";
        else if (why == NULL && (out->deprecated & bit) != 0)
            why = "it stands there twice; keep one";
        snprintf(setting, sizeof setting, "profiles[%zu].accept.deprecated[%zu]", i, n);
        if (why != NULL)
            return config_fault_at(
                fault, policy->config, setting,
                "deprecated has \"%s\": %s; write NAME or NAME until YYYY-MM-DD, with a name "
                "of accept.signatures or accept.macs",
                entry, why);
        out->deprecated |= bit;
        out->until[number] = until == DATED_NO_END ? 0 : until;
    }
    return 1;
}

/* Of a MAC a scheme has to be left and a function. PBKDF2 has HMACs alone, so AES-GMAC does not do for PBMAC1
 * by itself (RFC 8018 5.2). */
static int is_usable(struct config_fault *fault, const struct policy *policy, size_t i, uint64_t macs)
{
    const struct config_accept *accept = &policy->config->profiles[i].accept;
    const struct mac_term *term;
    int scheme = 0, pbm = 0, function = 0, hmac = 0;
    char setting[SETTING];

    for (size_t n = 0; (term = mac_term(n)) != NULL; n++) {
        if ((macs & UINT64_C(1) << algorithm_numbered(term->name, strlen(term->name))) == 0)
            continue;
        scheme |= term->scheme != MAC_NONE;
        pbm |= term->scheme == MAC_PBM;
        if (term->scheme == MAC_NONE && term->strength >= accept->min_strength) {
            function = 1;
            hmac |= term->gmac_key == 0;
        }
    }
    if ((pbm && function) || (scheme && hmac) || !policy->config->profiles[i].mac.allowed)
        return 1;
    snprintf(setting, sizeof setting, "profiles[%zu].accept.macs", i);
    return config_fault_at(fault, policy->config, setting,
                           "no MAC can be made of these: name a scheme, as PBMAC1, and an HMAC that has "
                           "accept.min_strength, as hmacWithSHA256");
}

static int read_answer(struct config_fault *fault, const struct policy *policy, struct cmp_profile *profile,
                       size_t i)
{
    const struct config_profile *config = &policy->config->profiles[i];
    const struct private_key *key =
        config->answer.signed_by == CONFIG_SIGNED_BY_CA ? profile->ca->key : profile->ca->cmp_key;
    const struct signature_algorithm *row, *other;
    char setting[SETTING], known[ALGORITHM_LIST_MAX];
    uint64_t fitting = 0;

    if (config->answer.signature == NULL)
        return 1;
    for (size_t n = 0; (other = signature_row(n)) != NULL; n++)
        if (signature_fits(other, private_key_kind(key)) &&
            !(private_key_is_remote(key) && digest_algorithm(other->digest) != NULL &&
              digest_algorithm(other->digest)->without_parameters))
            fitting |= UINT64_C(1) << n;
    row = signature_named(config->answer.signature);
    if (row != NULL && (fitting & algorithms_of_signature(row)) != 0) {
        profile->answer_algorithm = row;
        return 1;
    }
    snprintf(setting, sizeof setting, "profiles[%zu].answer.signature", i);
    return config_fault_at(fault, policy->config, setting,
                           "'%s' is no algorithm that the key of who signs answers can sign with; write one "
                           "of: %s",
                           config->answer.signature,
                           algorithms_list(known, fitting, ", ", ALGORITHM_NAMES_MAX));
}

int policy_load_algorithms(struct config_fault *fault, struct policy *policy, size_t i)
{
    const struct config_accept *accept = &policy->config->profiles[i].accept;
    struct cmp_profile *profile = &policy->profiles[i].cmp;
    struct cmp_algorithms *out = &profile->algorithms;
    uint64_t signatures = 0, macs = 0;

    if (!read_list(fault, policy, &signatures, i, "signatures", &accept->signatures, ALGORITHM_SIGNS) ||
        !read_list(fault, policy, &macs, i, "macs", &accept->macs, ALGORITHM_MACS))
        return 0;
    if (signatures == 0)
        signatures = algorithms_for(ALGORITHM_SIGNS);
    if (macs == 0)
        macs = algorithms_for(ALGORITHM_MACS) & ~algorithms_by_choice();
    *out = (struct cmp_algorithms){.accepted = signatures | macs};
    return is_usable(fault, policy, i, macs) && read_deprecated(fault, policy, out, i, &accept->deprecated) &&
           read_answer(fault, policy, profile, i);
}
