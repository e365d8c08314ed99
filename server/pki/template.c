/* CertTemplate and the extensions in it (RFC 4211 section 5; IMPLICIT TAGS, choices explicit). */
#include "server/pki/internal.h"

static const CBS_ASN1_TAG primitive = CBS_ASN1_CONTEXT_SPECIFIC;
static const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

const char pki_malformed_san[] =
    "subjectAltName is malformed: it is empty, holds no GeneralName, or a text that is not ASCII";

/* id-ce-subjectAltName, RFC 5280 4.2.1.6 */
static const uint8_t id_subject_alt_name[] = {0x55, 0x1d, 0x11};

/* rfc822Name, dNSName and uniformResourceIdentifier are IA5String; beyond what is visible, a NUL say, is what
 * makes readers see another name. */
static int is_visible_ascii(CBS text)
{
    for (size_t i = 0; i < CBS_len(&text); i++)
        if (CBS_data(&text)[i] < 0x20 || CBS_data(&text)[i] > 0x7e)
            return 0;
    return CBS_len(&text) != 0;
}

/* GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName (RFC 5280 4.2.1.6), each with a tag of its form: the
 * value goes into a certificate as it is, so it must be DER itself. */
static int is_general_names(struct bytes value)
{
    enum {
        CONSTRUCTED_FORMS = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 5,
        TEXT_FORMS = 1 << 1 | 1 << 2 | 1 << 6,
        LAST_FORM = 8
    };
    CBS cbs = cbs_of(value), names, name;
    CBS_ASN1_TAG tag;

    if (!der_is_strict(NULL, NULL, value, BOUND_DER_DEPTH) ||
        !CBS_get_asn1(&cbs, &names, CBS_ASN1_SEQUENCE) || CBS_len(&names) == 0)
        return 0;
    while (CBS_len(&names) != 0) {
        if (!CBS_get_any_asn1(&names, &name, &tag) ||
            (tag & CBS_ASN1_CLASS_MASK) != CBS_ASN1_CONTEXT_SPECIFIC ||
            (tag & CBS_ASN1_TAG_NUMBER_MASK) > LAST_FORM ||
            ((tag & CBS_ASN1_CONSTRUCTED) != 0) !=
                (CONSTRUCTED_FORMS >> (tag & CBS_ASN1_TAG_NUMBER_MASK) & 1) ||
            ((TEXT_FORMS >> (tag & CBS_ASN1_TAG_NUMBER_MASK) & 1) != 0 && !is_visible_ascii(name)))
            return 0;
    }
    return 1;
}

int pki_get_extension(struct certificate_extension *out, CBS *list)
{
    CBS extension, oid, value;

    out->critical = 0;
    if (!CBS_get_asn1(list, &extension, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&extension, &oid, CBS_ASN1_OBJECT) ||
        (CBS_peek_asn1_tag(&extension, CBS_ASN1_BOOLEAN) && !CBS_get_asn1_bool(&extension, &out->critical)) ||
        !CBS_get_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) || CBS_len(&extension) != 0)
        return 0;
    out->oid = bytes_of_cbs(&oid);
    out->value = bytes_of_cbs(&value);
    return 1;
}

int pki_get_extensions(struct cert_template *out, CBS list)
{
    while (CBS_len(&list) != 0) {
        struct certificate_extension beyond, *extension = out->extension_count < BOUND_EXTENSIONS
                                                              ? &out->extensions[out->extension_count]
                                                              : &beyond;
        if (!pki_get_extension(extension, &list))
            return 0;
        for (size_t i = 0; i < out->extension_count; i++)
            if (bytes_equal(out->extensions[i].oid, extension->oid))
                out->repeated_oid = extension->oid;
        if (extension == &beyond)
            out->more_extensions = 1;
        else
            out->extension_count++;
        if (bytes_equal(extension->oid, bytes_of(id_subject_alt_name, sizeof id_subject_alt_name))) {
            out->malformed_san = !is_general_names(extension->value);
            if (out->malformed_san)
                return 0;
            out->san = extension->value;
        }
    }
    return 1;
}

/* [number] Name: a CHOICE, hence explicit. */
static int get_name(struct bytes *out, CBS *tmpl, unsigned number)
{
    CBS field, name;
    int present;

    if (!CBS_get_optional_asn1(tmpl, &field, &present, constructed | number))
        return 0;
    if (!present)
        return 1;
    if (!CBS_get_asn1_element(&field, &name, CBS_ASN1_SEQUENCE) || CBS_len(&field) != 0)
        return 0;
    *out = bytes_of_cbs(&name);
    return 1;
}

/* [number] Time of OptionalValidity: a CHOICE, hence explicit. */
static int get_time(int64_t *out, CBS *validity, unsigned number)
{
    CBS field;
    int present;

    *out = TEMPLATE_NO_TIME;
    return CBS_get_optional_asn1(validity, &field, &present, constructed | number) &&
           (!present || (der_get_time(&field, out) && CBS_len(&field) == 0));
}

