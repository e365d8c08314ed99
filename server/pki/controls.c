/* CertRequest (RFC 4211 section 5) with its controls (section 6), and regInfo (section 7). */
#include "server/base/utf8.h"
#include "server/pki/internal.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

/* id-regCtrl and id-regInfo, RFC 4211 section 8; one more octet says which. */
static const struct bytes id_reg_ctrl = BYTES("\x2b\x06\x01\x05\x05\x07\x05\x01");
static const struct bytes id_reg_info = BYTES("\x2b\x06\x01\x05\x05\x07\x05\x02");

enum {
    REG_TOKEN = 1,
    AUTHENTICATOR = 2,
    PUBLICATION = 3,
    ARCHIVE = 4,
    OLD_CERT_ID = 5,
};

enum { UTF8_PAIRS = 1, CERT_REQ = 2 };

static int fail(const char **why, const char *reason)
{
    *why = reason;
    return 0;
}

/* AttributeTypeAndValue: its type, if that is one of |arc|, as the number after it (0: another), and what
 * follows the type. */
static int get_attribute(int *type, CBS *value, CBS *list, struct bytes arc)
{
    CBS oid;

    *type = 0;
    if (!CBS_get_asn1(list, value, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(value, &oid, CBS_ASN1_OBJECT))
        return 0;
    if (CBS_len(&oid) == arc.len + 1 && memcmp(CBS_data(&oid), arc.data, arc.len) == 0)
        *type = CBS_data(&oid)[arc.len];
    return 1;
}

/* UTF8String, of BOUND_REG_TEXT octets at most. */
static int get_text(struct bytes *out, CBS *value)
{
    uint32_t character;
    CBS text;

    if (!CBS_get_asn1(value, &text, CBS_ASN1_UTF8STRING) || CBS_len(value) != 0 || CBS_len(&text) == 0 ||
        CBS_len(&text) > BOUND_REG_TEXT)
        return 0;
    *out = bytes_of_cbs(&text);
    for (size_t i = 0, n; i < out->len; i += n)
        if ((n = utf8_decode(&character, out->data + i, out->len - i)) == 0)
            return 0;
    return 1;
}

/* PKIPublicationInfo ::= SEQUENCE { action INTEGER, pubInfos SEQUENCE SIZE (1..MAX) OF SinglePubInfo
 * OPTIONAL }. It asks, and may be ignored: this server publishes no certificates. */
static int check_publication(CBS *value)
{
    CBS info, list, single, location;
    int64_t action, method;
    int present;

    if (!CBS_get_asn1(value, &info, CBS_ASN1_SEQUENCE) || CBS_len(value) != 0 ||
        !der_get_int64(&info, &action) || action < 0 || action > 1 ||
        !CBS_get_optional_asn1(&info, &list, &present, CBS_ASN1_SEQUENCE) || CBS_len(&info) != 0)
        return 0;
    /* RFC 4211 6.3: "If dontPublish is used, the pubInfos field MUST be omitted." */
    if (!present)
        return 1;
    if (action == 0 || CBS_len(&list) == 0)
        return 0;
    while (CBS_len(&list) != 0)
        if (!CBS_get_asn1(&list, &single, CBS_ASN1_SEQUENCE) || !der_get_int64(&single, &method) ||
            method < 0 || method > 3 ||
            (CBS_len(&single) != 0 && (!CBS_get_any_asn1(&single, &location, NULL) || CBS_len(&single) != 0)))
            return 0;
    return 1;
}

/* PKIArchiveOptions ::= CHOICE { [0] EncryptedKey, [1] KeyGenParameters, archiveRemGenPrivKey [2] BOOLEAN }:
 * all but the last, if that is FALSE, want a private key kept. */
static int get_archive_options(struct cert_request *out, CBS *value)
{
    CBS_ASN1_TAG tag;
    CBS content;

    if (!CBS_get_any_asn1(value, &content, &tag) || CBS_len(value) != 0)
        return 0;
    switch (tag) {
    case CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0:
    case CBS_ASN1_CONTEXT_SPECIFIC | 1:
        out->archives_key = 1;
        return 1;
    case CBS_ASN1_CONTEXT_SPECIFIC | 2: /* X.690 11.1: TRUE is ff */
        out->archives_key = CBS_len(&content) == 1 && CBS_data(&content)[0] == 0xff;
        return CBS_len(&content) == 1 && (out->archives_key || CBS_data(&content)[0] == 0);
    default:
        return 0;
    }
}

int pki_get_cert_id(CBS *cbs, struct bytes *issuer, struct bytes *issuer_name, struct bytes *serial)
{
    CBS id, number;

    if (!CBS_get_asn1(cbs, &id, CBS_ASN1_SEQUENCE) || !pki_get_general_name(&id, issuer, issuer_name) ||
        !CBS_get_asn1(&id, &number, CBS_ASN1_INTEGER) || CBS_len(&id) != 0)
        return 0;
    *serial = bytes_of_cbs(&number);
    return 1;
}

/* A certificate names its issuer by a Name, and by nothing else. */
static int get_old_cert_id(struct cert_request *out, CBS *value)
{
    struct bytes issuer, name = bytes_of(NULL, 0), serial;

    if (!pki_get_cert_id(value, &issuer, &name, &serial) || CBS_len(value) != 0 || name.len == 0)
        return 0;
    out->old_cert_issuer = name;
    out->old_cert_serial = serial;
    return 1;
}

/* Those that are not known are left alone. */
static int get_control(struct cert_request *out, int type, CBS *value)
{
    switch (type) {
    case REG_TOKEN:
        return get_text(&out->reg_token, value);
    case AUTHENTICATOR:
        return get_text(&out->authenticator, value);
    case PUBLICATION:
        return check_publication(value);
    case ARCHIVE:
        return get_archive_options(out, value);
    case OLD_CERT_ID:
        return get_old_cert_id(out, value);
    default:
        return 1;
    }
}

static const char *fault_of_control(int type)
{
    static const char *const texts[] = {
        [REG_TOKEN] = "regToken in controls must be a UTF8String of 1 to 1024 octets, once",
        [AUTHENTICATOR] = "authenticator in controls must be a UTF8String of 1 to 1024 octets, once",
        [PUBLICATION] =
            "pkiPublicationInfo in controls is malformed or stands twice, or dontPublish has pubInfos",
        [ARCHIVE] = "pkiArchiveOptions in controls is malformed, or stands twice",
        [OLD_CERT_ID] = "oldCertID in controls is malformed, or stands twice",
    };

    return type > 0 && type < (int)(sizeof texts / sizeof texts[0]) ? texts[type] : "controls are malformed";
}

static int get_controls(struct cert_request *out, const char **why, CBS controls)
{
    unsigned seen = 0;
    CBS value;
    int type;

    if (CBS_len(&controls) == 0)
        return fail(why, fault_of_control(0));
    while (CBS_len(&controls) != 0) {
        if (!get_attribute(&type, &value, &controls, id_reg_ctrl))
            return fail(why, fault_of_control(0));
        if (type > OLD_CERT_ID)
            type = 0;
        if ((type != 0 && (seen & 1U << type) != 0) || !get_control(out, type, &value))
            return fail(why, fault_of_control(type));
        seen |= 1U << type;
    }
    return 1;
}

int pki_get_cert_request(struct cert_request *out, struct arena *arena, const char **why, CBS request)
{
    CBS tmpl, controls;
    int present;

    if (!der_get_int64(&request, &out->cert_req_id))
        return fail(why, "certReqId is malformed");
    if (!CBS_get_asn1(&request, &tmpl, CBS_ASN1_SEQUENCE) || !pki_get_template(&out->tmpl, arena, tmpl))
        return fail(why, out->tmpl.malformed_san ? pki_malformed_san : "certTemplate is malformed");
    if (!CBS_get_optional_asn1(&request, &controls, &present, CBS_ASN1_SEQUENCE) || CBS_len(&request) != 0)
        return fail(why, "controls are malformed");
    return !present || get_controls(out, why, controls);
}

/* RFC 4211 7.2: what an RA wants in place of the template, "a new certificate template in the regInfo
 * sequence", as a CertRequest. */
static int get_substitute(struct cert_request *out, struct arena *arena, CBS *value)
{
    struct cert_request *other = arena_alloc(arena, sizeof *other);
    const char *ignored;
    CBS request;

    if (other == NULL || !CBS_get_asn1(value, &request, CBS_ASN1_SEQUENCE) || CBS_len(value) != 0 ||
        !pki_get_cert_request(other, arena, &ignored, request) || other->cert_req_id != out->cert_req_id)
        return 0;
    out->archives_key |= other->archives_key;
    out->substitute = &other->tmpl;
    return 1;
}

int pki_get_reg_info(struct cert_request *out, struct arena *arena, const char **why, CBS list)
{
    CBS value;
    int type;

    if (CBS_len(&list) == 0) /* SIZE (1..MAX) */
        return fail(why, "regInfo is malformed");
    while (CBS_len(&list) != 0) {
        if (!get_attribute(&type, &value, &list, id_reg_info))
            return fail(why, "regInfo is malformed");
        if (type == UTF8_PAIRS && (out->utf8_pair_count == BOUND_REG_INFO ||
                                   !get_text(&out->utf8_pairs[out->utf8_pair_count++], &value)))
            return fail(why,
                        "utf8Pairs in regInfo must be a UTF8String of 1 to 1024 octets, four times at most");
        if (type == CERT_REQ && (out->substitute != NULL || !get_substitute(out, arena, &value)))
            return fail(why, "certReq in regInfo is malformed, has another certReqId, or stands twice");
    }
    return 1;
}
