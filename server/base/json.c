/* JSON strings for the records of the audit log. */
#include "json.h"

#include "server/base/utf8.h"

static char *put_unit(char *out, uint32_t unit)
{
    static const char digits[] = "0123456789abcdef";

    *out++ = '\\';
    *out++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4)
        *out++ = digits[unit >> shift & 15];
    return out;
}

/* Characters beyond the first 65,536 take two units, a surrogate pair. */
static char *put_escaped(char *out, uint32_t character)
{
    enum { FIRST_OF_PAIR = 0xd800, SECOND_OF_PAIR = 0xdc00, PAIRS_FROM = 0x10000, HALF = 10, LOW = 0x3ff };

    if (character < PAIRS_FROM)
        return put_unit(out, character);
    character -= PAIRS_FROM;
    return put_unit(put_unit(out, FIRST_OF_PAIR + (character >> HALF)), SECOND_OF_PAIR + (character & LOW));
}

size_t json_quote(char *out, struct bytes value)
{
    enum { REPLACEMENT = 0xfffd };
    char *at = out;

    *at++ = '"';
    for (size_t i = 0; i < value.len;) {
        const uint8_t *p = value.data + i;
        size_t len = utf8_shown(p, value.len - i);
        uint32_t character = REPLACEMENT;
        if (*p == '"' || *p == '\\')
            *at++ = '\\';
        if (len != 0) {
            memcpy(at, p, len);
            at += len;
        } else {
            len = utf8_decode(&character, p, value.len - i);
            at = put_escaped(at, character);
        }
        i += len != 0 ? len : 1;
    }
    *at++ = '"';
    return (size_t)(at - out);
}
