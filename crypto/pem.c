/* Certificates and revocation lists in PEM files (RFC 7468). */
#include "crypto/pem.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

size_t pem_each_certificate(struct bytes pem, int (*each)(void *arg, struct bytes der), void *arg)
{
    BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    char *name, *header;
    uint8_t *data;
    long len;
    size_t count = 0;
    int go_on = bio != NULL;

    while (go_on && PEM_read_bio(bio, &name, &header, &data, &len)) {
        if (strcmp(name, PEM_STRING_X509) == 0) {
            count++;
            go_on = each(arg, bytes_of(data, (size_t)len));
        }
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    /* Only the end of the file may end the list: a block that is cut or damaged must not be passed over. */
    if (go_on && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        count = 0;
    BIO_free(bio);
    ERR_clear_error();
    return count;
}

int pem_first(struct bytes pem, int (*each)(void *arg, const char *label, struct bytes der), void *arg)
{
    BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    char *name, *header;
    uint8_t *data;
    long len;
    int ok = 0;

    if (bio != NULL && PEM_read_bio(bio, &name, &header, &data, &len)) {
        ok = each(arg, name, bytes_of(data, (size_t)len));
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

static int write_block(char **out, size_t *out_len, const char *label, struct bytes der)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const uint8_t *data;
    size_t len;
    int ok = bio != NULL && der.len <= LONG_MAX && PEM_write_bio(bio, label, "", der.data, (long)der.len) &&
             BIO_mem_contents(bio, &data, &len) && (*out = malloc(len + 1)) != NULL;

    if (ok) {
        memcpy(*out, data, len);
        (*out)[len] = 0;
        *out_len = len;
    }
    BIO_free(bio);
    return ok;
}

int pem_certificate(char **out, size_t *out_len, struct bytes der)
{
    return write_block(out, out_len, PEM_STRING_X509, der);
}

int pem_crl(char **out, size_t *out_len, struct bytes der)
{
    return write_block(out, out_len, PEM_STRING_X509_CRL, der);
}

static int copy_out(uint8_t **out, size_t *out_len, const uint8_t *data, size_t len)
{
    *out = malloc(len);
    *out_len = len;
    if (*out != NULL)
        memcpy(*out, data, len);
    return *out != NULL;
}

int pem_or_der_crl(uint8_t **out, size_t *out_len, struct bytes text)
{
    BIO *bio;
    char *name, *header;
    uint8_t *data;
    long len;
    int found = 0;

    if (text.len == 0)
        return 0;
    if (text.data[0] == 0x30) /* SEQUENCE; PEM begins with text */
        return copy_out(out, out_len, text.data, text.len);
    bio = text.len <= INT_MAX ? BIO_new_mem_buf(text.data, (int)text.len) : NULL;
    while (bio != NULL && !found && PEM_read_bio(bio, &name, &header, &data, &len)) {
        found = strcmp(name, PEM_STRING_X509_CRL) == 0 && copy_out(out, out_len, data, (size_t)len);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    BIO_free(bio);
    ERR_clear_error();
    return found;
}
