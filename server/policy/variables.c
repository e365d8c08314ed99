/* ${…} in the names that a profile makes: what is in the request, in the certificate that protects it, in the
 * operator's list of devices, and in the operator's own numbers. */
#include <stdio.h>

#include "crypto/name.h"
#include "server/policy/internal.h"
#include "storage/tables.h"

enum { VARIABLE_MAX = POLICY_VARIABLE_MAX, PLMN_DIGITS = 3 };

/* struct variable is what may stand between the braces. */
struct variable {
    const char *name; /* behind a '.', or alone if it is "": the name of an attribute */
    struct bytes (*value)(const struct policy_origin *origin, const char *attribute);
    /* The one who asks is told what to do about its absence, the operator is told more. */
    const char *(*lacks)(const struct policy_origin *origin);
    const char *(*remedy)(const struct policy_origin *origin);
    int is_requested; /* 1: of the requested subject */
};

/* ---- what they stand for ---- */

static struct bytes of_requested(const struct policy_origin *origin, const char *attribute)
{
    return name_attribute(origin->arena, origin->requested, attribute);
}

static struct bytes of_signer(const struct policy_origin *origin, const char *attribute)
{
    return name_attribute(origin->arena, origin->signer, attribute);
}

static struct bytes reference(const struct policy_origin *origin, const char *attribute)
{
    (void)attribute;
    return origin->reference;
}

static struct bytes vendor(const struct policy_origin *origin, const char *attribute)
{
    (void)attribute;
    return origin->device != NULL ? origin->device->vendor : bytes_of(NULL, 0);
}

static struct bytes identity(const struct policy_origin *origin, const char *attribute)
{
    (void)attribute;
    return origin->device != NULL ? origin->device->identity : bytes_of(NULL, 0);
}

static const struct store_device *row_of(const struct policy_origin *origin)
{
    return origin->device != NULL ? origin->device->row : NULL;
}

static struct bytes fqdn(const struct policy_origin *origin, const char *attribute)
{
    (void)attribute;
    return row_of(origin) != NULL ? row_of(origin)->fqdn : bytes_of(NULL, 0);
}

static struct bytes site(const struct policy_origin *origin, const char *attribute)
{
    (void)attribute;
    return row_of(origin) != NULL ? row_of(origin)->site : bytes_of(NULL, 0);
}

/* ---- what is told when they stand for nothing ---- */

static const char *subject_lacks(const struct policy_origin *origin)
{
    (void)origin;
    return "name it in the requested subject";
}

static const char *signer_lacks(const struct policy_origin *origin)
{
    return origin->signer.len == 0 ? "protect the request with a certificate"
                                   : "the subject of the protecting certificate lacks it";
}

static const char *reference_lacks(const struct policy_origin *origin)
{
    (void)origin;
    return "protect the request with a shared secret";
}

static const char *no_remedy(const struct policy_origin *origin)
{
    (void)origin;
    return "the request has no such part";
}

static const char *device_lacks(const struct policy_origin *origin)
{
    if (origin->device == NULL)
        return "protect the request with the certificate of a device of a known vendor";
    return row_of(origin) == NULL ? "the operator has not listed this device"
                                  : "the operator's list of devices says nothing of it";
}

static const char *device_remedy(const struct policy_origin *origin)
{
    if (origin->device == NULL)
        return "it is not known which device asks: no rule of a vendor reads its identity";
    return row_of(origin) == NULL ? "the device is not listed: use cmpctl device import"
                                  : "the device has an empty field there: give it, by cmpctl device import";
}

static const struct variable variables[] = {
    {"reference", reference, reference_lacks, no_remedy, 0},
    {"vendor", vendor, device_lacks, device_remedy, 0},
    {"device.identity", identity, device_lacks, device_remedy, 0},
    {"device.serial", identity, device_lacks, device_remedy, 0},
    {"device.fqdn", fqdn, device_lacks, device_remedy, 0},
    {"device.site", site, device_lacks, device_remedy, 0},
    {"signer.", of_signer, signer_lacks, no_remedy, 0},
    {"", of_requested, subject_lacks, no_remedy, 1},
};

/* The row of |name|, and what of it is an attribute; NULL if there is none. */
static const struct variable *find(const char *name, const char **attribute)
{
    for (const struct variable *row = variables; row < variables + sizeof variables / sizeof *variables;
         row++) {
        size_t len = strlen(row->name);
        int takes_attribute = len == 0 || row->name[len - 1] == '.';
        *attribute = name + len;
        if (strncmp(name, row->name, len) == 0 &&
            (takes_attribute ? name_attribute_known(*attribute) : **attribute == 0))
            return row;
    }
    return NULL;
}

/* ---- reading them ---- */

/* Cuts "${NAME}" off |*text|. Returns 1 with |name| set, 0 if none begins here, or -1 if it does not end. */
static int take(char name[VARIABLE_MAX], const char **text)
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

int policy_check_variables(const char *value, unsigned *count, int *takes_names)
{
    char name[VARIABLE_MAX];
    const struct variable *row;
    const char *attribute;

    while (*value != 0) {
        int found = take(name, &value);
        if (found < 0 || (found == 1 && (row = find(name, &attribute)) == NULL))
            return 0;
        if (found == 1) {
            (*count)++;
            *takes_names |= row->is_requested;
        }
        value += found == 0;
    }
    return 1;
}

