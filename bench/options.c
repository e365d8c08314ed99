/* Reads the command line of cmpbench, and says what is wrong with it. */
#include "bench/options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULT = 256, DEFAULT_STREAMS = 16 };

static const char usage[] =
    "usage: cmpbench run --url URL --setup DIR [OPTION...]\n"
    "       cmpbench walk --url URL --setup DIR --persona NAME [OPTION...]\n"
    "       cmpbench crypto [--key TYPE] [--json]\n"
    "URL is http(s)://HOST:PORT/PATH, DIR what cmpctl init --demo made.\n"
    "what is asked for:\n"
    "  --persona NAME          behave as a client of the field (below); options behind it change what it "
    "does\n"
    "  --scenario MIX          ir (default), cr, p10cr, kur, rr, ocsp, ocsp-nonce, crl; ir-confirm, "
    "cr-confirm,\n"
    "                          p10cr-confirm, kur-confirm, p10cr-own-confirm: with certConf and pkiConf;\n"
    "                          or weights: ir=8,kur=1,rr=1\n"
    "  --protection WORD       signature (default), pbm, pbmac1\n"
    "  --mac-iterations N      of pbm and pbmac1 (1000)\n"
    "  --secrets FILE          a line with reference and secret for each base station, instead of the demo's "
    "one\n"
    "  --device-key TYPE       of the vendor's certificates: P-256 (default), P-384, P-521, RSA, Ed25519\n"
    "  --key TYPE              to be certified, the same types\n"
    "  --certificates N        enroll so many first, which ocsp then asks about in turn (16)\n"
    "  --serials FILE          ask about those instead: each line begins with a serial number in hex\n"
    "  --fleet FILE            keep keys and device certificates there, and take them from there\n"
    "how it is driven:\n"
    "  --clients C             enrollments at once (64)\n"
    "  --count N               enrollments in all (10000)\n"
    "  --seconds S             longest time for them (60)\n"
    "  --rate R                open loop: R a second, latency from the intended start; else closed loop\n"
    "  --warmup S              the first S seconds are not counted, but for their errors\n"
    "  --http2, --streams M    HTTP/2, M enrollments at once on a connection (16)\n"
    "  --tls-ca FILE           for https: what the server's certificate is verified with\n"
    "  --new-connections       a connection for each enrollment instead of kept ones\n"
    "  --idle-connections N    open N more, use each once, and keep them\n"
    "  --from ADDRESS          connect from this IPv4 address\n"
    "  --sources N             … and the N - 1 that follow it, in turn (1)\n"
    "  --threads T             of the clients (1)\n"
    "  --retries N             send a message again up to N times if the connection broke, or the server is "
    "away "
    "(0)\n"
    "what is looked at:\n"
    "  --check-all             verify the signatures of every answer, not of one in 16\n"
    "  --expect-fixed-certificate\n"
    "                          for mock servers: any certificate will do\n"
    "  --server-pid PID        read the server's CPU time and memory\n"
    "  --held FILE             append every certificate that a client holds: serial, transactionID, if "
    "confirmed\n"
    "  --report FILE.html      write a page with plots\n"
    "  --json                  one object for machines\n"
    "walk: one client enrolls, renews, tries again as the persona does, and tells of each step\n"
    "  --others PATH           it enrolls for another, too, with its certificate, if the persona does\n"
    "personae:\n";

void options_print_usage(FILE *out)
{
    const struct persona *persona;

    fputs(usage, out);
    for (size_t i = 0; (persona = persona_at(i)) != NULL; i++)
        fprintf(out, "  %-23s %s\n", persona->name, persona->client);
}

static const char *const protection_names[] = {"signature", "pbm", "pbmac1"};

const char *options_http(const struct options *options)
{
    return options->http2 ? "2" : options->persona.http10 ? "1.0" : "1.1";
}

const char *protection_name(enum protection protection)
{
    return protection_names[protection];
}

