/* Keys and certificates for a new CA, and for the demo's vendor and devices. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/name.h"
#include "crypto/pem.h"
#include "crypto/random.h"
#include "server/base/file.h"
#include "server/ctl/ctl.h"

enum { DAY = 24 * 60 * 60, BACKDATE = 300, SERIAL = 16, FILE_LIMIT = 1024 * 1024 };

int ctl_take_kind(enum key_kind *out, const char *option, const char *text)
{
    const struct key_algorithm *algorithm = key_algorithm_named(text);

    if (algorithm == NULL)
        return !ctl_fault("%s is P-256, P-384, P-521, RSA or Ed25519, not '%s'", option, text);
    *out = algorithm->kind;
    return 1;
}

int ctl_issue(struct bytes *der, struct arena *arena, const struct certificate_plan *plan,
              const struct private_key *key)
{
    struct certificate_plan whole = *plan;
    struct bytes tbs;
    uint8_t serial[SERIAL];
    struct signing item = {.key = key};
    struct signing *items[] = {&item};

    random_bytes(serial, sizeof serial);
    serial[0] &= 0x7f;
    whole.serial = bytes_of(serial, sizeof serial);
    whole.algorithm = item.algorithm = signature_for_key(private_key_kind(key));
    if (!certificate_build(&tbs, arena, &whole) ||
        (item.signature = arena_alloc(arena, private_key_signature_max(key))) == NULL)
        return 0;
    item.message = tbs;
    sign_batch(items, 1);
    return item.signature_len != 0 && certificate_assemble(der, arena, tbs, whole.algorithm,
                                                           bytes_of(item.signature, item.signature_len));
}

unsigned ctl_usage_of(enum ctl_role role)
{
    return role == CTL_ROOT || role == CTL_CA ? KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN
                                              : KEY_USAGE_DIGITAL_SIGNATURE;
}

const struct bytes *ctl_purposes_of(enum ctl_role role, size_t *count)
{
    /* id-kp-cmcCA (RFC 6402 2.10): this key answers for the CA (RFC 9480 2.2) */
    static const uint8_t cmc_ca[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x1b};
    static const struct bytes purposes[] = {{cmc_ca, sizeof cmc_ca}};

    *count = role == CTL_CMP_SIGNER ? 1 : 0;
    return purposes;
}

int ctl_make(struct ctl_identity *out, struct arena *arena, const struct ctl_cert_spec *spec,
             const struct ctl_identity *issuer, int64_t now)
{
    struct private_key *signer;
    struct bytes name;
    uint8_t key_id[20];

    *out = (struct ctl_identity){.key = private_key_generate(spec->kind, spec->rsa_bits)};
    if (out->key == NULL || !name_build(&name, arena, spec->name))
        return 0;
    signer = issuer != NULL ? issuer->key : out->key;
    struct certificate_plan plan = {
        .issuer = issuer != NULL ? issuer->cert.subject : name,
        .subject = name,
        .not_before = now - BACKDATE,
        .not_after = now + (int64_t)spec->days * DAY,
        .spki = private_key_spki(out->key),
        .is_ca = spec->role == CTL_ROOT || spec->role == CTL_CA,
        .path_len = spec->path_len,
        .key_usage = ctl_usage_of(spec->role),
    };
    plan.extended_key_usage = ctl_purposes_of(spec->role, &plan.extended_key_usage_count);
    if (!spki_key_id(key_id, DIGEST_SHA1, private_key_spki(signer)))
        return 0;
    plan.issuer_key_id = bytes_of(key_id, sizeof key_id);
    return ctl_issue(&out->cert_der, arena, &plan, signer) && certificate_parse(&out->cert, out->cert_der);
}

struct keep {
    struct arena *arena;
    struct bytes der;
};

static int keep_first(void *arg, struct bytes der)
{
    struct keep *keep = arg;

    keep->der = arena_copy(keep->arena, der);
    return 0;
}

int ctl_load_certificate(struct certificate *out, struct arena *arena, const char *path)
{
    struct keep keep = {arena, {NULL, 0}};
    uint8_t *text = NULL;
    size_t len = 0, given;

    if (!file_read(&text, &len, path, FILE_LIMIT))
        return !ctl_fault("cannot read %s: %s", path, strerror(errno));
    given = pem_each_certificate(bytes_of(text, len), keep_first, &keep);
    free(text);
    if (given != 0 && keep.der.data != NULL && certificate_parse(out, keep.der))
        return 1;
    ctl_fault("%s holds no certificate", path);
    return 0;
}