int policy_next_requested(char attribute[POLICY_VARIABLE_MAX], const char **value)
{
    char name[VARIABLE_MAX];
    const struct variable *row;
    const char *of_row;

    while (**value != 0) {
        int found = take(name, value);
        if (found == 1 && (row = find(name, &of_row)) != NULL && row->is_requested) {
            snprintf(attribute, POLICY_VARIABLE_MAX, "%s", of_row);
            return 1;
        }
        *value += found != 1;
    }
    return 0;
}

/* ---- the operator's numbers ---- */

static int is_digits(const char *text, size_t least)
{
    size_t len = strspn(text, "0123456789");

    return text[len] == 0 && len >= least && len <= PLMN_DIGITS;
}

int policy_check_operator(struct config_fault *fault, const struct policy *policy)
{
    const struct config_operator *plmn = &policy->config->plmn;

    if (plmn->mcc != NULL && !is_digits(plmn->mcc, PLMN_DIGITS))
        return config_fault_at(fault, policy->config, "operator.mcc",
                               "mcc is \"%s\"; write the three digits of a mobile country code", plmn->mcc);
    if (plmn->mnc != NULL && !is_digits(plmn->mnc, PLMN_DIGITS - 1))
        return config_fault_at(fault, policy->config, "operator.mnc",
                               "mnc is \"%s\"; write the two or three digits of a mobile network code",
                               plmn->mnc);
    return 1;
}

/* In names of the 3GPP network both have three digits: a code of two has a 0 before it. */
static const char *number_of(const struct policy *policy, const char *name, const char **pad)
{
    const struct config_operator *plmn = &policy->config->plmn;

    *pad = "";
    if (strcmp(name, "mcc") == 0)
        return plmn->mcc;
    *pad = plmn->mnc != NULL && strlen(plmn->mnc) < PLMN_DIGITS ? "0" : "";
    return plmn->mnc;
}

const char *policy_put_operator(struct config_fault *fault, struct policy *policy, const char *key,
                                const char *value)
{
    static const char *const names[] = {"mcc", "mnc"};

    for (size_t i = 0; i < 2; i++) {
        char variable[sizeof "${mcc}"];
        const char *at, *pad, *number = number_of(policy, names[i], &pad);
        snprintf(variable, sizeof variable, "${%s}", names[i]);
        while ((at = strstr(value, variable)) != NULL) {
            if (number == NULL) {
                config_fault_at(fault, policy->config, key,
                                "it holds ${%s}, but nobody says what that is; write operator: {mcc: "
                                "\"262\", mnc: \"01\"}, with your own codes, into the file",
                                names[i]);
                return NULL;
            }
            value = arena_printf(policy->arena, "%.*s%s%s%s", (int)(at - value), value, pad, number,
                                 at + strlen(variable));
            if (value == NULL) {
                config_fault_at(fault, policy->config, key, "out of memory");
                return NULL;
            }
        }
    }
    return value;
}

/* ---- putting values in their place ---- */

/* What may be put into a subjectAltName: parts of a host's name, no wildcard, nothing that ends one part of a
 * URI or an address and begins another. */
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

int policy_refuse_name(struct cmp_decision *decision, const struct name_template *template,
                       const char *detail, const char *text)
{
    decision->detail = arena_printf(decision->arena, "%s: %s", template->place, detail);
    return policy_by(decision, template->place, policy_refuse(decision, PKI_BAD_CERT_TEMPLATE, text));
}

static int refuse_variable(struct cmp_decision *decision, const struct name_template *template,
                           const char *name, const char *told, const char *detail)
{
    return policy_refuse_name(decision, template, arena_printf(decision->arena, "${%s}: %s", name, detail),
                              arena_printf(decision->arena, "this profile makes %s with ${%s}: %s",
                                           template->is_san ? "subjectAltName" : "subject", name, told));
}

/* The value of the variable |name|, or nothing after policy_refuse. */
static struct bytes value_of(struct cmp_decision *decision, const struct policy_origin *origin,
                             const struct name_template *template, const char *name)
{
    const struct bytes none = bytes_of(NULL, 0);
    const char *attribute;
    const struct variable *row = find(name, &attribute);
    struct bytes value = row->value(origin, attribute);

    if (value.len == 0)
        refuse_variable(decision, template, name, row->lacks(origin), row->remedy(origin));
    else if (memchr(value.data, 0, value.len) != NULL)
        refuse_variable(decision, template, name, "it holds a NUL", "it holds a NUL");
    else if (template->is_san && !is_label_text(value))
        refuse_variable(decision, template, name, "it is no part of a host's name",
                        "it may hold letters, digits, hyphens, and dots between them");
    else
        return value;
    return none;
}

int policy_expand(char out[POLICY_VALUE_MAX], struct cmp_decision *decision,
                  const struct policy_origin *origin, const struct name_template *template)
{
    const char *text = template->value;
    char name[VARIABLE_MAX];
    size_t used = 0;

    while (*text != 0) {
        struct bytes piece = bytes_of((const uint8_t *)text, 1);
        if (take(name, &text) == 1) {
            piece = value_of(decision, origin, template, name);
            if (piece.len == 0)
                return 0;
        } else {
            text++;
        }
        if (used + piece.len >= POLICY_VALUE_MAX)
            return policy_refuse_name(decision, template, "the value is too long",
                                      "a name that this profile makes is too long");
        memcpy(out + used, piece.data, piece.len);
        used += piece.len;
    }
    out[used] = 0;
    return 1;
}
