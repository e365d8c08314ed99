/* message.c: PKIMessage and PKIHeader (RFC 9810 5.1, 5.1.1; X.690 for DER). */
#include <criterion/criterion.h>

#include "server/pki/general.h"
#include "server/pki/message.h"
#include "tests/support/hex.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(16 * 1024 * 1024);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(message, .init = set_up, .fini = tear_down);

/* An element of |tag| (one octet) with the elements |parts| in it. */
static struct bytes element(uint8_t tag, const struct bytes *parts, size_t count)
{
    size_t len = 0, head;
    uint8_t *out, *p;

    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    head = len < 128 ? 2 : len < 256 ? 3 : 4;
    p = out = arena_alloc(arena, head + len);
    *p++ = tag;
    if (head == 3)
        *p++ = 0x81;
    if (head == 4) {
        *p++ = 0x82;
        *p++ = (uint8_t)(len >> 8);
    }
    *p++ = (uint8_t)len;
    for (size_t i = 0; i < count; i++) {
        memcpy(p, parts[i].data, parts[i].len);
        p += parts[i].len;
    }
    return bytes_of(out, head + len);
}

#define ELEMENT(tag, ...)                                                                                    \
    element(tag, (const struct bytes[]){__VA_ARGS__},                                                        \
            sizeof((const struct bytes[]){__VA_ARGS__}) / sizeof(struct bytes))
#define HEX(text) hex(arena, text)

/* pvno 2, sender and recipient the NULL-DN: the least that a header must have. */
#define LEAST "02 01 02 a4 02 30 00 a4 02 30 00"
#define PKICONF "b3 02 05 00"

static struct bytes message_of(const char *header, const char *rest)
{
    return ELEMENT(0x30, ELEMENT(0x30, HEX(header)), HEX(rest));
}

static enum pki_decoded decode(struct bytes der)
{
    struct pki_message message;

    return pki_message_decode(&message, NULL, der);
}

Test(message, the_least_message_is_read)
{
    struct pki_message message;
    const char *why = "?";

    cr_assert_eq(pki_message_decode(&message, &why, message_of(LEAST, PKICONF)), PKI_WHOLE);
    cr_assert_null(why);
    cr_assert_eq(message.header.pvno, 2);
    cr_assert_eq(message.body_type, PKI_PKICONF);
    cr_assert(bytes_equal(message.body, HEX("05 00")));
    cr_assert_not(message.has_protection);
    cr_assert_eq(message.extra_cert_count, 0);
    cr_assert_not(message.header.has_message_time);
    cr_assert_eq(message.header.transaction_id.len, 0);
}

/* RFC 9810 5.1.1: the optional fields [0] to [8], each EXPLICIT, in this order. */
static const char *const fields[] = {
    "a0 11 18 0f 32 30 32 37 30 31 31 35 30 38 30 30 30 30 5a", /* messageTime 20270115080000Z */
    "a1 0c 30 0a 06 08 2a 86 48 ce 3d 04 03 02",                /* protectionAlg */
    "a2 04 04 02 22 22",                                        /* senderKID */
    "a3 04 04 02 33 33",                                        /* recipKID */
    "a4 04 04 02 44 44",                                        /* transactionID */
    "a5 04 04 02 55 55",                                        /* senderNonce */
    "a6 04 04 02 66 66",                                        /* recipNonce */
    "a7 05 30 03 0c 01 61",                                     /* freeText */
    "a8 10 30 0e 30 0c 06 08 2b 06 01 05 05 07 04 0d 05 00",    /* generalInfo: implicitConfirm */
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static struct bytes with_fields(const size_t *order, size_t count)
{
    char text[1024];
    size_t used = (size_t)snprintf(text, sizeof text, LEAST);

    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, " %s", fields[order[i]]);
    return message_of(text, PKICONF);
}

