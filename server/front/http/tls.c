/* tls.c: the TLS side of a listener, by BoringSSL. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/secret_memory.h"
#include "internal.h"
#include "server/base/file.h"

/* The reason of BoringSSL's last error, for an operator. */
static const char *reason(char *out, size_t len)
{
    uint32_t error = ERR_peek_last_error();
    if (ERR_GET_LIB(error) == ERR_LIB_SYS)
        snprintf(out, len, "%s", strerror(ERR_GET_REASON(error)));
    else
        snprintf(out, len, "%s", error != 0 ? ERR_reason_error_string(error) : "unknown error");
    ERR_clear_error();
    return out;
}

static int fail(struct config_fault *fault, const struct config *config, size_t index, const char *key,
                const char *file, const char *what)
{
    char path[64], why[128];
    snprintf(path, sizeof path, "listeners[%zu].tls.%s", index, key);
    return config_fault_at(fault, config, path, "%s: %s: %s", file, what, reason(why, sizeof why));
}

/* h2 first: one connection then carries many requests. A client that offers neither goes on without ALPN. */
static int select_protocol(SSL *ssl, const uint8_t **out, uint8_t *out_len, const uint8_t *in,
                           unsigned in_len, void *arg)
{
    static const uint8_t ours[] = "\x02h2\x08http/1.1";
    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto((uint8_t **)out, out_len, ours, sizeof ours - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    return SSL_TLSEXT_ERR_OK;
}

static int check_key_mode(struct config_fault *fault, const struct config *config, size_t index,
                          const char *key)
{
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "listeners[%zu].tls.key", index);
    if (stat(key, &st) != 0)
        return config_fault_at(fault, config, path, "%s: %s", key, strerror(errno));
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return config_fault_at(fault, config, path, "%s: others may read this key; chmod 600", key);
    return 1;
}

static int load_client_ca(struct config_fault *fault, const struct config *config, size_t index, SSL_CTX *ctx)
{
    const struct config_tls *tls = config->listeners[index].tls;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(tls->client_ca);
    if (names == NULL || !SSL_CTX_load_verify_locations(ctx, tls->client_ca, NULL)) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return fail(fault, config, index, "client_ca", tls->client_ca, "no certificates in PEM");
    }
    SSL_CTX_set_client_CA_list(ctx, names);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (tls->client_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       NULL);
    return 1;
}

/* Of TLS 1.2; those of TLS 1.3 are all of this kind. */
#define SUITES "ECDHE+AESGCM:ECDHE+CHACHA20"

enum { PASSPHRASE_FILE = 64 * 1024 };

/* Writes the first line of the file |arg| for BoringSSL, which wipes it. The policy has opened the key with
 * it before, and told what is wrong. */
static int tell_passphrase(char *out, int size, int is_writing, void *arg)
{
    const char *path = arg;
    uint8_t *text;
    size_t len, line;

    if (is_writing || path == NULL || size < 1 || !file_read(&text, &len, path, PASSPHRASE_FILE))
        return -1;
    line = file_first_line(text);
    if (line <= (size_t)size)
        memcpy(out, text, line);
    file_free(text, len);
    return line <= (size_t)size ? (int)line : -1;
}

static int load(struct config_fault *fault, const struct config *config, size_t index, SSL_CTX *ctx)
{
    static const uint8_t context[] = "cmpd";
    const struct config_tls *tls = config->listeners[index].tls;

    if (!SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) ||
        !SSL_CTX_set_strict_cipher_list(ctx, tls->rsa_key_exchange ? SUITES ":kRSA+AESGCM" : SUITES) ||
        !SSL_CTX_set_session_id_context(ctx, context, sizeof context - 1))
        return fail(fault, config, index, "certificate", tls->certificate, "TLS cannot be set up");
    SSL_CTX_set_alpn_select_cb(ctx, select_protocol, NULL);
    SSL_CTX_set_max_cert_list(ctx, FRONT_CLIENT_CHAIN);
    /* Tickets resume; a cache in memory would only be shared by the threads of one node. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
    if (!check_key_mode(fault, config, index, tls->key))
        return 0;
    if (!SSL_CTX_use_certificate_chain_file(ctx, tls->certificate))
        return fail(fault, config, index, "certificate", tls->certificate, "no certificate chain in PEM");
    /* Of another key, and unencrypted: it is not asked for then. */
    SSL_CTX_set_default_passwd_cb(ctx, tell_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, (void *)(uintptr_t)config->key_passphrase_file);
    if (!SSL_CTX_use_PrivateKey_file(ctx, tls->key, SSL_FILETYPE_PEM))
        return fail(fault, config, index, "key", tls->key, "no private key in PEM for that certificate");
    if (!SSL_CTX_check_private_key(ctx))
        return fail(fault, config, index, "key", tls->key, "does not belong to the certificate");
    return tls->client_ca == NULL || load_client_ca(fault, config, index, ctx);
}

SSL_CTX *front_tls_new(struct config_fault *fault, const struct config *config, size_t index)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    if (ctx == NULL) {
        fail(fault, config, index, "certificate", config->listeners[index].tls->certificate,
             "TLS cannot be set up");
        return NULL;
    }
    secret_memory_begin();
    int is_loaded = load(fault, config, index, ctx);
    secret_memory_end();
    if (!is_loaded) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

SSL_CTX *front_tls_hold(SSL_CTX *ctx)
{
    if (ctx != NULL)
        SSL_CTX_up_ref(ctx);
    return ctx;
}

void front_tls_free(SSL_CTX *ctx)
{
    SSL_CTX_free(ctx);
}
