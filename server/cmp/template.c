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
