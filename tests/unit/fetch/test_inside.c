/* inside.c: which addresses are of one's own machine or network. */
#include "server/fetch/inside.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>

static int is_inside(const char *text)
{
    struct sockaddr_storage address = {.ss_family = AF_INET};
    struct sockaddr_in *in4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;

    if (inet_pton(AF_INET, text, &in4->sin_addr) != 1) {
        address.ss_family = AF_INET6;
        cr_assert_eq(inet_pton(AF_INET6, text, &in6->sin6_addr), 1, "%s", text);
    }
    int inside = address_is_inside((struct sockaddr *)&address);
    cr_expect_eq(address_text_is_inside(text), inside, "%s", text);
    return inside;
}

Test(inside, what_nobody_reaches_from_the_internet)
{
    static const char *const of[] = {
        "0.0.0.0",     "10.0.0.0",        "10.255.255.255", "100.64.0.1",  "100.127.255.255", "127.0.0.1",
        "169.254.1.1", "172.16.0.0",      "172.31.255.255", "192.168.0.1", "224.0.0.1",       "::",
        "::1",         "::ffff:10.1.2.3", "64:ff9b::a00:1", "fe80::1",     "fec0::1",         "fc00::1",
        "fdff::1",     "ff02::1",         "255.255.255.255"};

    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++)
        cr_expect(is_inside(of[i]), "%s", of[i]);
}

Test(inside, what_anybody_reaches)
{
    static const char *const of[] = {"1.0.0.0",        "9.255.255.255",   "11.0.0.0",       "100.63.255.255",
                                     "100.128.0.0",    "126.0.0.1",       "128.0.0.1",      "169.253.1.1",
                                     "172.15.255.255", "172.32.0.0",      "192.167.0.1",    "192.169.0.1",
                                     "223.0.0.1",      "2001:db8::1",     "::ffff:9.1.2.3", "fb00::1",
                                     "64:ff9b::900:1", "64:ff9b:1::a00:1"};

    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++)
        cr_expect_not(is_inside(of[i]), "%s", of[i]);
}

Test(inside, what_is_no_address_is_none_of_the_internet)
{
    struct sockaddr other = {.sa_family = AF_UNIX};

    cr_expect(address_is_inside(&other));
    cr_expect(address_text_is_inside(""));
    cr_expect(address_text_is_inside("vendor.example"));
}
