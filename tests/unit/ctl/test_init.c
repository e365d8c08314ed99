/* test_init.c: what init makes, and what it refuses to (server/ctl/init.c). */
#include <sys/stat.h>

#include "crypto/name.h"
#include "crypto/pem.h"
#include "crypto/seal.h"
#include "tests/support/call.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/init.c"

static char folder[64], host[NODE_MAX];
static struct arena *arena;

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/cmpd-init-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(gethostname(host, sizeof host), 0);
    arena = arena_new(ARENA);
    log_set_level(LOG_ERROR);
}

static void tear_down(void)
{
    char command[160];

    arena_free(arena);
    snprintf(command, sizeof command, "chmod -R u+w '%s'; rm -rf '%s'", folder, folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(init, .init = set_up, .fini = tear_down, .timeout = 60);

/* A path in the folder; good until the eighth from here. */
static const char *at(const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* "cmpctl init WORDS", with the folder for each "@". */
static int init(const char *words)
{
    char text[2048] = "init ", *end = text + 5;

    for (; *words != 0; words++)
        end += *words == '@' ? sprintf(end, "%s", folder) : sprintf(end, "%c", *words);
    return call(text);
}

static int said(const char *text)
{
    return strstr(call_err, text) != NULL;
}

static void refused(const char *words, int status, const char *text)
{
    cr_expect_eq(init(words), status, "%s", words);
    cr_expect(said(text), "%s: '%s' expected: %s", words, text, call_err);
    cr_expect_str_empty(call_out);
}

static unsigned mode_of(const char *name)
{
    struct stat st;

    return stat(at(name), &st) == 0 ? st.st_mode & 0777 : 0;
}

static const char *text_of(const char *name)
{
    static char text[4096];
    FILE *file = fopen(at(name), "r");

    cr_assert_not_null(file, "%s", name);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

static void write_text(const char *name, const char *text, unsigned mode)
{
    cr_assert(file_write(at(name), text, strlen(text), mode, 0));
}

static struct config *config_of(const char *name)
{
    struct config_fault fault;
    struct config *config = config_load(&fault, at(name));

    cr_assert_not_null(config, "%s", fault.text);
    return config;
}

/* ---- keys and certificates ---- */

static int keep_der(void *arg, struct bytes der)
{
    *(struct bytes *)arg = arena_copy(arena, der);
    return 0;
}

static struct certificate certificate_of(const char *dir, const char *stem)
{
    struct certificate certificate;
    struct bytes der = {NULL, 0};
    char name[128];
    uint8_t *pem;
    size_t len;

    snprintf(name, sizeof name, "%s/%s.pem", dir, stem);
    cr_assert(file_read(&pem, &len, at(name), FILE_LIMIT), "%s", name);
    pem_each_certificate(bytes_of(pem, len), keep_der, &der);
    free(pem);
    cr_assert(certificate_parse(&certificate, der), "%s", name);
    return certificate;
}

struct expected {
    const char *name;
    enum key_kind kind;
    int is_ca;
    int64_t path_len, days;
    unsigned usage;
};

static void is_as_expected(struct certificate made, struct certificate issuer,
                           const struct expected *expected)
{
    char text[NAME_TEXT_MAX];
    int64_t now = time(NULL);
    struct public_key *key = public_key_parse(made.spki), *signer = public_key_parse(issuer.spki);
    struct verification link = {
        .algorithm = made.algorithm, .key = signer, .message = made.tbs, .signature = made.signature};
    struct verification *links[] = {&link};

    cr_expect_str_eq(name_text(text, sizeof text, made.subject), expected->name);
    cr_expect(bytes_equal(made.issuer, issuer.subject), "%s", text);
    cr_expect_eq(public_key_kind(key), expected->kind, "%s", text);
    cr_expect_eq(made.is_ca, expected->is_ca, "%s", text);
    cr_expect_eq(made.path_len, expected->path_len, "%s", text);
    cr_expect_eq(made.key_usage, expected->usage, "%s", text);
    /* Good already for who lags by five minutes. */
    cr_expect_eq(made.not_after - made.not_before, expected->days * 86400 + 300, "%s", text);
    cr_expect_geq(made.not_before, now - 300 - 60);
    cr_expect_leq(made.not_before, now - 300);
    verify_batch(links, 1);
    cr_expect(link.valid, "%s", text);
    public_key_free(key);
    public_key_free(signer);
}

enum {
    OF_CAS = KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN,
    TWENTY_YEARS = 7300,
    TEN_YEARS = 3650,
    THREE_YEARS = 1095,
};

static void operator_is_as_expected(const char *dir, const char *name, enum key_kind kind)
{
    char texts[3][128];
    struct certificate root = certificate_of(dir, "root"), issuing = certificate_of(dir, "issuing"),
                       cmp = certificate_of(dir, "cmp");

    snprintf(texts[0], sizeof texts[0], "CN=Root CA,O=%s", name);
    snprintf(texts[1], sizeof texts[1], "CN=Issuing CA,O=%s", name);
    snprintf(texts[2], sizeof texts[2], "CN=CMP server,O=%s", name);
    is_as_expected(root, root, &(struct expected){texts[0], kind, 1, 1, TWENTY_YEARS, OF_CAS});
    is_as_expected(issuing, root, &(struct expected){texts[1], kind, 1, 0, TEN_YEARS, OF_CAS});
    is_as_expected(cmp, issuing,
                   &(struct expected){texts[2], kind, 0, -1, THREE_YEARS, KEY_USAGE_DIGITAL_SIGNATURE});
    cr_expect_neq(cmp.extended_key_usage.len, 0, "RFC 9480 2.2: who answers for the CA says so");
}

/* |name| holds |digits| hexadecimal digits and a newline, and is nobody else's. */
static void is_secret(const char *name, size_t digits)
{
    const char *text = text_of(name);

    cr_expect_eq(strspn(text, "0123456789abcdef"), digits, "%s", name);
    cr_expect_str_eq(text + digits, "\n", "%s", name);
    cr_expect_eq(mode_of(name), 0600, "%s", name);
}

Test(init, a_CA_is_made)
{
    struct config *config;
    char expected[512];
    static const char *const folders[] = {"ca", "ca/ca", "ca/store"};
    static const char *const keys[] = {"ca/ca/root.key", "ca/ca/issuing.key", "ca/ca/cmp.key", "ca/cmpd.yaml",
                                       "ca/store/cmpd.db"};
    static const char *const certificates[] = {"ca/ca/root.pem", "ca/ca/issuing.pem", "ca/ca/cmp.pem"};

    cr_assert_eq(init("@/ca"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_err, "warning: certificates will not say where their CRL and OCSP are"),
                       "%s", call_err);
    snprintf(
        expected, sizeof expected,
        "%s/ca: root CA, issuing CA and CMP certificate made; start with: cmpd --config %s/ca/cmpd.yaml\n",
        folder, folder);
    cr_expect_str_eq(call_out, expected);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        cr_expect_eq(mode_of(folders[i]), 0700, "%s", folders[i]);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        cr_expect_eq(mode_of(keys[i]), 0600, "%s", keys[i]);
    for (size_t i = 0; i < sizeof certificates / sizeof certificates[0]; i++)
        cr_expect_eq(mode_of(certificates[i]), 0644, "%s", certificates[i]);
    is_secret("ca/ca/seal.key", 2 * SEAL_KEY);
    operator_is_as_expected("ca/ca", "cmpd", KEY_P256);
    cr_expect_eq(mode_of("ca/demo"), 0, "none was asked for");

    config = config_of("ca/cmpd.yaml");
    cr_expect_str_eq(config->node, host);
    cr_expect_eq(config->listener_count, 2);
    cr_expect_str_eq(config->listeners[0].address, "127.0.0.1:8829");
    cr_expect_eq(config->listeners[0].serves,
                 CONFIG_SERVE_CMP | CONFIG_SERVE_PUBLICATION | CONFIG_SERVE_OCSP);
    cr_expect_str_eq(config->listeners[1].address, "127.0.0.1:8830");
    cr_expect_eq(config->listeners[1].serves, CONFIG_SERVE_HEALTH | CONFIG_SERVE_ADMIN);
    cr_expect_eq(config->vendor_count, 0);
    cr_expect_eq(config->profile_count, 1);
    cr_expect_str_eq(config->profiles[0].name, "base-station");
    cr_expect_str_eq(config->default_profile, "base-station");
    cr_expect_not(config->profiles[0].demo);
    cr_expect_not(config->profiles[0].mac.allowed);
    cr_expect(config->profiles[0].names.subject_bound);
    config_free(config);
}

Test(init, what_is_asked_for_is_taken)
{
    struct config *config;

    cr_assert_eq(init("@/ca --name Operator --node n1 --key-type P-384 --listen 127.0.0.1:1 --admin-listen "
                      "127.0.0.1:2 --store sqlite:other.db"),
                 CTL_OK, "%s", call_err);
    operator_is_as_expected("ca/ca", "Operator", KEY_P384);
    config = config_of("ca/cmpd.yaml");
    cr_expect_str_eq(config->node, "n1");
    cr_expect_str_eq(config->listeners[0].address, "127.0.0.1:1");
    cr_expect_str_eq(config->listeners[1].address, "127.0.0.1:2");
    cr_expect_eq(mode_of("ca/other.db"), 0600);
    cr_expect_eq(mode_of("ca/store"), 0, "not where another store is");
    config_free(config);
    cr_assert_eq(init("@/embedded --store sqlite"), CTL_OK, "%s", call_err);
    cr_expect_eq(mode_of("embedded/store/cmpd.db"), 0600);
}

/* NIST SP 800-57: 3072 bits are good beyond 2030. */
Test(init, RSA_keys_have_3072_bits)
{
    struct ctl_identity root;

    cr_assert_eq(init("@/ca --key-type RSA"), CTL_OK, "%s", call_err);
    cr_assert(ctl_load(&root, arena, at("ca/ca"), "root"));
    cr_expect_eq(private_key_kind(root.key), KEY_RSA);
    cr_expect_eq(private_key_signature_max(root.key), 3072 / 8);
    ctl_identity_cleanup(&root);
}

Test(init, health_may_be_served_where_base_stations_come_in)
{
    struct config *config;

    cr_assert_eq(init("@/ca --listen 127.0.0.1:1 --admin-listen 127.0.0.1:1"), CTL_OK, "%s", call_err);
    config = config_of("ca/cmpd.yaml");
    cr_expect_eq(config->listener_count, 1);
    cr_expect_str_eq(config->listeners[0].address, "127.0.0.1:1");
    cr_expect_eq(config->listeners[0].serves, CONFIG_SERVE_CMP | CONFIG_SERVE_PUBLICATION |
                                                  CONFIG_SERVE_OCSP | CONFIG_SERVE_HEALTH |
                                                  CONFIG_SERVE_ADMIN);
    config_free(config);
}

/* RFC 5280 4.2.1.13, 4.2.2.1: what a certificate says stays as long as it is valid. */
Test(init, certificates_say_where_their_CRL_is_if_others_can_reach_it)
{
    static const struct {
        const char *options, *crl, *issuer, *ocsp; /* NULL: they do not say, and a warning does */
    } cases[] = {
        {"--listen 192.0.2.1:80 --public-url http://pki.example", "http://pki.example/crl/issuing.crl",
         "http://pki.example/ca/issuing.cer", "http://pki.example/ocsp"},
        {"--public-url http://pki.example:8080/cmpd/", "http://pki.example:8080/cmpd/crl/issuing.crl",
         "http://pki.example:8080/cmpd/ca/issuing.cer", "http://pki.example:8080/cmpd/ocsp"},
        {"--listen 192.0.2.1:80", "http://192.0.2.1:80/crl/issuing.crl", "http://192.0.2.1:80/ca/issuing.cer",
         "http://192.0.2.1:80/ocsp"},
        {"--demo", "http://127.0.0.1:8829/crl/issuing.crl", "http://127.0.0.1:8829/ca/issuing.cer",
         "http://127.0.0.1:8829/ocsp"},
        {"", NULL, NULL, NULL},
        {"--listen [::1]:80", NULL, NULL, NULL},
        {"--listen :80", NULL, NULL, NULL},
        {"--listen 0.0.0.0:80 --demo", NULL, NULL, NULL},
    };
    char name[16], words[256];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config *config;
        const struct config_urls *urls;
        snprintf(words, sizeof words, "@/ca%zu %s", i, cases[i].options);
        snprintf(name, sizeof name, "ca%zu/cmpd.yaml", i);
        cr_assert_eq(init(words), CTL_OK, "%s", call_err);
        config = config_of(name);
        urls = &config->profiles[0].urls;
        cr_expect_eq(strstr(call_err, "will not say where their CRL and OCSP are") != NULL,
                     cases[i].crl == NULL, "%s", words);
        cr_expect_eq(urls->crl.count, cases[i].crl != NULL, "%s", words);
        cr_expect_eq(urls->issuer.count, cases[i].crl != NULL, "%s", words);
        cr_expect_eq(urls->ocsp.count, cases[i].crl != NULL, "%s", words);
        if (cases[i].crl != NULL && urls->crl.count == 1 && urls->issuer.count == 1 &&
            urls->ocsp.count == 1) {
            cr_expect_str_eq(urls->crl.items[0], cases[i].crl);
            cr_expect_str_eq(urls->issuer.items[0], cases[i].issuer);
            cr_expect_str_eq(urls->ocsp.items[0], cases[i].ocsp);
        }
        config_free(config);
    }
    refused("@/no --public-url https://pki.example", CTL_FAULT, "--public-url wants http://");
    refused("@/no --public-url http://", CTL_FAULT, "--public-url wants http://");
    refused("@/no --public-url 'http://a\"b'", CTL_FAULT, "--public-url wants http://");
    refused("@/no --public-url http:///path", CTL_FAULT, "--public-url wants http://");
    refused("@/no --public-url http://pki.example/?a", CTL_FAULT, "--public-url wants http://");
    refused("@/no --public-url http://pki.example/#a", CTL_FAULT, "--public-url wants http://");
    refused("@/no --public-url http://pki\001.example", CTL_FAULT, "--public-url wants http://");
}

/* The secret that base stations get serves at the CA: it is in the store as it is in the file. */
static void demo_secret_is_stored(const char *config)
{
    struct config_fault fault;
    char store_fault[STORE_FAULT_MAX] = "";
    struct policy *policy = policy_load_file(&fault, at(config), time(NULL));
    struct store *store = store_open(store_fault, policy_config(policy)->store, "test");
    const uint8_t *issuer = policy_settings(policy)->default_profile->ca->id;
    struct store_fetch fetch = {.kind = STORE_SECRETS,
                                .issuer = bytes_of(issuer, STORE_ISSUER_ID),
                                .key = bytes_str("demo-base-station"),
                                .arena = arena};
    const struct store_secret *row;
    uint8_t plain[256], context[STORE_ISSUER_ID + 17];
    size_t len = 0;

    cr_assert_not_null(store, "%s", store_fault);
    cr_assert(store_fetch_wait(store, &fetch));
    cr_assert_eq(fetch.outcome, STORE_FOUND);
    row = fetch.rows;
    cr_expect(bytes_equal(row->profile, bytes_str("demo")));
    cr_expect(row->reusable, "for as often as somebody tries it");
    cr_expect_eq(row->expires, 0);
    memcpy(context, issuer, STORE_ISSUER_ID);
    memcpy(context + STORE_ISSUER_ID, "demo-base-station", 17);
    cr_assert(unseal(plain, &len, policy_settings(policy)->seal_key, row->sealed,
                     bytes_of(context, sizeof context)));
    cr_expect_eq(len, 32);
    cr_expect_eq(memcmp(plain, text_of("ca/demo/mac-secret"), 32), 0);
    store_close(store);
    policy_release(policy);
}

Test(init, a_demo_has_a_vendor_a_device_and_a_secret)
{
    struct config *config;
    const struct config_profile *profile;

    cr_assert_eq(init("@/ca --demo --vendor-key P-521"), CTL_OK, "%s", call_err);
    operator_is_as_expected("ca/ca", "Demo Operator", KEY_P256);
    cr_expect_eq(mode_of("ca/demo"), 0700);
    cr_expect_eq(mode_of("ca/demo/vendor-root.key"), 0, "no more of the vendor's keys than are needed");
    cr_expect_eq(mode_of("ca/demo/vendor-intermediate.key"), 0600);
    cr_expect_eq(mode_of("ca/demo/device-chain.pem"), 0644);
    cr_expect_eq(mode_of("ca/demo/mac-reference"), 0644);
    cr_expect_str_eq(text_of("ca/demo/mac-reference"), "demo-base-station\n");
    is_secret("ca/demo/mac-secret", 32);

    struct certificate root = certificate_of("ca/demo", "vendor-root"),
                       factory = certificate_of("ca/demo", "vendor-intermediate");
    is_as_expected(
        root, root,
        &(struct expected){"CN=Demo Vendor Root CA,O=Demo Vendor", KEY_P521, 1, 1, TWENTY_YEARS, OF_CAS});
    is_as_expected(
        factory, root,
        &(struct expected){"CN=Demo Vendor Factory CA,O=Demo Vendor", KEY_P521, 1, 0, TEN_YEARS, OF_CAS});

    config = config_of("ca/cmpd.yaml");
    cr_assert_eq(config->profile_count, 1);
    profile = &config->profiles[0];
    cr_expect_str_eq(profile->name, "demo");
    cr_expect_str_eq(config->default_profile, "demo");
    cr_expect(profile->demo);
    cr_expect(profile->mac.allowed);
    cr_expect_not(profile->names.subject_bound);
    cr_expect_eq(profile->paths.count, 1);
    cr_expect_str_eq(profile->paths.items[0], "/pkix/");
    config_free(config);
    demo_secret_is_stored("ca/cmpd.yaml");
}

/* ---- where it is made ---- */

Test(init, an_empty_folder_is_taken_and_closed_to_others)
{
    cr_assert_eq(mkdir(at("ca"), 0755), 0);
    cr_assert_eq(init("@/ca"), CTL_OK, "%s", call_err);
    cr_expect_eq(mode_of("ca"), 0700);
}

Test(init, what_is_somebodys_is_left_alone)
{
    cr_assert_eq(mkdir(at("full"), 0755), 0);
    write_text("full/.hidden", "", 0600);
    write_text("file", "text", 0600);
    refused("@/full", CTL_FAULT, "/full is not empty: name a new folder");
    cr_expect_eq(mode_of("full"), 0755);
    cr_expect_eq(mode_of("full/ca"), 0);
    refused("@/file", CTL_FAULT, "cannot read the folder ");
    cr_expect(said("/file: Not a directory"), "%s", call_err);
    refused("@/no/ca", CTL_FAULT, "cannot make the folder ");
    cr_expect(said("/no/ca: No such file or directory"), "%s", call_err);
}

Test(init, a_wrong_call_is_told)
{
    refused("--demo", CTL_USAGE, "init wants DIR, the folder to make");
    refused("@/ca --key-type P-1", CTL_FAULT, "--key-type is P-256, P-384, P-521, RSA or Ed25519, not 'P-1'");
    refused("@/ca --vendor-key P-1", CTL_FAULT,
            "--vendor-key is P-256, P-384, P-521, RSA or Ed25519, not 'P-1'");
    refused("@/ca --store postgres://h/d?password=hidden", CTL_FAULT, "--store holds a password");
    refused("@/ca --empty-store @/cmpd.yaml", CTL_USAGE, "--empty-store goes without anything else");
    refused("--empty-store @/cmpd.yaml --demo", CTL_USAGE, "--empty-store goes without anything else");
    static const char *const of_the_first[] = {"--demo", "--store sqlite", "--name x", "--key-type RSA"};
    for (size_t i = 0; i < sizeof of_the_first / sizeof of_the_first[0]; i++) {
        char words[128];
        snprintf(words, sizeof words, "@/ca --join @/first %s", of_the_first[i]);
        refused(words, CTL_USAGE, "--join takes the CA, its store and its names from the first node");
    }
    cr_expect_eq(mode_of("ca"), 0, "nothing is half done");
}

Test(init, what_the_configuration_refuses_is_told)
{
    refused("@/ca --listen nowhere", CTL_FAULT, "/ca/cmpd.yaml:");
    cr_expect_eq(mode_of("ca/store/cmpd.db"), 0);
}

/* ---- an empty store ---- */

Test(init, an_embedded_store_is_made_anew_where_none_ever_was)
{
    char expected[256];

    cr_assert_eq(init("@/ca"), CTL_OK, "%s", call_err);
    cr_assert_eq(unlink(at("ca/store/cmpd.db")), 0);
    cr_assert_eq(init("--empty-store @/ca/cmpd.yaml"), CTL_OK, "%s", call_err);
    snprintf(expected, sizeof expected, "the store of %s/ca/cmpd.yaml is there\n", folder);
    cr_expect_str_eq(call_out, expected);
    cr_expect_eq(mode_of("ca/store/cmpd.db"), 0600);
    refused("--empty-store @/nothing.yaml", CTL_FAULT, "nothing.yaml");
    cr_assert_eq(unlink(at("ca/store/cmpd.db")), 0);
    cr_assert_eq(rmdir(at("ca/store")), 0);
    write_text("ca/store", "", 0600);
    refused("--empty-store @/ca/cmpd.yaml", CTL_FAULT, "/ca/store");
}

/* ---- a second node ---- */

static void make_first(const char *words)
{
    char text[256];

    snprintf(text, sizeof text, "@/first %s", words);
    cr_assert_eq(init(text), CTL_OK, "%s", call_err);
}

Test(init, a_node_that_joins_is_of_the_same_CA)
{
    static const char *const same[] = {"ca/root.pem", "ca/issuing.key", "ca/seal.key", "demo/mac-secret",
                                       "demo/mac-reference"};
    struct config *first, *second;
    char expected[512];

    make_first("--demo");
    cr_assert_eq(mkdir(at("first/tls"), 0700), 0);
    cr_assert_eq(mkdir(at("first/vendors"), 0700), 0);
    write_text("first/tls/server.pem", "tls", 0640);
    write_text("first/vendors/v.pem", "vendor", 0757);
    write_text("first/vendors/.hidden", "", 0644);
    cr_assert_eq(init("@/second --join @/first --node n2"), CTL_OK, "%s", call_err);
    cr_expect_str_empty(call_err);
    snprintf(expected, sizeof expected,
             "%s/second: node n2 of the CA in %s/first; start with: cmpd --config %s/second/cmpd.yaml\n",
             folder, folder, folder);
    cr_expect_str_eq(call_out, expected);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        char from[64], to[64], text[4096];
        snprintf(from, sizeof from, "first/%s", same[i]);
        snprintf(to, sizeof to, "second/%s", same[i]);
        snprintf(text, sizeof text, "%.4095s", text_of(from));
        cr_expect_str_eq(text_of(to), text, "%s", same[i]);
        cr_expect_eq(mode_of(to), mode_of(from), "%s", same[i]);
    }
    cr_expect_str_eq(text_of("second/tls/server.pem"), "tls");
    cr_expect_eq(mode_of("second/tls/server.pem"), 0640);
    cr_expect_str_eq(text_of("second/vendors/v.pem"), "vendor");
    cr_expect_eq(mode_of("second/vendors/v.pem"), 0757);
    cr_expect_eq(mode_of("second/vendors/.hidden"), 0);
    cr_expect_eq(mode_of("second/ca"), 0700);
    cr_expect_eq(mode_of("second/ca/cmp.key"), 0600);
    cr_expect_eq(mode_of("second/ca/root.key"), 0, "no node works with it");
    cr_expect_eq(mode_of("second/store"), 0, "the first node's is used");
    first = config_of("first/cmpd.yaml");
    second = config_of("second/cmpd.yaml");
    cr_expect_str_eq(second->store, first->store);
    cr_expect_str_eq(second->node, "n2");
    cr_expect_eq(second->listener_count, 2);
    cr_expect_str_eq(second->listeners[0].address, first->listeners[0].address);
    cr_expect_str_eq(second->listeners[1].address, first->listeners[1].address);
    config_free(first);
    config_free(second);
}

Test(init, a_node_that_joins_has_addresses_of_its_own)
{
    struct config *config;

    make_first("--listen 127.0.0.1:1 --admin-listen 127.0.0.1:2 --node n1");
    refused("@/second --join @/first --listen 127.0.0.1:3", CTL_FAULT,
            "/first serves health at 127.0.0.1:2: say with --admin-listen where this one does");
    cr_assert_eq(init("@/second --join @/first --listen [::1]:33 --admin-listen 127.0.0.1:4"), CTL_OK, "%s",
                 call_err);
    config = config_of("second/cmpd.yaml");
    cr_expect_eq(config->listener_count, 2);
    cr_expect_str_eq(config->listeners[0].address, "[::1]:33");
    cr_expect_str_eq(config->listeners[1].address, "127.0.0.1:4");
    cr_expect_str_eq(config->listeners[1].address, "127.0.0.1:4");
    cr_expect_eq(strncmp(config->node, host, strlen(host)), 0);
    cr_expect_str_eq(config->node + strlen(host), "-1-33", "the host's name and where it listens: %s",
                     config->node);
    config_free(config);
    refused("@/third --join @/first --node n1", CTL_FAULT,
            "/first is named n1: give this one another name with --node");
    cr_expect_eq(mode_of("third"), 0);
    cr_assert_eq(init("@/third --join @/first"), CTL_OK, "%s", call_err);
    config = config_of("third/cmpd.yaml");
    cr_expect_str_eq(config->node + strlen(host), "-127.0.0.1-1", "where the first one listens: %s",
                     config->node);
    config_free(config);
}

Test(init, health_that_has_no_address_of_its_own_gets_none)
{
    make_first("--listen 127.0.0.1:1 --admin-listen 127.0.0.1:1");
    refused("@/second --join @/first --node n2 --admin-listen 127.0.0.1:2", CTL_FAULT,
            "/first serves health where base stations come in: leave --admin-listen out");
    cr_assert_eq(init("@/second --join @/first --node n2 --listen 127.0.0.1:3"), CTL_OK, "%s", call_err);
    struct config *config = config_of("second/cmpd.yaml");
    cr_expect_str_eq(config->listeners[0].address, "127.0.0.1:3");
    config_free(config);
}

/* Whoever has edited the first node's configuration gets a copy, or is told why not. */
Test(init, a_configuration_of_another_form_is_not_guessed_at)
{
    struct config *config;
    char *text, *at_node, *at_listeners, *after, *edited;
    uint8_t *data;
    size_t len;

    make_first("--listen 127.0.0.1:1 --admin-listen 127.0.0.1:1 --node n1");
    cr_assert(file_read(&data, &len, at("first/cmpd.yaml"), FILE_LIMIT));
    text = (char *)data;
    at_node = strstr(text, "\nnode: ");
    at_listeners = strstr(text, "  - address: ");
    after = strstr(text, "trusted_proxies:");
    cr_assert(at_node != NULL && at_listeners != NULL && after != NULL);
    at_node[1] = '#'; /* its name is its host's */
    write_text("first/cmpd.yaml", text, 0600);
    cr_assert_eq(init("@/second --join @/first --node n2"), CTL_OK, "%s", call_err);
    config = config_of("second/cmpd.yaml");
    cr_expect_str_eq(config->node, "n2");
    config_free(config);
    cr_assert_gt(asprintf(&edited, "%.*s  - serves: [cmp, health]\n    address: \"127.0.0.1:1\"\n%s",
                          (int)(at_listeners - text), text, after),
                 0);
    write_text("first/cmpd.yaml", edited, 0600);
    free(edited);
    free(data);
    refused(
        "@/third --join @/first --node n3 --listen 127.0.0.1:3", CTL_FAULT,
        "/first/cmpd.yaml has listeners that do not begin with '  - address:': leave --listen out and edit "
        "the copy");
    cr_assert_eq(init("@/fourth --join @/first --node n4"), CTL_OK, "%s", call_err);
}

Test(init, who_cannot_join_is_told)
{
    refused("@/second --join @/nowhere", CTL_FAULT, "/nowhere: No such file or directory");
    cr_assert_eq(mkdir(at("empty"), 0700), 0);
    refused("@/second --join @/empty", CTL_FAULT, "/empty/cmpd.yaml");
    make_first("--node n1");
    cr_assert_eq(mkdir(at("full"), 0700), 0);
    write_text("full/file", "", 0600);
    refused("@/full --join @/first --node n2", CTL_FAULT, "/full is not empty: name a new folder");
    cr_assert_eq(rename(at("first/ca/issuing.key"), at("key")), 0);
    refused("@/second --join @/first --node n2", CTL_FAULT, "/second/cmpd.yaml:");
    cr_expect_eq(mode_of("second"), 0, "nothing is left of it");
    cr_expect_neq(mode_of("full/file"), 0);
}

/* ---- what fails ---- */

Test(init, what_fails_leaves_nothing_that_was_made)
{
    static const char *const fails[] = {
        "--listen nowhere",                        /* seen when all but the store is made */
        "--demo --store sqlite:@/file/s",          /* seen when there is no store */
        "--demo --store postgres://127.0.0.1:1/x", /* seen when there are no tables */
    };
    char words[256];

    write_text("file", "", 0600);
    cr_assert_eq(mkdir(at("there"), 0755), 0);
    for (size_t i = 0; i < sizeof fails / sizeof fails[0]; i++) {
        snprintf(words, sizeof words, "@/ca %s", fails[i]);
        refused(words, CTL_FAULT, "cmpctl: ");
        cr_expect_eq(mode_of("ca"), 0, "%s", fails[i]);
        snprintf(words, sizeof words, "@/there %s", fails[i]);
        refused(words, CTL_FAULT, "cmpctl: ");
        cr_expect_eq(mode_of("there") & 07777, 0755, "%s", fails[i]);
        cr_expect_eq(rmdir(at("there")), 0, "it is there, and empty: %s", fails[i]);
        cr_assert_eq(mkdir(at("there"), 0755), 0);
    }
    cr_assert_eq(init("@/ca"), CTL_OK, "%s", call_err);
    refused("@/ca", CTL_FAULT, "not empty");
    cr_expect_eq(mode_of("ca/ca/root.key"), 0600, "another's is left alone");
}

/* ---- lines of the first node's configuration ---- */

static const char *joined(const char *line, size_t addresses)
{
    static char text[256];
    struct joining joining = {.from = "/first",
                              .node = "n2",
                              .listen = "L",
                              .admin_listen = "A",
                              .cmp_at = 0,
                              .health_at = 1,
                              .addresses = (int)addresses};
    FILE *to = fmemopen(text, sizeof text, "w");

    join_line(to, line, strlen(line), &joining);
    fclose(to);
    return text;
}

Test(init, a_line_is_copied_but_for_what_is_the_nodes_own)
{
    cr_expect_str_eq(joined("log: info", 0), "log: info\n");
    cr_expect_str_eq(joined("", 0), "\n");
    cr_expect_str_eq(joined("node: n1", 0), "node: n2\n");
    cr_expect_str_eq(joined("nodes: n1", 0), "nodes: n1\n");
    cr_expect_str_eq(joined("store: sqlite:s", 0), "store: sqlite:/first/s\n");
    cr_expect_str_eq(joined("store: sqlite:/s", 0), "store: sqlite:/s\n");
    cr_expect_str_eq(joined("store: sqlite:", 0), "store: sqlite:\n");
    cr_expect_str_eq(joined("store: postgres://h/d", 0), "store: postgres://h/d\n");
    cr_expect_str_eq(joined("  - address: x", 0), "  - address: \"L\"\n");
    cr_expect_str_eq(joined("  - address: x", 1), "  - address: \"A\"\n");
    cr_expect_str_eq(joined("  - address: x", 2), "  - address: x\n");
    cr_expect_str_eq(joined("  - address", 0), "  - address\n");
}

/* A name holds no more than the configuration takes (letters, digits, what parts them). */
Test(init, the_name_of_a_node_is_its_hosts_and_where_it_listens)
{
    static const struct {
        const char *address, *end;
    } rows[] = {{"127.0.0.1:8829", "-127.0.0.1-8829"},
                {"[::1]:8829", "-1-8829"},
                {":8829", "-8829"},
                {"a-b.example:1", "-a-b.example-1"},
                {"", ""}};
    char name[NODE_MAX], lengthy[2 * NODE_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        node_name(name, rows[i].address);
        cr_expect_eq(strncmp(name, host, strlen(host)), 0);
        cr_expect_str_eq(name + strlen(host), rows[i].end);
    }
    memset(lengthy, 'x', sizeof lengthy);
    lengthy[sizeof lengthy - 1] = 0;
    node_name(name, lengthy);
    cr_expect_eq(strlen(name), NODE_MAX - 2, "cut, and whole");
}
