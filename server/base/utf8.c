/* Which octets of somebody else's text may be shown as they are (RFC 3629). */
#include "utf8.h"

/* C0, DEL and C1, which some terminals obey; Unicode 2.13 and 9.2, the default ignorable format characters.
 */
static const struct {
    uint32_t first, last;
} escaped[] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},      {0x61c, 0x61c},
               {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x206f},
               {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff}};
enum { ESCAPED = sizeof escaped / sizeof escaped[0] };

size_t utf8_decode(uint32_t *character, const uint8_t *p, size_t left)
{
    enum { SURROGATE_FIRST = 0xd800, SURROGATE_LAST = 0xdfff, LAST = 0x10ffff };
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf8 ? 4 : 0;
    uint32_t value = len == 1 ? p[0] : p[0] & (0xffU >> (len + 1));

    if (len == 0 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3f);
    }
    if (value < least[len] || value > LAST || (value >= SURROGATE_FIRST && value <= SURROGATE_LAST))
        return 0;
    *character = value;
    return len;
}

size_t utf8_shown(const uint8_t *p, size_t left)
{
    uint32_t value = 0;
    size_t len;

    if (p[0] >= 0x20 && p[0] < 0x7f) /* nearly everything */
        return 1;
    len = utf8_decode(&value, p, left);
    for (size_t i = 0; i < ESCAPED; i++)
        if (value >= escaped[i].first && value <= escaped[i].last)
            return 0;
    return len;
}