int pki_retag_sequence(struct bytes *out, struct arena *arena, struct bytes content)
{
    CBB cbb;
    int ok = CBB_init(&cbb, content.len + 8) && der_add_octets(&cbb, CBS_ASN1_SEQUENCE, content);

    return der_finish(out, arena, &cbb, ok);
}

int pki_get_template(struct cert_template *out, struct arena *arena, CBS tmpl)
{
    CBS field;
    int present, has_issuer_uid, has_subject_uid;

    *out = (struct cert_template){.version = -1};
    if (!CBS_get_optional_asn1(&tmpl, &field, &present, primitive | 0))
        return 0;
    if (present)
        out->version = CBS_len(&field) == 1 ? CBS_data(&field)[0] : INT64_MAX;
    if (!CBS_get_optional_asn1(&tmpl, &field, &present, primitive | 1) || (present && CBS_len(&field) == 0))
        return 0;
    if (present)
        out->serial = bytes_of_cbs(&field);
    if (!CBS_get_optional_asn1(&tmpl, &field, &present, constructed | 2) || (present && CBS_len(&field) == 0))
        return 0;
    if (present)
        out->signing_alg = bytes_of_cbs(&field);
    if (!get_name(&out->issuer, &tmpl, 3) ||
        !CBS_get_optional_asn1(&tmpl, &field, &out->has_validity, constructed | 4))
        return 0;
    if (out->has_validity && (!get_time(&out->not_before, &field, 0) ||
                              !get_time(&out->not_after, &field, 1) || CBS_len(&field) != 0))
        return 0;
    if (!get_name(&out->subject, &tmpl, 5) ||
        !CBS_get_optional_asn1(&tmpl, &field, &present, constructed | 6) ||
        (present && !pki_retag_sequence(&out->spki, arena, bytes_of_cbs(&field))) ||
        !CBS_get_optional_asn1(&tmpl, NULL, &has_issuer_uid, primitive | 7) ||
        !CBS_get_optional_asn1(&tmpl, NULL, &has_subject_uid, primitive | 8) ||
        !CBS_get_optional_asn1(&tmpl, &field, &present, constructed | 9))
        return 0;
    out->has_uid = has_issuer_uid | has_subject_uid;
    return (!present || pki_get_extensions(out, field)) && CBS_len(&tmpl) == 0;
}

/* ---- for clients ---- */

static int add_name(CBB *tmpl, unsigned number, struct bytes name)
{
    return name.len == 0 || der_add_octets(tmpl, constructed | number, name);
}

static int add_time(CBB *validity, unsigned number, int64_t at)
{
    CBB field;

    return at == TEMPLATE_NO_TIME || (CBB_add_asn1(validity, &field, constructed | number) &&
                                      der_add_time(&field, at) && CBB_flush(validity));
}

static int add_validity(CBB *tmpl, const struct cert_template *in)
{
    CBB validity;

    return !in->has_validity ||
           (CBB_add_asn1(tmpl, &validity, constructed | 4) && add_time(&validity, 0, in->not_before) &&
            add_time(&validity, 1, in->not_after) && CBB_flush(tmpl));
}

static int add_key(CBB *tmpl, struct bytes spki)
{
    CBS cbs = cbs_of(spki), content;

    return spki.len == 0 || (CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) &&
                             der_add_octets(tmpl, constructed | 6, bytes_of_cbs(&content)));
}

int pki_add_extension(CBB *list, const struct certificate_extension *in)
{
    CBB extension;

    return CBB_add_asn1(list, &extension, CBS_ASN1_SEQUENCE) && der_add_oid(&extension, in->oid) &&
           (!in->critical || CBB_add_asn1_bool(&extension, 1)) &&
           der_add_octets(&extension, CBS_ASN1_OCTETSTRING, in->value) && CBB_flush(list);
}

static int add_extensions(CBB *tmpl, const struct cert_template *in)
{
    CBB list;

    if (in->extension_count == 0)
        return 1;
    if (!CBB_add_asn1(tmpl, &list, constructed | 9))
        return 0;
    for (size_t i = 0; i < in->extension_count; i++)
        if (!pki_add_extension(&list, &in->extensions[i]))
            return 0;
    return CBB_flush(tmpl);
}

int pki_add_template(CBB *cbb, const struct cert_template *in)
{
    CBB tmpl;
    uint8_t version = (uint8_t)in->version;

    return CBB_add_asn1(cbb, &tmpl, CBS_ASN1_SEQUENCE) &&
           (in->version < 0 || der_add_octets(&tmpl, primitive | 0, bytes_of(&version, 1))) &&
           (in->serial.len == 0 || der_add_octets(&tmpl, primitive | 1, in->serial)) &&
           (in->signing_alg.len == 0 || der_add_octets(&tmpl, constructed | 2, in->signing_alg)) &&
           add_name(&tmpl, 3, in->issuer) && add_validity(&tmpl, in) && add_name(&tmpl, 5, in->subject) &&
           add_key(&tmpl, in->spki) && add_extensions(&tmpl, in) && CBB_flush(cbb);
}
