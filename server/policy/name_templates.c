/* Templates of names, as a profile writes them: "CN=VALUE", "DNS:VALUE". They are taken apart when the
 * configuration is loaded; what a request makes of them is in names.c. */
#include <arpa/inet.h>
#include <stdio.h>

#include "crypto/name.h"
#include "crypto/name_rules.h"
#include "server/policy/internal.h"

enum { SETTING = 96, TYPE_MAX = POLICY_TYPE_MAX };

/* GeneralName (RFC 5280 4.2.1.6), by the words that the configuration uses. */
static const struct {
    const char *type;
    unsigned tag;
} forms[] = {{"email", 1}, {"DNS", 2}, {"URI", 6}, {"IP", 7}};
enum { FORM_DNS = 2, FORM_IP = 7 };

/* form_tag returns the tag of the form |type|, or 0. */
static unsigned form_tag(const char *type)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(type, forms[i].type) == 0)
            return forms[i].tag;
    return 0;
}

static int form_known(const char *type)
{
    return form_tag(type) != 0;
}

int policy_add_general_name(CBB *names, const char *type, const char *value)
{
    unsigned tag = form_tag(type);
    uint8_t address[16];
    size_t len = strlen(value);

    if (tag == FORM_IP) {
        len = inet_pton(AF_INET, value, address) == 1 ? 4 : inet_pton(AF_INET6, value, address) == 1 ? 16 : 0;
        return len != 0 && der_add_octets(names, CBS_ASN1_CONTEXT_SPECIFIC | tag, bytes_of(address, len));
    }
    for (size_t i = 0; i < len; i++) /* IA5String, and of that what is visible */
        if (value[i] <= 0x20 || value[i] >= 0x7f || (tag == FORM_DNS && strchr("/@:,;\"", value[i]) != NULL))
            return 0;
    return der_add_octets(names, CBS_ASN1_CONTEXT_SPECIFIC | tag, bytes_str(value));
}

int policy_build_name(struct bytes *out, struct arena *arena, const struct name_template *template,
                      const char *value)
{
    CBB cbb, names;
    int ok;

    if (!template->is_san)
        return name_build(out, arena, (const char *const[]){template->type, value, NULL});
    ok = CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &names, CBS_ASN1_SEQUENCE) &&
         policy_add_general_name(&names, template->type, value);
    return der_finish(out, arena, &cbb, ok);
}

/* What has no variables is tried now, so that no request has to pay for a mistake in it. */
static int is_good(struct policy *policy, const struct name_template *template)
{
    struct bytes name;

    return policy_build_name(&name, policy->arena, template, template->value) &&
           (template->is_san ? general_names_fault(policy->arena, name) : name_fault(policy->arena, name)) ==
               NULL;
}

/* struct list is a setting that holds templates. */
struct list {
    const char *name; /* "subject" */
    int is_san;
    char separator; /* behind the type */
    int (*type_known)(const char *type);
    const char *remedy;
};

static const struct list subjects = {
    "subject", 0, '=', name_attribute_known,
    "ATTRIBUTE=VALUE such as O=Operator or CN=${CN}, ${signer.CN}, ${reference}, ${device.identity}"};
static const struct list sans = {
    "san", 1, ':', form_known,
    "DNS:VALUE, URI:VALUE, email:VALUE or IP:ADDRESS; ${CN} or ${device.fqdn} stands for a part"};

/* Takes |text|, which stands at |key|, apart. */
static int load_template(struct config_fault *fault, struct policy *policy, struct profile *profile,
                         struct name_template *out, const struct list *list, const char *key,
                         const char *text)
{
    const char *end = strchr(text, list->separator);
    unsigned variables = 0;
    int fits = end != NULL && (size_t)(end - text) < sizeof out->type;

    if (fits) {
        memcpy(out->type, text, (size_t)(end - text));
        out->type[end - text] = 0;
        out->is_san = list->is_san;
        out->place = arena_printf(policy->arena, "%s", key);
        if ((out->value = policy_put_operator(fault, policy, key, end + 1)) == NULL || out->place == NULL)
            return 0;
        fits = list->type_known(out->type) && *out->value != 0 &&
               policy_check_variables(out->value, &variables, &profile->takes_names) &&
               (variables != 0 || is_good(policy, out));
    }
    return fits || config_fault_at(fault, policy->config, key, "'%s' does not fit here; write %s", text,
                                   list->remedy);
}

static int load_list(struct config_fault *fault, struct policy *policy, size_t i, const struct list *list,
                     const struct config_list *texts, struct name_template *out, size_t *count)
{
    char key[SETTING];

    for (size_t n = 0; n < texts->count; n++) {
        snprintf(key, sizeof key, "profiles[%zu].names.%s[%zu]", i, list->name, n);
        if (n == POLICY_NAMES_MAX)
            return config_fault_at(fault, policy->config, key, "more than %d entries; write fewer",
                                   POLICY_NAMES_MAX);
        if (!load_template(fault, policy, &policy->profiles[i], &out[n], list, key, texts->items[n]))
            return 0;
        *count = n + 1;
    }
    return 1;
}

int policy_load_names(struct config_fault *fault, struct policy *policy, size_t i)
{
    const struct config_names *names = &policy->config->profiles[i].names;
    struct profile *profile = &policy->profiles[i];

    profile->takes_names = names->subject.count == 0; /* then subject is as requested */
    return load_list(fault, policy, i, &subjects, &names->subject, profile->subject,
                     &profile->subject_count) &&
           load_list(fault, policy, i, &sans, &names->san, profile->san, &profile->san_count);
}

/* ---- as an authorizer gives them ---- */

/* Takes the type of "TYPE=VALUE" out of |text|; returns its value, or NULL if it has no type of |list|. */
static const char *split(char type[TYPE_MAX], const struct list *list, const char *text)
{
    const char *end = strchr(text, list->separator);

    if (end == NULL || end - text >= TYPE_MAX || end[1] == 0)
        return NULL;
    memcpy(type, text, (size_t)(end - text));
    type[end - text] = 0;
    return list->type_known(type) ? end + 1 : NULL;
}

int policy_given_subject(struct bytes *out, struct arena *arena, const struct cmp_names *names)
{
    const char *pairs[2 * BOUND_VERDICT_NAMES + 1];
    char types[BOUND_VERDICT_NAMES][TYPE_MAX];
    size_t n = 0;

    for (size_t i = 0; i < names->subject_count; i++) {
        pairs[n++] = types[i];
        if ((pairs[n++] = split(types[i], &subjects, names->subject[i])) == NULL)
            return 0;
    }
    pairs[n] = NULL;
    return name_build(out, arena, pairs);
}

int policy_given_san(struct bytes *out, struct arena *arena, const struct cmp_names *names)
{
    char type[TYPE_MAX];
    CBB cbb, sequence;
    int ok = CBB_init(&cbb, 128) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE);

    for (size_t i = 0; ok && i < names->san_count; i++) {
        const char *value = split(type, &sans, names->san[i]);
        ok = value != NULL && policy_add_general_name(&sequence, type, value);
    }
    return der_finish(out, arena, &cbb, ok);
}
