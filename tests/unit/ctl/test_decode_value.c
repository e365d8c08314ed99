/* decode_value.c, decode_print.c: values and lines. */
#include "tests/unit/ctl/decode_fixture.h"

TestSuite(decode_value, .init = set_up, .fini = tear_down);

static void value_says(const char *value, const char *lines)
{
    says(arena_printf(arena, "b5{30{30{(1.2.3) %s}}}", value), lines);
}

Test(decode_value, numbers)
{
    value_says("02{00}", "1.2.3 0");
    value_says("02{ff}", "1.2.3 -1");
    value_says("02{0080}", "1.2.3 128");
    value_says("02{7fffffffffffffff}", "1.2.3 9223372036854775807");
    value_says("02{8000000000000000}", "1.2.3 -9223372036854775808");
    value_says("02{00ffffffffffffffff}", "1.2.3 ffffffffffffffff");
    value_says("0a{07}", "1.2.3 7");
    value_says("01{00}", "1.2.3 FALSE");
}

/* RFC 5280 4.1.2.5.1: "Where YY is greater than or equal to 50, the year SHALL be interpreted as 19YY" */
Test(decode_value, times)
{
    value_says("17{'500101000000Z'}", "1.2.3 1950-01-01T00:00:00Z");
    value_says("17{'491231235959Z'}", "1.2.3 2049-12-31T23:59:59Z");
    value_says("18{'20500101000000.25Z'}", "1.2.3 2050-01-01T00:00:00.25Z");
}

Test(decode_value, octets)
{
    char *long_value = arena_alloc(arena, 512), *expected = arena_alloc(arena, 512);

    value_says("04{}", "1.2.3 (empty)");
    value_says("04{'gnb-1'}", "1.2.3 676e622d31 \"gnb-1\"");
    value_says("03{00}", "1.2.3 (empty)");
    value_says("03{03 a8}", "1.2.3 a8 (5 bits)");
    for (int i = 0; i < 64; i++)
        strcat(long_value, "ab");
    value_says(arena_printf(arena, "04{%s}", long_value), arena_printf(arena, "1.2.3 %s", long_value));
    for (int i = 0; i < 16; i++)
        strcat(expected, "ab");
    value_says(arena_printf(arena, "04{%sab}", long_value),
               arena_printf(arena, "1.2.3 %s... (65 octets)", expected));
}

Test(decode_value, strings)
{
    static const char *const tags[] = {"0c", "12", "13", "14", "16", "1a"};

    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        value_says(arena_printf(arena, "%s{'12'}", tags[i]), "1.2.3 \"12\"");
    value_says("1e{0041}", "1.2.3 \"\\x00A\"");
}

/* Every line is indented by its depth, and its value stands in one column. */
Test(decode_value, lines_are_aligned)
{
    struct bytes der = message("b9{30{30{02{05}}}}");
    char *text;
    size_t len;
    FILE *file = open_memstream(&text, &len);

    cr_assert(decode_write(file, der));
    fclose(file);
    cr_assert_str_eq(text, "PKIMessage                              24 octets from DER\n"
                           "  header\n"
                           "    pvno                                2 (cmp2000)\n"
                           "    sender                              directoryName (the empty name)\n"
                           "    recipient                           directoryName (the empty name)\n"
                           "  body                                  pollReq\n"
                           "    [0]\n"
                           "      certReqId                         5\n");
    free(text);
}

Test(decode_value, a_label_longer_than_its_column)
{
    struct decode_printer printer = {0};
    char *text;
    size_t len;

    printer.out = open_memstream(&text, &len);
    decode_print_begin(&printer, 1, "a label that is longer than all the others are");
    decode_print_value(&printer, "%d", 1);
    decode_print_value(&printer, "%d", 2);
    decode_print_begin(&printer, 0, "next");
    decode_print_end(&printer);
    decode_print_end(&printer);
    fclose(printer.out);
    cr_assert_str_eq(text, "  a label that is longer than all the others are  1 2\nnext\n");
    free(text);
}
