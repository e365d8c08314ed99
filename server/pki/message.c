/* PKIMessage, PKIHeader (RFC 9810 5.1.1, Appendix F: EXPLICIT TAGS). */
#include "server/pki/message.h"

#include "server/pki/general.h"
#include "server/pki/internal.h"

static const CBS_ASN1_TAG field_tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

static const uint8_t null_dn[] = {0xa4, 0x02, 0x30, 0x00};

struct bytes pki_null_dn(void)
{
    return bytes_of(null_dn, sizeof null_dn);
}

const char *pki_body_name(int body)
{
    static const char *const names[PKI_BODY_COUNT] = {
        "ir",     "ip",      "cr",     "cp",   "p10cr", "popdecc", "popdecr",  "kur",     "kup",
        "krr",    "krp",     "rr",     "rp",   "ccr",   "ccp",     "ckuann",   "cann",    "rann",
        "crlann", "pkiconf", "nested", "genm", "genp",  "error",   "certConf", "pollReq", "pollRep",
    };

    return body >= 0 && body < PKI_BODY_COUNT ? names[body] : "?";
}

/* ---- decode ---- */

int pki_get_general_name(CBS *cbs, struct bytes *whole, struct bytes *directory_name)
{
    CBS element, content, name;
    CBS_ASN1_TAG tag;

    if (!CBS_get_any_asn1_element(cbs, &element, &tag, NULL) ||
        (tag & (CBS_ASN1_CLASS_MASK)) != CBS_ASN1_CONTEXT_SPECIFIC || (tag & CBS_ASN1_TAG_NUMBER_MASK) > 8)
        return 0;
    *whole = bytes_of_cbs(&element);
    if (directory_name != NULL && tag == (field_tag | 4)) {
        if (!CBS_get_asn1(&element, &content, field_tag | 4) ||
            !CBS_get_asn1_element(&content, &name, CBS_ASN1_SEQUENCE) || CBS_len(&content) != 0)
            return 0;
        *directory_name = bytes_of_cbs(&name);
    }
    return 1;
}

/* An optional field [number] with one element of |tag| in it: its content goes to |out|. */
static int get_field(CBS *header, unsigned number, CBS_ASN1_TAG tag, struct bytes *out, int *present)
{
    CBS field, content;

    if (!CBS_get_optional_asn1(header, &field, present, field_tag | number))
        return 0;
    if (!*present)
        return 1;
    if (!CBS_get_asn1(&field, &content, tag) || CBS_len(&field) != 0)
        return 0;
    *out = bytes_of_cbs(&content);
    return 1;
}

static int get_octets(CBS *header, unsigned number, struct bytes *out)
{
    int present;

    return get_field(header, number, CBS_ASN1_OCTETSTRING, out, &present);
}

/* Each returns NULL, or what is wrong with |value|: a whole element, or empty. */

static const char *get_implicit_confirm(struct pki_header *out, CBS value)
{
    CBS null;

    /* RFC 9810 5.1.1.1: ImplicitConfirmValue ::= NULL; infoValue is OPTIONAL in its frame. */
    out->implicit_confirm = 1;
    out->implicit_confirm_bare = CBS_len(&value) == 0;
    return out->implicit_confirm_bare ||
                   (CBS_get_asn1(&value, &null, CBS_ASN1_NULL) && CBS_len(&null) == 0 && CBS_len(&value) == 0)
               ? NULL
               : "the value of implicitConfirm must be NULL";
}

static const char *get_wait_time(struct pki_header *out, CBS value)
{
    CBS time;

    return CBS_get_asn1(&value, &time, CBS_ASN1_GENERALIZEDTIME) &&
                   der_parse_generalized_time(bytes_of_cbs(&time), &out->confirm_wait_time) &&
                   CBS_len(&value) == 0
               ? NULL
               : "the value of confirmWaitTime must be a GeneralizedTime";
}

