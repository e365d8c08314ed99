/* Names in certificates: as requested, fixed, or by template. */
#include <arpa/inet.h>
#include <stdio.h>

#include "crypto/name.h"
#include "server/policy/internal.h"

enum { SETTING = 96, VALUE_MAX = 256, VARIABLE_MAX = 32 };

/* GeneralName (RFC 5280 4.2.1.6), by the words that the configuration uses. */
static const struct {
    const char *type;
    unsigned tag;
} forms[] = {{"email", 1}, {"DNS", 2}, {"URI", 6}, {"IP", 7}};
enum { FORM_DNS = 2, FORM_IP = 7 };

/* What a variable stands for. */
struct origin {
    struct bytes requested; /* ${ATTRIBUTE} */
    struct bytes signer;    /* ${signer.ATTRIBUTE}; empty: none */
    struct bytes reference; /* ${reference} */
};

static const char *const signer_prefix = "signer.";

static int variable_known(const char *name)
{
    if (strncmp(name, signer_prefix, strlen(signer_prefix)) == 0)
        name += strlen(signer_prefix);
    else if (strcmp(name, "reference") == 0)
        return 1;
    return name_attribute_known(name);
}

static struct bytes variable_value(const struct origin *origin, const char *name)
{
    if (strcmp(name, "reference") == 0)
        return origin->reference;
    if (strncmp(name, signer_prefix, strlen(signer_prefix)) == 0)
        return name_attribute(origin->signer, name + strlen(signer_prefix));
    return name_attribute(origin->requested, name);
}

/* Cuts "${NAME}" off |*text|. Returns 1 with |name| set, 0 if none begins here, or -1 if it does not end. */
static int take_variable(char name[VARIABLE_MAX], const char **text)
{
    const char *end;

    if ((*text)[0] != '$' || (*text)[1] != '{')
        return 0;
    end = strchr(*text, '}');
    if (end == NULL || end - *text - 2 >= VARIABLE_MAX)
        return -1;
    memcpy(name, *text + 2, (size_t)(end - *text - 2));
    name[end - *text - 2] = 0;
    *text = end + 1;
    return 1;
}

/* Writes |text| with its variables replaced. Returns 0 if one has no value, or the result is too long or
 * holds a NUL. */
static int expand(char out[VALUE_MAX], const char *text, const struct origin *origin)
{
    char name[VARIABLE_MAX];
    size_t used = 0;

    while (*text != 0) {
        struct bytes piece = bytes_of((const uint8_t *)text, 1);
        if (take_variable(name, &text) == 1) {
            piece = variable_value(origin, name);
            if (piece.len == 0 || memchr(piece.data, 0, piece.len) != NULL)
                return 0;
        } else {
            text++;
        }
        if (used + piece.len >= VALUE_MAX)
            return 0;
        memcpy(out + used, piece.data, piece.len);
        used += piece.len;
    }
    out[used] = 0;
    return 1;
}

/* ---- loading ---- */

static int check_variables(const char *value)
{
    char name[VARIABLE_MAX];

    while (*value != 0) {
        int found = take_variable(name, &value);
        if (found < 0 || (found == 1 && !variable_known(name)))
            return 0;
        value += found == 0;
    }
    return 1;
}

static int form_known(const char *type)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(type, forms[i].type) == 0)
            return 1;
    return 0;
}

static int load_list(struct config_fault *fault, struct policy *policy, const char *setting,
                     struct name_template *out, size_t *count, const char *const *texts, size_t text_count,
                     char separator, int (*type_known)(const char *type), const char *remedy)
{
    char key[SETTING];

    for (size_t n = 0; n < text_count; n++) {
        const char *end = strchr(texts[n], separator);
        struct name_template *template = &out[*count];
        snprintf(key, sizeof key, "%s[%zu]", setting, n);
        if (n == POLICY_NAMES_MAX)
            return config_fault_at(fault, policy->config, key, "more than %d entries; write fewer",
                                   POLICY_NAMES_MAX);
        if (end == NULL || (size_t)(end - texts[n]) >= sizeof template->type)
            return config_fault_at(fault, policy->config, key, "'%s' is none; write %s", texts[n], remedy);
        memcpy(template->type, texts[n], (size_t)(end - texts[n]));
        template->type[end - texts[n]] = 0;
        template->value = end + 1;
        if (!type_known(template->type) || *template->value == 0 || !check_variables(template->value))
            return config_fault_at(fault, policy->config, key, "'%s' is none; write %s", texts[n], remedy);
        (*count)++;
    }
    return 1;
}

