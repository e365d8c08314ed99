/* Scopes of CRLs and distribution points of certificates, taken apart and held against each other. */
#include "crypto/crl_scope.h"

#define FIELD(n) (CBS_ASN1_CONTEXT_SPECIFIC | (n))
#define FIELD_OF_SEVERAL(n) (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | (n))
#define DIRECTORY_NAME FIELD_OF_SEVERAL(4)

static int read_names(struct crl_names *out, CBS general_names)
{
    CBS name;

    out->present = 1;
    if (CBS_len(&general_names) == 0)
        return 0; /* GeneralNames ::= SEQUENCE SIZE (1..MAX) */
    while (CBS_len(&general_names) != 0) {
        if (!CBS_get_any_asn1_element(&general_names, &name, NULL, NULL))
            return 0;
        if (out->count < BOUND_CRL_NAMES)
            out->names[out->count++] = bytes_of_cbs(&name);
    }
    return 1;
}

/* Writes the directoryName |name|, one RDN |more| longer if that is not NULL. */
static int add_directory_name(struct crl_names *out, struct arena *arena, struct bytes name, const CBS *more)
{
    CBS whole = cbs_of(name), rdns;
    CBB cbb, general_name, sequence, rdn;
    int ok = out->count < BOUND_CRL_NAMES && CBS_get_asn1(&whole, &rdns, CBS_ASN1_SEQUENCE) &&
             CBS_len(&whole) == 0;

    if (!CBB_init(&cbb, name.len + 64))
        return 0;
    ok = ok && CBB_add_asn1(&cbb, &general_name, DIRECTORY_NAME) &&
         CBB_add_asn1(&general_name, &sequence, CBS_ASN1_SEQUENCE) &&
         der_add_bytes(&sequence, bytes_of_cbs(&rdns)) &&
         (more == NULL ||
          (CBB_add_asn1(&sequence, &rdn, CBS_ASN1_SET) && der_add_bytes(&rdn, bytes_of_cbs(more))));
    if (!der_finish(&out->names[ok ? out->count : 0], arena, &cbb, ok))
        return 0;
    out->present = 1;
    out->count++;
    return 1;
}

/* DistributionPointName; |issuer| is whom nameRelativeToCRLIssuer is relative to, or empty. */
static int read_point_name(struct crl_names *out, struct arena *arena, CBS choice, struct bytes issuer)
{
    CBS content;

    if (CBS_peek_asn1_tag(&choice, FIELD_OF_SEVERAL(0)))
        return CBS_get_asn1(&choice, &content, FIELD_OF_SEVERAL(0)) && CBS_len(&choice) == 0 &&
               read_names(out, content);
    return CBS_get_asn1(&choice, &content, FIELD_OF_SEVERAL(1)) && CBS_len(&choice) == 0 &&
           CBS_len(&content) != 0 && issuer.len != 0 && add_directory_name(out, arena, issuer, &content);
}

/* BOOLEAN DEFAULT FALSE */
static int read_flag(int *out, CBS *sequence, unsigned field)
{
    CBS content;
    int present;

    if (!CBS_get_optional_asn1(sequence, &content, &present, FIELD(field)))
        return 0;
    if (!present)
        return 1;
    if (CBS_len(&content) != 1)
        return 0;
    *out = CBS_data(&content)[0] != 0;
    return 1;
}

static int read_reasons(unsigned *out, CBS *sequence, unsigned field)
{
    uint8_t bit_string[8] = {CBS_ASN1_BITSTRING};
    CBS content, bits;
    uint64_t flags;
    int present;

    *out = CRL_REASONS_ALL;
    if (!CBS_get_optional_asn1(sequence, &content, &present, FIELD(field)))
        return 0;
    if (!present)
        return 1;
    /* The tag is implicit: read as what it stands for. */
    if (CBS_len(&content) > sizeof bit_string - 2)
        return 0;
    bit_string[1] = (uint8_t)CBS_len(&content);
    memcpy(bit_string + 2, CBS_data(&content), CBS_len(&content));
    CBS_init(&bits, bit_string, 2 + CBS_len(&content));
    if (!der_get_named_bits(&bits, &flags))
        return 0;
    *out = (unsigned)flags & CRL_REASONS_ALL;
    return 1;
}

