/* address.c */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>

#include "server/base/address.h"

static struct address parsed(const char *text)
{
    struct address out;

    cr_assert(address_parse(&out, bytes_str(text)), "%s", text);
    return out;
}

static int is_in(const char *address, const char *block)
{
    struct address a = parsed(address);
    struct address_block b;

    cr_assert(address_block_parse(&b, block), "%s", block);
    return address_in(&a, &b);
}

static int same_source(const char *a, const char *b)
{
    struct address one = parsed(a), other = parsed(b);

    return bytes_equal(address_source(&one), address_source(&other));
}

Test(address, text_and_back)
{
    char text[ADDRESS_TEXT_MAX];
    struct address address = parsed("192.0.2.7");

    cr_assert_str_eq(address_text(text, &address), "192.0.2.7");
    address.port = 8829;
    cr_assert_str_eq(address_text(text, &address), "192.0.2.7:8829");
    address = parsed("2001:db8::1");
    cr_assert_str_eq(address_text(text, &address), "[2001:db8::1]");
    address.port = 65535;
    cr_assert_str_eq(address_text(text, &address), "[2001:db8::1]:65535");
    address = parsed("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    address.port = 65535;
    cr_assert_str_eq(address_text(text, &address), "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    address = (struct address){0};
    cr_assert_str_eq(address_text(text, &address), "unknown");
}

Test(address, what_is_none_is_refused)
{
    static const char *const texts[] = {"",
                                        "x",
                                        "192.0.2",
                                        "192.0.2.256",
                                        "192.0.2.1:80",
                                        "[::1]",
                                        "::1%lo",
                                        "0192.0.2.1",
                                        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
    struct address out;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_assert_not(address_parse(&out, bytes_str(texts[i])), "%s", texts[i]);
    cr_assert_not(address_parse(&out, bytes_of("::1\0x", 5)), "a NUL hides the rest");
}

/* RFC 4291 2.5.5.2 */
Test(address, an_IPv4_address_in_IPv6_is_that_address)
{
    struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_port = htons(5)};
    struct address out;
    char text[ADDRESS_TEXT_MAX];

    inet_pton(AF_INET6, "::ffff:192.0.2.7", &sa.sin6_addr);
    address_of_socket(&out, (struct sockaddr *)&sa);
    cr_assert_str_eq(address_text(text, &out), "192.0.2.7:5");
    cr_assert(is_in("::ffff:192.0.2.7", "192.0.2.0/24"));
}

Test(address, a_socket_of_another_family_is_unknown)
{
    struct sockaddr sa = {.sa_family = AF_UNIX};
    struct address out;

    address_of_socket(&out, &sa);
    cr_assert_eq(out.len, 0);
    cr_assert_eq(address_source(&out).len, 0);
}

Test(address, a_source_is_an_IPv4_address_or_a_64)
{
    cr_assert(same_source("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
    cr_assert_not(same_source("2001:db8:1:2::1", "2001:db8:1:3::1"));
    cr_assert_not(same_source("192.0.2.1", "192.0.2.2"));
}

Test(address, the_host_of_a_log_line_is_its_source)
{
    char text[ADDRESS_TEXT_MAX];
    struct address address = parsed("2001:db8:1:2:3:4:5:6"), host;

    address.port = 7;
    address_host(&host, &address);
    cr_assert_str_eq(address_text(text, &host), "[2001:db8:1:2::]");
    address = parsed("192.0.2.7");
    address.port = 7;
    address_host(&host, &address);
    cr_assert_str_eq(address_text(text, &host), "192.0.2.7");
}

Test(address, blocks)
{
    cr_assert(is_in("10.1.2.3", "10.0.0.0/8"));
    cr_assert_not(is_in("11.1.2.3", "10.0.0.0/8"));
    cr_assert(is_in("192.0.2.129", "192.0.2.128/25"));
    cr_assert_not(is_in("192.0.2.127", "192.0.2.128/25"));
    cr_assert(is_in("192.0.2.1", "192.0.2.1"));
    cr_assert_not(is_in("192.0.2.2", "192.0.2.1/32"));
    cr_assert(is_in("198.51.100.1", "0.0.0.0/0"));
    cr_assert_not(is_in("::1", "0.0.0.0/0"));
    cr_assert(is_in("2001:db8:ffff::1", "2001:db8::/32"));
    cr_assert_not(is_in("2001:db9::1", "2001:db8::/32"));
    cr_assert(is_in("2001:db8::1", "2001:db8::1/128"));
}

Test(address, blocks_that_are_none)
{
    static const char *const texts[] = {
        "",       "10.0.0.0/", "10.0.0.0/33",   "10.0.0.0/-1", "10.0.0.0/8x",   "10.0.0.1/8", "10.0.0.0/ 8",
        "::/129", "host",      "10.0.0.0/0008", "/8",          "2001:db8::1/64"};
    struct address_block out;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_assert_not(address_block_parse(&out, texts[i]), "%s", texts[i]);
}