/* Of several lists the first stands, and all names count. */
static const char *get_cert_profile(struct pki_header *out, CBS value)
{
    CBS list;
    size_t count;

    if (!pki_decode_texts(&list, &count, bytes_of_cbs(&value)))
        return "the value of certProfile must be a list of UTF8String";
    if (out->cert_profile_count == 0) {
        out->cert_profiles = bytes_of_cbs(&list);
        out->cert_profile = pki_nth_text(list, 0);
    }
    out->cert_profile_count += count;
    return NULL;
}

/* RFC 9483 3.5: what is not understood is handled gracefully; texts are then told in English. */
static void get_languages(struct pki_header *out, CBS value)
{
    CBS list;
    size_t count;

    if (pki_decode_texts(&list, &count, bytes_of_cbs(&value)))
        out->languages = bytes_of_cbs(&list);
}

/* Returns NULL, or what is wrong with the first entry of |list|. */
static const char *get_info(struct pki_header *out, CBS *list)
{
    CBS info, oid;

    if (!CBS_get_asn1(list, &info, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&info, &oid, CBS_ASN1_OBJECT))
        return "an entry of generalInfo is no InfoTypeAndValue";
    switch (pki_info_of(bytes_of_cbs(&oid))) {
    case PKI_INFO_IMPLICIT_CONFIRM:
        return get_implicit_confirm(out, info);
    case PKI_INFO_CONFIRM_WAIT_TIME:
        return get_wait_time(out, info);
    case PKI_INFO_CERT_PROFILE:
        return get_cert_profile(out, info);
    case PKI_INFO_SUPP_LANG_TAGS:
        get_languages(out, info);
        return NULL;
    default:
        return NULL; /* unknown types are handled gracefully: RFC 9483 3.5 */
    }
}

/* A version beyond all numbers is one that is not supported, not a header that cannot be read. */
static int get_pvno(CBS *header, int64_t *out)
{
    CBS copy = *header, content;
    int negative;

    if (!CBS_get_asn1(header, &content, CBS_ASN1_INTEGER) || !CBS_is_valid_asn1_integer(&content, &negative))
        return 0;
    if (!der_get_int64(&copy, out))
        *out = negative ? INT64_MIN : INT64_MAX;
    return 1;
}

/* next notes the part that is read next: if it is the last one, it is what cannot be read. Returns |cbs|, in
 * which it stands. */
static CBS *next(struct pki_message *message, const char *part, CBS *cbs)
{
    message->unread = part;
    message->unread_at = (size_t)(CBS_data(cbs) - message->der.data);
    return cbs;
}

/* unreadable finds out what is wrong with the part that was read last. */
static enum pki_decoded unreadable(struct pki_message *message, const char **why)
{
    CBS rest = cbs_of(message->der), element;
    struct bytes part;
    size_t where = 0;
    const char *reason = NULL;

    CBS_skip(&rest, message->unread_at);
    part = bytes_of_cbs(&rest);
    if (CBS_get_any_asn1_element(&rest, &element, NULL, NULL))
        part = bytes_of_cbs(&element);
    if (part.len == 0)
        reason = "it is missing";
    else if (der_is_strict(&where, &reason, part, BOUND_DER_DEPTH))
        reason = "it is missing, out of its place, or of another type";
    message->unread_at += where;
    if (why != NULL)
        *why = reason;
    return PKI_UNREADABLE;
}

