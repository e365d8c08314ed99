/* Reads the command line of cmpbench, and says what is wrong with it. */
#include "bench/options.h"

#include <argp.h>
#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/man_page.h"
#include "server/version.h"

enum { FAULT = 256, DEFAULT_STREAMS = 16 };

/* What the command line may hold. */
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
    SERVER_VERSION,
    HELD,
    REPORT,
    JSON,
};

/* One row an option. Those without a name head the ones behind them. */
static const struct row {
    const char *name, *argument; /* NULL: it takes none */
    enum option_id id;
    const char *says;
} rows[] = {
    {"url", "URL", URL, "http(s)://HOST:PORT/PATH of the server"},
    {"setup", "DIR", SETUP, "what cmpctl init --demo made"},
    {.says = "what is asked for"},
    {"persona", "NAME", PERSONA,
     "behave as a client of the field (below); options behind it change what it does"},
    {"scenario", "MIX", SCENARIO,
     "ir (default), cr, p10cr, kur, rr, ocsp, ocsp-nonce, crl; ir-confirm, cr-confirm, p10cr-confirm, "
     "kur-confirm, p10cr-own-confirm: with certConf and pkiConf; or weights: ir=8,kur=1,rr=1"},
    {"protection", "WORD", PROTECTION, "signature (default), pbm, pbmac1"},
    {"mac-iterations", "N", MAC_ITERATIONS, "of pbm and pbmac1 (1000)"},
    {"secrets", "FILE", SECRETS,
     "a line with reference and secret for each base station, instead of the demo's one"},
    {"device-key", "TYPE", DEVICE_KEY,
     "of the vendor's certificates: P-256 (default), P-384, P-521, RSA, Ed25519"},
    {"key", "TYPE", KEY, "to be certified, the same types"},
    {"certificates", "N", CERTIFICATES, "enroll so many first, which ocsp then asks about in turn (16)"},
    {"serials", "FILE", SERIALS, "ask about those instead: each line begins with a serial number in hex"},
    {"fleet", "FILE", FLEET, "keep keys and device certificates there, and take them from there"},
    {.says = "how it is driven"},
    {"clients", "C", CLIENTS, "enrollments at once (64)"},
    {"count", "N", COUNT, "enrollments in all (10000)"},
    {"seconds", "S", SECONDS, "longest time for them (60)"},
    {"rate", "R", RATE, "open loop: R a second, latency from the intended start; else closed loop"},
    {"warmup", "S", WARMUP, "the first S seconds are not counted, but for their errors"},
    {"http2", NULL, HTTP2, "HTTP/2 instead of HTTP/1.1"},
    {"streams", "M", STREAMS, "with HTTP/2, M enrollments at once on a connection (16)"},
    {"tls-ca", "FILE", TLS_CA, "for https: what the server's certificate is verified with"},
    {"new-connections", NULL, NEW_CONNECTIONS, "a connection for each enrollment instead of kept ones"},
    {"idle-connections", "N", IDLE_CONNECTIONS, "open N more, use each once, and keep them"},
    {"from", "ADDRESS", FROM, "connect from this IPv4 address"},
    {"sources", "N", SOURCES,
     "connect from the address of --from, and the N - 1 that follow it, in turn (1)"},
    {"threads", "T", THREADS, "of the clients (1)"},
    {"retries", "N", RETRIES,
     "send a message again up to N times if the connection broke, or the server is away (0)"},
    {.says = "what is looked at"},
    {"check-all", NULL, CHECK_ALL, "verify the signatures of every answer, not of one in 16"},
    {"expect-fixed-certificate", NULL, FIXED_CERTIFICATE, "for mock servers: any certificate will do"},
    {"server-pid", "PID", SERVER_PID, "read the server's CPU time and memory"},
    {"server-version", "TEXT", SERVER_VERSION, "which version the page says that the server is"},
    {"held", "FILE", HELD,
     "append every certificate that a client holds: serial, transactionID, if confirmed"},
    {"report", "FILE.html", REPORT, "write a page with plots"},
    {"json", NULL, JSON, "one object for machines"},
    {.says = "walk: one client enrolls, renews, tries again as the persona does, and tells of each step"},
    {"others", "PATH", OTHERS, "it enrolls for another, too, with its certificate, if the persona does"},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static const char *const synopsis[] = {"cmpbench run --url URL --setup DIR [OPTION...]",
                                       "cmpbench walk --url URL --setup DIR --persona NAME [OPTION...]",
                                       "cmpbench crypto [--key TYPE] [--json]",
                                       "cmpbench --version | --help"};

void options_print_usage(FILE *out)
{
    struct argp_option options[ROWS + 1] = {{0}};
    const struct argp argp = {.options = options};
    const struct persona *persona;

    for (size_t i = 0; i < ROWS; i++)
        options[i] = (struct argp_option){.name = rows[i].name,
                                          .key = rows[i].name != NULL ? (int)rows[i].id : 0,
                                          .arg = rows[i].argument,
                                          .doc = rows[i].says};
    for (size_t i = 0; i < sizeof synopsis / sizeof synopsis[0]; i++)
        fprintf(out, "%s%s\n", i == 0 ? "usage: " : "       ", synopsis[i]);
    argp_help(&argp, out, ARGP_HELP_LONG, "cmpbench");
    fputs("\npersonae:\n", out);
    for (size_t i = 0; (persona = persona_at(i)) != NULL; i++)
        fprintf(out, "  %-26s %s\n", persona->name, persona->client);
}

void options_print_man(FILE *out)
{
    const struct persona *persona;

    man_page_begin(out, "cmpbench", 1, CMPD_VERSION,
                   "load generator for CMP servers: a fleet of simulated base stations");
    man_page_heading(out, "SYNOPSIS");
    for (size_t i = 0; i < sizeof synopsis / sizeof synopsis[0]; i++)
        man_page_code(out, synopsis[i]);
    man_page_heading(out, "DESCRIPTION");
    man_page_text(
        out,
        "run enrolls as many stations as it is told to, and tells rates, latencies and errors. walk takes "
        "one "
        "station step by step. crypto measures what the engines of this machine compute. Each is to be run "
        "against servers of your own.\n");
    man_page_heading(out, "OPTIONS");
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].name != NULL) {
            char name[64];
            snprintf(name, sizeof name, "--%s", rows[i].name);
            man_page_item(out, name, rows[i].argument, rows[i].says);
        } else {
            man_page_part(out, rows[i].says);
        }
    man_page_heading(out, "PERSONAE");
    for (size_t i = 0; (persona = persona_at(i)) != NULL; i++)
        man_page_item(out, persona->name, NULL, persona->client);
    man_page_heading(out, "EXIT STATUS");
    man_page_text(out, "0 all was done, 1 errors were seen, or it could not be done, 2 a wrong call.\n");
    man_page_heading(out, "SEE ALSO");
    man_page_text(out, "cmpd(8), cmpctl(1)\n");
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
    case SERVER_VERSION:
        out->server_version = text;
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
    struct option long_options[ROWS + 1] = {{NULL, 0, NULL, 0}};
    size_t count = 0;
    int id, which;

    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].name != NULL)
            long_options[count++] =
                (struct option){rows[i].name, rows[i].argument != NULL ? required_argument : no_argument,
                                NULL, (int)rows[i].id};
    *out = (struct options){.words = argv,
                            .word_count = argc,
                            .clients = 64,
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
