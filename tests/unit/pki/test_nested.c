/* nested.c: NestedMessageContent (RFC 9810 5.1.3.5). */
#include <criterion/criterion.h>

#include "server/pki/message.h"
#include "server/pki/nested.h"
#include "tests/support/hex.h"

static struct arena *arena;
static struct bytes read[BOUND_NESTED_MESSAGES];
static size_t count;
static const char *why;

static void set_up(void)
{
    arena = arena_new(1 << 20);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(nested, .init = set_up, .fini = tear_down);

Test(nested, what_is_written_is_read)
{
    struct bytes messages[] = {hex(arena, "30 03 02 01 02"), hex(arena, "30 00"), hex(arena, "04 01 ff")},
                 body;

    cr_assert(pki_encode_nested(&body, arena, messages, 3));
    cr_expect(bytes_equal(body, hex(arena, "30 0a 30 03 02 01 02 30 00 04 01 ff")));
    cr_assert(pki_decode_nested(read, &count, &why, body));
    cr_assert_eq(count, 3);
    for (size_t i = 0; i < 3; i++)
        cr_expect(bytes_equal(read[i], messages[i]));
}

/* Appendix F: SEQUENCE SIZE (1..MAX) OF PKIMessage */
Test(nested, what_is_none)
{
    static const struct {
        const char *body, *why;
    } cases[] = {
        {"30 00", "the nested message carries no message"},
        {"31 02 30 00", "NestedMessageContent is malformed"},
        {"30 02 30 00 00", "NestedMessageContent is malformed"},
        {"30 02 30 01", "NestedMessageContent is malformed"},
        {"30 04 30 80 00 00", "NestedMessageContent is malformed"},
        {"30 03 30 81 00", "NestedMessageContent is malformed"},
        {"05 00", "NestedMessageContent is malformed"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_not(pki_decode_nested(read, &count, &why, hex(arena, cases[i].body)), "case %zu", i);
        cr_expect_str_eq(why, cases[i].why, "case %zu", i);
    }
}

Test(nested, no_more_than_the_bound)
{
    struct bytes messages[BOUND_NESTED_MESSAGES + 1], body;

    for (size_t i = 0; i <= BOUND_NESTED_MESSAGES; i++)
        messages[i] = hex(arena, "30 00");
    cr_assert(pki_encode_nested(&body, arena, messages, BOUND_NESTED_MESSAGES));
    cr_assert(pki_decode_nested(read, &count, &why, body));
    cr_assert_eq(count, BOUND_NESTED_MESSAGES);
    cr_assert(pki_encode_nested(&body, arena, messages, BOUND_NESTED_MESSAGES + 1));
    cr_expect_not(pki_decode_nested(read, &count, &why, body));
    cr_expect_str_eq(why, "the nested message carries too many messages: send fewer at a time");
}

/* A message of |body_type| with |body| in it, and |more| after it. */
static struct bytes message_of(int body_type, const char *body, const char *more)
{
    const struct pki_header header = {
        .pvno = 2, .sender = hex(arena, "a4 02 30 00"), .recipient = hex(arena, "a4 02 30 00")};
    struct bytes part, out;
    CBS cbs, content;
    CBB cbb, sequence;

    cr_assert(pki_encode_protected_part(&part, arena, &header, body_type, hex(arena, body)));
    cbs = cbs_of(part);
    cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE));
    cr_assert(der_finish(&out, arena, &cbb,
                         CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
                             der_add_bytes(&sequence, bytes_of_cbs(&content)) &&
                             der_add_bytes(&sequence, hex(arena, more))));
    return out;
}

/* Each message in it is held to DER by itself, when it is read; all around them is, here. */
Test(nested, only_what_is_around_the_messages_has_to_be_DER)
{
    static const struct {
        const char *body, *more;
        enum pki_decoded nested, other;
    } cases[] = {
        {"30 03 01 01 01", "", PKI_WHOLE, PKI_HEADER_ONLY},               /* TRUE is FF */
        {"30 06 30 80 00 00 00 00", "", PKI_WHOLE, PKI_HEADER_ONLY},      /* no element at all */
        {"30 00", "a0 04 03 02 00 01", PKI_WHOLE, PKI_WHOLE},             /* a protection … */
        {"30 00", "a0 04 03 02 07 01", PKI_HEADER_ONLY, PKI_HEADER_ONLY}, /* … with bits that are none */
        {"30 00", "a1 05 30 03 01 01 01", PKI_HEADER_ONLY, PKI_HEADER_ONLY},
        {"30 00", "a0 80 03 02 00 01 00 00", PKI_HEADER_ONLY, PKI_HEADER_ONLY},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pki_message in;
        cr_expect_eq(pki_message_decode(&in, &why, message_of(PKI_NESTED, cases[i].body, cases[i].more)),
                     cases[i].nested, "case %zu", i);
        cr_expect_eq(why == NULL, cases[i].nested == PKI_WHOLE, "case %zu", i);
        cr_expect_eq(pki_message_decode(&in, NULL, message_of(PKI_GENM, cases[i].body, cases[i].more)),
                     cases[i].other, "case %zu", i);
    }
}

Test(nested, nothing_after_its_end)
{
    struct bytes message = message_of(PKI_NESTED, "30 00", ""), longer;
    struct pki_message in;
    CBB cbb;

    cr_assert(der_finish(&longer, arena, &cbb,
                         CBB_init(&cbb, 64) && der_add_bytes(&cbb, message) && CBB_add_u8(&cbb, 0)));
    cr_expect_eq(pki_message_decode(&in, &why, longer), PKI_HEADER_ONLY);
    cr_expect_str_eq(why, "octets after the end");
}