int policy_load_names(struct config_fault *fault, struct policy *policy, size_t i)
{
    const struct config_profile *config = &policy->config->profiles[i];
    struct profile *profile = &policy->profiles[i];
    char key[SETTING];

    snprintf(key, sizeof key, "profiles[%zu].subject", i);
    if (!load_list(fault, policy, key, profile->subject, &profile->subject_count, config->subject,
                   config->subject_count, '=', name_attribute_known,
                   "ATTRIBUTE=VALUE such as O=Operator or CN=${CN}, ${signer.CN}, ${reference}"))
        return 0;
    snprintf(key, sizeof key, "profiles[%zu].san", i);
    return load_list(fault, policy, key, profile->san, &profile->san_count, config->san, config->san_count,
                     ':', form_known,
                     "DNS:VALUE, URI:VALUE, email:VALUE or IP:ADDRESS; ${CN} stands for a part");
}

/* ---- deciding ---- */

static int expand_subject(struct cmp_decision *decision, const struct profile *profile,
                          const struct origin *origin, struct bytes *out)
{
    char values[POLICY_NAMES_MAX][VALUE_MAX];
    const char *pairs[2 * POLICY_NAMES_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < profile->subject_count; i++) {
        if (!expand(values[i], profile->subject[i].value, origin))
            return policy_refuse(
                decision, PKI_BAD_CERT_TEMPLATE,
                "the request lacks a part of the name from which this profile makes subject");
        pairs[n++] = profile->subject[i].type;
        pairs[n++] = values[i];
    }
    pairs[n] = NULL;
    return name_build(out, decision->arena, pairs) ||
           policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                         "a part of the name is no text from which this profile could make subject");
}

static int add_general_name(CBB *names, unsigned tag, const char *value)
{
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

static int expand_san(struct cmp_decision *decision, const struct profile *profile,
                      const struct origin *origin, struct bytes *out)
{
    char value[VALUE_MAX];
    CBB cbb, names;
    int ok = CBB_init(&cbb, 128) && CBB_add_asn1(&cbb, &names, CBS_ASN1_SEQUENCE);

    for (size_t i = 0; ok && i < profile->san_count; i++) {
        unsigned tag = 0;
        for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++)
            if (strcmp(profile->san[i].type, forms[f].type) == 0)
                tag = forms[f].tag;
        ok = expand(value, profile->san[i].value, origin) && add_general_name(&names, tag, value);
    }
    return der_finish(out, decision->arena, &cbb, ok) ||
           policy_refuse(
               decision, PKI_BAD_CERT_TEMPLATE,
               "the name lacks a part from which this profile makes subjectAltName, or it does not fit");
}

static int same_attribute(struct bytes a, struct bytes b, const char *attribute)
{
    struct bytes value = name_attribute(a, attribute);

    return value.len != 0 && bytes_equal(value, name_attribute(b, attribute));
}

/* RFC 9483 5.1.1: subject "identifies the same entity as the subject name in the CMP protection certificate
 * or matches the identifier used with MAC-based protection"; an RA speaks for others. */
static int is_bound(const struct cmp_decision *decision, struct bytes requested)
{
    if (decision->by_ra)
        return 1;
    if (decision->signer == NULL)
        return decision->reference.len != 0 &&
               bytes_equal(name_attribute(requested, "CN"), decision->reference);
    return bytes_equal(requested, decision->signer->subject) ||
           same_attribute(requested, decision->signer->subject, "CN") ||
           same_attribute(requested, decision->signer->subject, "serialNumber");
}

int policy_decide_names(struct cmp_decision *decision, const struct profile *profile,
                        struct policy_certificate *out)
{
    static const struct bytes san_oid = {(const uint8_t *)"\x55\x1d\x11", 3};
    const struct cert_template *tmpl = &decision->request->tmpl;
    const struct origin origin = {
        .requested = tmpl->subject,
        .signer = decision->signer != NULL ? decision->signer->subject : bytes_of(NULL, 0),
        .reference = decision->reference,
    };

    /* RFC 9483 4.1.3: the names of the certificate that is updated, "without modifications" */
    if (decision->update != NULL) {
        out->subject = decision->update->subject;
        out->san = decision->update->san;
        return 1;
    }
    if (profile->config->subject_bound && !is_bound(decision, tmpl->subject))
        return policy_refuse(decision, PKI_NOT_AUTHORIZED,
                             "subject does not name who protects the request: CN or serialNumber must agree");
    out->subject = tmpl->subject;
    if (profile->subject_count != 0 && !expand_subject(decision, profile, &origin, &out->subject))
        return 0;
    if (profile->san_count != 0) {
        if (!expand_san(decision, profile, &origin, &out->san))
            return 0;
    } else if (policy_honours(profile, san_oid)) {
        out->san = tmpl->san;
    }
    if (tmpl->subject.len != 0 && !bytes_equal(tmpl->subject, out->subject))
        policy_modified(decision, "subject");
    if (tmpl->san.len != 0 && !bytes_equal(tmpl->san, out->san))
        policy_modified(decision, "subjectAltName");
    return 1;
}
