/* What a profile answers to general messages (RFC 9810 5.3.19), made once: which keys it certifies, and the
 * template that tells what a request has to be like (RFC 9483 4.3.3 and Appendix A). */
#include <stdio.h>

#include "crypto/name.h"
#include "server/policy/internal.h"

enum { SETTING = 96 };

/* ---- keys ---- */

/* struct key_list are the AlgorithmIdentifiers of keys, each once. */
struct key_list {
    struct bytes algorithms[KEY_KIND_COUNT];
    size_t count;
    unsigned kinds; /* bit of each enum key_kind that is there */
};

/* takes_key says which kinds of keys come into a list. */
typedef int takes_key(const struct profile *profile, enum key_kind kind);

static int make_list(struct key_list *out, struct arena *arena, const struct profile *profile,
                     takes_key *takes)
{
    const struct config_list *types = &profile->cmp.config->keys.types;

    *out = (struct key_list){.count = 0};
    for (size_t i = 0; i < types->count; i++) {
        const struct key_algorithm *type = key_algorithm_named(types->items[i]);
        if ((out->kinds >> type->kind & 1) != 0 || !takes(profile, type->kind))
            continue;
        out->kinds |= 1u << type->kind;
        if (!pki_key_algorithm(&out->algorithms[out->count++], arena, type))
            return 0;
    }
    return 1;
}

/* Whatever is certified has proved by a signature that it can sign. */
static int signs(const struct profile *profile, enum key_kind kind)
{
    (void)profile;
    return kind != KEY_NONE;
}

static int encrypts(const struct profile *profile, enum key_kind kind)
{
    const unsigned encryption =
        KEY_USAGE_KEY_ENCIPHERMENT | KEY_USAGE_DATA_ENCIPHERMENT | KEY_USAGE_KEY_AGREEMENT;

    return (policy_usage_for(profile->key_usage, kind) & encryption) != 0;
}

static int is_no_rsa(const struct profile *profile, enum key_kind kind)
{
    (void)profile;
    return kind != KEY_RSA;
}

static int put_list(struct bytes *out, struct policy *policy, const struct profile *profile, takes_key *takes)
{
    struct key_list list;

    return make_list(&list, policy->arena, profile, takes) &&
           (list.count == 0 || pki_encode_sequence(out, policy->arena, list.algorithms, list.count));
}

/* ---- the subject ---- */

struct subject {
    struct arena *arena;
    CBB names;                                         /* content of the Name */
    char asked[POLICY_NAMES_MAX][POLICY_VARIABLE_MAX]; /* attributes that a station is to fill in */
    size_t asked_count;
    int is_there; /* 1: it has an RDN */
};

/* An RDN of |attribute|; |value| NULL: with an empty string, of the type that its values have (RFC 9483
 * 4.3.3: "the EE SHOULD fill in a value"). */
static int add_rdn(struct subject *subject, const char *attribute, const char *value)
{
    const char *const pairs[] = {attribute, value != NULL ? value : "XX", NULL};
    CBS name, rdns, rdn, set, pair, oid, string;
    CBS_ASN1_TAG tag;
    CBB out, type_and_value;
    struct bytes built;

    subject->is_there = 1;
    if (!name_build(&built, subject->arena, pairs))
        return 0;
    name = cbs_of(built);
    if (!CBS_get_asn1(&name, &rdns, CBS_ASN1_SEQUENCE) || !CBS_get_asn1_element(&rdns, &rdn, CBS_ASN1_SET))
        return 0;
    if (value != NULL)
        return der_add_bytes(&subject->names, bytes_of_cbs(&rdn));
    return CBS_get_asn1(&rdn, &set, CBS_ASN1_SET) && CBS_get_asn1(&set, &pair, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) && CBS_get_any_asn1(&pair, &string, &tag) &&
           CBB_add_asn1(&subject->names, &out, CBS_ASN1_SET) &&
           CBB_add_asn1(&out, &type_and_value, CBS_ASN1_SEQUENCE) &&
           der_add_oid(&type_and_value, bytes_of_cbs(&oid)) &&
           der_add_octets(&type_and_value, tag, bytes_of(NULL, 0)) && CBB_flush(&subject->names);
}

static int ask_once(struct subject *subject, const char *attribute)
{
    for (size_t i = 0; i < subject->asked_count; i++)
        if (strcmp(subject->asked[i], attribute) == 0)
            return 1;
    if (subject->asked_count == POLICY_NAMES_MAX)
        return 1;
    snprintf(subject->asked[subject->asked_count++], POLICY_VARIABLE_MAX, "%s", attribute);
    return add_rdn(subject, attribute, NULL);
}

/* What has no variables is told as it is; of what has, those parts that come from the requested subject. */
static int add_template(struct subject *subject, const struct name_template *template)
{
    char attribute[POLICY_VARIABLE_MAX];
    const char *rest = template->value;
    int takes_names = 0;
    unsigned variables = 0;

    policy_check_variables(template->value, &variables, &takes_names);
    if (variables == 0)
        return template->is_san || add_rdn(subject, template->type, template->value);
    while (policy_next_requested(attribute, &rest))
        if (!ask_once(subject, attribute))
            return 0;
    return 1;
}

/* Where the profile says nothing of the subject, it is the station's: the NULL-DN asks for all of it. */
static int make_subject(struct bytes *out, struct arena *arena, const struct profile *profile)
{
    struct subject subject = {.arena = arena};
    CBB cbb;
    int ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &subject.names, CBS_ASN1_SEQUENCE);

    for (size_t i = 0; ok && i < profile->subject_count; i++)
        ok = add_template(&subject, &profile->subject[i]);
    for (size_t i = 0; ok && i < profile->san_count; i++)
        ok = add_template(&subject, &profile->san[i]);
    if (!der_finish(out, arena, &cbb, ok))
        return 0;
    if (!subject.is_there && profile->subject_count != 0)
        *out = bytes_of(NULL, 0); /* all of it is the server's */
    return 1;
}

