/* json.c: strings of RFC 8259 section 7, whatever octets come in. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "server/base/json.h"

static void becomes(const char *in, size_t len, const char *expected)
{
    char *out = malloc(json_quote_room(bytes_of(in, len)));
    size_t used = json_quote(out, bytes_of(in, len));

    cr_assert_leq(used, json_quote_room(bytes_of(in, len)));
    cr_assert(bytes_equal(bytes_of(out, used), bytes_str(expected)), "%.*s instead of %s", (int)used, out,
              expected);
    free(out);
}

Test(json, text_stays_as_it_is)
{
    becomes("", 0, "\"\"");
    becomes("O=Demo, CN=b\xc3\xa4r \xf0\x9f\x93\xa1", 20, "\"O=Demo, CN=b\xc3\xa4r \xf0\x9f\x93\xa1\"");
}

/* "All Unicode characters may be placed within the quotation marks, except for the characters that MUST be
 * escaped: quotation mark, reverse solidus, and the control characters (U+0000 through U+001F)." */
Test(json, what_must_be_escaped_is)
{
    becomes("a\"b\\c", 5, "\"a\\\"b\\\\c\"");
    becomes("\0\x1f\n\x7f", 4, "\"\\u0000\\u001f\\u000a\\u007f\"");
}

/* U+202E, U+E0001: "a character outside the Basic Multilingual Plane … as a 12-character sequence, encoding
 * the UTF-16 surrogate pair". */
Test(json, what_is_not_shown_is_escaped)
{
    becomes("\xe2\x80\xae", 3, "\"\\u202e\"");
    becomes("\xf3\xa0\x80\x81", 4, "\"\\udb40\\udc01\"");
}

Test(json, malformed_octets_are_replaced)
{
    becomes("\xff", 1, "\"\\ufffd\"");
    becomes("a\xc3", 2, "\"a\\ufffd\"");
    becomes("\xed\xa0\x80z", 4, "\"\\ufffd\\ufffd\\ufffdz\"");
    becomes("\xc0\xaf", 2, "\"\\ufffd\\ufffd\"");
}
