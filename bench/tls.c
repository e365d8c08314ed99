/* TLS of the clients, by BoringSSL: a context for all, a session for each connection. */
#include "bench/tls.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_context {
    SSL_CTX *ctx;
    const char *protocol;
};

struct tls {
    SSL *ssl;
    const char *protocol;
};

struct tls_context *tls_context_new(const char *ca, int http2)
{
    static const uint8_t offers[2][9] = {{8, 'h', 't', 't', 'p', '/', '1', '.', '1'}, {2, 'h', '2'}};
    struct tls_context *context = calloc(1, sizeof *context);

    if (context == NULL)
        return NULL;
    context->protocol = http2 ? "h2" : "http/1.1";
    context->ctx = SSL_CTX_new(TLS_method());
    if (context->ctx == NULL || !SSL_CTX_load_verify_locations(context->ctx, ca, NULL) ||
        SSL_CTX_set_alpn_protos(context->ctx, offers[http2], 1u + offers[http2][0]) != 0) {
        fprintf(stderr, "cmpbench: %s holds no certificates in PEM\n", ca);
        tls_context_free(context);
        return NULL;
    }
    SSL_CTX_set_verify(context->ctx, SSL_VERIFY_PEER, NULL);
    /* Each connection is another base station: nothing is resumed. */
    SSL_CTX_set_session_cache_mode(context->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

void tls_context_free(struct tls_context *context)
{
    if (context != NULL)
        SSL_CTX_free(context->ctx);
    free(context);
}

static int set_host(SSL *ssl, const char *host)
{
    uint8_t address[16];

    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
    return SSL_set_tlsext_host_name(ssl, host) && SSL_set1_host(ssl, host);
}

struct tls *tls_new(struct tls_context *context, int fd, const char *host)
{
    struct tls *tls = calloc(1, sizeof *tls);

    if (tls == NULL)
        return NULL;
    tls->protocol = context->protocol;
    tls->ssl = SSL_new(context->ctx);
    if (tls->ssl == NULL || !set_host(tls->ssl, host) || !SSL_set_fd(tls->ssl, fd)) {
        tls_free(tls);
        return NULL;
    }
    SSL_set_connect_state(tls->ssl);
    return tls;
}

void tls_free(struct tls *tls)
{
    if (tls != NULL)
        SSL_free(tls->ssl);
    free(tls);
}

/* What SSL_get_error makes of |result|, in our words. */
static int told(const struct tls *tls, int result)
{
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        ERR_clear_error();
        return TLS_FAILED;
    }
}

int tls_handshake(struct tls *tls)
{
    const uint8_t *chosen;
    unsigned len;
    int result = SSL_do_handshake(tls->ssl);

    if (result != 1) {
        result = told(tls, result);
        return result == 0 ? TLS_FAILED : result;
    }
    SSL_get0_alpn_selected(tls->ssl, &chosen, &len);
    return len == strlen(tls->protocol) && memcmp(chosen, tls->protocol, len) == 0 ? 1 : TLS_FAILED;
}

ssize_t tls_read(struct tls *tls, void *data, size_t len)
{
    int result = SSL_read(tls->ssl, data, len < INT_MAX ? (int)len : INT_MAX);

    return result > 0 ? result : told(tls, result);
}

ssize_t tls_write(struct tls *tls, const void *data, size_t len)
{
    int result = SSL_write(tls->ssl, data, len < INT_MAX ? (int)len : INT_MAX);

    return result > 0 ? result : told(tls, result);
}
