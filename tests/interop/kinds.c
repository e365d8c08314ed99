/* kinds DIR: a certificate of each ready-made profile, for a key on P-256 and one of RSA, as the policy of a
 * demo CA grants it to a device that is listed. Writes DIR/KIND-P-256.pem, DIR/KIND-RSA.pem, and DIR/root.pem
 * and DIR/issuing.pem of the CA; prints the name of each kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/batch.h"
#include "crypto/name.h"
#include "server/ctl/ctl.h"
#include "storage/tables.h"
#include "tests/support/demo.h"
#include "tests/support/must.h"

enum { TEXT_MAX = 8192, PATH_MAX_LEN = 512 };

static struct demo demo;
static struct arena *arena;

/* A profile of each kind, as an operator would write it. */
static void write_profiles(void)
{
    size_t count, used;
    const struct config_ready_made *kinds = config_kinds(&count);
    char text[TEXT_MAX];
    struct config_fault fault;

    used = (size_t)snprintf(text, sizeof text, "\noperator: {mcc: 262, mnc: 01}\nprofiles:\n");
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(
            text + used, sizeof text - used,
            "  - {name: %s, kind: %s, urls: {crl: [\"http://crl.example/a.crl\"], ocsp: "
            "[\"http://ocsp.example/\"]}%s}\n",
            kinds[i].name, kinds[i].name,
            strncmp(kinds[i].name, "nf-", 3) == 0 ? ", certificate: {nf_types: [SMF, AMF]}" : "");
    must(used < sizeof text);
    if (!demo_edit(&demo, &fault, "\nprofiles:\n", text)) {
        fprintf(stderr, "%s\n", fault.text);
        abort();
    }
}

static const struct cmp_profile *profile_named(const char *name)
{
    const struct cmp_settings *settings = policy_settings(demo.policy);

    for (size_t i = 0; i < settings->profile_count; i++)
        if (strcmp(settings->profiles[i]->config->name, name) == 0)
            return settings->profiles[i];
    abort();
}

static struct bytes sign(const struct cmp_authority *ca, struct bytes tbs)
{
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {
        .key = ca->key, .algorithm = ca->algorithm, .message = tbs, .signature = signature};
    struct signing *items[] = {&item};
    struct bytes der;

    sign_batch(items, 1);
    must(item.signature_len != 0);
    must(certificate_assemble(&der, arena, tbs, ca->algorithm, bytes_of(signature, item.signature_len)));
    return der;
}

static void enroll(const char *dir, const char *kind, const char *type, const struct private_key *key)
{
    const struct store_device row = {.site = bytes_str("Site 7"), .fqdn = bytes_str("a1.ran.example")};
    const struct cmp_device device = {
        .vendor = bytes_str("acme"),
        .identity =
            bytes_str(strncmp(kind, "nf-", 3) == 0 ? "f81d4fae-7dec-11d0-a765-00a0c91e6bf6" : "A0815"),
        .row = &row};
    struct cert_request request = {.tmpl = {.version = -1, .spki = private_key_spki(key)}};
    struct public_key *public = public_key_parse(private_key_spki(key));
    struct cmp_decision decision = {.profile = profile_named(kind),
                                    .request = &request,
                                    .key = public,
                                    .device = &device,
                                    .now = time(NULL),
                                    .arena = arena};
    char name[64];
    struct bytes der;

    policy_decide(&decision);
    if (!decision.granted) {
        fprintf(stderr, "%s: %s (%s)\n", kind, decision.text, decision.detail);
        abort();
    }
    der = sign(decision.profile->ca, decision.tbs);
    snprintf(name, sizeof name, "%s-%s.pem", kind, type);
    must(ctl_write_certs(dir, name, &der, 1));
    public_key_free(public);
}

int main(int argc, char **argv)
{
    struct private_key *ec = private_key_generate(KEY_P256, 0), *rsa = private_key_generate(KEY_RSA, 2048);
    const struct cmp_authority *ca;
    size_t count;
    const struct config_ready_made *kinds = config_kinds(&count);

    must(argc == 2 && ec != NULL && rsa != NULL);
    arena = arena_new(16 * 1024 * 1024);
    demo_new(&demo);
    write_profiles();
    ca = policy_settings(demo.policy)->default_profile->ca;
    must(ctl_write_certs(argv[1], "issuing.pem", &ca->cert.der, 1));
    must(ctl_write_certs(argv[1], "root.pem", &ca->root, 1));
    for (size_t i = 0; i < count; i++) {
        enroll(argv[1], kinds[i].name, "P-256", ec);
        enroll(argv[1], kinds[i].name, "RSA", rsa);
        printf("%s\n", kinds[i].name);
    }
    private_key_free(ec);
    private_key_free(rsa);
    demo_free(&demo);
    arena_free(arena);
    return 0;
}