/* Cuts |url| into pieces. 1 or 0. */
static int parse_url(struct target *out, const char *url)
{
    size_t host_len, port_len;
    const char *end;

    *out = (struct target){.tls = strncmp(url, "https://", 8) == 0, .len = strlen(url)};
    if (!out->tls && strncmp(url, "http://", 7) != 0)
        return 0;
    url += 7 + out->tls;
    if (*url == '[') {
        end = strchr(++url, ']');
        host_len = end != NULL ? (size_t)(end - url) : 0;
        end += end != NULL;
    } else {
        host_len = strcspn(url, ":/");
        end = url + host_len;
    }
    if (host_len == 0 || host_len >= sizeof out->host)
        return 0;
    memcpy(out->host, url, host_len);
    snprintf(out->port, sizeof out->port, "%s", out->tls ? "443" : "80");
    if (*end == ':') {
        port_len = strspn(++end, "0123456789");
        if (port_len == 0 || port_len > 5)
            return 0;
        memcpy(out->port, end, port_len);
        out->port[port_len] = 0;
        end += port_len;
    }
    /* Who has a path of its own may fill it in. */
    return (*end == '/' || *end == 0) &&
           (size_t)snprintf(out->path, sizeof out->path, "%s", end) < sizeof out->path;
}

static int parse_number(unsigned *out, const char *text, unsigned min, unsigned max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *out = (unsigned)value;
    return *text >= '0' && *text <= '9' && *end == 0 && value >= min && value <= max;
}

static int parse_rate(double *out, const char *text)
{
    char *end;

    *out = strtod(text, &end);
    return *end == 0 && *out >= 0.001 && *out <= 1e7;
}

static int parse_key(enum key_kind *out, const char *text)
{
    const struct key_algorithm *algorithm = key_algorithm_named(text);

    *out = algorithm != NULL ? algorithm->kind : KEY_NONE;
    return algorithm != NULL;
}

static int parse_protection(enum protection *out, const char *text)
{
    for (size_t i = 0; i < sizeof protection_names / sizeof protection_names[0]; i++)
        if (strcmp(text, protection_names[i]) == 0) {
            *out = (enum protection)i;
            return 1;
        }
    return 0;
}

/* Options that stand behind it have the last word. */
static int take_persona(struct options *out, const char *name)
{
    const struct persona *persona = persona_named(name);

    if (persona == NULL)
        return 0;
    out->persona = *persona;
    out->protection = persona->protection;
    if (persona->mac_iterations != 0)
        out->mac_iterations = persona->mac_iterations;
    if (persona->key != KEY_NONE)
        out->device_key = out->new_key = persona->key;
    return mix_parse(&out->mix, scenario_kind(persona->enrolls)->name);
}

enum option_id {
    URL = 256,
    SETUP,
    PERSONA,
    OTHERS,
    SCENARIO,
    PROTECTION,
    MAC_ITERATIONS,
    SECRETS,
    DEVICE_KEY,
    KEY,
    CERTIFICATES,
    SERIALS,
    FLEET,
    CLIENTS,
    COUNT,
    SECONDS,
    RATE,
    WARMUP,
    HTTP2,
    STREAMS,
    TLS_CA,
    NEW_CONNECTIONS,
    IDLE_CONNECTIONS,
    FROM,
    SOURCES,
    THREADS,
    RETRIES,
    CHECK_ALL,
    FIXED_CERTIFICATE,
    SERVER_PID,
    HELD,
    REPORT,
    JSON,
};

