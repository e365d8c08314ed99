/* Agents: who may enroll for others by a certificate that is no RA's (accept.agents). */
#include <stdio.h>

#include "crypto/name_patterns.h"
#include "server/policy/internal.h"

enum { PLACE = 64, SETTING = 96 };

static int check_names(struct config_fault *fault, const struct policy *policy, const char *place,
                       const struct config_agent *agent)
{
    char key[SETTING];

    for (size_t n = 0; n < agent->names.count; n++) {
        snprintf(key, sizeof key, "%.63s.names[%zu]", place, n);
        if (!name_pattern_is_good(agent->names.items[n]))
            return config_fault_at(
                fault, policy->config, key,
                "'%s' is no pattern of a name; write ATTRIBUTE=VALUE such as "
                "\"CN=*.du.example\", DNS:VALUE, URI:VALUE, email:VALUE or IP:ADDRESS, with "
                "one * or none",
                agent->names.items[n]);
    }
    return 1;
}

/* Trusted as it is: it need not come from the profile's vendors. */
static int load_certificate(struct config_fault *fault, struct policy *policy, struct profile *profile,
                            const char *place, struct cmp_agent *agent)
{
    const char *file = agent->config->certificate;
    struct certificate cert;
    char key[SETTING];

    snprintf(key, sizeof key, "%.63s.certificate", place);
    if (!policy_read_certificate(fault, policy, key, file, &agent->certificate))
        return 0;
    if (!certificate_parse(&cert, agent->certificate) ||
        !trust_add(&profile->agent_trust, agent->certificate, 1))
        return config_fault_at(fault, policy->config, key, "the key in %s is not supported", file);
    if (cert.is_ca)
        return config_fault_at(fault, policy->config, key,
                               "%s is a CA's, and an agent signs requests alone; name the agent's own "
                               "certificate",
                               file);
    return 1;
}

static const struct config_profile *profile_named(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->profile_count; i++)
        if (strcmp(config->profiles[i].name, name) == 0)
            return &config->profiles[i];
    return NULL; /* cannot be: config_load resolved the name */
}

/* Whoever gets a certificate under a profile must not become an agent of it by that. */
static int check_profile(struct config_fault *fault, const struct policy *policy,
                         const struct profile *profile, const char *place, const struct config_agent *agent)
{
    const struct config_profile *own = profile->cmp.config;
    const struct config_profile *of = profile_named(policy->config, agent->profile);
    char key[SETTING];

    snprintf(key, sizeof key, "%.63s.profile", place);
    if (strcmp(agent->profile, own->name) == 0)
        return config_fault_at(fault, policy->config, key,
                               "every certificate of this profile would be an agent's, also those that the "
                               "agent got; enroll agents under a profile of their own");
    if (of != NULL && strcmp(of->ca, own->ca) != 0)
        return config_fault_at(fault, policy->config, key,
                               "profile \"%s\" issues by another CA; name one of ca %s, or the agent's "
                               "certificate",
                               agent->profile, own->ca);
    return 1;
}

static int load_agent(struct config_fault *fault, struct policy *policy, struct profile *profile,
                      const char *place, struct cmp_agent *agent)
{
    const struct config_agent *config = agent->config;

    if ((config->certificate == NULL) == (config->profile == NULL))
        return config_fault_at(fault, policy->config, place,
                               "write one of certificate and profile: which certificates are the agent's");
    if (!check_names(fault, policy, place, config))
        return 0;
    if (config->certificate != NULL)
        return load_certificate(fault, policy, profile, place, agent);
    return check_profile(fault, policy, profile, place, config) &&
           (trust_holds(&profile->agent_trust, profile->cmp.ca->cert.der) ||
            trust_add_direct(&profile->agent_trust, profile->cmp.ca->cert.der) ||
            config_fault_at(fault, policy->config, "profiles", "out of memory"));
}

int policy_load_agents(struct config_fault *fault, struct policy *policy, size_t i)
{
    struct profile *profile = &policy->profiles[i];
    const struct config_accept *accept = &policy->config->profiles[i].accept;
    char place[PLACE];

    if (accept->agent_count == 0)
        return 1;
    profile->agents = arena_alloc(policy->arena, accept->agent_count * sizeof *profile->agents);
    if (profile->agents == NULL)
        return config_fault_at(fault, policy->config, "profiles", "out of memory");
    snprintf(place, PLACE, "profiles[%zu].accept.agents", i);
    if (((accept->ir_by | accept->cr_by | accept->p10cr_by) & CONFIG_BY_AGENT) == 0)
        return config_fault_at(fault, policy->config, place,
                               "ir_by, cr_by and p10cr_by leave out agents; add agent to one of them");
    for (size_t a = 0; a < accept->agent_count; a++) {
        snprintf(place, PLACE, "profiles[%zu].accept.agents[%zu]", i, a);
        profile->agents[a] = (struct cmp_agent){.config = &accept->agents[a]};
        if (!load_agent(fault, policy, profile, place, &profile->agents[a]))
            return 0;
    }
    profile->cmp.agents = profile->agents;
    profile->cmp.agent_count = accept->agent_count;
    return 1;
}
