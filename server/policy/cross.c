/* Profiles that certify other CAs (cross), and what their certificates say of what stands below them. */
#include <stdio.h>

#include "crypto/extension_names.h"
#include "crypto/name.h"
#include "server/policy/internal.h"

enum { SETTING = 96, PAIRS = 2 * NAME_RDNS_MAX, TEXT = 256 };

static const CBS_ASN1_TAG field_tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

/* "C=DE, O=Partner" as a directoryName, the most significant attribute first. */
static int add_directory_name(CBB *subtree, struct arena *arena, const char *text)
{
    const char *pairs[PAIRS + 1] = {NULL};
    char copy[TEXT], *rest = copy, *part, *equal;
    struct bytes name, general_name;
    size_t count = 0;

    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
        return 0;
    while ((part = strsep(&rest, ",")) != NULL) {
        part += strspn(part, " ");
        if (count == PAIRS || (equal = strchr(part, '=')) == NULL)
            return 0;
        *equal = 0;
        pairs[count++] = part;
        pairs[count++] = equal + 1;
    }
    return name_build(&name, arena, pairs) && pki_directory_name(&general_name, arena, name) &&
           der_add_bytes(subtree, general_name);
}

#define HOST_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Labels with a letter in the last one: no star, no address, no scheme or path. */
static int is_host(const char *text)
{
    const char *last = strrchr(text, '.');

    return *text != 0 && *text != '.' && strstr(text, "..") == NULL && text[strlen(text) - 1] != '.' &&
           text[strspn(text, HOST_LETTERS "-.0123456789")] == 0 &&
           strpbrk(last != NULL ? last : text, HOST_LETTERS) != NULL;
}

/* RFC 5280 4.2.1.10: DNS has a host, and with it all below. URI has a host, or, behind a period, all below
 * one; so has email, or one mailbox. Another form would constrain nothing. */
static int constrains(const char *type, const char *value)
{
    const char *at = strcmp(type, "email") == 0 ? strchr(value, '@') : NULL;

    if (at != NULL)
        return at != value && memchr(value, '*', (size_t)(at - value)) == NULL && is_host(at + 1);
    return is_host(value + (strcmp(type, "DNS") != 0 && *value == '.'));
}

/* GeneralSubtree (RFC 5280 4.2.1.10): its base alone, for "minimum MUST be zero, and maximum MUST be absent".
 */
static int add_subtree(CBB *list, struct arena *arena, const char *text)
{
    static const char *const types[] = {"DNS", "email", "URI"};
    CBB subtree;

    if (!CBB_add_asn1(list, &subtree, CBS_ASN1_SEQUENCE))
        return 0;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t len = strlen(types[i]);
        if (strncmp(text, types[i], len) == 0 && text[len] == ':')
            return constrains(types[i], text + len + 1) &&
                   policy_add_general_name(&subtree, types[i], text + len + 1) && CBB_flush(list);
    }
    return add_directory_name(&subtree, arena, text) && CBB_flush(list);
}

/* |*bad| is the first entry that is no subtree. */
static int add_subtrees(CBB *content, struct arena *arena, unsigned number, const struct config_list *texts,
                        const char **bad)
{
    CBB list;

    if (texts->count == 0)
        return 1;
    if (!CBB_add_asn1(content, &list, field_tag | number))
        return 0;
    for (size_t n = 0; n < texts->count; n++)
        if (!add_subtree(&list, arena, texts->items[n])) {
            *bad = texts->items[n];
            return 0;
        }
    return CBB_flush(content);
}

static int write_constraints(struct bytes *out, struct arena *arena, const struct config_cross *config,
                             const char **bad)
{
    CBB cbb, content;

    return der_finish(out, arena, &cbb,
                      CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &content, CBS_ASN1_SEQUENCE) &&
                          add_subtrees(&content, arena, 0, &config->permitted, bad) &&
                          add_subtrees(&content, arena, 1, &config->excluded, bad));
}

