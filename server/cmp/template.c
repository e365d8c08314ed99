/* What holds for a CertTemplate wherever it stands (RFC 4211 section 5). */
#include "crypto/extension_names.h"
#include "server/cmp/internal.h"

enum cmp_turn cmp_refuse_template(struct cmp_message *m, const char *format, const char *what)
{
    const char *text = arena_printf(m->arena, format, what);

    return cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE, text != NULL ? text : what);
}

enum cmp_turn cmp_check_extensions(struct cmp_message *m, const struct cert_template *tmpl)
{
    /* RFC 5280 4.2: "A certificate MUST NOT include more than one instance of a particular extension." */
    if (tmpl->repeated_oid.len != 0)
        return cmp_refuse_template(m, "the extension %s stands twice in the template",
                                   extension_name(m->arena, tmpl->repeated_oid));
    if (tmpl->more_extensions)
        return cmp_refuse_body(
            m, PKI_BAD_CERT_TEMPLATE,
            arena_printf(m->arena, "the template has more than %d extensions", BOUND_EXTENSIONS));
    return CMP_ON;
}

/* Why, the operator knows, or finds in the list: whoever has the key is told what to do. */
enum cmp_turn cmp_refuse_blocked(struct cmp_message *m)
{
    const struct store_blocked_key *row = m->blocked;
    char hex[2 * CMP_HASH + 1];

    cmp_refuse_body(m, PKI_BAD_CERT_TEMPLATE, "publicKey is not certified any more: make a new key");
    log_hex(hex, sizeof hex, bytes_of(m->key_hash, CMP_HASH));
    m->refusal.detail =
        row != NULL
            ? arena_printf(m->arena, "the key %s is blocked, CRLReason %d: cmpctl key list tells since when",
                           hex, row->reason)
            : arena_printf(m->arena, "the key %s was blocked meanwhile: see cmpctl key list", hex);
    return CMP_REFUSED;
}
