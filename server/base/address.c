/* Addresses of peers and blocks of them: from sockets and texts, compared, written. */
#include "server/base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { V4 = 4, V6 = 16, TEXT_MAX = INET6_ADDRSTRLEN };

void address_set(struct address *out, const void *octets, size_t len, uint16_t port)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    *out = (struct address){.port = port};
    if (len == V6 && memcmp(octets, mapped, sizeof mapped) == 0) {
        octets = (const uint8_t *)octets + sizeof mapped;
        len = V4;
    }
    memcpy(out->octets, octets, len);
    out->len = (uint8_t)len;
}

void address_of_socket(struct address *out, const struct sockaddr *sa)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

    if (sa->sa_family == AF_INET)
        address_set(out, &in->sin_addr, V4, ntohs(in->sin_port));
    else if (sa->sa_family == AF_INET6)
        address_set(out, &in6->sin6_addr, V6, ntohs(in6->sin6_port));
    else
        *out = (struct address){0};
}

int address_parse(struct address *out, struct bytes text)
{
    char copy[TEXT_MAX];
    uint8_t octets[V6];

    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, 0, text.len) != NULL)
        return 0;
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    if (inet_pton(AF_INET, copy, octets) == 1)
        address_set(out, octets, V4, 0);
    else if (inet_pton(AF_INET6, copy, octets) == 1)
        address_set(out, octets, V6, 0);
    else
        return 0;
    return 1;
}

const char *address_text(char *out, const struct address *address)
{
    char text[TEXT_MAX] = "unknown";
    int is_v6 = address->len == V6;

    if (address->len != 0)
        inet_ntop(is_v6 ? AF_INET6 : AF_INET, address->octets, text, sizeof text);
    snprintf(out, ADDRESS_TEXT_MAX, is_v6 ? "[%s]" : "%s", text);
    if (address->port != 0)
        snprintf(out + strlen(out), ADDRESS_TEXT_MAX - strlen(out), ":%u", address->port);
    return out;
}

int address_equal(const struct address *a, const struct address *b)
{
    return a->len == b->len && a->port == b->port && memcmp(a->octets, b->octets, a->len) == 0;
}

struct bytes address_source(const struct address *address)
{
    return bytes_of(address->octets, address->len == V6 ? V6 / 2 : address->len);
}

void address_host(struct address *out, const struct address *address)
{
    *out = *address;
    out->port = 0;
    if (out->len == V6)
        memset(out->octets + V6 / 2, 0, V6 / 2);
}

/* same_bits compares the first |bits| bits. */
static int same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned mask = 0xff00U >> bits % 8 & 0xff;

    return memcmp(a, b, bits / 8) == 0 && (mask == 0 || (a[bits / 8] & mask) == (b[bits / 8] & mask));
}

int address_block_parse(struct address_block *out, const char *text)
{
    static const uint8_t zeros[V6];
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    struct address masked;
    unsigned long bits;

    if (!address_parse(&out->base, bytes_of(text, len)))
        return 0;
    out->bits = out->base.len * 8U;
    if (slash == NULL)
        return 1;
    len = strlen(slash + 1);
    if (len == 0 || len > 3 || slash[1 + strspn(slash + 1, "0123456789")] != 0 ||
        (bits = strtoul(slash + 1, NULL, 10)) > out->bits)
        return 0;
    out->bits = (unsigned)bits;
    /* 192.0.2.1/24 is likelier a slip than a block. */
    masked = out->base;
    for (unsigned bit = 0; bit < out->bits; bit++)
        masked.octets[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
    return memcmp(masked.octets, zeros, sizeof zeros) == 0;
}

int address_in(const struct address *address, const struct address_block *block)
{
    return address->len == block->base.len && same_bits(address->octets, block->base.octets, block->bits);
}
