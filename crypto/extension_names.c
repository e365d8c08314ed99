/* The names of extensions, as RFC 5280 4.2 has them. */
#include "crypto/extension_names.h"

#include "crypto/der.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

static const struct known {
    const char *name;
    struct bytes oid;
} known[EXTENSION_OTHER] = {
    [EXTENSION_SUBJECT_ALT_NAME] = {"subjectAltName", BYTES("\x55\x1d\x11")},
    [EXTENSION_KEY_USAGE] = {"keyUsage", BYTES("\x55\x1d\x0f")},
    [EXTENSION_EXTENDED_KEY_USAGE] = {"extendedKeyUsage", BYTES("\x55\x1d\x25")},
    [EXTENSION_CERTIFICATE_POLICIES] = {"certificatePolicies", BYTES("\x55\x1d\x20")},
    [EXTENSION_BASIC_CONSTRAINTS] = {"basicConstraints", BYTES("\x55\x1d\x13")},
    [EXTENSION_NAME_CONSTRAINTS] = {"nameConstraints", BYTES("\x55\x1d\x1e")},
    [EXTENSION_POLICY_CONSTRAINTS] = {"policyConstraints", BYTES("\x55\x1d\x24")},
    [EXTENSION_POLICY_MAPPINGS] = {"policyMappings", BYTES("\x55\x1d\x21")},
    [EXTENSION_INHIBIT_ANY_POLICY] = {"inhibitAnyPolicy", BYTES("\x55\x1d\x36")},
    [EXTENSION_SUBJECT_KEY_IDENTIFIER] = {"subjectKeyIdentifier", BYTES("\x55\x1d\x0e")},
    [EXTENSION_AUTHORITY_KEY_IDENTIFIER] = {"authorityKeyIdentifier", BYTES("\x55\x1d\x23")},
    [EXTENSION_CRL_DISTRIBUTION_POINTS] = {"cRLDistributionPoints", BYTES("\x55\x1d\x1f")},
    [EXTENSION_AUTHORITY_INFO_ACCESS] = {"authorityInfoAccess", BYTES("\x2b\x06\x01\x05\x05\x07\x01\x01")},
    [EXTENSION_FRESHEST_CRL] = {"freshestCRL", BYTES("\x55\x1d\x2e")},
    [EXTENSION_NO_REV_AVAIL] = {"noRevAvail", BYTES("\x55\x1d\x38")},
    [EXTENSION_NF_TYPES] = {"nfTypes", BYTES("\x2b\x06\x01\x05\x05\x07\x01\x22")},
};

enum extension extension_of(struct bytes oid)
{
    enum extension extension = 0;

    while (extension < EXTENSION_OTHER && !bytes_equal(known[extension].oid, oid))
        extension++;
    return extension;
}

enum extension extension_named(const char *name)
{
    enum extension extension = 0;

    while (extension < EXTENSION_OTHER && strcmp(known[extension].name, name) != 0)
        extension++;
    return extension;
}

struct bytes extension_oid(enum extension extension)
{
    return known[extension].oid;
}

const char *extension_name(struct arena *arena, struct bytes oid)
{
    char dotted[128];
    const char *text;
    enum extension extension = extension_of(oid);

    if (extension != EXTENSION_OTHER)
        return known[extension].name;
    text = arena_printf(arena, "%s", der_oid_text(dotted, sizeof dotted, oid));
    return text != NULL ? text : "?";
}
