/* The roots before and after that of a CA (RFC 9810 4.4): certificates by which stations get from one to the
 * next. Whether they are still valid is for stations to say, which check them: an old root expires some day,
 * and no server shall stop for that. */
#include <stdio.h>

#include "server/policy/internal.h"

enum { SETTING = 96 };

/* struct step is from one root to the next, as the setting |name| of cas[i] has it. */
struct step {
    struct config_fault *fault;
    struct policy *policy;
    const struct config_root_change *config;
    const char *name; /* "previous" */
    size_t i;
};

static const char *setting(char out[SETTING], const struct step *step, const char *field)
{
    snprintf(out, SETTING, "cas[%zu].%s.%s", step->i, step->name, field);
    return out;
}

static int read_root(const struct step *step, struct certificate *out)
{
    char key[SETTING];
    struct bytes der;

    if (!policy_read_certificate(step->fault, step->policy, setting(key, step, "certificate"),
                                 step->config->certificate, &der))
        return 0;
    certificate_parse(out, der);
    if (out->is_ca && certificate_is_signed_by(out, out))
        return 1;
    return config_fault_at(step->fault, step->policy->config, key,
                           "it is no self-signed certificate of a CA; name that of the other root");
}

/* The key of |subject|, signed by that of |issuer|. */
static int read_link(const struct step *step, struct bytes *der, const char *field, const char *path,
                     const struct certificate *subject, const struct certificate *issuer)
{
    struct certificate cert;
    char key[SETTING];

    if (!policy_read_certificate(step->fault, step->policy, setting(key, step, field), path, der))
        return 0;
    certificate_parse(&cert, *der);
    if (!bytes_equal(cert.spki, subject->spki))
        return config_fault_at(step->fault, step->policy->config, key,
                               "it does not hold the key of the %s root; name the certificate that does",
                               strcmp(field, "new_with_old") == 0 ? "newer" : "older");
    if (!cert.is_ca || !certificate_is_signed_by(&cert, issuer))
        return config_fault_at(step->fault, step->policy->config, key,
                               "the %s root has not signed it, or not for a CA; make it with that root's key",
                               strcmp(field, "new_with_old") == 0 ? "older" : "newer");
    return 1;
}

static int load_step(const struct step *step, struct root_update *out, const struct certificate *older,
                     const struct certificate *newer)
{
    const struct config_root_change *config = step->config;

    out->new_with_new = newer->der;
    return read_link(step, &out->new_with_old, "new_with_old", config->new_with_old, newer, older) &&
           (config->old_with_new == NULL ||
            read_link(step, &out->old_with_new, "old_with_new", config->old_with_new, older, newer));
}

int policy_load_roots(struct config_fault *fault, struct policy *policy, size_t i)
{
    const struct config_ca *config = &policy->config->cas[i];
    struct cmp_authority *ca = &policy->authorities[i].cmp;
    const struct step previous = {fault, policy, config->previous, "previous", i};
    const struct step next = {fault, policy, config->next, "next", i};
    struct certificate root, other;

    certificate_parse(&root, ca->root);
    if (config->previous != NULL) {
        if (!read_root(&previous, &other) || !load_step(&previous, &ca->former, &other, &root))
            return 0;
        ca->former_root = other.der;
    }
    return config->next == NULL || (read_root(&next, &other) && load_step(&next, &ca->coming, &root, &other));
}
