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

Test(options, a_persona_decides_what_nobody_says)
{
    cr_assert(parse("--url http://h:1/p --setup d --persona onap"), "%s", fault);
    cr_assert_str_eq(options.persona.name, "onap");
    cr_assert_eq(options.protection, PROTECTION_PBM);
    cr_assert_eq(options.mac_iterations, 1999);
    cr_assert_eq(options.new_key, KEY_RSA);
    cr_assert_eq(options.device_key, KEY_RSA);
    cr_assert_eq(mix_at(&options.mix, 0), SCENARIO_IR);
    cr_assert(parse("--url http://h:1/p --setup d --persona cmp-issuer"), "%s", fault);
    cr_assert_eq(options.mac_iterations, 1000);
    cr_assert_eq(options.new_key, KEY_P256);
    cr_assert_eq(mix_at(&options.mix, 0), SCENARIO_P10CR_CONFIRM);
    /* What stands behind it has the last word. */
    cr_assert(
        parse(
            "--url http://h:1/p --setup d --persona onap --protection signature --scenario kur --key P-384"),
        "%s", fault);
    cr_assert_eq(options.protection, PROTECTION_SIGNATURE);
    cr_assert_eq(options.new_key, KEY_P384);
    cr_assert_eq(mix_at(&options.mix, 0), SCENARIO_KUR);
    cr_assert_not(parse("--url http://h:1/p --setup d --persona nobody"));
    cr_assert(parse("--url http://h:1/p --setup d"), "%s", fault);
    cr_assert_null(options.persona.name);
}

Test(options, a_persona_has_a_path_a_length_and_a_version_of_HTTP)
{
    char text[512];

    cr_assert(parse("--url http://h:1 --setup d --persona fortios"), "%s", fault);
    cr_assert_str_eq(options.target.path, "/app/cert/cmp2");
    cr_assert(parse("--url http://h:1/p --setup d --persona fortios"), "%s", fault);
    cr_assert_str_eq(options.target.path, "/p");
    cr_assert_not(parse("--url http://h:1 --setup d --persona huawei"));
    cr_assert_str_eq(fault, "--url needs a path");
    for (int octets = 128; octets <= 129; octets++) {
        snprintf(text, sizeof text, "--setup d --persona huawei --url http://h:1/%0*d",
                 octets - (int)strlen("http://h:1/"), 0);
        cr_assert_eq(parse(text), octets == 128, "%d: %s", octets, fault);
    }
    cr_assert_str_eq(fault, "this persona takes a URL of http: and at most 128 characters");
    cr_assert_not(parse("--setup d --tls-ca f --persona huawei --url https://h:1/p"));
    cr_assert_not(parse("--setup d --persona nokia --url http://h:1/p --http2"));
    cr_assert(parse("--setup d --persona nokia --url http://h:1/p"), "%s", fault);
    cr_assert_str_eq(options_http(&options), "1.0");
    cr_assert(options.new_connections);
    cr_assert(parse("--setup d --persona junos --url http://h:1/p --http2"), "%s", fault);
    cr_assert_str_eq(options_http(&options), "2");
}

Test(options, a_walk_is_of_somebody)
{
    char *without[] = {"walk", "--url", "http://h:1/p", "--setup", "d"},
         *with[] = {"walk", "--url", "http://h:1/p", "--setup", "d", "--persona", "junos"},
         *others[] = {"walk", "--url", "http://h:1/p", "--setup", "d", "--persona", "occm", "--others", "/o"};

    cr_assert_not(options_parse(&options, fault, 5, without));
    cr_assert_str_eq(fault, "a walk needs --persona");
    cr_assert(options_parse(&options, fault, 7, with), "%s", fault);
    cr_assert(options_parse(&options, fault, 9, others), "%s", fault);
    cr_assert_str_eq(options.others, "/o");
    others[6] = "junos";
    cr_assert_not(options_parse(&options, fault, 9, others), "it enrolls nobody else");
    others[6] = "occm";
    others[8] = "o";
    cr_assert_not(options_parse(&options, fault, 9, others), "that is no path");
    others[0] = "run";
    others[8] = "/o";
    cr_assert_not(options_parse(&options, fault, 9, others), "a load is of one path");
}

