/* A message is held against the tables of types, element by element, and written on the way. */
#include <stdarg.h>

#include "server/ctl/decode.h"

enum { NO_INDEX = -1 };

static const CBS_ASN1_TAG field_tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

struct walk {
    struct decode_printer *printer;
    struct decode_fault *fault; /* the first one stays */
    const uint8_t *start;
};

/* What a part knows of where it stands. */
struct here {
    const struct here *up;
    const char *name;
    long index;       /* in a list, else NO_INDEX */
    unsigned depth;   /* of a line of its own */
    unsigned level;   /* of elements around it */
    int cut;          /* 1: what it is in ends with the input, before its length says so */
    int is_label;     /* 1: its value is the label of the line */
    struct bytes oid; /* the OBJECT IDENTIFIER before it, for FORM_OPEN */
};

static int walk_type(struct walk *w, const struct here *here, CBS *in, const struct decode_type *type,
                     CBS_ASN1_TAG tag);

/* ---- faults ---- */

static void put_path(FILE *out, const struct here *here)
{
    if (here->up != NULL) {
        put_path(out, here->up);
        if (here->index == NO_INDEX)
            fputc('.', out);
    }
    if (here->index == NO_INDEX)
        fputs(here->name, out);
    else
        fprintf(out, "[%ld]", here->index);
}

