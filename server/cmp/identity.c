/* Which device a vendor's certificate is of, by the rule of the configuration. */
#include "crypto/algorithms.h"
#include "crypto/name.h"
#include "server/base/star.h"
#include "server/base/utf8.h"
#include "server/cmp/internal.h"

enum { OTHER_NAME = 0, DNS_NAME = 2, URI_NAME = 6 }; /* GeneralName, RFC 5280 4.2.1.6 */

/* id-on-hardwareModuleName, RFC 4108 section 5 */
static const uint8_t id_on_hardware_module_name[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x04};

static int first_general_name(CBS *out, struct bytes san, unsigned number, unsigned constructed)
{
    CBS cbs = cbs_of(san), names, value;
    CBS_ASN1_TAG tag;

    if (!CBS_get_asn1(&cbs, &names, CBS_ASN1_SEQUENCE))
        return 0;
    while (CBS_get_any_asn1(&names, &value, &tag))
        if (tag == (CBS_ASN1_CONTEXT_SPECIFIC | constructed | number)) {
            *out = value;
            return 1;
        }
    return 0;
}

static int is_printable(struct bytes octets)
{
    for (size_t i = 0; i < octets.len; i++)
        if (octets.data[i] <= 0x20 || octets.data[i] >= 0x7f)
            return 0;
    return octets.len != 0;
}

/* What is no text, or could be taken for what stands for that, is written in hexadecimal after a '#'. */
static struct bytes module_text(struct arena *arena, const char *type, struct bytes serial)
{
    static const char digits[] = "0123456789abcdef";
    int as_text = is_printable(serial) && serial.data[0] != '#';
    char *hex = as_text ? NULL : arena_alloc(arena, 2 * serial.len + 1);

    if (as_text)
        return bytes_str(arena_printf(arena, "%s/%.*s", type, (int)serial.len, (const char *)serial.data));
    for (size_t i = 0; hex != NULL && i < serial.len; i++) {
        hex[2 * i] = digits[serial.data[i] >> 4];
        hex[2 * i + 1] = digits[serial.data[i] & 15];
    }
    return bytes_str(hex != NULL ? arena_printf(arena, "%s/#%s", type, hex) : NULL);
}

/* otherName [0]: type-id, and value [0] of SEQUENCE { hwType OBJECT IDENTIFIER, hwSerialNum OCTET STRING }.
 */
static struct bytes hardware_module(struct arena *arena, struct bytes san)
{
    CBS cbs = cbs_of(san), names, name, type_id, value, module, type, serial;
    CBS_ASN1_TAG tag;
    char text[BOUND_DEVICE_IDENTITY];

    if (!CBS_get_asn1(&cbs, &names, CBS_ASN1_SEQUENCE))
        return bytes_of(NULL, 0);
    while (CBS_get_any_asn1(&names, &name, &tag)) {
        if (tag != (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | OTHER_NAME) ||
            !CBS_get_asn1(&name, &type_id, CBS_ASN1_OBJECT) ||
            !CBS_mem_equal(&type_id, id_on_hardware_module_name, sizeof id_on_hardware_module_name))
            continue;
        if (!CBS_get_asn1(&name, &value, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0) ||
            CBS_len(&name) != 0 || !CBS_get_asn1(&value, &module, CBS_ASN1_SEQUENCE) ||
            CBS_len(&value) != 0 || !CBS_get_asn1(&module, &type, CBS_ASN1_OBJECT) ||
            !CBS_get_asn1(&module, &serial, CBS_ASN1_OCTETSTRING) || CBS_len(&module) != 0 ||
            CBS_len(&serial) == 0 || CBS_len(&serial) > BOUND_DEVICE_IDENTITY)
            return bytes_of(NULL, 0);
        return module_text(arena, der_oid_text(text, sizeof text, bytes_of_cbs(&type)),
                           bytes_of_cbs(&serial));
    }
    return bytes_of(NULL, 0);
}

static struct bytes attribute(struct arena *arena, const struct certificate *cert, const char *name)
{
    struct bytes value;

    return name_attribute_once(&value, arena, cert->subject, name) ? value : bytes_of(NULL, 0);
}

static struct bytes general_name(const struct certificate *cert, unsigned number)
{
    CBS value;

    return first_general_name(&value, cert->san, number, 0) ? bytes_of_cbs(&value) : bytes_of(NULL, 0);
}

static struct bytes source(struct arena *arena, enum config_identity identity, const struct certificate *cert)
{
    switch (identity) {
    case CONFIG_IDENTITY_SERIAL_NUMBER:
        return attribute(arena, cert, "serialNumber");
    case CONFIG_IDENTITY_CN:
        return attribute(arena, cert, "CN");
    case CONFIG_IDENTITY_DNS:
        return general_name(cert, DNS_NAME);
    case CONFIG_IDENTITY_URI:
        return general_name(cert, URI_NAME);
    case CONFIG_IDENTITY_MODULE:
        return hardware_module(arena, cert->san);
    case CONFIG_IDENTITY_NONE:
        break;
    }
    return bytes_of(NULL, 0);
}

static struct bytes trimmed(struct bytes text)
{
    while (text.len != 0 && text.data[0] == ' ')
        text = bytes_of(text.data + 1, text.len - 1);
    while (text.len != 0 && text.data[text.len - 1] == ' ')
        text.len--;
    return text;
}

/* An identity stands in logs, lists, names, and the store: text of one line, in UTF-8. What a certificate
 * calls text may be any octets. */
static int is_identity(struct bytes text)
{
    uint32_t c = 0;

    for (size_t i = 0, n; i < text.len; i += n)
        if ((n = utf8_decode(&c, text.data + i, text.len - i)) == 0 || c < 0x20 || c == 0x7f)
            return 0;
    return text.len != 0 && text.len <= BOUND_DEVICE_IDENTITY;
}

struct bytes cmp_identity(struct arena *arena, const struct config_vendor *vendor,
                          const struct certificate *cert)
{
    struct bytes text = trimmed(source(arena, vendor->identity, cert));

    if (vendor->identity_pattern != NULL && text.len != 0)
        text = trimmed(star_of(text, vendor->identity_pattern));
    return is_identity(text) ? text : bytes_of(NULL, 0);
}

struct bytes cmp_device_id(uint8_t out[STORE_HASH], struct bytes issuer, struct bytes vendor,
                           struct bytes identity)
{
    uint8_t text[STORE_ISSUER_ID + STORE_NAME_MAX + 1 + BOUND_DEVICE_IDENTITY];
    size_t len = 0;

    if (issuer.len != STORE_ISSUER_ID || vendor.len > STORE_NAME_MAX || identity.len > BOUND_DEVICE_IDENTITY)
        return bytes_of(NULL, 0);
    memcpy(text, issuer.data, issuer.len);
    len += issuer.len;
    memcpy(text + len, vendor.data, vendor.len);
    len += vendor.len;
    text[len++] = 0;
    for (size_t i = 0; i < identity.len; i++)
        text[len++] = star_small(identity.data[i]);
    digest_compute(out, DIGEST_SHA256, bytes_of(text, len));
    return bytes_of(out, STORE_HASH);
}

void cmp_holder_id(uint8_t out[STORE_HASH], const char *kind, struct bytes name)
{
    uint8_t text[16 + STORE_NAME_MAX + BOUND_SENDER_KID] = {0};
    size_t len = strlen(kind) + 1;

    memcpy(text, kind, len);
    if (name.len != 0)
        memcpy(text + len, name.data, name.len);
    digest_compute(out, DIGEST_SHA256, bytes_of(text, len + name.len));
}
