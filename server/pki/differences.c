/* What was asked for, or said, of a certificate is held against the certificate. */
#include "server/pki/differences.h"

#include "crypto/extension_names.h"
#include "crypto/name.h"
#include "crypto/name_match.h"

enum { ENOUGH = BOUND_STATUS_STRING / 2 }; /* octets: the list is to fit into a statusString */

struct list {
    struct arena *arena;
    const char *text;
    int is_full;
};

static void add(struct list *list, const char *name)
{
    const char *text;

    if (list->is_full)
        return;
    list->is_full = list->text != NULL && strlen(list->text) + strlen(name) > ENOUGH;
    text = list->text == NULL
               ? name
               : arena_printf(list->arena, "%s, %s", list->text, list->is_full ? "and more" : name);
    list->text = text != NULL ? text : name;
}

static int times_differ(const struct cert_template *tmpl, const struct certificate *cert)
{
    return tmpl->has_validity &&
           ((tmpl->not_before != TEMPLATE_NO_TIME && tmpl->not_before != cert->not_before) ||
            (tmpl->not_after != TEMPLATE_NO_TIME && tmpl->not_after != cert->not_after));
}

static int algorithm_differs(const struct cert_template *tmpl, const struct certificate *cert)
{
    CBS encoded, content;

    if (tmpl->signing_alg.len == 0)
        return 0;
    if (cert->algorithm == NULL)
        return 1;
    encoded = cbs_of(cert->algorithm->encoded);
    return !CBS_get_asn1(&encoded, &content, CBS_ASN1_SEQUENCE) ||
           !bytes_equal(bytes_of_cbs(&content), tmpl->signing_alg);
}

static int key_usage_differs(struct bytes value, const struct certificate *cert)
{
    CBS cbs = cbs_of(value);
    uint64_t asked;

    return !der_get_named_bits(&cbs, &asked) || CBS_len(&cbs) != 0 || asked != cert->key_usage;
}

/* How many purposes |value| has, or -1 if it has one twice, or one that |cert| lacks. */
static int purposes_in(struct bytes value, const struct certificate *cert)
{
    CBS cbs = cbs_of(value), list, oid, rest, other;
    int count = 0;

    if (!CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE))
        return -1;
    for (; CBS_len(&list) != 0; count++) {
        if (!CBS_get_asn1(&list, &oid, CBS_ASN1_OBJECT) || cert->extended_key_usage.len == 0 ||
            !certificate_has_purpose(cert, bytes_of_cbs(&oid)))
            return -1;
        for (rest = list; CBS_get_asn1(&rest, &other, CBS_ASN1_OBJECT);)
            if (bytes_equal(bytes_of_cbs(&other), bytes_of_cbs(&oid)))
                return -1;
    }
    return count;
}

static int purposes_differ(struct bytes value, const struct certificate *cert)
{
    int count = purposes_in(value, cert);

    return count < 0 || count != purposes_in(cert->extended_key_usage, cert);
}

static int extension_differs(const struct certificate_extension *asked, const struct certificate *cert)
{
    static const uint8_t no_ca[2] = {0x30, 0x00};

    switch (extension_of(asked->oid)) {
    case EXTENSION_SUBJECT_ALT_NAME:
        return 0; /* tmpl->san */
    case EXTENSION_KEY_USAGE:
        return key_usage_differs(asked->value, cert);
    case EXTENSION_EXTENDED_KEY_USAGE:
        return purposes_differ(asked->value, cert);
    case EXTENSION_BASIC_CONSTRAINTS:
        /* RFC 5280 4.2.1.9: no extension says the same as one without cA. */
        if (!cert->is_ca && bytes_equal(asked->value, bytes_of(no_ca, sizeof no_ca)))
            return 0;
        break;
    default:
        break;
    }
    return !certificate_has_extension(cert, asked->oid, asked->value);
}

const char *pki_differences(struct arena *arena, const struct cert_template *tmpl,
                            const struct certificate *cert)
{
    struct list list = {.arena = arena};

    if (tmpl->version >= 0 && tmpl->version != 2)
        add(&list, "version");
    if (tmpl->serial.len != 0 && !bytes_equal(tmpl->serial, cert->serial))
        add(&list, "serialNumber");
    if (algorithm_differs(tmpl, cert))
        add(&list, "signingAlg");
    if (tmpl->issuer.len != 0 && !name_equal(tmpl->issuer, cert->issuer))
        add(&list, "issuer");
    if (times_differ(tmpl, cert))
        add(&list, "validity");
    if (tmpl->subject.len != 0 && !name_is_empty(tmpl->subject) && !name_equal(tmpl->subject, cert->subject))
        add(&list, "subject");
    if (tmpl->spki.len != 0 && !bytes_equal(tmpl->spki, cert->spki))
        add(&list, "publicKey");
    if (tmpl->has_uid)
        add(&list, "issuerUID or subjectUID");
    if (tmpl->san.len != 0 && !general_names_equal(tmpl->san, cert->san))
        add(&list, "subjectAltName");
    for (size_t i = 0; i < tmpl->extension_count; i++)
        if (extension_differs(&tmpl->extensions[i], cert))
            add(&list, extension_name(arena, tmpl->extensions[i].oid));
    return list.text;
}