/* A URL with |host| and |path| octets of letters, and a port of |digits| digits. */
static int parse_url_of(size_t host, size_t digits, size_t path)
{
    static const char begin[] = "--setup d --url http://";
    char text[1024];
    size_t used = sizeof begin - 1;

    memcpy(text, begin, used);
    memset(text + used, 'h', host);
    used += host;
    text[used++] = ':';
    memset(text + used, '1', digits);
    used += digits;
    text[used] = '/';
    memset(text + used + 1, 'p', path - 1);
    text[used + path] = 0;
    return parse(text);
}

Test(options, parts_of_urls_have_bounds)
{
    const size_t host = sizeof options.target.host, path = sizeof options.target.path;

    cr_assert(parse_url_of(host - 1, 5, path - 1), "%s", fault);
    cr_assert_eq(strlen(options.target.host), host - 1);
    cr_assert_str_eq(options.target.port, "11111");
    cr_assert_eq(strlen(options.target.path), path - 1);
    cr_assert_not(parse_url_of(host, 5, path - 1));
    cr_assert_not(parse_url_of(host - 1, 6, path - 1));
    cr_assert_not(parse_url_of(host - 1, 5, path));
}

Test(options, numbers_have_bounds)
{
    static const struct {
        const char *name;
        unsigned min, max;
    } cases[] = {{"clients", 1, OPTIONS_CLIENTS_MAX},    {"count", 1, OPTIONS_COUNT_MAX},
                 {"seconds", 1, OPTIONS_SECONDS_MAX},    {"warmup", 0, OPTIONS_SECONDS_MAX},
                 {"threads", 1, OPTIONS_THREADS_MAX},    {"idle-connections", 0, OPTIONS_CLIENTS_MAX},
                 {"sources", 1, OPTIONS_CLIENTS_MAX},    {"mac-iterations", 1, 10000000},
                 {"certificates", 1, OPTIONS_COUNT_MAX}, {"http2 --streams", 1, OPTIONS_STREAMS_MAX}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int64_t beyond = -1; beyond <= 1; beyond++) {
            char text[128];
            snprintf(text, sizeof text, "--url http://h:1/x --setup d --%s %lld", cases[i].name,
                     (long long)cases[i].max + beyond);
            cr_expect_eq(parse(text), beyond <= 0, "%s", text);
            snprintf(text, sizeof text, "--url http://h:1/x --setup d --%s %lld", cases[i].name,
                     (long long)cases[i].min + beyond);
            cr_expect_eq(parse(text), beyond >= 0, "%s", text);
        }
}

/* Who asks OCSP about nothing needs no serial numbers. */
Test(options, what_ocsp_asks_about)
{
    cr_assert(parse("--url http://h:1/x --setup d --scenario ir,ocsp"), "%s", fault);
    cr_assert_eq(options.certificates, 16);
    cr_assert_null(options.serials);
    cr_assert(parse("--url http://h:1/x --setup d --scenario ocsp-nonce --serials file --certificates 3"),
              "%s", fault);
    cr_assert_eq(options.certificates, 3);
    cr_assert_str_eq(options.serials, "file");
    cr_assert_not(parse("--url http://h:1/x --setup d --scenario ir,crl --serials file"));
    cr_assert_not_null(strstr(fault, "--serials needs"));
}