Test(message, every_field_of_the_header_is_read)
{
    static const size_t all[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    struct pki_message message;
    const struct pki_header *header = &message.header;

    cr_assert_eq(pki_message_decode(&message, NULL, with_fields(all, FIELDS)), PKI_WHOLE);
    cr_assert(header->has_message_time);
    cr_assert_eq(header->message_time, 1800000000); /* date -u -d @1800000000 */
    cr_assert(bytes_equal(header->protection_alg, HEX("30 0a 06 08 2a 86 48 ce 3d 04 03 02")));
    cr_assert(bytes_equal(header->sender_kid, HEX("22 22")));
    cr_assert(bytes_equal(header->recip_kid, HEX("33 33")));
    cr_assert(bytes_equal(header->transaction_id, HEX("44 44")));
    cr_assert(bytes_equal(header->sender_nonce, HEX("55 55")));
    cr_assert(bytes_equal(header->recip_nonce, HEX("66 66")));
    cr_assert(header->implicit_confirm);
    cr_assert(bytes_equal(header->sender, HEX("a4 02 30 00")));
    cr_assert(bytes_equal(header->sender_name, HEX("30 00")));
}

Test(message, each_field_of_the_header_may_stand_alone)
{
    for (size_t i = 0; i < FIELDS; i++)
        cr_assert_eq(decode(with_fields(&i, 1)), PKI_WHOLE, "field %zu", i);
}

/* RFC 9483 3.5: "The formal ASN.1 syntax of the whole message MUST be compliant with the definitions given
 * in CMP [RFC4210] [RFC9480], CRMF [RFC4211], and CMS [RFC5652] [RFC8933]. (failInfo: badDataFormat)" */
Test(message, fields_of_the_header_out_of_order_or_twice_are_unreadable)
{
    for (size_t i = 0; i + 1 < FIELDS; i++) {
        const size_t swapped[] = {i + 1, i}, twice[] = {i, i};
        cr_assert_eq(decode(with_fields(swapped, 2)), PKI_UNREADABLE, "field %zu", i);
        cr_assert_eq(decode(with_fields(twice, 2)), PKI_UNREADABLE, "field %zu", i);
    }
}

Test(message, a_header_that_cannot_be_read_makes_the_message_unreadable)
{
    static const char *const bad[] = {
        "",
        "02 01 02",                                                  /* no names */
        "02 01 02 a4 02 30 00",                                      /* no recipient */
        "02 01 02 30 00 30 00",                                      /* names that are no GeneralName */
        "02 01 02 a9 02 30 00 a4 02 30 00",                          /* GeneralName has [0] to [8] */
        "02 01 02 a4 02 31 00 a4 02 30 00",                          /* directoryName of a SET */
        "02 01 02 a4 04 30 00 05 00 a4 02 30 00",                    /* more in directoryName */
        "02 01 02 a4 02 30 00 a4 02 30 00 05 00",                    /* something else at the end */
        LEAST " a4 02 44 44",                                        /* transactionID without OCTET STRING */
        LEAST " 84 02 44 44",                                        /* IMPLICIT tag */
        LEAST " a0 0f 17 0d 32 37 30 31 31 35 30 38 30 30 30 30 5a", /* messageTime as UTCTime */
        LEAST " a0 11 18 0f 32 30 32 37 31 33 31 35 30 38 30 30 30 30 5a", /* month 13 */
        LEAST " a1 02 05 00",                                              /* protectionAlg NULL */
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(decode(message_of(bad[i], PKICONF)), PKI_UNREADABLE, "case %zu", i);
}

/* What stands where is in RFC 9810 5.1.1; the octets are counted by hand. */
Test(message, what_is_unreadable_is_told_with_its_place)
{
    static const struct {
        const char *header, *rest;
        const char *part;
        size_t at;
        const char *why;
    } bad[] = {
        {LEAST " a0 15 18 13 32 30 32 37 30 31 31 35 30 38 30 30 30 30 2e 30 30 30 5a", PKICONF,
         "messageTime", 17, "ends in 0 (X.690 11.7.3)"},
        {LEAST " a0 13 18 11 32 30 32 37 30 31 31 35 30 38 30 30 30 30 2b 30 31", PKICONF, "messageTime", 17,
         "in Z (X.690 11.7.1)"},
        {LEAST " a0 0f 18 0d 32 30 32 37 30 31 31 35 30 38 30 30 5a", PKICONF, "messageTime", 17,
         "no seconds (X.690 11.7.2)"},
        {LEAST " a0 11 18 0f 32 30 32 37 31 33 31 35 30 38 30 30 30 30 5a", PKICONF, "messageTime", 17,
         "YYYYMMDD"},
        {"02 02 00 02 a4 02 30 00 a4 02 30 00", PKICONF, "pvno", 4, "not minimal"},
        {"02 01 02 30 00 30 00", PKICONF, "sender", 7, "another type"},
        {"02 01 02 a4 02 30 00", PKICONF, "recipient", 11, "missing"},
        {LEAST " a4 02 44 44", PKICONF, "transactionID", 17, "beyond its parent"},
        {LEAST " a6 03 04 01 44 a5 03 04 01 44", PKICONF, "a field of the header", 20, "out of its place"},
        {LEAST, "", "body", 15, "missing"},
        {LEAST, "b3 80 05 00 00 00", "body", 15, "indefinite"},
        {"05 00", "05 00", "pvno", 4, "another type"},
    };
    struct pki_message message;
    const char *why;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        why = "";
        cr_assert_eq(pki_message_decode(&message, &why, message_of(bad[i].header, bad[i].rest)),
                     PKI_UNREADABLE);
        cr_assert_str_eq(message.unread, bad[i].part, "case %zu: %s", i, message.unread);
        cr_assert_eq(message.unread_at, bad[i].at, "case %zu: %zu", i, message.unread_at);
        cr_assert_not_null(strstr(why, bad[i].why), "case %zu: %s", i, why);
    }
    cr_assert_eq(pki_message_decode(&message, &why, bytes_of(NULL, 0)), PKI_UNREADABLE);
    cr_assert_str_eq(message.unread, "PKIMessage");
    cr_assert_str_eq(why, "it is missing");
    cr_assert_eq(pki_message_decode(&message, &why, bytes_str("<html>")), PKI_UNREADABLE);
    cr_assert_str_eq(message.unread, "PKIMessage");
    cr_assert_eq(message.unread_at, 0);
    cr_assert_not_null(strstr(why, "beyond its parent"), "%s", why);
}

/* GeneralName has nine forms (RFC 5280 4.2.1.6); only directoryName holds a Name. */
Test(message, a_sender_of_another_form_has_no_name)
{
    struct pki_message message;

    cr_assert_eq(pki_message_decode(&message, NULL, message_of("02 01 02 82 01 61 a4 02 30 00", PKICONF)),
                 PKI_WHOLE);
    cr_assert(bytes_equal(message.header.sender, HEX("82 01 61")));
    cr_assert_eq(message.header.sender_name.len, 0);
}

/* RFC 9810 5.1.1: messageTime is a GeneralizedTime; X.690 11.7 allows fractions. */
Test(message, messageTime_may_have_a_fraction)
{
    struct pki_message message;

    cr_assert_eq(
        pki_message_decode(
            &message, NULL,
            message_of(LEAST " a0 13 18 11 32 30 32 37 30 31 31 35 30 38 30 30 30 30 2e 35 5a", PKICONF)),
        PKI_WHOLE);
    cr_assert_eq(message.header.message_time, 1800000000);
}

/* RFC 9483 3.5: "The formal ASN.1 syntax of the whole message MUST be compliant with the definitions given
 * in CMP [RFC4210] [RFC9480], CRMF [RFC4211], and CMS [RFC5652] [RFC8933]. (failInfo: badDataFormat)"
 * The peer can be told what is wrong with the rest: header and body type are there. */
Test(message, a_good_header_before_a_malformed_rest_is_HEADER_ONLY_with_a_reason)
{
    static const struct {
        const char *rest;
        int body;
    } bad[] = {
        {"b3 00", PKI_PKICONF},                   /* an empty body */
        {"b3 04 05 00 05 00", PKI_PKICONF},       /* two elements */
        {"b3 02 05 00 a0 02 05 00", PKI_PKICONF}, /* protection that is no BIT STRING */
        {"b3 02 05 00 a0 03 03 01 00 a0 03 03 01 00", PKI_PKICONF},
        {"b3 02 05 00 a0 04 03 02 01 02", PKI_PKICONF}, /* protection not of whole octets */
        {"b3 02 05 00 a1 02 30 00", PKI_PKICONF},       /* SEQUENCE SIZE (1..MAX) OF CMPCertificate */
        {"b3 02 05 00 a1 02 05 00", PKI_PKICONF},
        {"b3 02 05 00 05 00", PKI_PKICONF},                            /* more at the end */
        {"b3 02 05 00 a1 04 30 02 30 00 a0 03 03 01 00", PKI_PKICONF}, /* order */
        {"30 00", -1},                                                 /* a body without a tag of PKIBody */
        {"93 02 05 00", -1},                                           /* a body under a primitive tag */
        {"b3 03 01 01 05", PKI_PKICONF},                               /* X.690 11.1: TRUE is FF */
        {"b3 04 02 02 00 01", PKI_PKICONF},                            /* X.690 8.3.2: INTEGER not minimal */
        {"b3 04 24 02 04 00", PKI_PKICONF},                            /* X.690 10.2: constructed string */
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct pki_message message;
        const char *why = NULL;
        cr_assert_eq(pki_message_decode(&message, &why, message_of(LEAST, bad[i].rest)), PKI_HEADER_ONLY,
                     "case %zu", i);
        cr_assert_not_null(why);
        cr_assert_eq(message.header.pvno, 2);
        cr_assert_eq(message.body_type, bad[i].body, "case %zu", i);
    }
}

/* RFC 9483 3.5: "The formal ASN.1 syntax of the whole message MUST be compliant with the definitions given
 * in CMP [RFC4210] [RFC9480], CRMF [RFC4211], and CMS [RFC5652] [RFC8933]. (failInfo: badDataFormat)"
 * X.690 10.1: "The definite form of length encoding shall be used, encoded in the minimum number of
 * octets." */
Test(message, BER_lengths_are_refused)
{
    cr_assert_eq(decode(HEX("30 80 30 0b " LEAST " b3 02 05 00 00 00")), PKI_UNREADABLE); /* indefinite */
    cr_assert_eq(decode(HEX("30 81 11 30 0b " LEAST " b3 02 05 00")),
                 PKI_UNREADABLE); /* 81 for a short one */
    cr_assert_eq(decode(HEX("30 12 30 81 0b " LEAST " b3 02 05 00")), PKI_UNREADABLE);
    cr_assert_eq(decode(HEX("30 11 30 0b " LEAST " b3 80 05 00")), PKI_UNREADABLE);
    cr_assert_eq(decode(HEX("30 12 30 0b " LEAST " b3 03 05 81 00")), PKI_HEADER_ONLY); /* deeper */
    cr_assert_eq(decode(HEX("30 11 30 0b " LEAST " b3 02 05 00")), PKI_WHOLE);          /* it was that */
}

Test(message, octets_after_the_message_make_it_HEADER_ONLY)
{
    cr_assert_eq(decode(HEX("30 11 30 0b " LEAST " b3 02 05 00 00")), PKI_HEADER_ONLY);
    cr_assert_eq(decode(HEX("30 11 30 0b " LEAST " b3 02 05 00 30 00")), PKI_HEADER_ONLY);
}

Test(message, every_cut_of_a_message_is_unreadable)
{
    static const size_t all[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    struct bytes whole = with_fields(all, FIELDS);

    for (size_t len = 0; len < whole.len; len++) {
        uint8_t *cut = malloc(len + 1); /* of its own size: a read beyond it is seen */
        memcpy(cut, whole.data, len);
        cr_assert_eq(decode(bytes_of(cut, len)), PKI_UNREADABLE, "%zu octets", len);
        free(cut);
    }
}

static struct bytes nested(size_t levels)
{
    struct bytes inner = HEX("05 00");

    for (size_t i = 0; i < levels; i++)
        inner = ELEMENT(0x30, inner);
    return ELEMENT(0x30, ELEMENT(0x30, HEX(LEAST)), ELEMENT(0xb3, inner));
}

Test(message, nesting_has_a_bound)
{
    struct pki_message message;
    const char *why;

    cr_assert_eq(decode(nested(BOUND_DER_DEPTH - 2)), PKI_WHOLE); /* message and body are two levels */
    cr_assert_eq(pki_message_decode(&message, &why, nested(BOUND_DER_DEPTH - 1)), PKI_HEADER_ONLY);
    cr_assert_str_eq(why, "nested too deep");
    cr_assert_eq(decode(nested(2000)), PKI_HEADER_ONLY);
}

/* ---- generalInfo ---- */

static enum pki_decoded decode_info(struct pki_message *message, struct bytes infos)
{
    struct bytes header = ELEMENT(0x30, HEX(LEAST), ELEMENT(0xa8, ELEMENT(0x30, infos)));

    return pki_message_decode(message, NULL, ELEMENT(0x30, header, HEX(PKICONF)));
}

/* RFC 9810 5.1.1.1, 5.1.1.2, 5.1.1.4, 5.3.19.13: {id-it 13}, {id-it 14}, {id-it 21}, {id-it 16} */
Test(message, generalInfo_is_read)
{
    struct pki_message message;

    cr_assert_eq(decode_info(&message,
                             HEX("30 12 06 08 2b 06 01 05 05 07 04 10 30 06 0c 01 63 0c 01 64 "
                                 "30 0a 06 08 2b 06 01 05 05 07 04 0d "
                                 "30 1b 06 08 2b 06 01 05 05 07 04 0e 18 0f 32 30 32 37 30 31 31 35 30 38 30 "
                                 "30 30 30 5a "
                                 "30 12 06 08 2b 06 01 05 05 07 04 15 30 06 0c 01 61 0c 01 62 "
                                 "30 05 06 03 2a 03 04")),
                 PKI_WHOLE);
    cr_assert(message.header.implicit_confirm);
    cr_assert_eq(message.header.confirm_wait_time, 1800000000);
    cr_assert(bytes_equal(message.header.cert_profile, bytes_str("a")));
    cr_assert_eq(message.header.cert_profile_count, 2);
    cr_assert(bytes_equal(pki_nth_text(cbs_of(message.header.cert_profiles), 1), bytes_str("b")));
    cr_assert(bytes_equal(message.header.languages, HEX("0c 01 63 0c 01 64")));
    cr_assert_null(message.header.general_info_fault);
}

/* RFC 9483 3.5: what is not understood, and decides nothing, is handled gracefully. */
Test(message, languages_that_cannot_be_read_are_passed_over)
{
    static const char *const odd[] = {"30 0a 06 08 2b 06 01 05 05 07 04 10",
                                      "30 0c 06 08 2b 06 01 05 05 07 04 10 30 00",
                                      "30 0f 06 08 2b 06 01 05 05 07 04 10 30 03 13 01 61"};
    struct pki_message message;

    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        cr_assert_eq(decode_info(&message, HEX(odd[i])), PKI_WHOLE, "case %zu", i);
        cr_expect_null(message.header.general_info_fault, "case %zu", i);
        cr_expect_eq(message.header.languages.len, 0, "case %zu", i);
    }
}

Test(message, a_malformed_entry_of_generalInfo_is_told)
{
    static const struct {
        const char *info, *says;
    } bad[] = {
        {"05 00", "InfoTypeAndValue"},
        {"30 00", "InfoTypeAndValue"}, /* without its type */
        {"30 0d 06 08 2b 06 01 05 05 07 04 0d 01 01 ff", "implicitConfirm must be NULL"},
        {"30 0e 06 08 2b 06 01 05 05 07 04 0d 05 00 05 00", "implicitConfirm must be NULL"},
        {"30 0c 06 08 2b 06 01 05 05 07 04 0e 05 00", "confirmWaitTime"},
        {"30 0a 06 08 2b 06 01 05 05 07 04 0e", "confirmWaitTime"},            /* absent */
        {"30 0c 06 08 2b 06 01 05 05 07 04 15 30 00", "certProfile"},          /* SIZE (1..MAX) */
        {"30 0f 06 08 2b 06 01 05 05 07 04 15 30 03 13 01 61", "certProfile"}, /* PrintableString */
        {"30 11 06 08 2b 06 01 05 05 07 04 15 30 03 0c 01 61 05 00", "certProfile"},
    };
    struct pki_message message;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_eq(decode_info(&message, HEX(bad[i].info)), PKI_WHOLE, "case %zu", i);
        cr_assert_not_null(message.header.general_info_fault, "case %zu", i);
        cr_expect_not_null(strstr(message.header.general_info_fault, bad[i].says), "case %zu: %s", i,
                           message.header.general_info_fault);
    }
}