static const struct option long_options[] = {
    {"url", required_argument, NULL, URL},
    {"setup", required_argument, NULL, SETUP},
    {"persona", required_argument, NULL, PERSONA},
    {"others", required_argument, NULL, OTHERS},
    {"scenario", required_argument, NULL, SCENARIO},
    {"protection", required_argument, NULL, PROTECTION},
    {"mac-iterations", required_argument, NULL, MAC_ITERATIONS},
    {"secrets", required_argument, NULL, SECRETS},
    {"device-key", required_argument, NULL, DEVICE_KEY},
    {"key", required_argument, NULL, KEY},
    {"certificates", required_argument, NULL, CERTIFICATES},
    {"serials", required_argument, NULL, SERIALS},
    {"fleet", required_argument, NULL, FLEET},
    {"clients", required_argument, NULL, CLIENTS},
    {"count", required_argument, NULL, COUNT},
    {"seconds", required_argument, NULL, SECONDS},
    {"rate", required_argument, NULL, RATE},
    {"warmup", required_argument, NULL, WARMUP},
    {"http2", no_argument, NULL, HTTP2},
    {"streams", required_argument, NULL, STREAMS},
    {"tls-ca", required_argument, NULL, TLS_CA},
    {"new-connections", no_argument, NULL, NEW_CONNECTIONS},
    {"idle-connections", required_argument, NULL, IDLE_CONNECTIONS},
    {"from", required_argument, NULL, FROM},
    {"sources", required_argument, NULL, SOURCES},
    {"threads", required_argument, NULL, THREADS},
    {"retries", required_argument, NULL, RETRIES},
    {"check-all", no_argument, NULL, CHECK_ALL},
    {"expect-fixed-certificate", no_argument, NULL, FIXED_CERTIFICATE},
    {"server-pid", required_argument, NULL, SERVER_PID},
    {"held", required_argument, NULL, HELD},
    {"report", required_argument, NULL, REPORT},
    {"json", no_argument, NULL, JSON},
    {NULL, 0, NULL, 0}};

/* 1 if |text| is a value of the option |id|. */
static int take_option(struct options *out, int id, const char *text)
{
    unsigned number;

    switch (id) {
    case URL:
        return parse_url(&out->target, text);
    case SETUP:
        out->setup = text;
        return 1;
    case PERSONA:
        return take_persona(out, text);
    case OTHERS:
        out->others = text;
        return text[0] == '/';
    case SCENARIO:
        return mix_parse(&out->mix, text);
    case PROTECTION:
        return parse_protection(&out->protection, text);
    case MAC_ITERATIONS:
        return parse_number(&out->mac_iterations, text, 1, 10000000);
    case SECRETS:
        out->secrets = text;
        return 1;
    case DEVICE_KEY:
        return parse_key(&out->device_key, text);
    case KEY:
        return parse_key(&out->new_key, text);
    case CERTIFICATES:
        return parse_number(&out->certificates, text, 1, OPTIONS_COUNT_MAX);
    case SERIALS:
        out->serials = text;
        return 1;
    case FLEET:
        out->fleet_file = text;
        return 1;
    case CLIENTS:
        return parse_number(&out->clients, text, 1, OPTIONS_CLIENTS_MAX);
    case COUNT:
        return parse_number(&out->count, text, 1, OPTIONS_COUNT_MAX);
    case SECONDS:
        return parse_number(&out->seconds, text, 1, OPTIONS_SECONDS_MAX);
    case RATE:
        return parse_rate(&out->rate, text);
    case WARMUP:
        return parse_number(&out->warmup, text, 0, OPTIONS_SECONDS_MAX);
    case HTTP2:
        out->http2 = 1;
        return 1;
    case STREAMS:
        return parse_number(&out->streams, text, 1, OPTIONS_STREAMS_MAX);
    case TLS_CA:
        out->tls_ca = text;
        return 1;
    case NEW_CONNECTIONS:
        out->new_connections = 1;
        return 1;
    case IDLE_CONNECTIONS:
        return parse_number(&out->idle_connections, text, 0, OPTIONS_CLIENTS_MAX);
    case FROM:
        return inet_pton(AF_INET, text, &out->from) == 1;
    case SOURCES:
        return parse_number(&out->sources, text, 1, OPTIONS_CLIENTS_MAX);
    case THREADS:
        return parse_number(&out->threads, text, 1, OPTIONS_THREADS_MAX);
    case RETRIES:
        return parse_number(&out->retries, text, 0, OPTIONS_RETRIES_MAX);
    case CHECK_ALL:
        out->check_all = 1;
        return 1;
    case FIXED_CERTIFICATE:
        out->fixed_certificate = 1;
        return 1;
    case SERVER_PID:
        if (!parse_number(&number, text, 1, 1u << 30))
            return 0;
        out->server_pid = (int)number;
        return 1;
    case HELD:
        out->held = text;
        return 1;
    case REPORT:
        out->report = text;
        return 1;
    case JSON:
        out->json = 1;
        return 1;
    default:
        return 0;
    }
}