/* ---- extensions ---- */

static int add_extension(struct cert_template *tmpl, const struct profile *profile, enum extension extension,
                         struct bytes value)
{
    struct bytes oid = extension_oid(extension);

    if (policy_takes(profile, oid))
        tmpl->extensions[tmpl->extension_count++] = (struct certificate_extension){
            .oid = oid,
            .critical = ((CERTIFICATE_CRITICAL ^ profile->criticality) >> extension & 1) != 0,
            .value = value,
        };
    return 1;
}

static int add_key_usage(struct cert_template *tmpl, struct arena *arena, const struct profile *profile)
{
    struct bytes value;
    CBB cbb;

    return profile->key_usage == 0 ||
           (der_finish(&value, arena, &cbb,
                       CBB_init(&cbb, 8) && der_add_named_bits(&cbb, profile->key_usage)) &&
            add_extension(tmpl, profile, EXTENSION_KEY_USAGE, value));
}

static int add_purposes(struct cert_template *tmpl, struct arena *arena, const struct profile *profile)
{
    struct bytes value;
    CBB cbb, list;
    int ok = profile->purpose_count != 0;

    if (!ok)
        return 1;
    ok = CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE);
    for (size_t i = 0; ok && i < profile->purpose_count; i++)
        ok = der_add_oid(&list, profile->purposes[i]);
    return der_finish(&value, arena, &cbb, ok) &&
           add_extension(tmpl, profile, EXTENSION_EXTENDED_KEY_USAGE, value);
}

/* An empty value is for the station to fill in, where the profile takes what it asks for. */
static int add_alt_name(struct cert_template *tmpl, const struct profile *profile)
{
    return profile->san_count != 0 || !policy_honours(profile, extension_oid(EXTENSION_SUBJECT_ALT_NAME)) ||
           add_extension(tmpl, profile, EXTENSION_SUBJECT_ALT_NAME, bytes_of(NULL, 0));
}

/* ---- the template ---- */

static const unsigned usual[] = {2048, 3072, 4096};
enum { USUAL_LENGTHS = sizeof usual / sizeof usual[0] };

/* The usual lengths within the profile's bounds; where there are none, the least. */
static size_t rsa_lengths(unsigned out[USUAL_LENGTHS], const struct config_keys *keys)
{
    size_t count = 0;

    for (size_t i = 0; i < USUAL_LENGTHS; i++)
        if (usual[i] >= keys->rsa_bits_min && usual[i] <= keys->rsa_bits_max)
            out[count++] = usual[i];
    if (count == 0)
        out[count++] = keys->rsa_bits_min;
    return count;
}

static int make_template(struct policy *policy, struct profile *profile)
{
    struct cert_template tmpl = {
        .version = -1, .not_before = TEMPLATE_NO_TIME, .not_after = TEMPLATE_NO_TIME};
    unsigned rsa_bits[USUAL_LENGTHS];
    struct key_list list;
    struct key_spec keys;

    if (!make_list(&list, policy->arena, profile, is_no_rsa))
        return 0;
    keys =
        (struct key_spec){.algorithms = list.algorithms, .algorithm_count = list.count, .rsa_bits = rsa_bits};
    if ((profile->key_kinds >> KEY_RSA & 1) != 0)
        keys.rsa_count = rsa_lengths(rsa_bits, &profile->cmp.config->keys);
    return make_subject(&tmpl.subject, policy->arena, profile) && add_alt_name(&tmpl, profile) &&
           add_key_usage(&tmpl, policy->arena, profile) && add_purposes(&tmpl, policy->arena, profile) &&
           pki_encode_request_template(&profile->cmp.general.request_template, policy->arena, &tmpl, &keys);
}

/* ---- the certificate to encrypt with ---- */

static int load_encryption(struct config_fault *fault, struct policy *policy, struct profile *profile,
                           size_t i, int64_t now)
{
    const char *path = profile->cmp.config->general.encryption_certificate;
    const unsigned usage = KEY_USAGE_KEY_ENCIPHERMENT | KEY_USAGE_KEY_AGREEMENT;
    struct certificate cert;
    char key[SETTING];
    struct bytes der;

    if (path == NULL)
        return 1;
    snprintf(key, sizeof key, "profiles[%zu].general.encryption_certificate", i);
    if (!policy_read_certificate(fault, policy, key, path, &der))
        return 0;
    certificate_parse(&cert, der);
    if (cert.has_key_usage && (cert.key_usage & usage) == 0)
        return config_fault_at(fault, policy->config, key,
                               "keyUsage has neither keyEncipherment nor keyAgreement; issue another");
    if (now > cert.not_after)
        return config_fault_at(fault, policy->config, key, "the certificate has expired; renew it");
    profile->cmp.general.encryption_certificate = der;
    return 1;
}

int policy_load_general(struct config_fault *fault, struct policy *policy, size_t i, int64_t now)
{
    struct profile *profile = &policy->profiles[i];

    if (!load_encryption(fault, policy, profile, i, now))
        return 0;
    return (put_list(&profile->cmp.general.signing_keys, policy, profile, signs) &&
            put_list(&profile->cmp.general.encryption_keys, policy, profile, encrypts) &&
            make_template(policy, profile)) ||
           config_fault_at(fault, policy->config, "profiles", "out of memory");
}