Test(message, generalInfo_has_a_bound)
{
    struct bytes infos[BOUND_GENERAL_INFO + 1];
    struct pki_message message;

    for (size_t i = 0; i <= BOUND_GENERAL_INFO; i++)
        infos[i] = HEX("30 05 06 03 2a 03 04");
    for (size_t n = BOUND_GENERAL_INFO; n <= BOUND_GENERAL_INFO + 1; n++) {
        struct bytes header = ELEMENT(0x30, HEX(LEAST), ELEMENT(0xa8, element(0x30, infos, n)));
        cr_assert_eq(pki_message_decode(&message, NULL, ELEMENT(0x30, header, HEX(PKICONF))), PKI_WHOLE);
        cr_assert_eq(message.header.general_info_fault == NULL, n == BOUND_GENERAL_INFO);
    }
}

/* ---- extraCerts ---- */

Test(message, extraCerts_beyond_the_bound_and_other_formats_are_passed_over)
{
    struct bytes certs[BOUND_EXTRA_CERTS + 2];
    struct pki_message message;

    certs[0] = HEX("a0 02 30 00"); /* RFC 4212: another format under a tag of its own */
    for (size_t i = 1; i < BOUND_EXTRA_CERTS + 2; i++)
        certs[i] = HEX("30 03 02 01 07");
    struct bytes der = ELEMENT(0x30, ELEMENT(0x30, HEX(LEAST)), HEX(PKICONF),
                               ELEMENT(0xa1, element(0x30, certs, BOUND_EXTRA_CERTS + 2)));
    cr_assert_eq(pki_message_decode(&message, NULL, der), PKI_WHOLE);
    cr_assert_eq(message.extra_cert_count, BOUND_EXTRA_CERTS);
    cr_assert(bytes_equal(message.extra_certs[0], HEX("30 03 02 01 07")));
}

