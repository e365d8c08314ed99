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

static unsigned usage_of(enum ctl_role role)
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

struct bytes ctl_key_id(uint8_t room[CTL_KEY_ID], const struct certificate *cert)
{
    if (cert->key_id.len != 0)
        return cert->key_id;
    return bytes_of(room, spki_key_id(room, DIGEST_SHA1, cert->spki) ? CTL_KEY_ID : 0);
}

int ctl_certify(struct bytes *der, struct arena *arena, const struct ctl_certified *whom,
                const struct certificate *issuer, const struct private_key *signer, int64_t now)
{
    uint8_t room[CTL_KEY_ID];
    struct certificate_plan plan = {
        .issuer = issuer != NULL ? issuer->subject : whom->name,
        .subject = whom->name,
        .not_before = now - BACKDATE,
        .not_after = whom->not_after,
        .spki = whom->spki,
        .is_ca = whom->role == CTL_ROOT || whom->role == CTL_CA,
        .path_len = whom->path_len,
        .key_usage = usage_of(whom->role) | whom->more_usage,
    };

    plan.extended_key_usage = ctl_purposes_of(whom->role, &plan.extended_key_usage_count);
    if (issuer != NULL)
        plan.issuer_key_id = ctl_key_id(room, issuer);
    else if (spki_key_id(room, DIGEST_SHA1, whom->spki))
        plan.issuer_key_id = bytes_of(room, sizeof room);
    return ctl_issue(der, arena, &plan, signer);
}

int ctl_make(struct ctl_identity *out, struct arena *arena, const struct ctl_cert_spec *spec,
             const struct ctl_identity *issuer, int64_t now)
{
    struct ctl_certified whom = {
        .role = spec->role, .path_len = spec->path_len, .not_after = now + (int64_t)spec->days * DAY};

    *out = (struct ctl_identity){.key = private_key_generate(spec->kind, spec->rsa_bits)};
    if (out->key == NULL || !name_build(&whom.name, arena, spec->name))
        return 0;
    whom.spki = private_key_spki(out->key);
    return ctl_certify(&out->cert_der, arena, &whom, issuer != NULL ? &issuer->cert : NULL,
                       issuer != NULL ? issuer->key : out->key, now) &&
           certificate_parse(&out->cert, out->cert_der);
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

/* struct passphrase is what stands on the first line of a file. */
struct passphrase {
    uint8_t *text; /* all of the file */
    size_t text_len;
    struct bytes line; /* in |text| */
};

static int read_passphrase(struct passphrase *out, const char *path)
{
    if (!file_read(&out->text, &out->text_len, path, FILE_LIMIT))
        return !ctl_fault("cannot read %s: %s", path, strerror(errno));
    out->line = bytes_of(out->text, file_first_line(out->text));
    return out->line.len != 0 ||
           !ctl_fault("the first line of %s is empty: write the passphrase there", path);
}

struct private_key *ctl_read_private(const char *what, const char *path, const char *passphrase_file)
{
    struct private_key *key = NULL;
    struct passphrase passphrase = {.text = NULL};
    uint8_t *pem;
    size_t len;

    if (!file_read(&pem, &len, path, FILE_LIMIT)) {
        ctl_fault("%scannot read %s: %s", what, path, strerror(errno));
        return NULL;
    }
    if (!private_key_is_encrypted(bytes_of(pem, len))) {
        if ((key = private_key_from_pem(bytes_of(pem, len))) == NULL)
            ctl_fault("%s%s holds no private key in PEM", what, path);
    } else if (passphrase_file == NULL) {
        ctl_fault("%s%s is encrypted: name the file with its passphrase by --passphrase-file, or by the "
                  "option that ends so",
                  what, path);
    } else if (read_passphrase(&passphrase, passphrase_file)) {
        key = private_key_from_encrypted_pem(bytes_of(pem, len), passphrase.line);
        if (key == NULL)
            ctl_fault("%sthe first line of %s does not open %s", what, passphrase_file, path);
    }
    file_free(passphrase.text, passphrase.text_len);
    file_free(pem, len);
    return key;
}

int ctl_write_key(const char *path, const struct private_key *key, const char *passphrase_file)
{
    struct passphrase passphrase = {.text = NULL};
    uint8_t *pem = NULL;
    size_t len = 0;
    int ok = passphrase_file == NULL || read_passphrase(&passphrase, passphrase_file);

    if (ok)
        ok = (passphrase_file == NULL ? private_key_to_pem(&pem, &len, key)
                                      : private_key_to_encrypted_pem(&pem, &len, key, passphrase.line)) ||
             !ctl_fault("out of memory");
    if (ok && !file_write(path, pem, len, 0600, 1))
        ok = !ctl_fault("cannot write %s: %s", path, strerror(errno));
    file_free(passphrase.text, passphrase.text_len);
    file_free(pem, len);
    return ok;
}

static int write_public(const char *dir, const char *name, const void *data, size_t len)
{
    char path[CTL_PATH_MAX];

    if (!ctl_path(path, dir, name))
        return !ctl_fault("the path %s/%s is too long", dir, name);
    return file_write(path, data, len, 0644, 1) || !ctl_fault("cannot write %s: %s", path, strerror(errno));
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
    ok = ok ? write_public(dir, name, all, used) : !ctl_fault("out of memory");
    free(all);
    return ok;
}

int ctl_save(const struct ctl_identity *identity, const char *dir, const char *stem, int with_key)
{
    char name[CTL_PATH_MAX], path[CTL_PATH_MAX];

    if (snprintf(name, sizeof name, "%s.pem", stem) >= (int)sizeof name ||
        !ctl_write_certs(dir, name, &identity->cert_der, 1))
        return 0;
    if (!with_key)
        return 1;
    snprintf(name, sizeof name, "%s.key", stem);
    return (ctl_path(path, dir, name) || !ctl_fault("the path %s/%s is too long", dir, name)) &&
           ctl_write_key(path, identity->key, NULL);
}

void ctl_identity_cleanup(struct ctl_identity *identity)
{
    private_key_free(identity->key);
    identity->key = NULL;
}
