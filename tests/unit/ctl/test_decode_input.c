/* decode_input.c: what an operator may paste (RFC 7468, RFC 4648). */
#include "tests/unit/ctl/decode_fixture.h"

TestSuite(decode_input, .init = set_up, .fini = tear_down);

static struct decode_input input;
static const char *why;

static int reads(const char *text)
{
    return decode_input_read(&input, arena, &why, bytes_str(text));
}

static void is(const char *text, const char *form, const char *octets)
{
    cr_assert(reads(text), "%s: %s", text, why);
    cr_assert_str_eq(input.form, form);
    cr_assert(bytes_equal(input.der, hex(arena, octets)), "%s", text);
}

Test(decode_input, DER_is_taken_as_it_is)
{
    struct bytes der = hex(arena, "30 03 02 01 05");

    cr_assert(decode_input_read(&input, arena, &why, der));
    cr_assert_str_eq(input.form, "DER");
    cr_assert_eq(input.der.data, der.data);
    cr_assert_eq(input.der.len, der.len);
}

Test(decode_input, hexadecimal_with_and_without_separators)
{
    is("3003020105", "hex", "30 03 02 01 05");
    is("30:03:02:01:aF\n", "hex", "30 03 02 01 af");
    is("  30 03\r\n\t02 01 05 ", "hex", "30 03 02 01 05");
}

/* RFC 4648 section 10, and line breaks anywhere */
Test(decode_input, base64)
{
    is("Zg==", "base64", "66");
    is("Zm8=", "base64", "66 6f");
    is("Zm9v", "base64", "66 6f 6f");
    is("Zm9v\nYg==\n", "base64", "66 6f 6f 62");
    is("Zm9vYmE", "base64", "66 6f 6f 62 61");
    is(" Zm 9v\r\nYm Fy ", "base64", "66 6f 6f 62 61 72");
    is("+/+/", "base64", "fb ff bf");
}

Test(decode_input, PEM_of_any_label)
{
    is("-----BEGIN CMP MESSAGE-----\nMAMC\nAQU=\n-----END CMP MESSAGE-----\n", "PEM", "30 03 02 01 05");
    cr_assert(bytes_equal(input.label, bytes_str("CMP MESSAGE")));
    cr_assert_not(input.more);
    /* RFC 7468 section 2: text outside of the encapsulation boundaries is passed over */
    is("what \xc3\xbc wrote:\n-----BEGIN X-----\nMAMCAQU=\n-----END X-----\n-----BEGIN "
       "Y-----\nZg==\n-----END Y-----",
       "PEM", "30 03 02 01 05");
    cr_assert(input.more);
}

Test(decode_input, what_is_none_of_them)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "the input is empty"},
        {"hello, world", "neither DER nor PEM, base64, or hexadecimal digits"},
        {"Zg==Zg==", "neither DER nor PEM, base64, or hexadecimal digits"},
        {"Zm9vY", "neither DER nor PEM, base64, or hexadecimal digits"},
        {"\x02\x01\x05", "neither DER nor PEM, base64, or hexadecimal digits"},
        {"-----BEGIN X-----\nMAMCAQU=\n", "the PEM block has no end"},
        {"-----BEGIN X", "the PEM block has no end"},
        {"-----BEGIN X-----\nMAM!\n-----END X-----\n", "what the PEM block contains is not base64"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_not(reads(cases[i].text), "%s", cases[i].text);
        cr_assert_str_eq(why, cases[i].why);
    }
}

Test(decode_input, nothing_is_said_of_a_private_key)
{
    static const char *const labels[] = {"PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"};

    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        int ok;
        const char *text =
            shown(bytes_str(arena_printf(arena, "-----BEGIN %s-----\nMAMCAQU=\n-----END %s-----\n", labels[i],
                                         labels[i])),
                  &ok);
        cr_assert_not(ok);
        cr_assert_str_eq(
            text, "fault: this is a private key: nothing of it is shown, and it belongs in no ticket\n");
    }
}

Test(decode_input, a_label_cannot_write_to_the_terminal)
{
    int ok;
    const char *text = shown(bytes_str("-----BEGIN \x1b[2J-----\nMAMCAQU=\n-----END \x1b[2J-----\n"), &ok);

    cr_assert_not(ok);
    cr_assert_null(strchr(text, 0x1b));
    cr_assert_not_null(strstr(text, "\\x1b"), "%s", text);
}
