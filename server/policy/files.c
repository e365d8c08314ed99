/* The files that a configuration names: certificates and keys. */
#include <errno.h>
#include <stdlib.h>

#include "crypto/pem.h"
#include "crypto/random.h"
#include "crypto/token.h"
#include "server/base/file.h"
#include "server/policy/internal.h"

enum { FILE_LIMIT = 1024 * 1024 };

struct pem_list {
    struct policy *policy;
    struct bytes *out;
    size_t count, max;
    int failed;
};

static int keep_certificate(void *arg, struct bytes der)
{
    struct pem_list *list = arg;

    if (list->count == list->max)
        return 0;
    list->out[list->count] = arena_copy(list->policy->arena, der);
    if (list->out[list->count].data == NULL) {
        list->failed = 1;
        return 0;
    }
    list->count++;
    return 1;
}

/* |whole|: none of the file may be left out. */
static size_t read_certificates(struct config_fault *fault, struct policy *policy, const char *key,
                                const char *path, struct bytes *out, size_t max, int whole)
{
    struct pem_list list = {policy, out, 0, max, 0};
    struct certificate parsed;
    uint8_t *text;
    size_t len, given;

    if (!file_read(&text, &len, path, FILE_LIMIT)) {
        config_fault_at(fault, policy->config, key, "cannot read %s: %s; name a PEM file of certificates",
                        path, strerror(errno));
        return 0;
    }
    given = pem_each_certificate(bytes_of(text, len), keep_certificate, &list);
    free(text);
    if (given == 0 || list.count == 0 || list.failed) {
        config_fault_at(fault, policy->config, key,
                        "%s holds no certificate, or a damaged one; name a PEM file of certificates", path);
        return 0;
    }
    if (whole && given > max) {
        config_fault_at(fault, policy->config, key,
                        "%s holds more certificates than there is room for: %zu; split it", path, max);
        return 0;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (!certificate_parse(&parsed, out[i])) {
            config_fault_at(fault, policy->config, key, "certificate %zu of %s is malformed; replace it",
                            i + 1, path);
            return 0;
        }
    }
    for (size_t i = 0; i < list.count; i++)
        policy_hash_file(policy, out[i]);
    if (!policy_note_certificates(policy, key, path, out, list.count)) {
        config_fault_at(fault, policy->config, key, "out of memory");
        return 0;
    }
    return list.count;
}

/* None is left out in silence. */
size_t policy_read_pem(struct config_fault *fault, struct policy *policy, const char *key, const char *path,
                       struct bytes *out, size_t max)
{
    return read_certificates(fault, policy, key, path, out, max, 1);
}

int policy_read_certificate(struct config_fault *fault, struct policy *policy, const char *key,
                            const char *path, struct bytes *out)
{
    return read_certificates(fault, policy, key, path, out, 1, 0) != 0;
}

int policy_read_crl(struct config_fault *fault, struct policy *policy, const char *key, const char *path,
                    size_t limit, const char *remedy, uint8_t **der, size_t *len)
{
    uint8_t *text;
    size_t text_len;
    int ok;

    if (!file_read(&text, &text_len, path, limit))
        return config_fault_at(fault, policy->config, key, "cannot read %s: %s; %s", path, strerror(errno),
                               remedy);
    ok = pem_or_der_crl(der, len, bytes_of(text, text_len));
    free(text);
    return ok || config_fault_at(fault, policy->config, key, "%s holds no CRL; %s", path, remedy);
}

/* A key that others can read is no secret any more: refused, not warned about. */
int policy_read_private(struct config_fault *fault, struct policy *policy, const char *key, const char *path,
                        uint8_t **text, size_t *len)
{
    if (!file_read(text, len, path, FILE_LIMIT)) {
        config_fault_at(fault, policy->config, key, "cannot read %s: %s", path, strerror(errno));
        return 0;
    }
    errno = 0;
    if (!file_is_private(path)) {
        config_fault_at(fault, policy->config, key, "others can read %s; run chmod 600 on it", path);
        secret_wipe(*text, *len);
        free(*text);
        return 0;
    }
    return 1;
}

/* The key in |pem|, by the passphrase that the configuration names. */
static struct private_key *open_encrypted(struct config_fault *fault, struct policy *policy, const char *key,
                                          const char *path, struct bytes pem)
{
    const char *file = policy->config->key_passphrase_file;
    struct private_key *opened;
    uint8_t *text;
    size_t len;

    if (file == NULL) {
        config_fault_at(fault, policy->config, key,
                        "%s is encrypted; name the file with its passphrase: key_passphrase_file", path);
        return NULL;
    }
    if (!policy_read_private(fault, policy, "key_passphrase_file", file, &text, &len))
        return NULL;
    opened = private_key_from_encrypted_pem(pem, bytes_of(text, file_first_line(text)));
    secret_wipe(text, len);
    free(text);
    if (opened == NULL)
        config_fault_at(fault, policy->config, key,
                        "%s cannot be opened by the first line of %s: write its passphrase there, or encrypt "
                        "the key anew (openssl pkcs8 -topk8 -v2 aes-256-cbc)",
                        path, file);
    return opened;
}

struct private_key *policy_read_key(struct config_fault *fault, struct policy *policy, const char *key,
                                    const char *path)
{
    struct private_key *parsed;
    uint8_t *text;
    size_t len;

    if (!policy_read_private(fault, policy, key, path, &text, &len))
        return NULL;
    if (private_key_is_encrypted(bytes_of(text, len))) {
        parsed = open_encrypted(fault, policy, key, path, bytes_of(text, len));
    } else if ((parsed = private_key_from_pem(bytes_of(text, len))) == NULL) {
        config_fault_at(fault, policy->config, key,
                        "%s is no private key in PEM (EC P-256, P-384, P-521, RSA or Ed25519); an encrypted "
                        "one is PKCS #8",
                        path);
    }
    secret_wipe(text, len);
    free(text);
    return parsed;
}

struct private_key *policy_open_key(struct config_fault *fault, struct policy *policy, const char *key,
                                    const char *name, struct bytes spki, const char *certificate)
{
    struct private_key *opened;
    char why[TOKEN_FAULT_MAX];

    if (config_is_token(name)) {
        opened = token_open(why, name, spki, policy->config->threads.token);
        if (opened == NULL)
            config_fault_at(fault, policy->config, key, "%s", why);
        return opened;
    }
    opened = policy_read_key(fault, policy, key, name);
    if (opened != NULL && !bytes_equal(private_key_spki(opened), spki)) {
        config_fault_at(fault, policy->config, key, "the key does not belong to %s", certificate);
        private_key_free(opened);
        return NULL;
    }
    return opened;
}