static int get_header(struct pki_message *whole, CBS *message)
{
    struct pki_header *out = &whole->header;
    CBS header, field, element, list;
    struct bytes time = {NULL, 0}, free_text = {NULL, 0}, infos = {NULL, 0};
    int present;

    if (!CBS_get_asn1(next(whole, "header", message), &header, CBS_ASN1_SEQUENCE) ||
        !get_pvno(next(whole, "pvno", &header), &out->pvno) ||
        !pki_get_general_name(next(whole, "sender", &header), &out->sender, &out->sender_name) ||
        !pki_get_general_name(next(whole, "recipient", &header), &out->recipient, NULL) ||
        !get_field(next(whole, "messageTime", &header), 0, CBS_ASN1_GENERALIZEDTIME, &time,
                   &out->has_message_time) ||
        (out->has_message_time && !der_parse_generalized_time(time, &out->message_time)) ||
        !CBS_get_optional_asn1(next(whole, "protectionAlg", &header), &field, &present, field_tag | 1))
        return 0;
    if (present) {
        if (!CBS_get_asn1_element(&field, &element, CBS_ASN1_SEQUENCE) || CBS_len(&field) != 0)
            return 0;
        out->protection_alg = bytes_of_cbs(&element);
    }
    if (!get_octets(next(whole, "senderKID", &header), 2, &out->sender_kid) ||
        !get_octets(next(whole, "recipKID", &header), 3, &out->recip_kid) ||
        !get_octets(next(whole, "transactionID", &header), 4, &out->transaction_id) ||
        !get_octets(next(whole, "senderNonce", &header), 5, &out->sender_nonce) ||
        !get_octets(next(whole, "recipNonce", &header), 6, &out->recip_nonce) ||
        !get_field(next(whole, "freeText", &header), 7, CBS_ASN1_SEQUENCE, &free_text, &present) ||
        !get_field(next(whole, "generalInfo", &header), 8, CBS_ASN1_SEQUENCE, &infos, &present) ||
        CBS_len(next(whole, "a field of the header", &header)) != 0)
        return 0;
    /* An entry that is malformed spoils neither header nor message: it can be answered. */
    list = cbs_of(infos);
    for (unsigned i = 0; CBS_len(&list) != 0 && out->general_info_fault == NULL; i++)
        out->general_info_fault =
            i == BOUND_GENERAL_INFO ? "generalInfo has too many entries" : get_info(out, &list);
    return 1;
}

static int get_extra_certs(struct pki_message *out, CBS *message)
{
    CBS field, list, element;
    int present;
    CBS_ASN1_TAG tag;

    if (!CBS_get_optional_asn1(message, &field, &present, field_tag | 1))
        return 0;
    if (!present)
        return 1;
    if (!CBS_get_asn1(&field, &list, CBS_ASN1_SEQUENCE) || CBS_len(&field) != 0 || CBS_len(&list) == 0)
        return 0;
    while (CBS_len(&list) != 0) {
        if (!CBS_get_any_asn1_element(&list, &element, &tag, NULL))
            return 0;
        if (out->extra_cert_count == BOUND_EXTRA_CERTS)
            out->more_extra_certs = 1;
        else if (tag == CBS_ASN1_SEQUENCE)
            out->extra_certs[out->extra_cert_count++] = bytes_of_cbs(&element);
    }
    return 1;
}

/* What stands in a nested message is held to DER when it is read itself: one message that is not spoils none
 * of those beside it. */
static int is_strict(const char **why, const struct pki_message *in)
{
    CBS outer = cbs_of(in->der), message, element;
    CBS_ASN1_TAG tag;

    if (in->body_type != PKI_NESTED)
        return der_is_strict(NULL, why, in->der, BOUND_DER_DEPTH);
    *why = "octets after the end";
    if (!CBS_get_asn1(&outer, &message, CBS_ASN1_SEQUENCE) || CBS_len(&outer) != 0)
        return 0;
    while (CBS_len(&message) != 0) {
        *why = "a field is malformed";
        if (!CBS_get_any_asn1_element(&message, &element, &tag, NULL) ||
            (tag != (field_tag | PKI_NESTED) &&
             !der_is_strict(NULL, why, bytes_of_cbs(&element), BOUND_DER_DEPTH - 1)))
            return 0;
    }
    *why = NULL;
    return 1;
}

enum pki_decoded pki_message_decode(struct pki_message *out, const char **why, struct bytes der)
{
    CBS outer = cbs_of(der), message, body, content, field, protection;
    CBS_ASN1_TAG tag;
    const uint8_t *start;
    const char *reason = NULL;
    int present;

