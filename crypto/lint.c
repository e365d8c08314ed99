/* A TBSCertificate is read once, and then held against each rule (lint_rules.c). */
#include "crypto/lint_internal.h"

enum { DEPTH = 24 };

/* ---- reading ---- */

static int read_extension(struct lint_view *view, CBS *list)
{
    struct certificate_extension *out = &view->all[view->count];
    CBS extension, oid, value;
    enum extension which;

    if (view->count == LINT_EXTENSIONS_MAX || !CBS_get_asn1(list, &extension, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&extension, &oid, CBS_ASN1_OBJECT))
        return 0;
    out->critical = 0;
    if (CBS_peek_asn1_tag(&extension, CBS_ASN1_BOOLEAN) && !CBS_get_asn1_bool(&extension, &out->critical))
        return 0;
    if (!CBS_get_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) || CBS_len(&extension) != 0)
        return 0;
    out->oid = bytes_of_cbs(&oid);
    out->value = bytes_of_cbs(&value);
    which = extension_of(out->oid);
    if (which != EXTENSION_OTHER && view->known[which] == NULL)
        view->known[which] = out;
    view->count++;
    return 1;
}

static int read_validity(struct lint_view *view, CBS *tbs)
{
    int64_t *times[2] = {&view->not_before, &view->not_after};
    CBS validity, copy;

    if (!CBS_get_asn1(tbs, &validity, CBS_ASN1_SEQUENCE))
        return 0;
    for (int i = 0; i < 2; i++) {
        copy = validity;
        if (!CBS_get_any_asn1_element(&copy, NULL, &view->time_tags[i], NULL) ||
            !der_get_time(&validity, times[i]))
            return 0;
    }
    return CBS_len(&validity) == 0;
}

/* What several rules ask for. */
static int read_constraints(struct lint_view *view)
{
    const struct certificate_extension *basic = view->known[EXTENSION_BASIC_CONSTRAINTS],
                                       *usage = view->known[EXTENSION_KEY_USAGE];
    CBS value, sequence;

    view->path_len = -1;
    if (usage != NULL) {
        value = cbs_of(usage->value);
        if (!der_get_named_bits(&value, &view->usage) || CBS_len(&value) != 0)
            return 0;
    }
    if (basic == NULL)
        return 1;
    value = cbs_of(basic->value);
    if (!CBS_get_asn1(&value, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 ||
        (CBS_peek_asn1_tag(&sequence, CBS_ASN1_BOOLEAN) && !CBS_get_asn1_bool(&sequence, &view->is_ca)) ||
        (CBS_len(&sequence) != 0 && !der_get_int64(&sequence, &view->path_len)))
        return 0;
    return CBS_len(&sequence) == 0;
}

static int read_frame(struct lint_view *view, CBS *tbs)
{
    const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;
    CBS version, serial, name;
    int present;

    if (!CBS_get_optional_asn1(tbs, &version, &present, constructed | 0) ||
        (present && (!der_get_int64(&version, &view->version) || CBS_len(&version) != 0)) ||
        !CBS_get_asn1(tbs, &serial, CBS_ASN1_INTEGER) || !CBS_get_asn1(tbs, NULL, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1_element(tbs, &name, CBS_ASN1_SEQUENCE))
        return 0;
    view->serial = bytes_of_cbs(&serial);
    view->issuer = bytes_of_cbs(&name);
    if (!read_validity(view, tbs) || !CBS_get_asn1_element(tbs, &name, CBS_ASN1_SEQUENCE))
        return 0;
    view->subject = bytes_of_cbs(&name);
    if (!CBS_get_asn1_element(tbs, &name, CBS_ASN1_SEQUENCE))
        return 0;
    view->spki = bytes_of_cbs(&name);
    for (CBS_ASN1_TAG tag = 1; tag <= 2; tag++) {
        if (!CBS_get_optional_asn1(tbs, NULL, &present, CBS_ASN1_CONTEXT_SPECIFIC | tag))
            return 0;
        view->has_unique_id |= present;
    }
    return 1;
}

static int read_tbs(struct lint_view *view, struct bytes der)
{
    CBS element = cbs_of(der), tbs, extensions, list;
    int present;

    if (!der_is_strict(NULL, NULL, der, DEPTH) || !CBS_get_asn1(&element, &tbs, CBS_ASN1_SEQUENCE) ||
        !read_frame(view, &tbs) ||
        !CBS_get_optional_asn1(&tbs, &extensions, &present,
                               CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 3) ||
        CBS_len(&tbs) != 0)
        return 0;
    if (!present)
        return 1;
    if (!CBS_get_asn1(&extensions, &list, CBS_ASN1_SEQUENCE) || CBS_len(&extensions) != 0 ||
        CBS_len(&list) == 0)
        return 0;
    while (CBS_len(&list) != 0)
        if (!read_extension(view, &list))
            return 0;
    return read_constraints(view);
}

uint64_t certificate_lint(struct arena *arena, struct bytes tbs, enum lint_scope scope)
{
    struct lint_view view = {.arena = arena};
    uint64_t broken = 0;
    size_t count;
    const struct lint_check *checks = lint_checks(&count);

    if (!read_tbs(&view, tbs))
        return 1;
    for (size_t i = 1; i < count; i++)
        if (!(checks[i].of_names && scope == LINT_ALL_BUT_NAMES) && !checks[i].is_kept(&view))
            broken |= UINT64_C(1) << i;
    return broken;
}

size_t lint_count(void)
{
    size_t count;

    lint_checks(&count);
    return count;
}

const struct lint_rule *lint_rule(size_t i)
{
    size_t count;

    return &lint_checks(&count)[i].rule;
}

const char *lint_text(struct arena *arena, uint64_t broken)
{
    const char *text = "";

    for (size_t i = 0; text != NULL && i < lint_count(); i++)
        if ((broken >> i & 1) != 0)
            text = arena_printf(arena, "%s%s%s (%s: %s)", text, *text != 0 ? ", " : "", lint_rule(i)->section,
                                lint_rule(i)->name, lint_rule(i)->says);
    return text;
}
