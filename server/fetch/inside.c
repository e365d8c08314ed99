/* Addresses that a redirect from outside may not lead to. */
#include "server/fetch/inside.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* struct net is an IPv4 network. */
struct net {
    uint8_t address[4];
    unsigned bits;
};

static const struct net nets[] = {
    {{0, 0, 0, 0}, 8},      {{10, 0, 0, 0}, 8},    {{100, 64, 0, 0}, 10},  {{127, 0, 0, 0}, 8},
    {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12}, {{192, 168, 0, 0}, 16}, {{224, 0, 0, 0}, 3},
};

static uint32_t number(const uint8_t address[4])
{
    return (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 | (uint32_t)address[2] << 8 | address[3];
}

static int is_inside4(const uint8_t address[4])
{
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++)
        if ((number(address) ^ number(nets[i].address)) >> (32 - nets[i].bits) == 0)
            return 1;
    return 0;
}

static int is_inside6(const uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, nat64[12] = {0, 0x64, 0xff, 0x9b},
                         none[12] = {0};

    if (memcmp(address, mapped, 12) == 0 || memcmp(address, nat64, 12) == 0)
        return is_inside4(address + 12);
    return memcmp(address, none, 12) == 0 || (address[0] & 0xfe) == 0xfc || address[0] == 0xff ||
           (address[0] == 0xfe && (address[1] & 0x80) != 0);
}

int address_is_inside(const struct sockaddr *address)
{
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;

    if (address->sa_family == AF_INET) {
        memcpy(&in4, address, sizeof in4);
        return is_inside4((const uint8_t *)&in4.sin_addr);
    }
    if (address->sa_family != AF_INET6)
        return 1;
    memcpy(&in6, address, sizeof in6);
    return is_inside6(in6.sin6_addr.s6_addr);
}

int address_text_is_inside(const char *text)
{
    uint8_t octets[16];

    if (inet_pton(AF_INET, text, octets) == 1)
        return is_inside4(octets);
    return inet_pton(AF_INET6, text, octets) != 1 || is_inside6(octets);
}
