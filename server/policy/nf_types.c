/* NFTypes: which network functions a certificate is for (RFC 9310 section 3). */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/extension_names.h"
#include "server/policy/internal.h"

enum { SETTING = 96, NF_TYPE_MAX = 32 };

/* "The NFTypes MUST appear in ascending lexicographic order using the ASCII values". */
static int by_octets(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* IA5String (SIZE (1..32)) without control characters, space and delete. */
static int is_nf_type(const char *text)
{
    size_t len = 0;

    for (; text[len] != 0; len++)
        if ((uint8_t)text[len] <= 0x20 || (uint8_t)text[len] >= 0x7f)
            return 0;
    return len >= 1 && len <= NF_TYPE_MAX;
}

static int write_types(struct bytes *out, struct arena *arena, const char *const *types, size_t count)
{
    CBB cbb, list;
    int ok = CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE);

    for (size_t n = 0; ok && n < count; n++)
        ok = der_add_octets(&list, CBS_ASN1_IA5STRING, bytes_str(types[n]));
    return der_finish(out, arena, &cbb, ok);
}

int policy_load_nf_types(struct config_fault *fault, struct policy *policy, size_t i)
{
    const struct config_list *types = &policy->config->profiles[i].certificate.nf_types;
    struct profile *profile = &policy->profiles[i];
    const char *sorted[POLICY_NF_TYPES_MAX];
    char key[SETTING];

    for (size_t n = 0; n < types->count; n++) {
        snprintf(key, sizeof key, "profiles[%zu].certificate.nf_types[%zu]", i, n);
        if (n == POLICY_NF_TYPES_MAX || !is_nf_type(types->items[n]))
            return config_fault_at(
                fault, policy->config, key,
                "'%s' is no NFType (RFC 9310); write at most %d of them, such as AMF, each "
                "of 1 to 32 letters, digits or signs, without spaces",
                types->items[n], POLICY_NF_TYPES_MAX);
        for (size_t before = 0; before < n; before++)
            if (strcmp(types->items[before], types->items[n]) == 0)
                return config_fault_at(fault, policy->config, key, "'%s' stands there twice; keep one",
                                       types->items[n]);
        sorted[n] = types->items[n];
    }
    if (types->count == 0)
        return 1;
    qsort(sorted, types->count, sizeof sorted[0], by_octets);
    profile->nf_types.oid = extension_oid(EXTENSION_NF_TYPES);
    return write_types(&profile->nf_types.value, policy->arena, sorted, types->count) ||
           config_fault_at(fault, policy->config, "profiles", "out of memory");
}