    *out = (struct pki_message){.der = der, .body_type = -1};
    if (!CBS_get_asn1(next(out, "PKIMessage", &outer), &message, CBS_ASN1_SEQUENCE))
        return unreadable(out, why);
    start = CBS_data(&message);
    if (!get_header(out, &message) ||
        !CBS_get_any_asn1_element(next(out, "body", &message), &body, &tag, NULL))
        return unreadable(out, why);
    out->protected_part = bytes_of(start, (size_t)(CBS_data(&message) - start));
    if ((tag & ~CBS_ASN1_TAG_NUMBER_MASK) == field_tag)
        out->body_type = (int)(tag & CBS_ASN1_TAG_NUMBER_MASK);

    if (!is_strict(&reason, out)) {
        /* reason is set */
    } else if (out->body_type < 0 || !CBS_get_asn1(&body, &content, tag) ||
               !CBS_get_any_asn1_element(&content, &field, NULL, NULL) || CBS_len(&content) != 0) {
        reason = "the body is malformed";
    } else {
        out->body = bytes_of_cbs(&field);
        if (!CBS_get_optional_asn1(&message, &field, &present, field_tag | 0) ||
            (present && (!CBS_get_asn1(&field, &protection, CBS_ASN1_BITSTRING) || CBS_len(&field) != 0 ||
                         CBS_len(&protection) < 1 || CBS_data(&protection)[0] != 0)))
            reason = "the protection is malformed";
        else if (!get_extra_certs(out, &message) || CBS_len(&message) != 0)
            reason = "extraCerts is malformed";
        else if (present) {
            out->has_protection = 1;
            out->protection = bytes_of(CBS_data(&protection) + 1, CBS_len(&protection) - 1);
        }
    }
    if (why != NULL)
        *why = reason;
    return reason == NULL ? PKI_WHOLE : PKI_HEADER_ONLY;
}

int pki_protected_part(struct bytes *out, struct arena *arena, const struct pki_message *message)
{
    CBB cbb, sequence;
    int ok = CBB_init(&cbb, message->protected_part.len + 8) &&
             CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             der_add_bytes(&sequence, message->protected_part);

    return der_finish(out, arena, &cbb, ok);
}

/* ---- encode ---- */

static int add_field(CBB *header, unsigned number, CBS_ASN1_TAG tag, struct bytes content)
{
    CBB field;

    return content.len == 0 || (CBB_add_asn1(header, &field, field_tag | number) &&
                                der_add_octets(&field, tag, content) && CBB_flush(header));
}

/* |text|, or, if they are not empty, |more|: UTF8Strings one after the other. */
static int add_text_info(CBB *list, enum pki_info type, struct bytes text, struct bytes more)
{
    CBB info, texts;

    return (text.len == 0 && more.len == 0) ||
           (CBB_add_asn1(list, &info, CBS_ASN1_SEQUENCE) && pki_add_info_type(&info, type) &&
            CBB_add_asn1(&info, &texts, CBS_ASN1_SEQUENCE) &&
            (more.len != 0 ? der_add_bytes(&texts, more)
                           : der_add_octets(&texts, CBS_ASN1_UTF8STRING, text)) &&
            CBB_flush(list));
}

static int add_general_info(CBB *cbb, const struct pki_header *header)
{
    CBB field, list, info;

    if (!header->implicit_confirm && header->confirm_wait_time == 0 && header->cert_profile.len == 0 &&
        header->cert_profiles.len == 0 && header->language.len == 0)
        return 1;
    if (!CBB_add_asn1(cbb, &field, field_tag | 8) || !CBB_add_asn1(&field, &list, CBS_ASN1_SEQUENCE))
        return 0;
    if (header->implicit_confirm && (!CBB_add_asn1(&list, &info, CBS_ASN1_SEQUENCE) ||
                                     !pki_add_info_type(&info, PKI_INFO_IMPLICIT_CONFIRM) ||
                                     !der_add_octets(&info, CBS_ASN1_NULL, bytes_of(NULL, 0))))
        return 0;
    if (header->confirm_wait_time != 0 && (!CBB_add_asn1(&list, &info, CBS_ASN1_SEQUENCE) ||
                                           !pki_add_info_type(&info, PKI_INFO_CONFIRM_WAIT_TIME) ||
                                           !der_add_generalized_time(&info, header->confirm_wait_time)))
        return 0;
    return add_text_info(&list, PKI_INFO_CERT_PROFILE, header->cert_profile, header->cert_profiles) &&
           add_text_info(&list, PKI_INFO_SUPP_LANG_TAGS, header->language, bytes_of(NULL, 0)) &&
           CBB_flush(cbb);
}