int crl_scope_parse(struct crl_scope *out, struct arena *arena, struct bytes der, struct bytes issuer)
{
    CBS whole = cbs_of(der), sequence, name;
    int present;

    *out = (struct crl_scope){.reasons = CRL_REASONS_ALL};
    if (der.len == 0)
        return 1;
    return CBS_get_asn1(&whole, &sequence, CBS_ASN1_SEQUENCE) && CBS_len(&whole) == 0 &&
           CBS_get_optional_asn1(&sequence, &name, &present, FIELD_OF_SEVERAL(0)) &&
           (!present || read_point_name(&out->names, arena, name, issuer)) &&
           read_flag(&out->only_users, &sequence, 1) && read_flag(&out->only_cas, &sequence, 2) &&
           read_reasons(&out->reasons, &sequence, 3) && read_flag(&out->is_indirect, &sequence, 4) &&
           read_flag(&out->only_attributes, &sequence, 5) && CBS_len(&sequence) == 0 &&
           out->only_users + out->only_cas + out->only_attributes <= 1;
}

CBS crl_points(struct bytes der)
{
    CBS whole = cbs_of(der), points;

    return CBS_get_asn1(&whole, &points, CBS_ASN1_SEQUENCE) && CBS_len(&whole) == 0
               ? points
               : cbs_of(bytes_of(NULL, 0));
}

struct bytes crl_point_url(const struct crl_point *point)
{
    for (size_t i = 0; i < point->names.count; i++) {
        CBS name = cbs_of(point->names.names[i]), url;
        if (CBS_get_asn1(&name, &url, FIELD(6)))
            return bytes_of_cbs(&url);
    }
    return bytes_of(NULL, 0);
}

/* The name in |names| that is a directoryName, of one alone; else empty. */
static struct bytes only_directory_name(const struct crl_names *names)
{
    CBS general_name = names->count == 1 ? cbs_of(names->names[0]) : cbs_of(bytes_of(NULL, 0)), name;

    return CBS_get_asn1(&general_name, &name, DIRECTORY_NAME) ? bytes_of_cbs(&name) : bytes_of(NULL, 0);
}

int crl_point_next(struct crl_point *out, struct arena *arena, CBS *points, struct bytes issuer)
{
    CBS rest = *points, sequence, name, issuers;
    int has_name, has_issuer;

    *out = (struct crl_point){.reasons = CRL_REASONS_ALL};
    if (!CBS_get_asn1(&rest, &sequence, CBS_ASN1_SEQUENCE) ||
        !CBS_get_optional_asn1(&sequence, &name, &has_name, FIELD_OF_SEVERAL(0)) ||
        !read_reasons(&out->reasons, &sequence, 1) ||
        !CBS_get_optional_asn1(&sequence, &issuers, &has_issuer, FIELD_OF_SEVERAL(2)) ||
        CBS_len(&sequence) != 0 || (has_issuer && !read_names(&out->issuer, issuers)))
        return 0;
    /* RFC 5280 4.2.1.13: relative to cRLIssuer, which then is one name alone, or to the certificate's issuer.
     */
    if (has_name &&
        !read_point_name(&out->names, arena, name, has_issuer ? only_directory_name(&out->issuer) : issuer))
        return 0;
    *points = rest;
    return 1;
}

int crl_point_implied(struct crl_point *out, struct arena *arena, const struct certificate *cert)
{
    *out = (struct crl_point){.reasons = CRL_REASONS_ALL};
    return add_directory_name(&out->names, arena, cert->issuer, NULL);
}

/* Of a directoryName its Name, which content is alone; else empty. */
static struct bytes directory_name(struct bytes general_name)
{
    CBS cbs = cbs_of(general_name), name;

    return CBS_get_asn1(&cbs, &name, DIRECTORY_NAME) ? bytes_of_cbs(&name) : bytes_of(NULL, 0);
}

/* A URI that is spelled in another way is another one: then nothing is covered, and nobody let in. */
static int names_match(struct bytes a, struct bytes b)
{
    struct bytes a_name, b_name;

    if (bytes_equal(a, b))
        return 1;
    a_name = directory_name(a);
    b_name = directory_name(b);
    return a_name.len != 0 && b_name.len != 0 && name_equal(a_name, b_name);
}

static int have_one_in_common(const struct crl_names *a, const struct crl_names *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            if (names_match(a->names[i], b->names[j]))
                return 1;
    return 0;
}

int crl_names_have(const struct crl_names *names, struct bytes name)
{
    for (size_t i = 0; i < names->count; i++) {
        struct bytes other = directory_name(names->names[i]);
        if (other.len != 0 && name_equal(other, name))
            return 1;
    }
    return 0;
}

int crl_scope_covers(const struct crl_scope *scope, const struct crl_point *point,
                     const struct certificate *cert)
{
    if (scope->only_attributes || (scope->only_users && cert->is_ca) || (scope->only_cas && !cert->is_ca))
        return 0;
    return !scope->names.present ||
           have_one_in_common(&scope->names, point->names.present ? &point->names : &point->issuer);
}
