/* options.c: what is asked for, and what cannot be. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "bench/options.h"

enum { ARGUMENTS = 16 };

static struct options options;
static char fault[256];

/* Parses |text|, cut at its spaces, behind "run". */
static int parse(const char *text)
{
    static char copy[1024];
    char *argv[ARGUMENTS + 2] = {"run"}, *rest;
    int argc = 1;

    fault[0] = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && argc <= ARGUMENTS;
         word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    return options_parse(&options, fault, argc, argv);
}

Test(options, where_connections_come_from)
{
    cr_assert(parse("--url http://127.0.0.1:1/ --setup dir --from 127.0.1.1 --sources 50"), "%s", fault);
    cr_assert_eq(ntohl(options.from.s_addr), 0x7f000101);
    cr_assert_eq(options.sources, 50);
    cr_assert_not(parse("--url http://127.0.0.1:1/ --setup dir --from host"));
    cr_assert_not(parse("--url http://127.0.0.1:1/ --setup dir --sources 0"));
}

Test(options, defaults)
{
    cr_assert(parse("--url http://host:8829/pkix/ --setup dir"), "%s", fault);
    cr_assert_str_eq(options.target.host, "host");
    cr_assert_str_eq(options.target.port, "8829");
    cr_assert_str_eq(options.target.path, "/pkix/");
    cr_assert_eq(options.target.tls, 0);
    cr_assert_eq(options.clients, 64);
    cr_assert_eq(options.count, 10000);
    cr_assert_eq(options.seconds, 60);
    cr_assert_eq(options.streams, 1);
    cr_assert_eq(options.rate, 0);
    cr_assert_eq(options.new_key, KEY_P256);
    cr_assert_eq(mix_at(&options.mix, 0), SCENARIO_IR);
}

Test(options, urls)
{
    cr_assert(parse("--setup d --url http://[::1]:80/x"), "%s", fault);
    cr_assert_str_eq(options.target.host, "::1");
    cr_assert(parse("--setup d --tls-ca f --url https://ca.example/.well-known/cmp"), "%s", fault);
    cr_assert_str_eq(options.target.port, "443");
    cr_assert_str_eq(options.target.path, "/.well-known/cmp");
    cr_assert_eq(options.target.tls, 1);
    static const char *const wrong[] = {"ftp://h/x",         "http://h:1",    "http:///x",    "http://h:/x",
                                        "http://h:123456/x", "http://[::1/x", "http://h:8x/x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "--setup d --url %s", wrong[i]);
        cr_expect(!parse(text), "%s was taken", wrong[i]);
    }
}

Test(options, values)
{
    cr_assert(parse("--url http://h:1/x --setup d --http2 --rate 12.5 --protection pbmac1 --key RSA "
                    "--device-key P-384 "
                    "--scenario ir=2,rr=1"),
              "%s", fault);
    cr_assert_eq(options.streams, 16);
    cr_assert_eq(options.rate, 12.5);
    cr_assert_eq(options.protection, PROTECTION_PBMAC1);
    cr_assert_eq(options.new_key, KEY_RSA);
    cr_assert_eq(options.device_key, KEY_P384);
    cr_assert_eq(options.mix.length, 3);
}

Test(options, retries)
{
    cr_assert(parse("--url http://h:1/x --setup d"), "%s", fault);
    cr_assert_eq(options.retries, 0);
    cr_assert(parse("--url http://h:1/x --setup d --retries 100"), "%s", fault);
    cr_assert_eq(options.retries, OPTIONS_RETRIES_MAX);
    cr_assert(!parse("--url http://h:1/x --setup d --retries 101"));
    cr_assert(!parse("--url http://h:1/x --setup d --retries -1"));
}

Test(options, a_connection_that_is_new_has_one_stream)
{
    cr_assert(parse("--url http://h:1/x --setup d --http2 --new-connections"), "%s", fault);
    cr_assert_eq(options.streams, 1);
    cr_assert(!parse("--url http://h:1/x --setup d --http2 --new-connections --streams 2"));
}

Test(options, what_cannot_be_is_named)
{
    static const struct {
        const char *arguments, *named;
    } wrong[] = {
        {"--setup d", "--url"},
        {"--url http://h:1/x", "--setup"},
        {"--url http://h:1/x --setup d --clients 0", "--clients cannot be '0'"},
        {"--url http://h:1/x --setup d --clients -1", "--clients"},
        {"--url http://h:1/x --setup d --count 99999999", "--count"},
        {"--url http://h:1/x --setup d --count 1e3", "--count"},
        {"--url http://h:1/x --setup d --rate nan", "--rate"},
        {"--url http://h:1/x --setup d --rate 0", "--rate"},
        {"--url http://h:1/x --setup d --key P-255", "--key"},
        {"--url http://h:1/x --setup d --scenario genm", "--scenario"},
        {"--url http://h:1/x --setup d --protection none", "--protection"},
        {"--url http://h:1/x --setup d --streams 4", "--http2"},
        {"--url https://h:1/x --setup d", "--tls-ca"},
        {"--url http://h:1/x --setup d --secrets f", "--secrets"},
        {"--url http://h:1/x --setup d --nonsense", "--nonsense"},
        {"--url http://h:1/x --setup d more", "more"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_expect(!parse(wrong[i].arguments), "taken: %s", wrong[i].arguments);
        cr_expect(strstr(fault, wrong[i].named) != NULL, "'%s' does not tell of %s", fault, wrong[i].named);
    }
}
