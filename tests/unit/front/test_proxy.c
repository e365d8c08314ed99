/* proxy.c: the PROXY protocol, version 2, section 2.2, and Forwarded (RFC 7239 4, 5.2, 6, 7). */
#include <criterion/criterion.h>

#include "server/front/http/proxy.h"
#include "tests/support/exact.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
/* 192.0.2.7:49152 to 198.51.100.1:8829 */
#define OVER_IPV4                                                                                            \
    SIGNATURE "\x21\x11\0\x0c"                                                                               \
              "\xc0\0\x02\x07"                                                                               \
              "\xc6\x33\x64\x01"                                                                             \
              "\xc0\0"                                                                                       \
              "\x22\x7d"
/* 2001:db8::9, port 1025, to ::1 */
#define OVER_IPV6                                                                                            \
    SIGNATURE "\x21\x21\0\x24"                                                                               \
              "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09"                                                   \
              "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"                                                           \
              "\x04\x01"                                                                                     \
              "\x22\x7d"
#define OCTETS(literal) bytes_of(literal, sizeof(literal) - 1)

static const struct address nobody = {.len = 4, .octets = {203, 0, 113, 1}, .port = 1};

/* What proxy_header returns for |in|, behind which nothing may be read. */
static int read_header(struct address *client, size_t *len, struct bytes in)
{
    struct bytes copy = exact(in);
    int ret = proxy_header(client, len, copy);

    exact_free(copy);
    return ret;
}

static void expect(struct bytes in, const char *client, size_t length)
{
    struct address address = nobody;
    char text[ADDRESS_TEXT_MAX];
    size_t len = 0;

    cr_assert_eq(read_header(&address, &len, in), 1);
    cr_assert_str_eq(address_text(text, &address), client);
    cr_assert_eq(len, length);
}

Test(proxy, a_header_names_the_client)
{
    expect(OCTETS(OVER_IPV4), "192.0.2.7:49152", 28);
    expect(OCTETS(OVER_IPV4 "POST / HTTP/1.1"), "192.0.2.7:49152", 28);
    expect(OCTETS(OVER_IPV6), "[2001:db8::9]:1025", 52);
}

/* 2.2.1: behind the addresses there may be more (TLV), which is skipped. */
Test(proxy, what_follows_the_addresses_is_skipped)
{
    expect(OCTETS(SIGNATURE "\x21\x11\0\x10"
                            "\xc0\0\x02\x07"
                            "\xc6\x33\x64\x01"
                            "\xc0\0"
                            "\x22\x7d"
                            "\x04\0\x01x"
                            "rest"),
           "192.0.2.7:49152", 32);
}

/* As much as any proxy has to say, and one octet more; and no less than its family needs. */
Test(proxy, what_follows_has_its_bounds)
{
    enum { MOST = 2048, FIRST = 16 };
    static uint8_t in[FIRST + MOST + 1] = SIGNATURE "\x21\x11\x08\0"
                                                    "\xc0\0\x02\x07"
                                                    "\xc6\x33\x64\x01"
                                                    "\xc0\0"
                                                    "\x22\x7d";
    struct address address;
    size_t length;

    expect(bytes_of(in, FIRST + MOST), "192.0.2.7:49152", FIRST + MOST);
    in[15] = 1;
    cr_assert_eq(read_header(&address, &length, bytes_of(in, sizeof in)), -1);
    cr_assert_eq(read_header(&address, &length, bytes_of(in, FIRST)), -1, "it is not waited for");
}

/* "\x20" : LOCAL: the proxy itself, whatever addresses follow. "\x00", AF_UNSPEC: likewise. */
Test(proxy, LOCAL_is_the_proxy_itself)
{
    expect(OCTETS(SIGNATURE "\x20\0\0\0"), "203.0.113.1:1", 16);
    expect(OCTETS(SIGNATURE "\x20\x11\0\x0c"
                            "\xc0\0\x02\x07"
                            "\xc6\x33\x64\x01"
                            "\xc0\0"
                            "\x22\x7d"),
           "203.0.113.1:1", 28);
    expect(OCTETS(SIGNATURE "\x21\0\0\0"), "203.0.113.1:1", 16);
    expect(OCTETS(SIGNATURE "\x21\x31\0\x02xy"), "203.0.113.1:1", 18); /* AF_UNIX */
}

Test(proxy, a_part_of_a_header_is_waited_for)
{
    struct bytes whole[] = {OCTETS(OVER_IPV4), OCTETS(OVER_IPV6)};

    for (size_t i = 0; i < 2; i++)
        for (size_t len = 0; len < whole[i].len; len++) {
            struct address address = nobody;
            size_t length = 0;
            cr_assert_eq(read_header(&address, &length, bytes_of(whole[i].data, len)), 0, "%zu octets", len);
            cr_assert(address_equal(&address, &nobody));
        }
}

