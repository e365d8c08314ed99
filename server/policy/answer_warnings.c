/* Who signs answers, held against what stations look at. */
#include <stdio.h>

#include "crypto/name.h"
#include "crypto/name_match.h"
#include "server/policy/internal.h"

enum { SETTING = 96, TEXT = 2 * NAME_TEXT_MAX + 512 };

static int is_by_ca(const struct config_profile *profile)
{
    return profile->answer.signed_by == CONFIG_SIGNED_BY_CA;
}

void policy_warn_of_answers(const struct policy *policy, policy_warning *warn, void *arg)
{
    char key[SETTING];

    for (size_t i = 0; i < policy->config->profile_count; i++) {
        const struct certificate *cert = cmp_answering_certificate(&policy->profiles[i].cmp);
        if (!cert->has_key_usage || (cert->key_usage & KEY_USAGE_DIGITAL_SIGNATURE) != 0)
            continue;
        snprintf(key, sizeof key, "profiles[%zu].answer.signed_by", i);
        warn(arg, key,
             "keyUsage of the CA's certificate lacks digitalSignature: stations that look (RFC 9483 3.5) "
             "refuse "
             "what it signs, and read answers with a MAC alone; issue another, or write signed_by: cmp");
    }
}

/* Is there a profile of |ca| whose answers its cmp_certificate signs? */
static int signs_answers(const struct policy *policy, const struct cmp_authority *ca)
{
    for (size_t i = 0; i < policy->config->profile_count; i++)
        if (policy->profiles[i].cmp.ca == ca && !is_by_ca(policy->profiles[i].cmp.config))
            return 1;
    return 0;
}

void policy_note_answers(const struct policy *policy, policy_warning *note, void *arg)
{
    char key[SETTING], text[TEXT], signer[NAME_TEXT_MAX], subject[NAME_TEXT_MAX];

    for (size_t i = 0; i < policy->config->ca_count; i++) {
        const struct cmp_authority *ca = &policy->authorities[i].cmp;
        if (name_equal(ca->cert.subject, ca->cmp_cert.subject) || !signs_answers(policy, ca))
            continue;
        snprintf(key, sizeof key, "cas[%zu].cmp_certificate", i);
        snprintf(
            text, sizeof text,
            "\"%s\" signs answers of the CA \"%s\": FortiOS, Huawei and others that compare the sender with "
            "the CA to which they wrote refuse those; give them a profile with signed_by: ca in answer",
            name_text(signer, sizeof signer, ca->cmp_cert.subject),
            name_text(subject, sizeof subject, ca->cert.subject));
        note(arg, key, text);
    }
}
