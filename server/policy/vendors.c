/* Vendors from the configuration: certificates that are trusted. */
#include <stdio.h>

#include "crypto/name_match.h"
#include "server/policy/internal.h"

enum { SETTING = 96, INTERMEDIATES_MAX = 64, ANCHORS_MAX = 64 };

static int add_anchors(struct config_fault *fault, struct policy *policy, struct trust *trust, size_t v)
{
    const struct config_vendor *vendor = &policy->config->vendors[v];
    struct bytes ders[ANCHORS_MAX];
    char key[SETTING];

    for (size_t a = 0; a < vendor->anchors.count; a++) {
        snprintf(key, sizeof key, "vendors[%zu].anchors[%zu]", v, a);
        size_t count = policy_read_pem(fault, policy, key, vendor->anchors.items[a], ders, ANCHORS_MAX);
        if (count == 0)
            return 0;
        if (vendor->late_days > 0)
            policy_note_late(policy, key);
        for (size_t c = 0; c < count; c++)
            if (!trust_add(trust, ders[c], 1))
                return config_fault_at(fault, policy->config, key,
                                       "certificate %zu has a key that is not supported", c + 1);
    }
    return 1;
}

/* With late_days stations below it are judged as they were at their end, each within those days: so an
 * intermediate that has ended, or whose issuer has, is verified as it was then. */
static int64_t time_of(const struct config_vendor *vendor, const struct trust *trust,
                       const struct certificate *cert, int64_t now)
{
    int64_t at = cert->not_after < now ? cert->not_after : now;

    if (vendor->late_days == 0)
        return now;
    for (size_t i = 0; i < trust->count; i++) {
        const struct certificate *issuer = &trust->items[i].cert;
        if (issuer->not_after < at && issuer->not_after >= cert->not_before &&
            name_equal(issuer->subject, cert->issuer))
            at = issuer->not_after;
    }
    return at;
}

/* A CA, or who signs CRLs in the place of one: that one issues nothing. */
static int may_stand_between(const struct certificate *cert)
{
    return cert->is_ca || (cert->has_key_usage && (cert->key_usage & KEY_USAGE_CRL_SIGN) != 0);
}

/* Verified here, up to an anchor, so that no message has to do it again. */
static int add_intermediates(struct config_fault *fault, struct policy *policy, struct trust *trust, size_t v,
                             int64_t now)
{
    const struct config_vendor *vendor = &policy->config->vendors[v];
    struct bytes ders[INTERMEDIATES_MAX];
    struct certificate cert;
    struct path path;
    char key[SETTING];

    for (size_t f = 0; f < vendor->intermediates.count; f++) {
        snprintf(key, sizeof key, "vendors[%zu].intermediates[%zu]", v, f);
        size_t count =
            policy_read_pem(fault, policy, key, vendor->intermediates.items[f], ders, INTERMEDIATES_MAX);
        if (count == 0)
            return 0;
        if (vendor->late_days > 0)
            policy_note_late(policy, key);
        for (size_t c = 0; c < count; c++) {
            enum path_fault found;
            int valid = 0;
            certificate_parse(&cert, ders[c]);
            for (unsigned attempt = 0; !valid && attempt < BOUND_PATH_ATTEMPTS; attempt++) {
                struct verification *links[BOUND_CHAIN];
                found = path_build(&path, trust, &cert, NULL, 0, time_of(vendor, trust, &cert, now), attempt);
                valid = found == PATH_OK;
                for (size_t l = 0; l < path.count; l++)
                    links[l] = &path.links[l];
                verify_batch(links, path.count);
                for (size_t l = 0; l < path.count; l++)
                    valid &= path.links[l].valid;
                /* Of two issuers with one name and key, another may allow what this one does not. */
                valid = valid && may_stand_between(&cert) && trust_add_issued(trust, ders[c], path.end);
                path_cleanup(&path);
                if (found != PATH_OK)
                    break;
            }
            if (!valid)
                return config_fault_at(
                    fault, policy->config, key,
                    "certificate %zu was not issued by an anchor of this vendor, is expired, is neither a CA "
                    "nor a "
                    "signer of CRLs, or is "
                    "below one that does not allow it there (pathLenConstraint, nameConstraints, policies); "
                    "list "
                    "issuers before those they issued",
                    c + 1);
        }
    }
    return 1;
}

/* What was added since |first| is the vendor's, and so is what says who of those below it is revoked. */
static void own(struct trust *trust, size_t first, const char *vendor, const struct crl_set *crls)
{
    for (; first < trust->count; first++) {
        trust->items[first].owner = vendor;
        trust->items[first].crls = crls;
    }
}

int policy_add_vendor(struct config_fault *fault, struct policy *policy, struct trust *trust, size_t v,
                      int64_t now)
{
    return add_anchors(fault, policy, trust, v) && add_intermediates(fault, policy, trust, v, now);
}

/* Whom one vendor asks CRLs for, another must not let in without. */
static int is_asked_for_everywhere(struct config_fault *fault, const struct policy *policy,
                                   const struct trust *trust, size_t v)
{
    char key[SETTING];

    for (size_t i = 0; i < trust->count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct trusted *a = &trust->items[i], *b = &trust->items[j];
            if (!a->is_anchor || !b->is_anchor || (a->crls == NULL) == (b->crls == NULL) ||
                !bytes_equal(a->cert.spki, b->cert.spki))
                continue;
            snprintf(key, sizeof key, "vendors[%zu].anchors", v);
            return config_fault_at(fault, policy->config, key,
                                   "vendor \"%s\" has an anchor in common with another one of the same "
                                   "profile, and only one of them has crls; write them into both",
                                   policy->config->vendors[v].name);
        }
    return 1;
}

int policy_load_vendors(struct config_fault *fault, struct policy *policy, struct trust *trust,
                        const struct config_list *names, int64_t now)
{
    for (size_t n = 0; n < names->count; n++) {
        const struct config *config = policy->config;
        const struct config_vendor *vendor =
            config_vendor_named(config->vendors, config->vendor_count, bytes_str(names->items[n]));
        size_t v = vendor != NULL ? (size_t)(vendor - config->vendors) : 0, first = trust->count;
        /* NULL cannot be: config_load resolved the name. */
        if (vendor == NULL || !policy_add_vendor(fault, policy, trust, v, now))
            return 0;
        own(trust, first, vendor->name, policy->vendor_crls[v]);
        if (!is_asked_for_everywhere(fault, policy, trust, v))
            return 0;
    }
    return 1;
}