static int add_header(CBB *cbb, const struct pki_header *header)
{
    CBB sequence, field;

    if (!CBB_add_asn1(cbb, &sequence, CBS_ASN1_SEQUENCE) || !der_add_int64(&sequence, header->pvno) ||
        !der_add_bytes(&sequence, header->sender) || !der_add_bytes(&sequence, header->recipient))
        return 0;
    if (header->has_message_time && (!CBB_add_asn1(&sequence, &field, field_tag | 0) ||
                                     !der_add_generalized_time(&field, header->message_time)))
        return 0;
    if (header->protection_alg.len != 0 &&
        (!CBB_add_asn1(&sequence, &field, field_tag | 1) || !der_add_bytes(&field, header->protection_alg)))
        return 0;
    return CBB_flush(&sequence) && add_field(&sequence, 2, CBS_ASN1_OCTETSTRING, header->sender_kid) &&
           add_field(&sequence, 3, CBS_ASN1_OCTETSTRING, header->recip_kid) &&
           add_field(&sequence, 4, CBS_ASN1_OCTETSTRING, header->transaction_id) &&
           add_field(&sequence, 5, CBS_ASN1_OCTETSTRING, header->sender_nonce) &&
           add_field(&sequence, 6, CBS_ASN1_OCTETSTRING, header->recip_nonce) &&
           add_general_info(&sequence, header) && CBB_flush(cbb);
}

int pki_encode_protected_part(struct bytes *out, struct arena *arena, const struct pki_header *header,
                              int body_type, struct bytes body)
{
    CBB cbb, sequence, tagged;
    int ok = CBB_init(&cbb, body.len + 512) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             add_header(&sequence, header) &&
             CBB_add_asn1(&sequence, &tagged, field_tag | (unsigned)body_type) &&
             der_add_bytes(&tagged, body);

    return der_finish(out, arena, &cbb, ok);
}

int pki_encode_message(struct bytes *out, struct arena *arena, struct bytes protected_part,
                       struct bytes protection, const struct bytes *extra_certs, size_t extra_cert_count)
{
    CBS part = cbs_of(protected_part), content;
    CBB cbb, sequence, field, list;
    int ok = CBS_get_asn1(&part, &content, CBS_ASN1_SEQUENCE) && CBB_init(&cbb, protected_part.len + 1024);

    if (!ok)
        return 0;
    ok = CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) && der_add_bytes(&sequence, bytes_of_cbs(&content));
    if (ok && protection.len != 0)
        ok = CBB_add_asn1(&sequence, &field, field_tag | 0) && der_add_bit_string(&field, protection);
    if (ok && extra_cert_count != 0) {
        ok = CBB_add_asn1(&sequence, &field, field_tag | 1) && CBB_add_asn1(&field, &list, CBS_ASN1_SEQUENCE);
        for (size_t i = 0; ok && i < extra_cert_count; i++)
            ok = der_add_bytes(&list, extra_certs[i]);
    }
    return der_finish(out, arena, &cbb, ok);
}

int pki_directory_name(struct bytes *out, struct arena *arena, struct bytes name)
{
    CBB cbb, tagged;
    int ok = CBB_init(&cbb, name.len + 8) && CBB_add_asn1(&cbb, &tagged, field_tag | 4) &&
             der_add_bytes(&tagged, name);

    return der_finish(out, arena, &cbb, ok);
}