static int fail(char *fault, const char *text)
{
    snprintf(fault, FAULT, "%s", text);
    return 0;
}

/* What becomes of a URL, and of the transport, by whom it is spoken to. */
static int check_persona(struct options *o, char *fault)
{
    const struct persona *persona = &o->persona;
    struct target *target = &o->target;

    if (target->path[0] == 0 && persona->path == NULL)
        return fail(fault, "--url needs a path");
    if (target->path[0] == 0)
        snprintf(target->path, sizeof target->path, "%s", persona->path);
    if (persona->http10 && o->http2)
        return fail(fault, "this persona speaks HTTP/1.0: leave out --http2");
    if (persona->http10)
        o->new_connections = 1; /* each ends with its answer */
    if (persona->url_max != 0 && (target->tls || target->len > persona->url_max)) {
        snprintf(fault, FAULT, "this persona takes a URL of http: and at most %zu characters",
                 persona->url_max);
        return 0;
    }
    return 1;
}

/* What the options say together. */
static int check(struct options *o, char *fault)
{
    if (o->setup == NULL || o->target.host[0] == 0)
        return fail(fault, "--url and --setup are needed");
    if (!check_persona(o, fault))
        return 0;
    if (o->target.tls && o->tls_ca == NULL)
        return fail(fault, "an https URL needs --tls-ca");
    if (o->streams != 0 && !o->http2)
        return fail(fault, "--streams needs --http2");
    if (o->new_connections && o->streams > 1)
        return fail(fault, "with --new-connections a connection has one stream");
    if (o->secrets != NULL && o->protection == PROTECTION_SIGNATURE)
        return fail(fault, "--secrets needs --protection pbm or pbmac1");
    if (o->serials != NULL && !mix_holds(&o->mix, PROTOCOL_OCSP))
        return fail(fault, "--serials needs --scenario ocsp or ocsp-nonce");
    if (o->streams == 0)
        o->streams = o->http2 && !o->new_connections ? DEFAULT_STREAMS : 1;
    if (o->threads > o->clients)
        o->threads = o->clients;
    return 1;
}

int options_parse(struct options *out, char fault[FAULT], int argc, char **argv)
{
    int id, which;

    *out = (struct options){.clients = 64,
                            .count = 10000,
                            .seconds = 60,
                            .threads = 1,
                            .sources = 1,
                            .certificates = 16,
                            .mac_iterations = 1000,
                            .device_key = KEY_P256,
                            .new_key = KEY_P256};
    mix_parse(&out->mix, "ir");
    optind = 0; /* getopt may have read other arguments before */
    opterr = 0;
    while ((id = getopt_long(argc, argv, "", long_options, &which)) != -1)
        if (id == '?') {
            snprintf(fault, FAULT, "%s is no option, or lacks its value", argv[optind - 1]);
            return 0;
        } else if (!take_option(out, id, optarg)) {
            snprintf(fault, FAULT, "--%s cannot be '%s'", long_options[which].name, optarg);
            return 0;
        }
    if (optind != argc) {
        snprintf(fault, FAULT, "'%s' is no option", argv[optind]);
        return 0;
    }
    if (out->others != NULL && (strcmp(argv[0], "walk") != 0 || !out->persona.enrolls_others))
        return fail(fault, "--others is for a walk of a persona that enrolls for others");
    if (strcmp(argv[0], "walk") == 0 && out->persona.name == NULL)
        return fail(fault, "a walk needs --persona");
    return check(out, fault);
}