/* PolicyInformation with its OID alone (RFC 5280 4.2.1.4). */
static int write_policies(struct bytes *out, struct arena *arena, const struct config_list *texts,
                          const char **bad)
{
    uint8_t oid[POLICY_OID_MAX];
    CBB cbb, list, information;
    int ok = CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE);

    for (size_t n = 0; ok && n < texts->count; n++) {
        size_t len = sizeof oid;
        if (!der_oid_parse(oid, &len, texts->items[n]))
            *bad = texts->items[n];
        ok = *bad == NULL && CBB_add_asn1(&list, &information, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&information, bytes_of(oid, len)) && CBB_flush(&list);
    }
    return der_finish(out, arena, &cbb, ok);
}

static void add(struct profile *profile, enum extension extension, int critical, struct bytes value)
{
    profile->cross[profile->cross_count++] =
        (struct certificate_extension){extension_oid(extension), critical, value};
}

/* RFC 5280 4.2.1.9: a CA with pathLenConstraint 0 has no CA below it, and one with more has as many as that.
 */
static int check_path_length(struct config_fault *fault, const struct policy *policy, size_t i)
{
    const struct config_profile *config = &policy->config->profiles[i];
    int64_t room = policy_authority(policy, config->ca)->cert.path_len;
    char key[SETTING];

    if (room < 0 || (int64_t)config->cross->path_length < room)
        return 1;
    snprintf(key, sizeof key, "profiles[%zu].cross.path_length", i);
    return config_fault_at(fault, policy->config, key,
                           room == 0
                               ? "pathLenConstraint of ca \"%s\" is %lld: no CA may stand below it; name "
                                 "another ca, have this one certified with a larger one, or take cross "
                                 "away"
                               : "pathLenConstraint of ca \"%s\" is %lld; write a path_length below that",
                           config->ca, (long long)room);
}

int policy_load_cross(struct config_fault *fault, struct policy *policy, size_t i)
{
    const struct config_cross *config = policy->config->profiles[i].cross;
    struct profile *profile = &policy->profiles[i];
    const char *bad = NULL;
    struct bytes value;
    char key[SETTING];

    if (config == NULL)
        return 1;
    if (!check_path_length(fault, policy, i))
        return 0;
    snprintf(key, sizeof key, "profiles[%zu].cross", i);
    if (config->permitted.count + config->excluded.count != 0) {
        if (!write_constraints(&value, policy->arena, config, &bad))
            return config_fault_at(
                fault, policy->config, key,
                "'%s' is no subtree of names; write DNS:, email: or URI: with a host and no star, such "
                "as DNS:partner.example, which has all hosts below it, or a name such as "
                "\"C=DE, O=Partner\"",
                bad != NULL ? bad : "?");
        add(profile, EXTENSION_NAME_CONSTRAINTS, 1, value);
    }
    if (config->policies.count != 0) {
        if (!write_policies(&value, policy->arena, &config->policies, &bad))
            return config_fault_at(fault, policy->config, key,
                                   "'%s' is no policy; write its OID such as 1.3.6.1.4.1.99999.1",
                                   bad != NULL ? bad : "?");
        add(profile, EXTENSION_CERTIFICATE_POLICIES, 0, value);
    }
    return 1;
}

/* What was approved is what this profile certifies: the row may be anything, and an approver may have looked
 * away. */
int policy_fits_profile(const struct profile *profile, const struct certificate *cert)
{
    const unsigned signs = KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN;
    const struct config_cross *config = profile->cmp.config->cross;
    unsigned signs_for = cert->has_key_usage ? cert->key_usage & signs : 0;

    if (config == NULL)
        return !cert->is_ca && signs_for == 0;
    if (!cert->is_ca || cert->path_len < 0 || cert->path_len > (int64_t)config->path_length ||
        !cert->has_key_usage || (cert->key_usage & ~signs) != 0 ||
        (cert->key_usage & KEY_USAGE_KEY_CERT_SIGN) == 0)
        return 0;
    for (size_t i = 0; i < profile->cross_count; i++)
        if (!certificate_has_extension(cert, profile->cross[i].oid, profile->cross[i].value))
            return 0;
    return 1;
}