/* ---- protection ---- */

/* RFC 9810 5.1.3: ProtectedPart ::= SEQUENCE { header PKIHeader, body PKIBody } */
Test(message, ProtectedPart_is_header_and_body_as_they_stand)
{
    struct pki_message message;
    struct bytes part;

    cr_assert_eq(
        pki_message_decode(&message, NULL,
                           message_of(LEAST, PKICONF " a0 04 03 02 00 aa a1 07 30 05 30 03 02 01 07")),
        PKI_WHOLE);
    cr_assert(message.has_protection);
    cr_assert(bytes_equal(message.protection, HEX("aa")));
    cr_assert_eq(message.extra_cert_count, 1);
    cr_assert(pki_protected_part(&part, arena, &message));
    cr_assert(bytes_equal(part, message_of(LEAST, PKICONF)));
}

/* ---- round trip ---- */

Test(message, what_is_written_is_read_back_field_by_field)
{
    struct pki_header header = {.pvno = 3,
                                .sender = HEX("a4 02 30 00"),
                                .recipient = HEX("82 01 61"),
                                .has_message_time = 1,
                                .message_time = 1800000000,
                                .protection_alg = HEX("30 05 06 03 2b 65 70"),
                                .sender_kid = HEX("01"),
                                .recip_kid = HEX("02 02"),
                                .transaction_id = HEX("03 03 03"),
                                .sender_nonce = HEX("04 04 04 04"),
                                .recip_nonce = HEX("05 05 05 05 05"),
                                .implicit_confirm = 1,
                                .confirm_wait_time = 1800000300,
                                .cert_profile = bytes_str("base station"),
                                .language = bytes_str("de-CH")};
    struct bytes extra[2] = {HEX("30 03 02 01 07"), HEX("30 03 02 01 08")}, part, der;
    struct pki_message back;

    cr_assert(pki_encode_protected_part(&part, arena, &header, PKI_PKICONF, HEX("05 00")));
    cr_assert(pki_encode_message(&der, arena, part, HEX("de ad"), extra, 2));
    cr_assert_eq(pki_message_decode(&back, NULL, der), PKI_WHOLE);
    cr_assert_eq(back.header.pvno, 3);
    cr_assert(bytes_equal(back.header.sender, header.sender));
    cr_assert(bytes_equal(back.header.recipient, header.recipient));
    cr_assert_eq(back.header.message_time, 1800000000);
    cr_assert(bytes_equal(back.header.protection_alg, header.protection_alg));
    cr_assert(bytes_equal(back.header.sender_kid, header.sender_kid));
    cr_assert(bytes_equal(back.header.recip_kid, header.recip_kid));
    cr_assert(bytes_equal(back.header.transaction_id, header.transaction_id));
    cr_assert(bytes_equal(back.header.sender_nonce, header.sender_nonce));
    cr_assert(bytes_equal(back.header.recip_nonce, header.recip_nonce));
    cr_assert(back.header.implicit_confirm);
    cr_assert_eq(back.header.confirm_wait_time, 1800000300);
    cr_assert(bytes_equal(back.header.cert_profile, header.cert_profile));
    cr_assert_eq(back.header.cert_profile_count, 1);
    cr_assert(bytes_equal(pki_nth_text(cbs_of(back.header.languages), 0), header.language));
    cr_assert(bytes_equal(back.protection, HEX("de ad")));
    cr_assert_eq(back.extra_cert_count, 2);
    cr_assert(bytes_equal(back.extra_certs[1], extra[1]));
    struct bytes again;
    cr_assert(pki_protected_part(&again, arena, &back));
    cr_assert(bytes_equal(again, part));
}

/* RFC 9810 5.1.2: PKIBody, the tags and names */
Test(message, bodies_have_the_names_of_the_RFC)
{
    static const char *const names[] = {
        "ir",     "ip",      "cr",     "cp",   "p10cr", "popdecc", "popdecr",  "kur",     "kup",
        "krr",    "krp",     "rr",     "rp",   "ccr",   "ccp",     "ckuann",   "cann",    "rann",
        "crlann", "pkiconf", "nested", "genm", "genp",  "error",   "certConf", "pollReq", "pollRep"};

    for (int i = 0; i < PKI_BODY_COUNT; i++)
        cr_assert_str_eq(pki_body_name(i), names[i]);
    cr_assert_str_eq(pki_body_name(-1), "?");
    cr_assert_str_eq(pki_body_name(PKI_BODY_COUNT), "?");
}
