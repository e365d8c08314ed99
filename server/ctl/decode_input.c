/* What an operator pastes: PEM (RFC 7468), base64, hexadecimal; or DER. */
#include "server/ctl/decode.h"

static const char begin[] = "-----BEGIN ", dashes[] = "-----", end[] = "-----END ";

static int is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static int base64_digit(uint8_t c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != 0 ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

static int read_hex(struct bytes *out, struct arena *arena, struct bytes text)
{
    uint8_t *octets = arena_alloc(arena, text.len / 2 + 1);
    size_t digits = 0;

    if (octets == NULL)
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.data[i]);
        if (digit >= 0) {
            octets[digits / 2] = (uint8_t)(octets[digits / 2] << 4 | digit);
            digits++;
        } else if (!is_blank(text.data[i]) && text.data[i] != ':') {
            return 0;
        }
    }
    *out = bytes_of(octets, digits / 2);
    return digits != 0 && digits % 2 == 0;
}

/* The padding may be missing: it says nothing. */
static int read_base64(struct bytes *out, struct arena *arena, struct bytes text)
{
    uint8_t *octets = arena_alloc(arena, text.len / 4 * 3 + 3);
    uint32_t group = 0;
    size_t digits = 0, len = 0;
    int padded = 0;

    if (octets == NULL)
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = base64_digit(text.data[i]);
        if (is_blank(text.data[i]))
            continue;
        if (text.data[i] == '=') {
            padded = 1;
            continue;
        }
        if (digit < 0 || padded)
            return 0;
        group = group << 6 | (uint32_t)digit;
        digits++;
        if (digits % 4 != 1)
            octets[len++] = (uint8_t)(group >> (digits % 4 == 2 ? 4 : digits % 4 == 3 ? 2 : 0));
    }
    *out = bytes_of(octets, len);
    return len != 0 && digits % 4 != 1;
}

/* The text after the first |mark| in |text|, or an empty view. */
static struct bytes after(struct bytes text, const char *mark)
{
    const uint8_t *at = text.len != 0 ? memmem(text.data, text.len, mark, strlen(mark)) : NULL;

    if (at == NULL)
        return bytes_of(NULL, 0);
    at += strlen(mark);
    return bytes_of(at, text.len - (size_t)(at - text.data));
}

static struct bytes before(struct bytes text, struct bytes rest, const char *mark)
{
    return bytes_of(text.data, text.len - rest.len - strlen(mark));
}

static int read_pem(struct decode_input *out, struct arena *arena, const char **why, struct bytes rest)
{
    struct bytes body = after(rest, dashes), tail = after(body, end);

    *why = "the PEM block has no end";
    if (body.data == NULL || tail.data == NULL)
        return 0;
    out->label = before(rest, body, dashes);
    out->more = after(tail, begin).data != NULL;
    *why = "this is a private key: nothing of it is shown, and it belongs in no ticket";
    if (after(out->label, "PRIVATE KEY").data != NULL)
        return 0;
    *why = "what the PEM block contains is not base64";
    return read_base64(&out->der, arena, before(body, tail, end));
}

static int is_text(struct bytes input)
{
    for (size_t i = 0; i < input.len; i++)
        if (!is_blank(input.data[i]) && (input.data[i] < 0x20 || input.data[i] > 0x7e))
            return 0;
    return 1;
}

int decode_input_read(struct decode_input *out, struct arena *arena, const char **why, struct bytes text)
{
    struct bytes block = after(text, begin);
    int is_der = text.len != 0 && text.data[0] == 0x30 && !is_text(text);

    *out = (struct decode_input){.form = "DER", .der = text};
    *why = NULL;
    if (text.len == 0)
        *why = "the input is empty";
    if (is_der || *why != NULL)
        return *why == NULL;
    out->form = "PEM";
    if (block.data != NULL)
        return read_pem(out, arena, why, block);
    out->form = "hex";
    if (read_hex(&out->der, arena, text))
        return 1;
    out->form = "base64";
    if (read_base64(&out->der, arena, text))
        return 1;
    *why = "neither DER nor PEM, base64, or hexadecimal digits";
    return 0;
}