/* A thread without a client would have nothing to do. */
Test(options, there_are_no_more_threads_than_clients)
{
    cr_assert(parse("--url http://h:1/x --setup d --threads 8 --clients 3"), "%s", fault);
    cr_assert_eq(options.threads, 3);
    cr_assert(parse("--url http://h:1/x --setup d --threads 8 --clients 8"), "%s", fault);
    cr_assert_eq(options.threads, 8);
    cr_assert(parse("--url http://h:1/x --setup d --threads 8 --clients 9"), "%s", fault);
    cr_assert_eq(options.threads, 8);
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

/* Every option goes into its own field, and no other. */
Test(options, each_has_its_place)
{
    struct options before;

    cr_assert(parse("--url https://h:1/x --setup d --tls-ca ca.pem --secrets s --protection pbm --fleet f"),
              "%s", fault);
    cr_assert_str_eq(options.setup, "d");
    cr_assert_str_eq(options.tls_ca, "ca.pem");
    cr_assert_str_eq(options.secrets, "s");
    cr_assert_str_eq(options.fleet_file, "f");
    cr_assert_eq(options.protection, PROTECTION_PBM);
    cr_assert_str_eq(protection_name(PROTECTION_PBM), "pbm");
    cr_assert_str_eq(protection_name(PROTECTION_SIGNATURE), "signature");
    cr_assert_str_eq(protection_name(PROTECTION_PBMAC1), "pbmac1");
    cr_assert(parse("--url http://h:1/x --setup d --held h --report r --server-pid 77 --server-version v"),
              "%s", fault);
    cr_assert_str_eq(options.held, "h");
    cr_assert_str_eq(options.report, "r");
    cr_assert_eq(options.server_pid, 77);
    cr_assert_str_eq(options.server_version, "v");
    cr_assert_eq(options.word_count, 13);
    cr_assert_str_eq(options.words[0], "run");
    cr_assert_str_eq(options.words[12], "v");
    cr_assert(options.fleet_file == NULL && options.secrets == NULL && options.tls_ca == NULL);
    cr_assert_eq(options.threads, 1);
    cr_assert_eq(options.sources, 1);
    cr_assert_eq(options.mac_iterations, 1000);
    cr_assert_eq(options.device_key, KEY_P256);
    cr_assert_eq(options.warmup + options.idle_connections + options.retries, 0);
    cr_assert_eq(options.http2 + options.new_connections + options.check_all + options.fixed_certificate, 0);
    cr_assert_eq(options.json, 0);
    before = options;
    cr_assert(parse("--url http://h:1/x --setup d --check-all"));
    cr_assert_eq(options.check_all, 1);
    cr_assert(parse("--url http://h:1/x --setup d --expect-fixed-certificate"));
    cr_assert_eq(options.fixed_certificate, 1);
    cr_assert(parse("--url http://h:1/x --setup d --new-connections"));
    cr_assert_eq(options.new_connections, 1);
    cr_assert_eq(options.streams, before.streams);
    cr_assert(
        parse("--url http://h:1/x --setup d --mac-iterations 7 --warmup 3 --idle-connections 4 --seconds 5"));
    cr_assert_eq(options.mac_iterations, 7);
    cr_assert_eq(options.warmup, 3);
    cr_assert_eq(options.idle_connections, 4);
    cr_assert_eq(options.seconds, 5);
    cr_assert(parse("--url http://h:1/x --setup d --count 6 --clients 9 --threads 2"));
    cr_assert_eq(options.count, 6);
    cr_assert_eq(options.clients, 9);
    cr_assert_eq(options.threads, 2);
}

/* Process numbers go to 2^30 at most; rates from one in a thousand seconds to ten millions a second. */
Test(options, numbers_of_their_own_kind_have_bounds)
{
    static const struct {
        const char *text;
        int taken;
    } cases[] = {{"--server-pid 0", 0},
                 {"--server-pid 1", 1},
                 {"--server-pid 1073741824", 1},
                 {"--server-pid x", 0},
                 {"--server-pid 1073741825", 0},
                 {"--rate 0.001", 1},
                 {"--rate 0.0009", 0},
                 {"--rate 1e7", 1},
                 {"--rate 10000001", 0},
                 {"--rate 1x", 0},
                 {"--clients 1x", 0},
                 {"--clients 4294967297", 0},
                 {"--streams 1 --http2", 1},
                 {"--from 1.2.3.4.5", 0}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "--url http://h:1/x --setup d %s", cases[i].text);
        cr_assert_eq(parse(text), cases[i].taken, "%s", text);
    }
}