int ctl_load(struct ctl_identity *out, struct arena *arena, const char *dir, const char *stem)
{
    char path[CTL_PATH_MAX], name[CTL_PATH_MAX];
    uint8_t *text;
    size_t len;

    *out = (struct ctl_identity){.key = NULL};
    if (snprintf(name, sizeof name, "%s.pem", stem) >= (int)sizeof name || !ctl_path(path, dir, name))
        return !ctl_fault("cannot read %s/%s.pem: %s", dir, stem, strerror(ENAMETOOLONG));
    if (!ctl_load_certificate(&out->cert, arena, path))
        return 0;
    out->cert_der = out->cert.der;
    snprintf(name, sizeof name, "%s.key", stem);
    if (!ctl_path(path, dir, name) || !file_read(&text, &len, path, FILE_LIMIT))
        return !ctl_fault("cannot read %s/%s.key: %s", dir, stem, strerror(errno));
    out->key = private_key_from_pem(bytes_of(text, len));
    file_free(text, len);
    return out->key != NULL || !ctl_fault("%s holds no private key", path);
}

struct private_key *ctl_read_private(const char *what, const char *path, const char *passphrase_file)
{
    struct private_key *key = NULL;
    uint8_t *pem, *passphrase = NULL;
    size_t len, passphrase_len = 0;

    if (!file_read(&pem, &len, path, FILE_LIMIT)) {
        ctl_fault("%scannot read %s: %s", what, path, strerror(errno));
        return NULL;
    }
    if (!private_key_is_encrypted(bytes_of(pem, len))) {
        if ((key = private_key_from_pem(bytes_of(pem, len))) == NULL)
            ctl_fault("%s%s holds no private key in PEM", what, path);
    } else if (passphrase_file == NULL) {
        ctl_fault("%s%s is encrypted: name the file with its passphrase by --passphrase-file", what, path);
    } else if (!file_read(&passphrase, &passphrase_len, passphrase_file, FILE_LIMIT)) {
        ctl_fault("cannot read %s: %s", passphrase_file, strerror(errno));
    } else {
        key = private_key_from_encrypted_pem(bytes_of(pem, len),
                                             bytes_of(passphrase, file_first_line(passphrase)));
        if (key == NULL)
            ctl_fault("%sthe first line of %s does not open %s", what, passphrase_file, path);
    }
    file_free(passphrase, passphrase_len);
    file_free(pem, len);
    return key;
}

static int write_file(const char *dir, const char *name, const void *data, size_t len, unsigned mode)
{
    char path[CTL_PATH_MAX];

    if (!ctl_path(path, dir, name))
        return !ctl_fault("the path %s/%s is too long", dir, name);
    return file_write(path, data, len, mode, 1) || !ctl_fault("cannot write %s: %s", path, strerror(errno));
}

int ctl_write_certs(const char *dir, const char *name, const struct bytes *certs, size_t count)
{
    char *all = NULL, *pem;
    size_t used = 0, len;
    int ok = 1;

    for (size_t i = 0; ok && i < count; i++) {
        char *grown;
        if (!pem_certificate(&pem, &len, certs[i]))
            return !ctl_fault("out of memory");
        grown = realloc(all, used + len + 1);
        ok = grown != NULL;
        if (ok) {
            all = grown;
            memcpy(all + used, pem, len + 1);
            used += len;
        }
        free(pem);
    }
    ok = ok ? write_file(dir, name, all, used, 0644) : !ctl_fault("out of memory");
    free(all);
    return ok;
}

int ctl_save(const struct ctl_identity *identity, const char *dir, const char *stem, int with_key)
{
    char name[CTL_PATH_MAX];
    uint8_t *pem;
    size_t len;
    int ok;

    if (snprintf(name, sizeof name, "%s.pem", stem) >= (int)sizeof name ||
        !ctl_write_certs(dir, name, &identity->cert_der, 1))
        return 0;
    if (!with_key)
        return 1;
    if (!private_key_to_pem(&pem, &len, identity->key))
        return !ctl_fault("out of memory");
    snprintf(name, sizeof name, "%s.key", stem);
    ok = write_file(dir, name, pem, len, 0600);
    file_free(pem, len);
    return ok;
}

void ctl_identity_cleanup(struct ctl_identity *identity)
{
    private_key_free(identity->key);
    identity->key = NULL;
}
