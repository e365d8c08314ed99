/* choice.c: see choice.h. */
#include "server/ctl/choice.h"

#include "server/ctl/cert.h"

static int lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? octet - 'A' + 'a' : octet;
}

static int continues(const char *text)
{
    return ((unsigned char)*text & 0xc0) == 0x80;
}

/* Skips a character of UTF-8. */
static const char *skip(const char *text)
{
    do
        text++;
    while (continues(text));
    return text;
}

/* When what follows a "*" does not fit, that "*" takes one octet more; those before it need not be tried
 * again. */
int choice_is_like(const char *text, const char *pattern)
{
    const char *star = NULL, *taken = NULL;

    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            taken = text;
        } else if (*pattern == '?') {
            text = skip(text);
            pattern++;
        } else if (lower((uint8_t)*pattern) == lower((uint8_t)*text)) {
            text++;
            pattern++;
        } else if (star != NULL) {
            pattern = star;
            taken = text = skip(taken);
        } else {
            return 0;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static int read_time(int64_t *out, const struct ctl_call *call, const char *option)
{
    const char *text = ctl_value(call, option);

    return text == NULL || cert_read_time(out, text) ||
           !ctl_fault(
               "--%s wants a date or a time in UTC, such as 2026-11-29 or 2026-11-29T05:00:00Z, not '%s'",
               option, text);
}

int choice_read_span(struct choice_span *out, const struct ctl_call *call, const char *after,
                     const char *before)
{
    *out = (struct choice_span){INT64_MIN, INT64_MAX};
    return read_time(&out->after, call, after) && read_time(&out->before, call, before);
}

int choice_is_in(const struct choice_span *span, int64_t at)
{
    return at >= span->after && at < span->before;
}