Test(proxy, what_is_none_is_refused)
{
    const struct bytes none[] = {
        OCTETS("P"),                                         /* HTTP */
        OCTETS("PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n"), /* version 1 */
        OCTETS("\r\n\r\n\0\r\nQUIX"),                        /* wrong in its last octets */
        OCTETS(SIGNATURE "\x11\x11\0\x0c"
                         "aaaabbbbcc"
                         "dd"), /* version 1 in version 2's form */
        OCTETS(SIGNATURE "\x22\x11\0\x0c"
                         "aaaabbbbcc"
                         "dd"), /* no such command */
        OCTETS(SIGNATURE "\x21\x11\0\x0b"
                         "aaaabbbbcc"
                         "d"), /* too short for its family */
        OCTETS(SIGNATURE "\x21\x21\0\x23"
                         "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccd"),
        OCTETS(SIGNATURE "\x21\x11\xff\xff"), /* more than any proxy has to say: not waited for */
    };
    struct address address;
    size_t length;

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        cr_assert_eq(read_header(&address, &length, none[i]), -1, "case %zu", i);
}

static const char *forwarded_of(struct bytes field)
{
    static char text[ADDRESS_TEXT_MAX];
    struct address address;
    struct bytes copy = exact(field);
    int is_known = proxy_forwarded(&address, copy);

    exact_free(copy);
    return is_known ? address_text(text, &address) : NULL;
}

static const char *forwarded(const char *field)
{
    return forwarded_of(bytes_str(field));
}

/* RFC 7239 4: "for=192.0.2.60;proto=http;by=203.0.113.43", quoted IPv6 with brackets, any case, blanks. */
Test(proxy, Forwarded_names_the_client)
{
    cr_assert_str_eq(forwarded("for=192.0.2.60"), "192.0.2.60");
    cr_assert_str_eq(forwarded("For=\"[2001:db8:cafe::17]:4711\""), "[2001:db8:cafe::17]:4711");
    cr_assert_str_eq(forwarded("for=\"[2001:db8::1]\""), "[2001:db8::1]");
    cr_assert_str_eq(forwarded("proto=http;by=203.0.113.43 ; FOR=\"192.0.2.60:80\""), "192.0.2.60:80");
    cr_assert_str_eq(forwarded(" for=192.0.2.60;host=\"a,b;for=x\" "), "192.0.2.60");
    cr_assert_str_eq(forwarded("for=\"192.0.2.60:_hidden\""), "192.0.2.60");
    cr_assert_str_eq(forwarded("for=\"192.0.2.60:99999\""), "192.0.2.60");
}

/* Only what the proxy that we trust added counts: everything before it a client may have made up. */
Test(proxy, the_last_element_of_Forwarded_counts)
{
    cr_assert_str_eq(forwarded("for=198.51.100.1, for=192.0.2.60"), "192.0.2.60");
    cr_assert_str_eq(forwarded("for=\"a, for=198.51.100.1\",for=192.0.2.60;proto=https"), "192.0.2.60");
    /* A quote that the client leaves open does not swallow what the proxy adds. */
    cr_assert_null(forwarded("for=203.0.113.9;x=\", for=192.0.2.60"));
    cr_assert_null(forwarded("for=203.0.113.9;x=\"\\, for=192.0.2.60"));
    cr_assert_null(forwarded("for=203.0.113.9;x=\"\\\", for=192.0.2.60"));
    cr_assert_null(forwarded("for=198.51.100.1, for=unknown"));
    cr_assert_null(forwarded("for=198.51.100.1,proto=http"));
}

Test(proxy, Forwarded_that_names_no_address)
{
    static const char *const none[] = {"",
                                       "for",
                                       "for=",
                                       "for=unknown",
                                       "for=_mine",
                                       "for=[::1",
                                       "for=\"[1.2.3.4]\"",
                                       "for=::1",
                                       "for=\"[::1]x\"",
                                       "fo=192.0.2.1",
                                       "for=\"192.0.2.1",
                                       "=",
                                       ";",
                                       ",",
                                       "\"",
                                       "\\",
                                       "for=192.0.2.1x"};

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        cr_assert_null(forwarded(none[i]), "%s", none[i]);
}

/* Wherever a field ends, nothing behind it is read. */
Test(proxy, a_field_may_end_anywhere)
{
    static const char *const fields[] = {"for=\"[2001:db8::17]:4711\" ; by=\"a\\\"b\" , proto=http",
                                         "for=192.0.2.60:80, For = \"192.0.2.61\\\"", "=;,\"\\\"[]:"};

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        for (size_t from = 0; from <= strlen(fields[i]); from++)
            for (size_t len = 0; from + len <= strlen(fields[i]); len++)
                forwarded_of(bytes_of(fields[i] + from, len));
}

/* RFC 7239 6.1: a port has up to five digits; what is none is not known. */
Test(proxy, a_port_has_its_bounds)
{
    cr_assert_str_eq(forwarded("for=\"192.0.2.60:65535\""), "192.0.2.60:65535");
    cr_assert_str_eq(forwarded("for=\"192.0.2.60:65536\""), "192.0.2.60");
    cr_assert_str_eq(forwarded("for=\"192.0.2.60:00080\""), "192.0.2.60:80");
}