static int fault(struct walk *w, const struct here *here, const uint8_t *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int fault(struct walk *w, const struct here *here, const uint8_t *at, const char *format, ...)
{
    struct decode_fault *f = w->fault;
    FILE *path;
    va_list args;

    if (f->reason[0] != 0)
        return 0;
    f->at = (size_t)(at - w->start);
    path = fmemopen(f->path, sizeof f->path - 1, "w");
    if (path != NULL) {
        put_path(path, here);
        fclose(path);
    }
    va_start(args, format);
    vsnprintf(f->reason, sizeof f->reason, format, args);
    va_end(args);
    return 0;
}

/* ---- elements ---- */

/* An element that goes beyond the end of the input is read as far as it is there, so that all of a message
 * that was cut can be shown; one that only goes beyond what it is in has a wrong length. */
static int get(struct walk *w, const struct here *here, CBS *in, struct decode_element *out)
{
    const uint8_t *at = CBS_data(in);
    const char *reason = decode_element_read(out, in);

    if (reason != NULL)
        return fault(w, here, at, "%s", reason);
    if (here->level > DECODE_DEPTH)
        return fault(w, here, at, "nested too deep");
    if (out->missing != 0 && here->cut)
        fault(w, here, at, "the input is cut off: %zu octets more are announced", out->missing);
    else if (out->missing != 0)
        return fault(w, here, at, "it ends %zu octets beyond what it is in", out->missing);
    return 1;
}

static int peek(CBS in, struct decode_element *out)
{
    return decode_element_read(out, &in) == NULL;
}

static int content_is_right(struct walk *w, const struct here *here, const struct decode_element *element,
                            CBS_ASN1_TAG tag)
{
    CBS content = cbs_of(element->content);
    const char *reason = element->missing == 0 ? der_content_fault(tag, &content) : NULL;

    if (reason != NULL)
        return fault(w, here, element->whole.data, "%s", reason);
    return element->missing == 0 || (tag & CBS_ASN1_CONSTRUCTED) != 0;
}

/* The line that a value goes on: that of the part it belongs to, or its own if that one is full. */
static void want_line(struct walk *w, const struct here *here)
{
    char label[DECODE_TEXT_MAX];

    if (w->printer->pending)
        return;
    snprintf(label, sizeof label, "[%ld]", here->index);
    decode_print_begin(w->printer, here->depth, here->index == NO_INDEX ? here->name : label);
}

static struct here below(const struct walk *w, const struct here *here, const struct decode_element *element)
{
    struct here inner = *here; /* the same place, one level down */

    inner.depth = w->printer->pending ? w->printer->depth + 1 : here->depth;
    inner.level = here->level + 1;
    inner.cut = element->missing != 0;
    inner.is_label = 0;
    return inner;
}

/* ---- fields ---- */

static CBS_ASN1_TAG implicit_tag(const struct decode_field *field)
{
    return CBS_ASN1_CONTEXT_SPECIFIC | (field->type->tag & CBS_ASN1_CONSTRUCTED) | (field->tagging & 0xff);
}

static int field_matches(const struct decode_field *field, CBS_ASN1_TAG tag)
{
    const struct decode_type *type = field->type;

    if ((field->tagging & EXPLICIT) != 0)
        return tag == (field_tag | (field->tagging & 0xff));
    if ((field->tagging & IMPLICIT) != 0)
        return tag == implicit_tag(field);
    if (type->form == FORM_ANY || type->form == FORM_OPEN)
        return 1;
    if (type->form != FORM_CHOICE)
        return tag == type->tag;
    for (const struct decode_field *choice = type->fields; choice->name != NULL; choice++)
        if (field_matches(choice, tag))
            return 1;
    return 0;
}

static const char *expected(char out[DECODE_TEXT_MAX], const struct decode_field *field)
{
    if ((field->tagging & EXPLICIT) != 0)
        return decode_tag_text(out, field_tag | (field->tagging & 0xff));
    if ((field->tagging & IMPLICIT) != 0)
        return decode_tag_text(out, implicit_tag(field));
    return field->type->form == FORM_CHOICE ? field->type->name : decode_tag_text(out, field->type->tag);
}

static int walk_tagged(struct walk *w, const struct here *here, CBS *in, const struct decode_field *field)
{
    struct decode_element outer;
    struct here inner;
    CBS content;

    if ((field->tagging & EXPLICIT) == 0)
        return walk_type(w, here, in, field->type,
                         field->tagging != 0 ? implicit_tag(field) : field->type->tag);
    if (!get(w, here, in, &outer))
        return 0;
    inner = *here;
    inner.level++;
    inner.cut = outer.missing != 0;
    content = cbs_of(outer.content);
    if (!walk_type(w, &inner, &content, field->type, field->type->tag))
        return 0;
    return CBS_len(&content) == 0 ||
           fault(w, here, CBS_data(&content), "there is more than one element in the tag");
}

static int walk_field(struct walk *w, const struct here *around, CBS *in, const struct decode_field *field)
{
    struct here here = *around;
    int ok;

    here.up = around;
    here.name = field->name;
    here.index = NO_INDEX;
    here.is_label = (field->flags & LABEL) != 0;
    w->printer->quiet += (field->flags & HIDDEN) != 0;
    if ((field->flags & (BARE | LABEL)) == 0)
        decode_print_begin(w->printer, here.depth, field->name);
    ok = walk_tagged(w, &here, in, field);
    if ((field->flags & (BARE | LABEL)) == 0)
        decode_print_end(w->printer);
    w->printer->quiet -= (field->flags & HIDDEN) != 0;
    return ok;
}

/* ---- forms ---- */

static int walk_sequence(struct walk *w, struct here *here, CBS *content, const struct decode_type *type)
{
    struct here missing = *here;
    struct decode_element next;
    char found[DECODE_TEXT_MAX], wanted[DECODE_TEXT_MAX];

    here->oid = bytes_of(NULL, 0);
    missing.up = here;
    for (const struct decode_field *field = type->fields; field->name != NULL; field++) {
        int there = CBS_len(content) != 0 && peek(*content, &next);
        if (there && field_matches(field, next.tag)) {
            if (here->oid.data == NULL && next.tag == CBS_ASN1_OBJECT)
                here->oid = next.content;
            if (!walk_field(w, here, content, field))
                return 0;
            continue;
        }
        if ((field->flags & OPTIONAL) != 0 && (there || CBS_len(content) == 0))
            continue;
        missing.name = field->name;
        missing.index = NO_INDEX;
        if (CBS_len(content) == 0)
            return fault(w, &missing, CBS_data(content), "it is missing");
        if (!there) /* says itself what is wrong */
            return get(w, (field->flags & OPTIONAL) != 0 ? here : &missing, content, &next);
        return fault(w, &missing, CBS_data(content), "%s expected, %s found", expected(wanted, field),
                     decode_tag_text(found, next.tag));
    }
    if (CBS_len(content) == 0)
        return 1;
    if (!peek(*content, &next))
        return get(w, here, content, &next);
    return fault(w, here, CBS_data(content), "%s does not belong here", decode_tag_text(found, next.tag));
}

static int walk_list(struct walk *w, const struct here *around, CBS *content, const struct decode_type *type)
{
    const struct decode_field element = {"", type->of, 0, 0};
    int one_line = (type->flags & ONE_LINE) != 0, counted = (type->flags & COUNTED) != 0, ok = 1;
    char label[DECODE_TEXT_MAX], wanted[DECODE_TEXT_MAX];
    struct here here = *around;
    struct decode_element next;

    here.up = around;
    w->printer->quiet += (unsigned)counted;
    for (here.index = 0; ok && CBS_len(content) != 0; here.index++) {
        int begins = !one_line || !w->printer->pending;
        snprintf(label, sizeof label, "[%ld]", here.index);
        if (begins)
            decode_print_begin(w->printer, here.depth, label);
        else if (here.index != 0)
            decode_print_another(w->printer);
        if (peek(*content, &next) && !field_matches(&element, next.tag))
            ok = fault(w, &here, CBS_data(content), "%s expected, %s found", expected(wanted, &element),
                       decode_tag_text(label, next.tag));
        ok = ok && walk_type(w, &here, content, type->of, type->of->tag);
        if (begins)
            decode_print_end(w->printer);
    }
    w->printer->quiet -= (unsigned)counted;
    if (ok && here.index == 0 && (type->flags & FILLED) != 0 && !around->cut)
        return fault(w, around, CBS_data(content), "it is empty: %s has at least one element", type->name);
    if (ok && (counted || here.index == 0)) {
        want_line(w, around);
        if (here.index == 0)
            decode_print_value(w->printer, "(none)");
        else
            decode_print_value(w->printer, here.index == 1 ? "%ld entry" : "%ld entries", here.index);
    }
    return ok;
}

static int walk_choice(struct walk *w, const struct here *here, CBS *in, const struct decode_type *type)
{
    struct decode_element next;
    char found[DECODE_TEXT_MAX];

    if (!peek(*in, &next))
        return get(w, here, in, &next);
    for (const struct decode_field *choice = type->fields; choice->name != NULL; choice++) {
        struct here inner = *here;
        if (!field_matches(choice, next.tag))
            continue;
        if ((choice->flags & BARE) == 0) {
            want_line(w, here);
            decode_print_value(w->printer, "%s", choice->name);
            inner.up = here;
            inner.name = choice->name;
            inner.index = NO_INDEX;
        }
        w->printer->quiet += (choice->flags & HIDDEN) != 0;
        int ok = walk_tagged(w, &inner, in, choice);
        w->printer->quiet -= (choice->flags & HIDDEN) != 0;
        return ok;
    }
    return fault(w, here, CBS_data(in), "%s expected, %s found", type->name,
                 decode_tag_text(found, next.tag));
}

/* Without a type an element is taken apart as far as its tags tell what it is. */
static int walk_any(struct walk *w, const struct here *here, CBS *in)
{
    struct decode_element element, next;
    const struct decode_type *type = peek(*in, &element) ? decode_value_of(element.tag) : NULL;
    struct here around, inner;
    char label[DECODE_TEXT_MAX];
    CBS content;

    if (type != NULL)
        return walk_type(w, here, in, type, type->tag);
    if (!get(w, here, in, &element) || !content_is_right(w, here, &element, element.tag))
        return 0;
    if ((element.tag & CBS_ASN1_CONSTRUCTED) == 0) {
        want_line(w, here);
        decode_print_octets(w->printer, element.content);
        return 1;
    }
    if (element.content.len == 0 && element.missing == 0) {
        want_line(w, here);
        decode_print_value(w->printer, "(empty)");
    }
    around = below(w, here, &element);
    inner = around;
    inner.up = &around;
    content = cbs_of(element.content);
    for (inner.index = 0; CBS_len(&content) != 0; inner.index++) {
        if (!peek(content, &next))
            return get(w, &inner, &content, &next);
        decode_print_begin(w->printer, inner.depth, decode_tag_text(label, next.tag));
        if (!walk_any(w, &inner, &content))
            return 0;
        decode_print_end(w->printer);
    }
    return 1;
}

static int walk_value(struct walk *w, const struct here *here, const struct decode_type *type,
                      const struct decode_element *element)
{
    char label[DECODE_TEXT_MAX];

    if (!content_is_right(w, here, element, type->tag))
        return 0;
    if (here->is_label && w->printer->pending && !w->printer->has_value) {
        decode_print_relabel(w->printer, decode_oid_name(label, element->content));
        return 1;
    }
    want_line(w, here);
    type->show(w->printer, type, element);
    return 1;
}

/* What an OCTET STRING contains is an element of its own; of a type that nobody knows it may be anything. */
static int walk_wrapped(struct walk *w, const struct here *here, const struct decode_type *type,
                        const struct decode_element *element)
{
    struct here inner = *here;
    CBS content = cbs_of(element->content);

    if (type->of->form == FORM_OPEN && decode_oid_type(here->oid) == NULL)
        return walk_value(w, here, &decode_octets, element);
    inner.level++;
    inner.cut = element->missing != 0;
    return walk_type(w, &inner, &content, type->of, type->of->tag) &&
           (CBS_len(&content) == 0 ||
            fault(w, here, CBS_data(&content), "there is more than one element in the OCTET STRING"));
}

static int walk_parts(struct walk *w, const struct here *here, const struct decode_type *type,
                      const struct decode_element *element)
{
    int summed_up = (type->flags & SUMMED_UP) != 0, ok;
    struct here inner = below(w, here, element);
    CBS content = cbs_of(element->content);

    w->printer->quiet += (unsigned)summed_up;
    ok = type->form == FORM_LIST ? walk_list(w, &inner, &content, type)
                                 : walk_sequence(w, &inner, &content, type);
    w->printer->quiet -= (unsigned)summed_up;
    if (!ok || element->missing != 0)
        return 0;
    if (element->content.len == 0 && type->form == FORM_SEQUENCE) {
        want_line(w, here);
        decode_print_value(w->printer, "%s", type->names != NULL ? type->names->name : "(empty)");
    } else if (summed_up) {
        want_line(w, here);
        type->show(w->printer, type, element);
    } else if ((type->flags & ADDED_TO) != 0) {
        decode_print_end(w->printer);
        w->printer->depth = inner.depth;
        type->show(w->printer, type, element);
    }
    return 1;
}

/* |tag| is that of the element, which a field may have changed. */
static int walk_type(struct walk *w, const struct here *here, CBS *in, const struct decode_type *type,
                     CBS_ASN1_TAG tag)
{
    const uint8_t *at = CBS_data(in);
    struct decode_element element;
    char wanted[DECODE_TEXT_MAX], found[DECODE_TEXT_MAX];
    const struct decode_type *open;

    switch (type->form) {
    case FORM_CHOICE:
        return walk_choice(w, here, in, type);
    case FORM_ANY:
        return walk_any(w, here, in);
    case FORM_OPEN:
        open = decode_oid_type(here->oid);
        return open != NULL ? walk_type(w, here, in, open, open->tag) : walk_any(w, here, in);
    default:
        break;
    }
    if (!get(w, here, in, &element))
        return 0;
    if (element.tag != tag)
        return fault(w, here, at, "%s expected, %s found", decode_tag_text(wanted, tag),
                     decode_tag_text(found, element.tag));
    if (type->form == FORM_VALUE)
        return walk_value(w, here, type, &element);
    if (type->form == FORM_WRAPPED)
        return walk_wrapped(w, here, type, &element);
    return walk_parts(w, here, type, &element);
}

int decode_walk(struct decode_printer *printer, struct decode_fault *found, const struct decode_type *type,
                struct bytes der)
{
    struct walk w = {printer, found, der.data};
    const struct here here = {.name = type->name, .index = NO_INDEX, .cut = 1};
    CBS in = cbs_of(der);

    *found = (struct decode_fault){0};
    if (walk_type(&w, &here, &in, type, type->tag) && CBS_len(&in) != 0)
        fault(&w, &here, CBS_data(&in), "%zu octets after the end", CBS_len(&in));
    decode_print_end(printer);
    return found->reason[0] == 0;
}
