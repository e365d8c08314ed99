/* Names in certificates: as requested, fixed, or by template. */
#include <arpa/inet.h>
#include <stdio.h>

#include "crypto/extension_names.h"
#include "crypto/name.h"
#include "crypto/name_match.h"
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
    struct arena *arena;
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
        return name_attribute(origin->arena, origin->signer, name + strlen(signer_prefix));
    return name_attribute(origin->arena, origin->requested, name);
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

/* What a request may put into a subjectAltName: parts of a host's name, no wildcard, nothing that ends one
 * part of a URI or an address and begins another. */
static int is_label_text(struct bytes piece)
{
    for (size_t i = 0; i < piece.len; i++) {
        uint8_t c = piece.data[i];
        int dot = c == '.' && i > 0 && i + 1 < piece.len && piece.data[i - 1] != '.';
        if (!(dot || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
            return 0;
    }
    return 1;
}

/* Writes |text| with its variables replaced, in a name of a host only by what may stand there. Returns 0 if
 * one has no value or one that may not, or the result is too long or holds a NUL. */
static int expand(char out[VALUE_MAX], const char *text, const struct origin *origin, int as_label)
{
    char name[VARIABLE_MAX];
    size_t used = 0;

    while (*text != 0) {
        struct bytes piece = bytes_of((const uint8_t *)text, 1);
        if (take_variable(name, &text) == 1) {
            piece = variable_value(origin, name);
            if (piece.len == 0 || memchr(piece.data, 0, piece.len) != NULL ||
                (as_label && !is_label_text(piece)))
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

/* ---- deciding ---- */

static int expand_subject(struct cmp_decision *decision, const struct profile *profile,
                          const struct origin *origin, struct bytes *out)
{
    char values[POLICY_NAMES_MAX][VALUE_MAX];
    const char *pairs[2 * POLICY_NAMES_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < profile->subject_count; i++) {
        if (!expand(values[i], profile->subject[i].value, origin, 0))
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
        unsigned tag = form_tag(profile->san[i].type);
        ok = expand(value, profile->san[i].value, origin, 1) && add_general_name(&names, tag, value);
    }
    return der_finish(out, decision->arena, &cbb, ok) ||
           policy_refuse(
               decision, PKI_BAD_CERT_TEMPLATE,
               "the name lacks a part from which this profile makes subjectAltName, or it does not fit");
}

/* RFC 9483 5.1.1: subject "identifies the same entity as the subject name in the CMP protection certificate".
 * What |requested| has of |attribute| must be |known|'s, and be there once. |*agrees| counts where it is. */
static int agree(struct arena *arena, struct bytes requested, struct bytes known, const char *attribute,
                 unsigned *agrees)
{
    struct bytes a, b;

    if (!name_attribute_once(&a, arena, requested, attribute) ||
        !name_attribute_once(&b, arena, known, attribute))
        return 0;
    *agrees += a.len != 0;
    return a.len == 0 || (b.len != 0 && name_text_equal(a, b));
}

/* … "or matches the identifier used with MAC-based protection" */
static int subject_is_bound(const struct cmp_decision *decision, struct bytes subject)
{
    unsigned agrees = 0;
    struct bytes known, name;

    if (decision->signer == NULL)
        return name_attribute_once(&name, decision->arena, subject, "CN") && name.len != 0 &&
               bytes_equal(name, decision->reference) &&
               name_attribute_once(&name, decision->arena, subject, "serialNumber") && name.len == 0;
    known = decision->signer->subject;
    return name_equal(subject, known) ||
           (agree(decision->arena, subject, known, "CN", &agrees) &&
            agree(decision->arena, subject, known, "serialNumber", &agrees) && agrees != 0);
}

static int san_is_bound(const struct cmp_decision *decision, struct bytes san)
{
    return san.len == 0 || (decision->signer != NULL && general_names_equal(san, decision->signer->san));
}

/* RFC 4211 4.1: where the template names no subject, and the proof of possession the identity that was
 * established for it, that identity is meant. */
static struct bytes requested_subject(const struct cert_request *request)
{
    return request->tmpl.subject.len != 0 || !request->pop_input.is_there ? request->tmpl.subject
                                                                          : request->pop_input.sender_name;
}

/* Of what the request names, that which comes into the certificate; an RA speaks for others. */
static int check_bound(struct cmp_decision *decision, const struct profile *profile, int takes_san)
{
    int by_secret = decision->signer == NULL;

    if (!profile->cmp.config->names.subject_bound || decision->by_ra)
        return 1;
    if (profile->takes_names && !subject_is_bound(decision, requested_subject(decision->request)))
        return policy_refuse(
            decision, PKI_NOT_AUTHORIZED,
            by_secret
                ? "subject must have the reference of the shared secret as its CN, and no serialNumber"
                : "subject must have the CN or serialNumber of the protecting certificate, and no other");
    if (takes_san && !san_is_bound(decision, decision->request->tmpl.san))
        return policy_refuse(decision, PKI_NOT_AUTHORIZED,
                             by_secret
                                 ? "subjectAltName must be absent: a shared secret does not vouch for one"
                                 : "subjectAltName must be absent, or that of the protecting certificate");
    return 1;
}

int policy_decide_names(struct cmp_decision *decision, const struct profile *profile,
                        struct policy_certificate *out)
{
    const struct cert_template *tmpl = &decision->request->tmpl;
    const struct origin origin = {
        .arena = decision->arena,
        .requested = requested_subject(decision->request),
        .signer = decision->signer != NULL ? decision->signer->subject : bytes_of(NULL, 0),
        .reference = decision->reference,
    };
    int takes_san;

    /* RFC 9483 4.1.3: the names of the certificate that is updated, "without modifications" */
    if (decision->update != NULL) {
        out->subject = decision->update->subject;
        out->san = decision->update->san;
        return 1;
    }
    takes_san = profile->san_count == 0 && policy_honours(profile, extension_oid(EXTENSION_SUBJECT_ALT_NAME));
    if (!check_bound(decision, profile, takes_san))
        return 0;
    out->subject = requested_subject(decision->request);
    if (out->subject.len == 0) /* as RFC 4211 lets it be */
        out->subject = name_empty();
    if (profile->subject_count != 0 && !expand_subject(decision, profile, &origin, &out->subject))
        return 0;
    if (profile->san_count != 0) {
        if (!expand_san(decision, profile, &origin, &out->san))
            return 0;
    } else if (takes_san) {
        out->san = tmpl->san;
    }
    return 1;
}

/* ---- loading ---- */

/* |*count| counts the variables, |*takes_names| is set if one is of the requested subject. */
static int check_variables(const char *value, unsigned *count, int *takes_names)
{
    char name[VARIABLE_MAX];

    while (*value != 0) {
        int found = take_variable(name, &value);
        if (found < 0 || (found == 1 && !variable_known(name)))
            return 0;
        if (found == 1) {
            (*count)++;
            *takes_names |=
                strcmp(name, "reference") != 0 && strncmp(name, signer_prefix, strlen(signer_prefix)) != 0;
        }
        value += found == 0;
    }
    return 1;
}

/* What has no variables is tried now, so that no request has to pay for a mistake in it. */
static int is_attribute(struct policy *policy, const struct name_template *template)
{
    struct bytes name;

    return name_build(&name, policy->arena, (const char *const[]){template->type, template->value, NULL});
}

static int is_general_name(struct policy *policy, const struct name_template *template)
{
    struct bytes name;
    CBB cbb;
    int ok = CBB_init(&cbb, 64) && add_general_name(&cbb, form_tag(template->type), template->value);

    return der_finish(&name, policy->arena, &cbb, ok);
}

static int load_list(struct config_fault *fault, struct policy *policy, const char *setting,
                     struct name_template *out, size_t *count, const struct config_list *texts,
                     char separator, int (*type_known)(const char *type),
                     int (*is_good)(struct policy *policy, const struct name_template *template),
                     int *takes_names, const char *remedy)
{
    char key[SETTING];

    for (size_t n = 0; n < texts->count; n++) {
        const char *text = texts->items[n], *end = strchr(text, separator);
        struct name_template *template = &out[*count];
        snprintf(key, sizeof key, "%s[%zu]", setting, n);
        if (n == POLICY_NAMES_MAX)
            return config_fault_at(fault, policy->config, key, "more than %d entries; write fewer",
                                   POLICY_NAMES_MAX);
        if (end == NULL || (size_t)(end - text) >= sizeof template->type)
            return config_fault_at(fault, policy->config, key, "'%s' does not fit here; write %s", text,
                                   remedy);
        memcpy(template->type, text, (size_t)(end - text));
        template->type[end - text] = 0;
        template->value = end + 1;
        unsigned variables = 0;
        if (!type_known(template->type) || *template->value == 0 ||
            !check_variables(template->value, &variables, takes_names) ||
            (variables == 0 && !is_good(policy, template)))
            return config_fault_at(fault, policy->config, key, "'%s' does not fit here; write %s", text,
                                   remedy);
        (*count)++;
    }
    return 1;
}

int policy_load_names(struct config_fault *fault, struct policy *policy, size_t i)
{
    const struct config_profile *config = &policy->config->profiles[i];
    struct profile *profile = &policy->profiles[i];
    char key[SETTING];

    profile->takes_names = config->names.subject.count == 0; /* then subject is as requested */
    snprintf(key, sizeof key, "profiles[%zu].names.subject", i);
    if (!load_list(fault, policy, key, profile->subject, &profile->subject_count, &config->names.subject, '=',
                   name_attribute_known, is_attribute, &profile->takes_names,
                   "ATTRIBUTE=VALUE such as O=Operator or CN=${CN}, ${signer.CN}, ${reference}"))
        return 0;
    snprintf(key, sizeof key, "profiles[%zu].names.san", i);
    return load_list(fault, policy, key, profile->san, &profile->san_count, &config->names.san, ':',
                     form_known, is_general_name, &profile->takes_names,
                     "DNS:VALUE, URI:VALUE, email:VALUE or IP:ADDRESS; ${CN} stands for a part");
}
