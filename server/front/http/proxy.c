/* Whom a proxy speaks for: the PROXY header of a connection, or the Forwarded field of a request (RFC 7239).
 */
#include "server/front/http/proxy.h"

#include <strings.h>

/* The PROXY protocol, version 2, section 2.2: twelve octets of signature, version and command, family and
 * transport, and the length of what follows: addresses, ports, and more that is not read. */
enum {
    SIGNATURE = 12,
    FIXED = 16,
    LOCAL = 0x20,
    PROXY = 0x21,
    TCP_OVER_IPV4 = 0x11,
    TCP_OVER_IPV6 = 0x21,
    LENGTH_MAX = 2048, /* of what follows; more than any proxy has to say */
};

static const uint8_t signature[SIGNATURE] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                             0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

static uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

int proxy_header(struct address *client, size_t *len, struct bytes in)
{
    size_t seen = in.len < SIGNATURE ? in.len : SIGNATURE, body;
    size_t octets;

    if (seen > 0 && memcmp(in.data, signature, seen) != 0)
        return -1;
    if (in.len < FIXED)
        return 0;
    body = be16(in.data + 14);
    if ((in.data[12] != LOCAL && in.data[12] != PROXY) || body > LENGTH_MAX)
        return -1;
    if (in.len < FIXED + body)
        return 0;
    *len = FIXED + body;
    octets = in.data[13] == TCP_OVER_IPV4 ? 4 : in.data[13] == TCP_OVER_IPV6 ? 16 : 0;
    if (in.data[12] == LOCAL || octets == 0)
        return 1;
    if (body < 2 * octets + 4)
        return -1;
    /* Source address, destination address, source port, destination port. */
    address_set(client, in.data + FIXED, octets, be16(in.data + FIXED + 2 * octets));
    return 1;
}

static struct bytes trim(struct bytes text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = bytes_of(text.data + 1, text.len - 1);
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* is_whole returns 1 if every quoted string of |field| ends: else what the client left open would swallow
 * what the proxy added behind it. */
static int is_whole(struct bytes field)
{
    int quoted = 0;

    for (size_t i = 0; i < field.len; i++)
        if (field.data[i] == '"')
            quoted = !quoted;
        else if (field.data[i] == '\\' && quoted)
            i++;
    return !quoted;
}

/* cut takes what stands before the next |mark| that is not in a quoted string off |*rest|. */
static struct bytes cut(struct bytes *rest, char mark)
{
    int quoted = 0;
    struct bytes piece = *rest;

    for (size_t i = 0; i < rest->len; i++) {
        char c = (char)rest->data[i];
        if (c == '"')
            quoted = !quoted;
        else if (c == '\\' && quoted)
            i++;
        else if (c == mark && !quoted) {
            piece.len = i;
            *rest = bytes_of(rest->data + i + 1, rest->len - i - 1);
            return trim(piece);
        }
    }
    *rest = bytes_of(NULL, 0);
    return trim(piece);
}

/* node reads RFC 7239 6: an address, an IPv6 one in brackets, and perhaps a port. */
static int node(struct address *client, struct bytes text)
{
    const uint8_t *end;
    unsigned long port;

    if (text.len == 0)
        return 0;
    if (text.len >= 2 && text.data[0] == '"' && text.data[text.len - 1] == '"')
        text = bytes_of(text.data + 1, text.len - 2);
    if (text.len > 0 && text.data[0] == '[') {
        end = memchr(text.data, ']', text.len);
        if (end == NULL || !address_parse(client, bytes_of(text.data + 1, (size_t)(end - text.data) - 1)) ||
            memchr(text.data, ':', (size_t)(end - text.data)) == NULL)
            return 0;
        end++;
    } else {
        end = memchr(text.data, ':', text.len);
        if (end == NULL)
            end = text.data + text.len;
        if (!address_parse(client, bytes_of(text.data, (size_t)(end - text.data))))
            return 0;
    }
    text = bytes_of(end, text.len - (size_t)(end - text.data));
    if (text.len == 0)
        return 1;
    /* A port that is hidden ("_x") is no reason not to know the address. */
    if (text.data[0] != ':')
        return 0;
    port = 0;
    for (size_t i = 1; i < text.len && i <= 5 && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        port = port * 10 + (text.data[i] - '0');
    client->port = port <= UINT16_MAX ? (uint16_t)port : 0;
    return 1;
}

int proxy_forwarded(struct address *client, struct bytes field)
{
    struct bytes element, pair, name, rest = field;

    if (!is_whole(field))
        return 0;
    do
        element = cut(&rest, ',');
    while (rest.len > 0);
    while (element.len > 0) {
        pair = cut(&element, ';');
        name = cut(&pair, '=');
        if (name.len == 3 && strncasecmp((const char *)name.data, "for", 3) == 0)
            return node(client, trim(pair));
    }
    return 0;
}
