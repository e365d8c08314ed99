/* decode_asn1.h: the tables of cmpctl decode held against the ASN.1 of the RFCs, for tests of the tables. */
#ifndef CMPD_TESTS_UNIT_CTL_DECODE_ASN1_H
#define CMPD_TESTS_UNIT_CTL_DECODE_ASN1_H

#include "tests/unit/ctl/decode_fixture.h"

enum { ASN1_TYPES_MAX = 512 };

static const struct decode_type *asn1_types[ASN1_TYPES_MAX];
static size_t asn1_type_count;

/* asn1_collect adds |type| and all that it is made of. */
static void asn1_collect(const struct decode_type *type)
{
    if (type == NULL)
        return;
    for (size_t i = 0; i < asn1_type_count; i++)
        if (asn1_types[i] == type)
            return;
    cr_assert_lt(asn1_type_count, ASN1_TYPES_MAX);
    asn1_types[asn1_type_count++] = type;
    for (const struct decode_field *field = type->fields; field != NULL && field->name != NULL; field++)
        asn1_collect(field->type);
    asn1_collect(type->of);
}

static const char *asn1_reference(const struct decode_type *type)
{
    return type->form == FORM_ANY ? "ANY" : type->form == FORM_OPEN ? "ANY DEFINED BY" : type->name;
}

static void asn1_put_fields(FILE *out, const struct decode_type *type)
{
    for (const struct decode_field *field = type->fields; field->name != NULL; field++) {
        fprintf(out, "%s %s ", field == type->fields ? "" : ",", field->name);
        if (field->tagging != 0)
            fprintf(out, "[%u] %s ", field->tagging & 0xff,
                    (field->tagging & ~0xffU) == EXPLICIT   ? "EXPLICIT"
                    : (field->tagging & ~0xffU) == IMPLICIT ? "IMPLICIT"
                                                            : "?");
        fprintf(out, "%s%s", asn1_reference(field->type), (field->flags & OPTIONAL) != 0 ? " OPTIONAL" : "");
    }
}

/* asn1_of is |type| as an ASN.1 module defines it; DEFAULT is OPTIONAL here, and modes are always named. */
static const char *asn1_of(const struct decode_type *type)
{
    const char *of_many = type->tag == CBS_ASN1_SEQUENCE ? "SEQUENCE"
                          : type->tag == CBS_ASN1_SET    ? "SET"
                                                         : "?";
    char *text, *kept;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    must(out != NULL);
    fprintf(out, "%s ::= ", type->name);
    if (type->form == FORM_SEQUENCE || type->form == FORM_CHOICE) {
        fprintf(out, "%s {", type->form == FORM_CHOICE ? "CHOICE" : of_many);
        asn1_put_fields(out, type);
        fprintf(out, " }");
    } else if (type->form == FORM_LIST) {
        fprintf(out, "%s %sOF %s", of_many, (type->flags & FILLED) != 0 ? "SIZE (1..MAX) " : "",
                asn1_reference(type->of));
    } else if (type->form == FORM_VALUE && decode_value_of(type->tag) != NULL) {
        fprintf(out, "%s", decode_value_of(type->tag)->name);
        for (const struct decode_name *name = type->names; name != NULL && name->name != NULL; name++)
            fprintf(out, "%s %s(%d)", name == type->names ? " {" : ",", name->name, (int)name->value);
        fprintf(out, "%s", type->names != NULL ? " }" : "");
    }
    fclose(out);
    kept = arena_printf(arena, "%s", text);
    free(text);
    return kept;
}

/* are_defined checks that among what |roots| (the last is NULL) are made of there is each of the
 * |definitions|. */
static void are_defined(const struct decode_type *const *roots, const char *const *definitions, size_t count)
{
    asn1_type_count = 0;
    for (; *roots != NULL; roots++)
        asn1_collect(*roots);
    for (size_t i = 0; i < count; i++) {
        const char *nearest = "no such name";
        size_t name_len = strcspn(definitions[i], ":"), found = 0;
        for (size_t j = 0; j < asn1_type_count; j++) {
            const char *text = asn1_of(asn1_types[j]);
            found += strcmp(text, definitions[i]) == 0;
            if (strncmp(text, definitions[i], name_len + 1) == 0)
                nearest = text;
        }
        cr_expect_neq(found, 0, "%s\nis none of ours; there is\n%s", definitions[i], nearest);
    }
}

#endif
